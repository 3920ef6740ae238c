"""What moved a forecast: the rest of the year in its parts, and what the year so far does to it.

The mean of the rest of a year is exp(level + season + trend + calendar + state) on the log scale of
the model, times what scatter from day to day adds. The parts are turned into µg/m³ by logarithmic
means (LMDI, Ang 2005, Energy Policy 33, 867, doi:10.1016/j.enpol.2003.10.010): each gets
L(R, T)·ln(factor), where L(a, b) = (a - b)/ln(a/b), R is the median of the rest and T the typical
level; so they add up to R - T without a remainder, in whatever order they are told.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.models.air_seasonal import AirSeasonal
from forecast.models.air_weather import AirWeather
from forecast.projection.air_drawing import Drawn
from forecast.projection.days import dust_matrix
from forecast.projection.explained_days import PAST_YEARS, day_counts, days_explained, days_rest
from forecast.projection.explained_words import mean_words
from forecast.projection.result import IndicatorResult
from forecast.projection.settings import Settings
from forecast.projection.summary import number
from forecast.standards.air_assessment import AirYear
from forecast.standards.items import AIR_ITEMS

__all__ = ["PARTS_OF_REST", "split_parts", "with_explanations"]

#: The parts that lead from the typical level to the rest of the year, in the order told.
PARTS_OF_REST: tuple[str, ...] = ("season", "state", "trend", "calendar")


def split_parts(rest: float, logs: dict[str, float]) -> tuple[float, dict[str, float]]:
    """Return the typical level and what each part of ``PARTS_OF_REST`` adds to it.

    Args:
        rest: median of the mean of the rest of the year, above 0 [unit of the item].
        logs: mean ln contribution of each part; ``level`` is in it too and not used: what scatter
            adds to a mean of logs belongs to the typical level.

    >>> typical, added = split_parts(44.0, dict(season=0.2, state=-0.1, trend=0.0, calendar=0.0))
    >>> round(typical, 3), round(typical + sum(added.values()), 9)
    (39.813, 44.0)
    """
    moved = sum(logs[p] for p in PARTS_OF_REST)
    typical = rest * float(np.exp(-moved))
    # The limit of the logarithmic mean of two equal numbers is that number.
    mean = rest if abs(moved) < 1e-12 else (rest - typical) / moved
    return typical, {p: mean * logs[p] for p in PARTS_OF_REST}


@dataclass(frozen=True)
class _Past:
    """The part of earlier years before and after the day of the year that drawing begins on."""

    years: NDArray[np.int64]
    rest: NDArray[np.bool_]
    values: NDArray[np.float64]

    def part(self, item: int, year: int, *, rest: bool) -> tuple[float, int]:
        """Mean and number of the valid days of one part of a year."""
        own = self.values[(self.years == year) & (self.rest == rest), item]
        own = own[np.isfinite(own)]
        return (float(own.mean()), len(own)) if len(own) else (float("nan"), 0)


def with_explanations(
    results: list[IndicatorResult],
    history: pd.DataFrame,
    drawn: Drawn,
    observed: NDArray[np.float64],
    days: NDArray[np.datetime64],
    settings: Settings,
    final: AirYear,
    dust: pd.DataFrame | None = None,
) -> list[IndicatorResult]:
    """Add what moved each forecast, and what the rest of the year needs beside it.

    Args:
        results: the indicators of one city, with the history of earlier years.
        history: days × items up to the as-of date.
        drawn: the year with what is not observed drawn.
        observed: (day, item) of the year.
        days: the days of the year.
        settings: the question.
        final: the indicators of the joined year.
        dust: ``date, item`` of the days taken out of the means as dust.
    """
    if drawn.joined is None or drawn.first >= len(days) or drawn.model is None:
        return results
    ahead = days[drawn.first :]
    past = _past(history, ahead[0], dust)
    model = drawn.model
    logs = model.explain(ahead) if isinstance(model, AirSeasonal) else {}
    counts = day_counts(history, observed, drawn.joined, drawn.first, days, settings)
    out = []
    for result in results:
        if result.samples is None:
            out.append(result)
        elif result.indicator.endswith("_annual_mean"):
            weather = _weather_so_far(result, drawn, observed, days)
            out.append(_mean_explained(result, past, logs, ahead, settings, final, weather))
        elif result.indicator in ("good_day_ratio", "good_days", "heavy_days"):
            rest = days_rest(result, counts, final)
            told = days_explained(result, counts, rest)
            out.append(replace(result, explain=told, rest=rest))
        else:
            out.append(result)
    return out


def _past(history: pd.DataFrame, first: np.datetime64, dust: pd.DataFrame | None) -> _Past:
    times = pd.DatetimeIndex(history.index)
    start = pd.Timestamp(first)
    later = (times.month > start.month) | ((times.month == start.month) & (times.day >= start.day))
    values = history.to_numpy(dtype=np.float64).copy()
    values[dust_matrix(dust, times.to_numpy().astype("datetime64[D]"))] = np.nan
    return _Past(times.year.to_numpy().astype(np.int64), np.asarray(later), values)


def _mean_explained(
    result: IndicatorResult,
    past: _Past,
    logs: dict[str, dict[str, float]],
    ahead: NDArray[np.datetime64],
    settings: Settings,
    final: AirYear,
    weather: float | None,
) -> IndicatorResult:
    name = result.indicator
    item = name.removesuffix("_annual_mean")
    column = AIR_ITEMS.index(item)
    assert result.samples is not None
    n = int(result.counts["n_valid"])
    total = int(final.n_valid[name][0])
    left = total - n
    if left <= 0:
        return result
    so_far = result.counts.get("sum", 0.0)
    # The mean of a year and that of its rest are one and the same statement, path by path.
    rest = (result.samples * total - so_far) / left
    low, median, high = (float(q) for q in np.quantile(rest, [0.05, 0.5, 0.95]))
    recent = sorted(result.history)[-PAST_YEARS:]
    others = [past.part(column, y, rest=True)[0] for y in recent]
    others = [v for v in others if np.isfinite(v)]
    beside: dict[str, Any] = {
        "days": left,
        "median": number(median), "low": number(low), "high": number(high),
        "past_lowest": number(min(others)) if others else None,
        "past_highest": number(max(others)) if others else None,
        "past_years": len(others),
    }  # fmt: skip
    told: dict[str, Any] = {
        "kind": "mean",
        "unit": result.unit,
        "rest": beside,
        "so_far": {"days": n, "mean": number(so_far / n) if n else None},
        "weather": weather,
        "year": number((so_far + left * median) / total),
        "parts": None,
        "last_year": None,
    }
    if item in logs and median > 0:
        typical, added = split_parts(median, logs[item])
        scatter = typical / float(np.exp(logs[item]["level"]))
        told["parts"] = {
            "typical": number(typical),
            "added": {p: number(v) for p, v in added.items()},
            "factors": {
                "level": number(float(np.exp(logs[item]["level"]))),
                "scatter": number(scatter),
                **{p: number(float(np.exp(logs[item][p]))) for p in PARTS_OF_REST},
            },
        }
    told["last_year"] = _against(past, column, settings.year - 1, result, so_far, n, left, median)
    zh, en = mean_words(told, str(pd.Timestamp(ahead[0]).date()))
    told |= {"text": zh, "text_en": en}
    return replace(result, explain=told, rest=beside)


#: Part of the days so far whose weather has to be known.
_KNOWN_WEATHER = 0.8


def _weather_so_far(
    result: IndicatorResult,
    drawn: Drawn,
    observed: NDArray[np.float64],
    days: NDArray[np.datetime64],
) -> float | None:
    """What the weather of the year so far did to its mean [unit of the item]; None if not known.

    The mean of the days as read less what the same days would have had with the usual weather of
    their month: the effect of their own weather taken out, and that of the month's days over the
    record put in, exp(E) on average (a month of calm and windy days is not a month of mean days).
    """
    item = result.indicator.removesuffix("_annual_mean")
    if not isinstance(drawn.model, AirWeather) or item not in drawn.model.effects:
        return None
    values = observed[: drawn.first, AIR_ITEMS.index(item)]
    so_far = pd.DatetimeIndex(days[: drawn.first])
    record = drawn.model.effects[item]
    effects = record.reindex(so_far).to_numpy(dtype=np.float64)
    seen = np.isfinite(values)
    both = seen & np.isfinite(effects)
    if not both.any() or both.sum() < _KNOWN_WEATHER * seen.sum():
        return None
    factor = np.exp(record.dropna())
    by_month = factor.groupby(pd.DatetimeIndex(factor.index).month).mean()
    usual = by_month.reindex(so_far.month).to_numpy(dtype=np.float64)
    gain = values[both] * (1.0 - usual[both] * np.exp(-effects[both]))
    return number(float(gain.mean()))


def _against(
    past: _Past,
    column: int,
    year: int,
    result: IndicatorResult,
    so_far: float,
    n: int,
    left: int,
    rest: float,
) -> dict[str, Any] | None:
    """The difference to last year's mean, as what the year so far and the rest put in.

    With w the share of days so far and a, r the means of the two parts: w(a - a') + (1 - w)(r - r')
    + (w - w')(a' - r'); the last is what other gaps in the readings do.
    """
    if year not in result.history:
        return None
    a1, n1 = past.part(column, year, rest=False)
    r1, m1 = past.part(column, year, rest=True)
    if not m1 or (n and not n1):
        return None
    before = ((a1 * n1 if n1 else 0.0) + r1 * m1) / (n1 + m1)
    w = n / (n + left)
    a = so_far / n if n else 0.0
    from_so_far = w * (a - a1) if n else 0.0
    now = w * a + (1 - w) * rest
    from_rest = (1 - w) * (rest - r1)
    return {
        "year": year,
        "value": number(before),
        "so_far": number(a1) if n else None,
        "rest": number(r1),
        "change": number(now - before),
        "from_so_far": number(from_so_far),
        "from_rest": number(from_rest),
        "from_gaps": number(now - before - from_so_far - from_rest),
    }
