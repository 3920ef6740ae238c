"""The next seven days in a terminal: sentences after a run, tables when asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Literal

from forecast.report.short_range_words import (
    LIKELY,
    POLLUTION,
    aqi_text,
    city_sentence,
    day_text,
    deciding_text,
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
from forecast.report.terminal import fitted
from forecast.report.words import Pair, class_text

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["render_outlook", "say_outlook"]

_Lang = Literal["zh", "en"]

#: Cities told after a run; of more their number is.
_MOST = 5

_HEADS = (
    Pair("日期", "day"),
    Pair("级别", "level"),
    Pair("AQI(80 %区间)", "AQI (80 %)"),
    Pair("首要污染物", "led by"),
    *(Pair(f"{level_text(k, short=True).zh}+", f"{level_text(k, short=True).en}+") for k in (3, 4, 5)),
)  # fmt: skip
_WATER_HEADS = (
    Pair("断面", "section"), Pair("考核类别", "asked"), Pair("日期", "day"),
    Pair("劣于该类", "P(worse)"), Pair("劣Ⅴ", "P(>Ⅴ)"), Pair("可能的定类项目", "deciding"),
)  # fmt: skip


def _word(pair: Pair, lang: _Lang) -> str:
    return pair.zh if lang == "zh" else pair.en


def _say(text: str, console: Console) -> None:
    # The terminal itself breaks a sentence: one that is piped stays one line.
    console.print(fitted(text, console), highlight=False, markup=False, soft_wrap=True)


def say_outlook(short_range: Mapping[str, Any] | None, lang: _Lang, console: Console) -> None:
    """Print a sentence for each of the cities most at risk, and one for the sections.

    Args:
        short_range: of a result; nothing is printed where it is None or empty.
        lang: language.
        console: where to print.
    """
    air = list((short_range or {}).get("air") or ())
    water = list((short_range or {}).get("water") or ())
    if not air and not water:
        return
    _say(_word(Pair("未来七天", "Next seven days"), lang), console)
    order = sorted(air, key=lambda entry: -risk(entry))
    for entry in order[:_MOST]:
        _say(f"  {where_text(entry)}: {_word(city_sentence(entry), lang)}", console)
    for more in _others(order[_MOST:]):
        _say(f"  {_word(more, lang)}", console)
    if water:
        _say(f"  {_word(water_sentence(water), lang)}", console)


def _others(entries: Sequence[Mapping[str, Any]]) -> list[Pair]:
    """Say how many cities were not named; of an AQI that lacks items, or of none, no risk is said."""
    silent = sum(not entry["days"] for entry in entries)
    lacking = sum(bool(entry["days"]) and missing_text(entry) is not None for entry in entries)
    known = len(entries) - silent - lacking
    told = (
        (known, "其余{}个城市风险较低", "{} more cities with less risk"),
        (lacking, "另有{}个城市监测项目不全,AQI偏低,风险未定",
         "{} more without all six items: the AQI is too low, the risk not known"),
        (silent, "另有{}个城市无法给出逐日预报", "no daily outlook of {} more"),
    )  # fmt: skip
    return [
        Pair(f"{zh.format(n)},见 forecast outlook。", f"{en.format(n)}: forecast outlook.")
        for n, zh, en in told
        if n
    ]


def render_outlook(
    short_range: Mapping[str, Any], lang: _Lang, console: Console, *, days: int = 7
) -> None:
    """Print a table a city, and one of the sections that may be worse than their class.

    Args:
        short_range: ``{"air": [...], "water": [...]}``.
        lang: language of heads and words.
        console: where to print; its width and encoding are respected.
        days: as many days of each city.
    """
    for entry in short_range.get("air") or ():
        _say(f"{where_text(entry)}: {_word(city_sentence(entry), lang)}", console)
        if entry["days"]:
            _city(entry, lang, console, days)
            issued = Pair(
                f"依据截至{entry['issued']}的监测值", f"from readings up to {entry['issued']}"
            )
            _say(f"  {_word(issued, lang)}; {_word(weather_text(entry), lang)}", console)
        _say("", console)
    water = list(short_range.get("water") or ())
    if water:
        _say(_word(water_sentence(water), lang), console)
        _sections(water, lang, console)


def _city(entry: Mapping[str, Any], lang: _Lang, console: Console, days: int) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for k, head in enumerate(_HEADS):
        table.add_column(_word(head, lang), justify="right" if k in (4, 5, 6) else "left")
    for day in entry["days"][:days]:
        on = date.fromisoformat(day["date"])
        number = level_number(str(day["level"]))
        middle, spread = aqi_text(day)
        led = leading_item([day]) if number > 1 else None
        when = f"{_word(day_text(on), lang)} {_word(weekday_text(on), lang)}"
        shown = middle + (f" ({spread.replace('–', '-')})" if spread else "")
        cells = [when, _word(level_text(number), lang), shown, item_name(led) if led else "—"]
        odds = [float(day["exceed"][kind]) for kind in POLLUTION]
        texts = [Text(fitted(cell, console)) for cell in cells]
        texts += [Text(open_percent(p), style="bold" if p >= LIKELY else "") for p in odds]
        table.add_row(*texts)
    console.print(table)
    missing = missing_text(entry)
    if missing is not None:
        note = Pair(f"注意:{missing.zh}(监测值不足)", f"Note: {missing.en} (too few readings)")
        _say(f"  {_word(note, lang)}", console)


def _sections(water: list[Mapping[str, Any]], lang: _Lang, console: Console) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    known = [(e, d) for e in water if (d := water_worst(e)) is not None]
    known.sort(key=lambda pair: -float(pair[1]["p_worse"]))
    if not known:
        return
    names = {id(e): name for e, name in zip(water, section_names(water), strict=True)}
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for k, head in enumerate(_WATER_HEADS):
        table.add_column(_word(head, lang), justify="right" if k in (3, 4) else "left")
    for entry, day in known:
        when = _word(section_when(entry, day), lang)
        p = float(day["p_worse"])
        cells = [names[id(entry)], class_text(entry.get("limit")), when]
        texts = [Text(fitted(cell, console)) for cell in cells]
        texts.append(Text(open_percent(p), style="bold" if p >= LIKELY else ""))
        texts.append(Text(open_percent(day.get("p_inferior_v"))))
        texts.append(Text(fitted(_word(deciding_text(entry), lang) or "—", console)))
        table.add_row(*texts)
    console.print(table)
