"""A mapping that is corrected: its files are read again, and what it made of them before is withdrawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.ingest.report import IngestReport
from forecast.ingest.run import ingest_paths
from forecast.workspace import Workspace

_FIRST, _LATER, _LAST = (pd.Timestamp(2024, 3, day, 9) for day in (1, 2, 3))

_HEADER = "断面,日期,氨氮原始,氨氮,总磷"

_WATER = """table = "water_samples"
[match]
header = ["断面", "日期", "氨氮原始", "氨氮", "总磷"]
[place]
column = "断面"
[time]
columns = ["日期"]
[items.nh3n]
column = "氨氮原始"
unit = "mg/L"
[items.tp]
column = "总磷"
unit = "mg/L"
"""

_RIGHT = _WATER.replace('column = "氨氮原始"', 'column = "氨氮"')


def _samples(folder: Path, name: str = "甲市.csv", factor: float = 1.0) -> Path:
    folder.mkdir(exist_ok=True)
    lines = [_HEADER]
    lines += [f"东桥,2023-0{m}-05,{0.2 * m},{0.3 * m},{0.01 * m * factor}" for m in range(1, 7)]
    path = folder / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _write(ws: Workspace, text: str, name: str = "own") -> Path:
    path = ws.root / "mappings" / f"{name}.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def _shown(ws: Workspace, item: str, as_of: pd.Timestamp | None = None) -> list[float]:
    rows = ws.store.water_samples(None if as_of is None else as_of.date())
    return [round(v, 4) for v in rows.loc[rows["item"] == item, "value"].dropna().tolist()]


def _again(ws: Workspace, path: Path, how: str, moment: pd.Timestamp) -> IngestReport:
    if how == "file":
        return ingest_paths(ws, [path], now=moment)
    if how == "raw":
        return ingest_paths(ws, [ws.raw], now=moment)
    return ingest_paths(ws, [path], retry_quarantine=how == "retry", now=moment)


@pytest.mark.parametrize("how", ["file", "raw"])
def test_a_corrected_mapping_corrects_and_withdraws(
    ws: Workspace, tmp_path: Path, how: str
) -> None:
    path = _samples(tmp_path / "in")
    _write(ws, _WATER)
    assert ingest_paths(ws, [path], now=_FIRST).read[0].new == 12
    assert ingest_paths(ws, [path], now=_LATER).already_read
    # Ammonia is in the other column, and what was read as phosphorus is none.
    _write(ws, _RIGHT.split("[items.tp]")[0])
    noticed = ingest_paths(ws, [_samples(tmp_path / "in", "乙市.csv", 2.0)], now=_LATER)
    assert noticed.outdated == ("mapping_own",)

    report = _again(ws, path, how, _LAST)
    (one,) = report.read
    assert (one.new, one.corrected, one.withdrawn) == (0, 6, 6)
    assert report.outdated == ()
    rows = ws.store.water_samples()
    mine = rows[rows["region"] == "甲市"]
    assert mine["item"].unique().tolist() == ["nh3n"]
    assert mine["value"].tolist() == pytest.approx([0.3 * m for m in range(1, 7)])
    before = ws.store.water_samples(_LATER.date())
    assert len(before[before["region"] == "甲市"]) == 12
    assert ingest_paths(ws, [path], now=_LAST).already_read


def test_a_mapping_put_right_again_gives_the_values_back(ws: Workspace, tmp_path: Path) -> None:
    path = _samples(tmp_path / "in")
    _write(ws, _WATER)
    ingest_paths(ws, [path], now=_FIRST)
    _write(ws, _WATER.split("[items.tp]")[0])
    assert ingest_paths(ws, [path], now=_LATER).read[0].withdrawn == 6
    _write(ws, _WATER)
    ingest_paths(ws, [path], now=_LAST)
    assert _shown(ws, "tp") == [0.01, 0.02, 0.03, 0.04, 0.05, 0.06]
    assert _shown(ws, "tp", _LATER) == []


def test_a_change_that_reads_nothing_otherwise_is_no_correction(
    ws: Workspace, tmp_path: Path
) -> None:
    path = _samples(tmp_path / "in")
    _write(ws, _WATER)
    ingest_paths(ws, [path], now=_FIRST)
    _write(ws, _WATER.replace("[match]", "# a comment\n[match]"))
    assert ingest_paths(ws, [path], now=_LATER).already_read
    _write(ws, _WATER.replace("[items.nh3n]", '[read]\nmissing = ["断电"]\n[items.nh3n]'))
    (one,) = ingest_paths(ws, [path], now=_LATER).read
    assert (one.new, one.corrected, one.unchanged, one.withdrawn) == (0, 0, 12, 0)


def test_what_another_file_said_later_stays_and_what_one_said_before_comes_back(
    ws: Workspace, tmp_path: Path
) -> None:
    _write(ws, _WATER)
    folder = tmp_path / "in"
    ingest_paths(ws, [_samples(folder)], now=_FIRST)
    second = folder / "more" / "甲市.csv"
    _samples(second.parent.parent, "other.csv")
    second.parent.mkdir()
    second.write_text(
        f"{_HEADER}\n东桥,2023-01-05,0.9,1.1,0.5\n东桥,2023-02-05,0.8,1.2,0.6\n", encoding="utf-8"
    )
    ingest_paths(ws, [second], now=_LATER)
    third = folder / "third" / "甲市.csv"
    third.parent.mkdir()
    third.write_text(f"{_HEADER}\n东桥,2023-01-05,0.7,0.7,0.7\n", encoding="utf-8")
    ingest_paths(ws, [third], now=pd.Timestamp(2024, 3, 2, 10))
    _write(ws, _RIGHT.split("[items.tp]")[0])

    (one,) = ingest_paths(ws, [second], now=_LAST).read
    assert (one.corrected, one.withdrawn) == (1, 1)
    tp, nh3n = _shown(ws, "tp"), _shown(ws, "nh3n")
    # January is the third file's; in February phosphorus is the first file's again.
    assert tp[:2] == [0.7, 0.02]
    assert nh3n[:2] == [0.7, 1.2]


def test_a_renamed_mapping_takes_the_place_of_the_old_one(ws: Workspace, tmp_path: Path) -> None:
    path = _samples(tmp_path / "in")
    old = _write(ws, _WATER, "old")
    ingest_paths(ws, [path], now=_FIRST)
    old.unlink()
    _write(ws, _RIGHT, "new")
    (one,) = ingest_paths(ws, [path], now=_LATER).read
    assert (one.new, one.withdrawn) == (12, 12)
    assert set(ws.store.water_samples()["source"]) == {"mapping_new"}
    assert ws.store.files()["layout"].tolist() == ["mapping_new"]
    assert ingest_paths(ws, [path], now=_LAST).already_read


def test_a_retry_after_a_correction_withdraws_too(ws: Workspace, tmp_path: Path) -> None:
    path = _samples(tmp_path / "in")
    path.write_text(path.read_text("utf-8") + "东桥,2023-07-05,2,断电,0.07\n", encoding="utf-8")
    text = path.read_text("utf-8").replace("05,0.4,", "05,断电,")
    path.write_text(text, encoding="utf-8")
    _write(ws, _WATER)
    assert ingest_paths(ws, [path], now=_FIRST).read[0].quarantined == 1
    _write(ws, _RIGHT + '[read]\nmissing = ["断电"]\n')
    (one,) = ingest_paths(ws, [], retry_quarantine=True, now=_LATER).read
    # February comes in now, July has a phosphorus alone.
    assert (one.new, one.corrected, one.withdrawn, one.quarantined) == (2, 5, 1, 0)
    assert _shown(ws, "nh3n")[0] == 0.3 and _shown(ws, "nh3n", _FIRST)[0] == 0.2
    done = ingest_paths(ws, [], retry_quarantine=True, now=_LAST)
    assert done.exit_code == 0 and done.nothing_aside
    assert "nothing to read again" in done.message


_HOURS = """table = "air_hourly"
[match]
header = ["站点", "时间", "PM2.5"]
[region]
value = "甲市"
[place]
column = "站点"
[time]
columns = ["时间"]
hour_label = "end"
[items.pm25]
column = "PM2.5"
unit = "µg/m³"
"""


def test_days_follow_hours_that_are_read_anew(ws: Workspace, tmp_path: Path) -> None:
    hours = pd.date_range("2023-05-01 01:00", periods=72, freq="h")
    lines = [f"东站,{h:%Y-%m-%d %H:%M},{20 + at % 7}" for at, h in enumerate(hours)]
    path = tmp_path / "hours.csv"
    path.write_text("\n".join(["站点,时间,PM2.5", *lines]) + "\n", encoding="utf-8")
    _write(ws, _HOURS)
    ingest_paths(ws, [path], now=_FIRST)
    first = ws.store.air_daily().query("place_kind == 'city' and item == 'pm25'")
    assert len(first) == 3
    # The hours are stamped at their start, and one value is a mark of "no value".
    changed = _HOURS.replace('"end"', '"start"') + '[read]\nmissing = ["26"]\n'
    _write(ws, changed)
    (one,) = ingest_paths(ws, [path], now=_LATER).read
    assert (one.new, one.withdrawn) == (1, 1 + 10) and one.corrected > 50
    stored = ws.store.read("air_hourly")
    last = stored.sort_values("known_from", kind="stable").drop_duplicates("time", keep="last")
    values = last.set_index("time")["pm25"].dropna()
    wanted = {h + pd.Timedelta(hours=1): 20 + at % 7 for at, h in enumerate(hours) if at % 7 != 6}
    assert values.to_dict() == pytest.approx(wanted)
    days = ws.store.air_daily().query("place_kind == 'city' and item == 'pm25'")
    assert not np.array_equal(days["value"], first["value"])
