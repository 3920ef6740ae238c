"""The pollutants and the sectors of an emission scenario: one word for each, whoever writes them.

Inventories and plans name the same thing in many ways (``二氧化硫``, ``SO₂``, ``so2``; ``工业源``,
``industry``). Everything behind this module uses the words of ``POLLUTANTS`` and ``SECTORS``.
"""

from __future__ import annotations

import re
import unicodedata

__all__ = [
    "POLLUTANTS",
    "POLLUTANT_NAMES",
    "SECTORS",
    "SECTOR_NAMES",
    "WATER_POLLUTANTS",
    "pollutant_of",
    "sector_of",
]

#: Pollutants of the air whose emissions a scenario cuts, in the order of every array.
POLLUTANTS: tuple[str, ...] = ("SO2", "NOx", "NH3", "VOC", "PM25", "PM10", "CO")

#: Loads of water; listed in inventories and measures, answered by the water response.
WATER_POLLUTANTS: tuple[str, ...] = ("COD", "NH3N", "TN", "TP")

#: Sectors of the air's emissions, in the order of every table.
SECTORS: tuple[str, ...] = (
    "residential",
    "industry",
    "transport",
    "agriculture",
    "power",
    "dust",
    "other",
)

#: What a report calls a pollutant, in both languages.
POLLUTANT_NAMES: dict[str, tuple[str, str]] = {
    "SO2": ("二氧化硫", "SO2"),
    "NOx": ("氮氧化物", "NOx"),
    "NH3": ("氨", "NH3"),
    "VOC": ("挥发性有机物", "VOC"),
    "PM25": ("一次 PM2.5", "primary PM2.5"),
    "PM10": ("一次 PM10", "primary PM10"),
    "CO": ("一氧化碳", "CO"),
    "COD": ("化学需氧量", "COD"),
    "NH3N": ("氨氮", "ammonia nitrogen"),
    "TN": ("总氮", "total nitrogen"),
    "TP": ("总磷", "total phosphorus"),
}

#: What a report calls a sector, in both languages.
SECTOR_NAMES: dict[str, tuple[str, str]] = {
    "residential": ("居民生活", "residential"),
    "industry": ("工业", "industry"),
    "transport": ("交通", "transport"),
    "agriculture": ("农业", "agriculture"),
    "power": ("电力", "power"),
    "dust": ("扬尘", "dust"),
    "other": ("其他", "other"),
}

_POLLUTANT_WORDS: dict[str, tuple[str, ...]] = {
    "SO2": ("so2", "sox", "二氧化硫"),
    "NOx": ("nox", "no2", "氮氧化物", "二氧化氮"),
    "NH3": ("nh3", "氨", "氨气", "ammonia"),
    "VOC": (
        "voc", "vocs", "nmvoc", "nmvocs", "挥发性有机物", "挥发性有机化合物", "非甲烷挥发性有机物",
    ),
    "PM25": ("pm25", "pm2.5", "一次pm2.5", "细颗粒物"),
    "PM10": ("pm10", "一次pm10", "可吸入颗粒物"),
    "CO": ("co", "一氧化碳"),
    "COD": ("cod", "codcr", "化学需氧量"),
    "NH3N": ("nh3n", "nh3-n", "nh4-n", "氨氮"),
    "TN": ("tn", "总氮"),
    "TP": ("tp", "总磷"),
}  # fmt: skip

_SECTOR_WORDS: dict[str, tuple[str, ...]] = {
    "residential": (
        "residential", "res", "domestic", "households", "生活", "生活源", "居民", "居民源",
        "居民生活", "民用", "民用源", "城镇生活源", "农村生活源", "散煤", "民用散煤", "民用燃烧",
    ),
    "industry": (
        "industry", "ind", "industrial", "solvent", "solvents", "工业", "工业源", "工业过程",
        "工业过程源", "工艺过程", "工艺过程源", "工业锅炉", "溶剂使用", "溶剂使用源",
        "固定燃烧源", "化石燃料固定燃烧源", "工业企业",
    ),
    "transport": (
        "transport", "tra", "traffic", "transportation", "mobile", "vehicles", "交通", "交通源",
        "交通运输", "移动源", "机动车", "道路移动源", "非道路移动源", "道路机动车",
    ),
    "agriculture": (
        "agriculture", "agr", "agricultural", "farming", "livestock", "农业", "农业源", "种植业",
        "畜禽养殖", "畜禽养殖业", "养殖业", "种植",
    ),
    "power": (
        "power", "ene", "energy", "powerplants", "electricity", "电力", "电厂", "电力源", "火电",
        "发电", "能源", "电力热力",
    ),
    "dust": ("dust", "fugitivedust", "扬尘", "扬尘源", "道路扬尘", "施工扬尘"),
    "other": (
        "other", "others", "其他", "其他源", "其它", "生物质燃烧", "生物质燃烧源", "储存运输源",
        "储运源", "废弃物处理源", "废物处理源", "集中式治理设施", "集中式污染治理设施",
        "其他排放源", "餐饮", "餐饮油烟",
    ),
}  # fmt: skip


def _plain(word: str) -> str:
    """Return a word without case, width, subscript, blank and the marks around it."""
    return re.sub(r"[\s_()]", "", unicodedata.normalize("NFKC", word)).casefold()


_POLLUTANT_OF = {_plain(w): name for name, words in _POLLUTANT_WORDS.items() for w in words}
_SECTOR_OF = {_plain(w): name for name, words in _SECTOR_WORDS.items() for w in words}


def pollutant_of(word: str) -> str | None:
    """Return the word of ``POLLUTANTS`` or ``WATER_POLLUTANTS`` for ``word``; None: not known.

    >>> pollutant_of("SO₂"), pollutant_of("氮氧化物"), pollutant_of("NMVOC"), pollutant_of("NH3-N")
    ('SO2', 'NOx', 'VOC', 'NH3N')
    >>> pollutant_of("CO2") is None
    True
    """
    return _POLLUTANT_OF.get(_plain(word))


def sector_of(word: str) -> str | None:
    """Return the word of ``SECTORS`` for ``word``; None: not known.

    >>> sector_of("工业源"), sector_of("Transport"), sector_of("溶剂使用源")
    ('industry', 'transport', 'industry')
    >>> sector_of("moon") is None
    True
    """
    return _SECTOR_OF.get(_plain(word))
