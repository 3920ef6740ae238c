"""What moved a forecast of good or heavily polluted days: which item leads, and in which month."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.projection.explained_words import days_words
from forecast.projection.result import IndicatorResult
from forecast.projection.settings import Settings
from forecast.projection.summary import number
from forecast.standards.air_assessment import AirYear
from forecast.standards.aqi import GOOD_AQI, HEAVY_AQI, AqiResult, daily_aqi
from forecast.standards.day_edges import judged_days
from forecast.standards.items import AIR_ITEMS

__all__ = ["PAST_YEARS", "DayCounts", "day_counts", "days_explained", "days_rest"]

#: So many of the last years with enough readings stand beside the rest of this one.
PAST_YEARS = 5
#: Paths whose days are looked at one by one; shares of items and months need no more.
_PATHS = 400


@dataclass(frozen=True)
class DayCounts:
    """Days over a bound of the AQI, keyed by indicator (``good_day_ratio``: over 100).

    Attributes:
        led: mean number of such days to come that each item leads, shape (item,); a day that two
            items lead counts half for each.
        months: mean number of such days to come in each month, shape (12,).
        led_so_far: the same of the observed part of the year.
        past: year → number of such days in the same part of that year as is to come.
        past_valid: year → number of days with an AQI in that part.
    """

    led: dict[str, NDArray[np.float64]]
    months: dict[str, NDArray[np.float64]]
    led_so_far: dict[str, NDArray[np.float64]]
    past: dict[str, dict[int, int]]
    past_valid: dict[int, int]


_BOUNDS = {"good_day_ratio": GOOD_AQI, "heavy_days": HEAVY_AQI}


def _key(name: str) -> str:
    return "heavy_days" if name == "heavy_days" else "good_day_ratio"


def day_counts(
    history: pd.DataFrame,
    observed: NDArray[np.float64],
    joined: NDArray[np.float32],
    first: int,
    days: NDArray[np.datetime64],
    settings: Settings,
) -> DayCounts:
    """Count the days over the bounds of the AQI, to come, so far, and in earlier years.

    Args:
        history: days × items up to the as-of date.
        observed: (day, item) of the year.
        joined: (path, day, item), observed and drawn.
        first: position of the first drawn day.
        days: the days of the year.
        settings: the question.
    """
    ahead = days[first:]
    some = joined[:_PATHS, first:]
    counted, good, heavy = judged_days(some, ahead, settings.standard)
    poor = {"good_day_ratio": counted & ~good, "heavy_days": heavy}
    # Only of a poor day is asked which item led it, and a heavily polluted day is a poor one.
    over = poor["good_day_ratio"]
    when = np.broadcast_to(ahead, over.shape)[over]
    coming = daily_aqi(some[over], when, AIR_ITEMS, settings.standard)
    seen = daily_aqi(observed[:first], days[:first], AIR_ITEMS, settings.standard)
    times = pd.DatetimeIndex(history.index)
    start = pd.Timestamp(ahead[0])
    same = (times.month > start.month) | ((times.month == start.month) & (times.day >= start.day))
    same &= times.year < settings.year
    rows, years = history.to_numpy(dtype=np.float64)[same], times.year.to_numpy()[same]
    at = times.to_numpy()[same].astype("datetime64[D]")
    valid, fair, foul = (one[0] for one in judged_days(rows[None], at, settings.standard))
    bad = {"good_day_ratio": valid & ~fair, "heavy_days": foul}
    month = ahead.astype("datetime64[M]").astype(np.int64) % 12
    led, months, so_far, past = {}, {}, {}, {}
    for name, bound in _BOUNDS.items():
        led[name] = _shares(coming, poor[name][over]) / len(over)
        per_day = poor[name].mean(axis=0)
        months[name] = np.bincount(month, weights=per_day, minlength=12).astype(np.float64)
        so_far[name] = _shares(seen, _over(seen, bound))
        past[name] = {int(y): int(bad[name][years == y].sum()) for y in np.unique(years)}
    count = {int(y): int(valid[years == y].sum()) for y in np.unique(years)}
    return DayCounts(led, months, so_far, past, count)


def _over(found: AqiResult, bound: int) -> NDArray[np.bool_]:
    return np.asarray(found.complete & (found.aqi > bound))


def _shares(found: AqiResult, poor: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Number of the ``poor`` days that each item leads, shape (item,)."""
    leaders = found.primary[poor].astype(np.float64)
    total: NDArray[np.float64] = (leaders / np.maximum(leaders.sum(axis=1), 1)[:, None]).sum(axis=0)
    return total


def days_rest(result: IndicatorResult, counts: DayCounts, final: AirYear) -> dict[str, Any]:
    """Forecast and past years of the bad days still to come, beside the budget of them."""
    key = _key(result.indicator)
    if key == "heavy_days":
        left = final.values["heavy_days"] - result.counts["heavy"]
    else:
        bad = final.n_valid["good_days"] - final.values["good_days"]
        left = bad - (result.counts["n_valid"] - result.counts["good"])
    low, median, high = np.quantile(left, [0.05, 0.5, 0.95], method="inverted_cdf")
    # A year with gaps says too little of how many days there were.
    whole = [
        counts.past[key][y]
        for y in sorted(result.history)[-PAST_YEARS:]
        if counts.past_valid.get(y, 0) >= 0.9 * result.counts["n_left"]
    ]
    return {
        "days": int(result.counts["n_left"]),
        "expected": number(float(left.mean())),
        "median": number(float(median)), "low": number(float(low)), "high": number(float(high)),
        "past_lowest": min(whole, default=None),
        "past_highest": max(whole, default=None),
        "past_years": len(whole),
    }  # fmt: skip


def days_explained(
    result: IndicatorResult, counts: DayCounts, rest: dict[str, Any]
) -> dict[str, Any]:
    """What the count of days is made of: so far, to come, by leading item and by month."""
    key = _key(result.indicator)
    expected = rest["expected"] or 0.0
    n = int(result.counts["n_valid"])
    bad = result.counts["heavy"] if key == "heavy_days" else n - result.counts["good"]
    drawn = float(counts.months[key].sum())
    # Items and months are counted on a part of the paths; their sum is that of all paths.
    scale = expected / drawn if drawn > 0 else 0.0
    told: dict[str, Any] = {
        "kind": "days",
        "bound": int(_BOUNDS[key]),
        "rest": rest,
        "so_far": {
            "days": n,
            "bad": int(bad),
            "by_item": _by_item(counts.led_so_far[key], 1.0),
        },
        "by_item": _by_item(counts.led[key], scale),
        "by_month": {
            str(m + 1): number(float(v) * scale) for m, v in enumerate(counts.months[key]) if v > 0
        },
    }
    zh, en = days_words(told)
    return told | {"text": zh, "text_en": en}


def _by_item(values: NDArray[np.float64], scale: float) -> dict[str, float | None]:
    order = sorted(range(len(AIR_ITEMS)), key=lambda k: -values[k])
    return {AIR_ITEMS[k]: number(float(values[k]) * scale) for k in order if values[k] > 0}
