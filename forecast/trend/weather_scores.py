"""How well a weather model does on days it has not seen, its bias shown beside its scores.

Held out are the last days of the record, since that is what a forecast meets. A random fifth of
the days, between neighbours that the model has seen, hides what a trend does to it: a forest of
London's NO2 scores R² 0.76 so, and yet misses annual means of the next year by more than "same as
last year" does. It is there on request, and says what it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import InputError, UsageError
from forecast.trend.weather_model import WeatherSettings, fit_weather_model
from forecast.trend.weather_rows import WeatherRows

__all__ = ["SCORES", "HeldOut", "Validation", "hold_out", "model_scores", "next_year_means"]

Validation = Literal["time", "random", "none"]
#: Columns of a row of scores.
SCORES = ("n", "r2", "rmse", "mae", "bias", "nmb")
#: Days that are held out at the end of a record of three years or more; of a shorter one a fifth.
_YEAR, _THREE_YEARS, _FIFTH = 365, 1000, 0.2


@dataclass(frozen=True)
class HeldOut:
    """What was held out and how it was met.

    Attributes:
        kind: ``time`` (the last days) or ``random`` (a fifth of all days).
        first, last: first and last day held out.
        scores: of the days held out, see :func:`model_scores`.
        observed, predicted: their means [unit].
        persistence: mean of the same record a year before [unit], on the days of it that have a
            value; NaN where there are too few or the split is random.
        predictions: by day held out [unit].
    """

    kind: Validation
    first: pd.Timestamp
    last: pd.Timestamp
    scores: dict[str, float]
    observed: float
    predicted: float
    persistence: float
    predictions: pd.Series = field(repr=False, compare=False)


def model_scores(observed: NDArray[np.float64], predicted: NDArray[np.float64]) -> dict[str, float]:
    """Scores of predictions.

    Returns:
        ``n``; ``r2`` = 1 − Σ(o − p)² / Σ(o − ō)², which is below 0 when the mean would have done
        better and NaN for a constant; ``rmse``, ``mae`` [unit]; ``bias``: mean of **observed minus
        predicted** [unit], below 0 for over-prediction; ``nmb``: normalised mean bias
        100 Σ(p − o) / Σ o [%], with the sign that air quality models are judged by.

    >>> found = model_scores(np.array([10.0, 20.0, 30.0]), np.array([12.0, 21.0, 33.0]))
    >>> {name: round(value, 3) for name, value in found.items()}
    {'n': 3.0, 'r2': 0.93, 'rmse': 2.16, 'mae': 2.0, 'bias': -2.0, 'nmb': 10.0}
    """
    if not len(observed):
        return {"n": 0.0, **{name: float("nan") for name in SCORES[1:]}}
    missed = observed - predicted
    spread = float(((observed - observed.mean()) ** 2).sum())
    total = float(observed.sum())
    # A constant has a spread of rounding errors at most.
    told = spread > 1e-18 * max(1.0, float(observed @ observed))
    return {
        "n": float(len(observed)),
        "r2": 1.0 - float(missed @ missed) / spread if told else float("nan"),
        "rmse": float(np.sqrt(np.mean(missed**2))),
        "mae": float(np.abs(missed).mean()),
        "bias": float(missed.mean()),
        "nmb": -100.0 * float(missed.sum()) / total if total else float("nan"),
    }


def hold_out(
    rows: WeatherRows, settings: WeatherSettings, kind: Validation, rng: np.random.Generator
) -> HeldOut | None:
    """Fit to a part of the days and judge by the others; None for the kind ``none``.

    Raises:
        UsageError: another kind.
    """
    if kind not in ("time", "random", "none"):
        raise UsageError(
            f"There is no validation {kind!r} of a weather model.", "Choose time, random or none."
        )
    if kind == "none":
        return None
    n = len(rows.days)
    last = _YEAR if n >= _THREE_YEARS else round(_FIFTH * n)
    out = np.zeros(n, dtype=np.bool_)
    if kind == "time":
        out[n - last :] = True
    else:
        out[rng.choice(n, size=round(_FIFTH * n), replace=False)] = True
    model = fit_weather_model(rows.part(~out), settings, rng)
    held = rows.part(out)
    predicted = model.predict(held.days, held.x)
    return HeldOut(
        kind=kind, first=held.days[0], last=held.days[-1],
        scores=model_scores(held.y, predicted), observed=float(held.y.mean()),
        predicted=float(predicted.mean()),
        persistence=_year_before(rows, held.days) if kind == "time" else float("nan"),
        predictions=pd.Series(predicted, index=held.days, name="predicted"),
    )  # fmt: skip


def next_year_means(
    rows: WeatherRows, years: Sequence[int], settings: WeatherSettings, rng: np.random.Generator
) -> pd.DataFrame:
    """Annual means predicted from the years before alone, the weather of the year given.

    Args:
        rows: complete days.
        years: years to predict, one after the other.
        settings: how.
        rng: seeds the models.

    Returns:
        By year: ``observed`` and ``predicted`` mean of its days, ``persistence`` (mean of the year
        before) [unit], ``r2`` of its days.

    Raises:
        InputError: a year without days, or without a year of days before it.
    """
    of = rows.days.year.to_numpy()
    found = {}
    for year in years:
        own, before = of == year, of < year
        if not own.any() or not (of == year - 1).any() or np.count_nonzero(before) < _YEAR:
            raise InputError(
                f"{year} cannot be predicted: it needs days of its own and a year of them before.",
                "Leave the year out.",
            )
        model = fit_weather_model(rows.part(before), settings, rng)
        held = rows.part(own)
        predicted = model.predict(held.days, held.x)
        found[year] = {
            "observed": float(held.y.mean()), "predicted": float(predicted.mean()),
            "persistence": float(rows.y[of == year - 1].mean()),
            "r2": model_scores(held.y, predicted)["r2"],
        }  # fmt: skip
    return pd.DataFrame.from_dict(found, orient="index").rename_axis("year")


def _year_before(rows: WeatherRows, days: pd.DatetimeIndex) -> float:
    """Mean of the observed days a year before ``days``; NaN with less than half of them."""
    record = pd.Series(rows.observed, index=rows.calendar)
    same = record.reindex(days - pd.DateOffset(years=1)).dropna()
    return float(same.mean()) if len(same) >= len(days) / 2 else float("nan")
