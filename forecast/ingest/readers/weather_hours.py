"""Daily weather from the hours of one file: means of at least 20 of 24 hours, rain summed.

The day has the hours that end at 01:00 to 24:00, the same as for air, so that a day's weather is
that of its air.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.ingest.parsed import Notes
from forecast.ingest.readers.checks import outside
from forecast.ingest.readers.repeats import keep_first
from forecast.ingest.readers.weather_edges import edge_hours
from forecast.ingest.readers.weather_ranges import DAY_WEATHER

__all__ = ["bearing", "joined_weather", "weather_tables", "wind_parts"]

#: As many hours as a valid daily mean of an air item needs (GB 3095-2012, table 4).
_HOURS = 20
_SUMS = ("precip",)

_POINTS = ("N", "NNE", "NE", "ENE", "E", "ESE", "SE", "SSE", "S", "SSW", "SW", "WSW", "W", "WNW",
           "NW", "NNW")  # fmt: skip


def bearing(text: pd.Series[str]) -> NDArray[np.float64]:
    """Return the degrees from which the wind comes; NaN where calm, variable or missing.

    >>> bearing(pd.Series(["N", "ESE", "cv"])).tolist()
    [0.0, 112.5, nan]
    """
    degrees = {name: at * 22.5 for at, name in enumerate(_POINTS)}
    return np.asarray(text.str.upper().map(degrees), dtype=np.float64)


def wind_parts(
    speed: NDArray[np.float64], degrees: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the eastward and the northward part [m/s] of wind from ``degrees`` at ``speed`` [m/s].

    Calm air has both parts 0, whatever its direction.

    >>> [part.round(3).tolist() for part in wind_parts(np.array([2.0]), np.array([90.0]))]
    [[-2.0], [-0.0]]
    """
    angle = np.deg2rad(degrees)
    calm = speed == 0
    east = np.where(calm, 0.0, -speed * np.sin(angle))
    north = np.where(calm, 0.0, -speed * np.cos(angle))
    return east, north


def weather_tables(
    frame: pd.DataFrame,
    notes: Notes,
    *,
    names: dict[str, str],
    time: str,
    place_kind: str = "station",
) -> dict[str, pd.DataFrame]:
    """Return the rows of ``met_daily`` of hours, and those of ``met_edges``.

    Args:
        frame: ``region, place, time`` (end of the hour) and one column an item, in the units of the
            items; the index is the line in the file. With ``wind_u`` and ``wind_v`` the direction
            of the day's mean wind is given too.
        notes: where findings go.
        names: item → the column's own name, of the items that the file itself has.
        time: the column of the time, for findings.
        place_kind: ``station``, ``city`` or other.
    """
    items = [str(item) for item in frame.columns if item not in ("region", "place", "time")]
    frame, _ = keep_first(
        frame, ["region", "place", "time"], items, notes, column=time, shown="%Y-%m-%d %H:%M",
        what="hour",
    )  # fmt: skip
    frame = frame.copy()
    lines = frame.index.to_numpy()
    for item, name in names.items():
        found = frame[item].to_numpy(np.float64).copy()
        wrong = outside(item, found)
        notes.problem(
            list(lines[wrong]), name, [f"{v:g}" for v in found[wrong]],
            f"outside what {item} can be; the rest of the row is kept",
        )  # fmt: skip
        notes.missing += int(np.isnan(found).sum())
        found[wrong] = np.nan
        frame[item] = found
    ends = frame["time"].to_numpy("datetime64[s]")
    frame["date"] = (ends - np.timedelta64(1, "s")).astype("datetime64[D]").astype("datetime64[s]")
    frame["row"] = lines
    return {
        "met_daily": _days(frame, items, notes, names, place_kind),
        "met_edges": edge_hours(frame, items, place_kind=place_kind),
    }


def joined_weather(hours: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of ``met_daily`` of hours from several files.

    Args:
        hours: ``region, place, place_kind, date, time, row`` and one column an item.
    """
    named = ("region", "place", "place_kind", "date", "time", "row")
    items = [str(column) for column in hours if column not in named]
    parts = [
        _days(mine, items, Notes(), {}, str(kind)) for kind, mine in hours.groupby("place_kind")
    ]
    return pd.concat(parts, ignore_index=True)


def _days(
    frame: pd.DataFrame, items: list[str], notes: Notes, names: dict[str, str], place_kind: str
) -> pd.DataFrame:
    grouped = frame.groupby(["region", "place", "date"], sort=False)
    enough = grouped[items].count() >= _HOURS
    days = grouped[items].mean()
    for item in set(items) & set(_SUMS):
        days[item] = grouped[item].sum()
    days = days.where(enough)
    if {"wind_u", "wind_v"}.issubset(items):
        east, north = (days[part].to_numpy(np.float64) for part in ("wind_u", "wind_v"))
        angle = np.rad2deg(np.arctan2(-east, -north)) % 360
        days["wind_dir"] = np.where(np.hypot(east, north) < 1e-9, np.nan, angle)
    days["row"] = grouped["row"].min()
    long = days.reset_index().melt(
        id_vars=["region", "place", "date", "row"], var_name="item", value_name="value"
    )
    value = long["value"].to_numpy(np.float64)
    low, high = np.array([DAY_WEATHER[item] for item in long["item"]]).reshape(-1, 2).T
    impossible = (value < low) | (value > high)
    for code, part in long[impossible].groupby("item"):
        notes.problem(
            list(part["row"]), names.get(str(code), str(code)), [f"{v:g}" for v in part["value"]],
            f"the hours of this day give what {code} of a day can't be",
        )  # fmt: skip
    long = long[long["value"].notna() & ~impossible].reset_index(drop=True)
    long["place_kind"] = place_kind
    long["version"] = "unknown"
    long["flag"] = ""
    long["known_from"] = long["date"] + pd.Timedelta(seconds=86399)
    return long.astype({"row": "int32", "item": "str"})
