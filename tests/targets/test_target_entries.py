"""Figures that people enter: append-only, dated, with a source; and the workbook round trip."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from forecast.errors import TargetError
from forecast.targets import Plan, Target, find_plan, load_plans
from forecast.targets.applied import apply_entries
from forecast.targets.entries import ENTRY_COLUMNS, empty_entries, set_entry
from forecast.targets.sheets import SHEETS
from forecast.targets.workbook import export_workbook, import_workbook

PLANS = load_plans()
NOON = dt.datetime.fromisoformat("2026-01-05T12:00")
OWN = {
    "id": "own-1", "region": "上海市", "domain": "air", "indicator": "pm25_annual_mean",
    "label_zh": "PM2.5年均浓度", "label_en": "PM2.5 annual mean", "kind": "threshold",
    "comparator": "<=", "value": 28.0, "unit": "µg/m³", "year": 2025,
}  # fmt: skip


def put(entries: pd.DataFrame, **fields: Any) -> pd.DataFrame:
    base: dict[str, Any] = {
        "kind": "assigned", "target_id": "beita-2025-good-day-ratio", "value": 93.0,
        "source": "市生态环境局文件", "date": dt.date(2022, 5, 1), "recorded": NOON,
    }  # fmt: skip
    return set_entry(entries, PLANS, **{**base, **fields})


def one(plans: tuple[Plan, ...], target_id: str) -> Target:
    found = next((t for p in plans if (t := p.find(target_id))), None)
    assert found is not None
    return found


def test_an_assigned_number_stands_in_its_target() -> None:
    entries = put(empty_entries())
    assert list(entries.columns) == list(ENTRY_COLUMNS)
    applied = apply_entries(PLANS, entries)
    target = one(applied.plans, "beita-2025-good-day-ratio")
    assert (target.value, target.pending) == (93.0, False)
    assert "市生态环境局文件, 2022-05-01" in target.notes
    assert one(PLANS, "beita-2025-good-day-ratio").pending  # the plans themselves are not changed


def test_the_latest_by_date_wins_and_the_earlier_state_stays() -> None:
    entries = put(put(empty_entries(), date=dt.date(2024, 1, 1), value=94.0), value=92.0)
    now = apply_entries(PLANS, entries)
    assert one(now.plans, "beita-2025-good-day-ratio").value == 94.0
    then = apply_entries(PLANS, entries, as_of=dt.date(2023, 12, 31))
    assert one(then.plans, "beita-2025-good-day-ratio").value == 92.0
    before = apply_entries(PLANS, entries, as_of=dt.date(2022, 4, 30))
    assert one(before.plans, "beita-2025-good-day-ratio").pending
    on_the_day = apply_entries(PLANS, entries, as_of=dt.date(2022, 5, 1))
    assert one(on_the_day.plans, "beita-2025-good-day-ratio").value == 92.0


def test_of_one_date_the_last_recorded_wins() -> None:
    later = NOON + dt.timedelta(hours=1)
    entries = put(put(empty_entries(), value=94.0, recorded=later), value=92.0)
    assert one(apply_entries(PLANS, entries).plans, "beita-2025-good-day-ratio").value == 94.0


def test_a_number_can_be_withdrawn() -> None:
    entries = put(put(empty_entries()), value=None, date=dt.date(2023, 1, 1))
    assert len(entries) == 2
    assert one(apply_entries(PLANS, entries).plans, "beita-2025-good-day-ratio").pending


def test_zero_is_a_number() -> None:
    entries = put(empty_entries(), target_id="qiandongnan-2025-nox-cut", value=0)
    target = one(apply_entries(PLANS, entries).plans, "qiandongnan-2025-nox-cut")
    assert (target.value, target.pending) == (0.0, False)


def test_ledger_lines_add_up_and_a_corrected_line_counts_once() -> None:
    line = {"kind": "ledger", "target_id": "ankang-2025-nox-cut"}
    entries = put(empty_entries(), **line, name="水泥", value=300)
    entries = put(entries, **line, name="电厂", value="120.5")
    entries = put(entries, **line, name="水泥", value=280, date=dt.date(2023, 1, 1))
    assert apply_entries(PLANS, entries).ledger == {"ankang-2025-nox-cut": (400.5, 2)}
    early = apply_entries(PLANS, entries, as_of=dt.date(2022, 12, 31))
    assert early.ledger == {"ankang-2025-nox-cut": (420.5, 2)}


@pytest.mark.parametrize(("text", "done"), [("done", True), ("是", True), ("已完成", True),
                                            ("否", False), ("not_done", False), ("No", False)])  # fmt: skip
def test_works_are_entered_in_words(text: str, done: bool) -> None:
    name = "zhangjiajie-2022-outfall-survey-main-stems"
    entries = put(empty_entries(), kind="milestone", target_id=name, text=text, value=None)
    assert apply_entries(PLANS, entries).done == {name: done}


def test_peers_are_kept_by_year() -> None:
    rank = {"kind": "peer", "target_id": "zhangjiajie-2025-surface-water-rank"}
    entries = put(empty_entries(), **rank, name="怀化", value=3.2, year=2023)
    entries = put(entries, **rank, name="怀化", value=3.0, year=2024)
    entries = put(entries, **rank, name="永州", value=2.9, year=2024)
    assert apply_entries(PLANS, entries).peers == {rank["target_id"]: {"怀化": 3.0, "永州": 2.9}}
    assert apply_entries(PLANS, entries, year=2023).peers == {rank["target_id"]: {"怀化": 3.2}}
    assert apply_entries(PLANS, entries, year=2022).peers == {}


def test_yearly_values_meet_under_the_short_region_name() -> None:
    value = {"kind": "yearly", "target_id": "", "indicator_name": "total_water_use"}
    entries = put(
        empty_entries(), **value, region="衡水市", year=2024, value=150000, unit="10^4 m3"
    )
    entries = put(entries, **value, region="衡水", year=2023, value=151000)
    entries = put(
        entries, kind="yearly", target_id="", indicator_name="pm25_annual_mean", region="衡水",
        year=2021, value=46, unit="μg/m3",
    )  # fmt: skip
    assert apply_entries(PLANS, entries).yearly == {
        ("衡水", "total_water_use"): {2024: 150000.0, 2023: 151000.0},
        ("衡水", "pm25_annual_mean"): {2021: 46.0},
    }


def test_an_own_target_becomes_a_plan() -> None:
    entries = put(empty_entries(), kind="target", target_id="", text=json.dumps(OWN))
    plan = find_plan(apply_entries(PLANS, entries).plans, "user")
    assert (plan.region, plan.target[0].value, plan.target[0].plan) == ("上海市", 28.0, "user")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"kind": "guess"}, "no kind of entry called 'guess'"),
        ({"source": " "}, "has no source"),
        ({"target_id": "beita-2025-good-day"}, "no target called 'beita-2025-good-day'"),
        ({"target_id": "hengshui-2025-pm25-firm"}, "a number of its own"),
        ({"target_id": "ankang-2025-o3-8h-p90"}, "no number to set"),
        ({"value": "many"}, "'many' is not a number"),
        ({"value": float("nan")}, "has no value"),
        ({"kind": "ledger"}, "of the kind 'threshold'"),
        ({"kind": "ledger", "target_id": "ankang-2025-nox-cut", "name": ""}, "has no name"),
        ({"kind": "milestone", "target_id": "beita-2025-outfall-survey-all", "text": "soon"}, "soon"),
        ({"kind": "yearly", "region": "", "indicator_name": "x"}, "has no region"),
        ({"kind": "yearly", "region": "甲", "indicator_name": "x", "year": 2024}, "no such indicator"),
        ({"kind": "yearly", "region": "甲", "indicator_name": "good_days", "year": 24}, "usable year"),
        ({"kind": "yearly", "region": "甲", "indicator_name": "good_days", "year": 2024,
          "unit": "%"}, "is in '%'"),
        ({"kind": "target", "text": "no json"}, "can't be read"),
        ({"kind": "target", "text": json.dumps({**OWN, "indicator": "aqi"})}, "unknown indicator"),
        ({"kind": "target", "text": json.dumps({**OWN, "region": ""})}, "has no region"),
        ({"kind": "target", "text": json.dumps({**OWN, "id": "ankang-2025-pm25"})}, "another id"),
    ],
)  # fmt: skip
def test_entries_without_meaning_are_refused(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(TargetError) as raised:
        put(empty_entries(), **fields)
    assert message in str(raised.value)


def test_a_like_name_is_proposed() -> None:
    with pytest.raises(TargetError, match="beita-2025-good-day-ratio"):
        put(empty_entries(), target_id="beita-2025-good-day")


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(0, 3), st.floats(0, 1e4, allow_nan=False)),
        min_size=1, max_size=12,
    )
)  # fmt: skip
@settings(max_examples=12, deadline=None)
def test_as_of_shows_what_was_known_whatever_came_later(
    lines: list[tuple[int, int, float]],
) -> None:
    """Entries dated later never change the state of an earlier day."""
    entries = empty_entries()
    for month, name, value in lines:
        entries = put(
            entries, kind="ledger", target_id="ankang-2025-voc-cut", name=f"line {name}",
            value=value, date=dt.date(2024, 1 + month, 1),
        )  # fmt: skip
    day = dt.date(2024, 3, 31)
    known = entries[entries["date"] <= pd.Timestamp(day)]
    assert apply_entries(PLANS, entries, as_of=day) == apply_entries(PLANS, known)


# The workbook


def row_of(page: Worksheet, target_id: str) -> int:
    return next(r for r in range(2, page.max_row + 1) if page.cell(r, 1).value == target_id)


def fill(page: Worksheet, row: int, **cells: object) -> None:
    head = {str(c.value): i for i, c in enumerate(page[1], start=1)}
    for name, value in cells.items():
        page.cell(row, head[name], value)


CITED = {"来源": "市局", "日期": dt.date(2024, 5, 1)}


@pytest.fixture(scope="module")
def blank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("book") / "目标.xlsx"
    assert export_workbook(PLANS, empty_entries(), path) == [path]
    return path


@pytest.fixture
def book(blank: Path, tmp_path: Path) -> tuple[Path, Workbook]:
    path = Path(shutil.copy(blank, tmp_path))
    return path, load_workbook(path)


def test_the_workbook_lists_every_target(book: tuple[Path, Workbook]) -> None:
    page = book[1]["目标"]
    assert page.max_row - 1 == sum(len(p.target) for p in PLANS)
    assert book[1].sheetnames == ["目标", "台账", "任务", "排名对比", "年度数值", "自定目标"]
    assert page.cell(row_of(page, "hengshui-2025-pm25-firm"), 9).value == 37


def test_an_untouched_workbook_says_nothing(book: tuple[Path, Workbook]) -> None:
    assert import_workbook(book[0], PLANS, recorded=NOON).empty


def test_a_filled_workbook_comes_back(book: tuple[Path, Workbook]) -> None:
    path, pages = book
    goals, ledger, works = pages["目标"], pages["台账"], pages["任务"]
    fill(goals, row_of(goals, "beita-2025-pm25"), 下达值="34", **CITED)
    fill(ledger, row_of(ledger, "ankang-2025-nox-cut"), 数值=120.5, 名称="水泥", **CITED)
    fill(
        works,
        row_of(works, "beita-2025-outfall-survey-all"),
        是否完成="是",
        来源="局",
        日期="2025年3月2日",
    )
    peers, yearly, own = pages["排名对比"], pages["年度数值"], pages["自定目标"]
    fill(
        peers, row_of(peers, "zhangjiajie-2025-surface-water-rank"), 数值=3.1, 名称="怀化", **CITED
    )
    row = next(
        r for r in range(2, yearly.max_row + 1) if yearly.cell(r, 2).value == "total_water_use"
    )
    fill(yearly, row, 年份=2024, 数值=150000, **CITED)
    fill(own, 2, 目标编号="own-1", 地区="上海市", 领域="空气", 指标="good_day_ratio", 目标内容="优良率",
         类型="限值", 比较=">=", 目标值=88, 单位="%", 年份=2025, **CITED)  # fmt: skip
    pages.save(path)
    entries = import_workbook(path, PLANS, recorded=NOON)
    assert sorted(entries["kind"]) == [
        "assigned",
        "ledger",
        "milestone",
        "peer",
        "target",
        "yearly",
    ]
    applied = apply_entries(PLANS, entries)
    assert one(applied.plans, "beita-2025-pm25").value == 34.0
    assert applied.ledger == {"ankang-2025-nox-cut": (120.5, 1)}
    assert applied.done == {"beita-2025-outfall-survey-all": True}
    assert applied.peers == {"zhangjiajie-2025-surface-water-rank": {"怀化": 3.1}}
    assert applied.yearly == {("衡水", "total_water_use"): {2024: 150000.0}}
    assert find_plan(applied.plans, "user").target[0].value == 88.0
    # Read again, nothing is new; exported and read again, still nothing.
    again = import_workbook(path, PLANS, recorded=NOON, existing=entries)
    assert again.empty
    second = path.with_name("again.xlsx")
    export_workbook(PLANS, entries, second)
    assert import_workbook(second, PLANS, recorded=NOON, existing=entries).empty
    fresh = import_workbook(second, PLANS, recorded=NOON)
    assert apply_entries(PLANS, fresh) == applied


def test_the_same_goes_for_csv(tmp_path: Path) -> None:
    entries = put(empty_entries())
    entries = put(entries, kind="ledger", target_id="ankang-2025-nox-cut", name="a,b", value=1.5)
    files = export_workbook(PLANS, entries, tmp_path / "out.csv")
    assert [f.name for f in files] == [f"out_{s.title}.csv" for s in SHEETS]
    assert all(f.read_bytes().startswith(b"\xef\xbb\xbf") for f in files)
    read = pd.concat([import_workbook(f, PLANS, recorded=NOON) for f in files[:2]])
    assert apply_entries(PLANS, read) == apply_entries(PLANS, entries)
    gbk = tmp_path / "gbk.csv"
    gbk.write_bytes(files[0].read_text(encoding="utf-8-sig").replace("µ", "u").encode("gb18030"))
    assert len(import_workbook(gbk, PLANS, recorded=NOON)) == 1


def test_text_that_looks_like_a_formula_stays_text(tmp_path: Path) -> None:
    path = tmp_path / "t.xlsx"
    export_workbook(PLANS, put(empty_entries(), source="=1+1"), path)
    page = load_workbook(path)["目标"]
    cell = page.cell(row_of(page, "beita-2025-good-day-ratio"), 15)
    assert (cell.value, cell.data_type) == ("=1+1", "s")


@pytest.mark.parametrize(
    ("sheet", "target_id", "cells", "column"),
    [
        ("目标", "beita-2025-pm25", {"下达值": 34, "日期": dt.date(2024, 5, 1)}, "来源"),
        ("目标", "beita-2025-pm25", {"下达值": 34, "来源": "局"}, "日期"),
        ("目标", "beita-2025-pm25", {"下达值": 34, "来源": "局", "日期": "2024-13-01"}, "日期"),
        ("目标", "beita-2025-pm25", {"下达值": "低", **CITED}, "下达值"),
        ("目标", "beita-2025-pm25", CITED, "下达值"),
        (
            "目标",
            "beita-2025-pm25",
            {"下达值": 34, "目标编号": "beita-2025-pm", **CITED},
            "目标编号",
        ),
        ("目标", "hengshui-2025-pm25-firm", {"下达值": 34, **CITED}, "下达值"),
        ("台账", "ankang-2025-nox-cut", {"数值": 34, **CITED}, "名称"),
        ("台账", "ankang-2025-nox-cut", {"数值": 34, "名称": "a", "年份": "今年", **CITED}, "年份"),
        ("任务", "beita-2025-outfall-survey-all", {"是否完成": "快了", **CITED}, "是否完成"),
    ],
)
def test_a_wrong_cell_is_named_by_sheet_row_and_column(
    book: tuple[Path, Workbook], sheet: str, target_id: str, cells: dict[str, object], column: str
) -> None:
    path, pages = book
    row = row_of(pages[sheet], target_id)
    fill(pages[sheet], row, **cells)
    pages.save(path)
    with pytest.raises(TargetError) as raised:
        import_workbook(path, PLANS, recorded=NOON)
    assert f"Sheet '{sheet}', row {row}, column '{column}'" in raised.value.message
    assert raised.value.cure


def test_a_lost_column_is_named(book: tuple[Path, Workbook]) -> None:
    path, pages = book
    pages["台账"].delete_cols(6)
    pages.save(path)
    with pytest.raises(TargetError, match="sheet '台账' lacks the column '数值'"):
        import_workbook(path, PLANS, recorded=NOON)


def test_other_files_are_refused_in_one_sentence(tmp_path: Path) -> None:
    text = tmp_path / "a.csv"
    text.write_text("date,pm25\n2024-01-01,30\n", encoding="utf-8")
    with pytest.raises(TargetError, match="none of the entry sheets"):
        import_workbook(text, PLANS, recorded=NOON)
    fake = tmp_path / "a.xlsx"
    fake.write_bytes(b"not a workbook")
    with pytest.raises(TargetError, match="can't be read as a workbook"):
        import_workbook(fake, PLANS, recorded=NOON)
    with pytest.raises(TargetError, match="does not exist"):
        import_workbook(tmp_path / "none.xlsx", PLANS, recorded=NOON)
    with pytest.raises(TargetError, match="can't be read"):
        import_workbook(tmp_path / "none.csv", PLANS, recorded=NOON)
    other = tmp_path / "b.xlsx"
    Workbook().save(other)
    with pytest.raises(TargetError, match="none of the sheets"):
        import_workbook(other, PLANS, recorded=NOON)
    with pytest.raises(TargetError, match=r"\.xlsx or \.csv"):
        export_workbook(PLANS, empty_entries(), tmp_path / "a.json")
