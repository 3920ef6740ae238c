"""The entry workbook: what analysts fill in instead of editing plan files.

``export_workbook`` writes every target with blank columns for what people know; ``import_workbook``
reads the same workbook, or one of its sheets as CSV, back. A figure without a source or a date is
refused with the sheet, the row and the column.
"""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import io
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from forecast.errors import TargetError
from forecast.formula_guard import guarded_cell, unguarded_cell
from forecast.targets.applied import current_entries
from forecast.targets.entries import append_rows, empty_entries, entry_row
from forecast.targets.model import Plan
from forecast.targets.sheets import DOMAIN_WORDS, KIND_WORDS, SHEETS, Sheet, sheet_rows
from forecast.zip_bounds import unpacks_too_far

__all__ = ["export_workbook", "import_workbook"]

#: A sheet of targets has some hundred rows and some ten columns; a lone cell far away is a trap.
_MOST_CELLS = 2_000_000


def export_workbook(
    plans: Sequence[Plan],
    entries: pd.DataFrame,
    path: Path,
    *,
    as_of: dt.date | None = None,
) -> list[Path]:
    """Write the entry sheets, with what has been entered so far, and return the files written.

    ``.xlsx`` gives one workbook; ``.csv`` gives one file a sheet beside ``path``
    (``name_目标.csv`` …), UTF-8 with a byte-order mark so that Excel reads it.

    Raises:
        TargetError: the file ending is neither, or the file can't be written.
    """
    kind = path.suffix.lower()
    if kind not in (".xlsx", ".csv"):
        raise TargetError(f"{path.name}: targets are exported as .xlsx or .csv.", "Choose one.")
    now = current_entries(entries, as_of)
    tables = {s.title: list(sheet_rows(s, plans, _records(now))) for s in SHEETS}
    try:
        if kind == ".xlsx":
            _write_xlsx(tables, path)
            return [path]
        return [_write_csv(s, tables[s.title], path) for s in SHEETS]
    except OSError as error:
        raise TargetError(
            f"{path.name} can't be written ({error.strerror or error}).",
            "Close it in Excel, or choose another place.",
        ) from error


def import_workbook(
    path: Path,
    plans: Sequence[Plan],
    *,
    recorded: dt.datetime,
    existing: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Read a filled workbook or sheet and return its entries (columns ``ENTRY_COLUMNS``).

    Args:
        recorded: moment of entry, local time.
        existing: the table so far; a row that says what already counts is left out, so reading
            the same workbook twice changes nothing.

    Raises:
        TargetError: naming the sheet, the row and the column.
    """
    rows: list[dict[str, object]] = []
    for sheet, number, cells in _read(path):
        filled = [c for c in sheet.asked if not _blank(cells.get(c)) and c != "备注"]
        if not filled:
            continue
        rows.append(_entry(sheet, number, cells, plans, recorded))
    fresh = append_rows(empty_entries(), rows)
    if existing is None or existing.empty or fresh.empty:
        return fresh
    said = {_saying(r) for r in _records(current_entries(existing, None))}
    new = [r for r, key in zip(rows, map(_saying, _records(fresh)), strict=True) if key not in said]
    return append_rows(empty_entries(), new)


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [dict(zip(frame.columns, r, strict=True)) for r in frame.itertuples(index=False)]


def _saying(row: Mapping[str, Any]) -> tuple[object, ...]:
    """What an entry says, whenever it was recorded."""
    value = float(row["value"])
    return (
        row["kind"], row["target_id"], row["region"], row["place"], row["indicator"], row["year"],
        None if math.isnan(value) else value, row["text"], row["origin"], row["date"], row["note"],
    )  # fmt: skip


def _write_xlsx(tables: Mapping[str, Sequence[Mapping[str, object]]], path: Path) -> None:
    from openpyxl import Workbook
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    book = Workbook()
    book.remove(book.worksheets[0])
    wide = {
        "目标编号": 34,
        "规划": 30,
        "目标内容": 34,
        "原文": 46,
        "来源": 24,
        "备注": 24,
        "指标": 26,
    }
    for sheet in SHEETS:
        page = book.create_sheet(sheet.title)
        page.append(list(sheet.columns))
        for row in tables[sheet.title]:
            page.append([row.get(c, "") for c in sheet.columns])
        for at, column in enumerate(sheet.columns, start=1):
            head = page.cell(row=1, column=at)
            head.font = Font(bold=True)
            head.alignment = Alignment(horizontal="center")
            if column in sheet.asked:
                head.fill = PatternFill("solid", fgColor="FFF2CC")
            page.column_dimensions[get_column_letter(at)].width = wide.get(column, 12)
        for line in page.iter_rows(min_row=2):
            for cell in line:
                if isinstance(cell.value, str):
                    cell.data_type = "s"  # text that begins with "=" stays text
        page.freeze_panes = "B2"
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)


def _write_csv(sheet: Sheet, rows: Sequence[Mapping[str, object]], path: Path) -> Path:
    out = path.with_name(f"{path.stem}_{sheet.title}.csv")
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(sheet.columns)
        writer.writerows([_guarded(row.get(c, "")) for c in sheet.columns] for row in rows)
    return out


def _guarded(value: object) -> object:
    return guarded_cell(value) if isinstance(value, str) else value


def _read(path: Path) -> Iterable[tuple[Sheet, int, dict[str, object]]]:
    """Every data row with its sheet and its number (the header is row 1)."""
    if path.suffix.lower() == ".csv":
        table = list(csv.reader(io.StringIO(_text(path))))
        header = [c.strip() for c in table[0]] if table else []
        sheet = next((s for s in SHEETS if set(s.columns) <= set(header)), None)
        if sheet is None:
            raise TargetError(
                f"{path.name}: its header is none of the entry sheets.",
                "Export the sheets with `forecast target export` and fill those in.",
            )
        for number, line in enumerate(table[1:], start=2):
            yield sheet, number, dict(zip(header, map(unguarded_cell, line), strict=False))
        return
    yield from _read_xlsx(path)


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise TargetError(f"{path.name} can't be read.", "Check the path.") from error
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise TargetError(f"{path.name} is neither UTF-8 nor GBK text.", "Save it as CSV UTF-8.")


def _read_xlsx(path: Path) -> Iterable[tuple[Sheet, int, dict[str, object]]]:
    from zipfile import BadZipFile

    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        if unpacks_too_far(path.read_bytes()):
            raise TargetError(
                f"{path.name} unpacks to more than a workbook of targets needs.",
                "Export it anew and fill that in.",
            )
        book = load_workbook(path, data_only=True)
    except FileNotFoundError as error:
        raise TargetError(f"{path.name} does not exist.", "Check the path.") from error
    except (BadZipFile, InvalidFileException, KeyError, ValueError, TypeError) as error:
        raise TargetError(
            f"{path.name} can't be read as a workbook.", "Save it as .xlsx or as CSV."
        ) from error
    except (OSError, SyntaxError, AttributeError, IndexError) as error:
        # What openpyxl and the XML parser raise for a damaged part (ParseError is a SyntaxError).
        raise TargetError(
            f"{path.name} is damaged and can't be read.", "Export it anew and fill it in again."
        ) from error
    known = {s.title: s for s in SHEETS}
    found = [page for page in book.worksheets if page.title in known]
    if not found:
        raise TargetError(
            f"{path.name} has none of the sheets {', '.join(known)}.",
            "Export the workbook with `forecast target export` and fill that in.",
        )
    for page in found:
        sheet = known[page.title]
        if page.max_row * page.max_column > _MOST_CELLS:
            raise TargetError(
                f"{path.name}: sheet {sheet.title!r} reaches to row {page.max_row}, column "
                f"{page.max_column}.",
                "Delete what stands far below or beside the table.",
            )
        lines = page.iter_rows(values_only=True)
        header = [str(c).strip() if c is not None else "" for c in next(lines, ())]
        missing = [c for c in sheet.columns if c not in header and c != "备注"]
        if missing:
            raise TargetError(
                f"{path.name}: sheet {sheet.title!r} lacks the column {missing[0]!r} in row 1.",
                "Keep the header of the exported workbook.",
            )
        for number, line in enumerate(lines, start=2):
            yield sheet, number, dict(zip(header, line, strict=False))


def _blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _cell(cells: Mapping[str, object], column: str) -> str:
    value = cells.get(column)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else str(value).strip()


def _entry(
    sheet: Sheet, number: int, cells: Mapping[str, object], plans: Sequence[Plan],
    recorded: dt.datetime,
) -> dict[str, object]:  # fmt: skip
    def wrong(column: str, what: str, cure: str = "") -> TargetError:
        return TargetError(f"Sheet {sheet.title!r}, row {number}, column {column!r}: {what}.", cure)

    if _blank(cells.get("来源")):
        raise wrong("来源", "blank", "Every figure needs its source.")
    day = _date(cells.get("日期"))
    if day is None:
        said = "blank" if _blank(cells.get("日期")) else f"{_cell(cells, '日期')!r} is not a date"
        raise wrong("日期", said, "Every figure needs its date, such as 2024-05-01.")
    year: int | None = None
    if not _blank(cells.get("年份")):
        text = _cell(cells, "年份").removesuffix("年")
        if not (text.isdigit() and len(text) == 4):
            raise wrong("年份", f"{text!r} is not a year", "Write it as 2025.")
        year = int(text)
    figure = {"milestone": "是否完成", "assigned": "下达值", "target": "目标值"}.get(
        sheet.kind, "数值"
    )
    if _blank(cells.get(figure)):
        raise wrong(figure, "blank, although the row has a source", "Fill it in or clear the row.")
    fields: dict[str, Any] = {
        "kind": sheet.kind, "target_id": _cell(cells, "目标编号"), "source": _cell(cells, "来源"),
        "date": day, "recorded": recorded, "note": _cell(cells, "备注"), "year": year,
    }  # fmt: skip
    if sheet.kind == "milestone":
        fields["text"] = _cell(cells, figure)
    elif sheet.kind == "target":
        fields.update(text=_own_text(cells, year), target_id="")
    else:
        fields.update(value=_cell(cells, figure), name=_cell(cells, "名称"))
    if sheet.kind == "yearly":
        fields.update(
            region=_cell(cells, "地区"), indicator_name=_cell(cells, "指标"),
            unit=_cell(cells, "单位"), target_id="",
        )  # fmt: skip
    try:
        return entry_row(plans, **fields)
    except TargetError as error:
        where = figure if sheet.kind != "yearly" or "indicator" not in error.message else "指标"
        if "no target called" in error.message:
            where = "目标编号"
        elif "has no name" in error.message:
            where = "名称"
        raise wrong(where, error.message.removesuffix("."), error.cure) from error


def _own_text(cells: Mapping[str, object], year: int | None) -> str:
    kinds = {v: k for k, v in KIND_WORDS.items()}
    value: object = _cell(cells, "目标值")
    with contextlib.suppress(ValueError):  # the model says which field is wrong
        value = float(str(value).removesuffix("%"))
    label = _cell(cells, "目标内容")
    return json.dumps(
        {
            "id": _cell(cells, "目标编号"), "region": _cell(cells, "地区"),
            "domain": DOMAIN_WORDS.get(_cell(cells, "领域"), _cell(cells, "领域")),
            "indicator": _cell(cells, "指标"), "label_zh": label,
            "label_en": _cell(cells, "英文名") or label,
            "kind": kinds.get(_cell(cells, "类型"), _cell(cells, "类型") or "threshold"),
            "comparator": _cell(cells, "比较"), "value": value, "unit": _cell(cells, "单位"),
            "year": year,
        },
        ensure_ascii=False, sort_keys=True,
    )  # fmt: skip


def _date(value: object) -> dt.date | None:
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    text = str(value or "").strip().replace("年", "-").replace("月", "-").removesuffix("日")
    parts = text.replace("/", "-").replace(".", "-").split(" ")[0].split("-")
    try:
        year, month, day = (int(p) for p in parts)
        return dt.date(year, month, day)
    except ValueError:
        return None
