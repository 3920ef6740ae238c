"""The facts that the review of one region is written from: a run, the tables, the charts."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd

from forecast.errors import ForecastError, UsageError
from forecast.formula_guard import unguarded
from forecast.projection.observed import assess
from forecast.projection.panel import Panel
from forecast.region_names import normalise_region
from forecast.report.chapters.facts import ReviewFacts
from forecast.report.document import Drawing, FigureBlock
from forecast.report.drawing import figure_block
from forecast.report.figure_parts import stem
from forecast.report.region_results import RegionResult, standard_of
from forecast.report.review_days import CityDays, cities_of
from forecast.report.review_figures import REVIEW_CHARTS, ReviewRequest, review_chart
from forecast.report.scoreboard import regions_of, rows_of
from forecast.report.words import Pair, indicator_text
from forecast.runs.review_options import ReviewOptions
from forecast.runs.review_readings import CitiesInShort, ReviewReadings, region_alone
from forecast.targets.applying import plans_of_region
from forecast.targets.loader import find_plan
from forecast.targets.model import Plan, period_years

__all__ = ["ReviewJob", "review_facts"]


#: Formats that take charts as pictures; the others draw them as vectors.
_WITH_PICTURES = frozenset({"docx", "xlsx"})


@dataclass(frozen=True)
class ReviewJob:
    """What the reviews of some regions have in common.

    Attributes:
        options: what is asked for.
        readings: where the readings are.
        others: the days of all cities that each review ranks its own among.
        run: what the run says of itself.
        parts: normalised region → its part of the result; of those that are reviewed here.
        said: normalised region → the remarks (zh, en) on it and on all.
        folder: of the run.
        organisation: whose review it is.
        denominator: of the good-day ratio.
    """

    options: ReviewOptions
    readings: ReviewReadings = field(repr=False)
    others: CitiesInShort = field(repr=False)
    run: dict[str, Any] = field(repr=False)
    parts: dict[str, RegionResult] = field(repr=False)
    said: dict[str, list[tuple[str, str]]] = field(repr=False)
    folder: Path
    organisation: str = ""
    denominator: str = "valid"

    @property
    def standard(self) -> str | None:
        """Token of the version that the run asked for; None: by date."""
        return standard_of(self.run)

    @property
    def last(self) -> date:
        """Last day whose readings are used."""
        return self.readings.as_of

    def share(self, regions: Sequence[str]) -> ReviewJob:
        """The same with what is said of these regions alone."""
        keys = {normalise_region(region) for region in regions}
        return replace(
            self, parts={key: part for key, part in self.parts.items() if key in keys},
            said={key: told for key, told in self.said.items() if key in keys},
        )  # fmt: skip


def review_facts(job: ReviewJob, region: str, readings: Panel) -> ReviewFacts:
    """Gather what the chapters of one region are written from.

    Args:
        job: what it has in common with other regions.
        region: a region of the run.
        readings: of that region and maybe of others.
    """
    config, options = job.readings.config, job.options
    wanted = normalise_region(region)
    panel = region_alone(readings, wanted)
    year, standard = int(job.run["year"]), job.standard
    pictures = not _WITH_PICTURES.isdisjoint(options.formats)
    notices: tuple[tuple[str, str], ...] = ()
    if config.workspace.sample:
        from forecast.sample import NOTICE

        notices = ((NOTICE["zh"], NOTICE["en"]),)
    asked = ReviewRequest(
        panel, job.readings.store, job.last, year, standard, job.denominator, options.lang,
        notices, run_id=str(job.run["id"]), known=job.others.cities,
    )  # fmt: skip
    own = cities_of(panel, standard, job.denominator)
    city = replace(own[0], run_id=asked.run_id) if own else None
    _some_readings(panel, city, region, year)
    last = _last_day(panel, city, year, job.last)
    result = job.parts[wanted].result | {"run": job.run}
    entries = tuple(result["projections"])
    regions = regions_of(rows_of({"projections": list(entries)}))
    rows = tuple(r for g in regions for r in (*g.rows, *g.unanswered, *g.untargeted))
    warnings = [*job.said[wanted]]
    plan = _plan(panel, region, options)
    if options.kind != "annual" and plan is not None:
        _inside(plan, options.kind, year, region)
    figures, missing = _run_figures(job.folder, region, entries)
    if missing:
        warnings.append(
            (
                f"该运行的{missing}幅图缺失或损坏，报告中从略。",
                f"{missing} charts of the run are missing or damaged and left out.",
            )
        )
    return ReviewFacts(
        kind=options.kind, asked=asked, region=region, name=_name(region, entries, plan), year=year, last=last, result=result,
        entries=entries, rows=rows, assess=partial(_assessed, panel, last, standard, job.denominator), city=city, cities=job.others.cities,
        stations=asked.stations(city, range(year - 1, year + 1)) if city is not None else [],
        groups={g.name: tuple(g.members) for g in config.region_groups},
        plan=plan,
        draw=_drawing(asked, pictures),
        figures=tuple(figures),
        notices=tuple(Pair(*n) for n in notices),
        warnings=tuple(Pair(*w) for w in warnings),
        likely=config.thresholds.likely, unlikely=config.thresholds.unlikely, pictures=pictures,
    )  # fmt: skip


def _some_readings(panel: Panel, city: CityDays | None, region: str, year: int) -> None:
    """Stop where the region has no reading of the year."""
    water = panel.water["time"].dt.year
    years = {int(y) for y in water} | set(city.years if city is not None else ())
    if year not in years:
        there = f"{min(years)} to {max(years)}" if years else "none"
        raise ForecastError(
            f"There are no readings of {region} in {year}, so there is nothing to review.",
            f"Years with readings: {there}.",
        )


def _inside(plan: Plan, kind: str, year: int, region: str) -> None:
    """Stop where a review of a plan is asked for a year that the plan does not cover."""
    span = period_years(plan.period)
    if span is None:
        return
    first, end = span[0], span[1] or max(year, span[0])
    if first <= year <= end and (kind != "final" or year == end):
        return
    when = f"its final review is of {end}" if kind == "final" else f"it runs from {first} to {end}"
    raise UsageError(
        f"The plan {plan.id} of {region} can't be reviewed for {year}: {when}.",
        f"Give a year of it with --year, such as {end}, or leave --kind out.",
    )


def _name(region: str, entries: Sequence[dict[str, Any]], plan: Plan | None) -> str:
    """The fullest name of the region that the data or its plan carry, such as 衡水市."""
    key = normalise_region(region)
    names = {region, *(str(e["region"]) for e in entries)}
    if plan is not None and plan.region:
        names.add(plan.region)
    own = [n for n in names if normalise_region(n) == key]
    return max(own, key=lambda n: (len(n), n))


def _last_day(panel: Panel, city: CityDays | None, year: int, last: date) -> date:
    """Last day of ``year`` with a reading of the region."""
    end = min(last, date(year, 12, 31))
    if city is not None and year in city.years:
        return min(end, pd.Timestamp(city.last_day(year)).date())
    own = panel.water["time"]
    own = own[own.dt.year == year]
    if own.empty:
        return end
    # A month counts by its samples, not by its last day.
    final = own.max().date()
    return end if (final.year, final.month) == (end.year, end.month) else min(end, final)


def _plan(panel: Panel, region: str, options: ReviewOptions) -> Plan | None:
    plans = panel.entered.plans
    if options.plan is not None:
        return find_plan(plans, options.plan)
    own = plans_of_region(plans, region, panel.aliases)
    return own[0] if own else None


def _assessed(panel: Panel, last: date, standard: str | None, denominator: str) -> pd.DataFrame:
    """Indicators of every year of the one region of a panel."""
    return assess(panel, last, None, standard=standard, denominator=denominator).table


#: What a chart lacks where it can't be drawn, in Chinese; the English is the error's own sentence.
_REASONS: dict[str, str] = {
    "weather_normalised": "没有逐日气象数据或时段不足，气象与排放的贡献无法区分",
    "section_tiles": "没有本年度的断面监测数据",
}


def _drawing(asked: ReviewRequest, pictures: bool) -> Callable[[str], list[FigureBlock] | Pair]:
    """Draw charts of the review by name; a chart that can't be drawn says why."""

    def draw(name: str) -> list[FigureBlock] | Pair:
        if name not in REVIEW_CHARTS:
            raise ValueError(f"there is no chart {name}")
        try:
            charts = review_chart(name, asked)
        except ForecastError as error:
            about = REVIEW_CHARTS[name]
            why = _REASONS.get(name, "现有监测数据不足")
            return Pair(f"{about.zh}：{why}，未绘图。", f"No {about.en}: {error.message}")
        return [
            figure_block(c, name if n == 1 else f"{name}_{n}", picture=pictures)
            for n, c in enumerate(charts, 1)
        ]

    return draw


def _run_figures(
    folder: Path, region: str, entries: Sequence[dict[str, Any]]
) -> tuple[list[FigureBlock], int]:
    """Charts that the run drew for this region, and how many of those it lists can't be read."""
    wanted: list[tuple[str, str, Pair]] = [
        ("scoreboard", stem("scoreboard", normalise_region(region)), Pair("目标一览", "Scoreboard"))
    ]
    for entry in entries:
        name, place = str(entry["indicator"]), str(entry["place"])
        words = indicator_text(name)
        file = stem("target_tracker", str(entry["region"]), place, name)
        caption = Pair(f"{words.zh}目标进度", f"Target tracker: {words.en}")
        wanted.append((f"target_tracker_{name}", file, caption))
        if name == "good_day_ratio":
            file = stem("bad_day_budget", str(entry["region"]), place)
            wanted.append(("bad_day_budget", file, Pair("污染天预算", "Budget of bad days")))
    found = []
    for key, file, caption in wanted:
        one = _drawn(folder / "charts", file)
        if one is not None:
            found.append(FigureBlock(key, caption, one))
            continue
        for page in range(1, _MOST_PAGES + 1):
            part = _drawn(folder / "charts", f"{file}_{page}")
            if part is None:
                break
            many = Pair(f"{caption.zh}（{page}）", f"{caption.en} ({page})")
            found.append(FigureBlock(f"{key}_{page}", many, part))
    names = {file for _, file, _ in wanted}
    lost = [
        name
        for name in _listed(folder)
        if (name in names or name.rpartition("_")[0] in names)
        and _drawn(folder / "charts", name) is None
    ]
    return found, len(lost)


def _listed(folder: Path) -> list[str]:
    """Names of the charts that the manifest of a run lists."""
    try:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        return [str(name) for name in manifest["charts"]]
    except (OSError, ValueError, KeyError, TypeError):
        return []


#: A chart that fills more pages than this is not looked for further.
_MOST_PAGES = 20


def _drawn(folder: Path, name: str) -> Drawing | None:
    """One chart of a run as it was drawn, None where it is not there."""
    try:
        svg = (folder / f"{name}.svg").read_text(encoding="utf-8")
        png = (folder / f"{name}.png").read_bytes()
        table = unguarded(pd.read_csv(folder / f"{name}.csv", encoding="utf-8-sig"))
        size = _size(svg)
    except (OSError, ValueError):
        # Not drawn by that run, or damaged since: the remark on it is the caller's.
        return None
    return Drawing(svg, png, *size, table)


def _size(svg: str) -> tuple[float, float]:
    """Width and height [inch] of a drawing, from its head; matplotlib writes points."""
    found = re.search(r'<svg[^>]*\bheight="([\d.]+)pt"[^>]*\bwidth="([\d.]+)pt"', svg)
    other = re.search(r'<svg[^>]*\bwidth="([\d.]+)pt"[^>]*\bheight="([\d.]+)pt"', svg)
    if found:
        return float(found[2]) / 72.0, float(found[1]) / 72.0
    if other:
        return float(other[1]) / 72.0, float(other[2]) / 72.0
    raise ValueError("the drawing has no size in points")
