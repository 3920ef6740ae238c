"""One past forecast as a row: the paths through the official rules, beside the truth and the rules."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.models.paths import Model
from forecast.projection.days import calendar_days, matrix
from forecast.projection.hindcast_cases import Case, day
from forecast.projection.hindcast_indicators import hindcast_indicator, items_of, year_values
from forecast.projection.hindcast_scores import crps_ensemble, pit
from forecast.projection.streams import stream
from forecast.standards.judgement import compare

__all__ = ["COLUMNS", "LEVELS", "QUANTILE_COLUMNS", "THRESHOLDS", "forecast_rows"]

#: Levels of the 99 quantiles, and the names of their columns.
LEVELS: NDArray[np.float64] = np.arange(1, 100) / 100.0
QUANTILE_COLUMNS: tuple[str, ...] = tuple(f"q{k:02d}" for k in range(1, 100))

#: Events "at most (1 + t) × the value of the year before", where more is better "at least".
THRESHOLDS: dict[str, float] = {"m10": -0.10, "m5": -0.05, "0": 0.0, "p5": 0.05}

#: Columns of the table, in order. ``c_…`` are the probabilities of the past years' ensemble.
COLUMNS: tuple[str, ...] = (
    "place", "region", "model", "indicator", "year", "origin", "start_month", "lead_days", "truth",
    "previous", "mean", "sd", *QUANTILE_COLUMNS, "crps", "pit", "persistence", "ytd_ratio",
    "ytd_plus_rest", "climatology", "climatology_crps", "n_climatology",
    *(f"p_{t}" for t in THRESHOLDS), *(f"c_{t}" for t in THRESHOLDS), "n_paths", "seconds",
)  # fmt: skip


def forecast_rows(
    case: Case, wanted: dict[str, float], model: str, fitted: Callable[[Case], Model]
) -> list[dict[str, Any]]:
    """Make one row for each indicator of ``wanted``.

    Args:
        case: the place and origin.
        wanted: indicator to what came.
        model: name of the model, for the row and its random stream.
        fitted: returns the model fitted to what ``case`` knew; its CPU time counts.

    Returns:
        Rows of :data:`COLUMNS` and ``reason``, which is ``not_drawn`` where the model left an item
        out and empty otherwise.

    Raises:
        ValueError: a path is not a finite number.
    """
    settings, record = case.settings, case.record
    started = time.process_time()
    made = fitted(case)
    ahead = calendar_days(day(case.usable.index.max()) + timedelta(days=1), case.end)
    names = (record.region, record.place, case.origin.isoformat(), model)
    paths = made.sample(ahead, settings.n_paths, stream(settings.seed, "hindcast", *names))
    drawn = {n for n in wanted if set(items_of(n)) <= set(paths.items)}
    joined = _joined(case, paths.items, paths.values)
    ensembles = year_values(
        sorted(drawn), joined, case.days, case.items, last=case.end, standard=settings.standard,
        denominator=settings.denominator,
    )  # fmt: skip
    seconds = (time.process_time() - started) / len(wanted)
    rows = []
    for name, truth in wanted.items():
        row: dict[str, Any] = {
            "place": record.place, "region": record.region, "model": model,
            "indicator": name, "year": case.year, "origin": pd.Timestamp(case.origin),
            "start_month": (case.origin + timedelta(days=1)).month,
            "lead_days": (case.end - case.origin).days, "truth": truth, "seconds": seconds,
            "reason": "" if name in drawn else "not_drawn",
        }  # fmt: skip
        ensemble = ensembles[name].values if name in drawn else np.full(1, np.nan)
        if name in drawn and not np.isfinite(ensemble).all():
            raise ValueError(f"a path of {name} is not a finite number")
        uniform = stream(settings.seed, "pit", *names, name).random()
        row |= _distribution(case, name, ensemble, truth, float(uniform))
        row["n_paths"] = settings.n_paths if name in drawn else 0
        rows.append(row)
    return rows


def _joined(case: Case, items: tuple[str, ...], values: NDArray[np.float32]) -> NDArray[np.float32]:
    """What was observed, then what was drawn, float32 (path, day, item of the place)."""
    observed = matrix(case.history, case.days).astype(np.float32)
    joined = np.repeat(observed[None], len(values), axis=0)
    inside = min(values.shape[1], len(case.days))
    for column, item in enumerate(items):
        at = case.items.index(item)
        joined[:, len(case.days) - inside :, at] = values[:, values.shape[1] - inside :, column]
    return joined


def _distribution(
    case: Case, name: str, ensemble: NDArray[np.float64], truth: float, uniform: float
) -> dict[str, Any]:
    """The columns that describe a forecast and the plain rules beside it."""
    rules = case.rules(name)
    past = rules.climatology
    what = hindcast_indicator(name)
    # A count is a count: its quantiles are values that it takes.
    method: Literal["inverted_cdf", "linear"] = "inverted_cdf" if what.unit == "days" else "linear"
    quantiles = np.quantile(ensemble, LEVELS, method=method)
    sign = "<=" if what.better == "lower" else ">="
    out: dict[str, Any] = {
        "previous": rules.previous, "mean": float(ensemble.mean()), "sd": float(ensemble.std()),
        **dict(zip(QUANTILE_COLUMNS, quantiles.tolist(), strict=True)),
        "crps": float(crps_ensemble(ensemble, truth)),
        "pit": float(pit(ensemble, truth, uniform)),
        "persistence": rules.persistence, "ytd_ratio": rules.ytd_ratio,
        "ytd_plus_rest": rules.ytd_plus_rest,
        "climatology": float(past.mean()) if len(past) else np.nan,
        "climatology_crps": float(crps_ensemble(past, truth)), "n_climatology": len(past),
    }  # fmt: skip
    for label, change in THRESHOLDS.items():
        bound = rules.previous * (1.0 + change)
        known = bool(np.isfinite(bound))
        out[f"p_{label}"] = float(compare(ensemble, sign, bound).mean()) if known else np.nan
        ready = known and len(past) > 0
        out[f"c_{label}"] = float(compare(past, sign, bound).mean()) if ready else np.nan
    return out
