"""The charts of the annual review by name, and what makes each from what a workspace holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property

import pandas as pd

from forecast.charts.annual_trend import annual_trend
from forecast.charts.aqi_calendar import aqi_calendar
from forecast.charts.bad_day_budget import bad_day_budget
from forecast.charts.chart import Chart
from forecast.charts.city_ranking import city_ranking
from forecast.charts.good_days_explained import good_days_explained
from forecast.charts.level_shares import level_shares
from forecast.charts.scoreboard import scoreboard
from forecast.charts.section_tiles import SectionTilesData, section_tiles
from forecast.charts.style import Lang
from forecast.charts.target_tracker import target_tracker
from forecast.charts.time_variation import time_variation
from forecast.charts.weather_normalised import weather_normalised
from forecast.errors import InputError, UsageError
from forecast.ingest.points import with_cities
from forecast.projection.answers import project_panel
from forecast.projection.panel import Panel, PanelProjection
from forecast.projection.settings import Settings
from forecast.region_names import normalise_region
from forecast.report.review_air import air_targets, budget_data, calendar_data, shares_data
from forecast.report.review_cycles import city_hours, variation_data
from forecast.report.review_days import CityDays, Notices, cities_of, city_of
from forecast.report.review_good_days import good_days_data
from forecast.report.review_projected import board_data, projected_tiles, trackers, with_ahead
from forecast.report.review_ranking import YEARS_BEFORE, ranking_data
from forecast.report.review_trend import trend_data
from forecast.report.review_water import tiles_data
from forecast.report.review_weather import weather_data
from forecast.revisions import SOURCE_PRIORITY, speaking
from forecast.standards.items import AIR_ITEMS
from forecast.store import Store
from forecast.tables import TABLES
from forecast.targets.model import Target

__all__ = ["REVIEW_CHARTS", "ReviewChart", "ReviewRequest", "known_chart", "review_chart"]


@dataclass(frozen=True)
class ReviewRequest:
    """What the charts are made from.

    Attributes:
        panel: the readings and targets of the workspace; ``panel.only`` is the region asked for.
        store: its tables, for hours and single stations.
        last: last day with a reading.
        year: the year drawn; None = the last with values.
        standard: token of the version asked for; None: by date.
        denominator: of the good-day ratio.
        lang: language of the texts.
        notices: lines that must not be missed.
        target: a good-day ratio [%] in place of a plan's, for the budget.
        settings: how a projection is made where a chart shows one; None: charts show what was
            observed, and those that are nothing without a projection are refused.
        projection: a projection of the same panel and year that is at hand already.
        item: of the chart of weather normalisation.
        run_id: the run that the charts stand with, for their footers; empty outside a report.
        known: every city of the workspace where they are at hand; None: they are made of ``panel``.
    """

    panel: Panel
    store: Store
    last: date
    year: int | None = None
    standard: str | None = None
    denominator: str = "valid"
    lang: Lang = "both"
    notices: Notices = field(default=())
    target: float | None = None
    settings: Settings | None = None
    projection: PanelProjection | None = None
    item: str = "pm25"
    run_id: str = ""
    known: Sequence[CityDays] | None = None

    def city(self) -> CityDays:
        """The city asked for.

        Raises:
            UsageError: there are several and none was named. InputError: no daily values.
        """
        return self._city

    @cached_property
    def _city(self) -> CityDays:
        cities = sorted(map(str, self.panel.air["region"].unique()))
        if self.panel.only is None and len(cities) > 1:
            raise UsageError(
                f"This chart shows one region, and the workspace has {len(cities)}.",
                f"Name one with --region: {', '.join(cities[:20])}{' …' if len(cities) > 20 else ''}.",
            )
        return replace(city_of(self.panel, self.standard, self.denominator), run_id=self.run_id)

    @cached_property
    def cities(self) -> Sequence[CityDays]:
        """Every city of the workspace, also those not asked for."""
        if self.known is not None:
            return self.known
        return cities_of(self.panel, self.standard, self.denominator, only=False)

    def year_of(self, city: CityDays) -> int:
        """The year asked for, else the last one in which ``city`` has values."""
        return self.year if self.year is not None else city.years[-1]

    def targets(self, region: str, year: int) -> list[Target]:
        """Targets judged in ``region`` in ``year``."""
        return air_targets(self.panel, region, year)

    def open(self, year: int) -> bool:
        """Whether days of ``year`` are still to come."""
        ahead = self.settings is not None or self.projection is not None
        return ahead and self.last < date(year, 12, 31)

    def projected(self, year: int, *, water: bool = True) -> PanelProjection | None:
        """The projection of ``year`` at hand, else one made now; None where none is wanted.

        Args:
            year: the year judged.
            water: whether the sections are asked for as well; they take the most time.
        """
        if self.projection is not None or self.settings is None:
            return self.projection
        panel = self.panel if water else replace(self.panel, water=self.panel.water.iloc[:0])
        return project_panel(panel, replace(self.settings, year=year))

    def stations(self, city: CityDays, years: range) -> list[CityDays]:
        """Single stations of a city that have daily values in ``years``."""
        rows, sites = self._points("station_daily", city, years)
        if rows.empty:
            return []
        named = sites[sites["place_kind"] == "station"].drop_duplicates("place", keep="last")
        names = {str(p): str(n) for p, n in zip(named["place"], named["name"], strict=True) if n}
        out = []
        for place, own in rows.groupby("place", sort=True):
            values = own.drop_duplicates("date", keep="last").set_index("date").sort_index()
            values.index = pd.DatetimeIndex(values.index)
            out.append(
                CityDays(
                    city.region, names.get(str(place), str(place)),
                    values[list(AIR_ITEMS)].astype("float64"), city.removed, values["basis"],
                    self.standard, self.denominator,
                )
            )  # fmt: skip
        return out

    def hours(self, city: CityDays, years: range) -> pd.DataFrame | None:
        """Hourly PM2.5 and O3 of a city in ``years``, None where there are none."""
        rows, sites = self._points("air_hourly", city, years)
        control = sites.loc[sites["role"] == "control", "place"]
        rows = rows[~rows["place"].isin(set(control))]
        return None if rows.empty else city_hours(rows)

    def _points(
        self, table: str, city: CityDays, years: range
    ) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Rows of a table by month that belong to ``city``, and the list of sites.

        Month by month, so that an archive of the whole country need not fit into memory.
        """
        sites = self.store.read("sites")
        wanted = normalise_region(city.region)
        found = []
        for part in sorted(self.store.manifest().get(table, {})):
            if int(part[:4]) not in years:
                continue
            there = self.store.read(table, columns=["region"], partitions=[part], categories=True)
            names = [
                n for n in map(str, there["region"].unique()) if normalise_region(n) in ("", wanted)
            ]
            if names:
                rows = with_cities(self.store.read(table, partitions=[part], regions=names), sites)
                keys = rows["region"].map({r: normalise_region(r) for r in rows["region"].unique()})
                found.append(rows[keys == wanted])
        if not found:
            return self.store.read(table, partitions=[]), sites
        whole = pd.concat(found, ignore_index=True)
        return speaking(whole, list(TABLES[table].key), SOURCE_PRIORITY), sites


@dataclass(frozen=True)
class ReviewChart:
    """One chart of the list: its names and what draws it."""

    name: str
    zh: str
    en: str
    draw: Callable[[ReviewRequest], list[Chart]] = field(repr=False)


def _calendar(asked: ReviewRequest) -> list[Chart]:
    city = asked.city()
    return [aqi_calendar(calendar_data(city, asked.year_of(city), asked.notices), lang=asked.lang)]


def _budget(asked: ReviewRequest) -> list[Chart]:
    city = asked.city()
    year = asked.year_of(city)
    data = budget_data(
        city, year, asked.targets(city.region, year), asked.notices, percent=asked.target
    )
    if asked.open(year):
        data = with_ahead(data, asked.projected(year, water=False), city)
    return [bad_day_budget(data, lang=asked.lang)]


def _trend(asked: ReviewRequest) -> list[Chart]:
    city = asked.city()
    return [annual_trend(trend_data(city, asked.year_of(city), asked.notices), lang=asked.lang)]


def _normalised(asked: ReviewRequest) -> list[Chart]:
    data = weather_data(asked.city(), asked.panel, asked.year, asked.notices, item=asked.item)
    return [weather_normalised(data, lang=asked.lang)]


def _explained(asked: ReviewRequest) -> list[Chart]:
    city = asked.city()
    data = good_days_data(city, asked.panel, asked.year_of(city), asked.notices)
    return [good_days_explained(data, lang=asked.lang)]


def _variation(asked: ReviewRequest) -> list[Chart]:
    city = asked.city()
    year = asked.year_of(city)
    # The last hour of a year ends in the next one.
    hours = asked.hours(city, range(year - 3, year + 2))
    return [time_variation(variation_data(city, year, hours, asked.notices), lang=asked.lang)]


def _shares(asked: ReviewRequest) -> list[Chart]:
    city = asked.city()
    year = asked.year_of(city)
    others = asked.stations(city, range(year, year + 1))
    places = ("点位", "stations")
    if not others:
        others = [c for c in asked.cities if year in c.years]
        others = others if len(others) > 1 else []
        places = ("城市", "cities")
    data = shares_data(city, year, others, asked.notices, places=places)
    return [level_shares(data, lang=asked.lang)]


def _ranking(asked: ReviewRequest) -> list[Chart]:
    cities = asked.cities
    if not cities:
        city_of(asked.panel, asked.standard)  # says what is missing
    only = asked.panel.only or (normalise_region(cities[0].region) if len(cities) == 1 else "")
    own = [c for c in cities if normalise_region(c.region) == only]
    if only and not own:
        asked.city()
    year = asked.year
    if year is None:
        year = max(c.years[-1] for c in own or cities)
    title = ("", "")
    shown = cities
    if len(cities) == 1:
        stations = asked.stations(cities[0], range(year - YEARS_BEFORE, year + 1))
        if len(stations) > 1:
            shown = stations
            title = (f"{cities[0].place}各点位", f"{cities[0].place}, stations")
    if own:
        own[0].last_day(year)  # says which years there are
    targets = {
        c.region: self_targets for c in shown if (self_targets := asked.targets(c.region, year))
    }
    data = ranking_data(
        shown, year, targets, asked.notices, only="" if title[0] else only, title=title
    )
    return list(city_ranking(data, lang=asked.lang))


def _tiles(asked: ReviewRequest) -> list[Chart]:
    panel = asked.panel
    own = panel.water[panel.water["region"].map(lambda r: panel.wants(str(r))).astype(bool)]
    regions = sorted(map(str, own["region"].unique()))
    if len(regions) > 1 and panel.only is None:
        raise UsageError(
            f"This chart shows one region, and the workspace has water samples of {len(regions)}.",
            f"Name one with --region: {', '.join(regions[:20])}{' …' if len(regions) > 20 else ''}.",
        )
    if own.empty:
        others = sorted(map(str, panel.water["region"].unique()))
        raise InputError(
            f"There are no water samples of {panel.only or 'any region'}.",
            f"Regions with samples: {', '.join(others[:20])}." if others else
            "Take in samples of water sections first: forecast ingest <folder>.",
        )  # fmt: skip
    year = asked.year if asked.year is not None else int(own["time"].dt.year.max())
    made: list[SectionTilesData] = []
    if asked.open(year) and (own["time"].dt.year == year).any():
        projection = asked.projected(year)
        if projection is not None:
            made = projected_tiles(projection, year, asked.last, asked.notices)
    made = made or tiles_data(panel, year, asked.last, asked.notices)
    footed = [replace(d, footer=replace(d.footer, run_id=asked.run_id)) for d in made]
    return [chart for data in footed for chart in section_tiles(data, lang=asked.lang)]


def _tracker(asked: ReviewRequest) -> list[Chart]:
    city = asked.city()
    year = asked.year_of(city)
    city.last_day(year)  # says which years there are
    made = trackers(_needed(asked, year, water=False), city, year, asked.notices)
    return [target_tracker(data, lang=asked.lang) for data in made]


def _scoreboard(asked: ReviewRequest) -> list[Chart]:
    panel = asked.panel
    names = {str(r) for f in (panel.air, panel.water) for r in f["region"].unique()}
    regions = sorted({normalise_region(r) for r in names if panel.wants(r)})
    if len(regions) > 1:
        raise UsageError(
            f"This chart shows one region, and the workspace has {len(regions)}.",
            f"Name one with --region: {', '.join(regions[:20])}{' …' if len(regions) > 20 else ''}.",
        )
    year = asked.year if asked.year is not None else asked.last.year
    cities = cities_of(panel, asked.standard, asked.denominator)
    data = board_data(
        _needed(asked, year, water=True), regions[0], year, asked.last, asked.notices,
        cities[0] if cities else None,
    )  # fmt: skip
    return list(scoreboard(data, lang=asked.lang))


def _needed(asked: ReviewRequest, year: int, *, water: bool) -> PanelProjection:
    found = asked.projected(year, water=water)
    if found is None:
        raise UsageError(
            "This chart rests on a projection, and none was asked for.", "Leave out --no-forecast."
        )
    return found


#: Every chart that ``forecast chart`` can draw, by name.
REVIEW_CHARTS: dict[str, ReviewChart] = {
    c.name: c
    for c in (
        ReviewChart("target_tracker", "目标进度", "progress to the targets", _tracker),
        ReviewChart("scoreboard", "目标一览", "scoreboard of targets", _scoreboard),
        ReviewChart("aqi_calendar", "逐日空气质量日历", "calendar of the daily AQI", _calendar),
        ReviewChart("bad_day_budget", "污染天预算", "budget of bad days", _budget),
        ReviewChart("annual_trend", "主要污染物多年变化", "annual indicators over the years", _trend),
        ReviewChart("weather_normalised", "气象归一化趋势", "observed and in normal weather", _normalised),
        ReviewChart("time_variation", "小时、星期、月份变化", "variation by hour, weekday, month", _variation),
        ReviewChart("level_shares", "级别比例与首要污染物", "shares of AQI levels, leading items", _shares),
        ReviewChart("city_ranking", "城市或点位排名与同比", "ranks of cities or stations", _ranking),
        ReviewChart("good_days_explained", "优良天数解释", "good days explained", _explained),
        ReviewChart("section_tiles", "断面水质类别", "water class of sections by month", _tiles),
    )
}  # fmt: skip


def known_chart(name: str) -> ReviewChart:
    """Return the chart called ``name``.

    Raises:
        UsageError: no such chart; the message lists them.
    """
    chosen = REVIEW_CHARTS.get(name)
    if chosen is None:
        raise UsageError(
            f"There is no chart called {name}.", f"Charts: {', '.join(REVIEW_CHARTS)}."
        )
    return chosen


def review_chart(name: str, asked: ReviewRequest) -> list[Chart]:
    """Draw the chart called ``name``; more than one where its rows fill several pages.

    Raises:
        UsageError: no such chart, or the request needs a region.
        InputError: there are no readings of that region or year.
    """
    chosen = known_chart(name)
    if asked.target is not None and name != "bad_day_budget":
        raise UsageError(
            f"--target has no meaning for {name}.", "It sets the good-day ratio of bad_day_budget."
        )
    if asked.item != "pm25" and name != "weather_normalised":
        raise UsageError(
            f"--item has no meaning for {name}.", "It chooses the item of weather_normalised."
        )
    if asked.target is not None and not 0 < asked.target <= 100:
        raise UsageError(
            f"--target {asked.target:g} is not a ratio of days.", "Give a percentage such as 80."
        )
    return chosen.draw(asked)
