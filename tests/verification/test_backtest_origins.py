"""What ``--origins`` and ``--months`` may say."""

from __future__ import annotations

from datetime import date

import pytest

from forecast.errors import UsageError
from forecast.verification.origins import days_before, named_origins, start_months


def test_years_are_forecast_from_the_day_before_each_start_month() -> None:
    assert named_origins("2019", None) == (
        date(2018, 12, 31), date(2019, 3, 31), date(2019, 6, 30), date(2019, 9, 30),
    )  # fmt: skip
    assert named_origins("2015..2017", "3") == tuple(date(y, 2, d) for y, d in
                                                     ((2015, 28), (2016, 29), (2017, 28)))  # fmt: skip
    assert named_origins("2016, 2018", "1") == (date(2015, 12, 31), date(2017, 12, 31))
    assert days_before([2019, 2018], [7]) == (date(2018, 6, 30), date(2019, 6, 30))


def test_days_are_the_last_days_used_and_may_stand_beside_years() -> None:
    assert named_origins("2019-06-15", None) == (date(2019, 6, 15),)
    assert named_origins("2019-06-15,2018", "1") == (date(2017, 12, 31), date(2019, 6, 15))
    assert start_months(" 10, 1,1") == (1, 10)


@pytest.mark.parametrize(
    ("origins", "months", "said"),
    [
        ("2019..2015", None, "backwards"),
        ("last", None, "neither a year"),
        ("2019-02-30", None, "neither a year"),
        ("201906", None, "neither a year"),
        ("1850", None, "not a year of readings"),
        ("2019-06-30", "1,4", "--months has no meaning"),
        ("2019", "0", "not a list of months"),
        ("2019", "1;4", "not a list of months"),
        ("", None, "neither a year"),
    ],
)
def test_what_has_no_meaning_is_said(origins: str, months: str | None, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        named_origins(origins, months)
