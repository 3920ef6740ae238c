"""A source that goes back to an earlier state: the state lies there again under its later receipt."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from forecast.fetch.cache import Cache
from forecast.fetch.source import Download

ZONE = ZoneInfo("Asia/Shanghai")


def keep(folder: Path, day: int, data: bytes) -> str:
    """Keep ``data`` as what the source had on a day; return the name of the file."""
    with Cache(folder, datetime(2024, 3, day, tzinfo=ZONE)) as cache:
        wanted = Download("x.csv", "http://made", check=lambda data: None)
        (path,) = cache.keep(wanted, {"x.csv": data}, key=str(data))
    assert path.read_bytes() == data
    return path.name


def test_a_state_that_comes_back_is_a_file_of_its_own(tmp_path: Path) -> None:
    names = [keep(tmp_path, day, data) for day, data in enumerate((b"a", b"b", b"a", b"a"), 1)]
    assert names[0] == "x.csv"
    assert names[1].startswith("x.20240302000000-")
    assert names[2].startswith("x.20240303000000-")
    # What the source still has is not written again.
    assert names[3] == names[2]
    assert keep(tmp_path, 5, b"b").startswith("x.20240305000000-")


def test_without_an_index_what_lies_there_is_used(tmp_path: Path) -> None:
    keep(tmp_path, 1, b"a")
    (tmp_path / ".index.json").unlink()
    assert keep(tmp_path, 2, b"a") == "x.csv"
