"""Made daily records of known shape, for the tests of models."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecast.standards.items import AIR_ITEMS

LEVELS = dict(zip(AIR_ITEMS, (12.0, 35.0, 80.0, 45.0, 0.9, 95.0), strict=True))


def made_record(
    seed: int,
    *,
    years: float = 4.0,
    items: tuple[str, ...] = ("pm25",),
    noise: float = 0.3,
    phi: float = 0.6,
    trend: float = 0.0,
    season: float = 0.4,
    common: float = 0.7,
    first: str = "2014-01-01",
) -> pd.DataFrame:
    """Season of one cosine, a trend in ln C a year, AR(1) noise that items share in part."""
    rng = np.random.default_rng(seed)
    days = np.datetime64(first, "D") + np.arange(round(years * 365.25))
    n = len(days)
    shocks = np.sqrt(common) * rng.standard_normal((n, 1))
    shocks = shocks + np.sqrt(1 - common) * rng.standard_normal((n, len(items)))
    residual = np.zeros((n, len(items)))
    residual[0] = shocks[0]
    for t in range(1, n):
        residual[t] = phi * residual[t - 1] + np.sqrt(1 - phi**2) * shocks[t]
    at = np.arange(n)[:, None] / 365.25
    logs = np.log([LEVELS[i] for i in items]) + season * np.cos(2 * np.pi * at) + trend * at
    return pd.DataFrame(
        np.exp(logs + noise * residual), index=pd.DatetimeIndex(days), columns=list(items)
    )


def ahead_of(record: pd.DataFrame, n_days: int) -> np.ndarray:
    """The days after a record."""
    last = record.index[-1].to_datetime64().astype("datetime64[D]")
    return last + np.arange(1, n_days + 1)
