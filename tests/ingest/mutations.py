"""Ways in which files go wrong between their source and a bureau's folder, drawn from a seed."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable

import numpy as np
import openpyxl
import pandas as pd
from mutation_seeds import Seed, table

__all__ = ["BYTES", "CELLS", "WRAPS", "mutated"]

Rng = np.random.Generator
Rows = list[list[str]]

#: Texts that turn up in cells: slips of the pen, marks of other programs, and attacks.
ODD = (
    "Inf", "-inf", "nan", "1e400", "-1e308", "1e-320", "2-31", "３５．５", "=1+1", "😀", "x" * 10_000,
    "9" * 400, "NUL\x00", "", " ", "--", "—", "*", "NA", "-999", "-9999", "0", "-0", "²", "٣", "1,5",
    "1,234", "1.234,5", "0x1F", "1_000", "TRUE", "#REF!", "#DIV/0!", "12 mg/L", "<0.02", "0.02L", "<", "L",
    "2022-02-30", "2022-13-01", "31/12/22", "1/2/22", "2022-01-01T25:00", "24:00", "99999999",
    "0000-00-00", "1e5", "+5", "5-", "'5", "\"", "a,b", "a\nb", "\ufeff5", "\u200b5", "５月", "NaT",
    "2262-05-01", "1677-01-01", "10000-01-01", "-1", "--5", "1e", ".", "-", "+", "9.99e999",
)  # fmt: skip

_MARKS = ("", "--", "—", "*", "NA", "NaN", "-999", "null", "/", "-9999", "-99", "缺测")


def _at(rng: Rng, count: int) -> int:
    return int(rng.integers(max(count, 1)))


# --- bytes ---------------------------------------------------------------------------------------


def _flipped(rng: Rng, data: bytes) -> bytes:
    found = bytearray(data)
    for _ in range(1 + _at(rng, 12)):
        found[_at(rng, len(found))] ^= 1 << _at(rng, 8)
    return bytes(found)


def _inserted(rng: Rng, data: bytes) -> bytes:
    at = _at(rng, len(data))
    return data[:at] + bytes(rng.integers(0, 256, 1 + _at(rng, 30), dtype=np.uint8)) + data[at:]


def _deleted(rng: Rng, data: bytes) -> bytes:
    at = _at(rng, len(data))
    return data[:at] + data[at + 1 + _at(rng, 80) :]


def _cut_short(rng: Rng, data: bytes) -> bytes:
    return data[: _at(rng, len(data))]


def _zeros(rng: Rng, data: bytes) -> bytes:
    at = _at(rng, len(data))
    return data[:at] + b"\x00" * (1 + _at(rng, 600)) + data[at:]


def _lines_doubled(rng: Rng, data: bytes) -> bytes:
    lines = data.splitlines(True)
    at = _at(rng, len(lines))
    return b"".join([*lines[:at], *lines[at : at + 1 + _at(rng, 4)] * 2, *lines[at + 1 :]])


def _lines_swapped(rng: Rng, data: bytes) -> bytes:
    lines = data.splitlines(True)
    a, b = _at(rng, len(lines)), _at(rng, len(lines))
    lines[a], lines[b] = lines[b], lines[a]
    return b"".join(lines)


def _lines_dropped(rng: Rng, data: bytes) -> bytes:
    keep = rng.random(data.count(b"\n") + 1) < 0.8
    return b"".join(x for x, kept in zip(data.splitlines(True), keep, strict=False) if kept)


def _line_ends(rng: Rng, data: bytes) -> bytes:
    return data.replace(b"\n", (b"\r\n", b"\r", b"\n\n", b"\n\r\n")[_at(rng, 4)])


def _recoded(rng: Rng, data: bytes) -> bytes:
    text = data.decode("utf-8-sig", errors="replace")
    name = ("gb18030", "utf-16", "utf-16-be", "latin-1", "utf-8-sig", "cp1252", "big5")[_at(rng, 7)]
    return text.encode(name, errors="replace")


def _delimited(rng: Rng, data: bytes) -> bytes:
    return data.replace(b",", (b";", b"\t", b"|", b" , ", b"\xef\xbc\x8c", b",,")[_at(rng, 6)])


def _swapped_texts(rng: Rng, data: bytes) -> bytes:
    pairs = (
        (b".", b","),
        (b"2022", b"22"),
        (b"-", b"/"),
        (b"0", b"O"),
        (b",", b',"'),
        (b"1", b"\xef\xbc\x91"),
    )
    old, new = pairs[_at(rng, len(pairs))]
    return data.replace(old, new, 1 + _at(rng, 200))


BYTES: tuple[Callable[[Rng, bytes], bytes], ...] = (
    _flipped, _inserted, _deleted, _cut_short, _zeros, _lines_doubled, _lines_swapped, _lines_dropped,
    _line_ends, _recoded, _delimited, _swapped_texts,
)  # fmt: skip


# --- cells ---------------------------------------------------------------------------------------


def _odd_cells(rng: Rng, rows: Rows, top: int) -> None:
    for _ in range(1 + _at(rng, 6)):
        row = rows[top + _at(rng, len(rows) - top)]
        if row:
            row[_at(rng, len(row))] = ODD[_at(rng, len(ODD))]


def _odd_column(rng: Rng, rows: Rows, top: int) -> None:
    at, odd = _at(rng, len(rows[-1])), ODD[_at(rng, len(ODD))]
    for row in rows[top:]:
        if at < len(row):
            row[at] = odd


def _other_cells(rng: Rng, rows: Rows, top: int) -> None:
    for _ in range(1 + _at(rng, 6)):
        mine, other = (rows[top + _at(rng, len(rows) - top)] for _ in range(2))
        if mine and other:
            mine[_at(rng, len(mine))] = other[_at(rng, len(other))]


def _columns_swapped(rng: Rng, rows: Rows, top: int) -> None:
    a, b = rng.choice(max(len(rows[-1]), 2), 2, replace=False)
    for row in rows[top if rng.random() < 0.5 else max(top - 1, 0) :]:
        if max(a, b) < len(row):
            row[a], row[b] = row[b], row[a]


def _column_renamed(rng: Rng, rows: Rows, top: int) -> None:
    if top:
        head = rows[top - 1]
        names = (head[_at(rng, len(head))], "", "x", "日期", "PM2.5", "ppb", "date")
        head[_at(rng, len(head))] = names[_at(rng, len(names))]


def _column_doubled(rng: Rng, rows: Rows, top: int) -> None:
    at = _at(rng, len(rows[-1]))
    for row in rows[max(top - 1, 0) :]:
        if at < len(row):
            row.insert(at, row[at])


def _column_dropped(rng: Rng, rows: Rows, top: int) -> None:
    at = _at(rng, len(rows[-1]))
    for row in rows[max(top - 1, 0) :]:
        if at < len(row) > 1:
            del row[at]


def _shifted(rng: Rng, rows: Rows, top: int) -> None:
    at = _at(rng, len(rows[-1]))
    some = rng.random() < 0.5
    for row in rows[top:]:
        if some and rng.random() < 0.7:
            continue
        if at < len(row):
            row.insert(at, "")
            if rng.random() < 0.5:
                row.pop()


def _dates(rng: Rng, rows: Rows, top: int) -> None:
    forms = (
        "%d/%m/%Y",
        "%m/%d/%y",
        "%y-%m-%d",
        "%Y年%m月%d日",
        "%d.%m.%Y",
        "%Y%m%d",
        "%b %d, %Y",
        "2-30",
        "",
    )
    form = forms[_at(rng, len(forms))]
    for row in rows[top:]:
        for at, cell in enumerate(row):
            if len(cell) >= 8 and cell[:2] in ("20", "19") and "-" in cell:
                try:
                    row[at] = pd.Timestamp(cell).strftime(form) if "%" in form else form
                except ValueError:
                    continue


def _missing_marks(rng: Rng, rows: Rows, top: int) -> None:
    for row in rows[top:]:
        for at, cell in enumerate(row):
            if cell[:1].isdigit() and rng.random() < 0.15:
                row[at] = _MARKS[_at(rng, len(_MARKS))]


def _rows_apart(rng: Rng, rows: Rows, top: int) -> None:
    rows.insert(top + _at(rng, len(rows) - top), [])
    rows.insert(0, ["title", *[""] * _at(rng, 3)])


def _same_key(rng: Rng, rows: Rows, top: int) -> None:
    """A line once more, whole or with another value."""
    for _ in range(3):
        row = list(rows[top + _at(rng, len(rows) - top)])
        if rng.random() < 0.7 and row:
            row[_at(rng, len(row))] = str(_at(rng, 90))
        rows.append(row)


CELLS: tuple[Callable[[Rng, Rows, int], None], ...] = (
    _odd_cells, _odd_column, _other_cells, _columns_swapped, _column_renamed, _column_doubled,
    _column_dropped, _shifted, _dates, _missing_marks, _rows_apart, _same_key,
)  # fmt: skip


def _odd_json(rng: Rng, data: bytes) -> bytes:
    """Change some values of a JSON document."""
    tree = json.loads(data)
    odd: tuple[object, ...] = (None, True, -1, 1e308, [], {}, [1, 2], {"a": 1}, *ODD)
    for _ in range(1 + _at(rng, 6)):
        node = tree
        while True:
            keys = list(node) if isinstance(node, dict) else range(len(node))
            if not len(keys):
                break
            key = keys[_at(rng, len(keys))]
            inner = node[key]
            if isinstance(inner, dict | list) and len(inner) and rng.random() < 0.95:
                node = inner
                continue
            if rng.random() < 0.2:
                del node[key]
            else:
                node[key] = odd[_at(rng, len(odd))]
            break
    return json.dumps(tree).encode()


# --- containers ----------------------------------------------------------------------------------


def _zipped(seed: Seed, data: bytes) -> tuple[str, bytes]:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(seed.name, data)
    return f"{seed.name}.zip", out.getvalue()


def _gzipped(seed: Seed, data: bytes) -> tuple[str, bytes]:
    return f"{seed.name}.gz", gzip.compress(data, mtime=0)


def _as_workbook(seed: Seed, data: bytes) -> tuple[str, bytes]:
    book = openpyxl.Workbook()
    assert book.active is not None
    for row in seed.rows:
        book.active.append([_number(cell) for cell in row])
    out = io.BytesIO()
    book.save(out)
    return f"{seed.name}.xlsx", out.getvalue()


def _number(cell: str) -> str | float:
    try:
        return float(cell) if cell and not cell.startswith("0") else cell
    except ValueError:
        return cell


def _frame(seed: Seed) -> pd.DataFrame:
    rows = seed.rows
    head = rows[max(seed.header - 1, 0)]
    names = [name if name not in head[:at] else f"{name}{at}" for at, name in enumerate(head)]
    body = [row for row in rows[max(seed.header, 1) :] if len(row) == len(head)]
    return pd.DataFrame(body, columns=pd.Index(names), dtype="str")


def _as_parquet(seed: Seed, data: bytes) -> tuple[str, bytes]:
    out = io.BytesIO()
    _frame(seed).to_parquet(out)
    return f"{seed.name}.parquet", out.getvalue()


def _as_json(seed: Seed, data: bytes) -> tuple[str, bytes]:
    return f"{seed.name}.json", _frame(seed).to_json(orient="records", force_ascii=False).encode()


def _as_html(seed: Seed, data: bytes) -> tuple[str, bytes]:
    rows = "".join("<tr>" + "".join(f"<td>{c}</td>" for c in row) + "</tr>" for row in seed.rows)
    return f"{seed.name}.xls", f"<html><table>{rows}</table></html>".encode()


WRAPS: tuple[Callable[[Seed, bytes], tuple[str, bytes]], ...] = (
    _zipped, _gzipped, _as_workbook, _as_parquet, _as_json, _as_html,
)  # fmt: skip


def mutated(seed: Seed, rng: Rng, kind: int) -> tuple[str, bytes]:
    """Return name and content of a changed file; ``kind`` goes round the ways of changing."""
    if not seed.delimiter:
        way = kind % (len(BYTES) + 3)
        data = BYTES[way](rng, seed.data) if way < len(BYTES) else _odd_json(rng, seed.data)
        return seed.name, data
    way = kind % (len(BYTES) + len(CELLS) + len(WRAPS))
    if way < len(CELLS):
        rows = seed.rows
        CELLS[way](rng, rows, seed.header)
        if rng.random() < 0.3:
            CELLS[_at(rng, len(CELLS))](rng, rows, seed.header)
        return seed.name, table(rows, seed.delimiter)
    if way < len(CELLS) + len(BYTES):
        return seed.name, BYTES[way - len(CELLS)](rng, seed.data)
    name, data = WRAPS[way - len(CELLS) - len(BYTES)](seed, seed.data)
    return name, _flipped(rng, data) if rng.random() < 0.3 else data
