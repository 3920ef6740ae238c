"""Limits of drinking sources and of groundwater: values known from the standards."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from forecast.standards.drinking_source import SOURCE_ITEMS, source_exceedances, source_limit
from forecast.standards.groundwater import (
    GROUNDWATER_ITEMS,
    groundwater_class,
    groundwater_limits,
)
from forecast.standards.items import CLASS_ITEMS, ITEMS

LIMITS = Path(__file__).parents[3] / "shared" / "standards" / "gb3838_limits.csv"
_CODES = {"钴": "cobalt", "钒": "vanadium", "镍": "nickel", "硝酸盐": "no3n"}


def test_single_limits_are_those_of_tables_2_and_3() -> None:
    if not LIMITS.is_file():
        pytest.skip("the table of limits is not here")
    by_name = {i.zh: i.code for i in ITEMS.values()}
    with LIMITS.open(encoding="utf-8-sig", newline="") as file:
        rows = [r for r in csv.DictReader(file) if r["table"] in ("2", "3")]
    known = {_CODES.get(r["item_zh"], by_name.get(r["item_zh"], "")): float(r["III"]) for r in rows}
    known.pop("", None)
    shipped = {i: source_limit(i) for i in SOURCE_ITEMS if source_limit(i) is not None}
    assert len(shipped) == 15
    assert shipped == {i: known[i] for i in shipped}


def test_a_source_is_held_to_table_1_without_cod() -> None:
    counted = [i for i in SOURCE_ITEMS if source_limit(i) is None]
    # The 21 items that decide a class less COD.
    assert len(counted) == len(CLASS_ITEMS) - 1 == 20
    assert "cod" not in counted and "tn" not in counted


def test_limits_are_inclusive_after_rounding() -> None:
    items = ("codmn", "nickel", "mn", "do", "tn")
    at = source_exceedances([6.04, 0.02, 0.1, 4.96, 9.0], items)
    past = source_exceedances([6.06, 0.0201, 0.1006, 4.94, 9.0], items)
    assert at.tolist() == [False] * 5
    assert past.tolist() == [True, True, True, True, False]


def test_a_source_in_a_lake_has_the_limit_of_lakes() -> None:
    assert source_exceedances([0.08], ("tp",), "river").tolist() == [False]
    assert source_exceedances([0.08], ("tp",), "lake").tolist() == [True]


def test_missing_values_exceed_nothing_and_shapes_are_kept() -> None:
    table = np.full((3, 4, 2), np.nan)
    assert not source_exceedances(table, ("codmn", "nickel")).any()
    classes, deciding = groundwater_class(table, ("fe", "hardness"))
    assert classes.shape == (3, 4) and not classes.any() and not deciding.any()


@pytest.mark.parametrize(
    ("item", "value", "expected"),
    [
        ("hardness", 150.0, 1), ("hardness", 450.0, 3), ("hardness", 651.0, 5),
        ("tds", 1000.0, 3), ("nh3n", 0.5, 3), ("nh3n", 0.51, 4), ("fe", 2.001, 5),
        ("f", 1.0, 1), ("f", 1.5, 4), ("as", 0.001, 1), ("as", 0.0101, 4),
        ("ph", 7.0, 1), ("ph", 6.0, 4), ("ph", 8.8, 4), ("ph", 5.0, 5), ("ph", 9.2, 5),
    ],
)  # fmt: skip
def test_groundwater_classes_by_the_table(item: str, value: float, expected: int) -> None:
    found, _ = groundwater_class([value], (item,))
    assert int(found) == expected


def test_the_worst_item_decides_and_background_may_be_left_out() -> None:
    items = ("hardness", "f", "tn")
    found, deciding = groundwater_class([700.0, 1.5, 99.0], items)
    assert int(found) == 5 and deciding.tolist() == [True, False, False]
    less, _ = groundwater_class([700.0, 1.5, 99.0], items, without=("hardness",))
    assert int(less) == 4
    assert groundwater_limits("tn") is None and "tn" not in GROUNDWATER_ITEMS
