"""The page of a run of many regions: what needs attention, then one line a region with a link."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from typing import Any
from urllib.parse import quote

from forecast.region_names import normalise_region
from forecast.report.ahead import group_rows
from forecast.report.page import PageContext
from forecast.report.page_templates import page_templates
from forecast.report.region_results import RegionResult
from forecast.report.scoreboard import OPEN, UNJUDGED, Row, decision_order, regions_of, rows_of
from forecast.report.short_range_page import short_range_fragment
from forecast.report.short_range_words import LIKELY, POSSIBLE, open_percent
from forecast.report.svg import page_font
from forecast.report.words import VERDICTS, Pair

__all__ = ["OverviewLine", "grouped_warnings", "overview_line", "overview_text"]

#: Targets listed as those on which a decision hangs.
_MOST_OPEN = 30
#: Indicators of the table of shares, the most frequent first.
_MOST_INDICATORS = 25
#: Cities, and sections, of the next days that are listed.
_MOST_AHEAD = 12
#: Kinds of remarks that are listed, and names given of each.
_MOST_KINDS, _MOST_NAMES = 40, 5
#: Files read that are listed; all of them are in projection.json.
_MOST_INPUTS = 50
#: Targets of one region that may stand in the list of open ones.
_MOST_A_REGION = 3


@dataclass(frozen=True)
class OverviewLine:
    """One region as the page of all regions shows it.

    Attributes:
        key: normalised name; ``name``: as shown; ``href``: its page; ``charted``: has full charts.
        counts: number of targets of each verdict.
        shares: indicator name → verdict → number of targets.
        open: the region's targets AT_RISK or UNLIKELY, what needs attention first.
        worst: the first of its targets in that order, None without any.
        good_days, pm25: median forecast of the year, printed; a dash where there is none.
        moved: largest move of a probability since the last run, in points; None: none moved.
        period, standards: of its rows.
    """

    key: str
    name: str
    href: str
    charted: bool
    counts: dict[str, int]
    shares: dict[Pair, dict[str, int]]
    open: tuple[Row, ...]
    worst: Row | None
    good_days: str
    pm25: str
    moved: float | None
    unjudged: int
    periods: tuple[str, ...] = ()
    standards: tuple[str, ...] = ()
    ahead: float | None = field(default=None)

    @property
    def ahead_text(self) -> str:
        """Highest probability of moderate pollution or worse in the next days, printed."""
        return open_percent(self.ahead)


def overview_line(
    part: RegionResult,
    page: str,
    *,
    charted: bool,
    moved: float | None,
    rows: Sequence[Row] | None = None,
) -> OverviewLine:
    """Make the line of one region; ``page`` is the name of its page in the folder ``regions``.

    ``rows`` are those of its result, where they are at hand.
    """
    rows = rows_of(part.result) if rows is None else rows
    judged = [row for row in rows if row.verdict]
    ordered = [r for region in regions_of(judged) for r in (*region.rows, *region.unanswered)]
    shares: dict[Pair, dict[str, int]] = {}
    for row in judged:
        own = shares.setdefault(row.name, {})
        own[row.verdict] = own.get(row.verdict, 0) + 1
    cities = [e for e in part.result["short_range"]["air"] if e["days"]]
    odds = [float(day["exceed"]["moderate"]) for e in cities for day in e["days"]]
    return OverviewLine(
        key=part.key, name=part.name, href=f"regions/{quote(page)}", charted=charted,
        counts=dict(Counter(row.verdict for row in judged)), shares=shares,
        open=tuple(sorted((r for r in ordered if r.verdict in OPEN), key=decision_order)
                   [:_MOST_A_REGION]),
        worst=ordered[0] if ordered else None,
        good_days=_median(part.result, rows, "good_day_ratio"),
        pm25=_median(part.result, rows, "pm25_annual_mean"), moved=moved,
        unjudged=sum(row.verdict in UNJUDGED for row in judged),
        periods=tuple(dict.fromkeys(row.period for row in rows)),
        standards=tuple(dict.fromkeys(row.standard for row in rows if row.standard)),
        ahead=max(odds, default=None),
    )  # fmt: skip


def _median(result: Mapping[str, Any], rows: Sequence[Row], indicator: str) -> str:
    """Year-end median of an indicator of the region's own place, as the first row prints it."""
    at = 0
    for entry in result["projections"]:
        if entry["indicator"] == indicator:
            row = rows[at]
            return row.median if row.median != "—" else row.observed
        at += len(entry.get("targets") or [None])
    return "—"


def overview_text(
    context: PageContext,
    lines: Sequence[OverviewLine],
    warnings: tuple[Mapping[str, Sequence[tuple[str, str]]], Sequence[tuple[str, str]]],
) -> str:
    """Return the page of all regions; it is well-formed XML as well as HTML, and loads nothing.

    Args:
        context: of the whole run; its ``charts`` are not looked at.
        lines: one a region.
        warnings: remarks by normalised region, and those on none.
    """
    counts: Counter[str] = Counter()
    shares: dict[Pair, Counter[str]] = {}
    for line in lines:
        counts.update(line.counts)
        for name, own in line.shares.items():
            shares.setdefault(name, Counter()).update(own)
    order = sorted(VERDICTS, key=lambda v: VERDICTS[v].order)
    named = {line.key: line for line in lines}
    values: dict[str, Any] = {
        "context": context,
        "run": context.result.get("run", {}),
        "period": ", ".join(dict.fromkeys(p for line in lines for p in line.periods)),
        "standards": ", ".join(dict.fromkeys(s for line in lines for s in line.standards)),
        "verdicts": VERDICTS,
        "counts": {v: counts[v] for v in order if counts[v]},
        "n_targets": sum(counts.values()),
        "shares": _shares(shares),
        "open": _open(lines),
        "n_open": counts["AT_RISK"] + counts["UNLIKELY"],
        "lines": sorted(lines, key=_urgency),
        "n_charted": sum(line.charted for line in lines),
        "short_range": _ahead(context.result.get("short_range")),
        "groups": group_rows(context.result),
        "later": {"years": [], "rows": []},
        "explained": [],
        "scenarios": [
            (named[key], told)
            for told in context.result.get("scenarios", ())
            if (key := normalise_region(str(told["region"]))) in named
        ],
        "warnings": grouped_warnings(warnings, {line.key: line.name for line in lines}),
        "n_warnings": len(context.warnings),
        "inputs": list(context.result.get("run", {}).get("inputs", ()))[:_MOST_INPUTS],
        "n_inputs": len(context.result.get("run", {}).get("inputs", ())),
    }
    template = page_templates("forecast.report").get_template("overview.html.j2")
    page: str = template.render(**values, font="")
    return template.render(**values, font=page_font(page))


def _urgency(line: OverviewLine) -> tuple[int, float, str]:
    """Regions in the order of their first target, those without one last."""
    if line.worst is None:
        return len(VERDICTS), 1.0, line.name
    chance = 1.0 if line.worst.probability is None else line.worst.probability
    return VERDICTS[line.worst.verdict].order, chance, line.name


def _shares(shares: Mapping[Pair, Counter[str]]) -> list[tuple[Pair, int, Counter[str]]]:
    """Indicator, targets on it, and number of each verdict; the indicator asked most first."""
    most = sorted(shares.items(), key=lambda item: -item[1].total())[:_MOST_INDICATORS]
    return [(name, own.total(), own) for name, own in most]


def _open(lines: Sequence[OverviewLine]) -> list[tuple[OverviewLine, Row]]:
    """Targets on which a decision hangs: AT_RISK nearest to even chances, then UNLIKELY."""
    found = [(line, row) for line in lines for row in line.open if row.probability is not None]

    return sorted(found, key=lambda pair: decision_order(pair[1]))[:_MOST_OPEN]


def _ahead(short_range: Mapping[str, Any] | None) -> str:
    """The next days of the cities and sections most at risk, and how many there are in all."""
    air = [e for e in (short_range or {}).get("air") or () if e["days"]]
    moderate = [max(float(d["exceed"]["moderate"]) for d in e["days"]) for e in air]
    likely, possible = (sum(p >= least for p in moderate) for least in (LIKELY, POSSIBLE))
    shown = min(len(air), _MOST_AHEAD)
    zh = (
        f"{len(air)}个城市:{likely}个较可能出现中度及以上污染,另有{possible - likely}个不能排除;"
        f"表中为风险最高的{shown}个,其余见各地区页面。"
    )
    en = (
        f"{len(air)} cities: moderate pollution or worse is likely in {likely} and can't be ruled out "
        f"in {possible - likely} more; the table has the {shown} most at risk, the others stand on "
        "their own pages."
    )
    told = (
        f'<p class="episode"><span class="zh" lang="zh">{escape(zh)}</span> '
        f'<span class="en" lang="en">{escape(en)}</span></p>'
    )
    return short_range_fragment(short_range, told=told if air else "", most=_MOST_AHEAD)


@dataclass(frozen=True)
class WarningKind:
    """Remarks that differ in names and numbers alone: how many, of which regions, one of them."""

    count: int
    regions: tuple[str, ...]
    n_regions: int
    example: Pair


_NUMBER = re.compile(r"\d[\d.,:/%-]*")


def grouped_warnings(
    warnings: tuple[Mapping[str, Sequence[tuple[str, str]]], Iterable[tuple[str, str]]],
    names: Mapping[str, str],
) -> list[WarningKind]:
    """Put remarks of one kind together, the most frequent kind first.

    Two are of one kind where they are alike but for the region's name and numbers.

    Args:
        warnings: remarks by normalised region, and those on none.
        names: normalised region → name shown.
    """
    kinds: dict[str, list[tuple[str, tuple[str, str]]]] = {}
    own = [(key, pair) for key, pairs in warnings[0].items() for pair in pairs]
    for key, pair in [*own, *(("", pair) for pair in warnings[1])]:
        name = names.get(key, key)
        text = pair[0]
        for known in sorted({name, key} - {""}, key=len, reverse=True):
            text = text.replace(known, "·")
        kinds.setdefault(_NUMBER.sub("#", text), []).append((name, pair))
    found = []
    for same in sorted(kinds.values(), key=lambda one: -len(one))[:_MOST_KINDS]:
        regions = list(dict.fromkeys(name for name, _ in same if name))
        found.append(
            WarningKind(len(same), tuple(regions[:_MOST_NAMES]), len(regions), Pair(*same[0][1]))
        )
    return found
