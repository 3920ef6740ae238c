"""Work spread over processes: results in order, and one sentence where a process is lost."""

from __future__ import annotations

import math
import os

import pytest

from forecast.errors import ForecastError
from forecast.processes import spread


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
