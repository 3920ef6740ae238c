"""``forecast run --repeat``: the same bytes from the manifest, whatever came in since."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from forecast.api import Workspace
from forecast.errors import ForecastError, WorkspaceError
from forecast.runs.repeat import repeat
from forecast.sample.scenarios import SCENARIO

Command = Callable[..., subprocess.CompletedProcess[str]]

_NEW_DAYS = (
    "日期,AQI,质量等级,PM2.5,PM10,SO2,CO,NO2,O3_8h\n"
    "2025-07-01,60,良,30,60,8,0.6,20,110\n"
    "2025-07-02,55,良,28,58,8,0.6,20,105\n"
)


@pytest.fixture(scope="module")
def _ran(
    made_air: Path,
    _made_sample: Path,
    leave_charts_out: Callable[[pytest.MonkeyPatch], None],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The sample's air with its scenario, and a run of them that drew no chart."""
    root = Path(shutil.copytree(made_air, tmp_path_factory.mktemp("ran") / "air"))
    shutil.copytree(_made_sample / "scenarios", root / "scenarios", dirs_exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        leave_charts_out(patch)
        Workspace(root).run(paths=100)
    return root


@pytest.fixture
def made(_ran: Path, no_charts: None, tmp_path: Path) -> tuple[Workspace, str]:
    """A workspace of one's own with a run of the sample's air, and the run's name."""
    workspace = Workspace(shutil.copytree(_ran, tmp_path / "sample"))
    return workspace, (workspace.reports / "latest").read_text(encoding="utf-8").strip()


def test_the_same_bytes_again(sample_workspace: Workspace, no_charts: None) -> None:
    """Air, water and a scenario. Nothing is written: the folder stands as it was."""
    workspace = sample_workspace
    name = workspace.run(paths=100).run_id
    folder = workspace.reports / name
    before = {p: p.stat().st_mtime_ns for p in folder.rglob("*")}
    again = workspace.repeat(name)
    assert (again.same, again.reasons, again.places) == (True, (), ())
    assert {p: p.stat().st_mtime_ns for p in folder.rglob("*")} == before


def test_days_that_came_since_are_left_out(made: tuple[Workspace, str], tmp_path: Path) -> None:
    """A run of today sees the new days; the repeated one does not."""
    workspace, name = made
    # Both the run and a file's receipt are dated to the second, and a second is allowed for.
    time.sleep(2.1)
    file = tmp_path / "衡水.csv"
    file.write_text(_NEW_DAYS, encoding="utf-8")
    workspace.ingest([file], region="衡水")
    today = workspace.run(paths=100)
    assert today.result["run"]["as_of"] == "2025-07-02"
    again = Workspace(workspace.root).repeat(name)
    assert again.same, again.places
    assert "1 files taken in since then" in " ".join(en for _, en in again.reasons)


def test_another_configuration_does_not_matter(made: tuple[Workspace, str]) -> None:
    """The manifest has the one of then."""
    workspace, name = made
    config = workspace.root / "forecast.toml"
    config.write_text(
        config.read_text(encoding="utf-8").replace("likely = 0.8", "likely = 0.95", 1),
        encoding="utf-8",
    )
    assert Workspace(workspace.root).repeat(name).same


def test_what_is_not_as_it_was_is_said(made: tuple[Workspace, str]) -> None:
    """A changed scenario file changes the answer, and is named."""
    workspace, name = made
    (workspace.root / "scenarios" / "示例减排.toml").write_text(
        SCENARIO.replace('"20%"', '"35%"'), encoding="utf-8"
    )
    again = workspace.repeat(name)
    assert not again.same
    assert again.places[0].startswith("scenarios/0/")
    assert any("scenario files" in en for _, en in again.reasons)


def test_a_number_changed_by_hand_is_found(made: tuple[Workspace, str]) -> None:
    """The object no longer has the hash of the manifest, and differs from the one made now."""
    workspace, name = made
    path = workspace.reports / name / "projection.json"
    told = json.loads(path.read_text(encoding="utf-8"))
    told["projections"][0]["observed"]["value"] = 1.0
    path.write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
    again = workspace.repeat(name)
    assert again.places == ("projections/0/observed/value",)
    assert any("was changed after" in en for _, en in again.reasons)


@pytest.mark.parametrize("name", ["", "..", "x", "a/b", "latest"])
def test_no_such_run(sample_workspace: Workspace, name: str) -> None:
    """One sentence; names never leave the folder of reports."""
    with pytest.raises(ForecastError, match="no run"):
        repeat(sample_workspace._inner, name)


def test_a_damaged_manifest_is_one_sentence(made: tuple[Workspace, str]) -> None:
    """Neither half of a manifest nor one without its question is used."""
    workspace, name = made
    path = workspace.reports / name / "manifest.json"
    text = path.read_text(encoding="utf-8")
    for damaged in (text[: len(text) // 2], "{}"):
        path.write_text(damaged, encoding="utf-8")
        with pytest.raises(WorkspaceError, match=r"can't be"):
            workspace.repeat(name)


def test_the_command_says_so(made: tuple[Workspace, str], forecast_command: Command) -> None:
    """As a process: exit 0 and one line; with another question it is wrong usage."""
    workspace, name = made
    done = forecast_command("run", "--repeat", name, "-w", workspace.root, "--lang", "en")
    assert (done.returncode, done.stderr) == (0, "")
    assert "same bytes again" in done.stdout
    wrong = forecast_command("run", "--repeat", name, "--year", "2025", "-w", workspace.root)
    assert wrong.returncode == 2
