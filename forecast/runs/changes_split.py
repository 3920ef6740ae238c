"""Why a probability moved between two runs, in parts that add up to the move.

A target's probability is written as Φ(m / s): s is the spread of the forecast (its 10 % and 90 %
quantiles read as those of a normal distribution) and m the margin to the target in units of the
indicator that gives exactly the probability stated. Between two runs the margin moved by what

- *revised* readings added or took away,
- *new* days came out better or worse than the earlier run expected of these very days,
- the *outlook*, the expectation of the days still left, became better or worse;

and the spread changed, as *time* passed and fewer days are open. The margin's parts add up by
construction: the outlook is what the readings leave. Each part's share of the move in probability
is its Shapley value (the mean, over all orders in which the four can be put in, of what it adds;
Shapley 1953, doi:10.1515/9781400881970-018), so that the shares add up to the move whatever the
order, and a part of zero has a share of zero.

A mean is additive in days and so is a count of days; other indicators (percentiles, classes,
indices, shares of sections) are not, and their move is told in one part, *readings*.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from statistics import NormalDist
from typing import Any

__all__ = ["PARTS", "MarginMoves", "monte_carlo_error", "shares", "split"]

#: Names of the parts, in the order in which they are told; ``target``: the number asked for changed.
PARTS: tuple[str, ...] = (
    "target", "settings", "revised", "new", "outlook", "time", "readings",
)  # fmt: skip

_NORMAL = NormalDist()

#: From the 10 % to the 90 % quantile of a standard normal distribution.
_Q10_Q90 = 2 * _NORMAL.inv_cdf(0.9)

#: Two-sided 95 % of a normal distribution: beyond it a difference is no matter of drawing.
_BEYOND = _NORMAL.inv_cdf(0.975)


@dataclass(frozen=True)
class MarginMoves:
    """How far the margin to a target moved, in units of the indicator; positive is towards it.

    Attributes:
        revised: by readings that were revised, withdrawn or filled in.
        new: by new days against what was expected of them; None where that is not on record,
            then it is told together with the outlook.
    """

    revised: float
    new: float | None


def monte_carlo_error(p0: float, n0: int, p1: float, n1: int) -> float:
    """Return the half width of the 95 % interval of ``p1 - p0`` that drawing paths alone makes.

    >>> round(monte_carlo_error(0.4, 2000, 0.5, 2000), 4)
    0.0307
    """
    return _BEYOND * math.sqrt(p0 * (1 - p0) / max(n0, 1) + p1 * (1 - p1) / max(n1, 1))


def shares(
    margin: float, spread: float, moves: dict[str, float], spread_after: float
) -> dict[str, float]:
    """Return the Shapley value of each move, and of ``time``, in Φ(margin / spread).

    Args:
        margin, spread: before; the spread is above 0.
        moves: part → what it adds to the margin.
        spread_after: the spread after, above 0.

    >>> shares(0.0, 1.0, {"new": 0.0, "outlook": 0.5}, 1.0)
    {'new': 0.0, 'outlook': 0.19146246127401312, 'time': 0.0}
    """
    names = [*moves, "time"]

    def value(inside: tuple[str, ...]) -> float:
        m = margin + sum(moves[name] for name in inside if name != "time")
        return _NORMAL.cdf(m / (spread_after if "time" in inside else spread))

    n = len(names)
    out = {}
    for name in names:
        others = [one for one in names if one != name]
        total = 0.0
        for size in range(n):
            weight = math.factorial(size) * math.factorial(n - size - 1) / math.factorial(n)
            for inside in combinations(others, size):
                total += weight * (value((*inside, name)) - value(inside))
        out[name] = total
    return out


def split(
    p0: float,
    p1: float,
    before: dict[str, Any] | None,
    after: dict[str, Any] | None,
    moves: MarginMoves | None,
) -> dict[str, float]:
    """Split ``p1 - p0`` into parts that add up to it.

    Args:
        p0, p1: probability of the target before and after.
        before, after: the forecasts of the indicator (``quantiles``); None where there is none.
        moves: what the readings did to the margin; None where the indicator is not additive.

    Returns:
        Part → its share [1]. One part, ``readings``, where nothing more can be told: an indicator
        that is not additive, a probability that arithmetic has decided, or no forecast.
    """
    change = p1 - p0
    s0, s1 = _spread(before), _spread(after)
    open_ = 0.0 < p0 < 1.0 and 0.0 < p1 < 1.0
    if moves is None or s0 is None or s1 is None or not open_:
        return {"readings": change}
    m0, m1 = _NORMAL.inv_cdf(p0) * s0, _NORMAL.inv_cdf(p1) * s1
    told = {"revised": moves.revised, "new": moves.new or 0.0}
    told["outlook"] = m1 - m0 - sum(told.values())
    found = shares(m0, s0, told, s1)
    if moves.new is None:
        found.pop("new")
        found["readings"] = found.pop("outlook")
    # What rounding of the inverse leaves is far below what is printed; the sum is exact.
    largest = max(found, key=lambda name: abs(found[name]))
    found[largest] += change - sum(found.values())
    return found


def _spread(forecast: dict[str, Any] | None) -> float | None:
    quantiles = (forecast or {}).get("quantiles") or {}
    try:
        spread = (float(quantiles["0.9"]) - float(quantiles["0.1"])) / _Q10_Q90
    except (KeyError, TypeError, ValueError):
        return None
    return spread if math.isfinite(spread) and spread > 0 else None
