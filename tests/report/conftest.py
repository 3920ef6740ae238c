"""Made results of runs, in the form of ``projection.json``."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from forecast.report.words import VERDICTS
from forecast.standards.indicators import indicator

_STEPS = {
    "0.025": -2.0, "0.05": -1.6, "0.1": -1.3, "0.25": -0.7, "0.5": 0.0, "0.75": 0.7, "0.9": 1.3,
    "0.95": 1.6, "0.975": 2.0,
}  # fmt: skip


def target(verdict: str, **changes: Any) -> dict[str, Any]:
    """One judged target on the annual mean of PM2.5."""
    return {
        "id": "t-1", "plan": "made", "label_zh": "细颗粒物年均浓度", "label_en": "PM2.5",
        "kind": "threshold", "level": "firm", "comparator": "<=", "value": 37.0, "unit": "µg/m³",
        "year": 2025, "binding": "binding", "probability": 0.34, "verdict": verdict,
        "reason": "样本路径中有34 %达标。", "reason_en": "34 % of the paths meet it.",
        "quote": "「确保」", **changes,
    }  # fmt: skip


def entry(
    region: str, place: str, name: str, middle: float, targets: list[dict[str, Any]], **changes: Any
) -> dict[str, Any]:
    """One projection whose quantiles spread a tenth around ``middle``."""
    known = indicator(name)
    is_class = known.unit == "class"
    quantiles = {
        q: float(min(6, max(1, round(middle + z)))) if is_class else middle * (1 + 0.1 * z)
        for q, z in _STEPS.items()
    }
    return {
        "region": region, "place": place, "place_kind": "city", "point_set": "",
        "domain": known.domain, "indicator": name, "unit": known.unit, "year": 2025,
        "period": "2025", "standard": "GB 3095-2012", "dust": None, "basis": "actual",
        "as_of": "2025-06-30", "sufficient": True, "reason": "", "reason_en": "",
        "observed": {"value": middle, "value_official": "III" if is_class else round(middle, 1),
                     "n_valid": 175, "n_expected": 181, "last_day": "2025-06-30"},
        "forecast": {"mean": middle, "quantiles": quantiles, "n_paths": 2000, "model": "seasonal"},
        "baselines": {"persistence": 1.02 * middle}, "alternatives": [], "targets": targets,
        **changes,
    }  # fmt: skip


def result(entries: list[dict[str, Any]]) -> dict[str, Any]:
    """The object that a run prints."""
    run = {
        "id": "20250630-3f9a1c", "as_of": "2025-06-30", "created": "2025-07-01T06:00:00+08:00",
        "seed": 20150101, "version": "0.1.0", "standard": "by date", "seconds": 1.0,
        "inputs": [{"path": "data/raw/city/衡水.csv", "sha256": "ab" * 32}],
        "config_sha256": "cd" * 32,
    }  # fmt: skip
    return {"run": run, "projections": entries, "reference": [], "warnings": []}


def all_verdicts() -> dict[str, Any]:
    """One region in which every verdict occurs once, and one indicator without a target."""
    entries = [
        entry("衡水", "衡水", "pm25_annual_mean", 41.2, [target(v, id=f"t-{v.lower()}")])
        for v in VERDICTS
    ]
    entries.append(entry("衡水", "衡水", "composite_index", 4.3, []))
    return result(entries)


@pytest.fixture(scope="session")
def made() -> SimpleNamespace:
    """The functions that make targets, entries and whole results."""
    return SimpleNamespace(target=target, entry=entry, result=result, all_verdicts=all_verdicts)
