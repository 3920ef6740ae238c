"""Whether memory, time and folders of the soak run stay flat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
from soak_city import ZONE, drop_into
from soak_life import Life
from soak_machine import Machine
from soak_morning import Morning, make_workspace

__all__ = ["Checked", "flat"]


@dataclass
class Checked:
    """What one check found: ``rows`` of (what, figure), and ``wrong``, empty where all holds."""

    title: str
    rows: list[tuple[str, str | int]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def row(self, what: str, figure: object) -> None:
        """Add a figure."""
        self.rows.append((what, figure if isinstance(figure, int) else str(figure)))

    def must(self, holds: bool, otherwise: str) -> None:
        """Note what is wrong unless ``holds``."""
        if not holds:
            self.wrong.append(otherwise)


def _slope(mornings: list[Morning], value: Callable[[Morning], float]) -> tuple[float, float, int]:
    """Return the change in 100 days by least squares, half its 95 % interval, and how many."""
    points = [((m.day - mornings[0].day).days / 100.0, value(m)) for m in mornings]
    points = [(x, y) for x, y in points if np.isfinite(y)]
    if len(points) < 4:
        return float("nan"), float("nan"), len(points)
    x, y = (np.array(column) for column in zip(*points, strict=True))
    x = x - x.mean()
    slope = float((x * y).sum() / (x * x).sum())
    rest = y - y.mean() - slope * x
    error = float(np.sqrt((rest**2).sum() / (len(y) - 2) / (x * x).sum()))
    return slope, 1.96 * error, len(points)


def flat(life: Life) -> Checked:
    """Memory, time and folders do not grow but for data and register."""
    found = Checked("Growth")
    done = [m for m in life.mornings if m.good and len(m.attempts) == 1 and m.what == ""]
    warm = [m for m in done if not m.whole and m.source == "ok"][1:]
    whole = [m for m in done if m.whole]
    long = len(life.mornings) >= 200
    usual = float(np.median([m.yardstick for m in done])) if done else 1.0

    def cpu(m: Morning) -> float:
        """Processor time, as if the machine had been as busy as on most mornings."""
        return m.cpu * usual / m.yardstick

    for name, group, value in (
        ("memory of a morning [MB]", warm, lambda m: m.memory),
        ("memory of a whole morning, charts and all [MB]", whole, lambda m: m.memory),
        ("processor time of a morning [s]", warm, cpu),
        ("processor time of a whole morning [s]", whole, cpu),
    ):
        slope, half, n = _slope(group, value)
        if n >= 4:
            values = [value(m) for m in group]
            found.row(
                name,
                f"median {np.median(values):.2f}, largest {max(values):.2f}; "
                f"{slope:+.3f} ± {half:.3f} in 100 days (n = {n})",
            )
    _folders(life, found, long)
    if long:
        _beside_a_new_one(life, found)
    return found


def _beside_a_new_one(life: Life, found: Checked) -> None:
    """Compare the workspace with a new one that was given the same files at once.

    Four years of readings take more room and time than three; what a workspace gathers by having
    lived is what it takes more than a new one with the same readings.
    """
    root = life.root.parent / "new"
    make_workspace(root, **life.settings)
    drop_into(root / "data" / "raw" / "inbox", [d for d in life.dropped if d.readings])
    last = life.mornings[-1].day
    moment = datetime(last.year, last.month, last.day, 10, 0, tzinfo=ZONE)
    new = Machine(root)
    took = new.run(moment, "ingest", str(root / "data" / "raw"))
    found.must(took.code == 0, f"the new workspace could not be filled: {took.said}")
    figures = {}
    for name, machine in (("lived in", life.machine), ("new", new)):
        # Another seed: a run that stands already is not made again.
        runs = [machine.run(moment, "run", "--quiet", "--seed", str(seed)) for seed in (1, 2, 3)]
        raw = machine.root / "data" / "raw"
        again = [machine.run(moment, "ingest", str(raw), "--quiet") for _ in range(3)]
        figures[name] = (
            max(one.memory for one in runs), min(one.cpu for one in runs),
            max(one.memory for one in again), min(one.cpu for one in again),
            sum(1 for p in raw.rglob("*") if p.is_file()),
        )  # fmt: skip
        memory, cpu, ingest_memory, ingest_cpu, files = figures[name]
        found.row(
            f"the workspace {name}: a run, an ingest with nothing new",
            f"{memory:.0f} MB, {cpu:.2f} s; {ingest_memory:.0f} MB, {ingest_cpu:.2f} s for "
            f"{files:,} raw files",
        )
    lived, fresh = figures["lived in"], figures["new"]
    found.must(lived[0] < fresh[0] + 15.0, "a run takes more memory than in a new workspace")
    found.must(lived[1] < 1.5 * fresh[1] + 0.3, "a run takes longer than in a new workspace")
    found.must(lived[2] < fresh[2] + 15.0, "an ingest takes more memory than in a new workspace")
    # Every raw file is looked at: the time goes with their number and no faster.
    each = fresh[3] / fresh[4]
    found.must(lived[3] < 1.8 * each * lived[4] + 0.3, "an ingest takes longer than its files do")


def _folders(life: Life, found: Checked, long: bool) -> None:
    measured = [m for m in life.mornings if m.sizes]
    keep = life.workspace.config.retention.runs
    months = len({(m.day.year, m.day.month) for m in measured})
    most = max(m.runs for m in measured)
    found.row("folders of runs, most at a time", most)
    extra = sum(m.what == "by hand" or "kill" in m.what for m in measured)
    found.must(most <= keep + 2 + months + extra, f"{most} folders of runs; {keep} days are kept")
    settled = [m for m in measured if (m.day - life.city.first).days > keep + 20]
    half = len(measured) // 2
    for area in sorted({area for m in measured for area in m.sizes}):
        sizes = [m.sizes.get(area, 0) / 1000.0 for m in measured]
        rates = [
            (sizes[b] - sizes[a]) / max((measured[b].day - measured[a].day).days, 1)
            for a, b in ((min(2, half), half), (half, len(measured) - 1))
        ]
        found.row(
            f"{area} [kB]",
            f"{sizes[0]:.0f} → {sizes[-1]:.0f}; a day {rates[0]:.2f} in the first half, "
            f"{rates[1]:.2f} in the second",
        )
        if not long:
            continue
        if area in ("raw", "processed", "register"):
            found.must(
                rates[1] < 1.5 * rates[0] + 1.0,
                f"{area} grows faster and faster: {rates[0]:.2f} and {rates[1]:.2f} kB a day",
            )
        elif area in ("models", "forecast.toml", "mappings"):
            late = [m.sizes.get(area, 0) / 1000.0 for m in settled]
            most_kb = 1.3 * late[0] + 60.0
            found.must(max(late) <= most_kb, f"{area} grows: {late[0]:.0f} to {max(late):.0f} kB")
    schedule = life.workspace.config.schedule
    logs = max(m.sizes.get("logs", 0) for m in measured) / 1000.0
    bound = schedule.log_files * (schedule.log_kilobytes + 4)
    found.must(logs <= bound, f"the logs have {logs:.0f} kB, at most {bound}")
    if long and settled:
        each = [m.sizes["runs"] / 1000.0 / m.runs for m in settled]
        found.row("a run [kB], of those that stand", f"{each[0]:.0f} → {each[-1]:.0f}")
