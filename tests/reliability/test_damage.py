"""Files that were damaged, lost, closed or written by an earlier version."""

from __future__ import annotations

import hashlib
import io
import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from fault_server import FaultServer
from fault_state import result_of, runs_of, tables_of

from forecast.errors import WorkspaceError
from forecast.part_files import parquet
from forecast.partitions import content_hash
from forecast.runs.steady_tables import steady
from forecast.store import FORMAT_VERSION, Store
from forecast.tables import TABLES
from forecast.workspace import Workspace

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="forks are of POSIX")
RUN = ("run", "--paths", "60", "--quiet", "-w")

_HOURS = "Date,Hour,WatchPoint,AQI,Level,PrimaryPollution,PM2.5,PM10,CO,NO2,O3_1h,O3_8h,SO2"


def test_every_damage_of_a_part_is_noticed(root: Path) -> None:
    """Three hundred parts with one byte changed, a hundred that were cut off."""
    store = Store(root / "data" / "processed")
    whole = store.read("air_daily")
    (part, *_) = (root / "data" / "processed").glob("air_daily/year=2021/*.parquet")
    data = part.read_bytes()
    rng = random.Random(5)
    damaged = [(at, None) for at in rng.sample(range(len(data)), 100)]
    damaged += [(rng.randrange(len(data)), rng.randrange(1, 256)) for _ in range(300)]
    for at, change in damaged:
        other = data[:at] if change is None else (
            data[:at] + bytes([data[at] ^ change]) + data[at + 1 :]
        )  # fmt: skip
        part.write_bytes(other)
        with pytest.raises(WorkspaceError, match="is damaged") as caught:
            store.read("air_daily")
        assert part.name in caught.value.message and "ingest data/raw again" in caught.value.cure
    part.write_bytes(data)
    pd.testing.assert_frame_equal(store.read("air_daily"), whole)


@posix_only
def test_a_damaged_part_is_one_sentence_and_its_cure_cures(
    faults: FaultServer, root: Path, more: Path, tmp_path: Path
) -> None:
    sound = Path(shutil.copytree(root, tmp_path / "sound"))
    assert faults.run(":ingest", sound, more).code == 0
    processed = root / "data" / "processed"
    (part, *_) = processed.glob("air_daily/year=2021/*.parquet")
    data = part.read_bytes()
    part.write_bytes(data[: len(data) // 2] + bytes(64) + data[len(data) // 2 + 64 :])
    for command in ((*RUN, root), (":ingest", root, more), ("assess", "-w", root)):
        ended = faults.run(*command)
        assert ended.code == 1
        (line,) = ended.err.splitlines()
        assert "is damaged and can't be read" in line and "ingest data/raw again" in line
    processed.rename(root / "data" / "old")
    assert faults.run("ingest", root / "data" / "raw", "-w", root).code == 0
    # The file that came meanwhile lies among the raw ones, with the moment of its receipt.
    assert tables_of(root) == tables_of(sound)


@posix_only
def test_a_lost_manifest_is_made_again_from_the_raw_files(faults: FaultServer, root: Path) -> None:
    before = tables_of(root)
    (root / "data" / "processed" / "manifest.json").unlink()
    assert faults.run("ingest", root / "data" / "raw", "-w", root).code == 0
    assert tables_of(root) == before


@posix_only
def test_stored_fits_that_are_damaged_are_made_again(
    faults: FaultServer, small: Path, tmp_path: Path
) -> None:
    whole = Path(shutil.copytree(small, tmp_path / "whole"))
    assert faults.run(*RUN, whole).code == 0
    fits = [p.relative_to(whole) for p in (whole / "models").rglob("*") if p.is_file()]
    rng = random.Random(6)
    assert fits
    for n in range(2):
        place = Path(shutil.copytree(small, tmp_path / f"{n}"))
        for name in fits:
            data = (whole / name).read_bytes()
            at = rng.randrange(len(data))
            harms = (data[:at], data[:at] + bytes([data[at] ^ 255]) + data[at + 1 :])
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(harms[n])
        ended = faults.run(*RUN, place)
        assert ended.code == 0, ended.err
        name_of = runs_of(place).latest
        assert result_of(place, name_of) == result_of(whole, name_of)
        # They are made again, the same.
        assert all((place / name).read_bytes() == (whole / name).read_bytes() for name in fits)


@posix_only
def test_latest_that_was_deleted_is_there_again_after_the_next_run(
    faults: FaultServer, root: Path
) -> None:
    before = runs_of(root)
    for content in (None, b"\xff\xfe", b"../../etc\n"):
        latest = root / "reports" / "latest"
        latest.unlink() if content is None else latest.write_bytes(content)
        assert faults.run("status", "-w", root).code == 0
        ended = faults.run("run", "--paths", "50", "--json", "-w", root)
        assert json.loads(ended.out)["run"]["id"] == before.latest
        assert runs_of(root) == before


@posix_only
def test_a_typo_in_the_configuration_changes_nothing_and_is_named(
    faults: FaultServer, root: Path, more: Path
) -> None:
    config = root / "forecast.toml"
    good = config.read_text(encoding="utf-8")
    before, tables = runs_of(root), tables_of(root)
    for wrong, said in (
        (good.replace("paths =", "pathes =", 1), "pathes"),
        (good.replace("[run]", "[runs]", 1), "runs"),
        (good + "\n[run\n", "line"),
        (good.replace('timezone = "Asia/Shanghai"', 'timezone = "Asia/Shanghia"', 1), "Shanghia"),
    ):
        assert wrong != good
        config.write_text(wrong, encoding="utf-8")
        for command in ((*RUN, root), (":ingest", root, more), ("status", "-w", root)):
            ended = faults.run(*command)
            assert ended.code == 1, ended
            assert len(ended.err.strip().splitlines()) == 1 and "Traceback" not in ended.err
            assert said in ended.err and "forecast.toml" in ended.err
    config.write_text(good, encoding="utf-8")
    assert (runs_of(root), tables_of(root)) == (before, tables)
    assert faults.run(*RUN, root).code == 0


@pytest.fixture
def closed(root: Path) -> Iterator[Path]:
    """The small workspace on a disk that can only be read, for the system's own administrator too."""
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("no file system can be mounted here")
    mounted = subprocess.run(
        ["mount", "--bind", str(root), str(root)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", str(root)], check=True)
        yield root
    finally:
        subprocess.run(["umount", "--lazy", str(root)], check=True)


def test_a_workspace_that_can_only_be_read(
    closed: Path, faults: FaultServer, more: Path, tmp_path: Path
) -> None:
    before = {p: p.stat().st_mtime_ns for p in closed.rglob("*")}
    for command in (
        (*RUN, closed), (":ingest", closed, more), ("ingest", more, "-w", closed),
        ("report", "--format", "xlsx", "--chapters", "targets", "-w", closed),
        ("alert", "send", "-w", closed), (":register", closed), (":records", closed),
        (":answer", closed), ("schedule", "run", "--once", "-w", closed),
        ("backup", tmp_path / "a.zip", "-w", closed),
    ):  # fmt: skip
        ended = faults.run(*command)
        assert ended.code == 1, (command, ended)
        assert "Read-only file system" in ended.err, (command, ended)
        lines = [line for line in ended.err.splitlines() if "the log can't be written" not in line]
        assert len(lines) == 1 and "Traceback" not in ended.err, (command, ended)
    # What only reads works.
    for command in (("status", "-w", closed), ("assess", "-w", closed), ("changes", "-w", closed)):
        assert faults.run(*command).code == 0
    assert {p: p.stat().st_mtime_ns for p in closed.rglob("*")} == before


def hours(path: Path, months: tuple[int, ...]) -> Path:
    """Write hours of two points on the first three days of some months of 2021."""
    lines = [_HOURS]
    for month in months:
        for n, time in enumerate(pd.date_range(f"2021-{month:02d}-01 01:00", periods=72, freq="h")):
            lines += [
                f"{time:%Y%m%d},{time:%H},{point},60,良,无,{20 + n % 13 + k},{50 + n % 17},0.{3 + n % 5},"
                f"{20 + n % 9},{50 + n % 21},60,{6 + n % 4}"
                for k, point in enumerate(("东站", "西站"))
            ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def as_version_1(processed: Path) -> None:
    """Write the tables as the first version did: each year in one part, and columns that it had."""
    path = processed / "manifest.json"
    told = json.loads(path.read_text(encoding="utf-8"))
    store = Store(processed)
    for table, parts in told["tables"].items():
        spec = TABLES[table]
        if not spec.by_month:
            continue
        rows = {year: store.read(table, years=[year]) for year in {int(p[:4]) for p in parts}}
        for old in list(parts):
            (processed / parts.pop(old)["path"]).unlink()
        for year, frame in rows.items():
            kept = pq.read_table(io.BytesIO(parquet(spec, frame))).drop_columns(["version"])
            data = io.BytesIO()
            pq.write_table(kept, data)
            digest = hashlib.sha256(data.getvalue()).hexdigest()[:16]
            name = f"{table}/year={year}/part-{digest}.parquet"
            (processed / name).write_bytes(data.getvalue())
            content = content_hash(spec, frame)
            parts[str(year)] = {"path": name, "rows": len(frame), "content": content}
    told["format_version"] = 1
    path.write_text(json.dumps(told), encoding="utf-8")


@posix_only
def test_tables_of_the_first_layout_are_read_and_cut_anew_by_the_next_writer(
    faults: FaultServer, tmp_path: Path
) -> None:
    place = tmp_path / "w"
    assert faults.run("init", place).code == 0
    assert faults.run(":ingest", place, hours(tmp_path / "小时" / "甲市.csv", (1, 2, 3))).code == 0
    store = Store(place / "data" / "processed")
    now = {table: store.read(table) for table in store.manifest()}
    shutil.copytree(place, tmp_path / "old")
    as_version_1(tmp_path / "old" / "data" / "processed")
    before = Store(tmp_path / "old" / "data" / "processed")
    assert list(before.manifest()["air_hourly"]) == ["2021"]
    hourly = now["air_hourly"].assign(version="")
    key = [*TABLES["air_hourly"].key]
    found = before.read("air_hourly").sort_values(key, ignore_index=True)
    pd.testing.assert_frame_equal(found, hourly.sort_values(key, ignore_index=True))
    assert faults.run("status", "-w", tmp_path / "old").code == 0

    # A month that was there, corrected, and one that was not; killed at every change on the way.
    more = hours(tmp_path / "more" / "甲市.csv", (3, 4))
    more.write_text(more.read_text("utf-8").replace("20210301,01,东站,60,良,无,20,", "20210301,01,东站,60,良,无,90,"), "utf-8")  # fmt: skip
    shutil.copytree(tmp_path / "old", tmp_path / "again")
    assert faults.run(":ingest", place, more).code == 0
    swept = faults.sweep("kill", tmp_path / "again", tmp_path / "left", ":ingest", "{}", more)
    assert swept.whole.code == 0 and len(swept.ends) > 40
    wanted = Store(place / "data" / "processed")

    def assert_as_if_new(root: Path) -> None:
        made = Store(root / "data" / "processed")
        told = json.loads(made.manifest_path.read_text(encoding="utf-8"))
        assert told["format_version"] == FORMAT_VERSION
        for table in ("air_hourly", "air_daily"):
            assert sorted(made.manifest()[table]) == sorted(wanted.manifest()[table])
            columns = [c for c in TABLES[table].schema.names if c != "version"]
            pd.testing.assert_frame_equal(
                made.read(table, columns=columns), wanted.read(table, columns=columns)
            )

    assert_as_if_new(tmp_path / "left" / "whole")
    rows = {len(found), len(wanted.read("air_hourly"))}
    for n in swept.ends:
        assert (
            len(Store(tmp_path / "left" / str(n) / "data" / "processed").read("air_hourly")) in rows
        )
    for n in (0, 9, len(swept.ends) // 2, len(swept.ends) - 1):
        assert faults.run(":ingest", tmp_path / "left" / str(n), more).code == 0
        assert_as_if_new(tmp_path / "left" / str(n))


def test_tables_of_a_later_version_are_refused(root: Path) -> None:
    path = root / "data" / "processed" / "manifest.json"
    told = json.loads(path.read_text(encoding="utf-8"))
    for version in (FORMAT_VERSION + 1, 0, "2", None):
        path.write_text(json.dumps(told | {"format_version": version}), encoding="utf-8")
        with pytest.raises(WorkspaceError, match=f"has format {version}") as caught:
            Store(root / "data" / "processed").read("air_daily")
        assert "Update the program" in caught.value.cure


@posix_only
def test_a_reader_sees_one_state_of_the_tables_while_others_write(
    faults: FaultServer, root: Path, more: Path
) -> None:
    workspace = Workspace.open(root)
    old = tables_of(root)
    days = len(workspace.store.read("air_daily"))
    with steady(workspace) as then:
        assert faults.run(":ingest", root, more).code == 0
        new = tables_of(root)
        assert new != old
        assert then.store.fingerprint() == old
        assert len(then.store.read("air_daily")) == days
        # What one that was killed left goes; what is in use stays.
        left = root / "data" / "processed" / ".reading-0123456789ab"
        (left / "air_daily").mkdir(parents=True)
        with steady(workspace) as other:
            assert other.store.fingerprint() == new and not left.exists()
        assert then.store.fingerprint() == old
    assert not list((root / "data" / "processed").glob(".reading-*"))
    assert workspace.store.fingerprint() == new
