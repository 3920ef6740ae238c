"""Falling (or rising) in every single year: pair by pair, the first breach named."""

from __future__ import annotations

import numpy as np

from forecast.targets.evidence import Evidence, Judgement, Thresholds
from forecast.targets.model import Target
from forecast.targets.numeric import conclude
from forecast.targets.year_series import YearSeries

__all__ = ["each_year", "first_rise"]

_EPS = 1e-9


def first_rise(series: YearSeries, sign: float) -> tuple[int | None, float]:
    """First past year that did not fall (``sign`` 1) or rise (-1), and the share of paths that do.

    Pairs of years on different measurement bases say nothing. In a finished year the judged year
    counts as past.
    """
    steps = np.diff(series.table, axis=1) * sign
    falls = steps < -_EPS
    same = [a == b for a, b in zip(series.bases, series.bases[1:], strict=False)]
    known = falls.shape[1] if series.final else falls.shape[1] - 1
    for at in range(known):
        if same[at] and not falls[0, at]:
            return int(series.years[at + 1]), 0.0
    return None, float(np.mean(falls[:, -1] | (not same[-1])))


def each_year(
    target: Target,
    series: YearSeries,
    evidence: Evidence,
    limits: Thresholds,
    rule: tuple[str, str],
) -> Judgement:
    """Every pair of neighbouring years has to move the right way.

    One breach decides it. Without a breach a year that is unknown, or one on another measurement
    basis than the year before it, leaves it open: INSUFFICIENT_DATA. Years missing before the
    first known one are named.
    """
    sign = -1.0 if target.token == "UP_EACH_YEAR" else 1.0
    said, notes = series.said(target), series.notes(target)
    lead = (f"{target.label_zh}：{said[0]}；{rule[0]}", f"{target.label_en}: {said[1]}; {rule[1]}")
    end = (f"{notes[0]}。", f"{notes[1]}.")
    broken, _ = first_rise(series, sign)
    if broken is not None:
        return Judgement(
            "NOT_MET",
            0.0,
            f"{lead[0]}，{broken} 年首次不满足，未达标{end[0]}",
            f"{lead[1]}, and {broken} is the first year that does not: not met{end[1]}",
        )
    before, bounds = series.past[-1][1], evidence.bounds
    last_pair = series.bases[-1] == series.bases[-2]
    best = None if bounds is None else bounds[0] if sign > 0 else bounds[1]
    worst = None if bounds is None else bounds[1] if sign > 0 else bounds[0]
    if best is not None and last_pair and (best - before) * sign >= -_EPS:
        return Judgement(
            "NOT_MET",
            0.0,
            f"{lead[0]}，{series.year} 年已不可能满足，未达标{end[0]}",
            f"{lead[1]}, which {series.year} can no longer do: not met{end[1]}",
        )
    unknown = _unknown(series)
    if unknown is not None:
        return Judgement(
            "INSUFFICIENT_DATA",
            None,
            f"{lead[0]}，而{unknown[0]}，不能判定{end[0]}",
            f"{lead[1]}, and {unknown[1]}, so it can't be judged{end[1]}",
        )
    if series.final or (worst is not None and (worst - before) * sign < -_EPS):
        return Judgement("MET", 1.0, f"{lead[0]}，达标{end[0]}", f"{lead[1]}: met{end[1]}")
    hits = np.diff(series.table, axis=1)[:, -1] * sign < -_EPS
    verdict, p, end_zh, end_en = conclude(target, hits, limits)
    return Judgement(verdict, p, f"{lead[0]}，{end_zh}{end[0]}", f"{lead[1]}; {end_en}{end[1]}")


def _unknown(series: YearSeries) -> tuple[str, str] | None:
    """Why some pair can't be compared (zh, en), or None."""
    known = [int(y) for y in series.years]
    gaps = [y for y in range(known[0], known[-1]) if y not in known]
    if gaps:
        return (
            f" {'、'.join(map(str, gaps))} 年没有数值",
            f"there is no figure for {', '.join(map(str, gaps))}",
        )
    turns = [known[i + 1] for i in range(len(known) - 1) if series.bases[i] != series.bases[i + 1]]
    if turns:
        return (
            f" {'、'.join(map(str, turns))} 年与上一年的监测状态不同",
            f"{', '.join(map(str, turns))} stands on another measurement basis than the year before",
        )
    return None
