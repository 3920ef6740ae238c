"""Gradient boosting: what it is told by hand, no look into the future, one for all places."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_air import ahead_of, made_record

from forecast.models import boosting
from forecast.models.boosting import Boosting, fit_boosting
from forecast.models.daily_record import daily_record

pytest.importorskip("sklearn", reason="the model needs scikit-learn")


def table_of(record: pd.DataFrame) -> boosting._Table:
    """What is known of a record, its items numbered in order."""
    found = daily_record(record)
    return boosting._Table(found, {item: k for k, item in enumerate(found.items)})


def test_columns_by_hand() -> None:
    """ln C is the number of the day over 1000: levels are means of rows, seasons likewise."""
    days = pd.date_range("2014-01-01", periods=1200)
    record = pd.DataFrame({"pm25": np.exp(np.arange(1200) / 1000)}, index=days)
    columns, base = table_of(record).features(np.array([1000]), np.array([100]))
    values = columns[0, 0, 0]
    assert base[0, 0, 0] == pytest.approx(0.818)  # mean of rows 636 to 1000
    item, _, _, _, weekend, lead, month, quarter, season, before = values
    assert (item, lead) == (0, 100)
    # Row 1100 is 2017-01-05, a Thursday.
    assert weekend == 0
    assert month == pytest.approx(0.9855 - 0.818)
    assert quarter == pytest.approx(0.9555 - 0.818)
    # A year before row 1100 is row 735; two years before, 1100 - 730 (730.5 to even) = 370.
    assert season == pytest.approx(0.735 - 0.818)
    assert before == pytest.approx(0.370 - 0.818)


def test_a_lead_over_a_year_looks_two_years_back() -> None:
    """The same season that is known at the origin: whole windows only."""
    days = pd.date_range("2014-01-01", periods=1500)
    record = pd.DataFrame({"pm25": np.exp(np.arange(1500) / 1000)}, index=days)
    columns, base = table_of(record).features(np.array([1300]), np.array([350, 351, 700]))
    season = columns[0, :, 0, 8] + base[0, :, 0]
    # Row 1650 less 365 is 1285, whose window ends on 1300; one day later it would not.
    np.testing.assert_allclose(season, [1.285, 1.651 - 0.730, 2.0 - 0.730])


def test_the_future_of_an_origin_does_not_enter_its_columns() -> None:
    """Columns of an origin are the same whatever comes after it."""
    record = made_record(1, years=3, items=("pm25", "no2"))
    changed = record.copy()
    changed.iloc[701:] *= 9.0
    leads = np.arange(1, 366, 7)
    one, _ = table_of(record).features(np.array([700]), leads)
    other, _ = table_of(changed).features(np.array([700]), leads)
    np.testing.assert_allclose(other, one, atol=1e-12)


def test_training_leads_are_spread_over_both_years() -> None:
    """24 leads of each origin in the first year, one in each fifteenth part; six in the second."""
    leads = boosting._training_leads(50)
    assert leads.shape == (50, 30)
    assert leads.min() >= 1 and leads.max() <= 730
    assert ((leads[:, :24] <= 365) & (leads[:, 24:] > 365).all(axis=1)[:, None]).all()
    assert (np.diff(leads, axis=1) > 0).all()
    # In the end every part of the year has had its turn: no lead is further than a week from one.
    assert np.diff(np.unique(leads[:, :24])).max() <= 7


def test_past_errors_are_of_the_season_and_drawn_whole() -> None:
    """Origins lie 20 days about the date of past years; items of a path take the same errors."""
    origins = boosting._past_origins(1200)
    apart = (1199 - origins) % 365.25
    assert len(origins) == 15
    assert np.minimum(apart, 365.25 - apart).max() <= 21
    record = made_record(2, years=4, items=("pm25", "pm10"), common=0.9, season=0.0)
    drawn = np.log(
        Boosting("x").fit(record).sample(ahead_of(record, 300), 40, np.random.default_rng(0)).values
    )
    drawn -= drawn.mean(axis=0)
    assert np.corrcoef(drawn.reshape(-1, 2).T)[0, 1] > 0.8
    # Days depend on each other, less than the 0.6 they were made with: the trees have seen them.
    assert 0.3 < np.corrcoef(drawn[:, 1:, 0].ravel(), drawn[:, :-1, 0].ravel())[0, 1] < 0.65


def test_season_and_level_are_learnt() -> None:
    """The mean of a year, and a winter above the summer (e^0.8 = 2.2 times at the extremes)."""
    record = made_record(3, years=5, noise=0.15)
    model = Boosting("x").fit(record)
    drawn = model.sample(ahead_of(record, 365), 50, np.random.default_rng(0)).values[:, :, 0]
    assert drawn.mean() == pytest.approx(float(record["pm25"].iloc[-365:].mean()), rel=0.05)
    assert drawn[:, :30].mean() > 1.8 * drawn[:, 165:195].mean()


def test_one_ensemble_for_all_places_and_thinned_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """All places share their trees; with many rows origins lie further apart, and all still works."""
    records = {f"p{k}": made_record(10 + k, years=2.5) for k in range(3)}
    models = fit_boosting(records)
    assert models["p0"]._trees is models["p2"]._trees
    assert [m.place for m in models.values()] == ["p0", "p1", "p2"]
    monkeypatch.setattr(boosting, "_MOST_ROWS", 500)
    thin = fit_boosting(
        {**records, "empty": records["p0"] * np.nan, "young": records["p1"].iloc[-61:]}
    )
    assert thin["empty"].items == ()
    for place in ("p0", "young"):
        last = records["p0"].index[-1].to_datetime64().astype("datetime64[D]")
        drawn = thin[place].sample(last + np.arange(1, 400), 20, np.random.default_rng(0)).values
        assert np.isfinite(drawn).all() and (drawn > 0).all()
    assert fit_boosting({}) == {}
