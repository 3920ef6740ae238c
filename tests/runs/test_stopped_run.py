"""A run on several processes that is stopped by Ctrl+C leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import filelock
import pytest
from made_nation import make_nation

_PROCESSES = Path("/proc")


def _alive_under(parent: int) -> list[int]:
    """The processes below ``parent`` that have not ended."""
    found = []
    for folder in _PROCESSES.iterdir():
        if not folder.name.isdigit():
            continue
        try:
            state, above = (folder / "stat").read_text().rpartition(") ")[2].split()[:2]
        except OSError:
            continue
        if int(above) == parent and state != "Z":
            found += [int(folder.name), *_alive_under(int(folder.name))]
    return found


def _ended(process: int) -> bool:
    try:
        return (_PROCESSES / str(process) / "stat").read_text().rpartition(") ")[2][0] == "Z"
    except OSError:
        return True


def _hears_ctrl_c() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@pytest.mark.skipif(not _PROCESSES.is_dir(), reason="looks for processes in /proc")
def test_ctrl_c_ends_the_workers_and_leaves_nothing(tmp_path: Path) -> None:
    ws = make_nation(tmp_path / "W", 12, wet=1, first="2024-01-01")
    aside = tmp_path / "aside"
    aside.mkdir()
    before = sorted(p.name for p in ws.reports.iterdir())
    run = subprocess.Popen(
        [sys.executable, "-m", "forecast", "run", "--workspace", str(ws.root), "--jobs", "2",
         "--paths", "2000", "--lang", "en"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        env={**os.environ, "JOBLIB_TEMP_FOLDER": str(aside), "TMPDIR": str(aside)},
        # A job in the background of a shell ignores Ctrl+C, and hands that on to its children.
        preexec_fn=_hears_ctrl_c,
    )  # fmt: skip
    try:
        until = time.monotonic() + 120
        # Two workers, and the process that clears up after them.
        while len(workers := _alive_under(run.pid)) < 3 and time.monotonic() < until:
            assert run.poll() is None, "the run ended before it could be stopped"
            time.sleep(0.05)
        # As a terminal does it: to all of them.
        os.killpg(run.pid, signal.SIGINT)
        out, err = run.communicate(timeout=60)
    finally:
        run.kill()
        run.wait()
    assert run.returncode == 130
    assert out == b""
    assert err.decode() == "forecast: stopped; the tables and earlier runs are as they were.\n"
    until = time.monotonic() + 30
    while not all(map(_ended, workers)) and time.monotonic() < until:
        time.sleep(0.05)
    assert [w for w in workers if not _ended(w)] == []
    assert list(ws.processed.glob(".reading-*")) == []
    assert list(aside.iterdir()) == []
    assert sorted(p.name for p in ws.reports.iterdir() if p.name != ".lock") == before
    lock = filelock.FileLock(ws.reports / ".lock")
    with lock.acquire(timeout=0):
        assert lock.is_locked


_STOPPED_WHILE_LOADING = """
import runpy, sys

class Stops:
    def find_spec(self, name, path=None, target=None):
        if name == "typer":
            raise KeyboardInterrupt

sys.meta_path.insert(0, Stops())
sys.argv = ["forecast", "status"]
runpy.run_module("forecast", run_name="__main__")
"""


def test_ctrl_c_while_the_program_loads_is_a_sentence_too() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _STOPPED_WHILE_LOADING], capture_output=True, encoding="utf-8",
        timeout=120,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr == "forecast: 已中止。 Stopped.\n"
