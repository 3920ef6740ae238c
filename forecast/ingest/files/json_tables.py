"""Tables in JSON, in the forms that services answer in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from forecast.errors import InputError
from forecast.ingest.files.decoding import decoded
from forecast.ingest.files.grid import Grid, grid_of_rows

__all__ = ["read_json"]

#: Keys under which services put the rows; others are looked at after them.
_ROWS = ("results", "data", "records", "rows", "items", "list", "value", "features")

#: Units that say how a time is written, not what it is measured in.
_NO_UNIT = frozenset({"", "iso8601"})

_DEEPEST = 40

#: A table that is mostly blank, because no two objects have names in common, is none.
_MOST_CELLS = 50_000_000


class _Figure(str):
    """A number as it is written: as text no digit of it is lost."""

    __slots__ = ()


def read_json(where: str, data: bytes) -> list[tuple[str, Grid]]:
    """Return the tables of a JSON text, each with its key; the key is empty where it is the only one.

    * ``thead`` and ``tbody`` (the national water platform): header and rows as they are;
    * a list of objects, at the top or under a key: a column for each name, objects inside them
      flattened with dots (``period.datetimeTo.local``), lists inside them as JSON;
    * a list of lists: rows;
    * an object of lists of equal length, at the top or under keys such as ``daily`` and ``hourly``
      (Open-Meteo): a column for each list, named with its unit from ``daily_units``, and one for
      each single value beside them (``latitude``, ``timezone``), the same in all rows; a list of
      such objects: their rows one after the other;
    * one object a line.

    Numbers stay as they are written. The header is line 1.

    Args:
        where: what to call the text in messages.
        data: its bytes.

    Raises:
        InputError: it is no JSON, or holds no table.
    """
    encoding, text = decoded(where, data)
    try:
        whole = _parsed(text.decode("utf-8"))
        tables = [(key, rows) for key, rows in _tables(whole) if rows]
    except (ValueError, RecursionError) as error:
        raise InputError(
            f"{where} is not readable as JSON ({_said(error)}).",
            "Download it again, or save the table as CSV (UTF-8).",
        ) from error
    if not tables:
        raise InputError(f"{where} holds no table.", "Download it again from its source.")
    return [
        (
            key if len(tables) > 1 else "",
            grid_of_rows(f"json {encoding}", enumerate(rows, start=1), width=len(rows[0])),
        )
        for key, rows in tables
    ]


def _said(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"line {error.lineno}, column {error.colno}"
    return "too many levels" if isinstance(error, RecursionError) else "no table"


def _parsed(text: str) -> Any:
    try:
        return _loads(text)
    except json.JSONDecodeError as error:
        lines = [line for line in text.split("\n") if line.strip()]
        if not error.msg.startswith("Extra data") or len(lines) < 2:
            raise
        try:
            return [_loads(line) for line in lines]
        except json.JSONDecodeError:
            raise error from None


def _loads(text: str) -> Any:
    return json.loads(text, parse_float=_Figure, parse_int=_Figure, parse_constant=_Figure)


def _tables(whole: Any) -> list[tuple[str, list[list[str]]]]:
    """Return key and rows, the first the header, of each table."""
    if isinstance(whole, list):
        return [("", rows) for rows in [_list(whole)] if rows] or _blocks(whole)
    if not isinstance(whole, Mapping):
        return []
    if isinstance(whole.get("thead"), list) and isinstance(whole.get("tbody"), list):
        return [("", _platform(whole["thead"], whole["tbody"]))]
    blocks = _blocks([whole])
    if blocks:
        return blocks
    found: list[tuple[str, list[list[str]]]] = []
    for key in sorted(whole, key=lambda name: name not in _ROWS):
        value = whole[key]
        if isinstance(value, list) and value:
            rows = _list(value)
            found += [(key, rows)] if rows else _blocks(value)
        elif isinstance(value, Mapping):
            found += [(f"{key}.{inner}" if inner else key, rows)
                      for inner, rows in _tables_below(value)]  # fmt: skip
    if not found and whole and not any(isinstance(v, list | Mapping) for v in whole.values()):
        found = [("", _objects([whole]))]
    return found


def _tables_below(value: Mapping[str, Any]) -> list[tuple[str, list[list[str]]]]:
    """Return the tables of an inner object; a lone object of single values is none."""
    if not any(isinstance(inner, list | Mapping) for inner in value.values()):
        return []
    return _tables(value)


def _platform(names: Sequence[Any], body: Sequence[Any]) -> list[list[str]]:
    rows = [[_text(cell) for cell in names]]
    for row in body:
        cells = row if isinstance(row, list) else [row]
        rows.append([_text(cell) for cell in cells])
    return rows


def _list(values: Sequence[Any]) -> list[list[str]]:
    """Return the rows of a list of objects or of lists; none where it is another."""
    if values and all(isinstance(value, Mapping) for value in values):
        return [] if all(_arrays(value) for value in values) else _objects(values)
    if values and all(isinstance(value, list) for value in values):
        return [[_text(cell) for cell in row] for row in values]
    return []


def _objects(values: Iterable[Mapping[str, Any]]) -> list[list[str]]:
    flat = [dict(_flattened(value)) for value in values]
    names = list(dict.fromkeys(name for row in flat for name in row))
    if len(names) * len(flat) > _MOST_CELLS:
        raise ValueError
    return [names, *([row.get(name, "") for name in names] for row in flat)]


def _flattened(
    value: Mapping[str, Any], before: str = "", depth: int = 0
) -> Iterable[tuple[str, str]]:
    if depth > _DEEPEST:
        raise RecursionError
    for key, inner in value.items():
        if isinstance(inner, Mapping) and inner:
            yield from _flattened(inner, f"{before}{key}.", depth + 1)
        else:
            yield f"{before}{key}", _text(inner)


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | Mapping):
        return _as_json(value) if value else ""
    return str(value)


def _as_json(value: Any, depth: int = 0) -> str:
    if depth > _DEEPEST:
        raise RecursionError
    if isinstance(value, Mapping):
        pairs = (f"{_as_json(str(k))}: {_as_json(v, depth + 1)}" for k, v in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_as_json(inner, depth + 1) for inner in value) + "]"
    return str(value) if isinstance(value, _Figure) else json.dumps(value, ensure_ascii=False)


def _arrays(whole: Mapping[str, Any]) -> dict[str, Mapping[str, Sequence[Any]]]:
    """Return the objects of equally long lists in an object: key → name → list."""
    own = _equally_long(whole)
    if own:
        return {"": own}
    return {
        key: block
        for key, value in whole.items()
        if isinstance(value, Mapping) and (block := _equally_long(value))
    }


def _equally_long(value: Mapping[str, Any]) -> dict[str, Sequence[Any]]:
    lists: dict[str, Sequence[Any]] = {
        name: inner for name, inner in value.items() if isinstance(inner, list)
    }
    lengths = {len(inner) for inner in lists.values()}
    simple = all(not isinstance(x, list | Mapping) for inner in lists.values() for x in inner)
    return lists if len(lists) > 1 and len(lengths) == 1 and lengths != {0} and simple else {}


def _blocks(values: Sequence[Any]) -> list[tuple[str, list[list[str]]]]:
    """Return the tables of objects of lists; those of equal key and header as one."""
    tables: dict[tuple[str, tuple[str, ...]], list[list[str]]] = {}
    for whole in values:
        if not isinstance(whole, Mapping):
            continue
        beside = {
            name: _text(value)
            for name, value in whole.items()
            if not isinstance(value, list | Mapping)
        }
        for key, block in _arrays(whole).items():
            units = whole.get(f"{key}_units")
            units = units if isinstance(units, Mapping) else {}
            columns = {_with_unit(name, units): values for name, values in block.items()}
            extra = {name: value for name, value in beside.items() if name not in columns}
            rows = tables.setdefault((key, (*columns, *extra)), [[*columns, *extra]])
            constant = list(extra.values())
            for cells in zip(*columns.values(), strict=True):
                rows.append([*(_text(cell) for cell in cells), *constant])
    return [(key, rows) for (key, _), rows in tables.items()]


def _with_unit(name: str, units: Mapping[str, Any]) -> str:
    unit = _text(units.get(name)).strip()
    return name if unit in _NO_UNIT else f"{name}({unit})"
