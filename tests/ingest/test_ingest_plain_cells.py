"""Plain cells read the quick way say what the general way says of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.ingest.files.cells import numbers, times
from forecast.ingest.files.plain_cells import MISSING, plain_numbers, plain_times

_WORDS = st.sampled_from(sorted(MISSING))
_NUMBERS = st.one_of(
    st.from_regex(r"[+-]?[0-9]{1,4}(\.[0-9]{0,3})?", fullmatch=True, alphabet="0123456789+-."),
    st.floats(-1e6, 1e6, allow_nan=False).map(repr),
    st.sampled_from(["1e5", "1E400", ".5", "7.", "-0"]),
    _WORDS,
)
_TIMES = st.one_of(
    st.dates().map(str),
    st.datetimes().map(lambda at: f"{at:%Y-%m-%d %H:%M}"),
    st.datetimes().map(lambda at: f"{at:%Y-%m-%dT%H:%M:%S}"),
    st.sampled_from(["2021-02-29", "2021-13-01", "2020-01-01 24:00", "0000-01-01", "2199-01-01"]),
    _WORDS,
)


def _column(cells: list[str]) -> pd.Series[str]:
    return pd.Series(cells, dtype="str")


@given(st.lists(_NUMBERS, max_size=8))
def test_numbers(cells: list[str]) -> None:
    """A cell below its limit sends the whole column the general way."""
    quick, general = numbers(_column(cells)), numbers(_column([*cells, "<0.5"]))
    for name in ("values", "missing", "bad", "censored"):
        np.testing.assert_array_equal(getattr(quick, name), getattr(general, name)[:-1])


@given(st.lists(_TIMES, max_size=6), st.booleans())
def test_times(cells: list[str], whole_days: bool) -> None:
    """A day with strokes sends the whole column the general way."""
    quick, why = times(_column(cells), last_year=2030, whole_days=whole_days)
    general, reasons = times(_column([*cells, "2020/1/31"]), last_year=2030, whole_days=whole_days)
    np.testing.assert_array_equal(quick, general[:-1])
    assert why.tolist() == reasons.tolist()[:-1]


@pytest.mark.parametrize("cell", ["<1", "1L", "1,000", "1 2", "１", "1e400", "--1", "x"])
def test_what_is_no_plain_number_is_left_to_the_general_way(cell: str) -> None:
    assert plain_numbers(["1.5", cell]) is None


@pytest.mark.parametrize(
    "cell", ["2021/1/1", "20210101", "2021-1-1", "2021-02-30", "2021-01-01 24:00", "44000",
             "2021-01-01T00:00Z", "2021-01-01 8:00"],
)  # fmt: skip
def test_what_is_no_plain_time_is_left_to_the_general_way(cell: str) -> None:
    assert plain_times(["2021-01-01", cell]) is None
