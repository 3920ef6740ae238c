"""What all tests share: where real readings may lie, and how properties are checked."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from command_server import CommandServer
from hypothesis import settings

from forecast.api import Workspace

# No deadline: a busy machine is not a failure. The same cases every time.
settings.register_profile("rules", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("rules")

# Without kept bytecode every process that a test starts would compile the package anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

_REAL = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real readings beside the checkout; tests that need it are skipped without."""
    if not _REAL.is_dir():
        pytest.skip("the folder of real readings is not beside the checkout")
    return _REAL


def _leave_later_years_out(root: Path) -> None:
    config = root / "forecast.toml"
    text = config.read_text(encoding="utf-8")
    assert "outlook = true " in text
    config.write_text(text.replace("outlook = true ", "outlook = false"), encoding="utf-8")


@pytest.fixture(scope="session")
def leave_later_years_out() -> Callable[[Path], None]:
    """Let runs of the workspace in a folder look at the year asked for alone: half the time."""
    return _leave_later_years_out


@pytest.fixture(scope="session")
def _made_sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = Workspace.create(tmp_path_factory.mktemp("made") / "sample", demo=True).root
    _leave_later_years_out(root)
    return root


@pytest.fixture
def no_charts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let runs in this process draw nothing: half of what a small run costs is its charts."""
    from forecast.runs import execute

    monkeypatch.setattr(execute, "draw_figures", lambda *_, **__: ([], []))


@pytest.fixture
def sample_workspace(_made_sample: Path, tmp_path: Path) -> Workspace:
    """A workspace of one's own with the built-in sample; runs leave later years out."""
    return Workspace(shutil.copytree(_made_sample, tmp_path / "sample"))


@pytest.fixture(scope="session")
def _commands() -> Iterator[CommandServer]:
    server = CommandServer()
    yield server
    server.close()


@pytest.fixture(scope="session")
def forecast_command(_commands: CommandServer) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command ``forecast`` as a process; returns its exit code, stdout and stderr.

    Runs of a workspace made by a plain ``init`` look at the year asked for alone; those of the
    built-in sample at later years too.
    """

    def run(
        *arguments: str | Path, stdin: str | None = None, timeout: float = 300
    ) -> subprocess.CompletedProcess[str]:
        done = _commands.run([str(a) for a in arguments], stdin, timeout)
        if done.returncode == 0 and len(arguments) == 2 and arguments[0] == "init":
            _leave_later_years_out(Path(arguments[1]))
        return done

    return run
