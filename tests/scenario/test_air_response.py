"""Packages of cuts become factors on the six items: exact where nothing is cut, bounded elsewhere."""

from __future__ import annotations

import numpy as np
import pytest

from forecast.errors import UsageError
from forecast.scenario.air_defaults import (
    air_default_rows,
    air_priors,
    regime_rows,
    sector_share_rows,
)
from forecast.scenario.air_response import (
    AirDraws,
    AirFactors,
    air_factors,
    draw_air,
    is_cold,
    pollutants_of_sectors,
)
from forecast.scenario.cuts import PollutantCuts, Scope, unchanged
from forecast.scenario.ozone import REGIMES
from forecast.scenario.pm25_components import component_ratio
from forecast.scenario.pollutants import POLLUTANTS, SECTORS
from forecast.standards.items import AIR_ITEMS

N = 40
YEAR = np.arange("2025-01-01", "2026-01-01", dtype="datetime64[D]")
FROM_JUNE = np.arange(365) >= 151


def draws(n: int = N, region: str = "衡水") -> AirDraws:
    """Draws of a city."""
    return draw_air(region, n, np.random.default_rng(5))


def package(
    scope: Scope = "region",
    days: np.ndarray = YEAR,
    on: np.ndarray | None = None,
    n: int = N,
    sectors: dict[str, float] | None = None,
    **cuts: float,
) -> PollutantCuts:
    """The same cuts on the days of ``on``."""
    active = np.ones(len(days)) if on is None else on.astype(float)
    values = np.zeros((n, len(days), len(POLLUTANTS)))
    for name, cut in cuts.items():
        values[:, :, POLLUTANTS.index(name)] = cut * active
    by_sector = {
        s: np.broadcast_to(c * active, (n, len(days))).copy() for s, c in (sectors or {}).items()
    }
    return PollutantCuts(days, values, scope, by_sector)


def of(factors: AirFactors, item: str) -> np.ndarray:
    """F of one item, (draw, day)."""
    return factors.values[:, :, AIR_ITEMS.index(item)]


EVERYTHING = dict.fromkeys(POLLUTANTS, 0.3)


@pytest.mark.parametrize("cuts", [[], [unchanged(YEAR, N)], [unchanged(YEAR, 1, "region")]])
def test_no_cut_is_exactly_one(cuts: list[PollutantCuts]) -> None:
    """No package, or one without a cut."""
    found = air_factors(cuts, draws(), YEAR)
    assert found.values.dtype == np.float32 and found.background.dtype == np.float32
    assert (found.values == 1).all() and found.values.shape == (N, 365, 6)


def test_days_before_the_start_are_exactly_one() -> None:
    """Only the days that are cut have a factor, on all six items."""
    found = air_factors([package(on=FROM_JUNE, **EVERYTHING)], draws(), YEAR).values
    assert (found[:, ~FROM_JUNE] == 1).all()
    assert (found[:, FROM_JUNE] != 1).all()


def test_an_item_that_nothing_touches_is_exactly_one() -> None:
    """SO2 alone moves SO2, PM2.5 and PM10, nothing else."""
    found = air_factors([package(SO2=0.5)], draws(), YEAR)
    changed = {item for item in AIR_ITEMS if (of(found, item) != 1).any()}
    assert changed == {"so2", "pm25", "pm10"}


def test_factors_are_those_of_the_parts() -> None:
    """PM2.5 of the component model by season; gases by proportion; one factor a season."""
    d = draws()
    found = air_factors([package(**EVERYTHING)], d, YEAR)
    cuts = np.full((1, 1, len(POLLUTANTS)), 0.3)
    cold = is_cold(YEAR)
    for season in (False, True):
        expected = component_ratio(cuts, d.pm25, cold=season).astype(np.float32)
        assert (of(found, "pm25")[:, cold == season] == expected).all()
    assert of(found, "no2") == pytest.approx(np.float32(0.7))
    assert of(found, "co") == pytest.approx(np.float32(0.7))


def test_a_city_alone_reaches_its_local_share() -> None:
    """NO2, SO2 and CO: 1 - L·c with the item's own L; region-wide 1 - c."""
    d = draws()
    alone = air_factors([package("city", **EVERYTHING)], d, YEAR)
    for gas in ("so2", "no2", "co"):
        local = getattr(d.rollback, f"{gas}_local")
        assert of(alone, gas)[:, 0] == pytest.approx((1 - local * 0.3).astype(np.float32))
    everywhere = air_factors([package("region", **EVERYTHING)], d, YEAR)
    # A single draw may profit less from the region where NOx cuts harm in winter; the mean does not.
    warm = ~is_cold(YEAR)
    assert (of(alone, "pm25")[:, warm] >= of(everywhere, "pm25")[:, warm]).all()


def test_scopes_combine_on_what_is_left() -> None:
    """City 0.2 on top of region 0.5: 0.6 inside, 0.5 around."""
    d = draws()
    both = air_factors([package("city", NOx=0.2), package("region", NOx=0.5)], d, YEAR)
    local = d.rollback.no2_local
    assert of(both, "no2")[:, 7] == pytest.approx((1 - (0.5 + local * 0.1)).astype(np.float32))
    twice = air_factors([package(CO=0.5), package(CO=0.5)], d, YEAR)
    assert of(twice, "co") == pytest.approx(np.float32(0.25))


def test_all_cut_stays_at_the_background() -> None:
    """100 % of everything: PM2.5 keeps B, PM10 its dust, gases their background, O3 no less than O_b."""
    d = draws(500)
    found = air_factors([package(n=1, **dict.fromkeys(POLLUTANTS, 1.0))], d, YEAR)
    assert (of(found, "pm25") >= d.pm25.background[:, None].astype(np.float32) - 1e-6).all()
    assert (of(found, "pm10") >= d.rollback.pm10_dust[:, None].astype(np.float32) - 1e-6).all()
    assert (found.values >= 0).all()
    assert (found.background >= 0).all()
    assert (of(found, "no2") == 0).all()


def test_growth_raises_what_it_should() -> None:
    """Negative cuts: gases and particles rise."""
    found = air_factors([package(**dict.fromkeys(POLLUTANTS, -0.2))], draws(), YEAR)
    for item in ("so2", "no2", "co"):
        assert of(found, item) == pytest.approx(np.float32(1.2))
    assert (of(found, "pm10") > 1).all() and np.median(of(found, "pm25")) > 1.05


def test_pm10_falls_by_what_pm25_falls_and_keeps_its_dust() -> None:
    """By hand: 1 - w·(1 - F25) - (1 - w - dust)·c."""
    d = draws()
    found = air_factors([package(PM25=0.4, PM10=0.4)], d, YEAR)
    r = d.rollback
    fine = r.pm10_fine * (1 - of(found, "pm25")[:, 100])
    coarse = np.maximum(1 - r.pm10_fine - r.pm10_dust, 0) * 0.4
    assert of(found, "pm10")[:, 100] == pytest.approx(1 - fine - coarse, rel=1e-5)


def test_days_of_dust_and_fireworks_are_untouched() -> None:
    """A mask for all draws, and one for each."""
    mask = np.zeros(365, dtype=bool)
    mask[[40, 200]] = True
    found = air_factors([package(**EVERYTHING)], draws(), YEAR, untouched=mask).values
    assert (found[:, mask] == 1).all() and (found[:, ~mask] != 1).all()
    each = np.random.default_rng(1).random((N, 365)) < 0.1
    found = air_factors([package(**EVERYTHING)], draws(), YEAR, untouched=each).values
    assert (found[each] == 1).all() and (found[~each] != 1).all()


def test_runs_of_days_give_the_same_as_each_day_alone() -> None:
    """Days that share a factor, a ramp, a gap, draws that differ on some days only."""
    rng = np.random.default_rng(6)
    days = YEAR[60:130]
    values = np.zeros((N, len(days), len(POLLUTANTS)))
    values[:, 10:40] = rng.random((N, 1, 7)) * 0.4
    values[:, 40:60] = rng.random((N, 1, 7)) * np.linspace(0.1, 0.4, 20)[None, :, None]
    values[3, 15, 2] += 0.1
    values[0, 20] = 0.0
    d = draws()
    together = air_factors([PollutantCuts(days, values, "city")], d, days).values
    for i, day in enumerate(days):
        alone = air_factors(
            [PollutantCuts(days[i : i + 1], values[:, i : i + 1], "city")], d, days[i : i + 1]
        )
        assert alone.values[:, 0] == pytest.approx(together[:, i], abs=1e-6), day


def test_cuts_of_other_days_are_aligned() -> None:
    """A package that knows some days only leaves the others; later days of its own do not matter."""
    part = YEAR[100:200]
    found = air_factors([package(days=part, CO=0.5)], draws(), YEAR)
    inside = np.isin(YEAR, part)
    assert of(found, "co")[:, inside] == pytest.approx(np.float32(0.5))
    assert (of(found, "co")[:, ~inside] == 1).all()
    shorter = air_factors([package(CO=0.5)], draws(), part)
    assert shorter.values.shape == (N, 100, 6)


def test_background_changes_with_the_half_year() -> None:
    """O3 has a warm and a cold one, gases one; PM none beside F."""
    d = draws()
    found = air_factors([], d, YEAR).background
    cold = is_cold(YEAR)
    o3 = found[:, :, AIR_ITEMS.index("o3_8h")]
    assert (o3[:, cold] == d.ozone.background[1][:, None].astype(np.float32)).all()
    assert (o3[:, ~cold] == d.ozone.background[0][:, None].astype(np.float32)).all()
    assert (found[:, :, AIR_ITEMS.index("pm25")] == 0).all()


def test_sectors_alone_give_pm25() -> None:
    """The sector model of PM2.5; the other items from the rough parts of the sectors."""
    d = draws(300)
    cut = {"industry": 1.0}
    values = pollutants_of_sectors({"industry": np.ones((300, 365))})
    cuts = PollutantCuts(YEAR, values, "region", {"industry": np.ones((300, 365))})
    found = air_factors([cuts], d, YEAR, pm25_model="sectors")
    assert 0.62 < np.median(of(found, "pm25")) < 0.75
    assert of(found, "so2")[0, 0] == pytest.approx(1 - 0.58)
    alone = air_factors(
        [package("city", n=300, sectors=cut, SO2=0.58)], d, YEAR, pm25_model="sectors"
    )
    assert (of(alone, "pm25") > of(found, "pm25")).all()
    assert (air_factors([unchanged(YEAR, 1)], d, YEAR, pm25_model="sectors").values == 1).all()


def test_parts_of_the_sectors_add_to_the_whole() -> None:
    """All sectors stopped: every pollutant is gone."""
    one = np.ones((1, 1))
    found = pollutants_of_sectors(dict.fromkeys(SECTORS, one))
    assert found == pytest.approx(np.ones((1, 1, 7)))


def test_one_regime_shares_everything_else() -> None:
    """Only O3 differs between regimes; draws pair."""
    d = draws(400)
    cuts = [package(n=1, NOx=0.2)]
    found = {r: air_factors(cuts, d.with_regime(r), YEAR) for r in REGIMES}
    assert (of(found["saturated"], "pm25") == of(found["limited"], "pm25")).all()
    assert of(found["saturated"], "o3_8h").mean() > 1 > of(found["limited"], "o3_8h").mean()
    direct = draw_air("衡水", 400, np.random.default_rng(5), regime="limited")
    assert (air_factors(cuts, direct, YEAR).values == found["limited"].values).all()


def test_held_parameters_are_all_alike() -> None:
    """Without uncertainty all draws answer the same; without δ alone they still differ."""
    d = draws(400)
    cuts = [package(n=1, **EVERYTHING)]
    none = air_factors(cuts, d.held(), YEAR).values
    assert (none == none[:1]).all()
    spread = [
        of(air_factors(cuts, x, YEAR), "pm25")[:, 0].std()
        for x in (d, d.held(["discrepancy"]), d.held(["sensitivity"]))
    ]
    assert spread[0] > spread[1] > 0 and spread[0] > spread[2] > 0
    assert d.held().pm25.primary.shape == (400,) and d.held().sectors.shares.shape == (400, 5)
    total = d.held().pm25
    assert total.primary + total.inorganic + total.organic + total.background == pytest.approx(1.0)


def test_paired_packages_differ_with_one_sign() -> None:
    """More primary dust cut, less PM2.5 on every draw and day."""
    d = draws(300)
    less, more = (of(air_factors([package(n=1, PM25=c)], d, YEAR), "pm25") for c in (0.1, 0.2))
    assert (more < less).all()


def test_draws_do_not_depend_on_the_place_or_their_later_use() -> None:
    """The same state of the generator: pairs, and the same again."""
    a, b = draws(50), draws(50, "贵阳")
    assert (a.pm25.discrepancy == b.pm25.discrepancy).all()
    assert (a.take(np.arange(50)).ozone.regime == a.ozone.regime).all()


def test_what_does_not_fit_is_refused() -> None:
    """Numbers of draws that differ, no sectors, unknown words."""
    with pytest.raises(UsageError, match="39 draws"):
        air_factors([package(n=39, CO=0.1)], draws(), YEAR)
    with pytest.raises(UsageError, match="sector"):
        air_factors([package(CO=0.1)], draws(), YEAR, pm25_model="sectors")
    with pytest.raises(UsageError):
        draw_air("衡水", 0, np.random.default_rng(1))
    with pytest.raises(UsageError):
        draw_air("衡水", 5, np.random.default_rng(1), overrides={"nope": 1.0})
    with pytest.raises(UsageError):
        pollutants_of_sectors({"moon": np.ones((1, 1))})
    with pytest.raises(UsageError):
        pollutants_of_sectors({})


def test_every_default_has_its_grade_and_source() -> None:
    """Nothing is printed without them; own numbers say so."""
    rows = air_default_rows("黔东南", overrides={"L": 0.6, "o3_local": 0.5, "no2_local": 0.9})
    grades = {str(r["parameter"]): r["grade"] for r in rows}
    assert set(grades.values()) == {"verified", "judgement", "user"}
    assert {k for k, v in grades.items() if v == "user"} == {"L", "o3_local", "no2_local"}
    assert all(r["source"] for r in rows) and set(grades) == set(air_priors("黔东南"))
    # A centre moved for a region that nobody measured is judgement there.
    moved = {str(r["parameter"]): r for r in air_default_rows("黔东南")}["e_so2"]
    assert moved["grade"] == "judgement" and "Guizhou" in str(moved["source"])
    assert [r["season"] for r in regime_rows("黔东南")] == ["warm", "cold"]
    assert all(r["grade"] for r in regime_rows("黔东南"))
    assert [r["weight"] for r in sector_share_rows("郑州")] == ["0.6", "0.4"]
