"""What all tests share: where real readings may lie, and how properties are checked."""

from __future__ import annotations

import gc
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from command_server import CommandServer, sync_nothing
from filelock import FileLock
from hypothesis import settings

if TYPE_CHECKING:
    from forecast.api import Workspace

# One thread of linear algebra for each process, said before numpy is loaded by anything: with
# several, small matrices take up to three times as long, and all processors of the machine.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

# No deadline: a busy machine is not a failure. The same cases every time.
settings.register_profile("rules", deadline=None, derandomize=True, max_examples=30)
settings.load_profile("rules")

# What was imported and collected stays until the end: looking through it for cycles again and again
# takes half of the time of collecting.
gc.disable()


def pytest_collection_finish() -> None:
    """From here on look for cycles among what the tests make."""
    gc.freeze()
    gc.enable()


sync_nothing()

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
def made_once(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str, Callable[[Path], object]], Path]:
    """Make a folder once for all processes of a session; no test may change what is in it.

    The function returned takes the folder's name and what fills a folder that is not there yet.
    """
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "made-once"
    shared.mkdir(exist_ok=True)

    def once(name: str, fill: Callable[[Path], object]) -> Path:
        folder = shared / name
        with FileLock(shared / f"{name}.lock"):
            if not folder.is_dir():
                aside = shared / f"{name}.aside"
                shutil.rmtree(aside, ignore_errors=True)
                fill(aside)
                aside.rename(folder)
        return folder

    return once


MadeOnce = Callable[[str, Callable[[Path], object]], Path]


def _create_sample(root: Path) -> None:
    from forecast.api import Workspace

    Workspace.create(root, demo=True)
    _leave_later_years_out(root)


def _leave_charts_out(patch: pytest.MonkeyPatch) -> None:
    from forecast.report import page
    from forecast.runs import execute

    patch.setattr(execute, "draw_figures", lambda *_, **__: ([], []))
    patch.setattr(page, "page_font", lambda _: "")


@pytest.fixture(scope="session")
def leave_charts_out() -> Callable[[pytest.MonkeyPatch], None]:
    """Let runs draw nothing as long as what is given holds: ``no_charts`` for wider fixtures."""
    return _leave_charts_out


def _run_without_charts(root: Path) -> None:
    from forecast.api import Workspace

    with pytest.MonkeyPatch.context() as patch:
        _leave_charts_out(patch)
        Workspace(root).run(paths=60)


def _take_fits(of: Path, root: Path) -> None:
    """Let a workspace have the fitted models of another, as if it had had the same run."""
    shutil.copytree(of / "models" / "fits", root / "models" / "fits")


@pytest.fixture(scope="session")
def _created_sample(made_once: MadeOnce) -> Path:
    """The built-in sample as it is made, but for later years, which its runs leave out."""
    return made_once("created", _create_sample)


@pytest.fixture(scope="session")
def made_run(made_once: MadeOnce, _created_sample: Path) -> Path:
    """The built-in sample without its scenario, with a run of 60 paths that drew no chart."""

    def fill(root: Path) -> None:
        shutil.copytree(_created_sample, root, ignore=shutil.ignore_patterns("scenarios"))
        _run_without_charts(root)

    return made_once("run", fill)


@pytest.fixture(scope="session")
def _made_sample(made_once: MadeOnce, _created_sample: Path, made_run: Path) -> Path:
    """The built-in sample, whose runs leave later years out and find their models fitted."""

    def fill(root: Path) -> None:
        shutil.copytree(_created_sample, root)
        _take_fits(made_run, root)

    return made_once("sample", fill)


@pytest.fixture(scope="session")
def made_plain(made_once: MadeOnce, _made_sample: Path) -> Path:
    """The built-in sample without its scenario, whose answer costs as much as the rest of a run."""

    def fill(root: Path) -> None:
        shutil.copytree(_made_sample, root, ignore=shutil.ignore_patterns("scenarios"))

    return made_once("plain", fill)


@pytest.fixture(scope="session")
def made_air(made_once: MadeOnce, made_run: Path) -> Path:
    """The sample's days of air alone: water is most of what its projection costs."""
    from forecast.api import Workspace

    def fill(root: Path) -> None:
        Workspace.create(root)
        _leave_later_years_out(root)
        days = sorted((made_run / "data" / "raw" / "sample").glob("air/*"))
        assert Workspace(root).ingest(days).exit_code == 0
        _take_fits(made_run, root)

    return made_once("air", fill)


@pytest.fixture(scope="session")
def made_cities(made_once: MadeOnce, real_data: Path) -> Path:
    """The days of fifteen real cities, read in."""
    from forecast.api import Workspace

    def fill(root: Path) -> None:
        Workspace.create(root)
        _leave_later_years_out(root)
        read = Workspace(root).ingest([real_data / "air" / "city_daily_o3_8h"])
        assert read.exit_code == 0

    return made_once("cities", fill)


@pytest.fixture
def no_charts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let runs in this process draw nothing: most of what a small run costs is charts and font."""
    _leave_charts_out(monkeypatch)


@pytest.fixture
def sample_workspace(_made_sample: Path, tmp_path: Path) -> Workspace:
    """A workspace of one's own with the built-in sample; runs leave later years out."""
    from forecast.api import Workspace

    return Workspace(shutil.copytree(_made_sample, tmp_path / "sample"))


@pytest.fixture
def plain_sample(made_plain: Path, tmp_path: Path) -> Workspace:
    """A workspace of one's own with the built-in sample without its scenario."""
    from forecast.api import Workspace

    return Workspace(shutil.copytree(made_plain, tmp_path / "plain"))


@pytest.fixture
def air_sample(made_air: Path, tmp_path: Path) -> Workspace:
    """A workspace of one's own with the sample's air alone."""
    from forecast.api import Workspace

    return Workspace(shutil.copytree(made_air, tmp_path / "air"))


@pytest.fixture
def air_with_cuts(made_air: Path, _made_sample: Path, tmp_path: Path) -> Workspace:
    """A workspace of one's own with the sample's air alone and the sample's scenario files."""
    from forecast.api import Workspace

    root = shutil.copytree(made_air, tmp_path / "cuts")
    shutil.copytree(_made_sample / "scenarios", root / "scenarios", dirs_exist_ok=True)
    return Workspace(root)


@pytest.fixture(scope="session")
def _commands() -> Iterator[CommandServer]:
    server = CommandServer()
    yield server
    server.close()


@pytest.fixture(scope="session")
def forecast_command(_commands: CommandServer) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run the command ``forecast`` as a process; returns its exit code, stdout and stderr.

    With ``charts=False`` a run draws none, and its page has no font of its own: for what is asked
    of its numbers and words.

    Runs of a workspace made by a plain ``init`` look at the year asked for alone; those of the
    built-in sample at later years too.
    """

    def run(
        *arguments: str | Path, stdin: str | None = None, timeout: float = 300, charts: bool = True
    ) -> subprocess.CompletedProcess[str]:
        done = _commands.run([str(a) for a in arguments], stdin, timeout, charts)
        if done.returncode == 0 and len(arguments) == 2 and arguments[0] == "init":
            _leave_later_years_out(Path(arguments[1]))
        return done

    return run
