"""The hours of a file's first and last day of weather, kept for the file that has the rest of them.

Files end at midnight of another zone, or at noon: each then has a part of a day that makes no day, or
one of fewer hours than there are.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

__all__ = ["edge_hours"]

_HOURS = 24
_NAMED = ["region", "place", "date"]


def edge_hours(frame: pd.DataFrame, items: Sequence[str], *, place_kind: str) -> pd.DataFrame:
    """Return the rows of ``met_edges``: hours of the days at a place's ends that lack hours.

    Args:
        frame: ``region, place, date`` (the day that an hour belongs to), ``time``, ``row`` and one
            column an item; a place has each hour once.
        items: the columns of values.
        place_kind: kind of all places.
    """
    hours = frame.groupby(_NAMED)["time"].transform("size")
    dates = frame.groupby(["region", "place"])["date"]
    ends = (frame["date"] == dates.transform("min")) | (frame["date"] == dates.transform("max"))
    kept = frame.loc[ends & (hours < _HOURS), [*_NAMED, "time", "row", *items]]
    long = kept.melt([*_NAMED, "time", "row"], list(items), var_name="item", value_name="value")
    long = long[long["value"].notna()].reset_index(drop=True)
    return long.assign(place_kind=place_kind).astype({"item": "str", "row": "int32"})
