"""Each source: what is asked for, what lies in ``data/raw`` then, and each way of failing."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from source_cases import CASES, Case
from source_forms import (
    openaq_listing,
    uci_zip,
)
from source_server import HTML, Failure, Made, SourceServer

from forecast.fetch import FETCHERS, FetchReport
from forecast.ingest import ingest_paths
from forecast.ingest.detect import LAYOUTS
from forecast.workspace import Workspace

Pull = Callable[..., FetchReport]

LATER = datetime(2025, 3, 5, 6, tzinfo=ZoneInfo("Asia/Shanghai"))
EACH = pytest.mark.parametrize("case", CASES, ids=[case.source for case in CASES])


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAQ_API_KEY", "k3y-of-a-test")


def _raw(ws: Workspace) -> list[Path]:
    """Return what a folder ingest would look at: all but hidden files."""
    return sorted(p for p in ws.raw.rglob("*") if p.is_file() and not p.name.startswith("."))


def test_every_source_is_tested() -> None:
    """The cases here are those of the register."""
    assert sorted(case.source for case in CASES) == sorted(FETCHERS)


@EACH
def test_the_files_come(case: Case, pull: Pull, server: SourceServer, ws: Workspace) -> None:
    """Whole, under the names that the layouts need, and with nothing left over."""
    case.setup(server)
    report = pull(case.source, **case.asked)
    assert [(f.name, f.state) for f in report.files] == [(n, "downloaded") for n in case.names]
    assert report.exit_code == 0 and report.message == ""
    paths = [path for file in report.files for path in file.paths]
    assert _raw(ws) == sorted(paths)
    assert all(path.stat().st_size > 0 for path in paths)
    assert not list(ws.raw.rglob(".*.part*"))
    expected = [] if case.source == "open-meteo-forecast" else paths
    assert [path for path, _ in report.to_ingest] == expected


@EACH
def test_the_layouts_read_the_files(
    case: Case, pull: Pull, server: SourceServer, ws: Workspace
) -> None:
    """What is fetched is known to the ingest, and nothing of it is set aside."""
    layouts = FETCHERS[case.source].layouts
    assert set(layouts) <= set(LAYOUTS)
    case.setup(server)
    wanted = pull(case.source, **case.asked).to_ingest
    assert bool(wanted) == bool(layouts)
    if wanted:
        report = ingest_paths(ws, [path for path, _ in wanted], region=wanted[0][1] or None)
        assert report.exit_code == 0
        assert {file.layout for file in report.files} <= set(layouts)
        assert report.total("quarantined") == 0 and report.total("rows_kept") > 0


@EACH
def test_the_second_time_nothing_new_is_written(
    case: Case, pull: Pull, server: SourceServer, ws: Workspace
) -> None:
    """Unchanged, though services date their answers; a settled file is not even asked for."""
    case.setup(server)
    first = pull(case.source, **case.asked)
    before = {path: path.read_bytes() for path in _raw(ws)}
    server.seen.clear()
    again = pull(case.source, **case.asked)
    assert [f.state for f in again.files] == ["unchanged"] * len(case.names)
    assert again.exit_code == 0
    assert [f.paths for f in again.files] == [f.paths for f in first.files]
    assert {path: path.read_bytes() for path in _raw(ws)} == before
    if case.source in ("uci-beijing", "cnemc-archive"):
        assert [s.path for s in server.seen if "20250228" not in s.path] == []


@EACH
def test_a_silent_source_is_an_answer(case: Case, pull: Pull, server: SourceServer) -> None:
    """503 for ever and nothing here: exit 1 and one sentence with the host."""
    case.setup(server)
    server.break_down(Failure(503))
    report = pull(case.source, **case.asked, attempts=2)
    assert report.exit_code == 1
    assert "127.0.0.1" in report.message and "(503)" in report.message
    assert report.to_ingest == []
    json.dumps(report.to_dict(), allow_nan=False)


@EACH
def test_older_copies_are_used_with_their_age(case: Case, pull: Pull, server: SourceServer) -> None:
    """Three days later the source is out of order: the copies stay in use, and their age is said."""
    case.setup(server)
    first = pull(case.source, **case.asked)
    server.break_down(Failure(503))
    later = pull(case.source, **case.asked, now=LATER, attempts=2)
    paths = [f.paths for f in first.files]
    assert [f.paths for f in later.files] == paths
    stale = later.stale
    if case.source == "uci-beijing":
        assert later.exit_code == 0 and not stale
        return
    assert later.exit_code == 4
    assert stale and all(file.age_days == pytest.approx(3.0) for file in stale)
    assert "up to 3 days old" in later.message
    assert later.to_ingest == first.to_ingest


@EACH
def test_too_many_requests_is_waited_for(
    case: Case, pull: Pull, server: SourceServer, clock: Any
) -> None:
    """429 with Retry-After at the first request: the files come all the same."""
    case.setup(server)
    server.fail(Failure(429, {"Retry-After": "9"}))
    report = pull(case.source, **case.asked)
    assert report.exit_code == 0 and 9.0 in clock.slept


@EACH
def test_a_cut_connection_is_mended(case: Case, pull: Pull, server: SourceServer) -> None:
    """Each file's first answer stops after 60 bytes."""
    case.setup(server)
    server.fail(*[Failure(cut=60)] * 2)
    report = pull(case.source, **case.asked)
    assert report.exit_code == 0 and report.message == ""
    assert [f.state for f in report.files] == ["downloaded"] * len(case.names)
    if case.source in ("noaa-gsod", "cnemc-archive", "uci-beijing"):
        assert report.resumed
        assert any(seen.headers.get("range", "").startswith("bytes=") for seen in server.seen)


@EACH
def test_a_web_page_with_status_200_is_not_taken(
    case: Case, pull: Pull, server: SourceServer, ws: Workspace
) -> None:
    """It is put aside; what was there before stays in use."""
    case.setup(server)
    server.break_down(Failure(body=HTML, etag=""))
    report = pull(case.source, **case.asked)
    assert report.exit_code == 1
    assert "a web page instead of data" in report.message
    assert not [p for p in _raw(ws) if p.suffix != ".rejected"]


@EACH
def test_changed_columns_are_not_taken(
    case: Case, pull: Pull, server: SourceServer, ws: Workspace
) -> None:
    """A column has another name: kept aside as .rejected with the reason, the copy stays in use."""
    case.setup(server)
    asked = case.asked
    first = pull(case.source, **asked)
    for path, made in list(server.files.items()):
        server.files[path] = _renamed(case, made)
    if case.source == "openaq-archive":
        files = {p: m for p, m in server.files.items() if isinstance(m, Made)}
        server.files["/"] = openaq_listing(files)
    # Settled files are not asked for again; without the index they are.
    index = ws.raw / FETCHERS[case.source].folder / ".index.json"
    told = json.loads(index.read_text(encoding="utf-8"))
    for entry in told["files"].values():
        entry["final"] = False
    index.write_text(json.dumps(told), encoding="utf-8")
    report = pull(case.source, **asked, now=LATER)
    assert report.exit_code == 4
    assert [f.paths for f in report.files] == [f.paths for f in first.files]
    assert all(f.paths and f.stale for f in report.files)
    if not report.note:
        assert {f.state for f in report.files} == {"rejected"}
        aside = [f.kept_aside for f in report.files]
        assert all(a is not None and a.name.endswith(".rejected") and a.is_file() for a in aside)
        assert "is not what it used to be" in report.message
    before = _raw(ws)
    pull(case.source, **asked, now=LATER)
    assert _raw(ws) == before


def _renamed(case: Case, made: Any) -> Any:
    def swap(body: bytes) -> bytes:
        if body[:2] == b"\x1f\x8b":
            return gzip.compress(swap(gzip.decompress(body)), mtime=0)
        return body.replace(case.column, b"another_name")

    if case.source == "uci-beijing":
        return Made.file(uci_zip(()))
    if isinstance(made, Made):
        return Made.file(swap(made.body))
    return lambda query: swap(made(query))


@EACH
def test_half_a_file_is_not_taken(case: Case, pull: Pull, server: SourceServer) -> None:
    """Half the content with the right length: found by its checksum or by its end."""
    case.setup(server)
    for path, made in list(server.files.items()):
        if isinstance(made, Made):
            # Within a row: at a row's end only a checksum could tell.
            half = made.body[: len(made.body) // 2].rpartition(b"\n")[0][:-3]
            server.files[path] = Made.file(half)
        elif case.source not in ("openaq-archive",):
            server.files[path] = lambda q, m=made: m(q)[: len(m(q)) // 2].rstrip()[:-3]
    report = pull(case.source, **case.asked, attempts=2)
    assert report.exit_code == 1 and report.to_ingest == []
