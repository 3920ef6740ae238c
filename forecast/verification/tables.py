"""Tables of scores from past forecasts: by model, start month, year or region, on the same rows.

A forecast's CRPS is compared with the absolute error of each plain rule (the CRPS of a point
forecast) and with the CRPS of past years' values as an ensemble, row by row.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.projection.hindcast_indicators import hindcast_indicator
from forecast.projection.hindcast_rows import LEVELS, QUANTILE_COLUMNS, THRESHOLDS
from forecast.standards.judgement import compare
from forecast.verification.reliability import corp
from forecast.verification.scores import (
    bias,
    block_means,
    brier,
    coverage,
    crps_point,
    interval,
    log_score,
    paired_difference,
    pinball,
)

__all__ = [
    "BANDS",
    "RULES",
    "difference_table",
    "event_rows",
    "event_table",
    "same_rows",
    "score_table",
    "with_columns",
]

#: What every model is compared with.
RULES: tuple[str, ...] = ("persistence", "ytd_ratio", "ytd_plus_rest", "climatology")

#: Central intervals whose coverage is counted [%], and the quantiles that bound them.
BANDS: dict[int, tuple[str, str]] = {50: ("q25", "q75"), 80: ("q10", "q90"), 90: ("q05", "q95")}

_CASE = ["region", "place", "origin", "indicator"]


def same_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """Keep the cases (place, origin, indicator) that every model of ``rows`` has forecast.

    A model that forecasts nothing of an indicator takes no other model's rows of it away.
    """
    if rows.empty:
        return rows
    able = rows.groupby("indicator")["model"].nunique()
    have = rows.groupby(_CASE)["model"].transform("nunique")
    return rows[have == rows["indicator"].map(able)].reset_index(drop=True)


def with_columns(rows: pd.DataFrame, columns: Mapping[str, Any]) -> pd.DataFrame:
    """Return ``rows`` with whole columns replaced where they stood, new ones last.

    All at once: a hundred quantiles set one by one would leave a table in a hundred pieces.
    """
    made = pd.DataFrame({name: np.asarray(v) for name, v in columns.items()}, index=rows.index)
    order = [*rows.columns, *(c for c in made.columns if c not in rows.columns)]
    kept = rows[[c for c in rows.columns if c not in made.columns]]
    return pd.concat([kept, made], axis=1)[order]


def score_table(
    rows: pd.DataFrame,
    by: Sequence[str] = (),
    *,
    rng: np.random.Generator | None = None,
    n_boot: int = 1000,
    level: float = 0.9,
    crossed: bool = True,
) -> pd.DataFrame:
    """Score past forecasts by indicator, model and the columns ``by``.

    Args:
        rows: of :func:`forecast.projection.hindcasts.backtest_frames`; only the cases that all
            models have are scored (:func:`same_rows`).
        by: further columns to group by, such as ``start_month``, ``year``, ``region``.
        rng: resamples blocks of years and regions for the intervals; None leaves them out (NaN).
        n_boot, level, crossed: of the bootstrap, see ``block_means``.

    Returns:
        One row a group. ``n``, ``n_years``, ``n_places``; ``crps`` with ``crps_low/high``; ``mae``
        of the median; ``bias`` (mean forecast less truth) with ``bias_low/high``; ``pinball``
        (mean over 99 levels); ``cover50/80/90`` [share]; ``width90``; for each rule its mean
        error over the rows where it has a value (``climatology``: its CRPS), ``skill_<rule>`` =
        1 - CRPS / error on those rows with ``…_low/high``. Scores are in the indicator's unit.
    """
    shared = same_rows(rows)
    groups = ["indicator", "model", *(c for c in by if c not in ("indicator", "model"))]
    out = [
        dict(zip(groups, key, strict=True)) | _scores(group, rng, n_boot, level, crossed)
        for key, group in shared.groupby(groups, sort=True)
    ]
    return pd.DataFrame(out)


def _scores(
    rows: pd.DataFrame, rng: np.random.Generator | None, n_boot: int, level: float, crossed: bool
) -> dict[str, Any]:
    truth = rows["truth"].to_numpy(np.float64)
    crps = rows["crps"].to_numpy(np.float64)
    off = bias(rows["mean"], truth)
    quantiles = rows[list(QUANTILE_COLUMNS)].to_numpy(np.float64)
    errors = _rule_errors(rows)
    out: dict[str, Any] = {
        "n": len(rows), "n_years": rows["year"].nunique(),
        "n_places": len(rows[["region", "place"]].drop_duplicates()),
        "crps": crps.mean(), "mae": crps_point(rows["q50"], truth).mean(), "bias": off.mean(),
        "pinball": pinball(quantiles, LEVELS, truth).mean(),
        **{f"cover{b}": coverage(rows[a], rows[z], truth).mean() for b, (a, z) in BANDS.items()},
        "width90": (rows["q95"] - rows["q05"]).mean(),
    }  # fmt: skip
    for rule, error in errors.items():
        good = np.isfinite(error)
        out[rule] = error[good].mean() if good.any() else np.nan
        out[f"skill_{rule}"] = _skill(crps[good].mean(), out[rule]) if good.any() else np.nan
    named = ("crps", "bias", *(f"skill_{rule}" for rule in errors))
    ranges = dict.fromkeys(named, (float("nan"), float("nan")))
    if rng is not None:
        columns = [crps, off]
        for error in errors.values():
            columns += [np.where(np.isfinite(error), crps, np.nan), error]
        draws = block_means(
            np.stack(columns, axis=1), rows["year"], rows["region"], rng, n=n_boot, crossed=crossed
        )
        ranges["crps"] = interval(draws[:, 0], level=level)
        ranges["bias"] = interval(draws[:, 1], level=level)
        for k, rule in enumerate(errors):
            drawn = _skill(draws[:, 2 + 2 * k], draws[:, 3 + 2 * k])
            ranges[f"skill_{rule}"] = interval(drawn, level=level)
    return _beside(out, ranges)


def _beside(values: dict[str, Any], ranges: dict[str, tuple[float, float]]) -> dict[str, Any]:
    """Put each interval right after its value."""
    out: dict[str, Any] = {}
    for name, value in values.items():
        out[name] = value
        if name in ranges:
            out[f"{name}_low"], out[f"{name}_high"] = ranges[name]
    return out


def _rule_errors(rows: pd.DataFrame) -> dict[str, NDArray[np.float64]]:
    truth = rows["truth"].to_numpy(np.float64)
    errors = {rule: crps_point(rows[rule], truth) for rule in RULES[:-1]}
    errors["climatology"] = rows["climatology_crps"].to_numpy(np.float64)
    return errors


def _skill(ours: Any, theirs: Any) -> Any:
    """1 - ours / theirs; NaN where the other makes no error at all."""
    theirs = np.asarray(theirs, dtype=np.float64)
    out = np.full(theirs.shape, np.nan)
    np.divide(ours, theirs, out=out, where=theirs > 0.0)
    return 1.0 - out if out.ndim else float(1.0 - out)


def difference_table(
    rows: pd.DataFrame,
    model: str,
    *,
    rng: np.random.Generator,
    by: Sequence[str] = (),
    n_boot: int = 1000,
    level: float = 0.9,
    crossed: bool = True,
) -> pd.DataFrame:
    """CRPS of ``model`` less that of every other model and rule, paired case by case.

    Returns:
        ``indicator``, columns ``by``, ``other``, ``difference``, ``low``, ``high``, ``below`` (share
        of resamples in which ``model`` is better), ``n``. Below 0 ``model`` is better.
    """
    shared = same_rows(rows)
    out: list[dict[str, Any]] = []
    groups = ["indicator", *(c for c in by if c != "indicator")]
    for key, group in shared.groupby(groups, sort=True):
        ours = group[group["model"] == model].set_index(_CASE).sort_index()
        if ours.empty:
            continue
        others = dict(_rule_errors(ours))
        for name in sorted(set(group["model"]) - {model}):
            own = group[group["model"] == name].set_index(_CASE)["crps"]
            others[name] = own.reindex(ours.index).to_numpy(np.float64)
        for name, error in others.items():
            found = paired_difference(
                ours["crps"], error, ours["year"], ours.index.get_level_values("region"), rng,
                n=n_boot, level=level, crossed=crossed,
            )  # fmt: skip
            out.append(
                dict(zip(groups, key, strict=True))
                | {
                    "other": name, "difference": found.mean, "low": found.low,
                    "high": found.high, "below": found.below, "n": found.n,
                }
            )  # fmt: skip
    return pd.DataFrame(out)


def event_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """One row a forecast and threshold: was the indicator at most (1 + t) × the year before.

    For an indicator of which more is better, "at least". Cases without a year before are left out.

    Returns:
        The columns that name a case, ``start_month``, ``year``, ``model``, ``threshold`` [%],
        ``probability``, ``event`` (0 or 1), ``climatology`` (share of past years), ``persistence``
        (0 or 1: what last year's value itself says), ``n_paths``.
    """
    named = ["indicator", "model", "region", "place", "year", "origin", "start_month", "n_paths"]
    parts = []
    for name, group in rows[np.isfinite(rows["previous"].astype(float))].groupby("indicator"):
        sign = "<=" if hindcast_indicator(str(name)).better == "lower" else ">="
        before = group["previous"].to_numpy(np.float64)
        truth = group["truth"].to_numpy(np.float64)
        for label, change in THRESHOLDS.items():
            bound = before * (1.0 + change)
            came = _each(truth, sign, bound)
            parts.append(
                group[named].assign(
                    threshold=round(100.0 * change), probability=group[f"p_{label}"].astype(float),
                    event=came, climatology=group[f"c_{label}"].astype(float),
                    persistence=_each(before, sign, bound),
                )
            )  # fmt: skip
    columns = [*named, "threshold", "probability", "event", "climatology", "persistence"]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)


def _each(
    values: NDArray[np.float64], sign: str, bounds: NDArray[np.float64]
) -> NDArray[np.float64]:
    """0 or 1 for each value against its own bound; equality as in every comparison."""
    gap = values - bounds
    gap = np.where(np.isclose(values, bounds, rtol=1e-9, atol=1e-12), 0.0, gap)
    return compare(gap, sign, 0.0).astype(np.float64)


def event_table(
    rows: pd.DataFrame,
    by: Sequence[str] = (),
    *,
    rng: np.random.Generator | None = None,
    n_boot: int = 1000,
    level: float = 0.9,
) -> pd.DataFrame:
    """Score the probabilities of :func:`event_rows` by indicator, model and the columns ``by``.

    ``by`` may hold ``threshold``; without it the thresholds are pooled.

    Returns:
        ``n``, ``rate`` (share that came), ``brier``, ``log`` (clipped at 1/(2N) for N paths),
        ``brier_climatology`` and ``brier_persistence`` (on their rows), ``skill_climatology`` and
        ``skill_persistence`` with ``…_low/high``, CORP's ``mcb``, ``dsc``, ``unc``.
    """
    events = event_rows(same_rows(rows))
    groups = ["indicator", "model", *(c for c in by if c not in ("indicator", "model"))]
    out: list[dict[str, Any]] = []
    for key, group in events.groupby(groups, sort=True):
        came = group["event"].to_numpy(np.float64)
        ours = brier(group["probability"], came)
        clip = 0.5 / group["n_paths"].to_numpy(np.float64)
        found = corp(group["probability"], came)
        row = dict(zip(groups, key, strict=True)) | {
            "n": len(group), "rate": came.mean(), "brier": ours.mean(),
            "log": log_score(group["probability"], came, clip=clip).mean(),
        }  # fmt: skip
        for rule in ("climatology", "persistence"):
            theirs = brier(group[rule], came)
            good = np.isfinite(theirs)
            row[f"brier_{rule}"] = theirs[good].mean() if good.any() else np.nan
            row[f"skill_{rule}"] = (
                _skill(ours[good].mean(), row[f"brier_{rule}"]) if good.any() else np.nan
            )
            low = high = float("nan")
            if rng is not None and good.any():
                pair = np.stack([ours[good], theirs[good]], axis=1)
                draws = block_means(pair, group["year"][good], group["region"][good], rng, n=n_boot)
                low, high = interval(_skill(draws[:, 0], draws[:, 1]), level=level)
            row[f"skill_{rule}_low"], row[f"skill_{rule}_high"] = low, high
        out.append(row | {"mcb": found.mcb, "dsc": found.dsc, "unc": found.unc})
    return pd.DataFrame(out)
