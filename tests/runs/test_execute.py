"""Runs are there as a whole or not at all: kills, full disks, two at once."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest

from forecast.api import Workspace
from forecast.errors import WorkspaceError
from forecast.runs import execute as execute_module

Command = Callable[..., subprocess.CompletedProcess[str]]


def folders(workspace: Workspace) -> list[str]:
    return sorted(p.name for p in workspace.reports.iterdir() if p.is_dir())


def test_a_killed_run_leaves_nothing_and_the_next_one_works(
    sample_workspace: Workspace, forecast_command: Command
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "forecast", "run", "-w", str(sample_workspace.root), "--paths", "300"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        if any(p.name.startswith(".building-") for p in sample_workspace.reports.iterdir()):
            break
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL if os.name != "nt" else signal.SIGTERM)
    process.communicate()
    assert process.returncode != 0
    assert not (sample_workspace.reports / "latest").exists()
    assert all(name.startswith(".building-") for name in folders(sample_workspace))
    done = forecast_command("run", "-w", sample_workspace.root, "--paths", "60", "--json")
    assert done.returncode == 0, done.stderr
    assert folders(sample_workspace) == [json.loads(done.stdout)["run"]["id"]]


@pytest.mark.usefixtures("no_charts")
def test_a_full_disk_is_one_sentence_and_leaves_earlier_runs(
    sample_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = sample_workspace.run(paths=60)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(execute_module, "draw_figures", full)
    with pytest.raises(WorkspaceError, match="No space left"):
        sample_workspace.run(paths=70)
    assert folders(sample_workspace) == [first.run_id]
    assert (sample_workspace.reports / "latest").read_text(encoding="utf-8").strip() == first.run_id


def test_two_runs_at_once_wait_for_each_other(sample_workspace: Workspace) -> None:
    command = [
        sys.executable,
        "-m",
        "forecast",
        "run",
        "-w",
        str(sample_workspace.root),
        "--paths",
        "60",
        "--json",
    ]
    both = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)
    ]
    answers = [p.communicate(timeout=300) for p in both]
    assert [p.returncode for p in both] == [0, 0], answers
    assert answers[0][0] == answers[1][0]
    assert len(folders(sample_workspace)) == 1
