"""A year of the national wide archive to daily tables, beside DuckDB's read and a pandas loop.

    python benchmarks/national_archive.py [--days 365] [--points 1700] [--out FILE]

It makes the files (24 hours x 15 types x 1,700 points a day, about 220 million cells), then runs,
each in a process of its own:

1. DuckDB reading the same files into typed columns, the types given (no sniffing), nothing more;
2. ``ingest`` of the folder: hours stored, days of points and cities made, quality rules, raw copies;
3. ``ingest`` of the folder once more;
4. on one month: a plain pandas loop to the same tables (``read_csv`` + ``melt`` file by file, then
   groupby to days of points and cities, three quality rules, Parquet), its ``read_csv`` and
   ``melt`` alone, and ``ingest`` of the same month.

The values are made: autocorrelated, with a daily cycle, 3 % missing; nothing is measured.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import date, datetime, timedelta
from importlib.metadata import version
from pathlib import Path

import numpy as np

TYPES = (
    "AQI", "PM2.5", "PM2.5_24h", "PM10", "PM10_24h", "SO2", "SO2_24h", "NO2", "NO2_24h", "O3",
    "O3_24h", "O3_8h", "O3_8h_24h", "CO", "CO_24h",
)  # fmt: skip
START = date(2023, 1, 1)
POINTS_A_CITY = 5
_CELLS = np.array([str(n) for n in range(2000)], dtype=object)
_TENTHS = np.array([f"{n / 10:g}" for n in range(2000)], dtype=object)


def make(folder: Path, days: int, points: int) -> int:
    """Write the archive and its list of stations; return the bytes of the archive."""
    rng = np.random.default_rng(20230101)
    codes = [f"{1001 + n}A" for n in range(points)]
    header = "date,hour,type," + ",".join(codes)
    level = {t: rng.normal(0, 0.5, points) for t in ("PM2.5", "PM10", "SO2", "NO2", "O3", "CO")}
    typical = {"PM2.5": 35.0, "PM10": 65.0, "SO2": 9.0, "NO2": 28.0, "O3": 60.0, "CO": 7.0}
    size = 0
    for day in range(days):
        stamp = (START + timedelta(days=day)).strftime("%Y%m%d")
        lines = [header]
        for hour in range(24):
            cells: dict[str, np.ndarray] = {}
            missing = rng.random(points) < 0.03
            for name, state in level.items():
                state += -0.05 * state + rng.normal(0, 0.16, points)
                cycle = 1 + (0.6 if name == "O3" else 0.2) * np.sin((hour - 9) / 24 * 2 * np.pi)
                cells[name] = np.clip(typical[name] * cycle * np.exp(state), 1, 1900).astype(int)
            cells["PM10"] = np.maximum(cells["PM10"], cells["PM2.5"] + 5)
            for name in TYPES:
                base = name.split("_")[0]
                values = cells.get(base, cells["PM2.5"])
                text = (_TENTHS if base == "CO" else _CELLS)[values]
                text[missing] = ""
                lines.append(f"{stamp},{hour},{name}," + ",".join(text.tolist()))
        data = ("\n".join(lines) + "\n").encode()
        (folder / f"china_sites_{stamp}.csv").write_bytes(data)
        size += len(data)
    rows = ["监测点编码,监测点名称,城市,经度,纬度,对照点"]
    rows += [
        f"{code},点位{n},城市{n // POINTS_A_CITY:03d},{100 + n / 100:.2f},{25 + n / 200:.2f},"
        f"{'Y' if n % 40 == 0 else 'N'}"
        for n, code in enumerate(codes)
    ]
    (folder / "站点列表.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return size


DUCKDB = """
import duckdb, glob, sys
files = sorted(glob.glob(sys.argv[1] + "/china_sites_*.csv"))
with open(files[0], encoding="utf-8") as f:
    names = f.readline().strip().split(",")
types = {n: "VARCHAR" if n in ("date", "type") else "INTEGER" if n == "hour" else "DOUBLE" for n in names}
con = duckdb.connect()
con.execute("set threads=" + sys.argv[2])
n = 0
for at in range(0, len(files), 31):  # a month at a time, as the memory of a laptop asks
    con.execute("create or replace table x as select * from read_csv(?, header=true, auto_detect=false, columns=" + str(types) + ")", [files[at:at + 31]])
    n += con.execute("select count(*) from x").fetchone()[0]
print(n)
"""

INGEST = """
import sys
from pathlib import Path
from forecast.ingest import ingest_paths
from forecast.workspace import Workspace
root = Path(sys.argv[2])
ws = Workspace.open(root) if (root / "forecast.toml").exists() else Workspace.create(root)
report = ingest_paths(ws, [Path(sys.argv[1])])
files = report.files
print(len(report.read), len(report.already_read), len(report.refused), report.days, report.flags)
"""

PANDAS = """
import sys
from pathlib import Path
import pandas as pd
folder, out = Path(sys.argv[1]), Path(sys.argv[2])
out.mkdir()
wanted = ["PM2.5", "PM10", "SO2", "NO2", "O3", "CO"]
stations = pd.read_csv(folder / "站点列表.csv")
stations = stations[stations["对照点"] == "N"].set_index("监测点编码")["城市"]
parts = []
for path in sorted(folder.glob("china_sites_*.csv")):
    long = pd.read_csv(path).melt(id_vars=["date", "hour", "type"], var_name="point")
    long = long[long["type"].isin(wanted)]
    parts.append(long.assign(file=path.name))
hours = pd.concat(parts, ignore_index=True)
hours["time"] = pd.to_datetime(hours["date"].astype(str)) + pd.to_timedelta(hours["hour"], unit="h")
hours["day"] = (hours["time"] - pd.Timedelta(hours=1)).dt.floor("D")
hours = hours.sort_values(["type", "point", "time"], ignore_index=True)

# Days of points: means of at least 20 hours, and the highest 8-hour mean of ozone.
by_day = hours.groupby(["type", "point", "day"])
days = by_day["value"].agg(["mean", "count"])
days = days["mean"].where(days["count"] >= 20)
ozone = hours[hours["type"] == "O3"]
ozone = ozone.assign(slot=((ozone["time"] - ozone["day"]).dt.total_seconds() // 3600).astype(int))
wide = ozone.pivot(index=["point", "day"], columns="slot", values="value").reindex(columns=range(1, 25))
running = wide.T.rolling(8, min_periods=6).mean().T[list(range(8, 25))]
highest, n = running.max(axis=1), running.count(axis=1)
days = pd.concat([days, pd.concat({"O3_8h": highest.where((n >= 14) | (highest > 160))})])
days.index.names = ["type", "point", "day"]
days = days.rename("value").reset_index()
first = by_day["file"].first().reset_index()
days = days.merge(first, how="left", on=["type", "point", "day"])

# Cities: points in the list that are no control points, at least three quarters of them.
days["city"] = days["point"].map(stations)
cities = days.dropna(subset=["city"]).groupby(["type", "city", "day"])["value"].agg(["mean", "count", "size"])
cities = cities["mean"].where(cities["count"] >= 0.75 * cities["size"]).reset_index()

# Quality: values that stay for a day, lone jumps, PM2.5 above PM10.
value, place = hours["value"], hours["type"] + hours["point"]
same = (value == value.shift()) & (place == place.shift())
stuck = same.groupby((~same).cumsum()).transform("size") >= 24
before, after = value.shift(), value.shift(-1)
spike = (value > 3 * before) & (value > 3 * after) & (value - before > 75) & (place == place.shift())
pm = hours[hours["type"].isin(["PM2.5", "PM10"])].pivot(index=["point", "time"], columns="type", values="value")
order = pm[(pm["PM2.5"] > 1.2 * pm["PM10"]) & (pm["PM2.5"] > pm["PM10"] + 10)]
flags = pd.concat([hours[stuck & same], hours[spike]])
hours.to_parquet(out / "hours.parquet", compression="zstd")
days.to_parquet(out / "days.parquet", compression="zstd")
cities.to_parquet(out / "cities.parquet", compression="zstd")
flags.to_parquet(out / "flags.parquet", compression="zstd")
print(len(days), len(cities), len(flags), len(order))
"""

MELT = """
import sys
from pathlib import Path
import pandas as pd
n = 0
for path in sorted(Path(sys.argv[1]).glob("china_sites_*.csv")):
    n += len(pd.read_csv(path).melt(id_vars=["date", "hour", "type"], var_name="point"))
print(n)
"""


def timed(code: str, *arguments: str) -> dict[str, object]:
    """Run ``code`` in a process of its own; return its seconds, peak memory [MB] and last line."""
    wrapped = code + (
        "\nimport resource\nprint(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)\n"
    )
    if hasattr(os, "sync"):
        # What was written before this contestant is not its to wait for.
        os.sync()
    begun = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-c", wrapped, *arguments], check=True, capture_output=True, text=True,
        encoding="utf-8", env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    seconds = time.perf_counter() - begun
    said, peak = done.stdout.strip().splitlines()[-2:]
    return {"seconds": round(seconds, 1), "peak_mb": round(float(peak)), "said": said}


def _seconds(result: dict[str, object]) -> float:
    return float(str(result["seconds"]))


def main() -> None:
    """Make the files, run the contestants one after the other, print and store the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--points", type=int, default=1700)
    parser.add_argument(
        "--month", type=int, default=31, help="days of the month for the pandas loop"
    )
    parser.add_argument("--out", type=Path)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        year, month = Path(made) / "year", Path(made) / "month"
        year.mkdir()
        size = make(year, chosen.days, chosen.points)
        month.mkdir()
        for path in [
            *sorted(year.glob("china_sites_*.csv"))[: chosen.month],
            year / "站点列表.csv",
        ]:
            shutil.copy(path, month)
        threads = str(os.cpu_count() or 1)
        results = {
            "DuckDB, typed read of the year": timed(DUCKDB, str(year), threads),
            "ingest of the year": timed(INGEST, str(year), str(Path(made) / "w1")),
            "ingest of the year, again": timed(INGEST, str(year), str(Path(made) / "w1")),
        }
        # A month takes seconds, so each has three turns, one after the other, and the best counts.
        turns = [
            (
                timed(PANDAS, str(month), str(Path(made) / f"pandas{turn}")),
                timed(INGEST, str(month), str(Path(made) / f"month{turn}")),
            )
            for turn in range(3)
        ]
        results["pandas loop, one month, best of 3"] = min((t[0] for t in turns), key=_seconds)
        results["of it `read_csv` and `melt` alone"] = timed(MELT, str(month))
        results["ingest of the month, best of 3"] = min((t[1] for t in turns), key=_seconds)
    table = json.loads(json.dumps(results))
    seconds = {name: float(row["seconds"]) for name, row in table.items()}
    first = seconds["ingest of the year"] / seconds["DuckDB, typed read of the year"]
    second = (
        seconds["pandas loop, one month, best of 3"] / seconds["ingest of the month, best of 3"]
    )
    peak = max(float(row["peak_mb"]) for name, row in table.items() if name.startswith("ingest"))
    lines = [
        "# A year of the national wide archive to daily tables",
        "",
        f"Made by `python benchmarks/national_archive.py` on {datetime.now().astimezone():%Y-%m-%d}: "
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python "
        f"{platform.python_version()}, duckdb {version('duckdb')}, pandas {version('pandas')}, "
        f"pyarrow {version('pyarrow')}. {chosen.days} files, {size / 1e6:.0f} MB, "
        f"{chosen.days * 24 * len(TYPES) * chosen.points / 1e6:.0f} million cells; made values.",
        "",
        "| what | seconds | peak MB |",
        "|---|---|---|",
        *[f"| {name} | {row['seconds']} | {row['peak_mb']} |" for name, row in table.items()],
        "",
        f"- ingest / DuckDB's mere read: **{first:.2f}** (mark: at most 3)",
        f"- pandas loop / ingest, one month: **{second:.1f}** (mark: at least 5)",
        f"- peak memory of ingest: **{peak:.0f} MB** (mark: under 2,048)",
        f"- the second ingest of the folder: **{seconds['ingest of the year, again']} s**",
        "",
        "The pandas loop makes the same days and cities and stores the hours, but has three of the "
        "quality rules, keeps no corrections, copies no raw file, checks no cell and knows only the "
        "file of a value. DuckDB reads a month at a time and keeps one.",
        "",
    ]
    text = "\n".join(lines)
    print(text)
    if chosen.out:
        chosen.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
