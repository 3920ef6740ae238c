"""The commands of backups and of old results, in both languages, with their exit codes."""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from forecast.cli_backup import add_backup
from forecast.errors import ForecastError
from forecast.ingest import ingest_paths
from forecast.shell_words import as_word
from forecast.workspace import Workspace


@pytest.fixture
def run() -> CliRunner:
    return CliRunner()


app = typer.Typer(pretty_exceptions_enable=False)
add_backup(app)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    ws = Workspace.create(tmp_path / "w")
    file = tmp_path / "甲市.csv"
    file.write_text(
        "日期,AQI,PM2.5,PM10,SO2,NO2,CO,O3_8h\n2023-01-01,60,20,50,8,20,0.7,90\n", encoding="utf-8"
    )
    ingest_paths(ws, [file])
    return ws.root


def test_there_and_back(root: Path, tmp_path: Path, run: CliRunner) -> None:
    file = tmp_path / "b.zip"
    done = run.invoke(app, ["backup", str(file), "-w", str(root), "--lang", "en"])
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith(f"saved and verified: {file} (") and "SHA-256 " in done.stdout
    told = json.loads(run.invoke(app, ["backup", "--verify", str(file), "--json"]).stdout)
    assert told["sha256"] in done.stdout and told["whole"] and told["files"] > 3
    done = run.invoke(app, ["backup", "--verify", str(file)])
    assert done.stdout.startswith("核对无误:")
    assert not run.invoke(app, ["backup", "--verify", str(file), "--quiet"]).stdout
    to = tmp_path / "还原"
    done = run.invoke(app, ["restore", str(file), "--to", str(to), "--lang", "en"])
    assert done.exit_code == 0 and "every hash as it was" in done.stdout
    assert Workspace.open(to).store.fingerprint() == Workspace.open(root).store.fingerprint()
    again = run.invoke(app, ["restore", str(file), "--to", str(tmp_path / "二"), "--json"])
    assert json.loads(again.stdout)["tables_sha256"] == told["tables_sha256"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["backup"], 2, "No file is given"),
        (["backup", "x.zip", "--verify", "y.zip"], 2, "--verify goes alone"),
        (["backup", "nowhere/x.zip"], 2, "no folder, and no file ending in .zip"),
        (["backup", "--verify", "absent.zip"], 1, "can't be read"),
        (["restore", "absent.zip", "--to", "x"], 1, "can't be read"),
    ],
)
def test_what_is_wrong_is_one_sentence(
    root: Path, run: CliRunner, arguments: list[str], code: int, said: str
) -> None:
    more = ["-w", str(root)] if arguments[0] == "backup" else []
    done = run.invoke(app, [*arguments, *more])
    assert isinstance(done.exception, ForecastError)
    assert done.exception.exit_code == code
    assert said in done.exception.message and done.exception.cure


def test_a_raw_file_that_changed_ends_in_4(root: Path, tmp_path: Path, run: CliRunner) -> None:
    raw = next((root / "data/raw/city_day_header").iterdir())
    raw.write_bytes(b"something else")
    done = run.invoke(app, ["backup", str(tmp_path / "b.zip"), "-w", str(root)])
    assert done.exit_code == 4
    assert "1个原始文件与读入时不同" in done.stdout


def test_nothing_is_due_in_a_new_workspace(root: Path, run: CliRunner) -> None:
    done = run.invoke(app, ["retention", "-w", str(root), "--lang", "en"])
    assert done.exit_code == 0 and done.stdout == "no result is due to be removed\n"
    told = json.loads(run.invoke(app, ["retention", "-w", str(root), "--json", "--apply"]).stdout)
    assert told == {"removed": True, "bytes": 0, "results": [], "kept": [], "failed": []}


@pytest.mark.skipif(os.name == "nt", reason="quotes of POSIX")
def test_the_command_that_comes_next_can_be_copied_whatever_the_folder_is_called(
    root: Path, tmp_path: Path, run: CliRunner
) -> None:
    file, to = tmp_path / "b.zip", tmp_path / "还 原 (new) & co"
    assert run.invoke(app, ["backup", str(file), "-w", str(root)]).exit_code == 0
    done = run.invoke(app, ["restore", str(file), "--to", str(to), "--lang", "en"])
    next_one = done.stdout.split("next: ")[1].split("; ")[0]
    assert shlex.split(next_one) == ["forecast", "status", "--workspace", str(to)]
    with pytest.raises(ForecastError) as caught:
        Workspace.open(tmp_path / "no workspace")
    words = caught.value.cure.removeprefix("Make one with: ")
    assert shlex.split(words) == ["forecast", "init", str(tmp_path / "no workspace")]


def test_windows_takes_a_quoted_path_as_one_word() -> None:
    """Its programs get what stands between double quotes as it is."""
    assert as_word(r"C:\data\衡水", windows=True) == r"C:\data\衡水"
    assert as_word(r"C:\my data & co", windows=True) == r'"C:\my data & co"'
