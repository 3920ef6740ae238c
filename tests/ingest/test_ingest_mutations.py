"""Many hundreds of files that went wrong on their way: no traceback, no line lost, no untrue value.

What is asked of each file, changed in whatever way:

* only an error for a user may come out;
* every data line is in the tables, in quarantine, a counted duplicate, or without a value;
* what is stored has the table's columns, known items, finite values within their ranges, times
  within the years of the networks, a place, and one row a key.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mutation_seeds import MADE, REAL, Seed, real_seed
from mutations import BYTES, mutated

from forecast.errors import ForecastError
from forecast.ingest import ingest_paths
from forecast.ingest.coverage import coverage
from forecast.ingest.detect import LAYOUTS, layout_of, recognised
from forecast.ingest.files.cells import FIRST_YEAR, MISSING
from forecast.ingest.files.containers import read_sheets
from forecast.ingest.files.sheet import Sheet, stem
from forecast.ingest.parsed import Layout, Parsed, Request
from forecast.ingest.readers.checks import RANGES
from forecast.ingest.readers.weather_ranges import DAY_WEATHER
from forecast.partitions import typed
from forecast.standards.items import ITEMS
from forecast.tables import HOUR_ITEMS, TABLES
from forecast.workspace import Workspace

LAST_YEAR = 2027

#: Changed files of each seed, from its own place on in the round of ways; and further ones whose
#: cells and layout are looked for only. With the real seeds there are more than fifteen hundred.
FILES, SHEETS = 11, 24

#: Many lines make one row there: hours a day, items an hour, kinds of a value an hour.
FOLDED = {"open_meteo", "noaa_isd", "openaq", "national_sites_wide", "national_cities_wide"}

#: Discharge is older than the networks of this country, and lists say from when a thing holds.
FIRST = {"flow_daily": 1800, "section_sets": FIRST_YEAR, "water_samples": 1900}


def test_every_layout_has_a_seed() -> None:
    assert {seed.layout for seed in MADE} | {layout for layout, _ in REAL.values()} == set(LAYOUTS)


@pytest.mark.parametrize("number", range(len(MADE)))
def test_made_seeds_are_true_files(number: int) -> None:
    layout, kept = taken(MADE[number])
    assert layout == MADE[number].layout
    assert (kept == 0) == MADE[number].refused


@pytest.mark.parametrize("where", REAL)
def test_real_seeds_are_true_files(real_data: Path, where: str) -> None:
    seed = real_seed(real_data, where)
    layout, kept = taken(seed)
    assert layout == seed.layout
    assert (kept == 0) == seed.refused


def taken(seed: Seed) -> tuple[str, int]:
    """Return the layout that is seen in a seed, and how many of its lines are kept."""
    (sheet,) = read_sheets(Path(seed.name), seed.data)
    layout, sheet = recognised(sheet)
    try:
        parsed = layout.parse(sheet, Request(stem(Path(seed.name)), LAST_YEAR))
    except ForecastError as error:
        answers(error)
        return layout.name, 0
    check(parsed, sheet, layout)
    return layout.name, parsed.rows_kept


@pytest.mark.parametrize("number", range(len(MADE)))
def test_changed_made_files(number: int) -> None:
    read, refused = throw(MADE[number], number)
    assert read + refused == FILES + SHEETS
    assert read > 0


@pytest.mark.parametrize("where", REAL)
def test_changed_real_files(real_data: Path, where: str) -> None:
    read, refused = throw(real_seed(real_data, where), 1000 + list(REAL).index(where))
    assert read + refused == FILES + SHEETS
    assert read > 0


def throw(seed: Seed, number: int) -> tuple[int, int]:
    """Read changed files of a seed and check what comes out; return how many were read or refused.

    ``FILES`` of them are read to the end, of ``SHEETS`` more the cells and the layout are looked
    for. Read is a file of which at least one sheet has a layout.
    """
    read = 0
    for kind in range(7 * number, 7 * number + FILES):
        name, data = mutated(seed, np.random.default_rng([number, kind]), kind)
        sheets = 0
        try:
            for sheet, layout, parsed in read_all(name, data):
                check(parsed, sheet, layout)
                sheets += 1
        except Exception as error:
            raise AssertionError(f"{seed.layout} {seed.name}, file {number}/{kind}") from error
        read += sheets > 0
    for kind in range(SHEETS):
        rng = np.random.default_rng([number, kind, 1])
        data = BYTES[kind % len(BYTES)](rng, seed.data)
        try:
            names = [layout_of(sheet).name for sheet in read_sheets(Path(seed.name), data)]
        except ForecastError as error:
            answers(error)
            continue
        assert set(names) <= set(LAYOUTS)
        read += len(names) > 0
    return read, FILES + SHEETS - read


def answers(error: ForecastError) -> None:
    """Check that an error says what is wrong and what to do."""
    assert error.message and error.cure


def read_all(name: str, data: bytes) -> Iterator[tuple[Sheet, Layout, Parsed]]:
    """Yield what is made of each sheet; errors for a user are an answer."""
    path = Path(name)
    request = Request(stem(path) or "甲市", LAST_YEAR)
    for layout in LAYOUTS.values():
        if layout.matches_bytes is not None and layout.matches_bytes(data):
            assert layout.parse_bytes is not None
            try:
                layout.parse_bytes(path, data, request)
            except ForecastError as error:
                answers(error)
    sheets = None
    for _ in range(50):
        try:
            sheets = sheets or read_sheets(path, data)
            sheet = next(sheets, None)
            if sheet is None:
                return
            layout, sheet = recognised(sheet)
            parsed = layout.parse(sheet, request)
        except ForecastError as error:
            answers(error)
            if sheets is None:
                return
            continue
        yield sheet, layout, parsed


def check(parsed: Parsed, sheet: Sheet, layout: Layout) -> None:
    """Check one parsed sheet."""
    assert set(parsed.tables) <= set(layout.tables)
    kept: set[int] = set()
    for name, rows in parsed.tables.items():
        kept.update(rows["row"].tolist())
        check_rows(name, rows, layout)
    aside = set(parsed.notes.quarantine()["row"].tolist())
    lines = sorted({*sheet.cells.index, *sheet.ragged})
    assert kept | aside <= set(lines)
    # A yearbook has notes and provinces between its data lines.
    if layout.name in FOLDED or layout.name == "yearbook":
        return
    assert parsed.rows_read <= len(lines)
    # What is no data line stands above the data lines, or above the header among them.
    unsaid = sorted(set(lines) - kept - aside)[len(lines) - parsed.rows_read :]
    full = [line for line in unsaid if not _lacks(sheet.cells.loc[line])]
    assert len(full) <= parsed.notes.duplicates, sheet.cells.loc[full[0]].tolist()
    assert len(unsaid) <= parsed.notes.duplicates + parsed.notes.missing


def _lacks(cells: pd.Series[str]) -> bool:
    """Whether a line has a cell without a value; some sources write 0 for it."""
    return any(cell.lower() in MISSING or not cell.strip("+-0.") for cell in cells)


def check_rows(name: str, rows: pd.DataFrame, layout: Layout) -> None:
    """Check what is to be stored in the table ``name``."""
    spec = TABLES[name]
    numbered = "row" in spec.schema.names
    frame = typed(spec, rows if numbered else rows.drop(columns="row"))
    if frame.empty:
        return
    if spec.year_of and frame[spec.year_of].dtype.kind == "M":
        years = frame[spec.year_of].dt.year
        assert years.between(FIRST.get(name, FIRST_YEAR) - 1, LAST_YEAR + 1).all()
    if "known_from" in frame:
        assert frame["known_from"].notna().all()
    if "region" in frame and layout.name != "national_sites_wide":
        assert (frame["region"] != "").all()
    if "place" in frame:
        assert (frame["place"] != "").all()
    if "item" in frame:
        assert set(frame["item"]) <= set(ITEMS)
    if "value" in frame:
        value = frame["value"].to_numpy()
        assert np.isfinite(value).all()
        if "item" in frame:
            bounds = DAY_WEATHER if name == "met_daily" else RANGES
            ends = np.array([bounds.get(item, (-math.inf, math.inf)) for item in frame["item"]])
            assert ((value >= ends[:, 0]) & (value <= ends[:, 1])).all()
    if name == "air_hourly":
        assert frame[list(HOUR_ITEMS)].notna().any(axis=1).all()
        for item in HOUR_ITEMS:
            there = frame[item].dropna()
            assert there.between(*RANGES[item]).all()
    if "source" in spec.key:
        assert not frame.duplicated([column for column in spec.key if column != "source"]).any()


def test_a_folder_of_changed_files(ws: Workspace, tmp_path: Path) -> None:
    """All at once through the command's own way: a report, true tables, and nothing the second time."""
    folder = tmp_path / "in"
    ways = (0, 11, 20, 25)
    # Two ways for each seed, in turn: cells, and bytes or a container.
    chosen = [(seed, ways[(at + k) % 4]) for at, seed in enumerate(MADE) for k in (0, 2)]
    for at, (seed, kind) in enumerate(chosen):
        name, data = mutated(seed, np.random.default_rng([at, 77]), kind)
        path = folder / f"{at:03d}" / name
        path.parent.mkdir(parents=True)
        path.write_bytes(data)
    report = ingest_paths(ws, [folder], now=pd.Timestamp("2026-06-01"))
    assert report.exit_code in (0, 1, 3, 4)
    assert len({file.path for file in report.files}) == len(chosen)
    assert any(file.status == "read" for file in report.files)
    for file in report.files:
        assert file.status == "read" or (file.reason and file.cure)
    covered = coverage(ws)
    assert int(covered["n"].sum()) == _readings(ws)
    before = ws.store.fingerprint()
    read = {(file.path, file.part) for file in report.files if file.status == "read"}
    again = ingest_paths(ws, [folder], now=pd.Timestamp("2026-06-02"))
    assert ws.store.fingerprint() == before
    assert all(file.status != "read" for file in again.files)
    known = {file.path for file in again.files if file.status == "already_read"}
    assert {path for path, _ in read} <= known
    assert coverage(ws).equals(covered)


def _readings(ws: Workspace) -> int:
    """Count the readings of all tables, each place, item and time once."""
    count = 0
    for table in ("air_daily", "water_samples", "met_daily", "flow_daily"):
        rows = ws.store.read(table)
        key = ["region", "place", "item", TABLES[table].year_of]
        count += len(set(rows[key].itertuples(index=False, name=None)))
    rows = ws.store.read("emissions")
    count += len(set(rows[["region", "sector", "pollutant", "year"]].itertuples(index=False)))
    rows = ws.store.read("yearly_values")
    count += len(set(rows[["region", "place", "indicator", "year"]].itertuples(index=False)))
    days = ws.store.read("station_daily")
    items = [field.name for field in TABLES["station_daily"].schema if str(field.type) == "double"]
    for item in items:
        there = days[days[item].notna()]
        count += len(set(there[["region", "place", "date"]].itertuples(index=False)))
    return count
