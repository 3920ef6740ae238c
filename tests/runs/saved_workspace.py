"""A small workspace with readings, lists, plans, secrets and runs, made for tests of backups."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from forecast.ingest import ingest_paths
from forecast.workspace import Workspace

__all__ = ["RUN", "ZONE", "make_run", "make_saved", "snapshot"]

ZONE = ZoneInfo("Asia/Shanghai")
RUN = "20240630-0123456789ab"


def make_saved(root: Path) -> Workspace:
    """Make it in ``root``."""
    ws = Workspace.create(root)
    lines = ["日期,AQI,PM2.5,PM10,SO2,NO2,CO,O3_8h"]
    lines += [f"2023-{m:02d}-{d:02d},60,{20 + d},{50 + d},8,20,0.7,90" for m in (1, 2) for d in range(1, 29)]  # fmt: skip
    file = root.parent / "甲市.csv"
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    ingest_paths(ws, [file], now=datetime(2023, 3, 1, 8, tzinfo=ZONE))
    # The same month once more, with one value corrected: a later version of one reading.
    lines[3] = lines[3].replace(",60,23,", ",60,29,")
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    ingest_paths(ws, [file], now=datetime(2023, 3, 2, 8, tzinfo=ZONE))
    for name, text in (
        ("plans/own.toml", "# a plan of one's own\n"),
        ("plans/secrets.env", "KEY=of nobody's business\n"),
        ("mappings/x.toml.old", "kept as it is\n"),
        ("models/hindcasts/seasonal/a.txt", "a finished forecast\n"),
        ("reports/register/2024-07.jsonl", '{"n": 1}\n'),
        ("reports/register/head.json", '{"n": 1}\n'),
        ("reports/.lock", ""),
        ("data/processed/.left.tmp", "of a writer that was killed"),
        ("data/processed/air_daily/year=2020/part-0000000000000000.parquet", "dead"),
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    config = root / "forecast.toml"
    told = config.read_text(encoding="utf-8")
    assert 'env_file = "" ' in told
    config.write_text(told.replace('env_file = "" ', 'env_file = "plans/secrets.env" '), "utf-8")
    make_run(Workspace.open(root), RUN, "2024-07-01T06:30:00+08:00")
    (root / "reports" / "latest").write_text(f"{RUN}\n", encoding="utf-8")
    return Workspace.open(root)


def make_run(ws: Workspace, name: str, created: str) -> Path:
    """Make the folder of a run that was made at ``created``."""
    folder = ws.reports / name
    (folder / "charts").mkdir(parents=True)
    outputs = ["projection.json", "index.html", "charts/a.svg"]
    for one in outputs:
        (folder / one).write_text(f"{name} {one}\n", encoding="utf-8")
    told = {
        "run": {"id": name, "created": created},
        "outputs": [{"path": one, "sha256": ""} for one in outputs],
    }
    (folder / "manifest.json").write_text(json.dumps(told), encoding="utf-8")
    return folder


def snapshot(root: Path) -> dict[str, tuple[bytes, int]]:
    """Bytes and time of change of every file under ``root``, but for locks and unfinished files."""
    return {
        path.relative_to(root).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
        for path in sorted(root.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }
