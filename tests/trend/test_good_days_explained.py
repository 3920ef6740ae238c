"""Good days explained: counts by hand, parts that add up, both standards, bad input."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.errors import ForecastError, InputError, UsageError
from forecast.standards.air_assessment import assess_year
from forecast.standards.items import AIR_ITEMS
from forecast.trend import (
    GoodDaysYear,
    explain_good_days,
    good_days_by_standard,
    good_days_change,
)

#: A day on which every item is far below its limit.
CLEAN = (4.0, 20.0, 40.0, 20.0, 0.5, 80.0)


def year_of(days: dict[str, dict[str, float]], year: int = 2023) -> pd.DataFrame:
    """A clean year but for the days named: month-day → item → value."""
    index = pd.date_range(f"{year}-01-01", f"{year}-12-31")
    table = pd.DataFrame(np.tile(CLEAN, (len(index), 1)), index=index, columns=list(AIR_ITEMS))
    for day, values in days.items():
        for item, value in values.items():
            table.loc[f"{year}-{day}", item] = value
    return table


BAD = {
    # O3 of 161 is the first above 100; PM2.5 75 is the last at 100 of 2012.
    "06-01": {"o3_8h": 161.0},
    "06-02": {"o3_8h": 160.0},
    "01-10": {"pm25": 150.0, "pm10": 350.0},  # IAQI 200 and 200: both lead
    "01-11": {"pm25": 150.0, "pm10": 160.0},  # PM2.5 leads, PM10 exceeds
    "01-22": {"pm25": 76.0},  # Spring Festival 2023
    "04-10": {"pm10": 600.0},
    "12-01": {"pm25": 115.0, "no2": 120.0, "o3_8h": 200.0},
}


def test_a_year_by_hand() -> None:
    """Six bad days: O3 1; PM10 and PM2.5 half each; PM2.5 2; PM10 1; then 150, 120 and 139."""
    found = explain_good_days(year_of(BAD), 2023)
    assert (found.valid, found.good, found.bad, found.expected) == (365, 359, 6, 365)
    assert found.ratio == pytest.approx(100 * 359 / 365)
    shares = {i: s for i, s in found.by_item.items() if s}
    assert shares == {"pm10": Fraction(3, 2), "pm25": Fraction(7, 2), "o3_8h": Fraction(1)}
    assert found.exceeding == {
        "so2": 0, "no2": 1, "pm10": 3, "pm25": 4, "co": 0, "o3_8h": 2,
    }  # fmt: skip
    assert found.alone == {"so2": 0, "no2": 0, "pm10": 1, "pm25": 1, "co": 0, "o3_8h": 1}
    assert found.by_month == (3, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1)
    assert found.holidays["spring_festival"] == 1 and found.holidays["national_day"] == 0
    assert found.holiday_days["national_day"] == 7
    assert (found.dust, found.weather) == (None, None)


def test_the_other_split_by_hand() -> None:
    """01-11 half each; 12-01 a third each for PM2.5, NO2 and O3."""
    found = explain_good_days(year_of(BAD), 2023, split="exceeding")
    assert {i: s for i, s in found.by_item.items() if s} == {
        "no2": Fraction(1, 3), "pm10": Fraction(2), "pm25": Fraction(7, 3),
        "o3_8h": Fraction(4, 3),
    }  # fmt: skip
    table = found.table()
    assert table["item"].tolist() == ["pm25", "pm10", "o3_8h", "no2", "total"]
    assert table["days"].iloc[:-1].sum() == pytest.approx(table["days"].iloc[-1]) == 6
    assert "全部超标项目均分" in found.words_zh and "all items above" in found.words_en


def test_both_standards_side_by_side() -> None:
    """PM2.5 of 61 to 75 and PM10 of 121 to 150 are good days of 2012 and bad ones of 2026."""
    days = year_of({"03-01": {"pm25": 61.0}, "03-02": {"pm10": 121.0}, "03-03": {"pm25": 60.0}})
    old, new = good_days_by_standard(days, 2023).values()
    assert (old.standard, old.bad) == ("HJ 633-2012", 0)
    assert (new.standard, new.bad) == ("HJ 633-2026", 2)
    assert (new.by_item["pm25"], new.by_item["pm10"]) == (1, 1)
    mixed = explain_good_days(year_of({"02-28": {"pm25": 70.0}, "03-01": {"pm25": 70.0}}, 2026),
                              2026)  # fmt: skip
    assert (mixed.standard, mixed.bad, mixed.by_month[2]) == ("by date", 1, 1)


def test_dust_days_with_and_without_their_particles() -> None:
    """A dust day of PM10 alone, one with O3, one whose PM was taken out, one that was good."""
    days = year_of({
        "04-10": {"pm10": 600.0}, "04-11": {"pm10": 600.0, "o3_8h": 170.0},
        "04-12": {"pm10": np.nan, "pm25": np.nan}, "04-14": {"pm25": 90.0},
        "04-15": {"pm10": np.nan},
    })  # fmt: skip
    dust = pd.Series(True, index=pd.to_datetime(["2023-04-10", "2023-04-11", "2023-04-12",
                                                 "2023-04-13"]))  # fmt: skip
    found = explain_good_days(days, 2023, dust=dust)
    assert (found.dust_days, found.dust, found.dust_alone, found.bad) == (4, 2, 1, 3)
    # 04-12 counts as a good day, 04-15, which was no dust day, does not count.
    assert (found.valid, found.incomplete) == (364, 1)
    assert "其中仅颗粒物超标 1 天" in found.words_zh


def test_the_change_between_two_years_adds_up_in_every_view() -> None:
    first_dust = pd.Series(True, index=pd.to_datetime(["2023-04-10"]))
    no_dust = pd.Series(False, index=pd.to_datetime(["2024-04-10"]))
    first_days = year_of(BAD)
    last_days = year_of({"07-01": {"o3_8h": 170.0}, "08-01": {"co": np.nan}}, 2024)
    normal = [pd.Series(0.01, index=d.index) for d in (first_days, last_days)]
    first = explain_good_days(first_days, 2023, dust=first_dust, normal_bad=normal[0])
    last = explain_good_days(last_days, 2024, dust=no_dust, normal_bad=normal[1])
    found = good_days_change(first, last)
    # 359 of 365 and 364 of 365 (366 less the day without CO).
    assert (found.good, found.valid) == (5, 0)
    assert found.by_item["pm25"] == Fraction(7, 2) and found.by_item["o3_8h"] == 0
    assert sum(found.by_item.values()) + found.valid == found.good
    assert found.by_dust == {"dust": 1, "other": 4}
    assert found.by_holiday == {
        "spring_festival": 1, "qingming": 0, "national_day": 0, "other": 4,
    }  # fmt: skip
    # 6 - 3.65 bad days from weather in 2023, 1 - 3.65 in 2024: 5 of weather, none of the rest.
    assert found.by_weather == pytest.approx({"weather": 5.0, "rest": 0.0})
    for _, rows in found.table().groupby("view"):
        parts = rows.set_index("part")["days"]
        assert parts.drop("total").sum() == pytest.approx(parts["total"])
    assert "+5 good days from 2023 to 2024" in found.words_en
    assert "不能相加" in found.words_zh


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    index = pd.date_range("2024-01-01", "2024-12-31")
    scale = rng.uniform(0.5, 3.0, 6)
    values = rng.gamma(2.0, 0.5, (len(index), 6)) * np.array(CLEAN) * scale * 1.5
    values[rng.random(values.shape) < 0.02] = np.nan
    return pd.DataFrame(values.round(1), index=index, columns=list(AIR_ITEMS))


@settings(max_examples=25)
@given(tables(), st.sampled_from(["primary", "exceeding"]),
       st.sampled_from(["HJ 633-2012", "HJ 633-2026"]), st.integers(0, 99))  # fmt: skip
def test_parts_add_up_and_the_count_is_that_of_the_assessment(
    table: pd.DataFrame, split: str, standard: str, seed: int
) -> None:
    found = explain_good_days(table, 2024, split=split, standard=standard)  # type: ignore[arg-type]
    assert sum(found.by_item.values()) == found.bad == sum(found.by_month)
    assert found.valid == found.good + found.bad
    assert sum(found.alone.values()) <= found.bad <= sum(found.exceeding.values())
    official = assess_year(
        table.to_numpy(), table.index.to_numpy(), AIR_ITEMS, 2024, standard=standard
    )
    assert official.values["good_days"][0] == found.good
    mixed = table.sample(frac=1, random_state=seed)[list(AIR_ITEMS[::-1])]
    again = explain_good_days(mixed, 2024, split=split, standard=standard)  # type: ignore[arg-type]
    assert again == found


@settings(max_examples=15)
@given(tables(), tables())
def test_the_change_turned_round_changes_sign(a: pd.DataFrame, b: pd.DataFrame) -> None:
    first, last = (explain_good_days(t, 2024) for t in (a, b))
    forth, back = good_days_change(first, last), good_days_change(last, first)
    assert forth.good == -back.good
    assert forth.by_item == {i: -v for i, v in back.by_item.items()}
    assert sum(forth.by_item.values()) + forth.valid == forth.good


def test_the_year_to_date_beside_the_same_days_of_another() -> None:
    first = explain_good_days(year_of(BAD), 2023, until=(6, 1))
    assert (first.valid, first.expected, first.bad) == (152, 152, 5)
    assert "(to 06-01)" in first.words_en and "至 6 月 1 日" in first.words_zh
    last = explain_good_days(year_of({}, 2024), 2024, until=(6, 1))
    assert (last.valid, good_days_change(first, last).good) == (153, 6)
    with pytest.raises(UsageError, match="different until"):
        good_days_change(first, explain_good_days(year_of({}, 2024), 2024))
    with pytest.raises(UsageError, match="no day 2-30"):
        explain_good_days(year_of({}), 2023, until=(2, 30))


def test_a_year_with_gaps_and_an_item_never_measured_are_called_out() -> None:
    gappy = explain_good_days(year_of(BAD).iloc[::2], 2023)
    assert gappy.valid == 183 and "fewer than 324 valid days" in gappy.words_en
    assert "不作评价" in gappy.words_zh
    change = good_days_change(gappy, explain_good_days(year_of({}, 2024), 2024))
    assert "too few valid days in 2023" in change.words_en
    lacking = explain_good_days(year_of(BAD).drop(columns="co"), 2023)
    assert (lacking.valid, lacking.never_measured) == (0, ("co",))
    assert np.isnan(lacking.ratio)
    assert "一氧化碳 全年无监测值" in lacking.words_zh and "CO has no value" in lacking.words_en


def _explain(**options: object) -> GoodDaysYear:
    return explain_good_days(year_of(BAD), 2023, **options)  # type: ignore[arg-type]


CHANCES = pd.Series(0.1, index=pd.date_range("2023-01-01", "2023-12-31"))


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"split": "first"}, UsageError, "primary or exceeding"),
        ({"standard": "GB 1"}, UsageError, "GB 1"),
        ({"normal_bad": CHANCES * 100}, InputError, "outside 0 to 1"),
        ({"normal_bad": CHANCES.iloc[5:]}, InputError, "5 valid days of 2023 have no chance"),
        ({"dust": pd.Series([True, True], index=pd.to_datetime(["2023-04-10"] * 2))}, InputError,
         "each day once"),
    ],
)  # fmt: skip
def test_options_that_do_not_fit(
    options: dict[str, object], kind: type[ForecastError], words: str
) -> None:
    with pytest.raises(kind, match=words) as caught:
        _explain(**options)
    assert caught.value.cure


def test_tables_that_do_not_fit() -> None:
    table = year_of(BAD)
    with pytest.raises(InputError, match="no daily value of 2020"):
        explain_good_days(table, 2020)
    with pytest.raises(InputError, match="2023-01-01 occurs more than once"):
        explain_good_days(pd.concat([table, table.iloc[:1]]), 2023)
    with pytest.raises(InputError, match="by day"):
        explain_good_days(table.reset_index(drop=True), 2023)
    with pytest.raises(InputError, match="below 0"):
        explain_good_days(table.assign(co=-1.0), 2023)
    new = explain_good_days(table, 2023, standard="HJ 633-2026")
    with pytest.raises(UsageError, match="different standard"):
        good_days_change(explain_good_days(table, 2023), new)
