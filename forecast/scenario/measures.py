"""From measures on paper to levers on an inventory: what can be quantified, and what can't.

A measure in percent of all emissions needs no inventory. One of a sector's pollutant, or in tonnes,
does: without it the measure is listed with the sentence that says what is missing, and the others
go on.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from forecast.errors import InputError
from forecast.scenario.growth import growth_factor, growth_of
from forecast.scenario.inventory import ALL_POLLUTANTS, TOTAL, Inventory, InventoryDraws
from forecast.scenario.inventory_units import refuse_national_size, tonnes_text
from forecast.scenario.measure_timing import months_of, ramp, season_mask
from forecast.scenario.pollutants import POLLUTANT_NAMES, SECTORS, WATER_POLLUTANTS, sector_of
from forecast.scenario.scenario_model import Measure, Scenario

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Lever",
    "NotQuantified",
    "Quantified",
    "inventory_for",
    "quantify",
]

#: Name of the row that holds one unit of each pollutant the inventory lacks.
_UNLISTED = "unlisted"
#: A year of 365 days on which seasons and months are weighed.
_PLAIN_YEAR = np.arange("2023-01-01", "2024-01-01", dtype="datetime64[D]")
#: Tonnes may exceed the central emission by rounding only.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Lever:
    """One measure on one pollutant, with the rows of the inventory that it acts on."""

    measure: Measure
    pollutant: str
    rows: tuple[int, ...]


@dataclass(frozen=True)
class NotQuantified:
    """A measure without a number, and what is missing, in both languages."""

    measure: str
    zh: str
    en: str


@dataclass(frozen=True)
class Quantified:
    """A scenario set upon an inventory.

    Attributes:
        scenario: the scenario.
        inventory: the inventory; a row ``total`` of one unit each where there is none.
        known: False where there is no inventory.
        unlisted: pollutants that the inventory lacks, for which one unit stands in a row of its own,
            so that a percentage of all their emission still has a meaning.
        levers: what acts.
        missing: measures that could not be quantified, with the reason.
    """

    scenario: Scenario
    inventory: Inventory
    known: bool
    unlisted: frozenset[str]
    levers: tuple[Lever, ...]
    missing: tuple[NotQuantified, ...]

    def growth(self, row: int, days: NDArray[np.datetime64]) -> NDArray[np.float64]:
        """Return projected emission over that of the inventory for one row, ``(day,)`` [1]."""
        return growth_factor(self._rate(row), days, self.inventory.year)

    def _rate(self, row: int) -> float:
        inv = self.inventory
        return growth_of(inv.rows[row], inv.groups[row], self.scenario.growth)

    def month_weights(self, row: int) -> NDArray[np.float64]:
        """Return a row's emission by month over its annual mean, ``(12,)`` [1]."""
        given = self.scenario.inventory.months
        own = given.get(self.inventory.rows[row]) or given.get(self.inventory.groups[row])
        if own is None:
            return np.ones(12)
        weights = np.asarray(own, dtype=np.float64)
        length = np.bincount(months_of(_PLAIN_YEAR), minlength=12)
        daily: NDArray[np.float64] = weights / length
        return daily / float((daily * length).sum() / length.sum())

    def full_fraction(
        self, lever: Lever, draws: InventoryDraws, days: NDArray[np.datetime64]
    ) -> NDArray[np.float64]:
        """Return the cut at full effect and compliance on each day of its season.

        Returns:
            ``(draw, day)`` (or broadcasting to it) fraction of the projected emission of the
            lever's rows [1], before it is held to at most 1; a rise is negative.
        """
        measure, amount = lever.measure, lever.measure.amount
        if amount.unit == "%" and measure.against is None:
            return np.full((1, 1), measure.sign * amount.value / 100.0)
        if not self.scenario.growth:
            days = days[:1]
        column, rows = ALL_POLLUTANTS.index(lever.pollutant), list(lever.rows)
        shares, totals = draws.shares[:, rows, column], draws.totals[:, column]
        grown = np.stack([self.growth(r, days) for r in rows])
        emission = totals[:, None] * (shares @ grown)
        inside = self._season_share(lever)
        if measure.against is None:
            # What the inventory's own year had of the cut already is added back.
            emission = emission + amount.value * self._held(measure)
            return measure.sign * amount.value / (emission * inside)
        years = measure.against - self.inventory.year
        then = totals * (shares @ np.array([(1.0 + self._rate(r) / 100.0) ** years for r in rows]))
        wanted = then * (1.0 - amount.value / 100.0) if amount.unit == "%" else then - amount.value
        fraction: NDArray[np.float64] = (emission - wanted[:, None]) / (emission * inside)
        return np.maximum(fraction, 0.0)

    def _season_share(self, lever: Lever) -> float:
        """Part of the year's emission of the lever's rows that falls into its season."""
        mask = season_mask(lever.measure, _PLAIN_YEAR)
        column = np.nan_to_num(self.inventory.values[:, ALL_POLLUTANTS.index(lever.pollutant)])
        months = months_of(_PLAIN_YEAR)
        inside = whole = 0.0
        for row in lever.rows:
            daily = self.month_weights(row)[months] * column[row]
            inside, whole = inside + float(daily[mask].sum()), whole + float(daily.sum())
        return inside / whole if whole else 1.0

    def _held(self, measure: Measure) -> float:
        """Part of a cut that was in place during the inventory's year, on the year's mean [1]."""
        if not self.known:
            return 0.0
        year = np.arange(
            f"{self.inventory.year}-01-01",
            f"{self.inventory.year + 1}-01-01",
            dtype="datetime64[D]",
        )
        return float(ramp(measure, year).mean())


def inventory_for(scenario: Scenario, table: pd.DataFrame | None) -> Inventory | None:
    """Return the inventory a scenario stands on: the one written into its file, else the table's.

    Args:
        scenario: its ``[[emissions]]`` come first, its ``[inventory]`` picks year and source.
        table: the workspace's ``emissions``; None or empty: there is none.

    Raises:
        InputError: the year or source asked is not there; amounts that can't be right.
    """
    choice = scenario.inventory
    own = scenario.own_emissions()
    if own:
        year = max(own) if choice.year is None else choice.year
        if year in own:
            return Inventory.of(
                scenario.region, year, own[year], source=scenario.source, ranges=choice.ranges
            )
    if table is None or table.empty:
        return None
    return Inventory.from_table(
        table, scenario.region, year=choice.year, source=choice.source, ranges=choice.ranges
    )


def quantify(scenario: Scenario, inventory: Inventory | None) -> Quantified:
    """Set a scenario upon an inventory.

    Raises:
        InputError: a sector that neither the inventory nor the list of sectors has, a growth rate
            of such a sector, tonnes of national size, or more tonnes than are emitted.
    """
    known = inventory is not None
    base, unlisted = _completed(scenario, inventory)
    _check_growth(scenario, base)
    levers: list[Lever] = []
    missing: list[NotQuantified] = []
    result = Quantified(scenario, base, known, unlisted, (), ())
    for measure in scenario.measures:
        what = f"measure {measure.name!r}"
        if not measure.of_air and measure.sector not in ("all", *base.rows):
            # A kind of source or one source of water, which only the water response knows.
            continue
        rows = _rows(measure, inventory or base, known, what)
        if measure.sector == "all":
            rows = list(range(len(base.rows)))
        for pollutant in measure.pollutants:
            if measure.amount.unit == "t":
                refuse_national_size(pollutant, measure.amount.value, scenario.region, what=what)
            why = _lacking(measure, pollutant, rows, inventory)
            if why is not None:
                # Of all pollutants at once, one that the sector does not emit is nothing missed.
                # Loads of water are answered by what stands above a section.
                if pollutant in WATER_POLLUTANTS or (known and measure.of_everything):
                    continue
                if why not in missing:
                    missing.append(why)
                continue
            column = ALL_POLLUTANTS.index(pollutant)
            acting = tuple(r for r in rows or [0] if base.values[r, column] > 0.0)
            lever = Lever(measure, pollutant, acting)
            _refuse_over_all(result, lever, what)
            levers.append(lever)
    if not known:
        levers = _separable(levers, missing)
    return Quantified(scenario, base, known, unlisted, tuple(levers), tuple(missing))


def _completed(scenario: Scenario, inventory: Inventory | None) -> tuple[Inventory, frozenset[str]]:
    """Return the inventory with one unit of each pollutant that it lacks, and which these are."""
    if inventory is None:
        unit = np.ones((1, len(ALL_POLLUTANTS)))
        return Inventory(scenario.region, 2020, (TOTAL,), (TOTAL,), unit), frozenset(ALL_POLLUTANTS)
    lacking = [p for p in ALL_POLLUTANTS if not inventory.has(p)]
    if not lacking:
        return inventory, frozenset()
    unit = np.array([[1.0 if p in lacking else np.nan for p in ALL_POLLUTANTS]])
    completed = replace(
        inventory,
        rows=(*inventory.rows, _UNLISTED),
        groups=(*inventory.groups, TOTAL),
        values=np.concatenate([inventory.values, unit]),
    )
    return completed, frozenset(lacking)


def _separable(levers: list[Lever], missing: list[NotQuantified]) -> list[Lever]:
    """Without an inventory, keep cuts of whole sectors only where nothing else is cut beside them."""
    kept: list[Lever] = []
    for lever in levers:
        scope = [other for other in levers if other.measure.scope == lever.measure.scope]
        mixed = any(not other.measure.of_everything for other in scope)
        name = lever.measure.name
        if lever.measure.sector == "all" or not mixed:
            kept.append(lever)
        elif all(gone.measure != name for gone in missing):
            missing.append(
                NotQuantified(
                    name,
                    f"“{name}”：缺少排放清单，无法把该部门的减排与其他按污染物的减排合在一起。",
                    f"{name}: a sector's cut can't be put together with cuts of single pollutants; "
                    "an emission inventory is missing.",
                )
            )
    return kept


def _check_growth(scenario: Scenario, inventory: Inventory) -> None:
    for name in (*scenario.growth, *scenario.inventory.months):
        if name != "all" and sector_of(name) is None and name not in inventory.rows:
            raise InputError(
                f"growth or months of {name!r}: the inventory of {inventory.region} has no such sector.",
                f"Sectors are {', '.join(dict.fromkeys((*SECTORS, *inventory.rows)))}, or all.",
            )


def _rows(measure: Measure, inventory: Inventory, known: bool, what: str) -> list[int]:
    """Return the rows a measure names; empty for a known sector where there are totals only."""
    rows = inventory.rows_of(measure.sector)
    if rows or (sector_of(measure.sector) and (not known or set(inventory.rows) == {TOTAL})):
        return rows
    if known:
        raise InputError(
            f"{what}: the inventory of {inventory.region} {inventory.year} has no sector "
            f"{measure.sector!r}.",
            f"Its sectors are {', '.join(inventory.rows)}; all means every one.",
        )
    raise InputError(
        f"{what}: {measure.sector!r} is no sector.", f"Sectors are {', '.join(SECTORS)}, or all."
    )


def _lacking(
    measure: Measure, pollutant: str, rows: list[int], inventory: Inventory | None
) -> NotQuantified | None:
    """Say what a measure on a pollutant lacks; None where it can be quantified."""
    zh, en = POLLUTANT_NAMES[pollutant]
    amount = measure.amount
    if inventory is None:
        if amount.unit == "t":
            return NotQuantified(
                measure.name,
                f"“{measure.name}”：{tonnes_text(amount.value)} 无法换算为百分比，缺少本地区的{zh}排放清单"
                "（年份、部门、吨/年）。",
                f"{measure.name}: {tonnes_text(amount.value)} of {en} can't become percent; the "
                "region's emission inventory (year, sector, t/yr) is missing.",
            )
        if measure.sector == "all" or (measure.of_everything and measure.against is None):
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


def _refuse_over_all(result: Quantified, lever: Lever, what: str) -> None:
    """Refuse tonnes beyond what is emitted where and when the measure acts."""
    measure = lever.measure
    if measure.amount.unit == "%" or not lever.rows or not measure.cut:
        return
    day = np.array([measure.full or measure.start], dtype="datetime64[D]")
    draws = result.inventory.central()
    fraction = float(result.full_fraction(lever, draws, day)[0, 0])
    if fraction > 1.0 + _ROUNDING:
        emitted = measure.amount.value / fraction
        when = "" if measure.season == "all" else " in its months"
        raise InputError(
            f"{what}: cuts {tonnes_text(measure.amount.value)} of {lever.pollutant}, over 100 % of "
            f"the {tonnes_text(emitted)} that {measure.sector} would emit{when}.",
            "Check the unit (t or 10⁴ t), the sector and the year of the inventory.",
        )
