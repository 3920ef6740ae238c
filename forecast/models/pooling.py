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
from forecast.models.pooled import LONG_RECORD, AirPooled, ItemPrior, SlowPoints

__all__ = [
    "CANDIDATES",
    "LEAD_PERIODS",
    "LEAD_WINDOWS",
    "added_sd",
    "choose",
    "error_correlation",
    "error_shares",
    "hindcast",
    "slow_error",
    "slow_error_by_record",
]

#: First and last lead [days] of the periods, one after the other, that have a slow error each.
LEAD_PERIODS = ((1, 90), (91, 182), (183, 365), (366, 730))
#: The periods whose means are compared with the truth: also those from the origin on, as the rest
#: of a year is; by these the persistence is chosen and the correlation of items found.
LEAD_WINDOWS = (*LEAD_PERIODS[:1], (1, 182), (1, 365), *LEAD_PERIODS[1:])
#: What :func:`choose` tries: drift of the level, slow share and slow time constant; None keeps
#: what the autocorrelation gave, in which slow parts are hard to see.
CANDIDATES: tuple[tuple[float, float | None, float | None], ...] = tuple(
    (level, share, days)
    for level in (0.06, 0.09, 0.13)
    for share, days in ((None, None), (0.03, 60.0), (0.06, 60.0), (0.06, 30.0), (0.12, 20.0))
)
#: The slow error of a period is never taken to be smaller: the panel has seen few years, all of
#: one era, and what cancels in a mean does not in its good days. As periods are weakly linked, it
#: is 0.07 in the mean of a year. With it 90 % intervals of the good days of a year cover 89.0 %
#: on every second city of the panel (1-hour for 8-hour ozone), with 0.07 88.6 %.
_LEAST_SD = 0.10
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
        path), ``variance`` (of ln of the period mean over paths) and ``years`` (of readings).
    """
    bare = dataclasses.replace(pooled, slow_sd=dict.fromkeys(pooled.priors, ()), slow_short={})
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
                years = past[item].count() / 365.25
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
                    error = actual - np.median(drawn)
                    rows.append((place, origin, item, first, last, error, drawn.var(), years))
    columns = ["place", "origin", "item", "first", "last", "error", "variance", "years"]
    return pd.DataFrame(rows, columns=columns)


def error_shares(errors: pd.DataFrame, groups: Mapping[str, str]) -> tuple[float, float, int]:
    """Shares of the variance of past errors that all places, and those of one group, have in common.

    Each place's errors are scaled to unit mean square; the mean product over pairs of places of
    different groups is the nation's share, that of pairs of one group is the nation's and the
    group's together.

    Args:
        errors: of :func:`hindcast`, of one item.
        groups: place → its group; places without one are left out.

    Returns:
        The nation's share, the group's share beyond it, and the number of cases.
    """
    mine = errors[errors["place"].isin(list(groups))]
    products: dict[bool, list[float]] = {True: [], False: []}
    for _, window in mine.groupby(["first", "last"]):
        table = window.pivot_table(index="origin", columns="place", values="error")
        unit = table / np.sqrt((table**2).mean())
        of = np.array([groups[str(place)] for place in unit.columns])
        values = unit.to_numpy()
        for i in range(len(of)):
            both = values[:, i : i + 1] * values[:, i + 1 :]
            for j, product in enumerate(both.T, start=i + 1):
                products[bool(of[i] == of[j])].extend(product[np.isfinite(product)])
    nation = max(float(np.mean(products[False])), 0.0) if products[False] else 0.0
    same = float(np.mean(products[True])) if products[True] else nation
    return nation, max(same - nation, 0.0), len(mine)


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
        soon = errors[(errors["first"] == 1) & (errors["last"] <= 365)]
        for (name, _), group in soon.groupby(["item", "last"]):
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
    periods: Sequence[tuple[int, int]] = LEAD_PERIODS,
    fewest: int = 60,
) -> dict[str, SlowPoints]:
    """Standard deviation of the slow error by item and lead, from past errors.

    The size of a period is what has to be added to the variance of its paths so that squared
    errors, cut at nine times the sum, are as large as the sum.

    Args:
        errors: table of :func:`hindcast`.
        periods: first and last lead of each period, one after the other, the last the second year.
        fewest: with fewer cases of the second year, it is to the period before as for all items.

    Returns:
        Pairs (lead, standard deviation) an item.
    """
    found: dict[str, dict[tuple[int, int], float]] = {}
    counts: dict[str, int] = {}
    for (item, *ends), group in errors.groupby(["item", "first", "last"]):
        first, last = (int(str(end)) for end in ends)
        if (first, last) in periods:
            size = added_sd(group["error"].to_numpy(float), group["variance"].to_numpy(float))
            found.setdefault(str(item), {})[first, last] = max(size, _LEAST_SD)
            if (first, last) == periods[-1]:
                counts[str(item)] = len(group)
    known = [
        sizes[periods[-1]] / sizes[periods[-2]]
        for item, sizes in found.items()
        if counts.get(item, 0) >= fewest and periods[-2] in sizes
    ]
    growth = float(np.median(known)) if known else 1.5
    result = {}
    for item, sizes in found.items():
        early = [period for period in periods[:-1] if period in sizes]
        if early:
            latest = sizes[early[-1]]
            later = sizes[periods[-1]] if counts.get(item, 0) >= fewest else latest * growth
            points = [((first + last - 1) / 2.0, sizes[first, last]) for first, last in early]
            middle = (periods[-1][0] + periods[-1][1]) / 2.0
            result[item] = (*points, (middle, max(later, latest)))
    return result


def slow_error_by_record(
    errors: pd.DataFrame, *, fewest: int = 30
) -> tuple[dict[str, SlowPoints], dict[int, dict[str, SlowPoints]]]:
    """Slow errors of long records, and of shorter ones by years of readings.

    Forecasts from the first two years of a network were much further off than later ones, which
    is only in part explained by the length of the record: the years themselves were restless. A
    panel can't tell the two apart, and the larger figure is kept for every short record.

    Args:
        errors: table of :func:`hindcast`.
        fewest: an item with fewer forecasts of a year from records of some length takes the slow
            error of the next shorter ones.
    """
    classes = np.clip(errors["years"].round(), 1, LONG_RECORD).astype(int)
    pooled = slow_error(errors, fewest=fewest)
    found: dict[int, dict[str, SlowPoints]] = {}
    for length in range(1, LONG_RECORD + 1):
        own = errors[classes == length]
        cases = own[(own["first"] == 1) & (own["last"] == 365)].groupby("item").size()
        points = slow_error(own, fewest=fewest)
        shorter = found.get(length - 1, pooled)
        found[length] = {
            item: points[item] if cases.get(item, 0) >= fewest else shorter[item] for item in pooled
        }
    # A shorter record is never the surer one.
    for length in range(LONG_RECORD - 1, 0, -1):
        for item, points_ in found[length].items():
            longer = found[length + 1][item]
            found[length][item] = tuple(
                (lead, max(sd, at)) for (lead, sd), (_, at) in zip(points_, longer, strict=True)
            )
    return found.pop(LONG_RECORD), found


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
    year = errors[(errors["first"] == 1) & (errors["last"] == 365)]
    wide = year.pivot_table(index=["place", "origin"], columns="item", values="error")
    wide = wide.reindex(columns=list(items))
    present = wide.notna().to_numpy(float)
    cases = (present.T @ present).astype(np.int64)
    return np.nan_to_num(wide.corr().to_numpy(float)), cases
