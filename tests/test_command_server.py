"""The server of commands answers as an ordinary process does."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from command_server import load_alone

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.mark.parametrize(
    ("arguments", "stdin", "code"),
    [
        (["standard", "water", "-"], "ph,do,nh3n\n7,8,0.1\n", 0),
        (["status", "-w", "no-such-folder"], None, 1),
        (["run", "--paths", "0"], None, 2),
        (["chart", "--list", "--json"], None, 0),
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


@pytest.mark.skipif(not hasattr(os, "fork"), reason="without fork every command loads for itself")
def test_what_commands_load_late_loads_where_nothing_else_is_loaded() -> None:
    """The server has the whole package loaded, so a command run by it would not show this.

    That no order of imports can fail is seen in the code of all modules by ``test_structure``; here
    are those that load most, for real.
    """
    late = ["forecast.api", "forecast.runs.review_documents", "forecast.verification.backtest"]
    wrong = load_alone(["forecast.nothing", *late])
    assert "No module named 'forecast.nothing'" in wrong.pop("forecast.nothing")
    assert wrong == {}
