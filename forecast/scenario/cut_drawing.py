"""Draws of what a scenario takes away each day, and the tonnes it takes away in a year.

For row r and pollutant p tonnes are taken together and percentages act on what is
left, the one after the other::

    left_rp(d) = (1 − Σ_tonnes ρ_m(d)·k_m·f_mrp(d)) · Π_percent (1 − ρ_m(d)·k_m·c_m)
    cut_p(d)   = 1 − Σ_r w_rp(d)·left_rp(d) / Σ_r w°_rp(d)·then_rp(d)

ρ is ramp × season, k the compliance. ``then`` is what the ramps of the origin leave: what was in
place by then is in the record already, so only the part beyond it counts. ``w`` is the emission that
is projected without any measure: the inventory's, with what measures of its own year had taken put
back. ``w°`` is ``w`` at the growth of the origin: the paths know of no growth after it, so growth
raises emissions against them. Rows with the same measures and growth are worked out as one.
"""

from __future__ import annotations

import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import reduce
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from forecast.errors import UsageError
from forecast.scenario.air_response import pollutants_of_sectors
from forecast.scenario.cuts import PollutantCuts
from forecast.scenario.growth import growth_factor, growth_of
from forecast.scenario.inventory import ALL_POLLUTANTS, Inventory, InventoryDraws
from forecast.scenario.inventory import TOTAL as TOTAL_ROW
from forecast.scenario.measure_timing import acted_by, months_of, ramp, season_mask
from forecast.scenario.measures import Lever, Quantified, quantify
from forecast.scenario.pollutants import POLLUTANTS, SECTORS, sector_of
from forecast.scenario.scenario_model import Compliance, Measure, Scenario

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["compliance_draws", "cuts_of", "tonnes_by_sector"]

_SCOPES: tuple[Literal["city", "region"], ...] = ("city", "region")


def cuts_of(
    scenario: Scenario | Quantified,
    inventory: Inventory | None,
    days: NDArray[np.datetime64],
    n: int,
    rng: np.random.Generator,
    *,
    scale: float = 1.0,
    since: date | None = None,
) -> list[PollutantCuts]:
    """Draw the cuts of a scenario.

    Errors of the inventory and the compliance of a measure come from streams of their own, named by
    the measure, so that scenarios drawn from equal generators share the draws of what they share,
    whatever the order of their measures, and so do all values of ``scale``.

    Args:
        scenario: the measures; or what ``quantify`` made of them.
        inventory: None: only what needs none is quantified.
        days: ``(day,)`` datetime64[D], ascending.
        n: number of draws.
        rng: one number is taken from it.
        scale: factor on every measure, for the inverse; a cut is held at 100 %. Growth is not scaled.
        since: last day whose readings the baseline knows; what was in place by then is no cut. None:
            nothing is in place.

    Returns:
        One ``PollutantCuts`` for each scope in which something is cut on any of the days; empty
        where nothing is.

    Raises:
        InputError: see ``quantify``.
        UsageError: a negative or infinite scale.
    """
    if not (np.isfinite(scale) and scale >= 0.0):
        raise UsageError(f"The scale of a package is {scale}.", "Give a number, 0 or more.")
    days = days.astype("datetime64[D]")
    seed = int(rng.integers(2**62))
    package = scenario if isinstance(scenario, Quantified) else quantify(scenario, inventory)
    levers = [lever for lever in package.levers if lever.pollutant in POLLUTANTS]
    moving = [lever for lever in levers if _moves(lever.measure, days, scale, since)]
    growing = since is not None and any(package.scenario.growth.values())
    if not moving and not growing:
        return []
    inventories = package.inventory.draws(n, np.random.default_rng([seed, 0]))
    if not package.known:
        inventories = package.inventory.central()
    compliance = {
        m.name: compliance_draws(
            m.compliance, n, np.random.default_rng([seed, zlib.crc32(m.name.encode())])
        )
        for m in {lever.measure.name: lever.measure for lever in levers}.values()
    }
    before = package.before_measures(inventories, compliance, levers)
    of_scope = {s: [lever for lever in levers if lever.measure.scope == s] for s in _SCOPES}
    # What grows, grows once: with the region where the region is spoken of, else in the city.
    grows: Literal["city", "region"] = "region" if of_scope["region"] else "city"
    found = []
    for scope in _SCOPES:
        own = of_scope[scope]
        here = growing and scope == grows
        if here or any(lever in moving for lever in own):
            drawn = _Drawn(package, own, inventories, before, compliance, days, scale, since, here)
            found.append(_scope_cuts(drawn, n, scope))
    return found


@dataclass(frozen=True)
class _Drawn:
    """What the cuts of one scope are made of."""

    package: Quantified
    levers: Sequence[Lever]
    inventories: InventoryDraws
    before: InventoryDraws
    compliance: dict[str, NDArray[np.float64]]
    days: NDArray[np.datetime64]
    scale: float
    since: date | None
    grows: bool = False

    def taken(self, lever: Lever) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return what the lever takes of its rows on each day, and what the origin's ramp takes.

        Both broadcast to ``(draw, day)`` [1]; a part of the emission without any measure for
        tonnes, of what is left for a percentage.
        """
        measure = lever.measure
        before = acted_by(measure, self.since)
        mask = season_mask(measure, self.days)
        effect = before + self.scale * (np.maximum(ramp(measure, self.days), before) - before)
        full = self.package.full_fraction(lever, self.inventories, self.days, before=self.before)
        full = full * self.compliance[measure.name][:, None]
        now = np.minimum(full * np.where(mask, effect, 0.0), 1.0)
        if before == 0.0:
            return now, np.zeros((1, 1))
        return now, np.minimum(full * np.where(mask, before, 0.0), 1.0)

    def left(self, levers: Sequence[Lever]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return what levers on the same rows leave on each day, and what they left at the origin."""
        taken = [self.taken(lever) for lever in levers]
        parts = []
        for at in (0, 1):
            tonnes = [t[at] for x, t in zip(levers, taken, strict=True) if not _of_percent(x)]
            rest = [1.0 - t[at] for x, t in zip(levers, taken, strict=True) if _of_percent(x)]
            if tonnes:
                rest.insert(0, np.maximum(1.0 - reduce(np.add, tonnes), 0.0))
            parts.append(reduce(np.multiply, rest))
        return parts[0], parts[1]

    def rates_then(self, row: int) -> NDArray[np.float64]:
        """Return the rates that the paths know of: growth stands still after the origin, ``(day,)``."""
        if not self.grows or self.since is None:
            return self.rates(row)
        origin = np.array([self.since], dtype="datetime64[D]")
        months = months_of(self.days)
        growth = self.package.growth(row, np.minimum(self.days, origin[0]))
        return growth * self.package.month_weights(row)[months]

    def rates(self, row: int) -> NDArray[np.float64]:
        """Return a row's emission on each day over its annual mean in the inventory, ``(day,)`` [1].

        One value where neither growth nor months move it.
        """
        scenario = self.package.scenario
        if not scenario.growth and not scenario.inventory.months:
            return np.ones(1)
        months = months_of(self.days)
        return self.package.growth(row, self.days) * self.package.month_weights(row)[months]

    def groups(self, pollutant: str) -> list[_Rows]:
        """Return the rows on which the same levers act, with what these leave."""
        own = [lever for lever in self.levers if lever.pollutant == pollutant]
        acting: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for row in sorted({row for lever in own for row in lever.rows}):
            acting[tuple(i for i, lever in enumerate(own) if row in lever.rows)].append(row)
        return [
            _Rows(tuple(rows), *self.left([own[i] for i in which]))
            for which, rows in acting.items()
        ]


def _of_percent(lever: Lever) -> bool:
    """Whether a lever takes a percentage of what the others leave."""
    return lever.measure.amount.unit == "%" and lever.measure.against is None


@dataclass(frozen=True)
class _Rows:
    """Rows of the inventory with what is left of them now and at the origin, ``(draw, day)`` [1]."""

    rows: tuple[int, ...]
    now: NDArray[np.float64]
    then: NDArray[np.float64]


def _moves(
    measure: Measure, days: NDArray[np.datetime64], scale: float, since: date | None
) -> bool:
    """Whether a measure does more on any of the days than it did at the origin."""
    beyond = ramp(measure, days) > acted_by(measure, since)
    return bool(
        scale > 0.0
        and (measure.amount.value > 0.0 or measure.against is not None)
        and (beyond & season_mask(measure, days)).any()
    )


def compliance_draws(prior: Compliance, n: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Draw a compliance, ``(draw,)`` [1]: a Beta stretched between its bounds."""
    if prior.low == prior.high:
        return np.full(n, prior.mean)
    at = (prior.mean - prior.low) / (prior.high - prior.low)
    drawn = rng.beta(prior.concentration * at, prior.concentration * (1.0 - at), n)
    return prior.low + (prior.high - prior.low) * drawn


def _patterns(drawn: _Drawn) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return one day of each kind of days, and each day's kind: equal days are worked out once."""
    days, package = drawn.days, drawn.package
    measures = {lever.measure.name: lever.measure for lever in drawn.levers}.values()
    keys: list[NDArray[Any]] = [
        np.maximum(ramp(m, days), acted_by(m, drawn.since)) for m in measures
    ] + [season_mask(m, days) for m in measures]
    if package.scenario.growth:
        keys.append(days.astype(np.int64).astype(np.float64))
    if package.scenario.inventory.months:
        keys.append(months_of(days))
    _, first, kind = np.unique(
        np.column_stack(keys), axis=0, return_index=True, return_inverse=True
    )
    # In the order of the days, so that days of which no two are alike need no rearranging.
    order = np.argsort(first)
    return first[order], np.argsort(order)[kind.reshape(-1)]


def _scope_cuts(drawn: _Drawn, n: int, scope: Literal["city", "region"]) -> PollutantCuts:
    first, kind = _patterns(drawn)
    one = replace(drawn, days=drawn.days[first])
    # Without an inventory a sector's share of a pollutant is the national one.
    only_sectors = not drawn.package.known and any(
        lever.measure.sector != "all" for lever in drawn.levers
    )
    small = np.zeros((n, len(first), len(POLLUTANTS)))
    if not only_sectors:
        for i, pollutant in enumerate(POLLUTANTS):
            cut = _total_cut(one, pollutant)
            if cut is not None:
                small[:, :, i] = cut
    by_sector = _sector_cuts(one, n)
    if only_sectors:
        small = np.broadcast_to(pollutants_of_sectors(by_sector), small.shape)
    sectors = {sector: cut[:, kind] for sector, cut in by_sector.items()}
    values = small if len(first) == len(kind) else np.take(small, kind, axis=1)
    return PollutantCuts(drawn.days, values, scope, sectors, only_sectors)


def _total_cut(drawn: _Drawn, pollutant: str) -> NDArray[np.float64] | None:
    """Return the cut of a pollutant's total emission, ``(draw, day)``; None where no lever acts."""
    groups = drawn.groups(pollutant)
    if not groups and not drawn.grows:
        return None
    shares = drawn.before.shares[:, :, ALL_POLLUTANTS.index(pollutant)]
    emitting = {row for row in range(shares.shape[1]) if shares[:, row].any()}

    def weight(
        rows: Iterable[int], rates: Callable[[int], NDArray[np.float64]]
    ) -> NDArray[np.float64]:
        return sum(
            (shares[:, row, None] * rates(row) for row in rows if row in emitting),
            start=np.zeros((1, 1)),
        )

    # Where nothing differs from the origin the two sums are the same to the bit, and the cut is 0.
    rest = emitting.difference(*(group.rows for group in groups))
    whole = weight(rest, drawn.rates_then)
    taken = whole - weight(rest, drawn.rates) if drawn.grows else np.zeros((1, 1))
    for group in groups:
        own = weight(group.rows, drawn.rates_then)
        after = weight(group.rows, drawn.rates) if drawn.grows else own
        taken = taken + (own * group.then - after * group.now)
        whole = whole + own * group.then
    # A month without emission, or an origin at which nothing was left.
    safe = np.where(whole > 0.0, whole, 1.0)
    # A sum of shares may differ from 1 in its last digit.
    cut: NDArray[np.float64] = np.minimum(taken / safe, 1.0)
    return cut


def _sector_cuts(drawn: _Drawn, n: int) -> dict[str, NDArray[np.float64]]:
    """Return sector → cut ``(draw, day)`` where every lever cuts whole sectors, else nothing."""
    package = drawn.package
    parts: dict[str, list[Measure]] = defaultdict(list)
    if drawn.grows:
        # Every sector that grows moves, whether it is cut or not.
        parts.update({s: [] for s in SECTORS if growth_of(s, s, package.scenario.growth)})
    for measure in {lever.measure.name: lever.measure for lever in drawn.levers}.values():
        group = sector_of(measure.sector)
        rows = package.inventory.rows_of(measure.sector)
        of_group = [i for i, g in enumerate(package.inventory.groups) if g == group]
        whole = measure.sector == "all" or (
            group is not None and (not package.known or rows == of_group)
        )
        if not (whole and measure.of_everything and measure.amount.unit == "%") or measure.against:
            return {}
        for sector in SECTORS if measure.sector == "all" else (str(group),):
            parts[sector].append(measure)
    found: dict[str, NDArray[np.float64]] = {}
    for sector, measures in parts.items():
        now = then = np.ones((n, len(drawn.days)))
        for measure in measures:
            one_now, one_then = drawn.taken(Lever(measure, POLLUTANTS[0], ()))
            now, then = now * (1.0 - one_now), then * (1.0 - one_then)
        now = now * _growth_since(drawn, sector)
        found[sector] = 1.0 - np.divide(now, then, out=np.ones_like(now), where=then > 0.0)
    return found


def _growth_since(drawn: _Drawn, sector: str) -> NDArray[np.float64]:
    """A whole sector's projected emission over that at the origin, ``(day,)`` [1]."""
    if not drawn.grows or drawn.since is None:
        return np.ones(1)
    rate = growth_of(sector, sector, drawn.package.scenario.growth)
    year = drawn.package.inventory.year
    then = np.minimum(drawn.days, np.datetime64(drawn.since, "D"))
    return growth_factor(rate, drawn.days, year) / growth_factor(rate, then, year)


def tonnes_by_sector(
    scenario: Scenario | Quantified,
    inventory: Inventory | None,
    year: int,
    scale: float = 1.0,
    *,
    since: date | None = None,
) -> pd.DataFrame:
    """Return what a scenario takes away in a year, with mean compliance and the inventory as it is.

    Returns:
        One row for each scope, sector of the inventory and pollutant that is cut, air and water:
        ``scope``, ``sector``, ``group`` (word of ``SECTORS``), ``pollutant``, ``emission_t`` projected
        emission of the year without the scenario [t], ``cut_t`` taken away in the year [t],
        ``cut_percent`` of that emission [%]. Tonnes are NaN where there is no inventory of the
        pollutant.
    """
    import pandas as pd

    package = scenario if isinstance(scenario, Quantified) else quantify(scenario, inventory)
    days = np.arange(f"{year}-01-01", f"{year + 1}-01-01", dtype="datetime64[D]")
    means = {
        lever.measure.name: np.array([lever.measure.compliance.mean]) for lever in package.levers
    }
    inv = package.inventory
    central = inv.central()
    before = package.before_measures(central, means)
    lines = []
    for scope in _SCOPES:
        own = [lever for lever in package.levers if lever.measure.scope == scope]
        drawn = _Drawn(package, own, central, before, means, days, scale, since)
        for pollutant in dict.fromkeys(lever.pollutant for lever in own):
            unlisted = pollutant in package.unlisted
            groups = {row: group for group in drawn.groups(pollutant) for row in group.rows}
            for row, group in sorted(groups.items()):
                then, now = (np.broadcast_to(x, (1, len(days)))[0] for x in (group.then, group.now))
                column = ALL_POLLUTANTS.index(pollutant)
                base = float(before.totals[0, column] * before.shares[0, row, column]) / len(days)
                emission = base * float((drawn.rates(row) * then).sum())
                taken = base * float((drawn.rates(row) * (then - now)).sum())
                lines.append(
                    {
                        "scope": scope,
                        "sector": TOTAL_ROW if unlisted else inv.rows[row],
                        "group": inv.groups[row],
                        "pollutant": pollutant,
                        "emission_t": float("nan") if unlisted else emission,
                        "cut_t": float("nan") if unlisted else taken,
                        "cut_percent": 100.0 * taken / emission if emission else 0.0,
                    }
                )
    columns = ["scope", "sector", "group", "pollutant", "emission_t", "cut_t", "cut_percent"]
    return pd.DataFrame(lines, columns=columns)
