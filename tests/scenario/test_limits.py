"""Each line of the table of limits: when it speaks, and when it keeps still."""

from __future__ import annotations

from datetime import date
from typing import Any, Literal

import numpy as np
import pytest

from forecast.scenario.air_response import air_factors, draw_air
from forecast.scenario.cuts import PollutantCuts, unchanged
from forecast.scenario.date_limits import date_findings
from forecast.scenario.inventory import Inventory
from forecast.scenario.limits import (
    RULES,
    Finding,
    Rise,
    cut_findings,
    inventory_findings,
    largest_valid_scale,
    local_share_finding,
    ozone_finding,
    refused,
    standing_findings,
)
from forecast.scenario.pollutants import POLLUTANTS
from forecast.scenario.response_limits import (
    confidence_cap,
    discrepancy_finding,
    rises,
    season_by_sectors_finding,
    winter_nitrate_finding,
)
from forecast.scenario.scenario_model import Scenario

_SOUND = {"hindcast": True, "years_of_data": 5.0, "inventory_age": 3.0}
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
    """With its probability: where the draws rise, or the place is probably saturated."""
    found = ozone_finding([_cuts(NOx=0.3)], 0.6, 0.85)
    assert found is not None
    assert "85 %" in found.en
    assert "60 %" in found.en
    assert ozone_finding([_cuts(NOx=0.3)], 0.48, 0.45) is not None
    assert ozone_finding([_cuts(NOx=0.3)], 0.3, 0.57) is not None
    assert ozone_finding([_cuts(NOx=0.3)], 0.3, 0.45) is None
    assert ozone_finding([_cuts(VOC=0.3)], 0.6, 0.85) is None
    assert ozone_finding([], 0.6, 0.85) is None


def test_a_little_voc_does_not_silence_ozone() -> None:
    """A hundredth of VOC beside NOx is no cure; as much VOC is, if the draws say so too."""
    assert ozone_finding([_cuts(NOx=0.3, VOC=0.01)], 0.5, 0.45) is not None
    assert ozone_finding([_cuts(NOx=0.3, VOC=0.3)], 0.5, 0.45) is None
    assert ozone_finding([_cuts(NOx=0.3, VOC=0.3)], 0.5, 0.55) is not None


def test_ozone_of_the_winter_and_of_the_year_is_looked_at() -> None:
    """A cut in winter only meets the regime of the winter; a mean that rises speaks by itself."""
    winter = np.zeros((3, len(_YEAR), len(POLLUTANTS)))
    winter[:, :90, POLLUTANTS.index("NOx")] = 0.3
    cuts = [PollutantCuts(_YEAR, winter, "region")]
    falls = {"warm": Rise(0.1, -0.02), "cold": Rise(0.3, -0.01)}
    found = ozone_finding(cuts, {"warm": 0.2, "cold": 0.8}, falls)
    assert found is not None
    assert "冷半年 30 %（VOC 控制区的概率 80 %）" in found.zh
    assert "暖半年" not in found.zh
    calm = {"warm": 0.1, "cold": 0.1}
    assert ozone_finding(cuts, calm, falls, Rise(0.2, -1.0)) is None
    assert ozone_finding(cuts, calm, falls, Rise(0.2, 1.0)) is not None
    assert ozone_finding(cuts, {"cold": 0.8}, falls, first_day=_YEAR[120]) is None


@pytest.mark.parametrize(
    ("cut", "at_least", "at_most"),
    [
        ({"NOx": 0.45}, 0.85, 0.98),
        ({"NOx": 0.50}, 0.70, 0.90),
        ({"NOx": 0.55}, 0.55, 0.78),
        ({"NOx": 0.60}, 0.40, 0.65),
        ({"NOx": 0.20, "VOC": 0.001}, 0.98, 1.0),
        ({"NOx": 0.20, "NH3": 0.05}, 0.90, 1.0),
    ],
)
def test_winter_pm25_is_asked_of_the_draws(
    cut: dict[str, float], at_least: float, at_most: float
) -> None:
    """Nitrate breaks even at c*(1 + s1/|s2|), about 0.6, and a trace of VOC or NH3 cures nothing."""
    draws = draw_air("衡水", 2000, np.random.default_rng(1))
    whole = _cuts("region", **cut)
    cuts = [PollutantCuts(_YEAR, whole.values[:1], "region")]
    made = air_factors(cuts, draws, _YEAR)
    cold = rises(made.values, _YEAR, "pm25")["cold"]
    assert at_least <= cold.chance <= at_most
    found = winter_nitrate_finding(cuts, cold, by_rule=False)
    assert found is not None
    assert "rises with probability" in found.en


def test_winter_pm25_that_does_not_rise_is_not_warned_of() -> None:
    """But where the rule of the cuts speaks, the number is said."""
    cuts = [_cuts("region", NOx=0.3)]
    assert winter_nitrate_finding(cuts, Rise(0.1, -0.02), by_rule=False) is None
    found = winter_nitrate_finding(cuts, Rise(0.02, -0.02), by_rule=True)
    assert found is not None
    assert "2 %" in found.en
    assert winter_nitrate_finding(cuts, None, by_rule=True) is None
    assert winter_nitrate_finding([_cuts(SO2=0.3)], Rise(0.5, 0.1), by_rule=False) is None


def test_a_rise_counts_the_draws_that_change() -> None:
    """Of three draws one rises, one falls, one stays: one half."""
    values = np.ones((3, len(_YEAR), 6), dtype=np.float32)
    values[0], values[1] = 1.2, 0.9
    found = rises(values, _YEAR, "o3_8h", first_day=_YEAR[300])
    assert set(found) == {"cold"}
    assert found["cold"].chance == 0.5
    assert found["cold"].mean == pytest.approx(0.1 / 3, abs=1e-6)


def test_a_season_meets_the_years_shares_of_sectors() -> None:
    """The published winter range stands with it."""
    measure = {"name": "取暖", "sector": "residential", "cut": "100%", "start": date(2025, 11, 15)}
    made = {"name": "s", "region": "甲", "measures": [{**measure, "season": "heating"}]}
    found = season_by_sectors_finding(Scenario.model_validate(made))
    assert found is not None
    assert "51 to 94 %" in found.en
    made["measures"] = [measure]
    assert season_by_sectors_finding(Scenario.model_validate(made)) is None


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
        ({**_SOUND, "outside": True}, True),
        ({**_SOUND, "borrowed": True}, True),
        ({**_SOUND, "effective_size": 199.0}, True),
        ({**_SOUND, "effective_size": 200.0}, False),
        ({**_SOUND, "by_sectors": True}, True),
    ],
)
def test_confidence_is_capped_without_a_check(given: dict[str, Any], speaks: bool) -> None:
    """No hindcast or one that failed or was borrowed, few draws, sectors, three years of each."""
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
    assert "can't be told" in said
