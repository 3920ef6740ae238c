"""What came of the days that an outlook was for: levels of the AQI, classes of sections.

Both go by the readings known today. A day of a city is judged by the daily rule that the run used,
items that the outlook left out of account left out here too. The class of a section is that of the
means of a day's or a month's samples; a section that never measures an item is not held to it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.projection.days import wide
from forecast.projection.short_range_city import daily_standard
from forecast.projection.water_names import section_names
from forecast.projection.water_record import REQUIRED
from forecast.runs.water_inputs import declared_places, with_declared_kinds
from forecast.standards.aqi import daily_aqi
from forecast.standards.items import AIR_ITEMS, CLASS_ITEMS
from forecast.standards.water_class import PLATFORM_ITEMS, section_class
from forecast.standards.water_period import assess_section_period
from forecast.verification.verify_truth import BY_DATE
from forecast.workspace import Workspace

__all__ = ["classes_that_came", "levels_that_came"]


def levels_that_came(workspace: Workspace, outlooks: pd.DataFrame) -> pd.DataFrame:
    """Return the outlooks of cities with the AQI that came.

    Args:
        workspace: whose readings.
        outlooks: of :meth:`forecast.runs.register_short_range.Outlooks.cities`.

    Returns:
        The same rows with ``aqi`` (NaN where there is none), ``came_leading`` (codes joined by ``+``)
        and ``state``: ``scored``, ``open`` (no reading of that day or a later one yet) or ``missing``.
    """
    out = outlooks.assign(aqi=np.nan, came_leading="", state="open")
    if out.empty:
        return out
    regions = sorted(out["region"].unique())
    air = workspace.store.air_daily(None, regions=regions)
    air = air[(air["place_kind"] == "city") & (air["date"] >= out["date"].min())]
    histories = {key: wide(rows) for key, rows in air.groupby(["region", "place"], sort=False)}
    for (region, place, standard, missing), rows in out.groupby(
        ["region", "place", "run_standard", "missing"], sort=False
    ):
        history = histories.get((region, place))
        if history is None:
            continue
        days = pd.DatetimeIndex(sorted(rows["date"].unique()))
        aqi, leading = _judged(history, days, str(standard), str(missing))
        at = days.get_indexer(pd.DatetimeIndex(rows["date"]))
        out.loc[rows.index, "aqi"] = aqi[at]
        out.loc[rows.index, "came_leading"] = leading[at]
        there = rows["date"] <= history.dropna(how="all").index.max()
        state = np.where(np.isfinite(aqi[at]), "scored", np.where(there, "missing", "open"))
        out.loc[rows.index, "state"] = state
    return out


def _judged(
    history: pd.DataFrame, days: pd.DatetimeIndex, standard: str, missing: str
) -> tuple[NDArray[np.float64], NDArray[np.object_]]:
    """AQI of days and their leading items."""
    token = None if standard in ("", "None", BY_DATE) else standard
    rules = [daily_standard(token, day) for day in days.to_numpy("datetime64[D]")]
    values = history.reindex(days).to_numpy(dtype=np.float64)
    values = np.where(values >= 0.0, values, np.nan)
    absent = tuple(code for code in missing.split("+") if code in AIR_ITEMS)
    found = daily_aqi(values, None, AIR_ITEMS, rules, not_monitored=absent)
    aqi = np.where(found.aqi >= 0, found.aqi.astype(np.float64), np.nan)
    codes = np.array(AIR_ITEMS, dtype=object)
    leading = np.array(["+".join(codes[top]) for top in found.primary], dtype=object)
    return aqi, leading


def classes_that_came(workspace: Workspace, outlooks: pd.DataFrame) -> pd.DataFrame:
    """Return the outlooks of sections with the class that came.

    An outlook of a day is held to the class of that day, that of a month to the class of its mean,
    that of the next sampling to the first day with a class after the day it was made from.

    Args:
        workspace: whose readings.
        outlooks: of :meth:`forecast.runs.register_short_range.Outlooks.sections`.

    Returns:
        The same rows with ``date`` (of the sampling; the last day of a month), ``lead`` [days],
        ``class_number`` (1 to 6, NaN where there is none) and ``state``: ``scored``, ``open`` or
        ``missing``.
    """
    out = outlooks.assign(class_number=np.nan, state="open")
    if out.empty:
        return out
    config = workspace.config
    samples = workspace.store.water_samples(None, regions=sorted(out["region"].unique()))
    samples = with_declared_kinds(samples, config)
    declared = {region: d.aliases for region, d in declared_places(config).items()}
    samples = section_names(samples, declared).rename(samples)
    if samples.empty:
        return out
    last = np.datetime64(samples["time"].max(), "D")
    known = dict(list(samples.groupby(["region", "place"], sort=False)))
    for (region, place), rows in out.groupby(["region", "place"], sort=False):
        own = known.get((region, place))
        if own is None:
            continue
        whole = (rows["period"] != "").to_numpy() & rows["period"].notna().to_numpy()
        for part, by in ((rows[whole], "month"), (rows[~whole], "day")):
            if part.empty:
                continue
            days, numbers = _classes(own, by)
            found = _held_to_months if by == "month" else _held_to_days
            for column, values in found(part, days, numbers, last).items():
                out.loc[part.index, column] = values
    return out


def _held_to_months(
    rows: pd.DataFrame, months: NDArray[np.datetime64], numbers: NDArray[np.float64],
    last: np.datetime64,
) -> dict[str, NDArray[Any]]:  # fmt: skip
    """What came of outlooks of months; one is over when a later sample of any section is there."""
    asked = np.array(rows["period"].to_list(), dtype="datetime64[M]")
    end = (asked + 1).astype("datetime64[D]") - np.timedelta64(1, "D")
    at = np.searchsorted(months, asked.astype("datetime64[D]"), side="left")
    inside = np.minimum(at, max(len(months) - 1, 0))
    there = (at < len(months)) & (end < last)
    if len(months):
        there &= months[inside] == asked.astype("datetime64[D]")
    state = np.where(there, "scored", np.where(end < last, "missing", "open"))
    came = np.where(there, numbers[inside] if len(months) else np.nan, np.nan)
    return {"class_number": came, "state": state, "date": end.astype("datetime64[s]")}


def _held_to_days(
    rows: pd.DataFrame, days: NDArray[np.datetime64], numbers: NDArray[np.float64],
    last: np.datetime64,
) -> dict[str, NDArray[Any]]:  # fmt: skip
    """What came of outlooks of days, and of the next sampling."""
    daily = (rows["kind"] == "daily").to_numpy()
    issued = rows["issued"].to_numpy("datetime64[D]")
    asked = rows["date"].to_numpy("datetime64[D]")
    lead = rows["lead"].to_numpy(np.float64)
    if not len(days):
        state = np.where(daily & (asked < last), "missing", "open")
        return {"state": state}
    # The first day after the one it was made from, or the day itself.
    at = np.where(
        daily, np.searchsorted(days, asked, side="left"),
        np.searchsorted(days, issued, side="right"),
    )  # fmt: skip
    inside = at < len(days)
    at = np.minimum(at, len(days) - 1)
    there = inside & (~daily | (days[at] == asked))
    state = np.where(there, "scored", np.where(daily & (asked < last), "missing", "open"))
    return {
        "class_number": np.where(there, numbers[at], np.nan),
        "state": state,
        "date": np.where(there, days[at], asked).astype("datetime64[s]"),
        "lead": np.where(there, (days[at] - issued).astype(np.float64), lead),
    }


def _classes(samples: pd.DataFrame, by: str) -> tuple[NDArray[np.datetime64], NDArray[np.float64]]:
    """Days (first days of months) on which a section has a class, ascending, and the classes."""
    day = samples["time"].to_numpy("datetime64[D]")
    if by == "month":
        day = day.astype("datetime64[M]").astype("datetime64[D]")
    rows = samples.assign(day=day)
    graded = rows[rows["item"].isin(CLASS_ITEMS)]
    table = graded.pivot_table(index="day", columns="item", values="value", aggfunc="mean")
    if table.empty:
        published = rows[rows["item"] == "class_published"]
        found = published.groupby("day")["value"].max().dropna().sort_index()
        return found.index.to_numpy("datetime64[D]"), found.to_numpy(np.float64)
    items = tuple(str(c) for c in table.columns)
    kinds = {str(w) for w in rows["water_type"].dropna().unique()}
    water_type = "lake" if kinds == {"lake"} else "river"
    values = table.to_numpy(dtype=np.float64)
    if by == "month":
        classes = assess_section_period(
            values[:, None, :], items, water_type, months_needed=1, required=REQUIRED,
            not_monitored=tuple(i for i in REQUIRED if i not in items),
        ).classes  # fmt: skip
    else:
        # Single readings as the national platform judges them, as in the outlook.
        classes, _ = section_class(
            values, items, water_type, platform=True,
            not_monitored=tuple(i for i in PLATFORM_ITEMS if i not in items),
        )  # fmt: skip
    good = classes > 0
    return table.index.to_numpy("datetime64[D]")[good], classes[good].astype(np.float64)
