"""Factors of a section: exact where nothing is cut, monotone, bounded, late where water is slow."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from water_made import draws, plain_priors, section

from forecast.errors import InputError, UsageError
from forecast.scenario.water_cuts import WaterCut, WaterCuts, monthly_cuts
from forecast.scenario.water_draws import WaterDraws
from forecast.scenario.water_response import (
    WaterFactors,
    apply_water,
    section_response,
    water_factors,
)
from forecast.scenario.water_sections import RESPONSE_ITEMS, SOURCE_KINDS, WaterSource

_MONTHS = np.arange("2026-01", "2028-01", dtype="datetime64[M]")
_N = 200
_SEEN = {"cod": 19.0, "nh3n": 1.2, "tp": 0.12}


def _step(start: str, size: float) -> np.ndarray:
    return np.where(np.datetime64(start) <= _MONTHS, size, 0.0)[None]


def _cuts(*cuts: WaterCut) -> WaterCuts:
    return WaterCuts(_MONTHS, cuts)


def _factors(cuts: WaterCuts, **changes: object) -> WaterFactors:
    return water_factors(section(**changes), cuts, draws(_N), _MONTHS, observed=_SEEN)


def _paths(median: float, seed: int = 3) -> np.ndarray:
    rng = np.random.default_rng(seed)
    values = rng.lognormal(np.log(median), 0.4, (_N, len(_MONTHS)))
    return values.astype(np.float32)


def test_no_cut_is_exactly_one_and_the_same_bits() -> None:
    for cuts in (
        _cuts(),
        _cuts(WaterCut(_step("2026-01", 0.0))),
        _cuts(WaterCut(_step("2030-01", 0.4))),
    ):
        factors = _factors(cuts)
        assert factors.items == ("codmn", "cod", "nh3n", "tp")
        assert factors.values.dtype == np.float32
        assert factors.values.shape == (_N, len(_MONTHS), 4)
        assert (factors.values == 1.0).all()
        paths = _paths(18.0)
        assert factors.apply("cod", paths) is paths


def test_only_months_after_the_start_change() -> None:
    factors = _factors(_cuts(WaterCut(_step("2026-09", 0.5), kind="point")))
    assert (factors.values[:, :8] == 1.0).all()
    assert (factors.values[:, 8:] < 1.0).all()
    paths = _paths(18.0)
    moved = factors.apply("cod", paths)
    np.testing.assert_array_equal(moved[:, :8], paths[:, :8])
    assert (moved[:, 8:] <= paths[:, 8:]).all()
    assert moved.dtype == np.float32


def test_a_hand_answer() -> None:
    """Half of a works: its share in dry months is 6.342/21.94, in wet months 1.586/17.18."""
    cuts = _cuts(WaterCut(_step("2026-01", 0.5), kind="point", item="COD"))
    factors = water_factors(
        section(), cuts, draws(5, priors=plain_priors()), _MONTHS, items=("cod",), observed=_SEEN
    )
    assert factors.values[0, 0, 0] == pytest.approx(1.0 - 0.5 * 6.342 / 21.940, abs=2e-4)
    assert factors.values[0, 6, 0] == pytest.approx(1.0 - 0.5 * 1.5855 / 17.183, abs=2e-4)


def test_the_share_form_forgets_the_level_of_the_inventory() -> None:
    cuts = _cuts(WaterCut(_step("2026-03", 0.4), kind="point"))
    half = tuple(
        replace(s, loads={i: 0.6 * v for i, v in s.loads.items()}) for s in section().sources
    )
    made = [
        water_factors(section(inflows=(), sources=s), cuts, draws(_N), _MONTHS, items=("cod",))
        for s in (section().sources, half)
    ]
    np.testing.assert_allclose(made[0].values, made[1].values, rtol=1e-6)


def test_cutting_all_of_everything_leaves_the_background() -> None:
    now = _step("2026-01", 1.0)
    cuts = _cuts(WaterCut(now), WaterCut(now, kind="upstream"))
    plain = draws(_N, priors=draws().priors.with_value("lag", 0.0, item="cod", kind="farmland"))
    lagless = replace(plain, priors=_without_lag(plain))
    factors = water_factors(section(), cuts, lagless, _MONTHS, observed=_SEEN)
    paths = _paths(18.0)
    left = factors.apply("cod", paths)
    base = factors.background[:, [factors.items.index("cod")]]
    above = paths > base
    np.testing.assert_allclose(left[above], np.broadcast_to(base, paths.shape)[above], rtol=1e-5)
    np.testing.assert_array_equal(left[~above], paths[~above])


def _without_lag(made: WaterDraws):  # type: ignore[no-untyped-def]
    priors = made.priors
    for item in ("", *RESPONSE_ITEMS):
        for kind in SOURCE_KINDS:
            priors = priors.with_value("lag", 0.0, item=item, kind=kind)
    return priors


@given(
    low=st.floats(0.0, 1.0), more=st.floats(0.0, 1.0), kind=st.sampled_from(["", *SOURCE_KINDS, "upstream"]),
)  # fmt: skip
@settings(max_examples=25, deadline=None)
def test_a_deeper_cut_never_gives_more(low: float, more: float, kind: str) -> None:
    high = low + (1.0 - low) * more
    response = section_response(section(), draws(20), _MONTHS, observed=_SEEN)
    small, large = (
        response.factors(_cuts(WaterCut(_step("2026-05", c), kind=kind))) for c in (low, high)
    )
    assert (large.values <= small.values).all()
    assert (large.values >= 0.0).all()
    paths = _paths(15.0)[:20]
    assert (large.apply("cod", paths) <= small.apply("cod", paths)).all()
    assert (large.apply("cod", paths) >= np.minimum(paths, large.background[:, [1]])).all()


def test_growth_raises_and_is_no_error() -> None:
    factors = _factors(_cuts(WaterCut(_step("2026-05", -0.2), kind="point")))
    assert (factors.values[:, 4:] > 1.0).all()
    paths = _paths(18.0)
    assert (factors.apply("cod", paths) >= paths).all()


def test_a_start_further_ahead_does_less() -> None:
    starts = ("2026-01", "2026-07", "2027-01", "2027-12", "2028-02")
    last = [
        _factors(_cuts(WaterCut(_step(s, 0.5), kind="farmland"))).values[:, -1].mean()
        for s in starts
    ]
    assert all(a < b for a, b in pairwise(last))
    assert last[-1] == 1.0


def test_farmland_phosphorus_is_slower_than_a_works() -> None:
    """After two years a works' cut is there in full, farmland's by 18 to 49 % (τ 3 to 10 yr)."""
    response = section_response(section(), draws(_N), _MONTHS, observed=_SEEN)
    at = tuple(response.shares).index("tp")
    shares = response.shares["tp"].values[:, -1]
    for kind, j, low, high in (("point", 0, 0.999, 1.0), ("farmland", 1, 0.17, 0.50)):
        factors = response.factors(_cuts(WaterCut(_step("2026-01", 0.5), kind=kind)))
        arrived = (1.0 - factors.values[:, -1, at]) / (0.5 * shares[:, j])
        assert arrived.min() > low - 1e-3 and arrived.max() < high + 1e-3


def test_a_lake_gives_back_its_phosphorus() -> None:
    river = _factors(_cuts(WaterCut(_step("2026-01", 0.5), kind="point")))
    lake = _factors(
        _cuts(WaterCut(_step("2026-01", 0.5), kind="point")), water_type="lake", residence=0.5
    )
    at = lake.items.index("tp")
    assert lake.values[:, -1, at].mean() > river.values[:, -1, at].mean()
    assert "internal_load" in {kind for kind, _, _ in lake.remarks}
    blind = _factors(_cuts(), water_type="lake")
    assert {b.closed for b in blind.balances} == {None}
    # Months are mixed in a lake: one share holds for all of the year.
    response = section_response(section(water_type="lake"), draws(9), _MONTHS, observed=_SEEN)
    assert (response.shares["tp"].values == response.shares["tp"].values[:, :1]).all()


def test_what_arrived_before_the_record_ended_is_not_counted_twice() -> None:
    begun = np.arange("2024-01", "2028-01", dtype="datetime64[M]")
    cuts = WaterCuts(begun, (WaterCut(np.full((1, len(begun)), 0.4), kind="farmland"),))
    response = section_response(section(), draws(_N), _MONTHS, observed=_SEEN)
    whole = response.factors(cuts)
    rest = response.factors(cuts, reference=np.datetime64("2026-06-30"))
    assert (rest.values[:, :6] == 1.0).all()
    assert (rest.values[:, 6:] < 1.0).all()
    assert (rest.values >= whole.values).all()
    at = rest.items.index("tp")
    share = response.shares["tp"].values[:, 11, 1]
    before = 1.0 - share * (1.0 - whole.values[:, 5, at]) / response.shares["tp"].values[:, 5, 1]
    np.testing.assert_allclose(rest.values[:, 11, at], whole.values[:, 11, at] / before, rtol=1e-5)
    # A record that ended before the first cut holds none of it.
    early = response.factors(cuts, reference=np.datetime64("2023-12-31"))
    np.testing.assert_array_equal(early.values, whole.values)


def test_the_flow_of_the_path_sets_the_share_of_the_works() -> None:
    cuts = _cuts(WaterCut(_step("2026-01", 0.5), kind="point"))
    plain = draws(_N, priors=plain_priors())
    dry, wet = (
        water_factors(
            section(), cuts, plain, _MONTHS, items=("cod",), observed=_SEEN,
            flows=np.full((_N, len(_MONTHS)), q),
        ).values
        for q in (3.0, 30.0)
    )  # fmt: skip
    assert (dry < wet).all()
    # 31.71/3 over 31.71/3 + 7.6 + 8 in the driest case.
    assert dry[0, 0, 0] == pytest.approx(1.0 - 0.5 * 10.57 / (10.57 + 7.598 + 8.0), abs=5e-4)


def test_a_plausible_package_on_a_canal_of_works() -> None:
    """The best load plan read for a canal took NH3-N at class III from none of the days to 66 %."""
    made = section(
        sources=(WaterSource("污水厂", "point", {"nh3n": 300.0}, 6.0),
                 WaterSource("径流", "urban", {"nh3n": 90.0}, 6.0)),
    )  # fmt: skip
    cuts = _cuts(WaterCut(_step("2026-01", 0.6), kind="point"))
    factors = water_factors(made, cuts, draws(_N), _MONTHS, observed={"nh3n": 1.6})
    paths = _paths(1.7)
    before = float((paths[:, 3:] <= 1.0).mean())
    after = float((factors.apply("nh3n", paths)[:, 3:] <= 1.0).mean())
    assert before < 0.15
    assert 0.3 < after < 0.9


def test_draws_do_not_depend_on_what_else_is_described() -> None:
    cuts = _cuts(WaterCut(_step("2026-01", 0.5), kind="point"))
    d = draws(_N)
    other = water_factors(section(name="下游"), cuts, d, _MONTHS, observed=_SEEN)
    alone = water_factors(section(), cuts, draws(_N), _MONTHS, observed=_SEEN)
    again = water_factors(section(), cuts, d, _MONTHS, observed=_SEEN, items=("tp", "cod"))
    for item in ("cod", "tp"):
        np.testing.assert_array_equal(
            again.values[:, :, again.items.index(item)], alone.values[:, :, alone.items.index(item)]
        )
    # Sections of a region share a part of what is not known.
    r = np.corrcoef(other.values[:, 0, 1], alone.values[:, 0, 1])[0, 1]
    assert 0.3 < r < 0.99
    # More draws begin with the same ones.
    longer = water_factors(section(), cuts, draws(2 * _N), _MONTHS, observed=_SEEN)
    np.testing.assert_array_equal(longer.values[:_N], alone.values)


def test_parts_of_the_uncertainty_can_be_turned_off() -> None:
    cuts = _cuts(WaterCut(_step("2026-01", 0.5), kind="point"))
    spread = {}
    for off in (
        (),
        ("sensitivity",),
        ("inventory",),
        ("flow",),
        ("sensitivity", "inventory", "flow"),
    ):
        made = draws(_N).without(*off)
        spread[off] = float(
            water_factors(section(), cuts, made, _MONTHS, observed=_SEEN).values[:, 3, 1].std()
        )
    everything = ("sensitivity", "inventory", "flow")
    assert spread[everything] < 1e-6 < spread[()]
    assert all(0.0 < spread[(one,)] < spread[()] for one in everything)
    with pytest.raises(UsageError, match="'weather'"):
        draws().without("weather")


def test_several_cuts_of_one_source_apply_to_what_is_left() -> None:
    both = _cuts(
        WaterCut(_step("2026-01", 0.5), kind="point"),
        WaterCut(_step("2026-01", 0.4), source="污水厂", item="nh3n"),
    )
    once = _cuts(WaterCut(_step("2026-01", 0.7), source="污水厂"))
    made, same = _factors(both), _factors(once)
    at = made.items.index("nh3n")
    np.testing.assert_allclose(made.values[:, :, at], same.values[:, :, at], rtol=1e-6)
    assert (made.values[:, 3:, 1] > same.values[:, 3:, 1]).all()


def test_a_cut_of_all_sources_leaves_upstream_alone() -> None:
    cut = WaterCut(_step("2026-01", 1.0))
    assert not cut.holds_for("upstream", "上游", "cod")
    assert WaterCut(_step("2026-01", 1.0), source="上游").holds_for("upstream", "上游", "cod")
    assert _factors(_cuts(cut)).values[:, :, 1].mean() > 0.2


def test_a_cut_that_meets_no_source_is_said() -> None:
    factors = _factors(_cuts(WaterCut(_step("2026-01", 0.5), kind="livestock")))
    assert (factors.values == 1.0).all()
    assert "no_effect" in {kind for kind, _, _ in factors.remarks}


def test_a_scale_goes_with_the_package_and_stops_at_all_of_it() -> None:
    package = _cuts(WaterCut(_step("2026-01", 0.4), kind="point"))
    assert package.scaled(0.5).cuts[0].values.max() == pytest.approx(0.2)
    assert package.scaled(4.0).cuts[0].values.max() == 1.0
    assert (_factors(package.scaled(0.0)).values == 1.0).all()


def test_missing_values_and_values_below_the_background_stay() -> None:
    paths = np.array([[np.nan, 0.5, 4.0]], dtype=np.float32)
    moved = apply_water(paths, np.full((1, 3), 0.5, np.float32), np.array([1.0], np.float32))
    np.testing.assert_array_equal(moved, np.array([[np.nan, 0.5, 2.5]], dtype=np.float32))


def test_days_become_months() -> None:
    days = np.arange("2026-01-01", "2026-04-01", dtype="datetime64[D]")
    values = np.zeros((2, len(days)))
    values[1, 45:] = 0.28
    months, means = monthly_cuts(days, values)
    assert months.astype(str).tolist() == ["2026-01", "2026-02", "2026-03"]
    np.testing.assert_allclose(means[1], [0.0, 0.14, 0.28])
    assert (means[0] == 0.0).all()


def test_bad_cuts_are_one_sentence_each() -> None:
    with pytest.raises(InputError, match="120 % of the load"):
        WaterCut(np.full((1, 2), 1.2), kind="point")
    with pytest.raises(InputError, match="kind 'works'"):
        WaterCut(np.zeros((1, 2)), kind="works")
    with pytest.raises(InputError, match="item 'nox'"):
        WaterCut(np.zeros((1, 2)), item="NOx")
    with pytest.raises(InputError, match="has shape"):
        WaterCut(np.zeros(2))
    with pytest.raises(InputError, match="no number"):
        WaterCut(np.full((1, 2), np.nan))
    with pytest.raises(InputError, match="follow one another"):
        WaterCuts(np.array(["2026-01", "2026-03"], dtype="datetime64[M]"))
    with pytest.raises(InputError, match="24 are named"):
        _cuts(WaterCut(np.zeros((1, 2))))
    with pytest.raises(InputError, match="have 7 draws"):
        _factors(_cuts(WaterCut(np.repeat(_step("2026-01", 0.1), 7, axis=0))))
    with pytest.raises(InputError, match="follow one another"):
        monthly_cuts(
            np.array(["2026-01-01", "2026-01-03"], dtype="datetime64[D]"), np.zeros((1, 2))
        )


def test_bad_flows_and_observations_are_one_sentence_each() -> None:
    nothing, d = _cuts(), draws(5)
    with pytest.raises(InputError, match="flows of '桥头' have shape"):
        water_factors(section(), nothing, d, _MONTHS, flows=np.ones((5, 3)))
    with pytest.raises(InputError, match="not above 0"):
        water_factors(section(), nothing, d, _MONTHS, flows=np.zeros((5, len(_MONTHS))))
    with pytest.raises(InputError, match="no typical flow"):
        water_factors(
            section(flow=None),
            nothing,
            d,
            _MONTHS,
            flows=np.ones((5, len(_MONTHS))),
            observed=_SEEN,
        )
    with pytest.raises(InputError, match=r"observed cod of '桥头' has shape \(3,\)"):
        water_factors(section(), nothing, d, _MONTHS, observed={"cod": [1.0, 2.0, 3.0]})
    with pytest.raises(InputError, match="not above 0"):
        water_factors(section(), nothing, d, _MONTHS, observed={"cod": -1.0})
