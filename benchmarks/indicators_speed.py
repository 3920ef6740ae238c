"""Annual indicators of many drawn years: ``assess_year`` against plain pandas that does the same.

    python benchmarks/indicators_speed.py [--paths 1000] [--out FILE]

Six items of every day of 2025, 1,000 paths: means, percentiles, good and heavy days, ratio of good
days, composite index. Once with all days drawn, once with nine months observed, as on 30 September,
where the paths agree. The peer holds the paths as one frame of path, day and item and works by
``groupby``; the second one assesses one path after the other, as a function made for one year does.
Values are made; both have to give the same figures.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from aqi_lookup import processor
from numpy.typing import NDArray

from forecast.standards.air_assessment import AIR_INDICATORS, assess_year
from forecast.standards.items import AIR_ITEMS

DAYS = np.arange("2025-01-01", "2026-01-01", dtype="datetime64[D]")
OBSERVED = 273
REPEATS = 5
#: Paths that the peer of single years is timed on; its time is scaled.
SINGLES = 50

#: HJ 633-2012, Table 1: daily means (O3 8 hours) at which the sub-index has these values.
INDEX = (0, 50, 100, 150, 200, 300, 400, 500)
BREAKS = {
    "so2": (0, 50, 150, 475, 800, 1600, 2100, 2620),
    "no2": (0, 40, 80, 180, 280, 565, 750, 940),
    "pm10": (0, 50, 150, 250, 350, 420, 500, 600),
    "pm25": (0, 35, 75, 115, 150, 250, 350, 500),
    "co": (0, 2, 4, 14, 24, 36, 48, 60),
    "o3_8h": (0, 100, 160, 215, 265, 800, 800, 800),
}
#: GB 3095-2012: limits of the composite index, what enters it, and which percentile each item has.
LIMITS = {"so2": 60.0, "no2": 40.0, "pm10": 70.0, "pm25": 35.0, "co": 4.0, "o3_8h": 160.0}
COMPOSITE = {
    "so2": "so2_annual_mean", "no2": "no2_annual_mean", "pm10": "pm10_annual_mean",
    "pm25": "pm25_annual_mean", "co": "co_p95", "o3_8h": "o3_8h_p90",
}  # fmt: skip
PERCENTS = {"so2": 98, "no2": 98, "pm10": 95, "pm25": 95, "co": 95, "o3_8h": 90}


def drawn(n_paths: int) -> NDArray[np.float32]:
    """Days of all paths, shape (path, day, item): a season and noise; nothing is measured."""
    rng = np.random.default_rng(2025)
    level = np.log([9.0, 26.0, 60.0, 32.0, 0.7, 95.0])
    season = 0.35 * np.cos(2 * np.pi * np.arange(len(DAYS)) / 365.25)[:, None]
    sign = np.array([1, 1, 1, 1, 1, -1])
    noise = 0.4 * rng.standard_normal((n_paths, len(DAYS), len(AIR_ITEMS)))
    return np.exp(level + season * sign + noise).astype(np.float32)


def by_groups(frame: pd.DataFrame) -> pd.DataFrame:
    """Indicators by path in plain pandas, index path.

    Args:
        frame: index (path, day), one column an item.
    """
    paths = frame.groupby(level="path")
    found = paths[["so2", "no2", "pm10", "pm25"]].mean().add_suffix("_annual_mean")
    for item, per_cent in PERCENTS.items():
        found[f"{item}_p{per_cent}"] = paths[item].quantile(per_cent / 100.0)
    # The index is that of the concentration in whole units, of CO in tenths.
    shown = frame.round({item: int(item == "co") for item in BREAKS})
    sub = pd.DataFrame(
        {item: np.interp(shown[item], points, INDEX) for item, points in BREAKS.items()},
        index=frame.index,
    )
    # A hair of floating point over a whole number is no step up.
    aqi = np.ceil(sub.max(axis=1).round(6))
    found["good_days"] = (aqi <= 100).groupby(level="path").sum()
    found["heavy_days"] = (aqi > 200).groupby(level="path").sum()
    found["good_day_ratio"] = 100.0 * found["good_days"] / paths.size()
    found["composite_index"] = sum(found[name] / LIMITS[item] for item, name in COMPOSITE.items())
    return found


def one_by_one(frame: pd.DataFrame) -> pd.DataFrame:
    """The same by a function of one year, for one path after the other."""
    years = {path: of_year(year) for path, year in frame.groupby(level="path")}
    return pd.DataFrame.from_dict(years, orient="index")


def of_year(year: pd.DataFrame) -> dict[str, float]:
    """Indicators of one year of days, one column an item."""
    means = year.mean()
    found = {f"{item}_annual_mean": means[item] for item in ("so2", "no2", "pm10", "pm25")}
    for item, per_cent in PERCENTS.items():
        found[f"{item}_p{per_cent}"] = year[item].quantile(per_cent / 100.0)
    shown = year.round({item: int(item == "co") for item in BREAKS})
    sub = {item: np.interp(shown[item], points, INDEX) for item, points in BREAKS.items()}
    aqi = np.ceil(pd.DataFrame(sub).max(axis=1).round(6))
    found["good_days"] = float((aqi <= 100).sum())
    found["heavy_days"] = float((aqi > 200).sum())
    found["good_day_ratio"] = 100.0 * found["good_days"] / len(year)
    found["composite_index"] = sum(found[name] / LIMITS[item] for item, name in COMPOSITE.items())
    return found


def seconds(act: Callable[[], object], times: int = REPEATS) -> float:
    """The shortest of several times that ``act`` takes [CPU-s]."""
    found = []
    for _ in range(times):
        begun = time.process_time()
        act()
        found.append(time.process_time() - begun)
    return min(found)


def different(values: NDArray[np.float32], theirs: pd.DataFrame) -> dict[str, int]:
    """Indicator → paths whose figures differ by more than the decimals that ours are read with."""
    ours = assess_year(values, DAYS, AIR_ITEMS, 2025).values
    assert set(ours) == set(AIR_INDICATORS) == set(theirs.columns)
    return {
        name: int((~np.isclose(own, theirs[name], rtol=1e-5, atol=1e-4)).sum())
        for name, own in ours.items()
    }


def main() -> int:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--paths", type=int, default=1000)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    values = drawn(asked.paths)
    joined = values.copy()
    joined[:, :OBSERVED] = values[0, :OBSERVED]
    index = pd.MultiIndex.from_product([range(asked.paths), DAYS], names=["path", "day"])
    frame = pd.DataFrame(
        values.reshape(-1, len(AIR_ITEMS)).astype(float), index=index, columns=list(AIR_ITEMS)
    )
    few = frame.loc[: min(SINGLES, asked.paths) - 1]
    both = ((values, by_groups(frame)), (values[:SINGLES], one_by_one(few)))
    unlike = {name: n for pair in both for name, n in different(*pair).items() if n}
    said = ", ".join(f"{name} in {n} paths" for name, n in unlike.items()) or "none"
    ours = seconds(lambda: assess_year(values, DAYS, AIR_ITEMS, 2025))
    late = seconds(lambda: assess_year(joined, DAYS, AIR_ITEMS, 2025, drawn_from=OBSERVED))
    groups = seconds(lambda: by_groups(frame))
    singles = seconds(lambda: one_by_one(few), 1) * asked.paths / min(SINGLES, asked.paths)
    lines = [
        "# Annual indicators of many drawn years",
        "",
        f"`python benchmarks/indicators_speed.py --paths {asked.paths}` on "
        f"{datetime.now(UTC).date().isoformat()}: {processor()}, {os.cpu_count()} cores (one used), "
        f"Python {platform.python_version()}, numpy {np.__version__}, pandas {pd.__version__}. "
        f"{asked.paths} paths of 365 days and six items, {len(AIR_INDICATORS)} indicators; CPU-seconds, "
        f"least of {REPEATS}; one path after the other timed on {SINGLES} paths and scaled.",
        "",
        "| way | CPU-seconds | years a second | times ours |",
        "|---|---|---|---|",
    ]
    for name, took in (
        ("`assess_year`, all days drawn", ours),
        (f"`assess_year`, {OBSERVED} days observed", late),
        ("pandas, `groupby` over all paths", groups),
        ("pandas, one path after the other", singles),
    ):
        lines.append(f"| {name} | {took:.3f} | {asked.paths / took:,.0f} | {took / ours:.1f} |")
    lines += [
        "",
        f"Figures that differ: {said}. `assess_year` also applies the rules on the number of days, on "
        "missing items and on the standard in force on each day, which the plain ways leave out.",
        "",
    ]
    text = "\n".join(lines)
    print(text)
    if asked.out is not None:
        asked.out.write_text(text, encoding="utf-8")
    return 0 if not unlike else 1


if __name__ == "__main__":
    sys.exit(main())
