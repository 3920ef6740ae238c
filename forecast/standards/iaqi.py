"""IAQI of one series of concentrations: a look-up over the rounded concentration.

HJ 633-2012 and HJ 633-2026, formula (1) and Table 1: between two nodes the index is linear in the
concentration and rounded up. The concentration is first rounded half to even, to whole µg/m³ (CO:
0.1 mg/m³): clause 4.2.6 of 2026 (verified), the same under 2012 (from memory; the text is silent).
A rounded concentration is an integer number of steps, so every index a series can have is computed
once, in integers, and a million days are a million reads of a table.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forecast.standards.published_tables import table_rows
from forecast.standards.rounding import round_scaled
from forecast.standards.versions import resolve

__all__ = ["NO_IAQI", "SERIES", "IaqiTable", "iaqi", "iaqi_table"]

#: Stands for "no index": the value is missing, or the series has none at that concentration.
NO_IAQI = -1

#: Index values of the nodes (Table 1 of both versions).
NODES: tuple[int, ...] = (0, 50, 100, 150, 200, 300, 400, 500)

#: Series of Table 1: item and averaging time.
SERIES: tuple[str, ...] = tuple(dict.fromkeys(row["series"] for row in table_rows("aqi_nodes")))


@dataclass(frozen=True)
class IaqiTable:
    """All indices of one series under one version.

    Attributes:
        step: rounded steps in one unit of concentration (CO 10, else 1).
        last: concentration of the last node [steps].
        index: int16 of shape (last + 3,): the index at each step, then the index above the last
            node, then NO_IAQI for a missing value.
    """

    step: int
    last: int
    index: NDArray[np.int16]


@cache
def iaqi_table(series: str, standard: str) -> IaqiTable:
    """Build the look-up table of ``series`` under an HJ 633 or GB 3095 token.

    Raises:
        KeyError: no such series. UsageError: no such standard.
    """
    token = resolve(standard).aqi
    for row in table_rows("aqi_nodes"):
        if row["standard"] == token and row["series"] == series:
            break
    else:
        raise KeyError(series)
    decimals = int(row["decimals"])
    nodes = [
        (_steps(row[f"iaqi_{level}"], decimals), level) for level in NODES if row[f"iaqi_{level}"]
    ]
    index = [0]
    for (low, level_low), (high, level_high) in pairwise(nodes):
        rise, run = level_high - level_low, high - low
        # -(-a // b) is the ceiling of a / b in whole numbers.
        index += [level_low - (-rise * (c - low) // run) for c in range(low + 1, high + 1)]
    above = NO_IAQI if row["above"] == "none" else int(row["above"])
    table = np.array([*index, above, NO_IAQI], dtype=np.int16)
    table.setflags(write=False)
    return IaqiTable(step=10**decimals, last=nodes[-1][0], index=table)


def _steps(text: str, decimals: int) -> int:
    whole, _, part = text.partition(".")
    return int(whole + part.ljust(decimals, "0")[:decimals])


def iaqi(values: ArrayLike, series: str, standard: str) -> NDArray[np.int16]:
    """Return the IAQI of concentrations [µg/m³, CO mg/m³] of any shape; NO_IAQI where none.

    Above the last node the index is 500, the highest there is; SO2 1-hour above 800 has none
    (2012) or 200 (2026), O3 8-hour above 800 none (2012) or 300 (2026).

    Raises:
        ValueError: a concentration rounds to less than 0.

    >>> iaqi([2.2, 60.5], "co_24h", "HJ 633-2012").tolist()
    [55, 500]
    """
    array = np.asarray(values)
    if array.dtype != np.float32:
        array = array.astype(np.float64, copy=False)
    return look_up(array, iaqi_table(series, standard))


def look_up(
    values: NDArray[np.float64] | NDArray[np.float32], table: IaqiTable
) -> NDArray[np.int16]:
    """Read ``table`` at ``values`` [unit of the series], any shape."""
    scaled = np.asarray(np.multiply(values, table.step, dtype=np.float64))
    # Everything above the last node is one cell; clipping first keeps infinities out of the sums.
    np.clip(scaled, -1.0, table.last + 1.0, out=scaled)
    whole = round_scaled(scaled, narrow=values.dtype == np.float32)
    missing = np.isnan(whole)
    steps = np.where(missing, table.last + 2.0, whole).astype(np.intp)
    if steps.size and steps.min() < 0:
        raise ValueError("a concentration is below 0")
    return np.asarray(table.index[steps])
