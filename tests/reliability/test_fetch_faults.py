"""A source that hangs, and downloads whose disk is full or whose process is killed."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from dripping import Dripping
from fault_server import FaultServer
from source_forms import hours_wide
from source_server import Failure, Made, SourceServer

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="paths of handles are of Linux")

#: The file that is pulled.
BODY = hours_wide(date(2025, 2, 20))

OK = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture
def source() -> Iterator[SourceServer]:
    """A source on loopback with the file."""
    made = SourceServer()
    made.files["/china_sites_20250220.csv"] = Made.file(BODY)
    yield made
    made.close()


def pulled(root: Path) -> list[bytes]:
    """What lies among the raw files under a name of its own."""
    return [p.read_bytes() for p in (root / "data" / "raw").rglob("china*.csv")]


def unfinished(root: Path) -> list[str]:
    return [
        p.name for p in root.rglob("data/raw/cnemc_archive/.*") if p.suffix in (".tmp", ".part")
    ]


@pytest.mark.parametrize(
    ("head", "piece", "pause"),
    [
        (b"", b"", 60.0),
        (OK + b"Content-Length: 100000\r\n\r\n", b"1", 0.05),
        (OK, b"X-A: 1\r\n", 0.05),
    ],
    ids=["says nothing", "drips a body", "drips headers"],
)
def test_a_source_that_hangs_is_left_and_named(
    faults: FaultServer, root: Path, head: bytes, piece: bytes, pause: float
) -> None:
    with Dripping(head, piece, pause) as source:
        ended = faults.run(":pull", root, source.url, "0.1")
    assert ended.code == 0, ended.err
    assert "unavailable" in ended.out
    assert "no answer in time" in ended.out or "too slowly" in ended.out
    assert pulled(root) == [] and unfinished(root) == []


def test_an_answer_that_ends_half_way_is_gone_on_with(
    faults: FaultServer, source: SourceServer, root: Path
) -> None:
    source.fail(Failure(cut=len(BODY) // 2))
    ended = faults.run(":pull", root, source.url)
    assert "unavailable" in ended.out and pulled(root) == []
    ended = faults.run(":pull", root, source.url)
    assert "downloaded" in ended.out and pulled(root) == [BODY]
    assert source.seen[-1].headers["range"] == f"bytes={len(BODY) // 2}-"


@pytest.mark.parametrize("fault", ["full", "kill"])
def test_at_any_change_of_the_disk(
    faults: FaultServer, source: SourceServer, bare: Path, tmp_path: Path, fault: str
) -> None:
    swept = faults.sweep(fault, bare, tmp_path / "left", ":pull", "{}", source.url)
    assert swept.whole.code == 0 and len(swept.ends) > 8
    for n, ended in swept.ends.items():
        place = tmp_path / "left" / str(n)
        if fault == "full":
            assert ended.code == 1
            (line,) = ended.err.splitlines()
            assert "disk is full" in line or "No space left" in line
        assert pulled(place) in ([], [BODY])
        if n % 3 and n != len(swept.ends) - 1:
            continue
        again = faults.run(":pull", place, source.url)
        assert again.code == 0, again.err
        assert pulled(place) == [BODY]
        digest = hashlib.sha256(BODY).hexdigest()
        (index,) = (place / "data" / "raw").rglob(".index.json")
        assert digest in index.read_text(encoding="utf-8")
