"""Past years as an ensemble: every value can be looked up in the record."""

from __future__ import annotations

import numpy as np
import pandas as pd
from made_air import ahead_of, made_record

from forecast.models.past_years import PastYears


def numbered(first: str, last: str, items: tuple[str, ...] = ("pm25",)) -> pd.DataFrame:
    """Day number of the record from 1, the second item a hundred thousand more."""
    days = pd.date_range(first, last)
    table = np.arange(1.0, len(days) + 1)[:, None] + 1e5 * np.arange(len(items))
    return pd.DataFrame(table, index=days, columns=list(items))


def value_of(record: pd.DataFrame, day: str) -> float:
    return float(record.loc[day].iloc[0])


def sample(record: pd.DataFrame, days: np.ndarray, n: int, seed: int = 0) -> np.ndarray:
    return PastYears("x").fit(record).sample(days, n, np.random.default_rng(seed)).values


def test_a_path_is_what_followed_the_date_in_one_past_year() -> None:
    """Three years of record: a third of the paths each, the same year for all days and items."""
    record = numbered("2013-01-01", "2015-12-31", ("pm25", "pm10"))
    days = np.array(["2016-03-01", "2016-12-31", "2016-07-04"], dtype="datetime64[D]")
    drawn = sample(record, days, 30)
    years = {}
    for year in (2013, 2014, 2015):
        wanted = [value_of(record, f"{year}{str(d)[4:]}") for d in days]
        same = (drawn[:, :, 0] == np.array(wanted, dtype=np.float32)).all(axis=1)
        years[year] = int(same.sum())
    assert years == {2013: 10, 2014: 10, 2015: 10}
    assert np.array_equal(drawn[:, :, 1], drawn[:, :, 0] + np.float32(1e5))


def test_the_leap_day_takes_the_28th() -> None:
    """29 February 2016 is 28 February of 2015."""
    record = numbered("2015-01-01", "2015-12-31")
    days = np.array(["2016-02-28", "2016-02-29", "2016-03-01"], dtype="datetime64[D]")
    wanted = [value_of(record, d) for d in ("2015-02-28", "2015-02-28", "2015-03-01")]
    assert sample(record, days, 2).tolist() == [[[w] for w in wanted]] * 2


def test_a_second_year_goes_on_a_year_earlier() -> None:
    """From June 2016 on the record ends: what would be 2016-06 of a path is 2015-06."""
    record = numbered("2015-01-01", "2016-05-31")
    days = np.array(["2017-05-31", "2017-06-01", "2018-01-01"], dtype="datetime64[D]")
    wanted = [value_of(record, d) for d in ("2016-05-31", "2015-06-01", "2016-01-01")]
    assert sample(record, days, 4).tolist() == [[[w] for w in wanted]] * 4


def test_a_gap_takes_the_same_date_of_another_year() -> None:
    """1 March of two of three years is missing: all paths take the one that is there."""
    record = numbered("2013-01-01", "2015-12-31")
    record.loc[["2013-03-01", "2015-03-01"]] = np.nan
    drawn = sample(record, np.array(["2016-03-01"], dtype="datetime64[D]"), 60)
    assert (drawn == value_of(record, "2014-03-01")).all()
    record.loc["2013-03-01"] = 7.0
    drawn = sample(record, np.array(["2016-03-01"], dtype="datetime64[D]"), 90)
    values, counts = np.unique(drawn, return_counts=True)
    assert values.tolist() == [7.0, value_of(record, "2014-03-01")]
    # 30 paths each have a value; the other 30 choose: P(X < 5) < 0.001 for X binomial (30, 0.5).
    assert counts.sum() == 90 and counts.min() >= 35


def test_a_season_that_was_never_seen_takes_the_nearest() -> None:
    """Half a year of record: August takes 30 June, and November 1 January that comes sooner."""
    record = numbered("2015-01-01", "2015-06-30")
    days = np.array(["2015-08-01", "2015-11-15"], dtype="datetime64[D]")
    wanted = [[value_of(record, "2015-06-30")], [value_of(record, "2015-01-01")]]
    assert sample(record, days, 3).tolist() == [wanted] * 3


def test_zeros_stay_zeros() -> None:
    """A reading of 0 was read, and may come again."""
    record = numbered("2015-01-01", "2015-12-31")
    record.loc["2015-04-01"] = 0.0
    assert sample(record, np.array(["2016-04-01"], dtype="datetime64[D]"), 2).max() == 0.0


def test_units_and_row_order_do_not_matter() -> None:
    record = made_record(1, years=3, items=("pm25", "co"))
    days = ahead_of(record, 100)
    one = sample(record, days, 20)
    np.testing.assert_allclose(sample(record * 1000, days, 20), one * 1000, rtol=1e-6)
    shuffled = record.iloc[np.random.default_rng(3).permutation(len(record))]
    assert np.array_equal(sample(shuffled, days, 20), one)
