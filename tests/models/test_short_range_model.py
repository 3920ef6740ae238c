"""The short-range model: persistence, weather, honesty of spread, and what it must not see."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from made_air import made_record

from forecast.models.short_range import ShortRange
from forecast.models.short_range_design import (
    LEADS,
    OWN_TERMS,
    carried_forward,
    origin_terms,
    targets_of,
)
from forecast.models.short_range_pooled import shipped_short_range
from forecast.models.short_range_water import WaterShortRange
from forecast.models.short_range_weather import SKILL
from forecast.standards.items import AIR_ITEMS


def drawn(record: pd.DataFrame, n: int = 400, weather: pd.DataFrame | None = None) -> np.ndarray:
    return ShortRange().fit(record, weather).sample(n, np.random.default_rng(1)).values


def test_regressors_hold_what_was_known_at_the_end_of_each_day() -> None:
    """Five days of one item, by hand; no later day moves an earlier row."""
    z = np.array([[1.0], [2.0], [np.nan], [4.0], [-1.0]])
    season = np.tile([[0.5, -0.5]], (5, 1))
    terms = origin_terms(z, season)
    assert terms.shape == (1, 5, 1 + len(OWN_TERMS))
    now, yesterday, week, _, high, winter, summer, one = terms[0, 3]
    assert (now, yesterday, one) == (4.0, pytest.approx(0.6 * 2.0), 1.0)
    # Of the days two to six back 1 and 2 are known; two and a half would count in full.
    assert week == pytest.approx((1.0 + 2.0) / 2.5)
    assert (high, winter, summer) == (2.0, 2.0, -2.0)
    z[4] = 99.0
    assert np.array_equal(origin_terms(z, season)[:, :4], terms[:, :4])


def test_targets_are_the_days_after_and_end_with_the_record() -> None:
    z = np.arange(10.0)[:, None]
    found = targets_of(z)
    assert found[2, :, 0].tolist() == [3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]
    assert np.isnan(found[9]).all()
    assert found[8, 0, 0] == 9.0


def test_a_gap_is_stood_for_by_the_fading_last_value() -> None:
    found = carried_forward(np.array([[np.nan, 2.0], [1.0, np.nan]]))
    assert found.tolist() == [[0.0, 2.0], [1.0, pytest.approx(1.2)]]


def test_a_foul_day_is_carried_on_and_fades() -> None:
    """After a day of three times the usual level the next is above usual, the seventh hardly."""
    record = made_record(3, phi=0.8, season=0.0)
    usual = np.median(drawn(record), axis=0)[:, 0]
    foul = record.copy()
    foul.iloc[-1] *= 3.0
    lift = np.median(drawn(foul), axis=0)[:, 0] / usual
    assert lift[0] > 1.25
    assert lift[0] > lift[2] > 0.9
    assert lift[6] < 1.2


def test_the_same_seed_gives_the_same_paths_and_units_do_not_matter() -> None:
    record = made_record(4, items=("pm25", "pm10"))
    plain = drawn(record, 50)
    assert np.array_equal(plain, drawn(record, 50))
    assert drawn(record * 7.0, 50) == pytest.approx(plain * 7.0, rel=1e-4)


def test_items_come_together_as_in_the_past() -> None:
    """Errors of two items that share their shocks are drawn from the same past days."""
    record = made_record(5, items=("pm25", "pm10"), common=0.95)
    values = np.log(drawn(record, 600)[:, 0])
    assert np.corrcoef(values.T)[0, 1] > 0.8


def test_intervals_hold_what_they_say() -> None:
    """80 % ranges of made records hold about 80 % of the days that came."""
    inside = []
    for seed in range(6):
        record = made_record(seed, years=3.2)
        for at in range(len(record) - 90, len(record) - LEADS, 13):
            low, high = np.quantile(drawn(record.iloc[: at + 1], 200), [0.1, 0.9], axis=0)[..., 0]
            came = record.iloc[at + 1 : at + 1 + LEADS, 0].to_numpy()
            inside.append((low <= came) & (came <= high))
    share = float(np.mean(inside))
    # 42 origins; their days are alike, so some 120 cases count: ± 2 sd is ± 0.075.
    assert 0.70 < share < 0.90


def test_too_short_a_record_has_no_items_and_a_short_one_is_wide() -> None:
    record = made_record(6, years=3.0)
    assert ShortRange().fit(record.iloc[:40]).items == ()
    assert ShortRange().fit(record.iloc[:40]).sample(9, np.random.default_rng(0)).values.size == 0
    short, long = drawn(record.iloc[-70:]), drawn(record)
    width = [np.ptp(np.quantile(np.log(v[:, 4, 0]), [0.1, 0.9])) for v in (short, long)]
    assert width[0] > 0.8 * width[1]


def test_an_item_that_is_missing_on_many_days_is_still_drawn() -> None:
    record = made_record(7, items=AIR_ITEMS, years=2.0)
    record.iloc[::3, 2] = np.nan
    record.iloc[-4:, 0] = np.nan
    values = drawn(record)
    assert values.shape == (400, LEADS, 6)
    assert np.isfinite(values).all()
    assert (values > 0.0).all()


def blown(seed: int, effect: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A record whose ln C falls by ``effect`` for each standard deviation of the day's wind."""
    rng = np.random.default_rng([seed, 1])
    record = made_record(seed, noise=0.2, phi=0.2, season=0.0)
    days = pd.date_range(record.index[0], periods=len(record) + LEADS)
    wind = rng.standard_normal(len(days))
    record["pm25"] *= np.exp(-effect * wind[: len(record)])
    return record, pd.DataFrame({"temp_mean": wind}, index=days)


def test_forecast_wind_cleans_the_day_and_narrows_the_range() -> None:
    record, weather = blown(8, 0.6)
    windy, still = weather.copy(), weather.copy()
    windy.iloc[-LEADS:], still.iloc[-LEADS:] = 1.5, -1.5
    clean, foul, unknown = drawn(record, weather=windy), drawn(record, weather=still), drawn(record)
    middle = [np.median(np.log(v), axis=0)[:, 0] for v in (clean, foul)]
    # Wind of ±1.5 sd moves ln C by 0.6 · 3 in all, of which forecasts are trusted to their skill.
    expected = 0.6 * 3.0 * np.array(SKILL)
    assert middle[1] - middle[0] == pytest.approx(expected, rel=0.25)
    widths = [np.ptp(np.quantile(np.log(v[:, 0, 0]), [0.1, 0.9])) for v in (clean, unknown)]
    assert widths[0] < 0.7 * widths[1]


def test_weather_without_a_day_ahead_changes_nothing() -> None:
    record, weather = blown(9, 0.6)
    assert np.array_equal(drawn(record, 60, weather.iloc[:-LEADS]), drawn(record, 60))


def test_shipped_figures_are_whole_and_damp() -> None:
    found = shipped_short_range()
    own = [found.mean[:, i, i] for i in range(len(AIR_ITEMS))]
    assert all(o[0] > 0.3 and o[0] > o[-1] for o in own)
    assert (found.sd > 0.0).all()
    assert (np.diff(found.error_sd, axis=0) > -0.02).all()
    for matrix in (found.error_items, found.error_leads):
        assert np.allclose(np.diag(matrix), 1.0)
        assert np.linalg.eigvalsh(matrix).min() > 0.0


def test_pooled_errors_have_the_figures_they_are_drawn_from() -> None:
    found = shipped_short_range()
    errors = found.errors(AIR_ITEMS, 20_000, np.random.default_rng(2))
    assert errors.std(axis=0) == pytest.approx(found.error_sd, rel=0.05)
    assert np.corrcoef(errors[:, 0].T) == pytest.approx(found.error_items, abs=0.04)


def test_water_goes_back_to_its_mean_and_keeps_to_its_bounds() -> None:
    rng = np.random.default_rng(3)
    values = np.exp(np.log(4.0) + 0.1 * rng.standard_normal((200, 1)))
    values[-1] = 12.0
    model = WaterShortRange().fit(values, ("codmn",))
    drawn_ = model.sample(500, np.random.default_rng(0))
    middle = np.median(drawn_, axis=0)[:, 0]
    assert middle[0] < 7.0
    assert middle[6] == pytest.approx(4.0, rel=0.25)
    assert drawn_.max() <= 36.0


def test_water_that_stays_is_carried_on() -> None:
    """A record in two long steps stays near the last one."""
    values = np.concatenate([np.full((150, 1), 2.0), np.full((60, 1), 8.0)])
    values *= np.exp(0.03 * np.random.default_rng(1).standard_normal(values.shape))
    drawn_ = WaterShortRange(3).fit(values, ("codmn",)).sample(200, np.random.default_rng(0))
    assert np.median(drawn_) == pytest.approx(8.0, rel=0.1)


def test_water_with_few_readings_is_not_drawn() -> None:
    model = WaterShortRange().fit(np.ones((19, 1)), ("codmn",))
    assert model.items == ()


def test_weather_of_too_few_days_of_air_is_not_called_used() -> None:
    """150 days of air beside four years of weather: no effect is learned, and none is claimed."""
    record, weather = blown(10, 0.6)
    found = ShortRange().fit(record.iloc[-150:], weather).sample(5, np.random.default_rng(0))
    assert found.weather == (False,) * LEADS
    long = ShortRange().fit(record, weather).sample(5, np.random.default_rng(0))
    assert long.weather == (True,) * LEADS
