"""A made river: flow with season and memory, concentrations with season, flow and trend."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecast.trend.wrtds.records import Samples, read_records


def made_record(
    *, years: int = 12, per_year: int = 12, trend: float = 0.03, noise: float = 0.2, seed: int = 7
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Samples and daily flow from 1 October 2000; ln C rises by ``trend`` a year."""
    rng = np.random.default_rng(seed)
    days = pd.date_range("2000-10-01", periods=round(365.25 * years), freq="D")
    season = 2.0 * np.pi * days.day_of_year.to_numpy() / 365.25
    shocks = rng.normal(0.0, 0.3, len(days))
    memory = np.empty(len(days))
    value = 0.0
    for at, shock in enumerate(shocks):
        value = 0.9 * value + shock
        memory[at] = value
    log_q = 1.5 + 0.6 * np.cos(season - 0.6) + memory
    taken = np.sort(rng.choice(len(days), size=years * per_year, replace=False))
    age = taken / 365.25
    y = (0.2 + 0.25 * (log_q[taken] - 1.5) + 0.3 * np.cos(season[taken]) + trend * age
         + rng.normal(0.0, noise, len(taken)))  # fmt: skip
    conc = np.exp(y)
    samples = pd.DataFrame({"date": days[taken], "conc_low": conc, "conc_high": conc})
    return samples, pd.DataFrame({"date": days, "q": np.exp(log_q)})


def made_arrays(*, n: int = 216, censored: float = 0.0, between: bool = False) -> Samples:
    """The samples as arrays, a share of them below two limits; every third of those between."""
    samples, flow = made_record(years=12, per_year=-(-n // 12))
    found, _, _ = read_records(samples.iloc[:n], flow)
    if not censored:
        return found
    limit = np.quantile(found.high, censored) + np.where(np.arange(n) % 2, 0.1, -0.1)
    below = found.high < limit
    low = np.where(below, -np.inf, found.low)
    if between:
        low = np.where(below & (np.arange(n) % 3 == 0), limit - 1.2, low)
    return Samples(found.day, found.t, found.log_q, low, np.where(below, limit, found.high))
