"""From a table with one column of discharge to tidy daily flows."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.ingest.files.cells import numbers
from forecast.ingest.files.long_records import long_times
from forecast.ingest.parsed import Notes, Request
from forecast.ingest.readers.units import conversion

__all__ = ["flow_factor", "qualified", "read_flow"]

#: What is believed of a daily mean [m³/s]. The Amazon at its highest carries some 370,000 m³/s
#: (Óbidos, 1953); tides and plain rivers also flow backwards.
_LOWEST, _HIGHEST = -100_000.0, 400_000.0

#: How sources of flow write "no value" beside the usual ways. -999999 is that of the USGS.
_NO_VALUE = -999_999.0

_END_OF_DAY = np.timedelta64(86399, "s")


def read_flow(
    body: pd.DataFrame,
    request: Request,
    notes: Notes,
    *,
    region: pd.Series[str],
    place: pd.Series[str],
    day: str,
    flow: str,
    factor: float,
    version: NDArray[np.str_] | str = "unknown",
    flag: NDArray[np.str_] | str = "",
    no_value: frozenset[str] = frozenset(),
) -> pd.DataFrame:
    """Read daily mean flows of gauges.

    A row without a gauge, a day or a readable number goes to quarantine, and so does a second row of
    a gauge's day that says something else; an exact repeat is counted and left out.

    Args:
        body: the data lines as text; the index is the line.
        request: latest year.
        notes: where findings go.
        region, place: of each line.
        day: the column of the day.
        flow: the column of the flow.
        factor: from its unit to m³/s.
        version, flag: of each line, or of all.
        no_value: words of this source for "no value", in lower case.

    Returns:
        Rows of ``flow_daily`` [m³/s].
    """
    nameless = ((place == "") | (region == "")).to_numpy(bool)
    notes.problem(
        list(body.index[nameless]), "", list(place[nameless]), "no gauge or no region"
    )  # fmt: skip
    moments, why = long_times(body[day], last_year=request.last_year)
    of_an_hour = ~np.isnat(moments) & (moments != moments.astype("datetime64[D]"))
    # A day stamped 24:00 is the one that ends.
    days, _ = long_times(body[day], last_year=request.last_year, whole_days=True)
    why = why.mask(of_an_hour, "a value of an hour, not of a day")
    undated = (np.isnat(moments) | of_an_hour) & ~nameless
    notes.problem(list(body.index[undated]), day, list(body[day][undated]), list(why[undated]))
    usable = ~undated & ~nameless

    cells = body[flow].mask(body[flow].str.lower().isin(no_value), "")
    read = numbers(cells)
    unsure = (read.bad | read.censored) & usable
    notes.problem(
        list(body.index[unsure]), flow, list(body[flow][unsure]), "not a number; row set aside"
    )
    missing = read.missing | (read.values == _NO_VALUE)
    notes.missing += int((missing & usable).sum())
    usable &= ~missing & ~unsure
    values = read.values * factor
    wrong = usable & ((values < _LOWEST) | (values > _HIGHEST))
    notes.problem(
        list(body.index[wrong]), flow, list(body[flow][wrong]), "outside what a flow can be"
    )
    usable &= ~wrong

    rows = pd.DataFrame(
        {
            "region": region.to_numpy(dtype=object),
            "place": place.to_numpy(dtype=object),
            "place_kind": "gauge",
            "date": days,
            "item": "flow",
            "value": values,
            "version": version,
            "flag": flag,
            "known_from": days + _END_OF_DAY,
            "row": body.index.to_numpy(np.int32),
        }
    )[usable]
    key = ["region", "place", "date"]
    later = rows.duplicated(key).to_numpy(bool)
    if later.any():
        first = rows.groupby(key, sort=False)[["value", "row"]].transform("first")
        same = (rows["value"] == first["value"]).to_numpy(bool)
        notes.duplicates += int((later & same).sum())
        other = rows[later & ~same]
        models = first["row"][later & ~same]
        notes.problem(
            list(other["row"]), day, list(other["date"].dt.strftime("%Y-%m-%d")),
            [f"a second row of this day with another flow; the first is row {at}" for at in models],
        )  # fmt: skip
        contradicted = rows["row"].isin(set(models)).to_numpy(bool)
        flags = rows["flag"].astype("str").mask(contradicted, rows["flag"] + " conflicting")
        rows = rows.assign(flag=flags.str.strip())[~later]
    result: pd.DataFrame = rows.reset_index(drop=True)
    return result


def qualified(codes: pd.Series[str]) -> tuple[NDArray[np.str_], NDArray[np.str_]]:
    """Return version and flag of values qualified by the USGS: ``A`` is approved, ``P`` provisional,
    ``e`` an estimate (``A``, ``P``, ``A:e``, ``A e``, ``Ae``).

    >>> version, flag = qualified(pd.Series(["A", "P", "A:e", ""]))
    >>> version.tolist(), flag.tolist()
    (['audited', 'realtime', 'audited', 'unknown'], ['', '', 'estimate', ''])
    """
    letters = codes.str.replace(r"[^A-Za-z<>\[\]]", " ", regex=True)
    approved = letters.str.match(r"A(?:e|\b)").to_numpy(bool)
    provisional = letters.str.match(r"P(?:e|\b)").to_numpy(bool)
    estimated = letters.str.contains(r"(?:\b|^[AP])[eE]\b", regex=True).to_numpy(bool)
    version = np.where(approved, "audited", np.where(provisional, "realtime", "unknown"))
    return version, np.where(estimated, "estimate", "")


def flow_factor(unit: str) -> float | None:
    """Return the factor from ``unit`` to m³/s, or None where the unit is not one of flow.

    >>> flow_factor("m³/s"), flow_factor("ft3/s"), flow_factor("mm")
    (1.0, 0.028316846592, None)
    """
    way = conversion(unit, "m³/s")
    return None if way is None else way.times / way.over
