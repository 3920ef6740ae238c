"""From and to which day a line of a list counts."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.ingest.files.cells import MISSING, times
from forecast.ingest.parsed import Notes

__all__ = ["valid_between"]

#: How lists write that something has no end yet.
_OPEN = MISSING | {"至今", "长期", "now", "present"}


def valid_between(
    body: pd.DataFrame,
    since: str,
    until: str,
    last_year: int,
    notes: Notes,
    usable: NDArray[np.bool_],
) -> tuple[NDArray[np.datetime64], NDArray[np.datetime64], NDArray[np.bool_]]:
    """Read the first and the last day on which each line counts, both included.

    Args:
        body: the data lines as text.
        since, until: the columns; empty where there is none.
        last_year: later years are slips of the pen, except for the end.
        notes: where lines go whose days can't be read.
        usable: lines to look at.

    Returns:
        First days, last days (NaT where open), and which lines are to be set aside.
    """
    nowhere = np.full(len(body), np.datetime64("NaT", "s"))
    found: dict[str, NDArray[np.datetime64]] = {}
    bad = np.zeros(len(body), bool)
    for column, latest in ((since, last_year), (until, 9999)):
        if not column:
            found[column] = nowhere
            continue
        days, why = times(body[column], last_year=latest)
        unread = (
            np.isnat(days) & ~body[column].str.lower().isin(_OPEN).to_numpy(bool) & usable & ~bad
        )
        notes.problem(
            list(body.index[unread]), column, list(body[column][unread]), list(why[unread])
        )
        bad |= unread
        found[column] = days
    first, last = (found.get(column, nowhere) for column in (since, until))
    reversed_ = (last < first) & usable & ~bad
    notes.problem(
        list(body.index[reversed_]), until, list(body[until][reversed_]) if until else [],
        "ends before it begins",
    )  # fmt: skip
    return first, last, bad | reversed_
