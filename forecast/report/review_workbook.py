"""The review as a workbook: a list of contents, one sheet a table, one sheet a figure."""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Iterable
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, Final

import pandas as pd

from forecast.disk import write_file
from forecast.errors import UsageError
from forecast.report.document import (
    Document,
    FigureBlock,
    Language,
    TableBlock,
    in_language,
    numbering,
)
from forecast.report.review_cells import entry_of
from forecast.report.review_layout import (
    NO_ROWS,
    caption_of,
    cells_wide,
    colour,
    column_head,
    day_of,
    noted,
    number_of,
    printable,
)
from forecast.report.review_sheets import CONTENTS, block_key, sheet_names
from forecast.report.words import Pair

__all__ = ["write_review_workbook"]

#: A text of a cell ends here, says Excel.
_LONGEST_TEXT: Final = 32_767
#: A table of more rows gets a filter.
_FILTERED: Final = 8
_NARROW, _WIDE = 7, 46  # widths of a column [characters]
_PICTURE: Final = 9.0  # width of a figure [inch]
#: The picture stands beside data of up to this many columns, else below them.
_BESIDE: Final = 10
_LINE: Final = 16.0  # height of a line of text [point]

_SAY: Final[dict[str, Pair]] = {
    "contents": CONTENTS,
    "back": Pair("返回目录", "Contents"),
    "picture": Pair("到图", "To the picture"),
    "region": Pair("地区", "Region"),
    "year": Pair("年份", "Year"),
    "organisation": Pair("单位", "Organisation"),
    "written": Pair("日期", "Date"),
    "run": Pair("运行", "Run"),
    "chapter": Pair("章", "Chapter"),
    "number": Pair("编号", "Number"),
    "caption": Pair("标题", "Caption"),
    "sheet": Pair("工作表", "Sheet"),
    "rows": Pair("行数", "Rows"),
    "page": Pair("第 &P 页，共 &N 页", "Page &P of &N"),
}


def write_review_workbook(document: Document, path: Path, lang: Language) -> None:
    """Write the tables, and the figures with their data, to ``path`` (xlsx).

    The file appears whole or not at all; the same document gives the same bytes.

    Raises:
        UsageError: the library that writes workbooks is not installed.
        WorkspaceError: the file can't be written.
    """
    write_file(path, _Book(document, lang).bytes())


class _Book:
    """A workbook in the making."""

    def __init__(self, document: Document, lang: Language) -> None:
        try:
            import xlsxwriter
        except ImportError as error:
            raise UsageError(
                "A workbook can't be written: the library XlsxWriter is not installed.",
                "Install it with: pip install XlsxWriter",
            ) from error
        self._document = document
        self._lang: Language = lang
        self._numbers = numbering(document)
        self._names = sheet_names(document, lang)
        self._buffer = io.BytesIO()
        # Nothing that comes from the data may become a formula or a link.
        self._book = xlsxwriter.Workbook(
            self._buffer,
            {
                "in_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
            },
        )
        self._formats: dict[tuple[tuple[str, Any], ...], Any] = {}

    def bytes(self) -> bytes:
        """Fill the book and return it."""
        document = self._document
        self._book.set_properties(
            {
                "title": f"{self._text(document.title)} {self._text(document.subtitle)}".strip(),
                "author": printable(document.organisation),
                "created": datetime.combine(document.written, time()),
            }
        )
        self._contents()
        for table in document.tables():
            self._table(table)
        for figure in document.figures():
            self._figure(figure)
        self._book.close()
        return self._buffer.getvalue()

    def _text(self, pair: Pair) -> str:
        return printable(in_language(pair, self._lang))[:_LONGEST_TEXT]

    def _noted(self, notes: tuple[Pair, ...]) -> list[str]:
        lines = noted(notes, self._numbers, self._lang)
        return ["".join(text for text, _ in line) for line in lines]

    def _say(self, name: str) -> str:
        return in_language(_SAY[name], self._lang)

    def _format(self, **look: Any) -> Any:
        """Return the format with this look; each is made once."""
        font = "宋体" if self._lang == "zh" else "Calibri"
        whole = {"font_name": font, "font_size": 11, "valign": "vcenter", **look}
        key = tuple(sorted(whole.items()))
        if key not in self._formats:
            self._formats[key] = self._book.add_format(whole)
        return self._formats[key]

    def _sheet(self, name: str, *, heads: tuple[int, int] | None = None) -> Any:
        """Add a sheet set up for print: A4 across, as wide as a page, heads repeated."""
        sheet = self._book.add_worksheet(name)
        sheet.set_paper(9)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(left=0.5, right=0.5, top=0.8, bottom=0.7)
        sheet.hide_gridlines(2)
        sheet.set_default_row(_LINE)
        notices = "  ".join(self._text(n) for n in self._document.notices).replace("&", "&&")
        if notices:
            # A header holds 255 characters; the whole notice stands in the contents.
            sheet.set_header(f"&C{notices[:240].rstrip('&')}")
        sheet.set_footer(f"&C{self._say('page')}")
        if heads:
            sheet.repeat_rows(*heads)
        return sheet

    def _link(
        self, sheet: Any, row: int, column: int, name: str, text: str, to: str = "A1"
    ) -> None:
        quoted = name.replace("'", "''")
        look = self._format(font_color="#12486b", underline=1)
        sheet.write_url(row, column, f"internal:'{quoted}'!{to}", look, text)

    def _contents(self) -> None:
        document = self._document
        sheet = self._sheet(self._say("contents"))
        sheet.set_column(0, 0, 22)
        sheet.set_column(1, 1, 12)
        sheet.set_column(2, 2, 60)
        sheet.set_column(3, 3, 36)
        sheet.set_column(4, 4, 8)
        sheet.write_string(0, 0, self._text(document.title), self._format(bold=True, font_size=16))
        sheet.write_string(1, 0, self._text(document.subtitle), self._format(font_size=12))
        row = 2
        for text in document.notices:
            look = self._format(bold=True, font_color="#8a3500")
            sheet.write_string(row, 0, self._text(text), look)
            row += 1
        facts: dict[str, str | int] = {
            "region": document.region,
            "year": document.year,
            "organisation": document.organisation,
            "written": day_of(document.written, self._lang),
            "run": document.run_id,
        }
        row += 1
        for name, value in facts.items():
            if value:
                sheet.write_string(row, 0, self._say(name), self._format(font_color="#5f5f5f"))
                if isinstance(value, int):
                    sheet.write_number(row, 1, value, self._format(align="left"))
                else:
                    sheet.write_string(row, 1, printable(value), self._format())
                row += 1
        row += 1
        self._heads(
            sheet, row, [self._say(n) for n in ("chapter", "number", "caption", "sheet", "rows")]
        )
        for chapter in document.chapters:
            for block in chapter.blocks:
                if not isinstance(block, TableBlock | FigureBlock):
                    continue
                row += 1
                name = self._names[block_key(block)]
                rows = len(block.rows if isinstance(block, TableBlock) else block.drawing.table)
                plain = self._format()
                sheet.write_string(row, 0, self._text(chapter.title), plain)
                sheet.write_string(row, 1, number_of(block, document, self._lang), plain)
                sheet.write_string(row, 2, self._text(block.caption), self._format(text_wrap=True))
                self._link(sheet, row, 3, name, name)
                sheet.write_number(row, 4, rows, plain)
        sheet.activate()

    def _heads(self, sheet: Any, row: int, texts: Iterable[str]) -> None:
        look = self._format(
            bold=True, align="center", text_wrap=True, top=2, bottom=1, bg_color="#eef2f5"
        )
        for k, text in enumerate(texts):
            sheet.write_string(row, k, text[:_LONGEST_TEXT], look)

    def _top(self, block: TableBlock | FigureBlock, *, heads: int, picture: str = "") -> Any:
        """Start the sheet of a block: its caption, and the way back to the contents."""
        name = self._names[block_key(block)]
        sheet = self._sheet(name, heads=(heads, heads))
        caption = caption_of(block, self._document, self._lang)[:_LONGEST_TEXT]
        sheet.write_string(0, 0, caption, self._format(bold=True, font_size=13))
        self._link(sheet, 1, 0, self._say("contents"), f"← {self._say('back')}")
        if picture:
            self._link(sheet, 1, 2, name, f"{self._say('picture')} →", picture)
        return sheet

    def _table(self, block: TableBlock) -> None:
        head, first = 2, 3
        sheet = self._top(block, heads=head)
        heads = ["\n".join(t for t in column_head(c, self._lang) if t) for c in block.columns]
        self._heads(sheet, head, heads)
        sheet.set_row(head, _LINE * max((h.count("\n") + 1 for h in heads), default=1) + 4)
        printed = [[self._text(cell.text) for cell in row] for row in block.rows]
        widths = [
            # Two cells of air, two more for the arrow of a filter.
            min(max(4 + max(cells_wide(t) for t in column), _NARROW), _WIDE)
            for column in zip(heads, *printed, strict=True)
        ]
        for k, width in enumerate(widths):
            sheet.set_column(k, k, width)
        for at, row in enumerate(block.rows, first):
            last = at == first + len(block.rows) - 1
            lines = [_lines(text, widths[k]) for k, text in enumerate(printed[at - first])]
            sheet.set_row(at, _LINE * max(lines, default=1))
            for k, cell in enumerate(row):
                text = printed[at - first][k]
                entry = entry_of(cell, text)
                look: dict[str, Any] = {
                    "align": {"centre": "center"}.get(
                        block.columns[k].align, block.columns[k].align
                    ),
                    "text_wrap": True,
                    "bottom": 2 if last else 0,
                }
                if cell.strong:
                    look["bold"] = True
                if colour(cell.fill):
                    look["bg_color"] = cell.fill
                if colour(cell.ink):
                    look["font_color"] = cell.ink
                if isinstance(entry.value, str):
                    sheet.write_string(at, k, entry.value, self._format(**look))
                elif isinstance(entry.value, date):
                    look["num_format"] = entry.form
                    sheet.write_datetime(at, k, entry.value, self._format(**look))
                else:
                    look["num_format"] = entry.form
                    sheet.write_number(at, k, entry.value, self._format(**look))
        if not block.rows:
            sheet.write_string(first, 0, in_language(NO_ROWS, self._lang), self._format())
        sheet.freeze_panes(first, 1)
        if len(block.rows) > _FILTERED and block.columns:
            sheet.autofilter(head, 0, head + len(block.rows), len(block.columns) - 1)
        self._notes(sheet, first + max(len(block.rows), 1) + 1, block.notes, widths)

    def _notes(self, sheet: Any, row: int, notes: tuple[Pair, ...], widths: list[int]) -> None:
        """Write the notes over the width of the table, each as high as its lines."""
        look = self._format(text_wrap=True, font_size=10, font_color="#444444", valign="top")
        for text in self._noted(notes):
            if len(widths) > 1:
                sheet.merge_range(row, 0, row, len(widths) - 1, "", look)
            sheet.write_string(row, 0, text[:_LONGEST_TEXT], look)
            sheet.set_row(row, min(14.0 * _lines(text, max(sum(widths), 20)) + 2, 400))
            row += 1

    def _figure(self, block: FigureBlock) -> None:
        drawing = block.drawing
        table = drawing.table
        head, first = 2, 3
        beside = len(table.columns) <= _BESIDE
        at = (first, len(table.columns) + 1) if beside else (first + len(table) + 2, 0)
        from xlsxwriter.utility import xl_rowcol_to_cell

        sheet = self._top(block, heads=head, picture=xl_rowcol_to_cell(*at))
        self._heads(sheet, head, [printable(str(c)) for c in table.columns])
        for k, name in enumerate(table.columns):
            width = self._column(sheet, first, k, table.iloc[:, k])
            head_width = cells_wide(printable(str(name)))
            sheet.set_column(k, k, min(max(width, head_width) + 4, _WIDE))
        if table.empty:
            sheet.write_string(first, 0, in_language(NO_ROWS, self._lang), self._format())
        elif len(table) > _FILTERED:
            sheet.autofilter(head, 0, head + len(table), len(table.columns) - 1)
        sheet.freeze_panes(first, 0)
        scale = _PICTURE / _natural_width(drawing.png)
        caption = caption_of(block, self._document, self._lang)
        sheet.insert_image(
            *at,
            f"{block.key}.png",
            {
                "image_data": io.BytesIO(drawing.png),
                "x_scale": scale,
                "y_scale": scale,
                "description": caption,
                "object_position": 2,
            },
        )
        row = first + max(len(table), 1) + 1
        if not beside:
            row += 2 + math.ceil(_PICTURE * drawing.height / drawing.width * 72 / 15)
        for text in self._noted(block.notes):
            sheet.write_string(row, 0, text[:_LONGEST_TEXT], self._format(font_size=10))
            row += 1

    def _column(self, sheet: Any, first: int, at: int, column: pd.Series[Any]) -> int:
        """Write one column of a figure's data; return the width of its widest entry."""
        plain = self._format(indent=1)
        width = 0
        sizes = [abs(v) for v in column if isinstance(v, float) and math.isfinite(v) and v]
        small = max(sizes, default=1.0) < 0.01
        fraction = self._format(num_format="General" if small else "0.0###")
        whole = self._format(num_format="0")
        for row, value in enumerate(column.tolist(), first):
            if value is None or value is pd.NaT or value is pd.NA:
                continue
            if isinstance(value, bool):
                sheet.write_boolean(row, at, value, plain)
            elif isinstance(value, int | float):
                if not math.isfinite(value):
                    continue
                if isinstance(value, float):
                    # Ten digits: what lies beyond is the noise of the arithmetic.
                    sheet.write_number(row, at, float(f"{value:.10g}"), fraction)
                else:
                    sheet.write_number(row, at, value, whole)
                width = max(width, 9)
            elif isinstance(value, datetime) and value.tzinfo is None and value.year >= 1900:
                midnight = value.time() == time()
                form = "yyyy-mm-dd" if midnight else "yyyy-mm-dd hh:mm"
                sheet.write_datetime(row, at, value, self._format(num_format=form))
                width = max(width, len(form))
            elif isinstance(value, date) and not isinstance(value, datetime) and value.year >= 1900:
                day = datetime.combine(value, time())
                sheet.write_datetime(row, at, day, self._format(num_format="yyyy-mm-dd"))
                width = max(width, 10)
            else:
                text = printable(str(value))[:_LONGEST_TEXT]
                sheet.write_string(row, at, text, plain)
                width = max(width, cells_wide(text))
        return width


def _lines(text: str, width: int) -> int:
    """Return the lines that a text takes in a column of this width, at most what Excel shows."""
    return min(sum(math.ceil(cells_wide(t) / (width - 2)) or 1 for t in text.split("\n")), 25)


def _natural_width(png: bytes) -> float:
    """Return the width [inch] that a PNG is shown at: its pixels by its resolution, else 96."""
    (pixels,) = struct.unpack(">I", png[16:20])
    at = png.find(b"pHYs")
    dots = 96.0
    if at > 0:
        across, _, unit = struct.unpack(">IIB", png[at + 4 : at + 13])
        if unit == 1 and across:
            dots = across * 0.0254
    return float(pixels / dots)
