"""The class of each month ahead, from several models averaged by what past forecasts scored.

Weights come from the ranked probability score of past forecasts
(:mod:`forecast.projection.water_stacking`): the paths of the items, the ordinal model of classes and
three plain rules. The class of the year comes from the paths alone, which scored as well there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.models.class_history import N_CLASSES, ClassHistory, period_classes
from forecast.models.class_references import REFERENCES
from forecast.models.kept_fits import KeptFits
from forecast.models.paths import Paths
from forecast.models.water_ordinal import WaterOrdinal
from forecast.projection.water_record import drawn_columns
from forecast.projection.water_stacking import pool_classes

__all__ = ["MonthOutlook", "month_outlooks"]


@dataclass(frozen=True)
class MonthOutlook:
    """P(class = 1 to 6) of one month ahead, shape (6,); ``month`` is its first day."""

    month: np.datetime64
    p_class: NDArray[np.float64]


def month_outlooks(
    history: ClassHistory,
    year: int,
    *,
    drawn: Paths | None = None,
    water_types: Mapping[str, str] | None = None,
    fits: KeptFits | None = None,
) -> dict[str, tuple[MonthOutlook, ...]]:
    """Classes of the months of ``year`` after the record, of every section of ``history``.

    Args:
        history: monthly classes known at the origin.
        drawn: paths of the items of the same sections; None where only classes are known.
        water_types: section → river or lake; river where it is not named.
        fits: where fitted models are kept; None keeps none.
    """
    last = history.last_month
    if last is None:
        return {}
    first = max(last + 1, np.datetime64(f"{year}-01", "M"))
    months = np.arange(first, np.datetime64(f"{year + 1}-01", "M"))
    if not len(months):
        return {}
    stated = {model.name: model().fit(history).probabilities(months) for model in REFERENCES}
    ordinal = WaterOrdinal(fits=fits).fit(history)
    stated[ordinal.name] = ordinal.probabilities(months)
    if drawn is not None:
        stated["items"] = _of_paths(history.places, months, drawn, water_types or {})
    found: dict[str, list[MonthOutlook]] = {place: [] for place in history.places}
    leads = months.astype(np.int64) - int(last.astype(np.int64))
    for m, (month, lead) in enumerate(zip(months, leads.tolist(), strict=True)):
        pooled = pool_classes({name: p[:, m] for name, p in stated.items()}, lead=lead)
        for p, place in enumerate(history.places):
            if np.isfinite(pooled[p]).all():
                found[place].append(MonthOutlook(month.astype("datetime64[D]"), pooled[p]))
    return {place: tuple(own) for place, own in found.items() if own}


def _of_paths(
    places: tuple[str, ...],
    months: NDArray[np.datetime64],
    drawn: Paths,
    water_types: Mapping[str, str],
) -> NDArray[np.float64]:
    """Shares of the paths by class, (place, month, class); NaN where nothing is drawn."""
    out = np.full((len(places), len(months), N_CLASSES), np.nan)
    columns = drawn_columns(drawn)
    at = {int(t.astype("datetime64[M]").astype(np.int64)): k for k, t in enumerate(drawn.times)}
    for p, place in enumerate(places):
        own = columns.get(place, {})
        items, kind = tuple(own), water_types.get(place, "river")
        for m, month in enumerate(months):
            k = at.get(int(month.astype(np.int64)))
            if k is None or not items:
                continue
            values = drawn.values[:, k, [own[i] for i in items]].astype(np.float64)
            found = period_classes(values[:, None], items, kind)
            count = np.bincount(found, minlength=N_CLASSES + 1)[1:]
            if count.sum():
                out[p, m] = count / count.sum()
    return out
