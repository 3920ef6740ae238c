"""Targets of cities for an autumn and winter, by quarter: recognised, and refused with the way in.

``CityMEE,keyRegionZH,PM25_target,Heavy_Pollution_Target,target_period,base_period,…``. A target of
2020Q4 and the mean of 2019Q4 that it starts from belong to quarters. Neither the table of yearly
values nor a target's deadline can hold one, and a quarter stored as a year would be judged against
the wrong figure. Each is entered as a target of the user's own, on an entered figure.
"""

from __future__ import annotations

from collections.abc import Sequence

from forecast.errors import InputError
from forecast.ingest.files.sheet import Sheet
from forecast.ingest.parsed import Layout, Parsed, Request

__all__ = ["LAYOUT"]

_NEEDED = {"pm25_target", "target_period", "base_period"}


def _matches(lines: Sequence[Sequence[str]]) -> bool:
    header = {cell.lower() for cell in lines[0]}
    return header >= _NEEDED and bool({"citymee", "cityzh", "cityen", "city", "城市"} & header)


def _parse(sheet: Sheet, request: Request) -> Parsed:
    body = sheet.named()
    body.columns = body.columns.str.lower()
    periods = sorted({period for period in body["target_period"] if period})
    shown = ", ".join(periods[:4]) or "no period"
    raise InputError(
        f"{sheet.path} holds {len(body)} targets for quarters ({shown}), and no table of readings "
        "can hold those.",
        "Enter them with `forecast target import` as targets of your own, each with an indicator "
        "such as pm25_q4_mean and data = entered; no reading is in this file.",
    )


LAYOUT = Layout(
    name="winter_targets",
    tables=(),
    description="winter targets by quarter: CityMEE,…,PM25_target,…,target_period,base_period,…",
    matches=_matches,
    parse=_parse,
)
