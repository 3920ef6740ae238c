"""AQI: nodes by hand, the two versions, missing items, and properties of the look-up."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.errors import UsageError
from forecast.standards.aqi import LEVELS, daily_aqi, hourly_aqi
from forecast.standards.iaqi import NODES, SERIES, iaqi, iaqi_table
from forecast.standards.items import AIR_ITEMS
from forecast.standards.published_tables import table_rows
from forecast.standards.versions import (
    RULESETS,
    aqi_standard_on,
    limits_standard_on,
    resolve,
    ruleset_on,
)

OLD, NEW = "HJ 633-2012", "HJ 633-2026"
NAN = float("nan")


@pytest.mark.parametrize(
    ("series", "standard", "value", "expected"),
    [
        ("pm25_24h", OLD, 0, 0), ("pm25_24h", OLD, 35, 50), ("pm25_24h", OLD, 36, 52),
        ("pm25_24h", OLD, 75, 100), ("pm25_24h", OLD, 76, 102), ("pm25_24h", OLD, 150, 200),
        ("pm25_24h", OLD, 500, 500), ("pm25_24h", OLD, 900, 500), ("pm25_24h", NEW, 60, 100),
        ("pm25_24h", NEW, 60.5, 100), ("pm25_24h", NEW, 60.6, 101), ("pm25_24h", NEW, 75, 114),
        ("pm25_24h", NEW, 40, 60), ("pm10_24h", OLD, 150, 100), ("pm10_24h", NEW, 120, 100),
        ("pm10_24h", NEW, 121, 101), ("pm10_24h", NEW, 150, 112), ("pm10_24h", OLD, 351, 202),
        ("pm10_24h", OLD, 846, 500), ("so2_24h", OLD, 150, 100), ("so2_24h", OLD, 2620, 500),
        ("so2_1h", OLD, 800, 200), ("so2_1h", OLD, 801, -1), ("so2_1h", NEW, 801, 200),
        ("no2_24h", OLD, 1, 2), ("no2_24h", OLD, 81, 101), ("no2_1h", OLD, 3840, 500),
        ("co_24h", OLD, 2.2, 55), ("co_24h", OLD, 2.1, 53), ("co_24h", OLD, 0.1, 3),
        ("co_24h", OLD, 60.1, 500), ("co_1h", OLD, 65.4, 218), ("co_1h", OLD, 90.1, 301),
        ("o3_8h", OLD, 100, 50), ("o3_8h", OLD, 161, 101), ("o3_8h", OLD, 214, 150),
        ("o3_8h", OLD, 800, 300), ("o3_8h", OLD, 801, -1), ("o3_8h", NEW, 801, 300),
        ("o3_1h", OLD, 160, 50), ("o3_1h", OLD, 801, 301), ("o3_1h", OLD, 1200, 500),
        ("pm25_24h", OLD, NAN, -1), ("pm25_24h", OLD, float("inf"), 500),
    ],
)  # fmt: skip
def test_index_by_hand(series: str, standard: str, value: float, expected: int) -> None:
    assert int(iaqi(value, series, standard)) == expected
    assert iaqi(np.array([value], np.float32), series, standard).tolist() == [expected]


@pytest.mark.parametrize("standard", [OLD, NEW])
@pytest.mark.parametrize("series", SERIES)
def test_whole_table_against_fractions(series: str, standard: str) -> None:
    """Every step of every series equals the formula in exact fractions, rounded up."""
    row = next(
        r for r in table_rows("aqi_nodes") if (r["standard"], r["series"]) == (standard, series)
    )
    nodes = [(Fraction(row[f"iaqi_{i}"]), i) for i in NODES if row[f"iaqi_{i}"]]
    table = iaqi_table(series, standard)
    for step in range(1, table.last + 1):
        c = Fraction(step, table.step)
        (low, i_low), (high, i_high) = next(
            pair for pair in pairwise(nodes) if pair[0][0] < c <= pair[1][0]
        )
        assert table.index[step] == math.ceil((i_high - i_low) * (c - low) / (high - low) + i_low)


@given(st.sampled_from(SERIES), st.sampled_from([OLD, NEW]), st.floats(0, 3000), st.floats(0, 3000))
def test_more_is_never_better(series: str, standard: str, one: float, other: float) -> None:
    low, high = iaqi(sorted((one, other)), series, standard).tolist()
    assert low <= high or high == -1


def test_negative_concentration_is_refused() -> None:
    assert int(iaqi(-0.3, "pm25_24h", OLD)) == 0
    with pytest.raises(ValueError, match="below 0"):
        iaqi(-0.6, "pm25_24h", OLD)
    with pytest.raises(KeyError):
        iaqi(1.0, "benzene_1h", OLD)


def test_day_goes_by_the_rule_of_its_date() -> None:
    day = [10, 30, 140, 70, 0.8, 90]
    found = daily_aqi([day, day], ["2026-02-28", "2026-03-01"])
    assert found.aqi.tolist() == [95, 110]
    assert found.good.tolist() == [True, False]
    assert daily_aqi([day, day], None, standard=OLD).aqi.tolist() == [95, 95]
    assert daily_aqi([day, day], None, standard=[NEW, OLD]).aqi.tolist() == [110, 95]


def test_ties_are_primary_together_and_only_above_50() -> None:
    found = daily_aqi([[4, 10, 93, 52, 0.5, 15], [4, 10, 50, 35, 0.5, 15]], None, standard=OLD)
    assert found.aqi.tolist() == [72, 50]
    names = [[i for i, p in zip(AIR_ITEMS, row, strict=True) if p] for row in found.primary]
    assert names == [["pm10", "pm25"], []]


def test_levels() -> None:
    values = [[0, 0, 0, p, 0, 0] for p in (0, 35, 36, 75, 76, 115, 116, 150, 151, 250, 251, 600)]
    found = daily_aqi(values, None, standard=OLD)
    assert found.aqi[0] == 0
    assert found.level.tolist() == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6]
    assert LEVELS[0].rgb == (0, 228, 0)
    assert [level.number for level in LEVELS] == [1, 2, 3, 4, 5, 6]


def test_missing_item() -> None:
    bad, fair = [10, 30, 130, NAN, 0.8, 90], [10, 30, NAN, 50, 0.8, 90]
    old = daily_aqi([bad, fair], None, standard=OLD)
    new = daily_aqi([bad, fair], None, standard=NEW)
    assert old.aqi.tolist() == [90, 69]
    assert new.aqi.tolist() == [104, -1]
    assert not old.complete.any()
    assert new.level.tolist() == [3, 0]
    assert not new.primary[1].any()
    platform = daily_aqi([bad, fair], None, standard=NEW, platform=True)
    assert platform.aqi.tolist() == [104, 80]
    two = [10, 30, NAN, 50, NAN, 90]
    assert daily_aqi([two], None, standard=NEW, platform=True).aqi.tolist() == [-1]


def test_item_not_monitored_is_left_out_of_account() -> None:
    day = [[10, 30, 60, 50, NAN, 90]]
    by_name = daily_aqi(day, None, standard=NEW, not_monitored=("co",))
    mask = np.array([item == "co" for item in AIR_ITEMS])
    by_mask = daily_aqi(day, None, standard=NEW, not_monitored=mask)
    five = tuple(item for item in AIR_ITEMS if item != "co")
    absent = daily_aqi([[10, 30, 60, 50, 90]], None, five, NEW, not_monitored=("co",))
    for found in (by_name, by_mask, absent):
        assert found.aqi.tolist() == [80]
        assert found.complete.all()
    assert daily_aqi([[10, 30, 60, 50, 90]], None, five, NEW).aqi.tolist() == [-1]


def test_ozone_above_800() -> None:
    day = [[10, 30, 60, 50, 0.8, 850]]
    assert daily_aqi(day, None, standard=OLD).aqi.tolist() == [69]
    assert daily_aqi(day, None, standard=OLD, o3_1h=[1000]).aqi.tolist() == [400]
    assert daily_aqi(day, None, standard=NEW, o3_1h=[1000]).aqi.tolist() == [300]
    assert daily_aqi(day, None, standard=OLD).complete.all()


def test_one_hour_maximum_is_the_seventh_item_of_2012() -> None:
    day = [[10, 30, 40, 30, 0.8, 90]]
    assert daily_aqi(day, None, standard=OLD, o3_1h=[250]).aqi.tolist() == [125]
    assert daily_aqi(day, None, standard=NEW, o3_1h=[250]).aqi.tolist() == [45]


def test_hourly_sulphur_dioxide_above_800() -> None:
    hour = [[900, 30, 40, 30, 0.8, 90]]
    assert hourly_aqi(hour, None, standard=OLD).iaqi[0, 0] == -1
    assert hourly_aqi(hour, None, standard=OLD, so2_24h=[475]).aqi.tolist() == [150]
    assert hourly_aqi(hour, None, standard=NEW, so2_24h=[475]).aqi.tolist() == [200]
    low = [[100, 30, 40, 30, 0.8, 90]]
    assert hourly_aqi(low, None, standard=OLD, so2_24h=[475]).aqi.tolist() == [43]


def test_nothing_there_gives_nothing() -> None:
    found = daily_aqi([[NAN] * 6], None, standard=OLD)
    assert (found.aqi.tolist(), found.level.tolist(), found.good.tolist()) == ([-1], [0], [False])


@pytest.mark.parametrize(
    ("values", "dates", "items", "message"),
    [
        ([[1, 2]], ["2020-01-01"], AIR_ITEMS, "shape"),
        ([[1, 2]], ["2020-01-01"], ("so2", "so2"), "different"),
        ([[1, 2]], ["2020-01-01"], ("so2", "o3_1h"), "different ones"),
        ([[1] * 6], None, AIR_ITEMS, "dates are needed"),
        ([[1] * 6], ["2020-01-01", "2020-01-02"], AIR_ITEMS, "1 days"),
    ],
)
def test_wrong_calls(values: list[list[float]], dates: list[str] | None,
                     items: tuple[str, ...], message: str) -> None:  # fmt: skip
    with pytest.raises(ValueError, match=message):
        daily_aqi(values, dates, items)


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1))
def test_independent_of_order_shape_and_precision(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = np.round(rng.gamma(2.0, 40.0, (3, 50, 6)), 1)
    values[rng.random(values.shape) < 0.05] = NAN
    dates = np.datetime64("2026-02-10") + np.arange(50)
    whole = daily_aqi(values, dates)
    order = rng.permutation(6)
    turned = daily_aqi(values[..., order], dates, tuple(AIR_ITEMS[i] for i in order))
    assert (turned.aqi == whole.aqi).all()
    assert (turned.iaqi == whole.iaqi[..., order]).all()
    assert (daily_aqi(values.astype(np.float32), dates).aqi == whole.aqi).all()
    one_by_one = [daily_aqi(values[1, d : d + 1], dates[d : d + 1]).aqi[0] for d in range(50)]
    assert one_by_one == whole.aqi[1].tolist()


def test_versions() -> None:
    assert [aqi_standard_on(d) for d in ("2013-01-01", "2026-02-28", "2026-03-01")] == [
        OLD,
        OLD,
        NEW,
    ]
    assert aqi_standard_on(["2026-02-28", "2026-03-01"]).tolist() == [OLD, NEW]
    assert [limits_standard_on(d) for d in ("2025-12-31", "2026-12-31", "2031-12-31")] == [
        "GB 3095-2012", "GB 3095-2026", "GB 3095-2026 final"]  # fmt: skip
    assert resolve("hj633-2026").limits == "GB 3095-2026"
    assert resolve("GB 3095-2026 final").aqi == NEW
    assert [rules.phase for rules in RULESETS] == ["2012", "transition", "final"]
    assert ruleset_on("2030-12-31").phase == "transition"
    with pytest.raises(UsageError, match="not a version"):
        resolve("HJ 633-1999")
