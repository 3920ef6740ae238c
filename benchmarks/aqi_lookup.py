"""How fast the daily AQI of a million days is, against two plain ways of computing it.

Run ``python benchmarks/aqi_lookup.py``: measures all in one run on one core and writes
``benchmarks/aqi_lookup.md``. The plain ways are ``numpy.interp`` with a ceiling, which is wrong
where binary floats miss a whole number, and a Python loop over rows in exact fractions.
"""

from __future__ import annotations

import math
import os
import platform
import time
from collections.abc import Callable
from datetime import date
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from forecast.standards.air_assessment import assess_year
from forecast.standards.aqi import daily_aqi
from forecast.standards.items import AIR_ITEMS
from forecast.standards.published_tables import table_rows

DAYS = 1_000_000
LOOP_DAYS = 3_000
REPEATS = 5
STANDARD = "HJ 633-2012"


def node_columns() -> list[tuple[list[str], list[int], int]]:
    """Nodes, index values and decimals of each item, in the order of AIR_ITEMS."""
    found = {}
    for row in table_rows("aqi_nodes"):
        if row["standard"] == STANDARD:
            levels = [i for i in (0, 50, 100, 150, 200, 300, 400, 500) if row[f"iaqi_{i}"]]
            nodes = [row[f"iaqi_{i}"] for i in levels]
            found[row["series"]] = (nodes, levels, int(row["decimals"]))
    series = [item if item == "o3_8h" else f"{item}_24h" for item in AIR_ITEMS]
    return [found[name] for name in series]


def by_interp(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """AQI by numpy.round, numpy.interp and a ceiling, all in floats."""
    best = np.zeros(len(values), dtype=np.int64)
    for column, (nodes, levels, decimals) in enumerate(node_columns()):
        rounded = np.round(values[:, column], decimals)
        index = np.ceil(np.interp(rounded, [float(n) for n in nodes], levels))
        best = np.maximum(best, index.astype(np.int64))
    return best


def by_loop(values: NDArray[np.float64]) -> list[int]:
    """AQI by a loop over rows, items and nodes in exact fractions."""
    columns = [
        ([Fraction(n) for n in nodes], levels, decimals)
        for nodes, levels, decimals in node_columns()
    ]
    result = []
    for row in values.tolist():
        best = 0
        for value, (nodes, levels, decimals) in zip(row, columns, strict=True):
            c = round(Fraction(str(value)) * 10**decimals) / Fraction(10**decimals)
            if c >= nodes[-1]:
                best = max(best, levels[-1])
                continue
            k = next(i for i in range(1, len(nodes)) if c <= nodes[i])
            slope = Fraction(levels[k] - levels[k - 1]) / (nodes[k] - nodes[k - 1])
            best = max(best, math.ceil(slope * (c - nodes[k - 1]) + levels[k - 1]))
        result.append(best)
    return result


def seconds(work: Callable[[], object], repeats: int = REPEATS) -> float:
    """Least time of several runs [s]."""
    best = math.inf
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


def processor() -> str:
    """Model of the processor as the system names it."""
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def main() -> None:
    """Measure and write the page."""
    rng = np.random.default_rng(20260301)
    values = np.round(rng.gamma(2.0, 40.0, (DAYS, 6)), 1)
    values[:, AIR_ITEMS.index("co")] = np.round(rng.gamma(2.0, 0.8, DAYS), 1)
    values[:, AIR_ITEMS.index("o3_8h")] = np.minimum(values[:, AIR_ITEMS.index("o3_8h")], 800.0)
    single = values.astype(np.float32)
    paths = np.resize(single, (2000, 365, 6))
    year = np.arange("2025-01-01", "2026-01-01", dtype="datetime64[D]")

    ours = seconds(lambda: daily_aqi(values, None, standard=STANDARD))
    ours_single = seconds(lambda: daily_aqi(single, None, standard=STANDARD))
    interp = seconds(lambda: by_interp(values))
    loop = seconds(lambda: by_loop(values[:LOOP_DAYS]), 1) * DAYS / LOOP_DAYS
    assessed = seconds(lambda: assess_year(paths, year, AIR_ITEMS, 2025))

    result = daily_aqi(values, None, standard=STANDARD).aqi
    assert by_loop(values[:LOOP_DAYS]) == result[:LOOP_DAYS].tolist()
    wrong = int((by_interp(values) != result).sum())

    lines = [
        "# Daily AQI of a million days",
        "",
        f"`python benchmarks/aqi_lookup.py` on {date.today().isoformat()}: {processor()}, "  # noqa: DTZ011
        f"{os.cpu_count()} cores (one used), Python {platform.python_version()}, "
        f"numpy {np.__version__}. Least of {REPEATS} runs; the loop is timed on {LOOP_DAYS} days "
        "and scaled.",
        "",
        "| way | seconds for 1,000,000 days x 6 items | times ours | AQI wrong |",
        "|---|---|---|---|",
        f"| `daily_aqi`, float64 | {ours:.3f} | 1.0 | 0 |",
        f"| `daily_aqi`, float32 | {ours_single:.3f} | {ours_single / ours:.1f} | 0 |",
        f"| `numpy.interp` and a ceiling | {interp:.3f} | {interp / ours:.1f} | {wrong:,} |",
        f"| a loop over rows in exact fractions | {loop:.0f} | {loop / ours:,.0f} | 0 |",
        "",
        "`daily_aqi` also checks for missing items, applies the rule on them, and keeps the index "
        "of every item; the plain ways give the AQI only. Wrong means different from `daily_aqi`, "
        "which equals the formula in exact fractions on the days looped over and, in the tests, at "
        "every step of every series.",
        "",
        f"All fourteen annual indicators of 2,000 paths x 365 days x 6 items (float32): "
        f"{assessed:.2f} s.",
        "",
    ]
    page = Path(__file__).with_suffix(".md")
    page.write_text("\n".join(lines), encoding="utf-8", newline="\n")
    print(page.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
