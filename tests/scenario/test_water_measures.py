"""Measures on loads of water: kinds and names of sources, tonnes and their loads."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest

from forecast.errors import InputError
from forecast.scenario.scenario_model import Scenario
from forecast.scenario.water_measures import water_cuts_of
from forecast.scenario.water_sections import WaterSection, WaterSource

_DAYS = np.arange("2025-01-01", "2026-01-01", dtype="datetime64[D]")
_SECTIONS = (
    WaterSection(
        "断面甲",
        (
            WaterSource("污水厂", "point", {"cod": 300.0, "nh3n": 20.0}),
            WaterSource("农田", "farmland", {"cod": 700.0}),
        ),
    ),
)


def _scenario(**given: Any) -> Scenario:
    full = {"name": "a", "start": date(2025, 4, 1), "compliance": 1.0, **given}
    return Scenario.model_validate({"name": "s", "region": "甲", "measures": [full]})


def _cuts(scenario: Scenario, **given: Any) -> Any:
    return water_cuts_of(scenario, _SECTIONS, _DAYS, 2, np.random.default_rng(1), **given)


def test_tonnes_are_parts_of_the_loads_they_act_on() -> None:
    """100 t of COD: a tenth of all, a third of the plant; nothing before April."""
    for sector, kind, source, fraction in (
        ("all", "", "", 0.1),
        ("point", "point", "", 1 / 3),
        ("污水厂", "", "污水厂", 1 / 3),
    ):
        cuts, missing = _cuts(_scenario(sector=sector, pollutants=["COD"], cut="100 t"))
        (one,) = cuts.cuts
        assert missing == ()
        assert (one.kind, one.source, one.item) == (kind, source, "cod")
        assert (one.values[:, :3] == 0.0).all()
        assert one.values[:, 3:] == pytest.approx(fraction)


def test_percent_and_scale_and_origin() -> None:
    """20 % doubled is 40 %; what is in place at the origin is its level and is not scaled."""
    scenario = _scenario(pollutants=["TP"], cut="20%")
    assert _cuts(scenario, scale=2.0)[0].cuts[0].values[:, 5] == pytest.approx(0.4)
    (one,) = _cuts(scenario, scale=2.0, since=date(2025, 6, 30))[0].cuts
    assert one.values[:, 3:] == pytest.approx(0.2)
    assert one.level is not None
    assert one.level[:, 5] == pytest.approx(0.2)


def test_the_scale_acts_beyond_the_origin() -> None:
    """Ten days from 6 June, a tenth more each: 5 tenths on the 10th, of 20 %. At λ the last day has
    5 + 5 λ tenths; the month of the origin has the state of its day as its level."""
    scenario = _scenario(
        cut="20%", pollutants=["COD"], start=date(2025, 6, 6), full=date(2025, 6, 15),
        shape="linear",
    )  # fmt: skip
    for scale in (1.0, 2.0, 3.0):
        (one,) = _cuts(scenario, scale=scale, since=date(2025, 6, 10))[0].cuts
        assert one.values[:, 6:] == pytest.approx(0.2 * (0.5 + 0.5 * scale))
        assert one.level is not None
        assert one.level[:, 5] == pytest.approx(0.1)
        # Five days up to the origin, five on which λ times 1 to 5 tenths are added, fifteen after.
        tenths = (0.1 + 0.2 + 0.3 + 0.4 + 0.5) + (5 * 0.5 + scale * 1.5) + 15 * (0.5 + 0.5 * scale)
        assert one.values[:, 5] == pytest.approx(0.2 * tenths / 30)


def test_a_cut_against_a_year_asks_for_the_loads_of_that_year() -> None:
    """The loads have no year, so it is not taken for one of today's."""
    for cut in ("40%", "100 t"):
        cuts, (why,) = _cuts(_scenario(pollutants=["COD"], cut=cut, against=2015))
        assert cuts.cuts == ()
        assert "2015 年的化学需氧量负荷" in why.zh
        assert "loads of COD in 2015" in why.en
        assert "without against" in why.en


def _two_farms(first: WaterSource, second: WaterSource) -> Any:
    sections = (WaterSection("甲", (first,)), WaterSection("乙", (second,)))
    scenario = _scenario(sector="farmland", pollutants=["COD"], cut="150 t")
    return water_cuts_of(scenario, sections, _DAYS, 1, np.random.default_rng(1))[0].cuts


def test_tonnes_of_sources_above_several_sections() -> None:
    """150 t of 300 and 3,000 t are 150/3300; of one source above two sections 150/300."""
    two = _two_farms(
        WaterSource("农田甲", "farmland", {"cod": 300.0}),
        WaterSource("农田乙", "farmland", {"cod": 3000.0}),
    )
    assert two[0].values[0, -1] == pytest.approx(150 / 3300)
    one = WaterSource("农田", "farmland", {"cod": 300.0})
    assert _two_farms(one, one)[0].values[0, -1] == pytest.approx(0.5)
    for other in (
        WaterSource("农田", "farmland", {"cod": 3000.0}),
        WaterSource("农田", "farmland", {"tp": 3.0}),
    ):
        with pytest.raises(InputError, match="'农田' is farmland with 300 t of COD above 甲, but"):
            _two_farms(one, other)


def test_tonnes_without_a_load_and_without_a_source() -> None:
    """Said, and refused."""
    cuts, missing = _cuts(_scenario(sector="farmland", pollutants=["NH3N"], cut="10 t"))
    assert cuts.cuts == ()
    assert "氨氮" in missing[0].zh
    with pytest.raises(InputError, match="no section has a source '工厂'"):
        _cuts(_scenario(sector="工厂", pollutants=["COD"], cut="10 t"))
    with pytest.raises(InputError, match="over 100 % of the 300 t"):
        _cuts(_scenario(sector="point", pollutants=["COD"], cut="400 t"))
