"""Entered figures: checked when entered, and not lost when the tables are rebuilt."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from forecast.api import Workspace
from forecast.errors import ForecastError, TargetError, UsageError
from forecast.runs.entered import LEDGER

Command = Callable[..., subprocess.CompletedProcess[str]]

PENDING = "beita-2025-good-day-ratio"


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "W")


def entered(workspace: Workspace) -> str:
    table = workspace.targets(plan="beita").set_index("id")
    return str(table.loc[PENDING, "entered"])


def test_entries_outlive_the_tables(workspace: Workspace) -> None:
    workspace.set_target(
        "assigned", target_id=PENDING, value="86.5", source="市函", on="2023-02-01"
    )
    workspace.set_target(
        "assigned", target_id=PENDING, value="87.0", source="新函", on="2024-02-01"
    )
    assert "新函" in entered(workspace)
    shutil.rmtree(workspace.root / "data" / "processed")
    assert "新函" in entered(workspace)
    assert (workspace.root / "data" / "raw" / LEDGER).read_bytes().startswith(b"\xef\xbb\xbf")
    workspace.set_target("assigned", target_id=PENDING, value="88", source="再函", on="2025-02-01")
    assert "再函" in entered(workspace)
    assert len(workspace._entries()) == 3


@pytest.mark.parametrize(
    ("value", "on"), [("-500", "2025-01-01"), ("9999", "2025-01-01"), ("87", "2119-01-01")]
)
def test_impossible_figures_are_refused(workspace: Workspace, value: str, on: str) -> None:
    with pytest.raises(TargetError):
        workspace.set_target("assigned", target_id=PENDING, value=value, source="市函", on=on)
    assert workspace._entries().empty


def test_a_damaged_workbook_is_one_sentence(
    workspace: Workspace, tmp_path: Path, forecast_command: Command
) -> None:
    book = tmp_path / "t.xlsx"
    workspace.export_targets(book)
    broken = tmp_path / "b.xlsx"
    with zipfile.ZipFile(book) as source, zipfile.ZipFile(broken, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            target.writestr(name, data[: len(data) // 2] if name.endswith("sheet1.xml") else data)
    done = forecast_command("target", "import", broken, "-w", workspace.root)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "b.xlsx" in done.stderr


def test_a_plan_of_another_region_is_refused(plain_sample: Workspace) -> None:
    sample = plain_sample
    with pytest.raises(ForecastError, match="安康"):
        sample.run(plan="ankang", paths=60)


def test_a_day_in_the_future_is_no_as_of_date(plain_sample: Workspace) -> None:
    sample = plain_sample
    with pytest.raises(UsageError, match="future"):
        sample.run(as_of="2099-01-01", paths=60)
