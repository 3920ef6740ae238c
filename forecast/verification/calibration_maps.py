"""The two monotone maps that recalibrate: of a distribution's PIT, and of a stated probability.

With the normal score z of what came, z = Φ⁻¹(PIT), a calibrated forecast has z ~ N(0, 1). From past
z their shift m and spread s are taken; the corrected quantile at level a is the stated one at level
Φ(m + s Φ⁻¹(a)), a strictly monotone map of the PIT that is exact where forecast and truth are
normal. A stated probability p becomes logit⁻¹(a + b logit p) with b > 0 (Cox 1958, doi
10.1093/biomet/45.3-4.562), the smooth form of an isotonic map: order is kept, and 0 or 1 is never
made of anything else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["OddsMap", "PitMap"]

#: A lesser slope would turn the order of forecasts round, or nearly.
_LEAST_SLOPE = 0.05


@dataclass(frozen=True)
class PitMap:
    """What came lies at the normal score ``shift + spread z`` of the stated distribution.

    >>> PitMap(1.0, 0.5).stated(2.0), PitMap(1.0, 0.5).calibrated(2.0)
    (2.0, 2.0)
    """

    shift: float = 0.0
    spread: float = 1.0

    def stated(self, z: Any) -> Any:
        """Normal score in the stated distribution that belongs to ``z`` in the corrected one."""
        return self.shift + self.spread * z

    def calibrated(self, z: Any) -> Any:
        """Inverse of :meth:`stated`."""
        return (z - self.shift) / self.spread

    def then(self, later: PitMap) -> PitMap:
        """This map, with ``later`` on top of its outcome."""
        return PitMap(self.stated(later.shift), self.spread * later.spread)

    @classmethod
    def of(cls, scores: NDArray[np.float64], weight: float) -> PitMap:
        """Map that makes ``scores``, shape (case,), N(0, 1) where ``weight`` is 1; none where 0."""
        if not len(scores):
            return cls()
        shift = weight * float(scores.mean())
        square = weight * float(((scores - shift) ** 2).mean()) + (1.0 - weight)
        return cls(shift, float(np.sqrt(square)))


@dataclass(frozen=True)
class OddsMap:
    """Stated log odds x become ``shift + slope x``; 0, 1 and NaN stay.

    >>> OddsMap(0.0, 2.0)(np.array([0.0, 0.5, 0.75, 1.0])).round(6).tolist()
    [0.0, 0.5, 0.9, 1.0]
    """

    shift: float = 0.0
    slope: float = 1.0

    def __call__(self, probability: NDArray[np.float64]) -> NDArray[np.float64]:
        from scipy.special import expit

        p = np.asarray(probability, dtype=np.float64)
        open_ = (p > 0.0) & (p < 1.0)
        # Held within ±16: beyond, 1 - p is lost in rounding and 1 would be made of a doubt.
        odds = np.clip(self.shift + self.slope * _logit(np.where(open_, p, 0.5)), -16.0, 16.0)
        return np.where(open_, expit(odds), p)

    def then(self, later: OddsMap) -> OddsMap:
        """This map, with ``later`` on top of its outcome."""
        return OddsMap(later.shift + later.slope * self.shift, later.slope * self.slope)

    @classmethod
    def of(cls, stated: NDArray[np.float64], came: NDArray[np.float64], weight: float) -> OddsMap:
        """Logistic regression on ``stated`` (0 < p < 1) of ``weight`` came + (1 - weight) stated.

        The part of what was stated stands for cases that come true as they were said to.
        """
        if not len(stated):
            return cls()
        x = _logit(stated)
        wanted = weight * came + (1.0 - weight) * stated
        found = _logistic(x, wanted)
        if found[1] < _LEAST_SLOPE:
            found = (_logistic(_LEAST_SLOPE * x, wanted, fixed=True)[0], _LEAST_SLOPE)
        return cls(*found)


def _logit(p: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.log(p) - np.log1p(-p))


def _logistic(
    x: NDArray[np.float64], wanted: NDArray[np.float64], *, fixed: bool = False
) -> tuple[float, float]:
    """Intercept and slope of a logistic regression on shares, by Newton's method.

    ``fixed`` holds the slope at 1. A ridge far below the weight of one case keeps both finite
    where all ``x`` are alike.
    """
    from scipy.special import expit

    design = np.stack([np.ones_like(x), x], axis=1)
    start = np.array([0.0, 1.0])
    found, ridge = start.copy(), 1e-6
    free = slice(0, 1) if fixed else slice(0, 2)

    def loss(b: NDArray[np.float64]) -> float:
        line = design @ b
        return float(
            (np.logaddexp(0.0, line) - wanted * line).mean() + ridge * ((b - start) ** 2).sum() / 2
        )

    at = loss(found)
    for _ in range(50):
        p = expit(design @ found)
        slope = design.T @ (p - wanted) / len(x) + ridge * (found - start)
        curve = (design.T * (p * (1.0 - p))) @ design / len(x) + ridge * np.eye(2)
        step = np.zeros(2)
        step[free] = np.linalg.solve(curve[free, free], slope[free])
        while loss(found - step) > at + 1e-15 and np.abs(step).max() > 1e-10:
            step /= 2.0
        found = found - step
        at = loss(found)
        if np.abs(step).max() < 1e-9:
            break
    return float(found[0]), float(found[1])
