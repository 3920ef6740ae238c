"""Days filled from the samples beside them: WRTDS-K."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import UsageError
from forecast.trend.wrtds.normalisation import KG_PER_DAY
from forecast.trend.wrtds.records import Flow, Samples

__all__ = ["bridge_weights", "filled_days"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def filled_days(
    samples: Samples,
    flow: Flow,
    y_hat: Floats,
    se: Floats,
    left_out: pd.DataFrame | None,
    rng: np.random.Generator,
    rho: float,
    draws: int,
) -> pd.DataFrame:
    """Mean over draws of C = exp(y_hat + x·se), x an AR(1) of variance 1 that passes through the
    standardised residuals of the samples (and through 0 a day before and after the record).

    Of several samples of a day each draw takes one; for a value between or below limits it takes
    one from the normal distribution of the estimate without that sample, cut at the limits.

    Args:
        y_hat, se: estimates of the days (day,). left_out: ``cross_validation`` of the samples.

    Raises:
        UsageError: rho lies outside 0 ≤ rho < 1, or there is no draw.
    """
    if not 0.0 <= rho < 1.0 or draws < 1:
        raise UsageError(f"rho is {rho} and draws {draws}.", "Use such as 0.9 and 200.")
    at = (samples.day - flow.day[0]).astype(np.int64)
    anchor, group = np.unique(at, return_inverse=True)
    padded = np.concatenate([[0], anchor + 1, [len(flow) + 1]])
    bridge = _Bridge(padded, len(flow) + 2, rho)
    total = np.zeros(len(flow))
    for _ in range(draws):
        logs = _drawn_logs(samples, left_out, rng)
        picked = logs[_one_of_each(group, len(anchor), rng)]
        known = np.concatenate([[0.0], (picked - y_hat[anchor]) / se[anchor], [0.0]])
        x = bridge.draw(known, rng)[1:-1]
        total += np.exp(y_hat + x * se)
    conc = total / draws
    return pd.DataFrame(
        {
            "date": flow.day.astype("datetime64[s]"), "conc": conc,
            "flux": conc * flow.q * KG_PER_DAY,
        }
    )  # fmt: skip


def _drawn_logs(
    samples: Samples, left_out: pd.DataFrame | None, rng: np.random.Generator
) -> Floats:
    """ln C of each sample; those with limits are drawn between them."""
    if left_out is None:
        return samples.high
    from scipy.special import log_ndtr, ndtri_exp

    open_ = np.flatnonzero(~samples.uncensored)
    mean, sd = (left_out[name].to_numpy()[open_] for name in ("y_hat", "se"))
    low, high = ((bound[open_] - mean) / sd for bound in (samples.low, samples.high))
    # The upper half is drawn as the mirrored lower half, where ln Φ is exact.
    right = low > 0.0
    low, high = np.where(right, -high, low), np.where(right, -low, high)
    top, share = log_ndtr(high), rng.random(len(open_))
    rest = np.exp(log_ndtr(low) - top)
    drawn = ndtri_exp(np.minimum(top + np.log(rest + (1.0 - rest) * share), -1e-300))
    logs = samples.high.copy()
    logs[open_] = mean + sd * np.where(right, -drawn, drawn)
    return logs


def _one_of_each(group: Ints, count: int, rng: np.random.Generator) -> Ints:
    """One sample of each day, any with the same chance."""
    if len(group) == count:
        return np.arange(count)
    order = rng.permutation(len(group))
    chosen = np.empty(count, dtype=np.int64)
    chosen[group[order]] = order
    return chosen


def bridge_weights(since: Ints, gap: Ints, rho: float) -> tuple[Floats, Floats]:
    """Weights of the known values before and after, ``since`` days after the first in a gap of
    ``gap`` days from one to the other, in the mean of an AR(1) that passes through both.

    >>> early, late = bridge_weights(np.array([0, 1, 2]), np.array([2, 2, 2]), 0.9)
    >>> early.round(4).tolist(), late.round(4).tolist()
    ([1.0, 0.4972, 0.0], [0.0, 0.4972, 1.0])
    """
    left = gap - since
    whole = 1.0 - rho ** (2.0 * gap)
    early = rho**since * (1.0 - rho ** (2.0 * left)) / whole
    late = rho**left * (1.0 - rho ** (2.0 * since)) / whole
    return early, late


class _Bridge:
    """An AR(1) of variance 1 given its values at some places, the first and last day among them.

    A free series is drawn and what it lacks at the known places is spread over the gaps: for a
    Gaussian series that has exactly the conditional distribution.
    """

    def __init__(self, places: Ints, days: int, rho: float) -> None:
        self._places, self._rho = places, rho
        every = np.arange(days)
        self._at = np.minimum(np.searchsorted(places, every, side="right") - 1, len(places) - 2)
        self._early, self._late = bridge_weights(
            every - places[self._at], np.diff(places)[self._at], rho
        )

    def draw(self, known: Floats, rng: np.random.Generator) -> Floats:
        """One series through the known values, (day,)."""
        from scipy.signal import lfilter

        noise = rng.standard_normal(len(self._at))
        noise[1:] *= np.sqrt(1.0 - self._rho * self._rho)
        free = np.asarray(lfilter([1.0], [1.0, -self._rho], noise))
        lack = known - free[self._places]
        return np.asarray(free + self._early * lack[self._at] + self._late * lack[self._at + 1])
