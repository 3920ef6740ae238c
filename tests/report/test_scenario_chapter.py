"""The chapter on scenarios: its numbers stand in its tables, four writers take it, none without one."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from made_scenario import told

from forecast.charts.fonts import ONLY_PACKAGED_VARIABLE
from forecast.report.chapters.catalogue import CHAPTERS, ORDER
from forecast.report.chapters.scenarios import scenarios_chapter
from forecast.report.document import (
    Chapter,
    Document,
    FigureBlock,
    Paragraph,
    TableBlock,
    numbering,
    resolved,
)
from forecast.report.review_formats import FORMATS, write_format
from forecast.report.words import Pair

_NAMES = re.compile(
    r"<(?:table|figure):[a-z0-9_]+>|PM2\.5|O3-8h|第\d+百分位|\d+th percentile|\d{4}-\d{2}-\d{2}"
)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


@pytest.fixture(autouse=True)
def _packaged_font_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ONLY_PACKAGED_VARIABLE, "1")


def chapter(*answers: dict[str, Any], region: str = "衡水市", year: int = 2025) -> Chapter | None:
    facts = SimpleNamespace(
        region=region, year=year, result={"scenarios": list(answers)}, notices=(),
        asked=SimpleNamespace(lang="zh"), pictures=True,
    )  # fmt: skip
    return scenarios_chapter(facts)  # type: ignore[arg-type]


def document(found: Chapter) -> Document:
    return Document(
        Pair("评价报告", "Review"), Pair("2025年", "2025"), "衡水", 2025, "", date(2025, 7, 3), "r1",
        (found,),
    )  # fmt: skip


@pytest.fixture(scope="module")
def made() -> Document:
    found = chapter(told())
    assert found is not None
    return document(found)


def test_every_number_of_a_sentence_stands_in_a_table(made: Document) -> None:
    paragraphs = [b for b in made.blocks() if isinstance(b, Paragraph)]
    assert len(paragraphs) == 5
    for lang in (0, 1):
        there = set(
            _NUMBER.findall(
                " ".join(c.text[lang] for t in made.tables() for r in t.rows for c in r)
            )
        )
        for paragraph in paragraphs:
            told_numbers = set(_NUMBER.findall(_NAMES.sub(" ", paragraph.text[lang])))
            assert told_numbers <= there, paragraph.text[lang]
    printed = {c.text.zh for t in made.tables() for r in t.rows for c in r}
    assert {c.text.zh for p in paragraphs for c in p.cells} <= printed


def test_mentions_are_numbered_and_nothing_is_promised(made: Document) -> None:
    numbers = numbering(made)
    for block in made.blocks():
        texts = [block.text] if isinstance(block, Paragraph) else []
        texts += [*block.notes, block.caption] if isinstance(block, TableBlock) else []
        for pair in texts:
            assert "<" not in resolved(pair.zh.replace("<1 %", ""), numbers, "zh")
            assert not re.search(r"\bwill\b", pair.en)
            assert "将" not in pair.zh
    first = next(iter(made.blocks()))
    assert isinstance(first, Paragraph)
    assert first.style == "reservation"
    assert "条件估计" in first.text.zh


def test_the_chapter_has_its_charts_and_every_table(made: Document) -> None:
    assert [f.key for f in made.figures()] == ["scenario", "scenario_map"]
    assert [t.key.removeprefix("scenario_") for t in made.tables()] == [
        "decided", "targets", "pair", "others", "water", "solutions", "levers", "variance", "findings",
        "not_quantified", "packages", "tonnes", "hindcast", "learning", "defaults", "regimes",
        "left_out", "facts",
    ]  # fmt: skip


def test_other_regions_and_years_have_no_chapter() -> None:
    assert chapter() is None
    assert chapter(told(), region="邢台") is None
    assert chapter(told(), year=2026) is None


def test_two_answers_of_a_region_keep_apart() -> None:
    other = told() | {"run_id": "other", "map": None}
    found = chapter(told(), other)
    assert found is not None
    both = document(found)  # would refuse a key that stands twice
    # The second answer has no map of levers.
    assert len(both.tables()) == 18 + 17
    assert [f.key for f in both.figures()] == ["scenario", "scenario_map", "scenario_2"]


def test_the_chapter_stands_behind_the_outlook() -> None:
    assert CHAPTERS["scenarios"] is scenarios_chapter
    for names in ORDER.values():
        assert names.index("scenarios") == names.index("outlook") + 1


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("form", FORMATS)
def test_every_writer_takes_it(made: Document, form: str, lang: str, tmp_path: Path) -> None:
    path = write_format(made, tmp_path / f"r.{form}", form, lang)  # type: ignore[arg-type]
    assert path.stat().st_size > 20_000
    if form == "html":
        page = path.read_text(encoding="utf-8")
        assert ("减排情景分析" if lang == "zh" else "Emission-cut scenarios") in page
        blocks = [b for b in made.blocks() if isinstance(b, FigureBlock)]
        assert page.count("<figure") == len(blocks)
