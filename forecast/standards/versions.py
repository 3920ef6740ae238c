"""Which rules were in force when, and which rules a token stands for.

HJ 633, GB 3095 and HJ 663 changed together on 2026-03-01; the limits of GB 3095-2026 are those of
a transition until 2030-12-31 and final from 2031-01-01 (clause 4.4). Grade: verified. Readings
before 2016-01-01, when the 2012 limits became nationwide, are judged by the 2012 versions too.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import overload

import numpy as np
from numpy.typing import NDArray

from forecast.errors import UsageError

__all__ = [
    "AQI_2012",
    "AQI_2026",
    "CHANGE_2026",
    "FINAL_2031",
    "RULESETS",
    "Ruleset",
    "aqi_standard_on",
    "limits_standard_on",
    "resolve",
    "ruleset_on",
]

AQI_2012 = "HJ 633-2012"
AQI_2026 = "HJ 633-2026"
CHANGE_2026 = np.datetime64("2026-03-01", "D")
FINAL_2031 = np.datetime64("2031-01-01", "D")


@dataclass(frozen=True)
class Ruleset:
    """Rules that hold together: ``aqi``, ``limits``, ``assessment`` tokens, and their dates.

    ``phase`` names the column of limits: ``2012``, ``transition`` or ``final``. ``first`` and
    ``last`` are the first and last day in force (None: open).
    """

    phase: str
    aqi: str
    limits: str
    assessment: str
    first: date | None
    last: date | None


RULESETS: tuple[Ruleset, ...] = (
    Ruleset("2012", AQI_2012, "GB 3095-2012", "HJ 663-2013", None, date(2026, 2, 28)),
    Ruleset(
        "transition", AQI_2026, "GB 3095-2026", "HJ 663-2026", date(2026, 3, 1), date(2030, 12, 31)
    ),
    Ruleset("final", AQI_2026, "GB 3095-2026 final", "HJ 663-2026", date(2031, 1, 1), None),
)

_TOKENS: dict[str, Ruleset] = {
    token: rules for rules in reversed(RULESETS) for token in (rules.aqi, rules.limits)
} | {"HJ 663-2013": RULESETS[0], "HJ 663-2026": RULESETS[1]}

_FOLDED = {token.replace(" ", "").upper(): rules for token, rules in _TOKENS.items()}


def resolve(token: str) -> Ruleset:
    """Return the consistent set of rules that ``token`` stands for.

    Raises:
        UsageError: the token is none of the known ones.

    >>> resolve("HJ 633-2026").limits
    'GB 3095-2026'
    """
    rules = _FOLDED.get("".join(token.split()).upper())
    if rules is None:
        raise UsageError(
            f"{token!r} is not a version of a standard that this tool knows.",
            f"Use one of: {', '.join(sorted(_TOKENS))}.",
        )
    return rules


def ruleset_on(day: date | str | np.datetime64) -> Ruleset:
    """Return the rules in force on ``day``."""
    moment = np.asarray(day, dtype="datetime64[D]")
    if moment < CHANGE_2026:
        return RULESETS[0]
    return RULESETS[1] if moment < FINAL_2031 else RULESETS[2]


@overload
def aqi_standard_on(dates: date | str | np.datetime64) -> str: ...
@overload
def aqi_standard_on(dates: NDArray[np.datetime64] | list[str] | list[date]) -> NDArray[np.str_]: ...
def aqi_standard_on(
    dates: date | str | np.datetime64 | NDArray[np.datetime64] | list[str] | list[date],
) -> str | NDArray[np.str_]:
    """Return the HJ 633 token in force on each date: a string for one date, else an array.

    >>> aqi_standard_on("2026-02-28"), aqi_standard_on("2026-03-01")
    ('HJ 633-2012', 'HJ 633-2026')
    """
    days = np.asarray(dates, dtype="datetime64[D]")
    tokens = np.where(days < CHANGE_2026, AQI_2012, AQI_2026)
    return str(tokens) if days.ndim == 0 else tokens


def limits_standard_on(day: date | str | np.datetime64) -> str:
    """Return the GB 3095 token in force on ``day`` (a year is judged by its last day).

    >>> limits_standard_on("2030-12-31"), limits_standard_on("2031-01-01")
    ('GB 3095-2026', 'GB 3095-2026 final')
    """
    return ruleset_on(day).limits
