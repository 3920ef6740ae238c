"""Pooled figures of the seasonal water model from a panel of sections."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd

from forecast.models.pooled import SlowPoints, WaterPooled, WaterPrior
from forecast.models.pooling import added_sd
from forecast.models.water_seasonal import WaterSeasonal

__all__ = ["WATER_WINDOWS", "estimate_water", "hindcast_water"]

#: First and last lead [months] of the periods whose means are compared with the truth.
WATER_WINDOWS = ((1, 3), (1, 6), (1, 12), (13, 24))
#: Slow share, slow months, fast share: what is tried; the fast part lasts a month.
_CANDIDATES = tuple(
    (slow, months, fast)
    for slow in (0.05, 0.15, 0.3)
    for months in (6.0, 12.0)
    for fast in (0.1, 0.4)
)
_PLAIN = ("do", "ph")
#: The slow error is never taken to be smaller.
_LEAST_SLOW_SD = 0.07


def _inflation(slow: float, months: float, fast: float, fast_months: float) -> float:
    """Long-run variance over variance of one month of the sum of two autoregressions."""
    total = 1.0 - slow - fast
    for share, time in ((slow, months), (fast, fast_months)):
        phi = np.exp(-1.0 / time)
        total += share * (1.0 + phi) / (1.0 - phi)
    return float(total)


def hindcast_water(
    panel: pd.DataFrame,
    pooled: WaterPooled,
    origins: Sequence[np.datetime64],
    *,
    n_paths: int = 200,
    seed: int = 1,
) -> pd.DataFrame:
    """Errors of past forecasts of the means of :data:`WATER_WINDOWS`.

    Args:
        panel: monthly means, index of months, columns (place, item).
        pooled: figures the model uses; the slow error is left out here.
        origins: last months whose values are used.
        n_paths: paths of each forecast.
        seed: seed of the random streams.

    Returns:
        One row a place, item, origin and window: ``error`` (truth less median path, of ln of the
        mean; of the mean itself for DO and pH) and ``variance`` over paths.
    """
    bare = WaterPooled({i: dataclasses.replace(p, slow_sd=()) for i, p in pooled.priors.items()})
    months = panel.index.to_numpy().astype("datetime64[M]")
    rows = []
    for origin in origins:
        model = WaterSeasonal(pooled=bare).fit(panel[months <= origin])
        if model.last_month != origin:
            continue
        ahead = origin + np.arange(1, 25)
        rng = np.random.default_rng([seed, int(origin.astype(int))])
        paths = model.sample(ahead, n_paths, rng).values
        truth = panel.reindex(pd.DatetimeIndex(ahead.astype("datetime64[ns]")))
        for column, (place, item) in enumerate(model.columns):
            real = truth[(place, item)].to_numpy(dtype=np.float64)
            for first, last in WATER_WINDOWS:
                inside = slice(first - 1, last)
                seen = np.isfinite(real[inside])
                if seen.sum() < 0.8 * (last - first + 1):
                    continue
                drawn = paths[:, inside, column][:, seen].mean(axis=1, dtype=np.float64)
                actual = real[inside][seen].mean()
                if item not in _PLAIN:
                    if actual <= 0.0:
                        continue
                    drawn, actual = np.log(drawn), np.log(actual)
                error = actual - np.median(drawn)
                rows.append((place, item, origin, first, last, error, drawn.var()))
    columns = ["place", "item", "origin", "first", "last", "error", "variance"]
    return pd.DataFrame(rows, columns=columns)


def estimate_water(panel: pd.DataFrame, origins: Sequence[np.datetime64]) -> WaterPooled:
    """Pooled figures of every item of ``panel``, and of ``other`` for items it does not hold.

    Args:
        panel: monthly means, index of months, columns (place, item).
        origins: last months of the past forecasts from which persistence and slow error come.
    """
    items = list(dict.fromkeys(map(str, panel.columns.get_level_values(1))))
    start = {item: _start(panel, item) for item in items}
    best: dict[str, tuple[float, WaterPrior, pd.DataFrame]] = {}
    for slow, months, fast in _CANDIDATES:
        tried = {
            item: dataclasses.replace(
                prior,
                slow_share=slow,
                slow_months=months,
                fast_share=fast,
                inflation=_inflation(slow, months, fast, prior.fast_months),
            )
            for item, prior in start.items()
        }
        errors = hindcast_water(panel, WaterPooled(tried), origins, n_paths=100)
        for item in items:
            own = errors[errors["item"] == item]
            score = _log_score(own[own["last"] <= WATER_WINDOWS[-2][1]])
            if item not in best or score < best[item][0]:
                best[item] = (score, tried[item], own)
    priors = {}
    for item, (_, prior, errors) in best.items():
        year = errors[errors["last"] == WATER_WINDOWS[-2][1]]
        priors[item] = dataclasses.replace(
            prior,
            common_share=_common_share(year),
            slow_sd=_slow_error(errors).get(item, ((6.0, prior.scale),)),
        )
    priors["other"] = _typical([p for item, p in priors.items() if item not in _PLAIN])
    return WaterPooled(priors)


def _start(panel: pd.DataFrame, item: str) -> WaterPrior:
    """Scatter and season of one item: sizes only, persistence comes from hindcasts."""
    table = panel.xs(item, axis=1, level=1)
    values = table.to_numpy(dtype=np.float64)
    if item not in _PLAIN:
        values = np.log(np.where(values > 0.0, values, np.nan))
    months = table.index.to_numpy().astype("datetime64[M]").astype(np.int64)
    month, year = months % 12, months // 12
    frame = pd.DataFrame(values)
    anomaly = frame - frame.groupby(year).transform("mean")
    own = anomaly.groupby(month).mean()
    n_sections = len(table.columns)
    scale = float(np.nanstd((anomaly - anomaly.groupby(month).transform("mean")).to_numpy()))
    # Means over few years of a month scatter by themselves; what is more is season.
    noise = scale**2 / max(len(set(year)), 1)
    common = float(np.sqrt(max(own.mean(axis=1).var() - noise / n_sections, 0.0)))
    apart = float(np.sqrt(max(own.sub(own.mean(axis=1), axis=0).to_numpy().var() - noise, 0.0)))
    return WaterPrior(
        scale=scale,
        season_sd=max(common, 0.1 * scale),
        own_season_sd=max(apart, 0.1 * scale),
        slow_share=0.15,
        slow_months=6.0,
        fast_share=0.4,
        fast_months=1.0,
        inflation=3.0,
        common_share=0.1,
        slow_sd=(),
    )


def _log_score(errors: pd.DataFrame) -> float:
    """Mean normal log score over windows, with the slow error that each needs."""
    scores = []
    for _, group in errors.groupby("last"):
        error, variance = group["error"].to_numpy(float), group["variance"].to_numpy(float)
        total = variance + added_sd(error, variance) ** 2
        scores.append(float(np.mean(np.log(total) + np.minimum(error**2 / total, 9.0))))
    return float(np.mean(scores)) if scores else float("inf")


def _common_share(errors: pd.DataFrame) -> float:
    """Mean product of errors of two sections of one origin over the mean square, in 0.02..0.5."""
    products, pairs = 0.0, 0
    for _, group in errors.groupby("origin"):
        error = group["error"].to_numpy(float)
        products += float(error.sum() ** 2 - (error**2).sum())
        pairs += len(error) * (len(error) - 1)
    if pairs == 0:
        return 0.1
    square = float((errors["error"] ** 2).mean())
    return float(np.clip(products / pairs / max(square, 1e-12), 0.02, 0.5))


def _typical(priors: Sequence[WaterPrior]) -> WaterPrior:
    """Means of the figures of several items, for an item that was not pooled."""
    names = [f.name for f in dataclasses.fields(WaterPrior) if f.name != "slow_sd"]
    means = {n: float(np.mean([getattr(p, n) for p in priors])) for n in names}
    points = zip(*(p.slow_sd for p in priors), strict=True)
    slow = tuple((point[0][0], float(np.mean([sd for _, sd in point]))) for point in points)
    return WaterPrior(**means, slow_sd=slow)


def _slow_error(errors: pd.DataFrame, *, fewest: int = 60) -> dict[str, SlowPoints]:
    """Standard deviation of the slow error by item and lead, from past errors.

    The size of a window is what has to be added to the variance of its paths so that squared
    errors, cut at nine times the sum, are as large as the sum. Windows that start at the origin
    are taken apart, so that the mean of the slow error over each window has the size found.

    Args:
        errors: table of past errors.
        fewest: with fewer cases of the second year, it is to the first as for all items together.

    Returns:
        Pairs (lead, standard deviation) an item.
    """
    year, second_year = WATER_WINDOWS[-2][1], WATER_WINDOWS[-1][1]
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
        size[second_year] / max(size[year], _LEAST_SLOW_SD)
        for item, size in sizes.items()
        if counts.get(item, 0) >= fewest and year in size
    ]
    growth = float(np.median(known)) if known else 1.5
    result = {}
    for item, size in sizes.items():
        points, sum_before, days_before = [], 0.0, 0
        for _, last in WATER_WINDOWS[:-1]:
            if last not in size:
                continue
            own = (size[last] * last - sum_before) / (last - days_before)
            own = max(own, _LEAST_SLOW_SD)
            points.append(((days_before + last) / 2.0, own))
            sum_before += own * (last - days_before)
            days_before = last
        if points:
            first = max(size.get(year, 0.0), points[-1][1], _LEAST_SLOW_SD)
            later = size[second_year] if counts.get(item, 0) >= fewest else first * growth
            points.append(((WATER_WINDOWS[-1][0] + second_year) / 2.0, max(later, first)))
            result[item] = tuple(points)
    return result
