"""Work spread over processes of this machine, none of which outlives a Ctrl+C."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import threading
import time
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from typing import Any, TypeVar

from forecast.errors import ForecastError

__all__ = ["spread", "uncollected"]

#: Seconds between two looks of a process at whether the one that started it is still there.
_LOOKS = 1.0

#: What is said when a process gave way to a new one, having idled long or grown large; nothing is
#: lost. Where warnings are errors, the thread that says so would die, and the work wait for ever.
_REPLACED = "A worker stopped while some jobs were given to the executor"

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

    warnings.filterwarnings("ignore", _REPLACED, UserWarning)
    # More threads than one a process would only wait for each other, and could change a last bit.
    with parallel_config(
        backend="loky", inner_max_num_threads=1, initializer=_end_with, initargs=(os.getpid(),)
    ):
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
def uncollected() -> Iterator[None]:
    """Don't look for objects that hold each other within the block, but once at its end.

    For a short stretch that makes very many: Python would go through them, and through all others
    of the process, again and again.
    """
    looked = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if looked:
            gc.enable()
        gc.collect(0)


def _end_with(parent: int) -> None:
    """Let this process end soon after the one that started it, even if that was killed.

    Each of several processes holds the others' ends of the pipes open, so none would see them break
    and each would wait for ever. Windows breaks the pipe itself.
    """
    if os.name != "posix":
        return

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOKS)
        # At once: what it writes is made beside and renamed, so that nothing is left half done.
        os._exit(1)

    threading.Thread(target=watch, name="end-with-parent", daemon=True).start()


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
