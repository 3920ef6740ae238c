"""The next seven days in words: dates, probabilities, an episode ahead, sections likely to exceed."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from forecast.charts.review_style import ITEM_NAMES
from forecast.charts.style import AQI_COLOURS, AQI_LEVELS_EN, AQI_LEVELS_ZH
from forecast.charts.words import percent
from forecast.report.words import Pair, class_text
from forecast.standards.aqi import LEVELS
from forecast.standards.items import ITEMS

__all__ = [
    "LEVEL_TOKENS",
    "LIKELY",
    "POLLUTION",
    "POSSIBLE",
    "aqi_text",
    "city_sentence",
    "day_text",
    "deciding_text",
    "fill_and_ink",
    "item_name",
    "leading_item",
    "level_number",
    "level_text",
    "missing_text",
    "open_percent",
    "risk",
    "section_names",
    "section_when",
    "span_text",
    "spans",
    "water_sentence",
    "water_worst",
    "weather_text",
    "weekday_text",
    "where_text",
]

#: Level I to VI of HJ 633, as a result names them.
LEVEL_TOKENS: tuple[str, ...] = ("I", "II", "III", "IV", "V", "VI")

#: Pollution of at least this kind.
POLLUTION: dict[str, Pair] = {
    "light": Pair("轻度及以上污染", "light or worse pollution"),
    "moderate": Pair("中度及以上污染", "moderate or worse pollution"),
    "heavy": Pair("重度及以上污染", "heavy or worse pollution"),
}

#: From this probability a day (or a section) is said to be likely polluted, from the lower one that
#: it can't be ruled out: the even chance, and the verdict UNLIKELY of a target.
LIKELY, POSSIBLE = 0.5, 0.2

_WEEKDAYS_ZH = "一二三四五六日"


def open_percent(probability: float | None) -> str:
    """Return a probability of what is still to come: it never reads 0 % or 100 %.

    >>> open_percent(0.0), open_percent(0.62), open_percent(1.0), open_percent(None)
    ('<1 %', '62 %', '>99 %', '—')
    """
    if probability is None:
        return "—"
    return percent(min(max(probability, 1e-9), 1.0 - 1e-9))


def level_number(token: str) -> int:
    """Return 1 to 6 for ``I`` to ``VI``, 0 for anything else.

    >>> level_number("IV"), level_number("")
    (4, 0)
    """
    return LEVEL_TOKENS.index(token) + 1 if token in LEVEL_TOKENS else 0


def level_text(number: int, *, short: bool = False) -> Pair:
    """Name of a level of the AQI; ``short`` for narrow cells.

    >>> level_text(3), level_text(4, short=True)
    (Pair(zh='轻度污染', en='lightly polluted'), Pair(zh='中度', en='moderate'))
    """
    if short or not number:
        return Pair(AQI_LEVELS_ZH[number], AQI_LEVELS_EN[number])
    return Pair(LEVELS[number - 1].zh_class, LEVELS[number - 1].en)


def fill_and_ink(number: int) -> tuple[str, str]:
    """Return the official colour of a level and black or white, whichever is easier to read on it.

    The contrast is at least 4.5 : 1 on each (WCAG 2.1, 1.4.3), also for small text.

    >>> fill_and_ink(2), fill_and_ink(6)
    (('#ffff00', '#000000'), ('#7e0023', '#ffffff'))
    """
    fill = AQI_COLOURS[number]
    parts = (int(fill[k : k + 2], 16) / 255.0 for k in (1, 3, 5))
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    light = sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
    # Contrast with black is (light + 0.05) / 0.05, with white 1.05 / (light + 0.05).
    return fill, "#000000" if (light + 0.05) ** 2 >= 0.05 * 1.05 else "#ffffff"


def day_text(day: date) -> Pair:
    """
    >>> day_text(date(2026, 1, 7))
    Pair(zh='1月7日', en='7 January')
    """
    return Pair(f"{day.month}月{day.day}日", f"{day.day} {calendar.month_name[day.month]}")


def weekday_text(day: date) -> Pair:
    """
    >>> weekday_text(date(2026, 1, 7))
    Pair(zh='周三', en='Wed')
    """
    return Pair(f"周{_WEEKDAYS_ZH[day.weekday()]}", calendar.day_abbr[day.weekday()])


def spans(days: Iterable[date], *, gap: int = 0) -> list[tuple[date, date]]:
    """Put days into spells of consecutive days; ``gap`` days between two do not part them.

    >>> spans([date(2026, 1, 7), date(2026, 1, 8), date(2026, 1, 10)])[1][0].day
    10
    >>> len(spans([date(2026, 1, 7), date(2026, 1, 8), date(2026, 1, 10)], gap=1))
    1
    """
    out: list[tuple[date, date]] = []
    for day in sorted(set(days)):
        if out and day - out[-1][1] <= timedelta(days=1 + gap):
            out[-1] = (out[-1][0], day)
        else:
            out.append((day, day))
    return out


def span_text(first: date, last: date) -> Pair:
    """
    >>> span_text(date(2026, 1, 7), date(2026, 1, 9))
    Pair(zh='1月7日至9日', en='7 to 9 January')
    >>> span_text(date(2026, 1, 30), date(2026, 2, 2)).zh
    '1月30日至2月2日'
    """
    if first == last:
        return day_text(first)
    a, b = day_text(first), day_text(last)
    if (first.year, first.month) == (last.year, last.month):
        return Pair(f"{a.zh}至{last.day}日", f"{first.day} to {b.en}")
    return Pair(f"{a.zh}至{b.zh}", f"{a.en} to {b.en}")


def item_name(code: str) -> str:
    """Name of an item as bulletins write it, the same in both languages."""
    known = ITEMS.get(code)
    return ITEM_NAMES.get(code, known.en if known else code)


def leading_item(days: Sequence[Mapping[str, Any]]) -> str | None:
    """Return the item most likely to lead on these days; None where none is known to."""
    total: dict[str, float] = {}
    for day in days:
        for code, share in day["leading"].items():
            if code != "none":
                total[code] = total.get(code, 0.0) + float(share or 0.0)
    best = max(total, key=lambda code: total[code], default=None)
    return best if best is not None and total[best] > 0.0 else None


def aqi_text(day: Mapping[str, Any]) -> tuple[str, str]:
    """Median of the AQI and its range of 80 %, in whole points."""
    quantiles = day["aqi"]["quantiles"]
    low, middle, high = (quantiles.get(q) for q in ("0.1", "0.5", "0.9"))
    if middle is None:
        return "—", ""
    if low is None or high is None:
        return f"{middle:.0f}", ""
    return f"{middle:.0f}", f"{low:.0f}–{high:.0f}"


def risk(entry: Mapping[str, Any]) -> float:
    """Order cities by this, the highest first: heavy, then moderate, then light pollution."""
    days = entry["days"]
    if not days:
        return -1.0
    most = {kind: max(float(d["exceed"][kind]) for d in days) for kind in POLLUTION}
    return 100.0 * most["heavy"] + 10.0 * most["moderate"] + most["light"]


def missing_text(entry: Mapping[str, Any]) -> Pair | None:
    """Say which of the six items the AQI of a city is without; None where it has them all.

    >>> missing_text({"items_missing": ["o3_8h"]})
    Pair(zh='未计入O3,AQI偏低', en='without O3, so the AQI is too low')
    """
    names = [item_name(str(code)) for code in entry.get("items_missing") or ()]
    if not names:
        return None
    return Pair(
        f"未计入{'、'.join(names)},AQI偏低", f"without {', '.join(names)}, so the AQI is too low"
    )


def _date(text: str) -> date:
    return date.fromisoformat(text)


def _highest(days: Sequence[Mapping[str, Any]], kind: str) -> Mapping[str, Any]:
    return max(days, key=lambda d: float(d["exceed"][kind]))


def city_sentence(entry: Mapping[str, Any]) -> Pair:
    """Say what lies ahead of a city: an episode, or that none is likely; or why nothing is said.

    An AQI that lacks an item is too low: what it is without is said, and never that pollution is
    unlikely.

    Args:
        entry: of ``short_range.air`` of a result.
    """
    said, missing = _ahead(entry), missing_text(entry)
    if missing is None or not entry["days"]:
        return said
    return Pair(f"{said.zh[:-1]};{missing.zh}。", f"{said.en[:-1]}; {missing.en}.")


def _ahead(entry: Mapping[str, Any]) -> Pair:
    """One sentence on a city, whatever its AQI is without."""
    days = entry["days"]
    if not days:
        reason = entry.get("reason") or {}
        return Pair(
            f"无法给出逐日预报:{reason.get('zh') or '原因不明'}。",
            f"No daily outlook: {reason.get('en') or 'the reason is not known'}.",
        )
    for kind in ("moderate", "light"):
        above = [d for d in days if float(d["exceed"][kind]) >= LIKELY]
        if above:
            return _episode(days, above, kind)
    top = _highest(days, "moderate")
    p, on = open_percent(top["exceed"]["moderate"]), day_text(_date(top["date"]))
    what = POLLUTION["moderate"]
    light = open_percent(_highest(days, "light")["exceed"]["light"])
    if float(top["exceed"]["moderate"]) >= POSSIBLE:
        led = leading_item([top])
        return Pair(
            f"不能排除{what.zh}:概率最高{p}({on.zh})" + (f",首要污染物{item_name(led)}。" if led else "。"),
            f"{what.en.capitalize()} can't be ruled out: probability up to {p} ({on.en})"
            + (f", led by {item_name(led)}." if led else "."),
        )  # fmt: skip
    if missing_text(entry) is not None:
        return Pair(
            f"按已有项目,{what.zh}概率最高{p}({on.zh});{POLLUTION['light'].zh}概率最高{light}。",
            f"By the items at hand, {what.en}: probability up to {p} ({on.en}); light or worse up to "
            f"{light}.",
        )
    return Pair(
        f"不太可能出现{what.zh}:概率最高{p}({on.zh});{POLLUTION['light'].zh}概率最高{light}。",
        f"{what.en.capitalize()} is unlikely: probability up to {p} ({on.en}); light or worse up to "
        f"{light}.",
    )


def _episode(
    days: Sequence[Mapping[str, Any]], above: Sequence[Mapping[str, Any]], kind: str
) -> Pair:
    spells = [span_text(*s) for s in spans(_date(d["date"]) for d in above)]
    top = _highest(above, kind)
    p, on = open_percent(top["exceed"][kind]), day_text(_date(top["date"]))
    what, led = POLLUTION[kind], leading_item(above)
    zh = f"{'、'.join(s.zh for s in spells)}可能出现{what.zh},概率最高{p}({on.zh})"
    en = (
        f"{what.en.capitalize()} is likely on {' and '.join(s.en for s in spells)}: "
        f"probability up to {p} ({on.en})"
    )
    if led:
        zh, en = f"{zh},首要污染物{item_name(led)}", f"{en}, led by {item_name(led)}"
    worse = "heavy" if kind == "moderate" else "moderate"
    next_top = _highest(days, worse)
    q, there = float(next_top["exceed"][worse]), day_text(_date(next_top["date"]))
    if q >= 0.01:
        name = POLLUTION[worse]
        zh += f";{name.zh}概率最高{open_percent(q)}({there.zh})"
        en += f"; {name.en} up to {open_percent(q)} ({there.en})"
    return Pair(f"{zh}。", f"{en}.")


def weather_text(entry: Mapping[str, Any]) -> Pair:
    """Say whether a weather forecast stood behind the outlook, and for how many days."""
    used = sum(d.get("weather") == "forecast" for d in entry["days"])
    if not used:
        return Pair("天气:未用预报", "weather: no forecast used")
    if used == len(entry["days"]):
        return Pair("天气:用了天气预报", "weather: a forecast was used")
    return Pair(f"天气:其中{used}天用了天气预报", f"weather: a forecast was used for {used} days")


def where_text(entry: Mapping[str, Any]) -> str:
    """Region, with the place where that is another."""
    region, place = str(entry["region"]), str(entry["place"])
    return region if place == region else f"{region} {place}"


def section_names(entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """Name of each section, with its region where they are of several."""
    several = len({str(e["region"]) for e in entries}) > 1
    return [where_text(e) if several else str(e["place"]) for e in entries]


def section_when(entry: Mapping[str, Any], day: Mapping[str, Any]) -> Pair:
    """Which day, month or sampling a class is told of.

    >>> section_when({"kind": "next_sample", "period": "2026-02"}, {"date": "2026-02-01"})
    Pair(zh='2026年2月', en='February 2026')
    >>> section_when({"kind": "next_sample"}, {"date": "2026-02-01"}).en
    'next sampling'
    """
    if entry.get("period"):
        year, month = (int(part) for part in str(entry["period"]).split("-"))
        return Pair(f"{year}年{month}月", f"{calendar.month_name[month]} {year}")
    if entry.get("kind") == "daily" and day.get("date"):
        return day_text(_date(str(day["date"])))
    return Pair("下次采样", "next sampling")


def water_worst(entry: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the day (or sampling) of a section most likely to be worse than its class."""
    known = [d for d in entry["days"] if d.get("p_worse") is not None]
    return max(known, key=lambda d: float(d["p_worse"]), default=None)


def deciding_text(entry: Mapping[str, Any], most: int = 2) -> Pair:
    """Items that would decide the class, the likeliest first."""
    shares = {k: float(v or 0.0) for k, v in (entry.get("deciding") or {}).items()}
    names = [k for k in sorted(shares, key=lambda k: -shares[k]) if shares[k] > 0.0 and k in ITEMS]
    return Pair(
        "、".join(ITEMS[k].zh for k in names[:most]), ", ".join(ITEMS[k].en for k in names[:most])
    )


def water_sentence(entries: Sequence[Mapping[str, Any]], most: int = 6) -> Pair:
    """Name the sections likely to be worse than their class, or say that none is."""
    worst = [(e, d) for e in entries if (d := water_worst(e)) is not None]
    n = len(worst)
    if not n:
        return Pair("没有可以给出短期类别的断面。", "No section's class can be told.")
    likely = sorted(
        ((e, d) for e, d in worst if float(d["p_worse"]) >= LIKELY),
        key=lambda pair: -float(pair[1]["p_worse"]),
    )
    unsure = sum(POSSIBLE <= float(d["p_worse"]) < LIKELY for _, d in worst)
    more_zh = f";另有{unsure}个不能排除" if unsure else ""
    more_en = f"; of {unsure} more it can't be ruled out" if unsure else ""
    if not likely:
        return Pair(
            f"{n}个断面中没有较可能劣于其考核类别的{more_zh}。",
            f"Of {n} sections none is likely to be worse than its class{more_en}.",
        )
    names = {id(e): name for e, name in zip(entries, section_names(entries), strict=True)}
    named = [
        (names[id(e)], class_text(e.get("limit")), open_percent(d["p_worse"]))
        for e, d in likely[:most]
    ]
    rest = len(likely) - len(named)
    zh = "、".join(f"{name}(劣于{limit}类概率{p})" for name, limit, p in named)
    en = ", ".join(f"{name} (worse than {limit}: {p})" for name, limit, p in named)
    return Pair(
        f"{n}个断面中有{len(likely)}个较可能劣于其考核类别:{zh}{'等' if rest else ''}{more_zh}。",
        f"Of {n} sections {len(likely)} {'are' if len(likely) > 1 else 'is'} likely to be worse than "
        f"the class asked: {en}{f' and {rest} more' if rest else ''}{more_en}.",
    )
