"""Why a measure can't be quantified, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from forecast.scenario.inventory import ALL_POLLUTANTS, Inventory
from forecast.scenario.inventory_units import tonnes_text
from forecast.scenario.pollutants import POLLUTANT_NAMES, sector_of
from forecast.scenario.scenario_model import Measure

__all__ = ["NotQuantified", "lacking", "level_of", "no_level"]

#: Sectors whose emissions the national shares leave out or nearly so.
_UNCOUNTED = ("dust", "other")


@dataclass(frozen=True)
class NotQuantified:
    """A measure without a number, and what is missing, in both languages."""

    measure: str
    zh: str
    en: str


def lacking(
    measure: Measure, pollutant: str, rows: list[int], inventory: Inventory | None
) -> NotQuantified | None:
    """Say what a measure on a pollutant lacks; None where it can be quantified.

    Args:
        measure, pollutant: what is asked.
        rows: rows of the inventory that the measure names.
        inventory: None: there is none.
    """
    zh, en = POLLUTANT_NAMES[pollutant]
    amount = measure.amount
    if inventory is None:
        if measure.against is not None:
            return no_level(measure, pollutant)
        if amount.unit == "t":
            return NotQuantified(
                measure.name,
                f"“{measure.name}”：{tonnes_text(amount.value)} 无法换算为百分比，缺少本地区的{zh}排放清单"
                "（年份、部门、吨/年）。",
                f"{measure.name}: {tonnes_text(amount.value)} of {en} can't become percent; the "
                "region's emission inventory (year, sector, t/yr) is missing.",
            )
        if measure.sector == "all":
            return None
        if sector_of(measure.sector) in _UNCOUNTED:
            return NotQuantified(
                measure.name,
                f"“{measure.name}”：全国清单不含该部门的颗粒物，须有本地排放清单。",
                f"{measure.name}: the nation's inventory does not count this sector's particles; an "
                "inventory of the region's own is missing.",
            )
        if measure.of_everything and measure.against is None:
            return None
        return NotQuantified(
            measure.name,
            f"“{measure.name}”：缺少排放清单，不知道该部门占{zh}排放的比例。",
            f"{measure.name}: the sector's share of {en} is not known; an emission inventory is "
            "missing.",
        )
    if not inventory.has(pollutant) and not (measure.sector == "all" and amount.unit == "%"):
        return NotQuantified(
            measure.name,
            f"“{measure.name}”：{inventory.year} 年清单中没有{zh}。",
            f"{measure.name}: the inventory of {inventory.year} has no {en}.",
        )
    if inventory.only_total(pollutant) and measure.sector != "all":
        return NotQuantified(
            measure.name,
            f"“{measure.name}”：{inventory.year} 年清单中{zh}只有合计，没有分部门数据。",
            f"{measure.name}: the inventory of {inventory.year} has {en} as a total only, not by "
            "sector.",
        )
    column = ALL_POLLUTANTS.index(pollutant)
    if inventory.has(pollutant) and not any(inventory.values[r, column] > 0.0 for r in rows):
        return NotQuantified(
            measure.name,
            f"“{measure.name}”：{inventory.year} 年清单中该部门没有{zh}排放。",
            f"{measure.name}: the sector emits no {en} in the inventory of {inventory.year}.",
        )
    return None


def level_of(measure: Measure, pollutant: str, others: Mapping[int, Inventory]) -> float | None:
    """Return the emission of the year a measure is ``against`` [t/yr]; None where it is not known."""
    known = others.get(measure.against or 0)
    if known is None or not known.has(pollutant):
        return None
    if measure.sector == "all":
        return known.total(pollutant)
    rows = known.rows_of(measure.sector)
    values = known.values[rows, ALL_POLLUTANTS.index(pollutant)]
    return float(np.nansum(values)) if rows and np.isfinite(values).any() else None


def no_level(measure: Measure, pollutant: str) -> NotQuantified:
    """Say that the emission of the year a measure is ``against`` is missing."""
    zh, en = POLLUTANT_NAMES[pollutant]
    return NotQuantified(
        measure.name,
        f"“{measure.name}”：不知道 {measure.against} 年的{zh}排放量，请在 [[emissions]] 或清单中给出该年数据。",
        f"{measure.name}: the emission of {en} in {measure.against} is not known; give that year under "
        "[[emissions]] or in an inventory.",
    )
