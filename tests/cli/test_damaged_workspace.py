"""A workspace that someone damaged, closed or corrected: one sentence, and the right answer."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from forecast.api import Workspace

Command = Callable[..., subprocess.CompletedProcess[str]]

_HEADER = "日期,AQI,质量等级,PM2.5,PM10,SO2,CO,NO2,O3_8h"


def city(path: Path, *, eleventh: int = 35) -> Path:
    """Write 400 days of made values; ``eleventh`` is the PM2.5 of 2021-01-11."""
    lines = [_HEADER]
    for k, day in enumerate(pd.date_range("2021-01-01", periods=400)):
        pm25 = eleventh if k == 10 else 30 + k % 11
        lines.append(
            f"{day.date()},60,良,{pm25},{pm25 + 30},8,{0.5 + k % 7 / 10:.1f},25,{60 + k % 60}"
        )
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def assert_one_sentence(done: subprocess.CompletedProcess[str], code: int, *said: str) -> None:
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()
    for word in said:
        assert word in done.stderr


@pytest.fixture(scope="module")
def _filled(tmp_path_factory: pytest.TempPathFactory, forecast_command: Command) -> Path:
    folder = tmp_path_factory.mktemp("filled")
    assert forecast_command("init", folder / "W").returncode == 0
    done = forecast_command("ingest", city(folder / "甲市.csv"), "-w", folder / "W")
    assert done.returncode == 0, done.stderr
    return folder / "W"


@pytest.fixture
def workspace(_filled: Path, tmp_path: Path) -> Path:
    """A workspace of one's own with one city."""
    return Path(shutil.copytree(_filled, tmp_path / "W"))


def mean(result: dict[str, Any]) -> float:
    entries = result["projections"]
    (value,) = [e["observed"]["value"] for e in entries if e["indicator"] == "pm25_annual_mean"]
    return float(value)


@pytest.mark.usefixtures("no_charts")
def test_a_correction_counts_without_as_of_and_not_before_its_receipt(
    workspace: Path, tmp_path: Path, forecast_command: Command
) -> None:
    old = json.loads(forecast_command("assess", "--year", "2021", "--json", "-w", workspace).stdout)
    forecast_command("ingest", city(tmp_path / "甲市.csv", eleventh=300), "-w", workspace)
    now = Workspace(workspace).run(year=2021, paths=60).result
    then = Workspace(workspace).run(year=2021, paths=60, as_of="2022-02-04").result
    # The last reading is of the same day, but the two are different questions.
    assert mean(now) == pytest.approx(mean(then) + 265 / 365, abs=1e-6)
    assert now["run"]["id"] != then["run"]["id"]
    new = json.loads(forecast_command("assess", "--year", "2021", "--json", "-w", workspace).stdout)
    values = [
        next(i["value"] for i in found["indicators"] if i["indicator"] == "pm25_annual_mean")
        for found in (old, new)
    ]
    assert values == [mean(then), mean(now)]


@pytest.mark.usefixtures("no_charts")
def test_a_run_with_a_damaged_file_is_made_again(
    workspace: Path, forecast_command: Command
) -> None:
    first = Workspace(workspace).run(year=2021, paths=60)
    written = json.loads((first.folder / "projection.json").read_text(encoding="utf-8"))
    (first.folder / "projection.json").write_text('{"run"', encoding="utf-8")
    again = Workspace(workspace).run(year=2021, paths=60)
    assert (again.new, again.folder) == (True, first.folder)
    assert again.result["projections"] == first.result["projections"]
    (first.folder / "index.html").unlink()
    done = forecast_command(
        "run", "-w", workspace, "--year", "2021", "--paths", "60", "--json", charts=False
    )
    assert json.loads(done.stdout)["projections"] == written["projections"]
    assert (first.folder / "index.html").is_file()


@pytest.mark.parametrize(
    "manifest",
    [
        b'{"format_version": 1, "tables": []}',
        b'{"format_version": 1, "tables": {"air_daily": "x"}}',
        b'{"format_version": 1, "tables": {"air_daily": {"2021": {}}}}',
        b"\xff\xfe",
    ],
)
def test_a_damaged_manifest(workspace: Path, manifest: bytes, forecast_command: Command) -> None:
    (workspace / "data" / "processed" / "manifest.json").write_bytes(manifest)
    assert_one_sentence(forecast_command("status", "-w", workspace), 1, "manifest.json")


def test_a_missing_part(workspace: Path, tmp_path: Path, forecast_command: Command) -> None:
    for part in (workspace / "data" / "processed" / "air_daily").rglob("*.parquet"):
        part.unlink()
    assert_one_sentence(forecast_command("run", "-w", workspace), 1, "air_daily")
    more = city(tmp_path / "甲市.csv", eleventh=36)
    assert_one_sentence(forecast_command("ingest", more, "-w", workspace), 1, "air_daily")


def test_a_file_where_a_folder_belongs(
    workspace: Path, tmp_path: Path, forecast_command: Command
) -> None:
    (workspace / "reports").rmdir()
    (workspace / "reports").touch()
    assert_one_sentence(forecast_command("run", "-w", workspace), 1, "reports")
    assert forecast_command("status", "-w", workspace).returncode == 0


def test_latest_that_names_nothing(workspace: Path, forecast_command: Command) -> None:
    for content in (b"", b"\xff\xfe", b"gone\n"):
        (workspace / "reports" / "latest").write_bytes(content)
        done = forecast_command("status", "-w", workspace, "--json")
        assert json.loads(done.stdout)["latest_run"] is None


@pytest.mark.skipif(
    os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() == 0,
    reason="permissions bind nobody here",
)
def test_a_workspace_that_may_not_be_written(
    workspace: Path, tmp_path: Path, forecast_command: Command
) -> None:
    more = city(tmp_path / "乙市.csv", eleventh=36)
    folders = [workspace / "data" / "processed", workspace / "reports"]
    for folder in folders:
        (folder / ".lock").unlink(missing_ok=True)
        folder.chmod(0o555)
    try:
        assert_one_sentence(forecast_command("run", "-w", workspace), 1, "can't be written")
        done = forecast_command("ingest", more, "-w", workspace)
        assert_one_sentence(done, 1, "can't be written")
    finally:
        for folder in folders:
            folder.chmod(0o755)


@pytest.mark.parametrize("command", ["run", "assess"])
@pytest.mark.parametrize("year", ["0", "-5", "99999"])
def test_a_year_that_is_none(
    workspace: Path, command: str, year: str, forecast_command: Command
) -> None:
    done = forecast_command(command, "--year", year, "-w", workspace)
    assert_one_sentence(done, 2, year)


def test_before_the_first_reading(workspace: Path, forecast_command: Command) -> None:
    done = forecast_command("run", "--as-of", "2016-02-29", "-w", workspace)
    assert_one_sentence(done, 1, "2016-02-29", "2021-01-01")
    done = forecast_command("assess", "--year", "2016", "-w", workspace, "--json")
    assert_one_sentence(done, 1, "2016")
    assert not done.stdout


def test_a_wrong_language_stops_before_anything_is_done(
    tmp_path: Path, workspace: Path, forecast_command: Command
) -> None:
    assert_one_sentence(forecast_command("init", tmp_path / "new", "--lang", "fr"), 2, "fr")
    assert not (tmp_path / "new").exists()
    assert_one_sentence(forecast_command("run", "-w", workspace, "--lang", "fr"), 2, "fr")
    assert not any(workspace.glob("reports/*/"))


def test_a_refusal_says_why_on_stderr_with_json_too(
    tmp_path: Path, workspace: Path, forecast_command: Command
) -> None:
    done = forecast_command("ingest", tmp_path / "none.csv", "-w", workspace, "--json")
    assert_one_sentence(done, 1, "none.csv")
    assert json.loads(done.stdout)["exit_code"] == 1


def test_the_calculator_never_shifts_a_row(forecast_command: Command) -> None:
    """A comma at the end of the rows alone would make pandas take the first column for an index."""
    done = forecast_command("standard", "water", "-", stdin="ph,do,nh3n\n7,8,0.1,\n")
    assert done.stdout.splitlines()[1].startswith("7,8,0.1,")
    done = forecast_command("standard", "water", "-", stdin="ph,do,nh3n\n7,8,0.1,5\n")
    assert_one_sentence(done, 1, "第2行")
    done = forecast_command("standard", "water", "-", stdin="ph,do,do\n7,8,9\n")
    assert_one_sentence(done, 1, "do")
