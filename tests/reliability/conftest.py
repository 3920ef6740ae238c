"""Small workspaces, and processes that meet a fault in them."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fault_server import FaultServer
from fault_state import days_of

# The source on loopback stands with the tests of fetching.
sys.path.append(str(Path(__file__).parents[1] / "fetch"))

MadeOnce = Callable[[str, Callable[[Path], object]], Path]


@pytest.fixture(scope="session")
def faults(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultServer]:
    """Processes that are killed, or whose disk is full."""
    if sys.platform != "linux":
        pytest.skip("forks, times of other processes and paths of handles are of Linux")
    server = FaultServer(tmp_path_factory.mktemp("streams"))
    yield server
    server.close()


@pytest.fixture(scope="session")
def bare(made_once: MadeOnce, faults: FaultServer) -> Path:
    """A workspace with 400 days of one city; never to be changed."""

    def fill(root: Path) -> None:
        assert faults.run("init", root).code == 0
        config = root / "forecast.toml"
        text = config.read_text(encoding="utf-8").replace("outlook = true ", "outlook = false")
        config.write_text(text, encoding="utf-8")
        file = days_of(root.parent / "small in" / "甲市.csv", 400)
        assert faults.run(":ingest", root, file, "2022-03-01").code == 0

    return made_once("bare", fill)


@pytest.fixture(scope="session")
def small(made_once: MadeOnce, bare: Path, faults: FaultServer) -> Path:
    """The same with a run; never to be changed."""

    def fill(root: Path) -> None:
        shutil.copytree(bare, root)
        assert faults.run("run", "--paths", "50", "-w", root).code == 0

    return made_once("small", fill)


@pytest.fixture(scope="session")
def more(made_once: MadeOnce) -> Path:
    """A file with the same days, one of them corrected, and a hundred more."""
    folder = made_once("more", lambda root: days_of(root / "甲市.csv", 500, eleventh=90))
    return folder / "甲市.csv"


@pytest.fixture
def root(small: Path, tmp_path: Path) -> Path:
    """A copy of the small workspace of one's own."""
    return Path(shutil.copytree(small, tmp_path / "w"))
