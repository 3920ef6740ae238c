"""Files that are damaged or oddly saved, and tables rebuilt from the raw copies."""

from __future__ import annotations

import shutil
import warnings
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pytest

from forecast.errors import InputError
from forecast.ingest import ingest_paths
from forecast.ingest.files.sheet import text_table
from forecast.workspace import Workspace

#: The writer of made files; its class lives with the fixtures.
Writer = Any


def test_blank_columns_at_the_end_of_the_header_mean_nothing(ws: Workspace, city: Writer) -> None:
    path = city([[*row, "", ""] for row in city.rows(40)], header=[*city.header, "", ""])
    report = ingest_paths(ws, [path])
    assert report.exit_code == 0
    assert report.files[0].new == 40 * 7


def test_values_in_a_column_without_a_name_are_refused(ws: Workspace, city: Writer) -> None:
    rows = [[*row, ""] for row in city.rows(40)]
    rows[4][-1] = "?"
    report = ingest_paths(ws, [city(rows, header=[*city.header, ""])])
    assert report.exit_code == 1
    assert "row 6" in report.message
    assert "without a name" in report.message


@pytest.mark.parametrize("closed_at", [None, 60])
def test_a_quotation_mark_too_many_never_swallows_rows(
    ws: Workspace, city: Writer, closed_at: int | None
) -> None:
    path = city()
    lines = path.read_text(encoding="utf-8").split("\n")
    lines[5] = '"' + lines[5]
    if closed_at:
        lines[closed_at] += '"'
    path.write_text("\n".join(lines), encoding="utf-8")
    report = ingest_paths(ws, [path])
    assert report.exit_code == 1
    assert "line 6" in report.message
    assert ws.store.files().empty


def test_a_column_given_twice_is_named(ws: Workspace, city: Writer) -> None:
    path = city([[*row, row[3]] for row in city.rows(40)], header=[*city.header, "PM2.5"])
    report = ingest_paths(ws, [path])
    assert report.exit_code == 1
    assert "more than one column PM2.5" in report.message


def test_a_file_without_a_name_has_no_region(ws: Workspace, city: Writer) -> None:
    path = city(name=".csv")
    assert "--region" in ingest_paths(ws, [path]).message
    assert ingest_paths(ws, [path], region="甲市").exit_code == 0


def workbook(path: Path, city: Writer) -> Path:
    book = openpyxl.Workbook()
    for row in [city.header, *city.rows(40)]:
        book.active.append(list(row))
    book.save(path)
    return path


@pytest.mark.parametrize(
    "part", ["sheet1.xml", "[Content_Types].xml", "workbook.xml", "styles.xml"]
)
@pytest.mark.parametrize("damage", ["cut", "junk", "gone"])
def test_a_damaged_workbook_is_one_sentence(
    ws: Workspace, city: Writer, tmp_path: Path, part: str, damage: str
) -> None:
    whole = zipfile.ZipFile(workbook(tmp_path / "whole.xlsx", city))
    path = tmp_path / "甲市.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as broken:
        for name in whole.namelist():
            data = whole.read(name)
            if name.endswith(part):
                if damage == "gone":
                    continue
                data = data[: len(data) // 2] if damage == "cut" else b"<x/>junk"
            broken.writestr(name, data)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        report = ingest_paths(ws, [path])
    assert report.exit_code in (0, 1)
    assert (report.exit_code == 0) == (not report.message)


def test_rotten_bytes_in_a_workbook_are_one_sentence(
    ws: Workspace, city: Writer, tmp_path: Path
) -> None:
    data = bytearray(workbook(tmp_path / "甲市.xlsx", city).read_bytes())
    for at in range(40, len(data), 97):
        data[at] ^= 255
    (tmp_path / "甲市.xlsx").write_bytes(data)
    report = ingest_paths(ws, [tmp_path / "甲市.xlsx"])
    assert report.exit_code == 1
    assert "not a readable XLSX workbook" in report.message


def test_tables_rebuilt_from_the_raw_copies_say_the_same(ws: Workspace, city: Writer) -> None:
    """Corrections come in their order and with their receipt, whatever their hashes are."""
    rows = city.rows(10)
    ingest_paths(ws, [city(rows)], now=pd.Timestamp(2016, 2, 1))
    for month in (3, 4, 5):
        rows[2][3] = str(30 + month)
        report = ingest_paths(ws, [city(rows)], now=pd.Timestamp(2016, month, 1))
        assert report.files[0].corrected == 1
    before = ws.store.fingerprint()
    shutil.rmtree(ws.processed)
    again = ingest_paths(ws, [ws.raw], now=pd.Timestamp(2020, 1, 1))
    assert again.exit_code == 0
    assert ws.store.fingerprint() == before
    pm25 = ws.store.air_daily(date(2016, 4, 15)).query("item == 'pm25'")["value"]
    assert pm25.iloc[2] == 34
    assert ws.store.air_daily().query("item == 'pm25'")["value"].iloc[2] == 35


def test_the_folders_that_the_program_writes_are_no_input(ws: Workspace, city: Writer) -> None:
    rows = city.rows(40)
    rows[3][3] = "abc"
    ingest_paths(ws, [city(rows)])
    assert list((ws.processed / "quarantine").glob("*.csv"))
    report = ingest_paths(ws, [ws.root])
    assert report.exit_code == 0
    assert [file.status for file in report.files] == ["already_read"]


def test_a_text_table_keeps_its_cells_and_rows() -> None:
    table = text_table("t.csv", "ph, do,x,,\r\n7, 8 ,,,\r\n\r\n,,\r\n6\r\n".encode("utf-8-sig"))
    assert table.columns.tolist() == ["ph", "do", "x"]
    assert table.to_numpy().tolist() == [["7", " 8 ", ""], ["", "", ""], ["6", "", ""]]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"ph,do\n7,8,2\n", "line 2: 3 cells where the header has 2"),
        (b"ph,ph\n7,8\n", "more than one column ph"),
        (b'ph,do\n7,"8\n', "line 2"),
        (b"\n \n", "is empty"),
        (b"PK\x03\x04junk", "not a text file"),
        (b"ph\x00\n7\n", "not a text file"),
    ],
)
def test_what_is_no_text_table(data: bytes, said: str) -> None:
    with pytest.raises(InputError, match=said):
        text_table("t.csv", data)
