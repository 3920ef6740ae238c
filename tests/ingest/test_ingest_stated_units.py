"""Units that a table states in a line below its header, in a title, or in a note at its end."""

from __future__ import annotations

from pathlib import Path

import pytest

from forecast.errors import ContradictionError
from forecast.ingest.detect import layout_of
from forecast.ingest.files.containers import read_sheet
from forecast.ingest.files.sheet import Sheet
from forecast.ingest.mapping.load import read_mapping
from forecast.ingest.mapping.propose import propose
from forecast.ingest.mapping.rows import read_mapped
from forecast.ingest.parsed import Parsed, Request

HEADER = "日期,AQI,质量等级,PM2.5,PM10,SO2,CO,NO2,O3_8h,排名"
LINES = "".join(
    f"2016-01-{d:02},80,良,{50 + d},{80 + d},{9 + d},0.{d % 8 + 1},40,60,3\n" for d in range(1, 31)
)


def sheet(text: str, name: str = "甲市.csv") -> Sheet:
    return read_sheet(Path(name), text.encode("utf-8"))


def parsed(text: str) -> Parsed:
    one = sheet(text)
    return layout_of(one).parse(one, Request("甲市", 2030))


@pytest.mark.parametrize(
    ("below", "end", "said"),
    [
        (",,,mg/m3,mg/m3,ug/m3,mg/m3,ug/m3,ug/m3,\n", "", "row 2 says mg/m³ for column PM2.5"),
        (",,,ug/m3,ug/m3,ppb,ppm,ppb,ppb,\n", "", "row 2 says ppb for column SO2"),
        ("", "注：SO2、NO2、O3单位为ppb\n", "row 32 says ppb for column SO2"),
        ("", "注:SO₂单位为ppb,,,,,,,,,\n", "row 32 says ppb for column SO2"),
        ("", "单位：毫克/立方米,,,,,,,,,\n", "row 32 says mg/m³ for column PM2.5"),
        ("", "备注,二氧化氮(ppm),,,,,,,,\n", "row 32 says ppm for column NO2"),
    ],
)
def test_another_unit_is_refused(below: str, end: str, said: str) -> None:
    with pytest.raises(ContradictionError) as caught:
        parsed(f"{HEADER}\n{below}{LINES}{end}")
    assert said in str(caught.value)
    assert "write the unit into the header" in caught.value.cure


@pytest.mark.parametrize(
    ("below", "end"),
    [
        (",,,ug/m3,μg/m³,微克/立方米,mg/m3,ug/m3,ug/m3,\n", ""),
        ("", "注:单位为μg/m3，CO为mg/m3\n"),
        ("", "单位:CO为mg/m3,其余为μg/m3\n"),
        ("", "说明:25℃下 1 ppb SO2 = 2.62 μg/m3\n"),
        ("", "数据来源:某站\n"),
    ],
)
def test_the_same_unit_and_words_change_nothing(below: str, end: str) -> None:
    found = parsed(f"{HEADER}\n{below}{LINES}{end}")
    assert len(found.tables["air_daily"]) == 7 * 30
    assert len(found.notes.quarantine()) == (1 if end else 0)
    assert found.rows_read == 30 + (1 if end else 0)


def test_hours_of_stations_say_another_unit() -> None:
    head = "Date,Hour,WatchPoint,AQI,Level,PrimaryPollution,PM2.5,PM10,CO,NO2,O3_1h,O3_8h,SO2\n"
    lines = "".join(f"20200402,{h:02},甲站,70,良,,51,56,0.6,14,62,66,6\n" for h in range(24))
    units = ",,,,,,ug/m3,ug/m3,mg/m3,ppb,ppb,ppb,ppb\n"
    with pytest.raises(ContradictionError, match="row 2 says ppb for column no2"):
        parsed(head + units + lines)
    found = parsed(head + units.replace("ppb", "ug/m3") + lines)
    assert len(found.tables["air_hourly"]) == 24 and found.notes.quarantine().empty


MAPPED = HEADER.replace("日期", "监测日期")


@pytest.mark.parametrize(
    ("text", "without"),
    [
        (f"单位:SO2为ppb\n{MAPPED}\n{LINES}", {"so2"}),
        (f"{MAPPED}\n,,,ug/m3,ug/m3,ppb,ppm,ppb,ppb,\n{LINES}", {"so2", "co", "no2", "o3_8h"}),
        (f"{MAPPED}\n{LINES}注:SO2、NO2、O3单位为ppb\n", {"so2", "no2", "o3_8h"}),
    ],
)
def test_a_mapping_is_never_proposed_against_a_statement(text: str, without: set[str]) -> None:
    proposal = propose(sheet(text))
    assert not proposal.mapping.confirmed
    assert {"so2", "co", "no2", "o3_8h"} - set(proposal.mapping.items) == without
    assert any("has no exact way to µg/m³: not used" in note for note in proposal.notes)


def test_a_stated_unit_with_a_way_is_proposed_and_has_to_be_confirmed() -> None:
    proposal = propose(sheet(f"单位:mg/m3\n{MAPPED}\n{LINES}"))
    assert not proposal.mapping.confirmed
    assert proposal.mapping.items["pm25"].unit == "mg/m³"
    assert any("row 1 says mg/m³" in note for note in proposal.notes)


def test_a_mapping_is_held_to_the_statement_of_the_file() -> None:
    toml = (
        'table = "air_daily"\n[match]\nheader = ["监测日期", "PM2.5"]\n[time]\n'
        'columns = ["监测日期"]\n[items.pm25]\ncolumn = "PM2.5"\nunit = "mg/m³"\n'
    )
    mapping = read_mapping(toml, name="a", where="a.toml")
    lines = "".join(f"2016-01-{d:02},0.0{30 + d}\n" for d in range(1, 31))
    found = read_mapped(mapping, sheet(f"监测日期,PM2.5\n,(mg/m3)\n{lines}"), Request("甲市", 2030))
    assert found.tables["air_daily"]["value"].tolist()[:2] == [31.0, 32.0]
    assert found.notes.quarantine().empty
    with pytest.raises(ContradictionError, match="row 2 says µg/m³"):
        read_mapped(mapping, sheet(f"监测日期,PM2.5\n,ug/m3\n{lines}"), Request("甲市", 2030))
