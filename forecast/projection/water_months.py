"""Months ahead of all sections: drawn from their items, or from their classes where only those are.

All sections of a workspace are fitted at once; what they have in common is drawn once for all of
them, so they may then be drawn region by region.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.features.hydrology import monthly_flow, monthly_limits, monthly_rain
from forecast.models.class_ahead import ClassAhead
from forecast.models.class_history import ClassHistory
from forecast.models.kept_fits import KeptFits
from forecast.models.paths import Paths
from forecast.models.water_ahead import WaterAhead
from forecast.models.water_ladder import WaterLadder
from forecast.models.water_ordinal import WaterOrdinal
from forecast.models.water_scale import PLAIN
from forecast.models.water_walls import Wall
from forecast.projection.class_outlook import MonthOutlook, StatedMonths, stated_months
from forecast.projection.settings import Settings
from forecast.projection.streams import stream
from forecast.projection.water_facts import published_class
from forecast.projection.water_names import same_section
from forecast.projection.water_record import SILENT_MONTHS
from forecast.region_names import normalise_region
from forecast.standards.items import CLASS_ITEMS

__all__ = [
    "PublishedAhead",
    "SectionWall",
    "WaterSurroundings",
    "fitted_items",
    "published_ahead",
    "published_history",
    "section_key",
    "stated_items",
    "told_of_month_under_way",
    "without_sampled_month",
]


@dataclass(frozen=True)
class SectionWall:
    """A declared break: from ``day`` on the level is another one.

    Attributes:
        region: normalised; ``section`` empty for all of the region; ``items`` empty for all.
    """

    day: np.datetime64
    region: str
    section: str = ""
    items: tuple[str, ...] = ()


def _no_days() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "region": pd.Series(dtype="str"), "place": pd.Series(dtype="str"),
            "date": pd.Series(dtype="datetime64[s]"), "value": pd.Series(dtype="float64"),
        }
    )  # fmt: skip


@dataclass(frozen=True)
class WaterSurroundings:
    """What is known around the sections: flow, rain, gauges and breaks.

    Attributes:
        flow: daily flow of gauges, ``region, place, date, value`` [m³/s].
        rain: daily rain of stations, the same columns [mm].
        gauges: normalised region → section → gauge; a gauge of the section's own name needs none.
        walls: declared breaks.
    """

    flow: pd.DataFrame = field(default_factory=_no_days)
    rain: pd.DataFrame = field(default_factory=_no_days)
    gauges: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    walls: tuple[SectionWall, ...] = ()


def section_key(samples: pd.DataFrame) -> pd.Series:
    """Name of each sample's section among those of all regions."""
    region, regions = pd.factorize(samples["region"])
    place, places = pd.factorize(samples["place"])
    # Samples are many and sections few: each name is made once.
    pair, pairs = pd.factorize(region.astype(np.int64) * max(len(places), 1) + place)
    at = np.divmod(pairs, max(len(places), 1))
    names = [f"{regions[r]}\x1f{places[p]}" for r, p in zip(*at, strict=True)]
    keys = pd.Categorical.from_codes(pair, pd.Index(names))
    return pd.Series(keys, index=samples.index)


def _begun(settings: Settings) -> np.datetime64:
    """The month of the as-of date, or the next where that month is over."""
    return np.datetime64((pd.Timestamp(settings.as_of) + pd.Timedelta(days=1)).date(), "M")


def fitted_items(
    samples: pd.DataFrame,
    monthly: pd.DataFrame,
    settings: Settings,
    around: WaterSurroundings,
    fits: KeptFits | None = None,
) -> tuple[WaterAhead | None, pd.DataFrame]:
    """Fit the models of all items of all sections, ready to draw the months ahead.

    A month that is not over is drawn too: for the sections that have not been sampled in it.

    Args:
        samples: items measured by the as-of date, with ``region``, ``place``, ``basin`` and ``key``
            (:func:`section_key`).
        monthly: their monthly means, columns (key, item).
        fits: where fitted models are kept; None keeps none.

    Returns:
        What draws the paths, None where nothing can be drawn, and what was modelled how (place,
        item, n …).
    """
    keyed = samples.assign(place=samples["key"])
    begun = _begun(settings)
    over = monthly.index.to_numpy().astype("datetime64[M]") < begun
    history = monthly[over]
    months = keyed["time"].to_numpy().astype("datetime64[M]")
    basins = {}
    if "basin" in keyed:
        named = keyed.loc[keyed["basin"].fillna("") != "", ["place", "basin"]]
        basins = named.drop_duplicates("place", keep="last").set_index("place")["basin"].to_dict()
    model = WaterLadder(fits=fits).fit(
        history,
        below=monthly_limits(keyed[months < begun], history),
        hydrology=_hydrology(samples, keyed, around, begun),
        breaks=_walls(samples, around),
        basins={str(k): str(v) for k, v in basins.items()},
    )
    if model.last_month is None:
        return None, model.report
    ahead = np.arange(model.last_month + 1, np.datetime64(f"{settings.year + 1}-01", "M"))
    rng = stream(settings.seed, "water")
    found = model.ahead(ahead.astype("datetime64[D]"), settings.n_paths, rng)
    return found, model.report


def told_of_month_under_way(
    paths: Paths, monthly: pd.DataFrame, settings: Settings, often: Collection[str]
) -> Paths:
    """Move the paths of each series by what its month under way has shown so far.

    The fit ends with the last whole month, so that sections not sampled since are drawn from there.
    A value of the month under way moves every later month by its regression on that month over the
    paths (the update of an ensemble Kalman filter). Where a month has many samples, its mean so far
    is an inexact value of the month: with a part f of the month over, its error has a variance of
    0.15 (1 - f)/f of that of the month (judgement).

    Args:
        paths: of some sections.
        monthly: monthly means of the same sections, the month under way among them.
        often: sections whose months have many samples.
    """
    begun = _begun(settings)
    here = monthly.index.to_numpy().astype("datetime64[M]") == begun
    at = np.flatnonzero(paths.times.astype("datetime64[M]") == begun)
    if not here.any() or not len(at):
        return paths
    now = monthly.to_numpy()[here][0]
    row: dict[Any, float] = dict(zip(monthly.columns.to_list(), now, strict=True))
    day = pd.Timestamp(settings.as_of)
    part = day.day / day.days_in_month
    values = paths.values.copy(order="K")
    for column, key in enumerate(zip(paths.places, paths.items, strict=True)):
        seen = float(row.get(key, np.nan))
        plain = key[1] in PLAIN
        if not np.isfinite(seen) or (seen <= 0.0 and not plain):
            continue
        drawn = values[:, at[0] :, column].astype(np.float64)
        drawn = drawn if plain else np.log(drawn)
        goal = seen if plain else np.log(seen)
        centred = drawn - drawn.mean(axis=0)
        variance = float((centred[:, 0] ** 2).mean())
        if variance <= 1e-12:
            continue
        error = 0.15 * (1.0 - part) / part if key[0] in often else 0.0
        gain = (centred * centred[:, :1]).mean(axis=0) / (variance * (1.0 + error))
        moved = drawn + np.clip(gain, 0.0, 1.0) * (goal - drawn[:, :1])
        low, high = PLAIN.get(key[1], (-np.inf, np.inf))
        values[:, at[0] :, column] = np.clip(moved, low, high) if plain else np.exp(moved)
    return replace(paths, values=values)


def _hydrology(
    samples: pd.DataFrame, keyed: pd.DataFrame, around: WaterSurroundings, begun: np.datetime64
) -> pd.DataFrame | None:
    """Months × (section, quantity): flow of linked gauges, rain of the region; None without any."""
    if around.flow.empty and around.rain.empty:
        return None
    tables: list[pd.DataFrame] = []
    linked, wet = [], []
    rains = _by_region(around.rain)
    flows = {str(gauge): own for gauge, own in around.flow.groupby("place")}
    pairs = samples[["region", "place"]].drop_duplicates()
    for region, own in pairs.groupby("region"):
        name = normalise_region(str(region))
        gauges = around.gauges.get(name, {})
        for place in own["place"]:
            key = f"{region}\x1f{place}"
            gauge = next((g for s, g in gauges.items() if same_section(s, place)), place)
            if gauge in flows:
                linked.append(flows[gauge].assign(place=key))
            if name in rains:
                wet.append((key, rains[name]))
    if linked:
        tables.append(monthly_flow(pd.concat(linked), keyed))
    # Sections of a region have one rain; it is summed up once.
    sums = {id(rain): monthly_rain(rain) for _, rain in wet}
    tables.extend(sums[id(rain)].rename(columns={"": key}, level="place") for key, rain in wet)
    if not tables:
        return None
    table = pd.concat(tables, axis=1).sort_index()
    return table[table.index.to_numpy().astype("datetime64[M]") < begun]


def _by_region(days: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Normalised region → its rows, in their order."""
    names = {r: normalise_region(str(r)) for r in days["region"].unique()}
    return {str(n): own for n, own in days.groupby(days["region"].map(names), sort=False)}


def _walls(samples: pd.DataFrame, around: WaterSurroundings) -> list[Wall]:
    """Declared breaks under the names of :func:`section_key`."""
    if not around.walls:
        return []
    pairs = samples[["region", "place"]].drop_duplicates()
    named = [
        (normalise_region(region), str(place), f"{region}\x1f{place}")
        for region, place in pairs.itertuples(index=False)
    ]
    found = []
    for wall in around.walls:
        places = tuple(
            key
            for region, place, key in named
            if region == wall.region and (not wall.section or same_section(wall.section, place))
        )
        if places:
            found.append(Wall(wall.day, places, wall.items))
    return found


def stated_items(
    samples: pd.DataFrame,
    monthly: pd.DataFrame,
    settings: Settings,
    fits: KeptFits | None = None,
) -> StatedMonths | None:
    """What models of classes say of the months ahead of every section with items.

    Args:
        samples: items measured by the as-of date, with ``key`` (:func:`section_key`).
        monthly: their monthly means, columns (key, item).
        fits: where fitted models are kept; None keeps none.
    """
    # Groundwater points and drinking-water sources have rules of their own.
    surface = samples.loc[samples["place_kind"] == "section", ["key", "water_type"]]
    pairs = surface.drop_duplicates("key", keep="last")
    kinds = zip(pairs["key"], pairs["water_type"], strict=True)
    types = {str(place): str(kind) or "river" for place, kind in kinds}
    own = monthly.loc[:, monthly.columns.get_level_values("place").isin(list(types))]
    own = own[own.index.to_numpy().astype("datetime64[M]") < _begun(settings)]
    if not own.size:
        return None
    history = ClassHistory.from_items(own, water_types=types)
    return stated_months(history, settings.year, water_types=types, fits=fits)


def without_sampled_month(
    found: Mapping[str, tuple[MonthOutlook, ...]], monthly: pd.DataFrame, settings: Settings
) -> dict[str, tuple[MonthOutlook, ...]]:
    """Outlooks without the month under way where it has been sampled already.

    Args:
        found: section → its outlooks.
        monthly: monthly means of these sections.
    """
    begun = _begun(settings)
    sampled = monthly.index.to_numpy().astype("datetime64[M]") == begun
    now = np.isfinite(monthly.to_numpy()[sampled]).any(axis=0)
    done = set(monthly.columns.get_level_values("place")[now])
    return {
        key: tuple(one for one in own if key not in done or one.month > begun)
        for key, own in found.items()
    }


def published_history(samples: pd.DataFrame, settings: Settings) -> ClassHistory | None:
    """Monthly classes of the sections of which only classes are published; None without any.

    Args:
        samples: all samples known at the as-of date, with ``key`` (:func:`section_key`).
    """
    begun = _begun(settings)
    own = samples[samples["item"] == "class_published"]
    own = own[own["time"].to_numpy().astype("datetime64[M]") < begun]
    if own.empty:
        return None
    # Items that ended a year ago say nothing of the class any more.
    late = samples["time"].to_numpy().astype("datetime64[M]") >= begun - 13
    measured = samples.loc[late & samples["item"].isin(CLASS_ITEMS), "key"].unique()
    own = own[~own["key"].isin(measured)]
    if own.empty:
        return None
    month = own["time"].to_numpy().astype("datetime64[M]").astype("datetime64[s]")
    table = own.assign(key=own["key"].astype("str"), month=month).pivot_table(
        index="month", columns="key", values="value", aggfunc=published_class
    )
    return ClassHistory.from_classes(table)


@dataclass(frozen=True)
class PublishedAhead:
    """Sections of which only classes are published: what draws their months, and says them.

    Attributes:
        ahead: draws monthly classes; None where no month is left.
        silent: sections that fell silent, which are not drawn.
        stated: what models say of each month; None where no month is left.
        year: the year asked.
    """

    ahead: ClassAhead | None
    silent: frozenset[str]
    stated: StatedMonths | None
    year: int

    def of(self, places: Collection[str]) -> PublishedAhead:
        """The sections among ``places``."""
        return replace(
            self,
            ahead=None if self.ahead is None else self.ahead.of(places),
            silent=self.silent & set(places),
            stated=None if self.stated is None else self.stated.of(places),
        )

    def draw(self) -> dict[str, NDArray[np.float64]]:
        """Section → drawn classes of the months of the year, (path, 12), NaN where not drawn."""
        if self.ahead is None:
            return {}
        ahead = self.ahead.of([p for p in self.ahead.places if p not in self.silent])
        inside = np.flatnonzero(ahead.months >= np.datetime64(f"{self.year}-01", "M"))
        months = ahead.months[inside].astype(np.int64) % 12
        drawn = ahead.draw()
        out = {}
        for p, place in enumerate(ahead.places):
            paths = np.full((ahead.n_paths, 12), np.nan)
            paths[:, months] = drawn[:, inside, p]
            out[place] = paths
        return out


def published_ahead(
    history: ClassHistory | None, settings: Settings, fits: KeptFits | None = None
) -> PublishedAhead:
    """Fit the model of classes to ``history`` (:func:`published_history`), ready to draw."""
    last = None if history is None else history.last_month
    if history is None or last is None:
        return PublishedAhead(None, frozenset(), None, settings.year)
    model = WaterOrdinal(fits=fits).fit(history)
    months = np.arange(last + 1, np.datetime64(f"{settings.year + 1}-01", "M"))
    rng = stream(settings.seed, "water classes")
    ahead = model.ahead(months, settings.n_paths, rng) if len(months) else None
    latest = len(history.months) - 1 - np.argmax(history.monthly[::-1] > 0, axis=0)
    gone = history.months[latest] < _begun(settings) - SILENT_MONTHS - 1
    return PublishedAhead(
        ahead, frozenset(p for p, g in zip(history.places, gone, strict=True) if g),
        stated_months(history, settings.year, fits=fits, ordinal=model), settings.year,
    )  # fmt: skip
