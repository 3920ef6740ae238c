"""Loads, mixing and decay against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.errors import InputError
from forecast.scenario.water_load import (
    LOAD_UNITS,
    concentration_of_load,
    load_gs,
    mixed,
    remaining,
    tonnes_per_year,
)


def test_decay_over_twenty_kilometres() -> None:
    # 0.2 /d · 20 km / (86.4 · 0.3 m/s) = 0.1543; 30 mg/L leaves 25.71.
    left = remaining(0.2, 20.0, 0.3)
    assert -np.log(left) == pytest.approx(0.1543, abs=5e-5)
    assert 30.0 * left == pytest.approx(25.71, abs=5e-3)


def test_a_discharge_mixes_into_a_river() -> None:
    assert mixed([10.0, 1.0], [15.0, 50.0]) == pytest.approx(18.18, abs=5e-3)


def test_a_thousand_tonnes_a_year() -> None:
    assert load_gs(1000.0) == pytest.approx(31.71, abs=5e-3)
    assert concentration_of_load(1000.0, 10.0) == pytest.approx(3.17, abs=5e-3)


def test_cold_water_decays_less() -> None:
    # 1.047^-10 = 0.6317; at 10 °C the exponent of the first test is 0.0975.
    left = remaining(0.2, 20.0, 0.3, theta=1.047, temperature=10.0)
    assert -np.log(left) == pytest.approx(0.15432 * 0.63171, rel=1e-4)


@given(
    q=st.lists(st.floats(0.1, 1e3), min_size=2, max_size=5),
    c=st.lists(st.floats(0.0, 500.0), min_size=5, max_size=5),
)
def test_a_mixture_lies_between_its_waters(q: list[float], c: list[float]) -> None:
    own = c[: len(q)]
    assert min(own) - 1e-9 <= float(mixed(q, own)) <= max(own) + 1e-9


def test_units_of_loads() -> None:
    assert tonnes_per_year(1.13, "万吨/年") == 11300.0
    assert tonnes_per_year(1000.0, "kg/d") == 365.0
    assert float(load_gs(tonnes_per_year(31.71, "g/s"))) == pytest.approx(31.71)
    assert all(tonnes_per_year(1.0, unit) > 0.0 for unit in LOAD_UNITS)


def test_an_unknown_unit_is_refused() -> None:
    with pytest.raises(InputError) as refused:
        tonnes_per_year(3.0, "lb/d")
    assert "'lb/d'" in refused.value.message
    assert "t/yr" in refused.value.cure
