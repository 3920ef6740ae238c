"""How far a section is from a class: margins to the limits, and the mean its last months may have.

The budget of a mean is exact: an annual mean is the mean of its months, rounded half to even to
the decimals of assessment data, so the mean still allowed follows in whole fractions.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from forecast.projection.settings import Settings
from forecast.projection.water_record import SectionRecord
from forecast.standards.indicators import indicator
from forecast.standards.items import ITEMS
from forecast.standards.water_class import class_limits
from forecast.standards.water_period import round_statistics

__all__ = ["ItemMargin", "Rest", "item_margins", "mean_left", "nearest"]


@dataclass(frozen=True)
class Rest:
    """The mean that the months left may have at most (DO: has to have at least).

    Attributes:
        months_left: months that can still be sampled.
        exact: with which the unrounded annual mean is at the limit [mg/L].
        rounded: with which the mean still rounds to the limit, with one decimal more than
            assessment data have, on the safe side.
        reachable: False where no mean of the months left would do.
        any_mean: True where every mean would do.
    """

    months_left: int
    exact: float
    rounded: float
    reachable: bool
    any_mean: bool


@dataclass(frozen=True)
class ItemMargin:
    """One item of a section against the limit of a class.

    Attributes:
        limit: of the class asked [mg/L].
        value: mean to date, with the decimals of assessment data [mg/L]; None without months.
        expected: median of the annual mean over the paths, rounded [mg/L]; None where not drawn.
        margin: distance of ``value`` from the limit, positive inside [mg/L]; ``percent`` of it.
        n_months: months with a value.
        months_over: months (1 to 12) whose rounded mean misses the limit.
        censored: share of samples below detection, 0 to 1.
        p_decides: probability that this item has the class of the section; None where not drawn.
        rest: what the months left may have; None where the year is over.
    """

    item: str
    limit: float
    value: float | None
    expected: float | None
    margin: float | None
    percent: float | None
    n_months: int
    months_over: tuple[int, ...]
    censored: float
    p_decides: float | None
    rest: Rest | None

    @property
    def zh(self) -> str:
        """Name in Chinese."""
        return ITEMS[self.item].zh

    @property
    def en(self) -> str:
        """Name in English."""
        return ITEMS[self.item].en


def mean_left(
    n_months: int, total: float, months_left: int, limit: float, decimals: int, *, least: bool
) -> Rest:
    """The mean of the months left with which the annual mean still rounds to ``limit`` or better.

    Args:
        n_months, total: months so far and the sum of their means [mg/L].
        limit: of the class [mg/L], inclusive.
        decimals: of assessment data; ties go to the even digit.
        least: the item has to be at least the limit (DO), not at most.

    TP 0.195 over eight months, limit 0.2 with three decimals: (12 x 0.2005 - 1.56) / 4 = 0.2115.

    >>> found = mean_left(8, 8 * 0.195, 4, 0.2, 3, least=False)
    >>> found.exact, found.rounded
    (0.21, 0.2115)
    """
    if months_left < 1:
        raise ValueError("no month is left")
    end, half = Fraction(str(limit)), Fraction(1, 2 * 10**decimals)
    n = n_months + months_left
    # Twelve digits are beyond any measurement and take the last bits of a sum away.
    so_far = Fraction(f"{total:.12f}")
    # The tie itself rounds to the limit where the last digit of the limit is even.
    inclusive = (end * 10**decimals) % 2 == 0
    edge = end - half if least else end + half
    exact = (end * n - so_far) / months_left
    most = (edge * n - so_far) / months_left
    step = Decimal(1).scaleb(-decimals - 1)
    number = Decimal(most.numerator) / Decimal(most.denominator)
    side = ROUND_CEILING if least else ROUND_FLOOR
    rounded = number.quantize(step, rounding=side)
    if not inclusive and rounded == number:
        rounded += step if least else -step
    return Rest(
        months_left, float(exact), float(rounded),
        reachable=True if least else rounded >= 0,
        any_mean=bool(least and rounded <= 0),
    )  # fmt: skip


def item_margins(
    record: SectionRecord, target_class: int, settings: Settings, *, annual: bool = True
) -> tuple[ItemMargin, ...]:
    """Every item that decides a class against the limit of ``target_class``, in order of columns.

    pH has a range and no budget of means, so it is left out; it decides only outside 6 to 9.
    """
    out = []
    left = record.months_left(settings)
    seen = round_statistics(record.observed_means, record.items)
    middle = None
    if record.year_means is not None:
        middle = round_statistics(_medians(record.year_means), record.items)
    for k, j in enumerate(record.counted):
        item = record.items[j]
        limits = class_limits(item, record.facts.water_type)
        if limits is None or target_class > len(limits):
            continue
        limit = limits[target_class - 1]
        months = record.observed[:, j]
        n = int(np.isfinite(months).sum())
        least = item == "do"
        value = margin = percent = None
        over: tuple[int, ...] = ()
        if n:
            value = float(seen[j])
            margin = round(value - limit if least else limit - value, 9) + 0.0
            percent = 100.0 * margin / limit
            classes = record.month_item_classes[:, k]
            over = tuple(int(m) + 1 for m in np.flatnonzero(classes > target_class))
        expected = None
        if middle is not None and np.isfinite(middle[j]):
            expected = float(middle[j])
        decimals = indicator(f"{item}_mean").judged_decimals or 0
        rest = None
        if annual and left:
            total = float(np.nansum(months))
            rest = mean_left(n, total, left, limit, decimals, least=least)
        out.append(
            ItemMargin(
                item, limit, value, expected, margin, percent, n, over,
                float(record.facts.censored.get(item, 0.0)), None, rest,
            )
        )  # fmt: skip
    return tuple(out)


def _medians(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """Medians over the paths of (path, item), NaN left out, NaN where there is nothing else."""
    if np.isfinite(table).all():
        return np.asarray(np.median(table, axis=0))
    kept = [column[np.isfinite(column)] for column in table.T]
    return np.array([np.median(own) if own.size else np.nan for own in kept])


def nearest(margins: tuple[ItemMargin, ...]) -> ItemMargin | None:
    """The item nearest its limit, or furthest over it; None where nothing has a value."""
    known = [m for m in margins if m.percent is not None]
    return min(known, key=lambda m: m.percent or 0.0, default=None)
