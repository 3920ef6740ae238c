"""The annual review from a run: its chapters, its numbers, what is asked wrongly."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path

import pytest
from stored_runs import hash_anew

from forecast import workspace as folders
from forecast.api import Workspace
from forecast.errors import ForecastError, UsageError
from forecast.report.chapters import compared
from forecast.report.chapters.catalogue import CHAPTERS, ORDER, review_document
from forecast.report.chapters.facts import ReviewFacts
from forecast.report.chapters.plan_progress import progress_share
from forecast.report.document import (
    Document,
    FigureBlock,
    Paragraph,
    TableBlock,
    numbering,
    resolved,
)
from forecast.report.words import Pair
from forecast.runs import review_facts as facts_of
from forecast.runs.execute import execute
from forecast.runs.request import Request
from forecast.runs.review_documents import _job, _stored, write_reviews
from forecast.runs.review_facts import review_facts
from forecast.runs.review_options import ReviewOptions, known_formats, known_kind
from forecast.runs.review_readings import readings_for

_WRITTEN = date(2025, 7, 3)


@pytest.fixture(scope="module")
def made(
    made_run: Path,
    leave_charts_out: Callable[[pytest.MonkeyPatch], None],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[folders.Workspace]:
    """The sample with a run of mid 2025 and one of the whole year 2024, without charts."""
    root = shutil.copytree(made_run, tmp_path_factory.mktemp("review") / "sample")
    workspace = folders.Workspace.open(root)
    patch = pytest.MonkeyPatch()
    leave_charts_out(patch)
    execute(workspace, Request(year=2024, paths=60), newest=False)
    yield workspace
    patch.undo()


@pytest.fixture(scope="module")
def facts(made: folders.Workspace) -> ReviewFacts:
    return _facts(made, 2025)


def _facts(workspace: folders.Workspace, year: int, **options: object) -> ReviewFacts:
    """Facts of the sample's region without drawing its charts; gathered once for each year."""
    found = _gathered(workspace.root, year)
    job = ReviewOptions(written=_WRITTEN, **options)  # type: ignore[arg-type]
    return replace(found, kind=job.kind)


@cache
def _gathered(root: Path, year: int) -> ReviewFacts:
    workspace = folders.Workspace.open(root)
    folder = next(
        p.parent
        for p in sorted(workspace.reports.glob("*/projection.json"))
        if f'"year": {year}' in p.read_text(encoding="utf-8")[:2000]
    )
    result, _ = _stored(folder)
    as_of = date.fromisoformat(result["run"]["as_of"])
    readings = readings_for(workspace, as_of, year=year, region=None)
    job = _job(workspace, ReviewOptions(written=_WRITTEN), readings, result, folder, ())
    found = review_facts(job, "衡水", readings.panel_of(["衡水"]))
    table = found.assessed
    return replace(found, assess=lambda: table, draw=lambda _: Pair("图未绘制", "no chart"))


@pytest.fixture(scope="module")
def document(facts: ReviewFacts) -> Document:
    return review_document(facts, written=_WRITTEN, organisation="示例局")


@pytest.fixture(scope="module")
def of_2024(made: folders.Workspace) -> Document:
    """The review of a year that is over."""
    return review_document(_facts(made, 2024), written=_WRITTEN)


_DATE = re.compile(
    r"\d{4}年(?:\d{1,2}月(?:\d{1,2}日)?)?|\d{1,2}月\d{1,2}日|\d{4}-\d{2}-\d{2}|\d{4}—\d{4}年"
    r"|\b\d{1,2} [A-Z][a-z]+(?: \d{4})?|\b(?:19|20)\d{2}\b"
)
_NAMES = re.compile(
    r"<(?:table|figure):[a-z0-9_]+>|PM2\.5|PM10|O3-8h|SO2|NO2|CO2|第\d+百分位|\d+th percentile"
    r"|HJ \d+-\d+|GB \d+-\d+|〔\d+〕\d+号|示例断面\d+|90 ?%|Ⅰ~Ⅲ"
)
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def _numbers(text: str) -> set[str]:
    """Numbers that a sentence states of the world: no dates, no names of items and standards."""
    return set(_NUMBER.findall(_NAMES.sub(" ", _DATE.sub(" ", text))))


def _stated(document: Document) -> list[tuple[str, Paragraph]]:
    skipped = {"reservations"}  # remarks of the run stand there word for word
    return [
        (chapter.name, block)
        for chapter in document.chapters
        if chapter.name not in skipped
        for block in chapter.blocks
        if isinstance(block, Paragraph)
    ]


@pytest.mark.parametrize("kind", ["annual", "midterm", "final"])
def test_every_number_of_the_text_stands_in_a_table(made: folders.Workspace, kind: str) -> None:
    found = review_document(_facts(made, 2025, kind=kind), written=_WRITTEN)
    paragraphs = _stated(found)
    assert len(paragraphs) > 10
    for lang in (0, 1):
        printed = " ".join(
            c.text[lang] for table in found.tables() for row in table.rows for c in row
        )
        there = set(_NUMBER.findall(printed))
        for chapter, paragraph in paragraphs:
            told = _numbers(paragraph.text[lang])
            unknown = told - there - ({"60"} if chapter == "outlook" else set())
            assert not unknown, f"{chapter}: {unknown} in {paragraph.text[lang]}"


def test_cells_of_a_paragraph_are_those_of_the_tables(document: Document) -> None:
    printed = {c.text.zh.lstrip("+-") for t in document.tables() for row in t.rows for c in row}
    captions = " ".join(t.caption.zh for t in document.tables())
    told = [c for _, p in _stated(document) for c in p.cells]
    assert len(told) > 20
    missing = [c.text.zh for c in told if c.text.zh.lstrip("+-") not in printed]
    assert not [m for m in missing if m not in captions]


def test_the_annual_review_has_its_chapters_in_order(document: Document) -> None:
    # The run behind it had no scenario files.
    usual = tuple(name for name in ORDER["annual"] if name != "scenarios")
    assert tuple(c.name for c in document.chapters) == usual
    assert document.title.zh == "衡水市生态环境质量年度评价报告"
    assert document.subtitle.zh == "2025年1月1日至6月30日"


def test_no_text_keeps_a_brace_or_a_mention(document: Document) -> None:
    numbers = numbering(document)
    for _, paragraph in _stated(document):
        for lang in ("zh", "en"):
            text = resolved(paragraph.text[0 if lang == "zh" else 1], numbers, lang)  # type: ignore[arg-type]
            assert not re.search(r"[{}]|<table|<figure", text), text


def test_the_summary_says_what_the_assessment_says(
    made: folders.Workspace, of_2024: Document
) -> None:
    """The numbers of the summary are those of ``forecast assess``, rule by rule."""
    table = Workspace(made.root).assess(year=2024, region="衡水").table
    official = table[table["place"] == "衡水"].set_index("indicator")["value_official"]
    (key,) = [t for t in of_2024.tables() if t.key == "key_indicators"]
    shown = {row[0].text.en: row[2].text.en for row in key.rows}
    assert shown["PM2.5 annual mean"] == f"{official['pm25_annual_mean']:.0f}"
    assert shown["good-air-day ratio"] == f"{official['good_day_ratio']:.1f}"
    assert shown["heavy-or-worse days"] == f"{official['heavy_days']:.0f}"
    assert shown["composite index"] == f"{official['composite_index']:.2f}"
    assert shown["CO 95th percentile"] == f"{official['co_p95']:.1f}"


def test_a_year_that_is_over_forecasts_nothing(of_2024: Document) -> None:
    found = of_2024
    assert found.subtitle.zh == "2024年"
    outlook = next(c for c in found.chapters if c.name == "outlook")
    first = outlook.blocks[0]
    assert isinstance(first, Paragraph)
    assert "已结束" in first.text.zh
    assert not [t for t in found.tables() if t.key == "year_end"]


def test_state_words_wait_for_the_end_of_the_year(of_2024: Document, document: Document) -> None:
    for found, words in ((of_2024, {"达标", "超标", "—"}), (document, {"未超过", "超过", "—"})):
        (key,) = [t for t in found.tables() if t.key == "key_indicators"]
        assert {row[-1].text.zh for row in key.rows} <= words


def test_the_plan_review_lists_every_target_of_the_period(made: folders.Workspace) -> None:
    asked = _facts(made, 2025, kind="final")
    found = review_document(asked, written=_WRITTEN)
    tables = {t.key: t for t in found.tables()}
    assert asked.plan is not None
    due = [t for t in asked.plan.target if t.year is None or 2021 <= t.year <= 2025]
    listed = len(tables["plan_progress"].rows) + len(tables["plan_others"].rows) - 1
    assert listed == len(due)
    counts = [row[1].value for row in tables["plan_counts"].rows]
    assert sum(counts[:-1]) == counts[-1] == len(tables["plan_progress"].rows)  # type: ignore[arg-type]
    pm25 = next(r for r in tables["plan_progress"].rows if "PM2.5" in r[0].text.zh)
    # The plan prints 52 for 2020; 38 so far of 37 asked: 14 of 15.
    assert pm25[2].text.zh == "52" and pm25[11].text.zh == "93"


def test_progress_by_hand() -> None:
    assert progress_share(52.0, 38.0, 37.0) == pytest.approx(100 * 14 / 15)
    assert progress_share(80.0, 90.0, 100.0) == pytest.approx(50.0)
    assert progress_share(40.0, 40.0, 40.0) is None
    assert progress_share(None, 1.0, 2.0) is None


def test_chapters_of_a_users_own(facts: ReviewFacts) -> None:
    found = review_document(facts, written=_WRITTEN, chapters=("water", "summary"))
    assert [c.name for c in found.chapters] == ["water", "summary"]
    # The summary mentions tables of chapters that were left out: the brackets go.
    text = " ".join(resolved(p.text.zh, numbering(found), "zh") for _, p in _stated(found))
    assert "<table" not in text and "（）" not in text


def test_unknown_chapters_and_doubled_ones_are_refused(facts: ReviewFacts) -> None:
    with pytest.raises(UsageError, match="no chapter called weather"):
        review_document(facts, written=_WRITTEN, chapters=("weather",))
    with pytest.raises(UsageError, match="listed twice"):
        review_document(facts, written=_WRITTEN, chapters=("air", "air"))


def test_a_region_without_targets_says_so(facts: ReviewFacts) -> None:
    bare = replace(facts, rows=())
    found = CHAPTERS["targets"](bare)
    assert found is not None
    (only,) = found.blocks
    assert isinstance(only, Paragraph)
    assert "没有适用于衡水市2025年的目标" in only.text.zh


def test_a_region_without_air_or_water_has_no_such_chapter(facts: ReviewFacts) -> None:
    dry = replace(facts, entries=tuple(e for e in facts.entries if e["domain"] != "water"))
    assert CHAPTERS["water"](dry) is None
    no_air = replace(
        facts, city=None, entries=tuple(e for e in facts.entries if e["domain"] != "air")
    )
    assert CHAPTERS["air"](no_air) is None
    summary = CHAPTERS["summary"](no_air)
    assert summary is not None
    assert any(
        "没有城市环境空气日均数据" in b.text.zh for b in summary.blocks if isinstance(b, Paragraph)
    )


def test_a_chart_that_cannot_be_drawn_says_why(
    facts: ReviewFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> list[object]:
        raise ForecastError("There are no readings.", "Take some in.")

    monkeypatch.setattr(facts_of, "review_chart", refuse)
    draw = facts_of._drawing(facts.asked, pictures=True)
    found = draw("annual_trend")
    assert isinstance(found, Pair)
    assert "未绘图" in found.zh and "There are no readings" in found.en
    air = CHAPTERS["air"](replace(facts, draw=draw))
    assert air is not None
    drawn = [b.key for b in air.blocks if isinstance(b, FigureBlock)]
    assert drawn == ["good_days_explained"]  # the one that is drawn with its table


def test_figures_are_mentioned_where_they_stand(facts: ReviewFacts) -> None:
    air = CHAPTERS["air"](facts)
    assert air is not None
    text = " ".join(b.text.zh for b in air.blocks if isinstance(b, Paragraph))
    assert "图未绘制" in text
    assert re.findall("<figure:([a-z_]+)>", text) == ["good_days_explained"]


def test_wrong_options_name_what_there_is(made: folders.Workspace) -> None:
    with pytest.raises(UsageError, match="no run 2020"):
        write_reviews(made, ReviewOptions(run="2020"))
    with pytest.raises(UsageError, match="no run"):
        write_reviews(made, ReviewOptions(run=".."))
    newest = (made.reports / "latest").read_text(encoding="utf-8").strip()
    with pytest.raises(UsageError, match="is of 2025, not of 2024"):
        write_reviews(made, ReviewOptions(run=newest, year=2024))
    with pytest.raises(ForecastError, match="石家庄"):
        write_reviews(made, ReviewOptions(region="石家庄"))
    with pytest.raises(UsageError, match="--kind monthly"):
        known_kind("monthly")
    for text in ("", "doc", "html,odt"):
        with pytest.raises(UsageError, match="--format"):
            known_formats(text)


def test_readings_that_came_after_the_run_are_named(
    made: folders.Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(made.store), "fingerprint", lambda _: "other")
    monkeypatch.setattr(
        facts_of, "_drawing", lambda *_: lambda name: Pair(f"无{name}", f"no {name}")
    )
    done = write_reviews(
        made, ReviewOptions(formats=("html",), chapters=("reservations",), out=tmp_path / "out",
                            written=_WRITTEN)
    )  # fmt: skip
    assert len(done.remarks) == 1
    page = done.files["衡水"][0].read_text(encoding="utf-8")
    assert "监测数据有变化" in page


def test_a_folder_that_cannot_be_written_is_named(made: folders.Workspace, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x", encoding="utf-8")
    with pytest.raises(ForecastError, match="file"):
        write_reviews(made, ReviewOptions(formats=("html",), out=file / "sub"))


# What real and damaged workspaces did to a review


def test_a_name_with_braces_is_a_name(facts: ReviewFacts) -> None:
    odd = replace(facts, name='A & B ‹县>"引{x}{n}')
    for chapter in ("summary", "basis", "targets", "water"):
        made = CHAPTERS[chapter](odd)
        assert made is not None
        text = " ".join(b.text.zh for b in made.blocks if isinstance(b, Paragraph))
        if chapter != "summary":
            assert "引{x}" in text, chapter


def test_a_record_that_stops_is_no_whole_year(made: folders.Workspace) -> None:
    base = _facts(made, 2024)
    stopped = replace(
        base, last=date(2024, 8, 15),
        entries=tuple({**e, "sufficient": False} for e in base.entries),
    )  # fmt: skip
    assert stopped.period.zh == "2024年（监测数据至8月15日）"
    summary = CHAPTERS["summary"](stopped)
    assert summary is not None
    (key,) = [b for b in summary.blocks if isinstance(b, TableBlock) and b.key == "key_indicators"]
    assert {row[-1].text.zh for row in key.rows} == {"数据不足", "—"}
    assert key.rows[0][0].text.zh == "PM2.5平均浓度"


def test_nothing_judged_is_not_nothing_missed(facts: ReviewFacts) -> None:
    blind = replace(
        facts, rows=tuple(replace(r, verdict="INSUFFICIENT_DATA") for r in facts.judged)
    )
    for name, words in (("summary", "均不能评价"), ("targets", "均不能评价")):
        made = CHAPTERS[name](blind)
        assert made is not None
        text = " ".join(b.text.zh for b in made.blocks if isinstance(b, Paragraph))
        assert words in text and "没有未达标" not in text


def test_a_city_without_a_plan_is_measured_by_limits(facts: ReviewFacts) -> None:
    bare = replace(facts, plan=None)
    targets, summary = CHAPTERS["targets"](bare), CHAPTERS["summary"](bare)
    assert targets is not None and summary is not None
    assert any(
        "没有为衡水市编制的规划" in b.text.zh for b in targets.blocks if isinstance(b, Paragraph)
    )
    assert any("限值≥" in b.text.zh for b in summary.blocks if isinstance(b, Paragraph))


def test_what_is_over_has_no_probability(of_2024: Document) -> None:
    (table,) = [t for t in of_2024.tables() if t.key == "targets"]
    assert {row[6].text.zh for row in table.rows} == {"—"}


def test_every_way_of_a_change_ends_with_its_total(document: Document) -> None:
    (table,) = [t for t in document.tables() if t.key == "good_days_change"]
    views: dict[str, list[tuple[str, float]]] = {}
    for row in table.rows:
        view, part = str(row[1].value).split(":")
        views.setdefault(view, []).append((part, float(row[2].value)))  # type: ignore[arg-type]
    order = [str(row[1].value).split(":")[0] for row in table.rows]
    assert order == sorted(order, key=list(views).index)
    for parts in views.values():
        assert parts[-1][0] == "total"
        assert sum(v for _, v in parts[:-1]) == pytest.approx(parts[-1][1], abs=0.06 * len(parts))


def test_the_review_of_another_year_leaves_the_newest_run(
    made: folders.Workspace, tmp_path: Path
) -> None:
    before = (made.reports / "latest").read_text(encoding="utf-8")
    options = ReviewOptions(
        year=2024, formats=("html",), chapters=("targets",), out=tmp_path, written=_WRITTEN
    )
    runs = sorted(made.reports.glob("2*"))
    done = write_reviews(made, options)
    assert sorted(made.reports.glob("2*")) == runs  # the run of 2024 stood already
    assert done.run_id != before.strip()
    assert (made.reports / "latest").read_text(encoding="utf-8") == before


def test_a_plan_is_reviewed_in_its_own_years(made: folders.Workspace, tmp_path: Path) -> None:
    options = ReviewOptions(
        year=2024, kind="final", formats=("html",), out=tmp_path, written=_WRITTEN
    )
    with pytest.raises(ForecastError, match="its final review is of 2025"):
        write_reviews(made, options)


def test_damaged_runs_are_one_sentence(made: folders.Workspace, tmp_path: Path) -> None:
    newest = (made.reports / "latest").read_text(encoding="utf-8").strip()
    root = shutil.copytree(made.root, tmp_path / "own")
    own = folders.Workspace.open(root)
    options = ReviewOptions(run=newest, formats=("html",))
    for text in ("{}", "[]", '{"run": {}', "null", '{"run": {"as_of": "2024-12-31"}}'):
        (own.reports / newest / "projection.json").write_text(text, encoding="utf-8")
        with pytest.raises(ForecastError, match=r"was altered or is damaged\. Make it anew"):
            write_reviews(own, options)
        hash_anew(own.reports / newest)
        with pytest.raises(ForecastError, match=f"The run {newest} can't be read"):
            write_reviews(own, options)


def test_lost_and_damaged_charts_are_counted(facts: ReviewFacts, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    (folder / "charts").mkdir(parents=True)
    names = ["target_tracker-衡水-衡水-good_day_ratio", "scoreboard-衡水", "other"]
    (folder / "manifest.json").write_text(json.dumps({"charts": names}), encoding="utf-8")
    (folder / "charts" / f"{names[0]}.svg").write_text("<svg/>", encoding="utf-8")
    figures, lost = facts_of._run_figures(folder, "衡水", facts.entries)
    assert figures == [] and lost == 2


def test_a_region_that_fails_does_not_stop_the_others(
    made: folders.Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from forecast.runs import review_documents as written

    monkeypatch.setattr(written, "_regions", lambda *_: ["衡水", "无此市"])
    done = write_reviews(
        made, ReviewOptions(formats=("html",), chapters=("targets",), out=tmp_path, jobs=1,
                            written=_WRITTEN),
    )  # fmt: skip
    assert list(done.files) == ["衡水"]
    assert "There are no readings of 无此市 in 2025" in done.failed["无此市"]


def test_the_record_keeps_what_was_written_before(made: folders.Workspace, tmp_path: Path) -> None:
    """What a writer that was killed left goes; what is new, or of somebody else, stays."""
    left = [tmp_path / f".review-{name}.docx.0123456789ab.tmp" for name in ("old", "new")]
    for path in (*left, tmp_path / ".mine.tmp"):
        path.write_text("half", encoding="utf-8")
        if path != left[1]:
            os.utime(path, (1.7e9, 1.7e9))
    for lang in ("zh", "en"):
        write_reviews(
            made, ReviewOptions(formats=("html",), chapters=("targets",), out=tmp_path,
                                lang=lang, written=_WRITTEN),  # type: ignore[arg-type]
        )  # fmt: skip
    record = json.loads((tmp_path / "review.json").read_text(encoding="utf-8"))
    assert [f["path"] for f in record["files"]] == [
        "review-衡水-2025.html", "review-衡水-2025-en.html",
    ]  # fmt: skip
    assert {p.name for p in tmp_path.glob(".*.tmp")} == {left[1].name, ".mine.tmp"}


def test_charts_of_a_report_name_the_run(facts: ReviewFacts) -> None:
    run = str(facts.run["id"])
    for name in ("level_shares", "annual_trend", "section_tiles"):
        for chart in facts_of.review_chart(name, facts.asked):
            footer = " ".join(t.get_text() for t in chart.figure.texts)
            assert run in footer, name


@pytest.mark.parametrize(
    ("names", "counties"),
    [
        (["枣强县", "武邑县", "桃城区", "深州市"], True),
        (["石家庄市", "衡水市"], False),
        (["北京", "上海"], False),
        ([], False),
    ],
)
def test_counties_are_called_counties(names: list[str], counties: bool) -> None:
    assert compared._counties(names) is counties


def test_a_summary_without_numbers_says_why(
    facts: ReviewFacts, monkeypatch: pytest.MonkeyPatch
) -> None:
    from forecast.report.chapters import summary

    monkeypatch.setattr(summary, "key_sentence", lambda *_: None)
    made = CHAPTERS["summary"](facts)
    assert made is not None
    text = " ".join(b.text.zh for b in made.blocks if isinstance(b, Paragraph))
    assert "有效天数不足或没有监测" in text and "比较如下" not in text
