"""Forty levels of a package through the paths of one city: factors, daily values, every indicator.

    OMP_NUM_THREADS=1 python benchmarks/scenario_speed.py [--paths 2000] [--levels 40] [--jobs 2]
        [--out FILE]

The paths are made (a year of six items, all of it ahead; nothing is measured) and so is the package:
cuts of all pollutants from 1 April on with an uncertain compliance, through the shipped response of
the air. Timed are the factors alone, the full assessment of every level on one thread and on
``--jobs``, and what a user waits for: the comparison of two packages with regimes and split of
variance, an inverse on PM2.5, an inverse on good days with the three regimes of ozone, and a frontier
of nine by nine cuts. Beside it stands the plain way: apply the factors, assess the whole year anew.
The two ways have to agree to the last bit.
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from forecast.projection.scenario_frontier import frontier
from forecast.projection.scenario_inverse import solve
from forecast.projection.scenario_outcome import compare_packages
from forecast.projection.scenario_package import PackageFactors
from forecast.projection.scenario_source import in_turn
from forecast.projection.scenario_years import ScenarioYear
from forecast.scenario.air_response import AirFactors, air_factors, draw_air
from forecast.scenario.apply import apply_factors
from forecast.scenario.cuts import PollutantCuts
from forecast.scenario.pollutants import POLLUTANTS
from forecast.standards.air_assessment import AirYear, assess_year
from forecast.standards.items import AIR_ITEMS
from forecast.targets.model import Target

YEAR, START = 2025, 90
DAYS = np.arange(f"{YEAR}-01-01", f"{YEAR + 1}-01-01", dtype="datetime64[D]")
LEVELS = np.array([10.0, 30.0, 70.0, 40.0, 0.8, 110.0])
PACKAGE = {"SO2": 0.3, "NOx": 0.3, "NH3": 0.1, "VOC": 0.3, "PM25": 0.4, "PM10": 0.4, "CO": 0.2}
T = TypeVar("T")


def made(n: int) -> np.ndarray:
    """Paths of a year: a season, a year effect, noise."""
    rng = np.random.default_rng(1)
    season = 0.3 * np.cos(2 * np.pi * np.arange(len(DAYS)) / 365.25)
    sign = np.array([1, 1, 1, 1, 1, -1.0])
    noise = rng.normal(0, 0.45, (n, len(DAYS), 6)) + rng.normal(0, 0.08, (n, 1, 6))
    return (LEVELS * np.exp(noise + season[:, None] * sign)).astype(np.float32)


def cuts(of: dict[str, float], compliance: np.ndarray, scale: float) -> list[PollutantCuts]:
    taken = np.zeros((len(compliance), len(DAYS), len(POLLUTANTS)))
    for pollutant, cut in of.items():
        column = POLLUTANTS.index(pollutant)
        taken[:, START:, column] = np.minimum(scale * cut * compliance, 1.0)[:, None]
    return [PollutantCuts(DAYS, taken, "region")]


def target(indicator: str, comparator: str, value: float) -> Target:
    return Target(
        id=f"made-{indicator.replace('_', '-')}", domain="air", indicator=indicator, year=YEAR,
        label_zh=indicator, label_en=indicator, kind="threshold", comparator=comparator, value=value,
    )  # fmt: skip


def timed(work: Callable[[], T]) -> tuple[T, float]:
    before = time.perf_counter()
    found = work()
    return found, time.perf_counter() - before


def plain(values: np.ndarray, factors: AirFactors) -> AirYear:
    changed = apply_factors(values, DAYS, factors, first_day=DAYS[0])
    return assess_year(changed, DAYS, AIR_ITEMS, YEAR)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--paths", type=int, default=2000)
    parser.add_argument("--levels", type=int, default=40)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".md"))
    asked = parser.parse_args()
    n, jobs = asked.paths, asked.jobs
    values = made(n)
    compliance = np.random.default_rng(2).beta(8.5, 1.5, n)
    draws = draw_air("衡水", n, np.random.default_rng(3))
    year, prepared = timed(lambda: ScenarioYear(values, DAYS, YEAR, first_day=DAYS[0]))
    whole = PackageFactors(partial(cuts, PACKAGE, compliance), draws, DAYS)
    nox = PackageFactors(partial(cuts, {"NOx": 0.3}, compliance), draws, DAYS)
    scales = np.linspace(1 / asked.levels, 1.0, asked.levels).tolist()

    def level(scale: float) -> AirYear:
        return year.assess(whole(scale=scale))

    _, of_factors = timed(lambda: [whole(scale=s) for s in scales])
    one, on_one = timed(lambda: in_turn([partial(level, s) for s in scales], 1))
    many, on_jobs = timed(lambda: in_turn([partial(level, s) for s in scales], jobs))
    sample = scales[:: max(1, len(scales) // 5)]
    slow, of_plain = timed(lambda: [plain(values, whole(scale=s)) for s in sample])
    same = all(
        a.values[k].tobytes() == b.values[k].tobytes()
        for a, b in zip(one, many, strict=True)
        for k in a.values
    )
    exact = all(
        a.values[k].tobytes() == one[scales.index(s)].values[k].tobytes()
        for a, s in zip(slow, sample, strict=True)
        for k in a.values
    )
    pm25, good = target("pm25_annual_mean", "<=", 42), target("good_day_ratio", ">=", 62)
    _, of_compare = timed(
        lambda: compare_packages(year, {"A": whole, "B": nox}, [pm25, good], jobs=jobs)
    )
    first, of_pm25 = timed(
        lambda: solve(year, whole, pm25, rng=np.random.default_rng(4), jobs=jobs)
    )
    second, of_good = timed(
        lambda: solve(year, whole, good, rng=np.random.default_rng(4), jobs=jobs)
    )
    side = np.linspace(0, 0.4, 9).tolist()

    def pair(a: float, b: float) -> AirFactors:
        return air_factors(cuts({"NOx": a, "VOC": b}, compliance, 1.0), draws, DAYS)

    _, of_frontier = timed(lambda: frontier(year, pair, good, first=side, second=side, jobs=jobs))
    lines = [
        "# Levels of a package through the paths",
        "",
        f"Made by `OMP_NUM_THREADS=1 python benchmarks/scenario_speed.py` on "
        f"{datetime.now(UTC):%Y-%m-%d}: {platform.system()} {platform.machine()}, Python "
        f"{platform.python_version()}, numpy {np.__version__}; {n} paths x {len(DAYS)} days x 6 items, "
        f"made.",
        "",
        "| work | seconds |",
        "|---|---|",
        f"| prepare the year once | {prepared:.1f} |",
        f"| factors of {asked.levels} levels | {of_factors:.1f} |",
        f"| factors and every indicator of {asked.levels} levels, 1 thread | {on_one:.1f} |",
        f"| the same, {jobs} threads | {on_jobs:.1f} |",
        f"| the plain way, {asked.levels} levels (from {len(sample)}), 1 thread | "
        f"{of_plain / len(sample) * asked.levels:.1f} |",
        f"| two packages, regimes and split of variance, {jobs} threads | {of_compare:.1f} |",
        f"| inverse on PM2.5, {jobs} threads | {of_pm25:.1f} |",
        f"| inverse on good days with three regimes, {jobs} threads | {of_good:.1f} |",
        f"| frontier of 9 x 9 cuts, {jobs} threads | {of_frontier:.1f} |",
        "",
        f"- the same on {jobs} threads as on one, to the last bit: **{'yes' if same else 'NO'}**",
        f"- the same as the plain way, to the last bit: **{'yes' if exact else 'NO'}**",
        f"- scale that reaches PM2.5 with 0.8: {_said(first.scale)}; good days: {_said(second.scale)}",
        "",
    ]  # fmt: skip
    asked.out.write_text("\n".join(lines), encoding="utf-8", newline="\n")
    sys.stdout.write("\n".join(lines))


def _said(scale: float | None) -> str:
    return "not in the domain" if scale is None else f"{scale:.3f}"


if __name__ == "__main__":
    main()
