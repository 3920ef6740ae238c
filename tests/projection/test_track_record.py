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


def entry(
    p: float | None, as_of: date = SPRING, year: int = 2025, **changes: str
) -> dict[str, object] | None:
    told = {"indicator": "pm25_annual_mean", "model": "seasonal", **changes}
    return record_entry(MADE, told["indicator"], told["model"], as_of, year, p)


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


def test_only_the_year_of_the_first_drawn_day_has_a_record() -> None:
    december = date(2024, 12, 31)
    assert entry(0.63, december, 2025) is not None
    assert entry(0.63, december, 2024) is None
    assert entry(0.63, date(2024, 12, 30), 2025) is None
    assert entry(0.63, SPRING, 2026) is None


def test_classes_need_not_be_tenths() -> None:
    """Ends of 1, 5, 95 and 99 %, and shares that no rounding may make certain."""
    made = read_records(
        "indicator,start_month,p_low,p_high,n,met,command,source\n"
        "good_days,,0.0,0.01,800,1,made,made\n"
        "good_days,,0.01,0.05,100,0,made,made\n"
        "good_days,,0.29,0.57,30,9,made,made\n"
        "good_days,,0.95,0.99,400,398,made,made\n"
        "good_days,,0.99,1.0,1000,1000,made,made\n"
    )

    def said(p: float) -> str:
        found = record_entry(made, "good_days", "seasonal", SPRING, 2025, p)
        return "" if found is None else f"{found['text_en']} {found['text']}"

    rare = "of 800 forecasts that said 0 to 1 %, 0.1 % came true 以往800次给出0%至1%的预测中,0.1%"
    assert said(0.0025).startswith(rare)
    assert "said 1 to 5 %, 0 % came true" in said(0.01)
    assert "said 29 to 57 %, 30 % came true" in said(0.29)
    assert "said 95 to 99 %, 99.5 % came true" in said(0.98)
    assert "said 99 to 100 %, 100 % came true" in said(1 - 1 / 4000)
    assert said(0.05) == ""


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


def test_the_shipped_classes_cover_every_probability_once() -> None:
    """Whatever their ends are: together from 0 to 1, each beginning where another ends."""
    whole = [r for r in shipped_records() if r.start_month is None]
    assert whole
    for name in {r.indicator for r in whole}:
        own = sorted((r for r in whole if r.indicator == name), key=lambda r: r.low)
        assert [r.low for r in own] == [0.0, *(r.high for r in own[:-1])], name
        assert own[-1].high == 1.0, name
