"""The review as a workbook: real numbers shown as printed, no formulas, the same bytes twice."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_review import CLEAN, NOTICE, both, drawing, long_table, review, wide_table

from forecast.errors import WorkspaceError
from forecast.report.document import Cell, Column, FigureBlock, Language, TableBlock, cell
from forecast.report.review_cells import entry_of
from forecast.report.review_sheets import sheet_names
from forecast.report.review_workbook import write_review_workbook
from forecast.report.words import Pair


def read(path: Path) -> Any:
    return openpyxl.load_workbook(path)


@pytest.fixture
def book(tmp_path: Path) -> Any:
    path = tmp_path / "review.xlsx"
    write_review_workbook(review(long_table(), wide_table()), path, "zh")
    return read(path)


def test_one_sheet_a_table_and_a_figure_under_allowed_names(book: Any) -> None:
    assert book.sheetnames == [
        "目录", "表1 主要目标完成情况", "表2 存疑数据", "表3 断面 类别 甲 乙", "表4 名次", "图1 天数",
    ]  # fmt: skip


def test_contents_link_to_every_sheet(book: Any) -> None:
    sheet = book["目录"]
    links = {c.hyperlink.location for row in sheet.iter_rows() for c in row if c.hyperlink}
    assert links == {f"'{name}'!A1" for name in book.sheetnames[1:]}
    words = [str(c.value) for row in sheet.iter_rows() for c in row if c.value is not None]
    for text in (
        "衡水市评价报告",
        NOTICE.zh,
        "2024",
        "20250630-3f9a1c",
        "2025年7月3日",
        "环境空气",
    ):
        assert text in words


def test_numbers_are_numbers_with_the_format_of_their_places(book: Any) -> None:
    sheet = book["表1 主要目标完成情况"]
    assert [c.value for c in sheet[3]] == [
        "指标",
        "实绩\n（µg/m³）",
        "同比\n（%）",
        "天数\n（天）",
        "结论",
    ]
    first, second = sheet[4], sheet[5]
    assert (first[1].value, first[1].number_format, first[1].font.bold) == (40.5, "0.0", True)
    # Printed -3.2: halves go to even there, and up in Excel.
    assert (first[2].value, first[2].number_format) == (-3.2, "0.0")
    assert (second[2].value, second[2].number_format) == (0.8, "+0.0;-0.0;0.0")
    assert (first[3].value, second[1].value) == (260, "—")
    assert first[4].fill.fgColor.rgb == "FFC0392B" and first[4].font.color.rgb == "FFFFFFFF"
    assert sheet["A7"].value == "注：含沙尘日（见图1）。"


def test_text_of_the_data_is_no_formula(book: Any) -> None:
    cell_ = book["表1 主要目标完成情况"]["A5"]
    assert (cell_.value, cell_.data_type) == (CLEAN, "s")
    figure = book["图1 天数"]
    assert (figure["D4"].value, figure["D4"].data_type) == ("=cmd|x", "s")
    assert all(c.data_type != "f" for s in book for row in s.iter_rows() for c in row)


def test_data_of_a_figure_are_dates_numbers_and_blanks(book: Any) -> None:
    sheet = book["图1 天数"]
    assert [c.value for c in sheet[3][:5]] == ["date", "pm25_ugm3", "days", "item", "dust"]
    assert (
        sheet["A4"].value == pd.Timestamp("2024-01-01")
        and sheet["A4"].number_format == "yyyy-mm-dd"
    )
    assert [c.value for c in sheet[4][1:5]] == [35.5, 1, "=cmd|x", True]
    assert [c.value for c in sheet[5][1:5]] == [None, 2, None, False]
    (picture,) = sheet._images
    assert picture.anchor._from.row == 3 and picture.anchor._from.col == 6
    assert "注：空心为缺测" in [c.value for c in sheet["A"]]


def test_heads_stay_in_sight_and_on_every_page(book: Any) -> None:
    sheet = book["表3 断面 类别 甲 乙"]
    assert sheet.freeze_panes == "B4" and sheet.auto_filter.ref == "A3:B203"
    assert sheet.print_title_rows == "$3:$3"
    setup = sheet.page_setup
    assert (setup.paperSize, setup.orientation, setup.fitToHeight) == (9, "landscape", 0)
    assert NOTICE.zh in sheet.oddHeader.center.text
    assert sheet.max_row == 203 and sheet["B203"].value == "Ⅲ"
    assert sheet.column_dimensions["A"].width >= len("第199断面") + 3
    assert book["表2 存疑数据"]["A4"].value == "无数据"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_every_entry_is_shown_as_printed(lang: Language, tmp_path: Path) -> None:
    document = review(long_table(5), wide_table())
    path = tmp_path / "review.xlsx"
    write_review_workbook(document, path, lang)
    book = read(path)
    names = sheet_names(document, lang)
    for table in document.tables():
        sheet = book[names[f"table:{table.key}"]]
        for at, row in enumerate(table.rows, 4):
            for k, asked in enumerate(row, 1):
                text = getattr(asked.text, lang)
                entry = sheet.cell(at, k)
                if isinstance(entry.value, str):
                    assert entry.value == (CLEAN if "panic" in text else text)
                else:
                    assert shown(entry.value, entry.number_format) == text


def shown(value: float, form: str) -> str:
    """What Excel makes of a number under the formats that are used here."""
    from decimal import ROUND_HALF_UP, Decimal

    parts = form.split(";")
    part = parts[0] if len(parts) == 1 or value > 0 else parts[1] if value < 0 else parts[2]
    number = Decimal(repr(value)) * (100 if "%" in re.sub('"[^"]*"', "", part) else 1)
    places = len(part.partition(".")[2]) - len(part.partition(".")[2].lstrip("0"))
    text = str(number.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP))
    if len(parts) > 1:
        text = text.lstrip("-")
    core = "0." + "0" * places if places else "0"
    before, _, after = part.partition(core)
    return (before + text + after).replace('"', "")


@pytest.mark.parametrize(
    ("value", "text", "held", "form"),
    [
        (34.0, "34 %", 34.0, '0" %"'),
        (0.34, "34 %", 0.34, '0" "%'),
        (0.345, "34 %", 0.34, '0" "%'),
        (6, "6天", 6, '0"天"'),
        (2.5, "2", 2.0, "0"),
        (-0.04, "0.0", 0.0, "0.0"),
        (-3.0, "差-3.0", -3.0, '"差"0.0;"差"-0.0;"差"0.0'),
        (-3.0, "−3.0", -3.0, '0.0;"−"0.0;0.0'),
        (7, '7"', 7, '0\\"'),
    ],
)
def test_a_number_and_what_stands_around_it(
    value: float, text: str, held: float, form: str
) -> None:
    entry = entry_of(Cell(both(text), value), text)
    assert (entry.value, entry.form) == (pytest.approx(held), form)


@pytest.mark.parametrize(
    ("value", "text"),
    [(3, "Ⅲ"), (3.2, "3.4"), (None, "—"), (1.0, "1至2"), (float("inf"), "∞"), (True, "1"),
     (1e15, "1000000000000000"), ("12", "12"), (2.5, "PM2.5为2.5"), (date(1850, 1, 1), "1850-01-01")],
)  # fmt: skip
def test_what_is_no_plain_number_stays_text(value: Any, text: str) -> None:
    entry = entry_of(Cell(both(text), value), text)
    assert (entry.value, entry.form) == (text, "")


def test_a_date_is_a_date() -> None:
    asked = cell(date(2024, 2, 29))
    assert entry_of(asked, "2024-02-29").value == date(2024, 2, 29)
    assert entry_of(asked, "2月29日").value == "2月29日"


@given(
    st.floats(-1e6, 1e6), st.integers(0, 4), st.booleans(), st.sampled_from(["", " %", "天", '"x"'])
)
def test_excel_shows_any_number_as_printed(
    value: float, places: int, signed: bool, unit: str
) -> None:
    plain = cell(value, decimals=places, signed=signed)
    text = plain.text.zh + unit
    entry = entry_of(Cell(both(text), value, places), text)
    assert isinstance(entry.value, int | float)
    assert shown(entry.value, entry.form).replace("\\", "") == text.replace('"', "")


@given(st.lists(st.text(max_size=50), min_size=1, max_size=6))
def test_names_of_sheets_are_ones_excel_takes(captions: list[str]) -> None:
    blocks = [TableBlock(f"t{k}", both(c), (), ()) for k, c in enumerate(captions)]
    names = list(sheet_names(review(*blocks), "zh").values())
    assert len({n.casefold() for n in names}) == len(names)
    for name in names:
        assert 0 < len(name.encode("utf-16-le")) // 2 <= 31
        assert not set(name) & set("[]:*?/\\") and name.strip("'") == name
        assert name.casefold() != "history"


def test_long_and_like_captions_get_names_of_their_own() -> None:
    like = "各国控断面水质类别与主要超标项目（按月评价，含未达目标的断面和超标倍数）"
    blocks = [
        TableBlock(f"t{k}", Pair(like, "Water class of the sections (monthly)"), (), ())
        for k in (1, 2)
    ]
    document = review(*blocks)
    names = sheet_names(document, "zh")
    assert names["table:t1"] == "表3 各国控断面水质类别与主要超标项目"
    assert names["table:t2"].startswith("表4 ")
    assert sheet_names(document, "en")["table:t1"] == "Table 3 Water class of the"


def test_same_review_is_the_same_bytes_without_the_clock(tmp_path: Path) -> None:
    paths = [tmp_path / "a.xlsx", tmp_path / "b.xlsx"]
    for path in paths:
        write_review_workbook(review(), path, "en")
    assert paths[0].read_bytes() == paths[1].read_bytes()
    properties = read(paths[0]).properties
    assert (
        properties.created == pd.Timestamp("2025-07-03")
        and properties.creator == "衡水市生态环境局"
    )
    with zipfile.ZipFile(io.BytesIO(paths[0].read_bytes())) as archive:
        assert {i.date_time[0] for i in archive.infolist()} == {1980}


def test_odd_data_of_a_figure_are_written(tmp_path: Path) -> None:
    table = pd.DataFrame({
        "when": [pd.Timestamp("2024-01-01 08:30"), pd.NaT], "zone": pd.to_datetime(["2024-01-01", None], utc=True),
        "noise": [0.30000000000000004, -2.4e-13], "small": [1e-5, 2e-5], "count": np.array([1, 2], "int8"),
        "any": [None, "甲\x00"], "far": [float("inf"), 1.0], "maybe": pd.array([1, None], "Int64"),
        "day": [date(2024, 1, 2), None], **{f"c{k}": [1, 2] for k in range(5)},
    })  # fmt: skip
    path = tmp_path / "odd.xlsx"
    write_review_workbook(review(FigureBlock("odd", both("怪"), drawing(table))), path, "zh")
    sheet = read(path)["图2 怪"]
    first, second = ([c.value for c in sheet[k][:9]] for k in (4, 5))
    assert first == [
        pd.Timestamp("2024-01-01 08:30"),
        "2024-01-01 00:00:00+00:00",
        0.3,
        1e-5,
        1,
        None,
        None,
        1,
        pd.Timestamp("2024-01-02"),
    ]
    assert second == [None, None, -2.4e-13, 2e-5, 2, "甲", 1, None, None]
    assert sheet["C4"].number_format == "0.0###" and sheet["D4"].number_format == "General"
    # More columns than stand beside a picture: it stands below.
    assert sheet._images[0].anchor._from.row > 5


def test_a_figure_without_data_says_so(tmp_path: Path) -> None:
    path = tmp_path / "none.xlsx"
    write_review_workbook(
        review(FigureBlock("none", both("空"), drawing(pd.DataFrame()))), path, "en"
    )
    assert read(path)["Figure 2 空"]["A4"].value == "no data"


def test_a_note_of_many_words_spans_the_table(tmp_path: Path) -> None:
    columns = (Column(both("a")), Column(both("b")))
    table = TableBlock("t", both("t"), columns, ((cell(1), cell(2)),), (both("长" * 100),))
    path = tmp_path / "note.xlsx"
    write_review_workbook(review(table), path, "zh")
    sheet = read(path)["表3 t"]
    assert [str(r) for r in sheet.merged_cells.ranges] == ["A6:B6"]
    assert sheet.row_dimensions[6].height > 100


def test_a_workbook_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(WorkspaceError, match="could not be written"):
        write_review_workbook(review(), tmp_path / "file" / "review.xlsx", "zh")
    assert [p.name for p in tmp_path.iterdir()] == ["file"]
