"""The common forms of numbers and times, read without the tools that the rare ones need.

A column of a routine file has plain decimals, or days and times as ISO 8601 writes them, and some
words that say that there is no value. Few hundred distinct cells are read several times as fast by
a loop as by expressions over columns; a column with any other cell is left to those, as a whole.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

__all__ = ["MISSING", "NUMBER", "plain_numbers", "plain_times"]

#: How the sources write that there is no value.
MISSING = frozenset(
    ["", "-", "--", "—", "——", "－", "*", "/", "na", "n/a", "nan", "null", "none", "-999", "-999.0",
     "-9999", "-99", "停测", "缺测", "未监测", "无", "nd"]
)  # fmt: skip

#: A number with a point, in the syntax that Python and RE2 share.
NUMBER = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?"

_NUMBER = re.compile(NUMBER)
_TIME = re.compile(
    r"[12][0-9]{3}-[01][0-9]-[0-3][0-9](?:[T ][0-2][0-9]:[0-5][0-9](?::[0-5][0-9])?)?"
)


def plain_numbers(words: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.bool_]] | None:
    """Return numbers, and which cells say that there is none; None where a cell is something else.

    >>> values, missing = plain_numbers(["1.5", "--", "-2"])
    >>> values.tolist(), missing.tolist()
    ([1.5, nan, -2.0], [False, True, False])
    >>> plain_numbers(["1.5", "<0.2"]) is None
    True
    """
    values = []
    missing = []
    for word in words:
        none = word.lower() in MISSING
        missing.append(none)
        if none:
            values.append(math.nan)
        elif _NUMBER.fullmatch(word):
            values.append(float(word))
        else:
            return None
    if any(map(math.isinf, values)):
        return None
    return np.array(values, dtype=np.float64), np.array(missing, dtype=bool)


def plain_times(
    words: Sequence[str],
) -> tuple[NDArray[np.datetime64], NDArray[np.bool_]] | None:
    """Return times to the second, and which cells say that there is none.

    None where a cell is something else, or no day or time that exists.

    >>> moments, missing = plain_times(["2021-02-28 08:00", "无"])
    >>> [str(m) for m in moments], missing.tolist()
    (['2021-02-28T08:00:00', 'NaT'], [False, True])
    >>> plain_times(["2021-02-29"]) is None
    True
    """
    missing = [word.lower() in MISSING for word in words]
    if not all(none or _TIME.fullmatch(word) for word, none in zip(words, missing, strict=True)):
        return None
    texts = ["NaT" if none else word for word, none in zip(words, missing, strict=True)]
    try:
        moments = np.array(texts, dtype="datetime64[s]")
    except ValueError:
        return None
    return moments, np.array(missing, dtype=bool)
