"""How long the annual review of 15 real cities takes, from a run that stands: four formats a city.

Run with ``python benchmarks/review_documents.py --data DIR --out benchmarks/review_documents.md``;
DIR is a folder of real readings with ``air/city_daily_o3_8h``. The run itself is timed apart.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

_AS_OF = "2016-09-30"


def _timed(arguments: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", "forecast", *arguments, "--quiet"], check=True,
                   stdout=subprocess.DEVNULL)  # fmt: skip
    return time.perf_counter() - started


def main() -> None:
    """Ingest, run, report; write what was measured."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=None)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = str(Path(folder) / "W")
        _timed(["init", root])
        _timed(["ingest", str(asked.data / "air" / "city_daily_o3_8h"), "-w", root])
        run = _timed(["run", "--as-of", _AS_OF, "-w", root])
        whole = _timed(["report", "-w", root])
        out = Path(root) / "out"
        word = _timed(["report", "-w", root, "--format", "docx", "--out", str(out)])
        files = sorted(Path(root).glob("reports/*/review/review-*"))
        size = sum(f.stat().st_size for f in files) / 1e6
    text = f"""# Annual reviews of 15 real cities

`python benchmarks/review_documents.py --data DIR --out benchmarks/review_documents.md`, on {datetime.now(UTC).date()},
{platform.system()}, Python {platform.python_version()}, {os.cpu_count()} processors, nothing else running.
Each city: 2013-12 to {_AS_OF}, six items a day, no water and no weather.

| step | seconds |
|---|---|
| `forecast run` (15 cities, its charts and page) | {run:.0f} |
| `forecast report` ({len(files)} files: HTML, Word, workbook, PDF; {size:.0f} MB) | {whole:.0f} |
| `forecast report --format docx` | {word:.0f} |

A city with daily weather takes longer, since its PM2.5 is put into normal weather; not measured here.
"""
    if asked.out is not None:
        asked.out.write_text(text, encoding="utf-8", newline="\n")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
