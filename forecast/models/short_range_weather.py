"""What forecast weather says of the next seven days of air.

What the regression on past readings missed at each lead is regressed on the weather of that day
and of the days before (:func:`forecast.models.weather_effect.weather_days`), as it was. A forecast of the
weather is not the weather: of its effect the part ``SKILL`` of the lead is taken, and the
rest of the variance stays in the errors.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.models.short_range_design import LEADS
from forecast.models.weather_effect import MIN_WEATHER_DAYS, ridge_effect, weather_days

__all__ = ["SKILL", "AheadEffect", "no_effect", "weather_ahead_effect"]

#: Correlation of forecast and observed daily weather near the ground by lead. Judgement: days 1 to 3 near
#: those published for temperature and wind of global models, then falling as the 500 hPa height.
SKILL: tuple[float, ...] = (0.92, 0.90, 0.86, 0.81, 0.74, 0.66, 0.57)


@dataclass(frozen=True)
class AheadEffect:
    """Effect of the weather.

    Attributes:
        taken: of the weather that came after each origin, (day, lead, item), 0 where not known.
        ahead: of the forecast weather, (lead, item).
        known: whether forecast weather is there, for each lead.
        skill: correlation of forecast and weather by lead.
    """

    taken: NDArray[np.float64]
    ahead: NDArray[np.float64]
    known: tuple[bool, ...]
    skill: tuple[float, ...] = SKILL

    def unknown(self, at: NDArray[np.int64]) -> NDArray[np.float64]:
        """Effect of the weather of the origins ``at`` that a forecast doesn't see, (origin, ·)."""
        part = np.array(
            [np.sqrt(1.0 - s**2) if k else 1.0 for s, k in zip(self.skill, self.known, strict=True)]
        )
        effect: NDArray[np.float64] = (self.taken[at] * part[:, None]).reshape(len(at), -1)
        return effect


def no_effect(n_days: int, n_items: int) -> AheadEffect:
    """No weather."""
    return AheadEffect(
        np.zeros((n_days, LEADS, n_items)), np.zeros((LEADS, n_items)), (False,) * LEADS
    )


def weather_ahead_effect(
    days: NDArray[np.datetime64],
    terms: NDArray[np.float64],
    errors: NDArray[np.float64],
    weather: pd.DataFrame,
    weights: NDArray[np.float64],
    *,
    skill: tuple[float, ...] = SKILL,
) -> AheadEffect:
    """Regress errors on weather.

    Args:
        days: of the record.
        terms: regressors of the regression without weather, (item, day, term).
        errors: (day, lead, item) of that regression, NaN where missing.
        weather: index days (past and forecast), columns weather items.
        weights: (day,).
        skill: correlation of forecast and weather by lead.
    """
    n_days, _, n_items = errors.shape
    out = no_effect(n_days, n_items)
    span = np.arange(days[0], days[-1] + LEADS + 1)
    found = weather_days(weather, span)
    if not found.values.shape[1]:
        return out
    known = tuple(bool(k) for k in found.known[n_days:])
    if not any(known):
        return out
    taken, ahead, fitted = out.taken, out.ahead, [False] * LEADS
    for lead in range(1, LEADS + 1):
        x = found.values[lead : lead + n_days]
        has = found.known[lead : lead + n_days]
        for i in range(n_items):
            used = has & np.isfinite(errors[:, lead - 1, i])
            if used.sum() < MIN_WEATHER_DAYS:
                continue
            root = np.sqrt(weights[used])[:, None]
            own = terms[i]
            # What the present state says of the weather to come is in the expectation already.
            told = np.linalg.lstsq(root * own[used], root * x[used], rcond=1e-8)[0]
            new = x - own @ told
            nothing = np.ones((int(used.sum()), 1))
            beta = ridge_effect(
                root * new[used], root[:, 0] * errors[used, lead - 1, i], root * nothing
            )
            effect = np.where(has, new @ beta, 0.0)
            far = 4.0 * float(effect[used].std())
            taken[:, lead - 1, i] = np.clip(effect, -far, far)
            fitted[lead - 1] = True
            if known[lead - 1]:
                ahead[lead - 1, i] = skill[lead - 1] * np.clip(effect[-1], -far, far)
    # A forecast whose weight could not be learned was not used.
    used_at = tuple(k and f for k, f in zip(known, fitted, strict=True))
    return AheadEffect(taken, ahead, used_at, skill)
