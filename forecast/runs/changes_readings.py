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
    def by_place(self) -> dict[tuple[str, str, str], pd.DataFrame]:
        """(domain, region, place) → its rows of ``values``: every target asks for its own."""
        groups = self.values.groupby(["domain", "region", "place"], sort=False)
        return {(str(d), str(r), str(p)): rows for (d, r, p), rows in groups}

    @cached_property
    def touched(self) -> frozenset[tuple[str, str]]:
        """Domain and region of which any value came or went."""
        return frozenset((domain, region) for domain, region, _ in self.by_place)

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
    something was received in between are looked at twice.

    Args:
        store: the tables as they are now.
        before, after: the runs, the earlier one first.
        regions: names of regions as stored; None: all.
    """
    files = store.read("files", columns=["file_id", "sha256", "ingested_at"])
    taken_in = files.groupby("file_id")["ingested_at"].min().dropna().to_dict()
    hashes = dict(zip(files["file_id"], files["sha256"], strict=True))
    found: list[pd.DataFrame] = []
    around: dict[
        tuple[str, str, pd.Timestamp], tuple[NDArray[np.float64], NDArray[np.float64]]
    ] = {}
    wanted = None if regions is None else sorted(set(regions))
    for table, time, domain in _TABLES:
        lasts = [_Lasts(), _Lasts()]
        touched = []
        for partition in sorted(store.manifest().get(table, {})):
            rows = store.read(
                table, columns=[*_COLUMNS, time], partitions=[partition], regions=wanted,
                categories=True,
            ).rename(columns={time: "day"})  # fmt: skip
            if domain == "air":
                rows = rows[rows["place_kind"] == "city"].reset_index(drop=True)
            if rows.empty:
                continue
            masks = [_known(rows, one, taken_in, hashes) for one in (before, after)]
            for last, mask in zip(lasts, masks, strict=True):
                last.add(rows[mask])
            differs = masks[0] != masks[1]
            if differs.any():
                touched.append(_touched(rows, masks, differs))
        for rows, masks in touched:
            versions = [_spoken(rows[mask], table) for mask in masks]
            found.append(_differing(versions, domain, lasts))
            if domain == "air":
                around.update(_whole_days(versions))
    values = pd.concat(found, ignore_index=True) if found else pd.DataFrame(columns=list(_OUT))
    values = values.sort_values(["domain", "region", "place", "day", "item"], ignore_index=True)
    return ReadingChanges(values, around)


class _Lasts:
    """The last day of each place that a run knew a reading of."""

    def __init__(self) -> None:
        self._last: dict[tuple[str, str], pd.Timestamp] = {}

    def add(self, rows: pd.DataFrame) -> None:
        valued = rows[rows["value"].notna()]
        by_place = valued.groupby(["region", "place"], sort=False, as_index=False, observed=True)
        ends = by_place["day"].max()
        for region, place, day in ends.itertuples(index=False, name=None):
            known = self._last.get((region, place))
            self._last[region, place] = day if known is None else max(known, day)

    def of(self, rows: pd.DataFrame) -> list[pd.Timestamp | None]:
        keys = zip(rows["region"], rows["place"], strict=True)
        return [self._last.get((str(region), str(place))) for region, place in keys]


def _known(
    rows: pd.DataFrame, run: Known, taken_in: dict[Any, Any], hashes: dict[str, str]
) -> NDArray[np.bool_]:
    """Return which rows the run could know, bool (row,)."""
    day_after = pd.Timestamp(run.as_of) + pd.Timedelta(days=1)
    moment = pd.Timestamp(run.moment)
    # There are few files and many rows: each file is looked up once.
    names = rows["file_id"].astype("category").cat
    had = [
        name not in taken_in or taken_in[name] <= moment or hashes.get(name) in run.files
        for name in names.categories
    ]
    there = pd.Series(np.array(had, dtype=bool)[names.codes.to_numpy()], index=rows.index)
    # A time after the run's moment is that of a reading's own day, which may end after it.
    corrected = rows["known_from"] > rows["day"] + pd.Timedelta(days=2)
    there &= ~corrected | (rows["known_from"] <= moment)
    there &= rows["day"] < day_after
    if not run.later:
        there &= rows["known_from"] < day_after
    return there.to_numpy(bool)


def _touched(
    rows: pd.DataFrame, masks: list[NDArray[np.bool_]], differs: NDArray[np.bool_]
) -> tuple[pd.DataFrame, list[NDArray[np.bool_]]]:
    """Return all versions of the days on which the runs differ."""
    keys = ["region", "place", "day"]
    index = pd.MultiIndex.from_frame(rows[keys])
    wanted = index.isin(pd.MultiIndex.from_frame(rows.loc[differs, keys].drop_duplicates()))
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


def _differing(versions: list[pd.DataFrame], domain: str, lasts: list[_Lasts]) -> pd.DataFrame:
    keys = ["region", "place", "item", "day"]
    old, new = (v.set_index(keys)["value"] for v in versions)
    both = pd.DataFrame({"old": old, "new": new}).reset_index()
    same = (both["old"] == both["new"]) | (both["old"].isna() & both["new"].isna())
    both = both[~same].reset_index(drop=True)
    both["domain"] = domain
    for name, last in zip(("old_last", "new_last"), lasts, strict=True):
        both[name] = pd.Series(last.of(both), index=both.index, dtype="datetime64[s]")
    return both[list(_OUT)]


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
