"""Processes that are killed: what is there is as before or as after, and the next command completes."""

from __future__ import annotations

import json
import shutil
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from fault_server import Ended, FaultServer
from fault_state import State, grow_old, left_over, once_each, result_of, runs_of, tables_of

from forecast.runs.alerts_memory import read_state
from forecast.runs.health import HEALTH_NAME
from forecast.runs.schedule_memory import read_memory
from forecast.workspace import Workspace

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="time of another process and paths of handles are of Linux"
)

#: Kills of each stage, and how many of them must meet a living process: one that had ended already
#: was not disturbed.
_KILLS, _HITS = 20, 19

Killed = Callable[[Path, int, Callable[[Path], list[str | Path]]], Iterator[tuple[Path, Ended]]]


@pytest.fixture
def killed(faults: FaultServer, tmp_path: Path) -> Killed:
    """Kill a command at twenty moments in copies of a workspace; yields the copies.

    The moments are drawn one in each twentieth of the time of the processor that the command takes,
    so that a busy machine moves none of them. The first folder is that of the undisturbed command.
    """

    def run(
        before: Path, seed: int, command: Callable[[Path], list[str | Path]]
    ) -> Iterator[tuple[Path, Ended]]:
        whole = Path(shutil.copytree(before, tmp_path / "whole"))
        done = faults.run(*command(whole))
        assert done.code == 0, done.err
        yield whole, done
        rng, cpu, hits = np.random.default_rng(seed), done.cpu, 0
        for n in range(_KILLS):
            share = (n + rng.random()) / _KILLS
            for attempt in range(3):
                place = Path(shutil.copytree(before, tmp_path / f"{n}-{attempt}"))
                ended = faults.run(*command(place), kill_after=0.97 * share * cpu)
                assert ended.killed or ended.code == 0, ended.err
                if ended.killed:
                    break
                # It was over sooner than the one before: the same moment of this one's time.
                cpu = min(cpu, ended.cpu)
            hits += ended.killed
            yield place, ended
        print(f"{hits} of {_KILLS} kills met a living process")
        assert hits >= _HITS

    return run


def given_again(
    faults: FaultServer, command: Callable[[Path], list[str | Path]]
) -> Callable[[Path], Path]:
    """Return what gives the command again in a folder, once in those that are alike."""

    def give(place: Path) -> None:
        ended = faults.run(*command(place))
        assert ended.code == 0, ended.err

    return once_each(give)


def assert_old_or_new(found: State, old: State, new: State) -> None:
    """Check what a run leaves on its way: its folder, then its block, then its name in ``latest``."""
    for name in ("whole", "latest", "registered"):
        assert getattr(found, name) in (getattr(old, name), getattr(new, name))
    if found.latest == new.latest:
        assert found.registered == new.registered
    if found.registered == new.registered:
        assert found.whole == new.whole


def test_ingest_killed_at_twenty_moments(
    killed: Killed, faults: FaultServer, bare: Path, more: Path
) -> None:
    def command(place: Path) -> list[str | Path]:
        return [":ingest", place, more]

    places = killed(bare, 1, command)
    again = given_again(faults, command)
    whole, _ = next(places)
    old, new = tables_of(bare), tables_of(whole)
    flags = Workspace.open(whole).store.read("quality_flags")["flag_id"].tolist()
    assert old != new
    for place, _ in places:
        assert tables_of(place) in (old, new)
        done = again(place)
        assert tables_of(done) == new
        store = Workspace.open(done).store
        assert set(store.files()["status"]) == {"read"}
        assert store.read("quality_flags")["flag_id"].tolist() == flags
        assert left_over(done) == []


def test_fit_and_run_killed_at_twenty_moments(
    killed: Killed, faults: FaultServer, small: Path
) -> None:
    def command(place: Path) -> list[str | Path]:
        return ["run", "--paths", "60", "--quiet", "-w", place]

    places = killed(small, 2, command)
    again = given_again(faults, command)
    whole, _ = next(places)
    old, new = runs_of(small), runs_of(whole)
    assert len(new.whole) == len(old.whole) + 1 and new.latest != old.latest
    answer = result_of(whole, new.latest)
    for place, _ in places:
        assert_old_or_new(runs_of(place), old, new)
        done = again(place)
        assert runs_of(done) == new
        assert result_of(done, new.latest) == answer
        assert left_over(done) == []


def review(place: Path, day: str = "2022-03-02") -> list[str | Path]:
    """The command that writes a small review of the newest run."""
    return [
        "report", "--format", "xlsx,docx", "--chapters", "targets", "--date", day,
        "--quiet", "-w", place,
    ]  # fmt: skip


@pytest.fixture(scope="session")
def reviewed(
    made_once: Callable[[str, Callable[[Path], object]], Path], small: Path, faults: FaultServer
) -> Path:
    """The small workspace with a review of the day before."""

    def fill(root: Path) -> None:
        shutil.copytree(small, root)
        ended = faults.run(*review(root, "2022-03-01"))
        assert ended.code == 0, ended.err

    return made_once("reviewed", fill)


def reviews(place: Path) -> dict[str, bytes]:
    """The files of the reviews."""
    return {p.name: p.read_bytes() for p in place.glob("reports/*/review/[!.]*")}


def test_report_killed_at_twenty_moments(
    killed: Killed, faults: FaultServer, reviewed: Path
) -> None:
    places = killed(reviewed, 3, review)
    again = given_again(faults, review)
    whole, _ = next(places)
    old, new = reviews(reviewed), reviews(whole)
    assert set(old) == set(new) and all(old[name] != new[name] for name in new)
    for place, _ in places:
        found = reviews(place)
        assert set(found) == set(new)
        assert all(data in (old[name], new[name]) for name, data in found.items())
        done = again(place)
        assert reviews(done) == new


def test_ingest_killed_at_every_change_of_the_disk(
    faults: FaultServer, bare: Path, more: Path, tmp_path: Path
) -> None:
    swept = faults.sweep("kill", bare, tmp_path / "left", ":ingest", "{}", more)
    assert swept.whole.code == 0 and len(swept.ends) == len(swept.changes) > 40
    old, new = tables_of(bare), tables_of(tmp_path / "left" / "whole")
    # A step back to the old tables after a step forward is none.
    found = [tables_of(tmp_path / "left" / str(n)) for n in swept.ends]
    assert all(end.killed for end in swept.ends.values())
    assert found == sorted(found, key=[old, new].index)
    assert set(found) == {old, new}
    first = found.index(new)
    for n in (0, 3, first - 1, first, len(found) - 1):
        place = tmp_path / "left" / str(n)
        grow_old(place)
        ended = faults.run(":ingest", place, more)
        assert ended.code == 0, ended.err
        assert tables_of(place) == new
        assert left_over(place) == []


def test_run_killed_at_every_change_of_the_disk(
    faults: FaultServer, small: Path, tmp_path: Path
) -> None:
    command = ["run", "--paths", "60", "--quiet", "-w", "{}"]
    swept = faults.sweep("kill", small, tmp_path / "left", *command)
    assert len(swept.ends) == len(swept.changes) > 20
    old, new = runs_of(small), runs_of(tmp_path / "left" / "whole")
    answer = result_of(tmp_path / "left" / "whole", new.latest)
    seen: dict[State, Path] = {}
    for n in swept.ends:
        found = runs_of(tmp_path / "left" / str(n))
        assert_old_or_new(found, old, new)
        seen[found] = tmp_path / "left" / str(n)
    # Nothing; the folder; its block; its name.
    assert len(seen) == 4
    for place in seen.values():
        grow_old(place)
        ended = faults.run(*(part.replace("{}", str(place)) for part in command))
        assert ended.code == 0, ended.err
        assert runs_of(place) == new
        assert result_of(place, new.latest) == answer
        assert left_over(place) == []


def test_register_killed_at_every_change(faults: FaultServer, small: Path, tmp_path: Path) -> None:
    swept = faults.sweep("kill", small, tmp_path / "left", ":register", "{}")
    old, new = runs_of(small), runs_of(tmp_path / "left" / "whole")
    assert len(new.registered) == len(old.registered) + 1 and len(swept.ends) >= 6
    for n in swept.ends:
        place = tmp_path / "left" / str(n)
        assert runs_of(place).registered in (old.registered, new.registered)
        assert faults.run(":register", place).code == 0
        assert runs_of(place) == new


def test_alerts_and_records_killed_at_every_change(
    faults: FaultServer, bare: Path, tmp_path: Path
) -> None:
    swept = faults.sweep("kill", bare, tmp_path / "alerts", ":alerts", "{}")
    assert len(swept.ends) >= 6
    for n in swept.ends:
        place = tmp_path / "alerts" / str(n)
        assert len(read_state(Workspace.open(place)).waiting) in (0, 1)
        assert faults.run(":alerts", place).code == 0
        assert [w.alert.en for w in read_state(Workspace.open(place)).waiting] == ["the second"]
    swept = faults.sweep("kill", bare, tmp_path / "records", ":records", "{}")
    assert len(swept.ends) >= 15
    for n in swept.ends:
        place = tmp_path / "records" / str(n)
        # Half a record would be read as none; there is none, or a whole one.
        for name in (".schedule.json", HEALTH_NAME):
            path = place / "reports" / name
            assert not path.exists() or json.loads(path.read_text(encoding="utf-8"))
        assert faults.run(":records", place).code == 0
        memory = read_memory(Workspace.open(place))
        assert memory is not None and memory.good


def test_log_killed_at_every_change_loses_no_line_before(
    faults: FaultServer, bare: Path, tmp_path: Path
) -> None:
    swept = faults.sweep("kill", bare, tmp_path / "left", ":log", "{}")
    assert len(swept.ends) >= 9
    lines = 0
    for n in swept.ends:
        place = tmp_path / "left" / str(n)
        assert faults.run(":log", place).code == 0
        text = "".join(
            p.read_text(encoding="utf-8") for p in sorted(place.glob("reports/logs/forecast*"))
        )
        broken = 0
        for line in text.splitlines():
            try:
                json.loads(line)
                lines += 1
            except ValueError:
                broken += 1
        assert broken <= 1
    assert lines > 6 * len(swept.ends)


def test_answers_killed_at_every_change_are_the_old_or_the_new_one(
    faults: FaultServer, root: Path, tmp_path: Path
) -> None:
    """A folder that is replaced is away between two renames; the next who writes puts it back."""
    before = root / "reports" / "scenarios" / "mine"
    before.mkdir(parents=True)
    for name in ("scenario.json", "index.html"):
        (before / name).write_text(f"old {name}\n", encoding="utf-8")
    swept = faults.sweep("kill", root, tmp_path / "left", ":answer", "{}")
    away = 0
    for n in swept.ends:
        place = tmp_path / "left" / str(n)
        mine = place / "reports" / "scenarios" / "mine"
        away += not mine.exists()
        if mine.exists():
            told = {p.read_text(encoding="utf-8").split()[0] for p in mine.iterdir()}
            assert told in ({"old"}, {"new"}) and len(list(mine.iterdir())) == 2
        else:
            kept = mine.with_name(".replaced-mine")
            assert (kept / "index.html").read_text(encoding="utf-8") == "old index.html\n"
            assert faults.run(":answer", place, "yours").code == 0
            assert (mine / "index.html").read_text(encoding="utf-8") == "old index.html\n"
        assert faults.run(":answer", place).code == 0
        assert {p.read_text(encoding="utf-8").split()[0] for p in mine.iterdir()} == {"new"}
        assert left_over(place) == []
    assert away == 1


def test_retention_killed_at_every_change(faults: FaultServer, root: Path, tmp_path: Path) -> None:
    (run,) = runs_of(root).whole
    for day in ("20240101", "20240102", "20240103", "20240601", "20240602", "20240603"):
        name = f"{day}-0123456789ab"
        folder = Path(shutil.copytree(root / "reports" / run, root / "reports" / name))
        told = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        moment = f"{day[:4]}-{day[4:6]}-{day[6:]}T06:30:00+08:00"
        told["run"] |= {"id": name, "created": moment}
        (folder / "manifest.json").write_text(json.dumps(told), encoding="utf-8")
    swept = faults.sweep("kill", root, tmp_path / "left", ":retention", "{}")
    whole = runs_of(tmp_path / "left" / "whole").whole
    assert len(whole) == 5
    for n in swept.ends:
        place = tmp_path / "left" / str(n)
        found = runs_of(place).whole
        assert set(whole) <= set(found) <= set(runs_of(root).whole)
        assert faults.run(":retention", place).code == 0
        assert runs_of(place).whole == whole


def test_backup_and_restore_killed_at_every_change(
    faults: FaultServer, small: Path, tmp_path: Path
) -> None:
    before = tmp_path / "before"
    shutil.copytree(small, before / "w")
    (before / "out").mkdir()
    swept = faults.sweep(
        "kill", before, tmp_path / "left", "backup", "{}/a.zip", "-w", before / "w", root="out"
    )
    assert swept.whole.code == 0 and len(swept.ends) > 4
    finished = 0
    for n in swept.ends:
        made = tmp_path / "left" / str(n) / "a.zip"
        finished += made.exists()
        if made.exists():
            assert faults.run("backup", "--verify", made).code == 0
            with zipfile.ZipFile(made) as archive:
                assert "backup.json" in archive.namelist()
    assert finished <= 1
    saved = tmp_path / "left" / "whole" / "out" / "a.zip"
    (tmp_path / "empty" / "out").mkdir(parents=True)
    swept = faults.sweep(
        "kill", tmp_path / "empty", tmp_path / "again", "restore", saved, "--to", "{}/w", root="out"
    )
    assert swept.whole.code == 0, swept.whole.err
    for n in swept.ends:
        place = tmp_path / "again" / str(n) / "w"
        if place.exists():
            assert tables_of(place) == tables_of(small)
    last = tmp_path / "again" / str(max(swept.ends) // 2) / "w"
    assert faults.run("restore", saved, "--to", last).code == 0
    assert tables_of(last) == tables_of(small)
