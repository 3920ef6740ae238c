"""The environment file: its lines, who may read it, and that no message shows a value."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from forecast.errors import UsageError
from forecast.runs.schedule_secrets import read_env_file

pytestmark = pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")


def env_file(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "keys.env"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def test_lines_of_an_environment_file(tmp_path: Path) -> None:
    text = "\ufeff# keys\n\nA=1 2\n export B = 'x # y'\r\nC=\"密 钥\"\nD=\nE=a=b$HOME\n"
    assert read_env_file(env_file(tmp_path, text)) == {
        "A": "1 2", "B": "x # y", "C": "密 钥", "D": "", "E": "a=b$HOME"
    }  # fmt: skip


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o620, 0o660, 0o777, 0o601])
def test_a_file_that_others_may_use_is_refused_with_the_cure(tmp_path: Path, mode: int) -> None:
    path = env_file(tmp_path, "A=secret\n", mode)
    with pytest.raises(UsageError, match=f"mode {mode:04o}.*chmod 600"):
        read_env_file(path)
    assert stat.S_IMODE(path.stat().st_mode) == mode


@pytest.mark.parametrize("line", ["secretword", "A B=secretword", "9A=secretword", 'A="secretword', "A='secret'word'"])  # fmt: skip
def test_a_wrong_line_is_named_by_its_number_and_never_shown(tmp_path: Path, line: str) -> None:
    with pytest.raises(Exception, match=r"keys\.env:2") as caught:
        read_env_file(env_file(tmp_path, f"# a\n{line}\n"))
    assert "secret" not in str(caught.value)


def test_what_is_no_text_or_no_file_is_refused(tmp_path: Path) -> None:
    path = env_file(tmp_path, "")
    path.write_bytes(b"A=\xff\xfe")
    with pytest.raises(Exception, match="not UTF-8"):
        read_env_file(path)
    path.write_bytes(b"A=1\n" * 100_000)
    with pytest.raises(Exception, match="too large"):
        read_env_file(path)
    with pytest.raises(UsageError, match="can't be read"):
        read_env_file(tmp_path)
