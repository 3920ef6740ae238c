"""Ranks of sections by class and CWQI, and shares against last year."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from comparison_records import printed, section, tables, unsupported_numbers, words

from forecast.projection.water_record import Facts
from forecast.report.comparison_water import (
    month_shares,
    section_ranking,
    share_changes,
    shared_items,
)
from forecast.report.comparison_water_blocks import section_sections

END = date(2024, 12, 31)
#: pH 7, DO 8, CODMn 3, NH3-N 0.4, TP 0.08: class II (CODMn within 4, NH3-N 0.5, TP 0.1).
SECOND = (7.0, 8.0, 3.0, 0.4, 0.08)
#: CODMn 8 is class IV.
FOURTH = (7.0, 8.0, 8.0, 0.4, 0.08)


def test_cwqi_by_hand() -> None:
    """pH 7: 0; DO 5/8; CODMn 3/6; NH3-N 0.4/1; TP 0.08/0.2: 0.625 + 0.5 + 0.4 + 0.4 = 1.925."""
    row = section_ranking([section("一", SECOND, FOURTH)], 2024, END).iloc[0]
    assert row["cwqi"] == 1.925 and row["cwqi_last"] == pytest.approx(1.925 + 5 / 6, abs=5e-5)
    assert row["cwqi_change"] == round(100 * (1.925 - 2.7583) / 2.7583, 1) == -30.2
    assert (row["class"], row["class_last"]) == (2, 4)


def test_level_and_improvement_of_sections_are_ranked_apart() -> None:
    ranking = section_ranking(
        [section("一", SECOND, SECOND), section("二", FOURTH, (7.0, 8.0, 12.0, 0.4, 0.08)),
         section("三", SECOND, FOURTH), section("四", SECOND, None, months=7)],
        2024, END,
    )  # fmt: skip
    assert ranking["name"].tolist() == ["一", "三", "二", "四"]
    assert ranking["class_rank"].tolist() == [1, 1, 3, 0]
    assert ranking["cwqi_rank"].tolist() == [1, 1, 3, 0]
    assert ranking["improvement"].tolist() == [3, 1, 2, 0]
    assert ranking["class"].tolist()[-1] == 0


def test_a_part_of_a_year_asks_for_a_part_of_the_months_and_compares_the_same() -> None:
    """Six months need four; last year's second half does not count."""
    made = section("一", SECOND)
    made.last_year[6:] = FOURTH
    ranking = section_ranking([made], 2024, date(2024, 6, 30))
    row = ranking.iloc[0]
    assert (row["needed"], row["months"], row["class_last"]) == (4, 12 - 6, 2)
    assert row["cwqi_change"] == 0.0
    assert section_ranking([section("一", months=3)], 2024, date(2024, 6, 30))["class"].iloc[0] == 0


def test_a_month_that_is_not_over_counts_where_it_has_one_sample() -> None:
    few = section("一")
    often = replace(few, name="二", facts=Facts(frequent=True))
    found = section_ranking([few, often], 2024, date(2024, 6, 15)).set_index("name")
    assert found["n_months"].to_dict() == {"一": 6, "二": 5}


def test_indices_over_other_items_are_not_compared() -> None:
    """The second lacks phosphorus: both are summed without it. The third lacked it last year."""
    without = section("二", (7.0, 8.0, 3.0, 0.4, np.nan))
    ranking = section_ranking([section("一"), without], 2024, END)
    assert shared_items(ranking) == ("ph", "do", "codmn", "nh3n")
    assert ranking["cwqi"].tolist() == [1.525, 1.525]
    newer = section("三", SECOND, (7.0, 8.0, 3.0, 0.4, np.nan))
    row = section_ranking([newer], 2024, END).iloc[0]
    assert (
        row["cwqi_status"] == "items" and np.isnan(row["cwqi_change"]) and row["class_status"] == ""
    )
    # Phosphorus of 0.25 makes class IV this year; it was not measured the year before.
    hidden = section("四", (7.0, 8.0, 3.0, 0.4, 0.25), (7.0, 8.0, 3.0, 0.4, np.nan))
    row = section_ranking([hidden], 2024, END).iloc[0]
    assert (row["class"], row["class_last"], row["class_status"]) == (4, 2, "items")


def test_sections_with_published_classes_alone_have_a_class_and_no_index() -> None:
    classes = np.array([2.0] * 6 + [4.0] * 6)
    silent = replace(
        section("一", months=0, months_last=0),
        facts=Facts(published=classes, published_past={2023: np.full(12, 3.0)}),
    )
    row = section_ranking([silent], 2024, END).iloc[0]
    # The middle of six II and six IV is the worse one.
    assert (row["class"], row["class_last"], row["published"]) == (4, 3, True)
    assert np.isnan(row["cwqi"]) and row["cwqi_status"] == "own"
    assert month_shares([silent], 2024, END)["share"].tolist() == [100.0] * 6 + [0.0] * 6


def test_shares_are_compared_over_the_same_sections() -> None:
    """Two of three good now; of the two with both years one was good: 100 against 50."""
    sections = [section("一", SECOND, SECOND), section("二", SECOND, FOURTH),
                section("三", FOURTH, None, months_last=5)]  # fmt: skip
    shares = share_changes(section_ranking(sections, 2024, END)).set_index("indicator")
    good = shares.loc["share_class_iii"]
    assert (good["n"], good["value"], good["n_same"]) == (3, 66.7, 2)
    assert (good["last_same"], good["value_same"], good["change"]) == (50.0, 100.0, 50.0)


def test_months_are_compared_where_the_same_sections_have_a_class() -> None:
    one, two = section("一", SECOND, FOURTH), section("二", SECOND, SECOND)
    two.observed[4] = np.nan
    frame = month_shares([one, two], 2024, date(2024, 6, 30)).set_index("month")
    assert frame.loc[1, "year_change"] == 50.0 and frame.loc[1, "previous_change"] == 50.0
    assert frame.loc[5, "year_status"] == frame.loc[5, "previous_status"] == "sections"
    assert frame.loc[6, "previous_status"] == "sections" and frame.loc[6, "year_change"] == 50.0
    fresh = month_shares([section("一", months_last=0)], 2024, END).set_index("month")
    assert fresh.loc[1, "previous_status"] == "none" and fresh.loc[2, "previous_change"] == 0.0


def test_the_words_say_who_rose_and_fell() -> None:
    sections = [section("一", SECOND, SECOND), section("二", FOURTH, SECOND),
                section("三", SECOND, FOURTH), section("四", months=2)]  # fmt: skip
    blocks = section_sections(sections, 2024, END)
    text = words(blocks)
    assert "CWQI同比下降：三" in text and "CWQI同比上升：二" in text and "CWQI同比持平：一" in text
    assert "类别下降的断面：二" in text and "未定类的断面：四" in text
    assert "Ⅰ～Ⅲ类断面比例为66.7%，3个两年均有类别的断面与上年的66.7%持平" in text
    table = tables(blocks)["section_ranks"]
    assert printed(table, "二", 6) == "降2类" and printed(table, "三", 6, 1) == "better by 2"
    assert printed(table, "四", 1) == "月数不足"
    assert unsupported_numbers(blocks) == set() and "明显" not in text


def test_one_section_and_none_are_not_ranked() -> None:
    assert "断面只有一个，不作排名" in words(section_sections([section("一")], 2024, END))
    assert "没有断面的监测月数足以定类" in words(
        section_sections([section("一", months=2)], 2024, END)
    )
    assert not tables(section_sections([], 2024, END))


def test_a_first_year_of_sections_says_so() -> None:
    blocks = section_sections([section("一", months_last=0), section("二", FOURTH, months_last=0)], 2024, END)  # fmt: skip
    assert "上年没有可比的断面" in words(blocks)
    assert printed(tables(blocks)["section_ranks"], "一", 8) == "基期不足"
    assert unsupported_numbers(blocks) == set()


def test_all_sections_tied_is_said() -> None:
    text = words(section_sections([section("一"), section("二")], 2024, END))
    assert "参加排名的2个断面CWQI均为1.9250，名次并列" in text


def test_sections_with_missing_months_are_listed_under_the_table() -> None:
    table = tables(section_sections([section("一"), section("二", months=9)], 2024, END))["section_ranks"]  # fmt: skip
    assert any(n.zh == "监测月数少于应有月数的断面：二 9/12。" for n in table.notes)
