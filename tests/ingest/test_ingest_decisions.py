"""Decisions on flagged readings: what they change, from when on, and that they outlive the tables."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from bureau_files import CITY, STUCK, hours_file, write_bureau

from forecast.errors import InputError, UsageError, WorkspaceError
from forecast.ingest import ingest_paths
from forecast.ingest.decisions import LEDGER, decide, past_decisions
from forecast.workspace import Workspace

THEN = pd.Timestamp("2021-06-01 08:00")
DAY = pd.Timestamp("2021-03-02")

#: Sum of PM2.5 of 西站 over the 24 hours of DAY, hours 24 to 47 of the file: 30 + 5 n mod 17.
WEST = sum(30 + n * 5 % 17 for n in range(24, 48))


@pytest.fixture(scope="module")
def _filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("decided")
    ws = Workspace.create(folder / "w")
    ingest_paths(ws, [write_bureau(folder / "in")], now=THEN)
    return ws.root


@pytest.fixture
def filled(_filled: Path, tmp_path: Path) -> Workspace:
    """A workspace of one's own with the bureau's files."""
    return Workspace.open(Path(shutil.copytree(_filled, tmp_path / "filled")))


def stuck(ws: Workspace) -> str:
    """Return the flag on the PM2.5 of 东站 that stays for a day."""
    flags = ws.store.read("quality_flags").query("rule == 'stuck' and table == 'air_hourly'")
    assert flags[["place", "item", "n"]].to_numpy().tolist() == [["东站", "pm25", 24]]
    return str(flags["flag_id"].iloc[0])


def station(ws: Workspace) -> float:
    """Return the PM2.5 of 东站 on DAY as known last; NaN where it has none."""
    rows = ws.store.read("station_daily").query("place == '东站'")
    return float(rows[rows["date"] == DAY].sort_values("known_from")["pm25"].iloc[-1])


def city(ws: Workspace, as_of: date | None = None) -> list[float]:
    """Return the PM2.5 of the city on DAY as known at the end of ``as_of``."""
    air = ws.store.air_daily(as_of, regions=[CITY])
    return [float(v) for v in air[(air["date"] == DAY) & (air["item"] == "pm25")]["value"]]


def test_a_rejected_stuck_value_changes_the_day_from_the_decision_on(filled: Workspace) -> None:
    # Two evaluation points; the control point does not count.
    both = (STUCK + WEST / 24) / 2
    assert city(filled) == [pytest.approx(both)]
    assert station(filled) == STUCK
    flag = stuck(filled)
    decided = decide(filled, "reject", [flag], reason="仪器故障", by="李", now=pd.Timestamp("2021-07-01"))  # fmt: skip
    assert decided["status"].tolist() == ["rejected"]
    # One point of two is left: under 75 % of the points, so the city has no PM2.5 that day.
    assert pd.isna(station(filled))
    assert city(filled) == []
    assert city(filled, date(2021, 6, 30)) == [pytest.approx(both)]
    # The other hours and items of the point still count.
    air = filled.store.air_daily(regions=[CITY])
    assert len(air[(air["date"] == DAY) & (air["item"] == "no2")]) == 1
    # The hours themselves stay as they were read.
    hours = filled.store.read("air_hourly").query("place == '东站'")
    assert (hours["pm25"] == STUCK).sum() >= 24
    decide(filled, "accept", [flag], reason="复核", by="王", now=pd.Timestamp("2021-08-01"))
    assert city(filled) == [pytest.approx(both)]
    assert city(filled, date(2021, 7, 31)) == city(filled, date(2021, 7, 1)) == []
    assert city(filled, date(2021, 6, 30)) == [pytest.approx(both)]
    record = past_decisions(filled)
    assert record[["decision", "decided_by", "reason"]].to_numpy().tolist() == [
        ["reject", "李", "仪器故障"], ["accept", "王", "复核"],
    ]  # fmt: skip


def test_a_rejected_day_is_silent_from_the_decision_on(filled: Workspace) -> None:
    flags = filled.store.read("quality_flags").query("region == '丙市' and item == 'so2'")
    days = filled.store.air_daily(regions=["丙市"]).query("item == 'so2'")
    assert flags["n"].tolist() == [25] == [len(days)]
    decide(filled, "reject", flags["flag_id"], now=pd.Timestamp("2021-07-01 09:00"))
    assert filled.store.air_daily(regions=["丙市"]).query("item == 'so2'").empty
    before = filled.store.air_daily(date(2021, 6, 30), regions=["丙市"]).query("item == 'so2'")
    assert before["value"].tolist() == days["value"].tolist()
    decide(filled, "accept", flags["flag_id"], now=pd.Timestamp("2021-07-02 09:00"))
    again = filled.store.air_daily(regions=["丙市"]).query("item == 'so2'")
    assert again["value"].tolist() == days["value"].tolist()
    assert filled.store.air_daily(date(2021, 7, 1), regions=["丙市"]).query("item == 'so2'").empty


def test_names_of_flags_may_be_cut_where_they_stay_clear(
    filled: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    flags = filled.store.read("quality_flags")
    with filled.store.writer() as writer:
        writer.replace(
            "quality_flags", flags.assign(flag_id=["aa11", "aa12", "ab00", "c000", "d000"])
        )
    assert decide(filled, "reject", [" AB "])["flag_id"].tolist() == ["ab00"]
    with pytest.raises(UsageError, match="aa fits 2 flags: aa11, aa12"):
        decide(filled, "reject", ["aa"])
    with pytest.raises(UsageError, match="no flag zz"):
        decide(filled, "reject", ["c0", "zz"])
    with pytest.raises(UsageError, match="No flag is named"):
        decide(filled, "reject", ["c0", " "])
    with pytest.raises(UsageError, match="No flag is named"):
        decide(filled, "reject", [])
    with pytest.raises(UsageError, match="no decision maybe"):
        decide(filled, "maybe", ["c0"])
    with pytest.raises(InputError, match="rejected already"):
        decide(filled, "reject", ["ab"])
    # Nothing but the first was decided.
    assert past_decisions(filled)["flag_id"].tolist() == ["ab00"]
    assert filled.store.read("quality_flags")["status"].value_counts().to_dict() == {
        "open": 4, "rejected": 1,
    }  # fmt: skip


def test_decisions_outlive_the_tables(filled: Workspace, tmp_path: Path) -> None:
    """Readings, decisions and corrections came in turn; data/raw alone tells it all again."""
    flag = stuck(filled)
    others = filled.store.read("quality_flags").query("item == 'so2'")["flag_id"]
    decide(filled, "reject", [flag], by="李", now=pd.Timestamp("2021-07-01"))
    decide(filled, "reject", others, reason="坏", now=pd.Timestamp("2021-07-02"))
    # Other values of the second point, from a file of the same name.
    hours_file(tmp_path / "corrected", more=3)
    report = ingest_paths(filled, [tmp_path / "corrected"], now=pd.Timestamp("2021-07-03"))
    assert report.total("corrected") > 0
    decide(filled, "accept", [flag], by="王", now=pd.Timestamp("2021-07-04"))
    decide(filled, "accept", others.iloc[:1], now=pd.Timestamp("2021-07-05"))

    before = filled.store.read("quality_flags").sort_values("flag_id")
    tables = filled.store.fingerprint()
    then = {day: city(filled, day) for day in (date(2021, 6, 30), date(2021, 7, 2), date(2021, 7, 3))}  # fmt: skip
    shutil.rmtree(filled.processed)
    again = ingest_paths(filled, [filled.raw], now=pd.Timestamp("2022-01-01"))
    assert again.exit_code == 0
    columns = ["flag_id", "table", "status", "decided", "decided_by", "reason", "n", "raised"]
    after = filled.store.read("quality_flags").sort_values("flag_id")
    assert after[columns].to_numpy().tolist() == before[columns].to_numpy().tolist()
    assert {day: city(filled, day) for day in then} == then
    assert filled.store.fingerprint() == tables
    assert len(past_decisions(filled)) == 5


def test_a_decision_on_record_is_settled_once(filled: Workspace) -> None:
    flag = stuck(filled)
    processed = filled.processed
    shutil.copytree(processed, processed.with_name("before"))
    decide(filled, "reject", [flag], now=pd.Timestamp("2021-07-01"))
    after = filled.store.fingerprint()
    # As after a stop between the record and the tables.
    shutil.rmtree(processed)
    processed.with_name("before").rename(processed)
    with pytest.raises(InputError, match="rejected already"):
        decide(filled, "reject", [flag], now=pd.Timestamp("2021-07-02"))
    assert filled.store.fingerprint() == after
    assert len(past_decisions(filled)) == 1


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", "\x00\x00"])
def test_a_damaged_record_is_one_sentence(filled: Workspace, text: str) -> None:
    (filled.raw / LEDGER).write_text(text, encoding="utf-8")
    with pytest.raises(WorkspaceError, match="can't be read"):
        decide(filled, "reject", [stuck(filled)])
