"""Scores of the one-to-seven-day outlook: warnings that hit or missed, and its probabilities.

A warning is a stated probability at or above a threshold. Scores of warnings follow Wilks 2011,
Statistical Methods in the Atmospheric Sciences, 8.2.2. Polluted days come in spells and whole
regions at once, so rows are no independent cases: intervals are those of a bootstrap over months
and regions, and the numbers of cases and of events stand beside every score.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forecast.verification.reliability import corp
from forecast.verification.scores import block_means, interval

__all__ = [
    "Contingency",
    "OutlookScore",
    "contingency",
    "even_threshold",
    "outlook_score",
]

Interval = tuple[float, float]


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float("nan")


@dataclass(frozen=True)
class Contingency:
    """What came of warnings and of no warning; a score without a case is NaN.

    Finley's tornado forecasts of 1884:

    >>> found = Contingency(hits=28, misses=23, false_alarms=72, correct_negatives=2680)
    >>> [round(v, 3) for v in (found.hit_rate, found.false_alarm_ratio, found.threat_score)]
    [0.549, 0.72, 0.228]
    """

    hits: int
    misses: int
    false_alarms: int
    correct_negatives: int

    @property
    def n(self) -> int:
        """Cases."""
        return self.hits + self.misses + self.false_alarms + self.correct_negatives

    @property
    def events(self) -> int:
        """Cases in which it came."""
        return self.hits + self.misses

    @property
    def warnings(self) -> int:
        """Cases with a warning."""
        return self.hits + self.false_alarms

    @property
    def hit_rate(self) -> float:
        """Share of the events that were warned of (POD); 1 is best."""
        return _ratio(self.hits, self.events)

    @property
    def false_alarm_ratio(self) -> float:
        """Share of the warnings after which nothing came (FAR); 0 is best."""
        return _ratio(self.false_alarms, self.warnings)

    @property
    def false_alarm_rate(self) -> float:
        """Share of the cases without event in which there was a warning; 0 is best."""
        return _ratio(self.false_alarms, self.n - self.events)

    @property
    def threat_score(self) -> float:
        """Hits over hits, misses and false alarms (critical success index); 1 is best."""
        return _ratio(self.hits, self.hits + self.misses + self.false_alarms)

    @property
    def equitable_threat_score(self) -> float:
        """Threat score less the hits of chance (Gilbert 1884); 0 for chance, 1 is best."""
        chance = _ratio(self.events * self.warnings, self.n)
        return _ratio(self.hits - chance, self.hits + self.misses + self.false_alarms - chance)

    @property
    def bias(self) -> float:
        """Warnings over events: above 1 there are too many."""
        return _ratio(self.warnings, self.events)

    def to_dict(self) -> dict[str, float | int]:
        """Counts and scores under their names."""
        names = (
            "n", "events", "hits", "misses", "false_alarms", "correct_negatives", "hit_rate",
            "false_alarm_ratio", "false_alarm_rate", "threat_score", "equitable_threat_score",
            "bias",
        )  # fmt: skip
        return {name: getattr(self, name) for name in names}


def contingency(probability: ArrayLike, event: ArrayLike, threshold: ArrayLike) -> Contingency:
    """Count warnings, stated probabilities at or above ``threshold``, against what came.

    Args:
        probability: stated, any shape.
        event: 0 or 1, the same shape; cases with a NaN in either are left out.
        threshold: lowest probability that is a warning: one for all, or one a case (NaN leaves the
            case out).

    >>> found = contingency([0.9, 0.5, 0.2, 0.1], [1, 0, 1, 0], 0.5)
    >>> (found.hits, found.false_alarms, found.misses, found.correct_negatives)
    (1, 1, 1, 1)
    """
    p, came, lowest = _pairs(probability, event, threshold)
    warned, there = p >= lowest, came > 0.5
    return Contingency(
        hits=int((warned & there).sum()),
        misses=int((~warned & there).sum()),
        false_alarms=int((warned & ~there).sum()),
        correct_negatives=int((~warned & ~there).sum()),
    )


def even_threshold(probability: ArrayLike, event: ArrayLike) -> float:
    """Return the probability at which there are about as many warnings as events (bias of 1).

    Where probabilities tie, that with the number nearest to the events; NaN without an event.

    >>> even_threshold([0.9, 0.6, 0.3, 0.1], [1, 0, 1, 0])
    0.6
    """
    p, came, _ = _pairs(probability, event)
    events = int(came.sum())
    if not events:
        return float("nan")
    values, count = np.unique(p, return_counts=True)
    warned = np.cumsum(count[::-1])[::-1]
    return float(values[int(np.argmin(np.abs(warned - events)))])


@dataclass(frozen=True)
class OutlookScore:
    """Scores of stated probabilities of one kind of day.

    Attributes:
        warnings: hits, misses, false alarms at the threshold.
        threshold: lowest probability that is a warning; the lowest of them where they differ.
        hit_rate, false_alarm_ratio, threat_score: their 90 % intervals.
        brier: mean Brier score; brier = mcb - dsc + unc.
        mcb, dsc, unc: miscalibration, discrimination, uncertainty
            (:func:`forecast.verification.reliability.corp`).
        skill: reference → 1 - Brier score over that of the reference, with its interval
            (value, low, high); NaN ends where blocks are too few.
        n, events, blocks: cases, cases in which it came, months of regions that hold them.
    """

    warnings: Contingency
    threshold: float
    hit_rate: Interval
    false_alarm_ratio: Interval
    threat_score: Interval
    brier: float
    mcb: float
    dsc: float
    unc: float
    skill: dict[str, tuple[float, float, float]]
    n: int
    events: int
    blocks: int


def outlook_score(
    probability: ArrayLike,
    event: ArrayLike,
    threshold: ArrayLike,
    references: Mapping[str, ArrayLike],
    months: ArrayLike,
    regions: ArrayLike,
    rng: np.random.Generator,
    *,
    n: int = 1000,
    crossed: bool = True,
) -> OutlookScore:
    """Score stated probabilities as warnings and as probabilities, against references.

    Args:
        probability: stated, shape (case,).
        event: 0 or 1; cases with a NaN in it, in ``probability`` or in a reference are left out.
        threshold: lowest probability that is a warning: one for all, or one a case, shape (case,).
        references: name → what it stated in the same cases.
        months, regions: of each case; the blocks of the bootstrap.
        rng: generator of the bootstrap.
        n: resamples.
        crossed: months and regions are drawn each on its own, since regions share the weather of a
            month; otherwise single months of single regions are drawn, which takes neighbours as
            independent and is too narrow for them.
    """
    p, came = (np.asarray(v, dtype=np.float64).ravel() for v in (probability, event))
    others = {k: np.asarray(v, dtype=np.float64).ravel() for k, v in references.items()}
    good = np.isfinite(p) & np.isfinite(came)
    for other in others.values():
        good &= np.isfinite(other)
    lowest = np.broadcast_to(np.asarray(threshold, dtype=np.float64), p.shape)[good]
    p, came = p[good], came[good]
    month, region = np.asarray(months).ravel()[good], np.asarray(regions).ravel()[good]
    warned, there = p >= lowest, came > 0.5
    columns = [
        warned & there, there, warned, warned | there, (p - came) ** 2,
        *((other[good] - came) ** 2 for other in others.values()),
    ]  # fmt: skip
    table = np.column_stack([np.asarray(c, dtype=np.float64) for c in columns])
    draws = block_means(table, month, region, rng, n=n, crossed=crossed)
    hit, events, warnings, either, own = draws.T[:5]
    whole = corp(p, came)
    skill = {}
    for k, name in enumerate(others):
        rivals = draws[:, 5 + k]
        low, high = interval(1.0 - _divided(own, rivals))
        value = (
            1.0 - _ratio(float(table[:, 4].mean()), float(table[:, 5 + k].mean()))
            if len(p)
            else np.nan
        )
        skill[name] = (float(value), low, high)
    return OutlookScore(
        warnings=contingency(p, came, lowest),
        threshold=float(np.min(threshold)) if np.size(threshold) else float("nan"),
        hit_rate=interval(_divided(hit, events)),
        false_alarm_ratio=interval(1.0 - _divided(hit, warnings)),
        threat_score=interval(_divided(hit, either)),
        brier=whole.score, mcb=whole.mcb, dsc=whole.dsc, unc=whole.unc,
        skill=skill, n=len(p), events=int(there.sum()),
        blocks=len({(str(m), str(r)) for m, r in zip(month, region, strict=True)}),
    )  # fmt: skip


def _divided(part: NDArray[np.float64], whole: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ratio of resampled means, NaN where there is nothing to divide by."""
    out = np.full(len(part), np.nan)
    np.divide(part, whole, out=out, where=whole > 0.0)
    return out


def _pairs(
    probability: ArrayLike, event: ArrayLike, threshold: ArrayLike = 0.0
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    p, came = (np.asarray(v, dtype=np.float64).ravel() for v in (probability, event))
    if p.shape != came.shape:
        raise ValueError(f"{p.size} probabilities, but {came.size} events")
    lowest = np.broadcast_to(np.asarray(threshold, dtype=np.float64).ravel(), p.shape)
    good = np.isfinite(p) & np.isfinite(came) & np.isfinite(lowest)
    return p[good], came[good], lowest[good]
