"""The uncertainty of a change: the samples drawn anew in blocks of days."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.errors import ForecastError, InputError, UsageError
from forecast.trend.wrtds.change import Change, ChangeParts
from forecast.trend.wrtds.records import Samples

__all__ = [
    "BootstrapChange",
    "ChangeBounds",
    "bootstrap",
    "draw_blocks",
    "likelihood_words",
    "p_value",
]

Floats = NDArray[np.float64]

#: Upper limits of the shares that the words stand for (EGRETci).
_WORDS = (
    (0.05, "highly unlikely"), (0.1, "very unlikely"), (0.33, "unlikely"),
    (0.66, "about as likely as not"), (0.9, "likely"), (0.95, "very likely"),
    (1.0, "highly likely"),
)  # fmt: skip


@dataclass(frozen=True)
class ChangeBounds:
    """A change and what the draws say of it [unit of the quantity].

    Attributes:
        estimate: the change. replicates: draws about it, 2·estimate − change of the draw.
        percent_replicates: the same as percentages, mirrored on the log scale.
    """

    estimate: float
    replicates: Floats
    percent_replicates: Floats

    def interval(self, level: float = 0.9) -> tuple[float, float]:
        """Bounds that hold the change with a probability; quantiles at k/(n + 1).

        Raises:
            UsageError: the level is no probability.
        """
        if not 0.0 < level < 1.0:
            raise UsageError(f"The level must lie between 0 and 1, got {level}.", "Write 0.9.")
        tail = 0.5 * (1.0 - level)
        low, high = np.quantile(self.replicates, [tail, 1.0 - tail], method="weibull")
        return float(low), float(high)

    @property
    def rejects(self) -> bool:
        """Whether no change is ruled out: the 90 % interval has one sign."""
        low, high = self.interval(0.9)
        return low * high > 0.0

    @property
    def p_value(self) -> float:
        """Two-sided; 2/(n + 1), and below that in truth, where all draws have one sign."""
        return p_value(self.replicates)

    @property
    def likelihood_up(self) -> float:
        """Likelihood that the quantity rose: (draws above 0 + ½)/(n + 1)."""
        return float((self.replicates > 0.0).sum() + 0.5) / (len(self.replicates) + 1)

    @property
    def likelihood_down(self) -> float:
        """Likelihood that it fell."""
        return 1.0 - self.likelihood_up

    @property
    def words(self) -> str:
        """``upward trend is …; downward trend is …`` in words."""
        up, down = (likelihood_words(v) for v in (self.likelihood_up, self.likelihood_down))
        return f"upward trend is {up}; downward trend is {down}"


@dataclass(frozen=True)
class BootstrapChange:
    """The change between two years with its bounds.

    Attributes:
        change: the estimate. conc: bounds in mg/L. flux: bounds in kg/yr.
        tried: draws made; those without a result are not among the replicates.
        block_days: length of a block [days].
    """

    change: Change
    conc: ChangeBounds
    flux: ChangeBounds
    tried: int
    block_days: int


def bootstrap(
    samples: Samples,
    estimate: Change,
    again: Callable[[Samples], Change],
    replicates: int,
    block_days: int,
    rng: np.random.Generator,
) -> BootstrapChange:
    """Refit on samples drawn in blocks until there are enough results.

    Raises:
        UsageError: a number is too small, or a block is more than half of the record.
        InputError: after twice as many draws as asked for there are still too few results.
    """
    if replicates < 10 or block_days < 2:
        raise UsageError(
            f"replicates is {replicates} and block_days {block_days}.",
            "Use at least 10 and 2; 100 and 200 are usual.",
        )
    days = int((samples.day[-1] - samples.day[0]).astype(np.int64)) + 1
    if 2 * block_days > days:
        raise UsageError(
            f"Blocks of {block_days} days are more than half of the record of {days} days.",
            "Use shorter ones; 200 days are usual.",
        )
    found: list[Change] = []
    tried = 0
    while len(found) < replicates:
        if tried >= 2 * replicates:
            raise InputError(
                f"Only {len(found)} of {tried} draws of the samples have a result.",
                "The record is too thin for this interval; lower min_observations or compare "
                "years in the middle of the record.",
            )
        tried += 1
        try:
            drawn = again(draw_blocks(samples, block_days, rng))
        except ForecastError:
            # A draw that leaves a window without samples; counted, and another one is made.
            continue
        if np.isfinite([drawn.conc.change, drawn.flux.change]).all():
            found.append(drawn)
    conc = _bounds(estimate.conc, [drawn.conc for drawn in found])
    flux = _bounds(estimate.flux, [drawn.flux for drawn in found])
    return BootstrapChange(estimate, conc, flux, tried, block_days)


def _bounds(base: ChangeParts, drawn: list[ChangeParts]) -> ChangeBounds:
    first, last = (np.array(side) for side in zip(*((d.first, d.last) for d in drawn), strict=True))
    logs = 2.0 * np.log(base.last / base.first) - np.log(last / first)
    return ChangeBounds(base.change, 2.0 * base.change - (last - first), 100.0 * np.expm1(logs))


def draw_blocks(samples: Samples, block_days: int, rng: np.random.Generator) -> Samples:
    """As many samples as there are, in blocks of days with random starts, in order of time.

    Every block lies within the record (the moving blocks of Künsch 1989, Ann. Stat. 17:1217). Its
    start is any day, not any sample, so that years with few samples are drawn as often as others;
    the last block is cut to the number wanted.
    """
    day = samples.day.astype(np.int64)
    last_start = int(day[-1]) - block_days + 1
    blocks: list[NDArray[np.int64]] = []
    count = 0
    while count < len(day):
        start = int(rng.integers(int(day[0]), last_start, endpoint=True))
        begin, end = np.searchsorted(day, [start, start + block_days])
        blocks.append(np.arange(begin, end))
        count += int(end - begin)
    return samples.take(np.sort(np.concatenate(blocks)[: len(day)]))


def p_value(replicates: Floats) -> float:
    """Two-sided p-value: twice the share beyond 0, the share being interpolated between the
    places k/(n + 1) of the sorted draws.

    >>> round(p_value(np.arange(1.0, 101.0)), 4)
    0.0198
    >>> p_value(np.array([-1.0, 1.0, 2.0]))
    0.75
    """
    n = len(replicates)
    place = np.interp(0.0, np.sort(replicates), np.arange(1, n + 1) / (n + 1))
    return float(2.0 * min(place, 1.0 - place))


def likelihood_words(likelihood: float) -> str:
    """A likelihood in words.

    >>> likelihood_words(0.995), likelihood_words(0.5), likelihood_words(0.92)
    ('highly likely', 'about as likely as not', 'very likely')
    """
    return next(words for limit, words in _WORDS if likelihood <= limit)
