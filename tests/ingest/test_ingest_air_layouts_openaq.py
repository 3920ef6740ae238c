"""PM2.5 hours of US missions and OpenAQ: made files in their exact form, with their traps."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from read_alone import hours, parse, reasons, write

from forecast.errors import ContradictionError
from forecast.ingest.layouts import airnow, openaq, stateair

STATEAIR = (
    "Notes on the data can be found at the site of the program.",
    "A statement on its use applies to these and all data of the program.",
    "",
    "Site,Parameter,Date (LST),Year,Month,Day,Hour,Value,Unit,Duration,QC Name",
)
AIRNOW = (
    "Site,Parameter,Date (LT),Year,Month,Day,Hour,NowCast Conc.,AQI,AQI Category,Raw Conc.,"
    "Conc. Unit,Duration,QC Name"
)
OPENAQ = "location_id,sensors_id,location,datetime,lat,lon,parameter,units,value"


def test_stateair(tmp_path: Path) -> None:
    path = write(
        tmp_path, "Beijing_2014_HourlyPM25_created20150203.csv", *STATEAIR,
        "Beijing,PM2.5,2014-01-01 00:00,2014,1,1,0,53,µg/m³,1 Hr,Valid",
        "Beijing,PM2.5,2014-01-01 01:00,2014,1,1,1,-999,µg/m³,1 Hr,Missing",
        "Beijing,PM2.5,2014-01-01 02:00,2014,1,1,2,65,µg/m³,1 Hr,Suspect",
        "Beijing,PM2.5,2014-12-31 23:00,2014,12,31,23,-5,µg/m³,1 Hr,Valid",
        "Beijing,PM2.5,2014-12-31 23:00,2014,12,31,23,36,µg/m³,1 Hr,Valid",
        encoding="latin-1",
    )  # fmt: skip
    parsed = parse(path, stateair.LAYOUT)
    rows = hours(parsed)
    # Stamps are the start of the hour: 00:00 is the hour that ends at 01:00.
    assert rows["time"].tolist() == [pd.Timestamp("2014-01-01 01:00")]
    assert rows["pm25"].tolist() == [53]
    assert rows[["region", "place"]].to_numpy().tolist() == [["Beijing", "Beijing US mission"]]
    assert [(row, column) for row, column, _ in reasons(parsed)] == [
        (7, "QC Name"), (8, "Value"), (9, "Date (LST)"),
    ]  # fmt: skip
    assert parsed.notes.missing == 1


def test_stateair_saved_by_a_spreadsheet(tmp_path: Path) -> None:
    """The day in the spreadsheet's order is read from the columns beside it."""
    path = write(
        tmp_path, "x.csv", *STATEAIR,
        "Beijing,PM2.5,2/1/2010 23:00,2010,2,1,23,129,ug/m3,1 Hr,Valid",
    )  # fmt: skip
    rows = hours(parse(path, stateair.LAYOUT))
    assert rows["time"].tolist() == [pd.Timestamp("2010-02-02 00:00")]


def test_a_mission_in_another_unit_is_refused(tmp_path: Path) -> None:
    path = write(
        tmp_path, "x.csv", *STATEAIR, "Beijing,PM2.5,2014-01-01 00:00,2014,1,1,0,53,ppb,1 Hr,Valid"
    )
    with pytest.raises(ContradictionError, match="ppb"):
        parse(path, stateair.LAYOUT)


def test_airnow(tmp_path: Path) -> None:
    path = write(
        tmp_path, "Guangzhou_PM2.5_2021_YTD.csv", AIRNOW,
        "Guangzhou,PM2.5 - Principal,2021-01-01 01:00 AM,2021,01,01,01,11.2,47,Good,7.0,UG/M3,1 Hr,Valid",
        "Guangzhou,PM2.5 - Principal,2021-01-01 12:00 PM,2021,01,01,12,12.6,52,Moderate,14.0,UG/M3,1 Hr,Valid",
        "Guangzhou,PM2.5 - Principal,2021-01-01 01:00 PM,2021,01,01,13,12.6,52,Moderate,-999,UG/M3,1 Hr,Missing",
        "Guangzhou,PM2.5 - Principal,2021-01-01 02:00 PM,2021,01,01,14,12.6,52,Moderate,985,UG/M3,1 Hr,Invalid",
        "Guangzhou,PM2.5 - Principal,2022-01-01 12:00 AM,2022,01,01,00,30.1,90,Moderate,31.0,UG/M3,1 Hr,Valid",
    )  # fmt: skip
    parsed = parse(path, airnow.LAYOUT)
    rows = hours(parsed)
    assert rows["time"].tolist() == [
        pd.Timestamp("2021-01-01 01:00"), pd.Timestamp("2021-01-01 12:00"),
        pd.Timestamp("2022-01-01 00:00"),
    ]  # fmt: skip
    # The 1-hour mean counts, not the NowCast.
    assert rows["pm25"].tolist() == [7, 14, 31]
    assert reasons(parsed) == [(5, "QC Name", "Invalid")]


def test_openaq_archive(tmp_path: Path) -> None:
    path = write(
        tmp_path, "location-7727-20221101.csv", OPENAQ,
        '7727,1,"Beijing-7727",2022-11-01T01:00:00+08:00,39.9,116.4,pm25,µg/m³,51.0',
        '7727,2,"Beijing-7727",2022-11-01T01:00:00+08:00,39.9,116.4,co,µg/m³,600',
        '7727,3,"Beijing-7727",2022-11-01T01:00:00+08:00,39.9,116.4,no2,ppm,0.02',
        '7727,1,"Beijing-7727",2022-10-31T18:00:00Z,39.9,116.4,pm25,µg/m³,52.0',
        '7727,1,"Beijing-7727",2022-11-01T02:00:00+08:00,39.9,116.4,pm25,µg/m³,52.0',
        '7727,9,"Beijing-7727",2022-11-01T02:00:00+08:00,39.9,116.4,pm25,µg/m³,60.0',
        '7727,1,"Beijing-7727",2022-11-01T02:10:00+08:00,39.9,116.4,pm25,µg/m³,58.0',
        '7727,4,"Beijing-7727",2022-11-01T02:00:00+08:00,39.9,116.4,relativehumidity,%,58.0',
        '7727,1,"Beijing-7727",2022-11-01T03:00:00,39.9,116.4,pm25,µg/m³,58.0',
        '7727,1,"Beijing-7727",2022-11-01T04:00:00+08:00,39.9,116.4,pm25,µg/m³,-999',
    )  # fmt: skip
    parsed = parse(path, openaq.LAYOUT, region="北京")
    rows = hours(parsed)
    assert rows["time"].tolist() == [
        pd.Timestamp("2022-11-01 01:00"), pd.Timestamp("2022-11-01 02:00")
    ]  # fmt: skip
    assert rows["pm25"].tolist() == [51, 52]
    assert rows["co"].iloc[0] == 0.6
    assert rows["flag"].tolist() == ["", "conflicting"]
    assert "no2" not in rows
    assert parsed.notes.duplicates == 1
    assert [(row, column) for row, column, _ in reasons(parsed)] == [
        (4, "units"), (7, "datetime"), (8, "datetime"), (10, "datetime"),
    ]  # fmt: skip
    assert "parameter relativehumidity" in parsed.ignored
    assert parsed.places is not None
    assert parsed.places[["longitude", "latitude", "role"]].to_numpy().tolist() == [
        [116.4, 39.9, "other"]
    ]


def test_openaq_api_answer(tmp_path: Path) -> None:
    header = (
        "value,parameter.id,parameter.name,parameter.units,period.label,period.interval,"
        "period.datetimeFrom.local,period.datetimeTo.local"
    )
    path = write(
        tmp_path, "北京.csv", header,
        "51,2,pm25,µg/m³,1hour,01:00:00,2024-01-01T00:00:00+08:00,2024-01-01T01:00:00+08:00",
        "40,2,pm25,µg/m³,1day,24:00:00,2024-01-01T00:00:00+08:00,2024-01-02T00:00:00+08:00",
    )  # fmt: skip
    parsed = parse(path, openaq.LAYOUT)
    rows = hours(parsed)
    assert rows[["region", "place", "pm25"]].to_numpy().tolist() == [["北京", "北京", 51]]
    assert reasons(parsed) == [(3, "period.interval", "24:00:00")]
