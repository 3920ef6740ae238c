"""Contributions, shares and balances against hand arithmetic."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from water_made import FLOW, draws, plain_priors, section

from forecast.scenario.water_contributions import contributions, inflow_shares
from forecast.scenario.water_draws import MONTH_SHARES, section_draws
from forecast.scenario.water_response import section_response
from forecast.scenario.water_sections import WaterInflow, WaterSection, WaterSource

_YEAR = np.arange("2026-01", "2027-01", dtype="datetime64[M]")
_ALL = np.arange(12)


def _parts(made: WaterSection, item: str = "cod", **priors: float) -> np.ndarray:
    own_priors = plain_priors()
    for name, value in priors.items():
        own_priors = own_priors.with_value(name, value, item=item if name == "decay" else "")
    d = draws(3, priors=own_priors)
    own = section_draws(made, d)
    none = np.zeros(3)
    return contributions(made, item, own, d, own.flow, _ALL, none).all


def test_a_point_source_dilutes_and_a_diffuse_one_keeps_its_concentration() -> None:
    parts = _parts(section())[0]
    # 31.71 g/s in 5 and in 20 m³/s.
    np.testing.assert_allclose(parts[[0, 6], 0], [6.342, 1.5855], rtol=1e-4)
    # 95.13 g/s over a mean flow of 12.521 m³/s, the same all year with b = 0.
    mean = (np.array(FLOW) * MONTH_SHARES).sum()
    np.testing.assert_allclose(parts[:, 1], 95.129 / mean, rtol=1e-4)
    np.testing.assert_allclose(parts[:, 2], 8.0)


@pytest.mark.parametrize("b", [-0.3, 0.0, 0.1, 0.5])
def test_the_months_of_a_diffuse_source_add_up_to_its_load(b: float) -> None:
    parts = _parts(section(), diffuse_exponent=b)[0]
    grams = (parts[:, 1] * np.array(FLOW) * MONTH_SHARES).sum()
    assert grams == pytest.approx(3000.0 * 1e6 / (365 * 86400))
    assert parts[6, 1] / parts[0, 1] == pytest.approx(4.0**b)


def test_decay_takes_what_the_formula_says_from_each() -> None:
    # k = 0.2 /d at 0.3 m/s: 25.71/30 is left after 20 km, its square root after 10 km.
    plain, decayed = _parts(section())[0], _parts(section(), decay=0.2)[0]
    left = 25.71 / 30.0
    np.testing.assert_allclose(decayed[0] / plain[0], [left**0.5, left**0.25, left], rtol=1e-4)


def test_dry_and_wet_months_have_their_own_shares() -> None:
    response = section_response(
        section(observed={"cod": 19.0}), draws(50, priors=plain_priors()), _YEAR, items=("cod",)
    )
    dry = np.array([6.342, 95.129 / 12.5205, 8.0])
    wet = np.array([1.5855, 95.129 / 12.5205, 8.0])
    shares = response.shares["cod"].values[0]
    np.testing.assert_allclose(shares[0], dry / dry.sum(), rtol=1e-3)
    np.testing.assert_allclose(shares[6], wet / wet.sum(), rtol=1e-3)
    works = response.rows[0]
    assert (works.name, works.kind) == ("污水厂", "point")
    assert works.dry == pytest.approx(dry[0] / dry.sum(), rel=1e-3)
    assert works.wet == pytest.approx(wet[0] / wet.sum(), rel=1e-3)


def test_what_an_inflow_brings_counts_above_the_background() -> None:
    """Water that comes with the background alone, and no source, stays at the background."""
    made = section(sources=(WaterSource("无", "point", {"cod": 0.0}),), background={"cod": 10.0})
    response = section_response(made, draws(20), _YEAR, items=("cod",), observed={"cod": 13.0})
    assert response.balances[0].modelled == pytest.approx(10.0)
    assert (response.shares["cod"].values == 0.0).all()


def test_inflows_that_carry_more_than_the_river_are_scaled_and_said() -> None:
    inflows = (
        WaterInflow("干流", {"cod": 10.0}, flow=(6.0,) * 12),
        WaterInflow("支流", {"cod": 20.0}, flow=(2.0,) * 12),
    )
    made = section(inflows=inflows)
    d = draws(4, priors=plain_priors())
    shares = inflow_shares(made, section_draws(made, d), _ALL)[0]
    np.testing.assert_allclose(shares[0], [0.75, 0.25])
    np.testing.assert_allclose(shares[6], [0.3, 0.1])
    response = section_response(made, d, _YEAR, items=("cod",))
    assert "water_taken" in {kind for kind, _, _ in response.remarks}


@pytest.mark.parametrize(("observed", "closed"), [(19.0, True), (36.0, True), (45.0, False)])
def test_a_balance_closes_within_a_factor_of_two(observed: float, closed: bool) -> None:
    # The model says 8 + 7.6 + 6.342 in dry and 8 + 7.6 + 1.586 in wet months: about 19.6 mg/L.
    response = section_response(
        section(), draws(20, priors=plain_priors()), _YEAR, items=("cod",),
        observed={"cod": observed},
    )  # fmt: skip
    (balance,) = response.balances
    assert balance.modelled == pytest.approx(19.55, abs=0.05)
    assert balance.closed is closed
    assert (tuple(response.shares) == ("cod",)) is closed
    if not closed:
        zh, en = response.refused["cod"]
        assert "不闭合" in zh and "Balance not closed" in en
        assert "45 mg/L" in zh and "45 mg/L" in en


def test_too_much_is_no_balance_either() -> None:
    response = section_response(
        section(), draws(20, priors=plain_priors()), _YEAR, items=("cod",), observed={"cod": 9.0}
    )
    assert response.balances[0].closed is False
    assert "cod" in response.refused


def test_a_season_that_is_off_is_said() -> None:
    seen = np.where(np.array(FLOW) < 10.0, 50.0, 8.0)
    response = section_response(
        section(), draws(20, priors=plain_priors()), _YEAR, items=("cod",), observed={"cod": seen}
    )
    assert response.balances[0].closed is True
    assert response.balances[0].dry == pytest.approx(21.94 / 50.0, rel=1e-2)
    assert "season_off" in {kind for kind, _, _ in response.remarks}


def test_without_flow_months_are_wide_and_the_flow_that_fits_is_said() -> None:
    alone = section(inflows=(), observed={"cod": 12.0})
    known = section_response(alone, draws(400), _YEAR, items=("cod",))
    blind = section_response(replace(alone, flow=None), draws(400), _YEAR, items=("cod",))
    # Without inflows the level cancels, so only what is not known of the season is added.
    spread = [r.shares["cod"].values[:, :, 0].std(axis=0).mean() for r in (known, blind)]
    assert spread[1] > 1.05 * spread[0]
    blind = section_response(
        section(flow=None, observed={"cod": 19.5}), draws(400), _YEAR, items=("cod",)
    )
    (balance,) = blind.balances
    assert balance.closed is None
    assert "m³/s" in balance.en and "没有流量" in balance.zh
    kinds = {kind for kind, _, _ in blind.remarks}
    assert {"no_flow", "balance_unchecked"} <= kinds
    # What inflows bring is known without flow: 8 of 19.5 mg/L and less after decay.
    upstream = blind.shares["cod"].values[:, :, 2].mean()
    assert 0.1 < upstream < 0.5


def test_without_flow_inflows_that_bring_too_much_are_no_balance() -> None:
    made = section(flow=None, inflows=(WaterInflow("上游", {"cod": 80.0}, flow_share=0.9),))
    response = section_response(made, draws(50), _YEAR, items=("cod",), observed={"cod": 20.0})
    assert response.balances[0].closed is False
    assert "cod" in response.refused


def test_a_mean_flow_alone_gives_a_level_but_no_season() -> None:
    made = section(flow=12.5, observed={"cod": 19.5})
    own = section_draws(made, draws(300))
    assert own.level_known
    np.testing.assert_allclose((own.flow * MONTH_SHARES).sum(axis=1), 12.5)
    swing = own.flow.max(axis=1) / own.flow.min(axis=1)
    assert np.quantile(swing, 0.05) < 4.0 < 8.0 < np.quantile(swing, 0.95)
    response = section_response(made, draws(300), _YEAR, items=("cod",))
    assert response.balances[0].closed is True


def test_what_is_missing_is_said_item_by_item() -> None:
    made = section(inflows=(WaterInflow("上游", {"cod": 10.0}, flow_share=0.8),))
    response = section_response(made, draws(20), _YEAR, items=("cod", "nh3n", "tn", "do"))
    assert tuple(response.shares) == ("cod",)
    assert "lacks the concentration of NH3-N" in response.refused["nh3n"][1]
    assert "No source" in response.refused["tn"][1]
    assert "stays as it is" in response.refused["do"][1]
    assert all("断面" in zh for zh, _ in response.refused.values())


def test_without_flow_or_observation_inflows_can_t_be_told_from_sources() -> None:
    response = section_response(section(flow=None), draws(20), _YEAR, items=("cod",))
    assert "give the flow" in response.refused["cod"][1]
    alone = section_response(section(flow=None, inflows=()), draws(20), _YEAR, items=("cod",))
    assert np.isnan(alone.balances[0].modelled)
    assert tuple(alone.shares) == ("cod",)


def test_gates_a_missing_velocity_and_cod_for_codmn_are_remarked() -> None:
    made = section(gated=True, velocity=None)
    response = section_response(made, draws(20), _YEAR, items=("codmn",))
    kinds = {kind for kind, _, _ in response.remarks}
    assert {"gated", "no_velocity", "codmn_from_cod", "balance_unchecked"} <= kinds
    assert response.shares["codmn"].load_item == "cod"
    slow = section_draws(made, draws(500)).velocity
    assert np.quantile(slow.mean(axis=1), 0.9) > 2.0 * np.quantile(slow.mean(axis=1), 0.1)
