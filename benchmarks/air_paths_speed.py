"""Fit and draw the air of a nation: 1,700 points x 6 items, 1,000 paths to the end of the year.

    OMP_NUM_THREADS=1 python benchmarks/air_paths_speed.py [--points 1700] [--paths 1000] [--jobs 2]
        [--out FILE]

One thread of linear algebra, as the command sets it.

Each point has 2,000 made days; it is fitted, drawn for 275 days together with the other four of its
city, and reduced to three annual figures, as a run does; no paths are kept. First on one process,
then on ``--jobs``, in other chunks: the figures have to be the same to the last bit. Beside it stands
a peer: the time that independent normal draws of as many days, items and paths and their
exponentials alone take with numpy, as the least that any simulation costs.
"""

from __future__ import annotations

import argparse
import hashlib
import platform
import resource
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from joblib import Parallel, delayed

from forecast.models import AirSeasonal
from forecast.projection.sharing import Sharing, shared_draws
from forecast.projection.streams import stream
from forecast.standards.items import AIR_ITEMS

DAYS = pd.date_range("2017-10-09", "2023-03-31")
FUTURE = np.arange("2023-04-01", "2024-01-01", dtype="datetime64[D]")
LEVELS = np.array([10.0, 30.0, 70.0, 40.0, 0.8, 90.0])
LIMITS = np.array([150.0, 80.0, 150.0, 75.0, 4.0, 160.0], dtype=np.float32)
A_CITY = 5


def made(point: int) -> pd.DataFrame:
    """2,000 days of one point: a season, persistence, 3 % missing; nothing is measured."""
    rng = np.random.default_rng([1700, point])
    noise = rng.normal(0, 0.5, (len(DAYS), len(AIR_ITEMS)))
    for day in range(1, len(noise)):
        noise[day] = 0.6 * noise[day - 1] + 0.8 * noise[day]
    season = 0.3 * np.cos(2 * np.pi * np.arange(len(DAYS)) / 365.25)[:, None]
    values = LEVELS * np.exp(season + noise)
    values[rng.random(values.shape) < 0.03] = np.nan
    return pd.DataFrame(values, index=DAYS, columns=list(AIR_ITEMS))


def project(points: list[int], n_paths: int) -> tuple[list[str], float]:
    """Digest of the annual figures of each point, and the CPU-seconds of fit and draw."""
    found, seconds = [], 0.0
    for point in points:
        history = made(point)
        before = time.process_time()
        sharing = Sharing(
            1, f"city {point // A_CITY}", DAYS[0].to_datetime64().astype("datetime64[D]"),
            FUTURE[0], FUTURE[-1], n_paths,
        )  # fmt: skip
        model = AirSeasonal(f"{point}", shared=shared_draws(sharing)).fit(history)
        drawn = model.sample(FUTURE, n_paths, stream(1, "air", f"{point}")).values
        seconds += time.process_time() - before
        good = (drawn <= LIMITS).all(axis=2).sum(axis=1)
        figures = np.column_stack([drawn[:, :, 3].mean(axis=1), drawn[:, :, 5].max(axis=1), good])
        found.append(hashlib.sha256(figures.tobytes()).hexdigest())
    return found, seconds


def peer(points: int, n_paths: int) -> float:
    """CPU-seconds of bare normal draws and their exponentials, of a tenth of the points, times ten."""
    rng = np.random.default_rng(1)
    before = time.process_time()
    for _ in range(points // 10):
        for _ in range(len(AIR_ITEMS)):
            np.exp(rng.standard_normal((n_paths, len(FUTURE)), dtype=np.float32)).mean(axis=1)
    return 10.0 * (time.process_time() - before)


def main() -> int:
    """Run and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--points", type=int, default=1700)
    parser.add_argument("--paths", type=int, default=1000)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    every = list(range(chosen.points))
    one, seconds = project(every, chosen.paths)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    bare = peer(chosen.points, chosen.paths)
    # Other chunks, across cities, on several processes; a tenth shows it.
    some = every[: max(chosen.points // 10, A_CITY)]
    chunks = [some[at::7] for at in range(7)]
    work = Parallel(n_jobs=chosen.jobs)(delayed(project)(c, chosen.paths) for c in chunks)
    again = {
        point: d
        for c, (ds, _) in zip(chunks, work, strict=True)
        for point, d in zip(c, ds, strict=True)
    }
    same = all(again[point] == one[point] for point in some)
    text = "\n".join(
        [
            "# Fit and paths of a nation",
            "",
            f"Made by `OMP_NUM_THREADS=1 python benchmarks/air_paths_speed.py` on {datetime.now(UTC).date().isoformat()}: "
            f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, numpy "
            f"{np.__version__}; {chosen.points} points x {len(AIR_ITEMS)} items, {len(DAYS)} made days, "
            f"{chosen.paths} paths of {len(FUTURE)} days, one process.",
            "",
            f"- fit and paths: **{seconds:.0f} CPU-seconds**, {1000 * seconds / chosen.points:.0f} ms a point "
            "(mark: about 100)",
            f"- bare normal draws and exponentials of as many values: {bare:.0f} CPU-seconds; ratio "
            f"**{seconds / bare:.1f}**",
            f"- peak memory: **{peak:.0f} MB** (mark: under 1,024)",
            f"- the same figures on {chosen.jobs} processes in other chunks: **{'yes' if same else 'NO'}**",
            "",
        ]
    )  # fmt: skip
    print(text)
    if chosen.out:
        chosen.out.write_text(text, encoding="utf-8")
    return 0 if same else 1


if __name__ == "__main__":
    sys.exit(main())
