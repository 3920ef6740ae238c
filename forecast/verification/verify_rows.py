"""Forecasts of the register as rows of the kind that the backtest scores.

The register holds nine quantiles of each distribution and its mean (another number of quantiles
serves as well). Between them the quantile function is drawn straight over the normal score of the
level, beyond the outermost it goes on with the slope there, as a normal distribution would. Its CRPS
is that of 200 even levels; a class has its own probabilities, and the ranked probability score of
these is its CRPS. Nine quantiles of 2,000 paths give the CRPS of the paths within about 1 %.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from forecast.projection.hindcast_rows import LEVELS, QUANTILE_COLUMNS
from forecast.runs.register_entries import CLASS_COLUMNS, level_columns
from forecast.standards.judgement import compare, judged_value
from forecast.verification.scores import crps_ensemble, crps_quantiles
from forecast.verification.water_scores import rps

__all__ = ["MODEL", "judged", "past_share", "past_values", "pit_of", "quantiles_at", "scored_rows"]

#: Whose record the rows are, in the column of models: all that was said, by whatever model.
MODEL = "register"

#: Even levels at which a distribution is scored.
_EVEN: NDArray[np.float64] = (np.arange(200) + 0.5) / 200

#: Rows drawn at once: a thousand levels of each are kept meanwhile.
_AT_ONCE = 10_000

#: Past years of which only mean, lowest and highest are kept stand as so many even values.
_AS_MANY = 40


def quantiles_at(
    quantiles: NDArray[np.float64], levels: NDArray[np.float64], at: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Quantiles at other levels: exact where a level is known, see the module for between.

    Args:
        quantiles: shape (row, level), not falling along a row.
        levels: ascending, in (0, 1), shape (level,); two or more.
        at: levels wanted, in (0, 1), shape (other,).

    Returns:
        Shape (row, other).

    >>> known = np.array([[10.0, 20.0, 30.0]])
    >>> found = quantiles_at(known, np.array([0.1, 0.5, 0.9]), np.array([0.1, 0.5, 0.975]))
    >>> found.round(2).tolist()
    [[10.0, 20.0, 35.29]]
    """
    from scipy.special import ndtri

    z, wanted = np.asarray(ndtri(levels)), np.asarray(ndtri(at))
    right = np.clip(np.searchsorted(z, wanted, side="left"), 1, len(z) - 1)
    part = (wanted - z[right - 1]) / (z[right] - z[right - 1])
    low, high = quantiles[:, right - 1], quantiles[:, right]
    found: NDArray[np.float64] = low * (1.0 - part) + high * part
    return found


def pit_of(
    quantiles: NDArray[np.float64], levels: NDArray[np.float64], truth: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Level at which each truth lies in its distribution, shape (row,), within [0.001, 0.999].

    Where several levels share the value (counts), the middle of them.
    """
    fine = (np.arange(999) + 1) / 1000
    drawn = quantiles_at(quantiles, levels, fine)
    below = (drawn < truth[:, None] - 1e-9).sum(axis=1)
    upto = (drawn <= truth[:, None] + 1e-9).sum(axis=1)
    return np.asarray(np.clip((below + upto) / 2 / len(fine), 0.001, 0.999))


def scored_rows(forecasts: pd.DataFrame) -> pd.DataFrame:
    """Turn forecasts with their truth into rows for :func:`forecast.verification.tables.score_table`.

    Args:
        forecasts: rows of :func:`forecast.runs.register.read_register` of one indicator, each with a
            distribution, and ``truth``.

    Returns:
        The same rows with ``origin``, ``start_month``, ``lead_months`` (months of the year that lay
        ahead, the running one included), ``model``, ``drawn_by``, ``q01`` … ``q99``, ``crps``,
        ``pit`` and ``climatology_crps``.
    """
    levels = level_columns(forecasts)
    truth = forecasts["truth"].to_numpy(np.float64)
    fine = np.full((len(forecasts), len(LEVELS)), np.nan)
    crps, pit = np.full(len(forecasts), np.nan), np.full(len(forecasts), np.nan)
    have = forecasts[list(levels.values())].notna().to_numpy()
    # Rows that know the same levels are drawn together.
    sets, which = np.unique(have, axis=0, return_inverse=True)
    for k, known in enumerate(sets):
        if known.sum() < 2:
            continue
        at = np.array([v for v, kept in zip(levels, known, strict=True) if kept])
        columns = [c for c, kept in zip(levels.values(), known, strict=True) if kept]
        every = np.flatnonzero(which.ravel() == k)
        for rows in np.array_split(every, -(-len(every) // _AT_ONCE)):
            said = forecasts.iloc[rows][columns].to_numpy(np.float64)
            fine[rows] = quantiles_at(said, at, LEVELS)
            crps[rows] = crps_quantiles(quantiles_at(said, at, _EVEN), _EVEN, truth[rows])
            pit[rows] = pit_of(said, at, truth[rows])
    classes = forecasts[list(CLASS_COLUMNS)].to_numpy(np.float64)
    graded = np.isfinite(classes).all(axis=1)
    if graded.any():
        crps[graded] = rps(classes[graded], truth[graded])
    ahead = forecasts["as_of"] + pd.Timedelta(days=1)
    drawn = {name: fine[:, k] for k, name in enumerate(QUANTILE_COLUMNS)}
    kept = forecasts.drop(columns=[*levels.values(), "model", "lead_months"], errors="ignore")
    return pd.concat(
        [
            kept,
            pd.DataFrame(
                {
                    "origin": forecasts["as_of"], "start_month": ahead.dt.month,
                    "lead_months": 12 * (forecasts["year"] - ahead.dt.year) + 13 - ahead.dt.month,
                    "model": MODEL, "drawn_by": forecasts["model"], **drawn, "crps": crps, "pit": pit,
                    "climatology_crps": _past_crps(forecasts, truth),
                },
                index=forecasts.index,
            ),
        ],
        axis=1,
    )  # fmt: skip


def past_values(forecasts: pd.DataFrame) -> list[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """Values of past years: those that were kept, else a spread with their mean, lowest and highest.

    Returns:
        Groups of rows with as many values each: their positions, and values of shape (row, value).
    """
    years = forecasts["climatology_years"].to_list()
    lengths = np.array([len(v) if isinstance(v, list) else 0 for v in years], dtype=np.int64)
    mean, low, high = (forecasts[c].to_numpy(np.float64) for c in _PAST)
    out = []
    for length in np.unique(lengths):
        at = np.flatnonzero((lengths == length) & np.isfinite(mean))
        if length:
            out.append((at, np.array([years[k] for k in at], dtype=np.float64)))
            continue
        bounded = np.isfinite(low[at] + high[at])
        rise = (np.arange(_AS_MANY) + 0.5) / _AS_MANY * 2.0
        below, above = np.minimum(rise, 1.0), np.maximum(rise - 1.0, 0.0)
        own = at[bounded]
        spread = low[own, None] + (mean - low)[own, None] * below + (high - mean)[own, None] * above
        out.append((own, spread))
        out.append((at[~bounded], mean[at[~bounded], None]))
    return [(at, values.reshape(len(at), -1)) for at, values in out if len(at)]


_PAST = ("climatology", "climatology_lowest", "climatology_highest")


def _past_crps(forecasts: pd.DataFrame, truth: NDArray[np.float64]) -> NDArray[np.float64]:
    out = np.full(len(forecasts), np.nan)
    for at, values in past_values(forecasts):
        out[at] = crps_ensemble(values, truth[at])
    return out


def past_share(
    forecasts: pd.DataFrame, indicator: str, comparator: str, value: float
) -> NDArray[np.float64]:
    """Share of past years whose value meets a target, shape (row,); NaN without past years."""
    out = np.full(len(forecasts), np.nan)
    for at, values in past_values(forecasts):
        out[at] = compare(judged(indicator, values), comparator, value).mean(axis=1)
    return out


def judged(indicator: str, values: ArrayLike) -> NDArray[np.float64]:
    """Round values as they are compared with a target; a count has nothing to round."""
    try:
        return np.asarray(judged_value(indicator, values), dtype=np.float64)
    except KeyError:
        return np.asarray(values, dtype=np.float64)
