"""NOAA's daily summaries and hourly reports, on faithfully made files with their traps."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from forecast.ingest.files.containers import read_sheet
from forecast.ingest.layouts import noaa_gsod, noaa_isd
from forecast.ingest.parsed import Layout, Parsed, Request

_ALL = (noaa_gsod.LAYOUT, noaa_isd.LAYOUT)


def _csv(rows: Sequence[Sequence[object]], *, quote_all: bool = False) -> bytes:
    out = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL
    csv.writer(out, lineterminator="\n", quoting=quoting).writerows(rows)
    return out.getvalue().encode("utf-8")


def _read(layout: Layout, data: bytes, name: str = "甲市.csv") -> Parsed:
    """Read ``data`` by ``layout``; no other layout of this file may take it."""
    sheet = read_sheet(Path(name), data)
    assert [one.name for one in _ALL if one.matches(sheet.head)] == [layout.name]
    return layout.parse(sheet, Request("x", 2027))


def _value(parsed: Parsed, day: str, item: str, place: str | None = None) -> float:
    rows = parsed.tables["met_daily"]
    found = rows[(rows["date"] == pd.Timestamp(day)) & (rows["item"] == item)]
    if place is not None:
        found = found[found["place"] == place]
    assert len(found) == 1, found
    return float(found["value"].iloc[0])


_GSOD = [
    "STATION",
    "DATE",
    "LATITUDE",
    "LONGITUDE",
    "ELEVATION",
    "NAME",
    "TEMP",
    "TEMP_ATTRIBUTES",
    "DEWP",
    "DEWP_ATTRIBUTES",
    "SLP",
    "SLP_ATTRIBUTES",
    "STP",
    "STP_ATTRIBUTES",
    "VISIB",
    "VISIB_ATTRIBUTES",
    "WDSP",
    "WDSP_ATTRIBUTES",
    "MXSPD",
    "GUST",
    "MAX",
    "MAX_ATTRIBUTES",
    "MIN",
    "MIN_ATTRIBUTES",
    "PRCP",
    "PRCP_ATTRIBUTES",
    "SNDP",
    "FRSHTT",
]


def _gsod(day: str, **changed: object) -> list[object]:
    row: dict[str, object] = dict(
        zip(
            _GSOD,
            ["54000099999", day, "37.7", "115.7", "25.0", "SOME PLACE, CH", "  50.0", "24",
             "  32.0", "24", "1023.4", "24", "020.1", "24", "  5.0", "24", "  10.0", "24", "15.0",
             "999.9", "  68.0", " ", "  32.0", "*", " 0.10", "G", "999.9", "000000"],
            strict=True,
        )
    )  # fmt: skip
    return list((row | changed).values())


def test_gsod_in_metric_units_with_its_marks() -> None:
    rows = [
        _gsod("2020-01-01"),
        _gsod("2020-01-02", TEMP="9999.9", PRCP="99.99", PRCP_ATTRIBUTES=" ", STP="999.9"),
        _gsod("2020-01-03", PRCP=" 0.00", PRCP_ATTRIBUTES="I", STP="985.2"),
        _gsod("2020-01-04", PRCP=" 0.20", PRCP_ATTRIBUTES="A"),
    ]
    parsed = _read(noaa_gsod.LAYOUT, _csv([_GSOD, *rows], quote_all=True))
    expected = {
        "temp_mean": 10.0, "temp_max": 20.0, "temp_min": 0.0, "dew_point": 0.0,
        "pressure_sea": 1023.4, "pressure": 1020.1, "visibility": 8.04672,
        "wind_speed": 10 * 1852 / 3600, "precip": 2.54,
    }  # fmt: skip
    for item, value in expected.items():
        assert _value(parsed, "2020-01-01", item) == pytest.approx(value, abs=1e-9), item
    table = parsed.tables["met_daily"]
    second = set(table[table["date"] == pd.Timestamp("2020-01-02")]["item"])
    assert not {"temp_mean", "precip", "pressure", "wind_gust"} & second
    assert _value(parsed, "2020-01-03", "pressure") == 985.2
    third = set(table[table["date"] == pd.Timestamp("2020-01-03")]["item"])
    assert "precip" not in third
    partly = table[(table["row"] == 5) & (table["item"] == "precip")]
    assert partly["flag"].tolist() == ["utc_day part_of_day"]
    assert parsed.places is not None
    assert parsed.places[["place", "name"]].values.tolist() == [["54000099999", "SOME PLACE, CH"]]


_ISD = [
    "STATION",
    "DATE",
    "SOURCE",
    "LATITUDE",
    "LONGITUDE",
    "ELEVATION",
    "NAME",
    "REPORT_TYPE",
    "CALL_SIGN",
    "QUALITY_CONTROL",
    "WND",
    "CIG",
    "VIS",
    "TMP",
    "DEW",
    "SLP",
    "AA1",
]


def _isd(moment: datetime, **changed: object) -> list[object]:
    row: dict[str, object] = dict(
        zip(
            _ISD,
            ["54000099999", moment.isoformat(), "4", "37.7", "115.7", "25.0", "SOME PLACE, CH",
             "FM-12", "99999", "V020", "270,1,N,0030,1", "99999,9,9,N", "010000,1,9,9", "+0100,1",
             "+0020,1", "10200,1", ""],
            strict=True,
        )
    )  # fmt: skip
    return list((row | changed).values())


def test_isd_days_are_local_and_need_enough_hours() -> None:
    # 16:00 UTC is 00:00 in China: these 24 hours are the 2nd of January.
    start = datetime.fromisoformat("2020-01-01T16:00")
    rows = [
        _isd(start + timedelta(hours=n), TMP=f"+{10 * n:04d},1", AA1="06,0010,9,1" if n in (2, 8, 14, 20) else "")
        for n in range(24)
    ]  # fmt: skip
    # The third has three-hourly reports only; the fourth has too few.
    rows += [
        _isd(datetime.fromisoformat("2020-01-02T18:00") + timedelta(hours=3 * n)) for n in range(8)
    ]
    rows += [
        _isd(datetime.fromisoformat("2020-01-03T18:00") + timedelta(hours=3 * n)) for n in range(5)
    ]
    parsed = _read(noaa_isd.LAYOUT, _csv([_ISD, *rows], quote_all=True))
    assert _value(parsed, "2020-01-02", "temp_mean") == pytest.approx(11.5)
    assert _value(parsed, "2020-01-02", "temp_max") == 23.0
    assert _value(parsed, "2020-01-02", "precip") == 4.0
    assert _value(parsed, "2020-01-02", "wind_speed") == 3.0
    assert _value(parsed, "2020-01-02", "wind_u") == pytest.approx(3.0)
    assert _value(parsed, "2020-01-02", "wind_dir") == 270.0
    assert _value(parsed, "2020-01-02", "visibility") == 10.0
    assert _value(parsed, "2020-01-03", "temp_mean") == 10.0
    table = parsed.tables["met_daily"]
    assert set(table["date"].dt.day) == {2, 3}
    assert "temp_max" not in set(table[table["date"].dt.day == 3]["item"])
    assert set(table[table["item"] == "precip"]["flag"]) == {"day_20_20"}


def test_isd_drops_erroneous_values_and_prefers_the_synoptic_report() -> None:
    start = datetime.fromisoformat("2020-01-01T16:00")
    rows = [_isd(start + timedelta(hours=n)) for n in range(24)]
    rows += [_isd(start + timedelta(minutes=10), REPORT_TYPE="FM-15", TMP="+0400,1")]
    rows += [_isd(start + timedelta(hours=1, minutes=30), REPORT_TYPE="FM-15", TMP="+0400,1")]
    rows[5] = _isd(start + timedelta(hours=5), TMP="+0500,3", WND="999,9,C,0000,1")
    rows[6] = _isd(start + timedelta(hours=6), TMP="+9999,9", WND="999,9,V,0030,1")
    parsed = _read(noaa_isd.LAYOUT, _csv([_ISD, *rows]))
    assert _value(parsed, "2020-01-02", "temp_max") == 10.0
    # Calm has no direction and counts 0; a variable wind has no vector.
    assert _value(parsed, "2020-01-02", "wind_speed") == pytest.approx(23 * 3 / 24)
    assert _value(parsed, "2020-01-02", "wind_u") == pytest.approx(22 * 3 / 23)


def test_isd_field_that_is_not_packed_goes_to_quarantine() -> None:
    start = datetime.fromisoformat("2020-01-01T16:00")
    rows = [_isd(start + timedelta(hours=n)) for n in range(24)]
    rows[3] = _isd(start + timedelta(hours=3), TMP="warm,1")
    parsed = _read(noaa_isd.LAYOUT, _csv([_ISD, *rows]))
    assert parsed.notes.quarantine()[["row", "column"]].values.tolist() == [[5, "TMP"]]
