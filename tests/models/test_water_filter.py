"""The filter of many series against covariance matrices over all months."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from forecast.models.water_figures import shipped_figures
from forecast.models.water_filter import StateSpace, left_out
from forecast.models.water_future import Present, future_moments
from forecast.models.water_group import Group, bundles, fit_groups
from forecast.models.water_process import (
    Sizes,
    covariance,
    factor,
    season_of,
    solve_lower,
    window_moments,
)
from forecast.models.water_readings import LEVELS, Readings
from forecast.models.water_windows import window_forecasts

MONTHS = np.arange("2015-03", "2018-03", dtype="datetime64[M]")
N = len(MONTHS)
WINDOWS = ((1, 1), (3, 3), (1, 3), (1, 12))


class Case:
    """Three series with gaps, a trend, effects of hydrology and, if asked, breaks."""

    def __init__(self, *, walled: bool, effects: bool) -> None:
        rng = np.random.default_rng(5)
        one = np.array([1.0, 0.7, 1.3])
        self.sizes = Sizes(
            0.6 * one, 0.2 * one, 0.3 * one, 0.1 * one, 0.3 * one, 1.0 + 0.5 * one, 0.05 * one
        )
        self.spans: NDArray[np.int64] | None = None
        if walled:
            self.spans = np.zeros((3, N), dtype=np.int64)
            self.spans[0, 20:] = 1
            self.spans[1, 9:], self.spans[1, 14:] = 1, 2
        k = 2 if effects else 0
        self.effects = rng.standard_normal((3, N, k))
        self.own_effect = 0.1 * np.ones((3, k))
        self.mean = rng.standard_normal((3, 5 + k))
        root = 0.3 * rng.standard_normal((3, 5 + k, 5 + k))
        self.variance = root @ root.swapaxes(1, 2)
        self.seen = rng.random((3, N)) > 0.15
        self.noise = 0.02 + 0.1 * rng.random((3, N))
        self.values = np.where(self.seen, rng.standard_normal((3, N)), 0.0)
        fixed = np.concatenate([np.ones((N, 1)), season_of(MONTHS)], axis=1)
        self.terms = np.concatenate([np.tile(fixed, (3, 1, 1)), self.effects], axis=2)
        self.centre = np.einsum("smi,si->sm", self.terms, self.mean)

    def space(self) -> StateSpace:
        return StateSpace(
            MONTHS, self.sizes, self.effects, self.own_effect, self.mean, self.variance, self.spans
        )

    def matrix(self) -> NDArray[np.float64]:
        """Covariance of what is latent, (series, month, month)."""
        own = self.terms[:, :, 5:] * self.own_effect[:, None]
        return (
            covariance(MONTHS, self.sizes, self.spans)
            + self.terms @ self.variance @ self.terms.swapaxes(1, 2)
            + own @ own.swapaxes(1, 2)
        )

    def factors(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        lower = factor(self.matrix(), self.noise, self.seen)
        departures = np.where(self.seen, self.values - self.centre, 0.0)
        return lower, solve_lower(lower, departures[:, :, None])[:, :, 0]


@pytest.fixture(params=["plain", "walled", "effects", "both"])
def case(request: pytest.FixtureRequest) -> Case:
    return Case(
        walled=request.param in ("walled", "both"), effects=request.param in ("effects", "both")
    )


def test_one_pass_states_what_the_whole_matrix_does(case: Case) -> None:
    """Forecasts of every month from those before it, and the likelihood."""
    made = case.space().run(case.values, case.noise, case.seen)
    lower, z = case.factors()
    diagonal = np.einsum("smm->sm", lower)
    np.testing.assert_allclose(made.variance.T[case.seen], diagonal[case.seen] ** 2, rtol=1e-9)
    np.testing.assert_allclose(made.error.T[case.seen], (diagonal * z)[case.seen], atol=1e-9)
    exact = -np.log(diagonal).sum(axis=1) - 0.5 * (z**2).sum(axis=1)
    np.testing.assert_allclose(made.log_likelihood(), exact, rtol=1e-9)


def test_the_way_back_leaves_each_month_out(case: Case) -> None:
    """Departure from all other months, and its variance: from the inverse of the matrix."""
    space = case.space()
    rest, variance = left_out(space, space.run(case.values, case.noise, case.seen, gains=True))
    for s in range(3):
        at = np.flatnonzero(case.seen[s])
        whole = case.matrix()[s][np.ix_(at, at)] + np.diag(case.noise[s, at])
        inverse = np.linalg.inv(whole)
        pull = inverse @ (case.values[s, at] - case.centre[s, at])
        np.testing.assert_allclose(variance[s, at], 1.0 / np.diag(inverse), rtol=1e-8)
        np.testing.assert_allclose(rest[s, at], pull / np.diag(inverse), atol=1e-8)


def test_windows_are_those_of_the_matrix(case: Case) -> None:
    """Means of months ahead of every origin, breaks and years between them or not."""
    mean, variance = window_forecasts(
        case.space(), case.values, case.noise, case.seen, case.seen, WINDOWS, 0
    )
    lower, z = case.factors()
    for k, (first, last) in enumerate(WINDOWS):
        exact, spread, held = window_moments(lower, z, case.seen, first, last)
        n = exact.shape[1]
        for o in range(n):
            months = slice(o + first, o + last + 1)
            usual = np.where(case.seen, case.centre, 0.0)[:, months].sum(axis=1)
            exact[:, o] += usual / np.maximum(held[:, o], 1)
        some = held > 0
        np.testing.assert_allclose(mean[k][:, :n][some], exact[some], atol=1e-9)
        np.testing.assert_allclose(variance[k][:, :n][some], spread[some], rtol=1e-8)


def test_months_ahead_are_conditioned_on_the_record() -> None:
    """Mean and covariance of the next months: those of the joint matrix given the record."""
    case = Case(walled=True, effects=False)
    n = N - 5
    past = StateSpace(
        MONTHS[:n], case.sizes, case.effects[:, :n], case.own_effect, case.mean, case.variance,
        None if case.spans is None else case.spans[:, :n], MONTHS[n - 1],
    )  # fmt: skip
    made = past.run(case.values[:, :n], case.noise[:, :n], case.seen[:, :n])
    white = np.array([0.01, 0.02, 0.03])
    present = Present(
        made.state.T, made.covariance.transpose(2, 0, 1), 5, True, case.sizes, white, white,
        case.values[:, :n],
    )  # fmt: skip
    assert case.spans is not None
    mean, root = future_moments(present, MONTHS[n - 1], 5, case.spans[:, n - 1 :])
    # A trend counts from the last month of the record, in the matrix from its own last month.
    latent = covariance(MONTHS, Sizes(**{**vars(case.sizes), "slope": np.zeros(3)}), case.spans)
    years = (np.arange(N) - (n - 1)) / 12.0
    alike = case.spans[:, :, None] == case.spans[:, None, :]
    latent += case.sizes.slope[:, None, None] ** 2 * np.outer(years, years) * alike
    latent += case.terms @ case.variance @ case.terms.swapaxes(1, 2)
    for s in range(3):
        at = np.flatnonzero(case.seen[s, :n])
        ahead = np.arange(n, N)
        known = latent[s][np.ix_(at, at)] + np.diag(case.noise[s, at])
        gain = np.linalg.solve(known, latent[s][np.ix_(at, ahead)]).T
        exact = case.centre[s, ahead] + gain @ (case.values[s, at] - case.centre[s, at])
        left = latent[s][np.ix_(ahead, ahead)] - gain @ latent[s][np.ix_(at, ahead)]
        np.testing.assert_allclose(mean[s], exact, atol=1e-9)
        found = root[s] @ root[s].T
        np.testing.assert_allclose(found, left + white[s] * np.eye(5), atol=1e-9)


def _group(seed: int, n_series: int, item: str, *, hidden: bool) -> Group:
    rng = np.random.default_rng(seed)
    values = rng.standard_normal((n_series, N))
    seen = rng.random((n_series, N)) > 0.1
    limits = np.where(hidden & (values < -1.0) & seen, -1.0, np.nan)
    readings = Readings(
        MONTHS, np.where(seen, values, 0.0), seen, limits, None, np.zeros((n_series, N, 0)),
        np.ones(seen.shape, dtype=bool),
    )  # fmt: skip
    none = np.zeros((N, n_series, 0))
    flow = np.zeros(n_series, dtype=bool)
    figures = shipped_figures().of(item)
    return Group(readings, figures, {"flow": none, "proxy": none}, flow, tuple(LEVELS))


def test_a_group_gets_the_same_bits_alone_and_among_others() -> None:
    """Groups of a call share the steps of the filter and nothing else."""
    groups = [
        _group(1, 7, "codmn", hidden=True), _group(2, 4, "do", hidden=False),
        _group(3, 9, "nh3n", hidden=True),
    ]  # fmt: skip
    together = fit_groups(groups)
    for group, found in zip(groups, together, strict=True):
        [alone] = fit_groups([group])
        assert found.gain.tobytes() == alone.gain.tobytes()
        assert len(found.parts) == len(alone.parts)
        for one, other in zip(found.parts, alone.parts, strict=True):
            assert one[0] == other[0] and one[1].tolist() == other[1].tolist()
            assert one[2].state.tobytes() == other[2].state.tobytes()
            assert one[2].innovations.tobytes() == other[2].innovations.tobytes()


def test_bundles_hold_every_group_once_in_order() -> None:
    found = bundles([1000, 900, 10, 2000, 5])
    assert found == [[0, 1], [2, 3], [4]]
    assert bundles([]) == []
