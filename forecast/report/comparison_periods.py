"""Numbers of one place over a month, a quarter or a part of a year, as comparisons need them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from forecast.charts.city_ranking import change
from forecast.report.review_days import CityDays
from forecast.standards.air_assessment import (
    COMPOSITE_PARTS,
    FEBRUARY_DAYS,
    MONTH_DAYS,
    assess_year,
)
from forecast.standards.indicators import indicator
from forecast.standards.items import AIR_ITEMS
from forecast.standards.judgement import official_decimals
from forecast.standards.limits import air_limit
from forecast.standards.rounding import ratio_percent, round_half_even
from forecast.standards.versions import CHANGE_2026, aqi_standard_on, limits_standard_on, resolve

__all__ = [
    "AQI_COUNTS",
    "COMPARED",
    "Numbers",
    "Status",
    "compared",
    "crosses",
    "mean_numbers",
    "mean_of",
    "one_rule_year",
    "period_numbers",
    "printed_decimals",
]

#: What is compared, in the order of the columns. Over a month or a quarter the statistics are
#: those of the period (means; CO the 95th, O3 the 90th percentile of its days).
COMPARED: tuple[str, ...] = (
    "pm25_annual_mean", "pm10_annual_mean", "no2_annual_mean", "so2_annual_mean", "co_p95",
    "o3_8h_p90", "good_day_ratio", "heavy_days", "composite_index",
)  # fmt: skip
#: Those that count days by their AQI, and so depend on the version of HJ 633.
AQI_COUNTS: tuple[str, ...] = ("good_day_ratio", "heavy_days")

#: Why there is no number: ``none`` no day has it, ``few`` too few days have; of a change also
#: ``own`` the number itself is missing, ``no_base`` and ``few_base`` that to compare with, ``zero``
#: it is nought, ``rules`` the rules change between the two, ``part`` the period is not over.
Status = Literal["", "none", "few", "own", "no_base", "few_base", "zero", "rules", "part"]


@dataclass(frozen=True)
class Numbers:
    """One place over one period.

    Attributes:
        values: indicator → unrounded value, NaN without any [unit of the indicator].
        enough: indicator → whether the days behind it are enough.
        n_valid: days with an AQI; ``n_days``: days of the period.
        bases: states of measurement of its days.
        main: item with the largest single index; empty without one.
    """

    values: Mapping[str, float]
    enough: Mapping[str, bool]
    n_valid: int
    n_days: int
    bases: frozenset[str]
    main: str = ""

    def status(self, name: str) -> Status:
        """Why the number is not printed; empty where it is."""
        if not math.isfinite(self.values[name]):
            return "none"
        return "" if self.enough[name] else "few"

    def known(self, name: str) -> float:
        """The unrounded number, NaN where its days are too few."""
        return self.values[name] if self.enough[name] else math.nan

    def printed(self, name: str, decimals: int) -> float:
        """The number as printed, NaN where its days are too few."""
        return float(round_half_even(self.known(name), decimals))


def period_numbers(
    city: CityDays,
    days: NDArray[np.datetime64],
    rules_of: int,
    *,
    rule: Literal["month", "year"],
) -> Numbers:
    """Assess the days of a period.

    Args:
        city: the record.
        days: datetime64[D], consecutive, at least one.
        rules_of: year whose AQI rules hold (by month and day), see ``CityDays.aqi``.
        rule: how many days are enough. ``month``: 27 of every month (February 25, GB 3095 Table 4,
            scaled for a month that is not over), for concentrations and for days with an AQI;
            ``year``: as in ``assess_year``, scaled with the length of the period.
    """
    key = ("numbers", days[0], days[-1], rules_of, rule)
    if key not in city.worked_out:
        city.worked_out[key] = _assessed(city, days, rules_of, rule)
    numbers: Numbers = city.worked_out[key]
    return numbers


def _assessed(
    city: CityDays,
    days: NDArray[np.datetime64],
    rules_of: int,
    rule: Literal["month", "year"],
) -> Numbers:
    values, dust = city.values(days), city.dust(days)
    found = city.aqi(days, rules_of)
    means = assess_year(
        values, days, AIR_ITEMS, int(str(days[-1])[:4]), dust_removed=dust,
        standard=city.standard, first=days[0], last=days[-1],
    )  # fmt: skip
    n = int(found.valid.sum())
    good = int((found.valid & ~found.bad).sum())
    numbers = {name: float(means.values[name][0]) for name in COMPARED}
    below = n if city.denominator == "valid" else len(days)
    numbers["good_day_ratio"] = float(ratio_percent(good, below)) if n else math.nan
    numbers["heavy_days"] = float((found.level >= 5).sum()) if n else math.nan
    if rule == "year":
        enough = {name: bool(means.valid[name][0]) for name in COMPARED}
    else:
        enough = _by_months(days, values, dust, found.valid)
    return Numbers(numbers, enough, n, len(days), _bases(city, days), _main(numbers, city))


def _by_months(
    days: NDArray[np.datetime64],
    values: NDArray[np.float64],
    dust: NDArray[np.bool_],
    valid: NDArray[np.bool_],
) -> dict[str, bool]:
    """Whether every month has its days, by indicator; days taken out as dust are not missing."""
    months = days.astype("datetime64[M]")
    there = ~np.isnan(values) | dust
    enough = dict.fromkeys(COMPARED, True)
    for month in np.unique(months):
        inside = months == month
        length = int(((month + 1).astype("datetime64[D]") - month.astype("datetime64[D]")).astype(int))  # fmt: skip
        february = int(month.astype(int)) % 12 == 1
        whole = FEBRUARY_DAYS if february else MONTH_DAYS
        needed = -(-whole * int(inside.sum()) // length)
        items = dict(zip(AIR_ITEMS, there[inside].sum(axis=0) >= needed, strict=True))
        for item, (name, _) in COMPOSITE_PARTS.items():
            enough[name] &= bool(items[item])
        for name in AQI_COUNTS:
            enough[name] &= bool(valid[inside].sum() >= needed)
        enough["composite_index"] &= all(bool(v) for v in items.values())
    return enough


def _bases(city: CityDays, days: NDArray[np.datetime64]) -> frozenset[str]:
    at = np.asarray(city.basis.index.values, dtype="datetime64[D]")
    inside = city.basis.to_numpy(dtype=object)[(at >= days[0]) & (at <= days[-1])]
    return frozenset(str(b) for b in inside if isinstance(b, str) and b)


def _main(numbers: Mapping[str, float], city: CityDays) -> str:
    parts = {
        item: numbers[name] / air_limit(item, averaging, city.standard or "GB 3095-2012")
        for item, (name, averaging) in COMPOSITE_PARTS.items()
    }
    known = all(math.isfinite(v) for v in parts.values())
    return max(parts, key=lambda i: parts[i]) if known else ""


def printed_decimals(city: CityDays, last: np.datetime64) -> dict[str, int]:
    """Decimals of every indicator under the version in force on ``last``, or the one asked for."""
    token = resolve(city.standard).limits if city.standard else limits_standard_on(last)
    return {name: official_decimals(name, token) or 0 for name in COMPARED}


def one_rule_year(city: CityDays, days: NDArray[np.datetime64]) -> int | None:
    """A year all of whose days go by the AQI rules of ``days``; None where these change within."""
    own = int(str(days[-1])[:4])
    if city.standard is not None:
        return own
    first, last = aqi_standard_on(days[[0, -1]])
    if first != last:
        return None
    change_year = int(str(CHANGE_2026)[:4])
    return change_year - 1 if days[-1] < CHANGE_2026 else max(own, change_year + 1)


def compared(
    name: str, now: float, status: Status, base: float, base_status: Status, decimals: int
) -> tuple[float, Status]:
    """Change from ``base`` to ``now``, both as printed, and why there is none.

    Concentrations and the composite index change in percent (one decimal), ratios in percentage
    points, counts in days.

    >>> compared("pm25_annual_mean", 38.0, "", 42.0, "", 0)
    (-9.5, '')
    >>> compared("good_day_ratio", 80.0, "", 78.4, "", 1)
    (1.6, '')
    """
    if status:
        return math.nan, "own"
    if base_status:
        return math.nan, "few_base" if base_status == "few" else "no_base"
    relative = indicator(name).unit not in ("%", "days")
    if relative and base <= 0:
        return math.nan, "zero"
    return change(now, base, decimals, relative=relative), ""


def mean_of(name: str, years: Sequence[Numbers], decimals: int) -> tuple[float, Status]:
    """Plain mean of the unrounded numbers, rounded once; every one has to be there.

    Counts of days keep one decimal, as a mean of them.
    """
    missing = [n.status(name) for n in years if n.status(name)]
    if missing:
        return math.nan, "few" if set(missing) == {"few"} else "none"
    total = math.fsum(n.values[name] for n in years) / len(years)
    return float(round_half_even(total, decimals)), ""


def mean_numbers(members: Sequence[Numbers], city: CityDays) -> Numbers:
    """Numbers of a zone: the plain mean over its members, every member of equal weight.

    A region's good-day ratio is the mean over its cities (from memory); the other numbers are
    treated alike, and the mean of composite indices is the index of the mean concentrations. A
    number is there where every member has it with enough days.

    Args:
        members: at least one.
        city: a member, for the limits of the composite index.
    """
    values = {n: math.fsum(m.values[n] for m in members) / len(members) for n in COMPARED}
    return Numbers(
        values,
        {n: all(m.enough[n] for m in members) for n in COMPARED},
        min(m.n_valid for m in members),
        max(m.n_days for m in members),
        frozenset().union(*(m.bases for m in members)),
        _main(values, city),
    )


def crosses(*periods: Numbers) -> bool:
    """Whether the days of the periods were not all measured in the same state."""
    return len(frozenset().union(*(p.bases for p in periods))) > 1
