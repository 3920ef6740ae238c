"""Tables of water whose dates name months: the commonest ones of a bureau."""

from __future__ import annotations

from pathlib import Path

import pytest

from forecast.errors import InputError
from forecast.ingest import ingest_paths
from forecast.ingest.files.containers import read_sheet
from forecast.ingest.mapping.propose import propose
from forecast.workspace import Workspace

_MONTHS = [(2021, m) for m in range(1, 13)]


def _table(path: Path, header: str, form: str, columns: str = "氨氮(mg/L),总磷(mg/L)") -> Path:
    lines = [f"城市,断面名称,{header},{columns}"]
    lines += [f"甲河市,大桥,{form.format(y=y, m=m)},0.{m:02d},0.1" for y, m in _MONTHS]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("header", "form", "written"),
    [
        ("日期", "{y}-{m:02d}", "%Y-%m"),
        ("监测时间", "{y}/{m:02d}", "%Y/%m"),
        ("监测月份", "{y}年{m:02d}月", "%Y年%m月"),
        ("年月", "{y}{m:02d}", "%Y%m"),
        ("年,月", "{y},{m}", "%Y %m"),
    ],
)
def test_months_are_proposed_and_read(tmp_path: Path, header: str, form: str, written: str) -> None:
    path = _table(tmp_path / "水质.csv", header, form)
    proposal = propose(read_sheet(path), last_year=2025)
    assert proposal.mapping.time.format == written and proposal.mapping.table == "water_samples"
    ws = Workspace.create(tmp_path / "W")
    (ws.root / "mappings").mkdir()
    (ws.root / "mappings" / "水质.toml").write_text(proposal.text, encoding="utf-8")
    ingest_paths(ws, [path])
    rows = ws.store.water_samples()
    got = rows[rows["item"] == "nh3n"].set_index("time")["value"]
    assert {(t.year, t.month): v for t, v in got.items()} == {
        (y, m): pytest.approx(m / 100) for y, m in _MONTHS
    }


def test_months_of_an_air_table_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "空气.csv"
    lines = ["城市,日期,PM2.5(µg/m³),PM10(µg/m³)"]
    lines += [f"甲河市,{y}-{m:02d},{30 + m},{60 + m}" for y, m in _MONTHS]
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(InputError, match="name months"):
        propose(read_sheet(path), last_year=2025)
