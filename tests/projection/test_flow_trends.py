"""Flow-normalised trends of sections: who has one, up to when, and what is kept."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.models.water_walls import Wall
from forecast.projection.flow_trends import FlowTrend, flow_trends

_DAYS = pd.date_range("2005-01-01", "2018-06-30")


def _flow(place: str = "站") -> pd.DataFrame:
    """Flow with a season and wet and dry years."""
    rng = np.random.default_rng(5)
    years = rng.normal(0.0, 0.4, 20)[_DAYS.year - 2005]
    season = np.cos(2 * np.pi * (_DAYS.day_of_year - 200) / 365.25)
    noise = rng.normal(0.0, 0.2, len(_DAYS))
    return pd.DataFrame(
        {"place": place, "date": _DAYS, "value": np.exp(3 + season + years + noise)}
    )


def _samples(flow: pd.DataFrame, *, place: str = "甲", every: int = 30) -> pd.DataFrame:
    """Concentrations that fall by 5 % a year and are diluted by the flow; one in ten below 0.05."""
    rng = np.random.default_rng(6)
    some = flow.iloc[10::every]
    years = (some["date"] - _DAYS[0]).dt.days / 365.25
    value = np.exp(
        -1.5 - 0.05 * years - 0.3 * (np.log(some["value"]) - 3) + rng.normal(0, 0.2, len(some))
    )
    below = value < np.quantile(value, 0.1)
    return pd.DataFrame(
        {
            "place": place, "time": some["date"].to_numpy(), "item": "tp",
            "value": np.where(below, np.quantile(value, 0.1), value), "censored": below.to_numpy(),
        }
    )  # fmt: skip


@pytest.fixture(scope="module")
def kept_fall(tmp_path_factory: pytest.TempPathFactory) -> tuple[FlowTrend, Path]:
    """The trend of the section, and the folder in which it is kept."""
    flow = _flow()
    cache = tmp_path_factory.mktemp("kept")
    (trend,), remarks = flow_trends(
        _samples(flow), flow, {"甲": "站"}, date(2018, 6, 30), seed=1, replicates=10, cache=cache
    )
    assert remarks == []
    return trend, cache


def test_a_known_fall_is_found_and_ends_with_the_last_whole_year(
    kept_fall: tuple[FlowTrend, Path],
) -> None:
    trend, _ = kept_fall
    assert (trend.section, trend.item, trend.gauge) == ("甲", "tp", "站")
    assert trend.years == tuple(range(2005, 2018))
    # Twelve years at -5 % are -45 %.
    assert trend.percent == pytest.approx(100 * (np.exp(-0.6) - 1), abs=8)
    assert trend.low <= trend.change <= trend.high < 0.0
    assert trend.likely_up < 0.1
    assert trend.n_below == pytest.approx(trend.n / 10, abs=3)
    # Wet years dilute; without flow the years are smoother.
    assert np.std(np.diff(trend.normalised)) < 0.3 * np.std(np.diff(trend.conc))


def test_results_are_kept_by_what_they_come_from(kept_fall: tuple[FlowTrend, Path]) -> None:
    first, folder = kept_fall
    flow = _flow()
    samples = _samples(flow)
    kept = {p: p.stat().st_mtime_ns for p in folder.iterdir()}
    # On another day of the same year nothing that counts has changed.
    again, _ = flow_trends(
        samples, flow, {"甲": "站"}, date(2018, 1, 31), seed=1, replicates=10, cache=folder
    )
    assert again == [first]
    assert {p: p.stat().st_mtime_ns for p in folder.iterdir()} == kept
    (only,) = kept
    only.write_text("{", encoding="utf-8")
    mended, _ = flow_trends(
        samples, flow, {"甲": "站"}, date(2018, 6, 30), seed=1, replicates=10, cache=folder
    )
    assert mended == [first]


def test_a_gauge_of_the_same_name_needs_no_entry_and_a_missing_one_is_told() -> None:
    flow = _flow("甲")
    found, remarks = flow_trends(_samples(flow), flow, {}, date(2018, 6, 30), seed=1, replicates=10)
    assert [t.gauge for t in found] == ["甲"] and remarks == []
    found, remarks = flow_trends(
        _samples(flow), flow, {"甲": "乙站"}, date(2018, 6, 30), seed=1, replicates=10
    )
    assert found == [] and "乙站" in remarks[0][0] and "乙站" in remarks[0][1]


def test_short_and_sparse_records_have_none() -> None:
    flow = _flow()
    gauges = {"甲": "站"}
    sparse = _samples(flow, every=60)
    assert flow_trends(sparse, flow, gauges, date(2018, 6, 30), seed=1, replicates=10)[0] == []
    late = _samples(flow)
    late = late[late["time"] > pd.Timestamp("2010-01-01")]
    assert flow_trends(late, flow, gauges, date(2018, 6, 30), seed=1, replicates=10)[0] == []


def test_of_a_flow_record_with_a_long_gap_the_longest_stretch_serves_and_is_named() -> None:
    flow = _flow()
    gap = flow["date"].between(pd.Timestamp("2006-03-01"), pd.Timestamp("2006-03-09"))
    samples = _samples(flow, every=25)
    found, remarks = flow_trends(
        samples, flow[~gap], {"甲": "站"}, date(2018, 6, 30), seed=1, replicates=10
    )
    assert "2006-03-10至2017-12-31" in remarks[0][0] and "2006-03-10 to" in remarks[0][1]
    assert found[0].years[0] == 2007 and found[0].years[-1] == 2017
    inside = samples["time"].between(pd.Timestamp("2006-03-10"), pd.Timestamp("2017-12-31"))
    assert found[0].n == int(inside.sum())


def test_a_gap_of_a_few_days_is_bridged_and_said() -> None:
    flow = _flow()
    gap = flow["date"].between(pd.Timestamp("2010-03-01"), pd.Timestamp("2010-03-04"))
    samples = _samples(flow)
    found, remarks = flow_trends(
        samples, flow[~gap], {"甲": "站"}, date(2018, 6, 30), seed=1, replicates=10
    )
    assert "缺测4天" in remarks[0][0] and "4 days of flow interpolated" in remarks[0][1]
    assert found[0].years == tuple(range(2005, 2018))


def test_a_dry_gauge_has_no_logarithm_and_a_moved_section_starts_anew() -> None:
    flow = _flow()
    samples = _samples(flow)
    dry = flow.assign(value=flow["value"].where(flow["date"] != "2011-05-05", 0.0))
    found, remarks = flow_trends(samples, dry, {"甲": "站"}, date(2018, 6, 30), seed=1)
    assert found == [] and "零或负" in remarks[0][0]
    wall = Wall(np.datetime64("2012-01-01"), ("甲",))
    found, _ = flow_trends(samples, flow, {"甲": "站"}, date(2018, 6, 30), walls=[wall], seed=1)
    assert found == []  # six years at the new place are too few
