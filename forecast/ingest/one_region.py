"""Files under one region given by hand: tables of several cities would correct each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecast.errors import InputError
from forecast.ingest.reading import Read
from forecast.tables import TABLES
from forecast.workspace import Workspace

__all__ = ["OneRegion"]

#: Above this share of common readings that differ, a file read by an earlier command and a new one
#: are of two places: corrections change few values, two cities share few (judgement).
_OTHER_PLACE = 0.5


@dataclass(frozen=True)
class _Seen:
    """Readings of one sheet: its name, its times from and to, its key columns and values."""

    name: str
    first: object
    last: object
    rows: pd.DataFrame


class OneRegion:
    """Compares what the files of one command say of the region that was given for all of them.

    Files without a city inside can't tell whose they are. Where two of them differ, the second is
    refused; a corrected file that comes by itself in a later command is a correction.
    """

    def __init__(self, ws: Workspace) -> None:
        self._ws = ws
        self._seen: dict[tuple[str, str], list[_Seen]] = {}
        self._read_before: dict[str, str] = {}

    def read_before(self, content: str, name: str) -> None:
        """Note a file of this command, by the SHA-256 of its content, whose readings are stored."""
        self._read_before[content] = name

    def refusal(self, read: Read) -> InputError | None:
        """Return why ``read`` can't be of the region, or None; then it is compared with the next."""
        fresh: list[tuple[tuple[str, str], _Seen]] = []
        for table, rows in read.parsed.tables.items():
            if not TABLES[table].readings or rows.empty:
                continue
            mine = _seen(table, read.sheet.where, rows)
            place = (read.layout.name, table)
            for other in self._seen.get(place, []):
                differ, common = _compared(table, mine, other)
                if differ:
                    return _error(read, mine, other, differ, common)
            for other in self._stored(read, table):
                differ, common = _compared(table, mine, other)
                if differ > _OTHER_PLACE * common:
                    return _error(read, mine, other, differ, common)
            fresh.append((place, mine))
        for place, mine in fresh:
            self._seen.setdefault(place, []).append(mine)
        return None

    def _stored(self, read: Read, table: str) -> list[_Seen]:
        """Return the stored readings of the files of this command that were read before."""
        if not self._read_before:
            return []
        files = self._ws.store.files()
        files = files[files["sha256"].isin(list(self._read_before))]
        names = dict(zip(files["file_id"], files["sha256"].map(self._read_before), strict=True))
        rows = self._ws.store.read(table, regions=[read.region])
        rows = rows[(rows["source"] == read.layout.name) & rows["file_id"].isin(list(names))]
        return [
            _seen(table, names[str(file_id)], part)
            for file_id, part in rows.groupby("file_id", observed=True)
        ]


def _seen(table: str, name: str, rows: pd.DataFrame) -> _Seen:
    spec = TABLES[table]
    columns = [c for c in (*spec.key, *spec.values) if c != "source" and c in rows]
    kept = rows[columns]
    kept = kept.astype({c: "str" for c in kept if isinstance(kept[c].dtype, pd.CategoricalDtype)})
    when = kept[spec.year_of]
    return _Seen(name, when.min(), when.max(), kept)


def _compared(table: str, mine: _Seen, other: _Seen) -> tuple[int, int]:
    """Return how many values differ, and how many both have."""
    if mine.first > other.last or other.first > mine.last:  # type: ignore[operator]
        return 0, 0
    spec = TABLES[table]
    key = [c for c in spec.key if c in mine.rows and c in other.rows]
    earlier = other.rows.drop_duplicates(key, keep="last")
    both = mine.rows.drop_duplicates(key).merge(earlier, on=key, suffixes=("", " before"))
    differ = common = 0
    for value in spec.values:
        if f"{value} before" in both:
            now, then = (both[c].to_numpy(np.float64) for c in (value, f"{value} before"))
            there = ~np.isnan(now) & ~np.isnan(then)
            common += int(there.sum())
            differ += int((there & (now != then)).sum())
    return differ, common


def _error(read: Read, mine: _Seen, other: _Seen, differ: int, common: int) -> InputError:
    return InputError(
        f"{mine.name} and {other.name} give different values for {differ} of {common} readings of "
        f"the same place and time, so they can't both be {read.region}.",
        "Leave --region out and name each file after its city, or give each its own --region; a "
        "corrected file of the same place is given by itself, in a command after the first.",
    )
