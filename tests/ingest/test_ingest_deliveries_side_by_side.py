"""Deliveries of one source that say different parts, later versions or nothing of a reading."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from raw_rebuild import rebuilt

from forecast.ingest import ingest_paths
from forecast.ingest.quality_log import quality
from forecast.revisions import last_versions, merge_readings
from forecast.tables import HOUR_ITEMS
from forecast.workspace import Workspace

THEN = pd.Timestamp("2024-02-01 08:00")

_NAMES = {"pm25": "PM2.5", "pm10": "PM10", "so2": "SO2", "no2": "NO2", "o3_1h": "O3", "co": "CO"}
_BASE = {"pm25": 30, "pm10": 60, "so2": 8, "no2": 30, "o3_1h": 70, "co": 0.5}
_GASES = ("so2", "no2", "o3_1h", "co")


def hours_file(
    path: Path, items: Sequence[str], day: str = "20240110", hours: Sequence[int] = range(1, 24),
    blank: Sequence[tuple[int, str]] = (), **added: float,
) -> Path:  # fmt: skip
    """Write hours of the wide archive of cities: two cities, each item one line an hour."""
    lines = ["date,hour,type,甲,乙"]
    for hour in hours:
        for item in items:
            value = _BASE[item] + hour * (0.01 if item == "co" else 1) + added.get(item, 0)
            cells = ("", "") if (hour, item) in blank else (f"{value:g}", f"{value * 1.5:g}")
            lines.append(f"{day},{hour},{_NAMES[item]},{cells[0]},{cells[1]}")
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def hours(ws: Workspace) -> pd.DataFrame:
    rows = ws.store.read("air_hourly")
    rows = last_versions(rows, ["source", "region", "place", "time"])
    return rows.sort_values(["place", "time"]).reset_index(drop=True)


def days(ws: Workspace, place: str = "甲") -> dict[str, float]:
    rows = ws.store.air_daily()
    rows = rows[rows["place"] == place]
    return dict(zip(rows["item"], rows["value"], strict=True))


def test_items_of_two_files_stand_beside_each_other(ws: Workspace, tmp_path: Path) -> None:
    """Neither file wipes out what the other says, in one ingest or in two, in either order."""
    pm = hours_file(tmp_path / "in" / "a.csv", ("pm25", "pm10"))
    gas = hours_file(tmp_path / "in" / "b.csv", _GASES)
    first = ingest_paths(ws, [pm], now=THEN)
    assert set(days(ws)) == {"pm25", "pm10"}
    second = ingest_paths(ws, [gas], now=THEN + pd.Timedelta(days=1))
    assert (first.total("new"), second.total("new"), second.total("corrected")) == (46, 46, 0)
    assert second.total("silent") == 0
    rows = hours(ws)
    assert len(rows) == len(ws.store.read("air_hourly")) == 46
    assert rows[list(HOUR_ITEMS)].notna().all().all()
    # What came first of an hour is no correction: it is known from the hour on.
    assert (rows["known_from"] == rows["time"]).all()
    assert set(days(ws)) == {"pm25", "pm10", "so2", "no2", "co", "o3_1h", "o3_8h"}
    together = Workspace.create(tmp_path / "together")
    ingest_paths(together, [gas, pm], now=THEN)
    whole = Workspace.create(tmp_path / "whole")
    ingest_paths(whole, [hours_file(tmp_path / "c.csv", tuple(_NAMES))], now=THEN)
    assert days(ws) == days(together) == days(whole)
    assert together.store.fingerprint(["air_hourly"]) == whole.store.fingerprint(["air_hourly"])
    before, after = rebuilt(ws)
    assert before == after


def test_a_correction_of_some_items_keeps_the_others(ws: Workspace, tmp_path: Path) -> None:
    ingest_paths(ws, [hours_file(tmp_path / "a.csv", tuple(_NAMES))], now=THEN)
    before = days(ws)
    later = THEN + pd.Timedelta(days=2)
    report = ingest_paths(ws, [hours_file(tmp_path / "b.csv", ("pm25",), pm25=10)], now=later)
    assert report.total("corrected") == 46
    after = days(ws)
    assert after == before | {"pm25": before["pm25"] + 10}
    listed = quality(ws, every=True).corrected
    assert set(listed["item"]) == {"pm25"}
    assert len(listed) == 46
    assert days_as_of(ws, later - pd.Timedelta(days=1)) == before


def days_as_of(ws: Workspace, moment: pd.Timestamp) -> dict[str, float]:
    rows = ws.store.air_daily(as_of=moment)
    rows = rows[rows["place"] == "甲"]
    return dict(zip(rows["item"], rows["value"], strict=True))


def test_a_blank_takes_no_hour_back(ws: Workspace, tmp_path: Path) -> None:
    ingest_paths(ws, [hours_file(tmp_path / "a.csv", tuple(_NAMES))], now=THEN)
    before, rows = days(ws), hours(ws)
    blank = [(hour, "pm25") for hour in range(1, 9)] + [(3, "co")]
    again = hours_file(tmp_path / "b.csv", tuple(_NAMES), blank=blank)
    report = ingest_paths(ws, [again], now=THEN + pd.Timedelta(days=1))
    assert (report.total("corrected"), report.total("silent")) == (0, 18)
    assert days(ws) == before
    pd.testing.assert_frame_equal(hours(ws), rows)


def test_a_blank_takes_no_day_back(ws: Workspace, city: Any) -> None:
    """The rule of the hours; a line that is missing says nothing either."""
    lines = city.rows(30)
    ingest_paths(ws, [city(lines)], now=THEN)
    before = ws.store.air_daily()
    again = [list(line) for line in lines if line[0] != "2016-01-20"]
    again[4][3] = again[6][3] = again[6][6] = ""
    report = ingest_paths(ws, [city(again)], now=THEN + pd.Timedelta(days=1))
    assert (report.total("corrected"), report.total("silent")) == (0, 3)
    pd.testing.assert_frame_equal(ws.store.air_daily(), before)


def flow(folder: Path, code: str, *discharge: float) -> Path:
    lines = ["# made", "agency_cd\tsite_no\tdatetime\t1_00060_00003\t1_00060_00003_cd",
             "5s\t15s\t20d\t14n\t10s"]  # fmt: skip
    lines += [f"USGS\t01\t2024-01-0{n}\t{q:g}\t{code}" for n, q in enumerate(discharge, 1)]
    folder.mkdir(exist_ok=True)
    path = folder / "01.rdb"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("order", ["PA", "AP", "PAP", "APA"])
def test_an_audited_value_counts_whenever_it_came(
    ws: Workspace, tmp_path: Path, order: str
) -> None:
    """An older delivery that is read later is no correction of what was audited."""
    files = {
        "P": flow(tmp_path / "P", "P", 101, 102, 105, 106),
        "A": flow(tmp_path / "A", "A", 201, 202, 105, 106),
    }
    for number, word in enumerate(order):
        ingest_paths(ws, [files[word]], now=THEN + pd.Timedelta(days=number))
    rows = ws.store.read("flow_daily")
    last = last_versions(rows, ["source", "region", "place", "date", "item"])
    assert set(last["version"]) == {"audited"}
    assert (last["value"] / 0.028316846592).round(6).tolist() == [201, 202, 105, 106]
    # Both are kept, and only a change of what counted is a correction.
    assert {"realtime"} <= set(rows["version"])
    listed = quality(ws, every=True).corrected
    assert len(listed) == (2 if order[0] == "P" else 0)
    assert (listed["new"] > listed["old"]).all()
    before, after = rebuilt(ws)
    assert before == after


def readings(value: float, version: str, flag: str = "") -> pd.DataFrame:
    time = pd.Timestamp("2024-01-01")
    return pd.DataFrame(
        {
            "source": ["s"], "region": ["甲"], "place": ["甲"], "date": [time], "item": ["pm25"],
            "value": [value], "version": [version], "flag": [flag], "known_from": [time],
            "file_id": ["f"],
        }
    )  # fmt: skip


KEY = ["source", "region", "place", "date", "item"]


def test_a_rejected_value_stays_rejected_when_it_is_confirmed() -> None:
    stored = readings(40, "realtime", "rejected")
    table, outcome = merge_readings(stored, readings(40, "audited"), key=KEY, received=THEN)
    assert outcome["outcome"].tolist() == ["confirmed"]
    assert table["flag"].tolist() == ["rejected", "rejected"]


def test_an_empty_value_takes_one_back_only_where_rows_say_all_there_is() -> None:
    stored = readings(40, "realtime")
    empty = readings(np.nan, "realtime")
    table, outcome = merge_readings(stored, empty, key=KEY, received=THEN)
    assert (outcome["outcome"].tolist(), len(table)) == (["unchanged"], 1)
    table, outcome = merge_readings(stored, empty, key=KEY, received=THEN, whole=True)
    assert outcome["outcome"].tolist() == ["corrected"]
    assert np.isnan(last_versions(table, KEY)["value"].iloc[0])
