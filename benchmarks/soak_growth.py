"""Whether memory, time and folders of the soak run stay flat."""

from __future__ import annotations

import multiprocessing
import shutil
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
from soak_city import ZONE, Delivery
from soak_life import Life
from soak_machine import Ended, Machine
from soak_morning import Morning, make_workspace

from forecast.workspace import Workspace

__all__ = ["Checked", "flat"]

#: The first readings are those of the history and of so many mornings.
_BEGIN = timedelta(days=20)

#: What a file that was read long ago may cost an ingest [s]: its name is compared with the lists of
#: what came when and is not opened.
_EACH_FILE = 0.00015

#: What a morning may grow by beside its readings, over all mornings: memory [MB] is handed out in
#: pieces of some MB, and processor time [s] is measured beside other work.
_MORE_MEMORY, _MORE_CPU = 8.0, 0.3

#: The limits, for who reads the report.
_NOTE = f"""\
What may grow, and how far:

- Memory and time of a morning, with the readings alone. Two new workspaces show the readings' share: one with
  the readings of the first {_BEGIN.days} mornings, one with all of them, each kind in one file. Over all mornings, less the
  uncertainty of the line, the growth may be 1.25 times that share, {_MORE_MEMORY:g} MB (memory is handed out in pieces)
  and {_MORE_CPU:g} s (measured beside other work).
- What comes of having lived (mornings, files, runs, lists) is the difference to the new workspace with the same
  readings: a run that fits all models anew may take 15 MB and a quarter of its time + 0.2 s more, an ingest in which nothing is new 15 MB and
  {1000 * _EACH_FILE:g} ms for each raw file more + 0.1 s. A file that was read long ago is not opened; its name is compared
  with the lists of what came when.
- Folders of runs: as many days as the configuration keeps, one a month, and those by hand; logs: their number by
  their size. Fits (`models`) are one file a place: 1.3 times what they were when the oldest run was cleared away
  first, and 60 kB.
- `raw`, `processed` and `register` keep what came in and what was said, for good: as much a day in the second half
  as in the first, 1.5 times and 1 kB at most."""

#: So many runs and ingests are made in each of the workspaces that are compared.
_TURNS = 5

#: Tables of readings of this city.
_READINGS = ("air_daily", "water_samples", "met_daily")


@dataclass
class Checked:
    """What one check found: ``rows`` of (what, figure), and ``wrong``, empty where all holds.

    ``note`` says how the figures are meant, in paragraphs.
    """

    title: str
    rows: list[tuple[str, str | int]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    note: str = ""

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

    slopes: dict[str, tuple[float, float]] = {}
    for name, group, value in (
        ("memory of a morning [MB]", warm, lambda m: m.memory),
        ("memory of a whole morning, charts and all [MB]", whole, lambda m: m.memory),
        ("processor time of a morning [s]", warm, cpu),
        ("processor time of a whole morning [s]", whole, cpu),
    ):
        slope, half, n = _slope(group, value)
        if n >= 4:
            slopes[name] = slope, half
            values = [value(m) for m in group]
            found.row(
                name,
                f"median {np.median(values):.2f}, largest {max(values):.2f}; "
                f"{slope:+.3f} ± {half:.3f} in 100 days (n = {n})",
            )
    _folders(life, found, long)
    if long:
        _beside_new_ones(life, found, slopes)
        found.note = _NOTE
    return found


@dataclass(frozen=True)
class _Cost:
    """What a workspace takes on one day: memory [MB] and processor time [s], of runs and ingests."""

    run_memory: float
    run_cpu: float
    ingest_memory: float
    ingest_cpu: float
    files: int
    readings: int


def _beside_new_ones(life: Life, found: Checked, slopes: dict[str, tuple[float, float]]) -> None:
    """Compare the workspace with new ones: one with the same readings, one with the first ones.

    Four years of readings take more room and time than three, and that share is what the two new
    ones differ by. Both have their readings in a few files and have lived through one morning, so
    what the old workspace takes more than the new one with the same readings comes of its mornings,
    its files and its runs: that is what may not grow.
    """
    first, last = life.mornings[0].day, life.mornings[-1].day
    with_first = [d for d in life.dropped if d.readings and d.due.date() <= first + _BEGIN]
    with_all = [d for d in life.dropped if d.readings]
    places = {
        "with the first readings": (
            _filled(life, found, "young", with_first, None),
            first + _BEGIN,
        ),
        "with all readings": (_filled(life, found, "new", with_all, last), last),
        "lived in": (life.machine.root, last),
    }
    # Not forked from this process: what it holds by now would be taken for theirs, and what it has
    # given back would serve them.
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as fresh:
        costs = fresh.submit(_costs, places).result()
    for name, one in costs.items():
        found.row(
            f"the workspace {name}: a run; an ingest with nothing new",
            f"{one.run_memory:.0f} MB, {one.run_cpu:.2f} s; {one.ingest_memory:.0f} MB, "
            f"{one.ingest_cpu:.2f} s ({one.readings:,} readings, {one.files:,} raw files)",
        )
    young, new, old = costs.values()
    found.must(
        old.run_memory < new.run_memory + 15.0,
        f"a run takes {old.run_memory:.0f} MB, in a new workspace {new.run_memory:.0f}",
    )
    found.must(
        old.run_cpu < 1.25 * new.run_cpu + 0.2,
        f"a run takes {old.run_cpu:.2f} s, in a new workspace {new.run_cpu:.2f}",
    )
    found.must(
        old.ingest_memory < new.ingest_memory + 15.0,
        f"an ingest takes {old.ingest_memory:.0f} MB, in a new workspace {new.ingest_memory:.0f}",
    )
    each = 1000.0 * (old.ingest_cpu - new.ingest_cpu) / max(old.files - new.files, 1)
    found.row("an ingest, for each file more that was read long ago [ms]", f"{each:.3f}")
    found.must(
        old.ingest_cpu < new.ingest_cpu + _EACH_FILE * (old.files - new.files) + 0.1,
        f"an ingest takes {each:.2f} ms more for each file that it knows",
    )
    spent = (last - first).days / 100.0
    for name, share, room in (
        ("memory of a morning [MB]", new.run_memory - young.run_memory, _MORE_MEMORY),
        (
            "processor time of a morning [s]",
            new.run_cpu + new.ingest_cpu - young.run_cpu - young.ingest_cpu, _MORE_CPU,
        ),
    ):  # fmt: skip
        slope, half = slopes[name]
        grown, bound = spent * (slope - half), 1.25 * max(share, 0.0) + room
        found.row(
            f"{name}: grown in all, of which the readings",
            f"{spent * slope:+.2f} ± {spent * half:.2f}, {share:+.2f}",
        )
        found.must(
            grown <= bound,
            f"{name} grew by {spent * slope:.2f}, more than its readings ask for ({share:.2f})",
        )


def _filled(
    life: Life, found: Checked, name: str, deliveries: list[Delivery], fetched: date | None
) -> Path:
    """Return a new workspace with these readings, each kind in one file; what was fetched with it."""
    root = life.root.parent / name
    make_workspace(root, **life.settings)
    tables: dict[str, dict[tuple[str, ...], str]] = {}
    for one in deliveries:
        head, *lines = one.text.splitlines()
        names = head.split(",")
        key = [names.index(n) for n in ("城市", "日期", "section", "time") if n in names]
        of = tables.setdefault(head, {})
        # What came later under the same place and time is what counts.
        of |= {tuple(line.split(",")[at] for at in key): line for line in lines}
    folder = root / "data" / "raw" / "inbox"
    folder.mkdir(parents=True)
    for at, (head, lines) in enumerate(tables.items()):
        text = "\n".join([head, *lines.values()]) + "\n"
        (folder / f"table{at}.csv").write_text(text, encoding="utf-8")
    if fetched is not None:
        for place in life.machine.root.joinpath("data", "raw").iterdir():
            if place.is_dir() and place.name != "inbox":
                shutil.copytree(place, root / "data" / "raw" / place.name)
    until = fetched or life.mornings[0].day + _BEGIN
    took = Machine(root).run(_morning(until), "ingest", str(root / "data" / "raw"))
    found.must(took.code == 0, f"the workspace {name} could not be filled: {took.said}")
    return root


def _morning(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 10, 0, tzinfo=ZONE)


def _costs(places: dict[str, tuple[Path, date]]) -> dict[str, _Cost]:
    """Return what a run that fits anew and an ingest with nothing new take in each on its day.

    They take turns, so that other work on the machine disturbs all alike, and the least is taken.
    """
    Machine.load()
    machines = {name: (Machine(root), _morning(day)) for name, (root, day) in places.items()}
    took: dict[str, list[tuple[Ended, Ended]]] = {name: [] for name in places}
    for seed in range(1, _TURNS + 1):
        for name, (machine, now) in machines.items():
            shutil.rmtree(machine.root / "models" / "fits", ignore_errors=True)
            # Another seed: a run that stands already is not made again.
            run = machine.run(now, "run", "--quiet", "--seed", str(seed))
            raw = str(machine.root / "data" / "raw")
            took[name].append((run, machine.run(now, "ingest", raw, "--quiet")))
    costs = {}
    for name, (root, _) in places.items():
        runs, ingests = zip(*took[name], strict=True)
        store = Workspace.open(root).store
        costs[name] = _Cost(
            max(one.memory for one in runs), min(one.cpu for one in runs),
            max(one.memory for one in ingests), min(one.cpu for one in ingests),
            sum(1 for p in (root / "data" / "raw").rglob("*") if p.is_file()),
            sum(len(store.read(table, columns=["row"])) for table in _READINGS),
        )  # fmt: skip
    return costs


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
        found.row("files that grew most from the oldest to the newest run [kB]", _grown(life))


def _grown(life: Life) -> str:
    """Return the files of a run without charts that differ most between the first and last such one."""
    runs = [m.run for m in life.mornings if m.run and not m.whole]
    folders = [
        f for f in (life.workspace.reports / run for run in dict.fromkeys(runs)) if f.is_dir()
    ]
    old, new = (
        {
            p.relative_to(f).as_posix(): p.stat().st_size / 1000.0
            for p in f.rglob("*")
            if p.is_file()
        }
        for f in (folders[0], folders[-1])
    )
    most = sorted(new, key=lambda name: old.get(name, 0.0) - new[name])[:3]
    return "; ".join(f"{name} {old.get(name, 0.0):.0f} → {new[name]:.0f}" for name in most)
