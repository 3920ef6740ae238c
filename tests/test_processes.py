"""Work spread over processes: results in order, and one sentence where a process is lost."""

from __future__ import annotations

import gc
import math
import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest

from forecast.errors import ForecastError
from forecast.processes import spread, uncollected


def test_one_job_works_here_and_takes_items_one_by_one() -> None:
    taken = []

    def items() -> object:
        for n in (3, -2, 1):
            taken.append(n)
            yield n

    results = spread(abs, items(), 1)  # type: ignore[arg-type]
    assert next(results) == 3
    assert taken == [3]
    assert list(results) == [2, 1]


def test_processes_give_the_same_in_order_and_one_that_dies_is_one_sentence() -> None:
    numbers = list(range(-20, 0))
    assert list(spread(abs, numbers, 2)) == [abs(n) for n in numbers]
    assert sorted(spread(abs, numbers, 2, ordered=False)) == sorted(abs(n) for n in numbers)
    with pytest.raises(ForecastError, match="ended from outside, most likely for want of memory"):
        list(spread(os._exit, [1, 1, 1], 2))
    # The next ones have processes again.
    assert list(spread(abs, [-1, -2], 2)) == [1, 2]


def test_what_goes_wrong_in_a_process_is_told_as_it_is() -> None:
    with pytest.raises(ValueError, match=r"math domain|nonnegative"):
        list(spread(math.sqrt, [1.0, -1.0, 2.0], 2))


def test_a_process_that_gives_way_to_a_new_one_is_no_error() -> None:
    """Raised in the thread that minds the processes, it would leave the work waiting for ever."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        results = spread(abs, [-1, -2], 2)
        assert next(results) == 1
        with pytest.raises(UserWarning, match="something else"):
            warnings.warn("something else", UserWarning, stacklevel=1)
        # The words of joblib's loky.
        warnings.warn(
            "A worker stopped while some jobs were given to the executor. This can be caused by a "
            "too short worker timeout or by a memory leak.", UserWarning, stacklevel=1,
        )  # fmt: skip
        assert list(results) == [2]


#: Names its workers, one line each, and keeps them at work.
_PARENT = """
import os, time
from forecast.processes import spread

if __name__ == "__main__":
    for number in spread(eval, ["__import__('os').getpid()"] * 8 + ["__import__('time').sleep(600)"] * 4, 2):
        print(number, flush=True)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")
def test_workers_end_when_the_process_that_started_them_is_killed(tmp_path: Path) -> None:
    program = tmp_path / "parent.py"
    program.write_text(_PARENT, encoding="utf-8")
    with subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE, text=True) as one:
        assert one.stdout is not None
        workers = {int(one.stdout.readline()) for _ in range(8)}
        assert one.pid not in workers
        assert all(map(_lives, workers))
        one.send_signal(signal.SIGKILL)
    until = time.monotonic() + 60.0
    while any(map(_lives, workers)):
        assert time.monotonic() < until, f"workers are left: {workers}"
        time.sleep(0.1)


def _lives(process: int) -> bool:
    try:
        # One that ended and that nobody asked after yet is a name only.
        state = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        return state[0] != "Z"
    except OSError:
        return False


def test_cycles_are_looked_for_again_whatever_went_wrong() -> None:
    seen = []
    with pytest.raises(ValueError, match="invalid literal"), uncollected():
        seen.append(gc.isenabled() or int("lost"))
    assert gc.isenabled()
    assert not seen
    gc.disable()
    try:
        with uncollected():
            pass
        assert not gc.isenabled()
    finally:
        gc.enable()
