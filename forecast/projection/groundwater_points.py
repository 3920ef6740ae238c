"""Groundwater points: the share at class V, points that hold their class, the worst source."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.projection.result import IndicatorResult, Observed
from forecast.projection.section_shares import earlier_years
from forecast.projection.settings import Settings
from forecast.projection.water_points import (
    Assess,
    alternative,
    assessed_points,
    last_day,
    point_share,
    why_not,
    with_more,
)
from forecast.projection.water_record import SectionRecord
from forecast.standards.groundwater import GROUNDWATER_ITEMS, GROUNDWATER_WORST, groundwater_class
from forecast.standards.indicators import WATER_CLASSES
from forecast.standards.water_period import period_means

__all__ = ["groundwater_results", "worst_groundwater_source"]

_GROUND_STANDARD = "GB/T 14848-2017"
#: Class that a point has to hold where none of its own is declared: not the worst one.
_HOLDS = GROUNDWATER_WORST - 1


def _ground_class(record: SectionRecord, table: NDArray[np.float64], natural: bool) -> Any:
    """Class 1 to 5 of (..., month, item) from mean concentrations, or the worst published one."""
    if record.items and set(record.items) & set(GROUNDWATER_ITEMS):
        means = period_means(table, record.items, axis=-2)
        without = () if natural else record.facts.background
        found, _ = groundwater_class(means, record.items, without=without)
        return np.where(found > 0, found, np.nan)
    published = record.facts.published
    known = published[np.isfinite(published)]
    worst = float(known.max()) if known.size else np.nan
    return np.full(table.shape[:-2], min(worst, GROUNDWATER_WORST) if known.size else np.nan)


def _is_v(natural: bool) -> Assess:
    def assess(record: SectionRecord, table: NDArray[np.float64]) -> NDArray[np.float64]:
        found = _ground_class(record, table, natural)
        return np.where(np.isfinite(found), (found >= GROUNDWATER_WORST).astype(np.float64), np.nan)

    return assess


def _holds(record: SectionRecord, table: NDArray[np.float64]) -> NDArray[np.float64]:
    found = _ground_class(record, table, natural=False)
    asked = record.facts.own_class or _HOLDS
    return np.where(np.isfinite(found), (found <= asked).astype(np.float64), np.nan)


def groundwater_results(
    region: str, records: Sequence[SectionRecord], settings: Settings, model: str
) -> list[IndicatorResult]:
    """Share of groundwater points at class V, with and without declared background, and the number
    of points that hold the class asked of them (declared background left out)."""
    if not records:
        return []
    main = point_share(
        region, "groundwater_class_v_share", assessed_points(records, _is_v(True)), settings, model,
        _GROUND_STANDARD, hit_is_good=False,
    )  # fmt: skip
    if any(r.facts.background for r in records):
        other = point_share(
            region, "groundwater_class_v_share", assessed_points(records, _is_v(False)), settings, model,
            _GROUND_STANDARD, hit_is_good=False,
        )  # fmt: skip
        less = alternative(
            other, "without_natural_background",
            "扣除已申报的天然背景超标项目", "without the declared natural background items",
        )  # fmt: skip
        value = less["observed"]["value_official"]
        main = with_more(
            main, alternatives=[*main.alternatives, less],
            remarks=(
                f"{main.remarks[0]}扣除天然背景超标后为{value:g}%。",
                f"{main.remarks[1]} Without the declared natural background it is {value:g}%.",
            ) if value is not None else main.remarks,
        )  # fmt: skip
    points = point_share(
        region, "groundwater_points_compliant", assessed_points(records, _holds), settings, model,
        _GROUND_STANDARD, hit_is_good=True, count=True,
    )  # fmt: skip
    if not all(r.facts.own_class for r in records):
        points = with_more(
            points, alternatives=points.alternatives,
            remarks=(
                f"{points.remarks[0]}未申报各点位的考核类别，按优于Ⅴ类计，为本系统的理解。",
                f"{points.remarks[1]} No class of their own is declared for the points: better than "
                "class V counts, our own reading.",
            ),
        )  # fmt: skip
    return [main, points]


def worst_groundwater_source(
    region: str, records: Sequence[SectionRecord], settings: Settings, model: str
) -> IndicatorResult:
    """Class of the worst groundwater source, declared natural background left out."""
    seen = np.array([float(_ground_class(r, r.observed[None], False)[0]) for r in records])
    drawn = [_ground_class(r, r.joined, False) for r in records if r.joined is not None]
    ahead = len(drawn) == len(records) and not settings.year_over
    samples = np.max(np.stack(drawn), axis=0) if ahead else None
    if samples is not None and not np.isfinite(samples).any():
        samples = None
    known = bool(np.isfinite(seen).all())
    value = float(seen.max()) if known else None
    years = set.intersection(*(set(r.past) for r in records))
    past = {
        y: float(max(float(_ground_class(r, r.past[y][None], False)[0]) for r in records))
        for y in years
    }
    at = int(np.argmax(np.where(np.isfinite(seen), seen, 0)))
    return IndicatorResult(
        region=region, place=region, place_kind="source", point_set="地下水型水源",
        domain="water", indicator="groundwater_source_class", unit="class",
        period=str(settings.year), standard=_GROUND_STANDARD, dust=None, basis=None,
        observed=Observed(
            value, WATER_CLASSES[int(value) - 1] if value else None,
            int(np.isfinite(seen).sum()), len(records), last_day(records, settings),
        ),
        samples=samples, judged=samples, observed_judged=value,
        sufficient=known and (settings.year_over or samples is not None),
        reason=why_not(known, samples, settings), model=model if samples is not None else "",
        detail=(f"最差的水源为{records[at].name}", f"the worst source is {records[at].name}"),
        **earlier_years(past, settings),
    )  # fmt: skip
