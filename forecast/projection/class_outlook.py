"""The class of each month ahead, from several models averaged by what past forecasts scored.

Weights come from the ranked probability score of past forecasts
(:mod:`forecast.projection.water_stacking`): the paths of the items, the ordinal model of classes and
three plain rules. The class of the year comes from the paths alone, which scored as well there.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
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

__all__ = ["MonthOutlook", "StatedMonths", "stated_months"]


@dataclass(frozen=True)
class MonthOutlook:
    """P(class = 1 to 6) of one month ahead, shape (6,); ``month`` is its first day."""

    month: np.datetime64
    p_class: NDArray[np.float64]


@dataclass(frozen=True)
class StatedMonths:
    """What models of classes say of the months of a year after the record, of some sections.

    Attributes:
        places: sections.
        months: after the record.
        leads: months from the last one with a class to each.
        stated: model → P(class = k), (place, month, class).
        water_types: section → river or lake; river where it is not named.
    """

    places: tuple[str, ...]
    months: NDArray[np.datetime64]
    leads: tuple[int, ...]
    stated: Mapping[str, NDArray[np.float64]]
    water_types: Mapping[str, str]

    def of(self, places: Collection[str]) -> StatedMonths:
        """The sections among ``places``."""
        wanted = set(places)
        at = [k for k, name in enumerate(self.places) if name in wanted]
        own = tuple(self.places[k] for k in at)
        return StatedMonths(
            own, self.months, self.leads, {n: p[at] for n, p in self.stated.items()},
            {p: self.water_types[p] for p in own if p in self.water_types},
        )  # fmt: skip

    def outlooks(self, drawn: Paths | None = None) -> dict[str, tuple[MonthOutlook, ...]]:
        """Classes of the months of every section, averaged over the models.

        Args:
            drawn: paths of the items of the same sections; None where only classes are known.
        """
        stated = dict(self.stated)
        if drawn is not None:
            stated["items"] = _of_paths(self.places, self.months, drawn, self.water_types)
        found: dict[str, list[MonthOutlook]] = {place: [] for place in self.places}
        for m, (month, lead) in enumerate(zip(self.months, self.leads, strict=True)):
            pooled = pool_classes({name: p[:, m] for name, p in stated.items()}, lead=lead)
            for p, place in enumerate(self.places):
                if np.isfinite(pooled[p]).all():
                    found[place].append(MonthOutlook(month.astype("datetime64[D]"), pooled[p]))
        return {place: tuple(own) for place, own in found.items() if own}


def stated_months(
    history: ClassHistory,
    year: int,
    *,
    water_types: Mapping[str, str] | None = None,
    fits: KeptFits | None = None,
    ordinal: WaterOrdinal | None = None,
) -> StatedMonths | None:
    """What the models of classes say of the months of ``year`` after the record; None without any.

    Args:
        history: monthly classes known at the origin.
        water_types: section → river or lake; river where it is not named.
        fits: where fitted models are kept; None keeps none.
        ordinal: the ordinal model where it has been fitted to ``history``.
    """
    last = history.last_month
    if last is None:
        return None
    first = max(last + 1, np.datetime64(f"{year}-01", "M"))
    months = np.arange(first, np.datetime64(f"{year + 1}-01", "M"))
    if not len(months):
        return None
    stated = {model.name: model().fit(history).probabilities(months) for model in REFERENCES}
    ordinal = WaterOrdinal(fits=fits).fit(history) if ordinal is None else ordinal
    stated[ordinal.name] = ordinal.probabilities(months)
    leads = tuple((months.astype(np.int64) - int(last.astype(np.int64))).tolist())
    return StatedMonths(history.places, months, leads, stated, water_types or {})


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
    held = [(m, at[n]) for m, n in enumerate(months.astype(np.int64).tolist()) if n in at]
    for p, place in enumerate(places):
        own = columns.get(place, {})
        if not own or not held:
            continue
        values = drawn.values[:, [k for _, k in held]][:, :, list(own.values())]
        kind = water_types.get(place, "river")
        classes = period_classes(values.astype(np.float64)[:, :, None], tuple(own), kind)
        for (m, _), found in zip(held, classes.T, strict=True):
            count = np.bincount(found, minlength=N_CLASSES + 1)[1:]
            if count.sum():
                out[p, m] = count / count.sum()
    return out
