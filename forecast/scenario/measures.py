"""From measures on paper to levers on an inventory: what can be quantified, and what can't.

A measure in percent of all emissions needs no inventory. One of a sector's pollutant, or in tonnes,
does: without it the measure is listed with the sentence that says what is missing, and the others
go on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from forecast.errors import InputError
from forecast.scenario.growth import growth_factor, growth_of
from forecast.scenario.inventory import ALL_POLLUTANTS, TOTAL, Inventory, InventoryDraws
from forecast.scenario.inventory_units import refuse_national_size, tonnes_text
from forecast.scenario.measure_timing import months_of, ramp, season_mask
from forecast.scenario.not_quantified import NotQuantified, lacking, level_of, no_level
from forecast.scenario.pollutants import SECTORS, WATER_POLLUTANTS, sector_of
from forecast.scenario.scenario_model import Measure, Scenario

if TYPE_CHECKING:
    pass

__all__ = [
    "Lever",
    "NotQuantified",
    "Quantified",
    "quantify",
]

#: Name of the row that holds one unit of each pollutant the inventory lacks.
_UNLISTED = "unlisted"
#: A year of 365 days on which seasons and months are weighed.
_PLAIN_YEAR = np.arange("2023-01-01", "2024-01-01", dtype="datetime64[D]")
#: Tonnes may exceed the central emission by rounding only.
_ROUNDING = 1e-9
#: Rounds in which the tonnes that an inventory holds already settle on its rows.
_ROUNDS = 12
#: Most of a measure that an inventory can hold when what was there before is worked back from it.
_MOST_HELD = 0.98


@dataclass(frozen=True)
class Lever:
    """One measure on one pollutant, with the rows of the inventory that it acts on."""

    measure: Measure
    pollutant: str
    rows: tuple[int, ...]


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
        levels: (measure, pollutant) → emission of the year that the measure is ``against``, of the
            rows that it acts on [t/yr], where that is not the inventory's own year.
    """

    scenario: Scenario
    inventory: Inventory
    known: bool
    unlisted: frozenset[str]
    levers: tuple[Lever, ...]
    missing: tuple[NotQuantified, ...]
    levels: Mapping[tuple[str, str], float] = field(default_factory=dict)

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
        self,
        lever: Lever,
        draws: InventoryDraws,
        days: NDArray[np.datetime64],
        *,
        before: InventoryDraws | None = None,
    ) -> NDArray[np.float64]:
        """Return the cut at full effect and compliance on each day of its season.

        Args:
            lever: one measure on one pollutant.
            draws: the inventory.
            days: ``(day,)``.
            before: what would be emitted without any measure (:meth:`before_measures`); None: the
                inventory holds none of them.

        Returns:
            ``(draw, day)`` (or broadcasting to it) fraction of the lever's rows' emission without
            any measure [1], before it is held to at most 1; a rise is negative.
        """
        measure, amount = lever.measure, lever.measure.amount
        if amount.unit == "%" and measure.against is None:
            return np.full((1, 1), measure.sign * amount.value / 100.0)
        if not self.scenario.growth:
            days = days[:1]
        free = draws if before is None else before
        column, rows = ALL_POLLUTANTS.index(lever.pollutant), list(lever.rows)
        shares, totals = free.shares[:, rows, column], free.totals[:, column]
        grown = np.stack([self.growth(r, days) for r in rows])
        emission = totals[:, None] * (shares @ grown)
        inside = self._season_share(lever)
        if measure.against is None:
            return measure.sign * amount.value / (emission * inside)
        wanted = self._wanted(lever, draws)
        fraction: NDArray[np.float64] = (emission - wanted[:, None]) / (emission * inside)
        return np.maximum(fraction, 0.0)

    def _wanted(self, lever: Lever, draws: InventoryDraws) -> NDArray[np.float64]:
        """Emission at which a measure ``against`` a year ends, of the lever's rows, ``(draw,)`` [t/yr]."""
        column, rows = ALL_POLLUTANTS.index(lever.pollutant), list(lever.rows)
        then = draws.totals[:, column] * draws.shares[:, rows, column].sum(axis=1)
        level = self.levels.get((lever.measure.name, lever.pollutant))
        if level is not None:
            # The other year's inventory is off by as much as this one.
            centre = float(np.nan_to_num(self.inventory.values[rows, column]).sum())
            then = then * (level / centre)
        amount = lever.measure.amount
        if amount.unit == "%":
            return np.asarray(then * (1.0 - amount.value / 100.0))
        return np.asarray(then - amount.value)

    def before_measures(
        self,
        draws: InventoryDraws,
        compliance: Mapping[str, NDArray[np.float64]],
        levers: Sequence[Lever] | None = None,
    ) -> InventoryDraws:
        """Return what would be emitted in the inventory's year if no measure had begun by then.

        Tonnes in place during that year are added back, percentages divided out, row by row: an
        emission b that holds T tonnes and a percentage q of cuts already was ``b / (1 − q) + T``.

        Args:
            draws: the inventory.
            compliance: measure → draws of what is put into effect, ``(draw,)`` or ``(1,)``.
            levers: None: all.
        """
        acting = self.levers if levers is None else levers
        held = {m.name: self._held(m) for m in {x.measure.name: x.measure for x in acting}.values()}
        acting = [x for x in acting if held[x.measure.name] > 0.0]
        if not acting or not self.known:
            return draws
        amounts = draws.totals[:, None, :] * draws.shares
        for column, pollutant in enumerate(ALL_POLLUTANTS):
            own = [x for x in acting if x.pollutant == pollutant]
            if own:
                amounts[:, :, column] = self._freed(own, draws, compliance, held, column)
        totals = amounts.sum(axis=1)
        shares = np.divide(
            amounts, totals[:, None, :], out=np.zeros_like(amounts), where=totals[:, None, :] > 0.0
        )
        return replace(draws, shares=shares, totals=totals)

    def _freed(
        self,
        levers: Sequence[Lever],
        draws: InventoryDraws,
        compliance: Mapping[str, NDArray[np.float64]],
        held: Mapping[str, float],
        column: int,
    ) -> NDArray[np.float64]:
        """Emission of each row without the measures that it holds, ``(draw, row)`` [t/yr]."""
        base = draws.totals[:, column, None] * draws.shares[:, :, column]
        kept = np.ones_like(base)
        for lever in levers:
            measure = lever.measure
            if _by_percent(measure):
                of_year = held[measure.name] * self._season_share(lever) * measure.sign
                cut = of_year * compliance[measure.name] * measure.amount.value / 100.0
                kept[:, list(lever.rows)] *= 1.0 - np.minimum(cut, 0.99)[:, None]
        plain = base / kept
        found = plain
        # The rows of a measure share its tonnes as they emit; a few rounds settle that.
        for _ in range(_ROUNDS):
            added = np.zeros_like(base)
            for lever in levers:
                measure, rows = lever.measure, list(lever.rows)
                if _by_percent(measure):
                    continue
                whole = found[:, rows].sum(axis=1)
                part = held[measure.name] * compliance[measure.name]
                if measure.against is None:
                    tonnes = part * measure.sign * measure.amount.value
                else:
                    tonnes = np.minimum(part, _MOST_HELD) * np.maximum(
                        whole - self._wanted(lever, draws), 0.0
                    )
                share = found[:, rows] / np.where(whole > 0.0, whole, 1.0)[:, None]
                added[:, rows] += tonnes[:, None] * share
            found = plain + added
        return np.asarray(np.maximum(found, 0.0))

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
        """Part of a cut that was in place during the inventory's year, on its days' mean [1]."""
        if not self.known:
            return 0.0
        year = np.arange(
            f"{self.inventory.year}-01-01",
            f"{self.inventory.year + 1}-01-01",
            dtype="datetime64[D]",
        )
        acting = season_mask(measure, year)
        return float(ramp(measure, year)[acting].mean()) if acting.any() else 0.0


def _by_percent(measure: Measure) -> bool:
    """Whether a measure takes a percentage of what would be emitted otherwise."""
    return measure.amount.unit == "%" and measure.against is None


def quantify(
    scenario: Scenario,
    inventory: Inventory | None,
    *,
    others: Mapping[int, Inventory] | None = None,
) -> Quantified:
    """Set a scenario upon an inventory.

    Args:
        scenario: the measures.
        inventory: None: there is none.
        others: inventories of other years, for measures ``against`` one of them.

    Raises:
        InputError: a sector that neither the inventory nor the list of sectors has, a growth rate
            of such a sector, tonnes of national size, or more tonnes than are emitted.
    """
    known = inventory is not None
    base, unlisted = _completed(scenario, inventory)
    _check_growth(scenario, base)
    levers: list[Lever] = []
    missing: list[NotQuantified] = []
    levels: dict[tuple[str, str], float] = {}
    result = Quantified(scenario, base, known, unlisted, (), (), levels)
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
            why = lacking(measure, pollutant, rows, inventory)
            if why is None and measure.against not in (None, base.year) and known:
                level = level_of(measure, pollutant, others or {})
                if level is None:
                    why = no_level(measure, pollutant)
                else:
                    levels[measure.name, pollutant] = level
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
    return Quantified(scenario, base, known, unlisted, tuple(levers), tuple(missing), levels)


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


def _refuse_over_all(result: Quantified, lever: Lever, what: str) -> None:
    """Refuse tonnes beyond what is emitted where and when the measure acts."""
    measure = lever.measure
    if measure.amount.unit == "%" or not lever.rows or not measure.cut:
        return
    day = np.array([measure.full or measure.start], dtype="datetime64[D]")
    draws = result.inventory.central()
    mean = {measure.name: np.array([measure.compliance.mean])}
    before = result.before_measures(draws, mean, [lever])
    fraction = float(result.full_fraction(lever, draws, day, before=before)[0, 0])
    if fraction > 1.0 + _ROUNDING:
        emitted = measure.amount.value / fraction
        when = "" if measure.season == "all" else " in its months"
        raise InputError(
            f"{what}: cuts {tonnes_text(measure.amount.value)} of {lever.pollutant}, over 100 % of "
            f"the {tonnes_text(emitted)} that {measure.sector} would emit{when}.",
            "Check the unit (t or 10⁴ t), the sector and the year of the inventory.",
        )
