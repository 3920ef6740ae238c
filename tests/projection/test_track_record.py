"""How forecasts like this one did before: the right class, enough of them, the right words."""

from __future__ import annotations

from datetime import date

import pytest

from forecast.projection.track_record import (
    FEWEST,
    Record,
    read_records,
    record_entry,
    record_of,
    shipped_records,
)

MADE = read_records(
    "indicator,start_month,p_low,p_high,n,met,command,source\n"
    "pm25_annual_mean,4,0.6,0.7,214,141,made,made\n"
    "pm25_annual_mean,7,0.6,0.7,19,10,made,made\n"
    "pm25_annual_mean,,0.6,0.7,400,260,made,made\n"
    "pm25_annual_mean,4,0.9,1.0,50,50,made,made\n"
)
SPRING = date(2025, 3, 31)


def entry(p: float | None, as_of: date = SPRING, **changes: str) -> dict[str, object] | None:
    told = {"indicator": "pm25_annual_mean", "model": "seasonal", **changes}
    return record_entry(MADE, told["indicator"], told["model"], as_of, p)


def test_the_sentence() -> None:
    found = entry(0.63)
    assert found is not None
    assert found["text_en"] == (
        "of 214 forecasts that said 60 to 70 %, 66 % came true (starting in month 4)"
    )
    assert found["text"] == "以往214次给出60%至70%的预测中,66%成为事实(4月起报)"


def test_the_upper_end_belongs_to_the_next_class() -> None:
    assert entry(0.6) is not None
    assert entry(0.7) is None
    assert record_of(MADE, "pm25_annual_mean", 4, 1.0) is not None


def test_the_month_tried_last_before_counts_and_too_few_give_way_to_all() -> None:
    june = entry(0.63, date(2025, 5, 31))
    assert june is not None and june["start_month"] == 4
    july = entry(0.63, date(2025, 6, 30))
    assert july is not None and july["start_month"] is None and july["n"] == 400
    # Before the first month tried in a year the last one counts: July, so all.
    assert entry(0.63, date(2025, 1, 31)) == july


@pytest.mark.parametrize("p", [None, 0.0, 1.0])
def test_what_arithmetic_decided_has_no_record(p: float | None) -> None:
    assert entry(p) is None


def test_other_models_and_indicators_have_none() -> None:
    assert entry(0.63, model="prophet") is None
    assert entry(0.63, indicator="heavy_days") is None


def test_rows_that_cannot_be_are_refused() -> None:
    with pytest.raises(ValueError, match="21 of 20"):
        Record("x", 1, 0.1, 0.2, 20, 21)
    with pytest.raises(ValueError, match="runs from"):
        Record("x", 1, 0.2, 0.1, 20, 2)


def test_the_shipped_table_can_be_read() -> None:
    for record in shipped_records():
        assert record.start_month is None or 1 <= record.start_month <= 12
    assert FEWEST == 20
