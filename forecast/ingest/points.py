"""Which point belongs to which city, in which role, from when to when."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.ingest.storing import STATION_LIST

__all__ = ["points_of"]


def points_of(
    sites: pd.DataFrame,
    source: str,
    region: NDArray[np.object_],
    place: NDArray[np.object_],
    at: NDArray[np.int64],
) -> pd.DataFrame:
    """Return the city, role and dates of monitoring points.

    A point is looked up by city and name, or by its code alone where the source names no city
    (``region`` empty). The list of stations goes before the source's own words; of several entries
    the last one begun counts. A point without an entry that has a city counts as an evaluation
    point; one without a city is left out.

    Args:
        sites: the table of sites.
        source: the layout of the readings.
        region, place: names of all places of the readings, shape ``(place,)``.
        at: numbers of the points among them.

    Returns:
        ``at, city, role, valid_from, valid_to``, one row a point; dates NaT where not known.
    """
    mine = sites[(sites["place_kind"] == "station") & sites["source"].isin([source, STATION_LIST])]
    mine = mine.assign(listed=mine["source"] == STATION_LIST)
    mine = mine.sort_values(["listed", "valid_from"], na_position="first", kind="stable")
    by_name: dict[tuple[str, str], tuple[str, str, Any, Any]] = {}
    by_code: dict[str, tuple[str, str, Any, Any]] = {}
    columns = (mine[c] for c in ("region", "place", "role", "valid_from", "valid_to"))
    for of, name, role, begun, ended in zip(*columns, strict=True):
        by_name[str(of), str(name)] = (str(of), str(role), begun, ended)
        if of:
            by_code[str(name)] = by_name[str(of), str(name)]
    rows: list[tuple[int, str, str, Any, Any]] = []
    for number in at:
        city, name = str(region[number]), str(place[number])
        entry = by_name.get((city, name)) if city else by_code.get(name)
        if entry is not None:
            rows.append((int(number), *entry))
        elif city:
            rows.append((int(number), city, "", pd.NaT, pd.NaT))
    table = pd.DataFrame(rows, columns=["at", "city", "role", "valid_from", "valid_to"])
    for column in ("valid_from", "valid_to"):
        table[column] = pd.to_datetime(table[column])
    return table
