"""Small results of runs, as ``projection.json`` has them, for alerts and comparisons."""

from __future__ import annotations

from datetime import date
from statistics import NormalDist
from typing import Any


def made_entry(
    p: float | None = 0.5,
    *,
    verdict: str | None = None,
    indicator: str = "pm25_annual_mean",
    unit: str = "µg/m³",
    comparator: str = "<=",
    value: float | str | None = 30.0,
    observed: float = 32.0,
    n_valid: int = 181,
    last: str = "2025-06-30",
    center: float = 30.0,
    spread: float = 2.0,
    region: str = "衡水",
    budget: dict[str, Any] | None = None,
    entered: str | None = None,
) -> dict[str, Any]:
    """One indicator with one target; ``spread`` is the standard deviation of the forecast."""
    if verdict is None:
        verdict = "LIKELY" if (p or 0) >= 0.8 else "UNLIKELY" if (p or 0) < 0.2 else "AT_RISK"
    levels = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)
    quantiles = {f"{q:g}": NormalDist(center, spread).inv_cdf(q) for q in levels}
    target: dict[str, Any] = {
        "id": "t1", "plan": "p", "label_zh": "PM2.5年均浓度", "label_en": "PM2.5 annual mean",
        "kind": "threshold", "level": "single", "comparator": comparator, "value": value,
        "unit": unit, "year": 2025, "binding": "binding", "probability": p, "verdict": verdict,
        "reason": "", "reason_en": "",
    }  # fmt: skip
    if budget is not None:
        target["budget"] = budget
    if entered is not None:
        target["entered"] = entered
    return {
        "region": region, "place": region, "place_kind": "city", "domain": "air",
        "indicator": indicator, "unit": unit, "year": 2025, "period": "2025",
        "standard": "GB 3095-2012", "dust": "removed_where_known", "as_of": last,
        "observed": {"value": observed, "value_official": observed, "n_valid": n_valid,
                     "n_expected": n_valid, "last_day": last},
        "forecast": {"mean": center, "quantiles": quantiles, "n_paths": 2000, "model": "seasonal"},
        "targets": [target],
    }  # fmt: skip


def made_result(
    *entries: dict[str, Any], as_of: str = "2025-06-30", run: str = "a", **more: Any
) -> dict[str, Any]:
    """A result with these entries; ``more`` goes into its ``run``."""
    day = date.fromisoformat(as_of)
    return {
        "run": {
            "id": f"{day:%Y%m%d}-{run * 12}", "as_of": as_of, "year": day.year,
            "created": f"{as_of}T22:30:00+00:00", "seed": 1, "version": "0.1.0",
            "standard": "by date", "inputs": [], "config_sha256": "c", "seconds": 1.0, **more,
        },
        "projections": list(entries),
        "scenarios": [],
    }  # fmt: skip
