"""The ladder of water models: known truths, rungs, censoring, breaks, hydrology, bad input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from forecast.features.hydrology import monthly_flow
from forecast.models.water_estimation import estimate_figures
from forecast.models.water_figures import WaterFigures, shipped_figures
from forecast.models.water_ladder import WaterLadder
from forecast.models.water_walls import Wall

ITEMS = ("ph", "do", "codmn", "nh3n")


def made_region(
    seed: int, *, sections: int = 8, months: int = 48, common: float = 0.5, drift: float = 0.3
) -> pd.DataFrame:
    """Sections with a season, month noise in part common to all, and a slowly drifting level."""
    rng = np.random.default_rng(seed)
    index = pd.date_range("2013-01-01", periods=months, freq="MS")
    angle = 2 * np.pi * (index.month.to_numpy() - 0.5) / 12
    shared = rng.standard_normal((months, 1))
    keep = 0.8 ** (1 / 12)
    parts = {}
    for item, level, season, scale in (
        ("ph", 7.6, 0.1, 0.2), ("do", 8.0, 1.5, 1.0), ("codmn", 1.4, 0.1, 0.25),
        ("nh3n", -1.0, 0.3, 0.4),
    ):  # fmt: skip
        apart = {"ph": 0.3, "do": 0.8, "codmn": 0.4, "nh3n": 0.5}[item]
        own = level + apart * rng.standard_normal(sections)
        noise = np.sqrt(common) * shared + np.sqrt(1 - common) * rng.standard_normal(
            (months, sections)
        )
        walk = np.zeros((months, sections))
        walk[0] = rng.standard_normal(sections)
        for t in range(1, months):
            walk[t] = keep * walk[t - 1] + np.sqrt(1 - keep**2) * rng.standard_normal(sections)
        values = own + season * np.cos(angle)[:, None] + scale * (noise + drift * walk)
        if item in ("codmn", "nh3n"):
            values = np.exp(values)
        for s in range(sections):
            parts[(f"S{s}", item)] = values[:, s]
    frame = pd.DataFrame(parts, index=index)
    frame.columns = pd.MultiIndex.from_tuples(frame.columns, names=["place", "item"])
    return frame


def ahead_of(model: WaterLadder, months: int = 12) -> NDArray[np.datetime64]:
    """The months after the record."""
    assert model.last_month is not None
    return model.last_month + np.arange(1, months + 1)


def drawn(
    history: pd.DataFrame, *, n_paths: int = 200, seed: int = 1, months: int = 12, **known: object
) -> tuple[WaterLadder, NDArray[np.float32]]:
    """Model and paths of the months after ``history``."""
    model = WaterLadder().fit(history, **known)  # type: ignore[arg-type]
    paths = model.sample(ahead_of(model, months), n_paths, np.random.default_rng(seed))
    return model, paths.values


def test_paths_hold_what_was_asked_for() -> None:
    """Shape, places, items, times are those of the request; all series are drawn together."""
    model = WaterLadder().fit(made_region(1, sections=3))
    months = np.arange("2017-02", "2017-05", dtype="datetime64[M]").astype("datetime64[D]")
    paths = model.sample(months, 5, np.random.default_rng(0))
    assert paths.values.shape == (5, 3, 12)
    assert paths.values.dtype == np.float32
    assert list(zip(paths.places, paths.items, strict=True)) == [
        (f"S{s}", item) for item in ITEMS for s in range(3)
    ]
    assert paths.times.tolist() == months.tolist()
    assert paths.model == "ladder"
    assert len(model.report) == 12


def test_coverage_on_made_sections_is_within_bounds() -> None:
    """90 % intervals of months and of annual means cover about 90 %, for each item.

    60 sections in 6 regions, half of the month noise common: bounds are those of about 30
    independent cases (0.9 ± 3 standard errors of a binomial).
    """
    hits: dict[str, list[bool]] = {item: [] for item in ITEMS}
    single: list[float] = []
    for seed in range(6):
        record = made_region(200 + seed, sections=10, months=60)
        future = record.iloc[-12:]
        model, values = drawn(record.iloc[:-12], seed=seed)
        low, high = np.quantile(values.mean(axis=1), [0.05, 0.95], axis=0)
        each = np.quantile(values, [0.05, 0.95], axis=0)
        real = future[list(model.columns)].to_numpy()
        single.append(float(((each[0] <= real) & (real <= each[1])).mean()))
        for i, key in enumerate(model.columns):
            hits[key[1]].append(bool(low[i] <= future[key].mean() <= high[i]))
    for item, hit in hits.items():
        assert 0.735 <= np.mean(hit) <= 1.0, item
    assert 0.85 <= np.mean(single) <= 0.95


def test_sections_and_items_move_together() -> None:
    """Months of two sections with common noise are correlated in the paths too."""
    model, values = drawn(made_region(3, common=0.8, drift=0.1), n_paths=500)
    for chosen in (("codmn",), ("codmn", "nh3n")):
        columns = [i for i, (_, item) in enumerate(model.columns) if item in chosen]
        month = np.log(values[:, 5][:, columns])
        correlation = np.corrcoef(month, rowvar=False)
        assert correlation[np.triu_indices(len(columns), 1)].mean() > 0.3


@settings(max_examples=4, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_row_order_does_not_matter(seed: int) -> None:
    """Shuffled months give the same paths, and the same generator the same paths."""
    history = made_region(5, sections=2, months=30)
    order = np.random.default_rng(seed).permutation(len(history))
    _, one = drawn(history, n_paths=5)
    _, other = drawn(history.iloc[order], n_paths=5)
    assert np.array_equal(one, other)


def test_units_scale_paths_of_concentrations() -> None:
    """CODMn in µg/L gives the same paths in µg/L."""
    only = made_region(6, sections=4).loc[:, pd.IndexSlice[:, "codmn"]]
    _, one = drawn(only, n_paths=20)
    _, other = drawn(only * 1000.0, n_paths=20)
    np.testing.assert_allclose(other, one * 1000.0, rtol=1e-3)


def test_a_new_section_looks_like_its_neighbours() -> None:
    """Two values: the season comes from the others, the level from the values, and it is wide."""
    history = made_region(7, sections=12, months=60)
    history.loc[history.index[:-2], "S0"] = np.nan
    model, values = drawn(history, n_paths=400)
    at = {key: i for i, key in enumerate(model.columns)}
    oxygen = values[:, :, at["S0", "do"]].mean(axis=0)
    assert oxygen[[0, 1, 11]].mean() > oxygen[[5, 6, 7]].mean() + 1.5
    spread = np.log(values).std(axis=0).mean(axis=0)
    assert spread[at["S0", "nh3n"]] > 1.02 * np.mean(
        [spread[at[f"S{s}", "nh3n"]] for s in range(1, 12)]
    )
    row = model.report.set_index(["place", "item"]).loc[("S0", "nh3n")]
    assert row["level"] == "0"
    assert "fewer than 6 months" in row["why_en"]
    assert "不足6个月" in row["why_zh"]


def test_a_drifting_section_has_a_level_and_a_still_one_needs_none() -> None:
    """Rolling origin picks the level where levels drift."""
    wandering = WaterLadder().fit(made_region(8, sections=8, months=96, drift=2.5))
    share = (wandering.report["level"] == "1").mean()
    assert share > 0.7
    assert wandering.report["level"].isin(["0", "1", "1+trend", "2", "2+trend"]).all()


def test_values_below_detection_are_a_likelihood_and_not_a_value() -> None:
    """With 60 % below a limit the drawn median is nearer the truth than with half-limits."""
    rng = np.random.default_rng(9)
    index = pd.date_range("2013-01-01", periods=60, freq="MS")
    columns = pd.MultiIndex.from_product([[f"S{s}" for s in range(6)], ["zinc"]])
    truth = pd.DataFrame(
        np.exp(-3.0 + 0.5 * rng.standard_normal((60, 6))), index=index, columns=columns
    )
    limit = float(np.quantile(truth, 0.6))
    seen = truth.where(truth >= limit, limit / 2)
    below = truth.where(truth >= limit, np.nan).isna().astype(float).replace(0.0, np.nan) * limit
    model, values = drawn(seen, n_paths=400, below=below)
    # A drawn month below the limit is half of it, as the rule has it; the share of them is right.
    assert np.all((values >= limit * 0.999) | np.isclose(values, limit / 2))
    assert (values < limit).mean() == pytest.approx(0.6, abs=0.08)
    # The upper tail tells a likelihood from half-limits, whose spread is wrong.
    high = float(np.quantile(values, 0.95))
    assert high == pytest.approx(np.exp(-3.0 + 1.645 * 0.5), rel=0.15)
    assert model.report["censored"].mean() == pytest.approx(60.0, abs=1.0)
    assert model.report["why_en"].str.contains("taken as censored").all()


def test_all_values_below_detection() -> None:
    """Nothing but limits: finite, mostly below the limit, and said."""
    index = pd.date_range("2015-01-01", periods=36, freq="MS")
    history = pd.DataFrame({("A", "nickel"): np.full(36, 0.005)}, index=index)
    model, values = drawn(history, below=history * 2)
    assert np.isfinite(values).all()
    assert (values < 0.01).mean() > 0.8
    assert "all values are below detection" in model.report["why_en"][0]


def test_a_declared_break_frees_the_level_and_keeps_the_season() -> None:
    """After a relocation with a third of the concentration the forecast is at the new level."""
    history = made_region(10, sections=8, months=60, drift=0.1)
    history.loc[history.index[-6:], ("S0", "nh3n")] /= 3.0
    wall = Wall(history.index[-6].to_datetime64().astype("datetime64[D]"), places=("S0",))
    column = list(history.columns).index(("S0", "nh3n"))
    _, plain = drawn(history, n_paths=300)
    model, told = drawn(history, n_paths=300, breaks=[wall])
    before = float(np.log(history[("S0", "nh3n")].iloc[:-6]).mean())
    moved = np.log(told[:, :, column]).mean() - before
    assert moved == pytest.approx(-np.log(3.0), abs=0.3)
    assert moved < np.log(plain[:, :, column]).mean() - before - 0.1
    season = np.log(told[:, :, column]).mean(axis=0)
    assert season[[0, 11]].mean() > season[[5, 6]].mean() + 0.3
    said = model.report.set_index(["place", "item"]).loc[("S0", "nh3n"), "why_en"]
    assert "declared break" in said


def made_with_flow(months: int = 120, effect: float = 0.6) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One section whose tp follows the flow, five without a gauge."""
    rng = np.random.default_rng(11)
    index = pd.date_range("2008-01-01", periods=months, freq="MS")
    log_flow = np.zeros(months)
    for t in range(1, months):
        log_flow[t] = 0.4 * log_flow[t - 1] + 0.9 * rng.standard_normal()
    values = np.exp(-2.0 + 0.15 * rng.standard_normal((months, 6)))
    values[:, 0] *= np.exp(effect * log_flow)
    columns = pd.MultiIndex.from_product([[f"S{s}" for s in range(6)], ["tp"]])
    history = pd.DataFrame(values, index=index, columns=columns)
    flow = pd.DataFrame({("S0", "flow"): 5.0 * np.exp(log_flow)}, index=index)
    return history, flow


def test_flow_is_taken_where_it_tells_something() -> None:
    """The gauged section stands on the rung of flow, keeps its spread, and an end of flow is said."""
    history, flow = made_with_flow()
    model, values = drawn(history, n_paths=400, hydrology=flow)
    assert model.report["level"].tolist()[0].startswith("2")
    assert not model.report["level"][1:].str.startswith("2").any()
    assert bool(model.report["wrtds"][0])
    spread = np.log(values[:, -1]).std(axis=0)
    real = np.log(history).std().to_numpy()
    np.testing.assert_allclose(spread, real, rtol=0.35)
    ended, later = drawn(history, n_paths=100, hydrology=flow.iloc[:-30])
    assert "flow record ends in 2015-06" in ended.report["why_en"][0]
    assert np.isfinite(later).all()


def test_useless_flow_is_not_taken() -> None:
    """Flow of another river: the rung is not that of flow."""
    history, flow = made_with_flow(effect=0.0)
    model = WaterLadder().fit(history, hydrology=flow)
    assert not model.report["level"].str.startswith("2").any()


def test_a_wet_present_reaches_the_next_months() -> None:
    """Rain of all sections as a proxy: after a very wet month with persistence values are higher."""
    rng = np.random.default_rng(12)
    index = pd.date_range("2008-01-01", periods=120, freq="MS")
    rain = np.zeros(120)
    for t in range(1, 120):
        rain[t] = 0.8 * rain[t - 1] + 0.6 * rng.standard_normal()
    columns = pd.MultiIndex.from_product([[f"S{s}" for s in range(5)], ["codmn"]])
    values = np.exp(1.0 + 0.4 * rain[:, None] + 0.1 * rng.standard_normal((120, 5)))
    history = pd.DataFrame(values, index=index, columns=columns)
    table = pd.DataFrame({("", "precip"): 50.0 * np.exp(0.5 * rain)}, index=index)
    model, told = drawn(history, n_paths=300, hydrology=table)
    assert model.report["level"].str.startswith("1").mean() > 0.5
    _, untold = drawn(history, n_paths=300)
    real = np.log(history).std().mean()
    assert np.log(told[:, -1]).std(axis=0).mean() == pytest.approx(real, rel=0.35)
    assert np.log(untold[:, -1]).std(axis=0).mean() == pytest.approx(real, rel=0.35)


@pytest.mark.parametrize("months", [1, 5, 11, 25])
def test_short_records_give_wide_but_possible_water(months: int) -> None:
    """One month to two years: every series is there, finite, inside the bounds of nature."""
    record = made_region(13, sections=4)
    model, values = drawn(record.iloc[-months:], n_paths=200)
    assert len(model.columns) == 16
    assert np.isfinite(values).all()
    assert (values > 0).all()
    ph = [i for i, (_, item) in enumerate(model.columns) if item == "ph"]
    assert values[..., ph].min() >= 3
    assert values[..., ph].max() <= 12


def test_bad_records_are_borne_and_named() -> None:
    """Gaps, a zero, a constant series, one sample a year, a section that ended."""
    history = made_region(14, sections=5, months=60)
    holes = np.random.default_rng(0).random(history.shape) < 0.4
    holes[:, 0] = False
    history = history.mask(holes)
    history[("S0", "ph")] = 7.0
    history.loc[history.index[3], ("S1", "nh3n")] = 0.0
    history.loc[history.index[-24:], "S2"] = np.nan
    rare = history[("S3", "codmn")].copy()
    rare[:] = np.nan
    rare.iloc[5::12] = [3.0, 3.4, 2.9, 3.1, 3.3]
    rare.iloc[0] = 3.2
    history[("S3", "codmn")] = rare
    model, values = drawn(history, n_paths=50, months=24)
    assert len(model.columns) == 20
    assert np.isfinite(values).all()
    assert (values > 0).all()
    said = model.report.set_index(["place", "item"])["why_en"]
    assert "all values are alike" in said["S0", "ph"]
    assert "the last value is of" in said["S2", "do"]
    assert "about one value every 12 months" in said["S3", "codmn"]
    assert model.report["why_zh"].str.len().min() > 0


def test_nothing_at_all_and_wrong_questions() -> None:
    """An empty record draws nothing; a month seen and a month twice are refused."""
    history = made_region(15, sections=1)
    empty = WaterLadder().fit(history * np.nan)
    months = np.arange("2017-01", "2017-03", dtype="datetime64[M]")
    assert empty.sample(months, 3, np.random.default_rng(0)).values.shape == (3, 2, 0)
    assert empty.report.empty
    model = WaterLadder().fit(history)
    assert model.last_month is not None
    with pytest.raises(ValueError, match="after the last month"):
        model.sample(np.array([model.last_month]), 5, np.random.default_rng(0))
    with pytest.raises(ValueError, match="twice"):
        WaterLadder().fit(pd.concat([history, history.iloc[:1]]))


def test_oxygen_with_temperature_keeps_its_bound() -> None:
    """Drawn oxygen follows the drawn temperature; the deficit is what is modelled."""
    history = made_region(16, sections=4, months=48)
    warm = 16.0 - 12.0 * np.cos(2 * np.pi * (history.index.month.to_numpy() - 1.0) / 12)
    rng = np.random.default_rng(1)
    for s in range(4):
        history[(f"S{s}", "water_temp")] = warm + rng.standard_normal(48)
    model, values = drawn(history, n_paths=3000)
    at = {key: i for i, key in enumerate(model.columns)}
    months = np.array([0, 6])
    water = values[:, months, at["S0", "water_temp"]]
    oxygen = values[:, months, at["S0", "do"]]
    assert water[:, 1].mean() > water[:, 0].mean() + 15
    # The deviation of a month's oxygen falls with that of its temperature: by up to 0.2 mg/L a
    # degree; chance alone moves the slope by some 0.015.
    slope = np.polyfit(water[:, 0], oxygen[:, 0], 1)[0]
    assert slope < -0.1


def test_an_item_that_a_panel_lacks_takes_the_figures_that_ship() -> None:
    """Figures of a panel without temperature: half a year of it still gets a season."""
    own = WaterFigures({i: f for i, f in shipped_figures().items.items() if i != "water_temp"})
    index = pd.date_range("2020-05-01", periods=6, freq="MS")
    warm = {(f"S{s}", "water_temp"): [20.0, 24.0, 27.0, 27.0, 23.0, 17.0] for s in range(5)}
    model = WaterLadder(pooled=own).fit(pd.DataFrame(warm, index=index))
    values = model.sample(ahead_of(model, 8), 200, np.random.default_rng(1)).values
    assert np.median(values[:, 2]) < 12.0
    assert np.median(values[:, 2]) < np.median(values[:, 7]) - 3.0
    with pytest.raises(ValueError, match="rungs"):
        WaterLadder(rungs=("3",))


def test_basins_are_pooled_apart() -> None:
    """Two basins of opposite season: a new section takes more of the season of its own basin."""
    one, other = made_region(17, sections=6), made_region(18, sections=6)
    turned = other.copy()
    turned.iloc[:] = np.roll(other.to_numpy(), 6, axis=0)
    turned.columns = pd.MultiIndex.from_tuples([(f"T{p[1:]}", i) for p, i in other.columns])
    history = pd.concat([one, turned], axis=1)
    for place in ("S0", "T0"):
        history.loc[history.index[:-1], place] = np.nan
    basins = {f"S{s}": "a" for s in range(6)} | {f"T{s}": "b" for s in range(6)}
    winter, summer = [0, 1, 11], [5, 6, 7]

    def seasons(known: dict[str, str]) -> dict[str, float]:
        model, values = drawn(history, n_paths=200, basins=known)
        at = {key: i for i, key in enumerate(model.columns)}
        means = {p: np.log(values[:, :, at[p, "nh3n"]]).mean(axis=0) for p in ("S0", "T0")}
        return {p: float(m[winter].mean() - m[summer].mean()) for p, m in means.items()}

    apart, together = seasons(basins), seasons({})
    assert apart["S0"] > together["S0"] + 0.05
    assert apart["T0"] < together["T0"] - 0.05


def test_estimation_finds_the_sizes_it_was_given() -> None:
    """Figures of a made panel: scatter of a month within a third, season, levels apart."""
    figures = estimate_figures(made_region(19, sections=8, months=60, drift=0.3))
    codmn, oxygen = figures.of("codmn"), figures.of("do")
    assert np.hypot(codmn.fast_sd, codmn.white_sd) == pytest.approx(0.25, rel=0.35)
    assert oxygen.season[0] == pytest.approx(1.5, abs=0.4)
    assert codmn.offset_sd == pytest.approx(0.4, rel=0.6)
    assert set(figures.items) == {*ITEMS, "other"}


def test_flow_lowers_the_error_on_a_real_river_and_a_trend_does_not(real_data: Path) -> None:
    """Nitrate of the Choptank, one sample a month: the order of rungs found with plain regressions.

    Ten years of record, the next calendar year's mean as target, 10 origins: season with flow has
    a lower CRPS than season alone, a straight trend a higher one. `benchmarks/choptank_ladder.py`
    has the whole table.
    """
    folder = real_data / "water" / "choptank_flow_concentration"
    samples = pd.read_csv(folder / "choptank_sample.csv.gz", parse_dates=["Date"])
    samples["month"] = samples["Date"].dt.to_period("M").dt.to_timestamp()
    first = samples.sort_values("Date").drop_duplicates("month")
    values = pd.DataFrame({("choptank", "no3n"): first.set_index("month")["ConcAve"]})
    values = values.reindex(pd.date_range(values.index.min(), values.index.max(), freq="MS"))
    daily = pd.read_csv(folder / "choptank_daily_q.csv.gz", parse_dates=["Date"])
    flow = monthly_flow(
        pd.DataFrame({"place": "choptank", "date": daily["Date"], "value": daily["Q"]}),
        pd.DataFrame({"place": "choptank", "time": first["Date"]}),
    )
    scores: dict[str, list[float]] = {"0": [], "1": [], "1+trend": [], "2": []}
    for year in range(1991, 2011, 2):
        known = values.loc[f"{year - 10}-01-01" : f"{year - 1}-12-31"]
        came = values.loc[f"{year}-01-01" : f"{year}-12-31"].iloc[:, 0].to_numpy()
        seen = np.isfinite(came)
        for rung, found in scores.items():
            model = WaterLadder(rungs=(rung,)).fit(known, hydrology=flow.loc[: f"{year - 1}-12-31"])
            paths = model.sample(ahead_of(model), 200, np.random.default_rng(year))
            mean = paths.values[:, seen, 0].mean(axis=1, dtype=np.float64)
            apart = np.abs(mean[:, None] - mean[None, :]).mean()
            found.append(float(np.abs(mean - came[seen].mean()).mean() - 0.5 * apart))
    score = {rung: float(np.mean(found)) for rung, found in scores.items()}
    assert score["2"] < score["0"]
    assert score["2"] < score["1"] < score["1+trend"]
    assert score["2"] < 0.09


def test_a_limit_that_a_finer_method_has_gone_below_is_past() -> None:
    """A year at "below 0.4", then measured values of 0.05: months ahead are near 0.05."""
    rng = np.random.default_rng(4)
    months = pd.date_range("2015-01-01", periods=72, freq="MS")
    value = 0.05 * np.exp(rng.normal(0.0, 0.2, len(months)))
    value[:12] = 0.2
    columns = pd.MultiIndex.from_tuples([("甲", "nh3n")], names=["place", "item"])
    history = pd.DataFrame(value[:, None], index=months, columns=columns)
    below = history * np.nan
    below.iloc[:12] = 0.4
    model = WaterLadder().fit(history, below=below)
    paths = model.sample(ahead_of(model), 200, np.random.default_rng(1)).values
    assert np.median(paths) == pytest.approx(0.05, rel=0.3)
