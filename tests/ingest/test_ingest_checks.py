"""Cells, ranges and spikes by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.ingest.files.cells import numbers, times
from forecast.ingest.readers.checks import RANGES, outside, spikes
from forecast.standards.items import ITEMS


def test_numbers_by_hand() -> None:
    read = numbers(pd.Series(["12", "-3.5", ".5", "5.", "1e2", "<0.02", "0.02L", "", "x"]))
    np.testing.assert_array_equal(
        read.values, [12, -3.5, 0.5, 5, 100, 0.02, 0.02, np.nan, np.nan]
    )  # fmt: skip
    assert read.censored.tolist() == [False] * 5 + [True, True, False, False]
    assert read.missing.tolist() == [False] * 7 + [True, False]
    assert read.bad.tolist() == [False] * 8 + [True]


@settings(max_examples=40)
@given(st.lists(st.floats(-1e6, 1e6, allow_nan=False), min_size=1, max_size=30))
def test_numbers_come_back_exactly(values: list[float]) -> None:
    read = numbers(pd.Series([repr(value) for value in values]))
    assert read.values.tolist() == values
    assert not read.bad.any()


@settings(max_examples=40)
@given(st.lists(st.text(max_size=6), min_size=1, max_size=10))
def test_any_text_is_a_number_missing_or_bad(cells: list[str]) -> None:
    read = numbers(pd.Series(cells, dtype="str"))
    kinds = (~np.isnan(read.values)).astype(int) + read.missing + read.bad
    assert set(kinds) == {1}


@settings(max_examples=40)
@given(st.lists(st.text(max_size=12), min_size=1, max_size=10))
def test_any_text_is_a_time_or_has_a_reason(cells: list[str]) -> None:
    moments, why = times(pd.Series(cells, dtype="str"), last_year=2030)
    assert (np.isnat(moments) == (why != "").to_numpy()).all()


@settings(max_examples=40)
@given(st.datetimes(pd.Timestamp("1980-01-01"), pd.Timestamp("2030-12-31 23:59:59")))
def test_times_come_back_exactly(moment: pd.Timestamp) -> None:
    moment = moment.replace(microsecond=0)
    cells = pd.Series([f"{moment:%Y-%m-%d %H:%M:%S}", f"{moment:%Y-%m-%dT%H:%M:%S}"])
    moments, why = times(cells, last_year=2030)
    assert (moments == np.datetime64(moment, "s")).all()
    assert (why == "").all()


def test_leap_days_and_midnight() -> None:
    cells = pd.Series(
        ["2016-02-29", "2015-02-29", "2016-02-28 24:00", "2016-02-28 25:00", "2031-1-1"]
    )
    moments, why = times(cells, last_year=2030)
    assert moments.astype(str).tolist() == [
        "2016-02-29T00:00:00", "NaT", "2016-02-29T00:00:00", "NaT", "NaT",
    ]  # fmt: skip
    assert why.tolist()[1] == "this date does not exist"
    assert "1980 to 2030" in why.tolist()[4]


def test_ranges_are_of_known_items_and_hold_real_extremes() -> None:
    assert set(RANGES) <= set(ITEMS)
    # Beijing, sand storm of 15 March 2021: PM10 above 6,000 µg/m³ at noon.
    assert not outside("pm10", np.array([6450.0, np.nan])).any()
    assert outside("pm10", np.array([-0.1, 20000.0])).all()
    assert not outside("unheard_of", np.array([1e9])).any()


@pytest.mark.parametrize(("height", "expected"), [(79.0, False), (81.0, True)])
def test_spike_is_eight_times_its_neighbours(height: float, expected: bool) -> None:
    values = np.array([10.0, 10, 10, height, 10, 10, 10])
    flags = spikes(np.zeros(7, dtype=np.int64), np.arange(7), values)
    assert flags.tolist() == [False] * 3 + [expected] + [False] * 3


def test_spikes_ignore_other_places_order_and_gaps() -> None:
    day = np.array([0, 1, 2, 3, 4, 5, 6])
    values = np.array([10.0, 10, 10, 500, 10, 10, 10])
    place = np.zeros(7, dtype=np.int64)
    order = np.array([6, 2, 0, 3, 1, 5, 4])
    assert spikes(place[order], day[order], values[order]).tolist() == (order == 3).tolist()
    # Neighbours further than three days away, or of another place, say nothing.
    assert not spikes(place, day * 10, values).any()
    assert not spikes(np.arange(7), day, values).any()
