"""Do stated probabilities come true: the CORP diagram, its decomposition, and plain bins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

__all__ = ["Corp", "corp", "probability_bins", "track_record"]

#: Below so many earlier forecasts a share says too little to be printed.
_FEWEST = 10


@dataclass(frozen=True)
class Corp:
    """Reliability of stated probabilities by isotonic regression.

    Attributes:
        stated: the distinct probabilities, ascending, shape (level,).
        came: calibrated probability of each: the isotonic fit of what came, shape (level,).
        count: forecasts with each, shape (level,).
        low, high: where ``came`` lies if what is stated is true, shape (level,).
        score: mean Brier score; ``score = mcb - dsc + unc``.
        mcb: miscalibration, what recalibration would save.
        dsc: discrimination, what the calibrated forecast saves against the base rate.
        unc: uncertainty, the score of the base rate.
        n: forecasts.
    """

    stated: NDArray[np.float64]
    came: NDArray[np.float64]
    count: NDArray[np.int64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    score: float
    mcb: float
    dsc: float
    unc: float
    n: int

    @property
    def inside(self) -> float:
        """Share of forecasts at which the fit lies within the bounds; NaN without forecasts."""
        if not self.n:
            return float("nan")
        good = (self.came >= self.low - 1e-12) & (self.came <= self.high + 1e-12)
        return float((good * self.count).sum() / self.n)


def corp(
    probability: ArrayLike,
    event: ArrayLike,
    rng: np.random.Generator | None = None,
    *,
    n: int = 500,
    level: float = 0.9,
) -> Corp:
    """Reliability diagram and score decomposition without bins to choose.

    Dimitriadis, Gneiting and Jordan 2021, doi 10.1073/pnas.2016191118: the calibrated probability
    is the isotonic regression of what came on what was stated. MCB = S - S_C, DSC = S_R - S_C,
    UNC = S_R, with the Brier scores of what was stated, of its calibrated form and of the base
    rate.

    Args:
        probability: stated, shape (forecast,).
        event: 0 or 1, shape (forecast,); rows with a NaN in either are left out.
        rng: draws events from the stated probabilities for the bounds; None for none (NaN).
        n: draws of the bounds.
        level: part of the draws between the bounds at each stated probability. They hold for
            independent events; of places in one year they are somewhat too narrow.

    >>> found = corp([0.1, 0.1, 0.9, 0.9], [0, 0, 1, 1])
    >>> [round(v, 6) for v in (found.score, found.mcb, found.dsc, found.unc)]
    [0.01, 0.01, 0.25, 0.25]
    """
    p, came = (np.asarray(v, dtype=np.float64).ravel() for v in (probability, event))
    good = np.isfinite(p) & np.isfinite(came)
    p, came = p[good], came[good]
    nan = float("nan")
    if not len(p):
        nothing = np.zeros(0)
        return Corp(
            nothing, nothing, np.zeros(0, np.int64), nothing, nothing, nan, nan, nan, nan, 0
        )
    stated, at, count = np.unique(p, return_inverse=True, return_counts=True)
    hits = np.bincount(at, weights=came, minlength=len(stated))
    fit = _isotonic(hits / count, count)
    rate = float(came.mean())
    score = float(((p - came) ** 2).mean())
    calibrated = float(((fit[at] - came) ** 2).mean())
    unc = rate * (1.0 - rate)
    low = high = np.full(len(stated), np.nan)
    if rng is not None:
        drawn = rng.binomial(count, np.clip(stated, 0.0, 1.0), size=(n, len(stated))) / count
        fits = np.stack([_isotonic(row, count) for row in drawn])
        low, high = np.quantile(fits, [(1.0 - level) / 2.0, (1.0 + level) / 2.0], axis=0)
    return Corp(
        stated, fit, count.astype(np.int64), low, high, score, score - calibrated,
        unc - calibrated, unc, len(p),
    )  # fmt: skip


def _isotonic(shares: NDArray[np.float64], weights: NDArray[np.int64]) -> NDArray[np.float64]:
    from scipy.optimize import isotonic_regression

    fit: NDArray[np.float64] = isotonic_regression(shares, weights=weights.astype(float)).x
    return fit


def probability_bins(
    probability: ArrayLike, event: ArrayLike, *, bins: int = 10, level: float = 0.9
) -> pd.DataFrame:
    """Count what came of forecasts that said about the same.

    Returns:
        One row a bin [lower, upper), the last with its upper end: ``lower, upper, n, stated``
        (mean of what was said), ``came`` (number), ``share``, and ``low, high``: the share that a
        binomial law of the stated mean puts within ``level``. NaN where a bin is empty.

    >>> table = probability_bins([0.62, 0.68, 0.1], [1, 0, 0])
    >>> table.loc[6, ["n", "came", "share"]].tolist()
    [2.0, 1.0, 0.5]
    """
    from scipy.stats import binom

    p, came = (np.asarray(v, dtype=np.float64).ravel() for v in (probability, event))
    good = np.isfinite(p) & np.isfinite(came)
    p, came = p[good], came[good]
    # A share such as 0.3 of paths is a float a hair below or above; it belongs to its own bin.
    place = np.minimum(np.floor(p * bins + 1e-9).astype(int), bins - 1)
    n = np.bincount(place, minlength=bins)
    hits = np.bincount(place, weights=came, minlength=bins)
    total = np.bincount(place, weights=p, minlength=bins)
    some = n > 0
    stated, share, low, high = (np.full(bins, np.nan) for _ in range(4))
    np.divide(total, n, out=stated, where=some)
    np.divide(hits, n, out=share, where=some)
    low[some] = binom.ppf((1.0 - level) / 2.0, n[some], np.clip(stated[some], 0, 1)) / n[some]
    high[some] = binom.ppf((1.0 + level) / 2.0, n[some], np.clip(stated[some], 0, 1)) / n[some]
    edges = np.arange(bins + 1) / bins
    return pd.DataFrame(
        {
            "lower": edges[:-1], "upper": edges[1:], "n": n, "stated": stated,
            "came": hits.astype(np.int64), "share": share, "low": low, "high": high,
        }
    )  # fmt: skip


def track_record(bins: pd.DataFrame, probability: float) -> tuple[str, str]:
    """How forecasts like this one did before, in Chinese and English.

    Args:
        bins: of :func:`probability_bins`.
        probability: what is stated now.

    Returns:
        Two sentences; empty where fewer than ten earlier forecasts said about the same.

    >>> import numpy as np
    >>> bins = probability_bins(np.full(214, 0.65), np.arange(214) < 141)
    >>> track_record(bins, 0.63)[1]
    'of 214 forecasts that said 60 to 70 %, 66 % came true'
    """
    at = min(int(np.floor(probability * len(bins) + 1e-9)), len(bins) - 1)
    row = bins.iloc[at]
    n = int(row["n"])
    if n < _FEWEST:
        return "", ""
    low, high, share = (round(100.0 * float(row[c])) for c in ("lower", "upper", "share"))
    return (
        f"以往{n}次预测概率在{low}%~{high}%之间,实际有{share}%实现",
        f"of {n} forecasts that said {low} to {high} %, {share} % came true",
    )
