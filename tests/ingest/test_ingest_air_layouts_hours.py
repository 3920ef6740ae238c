"""The layouts of air hours on files made here in their exact form, and on real ones where they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from read_alone import hours, parse, reasons, write

from forecast.errors import ContradictionError
from forecast.ingest.files.containers import read_sheet
from forecast.ingest.layouts import national_hourly_long, station_hourly, uci_beijing, uci_cities
from forecast.ingest.readers.hourly import stale

STATION = "Date,Hour,WatchPoint,AQI,Level,PrimaryPollution,PM2.5,PM10,CO,NO2,O3_1h,O3_8h,SO2"
NATIONAL = (
    "timepoint,stationcode,longitude,latitude,area,positionname,primarypollutant,aqi,pm10,pm10_24h,"
    "pm2_5,pm2_5_24h,o3,o3_24h,o3_8h,o3_8h_24h,no2,no2_24h,so2,so2_24h,co,co_24h"
)
UCI = "No,year,month,day,hour,PM2.5,PM10,SO2,NO2,CO,O3,TEMP,PRES,DEWP,RAIN,wd,WSPM,station"
CITIES = (
    "No,year,month,day,hour,season,PM_Dongsi,PM_US Post,DEWP,HUMI,PRES,TEMP,cbwd,Iws,precipitation,"
    "Iprec"
)


def test_station_hours(tmp_path: Path) -> None:
    path = write(
        tmp_path, "衡水.csv", STATION,
        "20200402,08,电机北厂,70,良,细颗粒物(PM2.5),51,56,0.6,14,62,66,6",
        "20200402,08,市环保局,NaN,,NaN,NaN,NaN,NaN,NaN,NaN,NaN,NaN",
        '20200402,08,市城管局(181124启用),139,轻度污染,"细颗粒物(PM2.5),臭氧1小时",106,137,1.5,70,17,18,22',
        "20200402,08,电机北厂,70,良,细颗粒物(PM2.5),51,56,0.6,14,62,66,6",
        "20200403,00,电机北厂,60,良,颗粒物(PM10),20,NaN,0.6,14,62,66,6",
        "20200403,00,电机北厂,61,良,颗粒物(PM10),21,NaN,0.6,14,62,66,6",
        "20200403,25,电机北厂,61,良,颗粒物(PM10),21,NaN,0.6,14,62,66,6",
    )  # fmt: skip
    parsed = parse(path, station_hourly.LAYOUT)
    rows = hours(parsed)
    assert rows["time"].tolist() == [
        pd.Timestamp("2020-04-02 08:00"), pd.Timestamp("2020-04-02 08:00"),
        pd.Timestamp("2020-04-03 00:00"),
    ]  # fmt: skip
    assert rows["known_from"].equals(rows["time"])
    assert rows["o3_1h"].tolist() == [62, 17, 62]
    assert rows["flag"].tolist() == ["", "", "conflicting"]
    assert set(rows["region"]) == {"衡水"}
    assert parsed.notes.duplicates == 1
    assert reasons(parsed) == [(7, "date", "2020-04-03 00:00"), (8, "date", "20200403")]
    assert parsed.rows_read == 7
    places = parsed.places
    assert places is not None
    by_name = places.set_index("place")
    assert by_name.loc["市城管局(181124启用)", "valid_from"] == pd.Timestamp("2018-11-24")
    assert len(places) == 3
    assert parsed.ignored == ("AQI", "Level", "PrimaryPollution", "O3_8h")


def test_control_points_are_known_by_their_name(tmp_path: Path) -> None:
    path = write(
        tmp_path, "太原.csv", STATION,
        "20200408,03,上兰(对照点),73,良,细颗粒物(PM2.5),53,67,0.6,16,87,93,7",
        "20200408,03,巨轮(启用181031),63,良,颗粒物(PM10),16,76,0.4,9,103,90,4",
    )  # fmt: skip
    places = parse(path, station_hourly.LAYOUT).places
    assert places is not None
    assert dict(zip(places["place"], places["role"], strict=True)) == {
        "上兰(对照点)": "control", "巨轮(启用181031)": "evaluation",
    }  # fmt: skip


def test_a_closed_station_repeats_its_last_reading(tmp_path: Path) -> None:
    lines = []
    for hour in range(8, 20):
        lines += [
            f"20200402,{hour:02},{name},70,良,NaN,{hour},56,0.6,14,62,66,6" for name in "甲乙丙"
        ]
        lines.append("20170511,10,丁,70,良,NaN,33,56,0.6,14,62,66,6")
    parsed = parse(write(tmp_path, "甲市.csv", STATION, *lines), station_hourly.LAYOUT)
    assert set(hours(parsed)["place"]) == {"甲", "乙", "丙"}
    quarantine = parsed.notes.quarantine()
    assert len(quarantine) == 12
    assert set(quarantine["value"]) == {"20170511 10"}
    assert "repeats an old reading" in quarantine["reason"].iloc[0]


def test_an_old_part_of_a_long_file_is_not_stale() -> None:
    """A station that closed early in an archive has only old lines, among others as old."""
    hour = np.timedelta64(3600, "s")
    moments = np.repeat(np.datetime64("2015-01-01", "s") + np.arange(500) * hour, 3)
    place = pd.Series(["甲", "乙", "丙"] * 500)
    place[4] = "丁"
    assert not stale(place, moments).any()


@pytest.mark.parametrize(
    ("city", "read", "kept"),
    [("衡水", 475, 372), ("黔东南州", 297, 188), ("太原", 1188, 1034), ("保定", 576, 555)],
)
def test_real_station_hours(real_data: Path, city: str, read: int, kept: int) -> None:
    parsed = parse(real_data / f"air/station_hourly/{city}.csv", station_hourly.LAYOUT)
    assert parsed.rows_read == read
    assert len(hours(parsed)) == kept
    assert len(parsed.notes.quarantine()) == 0
    if city == "衡水":
        first = hours(parsed).iloc[0]
        assert (first["place"], first["pm25"], first["pm10"]) == ("电机北厂", 51, 56)


def national(*rows: str) -> tuple[str, ...]:
    return (NATIONAL, *rows)


def test_national_hours(tmp_path: Path) -> None:
    path = write(
        tmp_path, "2022-01-02T00.csv",
        *national(
            "2022-01-02T00:00:00,1001A,116.3621,39.8784,北京市,万寿西宫,,18,16,61,6,29,69,57,63,60,12,45,3,6,0.3,0.8",
            "2022-01-02T00:00:00,1002A,116.2202,40.2915,北京市,定陵(对照点),,20,11,44,0,20,73,64,70,68,2,23,3,2,0.1,0.4",
            '2022-01-02T00:00:00,1034A,114.509,38.0457,石家庄市,人民会堂,"颗粒物(PM10),细颗粒物(PM2.5)",88,125,104,65,56,54,5,23,9,64,55,11,12,0.9,1.1',
            "2022-01-02T00:00:00,1132A,126.599,45.7222,哈尔滨市,南岗学府路,,,,,,,,,,,,,,,,",
            "2022-01-02T00:00:00,1133A,0,0,哈尔滨市,松北,,,5,,-1,,9000,,,,12,,3,,0.3,",
        ),
    )  # fmt: skip
    parsed = parse(path, national_hourly_long.LAYOUT)
    rows = hours(parsed).set_index("place")
    # 00:00 closes the first of January: the stamp stays, whoever makes days knows.
    assert set(rows["time"]) == {pd.Timestamp("2022-01-02 00:00")}
    assert rows.loc["1034A", ["region", "pm25", "pm10", "o3_1h", "co"]].tolist() == [
        "石家庄市", 65, 125, 54, 0.9,
    ]  # fmt: skip
    assert rows.loc["1002A", "flag"] == "suspect_zero"
    assert rows.loc["1001A", "flag"] == ""
    assert np.isnan(rows.loc["1133A", "pm25"])
    assert "1132A" not in rows.index
    assert reasons(parsed) == [(6, "o3", "9000"), (6, "pm2_5", "-1")]
    assert parsed.places is not None
    places = parsed.places.set_index("place")
    assert places.loc["1002A", ["role", "name"]].tolist() == ["control", "定陵(对照点)"]
    assert places.loc["1001A", ["longitude", "latitude"]].tolist() == [116.3621, 39.8784]
    assert np.isnan(places.loc["1133A", "longitude"])
    assert set(rows["version"]) == {"realtime"}


def test_national_hours_in_another_unit_stay_out(tmp_path: Path) -> None:
    rows = [
        f"2022-01-02T01:00:00,{n}A,116.3,39.8,北京市,点{n},,,60,,30,,69,,,,12,,3,,{300 + n},"
        for n in range(1001, 1041)
    ]
    with pytest.raises(ContradictionError, match="co"):
        parse(write(tmp_path, "x.csv", *national(*rows)), national_hourly_long.LAYOUT)


def test_a_column_nobody_knows_makes_another_layout(tmp_path: Path) -> None:
    path = write(tmp_path, "x.csv", NATIONAL + ",co_unit", "2022-01-02T01:00:00,1001A" + "," * 21)
    assert not national_hourly_long.LAYOUT.matches(read_sheet(path).head)


def uci_hour(number: int, *, co: str = "300", wind: str = "E", station: str = "Changping") -> str:
    moment = pd.Timestamp("2013-03-01") + pd.Timedelta(hours=number)
    return (
        f"{number + 1},{moment.year},{moment.month},{moment.day},{moment.hour},3,6,13,7,{co},85,"
        f"{number},1020,-19.7,0.5,{wind},2,{station}"
    )


def test_uci_hours_and_weather_days(tmp_path: Path) -> None:
    lines = [uci_hour(n) for n in range(30)]
    lines[2] = uci_hour(2, co="NA", wind="NA")
    path = write(tmp_path, "PRSA_Data_Changping_20130301-20170228.csv", UCI, *lines)
    parsed = parse(path, uci_beijing.LAYOUT)
    rows = hours(parsed)
    assert rows["co"].iloc[0] == 0.3
    assert rows["time"].iloc[0] == pd.Timestamp("2013-03-01 00:00")
    assert set(rows["region"]) == set(parsed.tables["met_daily"]["region"]) == {"北京"}
    assert set(rows["place"]) == {"Changping"}
    assert set(rows["basis"]) == {"standard_state"}
    met = parsed.tables["met_daily"].set_index(["date", "item"])["value"]
    # The hour of 00:00 belongs to February; the first of March has those of 1 to 24.
    assert set(met.index.get_level_values("date")) == {pd.Timestamp("2013-03-01")}
    day = met[pd.Timestamp("2013-03-01")]
    assert day["temp_mean"] == pytest.approx(np.mean(range(1, 25)))
    assert day["precip"] == pytest.approx(12.0)
    assert day["wind_u"] == pytest.approx(-2.0)
    assert day["wind_dir"] == pytest.approx(90.0)
    assert parsed.places is not None
    assert parsed.places["role"].tolist() == ["evaluation"]


def test_uci_with_one_column_of_time(tmp_path: Path) -> None:
    path = write(
        tmp_path, "Dingling.csv",
        "station,datetime,PM2.5,PM10,SO2,NO2,CO,O3,TEMP,PRES,DEWP,RAIN,wd,WSPM",
        "Dingling,2013-03-01 00:00:00,4.0,4.0,3.0,NA,200.0,82.0,-2.3,1020.8,-19.7,0.0,E,0.5",
        "Dingling,2013-03-01 01:00:00,7.0,7.0,3.0,NA,0.2,80.0,-2.5,1021.3,-19.0,0.0,ENE,0.7",
    )  # fmt: skip
    parsed = parse(path, uci_beijing.LAYOUT, region="北京")
    assert hours(parsed)["co"].iloc[0] == 0.2
    # 0.2 can't be µg/m³: it does not enter as 0.0002 mg/m³.
    assert np.isnan(hours(parsed)["co"].iloc[1])
    assert reasons(parsed) == [(3, "CO", "0.2")]
    assert set(hours(parsed)["region"]) == {"北京"}
    assert parsed.places is not None
    assert parsed.places["role"].tolist() == ["control"]


def test_uci_co_that_was_turned_already_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, "x.csv", UCI, *(uci_hour(n, co="0.3") for n in range(12)))
    with pytest.raises(ContradictionError, match="µg/m³"):
        parse(path, uci_beijing.LAYOUT)


def test_real_uci_station(real_data: Path) -> None:
    parsed = parse(
        real_data / "air/beijing_station_hourly_met/Changping.csv.gz", uci_beijing.LAYOUT
    )
    assert parsed.rows_read == 35064
    rows = hours(parsed)
    assert rows.iloc[0][["pm25", "pm10", "so2", "no2", "co", "o3_1h"]].tolist() == [
        3, 6, 13, 7, 0.3, 85,
    ]  # fmt: skip
    assert 0.5 < rows["co"].median() < 2
    met = parsed.tables["met_daily"]
    july = met[(met["item"] == "temp_mean") & (met["date"].dt.month == 7)]
    assert 24 < july["value"].mean() < 29
    assert met.loc[met["item"] == "temp_mean", "date"].nunique() > 1450


def test_uci_cities(tmp_path: Path) -> None:
    lines = [
        f"{n + 1},2015,1,{1 + n // 24},{n % 24},4,{'NA' if n == 3 else 50 + n},{60 + n},-21,43,1021,-11,"
        f"NW,{2 * (n + 1)},{'999990' if n == 5 else 0},0"
        for n in range(26)
    ]
    path = write(tmp_path, "BeijingPM20100101_20151231.csv", CITIES, *lines)
    parsed = parse(path, uci_cities.LAYOUT)
    rows = hours(parsed)
    assert set(rows["region"]) == {"北京"}
    assert set(parsed.tables["met_daily"]["place"]) == {"北京"}
    assert rows.groupby("place").size().to_dict() == {"Dongsi": 25, "US Post": 26}
    met = parsed.tables["met_daily"].set_index(["date", "item"])["value"]
    day = met[pd.Timestamp("2015-01-01")]
    assert day["wind_speed"] == pytest.approx(2.0)
    assert day["rh"] == 43
    assert reasons(parsed) == [(7, "precipitation", "999990")]


def test_uci_older_file_of_the_mission(tmp_path: Path) -> None:
    path = write(
        tmp_path, "PRSA_data_2010.1.1-2014.12.31.csv",
        "No,year,month,day,hour,pm2.5,DEWP,TEMP,PRES,cbwd,Iws,Is,Ir",
        "1,2010,1,1,0,NA,-21,-11,1021,NW,1.79,0,0",
        "25,2010,1,2,0,129,-16,-4,1020,SE,1.79,0,0",
    )  # fmt: skip
    rows = hours(parse(path, uci_cities.LAYOUT))
    assert rows[["region", "place", "pm25"]].to_numpy().tolist() == [["北京", "US Post", 129]]


@pytest.mark.parametrize(
    ("name", "city"), [("Shenyang", "沈阳"), ("Chengdu", "成都"), ("Anshan", "Anshan")]
)
def test_uci_cities_have_the_names_of_other_sources(tmp_path: Path, name: str, city: str) -> None:
    lines = ["1,2015,1,1,0,4,50,60,-21,43,1021,-11,NW,2,0,0"]
    path = write(tmp_path, f"{name}PM20100101_20151231.csv", CITIES, *lines)
    assert set(hours(parse(path, uci_cities.LAYOUT))["region"]) == {city}
