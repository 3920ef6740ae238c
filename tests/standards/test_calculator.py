"""The calculator over tables: what comes in as text and what goes out."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from shared_tables import vector_rows

from forecast.errors import InputError, UsageError
from forecast.standards.calculator import air_table, aqi_table, water_table
from forecast.standards.indicators import WATER_CLASSES, class_number
from forecast.standards.items import AIR_ITEMS


def read(text: str) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)


def test_aqi_of_days() -> None:
    table = read(
        "date,so2,no2,co,o3_8h,pm10,pm25\n"
        "2026-03-01,10,30,0.8,90,140,70\n"
        "2026-02-28,10,30,0.8,90,140,70\n"
        "2026-02-28,10,30,0.8,90,140,70\n"
        "2026-03-02,10,30,0.8,90,,50\n"
        "2026-03-02,10,30,/,90,60,50\n"
        "2025-01-01,4,10,0.5,15,93,52\n"
        "2025-01-02,,,,,,\n"
    )
    found = aqi_table(table)
    assert list(found.columns) == [*table.columns, "aqi", "level", "primary", "good"]
    assert found["aqi"].tolist() == ["110", "95", "95", "", "80", "72", ""]
    assert found["level"].tolist() == ["3", "2", "2", "", "2", "2", ""]
    primary = ["pm25", "pm10", "pm10", "", "pm25", "pm10+pm25", ""]
    assert found["primary"].tolist() == primary
    assert found["good"].tolist() == ["false", "true", "true", "", "true", "true", ""]
    assert (found["date"] == table["date"]).all()
    assert "aqi" not in table.columns


def test_version_platform_and_hour() -> None:
    table = read("date,so2,no2,co,o3_8h,pm10,pm25\n2020-01-01,10,30,0.8,90,,50\n")
    assert aqi_table(table)["aqi"].tolist() == ["69"]
    assert aqi_table(table, "HJ 633-2026")["aqi"].tolist() == [""]
    assert aqi_table(table, "HJ 633-2026", platform=True)["aqi"].tolist() == ["80"]
    hours = read("date,so2,no2,co,o3_1h,pm10,pm25\n2022-01-05T01,4,73,1.0,27,56,43\n")
    assert aqi_table(hours, hourly=True)["aqi"].tolist() == ["60"]
    with pytest.raises(UsageError):
        aqi_table(table, "HJ 633")


@pytest.mark.parametrize(
    ("item", "text", "aqi"),
    [
        ("pm25", "60.5", "100"),
        ("pm25", "60.500000001", "101"),
        ("pm25", "61.499999999", "101"),
        ("pm25", "61.500000000", "102"),
        ("pm25", "60.4999999999999999", "100"),
        ("so2", "2448.500001", "468"),
        ("co", "2.25", "55"),
        ("co", "2.2500000000001", "58"),
        ("pm25", "1e300", "500"),
    ],
)
def test_a_cell_is_rounded_on_the_decimals_written(item: str, text: str, aqi: str) -> None:
    found = aqi_table(read(f"{item}\n{text}\n"), "HJ 633-2026")
    assert found["aqi"].tolist() == [aqi]


def test_columns_may_be_few_and_dates_absent() -> None:
    assert aqi_table(read("pm25\n75\n"), "HJ 633-2026")["aqi"].tolist() == ["114"]
    assert aqi_table(read("PM25 \n75\n"), "HJ 633-2012")["aqi"].tolist() == ["100"]
    assert aqi_table(read("o3_8h,o3_1h\n801,1000\n801,\n"), "HJ 633-2012")["aqi"].tolist() == [
        "400",
        "",
    ]
    assert aqi_table(read("o3_1h\n160\n"), "HJ 633-2012")["aqi"].tolist() == ["50"]
    assert aqi_table(read("pm25\n"), "HJ 633-2012")["aqi"].tolist() == []


@pytest.mark.parametrize(
    ("text", "standard", "message"),
    [
        ("date,pm25\n2020-01-01,ten\n", None, "Row 1, column 'pm25': 'ten'"),
        ("date,pm25\n2020-01-01,5\n2020-02-30,5\n", None, "Row 2, column 'date': '2020-02-30'"),
        ("date,pm25\n2020-01-01,-5\n", None, "Row 1, column 'pm25': '-5'"),
        ("date,pm25\n2020-01-01,inf\n", None, "column 'pm25': 'inf'"),
        ("date,pm25\n,5\n", None, "column 'date': ''"),
        ("pm25\n5\n", None, "no column 'date'"),
        ("date,benzene\n2020-01-01,5\n", None, "none of the columns"),
    ],
)
def test_bad_cells_are_named(text: str, standard: str | None, message: str) -> None:
    with pytest.raises(InputError, match="^" + ".*" + message.replace("'", ".")):
        aqi_table(read(text), standard)


def test_class_of_samples() -> None:
    table = read(
        "water_type,ph,do,codmn,cod,nh3n,tp,tn\n"
        "river,7,8,1.5,15.1,0.1,0.015,9\n"
        "lake,7,8,1.5,,0.1,0.06,\n"
        "湖库,7,8,1.5,/,0.1,/,\n"
        "river,9.001,8,1.5,,0.1,*,\n"
        "river,7,8,1.5,,--,0.015,\n"
        ",7,8,1.5,,0.1,0.015,\n"
    )
    found = water_table(table)
    assert list(found.columns) == [*table.columns, "class", "deciding_items"]
    assert found["class"].tolist() == ["III", "IV", "I", "劣V", "", "I"]
    assert found["deciding_items"].tolist() == [
        "cod", "tp", "do+codmn+nh3n", "ph", "", "do+codmn+nh3n+tp"]  # fmt: skip


def test_oxygen_saturation_column() -> None:
    table = read("ph,do,do_saturation,codmn,nh3n,tp\n7.47,7.368,93.5,1.474,0.01,0.0178\n")
    assert water_table(table)["class"].tolist() == ["I"]
    assert water_table(table, platform=True)["class"].tolist() == ["II"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("water_type,ph\nsea,7\n", "Row 1, column 'water_type': 'sea'"),
        ("water_type,ph\nriver,acid\n", "Row 1, column 'ph': 'acid'"),
        ("water_type,colour\nriver,7\n", "no column of a water item"),
    ],
)
def test_bad_samples_are_named(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message.replace("'", ".")):
        water_table(read(text))


def year_table(year: int, pm25: str = "30.5") -> pd.DataFrame:
    days = np.arange(f"{year}-01-01", f"{year + 1}-01-01", dtype="datetime64[D]").astype(str)
    return pd.DataFrame(
        {
            "date": days,
            "so2": "6",
            "no2": "12",
            "co": "0.9",
            "o3_8h": "137",
            "pm10": "51",
            "pm25": pm25,
        }
    )


def test_annual_indicators() -> None:
    found = air_table(pd.concat([year_table(2027), year_table(2025)], ignore_index=True))
    assert list(found.columns) == ["indicator", "unit", "year", "standard", "value",
                                   "value_official", "n_valid", "attains"]  # fmt: skip
    assert found["year"].tolist() == [2025] * 14 + [2027] * 14
    rows = found.set_index(["year", "indicator"])
    old, new = rows.loc[(2025, "pm25_annual_mean")], rows.loc[(2027, "pm25_annual_mean")]
    assert (old["value"], old["value_official"], old["attains"]) == ("30.5", "30", "true")
    assert (new["value_official"], new["attains"], new["standard"]) == (
        "30.5",
        "true",
        "GB 3095-2026",
    )
    assert rows.loc[(2025, "good_day_ratio"), "value_official"] == "100.0"
    assert rows.loc[(2027, "co_p95"), "value_official"] == "0.90"
    assert rows.loc[(2025, "heavy_days"), "attains"] == ""
    assert rows.loc[(2025, "good_days"), "n_valid"] == 365
    told = air_table(year_table(2025), "HJ 633-2026").set_index("indicator")
    assert set(told["standard"]) == {"HJ 633-2026"}
    assert told.loc["pm25_annual_mean", "value_official"] == "30.5"


def test_year_of_two_rules_and_short_year() -> None:
    found = air_table(year_table(2026, "70")).set_index("indicator")
    assert found.loc["good_days", "value"] == "59.0"
    assert found.loc["good_days", "standard"] == "HJ 633-2012/HJ 633-2026"
    short = air_table(year_table(2025).head(200)).set_index("indicator")
    assert short.loc["pm25_annual_mean", "value"] == "30.5"
    assert short.loc["pm25_annual_mean", "attains"] == ""
    five = air_table(year_table(2025).drop(columns="co")).set_index("indicator")
    assert five.loc["co_p95", "value"] == ""
    assert five.loc["good_day_ratio", "value_official"] == ""


def test_bad_daily_tables_are_refused() -> None:
    twice = pd.concat([year_table(2025), year_table(2025).head(1)], ignore_index=True)
    with pytest.raises(InputError, match="2025-01-01 occurs more than once"):
        air_table(twice)
    with pytest.raises(InputError, match="no row"):
        air_table(year_table(2025).head(0))
    with pytest.raises(InputError, match="none of the columns"):
        air_table(year_table(2025)[["date"]])


AQI_ROWS = [p.values[0] for p in vector_rows("aqi_vectors")]
WATER_ROWS = [p.values[0] for p in vector_rows("water_vectors")]


@pytest.mark.parametrize("hourly", [True, False])
def test_published_aqi_through_the_calculator(hourly: bool) -> None:
    if not AQI_ROWS[0]:
        pytest.skip("the vectors are not beside this checkout")
    kind = "cnemc_hourly_station" if hourly else "guangdong_daily_city_dust_removed"
    rows = [row for row in AQI_ROWS if row["kind"] == kind]
    columns = [*AIR_ITEMS[:5], "o3_1h" if hourly else "o3_8h"]
    table = pd.DataFrame([{"date": row["time"]} | {c: row[c] for c in columns} for row in rows])
    found = aqi_table(table, hourly=hourly, platform=True)
    published = ["" if row["published_aqi"] == "NA" else row["published_aqi"] for row in rows]
    assert found["aqi"].tolist() == published


def test_published_classes_through_the_calculator() -> None:
    if not WATER_ROWS[0]:
        pytest.skip("the vectors are not beside this checkout")
    rows = [row for row in WATER_ROWS if row["id"].startswith("P") and row["agrees"] != "NO"]
    names = {"pH": "ph", "DO": "do", "CODMn": "codmn", "NH3N": "nh3n", "TP": "tp", "TN": "tn"}
    table = pd.DataFrame(
        [{"water_type": row["water_type"]} | {c: row[n] for n, c in names.items()} for row in rows]
    )
    expected = [
        ""
        if row["expected"] == "(blank)"
        else WATER_CLASSES[(class_number(row["expected"]) or 0) - 1]
        for row in rows
    ]
    assert water_table(table)["class"].tolist() == expected


@pytest.mark.parametrize(
    "text", ["2026-03-01", "2026/3/1", "20260301", "2026年3月1日", "2026-03-01 00:00:00"]
)
def test_forms_of_a_date(text: str) -> None:
    table = pd.DataFrame({"date": [text], "pm25": ["75"]})
    assert aqi_table(table)["aqi"].tolist() == ["114"]


def test_result_columns_already_there_are_replaced() -> None:
    table = read("ph,do,codmn,nh3n,tp,class\n7,8,1.5,0.1,0.015,V\n")
    assert water_table(table)["class"].tolist() == ["I"]
