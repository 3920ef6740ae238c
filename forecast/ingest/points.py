"""Which point belongs to which city, in which role, from when to when."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.region_names import normalise_region

__all__ = [
    "STATION_LIST",
    "points_of",
    "unknown_points",
    "unmatched_controls",
    "with_cities",
    "with_list",
]

#: The layout whose files say which point belongs to which city.
STATION_LIST = "station_list"

#: Codes of the national network: one point each in the whole country, whatever its city.
_NATIONAL = re.compile(r"[0-9]{4}[A-Z]")

_DAY = np.timedelta64(1, "D")


#: The points of a city share its name, and a nation has some hundred cities.
_bare = lru_cache(maxsize=4096)(normalise_region)


class _Entry(NamedTuple):
    """What a source says of a point from one day to another; NaT where it is open."""

    city: str
    role: str
    begun: np.datetime64
    ended: np.datetime64


class _Entries:
    """The entries of lists or of a source, found by city and code or name, or by code alone.

    Args:
        sites: their rows of the table of sites.
        of_lists: True where a code of the national network is found whatever the city.
    """

    def __init__(self, sites: pd.DataFrame, *, of_lists: bool) -> None:
        self.of_lists = of_lists
        self._by_place: dict[tuple[str, str], list[_Entry]] = {}
        self._by_code: dict[str, list[_Entry]] = {}
        self._spelt: dict[str, str] = {}
        dates = (sites[c].to_numpy("datetime64[D]") for c in ("valid_from", "valid_to"))
        texts = (sites[c].astype("str").tolist() for c in ("region", "place", "name", "role"))
        for city, code, name, role, begun, ended in zip(*texts, *dates, strict=True):
            entry = _Entry(city, role, begun, ended)
            near = _bare(city)
            for word in {code, name} - {""}:
                self._by_place.setdefault((near, word), []).append(entry)
            if city:
                self._by_code.setdefault(code, []).append(entry)
                # Two lists may write one city in two ways; days are made under one of them.
                known = self._spelt.get(near, city)
                self._spelt[near] = min(known, city, key=lambda word: (len(word), word))

    def of(self, city: str, place: str, spelt: Mapping[str, str]) -> list[_Entry]:
        """Return the entries of a point, one after the other and none over another.

        Cities are written as ``spelt`` says (bare name → name), or as the entries do.
        """
        found = self._by_place.get((_bare(city), place), []) if city else []
        if not city or (self.of_lists and _NATIONAL.fullmatch(place)):
            found = self._by_code.get(place, found)
        named = []
        for entry in _in_turn(found):
            near = _bare(entry.city)
            named.append(entry._replace(city=spelt.get(near) or self._spelt.get(near, "")))
        return named


def _in_turn(entries: Sequence[_Entry]) -> list[_Entry]:
    """Return entries in order of their begin, each ended where the next one begins."""
    if len(entries) < 2:
        return list(entries)
    begins: dict[np.datetime64, _Entry] = {}
    for entry in entries:
        begun = np.datetime64("0001-01-01", "D") if np.isnat(entry.begun) else entry.begun
        begins[begun] = entry
    turns = []
    starts = sorted(begins)
    for at, start in enumerate(starts):
        entry = begins[start]
        if at + 1 < len(starts):
            end = starts[at + 1] - _DAY
            if np.isnat(entry.ended) or entry.ended > end:
                entry = entry._replace(ended=end)
        turns.append(entry)
    return turns


def points_of(
    sites: pd.DataFrame,
    source: str,
    region: NDArray[np.object_],
    place: NDArray[np.object_],
    at: NDArray[np.int64],
) -> pd.DataFrame:
    """Return the city, role and dates of monitoring points.

    A point is looked up by its city, with or without 市 and the like, and its code or name; by its
    code alone where the source names no city (``region`` empty) or the code is one of the national
    network. The list of stations goes before the source's own words. A point without an entry that
    has a city counts as an evaluation point; one without a city is left out.

    Args:
        sites: the table of sites.
        source: the layout of the readings.
        region, place: names of all places of the readings, shape ``(place,)``.
        at: numbers of the points among them.

    Returns:
        ``at, city, role, valid_from, valid_to``, one row for each time in which a point has one
        role and city; the times of a point don't overlap. Dates are NaT where open.
    """
    mine = sites[sites["place_kind"] == "station"]
    listed = _Entries(mine[mine["source"] == STATION_LIST], of_lists=True)
    own = _Entries(mine[mine["source"] == source], of_lists=False)
    spelt = {_bare(word): word for word in sorted(map(str, set(region)), reverse=True)}
    rows: list[tuple[int, str, str, np.datetime64, np.datetime64]] = []
    open_end = np.datetime64("NaT", "D")
    for number in at:
        city, name = str(region[number]), str(place[number])
        entries = listed.of(city, name, spelt) or own.of(city, name, spelt)
        rows += [(int(number), *entry) for entry in entries if entry.city]
        if not entries and city:
            rows.append((int(number), city, "", open_end, open_end))
    table = pd.DataFrame(rows, columns=["at", "city", "role", "valid_from", "valid_to"])
    for column in ("valid_from", "valid_to"):
        table[column] = pd.to_datetime(table[column])
    return table


def with_list(sites: pd.DataFrame, points: pd.DataFrame) -> pd.DataFrame:
    """Return the table of sites with a list of stations that came last.

    What it says of a point stands for the whole history of the point, so that a list can correct a
    city, a role or a date; points that it does not name stay as they are.

    Args:
        sites: the table of sites.
        points: the rows of the list, of the same columns.
    """
    again = (sites["source"] == STATION_LIST).to_numpy(bool) & _named_in(sites, points)
    return pd.concat([sites[~again], points[sites.columns]], ignore_index=True)


def unknown_points(sites: pd.DataFrame, points: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a list whose points no stored list names."""
    listed = sites[sites["source"] == STATION_LIST]
    return points[~_named_in(points, listed)]


def _named_in(points: pd.DataFrame, others: pd.DataFrame) -> NDArray[np.bool_]:
    """Return which rows are of a point that ``others`` have too."""
    keys, spots = set(_identities(others)), set(_spots(others)) - {None}
    found = [
        key in keys or spot in spots
        for key, spot in zip(_identities(points), _spots(points), strict=True)
    ]
    return np.array(found, dtype=bool)


def _identities(points: pd.DataFrame) -> list[tuple[str, str]]:
    """Return what names each point in all lists: a city's own code is one in that city alone."""
    return [
        ("" if _NATIONAL.fullmatch(code) else _bare(city), code)
        for city, code in zip(points["region"], points["place"], strict=True)
    ]


def _spots(points: pd.DataFrame) -> list[tuple[str, float, float] | None]:
    """Return code and coordinates of each point; None where it has none."""
    columns = (points[name] for name in ("place", "longitude", "latitude"))
    return [
        None if lon != lon else (code, lon, lat) for code, lon, lat in zip(*columns, strict=True)
    ]


def unmatched_controls(sites: pd.DataFrame) -> pd.DataFrame:
    """Return the control points of lists that are no point of the readings of their city.

    Such a point takes part in the city's mean under the name that the readings have for it. Cities
    without readings of points are left out.

    Args:
        sites: the table of sites.

    Returns:
        ``region, place, name``, sorted.
    """
    if not (sites["source"] == STATION_LIST).any():
        return sites[["region", "place", "name"]].iloc[:0]
    stations = sites[sites["place_kind"] == "station"]
    mine = stations[(stations["source"] == STATION_LIST) & (stations["role"] == "control")]
    others = stations[(stations["source"] != STATION_LIST) & (stations["region"] != "")]
    near = others["region"].map(_bare)
    known = {
        (city, word)
        for column in ("place", "name")
        for city, word in zip(near, others[column], strict=True)
    }
    national = {code for code in others["place"] if _NATIONAL.fullmatch(code)}
    cities = set(near)
    left = [
        city in cities
        and (city, code) not in known
        and (city, name) not in known
        and code not in national
        for city, code, name in zip(
            mine["region"].map(_bare), mine["place"], mine["name"], strict=True
        )
    ]
    found = mine.loc[np.array(left, dtype=bool), ["region", "place", "name"]]
    return found.drop_duplicates().sort_values(["region", "place"], ignore_index=True)


def with_cities(rows: pd.DataFrame, sites: pd.DataFrame) -> pd.DataFrame:
    """Return ``rows`` with the city of points that are known by their code alone.

    Some sources name no city, so that ``region`` is empty; the list of stations says it, of several
    entries the last one begun. Rows that it does not know stay as they are.

    Args:
        rows: rows with ``region`` and ``place``.
        sites: the table of sites.
    """
    blank = rows["region"] == ""
    if not blank.any():
        return rows
    listed = sites[(sites["place_kind"] == "station") & (sites["source"] == STATION_LIST)]
    entries = _Entries(listed, of_lists=True)
    city = {}
    for name in rows.loc[blank, "place"].unique():
        found = entries.of("", str(name), {})
        city[name] = found[-1].city if found else ""
    named = rows.loc[blank, "place"]
    region = rows["region"].copy()
    region[blank] = pd.Series([city[name] for name in named], named.index, dtype="str")
    return rows.assign(region=region)
