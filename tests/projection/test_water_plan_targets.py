"""Every water target of every plan gets a verdict and a reason in both languages, on made data."""

from __future__ import annotations

import json
import re
from datetime import date
from importlib import resources
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecast.projection.answers import project_panel
from forecast.projection.judging import entries_of
from forecast.projection.panel import Panel, PanelProjection
from forecast.projection.section_shares import SectionSet
from forecast.projection.settings import Settings
from forecast.projection.water_facts import Declared
from forecast.region_names import normalise_region
from forecast.targets.applied import Applied
from forecast.targets.evidence import VERDICTS
from forecast.targets.loader import load_plans
from forecast.targets.model import Target

PLANS = load_plans()
GOOD = {"ph": 7.6, "do": 8.4, "codmn": 2.6, "nh3n": 0.25, "tp": 0.06}
FAIR = {"ph": 7.6, "do": 7.0, "codmn": 5.0, "nh3n": 0.6, "tp": 0.14}
BAD = {"ph": 7.6, "do": 5.8, "codmn": 7.0, "nh3n": 1.2, "tp": 0.24}
LAKE = {**GOOD, "tp": 0.03, "tn": 0.6, "chla": 0.004, "secchi": 2.5}
WELL = {"hardness": 300.0, "fe": 0.2, "nh3n": 0.3}


def samples(last: str) -> pd.DataFrame:
    """Monthly samples of made places of the five regions, from 2020 on."""
    rows: list[dict[str, Any]] = []
    days = pd.date_range("2020-01-01", last, freq="MS") + pd.Timedelta(days=5, hours=9)
    rng = np.random.default_rng(4)

    def add(region: str, place: str, levels: dict[str, float], **about: str) -> None:
        told = {"place_kind": "section", "water_type": "river", "river": "", **about}
        for day in days:
            season = 0.12 * np.cos(2 * np.pi * (day.month - 7) / 12)
            for item, level in levels.items():
                noise = rng.standard_normal()
                if item in ("ph", "do", "secchi"):
                    value = level - season * (item != "ph") + 0.1 * noise
                else:
                    value = level * float(np.exp(season + 0.12 * noise))
                rows.append(
                    {"region": region, "place": place, "time": day, "item": item, "value": value,
                     "censored": False, "file_id": "f", **told}
                )  # fmt: skip

    for k in range(13):
        add("衡水市", f"衡{k}", [GOOD, FAIR, BAD][k % 3])
    add("衡水市", "大湖心", LAKE, water_type="lake", river="衡水湖")
    add("衡水市", "小湖心", LAKE, water_type="lake", river="衡水湖")
    for k in range(4):
        well = {**WELL, "hardness": 800.0} if k == 0 else WELL
        add("衡水市", f"井{k}", well, place_kind="groundwater", water_type="groundwater")
    add("衡水市", "水库水源", {**GOOD, "intake": 100.0}, place_kind="source")
    add("衡水市", "地下水源", {**WELL, "f": 1.6, "intake": 50.0},
        place_kind="source", water_type="groundwater")  # fmt: skip
    for region, prefix, n in (
        ("邵阳市北塔区", "北", 5), ("安康市", "安", 6), ("黔东南州", "黔", 6), ("张家界市", "张", 5),
    ):  # fmt: skip
        for k in range(n):
            add(region, f"{prefix}{k}", GOOD if prefix in "安张" else [GOOD, FAIR][k % 2])
        add(region, f"{prefix}水源", GOOD, place_kind="source")
        add(region, f"{prefix}井", WELL, place_kind="groundwater", water_type="groundwater")
    add("邵阳市北塔区", "界河口", {**GOOD, "codmn": 2.2})
    add("安康市", "白河断面", {**GOOD, "codmn": 2.2})
    add("张家界市", "枧潭桥断面", {**GOOD, "nickel": 0.022})
    add("张家界市", "黄石水库", LAKE, water_type="lake")
    return pd.DataFrame(rows)


def numbered(prefix: str, n: int) -> tuple[str, ...]:
    return tuple(f"{prefix}{k}" for k in range(n))


SETS = {
    "衡水市": (
        SectionSet("国省考断面", numbered("衡", 10), date(2016, 1, 1), date(2020, 12, 31)),
        SectionSet("国省考断面", numbered("衡", 13), date(2021, 1, 1)),
    ),
    "邵阳市北塔区": (
        SectionSet("资江国控、省控断面", numbered("北", 5)), SectionSet("辖区出境断面", ("界河口",)),
    ),
    "安康市": (
        SectionSet("国、省、市控断面", numbered("安", 6)),
        SectionSet("汉江出陕断面", ("白河断面",)),
        SectionSet("汉江(安康段)出境断面", ("白河断面",)),
        SectionSet("汉江(安康段)", (*numbered("安", 4), "白河断面")),
    ),
    "黔东南州": (
        SectionSet("国、省控断面", numbered("黔", 6)), SectionSet("主要河流出境断面", ("黔0", "黔2")),
    ),
    "张家界市": (SectionSet("国控、省控、市控断面", numbered("张", 5)),),
}  # fmt: skip


def answer(as_of: date) -> PanelProjection:
    air = pd.DataFrame(
        {
            **{c: pd.Series(dtype="str") for c in ("region", "place", "place_kind", "item")},
            "basis": pd.Series(dtype="str"),
            "date": pd.Series(dtype="datetime64[s]"),
            "value": pd.Series(dtype="float64"),
        }
    )
    panel = Panel(
        air, samples(f"{as_of:%Y-%m}-01"), Applied(PLANS),
        section_sets={normalise_region(r): s for r, s in SETS.items()},
        declared={"衡水": Declared(background={"地下水源": ("f",)})},
    )  # fmt: skip
    return project_panel(panel, Settings(as_of, 2025, n_paths=200))


Answers = dict[str, list[tuple[dict[str, Any], dict[str, Any]]]]


def by_target(found: PanelProjection) -> Answers:
    out: Answers = {}
    for entry in found.entries:
        for target in entry["targets"]:
            out.setdefault(target["id"], []).append((entry, target))
    return out


@pytest.fixture(scope="module")
def midyear() -> PanelProjection:
    return answer(date(2025, 8, 31))


@pytest.fixture(scope="module")
def over() -> PanelProjection:
    return answer(date(2025, 12, 31))


def water_targets() -> list[Target]:
    return [
        t for p in PLANS if p.region for t in p.target if t.domain == "water" and t.covers(2025)
    ]


@pytest.mark.parametrize("when", ["midyear", "over"])
def test_every_water_target_gets_a_verdict_with_a_reason(
    when: str, request: pytest.FixtureRequest
) -> None:
    found = by_target(request.getfixturevalue(when))
    for target in water_targets():
        assert target.id in found, f"{target.id} is not answered"
        for _, judged in found[target.id]:
            assert judged["verdict"] in VERDICTS
            assert re.search("[\u4e00-\u9fff]", judged["reason"]), target.id
            assert judged["reason"].endswith("。"), judged["reason"]
            assert len(judged["reason_en"]) > 20, target.id
            assert judged["reason_en"].rstrip().endswith("."), judged["reason_en"]


def test_what_readings_can_answer_is_judged_and_not_passed_over(over: PanelProjection) -> None:
    """At year end a computable target with a number is MET or NOT_MET on full data."""
    found = by_target(over)
    for target in water_targets():
        if not target.computable or target.pending:
            continue
        # A direction may end without a conclusion; its rule says so.
        may = {"MET", "NOT_MET"} | ({"INCONCLUSIVE"} if target.kind == "trend" else set())
        for _, judged in found[target.id]:
            assert judged["verdict"] in may, (target.id, judged["reason"])


def test_open_targets_carry_a_probability(midyear: PanelProjection) -> None:
    found = by_target(midyear)
    for target in water_targets():
        if target.computable and not target.pending:
            for _, judged in found[target.id]:
                assert judged["probability"] is not None, (target.id, judged["reason"])


@pytest.mark.parametrize(
    ("target_id", "verdict"),
    [
        ("zhangjiajie-2025-surface-water-rank", "NEEDS_PEERS"),
        ("zhangjiajie-2025-national-sections-rank", "NEEDS_PEERS"),
        ("qiandongnan-2025-share-class-iii", "TARGET_PENDING"),
        ("qiandongnan-2025-groundwater-class-v-share", "TARGET_PENDING"),
        ("hengshui-2025-seasonal-flow", "NOT_APPLICABLE"),
        ("hengshui-2025-grand-canal-flow", "INCONCLUSIVE"),
        ("beita-2025-black-odorous-water-bodies", "INSUFFICIENT_DATA"),
        ("ankang-2025-outfall-clean-up", "INSUFFICIENT_DATA"),
        ("hengshui-2025-share-class-iii", "MET"),
        ("hengshui-2025-share-inferior-v", "MET"),
        ("hengshui-2025-source-compliance", "NOT_MET"),
        ("ankang-2025-hanjiang-state", "MET"),
        ("zhangjiajie-2025-tli", "MET"),
    ],
)
def test_verdicts_of_the_finished_year(over: PanelProjection, target_id: str, verdict: str) -> None:
    assert {j["verdict"] for _, j in by_target(over)[target_id]} == {verdict}


def test_a_share_says_what_independent_sections_would_have_said(midyear: PanelProjection) -> None:
    ((entry, judged),) = by_target(midyear)["hengshui-2025-share-class-iii"]
    (other,) = [a for a in entry["alternatives"] if a["kind"] == "independent_sections"]
    assert set(other["probabilities"]) == {"hengshui-2025-share-class-iii"}
    assert "互不相关" in judged["reason"] and "would have said" in judged["reason_en"]
    assert sum(other["distribution"].values()) == pytest.approx(1.0)


def test_a_saturated_share_shows_what_it_hides(over: PanelProjection) -> None:
    ((entry, judged),) = by_target(over)["ankang-2025-share-class-iii"]
    assert "CWQI" in judged["reason"] and "变差" in judged["reason"]
    assert "余量" in judged["reason"] and "mg/L" in judged["reason_en"]
    (truth,) = [a for a in entry["alternatives"] if a["kind"] == "continuous"]
    assert truth["comparable"] == len(truth["sections"]) == 6
    assert len(truth["worsening"]) == sum(bool(r["worsening"]) for r in truth["sections"])


def test_an_old_list_is_no_history_of_a_new_one(midyear: PanelProjection) -> None:
    """Ten sections until 2020, thirteen since: 2020 is another series, the common ten are one."""
    ((entry, judged),) = by_target(midyear)["hengshui-2025-share-class-iii"]
    (common,) = [a for a in entry["alternatives"] if a["kind"] == "common_sections"]
    assert "2020年的断面清单" in judged["reason"]
    assert common["sections"] == list(numbered("衡", 10))
    assert set(common["years"]) == {"2020", "2021", "2022", "2023", "2024"}
    # Of 衡0 to 衡9 the sections 2, 5 and 8 are bad: seven of ten.
    assert set(common["years"].values()) == {70.0}


def test_two_metals_figures_give_no_interval() -> None:
    """Before any reading the plan's two nickel figures are all there is."""
    target = next(t for t in water_targets() if t.id == "zhangjiajie-2025-nickel-mean")
    settings = Settings(date(2025, 6, 30), 2025)
    (entry,) = entries_of([], [target], settings, Applied(PLANS))
    (judged,) = entry["targets"]
    assert (judged["verdict"], judged["probability"]) == ("INSUFFICIENT_DATA", None)
    for part in ("0.02 mg/L", "2012年0.255", "2020年0.0228", "不给出趋势区间"):
        assert part in judged["reason"]
    assert "no interval" in judged["reason_en"]


def test_the_entries_fit_the_schema(midyear: PanelProjection) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    text = resources.files("forecast.projection").joinpath("schema.json").read_text("utf-8")
    schema = json.loads(text)
    items = {**schema["properties"]["projections"], "$defs": schema.get("$defs", {})}
    checker = jsonschema.Draft202012Validator(items)
    entries = json.loads(json.dumps(midyear.entries))
    assert entries and [e.message for e in checker.iter_errors(entries)] == []
