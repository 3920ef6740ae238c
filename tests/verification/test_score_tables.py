"""Tables of scores: the same rows for all, figures by hand, rules beside models."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.models.registry import AirModel
from forecast.projection.hindcast_rows import COLUMNS, LEVELS, QUANTILE_COLUMNS
from forecast.projection.hindcasts import backtest_frames
from forecast.verification import (
    difference_table,
    event_rows,
    event_table,
    same_rows,
    score_table,
)
from forecast.verification.tables import with_columns


def row(
    place: str, model: str, year: int, *, error: float = 1.0, **given: object
) -> dict[str, object]:
    """One past forecast of PM2.5: N-like quantiles around 40 for a truth of 40 + error."""
    values: dict[str, object] = dict.fromkeys(COLUMNS, np.nan)
    values |= {
        "place": place, "region": place, "model": model, "indicator": "pm25_annual_mean",
        "year": year, "origin": pd.Timestamp(year - 1, 12, 31), "start_month": 1,
        "truth": 40.0 + error, "previous": 44.0, "mean": 40.0, "crps": abs(error) / 2,
        "persistence": 44.0, "ytd_ratio": 42.0, "ytd_plus_rest": 43.0, "climatology": 46.0,
        "climatology_crps": 4.0, "n_paths": 100,
        **dict(zip(QUANTILE_COLUMNS, 40.0 + 10.0 * (LEVELS - 0.5), strict=True)),
        "p_m10": 0.3, "p_m5": 0.7, "p_0": 0.9, "p_p5": 1.0,
        "c_m10": 0.0, "c_m5": 0.5, "c_0": 0.5, "c_p5": 1.0,
    }  # fmt: skip
    return values | given


@pytest.fixture
def rows() -> pd.DataFrame:
    table = [
        row(place, model, year, error=error)
        for place in ("甲", "乙")
        for year, error in ((2016, 1.0), (2017, -3.0), (2018, 4.8))
        for model in ("one", "two")
    ]
    return pd.DataFrame(table).drop(index=3).reset_index(drop=True)  # 甲 2017 has no "two"


def test_all_models_are_scored_on_the_cases_they_share(rows: pd.DataFrame) -> None:
    shared = same_rows(rows)
    assert shared.groupby("model").size().to_dict() == {"one": 5, "two": 5}
    assert not ((shared["place"] == "甲") & (shared["year"] == 2017)).any()
    # A model that never forecasts an indicator takes nothing from the others.
    more = pd.concat(
        [rows, pd.DataFrame([row("甲", "one", 2016, indicator="so2_annual_mean")])],
        ignore_index=True,
    )
    assert (same_rows(more)["indicator"] == "so2_annual_mean").sum() == 1


def test_columns_are_replaced_where_they_stood(rows: pd.DataFrame) -> None:
    shuffled = rows.iloc[::-1]
    made = with_columns(shuffled, {"new": np.arange(len(rows)), "q50": np.zeros(len(rows))})
    assert list(made) == [*rows, "new"]
    assert made.index.tolist() == shuffled.index.tolist()
    assert made["new"].tolist() == list(range(len(rows)))
    assert (made["q50"] == 0.0).all() and (rows["q50"] == 40.0).all()
    pd.testing.assert_frame_equal(made.drop(columns=["new", "q50"]), shuffled.drop(columns="q50"))


def test_scores_are_those_by_hand(rows: pd.DataFrame) -> None:
    found = score_table(rows).set_index("model").loc["one"]
    # Errors of the five shared cases: 1, 4.8 (甲), 1, -3, 4.8 (乙).
    assert (found["n"], found["n_years"], found["n_places"]) == (5, 3, 2)
    assert found["crps"] == pytest.approx((1 + 4.8 + 1 + 3 + 4.8) / 2 / 5)
    assert found["bias"] == pytest.approx(-(1 + 4.8 + 1 - 3 + 4.8) / 5)
    # The 90 % interval is 40 ± 4.5, the 50 % one 40 ± 2.5.
    assert found["cover90"] == pytest.approx(3 / 5)
    assert found["cover50"] == pytest.approx(2 / 5)
    assert found["width90"] == pytest.approx(9.0)
    persistence = np.mean([3.0, 0.8, 3.0, 7.0, 0.8])
    assert found["persistence"] == pytest.approx(persistence)
    assert found["skill_persistence"] == pytest.approx(1 - found["crps"] / persistence)
    assert found["climatology"] == 4.0
    assert np.isnan(found["crps_low"])


def test_a_rule_without_a_value_is_compared_on_the_rows_it_has(rows: pd.DataFrame) -> None:
    rows.loc[rows["year"] == 2018, "ytd_ratio"] = np.nan
    found = score_table(rows).set_index("model").loc["one"]
    # Left: errors 1, 1 and -3, whose rule was off by 1, 1 and 5.
    assert found["ytd_ratio"] == pytest.approx(7 / 3)
    assert found["skill_ytd_ratio"] == pytest.approx(1 - (0.5 + 0.5 + 1.5) / 7)
    assert found["n"] == 5


def test_groups_and_intervals(rows: pd.DataFrame) -> None:
    found = score_table(rows, ["year"], rng=np.random.default_rng(0), n_boot=200)
    assert found[["model", "year"]].to_numpy().tolist() == [
        [m, y] for m in ("one", "two") for y in (2016, 2017, 2018)
    ]
    whole = score_table(rows, rng=np.random.default_rng(0), n_boot=500).iloc[0]
    assert whole["crps_low"] < whole["crps"] < whole["crps_high"]
    assert whole["skill_persistence_low"] <= whole["skill_persistence"]
    columns = list(whole.index)
    assert columns[columns.index("crps") + 1] == "crps_low"


def test_differences_are_paired(rows: pd.DataFrame) -> None:
    rows.loc[rows["model"] == "two", "crps"] += 0.25
    table = difference_table(rows, "one", rng=np.random.default_rng(0), n_boot=100)
    found = table.set_index("other")
    assert found.loc["two", "difference"] == pytest.approx(-0.25)
    assert found.loc["two", ["n", "below"]].tolist() == [5, 1.0]
    assert np.isnan(found.loc["two", "low"])  # every pair differs by the same
    assert set(found.index) == {"persistence", "ytd_ratio", "ytd_plus_rest", "climatology", "two"}


def test_events_compare_with_the_year_before(rows: pd.DataFrame) -> None:
    one = rows[(rows["model"] == "one") & (rows["place"] == "乙")]
    events = event_rows(one).set_index(["year", "threshold"]).sort_index()
    # The year before: 44. Bounds 39.6, 41.8, 44, 46.2; what came 41, 37, 44.8.
    assert events["event"].tolist() == [0, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 1]
    assert events.loc[2016, "persistence"].tolist() == [0, 0, 1, 1]
    good = one.assign(indicator="good_day_ratio", truth=44.0)
    events = event_rows(good).set_index(["year", "threshold"]).sort_index()
    assert events.loc[2016, "event"].tolist() == [1, 1, 1, 0]
    assert events.loc[2016, "persistence"].tolist() == [1, 1, 1, 0]
    assert event_rows(rows.assign(previous=np.nan)).empty


def test_event_scores_are_those_by_hand(rows: pd.DataFrame) -> None:
    one = rows[(rows["model"] == "one") & (rows["place"] == "乙")]
    found = event_table(one, ["threshold"]).set_index("threshold")
    # At -10 % only 2017 came true; said 0.3 each time.
    assert found.loc[-10, "brier"] == pytest.approx((0.09 + 0.49 + 0.09) / 3)
    assert found.loc[-10, "rate"] == pytest.approx(1 / 3)
    assert found.loc[-10, "brier_climatology"] == pytest.approx(1 / 3)
    assert found.loc[-10, "brier_persistence"] == pytest.approx(1 / 3)
    assert found.loc[5, "brier"] == 0.0
    # A share of 1 in 100 paths is held at 1 - 1/200.
    assert found.loc[5, "log"] == pytest.approx(-np.log(0.995))
    parts = found["mcb"] - found["dsc"] + found["unc"]
    assert parts.to_numpy() == pytest.approx(found["brier"].to_numpy())


def test_a_model_that_knows_its_spread_is_calibrated_and_one_too_sure_is_not(
    last_mean: Callable[..., AirModel],
) -> None:
    """Years are drawn as the model draws them: its intervals hold as often as they say."""
    rng = np.random.default_rng(8)
    days = pd.date_range("2015-01-01", "2016-12-31")
    frames = {}
    for k in range(90):
        level = np.where(days.year == 2015, 50.0, 50.0 * np.exp(0.1 * rng.standard_normal()))
        unrest = np.where(np.arange(len(days)) % 2, 1.0, -1.0)  # or the instrument stands still
        frames[f"p{k:03d}"] = pd.DataFrame({"pm25": level + unrest}, index=days)
    models = [last_mean(), last_mean("bold", spread=0.03)]
    rows = backtest_frames(frames, [date(2015, 12, 31)], models, ["pm25_annual_mean"], n_paths=400)
    found = score_table(rows).set_index("model")
    # 90 independent years; the bounds are those of 99.8 % of Bin(90, 0.9) and Bin(90, 0.5).
    assert 72 <= 90 * found.loc["last_mean", "cover90"] <= 89
    assert 31 <= 90 * found.loc["last_mean", "cover50"] <= 59
    assert found.loc["bold", "cover90"] < 0.6
    assert found.loc["last_mean", "crps"] < found.loc["bold", "crps"]
    events = event_table(rows).set_index("model")
    assert events.loc["last_mean", "mcb"] < events.loc["bold", "mcb"]


def test_scores_of_real_cities_are_those_of_the_rows(real_data: Path) -> None:
    table = pd.read_csv(real_data / "air" / "city_daily_long_2013_2020.csv.gz", encoding="utf-8")
    own = table[table["city"] == table["city"].iloc[0]].drop_duplicates("date")
    frame = pd.DataFrame({"pm25": own["pm25"].to_numpy(float)}, index=pd.to_datetime(own["date"]))
    frame = frame[frame["pm25"] > 0].sort_index()
    rows = backtest_frames(
        {"a": frame}, [date(2017, 12, 31), date(2018, 6, 30)], ["past_years"],
        ["pm25_annual_mean"], n_paths=200,
    )  # fmt: skip
    truth = frame.loc["2018", "pm25"].mean()
    assert rows["truth"].tolist() == pytest.approx([truth, truth])
    assert rows["previous"].tolist() == pytest.approx([frame.loc["2017", "pm25"].mean()] * 2)
    assert (rows["crps"] < 20).all()
