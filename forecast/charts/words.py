"""Words that charts and pages share, in Chinese and English: verdicts, AQI levels, classes."""

from __future__ import annotations

from typing import NamedTuple

__all__ = [
    "COMPARATORS",
    "LEVELS",
    "VERDICTS",
    "Verdict",
    "class_label",
    "item_mark",
    "percent",
]


class Verdict(NamedTuple):
    """How one verdict is shown: the two words, fill and text colour, and its place in a list."""

    zh: str
    en: str
    fill: str
    ink: str
    order: int


#: Every verdict; ``order`` puts what needs attention first.
VERDICTS: dict[str, Verdict] = {
    "UNLIKELY": Verdict("较难达标", "Unlikely", "#c0392b", "#ffffff", 0),
    "AT_RISK": Verdict("存在风险", "At risk", "#f0a30a", "#1d1d1d", 1),
    "NOT_MET": Verdict("未达标", "Not met", "#7b1e14", "#ffffff", 2),
    "LIKELY": Verdict("较可能达标", "Likely", "#2e8b57", "#ffffff", 3),
    "MET": Verdict("已达标", "Met", "#14532d", "#ffffff", 4),
    "INCONCLUSIVE": Verdict("尚无定论", "Inconclusive", "#6b7c93", "#ffffff", 5),
    "TARGET_PENDING": Verdict("目标待下达", "Target pending", "#4a6fa5", "#ffffff", 6),
    "INSUFFICIENT_DATA": Verdict("数据不足", "Insufficient data", "#8d8d8d", "#ffffff", 7),
    "NO_BASELINE": Verdict("缺少基准", "No baseline", "#8d8d8d", "#ffffff", 8),
    "NEEDS_PEERS": Verdict("需其他城市数据", "Needs peers", "#8d8d8d", "#ffffff", 9),
    "NOT_APPLICABLE": Verdict("不适用", "Not applicable", "#b0b0b0", "#1d1d1d", 10),
}

#: Level words of a target: a firm value must be kept, a stretch value is striven for.
LEVELS: dict[str, tuple[str, str]] = {
    "firm": ("确保", "firm"),
    "stretch": ("力争", "stretch"),
    "single": ("", ""),
}

COMPARATORS: dict[str, str] = {"<=": "≤", ">=": "≥", "==": "=", "<": "<", ">": ">"}

_CLASS_LABELS = ("", "Ⅰ", "Ⅱ", "Ⅲ", "Ⅳ", "Ⅴ", "劣Ⅴ")

#: Short marks of the air items, small enough for one day's cell of a calendar.
_ITEM_MARKS = {
    "pm25": "2.5",
    "pm10": "10",
    "o3_8h": "O3",
    "o3_1h": "O3",
    "no2": "NO2",
    "so2": "SO2",
    "co": "CO",
}


def class_label(number: int) -> str:
    """Return Ⅰ to 劣Ⅴ for 1 to 6, and nothing for 0 (withheld or missing)."""
    return _CLASS_LABELS[number]


def item_mark(primary: str) -> str:
    """Return the mark of the first item of ``primary``, with a plus when there are more.

    >>> item_mark("pm25"), item_mark("o3_8h+pm25"), item_mark("")
    ('2.5', 'O3+', '')
    """
    first, *rest = primary.split("+")
    mark = _ITEM_MARKS.get(first, "")
    return f"{mark}+" if mark and rest else mark


def percent(probability: float | None) -> str:
    """Return a probability as a percentage; what is not certain never reads 0 % or 100 %.

    >>> percent(0.634), percent(0.9996), percent(1.0), percent(0.0003), percent(None)
    ('63 %', '>99 %', '100 %', '<1 %', '—')
    """
    if probability is None:
        return "—"
    if 0 < probability < 0.01:
        return "<1 %"
    if 0.99 < probability < 1:
        return ">99 %"
    return f"{100 * probability:.0f} %"
