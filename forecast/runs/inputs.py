"""What a run reads: the readings known at its date, the plans, and what people entered."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import date, datetime, timedelta

import numpy as np
import pandas as pd

from forecast.configuration import Config
from forecast.errors import ForecastError, UsageError
from forecast.features.weather import daily_weather
from forecast.ingest.decisions import settle_left_over
from forecast.models.circumstances import Break, Circumstances, Span
from forecast.projection.panel import Panel
from forecast.projection.section_shares import SectionSet
from forecast.projection.sharing import Group
from forecast.region_names import normalise_region, of_region
from forecast.runs.entered import read_entries
from forecast.runs.survey import Survey
from forecast.runs.water_inputs import declared_places, surroundings, with_declared_kinds
from forecast.standards.items import AIR_ITEMS
from forecast.store import SCHEMAS, Store
from forecast.targets.applied import Applied, apply_entries
from forecast.targets.loader import find_plan, load_plans
from forecast.targets.model import Plan
from forecast.workspace import Workspace

__all__ = ["load_panel", "open_panel", "section_sets", "with_readings"]


def load_panel(
    workspace: Workspace,
    as_of: date | None,
    *,
    year: int | None = None,
    region: str | None = None,
    plan: str | None = None,
) -> tuple[Panel, date]:
    """Read what was known at ``as_of`` (None: the last day with a reading) and the plans.

    Raises:
        ForecastError: there are no readings, or none of the region.
        TargetError: a plan file is wrong or ``plan`` is unknown.
    """
    # A decision that is on record holds, also where its command was stopped before the tables.
    settle_left_over(workspace)
    store = workspace.store
    config = workspace.config
    # Stations have daily values too; only cities are judged by them.
    air = store.air_daily(as_of)
    stations = len(air)
    air = air[air["place_kind"] == "city"].reset_index(drop=True)
    stations -= len(air)
    water = with_declared_kinds(store.water_samples(as_of), config)
    if air.empty and water.empty:
        raise _nothing(workspace, as_of, stations)
    cities, waters = ({str(r) for r in f["region"].unique()} for f in (air, water))
    alias, only = _only(config, region, cities | waters)
    _not_ahead(workspace, as_of)
    if as_of is None:
        asked = [f if only is None else f[of_region(f["region"], alias)] for f in (air, water)]
        ends = [f[c].max() for f, c in zip(asked, ("date", "time"), strict=True) if not f.empty]
        as_of = min(pd.Timestamp(max(ends)).date(), _today(workspace))
        air = air[air["date"] <= pd.Timestamp(as_of)]
        water = water[water["time"] < pd.Timestamp(as_of) + pd.Timedelta(days=1)]
        cities, waters = ({str(r) for r in f["region"].unique()} for f in (air, water))
    panel = _around(workspace, as_of, cities, waters, only, year, plan)
    return replace(
        panel, air=air, water=water, dust_days=_dust_days(store, as_of),
        around=surroundings(store, config, as_of),
        weather=_weather(store, as_of, cities) if config.run.weather else {},
    ), as_of  # fmt: skip


def open_panel(
    workspace: Workspace,
    known: Survey,
    *,
    year: int | None = None,
    region: str | None = None,
    plan: str | None = None,
) -> tuple[Panel, date]:
    """Return what :func:`load_panel` does, without the readings; :func:`with_readings` adds them.

    Args:
        workspace: the tables.
        known: of its tables; a city or a place of water has a reading.
        year, region, plan: the question.

    Raises:
        ForecastError: there are no readings of the region.
        TargetError: a plan file is wrong or ``plan`` is unknown.
    """
    there = {*known.air.regions, *known.water.regions}
    alias, only = _only(workspace.config, region, there)
    _not_ahead(workspace, known.known_at)
    as_of = known.known_at
    if as_of is None:
        asked = [r for r in there if only is None or normalise_region(r) == normalise_region(alias)]
        ends = [d[-1] for t in (known.air, known.water) if len(d := t.days_of(asked))]
        as_of = min(pd.Timestamp(max(ends)).date(), _today(workspace))
    cities, waters = (set(t.until(as_of).regions) for t in (known.air, known.water))
    panel = _around(workspace, as_of, cities, waters, only, year, plan)
    return replace(panel, spans=known.spans(as_of)), as_of


def with_readings(
    panel: Panel,
    store: Store,
    config: Config,
    known_at: date | None,
    as_of: date,
    *,
    cities: Collection[str] = (),
    waters: Collection[str] = (),
) -> Panel:
    """Return ``panel`` with the readings of these regions, as the tables name them.

    Args:
        store, config: of the workspace.
        known_at: only what was known at the end of this day; None: all that is known.
        as_of: last day whose readings are used.
        cities: regions whose air is read; ``waters``: whose water.
    """
    day_after = pd.Timestamp(as_of) + pd.Timedelta(days=1)
    if cities:
        air = store.air_daily(known_at, cities)
        air = air[(air["place_kind"] == "city") & (air["date"] < day_after)]
        panel = replace(
            panel, air=air.reset_index(drop=True), dust_days=_dust_days(store, as_of),
            weather=_weather(store, as_of, set(cities)) if config.run.weather else {},
        )  # fmt: skip
    if waters:
        water = with_declared_kinds(store.water_samples(known_at, waters), config)
        panel = replace(
            panel, water=water[water["time"] < day_after],
            around=surroundings(store, config, as_of),
        )  # fmt: skip
    return panel


def _today(workspace: Workspace) -> date:
    return datetime.now(workspace.timezone).date()


def _nothing(workspace: Workspace, as_of: date | None, stations: int) -> ForecastError:
    """The error of a workspace without a reading to answer from."""
    if stations:
        return ForecastError(
            f"The workspace {workspace.root} has daily values of stations but of no city.",
            "Take in city values, or hourly readings of all evaluation points of the city.",
        )
    starts = [
        known.min()
        for table in ("air_daily", "water_samples")
        if as_of
        and not (known := workspace.store.read(table, columns=["known_from"])["known_from"]).empty
    ]
    return ForecastError(
        f"The workspace {workspace.root} has no readings"
        + (f" known on {as_of}." if starts else "."),
        f"The first are of {min(starts):%Y-%m-%d}: choose a later day."
        if starts
        else "Take files in first: forecast ingest <folder>.",
    )


def _only(config: Config, region: str | None, there: set[str]) -> tuple[str, str | None]:
    """The region asked for as the data name it, and normalised; None where all are."""
    if region is None:
        return "", None
    alias = config.regions.aliases.get(region, region)
    wanted = normalise_region(alias)
    if wanted not in set(map(normalise_region, there)):
        found = sorted(there)
        raise ForecastError(
            f"There are no readings of the region {region}.",
            f"Regions with readings: {', '.join(found[:20])}{' …' if len(found) > 20 else ''}.",
        )
    return alias, wanted


def _not_ahead(workspace: Workspace, as_of: date | None) -> None:
    today = _today(workspace)
    if as_of is not None and as_of > today:
        raise UsageError(
            f"--as-of {as_of} lies in the future; today is {today}.",
            "Give a day up to today; the year judged is set with --year.",
        )


def _around(
    workspace: Workspace,
    as_of: date,
    cities: set[str],
    waters: set[str],
    only: str | None,
    year: int | None,
    plan: str | None,
) -> Panel:
    """What is known beside the readings of air and water, for the regions that have some."""
    config, store = workspace.config, workspace.store
    entered = _entered(workspace, as_of, as_of.year if year is None else year)
    if plan is not None:
        there = cities | waters
        _refuse_foreign_plan(
            entered.plans, plan, {r for r in there if only in (None, normalise_region(r))}
        )
    sites = store.read("sites")
    sites = sites[(sites["place_kind"] == "section") & sites["region"].isin(waters)]
    sections = {
        str(name): tuple(sorted(set(group["place"]))) for name, group in sites.groupby("region")
    }
    nothing = [SCHEMAS[t].empty_table().to_pandas() for t in ("air_daily", "water_samples")]
    return Panel(
        nothing[0], nothing[1], entered, sections, section_sets(workspace), plan,
        dict(config.regions.aliases), only=only,
        groups=tuple(Group(g.name, tuple(g.members)) for g in config.region_groups),
        circumstances=_circumstances(config, cities), declared=declared_places(config),
    )  # fmt: skip


def _circumstances(config: Config, regions: set[str]) -> dict[str, Circumstances]:
    """Normalised region → the spans and breaks that the configuration has for it."""
    found = {}
    for region in map(normalise_region, regions):
        spans = [
            Span(np.datetime64(s.first, "D"), np.datetime64(s.last, "D"), s.weight, tuple(s.items))
            for s in config.exceptional_spans
            if not s.region or normalise_region(s.region) == region
        ]
        breaks = [
            Break(np.datetime64(b.day, "D"), items=tuple(i for i in b.items if i in AIR_ITEMS))
            for b in config.breaks
            if normalise_region(b.region) == region
            and not b.section
            and (not b.items or set(b.items) & set(AIR_ITEMS))
        ]
        if spans or breaks:
            found[region] = Circumstances().with_own(spans, breaks)
    return found


def _weather(store: Store, as_of: date, regions: set[str]) -> dict[str, pd.DataFrame]:
    """Normalised region → its daily weather known at the end of ``as_of``."""
    wanted = set(map(normalise_region, regions))
    names = store.read("met_daily", columns=["region"], categories=True)["region"].unique()
    own = [str(name) for name in names if normalise_region(str(name)) in wanted]
    if not own:
        return {}
    rows = store.met_daily(as_of, own)
    keys = rows["region"].map({name: normalise_region(name) for name in own})
    return {str(key): daily_weather(mine) for key, mine in rows.groupby(keys, sort=True)}


def _dust_days(store: Store, as_of: date) -> pd.DataFrame:
    """The dust days known at the end of ``as_of``, one a region, date and item."""
    rows = store.read("dust_days", columns=["region", "date", "item", "known_from"])
    day_after = pd.Timestamp(as_of) + pd.Timedelta(days=1)
    known = (rows["date"] < day_after) & ~(rows["known_from"] >= day_after)
    return rows.loc[known, ["region", "date", "item"]].drop_duplicates(ignore_index=True)


def section_sets(workspace: Workspace) -> dict[str, tuple[SectionSet, ...]]:
    """Return the sets of sections by region: those of the configuration, then those of lists.

    A list dates each of its sections, so it becomes one set for each stretch of days in which the
    same sections are in force. A set of the configuration goes before a list of its name.
    """
    sets: dict[str, list[SectionSet]] = {}
    declared = set()
    for one in workspace.config.section_sets:
        key = normalise_region(one.region)
        declared.add((key, one.name))
        sets.setdefault(key, []).append(
            SectionSet(one.name, tuple(one.sections), one.valid_from, one.valid_to)
        )
    rows = workspace.store.read("section_sets")
    rows = rows.assign(key=rows["region"].map(normalise_region))
    for (of, name), group in rows.groupby(["key", "name"], sort=True):
        if (of, name) not in declared:
            sets.setdefault(str(of), []).extend(_stretches(str(name), group))
    return {key: tuple(found) for key, found in sets.items()}


def _stretches(name: str, rows: pd.DataFrame) -> list[SectionSet]:
    """Return a set for each stretch of days without a change in the list."""
    begins = [None if pd.isna(day) else day.date() for day in rows["valid_from"]]
    ends = [None if pd.isna(day) else day.date() for day in rows["valid_to"]]
    one_day = timedelta(days=1)
    starts: list[date | None] = [None]
    starts += sorted({b for b in begins if b} | {e + one_day for e in ends if e})
    found = []
    for at, start in enumerate(starts):
        following = starts[at + 1] if at + 1 < len(starts) else None
        end = None if following is None else following - one_day
        day = start or (end if end is not None else date.min)
        inside = tuple(
            sorted(
                str(section)
                for section, b, e in zip(rows["section"], begins, ends, strict=True)
                if (b is None or b <= day) and (e is None or day <= e)
            )
        )
        if inside:
            found.append(SectionSet(name, inside, start, end))
    return found


def _entered(workspace: Workspace, as_of: date, year: int) -> Applied:
    """The plans with what people had entered by ``as_of``, in commands or in yearly sheets."""
    config = workspace.config
    plans = load_plans(workspace.root / config.plans.folder, names=config.plans.names)
    store = workspace.store
    applied = apply_entries(plans, read_entries(workspace), as_of=as_of, year=year)
    sheets = store.yearly_values(as_of)
    if sheets.empty:
        return applied
    yearly = {key: dict(values) for key, values in applied.yearly.items()}
    for row in sheets.to_dict("records"):
        key = (normalise_region(str(row["region"])), str(row["indicator"]))
        yearly.setdefault(key, {}).setdefault(int(row["year"]), float(row["value"]))
    return replace(applied, yearly=yearly)


def _refuse_foreign_plan(plans: tuple[Plan, ...], name: str, regions: set[str]) -> None:
    """Stop where the plan asked for is of a region without readings."""
    plan = find_plan(plans, name)
    there = {normalise_region(r) for r in regions}
    own = {normalise_region(n) for n in (plan.region, *plan.aliases) if n}
    if plan.region and not own & there:
        raise ForecastError(
            f"The plan {name} is of {plan.region}, and there are no readings of it.",
            f"Regions with readings: {', '.join(sorted(regions)[:20])}.",
        )
