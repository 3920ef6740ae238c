"""Short cuts through arrays give what pandas and numpy give."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast.projection.days import matrix, wide
from forecast.projection.summary import linear_quantiles
from forecast.standards.items import AIR_ITEMS


@pytest.mark.parametrize("kind", ["str", "category"])
def test_days_by_items_are_those_of_a_pivot_table(kind: str) -> None:
    rng = np.random.default_rng(8)
    readings = pd.DataFrame(
        {
            "date": rng.choice(pd.date_range("2020-01-01", periods=50), 400),
            "item": pd.Series(rng.choice([*AIR_ITEMS, "no"], 400)).astype(kind),
            "value": np.where(rng.random(400) < 0.1, np.nan, rng.random(400)),
        }
    )
    pivot = readings.astype({"item": "str"}).pivot_table(
        index="date", columns="item", values="value", aggfunc="first"
    )
    expected = pivot.reindex(columns=list(AIR_ITEMS)).dropna(how="all")
    assert len(expected) > 40
    pd.testing.assert_frame_equal(
        wide(readings), expected, check_freq=False, check_index_type=False, check_column_type=False
    )


def test_no_readings_are_no_days() -> None:
    readings = pd.DataFrame({"date": pd.to_datetime([]), "item": [], "value": []})
    found = wide(readings)
    assert found.shape == (0, 6)
    assert isinstance(found.index, pd.DatetimeIndex)


@pytest.mark.parametrize("order", ["sorted", "backwards"])
def test_the_readings_of_days_are_those_of_a_new_index(order: str) -> None:
    rng = np.random.default_rng(9)
    known = pd.date_range("2020-01-01", periods=60).delete([7, 8, 30])
    table = pd.DataFrame(rng.random((len(known), 6)), index=known, columns=list(AIR_ITEMS))
    days = np.arange("2019-12-20", "2020-03-10", dtype="datetime64[D]")
    expected = table.reindex(pd.DatetimeIndex(days)).to_numpy()
    found = matrix(table if order == "sorted" else table[::-1], days)
    assert np.array_equal(found, expected, equal_nan=True)
    assert np.isfinite(found[:, 0]).sum() == len(known)
    assert np.isnan(matrix(table[:0], days)).all()


def test_quantiles_are_those_of_numpy_to_the_bit() -> None:
    rng = np.random.default_rng(10)
    values = np.concatenate([rng.lognormal(3.0, 1.0, (40, 97)), rng.integers(0, 5, (40, 97))])
    values[3, 5] = np.nan
    levels = np.array([0.0, 0.025, 0.1, 0.25, 0.5, 0.75, 0.9, 0.975, 1.0])
    expected = np.quantile(values, levels, axis=1).T
    assert np.array_equal(linear_quantiles(values, levels), expected, equal_nan=True)
    assert np.isnan(expected[3]).all()
