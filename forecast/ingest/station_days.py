"""City days from given days of single points, by the law's mean of evaluation points.

Own layouts may have days of points (``air_daily`` with ``place_kind`` ``station``); targets are of
cities. A made day is flagged ``from_points`` and has the points' source, so that a day that another
source gives for the city itself speaks before it.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.ingest.detect import LAYOUTS
from forecast.ingest.points import STATION_LIST, points_of
from forecast.ingest.readers.daily import BASIS_CHANGE
from forecast.ingest.storing import CHECKS_PENDING
from forecast.revisions import last_versions
from forecast.standards.city_mean import city_means, in_force
from forecast.standards.hours import DAY_ITEMS
from forecast.store import Writer
from forecast.tables import TABLES
from forecast.workspace import Workspace

__all__ = ["FROM_POINTS", "make_city_days", "rebuild_city_days"]

#: Flag of a city day that was made of the given days of its points.
FROM_POINTS = "from_points"

_END_OF_DAY = np.timedelta64(86399, "s")
_KEY = list(TABLES["air_daily"].key)


def make_city_days(ws: Workspace, received: pd.Timestamp) -> int:
    """Make the days of cities of whose points days came in; return how many values changed.

    To be called before the rules look at what came in: files that they have not looked at are those
    whose days are to be made, also after a stop.

    Raises:
        WorkspaceError: the tables can't be written; the days are made next time.
    """
    files = ws.store.files()
    pending = files[files["status"] == CHECKS_PENDING]
    # No built-in layout has days of single points.
    if pending.empty or not set(files["layout"]) - set(LAYOUTS):
        return 0
    rows = ws.store.read("air_daily", columns=["source", "place_kind", "file_id"])
    rows = rows[rows["place_kind"] == "station"]
    if not (pending["layout"] == STATION_LIST).any():
        rows = rows[rows["file_id"].isin(pending["file_id"])]
    if rows.empty:
        return 0
    with ws.store.writer() as writer:
        return rebuild_city_days(writer, map(str, rows["source"].unique()), received)


def rebuild_city_days(writer: Writer, sources: Iterable[str], received: pd.Timestamp) -> int:
    """Make the days of the cities again whose points have days; return how many values changed.

    Args:
        writer: the change under way.
        sources: the layouts of the points.
        received: from when changed days are known.
    """
    sites = writer.read("sites")
    years = [writer.read("air_daily", year) for year in writer.partitions("air_daily")]
    made = []
    for source in sources:
        mine = [rows[rows["source"] == source] for rows in years]
        rows = last_versions(pd.concat(mine, ignore_index=True), _KEY) if mine else pd.DataFrame()
        if rows.empty:
            continue
        silent = rows["flag"].str.contains("rejected", regex=False).astype(bool)
        points = rows[(rows["place_kind"] == "station") & rows["item"].isin(DAY_ITEMS) & ~silent]
        days = _city_days(source, points[points["region"] != ""], sites)
        ours = rows["flag"].str.contains(FROM_POINTS, regex=False).astype(bool)
        # What the source itself gives under the city's name stays.
        days = _without(days, rows[~ours])
        made += [days, _withdrawn(rows[ours & ~silent], days)]
    made = [part for part in made if len(part)]
    if not made:
        return 0
    outcome = writer.merge("air_daily", pd.concat(made, ignore_index=True), received, whole=True)
    return int((outcome["outcome"] != "unchanged").sum())


def _city_days(source: str, rows: pd.DataFrame, sites: pd.DataFrame) -> pd.DataFrame:
    """Return the days of cities, long; ``rows`` has one version of each point's day and item."""
    if rows.empty:
        return rows
    place, places = pd.factorize(pd.MultiIndex.from_frame(rows[["region", "place"]]), sort=True)
    day, days = pd.factorize(rows["date"].to_numpy("datetime64[D]"), sort=True)
    item = rows["item"].map(DAY_ITEMS.index).to_numpy(np.int64)
    values = np.full((len(places), len(days), len(DAY_ITEMS)), np.nan)
    values[place, day, item] = rows["value"].to_numpy(np.float64)
    line = np.full(values.shape, len(rows))
    line[place, day, item] = np.arange(len(rows))
    region, name = (places.get_level_values(n).to_numpy(dtype=object) for n in (0, 1))
    points = points_of(sites, source, region, name, np.arange(len(places)))
    at = points["at"].to_numpy(np.int64)
    dates = [points[c].to_numpy("datetime64[D]") for c in ("valid_from", "valid_to")]
    counted = in_force(days, points["role"].to_numpy(dtype=str), *dates)
    undated = np.isnat(dates[0]) & np.isnat(dates[1])
    counted &= ~(undated[:, None] & _silent_months(values, days)[at])
    city, cities = pd.factorize(points["city"], sort=True)
    means = city_means(values[at], city, counted, n_cities=len(cities)).values
    # A made day has the version and the line of its first point's.
    first = np.full(means.shape, len(rows))
    for of, point, use in zip(city, at, counted, strict=True):
        first[of, use] = np.minimum(first[of, use], line[point, use])
    of_city, of_day, of_item = np.nonzero(~np.isnan(means))
    date = days[of_day].astype("datetime64[s]")
    origin = rows.iloc[first[of_city, of_day, of_item]]
    named = pd.Series(cities.to_numpy(dtype=object)[of_city], dtype="str")
    return pd.DataFrame(
        {
            "region": named,
            "place": named,
            "place_kind": "city",
            "date": date,
            "item": pd.Series(np.array(DAY_ITEMS, dtype=object)[of_item], dtype="str"),
            "value": means[of_city, of_day, of_item],
            "basis": np.where(date < BASIS_CHANGE, "standard_state", "actual"),
            "source": source,
            "version": origin["version"].to_numpy(),
            "flag": FROM_POINTS,
            "known_from": date + _END_OF_DAY,
            "file_id": origin["file_id"].to_numpy(),
            "row": origin["row"].to_numpy(),
        }
    )


def _silent_months(values: NDArray[np.float64], days: NDArray[np.datetime64]) -> NDArray[np.bool_]:
    """Return where a point has no value in the whole month, shape ``(point, day)``.

    A source may keep the names of points that were closed: one without dates counts in the months
    in which it has a reading.
    """
    there = np.asarray(~np.isnan(values).all(axis=2), dtype=bool)
    months, month = np.unique(days.astype("datetime64[M]"), return_inverse=True)
    seen = np.stack([there[:, month == m].any(axis=1) for m in range(len(months))], axis=1)
    return np.asarray(~seen[:, month], dtype=bool)


def _withdrawn(stored: pd.DataFrame, made: pd.DataFrame) -> pd.DataFrame:
    """Return, without a value, the days that are stored and can no longer be made."""
    gone = _without(stored, made)
    dates = gone["date"].to_numpy("datetime64[s]")
    return gone.assign(
        value=np.nan, flag=f"{FROM_POINTS} withdrawn rejected", known_from=dates + _END_OF_DAY
    )


def _without(rows: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    """Return the rows whose key none of ``others`` has."""
    if rows.empty or others.empty:
        return rows
    keys = pd.MultiIndex.from_frame(others[_KEY])
    return rows[~pd.MultiIndex.from_frame(rows[_KEY]).isin(keys)]
