"""Files that claim to be backups: nothing of them is believed before it was checked."""

from __future__ import annotations

import hashlib
import json
import re
import stat
import struct
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.errors import ForecastError, InputError
from forecast.runs import backup_archive
from forecast.runs.backup import back_up, check_backup
from forecast.runs.backup_archive import fits, open_backup
from forecast.runs.restore import restore
from forecast.workspace import Workspace

Members = list[tuple[str, bytes]]


def listing(members: Members, /, **changed: Any) -> bytes:
    told = {
        "format_version": 1, "program": "1", "created": "2024-07-02T09:00:00+08:00",
        "workspace": "w", "runs": False,
        "tables_sha256": hashlib.sha256().hexdigest(),
        "members": [
            {"path": name, "size": len(data), "sha256": hashlib.sha256(data).hexdigest(),
             "modified": 0}
            for name, data in members
        ],
    }  # fmt: skip
    return json.dumps(told | changed).encode()


def pack(
    path: Path,
    members: Members,
    told: bytes | None = None,
    *,
    kind: int = 0,
    compression: int = zipfile.ZIP_DEFLATED,
) -> Path:
    """Write an archive of members; the first of them is of the ``kind`` of file."""
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", compression) as archive:
        warnings.simplefilter("ignore", UserWarning)  # of names that stand twice
        for at, (name, data) in enumerate(members):
            info = zipfile.ZipInfo(name)
            info.compress_type = compression
            info.external_attr = (kind if at == 0 and kind else stat.S_IFREG | 0o644) << 16
            archive.writestr(info, data)
        archive.writestr("backup.json", listing(members) if told is None else told)
    return path


CONFIG = ("forecast.toml", b"")


def is_refused(file: Path, tmp_path: Path, said: str) -> bool:
    """Whether both commands refuse the file with that sentence and a cure, and nothing was written."""
    there = sorted(p for p in tmp_path.rglob("*") if p != tmp_path / "to")
    for act in (check_backup, lambda f: restore(f, tmp_path / "to" / "here")):
        try:
            act(file)
        except InputError as error:
            if not (re.search(said, str(error)) and error.cure):
                return False
        else:
            return False
    if (tmp_path / "to" / "here").exists():
        return False
    return sorted(p for p in tmp_path.rglob("*") if p != tmp_path / "to") == there


def test_the_archive_of_these_tests_is_a_backup(tmp_path: Path) -> None:
    file = pack(tmp_path / "a.zip", [CONFIG, ("data/raw/空 气.csv", b"x")])
    assert not is_refused(file, tmp_path, "")
    assert restore(file, tmp_path / "other").rows == {}
    assert (tmp_path / "other/data/raw/空 气.csv").read_bytes() == b"x"


@pytest.mark.parametrize(
    "name",
    ["../x", "a/../../x", "/etc/x", "a//b", "./x", "a/.", "C:/x", "C:x", "a\\..\\x", "\\\\host\\x",
     "a\x00b", "a\nb", "a/", ""],
)  # fmt: skip
def test_names_that_lead_elsewhere(tmp_path: Path, name: str) -> None:
    assert not fits(name, windows=False) and not fits(name, windows=True)
    members = [CONFIG, ("zz", b"boo")]
    told = listing([CONFIG, (name, b"boo")])
    # ZipInfo itself cuts some names: the bytes are set as an attacker would.
    file = pack(tmp_path / "a.zip", members, told)
    data = file.read_bytes()
    if len(name) == 2 and name != "a/":
        file.write_bytes(data.replace(b"zz", name.encode()))
    else:
        file = _renamed(tmp_path / "a.zip", members, told, name)
    assert is_refused(
        file, tmp_path, "no name within a workspace|not those of its list|no ZIP file"
    )


def _renamed(path: Path, members: Members, told: bytes, name: str) -> Path:
    class Info(zipfile.ZipInfo):
        def __init__(self) -> None:
            super().__init__("x")
            self.filename = name

    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(*members[0])
        archive.writestr(Info(), members[1][1])
        archive.writestr("backup.json", told)
    return path


@given(st.lists(st.sampled_from(["..", ".", "a", "", "con", "C:", "b.", "\\", "空"]), max_size=5))
def test_a_name_that_fits_stays_below_its_folder(parts: list[str]) -> None:
    name = "/".join(parts)
    if fits(name, windows=False):
        root = Path("/r").resolve()
        assert root.joinpath(*name.split("/")).resolve().is_relative_to(root)
        assert ".." not in parts and "." not in parts and "" not in parts


@pytest.mark.parametrize(
    "name", ["a/CON", "nul.csv", "a/com1.txt", "x.", "x ", "a/b:c", "a?b", 'a"b', "a|b", "a*"]
)
def test_names_that_are_others_on_windows(name: str) -> None:
    assert fits(name, windows=False) and not fits(name, windows=True)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFIFO, stat.S_IFCHR, stat.S_IFDIR])
def test_links_and_devices(tmp_path: Path, kind: int) -> None:
    file = pack(tmp_path / "a.zip", [CONFIG, ("x", b"/etc/passwd")], kind=kind | 0o777)
    assert is_refused(file, tmp_path, "is a link or a device")


def test_members_that_are_not_listed_or_stand_twice(tmp_path: Path) -> None:
    members = [CONFIG, ("a", b"1"), ("b", b"2")]
    for told in (listing(members[:2]), listing([*members, ("c", b"")]), listing(members[::-1])):
        assert is_refused(
            pack(tmp_path / "a.zip", members, told), tmp_path, "not those of its list"
        )
    twice = [CONFIG, ("a", b"1"), ("a", b"2")]
    assert is_refused(pack(tmp_path / "a.zip", twice), tmp_path, "not those of its list")


def test_bytes_that_are_not_those_saved(tmp_path: Path) -> None:
    for saved in (b"22", b"2", b"222"):
        file = pack(tmp_path / "a.zip", [CONFIG, ("a", b"11")], listing([CONFIG, ("a", saved)]))
        assert is_refused(file, tmp_path, "not what was saved|has another size")


def test_a_bomb(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup_archive, "_LARGE", 1 << 20)
    file = pack(tmp_path / "a.zip", [CONFIG, ("data/raw/a.csv", bytes(5 << 20))])
    assert is_refused(file, tmp_path, "would unpack to 5,242,880 bytes")


def test_a_member_that_says_less_than_it_is(tmp_path: Path) -> None:
    big = bytes(3 << 20)
    told = listing([CONFIG, ("a", big[:1000])])
    file = pack(tmp_path / "a.zip", [CONFIG, ("a", big)], told)
    data = file.read_bytes().replace(struct.pack("<I", len(big)), struct.pack("<I", 1000))
    file.write_bytes(data)
    assert is_refused(file, tmp_path, "can't be read|is not what was saved")


def test_a_list_too_long_to_be_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = pack(tmp_path / "a.zip", [CONFIG])
    monkeypatch.setattr(backup_archive, "_MOST_LISTED", 100)
    assert is_refused(file, tmp_path, r"its last member is not backup\.json")


@pytest.mark.parametrize(
    "told",
    [b"", b"[]", b"{", b"null", b'{"format_version": "1"}', b'{"format_version": 1}',
     listing([CONFIG], members=[{"path": "forecast.toml"}]),
     listing([CONFIG], tables_sha256=5), listing([CONFIG], more=1)],
)  # fmt: skip
def test_a_list_that_is_none(tmp_path: Path, told: bytes) -> None:
    assert is_refused(
        pack(tmp_path / "a.zip", [CONFIG], told), tmp_path, "is not the list of a backup"
    )


def test_tables_that_are_not_those_said(tmp_path: Path) -> None:
    told = listing([CONFIG], tables_sha256="0" * 64)
    assert is_refused(
        pack(tmp_path / "a.zip", [CONFIG], told), tmp_path, "not those that were saved"
    )


def _of_part(path: str) -> bytes:
    part = {"path": path, "rows": 1, "content": "0" * 64}
    return json.dumps({"format_version": 1, "tables": {"air_daily": {"2023": part}}}).encode()


@pytest.mark.parametrize(
    "path",
    ["../../../etc/passwd", "/etc/passwd", "air_daily/../../part-0123456789abcdef.parquet",
     "water_samples/part-0123456789abcdef.parquet", "air_daily/year=..\\..\\x/part-0123456789abcdef.parquet"],
)  # fmt: skip
def test_a_table_whose_parts_lie_elsewhere(tmp_path: Path, path: str) -> None:
    members = [CONFIG, ("data/processed/manifest.json", _of_part(path))]
    file = pack(tmp_path / "a.zip", members)
    with pytest.raises(ForecastError, match=r"manifest\.json is damaged"):
        restore(file, tmp_path / "to")
    assert not (tmp_path / "to").exists()


def test_any_cut_or_flipped_byte_is_found(tmp_path: Path) -> None:
    ws = Workspace.create(tmp_path / "w")
    (ws.raw / "a.csv").write_bytes(bytes(range(256)) * 8)
    whole = back_up(ws, tmp_path / "a.zip").file.read_bytes()
    file = tmp_path / "b.zip"
    for cut in range(0, len(whole), max(1, len(whole) // 25)):
        file.write_bytes(whole[:cut])
        with pytest.raises(InputError):
            check_backup(file)
    wrong = 0
    for at in range(0, len(whole), 7):
        data = bytearray(whole)
        data[at] ^= 0x40
        file.write_bytes(bytes(data))
        try:
            check_backup(file)
        except InputError:
            wrong += 1
        else:
            # Only what ZIP keeps beside names, sizes and bytes: a date, a version, a flag.
            with open_backup(file) as opened:
                opened.check()
    assert wrong > 0.8 * len(range(0, len(whole), 7))


@pytest.mark.parametrize("write", [bytes, lambda: b"PK\x03\x04 no more", lambda: b"plain text"])
def test_what_is_no_archive(tmp_path: Path, write: Callable[[], bytes]) -> None:
    file = tmp_path / "a.zip"
    file.write_bytes(write())
    assert is_refused(file, tmp_path, "no ZIP file")
    with pytest.raises(InputError, match="can't be read"):
        check_backup(tmp_path / "absent.zip")
