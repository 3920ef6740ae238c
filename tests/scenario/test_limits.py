"""Each line of the table of limits: when it speaks, and when it keeps still."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

import numpy as np
import pytest

from forecast.scenario.cuts import PollutantCuts, unchanged
from forecast.scenario.inventory import Inventory
from forecast.scenario.limits import (
    RULES,
    Finding,
    confidence_cap,
    cut_findings,
    date_findings,
    discrepancy_finding,
    inventory_findings,
    largest_valid_scale,
    local_share_finding,
    ozone_finding,
    refused,
    standing_findings,
)
from forecast.scenario.pollutants import POLLUTANTS
from forecast.scenario.scenario_model import Scenario

_YEAR = np.arange("2025-01-01", "2026-01-01", dtype="datetime64[D]")


def _cuts(scope: Literal["city", "region"] = "city", **cut: float) -> PollutantCuts:
    values = np.zeros((3, len(_YEAR), len(POLLUTANTS)))
    for pollutant, fraction in cut.items():
        values[:, :, POLLUTANTS.index(pollutant)] = fraction
    return PollutantCuts(_YEAR, values, scope)


def _kinds(findings: list[Finding]) -> list[str]:
    return [one.rule for one in findings]


@pytest.mark.parametrize(
    ("cut", "rules"),
    [
        ({"SO2": 0.59}, []),
        ({"SO2": 0.61}, ["extrapolation"]),
        ({"SO2": 1.0}, ["extrapolation"]),
        ({"SO2": -0.19}, []),
        ({"SO2": -0.21}, ["extrapolation"]),
        ({"SO2": -0.51}, ["out_of_domain"]),
    ],
)
def test_the_domain_of_the_responses_is_enforced(cut: dict[str, float], rules: list[str]) -> None:
    """Multipliers 0.4 to 1.2 are trusted, 0 to 1.5 are covered, the rest is refused."""
    found = cut_findings([_cuts(**cut)])
    assert _kinds(found) == rules
    assert (refused(found) is not None) == (rules == ["out_of_domain"])


def test_two_scopes_are_judged_together() -> None:
    """Half in the region and half in the city leave a quarter."""
    found = cut_findings([_cuts("city", SO2=0.5), _cuts("region", SO2=0.5)])
    assert _kinds(found) == ["extrapolation"]
    assert "0.25" in found[0].en
    assert cut_findings([]) == cut_findings([unchanged(_YEAR, 2)]) == []


@pytest.mark.parametrize(
    ("cut", "speaks"),
    [
        ({"NOx": 0.3}, True),
        ({"NOx": 0.3, "VOC": 0.1}, False),
        ({"NOx": 0.3, "NH3": 0.1}, False),
        ({"NOx": 0.55}, False),
        ({"SO2": 0.3}, False),
    ],
)
def test_nox_alone_in_winter_is_warned_of(cut: dict[str, float], speaks: bool) -> None:
    """Below half, without VOC or NH3."""
    found = _kinds(cut_findings([_cuts(**cut)]))
    assert ("winter_nitrate" in found) is speaks


def test_nox_alone_in_summer_is_not_warned_of_for_nitrate() -> None:
    """The cold half-year is what it is about."""
    values = np.zeros((2, len(_YEAR), len(POLLUTANTS)))
    values[:, 120:200, POLLUTANTS.index("NOx")] = 0.3
    assert cut_findings([PollutantCuts(_YEAR, values, "city")]) == []


def test_sectors_are_held_to_the_domain_too() -> None:
    """A sector cut by 80 % is named."""
    sector = np.full((3, len(_YEAR)), 0.8)
    found = cut_findings([PollutantCuts(_YEAR, _cuts().values, "city", {"power": sector})])
    assert _kinds(found) == ["extrapolation"]
    assert "电力（0.20）" in found[0].zh


def test_ozone_may_rise_where_it_is_saturated() -> None:
    """With its probability, and only for NOx without VOC."""
    found = ozone_finding([_cuts(NOx=0.3)], 0.6, 0.85)
    assert found is not None
    assert "85 %" in found.en
    assert ozone_finding([_cuts(NOx=0.3)], 0.4, 0.85) is None
    assert ozone_finding([_cuts(NOx=0.3, VOC=0.2)], 0.6, 0.85) is None
    assert ozone_finding([], 0.6, 0.85) is None


def test_a_city_alone_is_shown_its_share() -> None:
    """Median and 80 % interval of the draws; silent where the region cuts as well."""
    local = np.linspace(0.0, 1.0, 101)
    found = local_share_finding([_cuts("city", SO2=0.2)], local)
    assert found is not None
    assert "about 50 %" in found.en
    assert "10–90 %" in found.en
    assert local_share_finding([_cuts("region", SO2=0.2)], local) is None


@pytest.mark.parametrize(
    ("given", "speaks"),
    [
        ({"hindcast": True, "years_of_data": 5.0, "inventory_age": 3.0}, False),
        ({"hindcast": False, "years_of_data": 5.0, "inventory_age": 3.0}, True),
        ({"hindcast": True, "years_of_data": 2.9, "inventory_age": 3.0}, True),
        ({"hindcast": True, "years_of_data": 5.0, "inventory_age": 4.0}, True),
        ({"hindcast": True, "years_of_data": 5.0, "inventory_age": None}, True),
    ],
)
def test_confidence_is_capped_without_a_check(given: dict[str, Any], speaks: bool) -> None:
    """No hindcast, under three years, or an inventory older than three."""
    found = confidence_cap(**given)
    assert (found is not None) is speaks
    assert found is None or found.kind == "confidence"


def test_an_inventory_of_ten_years_is_warned_of() -> None:
    """At nine it is not."""
    made = Inventory.of("甲", 2015, {"industry": {"NOx": 100.0}})
    assert _kinds(inventory_findings(made, 2025)) == ["old_inventory"]
    assert inventory_findings(made, 2024) == inventory_findings(None, 2025) == []


def test_a_discrepancy_far_from_one_is_said() -> None:
    """Two standard deviations of the prior on the log scale: exp(0.7) is the edge."""
    rng = np.random.default_rng(1)
    prior = np.exp(0.35 * rng.standard_normal(20000))
    assert discrepancy_finding(prior, np.full(10, np.exp(0.60))) is None
    found = discrepancy_finding(prior, np.full(10, np.exp(-0.80)))
    assert found is not None
    assert "do not explain the record" in found.en


def _dated(*starts: str) -> Scenario:
    return Scenario.model_validate(
        {
            "name": "s",
            "region": "甲",
            "measures": [
                {"name": s, "pollutants": ["SO2"], "cut": "10%", "start": date.fromisoformat(s)}
                for s in starts
            ],
        }
    )


def test_starts_after_the_days_asked() -> None:
    """Refused where nothing acts, warned of where some do."""
    first, last = date(2025, 1, 1), date(2025, 12, 31)
    none = date_findings(_dated("2026-01-01", "2026-05-01"), first, last)
    assert _kinds(none) == ["no_day_left"]
    assert refused(none) is not None
    assert "2026-01-01" in none[0].en
    assert "2025-12-31" in none[0].en
    some = date_findings(_dated("2025-03-01", "2026-05-01"), first, last)
    assert _kinds(some) == ["late_start"]
    assert date_findings(_dated(), first, last) == []


def test_measures_in_place_at_the_origin_are_said() -> None:
    """They are in the record, and nothing is counted twice."""
    found = date_findings(
        _dated("2024-03-01", "2025-08-01"),
        date(2025, 1, 1),
        date(2025, 12, 31),
        since=date(2025, 6, 30),
    )
    assert _kinds(found) == ["in_the_record"]


def test_the_valid_scale_is_where_the_first_pollutant_leaves() -> None:
    """30 % may be doubled to 60 %; a rise of 10 % may be doubled to 20 %."""
    assert largest_valid_scale([_cuts(SO2=0.3, NOx=0.1)]) == pytest.approx(2.0)
    assert largest_valid_scale([_cuts(SO2=-0.1)]) == pytest.approx(2.0)
    assert largest_valid_scale([_cuts(SO2=0.3)], trusted=False) == pytest.approx(1.0 / 0.3)
    assert largest_valid_scale([]) == float("inf")


def test_every_rule_has_one_name_and_both_languages() -> None:
    """The table is whole, and what stands beside every result is in it."""
    names = [rule.name for rule in RULES]
    assert len(set(names)) == len(names)
    assert all(rule.condition and rule.condition_zh for rule in RULES)
    assert {one.rule for one in standing_findings()} == {"conditional", "untouched_days"}
    said = " ".join(one.en for one in standing_findings())
    assert " will " not in said
