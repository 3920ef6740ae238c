"""Flow and samples of the USGS and the Water Quality Portal, with their traps."""

from __future__ import annotations

import gzip
from pathlib import Path

import pandas as pd
import pytest
from read_into_tables import read, reasons, write

from forecast.errors import InputError
from forecast.ingest.files.containers import read_sheet
from forecast.ingest.layouts import usgs_nwis
from forecast.ingest.parsed import Request
from forecast.ingest.readers.result_lines import by_characteristic, result_factor

RDB_COMMENTS = [
    "# ---------------------------------- WARNING ----------------------------------------",
    "# Provisional data are subject to revision. Made for a test, U.S. Geological Survey form.",
    *["#"] * 18,
    "# Data for the following 1 site(s) are contained in this file",
    "#    USGS 09999999 SMALL BROOK NEAR NOWHERE, MD",
    "# -----------------------------------------------------------------------------------",
    "#     e  Value has been estimated.",
    "#",
]
RDB_HEAD = [
    "agency_cd\tsite_no\tdatetime\t41624_00060_00003\t41624_00060_00003_cd",
    "5s\t15s\t20d\t14n\t10s",
]


def test_usgs_daily_flow(tmp_path: Path) -> None:
    values = [("01", "1000", "A"), ("02", "10.5", "P"), ("03", "Ice", "P"), ("04", "", "P:Eqp"),
              ("05", "***", "P"), ("06", "7", "A:e"), ("07", "8", "A:<"), ("08", "-999999", "P"),
              ("09", "abc", "P")]  # fmt: skip
    lines = [*RDB_COMMENTS, *RDB_HEAD,
             *[f"USGS\t09999999\t2024-01-{day}\t{v}\t{code}" for day, v, code in values]]  # fmt: skip
    path = tmp_path / "brook.rdb"
    parsed = read(usgs_nwis.LAYOUT, write(path, lines))
    rows = parsed.tables["flow_daily"]
    assert rows["value"].tolist() == [28.316846592, 10.5 * 0.028316846592, 7 * 0.028316846592]
    assert rows["version"].tolist() == ["audited", "realtime", "audited"]
    assert rows["flag"].tolist() == ["", "", "estimate"]
    assert set(rows["place"]) == {"09999999"} and set(rows["region"]) == {"brook"}
    assert rows["row"].iloc[0] == len(RDB_COMMENTS) + 3
    assert (parsed.rows_read, parsed.notes.missing) == (9, 4)
    said = reasons(parsed)
    assert "a bound" in said[len(RDB_COMMENTS) + 9]
    assert "not a number" in said[len(RDB_COMMENTS) + 11]
    assert parsed.places is not None
    assert parsed.places["name"].tolist() == ["SMALL BROOK NEAR NOWHERE, MD"]


def test_usgs_several_sites_and_other_parameters(tmp_path: Path) -> None:
    head = "agency_cd\tsite_no\tdatetime\t7_00010_00003\t7_00010_00003_cd\t8_00060_00003\t8_00060_00003_cd"
    lines = [
        *RDB_COMMENTS,
        head, "5s\t15s\t20d\t14n\t10s\t14n\t10s",
        "USGS\t09999999\t2024-01-01\t4.5\tA\t100\tA",
        "#", "# Data provided for site 08888888",
        head.replace("7_", "9_").replace("8_", "10_"), "5s\t15s\t20d\t14n\t10s\t14n\t10s",
        "USGS\t08888888\t1948-01-01\t4.5\tA\t200\tA",
    ]  # fmt: skip
    path = tmp_path / "brooks.txt.gz"
    path.write_bytes(gzip.compress(("\n".join(lines) + "\n").encode()))
    parsed = read(usgs_nwis.LAYOUT, path)
    rows = parsed.tables["flow_daily"]
    assert rows["place"].tolist() == ["09999999", "08888888"]
    assert rows["date"].dt.year.tolist() == [2024, 1948]
    assert parsed.ignored[:2] == ("7_00010_00003", "7_00010_00003_cd")
    assert parsed.rows_read == 2
    assert parsed.notes.quarantine().empty


def test_usgs_sites_with_different_numbers_of_series(tmp_path: Path) -> None:
    wide = "agency_cd\tsite_no\tdatetime\t7_00010_00003\t7_00010_00003_cd\t8_00060_00003\t8_00060_00003_cd"
    lines = [
        *RDB_COMMENTS, *RDB_HEAD,
        *[f"USGS\t09999999\t2024-01-{day:02d}\t100\tA" for day in range(1, 21)],
        "#", wide, "5s\t15s\t20d\t14n\t10s\t14n\t10s",
        "USGS\t08888888\t2024-01-01\t4.5\tA\t200\tP",
        "USGS\t08888888\t2024-01-02\t4.5",
    ]  # fmt: skip
    parsed = read(usgs_nwis.LAYOUT, write(tmp_path / "brooks.rdb", lines))
    rows = parsed.tables["flow_daily"]
    assert rows["place"].value_counts().to_dict() == {"09999999": 20, "08888888": 1}
    assert rows["row"].iloc[-1] == len(lines) - 1
    assert parsed.rows_read == 22
    assert reasons(parsed) == {len(lines): "4 fields where the header has 7"}


def test_usgs_without_discharge_or_data(tmp_path: Path) -> None:
    head = RDB_HEAD[0].replace("00060", "00065")
    path = write(
        tmp_path / "a.txt", [*RDB_COMMENTS, head, RDB_HEAD[1], "USGS\t1\t2024-01-01\t2\tA"]
    )
    with pytest.raises(InputError, match="no daily mean discharge"):
        usgs_nwis.LAYOUT.parse(read_sheet(path), Request("a", 2026))
    empty = write(tmp_path / "b.txt", RDB_COMMENTS)
    assert usgs_nwis.LAYOUT.matches(read_sheet(empty).head)
    with pytest.raises(InputError, match="no table below"):
        usgs_nwis.LAYOUT.parse(read_sheet(empty), Request("b", 2026))


def test_usgs_samples_as_rdb(tmp_path: Path) -> None:
    lines = [
        *RDB_COMMENTS,
        "agency_cd\tsite_no\tsample_dt\tsample_tm\tmedium_cd\tparm_cd\tremark_cd\tresult_va\tdqi_cd",
        "5s\t15s\t10d\t5d\t5s\t5s\t1s\t12s\t1s",
        "USGS\t09999999\t1975-05-01\t10:30\tWS\t00631\t\t1.2\tR",
        "USGS\t09999999\t1975-05-01\t10:30\tWS\t00618\t\t1.1\tR",
        "USGS\t09999999\t1975-05-01\t10:30\tWS\t00665\t<\t0.02\tS",
        "USGS\t09999999\t1975-05-01\t10:30\tWS\t70953\t\t5\tS",
        "USGS\t09999999\t1975-05-01\t10:30\tWSQ\t00631\t\t0.1\tR",
        "USGS\t09999999\t1975-05-01\t10:30\tWG\t00631\t\t0.1\tR",
        "USGS\t09999999\t1975-05-01\t10:30\tWS\t00060\t\t100\tR",
        "USGS\t09999999\t1975-05-02\t\tWS\t00400\tE\t7.4\tR",
        "USGS\t09999999\t1975-05-02\t\tWS\t00300\t>\t20\tR",
    ]
    parsed = read(usgs_nwis.LAYOUT, write(tmp_path / "brook.rdb", lines))
    rows = parsed.tables["water_samples"].set_index("item")
    assert rows["value"].to_dict() == {"no3n": 1.2, "tp": 0.02, "chla": 0.005, "ph": 7.4}
    assert rows["censored"].to_dict() == {"no3n": False, "tp": True, "chla": False, "ph": False}
    assert rows["version"].to_dict()["no3n"] == "audited"
    assert rows["version"].to_dict()["tp"] == "realtime"
    assert rows["flag"].to_dict()["ph"] == "estimate"
    assert rows["known_from"].to_dict()["ph"] == pd.Timestamp("1975-05-02 23:59:59")
    assert rows["known_from"].to_dict()["no3n"] == pd.Timestamp("1975-05-01 10:30")
    start = len(RDB_COMMENTS) + 3
    assert set(reasons(parsed)) == {start + at for at in (1, 4, 5, 6, 8)}


PORTAL = [
    "OrganizationIdentifier", "ActivityTypeCode", "ActivityMediaName",
    "ActivityMediaSubdivisionName", "ActivityStartDate", "ActivityStartTime/Time",
    "ActivityStartTime/TimeZoneCode", "MonitoringLocationIdentifier",
    "ResultDetectionConditionText", "CharacteristicName", "ResultSampleFractionText",
    "ResultMeasureValue", "ResultMeasure/MeasureUnitCode", "MeasureQualifierCode",
    "ResultStatusIdentifier", "ResultTimeBasisText", "MethodSpeciationName", "USGSPCode",
    "DetectionQuantitationLimitMeasure/MeasureValue",
    "DetectionQuantitationLimitMeasure/MeasureUnitCode",
]  # fmt: skip
PORTAL_3 = {
    "ActivityStartDate": "Activity_StartDate", "ActivityStartTime/Time": "Activity_StartTime",
    "MonitoringLocationIdentifier": "Location_Identifier",
    "ResultDetectionConditionText": "Result_ResultDetectionCondition",
    "CharacteristicName": "Result_Characteristic",
    "ResultSampleFractionText": "Result_SampleFraction", "ResultMeasureValue": "Result_Measure",
    "ResultMeasure/MeasureUnitCode": "Result_MeasureUnit",
    "ResultStatusIdentifier": "Result_MeasureStatusIdentifier",
    "MethodSpeciationName": "Result_MethodSpeciation", "USGSPCode": "USGSpcode",
    "ActivityTypeCode": "Activity_TypeCode", "ActivityMediaName": "Activity_Media",
    "DetectionQuantitationLimitMeasure/MeasureValue": "DetectionLimit_MeasureA",
    "DetectionQuantitationLimitMeasure/MeasureUnitCode": "DetectionLimit_MeasureUnitA",
}  # fmt: skip
NITRATE = "Inorganic nitrogen (nitrate and nitrite)"


def result(**cells: str) -> str:
    """Return a line of the portal; ``cells`` by short names over usual values."""
    names = {
        "kind": "ActivityTypeCode", "medium": "ActivityMediaSubdivisionName",
        "day": "ActivityStartDate", "clock": "ActivityStartTime/Time",
        "condition": "ResultDetectionConditionText", "name": "CharacteristicName",
        "fraction": "ResultSampleFractionText", "value": "ResultMeasureValue",
        "unit": "ResultMeasure/MeasureUnitCode", "status": "ResultStatusIdentifier",
        "basis": "ResultTimeBasisText", "form": "MethodSpeciationName", "code": "USGSPCode",
        "limit": "DetectionQuantitationLimitMeasure/MeasureValue",
        "limit_unit": "DetectionQuantitationLimitMeasure/MeasureUnitCode",
    }  # fmt: skip
    line = dict.fromkeys(PORTAL, "") | {
        "OrganizationIdentifier": "USGS-MD", "ActivityTypeCode": "Sample-Routine",
        "ActivityMediaName": "Water", "ActivityMediaSubdivisionName": "Surface Water",
        "ActivityStartDate": "2020-06-01", "ActivityStartTime/Time": "10:30:00",
        "MonitoringLocationIdentifier": "USGS-09999999", "ResultStatusIdentifier": "Accepted",
    }  # fmt: skip
    line |= {names[short]: cell for short, cell in cells.items()}
    return ",".join(f'"{cell}"' if "," in cell else cell for cell in line.values())


@pytest.mark.parametrize("generation", [2, 3])
def test_portal_results(tmp_path: Path, generation: int) -> None:
    header = [PORTAL_3.get(n, n) if generation == 3 else n for n in PORTAL]
    lines = [
        ",".join(header),
        result(name=NITRATE, fraction="Dissolved", value="1.2", unit="mg/l as N", code="00631"),
        result(name="Ammonia and ammonium", fraction="Total", condition="Not Detected", form="as N",
               limit="10", limit_unit="ug/l"),
        result(name="Phosphorus", fraction="Total", value="0.05", unit="mg/l as P"),
        result(name="Phosphorus", fraction="Dissolved", value="0.03", unit="mg/l as P"),
        result(name="Phosphorus", fraction="Total", value="0.05", unit="mg/l", clock="11:00:00"),
        result(name="Nitrate", value="5", unit="mg/l", form="as NO3", clock="11:00:00"),
        result(name="Oxygen", fraction="Dissolved", value="9.1", unit="mg/l", status="Preliminary"),
        result(name="Oxygen", fraction="Dissolved", value="98", unit="% saturatn", clock="12:00:00"),
        result(name="pH", value="7.5", unit="std units", clock=""),
        result(name="Temperature, water", value="18.5", unit="deg C"),
        result(name="Temperature, water", value="65", unit="deg F", clock="12:00:00"),
        result(name="Specific conductance", value="210", unit="uS/cm @25C"),
        result(name="Calcium", value="12", unit="mg/l"),
        result(name="pH", value="7.9", unit="std units", kind="Quality Control Sample-Field Blank"),
        result(name="pH", value="6.9", unit="std units", medium="Groundwater"),
        result(name="pH", value="6.8", unit="std units", status="Rejected"),
        result(name="Ammonia", condition="Not Detected", form="as N", unit="mg/l", day="2020-06-02"),
        result(name="Biochemical oxygen demand, standard conditions", value="3", unit="mg/l",
               basis="5 Day"),
        result(name=NITRATE, fraction="Dissolved", value="1.2", unit="mg/l as N", code="00631"),
        result(name="pH", value="7.1", unit="std units", day="2020-13-02"),
    ]  # fmt: skip
    parsed = read(usgs_nwis.LAYOUT, write(tmp_path / "brook.csv", lines))
    rows = parsed.tables["water_samples"].set_index("item")
    assert rows["value"].to_dict() == {
        "no3n": 1.2, "nh3n": 0.01, "tp": 0.05, "do": 9.1, "ph": 7.5, "water_temp": 18.5,
        "conductivity": 210, "bod5": 3,
    }  # fmt: skip
    assert rows.index[rows["censored"]].tolist() == ["nh3n"]
    assert rows["version"].to_dict()["do"] == "realtime"
    assert set(rows["place"]) == {"USGS-09999999"}
    assert rows["time"].to_dict()["ph"] == pd.Timestamp("2020-06-01")
    assert parsed.notes.duplicates == 1
    said = reasons(parsed)
    assert set(said) == {5, 6, 7, 9, 12, 14, 15, 16, 17, 18, 21}
    assert said[6] == "not expressed as P" and said[7] == "not expressed as N"
    assert said[9] == "not a unit of do; row set aside"
    assert said[18] == "not detected, and no limit is given"
    # Every line is in the tables, set aside or a repeat.
    assert parsed.rows_read == len(rows) + len(said) + parsed.notes.duplicates


def test_forms_of_nitrogen_and_units() -> None:
    for name in ("Nitrate + Nitrite as N", "Inorganic nitrogen (nitrate and nitrite) as N"):
        found = by_characteristic(name, fraction="", speciation="", unit="mg/l", basis="")
        assert not isinstance(found, str) and found.item == "no3n"
    retired = f"{NITRATE} ***retired***use Nitrate + Nitrite"
    found = by_characteristic(retired, fraction="", speciation="as N", unit="mg/l", basis="")
    assert not isinstance(found, str) and found.item == "no3n"
    assert isinstance(
        by_characteristic("Nitrite", fraction="", speciation="as N", unit="mg/l", basis=""), str
    )
    assert result_factor("turbidity", "FNU") is None
    assert result_factor("ph", "mg/l") is None
