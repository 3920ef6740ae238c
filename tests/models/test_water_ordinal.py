"""The ordinal model: calibrated on made truth, joint where sections move together, never a crash."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.stats import norm

from forecast.errors import UsageError
from forecast.models.class_history import ClassHistory
from forecast.models.class_references import ClassPersistence, LastYearClass, MonthlyFrequencies
from forecast.models.class_years import YearOfMonths
from forecast.models.ordinal_features import FEATURES, ordinal_features, ordinal_states
from forecast.models.water_ordinal import WaterOrdinal


def _history(values: NDArray[np.float64], first: str = "2012-01") -> ClassHistory:
    index = pd.date_range(first, periods=len(values), freq="MS")
    names = [f"s{p}" for p in range(values.shape[1])]
    return ClassHistory.from_classes(pd.DataFrame(values, index=index, columns=names))


def _made(
    seed: int, n_months: int, n_places: int, *, common: float = 0.0, phi: float = 0.6
) -> NDArray[np.float64]:
    """Classes from a latent level: section, season and an autoregression, in part common."""
    rng = np.random.default_rng(seed)
    section = rng.normal(0.0, 1.0, n_places)
    month = np.arange(n_months)
    season = 0.7 * np.cos(2.0 * np.pi * (month - 6) / 12.0)
    shocks = np.sqrt(common) * rng.normal(size=(n_months, 1)) + np.sqrt(1.0 - common) * rng.normal(
        size=(n_months, n_places)
    )
    moves = np.zeros((n_months, n_places))
    for t in range(1, n_months):
        moves[t] = phi * moves[t - 1] + np.sqrt(1.0 - phi**2) * shocks[t]
    latent = section + season[:, None] + moves
    return 1.0 + np.digitize(latent, [-2.0, -0.7, 0.5, 1.5, 2.5])


def _rps(stated: NDArray[np.float64], came: NDArray[np.float64]) -> float:
    below = np.cumsum(stated, axis=-1)[..., :-1]
    return float(((below - (came[..., None] <= np.arange(1, 6))) ** 2).sum(axis=-1).mean())


@pytest.fixture(scope="module")
def truth() -> NDArray[np.float64]:
    return _made(4, 72, 40)


@pytest.fixture(scope="module")
def fitted(truth: NDArray[np.float64]) -> WaterOrdinal:
    return WaterOrdinal().fit(_history(truth[:60]))


def test_it_is_fitted_and_says_so(fitted: WaterOrdinal) -> None:
    assert fitted.fitted
    assert fitted.note == ("", "")
    assert len(fitted.places) == 40


def test_it_beats_every_rule_on_made_truth(
    fitted: WaterOrdinal, truth: NDArray[np.float64]
) -> None:
    ahead = fitted.history.months[-1] + np.arange(1, 13)
    ours = fitted.probabilities(ahead)
    for rule in (ClassPersistence, LastYearClass, MonthlyFrequencies):
        theirs = rule().fit(fitted.history).probabilities(ahead)
        assert _rps(ours, truth[60:].T) < _rps(theirs, truth[60:].T), rule.name


def test_stated_probabilities_come_true_on_made_truth() -> None:
    stated, came = [], []
    for seed in range(3):
        values = _made(seed, 61, 40)
        fitted = WaterOrdinal().fit(_history(values[:60]))
        p = fitted.probabilities(fitted.history.months[-1:] + 1)[:, 0]
        stated.append(p[:, :3].sum(axis=1))
        came.append(values[60] <= 3)
    p, y = np.concatenate(stated), np.concatenate(came)
    spread = np.sqrt((p * (1.0 - p)).sum())
    assert abs(y.sum() - p.sum()) < norm.ppf(0.999) * spread
    high = p > np.median(p)
    for part in (high, ~high):
        own = np.sqrt((p[part] * (1.0 - p[part])).sum())
        assert abs(y[part].sum() - p[part].sum()) < norm.ppf(0.999) * own


def test_probabilities_are_ordered_by_the_section(fitted: WaterOrdinal) -> None:
    # The further ahead, the more a section's mean class decides P(class III or better).
    far = fitted.probabilities(fitted.history.months[-1:] + 24)[:, 0, :3].sum(axis=1)
    mean = fitted.history.monthly.mean(axis=0)
    assert np.corrcoef(far, mean)[0, 1] < -0.8


def test_draws_follow_the_stated_probabilities(fitted: WaterOrdinal) -> None:
    months = fitted.history.months[-1] + np.arange(1, 4)
    stated = fitted.probabilities(months)
    drawn = fitted.sample_classes(months, 4000, np.random.default_rng(1))
    assert drawn.shape == (4000, 3, 40)
    share = np.stack([(drawn == k + 1).mean(axis=0) for k in range(6)], axis=2)
    assert np.abs(share - stated.transpose(1, 0, 2)).max() < 5.0 * np.sqrt(0.25 / 4000)
    again = fitted.sample_classes(months, 4000, np.random.default_rng(1))
    assert np.array_equal(drawn, again)


def test_sections_that_move_together_are_drawn_together() -> None:
    apart = WaterOrdinal().fit(_history(_made(1, 72, 20)))
    together = WaterOrdinal().fit(_history(_made(1, 72, 20, common=0.6)))
    assert apart.common < 0.1
    assert 0.3 < together.common < 0.9
    months = together.history.months[-1:] + 1
    drawn = together.sample_classes(months, 3000, np.random.default_rng(3))[:, 0] <= 3
    p = drawn.mean(axis=0)
    joint, independent = drawn.mean(axis=1).var(), (p * (1.0 - p)).sum() / 20**2
    assert joint > 2.0 * independent


def test_months_that_follow_each_other_are_alike() -> None:
    fitted = WaterOrdinal().fit(_history(_made(7, 72, 30, phi=0.9)))
    months = fitted.history.months[-1] + np.arange(1, 8)
    drawn = fitted.sample_classes(months, 3000, np.random.default_rng(5)).astype(float)
    near = np.mean([np.corrcoef(drawn[:, 3, p], drawn[:, 4, p])[0, 1] for p in range(30)])
    far = np.mean([np.corrcoef(drawn[:, 0, p], drawn[:, 6, p])[0, 1] for p in range(30)])
    assert near > far > -0.05
    assert near > 0.2


def test_terms_of_an_origin_come_from_its_past_alone() -> None:
    values = _made(3, 40, 6).astype(np.int8)
    months = np.datetime64("2012-01", "M") + np.arange(40)
    changed = values.copy()
    changed[25:] = 6
    for t in (10, 24):
        first = ordinal_states(months, values, np.array([t]))[0]
        second = ordinal_states(months, changed, np.array([t]))[0]
        ahead = months[t] + np.array([1, 6])
        assert np.array_equal(
            ordinal_features(first, months[t], ahead), ordinal_features(second, months[t], ahead)
        )
    assert ordinal_features(first, months[24], ahead).shape == (6, 2, len(FEATURES))


def test_what_the_last_month_says_fades() -> None:
    values = np.full((24, 2), 2, dtype=np.int8)
    values[-1] = 5
    months = np.datetime64("2012-01", "M") + np.arange(24)
    state = ordinal_states(months, values, np.array([23]))[0]
    x = ordinal_features(state, months[-1], months[-1] + np.array([1, 3, 5]))
    column = FEATURES.index("last")
    assert x[0, 1, column] == pytest.approx(0.5 * x[0, 0, column])
    assert x[0, 2, column] == pytest.approx(0.25 * x[0, 0, column])


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.full((36, 4), 2.0), "one class only"),
        (np.array([[2.0], [3.0], [2.0], [3.0]]), "too few"),
        (np.full((12, 3), np.nan), "no class at all"),
        (np.array([[2.0, 3.0]]), "too few"),
    ],
    ids=["one_class", "four_months", "nothing", "one_month"],
)
def test_where_nothing_can_be_fitted_frequencies_stand(
    values: NDArray[np.float64], said: str
) -> None:
    fitted = WaterOrdinal().fit(_history(values))
    assert not fitted.fitted
    assert said in fitted.note[1]
    assert fitted.note[0]
    months = fitted.history.months[-1] + np.arange(1, 13)
    stated = fitted.probabilities(months)
    assert np.allclose(stated.sum(axis=2), 1.0)
    assert (stated > 0.0).all()
    drawn = fitted.year_paths(2020, 50, np.random.default_rng(1))
    assert drawn.shape == (50, values.shape[1])
    assert ((drawn >= 1) & (drawn <= 6)).all()


def test_rare_and_missing_classes_keep_a_small_probability() -> None:
    rng = np.random.default_rng(8)
    values = rng.choice([2.0, 3.0], size=(40, 3))
    values[5, 1] = 6.0
    fitted = WaterOrdinal().fit(_history(values))
    assert fitted.fitted
    stated = fitted.probabilities(fitted.history.months[-1:] + 1)[:, 0]
    assert np.allclose(stated.sum(axis=1), 1.0)
    assert (stated > 0.0).all()
    assert (stated[:, 3] < 0.05).all()


def test_classes_that_part_the_record_neatly_leave_finite_odds() -> None:
    # Section "a" is always II, "b" always V: the likelihood alone would run to infinity.
    values = np.column_stack([np.full(40, 2.0), np.full(40, 5.0)])
    fitted = WaterOrdinal().fit(_history(values))
    assert fitted.fitted
    stated = fitted.probabilities(fitted.history.months[-1:] + 3)[:, 0]
    assert stated[0].argmax() == 1
    assert stated[1].argmax() == 4
    assert stated.max() < 0.999


def test_gaps_and_a_section_that_came_late_are_borne() -> None:
    values = _made(9, 48, 6)
    values[10:20] = np.nan
    values[:44, 2] = np.nan
    values[30:, 3] = np.nan
    fitted = WaterOrdinal().fit(_history(values))
    assert fitted.fitted
    stated = fitted.probabilities(fitted.history.months[-1] + np.arange(1, 4))
    assert np.isfinite(stated).all()
    assert np.allclose(stated.sum(axis=2), 1.0)


def test_months_over_stay_in_the_year_and_a_year_over_stands() -> None:
    # 42 months: half of 2015 is over; sections of class I and V so far differ for the year.
    values = np.where(np.arange(8) < 4, 2.0, 5.0) + np.zeros((42, 1))
    values[::7] += 1.0
    fitted = WaterOrdinal().fit(_history(values))
    drawn = fitted.year_paths(2015, 400, np.random.default_rng(2))
    assert (drawn[:, :4] <= 3).mean() > 0.9
    assert (drawn[:, 4:] >= 4).mean() > 0.9
    over = fitted.year_paths(2014, 10, np.random.default_rng(2))
    years, found = fitted.history.years()
    assert (over == found[list(years).index(2014)]).all()
    stated = fitted.year_probabilities(2015)
    assert np.allclose(stated.sum(axis=1), 1.0)
    assert np.array_equal(stated, fitted.year_probabilities(2015))


def test_how_a_year_follows_from_its_months_is_learned() -> None:
    # Months of mean class 2.5 whose years were class II all the same.
    months = np.datetime64("2012-01", "M") + np.arange(48)
    monthly = np.tile(np.array([2, 3], dtype=np.int8), 24)[:, None] * np.ones((1, 3), np.int8)
    running = np.full((48, 3), 2, dtype=np.int8)
    count = ((np.arange(48) % 12) + 1)[:, None] * np.ones((1, 3))
    history = ClassHistory(
        months, ("a", "b", "c"), monthly.astype(np.int8), running, count.astype(np.int16)
    )
    drawn = YearOfMonths.of(history).draw(
        np.full((500, 3), 2.5), 2016, np.zeros(3), np.random.default_rng(1)
    )
    assert (drawn == 2).mean() > 0.9
    nothing = YearOfMonths.of(history.until(np.datetime64("2011-12", "M")))
    plain = nothing.draw(np.full((500, 3), 2.6), 2016, np.zeros(3), np.random.default_rng(1))
    assert (plain == 3).all()


def test_without_statsmodels_the_cure_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "statsmodels.miscmodels.ordinal_model", None)
    with pytest.raises(UsageError, match="statsmodels") as caught:
        WaterOrdinal().fit(_history(_made(1, 36, 5)))
    assert "pip install statsmodels" in str(caught.value)


def test_three_real_sections_of_which_only_the_class_is_known(real_data: Path) -> None:
    table = pd.read_csv(real_data / "water" / "weekly_sections_2012_2018.csv.gz", encoding="utf-8")
    table = table[table["year"].isin([2014, 2015]) & table["class_num"].notna()]
    table["month"] = pd.to_datetime(table["date_monday"]).dt.to_period("M").dt.to_timestamp()
    table = table[table["month"] >= "2014-01-01"]
    names = ["天津三岔口", "安徽阜南王家坝", "湖南长沙新港"]
    table = table[table["section_id"].isin(names)]
    # The class that a month had in most of its weeks, the worse of two.
    modes = table.groupby(["month", "section_id"])["class_num"].agg(lambda c: c.mode().max())
    frame = modes.reset_index().pivot_table(index="month", columns="section_id", values="class_num")
    fitted = WaterOrdinal().fit(ClassHistory.from_classes(frame))
    assert fitted.fitted, fitted.note
    stated = fitted.probabilities(fitted.history.months[-1] + np.arange(1, 13))
    assert np.allclose(stated.sum(axis=2), 1.0)
    mean = (stated * np.arange(1, 7)).sum(axis=2).mean(axis=1)
    usual = frame.mean().to_numpy()
    assert np.abs(mean - usual).max() < 0.8
    assert np.argmax(mean) == np.argmax(usual)
