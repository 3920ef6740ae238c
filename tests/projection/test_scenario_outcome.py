"""Packages side by side: values by hand, paired differences, what the variance is made of."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scenario_fakes import PM25, Cut, days_of, noisy, steady, target

from forecast.projection.scenario_outcome import (
    REPORTED,
    ScenarioOutcome,
    compare_packages,
    decided_sentence,
    outcome_rows,
)
from forecast.projection.scenario_package import PackageFactors
from forecast.projection.scenario_source import REGIMES, in_turn
from forecast.projection.scenario_targets import chance_error
from forecast.projection.scenario_variance import (
    exchanged,
    first_order,
    partners,
    variance_shares,
)
from forecast.projection.scenario_years import ScenarioYear
from forecast.scenario.air_response import draw_air
from forecast.scenario.cuts import PollutantCuts

DAYS = days_of(2025)
REGIME_RISES = {"saturated": 0.3, "transitional": 0.0, "limited": -0.3}


def even(n: int = 1000, o3: float = 100.0) -> ScenarioYear:
    """PM2.5 of the paths from 30.1 to 50.0 µg/m³ in even steps."""
    values = steady(2025, np.linspace(30.1, 50.0, n), o3)
    return ScenarioYear(values, DAYS, 2025, first_day=DAYS[0])


def compare(year: ScenarioYear, source: Any, *targets: Any, **options: Any) -> ScenarioOutcome:
    return compare_packages(year, {"A": source}, targets, **options)


def test_values_by_hand() -> None:
    """A tenth less everywhere: mean 40.05 → 36.045; ≤ 40 holds to 40.5 before, to 45 after."""
    found = compare(
        even(200), Cut(np.full(200, 0.1)), target("pm25_annual_mean", "<=", 40), explain=False
    )
    before, after = found.baseline.indicators, found.packages[0].indicators
    assert before["pm25_annual_mean"].mean == pytest.approx(40.05, abs=1e-3)
    assert after["pm25_annual_mean"].mean == pytest.approx(36.045, abs=1e-3)
    change = after["pm25_annual_mean"].change
    assert change is not None
    assert change.mean == pytest.approx(-4.005, abs=1e-3)
    assert change.low == pytest.approx(
        -0.1 * np.quantile(np.linspace(30.1, 50, 200), 0.95), abs=2e-3
    )
    assert change.share_worse == 0.0
    # 30.1, 30.2 … 50.0: 105 of 200 are at most 40.5; nine tenths of 45.0 is 40.5.
    assert found.baseline.targets[0].probability == 105 / 200
    assert found.packages[0].targets[0].probability == 150 / 200
    assert found.packages[0].targets[0].error == pytest.approx((0.75 * 0.25 / 200) ** 0.5)
    assert found.packages[0].targets[0].change == pytest.approx(45 / 200)
    assert found.packages[0].targets[0].change_error == pytest.approx(
        np.sqrt(0.225 * 0.775 / 200), rel=1e-6
    )


def test_ozone_is_always_there_and_its_rise_is_told() -> None:
    found = compare(even(), Cut(np.full(1000, 0.1), rise=0.2), explain=False)
    names = list(found.packages[0].indicators)
    assert names[:2] == ["pm25_annual_mean", "o3_8h_p90"]
    assert set(names) == set(REPORTED)
    change = found.packages[0].indicators["o3_8h_p90"].change
    assert change is not None
    assert change.mean == pytest.approx(20.0, abs=0.01)
    assert change.share_worse == 1.0


def test_the_same_paths_and_draws_for_all() -> None:
    """Two names for one package: the same outcome, and a difference of 0 to the package itself."""
    year = ScenarioYear(noisy(2025, 50), DAYS, 2025, first_day=DAYS[100])
    rng = np.random.default_rng(1)
    cut = Cut(rng.uniform(0, 0.5, 50), start=120, rise=0.05)
    asked = target("good_day_ratio", ">=", 62.0)
    found = compare_packages(year, {"A": cut, "B": cut}, [asked], regimes=())
    one, two = found.packages
    assert one.indicators == two.indicators
    assert one.targets == two.targets


def test_jobs_do_not_change_the_answer() -> None:
    year = ScenarioYear(noisy(2025, 40), DAYS, 2025, first_day=DAYS[0])
    cut = Cut(np.random.default_rng(2).uniform(0, 0.6, 40), regimes=REGIME_RISES)
    asked = target("good_days", ">=", 230)
    one = outcome_rows(compare(year, cut, asked, jobs=1))
    assert one == outcome_rows(compare(year, cut, asked, jobs=2))


def test_each_regime_has_its_own_chance() -> None:
    """Ozone of 150: × 1.3 makes every day bad, × 0.7 none; PM2.5 does not matter here."""
    year = ScenarioYear(
        steady(2025, np.full(8, 30.0), o3=150.0), DAYS, 2025, first_day=DAYS[0]
    )  # fmt: skip
    cut = Cut(np.zeros(8), regimes=REGIME_RISES)
    found = compare(year, cut, target("good_day_ratio", ">=", 90), explain=False)
    got = found.packages[0].targets[0].regimes
    assert got == {"saturated": 1 / 16, "transitional": 15 / 16, "limited": 15 / 16}
    assert list(got) == list(REGIMES)


def test_variance_of_weather_alone_and_of_parameters_alone() -> None:
    """Draws all alike: weather is all. Paths all alike: the sensitivity is all."""
    weather = compare(even(), Cut(np.full(1000, 0.2)), regimes=())
    shares = weather.packages[0].indicators["pm25_annual_mean"].shares
    assert shares == {
        "weather": pytest.approx(1.0, abs=0.01), "sensitivity": 0.0, "inventory": 0.0,
        "discrepancy": 0.0, "interaction": pytest.approx(0.0, abs=0.01),
    }  # fmt: skip
    year = ScenarioYear(steady(2025, np.full(1000, 40.0)), DAYS, 2025, first_day=DAYS[0])
    drawn = np.random.default_rng(3).normal(0.3, 0.05, 1000)
    parameters = compare(year, Cut(drawn), regimes=())
    shares = parameters.packages[0].indicators["pm25_annual_mean"].shares
    assert shares is not None
    assert shares["sensitivity"] == pytest.approx(1.0, abs=0.01)
    assert shares["weather"] == pytest.approx(0.0, abs=1e-6)


def test_variance_shares_of_a_product_are_those_of_its_logarithms() -> None:
    """C·(1 − e), both with a spread of 5 %: each has half of the variance, nearly nothing is joint."""
    rng = np.random.default_rng(5)
    n = 4000
    year = ScenarioYear(
        steady(2025, 40 * np.exp(rng.normal(0, 0.05, n))), DAYS, 2025, first_day=DAYS[0]
    )  # fmt: skip
    cut = Cut(1 - 0.7 * np.exp(rng.normal(0, 0.05, n)))
    found = compare(year, cut, target("pm25_annual_mean", "<=", 27), regimes=())
    shares = found.packages[0].indicators["pm25_annual_mean"].shares
    assert shares is not None
    assert shares["weather"] == pytest.approx(0.5, abs=0.05)
    assert shares["sensitivity"] == pytest.approx(0.5, abs=0.05)


def test_first_order_shares_are_those_of_sobol() -> None:
    """Ishigami's function, a = 7, b = 0.1: 0.3139, 0.4424, 0 (Sobol and Levitan 1999), rest 0.2437."""
    n = 4000
    x = np.random.default_rng(4).uniform(-np.pi, np.pi, (3, n))

    def f(x: Any) -> Any:
        return np.sin(x[0]) + 7 * np.sin(x[1]) ** 2 + 0.1 * x[2] ** 4 * np.sin(x[0])

    index = partners(n)
    by = {}
    for k, name in enumerate(("one", "two", "three")):
        other = x.copy()
        other[k] = x[k, index]
        by[name] = f(other)
    shares = variance_shares(f(x), by, index)
    # The error of a share is about 1/√n.
    assert shares["one"] == pytest.approx(0.3139, abs=0.04)
    assert shares["two"] == pytest.approx(0.4424, abs=0.04)
    assert shares["three"] == pytest.approx(0.0, abs=0.04)
    assert sum(shares.values()) == pytest.approx(1.0)
    assert variance_shares(np.ones(9), {"one": np.ones(9)}, partners(9)) == {}


def test_a_spread_that_differs_by_regime_is_not_lost() -> None:
    """Half of the draws rise, half fall: holding them at either sign would leave half the spread.

    Y = w + s with s = ±1 and Var(w) = 1: each has one half, whatever the centre of s is.
    """
    rng = np.random.default_rng(6)
    w, s = rng.standard_normal(4000), rng.choice([-1.0, 1.0], 4000)
    index = partners(4000)
    assert first_order(w + s, w + s[index], index) == pytest.approx(0.5, abs=0.03)


def test_a_packages_components_are_exchanged_one_at_a_time() -> None:
    """δ by itself, all parameters but δ, the cuts; what is not named keeps its draw."""
    draws = draw_air("衡水", 40, np.random.default_rng(1))
    values = np.random.default_rng(2).uniform(0.1, 0.3, (40, 365, 7))
    cuts = [PollutantCuts(DAYS, values, "region")]
    package = PackageFactors(lambda _: cuts, draws, DAYS)
    index = partners(40)
    made = {c: exchanged(package, c, index) for c in ("sensitivity", "inventory", "discrepancy")}
    assert all(isinstance(one, PackageFactors) for one in made.values())
    delta, local, regime, cut = (
        {c: pick(one) for c, one in made.items()}  # type: ignore[arg-type]
        for pick in (
            lambda p: (p.draws.pm25.discrepancy == draws.pm25.discrepancy[index]).all(),
            lambda p: (p.draws.pm25.local == draws.pm25.local[index]).all(),
            lambda p: (p.draws.ozone.nox == draws.ozone.nox[..., index]).all(),
            lambda p: (p.cuts(1.0)[0].values == values[index]).all(),
        )
    )
    assert delta == {"sensitivity": False, "inventory": False, "discrepancy": True}
    assert local == regime == {"sensitivity": True, "inventory": False, "discrepancy": False}
    assert cut == {"sensitivity": False, "inventory": True, "discrepancy": False}
    with pytest.raises(TypeError, match="no component to exchange"):
        exchanged(lambda **_: package(), "inventory", index)


def test_errors_count_what_paths_share() -> None:
    """Ten sets of parameters on 1,000 paths that all weather alike: the error is that of ten."""
    group = np.repeat(np.arange(10), 100)
    year = ScenarioYear(steady(2025, np.full(1000, 45.0)), DAYS, 2025, first_day=DAYS[0])
    cut = Cut(np.where(group < 4, 0.3, 0.0))
    asked = target("pm25_annual_mean", "<=", 40)
    own = compare_packages(year, {"A": cut}, [asked], explain=False, groups={"A": group})
    outcome = own.packages[0].targets[0]
    assert outcome.probability == 0.4
    assert outcome.error == pytest.approx(np.sqrt(0.4 * 0.6 / 10))
    assert outcome.change_error == pytest.approx(np.sqrt(0.4 * 0.6 / 10))
    plain = compare(year, cut, asked, explain=False).packages[0].targets[0]
    assert plain.error == pytest.approx(np.sqrt(0.4 * 0.6 / 1000))


@pytest.mark.parametrize("n", [1, 2, 3, 8, 101])
def test_everybody_has_one_partner(n: int) -> None:
    """Each path once, none with itself but where it is alone."""
    index = partners(n)
    assert sorted(index.tolist()) == list(range(n))
    assert n == 1 or not (index == np.arange(n)).any()


def test_without_parameter_uncertainty() -> None:
    """All draws at the median 0.2: paths to 40.5/0.8 = 50.6 meet 40, that is all of them."""
    drawn = np.where(np.arange(1000) % 2 == 0, 0.1, 0.3)
    found = compare(even(), Cut(drawn), target("pm25_annual_mean", "<=", 40), regimes=())
    outcome = found.packages[0].targets[0]
    assert outcome.without_parameters == 1 - 1 / 2000
    assert outcome.probability == pytest.approx(0.5 * 1.0 + 0.5 * 0.7513, abs=0.01)


def test_targets_already_decided_come_first() -> None:
    year = even()
    lost, sure = target("pm25_annual_mean", "<=", 10), target("good_days", ">=", 100)
    found = compare(year, Cut(np.full(1000, 0.3)), lost, sure, explain=False)
    assert found.decided == {lost.id: "missed", sure.id: "met"}
    assert "低于 1 %" in decided_sentence(lost, "missed")[0]
    assert "above 99 %" in decided_sentence(sure, "met")[1]
    open_ = compare(year, Cut(np.full(1000, 0.3)), target("pm25_annual_mean", "<=", 38))
    assert open_.decided == {}


def test_targets_that_paths_do_not_answer_are_named() -> None:
    water = target("share_class_iii", ">=", 90, domain="water", id="w")
    change = target("pm25_annual_mean", ">=", 10, kind="change", change="reduction", id="c")
    found = compare(even(10), Cut(np.full(10, 0.1)), water, change, explain=False)
    assert [x[0] for x in found.left_out] == ["w", "c"]
    assert found.packages[0].targets == ()
    late = steady(2025, np.full(4, 30.0))
    late[:, 60:120] = np.nan
    short = ScenarioYear(late, DAYS, 2025, first_day=DAYS[0])
    left = compare(short, Cut(np.full(4, 0.1)), target("pm25_annual_mean", "<=", 35)).left_out
    assert "too few" in left[0][2] or "enough valid days" in left[0][2]


def test_an_item_that_is_not_there_has_no_outcome() -> None:
    """Without ozone there is neither its percentile nor a count of days; PM2.5 stays."""
    values = steady(2025, np.full(5, 30.0))
    values[:, :, 5] = np.nan
    year = ScenarioYear(values, DAYS, 2025, first_day=DAYS[0])
    found = compare(year, Cut(np.full(5, 0.1)), regimes=()).packages[0].indicators
    assert "o3_8h_p90" not in found
    assert "good_days" not in found
    assert found["pm25_annual_mean"].mean == pytest.approx(27.0, abs=1e-3)


def test_rows_are_json_and_name_everything() -> None:
    import json

    found = compare(even(50), Cut(np.full(50, 0.1)), target("pm25_annual_mean", "<=", 40))
    rows = outcome_rows(found)
    text = json.dumps(rows, allow_nan=False)
    assert "without_parameters" in text
    assert {r["package"] for r in rows} == {"", "A"}
    assert len([r for r in rows if r["kind"] == "target"]) == 2


def test_work_in_turn_keeps_its_order() -> None:
    assert in_turn([lambda: 1, lambda: 2], jobs=2) == [1, 2]
    assert chance_error(0.5, 100) == 0.05
    assert PM25 == 3
