"""Which layout a file has, judged by its content, never by its name or folder.

A new layout is one module and one line in ``LAYOUTS``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from forecast.errors import InputError, UsageError
from forecast.ingest.files.containers import read_sheet
from forecast.ingest.files.sheet import Sheet
from forecast.ingest.layouts import (
    airnow,
    aqicn_index,
    city_daily_official,
    city_day_header,
    city_day_headerless,
    city_hourly_means,
    dust_deducted,
    egret,
    emission_inventory,
    flow_daily,
    long_tidy,
    met_daily_zh,
    met_province_daily,
    national_hourly_long,
    national_hourly_wide,
    noaa_gsod,
    noaa_isd,
    open_meteo,
    openaq,
    pm25_daily,
    section_list,
    section_readings,
    shifted_header,
    stateair,
    station_hourly,
    station_list,
    uci_beijing,
    uci_cities,
    usgs_nwis,
    water_platform,
    weekly_bulletin,
    weekly_sections,
    winter_targets,
    yearbook,
    yearly_values,
)
from forecast.ingest.parsed import Layout

__all__ = ["LAYOUTS", "detect", "layout_named", "layout_of"]

LAYOUTS: dict[str, Layout] = {
    layout.name: layout
    for layout in (
        shifted_header.LAYOUT,
        city_day_header.LAYOUT,
        city_day_headerless.LAYOUT,
        city_daily_official.LAYOUT,
        dust_deducted.LAYOUT,
        long_tidy.LAYOUT,
        pm25_daily.LAYOUT,
        city_hourly_means.LAYOUT,
        aqicn_index.LAYOUT,
        station_hourly.LAYOUT,
        national_hourly_long.LAYOUT,
        *national_hourly_wide.LAYOUTS,
        uci_beijing.LAYOUT,
        uci_cities.LAYOUT,
        stateair.LAYOUT,
        airnow.LAYOUT,
        openaq.LAYOUT,
        met_daily_zh.LAYOUT,
        met_province_daily.LAYOUT,
        open_meteo.LAYOUT,
        noaa_gsod.LAYOUT,
        noaa_isd.LAYOUT,
        water_platform.LAYOUT,
        section_readings.LAYOUT,
        weekly_sections.LAYOUT,
        weekly_bulletin.LAYOUT,
        usgs_nwis.LAYOUT,
        egret.LAYOUT,
        flow_daily.LAYOUT,
        emission_inventory.LAYOUT,
        yearbook.LAYOUT,
        yearly_values.LAYOUT,
        winter_targets.LAYOUT,
        station_list.LAYOUT,
        section_list.LAYOUT,
    )
}

_SHOWN = 120


def detect(path: Path) -> Layout:
    """Return the layout of the file at ``path``.

    Raises:
        InputError: the file can't be read, or its layout is unknown.
    """
    return layout_of(read_sheet(path))


def layout_of(sheet: Sheet, own: Sequence[Layout] = ()) -> Layout:
    """Return the layout of ``sheet``; the workspace's ``own`` ones are tried first.

    Raises:
        InputError: none fits; the message shows the first line.
    """
    lines = sheet.head
    for layout in (*own, *LAYOUTS.values()):
        if layout.matches(lines):
            return layout
    names = [cell for cell in sheet.first if cell and not cell[0].isdigit()]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(
            f"{sheet.path} has more than one column {twice[0]}.", "Rename or remove one of them."
        )
    raise InputError(
        f"{sheet.where} has a layout that is not known; {_nearest(sheet)}",
        f"Have a mapping proposed: forecast map {sheet.path}.",
    )


def _nearest(sheet: Sheet) -> str:
    """Return what is in the first line, and which column keeps it from the layout it resembles."""
    first = "".join(c if c.isprintable() else "·" for c in ",".join(sheet.first))
    shown = first if len(first) <= _SHOWN else first[:_SHOWN] + "…"
    said = f"its first line is: {shown}."
    for at, name in enumerate(sheet.first):
        # A layout that would match without one column is kept from it by that column.
        lines = [[*line[:at], *line[at + 1 :]] for line in sheet.head]
        layout = next((x for x in LAYOUTS.values() if lines[0] and x.matches(lines)), None)
        if layout is not None:
            return f"{said} Without column {name} it would be {layout.name}."
    return said


def layout_named(name: str) -> Layout:
    """Return the layout called ``name``.

    Raises:
        UsageError: there is none.
    """
    try:
        return LAYOUTS[name]
    except KeyError:
        raise UsageError(
            f"There is no source called {name}.", f"Known sources: {', '.join(LAYOUTS)}."
        ) from None
