"""The fit of a record and what is asked of it: days, years, change, uncertainty, filled days."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.trend.wrtds.annual import annual_means
from forecast.trend.wrtds.bootstrap import BootstrapChange, bootstrap
from forecast.trend.wrtds.change import Change, YearPair
from forecast.trend.wrtds.cross_validation import leave_one_out
from forecast.trend.wrtds.kalman import filled_days
from forecast.trend.wrtds.normalisation import KG_PER_DAY, Normaliser
from forecast.trend.wrtds.periods import check_months, period, segments
from forecast.trend.wrtds.records import Flow, Samples, read_records
from forecast.trend.wrtds.settings import Settings, check_rng, day_of
from forecast.trend.wrtds.sides import Sides, checked, settings_for_change
from forecast.trend.wrtds.surface import Grid, Surface

__all__ = ["Wrtds", "fit"]

#: An estimate of more than so many times the highest sample is called out.
_FAR = 10.0

Floats = NDArray[np.float64]


def fit(
    samples: pd.DataFrame,
    flow: pd.DataFrame,
    *,
    window_years: float = 7.0,
    window_log_q: float = 2.0,
    window_season: float = 0.5,
    min_observations: int = 100,
    min_uncensored: int = 50,
    edge_adjust: bool = True,
    window_side: int = 0,
    wall: object = None,
    flow_break: object = None,
    decimal_year: str = "leap_year",
) -> Wrtds:
    """Weighted regressions on time, discharge and season (WRTDS) of one record.

    The tables are checked here; the regressions of a time slice are made when something needs that
    slice, once. So ``change`` of two years costs about a tenth of a whole fit.

    Args:
        samples: date, conc_low, conc_high [mg/L]. Equal bounds are a measured value; conc_low
            missing is a value below conc_high; 0 < conc_low < conc_high lies between the two.
            Several samples of a day are all used.
        flow: date, q [m³/s], every day once.
        window_years, window_log_q, window_season: half windows in time [years], ln flow and season
            [years].
        min_observations, min_uncensored: samples (uncensored ones) that each regression needs;
            windows grow by 1.1 until they hold them.
        edge_adjust: widen windows that reach over an edge of the record.
        window_side: years on either side whose flows a year is normalised to (moving flow); 0 for
            the flows of the whole record (stationary flow).
        wall: last day of an old relation of concentration and flow, if there was a step.
        flow_break: last day of an old regime of flow, if there was a step.
        decimal_year: ``leap_year`` or ``calendar``, see ``DECIMAL_YEARS``.

    Raises:
        UsageError: a column is missing or an option has no meaning.
        InputError: a row can't be used, the flow has gaps, or the samples are too few.
    """
    settings = Settings(
        window_years=window_years, window_log_q=window_log_q, window_season=window_season,
        min_observations=min_observations, min_uncensored=min_uncensored, edge_adjust=edge_adjust,
        window_side=window_side, wall=day_of(wall, "wall"),
        flow_break=day_of(flow_break, "flow_break"),
    )  # fmt: skip
    chosen, river, notes = read_records(samples, flow, decimal_year)
    settings = checked(chosen, settings)
    return Wrtds(chosen, river, settings, tuple(notes))


class Wrtds:
    """A fitted record.

    Attributes:
        samples, flow: what was used. settings: the options.
    """

    def __init__(
        self, samples: Samples, flow: Flow, settings: Settings, notes: tuple[str, ...]
    ) -> None:
        self.samples, self.flow, self.settings = samples, flow, settings
        self._said = notes
        self._grid = Grid.of(flow)
        self._sides = Sides(samples, self._grid, settings)
        self._compared: dict[Settings, Sides] = {settings: self._sides}

    def __repr__(self) -> str:
        return (
            f"Wrtds({len(self.samples)} samples {self.samples.day[0]} to {self.samples.day[-1]}, "
            f"flow {self.flow.day[0]} to {self.flow.day[-1]})"
        )

    @property
    def notes(self) -> list[str]:
        """Sentences on what was left out or read in another way, as far as is known by now."""
        said = list(self._said)
        censored = int((~self.samples.uncensored).sum())
        if censored:
            said.append(
                f"Limits or intervals among the samples: {censored} of {len(self.samples)}."
            )
        lost = sum(s.undetermined() for sides in self._compared.values() for s in sides.surfaces)
        if lost:
            said.append(
                f"At {lost} points of the grid the likelihood has no maximum (too few uncensored "
                f"samples); days that need them are missing."
            )
        if "_estimates" in self.__dict__:
            said += self._far_above()
        return said

    def _far_above(self) -> list[str]:
        highest = float(np.exp(self.samples.high.max()))
        far = self._estimates[2] > _FAR * highest
        if not far.any():
            return []
        return [
            f"On {int(far.sum())} days the estimate is above {_FAR:g} times the highest sample "
            f"({highest:g} mg/L): flows or years that the samples hardly reach; don't use them."
        ]

    @cached_property
    def surface(self) -> Surface:
        """The estimates on the grid of flow and time; with a wall each slice is that of its side."""
        parts = [side.whole() for side in self._sides.surfaces]
        if self._sides.wall is None:
            return parts[0]
        at = np.searchsorted(self.flow.day, self._sides.wall, side="right")
        begins = self.flow.t[at] if at < len(self.flow) else np.inf
        late = self._grid.year >= begins
        values = (
            np.where(late, getattr(parts[1], name), getattr(parts[0], name))
            for name in ("y_hat", "se", "conc")
        )
        return Surface(self._grid.log_q, self._grid.year, *values)

    @cached_property
    def daily(self) -> pd.DataFrame:
        """Each day of the flow record: date, conc [mg/L], flux [kg/day], fn_conc, fn_flux (flow-
        normalised), y_hat (expected ln C), se (its standard deviation), q [m³/s]."""
        y_hat, se, conc = self._estimates
        fn_conc, fn_flux = self._normalised(start_month=10)
        return pd.DataFrame(
            {
                "date": self.flow.day.astype("datetime64[s]"), "conc": conc,
                "flux": conc * self.flow.q * KG_PER_DAY, "fn_conc": fn_conc, "fn_flux": fn_flux,
                "y_hat": y_hat, "se": se, "q": self.flow.q,
            }
        )  # fmt: skip

    def annual(self, start_month: int = 10, months: int = 12) -> pd.DataFrame:
        """Means of each period of analysis: year, conc [mg/L], flux [kg/day], fn_conc, fn_flux.

        ``year`` is the calendar year in which the period ends; by default water years, October to
        September. A year is listed when the flow record has days of all its months.

        Raises:
            UsageError: the months can't be.
        """
        check_months(start_month, months)
        conc = self._estimates[2]
        fn_conc, fn_flux = self._normalised(start_month if self.settings.window_side else 10)
        values = {"conc": conc, "flux": conc * self.flow.q * KG_PER_DAY, "fn_conc": fn_conc,
                  "fn_flux": fn_flux}  # fmt: skip
        return annual_means(self.flow.day, values, start_month, months)

    def change(
        self,
        first_year: int,
        last_year: int,
        *,
        window_side: int | None = None,
        start_month: int = 10,
        months: int = 12,
    ) -> Change:
        """Flow-normalised change between two years; only their slices are fitted.

        Args:
            first_year, last_year: calendar years in which the periods end.
            window_side: in place of that of the fit; with moving flow the change has the parts
                ``conc_cqtc`` (relation to flow) and ``conc_qtc`` (flows), and so has the flux.

        Raises:
            UsageError: a year lies outside the record.
        """
        pair, sides = self._pair(first_year, last_year, window_side, start_month, months)
        first, last = (period(y, start_month, months).first for y in (first_year, last_year))
        return pair.change(sides.of(first), sides.of(last))

    def bootstrap_change(
        self,
        first_year: int,
        last_year: int,
        replicates: int = 100,
        block_days: int = 200,
        *,
        rng: np.random.Generator,
        window_side: int | None = None,
        start_month: int = 10,
        months: int = 12,
    ) -> BootstrapChange:
        """The change with its uncertainty: blocks of samples are drawn anew and all is refitted.

        Args:
            replicates: draws that have a result. block_days: length of a block [days].
            rng: where the draws come from.

        Raises:
            UsageError: a year lies outside the record, or a number can't be.
            InputError: too many draws have no result.
        """
        check_rng(rng)
        pair, sides = self._pair(first_year, last_year, window_side, start_month, months)
        first, last = (period(y, start_month, months).first for y in (first_year, last_year))
        estimate = pair.change(sides.of(first), sides.of(last))
        chosen = self._settings_for_change(window_side)

        def again(samples: Samples) -> Change:
            anew = Sides(samples, self._grid, chosen)
            return pair.change(anew.of(first), anew.of(last))

        return bootstrap(self.samples, estimate, again, replicates, block_days, rng)

    def kalman(self, rng: np.random.Generator, rho: float = 0.9, draws: int = 200) -> pd.DataFrame:
        """Days filled from the samples beside them (WRTDS-K): date, conc [mg/L], flux [kg/day].

        For concentrations and fluxes of days and years, not for trends.

        Args:
            rng: where the draws come from. rho: correlation of one day with the next.
            draws: how many series are averaged.

        Raises:
            UsageError: rho or draws can't be.
        """
        check_rng(rng)
        y_hat, se, _ = self._estimates
        left_out = None
        if not self.samples.uncensored.all():
            left_out = self.cross_validation()
        return filled_days(self.samples, self.flow, y_hat, se, left_out, rng, rho, draws)

    def cross_validation(self) -> pd.DataFrame:
        """Each sample estimated from the others: date, y_hat, se, conc [mg/L]; in order of time."""
        return leave_one_out(self.samples, self.flow, self.settings)

    @cached_property
    def _estimates(self) -> Floats:
        return self._sides.at(self.flow.day, self.flow.log_q, self.flow.t)

    def _normalised(self, start_month: int) -> tuple[Floats, Floats]:
        """Normalised concentration and flux of all days; NaN outside the segments of moving flow."""
        flow = self.flow
        fn_conc, fn_flux = (np.full(len(flow), np.nan) for _ in range(2))
        first, last = (_period_around(day, start_month) for day in self.samples.day[[0, -1]])
        for part in segments(flow.day, self.settings, first[0], last[1]):
            used = (flow.day >= part.flow_first) & (flow.day <= part.flow_last)
            normaliser = Normaliser(self._grid, flow, used)
            inside = (flow.day >= part.first) & (flow.day <= part.last)
            for surface, here in self._sides.split(flow.day):
                at = inside & here
                if at.any():
                    fn_conc[at], fn_flux[at] = normaliser.normalise(
                        surface, flow.t[at], flow.season_day[at]
                    )
        return fn_conc, fn_flux

    def _settings_for_change(self, window_side: int | None) -> Settings:
        chosen = settings_for_change(self.samples, self.settings)
        return chosen if window_side is None else replace(chosen, window_side=window_side)

    def _pair(
        self,
        first_year: int,
        last_year: int,
        window_side: int | None,
        start_month: int,
        months: int,
    ) -> tuple[YearPair, Sides]:
        check_months(start_month, months)
        chosen = self._settings_for_change(window_side)
        # The flows of a year play no part in the surface.
        key = replace(chosen, window_side=self.settings.window_side)
        if key not in self._compared:
            self._compared[key] = Sides(self.samples, self._grid, key)
        sides = self._compared[key]
        pair = YearPair(self.flow, self.samples, chosen, sides.surfaces[0], first_year, last_year,
                        start_month, months)  # fmt: skip
        return pair, sides


def _period_around(day: np.datetime64, start_month: int) -> tuple[np.datetime64, np.datetime64]:
    """First and last day of the twelve months, beginning with a month, that a day lies in."""
    year = int(str(day)[:4])
    for candidate in (year, year + 1):
        span = period(candidate, start_month)
        if span.first <= day <= span.last:
            return span.first, span.last
    raise AssertionError(day)
