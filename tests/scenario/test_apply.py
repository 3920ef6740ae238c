"""From paths to paths: what a cut may change, what it must leave alone, bit for bit."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from forecast.scenario.apply import apply_factors

DAYS = np.arange("2025-01-01", "2025-01-11", dtype="datetime64[D]")


def factors(values: NDArray[np.float32], background: float = 5.0) -> SimpleNamespace:
    items = values.shape[2]
    return SimpleNamespace(
        values=values.astype(np.float32),
        background=np.full((1, 1, items), background, dtype=np.float32),
    )


def paths(n: int = 3, items: int = 2, seed: int = 1) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    values = rng.lognormal(3.0, 1.0, (n, len(DAYS), items)).astype(np.float32)
    values[0, 2, 0] = np.nan
    return values


def test_values_by_hand() -> None:
    """10 + (60 - 10)·0.8 = 50; at or below the background nothing is taken away; NaN stays."""
    values = np.array([60.0, 10.0, 4.0, np.nan], dtype=np.float32).reshape(1, 4, 1)
    cut = factors(np.full((1, 4, 1), 0.8), background=10.0)
    found = apply_factors(values, DAYS[:4], cut, first_day=DAYS[0])[0, :, 0]
    assert found[:3].tolist() == [50.0, 10.0, 4.0]
    assert np.isnan(found[3])


def test_no_cut_returns_the_same_bits() -> None:
    """Factors of exactly 1 give back the very array."""
    values = paths()
    before = values.tobytes()
    found = apply_factors(values, DAYS, factors(np.ones(values.shape)), first_day=DAYS[0])
    assert found is values
    assert found.tobytes() == before


@given(
    seed=st.integers(0, 10_000),
    first=st.integers(0, len(DAYS)),
    background=st.floats(0.0, 80.0),
)
def test_never_below_background_and_only_days_from_the_first_on(
    seed: int, first: int, background: float
) -> None:
    """Whatever the cut: days before the first keep their bits, no value falls below min(C, c_b)."""
    values = paths(seed=seed)
    rng = np.random.default_rng(seed)
    drawn = rng.choice(np.array([0.0, 0.3, 0.999, 1.0]), values.shape)
    cut = factors(drawn, background)
    start = DAYS[first] if first < len(DAYS) else DAYS[-1] + 1
    found = apply_factors(values, DAYS, cut, first_day=start)
    assert found.dtype == np.float32
    assert found[:, :first].tobytes() == values[:, :first].tobytes()
    whole = drawn == 1.0
    assert found[whole].tobytes() == values[whole].tobytes()
    least = np.minimum(values, np.float32(background))
    assert np.array_equal(np.isnan(found), np.isnan(values))
    assert (found[~np.isnan(found)] >= least[~np.isnan(found)]).all()
    assert (found[~np.isnan(found)] <= values[~np.isnan(found)]).all()


def test_a_cut_of_everything_leaves_the_background() -> None:
    values = paths()
    found = apply_factors(values, DAYS, factors(np.zeros(values.shape)), first_day=DAYS[0])
    expected = np.where(np.isnan(values), np.nan, np.minimum(values, 5.0))
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_growth_raises() -> None:
    """A factor of 1.2 above a background of 5: 5 + 45·1.2 = 59."""
    values = np.full((1, 1, 1), 50.0, dtype=np.float32)
    found = apply_factors(values, DAYS[:1], factors(np.full((1, 1, 1), 1.2)), first_day=DAYS[0])
    assert found[0, 0, 0] == pytest.approx(59.0, rel=1e-6)


@pytest.mark.parametrize("by_path", [False, True])
def test_dust_days_are_untouched(by_path: bool) -> None:
    values = paths()
    dust = np.zeros(len(DAYS), dtype=bool)
    dust[[3, 7]] = True
    mask = np.repeat(dust[None], len(values), axis=0) if by_path else dust
    cut = factors(np.full(values.shape, 0.5))
    found = apply_factors(values, DAYS, cut, first_day=DAYS[0], untouched=mask)
    assert found[:, dust].tobytes() == values[:, dust].tobytes()
    assert (found[1:, ~dust] < values[1:, ~dust]).any()


def test_the_input_is_not_changed_and_one_draw_serves_all_paths() -> None:
    values = paths()
    before = values.copy()
    many = apply_factors(values, DAYS, factors(np.full(values.shape, 0.7)), first_day=DAYS[2])
    one = apply_factors(
        values, DAYS, factors(np.full((1, *values.shape[1:]), 0.7)), first_day=DAYS[2]
    )
    assert values.tobytes() == before.tobytes()
    assert many.tobytes() == one.tobytes()


def test_a_background_of_each_day_is_used() -> None:
    values = np.full((1, 2, 1), 30.0, dtype=np.float32)
    cut = SimpleNamespace(
        values=np.zeros((1, 2, 1), np.float32),
        background=np.array([10.0, 20.0], np.float32).reshape(1, 2, 1),
    )
    found = apply_factors(values, DAYS[:2], cut, first_day=DAYS[0])
    assert found[0, :, 0].tolist() == [10.0, 20.0]
    late = apply_factors(values, DAYS[:2], cut, first_day=DAYS[1])
    assert late[0, :, 0].tolist() == [30.0, 20.0]


@pytest.mark.parametrize(
    ("shape", "background", "word"),
    [
        ((2, 10, 2), (1, 1, 2), "do not fit"),
        ((3, 9, 2), (1, 1, 2), "do not fit"),
        ((3, 10, 2), (1, 4, 2), "background"),
        ((3, 10, 2), (3, 10), "background"),
    ],
)
def test_shapes_that_do_not_fit(
    shape: tuple[int, ...], background: tuple[int, ...], word: str
) -> None:
    cut = SimpleNamespace(
        values=np.ones(shape, np.float32), background=np.zeros(background, np.float32)
    )
    with pytest.raises(ValueError, match=word):
        apply_factors(paths(), DAYS, cut, first_day=DAYS[0])


def test_a_missing_factor_is_refused() -> None:
    values = paths()
    bad = np.ones(values.shape)
    bad[0, 0, 0] = np.nan
    with pytest.raises(ValueError, match="negative or missing"):
        apply_factors(values, DAYS, factors(bad), first_day=DAYS[0])
    with pytest.raises(ValueError, match="untouched"):
        apply_factors(
            values, DAYS, factors(np.full(values.shape, 0.5)), first_day=DAYS[0],
            untouched=np.zeros(4, bool),
        )  # fmt: skip
    with pytest.raises(ValueError, match="float32"):
        apply_factors(
            values, DAYS,
            SimpleNamespace(values=np.ones(values.shape), background=np.zeros((1, 1, 2))),
            first_day=DAYS[0],
        )  # fmt: skip
