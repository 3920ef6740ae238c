"""The indicators that past forecasts are made of, from days to one number by the official rules."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from forecast.errors import UsageError
from forecast.standards.air_assessment import AIR_INDICATORS, assess_year
from forecast.standards.indicators import Indicator, indicator
from forecast.standards.items import AIR_ITEMS
from forecast.standards.rounding import round_half_even

__all__ = [
    "DEFAULT_INDICATORS",
    "HINDCAST_INDICATORS",
    "YearValues",
    "hindcast_indicator",
    "items_of",
    "known_indicators",
    "year_values",
]

#: Days on which the daily mean of PM2.5 is over 150 µg/m³ (the bound of heavy pollution by PM2.5
#: alone, HJ 633), for records without the other items.
_OVER_150 = Indicator(
    "pm25_days_over_150", "days", "lower", 0,
    "PM2.5日均超过150 µg/m³的天数", "days with PM2.5 over 150 µg/m³", "air",
)  # fmt: skip
_OVER = 150.0

#: What can be asked for.
HINDCAST_INDICATORS: tuple[str, ...] = (*AIR_INDICATORS, _OVER_150.name)

#: What is forecast unless something else is asked for.
DEFAULT_INDICATORS: tuple[str, ...] = (
    "pm25_annual_mean", "pm10_annual_mean", "so2_annual_mean", "no2_annual_mean", "co_p95",
    "o3_8h_p90", "good_day_ratio", "heavy_days",
)  # fmt: skip

_ALL_ITEMS = frozenset({"good_day_ratio", "good_days", "heavy_days", "composite_index"})


def hindcast_indicator(name: str) -> Indicator:
    """Unit, direction and names of one of :data:`HINDCAST_INDICATORS`."""
    return _OVER_150 if name == _OVER_150.name else indicator(name)


def known_indicators(names: Iterable[str]) -> tuple[str, ...]:
    """Return ``names`` without repeats.

    Raises:
        UsageError: one of them is no annual air indicator.
    """
    asked = tuple(dict.fromkeys(names))
    for name in asked:
        if name not in HINDCAST_INDICATORS:
            raise UsageError(
                f"{name} is not an indicator that past forecasts can be made of.",
                f"Known: {', '.join(HINDCAST_INDICATORS)}.",
            )
    return asked


def items_of(name: str) -> tuple[str, ...]:
    """Items that an indicator needs.

    >>> items_of("o3_8h_p90"), items_of("pm25_days_over_150"), len(items_of("good_day_ratio"))
    (('o3_8h',), ('pm25',), 6)
    """
    if name in _ALL_ITEMS:
        return AIR_ITEMS
    return (next(item for item in AIR_ITEMS if name.startswith(f"{item}_")),)


@dataclass(frozen=True)
class YearValues:
    """One indicator of one period: ``values`` and ``enough``, shape (path,), and days used."""

    values: NDArray[np.float64]
    enough: NDArray[np.bool_]
    n_valid: NDArray[np.int64]


def year_values(
    names: Iterable[str],
    values: NDArray[np.floating],
    days: NDArray[np.datetime64],
    items: tuple[str, ...],
    *,
    last: date | None = None,
    standard: str | None = None,
    denominator: str = "valid",
    partial: bool = False,
) -> dict[str, YearValues]:
    """Compute indicators of one period by the official rules.

    Args:
        names: of :data:`HINDCAST_INDICATORS`, each with its items among ``items``.
        values: (path, day, item) or (day, item), NaN missing [µg/m³, CO mg/m³].
        days: days of one calendar year, each once.
        items: code of each column.
        last: last day of the period where that is not 31 December.
        standard, denominator, partial: as for ``assess_year``.
    """
    array = np.asarray(values)
    array = array[None] if array.ndim == 2 else array
    year = int(str(days[0])[:4])
    end = None if last is None or last == date(year, 12, 31) else last
    by_items: dict[tuple[str, ...], list[str]] = {}
    for name in names:
        by_items.setdefault(items_of(name), []).append(name)
    out: dict[str, YearValues] = {}
    for needed, own in by_items.items():
        columns = [items.index(item) for item in needed]
        part = array if needed == items else array[:, :, columns]
        found = assess_year(
            part, days, needed, year, standard=standard, denominator=denominator, last=end,
            partial=partial,
        )  # fmt: skip
        for name in own:
            # The day rule is one for all indicators of an item; the mean stands for the count.
            same = "pm25_p95" if name == _OVER_150.name else name
            value = found.values[same]
            if name == _OVER_150.name:
                value = _days_over(part[:, days <= found.last, 0], _OVER)
            out[name] = YearValues(value, found.valid[same], found.n_valid[same])
    return out


def _days_over(values: NDArray[np.floating], bound: float) -> NDArray[np.float64]:
    """Days over ``bound``, (path, day) → (path,); a daily mean is rounded before it is compared."""
    near = np.isfinite(values) & (values > bound - 1.0)
    count = np.zeros(len(values))
    rows, columns = np.nonzero(near)
    over = np.asarray(round_half_even(values[rows, columns], 0)) > bound
    np.add.at(count, rows[over], 1.0)
    return np.where(np.isfinite(values).any(axis=1), count, np.nan)
