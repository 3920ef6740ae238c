"""Reviews in several processes that are stopped: what is written is whole, and nothing is left."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from made_nation import make_nation
from test_stopped_run import _alive_under, _ended, _hears_ctrl_c

from forecast.runs.execute import execute
from forecast.runs.request import Request
from forecast.workspace import Workspace

pytestmark = pytest.mark.skipif(
    not Path("/proc").is_dir(), reason="looks for processes in /proc and sends signals of POSIX"
)


@pytest.fixture(scope="module")
def nation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five cities, a region of water, and a run without charts."""
    made = make_nation(tmp_path_factory.mktemp("nation") / "W", 5, wet=1, first="2024-01-01")
    text = made.config_path.read_text(encoding="utf-8")
    assert '\ncharts = "auto"' in text
    made.config_path.write_text(text.replace('\ncharts = "auto"', "\ncharts = 0"), encoding="utf-8")
    execute(Workspace.open(made.root), Request(paths=40))
    return made.root


@pytest.fixture(scope="module")
def undisturbed(nation: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The reviews as they are when nothing stops them."""
    out = tmp_path_factory.mktemp("whole") / "out"
    done = subprocess.run(_command(nation, out), capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr.decode()
    written = _files(out)
    assert len(written) > 4
    return written


def _command(root: Path, out: Path) -> list[str]:
    return [
        sys.executable, "-m", "forecast", "report", "--workspace", str(root), "--out", str(out),
        "--jobs", "2", "--format", "html", "--chapters", "comparison,reservations",
        "--date", "2026-01-05", "--lang", "en",
    ]  # fmt: skip


def _files(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@contextmanager
def _at_work(
    root: Path, out: Path, aside: Path
) -> Iterator[tuple[subprocess.Popen[bytes], list[int]]]:
    """The command once its two workers are there and one has written a review, and them."""
    aside.mkdir()
    report = subprocess.Popen(
        _command(root, out), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True, preexec_fn=_hears_ctrl_c,
        env={**os.environ, "JOBLIB_TEMP_FOLDER": str(aside), "TMPDIR": str(aside)},
    )  # fmt: skip
    try:
        until = time.monotonic() + 120
        while not list(out.glob("*.html")) and time.monotonic() < until:
            assert report.poll() is None, "the command ended before it could be stopped"
            time.sleep(0.01)
        workers = _alive_under(report.pid)
        assert len(workers) > 2 and report.poll() is None
        yield report, workers
    finally:
        report.kill()
        report.communicate()


def _gone(workers: list[int]) -> bool:
    until = time.monotonic() + 60
    while not all(map(_ended, workers)) and time.monotonic() < until:
        time.sleep(0.05)
    return all(map(_ended, workers))


def test_ctrl_c_ends_the_workers_and_leaves_nothing(
    nation: Path, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    out, aside = tmp_path / "out", tmp_path / "aside"
    with _at_work(nation, out, aside) as (report, workers):
        os.killpg(report.pid, signal.SIGINT)
        said, err = report.communicate(timeout=120)
    assert (report.returncode, said) == (130, b"")
    assert err.decode() == "forecast: stopped; the tables and earlier runs are as they were.\n"
    assert _gone(workers)
    # What was finished before stays, whole, and it was not all.
    assert _files(out).items() < undisturbed.items()
    assert list((nation / "data" / "processed").glob(".reading-*")) == []
    assert list(aside.iterdir()) == []


def test_a_killed_command_takes_its_workers_along_and_the_next_one_is_whole(
    nation: Path, undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    root = Path(shutil.copytree(nation, tmp_path / "W"))
    out = tmp_path / "out"
    with _at_work(root, out, tmp_path / "aside") as (report, workers):
        os.kill(report.pid, signal.SIGKILL)
        report.communicate(timeout=120)
    assert report.returncode == -signal.SIGKILL
    assert _gone(workers)
    left = _files(out)
    whole = {name: text for name, text in left.items() if name.endswith(".html")}
    assert whole.items() < undisturbed.items()
    # A file that was being written may be left beside them; once it is old, the next command drops it.
    for name in left.keys() - whole.keys():
        assert name.endswith(".tmp")
        os.utime(out / name, (time.time() - 86_400,) * 2)
    done = subprocess.run(_command(root, out), capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr.decode()
    assert _files(out) == undisturbed
    assert list((root / "data" / "processed").glob(".reading-*")) == []
