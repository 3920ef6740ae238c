"""A sheet that a mapping reads otherwise than before: what the earlier reading made is withdrawn.

A mapping with a wrong unit, column or date form puts wrong readings into the tables. Read by its
corrected state, the sheet's new values become known now, and what it no longer gives is silent from
now on. The earlier rows stay on record with the moments from which they were known.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecast.ingest.late_rows import Place, Places
from forecast.ingest.reading import Read
from forecast.ingest.touched import Touched
from forecast.partitions import by_partition, joined, plain
from forecast.revisions import counting, last_versions, merge_readings
from forecast.store import Writer
from forecast.tables import TABLES, Table
from forecast.workspace import Workspace

__all__ = ["outlived", "take_anew"]

#: Flag of a value that is taken back; ``rejected`` lets its source be silent.
_WITHDRAWN = "withdrawn rejected"


def take_anew(
    ws: Workspace,
    writer: Writer,
    one: Read,
    receipt: Place,
    received: pd.Timestamp,
    places: Places,
    touched: Touched,
) -> None:
    """Put what a sheet says now in place of what its superseded readings said.

    Args:
        ws: the workspace.
        writer: the change under way.
        one: the sheet; its report's counts are filled in.
        receipt: when the sheet first came in: what other files said later stays.
        received: from when the new values are known.
        places: of the stored rows.
        touched: gathers what is new, corrected or withdrawn.

    Raises:
        WorkspaceError: the tables can't be read.
    """
    hours = _partitions_of(ws, "air_hourly", one)
    for table, spec in TABLES.items():
        if not spec.readings:
            continue
        rows = one.parsed.tables.get(table)
        coming: dict[str, list[pd.DataFrame]] = {}
        if rows is not None and len(rows):
            whole = rows.assign(source=one.layout.name, file_id=one.sheet.file_id)
            coming = by_partition(spec, whole[[c for c in whole if c in spec.schema.names]])
        # Days of a sheet of hours are made of them, and follow them.
        made = bool(hours) and table in ("air_daily", "station_daily")
        old = [] if made else hours if table == "air_hourly" else _partitions_of(ws, table, one)
        for part in sorted({*coming, *old}):
            stored = writer.read(table, part)
            new = plain(joined(coming[part])) if part in coming else stored.iloc[:0]
            _replace(writer, spec, part, stored, new, one, receipt, received, places, touched)
    if hours:
        # The days of these hours have to be made again, whatever the sheet holds now.
        one.parsed.tables.setdefault("air_hourly", pd.DataFrame({"row": []}))


def outlived(files: pd.DataFrame, one: Read) -> pd.DataFrame:
    """Return the rows of ``files`` whose readings a sheet's new reading supersedes."""
    mine = files["file_id"] == one.sheet.file_id
    named = pd.MultiIndex.from_frame(files[["layout", "region"]]).isin(list(one.supersedes))
    return files[mine & named]


def _partitions_of(ws: Workspace, table: str, one: Read) -> list[str]:
    """Return the partitions that hold rows which the sheet's superseded readings made."""
    found = []
    for part in sorted(ws.store.manifest().get(table, {})):
        brief = ws.store.read(table, columns=["file_id", "source", "region"], partitions=[part])
        if _made_by(brief, one).any():
            found.append(part)
    return found


def _made_by(rows: pd.DataFrame, one: Read) -> pd.Series[bool]:
    """Return which rows the superseded readings of the sheet made."""
    mine = pd.Series(False, index=rows.index)
    for layout, region in (*one.supersedes, *one.renamed):
        made = rows["source"] == layout
        mine |= made & (rows["region"] == region) if region else made
    return mine & (rows["file_id"] == one.sheet.file_id)


def _replace(
    writer: Writer,
    spec: Table,
    part: str,
    stored: pd.DataFrame,
    new: pd.DataFrame,
    one: Read,
    receipt: Place,
    received: pd.Timestamp,
    places: Places,
    touched: Touched,
) -> None:
    """Change one partition and count what became of its values."""
    key, values = list(spec.key), list(spec.values)
    mine = _made_by(stored, one)
    versions = new["version"].unique()
    if len(versions) == 1:
        # Which version a table holds is a statement on all of it.
        stored.loc[mine & (stored["source"] == one.layout.name), "version"] = versions[0]
    last = last_versions(stored, key)
    ours = mine.loc[last.index].to_numpy(bool)
    # What another file said after this one still holds.
    others = last[~ours]
    others = others[_index(others, key).isin(_index(new, key))]
    after = others[[place > receipt for place in places.of(others)]] if len(others) else others
    new = new[~_index(new, key).isin(_index(after, key))]
    said = last["flag"].str.contains("rejected", regex=False).astype(bool)
    old = last[ours & last[values].notna().any(axis=1) & ~said]
    gone = old[~_index(old, key).isin(_index(new, key))]
    back = _said_before(stored[~mine], gone, key, values)
    silent = gone[~_index(gone, key).isin(_index(back, key))]
    silent = silent.assign(flag=_WITHDRAWN, **dict.fromkeys(values, np.nan))
    parts = [frame for frame in (new, silent, back) if len(frame)]
    if not parts:
        return
    whole, outcome = merge_readings(
        stored, pd.concat(parts, ignore_index=True), key=key, values=values, received=received,
        whole=True,
    )  # fmt: skip
    writer.replace(spec.name, whole, part)
    counts = outcome["outcome"].iloc[: len(new)].value_counts()
    one.report.new += int(counts.get("new", 0))
    one.report.corrected += int(counts.get("corrected", 0))
    one.report.unchanged += int(counts.get("unchanged", 0))
    one.report.withdrawn += int(gone[values].notna().to_numpy().sum())
    if spec.name != "air_hourly":
        for frame in (new, gone):
            for source, rows in frame.groupby("source"):
                touched.add(spec.name, str(source), set(rows["region"].unique()))


def _index(rows: pd.DataFrame, key: list[str]) -> pd.MultiIndex:
    return pd.MultiIndex.from_frame(rows[key])


def _said_before(
    stored: pd.DataFrame, gone: pd.DataFrame, key: list[str], values: list[str]
) -> pd.DataFrame:
    """Return what other files said of the readings that are withdrawn: that counts again."""
    if gone.empty:
        return stored.iloc[:0]
    there = stored[_index(stored, key).isin(_index(gone, key))]
    there = last_versions(counting(there), key)
    return there[there[values].notna().any(axis=1)]
