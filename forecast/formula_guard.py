"""Text from data that a spreadsheet would take for a formula, kept text in files for people.

A cell that begins with ``=``, ``+``, ``-`` or ``@`` is calculated when a CSV file is opened in a
spreadsheet: a region, a point or a remark may hold a command. Such a cell gets an apostrophe in
front; numbers stay numbers. What was written so reads back as it was.
"""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

__all__ = ["guarded", "guarded_cell", "unguarded", "unguarded_cell"]

#: What begins a formula, in the width of Western and of Chinese letters, after blanks or quotes.
_FORMULA = re.compile(r"[\s']*[=+\-@＝＋－＠]")

_NUMBER = re.compile(r"[+-]?(?:\d[\d,]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s?%?|[+-]|[+-]inf|-?nan")


def guarded_cell(text: str) -> str:
    """Return a cell that no spreadsheet calculates.

    >>> guarded_cell("=HYPERLINK(A1)"), guarded_cell("-3.5"), guarded_cell("衡水")
    ("'=HYPERLINK(A1)", '-3.5', '衡水')
    """
    return f"'{text}" if _is_formula(text) else text


def unguarded_cell(text: str) -> str:
    """Return what ``guarded_cell`` made the cell of.

    >>> unguarded_cell("'=HYPERLINK(A1)"), unguarded_cell("'s-Gravenhage"), unguarded_cell("-3.5")
    ('=HYPERLINK(A1)', "'s-Gravenhage", '-3.5')
    """
    return text[1:] if text.startswith("'") and _is_formula(text[1:]) else text


def guarded(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table for a CSV file in which no text is a formula, the names of columns included."""
    return _changed(table, guarded_cell)


def unguarded(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table that ``guarded`` made this one of."""
    return _changed(table, unguarded_cell)


def _is_formula(text: str) -> bool:
    if _FORMULA.match(text) is None:
        return False
    return _NUMBER.fullmatch(text.lstrip("'").strip()) is None


def _changed(table: pd.DataFrame, change: Any) -> pd.DataFrame:
    out = table.copy(deep=False)
    for at, dtype in enumerate(table.dtypes):
        if isinstance(dtype, pd.CategoricalDtype) or dtype == "object" or pd.api.types.is_string_dtype(dtype):  # fmt: skip
            column = table.iloc[:, at]
            words = {w: change(w) for w in column.unique() if isinstance(w, str)}
            words = {word: new for word, new in words.items() if new != word}
            if words:
                out.isetitem(at, [_one(cell, words) for cell in column])
    out.columns = pd.Index([change(name) if isinstance(name, str) else name for name in table.columns])  # fmt: skip
    return out


def _one(cell: Any, words: dict[str, str]) -> Any:
    return words.get(cell, cell) if isinstance(cell, str) else cell
