"""More than a year of mornings on one workspace: does it keep working, and does it lose nothing?

    python benchmarks/soak.py [--days 400] [--seed 1] [--whole-every 25] [--out benchmarks/soak.md]

A made city (six items of the air, three sections of water) lives on one machine. Each morning the
scheduled run is started as a timer does it, ``forecast schedule run --once``: it fetches from a weather service, reads the new
files, runs, clears old runs away. Files are missing, late, corrected, doubled and broken; the source
answers 500, hangs, or ends in the middle; the machine is off for days, is killed at any moment, its
disk is full, its timer fires twice, an analyst runs the same command at the same time. At the end
everything is compared with what was delivered, value by value.

What is simulated: the date (the package's clock is moved, see ``soak_machine.py``), and the start of a process: most
mornings are forked from one that has the libraries loaded, draw no charts and embed no font; every
so many mornings are ordinary processes that do all of it. Ends with 1 where anything is wrong.
Needs Linux; the full disk needs the right to mount a file system of its own.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from datetime import date, datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from soak_growth import Checked
    from soak_life import Life

#: Where the simulation has a file system of its own.
_INSIDE = "FORECAST_SOAK_DISK"
_MEGABYTES = 700


def with_disk(arguments: list[str]) -> int | None:
    """Start this program once more where it can fill a disk; None where that is not possible."""
    if sys.platform != "linux" or _INSIDE in os.environ or shutil.which("unshare") is None:
        return None
    folder = tempfile.mkdtemp(prefix="soak-")
    mount = f"mount -t tmpfs -o size={_MEGABYTES}m soak {folder}"
    try:
        tried = subprocess.run(
            ["unshare", "-m", "sh", "-c", mount], capture_output=True, check=False
        )
        if tried.returncode:
            return None
        # The file system is that of the new process alone and goes with it.
        return subprocess.run(
            ["unshare", "-m", "sh", "-c", f'{mount} && exec "$@"', "sh", sys.executable,
             str(Path(__file__).resolve()), *arguments],
            env={**os.environ, _INSIDE: folder}, check=False,
        ).returncode  # fmt: skip
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def settings_of(days: int) -> dict[str, int]:
    """Settings of the workspace: a short simulation has a short memory, so that it comes to its end."""
    if days >= 200:
        return {"paths": 100, "keep": 92, "kilobytes": 100, "files": 3}
    return {"paths": 60, "keep": 7, "kilobytes": 4, "files": 2}


def lived(asked: argparse.Namespace, folder: Path) -> tuple[Life, list[Checked], dict[str, Any]]:
    """Live and check."""
    from soak_machine import Machine

    Machine.load()
    from soak_checks import checked
    from soak_city import City
    from soak_life import Life

    # A short simulation crosses the end of a year as well, on less history.
    long = asked.days >= 200
    first = date(2024, 6, 1) if long else date(2024, 12, 31) - timedelta(days=asked.days // 2)
    city = City(
        first, asked.days, asked.seed, years=3.0 if long else 1.2, sections=3 if long else 1
    )
    begun = time.perf_counter()
    life = Life(
        folder / "city", city, asked.seed, disk=_INSIDE in os.environ,
        whole_every=asked.whole_every, fetching=range(asked.days) if long else range(3, 9),
        settings=settings_of(asked.days), say=_say,
    )  # fmt: skip
    try:
        life.live()
        found = checked(life)
    finally:
        life.close()
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    spent = {
        "minutes": (time.perf_counter() - begun) / 60,
        "cpu_minutes": sum(u.ru_utime + u.ru_stime for u in used) / 60,
    }
    return life, found, spent


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def report(
    asked: argparse.Namespace, life: Life, found: list[Checked], spent: dict[str, Any]
) -> str:
    """Return the tables."""
    from soak_life import counted

    befell = counted(m.what for m in life.mornings)
    sources = counted(m.source for m in life.mornings if m.source != "ok")
    files = ", ".join(f"{k} {n}" for k, n in sorted(life.city.counts.items()))
    wrong = sum(len(one.wrong) for one in found)
    lines = [
        f"# {asked.days} mornings on one workspace", "",
        f"Made by `python benchmarks/soak.py --days {asked.days} --seed {asked.seed} --whole-every "
        f"{asked.whole_every}` on {datetime.now(ZoneInfo('Asia/Shanghai')):%Y-%m-%d} in {spent['minutes']:.0f} minutes "
        f"({spent['cpu_minutes']:.0f} of processor time, beside other work): {platform.system()} "
        f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}, "
        f"numpy {version('numpy')}, pandas {version('pandas')}, pyarrow {version('pyarrow')}. "
        "Made values; the simulated days are "
        f"{life.city.first} to {life.city.last}. What is simulated and how is said at the head of the program.", "",
        f"**{'Everything holds.' if not wrong else f'{wrong} things are wrong.'}**", "",
        "| what befell | days |", "|---|---|",
        f"| the machine | {befell} |", f"| the source of weather | {sources} |",
        f"| the daily files | {files} |",
    ]  # fmt: skip
    for one in found:
        lines += ["", f"## {one.title}", "", "| what | figure |", "|---|---|"]
        lines += [
            f"| {what} | {f'{figure:,}' if isinstance(figure, int) else figure} |"
            for what, figure in one.rows
        ]
        lines += ["", one.note] if one.note else []
        lines += ["", *(f"- WRONG: {what}" for what in one.wrong)] if one.wrong else []
    lines += [
        "",
        "## Over the year",
        "",
        *_course(life),
        "",
        "## Steps of a morning",
        "",
        *_steps(life),
    ]
    return "\n".join(lines) + "\n"


def _course(life: Life) -> list[str]:
    import numpy as np

    lines = [
        "| days | mornings | processor s, median | memory MB, median | whole: s, MB | raw kB | tables kB | "
        "runs MB | register kB | models kB |", "|---|---|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    span = max(len(life.mornings) // 8, 1)
    for at in range(0, len(life.mornings), span):
        part = [m for m in life.mornings[at : at + span] if m.sizes]
        plain = [m for m in part if m.good and not m.whole and m.what == "" and m.source == "ok"]
        if not plain:
            continue
        whole = [m for m in part if m.whole and m.good]
        size = part[-1].sizes
        shown = "; ".join(f"{m.cpu:.1f}, {m.memory:.0f}" for m in whole)
        lines.append(
            f"| {at + 1} to {at + len(life.mornings[at : at + span])} | {len(part)} | "
            f"{np.median([m.cpu for m in plain]):.2f} | {np.median([m.memory for m in plain]):.0f} | {shown} | "
            f"{size.get('raw', 0) / 1e3:.0f} | {size.get('processed', 0) / 1e3:.0f} | "
            f"{size.get('runs', 0) / 1e6:.1f} | {size.get('register', 0) / 1e3:.0f} | "
            f"{size.get('models', 0) / 1e3:.0f} |"
        )
    return lines


def _steps(life: Life) -> list[str]:
    import numpy as np

    lines = [
        "| step | mornings | seconds, median | of whole mornings, median |",
        "|---|---|---|---|",
    ]
    good = [m for m in life.mornings if m.good and m.what == "" and m.source == "ok"]
    names = Counter(name for m in good for name in m.steps)
    for name in names:
        both = [
            [m.steps[name] for m in good if name in m.steps and m.whole is whole]
            for whole in (False, True)
        ]
        shown = [f"{np.median(one):.2f}" if one else "" for one in both]
        lines.append(f"| {name} | {names[name]} | {shown[0]} | {shown[1]} |")
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)  # fmt: skip
    parser.add_argument("--days", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--whole-every", type=int, default=25)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--json", type=Path, help="figures and faults as an object, in a file")
    asked = parser.parse_args()
    code = with_disk(sys.argv[1:])
    if code is not None:
        return code
    inside = os.environ.get(_INSIDE)
    folder = Path(inside) if inside else Path(tempfile.mkdtemp(prefix="soak-"))
    try:
        life, found, spent = lived(asked, folder)
    finally:
        if not inside:
            shutil.rmtree(folder, ignore_errors=True)
    text = report(asked, life, found, spent)
    if asked.out is not None:
        asked.out.write_text(text, encoding="utf-8")
    else:
        print(text)
    if asked.json is not None:
        told = {
            "spent": spent,
            "checks": {one.title: {"rows": dict(one.rows), "wrong": one.wrong} for one in found},
            "days": [
                {"day": str(m.day), "what": m.what, "source": m.source, "attempts": m.attempts,
                 "reason": m.reason, "run": m.run, "cpu": m.cpu, "yardstick": m.yardstick, "seconds": m.seconds, "memory": m.memory,
                 "runs": m.runs, "whole": m.whole, "steps": m.steps, "sizes": m.sizes}
                for m in life.mornings
            ],
        }  # fmt: skip
        asked.json.write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
    wrong = [what for one in found for what in one.wrong]
    for what in wrong:
        _say(f"WRONG: {what}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
