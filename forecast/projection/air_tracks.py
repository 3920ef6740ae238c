"""What the charts of one city draw: the year so far, the years before, and the fan ahead."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.projection.days import calendar_days, dust_matrix, matrix, other_versions
from forecast.projection.settings import Settings
from forecast.projection.summary import linear_quantiles
from forecast.standards.aqi import daily_aqi
from forecast.standards.day_edges import judged_days
from forecast.standards.items import AIR_ITEMS

__all__ = ["FAN", "AirTracks", "air_tracks"]


#: Decimals to which lines are drawn and put down [% or µg/m³]; below them float32 is not exact.
_DECIMALS = 4


@dataclass(frozen=True)
class AirTracks:
    """What the charts of one city draw, some 30 kB: a run of all cities keeps those of each.

    Attributes:
        year: the year drawn; ``day`` below counts all its days from 1 January.
        aqi: int16 (day,), -1 where there is none; observed days only.
        primary: bool (day, item): items that led the AQI of the day.
        cumulative: indicator → float32 (day,) to date, NaN after the last reading.
        valid: indicator → bool (day,): whether the day itself counts.
        earlier: indicator → year → float32 (day of that year,).
        fan: indicator → float32 (quantile, day drawn): the quantiles :data:`FAN` of the futures.
        drawn_from: the first day drawn, from 0.
        level_counts: year → int (7,): days without an AQI, then days in each level, up to the same
            day of the year.
        other_standard: token of the version shown beside.
        other_aqi: AQI of the same days under that version.
    """

    year: int
    aqi: NDArray[np.int16]
    primary: NDArray[np.bool_]
    cumulative: dict[str, NDArray[np.float32]]
    valid: dict[str, NDArray[np.bool_]]
    earlier: dict[str, dict[int, NDArray[np.float32]]]
    fan: dict[str, NDArray[np.float32]]
    drawn_from: int
    level_counts: dict[int, NDArray[np.int64]]
    other_standard: str
    other_aqi: NDArray[np.int16]

    @property
    def days(self) -> NDArray[np.datetime64]:
        """All days of the year, datetime64[D], shape (day,)."""
        start = np.datetime64(str(self.year), "Y")
        return np.arange(start, start + 1, dtype="datetime64[D]")

    def line(self, name: str) -> NDArray[np.float64]:
        """What indicator ``name`` was to date on each day, float (day,), NaN where it is not known."""
        return _drawn(self.cumulative[name])

    def lines_before(self, name: str) -> dict[int, NDArray[np.float64]]:
        """Likewise of each earlier year that is known nearly whole."""
        return {year: _drawn(line) for year, line in self.earlier[name].items()}

    def ahead(
        self, name: str
    ) -> tuple[NDArray[np.datetime64], dict[str, NDArray[np.float64]]] | None:
        """The days ahead, and quantile, such as ``q50`` → float of each; None: nothing is drawn."""
        rows = self.fan.get(name)
        known = np.isfinite(rows).all(axis=0) if rows is not None else np.zeros(0, bool)
        if rows is None or not known.any():
            return None
        lines = zip(FAN, _drawn(rows[:, known]), strict=True)
        return self.days[self.drawn_from :][known], dict(lines)


def _drawn(values: NDArray[np.float32]) -> NDArray[np.float64]:
    exact: NDArray[np.float64] = values.astype(np.float64)
    return exact.round(_DECIMALS)


#: The quantiles of a fan, as charts call them.
FAN: dict[str, float] = {
    "q025": 0.025, "q10": 0.1, "q25": 0.25, "q50": 0.5, "q75": 0.75, "q90": 0.9, "q975": 0.975,
}  # fmt: skip


@dataclass(frozen=True)
class _Sums:
    """Running sums over the days of one or many paths, each (…, day)."""

    counted: NDArray[np.int32]
    good: NDArray[np.int32]
    n_pm25: NDArray[np.int32]
    pm25: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        values: NDArray[Any],
        days: NDArray[np.datetime64],
        settings: Settings,
        dust: NDArray[np.bool_],
        before: _Sums | None = None,
    ) -> _Sums:
        """Sums of (path, day, item) values on from the last day of ``before``.

        The mean leaves out the days of ``dust`` (day, item), counts of days keep them.
        """
        column = AIR_ITEMS.index("pm25")
        pm25 = values[..., column]
        dusty = dust[:, column]
        if dusty.any():
            pm25 = np.where(dusty, np.nan, pm25)
        paths = values if values.ndim == 3 else values[None]
        counted, good, _ = (
            one.reshape(pm25.shape) for one in judged_days(paths, days, settings.standard)
        )
        there = np.isfinite(pm25)
        own = cls(
            np.cumsum(counted, axis=-1, dtype=np.int32),
            np.cumsum(good, axis=-1, dtype=np.int32),
            np.cumsum(there, axis=-1, dtype=np.int32),
            np.cumsum(np.where(there, pm25, 0.0), axis=-1, dtype=np.float64),
        )
        if before is None or not before.counted.size:
            return own
        return cls(
            own.counted + before.counted[-1], own.good + before.good[-1],
            own.n_pm25 + before.n_pm25[-1], own.pm25 + before.pm25[-1],
        )  # fmt: skip

    def lines(self) -> dict[str, NDArray[np.float64]]:
        """Good-day ratio [%] and PM2.5 mean [µg/m³] of the days so far."""
        n, m = self.counted, self.n_pm25
        return {
            "good_day_ratio": np.where(n > 0, 100.0 * self.good / np.maximum(n, 1), np.nan),
            "pm25_annual_mean": np.where(m > 0, self.pm25 / np.maximum(m, 1), np.nan),
        }


def air_tracks(
    history: pd.DataFrame,
    joined: NDArray[np.float32] | None,
    observed: NDArray[np.float64],
    days: NDArray[np.datetime64],
    settings: Settings,
    drawn_from: int,
    dust: pd.DataFrame | None = None,
) -> AirTracks:
    """Return what the charts of one city draw.

    Args:
        history: days × items up to the as-of date.
        joined: (path, day, item) of the year, observed and drawn; None when nothing is drawn.
        observed: (day, item) of the year.
        days: the days of the year.
        drawn_from: position of the first drawn day.
        dust: ``date, item`` of the days taken out of the means as dust.
    """
    found = daily_aqi(observed, days, AIR_ITEMS, settings.standard)
    other = other_versions(settings)[0]
    measured = np.isfinite(observed).any(axis=1)
    last = int(np.flatnonzero(measured)[-1]) if measured.any() else -1
    cumulative = {}
    removed = dust_matrix(dust, days)
    for name, line in _Sums.of(observed, days, settings, removed).lines().items():
        seen_line = np.where(np.arange(len(days)) <= last, line, np.nan)
        cumulative[name] = seen_line.astype(np.float32)
    earlier: dict[str, dict[int, NDArray[np.float32]]] = {n: {} for n in cumulative}
    counts: dict[int, NDArray[np.int64]] = {}
    span = calendar_days(date(settings.year - 5, 1, 1), date(settings.year, 12, 31))
    record = matrix(history, span)
    judged = daily_aqi(record, span, AIR_ITEMS, settings.standard)
    for year in range(settings.year - 5, settings.year + 1):
        of_year = calendar_days(date(year, 1, 1), date(year, 12, 31))
        begin = int((of_year[0] - span[0]).astype(int))
        own = slice(begin, begin + len(of_year))
        values = record[own]
        usable = np.where(judged.complete[own], judged.aqi[own], -1)[: last + 1]
        if (usable >= 0).any():
            level = np.searchsorted(np.array([-1, 50, 100, 150, 200, 300]), usable, side="left")
            counts[year] = np.bincount(level, minlength=7).astype(np.int64)
        if year < settings.year and np.isfinite(values).any():
            past = dust_matrix(dust, of_year)
            for name, line in _Sums.of(values, of_year, settings, past).lines().items():
                if np.isfinite(line).sum() > 300:
                    earlier[name][year] = line.astype(np.float32)
    fan: dict[str, NDArray[np.float32]] = {}
    if joined is not None:
        seen = slice(None, drawn_from)
        before = _Sums.of(joined[0, seen], days[seen], settings, removed[seen])
        ahead_of = _Sums.of(
            joined[:, drawn_from:], days[drawn_from:], settings, removed[drawn_from:], before
        )
        for name, lines in ahead_of.lines().items():
            # A row for each day: quantiles along what lies together in memory.
            by_day = np.ascontiguousarray(lines.T)
            found_at = linear_quantiles(by_day, np.array(list(FAN.values())))
            fan[name] = np.ascontiguousarray(found_at.T, dtype=np.float32)
    return AirTracks(
        year=settings.year,
        aqi=np.where(found.complete, found.aqi, -1).astype(np.int16),
        primary=found.primary,
        cumulative=cumulative,
        valid={
            "good_day_ratio": found.complete & (found.aqi >= 0),
            "pm25_annual_mean": (np.isfinite(observed) & ~removed)[:, AIR_ITEMS.index("pm25")],
        },
        earlier=earlier,
        fan=fan,
        drawn_from=drawn_from,
        level_counts=counts,
        other_standard=other,
        other_aqi=daily_aqi(observed, days, AIR_ITEMS, other).aqi,
    )
