"""Regions judged as one: shared draws, and the probability that all attain."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from scenario_fakes import target

from forecast.projection.air import project_air
from forecast.projection.answers import air_answers, home_names, joined, project_panel
from forecast.projection.joint import joint_entries
from forecast.projection.panel import Panel, city_spans
from forecast.projection.result import IndicatorResult, Observed
from forecast.projection.settings import Settings
from forecast.projection.sharing import Group, sharing_of
from forecast.standards.items import AIR_ITEMS
from forecast.targets.applied import Applied
from forecast.targets.model import GRADE_INDICATOR

SETTINGS = Settings(date(2023, 9, 30), 2023, n_paths=400)
LEVELS = dict(zip(AIR_ITEMS, (8.0, 26.0, 62.0, 33.0, 0.8, 90.0), strict=True))


def _readings(
    region: str, seed: int, *, common: np.random.Generator, scale: float = 1.0
) -> pd.DataFrame:
    """Three years of made days; half of the scatter is that of ``common``."""
    days = pd.date_range("2020-10-01", "2023-09-30")
    rng = np.random.default_rng(seed)
    season = 0.35 * np.cos(2 * np.pi * (days.day_of_year.to_numpy() - 15) / 365.25)
    rows = []
    for item, level in LEVELS.items():
        noise = 0.3 * common.standard_normal(len(days)) + 0.15 * rng.standard_normal(len(days))
        sign = -1.0 if item == "o3_8h" else 1.0
        value = scale * level * np.exp(sign * season + noise)
        rows.append(
            pd.DataFrame(
                {"region": region, "place": region, "place_kind": "city", "date": days,
                 "item": item, "value": value.round(3), "basis": "actual"}
            )
        )  # fmt: skip
    return pd.concat(rows, ignore_index=True)


def _result(region: str, judged: list[float] | None, **rest: object) -> IndicatorResult:
    bare = IndicatorResult(
        region=region, place=region, place_kind="city", point_set="", domain="air",
        indicator=GRADE_INDICATOR, unit="items", period="2023", standard="GB 3095-2012",
        dust=None, basis="actual", observed=Observed(None, None, 0, 0, None),
        judged=None if judged is None else np.array(judged, dtype=float),
    )  # fmt: skip
    return replace(bare, **rest)  # type: ignore[arg-type]


def test_all_attain_is_counted_on_the_same_path() -> None:
    """By hand: A attains on paths 1, 2, 3 and B on 2, 3, 4 of four: both on two."""
    group = Group("两县", ("甲县", "乙县"))
    results = {"甲县": [_result("甲县", [0, 0, 0, 2])], "乙县": [_result("乙县", [1, 0, 0, 0])]}
    (entry,) = joint_entries([group], results, {})
    assert entry["probability"] == 0.5
    assert entry["independent"] == pytest.approx(0.75 * 0.75)
    assert entry["expected"] == 1.5
    assert entry["counts"] == {"1": 0.5, "2": 0.5}
    assert entry["single"] == {"甲县": 0.75, "乙县": 0.75}


def test_what_meets_a_target_within_its_tolerance_meets_it_in_a_group_too() -> None:
    """By hand: with 1 µg/m³ of room 36 is within 35, and 36.5 is not."""
    asked = [target("pm25_annual_mean", "<=", 35.0, tolerance=1.0)]
    made = {
        name: [replace(_result(name, judged), indicator="pm25_annual_mean", unit="µg/m³")]
        for name, judged in (("甲县", [34, 36, 36, 37]), ("乙县", [36, 36, 37, 30]))
    }
    group = Group("两县", ("甲县", "乙县"))
    (entry,) = joint_entries([group], made, dict.fromkeys(made, asked))
    assert (entry["indicator"], entry["probability"]) == ("pm25_annual_mean", 0.5)
    assert entry["single"] == {"甲县": 0.75, "乙县": 0.75}
    # Asked with other room, it is not asked alike.
    other = [target("pm25_annual_mean", "<=", 35.0)]
    assert joint_entries([group], made, {"甲县": asked, "乙县": other}) == []


def test_simulation_never_proves_one_but_arithmetic_does() -> None:
    group = Group("两县", ("甲县", "乙县"))
    open_ = {"甲县": [_result("甲县", [0, 0, 0, 0])], "乙县": [_result("乙县", [0, 0, 0, 0])]}
    (entry,) = joint_entries([group], open_, {})
    assert entry["probability"] == 1 - 1 / 8
    over = {m: [_result(m, None, observed_judged=0.0)] for m in group.members}
    (entry,) = joint_entries([group], over, {})
    assert entry["probability"] == 1.0
    over["乙县"] = [_result("乙县", None, observed_judged=1.0)]
    (entry,) = joint_entries([group], {**open_, "乙县": over["乙县"]}, {})
    assert entry["probability"] == 0.0
    assert "乙县" in entry["reason"]


def test_a_member_without_a_forecast_is_named_and_nothing_is_guessed() -> None:
    group = Group("三县", ("甲县", "乙县", "丙县"))
    results = {"甲县": [_result("甲县", [0, 0])], "乙县": [_result("乙县", None, sufficient=False)]}
    (entry,) = joint_entries([group], results, {})
    assert entry["probability"] is None
    assert entry["missing"] == ["乙县", "丙县"]
    assert "乙县" in entry["reason"] and "丙县" in entry["reason_en"]


def test_members_drawn_together_move_together_and_each_alone_is_unchanged() -> None:
    """Year-end PM2.5 of two members correlates over paths; the margins stay those of a place."""
    common = [np.random.default_rng(9), np.random.default_rng(9)]
    two = {r: _readings(r, n, common=common[n]) for n, r in enumerate(("甲县", "乙县"))}
    span = {r: (f["date"].min(), f["date"].max()) for r, f in two.items()}

    def pm25(groups: list[Group]) -> list[np.ndarray]:
        sharing = sharing_of(span, groups, SETTINGS)
        found = []
        for region, frame in two.items():
            projection = project_air(
                region, region, frame, SETTINGS, sharing=sharing[region], tracks=False
            )
            named = {r.indicator: r.samples for r in projection.results}
            samples = named["pm25_annual_mean"]
            assert samples is not None
            found.append(samples)
        return found

    together, apart = pm25([Group("两县", ("甲县", "乙县"))]), pm25([])
    assert np.corrcoef(*together)[0, 1] > 0.5
    # Apart, the nation's part of the slow error is still the same.
    assert np.corrcoef(*apart)[0, 1] < 0.5 * np.corrcoef(*together)[0, 1]
    for joint, single in zip(together, apart, strict=True):
        assert np.mean(joint) == pytest.approx(np.mean(single), rel=0.02)
        assert np.std(joint) == pytest.approx(np.std(single), rel=0.25)


def test_a_panel_gives_the_group_and_the_same_whatever_the_cut() -> None:
    common = [np.random.default_rng(4), np.random.default_rng(4)]
    air = pd.concat(
        [_readings(r, n, common=common[n], scale=0.9) for n, r in enumerate(("甲县", "乙县"))]
    )
    water = pd.DataFrame(
        {"region": pd.Series(dtype="str"), "place": pd.Series(dtype="str"),
         "time": pd.Series(dtype="datetime64[s]"), "item": pd.Series(dtype="str")}
    )  # fmt: skip
    panel = Panel(air, water, Applied(()), groups=(Group("两县", ("甲县", "乙县")),))
    one = project_panel(panel, SETTINGS)
    homes = home_names(panel, ("甲县", "乙县"), ())
    spans = city_spans(air, SETTINGS.as_of)
    parts = [
        answer
        for region in ("乙县", "甲县")
        for answer in air_answers(
            replace(panel, air=air[air["region"] == region], spans=spans), SETTINGS, homes
        )
    ]
    two = joined(panel, SETTINGS, homes, parts)
    assert one.groups == two.groups
    assert one.entries == two.entries
    assert [g["group"] for g in one.groups] == ["两县"]
    alone = project_panel(replace(panel, only="乙县"), SETTINGS)
    mine = [e for e in one.entries if e["region"] == "乙县"]
    assert alone.entries == mine
