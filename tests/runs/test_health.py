"""Health: good, too old, failed, never run, damaged, a wrong clock."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from morning_made import at

from forecast.runs.health import HEALTH_NAME, health, write_health
from forecast.runs.schedule_memory import Memory, write_memory
from forecast.workspace import Workspace

_NOW = at("2025-07-02T09:00+08:00")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "W")


def attempt(ended: str, code: int = 0, reason: str = "") -> dict[str, Any]:
    return {"ended": ended, "exit_code": code, "reason": reason, "run": "r", "next_due": "2025-07-03T06:30:00+08:00"}  # fmt: skip


def test_a_recent_run_is_good_up_to_the_age_asked_for(workspace: Workspace) -> None:
    write_health(workspace, attempt("2025-07-02T06:40:00+08:00"), good=True)
    found = health(workspace, _NOW)
    assert found.good and found.exit_code == 0 and found.max_age_hours == 26
    assert found.zh == "上次成功运行是 2025-07-02 06:40。"
    assert found.en == "The last good run was at 2025-07-02 06:40."
    told = found.to_dict()
    assert told["age_hours"] == pytest.approx(2.33, abs=0.01)
    assert told["next_due"] == "2025-07-03T06:30:00+08:00"
    assert told["last_success"]["run"] == "r"
    moment = at("2025-07-02T06:40:00+08:00")
    assert health(workspace, moment + timedelta(hours=26)).good
    late = health(workspace, moment + timedelta(hours=26, minutes=6))
    assert not late.good and late.exit_code == 1
    assert late.en == "The last good run was at 2025-07-02 06:40, 26.1 hours ago (at most 26)."
    assert not health(workspace, _NOW, max_age=timedelta(hours=2)).good


def test_a_failure_after_a_good_run_is_bad_and_says_why(workspace: Workspace) -> None:
    write_health(workspace, attempt("2025-07-01T06:40:00+08:00"), good=True)
    failed = attempt("2025-07-02T06:31:00+08:00", 1, "run: The disk is full.")
    write_health(workspace, failed, good=False)
    found = health(workspace, at("2025-07-02T07:00+08:00"))
    assert not found.good
    assert found.en == (
        "The last run failed (exit code 1): run: The disk is full. "
        "The last good one was at 2025-07-01 06:40."
    )
    assert "run: The disk is full." in found.zh


def test_in_part_and_stopped_are_good_and_said(workspace: Workspace) -> None:
    partly = attempt("2025-07-02T06:40:00+08:00", 4, "fetch openaq: It does not answer.")
    write_health(workspace, partly, good=True)
    found = health(workspace, _NOW)
    assert found.good and "fetch openaq: It does not answer." in found.zh
    assert found.en.endswith("It was done in part: fetch openaq: It does not answer.")
    write_health(workspace, attempt("2025-07-02T08:00:00+08:00", 130), good=False)
    found = health(workspace, _NOW)
    assert found.good and found.en.endswith("A later one was told to stop.")


def test_never_run_and_never_well(workspace: Workspace) -> None:
    found = health(workspace, _NOW)
    assert not found.good and found.age_hours is None
    assert found.en == "There is no good run yet."
    write_health(workspace, attempt("2025-07-02T06:31:00+08:00", 1, "run: No."), good=False)
    found = health(workspace, _NOW)
    assert not found.good
    assert (found.zh, found.en) == (
        "还没有成功的运行:run: No.",
        "There is no good run yet: run: No.",
    )


def test_without_a_schedule_a_run_by_hand_counts(workspace: Workspace) -> None:
    latest = workspace.reports / "latest"
    latest.write_text("20250702-aa\n", encoding="utf-8")
    stamp = at("2025-07-02T08:00+08:00").timestamp()
    os.utime(latest, (stamp, stamp))
    found = health(workspace, _NOW)
    assert found.good and found.en.endswith("Nothing is on record of scheduled runs.")
    assert not health(workspace, _NOW + timedelta(days=2)).good


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"last_success": 3}', "\x00"])
def test_a_damaged_file_is_bad_and_mended_by_the_next_run(workspace: Workspace, text: str) -> None:
    (workspace.reports / HEALTH_NAME).write_text(text, encoding="utf-8")
    found = health(workspace, _NOW)
    assert not found.good and "damaged" in found.en
    write_health(workspace, attempt("2025-07-02T06:40:00+08:00"), good=True)
    assert health(workspace, _NOW).good


def test_a_run_that_has_not_come_yet_means_a_wrong_clock(workspace: Workspace) -> None:
    write_health(workspace, attempt("2031-01-01T06:40:00+08:00"), good=True)
    found = health(workspace, _NOW)
    assert not found.good and "the clock is or was wrong" in found.en


def test_a_run_that_has_not_ended_is_mentioned(workspace: Workspace) -> None:
    write_health(workspace, attempt("2025-07-01T09:40:00+08:00"), good=True)
    write_memory(workspace, Memory(at("2025-07-02T06:30+08:00"), 1, at("2025-07-02T06:30+08:00")))
    found = health(workspace, _NOW)
    assert found.good and "begun at 2025-07-02 06:30 has not ended" in found.en


def test_the_file_has_its_version_and_no_torn_state(workspace: Workspace) -> None:
    write_health(workspace, attempt("2025-07-02T06:40:00+08:00"), good=True)
    told = json.loads((workspace.reports / HEALTH_NAME).read_text(encoding="utf-8"))
    assert told["health_version"] == 1
    assert set(told) == {"health_version", "last_attempt", "last_success", "next_due"}
    assert [p.name for p in workspace.reports.iterdir()] == [HEALTH_NAME]


def test_why_is_said_in_both_languages(workspace: Workspace) -> None:
    write_health(workspace, attempt("2025-07-01T06:31:00+08:00", 0), good=True)
    why = "run: There is no run yet. Make one: forecast run."
    write_health(workspace, attempt("2025-07-02T06:31:00+08:00", 1, why), good=False)
    found = health(workspace, at("2025-07-02T07:00+08:00"))
    assert "run:还没有任何运行结果。先运行一次:forecast run。" in found.zh
    assert why in found.en
