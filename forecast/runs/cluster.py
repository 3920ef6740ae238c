"""A run's batches on a Dask cluster: workers on other machines that see the workspace's folder.

Batches are handed to the scheduler one by one and not through joblib's own Dask backend. That one
waits for ever where a batch has ended several workers (its callback is never called for a task that
the scheduler gives up), and keeps a batch's description on a single worker, so that it is lost with
it; here the first ends in one sentence, and the second can't happen.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import logging
import re
import time
from collections import deque
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from forecast.errors import ForecastError, UsageError
from forecast.runs.batches import Batch, BatchAnswer, Tables, answer_batch

if TYPE_CHECKING:
    from distributed import Client, Future

__all__ = ["check_address", "on_cluster"]

#: How long the scheduler and its first worker are waited for [s].
_PATIENCE = 15.0
#: How long a run goes on without any worker: one that fell over is started anew within that [s].
_ALONE = 60.0
#: How often is looked whether there are workers still [s].
_LOOK = 2.0
#: How often is looked whether a batch has ended [s]; batches take seconds.
_BLINK = 0.05
#: Batches under way for each worker: one at work, one waiting beside it.
_EACH = 2

_ADDRESS = re.compile(r"(?:tcp|tls|ucx)://(?:\[[0-9a-fA-F:.]+\]|[^\s/:\[\]]+):[0-9]{1,5}")


def check_address(address: str) -> str:
    """Return the address of a scheduler, looked at.

    >>> check_address("tcp://10.0.0.5:8786")
    'tcp://10.0.0.5:8786'

    Raises:
        UsageError: it is none.
    """
    if not _ADDRESS.fullmatch(address):
        raise UsageError(
            f"{address!r} is no address of a Dask scheduler.", "Write it as tcp://10.0.0.5:8786."
        )
    return address


def on_cluster(batches: Sequence[Batch], address: str) -> Iterator[BatchAnswer]:
    """Yield the answers of the batches as they come, in no order.

    A worker that is lost costs the batch that it had, which another one does again; a batch that
    ends worker after worker is given up by the scheduler.

    Raises:
        UsageError: the address is none.
        ForecastError: no scheduler or worker answers, a worker has other versions or doesn't see
            the tables, all workers are lost, or a batch has ended several of them.
    """
    check_address(address)
    with _quiet(), _client(address) as client:
        _greet(client, address, batches[0].tables)
        waiting, running = deque(batches), dict[Any, Batch]()
        try:
            while waiting or running:
                while waiting and len(running) < _EACH * max(1, _n_workers(client, address)):
                    batch = waiting.popleft()
                    running[client.submit(answer_batch, batch, pure=False)] = batch
                for future in _finished(client, address, running):
                    batch = running.pop(future)
                    yield _answer(future, batch)
                    future.release()
        finally:
            with contextlib.suppress(Exception):
                client.cancel(list(running), force=True)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep Dask's own log of lost connections off the terminal: one sentence is said instead.

    Raises:
        ForecastError: Dask is not installed.
    """
    try:
        # It sets levels of its own as it is loaded.
        importlib.import_module("distributed")
    except ImportError as error:
        raise ForecastError(
            "The package distributed, which a cluster needs, is not installed.",
            "Install it beside this one: pip install 'forecast[cluster]'.",
        ) from error
    names = [n for n in logging.root.manager.loggerDict if n.split(".")[0] == "distributed"]
    before = {name: logging.getLogger(name).level for name in names}
    for name in names:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)


@contextlib.contextmanager
def _client(address: str) -> Iterator[Client]:
    from distributed import Client

    try:
        # A client itself waits for ever for something that listens there and is no scheduler; what
        # that says may be read as anything, such as a size that no memory has.
        asyncio.run(asyncio.wait_for(_ask(address), _PATIENCE))
        client = Client(address, timeout=_PATIENCE, set_as_default=False)
    except Exception as error:
        raise ForecastError(
            f"No Dask scheduler answers at {address}.",
            "Start it there (dask scheduler), or leave --cluster out.",
        ) from error
    try:
        yield client
    finally:
        with contextlib.suppress(Exception):
            client.close(timeout=5)


async def _ask(address: str) -> None:
    """Ask who listens at the address.

    Raises:
        OSError, ValueError: nobody, or no scheduler.
    """
    from distributed.comm import connect
    from distributed.security import Security

    arguments = Security().get_connection_args("client")
    comm = await connect(address, timeout=_PATIENCE, **arguments)
    try:
        await comm.write({"op": "identity", "reply": True})
        told = await comm.read()
    finally:
        comm.abort()
    if not isinstance(told, dict) or told.get("type") != "Scheduler":
        raise ValueError("it is no scheduler")


def _n_workers(client: Client, address: str) -> int:
    """Workers that the scheduler has.

    Raises:
        ForecastError: the scheduler is lost.
    """
    try:
        info = client.scheduler_info(n_workers=-1)
    except (OSError, TimeoutError) as error:
        raise _lost(address) from error
    if client.status != "running" or "workers" not in info:
        raise _lost(address)
    return len(info["workers"])


def _greet(client: Client, address: str, tables: Tables) -> None:
    """Ask every worker whether it has this version and sees the tables.

    Raises:
        ForecastError: there is no worker, or one can't take part.
    """
    until = time.monotonic() + _PATIENCE
    while not _n_workers(client, address):
        if time.monotonic() > until:
            raise ForecastError(
                f"The Dask scheduler at {address} has no worker.",
                f"Start some on the machines of the cluster: dask worker {address} --nthreads 1.",
            )
        time.sleep(0.1)
    for worker, said in client.run(_ready, tables, on_error="return").items():
        if isinstance(said, ForecastError):
            message = said.message.replace("A worker", f"The worker {worker}", 1)
            raise ForecastError(message, said.cure) from said
        # One that fell over while it was asked is no reason to stop: its batches go to others.
        if isinstance(said, Exception) and not isinstance(said, OSError):
            raise ForecastError(
                f"The worker {worker} can't run this program ({said}).",
                "Install the same versions on every machine of the cluster.",
            ) from said


def _ready(tables: Tables) -> bool:
    """Run on a worker: open the tables."""
    tables.store()
    return True


def _finished(client: Client, address: str, running: dict[Any, Batch]) -> list[Future]:
    """Wait for batches to end.

    Raises:
        ForecastError: the scheduler or all workers are lost.
    """
    looked = time.monotonic()
    alone_since: float | None = None
    while True:
        done = [future for future in running if future.done()]
        if client.status != "running" or any(f.status in ("lost", "cancelled") for f in done):
            raise _lost(address)
        if done:
            return done
        time.sleep(_BLINK)
        now = time.monotonic()
        if now - looked < _LOOK:
            continue
        looked = now
        if _n_workers(client, address):
            alone_since = None
        elif alone_since is None:
            alone_since = now
        elif now - alone_since > _ALONE:
            raise ForecastError(
                f"All workers of the Dask scheduler at {address} are lost.",
                "Start them again and run again; what was fitted so far is kept.",
            )


def _lost(address: str) -> ForecastError:
    return ForecastError(
        f"The Dask scheduler at {address} was lost during the run.",
        "Start it again and run again; what was fitted so far is kept.",
    )


def _answer(future: Future, batch: Batch) -> BatchAnswer:
    from distributed import KilledWorker

    try:
        answer: BatchAnswer = future.result()
    except KilledWorker as error:
        named = "、".join(batch.regions[:3]) + (" …" if len(batch.regions) > 3 else "")
        raise ForecastError(
            f"Worker after worker ended while it projected {named}.",
            "Look at their memory: a worker needs some 2 GiB.",
        ) from error
    return answer
