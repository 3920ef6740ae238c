"""Months ahead of all sections: drawn from their items, or from their classes where only those are.

All sections of a workspace are drawn at once, so that what they have in common stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.features.hydrology import monthly_flow, monthly_limits, monthly_rain
from forecast.models.class_history import ClassHistory
from forecast.models.kept_fits import KeptFits
from forecast.models.paths import Paths
from forecast.models.water_ladder import WaterLadder
from forecast.models.water_ordinal import WaterOrdinal
from forecast.models.water_scale import PLAIN
from forecast.models.water_walls import Wall
from forecast.projection.class_outlook import MonthOutlook, month_outlooks
from forecast.projection.settings import Settings
from forecast.projection.streams import stream
from forecast.projection.water_facts import published_class, sampled_often
from forecast.projection.water_names import same_section
from forecast.projection.water_record import SILENT_MONTHS
from forecast.region_names import normalise_region
from forecast.standards.items import CLASS_ITEMS

__all__ = [
    "SectionWall",
    "WaterSurroundings",
    "draw_classes",
    "draw_items",
    "published_history",
    "section_key",
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
    return samples["region"] + "\x1f" + samples["place"]


def _begun(settings: Settings) -> np.datetime64:
    """The month of the as-of date, or the next where that month is over."""
    return np.datetime64((pd.Timestamp(settings.as_of) + pd.Timedelta(days=1)).date(), "M")


def draw_items(
    samples: pd.DataFrame,
    monthly: pd.DataFrame,
    settings: Settings,
    around: WaterSurroundings,
    fits: KeptFits | None = None,
) -> tuple[Paths | None, pd.DataFrame]:
    """Draw the months ahead of all items of all sections.

    A month that is not over is drawn too: for the sections that have not been sampled in it.

    Args:
        samples: items measured by the as-of date, with ``region``, ``place`` and ``basin``.
        monthly: their monthly means, columns (:func:`section_key`, item).
        fits: where fitted models are kept; None keeps none.

    Returns:
        The paths, None where nothing can be drawn, and what was modelled how (place, item, n …).
    """
    keyed = samples.assign(place=section_key(samples))
    begun = _begun(settings)
    over = monthly.index.to_numpy().astype("datetime64[M]") < begun
    history = monthly[over]
    months = keyed["time"].to_numpy().astype("datetime64[M]")
    basins = {}
    if "basin" in keyed:
        named = keyed[keyed["basin"].fillna("") != ""]
        basins = named.groupby("place")["basin"].last().to_dict()
    model = WaterLadder(fits=fits).fit(
        history,
        below=monthly_limits(keyed[months < begun]).reindex(
            index=history.index, columns=history.columns
        ),
        hydrology=_hydrology(samples, keyed, around, begun),
        breaks=_walls(samples, around),
        basins={str(k): str(v) for k, v in basins.items()},
    )
    report = model.report
    if model.last_month is None:
        return None, report
    ahead = np.arange(model.last_month + 1, np.datetime64(f"{settings.year + 1}-01", "M"))
    if not len(ahead):
        return None, report
    rng = stream(settings.seed, "water")
    paths = model.sample(ahead.astype("datetime64[D]"), settings.n_paths, rng)
    often = {str(place) for place, own in keyed.groupby("place") if sampled_often(own, settings)}
    return _told_of_month_under_way(paths, monthly, settings, often), report


def _told_of_month_under_way(
    paths: Paths, monthly: pd.DataFrame, settings: Settings, often: set[str]
) -> Paths:
    """Move the paths of each series by what its month under way has shown so far.

    The fit ends with the last whole month, so that sections not sampled since are drawn from there.
    A value of the month under way moves every later month by its regression on that month over the
    paths (the update of an ensemble Kalman filter). Where a month has many samples, its mean so far
    is an inexact value of the month: with a part f of the month over, its error has a variance of
    0.15 (1 - f)/f of that of the month (judgement).
    """
    begun = _begun(settings)
    here = monthly.index.to_numpy().astype("datetime64[M]") == begun
    at = np.flatnonzero(paths.times.astype("datetime64[M]") == begun)
    if not here.any() or not len(at):
        return paths
    row = monthly.loc[here].iloc[0]
    day = pd.Timestamp(settings.as_of)
    part = day.day / day.days_in_month
    values = paths.values.copy()
    for column, key in enumerate(zip(paths.places, paths.items, strict=True)):
        seen = float(row[key]) if key in row.index else float("nan")
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
    tables: list[pd.DataFrame] = []
    linked, wet = [], []
    for region, own in samples.groupby("region"):
        name = normalise_region(str(region))
        gauges = around.gauges.get(name, {})
        rain = around.rain[around.rain["region"].map(normalise_region) == name]
        for place in own["place"].unique():
            key = f"{region}\x1f{place}"
            gauge = next((g for s, g in gauges.items() if same_section(s, place)), place)
            flow = around.flow[around.flow["place"] == gauge]
            if not flow.empty:
                linked.append(flow.assign(place=key))
            if not rain.empty:
                wet.append((key, rain))
    if linked:
        tables.append(monthly_flow(pd.concat(linked), keyed))
    tables.extend(monthly_rain(rain, key) for key, rain in wet)
    if not tables:
        return None
    table = pd.concat(tables, axis=1).sort_index()
    return table[table.index.to_numpy().astype("datetime64[M]") < begun]


def _walls(samples: pd.DataFrame, around: WaterSurroundings) -> list[Wall]:
    """Declared breaks under the names of :func:`section_key`."""
    pairs = samples[["region", "place"]].drop_duplicates()
    found = []
    for wall in around.walls:
        places = tuple(
            f"{region}\x1f{place}"
            for region, place in pairs.itertuples(index=False)
            if normalise_region(region) == wall.region
            and (not wall.section or same_section(wall.section, place))
        )
        if places:
            found.append(Wall(wall.day, places, wall.items))
    return found


def outlooks(
    samples: pd.DataFrame,
    monthly: pd.DataFrame,
    drawn: Paths | None,
    published: ClassHistory | None,
    settings: Settings,
    fits: KeptFits | None = None,
) -> dict[str, tuple[MonthOutlook, ...]]:
    """Class of the months ahead of every section, under its :func:`section_key`.

    Args:
        samples: items measured by the as-of date.
        monthly: their monthly means.
        drawn: paths of :func:`draw_items`.
        published: of :func:`published_history`.
        fits: where fitted models are kept; None keeps none.
    """
    found: dict[str, tuple[MonthOutlook, ...]] = {}
    # Groundwater points and drinking-water sources have rules of their own.
    surface = samples[samples["place_kind"] == "section"]
    kinds = surface.assign(place=section_key(surface)).groupby("place")["water_type"].last()
    types = {str(place): str(kind) or "river" for place, kind in kinds.items()}
    own = monthly.loc[:, monthly.columns.get_level_values("place").isin(list(types))]
    own = own[own.index.to_numpy().astype("datetime64[M]") < _begun(settings)]
    if drawn is not None and own.size:
        history = ClassHistory.from_items(own, water_types=types)
        found |= month_outlooks(history, settings.year, drawn=drawn, water_types=types, fits=fits)
    if published is not None:
        found |= month_outlooks(published, settings.year, fits=fits)
    # The month under way is drawn for the sections that have not been sampled in it.
    sampled = monthly.index.to_numpy().astype("datetime64[M]") == _begun(settings)
    now = monthly.loc[sampled].notna().any()
    done = set(now[now].index.get_level_values("place")) if sampled.any() else set()
    return {
        key: tuple(one for one in own if key not in done or one.month > _begun(settings))
        for key, own in found.items()
    }


def published_history(samples: pd.DataFrame, settings: Settings) -> ClassHistory | None:
    """Monthly classes of the sections of which only classes are published; None without any.

    Args:
        samples: all samples known at the as-of date.
    """
    key = section_key(samples)
    begun = _begun(settings)
    # Items that ended a year ago say nothing of the class any more.
    late = samples["time"].to_numpy().astype("datetime64[M]") >= begun - 13
    measured = set(key[samples["item"].isin(CLASS_ITEMS) & late])
    own = samples[(samples["item"] == "class_published") & ~key.isin(measured)]
    own = own[own["time"].to_numpy().astype("datetime64[M]") < begun]
    if own.empty:
        return None
    month = own["time"].to_numpy().astype("datetime64[M]").astype("datetime64[s]")
    table = own.assign(key=section_key(own), month=month).pivot_table(
        index="month", columns="key", values="value", aggfunc=published_class
    )
    return ClassHistory.from_classes(table)


def draw_classes(
    history: ClassHistory | None, settings: Settings, fits: KeptFits | None = None
) -> dict[str, NDArray[np.float64]]:
    """Draw the months of the year of sections of which only classes are published.

    Returns:
        :func:`section_key` → (path, 12), NaN in months that are not drawn.
    """
    last = None if history is None else history.last_month
    if history is None or last is None:
        return {}
    model = WaterOrdinal(fits=fits).fit(history)
    ahead = np.arange(last + 1, np.datetime64(f"{settings.year + 1}-01", "M"))
    if not len(ahead):
        return {}
    drawn = model.sample_classes(ahead, settings.n_paths, stream(settings.seed, "water classes"))
    inside = np.flatnonzero(ahead >= np.datetime64(f"{settings.year}-01", "M"))
    months = ahead[inside].astype(np.int64) % 12
    silent = _begun(settings) - SILENT_MONTHS - 1
    out = {}
    for p, place in enumerate(model.places):
        final = history.months[np.flatnonzero(history.monthly[:, p] > 0)[-1]]
        if final < silent:
            continue
        paths = np.full((settings.n_paths, 12), np.nan)
        paths[:, months] = drawn[:, inside, p]
        out[place] = paths
    return out
