"""A clock that is set forwards and backwards while runs are made and readings corrected."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from fault_state import days_of

from forecast.ingest import ingest_paths
from forecast.runs.execute import finished_result, latest_run
from forecast.runs.health import health, write_health
from forecast.runs.register import append_run, check_register, read_register
from forecast.runs.schedule_lock import scheduled_alone
from forecast.workspace import Workspace

#: As the clock shows them, in the order in which they come.
_MOMENTS = ("2024-07-01", "2031-01-01", "2022-02-05", "2024-07-02", "2021-12-31", "2024-07-03")


def moment(day: str) -> datetime:
    """Half past six of a day, in the morning of China."""
    return datetime.fromisoformat(f"{day}T06:30:00+08:00")


def test_runs_are_registered_in_the_order_in_which_they_were_made(root: Path) -> None:
    workspace = Workspace.open(root)
    folder = latest_run(workspace)
    assert folder is not None
    result = finished_result(folder)
    assert result is not None
    names = [f"20220204-{n:012x}" for n in range(len(_MOMENTS))]
    for name, day in zip(names, _MOMENTS, strict=True):
        run = result["run"] | {"id": name, "created": moment(day).isoformat()}
        assert append_run(workspace, result | {"run": run}).new
        # The same run once more is known, whatever the clock says now.
        assert not append_run(workspace, result | {"run": run}).new
    check = check_register(workspace)
    assert (check.blocks, check.torn, check.faults) == (len(names) + 1, 0, ())
    assert list(dict.fromkeys(read_register(workspace)["run"]))[1:] == names


def test_the_last_value_received_counts_whatever_the_clock_said(root: Path, tmp_path: Path) -> None:
    workspace = Workspace.open(root)
    for n, day in enumerate(_MOMENTS):
        file = days_of(tmp_path / str(n) / "甲市.csv", 20, eleventh=50 + n)
        assert ingest_paths(workspace, [file], now=moment(day)).exit_code == 0
        air = workspace.store.air_daily()
        value = air[(air["item"] == "pm25") & (air["date"] == "2021-01-11")]["value"]
        assert value.tolist() == [50 + n]
    rows = workspace.store.read("air_daily")
    mine = rows[(rows["item"] == "pm25") & (rows["date"] == "2021-01-11")]
    assert len(mine) == len(_MOMENTS) + 1
    assert mine["known_from"].is_unique


def test_health_tells_a_wrong_clock_and_recovers(root: Path) -> None:
    workspace = Workspace.open(root)
    good = {"ended": moment("2031-01-01").isoformat(), "exit_code": 0, "reason": ""}
    write_health(workspace, good, good=True)
    found = health(workspace, moment("2024-07-01"))
    assert not found.good and "the clock is or was wrong" in found.en
    write_health(workspace, good | {"ended": moment("2024-07-01").isoformat()}, good=True)
    assert health(workspace, moment("2024-07-01")).good


def test_a_lock_does_not_look_at_the_clock(root: Path) -> None:
    workspace = Workspace.open(root)
    for day in _MOMENTS:
        with scheduled_alone(workspace, moment(day).astimezone(UTC)) as left:
            assert left == ""
