"""What a share of sections would be if the sections did not depend on each other."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.projection.summary import QUANTILES, number
from forecast.standards.rounding import ratio_percent, round_half_even
from forecast.targets.evidence import Chances

__all__ = ["chances_summary", "independent_share"]


def independent_share(
    classes: NDArray[np.float64], best: int, worst: int, *, count: bool = False
) -> Chances:
    """Exact distribution of a share of independent sections with the same single chances.

    Args:
        classes: (section, path), NaN where a section has no class on a path.
        best, worst: the classes that count as hits.
        count: the number of hits instead of the share [%].

    Returns:
        Values in order (shares rounded to one decimal) with their probabilities: the convolution
        of the sections one after the other, so nothing is drawn.

    Two sections that are good on half of the paths:

    >>> found = independent_share(np.array([[1.0, 4.0], [1.0, 4.0]]), 1, 3)
    >>> found.values.tolist(), found.probabilities.tolist()
    ([0.0, 50.0, 100.0], [0.25, 0.5, 0.25])
    """
    n = len(classes)
    # table[h, m]: probability of h hits and m misses so far.
    table = np.zeros((n + 1, n + 1))
    table[0, 0] = 1.0
    for own in classes:
        there = np.isfinite(own)
        hit = float(np.mean(there & (own >= best) & (own <= worst)))
        absent = float(np.mean(~there))
        following = table * absent
        following[1:] += table[:-1] * hit
        following[:, 1:] += table[:, :-1] * max(1.0 - hit - absent, 0.0)
        table = following
    hits, misses = np.nonzero(table)
    some = hits + misses > 0
    hits, misses = hits[some], misses[some]
    shares = hits.astype(np.float64)
    if not count:
        shares = np.asarray(round_half_even(ratio_percent(hits, hits + misses), 1))
    values, position = np.unique(shares, return_inverse=True)
    weights = np.zeros(len(values))
    np.add.at(weights, position, table[hits, misses])
    return Chances(values, weights / max(float(weights.sum()), np.finfo(float).tiny))


def chances_summary(chances: Chances, n_paths: int, model: str) -> dict[str, Any]:
    """The ``forecast`` of a distribution over few values, in the form that paths have."""
    cumulative = np.cumsum(chances.probabilities)
    last = len(chances.values) - 1
    return {
        "mean": number(float(chances.values @ chances.probabilities)),
        "quantiles": {
            q: number(float(chances.values[min(int(np.searchsorted(cumulative, float(q))), last)]))
            for q in QUANTILES
        },
        "n_paths": n_paths,
        "model": model,
    }
