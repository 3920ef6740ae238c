"""Priors of the seasonal air model from a panel of cities: season, trend, scatter, persistence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.features.calendar import harmonics, is_weekend
from forecast.features.holidays import HOLIDAY_TERMS, holiday_terms
from forecast.models.pooled import HARMONICS, ItemPrior

__all__ = ["estimate_priors"]

_YEAR = 365.25
#: A record with fewer readings of an item says little of its season.
_FEWEST = 600
#: Part of the mean trend of the panel that goes into the prior, and of the scatter of slopes over
#: windows of three years, most of which is weather: chosen by hindcast on the panel.
_TREND_MEAN_KEPT, _TREND_SD_KEPT = 0.8, 0.3
#: Smallest standard deviations of priors: a panel of one period is surer than it should be.
_LEAST_SD, _LEAST_TREND_SD = 0.03, 0.02
#: Starting value of the drift of the level [1/sqrt(year)]; hindcasts choose the one that is kept.
_LEVEL_SD = 0.09
_KNOT_DAYS = 183.0
#: Column of the weekend among season, weekend and holidays.
_WEEKEND = 2 * HARMONICS


def estimate_priors(
    panel: Mapping[str, pd.DataFrame], items: Sequence[str]
) -> dict[str, ItemPrior]:
    """Priors of each item from a panel of daily records.

    Args:
        panel: place to daily readings (index of days, one column an item); records of less than
            600 readings of an item are passed over.
        items: item codes wanted; one without any record is left out.
    """
    priors = {}
    for item in items:
        records = []
        for frame in panel.values():
            if item in frame:
                values = frame[item].dropna().sort_index()
                values = values[values > 0.0]
                if len(values) >= _FEWEST:
                    records.append(values)
        if records:
            priors[item] = _item_prior(records)
    return priors


def _item_prior(records: Sequence[pd.Series]) -> ItemPrior:
    coefficients, slopes, scales, shapes, lags = [], [], [], [], []
    for values in records:
        days = values.index.to_numpy().astype("datetime64[D]")
        season, level, residual = _decompose(values, days)
        coefficients.append(season)
        slopes.extend(_slopes(days, level))
        angle = harmonics(days, 1)
        size = np.log(np.maximum(np.abs(residual), 1e-3))
        design = np.column_stack([np.ones(len(days)), angle])
        shape = np.linalg.lstsq(design, size, rcond=None)[0][1:]
        shapes.append(shape)
        unit = residual / np.exp(angle @ shape)
        scales.append(float(unit.std()))
        lags.append(_autocorrelation(pd.Series(unit / unit.std(), index=values.index)))
    mean = np.mean(coefficients, axis=0)
    sd = np.std(coefficients, axis=0, ddof=1) if len(records) > 1 else np.full(len(mean), 0.3)
    sd = np.maximum(sd, _LEAST_SD)
    slow_share, slow_days, fast_share, fast_days = _two_parts(np.mean(lags, axis=0))
    cos1, sin1 = np.mean(shapes, axis=0)
    return ItemPrior(
        trend=(
            _TREND_MEAN_KEPT * float(np.mean(slopes)),
            max(_TREND_SD_KEPT * float(np.std(slopes)), _LEAST_TREND_SD),
        ),
        season=(tuple(map(float, mean[:_WEEKEND])), tuple(map(float, sd[:_WEEKEND]))),
        weekend=(float(mean[_WEEKEND]), float(sd[_WEEKEND])),
        holidays=(tuple(map(float, mean[_WEEKEND + 1 :])), tuple(map(float, sd[_WEEKEND + 1 :]))),
        scale=float(np.mean(scales)),
        scale_season=(float(cos1), float(sin1)),
        slow_share=slow_share,
        slow_days=slow_days,
        fast_share=fast_share,
        fast_days=fast_days,
        level_sd=_LEVEL_SD,
    )


def _decompose(
    values: pd.Series, days: NDArray[np.datetime64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Season, weekend and holiday coefficients, deseasonalised ln C, and residual about smooth levels."""
    readings = values.to_numpy(dtype=np.float64)
    logs = np.log(np.maximum(readings, 0.02 * float(np.median(readings))))
    age = (days - days[0]).astype(np.float64)
    knots = np.arange(0.0, age[-1] + _KNOT_DAYS, _KNOT_DAYS)
    levels = np.maximum(1.0 - np.abs(age[:, None] - knots) / _KNOT_DAYS, 0.0)
    design = np.column_stack(
        [harmonics(days, HARMONICS), is_weekend(days), holiday_terms(days), levels]
    )
    # Second differences of the levels are held small, so that levels don't take the season up.
    rough = 20.0 * np.diff(np.eye(len(knots)), n=2, axis=0)
    penalty = 1e-6 * np.eye(design.shape[1])
    penalty[-len(knots) :, -len(knots) :] += rough.T @ rough
    beta = np.linalg.solve(design.T @ design + penalty, design.T @ logs)
    n_season = 2 * HARMONICS + 1 + len(HOLIDAY_TERMS)
    return beta[:n_season], logs - design[:, :n_season] @ beta[:n_season], logs - design @ beta


def _slopes(days: NDArray[np.datetime64], level: NDArray[np.float64]) -> list[float]:
    """Slopes of the deseasonalised record over windows of three years [1/year]."""
    age = (days - days[0]).astype(np.float64) / _YEAR
    found = []
    for start in np.arange(0.0, age[-1] - 1.9, 1.0):
        inside = (age >= start) & (age < start + 3.0)
        if inside.sum() > 500:
            found.append(float(np.polyfit(age[inside], level[inside], 1)[0]))
    return found


def _autocorrelation(unit: pd.Series) -> NDArray[np.float64]:
    """Autocorrelation of a gappy daily series at lags 1 to 120."""
    full = unit.asfreq("D").to_numpy(dtype=np.float64)
    return np.array([np.nanmean(full[k:] * full[:-k]) for k in range(1, 121)])


def _two_parts(lags: NDArray[np.float64]) -> tuple[float, float, float, float]:
    """Shares and time constants of two exponentials fitted to an autocorrelation."""
    at = np.arange(1, len(lags) + 1)
    best = (np.inf, 0.1, 45.0, 0.6, 2.0)
    for slow_days in (15.0, 20.0, 30.0, 45.0, 60.0):
        for fast_days in (0.7, 1.0, 1.4, 1.8, 2.3, 3.0, 4.0, 5.0):
            columns = np.exp(-at[:, None] / np.array([slow_days, fast_days]))
            # Long lags are many and noisy: they count less.
            weight = 1.0 / np.sqrt(at)
            shares, *_ = np.linalg.lstsq(columns * weight[:, None], lags * weight, rcond=None)
            shares = np.clip(shares, [0.02, 0.05], [0.5, 0.93])
            miss = float((weight * (columns @ shares - lags) ** 2 * weight).sum())
            if miss < best[0]:
                best = (miss, float(shares[0]), slow_days, float(shares[1]), fast_days)
    return best[1], best[2], min(best[3], 0.97 - best[1]), best[4]
