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
    """20 % doubled is 40 %; a measure in place at the origin is no cut."""
    scenario = _scenario(pollutants=["TP"], cut="20%")
    assert _cuts(scenario, scale=2.0)[0].cuts[0].values[:, 5] == pytest.approx(0.4)
    assert _cuts(scenario, since=date(2025, 6, 30))[0].cuts == ()


def test_tonnes_without_a_load_and_without_a_source() -> None:
    """Said, and refused."""
    cuts, missing = _cuts(_scenario(sector="farmland", pollutants=["NH3N"], cut="10 t"))
    assert cuts.cuts == ()
    assert "氨氮" in missing[0].zh
    with pytest.raises(InputError, match="no section has a source '工厂'"):
        _cuts(_scenario(sector="工厂", pollutants=["COD"], cut="10 t"))
    with pytest.raises(InputError, match="over 100 % of the 300 t"):
        _cuts(_scenario(sector="point", pollutants=["COD"], cut="400 t"))
