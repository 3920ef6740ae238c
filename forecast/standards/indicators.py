"""The indicators that official rules derive from readings: unit, direction, decimals, names.

``better`` is ``lower`` or ``higher``. ``decimals`` is what a printed value keeps and what a
comparison with a target uses; the 2026 rule prints one decimal more for annual concentrations but
still judges at ``judged_decimals``.
"""

from __future__ import annotations

from dataclasses import dataclass

from forecast.standards.items import ITEMS

__all__ = ["INDICATORS", "WATER_CLASSES", "Indicator", "class_number", "indicator"]

#: Class labels of GB 3838, best first; their numbers are 1 to 6.
WATER_CLASSES: tuple[str, ...] = ("I", "II", "III", "IV", "V", "劣V")


@dataclass(frozen=True)
class Indicator:
    """One indicator: ``name``, ``unit``, ``better``, decimals, names and domain."""

    name: str
    unit: str
    better: str
    judged_decimals: int | None
    zh: str
    en: str
    domain: str


_ALL = (
    Indicator("pm25_annual_mean", "µg/m³", "lower", 0, "PM2.5年均浓度", "PM2.5 annual mean", "air"),
    Indicator("pm10_annual_mean", "µg/m³", "lower", 0, "PM10年均浓度", "PM10 annual mean", "air"),
    Indicator("so2_annual_mean", "µg/m³", "lower", 0, "SO2年均浓度", "SO2 annual mean", "air"),
    Indicator("no2_annual_mean", "µg/m³", "lower", 0, "NO2年均浓度", "NO2 annual mean", "air"),
    Indicator("co_p95", "mg/m³", "lower", 1, "CO第95百分位", "CO 95th percentile", "air"),
    Indicator("o3_8h_p90", "µg/m³", "lower", 0, "O3-8h第90百分位", "O3-8h 90th percentile", "air"),
    Indicator("pm25_p95", "µg/m³", "lower", 0, "PM2.5第95百分位", "PM2.5 95th percentile", "air"),
    Indicator("pm10_p95", "µg/m³", "lower", 0, "PM10第95百分位", "PM10 95th percentile", "air"),
    Indicator("so2_p98", "µg/m³", "lower", 0, "SO2第98百分位", "SO2 98th percentile", "air"),
    Indicator("no2_p98", "µg/m³", "lower", 0, "NO2第98百分位", "NO2 98th percentile", "air"),
    Indicator("good_day_ratio", "%", "higher", 1, "优良天数比率", "good-air-day ratio", "air"),
    Indicator("good_days", "days", "higher", 0, "优良天数", "good-air days", "air"),
    Indicator("heavy_days", "days", "lower", 0, "重度及以上污染天数", "heavy-or-worse days", "air"),
    Indicator("composite_index", "-", "lower", 2, "环境空气质量综合指数", "composite index", "air"),
    Indicator("section_class", "class", "lower", None, "断面水质类别", "section class", "water"),
    Indicator("share_class_iii", "%", "higher", 1, "Ⅰ~Ⅲ类断面比例", "share at class III or better", "water"),
    Indicator("share_inferior_v", "%", "lower", 1, "劣Ⅴ类断面比例", "share worse than class V", "water"),
    Indicator("inferior_v_sections", "sections", "lower", 0, "劣Ⅴ类断面数", "sections worse than class V", "water"),
    Indicator("share_own_class", "%", "higher", 1, "断面达到各自考核类别的比例", "share of sections meeting their own class", "water"),
    Indicator("sections_meeting_own_class", "sections", "higher", 0, "达到各自考核类别的断面数", "sections meeting their own class", "water"),
    Indicator("water_state", "state", "lower", None, "水质状况", "state of the water", "water"),
    Indicator("cwqi", "-", "lower", 4, "城市水质指数", "CWQI", "water"),
    Indicator("tli", "-", "lower", 1, "综合营养状态指数", "TLI", "water"),
    Indicator("source_compliance", "%", "higher", 1, "饮用水水源达标率", "drinking-source compliance", "water"),
    Indicator("source_share_class_iii", "%", "higher", 1, "饮用水水源达到或优于Ⅲ类比例", "share of drinking sources at class III or better", "water"),
    Indicator("source_exceedances_human", "sites", "lower", 0, "人为原因超标的水源地数", "sources over a limit through human activity", "water"),
    Indicator("groundwater_class_v_share", "%", "lower", 1, "地下水Ⅴ类水比例", "share of groundwater points at class V", "water"),
    Indicator("groundwater_points_compliant", "points", "higher", 0, "地下水考核达标点位数", "groundwater points meeting assessment", "water"),
    Indicator("groundwater_source_class", "class", "lower", None, "地下水型水源水质类别", "class of groundwater sources", "water"),
)  # fmt: skip

INDICATORS: dict[str, Indicator] = {i.name: i for i in _ALL}

#: Decimals of water assessment data (环办监测函〔2020〕82号 as cited by two open implementations).
_WATER_DECIMALS = {
    "water_temp": 1, "ph": 0, "do": 1, "codmn": 1, "cod": 1, "bod5": 1, "nh3n": 2, "tp": 3, "tn": 2,
    "cu": 3, "zn": 3, "f": 3, "se": 4, "as": 4, "hg": 5, "cd": 5, "cr6": 3, "pb": 3, "cn": 3,
    "phenol": 4, "petroleum": 2, "las": 2, "sulfide": 3, "fecal_coliform": 0, "nickel": 4,
    "so4": 1, "cl": 1, "no3n": 2, "fe": 3, "mn": 3, "be": 4, "sb": 4, "vanadium": 4, "tl": 5,
    "cobalt": 4, "hardness": 0, "tds": 0, "na": 1, "no2n": 3,
}  # fmt: skip


def indicator(name: str) -> Indicator:
    """Return the indicator called ``name``; ``<item>_mean`` of a section is made on demand.

    Raises:
        KeyError: no such indicator.
    """
    if name in INDICATORS:
        return INDICATORS[name]
    item = ITEMS.get(name.removesuffix("_mean"))
    if name.endswith("_mean") and item is not None and item.domain == "water":
        better = "higher" if item.code == "do" else "lower"
        return Indicator(
            name, item.unit, better, _WATER_DECIMALS.get(item.code, 3),
            f"{item.zh}年均值", f"{item.en} annual mean", "water",
        )  # fmt: skip
    raise KeyError(name)


_CLASS_FORMS = {
    "Ⅰ": 1, "Ⅱ": 2, "Ⅲ": 3, "Ⅳ": 4, "Ⅴ": 5, "I": 1, "II": 2, "III": 3, "IV": 4, "V": 5,
    "一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "1": 1, "2": 2, "3": 3, "4": 4, "5": 5, "6": 6,
    "1.0": 1, "2.0": 2, "3.0": 3, "4.0": 4, "5.0": 5, "6.0": 6,
}  # fmt: skip


def class_number(text: str) -> int | None:
    """Return 1 (class I) to 6 (worse than V) for any spelling of a class, or None.

    >>> class_number("劣Ⅴ类"), class_number("Ⅱ"), class_number("III类"), class_number("--")
    (6, 2, 3, None)
    """
    bare = text.strip().upper().removesuffix("水质").removesuffix("类")
    if bare.startswith("劣"):
        return 6
    return _CLASS_FORMS.get(bare)
