"""Paths of any model with the slow error of a year that its own spread leaves out.

Library engines draw daily noise around a mean that they take to be right. Over a year the noise
averages out, and a 90 % interval of the annual mean holds the truth in 20 to 70 % of years. So
that models are compared by their means and not by their overconfidence, each path of each
challenger gets a slow error on the log scale,

    ln C' = ln C + g_i(h) · u_i(h),

with the same sizes g (item, lead h), correlation between items, links between periods of the
lead and t distribution that the seasonal model has (:mod:`forecast.models.slow_error`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.models.daily_record import daily_record
from forecast.models.paths import Model, Paths
from forecast.models.pooled import AirPooled, shipped_air
from forecast.models.slow_error import correlation_factor, slow_growth, slow_links, slow_units

__all__ = ["Dispersed", "redisperse"]

_CHUNK = 250


def redisperse(
    paths: Paths,
    origin: np.datetime64,
    pooled: AirPooled,
    years_by_item: Sequence[float] | NDArray[np.float64],
    rng: np.random.Generator,
    *,
    caps: NDArray[np.float64] | None = None,
) -> Paths:
    """Add the slow error of the seasonal model to paths that lack it.

    Args:
        paths: paths of one place's items, for days after ``origin``.
        origin: last day whose readings the model knew.
        pooled: figures of the slow error.
        years_by_item: years of readings of each item of ``paths``; short records have larger errors.
        rng: random generator.
        caps: highest value of each item that may come out, shape (item,); no limit by default.

    Returns:
        New paths of the same days and items. The median over paths stays where it was; a value
        of 0 stays 0.

    Raises:
        ValueError: a day is not after the origin, or lengths differ.
    """
    leads = (paths.times - origin.astype("datetime64[D]")).astype(np.int64)
    if len(leads) and leads.min() < 1:
        raise ValueError(f"days must lie after the origin, {origin}")
    if len(years_by_item) != len(paths.items):
        raise ValueError(f"{len(years_by_item)} lengths of record for {len(paths.items)} items")
    if not len(leads) or not paths.items:
        return paths
    points = [
        pooled.slow_points(item, float(years))
        for item, years in zip(paths.items, years_by_item, strict=True)
    ]
    anchors = sorted({lead for own in points for lead, _ in own}) or [1.0]
    links = slow_links(anchors, leads).astype(np.float32)
    growth = np.stack([slow_growth(own, leads) for own in points], axis=1).astype(np.float32)
    factor = correlation_factor(pooled, paths.items)
    n_paths = len(paths.values)
    units = slow_units(factor, n_paths, pooled.degrees, rng, n_anchors=len(anchors))
    values = np.empty_like(paths.values)
    for start in range(0, n_paths, _CHUNK):
        part = slice(start, min(start + _CHUNK, n_paths))
        error = np.einsum("dk,pki->pdi", links, units[part].astype(np.float32)) * growth
        np.multiply(paths.values[part], np.exp(error), out=values[part])
    if caps is not None:
        np.minimum(values, caps.astype(np.float32), out=values)
    return Paths(values, paths.times, paths.items, paths.places, paths.model)


class Dispersed:
    """A model whose paths get the slow error of the seasonal model.

    Args:
        model: the model that draws; it is fitted by :meth:`fit` unless it is already.
        pooled: figures of the slow error; those of the package by default.

    Attributes:
        name, items, last_day: those of ``model``.
    """

    def __init__(self, model: Model, *, pooled: AirPooled | None = None) -> None:
        self.model = model
        self.pooled = pooled if pooled is not None else shipped_air()
        self.name = model.name
        self.items = model.items
        self.last_day = model.last_day
        self._years = np.zeros(0)
        self._caps = np.zeros(0)

    def fit(self, history: pd.DataFrame) -> Self:
        """Fit the model to daily readings of one place."""
        self.model.fit(history)
        return self.adopt(history)

    def adopt(self, history: pd.DataFrame) -> Self:
        """Take over a model that was already fitted to ``history`` (together with others)."""
        self.items = self.model.items
        self.last_day = self.model.last_day
        record = daily_record(history)
        column = [record.items.index(item) for item in self.items]
        self._years, self._caps = record.years[column], record.caps[column]
        return self

    def sample(self, days: NDArray[np.datetime64], n_paths: int, rng: np.random.Generator) -> Paths:
        """Draw paths of the model, then the slow error of each; see :meth:`Model.sample`."""
        paths = self.model.sample(days, n_paths, rng)
        if self.last_day is None:
            return paths
        return redisperse(paths, self.last_day, self.pooled, self._years, rng, caps=self._caps)
