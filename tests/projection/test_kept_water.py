"""Kept answers on water: the same bytes as made anew, and never those of other inputs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecast.models.code_behind import code_digest
from forecast.models.kept_fits import KeptFits, fingerprint
from forecast.projection import kept_water
from forecast.projection.answers import DomainAnswer, water_answers
from forecast.projection.kept_water import kept_water_answers, stands_on
from forecast.projection.panel import Panel
from forecast.projection.section_shares import SectionSet
from forecast.projection.settings import Settings
from forecast.projection.water_regions import WaterRegion, water_regions
from forecast.targets.applied import Applied
from forecast.targets.model import Plan, Target

_DAY = date(2024, 9, 12)
_SETTINGS = Settings(_DAY, 2024, n_paths=60)
_HOMES = {"东江": "东江市", "西江": "西江市"}


def _target(name: str, indicator: str, value: float, **more: Any) -> Target:
    own = {
        "id": name, "kind": "threshold", "domain": "water", "indicator": indicator, "comparator": ">=", "unit": "%",
        "value": value, "year": 2024, "label_zh": "指标", "label_en": "indicator", "quote": "…",
    }  # fmt: skip
    return Target.model_validate(own | more)


def _plan(value: float = 80.0) -> Plan:
    targets = (
        _target("share", "share_class_iii", value),
        _target("groundwater", "groundwater_class_v_share", 70.0),
    )
    return Plan.model_validate(
        {"id": "plan", "title": "计划", "region": "东江市", "target": targets}
    )


def _samples() -> pd.DataFrame:
    """Two regions of two sections with a sample a month, one of them with classes alone."""
    rng = np.random.default_rng(4)
    days = pd.date_range("2022-01-05", "2024-09-05", freq="MS") + pd.Timedelta(days=4)
    parts = []
    for region in ("东江市", "西江市"):
        for s in range(2):
            levels = {"ph": 7.6, "do": 8.0, "codmn": 4.0 + 2 * s, "nh3n": 0.3}
            if (region, s) == ("西江市", 1):
                levels = {"class_published": 3.0}
            for item, level in levels.items():
                values = level * np.exp(0.1 * rng.standard_normal(len(days)))
                columns = {
                    "region": region, "place": f"断面{s}", "place_kind": "section", "time": days,
                    "item": item, "value": 3.0 if "class" in item else values, "censored": False,
                    "water_type": "river", "basin": "上河", "river": "", "file_id": "f",
                }  # fmt: skip
                parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)


@pytest.fixture(scope="module")
def panel() -> Panel:
    air = pd.DataFrame(columns=["region", "place", "place_kind", "date", "item", "value", "basis"])
    sets = {"东江": (SectionSet("国考断面", ("断面0", "断面1")),)}
    return Panel(air, _samples(), Applied((_plan(),)), section_sets=sets)


@pytest.fixture(scope="module")
def regions(panel: Panel) -> list[WaterRegion]:
    return water_regions(panel, _SETTINGS, draw=True)


def _of(regions: list[WaterRegion], settings: Settings) -> list[WaterRegion]:
    """The same regions on another day of the month, on which nothing else is known."""
    return [replace(one, settings=settings) for one in regions]


def _told(answers: list[DomainAnswer]) -> list[tuple[Any, ...]]:
    """All of the answers, to the last bit and in order."""
    return [
        (
            a.key, a.domain, json.dumps([a.entries, a.unanswered, a.short_range]), a.members,
            a.air, fingerprint(a.water),
        )
        for a in answers
    ]  # fmt: skip


def _kept(
    panel: Panel, regions: list[WaterRegion], settings: Settings, folder: Path, **more: Any
) -> list[DomainAnswer]:
    own = _of(regions, settings)
    return list(kept_water_answers(panel, settings, _HOMES, own, KeptFits(folder), **more))


def _anew(panel: Panel, regions: list[WaterRegion], settings: Settings) -> list[DomainAnswer]:
    return list(water_answers(panel, settings, _HOMES, _of(regions, settings), ahead=True))


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The regions that are worked out, as they are."""
    seen: list[str] = []
    work: Callable[..., Any] = water_answers

    def noted(panel: Panel, settings: Settings, homes: Any, fitted: Any, **more: Any) -> Any:
        seen.extend(one.region for one in fitted)
        return work(panel, settings, homes, fitted, **more)

    monkeypatch.setattr(kept_water, "water_answers", noted)
    return seen


def test_a_kept_answer_is_that_of_the_day(
    panel: Panel, regions: list[WaterRegion], tmp_path: Path, made: list[str]
) -> None:
    """Made on the 12th, taken over on the 20th, with the 20th in it; one file a region."""
    assert _told(_kept(panel, regions, _SETTINGS, tmp_path)) == _told(
        _anew(panel, regions, _SETTINGS)
    )
    later = replace(_SETTINGS, as_of=date(2024, 9, 20))
    assert _told(_kept(panel, regions, later, tmp_path)) == _told(_anew(panel, regions, later))
    assert made == ["东江市", "西江市"] and len(list(tmp_path.glob("*.npz"))) == 2
    # The last day of the month has that month behind it, and the first of the next begins one.
    for day in (date(2024, 9, 30), date(2024, 10, 1)):
        other = replace(_SETTINGS, as_of=day)
        assert _told(_kept(panel, regions, other, tmp_path)) == _told(_anew(panel, regions, other))
    assert made == ["东江市", "西江市"] * 3 and len(list(tmp_path.glob("*.npz"))) == 2


def test_only_what_changed_is_made_anew(
    panel: Panel, regions: list[WaterRegion], tmp_path: Path, made: list[str]
) -> None:
    """A sample of the day in one region; another damaged; one whose samples are wanted."""
    _kept(panel, regions, _SETTINGS, tmp_path)
    east, west = regions
    monthly = east.monthly.copy()
    monthly.iloc[-1, 0] *= 1.5
    changed = [replace(east, monthly=monthly), west]
    assert _told(_kept(panel, changed, _SETTINGS, tmp_path)) == _told(
        _anew(panel, changed, _SETTINGS)
    )
    assert made == ["东江市", "西江市", "东江市"]
    for path in tmp_path.glob("*.npz"):
        path.write_bytes(path.read_bytes()[:-400])
    _kept(panel, changed, _SETTINGS, tmp_path)
    assert made[3:] == ["东江市", "西江市"]
    [_, told] = _kept(panel, changed, _SETTINGS, tmp_path, keep={"西江"})
    assert made[5:] == ["西江市"]
    assert any(r.samples is not None for w in told.water for r in w.results)


def test_an_answer_whose_words_name_the_day_is_for_that_day(
    panel: Panel, regions: list[WaterRegion], tmp_path: Path, made: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """What is said of a target without readings goes by the as-of date, and may name it."""
    work = kept_water.water_answers

    def dated(panel: Panel, settings: Settings, *rest: Any, **more: Any) -> Any:
        for answer in work(panel, settings, *rest, **more):
            said = [{**e, "reason": f"截至 {settings.as_of}"} for e in answer.unanswered]
            yield replace(answer, unanswered=said)

    monkeypatch.setattr(kept_water, "water_answers", dated)
    for day in (12, 12, 13):
        settings = replace(_SETTINGS, as_of=date(2024, 9, day))
        [east, _] = _kept(panel, regions, settings, tmp_path)
        assert [e["reason"] for e in east.unanswered] == [f"截至 2024-09-{day}"]
    # Both for the 12th, taken over on the 12th, and the one that names it again for the 13th.
    assert made == ["东江市", "西江市", "东江市"]


def _key(panel: Panel, settings: Settings, home: str, one: WaterRegion) -> str:
    return fingerprint(stands_on(panel, settings, home, [one]))


def test_everything_that_is_asked_or_known_is_in_the_key(
    panel: Panel, regions: list[WaterRegion]
) -> None:
    """Each field of what an answer is made from, whatever fields there will be."""
    one = regions[0]
    known = _key(panel, _SETTINGS, "东江市", one)
    assert known == _key(panel, replace(_SETTINGS, as_of=date(2024, 9, 29)), "东江市", one)
    others = {
        _key(panel, replace(_SETTINGS, **{f.name: "x"}), "东江市", one)  # type: ignore[arg-type]
        for f in fields(Settings)
        if f.name != "as_of"
    }
    assert len(others) == len(fields(Settings)) - 1
    days = [date(2024, 9, 30), date(2024, 8, 12), date(2023, 9, 12)]
    others |= {_key(panel, replace(_SETTINGS, as_of=day), "东江市", one) for day in days}
    facts = {"断面0": replace(one.facts["断面0"], own_class=2)}
    for field in fields(WaterRegion):
        if field.name != "settings":
            value: Any = facts if field.name == "facts" else "other"
            others.add(_key(panel, _SETTINGS, "东江市", replace(one, **{field.name: value})))
    for field in fields(Applied):
        if field.name != "plans":
            figures = replace(panel.entered, **{field.name: {"x": 1.0}})  # type: ignore[arg-type]
            others.add(_key(replace(panel, entered=figures), _SETTINGS, "东江市", one))
    plans = replace(panel, entered=Applied((_plan(90.0),)))
    others |= {
        _key(plans, _SETTINGS, "东江市", one), _key(panel, _SETTINGS, "西江市", one),
        _key(replace(panel, plan="plan"), _SETTINGS, "东江市", one),
        _key(replace(panel, aliases={"甲": "乙"}), _SETTINGS, "东江市", one),
    }  # fmt: skip
    n = len(fields(Settings)) + len(fields(WaterRegion)) + len(fields(Applied)) - 3
    assert len(others) == n + 3 + 4 and known not in others


def test_every_number_that_is_drawn_from_is_in_the_key(
    panel: Panel, regions: list[WaterRegion]
) -> None:
    one = regions[0]
    assert one.ahead is not None and one.stated is not None
    nudged = [
        replace(one, ahead=replace(one.ahead, mean=np.nextafter(one.ahead.mean, np.float32(9)))),
        replace(one, ahead=replace(one.ahead, root_seed=one.ahead.root_seed + 1)),
        replace(one, monthly=one.monthly * (1 + 1e-15)),
        replace(one, stated=replace(one.stated, leads=(*one.stated.leads[:-1], 99))),
        replace(one, sets=(replace(one.sets[0], own_class=(("断面0", 2),)),)),
    ]
    keys = {_key(panel, _SETTINGS, "东江市", other) for other in (one, *nudged)}
    assert len(keys) == 1 + len(nudged)


def test_other_code_and_days_of_many_samples_are_in_the_key(
    panel: Panel, regions: list[WaterRegion], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = regions[0]
    known = _key(panel, _SETTINGS, "东江市", one)
    next_day = replace(_SETTINGS, as_of=date(2024, 9, 13))
    often = replace(one, facts={"断面0": replace(one.facts["断面0"], frequent=True)})
    assert _key(panel, _SETTINGS, "东江市", often) != _key(panel, next_day, "东江市", often)
    week = replace(one, often=frozenset({"东江市\x1f断面0"}))
    assert _key(panel, _SETTINGS, "东江市", week) != _key(panel, next_day, "东江市", week)
    # All of the package counts: what is judged and said as well as what is fitted.
    assert code_digest(("**/*",)) != code_digest()
    monkeypatch.setattr(kept_water, "code_digest", lambda patterns: f"other {patterns}")
    assert _key(panel, _SETTINGS, "东江市", one) != known
