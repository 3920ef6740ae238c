"""The table of a run or an assessment in a terminal."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from forecast.region_names import normalise_region
from forecast.report.chart_choice import many_regions
from forecast.report.scoreboard import OPEN, Row, decision_order, regions_of, rows_of
from forecast.report.words import VERDICTS, Pair
from forecast.terminal_text import without_orders

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["fitted", "render_table", "summary_line"]

#: Characters that a Chinese Windows console (code page 936) lacks, and what stands for them.
_PLAIN = str.maketrans({"µ": "μ", "³": "3", "²": "2", "₃": "3"})

_HEADS: tuple[Pair, ...] = (
    Pair("对象", "place"),
    Pair("指标", "indicator"),
    Pair("目标", "target"),
    Pair("至今", "to date"),
    Pair("年末（90 %区间）", "year end (90 %)"),
    Pair("概率", "P"),
    Pair("结论", "verdict"),
)
_ASSESS_HEADS: tuple[Pair, ...] = (
    Pair("对象", "place"),
    Pair("指标", "indicator"),
    Pair("时段", "period"),
    Pair("标准", "standard"),
    Pair("数值", "value"),
    Pair("有效/应有", "valid/expected"),
)


#: Of so many regions as have a page each, the targets listed: those that need attention first.
_MOST = 10


def render_table(result: dict[str, Any], lang: Literal["zh", "en"], console: Console) -> None:
    """Print one table a region, what is at risk first, and the line that sums up.

    Indicators without a target are left out, unless there is no target at all (an assessment). Of more
    than 40 regions one table of ten targets is printed, those nearest to even chances among what is
    at risk; the pages have the others.

    Args:
        result: the object of ``projection.json``.
        lang: language of heads and words.
        console: where to print; its width and encoding are respected.
    """
    if many_regions(result):
        _print_first(result, lang, console)
        console.print(fitted(summary_line(result, lang), console), highlight=False, markup=False)
        return
    rows = rows_of(result)
    judged = [row for row in rows if row.verdict]
    unanswered = 0
    for region in regions_of(rows):
        unanswered += len(region.unanswered)
        own = list(region.rows) if judged else list(region.untargeted)
        if own:
            _print(region.name, own, lang, console, assess=not judged)
    if unanswered:
        more = (
            f"另有 {unanswered} 个目标没有监测值或录入的数字，原因见报告页。"
            if lang == "zh"
            else f"{unanswered} further targets have neither readings nor an entered figure; "
            "the page says why."
        )
        console.print(fitted(more, console), highlight=False, markup=False)
    console.print(fitted(summary_line(result, lang), console), highlight=False, markup=False)


def summary_line(result: dict[str, Any], lang: Literal["zh", "en"]) -> str:
    """Return one line: how many targets, and how many of each verdict."""
    # Of a country there are tens of thousands: only what is printed is put into words.
    judged = [v for e in _entries(result) for t in e.get("targets") or () if (v := _verdict(t))]
    if not judged:
        rows = rows_of(result)
        places = len({(row.region, row.place) for row in rows})
        if lang == "zh":
            return f"{places} 个对象，{len(rows)} 项指标，没有目标。"
        return f"{places} places, {len(rows)} indicators, no targets."
    counts = sorted(Counter(judged).items(), key=lambda pair: VERDICTS[pair[0]].order)
    parts = [f"{VERDICTS[v].zh if lang == 'zh' else VERDICTS[v].en} {n}" for v, n in counts]
    if lang == "zh":
        return f"{len(judged)} 个目标：" + " · ".join(parts)
    return f"{len(judged)} targets: " + " · ".join(parts)


def _entries(result: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = result.get("projections", [])
    return found


def _verdict(target: dict[str, Any]) -> str:
    return str(target.get("verdict", ""))


def _print_first(result: dict[str, Any], lang: Literal["zh", "en"], console: Console) -> None:
    """Print the targets on which a decision hangs, of all regions together."""
    entries = _entries(result)
    told = [
        {**entry, "targets": own}
        for entry in entries
        if (own := [t for t in entry.get("targets") or () if _verdict(t) in OPEN])
    ]
    rows = rows_of({"projections": told})
    first = sorted((row for row in rows if row.probability is not None), key=decision_order)
    first = first[:_MOST]
    if not first:
        return
    named = [
        row
        if normalise_region(row.place) == normalise_region(row.region)
        else replace(row, place=f"{row.region} {row.place}")
        for row in first
    ]
    judged = {str(e["region"]) for e in entries if any(map(_verdict, e.get("targets") or ()))}
    regions = len(set(map(normalise_region, judged)))
    title = (
        f"最需关注的{len(first)}项目标({regions}个地区,其余见报告页)"
        if lang == "zh"
        else f"{len(first)} targets on which a decision hangs ({regions} regions; the others: page)"
    )
    _print(title, named, lang, console, assess=False)


def _print(
    title: str, rows: list[Row], lang: Literal["zh", "en"], console: Console, *, assess: bool
) -> None:
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=fitted(title, console), box=box.SIMPLE_HEAD, title_justify="left")
    heads = _ASSESS_HEADS if assess else _HEADS
    for k, head in enumerate(heads):
        numeric = k == 4 if assess else k in {3, 5}
        table.add_column(
            getattr(head, lang), justify="right" if numeric else "left", overflow="fold"
        )
    for row in rows:
        cells = _assessed(row, lang) if assess else _forecast(row, lang)
        texts = [Text(fitted(cell, console)) for cell in cells]
        if not assess:
            texts[-1].stylize(f"{row.ink} on {row.fill}")
        table.add_row(*texts)
    console.print(table)


def _forecast(row: Row, lang: Literal["zh", "en"]) -> list[str]:
    target = getattr(row.target, lang)
    level = getattr(row.level, lang)
    ahead = f"{row.median} ({row.interval})" if row.interval else row.median
    verdict = getattr(row.verdict_text, lang)
    return [
        row.place, _name(row, lang), f"{target} {level}", row.observed, ahead,
        row.probability_text, f" {verdict} ",
    ]  # fmt: skip


def _assessed(row: Row, lang: Literal["zh", "en"]) -> list[str]:
    value = f"{row.observed} {getattr(row.unit, lang)}".strip()
    return [row.place, _name(row, lang), row.period, row.standard, value, row.count]


def _name(row: Row, lang: Literal["zh", "en"]) -> str:
    return str(getattr(row.name, lang))


def fitted(text: str, console: Console) -> str:
    """Return ``text`` in characters that the console's encoding has."""
    text = without_orders(text)
    encoding = console.encoding or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        plain = text.translate(_PLAIN)
        return plain.encode(encoding, errors="replace").decode(encoding)
    return text
