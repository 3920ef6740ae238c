"""Measures become cuts by day: arithmetic by hand, dates, seasons, compliance, growth, draws."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.errors import InputError, UsageError
from forecast.scenario.cut_drawing import compliance_draws, cuts_of, tonnes_by_sector
from forecast.scenario.cuts import PollutantCuts
from forecast.scenario.inventory import Inventory
from forecast.scenario.inventory_choice import inventory_for
from forecast.scenario.measure_timing import ramp, season_mask
from forecast.scenario.measures import quantify
from forecast.scenario.pollutants import POLLUTANTS
from forecast.scenario.scenario_model import Compliance, Measure, Scenario

_YEAR = np.arange("2025-01-01", "2026-01-01", dtype="datetime64[D]")
_SURE = {"NOx": (0.0, 0.0), "VOC": (0.0, 0.0), "SO2": (0.0, 0.0)}


def _inventory(ranges: dict[str, tuple[float, float]] | None = None) -> Inventory:
    return Inventory.of(
        "衡水",
        2024,
        {
            "industry": {"NOx": 9000.0, "VOC": 12000.0, "SO2": 6000.0},
            "transport": {"NOx": 20000.0, "VOC": 4000.0},
            "residential": {"NOx": 1000.0, "VOC": 4000.0, "SO2": 2000.0},
        },
        ranges=_SURE if ranges is None else ranges,
    )


def _measure(**given_: Any) -> Measure:
    full: dict[str, Any] = {"name": "a", "start": date(2025, 1, 1), "compliance": 1.0, **given_}
    return Measure.model_validate(full)


def _scenario(*measures: Measure, **given_: Any) -> Scenario:
    return Scenario.model_validate(
        {"name": "s", "region": "衡水", "measures": list(measures), **given_}
    )


def _one(scenario: Scenario, inventory: Inventory | None, **given_: Any) -> PollutantCuts:
    (found,) = cuts_of(scenario, inventory, _YEAR, 4, np.random.default_rng(1), **given_)
    return found


def test_a_sectors_percent_is_weighted_with_its_share() -> None:
    """20 % of industry's VOC, which is 12,000 of 20,000 t: 12 % of VOC, nothing else."""
    made = _one(_scenario(_measure(sector="industry", pollutants=["VOC"], cut="20%")), _inventory())
    assert made.of("VOC") == pytest.approx(0.12)
    assert all((made.of(p) == 0.0).all() for p in POLLUTANTS if p != "VOC")
    assert made.scope == "city"
    assert made.sectors == {}


def test_tonnes_become_percent_with_the_inventory() -> None:
    """3,000 of 30,000 t of NOx are 10 %; of transport's 20,000 t they are 15 %, again 10 % of all."""
    everyone = _one(_scenario(_measure(pollutants=["NOx"], cut="3000 t")), _inventory())
    assert everyone.of("NOx") == pytest.approx(0.10)
    roads = _scenario(_measure(sector="transport", pollutants=["NOx"], cut="0.3万吨"))
    assert _one(roads, _inventory()).of("NOx") == pytest.approx(0.10)
    table = tonnes_by_sector(roads, _inventory(), 2025)
    assert table[["sector", "cut_t", "emission_t"]].to_numpy().tolist() == [
        ["transport", pytest.approx(3000.0), pytest.approx(20000.0)]
    ]
    assert table["cut_percent"].tolist() == [pytest.approx(15.0)]


def test_measures_on_one_sector_act_on_what_is_left() -> None:
    """Half, then half again, leave a quarter; the order does not matter."""
    a = _measure(name="a", sector="industry", pollutants=["SO2"], cut="50%")
    b = _measure(name="b", pollutants=["SO2"], cut="50%")
    found = [_one(_scenario(*pair), _inventory()).of("SO2") for pair in ((a, b), (b, a))]
    # Industry keeps 1/4 of 6,000 t, residential 1/2 of 2,000 t: 2,500 of 8,000 t are left.
    assert found[0] == pytest.approx(1.0 - 2500.0 / 8000.0)
    assert np.array_equal(found[0], found[1])


def test_the_same_measure_over_all_sectors_needs_no_inventory() -> None:
    """A percentage of all emissions is one of the total, with or without an inventory."""
    scenario = _scenario(_measure(pollutants=["NOx", "NH3"], cut="20%"))
    for inventory in (None, _inventory()):
        made = _one(scenario, inventory)
        assert made.of("NOx") == pytest.approx(0.2)
        assert made.of("NH3") == pytest.approx(0.2)
    table = tonnes_by_sector(scenario, None, 2025)
    assert table["cut_t"].isna().all()
    assert table["cut_percent"].tolist() == [pytest.approx(20.0)] * 2


def test_growth_makes_tonnes_a_smaller_part_of_the_projected_emission() -> None:
    """At 10 % a year the 20,000 t of 2024 are 22,000 t a year later; 3,000 t of them are 13.6 %."""
    scenario = _scenario(
        _measure(sector="transport", pollutants=["NOx"], cut="3000 t"), growth={"transport": 10.0}
    )
    table = tonnes_by_sector(scenario, _inventory(), 2025)
    assert table["emission_t"][0] == pytest.approx(22000.0, rel=2e-3)
    assert table["cut_t"][0] == pytest.approx(3000.0, rel=1e-6)
    made = _one(scenario, _inventory())
    middle = made.of("NOx")[0, 182]
    assert middle == pytest.approx(3000.0 / (10000.0 + 22000.0), rel=2e-3)


def test_against_a_year_means_below_its_level() -> None:
    """20 % below 2024 at 10 % growth: 0.8 is left of 1.1, so 27.3 % of the projected is cut."""
    scenario = _scenario(
        _measure(sector="transport", pollutants=["NOx"], cut="20%", against=2024),
        growth={"transport": 10.0},
    )
    table = tonnes_by_sector(scenario, _inventory(), 2025)
    assert table["cut_percent"][0] == pytest.approx(100.0 * (1.0 - 0.8 / 1.1), rel=5e-3)
    tonnes = _scenario(
        _measure(sector="transport", pollutants=["NOx"], cut="4000 t", against=2024),
        growth={"transport": 10.0},
    )
    assert tonnes_by_sector(tonnes, _inventory(), 2025)["cut_t"][0] == pytest.approx(
        table["cut_t"][0], rel=1e-9
    )


def test_an_emission_below_the_level_already_is_not_raised() -> None:
    """Falling by 10 % a year, the sector is below 95 % of 2024 without the measure."""
    scenario = _scenario(
        _measure(
            sector="transport",
            pollutants=["NOx"],
            cut="5%",
            against=2024,
            start=date(2025, 7, 1),
        ),
        growth={"transport": -10.0},
    )
    found = cuts_of(scenario, _inventory(), _YEAR, 3, np.random.default_rng(1))
    assert all((one.values == 0.0).all() for one in found)


def test_ramps_begin_at_start_and_end_at_full() -> None:
    """Linear in equal steps; the S-curve is symmetric about its middle; a step is at once."""
    days = np.arange("2024-12-31", "2025-01-12", dtype="datetime64[D]")
    linear = ramp(_measure(cut="1%", full=date(2025, 1, 10), shape="linear"), days)
    assert linear == pytest.approx([0.0, *np.arange(1, 11) / 10.0, 1.0])
    curve = ramp(_measure(cut="1%", full=date(2025, 1, 10), shape="s_curve"), days)
    assert curve[5] == pytest.approx(0.5)
    assert curve[2] == pytest.approx(3 * 0.2**2 - 2 * 0.2**3)
    assert (np.diff(curve) >= 0.0).all()
    assert ramp(_measure(cut="1%"), days).tolist() == [0.0] + [1.0] * 11


@pytest.mark.parametrize(
    ("season", "n", "first", "last"),
    [
        ("all", 365, "2025-01-01", "2025-12-31"),
        ("heating", 31 + 28 + 15 + 16 + 31, "2025-01-01", "2025-12-31"),
        ("warm", 183, "2025-04-01", "2025-09-30"),
        ("cold", 182, "2025-01-01", "2025-12-31"),
        ([6, 8], 61, "2025-06-01", "2025-08-31"),
    ],
)
def test_seasons_have_their_days(season: Any, n: int, first: str, last: str) -> None:
    """Counted by hand for a year of 365 days."""
    mask = season_mask(_measure(cut="1%", season=season), _YEAR)
    assert mask.sum() == n
    assert str(_YEAR[mask][0]) == first
    assert str(_YEAR[mask][-1]) == last


def test_days_outside_the_measure_are_exactly_unchanged() -> None:
    """Before the start and outside the season the cut is 0.0 to the bit, for every draw."""
    scenario = _scenario(
        _measure(
            name="a",
            pollutants=["NOx"],
            sector="transport",
            cut="30%",
            start=date(2025, 5, 10),
            full=date(2025, 12, 31),
            shape="linear",
            season="warm",
            compliance={"mean": 0.85, "low": 0.6, "high": 1.0},
        )
    )
    made = _one(scenario, _inventory({}))
    acting = (np.datetime64("2025-05-10") <= _YEAR) & (np.datetime64("2025-09-30") >= _YEAR)
    assert (made.values[:, ~acting] == 0.0).all()
    assert (made.of("NOx")[:, acting] > 0.0).all()
    assert made.first_day == np.datetime64("2025-05-10")


def test_annual_tonnes_fall_into_the_months_of_the_season() -> None:
    """500 t of 1,000 t in two of the twelve months do not fit; 100 t do and are 100 t a year."""
    short = {"sector": "residential", "pollutants": ["NOx"], "season": [1, 2]}
    with pytest.raises(InputError, match=r"over 100 % of the 162 t .* in its months"):
        quantify(_scenario(_measure(cut="500 t", **short)), _inventory())
    table = tonnes_by_sector(_scenario(_measure(cut="100 t", **short)), _inventory(), 2025)
    assert table["cut_t"][0] == pytest.approx(100.0)


def test_months_of_a_sector_move_its_share() -> None:
    """Households that burn in January only: all their NOx is cut there, none of it in July."""
    scenario = _scenario(
        _measure(sector="residential", pollutants=["SO2"], cut="50%"),
        inventory={"months": {"residential": [1.0] + [0.0] * 11}},
    )
    made = _one(scenario, _inventory())
    january = 2000.0 * 365.0 / 31.0
    assert made.of("SO2")[0, 5] == pytest.approx(0.5 * january / (january + 6000.0))
    assert made.of("SO2")[0, 200] == 0.0
    table = tonnes_by_sector(scenario, _inventory(), 2025)
    assert table["cut_t"][0] == pytest.approx(1000.0)


def test_what_was_in_place_at_the_origin_is_no_cut() -> None:
    """Half of a 40 % cut is done by the origin: 0.6 is left of 0.8 at the end, a cut of 25 %."""
    measure = _measure(
        pollutants=["NOx"],
        cut="40%",
        start=date(2025, 1, 1),
        full=date(2025, 1, 10),
        shape="linear",
    )
    made = _one(_scenario(measure), _inventory(), since=date(2025, 1, 5))
    assert (made.values[:, :5] == 0.0).all()
    assert made.of("NOx")[0, 20] == pytest.approx(0.25)
    done = cuts_of(
        _scenario(measure), None, _YEAR, 2, np.random.default_rng(1), since=date(2025, 1, 10)
    )
    assert done == []
    # Only the part beyond the origin is scaled: 0.2 + 0.5 · 0.2 of the emission.
    half = _one(_scenario(measure), _inventory(), since=date(2025, 1, 5), scale=0.5)
    assert half.of("NOx")[0, 20] == pytest.approx(1.0 - 0.7 / 0.8)


def test_tonnes_begun_before_the_inventory_are_added_back() -> None:
    """1,000 t in full effect all through 2024 are missing in the 2024 inventory of 20,000 t."""
    scenario = _scenario(
        _measure(sector="transport", pollutants=["NOx"], cut="1000 t", start=date(2020, 1, 1))
    )
    table = tonnes_by_sector(scenario, _inventory(), 2025)
    assert table["cut_percent"][0] == pytest.approx(100.0 * 1000.0 / 21000.0)


def test_nothing_to_do_gives_no_cuts() -> None:
    """No measures, a scale of 0, and a start after the days."""
    rng = np.random.default_rng(1)
    some = _scenario(_measure(pollutants=["NOx"], cut="20%"))
    assert cuts_of(_scenario(), None, _YEAR, 5, rng) == []
    assert cuts_of(some, None, _YEAR, 5, rng, scale=0.0) == []
    late = _scenario(_measure(pollutants=["NOx"], cut="20%", start=date(2026, 1, 1)))
    assert cuts_of(late, None, _YEAR, 5, rng) == []
    with pytest.raises(UsageError, match="scale"):
        cuts_of(some, None, _YEAR, 5, rng, scale=-1.0)


def test_scopes_are_kept_apart() -> None:
    """One set of cuts for the city, one for the region."""
    found = cuts_of(
        _scenario(
            _measure(name="a", pollutants=["NOx"], cut="20%"),
            _measure(name="b", pollutants=["VOC"], cut="10%", scope="region"),
        ),
        None,
        _YEAR,
        2,
        np.random.default_rng(1),
    )
    assert [one.scope for one in found] == ["city", "region"]
    assert found[0].of("NOx") == pytest.approx(0.2)
    assert found[1].of("VOC") == pytest.approx(0.1)
    assert (found[0].of("VOC") == 0.0).all()


def test_scaling_is_proportional_until_all_is_cut() -> None:
    """Twice the package is twice the cut; beyond 100 % it stays there."""
    scenario = _scenario(_measure(pollutants=["NOx"], cut="30%"))
    assert _one(scenario, None, scale=2.0).of("NOx") == pytest.approx(0.6)
    assert (_one(scenario, None, scale=9.0).of("NOx") == 1.0).all()


def test_a_rise_is_a_negative_cut() -> None:
    """Emissions that go up by a tenth."""
    made = _one(_scenario(_measure(pollutants=["NOx"], rise="10%")), None)
    assert made.of("NOx") == pytest.approx(-0.1)


def test_whole_sectors_are_told_by_sector() -> None:
    """All pollutants of a sector alike: usable by responses that know sectors only."""
    a = _measure(name="a", sector="industry", pollutants="all", cut="50%")
    b = _measure(name="b", sector="all", pollutants="all", cut="20%")
    made = _one(_scenario(a, b), _inventory())
    assert made.sectors["industry"] == pytest.approx(0.6)
    assert made.sectors["power"] == pytest.approx(0.2)
    assert not made.sectors_only
    partial = _measure(name="c", sector="power", pollutants=["SO2"], cut="1%")
    assert quantify(_scenario(a), _inventory()).missing == ()
    with pytest.raises(InputError, match="has no sector 'power'"):
        quantify(_scenario(partial), _inventory())


def test_whole_sectors_without_an_inventory_use_national_shares() -> None:
    """Power is a fifth of the country's NOx in the table; the cuts say that they are rough."""
    made = _one(_scenario(_measure(sector="power", pollutants="all", cut="50%")), None)
    assert made.sectors_only
    assert made.sectors["power"] == pytest.approx(0.5)
    assert made.of("NOx") == pytest.approx(0.1)


def test_what_can_not_be_quantified_is_said_and_the_rest_goes_on() -> None:
    """Tonnes and a sector's pollutant need an inventory; a percentage of all does not."""
    scenario = _scenario(
        _measure(name="吨", pollutants=["NOx"], cut="4000 t"),
        _measure(name="部门", sector="industry", pollutants=["VOC"], cut="30%"),
        _measure(name="全部", pollutants=["SO2"], cut="10%"),
        _measure(name="整个部门", sector="power", pollutants="all", cut="10%"),
    )
    found = quantify(scenario, None)
    assert [gone.measure for gone in found.missing] == ["吨", "部门", "整个部门"]
    assert "缺少本地区的氮氧化物排放清单" in found.missing[0].zh
    assert "emission inventory (year, sector, t/yr) is missing" in found.missing[0].en
    assert _one(scenario, None).of("SO2") == pytest.approx(0.1)


def test_a_pollutant_that_the_inventory_lacks_is_said() -> None:
    """No NH3 at all; SO2 of transport; sectors where there are totals only."""
    lacking = quantify(_scenario(_measure(pollutants=["NH3"], cut="100 t")), _inventory())
    assert lacking.missing[0].en == "a: the inventory of 2024 has no NH3."
    roads = _measure(sector="transport", pollutants=["SO2"], cut="10%")
    assert "the sector emits no SO2" in quantify(_scenario(roads), _inventory()).missing[0].en
    totals = Inventory.of("衡水", 2024, {"total": {"NOx": 30000.0}})
    roads = _measure(sector="transport", pollutants=["NOx"], cut="10%")
    assert "as a total only" in quantify(_scenario(roads), totals).missing[0].en
    made = _one(_scenario(_measure(pollutants=["NOx"], cut="3000 t")), totals)
    assert made.of("NOx").mean() == pytest.approx(0.1, rel=0.2)


@pytest.mark.parametrize(
    ("given_", "said"),
    [
        ({"sector": "农业", "pollutants": ["NOx"], "cut": "1%"}, "has no sector '农业'"),
        ({"sector": "moon", "pollutants": ["NOx"], "cut": "1%"}, "has no sector 'moon'"),
        (
            {"sector": "transport", "pollutants": ["NOx"], "cut": "30000 t"},
            "over 100 % of the 20,000 t",
        ),
        ({"pollutants": ["NOx"], "cut": "4000万吨"}, "whole country emits"),
    ],
)
def test_measures_that_contradict_the_inventory_are_refused(
    given_: dict[str, Any], said: str
) -> None:
    """One sentence, with the measure's name and a cure."""
    with pytest.raises(InputError, match=said) as caught:
        quantify(_scenario(_measure(**given_)), _inventory())
    assert "measure 'a'" in caught.value.message
    assert caught.value.cure


def test_growth_of_a_sector_that_is_not_there_is_refused() -> None:
    """A setting that does nothing is an error."""
    with pytest.raises(InputError, match="has no such sector"):
        quantify(_scenario(growth={"mooon": 2.0}), _inventory())


def test_compliance_has_the_mean_and_the_bounds_of_the_prior() -> None:
    """Default: 0.85 between 0.6 and 1."""
    drawn = compliance_draws(Compliance(), 20000, np.random.default_rng(5))
    assert float(drawn.mean()) == pytest.approx(0.85, abs=0.003)
    assert float(drawn.min()) >= 0.6
    assert float(drawn.max()) <= 1.0
    assert (compliance_draws(Compliance.full(), 3, np.random.default_rng(5)) == 1.0).all()


def test_draws_are_shared_by_scenarios_and_by_scales() -> None:
    """The same generator state: a measure's draws do not depend on what stands beside it."""
    a = _measure(name="a", pollutants=["NOx"], cut="20%", compliance={"mean": 0.85})
    b = _measure(name="b", pollutants=["VOC"], cut="20%", compliance={"mean": 0.85})

    def drawn(*measures: Measure, scale: float = 1.0) -> PollutantCuts:
        (one,) = cuts_of(
            _scenario(*measures), _inventory({}), _YEAR, 50, np.random.default_rng(7), scale=scale
        )
        return one

    alone, beside = drawn(a), drawn(b, a)
    assert np.array_equal(alone.of("NOx"), beside.of("NOx"))
    assert float(np.std(alone.of("NOx")[:, 0])) > 0.0
    assert drawn(a, scale=0.5).of("NOx") == pytest.approx(0.5 * alone.of("NOx"))
    assert not np.array_equal(beside.of("NOx"), beside.of("VOC"))


def test_tonnes_carry_the_error_of_the_inventory() -> None:
    """10 % of VOC with ±46 %: the cut's own 80 % interval is some 60 % of it wide."""
    made = cuts_of(
        _scenario(_measure(pollutants=["VOC"], cut="2000 t")),
        _inventory({}),
        _YEAR[:2],
        4000,
        np.random.default_rng(7),
    )[0].of("VOC")[:, 0]
    low, middle, high = np.quantile(made, [0.1, 0.5, 0.9])
    assert middle == pytest.approx(0.10, rel=0.05)
    assert 0.4 < (high - low) / middle < 0.8
    percent = _one(_scenario(_measure(pollutants=["VOC"], cut="10%")), _inventory({})).of("VOC")
    assert percent == pytest.approx(0.1)


def test_the_files_own_emissions_come_before_the_table() -> None:
    """Totals printed in a plan are an inventory."""
    scenario = _scenario(
        _measure(pollutants=["NOx"], cut="670 t"),
        emissions=[{"year": 2020, "pollutant": "NOx", "amount": "6700 t"}],
    )
    found = inventory_for(scenario, None)
    assert found is not None
    assert (found.year, found.rows, found.total("NOx")) == (2020, ("total",), 6700.0)
    assert inventory_for(_scenario(), None) is None


@given(
    percents=st.lists(st.integers(1, 100), min_size=1, max_size=4),
    sectors=st.lists(st.sampled_from(["industry", "transport", "all"]), min_size=4, max_size=4),
    scale=st.floats(0.0, 3.0),
)
def test_cuts_stay_between_nothing_and_all(
    percents: list[int], sectors: list[str], scale: float
) -> None:
    """Whatever is piled up; and more is never less."""
    measures = [
        _measure(name=str(i), sector=sectors[i], pollutants=["NOx"], cut=f"{p}%")
        for i, p in enumerate(percents)
    ]
    unique = {(m.sector, m.cut): m for m in measures}.values()
    days = _YEAR[:3]

    def at(factor: float) -> np.ndarray:
        found = cuts_of(
            _scenario(*unique), _inventory({}), days, 5, np.random.default_rng(2), scale=factor
        )
        return found[0].of("NOx") if found else np.zeros((5, 3))

    less, more = at(scale), at(scale * 1.5)
    assert (less >= 0.0).all()
    assert (more <= 1.0).all()
    assert (more >= less - 1e-12).all()


def test_a_plan_of_five_years_halfway_through() -> None:
    """1,000 t, linear over 2021 to 2025, on the inventory of 2023 with 5,000 t from roads.

    500 t were in it already, so roads would emit 5,500 t; 800 t are gone by the end of 2024, 900 t in
    the mean of 2025: 100 of 4,700 t are left to cut, of roads' and others' 9,700 t on the last day 200.
    """
    inventory = Inventory.of(
        "衡水", 2023, {"transport": {"NOx": 5000.0}, "industry": {"NOx": 5000.0}}, ranges=_SURE
    )
    scenario = _scenario(
        _measure(
            sector="transport", pollutants=["NOx"], cut="1000 t", start=date(2021, 1, 1),
            full=date(2025, 12, 31), shape="linear",
        )
    )  # fmt: skip
    table = tonnes_by_sector(scenario, inventory, 2025, since=date(2024, 12, 31))
    assert table["emission_t"][0] == pytest.approx(4700.0, rel=2e-3)
    assert table["cut_t"][0] == pytest.approx(100.0, rel=5e-3)
    made = cuts_of(
        scenario, inventory, _YEAR, 1, np.random.default_rng(1), since=date(2024, 12, 31)
    )
    assert made[0].of("NOx")[0, -1] == pytest.approx(200.0 / 9700.0, rel=2e-3)
    whole = tonnes_by_sector(scenario, inventory, 2025)
    assert whole["emission_t"][0] == pytest.approx(5500.0, rel=2e-3)
    assert whole["cut_t"][0] == pytest.approx(900.0, rel=2e-3)


def test_a_percentage_halfway_through_is_divided_out() -> None:
    """40 % linear over 2021 to 2025: half of it, 20 %, is in the 3,400 t of 2023, so 4,250 t without."""
    inventory = Inventory.of("衡水", 2023, {"transport": {"NOx": 3400.0}})
    scenario = _scenario(
        _measure(
            sector="transport", pollutants=["NOx"], cut="40%", start=date(2021, 1, 1),
            full=date(2025, 12, 31), shape="linear",
        )
    )  # fmt: skip
    table = tonnes_by_sector(scenario, inventory, 2025)
    assert table["emission_t"][0] == pytest.approx(4250.0, rel=2e-3)


def test_tonnes_of_projects_add() -> None:
    """600 t and 300 t of 1,000 t leave 100 t; a percentage acts on what they leave."""
    inventory = Inventory.of("衡水", 2024, {"industry": {"SO2": 1000.0}})
    a = _measure(name="a", sector="industry", pollutants=["SO2"], cut="600 t")
    b = _measure(name="b", sector="industry", pollutants=["SO2"], cut="300 t")
    both = tonnes_by_sector(_scenario(a, b), inventory, 2025)
    assert both["cut_t"][0] == pytest.approx(900.0)
    half = _measure(name="c", sector="industry", pollutants=["SO2"], cut="50%")
    three = tonnes_by_sector(_scenario(a, b, half), inventory, 2025)
    assert three["cut_t"][0] == pytest.approx(950.0)


def test_against_another_year_needs_that_years_emission() -> None:
    """20 % below the 40,000 t of 2015 is 32,000 t: 20,000 t are below it already. Unknown, it is said."""
    scenario = _scenario(_measure(pollutants=["NOx"], cut="20%", against=2015))
    inventory = Inventory.of("衡水", 2023, {"total": {"NOx": 20_000.0}})
    found = quantify(scenario, inventory)
    assert found.levers == ()
    assert "2015 is not known" in found.missing[0].en
    then = {2015: Inventory.of("衡水", 2015, {"total": {"NOx": 40_000.0}})}
    below = tonnes_by_sector(quantify(scenario, inventory, others=then), inventory, 2025)
    assert below["cut_t"][0] == 0.0
    lower = {2015: Inventory.of("衡水", 2015, {"total": {"NOx": 15_000.0}})}
    more = tonnes_by_sector(quantify(scenario, inventory, others=lower), inventory, 2025)
    assert more["cut_t"][0] == pytest.approx(8000.0)


def test_growth_after_the_record_raises_emissions_against_it() -> None:
    """At 8 % a year, holding the level of 2025 changes nothing in 2030; without a measure it rises."""
    inventory = Inventory.of("衡水", 2025, {"total": {"SO2": 1000.0}})
    year = np.arange("2030-01-01", "2031-01-01", dtype="datetime64[D]")
    since = date(2025, 7, 2)
    hold = _scenario(
        _measure(pollutants=["SO2"], cut="0%", against=2025, start=date(2025, 8, 1)),
        growth={"all": 8.0},
    )
    held = cuts_of(hold, inventory, year, 1, np.random.default_rng(1), since=since)
    assert np.abs(held[0].of("SO2")).max() == pytest.approx(0.0, abs=1e-3)
    free = cuts_of(
        _scenario(growth={"all": 8.0}), inventory, year, 1, np.random.default_rng(1), since=since
    )
    middle = int(np.flatnonzero(year == np.datetime64("2030-07-02"))[0])
    assert free[0].of("SO2")[0, middle] == pytest.approx(1.0 - 1.08**5, rel=1e-3)
    # Half of what is projected is half of 1.47 times the level of the record.
    half = _scenario(
        _measure(pollutants=["SO2"], cut="50%", start=date(2025, 8, 1)), growth={"all": 8.0}
    )
    cut = cuts_of(half, inventory, year, 1, np.random.default_rng(1), since=since)
    assert cut[0].of("SO2")[0, middle] == pytest.approx(1.0 - 0.5 * 1.08**5, rel=1e-3)


def test_a_season_that_has_not_come_round_is_in_no_reading() -> None:
    """A heating measure that began in May acts from the next November; one of two years ago is done."""
    new = _measure(pollutants=["SO2"], cut="30%", season="heating", start=date(2024, 5, 1))
    days = np.arange("2024-07-01", "2025-01-01", dtype="datetime64[D]")
    (made,) = cuts_of(
        _scenario(new), None, days, 1, np.random.default_rng(1), since=date(2024, 6, 30)
    )
    assert made.of("SO2")[0, -1] == pytest.approx(0.3)
    old = _measure(pollutants=["SO2"], cut="30%", season="heating", start=date(2022, 5, 1))
    assert (
        cuts_of(_scenario(old), None, days, 1, np.random.default_rng(1), since=date(2024, 6, 30))
        == []
    )


def test_dust_without_an_inventory_is_not_quantified() -> None:
    """The nation's inventory has no dust of roads and sites: nothing is answered with 0."""
    found = quantify(_scenario(_measure(sector="dust", pollutants="all", cut="50%")), None)
    assert found.levers == ()
    assert "inventory of the region's own is missing" in found.missing[0].en


def test_against_a_year_without_an_inventory_is_said() -> None:
    """Less is known than with an inventory of another year, so less is answered."""
    found = quantify(_scenario(_measure(pollutants=["NOx"], cut="20%", against=2020)), None)
    assert found.levers == ()
    assert "2020 is not known" in found.missing[0].en
