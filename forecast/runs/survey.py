"""Which places have readings on which days, found without holding the readings themselves.

A run of a whole country has tens of millions of readings, of which every batch of regions reads its
own. What has to be known of all of them is here: places, days with a reading, and where later
corrections stand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.store import Store

__all__ = ["Survey", "survey"]

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


def survey(store: Store, known_at: date | None) -> Survey:
    """Look through the tables of air and water, partition by partition.

    Args:
        store: the tables.
        known_at: only what was known at the end of this day; None: all that is known.
    """
    late: dict[str, dict[str, pd.Timestamp]] = {"air_daily": {}, "water_samples": {}}
    air, n_air = _days(store, "air_daily", "date", known_at, late["air_daily"])
    water, n_water = _days(store, "water_samples", "time", known_at, late["water_samples"])
    return Survey(known_at, air, water, late, n_air + n_water)


def _days(
    store: Store, table: str, column: str, known_at: date | None, late: dict[str, pd.Timestamp]
) -> tuple[_Days, int]:
    """The days with a reading that speaks, and the number of rows of the table."""
    seen: dict[tuple[str, str], list[NDArray[np.int64]]] = {}
    silent: set[str] = set()
    n = 0
    cities = table == "air_daily"
    for partition in sorted(store.manifest().get(table, {})):
        rows = store.read(
            table, partitions=[partition], categories=True,
            columns=["region", "place", "place_kind", column, "flag", "known_from"],
        )  # fmt: skip
        n += len(rows)
        if cities:
            rows = rows[(rows["place_kind"] == "city").to_numpy()]
        if known_at is not None:
            rows = rows[(rows["known_from"] < _after(known_at)).to_numpy()]
        if rows.empty:
            continue
        rejected = rows["flag"].cat.categories[
            rows["flag"].cat.categories.str.contains("rejected", regex=False)
        ]
        if len(rejected):
            silent |= {str(r) for r in rows.loc[rows["flag"].isin(rejected), "region"].unique()}
        days = rows[column].to_numpy("datetime64[D]").astype(np.int64)
        known = rows["known_from"].to_numpy("datetime64[D]").astype(np.int64)
        for region, moment in (
            rows.loc[known > days].groupby("region", observed=True)["known_from"].max().items()
        ):
            late[str(region)] = max(moment, late.get(str(region), moment))
        _note(seen, rows, days)
    for region in silent:
        for pair in [pair for pair in seen if pair[0] == region]:
            del seen[pair]
    for rows in _resolved(store, table, known_at, sorted(silent)):
        own = rows[rows["place_kind"] == "city"] if cities else rows
        words = own.astype({"region": "category", "place": "category"})
        _note(seen, words, own[column].to_numpy("datetime64[D]").astype(np.int64))
    return _table(seen), n


def _after(day: date) -> pd.Timestamp:
    return pd.Timestamp(day) + pd.Timedelta(days=1)


def _note(
    seen: dict[tuple[str, str], list[NDArray[np.int64]]],
    rows: pd.DataFrame,
    days: NDArray[np.int64],
) -> None:
    """Add the days of each place; region and place are categories."""
    if rows.empty:
        return
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
    for at, own in zip(starts, there.reshape(len(starts), n), strict=True):
        region, place = divmod(int(pair[at]), len(places))
        key = str(regions[region]), str(places[place])
        seen.setdefault(key, []).append(np.flatnonzero(own) + first)


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
