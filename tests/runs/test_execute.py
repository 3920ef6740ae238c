"""Runs are there as a whole or not at all: kills, full disks, two at once."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from forecast.api import Workspace
from forecast.errors import ForecastError, WorkspaceError
from forecast.runs import execute as execute_module

_HEADER = "province,basin,city,river,section,time,class,class_num,status,water_temp_c,ph,do_mgl,cond_uscm,turb_ntu,codmn_mgl,nh3n_mgl,tp_mgl,tn_mgl,chla_mgl,algae_cells,src"


@pytest.fixture
def section(tmp_path: Path, leave_later_years_out: Callable[[Path], None]) -> Workspace:
    """A workspace with three and a half years of one section: a run of it takes a second or two."""
    lines = [_HEADER]
    lines += [
        f"某省,某流域,某市,某河,某断面,{day.date()} 08:00,,,正常,{5 + 2 * (k % 12)},7.{k % 9},{6 + k % 4},300,5,"
        f"{3 + k % 3}.{k % 7},0.{2 + k % 5},0.1{k % 6},2.{k % 8},,,made"
        for k, day in enumerate(pd.date_range("2022-01-05", periods=42, freq="MS"))
    ]
    file = tmp_path / "某市.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    made = Workspace.create(tmp_path / "W")
    assert made.ingest([file]).exit_code == 0
    leave_later_years_out(made.root)
    return made


def folders(workspace: Workspace) -> list[str]:
    """The folders of runs, finished or not; what was said of them is kept beside, in the register."""
    every = sorted(p.name for p in workspace.reports.iterdir() if p.is_dir())
    return [name for name in every if name != "register"]


@pytest.mark.usefixtures("no_charts")
def test_a_killed_run_leaves_nothing_and_the_next_one_works(section: Workspace) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "forecast", "run", "-w", str(section.root), "--paths", "300"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        if any(p.name.startswith(".building-") for p in section.reports.iterdir()):
            break
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL if os.name != "nt" else signal.SIGTERM)
    process.communicate()
    assert process.returncode != 0
    assert not (section.reports / "latest").exists()
    (left,) = folders(section)
    assert left.startswith(".building-")
    done = section.run(paths=60)
    assert folders(section) == [done.run_id]
    assert done.page.is_file()


@pytest.mark.usefixtures("no_charts")
def test_a_full_disk_is_one_sentence_and_leaves_earlier_runs(
    section: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = section.run(paths=60)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(execute_module, "draw_figures", full)
    with pytest.raises(WorkspaceError, match="No space left"):
        section.run(paths=70)
    assert folders(section) == [first.run_id]
    assert (section.reports / "latest").read_text(encoding="utf-8").strip() == first.run_id


def test_two_runs_at_once_wait_for_each_other(section: Workspace) -> None:
    command = [
        sys.executable, "-m", "forecast", "run", "-w", str(section.root), "--paths", "60", "--json",
    ]  # fmt: skip
    both = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)
    ]
    answers = [p.communicate(timeout=300) for p in both]
    assert [p.returncode for p in both] == [0, 0], answers
    assert answers[0][0] == answers[1][0]
    assert len(folders(section)) == 1


@pytest.mark.usefixtures("no_charts")
def test_an_altered_result_is_made_anew(section: Workspace) -> None:
    first = section.run(paths=60)
    file = first.folder / "projection.json"
    whole = file.read_bytes()
    altered = whole.replace(b'"sample": false', b'"sample": true')
    assert altered != whole
    file.write_bytes(altered)
    again = section.run(paths=60)
    assert again.new and again.run_id == first.run_id
    assert b'"sample": true' not in file.read_bytes()
    assert not section.run(paths=60).new


@pytest.mark.usefixtures("no_charts")
def test_a_look_back_is_not_the_newest(section: Workspace) -> None:
    newest = section.run(paths=60)
    past = section.run(paths=60, as_of="2024-03-31")
    assert past.new and past.page.is_file()
    assert section.latest_run() == newest.folder
    section.run(paths=60, as_of="2024-03-31")
    assert section.latest_run() == newest.folder
    (section.reports / "latest").unlink()
    section.run(paths=60, as_of="2024-03-31")
    assert section.latest_run() == past.folder


def test_a_register_of_which_nothing_is_left_is_named(section: Workspace) -> None:
    with pytest.raises(ForecastError, match="no run has been recorded"):
        section.verify()
    folder = section.reports / "register"
    folder.mkdir(parents=True)
    (folder / "head.json").write_text(f'{{"n":5,"sha256":"{"a" * 64}"}}\n', encoding="utf-8")
    with pytest.raises(ForecastError, match=r"head\.json|runs 1 to 5") as caught:
        section.verify()
    assert "backup" in caught.value.cure
