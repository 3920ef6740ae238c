"""Drinking-water sources: compliance by number and by volume, and the share at class III."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.projection.groundwater_points import worst_groundwater_source
from forecast.projection.result import IndicatorResult
from forecast.projection.settings import Settings
from forecast.projection.summary import number, summarise
from forecast.projection.water_points import (
    Assess,
    alternative,
    assessed_points,
    point_share,
    with_more,
)
from forecast.projection.water_record import SectionRecord
from forecast.standards.drinking_source import SOURCE_CLASS, SOURCE_ITEMS, source_exceedances
from forecast.standards.groundwater import GROUNDWATER_ITEMS, groundwater_class
from forecast.standards.items import ITEMS
from forecast.standards.rounding import round_half_even
from forecast.standards.water_period import period_means

__all__ = ["source_results"]

_SOURCE_STANDARD = "GB 3838-2002"


def _ground(record: SectionRecord) -> bool:
    return record.facts.water_type == "groundwater"


def _over(record: SectionRecord, table: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which items of (..., month, item) monthly means exceed; declared background counts too."""
    if _ground(record):
        over = np.zeros(table.shape, dtype=np.bool_)
        for j, item in enumerate(record.items):
            single, _ = groundwater_class(table[..., [j]], (item,))
            over[..., j] = single > SOURCE_CLASS
        return over
    return source_exceedances(table, record.items, record.facts.water_type)


def _complies(natural: bool) -> Assess:
    """1 where every assessed month of the source complies; without ``natural`` background items."""

    def assess(record: SectionRecord, table: NDArray[np.float64]) -> NDArray[np.float64]:
        months = _month_complies(record, table, natural)
        there = np.isfinite(months).any(axis=-1)
        lowest = np.where(np.isfinite(months), months, 1.0).min(axis=-1)
        return np.where(there, lowest, np.nan)

    return assess


def _month_complies(
    record: SectionRecord, table: NDArray[np.float64], natural: bool
) -> NDArray[np.float64]:
    """1 or 0 for each month of (..., month, item), NaN where nothing that counts was measured."""
    wanted = GROUNDWATER_ITEMS if _ground(record) else SOURCE_ITEMS
    columns = [
        j
        for j, i in enumerate(record.items)
        if i in wanted and (natural or i not in record.facts.background)
    ]
    if not columns:
        classes = np.broadcast_to(record.facts.published, table.shape[:-1])
        return np.where(np.isfinite(classes), (classes <= SOURCE_CLASS).astype(np.float64), np.nan)
    there = np.isfinite(table[..., columns]).any(axis=-1)
    over = _over(record, table)[..., columns].any(axis=-1)
    return np.where(there, 1.0 - over.astype(np.float64), np.nan)


def _at_class_iii(record: SectionRecord, table: NDArray[np.float64]) -> NDArray[np.float64]:
    """1 where the mean concentrations of (..., month, item) are within class III."""
    if not record.items:
        return _complies(True)(record, table)
    means = period_means(table, record.items, axis=-2)
    over = _over(record, means).any(axis=-1)
    return np.where(np.isfinite(means).any(axis=-1), 1.0 - over.astype(np.float64), np.nan)


def _source_why(record: SectionRecord) -> tuple[str, str]:
    """The items that exceed and their months (zh, en)."""
    if not record.items:
        return "", ""
    over = _over(record, record.observed)
    zh, en = [], []
    for j, item in enumerate(record.items):
        months = [int(m) + 1 for m in np.flatnonzero(over[:, j])]
        if months:
            natural = item in record.facts.background
            zh.append(
                f"{ITEMS[item].zh}{'（天然背景）' if natural else ''}{'、'.join(map(str, months))}月"
            )
            en.append(
                f"{ITEMS[item].en}{' (natural background)' if natural else ''} in month "
                f"{', '.join(map(str, months))}"
            )
    return "、".join(zh), "; ".join(en)


def source_results(
    region: str, records: Sequence[SectionRecord], settings: Settings, model: str
) -> list[IndicatorResult]:
    """Compliance of the drinking-water sources of a region, and their share at class III or better.

    A source complies in the year where every assessed month does. By number of sources the share
    is that of the sources that comply; by volume it is the water of complying source-months over
    all water taken, where ``intake`` readings are there (both are in use; from memory). With a
    declared natural background the share without those items stands beside it.
    """
    if not records:
        return []
    points = assessed_points(records, _complies(True), _source_why)
    main = point_share(
        region, "source_compliance", points, settings, model, _SOURCE_STANDARD, hit_is_good=True,
        lasting=True,
    )  # fmt: skip
    alternatives = [a for a in (_by_volume(records, settings, model),) if a is not None]
    if any(r.facts.background for r in records):
        without = assessed_points(records, _complies(False))
        other = point_share(
            region, "source_compliance", without, settings, model, _SOURCE_STANDARD,
            hit_is_good=True,
        )  # fmt: skip
        alternatives.append(
            alternative(
                other, "without_natural_background",
                "扣除已申报的天然背景超标项目", "without the declared natural background items",
            )
        )  # fmt: skip
    remarks = main.remarks
    if not any(a["kind"] == "by_volume" for a in alternatives):
        remarks = (
            f"{remarks[0]}没有取水量，只按水源个数计算，不能按水量计算。",
            f"{remarks[1]} Without water volumes it is counted by sources, not by volume.",
        )
    main = with_more(main, alternatives=[*main.alternatives, *alternatives], remarks=remarks)
    share = point_share(
        region, "source_share_class_iii", assessed_points(records, _at_class_iii, _source_why), settings,
        model, _SOURCE_STANDARD, hit_is_good=True,
    )  # fmt: skip
    out = [main, share, _human(region, records, settings, model)]
    ground = [r for r in records if _ground(r)]
    if ground:
        out.append(worst_groundwater_source(region, ground, settings, model))
    return out


def _human(
    region: str, records: Sequence[SectionRecord], settings: Settings, model: str
) -> IndicatorResult:
    """How many sources exceed in an item that is not declared as natural background."""
    complies = _complies(False)

    def exceeds(record: SectionRecord, table: NDArray[np.float64]) -> NDArray[np.float64]:
        return 1.0 - complies(record, table)

    found = point_share(
        region, "source_exceedances_human", assessed_points(records, exceeds, _source_why),
        settings, model, _SOURCE_STANDARD, hit_is_good=False, count=True, lasting=True,
    )  # fmt: skip
    if any(r.facts.background for r in records):
        return found
    remarks = (
        f"{found.remarks[0]}未申报天然背景，全部超标均按人为原因计。",
        f"{found.remarks[1]} No natural background is declared, so every exceedance counts.",
    )
    return with_more(found, alternatives=found.alternatives, remarks=remarks)


def _by_volume(
    records: Sequence[SectionRecord], settings: Settings, model: str
) -> dict[str, Any] | None:
    """Water of complying source-months over all water taken, as an alternative."""
    good: Any = 0.0
    total: Any = 0.0
    seen_good = seen_total = 0.0
    for r in records:
        if "intake" not in r.items:
            return None
        column = r.items.index("intake")
        volume = r.observed[:, column]
        months = _month_complies(r, r.observed, True)
        both = np.isfinite(volume) & np.isfinite(months)
        seen_good += float((volume * months)[both].sum())
        seen_total += float(volume[both].sum())
        if r.joined is not None:
            # A month to come takes as much water as the months so far did on average.
            usual = float(np.nanmean(volume)) if np.isfinite(volume).any() else np.nan
            taken = np.where(np.isfinite(r.joined[..., column]), r.joined[..., column], usual)
            ok = _month_complies(r, r.joined, True)
            there = np.isfinite(ok) & np.isfinite(taken)
            good = good + np.where(there, taken * ok, 0.0).sum(axis=1)
            total = total + np.where(there, taken, 0.0).sum(axis=1)
    if not seen_total:
        return None
    value = 100.0 * seen_good / seen_total
    drawn = np.ndim(good) == 1 and not settings.year_over
    return {
        "kind": "by_volume",
        "standard": _SOURCE_STANDARD,
        "observed": {
            "value": number(value),
            "value_official": float(round_half_even(value, 1)),
        },
        "forecast": summarise(100.0 * good / np.maximum(total, 1e-12), model, classes=False)
        if drawn
        else None,
        "note": f"按水量：达标水量{seen_good:g}，取水总量{seen_total:g}（万立方米）",
        "note_en": f"by volume: {seen_good:g} of {seen_total:g} (10^4 m3) complied",
    }
