"""The pages of a run of many regions: an overview, a page a region, nothing lost, nothing heavy."""

from __future__ import annotations

import base64
import io
import re
import xml.etree.ElementTree as ET
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
from fontTools.ttLib import TTFont
from joblib import parallel_config
from rich.console import Console

from forecast.projection.air import AirProjection
from forecast.projection.air_tracks import FAN, AirTracks
from forecast.report import PageChart, PageContext
from forecast.report.change_words import change_fragment
from forecast.report.chart_choice import ONE_PAGE, charted_regions, many_regions
from forecast.report.page import page_text
from forecast.report.page_names import page_names
from forecast.report.region_results import by_region, warnings_by_region
from forecast.report.run_pages import write_run_pages
from forecast.report.scoreboard import OPEN, decision_order, rows_of
from forecast.report.terminal import render_table

HOSTILE = ["../../etc", "a/b", "a_b", "A_B", "con", "<script>x</script>", "a\u202egnp.exe", "$(id)"]
NAMES = [*HOSTILE, *(f"第{k}市" for k in range(1, 53))]


def _tracks() -> AirTracks:
    """Ten days at 40 and a fan that opens by one a day around it; the year before stood at 45."""
    line = np.full(365, np.nan, np.float32)
    line[:10] = 40.0
    steps = np.linspace(-3, 3, len(FAN))[:, None] * np.arange(1, 356)[None, :] / 355
    known = np.isfinite(line)
    return AirTracks(
        2025, np.where(known, 80, -1).astype(np.int16), np.zeros((365, 6), bool),
        {"pm25_annual_mean": line, "good_day_ratio": line},
        {"pm25_annual_mean": known, "good_day_ratio": known},
        {"pm25_annual_mean": {2024: np.full(366, 45, np.float32)}, "good_day_ratio": {}},
        {"pm25_annual_mean": (40 + steps).astype(np.float32)}, 10, {}, "HJ 633-2026",
        np.full(365, -1, np.int16),
    )  # fmt: skip


def _many(made: SimpleNamespace, names: list[str]) -> dict[str, Any]:
    verdicts = ["AT_RISK", "UNLIKELY", "LIKELY", "MET"]
    entries = []
    for k, name in enumerate(names):
        probability = (0.25 + 0.01 * k, 0.1, 0.9, 1.0)[k % 4]
        asked = [made.target(verdicts[k % 4], id=f"t{k}", probability=probability)]
        entries.append(made.entry(name, name, "pm25_annual_mean", 38.0, asked))
        entries.append(made.entry(name, name, "good_day_ratio", 80.0, []))
    whole: dict[str, Any] = made.result(entries)
    whole["run"]["inputs"] = [{"path": f"f{k}", "sha256": "ab" * 32} for k in range(300)]
    return whole


WARNINGS = (
    *((f"{n}:最近{k}天没有O3数据。", f"{n}: {k} days without O3.") for k, n in enumerate(NAMES)),
    ("配置有误", "configuration"),
)


CHANGED = {
    "changes_version": 1,
    "since": {"id": "20250629-x", "as_of": "2025-06-29"},
    "run": {"id": "20250630-y", "as_of": "2025-06-30"},
    "rows": [
        {"kind": "new_days", "domain": "air", "region": n, "place": n, "first": "2025-06-30",
         "last": "2025-06-30", "days": 1, "values": 6}
        for n in NAMES
    ],
}  # fmt: skip


@pytest.fixture(scope="module")
def context(made: SimpleNamespace) -> PageContext:
    return PageContext(
        "全国", _many(made, NAMES), warnings=WARNINGS, changes=change_fragment(CHANGED), notices=(("生成样例", "generated"),),
        charts=(PageChart("第1市", "第1市", "<svg xmlns='http://www.w3.org/2000/svg'><g/></svg>",
                          "完整的图", "full chart", "charts/x.csv"),),
    )  # fmt: skip


@pytest.fixture(scope="module")
def air() -> list[AirProjection]:
    return [AirProjection(name, name, [], _tracks(), []) for name in NAMES]


@pytest.fixture(scope="module")
def folder(
    context: PageContext, air: list[AirProjection], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    out = tmp_path_factory.mktemp("run")
    write_run_pages(context, out, air=air, changed=CHANGED, charted={"第1"})
    return out


def _body(text: str) -> ET.Element:
    return ET.fromstring(text.partition("<!DOCTYPE html>")[2].strip())


def test_every_region_has_one_page_that_the_overview_leads_to(folder: Path) -> None:
    root = _body((folder / "index.html").read_text("utf-8"))
    table = next(t for t in root.iter("table") if t.get("id") == "regions")
    links = {a.text: a.get("href", "") for a in table.iter("a")}
    assert set(links) == set(NAMES)
    pages = {p.name for p in (folder / "regions").glob("*.html")}
    assert {unquote(href).removeprefix("regions/") for href in links.values()} == pages
    assert len({name.casefold() for name in pages}) == len(NAMES)
    assert sorted(p.name for p in folder.iterdir()) == ["index.html", "regions"]


def test_each_page_is_well_formed_and_loads_only_the_shared_sheet(folder: Path) -> None:
    known = {p.name for p in (folder / "regions").iterdir()}
    for path in [*(folder / "regions").glob("*.html"), folder / "index.html"]:
        root = _body(path.read_text("utf-8"))
        for element in root.iter():
            for name, value in element.attrib.items():
                if name.rpartition("}")[2] in {"src", "href", "data"} and not value.startswith("#"):
                    told = unquote(value)
                    assert told in known or told == "../index.html" or (
                        told.startswith(("regions/", "../charts/", "../projection.json"))
                    ), (path.name, value)  # fmt: skip


def test_names_are_characters_and_nothing_else(folder: Path) -> None:
    file = page_names(NAMES)["<script>x</script>"]
    page = (folder / "regions" / file).read_text("utf-8")
    assert "<script>x" not in page and "&lt;script&gt;x" in page
    assert "<script>x" not in (folder / "index.html").read_text("utf-8")
    ours = (folder / "regions" / page_names(NAMES)["$(id)"]).read_text("utf-8")
    assert "forecast chart target_tracker --region &#39;$(id)&#39; --year 2025" in ours


@pytest.mark.parametrize("name", [*HOSTILE, "", "..", ".", "-rf", "NUL.txt", "index", "长" * 200])
def test_a_file_name_is_safe_and_short(name: str) -> None:
    made = page_names([name])[name]
    assert made == Path(made).name and made.endswith(".html") and not made.startswith((".", "-"))
    assert not set(made) & set('<>:"/\\|?*#%\x1b\u202e') and len(made.encode()) < 150
    assert made.split(".")[0].lower() not in {"con", "nul", "index"}


def test_region_pages_have_the_lines_the_command_and_their_own_remarks(folder: Path) -> None:
    page = (folder / "regions" / "第2市.html").read_text("utf-8")
    assert (
        page.count("<svg") >= 3 and "forecast chart aqi_calendar --region 第2市 --year 2025" in page
    )
    assert "第2市:最近9天没有O3数据。" in page and "第3市:最近" not in page
    assert "配置有误" not in page and "生成样例" in page
    charted = (folder / "regions" / "第1市.html").read_text("utf-8")
    assert (
        "完整的图" in charted and "../charts/x.csv" in charted and "forecast chart" not in charted
    )
    # The files of the workspace are not those of one region.
    assert "f299" not in page and len(page) < 60_000


def test_the_overview_counts_and_groups(folder: Path) -> None:
    text = (folder / "index.html").read_text("utf-8")
    root = _body(text)
    counts = {b.text: i for i, b in enumerate(root.iter("b")) if b.text and b.text.isdigit()}
    assert counts and len(text) < 400_000
    kinds = [tr for s in root.iter("section") if s.get("id") == "method" for tr in s.iter("tr")]
    first = "".join(kinds[1].itertext())
    assert first.startswith(f"{len(NAMES)}{len(NAMES)}: ")
    assert (
        "60个地点:新增1天(2025-06-30)。" in text and text.count("f49<") == 1 and "f50<" not in text
    )
    table = next(t for t in root.iter("table") if t.get("id") == "regions")
    assert "●" in "".join(table.itertext())
    numbers = [int(td.text or 0) for td in table.iter("td") if td.get("data-v")]
    assert sum(numbers) == len(NAMES)


def test_the_open_targets_nearest_to_even_chances_come_first(folder: Path) -> None:
    root = _body((folder / "index.html").read_text("utf-8"))
    section = next(s for s in root.iter("section") if s.get("id") == "open")
    rows = [tr for tr in section.iter("tr") if "存在风险" in "".join(tr.itertext())]
    figures = [
        sp.text or "" for tr in rows for sp in tr.iter("span") if sp.get("class") == "figure"
    ]
    chances = [float(text.removesuffix(" %")) for text in figures]
    away = [abs(p - 50) for p in chances]
    assert len(chances) == 15 and away == sorted(away)


def test_the_shared_sheet_has_every_character(folder: Path) -> None:
    sheet = (folder / "regions" / "page.css").read_text("utf-8")
    match = re.search(r"data:font/woff;base64,([A-Za-z0-9+/=]+)", sheet)
    assert match is not None
    with TTFont(io.BytesIO(base64.b64decode(match[1]))) as font:
        known = set(font.getBestCmap())
    words = "".join(_body((folder / "regions" / "第2市.html").read_text("utf-8")).itertext())
    assert {ord(c) for c in words if not c.isspace()} <= known


def test_the_number_of_workers_changes_no_byte(
    context: PageContext, air: list[AirProjection], folder: Path, tmp_path: Path
) -> None:
    with parallel_config(backend="threading"):
        write_run_pages(context, tmp_path, air=air, changed=CHANGED, charted={"第1"}, jobs=3)
    for path in folder.rglob("*.*"):
        assert (tmp_path / path.relative_to(folder)).read_bytes() == path.read_bytes(), path.name


def test_few_regions_have_one_page_as_ever(made: SimpleNamespace, tmp_path: Path) -> None:
    few = PageContext("省", _many(made, NAMES[:ONE_PAGE]))
    assert not many_regions(few.result)
    write_run_pages(few, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["index.html"]
    assert (tmp_path / "index.html").read_text("utf-8") == page_text(few)


def test_few_regions_without_full_charts_have_light_ones(
    made: SimpleNamespace, air: list[AirProjection], tmp_path: Path
) -> None:
    few = PageContext("省", _many(made, NAMES[:3]))
    write_run_pages(few, tmp_path, air=air[:3], charted={"../../etc"})
    page = (tmp_path / "index.html").read_text("utf-8")
    assert page.count('<svg xmlns="http://www.w3.org/2000/svg" viewBox') == 6  # three of two cities
    assert "forecast chart" in page


def test_charts_go_where_a_decision_hangs_and_where_much_moved(made: SimpleNamespace) -> None:
    whole = _many(made, NAMES)
    assert charted_regions(whole, charts="all") == {p.key for p in by_region(whole)}
    assert charted_regions(_many(made, NAMES[:40])) == {
        p.key for p in by_region(_many(made, NAMES[:40]))
    }
    chosen = charted_regions(whole, charts=3)
    # Every fourth is AT_RISK at 25 % and one more a region: nearest to even are numbers 24 and 28.
    assert {"第17", "第21"} < chosen and len(chosen) == 3
    rows = [{"kind": "probability", "region": "第52市", "change": -0.4},
            {"kind": "probability", "region": "第50市", "change": 0.1}]  # fmt: skip
    moved = charted_regions(whole, rows, charts=4)
    assert "第52" in moved and "第50" not in moved and len(moved) == 4
    whole["scenarios"] = [{"region": "第3市", "place": "第3市"}]
    assert "第3" in charted_regions(whole, rows, charts=1) and charted_regions(whole, charts=0) == {
        "第3"
    }


def test_a_result_is_cut_without_loss(made: SimpleNamespace) -> None:
    whole = _many(made, NAMES)
    whole["short_range"] = {"air": [{"region": "第1市", "place": "第1市", "days": []}], "water": []}
    parts = by_region(whole)
    entries = [e for p in parts for e in p.result["projections"]]
    assert entries == whole["projections"]
    assert {p.key: len(p.result["short_range"]["air"]) for p in parts}["第1"] == 1
    assert all("inputs" not in p.result["run"] for p in parts)
    named, rest = warnings_by_region([("第11市和第1市:x", "x"), ("无", "none")], NAMES)
    assert set(named) == {"第11", "第1"} and rest == [("无", "none")]


def test_the_terminal_says_little_of_many(made: SimpleNamespace) -> None:
    for lang in ("zh", "en"):
        out = io.StringIO()
        render_table(_many(made, NAMES), lang, Console(file=out, width=160))  # type: ignore[arg-type]
        lines = out.getvalue().splitlines()
        assert len(lines) < 20
        assert lines[-1].startswith(("60 个目标", "60 targets"))


def test_the_targets_in_the_terminal_are_the_first_of_all_rows(made: SimpleNamespace) -> None:
    result = _many(made, NAMES)
    out = io.StringIO()
    render_table(result, "en", Console(file=out, width=200))
    open_ones = (r for r in rows_of(result) if r.verdict in OPEN and r.probability is not None)
    first = sorted(open_ones, key=decision_order)[:10]
    said = out.getvalue().splitlines()
    shown = [line for line in said if any(r.region in line and r.target.en in line for r in first)]
    assert len(first) == len(shown) == 10
    places = [next(r.region for r in first if r.region in line) for line in shown]
    assert places == [r.region for r in first]
    counts = ", ".join(said[-1].split(": ", 1)[1].split(" · "))
    assert sum(int(part.rsplit(" ", 1)[1]) for part in counts.split(", ")) == 60
