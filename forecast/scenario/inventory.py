"""Who emits how much: the inventory behind a scenario, with the uncertainty of its shares.

An inventory has rows (sectors as their source writes them, each in a group of ``SECTORS``) and
pollutants. Its errors apply to shares: each row's emission is drawn with the 95 % range of its
pollutant, the draws are divided by their sum, and the total is drawn beside them with the same
range, so that both a share and a percentage made from tonnes carry an error.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from forecast.errors import InputError
from forecast.region_names import normalise_region
from forecast.scenario.inventory_units import refuse_national_size
from forecast.scenario.pollutants import (
    POLLUTANT_NAMES,
    POLLUTANTS,
    WATER_POLLUTANTS,
    pollutant_of,
    sector_of,
)

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ALL_POLLUTANTS", "TOTAL", "Inventory", "InventoryDraws", "default_ranges", "range_rows"]

#: Columns of every inventory: the pollutants of the air, then the loads of water.
ALL_POLLUTANTS: tuple[str, ...] = POLLUTANTS + WATER_POLLUTANTS

#: The row of an inventory that has no sectors.
TOTAL = "total"

#: A total and the sum of its sectors may differ by this part of the total (rounding of a report).
_SAME = 0.01
#: A 95 % range is this many standard deviations wide.
_WIDTH_95 = 3.92
#: No draw of an emission falls below this part of its value.
_LEAST = 0.05
#: Range of the loads of water [%]; the water response has errors of its own by kind of source.
_WATER_RANGE = (-40.0, 40.0)
#: A city's yearly total below this many tonnes is taken for a number in 10⁴ t.
_TINY = 10.0


@cache
def range_rows() -> tuple[dict[str, str], ...]:
    """Return the table of default uncertainty: pollutant, low and high [%], source, grade."""
    text = resources.files("forecast.scenario") / "tables" / "inventory_ranges.csv"
    return tuple(csv.DictReader(text.read_text(encoding="utf-8").splitlines()))


def default_ranges() -> dict[str, tuple[float, float]]:
    """Return pollutant → 95 % range of an emission about its value [%].

    >>> default_ranges()["NOx"]
    (-17.0, 15.0)
    """
    ranges = dict.fromkeys(WATER_POLLUTANTS, _WATER_RANGE)
    for row in range_rows():
        ranges[row["pollutant"]] = (float(row["low_percent"]), float(row["high_percent"]))
    return ranges


@dataclass(frozen=True)
class InventoryDraws:
    """Drawn emissions.

    Attributes:
        shares: ``(draw, row, pollutant)`` share of a row in the pollutant's total [1].
        totals: ``(draw, pollutant)`` total emission [t/yr]; NaN where the inventory has none.
    """

    shares: NDArray[np.float64]
    totals: NDArray[np.float64]


@dataclass(frozen=True)
class Inventory:
    """Emissions of one region in one year.

    Attributes:
        region: the place.
        year: calendar year of the emissions.
        rows: sectors as the source writes them; ``total`` where it has totals only.
        groups: word of ``SECTORS`` for each row (``total`` for a row of totals).
        values: ``(row, pollutant)`` in the order of ``ALL_POLLUTANTS`` [t/yr]; NaN: not given.
        source: where it is from.
        ranges: pollutant → 95 % range [%].
        notes: what was done to the source's rows, (zh, en).
    """

    region: str
    year: int
    rows: tuple[str, ...]
    groups: tuple[str, ...]
    values: NDArray[np.float64]
    source: str = ""
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=default_ranges)
    notes: tuple[tuple[str, str], ...] = ()

    def total(self, pollutant: str) -> float:
        """Return the sum over the rows [t/yr]; NaN where no row has the pollutant."""
        column = self.values[:, ALL_POLLUTANTS.index(pollutant)]
        return float(np.nansum(column)) if np.isfinite(column).any() else float("nan")

    def has(self, pollutant: str) -> bool:
        """Whether any row emits the pollutant."""
        return self.total(pollutant) > 0.0

    def only_total(self, pollutant: str) -> bool:
        """Whether the pollutant is given as a total without sectors."""
        column = self.values[:, ALL_POLLUTANTS.index(pollutant)]
        given = [g for g, v in zip(self.groups, column, strict=True) if np.isfinite(v)]
        return given == [TOTAL]

    def rows_of(self, sector: str) -> list[int]:
        """Return the rows that a sector names: its own name first, else all rows of its group.

        ``all`` is every row. The list is empty where the inventory does not have the sector.
        """
        if sector == "all":
            return list(range(len(self.rows)))
        own = [i for i, name in enumerate(self.rows) if name == sector]
        group = sector_of(sector)
        return own or [i for i, name in enumerate(self.groups) if group and name == group]

    @classmethod
    def of(
        cls,
        region: str,
        year: int,
        emissions: Mapping[str, Mapping[str, float]],
        *,
        source: str = "",
        ranges: Mapping[str, tuple[float, float]] | None = None,
    ) -> Inventory:
        """Make an inventory from sector → pollutant → t/yr.

        Raises:
            InputError: a pollutant that is not known, a negative or impossible amount, nothing in
                it, a total so small or so large that its unit must be another.

        >>> made = Inventory.of("衡水", 2020, {"industry": {"NOx": 9000.0}, "机动车": {"NOx": 21000.0}})
        >>> made.groups, made.total("NOx")
        (('industry', 'transport'), 30000.0)
        """
        names = tuple(emissions)
        values = np.full((len(names), len(ALL_POLLUTANTS)), np.nan)
        for i, name in enumerate(names):
            for word, tonnes in emissions[name].items():
                column = ALL_POLLUTANTS.index(_known_pollutant(word, f"inventory of {region}"))
                if not tonnes >= 0.0 or not np.isfinite(tonnes):
                    raise InputError(
                        f"inventory of {region} {year}: {name} emits {tonnes:g} t of {word}.",
                        "An emission is a number of tonnes a year, 0 or more.",
                    )
                values[i, column] = np.nansum([values[i, column], tonnes])
        notes: list[tuple[str, str]] = []
        names, values = _without_totals(names, values, region, notes)
        groups = tuple(TOTAL if n == TOTAL else sector_of(n) or "other" for n in names)
        unplaced = [n for n in names if n in emissions and n != TOTAL and sector_of(n) is None]
        if unplaced:
            shown = "、".join(unplaced)
            notes.append(
                (f"清单中的 {shown} 归入“其他”。", f"{', '.join(unplaced)} is counted under other.")
            )
        made = cls(
            region, year, names, groups, values, source, {**default_ranges(), **(ranges or {})},
            tuple(notes),
        )  # fmt: skip
        made._plausible()
        return made

    @classmethod
    def from_table(
        cls,
        table: pd.DataFrame,
        region: str,
        *,
        year: int | None = None,
        source: str = "",
        ranges: Mapping[str, tuple[float, float]] | None = None,
    ) -> Inventory | None:
        """Take one region's inventory out of the table ``emissions``.

        Args:
            table: columns region, year, sector, pollutant, value [t/yr], and source where there are
                several.
            region: in any of the forms in which regions are named.
            year: the year wanted; None: the latest.
            source: name of the source wanted; empty where there is only one.

        Returns:
            None where the table has nothing of the region.

        Raises:
            InputError: the year or the source isn't there, or two sources disagree.
        """
        wanted = normalise_region(region)
        same = {r for r in set(table["region"]) if normalise_region(str(r)) == wanted}
        rows = table[table["region"].isin(same)]
        if rows.empty:
            return None
        years = sorted({int(y) for y in rows["year"]})
        if year is not None and year not in years:
            raise InputError(
                f"There is no inventory of {region} for {year}; there are {_listed(years)}.",
                "Name one of these years under [inventory], or ingest that year's inventory.",
            )
        rows = rows[rows["year"] == (years[-1] if year is None else year)]
        rows = _one_source(rows, region, source)
        found: dict[str, dict[str, float]] = {}
        for sector, word, value in zip(
            rows["sector"], rows["pollutant"], rows["value"], strict=True
        ):
            # BC, OC and CO2 stand in inventories too; no response uses them.
            pollutant = pollutant_of(str(word))
            if pollutant is not None and np.isfinite(value):
                one = found.setdefault(str(sector), {})
                one[pollutant] = one.get(pollutant, 0.0) + float(value)
        if not found:
            return None
        said = source or (str(rows["source"].iloc[0]) if "source" in rows else "")
        return cls.of(region, int(rows["year"].iloc[0]), found, source=said, ranges=ranges)

    def draws(self, n: int, rng: np.random.Generator) -> InventoryDraws:
        """Draw ``n`` inventories: shares by row, renormalised, and totals.

        Errors are normal with the 95 % range of the pollutant, held above 5 % of the value.
        """
        known = np.nan_to_num(self.values)
        low, high = (
            np.array([self.ranges[p][end] for p in ALL_POLLUTANTS]) / 100.0 for end in (0, 1)
        )
        middle, spread = (low + high) / 2.0, (high - low) / _WIDTH_95
        own = rng.standard_normal((n, *known.shape)) * spread + middle
        whole = rng.standard_normal((n, known.shape[1])) * spread + middle
        drawn = known * np.maximum(1.0 + own, _LEAST)
        sums = drawn.sum(axis=1, keepdims=True)
        shares = np.divide(drawn, sums, out=np.zeros_like(drawn), where=sums > 0.0)
        totals = np.where(known.sum(axis=0) > 0.0, known.sum(axis=0), np.nan)
        return InventoryDraws(shares, totals * np.maximum(1.0 + whole, _LEAST))

    def central(self) -> InventoryDraws:
        """Return the inventory itself as one draw."""
        known = np.nan_to_num(self.values)
        sums = known.sum(axis=0)
        shares = np.divide(known, sums, out=np.zeros_like(known), where=sums > 0.0)
        return InventoryDraws(shares[None], np.where(sums > 0.0, sums, np.nan)[None])

    def _plausible(self) -> None:
        """Refuse totals whose unit can't be tonnes."""
        totals = {p: self.total(p) for p in ALL_POLLUTANTS}
        if not any(t > 0.0 for t in totals.values()):
            raise InputError(
                f"The inventory of {self.region} {self.year} has no emission above 0.",
                "Give at least one amount in tonnes a year.",
            )
        for pollutant, tonnes in totals.items():
            what = f"inventory of {self.region} {self.year}"
            if np.isfinite(tonnes):
                refuse_national_size(pollutant, tonnes, self.region, what=what)
        small = {p: t for p, t in totals.items() if p in ("SO2", "NOx", "VOC", "CO") and t > 0.0}
        if small and max(small.values()) < _TINY:
            pollutant, tonnes = max(small.items(), key=lambda pair: pair[1])
            raise InputError(
                f"inventory of {self.region} {self.year}: {tonnes:g} t of {pollutant} in a whole "
                f"year can't be told from {tonnes:g} ten-thousand t.",
                "Write the unit the numbers have (t or 万吨) and ingest the file again.",
            )


def _known_pollutant(word: str, where: str) -> str:
    pollutant = pollutant_of(word)
    if pollutant is None:
        raise InputError(
            f"{where}: {word!r} is not a pollutant of an inventory.",
            f"Pollutants are {', '.join(POLLUTANT_NAMES)}.",
        )
    return pollutant


def _listed(years: Sequence[int]) -> str:
    return ", ".join(str(y) for y in years)


def _one_source(rows: pd.DataFrame, region: str, source: str) -> pd.DataFrame:
    """Return the rows of the source wanted."""
    if "source" not in rows:
        return rows
    names = sorted({str(s) for s in rows["source"]})
    if source and source not in names:
        raise InputError(
            f"The inventory of {region} has no source {source!r}; there are {', '.join(names)}.",
            "Name one of these under [inventory].",
        )
    key = ["sector", "pollutant"]
    picked = rows[rows["source"] == source] if source else rows
    if picked.groupby(key)["value"].nunique().gt(1).any():
        raise InputError(
            f"Sources of the inventory of {region} disagree: {', '.join(names)}.",
            'Name the one to use under [inventory], source = "…".',
        )
    return picked.drop_duplicates(key)


def _without_totals(
    names: tuple[str, ...],
    values: NDArray[np.float64],
    region: str,
    notes: list[tuple[str, str]],
) -> tuple[tuple[str, ...], NDArray[np.float64]]:
    """Drop a row of totals where sectors are given; what they leave unexplained is ``other``."""
    if TOTAL not in names or len(names) == 1:
        return names, values
    at = names.index(TOTAL)
    sectors = [i for i in range(len(names)) if i != at]
    kept = values[sectors]
    sums, totals = np.nansum(kept, axis=0), values[at]
    given = np.isfinite(kept).any(axis=0)
    rest = np.where(given, totals - sums, np.nan)
    over = given & (rest < -_SAME * totals)
    for column in np.flatnonzero(over):
        pollutant = ALL_POLLUTANTS[column]
        notes.append(
            (
                f"{region} 清单中 {pollutant} 各部门之和大于合计,采用各部门之和。",
                f"The sectors' {pollutant} of {region} sum to more than the total; the sum is used.",
            )
        )
    extra = np.where(rest > _SAME * totals, rest, np.nan)
    plain = np.where(given, np.nan, totals)
    rows, parts = [names[i] for i in sectors], [kept]
    if np.isfinite(extra).any():
        rows.append("unallocated")
        parts.append(extra[None])
        notes.append(
            (
                f"{region} 清单中合计减各部门之和的差额归入“其他”。",
                f"What the total of {region} has beyond its sectors is counted under other.",
            )
        )
    if np.isfinite(plain).any():
        rows.append(TOTAL)
        parts.append(plain[None])
    return tuple(rows), np.concatenate(parts)
