"""The chapter as a whole: what is there, what is said where there is nothing, in both languages."""

from __future__ import annotations

import re
from datetime import date

import numpy as np
import pytest
from comparison_records import record, section, tables, threshold, unsupported_numbers, words

from forecast.report.chapters.comparison_chapter import COUNTIES, comparison_chapter
from forecast.report.document import (
    Chapter,
    Document,
    Paragraph,
    Section,
    TableBlock,
    numbering,
    resolved,
)
from forecast.report.words import Pair

END = date(2024, 12, 31)


def whole(last: date = END) -> Chapter:
    own = record("2020-01-01", "2024-12-31", d2024={"pm25": 40.0})
    others = [own, record("2020-01-01", "2024-12-31", place="乙", d2024={"pm25": 25.0}),
              record("2020-01-01", "2024-12-31", place="丙", d2023={"pm25": 45.0})]  # fmt: skip
    stations = [
        record("2023-01-01", "2024-12-31", place=n, region="甲", d2024={"pm25": v})
        for n, v in (("东站", 20.0), ("西站", 55.0))
    ]
    return comparison_chapter(
        own, others, year=2024, last=last, stations=stations,
        groups={"东片": ["甲", "乙"], "西片": ["丙"]},
        targets={"甲": [threshold("pm25_annual_mean", "<=", 35.0)]},
        sections=[section("一"), section("二", (7.0, 8.0, 8.0, 0.4, 0.08))],
    )  # fmt: skip


def document(chapter: Chapter) -> Document:
    return Document(
        Pair("报告", "Report"), Pair("2024年", "2024"), "甲", 2024, "", END, "r", (chapter,)
    )


@pytest.mark.parametrize("last", [END, date(2024, 6, 30), date(2024, 2, 10)])
def test_every_number_of_the_text_stands_in_a_table(last: date) -> None:
    assert unsupported_numbers(whole(last).blocks) == set()


def test_every_cell_that_a_paragraph_repeats_is_printed_in_a_table_but_for_its_sign() -> None:
    chapter = whole()
    shown = {t.lstrip("+-") for b in tables(chapter.blocks).values() for r in b.rows for c in r for t in c.text}  # fmt: skip
    for block in chapter.blocks:
        if isinstance(block, Paragraph):
            odd = {c.text.zh for c in block.cells} - shown
            # The place and the period stand in the caption.
            assert odd <= {"甲", "2024年"}


def test_the_sections_come_in_order_and_every_table_is_told_of() -> None:
    chapter = whole()
    titles = [b.title.zh for b in chapter.blocks if isinstance(b, Section)]
    assert titles == [
        "同比与三年均值",
        "各月、季同比与环比",
        "城市排名",
        "点位排名",
        "片区排名",
        "地表水断面",
    ]
    assert (chapter.name, chapter.title.zh) == ("comparison", "同比环比与排名")
    told = set(re.findall(r"<table:(\w+)>", words(chapter.blocks)))
    keys = set(tables(chapter.blocks))
    assert keys - told == {"section_months_change"} and told <= keys
    assert re.findall(r"<table:(\w+)>", words(chapter.blocks, 1)) != []


def test_mentions_resolve_in_a_document() -> None:
    made = document(whole())
    numbers = numbering(made)
    for block in made.blocks():
        if isinstance(block, Paragraph):
            assert "<" not in resolved(block.text.zh, numbers, "zh")
            assert "<" not in resolved(block.text.en, numbers, "en")


def test_both_languages_are_there_and_english_has_no_chinese_of_ours() -> None:
    names = re.compile("甲|乙|丙|东站|西站|东片|西片|一|二")
    for block in whole().blocks:
        texts = []
        if isinstance(block, Paragraph):
            texts = [block.text.en]
        elif isinstance(block, TableBlock):
            texts = [block.caption.en, *(n.en for n in block.notes)]
            texts += [c.head.en for c in block.columns] + [c.text.en for r in block.rows for c in r]
        for text in texts:
            assert text and not re.search(
                "[\u4e00-\u9fff]", names.sub("", text).replace("环办〔2011〕22号", "")
            )


def test_one_city_alone_is_not_ranked_and_says_so() -> None:
    own = record("2023-01-01", "2024-12-31")
    chapter = comparison_chapter(own, [own], year=2024, last=END)
    assert "没有可比的对象，不作排名" in words(chapter.blocks)
    assert not any(k.startswith("level") for k in tables(chapter.blocks))


def test_a_region_without_air_has_its_sections_alone() -> None:
    chapter = comparison_chapter(None, year=2024, last=END, sections=[section("一"), section("二")])
    assert "没有环境空气日值" in words(chapter.blocks)
    assert set(tables(chapter.blocks)) == {"section_shares_change", "section_months_change", "section_ranks"}  # fmt: skip


def test_a_city_without_the_year_says_so() -> None:
    own = record("2020-01-01", "2020-12-31")
    chapter = comparison_chapter(own, [own], year=2024, last=END)
    assert "There are no daily values of air" in words(chapter.blocks, 1)


def test_the_first_days_of_a_year_make_no_empty_table() -> None:
    own = record("2023-01-01", "2024-01-10")
    chapter = comparison_chapter(own, [own], year=2024, last=np.datetime64("2024-01-10"))
    assert all(t.rows for t in tables(chapter.blocks).values())
    assert "comparison_months_previous" not in words(chapter.blocks)


def test_counties_have_their_own_word() -> None:
    own = record("2023-01-01", "2024-12-31")
    other = record("2023-01-01", "2024-12-31", place="乙", d2024={"pm25": 30.0})
    chapter = comparison_chapter(own, [own, other], year=2024, last=END, kind=COUNTIES)
    assert "参加排名的2个县（市、区）中" in words(chapter.blocks)
    assert "level_counties" in tables(chapter.blocks)


def test_two_standards_in_one_year_are_said() -> None:
    own = record("2025-01-01", "2026-06-30", d2026={"pm25": 62.0})
    chapter = comparison_chapter(own, [own], year=2026, last=date(2026, 6, 30))
    notes = " ".join(n.zh for n in tables(chapter.blocks)["comparison_year"].notes)
    assert "HJ 633-2012+HJ 633-2026" in notes and "本年规则于3月1日变更" in notes


def test_the_same_input_gives_the_same_chapter() -> None:
    assert whole() == whole()
