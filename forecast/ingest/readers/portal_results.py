"""Samples of the Water Quality Portal (CSV) and of the USGS (RDB, one line a result)."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.ingest.files.long_records import long_times
from forecast.ingest.files.sheet import Sheet
from forecast.ingest.parsed import Notes, Parsed, Request
from forecast.ingest.readers.result_lines import Measured, by_characteristic, by_code, read_results
from forecast.ingest.readers.samples import water_type

__all__ = ["PORTAL_NAMES", "read_portal", "read_rdb_results"]

#: Columns that tell the two generations of the portal's tables (WQX 2.2 and WQX 3.0).
PORTAL_NAMES = (
    ("MonitoringLocationIdentifier", "ActivityStartDate", "CharacteristicName",
     "ResultMeasureValue"),
    ("Location_Identifier", "Activity_StartDate", "Result_Characteristic", "Result_Measure"),
)  # fmt: skip

#: Meaning → its column in the two generations.
_COLUMNS = {
    "site": ("MonitoringLocationIdentifier", "Location_Identifier"),
    "site_name": ("MonitoringLocationName", "Location_Name"),
    "site_type": ("MonitoringLocationTypeName", "Location_Type"),
    "day": ("ActivityStartDate", "Activity_StartDate"),
    "clock": ("ActivityStartTime/Time", "Activity_StartTime"),
    "activity": ("ActivityTypeCode", "Activity_TypeCode"),
    "medium": ("ActivityMediaName", "Activity_Media"),
    "submedium": ("ActivityMediaSubdivisionName", "Activity_MediaSubdivisionName"),
    "name": ("CharacteristicName", "Result_Characteristic"),
    "fraction": ("ResultSampleFractionText", "Result_SampleFraction"),
    "speciation": ("MethodSpeciationName", "Result_MethodSpeciation"),
    "basis": ("ResultTimeBasisText", "Result_TimeBasis"),
    "code": ("USGSPCode", "USGSpcode"),
    "value": ("ResultMeasureValue", "Result_Measure"),
    "unit": ("ResultMeasure/MeasureUnitCode", "Result_MeasureUnit"),
    "condition": ("ResultDetectionConditionText", "Result_ResultDetectionCondition"),
    "limit": ("DetectionQuantitationLimitMeasure/MeasureValue", "DetectionLimit_MeasureA"),
    "limit_unit": ("DetectionQuantitationLimitMeasure/MeasureUnitCode",
                   "DetectionLimit_MeasureUnitA"),
    "status": ("ResultStatusIdentifier", "Result_MeasureStatusIdentifier"),
    "kind": ("ResultValueTypeName", "Result_MeasureType"),
}  # fmt: skip

_BELOW = re.compile(
    r"\*?(?:not detected|non-detect|present below quantification limit|below .*limit"
    r"|detected not quantified|present <ql|not detected at .*limit)", re.IGNORECASE,
)  # fmt: skip
_ABSENT = re.compile(r"\*?not reported", re.IGNORECASE)
_AUDITED = {"accepted", "final", "historical", "validated", "approved"}
_REALTIME = {"preliminary", "provisional"}
_END_OF_DAY = np.timedelta64(86399, "s")

_VALUE = "value"


def read_portal(sheet: Sheet, body: pd.DataFrame, request: Request, notes: Notes) -> Parsed:
    """Read a CSV of the portal, one line a result.

    Raises:
        ContradictionError: an item's values can't be what the file says.
    """
    own = {
        meaning: next((n for n in names if n in body), "") for meaning, names in _COLUMNS.items()
    }
    blank = pd.Series("", index=body.index, dtype="str")
    cell = {meaning: body[name] if name else blank for meaning, name in own.items()}
    lower = {m: cell[m].str.lower() for m in ("activity", "medium", "submedium", "status", "kind")}
    aside = _Aside(notes, body.index)
    aside(lower["activity"].str.startswith("quality control"), own["activity"], cell["activity"],
          "a sample of quality control")  # fmt: skip
    other = ~(
        lower["medium"].isin(["water", "surface water", ""])
        & lower["submedium"].isin(["surface water", ""])
    )
    aside(other, own["medium"], cell["medium"] + " " + cell["submedium"], "not surface water")
    aside(lower["status"] == "rejected", own["status"], cell["status"], "rejected by the source")

    told = pd.DataFrame({m: cell[m] for m in ("code", "name", "fraction", "speciation", "basis")})
    # A result below the limit may have its unit with the limit alone.
    told["unit"] = cell["unit"].where(cell["unit"] != "", cell["limit_unit"])
    measured = _measured(told)
    unknown = pd.Series([m if isinstance(m, str) else "" for m in measured], index=body.index)
    aside(unknown != "", own["name"], cell["name"], unknown)
    value, unit = _censored(cell, own, aside)
    described = _described(
        request, notes, aside, site=cell["site"], site_column=own["site"], day=cell["day"],
        day_column=own["day"], clock=cell["clock"],
        lake=cell["site_type"].str.contains("lake|reservoir|impoundment", case=False),
        version=np.select(
            [lower["status"].isin(_AUDITED), lower["status"].isin(_REALTIME)],
            ["audited", "realtime"], default="unknown",
        ),
        flag=np.where(lower["kind"] == "estimated", "estimate", ""),
    )  # fmt: skip
    known = [m if isinstance(m, Measured) else None for m in measured]
    rows = read_results(
        sheet, described, [known[at] for at in np.flatnonzero(aside.usable)],
        value[aside.usable], unit[aside.usable], notes,
        value_column=own["value"], unit_column=own["unit"] or own["value"],
    )  # fmt: skip
    there = (cell["site"] != "").to_numpy(bool)
    names = cell["site_name"].where(cell["site_name"] != "", cell["site"])
    places = pd.DataFrame(
        {"region": request.region, "place": cell["site"], "name": names, "place_kind": "section"}
    )[there].drop_duplicates("place")
    used = set(own.values())
    ignored = tuple(str(name) for name in body.columns if name not in used)
    return Parsed({"water_samples": rows}, notes, len(body) + len(sheet.ragged), ignored, places)


def read_rdb_results(sheet: Sheet, body: pd.DataFrame, request: Request, notes: Notes) -> Parsed:
    """Read the lines of an RDB of samples: ``sample_dt``, ``parm_cd``, ``remark_cd``, ``result_va``.

    Raises:
        ContradictionError: an item's values can't be what the file says.
    """
    blank = pd.Series("", index=body.index, dtype="str")
    medium, remark, quality, clock = (
        body.get(name, blank) for name in ("medium_cd", "remark_cd", "dqi_cd", "sample_tm")
    )
    aside = _Aside(notes, body.index)
    # WS is surface water; a third letter Q marks a sample of quality control.
    aside(medium.str.fullmatch(r"..Q"), "medium_cd", medium, "a sample of quality control")
    aside(~medium.isin(["", "WS", "9"]), "medium_cd", medium, "not surface water")
    aside(quality == "Q", "dqi_cd", quality, "rejected by the source")
    measured = [by_code(code) for code in body["parm_cd"]]
    unknown = pd.Series([m is None for m in measured], index=body.index)
    aside(unknown, "parm_cd", body["parm_cd"], "no item of this package")
    aside(remark.isin([">", "M", "U", "N"]) & (body["result_va"] != ""), "remark_cd", remark,
          "a bound or a presence, not a value")  # fmt: skip
    value = body["result_va"].where(remark != "<", "<" + body["result_va"])
    described = _described(
        request, notes, aside, site=body["site_no"], site_column="site_no",
        day=body["sample_dt"], day_column="sample_dt", clock=clock, lake=blank == " ",
        version=np.select([quality.isin(["R", "A"]), quality.isin(["S", "P", "I"])],
                          ["audited", "realtime"], default="unknown"),
        flag=np.where(remark == "E", "estimate", ""),
    )  # fmt: skip
    rows = read_results(
        sheet, described, [measured[at] for at in np.flatnonzero(aside.usable)],
        value[aside.usable], blank[aside.usable], notes,
        value_column="result_va", unit_column="parm_cd",
    )  # fmt: skip
    site = body["site_no"][body["site_no"] != ""].drop_duplicates()
    places = pd.DataFrame({"region": request.region, "place": site, "place_kind": "section"})
    used = {"agency_cd", "site_no", "sample_dt", "sample_tm", "medium_cd", "parm_cd", "remark_cd",
            "result_va", "dqi_cd"}  # fmt: skip
    ignored = tuple(str(name) for name in body.columns if name not in used)
    return Parsed({"water_samples": rows}, notes, len(body), ignored, places)


class _Aside:
    """Sets lines aside, each for the first reason found."""

    def __init__(self, notes: Notes, index: pd.Index) -> None:
        self._notes = notes
        self._index = index
        self.usable = np.ones(len(index), bool)

    def __call__(
        self,
        where: pd.Series[bool],
        column: str,
        cells: pd.Series[str],
        reason: str | pd.Series[str],
    ) -> None:
        new = where.to_numpy(bool) & self.usable
        why = reason if isinstance(reason, str) else list(reason[new])
        self._notes.problem(list(self._index[new]), column, list(cells[new]), why)
        self.usable &= ~new


def _measured(told: pd.DataFrame) -> list[Measured | str]:
    """Return what each line measures, or why it is not taken; each distinct case is judged once."""
    cases = told.groupby(list(told.columns), sort=False).ngroup().to_numpy()
    _, first = np.unique(cases, return_index=True)
    known: list[Measured | str] = []
    for code, name, fraction, speciation, basis, unit in told.iloc[first].itertuples(
        index=False, name=None
    ):
        coded = by_code(code) if code else None
        known.append(
            coded
            or by_characteristic(
                name, fraction=fraction, speciation=speciation, unit=unit, basis=basis
            )
        )
    return [known[case] for case in cases]


def _censored(
    cell: dict[str, pd.Series[str]], own: dict[str, str], aside: _Aside
) -> tuple[pd.Series[str], pd.Series[str]]:
    """Return values and units; what was not detected as below its limit (``<0.02``)."""
    condition, value, limit = cell["condition"], cell["value"], cell["limit"]
    below = condition.str.fullmatch(_BELOW).astype(bool)
    absent = condition.str.fullmatch(_ABSENT).astype(bool)
    other: pd.Series[bool] = (condition != "") & ~(below | absent)
    aside(other, own["condition"], condition, "a condition that is not known; row set aside")
    unlimited = below & (limit == "")
    aside(unlimited, own["condition"], condition, "not detected, and no limit is given")
    read = value.mask(absent, "").mask(below, "<" + limit)
    unit = cell["unit"].mask(
        below, cell["limit_unit"].where(cell["limit_unit"] != "", cell["unit"])
    )
    return read, unit


def _described(
    request: Request,
    notes: Notes,
    aside: _Aside,
    *,
    site: pd.Series[str],
    site_column: str,
    day: pd.Series[str],
    day_column: str,
    clock: pd.Series[str],
    lake: pd.Series[bool],
    version: NDArray[np.str_],
    flag: NDArray[np.str_],
) -> pd.DataFrame:
    """Return what ``read_items`` needs of the usable lines; a sample without a clock has its day."""
    aside(site == "", site_column, site, "no site")
    stamp = (day + " " + clock.str.slice(0, 8)).str.strip()
    moments, why = long_times(stamp, last_year=request.last_year)
    undated = pd.Series(np.isnat(moments), index=day.index, dtype="bool")
    aside(undated, day_column, stamp, why)
    usable = aside.usable
    known = np.where((clock == "").to_numpy(bool), moments + _END_OF_DAY, moments)
    kind = water_type(site, site, [site])
    return pd.DataFrame(
        {
            "region": request.region,
            "place": site,
            "basin": "",
            "river": "",
            "water_type": np.where(lake.to_numpy(bool), "lake", kind),
            "time": moments,
            "known_from": known,
            "version": version,
            "flag": flag,
        },
        index=site.index,
    )[usable]
