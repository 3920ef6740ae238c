"""Which places have readings on which days, found without holding the readings themselves.

A run of a whole country has tens of millions of readings, of which every batch of regions reads its
own. What has to be known of all of them is here: places, days with a reading, and where later
corrections stand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.models.kept_fits import KeptFits
from forecast.store import Store

__all__ = ["Survey", "survey"]

#: Version of the form of what is kept of a partition, and of what is looked for in it.
_FORM = 1
#: Regions whose readings are resolved at once where a look at the days alone does not decide.
_AT_ONCE = 32


@dataclass
class _Days:
    """Days with a reading of the places of one table.

    Attributes:
        pairs: region and place of each row of ``seen``.
        first: day of the first column.
        seen: bool (place, day).
    """

    pairs: list[tuple[str, str]] = field(default_factory=list)
    first: np.datetime64 = field(default_factory=lambda: np.datetime64("1970-01-01", "D"))
    seen: NDArray[np.bool_] = field(default_factory=lambda: np.zeros((0, 0), dtype=np.bool_))

    @cached_property
    def regions(self) -> tuple[str, ...]:
        """Names of the regions with a reading at all, sorted."""
        some: list[bool] = self.seen.any(axis=1).tolist()  # type: ignore[assignment]
        return tuple(sorted({r for (r, _), s in zip(self.pairs, some, strict=True) if s}))

    def places(self) -> list[tuple[str, str]]:
        """Region and place of all that have a reading, sorted."""
        some: list[bool] = self.seen.any(axis=1).tolist()  # type: ignore[assignment]
        return sorted(pair for pair, s in zip(self.pairs, some, strict=True) if s)

    def days_of(self, regions: Iterable[str]) -> NDArray[np.datetime64]:
        """The days on which any place of these regions has a reading, in order."""
        wanted = set(regions)
        rows = [at for at, (region, _) in enumerate(self.pairs) if region in wanted]
        return self.first + np.flatnonzero(self.seen[rows].any(axis=0))

    def until(self, day: date) -> _Days:
        """The same up to the end of ``day``."""
        n = max(0, int((np.datetime64(day, "D") - self.first).astype(int)) + 1)
        return _Days(self.pairs, self.first, self.seen[:, :n])


@dataclass(frozen=True)
class Survey:
    """What is known of all readings.

    Attributes:
        known_at: the day whose end bounds what was known; None: all that is known today.
        air: days of cities; water: days of places of water.
        late: table → regions with a reading that became known after its own day, and the last
            moment at which one did.
        rows: rows of both tables.
    """

    known_at: date | None
    air: _Days
    water: _Days
    late: dict[str, dict[str, pd.Timestamp]]
    rows: int

    def spans(self, as_of: date) -> dict[str, tuple[pd.Timestamp, pd.Timestamp]]:
        """Region → first and last day with a reading of a city up to ``as_of``."""
        known = self.air.until(as_of)
        rows: dict[str, list[int]] = {}
        for at, (region, _) in enumerate(known.pairs):
            rows.setdefault(region, []).append(at)
        found = {}
        for region in sorted(rows):
            days = np.flatnonzero(known.seen[rows[region]].any(axis=0))
            if len(days):
                first, last = (
                    pd.Timestamp(known.first + int(d)).as_unit("s") for d in days[[0, -1]]
                )
                found[region] = (first, last)
        return found

    def sees_later(self, store: Store, as_of: date) -> bool:
        """Whether a reading up to ``as_of`` speaks that became known only after that day."""
        if self.known_at is not None:
            return False
        after = pd.Timestamp(as_of) + pd.Timedelta(days=1)
        for table, column in (("air_daily", "date"), ("water_samples", "time")):
            regions = sorted(r for r, last in self.late[table].items() if last >= after)
            for rows in _resolved(store, table, None, regions):
                own = rows[rows["place_kind"] == "city"] if table == "air_daily" else rows
                if bool(((own[column] < after) & (own["known_from"] >= after)).any()):
                    return True
        return False


def survey(store: Store, known_at: date | None, kept: KeptFits | None = None) -> Survey:
    """Look through the tables of air and water, partition by partition.

    Args:
        store: the tables.
        known_at: only what was known at the end of this day; None: all that is known.
        kept: where it is kept what was found in each partition, under the hash of its content:
            most years are as they were the day before. None keeps nothing.
    """
    if known_at is not None or type(store) is not Store:
        kept = None  # the tables as they were at a moment have the same parts, and fewer rows
    late: dict[str, dict[str, pd.Timestamp]] = {"air_daily": {}, "water_samples": {}}
    air, n_air = _days(store, "air_daily", "date", known_at, late["air_daily"], kept)
    water, n_water = _days(store, "water_samples", "time", known_at, late["water_samples"], kept)
    return Survey(known_at, air, water, late, n_air + n_water)


@dataclass(frozen=True)
class _Found:
    """What is found in one partition.

    Attributes:
        content: of the partition, as the list of parts names it.
        rows: how many it has.
        regions, places: of each row of ``seen``; there may be several of a place.
        first: day of its first column, since 1970.
        seen: bits of the days with a reading, (row, byte); ``days`` of them count.
        silent: regions with a rejected reading: which of the others speak is not plain from here.
        late_regions, late: regions with a reading that became known after its day, and the last
            such moment of each.
    """

    content: str
    rows: int
    regions: tuple[str, ...]
    places: tuple[str, ...]
    first: int
    days: int
    seen: NDArray[np.uint8]
    silent: tuple[str, ...]
    late_regions: tuple[str, ...]
    late: NDArray[np.datetime64]


def _days(
    store: Store,
    table: str,
    column: str,
    known_at: date | None,
    late: dict[str, pd.Timestamp],
    kept: KeptFits | None,
) -> tuple[_Days, int]:
    """The days with a reading that speaks, and the number of rows of the table."""
    seen: dict[tuple[str, str], list[NDArray[np.int64]]] = {}
    silent: set[str] = set()
    n = 0
    cities = table == "air_daily"
    for partition in sorted(store.manifest().get(table, {})):
        found = _partition(store, table, column, partition, known_at, kept)
        n += found.rows
        silent |= set(found.silent)
        for region, moment in zip(found.late_regions, found.late, strict=True):
            last = pd.Timestamp(moment)
            late[region] = max(last, late.get(region, last))
        bits = np.unpackbits(found.seen, axis=1, count=found.days)
        for key, own in zip(zip(found.regions, found.places, strict=True), bits, strict=True):
            seen.setdefault(key, []).append(np.flatnonzero(own) + found.first)
    for region in silent:
        for pair in [pair for pair in seen if pair[0] == region]:
            del seen[pair]
    for rows in _resolved(store, table, known_at, sorted(silent)):
        own = rows[rows["place_kind"] == "city"] if cities else rows
        words = own.astype({"region": "category", "place": "category"})
        pairs, first, there = _stretches(
            words, own[column].to_numpy("datetime64[D]").astype(np.int64)
        )
        for pair, days in zip(pairs, there, strict=True):
            seen.setdefault(pair, []).append(np.flatnonzero(days) + first)
    return _table(seen), n


def _partition(
    store: Store,
    table: str,
    column: str,
    partition: str,
    known_at: date | None,
    kept: KeptFits | None,
) -> _Found:
    """What is found in a partition, or was found in it before."""

    def content() -> str:
        return str(store.manifest().get(table, {}).get(partition, {}).get("content", ""))

    def look() -> _Found:
        before = content()
        found = _looked_through(store, table, column, partition, known_at)
        # A writer that came between has put other rows in its place.
        return replace(found, content=before if before == content() else "")

    if kept is None:
        return look()
    told = content()
    found: _Found = kept.get(("survey", table, partition), (_FORM, told), look, (_Found,))
    return found if found.content == told else look()


def _looked_through(
    store: Store, table: str, column: str, partition: str, known_at: date | None
) -> _Found:
    rows = store.read(
        table, partitions=[partition], categories=True,
        columns=["region", "place", "place_kind", column, "flag", "known_from"],
    )  # fmt: skip
    n = len(rows)
    if table == "air_daily":
        rows = rows[(rows["place_kind"] == "city").to_numpy()]
    if known_at is not None:
        rows = rows[(rows["known_from"] < _after(known_at)).to_numpy()]
    rejected = rows["flag"].cat.categories[
        rows["flag"].cat.categories.str.contains("rejected", regex=False)
    ]
    silent: list[str] = []
    if len(rejected):
        silent = [str(r) for r in rows.loc[rows["flag"].isin(rejected), "region"].unique()]
    days = rows[column].to_numpy("datetime64[D]").astype(np.int64)
    known = rows["known_from"].to_numpy("datetime64[D]").astype(np.int64)
    moments = rows.loc[known > days].groupby("region", observed=True)["known_from"].max()
    pairs, first, there = _stretches(rows, days)
    return _Found(
        "", n, tuple(r for r, _ in pairs), tuple(p for _, p in pairs), first, there.shape[1],
        np.packbits(there, axis=1), tuple(silent), tuple(map(str, moments.index)),
        moments.to_numpy("datetime64[s]"),
    )  # fmt: skip


def _after(day: date) -> pd.Timestamp:
    return pd.Timestamp(day) + pd.Timedelta(days=1)


def _stretches(
    rows: pd.DataFrame, days: NDArray[np.int64]
) -> tuple[list[tuple[str, str]], int, NDArray[np.bool_]]:
    """The days of each stretch of rows of one place, as one table; region and place are categories.

    Returns:
        Region and place of each stretch, the day of the first column since 1970, and whether there
        is a reading, bool (stretch, day).
    """
    if rows.empty:
        return [], 0, np.zeros((0, 0), dtype=np.bool_)
    places = rows["place"].cat.categories
    regions = rows["region"].cat.categories
    pair = rows["region"].cat.codes.to_numpy().astype(np.int64) * len(places)
    pair += rows["place"].cat.codes.to_numpy()
    # Tables are sorted by region and place, so that each pair is one stretch of rows, or a few.
    starts = np.concatenate([[0], np.flatnonzero(np.diff(pair)) + 1])
    first, n = int(days.min()), int(days.max() - days.min()) + 1
    stretch = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(pair))))
    there = np.zeros(len(starts) * n, dtype=np.bool_)
    there[stretch * n + (days - first)] = True
    named = [divmod(int(pair[at]), len(places)) for at in starts]
    return (
        [(str(regions[region]), str(places[place])) for region, place in named], first,
        there.reshape(len(starts), n),
    )  # fmt: skip


def _table(seen: dict[tuple[str, str], list[NDArray[np.int64]]]) -> _Days:
    if not seen:
        return _Days()
    pairs = sorted(seen)
    days = [np.concatenate(seen[pair]) for pair in pairs]
    first = min(int(d.min()) for d in days)
    last = max(int(d.max()) for d in days)
    table = np.zeros((len(pairs), last - first + 1), dtype=np.bool_)
    for at, own in enumerate(days):
        table[at, own - first] = True
    return _Days(pairs, np.datetime64(first, "D"), table)


def _resolved(
    store: Store, table: str, known_at: date | None, regions: Sequence[str]
) -> Iterator[pd.DataFrame]:
    """The readings that speak, of a few regions at a time."""
    read = store.air_daily if table == "air_daily" else store.water_samples
    for at in range(0, len(regions), _AT_ONCE):
        yield read(known_at, regions[at : at + _AT_ONCE])
