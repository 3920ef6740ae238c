"""Files into the workspace: copies, repeats, corrections, two at once, kill and full disk."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from forecast import disk
from forecast.errors import WorkspaceError
from forecast.ingest import IngestReport, ingest_paths, run
from forecast.workspace import Workspace

#: The writer of made files; its class lives with the fixtures.
Writer = Any
ROOT = Path(__file__).parents[2]


def test_reading_twice_changes_nothing(ws: Workspace, city: Writer) -> None:
    path = city()
    first = ingest_paths(ws, [path], now=pd.Timestamp(2020, 1, 1))
    before = {p: p.stat().st_mtime_ns for p in ws.root.rglob("*") if p.is_file()}
    second = ingest_paths(ws, [path], now=pd.Timestamp(2021, 1, 1))
    assert [file.status for file in first.files + second.files] == ["read", "already_read"]
    assert second.exit_code == 0
    after = {p: p.stat().st_mtime_ns for p in ws.root.rglob("*") if p.is_file()}
    assert {p: t for p, t in after.items() if p.name != ".lock"} == {
        p: t for p, t in before.items() if p.name != ".lock"
    }


def test_the_copy_and_the_record(ws: Workspace, city: Writer) -> None:
    path = city()
    report = ingest_paths(ws, [path], now=pd.Timestamp(2020, 1, 1, 9))
    copy = ws.raw / "city_day_header" / "甲市.csv"
    assert report.files[0].raw == copy
    assert copy.read_bytes() == path.read_bytes()
    record = ws.store.files().iloc[0]
    assert record["path"] == "data/raw/city_day_header/甲市.csv"
    assert record["ingested_at"] == pd.Timestamp("2020-01-01 09:00")
    assert record["sha256"].startswith(record["file_id"])
    assert set(ws.store.air_daily()["file_id"]) == {record["file_id"]}
    # A row can be traced to its line.
    row = ws.store.air_daily().query("item == 'pm25'").iloc[3]
    line = copy.read_text(encoding="utf-8").splitlines()[row["row"] - 1].split(",")
    assert (line[0], float(line[3])) == (f"{row['date']:%Y-%m-%d}", row["value"])


def test_another_content_of_the_same_name_is_kept_beside(ws: Workspace, city: Writer) -> None:
    rows = city.rows(5)
    ingest_paths(ws, [city(rows)])
    rows[2][3] = "77"
    report = ingest_paths(ws, [city(rows)], now=pd.Timestamp(2020, 1, 1))
    copies = sorted(p.name for p in (ws.raw / "city_day_header").iterdir())
    assert len(copies) == 2
    assert report.files[0].corrected == 1
    assert report.files[0].unchanged == 34
    # The tables can be rebuilt from the copies alone, under the same region.
    again = Workspace.create(ws.root.parent / "again")
    ingest_paths(again, [ws.raw])
    assert set(again.store.air_daily()["region"]) == {"甲市"}
    assert len(again.store.files()) == 2


def test_files_under_raw_are_not_copied(ws: Workspace, city: Writer) -> None:
    inside = ws.raw / "mine" / "甲市.csv"
    inside.parent.mkdir()
    city().replace(inside)
    before = inside.stat().st_mtime_ns
    report = ingest_paths(ws, [ws.raw])
    assert report.files[0].raw == inside
    assert inside.stat().st_mtime_ns == before
    record = ws.raw / "received.csv"
    assert sorted(p for p in ws.raw.rglob("*") if p.is_file()) == sorted([inside, record])
    assert ws.store.files()["path"].tolist() == ["data/raw/mine/甲市.csv"]


def test_correction_and_as_of(ws: Workspace, city: Writer) -> None:
    """A growing file: new days count from their own day, a changed one from the receipt."""
    rows = city.rows(10)
    ingest_paths(ws, [city(rows[:5])], now=pd.Timestamp(2016, 1, 6, 8))
    old = float(rows[2][3])
    rows[2][3] = str(int(old) + 1)
    ingest_paths(ws, [city(rows)], now=pd.Timestamp(2016, 2, 1, 8))

    def third(as_of: date | None) -> list[float]:
        air = ws.store.air_daily(as_of).query("item == 'pm25'")
        return air[air["date"] == pd.Timestamp("2016-01-03")]["value"].tolist()

    assert third(date(2016, 1, 2)) == []
    assert third(date(2016, 1, 3)) == [old]
    assert third(date(2016, 1, 31)) == [old]
    assert third(date(2016, 2, 1)) == [old + 1] == third(None)
    assert ws.store.air_daily(date(2016, 1, 8))["date"].max() == pd.Timestamp("2016-01-08")


def test_the_same_content_under_another_name_is_questioned(ws: Workspace, city: Writer) -> None:
    rows = city.rows(5)
    ingest_paths(ws, [city(rows, name="甲.csv")])
    wrong = city(rows, name="乙.csv")
    report = ingest_paths(ws, [wrong])
    assert report.exit_code == 1
    assert "already read as region 甲" in report.message
    assert ingest_paths(ws, [wrong], region="乙").exit_code == 0
    assert set(ws.store.air_daily()["region"]) == {"甲", "乙"}
    assert ws.store.files()["region"].tolist() == ["乙", "甲"]


def test_receipt_in_another_zone_is_turned_to_local_time(ws: Workspace, city: Writer) -> None:
    ingest_paths(ws, [city()], now=pd.Timestamp("2020-01-01 20:00", tz="UTC"))
    assert ws.store.files()["ingested_at"].tolist() == [pd.Timestamp("2020-01-02 04:00")]


def test_dry_run_writes_nothing(ws: Workspace, city: Writer) -> None:
    before = sorted(p for p in ws.root.rglob("*"))
    rows = city.rows(10)
    rows[1][0] = "x"
    report = ingest_paths(ws, [city(rows)], dry_run=True)
    assert (report.exit_code, report.files[0].rows_kept) == (0, 9)
    assert sorted(p for p in ws.root.rglob("*")) == before


def test_progress_and_order(ws: Workspace, city: Writer) -> None:
    for name in ("c.csv", "a.csv", "b.csv"):
        folder = city(city.rows(3, seed=ord(name[0])), name=name).parent
    told: list[tuple[int, int, str]] = []
    ingest_paths(ws, [folder], progress=lambda i, n, p: told.append((i, n, p.name)))
    assert told == [(0, 3, "a.csv"), (1, 3, "b.csv"), (2, 3, "c.csv")]


def test_batches_give_the_same_tables(
    ws: Workspace, city: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        folder = city(city.rows(5, seed=number), name=f"{number}.csv").parent
    ingest_paths(ws, [folder], now=pd.Timestamp(2020, 1, 1))
    monkeypatch.setattr(run, "_BATCH", 1)
    other = Workspace.create(ws.root.parent / "other")
    ingest_paths(other, [folder], now=pd.Timestamp(2020, 1, 1))
    assert other.store.fingerprint() == ws.store.fingerprint()


def test_report_as_plain_values(ws: Workspace, city: Writer) -> None:
    report = ingest_paths(ws, [city(), city().parent / "none.csv"])
    plain = report.to_dict()
    assert plain["exit_code"] == 4
    assert plain["new"] == 700
    assert {file["status"] for file in plain["files"]} == {"read", "refused"}
    assert IngestReport().exit_code == 1


def test_two_commands_at_once(ws: Workspace, city: Writer) -> None:
    """Both read the same folder; every value is stored once."""
    for number in range(3):
        folder = city(city.rows(30, seed=number), name=f"{number}.csv").parent
    errors: list[BaseException] = []

    def work() -> None:
        try:
            ingest_paths(ws, [folder])
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors
    assert len(ws.store.read("air_daily")) == 3 * 30 * 7
    assert len(ws.store.files()) == 3


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX signal")
@pytest.mark.parametrize("at", [1, 2, 3, 4])
def test_kill_leaves_old_or_new_tables(ws: Workspace, city: Writer, at: int) -> None:
    """Killed before its n-th file appears (copy, part, files, manifest); then run again."""
    ingest_paths(ws, [city(city.rows(5, seed=2), name="old.csv")])
    before = ws.store.fingerprint()
    path = city(city.rows(5, seed=3), name="new.csv")
    script = f"""
        import os, signal
        from pathlib import Path
        from forecast import disk
        from forecast.ingest import ingest_paths
        from forecast.workspace import Workspace
        calls = iter(range(1, 100))
        true_replace = disk._replace
        def replace(source, target):
            if next(calls) == {at}:
                os.kill(os.getpid(), signal.SIGKILL)
            true_replace(source, target)
        disk._replace = replace
        ingest_paths(Workspace.open({str(ws.root)!r}), [{str(path)!r}])
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL
    assert ws.store.fingerprint() == before
    assert len(ws.store.files()) == 1
    report = ingest_paths(ws, [path])
    assert report.files[0].status == "read"
    assert set(ws.store.air_daily()["region"]) == {"old", "new"}
    assert len(list((ws.raw / "city_day_header").glob("*.csv"))) == 2
    assert not list(ws.processed.rglob(".*.tmp"))


def test_full_disk(ws: Workspace, city: Writer, monkeypatch: pytest.MonkeyPatch) -> None:
    ingest_paths(ws, [city(name="old.csv")])
    before = ws.store.fingerprint()

    def full(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(disk.os, "fsync", full)
    path = city(city.rows(seed=9), name="new.csv")
    with pytest.raises(WorkspaceError, match="disk is full"):
        ingest_paths(ws, [path])
    monkeypatch.undo()
    assert ws.store.fingerprint() == before
    assert not list(ws.root.rglob("*.tmp"))
    assert ingest_paths(ws, [path]).exit_code == 0


@given(data=st.data())
@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_shuffled_and_changed_rows_give_a_report_and_only_the_sources_values(
    ws: Workspace, city: Writer, data: st.DataObject
) -> None:
    rows = data.draw(st.permutations(city.rows(12)))
    rows = [list(row) for row in rows]
    for _ in range(data.draw(st.integers(0, 6))):
        at = data.draw(st.integers(0, 11))
        column = data.draw(st.integers(0, len(city.header) - 1))
        rows[at][column] = data.draw(
            st.one_of(
                st.sampled_from(["", "0", "-1", "1e5", "abc", "2016-01-03", "—", "1 2", '"']),
                st.text(max_size=5),
                st.floats().map(str),
            )
        )
    path = city()
    path.write_bytes(city.text(rows).encode("utf-8", errors="replace"))
    report = ingest_paths(ws, [path], dry_run=True)
    assert report.exit_code in {0, 1, 3}
    source = set(path.read_text(encoding="utf-8").replace("\n", ",").split(","))
    fresh = Workspace.create(tempfile.mkdtemp(dir=ws.root.parent))
    if ingest_paths(fresh, [path]).exit_code == 0:
        stored = fresh.store.air_daily()
        readable = {float(cell) for cell in source if _is_number(cell)}
        assert set(stored["value"]) <= readable
        assert not stored.duplicated(["region", "date", "item"]).any()
        assert np.isfinite(stored["value"]).all()


def _is_number(cell: str) -> bool:
    try:
        float(cell.strip(' "'))
    except ValueError:
        return False
    return True
