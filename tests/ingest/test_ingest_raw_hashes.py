"""Files that were read long ago are told by size and times, and a change is noticed all the same."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from forecast.errors import WorkspaceError
from forecast.ingest import IngestReport, finding, ingest_paths, raw_hashes, reading
from forecast.workspace import Workspace

#: The writer of made files; its class lives with the fixtures.
Writer = Any

NOW = pd.Timestamp(2020, 1, 1)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the files whose content is read, where files count as settled at once."""
    names: list[str] = []
    read: Callable[[Path], bytes] = reading.read_bytes

    def listened(path: Path) -> bytes:
        names.append(path.name)
        return read(path)

    monkeypatch.setattr(reading, "read_bytes", listened)
    monkeypatch.setattr(raw_hashes, "_SETTLED", -3_600_000_000_000)
    return names


@pytest.fixture
def inbox(ws: Workspace, city: Writer) -> Path:
    """Three small files under ``data/raw``."""
    folder = ws.raw / "inbox"
    folder.mkdir()
    for at, name in enumerate("甲乙丙"):
        city(city.rows(4, seed=at), name=f"{name}市.csv").replace(folder / f"{name}市.csv")
    return folder


def _again(ws: Workspace, day: int) -> IngestReport:
    return ingest_paths(ws, [ws.raw], now=NOW + pd.Timedelta(days=day))


def _rewritten(path: Path, old: str, new: str) -> None:
    """Change a file in place and give it its size and its time of change again."""
    told = path.stat()
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    os.utime(path, ns=(told.st_atime_ns, told.st_mtime_ns))
    assert (path.stat().st_size, path.stat().st_mtime_ns) == (told.st_size, told.st_mtime_ns)


def test_what_was_read_long_ago_is_not_opened(
    ws: Workspace, city: Writer, inbox: Path, opened: list[str]
) -> None:
    first = _again(ws, 0)
    assert sorted(opened) == ["丙市.csv", "乙市.csv", "甲市.csv"]
    opened.clear()
    city(city.rows(4, seed=9), name="丁市.csv").replace(inbox / "丁市.csv")
    second = _again(ws, 1)
    assert opened == ["丁市.csv"]
    assert [len(r.read) for r in (first, second)] == [3, 1]
    assert [f.path.name for f in second.already_read] == ["丙市.csv", "乙市.csv", "甲市.csv"]
    assert {f.layout for f in second.files} == {"city_day_header"}


def test_a_content_changed_under_its_old_size_and_time_is_noticed(
    ws: Workspace, city: Writer, inbox: Path, opened: list[str]
) -> None:
    _again(ws, 0)
    rows = city.rows(4, seed=0)
    old, new = (
        ",".join(rows[1]),
        ",".join([*rows[1][:3], str(int(rows[1][3]) % 89 + 10), *rows[1][4:]]),
    )
    assert len(old) == len(new) and old != new
    opened.clear()
    _rewritten(inbox / "甲市.csv", old, new)
    second = _again(ws, 1)
    assert opened == ["甲市.csv"]
    assert [f.corrected for f in second.read] == [1]


def test_another_file_under_the_name_is_noticed(
    ws: Workspace, city: Writer, inbox: Path, opened: list[str]
) -> None:
    _again(ws, 0)
    path = inbox / "甲市.csv"
    told = path.stat()
    other = city.folder / "other.csv"
    lines = path.read_text(encoding="utf-8").splitlines()
    # The same lines the other way round: the same size.
    other.write_text("\n".join([lines[0], *reversed(lines[1:])]) + "\n", encoding="utf-8")
    os.utime(other, ns=(told.st_atime_ns, told.st_mtime_ns))
    opened.clear()
    other.replace(path)
    second = _again(ws, 1)
    assert opened == ["甲市.csv"]
    assert [f.unchanged for f in second.read] == [28]


def test_a_file_of_this_moment_is_read_again(
    ws: Workspace, inbox: Path, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw_hashes, "_SETTLED", 3_600_000_000_000)
    _again(ws, 0)
    opened.clear()
    assert len(_again(ws, 1).already_read) == 3
    # Its next change might bear the same times.
    assert len(opened) == 3
    assert not (ws.processed / "raw_hashes.tsv").exists()


def test_without_a_time_of_the_record_every_file_is_read(
    ws: Workspace, inbox: Path, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(raw_hashes, "_TELLS", False)
    _again(ws, 0)
    opened.clear()
    assert len(_again(ws, 1).already_read) == 3
    assert len(opened) == 3


def test_a_damaged_list_changes_nothing(ws: Workspace, inbox: Path, opened: list[str]) -> None:
    _again(ws, 0)
    path = ws.processed / "raw_hashes.tsv"
    whole, tables = path.read_bytes(), ws.store.fingerprint()
    damaged = [
        b"", b"\x00" * len(whole), whole[: len(whole) // 2], whole[: len(whole) - 5], whole[30:],
        whole.replace(b"a", b"b"), whole.replace(b"\t", b" "), whole.replace(b"\n", b""),
    ]  # fmt: skip
    for data in damaged:
        path.write_bytes(data)
        assert [f.status for f in _again(ws, 1).files] == ["already_read"] * 3, data
    assert ws.store.fingerprint() == tables


def test_a_hash_of_nothing_that_came_leads_to_reading(
    ws: Workspace, inbox: Path, opened: list[str]
) -> None:
    _again(ws, 0)
    path = ws.processed / "raw_hashes.tsv"
    head, *lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([head, *("0" * 64 + line[64:] for line in lines)]), encoding="utf-8")
    opened.clear()
    assert len(_again(ws, 1).already_read) == 3
    assert len(opened) == 3


def test_what_is_gone_leaves_the_list_and_other_folders_stay(
    ws: Workspace, city: Writer, inbox: Path, opened: list[str], tmp_path: Path
) -> None:
    elsewhere = tmp_path / "share"
    elsewhere.mkdir()
    city(city.rows(4, seed=7), name="戊市.csv").replace(elsewhere / "戊市.csv")
    ingest_paths(ws, [ws.raw, elsewhere], now=NOW)
    (inbox / "乙市.csv").unlink()
    # Its copy under data/raw is new, so the list is written anew.
    _again(ws, 1)
    text = (ws.processed / "raw_hashes.tsv").read_text(encoding="utf-8")
    names = [line.rpartition("\t")[2] for line in text.splitlines()[1:]]
    copy = "city_day_header/戊市.csv"
    assert names == sorted([str(elsewhere / "戊市.csv"), copy, "inbox/丙市.csv", "inbox/甲市.csv"])


def test_a_list_that_cannot_be_written_stops_nothing(
    ws: Workspace, inbox: Path, opened: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes) -> None:
        raise WorkspaceError("The disk is full.", "Free some space.")

    monkeypatch.setattr(raw_hashes, "write_file", full)
    assert _again(ws, 0).exit_code == 0
    assert not (ws.processed / "raw_hashes.tsv").exists()


def test_a_look_alone_writes_no_list(ws: Workspace, inbox: Path, opened: list[str]) -> None:
    report = ingest_paths(ws, [ws.raw], now=NOW, dry_run=True)
    assert len(report.read) == 3
    assert not (ws.processed / "raw_hashes.tsv").exists()


def test_a_retry_opens_what_it_reads(ws: Workspace, inbox: Path, opened: list[str]) -> None:
    path = inbox / "甲市.csv"
    path.write_text(
        path.read_text(encoding="utf-8") + "坏,1,良,2,3,4,0.5,6,7,8\n", encoding="utf-8"
    )
    assert [f.quarantined for f in _again(ws, 0).read if f.quarantined] == [1]
    _again(ws, 1)
    opened.clear()
    report = ingest_paths(ws, [ws.raw], now=NOW + pd.Timedelta(days=2), retry_quarantine=True)
    assert opened == ["甲市.csv"]
    assert [f.path.name for f in report.read] == ["甲市.csv"]


def test_links_count_by_what_they_lead_to(ws: Workspace, city: Writer, tmp_path: Path) -> None:
    given = tmp_path / "given"
    (given / "deep").mkdir(parents=True)
    city(name="甲市.csv").replace(given / "deep" / "甲市.csv")
    (ws.raw / "inbox").mkdir()
    city(name="乙市.csv").replace(ws.raw / "inbox" / "乙市.csv")
    (given / "link.csv").symlink_to(ws.raw / "inbox" / "乙市.csv")
    (given / "own.csv").symlink_to(ws.config_path)
    (given / "gone.csv").symlink_to(tmp_path / "nowhere.csv")
    (given / "folder").symlink_to(ws.raw)
    (ws.models / "fit.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    (given / "fit.csv").symlink_to(ws.models / "fit.csv")
    report = IngestReport()
    found = finding.found_files(ws, [given, given / "deep" / "甲市.csv"], report, {})
    assert {(f.path.name, f.inside) for f in found} == {
        ("甲市.csv", ""), ("link.csv", "inbox/乙市.csv"), ("own.csv", ""),
    }  # fmt: skip
    assert all(f.told is not None for f in found)
    assert {Path(f.real) for f in found} == {f.path.resolve() for f in found}
    # Of the whole workspace, its own folders are passed over.
    assert [f.inside for f in finding.found_files(ws, [ws.root], report, {})] == ["inbox/乙市.csv"]
