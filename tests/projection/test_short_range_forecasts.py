"""Weather forecasts a run may use: what had been issued by then, from fetched files and tables."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from forecast.errors import InputError
from forecast.fetch.open_meteo import FORECAST
from forecast.runs.short_range_weather import (
    TABLES,
    forecasts_sha256,
    load_forecasts,
    read_table,
)
from forecast.workspace import Workspace

AS_OF = date(2026, 1, 5)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "w")


def put(workspace: Workspace, text: str, name: str = "a.csv", encoding: str = "utf-8") -> Path:
    path = workspace.raw / TABLES / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))
    return path


def fetched(workspace: Workspace, issued: str, first: int, wind: float) -> None:
    days = [f"2026-01-{d:02d}" for d in range(first, first + 4)]
    daily = {"time": days, "wind_speed_10m_mean": [wind] * 4, "weather_code": [3] * 4}
    told = {
        "place": "衡水", "issued": issued,
        "response": {
            "latitude": 37.7, "longitude": 115.7, "daily": daily,
            "daily_units": {"wind_speed_10m_mean": "m/s", "weather_code": "wmo"},
        },
    }  # fmt: skip
    folder = workspace.raw / FORECAST.folder / "37.7_115.7"
    folder.mkdir(parents=True, exist_ok=True)
    name = issued.replace(":", "")
    (folder / f"{name}.forecast").write_text(json.dumps(told), encoding="utf-8")


def test_the_newest_issue_of_the_next_morning_counts_and_none_later(workspace: Workspace) -> None:
    """Issues at 06:00 and at 12:30 of the day after; 23:00 UTC is 07:00 of the next day here."""
    fetched(workspace, "2026-01-05T23:00:00+00:00", 6, 3.0)
    fetched(workspace, "2026-01-06T12:30:00+08:00", 6, 9.0)
    fetched(workspace, "2026-01-04T06:00:00+08:00", 4, 1.0)
    found, said = load_forecasts(workspace, AS_OF, ["衡水市", "保定"])
    assert said == []
    assert list(found) == ["衡水"]
    one = found["衡水"]
    assert one.issued.isoformat() == "2026-01-06T07:00:00"
    assert list(one.daily.columns) == ["wind_speed"]
    assert one.daily["wind_speed"].tolist() == [3.0] * 4
    # Of the issue of the 4th the days after it stay, to be compared with what came.
    assert [str(d.date()) for d in one.earlier.index] == ["2026-01-05", "2026-01-06", "2026-01-07"]
    assert load_forecasts(workspace, date(2026, 1, 3), ["衡水"])[0]["衡水"].issued.day == 4


def test_an_old_issue_says_nothing(workspace: Workspace) -> None:
    fetched(workspace, "2026-01-01T06:00:00+08:00", 1, 3.0)
    assert load_forecasts(workspace, AS_OF, ["衡水"]) == ({}, [])
    assert load_forecasts(workspace, date(2026, 1, 3), ["衡水"])[0] != {}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_table_of_ones_own_is_read_in_any_encoding(workspace: Workspace, encoding: str) -> None:
    put(
        workspace,
        "发布时间,日期,城市,平均气温,风速(m/s),降水量\n"
        "2026-01-06 05:00,2026-01-06,衡水市,-1.5,2.5,0\n"
        "2026-01-06 05:00,2026-01-07,衡水市,0.5,,4\n",
        encoding=encoding,
    )
    found, said = load_forecasts(workspace, AS_OF, ["衡水"])
    assert said == []
    one = found["衡水"]
    assert one.source == "weather_forecasts/a.csv"
    assert one.daily.loc["2026-01-06"].tolist() == [-1.5, 2.5, 0.0]
    assert one.daily["wind_speed"].isna().tolist() == [False, True]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("issued,date,region,wind\n2026-01-05,2026-01-06,衡水,strong\n", "strong"),
        ("issued,date,region,moon\n2026-01-05,2026-01-06,衡水,1\n", "moon"),
        ("date,region,wind\n2026-01-06,衡水,1\n", "issued"),
        ("issued,date,region\n2026-01-05,2026-01-06,衡水\n", "all there are"),
        ("issued,date,region,wind,风速\n2026-01-05,2026-01-06,衡水,1,2\n", "twice"),
        ("issued,date,region,wind\n2026-01-05,2026-01-06,衡水,1\n2026-01-05,2026-01-06,衡水,2\n", "twice"),
        ("issued,date,region,wind\n2026-01-05,,衡水,1\n", "lacks"),
        ("", "can't be read"),
        ('issued,date,region,wind\n2026-01-05,2026-01-06,衡水,1\n1,2,3,4,5,6\n"', "can't be read as CSV"),
        ("issued,date,region,wind\n2026-01-05,2026-01-06T00:00+08:00,衡水,1\n", "time zone"),
        ("issued,date,region,wind\nnow,2026-01-06,衡水,1\n", "issued \"now\" is no date"),
        ("issued,date,region,wind\n2026-01-05,today,衡水,1\n", "date \"today\" is no date"),
        ("issued,date,region,wind\n0001-01-01T00:00+14:00,2026-01-06,衡水,1\n", "is no date"),
        ("issued,date,region,wind\n2026-01-05,2026-01-06,衡水,inf\n", "no finite number"),
        ("issued,date,region,wind\n2026-01-05,2026-01-06,衡水,-2\n", "below 0"),
        ("issued,date,region,rain\n2026-01-05,2026-01-06,衡水,-0.1\n", "below 0"),
        ("issued,date,region,wind\n", "no row"),
    ],
)  # fmt: skip
def test_a_wrong_table_is_left_out_with_its_reason_and_the_rest_is_used(
    workspace: Workspace, text: str, what: str
) -> None:
    path = put(workspace, text, "b.csv")
    put(workspace, "issued,date,region,rain\n2026-01-06T06:00,2026-01-06,衡水,3\n")
    with pytest.raises(InputError, match=what):
        read_table(path)
    found, said = load_forecasts(workspace, AS_OF, ["衡水"])
    assert found["衡水"].daily["precip"].tolist() == [3.0]
    ((zh, en),) = said
    for words in (zh, en):
        assert "data/raw/weather_forecasts/b.csv" in words
        assert "\n" not in words and str(workspace.root) not in words


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("2026-01-06,2026-01-06,沧州,3", "none of its regions is in this run"),
        ("2026-01-06,2026-01-06,衡水,", "has no value"),
        ("2026-01-05,2026-01-05,衡水,3", "no day ahead"),
        ("2027-01-06,2027-01-06,衡水,3", "too late"),
        ("2025-12-01,2026-01-06,衡水,3", "too early"),
    ],
)
def test_a_table_of_no_use_is_told_of(workspace: Workspace, row: str, why: str) -> None:
    put(workspace, f"issued,date,region,rain\n{row}\n")
    _, ((zh, en),) = load_forecasts(workspace, AS_OF, ["衡水"])
    assert "weather_forecasts/a.csv没有可用的日期" in zh
    assert why in en


def test_old_tables_beside_one_that_is_used_are_as_they_should_be(workspace: Workspace) -> None:
    put(workspace, "issued,date,region,rain\n2025-12-01,2025-12-02,衡水,3\n", "old.csv")
    put(workspace, "issued,date,region,rain\n2026-01-06,2026-01-06,衡水,3\n")
    assert load_forecasts(workspace, AS_OF, ["衡水"])[1] == []


def test_a_damaged_fetched_file_is_left_out(workspace: Workspace) -> None:
    fetched(workspace, "2026-01-06T06:00:00+08:00", 6, 3.0)
    folder = workspace.raw / FORECAST.folder / "37.7_115.7"
    (folder / "torn.forecast").write_text('{"issued": "2026', encoding="utf-8")
    found, said = load_forecasts(workspace, AS_OF, ["衡水"])
    assert list(found) == ["衡水"]
    assert len(said) == 1


def test_the_digest_tells_one_forecast_from_another(workspace: Workspace) -> None:
    fetched(workspace, "2026-01-05T06:00:00+08:00", 5, 3.0)
    first, _ = load_forecasts(workspace, AS_OF, ["衡水"])
    again, _ = load_forecasts(workspace, AS_OF, ["衡水"])
    assert forecasts_sha256(first) == forecasts_sha256(again)
    fetched(workspace, "2026-01-06T06:00:00+08:00", 6, 3.0)
    newer, _ = load_forecasts(workspace, AS_OF, ["衡水"])
    assert forecasts_sha256(first) != forecasts_sha256(newer)
