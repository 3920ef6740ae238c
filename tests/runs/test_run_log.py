"""Logs: JSON lines, rotated, without secrets, from two processes at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.runs.run_log import LOG_NAME, RunLog, Secrets, secret_values

_NOW = datetime(2025, 7, 1, 6, 30, tzinfo=UTC)


def log_in(folder: Path, *, secrets: tuple[str, ...] = (), **options: Any) -> RunLog:
    return RunLog(folder, secrets=Secrets(secrets), now=lambda: _NOW, **options)


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_line_is_one_object_in_utf_8(tmp_path: Path) -> None:
    log_in(tmp_path / "logs").write("step", stage="读入", seconds=1.5, said=None, counts={"new": 3})
    text = (tmp_path / "logs" / LOG_NAME).read_bytes().decode("utf-8")
    assert "读入" in text and text.count("\n") == 1
    assert json.loads(text) == {
        "time": "2025-07-01T06:30:00.000+00:00", "level": "info", "event": "step",
        "pid": os.getpid(), "stage": "读入", "seconds": 1.5, "counts": {"new": 3},
    }  # fmt: skip


def test_no_secret_in_any_form_reaches_a_line(tmp_path: Path) -> None:
    secret = 'p@ss "w/rd"\\ 密钥'
    log = log_in(tmp_path, secrets=(secret, "abcdefghijkl"))
    log.write(
        "step", said=f"key {secret}!", many=[f"x{secret}"], within={"a": "cut abcdefghi"},
        url="https://host/hook?key=0a1b2c&x=1", path=Path("/tmp/abcdefghijkl"),
        proxy="http://me:word@proxy:8080/", quoted="https://h/p%40ss%20%22w%2Frd%22%5C%20%E5%AF%86%E9%92%A5",
        ding="https://oapi.dingtalk.com/robot/send?access_token=deadbeef&timestamp=1&sign=Zm9v",
    )  # fmt: skip
    (line,) = lines(tmp_path / LOG_NAME)
    assert line["said"] == "key ***!" and line["many"] == ["x***"]
    assert line["within"] == {"a": "cut ***"} and line["path"] == "/tmp/***"
    assert line["url"] == "https://host/hook?key=***&x=1"
    assert line["proxy"] == "http://***@proxy:8080/" and line["quoted"] == "https://h/***"
    assert line["ding"].endswith("send?access_token=***&timestamp=1&sign=***")


@given(st.text(min_size=4, max_size=40).filter(lambda s: s.strip("* ") == s), st.text(), st.text())
def test_a_secret_is_never_left_whole(secret: str, before: str, after: str) -> None:
    shown = Secrets([secret]).without(f"{before}{secret}{after}")
    rest = f"{before}\0{after}"
    assert secret not in shown or secret in rest or set(secret) & set("*")


def test_variables_are_secret_by_name_or_by_mention() -> None:
    environment = {
        "OPENAQ_API_KEY": "0123456789", "MAIL_PASSWORD": "word1234", "HOME": "/home/a",
        "WECOM_WEBHOOK": "https://q/x", "OWN": "mine-1234", "TOKEN": "abc",
    }  # fmt: skip
    assert secret_values(environment) == ("0123456789", "https://q/x", "word1234")
    assert "mine-1234" in secret_values(environment, ["OWN"])


def test_old_logs_are_set_aside_and_the_oldest_go(tmp_path: Path) -> None:
    log = log_in(tmp_path, largest=300, files=3)
    for number in range(40):
        log.write("step", number=number, said="x" * 40)
    names = sorted(p.name for p in tmp_path.iterdir() if p.name.startswith(LOG_NAME))
    assert names == [LOG_NAME, f"{LOG_NAME}.1", f"{LOG_NAME}.2"]
    kept = [line["number"] for name in reversed(names) for line in lines(tmp_path / name)]
    assert kept == list(range(kept[0], 40)) and len(kept) < 12
    assert all((tmp_path / name).stat().st_size <= 300 for name in names)


def test_fewer_files_than_before_and_a_single_one(tmp_path: Path) -> None:
    for number in range(20):
        log_in(tmp_path, largest=200, files=6).write("step", number=number, said="x" * 40)
    for number in range(4):
        log_in(tmp_path, largest=200, files=1).write("step", number=number, said="x" * 40)
    assert [p.name for p in tmp_path.iterdir() if p.name.startswith(LOG_NAME)] == [LOG_NAME]
    assert lines(tmp_path / LOG_NAME)[-1]["number"] == 3


def test_a_line_that_was_cut_short_spoils_no_other(tmp_path: Path) -> None:
    log = log_in(tmp_path)
    log.write("one")
    with log.path.open("ab") as file:
        file.write(b'{"time": "2025-07-01T0')
    log.write("two")
    first, torn, last = log.path.read_text(encoding="utf-8").splitlines()
    assert json.loads(first)["event"] == "one" and json.loads(last)["event"] == "two"
    assert torn == '{"time": "2025-07-01T0'


def test_a_name_that_is_not_utf_8_is_written_all_the_same(tmp_path: Path) -> None:
    log_in(tmp_path).write("step", said=os.fsdecode(b"/data/\xba\xe2\xcb\xae"))
    assert lines(tmp_path / LOG_NAME)[0]["said"].startswith("/data/")


def test_a_log_that_cannot_be_written_stops_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "logs").write_text("a file where the folder should be", encoding="utf-8")
    log_in(tmp_path / "logs", secrets=("abcdefgh",)).write("step", said="abcdefgh")
    said = capsys.readouterr().err
    assert "the log can't be written" in said and "abcdefgh" not in said


_WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from forecast.runs.run_log import RunLog, Secrets
log = RunLog(Path(sys.argv[1]), secrets=Secrets(), largest=4000, files=100,
             now=lambda: datetime(2025, 7, 1, tzinfo=UTC))
for number in range(40):
    log.write("step", who=sys.argv[2], number=number, said="读" * 30)
"""


def test_two_processes_write_at_once_and_no_line_is_lost(tmp_path: Path) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", _WRITER, str(tmp_path), who]) for who in "ab"
    ]
    assert [writer.wait(timeout=60) for writer in writers] == [0, 0]
    told = [line for path in tmp_path.glob(f"{LOG_NAME}*") for line in lines(path)]
    assert sorted((line["who"], line["number"]) for line in told) == [
        (who, number) for who in "ab" for number in range(40)
    ]
    assert len(list(tmp_path.glob(f"{LOG_NAME}.*"))) > 3
