"""What a quality rule returns: one row a finding, in the words of both languages."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "COLUMNS", "INFORMATION", "RULES", "findings", "flag_id", "joined", "no_findings", "runs",
]  # fmt: skip

#: Columns of every table of findings. ``first`` and ``last`` are the times of the first and last
#: reading, ``n`` the number of readings, ``detail`` a sentence as ``zh|en``.
COLUMNS: tuple[str, ...] = (
    "source", "region", "place", "item", "first", "last", "rule", "detail", "n",
)  # fmt: skip

#: Rule → what it says, in Chinese and English.
RULES: dict[str, tuple[str, str]] = {
    "range": ("超出可信范围", "outside the believable range"),
    "stuck": ("数值长时间不变", "the same value for too long"),
    "spike": ("孤立的突变", "a lone jump that returns"),
    "clock_shift": ("日变化错位", "the daily course is displaced"),
    "pm_order": ("PM2.5高于PM10", "PM2.5 above PM10"),
    "contradiction": ("数据相互矛盾", "readings contradict each other"),
    "basis_step": ("2018年9月状态变更", "the change of reference state in 2018-09"),
    "unit": ("单位可疑", "the unit is doubtful"),
    "moved": ("点位位置或名称不一", "a station moved or was renamed"),
}

#: Rules that say what is so by law: no fault, so nothing waits for a decision.
INFORMATION: frozenset[str] = frozenset({"basis_step"})


def no_findings() -> pd.DataFrame:
    """An empty table of findings, typed."""
    return _nothing().copy()


@cache
def _nothing() -> pd.DataFrame:
    # Most rules find nothing most of the time; to type ten empty columns takes longer than to look.
    return _table([], [], [], [], [], "", [], [])


def findings(
    region: ArrayLike,
    place: ArrayLike,
    item: ArrayLike | str,
    first: ArrayLike,
    last: ArrayLike,
    rule: str,
    detail: Sequence[str],
    n: ArrayLike,
) -> pd.DataFrame:
    """Return findings of one rule, one for each element; ``item`` may be one for all."""
    if not len(detail):
        return no_findings()
    return _table(region, place, item, first, last, rule, detail, n)


def _table(
    region: ArrayLike,
    place: ArrayLike,
    item: ArrayLike | str,
    first: ArrayLike,
    last: ArrayLike,
    rule: str,
    detail: Sequence[str],
    n: ArrayLike,
) -> pd.DataFrame:
    size = len(detail)
    items = [item] * size if isinstance(item, str) else list(np.asarray(item, dtype=object))
    return pd.DataFrame(
        {
            "source": pd.Series([""] * size, dtype="str"),
            "region": pd.Series(list(np.asarray(region, dtype=object)), dtype="str"),
            "place": pd.Series(list(np.asarray(place, dtype=object)), dtype="str"),
            "item": pd.Series(items, dtype="str"),
            "first": np.asarray(first, dtype="datetime64[s]"),
            "last": np.asarray(last, dtype="datetime64[s]"),
            "rule": pd.Series([rule] * size, dtype="str"),
            "detail": pd.Series(list(detail), dtype="str"),
            "n": np.asarray(n, dtype=np.int64),
        }
    )


def joined(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """All findings as one table, by place, item, time and rule."""
    there = [part for part in parts if len(part)]
    if not there:
        return no_findings()
    return pd.concat(there, ignore_index=True).sort_values(
        ["source", "region", "place", "item", "first", "rule", "last"],
        kind="stable",
        ignore_index=True,
    )


def runs(
    mask: NDArray[np.bool_], gap: int = 0
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Stretches of True in each row of ``mask`` (place, hour).

    Args:
        mask: what was found.
        gap: so many False within a stretch do not end it.

    Returns:
        Row, first column, last column (included) and number of True of each stretch.

    >>> [part.tolist() for part in runs(np.array([[True, True, False, True]]))]
    [[0, 0], [0, 3], [1, 3], [2, 1]]
    """
    row, column = np.nonzero(mask)
    if not len(row):
        return row, column, column, column
    new = np.r_[True, (np.diff(row) != 0) | (np.diff(column) > gap + 1)]
    starts = np.flatnonzero(new)
    ends = np.r_[starts[1:], len(row)]
    return row[starts], column[starts], column[ends - 1], ends - starts


def flag_id(
    table: str, source: str, region: str, place: str, item: str, rule: str, first: ArrayLike
) -> str:
    """Return the name of a flag, eight hexadecimal digits: the same finding, the same name.

    >>> flag_id("air_hourly", "made", "城", "站", "pm25", "stuck", "2021-01-01T05:00:00")
    '36a46f8f'
    """
    moment = str(np.asarray(first, dtype="datetime64[s]"))
    text = "\x1f".join((table, source, region, place, item, rule, moment))
    return hashlib.sha256(text.encode()).hexdigest()[:8]
