"""City days that are plain means of 24 hourly values: ``city,date,AQI,CO,NO2,O3,PM10,PM2.5,SO2``.

The AQI is a mean of hourly AQIs and O3 the 24-hour mean, so neither may take the place of the
official AQI or of the 8-hour O3. The hourly CO had been rounded to whole mg/m³ before the means
were taken, which turns most of it to 0: such a column is left out, since what it holds is no CO.
0 means "no value" for the other items: no item is truly 0 over 24 hours.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from forecast.ingest.files.cells import numbers
from forecast.ingest.files.sheet import Sheet
from forecast.ingest.parsed import Layout, Parsed, Request
from forecast.ingest.readers.daily import read_days

__all__ = ["LAYOUT"]

_ITEMS = {
    "aqi": "aqi_hourly_mean",
    "co": "co",
    "no2": "no2",
    "o3": "o3_24h",
    "pm10": "pm10",
    "pm2.5": "pm25",
    "so2": "so2",
}

#: Days of at least this many hours have a mean.
_FEWEST_HOURS = 12


def _matches(lines: Sequence[Sequence[str]]) -> bool:
    header = [cell.lower() for cell in lines[0]]
    if sorted(header) != sorted(["city", "date", *_ITEMS]):
        return False
    at = header.index("aqi")
    # A whole number could be the official AQI as well; a mean of 24 shows in its decimals.
    return any(len(line) > at and "." in line[at].removesuffix(".0") for line in lines[2:])


def _parse(sheet: Sheet, request: Request) -> Parsed:
    body = sheet.named()
    body.columns = body.columns.str.lower()
    items = dict(_ITEMS)
    ignored: tuple[str, ...] = ()
    if _rounded(body["co"]):
        del items["co"]
        ignored = ("CO (means of hours that were rounded to whole mg/m³)",)
    return read_days(
        sheet,
        body,
        request,
        region=body["city"],
        day="date",
        items=items,
        zero_is_missing=True,
        ignored=ignored,
    )


def _rounded(column: pd.Series[str]) -> bool:
    """Whether every value is a mean of whole numbers over 12 to 24 hours."""
    values = numbers(column).values
    values = values[~np.isnan(values)]
    if not len(values):
        return False
    hours = np.arange(_FEWEST_HOURS, 25)[:, None]
    sums = hours * values
    whole = (np.abs(sums - np.round(sums)) < 1e-6).any(axis=0)
    # Two decimals are a sum over 20 or 24 hours by chance only now and then.
    return bool(whole.mean() > 0.95)


LAYOUT = Layout(
    name="city_hourly_means",
    tables=("air_daily",),
    description="city days as means of 24 hours: city,date,AQI,CO,NO2,O3,PM10,PM2.5,SO2",
    matches=_matches,
    parse=_parse,
)
