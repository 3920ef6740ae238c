"""Cells to numbers and times: what is read, and what is left alone because it could be two things."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast.ingest.files.cells import numbers, times


def column(*cells: str) -> pd.Series[str]:
    return pd.Series(list(cells), dtype="str")


def read(*cells: str, **options: object) -> list[str]:
    """Return each cell's time, or why it has none."""
    moments, why = times(column(*cells), last_year=2026, **options)  # type: ignore[arg-type]
    return [reason or str(moment) for moment, reason in zip(moments, why, strict=True)]


UNSURE = "the order of day, month and year is not certain"
ABSENT = "this date does not exist"


@pytest.mark.parametrize(
    ("cell", "wanted"),
    [
        ("2013-01-01 12:00 AM", "2013-01-01T00:00:00"),
        ("2013-01-01 01:00 AM", "2013-01-01T01:00:00"),
        ("2013-01-01 12:30 PM", "2013-01-01T12:30:00"),
        ("2013-01-01 11:00 pm", "2013-01-01T23:00:00"),
        ("2013-01-01 13:00 PM", ABSENT),
        ("2013-01-01 24:00", "2013-01-02T00:00:00"),
        ("2013-01-01 24:01", ABSENT),
        ("2013-02-29", ABSENT),
        ("2022-01-02T00:00:00+08:00", "2022-01-02T00:00:00"),
        ("2022-01-02T00:00:00.000+0800", "2022-01-02T00:00:00"),
        ("2022-01-02T00:00:00Z", "the time is of another zone than +08:00"),
        ("2022-01-02T00:00:00+99:00", ABSENT),
        ("2025年06月04日 00:36:35", "2025-06-04T00:36:35"),
        ("2025年6月4日8时", "2025-06-04T08:00:00"),
        ("2025年6月4日 8时5分", "2025-06-04T08:05:00"),
        ("２０１５－０１－３１", "2015-01-31T00:00:00"),
        ("20200402", "2020-04-02T00:00:00"),
        ("05-10 08:05", "not a date"),
        (
            "44000",
            "not a date but a number as Excel counts days; format the column as dates in Excel, "
            'or read the file by a mapping with format = "excel"',
        ),
        ("1979-12-31", "the year is not within 1980 to 2026"),
        ("--", "no date"),
    ],
)
def test_forms_of_a_time(cell: str, wanted: str) -> None:
    assert read(cell) == [wanted]


def test_zones_are_converted_only_where_asked() -> None:
    cells = ("2021-12-31T16:00:00Z", "2021-12-31T11:00:00-05:00", "2022-01-01 00:00")
    assert read(*cells, convert_zones=True) == ["2022-01-01T00:00:00"] * 3


def test_a_year_from_elsewhere() -> None:
    assert read("05-10 08:05", "5月10日", "12-31 24:00", "2019-05-10", year=2020) == [
        "2020-05-10T08:05:00", "2020-05-10T00:00:00", "2021-01-01T00:00:00", "2019-05-10T00:00:00",
    ]  # fmt: skip
    assert read("02-29", year=2021) == [ABSENT]


def test_counts_of_days_only_where_asked() -> None:
    assert read("44000", "44000.5", "19999", "80001", "43000.0416666667", serial=True) == [
        "2020-06-18T00:00:00", "2020-06-18T12:00:00", "not a date", "not a date",
        "2017-09-22T01:00:00",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "wanted"),
    [
        # One day above 12 settles the order of the column.
        (["7/2/25", "7/13/25"], ["2025-07-02", "2025-07-13"]),
        (["2/7/2025", "13/7/2025"], ["2025-07-02", "2025-07-13"]),
        (["7/2/25 08:00", "7/31/25 24:00"], ["2025-07-02T08", "2025-08-01T00"]),
        # Nothing settles it.
        (["7/2/25", "7/3/25"], [UNSURE, UNSURE]),
        (["3/3/2025", "7/2/2025"], ["2025-03-03", UNSURE]),
        # 25/07/13 may be a day of 2025 or one of 2013.
        (["25/07/13"], [UNSURE]),
        (["98/07/13"], ["1998-07-13"]),
        # Both orders in one column.
        (["13/7/2025", "7/13/2025", "2/7/2025"], ["2025-07-13", "2025-07-13", UNSURE]),
        (["99/99/99", "7/13/25", "7/2/25"], [ABSENT, "2025-07-13", "2025-07-02"]),
    ],
)
def test_days_with_the_year_last(cells: list[str], wanted: list[str]) -> None:
    found = read(*cells)
    assert all(a.startswith(b) for a, b in zip(found, wanted, strict=True)), found


def test_an_order_that_is_known() -> None:
    assert read("7/2/25", order="mdy") == ["2025-07-02T00:00:00"]
    assert read("7/2/25", order="dmy") == ["2025-02-07T00:00:00"]
    assert read("25/07/02", order="ymd") == ["2025-07-02T00:00:00"]
    assert read("7/13/25", order="dmy") == [ABSENT]


@pytest.mark.parametrize(
    ("cells", "wanted"),
    [
        (["1,234.5", "1,234", "12"], [1234.5, 1234, 12]),
        (["12,345,678"], [12345678]),
        (["1,234", "5"], [np.nan, 5]),
        (["1,5", "12,34.5", "0,123", "1.234,5"], [np.nan] * 4),
        (["１２．５", "＜0.02", "0.02L"], [12.5, 0.02, 0.02]),
        (["12 µg", "12%", "1_0", "0x1A", "1e999", "²"], [np.nan] * 6),
    ],
)
def test_commas_and_what_is_no_number(cells: list[str], wanted: list[float]) -> None:
    found = numbers(column(*cells))
    assert np.array_equal(found.values, np.array(wanted, float), equal_nan=True)
    assert found.bad.tolist() == np.isnan(wanted).tolist()


def test_decimal_commas_where_the_source_has_them() -> None:
    found = numbers(column("0,7", "1.234,5", "12", "1.5", "1.234", "--"), decimal_comma=True)
    assert np.array_equal(found.values, [0.7, 1234.5, 12, np.nan, np.nan, np.nan], equal_nan=True)
    assert found.bad.tolist() == [False, False, False, True, True, False]


def test_columns_without_rows_and_cells_without_text() -> None:
    assert len(numbers(column()).values) == 0
    assert len(times(column(), last_year=2026)[0]) == 0
    found = numbers(pd.Series([None, "1"], dtype=object))  # type: ignore[arg-type]
    assert found.missing.tolist() == [True, False]
