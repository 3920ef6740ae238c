"""Blocks of rows inside a part, by which the rows of a few regions are found without reading all.

A part is sorted by region, and each block of rows carries its first and last region.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.parquet as pq

__all__ = ["GROUP_ROWS", "SOUGHT", "rows_of"]

#: Rows of a block: some 30 cities of a year. Smaller ones prune better and compress worse.
GROUP_ROWS = 1 << 16
#: The column whose range each block carries.
SOUGHT = "region"


def rows_of(file: pq.ParquetFile, columns: list[str], regions: Sequence[str] | None) -> pa.Table:
    """Return the blocks of a part that may hold rows of these regions (None: all of them).

    A block without a range is read: earlier versions wrote none.
    """
    if regions is None or SOUGHT not in file.schema_arrow.names:
        return file.read(columns=columns)
    at, ordered = file.schema_arrow.names.index(SOUGHT), sorted(regions)
    groups = [g for g in range(file.num_row_groups) if _may_hold(file, g, at, ordered)]
    return file.read_row_groups(groups, columns=columns)


def _may_hold(file: pq.ParquetFile, group: int, column: int, ordered: Sequence[str]) -> bool:
    told = file.metadata.row_group(group).column(column).statistics
    if told is None or not told.has_min_max:
        return True
    first = bisect_left(ordered, told.min)
    return first < len(ordered) and ordered[first] <= told.max
