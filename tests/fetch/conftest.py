"""A workspace, a server on loopback that stands for a source, and a clock that no test waits for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from source_server import SourceServer

from forecast.fetch import FetchReport, fetch
from forecast.workspace import Workspace


class Clock:
    """Time passes only when someone sleeps; keeps how long each sleep was [s]."""

    def __init__(self) -> None:
        self.time = 0.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.time += seconds


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Loopback is reached without a proxy, and no key of this machine is used."""
    for name in (
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
    ):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("OPENAQ_API_KEY", raising=False)


@pytest.fixture
def clock() -> Clock:
    """A clock of the test's own."""
    return Clock()


@pytest.fixture
def server() -> Iterator[SourceServer]:
    """The source."""
    made = SourceServer()
    yield made
    made.close()


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    """An empty workspace."""
    return Workspace.create(tmp_path / "w")


@pytest.fixture
def pull(ws: Workspace, server: SourceServer, clock: Clock) -> Callable[..., FetchReport]:
    """Fetch from the server into the workspace on 2025-03-02 06:00."""

    def run(source: str, **arguments: Any) -> FetchReport:
        given: dict[str, Any] = {
            "base_url": server.url,
            "now": datetime(2025, 3, 2, 6, tzinfo=ZoneInfo("Asia/Shanghai")),
            "rng": np.random.default_rng(1),
            "sleep": clock.sleep,
            "clock": clock,
            "timeout": 5.0,
        }
        return fetch(ws, source, **(given | arguments))

    return run
