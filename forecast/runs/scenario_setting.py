"""What a scenario is tried on: one region's year as the forecast draws it, its targets, its inventory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ForecastError, UsageError
from forecast.features.hydrology import monthly_means
from forecast.projection.air import drawn_apart
from forecast.projection.air_paths import YearPaths, untouched_days, year_paths
from forecast.projection.days import BY_AQI, calendar_days, wide
from forecast.projection.panel import Panel, water_results
from forecast.projection.result import IndicatorResult
from forecast.projection.scenario_sections import WaterYear
from forecast.projection.scenario_years import ScenarioYear
from forecast.projection.section_shares import SectionSet
from forecast.projection.settings import Settings
from forecast.projection.water_names import same_section
from forecast.region_names import normalise_region, of_region
from forecast.runs.inputs import load_panel
from forecast.runs.request import Request, settings_of
from forecast.targets.applying import applying_targets
from forecast.targets.model import Target
from forecast.workspace import Workspace

__all__ = ["ScenarioSetting", "open_setting", "setting_of"]

#: Years of samples whose months are the typical year of a section's balance of loads.
_TYPICAL_YEARS = 3


@dataclass(frozen=True)
class ScenarioSetting:
    """One region and year, ready for packages of measures.

    Attributes:
        panel, settings: the readings and the question, as of a run.
        region, place: as the readings name them.
        air: the drawn year of the air; None where there is none, for the reason ``no_air`` (zh, en).
        emissions: the workspace's inventories (table ``emissions``).
        sample: whether the readings are generated.
        jobs: threads.
    """

    panel: Panel
    settings: Settings
    region: str
    place: str
    air: YearPaths | None
    no_air: tuple[str, str]
    emissions: pd.DataFrame = field(repr=False)
    sample: bool = False
    jobs: int = 1
    _classes: Callable[[], list[IndicatorResult]] = field(default=list, repr=False)

    @property
    def as_of(self) -> date:
        """Last day whose readings are known."""
        return self.settings.as_of

    @cached_property
    def water_known(self) -> date:
        """Last day with a water sample of the region by ``as_of``: what its record can hold."""
        rows = self.panel.water
        rows = rows[of_region(rows["region"], self.region)]
        rows = rows[rows["time"] < pd.Timestamp(self.as_of) + pd.Timedelta(days=1)]
        last: date = self.as_of if rows.empty else rows["time"].max().date()
        return last

    @property
    def first_day(self) -> date:
        """First day that a cut can change."""
        if self.air is None or self.air.first >= len(self.air.days):
            return max(self.as_of + timedelta(days=1), self.settings.first_day)
        day: date = self.air.days[self.air.first].astype(object)
        return day

    @property
    def days(self) -> NDArray[np.datetime64]:
        """Days of the year asked, (day,)."""
        return calendar_days(self.settings.first_day, self.settings.last_day)

    @cached_property
    def targets(self) -> list[Target]:
        """Targets that apply to the region in the year."""
        return applying_targets(
            self.panel.entered.plans, self.region, self.settings.year, plan=self.panel.plan,
            aliases=self.panel.aliases,
        )[0]  # fmt: skip

    @property
    def air_targets(self) -> list[Target]:
        """Those on the air that its days can answer."""
        own = [t for t in self.targets if t.domain == "air"]
        if self.air is not None and self.air.apart[0]:
            own = [t for t in own if t.indicator not in BY_AQI]
        return own

    @cached_property
    def air_year(self) -> ScenarioYear:
        """The paths of the air.

        Raises:
            ForecastError: there are none.
        """
        air = self.air
        if air is None:
            raise ForecastError(
                f"No day of the air of {self.region} is drawn for {self.settings.year}: "
                f"{self.no_air[1]}.",
                "Ask for a year that is not over, with at least a year of readings before it.",
            )
        return ScenarioYear(
            air.values, air.days, self.settings.year, first_day=air.days[air.first],
            standard=self.settings.standard, denominator=self.settings.denominator,
            dust_removed=air.dust if air.dust.any() else None,
            untouched=untouched_days(air.values, air.days),
        )  # fmt: skip

    @cached_property
    def water_year(self) -> WaterYear:
        """The sections with their drawn months.

        Raises:
            InputError: none is drawn.
        """
        return WaterYear(self._classes(), self.settings.year)

    @property
    def section_sets(self) -> tuple[SectionSet, ...]:
        """The lists of sections in force at the end of the year."""
        sets = self.panel.section_sets.get(normalise_region(self.region), ())
        return tuple(s for s in sets if s.covers(self.settings.last_day))

    def typical_months(self, section: str) -> Mapping[str, NDArray[np.float64]]:
        """Item → mean of each calendar month over the last three years, (12,) [mg/L], of a section."""
        rows = self.panel.water
        rows = rows[of_region(rows["region"], self.region)]
        since = pd.Timestamp(self.as_of) - pd.DateOffset(years=_TYPICAL_YEARS)
        rows = rows[(rows["time"] > since) & (rows["item"] != "class_published")]
        names = {str(p) for p in rows["place"].unique() if same_section(str(p), section)}
        rows = rows[rows["place"].isin(names)]
        if rows.empty:
            return {}
        monthly = monthly_means(rows.assign(place=section))[section]
        months = pd.DatetimeIndex(monthly.index).month
        typical = monthly.groupby(months).mean().reindex(range(1, 13))
        return {str(item): typical[item].to_numpy(np.float64) for item in typical.columns}


def open_setting(workspace: Workspace, question: Request) -> ScenarioSetting:
    """Read the workspace and draw the year asked of one region.

    Without a year it is that of the last reading, or the next where that one is over; ``jobs`` are
    threads.

    Raises:
        UsageError: several regions and none is named.
        ForecastError: no readings, or a year that is over or out of reach.
    """
    config = workspace.config
    panel, as_of = load_panel(
        workspace, question.as_of, year=question.year, region=question.region, plan=question.plan
    )
    found = sorted({str(r) for f in (panel.air, panel.water) for r in f["region"].unique()})
    found = [r for r in found if panel.wants(r)]
    if len({normalise_region(r) for r in found}) > 1:
        raise UsageError(
            f"The workspace has {len(found)} regions, and a scenario is of one.",
            f"Name it with --region: {', '.join(found[:20])}{' …' if len(found) > 20 else ''}.",
        )
    region = found[0]
    if question.year is None and as_of == date(as_of.year, 12, 31):
        question = replace(question, year=as_of.year + 1)
        panel, _ = load_panel(
            workspace, question.as_of, year=question.year, region=question.region,
            plan=question.plan,
        )  # fmt: skip
    settings = settings_of(config, question, as_of, outlook=False)
    if settings.year_over:
        raise ForecastError(
            f"{settings.year} is over with the readings of {as_of}: no cut changes it any more.",
            f"Ask for {(as_of + timedelta(days=1)).year} with --year, or look back from an earlier day "
            "with --as-of.",
        )
    if settings.year > as_of.year + 10:
        raise ForecastError(
            f"The year {settings.year} is out of reach of readings up to {as_of}.",
            "Ask for a year at most ten years ahead.",
        )
    air, place, no_air = _drawn_air(panel, region, settings)
    return ScenarioSetting(
        panel, settings, region, place, air, no_air, _emissions(workspace, as_of),
        sample=config.workspace.sample, jobs=question.jobs or 2,
        _classes=lambda: _classes(panel, settings, region),
    )  # fmt: skip


def setting_of(
    workspace: Workspace,
    panel: Panel,
    settings: Settings,
    region: str,
    place: str,
    air: YearPaths | None,
    classes: list[IndicatorResult],
) -> ScenarioSetting:
    """Return the setting of a region that a run has projected: nothing is drawn again."""
    return ScenarioSetting(
        panel, settings, region, place, air, ("本次运行未推算", "the run has not drawn it"),
        _emissions(workspace, settings.as_of), sample=workspace.config.workspace.sample,
        _classes=lambda: classes,
    )  # fmt: skip


def _emissions(workspace: Workspace, as_of: date) -> pd.DataFrame:
    """The inventories of years that had begun by ``as_of``."""
    table = workspace.store.read("emissions")
    return table[table["year"] <= as_of.year].reset_index(drop=True)


def _drawn_air(
    panel: Panel, region: str, settings: Settings
) -> tuple[YearPaths | None, str, tuple[str, str]]:
    """The drawn year of the region's city, its name, and the reason where there is none."""
    key = normalise_region(region)
    cities = [c for c in panel.cities() if normalise_region(c[0]) == key]
    if not cities:
        return None, region, ("没有城市空气监测值", "there are no readings of its air")
    named = [c for c in cities if normalise_region(c[1]) == key]
    own, place, readings = (named or cities)[0]
    history = wide(readings)
    history = history[history.index <= pd.Timestamp(settings.as_of)]
    found = year_paths(
        own, place, history, settings,
        dust=panel.dust_of(own), sharing=panel.sharing(settings).get(own),
        circumstances=panel.circumstances.get(key), weather=panel.weather.get(key),
        apart=drawn_apart(history, settings),
    )  # fmt: skip
    if found is None:
        return None, place, (
            "监测记录太短或已中断,不能外推",
            "the record is too short or has stopped, so nothing is drawn from it",
        )  # fmt: skip
    return found, place, ("", "")


def _classes(panel: Panel, settings: Settings, region: str) -> list[IndicatorResult]:
    key = normalise_region(region)
    return [
        r
        for w in water_results(panel, settings, draw=True)
        if normalise_region(w.region) == key
        for r in w.results
    ]
