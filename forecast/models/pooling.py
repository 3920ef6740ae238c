"""Pooled figures from past forecasts of a panel: how far they were off, and at which lead.

The figures that ship were made with these functions (``benchmarks/pooled_slow_error.py``); a
user with readings of many cities makes their own in the same way.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.models.air_seasonal import AirSeasonal
from forecast.models.pooled import AirPooled, ItemPrior

__all__ = [
    "CANDIDATES",
    "LEAD_WINDOWS",
    "added_sd",
    "choose",
    "error_correlation",
    "hindcast",
    "slow_error",
]

#: First and last lead [days] of the periods whose means are compared with the truth. The first
#: three start at the origin, as the rest of a year does.
LEAD_WINDOWS = ((1, 90), (1, 182), (1, 365), (366, 730))
#: What :func:`choose` tries: drift of the level, slow share and slow time constant; None keeps
#: what the autocorrelation gave, in which slow parts are hard to see.
CANDIDATES: tuple[tuple[float, float | None, float | None], ...] = tuple(
    (level, share, days)
    for level in (0.06, 0.09, 0.13)
    for share, days in ((None, None), (0.03, 60.0), (0.06, 60.0), (0.06, 30.0), (0.12, 20.0))
)
#: The slow error is never taken to be smaller: the panel has seen few years, all of one era, and
#: what cancels in the mean of a year does not in its good days. With 0.07, 90 % intervals of days
#: within limits cover 88 to 90 % on the panel, with 0.04 86 to 89 %, with 0.10 90 to 92 %
#: (``stand_in_coverage`` of the benchmark, on every third city).
_LEAST_SD = 0.07
_BASIS_DAY = np.datetime64("2018-09-01", "D")
_GASES = ("so2", "no2", "co", "o3_8h")
_BASIS_FACTOR = 273.15 / 298.15


def hindcast(
    panel: Mapping[str, pd.DataFrame],
    pooled: AirPooled,
    origins: Sequence[np.datetime64],
    *,
    n_paths: int = 200,
    seed: int = 1,
) -> pd.DataFrame:
    """Errors of past forecasts of the means of :data:`LEAD_WINDOWS`.

    Args:
        panel: place to daily readings.
        pooled: figures the model uses; the slow error is left out here.
        origins: last days whose readings are used.
        n_paths: paths of each forecast.
        seed: seed of the random streams.

    Returns:
        One row a place, origin, item and window: ``error`` (ln of truth over ln of the median
        path) and ``variance`` (of ln of the period mean over paths).
    """
    bare = dataclasses.replace(pooled, slow_sd=dict.fromkeys(pooled.priors, ()))
    rows = []
    for number, (place, frame) in enumerate(sorted(panel.items())):
        ordered = frame.sort_index()
        days = ordered.index.to_numpy().astype("datetime64[D]")
        for origin in origins:
            past = ordered[days <= origin]
            if len(past) < 330 or days[-1] < origin + 80:
                continue
            model = AirSeasonal(place, pooled=bare).fit(past)
            if model.last_day != origin:
                continue
            ahead = np.arange(1, int(min((days[-1] - origin).astype(int), 730)) + 1)
            rng = np.random.default_rng([seed, number, int(origin.astype(int))])
            paths = model.sample(origin + ahead, n_paths, rng).values
            truth = ordered.reindex(pd.DatetimeIndex(origin + ahead))
            for i, item in enumerate(model.items):
                real = truth[item].to_numpy(float)
                if item in _GASES and origin < _BASIS_DAY + 90:
                    if origin >= _BASIS_DAY:
                        continue
                    # The change of basis could not be known: it is no error of the model.
                    real = np.where(origin + ahead >= _BASIS_DAY, real / _BASIS_FACTOR, real)
                for first, last in LEAD_WINDOWS:
                    inside = slice(first - 1, last)
                    seen = np.isfinite(real[inside])
                    if seen.sum() < 0.9 * (last - first + 1):
                        continue
                    drawn = np.log(paths[:, inside, i][:, seen].mean(axis=1, dtype=float))
                    actual = np.log(real[inside][seen].mean())
                    rows.append(
                        (place, origin, item, first, last, actual - np.median(drawn), drawn.var())
                    )
    columns = ["place", "origin", "item", "first", "last", "error", "variance"]
    return pd.DataFrame(rows, columns=columns)


def choose(
    panel: Mapping[str, pd.DataFrame],
    pooled: AirPooled,
    origins: Sequence[np.datetime64],
) -> dict[str, ItemPrior]:
    """Priors with the drift of the level and the slow part that suit past errors best.

    Each of :data:`CANDIDATES` is tried; for each item the one is kept that has the best normal
    log score of period means, with the slow error it needs: it has to be right in the middle
    and narrow, but never narrower than its errors.
    """
    best: dict[str, tuple[float, ItemPrior]] = {}
    for level_sd, share, days in CANDIDATES:
        tried = {}
        for item, prior in pooled.priors.items():
            slow = prior.slow_share if share is None else share
            tried[item] = dataclasses.replace(
                prior,
                level_sd=level_sd,
                slow_share=slow,
                slow_days=prior.slow_days if days is None else days,
                fast_share=min(prior.fast_share, 0.97 - slow),
            )
        errors = hindcast(panel, dataclasses.replace(pooled, priors=tried), origins, n_paths=60)
        scores: dict[str, list[float]] = {}
        for (name, _), group in errors[errors["last"] <= 365].groupby(["item", "last"]):
            error = group["error"].to_numpy(float)
            variance = group["variance"].to_numpy(float)
            total = variance + added_sd(error, variance) ** 2
            scores.setdefault(str(name), []).append(
                float(np.mean(np.log(total) + np.minimum(error**2 / total, 9.0)))
            )
        for item, found in scores.items():
            score = float(np.mean(found))
            if item not in best or score < best[item][0]:
                best[item] = (score, tried[item])
    return {item: best[item][1] if item in best else p for item, p in pooled.priors.items()}


def slow_error(
    errors: pd.DataFrame,
    *,
    windows: Sequence[tuple[int, int]] = LEAD_WINDOWS,
    fewest: int = 60,
) -> dict[str, tuple[tuple[float, float], ...]]:
    """Standard deviation of the slow error by item and lead, from past errors.

    The size of a window is what has to be added to the variance of its paths so that squared
    errors, cut at nine times the sum, are as large as the sum. Windows that start at the origin
    are taken apart, so that the mean of the slow error over each window has the size found.

    Args:
        errors: table of :func:`hindcast`.
        windows: its windows: some that start at lead 1, the last of them a year, then the
            second year.
        fewest: with fewer cases of the second year, it is to the first as for all items together.

    Returns:
        Pairs (lead, standard deviation) an item.
    """
    year, second_year = windows[-2][1], windows[-1][1]
    sizes: dict[str, dict[int, float]] = {}
    counts: dict[str, int] = {}
    for (item, window), group in errors.groupby(["item", "last"]):
        last = int(str(window))
        sizes.setdefault(str(item), {})[last] = added_sd(
            group["error"].to_numpy(float), group["variance"].to_numpy(float)
        )
        if last == second_year:
            counts[str(item)] = len(group)
    known = [
        size[second_year] / max(size[year], _LEAST_SD)
        for item, size in sizes.items()
        if counts.get(item, 0) >= fewest and year in size
    ]
    growth = float(np.median(known)) if known else 1.5
    result = {}
    for item, size in sizes.items():
        points, sum_before, days_before = [], 0.0, 0
        for _, last in windows[:-1]:
            if last not in size:
                continue
            own = (size[last] * last - sum_before) / (last - days_before)
            own = max(own, _LEAST_SD)
            points.append(((days_before + last) / 2.0, own))
            sum_before += own * (last - days_before)
            days_before = last
        if points:
            first = max(size.get(year, 0.0), points[-1][1], _LEAST_SD)
            later = size[second_year] if counts.get(item, 0) >= fewest else first * growth
            points.append(((windows[-1][0] + second_year) / 2.0, max(later, first)))
            result[item] = tuple(points)
    return result


def added_sd(error: NDArray[np.float64], variance: NDArray[np.float64]) -> float:
    """What must be added to the paths' spread for errors as large as they were."""
    low, high = 0.0, max(1.0, 2.0 * float(np.abs(error).max()))
    for _ in range(40):
        middle = (low + high) / 2.0
        total = variance + middle**2
        too_small = float(np.mean(np.minimum(error**2, 9.0 * total) / total)) > 1.0
        low, high = (middle, high) if too_small else (low, middle)
    return high


def error_correlation(
    errors: pd.DataFrame, items: Sequence[str]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Correlation over items of the errors of year means, and number of cases of each pair."""
    year = errors[errors["last"] == 365]
    wide = year.pivot_table(index=["place", "origin"], columns="item", values="error")
    wide = wide.reindex(columns=list(items))
    present = wide.notna().to_numpy(float)
    cases = (present.T @ present).astype(np.int64)
    return np.nan_to_num(wide.corr().to_numpy(float)), cases
