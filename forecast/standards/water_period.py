"""A section over a month, a quarter or a year: statistics, their official decimals, the class.

The class of a year is that of its mean concentrations, not a share of monthly classes (from
memory, standard practice). Month = mean of its samples; year = mean of its months (from memory).
pH is averaged through the hydrogen-ion concentration (secondary); a value below the detection
limit enters as half the limit (verified, 环办监测函〔2020〕82号 item 7). Statistics are rounded to the
decimals of assessment data before they are graded (secondary).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forecast.standards.indicators import indicator
from forecast.standards.items import ITEMS
from forecast.standards.rounding import round_keep_significant
from forecast.standards.water_class import NO_CLASS, section_class

__all__ = [
    "MONTHS_NEEDED",
    "PERIOD_REQUIRED",
    "SectionPeriod",
    "assess_section_period",
    "half_detection_limit",
    "month_means",
    "period_means",
    "round_statistics",
]

#: Months an annual mean needs where a section freezes or runs dry (from memory).
MONTHS_NEEDED = 8
#: Items without which a period has no class; TP is not among them, since older weekly reports and
#: some sections come without it.
PERIOD_REQUIRED: tuple[str, ...] = ("ph", "do", "codmn", "nh3n")


@dataclass(frozen=True)
class SectionPeriod:
    """Assessment of one section over a period.

    Attributes:
        classes: int8 (path,): 1 to 6, 0 where it can't be given.
        deciding: bool (path, item): items whose class is the section's (pH not at class I).
        means: float64 (path, item), unrounded [mg/L], NaN where an item has no value.
        rounded: float64 (path, item), with the decimals of assessment data: what is graded.
        n_months: int64 (path,), months with a value of any required item (of any item if none is).
        item_months: int64 (path, item), months with a value of the item.
        sufficient: bool (path,), whether the months are as many as asked for.
    """

    classes: NDArray[np.int8]
    deciding: NDArray[np.bool_]
    means: NDArray[np.float64]
    rounded: NDArray[np.float64]
    n_months: NDArray[np.int64]
    item_months: NDArray[np.int64]
    sufficient: NDArray[np.bool_]


def assess_section_period(
    values: ArrayLike,
    items: tuple[str, ...],
    water_type: str = "river",
    *,
    months_needed: int = MONTHS_NEEDED,
    not_monitored: Collection[str] = (),
    required: Collection[str] = PERIOD_REQUIRED,
) -> SectionPeriod:
    """Class of a section from its monthly means, on every path.

    Args:
        values: (path, month, item) or (month, item) monthly means [mg/L], NaN where a month has
            none.
        items: code of each column.
        water_type: river, lake or either.
        months_needed: months without which there is no class; 1 for the year to date.
        not_monitored: codes of ``required`` that the section does not monitor.
        required: items without any value in the period the class is withheld.

    >>> year = np.full((1, 12, 4), [7.2, 8.1, 3.0, 1.005])
    >>> assess_section_period(year, ("ph", "do", "codmn", "nh3n")).classes.tolist()
    [3]
    """
    array = np.asarray(values, dtype=np.float64)
    if array.ndim == 2:
        array = array[None]
    if array.ndim != 3 or array.shape[2] != len(items):
        raise ValueError(f"values must have shape (path, month, {len(items)}), got {array.shape}")
    there = ~np.isnan(array)
    asked = [c for c, item in enumerate(items) if item in required and item not in not_monitored]
    item_months = there.sum(axis=1, dtype=np.int64)
    n_months = (there[..., asked] if asked else there).any(axis=2).sum(axis=1, dtype=np.int64)
    means = period_means(array, items, axis=1)
    rounded = round_statistics(means, items)
    classes, deciding = section_class(
        rounded, items, water_type, required=required, not_monitored=not_monitored
    )
    sufficient = n_months >= months_needed
    classes = np.where(sufficient, classes, np.int8(NO_CLASS))
    return SectionPeriod(
        classes, deciding & (classes > 0)[:, None], means, rounded, n_months, item_months, sufficient
    )  # fmt: skip


def period_means(values: ArrayLike, items: tuple[str, ...], axis: int = 0) -> NDArray[np.float64]:
    """Mean of (..., item) values along ``axis``, NaN left out, pH through 10 ** -pH.

    >>> samples = np.array([[6.5], [7.9], [8.8], [9.0], [6.78], [8.87]])
    >>> round(period_means(samples, ("ph",)).item(), 2)
    7.08
    """
    array = np.array(values, dtype=np.float64)
    columns = [column for column, item in enumerate(items) if item == "ph"]
    array[..., columns] = 10.0 ** -array[..., columns]
    there = ~np.isnan(array)
    count = there.sum(axis=axis)
    total = np.where(there, array, 0.0).sum(axis=axis)
    means = np.full(total.shape, np.nan)
    np.divide(total, count, out=means, where=count > 0)
    means[..., columns] = -np.log10(means[..., columns])
    return means


def round_statistics(values: ArrayLike, items: tuple[str, ...]) -> NDArray[np.float64]:
    """Round (..., item) statistics to the decimals of assessment data, half to even.

    A non-zero value that would become 0 keeps one significant digit. Items that have no official
    decimals keep three.
    """
    array = np.array(values, dtype=np.float64)
    for column, item in enumerate(items):
        if item in ITEMS:
            decimals = indicator(f"{item}_mean").judged_decimals
            if decimals is not None:
                array[..., column] = round_keep_significant(array[..., column], decimals)
    return array


def month_means(
    values: ArrayLike, dates: ArrayLike, items: tuple[str, ...]
) -> tuple[NDArray[np.datetime64], NDArray[np.float64]]:
    """Means of the samples of each month.

    Args:
        values: (sample, item) [mg/L], NaN missing, below detection limit already halved.
        dates: (sample,) datetime64.

    Returns:
        The months with samples, datetime64[M] (month,), in order; and their means (month, item).
    """
    array = np.asarray(values, dtype=np.float64)
    months = np.asarray(dates, dtype="datetime64[D]").astype("datetime64[M]")
    found, position = np.unique(months, return_inverse=True)
    means = np.full((len(found), len(items)), np.nan)
    for number in range(len(found)):
        means[number] = period_means(array[position == number], items)
    return found, means


def half_detection_limit(
    values: ArrayLike, below: ArrayLike, detection_limit: ArrayLike
) -> NDArray[np.float64]:
    """Replace values flagged ``below`` the detection limit by half of it.

    >>> half_detection_limit([np.nan, 0.3], [True, False], 0.01).tolist()
    [0.005, 0.3]
    """
    half = np.asarray(detection_limit, dtype=np.float64) / 2.0
    return np.where(np.asarray(below, dtype=np.bool_), half, np.asarray(values, dtype=np.float64))
