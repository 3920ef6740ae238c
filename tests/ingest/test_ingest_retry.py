"""What was set aside or refused, read again by a new mapping; and raw copies that tell it all again."""

from __future__ import annotations

import gzip
import os
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest
from mutation_seeds import MADE, Seed
from raw_rebuild import rebuilt

from forecast.errors import WorkspaceError
from forecast.ingest import ingest_paths
from forecast.ingest.own_layouts import ingest_mapped, map_file
from forecast.ingest.quality_log import quality
from forecast.ingest.received import RECEIVED, receipts
from forecast.ingest.retry import refused_files
from forecast.workspace import Workspace

#: The writer of made files; its class lives with the fixtures.
Writer = Any

THEN = pd.Timestamp("2023-06-01 08:00")
LATER = pd.Timestamp("2023-07-01 08:00")

_STRANGE = "日子,地方,细颗粒物(ug/m3),一氧化碳(mg/m3)\n"
_MAPPING = """
table = "air_daily"
[match]
header = ["日子", "地方", "细颗粒物(ug/m3)", "一氧化碳(mg/m3)"]
[region]
column = "地方"
[time]
columns = ["日子"]
[items.pm25]
column = "细颗粒物(ug/m3)"
unit = "µg/m³"
[items.co]
column = "一氧化碳(mg/m3)"
unit = "mg/m³"
"""

#: Reads the header layout by hand, with the sign that the city's office puts for a broken value.
_HEADER_MAPPING = """
table = "air_daily"
[read]
missing = ["停电"]
[match]
header = ["日期", "AQI", "质量等级", "PM2.5", "PM10", "SO2", "CO", "NO2", "O3_8h", "排名"]
[time]
columns = ["日期"]
[items.pm25]
column = "PM2.5"
unit = "µg/m³"
[items.pm10]
column = "PM10"
unit = "µg/m³"
"""


def strange(folder: Path, name: str = "怪.csv", days: int = 30) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    lines = [
        f"{day:%Y-%m-%d},某市,{20 + n * 7 % 31},0.{3 + n % 6}"
        for n, day in enumerate(pd.date_range("2022-01-01", periods=days))
    ]
    path.write_text(_STRANGE + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def put_mapping(ws: Workspace, text: str = _MAPPING, name: str = "own") -> None:
    folder = ws.root / "mappings"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.toml").write_text(text, encoding="utf-8")


def test_a_refused_file_is_taken_once_a_mapping_knows_it(ws: Workspace, tmp_path: Path) -> None:
    path = strange(tmp_path / "in")
    assert ingest_paths(ws, [path], now=THEN).exit_code == 1
    assert refused_files(ws)["path"].tolist() == [str(path.resolve())]
    again = ingest_paths(ws, [], retry_quarantine=True, now=LATER)
    assert (again.exit_code, len(again.refused)) == (1, 1)
    put_mapping(ws)
    taken = ingest_paths(ws, [], retry_quarantine=True, now=LATER)
    assert (taken.exit_code, taken.total("new")) == (0, 60)
    assert refused_files(ws).empty
    tables = ws.store.fingerprint()
    done = ingest_paths(ws, [], retry_quarantine=True, now=LATER)
    assert done.files == []
    assert ws.store.fingerprint() == tables
    assert rebuilt(ws) == (tables, tables)


def test_rows_set_aside_are_taken_by_a_new_mapping(ws: Workspace, city: Writer) -> None:
    rows = city.rows(40)
    rows[5][0] = "2016年1月06号"
    rows[7][3] = "停电"
    path = city(rows)
    first = ingest_paths(ws, [path], now=THEN)
    assert first.total("quarantined") == 2
    assert len(quality(ws).quarantine) == 1
    put_mapping(ws, _HEADER_MAPPING)
    assert ingest_paths(ws, [path], now=LATER).already_read
    mapping = ws.root / "mappings" / "own.toml"
    retried = ingest_mapped(ws, [path], mapping, retry_quarantine=True, now=LATER)
    assert retried.exit_code == 0
    assert [file.layout for file in retried.files] == ["mapping_own"]
    # What the layout of the header could read is left to it.
    own = ws.store.read("air_daily").query("source == 'mapping_own'")
    assert 1 <= len(own) <= 3
    assert set(own["row"]) <= {7, 9}
    left = retried.total("quarantined")
    assert left <= 1
    shown = quality(ws).quarantine
    # The list says what is still set aside, not what was.
    assert shown["rows_quarantined"].tolist() == [left] * bool(left)
    lists = list((ws.processed / "quarantine").glob("[0-9a-f]*.csv"))
    assert len(lists) == bool(left)
    tables = ws.store.fingerprint()
    ingest_paths(ws, [], retry_quarantine=True, now=pd.Timestamp("2023-08-01"))
    assert ws.store.fingerprint() == tables
    assert (
        not ws.store.read("air_daily")
        .duplicated(["source", "region", "place", "date", "item"])
        .any()
    )


def test_files_that_are_gone_are_named(ws: Workspace, tmp_path: Path) -> None:
    path = strange(tmp_path / "in")
    ingest_paths(ws, [path, strange(tmp_path / "in", "怪2.csv", 20)], now=THEN)
    path.unlink()
    put_mapping(ws)
    report = ingest_paths(ws, [], retry_quarantine=True, now=LATER)
    assert report.exit_code == 4
    assert [file.path for file in report.refused] == [path.resolve()]
    assert "no longer there" in report.message
    assert report.total("new") == 40


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_map_writes_a_mapping_that_the_next_ingest_finds(
    ws: Workspace, tmp_path: Path, kind: str
) -> None:
    path = strange(tmp_path / "in")
    if kind == "xlsx":
        book = openpyxl.Workbook()
        for line in path.read_text(encoding="utf-8").splitlines():
            book.active.append(line.split(","))
        path = path.with_suffix(".xlsx")
        book.save(path)
    made = map_file(ws, path)
    assert made.path == ws.root / "mappings" / "怪.toml"
    assert made.confirmed
    assert len(made.preview) == 10
    report = ingest_paths(ws, [path], now=THEN)
    assert report.exit_code == 0, report.message
    assert [file.layout for file in report.files] == ["mapping_怪"]
    air = ws.store.air_daily()
    assert set(air["item"]) == {"pm25", "co"}
    assert air.query("item == 'pm25'")["value"].tolist() == [20 + n * 7 % 31 for n in range(30)]
    # A file of the same layout needs no mention either.
    assert ingest_paths(ws, [strange(tmp_path / "in", "又.csv", 31)], now=LATER).exit_code == 0
    assert rebuilt(ws)[0] == rebuilt(ws)[1]


def test_a_database_is_needed_only_once(ws: Workspace, tmp_path: Path) -> None:
    base = tmp_path / "readings.db"
    connection = sqlite3.connect(base)
    connection.execute("create table readings (day text, city text, pm25 real)")
    connection.executemany(
        "insert into readings values (?, '某市', ?)",
        [(f"{day:%Y-%m-%d}", 20 + n % 9)
         for n, day in enumerate(pd.date_range("2022-01-01", periods=20))],
    )  # fmt: skip
    connection.commit()
    connection.close()
    mapping = tmp_path / "base.toml"
    mapping.write_text(
        f"""
table = "air_daily"
[database]
url = "sqlite:///{base.as_posix()}"
query = "select day, city, pm25 from readings order by day"
[region]
column = "city"
[time]
columns = ["day"]
[items.pm25]
column = "pm25"
unit = "µg/m³"
""",
        encoding="utf-8",
    )
    report = ingest_mapped(ws, [], mapping, now=THEN)
    assert (report.exit_code, report.total("new")) == (0, 20)
    assert ingest_mapped(ws, [], mapping, now=LATER).already_read
    base.unlink()
    before, after = rebuilt(ws)
    assert before == after
    assert len(ws.store.air_daily()) == 20


def test_what_a_person_gave_is_given_again(ws: Workspace, city: Writer, tmp_path: Path) -> None:
    """Region, layout and the wish for estimates, for files in and outside data/raw."""
    inside = ws.raw / "mine" / "x.csv"
    inside.parent.mkdir()
    city(city.rows(20)).replace(inside)
    ingest_paths(ws, [inside], region="里市", now=THEN)
    ingest_paths(ws, [city(city.rows(20, seed=2), name="y.csv")], region='外/"市"', now=THEN)
    ingest_paths(ws, [city(city.rows(20, seed=3))], source="city_day_header", now=THEN)
    points = next(seed for seed in MADE if seed.layout == "aqicn_index")
    index = tmp_path / "丁市.csv"
    index.write_bytes(points.data)
    report = ingest_paths(ws, [index], estimate_from_index=True, now=THEN)
    assert report.exit_code == 0
    regions = set(ws.store.air_daily()["region"])
    assert regions == {"里市", '外/"市"', "甲市", "丁市"}
    assert (ws.store.air_daily()["flag"].str.contains("estimate")).any()
    before, after = rebuilt(ws)
    assert set(ws.store.air_daily()["region"]) == regions
    assert before == after


def test_estimates_are_added_to_points_that_were_read_before(ws: Workspace, tmp_path: Path) -> None:
    """No other flag is needed, and the older file's points do not come back over later ones."""
    lines = [f"2021/3/{day},{80 + day},{60 + day},30,20,5,4" for day in range(1, 21)]
    older, newer = tmp_path / "old" / "丁市.csv", tmp_path / "new" / "丁市.csv"
    for path, tenth in ((older, lines[9]), (newer, "2021/3/10,95,70,30,20,9,4")):
        path.parent.mkdir()
        text = "\n".join(["date,pm25,pm10,o3,no2,so2,co", *lines[:9], tenth, *lines[10:]])
        path.write_text(text + "\n", encoding="utf-8")
    ingest_paths(ws, [older], now=THEN)
    assert ingest_paths(ws, [newer], now=LATER).total("corrected") == 2
    points = ws.store.air_daily()
    asked = pd.Timestamp("2023-08-01")
    tried = ingest_paths(ws, [older], estimate_from_index=True, dry_run=True, now=asked)
    assert [file.status for file in tried.files] == ["read"]
    assert len(ws.store.air_daily()) == len(points)
    report = ingest_paths(ws, [older], estimate_from_index=True, now=asked)
    assert [(file.status, file.new, file.corrected) for file in report.files] == [("read", 40, 0)]
    every = ws.store.air_daily()
    estimated = every["flag"].str.contains("estimate")
    assert set(every[estimated]["item"]) == {"pm10", "pm25"}
    kept = every[~estimated].reset_index(drop=True)
    pd.testing.assert_frame_equal(kept, points.reset_index(drop=True))
    again = ingest_paths(ws, [older], estimate_from_index=True, now=asked)
    assert [file.status for file in again.files] == ["already_read"]
    before, after = rebuilt(ws)
    assert before == after


def test_what_a_kill_left_beside_the_lists_is_swept(ws: Workspace, city: Writer) -> None:
    """A list is written in a moment: an old unfinished one has no writer, a new one may have."""
    rows = city.rows(40)
    rows[3][3] = "abc"
    ingest_paths(ws, [city(rows)], now=THEN)
    folder = ws.processed / "quarantine"
    (listed,) = folder.iterdir()
    left, fresh = (
        folder / f".{listed.name}.{mark}.tmp" for mark in ("0123456789ab", "fedcba987654")
    )
    for path in (left, fresh):
        path.write_bytes(b"half")
    os.utime(left, (0, 0))
    ingest_paths(ws, [city(city.rows(5, seed=9), name="乙市.csv")], now=THEN)
    assert set(folder.iterdir()) == {listed, fresh}


def test_a_workbook_of_three_sheets_of_which_one_is_notes(
    ws: Workspace, city: Writer, tmp_path: Path
) -> None:
    book = openpyxl.Workbook()
    book.active.title = "说明"
    book.active.append(["本表由某站导出", ""])
    book.active.append(["联系人", "某某"])
    for name, seed in (("甲市", 1), ("乙市", 2)):
        sheet = book.create_sheet(name)
        for row in [city.header, *city.rows(20, seed=seed)]:
            sheet.append(list(row))
    path = tmp_path / "两市.xlsx"
    book.save(path)
    report = ingest_paths(ws, [path], now=THEN)
    assert report.exit_code == 0
    assert [file.part for file in report.passed_over] == ["说明"]
    assert set(ws.store.air_daily()["region"]) == {"甲市", "乙市"}
    assert refused_files(ws).empty
    assert ingest_paths(ws, [path], now=LATER).exit_code == 0
    before, after = rebuilt(ws)
    assert before == after


def test_corrections_of_files_with_other_names_come_in_their_turn(
    ws: Workspace, city: Writer
) -> None:
    """``a`` was received after ``b``: the alphabet must not decide which value counts."""
    header = "city,date,pm25,source\n"
    for name, value, now in (("b", 30, THEN), ("a", 40, LATER)):
        path = city(name=f"{name}.csv")
        text = header + "".join(
            f"某市,2022-01-{day:02d},{value + day},x\n" for day in range(1, 31)
        )  # fmt: skip
        path.write_text(text, encoding="utf-8")
        report = ingest_paths(ws, [path], now=now)
        assert report.exit_code == 0, report.message
    assert report.total("corrected") == 30
    assert ws.store.air_daily()["value"].iloc[0] == 41
    before, after = rebuilt(ws)
    assert ws.store.air_daily()["value"].iloc[0] == 41
    assert before == after


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "received,path,sha256,region,layout,estimate_from_index\nx,y,z,,,\n"])  # fmt: skip
def test_a_damaged_list_of_receipts_is_one_sentence(ws: Workspace, city: Writer, text: str) -> None:
    (ws.raw / RECEIVED).write_text(text, encoding="utf-8")
    with pytest.raises(WorkspaceError, match="can't be read") as caught:
        ingest_paths(ws, [city()])
    assert "put back a copy" in str(caught.value)


def _seeds() -> list[Seed]:
    return [seed for seed in MADE if not seed.refused]


def test_the_tables_are_rebuilt_from_the_raw_copies_of_every_layout(
    ws: Workspace, city: Writer, tmp_path: Path
) -> None:
    """One file of each made layout, each in a folder that may say the year; four came a day."""
    layouts: dict[str, None] = {}
    seeds = _seeds()
    for day, first in enumerate(range(0, len(seeds), 4)):
        paths = []
        for number, seed in enumerate(seeds[first : first + 4]):
            path = tmp_path / "in" / f"{day}-{number}" / "2022 nitrate" / seed.name
            path.parent.mkdir(parents=True)
            path.write_bytes(seed.data)
            paths.append(path)
        report = ingest_paths(ws, paths, now=THEN + pd.Timedelta(days=day))
        layouts |= dict.fromkeys(file.layout for file in report.read)
    assert len(layouts) >= 20
    known = receipts(ws)
    assert len(known) == len(set(ws.store.files()["path"]))
    before, after = rebuilt(ws)
    assert before == after
    assert receipts(ws) == known


def test_a_folder_that_says_the_year_goes_with_the_copy(ws: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "2021-04"
    folder.mkdir()
    path = folder / "断面.csv"
    path.write_text(
        "省份,流域,断面名称,监测时间,水质类别,pH(无量纲),溶解氧(mg/L),高锰酸盐指数(mg/L),站点情况\n"
        + "".join(f"某省,某河,第{n}断面,04-{10 + n} 08:00,Ⅱ,7.{n},8.{n},2.{n},正常\n" for n in range(9)),
        encoding="utf-8",
    )  # fmt: skip
    report = ingest_paths(ws, [path], region="某市", now=THEN)
    assert report.exit_code == 0, report.message
    assert report.files[0].raw == ws.raw / "water_platform" / "某市" / "2021-04" / "断面.csv"
    before, after = rebuilt(ws)
    assert before == after
    assert set(ws.store.water_samples()["region"]) == {"某市"}
    assert set(ws.store.water_samples()["time"].dt.year) == {2021}


def test_a_damaged_copy_is_named(ws: Workspace, city: Writer) -> None:
    path = city(city.rows(20))
    ingest_paths(ws, [path], now=THEN)
    copy = ws.raw / "city_day_header" / "甲市.csv"
    shutil.rmtree(ws.processed)
    copy.write_bytes(gzip.compress(b"x"))
    report = ingest_paths(ws, [path], now=LATER)
    # The damaged file lies beside a whole one; nothing is written over it.
    assert report.exit_code == 0
    assert report.files[0].raw != copy
