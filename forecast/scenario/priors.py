"""Prior distributions of the air response: read from tables, drawn by inversion.

Every parameter is drawn through its inverse distribution function from one stream of uniform
numbers a parameter, so that two regions, or a prior and an overridden one, share their random
numbers: draw 17 is the optimistic one in both.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from forecast.errors import UsageError

__all__ = ["FloatArray", "Prior", "draw", "prior", "prior_rows", "read_table", "with_overrides"]

FloatArray = NDArray[np.float64]


def read_table(name: str) -> list[dict[str, str]]:
    """Rows of one shipped table ``forecast/scenario/tables/<name>.csv``."""
    text = files("forecast.scenario").joinpath("tables", f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@dataclass(frozen=True)
class Prior:
    """One parameter before anything is learned.

    Attributes:
        name: parameter, as in ``tables/pm25_priors.csv``.
        distribution: ``normal`` (mean, sd), ``lognormal`` (median, sd of the log), ``uniform``
            (lower, upper), ``beta`` (mean, sum of both parameters) or ``fixed`` (value, 0).
        first, second: its two numbers.
        low, high: physical range; the distribution is cut off there.
        grade: ``verified``, ``judgement``, ``from memory`` or ``user``.
        source: where it is from.
    """

    name: str
    distribution: str
    first: float
    second: float
    low: float
    high: float
    grade: str
    source: str


@cache
def _priors() -> dict[str, Prior]:
    rows = read_table("pm25_priors") + read_table("ozone_priors")
    return {
        row["parameter"]: Prior(
            row["parameter"],
            row["distribution"],
            float(row["first"]),
            float(row["second"]),
            float(row["low"]),
            float(row["high"]),
            row["grade"],
            row["source"],
        )
        for row in rows
    }


def prior(name: str) -> Prior:
    """The shipped prior of a parameter.

    Raises:
        UsageError: no such parameter.

    >>> prior("e_nox_warm").first
    0.25
    """
    if name not in _priors():
        raise UsageError(
            f"The air response has no parameter «{name}».",
            f"It has {', '.join(_priors())}.",
        )
    return _priors()[name]


def with_overrides(
    priors: Mapping[str, Prior], overrides: Mapping[str, float | tuple[float, float]] | None
) -> dict[str, Prior]:
    """Return ``priors`` with numbers of the user's own in their place.

    Args:
        priors: by name.
        overrides: parameter → its value, or → (first, second) number of the same distribution.

    Raises:
        UsageError: a parameter that is not among ``priors``, or a centre outside its range.
    """
    result = dict(priors)
    for name, value in (overrides or {}).items():
        known = result.get(name)
        if known is None:
            raise UsageError(
                f"The air response has no parameter «{name}» to override.",
                f"It has {', '.join(priors)}.",
            )
        alone = not isinstance(value, tuple)
        first, second = (value, 0.0) if not isinstance(value, tuple) else value
        distribution = "fixed" if alone else known.distribution
        inside = known.low <= first <= known.high
        if not (np.isfinite(first) and np.isfinite(second) and inside):
            raise UsageError(
                f"The parameter {name} = {value} lies outside {known.low:g} to {known.high:g}.",
                "Give a number in that range, or two: the centre and the spread.",
            )
        if not alone and (second <= first if distribution == "uniform" else second <= 0):
            raise UsageError(
                f"The parameter {name} = {value} has no spread.",
                "Give one number for a fixed value; two: mean and standard deviation (normal), median "
                "and standard deviation of the log (lognormal), lower and upper end (uniform), mean and "
                "sum of both parameters (beta).",
            )
        result[name] = Prior(
            name, distribution, float(first), float(second), known.low, known.high, "user", "user"
        )
    return result


def draw(prior_: Prior, uniform: FloatArray) -> FloatArray:
    """Draw a parameter by inversion, cut off at its physical range.

    Args:
        prior_: what to draw.
        uniform: ``(draw,)`` numbers in (0, 1).

    Returns:
        ``(draw,)``.

    >>> float(draw(prior("nitrate_turn"), np.array([0.5]))[0])
    0.4
    """
    from scipy.special import betainc, betaincinv, ndtr, ndtri

    first, second, low, high = prior_.first, prior_.second, prior_.low, prior_.high
    if prior_.distribution == "fixed":
        return np.full(uniform.shape, first)
    if prior_.distribution == "uniform":
        a, b = max(first, low), min(second, high)
        result: FloatArray = a + (b - a) * uniform
        return result
    if prior_.distribution == "normal":
        ends = ndtr((np.array([low, high]) - first) / second)
        result = first + second * ndtri(ends[0] + (ends[1] - ends[0]) * uniform)
    elif prior_.distribution == "lognormal":
        ends = ndtr(np.log(np.array([max(low, 1e-300), high]) / first) / second)
        result = first * np.exp(second * ndtri(ends[0] + (ends[1] - ends[0]) * uniform))
    elif prior_.distribution == "beta":
        a, b = first * second, (1.0 - first) * second
        ends = betainc(a, b, np.clip([low, high], 0.0, 1.0))
        result = betaincinv(a, b, ends[0] + (ends[1] - ends[0]) * uniform)
    else:
        raise UsageError(
            f"The parameter {prior_.name} can't be drawn: {prior_.distribution}.",
            "Override another; this one follows from the others.",
        )
    return np.clip(result, low, high)


def prior_rows(priors: Mapping[str, Prior]) -> list[dict[str, str | float]]:
    """What a report prints of the defaults: a row each with median, 80 % range, grade, source."""
    ends = np.array([0.1, 0.5, 0.9])
    rows: list[dict[str, str | float]] = []
    for name, one in priors.items():
        low, middle, high = (
            (one.first, np.nan, np.nan)
            if one.distribution == "remainder"
            # Four decimals: what is left of a zero is noise of the machine.
            else (float(v) + 0.0 for v in draw(one, ends).round(4))
        )
        rows.append(
            {
                "parameter": name,
                "distribution": one.distribution,
                "q10": low,
                "median": middle,
                "q90": high,
                "grade": one.grade,
                "source": one.source,
            }
        )
    return rows
