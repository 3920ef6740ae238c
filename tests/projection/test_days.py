"""Readings as days × items are what a pivot table of pandas makes of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast.projection.days import wide
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
