"""Past forecasts of a backtest in the form of runs, so that they can stand in a register.

With them the register can be checked against the backtest: both score the same forecasts, one from
what it keeps of each, the other from the paths.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from forecast import __version__
from forecast.projection.hindcast_cases import Case, HindcastSettings, PlaceRecord
from forecast.projection.hindcast_indicators import hindcast_indicator
from forecast.projection.hindcast_rows import QUANTILE_COLUMNS, THRESHOLDS
from forecast.projection.summary import number
from forecast.verification.verify_rows import quantiles_at
from forecast.verification.verify_truth import BY_DATE

__all__ = ["hindcast_results"]

_LEVELS = np.arange(1, 100) / 100.0


def hindcast_results(
    rows: pd.DataFrame,
    records: Sequence[PlaceRecord],
    settings: HindcastSettings,
    *,
    created: datetime,
    levels: Sequence[float] = tuple(_LEVELS.tolist()),
) -> Iterator[dict[str, Any]]:
    """Make one result an origin, ready for :func:`forecast.runs.register.append_run`.

    The thresholds of the backtest (10 and 5 % below, at and 5 % above the year before) become targets.

    Args:
        rows: of one model, of :func:`forecast.projection.hindcasts.hindcast`.
        records, settings: what they were made from; the past years' values are taken from them.
        created: when they count as made (with a time zone).
        levels: quantiles to hand on; those between the backtest's 99 are interpolated.
    """
    places = {(r.region, r.place): r for r in records}
    for origin, own in rows.groupby("origin", sort=True):
        day = pd.Timestamp(str(origin)).date()
        entries = []
        for row in own.to_dict("records"):
            case = Case(places[str(row["region"]), str(row["place"])], day, settings)
            entries.append(_entry(row, case, levels))
        yield {
            "run": {
                "id": f"{day:%Y%m%d}-hindcast", "as_of": day.isoformat(), "year": int(own["year"].iloc[0]),
                "created": created.isoformat(timespec="seconds"), "seed": settings.seed,
                "version": __version__, "standard": settings.standard or BY_DATE,
            },
            "projections": entries,
        }  # fmt: skip


def _entry(row: dict[Any, Any], case: Case, levels: Sequence[float]) -> dict[str, Any]:
    name = str(row["indicator"])
    what = hindcast_indicator(name)
    known = np.array([[row[c] for c in QUANTILE_COLUMNS]], dtype=np.float64)
    said = quantiles_at(known, _LEVELS, np.array(levels))[0]
    past = case.rules(name).climatology
    rules = ("persistence", "ytd_ratio", "ytd_plus_rest", "climatology")
    baselines: dict[str, Any] = {rule: number(row[rule]) for rule in rules}
    if len(past):
        baselines |= {
            "climatology_lowest": number(past.min()), "climatology_highest": number(past.max()),
            "climatology_years": [number(v) for v in past],
        }  # fmt: skip
    sign = "<=" if what.better == "lower" else ">="
    targets = [
        {
            "id": label, "plan": "backtest", "kind": "threshold", "level": "single",
            "comparator": sign, "value": number(row["previous"] * (1.0 + change)),
            "unit": what.unit, "year": int(row["year"]), "binding": "unknown",
            "probability": number(row[f"p_{label}"]), "verdict": "AT_RISK",
        }
        for label, change in THRESHOLDS.items()
        if np.isfinite(row["previous"])
    ]  # fmt: skip
    return {
        "region": row["region"], "place": row["place"], "place_kind": "city", "point_set": "",
        "domain": "air", "indicator": name, "unit": what.unit, "year": int(row["year"]),
        "period": str(row["year"]), "standard": case.settings.standard or BY_DATE, "dust": "kept",
        "basis": None,
        "observed": {"value": None, "value_official": None, "n_valid": 0, "n_expected": 0,
                     "last_day": None},
        "forecast": {
            "mean": number(row["mean"]),
            "quantiles": {f"{a:g}": number(float(v)) for a, v in zip(levels, said, strict=True)},
            "n_paths": int(row["n_paths"]), "model": str(row["model"]),
        },
        "baselines": baselines, "targets": targets,
    }  # fmt: skip
