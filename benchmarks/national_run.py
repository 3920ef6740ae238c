"""The command on a made nation: full run, the next morning, one city from a cold start, growth.

    python benchmarks/national_run.py [--sizes 1,10,100,1700] [--jobs N] [--paths 2000]
        [--last 2025-09-18] [--folder DIR] [--out benchmarks/national_run.md]

For each number of places a nation is made (see ``national.py``; sections in proportion, 3,641 to
1,700 places), and the real command is run on it as a process: once from a cold start, once more
after a day of readings came in overnight, and once with nothing new. Taking readings in is no part
of it. By default the morning is one of the middle of a month: air has a new day, and sections, sampled
in the first ten days, have nothing new. Wall and processor time, memory and seconds of the stages
are of the process and of all that it starts. The page is written anew after each size, so that
nothing is lost when a run is stopped.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
from collections import Counter
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import numpy as np
from aqi_lookup import processor
from nation_process import Measured, forecast_command, measured
from national import PLACES, SECTIONS, Nation, add_days, make_nation

#: Bars: gibibytes of all processes, part of the full run that the next morning may take, seconds of
#: one city from a cold start and of the help.
MEMORY, MORNING, ONE_CITY, HELP = 4.0, 1.0 / 5.0, 10.0, 0.5
STAGES = ("readings", "air", "water", "charts", "pages", "rest")


class Size:
    """A nation of some places and what the command took on it."""

    def __init__(
        self, places: int, folder: Path, options: list[str], repeats: int, last: str
    ) -> None:
        self.places = places
        self.sections = round(SECTIONS * places / PLACES)
        self.folder = folder / f"places_{places}"
        shutil.rmtree(self.folder, ignore_errors=True)
        made = self.folder / "cold"
        make_nation(made, Nation(places, self.sections, last=last))
        # The middle one of several: one city is short.
        tries = []
        for again in range(repeats):
            copy = self.folder / f"again{again}"
            shutil.copytree(made, copy)
            tries.append(self._run(copy, options))
            shutil.rmtree(copy)
        self.full = self._run(made, options)
        self.full = sorted([*tries, self.full], key=lambda m: m.wall)[len(tries) // 2]
        self.answer = self._answer(made)
        add_days(made, 1)
        self.morning = self._run(made, options)
        self.unchanged = self._run(made, options)
        self.folder_mb = sum(p.stat().st_size for p in made.rglob("*") if p.is_file()) / 1e6

    def _run(self, workspace: Path, options: list[str]) -> Measured:
        stages = self.folder / "stages.json"
        stages.unlink(missing_ok=True)
        words = ["run", "--workspace", str(workspace), *options]
        found = measured(forecast_command(*words, stages=stages), stages=stages)
        if found.code != 0:
            raise SystemExit(f"forecast {' '.join(words)} ended with {found.code}:\n{found.said}")
        return found

    def _answer(self, workspace: Path) -> str:
        """What was answered, in short; it shows that the whole nation was."""
        name = (workspace / "reports" / "latest").read_text(encoding="utf-8").strip()
        said = json.loads((workspace / "reports" / name / "projection.json").read_text("utf-8"))
        entries = said["projections"]
        verdicts = Counter(t["verdict"] for entry in entries for t in entry["targets"])
        regions = len({entry["region"] for entry in entries})
        told = ", ".join(f"{word} {n:,}" for word, n in verdicts.most_common())
        return f"{regions:,} regions, {len(entries):,} indicators, targets: {told}"


def row(*cells: object) -> str:
    """A line of a Markdown table."""
    return "| " + " | ".join(str(cell) for cell in cells) + " |"


def _passed(value: float, bar: float) -> str:
    return "pass" if value <= bar else "MISS"


def bars(sizes: list[Size], helped: float) -> list[str]:
    """What is asked for against what was measured."""
    largest = max(sizes, key=lambda s: s.places)
    share = largest.morning.wall / largest.full.wall
    memory = max(largest.full.memory, largest.morning.memory) / 1024
    lines = [
        f"- full run, {largest.places:,} places and {largest.sections:,} sections: "
        f"**{largest.full.wall:.0f} s** ({largest.full.cpu:.0f} CPU-seconds)",
        f"- the next morning: **{largest.morning.wall:.0f} s** ({largest.morning.cpu:.0f} "
        f"CPU-seconds), {share:.2f} of the full run (at most {MORNING:.2f}): "
        f"{_passed(share, MORNING)}",
        f"- memory of all processes: **{memory:.2f} GiB** (at most {MEMORY:.0f}): "
        f"{_passed(memory, MEMORY)}",
    ]
    one = min(sizes, key=lambda s: s.places)
    if one.places == 1:
        lines.append(
            f"- one city from a cold start: **{one.full.wall:.1f} s** ({one.full.cpu:.1f} CPU-seconds; at "
            f"most {ONE_CITY:.0f} s): "
            f"{_passed(one.full.wall, ONE_CITY)}"
        )
    lines.append(
        f"- `forecast --help`: **{helped:.2f} s** (at most {HELP}): {_passed(helped, HELP)}"
    )
    return lines


def growth(sizes: list[Size]) -> list[str]:
    """How the full run grows with the places, against a straight line through the smaller sizes."""
    if len(sizes) < 3:
        return []
    ordered = sorted(sizes, key=lambda s: s.places)
    places = np.array([s.places for s in ordered], dtype=float)
    lines = [
        "",
        "## Growth",
        "",
        "A straight line through the smaller sizes, each size counted by its own scale (the sum of "
        "squared relative errors is least), and what it says of the largest.",
        "",
        row("what", "line", "at the largest", "measured", "measured / line"),
        row(*["---"] * 5),
    ]
    for name, unit in (("wall", "s"), ("cpu", "CPU-s"), ("memory", "MiB")):
        values = np.array([getattr(s.full, name) for s in ordered])
        weight = 1.0 / values[:-1]
        design = np.column_stack([np.ones(len(places) - 1), places[:-1]]) * weight[:, None]
        (start, slope), *_ = np.linalg.lstsq(design, values[:-1] * weight)
        says = start + slope * places[-1]
        ratio = f"{values[-1] / says:.2f}" if says > 0 else "–"
        lines.append(
            row(name, f"{start:.1f} {slope:+.3f} a place [{unit}]", f"{says:.0f}",
                f"{values[-1]:.0f}", ratio)
        )  # fmt: skip
    return lines


def page(sizes: list[Size], helped: float, load: float, command: str, last: str) -> str:
    """The whole page."""
    lines = [
        "# The command on a nation",
        "",
        f"Made on {datetime.now(UTC).date().isoformat()} by `python benchmarks/national_run.py"
        f"{command}`: {processor()}, {os.cpu_count()} cores, {platform.system()}, Python "
        f"{platform.python_version()}, numpy {np.__version__}, pandas {version('pandas')}; load of the "
        f"machine before it began {load:.1f}. Made values: days of six air items of each place and "
        f"months of nine items of each section, 2018-01-01 to {last}.",
        "",
        *bars(sizes, helped),
        "",
        "## Runs",
        "",
        "Wall, processor time, memory (shared pages counted once; in brackets counted in each "
        "process) and number of processes at its greatest. `next morning`: one day of all places, and "
        "the samples of that day, came in. `nothing new`: the run that stands is shown.",
        "",
        row("places", "sections", "run", "wall s", "CPU s", "memory MiB", "processes"),
        row(*["---"] * 7),
    ]
    for size in sizes:
        for name, took in (
            ("full", size.full), ("next morning", size.morning), ("nothing new", size.unchanged),
        ):  # fmt: skip
            lines.append(
                row(f"{size.places:,}", f"{size.sections:,}", name, f"{took.wall:.1f}",
                    f"{took.cpu:.1f}", f"{took.memory:.0f} ({took.resident:.0f})", took.most)
            )  # fmt: skip
    lines += [
        "", "## Stages", "",
        "Seconds of wall time. `readings` is the start of the program and the reading of the tables; "
        "stages that run side by side share theirs; `rest` comes after the last word of its progress.", "",
        row("places", "run", *STAGES), row(*["---"] * (len(STAGES) + 2)),
    ]  # fmt: skip
    for size in sizes:
        for name, took in (("full", size.full), ("next morning", size.morning)):
            cells = [f"{took.stages[s]:.1f}" if s in took.stages else "–" for s in STAGES]
            others = [s for s in took.stages if s not in STAGES]
            assert not others, f"stages without a column: {others}"
            lines.append(row(f"{size.places:,}", name, *cells))
    lines += growth(sizes)
    lines += ["", "## What was answered", ""]
    lines += [
        f"- places {size.places:,}: {size.answer}; workspace {size.folder_mb:,.0f} MB after two runs"
        for size in sizes
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--sizes", default="1,10,100,1700")
    parser.add_argument(
        "--jobs", type=int, help="processes of the command; default: its own choice"
    )
    parser.add_argument("--paths", type=int, help="paths; default: the command's")
    parser.add_argument("--last", default="2025-09-18", help="last day of the full run")
    parser.add_argument("--folder", type=Path, help="keep the workspaces here")
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    folder = asked.folder or Path(tempfile.mkdtemp())
    folder.mkdir(parents=True, exist_ok=True)
    options = [] if asked.jobs is None else ["--jobs", str(asked.jobs)]
    options += [] if asked.paths is None else ["--paths", str(asked.paths)]
    said = "" if asked.sizes == "1,10,100,1700" else f" --sizes {asked.sizes}"
    said += "" if asked.last == "2025-09-18" else f" --last {asked.last}"
    command = " ".join(["", *options]) + said
    load = os.getloadavg()[0]
    try:
        # The first start compiles the package.
        helps = [measured(forecast_command("--help")).wall for _ in range(6)][1:]
        helped = statistics.median(helps)
        sizes: list[Size] = []
        for places in sorted(int(size) for size in asked.sizes.split(",")):
            repeats = 2 if places == 1 else 0
            sizes.append(Size(places, folder, options, repeats, asked.last))
            text = page(sizes, helped, load, command, asked.last)
            if asked.out is not None:
                asked.out.write_text(text, encoding="utf-8")
        print(text)
    finally:
        if asked.folder is None:
            shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
