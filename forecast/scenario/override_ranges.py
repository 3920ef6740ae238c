"""A user's own range of a parameter turned into the two numbers of its distribution."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from forecast.scenario.priors import FloatArray, Prior, draw, prior

__all__ = ["distribution_of_range", "drawn_overrides"]

#: Quantile of the standard normal that leaves a tenth above it.
_Z = 1.2815515655446004
#: Part of a range by which its drawn ends may be off before the two numbers are sought anew.
_CLOSE = 1e-3


def distribution_of_range(name: str, low: float, high: float) -> tuple[float, float]:
    """Return the two numbers of the parameter's distribution whose 80 % range is ``low`` to ``high``.

    The distribution keeps its kind and its physical range, at whose ends it is cut off; a range that
    reaches far beyond these can only be met as nearly as they allow.

    Args:
        name: a parameter with a spread.
        low, high: its 10 % and 90 % quantiles.

    >>> [round(v, 4) for v in distribution_of_range("e_so2", 0.08, 0.18)]
    [0.12, 0.3164]
    >>> [round(v, 3) for v in distribution_of_range("nitrate_turn", 0.34, 0.42)]
    [0.33, 0.43]
    """
    known = prior(name)
    middle, half = (low + high) / 2.0, (high - low) / 2.0
    if known.distribution == "uniform":
        return middle - half / 0.8, middle + half / 0.8
    if known.distribution == "lognormal":
        # A lower end of 0 has no logarithm; a thousandth of the upper one stands for it.
        low = max(low, high / 1000.0)
        start = (float(np.sqrt(low * high)), float(np.log(high / low)) / (2.0 * _Z))
    elif known.distribution == "beta":
        start = (middle, max(middle * (1.0 - middle) / (half / _Z) ** 2 - 1.0, 0.5))
    else:
        start = (middle, half / _Z)
    wanted = np.array([low, high])

    def off(numbers: FloatArray) -> FloatArray:
        made: FloatArray = (_quantiles(known, numbers) - wanted) / (high - low)
        return made

    # Logarithms where a number must stay above 0; a normal mean may have either sign.
    first = start[0] if known.distribution == "normal" else float(np.log(start[0]))
    at = np.array([first, float(np.log(start[1]))])
    if np.abs(off(at)).max() > _CLOSE:
        from scipy.optimize import least_squares

        at = least_squares(off, at, bounds=(at - 3.0, at + 3.0)).x
    found = _numbers(known, at)
    return found[0], found[1]


def _numbers(known: Prior, at: FloatArray) -> tuple[float, float]:
    first = float(at[0]) if known.distribution == "normal" else float(np.exp(at[0]))
    if known.distribution == "beta":
        first = min(first, 0.999)
    return first, float(np.exp(at[1]))


def _quantiles(known: Prior, at: FloatArray) -> FloatArray:
    first, second = _numbers(known, at)
    return draw(replace(known, first=first, second=second), np.array([0.1, 0.9]))


def drawn_overrides(
    overrides: Mapping[str, float | tuple[float, float]], *, era: str = "2020"
) -> dict[str, float | tuple[float, float]]:
    """Turn a user's values and 80 % ranges into what :func:`forecast.scenario.air_response.draw_air` takes.

    Args:
        overrides: parameter → value, or → ends of its 80 % range.
        era: emissions to which the draws belong. ``e_so2`` is a number of today; in draws of 2013 it
            stands as much higher as the default does.
    """
    found: dict[str, float | tuple[float, float]] = {}
    for name, given in overrides.items():
        value = distribution_of_range(name, *given) if isinstance(given, tuple) else given
        if name == "e_so2" and era == "2013":
            older = prior("e_so2_2013").first / prior("e_so2").first
            most = prior(name).high
            if isinstance(value, tuple):
                value = min(value[0] * older, most), value[1]
            else:
                value = min(value * older, most)
        found[name] = value
    return found
