"""What a section's past classes say of a later month: the terms of the ordinal model.

All terms of an origin are made from the months up to it, also where the origin lies inside the
record the model is fitted to: a mean that held the class it explains would look far better in the
record than in the future.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.features.calendar import harmonics

__all__ = ["FEATURES", "OrdinalState", "ordinal_features", "ordinal_states"]

#: Names of the terms, in order.
FEATURES: tuple[str, ...] = (
    "section", "section_season", "last", "quarter", "year", "region",
    "cos1", "sin1", "cos2", "sin2",
)  # fmt: skip

#: Cases that the mean over all sections counts for in the mean of one section.
_SECTION_CASES = 1.0
#: Cases that "no season of its own" counts for in a section's departure of a calendar month.
_SEASON_CASES = 3.0
#: Weight of months zero to three away in that departure.
_NEAR = (1.0, 0.8, 0.5, 0.2)
#: Half-life of the weights of past months [months].
_HALF_LIFE = 36.0
#: Months after which what the last class, the last quarter, the last year say is halved.
_FADE = (2.0, 6.0, 24.0)
#: A last class older than this says nothing [months].
_OLDEST = 6


@dataclass(frozen=True)
class OrdinalState:
    """What is known of every section at one origin.

    Attributes:
        level: shrunk mean class, (place,).
        season: departure of each calendar month from it, (calendar month, place).
        recent: departures of the last class, the last three and twelve months, (3, place), 0 where
            there is none.
        age: months since the last class, (place,).
        region: mean departure of the last month over sections.
    """

    level: NDArray[np.float64]
    season: NDArray[np.float64]
    recent: NDArray[np.float64]
    age: NDArray[np.float64]
    region: float


def ordinal_states(
    months: NDArray[np.datetime64], classes: NDArray[np.int8], origins: NDArray[np.int64]
) -> list[OrdinalState]:
    """State at the end of each of the months ``origins`` (indices into ``months``)."""
    return [_state(months[: t + 1], classes[: t + 1]) for t in origins]


def _state(months: NDArray[np.datetime64], classes: NDArray[np.int8]) -> OrdinalState:
    t, n_places = classes.shape
    known = classes > 0
    value = np.where(known, classes, 0).astype(np.float64)
    age = np.arange(t - 1, -1, -1.0)
    weight = known * 0.5 ** (age / _HALF_LIFE)[:, None]
    total = weight.sum(axis=0)
    mean = float((weight * value).sum() / total.sum()) if total.sum() > 0.0 else 3.0
    level = ((weight * value).sum(axis=0) + _SECTION_CASES * mean) / (total + _SECTION_CASES)
    apart = np.where(known, value - level, 0.0)
    of_year = months.astype(np.int64) % 12
    gap = np.abs(np.subtract.outer(np.arange(12), of_year))
    gap = np.minimum(gap, 12 - gap)
    near = np.where(gap < len(_NEAR), np.array([*_NEAR, 0.0])[np.minimum(gap, len(_NEAR))], 0.0)
    season = (near @ (weight * apart)) / (near @ weight + _SEASON_CASES)
    left = np.where(known, apart - season[of_year], 0.0)
    recent = np.zeros((3, n_places))
    last_age = np.full(n_places, float(_OLDEST))
    for back in range(min(_OLDEST, t) - 1, -1, -1):
        seen = known[t - 1 - back]
        recent[0, seen] = left[t - 1 - back, seen]
        last_age[seen] = back
    for row, length in ((1, 3), (2, 12)):
        count = known[-length:].sum(axis=0)
        # A window with few classes is drawn to none by one case.
        recent[row] = left[-length:].sum(axis=0) / (count + 1.0)
    some = known[-1].sum()
    return OrdinalState(level, season, recent, last_age, float(left[-1].sum() / (some + 3.0)))


def ordinal_features(
    state: OrdinalState, origin: np.datetime64, months: NDArray[np.datetime64]
) -> NDArray[np.float64]:
    """Terms of ``months`` after ``origin``, (place, month, term)."""
    wanted = months.astype("datetime64[M]")
    lead = (wanted - origin).astype(np.float64)
    of_year = wanted.astype(np.int64) % 12
    n_places = len(state.level)
    out = np.zeros((n_places, len(wanted), len(FEATURES)))
    out[:, :, 0] = state.level[:, None]
    out[:, :, 1] = state.season[of_year].T
    old = lead[None, :] + state.age[:, None]
    out[:, :, 2] = state.recent[0][:, None] * 0.5 ** (old / _FADE[0])
    for row, column in ((1, 3), (2, 4)):
        out[:, :, column] = state.recent[row][:, None] * 0.5 ** (lead / _FADE[row])
    out[:, :, 5] = state.region * 0.5 ** (lead / _FADE[1])
    out[:, :, 6:] = harmonics(wanted.astype("datetime64[D]") + 14, 2)
    return out
