"""Days of weather whose hours stand in two files: at noon, or at midnight of another zone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from raw_rebuild import rebuilt

from forecast.ingest import ingest_paths
from forecast.workspace import Workspace

THEN = pd.Timestamp("2021-02-01 08:00")


def uci(path: Path, first: int, after: int) -> Path:
    """Write hours ``first`` to ``after`` (left out) of a station of Beijing."""
    lines = ["No,year,month,day,hour,PM2.5,PM10,SO2,NO2,CO,O3,TEMP,PRES,DEWP,RAIN,wd,WSPM,station"]
    for hour in range(first, after):
        t = pd.Timestamp("2013-03-01") + pd.Timedelta(hours=hour)
        lines.append(
            f"{hour + 1},{t.year},{t.month},{t.day},{t.hour},{30 + t.hour},{60 + t.hour},5,"
            f"{30 + t.hour % 5},{500 + t.hour * 10},{60 + t.hour},{t.hour / 10 - 1:.1f},"
            f"{1020 + t.hour % 3},-10,0,{'NW' if t.hour < 12 else 'E'},1.5,Dongsi"
        )
    return written(path, lines)


def isd(path: Path, first: int, after: int) -> Path:
    """Write hourly reports of a station, stamped in UTC."""
    lines = [
        "STATION,DATE,SOURCE,LATITUDE,LONGITUDE,ELEVATION,NAME,REPORT_TYPE,CALL_SIGN,QUALITY_CONTROL,"
        "WND,CIG,VIS,TMP,DEW,SLP"
    ]
    for hour in range(first, after):
        t = pd.Timestamp("2020-12-29") + pd.Timedelta(hours=hour)
        lines.append(
            f'"54511099999","{t:%Y-%m-%dT%H:%M:%S}","4","40.08","116.58","35.4","BEIJING","FM-12",'
            f'"99999","V020","320,1,N,0040,1","22000,1,9,N","009900,1,9,9","{t.hour - 50:+05d},1",'
            '"-0150,1","10250,1"'
        )
    return written(path, lines)


def written(path: Path, lines: list[str]) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def weather(ws: Workspace) -> dict[tuple[str, str], float]:
    rows = ws.store.read("met_daily").sort_values("known_from", kind="stable")
    rows = rows.drop_duplicates(["place", "date", "item"], keep="last")
    keys = zip(rows["date"].dt.strftime("%m-%d"), rows["item"], strict=True)
    return dict(zip(keys, rows["value"].round(9), strict=True))


Write = Callable[[Path, int, int], Path]


@pytest.mark.parametrize(("write", "at"), [(uci, 36), (isd, 45)])
def test_days_do_not_depend_on_where_files_end(
    ws: Workspace, tmp_path: Path, write: Write, at: int
) -> None:
    """In one ingest, in two, and with the later file first, the days are those of one file."""
    first = write(tmp_path / "1" / "北京.csv", 0, at)
    second = write(tmp_path / "2" / "北京.csv", at, 120)
    whole = Workspace.create(tmp_path / "whole")
    ingest_paths(whole, [write(tmp_path / "3" / "北京.csv", 0, 120)], now=THEN)
    expected = weather(whole)
    ingest_paths(ws, [first], now=THEN)
    alone = weather(ws)
    assert alone != expected
    report = ingest_paths(ws, [second], now=THEN + pd.Timedelta(days=1))
    assert weather(ws) == expected
    assert report.days > 0
    for name, files in {"one": [first, second], "turned": [second, first]}.items():
        other = Workspace.create(tmp_path / name)
        for number, file in enumerate(files):
            later = THEN + pd.Timedelta(days=0 if name == "one" else number)
            ingest_paths(other, [file], now=later)
        assert weather(other) == expected
    before, after = rebuilt(ws)
    assert before == after


def test_hours_of_other_places_and_whole_days_are_left_alone(ws: Workspace, tmp_path: Path) -> None:
    """A later file of other days makes nothing anew."""
    ingest_paths(ws, [uci(tmp_path / "1" / "a.csv", 0, 36)], now=THEN)
    before = weather(ws)
    ingest_paths(ws, [uci(tmp_path / "2" / "b.csv", 73, 120)], now=THEN + pd.Timedelta(days=1))
    after = weather(ws)
    assert {key: after[key] for key in before} == before
    days = {day for day, _ in after}
    assert "03-02" not in days
