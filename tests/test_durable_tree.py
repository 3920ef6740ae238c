"""A tree of files is durable as a whole, however many there are."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from forecast import disk


@pytest.mark.parametrize("many", [1, 10_000])
def test_every_file_and_folder_is_synced_and_what_a_file_holds_before_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    (tmp_path / "inner").mkdir()
    files = [tmp_path / "a", tmp_path / "inner" / "b", tmp_path / "inner" / "c"]
    for path in files:
        path.write_text(path.name, encoding="utf-8")
    synced: list[tuple[int, int]] = []

    def note(handle: int) -> None:
        told = os.fstat(handle)
        synced.append((told.st_dev, told.st_ino))

    monkeypatch.setattr(disk, "_MANY_FILES", many)
    monkeypatch.setattr(os, "fsync", note)
    disk.sync_tree(tmp_path)

    def at(path: Path) -> int:
        told = path.stat()
        return synced.index((told.st_dev, told.st_ino))

    folders = [] if os.name == "nt" else [tmp_path / "inner", tmp_path]
    assert {at(path) for path in files} == {0, 1, 2}
    assert [at(path) for path in folders] == [3, 4][: len(folders)]
    assert len(synced) == 3 + len(folders)


@pytest.mark.parametrize("many", [1, 10_000])
def test_a_file_that_the_disk_refuses_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    for name in "abc":
        (tmp_path / name).write_text(name, encoding="utf-8")
    refused = (tmp_path / "b").stat().st_ino

    def fail(handle: int) -> None:
        if os.fstat(handle).st_ino == refused:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(disk, "_MANY_FILES", many)
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left") as caught:
        disk.sync_tree(tmp_path)
    assert caught.value.errno == errno.ENOSPC
