"""Moving holidays against published dates."""

from __future__ import annotations

import numpy as np
import pytest

from forecast.features.holidays import HOLIDAY_TERMS, holiday_terms, spring_festival

#: First days of the lunar years, as the State Council's holiday notices give them.
PUBLISHED = {
    2013: "2013-02-10", 2014: "2014-01-31", 2015: "2015-02-19", 2016: "2016-02-08",
    2017: "2017-01-28", 2018: "2018-02-16", 2019: "2019-02-05", 2020: "2020-01-25",
    2021: "2021-02-12", 2022: "2022-02-01", 2023: "2023-01-22", 2024: "2024-02-10",
    2025: "2025-01-29", 2026: "2026-02-17",
}  # fmt: skip

#: Days of Qingming.
QINGMING = {
    2013: "04", 2014: "05", 2015: "05", 2016: "04", 2017: "04", 2018: "05", 2019: "05", 2020: "04",
    2021: "04", 2022: "05", 2023: "05", 2024: "04", 2025: "04",
}  # fmt: skip


@pytest.mark.parametrize(("year", "day"), PUBLISHED.items())
def test_spring_festival_is_where_it_was_published(year: int, day: str) -> None:
    assert str(spring_festival(year)) == day


@pytest.mark.parametrize(("year", "day"), QINGMING.items())
def test_qingming_is_the_middle_of_its_three_days(year: int, day: str) -> None:
    days = np.arange(f"{year}-03-20", f"{year}-04-20", dtype="datetime64[D]")
    found = days[holiday_terms(days)[:, HOLIDAY_TERMS.index("qingming")] > 0]
    assert len(found) == 3
    assert str(found[1]) == f"{year}-04-{day}"


def test_terms_come_and_go_once_a_year() -> None:
    days = np.arange("2023-01-01", "2024-01-01", dtype="datetime64[D]")
    terms = dict(zip(HOLIDAY_TERMS, holiday_terms(days).T, strict=True))
    assert terms["fireworks"].sum() == 2
    assert terms["national_day"].sum() == 7
    # The pause is whole from two days before the festival to eight days after it.
    whole = days[terms["spring_festival"] == 1.0]
    assert (str(whole[0]), str(whole[-1])) == ("2023-01-20", "2023-01-30")
    # 15 November to 15 March, with half a term on the two days themselves.
    on = {str(day): term for day, term in zip(days, terms["heating"], strict=True)}
    assert on["2023-01-10"] == on["2023-12-20"] == 1.0
    assert on["2023-03-15"] == on["2023-11-15"] == 0.5
    assert on["2023-04-01"] == on["2023-10-20"] == 0.0
    assert terms["heating"].sum() == pytest.approx(121, abs=1)
