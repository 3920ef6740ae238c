"""Several rows for one moment: the same said twice is counted, another value is set aside."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.ingest.parsed import Notes

__all__ = ["keep_first"]


def keep_first(
    frame: pd.DataFrame,
    key: Sequence[str],
    items: Sequence[str],
    notes: Notes,
    *,
    column: str,
    shown: str,
    what: str,
) -> tuple[pd.DataFrame, NDArray[np.bool_]]:
    """Keep the first row of each key; set aside later ones that say something else.

    A later row with the same values is a duplicate and is counted. One with other values goes to
    quarantine, and the row that stays is marked: nobody can tell which of the two is right.

    Args:
        frame: the rows; the index is the line in the file.
        key: columns that name a row.
        items: columns of numbers that are compared, NaN equal to NaN.
        notes: where findings go.
        column: the column of the time in the file, for the finding.
        shown: ``strftime`` form of the last column of ``key``, for the finding.
        what: what there are two of, such as ``day`` or ``hour``.

    Returns:
        The rows kept, and which of them were contradicted.
    """
    later = frame.duplicated(list(key)).to_numpy(bool)
    if not later.any():
        return frame, np.zeros(len(frame), bool)
    number = frame.groupby(list(key), sort=False).ngroup().to_numpy()
    firsts = np.flatnonzero(~later)
    first_of = np.empty(number.max() + 1, dtype=np.int64)
    first_of[number[firsts]] = firsts
    at = np.flatnonzero(later)
    model = first_of[number[at]]
    table = frame[list(items)].to_numpy(np.float64)
    mine, other = table[at], table[model]
    equal = ((mine == other) | (np.isnan(mine) & np.isnan(other))).all(axis=1)
    notes.duplicates += int(equal.sum())
    at, model = at[~equal], model[~equal]
    lines = frame.index.to_numpy()
    moments = frame[key[-1]].iloc[at].dt.strftime(shown)
    notes.problem(
        list(lines[at]),
        column,
        list(moments),
        [
            f"a second row of this {what} with other values; the first is row {lines[m]}"
            for m in model
        ],
    )
    contradicted = np.zeros(len(frame), bool)
    contradicted[model] = True
    return frame[~later], contradicted[~later]
