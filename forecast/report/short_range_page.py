"""The next seven days on the page of a run: a row of days for each city, sections below."""

from __future__ import annotations

import calendar
from collections.abc import Mapping, Sequence
from datetime import date
from html import escape
from typing import Any

from forecast.charts.style import CLASS_COLOURS, CLASS_INK
from forecast.report.short_range_words import (
    LIKELY,
    POLLUTION,
    POSSIBLE,
    aqi_text,
    city_sentence,
    day_text,
    deciding_text,
    fill_and_ink,
    item_name,
    leading_item,
    level_number,
    level_text,
    missing_text,
    open_percent,
    risk,
    section_names,
    section_when,
    water_sentence,
    water_worst,
    weather_text,
    weekday_text,
    where_text,
)
from forecast.report.words import Pair, class_text
from forecast.standards.indicators import class_number

__all__ = ["short_range_fragment"]

#: Up to so many cities stand open with their seven days; of more there is one table of all, and
#: the days of each are folded.
_OPEN_CITIES = 3
#: Cities whose days are on the page; those of the others, with less risk, are in the CSV.
_MOST_WEEKS = 100
#: Rows of the table of all cities, and of that of sections, that stand open.
_OPEN_ROWS, _OPEN_SECTIONS = 12, 12

_METHOD = Pair(
    "逐日AQI由最近的监测值推算,按当日执行的HJ 633评价;色块为AQI中位数的级别,数字为中位数和80 %区间,概率为该级及以上。",
    "Daily AQI drawn from the latest readings and judged by HJ 633 as in force that day; the colour is "
    "the level of the median AQI, numbers are median and 80 % range, probabilities of that level or "
    "worse.",
)


def short_range_fragment(
    short_range: Mapping[str, Any] | None,
    *,
    base: str = "",
    told: str = "",
    most: int | None = None,
) -> str:
    """Return the section of the next seven days as HTML in both languages, names in it escaped.

    Args:
        short_range: ``{"air": [...], "water": [...]}`` of a result; None or empty gives no section.
        base: path of the run's folder relative to the page, with a slash at its end, or empty.
        told: HTML that stands before the tables.
        most: as many cities and sections are listed, those most at risk; None: all.
    """
    air = list((short_range or {}).get("air") or ())
    water = list((short_range or {}).get("water") or ())
    if not air and not water:
        return ""
    parts = [
        told,
        _cities(air, base, most) if air else "",
        _sections(water, most) if water else "",
    ]
    return (
        '<section id="short-range" aria-labelledby="short-range-head"><h2 id="short-range-head">'
        f"{_both(Pair('未来七天', 'Next seven days'))}</h2>{''.join(parts)}</section>"
    )


def _both(pair: Pair) -> str:
    en = f'<span class="en" lang="en">{escape(pair.en)}</span>' if pair.en != pair.zh else ""
    return f'<span class="zh" lang="zh">{escape(pair.zh)}</span> {en}'


def _cities(air: Sequence[Mapping[str, Any]], base: str, most: int | None) -> str:
    csv = f'<a href="{escape(base)}short_range.csv">CSV</a>'
    note = f'<p class="note">{_both(_METHOD)} {csv}</p>'
    if len(air) <= _OPEN_CITIES:
        return note + "".join(_open_city(entry) for entry in air)
    order = sorted(air, key=lambda entry: -risk(entry))[:most]
    folded = "".join(
        f'<details class="week-of"><summary><b>{escape(where_text(entry))}</b> '
        f"{_both(city_sentence(entry))}</summary>{_week(entry)}</details>"
        for entry in order[:_MOST_WEEKS]
    )
    shown = min(len(order), _MOST_WEEKS)
    more = Pair(
        f"逐日详情({shown}个城市,风险高的在前)",
        f"Day by day, {shown} cities, the highest risk first",
    )
    return (
        f"{note}{_overview(order)}"
        f'<details class="others"><summary>{_both(more)}</summary>{folded}</details>'
    )


def _open_city(entry: Mapping[str, Any]) -> str:
    return (
        f'<article class="city-week"><h3>{escape(where_text(entry))}</h3>'
        f'<p class="episode">{_both(city_sentence(entry))}</p>{_week(entry)}</article>'
    )


def _week(entry: Mapping[str, Any]) -> str:
    """The days of one city, side by side, and what they rest on."""
    if not entry["days"]:
        return ""
    cells = "".join(_day(day) for day in entry["days"])
    issued = Pair(f"依据截至{entry['issued']}的监测值", f"from readings up to {entry['issued']}")
    weather = weather_text(entry)
    missing = [item_name(code) for code in entry.get("items_missing") or ()]
    told_zh, told_en = [issued.zh, weather.zh], [issued.en, weather.en]
    if missing:
        told_zh.append(f"未计入{'、'.join(missing)}(监测值不足)")
        told_en.append(f"without {', '.join(missing)} (too few readings)")
    rests = Pair(" · ".join(told_zh), " · ".join(told_en))
    return f'<div class="week" role="list">{cells}</div><p class="note">{_both(rests)}</p>'


def _day(day: Mapping[str, Any]) -> str:
    on = date.fromisoformat(day["date"])
    number = level_number(str(day["level"]))
    fill, ink = fill_and_ink(number)
    middle, spread = aqi_text(day)
    led = leading_item([day]) if number > 1 else None
    led_text = (
        _both(Pair(f"首要 {item_name(led)}", f"led by {item_name(led)}"))
        if led
        else _both(Pair("无首要污染物", "no leading item"))
    )
    odds = "".join(
        f"<div><dt>{_both(_or_worse(k))}</dt>"
        f"<dd>{escape(open_percent(day['exceed'][kind]))}</dd></div>"
        for k, kind in enumerate(POLLUTION, start=3)
    )
    return (
        f'<div class="day" role="listitem"><div class="when">{_both(_when(on))}</div>'
        f'<div class="level" style="background:{fill};color:{ink}">'
        f'<b>{_both(level_text(number))}</b><span class="aqi">AQI {middle}</span>'
        f'<span class="range">{spread}</span></div>'
        f'<div class="led">{led_text}</div><dl class="odds">{odds}</dl></div>'
    )


def _or_worse(number: int) -> Pair:
    name = level_text(number, short=True)
    return Pair(f"{name.zh}+", f"{name.en}+")


def _when(day: date) -> Pair:
    on, weekday = day_text(day), weekday_text(day)
    return Pair(f"{on.zh} {weekday.zh}", f"{weekday.en} {day.day} {calendar.month_abbr[day.month]}")


def _overview(order: Sequence[Mapping[str, Any]]) -> str:
    """One row a city, one cell a day: median AQI and its level, P(moderate or worse)."""
    dates = sorted({str(d["date"]) for entry in order for d in entry["days"]})
    heads = "".join(f"<th>{_both(_when(day))}</th>" for day in map(date.fromisoformat, dates))
    head = (
        f"<thead><tr><th>{_both(Pair('城市', 'city'))}</th>{heads}"
        f"<th>{_both(Pair('中度及以上,最高', 'moderate or worse, at most'))}</th></tr></thead>"
    )
    rows = [_overview_row(entry, dates) for entry in order]
    table = '<table class="weeks">' + head + "<tbody>{}</tbody></table>"
    out = table.format("".join(rows[:_OPEN_ROWS]))
    if len(rows) > _OPEN_ROWS:
        rest = len(rows) - _OPEN_ROWS
        words = _both(Pair(f"其余{rest}个城市", f"{rest} more cities"))
        inner = table.format("".join(rows[_OPEN_ROWS:]))
        out += f'<details class="others"><summary>{words}</summary>{inner}</details>'
    return out


def _overview_row(entry: Mapping[str, Any], dates: Sequence[str]) -> str:
    missing = missing_text(entry)
    # An AQI that is too low is told of where its colours stand, not in the folded days alone.
    less = "" if missing is None else f'<span class="less">{_both(missing)}</span>'
    name = f'<th scope="row">{escape(where_text(entry))}{less}</th>'
    days = {str(d["date"]): d for d in entry["days"]}
    if not days:
        return f'<tr>{name}<td colspan="{len(dates) + 1}">{_both(city_sentence(entry))}</td></tr>'
    cells = ""
    for when in dates:
        if when not in days:
            cells += "<td>—</td>"
            continue
        number = level_number(str(days[when]["level"]))
        fill, ink = fill_and_ink(number)
        cells += (
            f'<td class="level" style="background:{fill};color:{ink}">'
            f"<b>{_both(level_text(number, short=True))}</b> {aqi_text(days[when])[0]}</td>"
        )
    top = max(days.values(), key=lambda d: float(d["exceed"]["moderate"]))
    most = escape(open_percent(top["exceed"]["moderate"]))
    return f'<tr>{name}{cells}<td class="most">{most}</td></tr>'


def _sections(water: Sequence[Mapping[str, Any]], most: int | None) -> str:
    told = f'<p class="episode">{_both(water_sentence(water))}</p>'
    known = [(e, d) for e in water if (d := water_worst(e)) is not None]
    known.sort(key=lambda pair: -float(pair[1]["p_worse"]))
    shown = [(e, d) for e, d in known if float(d["p_worse"]) >= POSSIBLE]
    title = f"<h3>{_both(Pair('水质断面', 'Sections of surface water'))}</h3>"
    if not shown:
        return title + told
    heads = "".join(
        f"<th>{_both(pair)}</th>"
        for pair in (
            Pair("断面", "section"), Pair("考核类别", "class asked"), Pair("日期", "day"),
            Pair("劣于该类的概率", "P(worse)"), Pair("劣Ⅴ类的概率", "P(worse than Ⅴ)"),
            Pair("各类别的概率", "P of each class"), Pair("可能的定类项目", "items that would decide"),
        )
    )  # fmt: skip
    table = f'<table class="plain sections"><thead><tr>{heads}</tr></thead><tbody>' + "{}</tbody></table>"  # fmt: skip
    names = {id(e): name for e, name in zip(water, section_names(water), strict=True)}
    rows = [_section_row(names[id(e)], e, d) for e, d in shown[:most]]
    out = title + told + table.format("".join(rows[:_OPEN_SECTIONS]))
    if len(rows) > _OPEN_SECTIONS:
        rest = len(rows) - _OPEN_SECTIONS
        words = _both(Pair(f"另有{rest}个断面", f"{rest} more sections"))
        inner = table.format("".join(rows[_OPEN_SECTIONS:]))
        out += f'<details class="others"><summary>{words}</summary>{inner}</details>'
    return out


def _section_row(name: str, entry: Mapping[str, Any], day: Mapping[str, Any]) -> str:
    p = float(day["p_worse"])
    limit = class_text(entry.get("limit"))
    if entry.get("limit_from") == "default":
        limit = f'<span class="zh">{limit}(默认)</span> <span class="en">{limit} (default)</span>'
    strip = "".join(
        f'<span style="width:{100 * float(share):.1f}%;background:{CLASS_COLOURS[number]};'
        f'color:{CLASS_INK[number]}">{class_text(token) if float(share) >= 0.12 else ""}</span>'
        for token, share in (day.get("classes") or {}).items()
        if (number := class_number(str(token))) and float(share or 0.0) > 0.0
    )
    decides = deciding_text(entry)
    decides = decides if decides.zh else Pair("—", "—")
    strong = "b" if p >= LIKELY else "span"
    return (
        f"<tr><th>{escape(name)}</th><td>{limit}</td><td>{_both(section_when(entry, day))}</td>"
        f"<td><{strong}>{escape(open_percent(p))}</{strong}></td>"
        f"<td>{escape(open_percent(day.get('p_inferior_v')))}</td>"
        f'<td><div class="strip">{strip}</div></td><td>{_both(decides)}</td></tr>'
    )
