"""The log of flags: what it gains, keeps and drops, and what is shown of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from bureau_files import CITY, hours_file, write_bureau

from forecast.errors import InputError
from forecast.ingest import ingest_paths
from forecast.ingest.coverage import regions_named
from forecast.ingest.decisions import decide
from forecast.ingest.quality_log import quality
from forecast.runs.flagged import flag_counts, flag_remarks
from forecast.workspace import Workspace

#: The writer of made files; its class lives with the fixtures.
Writer = Any

THEN = pd.Timestamp("2021-06-01 08:00")


def flags(ws: Workspace, **wanted: str) -> pd.DataFrame:
    rows = ws.store.read("quality_flags")
    for column, value in wanted.items():
        rows = rows[rows[column] == value]
    return rows


def test_an_open_flag_that_is_no_longer_found_vanishes(ws: Workspace, tmp_path: Path) -> None:
    path = hours_file(tmp_path)
    assert ingest_paths(ws, [path], now=THEN).flags == 1
    assert flags(ws, rule="stuck")["raised"].tolist() == [THEN]
    # The corrected file has other values in the stuck day.
    lines = path.read_text(encoding="utf-8").splitlines()
    fixed = [
        line.replace(",无,44,", f",无,{30 + n % 9},") if "东站" in line else line
        for n, line in enumerate(lines)
    ]
    path.write_text("\n".join(fixed) + "\n", encoding="utf-8")
    report = ingest_paths(ws, [path], now=pd.Timestamp("2021-06-05"))
    assert report.flags == 0
    assert report.total("corrected") >= 24
    assert flags(ws).empty


def test_a_decided_flag_stays_and_keeps_its_decision(ws: Workspace, tmp_path: Path) -> None:
    path = hours_file(tmp_path)
    ingest_paths(ws, [path], now=THEN)
    flag = flags(ws)["flag_id"].iloc[0]
    decide(ws, "accept", [flag], reason="真", now=pd.Timestamp("2021-06-02"))
    # Two days more: the same fault is found again and is no new flag.
    report = ingest_paths(ws, [hours_file(tmp_path, days=6)], now=pd.Timestamp("2021-06-05"))
    assert report.flags == 0
    one = flags(ws).iloc[0]
    assert (one["flag_id"], one["status"], one["reason"]) == (flag, "accepted", "真")
    assert quality(ws).flags.empty
    assert len(quality(ws, every=True).flags) == 1


def test_a_flag_grows_with_the_fault(ws: Workspace, city: Writer) -> None:
    rows = city.rows(40)
    for row in rows[20:]:
        row[5] = "17"
    ingest_paths(ws, [city(rows[:32])], now=THEN)
    first = flags(ws, rule="stuck", item="so2").iloc[0]
    assert (first["n"], first["last"]) == (12, pd.Timestamp("2016-02-01"))
    report = ingest_paths(ws, [city(rows)], now=pd.Timestamp("2021-06-05"))
    grown = flags(ws, rule="stuck", item="so2").iloc[0]
    assert grown["flag_id"] == first["flag_id"]
    assert (grown["n"], grown["last"]) == (20, pd.Timestamp("2016-02-09"))
    assert grown["raised"] == THEN
    assert report.flags == len(flags(ws)) - len(flags(ws)[flags(ws)["raised"] == THEN])


def test_only_what_came_in_is_looked_at(ws: Workspace, city: Writer) -> None:
    """Flags of a region that nothing came in for stay as they are."""
    stuck = city.rows(40)
    for row in stuck[10:]:
        row[5] = "17"
    ingest_paths(ws, [city(stuck, name="甲市.csv"), city(stuck, name="乙市.csv")], region=None)
    before = flags(ws, region="甲市")
    assert not before.empty
    stuck[0][3] = "99"
    ingest_paths(ws, [city(city.rows(40, seed=5), name="丙市.csv")])
    after = flags(ws, region="甲市").reset_index(drop=True)
    pd.testing.assert_frame_equal(after, before.reset_index(drop=True))


def test_quality_of_one_region_in_either_form(ws: Workspace, city: Writer, tmp_path: Path) -> None:
    ingest_paths(ws, [write_bureau(tmp_path / "in")], now=THEN)
    whole = quality(ws)
    assert set(whole.flags["region"]) == {CITY, "乙市", "丙市"}
    assert quality(ws, "丙市").flags["region"].tolist() == ["丙市", "丙市"]
    ingest_paths(ws, [city(name="某某市.csv")])
    assert regions_named(ws, "某某") == regions_named(ws, "某某市") == ["某某市"]
    with pytest.raises(InputError, match="no readings of the region 北京") as caught:
        quality(ws, "北京")
    assert "丙市, 乙市, 某某市, 甲市" in caught.value.cure
    empty = Workspace.create(tmp_path / "empty")
    with pytest.raises(InputError) as caught:
        quality(empty, "北京")
    assert "forecast ingest" in caught.value.cure


def test_what_was_set_aside_and_refused_is_shown(ws: Workspace, city: Writer) -> None:
    rows = city.rows(40)
    rows[3][3] = "abc"
    bad = city(rows)
    strange = bad.with_name("怪.csv")
    strange.write_text("x,y\n1,2\n", encoding="utf-8")
    ingest_paths(ws, [bad, strange], now=THEN)
    shown = quality(ws)
    assert shown.quarantine[["name", "rows_quarantined"]].to_numpy().tolist() == [["甲市.csv", 1]]
    listed = ws.root / shown.quarantine["list"].iloc[0]
    assert pd.read_csv(listed)["value"].tolist() == ["abc"]
    assert shown.refused["path"].tolist() == [str(strange.resolve())]
    assert "not known" in shown.refused["reason"].iloc[0]


def test_the_step_of_2018_is_told_and_waits_for_nobody(ws: Workspace, city: Writer) -> None:
    """The change of reference state is law: it is listed, counted nowhere as open, not decided."""
    report = ingest_paths(ws, [city(city.rows(1300))], now=THEN)
    shown = quality(ws).flags
    steps = shown[shown["rule"] == "basis_step"]
    assert set(steps["item"]) == {"co", "no2", "o3_8h", "so2"}
    assert set(steps["status"]) == {"information"}
    others = shown[shown["rule"] != "basis_step"]
    assert set(others["status"]) <= {"open"}
    assert report.flags == len(others)
    assert shown["status"].tolist() == ["open"] * len(others) + ["information"] * len(steps)
    counts = flag_counts(shown)
    assert counts["open"]["flags"] == len(others)
    assert counts["information"] == {"flags": len(steps)}
    assert flag_remarks(steps) == []
    with pytest.raises(InputError, match="for information: there is nothing to decide"):
        decide(ws, "accept", [steps["flag_id"].iloc[0]])
    assert not (ws.raw / "quality_decisions.csv").exists()
    # Without the years before there is nothing to be told.
    later = city.rows(1300)
    for row in later[:960]:
        row[5] = row[7] = row[6] = row[8] = ""
    ingest_paths(ws, [city(later, name="乙市.csv")], now=THEN)
    assert set(quality(ws).flags.query("rule == 'basis_step'")["region"]) == {"甲市"}


def test_corrections_of_a_source_are_counted_and_listed(
    ws: Workspace, city: Writer, tmp_path: Path
) -> None:
    rows = city.rows(40)
    ingest_paths(ws, [city(rows), city(city.rows(30, seed=2), name="乙市.csv")], now=THEN)
    assert quality(ws).corrections.empty
    old = float(rows[3][3])
    rows[3][3], rows[4][3], rows[5][5] = "131", "132", "41"
    later = pd.Timestamp("2021-06-05")
    ingest_paths(
        ws, [city(rows).rename(tmp_path / "in" / "甲市 更正.csv")], region="甲市", now=later
    )
    shown = quality(ws)
    assert shown.corrections[["source", "region", "place", "item", "n"]].to_numpy().tolist() == [
        ["city_day_header", "甲市", "甲市", "pm25", 2],
        ["city_day_header", "甲市", "甲市", "so2", 1],
    ]
    assert (
        shown.corrections["first"].tolist() == pd.to_datetime(["2016-01-04", "2016-01-06"]).tolist()
    )
    assert shown.corrected.empty
    each = quality(ws, "甲市", every=True).corrected.set_index(["item", "when"])
    one = each.loc[("pm25", pd.Timestamp("2016-01-04"))]
    assert (one["old"], one["new"]) == (old, 131)
    assert (one["file"], one["known_from"]) == ("甲市 更正.csv", later)
    assert len(each) == 3
    assert quality(ws, "乙市", every=True).corrected.empty
    # A decision adds a version of the same value; that is no correction.
    stuck = ws.store.read("quality_flags")["flag_id"]
    if len(stuck):
        decide(ws, "reject", stuck, now=pd.Timestamp("2021-06-07"))
    assert len(quality(ws, every=True).corrected) == 3


def test_corrected_hours_are_listed_and_their_days_are_not(ws: Workspace, tmp_path: Path) -> None:
    ingest_paths(ws, [hours_file(tmp_path)], now=THEN)
    # Two days more and the same hours: the last day grows, and nothing was corrected.
    ingest_paths(ws, [hours_file(tmp_path, days=6)], now=pd.Timestamp("2021-06-03"))
    assert quality(ws).corrections.empty
    ingest_paths(ws, [hours_file(tmp_path, days=6, more=2)], now=pd.Timestamp("2021-06-05"))
    found = quality(ws, every=True)
    assert found.corrections[["table", "place", "item", "n"]].to_numpy().tolist() == [
        ["air_hourly", "西站", "pm10", 144],
        ["air_hourly", "西站", "pm25", 144],
    ]
    assert set(found.corrected["new"] - found.corrected["old"]) == {2}
