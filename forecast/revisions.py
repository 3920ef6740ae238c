"""How a later value of the same reading is kept beside the earlier one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["SOURCE_PRIORITY", "last_versions", "merge_readings", "speaking"]

#: Which source speaks where several have a value of one place, day and item; others come last.
#: First what carries the true daily-maximum 8-hour O3 and official rounding, then one measured
#: definition over the years, then days made here from hours, then second-hand dumps and estimates.
SOURCE_PRIORITY: tuple[str, ...] = (
    "city_day_header",
    "city_daily_official",
    "dust_deducted",
    "long_tidy",
    "pm25_daily",
    "national_cities_wide",
    "national_hourly_long",
    "national_sites_wide",
    "station_hourly",
    "uci_beijing",
    "shifted_header",
    "city_hourly_means",
    "city_day_headerless",
    "openaq",
    "aqicn_index",
    "section_readings",
    "water_platform",
    "weekly_sections",
    "weekly_bulletin",
)

#: Which version speaks first: a value that was audited, before one that was not.
_VERSIONS = {"audited": 0, "unknown": 1, "generated": 1, "realtime": 2}


_OUTCOMES = pd.CategoricalDtype(["new", "corrected", "unchanged"])


def merge_readings(
    stored: pd.DataFrame,
    incoming: pd.DataFrame,
    *,
    key: list[str],
    received: pd.Timestamp,
    values: Sequence[str] = ("value",),
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
        values: the columns that make a reading; it differs where one of them differs.

    Returns:
        All rows, stored first; and for each incoming row its ``file_id`` and ``outcome``.
    """
    if stored.empty and not incoming.duplicated(key).any():
        every = incoming.reset_index(drop=True)
        return every, _outcomes(every["file_id"], np.zeros(len(every), dtype=np.int64))
    both = pd.concat([stored, incoming], ignore_index=True)
    late = np.arange(len(both)) >= len(stored)
    # Only keys that come in need a look; a daily file touches few of a year's regions.
    touched = both["region"].isin(incoming["region"].unique()).to_numpy()
    work = both.loc[touched, [*key, "known_from"]].copy()
    work["late"] = late[touched]
    work["at"] = np.arange(len(work))
    code = work.groupby(key, sort=False, dropna=False).ngroup().to_numpy()
    # Within a key: stored versions by the time they became known, then the incoming in order.
    known = work["known_from"].to_numpy("datetime64[s]").astype(np.int64)
    is_late = work["late"].to_numpy(bool)
    order = np.lexsort((work["at"].to_numpy(), np.where(is_late, 0, known), is_late, code))
    code, known, is_late = code[order], known[order], is_late[order]
    value = both.loc[touched, list(values)].to_numpy(np.float64)[order]

    same_key = np.concatenate([[False], code[1:] == code[:-1]])
    like = (value[1:] == value[:-1]) | (np.isnan(value[1:]) & np.isnan(value[:-1]))
    same_value = np.concatenate([[False], like.all(axis=1)])
    unchanged = is_late & same_key & same_value
    corrected = is_late & same_key & ~same_value

    # Corrections are known strictly later than every version before them; a repeated value takes
    # the moment of the one it repeats, so that it does not break the chain.
    moment = received.value // 10**9
    for at in np.flatnonzero(is_late & same_key):
        before = known[at - 1]
        known[at] = before if same_value[at] else max(known[at], moment, before + 1)
    result = np.zeros(len(both), dtype=np.int64)
    rows = np.flatnonzero(touched)[order]
    result[rows[corrected]] = 1
    result[rows[unchanged]] = 2
    moments = both["known_from"].to_numpy("datetime64[s]").copy()
    moments[rows] = known.astype("datetime64[s]")
    both["known_from"] = moments
    outcome = _outcomes(incoming["file_id"], result[len(stored) :])
    keep = np.ones(len(both), bool)
    keep[rows[unchanged]] = False
    return both[keep].reset_index(drop=True), outcome


def _outcomes(files: pd.Series[str], codes: NDArray[np.int64]) -> pd.DataFrame:
    words = pd.Categorical.from_codes(codes.tolist(), dtype=_OUTCOMES)
    return pd.DataFrame({"file_id": files.reset_index(drop=True), "outcome": words})


def last_versions(rows: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """Return the version known last of each reading; ``key`` has its source."""
    if not rows.duplicated(key).any():
        return rows
    return rows.sort_values("known_from", kind="stable").drop_duplicates(key, keep="last")


def speaking(rows: pd.DataFrame, key: list[str], priority: Sequence[str]) -> pd.DataFrame:
    """Return the one row that speaks for each reading.

    Of one source the version known last counts; where that was rejected, the source is silent. Of
    several sources an audited value goes before an unmarked one and that before a real-time one;
    then the order of ``priority`` decides, and at last the source's name, so that the answer never
    depends on the order of reading.

    Args:
        rows: versions of readings, with ``version``, ``flag``, ``source`` and ``known_from``.
        key: columns that name a reading, ``source`` among them.
        priority: sources, the first speaks first; others come after them.

    Returns:
        Rows in the order in which they came, numbered anew.
    """
    last = last_versions(rows, key)
    last = last[~last["flag"].str.contains("rejected", regex=False).astype(bool)]
    across = [column for column in key if column != "source"]
    if last.duplicated(across).any():
        rank = {source: at for at, source in enumerate(priority)}
        ranked = last.assign(
            _version=last["version"].map(_VERSIONS).fillna(1).astype(int),
            _rank=last["source"].map(rank).fillna(len(rank)).astype(int),
        ).sort_values(["_version", "_rank", "source"], kind="stable")
        last = ranked.drop_duplicates(across).drop(columns=["_version", "_rank"])
    return last.sort_index().reset_index(drop=True)
