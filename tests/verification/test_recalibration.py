"""Recalibration: what it repairs, what it leaves alone, and what it must never see."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr, ndtri

from forecast.projection.hindcast_rows import LEVELS, QUANTILE_COLUMNS
from forecast.verification.calibration_maps import OddsMap, PitMap
from forecast.verification.recalibration import recalibrated, recalibration_effect
from forecast.verification.scores import effective_cases

Make = Callable[..., pd.DataFrame]
_Q = list(QUANTILE_COLUMNS)
_P = ["p_m10", "p_m5", "p_0", "p_p5"]


def normal_crps(shift: float, spread: float) -> float:
    """Mean CRPS of N(0, 1) for truths N(shift, spread²): E|X - Y| - E|X - X'| / 2."""
    wide = np.sqrt(1.0 + spread**2)
    far = wide * np.sqrt(2 / np.pi) * np.exp(-((shift / wide) ** 2) / 2)
    return float(far + shift * (1 - 2 * ndtr(-shift / wide)) - 1 / np.sqrt(np.pi))


def effect(rows: pd.DataFrame, **given: float) -> pd.Series:
    table = recalibration_effect(rows, rng=np.random.default_rng(1), n_boot=400, **given)
    return table[table["start_month"].isna()].iloc[0]


def test_a_biased_and_timid_forecaster_is_repaired_by_the_amount_the_normal_law_gives(
    made_rows: Make,
) -> None:
    """The truth lies one stated spread higher and is half as wide."""
    rows = made_rows(shift=1.0, spread=0.5, years=range(2000, 2016), places=20)
    found = effect(rows, prior=0.01)
    # 15 years × 20 places × 2 months; three standard errors of their mean CRPS are about 0.15.
    assert found["crps_before"] == pytest.approx(4 * normal_crps(1.0, 0.5), abs=0.15)
    assert found["crps_after"] == pytest.approx(4 * 0.5 / np.sqrt(np.pi), abs=0.08)
    # Stated 90 %: ±1.645 around 0 for N(1, 0.5²): Φ(1.29) = 90 %; 50 %: ±0.674: Φ(-0.65) = 26 %.
    assert found["cover90_before"] == pytest.approx(ndtr((1.645 - 1) / 0.5), abs=0.04)
    assert found["cover50_before"] == pytest.approx(ndtr((0.6745 - 1) / 0.5), abs=0.05)
    assert found["cover90_after"] == pytest.approx(0.9, abs=0.04)
    assert found["cover50_after"] == pytest.approx(0.5, abs=0.06)
    assert found["kept"] and found["kept_events"]
    assert found["brier_after"] < found["brier_before"]
    assert found["log_after"] < found["log_before"]
    assert found["crps_high"] < 0.0
    assert found["crps_difference"] == pytest.approx(found["crps_after"] - found["crps_before"])


def test_a_forecaster_too_sure_gets_tails_beyond_its_last_quantile(made_rows: Make) -> None:
    rows = made_rows(spread=2.0, years=range(2000, 2010), places=20)
    after = recalibrated(rows, prior=0.01)
    last = after[after["year"] == 2009]
    # Each is N(centre, 8²) by then: q99 is 2.326 · 8 from the centre.
    assert ((last["q99"] - last["mean"]) / 8).mean() == pytest.approx(2.326, rel=0.1)
    found = effect(rows, prior=0.01)
    assert found["cover90_before"] == pytest.approx(2 * ndtr(1.645 / 2) - 1, abs=0.06)
    assert found["cover90_after"] == pytest.approx(0.9, abs=0.04)
    assert found["kept"]


@pytest.mark.parametrize("seed", [3, 4, 6])
def test_a_calibrated_forecaster_is_left_nearly_alone_and_nothing_is_kept(
    made_rows: Make, seed: int
) -> None:
    found = effect(made_rows(seed=seed))
    assert abs(found["crps_difference"]) < 0.025 * found["crps_before"]
    assert abs(found["brier_difference"]) < 0.025 * found["brier_before"]
    assert not found["kept"]
    assert not found["kept_events"]


def test_two_years_of_a_bad_forecaster_are_no_proof(made_rows: Make) -> None:
    short = effect(made_rows(shift=1.0, spread=0.5, years=range(2000, 2003)))
    assert (short["n_years"], short["kept"]) == (2, False)
    # The first year teaches; five more are scored.
    assert not effect(made_rows(shift=1.0, spread=0.5, years=range(2000, 2005)))["kept"]
    assert effect(made_rows(shift=1.0, spread=0.5, years=range(2000, 2006)))["kept"]


def test_few_cases_change_little(made_rows: Make) -> None:
    """One past year of one place counts as one case against sixteen."""
    rows = made_rows(shift=2.0, spread=0.1, years=range(2000, 2002), places=1)
    after = recalibrated(rows, fewest=1)
    moved = after["mean"] - rows["mean"]
    assert (moved[rows["year"] == 2000] == 0.0).all()
    # 1/17 of two stated spreads of 4; what sets its months apart moves them to either side.
    assert moved[rows["year"] == 2001].mean() == pytest.approx(8 / 17, rel=0.2)
    assert (recalibrated(rows)["n_training"] == 0).all()  # below the fewest: nothing at all


def test_effective_cases_by_hand() -> None:
    assert effective_cases([2000] * 4, list("abcd")) == pytest.approx(4 / 1.75)
    assert effective_cases([2000, 2001], ["a", "a"]) == pytest.approx(2.0)
    assert effective_cases([2000] * 10_000, range(10_000)) == pytest.approx(4.0, abs=0.01)
    assert effective_cases([], []) == 0.0


def test_rows_without_a_past_stay_and_nothing_else_of_a_row_changes(made_rows: Make) -> None:
    rows = made_rows(shift=1.0)
    after = recalibrated(rows)
    first = rows["year"] == 2000
    pd.testing.assert_frame_equal(after.loc[first, _Q + _P], rows.loc[first, _Q + _P])
    assert (after.loc[first, "n_training"] == 0).all()
    assert (after.loc[~first, "n_training"] > 0).all()
    assert after.loc[first, "crps"].tolist() == after.loc[first, "crps_before"].tolist()
    assert after["crps_before"].to_numpy() == pytest.approx(rows["crps"].to_numpy())
    kept = [c for c in rows if c not in {*_Q, *_P, "mean", "sd", "pit", "crps"}]
    pd.testing.assert_frame_equal(after[kept], rows[kept])


@settings(max_examples=8, deadline=None)
@given(year=st.integers(2001, 2005), seed=st.integers(0, 99), month=st.sampled_from([1, 7]))
def test_nothing_is_learnt_from_its_own_year_or_a_later_one(
    made_rows: Make, year: int, seed: int, month: int
) -> None:
    rows = made_rows(shift=0.7, spread=1.6, years=range(2000, 2006), places=6)
    other = made_rows(shift=-3.0, spread=4.0, years=range(2000, 2006), places=6, seed=seed)
    late = (rows["year"] >= year).to_numpy()
    changed = rows.copy()
    for column in ("truth", "pit", "crps", "previous"):
        changed[column] = np.where(late, other[column], rows[column])
    until = (rows["year"] <= year) & ((rows["year"] < year) | (rows["start_month"] == month))
    one, two = recalibrated(rows), recalibrated(changed)
    columns = [*_Q, *_P, "mean", "sd", "n_training"]
    pd.testing.assert_frame_equal(one.loc[until, columns], two.loc[until, columns])
    # Rows of other years that are not there at all change nothing either.
    alone = recalibrated(rows[until])
    pd.testing.assert_frame_equal(one.loc[until, columns], alone[columns])


def test_another_model_or_indicator_teaches_nothing_and_other_places_may(made_rows: Make) -> None:
    rows = made_rows(shift=1.0)
    beside = [
        rows.assign(model="other", pit=0.5),
        rows.assign(indicator="so2_annual_mean", pit=0.01),
    ]
    both = recalibrated(pd.concat([rows, *beside], ignore_index=True)).iloc[: len(rows)]
    pd.testing.assert_frame_equal(both[_Q + _P], recalibrated(rows)[_Q + _P])
    few, many = rows[rows["place"] == "p00"], rows[rows["place"] != "p00"]
    taught = recalibrated(few, training=many)
    assert taught["n_training"].max() == 11 * 2 * 11  # 11 years over, 2 months, 11 other places
    pd.testing.assert_frame_equal(
        taught[_Q], recalibrated(few, training=many.assign(model="nobody")).loc[few.index, _Q]
        + (taught[_Q] - few[_Q]),
    )  # fmt: skip
    assert (recalibrated(few, training=many.assign(model="nobody"))["n_training"] == 0).all()


def test_order_of_rows_and_their_labels_do_not_matter(made_rows: Make) -> None:
    rows = made_rows(shift=1.0, places=4)
    shuffled = rows.sample(frac=1.0, random_state=1)
    after = recalibrated(shuffled)
    assert after.index.tolist() == shuffled.index.tolist()
    pd.testing.assert_frame_equal(
        after.loc[rows.index, _Q + _P], recalibrated(rows)[_Q + _P], rtol=1e-9
    )


@settings(max_examples=20, deadline=None)
@given(
    shift=st.floats(-3, 3), spread=st.floats(0.2, 4), seed=st.integers(0, 5),
    indicator=st.sampled_from(["pm25_annual_mean", "heavy_days", "good_day_ratio"]),
)  # fmt: skip
def test_quantiles_and_probabilities_keep_their_order_and_their_bounds(
    made_rows: Make, shift: float, spread: float, seed: int, indicator: str
) -> None:
    rows = made_rows(
        shift=shift, spread=spread, years=range(2000, 2003), places=4, seed=seed,
        indicator=indicator,
    )  # fmt: skip
    if indicator == "heavy_days":
        rows[_Q] = np.maximum(np.rint(rows[_Q] - 35.0), 0.0)
    if indicator == "good_day_ratio":
        rows[_Q] = np.minimum(rows[_Q] + 55.0, 100.0)
        rows[_P] = 1.0 - rows[_P]
    after = recalibrated(rows)
    values = after[_Q].to_numpy()
    assert (np.diff(values, axis=1) >= -1e-9).all()
    assert values.min() >= 0.0
    if indicator == "heavy_days":
        assert (values == np.rint(values)).all()
    if indicator == "good_day_ratio":
        assert values.max() <= 100.0
    chances = after[_P].to_numpy()
    sign = -1.0 if indicator == "good_day_ratio" else 1.0
    assert (sign * np.diff(chances, axis=1) >= -1e-9).all()
    for _, own in after.groupby(["year", "start_month"]):
        for label in _P:
            stated = rows.loc[own.index, label].sort_values()
            assert (np.diff(own.loc[stated.index, label]) >= -1e-12).all()
    inside = (rows[_P] > 0) & (rows[_P] < 1)
    assert ((after[_P] > 0) & (after[_P] < 1)).where(inside, True).all(axis=None)


def test_what_arithmetic_decided_stays(made_rows: Make) -> None:
    rows = made_rows(shift=1.0, spread=0.5)
    rows["p_m10"], rows["p_p5"] = 0.0, 1.0
    decided = rows["place"] == "p00"
    rows.loc[decided, _Q] = 41.0
    rows.loc[decided, "p_m5"] = np.nan
    after = recalibrated(rows)
    assert (after["p_m10"] == 0.0).all()
    assert (after["p_p5"] == 1.0).all()
    assert (after.loc[decided, _Q] == 41.0).all(axis=None)
    assert after.loc[decided, "p_m5"].isna().all()


@given(
    shift=st.floats(-4, 4), spread=st.floats(0.05, 5), later=st.floats(-2, 2),
    wide=st.floats(0.1, 3), level=st.floats(0.001, 0.999),
)  # fmt: skip
def test_the_map_of_the_pit_is_monotone_and_has_an_inverse(
    shift: float, spread: float, later: float, wide: float, level: float
) -> None:
    both = PitMap(shift, spread).then(PitMap(later, wide))
    z = float(ndtri(level))
    assert both.calibrated(both.stated(z)) == pytest.approx(z, abs=1e-6)
    assert both.stated(z) == pytest.approx(shift + spread * (later + wide * z))
    assert (np.diff(both.stated(ndtri(LEVELS))) > 0).all()


def test_maps_by_hand() -> None:
    scores = np.array([0.0, 2.0])
    assert PitMap.of(scores, 1.0) == PitMap(1.0, 1.0)
    # Half weight: shift 1/2; spread² = half of mean(0.25, 2.25) and half of 1.
    assert PitMap.of(scores, 0.5) == PitMap(0.5, np.sqrt(0.5 * 1.25 + 0.5))
    assert PitMap.of(scores[:0], 0.0) == PitMap()
    # Said 0.8 and 0.2, came at 0.9 and 0.1: log odds ±1.386 become ±2.197, a slope of 1.585.
    stated = np.repeat([0.8, 0.2], 10)
    came = np.repeat([1.0, 0.0, 1.0, 0.0], [9, 1, 1, 9])
    found = OddsMap.of(stated, came, 1.0)
    assert found.slope == pytest.approx(np.log(9) / np.log(4), rel=1e-4)
    assert found.shift == pytest.approx(0.0, abs=1e-6)
    assert found(np.array([0.8])) == pytest.approx([0.9], abs=1e-4)
    assert OddsMap.of(stated, came, 0.0).slope == pytest.approx(1.0)
    # All said 0.5, three of four came: the shift alone can tell.
    shifted = OddsMap.of(np.full(4, 0.5), np.array([1.0, 1.0, 1.0, 0.0]), 1.0)
    assert shifted(np.array([0.5])) == pytest.approx([0.75], abs=1e-4)
    # What came was the opposite of what was said: the order is not turned round.
    turned = OddsMap.of(stated, 1.0 - came, 1.0)
    assert 0.0 < turned.slope <= 0.05
    assert turned(np.array([0.2, 0.8])) == pytest.approx([0.5, 0.5], abs=0.05)


def test_the_logistic_fit_is_that_of_statsmodels() -> None:
    import statsmodels.api as sm

    rng = np.random.default_rng(0)
    stated = rng.uniform(0.05, 0.95, 300)
    came = (rng.random(300) < ndtr(0.4 + 0.7 * ndtri(stated))).astype(float)
    found = OddsMap.of(stated, came, 1.0)
    fit = sm.Logit(came, sm.add_constant(np.log(stated / (1 - stated)))).fit(disp=0)
    assert (found.shift, found.slope) == pytest.approx(tuple(fit.params), abs=1e-4)


def test_months_have_their_own_map_drawn_to_that_of_all(made_rows: Make) -> None:
    """Too low by one spread in August, right in January."""
    years = range(2000, 2021)
    parts = [made_rows(shift=s, months=(m,), years=years, seed=m) for m, s in ((1, 0), (8, 1))]
    rows = pd.concat(parts, ignore_index=True)
    after = recalibrated(rows)
    last = after["year"] == 2020
    moved = (after["mean"] - rows["mean"])[last].groupby(rows["start_month"]).mean() / 4
    assert abs(moved[1]) < 0.2
    assert moved[8] == pytest.approx(0.85, abs=0.2)
    table = recalibration_effect(rows, rng=np.random.default_rng(0), n_boot=200)
    by_month = table.set_index("start_month")
    assert by_month.loc[8, "crps_difference"] < by_month.loc[1, "crps_difference"]
    assert table["kept"].all()  # decided on all months together
    assert table["n"].tolist() == [480, 240, 240]


def test_nothing_to_learn_from_gives_an_empty_table(made_rows: Make) -> None:
    rows = made_rows(years=range(2000, 2001))
    table = recalibration_effect(rows, rng=np.random.default_rng(0))
    assert table.empty
    assert {"indicator", "model", "kept"} <= set(table)
    none = recalibration_effect(rows.iloc[:0], rng=np.random.default_rng(0))
    assert none.empty
    without = made_rows(shift=1.0).assign(previous=np.nan)
    without[_P] = np.nan
    found = effect(without)
    assert found["kept"] and not found["kept_events"]
    assert (found["n_events"], np.isnan(found["brier_before"])) == (0, True)


def test_settings_without_a_meaning_are_refused(made_rows: Make) -> None:
    rows = made_rows(years=range(2000, 2001))
    with pytest.raises(ValueError, match="prior 0"):
        recalibrated(rows, prior=0.0)
    with pytest.raises(ValueError, match="fewest 0"):
        recalibrated(rows, fewest=0)
