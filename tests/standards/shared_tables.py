"""Rows of the reference tables that lie beside the checkout; where they are absent, tests skip."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

STANDARDS = Path(__file__).parents[3] / "shared" / "standards"
DATA = Path(__file__).parents[3] / "shared" / "data"


def vector_rows(name: str) -> list[Any]:
    """Rows of one vector file as parameters named by their id."""
    path = STANDARDS / f"{name}.csv"
    if not path.is_file():
        reason = f"{name}.csv is not beside this checkout"
        return [pytest.param({}, marks=pytest.mark.skip(reason=reason), id="absent")]
    with path.open(encoding="utf-8-sig", newline="") as lines:
        return [pytest.param(row, id=row["id"]) for row in csv.DictReader(lines)]


def number(text: str) -> float:
    """A cell as a number, NaN where it is blank or a mark."""
    return float(text) if text not in ("", "NA", "/", "*", "--") else float("nan")
