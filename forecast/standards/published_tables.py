"""The tables of the standards as they lie in ``tables/*.csv``: one row a rule, with its grade.

Grades of evidence: ``verified`` (the text was seen), ``secondary`` (seen in a copy or in code that
cites it), ``third party`` (one party claims it), ``from memory`` (a default a user can change).
"""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

__all__ = ["table_rows"]


@cache
def table_rows(name: str) -> tuple[dict[str, str], ...]:
    """Return the rows of ``tables/<name>.csv`` as dictionaries of text, in file order."""
    path = files("forecast.standards") / "tables" / f"{name}.csv"
    text = path.read_text(encoding="utf-8")
    return tuple(csv.DictReader(text.splitlines()))
