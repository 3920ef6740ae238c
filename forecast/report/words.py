"""Words of pages and terminal tables, in Chinese and English."""

from __future__ import annotations

from typing import Any, NamedTuple

from forecast.charts.words import COMPARATORS, LEVELS, VERDICTS, Verdict, class_label, percent
from forecast.standards.indicators import class_number, indicator

__all__ = [
    "BASELINES",
    "BINDINGS",
    "COMPARATORS",
    "DOMAINS",
    "DUST",
    "LEVELS",
    "UNIT_ZH",
    "VERDICTS",
    "Pair",
    "Verdict",
    "budget_text",
    "class_text",
    "indicator_text",
    "percent",
    "target_text",
]


class Pair(NamedTuple):
    """One text in Chinese and in English."""

    zh: str
    en: str


BINDINGS: dict[str, Pair] = {
    "binding": Pair("约束性", "binding"),
    "expected": Pair("预期性", "expected"),
    "unknown": Pair("", ""),
}

DOMAINS: dict[str, Pair] = {
    "air": Pair("环境空气", "air"),
    "water": Pair("水环境", "water"),
    "emission": Pair("减排", "emissions"),
}

#: Rules of thumb that a forecast is printed beside.
BASELINES: dict[str, Pair] = {
    "persistence": Pair("同去年", "as last year"),
    "ytd_ratio": Pair("去年值按至今同比折算", "last year scaled by the change so far"),
    "ytd_plus_rest": Pair("至今加去年余下时段", "so far, then last year's rest"),
    "climatology": Pair("至今加往年余下时段均值", "so far, then the mean of past years' rests"),
}

#: How dust days are treated.
DUST: dict[str, Pair] = {
    "kept": Pair("含沙尘日", "dust days kept"),
    "removed_where_known": Pair("扣除已知沙尘日", "known dust days removed"),
}

UNIT_ZH: dict[str, str] = {
    "": "", "-": "", "class": "", "days": "天", "t": "吨", "10^4 t": "万吨", "10^4 m3": "万立方米",
    "10^8 m3": "亿立方米", "10^4 m3/yr": "万立方米/年", "10^4 t/d": "万吨/日", "t/d": "吨/日",
    "sections": "个断面", "water bodies": "个", "plants": "家", "points": "个", "villages": "个村",
    "areas": "个", "ha": "公顷", "km": "公里", "10^4 mu": "万亩", "10^4 CNY": "万元",
    "vehicles": "辆", "outlets": "处", "items": "项", "state": "", "sites": "处",
}  # fmt: skip

#: What a plan says instead of a number.
_TOKENS: dict[str, Pair] = {
    "ASSIGNED": Pair("以下达任务为准", "as assigned"),
    "ASSIGNED_BY_CITY": Pair("以市下达任务为准", "as assigned by the city"),
    "ASSIGNED_BY_PROVINCE_CITY": Pair("以省市下达任务为准", "as assigned by province and city"),
    "DOWN": Pair("下降", "falls"),
    "DOWN_EACH_YEAR": Pair("逐年下降", "falls every year"),
    "UP_EACH_YEAR": Pair("逐年上升", "rises every year"),
    "NO_GROWTH": Pair("不增长", "does not grow"),
    "CURB_GROWTH": Pair("遏制增长", "growth is curbed"),
    "CONTROL_GROWTH": Pair("控制增长", "growth is controlled"),
    "NOT_DECREASE": Pair("不减少", "does not decrease"),
    "NO_TASK": Pair("无任务", "no task"),
    "KEEP": Pair("保持", "is kept"),
    "KEEP_GOOD": Pair("保持良好", "stays good"),
    "IMPROVE": Pair("改善", "improves"),
    "ELIMINATE": Pair("消除", "eliminated"),
    "BASICALLY_ELIMINATE": Pair("基本消除", "basically eliminated"),
    "PREVENT_RECURRENCE": Pair("防止反弹", "does not recur"),
    "ACHIEVE": Pair("实现", "achieved"),
    "BASICALLY_ACHIEVE": Pair("基本实现", "basically achieved"),
    "DONE": Pair("完成", "done"),
    "FULL_COVERAGE": Pair("全覆盖", "full coverage"),
    "FULL_COMPLIANCE": Pair("全部达标", "full compliance"),
    "GRADE_II": Pair("达到二级标准", "attains grade II"),
    "STABLE": Pair("保持稳定", "stays stable"),
}


def indicator_text(name: str, target: dict[str, Any] | None = None) -> Pair:
    """Name of an indicator; one that no official rule computes goes by its target's label."""
    try:
        known = indicator(name)
    except KeyError:
        label = target or {}
        return Pair(str(label.get("label_zh") or name), str(label.get("label_en") or name))
    return Pair(known.zh, known.en)


def class_text(value: Any) -> str:
    """Label of a water class given as a number or in any spelling; a dash for none.

    >>> class_text(3), class_text("劣V"), class_text(None)
    ('Ⅲ', '劣Ⅴ', '—')
    """
    number = None if value is None else class_number(str(value))
    return class_label(number) if number else "—"


def target_text(target: dict[str, Any], unit: str, decimals: int | None) -> Pair:
    """What a target asks: comparator, value and unit, or the plan's words where it has no number.

    >>> target_text({"comparator": ">=", "value": 75.0}, "%", 1)
    Pair(zh='≥ 75.0 %', en='≥ 75.0 %')
    """
    value = target.get("value")
    sign = COMPARATORS.get(str(target.get("comparator", "")), str(target.get("comparator", "")))
    if unit == "class" and value is not None and class_number(str(value)):
        label = class_text(value)
        return Pair(f"{label}类或更好", f"class {label} or better")
    if isinstance(value, int | float):
        text = f"{value:.{decimals}f}" if decimals is not None else f"{value:g}"
        if decimals is not None and float(text) != float(value):
            text = f"{value:g}"
        return Pair(
            f"{sign} {text} {UNIT_ZH.get(unit, unit)}".strip(),
            f"{sign} {text} {'' if unit in {'-', 'class'} else unit}".strip(),
        )
    if not value:
        return Pair("—", "—")
    return _TOKENS.get(str(value), Pair(str(value), str(value)))


def budget_text(budget: dict[str, Any] | None, unit: str = "") -> Pair:
    """What is left, in words: bad days, the mean of the rest of the year, or sections.

    >>> budget_text({"kind": "heavy_days", "allowed": 15, "used": 6, "left": 9}).en
    'heavy days 6 used of 15, 9 left'
    """
    if not budget:
        return Pair("", "")
    if "text_zh" in budget or "text_en" in budget:
        return Pair(str(budget.get("text_zh", "")), str(budget.get("text_en", "")))
    own, rest = _budget(budget, unit), _rest(budget)
    return Pair(own.zh + rest.zh, own.en + rest.en) if own.zh else own


def _rest(budget: dict[str, Any]) -> Pair:
    """The forecast of the rest of the year and that of past years, after what is needed."""
    rest = budget.get("rest")
    if not rest:
        return Pair("", "")
    mean = budget["kind"] == "rest_mean"
    low, middle, high = (
        f"{rest[k]:.1f}" if mean else f"{rest[k]:.0f}" for k in ("low", "median", "high")
    )
    zh = f"；预测 {middle}（{low} – {high}）"
    en = f"; forecast {middle} ({low} – {high})"
    if rest["past_years"]:
        ends = [
            f"{rest[k]:.1f}" if mean else f"{rest[k]:.0f}" for k in ("past_lowest", "past_highest")
        ]
        zh += f"；往年同期 {ends[0]} – {ends[1]}"
        en += f"; past years {ends[0]} – {ends[1]}"
    return Pair(zh, en)


def _budget(budget: dict[str, Any], unit: str) -> Pair:
    kind = budget.get("kind", "")
    if kind == "bad_days":
        exact, rounded = budget["exact"], budget["rounded"]
        zh = f"超标天已用 {budget['used']}/{exact['allowed']}，{_left_zh(exact['left'])}"
        en = f"bad days {budget['used']} used of {exact['allowed']}, {_left_en(exact['left'])}"
        if exact["left"] != rounded["left"]:
            zh += f"（按修约后比率 {rounded['left']}）"
            en += f" ({rounded['left']} with the ratio rounded)"
        return Pair(zh, en)
    if kind == "heavy_days":
        used, allowed, left = (budget[k] for k in ("used", "allowed", "left"))
        return Pair(
            f"重污染天已用 {used}/{allowed}，{_left_zh(left)}",
            f"heavy days {used} used of {allowed}, {_left_en(left)}",
        )
    if kind == "rest_mean":
        value = budget.get("exact")
        if value is None:
            return Pair("", "")
        own = budget.get("unit", unit)
        if value <= 0:
            return Pair("余下时段均值已无空间", "no room left for the rest of the year")
        return Pair(
            f"余下 {budget['days_left']} 天均值须 ≤ {value:.1f} {own}",
            f"the remaining {budget['days_left']} days may average {value:.1f} {own}",
        )
    if kind == "sections":
        return Pair(
            f"{budget['sections']} 个断面中最多 {budget['may_fail']} 个可不达标",
            f"at most {budget['may_fail']} of {budget['sections']} sections may fail",
        )
    return Pair("", "")


def _left_zh(left: int) -> str:
    return f"还剩 {left} 天" if left >= 0 else f"超出 {-left} 天"


def _left_en(left: int) -> str:
    return f"{left} left" if left >= 0 else f"exceeded by {-left}"
