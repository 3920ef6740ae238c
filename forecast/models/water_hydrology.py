"""Rain, level and flow as regressors of water: departures from their own season.

A quantity enters as the departure of its logarithm (of a level: of itself) from its usual season,
in standard deviations. Flow of the section has four effects: x, x² − 1, x·cos and x·sin of the
year. Rain, level and the flow of another place (proxies) have one each. A month ahead takes the
departures of a past month, the same that its residuals come from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.models.water_process import season_of

__all__ = ["PROXIES", "Hydrology", "effects_of", "hydrology_of"]

#: Quantities that stand for the hydrology of a region, in the order of their effects.
PROXIES = ("precip", "level", "flow")
#: Months with a value that a quantity needs.
_FEWEST = 12


@dataclass(frozen=True)
class Hydrology:
    """Departures of hydrology of every series.

    Attributes:
        flow: of the section's own flow, shape (month, series), NaN where not known.
        proxy: of the quantities :data:`PROXIES`, shape (month, series, quantity), or of none where
            nothing is known; the flow among them is one of the whole region.
        last_flow: last month of own flow of each series, NaT without.
    """

    flow: NDArray[np.float64]
    proxy: NDArray[np.float64]
    last_flow: NDArray[np.datetime64]

    @property
    def with_flow(self) -> NDArray[np.bool_]:
        """Whether a series has its own flow, shape (series,)."""
        return np.asarray(np.isfinite(self.flow).any(axis=0))

    def departures(self, kind: str) -> NDArray[np.float64]:
        """Departures (month, series, quantity) of ``flow``, ``proxy`` or nothing (``""``)."""
        if kind == "flow":
            return self.flow[:, :, None]
        if kind == "proxy":
            used = np.isfinite(self.proxy).any(axis=(0, 1))
            return self.proxy[:, :, used]
        return self.proxy[:, :, :0]


def effects_of(
    departures: NDArray[np.float64], season: NDArray[np.float64], kind: str
) -> NDArray[np.float64]:
    """Regressors (…, month, series, effect) of departures (…, month, series, quantity).

    Args:
        departures: of flow or of the proxies.
        season: :func:`season_of` the months, shape (month, 4).
        kind: ``flow`` or ``proxy``.
    """
    if kind != "flow":
        return departures
    x = departures[..., 0]
    cos, sin = season[:, 0, None], season[:, 1, None]
    # Squares are held: a flood without equal must not decide a curve.
    return np.stack([x, np.minimum(x**2, 9.0) - 1.0, x * cos, x * sin], axis=-1)


def hydrology_of(
    table: pd.DataFrame | None,
    months: NDArray[np.datetime64],
    places: Sequence[str],
) -> Hydrology:
    """Departures of the hydrology of each series.

    Args:
        table: index of first days of months, columns (place, quantity), quantities ``flow``
            [m³/s], ``precip`` [mm] and ``level`` [m]; the place ``""`` holds for every section
            that has none of its own. Values after the record are not used.
        months: months of the record without gaps.
        places: place of each series.
    """
    n = len(places)
    flow = np.full((len(months), n), np.nan)
    last = np.full(n, np.datetime64("NaT"), dtype="datetime64[M]")
    if table is None or table.empty:
        return Hydrology(flow, np.zeros((len(months), n, 0)), last)
    proxy = np.full((len(months), n, len(PROXIES)), np.nan)
    index = table.index.to_numpy().astype("datetime64[M]")
    season = season_of(months)
    made: dict[tuple[str, str], NDArray[np.float64]] = {}
    names = [(str(c[0]), str(c[1])) for c in table.columns]
    for at, (place, quantity) in enumerate(names):
        values = pd.Series(table.iloc[:, at].to_numpy(dtype=np.float64), index=index)
        values = values[~values.index.duplicated(keep="last")].reindex(months)
        made[place, quantity] = _departures(values.to_numpy(), season, quantity)
    for i, place in enumerate(places):
        own = made.get((place, "flow"))
        if own is not None and np.isfinite(own).any():
            flow[:, i] = own
            last[i] = months[np.flatnonzero(np.isfinite(own))[-1]]
        for k, quantity in enumerate(PROXIES):
            near = made.get((place, quantity)) if quantity != "flow" else None
            found = near if near is not None else made.get(("", quantity))
            if found is not None:
                proxy[:, i, k] = found
    return Hydrology(flow, proxy, last)


def _departures(
    values: NDArray[np.float64], season: NDArray[np.float64], quantity: str
) -> NDArray[np.float64]:
    """Departures of one quantity from its season, in standard deviations; NaN with too few."""
    if quantity == "precip":
        values = np.log1p(np.maximum(values, 0.0))
    elif quantity == "flow":
        # A dry river has no logarithm: a thousandth of the usual flow stands for it.
        positive = values[values > 0.0]
        least = 1e-3 * np.median(positive) if len(positive) else 1.0
        values = np.log(np.where(np.isnan(values), np.nan, np.maximum(values, least)))
    known = np.isfinite(values)
    out = np.full(len(values), np.nan)
    if known.sum() < _FEWEST:
        return out
    terms = np.concatenate([np.ones((len(season), 1)), season], axis=1)
    penalty = np.diag([0.0, 1.0, 1.0, 1.0, 1.0])
    own = terms[known]
    fitted = np.linalg.solve(own.T @ own + penalty, own.T @ values[known])
    rest = values[known] - own @ fitted
    sd = float(rest.std())
    if sd > 1e-9:
        out[known] = np.clip(rest / sd, -4.0, 4.0)
    return out
