"""Which readings came between two runs: new days, days filled in later, revised and withdrawn values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.revisions import SOURCE_PRIORITY, speaking
from forecast.standards.items import AIR_ITEMS
from forecast.store import Store
from forecast.tables import TABLES

__all__ = ["Known", "ReadingChanges", "known_to", "reading_changes"]

#: Tables whose readings are compared, the column of their time, and the domain they belong to.
_TABLES = (("air_daily", "date", "air"), ("water_samples", "time", "water"))

_COLUMNS = [
    "region", "place", "place_kind", "item", "value", "source", "version", "flag", "known_from",
    "file_id",
]  # fmt: skip

_OUT = ("domain", "region", "place", "item", "day", "old", "new", "old_last", "new_last")


@dataclass(frozen=True)
class Known:
    """What a run could know of the tables.

    Attributes:
        as_of: last day whose readings it used.
        moment: when it was made, in local time of the workspace without a zone.
        files: SHA-256 of the files its readings came from; those it had, whenever the tables were
            made anew since.
        later: whether it used corrections known only after ``as_of``.
    """

    as_of: date
    moment: datetime
    files: frozenset[str] = field(default_factory=frozenset)
    later: bool = False


@dataclass(frozen=True)
class ReadingChanges:
    """What came between two runs.

    Attributes:
        values: ``domain, region, place, item, day, old, new, old_last, new_last``: one row a value
            that only one of the runs had, or that differs; NaN where a run had none. ``day`` is
            midnight for air and the time of the sample for water; ``old_last`` and ``new_last``
            the last day of the place that each run had.
        around: (region, place, day) → values of the six items that each run had of a day of air
            that was touched, in the order of ``AIR_ITEMS``.
    """

    values: pd.DataFrame
    around: dict[tuple[str, str, pd.Timestamp], tuple[NDArray[np.float64], NDArray[np.float64]]]

    @cached_property
    def _rows(self) -> dict[tuple[str, str, str], NDArray[np.intp]]:
        """(domain, region, place) → where its rows of ``values`` are."""
        rows: Any = self.values.groupby(["domain", "region", "place"], sort=False).indices
        return {(str(d), str(r), str(p)): at for (d, r, p), at in rows.items()}

    @cached_property
    def _days(self) -> NDArray[np.datetime64]:
        return self.values["day"].to_numpy("datetime64[s]")

    def between(
        self, domain: str, region: str, place: str, first: pd.Timestamp, last: pd.Timestamp
    ) -> pd.DataFrame | None:
        """Rows of ``values`` of a place from one moment to another, both included; None: no row.

        Every target asks for its own, and most nights nothing came but the new day.
        """
        rows = self._rows.get((domain, region, place))
        if rows is None:
            return None
        inside = (self._days[rows] >= first.to_datetime64()) & (
            self._days[rows] <= last.to_datetime64()
        )
        return self.values.iloc[rows[inside]] if inside.any() else None

    @cached_property
    def touched(self) -> frozenset[tuple[str, str]]:
        """Domain and region of which any value came or went."""
        return frozenset((domain, region) for domain, region, _ in self._rows)

    @property
    def fresh(self) -> pd.DataFrame:
        """Values after the last day that the earlier run had of their place."""
        v = self.values
        return v[v["old"].isna() & ~(v["day"] <= v["old_last"])]

    @property
    def late(self) -> pd.DataFrame:
        """Values that filled a gap before that day."""
        v = self.values
        return v[v["old"].isna() & (v["day"] <= v["old_last"])]

    @property
    def revised(self) -> pd.DataFrame:
        """Values that the earlier run had otherwise; NaN in ``new`` where one was withdrawn."""
        return self.values[self.values["old"].notna()]


def known_to(
    result: dict[str, Any], zone: ZoneInfo, *, later: bool = False, now: datetime | None = None
) -> Known:
    """Return what a run could know.

    Args:
        result: its object of ``projection.json``.
        zone: the zone of the workspace's times.
        later: whether its manifest's request has ``corrections``.
        now: for a run that is being made: the moment it reads the tables.
    """
    run = result["run"]
    # Written down at the end of a run, to the second; the tables were read at its beginning.
    begun = timedelta(seconds=1 - float(run.get("seconds") or 0.0))
    moment = now or datetime.fromisoformat(str(run["created"])) + begun
    if moment.tzinfo is not None:
        moment = moment.astimezone(zone).replace(tzinfo=None)
    files = frozenset(str(one["sha256"]) for one in run.get("inputs", []))
    return Known(date.fromisoformat(str(run["as_of"])), moment, files, later)


def reading_changes(
    store: Store, before: Known, after: Known, *, regions: Iterable[str] | None = None
) -> ReadingChanges:
    """Compare what two runs could know of the readings.

    A value was known to a run if it was received by then: a correction at the moment in
    ``known_from``, a first value when its file was taken in. Only the parts of the tables in which
    something was received in between are looked at as a whole.

    Args:
        store: the tables as they are now.
        before, after: the runs, the earlier one first.
        regions: names of regions as stored; None: all.
    """
    files = store.read("files", columns=["file_id", "sha256", "ingested_at"])
    taken_in = files.groupby("file_id")["ingested_at"].min().dropna().to_dict()
    hashes = dict(zip(files["file_id"], files["sha256"], strict=True))
    runs = before, after
    found: list[pd.DataFrame] = []
    around: dict[
        tuple[str, str, pd.Timestamp], tuple[NDArray[np.float64], NDArray[np.float64]]
    ] = {}
    wanted = None if regions is None else sorted(set(regions))
    for source in (_Source(store, *of, runs, taken_in, hashes) for of in _TABLES):
        differing = []
        for partition in source.partitions:
            if source.same(partition):
                continue
            rows, masks = source.read(partition, wanted)
            source.ends[partition] = _ends(rows, masks)
            differs = masks[0] != masks[1]
            if differs.any():
                rows, masks = _touched(rows, masks, differs)
                versions = [_spoken(rows[mask], source.table) for mask in masks]
                differing.append(_differing(versions))
                if source.domain == "air":
                    around.update(_whole_days(versions))
        found += [source.with_lasts(values) for values in differing]
    values = pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=list(_OUT))
    values = values.sort_values(["domain", "region", "place", "day", "item"], ignore_index=True)
    return ReadingChanges(values, around)


#: Region and place → the last day of which a run knew a reading.
_Lasts = dict[tuple[str, str], pd.Timestamp]


@dataclass
class _Source:
    """A table as two runs knew it, a partition at a time.

    Attributes:
        store, table: where it is; ``time`` is the column of its time, ``domain`` what it is of.
        runs: the two, the earlier one first.
        taken_in: file → when it was first taken in; ``hashes`` → its SHA-256.
        ends: partition → last days of each run in it, of those that were read.
    """

    store: Store
    table: str
    time: str
    domain: str
    runs: tuple[Known, Known]
    taken_in: dict[Any, Any]
    hashes: dict[str, str]
    ends: dict[str, list[_Lasts]] = field(default_factory=dict)

    @property
    def partitions(self) -> list[str]:
        """The partitions, in order of time."""
        return sorted(self.store.manifest().get(self.table, {}))

    def same(self, partition: str) -> bool:
        """Whether it is plain, without a look at each row, that the runs knew the same of it.

        It is where nothing in it became known, or lies, after the end of either run, and both had
        the same of the files that it came from.
        """
        rows = self.store.read(
            self.table, columns=[self.time, "known_from", "file_id"], partitions=[partition],
            categories=True,
        )  # fmt: skip
        if rows.empty:
            return True
        known, day = rows["known_from"], rows[self.time]
        ends = [pd.Timestamp(run.as_of) + pd.Timedelta(days=1) for run in self.runs]
        first = min(*ends, *(pd.Timestamp(run.moment) for run in self.runs))
        if known.isna().any() or day.isna().any() or max(known.max(), day.max()) >= first:
            return False
        names = rows["file_id"].cat.categories
        return bool((self._had(names, self.runs[0]) == self._had(names, self.runs[1])).all())

    def read(
        self, partition: str, regions: list[str] | None
    ) -> tuple[pd.DataFrame, list[NDArray[np.bool_]]]:
        """Return the rows of a partition, ``day`` their time, and which of them each run knew."""
        rows = self.store.read(
            self.table, columns=[*_COLUMNS, self.time], partitions=[partition], regions=regions,
            categories=True,
        ).rename(columns={self.time: "day"})  # fmt: skip
        if self.domain == "air":
            city = (rows["place_kind"] == "city").to_numpy()
            rows = rows if city.all() else rows[city].reset_index(drop=True)
        return rows, [self._known(rows, run) for run in self.runs]

    def with_lasts(self, values: pd.DataFrame) -> pd.DataFrame:
        """Put beside values the last day of their place that each run had."""
        keys = [(str(r), str(p)) for r, p in zip(values["region"], values["place"], strict=True)]
        lasts: list[_Lasts] = [{}, {}]
        left = set(keys)
        # What a later partition has of a place is later than what an earlier one has.
        for partition in reversed(self.partitions):
            if not left:
                break
            ends = self.ends.get(partition)
            if ends is None:
                ends = _ends(*self.read(partition, sorted({region for region, _ in left})))
            for last, own in zip(lasts, ends, strict=True):
                for key in left & own.keys():
                    last.setdefault(key, own[key])
            left = {key for key in left if not all(key in last for last in lasts)}
        found = values.assign(domain=self.domain)
        for name, last in zip(("old_last", "new_last"), lasts, strict=True):
            days = [last.get(key) for key in keys]
            found[name] = pd.Series(days, index=found.index, dtype="datetime64[s]")
        return found[list(_OUT)]

    def _known(self, rows: pd.DataFrame, run: Known) -> NDArray[np.bool_]:
        """Return which rows the run could know, bool (row,)."""
        day_after = pd.Timestamp(run.as_of) + pd.Timedelta(days=1)
        moment = pd.Timestamp(run.moment)
        # There are few files and many rows: each file is looked up once.
        names = rows["file_id"].astype("category").cat
        had = self._had(names.categories, run)
        there = pd.Series(had[names.codes.to_numpy()], index=rows.index)
        # A time after the run's moment is that of a reading's own day, which may end after it.
        corrected = rows["known_from"] > rows["day"] + pd.Timedelta(days=2)
        there &= ~corrected | (rows["known_from"] <= moment)
        there &= rows["day"] < day_after
        if not run.later:
            there &= rows["known_from"] < day_after
        return there.to_numpy(bool)

    def _had(self, files: Iterable[Any], run: Known) -> NDArray[np.bool_]:
        """Return which files the run had, bool (file,)."""
        moment = pd.Timestamp(run.moment)
        had = [
            name not in self.taken_in
            or self.taken_in[name] <= moment
            or self.hashes.get(name) in run.files
            for name in files
        ]
        return np.array(had, dtype=bool)


def _ends(rows: pd.DataFrame, masks: list[NDArray[np.bool_]]) -> list[_Lasts]:
    """The last day of each place with a value that each run knew."""
    found: list[_Lasts] = []
    for mask in masks:
        valued = rows[mask & rows["value"].notna().to_numpy()]
        by_place = valued.groupby(["region", "place"], sort=False, as_index=False, observed=True)
        ends = by_place["day"].max()
        named = ends.itertuples(index=False, name=None)
        found.append({(str(region), str(place)): day for region, place, day in named})
    return found


def _touched(
    rows: pd.DataFrame, masks: list[NDArray[np.bool_]], differs: NDArray[np.bool_]
) -> tuple[pd.DataFrame, list[NDArray[np.bool_]]]:
    """Return all versions of the days on which the runs differ."""
    keys = ["region", "place", "day"]
    of = rows.loc[differs, keys].drop_duplicates()
    # Most rows are of other days: only the others are looked at by place.
    wanted = rows["day"].isin(of["day"].unique()).to_numpy(copy=True)
    wanted[wanted] = pd.MultiIndex.from_frame(rows.loc[wanted, keys]).isin(
        pd.MultiIndex.from_frame(of)
    )
    few = rows[wanted].reset_index(drop=True)
    words = {
        name: "str" for name in few.columns if isinstance(few[name].dtype, pd.CategoricalDtype)
    }
    return few.astype(words), [mask[wanted] for mask in masks]


def _spoken(rows: pd.DataFrame, table: str) -> pd.DataFrame:
    time = "date" if table == "air_daily" else "time"
    key = ["day" if name == time else name for name in TABLES[table].key]
    found = speaking(rows.reset_index(drop=True), key, SOURCE_PRIORITY)
    return found[found["value"].notna()]


def _differing(versions: list[pd.DataFrame]) -> pd.DataFrame:
    """Return the values that only one of two versions has, or that differ."""
    keys = ["region", "place", "item", "day"]
    old, new = (v.set_index(keys)["value"] for v in versions)
    both = pd.DataFrame({"old": old, "new": new}).reset_index()
    same = (both["old"] == both["new"]) | (both["old"].isna() & both["new"].isna())
    return both[~same].reset_index(drop=True)


def _whole_days(
    versions: list[pd.DataFrame],
) -> dict[tuple[str, str, pd.Timestamp], tuple[NDArray[np.float64], NDArray[np.float64]]]:
    keys = ["region", "place", "day"]
    wide = [
        v.pivot_table(index=keys, columns="item", values="value", aggfunc="first")
        .reindex(columns=list(AIR_ITEMS))
        .astype("float64")
        for v in versions
    ]
    nothing = np.full(len(AIR_ITEMS), np.nan)
    maps = [dict(zip(w.index, w.to_numpy(np.float64), strict=True)) for w in wide]
    return {
        key: (maps[0].get(key, nothing), maps[1].get(key, nothing)) for key in {*maps[0], *maps[1]}
    }
