"""The commands ``forecast schedule`` as processes: a real morning, wrong usage, both languages."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from forecast.api import Workspace
from forecast.sample import write_sample

Command = Callable[..., subprocess.CompletedProcess[str]]

_STAND_IN = """#!/bin/sh
here=$(dirname "$0")
if [ "$1" = "-l" ]; then
  if [ -f "$here/tab" ]; then cat "$here/tab"; else echo "no crontab for x" >&2; exit 1; fi
else
  cat > "$here/tab"
fi
"""


@pytest.fixture
def crontab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A crontab alone, on a machine that has no systemd."""
    if os.name == "nt":
        pytest.skip("a crontab")
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "crontab").write_text(_STAND_IN, encoding="utf-8")
    (folder / "crontab").chmod(0o755)
    for name in ("sh", "cat", "dirname"):
        (folder / name).symlink_to(
            next(p for p in (Path("/bin") / name, Path("/usr/bin") / name) if p.exists())
        )
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    return folder / "tab"


def test_a_real_morning_then_nothing_new_then_its_health(
    forecast_command: Command, tmp_path: Path, leave_later_years_out: Callable[[Path], None]
) -> None:
    root = Workspace.create(tmp_path / "W").root
    leave_later_years_out(root)
    config = root / "forecast.toml"
    text = config.read_text(encoding="utf-8")
    assert "paths = 2000 " in text
    config.write_text(text.replace("paths = 2000 ", "paths = 60 "), encoding="utf-8")
    write_sample(tmp_path / "sample")
    # Two whole years of air alone: a run has little to do.
    lines = (tmp_path / "sample/air/衡水.csv").read_text(encoding="utf-8-sig").splitlines()
    kept = [line for line in lines if line.startswith(("日期", "2023-", "2024-"))]
    (root / "data/raw/甲市.csv").write_text("\n".join(kept), encoding="utf-8")
    done = forecast_command("schedule", "run", "--once", "-w", root, "--json", charts=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [s["step"] for s in told["steps"]] == ["ingest", "run"]
    assert (root / "reports" / told["run"] / "index.html").is_file()
    health = json.loads((root / "reports" / "health.json").read_text(encoding="utf-8"))
    assert health["last_success"]["run"] == told["run"]
    found = forecast_command("status", "--health", "--lang", "en", "-w", root)
    assert found.returncode == 0 and found.stdout.startswith("The last good run was at ")
    again = forecast_command("schedule", "run", "--once", "-w", root, "--json")
    assert again.returncode == 0 and json.loads(again.stdout) == {"exit_code": 0, "done": False}
    logs = (root / "reports" / "logs" / "forecast.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["event"] for line in logs] == ["begin", "step", "step", "end", "skip"]


def test_without_readings_it_fails_with_the_sentence_of_the_run(
    forecast_command: Command, tmp_path: Path
) -> None:
    root = Workspace.create(tmp_path / "空").root
    done = forecast_command("schedule", "run", "--once", "-w", root, "--quiet", "--lang", "en")
    assert done.returncode == 1 and not done.stdout
    assert done.stderr.startswith("forecast: run: ") and "Traceback" not in done.stderr
    health = json.loads((root / "reports" / "health.json").read_text(encoding="utf-8"))
    assert health["last_success"] is None and health["last_attempt"]["exit_code"] == 1
    found = forecast_command("status", "--health", "--json", "-w", root)
    assert found.returncode == 1 and json.loads(found.stdout)["good"] is False
    wrong = forecast_command("status", "--health", "--max-age", "26", "-w", root)
    assert wrong.returncode == 2 and "--max-age 26h" in wrong.stderr


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_the_loop_ends_at_once_while_it_waits(tmp_path: Path) -> None:
    root = Workspace.create(tmp_path / "空").root
    loop = subprocess.Popen(
        [sys.executable, "-m", "forecast", "schedule", "run", "-w", str(root), "--lang", "en"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert loop.stdout is not None
    said = []
    for line in loop.stdout:
        said.append(line)
        if line.startswith("next run: "):
            break
    loop.send_signal(signal.SIGTERM)
    _, complaint = loop.communicate(timeout=60)
    assert loop.returncode == 0
    assert "exit code 1 after" in said[0] and "(Asia/Shanghai)" in said[1]
    assert complaint.startswith("forecast: run: ")


def test_install_list_remove_in_both_languages(
    forecast_command: Command, tmp_path: Path, crontab: Path
) -> None:
    root = Workspace.create(tmp_path / "衡水 50%").root
    done = forecast_command("schedule", "install", "--at", "06:30", "-w", root, "--name", "m-1")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("已启用定时器 m-1(cron):每天 06:30 Asia/Shanghai")
    assert "衡水 50\\%" in crontab.read_text(encoding="utf-8")
    done = forecast_command("schedule", "list", "-w", root, "--lang", "en")
    assert done.stdout == f"m-1 (cron, at work): 06:30 Asia/Shanghai {root}\n"
    told = json.loads(forecast_command("schedule", "list", "--all", "--json").stdout)
    assert [one["workspace"] for one in told["schedules"]] == [str(root)]
    done = forecast_command("schedule", "remove", "-w", root, "--lang", "en")
    assert done.stdout == "timer m-1 (cron) is removed\n"
    assert crontab.read_text(encoding="utf-8") == ""
    done = forecast_command("schedule", "list", "-w", root)
    assert done.stdout.startswith("没有定时器。")
    done = forecast_command("schedule", "remove", "-w", root)
    assert done.returncode == 2 and "forecast schedule list" in done.stderr


def test_a_dry_run_shows_texts_and_calls(forecast_command: Command, tmp_path: Path) -> None:
    root = Workspace.create(tmp_path / "W").root
    done = forecast_command("schedule", "install", "-w", root, "--dry-run", "--with", "windows")
    assert "<StartWhenAvailable>true</StartWhenAvailable>" in done.stdout
    assert "$ schtasks /Create /TN \\forecast\\forecast-w-" in done.stdout
    done = forecast_command(
        "schedule", "install", "-w", root, "--dry-run", "--with", "cron", "--json",
        "--at", "18:05", "--fetch", "uci-beijing --what beijing",
    )  # fmt: skip
    told = json.loads(done.stdout)
    assert told["dry_run"] and told["command"][-2:] == ["--fetch", "uci-beijing --what beijing"]
    assert "at=18:05 zone=Asia/Shanghai" in told["files"]["crontab"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["install", "--at", "half past six"], 2, "--at 06:30"),
        (["install", "--at", "25:00", "--dry-run"], 2, "no time of a day"),
        (["install", "--timezone", "Mars/Phobos"], 2, "such as Asia/Shanghai"),
        (["install", "--env-file", "none.env"], 2, "can't be read"),
        (["install", "--name", "a/b"], 2, "can't be called"),
        (["install", "--with", "at", "--dry-run"], 2, "Use auto, systemd, cron, windows"),
        (["install", "--fetch", "moon"], 2, "Known: open-meteo"),
        (["run", "--force"], 2, "Add --once"),
        (["run", "--once", "--at", "6"], 2, "no time of a day"),
    ],
)
def test_errors_name_the_cure(
    forecast_command: Command, tmp_path: Path, arguments: list[str], code: int, said: str
) -> None:
    root = Workspace.create(tmp_path / "W").root
    done = forecast_command("schedule", *arguments, "-w", root, "--lang", "en")
    assert done.returncode == code, done.stderr
    assert said in done.stderr and "Traceback" not in done.stderr and not done.stdout
    assert not (root / "reports" / "health.json").exists()


def test_python_calls_do_the_same(tmp_path: Path, crontab: Path) -> None:
    workspace = Workspace.create(tmp_path / "W")
    plan = workspace.install_schedule(at="07:15", name="seven", kind="cron")
    assert plan.kind == "cron" and crontab.read_text(encoding="utf-8") == plan.files["crontab"]
    table = workspace.schedules()
    assert table[["name", "at", "enabled"]].to_numpy().tolist() == [["seven", "07:15", True]]
    assert workspace.remove_schedule() == ["seven"]
    assert workspace.schedules().empty
    assert not workspace.health(max_age="2d").good


def test_a_broken_configuration_leaves_its_reason_in_the_log_and_in_health(
    forecast_command: Command, tmp_path: Path
) -> None:
    """Nobody reads what a timer's run says: what is on record is all there is."""
    root = Workspace.create(tmp_path / "工作 区").root
    config = root / "forecast.toml"
    whole = config.read_text(encoding="utf-8")
    config.write_text(whole.replace("paths = 2000 ", "paths = many "), encoding="utf-8")
    timer = ("schedule", "run", "--once", "--quiet", "-w", root, "--at", "06:30",
             "--timezone", "Asia/Shanghai")  # fmt: skip
    done = forecast_command(*timer, "--lang", "en")
    assert done.returncode == 1 and not done.stdout and "Traceback" not in done.stderr
    assert done.stderr.startswith("forecast: configuration: ") and "forecast.toml" in done.stderr
    logs = (root / "reports" / "logs" / "forecast.jsonl").read_text(encoding="utf-8").splitlines()
    begin, step, end = map(json.loads, logs)
    assert (begin["event"], step["stage"], end["exit_code"]) == ("begin", "configuration", 1)
    assert "forecast.toml" in end["reason"]
    found = forecast_command("status", "--health", "-w", root)
    assert found.returncode == 1 and "forecast.toml" in found.stderr
    # Mended, the day still lacks its run, and it is known why.
    config.write_text(whole, encoding="utf-8")
    found = forecast_command("status", "--health", "--json", "-w", root)
    assert found.returncode == 1
    assert "configuration: " in json.loads(found.stdout)["en"]
    # The loop is begun by a person, who sees what it says.
    config.write_text("[run", encoding="utf-8")
    loop = forecast_command("schedule", "run", "-w", root)
    assert loop.returncode == 1 and "forecast.toml" in loop.stderr
    nowhere = forecast_command("schedule", "run", "--once", "-w", tmp_path / "none", "--lang", "en")
    assert nowhere.returncode == 1 and "not a workspace" in nowhere.stderr
    assert not (tmp_path / "none").exists()


def test_a_configuration_broken_after_the_run_of_the_day_is_said_all_the_same(
    forecast_command: Command, tmp_path: Path
) -> None:
    root = Workspace.create(tmp_path / "W").root
    slot = daily_slot()
    told = {"slot": slot, "tries": 1, "started": slot, "ended": slot, "exit_code": 0}
    (root / "reports" / ".schedule.json").write_text(json.dumps(told), encoding="utf-8")
    (root / "forecast.toml").write_text("[run", encoding="utf-8")
    done = forecast_command(
        "schedule", "run", "--once", "-w", root, "--at", "00:00", "--timezone", "UTC"
    )
    assert done.returncode == 1 and "forecast.toml" in done.stderr


def daily_slot() -> str:
    """The midnight that was last, in UTC."""
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0).isoformat()
