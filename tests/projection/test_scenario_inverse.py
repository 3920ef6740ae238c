"""The inverse: λ by hand, fed forward, its interval, curves that turn, and what can't be reached."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scenario_fakes import PM25, Cut, days_of, noisy, steady, target

from forecast.errors import UsageError
from forecast.projection.scenario_frontier import frontier, frontier_rows
from forecast.projection.scenario_inverse import critical_scales, first_reached, solve, solve_hits
from forecast.projection.scenario_package import PackageFactors
from forecast.projection.scenario_words import solution_sentences
from forecast.projection.scenario_years import ScenarioYear
from forecast.scenario.air_response import draw_air
from forecast.scenario.cuts import PollutantCuts

DAYS = days_of(2025)
ASKED = target("pm25_annual_mean", "<=", 40)


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def made(n: int, seed: int) -> tuple[ScenarioYear, Cut, np.ndarray, np.ndarray]:
    """Steady paths around 44 µg/m³ and uncertain effects around 0.3."""
    random = np.random.default_rng(seed)
    level = 44 * np.exp(random.normal(0, 0.06, n))
    effect = random.uniform(0.2, 0.4, n)
    year = ScenarioYear(steady(2025, level), DAYS, 2025, first_day=DAYS[0])
    return year, Cut(effect), level, effect


def test_the_scale_is_the_quantile_of_the_critical_scales() -> None:
    """λ* of a path is (1 − 40.5/C)/e; the scale asked is their 80 % quantile."""
    year, cut, level, effect = made(2000, 1)
    found = solve(year, cut, ASKED, rng=rng())
    by_hand = np.maximum(0.0, (1 - 40.5 / level) / effect)
    wanted = float(np.quantile(by_hand, 0.8, method="inverted_cdf"))
    assert found.scale == pytest.approx(wanted, abs=1 / 40 / 64 + 1e-4)
    assert found.reached is not None
    assert found.reached >= 0.8
    step = 1 / 40
    reached = np.isfinite(found.critical)
    assert ((found.critical - by_hand)[reached] <= step + 1e-6).all()
    assert ((found.critical - by_hand)[reached] >= -1e-6).all()
    assert (by_hand[~reached] > 1 - 1e-4).all()
    assert found.falls is None
    assert found.regimes == {}
    assert found.interval is not None
    assert found.interval[0] < found.scale < found.interval[1]


def test_fed_forward_on_other_draws_it_gives_the_probability_asked() -> None:
    """The answer of 2,000 draws holds on 2,000 others within the Monte-Carlo error of both."""
    year, cut, *_ = made(2000, 11)
    for asked in (0.3, 0.5, 0.8, 0.9):
        found = solve(year, cut, ASKED, rng=rng(), probability=asked)
        other, again, *_ = made(2000, 12)
        assert found.scale is not None
        p = float(
            (other.assess(again(scale=found.scale)).values["pm25_annual_mean"] <= 40.5).mean()
        )
        assert abs(p - asked) < 3 * np.sqrt(2 * asked * (1 - asked) / 2000)


def test_the_interval_covers_as_often_as_it_says() -> None:
    """90 % intervals of λ from 200 draws hold the λ of the many, in at least 31 of 40 samples (99.9 % of binomials)."""
    random = np.random.default_rng(3)
    level = 44 * np.exp(random.normal(0, 0.06, 100_000))
    effect = random.uniform(0.2, 0.4, 100_000)
    critical = np.maximum(0.0, (1 - 40.5 / level) / effect)
    truth = float(np.quantile(critical, 0.8))
    inside = 0
    for k in range(40):
        own = critical[200 * k : 200 * (k + 1)]
        found = solve_hits(lambda s, c=own: c <= s, ASKED, rng=rng(), largest=1.5)  # type: ignore[misc]
        low, high = found.interval or (np.nan, np.nan)
        inside += low <= truth <= high
    assert 31 <= inside <= 40


def test_not_reachable_says_the_most() -> None:
    """A tenth of the effect at most: P stays below what is asked; its largest value is told."""
    year, _, level, effect = made(500, 2)
    found = solve(year, Cut(effect / 10), ASKED, rng=rng(), tonnes=lambda _: [{"t": 1}])
    by_hand = float((level * (1 - effect / 10) <= 40.5).mean())
    assert found.scale is None
    assert found.interval is None
    assert found.tonnes == ()
    assert found.most == (pytest.approx(by_hand, abs=0.004), 1.0)
    zh, en = solution_sentences(found, "方案", "the package")[0]
    assert "达不到" in zh
    assert "not reachable inside the valid domain" in en
    assert f"{100 * by_hand:.0f} %" in en


def test_already_reached_and_decided() -> None:
    year, cut, *_ = made(500, 2)
    easy = solve(year, cut, target("pm25_annual_mean", "<=", 90), rng=rng())
    assert easy.scale == 0.0
    assert easy.decided == "met"
    said = solution_sentences(easy, "方案", "the package")
    assert "above 99 %" in said[0][1]
    assert "without the package" in said[1][1]
    never = solve(year, cut, target("pm25_annual_mean", "<=", 5), rng=rng())
    assert never.decided == "missed"
    assert never.scale is None


def test_tonnes_are_those_of_the_scale() -> None:
    year, cut, *_ = made(400, 5)
    found = solve(
        year, cut, ASKED, rng=rng(), tonnes=lambda s: [{"sector": "power", "t": 1000 * s}]
    )
    assert found.scale is not None
    assert found.tonnes == ({"sector": "power", "t": 1000 * found.scale},)


def nox_alone(strength: float) -> Any:
    """PM2.5 rises to a half of the package by 10 % and then falls to 30 % less."""

    def source(*, scale: float = 1.0, frozen: Any = frozenset(), regime: Any = None) -> Any:
        change = 0.2 * scale if scale <= 0.5 else 0.1 - 0.8 * (scale - 0.5)
        values = np.ones((800, 365, 6), dtype=np.float32)
        values[:, :, PM25] = 1 + strength * change
        return SimpleNamespace(values=values, background=np.zeros((1, 1, 6), np.float32))

    return source


def test_a_curve_that_turns_is_warned_of() -> None:
    """From λ = 0 on P falls to its least at one half; the first λ that reaches it lies beyond."""
    level = np.random.default_rng(1).normal(42, 2, 800)
    year = ScenarioYear(steady(2025, level), DAYS, 2025, first_day=DAYS[0])
    found = solve(year, nox_alone(1.0), ASKED, rng=rng(), probability=0.8)
    assert found.falls is not None
    start, drop = found.falls
    assert start == 0.0
    assert drop == pytest.approx(
        float((level <= 40.5).mean() - (level * 1.1 <= 40.5).mean()), abs=0.01
    )
    assert found.scale is not None
    assert found.scale > 0.625
    assert found.least_after == pytest.approx(0.5, abs=0.03)
    zh, en = next(
        s for s in solution_sentences(found, "方案", "the package") if "does not rise" in s[1]
    )
    assert f"to {found.least_after:.2f} times" in en
    # It ends higher than it began, and says so.
    assert found.chances[-1] > found.chances[0]
    assert "at 1.00 times" in en
    assert "points" in en
    assert "个百分点" in zh
    assert f"{100 * drop:.1f} %" not in en


def test_beyond_the_trusted_domain_is_said() -> None:
    """Reached at twice the package, out of reach at three times: both extrapolated from 1.5 on."""
    year, cut, *_ = made(400, 5)
    near = solve(year, cut, ASKED, rng=rng(), largest=3.0)
    assert near.scale is not None
    for trusted, far in ((near.scale / 2, True), (near.scale * 2, False)):
        said = solution_sentences(near, "方案", "the package", trusted=trusted)[0]
        assert ("extrapolated" in said[1]) is far
        assert ("外推" in said[0]) is far
    never = solve(year, Cut(cut.effect / 20), ASKED, rng=rng(), largest=3.0)
    said = solution_sentences(never, "方案", "the package", trusted=1.5)[0]
    assert "inside the valid domain" not in said[1]
    assert "extrapolated from 1.50 times on" in said[1]
    assert "1.50 倍以上为外推" in said[0]


def test_paths_that_share_parameters_count_together() -> None:
    """Of 400 paths, 8 sets of parameters: the error is that of 8 where parameters are all."""
    effect = np.repeat(np.linspace(0.1, 0.4, 8), 50)
    group = np.repeat(np.arange(8), 50)
    year = ScenarioYear(steady(2025, np.full(400, 50.0)), DAYS, 2025, first_day=DAYS[0])
    plain, own = (
        solve(year, Cut(effect), ASKED, rng=rng(), probability=0.5, group=g) for g in (None, group)
    )
    assert own.scale == plain.scale
    assert own.error == pytest.approx(np.sqrt(own.reached * (1 - own.reached) / 8), rel=1e-6)  # type: ignore[operator]
    assert plain.error == pytest.approx(own.error / np.sqrt(50), rel=1e-6)
    assert own.interval is not None and plain.interval is not None
    assert own.interval[1] - own.interval[0] > plain.interval[1] - plain.interval[0]


def test_each_regime_has_its_own_scale() -> None:
    """Ozone 170 on the bad third of days; it falls by 20 % of λ, or not at all, or rises."""
    values = steady(2025, np.full(60, 20.0), o3=100.0)
    values[:, ::3, 5] = 170.0
    year = ScenarioYear(values, DAYS, 2025, first_day=DAYS[0])
    cut = Cut(
        np.zeros(60), rise=-0.2,
        regimes={"saturated": 0.1, "transitional": -0.1, "limited": -0.2},
    )  # fmt: skip
    found = solve(year, cut, target("good_day_ratio", ">=", 90), rng=rng())
    # 170·(1 − 0.2 λ) ≤ 160.5 from λ = 0.279 on.
    assert found.scale == pytest.approx(0.2794, abs=0.001)
    assert found.regimes["saturated"][0] is None
    assert found.regimes["limited"][0] == pytest.approx(0.28, abs=0.05)
    assert found.regimes["transitional"][0] == pytest.approx(0.56, abs=0.05)
    assert any("By ozone regime" in en for _, en in solution_sentences(found, "方案", "package"))


@given(st.lists(st.lists(st.booleans(), min_size=5, max_size=5), min_size=1, max_size=8))
def test_critical_scales_contradict_least(rows: list[list[bool]]) -> None:
    """No other step than the one chosen contradicts fewer grid points; monotone ones none."""
    hits = np.array(rows, dtype=bool).T
    scales = np.arange(5) / 4
    found = critical_scales(scales, hits)
    for path in range(hits.shape[1]):
        wrong = [int((hits[:, path] != (scales >= s)).sum()) for s in [*scales.tolist(), np.inf]]
        own = int((hits[:, path] != (scales >= found[path])).sum())
        assert own == min(wrong)


def test_first_reached_takes_what_is_exactly_asked() -> None:
    assert first_reached(np.array([0.1, 0.8, 0.7]), 0.8) == 1
    assert first_reached(np.array([0.1, 0.3]), 0.8) is None


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"probability": 1.0}, "no cut makes a target certain"),
        ({"probability": 0.0}, "between 0 and 1"),
        ({"largest": 0.0}, "above 0"),
        ({"largest": float("nan")}, "above 0"),
        ({"levels": 2}, "too coarse"),
    ],
)
def test_questions_that_cannot_be_asked(options: dict[str, Any], word: str) -> None:
    year, cut, *_ = made(4, 1)
    with pytest.raises(UsageError) as caught:
        solve(year, cut, ASKED, rng=rng(), **options)
    assert word in str(caught.value)


def test_frontier_of_two_levers() -> None:
    """PM2.5 falls by the sum of two cuts; ozone rises with the first, falls with the second."""
    level = np.linspace(40, 50, 101)
    year = ScenarioYear(steady(2025, level), DAYS, 2025, first_day=DAYS[0])

    def source(a: float, b: float) -> Any:
        values = np.ones((101, 365, 6), dtype=np.float32)
        values[:, :, PM25] = 1 - 0.2 * a - 0.3 * b
        values[:, :, 5] = 1 + 0.1 * a - 0.2 * b
        return SimpleNamespace(values=values, background=np.zeros((1, 1, 6), np.float32))

    found = frontier(year, source, ASKED, first=[0, 0.2, 0.4], second=[0, 0.1, 0.3, 0.5], jobs=2)
    assert found.chances.shape == (3, 4)
    assert found.chances[1, 2] == pytest.approx(
        float((level * (1 - 0.04 - 0.09) <= 40.5).mean()), abs=0.011
    )
    assert found.o3_change[2, 0] == pytest.approx(4.0, abs=0.01)
    assert found.o3_change[0, 3] == pytest.approx(-10.0, abs=0.01)
    assert found.pm25_change[0, 0] == 0.0
    assert (np.diff(found.chances, axis=1) >= 0).all()
    assert found.least_second(0.9).tolist() == [np.inf, 0.5, 0.5]
    assert len(frontier_rows(found)) == 12
    with pytest.raises(UsageError, match="ascending"):
        frontier(year, source, ASKED, first=[0.2, 0.1], second=[0, 1])


def test_with_the_response_of_the_air() -> None:
    """The real response: no cut is no change, the scale fed forward gives what was asked."""
    n = 200
    year = ScenarioYear(noisy(2025, n), DAYS, 2025, first_day=DAYS[60])

    def cuts(scale: float) -> list[PollutantCuts]:
        taken = np.zeros((n, 365, 7))
        taken[:, 90:] = np.minimum(0.5 * scale, 1.0)
        return [PollutantCuts(DAYS, taken, "region")]

    source = PackageFactors(cuts, draw_air("衡水", n, np.random.default_rng(2)), DAYS)
    assert bool((source(scale=0.0).values == 1.0).all())
    assert year.assess(source(scale=1.0)).values["pm25_annual_mean"].mean() < (
        year.baseline.values["pm25_annual_mean"].mean()
    )
    found = solve(year, source, ASKED, rng=rng(), probability=0.6, levels=11)
    assert found.scale is not None
    values = year.assess(source(scale=found.scale)).values["pm25_annual_mean"]
    assert abs(float((values <= 40.5).mean()) - 0.6) < 3 * found.error
    held = source(frozen=frozenset({"sensitivity", "discrepancy", "inventory"}))
    assert (held.values == held.values[:1]).all()
