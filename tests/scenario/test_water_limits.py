"""The domain of cuts of loads: multipliers of the kinds of sources above a section."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from water_made import section

from forecast.scenario.limits import refused
from forecast.scenario.water_cuts import WaterCut, WaterCuts
from forecast.scenario.water_limits import (
    LoadMultiplier,
    largest_water_scale,
    load_findings,
    load_multipliers,
    most_cut,
    unchecked_finding,
)
from forecast.scenario.water_sections import WaterSource

_MONTHS = np.arange("2025-01", "2027-01", dtype="datetime64[M]")
_YEAR = _MONTHS[12:]


def _cut(size: float, start: str = "2026-04", **given: str) -> WaterCut:
    return WaterCut(np.where(np.datetime64(start) <= _MONTHS, size, 0.0)[None], **given)


def _rows(*cuts: WaterCut, reference: str = "2025-12", **changes: object) -> list[LoadMultiplier]:
    made = (section(**changes),)
    return load_multipliers(
        WaterCuts(_MONTHS, cuts), made, _YEAR, reference=np.datetime64(reference)
    )


def test_a_deep_cut_is_an_extrapolation() -> None:
    """80 % of the works' COD leaves 0.2 of it; 60 % leaves 0.4, which is inside."""
    rows = _rows(_cut(0.8, kind="point", item="cod"))
    assert [(r.kind, r.item, r.high) for r in rows] == [("point", "cod", 1.0)]
    assert rows[0].low == pytest.approx(0.2)
    (found,) = load_findings(rows)
    assert (found.rule, found.kind) == ("extrapolation", "warning")
    assert "桥头点源的化学需氧量（0.20）" in found.zh
    assert "COD of point sources above 桥头 (0.20)" in found.en
    assert load_findings(_rows(_cut(0.6, kind="point"))) == []
    assert load_findings([]) == []


def test_growth_beyond_a_half_is_refused() -> None:
    """+30 % is beyond 1.2, +60 % beyond 1.5."""
    (found,) = load_findings(_rows(_cut(-0.3, kind="farmland", item="tp")))
    assert found.rule == "extrapolation"
    assert "TP of farmland above 桥头 (1.30)" in found.en
    stop = refused(load_findings(_rows(_cut(-0.6, kind="farmland", item="tp"))))
    assert stop is not None
    assert "1.60" in stop.en and "0–1.5" in stop.zh


def test_a_kind_is_all_its_sources() -> None:
    """A works of 250 t closes beside one of 750 t: three quarters are left of the kind."""
    two = (
        WaterSource("大厂", "point", {"cod": 750.0}),
        WaterSource("小厂", "point", {"cod": 500.0}, delivery=0.5),
    )
    (row,) = _rows(_cut(1.0, source="小厂"), sources=two)
    assert row.low == pytest.approx(0.75)
    assert largest_water_scale([row]) == pytest.approx(0.6 / 0.25)


def test_what_the_record_holds_is_the_unit() -> None:
    """40 % in place of 70 %: 0.3 of 0.6 are left. In place in full: nothing changes."""
    values = np.where(np.datetime64("2026-01") <= _MONTHS, 0.7, 0.4)[None]
    (row,) = _rows(WaterCut(values, kind="point", item="cod"))
    assert row.low == pytest.approx(0.5)
    assert largest_water_scale([row]) == pytest.approx(1.2)
    assert _rows(_cut(0.4, "2025-01", kind="point")) == []
    # In place in summer alone, as it was last summer.
    season = np.r_[np.zeros(3), np.ones(6), np.zeros(3)]
    level = np.full((1, 24), 0.7)
    standing = WaterCut(level * np.tile(season, 2), kind="point", level=level, season=season)
    assert _rows(standing) == []


def test_the_largest_scale_stays_within_the_domain() -> None:
    """30 % of one and 20 % of another: 0.6/0.3. Growth by 10 %: 0.2/0.1."""
    rows = _rows(_cut(0.3, kind="point", item="cod"), _cut(0.2, kind="farmland", item="cod"))
    assert largest_water_scale(rows) == pytest.approx(2.0)
    assert largest_water_scale(_rows(_cut(-0.1, kind="point"))) == pytest.approx(2.0)
    assert largest_water_scale([]) == float("inf")


def test_inflows_and_codmn_of_cod() -> None:
    """What comes from upstream has a row of its own; loads of CODMn fall with a cut of COD."""
    rows = _rows(_cut(0.7, kind="upstream", item="nh3n"))
    assert [(r.kind, r.item, round(r.low, 2)) for r in rows] == [("upstream", "nh3n", 0.3)]
    sources = tuple(replace(s, loads={"codmn": s.loads["cod"]}) for s in section().sources)
    rows = _rows(_cut(0.7, kind="point", item="cod"), sources=sources)
    assert [(r.kind, r.item, round(r.low, 2)) for r in rows] == [("point", "codmn", 0.3)]


def test_the_most_that_a_measure_takes() -> None:
    """The larger of 30 and 90 %, alone; 20 % in place of 60 % is half of what is left."""
    cuts = WaterCuts(_MONTHS, (_cut(0.3, kind="point"), _cut(0.9, source="农田", item="tp")))
    assert most_cut(cuts, _YEAR, reference=np.datetime64("2025-12")) == pytest.approx(0.9)
    values = np.where(np.datetime64("2026-01") <= _MONTHS, 0.6, 0.2)[None]
    one = WaterCuts(_MONTHS, (WaterCut(values, kind="point"),))
    assert most_cut(one, _YEAR, reference=np.datetime64("2025-12")) == pytest.approx(0.5)
    assert most_cut(WaterCuts(_MONTHS), _YEAR) == 0.0


def test_the_response_of_water_is_never_called_checked() -> None:
    found = unchecked_finding()
    assert (found.rule, found.kind) == ("unchecked", "confidence")
