"""Past forecasts: what was known, what came, the same rows whoever asks and in whatever order."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.errors import InputError, UsageError
from forecast.models.registry import AirModel
from forecast.projection.hindcast_cases import HindcastSettings, PlaceRecord, records_of
from forecast.projection.hindcast_indicators import items_of, year_values
from forecast.projection.hindcast_parts import read_parts
from forecast.projection.hindcast_rows import COLUMNS, LEVELS, QUANTILE_COLUMNS
from forecast.projection.hindcasts import backtest_frames, hindcast
from forecast.standards.items import AIR_ITEMS

MakeModel = Callable[..., AirModel]
MakeCity = Callable[..., pd.DataFrame]
PM = ["pm25_annual_mean"]
JANUARY, JULY = date(2016, 12, 31), date(2017, 6, 30)


def told(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows without the time they took."""
    return rows.drop(columns="seconds")


def test_a_row_is_what_came_and_what_was_said(last_mean: MakeModel, made_city: MakeCity) -> None:
    frame = made_city()
    rows = backtest_frames({"甲": frame}, [JULY], [last_mean(spread=0.0)], PM, n_paths=60)
    assert list(rows.columns) == list(COLUMNS)
    row = rows.iloc[0]
    known = frame.loc[:"2017-06-30", "pm25"]
    rest = known.tail(365).mean()
    seen = frame.loc["2017-01-01":"2017-06-30", "pm25"]
    expected = (seen.sum() + 184 * rest) / 365
    truth = frame.loc["2017", "pm25"].mean()
    before = frame.loc["2016", "pm25"].mean()
    assert row["truth"] == pytest.approx(truth)
    assert row["mean"] == pytest.approx(expected, abs=1e-4)
    assert row["q05"] == row["q95"] == pytest.approx(expected, abs=1e-4)
    assert row["crps"] == pytest.approx(abs(expected - truth), abs=1e-4)
    assert row["previous"] == pytest.approx(before)
    # 2017 has no 29 February to repeat that of 2016 on.
    repeated = frame.loc["2016", "pm25"].drop(pd.Timestamp("2016-02-29")).mean()
    assert row["persistence"] == pytest.approx(repeated)
    half = frame.loc["2016-01-01":"2016-06-30", "pm25"].drop(pd.Timestamp("2016-02-29")).mean()
    assert row["ytd_ratio"] == pytest.approx(repeated * seen.mean() / half)
    last = frame.loc["2016-07-01":"2016-12-31", "pm25"]
    assert row["ytd_plus_rest"] == pytest.approx((seen.sum() + last.sum()) / 365)
    assert row["n_climatology"] == 3
    assert (row["year"], row["start_month"], row["lead_days"]) == (2017, 7, 184)
    assert row["p_0"] == float(expected <= before)
    assert row["p_m10"] == float(expected <= 0.9 * before)


def test_quantiles_probabilities_and_pit_are_those_of_all_paths(
    last_mean: MakeModel, made_city: MakeCity
) -> None:
    rows = backtest_frames({"甲": made_city()}, [JANUARY], [last_mean()], PM, n_paths=4000)
    row = rows.iloc[0]
    quantiles = row[list(QUANTILE_COLUMNS)].to_numpy(float)
    assert (np.diff(quantiles) >= 0).all()
    # The year is log-normal: its median is the last mean, its quantiles e^(0.1 z) times that.
    centre = made_city().loc["2016", "pm25"].tail(365).mean()
    assert quantiles[[4, 49, 94]] == pytest.approx(
        centre * np.exp(0.1 * np.array([-1.645, 0, 1.645])), rel=0.01
    )
    below = float(np.interp(row["truth"], quantiles, LEVELS))
    assert row["pit"] == pytest.approx(below, abs=0.03)
    assert 0.0 <= row["p_m10"] <= row["p_m5"] <= row["p_0"] <= row["p_p5"] <= 1.0


def test_more_is_better_for_good_days(last_mean: MakeModel, made_city: MakeCity) -> None:
    frame = made_city(items=AIR_ITEMS, fall=0.0)
    frame["co"] = np.where(np.arange(len(frame)) % 2, 0.9, 1.1)
    rows = backtest_frames({"甲": frame}, [JULY], [last_mean()], ["good_day_ratio"], n_paths=100)
    row = rows.iloc[0]
    assert row["p_m10"] >= row["p_m5"] >= row["p_0"] >= row["p_p5"]
    assert 0.0 <= row["truth"] <= 100.0


def test_rows_do_not_depend_on_order_company_or_processes(made_city: MakeCity) -> None:
    frames = {name: made_city(seed=k, level=50 + k) for k, name in enumerate("乙甲丙")}
    together = backtest_frames(frames, [JANUARY, JULY], ["past_years", "seasonal"], PM, n_paths=50)
    turned = dict(reversed(frames.items()))
    again = backtest_frames(
        turned, [JULY, JANUARY], ["seasonal", "past_years"], PM, n_paths=50, jobs=2
    )
    pd.testing.assert_frame_equal(told(together), told(again))
    alone = backtest_frames({"甲": frames["甲"]}, [JULY], ["seasonal"], PM, n_paths=50)
    own = together[
        (together["place"] == "甲") & (together["model"] == "seasonal")
        & (together["origin"] == pd.Timestamp(JULY))
    ].reset_index(drop=True)  # fmt: skip
    pd.testing.assert_frame_equal(told(alone), told(own))
    other = backtest_frames({"甲": frames["甲"]}, [JULY], ["seasonal"], PM, n_paths=50, seed=2)
    assert other["mean"].item() != alone["mean"].item()


def test_a_model_of_all_places_gives_the_rows_of_its_places(
    last_mean: MakeModel, made_city: MakeCity, tmp_path: Path
) -> None:
    frames = {name: made_city(seed=k) for k, name in enumerate("甲乙")}
    single = backtest_frames(frames, [JANUARY, JULY], [last_mean()], PM, n_paths=50)
    panel = last_mean(panel=True)
    many = backtest_frames(frames, [JANUARY, JULY], [panel], PM, n_paths=50, cache=tmp_path)
    kept = backtest_frames(frames, [JANUARY, JULY], [panel], PM, n_paths=50, cache=tmp_path)
    pd.testing.assert_frame_equal(told(single), told(many))
    pd.testing.assert_frame_equal(many, kept)


def test_finished_forecasts_are_not_made_again(
    last_mean: MakeModel, made_city: MakeCity, tmp_path: Path
) -> None:
    seen: list[tuple[str, str]] = []
    frame = made_city()
    model = last_mean(seen=seen)

    def made(indicators: list[str] = PM, **options: object) -> pd.DataFrame:
        return backtest_frames(
            {"甲": frame}, [JANUARY, JULY], [model], indicators,
            **{"n_paths": 50, "cache": tmp_path, **options},  # type: ignore[arg-type]
        )  # fmt: skip

    first = made()
    assert seen == [("甲", "2016-12-31"), ("甲", "2017-06-30")]
    seen.clear()
    pd.testing.assert_frame_equal(made(), first)
    assert seen == []
    more = made([*PM, "pm25_days_over_150"])
    assert len(seen) == 2
    own = more[more["indicator"] == PM[0]].reset_index(drop=True)
    pd.testing.assert_frame_equal(own, first)
    seen.clear()
    made([*PM, "pm25_days_over_150"])
    assert seen == []
    made(seed=5)
    assert len(seen) == 2
    seen.clear()
    # A reading before both origins changes both; one between them only what came and the second.
    frame.loc["2017-03-05", "pm25"] += 1.0
    made(seed=5)
    assert len(seen) == 2
    seen.clear()
    frame.loc["2018-03-05", "pm25"] += 1.0
    made(seed=5)
    assert seen == []


def test_a_damaged_part_is_made_again(
    last_mean: MakeModel, made_city: MakeCity, tmp_path: Path
) -> None:
    frames = {"甲": made_city()}
    first = backtest_frames(frames, [JULY], [last_mean()], PM, n_paths=50, cache=tmp_path)
    part = next(tmp_path.rglob("*.parquet"))
    part.write_bytes(part.read_bytes()[:100])
    again = backtest_frames(frames, [JULY], [last_mean()], PM, n_paths=50, cache=tmp_path)
    pd.testing.assert_frame_equal(told(again), told(first))
    stored = read_parts(tmp_path)
    assert stored["crps"].tolist() == first["crps"].tolist()
    assert read_parts(tmp_path / "nothing").empty


def test_a_stop_keeps_what_was_finished(
    last_mean: MakeModel, made_city: MakeCity, tmp_path: Path
) -> None:
    seen: list[tuple[str, str]] = []
    good = last_mean(seen=seen)

    def stopping(place: str, pooled: object = None, *, dispersed: bool = True) -> object:
        if len(seen) == 1:
            raise KeyboardInterrupt
        return good.make(place)

    frames = {"甲": made_city()}
    with pytest.raises(KeyboardInterrupt):
        backtest_frames(
            frames, [JANUARY, JULY], [dataclasses.replace(good, make=stopping)], PM, n_paths=50,
            cache=tmp_path,
        )  # fmt: skip
    rows = backtest_frames(frames, [JANUARY, JULY], [good], PM, n_paths=50, cache=tmp_path)
    assert seen == [("甲", "2016-12-31"), ("甲", "2017-06-30")]
    assert len(rows) == 2
    assert [p.name for p in tmp_path.rglob(".*.tmp")] == []


def test_what_can_not_be_forecast_is_named(last_mean: MakeModel, made_city: MakeCity) -> None:
    gappy = made_city(seed=3)
    gappy.loc["2017-07-01":"2017-10-31"] = np.nan
    silent = made_city(seed=4)
    silent.loc["2017-04-01":"2017-06-30"] = np.nan
    records = [
        PlaceRecord.from_frame("甲", made_city(last="2017-11-30")),
        PlaceRecord.from_frame("乙", made_city(first="2016-09-01")),
        PlaceRecord.from_frame("丙", gappy),
        PlaceRecord.from_frame("丁", silent),
    ]
    origins = [date(2013, 6, 30), JULY]
    made = hindcast(records, origins, [last_mean()], [*PM, "good_day_ratio"])
    assert made.rows.empty
    found = {
        (r["place"], f"{r['origin']:%Y}", r["indicator"]): r["reason"]
        for r in made.skipped.to_dict("records")
    }
    assert found[("甲", "2017", "")] == "year_open"
    assert found[("乙", "2017", "")] == "short_history"
    assert found[("丙", "2017", PM[0])] == "truth_short"
    assert found[("丙", "2017", "good_day_ratio")] == "not_measured"
    assert found[("丁", "2017", "")] == "silent"
    assert {found[(p, "2013", "")] for p in "甲乙丙丁"} == {"before_data"}


def test_a_model_that_fails_or_leaves_an_item_out_is_named_and_the_rest_goes_on(
    last_mean: MakeModel, made_city: MakeCity
) -> None:
    good = last_mean()

    def failing(place: str, pooled: object = None, *, dispersed: bool = True) -> object:
        raise np.linalg.LinAlgError("Singular matrix")

    bad = dataclasses.replace(good, name="bad", make=failing)
    short = last_mean(fewest=300)
    frame = made_city(items=("pm25", "so2"))
    frame["no2"] = 20.0  # stands still
    frame.loc[:"2016-11-30", "so2"] = np.nan
    records = [PlaceRecord.from_frame("甲", frame)]
    settings = HindcastSettings(n_paths=50, min_days=200)
    made = hindcast(
        records, [JULY], [bad, short], [*PM, "so2_annual_mean", "no2_annual_mean"],
        settings=settings,
    )  # fmt: skip
    assert made.rows[["model", "indicator"]].to_numpy().tolist() == [["last_mean", PM[0]]]
    columns = ["model", "reason", "indicator", "detail"]
    assert made.skipped[columns].to_numpy().tolist() == [
        ["", "undrawable", "no2_annual_mean", ""],
        ["bad", "failed", "", "LinAlgError: Singular matrix"],
        ["last_mean", "not_drawn", "so2_annual_mean", ""],
    ]


def test_a_period_may_end_before_the_year_does(last_mean: MakeModel, made_city: MakeCity) -> None:
    frame = made_city(last="2018-11-18")
    settings = HindcastSettings(ends={2018: date(2018, 11, 18)})
    rows = backtest_frames(
        {"甲": frame}, [date(2018, 6, 30)], [last_mean(spread=0.0)], PM, n_paths=50,
        settings=settings,
    )  # fmt: skip
    row = rows.iloc[0]
    assert row["truth"] == pytest.approx(frame.loc["2018", "pm25"].mean())
    assert row["previous"] == pytest.approx(frame.loc["2017-01-01":"2017-11-18", "pm25"].mean())
    assert row["lead_days"] == 141


def test_a_year_that_lacks_days_of_one_month_is_scored_unless_the_whole_rule_is_asked_for(
    last_mean: MakeModel, made_city: MakeCity
) -> None:
    frame = made_city()
    frame.loc["2017-12-27":"2017-12-31"] = np.nan  # 26 days of December, 27 are the rule
    settings = HindcastSettings(n_paths=50, min_days=None)
    asked = ({"甲": frame}, [JULY], [last_mean()], PM)
    assert len(backtest_frames(*asked, n_paths=50)) == 1
    assert backtest_frames(*asked, n_paths=50, settings=settings).empty


def test_only_what_was_known_at_the_origin_is_used(last_mean: MakeModel) -> None:
    days = pd.date_range("2015-01-01", "2017-12-31").to_numpy("datetime64[s]")
    rows = pd.DataFrame(
        {
            "region": "甲", "place": "甲", "place_kind": "city", "date": days, "item": "pm25",
            "value": 50.0 + np.where(np.arange(len(days)) % 2, 1.0, -1.0), "basis": "standard_state", "source": "long_tidy", "version": "unknown",
            "flag": "", "known_from": days + np.timedelta64(86399, "s"), "file_id": "a",
            "row": np.arange(len(days)),
        }
    )  # fmt: skip
    in_2016 = rows[(rows["date"] >= "2016-01-01") & (rows["date"] < "2017-01-01")]
    # All of 2016 is corrected by 20 in March 2017: known at the end of June, not in January.
    late = in_2016.assign(value=in_2016["value"] + 20.0, known_from=pd.Timestamp("2017-03-01"))
    records = records_of(pd.concat([rows, late], ignore_index=True))
    made = hindcast(
        records, [JANUARY, JULY], [last_mean(spread=0.0)], PM, settings=HindcastSettings(n_paths=50)
    )
    assert made.rows["previous"].tolist() == pytest.approx([50.0, 70.0], abs=0.01)
    assert made.rows["mean"].tolist() == pytest.approx([50.0, (181 * 50 + 184 * 60) / 365], abs=0.1)
    assert made.rows["truth"].tolist() == pytest.approx([50.0, 50.0], abs=0.01)


def test_days_over_150_are_counted_after_rounding() -> None:
    days = np.arange("2017-01-01", "2018-01-01", dtype="datetime64[D]")
    values = np.full((365, 1), 40.0)
    values[:4, 0] = [150.0, 150.4, 150.6, 151.0]  # rounded: 150, 150, 151, 151
    found = year_values(["pm25_days_over_150"], values.astype(np.float32), days, ("pm25",))
    assert found["pm25_days_over_150"].values.tolist() == [2.0]
    assert found["pm25_days_over_150"].enough.tolist() == [True]
    assert items_of("composite_index") == AIR_ITEMS


def test_what_has_no_meaning_is_refused(made_city: MakeCity, last_mean: MakeModel) -> None:
    frame = made_city()
    with pytest.raises(UsageError, match="aqi_mean"):
        backtest_frames({"甲": frame}, [JULY], [last_mean()], ["aqi_mean"])
    with pytest.raises(UsageError, match="no_such"):
        backtest_frames({"甲": frame}, [JULY], ["no_such"], PM)
    with pytest.raises(UsageError, match="twice"):
        backtest_frames({"甲": frame}, [JULY], [last_mean(), last_mean()], PM)
    with pytest.raises(InputError, match="PM2"):
        backtest_frames({"甲": frame.rename(columns={"pm25": "PM2.5"})}, [JULY], [last_mean()], PM)
    with pytest.raises(InputError, match="2014-01-01 occurs twice"):
        backtest_frames({"甲": pd.concat([frame, frame.head(1)])}, [JULY], [last_mean()], PM)


def test_no_place_gives_an_empty_table_with_its_columns(last_mean: MakeModel) -> None:
    rows = backtest_frames({}, [JULY], [last_mean()], PM)
    assert rows.empty
    assert list(rows.columns) == list(COLUMNS)
