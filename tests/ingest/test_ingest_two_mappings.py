"""Two mappings of one header, such as one of real-time and one of audited values."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest

from forecast.errors import UsageError
from forecast.ingest import ingest_paths
from forecast.ingest.own_layouts import ingest_mapped
from forecast.workspace import Workspace

NOW = pd.Timestamp("2025-06-01 08:00")


def mapping(path: Path, version: str, column: str = "细颗粒(ug/m3)") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        f"""
table = "air_daily"
[match]
header = ["日", "市", "{column}"]
[region]
column = "市"
[time]
columns = ["日"]
[read]
version = "{version}"
[items.pm25]
column = "{column}"
unit = "ug/m3"
""",
        encoding="utf-8",
    )
    return path


def days(path: Path, base: int, column: str = "细颗粒(ug/m3)") -> Path:
    lines = [f"2024-01-{day:02d},甲市,{base + day}" for day in range(1, 11)]
    path.write_text("\n".join([f"日,市,{column}", *lines]) + "\n", encoding="utf-8")
    return path


def test_each_file_is_read_by_the_mapping_given_for_it(ws: Workspace, tmp_path: Path) -> None:
    now, then = (mapping(tmp_path / f"{name}.toml", name) for name in ("realtime", "audited"))
    first = days(tmp_path / "a.csv", 40)
    # The first is found by its header alone, while there is no other.
    assert ingest_mapped(ws, [days(tmp_path / "0.csv", 20)], now, now=NOW).exit_code == 0
    assert ingest_paths(ws, [first], now=NOW).exit_code == 0
    report = ingest_mapped(ws, [days(tmp_path / "b.csv", 30)], then, now=NOW)
    assert [file.layout for file in report.read] == ["mapping_audited"]
    air = ws.store.air_daily()
    assert air["value"].tolist() == [30 + day for day in range(1, 11)]
    assert set(air["version"]) == {"audited"}
    # The workspace still takes other files, and those that say which mapping is theirs.
    unclear = ingest_paths(ws, [days(tmp_path / "c.csv", 50)], now=NOW)
    assert "several mappings of this workspace: audited, realtime" in unclear.message
    assert "--map" in unclear.message
    assert ingest_mapped(ws, [tmp_path / "c.csv"], now, now=NOW).exit_code == 0
    # One content may be read by both; looking at the raw copies again takes neither back.
    assert ingest_mapped(ws, [tmp_path / "c.csv"], then, now=NOW).exit_code == 0
    before = ws.store.fingerprint()
    assert not ingest_paths(ws, [ws.raw], now=NOW).read
    assert ws.store.fingerprint() == before
    shutil.rmtree(ws.processed)
    assert ingest_paths(ws, [ws.raw], now=pd.Timestamp("2026-01-01")).exit_code == 0
    assert ws.store.fingerprint() == before


def test_a_mapping_with_the_name_of_another_is_not_written(ws: Workspace, tmp_path: Path) -> None:
    one = mapping(tmp_path / "1" / "own.toml", "realtime")
    other = mapping(tmp_path / "2" / "own.toml", "audited")
    third = mapping(tmp_path / "3" / "own.toml", "realtime", "PM(ug/m3)")
    file = days(tmp_path / "a.csv", 40)
    ingest_mapped(ws, [file], one, now=NOW)
    kept = (ws.root / "mappings" / "own.toml").read_bytes()
    for wrong in (other, third):
        with pytest.raises(UsageError, match="is called own, and so is"):
            ingest_mapped(ws, [file], wrong, now=NOW)
    assert (ws.root / "mappings" / "own.toml").read_bytes() == kept
    assert ingest_paths(ws, [file], now=NOW).exit_code == 0
