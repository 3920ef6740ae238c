"""Daily flow and samples as the R package EGRET keeps them.

Flow: ``Date,Q,Julian,Month,Day,DecYear,MonthSeq,Qualifier,LogQ,Q7,Q30``, Q in m³/s. Samples:
``Date,ConcLow,ConcHigh,Uncen,ConcAve,…`` in mg/L: ``Uncen`` 0 is a value below ``ConcHigh``. EGRET
works in these units alone (User guide to EGRET, USGS Techniques and Methods 4-A10); ``LogQ``, the
natural logarithm of Q, shows a Q of another unit. Gauge and section carry one name, that of the region:
the file's name without ``_daily_q`` or ``_sample``.

The samples do not say what was measured. They are taken as nitrate where the name of the file or of
its folder says nitrate (or names the Choptank, whose nitrate is EGRET's example), else refused. The
package's results (fitted concentrations, fluxes, surfaces, run pairs) are no readings and refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from forecast.errors import ContradictionError, InputError
from forecast.ingest.files.cells import numbers
from forecast.ingest.files.long_records import long_times
from forecast.ingest.files.sheet import Sheet, stem
from forecast.ingest.parsed import Layout, Notes, Parsed, Request, ragged_rows
from forecast.ingest.readers.discharge import qualified, read_flow
from forecast.ingest.readers.samples import read_items

__all__ = ["LAYOUT"]

_FLOW = {"Date", "Q"}
_BESIDE_FLOW = {"Julian", "Month", "Day", "DecYear", "MonthSeq", "Qualifier", "LogQ", "Q7", "Q30",
                "i", "waterYear"}  # fmt: skip
_SAMPLES = {"Date", "ConcLow", "ConcHigh", "Uncen"}
_BESIDE_SAMPLES = {"ConcAve", "Julian", "Month", "Day", "DecYear", "MonthSeq", "SinDY", "CosDY",
                   "Q", "LogQ", "i", "waterYear"}  # fmt: skip

#: Any of these names an output of the model.
_RESULTS = {"yHat", "SE", "ConcHat", "ConcDay", "FluxDay", "FNConc", "FNFlux", "CQTC", "QTC",
            "rejectC", "pValC", "estC", "rejectF"}  # fmt: skip

_END = re.compile(r"[_ .-]*(?:daily[_ -]?q|daily|q|flow|samples?)$", re.IGNORECASE)
_NITRATE = re.compile(r"nitrate|no3|choptank|硝酸盐|硝氮", re.IGNORECASE)

_END_OF_DAY = np.timedelta64(86399, "s")


def _kind(header: Sequence[str]) -> str:
    """Return ``flow``, ``samples``, ``results`` or nothing."""
    names = set(header)
    if len(names) != len(header):
        return ""
    if len(names & _RESULTS) >= 2:
        return "results"
    if names >= _SAMPLES and names <= _SAMPLES | _BESIDE_SAMPLES:
        return "samples"
    # Two columns named Date and Q alone could come from anywhere.
    if names >= _FLOW and names <= _FLOW | _BESIDE_FLOW and len(names & _BESIDE_FLOW) >= 2:
        return "flow"
    return ""


def _matches(lines: Sequence[Sequence[str]]) -> bool:
    return bool(_kind(lines[0])) or _describes_station(lines)


def _describes_station(lines: Sequence[Sequence[str]]) -> bool:
    """Whether this is EGRET's table of what is known of a station: name, drainage area, windows."""
    fields = {line[0] for line in lines[1:] if line}
    return list(lines[0]) == ["field", "value"] and {"site.no", "station.nm"} <= fields


def _parse(sheet: Sheet, request: Request) -> Parsed:
    kind = _kind(sheet.first)
    if not kind:
        raise InputError(
            f"{sheet.path} describes a station and holds no readings.",
            "Take in its daily flow (Date, Q) and its samples (Date, ConcLow, ConcHigh, Uncen).",
        )
    if kind == "results":
        found = ", ".join(name for name in sheet.first if name in _RESULTS)
        raise InputError(
            f"{sheet.path} is the output of a model (columns {found}), not readings.",
            "Take in the daily flow (Date, Q) and the samples (Date, ConcLow, ConcHigh, Uncen) "
            "that the model was fitted to.",
        )
    notes = Notes()
    ragged_rows(sheet, notes)
    body = sheet.named()
    region = request.region
    if not request.region_given:
        region = _END.sub("", region) or region
    rows_read = len(body) + len(sheet.ragged)
    place = pd.DataFrame({"region": [region], "place": [region]})
    if kind == "flow":
        rows = _flow(sheet, body, request, notes, region)
        ignored = tuple(c for c in body if c in _BESIDE_FLOW - {"Qualifier"})
        return Parsed(
            {"flow_daily": rows}, notes, rows_read, ignored, place.assign(place_kind="gauge")
        )
    rows = _samples(sheet, body, request, notes, region)
    ignored = tuple(c for c in body if c in _BESIDE_SAMPLES)
    return Parsed(
        {"water_samples": rows}, notes, rows_read, ignored, place.assign(place_kind="section")
    )


def _flow(
    sheet: Sheet, body: pd.DataFrame, request: Request, notes: Notes, region: str
) -> pd.DataFrame:
    if "LogQ" in body:
        flow, logarithm = numbers(body["Q"]).values, numbers(body["LogQ"]).values
        both = (flow > 0) & ~np.isnan(logarithm)
        apart = np.abs(np.log(flow, where=both, out=np.zeros(len(flow))) - logarithm)[both]
        if len(apart) and np.median(apart) > 0.01:
            raise ContradictionError(
                f"{sheet.path}: column LogQ is not the natural logarithm of column Q, so Q is not "
                "the flow in m³/s that EGRET keeps.",
                "Export the two columns together again, with Q in m³/s.",
            )
    version, flag = qualified(body["Qualifier"]) if "Qualifier" in body else ("unknown", "")
    name = pd.Series(region, index=body.index, dtype="str")
    return read_flow(
        body, request, notes, region=name, place=name, day="Date", flow="Q", factor=1.0,
        version=version, flag=flag,
    )  # fmt: skip


def _samples(
    sheet: Sheet, body: pd.DataFrame, request: Request, notes: Notes, region: str
) -> pd.DataFrame:
    names = (sheet.part, stem(sheet.path), sheet.path.parent.name, request.region)
    if not any(_NITRATE.search(name) for name in names):
        raise InputError(
            f"{sheet.path} holds samples in the form of EGRET, which does not say what was measured.",
            "Put nitrate into the file's name if they are nitrate as N in mg/L, or name the item "
            "with a mapping (forecast map FILE).",
        )
    moments, why = long_times(body["Date"], last_year=request.last_year)
    low, high, whole = (numbers(body[c]) for c in ("ConcLow", "ConcHigh", "Uncen"))
    known = np.isin(whole.values, (0.0, 1.0))
    # An uncensored value has one number in both columns, a censored one an upper bound.
    equal = low.values == high.values
    below = (whole.values == 0) & (low.missing | (low.values < high.values))
    bad = low.bad | high.bad | ~known | ~((whole.values == 1) & equal | below)
    absent = low.missing & high.missing & ~low.bad
    undated = np.isnat(moments)
    bad &= ~absent & ~undated
    notes.problem(list(body.index[undated]), "Date", list(body["Date"][undated]),
                  list(why[undated]))  # fmt: skip
    together = body["ConcLow"] + " to " + body["ConcHigh"] + ", Uncen " + body["Uncen"]
    notes.problem(
        list(body.index[bad]), "ConcHigh", list(together[bad]),
        "ConcLow, ConcHigh and Uncen do not fit together; row set aside",
    )  # fmt: skip
    usable = ~bad & ~undated
    cells = body["ConcHigh"].mask(below, "<" + body["ConcHigh"]).mask(absent, "")
    used = body[usable].assign(ConcHigh=cells[usable])
    described = pd.DataFrame(
        {
            "region": region,
            "place": region,
            "basin": "",
            "river": "",
            "water_type": "river",
            "time": moments[usable],
            "known_from": moments[usable] + _END_OF_DAY,
            "version": "unknown",
            "flag": "",
        },
        index=used.index,
    )
    return read_items(
        sheet, described, used, {"ConcHigh": "no3n"}, notes, key=["region", "place", "time"]
    )


LAYOUT = Layout(
    name="egret",
    tables=("flow_daily", "water_samples"),
    description="EGRET: Date,Q,…,LogQ,Q7,Q30 or Date,ConcLow,ConcHigh,Uncen,ConcAve,…",
    matches=_matches,
    parse=_parse,
    region_from_name=True,
    folder_tells=True,
)
