"""Cuts as an interface: shapes, order, bounds."""

from __future__ import annotations

import numpy as np
import pytest

from forecast.errors import InputError
from forecast.scenario.cuts import PollutantCuts, unchanged
from forecast.scenario.pollutants import POLLUTANTS

_DAYS = np.arange("2025-06-01", "2025-06-11", dtype="datetime64[D]")


def test_no_cut_is_exact_zeros() -> None:
    """Nothing is changed on any day."""
    none = unchanged(_DAYS, 3, "region")
    assert (none.values == 0.0).all()
    assert (none.n, none.scope, none.first_day, none.sectors) == (3, "region", None, {})


def test_the_first_day_is_that_of_the_first_change() -> None:
    """By pollutant or by sector, whichever is first."""
    values = np.zeros((2, 10, len(POLLUTANTS)))
    values[1, 4:, 1] = 0.2
    made = PollutantCuts(_DAYS, values, "city")
    assert made.first_day == np.datetime64("2025-06-05")
    assert made.of("NOx")[1, 9] == 0.2
    sector = np.zeros((2, 10))
    sector[0, 2:] = 0.1
    assert PollutantCuts(_DAYS, values, "city", {"industry": sector}).first_day == np.datetime64(
        "2025-06-03"
    )


@pytest.mark.parametrize("wrong", ["shape", "order", "over", "nan", "infinite", "sector", "name"])
def test_impossible_cuts_are_refused(wrong: str) -> None:
    """Each with its reason."""
    days, values = _DAYS, np.zeros((2, 10, len(POLLUTANTS)))
    sectors: dict[str, np.ndarray] = {}
    if wrong == "shape":
        values = values[:, :9]
    elif wrong == "order":
        days = days[::-1]
    elif wrong == "sector":
        sectors = {"industry": np.zeros((2, 9))}
    elif wrong == "name":
        sectors = {"moon": np.zeros((2, 10))}
    else:
        values[0, 0, 0] = {"over": 1.01, "nan": np.nan, "infinite": -np.inf}[wrong]
    with pytest.raises(InputError):
        PollutantCuts(days, values, "city", sectors)
