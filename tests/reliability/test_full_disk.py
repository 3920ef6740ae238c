"""No room on the disk, at any change of it: one sentence, the old state, and completion afterwards."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fault_server import Ended, FaultServer, Sweep
from fault_state import left_over, result_of, runs_of, tables_of

from forecast.runs.alerts_memory import read_state
from forecast.workspace import Workspace

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="paths of handles are of Linux")

RUN = ("run", "--paths", "60", "--quiet", "-w", "{}")


def assert_one_sentence(ended: Ended, *said: str) -> None:
    assert ended.code == 1, ended
    (line,) = [line for line in ended.err.splitlines() if line.strip()]
    assert line.startswith("forecast: ")
    for word in said:
        assert word in line


@pytest.fixture
def swept(faults: FaultServer, tmp_path: Path) -> Callable[..., Sweep]:
    """Let a command find the disk full from each of its changes on, and look at each refusal."""

    def run(before: Path, *arguments: str | Path) -> Sweep:
        made = faults.sweep("full", before, tmp_path / "left", *arguments)
        assert made.whole.code == 0, made.whole.err
        assert len(made.ends) == len(made.changes)
        for n, ended in made.ends.items():
            assert_one_sentence(ended, "No space left" if "full" not in ended.err else "full")
            # Where not even a name can be given back, the next who writes does that.
            rest = left_over(tmp_path / "left" / str(n))
            assert [name for name in rest if ".replaced-" not in name] == []
        return made

    return run


def test_ingest(
    swept: Callable[..., Sweep], faults: FaultServer, bare: Path, more: Path, tmp_path: Path
) -> None:
    made = swept(bare, ":ingest", "{}", more)
    old, new = tables_of(bare), tables_of(tmp_path / "left" / "whole")
    found = [tables_of(tmp_path / "left" / str(n)) for n in made.ends]
    assert found == sorted(found, key=[old, new].index) and found[0] == old
    first = found.index(new)
    for n in (5, first - 1, len(found) - 1):
        ended = faults.run(":ingest", tmp_path / "left" / str(n), more)
        assert ended.code == 0, ended.err
        assert tables_of(tmp_path / "left" / str(n)) == new


def test_run_with_its_folder_register_and_latest(
    swept: Callable[..., Sweep], faults: FaultServer, small: Path, tmp_path: Path
) -> None:
    made = swept(small, *RUN)
    folder = tmp_path / "left"
    old, new = runs_of(small), runs_of(folder / "whole")
    answer = result_of(folder / "whole", new.latest)
    stands = {}
    for n in made.ends:
        found = runs_of(folder / str(n))
        for name in ("whole", "latest", "registered"):
            assert getattr(found, name) in (getattr(old, name), getattr(new, name))
        stands[found] = folder / str(n)
    assert len(stands) == 4
    for place in stands.values():
        assert faults.run(*(part.replace("{}", str(place)) for part in RUN)).code == 0
        assert runs_of(place) == new
        assert result_of(place, new.latest) == answer


def test_report(swept: Callable[..., Sweep], small: Path, tmp_path: Path) -> None:
    made = swept(
        small, "report", "--format", "xlsx", "--chapters", "targets", "--date", "2022-03-02",
        "--quiet", "-w", "{}",
    )  # fmt: skip
    (whole,) = (tmp_path / "left" / "whole").glob("reports/*/review/*.xlsx")
    for n in made.ends:
        found = [
            p.read_bytes() for p in (tmp_path / "left" / str(n)).glob("reports/*/review/*.xlsx")
        ]
        assert found in ([], [whole.read_bytes()])


def test_register(
    swept: Callable[..., Sweep], faults: FaultServer, small: Path, tmp_path: Path
) -> None:
    made = swept(small, ":register", "{}")
    old, new = runs_of(small), runs_of(tmp_path / "left" / "whole")
    for n in made.ends:
        place = tmp_path / "left" / str(n)
        assert runs_of(place).registered in (old.registered, new.registered)
        assert faults.run(":register", place).code == 0
        assert runs_of(place) == new


def test_memory_of_alerts(
    swept: Callable[..., Sweep], faults: FaultServer, bare: Path, tmp_path: Path
) -> None:
    for n in swept(bare, ":alerts", "{}").ends:
        place = tmp_path / "left" / str(n)
        assert len(read_state(Workspace.open(place)).waiting) in (0, 1)
        assert faults.run(":alerts", place).code == 0
        assert len(read_state(Workspace.open(place)).waiting) == 1


def test_health_and_record_of_the_schedule(
    swept: Callable[..., Sweep], faults: FaultServer, bare: Path, tmp_path: Path
) -> None:
    for n in swept(bare, ":records", "{}").ends:
        place = tmp_path / "left" / str(n)
        assert faults.run(":records", place).code == 0
        assert (place / "reports" / "health.json").is_file()


def test_answers_on_scenarios(
    swept: Callable[..., Sweep], faults: FaultServer, root: Path, tmp_path: Path
) -> None:
    before = root / "reports" / "scenarios" / "mine"
    before.mkdir(parents=True)
    (before / "index.html").write_text("old\n", encoding="utf-8")
    for n in swept(root, ":answer", "{}").ends:
        mine = tmp_path / "left" / str(n) / "reports" / "scenarios" / "mine"
        if not mine.exists():
            kept = mine.with_name(".replaced-mine") / "index.html"
            assert kept.read_text(encoding="utf-8") == "old\n"
        else:
            assert (mine / "index.html").read_text(encoding="utf-8").split()[0] in ("old", "new")
        assert faults.run(":answer", tmp_path / "left" / str(n)).code == 0
        assert (mine / "index.html").read_text(encoding="utf-8").split()[0] == "new"
        assert left_over(mine.parent) == []


def test_backup_and_restore(
    swept: Callable[..., Sweep], faults: FaultServer, small: Path, tmp_path: Path
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "note").write_text("mine", encoding="utf-8")
    made = swept(tmp_path / "out", "backup", "{}/a.zip", "-w", small)
    whole = tmp_path / "left" / "whole" / "a.zip"
    for n in made.ends:
        names = sorted(p.name for p in (tmp_path / "left" / str(n)).iterdir())
        # The last change is the sync of a name that is there already.
        assert names == (["note"] if n < len(made.ends) - 1 else ["a.zip", "note"])
    saved = Path(shutil.copy(whole, tmp_path / "saved.zip"))
    shutil.rmtree(tmp_path / "left")
    made = swept(tmp_path / "out", "restore", saved, "--to", "{}/w")
    for n in made.ends:
        place = tmp_path / "left" / str(n) / "w"
        if place.exists():
            assert tables_of(place) == tables_of(small)
    assert len(made.ends) > 20


def test_a_failing_disk_is_one_sentence_too(
    faults: FaultServer, bare: Path, more: Path, tmp_path: Path
) -> None:
    """A single write, sync or rename fails, and those after it do not."""
    made = faults.sweep("once", bare, tmp_path / "left", ":ingest", "{}", more)
    old, new = tables_of(bare), tables_of(tmp_path / "left" / "whole")
    for n, ended in made.ends.items():
        assert_one_sentence(ended, "Input/output error")
        assert tables_of(tmp_path / "left" / str(n)) in (old, new)
        # What stands already is not called unchanged.
        synced_folder = made.changes[n][0] == "fsync" and "tmp" not in made.changes[n][1]
        assert ("was replaced" in ended.err) == synced_folder
        assert ("is unchanged" in ended.err) != synced_folder


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of four megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ctypes.CDLL(None, use_errno=True).mount
    if os.geteuid() != 0 or mount(b"none", bytes(place), b"tmpfs", 0, b"size=4m") != 0:
        pytest.skip("no file system can be mounted here")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(disk: Path, free: int) -> Path:
    """Leave so many bytes of a disk free."""
    left = shutil.disk_usage(disk).free - free
    ballast = disk / "ballast"
    ballast.write_bytes(b"\0" * max(left, 0))
    return ballast


def test_a_small_disk_that_is_really_full(
    disk: Path, faults: FaultServer, small: Path, more: Path
) -> None:
    """Nothing stands between the program and the system; charts and the log are written too."""
    root = Path(shutil.copytree(small, disk / "w"))
    old, before = tables_of(root), runs_of(root)
    for free in (0, 40_000):
        ballast = fill(disk, free)
        assert_one_sentence(faults.run(":ingest", root, more), "disk is full")
        assert_one_sentence(faults.run(*RUN[:-1], root), "No space left", "Free some space")
        assert_one_sentence(faults.run(":records", root) if free == 0 else
                            faults.run(*RUN[:-1], root), "Free some space")  # fmt: skip
        ended = faults.run(":log", root)
        if free == 0:
            assert ended.code == 0 and "the log can't be written" in ended.err
        assert tables_of(root) == old and runs_of(root) == before and left_over(root) == []
        ballast.unlink()
    # Room for the run and not for all of its charts.
    ballast = fill(disk, 400_000)
    ended = faults.run(*RUN[:-1], root, charts=True)
    assert_one_sentence(ended, "No space left", "Free some space", "untouched")
    assert runs_of(root) == before and left_over(root) == []
    ballast.unlink()
    assert faults.run(":ingest", root, more).code == 0
    assert faults.run(*RUN[:-1], root).code == 0
    assert len(runs_of(root).whole) == 2
