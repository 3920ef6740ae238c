"""Series that a trend is taken of: daily values of a city without dust, and where its basis changed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd

from forecast.errors import InputError, UsageError
from forecast.report.review_days import CityDays, year_days
from forecast.standards.air_assessment import assess_year
from forecast.standards.items import AIR_ITEMS, ITEMS
from forecast.standards.judgement import official_value
from forecast.standards.versions import aqi_standard_on

__all__ = ["annual_values", "bases_of", "basis_changes", "daily_values", "known_item"]

#: More changes of the state of measurement than this are a mixture of sources, not steps.
_MOST_BREAKS = 3


def known_item(item: str) -> None:
    """Stop at an item that is none of the six.

    Raises:
        UsageError: it is not.
    """
    if item not in AIR_ITEMS:
        raise UsageError(f"There is no air item {item}.", f"Items: {', '.join(AIR_ITEMS)}.")


def daily_values(city: CityDays, item: str) -> pd.Series:
    """Daily values of an item, every day from the first to the last of the record [unit].

    Values on known dust days are taken out, as from the means of a review; NaN is missing.

    Raises:
        UsageError: the item is none of the six. InputError: it was never measured.
    """
    known_item(item)
    index = pd.date_range(city.history.index[0], city.history.index[-1])
    days = index.to_numpy().astype("datetime64[D]")
    column = AIR_ITEMS.index(item)
    values = np.where(city.dust(days)[:, column], np.nan, city.values(days)[:, column])
    if not np.isfinite(values).any():
        measured = [i for i in AIR_ITEMS if city.history[i].notna().any()]
        raise InputError(
            f"{ITEMS[item].en} was never measured in {city.place}.",
            f"Items with values: {', '.join(measured)}.",
        )
    return pd.Series(values, index=index, name=item)


def basis_changes(city: CityDays) -> tuple[date, ...]:
    """First days of a new state of measurement on record; none where they are a mixture."""
    basis = city.basis[city.basis != ""]
    changed = basis.ne(basis.shift()).to_numpy()
    found = [pd.Timestamp(d).date() for d in basis.index[changed][1:]]
    return tuple(found) if len(found) <= _MOST_BREAKS else ()


def annual_values(city: CityDays, name: str) -> tuple[dict[int, float], dict[int, bool]]:
    """Values of an annual indicator of air by year, and whether the year has enough days.

    All years are judged by one version: the one asked for, else that in force in the last year.
    """
    last = city.years[-1]
    token = city.standard or aqi_standard_on(date(last, 12, 31))
    values, enough = {}, {}
    for year in range(city.years[0], last + 1):
        days = year_days(year)
        found = assess_year(
            city.values(days), days, AIR_ITEMS, year, dust_removed=city.dust(days), standard=token,
            denominator=city.denominator,
        )  # fmt: skip
        raw = float(found.values[name][0])
        values[year] = float(official_value(name, raw, token))
        enough[year] = bool(found.valid[name][0]) and bool(np.isfinite(raw))
    return values, enough


def bases_of(years: list[int], breaks: Sequence[date]) -> dict[int, str]:
    """Name of the stretch between two breaks that each whole year lies in; a cut year is alone."""
    return {
        y: f"cut {y}"
        if any(d.year == y and (d.month, d.day) != (1, 1) for d in breaks)
        else f"part {sum(d <= date(y, 1, 1) for d in breaks)}"
        for y in years
    }
