"""Planted faults in days, samples and lists of stations; real ones are left in peace."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.quality import COLUMNS, find
from forecast.quality.air_days import basis_step
from forecast.quality.sites import distance, moved
from forecast.standards.aqi import daily_aqi
from forecast.standards.items import AIR_ITEMS


def days(first: str = "2021-01-01", n: int = 400, *, seed: int = 2) -> pd.DataFrame:
    """Wide daily values of one made city, with the AQI that they give."""
    rng = np.random.default_rng(seed)
    level = {"so2": 10.0, "no2": 35.0, "pm10": 80.0, "pm25": 40.0, "co": 0.8, "o3_8h": 90.0}
    index = pd.date_range(first, periods=n, unit="s")
    shared = 0.3 * rng.standard_normal(n)
    table = pd.DataFrame(index=index)
    for item, base in level.items():
        own = base * np.exp(shared + 0.15 * rng.standard_normal(n))
        table[item] = np.round(own, 1 if item == "co" else 0)
    table["pm10"] = np.maximum(table["pm10"], table["pm25"] + 5)
    table["o3_1h"] = table["o3_8h"] + 20
    table["aqi_published"] = aqi(table)
    return table


def aqi(table: pd.DataFrame) -> np.ndarray:
    when = table.index.to_numpy().astype("datetime64[D]")
    values = table[list(AIR_ITEMS)].to_numpy(np.float64)
    return daily_aqi(values, when, AIR_ITEMS).aqi.astype(np.float64)


def long(table: pd.DataFrame, time: str = "date", **more: str) -> pd.DataFrame:
    rows = table.rename_axis(time).reset_index().melt(time, var_name="item").dropna()
    names = {"region": "某市", "place": "某市", "source": "made"} | more
    return rows.assign(**names)


def found_in(table: pd.DataFrame, kind: str = "air_daily", **more: str) -> pd.DataFrame:
    time = "date" if kind == "air_daily" else "time"
    found = find(long(table, time, **more), kind)
    return found[found["rule"] != "basis_step"]


def test_clean_days_have_no_findings() -> None:
    found = found_in(days())
    assert tuple(found.columns) == COLUMNS
    assert found.empty


def test_each_planted_fault_of_a_day_is_found() -> None:
    table = days()
    table.iloc[30, table.columns.get_loc("so2")] = 700.0
    table.iloc[60:68, table.columns.get_loc("no2")] = 61.0
    table.iloc[100, table.columns.get_loc("pm25")] = table["pm10"].iloc[100] * 1.4 + 10
    table.iloc[130, table.columns.get_loc("pm25")] = 0.0
    table.iloc[160, table.columns.get_loc("o3_8h")] = table["o3_1h"].iloc[160] + 30
    table.iloc[200:220, table.columns.get_loc("co")] *= 1000
    table.iloc[301, :7] = table.iloc[300, :7].to_numpy()
    table["aqi_published"] = aqi(table)
    table.iloc[350:353, table.columns.get_loc("aqi_published")] += 40
    found = found_in(table)
    got = {(r.rule, r.item, r.n) for r in found.itertuples()}
    assert got >= {
        ("spike", "so2", 1), ("stuck", "no2", 8), ("pm_order", "pm25", 1),
        ("contradiction", "pm25", 1), ("contradiction", "o3_8h", 1), ("unit", "co", 20),
        ("stuck", "", 12), ("contradiction", "aqi_published", 3),
    }  # fmt: skip
    # CO of 800 is also beyond belief; nothing else is said.
    assert got - {("range", "co", 20)} == got & {
        ("spike", "so2", 1), ("stuck", "no2", 8), ("pm_order", "pm25", 1),
        ("contradiction", "pm25", 1), ("contradiction", "o3_8h", 1), ("unit", "co", 20),
        ("stuck", "", 12), ("contradiction", "aqi_published", 3),
    }  # fmt: skip
    assert set(found["source"]) == {"made"}
    assert all(text.count("|") == 1 for text in found["detail"])


def test_a_storm_in_the_aqi_that_is_printed_as_300_is_no_contradiction() -> None:
    table = days()
    table.iloc[50, table.columns.get_loc("pm10")] = 480.0
    table["aqi_published"] = np.minimum(aqi(table), 300)
    assert "aqi_published" not in set(found_in(table)["item"])


def test_sources_are_looked_at_one_by_one() -> None:
    table = days()
    other = table.copy()
    other["co"] = other["co"] * 1000
    rows = pd.concat([long(table), long(other, source="other")], ignore_index=True)
    found = find(rows, "air_daily")
    assert set(found["source"]) == {"other"}
    assert "unit" not in set(found["rule"])


def gases(factor: float, *, years: tuple[int, ...] = (2016, 2017, 2018, 2019)) -> pd.DataFrame:
    rng = np.random.default_rng(8)
    index = pd.date_range(f"{years[0]}-09-01", f"{years[-1]}-08-31", unit="s")
    season = 1 + 0.4 * np.cos(2 * np.pi * index.day_of_year.to_numpy() / 365)
    fall = np.exp(-0.08 * np.arange(len(index)) / 365)
    step = np.where(index >= "2018-09-01", factor, 1.0)
    noise = np.exp(0.05 * rng.standard_normal(len(index)))
    return pd.DataFrame({"no2": 40 * season * fall * step * noise}, index=index)


@pytest.mark.parametrize(("factor", "says"), [(0.916, "the step is there"), (1.0, "no such step")])
def test_the_change_of_reference_state_is_told_from_a_steady_fall(factor: float, says: str) -> None:
    found = basis_step(long(gases(factor)))
    assert found[["item", "rule", "n"]].to_numpy().tolist() == [["no2", "basis_step", 12]]
    assert says in found["detail"].iloc[0]
    assert "0.916" in found["detail"].iloc[0]


def test_without_the_years_around_it_nothing_is_said_of_the_change() -> None:
    assert basis_step(long(gases(1.0, years=(2017, 2018, 2019)))).empty
    assert basis_step(long(days()[["pm25"]])).empty


def samples(n: int = 200) -> pd.DataFrame:
    rng = np.random.default_rng(6)
    index = pd.date_range("2021-01-01", periods=n, freq="4h", unit="s")
    wave = np.sin(np.arange(n) / 9)
    table = pd.DataFrame(
        {
            "ph": 7.8 + 0.2 * wave, "do": 8.4 + wave, "codmn": 3.0 + 0.3 * wave,
            "nh3n": 0.3 + 0.05 * wave, "tp": 0.08 + 0.01 * wave, "tn": 2.5 + 0.2 * wave,
        },
        index=index,
    )  # fmt: skip
    table *= np.exp(0.02 * rng.standard_normal(table.shape))
    table = table.round(3)
    table["class_published"] = 2.0
    return table


def test_clean_samples_have_no_findings() -> None:
    assert found_in(samples(), "water_samples").empty


def test_each_planted_fault_of_a_sample_is_found() -> None:
    table = samples()
    table.iloc[20, table.columns.get_loc("codmn")] = 60.0
    table.iloc[40, table.columns.get_loc("nh3n")] = 3.1
    table.iloc[41:43, :6] = table.iloc[40, :6].to_numpy()
    table.iloc[80:90, table.columns.get_loc("tp")] *= 1000
    table.iloc[120, table.columns.get_loc("ph")] = 3.2
    table.iloc[150:153, table.columns.get_loc("class_published")] = 5.0
    table.iloc[[20, 120], table.columns.get_loc("class_published")] = 6.0
    table.iloc[40:43, table.columns.get_loc("class_published")] = 6.0
    table.iloc[80:90, table.columns.get_loc("class_published")] = 6.0
    got = {(r.rule, r.item, r.n) for r in found_in(table, "water_samples").itertuples()}
    assert got - {("range", "tp", 10)} == {
        ("spike", "codmn", 1), ("contradiction", "nh3n", 3), ("stuck", "", 18), ("unit", "tp", 10),
        ("range", "ph", 1), ("contradiction", "class_published", 3),
    }  # fmt: skip


def test_a_worse_class_than_the_known_items_give_may_be_right() -> None:
    table = samples().drop(columns="tp")
    table["class_published"] = 4.0
    assert found_in(table, "water_samples").empty
    table["class_published"] = 1.0
    found = found_in(table, "water_samples")
    assert found["item"].tolist() == ["class_published"]


def test_a_class_at_a_limit_or_of_a_lake_is_no_contradiction() -> None:
    table = samples()
    # CODMn printed 4.0 may have been 4.03; TP 0.08 is class II of a river and IV of a lake.
    table["codmn"] = 4.0
    table["class_published"] = 3.0
    assert found_in(table, "water_samples").empty
    table["class_published"] = 4.0
    assert found_in(table, "water_samples").empty


def sites(**columns: list[object]) -> pd.DataFrame:
    n = len(next(iter(columns.values())))
    base: dict[str, list[object]] = {
        "region": ["某市"] * n, "place": ["1001A"] * n, "name": ["北站"] * n,
        "longitude": [116.3] * n, "latitude": [39.9] * n,
        "valid_from": [pd.NaT] * n, "source": [f"list{k}" for k in range(n)],
    }  # fmt: skip
    table = pd.DataFrame(base | columns)
    table["valid_from"] = pd.to_datetime(table["valid_from"])
    return table


def test_stations_that_move_or_change_their_name() -> None:
    assert moved(sites(latitude=[39.9, 39.905])).empty
    far = moved(sites(latitude=[39.9, 39.92, None]))
    assert far[["place", "rule", "n"]].to_numpy().tolist() == [["1001A", "moved", 3]]
    assert "2.2 km apart (list0 and list1)" in far["detail"].iloc[0]
    both = moved(
        sites(latitude=[39.9, 40.0], name=["北站", "南站"], valid_from=["2015-01-01", "2018-03-01"])
    )
    assert len(both) == 1
    assert "北站 and 南站" in both["detail"].iloc[0]
    assert both["first"].iloc[0] == pd.Timestamp("2018-03-01")
    assert moved(sites(name=["北站", ""])).empty
    assert moved(sites(place=["1001A", "1002A"], name=["北站", "南站"])).empty
    assert find(sites(name=["北站", "南站"]), "sites")["rule"].tolist() == ["moved"]


def test_distance_of_beijing_and_shanghai() -> None:
    # 1,067 km by any atlas, within the roundness of the earth.
    assert float(distance(116.40, 39.90, 121.47, 31.23)) == pytest.approx(1067, abs=5)


def test_few_of_the_real_days_are_flagged(real_data: Path) -> None:
    """0.6 % of 134,000 values, nearly all the AQI of a site that left out items before 2015-07."""
    parts = []
    names = {"日期": "date", "AQI": "aqi_published", "PM2.5": "pm25", "PM10": "pm10",
             "SO2": "so2", "CO": "co", "NO2": "no2", "O3_8h": "o3_8h"}  # fmt: skip
    for path in sorted((real_data / "air" / "city_daily_o3_8h").glob("*.csv")):
        table = pd.read_csv(path, encoding="utf-8").rename(columns=names)
        table["date"] = pd.to_datetime(table["date"]).astype("datetime64[s]")
        table = table.set_index("date")[list(names.values())[1:]]
        parts.append(long(table.mask(table == 0), region=path.stem, place=path.stem))
    rows = pd.concat(parts, ignore_index=True)
    found = find(rows, "air_daily")
    assert found["n"].sum() / len(rows) < 0.007
    late = found[found["first"] >= "2015-07-20"]
    assert "aqi_published" not in set(late["item"])
    assert late["n"].sum() / (rows["date"] >= "2015-07-20").sum() < 0.002


def test_few_of_the_real_samples_are_flagged(real_data: Path) -> None:
    """0.07 % of 322,000 values of 940 sections."""
    names = {"water_temp_c": "water_temp", "ph": "ph", "do_mgl": "do", "cond_uscm": "conductivity",
             "turb_ntu": "turbidity", "codmn_mgl": "codmn", "nh3n_mgl": "nh3n", "tp_mgl": "tp",
             "tn_mgl": "tn", "chla_mgl": "chla", "algae_cells": "algae",
             "class_num": "class_published"}  # fmt: skip
    path = real_data / "water" / "section_readings_2020_2021.csv.gz"
    table = pd.read_csv(path, encoding="utf-8").rename(columns=names)
    table["time"] = pd.to_datetime(table["time"]).astype("datetime64[s]")
    table = table.rename(columns={"province": "region", "section": "place"})
    rows = table.melt(["region", "place", "time"], list(names.values()), "item").dropna()
    found = find(rows, "water_samples")
    assert found["n"].sum() / len(rows) < 0.001
    assert set(found["rule"]) == {"range", "spike", "contradiction"}
