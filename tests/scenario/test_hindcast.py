"""The hindcast: the nation inside its interval, coverage on made cities, words and refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from forecast.errors import InputError
from forecast.scenario.air_response import draw_air
from forecast.scenario.hindcast import PastChange, coverage, hindcast, hindcast_evidence
from forecast.scenario.learning import importance_weights, learned
from forecast.scenario.pm25_components import annual_ratio

#: Changes of emissions 2013-2017 (doi:10.5194/acp-18-14095-2018); PM2.5 -32 % as reported.
ACTION_PLAN = PastChange(
    "nation",
    2013,
    2017,
    {"SO2": -0.59, "NOx": -0.21, "PM25": -0.33, "PM10": -0.36},
    0.68,
    0.04,
    False,
)
#: Emissions 2013-2019 from memory; PM2.5 -50 %, of which controls 47 points (doi:10.5194/acp-21-2999-2021).
SIX_YEARS = PastChange(
    "nation",
    2013,
    2019,
    {"SO2": -0.70, "NOx": -0.28, "PM25": -0.44, "NH3": -0.06},
    0.53,
    0.04,
    True,
)


@pytest.mark.parametrize("past", [ACTION_PLAN, SIX_YEARS], ids=["2013-2017", "2013-2019"])
def test_the_nation_lies_inside_the_interval(past: PastChange) -> None:
    """Both falls inside 80 %, as the spread of δ was set for."""
    draws = draw_air("全国", 4000, np.random.default_rng(1), era="2013")
    found = hindcast(past, draws, np.random.default_rng(2))
    assert found.inside(0.8) and found.inside(0.95)
    assert 0.1 <= found.rank <= 0.9
    assert abs(found.log_error) < 0.25


def test_learning_from_one_period_sharpens_the_other() -> None:
    """The prediction of 2013-2019 moves towards what was seen, and narrows."""
    rng = np.random.default_rng(3)
    draws = draw_air("全国", 4000, rng, era="2013")
    before = hindcast(SIX_YEARS, draws, rng)
    after, weights = learned(draws, [hindcast_evidence(ACTION_PLAN, draws, rng)], 4000, rng)
    later = hindcast(SIX_YEARS, after, rng)
    assert abs(later.log_error) < abs(before.log_error)
    width = [h.quantiles[0.9] - h.quantiles[0.1] for h in (before, later)]
    assert width[1] < 0.7 * width[0]
    assert weights.effective_size > 200


def test_a_city_alone_would_have_seen_less() -> None:
    """SO2 -60, primary PM2.5 -50, NOx -30 %: the region falls by a third, a city alone by an eighth."""
    draws = draw_air("衡水", 4000, np.random.default_rng(1), era="2013")
    past = PastChange("a", 2014, 2017, {"SO2": -0.6, "PM25": -0.5, "NOx": -0.3}, 0.7, 0.05, True)
    found = hindcast(past, draws, np.random.default_rng(2))
    assert found.quantiles[0.5] == pytest.approx(0.65, abs=0.02)
    assert found.city_alone == pytest.approx(0.87, abs=0.02)
    every = replace(draws, pm25=replace(draws.pm25, local=np.ones(draws.n)))
    whole = hindcast(past, every, np.random.default_rng(2))
    # With L = 1 both are the same but for the error of the observation.
    assert whole.city_alone == pytest.approx(whole.quantiles[0.5], abs=0.01)


def test_weights_of_one_era_serve_the_other() -> None:
    """Draws with the same state are pairs: δ is the same in both eras."""
    older = draw_air("全国", 500, np.random.default_rng(4), era="2013")
    today = draw_air("全国", 500, np.random.default_rng(4))
    assert (older.pm25.discrepancy == today.pm25.discrepancy).all()
    evidence = hindcast_evidence(ACTION_PLAN, older, np.random.default_rng(5))
    after, weights = learned(today, [evidence], 300, np.random.default_rng(6))
    assert after.n == 300 and weights.values.shape == (500,)


def test_intervals_hold_what_they_promise() -> None:
    """400 made cities whose truth is a draw of the prior: 80 % and 95 % within binomial bounds."""
    rng = np.random.default_rng(7)
    draws = draw_air("全国", 1500, rng, era="2013")
    emissions = {"SO2": -0.4, "PM25": -0.3, "NOx": -0.2}
    # Made without the model's own noise of emissions: exact changes.
    sure = dict.fromkeys(emissions, 1e-9)
    truth = annual_ratio({k: -v for k, v in emissions.items()}, draws.pm25)
    found = []
    for i in range(400):
        seen = float(truth[i] * np.exp(0.05 * rng.standard_normal()))
        past = PastChange("made", 2014, 2017, emissions, seen, 0.05, True, sure)
        found.append(hindcast(past, draws, rng))
    assert coverage(found, 0.8) == pytest.approx(0.8, abs=0.06)
    assert coverage(found, 0.95) == pytest.approx(0.95, abs=0.035)


def test_the_words_say_what_was_compared() -> None:
    """Both languages: predicted, interval, observed, weather, inside or not."""
    draws = draw_air("全国", 2000, np.random.default_rng(8), era="2013")
    found = hindcast(ACTION_PLAN, draws, np.random.default_rng(9))
    assert "observed -32 % (weather not taken off), inside the interval" in found.words_en
    assert "实测 -32%（未扣除气象），在区间内" in found.words_zh
    worse = PastChange("nation", 2013, 2017, {"SO2": -0.1}, 1.6, 0.02, True)
    assert "outside" in hindcast(worse, draws, np.random.default_rng(9)).words_en


def test_evidence_is_the_log_of_the_ratio() -> None:
    """A city whose mean did not change while emissions fell speaks for a small δ."""
    draws = draw_air("全国", 3000, np.random.default_rng(10), era="2013")
    past = PastChange("made", 2013, 2017, {"SO2": -0.4, "PM25": -0.3}, 0.95, 0.03, True)
    evidence = hindcast_evidence(past, draws, np.random.default_rng(11))
    assert evidence.observed == pytest.approx(np.log(0.95))
    assert evidence.sd == pytest.approx(np.hypot(0.03, 0.05))
    w = importance_weights([evidence]).values
    delta = draws.pm25.discrepancy
    assert float((w * delta).sum()) < float(delta.mean())


@pytest.mark.parametrize(
    "wrong",
    [
        {"last_year": 2013},
        {"emissions": {}},
        {"emissions": {"SO2": -1.2}},
        {"emissions": {"soot": -0.2}},
        {"observed": 0.0},
        {"observed_sd": 0.0},
    ],
)
def test_a_past_that_cannot_be(wrong: dict[str, object]) -> None:
    """Years, changes and readings are checked, one sentence each."""
    right = {
        "name": "made", "first_year": 2013, "last_year": 2017, "emissions": {"SO2": -0.3},
        "observed": 0.8, "observed_sd": 0.05, "weather_adjusted": True,
    }  # fmt: skip
    with pytest.raises(InputError):
        PastChange(**(right | wrong))  # type: ignore[arg-type]


def test_no_hindcast_has_no_coverage() -> None:
    """An empty list is refused."""
    with pytest.raises(InputError):
        coverage([])
