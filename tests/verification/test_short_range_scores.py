"""Scores of warnings and of short-range probabilities: published tables, by hand, another library."""

from __future__ import annotations

import numpy as np
import pytest
import scoringrules as sr
from hypothesis import given
from hypothesis import strategies as st

from forecast.verification.short_range_scores import (
    Contingency,
    OutlookScore,
    contingency,
    even_threshold,
    outlook_score,
)

#: Finley's tornado forecasts of 1884 (Wilks 2011, table 8.1).
FINLEY = Contingency(hits=28, misses=23, false_alarms=72, correct_negatives=2680)
PAIRS = st.lists(st.tuples(st.floats(0.0, 1.0), st.booleans()), min_size=1, max_size=60)


def test_finley_has_his_published_scores() -> None:
    """Wilks 2011, 8.2.2: TS 0.228, bias 1.96, FAR 0.720, H 0.549, F 0.0262, GSS 0.216."""
    assert FINLEY.n == 2803
    assert FINLEY.threat_score == pytest.approx(0.228, abs=5e-4)
    assert FINLEY.bias == pytest.approx(1.96, abs=5e-3)
    assert FINLEY.false_alarm_ratio == pytest.approx(0.720, abs=5e-4)
    assert FINLEY.hit_rate == pytest.approx(0.549, abs=5e-4)
    assert FINLEY.false_alarm_rate == pytest.approx(0.0262, abs=5e-5)
    assert FINLEY.equitable_threat_score == pytest.approx(0.216, abs=5e-4)


def test_never_to_warn_has_no_hits_and_no_ratio_of_false_alarms() -> None:
    """Gilbert's answer to Finley: never a tornado is right in 98 % of the cases, and has no skill."""
    never = Contingency(0, 51, 0, 2752)
    assert (never.hit_rate, never.threat_score, never.bias) == (0.0, 0.0, 0.0)
    assert np.isnan(never.false_alarm_ratio)
    assert never.equitable_threat_score == 0.0


def test_scores_without_a_case_are_nan_and_dict_has_them_all() -> None:
    empty = Contingency(0, 0, 0, 0).to_dict()
    assert empty["n"] == 0
    assert all(np.isnan(empty[k]) for k in ("hit_rate", "threat_score", "bias"))
    assert FINLEY.to_dict()["false_alarms"] == 72


def test_a_probability_at_the_threshold_is_a_warning_and_gaps_are_left_out() -> None:
    found = contingency([0.3, 0.3, 0.29, np.nan, 0.9], [1, 0, 1, 1, np.nan], 0.3)
    assert found == Contingency(hits=1, misses=1, false_alarms=1, correct_negatives=0)


def test_lengths_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match="2 probabilities, but 3 events"):
        contingency([0.1, 0.2], [0, 1, 0], 0.5)


@given(PAIRS, st.floats(0.0, 1.0))
def test_counts_add_up_and_a_lower_threshold_never_hits_less(
    pairs: list[tuple[float, bool]], threshold: float
) -> None:
    p, came = zip(*pairs, strict=True)
    strict, loose = (contingency(p, came, t) for t in (threshold, threshold / 2.0))
    assert strict.n == loose.n == len(pairs)
    assert strict.events == loose.events == sum(came)
    assert loose.hits >= strict.hits
    assert loose.false_alarms >= strict.false_alarms


def test_the_even_threshold_warns_as_often_as_it_comes() -> None:
    rng = np.random.default_rng(1)
    p = rng.random(4000) ** 2
    came = rng.random(4000) < p
    assert contingency(p, came, even_threshold(p, came)).bias == pytest.approx(1.0, abs=0.01)
    assert np.isnan(even_threshold([0.2, 0.4], [0, 0]))


def cases(n: int = 1200) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Calibrated probabilities with months and regions."""
    rng = np.random.default_rng(7)
    p = rng.beta(0.6, 2.0, n)
    return p, (rng.random(n) < p).astype(float), np.arange(n) // 50, np.arange(n) % 6


def score() -> OutlookScore:
    p, came, months, regions = cases()
    others = {"climatology": np.full(len(p), came.mean()), "persistence": p}
    return outlook_score(p, came, 0.4, others, months, regions, np.random.default_rng(3))


def test_the_brier_score_is_that_of_scoringrules_and_its_parts_add_up() -> None:
    p, came, _, _ = cases()
    found = score()
    theirs = float(np.mean(np.asarray(sr.brier_score(came, p))))
    assert found.brier == pytest.approx(theirs, rel=1e-12)
    assert found.mcb - found.dsc + found.unc == pytest.approx(found.brier, rel=1e-12)
    assert found.unc == pytest.approx(came.mean() * (1.0 - came.mean()))
    assert (found.n, found.events, found.blocks) == (1200, int(came.sum()), 144)


def test_skill_is_none_against_itself_and_known_against_the_base_rate() -> None:
    found = score()
    p, came, _, _ = cases()
    value, low, high = found.skill["climatology"]
    by_hand = 1.0 - ((p - came) ** 2).mean() / came.var()
    assert value == pytest.approx(by_hand)
    assert low < value < high
    assert found.skill["persistence"][0] == 0.0
    assert found.hit_rate[0] < found.warnings.hit_rate < found.hit_rate[1]
    assert (
        found.false_alarm_ratio[0] < found.warnings.false_alarm_ratio < found.false_alarm_ratio[1]
    )


def test_months_that_share_their_weather_widen_the_interval() -> None:
    """The same rows four times over in each month say no more, and the interval knows."""
    p, came, months, regions = cases(300)
    rng = np.random.default_rng(3)
    one = outlook_score(p, came, 0.4, {"c": np.full(300, 0.2)}, months, regions, rng)
    four = outlook_score(
        np.tile(p, 4), np.tile(came, 4), 0.4, {"c": np.full(1200, 0.2)}, np.tile(months, 4),
        np.tile(regions, 4), np.random.default_rng(3),
    )  # fmt: skip
    width = [np.ptp(f.skill["c"][1:]) for f in (one, four)]
    assert width[1] == pytest.approx(width[0], rel=1e-9)


def test_a_case_that_a_reference_lacks_is_left_out() -> None:
    found = outlook_score(
        [0.2, 0.8, 0.5], [0, 1, 1], 0.5, {"c": [0.5, np.nan, 0.5]}, [1, 2, 3], ["a", "a", "b"],
        np.random.default_rng(0), n=20,
    )  # fmt: skip
    assert (found.n, found.events) == (2, 1)


def test_without_a_case_all_is_nan() -> None:
    found = outlook_score([], [], 0.5, {"c": []}, [], [], np.random.default_rng(0), n=5)
    assert (found.n, found.events) == (0, 0)
    assert np.isnan([found.brier, *found.skill["c"], *found.hit_rate]).all()
