"""Backups: all of a workspace in one file, whole and checked or not there; and the way back."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import threading
import time
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import filelock
import pytest
from saved_workspace import RUN, ZONE, make_saved, snapshot

from forecast.errors import InputError, UsageError, WorkspaceError
from forecast.ingest import ingest_paths
from forecast.runs import backup, restore
from forecast.runs.backup import back_up, check_backup
from forecast.runs.restore import restore as unpack
from forecast.workspace import Workspace

ROOT = Path(__file__).parents[2]
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is of POSIX")


def then() -> datetime:
    return datetime(2024, 7, 2, 1, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_saved(tmp_path_factory.mktemp("made") / "工作区").root


@pytest.fixture
def ws(_made: Path, tmp_path: Path) -> Workspace:
    return Workspace.open(shutil.copytree(_made, tmp_path / "工作区"))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return folder


def names(file: Path) -> list[str]:
    with zipfile.ZipFile(file) as archive:
        return archive.namelist()


def test_everything_comes_back_bit_for_bit(ws: Workspace, out: Path, tmp_path: Path) -> None:
    saved = back_up(ws, out / "a.zip", runs=True, clock=then)
    assert saved.file == out / "a.zip" and saved.whole
    assert saved.sha256 == hashlib.sha256(saved.file.read_bytes()).hexdigest()
    made = unpack(saved.file, tmp_path / "again")
    assert made.root == (tmp_path / "again").resolve()
    before, after = snapshot(ws.root), snapshot(made.root)
    gone = {"plans/secrets.env", "data/processed/air_daily/year=2020/part-0000000000000000.parquet"}
    assert set(before) - set(after) == gone
    assert {name: before[name] for name in after} == after
    again = Workspace.open(made.root)
    assert again.store.fingerprint() == ws.store.fingerprint() == made.listing.tables_sha256
    # The corrected value and the one before it: both versions, with the time of receipt.
    rows = again.store.read("air_daily")
    rows = rows[(rows["item"] == "pm25") & (rows["date"] == "2023-01-03")]
    assert rows["value"].tolist() == [23.0, 29.0]
    assert str(rows["known_from"].iloc[1]) == "2023-03-02 08:00:00"
    assert made.rows["air_daily"] == len(again.store.read("air_daily"))


def test_without_runs_the_register_stays_and_the_rest_is_named(ws: Workspace, out: Path) -> None:
    saved = back_up(ws, out / "a.zip", clock=then)
    reports = [n for n in names(saved.file) if n.startswith("reports/")]
    assert reports == ["reports/register/head.json", "reports/register/2024-07.jsonl"]
    assert any("1 runs are not in it" in en for _, en in saved.remarks)
    assert f"reports/{RUN}/manifest.json" in names(back_up(ws, out / "b.zip", runs=True).file)


def test_secrets_locks_and_dead_files_are_left_out(ws: Workspace, out: Path) -> None:
    saved = back_up(ws, out / "a.zip", runs=True, clock=then)
    found = names(saved.file)
    assert not [n for n in found if "secrets" in n or n.endswith((".tmp", ".lock"))]
    assert not [n for n in found if "part-0000000000000000" in n]
    assert b"of nobody's business" not in saved.file.read_bytes()
    assert any("plans/secrets.env holds secrets" in en for _, en in saved.remarks)
    assert {"forecast.toml", "plans/own.toml", "mappings/x.toml.old"} <= set(found)
    assert "data/raw/received.csv" in found


def test_the_same_files_give_the_same_bytes(ws: Workspace, out: Path) -> None:
    one = back_up(ws, out / "a.zip", clock=then).sha256
    time.sleep(0.01)
    assert back_up(ws, out / "b.zip", clock=then).sha256 == one
    assert names(out / "a.zip")[-1] == "backup.json"


def test_into_a_folder_it_is_named_by_workspace_and_local_time(ws: Workspace, out: Path) -> None:
    assert back_up(ws, out, clock=then).file == out / "工作区-20240702-090000.zip"


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("elsewhere/there.zip", "is there already"),
        ("elsewhere/x.tar", "is no folder, and no file ending in .zip"),
        ("nowhere/x.zip", "is no folder, and no file ending in .zip"),
        ("工作区/data/raw/x.zip", "which the backup saves"),
        ("工作区/reports", "which the backup saves"),
        ("工作区/plans/x.zip", "which the backup saves"),
    ],
)
def test_where_no_backup_is_written(
    ws: Workspace, out: Path, tmp_path: Path, target: str, said: str
) -> None:
    (out / "there.zip").write_text("precious", encoding="utf-8")
    with pytest.raises(UsageError, match=said):
        back_up(ws, tmp_path / target)
    assert (out / "there.zip").read_text(encoding="utf-8") == "precious"
    assert [p.name for p in out.iterdir()] == ["there.zip"]


def test_a_file_that_came_meanwhile_is_not_replaced(
    ws: Workspace, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = backup.file_sha256

    def and_meanwhile(path: Path) -> str:
        (out / "a.zip").write_text("another's", encoding="utf-8")
        return whole(path)

    monkeypatch.setattr(backup, "file_sha256", and_meanwhile)
    with pytest.raises(WorkspaceError, match="came there meanwhile"):
        back_up(ws, out / "a.zip")
    assert (out / "a.zip").read_text(encoding="utf-8") == "another's"
    assert len(list(out.iterdir())) == 1


def test_a_part_that_rotted_on_the_disk_is_found(ws: Workspace, out: Path) -> None:
    part = next((ws.processed / "air_daily" / "year=2023").glob("*.parquet"))
    data = bytearray(part.read_bytes())
    data[len(data) // 2] ^= 1
    part.write_bytes(data)
    with pytest.raises(WorkspaceError, match="is damaged; there is no backup"):
        back_up(ws, out / "a.zip")
    assert list(out.iterdir()) == []
    part.unlink()
    with pytest.raises(WorkspaceError, match=r"is missing; there is no backup"):
        back_up(ws, out / "a.zip")


def test_raw_files_that_are_not_what_came_in_are_named(ws: Workspace, out: Path) -> None:
    raw = sorted((ws.raw / "city_day_header").iterdir())
    raw[0].write_bytes(raw[0].read_bytes() + b"#")
    raw[1].unlink()
    saved = back_up(ws, out / "a.zip", clock=then)
    assert not saved.whole
    said = " ".join(en for _, en in saved.remarks)
    assert f"1 raw files are not what was taken in: data/raw/city_day_header/{raw[0].name}" in said
    assert f"1 raw files are gone: data/raw/city_day_header/{raw[1].name}" in said
    assert check_backup(saved.file).sha256 == saved.sha256


def test_it_waits_for_a_run_and_for_an_ingest(ws: Workspace, out: Path) -> None:
    done: list[Any] = []
    thread = threading.Thread(target=lambda: done.append(back_up(ws, out / "a.zip")))
    tables = filelock.FileLock(ws.processed / ".lock")
    with filelock.FileLock(ws.reports / ".lock"):
        thread.start()
        thread.join(0.4)
        assert not done
        tables.acquire()
    thread.join(0.4)
    assert not done
    tables.release()
    thread.join(30)
    assert done[0].whole


def test_taken_during_an_ingest_it_has_a_state_between_two_files(
    ws: Workspace, out: Path, tmp_path: Path
) -> None:
    """Files come in while backups are made; each backup is some state that the tables had."""
    states = {ws.store.fingerprint()}
    folder = tmp_path / "in"
    folder.mkdir()
    stop = threading.Event()

    def arrive() -> None:
        for day in range(1, 28):
            if stop.is_set():
                return
            file = folder / f"乙{day}市.csv"
            file.write_text(
                f"日期,AQI,PM2.5,PM10,SO2,NO2,CO,O3_8h\n2023-03-{day:02d},60,20,50,8,20,0.7,90\n",
                encoding="utf-8",
            )
            ingest_paths(ws, [file], now=datetime(2023, 4, 1, 8, tzinfo=ZONE))
            states.add(ws.store.fingerprint())

    writer = threading.Thread(target=arrive)
    writer.start()
    saved = [back_up(Workspace.open(ws.root), out / f"{n}.zip") for n in range(3)]
    stop.set()
    writer.join(60)
    for n, one in enumerate(saved):
        made = unpack(one.file, tmp_path / f"out{n}")
        assert made.listing.tables_sha256 in states
        # Every row of the tables has its raw file.
        files = Workspace.open(made.root).store.files()
        assert all((made.root / path).is_file() for path in files["path"])


def test_on_a_full_disk_there_is_no_backup(
    ws: Workspace, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = iter(range(1000))
    true_write = zipfile.ZipFile.open

    def full(self: zipfile.ZipFile, name: Any, mode: str = "r", **more: Any) -> Any:
        if mode == "w" and next(calls) == 9:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return true_write(self, name, mode, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(zipfile.ZipFile, "open", full)
    with pytest.raises(WorkspaceError, match="there is none") as caught:
        back_up(ws, out / "a.zip")
    assert "Free some space" in caught.value.cure
    assert list(out.iterdir()) == []


def test_a_full_disk_leaves_nothing_restored(
    ws: Workspace, out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    saved = back_up(ws, out / "a.zip")
    calls = iter(range(1000))

    def full(handle: int) -> None:
        if next(calls) == 5:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(restore.os, "fsync", full)
        with pytest.raises(WorkspaceError, match="nothing was restored"):
            unpack(saved.file, tmp_path / "again")
    assert not (tmp_path / "again").exists() and not list(tmp_path.glob(".again*"))
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(restore.shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(WorkspaceError, match="has room for 1,000 bytes"):
        unpack(saved.file, tmp_path / "again")
    assert not (tmp_path / "again").exists()


def test_only_an_empty_folder_is_restored_into(ws: Workspace, out: Path, tmp_path: Path) -> None:
    saved = back_up(ws, out / "a.zip")
    with pytest.raises(UsageError, match="is not empty"):
        unpack(saved.file, ws.root)
    full = tmp_path / "full"
    full.mkdir()
    (full / "mine.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match=r"it holds mine\.txt"):
        unpack(saved.file, full)
    assert [p.name for p in full.iterdir()] == ["mine.txt"]
    with pytest.raises(UsageError, match="is no folder"):
        unpack(saved.file, full / "mine.txt")
    (tmp_path / "empty").mkdir()
    assert unpack(saved.file, tmp_path / "empty").root == (tmp_path / "empty").resolve()
    assert unpack(saved.file, tmp_path / "new" / "deep").rows["air_daily"] > 0


_DRIVER = """
    import os, signal, sys
    from pathlib import Path
    from forecast.runs import backup, backup_archive, restore
    from forecast.workspace import Workspace

    how, at, target = sys.argv[1], int(sys.argv[2]), Path(sys.argv[4])
    steps = iter(range(10**9))

    def step(*_):
        if next(steps) == at:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(lambda frame, event, arg: step() if event == "c_call" and arg.__name__ in
                   ("write", "fsync", "rename", "link", "unlink", "mkdir", "rmdir", "open") else None)
    if how == "backup":
        backup.back_up(Workspace.open(sys.argv[3]), target)
    else:
        restore.restore(Path(sys.argv[3]), target)
    print(next(steps))
"""


def _killed(how: str, at: int, source: Path, target: Path) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(_DRIVER), how, str(at), str(source), str(target)],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, check=False,
        encoding="utf-8", timeout=120,
    )  # fmt: skip
    return done.returncode, done.stdout.strip()


@posix_only
def test_killed_at_any_moment_nothing_looks_finished(
    ws: Workspace, out: Path, tmp_path: Path
) -> None:
    code, steps = _killed("backup", -1, ws.root, out / "whole.zip")
    assert code == 0
    for at in [int(steps) * n // 4 for n in range(4)]:
        target = out / f"{at}.zip"
        code, _ = _killed("backup", at, ws.root, target)
        assert code == -signal.SIGKILL
        if target.exists():
            assert check_backup(target).whole
    # What they left is removed by a later one, once it is clear that nobody writes to it.
    left = list(out.glob(".forecast-backup-*"))
    assert left
    for path in left:
        os.utime(path, (1, 1))
    back_up(ws, out / "after.zip")
    assert not list(out.glob(".forecast-backup-*"))
    expected = Workspace.open(ws.root).store.fingerprint()
    code, steps = _killed("restore", -1, out / "whole.zip", tmp_path / "r")
    assert code == 0
    for at in [int(steps) * n // 3 for n in range(3)]:
        target = tmp_path / f"r{at}"
        code, _ = _killed("restore", at, out / "whole.zip", target)
        assert code == -signal.SIGKILL
        if target.exists():
            assert Workspace.open(target).store.fingerprint() == expected
        else:
            assert unpack(out / "whole.zip", target).listing.tables_sha256 == expected
        assert not list(tmp_path.glob(f".r{at}.*"))


def test_an_old_or_a_newer_form_is_named(ws: Workspace, out: Path) -> None:
    saved = back_up(ws, out / "a.zip")
    told = json.loads(zipfile.ZipFile(saved.file).read("backup.json"))
    told |= {"format_version": 9, "novelty": True}
    newer = out / "newer.zip"
    with zipfile.ZipFile(saved.file) as old, zipfile.ZipFile(newer, "w") as new:
        for info in old.infolist()[:-1]:
            new.writestr(info, old.read(info))
        new.writestr("backup.json", json.dumps(told))
    with pytest.raises(InputError, match=r"has format 9; this program reads 1"):
        check_backup(newer)
