"""A clock that is wrong: the daily course of ozone displaced by hours.

Ozone rises and falls with the sun, so the mean course of a month tells the time. NO2 does not: at
points away from traffic its course may be reversed, and in the Beijing record of 2013 to 2017 it
would accuse 10 % of the station-months. Ozone accuses none of 384, against the other stations or
against the station's own other months, and shows a planted shift of three hours in 98 % of them
(86 % against the own months).
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.quality.findings import findings, no_findings
from forecast.quality.hour_grid import HourGrid
from forecast.standards.hours import hours_of_day

__all__ = ["clock_shift"]

#: A course that has moved by fewer hours may be weather.
_HOURS = 3
#: The displaced course must fit well, and clearly better than the one in place.
_FIT, _GAIN = 0.8, 0.2
#: Days of each hour that make a course, and others (stations or months) that make a reference.
_DAYS, _OTHERS = 15, 2


def clock_shift(grid: HourGrid) -> pd.DataFrame:
    """Months in which the course of ozone lies three hours or more from where it should.

    The reference is the mean course of the other places of the region in the same month, where
    there are two; else that of the station's own other months, where there are two. Courses are
    scaled to mean 0 and variance 1. A displacement of +8 h means that readings come eight hours
    late by their label.
    """
    day, slot = hours_of_day(grid.hours)
    if not len(day):
        return no_findings()
    month = day.astype("datetime64[M]")
    months = np.unique(month)
    ozone = grid.by_item["o3_1h"]
    course = np.full((len(grid.place), len(months), 24), np.nan)
    n = np.zeros((len(grid.place), len(months)), dtype=np.int64)
    for at, of in enumerate(months):
        inside = month == of
        for hour in range(24):
            x = ozone[:, inside & (slot == hour + 1)]
            there = ~np.isnan(x)
            count = there.sum(axis=1)
            n[:, at] += count
            total = np.where(there, x, 0.0).sum(axis=1)
            np.divide(total, count, out=course[:, at, hour], where=count >= _DAYS)
    scaled = _scaled(course)
    known = np.asarray(~np.isnan(scaled).any(axis=-1))
    reference, by_region = _reference(scaled, known, grid.region)
    usable = known & ~np.isnan(reference).any(axis=-1)
    fit = np.stack(
        [(np.roll(scaled, -lag, axis=-1) * reference).mean(axis=-1) for lag in range(-11, 13)],
        axis=-1,
    )
    fit = np.where(usable[..., None], fit, -1.0)
    lag = np.asarray(fit.argmax(axis=-1)) - 11
    best, still = fit.max(axis=-1), fit[..., 11]
    found = usable & (np.abs(lag) >= _HOURS) & (best >= _FIT) & (best - still >= _GAIN)
    place, which = np.nonzero(found)
    first = np.array([int(np.flatnonzero(month == months[k])[0]) for k in which], dtype=np.int64)
    last = np.array([int(np.flatnonzero(month == months[k])[-1]) for k in which], dtype=np.int64)
    detail = []
    for p, k in zip(place, which, strict=True):
        zh, en = (
            ("同城其他点位", "the other stations of the region")
            if by_region[p, k]
            else ("本点其他月份", "the station's own other months")
        )
        detail.append(
            f"臭氧日变化比{zh}错开{lag[p, k]:+d}小时|"
            f"the daily course of ozone lies {lag[p, k]:+d} h from that of {en}"
        )
    return findings(
        grid.region[place], grid.place[place], "o3_1h", grid.hours[first], grid.hours[last],
        "clock_shift", detail, n[place, which],
    )  # fmt: skip


def _scaled(course: NDArray[np.float64]) -> NDArray[np.float64]:
    """Courses with mean 0 and variance 1; NaN where an hour is missing or all are the same."""
    mean = course.mean(axis=-1, keepdims=True)
    spread = course.std(axis=-1, keepdims=True)
    out = np.full(course.shape, np.nan)
    np.divide(course - mean, spread, out=out, where=spread > 0)
    return out


def _reference(
    scaled: NDArray[np.float64], known: NDArray[np.bool_], region: NDArray[np.object_]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The course to compare with (place, month, 24), and whether it is of the region."""
    codes = pd.factorize(region)[0]
    filled = np.where(known[..., None], scaled, 0.0)
    total = np.zeros((int(codes.max(initial=-1)) + 1, *scaled.shape[1:]))
    count = np.zeros(total.shape[:2], dtype=np.int64)
    np.add.at(total, codes, filled)
    np.add.at(count, codes, known.astype(np.int64))
    others = total[codes] - filled
    n_others = count[codes] - known
    # Readings without a city share the empty name, not the sky.
    named = np.asarray(region, dtype=object) != ""
    by_region = (n_others >= _OTHERS) & named[:, None]
    own = filled.sum(axis=1, keepdims=True) - filled
    n_own = known.sum(axis=1, keepdims=True) - known
    reference = np.where(by_region[..., None], others, own)
    enough = by_region | (n_own >= _OTHERS)
    return _scaled(np.where(enough[..., None], reference, np.nan)), by_region
