"""Text of data is never a formula in files for people, and comes back as it was."""

from __future__ import annotations

import csv
import io
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from forecast.formula_guard import guarded, guarded_cell, unguarded, unguarded_cell

HOSTILE = [
    "=1+1", '=HYPERLINK("http://x","衡水")', "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1+1",
    "\r=1+1", " =1+1", "＝1+1", "＠SUM", "-cmd", "--1", "=", "@", "'=1",
]  # fmt: skip
HARMLESS = [
    "衡水", "", "-3.5", "+12", "-1e5", "1,234", "-1,234.5", "-12 %", "-", "+", "—", "-999", ".5", "-.5",
    "a=b", "3-4", "'s-Gravenhage", "−2", "-inf", "nan",
]  # fmt: skip


@pytest.mark.parametrize("cell", HOSTILE)
def test_what_a_spreadsheet_would_calculate_gets_an_apostrophe(cell: str) -> None:
    assert guarded_cell(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", HARMLESS)
def test_names_and_numbers_stay_as_they_are(cell: str) -> None:
    assert guarded_cell(cell) == cell == unguarded_cell(cell)


@given(st.text(alphabet="'=+-@ ＝a1.\t", max_size=8))
@example("''=1")
@example("'-5")
def test_it_reads_back_as_it_was(cell: str) -> None:
    assert unguarded_cell(guarded_cell(cell)) == cell


@pytest.mark.parametrize("kind", ["object", "str", "category"])
def test_every_text_of_a_table_and_no_number(kind: str) -> None:
    table = pd.DataFrame(
        {
            "=name": pd.Series(["=1+1", "衡水", "=1+1"], dtype=kind),
            "value": [-1.5, 2.0, float("nan")],
            "day": [date(2024, 1, 1)] * 3,
        }
    )
    found = guarded(table)
    assert list(found.columns) == ["'=name", "value", "day"]
    assert found["'=name"].tolist() == ["'=1+1", "衡水", "'=1+1"]
    assert found["value"].tolist()[:2] == [-1.5, 2.0]
    assert found["day"].tolist() == [date(2024, 1, 1)] * 3
    assert table["=name"].tolist() == ["=1+1", "衡水", "=1+1"], "the table itself is as it was"
    assert unguarded(found)["=name"].tolist() == table["=name"].tolist()


def test_missing_cells_stay_missing_and_names_may_stand_twice() -> None:
    table = pd.DataFrame([["=a", None], [None, "=b"]], columns=["x", "x"])
    found = guarded(table)
    assert found.iloc[0, 0] == "'=a" and found.iloc[1, 1] == "'=b"
    assert found.isna().to_numpy().tolist() == [[False, True], [True, False]]


def _begins_no_formula(text: str) -> bool:
    cells = [cell for row in csv.reader(io.StringIO(text)) for cell in row]
    return not any(cell.lstrip().startswith(("=", "@", "+cmd")) for cell in cells)


def test_tables_of_charts_and_trends(tmp_path: Path) -> None:
    from matplotlib.figure import Figure

    from forecast.charts.chart import Chart, save

    table = pd.DataFrame({"region": ["=1+1", "衡水"], "value": [1, -2]})
    figure = Figure(figsize=(1, 1))
    written = save(Chart(figure, table, "c", "题", "title"), tmp_path, ("svg",))
    text = written[-1].read_text(encoding="utf-8-sig")
    assert text == "region,value\n'=1+1,1\n衡水,-2\n" and _begins_no_formula(text)
