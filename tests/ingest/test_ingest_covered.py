"""What a decision covers: the readings that it was made on, however the fault goes on."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from bureau_files import hours_file

from forecast import disk
from forecast.errors import WorkspaceError
from forecast.ingest import decisions, ingest_paths
from forecast.ingest.decisions import LEDGER, decide, past_decisions
from forecast.ingest.quality_log import quality
from forecast.workspace import Workspace

#: The writer of made files; its class lives with the fixtures.
Writer = Any

MOMENTS = pd.date_range("2025-06-01 08:00", periods=8, freq="D")


def put(ws: Workspace, city: Writer, now: int, n: int, **odd: tuple[int, int]) -> None:
    """Take in ``n`` days; ``d8=(90, 61)`` is PM2.5 above PM10 on the eighth."""
    rows = []
    for day in range(1, n + 1):
        pm25, pm10 = odd.get(f"d{day}", (40 + day * 7 % 11, 80 + day * 5 % 13))
        rows.append(
            [f"2016-01-{day:02d}", "60", "良", str(pm25), str(pm10), str(9 + day % 4),
             f"0.{5 + day % 5}", str(33 + day % 9), str(60 + day % 17), str(day)]
        )  # fmt: skip
    ingest_paths(ws, [city(rows)], now=MOMENTS[now])


def flags(ws: Workspace, rule: str = "pm_order") -> list[tuple[str, int, int]]:
    """Return status, first and last day of the flags of a rule, in their order."""
    rows = ws.store.read("quality_flags").query("rule == @rule").sort_values(["first", "raised"])
    return [(one.status, one.first.day, one.last.day) for one in rows.itertuples()]


def open_flags(ws: Workspace) -> pd.Series[str]:
    return ws.store.read("quality_flags").query("status == 'open'")["flag_id"]


def values(ws: Workspace) -> dict[int, float]:
    """Return day → PM2.5 from the eighth on."""
    air = ws.store.air_daily().query("item == 'pm25'")
    return {d.day: v for d, v in zip(air["date"], air["value"], strict=True) if d.day >= 8}


def rebuilt(ws: Workspace) -> bool:
    """Return whether tables and flags made anew from data/raw alone are the same."""
    columns = ["flag_id", "status", "first", "last", "n", "raised", "decided"]
    before = ws.store.fingerprint(), ws.store.read("quality_flags")[columns].to_dict()
    shutil.rmtree(ws.processed)
    ingest_paths(ws, [ws.raw], now=pd.Timestamp("2026-01-01"))
    after = ws.store.fingerprint(), ws.store.read("quality_flags")[columns].to_dict()
    return str(before) == str(after)


BAD = (90, 61)


@pytest.mark.parametrize("decision", ["accept", "reject"])
def test_what_a_fault_gains_waits_for_a_decision(
    ws: Workspace, city: Writer, decision: str
) -> None:
    put(ws, city, 0, 9, d8=BAD, d9=BAD)
    decide(ws, decision, open_flags(ws), now=MOMENTS[1])
    put(ws, city, 2, 12, d8=BAD, d9=BAD, d10=BAD, d11=BAD)
    done = f"{decision}ed"
    assert flags(ws) == [(done, 8, 9), ("open", 10, 11)]
    assert (8 in values(ws)) == (decision == "accept")
    assert values(ws)[10] == values(ws)[11] == 90
    decide(ws, decision, open_flags(ws), now=MOMENTS[3])
    assert flags(ws) == [(done, 8, 9), (done, 10, 11)]
    assert (10 in values(ws)) == (decision == "accept")
    assert rebuilt(ws)


def test_a_fault_that_began_before_is_told_for_its_beginning(ws: Workspace, city: Writer) -> None:
    put(ws, city, 0, 12, d10=BAD, d11=BAD)
    decide(ws, "reject", open_flags(ws), now=MOMENTS[1])
    put(ws, city, 2, 12, d8=BAD, d9=BAD, d10=BAD, d11=BAD)
    assert flags(ws) == [("open", 8, 9), ("rejected", 10, 11)]
    assert sorted(values(ws)) == [8, 9, 12]


def test_a_corrected_reading_is_decided_anew(ws: Workspace, city: Writer) -> None:
    put(ws, city, 0, 12, d8=BAD, d9=BAD)
    decide(ws, "reject", open_flags(ws), now=MOMENTS[1])
    put(ws, city, 2, 12, d8=(95, 61), d9=BAD)
    # The eighth says something else and is wrong again; the ninth is as it was.
    assert flags(ws) == [("rejected", 8, 9), ("open", 8, 8)]
    assert values(ws)[8] == 95
    assert 9 not in values(ws)
    decide(ws, "reject", open_flags(ws), now=MOMENTS[3])
    assert 8 not in values(ws)
    put(ws, city, 4, 12)
    # Both are right now; the decisions stand on record for what they were made on.
    assert sorted(values(ws)) == [8, 9, 10, 11, 12]
    assert {status for status, _, _ in flags(ws)} == {"rejected"}
    assert rebuilt(ws)


def test_two_flags_on_a_reading_reject_it_while_one_does(ws: Workspace, city: Writer) -> None:
    put(ws, city, 0, 12, d8=(500, 61))
    both = ws.store.read("quality_flags").query("item == 'pm25'")
    assert set(both["first"]) == {pd.Timestamp("2016-01-08")}
    assert len(both) >= 2
    decide(ws, "reject", both["flag_id"], now=MOMENTS[1])
    decide(ws, "accept", both["flag_id"].iloc[:1], now=MOMENTS[2])
    assert 8 not in values(ws)
    decide(ws, "accept", both["flag_id"].iloc[1:], now=MOMENTS[3])
    assert values(ws)[8] == 500


def test_hours_are_covered_as_days_are(ws: Workspace, tmp_path: Path) -> None:
    """The stuck day of 东站 is rejected, goes on for three hours, and is corrected."""
    path = hours_file(tmp_path)
    ingest_paths(ws, [path], now=MOMENTS[0])
    decide(ws, "reject", open_flags(ws), now=MOMENTS[1])
    lines = path.read_text(encoding="utf-8").splitlines()
    after = [n for n, line in enumerate(lines) if ",东站," in line][48:60]
    for n in after:
        cells = lines[n].split(",")
        cells[6] = "44"
        lines[n] = ",".join(cells)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    ingest_paths(ws, [path], now=MOMENTS[2])
    stuck = ws.store.read("quality_flags").query("rule == 'stuck'").sort_values("first")
    assert stuck["status"].tolist() == ["rejected", "open"]
    assert stuck["n"].tolist() == [24, 12]
    assert stuck["first"].tolist()[1] == pd.Timestamp("2021-03-03 01:00")
    day = pd.Timestamp("2021-03-02")
    points = ws.store.read("station_daily").query("place == '东站'")
    assert pd.isna(points[points["date"] == day].sort_values("known_from")["pm25"].iloc[-1])
    fixed = [line.replace(",无,44,", f",无,{30 + n % 9},") for n, line in enumerate(lines)]
    path.write_text("\n".join(fixed) + "\n", encoding="utf-8")
    ingest_paths(ws, [path], now=MOMENTS[3])
    points = ws.store.read("station_daily").query("place == '东站'")
    last = points[points["date"] == day].sort_values("known_from")["pm25"].iloc[-1]
    assert 30 <= last <= 38
    assert rebuilt(ws)


def test_the_last_hour_of_a_month_keeps_its_flag(ws: Workspace, tmp_path: Path) -> None:
    """Hour 24 of 31 March is stamped 1 April, and is of March."""

    def write(name: str, first: str, high: str) -> Path:
        path = tmp_path / name
        lines = ["date,hour,type,甲"]
        for n, end in enumerate(pd.date_range(f"{first} 01:00", periods=48, freq="h")):
            for item, value in (
                ("PM2.5", 30 + n * 7 % 13),
                ("PM10", 120 + n * 5 % 17),
                ("NO2", 20 + n * 3 % 11),
                ("SO2", 5 + n % 4),
                ("CO", 0.4 + n % 5 / 10),
                ("O3", 60 + n * 11 % 31),
            ):
                told = 950 if item == "PM2.5" and f"{end:%Y-%m-%d %H}" == high else value
                lines.append(f"{end:%Y%m%d},{end.hour},{item},{told}")
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    ingest_paths(ws, [write("三月.csv", "2024-03-30", "2024-04-01 00")], now=MOMENTS[0])
    one = ws.store.read("quality_flags").query("rule == 'range'")
    assert one["first"].tolist() == [pd.Timestamp("2024-04-01")]
    ingest_paths(ws, [write("四月.csv", "2024-04-01", "")], now=MOMENTS[1])
    assert "range" in set(quality(ws).flags["rule"])
    assert rebuilt(ws)


def test_a_full_disk_brings_the_record_back_without_room(
    ws: Workspace, city: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(ws, city, 0, 12, d8=BAD, d10=BAD)
    first, second = open_flags(ws)
    decide(ws, "accept", [first], now=MOMENTS[1])
    before = (ws.raw / LEDGER).read_bytes()
    true_write = disk.write_file

    def full(path: Path, data: bytes) -> None:
        raise WorkspaceError("The disk is full.", "Free some space.")

    def recorded(path: Path, data: bytes) -> None:
        true_write(path, data)
        if path.name == LEDGER:
            # From here on nothing more can be written.
            monkeypatch.setattr(decisions, "write_file", full)
            monkeypatch.setattr("forecast.store.write_file", full)

    monkeypatch.setattr(decisions, "write_file", recorded)
    with pytest.raises(WorkspaceError, match="disk is full"):
        decide(ws, "reject", [second], now=MOMENTS[2])
    assert (ws.raw / LEDGER).read_bytes() == before
    assert not list(ws.raw.glob(".*.tmp"))


def test_a_decision_on_record_alone_holds_once_somebody_looks(
    ws: Workspace, city: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(ws, city, 0, 12, d8=BAD)

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(decisions, "_apply", stopped)
        with pytest.raises(KeyboardInterrupt):
            decide(ws, "reject", open_flags(ws), now=MOMENTS[1])
    assert values(ws)[8] == 90
    assert len(past_decisions(ws)) == len(open_flags(ws))
    assert "rejected" in set(quality(ws, every=True).flags["status"])
    assert 8 not in values(ws)
