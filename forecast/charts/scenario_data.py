"""From an answer of the scenario engine, as it is stored, to what its charts draw."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.charts.scenario_panels import Bar, Panel, ResponseCurve
from forecast.standards.indicators import indicator

__all__ = ["SHOWN", "chosen_target", "curve_of", "levers_of", "panels_of"]

#: Indicators that the chart shows: PM2.5 and ozone always, and the good days.
SHOWN: tuple[str, ...] = ("pm25_annual_mean", "o3_8h_p90", "good_day_ratio")


def panels_of(
    rows: Sequence[Mapping[str, Any]],
    packages: Sequence[str],
    *,
    indicators: Sequence[str] = SHOWN,
    interval: float = 0.9,
) -> tuple[Panel, ...]:
    """Panels of the packages side by side, the baseline's bar first.

    Args:
        rows: those of :func:`forecast.projection.scenario_outcome.outcome_rows`, also read back
            from JSON.
        packages: names in the order drawn, without the baseline.
        indicators: what is shown, in order.
        interval: probability that the bars' intervals hold; its ends are among the quantiles stored.
    """
    return tuple(_panel(rows, packages, name, interval) for name in indicators)


def chosen_target(rows: Sequence[Mapping[str, Any]], name: str) -> Mapping[str, Any] | None:
    """The target of indicator ``name`` whose chance is drawn: an open one, a firm one, the first.

    Args:
        rows: as for :func:`panels_of`.
        name: of the indicator.
    """
    own = [r for r in rows if r["kind"] == "target" and r["indicator"] == name]
    ranked = sorted(
        (r for r in own if r["package"] == ""),
        key=lambda r: (bool(r.get("decided")), r.get("level") != "firm"),
    )
    return next(iter(ranked), None)


def _panel(
    rows: Sequence[Mapping[str, Any]], packages: Sequence[str], name: str, interval: float
) -> Panel:
    about = indicator(name)
    target = chosen_target(rows, name)
    found = {r["package"]: r for r in rows if r["kind"] == "indicator" and r["indicator"] == name}
    chances = {
        r["package"]: r
        for r in rows
        if r["kind"] == "target" and target is not None and r["id"] == target["id"]
    }
    every = ("", *packages)
    bars: tuple[Bar, ...] = ()
    if all(package in found for package in every):
        bars = tuple(_bar(found[p], chances.get(p), interval) for p in every)
    days = about.unit == "days"
    return Panel(
        name, about.zh, about.en, "天" if days else about.unit, about.better, bars,
        _number(None if target is None else target["value"]),
        "" if target is None else str(target["comparator"]),
        0 if days else 2 if name == "composite_index" else 1, "days" if days else "",
    )  # fmt: skip


def _bar(row: Mapping[str, Any], chance: Mapping[str, Any] | None, interval: float) -> Bar:
    low, high = (f"{q:g}" for q in ((1 - interval) / 2, (1 + interval) / 2))
    change = row.get("change") or {}
    asked = chance or {}
    return Bar(
        _number(row["mean"]), _number(row["quantiles"].get(low)), _number(row["quantiles"].get(high)),
        _number(change.get("mean")), _number(change.get("low")), _number(change.get("high")),
        _number(asked.get("probability")), _number(asked.get("error")),
    )  # fmt: skip


def _number(value: Any) -> float:
    return math.nan if value is None else float(value)


def curve_of(solution: Mapping[str, Any], label_zh: str, label_en: str) -> ResponseCurve:
    """The response curve of an inverse answer; cuts are in % of the package as it is written.

    Args:
        solution: the answer, as it is stored: ``scales``, ``chances``, ``asked``, ``scale``, ``low``,
            ``high`` (null: beyond the domain).
        label_zh, label_en: what is cut, and for which target.
    """
    scale = solution["scale"]
    at = None if scale is None else 100.0 * float(scale)
    low = math.nan if solution["low"] is None else 100.0 * float(solution["low"])
    high = solution["high"]
    beyond = math.inf if scale is not None else math.nan
    return ResponseCurve(
        label_zh, label_en, tuple(100.0 * float(s) for s in solution["scales"]),
        tuple(float(p) for p in solution["chances"]), float(solution["asked"]), at, low,
        beyond if high is None else 100.0 * float(high),
    )  # fmt: skip


def levers_of(
    rows: Sequence[Mapping[str, Any]],
) -> tuple[NDArray[np.float64], NDArray[np.float64], dict[str, NDArray[np.float64]]]:
    """The two levers of a frontier and its tables, for the map.

    Args:
        rows: those of :func:`forecast.projection.scenario_frontier.frontier_rows`: every pair of cuts.

    Returns:
        Cuts of the first and of the second lever [%], shapes (a,) and (b,), and ``probability``,
        ``pm25_change`` and ``o3_change``, (a, b).

    Raises:
        ValueError: a pair is missing or stands twice.
    """
    first = sorted({float(r["first"]) for r in rows})
    second = sorted({float(r["second"]) for r in rows})
    pairs = {(float(r["first"]), float(r["second"])): r for r in rows}
    if len(pairs) != len(rows) or len(pairs) != len(first) * len(second):
        raise ValueError(
            f"a frontier of {len(first)} by {len(second)} cuts has {len(rows)} rows, "
            f"{len(pairs)} of them different"
        )
    tables = {
        name: np.array([[_number(pairs[a, b][name]) for b in second] for a in first])
        for name in ("probability", "pm25_change", "o3_change")
    }
    return 100.0 * np.array(first), 100.0 * np.array(second), tables
