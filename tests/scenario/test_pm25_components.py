"""The component model of PM2.5 against arithmetic by hand and against its bounds."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.errors import UsageError
from forecast.scenario.pm25_components import (
    Pm25Draws,
    annual_ratio,
    component_priors,
    component_ratio,
    draw_components,
    nh3_response,
    nitrate_response,
)
from forecast.scenario.pollutants import POLLUTANTS
from forecast.scenario.priors import draw
from forecast.scenario.regions import find_region

NATION = find_region("全国")
CUT = st.floats(0.0, 1.0)


def one_draw(**changed: float) -> Pm25Draws:
    """A draw at round centres."""
    centre = {
        "primary": 0.40, "inorganic": 0.40, "organic": 0.12, "background": 0.08, "so2": 0.10,
        "nox_warm": 0.25, "nitrate_cold": 0.20, "nitrate_rise": 0.46, "nitrate_turn": 0.40,
        "nitrate_fall": -0.91, "nh3_linear": 0.133, "nh3_square": 0.222, "local": 0.40,
        "discrepancy": 1.0, "cold_weight": 0.6,
    } | changed  # fmt: skip
    return Pm25Draws(**{k: np.array([v]) for k, v in centre.items()})


def row(**cuts: float) -> np.ndarray:
    """Cuts of one set, (1, 1, pollutant)."""
    found = np.zeros((1, 1, len(POLLUTANTS)))
    for name, cut in cuts.items():
        found[0, 0, POLLUTANTS.index(name)] = cut
    return found


@pytest.mark.parametrize(("cut", "percent"), [(0.2, 3.55), (0.5, 12.2), (1.0, 35.5)])
def test_the_ammonia_curve_has_its_published_points(cut: float, percent: float) -> None:
    """-3.55 % at 20 % and -35.5 % at 100 % are published; 12.2 % at 50 % follows."""
    lost = nh3_response(np.array(cut), np.array(0.133), np.array(0.222))
    assert round(100 * float(lost), 2) == pytest.approx(percent, abs=0.005)


def test_nitrate_rises_before_the_inflexion_and_falls_beyond() -> None:
    """By hand: 0.46·0.3 = 0.138 at 30 %; 0.46·0.4 - 0.91·0.2 = 0.002 at 60 %; -0.362 at 100 %."""
    cut = np.array([0.3, 0.6, 1.0])
    found = nitrate_response(cut, np.array(0.46), np.array(0.40), np.array(-0.91))
    assert found == pytest.approx([0.138, 0.002, -0.362])


def test_each_precursor_by_hand() -> None:
    """δ = 1: C'/C = 1 - R with R = P·c, e_S·c, e_N·c, a c + b c², O·c."""
    d = one_draw()
    for cuts, lost in (
        ({"PM25": 0.5}, 0.20),
        ({"SO2": 0.5}, 0.05),
        ({"NOx": 0.4}, 0.10),
        ({"NH3": 0.5}, 0.122),
        ({"VOC": 0.5}, 0.06),
    ):
        assert component_ratio(row(**cuts), d, cold=False)[0, 0] == pytest.approx(1 - lost)
    # Cold: nitrate 20 % of the mean rises by 0.46·0.3.
    assert component_ratio(row(NOx=0.3), d, cold=True)[0, 0] == pytest.approx(1 + 0.2 * 0.138)


def test_precursors_of_the_same_salt_are_sub_additive() -> None:
    """R_S = f(1 - (1 - .05/.4)(1 - .1/.4)(1 - .122/.4)) = 0.4·(1 - .875·.75·.695) by hand."""
    found = component_ratio(row(SO2=0.5, NOx=0.4, NH3=0.5), one_draw(), cold=False)[0, 0]
    assert found == pytest.approx(1 - 0.4 * (1 - 0.875 * 0.75 * 0.695))
    assert 1 - found < 0.05 + 0.10 + 0.122


def test_the_discrepancy_is_a_power_of_what_is_left() -> None:
    """B = 0.08, R = 0.2, δ = 1.3: 0.08 + 0.92·(0.72/0.92)^1.3."""
    found = component_ratio(row(PM25=0.5), one_draw(discrepancy=1.3), cold=False)[0, 0]
    assert found == pytest.approx(0.08 + 0.92 * (0.72 / 0.92) ** 1.3)


def test_a_city_alone_reaches_its_share_of_the_response() -> None:
    """City only: L·R = 0.4·0.2; city on top of region: R(region) + L·(R(both) - R(region))."""
    d = one_draw()
    alone = component_ratio(row(PM25=0.5), d, cold=False, region_cuts=row())[0, 0]
    assert alone == pytest.approx(1 - 0.4 * 0.2)
    both = component_ratio(row(PM25=0.5), d, cold=False, region_cuts=row(PM25=0.25))[0, 0]
    assert both == pytest.approx(1 - (0.1 + 0.4 * 0.1))


def test_no_cut_is_exactly_one() -> None:
    """Bit for bit, whatever the draws."""
    draws = draw_components(NATION, 500, np.random.default_rng(1))
    for cold in (True, False):
        assert (component_ratio(row(), draws, cold=cold) == 1.0).all()


def test_all_cut_stays_at_or_above_the_background() -> None:
    """100 % of everything, and more precursors than the response has room for."""
    draws = draw_components(NATION, 2000, np.random.default_rng(2))
    everything = row(**dict.fromkeys(POLLUTANTS, 1.0))
    for cold in (True, False):
        found = component_ratio(everything, draws, cold=cold)[:, 0]
        assert (found >= draws.background - 1e-12).all() and (found < 0.6).all()


@given(CUT, CUT, CUT, st.sampled_from(["SO2", "NH3", "VOC", "PM25"]), CUT)
def test_more_cut_is_never_more_pm25(a: float, b: float, c: float, which: str, more: float) -> None:
    """Monotone in every precursor but NOx, whatever the others."""
    draws = draw_components(NATION, 50, np.random.default_rng(3))
    base = {"SO2": a, "NOx": b, "PM25": c}
    low, high = dict(base), dict(base)
    low[which] = min(low.get(which, 0.0), more)
    high[which] = max(base.get(which, 0.0), more)
    for cold in (True, False):
        first = component_ratio(row(**low), draws, cold=cold)
        second = component_ratio(row(**high), draws, cold=cold)
        assert (second <= first + 1e-12).all()


def test_nox_alone_raises_winter_pm25_at_first() -> None:
    """Published: nitrate +4 to +5 % for 10 % less NOx; PM2.5 falls only beyond the inflexion."""
    draws = draw_components(NATION, 4000, np.random.default_rng(4))
    early = component_ratio(row(NOx=0.2), draws, cold=True)[:, 0]
    late = component_ratio(row(NOx=0.9), draws, cold=True)[:, 0]
    assert (early > 1).mean() > 0.95
    assert (late < 1).mean() > 0.8


def test_growth_raises_pm25() -> None:
    """Negative cuts follow the tangent: 20 % more ammonia is +2.66 %."""
    d = one_draw()
    assert component_ratio(row(NH3=-0.2), d, cold=False)[0, 0] == pytest.approx(1.0266)
    draws = draw_components(NATION, 500, np.random.default_rng(5))
    grown = component_ratio(row(SO2=-0.3, NH3=-0.3, PM25=-0.3), draws, cold=False)
    assert (grown > 1).all()


def test_shares_add_to_one_and_leave_a_background() -> None:
    """P + S + O + B = 1 with B at least 0.03, in every region."""
    for name in ("全国", "汾渭平原", "珠三角", "贵州"):
        d = draw_components(find_region(name), 3000, np.random.default_rng(6))
        total = d.primary + d.inorganic + d.organic + d.background
        assert total == pytest.approx(np.ones(3000))
        assert d.background.min() >= 0.03 - 1e-12


def test_priors_have_the_stated_quantiles() -> None:
    """80 % ranges as stated: P 0.29 to 0.52, e_S 0.06 to 0.16, L 0.21 to 0.60, δ 0.73 to 1.80."""
    priors = component_priors(NATION)
    for name, low, high in (
        ("P", 0.29, 0.52),
        ("e_so2", 0.06, 0.16),
        ("e_nox_warm", 0.16, 0.34),
        ("L", 0.21, 0.60),
        ("delta", 0.73, 1.80),
    ):
        assert draw(priors[name], np.array([0.1, 0.9])) == pytest.approx([low, high], abs=0.012)


def test_regions_share_their_random_numbers() -> None:
    """The same state: a draw that is high in one region is high in the other."""
    a = draw_components(NATION, 500, np.random.default_rng(8))
    b = draw_components(find_region("贵州"), 500, np.random.default_rng(8))
    assert (np.argsort(a.so2) == np.argsort(b.so2)).all()
    assert (b.so2 > a.so2).all() and (a.discrepancy == b.discrepancy).all()


def test_the_older_era_has_more_sulfate_to_lose() -> None:
    """0.18 instead of 0.10 at the national centre; a region keeps its ratio to it."""
    assert component_priors(NATION, "2013")["e_so2"].first == pytest.approx(0.18)
    assert component_priors(find_region("贵州"), "2013")["e_so2"].first == pytest.approx(0.27)


def test_own_numbers_replace_the_defaults() -> None:
    """One number is fixed, two are the same distribution; the grade becomes that of the user."""
    d = draw_components(
        NATION, 3000, np.random.default_rng(9), overrides={"L": 0.5, "e_so2": (0.2, 0.1)}
    )
    assert (d.local == 0.5).all() and np.median(d.so2) == pytest.approx(0.2, rel=0.02)
    assert component_priors(NATION, overrides={"L": 0.5})["L"].grade == "user"


@pytest.mark.parametrize(
    "overrides",
    [
        {"nope": 1.0},
        {"L": 1.4},
        {"L": float("nan")},
        {"e_so2": (0.1, 0.0)},
        {"nitrate_turn": (0.5, 0.3)},
    ],
)
def test_own_numbers_out_of_range_are_refused(
    overrides: dict[str, float | tuple[float, float]],
) -> None:
    """An unknown parameter, a value outside its physical range, a spread that is none."""
    with pytest.raises(UsageError):
        component_priors(NATION, overrides=overrides)


def test_the_annual_mean_weighs_the_seasons() -> None:
    """Cold weight 0.6: 0.4·warm + 0.6·cold."""
    d = one_draw()
    warm = component_ratio(row(NOx=0.3), d, cold=False)[0, 0]
    cold = component_ratio(row(NOx=0.3), d, cold=True)[0, 0]
    assert annual_ratio({"NOx": 0.3}, d)[0] == pytest.approx(0.4 * warm + 0.6 * cold)
    assert annual_ratio({"PM25": 0.5}, d, scope="city")[0] == pytest.approx(0.92)


def test_draws_can_be_taken() -> None:
    """An index may stand twice; every field follows."""
    d = draw_components(NATION, 10, np.random.default_rng(10))
    twice = d.take(np.array([3, 3, 7]))
    for one in fields(Pm25Draws):
        assert (getattr(twice, one.name) == getattr(d, one.name)[[3, 3, 7]]).all()
