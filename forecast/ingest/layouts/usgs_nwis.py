"""Daily flow and water samples of the U.S. Geological Survey and the Water Quality Portal.

Daily values come as RDB: comment lines with ``#``, a header ``agency_cd site_no datetime
41624_00060_00003 41624_00060_00003_cd``, a line of widths (``5s 15s 20d``), the data; once more for each site.
The column of parameter 00060 (discharge) and statistic 00003 (daily mean) is in cubic feet a second and
converted exactly. ``Ice``, ``Eqp``, ``***`` and their like are days without a value. ``A`` is approved
(audited), ``P`` provisional (real-time), ``e`` an estimate.

Samples come as RDB, one line a result (``parm_cd``, ``result_va``, ``remark_cd`` ``<``), or as the CSV of the
Water Quality Portal in its old (``CharacteristicName``, ``ResultMeasureValue``) and new names
(``Result_Characteristic``, ``Result_Measure``). A result that was not detected is censored at the limit
the line gives. Samples of quality control and of other media than surface water go to quarantine.
Times are local times of the site. Gauges go by ``site_no``, sections by the site's full identifier.
"""

from __future__ import annotations

import gzip
import math
import re
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import InputError
from forecast.ingest.files.decoding import clean_cell, decoded
from forecast.ingest.files.sheet import Sheet
from forecast.ingest.parsed import Layout, Notes, Parsed, Request, ragged_rows
from forecast.ingest.readers.discharge import flow_factor, qualified, read_flow
from forecast.ingest.readers.portal_results import PORTAL_NAMES, read_portal, read_rdb_results

__all__ = ["LAYOUT"]

#: One cubic foot [m³]; a foot is 0.3048 m.
_CUBIC_FOOT = flow_factor("ft3/s") or math.nan

_RDB = {"agency_cd", "site_no"}
_SAMPLES = {"sample_dt", "parm_cd", "result_va"}
_DAILY_FLOW = re.compile(r"(?:[0-9]+_)?00060_00003|X_00060_00003")
_WIDTH = re.compile(r"[0-9]+[sdn]")
_STATION = re.compile(r"#\s*(?P<agency>[A-Z]{2,5})\s+(?P<site>[0-9]{8,15})\s+(?P<name>\S.*)")

#: Words in place of a value: the gauge or the river gave none.
_NO_VALUE = frozenset(
    ["ice", "eqp", "***", "bkw", "mnt", "dis", "ssn", "rat", "zfl", "fld", "dry", "pr", "tst",
     "pmp", "ssn", "err", "unk"]
)  # fmt: skip


def _matches(lines: Sequence[Sequence[str]]) -> bool:
    if any(set(names).issubset(lines[0]) for names in PORTAL_NAMES):
        return True
    if any(_RDB.issubset(line) for line in lines):
        return True
    # The comments may be longer than what is shown here of the file.
    told = "U.S. Geological Survey", "usgs.gov"
    text = [",".join(line) for line in lines]
    return all(line.startswith("#") for line in text) and any(
        word in line for line in text for word in told
    )


def _parse(sheet: Sheet, request: Request) -> Parsed:
    notes = Notes()
    if any(set(names).issubset(sheet.first) for names in PORTAL_NAMES):
        ragged_rows(sheet, notes)
        return read_portal(sheet, sheet.named(), request, notes)
    cells, widths = _lines(sheet)
    blocks = list(_blocks(cells, widths, notes))
    if not blocks:
        raise InputError(
            f"{sheet.path} has comment lines of the USGS and no table below them.",
            "The service found no data, or the download was cut: fetch the file again.",
        )
    flows, results, places = [], [], []
    ignored: list[str] = []
    rows_read = 0
    for block, others in blocks:
        rows_read += len(block) + others
        if not len(block.columns.intersection(list(_RDB))):
            continue
        if _SAMPLES.issubset(block.columns):
            found = read_rdb_results(sheet, block, request, notes)
            results.append(found.tables["water_samples"])
            places.append(found.places)
            ignored += found.ignored
            continue
        column, beside = _flow_column(sheet, block)
        ignored += beside
        flows.append(_flow(block, request, notes, column))
        site = block["site_no"][block["site_no"] != ""].drop_duplicates()
        places.append(
            pd.DataFrame({"region": request.region, "place": site, "place_kind": "gauge"})
        )
    if not places:
        raise InputError(
            f"{sheet.path} has a table of the USGS without the columns agency_cd and site_no, or "
            "with a column twice.",
            "Fetch the file again.",
        )
    tables = {
        name: pd.concat(rows, ignore_index=True)
        for name, rows in (("flow_daily", flows), ("water_samples", results))
        if rows
    }
    named = pd.concat([p for p in places if p is not None], ignore_index=True).drop_duplicates()
    titles = _titles(sheet)
    named["name"] = [titles.get(site, site) for site in named["place"]]
    return Parsed(tables, notes, rows_read, tuple(dict.fromkeys(ignored)), named)


def _lines(sheet: Sheet) -> tuple[pd.DataFrame, NDArray[np.int64]]:
    """Return the cells of all lines and the number of fields of each.

    Each site has a table of its own, as wide as it has series, while the sheet keeps the lines of
    one width. Where others are left out, the text is parted again.
    """
    cells = sheet.cells
    if not sheet.ragged or sheet.part or sheet.data[:2] == b"PK":
        return cells, np.full(len(cells), cells.shape[1])
    data = gzip.decompress(sheet.data) if sheet.data[:2] == b"\x1f\x8b" else sheet.data
    text = decoded(str(sheet.path), data)[1].decode("utf-8")
    numbered = [
        (at, line.split("\t")) for at, line in enumerate(text.split("\n"), 1) if line.strip()
    ]
    widths = np.array([len(fields) for _, fields in numbered])
    most = int(widths.max())
    rows = [[clean_cell(c) for c in fields] + [""] * (most - len(fields)) for _, fields in numbered]
    index = [at for at, _ in numbered]
    return pd.DataFrame(rows, index=index, columns=range(most), dtype="str"), widths


def _blocks(
    cells: pd.DataFrame, widths: NDArray[np.int64], notes: Notes
) -> Iterator[tuple[pd.DataFrame, int]]:
    """Yield the data lines below each header, with its names as columns; and how many lines are of
    another width and were set aside."""
    lead = cells.iloc[:, 0].astype("str")
    comment = lead.str.startswith("#").to_numpy(bool)
    heads = np.flatnonzero((lead == "agency_cd").to_numpy(bool))
    for head, end in zip(heads, [*heads, len(cells)][1:], strict=True):
        names = [name for name in cells.iloc[head] if name]
        if not _RDB.issubset(names) or len(set(names)) != len(names):
            lost = list(cells.index[head + 1 : end])
            notes.problem(
                lost, "", [""] * len(lost), "no site_no, or a column twice, above this line"
            )
            yield cells.iloc[:0], len(lost)
            continue
        below = np.arange(head + 1, end)
        below = below[~comment[below]]
        if len(below) and all(_WIDTH.fullmatch(cell) for cell in cells.iloc[below[0]] if cell):
            below = below[1:]
        odd = below[widths[below] != widths[head]]
        notes.problem(
            list(cells.index[odd]), "", [""] * len(odd),
            [f"{widths[at]} fields where the header has {widths[head]}" for at in odd],
        )  # fmt: skip
        body = cells.iloc[np.setdiff1d(below, odd), : len(names)].copy()
        body.columns = pd.Index(names)
        yield body, len(odd)


def _flow_column(sheet: Sheet, block: pd.DataFrame) -> tuple[str, list[str]]:
    """Return the column of the daily mean flow with the most values, and the other columns.

    Raises:
        InputError: there is none.
    """
    means = [str(name) for name in block.columns if _DAILY_FLOW.fullmatch(str(name))]
    if not means or "datetime" not in block:
        raise InputError(
            f"{sheet.path} holds no daily mean discharge (00060_00003); its columns are: "
            + ", ".join(map(str, block.columns))
            + ".",
            "Ask the service for parameter 00060 with statistic 00003, or for samples.",
        )
    best = max(means, key=lambda name: int((block[name] != "").to_numpy(bool).sum()))
    used = {"agency_cd", "site_no", "datetime", best, f"{best}_cd"}
    return best, [str(name) for name in block.columns if name not in used]


def _flow(block: pd.DataFrame, request: Request, notes: Notes, column: str) -> pd.DataFrame:
    codes = block.get(f"{column}_cd", pd.Series("", index=block.index, dtype="str"))
    version, flag = qualified(codes)
    limit = codes.str.contains(r"[<>]", regex=True).to_numpy(bool)
    notes.problem(
        list(block.index[limit]), column, list(block[column][limit] + " " + codes[limit]),
        "a bound (< or >), not a value; row set aside",
    )  # fmt: skip
    exact = block[~limit]
    region = pd.Series(request.region, index=exact.index, dtype="str")
    return read_flow(
        exact, request, notes, region=region, place=exact["site_no"], day="datetime", flow=column,
        factor=_CUBIC_FOOT, version=version[~limit], flag=flag[~limit], no_value=_NO_VALUE,
    )  # fmt: skip


def _titles(sheet: Sheet) -> dict[str, str]:
    """Return site → name from the comments (``#    USGS 01491000 CHOPTANK RIVER …``)."""
    lead = sheet.cells.iloc[:, 0].astype("str")
    found = [_STATION.fullmatch(cell) for cell in lead[lead.str.startswith("#")]]
    return {match["site"]: match["name"].strip() for match in found if match is not None}


LAYOUT = Layout(
    name="usgs_nwis",
    tables=("flow_daily", "water_samples"),
    description="USGS: RDB of daily flow (…_00060_00003) or samples, Water Quality Portal CSV",
    matches=_matches,
    parse=_parse,
    region_from_name=True,
)
