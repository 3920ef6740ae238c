"""The national platform of automatic water stations: its snapshots (JSON) and its tables by section.

``省份,流域,断面名称,监测时间,水质类别,水温(℃),pH(无量纲),溶解氧(mg/L),…,站点情况``. In the snapshots the
cells are HTML: the value that counts is the raw one in ``title='原始值：17.67623'``, the one shown is
rounded; ``title='极值过滤'`` marks a value that the source itself took out. City and river are in the
title of the section's name. ``--`` is no value, ``*`` an item that is not monitored.

The time has no year (``05-10 08:05``): the name of the file, or of its folder, must say it. A reading
cannot come after the day, month or year so named, so one that would is of the year before; a
reading over 31 days older than that period was left over by a station that no longer reports, its
year can't be known, and it goes to quarantine. Stopped stations (停站) go there too; rows under
maintenance (维护) are kept and flagged. The region is the city; where the source says none, the one
given with ``--region``, else the province. Section names stay as written, old names in brackets.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import InputError
from forecast.ingest.files.cells import MISSING, times
from forecast.ingest.files.file_dates import Period, period_named
from forecast.ingest.files.sheet import Sheet
from forecast.ingest.parsed import Layout, Notes, Parsed, Request, ragged_rows
from forecast.ingest.readers.samples import read_items, water_type
from forecast.ingest.readers.water_columns import scaled, water_column

__all__ = ["LAYOUT"]

_NEEDED = {"省份", "断面名称", "监测时间"}
_OTHER = {"流域", "水质类别", "站点情况", "所属河流", "河流", "所在地市", "城市"}

#: A reading older than this before the named period says nothing of its year.
_STALE = timedelta(days=31)

_TAG = re.compile(r"<[^>]*>")
_TITLE = r"title\s*=\s*(?:'([^']*)'|\"([^\"]*)\")"
_NO_YEAR = r"(?P<month>[0-9]{1,2})[-/月](?P<day>[0-9]{1,2})日?\s+(?P<clock>[0-9]{1,2}:[0-9]{2})"
_FILTERED = "极值过滤"


def _header(cells: Sequence[str]) -> list[str]:
    """Return the header without its markup: ``水温<br/><span …>(℃)</span>`` → ``水温(℃)``."""
    return [html.unescape(_TAG.sub("", cell)).strip() for cell in cells]


def _matches(lines: Sequence[Sequence[str]]) -> bool:
    header = _header(lines[0])
    items = [name for name in header if water_column(name) is not None]
    return (
        _NEEDED.issubset(header)
        and len(set(header)) == len(header)
        and bool(items)
        and {*_NEEDED, *_OTHER, *items}.issuperset(header)
    )


def _parse(sheet: Sheet, request: Request) -> Parsed:
    notes = Notes()
    ragged_rows(sheet, notes)
    body = sheet.named()
    body.columns = pd.Index(_header(sheet.first))
    titles = _titles(body["断面名称"])
    for column in body.columns:
        body[column] = _plain(body[column])
    for optional in ("流域", "站点情况", "水质类别"):
        if optional not in body:
            body[optional] = ""
    city = _first_filled([_said(titles, "所在地市"), *_columns(body, "所在地市", "城市")])
    river = _first_filled([_said(titles, "所属河流"), *_columns(body, "所属河流", "河流")])
    fallback = request.region if request.region_given else body["省份"]
    region = city.where(city != "", fallback)

    moments, why = _moments(sheet, body["监测时间"], request.last_year)
    nameless = ((body["断面名称"] == "") | (region == "")).to_numpy(bool)
    stopped = (body["站点情况"] == "停站").to_numpy(bool) & ~nameless
    undated = np.isnat(moments) & ~nameless & ~stopped
    for where, column, reason in (
        (nameless, "断面名称", pd.Series("no section or no region", index=body.index)),
        (stopped, "站点情况", pd.Series(
            "the station is stopped (停站); what it shows is old", index=body.index)),
        (undated, "监测时间", why),
    ):  # fmt: skip
        cells = list(body[column][where])
        notes.problem(list(body.index[where]), column, cells, list(reason[where]))
    usable = ~(nameless | stopped | undated)
    strange = usable & ~body["站点情况"].isin(["正常", "维护", *MISSING]).to_numpy(bool)
    notes.problem(
        list(body.index[strange]), "站点情况", list(body["站点情况"][strange]),
        "a state of the station that is not known; the row is kept",
    )  # fmt: skip

    columns = {name: known for name in body if (known := water_column(str(name))) is not None}
    for name, known in columns.items():
        filtered = (body[name] == _FILTERED).to_numpy(bool)
        shown = filtered & usable
        notes.problem(
            list(body.index[shown]), str(name), [_FILTERED] * int(shown.sum()),
            "taken out by the source as an extreme value; the rest of the row is kept",
        )  # fmt: skip
        body[name] = scaled(body[name].mask(filtered, ""), known.factor)
    used = body[usable]
    described = pd.DataFrame(
        {
            "region": region[usable],
            "place": used["断面名称"],
            "basin": used["流域"],
            "river": river[usable],
            "water_type": water_type(
                river[usable], used["断面名称"], [region[usable], used["断面名称"]]
            ),
            "time": moments[usable],
            "known_from": moments[usable],
            "version": "realtime",
            "flag": np.where(used["站点情况"] == "维护", "maintenance", ""),
        },
        index=used.index,
    )
    rows = read_items(
        sheet,
        described,
        body,
        {str(name): known.item for name, known in columns.items()},
        notes,
        key=["region", "place", "time"],
        class_column="水质类别",
    )
    places = pd.DataFrame({"region": region[~nameless], "place": body["断面名称"][~nameless]})
    places = places.drop_duplicates().assign(place_kind="section")
    return Parsed({"water_samples": rows}, notes, len(body) + len(sheet.ragged), (), places)


def _plain(cells: pd.Series[str]) -> pd.Series[str]:
    """Return cells without markup: the raw value of the title where there is one, else what is shown."""
    codes, distinct = pd.factorize(cells.to_numpy(dtype=object))
    plain = np.array([_plain_cell(str(cell)) for cell in distinct], dtype=object)
    return pd.Series(plain[codes], index=cells.index, dtype="str")


def _plain_cell(cell: str) -> str:
    if "<" not in cell:
        return html.unescape(cell)
    title = re.search(_TITLE, cell)
    if title is not None:
        said = html.unescape(title[1] or title[2] or "").strip()
        if said == _FILTERED:
            return _FILTERED
        raw = re.fullmatch(r"原始值\s*[:：]\s*(.*\S)\s*", said)
        if raw is not None:
            return raw[1]
    # "<0.02" is a value below a limit, no markup.
    return html.unescape(_TAG.sub("", cell)).strip()


def _titles(cells: pd.Series[str]) -> pd.Series[str]:
    """Return the title of each cell, its lines parted by a line feed; empty where there is none."""
    found = cells.str.extract(_TITLE)
    title = found[0].where(found[0].notna(), found[1])
    return title.where(title.notna(), "").astype("str").map(html.unescape).astype("str")


def _said(titles: pd.Series[str], name: str) -> pd.Series[str]:
    """Return what a line ``name:…`` of the titles says."""
    found = titles.str.extract(rf"{name}\s*[:：]\s*([^\n]*)")[0]
    return found.where(found.notna(), "").astype("str").str.strip()


def _columns(body: pd.DataFrame, *names: str) -> list[pd.Series[str]]:
    return [body[name] for name in names if name in body]


def _first_filled(columns: list[pd.Series[str]]) -> pd.Series[str]:
    """Return, row by row, the first of ``columns`` that says something."""
    found = columns[0]
    for other in columns[1:]:
        found = found.where(found != "", other)
    return found.mask(found.str.lower().isin(MISSING), "")


def _moments(
    sheet: Sheet, text: pd.Series[str], last_year: int
) -> tuple[NDArray[np.datetime64], pd.Series[str]]:
    """Return the time of each row, NaT where there is none, and why.

    Raises:
        InputError: the times have no year and no name says one.
    """
    moments, why = times(text, last_year=last_year)
    parts = text.str.extract(f"^{_NO_YEAR}$")
    short = parts["month"].notna().to_numpy(bool)
    if not short.any():
        return moments, why
    period = period_named(sheet, last_year=last_year)
    if period is None:
        row = text.index[short][0]
        raise InputError(
            f"{sheet.path}, row {row}, column 监测时间: {text[row]!r} has no year, and neither the "
            "name of the file nor that of its folder says one.",
            "Put the year, or the month or day of the export, into the file's name, such as "
            "断面_2021-04.csv or 2020-05-10.json.",
        )
    here = text.index[short]
    dated, reasons = _dated(parts.loc[here], period, last_year)
    moments[short] = dated
    why = why.copy()
    why[here] = reasons
    return moments, why


def _dated(
    parts: pd.DataFrame, period: Period, last_year: int
) -> tuple[NDArray[np.datetime64], pd.Series[str]]:
    """Return the times of rows without a year, in the period that the name says or just before."""

    def in_year(year: int) -> tuple[NDArray[np.datetime64], pd.Series[str]]:
        day = parts["month"].str.zfill(2) + "-" + parts["day"].str.zfill(2)
        return times(f"{year}-" + day + " " + parts["clock"], last_year=last_year)

    # Midnight that ends the last day belongs to the period.
    end = _midnight(period.last + timedelta(days=1))
    start, begin = _midnight(period.first), _midnight(period.first - _STALE)
    this, why = in_year(period.last.year)
    before, _ = in_year(period.last.year - 1)
    # The midnight that ends December is written 01-01 00:00.
    after, _ = in_year(period.last.year + 1)
    moments = np.where(this > end, before, this)
    moments = np.where((this < start) & (after == end), after, moments)
    impossible = np.isnat(this) & np.isnat(before)
    leap = np.isnat(this) & ~np.isnat(before)
    moments = np.where(leap, before, moments)
    stale = ~np.isnat(moments) & (moments < begin)
    named = str(period.last) if period.first == period.last else f"{period.first} to {period.last}"
    reason = why.mask(
        stale,
        f"stale: over {_STALE.days} days before {named}, the time of this file, "
        "so the year can't be known",
    )
    reason = reason.mask(~stale & ~impossible, "")
    moments[stale] = np.datetime64("NaT", "s")
    return moments, reason


def _midnight(day: date) -> np.datetime64:
    return np.datetime64(day.isoformat(), "s")


LAYOUT = Layout(
    name="water_platform",
    tables=("water_samples",),
    description="water platform: 省份,流域,断面名称,监测时间,水质类别,…,溶解氧(mg/L),…,站点情况",
    matches=_matches,
    parse=_parse,
    region_fills=True,
    folder_tells=True,
)
