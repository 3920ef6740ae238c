"""Classes of sections month by month, and what models of classes alone are given and return.

Classes are 1 (I) to 6 (worse than V); 0 where there is none. A model of classes is fitted to the
past of a region's sections and states P(class = k) for months and years to come.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.standards.water_class import section_class
from forecast.standards.water_period import (
    MONTHS_NEEDED,
    PERIOD_REQUIRED,
    assess_section_period,
    round_statistics,
)

__all__ = ["N_CLASSES", "ClassHistory", "ClassModel", "class_frame", "period_classes"]

#: Classes I to V and worse than V.
N_CLASSES = 6
#: Sections that are graded at once.
_TOGETHER = 200


@dataclass(frozen=True)
class ClassHistory:
    """Classes of the sections of a region up to an origin.

    Attributes:
        months: datetime64[M] (month,), without gaps.
        places: names of the sections.
        monthly: int8 (month, place), class of each month, 0 where there is none.
        running: int8 (month, place), class of the mean of the calendar year up to and with the
            month; where only monthly classes are published, the class nearest to their mean.
        n_running: int16 (month, place), months with a class in the calendar year so far.
    """

    months: NDArray[np.datetime64]
    places: tuple[str, ...]
    monthly: NDArray[np.int8]
    running: NDArray[np.int8]
    n_running: NDArray[np.int16]

    def __post_init__(self) -> None:
        shape = (len(self.months), len(self.places))
        for name in ("monthly", "running", "n_running"):
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name} has shape {getattr(self, name).shape}, expected {shape}")
        if len(self.months) > 1 and (np.diff(self.months) != np.timedelta64(1, "M")).any():
            raise ValueError("months have to follow each other without a gap")

    @property
    def last_month(self) -> np.datetime64 | None:
        """The last month in which any section has a class; None where there is none."""
        seen = (self.monthly > 0).any(axis=1)
        return self.months[np.flatnonzero(seen)[-1]] if seen.any() else None

    @classmethod
    def from_items(
        cls, monthly: pd.DataFrame, *, water_types: Mapping[str, str] | None = None
    ) -> Self:
        """Classes of monthly means of items.

        Args:
            monthly: index of first days of months (gaps allowed), columns (place, item) [mg/L].
            water_types: section → river or lake; river where it is not named.

        Raises:
            ValueError: a month occurs twice.
        """
        table, months = _on_months(monthly)
        types = water_types or {}
        columns: dict[str, list[int]] = {}
        items: dict[str, list[str]] = {}
        there = np.asarray(np.isfinite(table).any(axis=0))
        for c, (place, item) in enumerate((str(c[0]), str(c[1])) for c in monthly.columns):
            own = columns.setdefault(place, [])
            names = items.setdefault(place, [])
            if there[c]:
                own.append(c)
                names.append(item)
        places = tuple(columns)
        shape = (len(months), len(places))
        found = np.zeros(shape, dtype=np.int8)
        running, count = np.zeros(shape, dtype=np.int8), np.zeros(shape, dtype=np.int16)
        # Sections with the same items in the same kind of water are graded together.
        alike: dict[tuple[tuple[str, ...], str], list[int]] = {}
        for p, place in enumerate(places):
            alike.setdefault((tuple(items[place]), types.get(place, "river")), []).append(p)
        for (own_items, kind), members in alike.items():
            for at in range(0, len(members), _TOGETHER):
                some = members[at : at + _TOGETHER]
                values = table[:, [columns[places[p]] for p in some]]
                found[:, some] = period_classes(values[:, :, None], own_items, kind)
                running[:, some] = _running_classes(values, months, own_items, kind)
        year = months.astype("datetime64[Y]").astype(np.int64)
        for number in np.unique(year):
            inside = year == number
            count[inside] = np.cumsum(found[inside] > 0, axis=0)
        return cls(months, places, found, running, count)

    @classmethod
    def from_classes(cls, monthly: pd.DataFrame) -> Self:
        """Classes that were published: index of first days of months, one column a section.

        Values are 1 to 6, NaN where there is none. The class of a year is taken as the one nearest
        to the mean of its months, half towards the worse.

        Raises:
            ValueError: a month occurs twice, or a value is not a class.
        """
        table, months = _on_months(monthly)
        known = np.isfinite(table)
        if not np.isin(table[known], np.arange(1, N_CLASSES + 1)).all():
            raise ValueError("classes are the whole numbers 1 (I) to 6 (worse than V)")
        found = np.where(known, table, 0.0).astype(np.int8)
        year = months.astype("datetime64[Y]")
        total = pd.DataFrame(found.astype(np.float64)).groupby(year).cumsum().to_numpy()
        count = pd.DataFrame(known.astype(np.int64)).groupby(year).cumsum().to_numpy()
        mean = np.divide(total, count, out=np.zeros_like(total), where=count > 0)
        running = np.floor(mean + 0.5).astype(np.int8)
        places = tuple(str(c) for c in monthly.columns)
        return cls(months, places, found, running, count.astype(np.int16))

    def until(self, origin: np.datetime64) -> ClassHistory:
        """What was known at the end of the month ``origin``."""
        some = self.months <= origin.astype("datetime64[M]")
        return ClassHistory(
            self.months[some], self.places, self.monthly[some], self.running[some],
            self.n_running[some],
        )  # fmt: skip

    def years(
        self, *, months_needed: int = MONTHS_NEEDED
    ) -> tuple[NDArray[np.int64], NDArray[np.int8]]:
        """Calendar years whose December is there, (year,), and their classes (year, place)."""
        at = np.flatnonzero(self.months.astype(np.int64) % 12 == 11)
        enough = self.n_running[at] >= months_needed
        years = self.months[at].astype("datetime64[Y]").astype(np.int64) + 1970
        return years, np.where(enough, self.running[at], np.int8(0))


class ClassModel(Protocol):
    """What every model of classes alone offers."""

    name: str

    def fit(self, history: ClassHistory) -> Self:
        """Fit to the classes of the past."""
        ...

    def probabilities(self, months: NDArray[np.datetime64]) -> NDArray[np.float64]:
        """P(class = k) of months after the history, (place, month, class), sums 1."""
        ...

    def year_probabilities(self, year: int) -> NDArray[np.float64]:
        """P(class = k) of the calendar year, (place, class), months so far as observed."""
        ...


def period_classes(
    values: NDArray[np.float64], items: tuple[str, ...], water_type: str
) -> NDArray[np.int8]:
    """Class of each period (…, month, item) by the official rules, (…,); 0 where there is none.

    The items a class asks for and that the section does not monitor at all do not withhold it.
    """
    shape = values.shape[:-2]
    if not items or not values.size:
        return np.zeros(shape, dtype=np.int8)
    flat = values.reshape(-1, *values.shape[-2:])
    return assess_section_period(
        flat, items, water_type, months_needed=1, not_monitored=_absent(items)
    ).classes.reshape(shape)


def _absent(items: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(i for i in PERIOD_REQUIRED if i not in items)


def _running_classes(
    values: NDArray[np.float64],
    months: NDArray[np.datetime64],
    items: tuple[str, ...],
    water_type: str,
) -> NDArray[np.int8]:
    """Class of the mean of the calendar year up to each month, of (month, section, item) values.

    What lies before a month in its year counts to the date: the means are running sums.
    """
    if not items or not values.size:
        return np.zeros(values.shape[:2], dtype=np.int8)
    acid = np.array([item == "ph" for item in items])
    seen = np.isfinite(values)
    plain = np.where(seen, values, 0.0)
    plain[..., acid] = np.where(seen[..., acid], 10.0 ** -plain[..., acid], 0.0)
    asked = [c for c, item in enumerate(items) if item in PERIOD_REQUIRED] or range(len(items))
    begun = np.zeros(values.shape[:2], dtype=np.bool_)
    means = np.full(values.shape, np.nan)
    year = months.astype("datetime64[Y]").astype(np.int64)
    for number in np.unique(year):
        inside = np.flatnonzero(year == number)
        total, n = np.cumsum(plain[inside], axis=0), np.cumsum(seen[inside], axis=0)
        part = np.full(total.shape, np.nan)
        np.divide(total, n, out=part, where=n > 0)
        part[..., acid] = -np.log10(part[..., acid])
        means[inside], begun[inside] = part, (n[..., list(asked)] > 0).any(axis=2)
    classes, _ = section_class(
        round_statistics(means, items), items, water_type, required=PERIOD_REQUIRED,
        not_monitored=_absent(items),
    )  # fmt: skip
    return np.where(begun, classes, np.int8(0))


def class_frame(history: ClassHistory) -> pd.DataFrame:
    """Monthly classes as a table, months × places, NaN where there is none."""
    values = np.where(history.monthly > 0, history.monthly.astype(np.float64), np.nan)
    index = pd.DatetimeIndex(history.months.astype("datetime64[ns]"), name="month")
    return pd.DataFrame(values, index=index, columns=list(history.places))


def _on_months(frame: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.datetime64]]:
    """Values on months without gaps."""
    months = frame.index.to_numpy().astype("datetime64[M]")
    if len(np.unique(months)) != len(months):
        raise ValueError("a month occurs twice; one row a month is expected")
    if not len(months):
        return np.zeros((0, len(frame.columns))), months
    first = months.min()
    span = np.arange(first, months.max() + 1)
    out = np.full((len(span), len(frame.columns)), np.nan)
    out[(months - first).astype(np.int64)] = frame.to_numpy(dtype=np.float64, na_value=np.nan)
    return out, span
