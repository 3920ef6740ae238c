"""Ozone: signs and sizes of published runs, regimes, bounds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.errors import UsageError
from forecast.scenario.ozone import (
    REGIMES,
    OzoneDraws,
    Regime,
    draw_ozone,
    ozone_factor,
    regime_probabilities,
)
from forecast.scenario.pollutants import POLLUTANTS
from forecast.scenario.regions import find_region

#: NOx and VOC of whole sectors: transport and power, industry, homes and industry, all.
TRANSPORT_POWER, INDUSTRY, HOMES_INDUSTRY = (0.53, 0.18), (0.41, 0.64), (0.46, 0.80)
#: Mean of the season in the emulator, 43.3 ppb [µg/m³].
SEASON_MEAN = 86.6


def row(nox: float, voc: float) -> np.ndarray:
    """Cuts of one set, (1, 1, pollutant)."""
    found = np.zeros((1, 1, len(POLLUTANTS)))
    found[0, 0, POLLUTANTS.index("NOx")] = nox
    found[0, 0, POLLUTANTS.index("VOC")] = voc
    return found


def draws(region: str, n: int = 6000, regime: Regime | None = None, **more: bool) -> OzoneDraws:
    """Draws of a region."""
    return draw_ozone(find_region(region), n, np.random.default_rng(3), regime=regime, **more)


def season_change(region: str, nox: float, voc: float, mean: float = SEASON_MEAN) -> float:
    """Mean change of the warm season's O3 [%], background included."""
    d = draws(region)
    part = 1 - np.minimum(d.background[0] / mean, 1)
    return float(100 * (part * (ozone_factor(row(nox, voc), d, cold=False)[:, 0] - 1)).mean())


def test_the_lockdown_has_its_signs() -> None:
    """Up in the north, balanced in the centre, down in the south (winter 2020)."""
    change = {
        region: ozone_factor(row(nox, voc), draws(region), cold=True)[:, 0] - 1
        for region, nox, voc in (
            ("North", 0.46, 0.32),
            ("South-central", 0.49, 0.24),
            ("GBA", 0.50, 0.50),
        )
    }
    assert (change["North"] > 0).mean() > 0.65 and change["North"].mean() > 0.02
    assert 0.35 < (change["South-central"] > 0).mean() < 0.65
    assert abs(change["South-central"].mean()) < 0.06
    assert (change["GBA"] > 0).mean() < 0.35 and change["GBA"].mean() < -0.1


@pytest.mark.parametrize(
    ("region", "published"),
    [
        ("North", (2, -3, -5)),
        ("North-east", (-1, -3, -5)),
        ("East", (4, -5, -8)),
        ("South-central", (-2, -10, -14)),
        ("South-west", (-7, -10, -16)),
        ("North-west", (-6, -7, -9)),
    ],
)
def test_whole_sectors_move_the_season_by_what_was_published(
    region: str, published: tuple[float, float, float]
) -> None:
    """Transport and power; industry; homes and industry: within 5 points of the emulator."""
    for (nox, voc), value in zip(
        (TRANSPORT_POWER, INDUSTRY, HOMES_INDUSTRY), published, strict=True
    ):
        assert season_change(region, nox, voc) == pytest.approx(value, abs=5)


def test_the_page_says_what_the_fit_misses() -> None:
    """The table of published and made changes is what the shipped parameters give."""
    page = (Path(__file__).parents[2] / "docs" / "scenario_air.md").read_text(encoding="utf-8")

    def told(value: float) -> str:
        return f"{value:+.1f}".replace("-", "−")

    for region in (
        "North",
        "North-east",
        "East",
        "South-central",
        "South-west",
        "North-west",
        "GBA",
    ):
        line = next(x for x in page.splitlines() if x.startswith(f"| {region} | "))
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        made = [
            told(season_change(region, *cut)) for cut in (TRANSPORT_POWER, INDUSTRY, HOMES_INDUSTRY)
        ]
        assert cells[2::2][:3] == made
        assert cells[7] == told(season_change(region, *HOMES_INDUSTRY, mean=200.0))


def test_all_emissions_move_the_season_by_a_seventh_to_a_third() -> None:
    """Published: -14 to -30 % without any emission."""
    for region in ("North", "East", "South-central", "South-west", "North-west", "GBA"):
        assert -32 < season_change(region, 1.0, 1.0) < -12


def test_transport_alone_raises_ozone_most_in_the_bay() -> None:
    """Published order: bay, then east, then north; south-west falls."""
    found = [season_change(r, *TRANSPORT_POWER) for r in ("GBA", "North-east", "South-west")]
    assert found[0] > 0 > found[1] > found[2]


def test_saturated_rises_to_its_turning_point_and_breaks_even_at_twice_it() -> None:
    """b1 n + b2 n² with b2 = -b1/(2 n*): largest at n*, zero at 2 n*."""
    d = draws("全国", 50, regime="saturated")
    place = (np.arange(50),)
    turn = -d.nox[0, 0][place] / (2 * d.nox_square[0, 0][place])
    assert (turn >= 0.25).all() and (turn <= 0.55).all()
    for i in range(5):
        one = d.take(np.array([i]))
        at, before, beyond, twice = (
            float(ozone_factor(row(n, 0.0), one, cold=False)[0, 0])
            for n in (turn[i], turn[i] - 0.1, turn[i] + 0.1, min(2 * turn[i], 1.0))
        )
        assert at > before and at > beyond and at > 1
        if 2 * turn[i] <= 1:
            assert twice == pytest.approx(1.0, abs=1e-12)


def test_regimes_have_their_signs() -> None:
    """A small NOx cut: up when saturated, down when limited; a VOC cut down, least when limited."""
    nox = {r: ozone_factor(row(0.15, 0), draws("全国", regime=r), cold=False) - 1 for r in REGIMES}
    voc = {r: ozone_factor(row(0, 0.3), draws("全国", regime=r), cold=False) - 1 for r in REGIMES}
    assert (nox["saturated"] > 0).all() and (nox["limited"] < 0).all()
    assert 0.1 < (nox["transitional"] > 0).mean() < 0.6
    assert all((v < 0).all() for v in voc.values())
    assert voc["saturated"].mean() < voc["transitional"].mean() < 5 * voc["limited"].mean() < 0


@given(st.floats(-0.5, 1.0), st.floats(-0.5, 1.0), st.booleans())
def test_ozone_stays_between_background_and_reason(nox: float, voc: float, cold: bool) -> None:
    """F is 0 or more and never doubles anything."""
    factor = ozone_factor(row(nox, voc), draws("华东", 200), cold=cold)
    assert (factor >= 0).all() and (factor < 4).all()


def test_no_cut_leaves_ozone_exactly() -> None:
    """Also with radical uptake and a local share."""
    d = draws("华北", 300, uptake=True)
    same = ozone_factor(
        row(0, 0), d, cold=True, region_cuts=row(0, 0), pm25_ratio=np.ones((300, 1))
    )
    assert (same == 1.0).all()


def test_a_city_alone_moves_ozone_less() -> None:
    """L between 0 and 1 of the response."""
    d = draws("华北", 500)
    alone = ozone_factor(row(0.2, 0.4), d, cold=False, region_cuts=row(0, 0)) - 1
    all_of_them = ozone_factor(row(0.2, 0.4), d, cold=False) - 1
    free = all_of_them > -0.99
    assert (np.abs(alone) <= np.abs(all_of_them) + 1e-12)[free].all()
    assert (alone / all_of_them)[free] == pytest.approx(np.repeat(d.local, 1)[free[:, 0]])


def test_radical_uptake_is_off_unless_asked_for() -> None:
    """Less PM2.5 changes O3 only with ``uptake``, by its draw."""
    pm25 = np.full((200, 1), 0.7)
    off = ozone_factor(row(0, 0.1), draws("华北", 200), cold=False, pm25_ratio=pm25)
    plain = ozone_factor(row(0, 0.1), draws("华北", 200), cold=False)
    d = draws("华北", 200, uptake=True)
    on = ozone_factor(row(0, 0.1), d, cold=False, pm25_ratio=pm25)
    assert (off == plain).all()
    assert (on - plain)[:, 0] == pytest.approx(0.3 * d.uptake)


def test_the_mixture_has_its_probabilities() -> None:
    """Regimes are drawn as the table says; one regime pairs with the mixture."""
    d = draws("华北", 20000)
    share = np.bincount(d.regime[1], minlength=3) / 20000
    assert share == pytest.approx(regime_probabilities(find_region("华北"), "cold"), abs=0.01)
    fixed = draws("华北", 20000, regime="limited")
    assert (fixed.regime == 2).all() and (fixed.nox == d.nox).all()
    assert (d.with_regime("limited").regime == 2).all()


def test_evidence_moves_the_regimes_and_disagreement_widens() -> None:
    """HCHO/NO2 of 5 says limited to both rules; 2.1 says limited to one, saturated to the other."""
    place = find_region("华北")
    prior = regime_probabilities(place, "warm")
    both = regime_probabilities(place, "warm", hcho_no2=5.0)
    split = regime_probabilities(place, "warm", hcho_no2=2.1)
    assert both[2] > 2 * prior[2]
    assert split[0] > both[0] and prior[2] < split[2] < both[2]
    assert regime_probabilities(place, "warm", no2=50.0)[0] > prior[0]
    assert regime_probabilities(place, "warm", no2=20.0)[2] > prior[2]
    assert regime_probabilities(place, "warm", suburban=True)[2] > prior[2]
    for found in (prior, both, split):
        assert found.sum() == pytest.approx(1.0)


def test_own_probabilities_are_taken() -> None:
    """A local EKMA that is sure."""
    d = draw_ozone(
        find_region("华北"),
        100,
        np.random.default_rng(1),
        probabilities={"warm": np.array([0.0, 1.0, 0.0])},
    )
    assert (d.regime[0] == 1).all() and not (d.regime[1] == 1).all()


def test_wrong_words_for_ozone() -> None:
    """An unknown season, regime, or a ratio that is none."""
    place = find_region("华北")
    with pytest.raises(UsageError):
        regime_probabilities(place, "spring")
    with pytest.raises(UsageError):
        regime_probabilities(place, "warm", hcho_no2=-1.0)
    with pytest.raises(UsageError):
        draws("华北", 5).with_regime("wet")  # type: ignore[arg-type]
