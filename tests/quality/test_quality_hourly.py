"""Planted faults are found in hourly readings, and real ones are left in peace."""

from __future__ import annotations

import gzip
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from forecast.quality import COLUMNS, RULES, HourGrid, find, find_hourly, flag_id, hour_grid
from forecast.quality.clock import clock_shift
from forecast.quality.findings import runs
from forecast.tables import HOUR_ITEMS

NAN = float("nan")


def made(n_places: int = 4, n_days: int = 59, *, seed: int = 1) -> HourGrid:
    """A made city: the daily course of ozone, and slow weather, at every station."""
    rng = np.random.default_rng(seed)
    hours = 24 * n_days
    time = np.datetime64("2022-01-01T01", "s") + np.arange(hours) * np.timedelta64(3600, "s")
    sun = np.cos(2 * np.pi * ((np.arange(hours) % 24) - 14) / 24)
    weather = np.cumsum(rng.normal(0, 0.12, (n_places, hours, 6)), axis=1)
    weather -= np.linspace(0, 1, hours)[None, :, None] * weather[:, -1:]
    level = np.log([12, 45, 90, 45, 1.0, 70]) + np.clip(weather, -1.2, 1.2)
    level += 0.08 * rng.standard_normal((n_places, hours, 6))
    level[:, :, 5] = np.log(70) + 0.7 * sun + 0.2 * rng.standard_normal((n_places, hours))
    values = np.exp(level)
    values[:, :, 2] = np.maximum(values[:, :, 2], 1.3 * values[:, :, 3])
    step = np.array([1, 1, 1, 1, 0.1, 1])
    values = np.round(values / step) * step
    names = np.array([f"{k}号站" for k in range(n_places)], dtype=object)
    return HourGrid(np.array(["某市"] * n_places, dtype=object), names, time, values)


def column(grid: HourGrid, item: str) -> NDArray[np.float64]:
    return grid.values[:, :, HOUR_ITEMS.index(item)]


def of_rule(found: pd.DataFrame, rule: str, item: str | None = None) -> pd.DataFrame:
    mine = found[(found["rule"] == rule)]
    return mine if item is None else mine[mine["item"] == item]


def test_a_clean_record_has_no_findings() -> None:
    found = find_hourly(made())
    assert tuple(found.columns) == COLUMNS
    assert found.empty


def test_a_stuck_value_is_found_with_its_first_and_last_hour() -> None:
    grid = made()
    column(grid, "pm10")[1, 100:112] = 377.0
    column(grid, "co")[2, 300:312] = 0.3
    found = find_hourly(grid)
    assert found[["region", "place", "item", "rule", "n"]].to_numpy().tolist() == [
        ["某市", "1号站", "pm10", "stuck", 12]
    ]
    row = found.iloc[0]
    assert row["first"] == pd.Timestamp("2022-01-05 05:00")
    assert row["last"] == pd.Timestamp("2022-01-05 16:00")
    zh, en = row["detail"].split("|")
    assert (zh, en) == ("连续12小时均为377", "377 for 12 hours in a row")


@pytest.mark.parametrize(
    ("item", "value", "hours"),
    [
        ("co", 0.3, 160), ("so2", 2.0, 160), ("co", 0.5, 46), ("no2", 9.0, 23), ("co", 1.6, 17),
        ("o3_1h", 40.0, 13), ("pm10", 120.0, 9),
    ],
)  # fmt: skip
def test_quiet_air_may_stay_and_one_hour_more_than_allowed_may_not(
    item: str, value: float, hours: int
) -> None:
    needed = {160: 168, 46: 48, 23: 24, 17: 18, 13: 14, 9: 10}[hours]
    for length, expected in ((hours, 0), (needed, 1)):
        grid = made()
        x = column(grid, item)
        x[0, 100 : 100 + length] = value
        x[0, [99, 100 + length]] = value * 1.7 + 0.2
        assert len(of_rule(find_hourly(grid), "stuck", item)) == expected


def test_a_missing_hour_ends_a_stay() -> None:
    grid = made()
    column(grid, "pm10")[0, 100:118] = 120.0
    column(grid, "pm10")[0, 109] = NAN
    assert of_rule(find_hourly(grid), "stuck").empty


def test_carbon_monoxide_in_whole_numbers_is_not_stuck() -> None:
    grid = made(1)
    x = column(grid, "co")
    x[:] = np.where(np.arange(x.shape[1]) % 40 < 38, 1.0, 2.0)
    assert of_rule(find_hourly(grid), "stuck", "co").empty


def test_a_repeated_message_is_found_by_all_its_items() -> None:
    grid = made()
    grid.values[3, 200:206] = grid.values[3, 200]
    found = of_rule(find_hourly(grid), "stuck")
    assert found[["place", "item", "n"]].to_numpy().tolist() == [["3号站", "", 36]]


def test_a_lone_jump_is_a_spike_and_a_storm_is_not() -> None:
    grid = made()
    column(grid, "pm10")[0, 50] = 900.0
    column(grid, "pm10")[1, 50:56] = [300, 800, 1200, 1100, 600, 300]
    column(grid, "pm10")[2, 50] = 900.0
    column(grid, "pm10")[2, 51] = NAN
    found = of_rule(find_hourly(grid), "spike")
    assert found[["place", "item", "n"]].to_numpy().tolist() == [["0号站", "pm10", 1]]
    assert found["first"].iloc[0] == found["last"].iloc[0] == pd.Timestamp("2022-01-03 03:00")


def test_values_beyond_belief_are_grouped_by_days() -> None:
    grid = made()
    column(grid, "pm25")[0, [10, 20, 300]] = 2000.0
    found = of_rule(find_hourly(grid), "range", "pm25")
    assert found["n"].tolist() == [2, 1]
    assert "2000 to 2000, outside 0 to 900" in found["detail"].iloc[0]


def test_pm25_above_pm10_for_three_hours_and_a_zero_beside_dust() -> None:
    grid = made()
    pm25, pm10 = column(grid, "pm25"), column(grid, "pm10")
    pm25[0, 100:104] = pm10[0, 100:104] * 1.5 + 20
    pm25[1, 100:102] = pm10[1, 100:102] * 1.5 + 20
    pm25[2, 100:110] = pm10[2, 100:110] + 3
    pm25[3, 100] = 0.0
    pm10[3, 100] = 60.0
    found = find_hourly(grid)
    assert of_rule(found, "pm_order")[["place", "n"]].to_numpy().tolist() == [["0号站", 4]]
    assert of_rule(found, "contradiction")[["place", "n"]].to_numpy().tolist() == [["3号站", 1]]


def test_days_in_another_unit_are_found() -> None:
    grid = made()
    column(grid, "co")[1, 240:480] *= 1000
    found = of_rule(find_hourly(grid), "unit")
    assert found[["place", "item", "n"]].to_numpy().tolist() == [["1号站", "co", 240]]
    assert found["first"].iloc[0] == pd.Timestamp("2022-01-11 01:00")
    assert found["last"].iloc[0] == pd.Timestamp("2022-01-21 00:00")


@pytest.mark.parametrize("shift", [-8, 3, 5, 8])
def test_a_displaced_clock_is_found_against_the_other_stations(shift: int) -> None:
    grid = made(n_days=31)
    grid.values[2] = np.roll(grid.values[2], shift, axis=0)
    found = clock_shift(grid)
    assert found[["place", "item", "rule"]].to_numpy().tolist() == [
        ["2号站", "o3_1h", "clock_shift"]
    ]
    assert f"lies {shift:+d} h" in found["detail"].iloc[0]
    assert "other stations" in found["detail"].iloc[0]


def test_a_displaced_month_of_a_lone_station_is_found_against_its_other_months() -> None:
    grid = made(1, 120)
    month = (np.arange(grid.values.shape[1]) >= 59 * 24) & (
        np.arange(grid.values.shape[1]) < 90 * 24
    )
    x = column(grid, "o3_1h")
    x[0, month] = np.roll(x[0, month], 8)
    found = clock_shift(grid)
    assert len(found) == 1
    assert found["first"].iloc[0] == pd.Timestamp("2022-03-01 01:00")
    assert "own other months" in found["detail"].iloc[0]
    assert clock_shift(made(1, 31)).empty


def test_rows_become_a_grid_whatever_their_order() -> None:
    hours = pd.to_datetime(["2022-01-02T00:00", "2022-01-01T22:00"]).as_unit("s")
    rows = pd.DataFrame(
        {"region": "某市", "place": ["乙", "甲"], "time": hours, "source": "made"}
        | {item: [2.0, 1.0] for item in HOUR_ITEMS}
    )
    grid = hour_grid(rows)
    assert grid.place.tolist() == ["乙", "甲"] or grid.place.tolist() == ["甲", "乙"]
    assert grid.values.shape == (2, 3, 6)
    at = grid.place.tolist().index("甲")
    assert grid.values[at, :, 0].tolist()[0] == 1.0
    assert np.isnan(grid.values[at, 1:, 0]).all()
    assert find(rows, "air_hourly").empty
    assert find(rows.head(0), "air_hourly").empty
    with pytest.raises(ValueError, match="kind must be one of"):
        find(rows, "flow_daily")


def test_stretches_and_names_of_flags() -> None:
    mask = np.array([[1, 1, 0, 1, 0, 0, 1], [0, 0, 0, 0, 0, 0, 1]], dtype=bool)
    assert [p.tolist() for p in runs(mask, gap=1)] == [[0, 0, 1], [0, 6, 6], [3, 6, 6], [3, 1, 1]]
    a = flag_id("air_hourly", "s", "市", "站", "pm25", "stuck", pd.Timestamp("2022-01-01 05:00"))
    b = flag_id("air_hourly", "s", "市", "站", "pm25", "stuck", np.datetime64("2022-01-01T05", "h"))
    assert a == b
    assert len(a) == 8
    assert a != flag_id("air_hourly", "s", "市", "站", "pm25", "spike", "2022-01-01T05:00:00")
    assert set(of_rule(find_hourly(made()), "x").columns) == set(COLUMNS)
    assert all(zh and en for zh, en in RULES.values())


def beijing(folder: Path) -> HourGrid:
    """The hours of eight stations; the source labels an hour with its start."""
    columns = {"SO2": "so2", "NO2": "no2", "PM10": "pm10", "PM2.5": "pm25", "CO": "co",
               "O3": "o3_1h"}  # fmt: skip
    names, values = [], []
    for path in sorted(folder.glob("*.csv.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as file:
            table = pd.read_csv(file, usecols=["datetime", *columns])
        hours = pd.to_datetime(table.pop("datetime")).to_numpy("datetime64[s]")
        table = table.rename(columns=columns)[list(HOUR_ITEMS)]
        table["co"] /= 1000
        names.append(path.name.partition(".")[0])
        values.append(table.to_numpy(np.float64))
    return HourGrid(
        np.array(["北京"] * len(names), dtype=object), np.array(names, dtype=object),
        hours + np.timedelta64(3600, "s"), np.stack(values),
    )  # fmt: skip


def test_few_of_the_real_hours_are_flagged(real_data: Path) -> None:
    """0.53 % of 1.6 million values: PM2.5 over PM10 0.33, stuck 0.19, all else below 0.01 %."""
    grid = beijing(real_data / "air" / "beijing_station_hourly_met")
    found = find_hourly(grid)
    share = found.groupby("rule")["n"].sum() / np.isfinite(grid.values).sum()
    assert share.sum() < 0.006
    assert share["stuck"] < 0.0025
    assert share["pm_order"] < 0.004
    assert share.drop(["stuck", "pm_order"]).sum() < 0.0002
    assert of_rule(found, "clock_shift").empty
    assert of_rule(found, "unit").empty
    values = grid.values.copy()
    values[1, : 24 * 31] = np.roll(values[1, : 24 * 31], 8, axis=0)
    moved = HourGrid(grid.region, grid.place, grid.hours, values)
    assert clock_shift(moved)["place"].tolist() == ["Dingling"]


def test_a_month_of_the_national_network_takes_seconds() -> None:
    """1,700 stations, 744 hours, six items: a second and a half; ten is another algorithm."""
    rng = np.random.default_rng(0)
    base = made(10, 31)
    values = np.tile(base.values, (170, 1, 1)) + rng.integers(0, 3, (1700, 744, 6))
    values[rng.random(values.shape) < 0.03] = NAN
    names = np.array([f"{1000 + k}A" for k in range(1700)], dtype=object)
    regions = np.array([f"{k // 5}市" for k in range(1700)], dtype=object)
    grid = HourGrid(regions, names, base.hours, values)
    started = time.process_time()
    find_hourly(grid)
    assert time.process_time() - started < 10
