"""The mornings of the soak run, one after the other, with all that befalls the machine."""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from soak_city import CITY, ZONE, City, Delivery, Ledger, deck, drop_into
from soak_machine import Ended, Machine, Started
from soak_morning import GOOD, Morning, areas, make_workspace, yardstick
from soak_source import Source

from forecast.workspace import Workspace

__all__ = ["Life", "counted"]

#: What befalls the machine on a morning, and on what share of them.
BEFALLS = {
    "kill": 0.12, "kill twice": 0.03, "fired twice": 0.04, "by hand": 0.04, "disk full": 0.03,
}  # fmt: skip
#: What the source does on a morning, for one to three mornings in a row.
OUTAGES = {"500": 0.015, "hang": 0.015, "cut": 0.015}
#: Spells in which the machine is off, of 1 to 6 days.
OFF = 0.02
#: Room that is left on a full disk [bytes]; some of it is enough for a part of a morning.
ROOM = (20_000, 0, 150_000, 60_000, 400_000)

#: So long a refused file lies there before a person puts it away.
PATIENCE = timedelta(days=3)


class Life:
    """A machine that lives.

    Args:
        root: a folder for the workspace, on a file system of its own where ``disk`` is True.
        city: what its sources deliver.
        seed: of what befalls it.
        disk: whether its disk can be filled.
        whole_every: every so many mornings are of ordinary processes with all charts; 0: none.
        fetching: the mornings on which the source is in the schedule, by number; the rest cost less.
        settings: of ``make_workspace``.
        say: called with a line now and then.
    """

    def __init__(
        self, root: Path, city: City, seed: int, *, disk: bool, whole_every: int,
        fetching: range, settings: Mapping[str, int], say: Callable[[str], None],
    ) -> None:  # fmt: skip
        self.root, self.city, self.disk = root, city, disk
        self.source = Source()
        make_workspace(root, **settings)
        self.settings = dict(settings)
        self.workspace = Workspace.open(root)
        self.machine = Machine(root)
        self.ledger = Ledger()
        self.mornings: list[Morning] = []
        self.kills: Counter[str] = Counter()
        self.missed = 0
        self.faults: list[str] = []
        self.fetched: list[tuple[date, bool]] = []
        self.dropped: list[Delivery] = []
        self.spans: dict[str, tuple[date, date]] = {}
        self.folders: set[str] = set()
        self._rng = np.random.default_rng([seed, 1])
        self._say = say
        self._whole_every = whole_every
        self._fetching = fetching
        self._waiting: list[tuple[date, Delivery]] = []
        self._next = 0
        self._usual = 3.0

    def close(self) -> None:
        """Stop the source."""
        self.source.close()

    def live(self) -> None:
        """Live all mornings."""
        begun = time.perf_counter()
        for morning in self._planned():
            self.mornings.append(morning)
            if morning.what == "off":
                continue
            self._morning(morning)
            if len(self.mornings) % 20 == 0:
                spent = time.perf_counter() - begun
                self._say(
                    f"{morning.day}: {len(self.mornings)} days in {spent:.0f} s, "
                    f"{len(self.faults)} faults"
                )

    def _planned(self) -> list[Morning]:
        n = (self.city.last - self.city.first).days + 1
        shares = {kind: s for kind, s in BEFALLS.items() if self.disk or kind != "disk full"}
        # The first morning reads the history, the last one leaves all in order.
        what = [*deck(self._rng, n - 2, shares), "", ""]
        off = self._spells(n, OFF, 6)
        out = {}
        for mode, share in OUTAGES.items():
            out |= dict.fromkeys(self._spells(n, share, 3, self._fetching), mode)
        found = []
        for at in range(n):
            one = Morning(self.city.first + timedelta(days=at), what[at], out.get(at, "ok"))
            if at in off:
                one.what = "off"
            elif self._whole_every and at % self._whole_every == 2:
                one.what, one.whole, one.source = "", True, "ok"
            found.append(one)
        return found

    def _spells(self, n: int, share: float, longest: int, within: range | None = None) -> set[int]:
        """Return mornings of spells, none of them among the first two and the last two."""
        found: set[int] = set()
        allowed = (
            range(2, n - 2)
            if within is None
            else range(max(2, within.start), min(n - 2, within.stop))
        )
        for _ in range(max(1, round(share * n))):
            start = int(self._rng.choice(allowed))
            length = int(self._rng.integers(1, min(longest, n // 6) + 1))
            found |= {at for at in range(start, start + length) if at in allowed}
        return found

    def _turn(self, on: bool) -> None:
        """Put the source into the schedule or take it out."""
        line = f"open-meteo --place {CITY} --lat 37.74 --lon 115.67 --from -10d --base-url "
        with_it, without = f'fetch = ["{line}{self.source.url}"]', "fetch = []"
        path = self.root / "forecast.toml"
        text = path.read_text(encoding="utf-8")
        before, after = (without, with_it) if on else (with_it, without)
        if before in text:
            path.write_text(text.replace(before, after), encoding="utf-8")

    def _morning(self, morning: Morning) -> None:
        due = datetime(morning.day.year, morning.day.month, morning.day.day, 6, 30, tzinfo=ZONE)
        moment = due + timedelta(seconds=int(self._rng.integers(0, 90)))
        self._deliver(due)
        inbox = self.workspace.raw / "inbox"
        morning.refused = any((inbox / d.name).exists() for d in self.dropped if not d.readings)
        self._overnight()
        fetching = len(self.mornings) - 1 in self._fetching
        self._turn(fetching)
        self.source.set(morning.day, morning.source)
        if len(self.mornings) > 1 and self.mornings[-2].what == "off":
            self._health(moment, good=False, why="after days without a machine")
        doing = {
            "kill": self._killed, "kill twice": self._killed, "fired twice": self._fired_twice,
            "by hand": self._by_hand, "disk full": self._disk_full,
        }.get(morning.what, self._plain)  # fmt: skip
        before = yardstick()
        doing(morning, moment)
        morning.yardstick = (before + yardstick()) / 2
        self._after(morning, due)

    # What can befall a morning.

    def _plain(self, morning: Morning, moment: datetime) -> None:
        ended = self._attempt(morning, moment)
        if ended.code not in GOOD:
            self._fault(morning, f"exit code {ended.code}: {morning.reason}")

    def _killed(self, morning: Morning, moment: datetime) -> None:
        """Killed once or twice; then it does its work an hour later, or the machine stays off."""
        for _ in range(2 if morning.what == "kill twice" else 1):
            before = self._steps_told()
            running = self._start(moment, "schedule", "run", "--once", "--lang", "en")
            self._wait(running, float(self._rng.uniform(0.0, 1.1)) * self._usual)
            if not running.kill():
                self.missed += 1
                self._told(morning, running.wait())
                return
            self.kills[self._stage(before)] += 1
            morning.attempts.append("killed")
            moment += timedelta(minutes=40)
        if self._rng.random() < 0.25:
            morning.reason = "killed; the machine came back on the next day"
            return
        self._plain(morning, moment)

    def _fired_twice(self, morning: Morning, moment: datetime) -> None:
        first = self._start(moment, "schedule", "run", "--once", "--lang", "en")
        self._wait(first, float(self._rng.uniform(0.0, 1.2)) * self._usual)
        second = self._start(
            moment + timedelta(seconds=1), "schedule", "run", "--once", "--lang", "en", "--json"
        )
        ended, other = first.wait(), second.wait()
        self._told(morning, ended)
        told = [json.loads(line) for line in other.out.splitlines() if line.startswith("{")]
        if other.code != 0 or not told or told[0].get("done") is not False:
            self._fault(morning, f"the second of two timers did a run of its own: {other.out}")
        if ended.code not in GOOD:
            self._fault(morning, f"exit code {ended.code}: {morning.reason}")

    def _by_hand(self, morning: Morning, moment: datetime) -> None:
        timer = self._start(moment, "schedule", "run", "--once", "--lang", "en")
        self._wait(timer, float(self._rng.uniform(0.0, 0.9)) * self._usual)
        hand = self._start(moment, "run", "--json")
        ended, other = timer.wait(), hand.wait()
        self._told(morning, ended)
        self._no_traceback(morning, other)
        if other.code != 0 or not other.told["run"]["id"]:
            self._fault(morning, f"the run by hand ended in {other.code}: {other.said}")
        if ended.code not in GOOD:
            self._fault(morning, f"exit code {ended.code}: {morning.reason}")

    def _disk_full(self, morning: Morning, moment: datetime) -> None:
        room = ROOM[sum(m.what == "disk full" for m in self.mornings[:-1]) % len(ROOM)]
        ballast = self.root.parent / "ballast"
        free = os.statvfs(self.root)
        size = max(free.f_bavail * free.f_frsize - room, 0)
        with ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(size, 1))
        try:
            ended = self._attempt(morning, moment)
        finally:
            ballast.unlink()
        if ended.code not in (*GOOD, 1):
            self._fault(morning, f"exit code {ended.code} on a full disk: {morning.reason}")
        if ended.code not in GOOD:
            if "full" not in morning.reason and "space" not in morning.reason:
                self._fault(morning, f"a full disk is not what it says: {morning.reason}")
            self._plain(morning, moment + timedelta(hours=1))

    # Its parts.

    def _start(self, moment: datetime, *words: str, whole: bool = False) -> Started:
        return self.machine.start(moment, *words, whole=whole)

    def _attempt(self, morning: Morning, moment: datetime) -> Ended:
        ended = self._start(
            moment, "schedule", "run", "--once", "--lang", "en", whole=morning.whole
        ).wait()
        self._told(morning, ended)
        return ended

    def _told(self, morning: Morning, ended: Ended) -> None:
        self._no_traceback(morning, ended)
        morning.attempts.append(ended.code)
        said = [line for line in ended.said.splitlines() if line.startswith("forecast: ")]
        morning.reason = said[-1].removeprefix("forecast: ") if said else ""
        if ended.code in GOOD:
            morning.seconds, morning.cpu, morning.memory = ended.seconds, ended.cpu, ended.memory
            if not morning.whole:
                self._usual = 0.8 * self._usual + 0.2 * ended.seconds

    def _no_traceback(self, morning: Morning, ended: Ended) -> None:
        if "Traceback" in ended.said or "Traceback" in ended.out:
            self._fault(morning, f"a traceback: {ended.said[-1500:]}")

    def _fault(self, morning: Morning, what: str) -> None:
        self.faults.append(f"{morning.day} ({morning.what or 'nothing special'}): {what}")
        self._say(f"FAULT {self.faults[-1]}")

    @staticmethod
    def _wait(process: Started, seconds: float) -> None:
        until = time.perf_counter() + seconds
        while time.perf_counter() < until and process.look() is None:
            time.sleep(0.002)

    def _deliver(self, due: datetime) -> None:
        """Put what came since the last morning into the inbox."""
        fresh = [d for d in self.city.deliveries[self._next :] if d.due <= due]
        self._next += len(fresh)
        drop_into(self.workspace.raw / "inbox", fresh)
        self._waiting += [(due.date(), one) for one in fresh]
        # What no table can take is named every morning until an analyst puts it away.
        for one in self.dropped:
            if not one.readings and due - one.due > PATIENCE:
                (self.workspace.raw / "inbox" / one.name).unlink(missing_ok=True)
        self.dropped += fresh

    def _overnight(self) -> None:
        """Let what lies in the folders be a night older: a writer's file of yesterday is no one's."""
        old = time.time() - 40_000.0
        for path in self.root.rglob(".*"):
            if path.is_file() and path.suffix in (".tmp", ".part"):
                os.utime(path, (old, old))

    def _log(self) -> list[dict[str, Any]]:
        lines: list[str] = []
        for name in ("forecast.jsonl.1", "forecast.jsonl"):
            path = self.workspace.reports / "logs" / name
            if path.is_file():
                lines += path.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]

    def _steps_told(self) -> int:
        return sum(line.get("event") in ("step", "begin") for line in self._log())

    def _stage(self, before: int) -> str:
        """Return what was at work when it was killed, by the lines of the log since ``before``."""
        lines = [line for line in self._log() if line.get("event") in ("step", "begin")]
        told = max(len(lines) - before, 0)
        names = ["before the first step", "fetch", "ingest", "run", "after the run"]
        if len(self.mornings) - 1 not in self._fetching:
            names.remove("fetch")
        return names[min(told, len(names) - 1)]

    def _health(self, moment: datetime, *, good: bool, why: str) -> None:
        ended = self.machine.run(moment, "status", "--health")
        if (ended.code == 0) != good:
            self._fault(
                self.mornings[-1], f"status --health ends in {ended.code} {why}: {ended.out}"
            )

    def _after(self, morning: Morning, due: datetime) -> None:
        """Keep what a good morning leaves, and compare what its run saw with the ledger."""
        log = self._log()
        begun = max((k for k, line in enumerate(log) if line["event"] == "begin"), default=0)
        steps = [line for line in log[begun:] if line["event"] == "step"]
        morning.steps = {line["stage"]: line["seconds"] for line in steps}
        if len(self.mornings) - 1 in self._fetching:
            fetch = [s for s in steps if s["stage"].startswith("fetch")]
            fetched = morning.good and bool(fetch) and fetch[0]["exit_code"] == 0
            self.fetched.append((morning.day, fetched))
        taken = any(s["stage"] == "ingest" and s["exit_code"] in GOOD for s in steps)
        if morning.good and taken and not (morning.what == "disk full" and morning.reason):
            self.ledger.receive(due, [one for _, one in self._waiting])
            self.spans |= {one.name: (since, morning.day) for since, one in self._waiting}
            self._waiting = []
            name = (self.workspace.reports / "latest").read_text(encoding="utf-8").strip()
            morning.run = name
            self._saw(morning, self.workspace.reports / name)
            if len(self.mornings) % 7 == 0:
                self._health(due + timedelta(hours=2), good=True, why="after a good run")
        morning.sizes = areas(self.root)
        standing = self.runs_standing()
        morning.runs = len(standing)
        self.folders |= set(standing)

    def runs_standing(self) -> list[str]:
        """Return the names of the folders of runs."""
        return sorted(p.name for p in self.workspace.reports.glob("[0-9]*-*") if p.is_dir())

    def _saw(self, morning: Morning, folder: Path) -> None:
        result = json.loads((folder / "projection.json").read_text(encoding="utf-8"))
        year = result["run"]["year"]
        for one in result["projections"]:
            if one["indicator"] == "pm25_annual_mean" and one["place"] == CITY:
                seen = one["observed"]
                morning.observed = (seen["n_valid"], float(seen["value"]), seen["last_day"])
        morning.expected = self.ledger.observed(year)
        if morning.observed is None or not _same(morning.observed, morning.expected):
            self._fault(
                morning, f"the run saw {morning.observed}, delivered were {morning.expected}"
            )
        if result["run"]["as_of"] != self.ledger.days()[-1]:
            self._fault(morning, f"as of {result['run']['as_of']}, not {self.ledger.days()[-1]}")
        created = datetime.fromisoformat(result["run"]["created"]).astimezone(UTC)
        if created.astimezone(ZONE).date() > morning.day:
            self._fault(morning, f"made on {created}, in the future")


def _same(a: tuple[int, float, str], b: tuple[int, float, str]) -> bool:
    return a[0] == b[0] and abs(a[1] - b[1]) < 1e-6 and a[2] == b[2]


def counted(values: Iterable[str]) -> str:
    """Return words with how often they came: ``kill 3, off 2``."""
    return ", ".join(f"{word} {n}" for word, n in sorted(Counter(values).items()) if word)
