"""How a later value of the same reading is kept beside the earlier one."""

from __future__ import annotations

import numpy as np
import pandas as pd

__all__ = ["merge_readings"]


def merge_readings(
    stored: pd.DataFrame, incoming: pd.DataFrame, *, key: list[str], received: pd.Timestamp
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Join ``incoming`` readings to ``stored`` ones.

    A reading whose key is new is known from its own time (``known_from`` as passed), so history
    that is loaded late counts as known at its own time. One whose value equals the value known
    last changes nothing. One whose value differs is a correction: it is added with ``known_from``
    the moment of receipt, and the earlier row stays.

    Args:
        stored: rows of the table, any number of versions of a key.
        incoming: new rows, in order of receipt; several may share a key.
        key: columns that name a reading.
        received: moment of receipt.

    Returns:
        All rows, stored first; and for each incoming row its ``file_id`` and ``outcome``.
    """
    both = pd.concat([stored, incoming], ignore_index=True)
    late = np.arange(len(both)) >= len(stored)
    # Only keys that come in need a look; a daily file touches few of a year's regions.
    touched = both["region"].isin(incoming["region"].unique()).to_numpy()
    work = both.loc[touched, [*key, "value", "known_from"]].copy()
    work["late"] = late[touched]
    work["at"] = np.arange(len(work))
    code = work.groupby(key, sort=False, dropna=False).ngroup().to_numpy()
    # Within a key: stored versions by the time they became known, then the incoming in order.
    known = work["known_from"].to_numpy("datetime64[s]").astype(np.int64)
    is_late = work["late"].to_numpy(bool)
    order = np.lexsort((work["at"].to_numpy(), np.where(is_late, 0, known), is_late, code))
    code, known, is_late = code[order], known[order], is_late[order]
    value = work["value"].to_numpy(np.float64)[order]

    same_key = np.concatenate([[False], code[1:] == code[:-1]])
    same_value = np.concatenate([[False], value[1:] == value[:-1]])
    unchanged = is_late & same_key & same_value
    corrected = is_late & same_key & ~same_value

    # Corrections are known strictly later than every version before them; a repeated value takes
    # the moment of the one it repeats, so that it does not break the chain.
    moment = received.value // 10**9
    for at in np.flatnonzero(is_late & same_key):
        before = known[at - 1]
        known[at] = before if same_value[at] else max(known[at], moment, before + 1)
    result = np.empty(len(both), dtype=object)
    rows = np.flatnonzero(touched)[order]
    result[rows] = np.where(unchanged, "unchanged", np.where(corrected, "corrected", "new"))
    moments = both["known_from"].to_numpy("datetime64[s]").copy()
    moments[rows] = known.astype("datetime64[s]")
    both["known_from"] = moments
    outcome = pd.DataFrame(
        {"file_id": incoming["file_id"].to_numpy(), "outcome": result[len(stored) :]}
    )
    keep = np.ones(len(both), bool)
    keep[rows[unchanged]] = False
    return both[keep].reset_index(drop=True), outcome
