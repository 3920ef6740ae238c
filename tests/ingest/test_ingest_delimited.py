"""Text to cells: encodings, delimiters, lines before the table, quotation marks, line numbers."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.errors import InputError
from forecast.ingest.files import delimited
from forecast.ingest.files.containers import read_sheet
from forecast.ingest.files.decoding import decoded
from forecast.ingest.files.delimited import read_delimited
from forecast.ingest.files.sheet import Sheet

STATEAIR = (
    "A fact sheet with definitions can be found at a page.\n"
    "The use statement applies to these data, to all of them, and to all available.\n"
    "\n"
    "Site,Parameter,Date (LST),Year,Month,Day,Hour,Value,Unit,Duration,QC Name\n"
    "甲,PM2.5,2014-01-01 00:00,2014,1,1,0,53,µg/m³,1 Hr,Valid\n"
    "甲,PM2.5,2014-01-01 01:00,2014,1,1,1,65,µg/m³,1 Hr,Valid\n"
).replace("甲", "Site A")


def read(text: str | bytes) -> Sheet:
    return read_sheet(Path("a.csv"), text if isinstance(text, bytes) else text.encode())


def cells(sheet: Sheet) -> list[list[str]]:
    return sheet.cells.to_numpy().tolist()


TEXT = "日期,质量等级,PM2.5\n2016-01-01,轻度污染,120\n2016-01-02,良,60\n"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "gb18030", "gbk"]
)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends(encoding: str, end: str) -> None:
    data = TEXT.replace("\n", end).encode(encoding)
    if encoding == "utf-16-le":
        data = b"\xff\xfe" + data
    assert cells(read(data)) == [line.split(",") for line in TEXT.split()]


def test_western_text_never_becomes_chinese() -> None:
    sheet = read(STATEAIR.encode("latin-1"))
    assert sheet.encoding == "latin-1"
    assert sheet.cells.index.tolist() == [1, 2, 4, 5, 6]
    body = sheet.named(header=4)
    assert body["Unit"].tolist() == ["µg/m³", "µg/m³"]
    assert body["Value"].tolist() == ["53", "65"]
    assert sheet.ragged == {}
    # These bytes are valid GB18030 too: b5 67 would be a character.
    alone = read("a,µg per m\n1,2\n".encode("latin-1"))
    assert cells(alone)[0] == ["a", "µg per m"]
    assert cells(read("a,€\n1,2\n".encode("cp1252")))[0] == ["a", "€"]


@pytest.mark.parametrize(
    "text",
    [
        "PM2.5(µg/m³),b\n1,2\n",
        "城市,PM2.5(µg/m³)\n甲,2\n",
        "TP(㎎/L),b\n1,2\n",
        "朱镕堃喆,b\n1,2\n",
        "城市,备注\n濮阳,中1中2é\n",
    ],
)
def test_chinese_text_never_becomes_western(text: str) -> None:
    assert decoded("a", text.encode("gb18030")) == ("gb18030", text.encode())


def test_utf_8_with_damaged_bytes_is_not_read_as_something_else() -> None:
    data = bytearray(TEXT.encode())
    del data[TEXT.encode().index("污".encode())]
    with pytest.raises(InputError, match="damaged bytes; the first are in line 2"):
        read(bytes(data))
    with pytest.raises(InputError, match="neither UTF-8 nor GB18030"):
        read("城市,值\n".encode("gbk") * 9 + b"\xff\xff\xff\n")


def test_full_width_characters_and_escapes() -> None:
    sheet = read(
        "日期（ＵＴＣ）,ＰＭ２．５,备注，注\n２０１６－０１－０１,１２,<U+5317><U+4EAC>　\n"
    )
    assert cells(sheet) == [["日期(UTC)", "PM2.5", "备注,注"], ["2016-01-01", "12", "北京"]]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("a\tb\n1,5\t2\n", [["a", "b"], ["1,5", "2"]]),
        ("a;b\n1,5;2,5\n", [["a", "b"], ["1,5", "2,5"]]),
        ("# made for, by; and of\n# x\n#\na\tb\n5s\t9s\n1\t2\n3\t4\n",
         [["# made for, by; and of", ""], ["# x", ""], ["#", ""], ["a", "b"], ["5s", "9s"],
          ["1", "2"], ["3", "4"]]),
        ("sep=;\na;b\n1;2\n", [["a", "b"], ["1", "2"]]),
        ('"a, b";c\n1;2\n', [["a, b", "c"], ["1", "2"]]),
        ("a\n1\n\n2\n", [["a"], ["1"], ["2"]]),
    ],
)  # fmt: skip
def test_delimiters(text: str, wanted: list[list[str]]) -> None:
    assert cells(read(text)) == wanted


def test_rows_that_lost_a_cell_are_no_preamble() -> None:
    full = "甲,2016-01-01,5,6\n" * 5
    sheet = read("甲,5,6\n" + full)
    assert sheet.ragged == {1: 3}
    assert len(sheet.cells) == 5
    # A header with more names than the rows have cells: no row can be trusted.
    sheet = read("city,date,pm25,pm10,so2\n" + full)
    assert cells(sheet) == [["city", "date", "pm25", "pm10", "so2"]]
    assert list(sheet.ragged) == [2, 3, 4, 5, 6]
    # And fewer names than cells: the values beyond have no name.
    with pytest.raises(InputError, match="row 2 has a value in a column without a name"):
        read("city,date,pm25\n" + full).named()


def test_lines_are_counted_as_an_editor_counts_them() -> None:
    text = 'a,b\n\n1,"x\ny"\n,\n2,3\n4\n5,6,,\n7,8,9\n'
    sheet = read(text)
    assert sheet.cells.index.tolist() == [1, 4, 6, 8]
    assert sheet.ragged == {7: 1, 9: 3}
    assert cells(sheet)[1] == ["1", "x\ny"]


@pytest.mark.parametrize(
    "text", ['a,b\n1,"2\n3,4\n', 'a,b\n1,"2"x\n', 'a,b\n1,"2\n' + "3,4\n" * 50]
)
def test_quotation_marks_that_do_not_match(text: str) -> None:
    with pytest.raises(InputError, match="line 2: not readable as a table"):
        read(text)


_CELL = st.sampled_from(
    ["", "1", "-2.5", "甲", " x ", '"', '""', "a,b", '"a,b"', '"甲"', "\ufeff", "１"]
)
_LINE = st.lists(_CELL, max_size=5).map(",".join)


@given(st.lists(_LINE, min_size=1, max_size=12), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_the_quick_way_and_the_careful_way_agree(lines: list[str], end: str, last: bool) -> None:
    text = decoded("a", (end.join(lines) + end * last).encode())[1]
    quick = delimited._quick(text, ",", 0)
    if quick is None:
        return
    careful = delimited._careful("a", text, ",", 0).grid("x")
    found = quick.grid("x")
    assert found.cells.to_numpy().tolist() == careful.cells.to_numpy().tolist()
    assert found.cells.index.tolist() == careful.cells.index.tolist()
    assert found.ragged == careful.ragged


@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_characters="\x00", codec="utf-8"), max_size=5),
                 min_size=3, max_size=3),
        min_size=2, max_size=8,
    )
)  # fmt: skip
def test_what_was_written_is_read(rows: list[list[str]]) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([["k", *row] for row in rows])
    try:
        grid = read_delimited("a", out.getvalue().encode())
    except InputError:
        # A cell of many line ends looks like a quotation mark too many.
        assert any(sum(cell.count(c) for c in "\r\n") > 3 for row in rows for cell in row)
        return
    wanted = [[" ".join(cell.split()) for cell in row] for row in rows]
    found = [[" ".join(cell.split()) for cell in row[1:]] for row in cells_of(grid)]
    assert [[plain(cell) for cell in row] for row in found] == [
        [plain(cell) for cell in row] for row in wanted
    ]


def cells_of(grid: delimited.Grid) -> list[list[str]]:
    return grid.cells.to_numpy().tolist()


def plain(cell: str) -> str:
    """What is left when every change that reading may make has been made."""
    return "".join(
        chr(ord(c) - 0xFEE0) if "！" <= c <= "～" else c
        for c in cell
        if not c.isspace() and c not in "\ufeff\x1a"
    )


def test_blocks_give_the_same_as_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = ["city,date,pm25", *(f'"甲{i}",2016-01-{i % 28 + 1:02},{i}' for i in range(500))]
    lines[100] += ","
    lines[200] = "x"
    lines[300] = ""
    text = "\n".join(lines).encode()
    whole = read_delimited("a", text)
    monkeypatch.setattr(delimited, "_BLOCK", 1000)
    small = read_delimited("a", text)
    assert small.cells.equals(whole.cells)
    assert small.ragged == whole.ragged == {201: 1}
    assert 301 not in small.cells.index and 101 in small.cells.index
    monkeypatch.setattr(delimited, "_quick", lambda *_: None)
    monkeypatch.setattr(delimited, "_ROWS", 64)
    assert read_delimited("a", text).cells.equals(whole.cells)


def test_a_header_below_the_first_line() -> None:
    sheet = read("标题,,\n城市,值,\n甲,5,\n")
    assert sheet.first == ("标题",)
    assert sheet.named(header=2).columns.tolist() == ["城市", "值"]
    assert sheet.named(header=2).index.tolist() == [3]
    with pytest.raises(InputError, match="more than one column x"):
        read("t,\nx,x\n1,2\n").named(header=2)
