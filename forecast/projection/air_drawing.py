"""The days ahead of one city: which items can be drawn at all, and the year that results."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.models.air_seasonal import AirSeasonal
from forecast.models.circumstances import Circumstances
from forecast.models.kept_fits import KeptFits
from forecast.models.paths import Model
from forecast.projection.days import calendar_days
from forecast.projection.drawing import drawing_model
from forecast.projection.settings import Settings
from forecast.projection.sharing import Sharing
from forecast.projection.streams import stream
from forecast.standards.items import AIR_ITEMS, ITEMS

__all__ = ["LATE_DAYS", "Drawn", "drawn_year", "in_words", "undrawable", "without"]

#: A source that is silent for longer than this is not late but gone: nothing is drawn over it.
#: 365 - 324 = 41 missing days are what an annual mean can bear (GB 3095, table 4).
LATE_DAYS = 41
#: Days with a reading from which on the model was tried on past years; a shorter record answers
#: only for as many days ahead as it has itself.
_TRIED_DAYS = 330
#: So many readings all alike at the end of a record are those of an instrument that stands still.
_ALIKE_DAYS = 60
#: Carbon monoxide in whole mg/m³ says 1 for most of a year (282 days at most in the records known).
_ALIKE_COARSE = 365

#: Chinese and English; in a reason ``{}`` stands for the names of the items.
Words = tuple[str, str]


@dataclass(frozen=True)
class Drawn:
    """A year of which the part after the last reading is drawn.

    Attributes:
        model: the fitted model, None where nothing was fitted.
        joined: observed and drawn days, float32 (path, day, item), None where nothing was drawn;
            the days of a path and item lie side by side, as assessments read them.
        first: position of the first drawn day; the number of days where none is.
        reasons: item → why it isn't drawn, for :func:`in_words`.
    """

    model: Model | None = None
    joined: NDArray[np.float32] | None = None
    first: int = 0
    reasons: dict[str, Words] = field(default_factory=dict)

    @property
    def fitted(self) -> tuple[str, ...]:
        """The items that are drawn."""
        return () if self.model is None else tuple(self.model.items)


def undrawable(history: pd.DataFrame, settings: Settings, ahead: int) -> dict[str, Words]:
    """Items with readings of which a forecast would be a guess, and why, for :func:`in_words`.

    An item that fell silent, whose last ``_ALIKE_DAYS`` readings or more are all alike, or whose
    record is shorter than both ``_TRIED_DAYS`` days and the days ahead.

    Args:
        history: days × items up to the as-of date.
        settings: the question.
        ahead: days from the as-of date to the end of what is drawn.
    """
    reasons: dict[str, Words] = {}
    origin = pd.Timestamp(settings.as_of)
    values = history[list(AIR_ITEMS)].to_numpy(np.float64)
    for column, item in enumerate(AIR_ITEMS):
        there = np.flatnonzero(~np.isnan(values[:, column]))
        if not len(there):
            continue
        seen, last = values[there, column], history.index[there[-1]]
        coarse = bool((seen % 1 == 0).all())
        silent = (origin - last).days
        others = np.flatnonzero(seen != seen[-1])
        alike = len(seen) - (int(others[-1]) + 1 if len(others) else 0)
        if silent > LATE_DAYS:
            reasons[item] = (
                f"{{}}最后一次监测值为{last.date()},距起报日{silent}天,超过{LATE_DAYS}天不再外推",
                f"the last reading of {{}} is of {last.date()}, {silent} days before the as-of "
                f"date; nothing is drawn over more than {LATE_DAYS} days",
            )
        elif alike >= (_ALIKE_COARSE if item == "co" and coarse else _ALIKE_DAYS):
            value, since = f"{seen[-1]:g}", history.index[there[-alike]].date()
            reasons[item] = (
                f"{{}}最近{alike}个日监测值(自{since}起)全部为{value},疑为仪器或录入故障,不能外推",
                f"the last {alike} days with a reading of {{}} (from {since} on) all say {value}: an "
                "instrument or an entry that stands still, so nothing is drawn from them",
            )
        elif len(seen) < min(_TRIED_DAYS, ahead):
            reasons[item] = (
                f"{{}}只有{len(seen)}天监测值,不足以外推{ahead}天(至少需{min(_TRIED_DAYS, ahead)}天)",
                f"there are {len(seen)} days with a reading of {{}}, too few to draw {ahead} days from "
                f"(at least {min(_TRIED_DAYS, ahead)} are needed)",
            )
    return reasons


def in_words(reasons: Mapping[str, Words], items: Iterable[str] = AIR_ITEMS) -> Words | None:
    """Say why those of ``items`` that have a reason are not drawn; None where none has.

    >>> in_words({"so2": ("{}无数据", "no {}"), "co": ("{}无数据", "no {}")})[1]
    'no SO2, CO'
    """
    grouped: dict[Words, list[str]] = {}
    for item in items:
        if item in reasons:
            grouped.setdefault(reasons[item], []).append(item)
    if not grouped:
        return None
    return (
        ";".join(zh.format("、".join(ITEMS[i].zh for i in g)) for (zh, _), g in grouped.items()),
        "; ".join(en.format(", ".join(ITEMS[i].en for i in g)) for (_, en), g in grouped.items()),
    )


def without(
    history: pd.DataFrame, items: Collection[str]
) -> tuple[pd.DataFrame, pd.Timestamp | None]:
    """Days × items with those ``items`` blanked, and the last day on which another has a reading."""
    if items:
        history = history.copy()
        history[list(items)] = np.nan
    known = np.flatnonzero(history.notna().to_numpy().any(axis=1))
    return history, history.index[known[-1]] if len(known) else None


def drawn_year(
    history: pd.DataFrame,
    observed: NDArray[np.float64],
    days: NDArray[np.datetime64],
    settings: Settings,
    region: str,
    place: str,
    sharing: Sharing | None,
    circumstances: Circumstances | None,
    weather: pd.DataFrame | None = None,
    fits: KeptFits | None = None,
) -> Drawn:
    """Return the year with what is not observed drawn.

    Of a year that is over nothing is drawn; the model is fitted all the same, for later years.

    Args:
        history: days × items up to the as-of date, with at least one reading.
        observed: (day, item) of the year.
        days: the days of the year.
        settings: the question.
        region, place: their random stream is used.
        sharing, circumstances, weather: as for the model.
        fits: where fits of the default model are kept; None keeps none.
    """
    ahead = max(0, (settings.last_day - settings.as_of).days)
    reasons = undrawable(history, settings, ahead)
    usable, last = without(history, reasons)
    if last is None:
        return Drawn(first=len(days), reasons=reasons)
    if sharing is not None and np.datetime64(last.date(), "D") + 1 < sharing.start:
        # What is left of this place ends before the draws in common begin.
        sharing = None
    model = drawing_model(settings.model, place, sharing, circumstances, weather)
    if fits is not None and isinstance(model, AirSeasonal):
        model = model.fit_or_take(usable[:last], fits, region)
    else:
        model = model.fit(usable[:last])
    if settings.year_over or model.last_day is None or not model.items:
        return Drawn(model, first=len(days), reasons=reasons)
    future = calendar_days(last.date() + timedelta(days=1), settings.last_day)
    rng = stream(settings.seed, "air", region, place)
    paths = model.sample(future, settings.n_paths, rng)
    inside = slice(int((paths.times < days[0]).sum()), None)
    first = len(days) - len(paths.times[inside])
    by_item = np.empty((len(AIR_ITEMS), settings.n_paths, len(days)), dtype=np.float32)
    by_item[:] = observed.T[:, None, :]
    for column, item in enumerate(paths.items):
        by_item[AIR_ITEMS.index(item), :, first:] = paths.values[:, inside, column]
    return Drawn(model, by_item.transpose(1, 2, 0), first, reasons)
