"""From stations to the city: the mean of its evaluation points (HJ 663-2013).

A city's daily value is the arithmetic mean of the daily values of its national evaluation points,
and its daily maximum 8-hour O3 the mean of the points' maxima (from memory). At least 75 % of the
points must be valid (2013, from memory); control points (清洁对照点) take no part (from memory).
Concentrations are averaged before any IAQI is looked up (secondary). Nothing is rounded here.

Some provinces form the city's hourly means first and take the 8-hour maximum of those; that maximum
is never above the mean of the points' maxima of the same hours. ``city_means`` over hours followed
by ``hours.days_of_hours`` gives it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["SILENT_DAYS", "VALID_PERCENT", "CityMeans", "city_means", "in_force", "service_days"]

#: Share of the points in force that must be valid [%] (HJ 663-2013, from memory).
VALID_PERCENT = 75

#: A point silent for longer than this up to the end of a record counts as closed where no list says
#: so: more than the 41 days a year may lack (365 - 324, GB 3095 Table 4). Our own choice.
SILENT_DAYS = 41


@dataclass(frozen=True)
class CityMeans:
    """Means of the points of each city.

    Attributes:
        values: float64 (city, time, ...), NaN where too few points are valid.
        n_valid: int64 of the same shape, points with a value.
        n_in_force: int64 (city, time), points that should have one.
    """

    values: NDArray[np.float64]
    n_valid: NDArray[np.int64]
    n_in_force: NDArray[np.int64]


def city_means(
    values: ArrayLike, city: ArrayLike, counted: ArrayLike, *, n_cities: int | None = None
) -> CityMeans:
    """Mean of the points of each city, valid where at least 75 % of those counted are.

    Args:
        values: (station, time, ...) [unit of the items], NaN missing; time is days or hours.
        city: (station,) number of the city of each station, from 0.
        counted: bool (station,) or (station, time): an evaluation point in force then; see
            ``in_force``.
        n_cities: number of cities; default the highest number and one.

    A worked case: three of four points are 75 %, two are not:

    >>> day = np.array([[10.0, 10.0], [20.0, 20.0], [60.0, np.nan], [np.nan, np.nan]])
    >>> city_means(day, [0, 0, 0, 0], [True] * 4).values.tolist()
    [[30.0, nan]]
    """
    array = np.asarray(values, dtype=np.float64)
    number = np.asarray(city, dtype=np.int64)
    if array.ndim < 2 or number.shape != array.shape[:1]:
        raise ValueError(
            f"values must have shape (station, time, ...) with one city a station, "
            f"got {array.shape} and {number.shape}"
        )
    use = np.asarray(counted, dtype=np.bool_)
    use = np.broadcast_to(use[:, None] if use.ndim == 1 else use, array.shape[:2])
    n = int(number.max(initial=-1)) + 1 if n_cities is None else n_cities
    shape = (n, *array.shape[1:])
    total = np.zeros(shape)
    n_valid = np.zeros(shape, dtype=np.int64)
    n_in_force = np.zeros(shape[:2], dtype=np.int64)
    wide = use.reshape(*use.shape, *[1] * (array.ndim - 2))
    # Stations are added in the order given, each as one block: sums don't depend on the grouping.
    for at, of in enumerate(number):
        there = wide[at] & ~np.isnan(array[at])
        total[of] += np.where(there, array[at], 0.0)
        n_valid[of] += there
        n_in_force[of] += use[at]
    needed = n_in_force.reshape(*n_in_force.shape, *[1] * (array.ndim - 2))
    enough = (n_valid > 0) & (100 * n_valid >= VALID_PERCENT * needed)
    mean = np.full(shape, np.nan)
    np.divide(total, n_valid, out=mean, where=enough)
    return CityMeans(mean, n_valid, n_in_force)


def in_force(
    days: ArrayLike, roles: ArrayLike, valid_from: ArrayLike, valid_to: ArrayLike
) -> NDArray[np.bool_]:
    """Whether each station is an evaluation point in force on each day, bool (station, day).

    Args:
        days: (day,) datetime64.
        roles: (station,) "evaluation", "control" or "other"; an unknown role, "", counts as
            evaluation.
        valid_from, valid_to: (station,) first and last day, both included; NaT is open.

    >>> in_force(["2020-01-01", "2020-01-02"], ["evaluation", "control"],
    ...          ["2020-01-02", "NaT"], ["NaT", "NaT"]).tolist()
    [[False, True], [False, False]]
    """
    when = np.asarray(days, dtype="datetime64[D]")[None]
    first = np.asarray(valid_from, dtype="datetime64[D]")[:, None]
    last = np.asarray(valid_to, dtype="datetime64[D]")[:, None]
    role = np.asarray(roles, dtype=np.str_)[:, None]
    open_then = (np.isnat(first) | (when >= first)) & (np.isnat(last) | (when <= last))
    return np.asarray(open_then & ((role == "evaluation") | (role == "")))


def service_days(
    there: ArrayLike, days: ArrayLike, silent_days: int = SILENT_DAYS
) -> tuple[NDArray[np.datetime64], NDArray[np.datetime64]]:
    """First and last day of service of stations without dates, from their own readings.

    A station serves from its first reading; it is closed after its last one where the record goes
    on for more than ``silent_days``, else its end is open.

    Args:
        there: bool (station, day), a reading of any item.
        days: (day,) datetime64, ascending.

    Returns:
        datetime64[D] (station,) each; NaT is open. A station without any reading is closed
        before the first day.
    """
    seen = np.asarray(there, dtype=np.bool_)
    when = np.asarray(days, dtype="datetime64[D]")
    first = np.full(len(seen), np.datetime64("NaT", "D"))
    last = first.copy()
    if not len(when):
        return first, last
    ever = seen.any(axis=1)
    first[ever] = when[seen[ever].argmax(axis=1)]
    final = when[len(when) - 1 - seen[ever][:, ::-1].argmax(axis=1)]
    closed = (when[-1] - final).astype(np.int64) > silent_days
    last[ever] = np.where(closed, final, np.datetime64("NaT", "D"))
    last[~ever] = when[0] - np.timedelta64(1, "D")
    return first, last
