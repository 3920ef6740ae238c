"""What a workbook holds for a printed entry: the number with a format that shows it as printed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from forecast.report.document import Cell

__all__ = ["Entry", "entry_of"]

_NUMBER = re.compile(r"[+\-−]?\d+(?:\.\d+)?")
#: Excel counts fifteen digits.
_EXACT: Final = 10**15
#: Its number formats end at 255 characters, and its calendar starts in 1900.
_LONGEST_FORM: Final = 255
_FIRST_YEAR: Final = 1900


@dataclass(frozen=True)
class Entry:
    """A value for a workbook and the number format that prints it; empty for a text."""

    value: str | float | date
    form: str = ""


def entry_of(cell: Cell, text: str) -> Entry:
    """Return what a workbook holds for ``cell``, printed as ``text``.

    A number stands as a number if the text prints that number and no other, with what stands
    around it in the number format (``34 %``, ``6天``); a text stays as it is. Where Excel would show
    the value otherwise than printed (it rounds halves up, and has a minus zero) the printed number
    is held.

    >>> from forecast.report.words import Pair
    >>> entry_of(Cell(Pair("+3.2", "+3.2"), 3.21, 1), "+3.2")
    Entry(value=3.21, form='+0.0;-0.0;0.0')
    >>> entry_of(Cell(Pair("Ⅲ", "III"), 3), "Ⅲ")
    Entry(value='Ⅲ', form='')
    """
    value = cell.value
    if isinstance(value, date):
        day = value.date() if isinstance(value, datetime) else value
        plain_day = text == day.isoformat() and day.year >= _FIRST_YEAR
        return Entry(day, "yyyy-mm-dd") if plain_day else Entry(text)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return Entry(text)
    found = list(_NUMBER.finditer(text))
    if len(found) != 1 or value != value or abs(value) >= _EXACT:
        return Entry(text)
    (match,) = found
    digits = match[0].replace("−", "-")
    printed = Decimal(digits)
    places = -int(printed.as_tuple().exponent)
    step = Decimal(1).scaleb(-places)
    exact = Decimal(repr(float(value)))
    before, after = text[: match.start()], text[match.end() :]
    if "%" in after and not _is(printed, exact, step) and _is(printed, 100 * exact, step):
        # A share printed in per cent: the bare sign of a format multiplies by a hundred.
        exact, held = 100 * exact, float(value)
        instead = float(printed) / 100
        left, _, right = after.partition("%")
        behind = f"{_quoted(left)}%{_quoted(right)}"
    elif _is(printed, exact, step):
        held, instead, behind = value, float(printed), _quoted(after)
    else:
        return Entry(text)
    shown = exact.quantize(step, rounding=ROUND_HALF_UP)
    plain = "0" if places == 0 else f"0.{'0' * places}"
    signs = [""]
    if before or digits[0] == "+" or "−" in match[0]:
        # Quoted: a minus of another kind is no part of the language of formats.
        signs = ["+" if digits[0] == "+" else "", '"−"' if "−" in match[0] else "-", ""]
    form = ";".join(f"{_quoted(before)}{sign}{plain}{behind}" for sign in signs)
    if len(form) > _LONGEST_FORM:
        return Entry(text)
    return Entry(held if shown == printed and shown else instead, form)


def _is(printed: Decimal, value: Decimal, step: Decimal) -> bool:
    """Whether ``value`` is what was printed, up to rounding."""
    return abs(value - printed) <= step / 2


def _quoted(text: str) -> str:
    """Return a text as a literal of a number format, one character at a time where needed."""
    if not text:
        return ""
    return "".join(f'"{part}"' if part != '"' else '\\"' for part in re.split('(")', text) if part)
