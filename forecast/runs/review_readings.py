"""What reviews are written from: readings of some regions at a time, and all cities in short.

A review ranks its city among all, so something of every city is at hand while one is written: the
days of the years that are compared. The rest is read region by region and dropped again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache, partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.configuration import Config
from forecast.models.kept_fits import KeptFits
from forecast.processes import spread
from forecast.projection.days import matrix
from forecast.projection.panel import Panel
from forecast.region_names import normalise_region, of_region
from forecast.report.review_days import CityDays, cities_of
from forecast.report.review_ranking import YEARS_BEFORE
from forecast.runs.batches import CITIES_PER_BATCH, Tables
from forecast.runs.inputs import load_panel, open_panel, with_readings
from forecast.runs.survey import survey
from forecast.standards.items import AIR_ITEMS
from forecast.store import Store
from forecast.workspace import Workspace

__all__ = ["CitiesInShort", "ReviewReadings", "cities_in_short", "readings_for", "region_alone"]


@dataclass(frozen=True)
class ReviewReadings:
    """The readings of a workspace, described; they are read where they are needed.

    Attributes:
        tables: where they are.
        config: of the workspace.
        beside: what is known beside the readings.
        as_of: last day whose readings are used, and until which they were known.
        cities, waters: normalised region → its names in the readings of air, and of water.
    """

    tables: Tables
    config: Config
    beside: Panel = field(repr=False)
    as_of: date
    cities: Mapping[str, tuple[str, ...]] = field(repr=False)
    waters: Mapping[str, tuple[str, ...]] = field(repr=False)

    @property
    def store(self) -> Store:
        """The tables, opened.

        Raises:
            WorkspaceError: this process doesn't see them.
        """
        return self.tables.store()

    @property
    def regions(self) -> set[str]:
        """The regions asked for, as their readings name them."""
        every = (
            name for names in (self.cities, self.waters) for own in names.values() for name in own
        )
        return {name for name in every if self.beside.wants(name)}

    def panel_of(self, keys: Iterable[str], *, water: bool = True) -> Panel:
        """Read those regions.

        Args:
            keys: normalised names.
            water: whether their sections are read as well.
        """
        wanted = tuple(keys)
        return with_readings(
            self.beside, self.store, self.config, self.as_of, self.as_of,
            cities=[name for key in wanted for name in self.cities.get(key, ())],
            waters=[name for key in wanted for name in self.waters.get(key, ())] if water else (),
        )  # fmt: skip


def readings_for(
    workspace: Workspace, as_of: date, *, year: int, region: str | None
) -> ReviewReadings:
    """Describe what was known at ``as_of``, in tables that don't change meanwhile.

    Raises:
        ForecastError: there are no readings, or none of the region.
        WorkspaceError: the tables are damaged.
    """
    known = survey(workspace.store, as_of, KeptFits(workspace.models / "fits"))
    if not (known.air.regions or known.water.regions):
        load_panel(workspace, as_of, year=year, region=region)  # says what is missing
    beside, _ = open_panel(workspace, known, year=year, region=region)
    return ReviewReadings(
        Tables.of(workspace.store), workspace.config, beside, as_of,
        _forms(known.air.until(as_of).regions), _forms(known.water.until(as_of).regions),
    )  # fmt: skip


def _forms(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for name in sorted(names):
        key = normalise_region(name)
        found[key] = (*found.get(key, ()), name)
    return found


def region_alone(panel: Panel, wanted: str) -> Panel:
    """The panel with the readings of one region (normalised) alone."""
    air, water = panel.air, panel.water
    return replace(
        panel, only=wanted, air=air[of_region(air["region"], wanted)],
        water=water[of_region(water["region"], wanted)],
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class CitiesInShort:
    """The days of all cities that ranks are made from, without what only their own reviews need.

    Attributes:
        key: all that they follow from; those with the same key are alike.
        names: region and place of each.
        days: datetime64[D], without a gap, shape (day,).
        values: float64 (city, day, item), NaN where missing; in one piece, so that processes share
            it.
        basis: position in ``words`` of what a day's values are, -1 without any, (city, day).
        words: states of measurement.
        removed: of each city the ``date, item`` taken out of the means as dust.
        standard, denominator: see :class:`CityDays`.
    """

    key: tuple[str, ...]
    names: tuple[tuple[str, str], ...]
    days: NDArray[np.datetime64]
    values: NDArray[np.float64] = field(repr=False)
    basis: NDArray[np.int8] = field(repr=False)
    words: tuple[str, ...]
    removed: tuple[pd.DataFrame, ...] = field(repr=False)
    standard: str | None
    denominator: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, CitiesInShort) and self.key == other.key

    def __hash__(self) -> int:
        return hash(self.key)

    @property
    def cities(self) -> Sequence[CityDays]:
        """Their daily records; what is worked out of one is kept for the next review."""
        return _cities(self)


@lru_cache(maxsize=1)
def _cities(short: CitiesInShort) -> tuple[CityDays, ...]:
    index = pd.DatetimeIndex(short.days.astype("datetime64[s]"), name="date")
    columns = pd.Index(list(AIR_ITEMS), name="item")
    words = np.array(short.words, dtype=object)
    found = []
    for at, (region, place) in enumerate(short.names):
        there = short.basis[at] >= 0
        basis = pd.Series(words[short.basis[at][there]], index=index[there], dtype=object)
        history = pd.DataFrame(short.values[at], index=index, columns=columns)
        found.append(
            CityDays(
                region, place, history, short.removed[at], basis, short.standard,
                short.denominator,
            )
        )  # fmt: skip
    return tuple(found)


@dataclass(frozen=True)
class _Cut:
    """One city, as :class:`CitiesInShort` holds it."""

    name: tuple[str, str]
    values: NDArray[np.float64]
    basis: tuple[str, ...]
    removed: pd.DataFrame


def cities_in_short(
    readings: ReviewReadings, year: int, standard: str | None, denominator: str, jobs: int
) -> CitiesInShort:
    """Read all cities, some at a time, and keep the days that ranks of ``year`` are made from."""
    days = np.arange(f"{year - YEARS_BEFORE}-01-01", f"{year + 1}-01-01", dtype="datetime64[D]")
    keys = list(readings.cities)
    parts = [keys[k : k + CITIES_PER_BATCH] for k in range(0, len(keys), CITIES_PER_BATCH)]
    work = partial(_cut, readings, days, standard, denominator)
    with closing(spread(work, parts, min(jobs, max(1, len(parts))))) as made:
        found = [one for part in made for one in part]
    words = tuple(dict.fromkeys(word for one in found for word in one.basis if word))
    codes = {"": -1, **{word: code for code, word in enumerate(words)}}
    basis = np.array([[codes[word] for word in one.basis] for one in found], dtype=np.int8)
    values = np.stack([one.values for one in found]) if found else np.empty((0, len(days), 6))
    key = (readings.tables.fingerprint, str(readings.as_of), str(year), str(standard), denominator)
    return CitiesInShort(
        key, tuple(one.name for one in found), days, values, basis, words,
        tuple(one.removed for one in found), standard, denominator,
    )  # fmt: skip


def _cut(
    readings: ReviewReadings,
    days: NDArray[np.datetime64],
    standard: str | None,
    denominator: str,
    keys: Sequence[str],
) -> list[_Cut]:
    panel = readings.panel_of(keys, water=False)
    found = []
    for city in cities_of(panel, standard, denominator, only=False):
        told = city.basis.reindex(pd.DatetimeIndex(days)).to_numpy(dtype=object)
        basis = tuple(word if isinstance(word, str) else "" for word in told)
        values = matrix(city.history, days)
        found.append(_Cut((city.region, city.place), values, basis, city.removed))
    return found
