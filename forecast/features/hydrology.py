"""Water samples as monthly values: the step between a sample and a period."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = ["detection_limits", "monthly_means"]

#: Detection limits where a source marks a value as below detection without printing the limit
#: [mg/L]. From memory: usual limits of the national methods (GB 11892 for CODMn, HJ 535 for
#: NH3-N, GB 11893 for TP); a limit printed by the source wins.
_USUAL_LIMITS = {"codmn": 0.5, "nh3n": 0.025, "tp": 0.01, "tn": 0.05, "do": 0.2}


def detection_limits(items: pd.Series, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Limits of values marked as below detection: what the source printed, else the usual one.

    Args:
        items: item of each value.
        values: what the source printed [mg/L]; 0 or less is no limit.

    Returns:
        Shape (value,), NaN for an item whose usual limit is not known.
    """
    usual = items.map(_USUAL_LIMITS).to_numpy(dtype=np.float64)
    return np.where(values > 0.0, values, usual)


def monthly_means(samples: pd.DataFrame) -> pd.DataFrame:
    """Return monthly means of samples, months × (place, item).

    A month is the mean of its samples, so that extra samples of one season do not tilt a year
    (环办〔2011〕22号 practice; grade: from memory). pH is averaged through the hydrogen-ion
    concentration; a value below detection enters as half its limit (环办监测函〔2020〕82号, item 7).

    Args:
        samples: columns ``place``, ``time``, ``item``, ``value``, ``censored``.

    Returns:
        Index of month starts without gaps, columns (place, item), NaN where there is no sample.
    """
    if samples.empty:
        return pd.DataFrame(
            index=pd.DatetimeIndex([], name="month"),
            columns=pd.MultiIndex.from_arrays([[], []], names=["place", "item"]),
            dtype="float64",
        )
    value = samples["value"].to_numpy(dtype=np.float64).copy()
    below = samples["censored"].to_numpy(dtype=bool)
    value[below] = detection_limits(samples["item"], value)[below] / 2
    ph = (samples["item"] == "ph").to_numpy()
    value[ph] = 10.0 ** -value[ph]
    frame = pd.DataFrame(
        {
            "place": samples["place"].to_numpy(),
            "item": samples["item"].to_numpy(),
            "month": samples["time"].to_numpy().astype("datetime64[M]").astype("datetime64[s]"),
            "value": value,
        }
    )
    table = frame.pivot_table(index="month", columns=["place", "item"], values="value")
    months = pd.date_range(table.index.min(), table.index.max(), freq="MS", name="month")
    table = table.reindex(months).sort_index(axis=1)
    acid = table.columns.get_level_values("item") == "ph"
    table.loc[:, acid] = -np.log10(table.loc[:, acid])
    return table
