"""Mappings that are proposed from a table, and tables from databases."""

from __future__ import annotations

import os
import sqlite3
import tomllib
from pathlib import Path

import pandas as pd
import pytest

from forecast.errors import InputError, UsageError
from forecast.ingest.files.containers import read_sheet
from forecast.ingest.mapping.database import database_url, read_database, read_query
from forecast.ingest.mapping.load import mapped_layout, read_mapping
from forecast.ingest.mapping.model import Database
from forecast.ingest.mapping.propose import Proposal, propose
from forecast.ingest.parsed import Request


def _propose(text: str, name: str = "甲市.csv") -> Proposal:
    return propose(read_sheet(Path(name), text.encode("utf-8")))


def _rows(header: str, line: str, n: int = 40) -> str:
    days = pd.date_range("2020-01-01", periods=n)
    lines = [
        line.replace("DAY", f"{day:%Y-%m-%d}").replace("SLASH", f"{day:%m/%d/%Y}") for day in days
    ]
    return "\n".join([header, *lines]) + "\n"


def test_days_of_cities_are_proposed_and_read_again() -> None:
    header = "统计日期,城市,二氧化硫(μg/m³),PM2.5(μg/m³),一氧化碳(mg/m³),臭氧8小时(μg/m³),排名"
    text = _rows(header, "DAY,甲市,8,35,0.8,90,3")
    made = _propose(text)
    assert made.mapping.table == "air_daily" and made.mapping.confirmed
    assert {code: one.column for code, one in made.mapping.items.items()} == {
        "so2": "二氧化硫(μg/m³)", "pm25": "PM2.5(μg/m³)", "co": "一氧化碳(mg/m³)",
        "o3_8h": "臭氧8小时(μg/m³)",
    }  # fmt: skip
    assert len(made.preview) == 10 and set(made.preview["region"]) == {"甲市"}
    # The second time needs no flag: the text read back matches the file.
    again = mapped_layout(read_mapping(made.text, name="甲市", where="甲市.toml"))
    sheet = read_sheet(Path("乙.csv"), text.encode())
    assert again.matches(sheet.head)
    assert again.parse(sheet, Request("乙", 2027)).rows_kept == 40


def test_a_unit_that_is_not_said_is_proposed_from_the_values_and_marked() -> None:
    made = _propose(_rows("日期,城市,PM2.5,CO", "DAY,甲市,0.035,850"))
    assert made.mapping.items["pm25"].unit == "mg/m³"
    assert made.mapping.items["co"].unit == "µg/m³"
    assert made.mapping.confirmed
    assert made.text.count("# ?") == 2 and "check" in made.text
    assert made.preview.groupby("item")["value"].first().to_dict() == {"co": 0.85, "pm25": 35.0}


def test_gases_of_an_english_table_could_be_in_ppb() -> None:
    assert not _propose(_rows("date,city,no2,pm25", "DAY,A,40,35")).mapping.confirmed
    assert _propose(_rows("date,city,pm10,pm25", "DAY,A,60,35")).mapping.confirmed


def test_what_the_values_do_not_tell_is_a_question() -> None:
    made = _propose(_rows("日期,站名,降水量,气压(hPa)", "DAY,东站,0,1013"))
    assert made.mapping.table == "met_daily" and not made.mapping.confirmed
    assert "confirmed = false" in made.text
    ozone = _propose(_rows("日期,城市,O3(μg/m³),SO2(μg/m³)", "DAY,甲市,90,8"))
    assert not ozone.mapping.confirmed and "items.o3_8h" in ozone.text


def test_day_and_month_that_could_be_exchanged_are_a_question() -> None:
    clear = _propose(_rows("date,city,PM2.5(µg/m³),SO2(µg/m³)", "SLASH,甲市,35,8"))
    assert clear.mapping.confirmed
    twelve = _rows("date,city,PM2.5(µg/m³),SO2(µg/m³)", "SLASH,甲市,35,8", n=12)
    assert not _propose(twelve).mapping.confirmed or _propose(twelve).mapping.time.format is None


def test_hours_ask_for_the_end_of_the_hour_unless_there_is_an_hour_24() -> None:
    header = "监测点,日期,小时,PM10(μg/m³),NO2(μg/m³)\n"
    hours = "".join(f"东站,2020-01-01,{hour},80,30\n" for hour in range(24))
    asked = _propose(header + hours)
    assert asked.mapping.table == "air_hourly" and not asked.mapping.confirmed
    told = _propose(header + hours.replace("2020-01-01,0,", "2020-01-01,24,"))
    assert told.mapping.confirmed and told.mapping.time.hour_label == "end"
    assert told.preview["place"].tolist()[0] == "东站"


def test_running_means_of_hourly_tables_are_left_out() -> None:
    header = "站点,时间,PM10(μg/m³),PM10_24h(μg/m³),NO2(μg/m³)\n"
    text = header + "".join(f"东站,2020-01-01 {h:02d}:00,80,70,30\n" for h in range(1, 24))
    assert set(_propose(text).mapping.items) == {"pm10", "no2"}


def test_marks_titles_and_decimal_commas_are_found() -> None:
    body = _rows("日期;断面名称;氨氮(mg/L);总磷(mg/L)", "DAY;入湖口;0,25;0,05", n=20)
    made = _propose(body + "2020-02-01;入湖口;未检;0,05\n2020-02-02;入湖口;未检;0,05\n")
    assert made.mapping.table == "water_samples"
    assert made.mapping.read.decimal == "," and made.mapping.read.missing == ("未检",)
    assert made.preview["value"].tolist()[:2] == [0.25, 0.05]
    titled = _propose(
        "某省水质月报,,,\n" + _rows("日期,断面名称,氨氮(mg/L),总磷(mg/L)", "DAY,入湖口,0.25,0.05")
    )
    assert titled.mapping.match is not None and titled.mapping.match.header[0] == "日期"


def test_a_long_table_is_proposed_by_its_items() -> None:
    lines = "".join(
        f"2020-01-{day:02d},东站,{item},{value},{unit}\n"
        for day in range(1, 11)
        for item, value, unit in (
            ("二氧化硫", 8, "μg/m3"),
            ("CO", 0.8, "mg/m3"),
            ("噪声", 50, "dB"),
        )
    )
    made = _propose("日期,点位,监测项目,浓度,单位\n" + lines)
    assert {code: one.name for code, one in made.mapping.items.items()} == {
        "so2": "二氧化硫",
        "co": "CO",
    }
    assert made.mapping.confirmed and len(made.preview) == 10
    assert any("噪声" in note for note in made.notes)


def test_year_month_and_day_in_columns_of_their_own() -> None:
    lines = "".join(f"2020,{n // 28 + 1},{n % 28 + 1},甲,35,8\n" for n in range(50))
    made = _propose("year,month,day,city,PM2.5(ug/m3),SO2(ug/m3)\n" + lines)
    assert made.mapping.time.columns == ("year", "month", "day")
    assert made.preview["date"].tolist()[0] == pd.Timestamp("2020-01-01")


@pytest.mark.parametrize(
    "text",
    ["a,b\n1,2\n", "城市,PM2.5(µg/m³)\n甲市,35\n", "日期,城市,降温\n2020-01-01,甲市,3\n", "日期,城市,PM2.5(ppb)\n2020-01-01,甲市,3\n"],
)  # fmt: skip
def test_a_table_without_header_dates_or_items_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        _propose(text)


def test_odd_names_survive_the_toml() -> None:
    header = '日期,城市,"PM2.5 ""实况"" (µg/m³)",备\\注'
    made = _propose(_rows(header, "DAY,甲市,35,x"))
    fields = tomllib.loads(made.text)
    assert fields["match"]["header"] == ["日期", "城市", 'PM2.5 "实况" (µg/m³)', "备\\注"]


# --- databases ----------------------------------------------------------------------------------

_SQL = "SELECT day, city, pm25 FROM air ORDER BY day"


@pytest.fixture
def database(tmp_path: Path) -> str:
    """An SQLite file with three days, one without a value."""
    path = tmp_path / "a.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE air (day TEXT, city TEXT, pm25 REAL)")
    connection.executemany(
        "INSERT INTO air VALUES (?, ?, ?)",
        [
            ("2020-01-01", "甲市", 35.5),
            ("2020-01-02", '甲,"市', None),
            ("2020-01-03", "甲市", 0.1 + 0.2),
        ],
    )
    connection.commit()
    connection.close()
    return f"sqlite:///{path.as_posix()}"


def test_a_query_is_a_sheet_that_its_own_bytes_give_again(database: str) -> None:
    pytest.importorskip("sqlalchemy")
    sheet = read_query(database, _SQL, name="air")
    assert sheet.cells.to_numpy().tolist() == [
        ["day", "city", "pm25"], ["2020-01-01", "甲市", "35.5"], ["2020-01-02", '甲,"市', ""],
        ["2020-01-03", "甲市", "0.30000000000000004"],
    ]  # fmt: skip
    again = read_sheet(sheet.path, sheet.data)
    assert again.sha256 == sheet.sha256 and again.cells.equals(sheet.cells)
    assert sheet.path.name == "air.csv"


def test_signs_in_a_query_are_its_own(database: str) -> None:
    pytest.importorskip("sqlalchemy")
    query = """SELECT '"a":b' AS j, city FROM air WHERE city LIKE '%市' AND city NOT LIKE '%"%'"""
    sheet = read_query(database, query, name="air")
    assert sheet.cells.to_numpy().tolist()[1:] == [['"a":b', "甲市"], ['"a":b', "甲市"]]


def test_a_mapping_with_a_database(database: str) -> None:
    pytest.importorskip("sqlalchemy")
    toml = f"""
table = "air_daily"
[region]
column = "city"
[time]
columns = ["day"]
[items.pm25]
column = "pm25"
unit = "µg/m³"
[database]
url_env = "AIR_URL"
query = "{_SQL}"
"""
    mapping = read_mapping(toml, name="air", where="air.toml")
    assert mapping.database is not None
    layout = mapped_layout(mapping)
    sheet = read_database(mapping.database, name="air", environ={"AIR_URL": database})
    assert not layout.matches(sheet.head)
    rows = layout.parse(sheet, Request("x", 2027)).tables["air_daily"]
    assert rows["value"].tolist() == [35.5, 0.1 + 0.2]
    with pytest.raises(UsageError, match="AIR_URL"):
        read_database(mapping.database, name="air", environ={})


def test_no_password_stands_in_a_mapping_or_a_message() -> None:
    pytest.importorskip("sqlalchemy")
    for url in ("postgresql://u:geheim@h/db", "postgresql://u@h/db?password=geheim"):
        with pytest.raises(InputError, match="holds a password") as refused:
            database_url(Database(url=url, query="SELECT 1"))
        assert "geheim" not in str(refused.value)
    for url in ("nosuch+driver://u:geheim@h/db", "u:geheim@h"):
        with pytest.raises(InputError) as failed:
            read_query(url, "SELECT 1", name="air")
        assert "geheim" not in str(failed.value)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("SELECT nothing FROM air", "failed"),
        ("CREATE TABLE b (x INT)", "is not one statement that only reads"),
    ],
)
def test_a_query_that_gives_nothing_says_so(database: str, query: str, said: str) -> None:
    pytest.importorskip("sqlalchemy")
    with pytest.raises(InputError, match=said):
        read_query(database, query, name="air")


def test_postgresql() -> None:
    url = os.environ.get("FORECAST_TEST_POSTGRESQL")
    if not url:
        pytest.skip("FORECAST_TEST_POSTGRESQL gives no address of a PostgreSQL database")
    query = "SELECT DATE '2020-01-01' AS day, 1.50::numeric AS pm25, NULL AS co WHERE 'a' LIKE '%'"
    sheet = read_query(url, query, name="air")
    assert sheet.cells.to_numpy().tolist() == [["day", "pm25", "co"], ["2020-01-01", "1.50", ""]]
