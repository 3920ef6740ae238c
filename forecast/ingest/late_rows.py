"""Rows of a file that could not be read when it came: they take their place at its receipt.

What came after the file stays after it: a value that corrected it still counts, and one that was
first where the file was silent becomes a correction of it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecast.ingest.received import Receipt, receipts
from forecast.partitions import by_partition, joined, plain
from forecast.revisions import merge_readings
from forecast.store import Writer
from forecast.tables import TABLES
from forecast.workspace import Workspace

__all__ = ["Places", "merge_late", "missing_keys"]

#: Moment and turn of a receipt.
Place = tuple[pd.Timestamp, int]


class Places:
    """When the file of each stored row was received.

    Args:
        ws: the workspace.
        files: the table of files.
    """

    def __init__(self, ws: Workspace, files: pd.DataFrame) -> None:
        by_content: dict[str, list[Place]] = {}
        for one in receipts(ws).values():
            by_content.setdefault(one.sha256, []).append(one.place)
        self._of: dict[str, list[Place]] = {
            str(file_id): sorted(by_content.get(content, [(moment, 0)]))
            for file_id, content, moment in zip(
                files["file_id"], files["sha256"], files["ingested_at"], strict=True
            )
        }

    def of(self, rows: pd.DataFrame) -> list[Place]:
        """Return the place of each row: the last receipt of its file up to when it was known."""
        never = [(pd.Timestamp.min, 0)]
        found = []
        for file_id, known in zip(rows["file_id"], rows["known_from"], strict=True):
            every = self._of.get(str(file_id), never)
            found.append(max((one for one in every if one[0] <= known), default=every[0]))
        return found


def merge_late(
    writer: Writer, table: str, rows: pd.DataFrame, receipt: Receipt, places: Places
) -> pd.DataFrame:
    """Add readings of a file at the place of its receipt among those that came before and after.

    Args:
        writer: the change under way.
        table: a table of readings.
        rows: the readings of one file, as for ``Writer.merge``.
        receipt: of the file.
        places: of the stored rows.

    Returns:
        ``file_id`` and ``outcome`` of each row, as ``Writer.merge``.
    """
    spec = TABLES[table]
    key, values = list(spec.key), list(spec.values)
    outcomes = []
    for year, parts in by_partition(spec, [rows]).items():
        incoming = plain(joined(parts))
        stored = writer.read(table, year)
        mine = pd.MultiIndex.from_frame(stored[key]).isin(pd.MultiIndex.from_frame(incoming[key]))
        later = np.zeros(len(stored), dtype=bool)
        later[mine] = [place > receipt.place for place in places.of(stored[mine])]
        whole, outcome = merge_readings(
            stored[~later].reset_index(drop=True), incoming, key=key, values=values,
            received=receipt.received,
        )  # fmt: skip
        after = stored[later]
        if len(after):
            whole = pd.concat([whole, _after(after, whole, key, values, places)])
        writer.replace(table, whole, year)
        outcomes.append(outcome)
    return joined(outcomes)


def _after(
    after: pd.DataFrame, before: pd.DataFrame, key: list[str], values: list[str], places: Places
) -> pd.DataFrame:
    """Return what came later, known from its receipt where something now stands before it."""
    after = after.sort_values("known_from", kind="stable")
    index = pd.MultiIndex.from_frame(after[key])
    was = before.sort_values("known_from", kind="stable").drop_duplicates(key, keep="last")
    was = was.set_index(key).reindex(index)
    earlier = was["known_from"].to_numpy("datetime64[s]")
    known = after["known_from"].to_numpy("datetime64[s]")
    first = ~after.duplicated(key).to_numpy(bool) & ~(known > earlier)
    old, new = was[values].to_numpy(np.float64), after[values].to_numpy(np.float64)
    same = ((old == new) | (np.isnan(old) & np.isnan(new))).all(axis=1)
    same &= was["flag"].to_numpy(dtype=object) == after["flag"].to_numpy(dtype=object)
    came = np.array([place[0] for place in places.of(after)], dtype="datetime64[s]")
    lifted = np.maximum(came, earlier + np.timedelta64(1, "s"))
    placed = after.assign(known_from=np.where(first, lifted, known))
    return pd.DataFrame(placed[~(first & same)])


def missing_keys(table: str, rows: pd.DataFrame, stored: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a table without versions whose key is not stored."""
    key = [name for name in TABLES[table].key if name in rows]
    there = pd.MultiIndex.from_frame(stored[key]).isin(pd.MultiIndex.from_frame(rows[key]))
    if not there.any():
        return rows
    known = pd.MultiIndex.from_frame(stored.loc[there, key])
    return rows[~pd.MultiIndex.from_frame(rows[key]).isin(known)]
