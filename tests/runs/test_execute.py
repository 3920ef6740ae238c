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
from pathlib import Path

import pytest

from forecast.api import Workspace
from forecast.errors import WorkspaceError
from forecast.runs import execute as execute_module

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def sample(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "sample", demo=True)


def folders(workspace: Workspace) -> list[str]:
    return sorted(p.name for p in workspace.reports.iterdir() if p.is_dir())


def test_a_killed_run_leaves_nothing_and_the_next_one_works(
    sample: Workspace, forecast_command: Command
) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "forecast", "run", "-w", str(sample.root), "--paths", "300"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        if any(p.name.startswith(".building-") for p in sample.reports.iterdir()):
            break
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL if os.name != "nt" else signal.SIGTERM)
    process.communicate()
    assert process.returncode != 0
    assert not (sample.reports / "latest").exists()
    assert all(name.startswith(".building-") for name in folders(sample))
    done = forecast_command("run", "-w", sample.root, "--paths", "60", "--json")
    assert done.returncode == 0, done.stderr
    assert folders(sample) == [json.loads(done.stdout)["run"]["id"]]


def test_a_full_disk_is_one_sentence_and_leaves_earlier_runs(
    sample: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = sample.run(paths=60)

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(execute_module, "draw_figures", full)
    with pytest.raises(WorkspaceError, match="No space left"):
        sample.run(paths=70)
    assert folders(sample) == [first.run_id]
    assert (sample.reports / "latest").read_text(encoding="utf-8").strip() == first.run_id


def test_two_runs_at_once_wait_for_each_other(sample: Workspace) -> None:
    command = [
        sys.executable,
        "-m",
        "forecast",
        "run",
        "-w",
        str(sample.root),
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
    assert len(folders(sample)) == 1


def test_changed_inputs_make_a_new_run(sample: Workspace) -> None:
    first = sample.run(paths=60)
    assert sample.run(paths=60).new is False
    again = sample.run(paths=60, seed=7)
    assert again.new
    assert again.run_id != first.run_id
    probabilities = [
        {
            t["id"]: t["probability"]
            for p in outcome.result["projections"]
            for t in p["targets"]
            if t["probability"] is not None
        }
        for outcome in (first, again)
    ]
    assert probabilities[0].keys() == probabilities[1].keys()
    assert probabilities[0] != probabilities[1]


def test_probabilities_are_never_printed_as_certain_while_open(sample: Workspace) -> None:
    result = sample.run(paths=60).result
    for entry in result["projections"]:
        for target in entry["targets"]:
            p = target["probability"]
            if p is not None and target["verdict"] in ("LIKELY", "AT_RISK", "UNLIKELY"):
                assert 1 / 120 - 1e-9 <= p <= 1 - 1 / 120 + 1e-9


def test_an_earlier_as_of_date_sees_only_what_was_known(sample: Workspace) -> None:
    result = sample.run(as_of="2021-06-30", year=2021, paths=60).result
    for entry in result["projections"]:
        last = entry["observed"]["last_day"]
        assert last is None or last <= "2021-06-30"


def test_a_year_ahead_widens(sample: Workspace) -> None:
    near = sample.run(as_of="2024-12-31", year=2025, paths=400).result
    far = sample.run(as_of="2023-12-31", year=2025, paths=400).result

    def width(result: dict[str, list[dict[str, object]]]) -> float:
        (entry,) = [p for p in result["projections"] if p["indicator"] == "pm25_annual_mean"]
        quantiles = entry["forecast"]["quantiles"]  # type: ignore[index]
        return float(quantiles["0.95"] - quantiles["0.05"])

    assert width(far) > width(near)


def test_real_folders_are_projected_for_every_place(
    real_data: Path, tmp_path: Path, forecast_command: Command
) -> None:
    folder = tmp_path / "W"
    assert forecast_command("init", folder).returncode == 0
    config = folder / "forecast.toml"
    text = config.read_text(encoding="utf-8").replace("outlook = true ", "outlook = false")
    config.write_text(text, encoding="utf-8")
    done = forecast_command(
        "ingest", real_data / "air" / "city_daily_o3_8h",
        real_data / "water" / "weekly_sections_2012_2018.csv.gz", "-w", folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    done = forecast_command(
        "run", "-w", folder, "--as-of", "2016-09-30", "--year", "2016", "--paths", "100", "--json",
        timeout=500,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    cities = {p["place"] for p in result["projections"] if p["place_kind"] == "city"}
    sections = {p["place"] for p in result["projections"] if p["place_kind"] == "section"}
    assert len(cities) == 15
    assert len(sections) == 61
    for entry in result["projections"]:
        if entry["indicator"] in ("pm25_annual_mean", "good_day_ratio"):
            assert entry["forecast"] is not None, entry["place"]
