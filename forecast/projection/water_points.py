"""Shares over points of water (drinking sources, groundwater): what hits, what misses, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.projection.result import IndicatorResult, Observed
from forecast.projection.section_shares import earlier_years
from forecast.projection.settings import Settings
from forecast.projection.summary import number, summarise
from forecast.projection.water_independent import independent_share
from forecast.projection.water_record import SectionRecord
from forecast.standards.indicators import indicator
from forecast.standards.rounding import ratio_percent, round_half_even

__all__ = [
    "Assess",
    "Point",
    "alternative",
    "assessed_points",
    "last_day",
    "point_share",
    "why_not",
    "with_more",
]


@dataclass(frozen=True)
class Point:
    """One place with what a rule says of it: 1 hit, 0 miss, NaN where it is not assessed.

    Attributes:
        seen: for the year so far; ``drawn`` on every path, (path,), None where not drawn.
        past: earlier year → the same.
        why: what makes it miss, in words (zh, en).
    """

    record: SectionRecord
    seen: float
    drawn: NDArray[np.float64] | None
    past: dict[int, float]
    why: tuple[str, str] = ("", "")


Assess = Callable[[SectionRecord, NDArray[np.float64]], NDArray[np.float64]]


def assessed_points(
    records: Sequence[SectionRecord], assess: Assess, why: Any = None
) -> list[Point]:
    """Assess every record to date, on its paths and in its earlier years.

    ``assess`` takes a record and (..., month, item) monthly means and returns (...,).
    """
    out = []
    for r in records:
        drawn = assess(r, r.joined) if r.joined is not None else None
        out.append(
            Point(
                r, float(assess(r, r.observed[None])[0]), drawn,
                {y: float(assess(r, v[None])[0]) for y, v in r.past.items()},
                why(r) if why else ("", ""),
            )
        )  # fmt: skip
    return out


def last_day(records: Sequence[SectionRecord], settings: Settings) -> Any:
    days = [r.facts.last for r in records if r.facts.last and r.facts.last.year == settings.year]
    return max(days, default=None)


def why_not(known: bool, samples: Any, settings: Settings) -> tuple[str, str]:
    if not known:
        return "没有可用的监测值", "there is no usable reading"
    if samples is None and not settings.year_over:
        return "历史数据太少，不能外推", "too little history to draw from"
    return "", ""


def point_share(
    region: str,
    name: str,
    points: list[Point],
    settings: Settings,
    model: str,
    standard: str,
    *,
    hit_is_good: bool,
    count: bool = False,
    lasting: bool = False,
) -> IndicatorResult:
    """Share [%] or number of points that hit, with what is missing and what misses in words.

    Args:
        hit_is_good: whether a hit is what is wanted; the others are named.
        lasting: a bad point stays bad whatever the rest of the year brings.
    """
    about = indicator(name)
    seen = np.array([p.seen for p in points])
    there = np.isfinite(seen)

    def value(hits: Any, total: Any) -> Any:
        return np.where(total > 0, hits * 1.0, np.nan) if count else ratio_percent(hits, total)

    now = float(value(np.array((seen == 1).sum()), np.array(there.sum())))
    table = [p.drawn for p in points if p.drawn is not None]
    samples = chances = None
    if table and not settings.year_over:
        stack = np.stack(table)
        total = np.isfinite(stack).sum(axis=0)
        samples = np.asarray(value((stack == 1).sum(axis=0), total))
        chances = independent_share(stack, 1, 1, count=count) if len(stack) > 1 else None
        if not np.isfinite(samples).any():
            samples = chances = None
    places = about.judged_decimals or 0
    official = float(round_half_even(now, places)) if np.isfinite(now) else None
    past = {}
    for year in set.intersection(*(set(p.past) for p in points)):
        known = np.array([p.past[year] for p in points])
        past[year] = float(value(np.array((known == 1).sum()), np.isfinite(known).sum()))
    known_now = bool(there.any())
    bad = [p for p in points if np.isfinite(p.seen) and (p.seen == 1) != hit_is_good]
    out = [p.record.name for p, ok in zip(points, there, strict=True) if not ok]
    n = len(points)
    zh, en = (
        f"{n}个点位中{int(there.sum())}个有监测值",
        f"{int(there.sum())} of {n} places measured",
    )
    if out:
        zh, en = f"{zh}，缺{'、'.join(out[:5])}", f"{en}, without {', '.join(out[:5])}"
    remark_zh = remark_en = ""
    if bad:
        remark_zh = "目前未达到：" + "、".join(
            f"{p.record.name}{f'（{p.why[0]}）' if p.why[0] else ''}" for p in bad[:5]
        ) + "。"  # fmt: skip
        remark_en = " So far missed by " + ", ".join(
            f"{p.record.name}{f' ({p.why[1]})' if p.why[1] else ''}" for p in bad[:5]
        ) + "."  # fmt: skip
    return IndicatorResult(
        region=region, place=region, place_kind=points[0].record.facts.kind, point_set="",
        domain="water", indicator=name, unit=about.unit, period=str(settings.year),
        standard=standard, dust=None, basis=None,
        observed=Observed(
            number(now), official, int(there.sum()), n, last_day([p.record for p in points], settings)
        ),
        samples=samples,
        judged=np.asarray(round_half_even(samples, places)) if samples is not None else None,
        observed_judged=official,
        sufficient=known_now and (settings.year_over or samples is not None),
        reason=why_not(known_now, samples, settings),
        bounds=_bounds(seen, n, places, hit_is_good, count)
        if lasting and known_now and not settings.year_over
        else None,
        model=model if samples is not None else "",
        independent=chances, detail=(zh, en), remarks=(remark_zh, remark_en),
        **earlier_years(past, settings),
    )  # fmt: skip


def _bounds(
    seen: NDArray[np.float64], n: int, places: int, hit_is_good: bool, count: bool
) -> tuple[float, float]:
    """Smallest and largest value that is still possible where a bad point stays bad."""
    bad = int((seen == (0 if hit_is_good else 1)).sum())
    low, high = (0.0, float(n - bad)) if hit_is_good else (float(bad), float(n))
    if not count:
        low, high = 100.0 * low / n, 100.0 * high / n
    return float(round_half_even(low, places)), float(round_half_even(high, places))


def alternative(other: IndicatorResult, kind: str, zh: str, en: str) -> dict[str, Any]:
    return {
        "kind": kind,
        "standard": other.standard,
        "observed": {
            "value": other.observed.value,
            "value_official": other.observed.value_official,
        },
        "forecast": summarise(other.samples, other.model, classes=False)
        if other.samples is not None
        else None,
        "note": zh,
        "note_en": en,
    }


def with_more(
    result: IndicatorResult, *, alternatives: list[dict[str, Any]], remarks: tuple[str, str]
) -> IndicatorResult:
    return replace(result, alternatives=alternatives, remarks=remarks)
