"""Each sample estimated without itself."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecast.trend.wrtds.records import Flow, Samples
from forecast.trend.wrtds.regression import estimate
from forecast.trend.wrtds.settings import Settings
from forecast.trend.wrtds.sides import split_at
from forecast.trend.wrtds.windows import slice_weights

__all__ = ["leave_one_out"]


def leave_one_out(samples: Samples, flow: Flow, settings: Settings) -> pd.DataFrame:
    """Estimates at the time and flow of each sample from all others of its side of the wall.

    The edges are here the first and last day of flow, as EGRET has them for this purpose alone.
    """
    record = (float(flow.t[0]), float(flow.t[-1]))
    found = []
    for part in split_at(samples, settings.wall):
        keep = np.ones(len(part), dtype=bool)
        for at in range(len(part)):
            keep[at] = False
            others, place = part.take(keep), part.log_q[at : at + 1]
            t = float(part.t[at])
            weights = slice_weights(others, t, place, settings, record)
            y_hat, se = estimate(others, t, place, weights)
            found.append((y_hat[0], se[0], np.exp(y_hat[0] + 0.5 * se[0] ** 2)))
            keep[at] = True
    table = pd.DataFrame(found, columns=["y_hat", "se", "conc"])
    table.insert(0, "date", samples.day.astype("datetime64[s]"))
    return table
