"""What is known of each place of water beside its monthly means, from samples and declarations."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.projection.settings import Settings
from forecast.projection.water_names import same_section
from forecast.projection.water_record import PAST_YEARS, Facts

__all__ = [
    "Declared", "place_facts", "published_class", "sampled_often", "waters_of",
    "with_drawn_classes",
]  # fmt: skip

_KINDS = ("section", "source", "groundwater")


@dataclass(frozen=True)
class Declared:
    """What people declared of the places of one region.

    Attributes:
        dry: place → first days of the months in which it carried no water.
        moved: place → first day at its present position.
        own_class: place → class asked of it, 1 to 6.
        background: place → items whose exceedance is of natural background.
        aliases: another name of a place → its name.
    """

    dry: Mapping[str, tuple[date, ...]] = field(default_factory=dict)
    moved: Mapping[str, date] = field(default_factory=dict)
    own_class: Mapping[str, int] = field(default_factory=dict)
    background: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)


T = TypeVar("T")


def _declared(found: Mapping[str, T], place: str) -> T | None:
    return next((v for name, v in found.items() if same_section(name, place)), None)


def place_facts(
    samples: pd.DataFrame,
    settings: Settings,
    declared: Declared,
    *,
    others: Mapping[str, tuple[str, ...]] | None = None,
    often: Collection[str] | None = None,
) -> dict[str, Facts]:
    """Facts of every place of one region, in order of name.

    Args:
        samples: known at the as-of date, of one region: ``place``, ``place_kind``, ``time``,
            ``item``, ``value``, ``censored``, ``water_type``.
        others: place → its other names.
        often: of :func:`sampled_often`, where it is known already.
    """
    if often is None:
        often = sampled_often(samples["place"], samples["time"], settings)
    recent = pd.Timestamp(settings.first_day) - pd.DateOffset(years=2)
    is_class = samples["item"] == "class_published"
    values = samples[~is_class]
    late = values[values["time"] >= recent]
    censored: dict[str, dict[str, float]] = {}
    shares = late.groupby(["place", "item"])["censored"].mean()
    for (place, item), share in zip(shares.index.to_list(), shares, strict=True):
        censored.setdefault(str(place), {})[str(item)] = float(share)
    hidden = _hidden_years(values)
    classes = {str(p): _published(rows) for p, rows in samples[is_class].groupby("place")}
    last = {str(p): t for p, t in samples.groupby("place")["time"].max().items()}
    last.update({str(p): t for p, t in values.groupby("place")["time"].max().items()})
    final = samples.drop_duplicates("place", keep="last").set_index("place")
    as_of = pd.Timestamp(settings.as_of)
    out = {}
    for name in sorted(last):
        kind = str(final["place_kind"][name]) if "place_kind" in final else "section"
        published = classes.get(name, {})
        dry = np.zeros(12, dtype=np.bool_)
        for day in _declared(declared.dry, name) or ():
            if day.year == settings.year and day <= settings.as_of:
                dry[day.month - 1] = True
        past = {}
        for year in range(settings.year - PAST_YEARS, settings.year):
            months = published.get(year, np.full(12, np.nan))
            if np.isfinite(months).any():
                past[year] = months
        seen = published.get(settings.year, np.full(12, np.nan))
        frequent = name in often
        if frequent and as_of.year == settings.year and as_of.day < as_of.days_in_month:
            seen[as_of.month - 1] = np.nan
        moved = _declared(declared.moved, name)
        out[name] = Facts(
            kind=kind if kind in _KINDS else "section",
            water_type=str(final["water_type"][name]) or "river",
            last=pd.Timestamp(last[name]).date(),
            dry=dry, published=seen, published_past=past,
            censored=censored.get(name, {}), hidden_years=hidden.get(name, {}),
            moved=moved if moved is not None and moved <= settings.as_of else None,
            other_names=(others or {}).get(name, ()),
            own_class=_declared(declared.own_class, name),
            background=_declared(declared.background, name) or (), frequent=frequent,
        )  # fmt: skip
    return out


def with_drawn_classes(
    facts: Mapping[str, Facts], drawn: Mapping[str, NDArray[np.float64]]
) -> dict[str, Facts]:
    """Facts with the drawn classes of the months of the year, place → (path, 12)."""
    out = dict(facts)
    for place, paths in drawn.items():
        # What was published stays as it is on every path.
        seen = facts[place].published
        joined = np.where(np.isfinite(seen), seen, paths)
        out[place] = replace(facts[place], published_drawn=joined)
    return out


def _hidden_years(samples: pd.DataFrame) -> dict[str, dict[str, frozenset[int]]]:
    """Place → item → years all of whose samples were below detection."""
    censored = samples["censored"].to_numpy(dtype=bool)
    if not censored.any():
        return {}
    year = samples["time"].dt.year
    whole = samples["censored"].groupby([samples["place"], samples["item"], year]).all()
    found: dict[str, dict[str, set[int]]] = {}
    for place, item, of_year in whole[whole].index.to_list():
        found.setdefault(str(place), {}).setdefault(str(item), set()).add(int(of_year))
    return {p: {i: frozenset(y) for i, y in own.items()} for p, own in found.items()}


def sampled_often(places: pd.Series, times: pd.Series, settings: Settings) -> frozenset[str]:
    """Places whose months of the last year usually had samples of more than two days.

    Args:
        places, times: of samples.
    """
    start = pd.Timestamp(settings.as_of).to_period("M").to_timestamp()
    inside = (times < start) & (times >= start - pd.DateOffset(years=1))
    days = pd.DataFrame(
        {"place": places[inside], "day": times[inside].to_numpy().astype("datetime64[D]")}
    ).drop_duplicates()
    if days.empty:
        return frozenset()
    month = days["day"].to_numpy().astype("datetime64[M]")
    count = days.groupby(["place", month], observed=True).size()
    usual = count.groupby(level=0, observed=True).median()
    return frozenset(map(str, usual.index[usual > 2]))


def _published(rows: pd.DataFrame) -> dict[int, NDArray[np.float64]]:
    """Year → published class of each month: the middle of its samples, the worse of two."""
    found: dict[int, NDArray[np.float64]] = {}
    if rows.empty:
        return found
    months = rows["time"].to_numpy("datetime64[M]").astype(np.int64)
    values = rows["value"].to_numpy(dtype=np.float64, na_value=np.nan)
    for month in np.unique(months):
        year = 1970 + int(month) // 12
        classes = found.setdefault(year, np.full(12, np.nan))
        classes[int(month) % 12] = published_class(values[months == month])
    return found


def published_class(classes: pd.Series | NDArray[np.float64]) -> float:
    """Class of a month from the classes published in it: the middle one, the worse of two.

    >>> published_class(pd.Series([2, 4, 3, 2])), published_class(pd.Series([None]))
    (3.0, nan)
    """
    values = (
        classes.to_numpy(dtype=np.float64, na_value=np.nan)
        if isinstance(classes, pd.Series)
        else classes
    )
    order = np.sort(values)
    order = order[np.isfinite(order)]
    return float(order[order.size // 2]) if order.size else float("nan")


def waters_of(samples: pd.DataFrame) -> dict[str, str]:
    """Place → the water that its source names most often; empty where none is named."""
    if "river" not in samples:
        return {}
    named = samples.loc[samples["river"].fillna("") != "", ["place", "river"]]
    if named.empty:
        return {}
    usual = named.groupby("place")["river"].agg(lambda names: names.value_counts().index[0])
    return {str(p): str(w) for p, w in usual.items()}
