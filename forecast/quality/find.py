"""All rules of one table at once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd

from forecast.quality import air_days, hourly, sites, water
from forecast.quality.clock import clock_shift
from forecast.quality.findings import joined
from forecast.quality.hour_grid import HourGrid, hour_grid
from forecast.quality.series import range_of, series_of, spikes_of, stuck_days, units_of

__all__ = ["KINDS", "find", "find_daily", "find_hourly", "find_sites", "find_water"]

_DAY = np.timedelta64(1, "D")

#: Arrays of more values than this are looked at by two rules at a time.
_MANY = 1_000_000


def find_hourly(grid: HourGrid) -> pd.DataFrame:
    """Findings on hourly readings of one source."""
    rules = (
        hourly.range_, hourly.stuck, hourly.spike, hourly.pm_order, hourly.zero_pm25,
        hourly.unit, clock_shift,
    )  # fmt: skip
    if grid.values.size < _MANY:
        return joined([rule(grid) for rule in rules])
    # Most of a rule is array work that leaves the interpreter free for another one.
    with ThreadPoolExecutor(max_workers=2) as pool:
        return joined(list(pool.map(lambda rule: rule(grid), rules)))


def find_daily(rows: pd.DataFrame) -> pd.DataFrame:
    """Findings on rows of ``air_daily`` of one source: one value a place, day and item."""
    series = series_of(rows, "date")
    return joined(
        [
            range_of(series, air_days.BELIEVED_DAYS, 3 * _DAY),
            spikes_of(series, air_days.SPIKE_EXCESS, reach=3 * _DAY),
            stuck_days(series, air_days.DAY_STEPS),
            units_of(series, 31 * _DAY),
            air_days.contradictions(air_days.wide_days(rows)),
            air_days.basis_step(rows),
        ]
    )


def find_water(rows: pd.DataFrame) -> pd.DataFrame:
    """Findings on rows of ``water_samples`` of one source: one value a place, time and item."""
    series = series_of(rows, "time")
    return joined(
        [
            range_of(series, water.BELIEVED_WATER, 8 * _DAY),
            spikes_of(series, water.WATER_EXCESS, reach=22 * _DAY),
            units_of(series, 62 * _DAY),
            water.contradictions(water.wide_samples(rows)),
        ]
    )


def find_sites(rows: pd.DataFrame) -> pd.DataFrame:
    """Findings on rows of ``sites``, of all sources together."""
    return sites.moved(rows)


_BY_SOURCE: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "air_hourly": lambda rows: find_hourly(hour_grid(rows)),
    "air_daily": find_daily,
    "water_samples": find_water,
}

#: Tables that have rules.
KINDS: tuple[str, ...] = (*_BY_SOURCE, "sites")


def find(rows: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Return the findings of all rules on rows of the table ``kind``.

    Rows of several sources are looked at one source at a time, sites all together.

    Args:
        rows: rows of the table, one value a key and source. With a column ``source`` the findings
            carry it.
        kind: one of ``KINDS``.

    Returns:
        Columns of ``findings.COLUMNS``, by source, place, item and time.

    Raises:
        ValueError: there are no rules for ``kind``.
    """
    if kind == "sites":
        return find_sites(rows)
    if kind not in _BY_SOURCE:
        raise ValueError(f"kind must be one of {KINDS}, got {kind!r}")
    if "source" not in rows:
        return _BY_SOURCE[kind](rows)
    return joined(
        [
            _BY_SOURCE[kind](part).assign(source=str(source))
            for source, part in rows.groupby("source", sort=True)
        ]
    )
