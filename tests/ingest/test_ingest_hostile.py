"""Files made to fill the memory or to lie about themselves are refused in one sentence."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from forecast import zip_bounds
from forecast.errors import InputError, TargetError
from forecast.ingest import ingest_paths
from forecast.ingest.files import containers
from forecast.ingest.files.bounds import LONGEST_CELL, MOST_COLUMNS
from forecast.ingest.files.containers import read_sheets
from forecast.ingest.retry import refused_files
from forecast.targets.workbook import import_workbook
from forecast.workspace import Workspace
from forecast.zip_bounds import running_size, unpacks_too_far


def book(rows: list[list[object]]) -> bytes:
    made = openpyxl.Workbook()
    for row in rows:
        made.worksheets[0].append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def with_spaces(data: bytes, name: str, many: int, *, says: int | None = None) -> bytes:
    """Let a member of an archive end in spaces; ``says`` is the size that it claims to have."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:  # fmt: skip
        for member in old.namelist():
            new.writestr(member, old.read(member) + (b" " * many if member == name else b""))
    packed = out.getvalue()
    if says is None:
        return packed
    with zipfile.ZipFile(io.BytesIO(packed)) as made:
        true = made.getinfo(name).file_size
    return packed.replace(struct.pack("<I", true), struct.pack("<I", says))


SHEET = "xl/worksheets/sheet1.xml"
ROWS: list[list[object]] = [["城市", "PM2.5"], ["甲市", 45]]


def test_a_workbook_that_lies_about_its_size(monkeypatch: pytest.MonkeyPatch) -> None:
    data = with_spaces(book(ROWS), SHEET, 5 << 20, says=1000)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.getinfo(SHEET).file_size == 1000
        assert max(running_size(archive)) > 5 << 20
    assert not list_refused("a.xlsx", book(ROWS))
    monkeypatch.setattr(containers, "_LARGE", 1 << 20)
    assert "unpacks to more than" in list_refused("a.xlsx", data)


def list_refused(name: str, data: bytes) -> str:
    """The sentence with which a content is refused; empty where it is read."""
    try:
        list(read_sheets(Path(name), data))
    except InputError as error:
        return error.message
    return ""


LONG = "9" * (LONGEST_CELL + 1)
FITS = "9" * LONGEST_CELL


@pytest.mark.parametrize("cell", [LONG, FITS])
@pytest.mark.parametrize("kind", ["first.csv", "late.csv", "quoted.csv", "a.json", "b.jsonl", "page.html"])  # fmt: skip
def test_a_giant_cell(kind: str, cell: str) -> None:
    many = "甲市,1\n" * 300
    data = {
        "first.csv": f"城市,PM2.5\n甲市,{cell}\n",
        "late.csv": f"城市,PM2.5\n{many}甲市,{cell}\n{many}",
        "quoted.csv": f'城市,PM2.5\n{many}甲市,"{cell}"\n',
        "a.json": json.dumps([{"城市": "甲市", "v": cell}, {"城市": "乙市", "v": "1"}]),
        "b.jsonl": json.dumps({"城市": "甲市", "v": cell}) + '\n{"城市": "乙市", "v": "1"}\n',
        "page.html": f"<table><tr><td>城市</td><td>v</td></tr><tr><td>甲</td><td>{cell}</td></tr></table>",
    }[kind].encode()
    said = list_refused(kind, data)
    if cell is LONG:
        assert "not readable as a table (a cell of 1310" in said
    else:
        assert said == "" or kind == "quoted.csv"


def test_more_columns_than_any_table_has() -> None:
    def wide(columns: int) -> bytes:
        return (",".join(["城市", *["x"] * (columns - 1)]) + "\n").encode() * 3

    assert list_refused("a.csv", wide(MOST_COLUMNS)) == ""
    assert f"has {MOST_COLUMNS + 1} columns" in list_refused("a.csv", wide(MOST_COLUMNS + 1))
    # A short first line does not hide them.
    assert "columns; no table" in list_refused("a.csv", b"title\n" + wide(600_000))


@pytest.mark.parametrize("name", ["=cmd|' C calc'!A0.csv", "[red]$x^{$<script>.csv", "\x1b[31m.csv"])  # fmt: skip
def test_lists_for_people_hold_no_formula(tmp_path: Path, name: str) -> None:
    """A file whose name and cells are formulas is set aside; the lists say so in plain text."""
    ws = Workspace.create(tmp_path / "w")
    folder = tmp_path / "in"
    folder.mkdir()
    file = folder / name
    file.write_text(
        "日期,AQI,PM2.5,PM10,SO2,NO2,CO,O3_8h\n2023-01-01,60,20,50,8,20,0.7,90\n"
        "=HYPERLINK(A1),@x,+y,-z,8,20,0.7,90\n2023-01-03,60,20,50,8,20,0.7,90\n",
        encoding="utf-8",
    )
    ingest_paths(ws, [file])
    (folder / "=none.csv").write_text("=1,@2\n", encoding="utf-8")
    ingest_paths(ws, [folder / "=none.csv"])
    lists = sorted((ws.processed / "quarantine").glob("*.csv"))
    assert len(lists) == 2
    for path in lists:
        cells = pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8-sig")
        for cell in cells.to_numpy().ravel():
            assert not cell.startswith(("=", "@", "+", "-", "\t")), cell
    assert refused_files(ws)["path"].tolist() == [str((folder / "=none.csv").resolve())]


def test_a_workbook_of_targets_that_is_a_trap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a.xlsx"
    file.write_bytes(with_spaces(book(ROWS), SHEET, 5 << 20, says=1000))
    monkeypatch.setattr(zip_bounds, "_LARGE", 1 << 20)
    assert unpacks_too_far(file.read_bytes()) and not unpacks_too_far(book(ROWS))
    assert not unpacks_too_far(b"no archive")
    with pytest.raises(TargetError, match="unpacks to more than"):
        import_workbook(file, [], recorded=datetime(2024, 1, 1, tzinfo=UTC))
