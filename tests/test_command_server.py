"""The server of commands answers as an ordinary process does."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.parametrize(
    ("arguments", "stdin", "code"),
    [
        (["standard", "water", "-"], "ph,do,nh3n\n7,8,0.1\n", 0),
        (["status", "-w", "no-such-folder"], None, 1),
        (["run", "--paths", "0"], None, 2),
    ],
)
def test_a_command_says_and_returns_what_a_process_of_its_own_does(
    arguments: list[str],
    stdin: str | None,
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    forecast_command: Command,
) -> None:
    monkeypatch.chdir(tmp_path)
    served = forecast_command(*arguments, stdin=stdin)
    alone = subprocess.run(
        [sys.executable, "-m", "forecast", *arguments],
        input=stdin or "", capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert served.returncode == code
    assert (served.returncode, served.stdout, served.stderr) == (
        alone.returncode, alone.stdout, alone.stderr,
    )  # fmt: skip
