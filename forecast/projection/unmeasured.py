"""Targets that no reading answers: what stands in place of a result."""

from __future__ import annotations

from forecast.projection.result import IndicatorResult, Observed
from forecast.projection.settings import Settings
from forecast.standards.indicators import indicator
from forecast.targets.model import Target

__all__ = ["UNMEASURED_KINDS", "unmeasured"]

#: Kinds of place of the results made here, and of no other.
UNMEASURED_KINDS = ("entered", "unmeasured")


def unmeasured(target: Target, region: str, settings: Settings) -> IndicatorResult:
    """Return an empty result for a target that no reading answers."""
    try:
        unit = indicator(target.indicator).unit
    except KeyError:
        unit = target.unit
    place = target.place or target.scope or region
    return IndicatorResult(
        region=region,
        place=place,
        place_kind="entered" if not target.computable else "unmeasured",
        point_set=target.section_set,
        domain=target.domain,
        indicator=target.indicator,
        unit=unit,
        period=str(settings.year),
        standard=target.standard,
        dust=None,
        basis=None,
        observed=Observed(None, None, 0, 0, None),
        sufficient=False,
        reason=(
            "工作区中没有这一指标或点位的监测值",
            "the workspace holds no readings of this indicator or place",
        )
        if not (target.place and target.domain == "water")
        else (
            f"工作区中没有{target.place}的监测值;可在断面集合中以该名称列出对应断面",
            "the workspace holds no readings of this place; list the sections that it means in a "
            "section set of its name",
        ),
    )
