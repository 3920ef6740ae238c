"""Break points: a published series, brute force, made breaks, invariances."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.errors import InputError, UsageError
from forecast.trend import BASIS_CHANGE, break_points
from forecast.trend.segments import best_stretches, line_costs

T = np.arange(96)


def months(values: object, start: str = "2014-01-01") -> pd.Series:
    y = np.asarray(values, dtype=float)
    return pd.Series(y, index=pd.date_range(start, periods=len(y), freq="MS"))


def test_the_nile_as_strucchange_has_it() -> None:
    """Zeileis et al. (2003), 100 years from 1871: RSS, BIC and the break after 1898."""
    flow = sm.datasets.nile.load_pandas().data["volume"]
    found = break_points(months(flow), False, kind="level", autocorrelated=False, resamples=199,
                         fewest_months=1)  # fmt: skip
    assert [round(b) for b in found.bic] == [1318, 1270, 1276, 1285, 1292, 1311]
    costs = line_costs(np.arange(100.0), flow.to_numpy(), 1)
    options = best_stretches(costs, 15, 5)
    assert [round(o.squares) for o in options] == [
        2835157, 1597457, 1552924, 1538097, 1507888, 1659994,
    ]  # fmt: skip
    (point,) = found.points
    position = months(flow).index.get_loc(point.month)
    assert position == 28
    # Its 95 % interval is 25 to 32 for the last year of the old level.
    first, last = (months(flow).index.get_loc(m) for m in (point.first, point.last))
    assert 22 <= first <= 28 <= last <= 34
    assert point.jump == pytest.approx(flow[28:].mean() - flow[:28].mean())


@given(st.integers(0, 2**16), st.sampled_from([1, 2]))
@settings(max_examples=20)
def test_no_division_is_better_than_the_one_found(seed: int, coefficients: int) -> None:
    """Every pair of breaks of 18 values, each stretch fitted by numpy."""
    rng = np.random.default_rng(seed)
    x, y = np.arange(18.0), rng.normal(size=18).cumsum()

    def squares(first: int, last: int) -> float:
        fitted = np.polyval(np.polyfit(x[first:last], y[first:last], coefficients - 1),
                            x[first:last])  # fmt: skip
        return float(np.sum((y[first:last] - fitted) ** 2))

    every = {
        (a, b): squares(0, a) + squares(a, b) + squares(b, 18)
        for a, b in combinations(range(4, 15), 2) if b - a >= 4
    }  # fmt: skip
    found = best_stretches(line_costs(x, y, coefficients), 4, 2)[2]
    assert found.squares == pytest.approx(min(every.values()), abs=1e-9)
    assert every[found.starts[1:]] == pytest.approx(found.squares, abs=1e-9)


def test_a_made_break_is_found_with_its_jump_and_slopes() -> None:
    """Falling by 6 a year to month 48, a jump of -8, flat since."""
    noise = np.random.default_rng(3).normal(0, 1, 96)
    season = 10 * np.cos(2 * np.pi * T / 12)
    y = 60 - 0.5 * np.minimum(T, 48) - 8 * (T >= 48) + season + noise
    found = break_points(months(y))
    (point,) = found.points
    assert abs(months(y).index.get_loc(point.month) - 48) <= 1
    assert point.first <= months(y).index[48] <= point.last
    assert point.jump == pytest.approx(-8, abs=2.5)
    assert point.slope_before == pytest.approx(-6, abs=1)
    assert point.slope_after == pytest.approx(0, abs=1.5)
    assert f"{point.month:%Y-%m}" in found.words_zh and "by BIC" in found.words_en
    assert found.fitted.iloc[-1] == pytest.approx(60 - 24 - 8, abs=2)


def test_memory_is_not_taken_for_breaks() -> None:
    """14 records without a break, ρ 0.5: plain BIC finds one in most, ours in a third or fewer."""
    found = {True: 0, False: 0}
    for seed in range(14):
        rng = np.random.default_rng(seed)
        e = np.zeros(96)
        for i in range(1, 96):
            e[i] = 0.5 * e[i - 1] + rng.normal()
        for serial in found:
            points = break_points(months(50 - 0.1 * T + e), False, autocorrelated=serial,
                                  resamples=100).points  # fmt: skip
            found[serial] += bool(points)
    assert found[True] <= 5 < 8 <= found[False]


def test_a_known_change_of_basis_is_no_news() -> None:
    noise = np.random.default_rng(8).normal(0, 1, 96)
    after = np.asarray(pd.Timestamp("2018-09-01") <= months(T).index)
    y = months(50 - 0.1 * T - 12 * after + 8 * np.cos(2 * np.pi * T / 12) + noise)
    plain, known = break_points(y), break_points(y, known_breaks=[BASIS_CHANGE])
    assert any(p.month == pd.Timestamp("2018-09-01") for p in plain.points)
    assert known.points == ()
    assert "2018-09-01" in known.words_zh and "taken off first" in known.words_en


def test_gaps_and_constants() -> None:
    y = months(np.where(T < 40, 30.0, 20.0) + np.random.default_rng(1).normal(0, 0.5, 96))
    y.iloc[[7, 60, 61]] = np.nan
    left_out = break_points(y, False, kind="level")
    assert (left_out.n, left_out.gap_rule, left_out.filled) == (93, "left_out", ())
    assert left_out.points[0].month == y.index[40]
    filled = break_points(y, kind="level")
    assert (filled.n, filled.gap_rule, len(filled.filled)) == (96, "line_per_calendar_month", 3)
    assert break_points(months(np.full(60, 7.0)), False).points == ()


@settings(max_examples=10)
@given(st.integers(0, 2**16), st.floats(0.1, 20.0), st.floats(-50.0, 50.0))
def test_breaks_do_not_move_with_scale_shift_or_order(
    seed: int, scale: float, shift: float
) -> None:
    rng = np.random.default_rng(seed)
    y = months(np.where(T[:60] < 25, 30.0, 22.0) + rng.normal(0, 1, 60))
    plain = break_points(y, False, kind="level", resamples=100)
    moved = break_points(y * scale + shift, False, kind="level", resamples=100)
    mixed = break_points(y.sample(frac=1, random_state=seed), False, kind="level", resamples=100)
    assert [p.month for p in moved.points] == [p.month for p in plain.points]
    assert mixed.points == plain.points
    assert [p.jump for p in moved.points] == pytest.approx([scale * p.jump for p in plain.points])


@settings(max_examples=10)
@given(st.integers(0, 2**16))
def test_time_turned_round_mirrors_the_breaks(seed: int) -> None:
    y = np.where(T[:60] < 25, 30.0, 22.0) + np.random.default_rng(seed).normal(0, 1, 60)
    plain, back = (
        break_points(months(v), False, kind="level", number=1, resamples=100).points[0]
        for v in (y, y[::-1])
    )
    index = months(y).index
    assert index.get_loc(back.month) == 60 - index.get_loc(plain.month)
    assert back.jump == pytest.approx(-plain.jump)


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"kind": "curve"}, UsageError, "line or level"),
        ({"number": 9}, UsageError, "no room for 9 breaks"),
        ({"number": -1}, UsageError, "can't be -1"),
        ({"shortest": 0.9}, UsageError, "shortest stretch"),
        ({"fewest_months": 0}, UsageError, "can't be 0 months"),
        ({"level": 0}, UsageError, "between 0 and 1"),
        ({"resamples": 3}, UsageError, "do not give intervals"),
    ],
)
def test_options_without_a_meaning_are_refused(
    options: dict[str, object], kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        break_points(months(T), False, **options)  # type: ignore[arg-type]


def test_a_short_record_has_no_breaks_to_look_for() -> None:
    with pytest.raises(InputError, match=r"need 60 months, .* has 59, 59 with one"):
        break_points(months(np.arange(59.0)), False)
    gaps = months(np.arange(60.0))
    gaps.iloc[5:21] = np.nan
    with pytest.raises(InputError, match="has 60, 44 with one"):
        break_points(gaps, False)
    with pytest.raises(InputError, match="no room for two stretches of 40"):
        break_points(months(np.arange(60.0)), False, fewest_months=40)


@settings(max_examples=10)
@given(st.integers(0, 2**16), st.integers(60, 110))
def test_no_stretch_is_shorter_than_two_years(seed: int, n: int) -> None:
    """Noise that walks makes breaks wherever they are allowed."""
    walk = months(np.random.default_rng(seed).normal(size=n).cumsum())
    found = break_points(walk, False, resamples=100, autocorrelated=False)
    starts = [0, *(walk.index.get_loc(p.month) for p in found.points), n]
    assert np.diff(starts).min() >= 24 and found.shortest == 24
