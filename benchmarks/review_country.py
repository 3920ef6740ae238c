"""A run and the annual reviews of many made cities: time of each, and of a city as their number grows.

    python benchmarks/review_country.py [--cities 300] [--format html] [--out benchmarks/review_country.md]

Makes a nation of so many cities with their sections (see ``national.py``), makes a run of it, and then
the review of every city, as real commands.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from aqi_lookup import processor
from nation_process import Measured, forecast_command, measured
from national import PLACES, SECTIONS, Nation, make_nation


def _ran(*words: str) -> Measured:
    found = measured(forecast_command(*words))
    if found.code != 0:
        raise SystemExit(f"forecast {' '.join(words)} ended with {found.code}:\n{found.said}")
    return found


def main() -> None:
    """Make, run, report; write what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--cities", default="300")
    parser.add_argument("--format", default="html")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    lines = [
        "# Annual reviews of many cities",
        "",
        f"`python benchmarks/review_country.py --cities {asked.cities} --format {asked.format}` on "
        f"{datetime.now(UTC).date()}: {processor()}, {os.cpu_count()} processors, "
        f"{platform.system()}, Python {platform.python_version()}. Made cities of eight years with "
        "their sections; memory is of all processes, shared pages counted once.",
        "",
        "| cities | step | wall s | CPU s | CPU s a city | memory MiB | files, MB |",
        "|---|---|---|---|---|---|---|",
    ]
    for n in map(int, asked.cities.split(",")):
        folder = Path(tempfile.mkdtemp())
        try:
            root = folder / "W"
            make_nation(root, Nation(n, round(SECTIONS * n / PLACES)))
            run = _ran("run", "--workspace", str(root), "--quiet")
            review = _ran("report", "-w", str(root), "--format", asked.format, "--quiet")
            files = [p for p in root.glob("reports/*/review/*") if p.is_file()]
            size = sum(p.stat().st_size for p in files) / 1e6
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        for step, took, told in (
            ("`forecast run`", run, ""),
            ("`forecast report`", review, f"{len(files)}, {size:.0f}"),
        ):
            lines.append(
                f"| {n} | {step} | {took.wall:.0f} | {took.cpu:.0f} | {took.cpu / n:.2f} | "
                f"{took.memory:.0f} | {told} |"
            )
        if asked.out is not None:
            asked.out.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
