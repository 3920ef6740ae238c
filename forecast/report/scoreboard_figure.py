"""The scoreboard of one region as a chart: its rows from what a projection judged."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from datetime import date
from typing import Any

from forecast.charts.scoreboard import ScoreboardData, ScoreRow, Tendency
from forecast.charts.style import Footer
from forecast.projection.panel import PanelProjection
from forecast.region_names import normalise_region
from forecast.report.figure_parts import Notices, stem
from forecast.report.scoreboard import UNJUDGED, Row, regions_of, rows_of
from forecast.report.words import DOMAINS
from forecast.standards.indicators import indicator
from forecast.trend import BASIS_CHANGE, annual_theil_sen

__all__ = ["Histories", "histories_of", "scoreboard_data", "scoreboard_regions", "tendency_of"]

#: Values of full years by place, indicator and period: year → value.
Histories = dict[tuple[str, str, str], dict[int, float]]
#: Air first, then water, then what no monitoring answers.
_ORDER = {name: k for k, name in enumerate(DOMAINS)}


def tendency_of(name: str, values: Mapping[int, float], *, air: bool) -> Tendency | None:
    """Slope of the values of full years with its 95 % interval; None without a value.

    Args:
        name: of the indicator.
        values: year → value.
        air: whether the values are of air, whose state of measurement changed in 2018.

    >>> tendency_of("heavy_days", {2019: 9, 2020: 8, 2021: 6, 2022: 5, 2023: 3}, air=True).arrow
    '↘'
    """
    if not values:
        return None
    bases = {y: _basis(y) for y in values} if air else None
    found = annual_theil_sen(dict(values), bases=bases)
    try:
        decimals = (indicator(name).judged_decimals or 0) + 1
    except KeyError:
        decimals = 2
    return Tendency(found.slope, found.lower, found.upper, decimals)


def _basis(year: int) -> str:
    """Name of the stretch on one side of the change that a whole year lies in."""
    if year == BASIS_CHANGE.year:
        return "cut"
    return "before" if year < BASIS_CHANGE.year else "after"


def scoreboard_regions(result: dict[str, Any]) -> list[str]:
    """Normalised names of the regions that a scoreboard can be drawn of, in order."""
    return [normalise_region(r.name) for r in regions_of(rows_of(result))]


def scoreboard_data(
    histories: Histories,
    result: dict[str, Any],
    region: str,
    year: int,
    as_of: date,
    notices: Notices,
    *,
    run_id: str = "",
    remarks: Notices = (),
) -> ScoreboardData:
    """Make the data of the scoreboard of one region.

    Targets that no reading answers are counted under the table, not listed.

    Args:
        histories: the region's, of :func:`histories_of`.
        result: the object with its ``projections``; that of the region alone will do.
        region: in any form of its name.
        year: the year judged.
        as_of: last day whose readings counted.
        notices: lines that must not be missed.
        run_id: of the run; empty outside one.
        remarks: what else is said under the table.

    Raises:
        KeyError: there is nothing of that region.
    """
    key = normalise_region(region)
    every = rows_of(result)
    found = {normalise_region(r.name): r for r in regions_of(every)}[key]
    codes = _codes(every, result)
    rows = sorted(found.rows, key=lambda r: _ORDER.get(r.domain, len(_ORDER)))
    said = list(remarks)
    if found.unanswered:
        n = len(found.unanswered)
        said.append(
            (f"另有{n}项目标没有监测数据可以评价，未列出；清单见运行页面",
             f"{n} more targets that no reading answers are not listed; the page of a run has them")
        )  # fmt: skip
    shown = []
    for row in rows:
        place, code = codes[id(row)]
        values = histories.get((place, code, row.period), {})
        shown.append(_row(row, key, year, tendency_of(code, values, air=row.domain == "air")))
    return ScoreboardData(
        region_zh=key, year=year, rows=tuple(shown),
        footer=_footer(rows, result, key, year, as_of, run_id, notices), remarks=tuple(said),
        name=stem("scoreboard", key, *([] if run_id else [str(year)])),
    )  # fmt: skip


def _codes(rows: Sequence[Row], result: dict[str, Any]) -> dict[int, tuple[str, str]]:
    """Place and indicator, as the projection names them, of each row by its identity."""
    named = [
        (str(entry["place"]), str(entry["indicator"]))
        for entry in result.get("projections", [])
        for _ in entry.get("targets") or [None]
    ]
    return {id(row): name for row, name in zip(rows, named, strict=True)}


def histories_of(projection: PanelProjection, regions: Container[str]) -> dict[str, Histories]:
    """Normalised region → values of full years, with the year judged where it is over.

    Args:
        projection: whose results hold the years before.
        regions: normalised names of those wanted.
    """
    out: dict[str, Histories] = {}
    of_places = [(a.region, a.results) for a in projection.air]
    of_places += [(w.region, w.results) for w in projection.water]
    for region, results in of_places:
        key = normalise_region(region)
        if key not in regions:
            continue
        for r in results:
            values = dict(r.history)
            now = r.observed_judged
            # A year whose readings reach into December is over as far as a trend can tell.
            over = str(r.observed.last_day)[:7] == f"{r.period}-12"
            if now is not None and r.sufficient and over:
                values[int(r.period)] = float(now)
            out.setdefault(key, {})[r.place, r.indicator, r.period] = values
    return out


def _row(row: Row, region: str, year: int, tendency: Tendency | None) -> ScoreRow:
    name = row.name
    if row.period and row.period != str(year):
        name = name._replace(zh=f"{name.zh} {row.period}", en=f"{name.en} {row.period}")
    place = ("", "")
    if normalise_region(row.place) != region:
        # Only the set of all sections has a name in both languages.
        zh, _, en = (
            row.place.partition(" ") if row.place_kind == "section_set" else (row.place, "", "")
        )
        place = (zh, en or row.place)
    # What forecasts and past years say of the rest of the year stands on the page of a run.
    left = (row.budget.zh.partition("；")[0], row.budget.en.partition(";")[0])
    if row.verdict in UNJUDGED:
        left = (row.reason.zh, row.reason.en)
    return ScoreRow(
        domain=DOMAINS.get(row.domain, (row.domain, row.domain)), name=name, target=row.target,
        level=row.level, place=place, to_date=row.observed, unit=row.unit, median=row.median,
        interval=row.interval, probability=row.probability, verdict=row.verdict,
        budget=left, tendency=tendency,
    )  # fmt: skip


def _footer(
    rows: Sequence[Row],
    result: dict[str, Any],
    region: str,
    year: int,
    as_of: date,
    run_id: str,
    notices: Notices,
) -> Footer:
    """Period and rules of the rows; what is counted are days of air, without any sections."""
    own = [e for e in result["projections"] if normalise_region(str(e["region"])) == region]
    best, unit = _most(own, "city"), ("天（空气）", "days (air)")
    if not best["n_expected"]:
        best, unit = _most(own, "section_set"), ("个断面", "sections")
    standard = " ".join(dict.fromkeys(r.standard for r in rows if r.standard))
    removed = any(e["dust"] == "removed_where_known" for e in own)
    dust = (
        ("浓度、指数扣除已知沙尘日，天数、比率含沙尘日",
         "means and index without known dust days, day counts with them")
        if removed else ("", "")
    )  # fmt: skip
    last = min(as_of, date(year, 12, 31))
    return Footer(
        period=f"{year}-01-01/{last}", n_valid=best["n_valid"], n_expected=best["n_expected"],
        standard=standard or "—", run_id=run_id, dust_zh=dust[0], dust_en=dust[1], notices=notices,
        unit_zh=unit[0], unit_en=unit[1],
    )  # fmt: skip


def _most(entries: Sequence[dict[str, Any]], kind: str) -> dict[str, Any]:
    """What was observed of the indicator of a kind of place that has the most values."""
    seen = [
        e["observed"] for e in entries if e["place_kind"] == kind and e["observed"]["n_expected"]
    ]
    return max(seen, key=lambda o: int(o["n_valid"]), default={"n_valid": 0, "n_expected": 0})
