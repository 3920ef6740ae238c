"""What stands beside each probability: what plain rules say, and how such forecasts did before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.report.words import BASELINES, Pair
from forecast.standards.indicators import class_number
from forecast.standards.judgement import judged_value
from forecast.targets.comparators import meets

__all__ = ["record_text", "rules_text"]


def rules_text(entry: dict[str, Any], target: dict[str, Any], show: Callable[[Any], str]) -> Pair:
    """Say which plain rules would have the target met and which not, with their values.

    Args:
        entry: one projection with its ``baselines``.
        target: one of its targets; one without a number has nothing to compare.
        show: prints a value of the indicator.
    """
    asked = target.get("value")
    number = class_number(str(asked)) if entry.get("unit") == "class" else asked
    comparator = str(target.get("comparator", ""))
    if target.get("verdict") in ("MET", "NOT_MET"):
        return Pair("", "")  # decided: no rule can say otherwise
    if not isinstance(number, int | float) or comparator not in ("<=", ">=", "=="):
        return Pair("", "")
    name = str(entry["indicator"])
    said: dict[bool, list[Pair]] = {True: [], False: []}
    baselines = entry.get("baselines") or {}
    known = {r: v for r in BASELINES if isinstance(v := baselines.get(r), int | float)}
    if not known:
        return Pair("", "")
    judged = _judged(name, np.array(list(known.values()), dtype=np.float64))
    for (rule, value), met in zip(
        known.items(), meets(judged, comparator, float(number)).tolist(), strict=True
    ):
        words, text = BASELINES[rule], show(value)
        ends = (baselines.get(f"{rule}_lowest"), baselines.get(f"{rule}_highest"))
        if None not in ends and ends[0] != ends[1]:
            text += f" ({show(ends[0])} – {show(ends[1])})"
        said[met].append(Pair(f"{words.zh} {text}", f"{words.en} {text}"))
    parts = [
        (heads, said[met])
        for met, heads in (
            (True, Pair("会达标的", "would be met")), (False, Pair("不会达标的", "would not")),
        )
        if said[met]
    ]  # fmt: skip
    if not parts:
        return Pair("", "")
    return Pair(
        "简单推算：" + "；".join(f"{h.zh}：" + " · ".join(p.zh for p in own) for h, own in parts),
        "Plain rules: "
        + "; ".join(f"{h.en}: " + " · ".join(p.en for p in own) for h, own in parts),
    )


def _judged(name: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values as they are compared; those of an indicator of the plan's own stay as they are."""
    try:
        return judged_value(name, values)
    except (KeyError, ValueError):
        return values


def record_text(target: dict[str, Any]) -> Pair:
    """How past forecasts of such a probability came out; empty where too few are known."""
    record = target.get("record") or {}
    return Pair(str(record.get("text", "")), str(record.get("text_en", "")))
