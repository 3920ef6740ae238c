"""Ranks by level and by improvement, ties, missing data, zones, and the lagging list."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from comparison_records import (
    printed,
    record,
    tables,
    threshold,
    unsupported_numbers,
    words,
)
from hypothesis import given
from hypothesis import strategies as st

from forecast.charts.city_ranking import ranks
from forecast.report.chapters.comparison_chapter import CITIES, STATIONS, ZONES
from forecast.report.comparison_rank_words import ranking_sections
from forecast.report.comparison_ranking import (
    lagging,
    lagging_number,
    missed_targets,
    place_ranking,
    shared_ranks,
    zone_ranking,
)
from forecast.report.document import Block
from forecast.report.review_days import CityDays

END = np.datetime64("2024-12-31")


def city(place: str, now: float, before: float | None = None, **more: float) -> CityDays:
    """PM2.5 of 2024 and 2023; the index is 2.75 at 19 µg/m³ and 1/35 more for each µg/m³."""
    first = "2024-01-01" if before is None else "2023-01-01"
    made = record(first, "2024-12-31", place=place, d2024={"pm25": now, **more})
    if before is not None:
        made.history.loc["2023", "pm25"] = before
    return made


def by_name(ranking: pd.DataFrame, column: str) -> dict[str, float]:
    return dict(zip(ranking["name"], ranking[column], strict=True))


@given(st.lists(st.one_of(st.just(math.nan), st.integers(100, 900).map(lambda v: v / 100)), max_size=20))  # fmt: skip
def test_ranks_are_one_more_than_the_number_of_better_ones(values: list[float]) -> None:
    """And so those of the chart of ranks; without a value there is none."""
    found = shared_ranks(values, better="lower")
    for value, rank in zip(values, found, strict=True):
        better = sum(v < value for v in values if math.isfinite(v))
        assert rank == (1 + better if math.isfinite(value) else 0)
    assert found.tolist() == ranks(values, [True] * len(values)).tolist()
    mirrored = shared_ranks([-v for v in values], better="higher")
    assert mirrored.tolist() == found.tolist()


def test_level_and_improvement_are_ranked_apart() -> None:
    """The cleanest got worse, the dirtiest improved most."""
    ranking = place_ranking([city("甲", 20, 19), city("乙", 60, 90), city("丙", 40, 40)], 2024, END)
    assert ranking["name"].tolist() == ["甲", "丙", "乙"]
    assert by_name(ranking, "pm25_annual_mean_rank") == {"甲": 1, "丙": 2, "乙": 3}
    assert by_name(ranking, "pm25_annual_mean_change") == {"甲": 5.3, "丙": 0.0, "乙": -33.3}
    assert by_name(ranking, "pm25_annual_mean_improvement") == {"甲": 3, "丙": 2, "乙": 1}
    assert by_name(ranking, "composite_index_improvement") == {"甲": 3, "丙": 2, "乙": 1}


def test_ties_of_printed_numbers_share_a_rank() -> None:
    """30.4 and 29.6 are both printed 30; the next rank is skipped."""
    ranking = place_ranking([city("甲", 30.4), city("乙", 29.6), city("丙", 50)], 2024, END)
    assert by_name(ranking, "pm25_annual_mean_rank") == {"甲": 1, "乙": 1, "丙": 3}


def test_a_place_without_enough_days_has_no_rank_and_stands_last() -> None:
    short = city("乙", 10, 20)
    short.history.loc["2024-03"] = np.nan
    fresh = city("丙", 30)
    silent = record("2022-01-01", "2022-12-31", place="丁")
    ranking = place_ranking([short, city("甲", 40, 50), fresh, silent], 2024, END)
    assert ranking["name"].tolist()[:2] == ["丙", "甲"]
    assert by_name(ranking, "composite_index_rank") == {"丙": 1, "甲": 2, "丁": 0, "乙": 0}
    assert by_name(ranking, "composite_index_status") == {
        "丙": "",
        "甲": "",
        "丁": "none",
        "乙": "few",
    }
    # A place of one year has a level and no improvement.
    assert by_name(ranking, "composite_index_improvement") == {"丙": 0, "甲": 1, "丁": 0, "乙": 0}
    assert by_name(ranking, "main")["乙"] == "" and by_name(ranking, "main")["甲"] == "pm25"


def test_a_zone_is_the_plain_mean_of_its_members() -> None:
    """PM2.5 20 and 41 are 30.5, printed 30 (half to even); the index is that of the mean."""
    cities = [city("衡水", 20, 30), city("乙", 41, 40), city("丙", 60, 60)]
    ranking = zone_ranking(cities, {"东部": ["衡水市", "乙"], "西部": ["丙"]}, 2024, END)
    east = ranking[ranking["name"] == "东部"].iloc[0]
    assert east["pm25_annual_mean"] == 30.0 and east["pm25_annual_mean_last"] == 35.0
    alone = place_ranking([city("x", 30.5)], 2024, END).iloc[0]
    assert east["composite_index"] == alone["composite_index"]
    assert by_name(ranking, "composite_index_rank") == {"东部": 1, "西部": 2}


def test_a_zone_with_a_silent_member_has_no_rank_and_says_whose() -> None:
    short = city("乙", 20, 20)
    short.history.loc["2024-03"] = np.nan
    cities = [city("甲", 20, 20), short, city("丙", 30, 30), city("丁", 40, 40)]
    groups = {"一": ["甲", "乙"], "二": ["丙"], "三": ["丁"], "四": ["甲", "戊"], "五": ["己"]}
    ranking = zone_ranking(cities, groups, 2024, END)
    assert by_name(ranking, "composite_index_rank") == {"二": 1, "三": 2, "一": 0, "四": 0}
    blocks = ranking_sections(ZONES, ranking, 2024, END)
    notes = " ".join(n.zh for n in tables(blocks)["level_zones"].notes)
    assert "没有记录的成员：四的戊。" in notes and "算术平均" in notes


def test_members_go_by_station_or_by_a_region_that_one_place_carries() -> None:
    stations = [
        record("2023-01-01", "2024-12-31", place=n, region="衡水") for n in ("环保局", "监测站")
    ]
    ranking = zone_ranking(stations, {"老城": ["环保局"], "全市": ["衡水市"]}, 2024, END)
    assert ranking["name"].tolist() == ["老城"]


# The lagging list


def test_how_many_are_last() -> None:
    assert [lagging_number(n) for n in (0, 1, 2, 3, 5, 6, 30, 31, 168)] == [0, 0, 1, 1, 2, 3, 3, 4, 17]  # fmt: skip


def many(values: dict[str, tuple[float, float]]) -> pd.DataFrame:
    return place_ranking([city(n, a, b) for n, (a, b) in values.items()], 2024, END)


def test_the_last_ones_by_level_and_by_improvement() -> None:
    ranking = many({
        "a": (36, 50), "b": (38, 50), "c": (40, 50), "d": (42, 60), "e": (44, 60), "f": (80, 180),
    })  # fmt: skip
    found = lagging(ranking, {})
    assert found.loc[found["low_level"], "name"].tolist() == ["d", "e", "f"]
    # The index without PM2.5 is 2.2098: a 3.24 after 3.64 is -11.0 %, b -9.3, c -8.0, d 3.41 after
    # 3.92 is -13.0, e -11.5, f 4.50 after 7.35 is -38.8.
    assert found.loc[found["low_improvement"], "name"].tolist() == ["a", "b", "c"]
    assert lagging(ranking, {}, number=1).loc[lambda t: t["low_level"], "name"].tolist() == ["f"]


def test_all_that_tie_on_the_border_are_last_and_the_first_never() -> None:
    ranking = many({"a": (36, 36), "b": (60, 60), "c": (60, 60), "d": (60, 60)})
    found = lagging(ranking, {})
    assert found.loc[found["low_level"], "name"].tolist() == ["b", "c", "d"]
    assert not found["low_improvement"].any()
    equal = many({"a": (60, 60), "b": (60, 60), "c": (60, 60)})
    assert lagging(equal, {}).empty


def test_who_is_within_class_two_is_not_one_of_the_last() -> None:
    """PM2.5 35 and the other items of the good day are within class II, 36 is not."""
    found = lagging(many({"a": (20, 20), "b": (35, 35)}), {})
    assert found.empty
    found = lagging(many({"a": (20, 20), "b": (36, 36)}), {})
    assert found["name"].tolist() == ["b"]


def test_who_got_worse_or_misses_a_target_is_listed_with_the_reason() -> None:
    ranking = many({"a": (21, 20), "b": (30, 32), "c": (34, 34)})
    targets = {"b": [threshold("pm25_annual_mean", "<=", 29.0), threshold("good_day_ratio", ">=", 80.0)]}  # fmt: skip
    found = lagging(ranking, targets)
    assert found["name"].tolist() == ["a", "b"]
    assert found["worse"].tolist() == [("composite_index", "pm25_annual_mean"), ()]
    assert [t.indicator for t in found["missed"].iloc[1]] == ["pm25_annual_mean"]
    blocks = ranking_sections(CITIES, ranking, 2024, END, own="b", targets=targets)
    table = tables(blocks)["lagging_cities"]
    assert printed(table, "b", 6) == "PM2.5 30（目标≤29）"
    assert "未达目标的：b" in words(blocks)
    part = ranking_sections(CITIES, ranking, 2024, np.datetime64("2024-06-30"), targets=targets)
    assert "至今未达目标的：b" in words(part)


@pytest.mark.parametrize(
    ("value", "more", "missed"),
    [
        (29.4, {}, False),  # judged as 29
        (29.6, {}, True),
        (29.6, {"tolerance": 1.0}, False),
        (40.0, {"kind": "change", "change": "reduction", "base_year": 2020, "unit": "%"}, False),
        (40.0, {"place": "某点"}, False),
        (math.nan, {}, False),
    ],
)
def test_targets_are_judged_as_rounded(value: float, more: dict[str, object], missed: bool) -> None:
    target = threshold("pm25_annual_mean", "<=", 29.0, **more)
    assert bool(missed_targets({"pm25_annual_mean": value}, [target])) is missed


def test_a_word_in_place_of_a_number_is_no_target_to_miss() -> None:
    pending = threshold("pm25_annual_mean", "<=", 1.0).model_copy(
        update={"value": None, "token": "ASSIGNED"}
    )
    assert missed_targets({"pm25_annual_mean": 99.0}, [pending]) == []


# Tables and words


def sections(values: dict[str, tuple[float, float]], own: str = "") -> list[Block]:
    return ranking_sections(CITIES, many(values), 2024, END, own=own)


def test_the_tables_say_what_the_ranking_says() -> None:
    blocks = sections({"a": (20, 25), "b": (60, 50), "c": (40, 40)}, own="c")
    level, better = tables(blocks)["level_cities"], tables(blocks)["improvement_cities"]
    assert [r[0].text.zh for r in level.rows] == ["a", "c", "b", "参加排名"]
    assert [r[4].text.zh for r in level.rows] == ["1", "2", "3", "3"]
    assert [r[6].text.zh for r in better.rows[:3]] == ["1", "2", "3"]
    assert [r[5].text.zh for r in better.rows[:3]] == ["-20.0", "0.0", "+20.0"]
    text = words(blocks)
    assert "参加排名的3个城市中，综合指数最小的为a（2.78）；综合指数最大的为b（3.92）；c为3.35，列第2位" in text  # fmt: skip
    assert "c持平，改善名次第2位" in text
    assert unsupported_numbers(blocks) == set()
    assert level.rows[1][0].strong and not level.rows[0][0].strong


def test_a_shared_rank_is_said() -> None:
    blocks = sections({"a": (20, 25), "b": (60, 50), "c": (20, 25)}, own="c")
    assert "c为2.78，列第1位（并列）" in words(blocks)
    assert "a, c have the smallest composite index (2.78)" in words(blocks, 1)


def test_all_tied_is_said_and_nobody_lags() -> None:
    blocks = sections({"a": (40, 40), "b": (40, 40), "c": (40, 40)}, own="a")
    text = words(blocks)
    assert "参加排名的3个城市综合指数均为3.35，名次并列" in text
    assert "没有城市列入落后名单" in text and "lagging_cities" not in tables(blocks)
    assert unsupported_numbers(blocks) == set()


def test_fewer_than_two_are_not_ranked() -> None:
    blocks = ranking_sections(STATIONS, many({"a": (40, 40)}), 2024, END)
    assert words(blocks) == "参加比较的点位不足两个，不作排名。" and not tables(blocks)
    empty = ranking_sections(STATIONS, place_ranking([], 2024, END), 2024, END)
    assert "no ranks" in words(empty, 1)


def test_places_of_too_few_days_are_shown_and_not_ranked() -> None:
    short = [city(n, 20, 20) for n in "ab"]
    for one in short:
        one.history.loc["2024-03"] = np.nan
    blocks = ranking_sections(CITIES, place_ranking(short, 2024, END), 2024, END, own="a")
    text = words(blocks)
    assert "可排名的城市不足两个" in text and "不作改善排名" in text and "没有末位可言" in text
    assert printed(tables(blocks)["level_cities"], "a", 1) == "天数不足"


def test_own_without_enough_days_is_said() -> None:
    short = city("c", 20, 20)
    short.history.loc["2024-03"] = np.nan
    ranking = place_ranking([city("a", 20, 20), city("b", 30, 30), short], 2024, END)
    assert "c有效天数不足或无数据，不参加排名" in words(
        ranking_sections(CITIES, ranking, 2024, END, own="c")
    )


def test_braces_in_a_name_do_not_break_the_text() -> None:
    blocks = sections({"{a}": (20, 25), "b{0}": (60, 50)}, own="{a}")
    assert "{a}" in words(blocks) and "b{0}" in words(blocks)


def test_a_comparison_across_the_change_of_basis_is_marked() -> None:
    made = [record("2018-01-01", "2019-12-31", place=n) for n in "ab"]
    for one in made:
        one.basis.loc[:"2018-08-31"] = "standard_state"
    blocks = ranking_sections(
        CITIES, place_ranking(made, 2019, np.datetime64("2019-12-31")), 2019, np.datetime64("2019-12-31")
    )  # fmt: skip
    table = tables(blocks)["improvement_cities"]
    assert printed(table, "a", 2) == "0.0※" and "※" in table.notes[-1].en
