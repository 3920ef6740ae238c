"""A mapping proposed for a table of an unknown layout, from its header and its values.

What can be told is told; what can't is a question in the mapping, which then has ``confirmed = false`` and
reads nothing until a person has decided. A unit that the table does not say is proposed from the
typical value and marked for checking.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ForecastError, InputError
from forecast.ingest.files.cells import MISSING, numbers
from forecast.ingest.files.sheet import Sheet, stem
from forecast.ingest.mapping.cells import plain_numbers
from forecast.ingest.mapping.column_names import item_of, role_of, unit_of
from forecast.ingest.mapping.load import Mapping, read_mapping
from forecast.ingest.mapping.model import HEAD_LINES, MAPPED_TABLES, Reading, items_of
from forecast.ingest.mapping.proposed_times import ProposedTime, proposed_time
from forecast.ingest.mapping.proposed_units import Statement, proposed_unit
from forecast.ingest.mapping.rows import read_mapped
from forecast.ingest.mapping.text import mapping_text
from forecast.ingest.parsed import Request
from forecast.ingest.readers.stated_units import stated_units
from forecast.standards.items import ITEMS

__all__ = ["Proposal", "propose"]

#: Lines that are looked at, and rows that are shown.
_LINES, _SHOWN = 5000, 10

_WORDS = re.compile(r"[^0-9]+")


@dataclass(frozen=True)
class Proposal:
    """A proposed mapping.

    Attributes:
        mapping: the mapping, as ``text`` has it.
        text: commented TOML.
        notes: what was found and what has to be checked, ``zh|en``.
        preview: the first ten rows that it gives; empty where it gives none.
    """

    mapping: Mapping
    text: str
    notes: tuple[str, ...]
    preview: pd.DataFrame


@dataclass
class _Draft:
    """What is found so far; ``questions`` are by dotted key, ``chinese`` is the header's script."""

    fields: dict[str, object] = field(default_factory=dict)
    questions: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    open: bool = False
    chinese: bool = True

    def ask(self, key: str, zh: str, en: str, *, must: bool) -> None:
        """Put a question at ``key``; with ``must`` nothing is read before it is decided."""
        self.questions[key] = f"{zh} {en}"
        self.notes.append(f"{key}：{zh}|{key}: {en}")
        self.open |= must


def propose(sheet: Sheet, *, name: str | None = None, last_year: int = 2100) -> Proposal:
    """Return a mapping for ``sheet``.

    Args:
        sheet: the table; any title lines above the header may be there.
        name: of the mapping; default the file's name.
        last_year: the latest year a reading may have.

    Raises:
        InputError: no header, no date, or no known item could be found.
    """
    line = _header(sheet)
    body = sheet.named() if line == sheet.cells.index[0] else sheet.named(line)
    body = body.head(_LINES)
    roles = _roles(body)
    draft = _Draft(chinese=any("\u4e00" <= sign <= "\u9fff" for sign in "".join(body.columns)))
    time = proposed_time(body, roles, last_year)
    if time is None:
        raise InputError(
            f"{sheet.path} has no column whose cells are dates.",
            "Check that the file is a table of readings; a mapping can be written by hand.",
        )
    if "item" in roles and "value" in roles:
        table, items = _long_items(sheet, body, roles, time, draft)
    else:
        table, items = _wide_items(sheet, body, roles, time, draft)
    if time.months and table != "water_samples":
        raise InputError(
            f"The dates of {sheet.path} name months, and its columns are of daily values.",
            "Give values of days; means of months can't be judged by day.",
        )
    draft.fields = {"table": table, "confirmed": True}
    match: dict[str, object] = {"header": [str(column) for column in body.columns]}
    if line != sheet.cells.index[0]:
        match["header_line"] = line
    draft.fields["match"] = match
    _places(sheet, body, roles, table, draft)
    _time(time, table, draft)
    reading = _reading(body, items, roles, table, draft)
    if reading:
        draft.fields["read"] = reading
    if "item" in roles and "value" in roles:
        long = {"item": roles["item"], "value": roles["value"]}
        if "unit" in roles:
            long["unit"] = roles["unit"]
        draft.fields["long"] = long
    draft.fields["items"] = items
    draft.fields["confirmed"] = not draft.open
    text = mapping_text(draft.fields, draft.questions)
    mapping = read_mapping(
        text, name=name or stem(sheet.path), where=f"the mapping of {sheet.path}"
    )
    preview = _preview(sheet, mapping, last_year, draft)
    return Proposal(mapping, text, tuple(draft.notes), preview)


def _header(sheet: Sheet) -> int:
    """Return the line that reads most like a header."""
    best, line = 0, 0
    head = sheet.cells.head(HEAD_LINES)
    for label, row in zip(head.index, head.to_numpy(dtype=object), strict=True):
        cells = [str(cell) for cell in row if cell]
        known = sum(bool(role_of(cell) or item_of(cell)[0]) for cell in cells)
        if known > best:
            best, line = known, int(label)
    if best < 2:
        raise InputError(
            f"{sheet.path} has no line that reads like a header of readings.",
            "Give its columns names in the first line, such as 日期, 城市, PM2.5(µg/m³).",
        )
    return line


def _roles(body: pd.DataFrame) -> dict[str, str]:
    """Return role → column, the first of each."""
    roles: dict[str, str] = {}
    for column in body.columns:
        role = role_of(str(column))
        if role:
            roles.setdefault(role, str(column))
    return roles


def _wide_items(
    sheet: Sheet, body: pd.DataFrame, roles: dict[str, str], time: ProposedTime, draft: _Draft
) -> tuple[str, dict[str, dict[str, str]]]:
    taken = {*roles.values(), *time.columns}
    found: dict[str, list[tuple[str, bool]]] = {}
    for column in body.columns:
        if not column or column in taken:
            continue
        code, daily = item_of(str(column))
        if code:
            found.setdefault(code, []).append((str(column), daily))
    table = _table(sheet, set(found), time)
    items: dict[str, dict[str, str]] = {}
    for code, columns in found.items():
        own = _ozone(code, table, draft) if code == "o3" else code
        # Running means are worked out from the hours, never taken from a file of hours.
        fits = [c for c, daily in columns if not (daily and table == "air_hourly")]
        if own not in items_of(table) or not fits or own in items:
            draft.notes.append(
                f"未采用的列：{'、'.join(c for c, _ in columns)}|"
                f"not used: {', '.join(c for c, _ in columns)}"
            )
            continue
        column = fits[0]
        said, _ = stated_units(sheet, {column: own})
        unit = _unit(body[column], own, unit_of(column), said.get(column), draft)
        if unit:
            items[own] = {"column": column, "unit": unit}
    if not items:
        raise InputError(
            f"{sheet.path} has no column of a known item whose unit can be read.",
            "Write item and unit into the header, such as PM2.5(µg/m³).",
        )
    return table, items


def _long_items(
    sheet: Sheet, body: pd.DataFrame, roles: dict[str, str], time: ProposedTime, draft: _Draft
) -> tuple[str, dict[str, dict[str, str]]]:
    names = body[roles["item"]]
    found = {str(one): item_of(str(one))[0] for one in names.drop_duplicates() if one}
    table = _table(sheet, {code for code in found.values() if code}, time)
    items: dict[str, dict[str, str]] = {}
    for said, code in found.items():
        own = _ozone(code, table, draft) if code == "o3" else code
        if own not in items_of(table) or own in items:
            draft.notes.append(f"未采用的项目：{said}|not used: {said}")
            continue
        lines = body[(names == said).to_numpy(bool)]
        units = set(lines[roles["unit"]]) if "unit" in roles else set()
        header = units.pop() if len(units) == 1 else unit_of(said)
        unit = _unit(lines[roles["value"]], own, header, None, draft)
        if unit:
            items[own] = {"name": said, "unit": unit}
    if not items:
        raise InputError(
            f"{sheet.path} names no known item in its column {roles['item']}.",
            "Known are names such as 二氧化硫 or SO2, 氨氮 or NH3-N, 气温 or temperature.",
        )
    return table, items


def _table(sheet: Sheet, codes: set[str], time: ProposedTime) -> str:
    """Return the table that most of the items belong to."""
    codes = {"o3_8h" if code == "o3" else code for code in codes}
    counts = {
        domain: sum(ITEMS[code].domain == domain for code in codes)
        for domain in dict.fromkeys(MAPPED_TABLES.values())
    }
    domain = max(counts, key=lambda one: counts[one])
    if not counts[domain]:
        raise InputError(
            f"{sheet.path} has no column of a known item.",
            "Name the columns by their items, such as PM2.5(µg/m³) or 氨氮(mg/L).",
        )
    if domain == "air":
        return "air_hourly" if time.hours else "air_daily"
    return next(table for table, of in MAPPED_TABLES.items() if of == domain)


def _ozone(code: str, table: str, draft: _Draft) -> str:
    if table == "air_hourly":
        return "o3_1h"
    draft.ask(
        "items.o3_8h",
        "O3 是日最大8小时(o3_8h)、日最大1小时(o3_1h)还是24小时平均(o3_24h)?",
        "Is O3 the daily maximum of 8 hours (o3_8h), of 1 hour (o3_1h) or a mean (o3_24h)?",
        must=True,
    )
    return "o3_8h"


def _unit(
    text: pd.Series[str], item: str, header: str, said: Statement | None, draft: _Draft
) -> str:
    """Return the unit of an item, asking where the table doesn't say it; empty where none fits."""
    one = proposed_unit(text, item, header, said, chinese=draft.chinese)
    if not one.unit:
        draft.notes.append(f"{one.zh}|{one.en}")
        draft.open |= one.must
    elif one.zh:
        draft.ask(f"items.{item}.unit", one.zh, one.en, must=one.must)
    return one.unit


def _places(
    sheet: Sheet, body: pd.DataFrame, roles: dict[str, str], table: str, draft: _Draft
) -> None:
    region = roles.get("region") or roles.get("province")
    if region:
        draft.fields["region"] = {"column": region}
        if "region" not in roles:
            draft.ask("region", "只有省份列,请核对", "only a province is named: check", must=False)
    else:
        draft.notes.append("地区取自文件名|the region is the file's name")
    if "place" in roles:
        draft.fields["place"] = {"column": roles["place"]}
    elif table in ("water_samples", "flow_daily"):
        draft.fields["place"] = {"value": stem(sheet.path)}
        draft.ask(
            "place", "没有断面或测站列,取文件名", "no column of places: the file's name", must=False
        )
    if table == "water_samples":
        for role in ("river", "basin"):
            if role in roles:
                draft.fields[role] = {"column": roles[role]}


def _time(time: ProposedTime, table: str, draft: _Draft) -> None:
    settings: dict[str, object] = {"columns": list(time.columns)}
    if time.format:
        settings["format"] = time.format
    if time.ambiguous:
        draft.ask(
            "time.format", "日和月分不清,请核对(%d 日、%m 月)",
            "day and month can't be told apart: check (%d day, %m month)", must=True,
        )  # fmt: skip
    if table == "air_hourly":
        settings["hour_label"] = "end"
        if not time.ends:
            draft.ask(
                "time.hour_label", "时间是小时的结束(end)还是开始(start)?国内监测网为结束",
                "is the stamp the end or the start of the hour? The national network's is the end",
                must=True,
            )  # fmt: skip
    draft.fields["time"] = settings


def _reading(
    body: pd.DataFrame,
    items: dict[str, dict[str, str]],
    roles: dict[str, str],
    table: str,
    draft: _Draft,
) -> dict[str, object]:
    """Return what ``[read]`` needs beyond its defaults."""
    # Classes are words by themselves: Ⅱ is no mark of a missing value.
    columns = [
        one["column"]
        for code, one in items.items()
        if "column" in one and code != "class_published"
    ]
    if not columns and not roles.get("value"):
        return {}
    columns = columns or [roles["value"]]
    cells = pd.concat([body[column] for column in columns], ignore_index=True)
    settings: dict[str, object] = {}
    comma = cells.str.fullmatch(r"[+-]?[0-9]+,[0-9]+").to_numpy(bool)
    point = cells.str.contains(".", regex=False).to_numpy(bool)
    decimal: Literal[".", ","] = "," if comma.any() and not point.any() else "."
    if decimal == ",":
        settings["decimal"] = ","
        draft.ask("read.decimal", "小数用逗号,请核对", "decimal commas: check", must=False)
    read = numbers(plain_numbers(cells, Reading(decimal=decimal))[0])
    words = cells[read.bad].value_counts()
    marks = [
        str(word) for word in words.index if _WORDS.fullmatch(str(word)) and len(str(word)) < 12
    ]
    marks += _impossible(read.values)
    marks = [mark for mark in marks if mark.strip().lower() not in MISSING]
    # A line of units below the header is no mark.
    first = {str(body[column].iloc[0]) for column in columns} if len(body) else set()
    marks = [mark for mark in marks if mark not in first or (cells == mark).sum() > len(columns)]
    if marks:
        settings["missing"] = marks[:12]
        draft.ask("read.missing", "这些值当作缺测,请核对", "read as missing: check", must=False)
    if table == "air_daily" and float((read.values == 0).mean()) > 0:
        settings["zero_is_missing"] = True
        draft.ask(
            "read.zero_is_missing", "日均值不会是 0,当作缺测", "a daily mean is never 0: missing",
            must=False,
        )  # fmt: skip
    return settings


def _impossible(values: NDArray[np.float64]) -> list[str]:
    """Return numbers of nines that stand for "no value" (−999.9, 9999 …)."""
    distinct, counts = np.unique(values[~np.isnan(values)], return_counts=True)
    return [
        f"{value:g}"
        for value, count in zip(distinct, counts, strict=True)
        if count >= 3
        and re.fullmatch(r"-?9{2,6}(?:\.9+)?", f"{value:g}")
        and (value < 0 or value > 9000)
    ]


def _preview(sheet: Sheet, mapping: Mapping, last_year: int, draft: _Draft) -> pd.DataFrame:
    request = Request(stem(sheet.path), last_year)
    part = replace(sheet, cells=sheet.cells.head(_LINES), ragged={})
    try:
        parsed = read_mapped(mapping.model_copy(update={"confirmed": True}), part, request)
    except ForecastError as error:
        draft.notes.append(f"按此对照不能读入：{error}|it can't be read this way: {error}")
        return pd.DataFrame()
    found = len(parsed.notes.quarantine())
    if found:
        draft.notes.append(
            f"前 {_LINES} 行中有 {found} 处将被隔离|{found} findings to be set aside"
        )
    rows = parsed.tables[mapping.table]
    shown = [
        column
        for column in rows.columns
        if column not in ("known_from", "flag", "version", "basis", "source", "file_id")
    ]
    return rows.sort_values("row", kind="stable")[shown].head(_SHOWN).reset_index(drop=True)
