"""Work spread over processes of this machine, none of which outlives a Ctrl+C."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any, TypeVar

from forecast.errors import ForecastError

__all__ = ["spread"]

T = TypeVar("T")
R = TypeVar("R")


def spread(
    work: Callable[[T], R], items: Iterable[T], jobs: int, *, ordered: bool = True
) -> Generator[R, None, None]:
    """Yield what ``work`` makes of each item; with one job it is done here.

    Args:
        work: a function that processes can import.
        items: what it is given, taken from as processes become free.
        jobs: number of processes.
        ordered: False where the results may come in any order, as they are ready.

    Raises:
        ForecastError: a process was ended from outside.
    """
    if jobs == 1:
        yield from map(work, items)
        return
    from joblib import Parallel, delayed, parallel_config
    from joblib.externals.loky import get_reusable_executor
    from joblib.externals.loky.process_executor import BrokenProcessPool

    # More threads than one a process would only wait for each other, and could change a last bit.
    with parallel_config(backend="loky", inner_max_num_threads=1):
        spreading = Parallel(
            n_jobs=jobs, return_as="generator" if ordered else "generator_unordered",
            batch_size=1, pre_dispatch="2*n_jobs",
        )  # fmt: skip
        ended = False
        try:
            with _deaf():
                results = spreading(delayed(work)(item) for item in items)
            yield from results
            ended = True
        except BrokenProcessPool as error:
            raise ForecastError(
                "A process of this command was ended from outside, most likely for want of memory.",
                "Call it with fewer processes: --jobs 1.",
            ) from error
        finally:
            if not ended:
                # Whatever they are at: nobody waits for it any more.
                with contextlib.suppress(Exception):
                    get_reusable_executor(reuse=True).shutdown(wait=True, kill_workers=True)


@contextlib.contextmanager
def _deaf() -> Iterator[None]:
    """Start processes that don't hear Ctrl+C: this one does, and ends them.

    A terminal sends it to all of them; those would each die with a report of their own. It is not
    lost meanwhile. Windows knows no such mask.
    """
    mask: Any = getattr(signal, "pthread_sigmask", None)
    if mask is None:
        yield
        return
    from multiprocessing import resource_tracker

    # It takes the mask away when it starts, so it starts first.
    resource_tracker.ensure_running()
    before = mask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        mask(signal.SIG_SETMASK, before)
