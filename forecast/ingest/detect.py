"""Which layout a file has, judged by its content, never by its name or folder.

A new layout is one module and one line in ``LAYOUTS``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from forecast.errors import InputError, UsageError
from forecast.ingest.files.containers import read_sheet
from forecast.ingest.files.sheet import Sheet
from forecast.ingest.files.titles import titles_of, untitled
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
from forecast.shell_words import as_word

__all__ = ["LAYOUTS", "built_in", "detect", "layout_named", "layout_of", "recognised"]

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

#: Layouts that compare what a title says of units with the units of their columns.
_READ_UNITS = frozenset(
    layout.name
    for layout in (
        city_daily_official.LAYOUT, city_day_header.LAYOUT, city_day_headerless.LAYOUT,
        city_hourly_means.LAYOUT, dust_deducted.LAYOUT, long_tidy.LAYOUT, pm25_daily.LAYOUT,
        shifted_header.LAYOUT, station_hourly.LAYOUT, national_hourly_long.LAYOUT,
        section_readings.LAYOUT, weekly_sections.LAYOUT, weekly_bulletin.LAYOUT,
    )
)  # fmt: skip
_UNITS = re.compile(r"单位|(?<![a-z])units?(?![a-z])", re.IGNORECASE)


def detect(path: Path) -> Layout:
    """Return the layout of the file at ``path``.

    Raises:
        InputError: the file can't be read, or its layout is unknown.
    """
    return layout_of(read_sheet(path))


def layout_of(sheet: Sheet, own: Sequence[Layout] = ()) -> Layout:
    """Return the layout of ``sheet``; see ``recognised``."""
    return recognised(sheet, own)[0]


def recognised(
    sheet: Sheet, own: Sequence[Layout] = (), *, wanted: Layout | None = None
) -> tuple[Layout, Sheet]:
    """Return the layout of ``sheet``, and the sheet as that layout reads it: without its titles.

    A mapping that says in which line its header stands goes before the built-in layouts; another
    one does not take a file from them.

    Args:
        sheet: the table.
        own: layouts of the workspace's mappings.
        wanted: the layout to read it by, where it should not be detected.

    Raises:
        InputError: none fits, and the message shows the first line; or several mappings do; or a
            title says units that the layout does not compare with its own.
    """
    if wanted is not None:
        for one in chain((sheet,), untitled(sheet)):
            if wanted.matches(one.head):
                return wanted, _checked(one, wanted)
        raise InputError(
            f"{sheet.path} does not have the layout {wanted.name} ({wanted.description}).",
            "Leave --source out to have the layout detected.",
        )
    fits = [layout for layout in own if _fits(layout, sheet)]
    placed = [one for one in fits if (one.header_line or 0) > int(sheet.cells.index[0])]
    if placed:
        return _only(placed, sheet), sheet
    known = built_in(sheet)
    if known is not None:
        return known[0], _checked(known[1], known[0])
    if fits:
        return _only(fits, sheet), sheet
    *_, below = (sheet, *untitled(sheet))
    sheet = below if len(below.first) > 2 else sheet
    names = [cell for cell in sheet.first if cell and not cell[0].isdigit()]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(
            f"{sheet.path} has more than one column {twice[0]}.", "Rename or remove one of them."
        )
    raise InputError(
        f"{sheet.where} has a layout that is not known; {_nearest(sheet)}",
        f"Have a mapping proposed: forecast map {as_word(sheet.path)}.",
    )


def built_in(sheet: Sheet) -> tuple[Layout, Sheet] | None:
    """Return the built-in layout of a table, and the table without titles; None where none fits."""
    for one in chain((sheet,), untitled(sheet)):
        lines = one.head
        for layout in LAYOUTS.values():
            if layout.matches(lines):
                return layout, one
    return None


def _only(fits: Sequence[Layout], sheet: Sheet) -> Layout:
    """Return the one mapping that fits; which of several is meant has to be said."""
    if len(fits) > 1:
        names = ", ".join(layout.name.removeprefix("mapping_") for layout in fits)
        raise InputError(
            f"{sheet.where} could be read by several mappings of this workspace: {names}.",
            "Say which one: forecast ingest FILE --map mappings/NAME.toml.",
        )
    return fits[0]


def _fits(layout: Layout, sheet: Sheet) -> bool:
    """Return whether a sheet has the header of a mapping, in the line that it says."""
    line = layout.header_line
    if line is None:
        return layout.matches(sheet.head)
    return line in sheet.cells.index and layout.matches([[str(c) for c in sheet.cells.loc[line]]])


def _checked(sheet: Sheet, layout: Layout) -> Sheet:
    """Return the sheet, unless a title says units that its layout would not look at."""
    said = {line: text for line, text in titles_of(sheet).items() if _UNITS.search(text)}
    if layout.name in _READ_UNITS or layout.mark or not said:
        return sheet
    line, text = next(iter(said.items()))
    shown = text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
    raise InputError(
        f"{sheet.where}, row {line} says units («{shown}») above a table of layout {layout.name}, "
        "which has units of its own.",
        "If the units are those of the layout, remove the line in a copy; else write them into the "
        f"header and have a mapping proposed: forecast map {as_word(sheet.path)}.",
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
