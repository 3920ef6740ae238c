"""Daily flow and samples in plain tables and in those of EGRET, with their traps."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from read_into_tables import read, reasons, write

from forecast.errors import ContradictionError, InputError
from forecast.ingest.files.containers import read_sheet
from forecast.ingest.layouts import egret, flow_daily
from forecast.ingest.parsed import Request


@pytest.mark.parametrize(
    ("header", "cell", "flow"),
    [
        ("站名,日期,流量(m3/s),水位(m)", "12.5,3.4", 12.5),
        ("水文站,日期,日均流量（立方米/秒）", "12.5", 12.5),
        ("站点,日期,流量(L/s)", "12500", 12.5),
        ("station,date,flow(ft3/s)", "1000", 28.316846592),
        ("station,date,discharge_m3s", "12.5", 12.5),
        ("gauge,date,flow_cfs,stage", "1000,2", 28.316846592),
    ],
)
def test_plain_flow_and_its_units(tmp_path: Path, header: str, cell: str, flow: float) -> None:
    path = write(tmp_path / "某市.csv", [header, f"甲站,2024-01-01,{cell}"])
    parsed = read(flow_daily.LAYOUT, path)
    row = parsed.tables["flow_daily"].iloc[0]
    assert row["value"] == flow
    assert (row["region"], row["place"], row["place_kind"]) == ("某市", "甲站", "gauge")
    assert row["known_from"] == pd.Timestamp("2024-01-01 23:59:59")


def test_plain_flow_bad_rows(tmp_path: Path) -> None:
    lines = [
        "城市,站名,日期,流量(m3/s)",
        "某市,甲站,2024-01-01,12.5",
        "某市,甲站,2024-01-01,12.5",
        "某市,甲站,2024-01-01,13.5",
        "某市,甲站,2024-01-02 08:00,12.5",
        "某市,甲站,2024-02-30,12.5",
        "某市,甲站,2024-01-03,停测",
        "某市,甲站,2024-01-04,约12",
        "某市,甲站,2024-01-05,-3.5",
        "某市,,2024-01-05,1",
        "某市,甲站,2024-01-06,5000000",
        "某市,甲站,2024-01-07,-999999",
        ",乙站,1951-07-01,7",
    ]
    parsed = read(flow_daily.LAYOUT, write(tmp_path / "x.csv", lines), region="补市")
    rows = parsed.tables["flow_daily"]
    assert rows[["region", "value"]].to_numpy().tolist() == [
        ["某市", 12.5], ["某市", -3.5], ["补市", 7.0]
    ]  # fmt: skip
    assert rows["flag"].tolist() == ["conflicting", "", ""]
    assert rows["date"].tolist()[-1] == pd.Timestamp("1951-07-01")
    assert (parsed.notes.missing, parsed.notes.duplicates) == (2, 1)
    said = reasons(parsed)
    assert set(said) == {4, 5, 6, 8, 10, 11}
    assert said[5] == "a value of an hour, not of a day"
    assert "first is row 2" in said[4]


def test_flow_without_a_unit_is_never_guessed(tmp_path: Path) -> None:
    for header in ("站名,日期,流量", "站名,日期,流量(mm)"):
        path = write(tmp_path / "a.csv", [header, "甲,2024-01-01,3"])
        with pytest.raises(InputError) as refused:
            read(flow_daily.LAYOUT, path)
        assert "m3/s" in refused.value.cure
    unknown = write(tmp_path / "b.csv", ["站名,日期,流量(m3/s),神秘", "甲,2024-01-01,3,4"])
    assert not flow_daily.LAYOUT.matches(read_sheet(unknown).head)


EGRET_FLOW = '"Date","Q","Julian","Month","Day","DecYear","MonthSeq","Qualifier","LogQ","Q7","Q30"'
EGRET_SAMPLE = '"Date","ConcLow","ConcHigh","Uncen","ConcAve","Julian","Month","Day","DecYear"'


def test_egret_flow(tmp_path: Path) -> None:
    lines = [
        EGRET_FLOW,
        '1979-10-01,2,47389,10,275,1979.75,1558,"A",0.6931471805599453,NA,NA',
        '1979-10-02,1,47390,10,276,1979.75,1558,"P",0,NA,NA',
        '1979-10-03,1,47391,10,277,1979.76,1558,"A e",0,NA,NA',
        '1979-10-04,NA,47392,10,278,1979.76,1558,"A",NA,NA,NA',
    ]
    parsed = read(egret.LAYOUT, write(tmp_path / "brook_daily_q.csv", lines))
    rows = parsed.tables["flow_daily"]
    assert rows["value"].tolist() == [2, 1, 1]
    assert rows["version"].tolist() == ["audited", "realtime", "audited"]
    assert rows["flag"].tolist() == ["", "", "estimate"]
    assert set(rows["region"]) == {"brook"} == set(rows["place"])
    assert parsed.notes.missing == 1
    in_feet = [line.replace(",2,", ",70.63,").replace(",1,", ",35.31,") for line in lines]
    with pytest.raises(ContradictionError, match="LogQ"):
        read(egret.LAYOUT, write(tmp_path / "feet.csv", in_feet))


def test_egret_samples_and_what_they_measure(tmp_path: Path) -> None:
    lines = [
        EGRET_SAMPLE,
        "1990-01-01,0.62,0.62,1,0.62,1,1,1,1990.0",
        "1990-01-02,NA,0.05,0,0.025,1,1,2,1990.0",
        "1990-01-03,0,0.06,0,0.03,1,1,3,1990.0",
        "1990-01-04,0.5,0.7,1,0.6,1,1,4,1990.0",
        "1990-01-05,0.7,0.5,0,0.6,1,1,5,1990.0",
        "1990-01-06,0.7,0.7,2,0.6,1,1,6,1990.0",
        "1990-01-07,NA,NA,1,NA,1,1,7,1990.0",
    ]
    path = write(tmp_path / "nitrate" / "brook_sample.csv", lines)
    parsed = read(egret.LAYOUT, path)
    rows = parsed.tables["water_samples"]
    assert set(rows["item"]) == {"no3n"}
    assert rows[["value", "censored"]].to_numpy().tolist() == [
        [0.62, False], [0.05, True], [0.06, True]
    ]  # fmt: skip
    assert set(reasons(parsed)) == {5, 6, 7}
    assert parsed.notes.missing == 1
    assert read(egret.LAYOUT, path, region="甲").tables["water_samples"]["region"].iloc[0] == "甲"
    with pytest.raises(InputError, match="what was measured") as refused:
        read(egret.LAYOUT, write(tmp_path / "in" / "brook_sample.csv", lines))
    assert "mapping" in refused.value.cure


@pytest.mark.parametrize(
    "header",
    [
        "Date,DecYear,Q,LogQ,yHat,SE,ConcDay,FluxDay,FNConc,FNFlux",
        "LogQ,DecYear,yHat,SE,ConcHat",
        "row,TotalChange,CQTC,QTC,x10,x11,x20,x22",
        "DecYear,Q,Conc,Flux,FNConc,FNFlux,PeriodLong,PeriodStart",
    ],
)
def test_output_of_a_model_is_no_reading(tmp_path: Path, header: str) -> None:
    path = write(tmp_path / "a.csv", [header, ",".join("1" for _ in header.split(","))])
    assert egret.LAYOUT.matches(read_sheet(path).head)
    with pytest.raises(InputError, match="output of a model"):
        egret.LAYOUT.parse(read_sheet(path), Request("a", 2026))


def test_real_choptank(real_data: Path) -> None:
    folder = real_data / "water" / "choptank_flow_concentration"
    flow = read(egret.LAYOUT, folder / "choptank_daily_q.csv.gz")
    rows = flow.tables["flow_daily"]
    assert (len(rows), flow.rows_read) == (11_688, 11_688)
    assert rows["value"].iloc[0] == 1.89722870670138
    assert str(rows["date"].min())[:10] == "1979-10-01"
    samples = read(egret.LAYOUT, folder / "choptank_sample.csv.gz").tables["water_samples"]
    assert (len(samples), int(samples["censored"].sum())) == (606, 1)
    assert set(samples["place"]) == set(rows["place"]) == {"choptank"}
    for name in ("daily_model.csv.gz", "surfaces.csv.gz", "annual_wateryear.csv", "info.csv"):
        sheet = read_sheet(folder / f"choptank_{name}")
        assert egret.LAYOUT.matches(sheet.head)
        with pytest.raises(InputError):
            egret.LAYOUT.parse(sheet, Request("choptank", 2026))
