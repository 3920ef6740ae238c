"""Explanations of forecasts in sentences, in Chinese and English."""

from __future__ import annotations

from typing import Any

from forecast.standards.items import ITEMS

__all__ = ["days_words", "mean_words"]

_PARTS = {
    "season": ("余下时段的季节", "the season left"),
    "state": ("近期水平与常年之差(逐日消退)", "how recent days lie (fading)"),
    "trend": ("趋势", "the trend"),
    "calendar": ("周末与节假日", "weekends and holidays"),
}
_MONTHS = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip
#: A part that shows as 0.0 is not told.
_SHOWN = 0.05


def _signed(value: float) -> str:
    text = f"{value:+.1f}"
    return "0.0" if text in ("+0.0", "-0.0") else text.replace("-", "−")


def _than_zh(value: float) -> str:
    return f"{'低' if value < 0 else '高'}{abs(value):.1f}"


def _than_en(value: float) -> str:
    return f"{abs(value):.1f} {'lower' if value < 0 else 'higher'}"


def mean_words(told: dict[str, Any], first: str) -> tuple[str, str]:
    """Sentences for a mean: the rest in parts, then the year so far against last year.

    Args:
        told: an explanation of kind ``mean``, without its texts.
        first: the first drawn day.
    """
    rest, unit = told["rest"], told["unit"]
    zh = [
        f"余下{rest['days']}天({first}起)预计平均{rest['median']:.1f}"
        f"({rest['low']:.1f}至{rest['high']:.1f}){unit}"
    ]
    en = [
        f"The {rest['days']} days left (from {first}) are expected to average {rest['median']:.1f} "
        f"({rest['low']:.1f} to {rest['high']:.1f}) {unit}"
    ]
    parts = told["parts"]
    if parts is not None:
        added = {p: v for p, v in parts["added"].items() if abs(v) >= _SHOWN}
        zh[-1] += f":目前全年的常态水平{parts['typical']:.1f}"
        en[-1] += f": the typical level of a year is now {parts['typical']:.1f}"
        for p, v in added.items():
            zh[-1] += f",{_PARTS[p][0]}{_signed(v)}"
            en[-1] += f", {_PARTS[p][1]} {_signed(v)}"
    if rest["past_years"]:
        zh.append(
            f"往年同期余下时段{rest['past_lowest']:.1f}至{rest['past_highest']:.1f}"
            f"({rest['past_years']}年)"
        )
        en.append(
            f"The same part of past years averaged {rest['past_lowest']:.1f} to "
            f"{rest['past_highest']:.1f} ({rest['past_years']} years)"
        )
    weather = told.get("weather")
    if weather is not None:
        if abs(weather) < _SHOWN:
            zh.append("今年以来的气象条件与常年相当")
            en.append("The weather so far was as in other years")
        else:
            zh.append(f"今年以来的气象条件使均值比常年气象下{_than_zh(weather)}")
            en.append(
                f"The weather so far made the mean {_than_en(weather)} than usual weather would have"
            )
    before = told["last_year"]
    if before is not None:
        zh_parts, en_parts = [], []
        if before["so_far"] is not None:
            gap = told["so_far"]["mean"] - before["so_far"]
            zh_parts.append(
                f"今年以来{told['so_far']['mean']:.1f},比去年同期{_than_zh(gap)} → 全年"
                f"{_signed(before['from_so_far'])}"
            )
            en_parts.append(
                f"So far {told['so_far']['mean']:.1f}, {_than_en(gap)} than a year before: "
                f"{_signed(before['from_so_far'])} on the year"
            )
        gap = rest["median"] - before["rest"]
        zh_parts.append(f"余下比去年同期{_than_zh(gap)} → 全年{_signed(before['from_rest'])}")
        en_parts.append(
            f"the rest {_than_en(gap)} than then: {_signed(before['from_rest'])} on the year"
        )
        if abs(before["from_gaps"]) >= _SHOWN:
            zh_parts.append(f"两年缺测不同{_signed(before['from_gaps'])}")
            en_parts.append(f"other gaps in the readings {_signed(before['from_gaps'])}")
        zh.append(
            ";".join(zh_parts) + f";合计比去年({before['value']:.1f}){_signed(before['change'])}"
        )
        en.append(
            "; ".join(en_parts)
            + f"; together {_signed(before['change'])} against last year ({before['value']:.1f})"
        )
    elif told["so_far"]["mean"] is not None:
        zh.append(f"今年以来平均{told['so_far']['mean']:.1f};去年没有可比的数据")
        en.append(
            f"So far the mean is {told['so_far']['mean']:.1f}; there is no last year to compare with"
        )
    return "。".join(zh) + "。", ". ".join(_capital(s) for s in en) + "."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def days_words(told: dict[str, Any]) -> tuple[str, str]:
    """Sentences for a count of days: so far, to come, which item leads, in which months."""
    heavy = told["bound"] > 100
    rest, seen = told["rest"], told["so_far"]
    bad_zh, bad_en = ("重污染天", "heavily polluted days") if heavy else ("超标天", "bad days")
    zh = [
        f"今年以来{seen['days']}个有效日中有{seen['bad']}个{bad_zh}{_led_zh(seen['by_item'], '.3g')}"
    ]
    en = [
        f"So far {seen['bad']} {bad_en} in {seen['days']} valid days{_led_en(seen['by_item'], '.3g')}"
    ]
    zh.append(
        f"余下{rest['days']}天预计还有{rest['expected']:.1f}个({rest['low']:.0f}至{rest['high']:.0f})"
        f"{_led_zh(told['by_item'], '.1f')}"
    )
    en.append(
        f"In the {rest['days']} days left {rest['expected']:.1f} more are expected "
        f"({rest['low']:.0f} to {rest['high']:.0f}){_led_en(told['by_item'], '.1f')}"
    )
    months = {m: v for m, v in told["by_month"].items() if v >= _SHOWN}
    if months:
        zh[-1] += ",按月:" + "、".join(f"{m}月{v:.1f}" for m, v in months.items())
        en[-1] += "; by month: " + ", ".join(
            f"{_MONTHS[int(m) - 1]} {v:.1f}" for m, v in months.items()
        )
    if rest["past_years"]:
        zh.append(
            f"往年同期余下时段{rest['past_lowest']}至{rest['past_highest']}个({rest['past_years']}年)"
        )
        en.append(
            f"The same part of past years had {rest['past_lowest']} to {rest['past_highest']} "
            f"({rest['past_years']} years)"
        )
    return "。".join(zh) + "。", ". ".join(en) + "."


def _led_zh(led: dict[str, float], form: str) -> str:
    shown = {i: v for i, v in led.items() if v >= _SHOWN}
    if not shown:
        return ""
    return ",首要污染物:" + "、".join(f"{ITEMS[i].zh} {v:{form}}" for i, v in shown.items())


def _led_en(led: dict[str, float], form: str) -> str:
    shown = {i: v for i, v in led.items() if v >= _SHOWN}
    return (
        ", led by " + ", ".join(f"{ITEMS[i].en} {v:{form}}" for i, v in shown.items())
        if shown
        else ""
    )
