"""Units that a table states beside its header: in a line below it, in a title, in a note at its end.

A layout knows the units of its columns. A table that says another unit is not of that layout, however
like it looks, so it is refused: no unit is guessed against a statement.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from forecast.errors import ContradictionError
from forecast.ingest.files.cells import MISSING
from forecast.ingest.files.sheet import Sheet
from forecast.ingest.readers.units import plain_unit, split_header
from forecast.standards.items import ITEMS

__all__ = ["check_stated_units", "stated_units", "unit_line", "unit_sign"]

#: Lines in which the header is looked for; those below it and at the end that may be no readings.
_HEAD, _BELOW, _TAIL = 21, 5, 12

#: Fewer cells than this in a line of words: a title or a note, whatever its first word.
_FEW_CELLS = 3
_NOTE = re.compile(
    r"(?:备?注|单位|计量单位|说明|浓度单位|note|units?|remarks?)\b|[备附]?注|单位|说明", re.I
)

#: Units of air that have no exact way to another, in lower case.
_PARTS = frozenset(["ppb", "ppm", "ppt", "ppbv", "ppmv", "pptv"])

_UNIT = (
    r"(?<![A-Za-z])(?:pp[bmt]v?(?![A-Za-z])|(?:[µμunm]|mc)?g\s*(?:/\s*N?m\s*\^?[3³]|/\s*(?:L|l|升|立方米)"
    r"|[·. ]?\s*m\^?[-−⁻][3³])|[微毫纳]克\s*(?:/|每)\s*(?:标准)?(?:立方米|升))"
)
_REST = r"其余|其他|其它|余为|others?\b|rest\b"

#: Item → how a line of words names it; the last group of names is that of the table's own columns.
_NAMES = {
    "so2": "SO2|二氧化硫", "no2": "NO2|二氧化氮", "pm10": r"PM10|可吸入颗粒物",
    "pm25": r"PM2\.?5|(?<!可吸入)细颗粒物", "co": r"(?<![A-Za-z])CO(?![0-9A-Za-z])|一氧化碳",
    "o3": r"(?<![A-Za-z])O3|臭氧", "nh3n": "氨氮|NH3-?N", "tp": r"总磷|(?<![A-Za-z])TP(?![A-Za-z])",
    "tn": r"总氮|(?<![A-Za-z])TN(?![A-Za-z])", "codmn": "高锰酸盐(?:指数)?|COD ?Mn",
    "cod": "化学需氧量|COD(?:Cr)?(?! ?Mn)", "bod5": "五日生化需氧量|BOD5?", "do": "溶解氧",
    "chla": "叶绿素",
}  # fmt: skip
_TOKEN = re.compile(
    f"(?P<unit>{_UNIT})|(?P<rest>{_REST})|"
    + "|".join(f"(?P<{item}>{names})" for item, names in _NAMES.items()),
    re.IGNORECASE,
)
_DIGITS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")

#: Units of one kind: a line that names no item speaks of the items in units of its kind.
_KINDS = (
    frozenset(["µg/m³", "mg/m³", "ng/m³", *_PARTS]),
    frozenset(["mg/L", "µg/L", "g/L", "ng/L"]),
)


def unit_sign(text: str) -> str:
    """Return the sign of a unit, ``ppb`` and its kin as they are; empty where a text is none.

    >>> unit_sign("(ug/m3)"), unit_sign("PPB"), unit_sign("轻度污染")
    ('µg/m³', 'ppb', '')
    """
    bare = text.strip().strip("()[]").strip()
    if bare.lower() in _PARTS:
        return bare.lower()
    return plain_unit(bare)


def unit_line(cells: Sequence[str]) -> bool:
    """Return whether the cells of the item columns of a line are units and no values.

    >>> unit_line(["ug/m3", "ppb", ""]), unit_line(["-", "12"]), unit_line(["1", ""])
    (True, False, False)
    """
    said = [cell for cell in cells if cell.strip().lower() not in MISSING]
    signs = [unit_sign(cell) for cell in said]
    return bool(said) and all(signs) and not all(sign in ("1", "-") for sign in signs)


def stated_units(
    sheet: Sheet, columns: Mapping[str, str]
) -> tuple[dict[str, tuple[int, str, frozenset[str]]], frozenset[int]]:
    """Return what a table says of the units of its columns beside its header.

    Args:
        sheet: the table.
        columns: column → item.

    Returns:
        Column → line, its text and the units that it allows; and the lines of units below the
        header, which are no readings.
    """
    found: dict[str, tuple[int, str, frozenset[str]]] = {}
    lines, places = _unread(sheet, columns)
    units_lines = set()
    for line, cells, below in lines:
        if below and places and unit_line([cells[at] for at in places.values()]):
            units_lines.add(line)
            for column, at in places.items():
                sign = unit_sign(cells[at])
                if sign and sign != "-":
                    found[column] = (line, cells[at], frozenset([sign]))
            continue
        filled = [cell for cell in cells if cell]
        text = ",".join(filled).translate(_DIGITS)
        if len(filled) > _FEW_CELLS and not _NOTE.match(text):
            continue
        # 1 ppb = 2.62 µg/m³ explains a unit and states none.
        if "=" in text or not re.search(_UNIT, text):
            continue
        by_item, others = _read(text)
        for column, item in columns.items():
            name = item.split("_")[0]
            if name in by_item:
                found.setdefault(column, (line, text, by_item[name]))
            elif others and not split_header(column)[1] and _speaks_of(item, others):
                found.setdefault(column, (line, text, others))
    return found, frozenset(units_lines)


def check_stated_units(
    sheet: Sheet, columns: Mapping[str, str], units: Mapping[str, str] | None = None
) -> frozenset[int]:
    """Refuse a table that says another unit than the one its columns are read in.

    Args:
        sheet: the table.
        columns: column → item.
        units: column → the unit that it is read in; default those of the items.

    Returns:
        The lines of units below the header, which are no readings.

    Raises:
        ContradictionError: a line of the table says another unit.
    """
    found, lines = stated_units(sheet, columns)
    for column, (line, text, said) in found.items():
        item = columns[column]
        own = ITEMS[item].unit if units is None else units[column]
        if (plain_unit(own) or own) in said or ITEMS[item].unit in ("-", "index", "1..6"):
            continue
        shown = text if len(text) <= 60 else f"{text[:60]}…"
        raise ContradictionError(
            f"{sheet.where}, row {line} says {' or '.join(sorted(said))} for column {column} "
            f"(«{shown}»), but it would be read in {own}.",
            f"In a copy, write the unit into the header, such as {column}({sorted(said)[0]}), and "
            "have a mapping proposed (forecast map FILE); a unit without an exact way, such as ppb, "
            "has to be converted. If the line is wrong, remove it."
            if units is None
            else "Correct the unit in the mapping; a unit without an exact way, such as ppb, has to "
            "be converted in the file. If the line is wrong, remove it in a copy.",
        )
    return lines


def _unread(
    sheet: Sheet, columns: Mapping[str, str]
) -> tuple[list[tuple[int, list[str], bool]], dict[str, int]]:
    """Return the lines that may state units (whether below the header), and where columns stand."""
    head = [[str(cell) for cell in row] for row in sheet.cells.head(_HEAD).to_numpy(dtype=object)]
    wanted = {column.strip().casefold() for column in columns}
    header, places = -1, {}
    for at, row in enumerate(head):
        names = [cell.casefold() for cell in row]
        if wanted <= set(names):
            header = at
            places = {column: names.index(column.strip().casefold()) for column in columns}
            break

    count = len(sheet.cells)
    chosen = sorted(
        {*range(min(count, header + 1 + _BELOW)), *range(max(header + 1, count - _TAIL), count)}
        - {header}
    )
    rows = sheet.cells.iloc[chosen]
    lines = [
        (int(label), [str(cell) for cell in row], 0 <= header < at <= header + _BELOW)
        for at, label, row in zip(chosen, rows.index, rows.to_numpy(dtype=object), strict=True)
    ]
    lines += [(line, [text], False) for line, text in sheet.aside.items()]
    return lines, places


def _read(text: str) -> tuple[dict[str, frozenset[str]], frozenset[str]]:
    """Return the units that a line of words gives: item → units, and those of all others.

    >>> _read("单位:μg/m3,CO为mg/m3") == ({"co": frozenset(["mg/m³"])}, frozenset(["µg/m³"]))
    True
    >>> _read("注:SO2、NO2单位为ppb")[0]["no2"]
    frozenset({'ppb'})
    """
    by_item: dict[str, set[str]] = {}
    others: set[str] = set()
    names: list[str] = []
    closed = False
    for token in _TOKEN.finditer(text):
        kind = str(token.lastgroup)
        if kind == "unit":
            sign = unit_sign(token[0])
            if not sign:
                continue
            for name in names:
                by_item.setdefault(name, set()).add(sign)
            if not names:
                others.add(sign)
            closed = True
            continue
        if closed:
            names, closed = [], False
        if kind != "rest":
            names.append(kind)
    return {name: frozenset(units) for name, units in by_item.items()}, frozenset(others)


def _speaks_of(item: str, units: frozenset[str]) -> bool:
    own = ITEMS[item].unit
    if item == "co" and units == {"µg/m³"}:
        # The tables say so of all and mean all but CO; a CO in µg/m³ is seen by its values.
        return False
    return any(own in kind and units & kind for kind in _KINDS)
