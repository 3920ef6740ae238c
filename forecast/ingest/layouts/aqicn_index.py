"""City days as points of the US index, as the history pages of aqicn.org give them.

``date, pm25, pm10, o3, no2, so2, co``: index points, never concentrations, and stored as such
(``pm25_us_index`` …). The lines stand in any order; the day is ``2021/11/2``, or ``7/2/25``
(month/day/year) where a spreadsheet saved the file again and the days above 12 show the order. The PM2.5 of day D stands on the line of
D + 1 and is moved back.

On request (``estimate_from_index``) PM2.5 and PM10 are estimated from their points by the break
points of the US EPA, flagged ``estimate``. The gases are not: their points rest on 1-hour or 8-hour
values in ppb, which gives neither a daily mean nor a mass without more than the file says.

Break points: 40 CFR Part 58, Appendix G, Table 2 as amended by the rule of 2013-01-15 (78 FR 3086),
in force to 2024-05-05; from 2024-05-06 as amended by the rule of 2024-03-06 (89 FR 16202). PM10 is the
same in both. Source: the Federal Register; grade: text of the tables from memory, the PM10 column and
the 300 to 500 points checked against the 2009 correction of the table (74 FR 30469).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.ingest.files.cells import numbers
from forecast.ingest.files.sheet import Sheet
from forecast.ingest.parsed import Layout, Parsed, Request
from forecast.ingest.readers.daily import BASIS_CHANGE, read_days

__all__ = ["LAYOUT", "concentration_of_points"]

_ITEMS = {item: f"{item}_us_index" for item in ("pm25", "pm10", "o3", "no2", "so2", "co")}
_TABLES = ("air_daily",)
_ENDING = re.compile(r"[-_ ]*air[-_ ]quality$", re.IGNORECASE)
_DAY = np.timedelta64(86400, "s")

#: From this day on the points of PM2.5 follow the rule of 2024.
_RULE_2024 = np.datetime64("2024-05-06", "s")

#: (points, µg/m³) at both ends of each segment.
_POINTS = (0.0, 50.0, 51.0, 100.0, 101.0, 150.0, 151.0, 200.0, 201.0, 300.0, 301.0, 400.0, 401.0,
           500.0)  # fmt: skip
_PM25_2013 = (0.0, 12.0, 12.1, 35.4, 35.5, 55.4, 55.5, 150.4, 150.5, 250.4, 250.5, 350.4, 350.5,
              500.4)  # fmt: skip
_PM10 = (0.0, 54.0, 55.0, 154.0, 155.0, 254.0, 255.0, 354.0, 355.0, 424.0, 425.0, 504.0, 505.0,
         604.0)  # fmt: skip
#: The rule of 2024 has one segment from 301 to 500.
_POINTS_2024 = (0.0, 50.0, 51.0, 100.0, 101.0, 150.0, 151.0, 200.0, 201.0, 300.0, 301.0, 500.0)
_PM25_2024 = (0.0, 9.0, 9.1, 35.4, 35.5, 55.4, 55.5, 125.4, 125.5, 225.4, 225.5, 325.4)


def concentration_of_points(
    item: str, points: NDArray[np.float64], date: NDArray[np.datetime64]
) -> NDArray[np.float64]:
    """Return the 24-hour mean [µg/m³] that has these points; NaN above 500, where no rule goes.

    Args:
        item: ``pm25`` or ``pm10``.
        points: index points, shape ``(day,)``.
        date: the days, shape ``(day,)``.

    >>> day = np.array(["2020-01-01", "2025-01-01"], "datetime64[s]")
    >>> concentration_of_points("pm25", np.array([100.0, 50.0]), day).tolist()
    [35.4, 9.0]
    """
    if item == "pm10":
        result = np.interp(points, _POINTS, _PM10)
    else:
        older = np.interp(points, _POINTS, _PM25_2013)
        newer = np.interp(points, _POINTS_2024, _PM25_2024)
        result = np.where(date < _RULE_2024, older, newer)
    return np.where((points >= 0) & (points <= _POINTS[-1]), result, np.nan)


def _matches(lines: Sequence[Sequence[str]]) -> bool:
    header = [cell.lower() for cell in lines[0]]
    named = header[1:]
    if header[0] != "date" or not {"pm25", "co"}.issubset(named):
        return False
    if len(named) < 3 or not set(_ITEMS).issuperset(named) or len(set(named)) != len(named):
        return False
    rows = [line[: len(header)] for line in lines[2:] if len(line) >= len(header)]
    cells = pd.DataFrame(rows, columns=header, dtype="str")
    co = numbers(cells["co"])
    values = co.values[~np.isnan(co.values)]
    # Points are whole numbers. CO tells them from concentrations: in mg/m³ it has decimals, in
    # µg/m³ it is in the hundreds.
    if not len(values) or np.median(values) > 60:
        return False
    return not any("." in cell for name in named for cell in cells[name])


def _parse(sheet: Sheet, request: Request) -> Parsed:
    body = sheet.named()
    body.columns = body.columns.str.lower()
    name = request.region
    if not request.region_given:
        name = _ENDING.sub("", name).strip() or name
    parsed = read_days(
        sheet,
        body,
        request,
        region=pd.Series(name, index=body.index, dtype="str"),
        day="date",
        items={column: _ITEMS[column] for column in body.columns if column in _ITEMS},
        zero_is_missing=True,
    )
    rows = parsed.tables["air_daily"]
    shifted = (rows["item"] == _ITEMS["pm25"]).to_numpy(bool)
    rows.loc[shifted, "date"] -= _DAY
    rows.loc[shifted, "known_from"] -= _DAY
    before = rows["date"].to_numpy("datetime64[s]") < BASIS_CHANGE
    rows["basis"] = np.where(before, "standard_state", "actual")
    if request.estimate_from_index:
        rows = pd.concat([rows, *_estimates(rows)], ignore_index=True)
    parsed.tables["air_daily"] = rows
    return parsed


def _estimates(rows: pd.DataFrame) -> list[pd.DataFrame]:
    parts = []
    for item in ("pm25", "pm10"):
        part = rows[rows["item"] == _ITEMS[item]].copy()
        part["value"] = concentration_of_points(
            item, part["value"].to_numpy(np.float64), part["date"].to_numpy("datetime64[s]")
        )
        part["item"] = item
        part["flag"] = (part["flag"] + " estimate").str.strip()
        parts.append(part[part["value"].notna()])
    return parts


def _parse_estimates(sheet: Sheet, request: Request) -> Parsed:
    parsed = _parse(sheet, request)
    rows = parsed.tables["air_daily"]
    estimated = rows["flag"].str.contains("estimate", regex=False).astype(bool)
    parsed.tables["air_daily"] = rows[estimated].reset_index(drop=True)
    return parsed


LAYOUT = Layout(
    name="aqicn_index",
    tables=_TABLES,
    description="city days in points of the US index: date, pm25, pm10, o3, no2, so2, co",
    matches=_matches,
    parse=_parse,
    region_from_name=True,
)

#: The estimates alone, of a file whose points are in the tables: points of an older file must not
#: come back over their corrections.
ESTIMATES = replace(LAYOUT, parse=_parse_estimates)
