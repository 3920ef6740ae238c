"""What a fitted record of water says of the months to come."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from forecast.models.water_filter import StateSpace, chunks
from forecast.models.water_process import Sizes
from forecast.models.water_readings import Fitted

__all__ = ["Present", "future_moments", "present_of"]


@dataclass(frozen=True)
class Present:
    """Where some series of one rung stand at the end of their record: all that months ahead need.

    Attributes:
        state, covariance: of :class:`~forecast.models.water_filter.StateSpace` after the last
            month, (series, state), (series, state, state).
        n_terms: mean, season and effects among the numbers of the state.
        walled: whether the state has an offset of its own, as with declared breaks.
        sizes: of the parts.
        white: variance of what lasts a month alone, (series,).
        degrees: of freedom of the scatter, (series,).
        innovations: of the record in standard deviations, (series, month), NaN where not seen.
    """

    state: NDArray[np.float64]
    covariance: NDArray[np.float64]
    n_terms: int
    walled: bool
    sizes: Sizes
    white: NDArray[np.float64]
    degrees: NDArray[np.float64]
    innovations: NDArray[np.float64]

    def part(self, rows: NDArray[np.int64]) -> Present:
        """Some of the series."""
        kept = {f.name: getattr(self, f.name) for f in fields(self)}
        for name, value in kept.items():
            if isinstance(value, np.ndarray):
                kept[name] = value[rows]
            elif isinstance(value, Sizes):
                kept[name] = value.part(rows)
        return Present(**kept)


def present_of(fitted: Fitted, rows: NDArray[np.int64]) -> Present:
    """The end of the record of some series."""
    return Present(
        fitted.state[rows], fitted.covariance[rows], fitted.mean.shape[1],
        fitted.readings.spans is not None, fitted.sizes.part(rows), fitted.white[rows],
        fitted.degrees[rows], fitted.innovations[rows],
    )  # fmt: skip


def future_moments(
    present: Present,
    last: np.datetime64,
    n_ahead: int,
    spans: NDArray[np.int64] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What the record says of the months to come, with hydrology as usual.

    Args:
        present: the end of the record of some series.
        last: its last month.
        n_ahead: months after it.
        spans: spans between breaks of ``last`` and the months ahead, (series, 1 + month), where
            the record has breaks; None where it has none.

    Returns:
        Mean (series, month) and Cholesky factor (series, month, month) of the months ahead.
    """
    n_series = len(present.state)
    mean, root = np.empty((n_series, n_ahead)), np.empty((n_series, n_ahead, n_ahead))
    for rows in chunks(np.arange(n_series)):
        own = None if spans is None else spans[rows]
        mean[rows], root[rows] = _moments(present.part(rows), last, n_ahead, own)
    return mean, root


def _moments(
    present: Present, last: np.datetime64, n_ahead: int, spans: NDArray[np.int64] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    n_series, n_terms = len(present.state), present.n_terms
    months = last.astype("datetime64[M]") + np.arange(n_ahead + 1)
    space = StateSpace(
        months, present.sizes, np.zeros((n_series, n_ahead + 1, n_terms - 5)),
        np.zeros((n_series, n_terms - 5)), present.state[:, :n_terms],
        present.covariance[:, :n_terms, :n_terms], spans, months[0],
    )  # fmt: skip
    both = np.concatenate([present.covariance.transpose(1, 2, 0), present.state.T[:, None]], axis=1)
    mean = np.empty((n_ahead, n_series))
    total = np.empty((n_ahead, n_ahead, n_series))
    shown = space.observed.reshape(n_ahead + 1, space.size, -1)
    # What each month so far has in common with the state, carried on month by month.
    shared = np.zeros((n_ahead, space.size, n_series))
    for t in range(1, n_ahead + 1):
        space.on(t, both)
        space.carried(t, shared[: t - 1])
        told = (both * shown[t][:, None]).sum(axis=0)
        shared[t - 1], mean[t - 1] = told[:-1], told[-1]
        total[t - 1, :t] = total[:t, t - 1] = (shown[t] * shared[:t]).sum(axis=1)
        total[t - 1, t - 1] += present.white
    root = np.asarray(np.linalg.cholesky(total.transpose(2, 0, 1)), dtype=np.float64)
    return mean.T, root
