"""The seasonal water model: known truths, invariances, gaps, calibration, joint sections."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from forecast.models import WaterSeasonal
from forecast.models.pooled import shipped_water
from forecast.models.water_pooling import WATER_WINDOWS, estimate_water, hindcast_water

ITEMS = ("ph", "do", "codmn", "nh3n")


def made_region(
    seed: int, *, sections: int = 8, months: int = 48, year_sd: float = 0.0, common: float = 0.6
) -> pd.DataFrame:
    """Sections with a season, month noise in part common to all, and a shock for each year."""
    rng = np.random.default_rng(seed)
    index = pd.date_range("2013-01-01", periods=months, freq="MS")
    angle = 2 * np.pi * index.month.to_numpy() / 12
    year = index.year.to_numpy() - 2013
    shared = rng.standard_normal((months, 1))
    parts = {}
    for item, level, season, scale in (
        ("ph", 7.6, 0.1, 0.15), ("do", 8.0, 2.0, 0.7), ("codmn", 1.4, 0.2, 0.2),
        ("nh3n", -1.0, 0.4, 0.4),
    ):  # fmt: skip
        own = level + 0.4 * abs(level) * rng.standard_normal(sections) * (item in ("codmn", "nh3n"))
        noise = np.sqrt(common) * shared + np.sqrt(1 - common) * rng.standard_normal(
            (months, sections)
        )
        shock = year_sd * rng.standard_normal((year.max() + 1, sections))
        values = own + season * np.cos(angle)[:, None] + scale * noise + scale * shock[year]
        if item in ("codmn", "nh3n"):
            values = np.exp(values)
        for s in range(sections):
            parts[(f"S{s}", item)] = values[:, s]
    frame = pd.DataFrame(parts, index=index)
    frame.columns = pd.MultiIndex.from_tuples(frame.columns, names=["place", "item"])
    return frame


def drawn(
    history: pd.DataFrame, *, n_paths: int = 200, seed: int = 1, months: int = 12
) -> tuple[WaterSeasonal, NDArray[np.float32]]:
    """Paths of the months after ``history``."""
    model = WaterSeasonal().fit(history)
    assert model.last_month is not None
    ahead = model.last_month + np.arange(1, months + 1)
    return model, model.sample(ahead, n_paths, np.random.default_rng(seed)).values


def test_paths_hold_what_was_asked_for() -> None:
    """Shape, places, items, times are those of the request; all series are drawn together."""
    model = WaterSeasonal().fit(made_region(1, sections=3))
    months = np.arange("2017-02", "2017-05", dtype="datetime64[M]").astype("datetime64[D]")
    paths = model.sample(months, 5, np.random.default_rng(0))
    assert paths.values.shape == (5, 3, 12)
    assert paths.values.dtype == np.float32
    assert list(zip(paths.places, paths.items, strict=True)) == [
        (f"S{s}", item) for item in ITEMS for s in range(3)
    ]
    assert paths.times.tolist() == months.tolist()
    assert paths.model == "seasonal"


def test_a_known_region_is_forecast() -> None:
    """Median annual means are near the long-run means, winter DO is above summer DO."""
    history = made_region(2)
    _, values = drawn(history)
    ratio = np.median(values.mean(axis=1), axis=0) / history.mean().to_numpy()
    assert np.all(np.abs(ratio - 1) < 0.25)
    oxygen = [i for i, (_, item) in enumerate(history.columns) if item == "do"]
    assert values[:, 0][:, oxygen].mean() > values[:, 6][:, oxygen].mean() + 2


def test_coverage_on_made_sections_is_within_bounds() -> None:
    """90 % intervals of annual means cover about 90 %, for each item.

    60 sections in 6 regions, with month noise that is in part common: the bounds are those of
    about 30 independent cases (0.9 ± 3 standard errors of a binomial).
    """
    hits = {item: [] for item in ITEMS}
    for seed in range(6):
        record = made_region(200 + seed, sections=10, months=60, year_sd=0.4)
        truth = record.iloc[-12:].mean()
        model, values = drawn(record.iloc[:-12], seed=seed)
        low, high = np.quantile(values.mean(axis=1), [0.05, 0.95], axis=0)
        for i, key in enumerate(model.columns):
            hits[key[1]].append(low[i] <= truth[key] <= high[i])
    for item, hit in hits.items():
        assert 0.735 <= np.mean(hit) <= 1.0, item
    assert np.mean([h for hit in hits.values() for h in hit]) < 0.995


def test_sections_move_together() -> None:
    """Months of two sections with common noise are correlated in the paths too."""
    history = made_region(3, common=0.8)
    model, values = drawn(history, n_paths=500)
    columns = [i for i, (_, item) in enumerate(model.columns) if item == "codmn"]
    month = np.log(values[:, 5][:, columns])
    correlation = np.corrcoef(month, rowvar=False)
    assert correlation[np.triu_indices(len(columns), 1)].mean() > 0.3


def test_same_generator_same_paths() -> None:
    """Paths are a function of history, months, number and generator."""
    history = made_region(4, sections=3)
    _, one = drawn(history, n_paths=20, seed=3)
    _, again = drawn(history, n_paths=20, seed=3)
    _, other = drawn(history, n_paths=20, seed=4)
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_row_order_does_not_matter(seed: int) -> None:
    """Shuffled months give the same paths."""
    history = made_region(5, sections=2, months=30)
    order = np.random.default_rng(seed).permutation(len(history))
    _, one = drawn(history, n_paths=5)
    _, other = drawn(history.iloc[order], n_paths=5)
    assert np.array_equal(one, other)


def test_units_scale_paths_of_concentrations() -> None:
    """CODMn in µg/L gives the same paths in µg/L."""
    history = made_region(6, sections=4)
    only = history.loc[:, pd.IndexSlice[:, "codmn"]]
    _, one = drawn(only, n_paths=20)
    _, other = drawn(only * 1000.0, n_paths=20)
    np.testing.assert_allclose(other, one * 1000.0, rtol=1e-3)


@pytest.mark.parametrize("months", [7, 11, 13, 25])
def test_short_records_give_wide_but_possible_water(months: int) -> None:
    """Six months to two years: finite, inside the bounds of nature, wider than four years."""
    record = made_region(7, sections=5)
    model, values = drawn(record.iloc[-months:], n_paths=300)
    assert len(model.columns) == 20
    assert np.isfinite(values).all()
    assert (values > 0).all()
    ph = [i for i, (_, item) in enumerate(model.columns) if item == "ph"]
    assert values[..., ph].min() >= 3
    assert values[..., ph].max() <= 12
    codmn = [i for i, (_, item) in enumerate(model.columns) if item == "codmn"]
    if months <= 13:
        _, long = drawn(record, n_paths=300)
        short_sd = np.log(values.mean(axis=1))[:, codmn].std(axis=0).mean()
        assert short_sd > 0.9 * np.log(long.mean(axis=1))[:, codmn].std(axis=0).mean()


def test_a_series_of_five_months_is_left_out_and_the_others_are_not() -> None:
    """Fewer than six months of a series are not modelled; none at all is no error."""
    history = made_region(8, sections=2)
    history.loc[history.index[5:], ("S0", "codmn")] = np.nan
    model, values = drawn(history, n_paths=3)
    assert ("S0", "codmn") not in model.columns
    assert values.shape[2] == 7
    empty = WaterSeasonal().fit(history * np.nan)
    months = np.arange("2017-01", "2017-03", dtype="datetime64[M]")
    assert empty.sample(months, 3, np.random.default_rng(0)).values.shape == (3, 2, 0)


def test_gaps_zeros_constants_and_a_closed_section_are_borne() -> None:
    """Half of the months missing, a zero, a constant series, a section that ended two years ago."""
    history = made_region(9, sections=4)
    holes = np.random.default_rng(0).random(history.shape) < 0.5
    holes[:, 0] = False
    history = history.mask(holes)
    history[("S0", "ph")] = 7.0
    history.loc[history.index[3], ("S1", "nh3n")] = 0.0
    history.loc[history.index[-24:], "S2"] = np.nan
    _, values = drawn(history, n_paths=50, months=24)
    assert np.isfinite(values).all()
    assert (values > 0).all()


def test_a_month_already_seen_and_a_month_twice_are_refused() -> None:
    """What was observed is never drawn; two rows for a month can't both be right."""
    history = made_region(10, sections=1)
    model = WaterSeasonal().fit(history)
    assert model.last_month is not None
    with pytest.raises(ValueError, match="after the last month"):
        model.sample(np.array([model.last_month]), 5, np.random.default_rng(0))
    with pytest.raises(ValueError, match="twice"):
        WaterSeasonal().fit(pd.concat([history, history.iloc[:1]]))


def test_the_second_year_is_less_certain_than_the_first() -> None:
    """Spread of CODMn grows with the lead."""
    model, values = drawn(made_region(11), n_paths=500, months=24)
    codmn = [i for i, (_, item) in enumerate(model.columns) if item == "codmn"]
    logs = np.log(values[..., codmn])
    assert (
        logs[:, 12:].mean(axis=1).std(axis=0).mean() > logs[:, :12].mean(axis=1).std(axis=0).mean()
    )


def test_pooled_table_is_whole() -> None:
    """Every pooled item and `other` have sane figures."""
    pooled = shipped_water()
    assert {"codmn", "nh3n", "do", "ph", "other"} <= set(pooled.priors)
    assert pooled.prior("tp") == pooled.prior("other")
    for prior in pooled.priors.values():
        assert prior.scale > 0
        assert 0 <= prior.common_share < 1
        assert [lead for lead, _ in prior.slow_sd] == sorted(lead for lead, _ in prior.slow_sd)


def test_pooling_finds_the_scatter_it_was_given() -> None:
    """Figures of a made panel: month scatter within a third, errors at every window."""
    panel = made_region(12, sections=6, months=48, year_sd=0.5)
    origins = [np.datetime64("2014-12", "M"), np.datetime64("2015-06", "M")]
    pooled = estimate_water(panel, origins)
    assert pooled.prior("codmn").scale == pytest.approx(0.2, rel=0.35)
    assert pooled.prior("nh3n").scale == pytest.approx(0.4, rel=0.35)
    errors = hindcast_water(panel, pooled, origins, n_paths=20)
    assert set(zip(errors["first"], errors["last"], strict=True)) == set(WATER_WINDOWS)
    assert np.isfinite(errors["error"]).all()
