"""Lines whose values stand in a neighbour's column, or in another unit, from one line of a file on."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.ingest.detect import layout_of
from forecast.ingest.files.containers import read_sheet
from forecast.ingest.parsed import Parsed, Request
from forecast.ingest.readers.shifts import odd_days, odd_runs
from forecast.quality.air_days import contradictions
from forecast.standards.aqi import daily_aqi

HEADER = "日期,AQI,质量等级,PM2.5,PM10,SO2,CO,NO2,O3_8h,排名"
Rows = list[list[str]]


def year_of_a_city(days: int = 366) -> Rows:
    """Days of a made city: PM2.5 a part of PM10, CO a fortieth of NO2, the AQI that of the items."""
    rng = np.random.default_rng(7)
    dust = np.exp(rng.normal(3.8, 0.6, days))
    pm25 = np.round(np.clip(dust, 6, 400))
    pm10 = np.round(pm25 * rng.uniform(1.3, 2.0, days) + 5)
    no2 = np.round(np.clip(dust * 0.5 + rng.normal(20, 6, days), 8, 140))
    so2 = np.round(np.clip(dust * 0.15 + rng.normal(4, 2, days), 2, 80))
    co = np.round(np.clip(no2 / 40 + rng.normal(0, 0.1, days), 0.2, 6), 1)
    o3 = np.round(rng.uniform(20, 190, days))
    items = ("so2", "no2", "pm10", "pm25", "co", "o3_8h")
    aqi = daily_aqi(
        np.stack([so2, no2, pm10, pm25, co, o3], axis=1), None, items, "HJ 633-2012"
    ).aqi
    first = date(2016, 1, 1)
    return [
        [(first + timedelta(days=at)).isoformat(), str(aqi[at]), "良", f"{pm25[at]:g}",
         f"{pm10[at]:g}", f"{so2[at]:g}", f"{co[at]:.1f}", f"{no2[at]:g}", f"{o3[at]:g}", str(at + 1)]
        for at in range(days)
    ]  # fmt: skip


def parsed(rows: Sequence[Sequence[str]]) -> Parsed:
    text = "\n".join([HEADER, *(",".join(row) for row in rows)]) + "\n"
    sheet = read_sheet(Path("甲市.csv"), text.encode("utf-8"))
    return layout_of(sheet).parse(sheet, Request("甲市", 2030))


def to_the_right(row: list[str]) -> None:
    row[3:9] = ["", *row[3:8]]


def to_the_left(row: list[str]) -> None:
    row[3:9] = [*row[4:9], ""]


def in_milligrams(row: list[str]) -> None:
    row[3], row[4] = (f"{float(row[at]) / 1000:g}" for at in (3, 4))


def co_for_so2(row: list[str]) -> None:
    row[5], row[6] = row[6], row[5]


@pytest.mark.parametrize("fault", [to_the_right, to_the_left, in_milligrams, co_for_so2])
@pytest.mark.parametrize("lines", [6, 20, 45])
def test_run_of_odd_lines_is_set_aside_whole(
    fault: Callable[[list[str]], None], lines: int
) -> None:
    rows = year_of_a_city()
    wrong = copy.deepcopy(rows)
    for row in wrong[150 : 150 + lines]:
        fault(row)
    true, found = parsed(rows).tables["air_daily"], parsed(wrong)
    kept = found.tables["air_daily"]
    stored = kept.merge(true, on=["date", "item"], suffixes=("", "_true"))
    assert len(stored) == len(kept)
    assert (stored["value"] == stored["value_true"]).all()
    aside = found.notes.quarantine()
    assert set(range(152, 152 + lines)) == set(aside["row"])
    assert aside["reason"].str.contains("the lines around it").all()


def test_true_days_form_no_run() -> None:
    assert parsed(year_of_a_city()).notes.quarantine().empty


def test_exchanged_dust_and_whole_co() -> None:
    rows = year_of_a_city()
    for row in rows[200:245]:
        row[3], row[4] = row[4], row[3]
    for row in rows[20:45]:
        # CO far above 2 in whole numbers, beside an SO2 that would go with it.
        row[5], row[6], row[7] = "60", str(2 + int(row[9]) % 3), "70"
        row[1] = "400"
    aside = parsed(rows).notes.quarantine().groupby("reason")["row"].agg(["min", "max"])
    assert aside.index.str.split(":").str[0].tolist() == [
        "CO is a whole number in this and in the lines around it, elsewhere it has decimals; row set "
        "aside",
        "PM2.5 is above PM10 in this and in the lines around it",
    ]
    assert aside["min"].iloc[0] == 22 and aside["max"].iloc[0] == 46


def test_aqi_far_below_its_items_for_ten_days() -> None:
    rows = year_of_a_city()
    for row in rows[100:112]:
        row[1], row[4], row[3] = "40", "300", ""
    aside = parsed(rows).notes.quarantine()
    assert set(aside["row"]) == set(range(102, 114))
    assert aside["reason"].str.startswith("the published AQI is below that of a single item").all()


def test_places_are_judged_apart_and_neighbours_with_the_same_hole_belong() -> None:
    odd = np.array([True] * 3 + [True] * 3 + [False] * 4)
    place = np.array([0] * 3 + [1] * 7)
    assert not odd_runs(place, odd, np.zeros(10, int)).any()
    missing = np.array([0, 2, 2, 2, 2, 2, 2, 2, 0, 0])
    odd = np.array([0, 0, 1, 1, 1, 1, 1, 0, 0, 0], dtype=bool)
    assert odd_runs(np.zeros(10, int), odd, missing).nonzero()[0].tolist() == [1, 2, 3, 4, 5, 6, 7]


def test_days_in_any_order_and_without_values() -> None:
    day = np.array(["2016-01-03", "2016-01-01"], "datetime64[D]")
    none = {"co": np.array([np.nan, np.nan]), "pm25": np.array([np.nan, 3.0])}
    assert odd_days(np.zeros(2, np.int64), day, none).tolist() == ["", ""]
    huge = {item: np.array([1.7e308, -1.7e308]) for item in ("co", "so2", "pm25", "aqi_published")}
    assert odd_days(np.zeros(2, np.int64), day, huge).tolist() == ["", ""]


def test_published_aqi_is_checked_where_an_item_is_missing() -> None:
    days = pd.date_range("2016-01-01", periods=6)
    index = pd.MultiIndex.from_product(
        [["甲市"], ["甲市"], days], names=["region", "place", "date"]
    )
    rng = np.random.default_rng(3)
    table = pd.DataFrame(
        {"pm10": rng.uniform(240, 260, 6), "so2": rng.uniform(5, 9, 6), "aqi_published": 60.0},
        index=index,
    )
    found = contradictions(table)
    assert found["item"].tolist() == ["aqi_published"]
    # PM10 alone says 145 or more; an AQI above that may be of what is missing.
    table["aqi_published"] = 200.0
    assert contradictions(table).empty
