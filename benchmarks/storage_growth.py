"""Does a workspace stay fast and small when readings arrive day by day, for years?

    python benchmarks/storage_growth.py [--days 400] [--points 50] [--years 10] [--out FILE]

1. *Day by day*: every day one file of hours of all points is taken in, as every morning. Counted
   after the first 30 days and at the end: seconds of an ingest, files and bytes of the tables, the
   time to read the newest month of hours and all days of cities. The same archive taken in at once
   stands beside it: a store that piles up small files would read slower and be larger.
2. *The national network after ten years*: a month of hours of 1,700 points takes its last day; ten
   years of days of 340 cities take one day more and are read; a list of as many raw files as ten
   years bring, one a day and one an hour, takes one file more. The tables are written as such, for
   the way to ten years would take hours.
3. *Backup*: seconds and size of the workspace of 1, of its check, and of the way back.

The values are made (see ``national_archive.py``); nothing is measured but time and size.
"""

from __future__ import annotations

import argparse
import platform
import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from national_archive import make

from forecast.ingest import ingest_paths
from forecast.partitions import typed
from forecast.runs.backup import back_up, check_backup
from forecast.runs.restore import restore
from forecast.store import Store
from forecast.tables import HOUR_ITEMS, TABLES
from forecast.workspace import Workspace

ZONE = ZoneInfo("Asia/Shanghai")
NATIONAL_POINTS, CITIES = 1700, 340
ITEMS = ("pm25", "pm10", "so2", "no2", "co", "o3_8h")


def seconds(act: Callable[[], object], times: int = 3) -> float:
    """The shortest of several times that ``act`` takes [s]."""
    found = []
    for _ in range(times):
        begun = time.perf_counter()
        act()
        found.append(time.perf_counter() - begun)
    return min(found)


def tables_of(ws: Workspace) -> tuple[int, float]:
    """Number of Parquet files, and bytes of everything under the tables [MB]."""
    files = [p for p in ws.processed.rglob("*") if p.is_file()]
    return sum(p.suffix == ".parquet" for p in files), sum(p.stat().st_size for p in files) / 1e6


def reads(ws: Workspace) -> tuple[float, float]:
    """Seconds to read the newest month of hours, and all days of cities."""
    months = sorted(ws.store.manifest()["air_hourly"])
    month = months[-2] if len(months) > 1 else months[-1]
    return (
        seconds(lambda: Store(ws.processed).read("air_hourly", partitions=[month])),
        seconds(lambda: Store(ws.processed).air_daily()),
    )


def day_by_day(folder: Path, days: int, points: int) -> tuple[list[str], Workspace]:
    """Take an archive in day by day, and once more at once; return the lines of the report."""
    archive = folder / "archive"
    archive.mkdir()
    make(archive, days, points)
    files = sorted(archive.glob("china_sites_*.csv"))
    ws = Workspace.create(folder / "daily")
    begin = datetime(2023, 1, 1, 6, tzinfo=ZONE)
    ingest_paths(ws, [archive / "站点列表.csv"], now=begin)
    took: list[float] = []
    lines = ["| after | seconds an ingest, median of the last 30 | Parquet files | partitions | tables MB | kB a day | read a month of hours, s | read all days, s |", "|---|---|---|---|---|---|---|---|"]  # fmt: skip
    for n, file in enumerate(files, start=1):
        begun = time.perf_counter()
        ingest_paths(ws, [file], now=begin + timedelta(days=n))
        took.append(time.perf_counter() - begun)
        if n in (30, days // 2, days):
            count, size = tables_of(ws)
            parts = sum(len(p) for p in ws.store.manifest().values())
            month, all_days = reads(ws)
            lines.append(
                f"| {n} days | {np.median(took[-30:]):.2f} | {count} | {parts} | {size:.2f} | "
                f"{1000 * size / n:.1f} | {month:.3f} | {all_days:.3f} |"
            )
    whole = Workspace.create(folder / "whole")
    ingest_paths(whole, [archive], now=begin + timedelta(days=days + 1))
    count, size = tables_of(whole)
    parts = sum(len(p) for p in whole.store.manifest().values())
    month, all_days = reads(whole)
    lines.append(
        f"| {days} days at once | | {count} | {parts} | {size:.2f} | {1000 * size / days:.1f} | "
        f"{month:.3f} | {all_days:.3f} |"
    )
    key, said = ["region", "place", "item", "date"], []
    for one in (ws, whole):
        rows = one.store.air_daily()
        said.append(rows[[*key, "value"]].sort_values(key, ignore_index=True))
    versions = len(ws.store.read("air_daily")) - len(said[0])
    lines += [
        "",
        f"Both say the same of {len(said[1]):,} days of cities: "
        f"{'yes' if said[0].equals(said[1]) else 'NO'}. Day by day {versions:,} earlier versions are "
        "kept beside them, with the time from which each was known: the last hour of a day stands "
        "in the file of the next.",
    ]
    return lines, ws


def _hours(first: date, days: int) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    times = pd.date_range(pd.Timestamp(first) + pd.Timedelta(hours=1), periods=24 * days, freq="h")
    n = NATIONAL_POINTS * len(times)
    time_ = np.tile(times.to_numpy("datetime64[s]"), NATIONAL_POINTS)
    places = np.repeat([f"{1001 + p}A" for p in range(NATIONAL_POINTS)], len(times))
    return typed(
        TABLES["air_hourly"],
        pd.DataFrame(
            {
                "region": "", "place": places, "place_kind": "station", "time": time_,
                **{item: rng.integers(1, 150, n).astype(float) for item in HOUR_ITEMS},
                "basis": "actual", "source": "national_sites_wide", "version": "realtime",
                "flag": "", "known_from": time_, "file_id": "a" * 16,
                "row": np.arange(n, dtype=np.int32),
            }
        ),
    )  # fmt: skip


def _city_days(first: str, last: str) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    days = pd.date_range(first, last).to_numpy("datetime64[s]")
    cities = [f"城市{n:03d}" for n in range(CITIES)]
    n = len(days) * len(ITEMS) * CITIES
    region = np.repeat(cities, len(days) * len(ITEMS))
    return typed(
        TABLES["air_daily"],
        pd.DataFrame(
            {
                "region": region, "place": region, "place_kind": "city",
                "date": np.tile(days, len(ITEMS) * CITIES),
                "item": np.tile(np.repeat(ITEMS, len(days)), CITIES),
                "value": rng.integers(1, 150, n).astype(float), "basis": "actual",
                "source": "national_sites_wide", "version": "realtime", "flag": "",
                "known_from": np.tile(days, len(ITEMS) * CITIES), "file_id": "a" * 16,
                "row": np.arange(n, dtype=np.int32),
            }
        ),
    )  # fmt: skip


def national(folder: Path, years: int) -> list[str]:
    """One day more for tables that hold ten years of the country."""
    store = Store(folder / "national")
    received = pd.Timestamp("2025-01-01 08:00")
    with store.writer() as writer:
        writer.merge("air_hourly", _hours(date(2024, 12, 1), 30), received)
    last = _hours(date(2024, 12, 31), 1)
    begun = time.perf_counter()
    with store.writer() as writer:
        writer.merge("air_hourly", last, received)
    hours = time.perf_counter() - begun
    for year in range(2025 - years, 2025):
        end = "12-30" if year == 2024 else "12-31"
        with store.writer() as writer:
            writer.replace("air_daily", _city_days(f"{year}-01-01", f"{year}-{end}"), str(year))
    rows = len(store.read("air_daily", columns=["item"]))
    last = _city_days("2024-12-31", "2024-12-31")
    begun = time.perf_counter()
    with store.writer() as writer:
        writer.merge("air_daily", last, received)
    days = time.perf_counter() - begun
    one = seconds(lambda: Store(store.processed).air_daily(regions=["城市007"]), 1)
    every = seconds(lambda: Store(store.processed).air_daily(), 1)
    lines = [
        "| what | seconds |", "|---|---|",
        f"| the last day of a month of hours of {NATIONAL_POINTS} points | {hours:.1f} |",
        f"| one day more for {years} years of days of {CITIES} cities ({rows:,} rows) | {days:.1f} |",
        f"| what is known of one city, {years} years | {one:.1f} |",
        f"| what is known of all cities, {years} years | {every:.1f} |",
    ]  # fmt: skip
    lines += [
        f"| one small file more in a list of {n:,} raw files | {_listed(folder, n):.1f} |"
        for n in (365 * years, 24 * 365 * years)
    ]
    return lines


def _listed(folder: Path, n: int) -> float:
    """Seconds of an ingest of one small file where ``n`` files came in before."""
    ws = Workspace.create(folder / f"listed{n}")
    ids = [f"{i:064x}" for i in range(n)]
    moments = pd.date_range("2015-01-01", periods=n, freq="h")
    names = [f"layout/{moment:%Y%m%d%H}.csv" for moment in moments]
    with ws.store.writer() as writer:
        writer.upsert(
            "files",
            pd.DataFrame(
                {
                    "file_id": [one[-16:] for one in ids], "sha256": ids,
                    "path": [f"data/raw/{name}" for name in names], "name": names, "part": "",
                    "layout": "layout", "region": "", "size": 1000, "ingested_at": moments,
                    "rows_read": 24, "rows_kept": 24, "rows_quarantined": 0, "status": "read",
                    "mapping": "",
                }
            ),
        )  # fmt: skip
    pd.DataFrame(
        {
            "received": moments.strftime("%Y-%m-%d %H:%M:%S"), "path": names, "sha256": ids,
            "region": "", "layout": "", "estimate_from_index": "", "turn": range(1, n + 1),
            "origin": "", "pending": "",
        }
    ).to_csv(ws.raw / "received.csv", index=False, encoding="utf-8-sig")  # fmt: skip
    file = folder / f"甲市{n}.csv"
    file.write_text(
        "日期,AQI,PM2.5,PM10,SO2,NO2,CO,O3_8h\n2025-01-01,60,20,50,8,20,0.7,90\n", encoding="utf-8"
    )
    begun = time.perf_counter()
    ingest_paths(ws, [file], now=datetime(2025, 2, 1, tzinfo=ZONE))
    return time.perf_counter() - begun


def backups(ws: Workspace, folder: Path) -> list[str]:
    """Time and size of a backup."""
    begun = time.perf_counter()
    saved = back_up(ws, folder / "backup.zip")
    wrote = time.perf_counter() - begun
    checked = seconds(lambda: check_backup(saved.file), 1)
    begun = time.perf_counter()
    restore(saved.file, folder / "restored")
    back = time.perf_counter() - begun
    return [
        f"{len(saved.listing.members)} files, {saved.listing.size / 1e6:.0f} MB, packed "
        f"{saved.size / 1e6:.0f} MB: written and read back in {wrote:.1f} s, checked in "
        f"{checked:.1f} s, restored in {back:.1f} s."
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)  # fmt: skip
    parser.add_argument("--days", type=int, default=400)
    parser.add_argument("--points", type=int, default=50)
    parser.add_argument("--years", type=int, default=10)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    folder = Path(tempfile.mkdtemp())
    try:
        daily, ws = day_by_day(folder, asked.days, asked.points)
        lines = [
            "# Readings that arrive day by day, for years", "",
            f"Made by `python benchmarks/storage_growth.py --days {asked.days} --points "
            f"{asked.points} --years {asked.years}` on {datetime.now(ZONE):%Y-%m-%d}: {platform.system()} "
            f"{platform.machine()}, Python {platform.python_version()}, pandas {version('pandas')}, "
            f"pyarrow {version('pyarrow')}. Made values.", "",
            f"## {asked.points} points, a file a day", "", *daily, "",
            f"## The country after {asked.years} years", "", *national(folder, asked.years), "",
            "## Backup of the workspace above", "", *backups(ws, folder),
        ]  # fmt: skip
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    text = "\n".join(lines) + "\n"
    print(text)
    if asked.out is not None:
        asked.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
