"""An ingest that is killed at any write, that shares its tables, or that has no room on the disk."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from bureau_files import hours_file, write_bureau

from forecast import disk
from forecast.errors import WorkspaceError
from forecast.ingest import ingest_paths
from forecast.ingest.decisions import LEDGER, decide, past_decisions
from forecast.workspace import Workspace

ROOT = Path(__file__).parents[2]
THEN = pd.Timestamp("2021-06-01 08:00")
LATER = pd.Timestamp("2021-06-02 08:00")

#: Rows that are stored together: the five files make two batches.
BATCH = 300

posix_only = pytest.mark.skipif(
    sys.platform == "win32", reason="SIGKILL and fork are of POSIX; Windows has neither"
)

#: Runs in a process of its own that has started no thread yet: for n = 1, 2, … a child works in a
#: workspace of its own and kills itself before the n-th file appears, until one finishes.
_DRIVER = """
    import json, os, signal, sys
    from pathlib import Path
    from forecast import disk
    from forecast.ingest import run
    from forecast.ingest.decisions import decide
    from forecast.workspace import Workspace

    folder, how, once = Path(sys.argv[1]), sys.argv[2], sys.argv[3] == "once"
    true_replace = disk._replace
    ends = []
    for n in range(1, 100):
        place = folder / ("0" if once else str(n))
        child = os.fork()
        if not child:
            calls = iter(range(1, 1000))
            def replace(source, target):
                if next(calls) == (1 if once and n > 60 else n):
                    os.kill(os.getpid(), signal.SIGKILL)
                true_replace(source, target)
            disk._replace = replace
            run._BATCH = 300
            code = 1
            try:
                exec(how)
                code = 0
            finally:
                os._exit(code)
        ends.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        if ends[-1] != -signal.SIGKILL:
            break
    print(json.dumps(ends))
"""


def killed_at_every_write(
    before: Path, folder: Path, how: str, writes: int, *, once: bool = False
) -> list[int]:
    """Let children do ``how`` in copies of ``before`` and be killed; return how they ended.

    With ``once`` they work one after the other in the same workspace, ``folder/0``.
    """
    for n in [0] if once else range(1, writes + 2):
        shutil.copytree(before, folder / str(n))
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(_DRIVER), str(folder), how, "once" if once else ""],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False, timeout=120,
        capture_output=True, encoding="utf-8",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    ends: list[int] = json.loads(done.stdout)
    return ends


class Writes:
    """Counts the files that appear and notes how the tables stand after each.

    Before the n-th file appears, the workspace is copied to ``left/n``: what is on the disk is what
    a process leaves that is killed at this moment.
    """

    def __init__(self, ws: Workspace, left: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self.states = {state(ws)}
        true_replace = disk._replace

        def replace(source: Path, target: Path) -> None:
            self.count += 1
            shutil.copytree(ws.root, left / str(self.count))
            true_replace(source, target)
            if target == ws.store.manifest_path:
                self.states.add(state(ws))

        monkeypatch.setattr(disk, "_replace", replace)


def state(ws: Workspace) -> tuple[str, str]:
    """Return what tells two stands of the tables apart, flags and files by their own words."""
    flags = ws.store.read("quality_flags")[["flag_id", "status", "last", "n"]]
    files = ws.store.files()[["file_id", "layout", "region", "status"]]
    return ws.store.fingerprint(), f"{sorted(flags.to_numpy().tolist())}{sorted(files.to_numpy().tolist())}"  # fmt: skip


def whole(ws: Workspace) -> None:
    """Check that every table can be read and that nothing unfinished lies about."""
    for table in ws.store.manifest():
        ws.store.read(table)
    assert not list(ws.processed.rglob("*.tmp"))


@dataclass(frozen=True)
class Undisturbed:
    """An ingest that no one disturbs: what it read, how its tables stood on the way, its writes.

    ``left`` has a folder for each write, as a kill at that moment leaves the workspace, and one
    after the last.
    """

    ws: Workspace
    bureau: Path
    states: set[tuple[str, str]]
    writes: int
    left: Path


def ingest_all(folder: Path) -> str:
    return f"run.ingest_paths(Workspace.open(place), [{str(folder)!r}], now={THEN.to_pydatetime()!r})".replace(
        "datetime.datetime", "__import__('datetime').datetime"
    )  # fmt: skip


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    folder = tmp_path_factory.mktemp("undisturbed")
    bureau = write_bureau(folder / "in")
    made = Workspace.create(folder / "w")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("forecast.ingest.run._BATCH", BATCH)
        writes = Writes(made, folder / "left", patch)
        report = ingest_paths(made, [bureau], now=THEN)
    assert (report.exit_code, len(report.read)) == (0, 5)
    assert report.days == 40
    assert len(made.store.read("quality_flags")) == report.flags == 5
    shutil.copytree(made.root, folder / "left" / str(writes.count + 1))
    return Undisturbed(made, bureau, writes.states, writes.count, folder / "left")


@pytest.fixture
def bureau(undisturbed: Undisturbed) -> Path:
    return undisturbed.bureau


@pytest.fixture
def filled(tmp_path: Path, undisturbed: Undisturbed) -> Workspace:
    """A copy of the undisturbed workspace."""
    shutil.copytree(undisturbed.ws.root, tmp_path / "filled")
    return Workspace.open(tmp_path / "filled")


@posix_only
def test_days_and_checks_that_wait_are_made_by_an_ingest_of_nothing_new(
    tmp_path: Path, undisturbed: Undisturbed
) -> None:
    opened = [Workspace.open(undisturbed.left / str(n)) for n in range(1, undisturbed.writes + 1)]
    full = [ws for ws in opened if len(ws.store.files()) == 5]
    waiting = [ws for ws in full if (ws.store.files()["status"] == "days_pending").any()]
    unchecked = [ws for ws in full if (ws.store.files()["status"] != "read").all()]
    unchecked = [ws for ws in unchecked if ws.root not in {one.root for one in waiting}]
    assert waiting and unchecked
    for n, there in enumerate((waiting[0], unchecked[0])):
        shutil.copytree(there.root, tmp_path / str(n))
        ws = Workspace.open(tmp_path / str(n))
        report = ingest_paths(ws, [undisturbed.bureau / "乙市.csv"], now=LATER)
        assert [file.status for file in report.files] == ["already_read"]
        assert report.flags == 5
        assert report.days == (40 if n == 0 else 0)
        assert state(ws) == state(undisturbed.ws)


@posix_only
def test_killed_at_any_write_the_next_ingest_completes_the_same_tables(
    undisturbed: Undisturbed,
) -> None:
    opened = [Workspace.open(undisturbed.left / str(n)) for n in range(1, undisturbed.writes + 2)]
    stands = [state(ws) for ws in opened]
    assert set(stands) == undisturbed.states
    statuses = [set(ws.store.files()["status"]) for ws in opened]
    assert set.union(*statuses) == {"days_pending", "checks_pending", "read"}
    # Of writes between which the tables stay the same, the first, the second and the last.
    chosen = [
        at for at in range(len(stands))
        if at in (0, 1) or stands[at] != stands[at - 1] or stands[at] != stands[at - 2]
        or stands[at] not in stands[at + 1 :]
    ]  # fmt: skip
    for n in chosen:
        ws = opened[n]
        again = ingest_paths(ws, [undisturbed.bureau], now=LATER)
        assert again.exit_code == 0
        whole(ws)
        assert state(ws) == state(undisturbed.ws), f"killed at write {n}"
        air = ws.store.read("air_daily")
        assert not air.duplicated(["source", "region", "place", "date", "item"]).any()
        assert not list(ws.raw.rglob("*.tmp"))


@posix_only
def test_killed_again_and_again_it_gets_there(tmp_path: Path, undisturbed: Undisturbed) -> None:
    """Processes that are truly killed, each one write later than the one before it."""
    empty = Workspace.create(tmp_path / "empty").root
    how = ingest_all(undisturbed.bureau)
    ends = killed_at_every_write(empty, tmp_path, how, undisturbed.writes, once=True)
    assert ends[-1] == 0 and set(ends[:-1]) == {-signal.SIGKILL} and len(ends) > 3
    ws = Workspace.open(tmp_path / "0")
    whole(ws)
    assert state(ws) == state(undisturbed.ws)


@posix_only
def test_a_decision_killed_at_any_write_holds_or_does_not(
    tmp_path: Path, filled: Workspace
) -> None:
    ws = filled
    flag = ws.store.read("quality_flags").query("table == 'air_hourly'")["flag_id"].iloc[0]
    how = f"decide(Workspace.open(place), 'reject', [{flag!r}], now=__import__('datetime').datetime(2021, 7, 1))"
    decided = tmp_path / "decided"
    shutil.copytree(ws.root, decided)
    decide(Workspace.open(decided), "reject", [flag], now=pd.Timestamp("2021-07-01"))
    after = state(Workspace.open(decided))
    before = state(ws)
    ends = killed_at_every_write(ws.root, tmp_path / "killed", how, 12)
    assert ends[-1] == 0 and len(ends) > 4
    for n in range(1, len(ends) + 1):
        one = Workspace.open(tmp_path / "killed" / str(n))
        assert state(one) in (before, after)
        # What is on record holds with the next ingest, even one that brings nothing.
        recorded = len(past_decisions(one))
        ingest_paths(one, [one.raw], now=pd.Timestamp("2021-07-02"))
        assert state(one) == (after if recorded else before)


def together(*scripts: str) -> Iterator[subprocess.Popen[str]]:
    """Start processes and wait for all."""
    started = [
        subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(script)], cwd=ROOT, encoding="utf-8",
            env=os.environ | {"PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for script in scripts
    ]  # fmt: skip
    for one in started:
        out, err = one.communicate(timeout=120)
        assert one.returncode == 0, err
        one.told = out  # type: ignore[attr-defined]
        yield one


def script_of(ws: Workspace, *lines: str) -> str:
    head = (
        "from datetime import datetime",
        "from pathlib import Path",
        "from forecast.ingest import ingest_paths, run",
        "from forecast.ingest.decisions import decide",
        "from forecast.workspace import Workspace",
        f"ws = Workspace.open(Path({str(ws.root)!r}))",
        "run._BATCH = 300",
    )
    return "\n".join([*head, *lines])


def test_two_ingests_of_overlapping_folders_at_once(
    ws: Workspace, bureau: Path, undisturbed: Undisturbed
) -> None:
    now = "now=datetime(2021, 6, 1, 8)"
    halves = [
        [str(bureau / name) for name in ("乙市.csv", "点位.csv", "小时", "水.csv")],
        [str(bureau)],
    ]
    told = list(
        together(
            *(script_of(ws, f"assert ingest_paths(ws, {paths!r}, {now}).exit_code == 0")
              for paths in halves)
        )
    )  # fmt: skip
    assert len(told) == 2
    whole(ws)
    assert state(ws) == state(undisturbed.ws)
    assert len(ws.store.files()) == 5


def test_ingest_while_decisions_are_made_and_tables_are_read(
    tmp_path: Path, filled: Workspace
) -> None:
    """A second month of hours comes in while the flag of the first is decided to and fro."""
    ws = filled
    flag = ws.store.read("quality_flags").query("table == 'air_hourly'")["flag_id"].iloc[0]
    more = tmp_path / "more"
    hours_file(more, days=40)
    both = together(
        script_of(
            ws,
            f"assert ingest_paths(ws, [{str(more)!r}]).exit_code == 0",
        ),
        script_of(
            ws,
            "for n, word in enumerate(['reject', 'accept'] * 3, 1):",
            f"    decide(ws, word, [{flag!r}], by='甲', now=datetime(2021, 7, n))",
        ),
        script_of(
            ws,
            "import time",
            "end = time.monotonic() + 2",
            "while time.monotonic() < end:",
            "    air = ws.store.air_daily()",
            "    assert len(air) >= 400 and not air.duplicated(['region', 'place', 'date', 'item']).any()",
            "    assert len(ws.store.read('quality_flags')) >= 5",
        ),
    )
    assert len(list(both)) == 3
    whole(ws)
    flags = ws.store.read("quality_flags").set_index("flag_id")
    assert flags.loc[flag, "status"] == "accepted"
    assert len(past_decisions(ws)) == 6
    assert len(ws.store.files()) == 6
    assert set(ws.store.files()["status"]) == {"read"}


class FullDisk:
    """Lets the n-th file that is written fail for want of room."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self._true: Callable[[int], None] = os.fsync

    def at(self, n: int) -> Any:
        """Return a context in which the n-th write fails, once."""
        calls = iter(range(1, 1000))

        def fsync(handle: int) -> None:
            if next(calls) == n:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        context = self._monkeypatch.context()
        patch = context.__enter__()
        patch.setattr(disk.os, "fsync", fsync)
        patch.setattr(disk, "sync_folder", lambda folder: None)
        return context


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> FullDisk:
    return FullDisk(monkeypatch)


def failing_writes(full_disk: FullDisk, work: Callable[[int], None]) -> Iterator[str]:
    """Yield the sentence of each failure while the disk fills at the 1st, 2nd, … write."""
    for n in range(1, 100):
        context = full_disk.at(n)
        try:
            work(n)
        except WorkspaceError as error:
            said = str(error)
        else:
            return
        finally:
            context.__exit__(None, None, None)
        yield said
    raise AssertionError("it never ends")


@pytest.mark.parametrize("decision", ["accept", "reject"])
def test_a_full_disk_at_any_write_of_a_decision(
    filled: Workspace, full_disk: FullDisk, decision: str
) -> None:
    ws = filled
    flags = ws.store.read("quality_flags").set_index("table")["flag_id"]
    decide(ws, "reject" if decision == "accept" else "accept", flags, now=LATER)
    before, ledger = state(ws), (ws.raw / LEDGER).read_bytes()
    moment = pd.Timestamp("2021-07-01")
    n = 0

    def work(n: int) -> None:
        decide(ws, decision, flags, now=moment)

    for said in failing_writes(full_disk, work):
        n += 1
        assert said.startswith("The disk is full") and "\n" not in said
        assert state(ws) == before
        assert (ws.raw / LEDGER).read_bytes() == ledger
        assert not list(ws.root.rglob("*.tmp"))
    assert n > 3
    assert set(ws.store.read("quality_flags")["status"]) == {f"{decision}ed"}


def test_a_stopped_decision_leaves_no_record_where_there_was_none(
    filled: Workspace, full_disk: FullDisk
) -> None:
    ws = filled
    flag = ws.store.read("quality_flags")["flag_id"].iloc[:1]
    context = full_disk.at(2)
    with pytest.raises(WorkspaceError, match="disk is full"):
        decide(ws, "reject", flag)
    context.__exit__(None, None, None)
    assert not (ws.raw / LEDGER).exists()
    assert past_decisions(ws).empty
