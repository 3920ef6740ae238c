"""How a later value of the same reading is kept beside the earlier one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.partitions import numbered

__all__ = [
    "SOURCE_PRIORITY", "SUPERSEDED", "counting", "last_versions", "merge_readings", "speaking",
]  # fmt: skip

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


_OUTCOMES = pd.CategoricalDtype(["new", "corrected", "confirmed", "superseded", "unchanged"])
_NEW, _CORRECTED, _CONFIRMED, _SUPERSEDED, _UNCHANGED = range(5)

#: Flag of a value that is not audited and came after the audited one of its source: kept, not used.
SUPERSEDED = "superseded"


def merge_readings(
    stored: pd.DataFrame,
    incoming: pd.DataFrame,
    *,
    key: list[str],
    received: pd.Timestamp,
    values: Sequence[str] = ("value",),
    whole: bool = False,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Join ``incoming`` readings to ``stored`` ones.

    A reading whose key is new is known from its own time (``known_from`` as passed), so history
    that is loaded late counts as known at its own time. One whose value equals the value known
    last changes nothing. One whose value differs is a correction: it is added with ``known_from``
    the moment of receipt, and the earlier row stays.

    An empty value is no statement: the stored one stays. Of several values in a row, one that comes
    where none was is a new reading and joins the row that is there. After an audited value, one that
    is not audited is kept with the flag ``superseded``; an audited value that equals the stored one
    confirms it.

    Args:
        stored: rows of the table, any number of versions of a key.
        incoming: new rows, in order of receipt; several may share a key.
        key: columns that name a reading.
        received: moment of receipt.
        values: the columns that make a reading; it differs where one of them differs.
        whole: True where rows say all that there is, such as days made anew: an empty value takes
            the stored one back, and the last row counts whatever its version.

    Returns:
        All rows, stored first; and for each incoming row its ``file_id``, ``outcome`` (``new``,
        ``corrected``, ``confirmed``, ``superseded`` or ``unchanged``) and ``silent``: how many of its values are
        empty where one is stored, of those that its file has elsewhere.
    """
    if stored.empty and not _repeats(incoming, key):
        every = incoming.reset_index(drop=True)
        nothing = np.zeros(len(every), dtype=np.int32)
        return every, _outcomes(every["file_id"], nothing, nothing)
    both = pd.concat([stored, incoming], ignore_index=True)
    late = np.arange(len(both)) >= len(stored)
    # Only keys that come in need a look; a daily file touches few of a year's places and days.
    touched = _touched(both, incoming, key)
    work = both.loc[touched, [*key, "known_from"]].copy()
    work["late"] = late[touched]
    work["at"] = np.arange(len(work))
    code = work.groupby(key, sort=False, dropna=False).ngroup().to_numpy()
    # Within a key: stored versions by the time they became known, then the incoming in order.
    known = work["known_from"].to_numpy("datetime64[s]").astype(np.int64)
    is_late = work["late"].to_numpy(bool)
    order = np.lexsort((work["at"].to_numpy(), np.where(is_late, 0, known), is_late, code))
    code, known, is_late = code[order], known[order], is_late[order]
    rows = np.flatnonzero(touched)[order]
    given = both.loc[touched, list(values)].to_numpy(np.float64)[order]
    again = np.concatenate([[False], code[1:] == code[:-1]])

    value, added, audited = given, np.zeros(len(given), bool), np.zeros(len(given), bool)
    if not whole:
        value, added = _completed(given, again, is_late)
        audited = (both["version"].iloc[rows] == "audited").to_numpy(bool)
    found = _compared(value, audited, again, is_late)
    found[added & (found == _UNCHANGED)] = _NEW
    dropped = is_late & again & ((found == _UNCHANGED) | (found == _NEW))

    # Corrections are known strictly later than every version before them; a repeated value takes
    # the moment of the one it repeats, so that it does not break the chain.
    moment = received.value // 10**9
    for at in np.flatnonzero(is_late & again):
        before = known[at - 1]
        known[at] = before if dropped[at] else max(known[at], moment, before + 1)
    moments = both["known_from"].to_numpy("datetime64[s]").copy()
    moments[rows] = known.astype("datetime64[s]")
    both["known_from"] = moments
    if not whole:
        taken = is_late & (np.isnan(given) & ~np.isnan(value)).any(axis=1)
        _write_values(both, rows, list(values), given, value)
        kept = np.maximum.accumulate(np.where(dropped, 0, np.arange(len(rows))))
        joins = added & dropped
        _join_origins(both, rows[kept[joins]], rows[joins])
        _join_flags(both, rows, kept, taken & ~dropped, joins, found)
    codes = np.zeros(len(both), dtype=np.int64)
    codes[rows] = found
    silent = np.zeros(len(both), dtype=np.int32)
    if not whole:
        held = is_late & again
        blank = np.isnan(given) & ~np.isnan(value) & held[:, None]
        silent[rows] = _where_carried(incoming, list(values), both["file_id"].iloc[rows], blank)
        if "item" in key:
            silent[len(stored) :] += _items_left_out(stored, incoming, key, list(values))
    keep = np.ones(len(both), bool)
    keep[rows[dropped]] = False
    outcome = _outcomes(incoming["file_id"], codes[len(stored) :], silent[len(stored) :])
    return both[keep].reset_index(drop=True), outcome


def _repeats(rows: pd.DataFrame, key: list[str]) -> bool:
    """Return whether two rows have one key."""
    numbers = numbered(rows, key)
    if numbers is None:
        return bool(rows.duplicated(key).any())
    return len(rows) > 0 and int(np.bincount(numbers).max()) > 1


def _touched(both: pd.DataFrame, incoming: pd.DataFrame, key: list[str]) -> NDArray[np.bool_]:
    """Return the rows that may have the key of an incoming one."""
    touched: NDArray[np.bool_] = np.ones(len(both), bool)
    for name in key:
        if name == "region" or both[name].dtype.kind == "M":
            touched &= both[name].isin(incoming[name].unique()).to_numpy(bool)
    return touched


def _completed(
    given: NDArray[np.float64], again: NDArray[np.bool_], is_late: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the values with what rows leave empty, and which late rows brought a first value.

    Rows are in the order of their keys. An incoming row takes from the row before it what it does
    not say; what an incoming row says first of a key holds for the rows before it too.
    """
    at = np.arange(len(given))[:, None]
    alone = ~(again & is_late)[:, None] | ~np.isnan(given)
    value = np.take_along_axis(given, np.maximum.accumulate(np.where(alone, at, 0), axis=0), axis=0)
    added = np.zeros(len(given), bool)
    there = ~np.isnan(value)
    if there.all():
        return value, added
    first = np.maximum.accumulate(np.where(again, 0, at[:, 0]))[:, None]
    last = np.minimum.accumulate(np.where(np.append(~again[1:], True), at[:, 0], len(at))[::-1])
    never = np.maximum.accumulate(np.where(there, at, -1), axis=0) < first
    coming = np.minimum.accumulate(np.where(there, at, len(at))[::-1], axis=0)[::-1]
    fill = never & (coming <= last[::-1][:, None])
    fill &= is_late[np.where(fill, coming, 0)]
    row, column = np.nonzero(fill)
    value[row, column] = value[coming[row, column], column]
    added[coming[row, column]] = True
    return value, added


def _compared(
    value: NDArray[np.float64],
    audited: NDArray[np.bool_],
    again: NDArray[np.bool_],
    is_late: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """Return the outcome of each late row; rows are in the order of their keys."""
    at = np.arange(len(value))
    first = np.maximum.accumulate(np.where(again, 0, at))

    def before(of: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return whether a row of these stands before in the key, and whether the last is equal."""
        last = np.maximum.accumulate(np.concatenate([[-1], np.where(of, at, -1)[:-1]]))
        there = last >= first
        other = value[np.where(there, last, 0)]
        like = ((value == other) | (np.isnan(value) & np.isnan(other))).all(axis=1)
        return there, there & like

    found = np.full(len(value), _NEW)
    check = is_late & again
    if not audited.any():
        _, like = before(np.ones(len(value), bool))
        found[check] = np.where(like[check], _UNCHANGED, _CORRECTED)
        return found
    _, like_other = before(~audited)
    some, like_audited = before(audited)
    # Audited after audited, or others after others: by value, as ever.
    same = np.where(audited, like_audited, like_other)
    confirmed = audited & ~some & like_other
    known = same | (~audited & like_audited)
    found[check] = np.select(
        [known[check], confirmed[check], (~audited & some)[check]],
        [_UNCHANGED, _CONFIRMED, _SUPERSEDED],
        _CORRECTED,
    )
    return found


def _write_values(
    both: pd.DataFrame,
    rows: NDArray[np.intp],
    values: list[str],
    given: NDArray[np.float64],
    value: NDArray[np.float64],
) -> None:
    for number, name in enumerate(values):
        other = np.isnan(given[:, number]) & ~np.isnan(value[:, number])
        if other.any():
            column = both[name].to_numpy(np.float64).copy()
            column[rows[other]] = value[other, number]
            both[name] = column


def _join_origins(both: pd.DataFrame, kept: NDArray[np.intp], joined: NDArray[np.intp]) -> None:
    """Name the file and line that came last to a row, so that the file is known to have changed it."""
    if not len(joined):
        return
    for name in ("file_id", "row"):
        if name in both:
            column = both[name].to_numpy(dtype=object).copy()
            column[kept] = column[joined]
            both[name] = pd.Series(column, index=both.index).astype(
                "str" if name == "file_id" else "int32"
            )


def _join_flags(
    both: pd.DataFrame,
    rows: NDArray[np.intp],
    kept: NDArray[np.intp],
    taken: NDArray[np.bool_],
    added: NDArray[np.bool_],
    found: NDArray[np.int64],
) -> None:
    """Give rows that hold values of two the flags of both, and superseded ones their own flag."""
    confirmed, outdone = found == _CONFIRMED, found == _SUPERSEDED
    some = np.flatnonzero(taken | added | confirmed | outdone)
    if not len(some):
        return
    flags = both["flag"].astype("str").to_numpy(dtype=object)
    for at in some:
        mine, before = flags[rows[at]].split(), flags[rows[at - 1]].split()
        if added[at]:
            before = flags[rows[kept[at]]].split()
            flags[rows[kept[at]]] = " ".join(dict.fromkeys([*before, *mine]))
        if confirmed[at]:
            # What a person rejected stays so when its source says it once more.
            mine += [word for word in before if word == "rejected"]
        if taken[at]:
            mine += [word for word in before if word not in ("rejected", SUPERSEDED)]
        if outdone[at]:
            mine.append(SUPERSEDED)
        flags[rows[at]] = " ".join(dict.fromkeys(mine))
    both["flag"] = pd.Series(flags, dtype="str", index=both.index)


def _where_carried(
    incoming: pd.DataFrame, values: list[str], files: pd.Series[str], blank: NDArray[np.bool_]
) -> NDArray[np.int32]:
    """Count the blank values of each row, of those that its file has elsewhere."""
    if not blank.any():
        return np.zeros(len(blank), dtype=np.int32)
    carried = incoming.groupby(incoming["file_id"].astype("str"))[values].count() > 0
    mine = carried.reindex(files.astype("str"), fill_value=False).to_numpy(bool)
    return np.asarray((blank & mine).sum(axis=1), dtype=np.int32)


def _items_left_out(
    stored: pd.DataFrame, incoming: pd.DataFrame, key: list[str], values: list[str]
) -> NDArray[np.int32]:
    """Count stored readings that a file leaves out though it has their time and their item.

    The count of a file stands at its first row.
    """
    counts = np.zeros(len(incoming), dtype=np.int32)
    near = stored[_touched(stored, incoming, key)]
    near = near[near[values].notna().all(axis=1)].drop_duplicates(key)
    if near.empty:
        return counts
    of = [name for name in key if name != "item"]
    mine = incoming[["file_id", *key]].astype({"file_id": "str"}).reset_index(drop=True)
    every = mine.drop_duplicates()
    wanted = every[["file_id", *of]].drop_duplicates().merge(near[key], on=of)
    wanted = wanted.merge(every[["file_id", "item"]].drop_duplicates(), on=["file_id", "item"])
    here = wanted.merge(every, on=["file_id", *key])
    left = wanted["file_id"].value_counts().sub(here["file_id"].value_counts(), fill_value=0)
    firsts = mine.drop_duplicates("file_id")["file_id"]
    counts[firsts.index] = left.reindex(firsts, fill_value=0).to_numpy(np.int32)
    return counts


def _outcomes(
    files: pd.Series[str], codes: NDArray[np.integer[Any]], silent: NDArray[np.int32]
) -> pd.DataFrame:
    words = pd.Categorical.from_codes(codes, dtype=_OUTCOMES)
    return pd.DataFrame(
        {"file_id": files.reset_index(drop=True), "outcome": words, "silent": silent}
    )


def last_versions(rows: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """Return the version of each reading that counts for its source; ``key`` has its source.

    It is the one known last, but for those that came after an audited one and are not audited.
    """
    if not rows.duplicated(key).any():
        return rows
    rows = counting(rows)
    return rows.sort_values("known_from", kind="stable").drop_duplicates(key, keep="last")


def counting(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the versions that count or counted once: all but those flagged ``superseded``."""
    out = rows["flag"].str.contains(SUPERSEDED, regex=False).astype(bool)
    return rows[~out] if out.any() else rows


def speaking(rows: pd.DataFrame, key: list[str], priority: Sequence[str]) -> pd.DataFrame:
    """Return the one row that speaks for each reading.

    Of one source the version known last counts, an audited one before others whenever they came;
    where that was rejected, the source is silent. Of several sources an audited value goes before an unmarked one and that before a real-time one;
    then the order of ``priority`` decides, then a given day goes before one made of points
    (``from_points``), and at last the source's name, so that the answer never depends on the order
    of reading.

    Args:
        rows: versions of readings, with ``version``, ``flag``, ``source`` and ``known_from``.
        key: columns that name a reading, ``source`` among them.
        priority: sources, the first speaks first; others come after them.

    Returns:
        Rows in the order in which they came, numbered anew.
    """
    if rows.empty:
        return rows.reset_index(drop=True)
    last = last_versions(rows, key)
    last = last[~last["flag"].str.contains("rejected", regex=False).astype(bool)]
    across = [column for column in key if column != "source"]
    if last.duplicated(across).any():
        rank = {source: at for at, source in enumerate(priority)}
        ranked = last.assign(
            _version=last["version"].map(_VERSIONS).fillna(1).astype(int),
            _rank=last["source"].map(rank).fillna(len(rank)).astype(int),
            _made=last["flag"].str.contains("from_points", regex=False).astype(bool),
        ).sort_values(["_version", "_rank", "_made", "source"], kind="stable")
        last = ranked.drop_duplicates(across).drop(columns=["_version", "_rank", "_made"])
    return last.sort_index().reset_index(drop=True)
