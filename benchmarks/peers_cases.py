"""Forecasts of PM2.5 to the end of the year on real cities: the questions, and how answers score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.projection.hindcast_scores import crps_ensemble, crps_point

__all__ = ["LEADS", "Case", "cases_of", "persistence", "save_cases", "scores"]

Floats = NDArray[np.float64]

#: Days ahead that daily values are scored over, and what the table calls them.
LEADS = {"1 to 7": (1, 7), "8 to 30": (8, 30), "31 to 90": (31, 90), "over 90": (91, 366)}
#: Least readings of a history [day], and least share of the days of a part of the year.
_HISTORY, _SHARE = 700, 0.8


@dataclass(frozen=True)
class Case:
    """One forecast.

    Attributes:
        city: name.
        origin: last day that may be used.
        history: daily means from the first reading to the origin, NaN where missing [µg/m³].
        truth: those of the days after it to 31 December.
        before: those of the year up to the origin.
        last_year: mean of the calendar year before.
    """

    city: str
    origin: date
    history: Floats
    truth: Floats
    before: Floats
    last_year: float


def cases_of(cities: Mapping[str, pd.DataFrame], origins: Sequence[date]) -> list[Case]:
    """Return the forecasts that have readings enough, by city and origin."""
    found = []
    for city, frame in cities.items():
        series = frame["pm25"].asfreq("D")
        for origin in origins:
            history = series.loc[: str(origin)]
            history = history.loc[history.first_valid_index() :]
            year = pd.date_range(f"{origin.year}-01-01", f"{origin.year}-12-31")
            values = series.reindex(year)
            truth = values.loc[values.index > pd.Timestamp(origin)].to_numpy(dtype=float)
            before = values.loc[: str(origin)].to_numpy(dtype=float)
            previous = series.reindex(year - pd.DateOffset(years=1))
            enough = all(np.isfinite(v).mean() >= _SHARE for v in (truth, before, previous))
            if enough and history.count() >= _HISTORY:
                found.append(
                    Case(city, origin, history.to_numpy(dtype=float), truth, before,
                         float(previous.mean()))
                )  # fmt: skip
    return found


def save_cases(cases: Sequence[Case], path: Path) -> None:
    """Write what a model may know: history, origin and number of days to draw."""
    arrays: dict[str, NDArray[np.generic]] = {
        "origins": np.array([case.origin for case in cases], dtype="datetime64[D]"),
        "days": np.array([len(case.truth) for case in cases]),
    }
    arrays |= {f"history{n}": case.history for n, case in enumerate(cases)}
    np.savez(path, **arrays)


def scores(case: Case, paths: NDArray[np.float32]) -> dict[str, float]:
    """CRPS of the annual mean and of the daily values of one case.

    The annual mean is that of the days with readings: those before the origin as observed, those
    after it drawn, so that what was missing plays no part.

    Args:
        case: the case.
        paths: drawn days, shape (path, day) [µg/m³].
    """
    known = np.isfinite(case.truth)
    seen = case.before[np.isfinite(case.before)]
    n = len(seen) + int(known.sum())
    means = (seen.sum() + paths[:, known].sum(axis=1, dtype=np.float64)) / n
    truth = (seen.sum() + case.truth[known].sum()) / n
    found = {"year": float(crps_ensemble(means, truth))}
    daily = np.full(len(case.truth), np.nan)
    daily[known] = crps_ensemble(paths[:, known].T, case.truth[known])
    return found | _by_lead(daily)


def persistence(case: Case) -> dict[str, float]:
    """Errors of last year's mean for the year, and of the last reading for the days."""
    known = np.concatenate([case.before, case.truth])
    year = float(crps_point(case.last_year, np.nanmean(known)))
    last = case.history[np.isfinite(case.history)][-1]
    return {"year": year} | _by_lead(np.asarray(crps_point(last, case.truth)))


def _by_lead(daily: Floats) -> dict[str, float]:
    found = {}
    for name, (first, last) in LEADS.items():
        part = daily[first - 1 : last]
        found[name] = float(np.nanmean(part)) if np.isfinite(part).any() else float("nan")
    return found
