"""Targets that no reading answers: what was entered, what the plan prints, and from when on."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from forecast.projection.judging import entries_of
from forecast.projection.settings import Settings
from forecast.targets.applied import apply_entries
from forecast.targets.entries import empty_entries, set_entry
from forecast.targets.loader import load_plans

PLANS = load_plans()
RANK = "zhangjiajie-2025-surface-water-rank"
COD = "hengshui-2020-cod-emission-reduction"


def judged(target_id: str, year: int, as_of: dt.date, entries: pd.DataFrame) -> dict[str, object]:
    """The one answer to a target of a plan without readings."""
    applied = apply_entries(PLANS, entries, as_of=as_of, year=year)
    target = next(t for p in applied.plans for t in p.targets if t.id == target_id)
    found = entries_of([], [target], Settings(as_of=as_of, year=year), applied)
    answers: list[dict[str, object]] = [t for entry in found for t in entry["targets"]]
    assert [a["id"] for a in answers] == [target_id]
    return answers[0]


def yearly(value: float) -> pd.DataFrame:
    return set_entry(
        empty_entries(), PLANS, kind="yearly", region="张家界市", year=2025, value=value,
        indicator_name="surface_water_rank", source="通报", date=dt.date(2026, 1, 20),
        recorded=dt.datetime(2026, 1, 20, 9, tzinfo=dt.UTC),
    )  # fmt: skip


def test_a_published_rank_answers_a_rank_target() -> None:
    as_of = dt.date(2026, 2, 1)
    assert judged(RANK, 2025, as_of, empty_entries())["verdict"] == "NEEDS_PEERS"
    assert judged(RANK, 2025, as_of, yearly(1))["verdict"] == "MET"
    assert judged(RANK, 2025, as_of, yearly(2))["verdict"] == "NOT_MET"
    # An index is no rank; without the others' indices it says nothing.
    assert judged(RANK, 2025, as_of, yearly(3.1))["verdict"] == "NEEDS_PEERS"


def test_a_figure_that_a_plan_prints_is_not_known_before_its_year_is_over() -> None:
    after = judged(COD, 2020, dt.date(2020, 12, 31), empty_entries())
    assert (after["verdict"], after["probability"]) == ("MET", 1.0)
    before = judged(COD, 2020, dt.date(2020, 6, 30), empty_entries())
    assert before["verdict"] in {"INSUFFICIENT_DATA", "NO_BASELINE"}
    assert before["probability"] is None
