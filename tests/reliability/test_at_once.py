"""Commands that meet in one workspace: they wait, say for whom, and nothing is lost."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import filelock
import pytest
from fault_server import FaultServer
from fault_state import left_over, result_of, runs_of, tables_of

from forecast import table_lock
from forecast.errors import WorkspaceError
from forecast.runs.lock import alone, held
from forecast.table_lock import set_waiting
from forecast.workspace import Workspace

ROOT = Path(__file__).parents[2]
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL and fork are of POSIX")


@posix_only
def test_two_runs_and_an_ingest_at_once(
    faults: FaultServer, small: Path, more: Path, tmp_path: Path
) -> None:
    """Each run is of the tables before or after the ingest, whichever of them came first."""
    run = ("run", "--paths", "60", "--quiet", "-w")
    place = Path(shutil.copytree(small, tmp_path / "before"))
    assert faults.run(*run, place).code == 0
    alike = [(runs_of(place).latest, result_of(place, runs_of(place).latest))]
    assert faults.run(":ingest", place, more).code == 0
    new = tables_of(place)
    assert faults.run(*run, place).code == 0
    alike.append((runs_of(place).latest, result_of(place, runs_of(place).latest)))
    assert alike[0][0] != alike[1][0]
    place = Path(shutil.copytree(small, tmp_path / "at once"))
    ends = faults.together((*run, place), (":ingest", place, more), (*run, place))
    assert [one.code for one in ends] == [0, 0, 0], ends
    assert tables_of(place) == new
    state = runs_of(place)
    made = [name for name in state.whole if name not in runs_of(small).whole]
    assert 1 <= len(made) <= 2
    for name in made:
        assert (name, result_of(place, name)) in alike
    assert set(state.registered) == set(state.whole)
    # After all of it another run says what one alone says.
    assert faults.run(*run, place).code == 0
    assert runs_of(place).latest == alike[1][0]
    assert left_over(place) == []


@posix_only
def test_a_verification_does_not_take_away_what_a_run_builds(
    faults: FaultServer, small: Path, tmp_path: Path
) -> None:
    """Both build aside in the folder of the reports."""
    place = Path(shutil.copytree(small, tmp_path / "w"))
    script = (
        "import sys, time\n"
        "from pathlib import Path\n"
        "from forecast.runs.publishing import publish\n"
        "def write(aside):\n"
        "    (aside / 'a').write_text('a')\n"
        "    print('building', flush=True)\n"
        "    time.sleep(1)\n"
        "    (aside / 'b').write_text('b')\n"
        "publish(Path(sys.argv[1]), write)\n"
    )
    both = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(place / "reports" / name)], cwd=ROOT,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
            env=os.environ | {"PYTHONPATH": str(ROOT)},
        )
        for name in ("one", "two")
    ]  # fmt: skip
    said = [one.communicate(timeout=60) for one in both]
    assert [one.returncode for one in both] == [0, 0], said
    for name in ("one", "two"):
        assert sorted(p.name for p in (place / "reports" / name).iterdir()) == ["a", "b"]


_HOLD = """
import sys, time
from forecast.runs.lock import alone
from forecast.workspace import Workspace
with alone(Workspace.open(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""


def hold(root: Path) -> subprocess.Popen[str]:
    """Start a process that holds a workspace."""
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(root)], cwd=ROOT, stdout=subprocess.PIPE,
        encoding="utf-8", env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Say soon that one waits, and give up soon after."""
    monkeypatch.setattr(table_lock, "_PATIENCE", 0.05)
    monkeypatch.setattr("forecast.runs.lock._LOCK_TIMEOUT", 0.4)


@pytest.mark.usefixtures("impatient")
def test_who_waits_says_once_for_whom_and_since_when(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    holder = hold(root)
    workspace = Workspace.open(root)
    try:
        for lang, said in (
            (
                None,
                r"另一个命令\(进程{pid},主机\S+,始于\d{{4}}-\d\d-\d\d \d\d:\d\d:\d\d\)正占用工作区",
            ),
            ("zh", r"另一个命令\(进程{pid},"),
            ("en", r"Another command \(process {pid} on \S+ since [0-9: -]+\) holds the workspace"),
        ):
            set_waiting(lang=lang)
            with pytest.raises(WorkspaceError, match="more than an hour"), alone(workspace):
                raise AssertionError("two hold one workspace")
            (line,) = capsys.readouterr().err.splitlines()
            assert re.match(said.format(pid=holder.pid), line), line
            assert str(root) in line
            line.encode("gbk")
        set_waiting(quiet=True)
        with pytest.raises(WorkspaceError), alone(workspace):
            raise AssertionError("two hold one workspace")
        assert capsys.readouterr().err == ""
        (root / "reports" / ".lock.pid").write_text("{", encoding="utf-8")
        set_waiting(lang="en")
        with pytest.raises(WorkspaceError), alone(workspace):
            raise AssertionError("two hold one workspace")
        assert "it is not known which" in capsys.readouterr().err
    finally:
        set_waiting()
        holder.kill()
        holder.communicate()


@pytest.mark.usefixtures("impatient")
def test_the_lock_of_a_dead_process_is_free_at_once(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    holder = hold(root)
    assert (root / "reports" / ".lock.pid").exists()
    holder.kill()
    holder.communicate()
    with alone(Workspace.open(root)):
        told = (root / "reports" / ".lock.pid").read_text(encoding="utf-8")
        assert f'"pid": {os.getpid()}' in told
    assert capsys.readouterr().err == ""
    assert left_over(root) == []


@posix_only
@pytest.mark.usefixtures("impatient")
def test_workers_of_a_dead_run_hold_no_lock(root: Path) -> None:
    """Processes that a run started for its cities may outlive it for a moment."""
    script = (
        "import sys, time\n"
        "from joblib import Parallel, delayed\n"
        "from forecast.runs.lock import alone\n"
        "from forecast.workspace import Workspace\n"
        "with alone(Workspace.open(sys.argv[1])):\n"
        "    made = Parallel(n_jobs=2, return_as='generator')(\n"
        "        delayed(time.sleep)(s) for s in (0, 5, 5))\n"
        "    next(made)\n"
        "    print('working', flush=True)\n"
        "    list(made)\n"
    )
    run = subprocess.Popen(
        [sys.executable, "-c", script, str(root)], cwd=ROOT, stdout=subprocess.PIPE,
        encoding="utf-8", env=os.environ | {"PYTHONPATH": str(ROOT)}, start_new_session=True,
    )  # fmt: skip
    assert run.stdout is not None
    assert run.stdout.readline() == "working\n"
    run.kill()
    run.wait()
    try:
        # The workers still sleep.
        os.killpg(run.pid, 0)
        with alone(Workspace.open(root)):
            pass
    finally:
        os.killpg(run.pid, signal.SIGKILL)
        run.stdout.close()


@pytest.mark.usefixtures("impatient")
def test_a_lock_that_is_given_back_in_time_is_waited_for(tmp_path: Path) -> None:
    file = tmp_path / "x" / ".lock"
    told: list[float] = []
    file.parent.mkdir()
    lock = filelock.FileLock(file)
    lock.acquire()

    def tell() -> None:
        told.append(time.monotonic())
        lock.release()

    with held(file, 30.0, "busy", tell=tell):
        pass
    assert len(told) == 1
