"""A run on a Dask cluster: real scheduler, real workers, one of them killed at work."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from made_nation import make_nation

from forecast.configuration import Config
from forecast.errors import ForecastError, UsageError
from forecast.runs import cluster as cluster_module
from forecast.runs.batches import Batch, BatchAnswer, Share
from forecast.runs.cluster import check_address, on_cluster
from forecast.runs.manifest import to_json
from forecast.runs.projecting import answered, question_of
from forecast.runs.request import Request
from forecast.workspace import Workspace

pytest.importorskip("distributed")

_PACKAGE = Path(__file__).resolve().parents[2]


@dataclass
class Cluster:
    """A scheduler on the loopback interface and its workers."""

    address: str
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]]
    cache: Path


def _start(module: str, *arguments: str, cache: Path) -> subprocess.Popen[bytes]:
    paths = os.pathsep.join([str(_PACKAGE), str(Path(__file__).parent)])
    return subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.{module}", *arguments],
        env={
            **os.environ, "PYTHONPATH": paths, "XDG_CACHE_HOME": str(cache),
            "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "1",
        },
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    folder = tmp_path_factory.mktemp("cluster")
    told = folder / "scheduler.json"
    quiet = ("--no-dashboard", "--scheduler-file", str(told))
    cache = folder / "cache"
    scheduler = _start("dask_scheduler", "--host", "127.0.0.1", "--port", "0", *quiet, cache=cache)
    workers = [
        _start(
            "dask_worker",
            "--no-nanny",
            "--nthreads",
            "1",
            "--local-directory",
            str(folder),
            *quiet,
            cache=cache,
        )
        for _ in range(3)
    ]
    try:
        until = time.monotonic() + 60
        while not (told.exists() and told.read_text()) and time.monotonic() < until:
            time.sleep(0.1)
        yield Cluster(json.loads(told.read_text())["address"], scheduler, workers, cache)
    finally:
        for process in (*workers, scheduler):
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def nation(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return make_nation(tmp_path_factory.mktemp("nation") / "W", 5, wet=1, first="2024-01-01")


def _answer(
    ws: Workspace,
    *,
    jobs: int = 1,
    cluster: str = "",
    progress: Callable[[str, int, int], None] | None = None,
) -> str:
    question = question_of(ws, Request(paths=60))
    made = answered(ws, question, "run", jobs=jobs, cluster=cluster, progress=progress)
    return to_json(made.result)


def test_a_worker_killed_at_work_costs_its_batch_and_the_answer_is_the_same(
    nation: Workspace, cluster: Cluster
) -> None:
    alone = _answer(nation)
    assert _answer(nation, jobs=2) == alone
    victim = cluster.workers[0]
    seen = []

    def progress(stage: str, done: int, total: int) -> None:
        seen.append((stage, done, total))
        if len(seen) == 1:
            # Each worker has a batch at work and one waiting.
            os.kill(victim.pid, signal.SIGKILL)

    assert _answer(nation, cluster=cluster.address, progress=progress) == alone
    assert victim.wait(10) == -signal.SIGKILL
    assert ("air", 5, 5) in seen
    assert ("water", 1, 1) in seen


def test_workers_without_the_workspace_read_the_shared_copy(
    nation: Workspace, cluster: Cluster, tmp_path: Path
) -> None:
    there = (tmp_path / "copy").as_uri()
    run = nation.config.run.model_copy(update={"cluster_tables": there})
    elsewhere = replace_config(nation, nation.config.model_copy(update={"run": run}))
    assert _answer(elsewhere, cluster=cluster.address) == _answer(nation)
    fetched = list((cluster.cache / "forecast" / "tables").glob("*/manifest.json"))
    assert [path.read_bytes() for path in fetched] == [
        (tmp_path / "copy/manifest.json").read_bytes()
    ]
    assert any((cluster.cache / "forecast" / "fits").iterdir())


def replace_config(ws: Workspace, config: Config) -> Workspace:
    """The workspace under another configuration, as if its file said so."""
    other = copy(ws)
    other.__dict__["config"] = config
    return other


class StoppedError(Exception):
    """Stands for what a test wants to know."""


def _batches(nation: Workspace, monkeypatch: pytest.MonkeyPatch) -> list[Batch]:
    """The batches of a run, caught on their way to the workers."""
    caught: list[Batch] = []

    def catch(batches: list[Batch], **_: object) -> None:
        caught.extend(batches)
        raise StoppedError

    with monkeypatch.context() as patch:
        patch.setattr("forecast.runs.projecting.worked_off", catch)
        with pytest.raises(StoppedError):
            _answer(nation, cluster="tcp://127.0.0.1:1")
    return caught


@pytest.fixture
def batches(nation: Workspace, monkeypatch: pytest.MonkeyPatch) -> list[Batch]:
    return _batches(nation, monkeypatch)


def test_a_worker_with_other_versions_is_named(batches: list[Batch], cluster: Cluster) -> None:
    tables = replace(batches[0].tables, versions={"numpy": "0.1"})
    other = replace(batches[0], tables=tables)
    with pytest.raises(ForecastError, match=r"The worker tcp://.* has numpy .*; the run has 0\.1"):
        list(on_cluster([other], cluster.address))


def test_a_worker_that_does_not_see_the_tables_is_named(
    batches: list[Batch], cluster: Cluster, tmp_path: Path
) -> None:
    other = replace(batches[0], tables=replace(batches[0].tables, folder=str(tmp_path / "none")))
    with pytest.raises(ForecastError, match=r"doesn't see the tables in .*none"):
        list(on_cluster([other], cluster.address))


class Deadly(Share):
    """Ends whatever process works it off."""

    def answer(self) -> BatchAnswer:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError


def test_a_batch_that_ends_worker_after_worker_is_given_up(
    batches: list[Batch], cluster: Cluster
) -> None:
    deadly = Deadly(**vars(batches[-1]))
    with pytest.raises(ForecastError, match="Worker after worker ended while it projected 城"):
        list(on_cluster([deadly], cluster.address))


def test_no_worker_is_said_so(
    batches: list[Batch], cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    for worker in cluster.workers:
        worker.kill()
        worker.wait()
    monkeypatch.setattr(cluster_module, "_PATIENCE", 3.0)
    with pytest.raises(ForecastError, match="has no worker"):
        list(on_cluster(batches, cluster.address))


def test_a_run_without_any_worker_left_ends(
    batches: list[Batch], cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_module, "_greet", lambda *_: None)
    monkeypatch.setattr(cluster_module, "_LOOK", 0.1)
    monkeypatch.setattr(cluster_module, "_ALONE", 0.5)
    with pytest.raises(ForecastError, match=r"All workers of the Dask scheduler at .* are lost"):
        list(on_cluster(batches, cluster.address))


def test_a_lost_scheduler_ends_the_run_and_is_not_reached_again(
    batches: list[Batch], cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cluster_module, "_PATIENCE", 1.0)
    levels = []

    def kill(*_: object) -> None:
        levels.append(logging.getLogger("distributed.client").getEffectiveLevel())
        cluster.scheduler.kill()

    with monkeypatch.context() as patch:
        patch.setattr(cluster_module, "_greet", kill)
        with pytest.raises(ForecastError, match="was lost during the run"):
            list(on_cluster(batches, cluster.address))
    # What Dask itself logs of it is kept off the terminal.
    assert levels[0] > logging.CRITICAL
    with pytest.raises(ForecastError, match="No Dask scheduler answers at tcp://"):
        list(on_cluster(batches, cluster.address))


@pytest.mark.parametrize("says", [b"", b"HTTP/1.0 400 Bad Request\r\n\r\n"])
def test_something_else_that_listens_there_is_not_waited_for(
    batches: list[Batch], monkeypatch: pytest.MonkeyPatch, says: bytes
) -> None:
    monkeypatch.setattr(cluster_module, "_PATIENCE", 1.0)
    held = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    held.append(server.accept()[0])
                    held[-1].sendall(says)

        threading.Thread(target=serve, daemon=True).start()
        with pytest.raises(ForecastError, match="No Dask scheduler answers at tcp://127"):
            list(on_cluster(batches, f"tcp://127.0.0.1:{server.getsockname()[1]}"))
        assert held
        for one in held:
            one.close()
        server.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize(
    "address", ["", "localhost", "tcp://host", "http://host:80", "tcp://a b:1"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="no address of a Dask scheduler"):
        check_address(address)
