"""The change between two years, and how much of it is the water's and how much the flow's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from forecast.errors import UsageError
from forecast.trend.wrtds.normalisation import Normaliser
from forecast.trend.wrtds.periods import Period, flow_window, period
from forecast.trend.wrtds.records import Flow, Samples
from forecast.trend.wrtds.settings import Settings
from forecast.trend.wrtds.surface import LazySurface

__all__ = ["DAYS_PER_YEAR", "Change", "ChangeParts", "YearPair"]

#: A mean of kg/day becomes kg/yr by this.
DAYS_PER_YEAR = 365.25

_DAY = np.timedelta64(1, "D")


@dataclass(frozen=True)
class ChangeParts:
    """Change of one quantity between two years [its unit].

    Attributes:
        first, last: its normalised mean in either year, each with its own flows.
        first_all, last_all: the same with the flows of the whole record.
    """

    first: float
    last: float
    first_all: float
    last_all: float

    @property
    def change(self) -> float:
        """Total change."""
        return self.last - self.first

    @property
    def cqtc(self) -> float:
        """What the relation of concentration and flow brought, at the flows of the whole record."""
        return self.last_all - self.first_all

    @property
    def qtc(self) -> float:
        """The rest: what the change of the flows brought; 0 with stationary flow."""
        return self.change - self.cqtc

    def percent(self, part: float) -> float:
        """A part in % of the first year."""
        return 100.0 * part / self.first

    def times(self, factor: float) -> ChangeParts:
        """The same in another unit."""
        return ChangeParts(*(factor * v for v in (self.first, self.last, self.first_all,
                                                  self.last_all)))  # fmt: skip


@dataclass(frozen=True)
class Change:
    """Flow-normalised change from one period of analysis to another.

    Attributes:
        first_year, last_year: the calendar years in which the periods end.
        start_month, months: the period; 10 and 12 are the water year.
        window_side: years on either side whose flows a year has; 0 with stationary flow.
        conc: concentration [mg/L]. flux: flux [kg/yr].
    """

    first_year: int
    last_year: int
    start_month: int
    months: int
    window_side: int
    conc: ChangeParts
    flux: ChangeParts

    @property
    def conc_change(self) -> float:
        """Change of the normalised concentration [mg/L]."""
        return self.conc.change

    @property
    def conc_change_percent(self) -> float:
        """The same in % of the first year."""
        return self.conc.percent(self.conc.change)

    @property
    def flux_change(self) -> float:
        """Change of the normalised flux [kg/yr]."""
        return self.flux.change

    @property
    def flux_change_percent(self) -> float:
        """The same in % of the first year."""
        return self.flux.percent(self.flux.change)

    @property
    def conc_cqtc(self) -> float:
        """Part of the concentration's change that came with the relation to flow [mg/L]."""
        return self.conc.cqtc

    @property
    def conc_qtc(self) -> float:
        """Part of the concentration's change that came with the flows [mg/L]."""
        return self.conc.qtc

    @property
    def flux_cqtc(self) -> float:
        """Part of the flux's change that came with the relation to flow [kg/yr]."""
        return self.flux.cqtc

    @property
    def flux_qtc(self) -> float:
        """Part of the flux's change that came with the flows [kg/yr]."""
        return self.flux.qtc


class YearPair:
    """Two periods with the flows of each: what stays when the samples are drawn anew."""

    def __init__(
        self,
        flow: Flow, samples: Samples, settings: Settings, surface: LazySurface,
        first_year: int, last_year: int, start_month: int, months: int,
    ) -> None:  # fmt: skip
        self.years, self.months = (int(first_year), int(last_year)), (start_month, months)
        self.window_side = settings.window_side
        if first_year >= last_year:
            raise UsageError(
                f"The first year ({first_year}) is not before the last ({last_year}).",
                "Give the earlier year first.",
            )
        self._everything = Normaliser(surface.grid, flow, np.ones(len(flow), dtype=bool))
        self._parts = []
        for year in self.years:
            span = period(year, start_month, months)
            _check_span(year, span, samples, flow)
            inside = (flow.day >= span.first) & (flow.day <= span.last)
            begin, end = _own_flows(flow, settings, span)
            used = (flow.day >= begin) & (flow.day <= end)
            self._parts.append((Normaliser(surface.grid, flow, used), flow.t[inside],
                                flow.season_day[inside]))  # fmt: skip

    def change(self, first: LazySurface, last: LazySurface) -> Change:
        """The change with the surface of each year (one and the same without a wall)."""
        means = []
        for surface, (own, t, season_day) in zip((first, last), self._parts, strict=True):
            for normaliser in (own, self._everything):
                daily = normaliser.normalise(surface, t, season_day)
                means.append((float(daily[0].mean()), float(daily[1].mean()) * DAYS_PER_YEAR))
        conc, flux = (
            ChangeParts(first=means[0][k], last=means[2][k], first_all=means[1][k],
                        last_all=means[3][k])
            for k in (0, 1)
        )  # fmt: skip
        return Change(*self.years, *self.months, self.window_side, conc, flux)


def _check_span(year: int, span: Period, samples: Samples, flow: Flow) -> None:
    if span.last < samples.day[0] or span.first > samples.day[-1]:
        raise UsageError(
            f"The period {year} ({span.first} to {span.last}) lies outside the samples "
            f"({samples.day[0]} to {samples.day[-1]}).",
            "Choose years that the samples reach.",
        )
    if span.first < flow.day[0] or span.last > flow.day[-1]:
        raise UsageError(
            f"The flow record ({flow.day[0]} to {flow.day[-1]}) does not hold the whole period "
            f"{year} ({span.first} to {span.last}).",
            "Choose years that it holds, or give more flow.",
        )


def _own_flows(flow: Flow, settings: Settings, span: Period) -> tuple[np.datetime64, np.datetime64]:
    begin, end = flow.day[0], flow.day[-1]
    if settings.flow_break is not None:
        if not begin <= settings.flow_break < end:
            raise UsageError(
                f"flow_break {settings.flow_break} is not within the flow record.",
                "Give the last day of the old regime.",
            )
        begin, end = (
            (settings.flow_break + _DAY, end)
            if span.first > settings.flow_break
            else (begin, settings.flow_break)
        )
    if settings.window_side == 0:
        return begin, end
    return flow_window(span.first, span.last, settings.window_side, begin, end)
