"""What comes in when: contents that come back, several in one moment, receipts without readings."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from forecast import disk
from forecast.ingest import ingest_paths
from forecast.ingest.mapping.load import load_mapping, mapped_layout
from forecast.ingest.quality_log import quality
from forecast.ingest.received import RECEIVED, receipts
from forecast.workspace import Workspace

#: The writer of made files; its class lives with the fixtures.
Writer = Any

MOMENTS = pd.date_range("2023-06-01 08:00", periods=8, freq="D")
END = pd.Timestamp("2026-01-01")

_MAPPING = """
table = "air_daily"
[match]
header = ["日子", "细颗粒物(ug/m3)", "颗粒物(ug/m3)"]
[time]
columns = ["日子"]
[items.pm25]
column = "细颗粒物(ug/m3)"
unit = "µg/m³"
[items.pm10]
column = "颗粒物(ug/m3)"
unit = "µg/m³"
"""


def days(path: Path, base: int, n: int = 20, **odd: str) -> Path:
    """Write PM2.5 of days of 2022-01: ``base`` plus the day; ``d3="abc"`` stands on the third."""
    lines = [
        f"某市,2022-01-{day:02d},{odd.get(f'd{day}', base + day)},x" for day in range(1, n + 1)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("city,date,pm25,source\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def own_days(path: Path, base: int, n: int = 20, **odd: str) -> Path:
    """Write days of an own layout: PM2.5 as ``days``, PM10 is 50 more than it would be."""
    lines = [
        f"2022-01-{day:02d},{odd.get(f'd{day}', base + day)},{base + day + 50}"
        for day in range(1, n + 1)
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "\n".join(["日子,细颗粒物(ug/m3),颗粒物(ug/m3)", *lines]) + "\n"
    path.write_text(text, encoding="utf-8")
    return path


def put_mapping(ws: Workspace, missing: str = "") -> None:
    folder = ws.root / "mappings"
    folder.mkdir(exist_ok=True)
    text = _MAPPING + (f'[read]\nmissing = ["{missing}"]\n' if missing else "")
    (folder / "own.toml").write_text(text, encoding="utf-8")


def known(ws: Workspace, day: int, item: str = "pm25") -> list[tuple[float, str]]:
    """Return value and moment of each version of a day, in their order."""
    rows = ws.store.read("air_daily").query("item == @item")
    rows = rows[rows["date"] == pd.Timestamp(2022, 1, day)].sort_values("known_from")
    return [(v, f"{k:%Y-%m-%d}") for v, k in zip(rows["value"], rows["known_from"], strict=True)]


def rebuilt(ws: Workspace) -> bool:
    """Return whether the tables made anew from data/raw alone are the same."""
    before = ws.store.fingerprint()
    shutil.rmtree(ws.processed)
    ingest_paths(ws, [ws.raw], now=END)
    return ws.store.fingerprint() == before


def test_a_content_that_comes_back_is_a_correction(ws: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "in" / "日.csv"
    statuses = []
    for base, now in zip((40, 50, 40, 40, 50), MOMENTS, strict=False):
        report = ingest_paths(ws, [days(path, base)], now=now)
        statuses.append((report.files[0].status, report.total("corrected")))
    assert statuses == [
        ("read", 0), ("read", 20), ("read", 20), ("already_read", 0), ("read", 20),
    ]  # fmt: skip
    assert known(ws, 1) == [
        (41, "2022-01-01"), (51, "2023-06-02"), (41, "2023-06-03"), (51, "2023-06-05"),
    ]  # fmt: skip
    # Read again from data/raw, nothing is new; without the tables, all comes in its turn.
    assert not ingest_paths(ws, [ws.raw], now=END).read
    assert rebuilt(ws)


def test_two_files_of_one_name_side_by_side_do_not_replace_each_other(
    ws: Workspace, tmp_path: Path
) -> None:
    folder = tmp_path / "in"
    days(folder / "a" / "日.csv", 40)
    days(folder / "b" / "日.csv", 50)
    assert len(ingest_paths(ws, [folder], now=MOMENTS[0]).read) == 2
    for path, now in ((folder, 1), (folder / "a", 2), (folder / "b", 3)):
        assert not ingest_paths(ws, [path], now=MOMENTS[now]).read
    # The same two in other places, together: neither goes back to the other.
    shutil.copytree(folder, tmp_path / "copy")
    assert not ingest_paths(ws, [tmp_path / "copy"], now=MOMENTS[4]).read
    # A newer delivery of the older content under its name, by itself, does.
    again = days(tmp_path / "new" / "日.csv", 40)
    assert ingest_paths(ws, [again], now=MOMENTS[5]).total("corrected") == 20
    assert known(ws, 1)[-1] == (41, "2023-06-06")
    assert rebuilt(ws)


def test_the_order_within_a_moment_is_kept(ws: Workspace, tmp_path: Path) -> None:
    first = days(tmp_path / "1" / "z.csv", 40)
    second = days(tmp_path / "2" / "a.csv", 50)
    ingest_paths(ws, [first, second], now=MOMENTS[0])
    assert [value for value, _ in known(ws, 1)] == [41, 51]
    assert [one.turn for one in receipts(ws).values()] == [1, 2]
    assert rebuilt(ws)
    assert [value for value, _ in known(ws, 1)] == [41, 51]


def test_a_receipt_without_readings_takes_its_moment_when_they_come(
    ws: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B was stopped between its receipt and the tables; C came, then B: B is what counts."""
    a, b, c = (
        days(tmp_path / name / "日.csv", base) for name, base in (("a", 40), ("b", 50), ("c", 60))
    )
    ingest_paths(ws, [a], now=MOMENTS[0])
    true_replace = disk._replace

    class Stopped(BaseException):
        pass

    def stop(source: Path, target: Path) -> None:
        if target.suffix == ".parquet":
            raise Stopped
        true_replace(source, target)

    monkeypatch.setattr(disk, "_replace", stop)
    with pytest.raises(Stopped):
        ingest_paths(ws, [b], now=MOMENTS[1])
    monkeypatch.setattr(disk, "_replace", true_replace)
    assert [one.pending for one in receipts(ws).values()] == [False, True]
    ingest_paths(ws, [c], now=MOMENTS[2])
    ingest_paths(ws, [b], now=MOMENTS[3])
    assert known(ws, 1) == [(41, "2022-01-01"), (61, "2023-06-03"), (51, "2023-06-04")]
    assert not any(one.pending for one in receipts(ws).values())
    assert rebuilt(ws)


def test_a_list_of_receipts_of_an_earlier_program_is_read(ws: Workspace, tmp_path: Path) -> None:
    for base, now in ((40, 0), (50, 1)):
        ingest_paths(ws, [days(tmp_path / "日.csv", base)], now=MOMENTS[now])
    path = ws.raw / RECEIVED
    table = pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8-sig")
    table.drop(columns=["turn", "origin", "pending"]).to_csv(path, index=False)
    assert [one.turn for one in receipts(ws).values()] == [1, 2]
    assert not ingest_paths(ws, [tmp_path / "日.csv"], now=MOMENTS[2]).read
    assert rebuilt(ws)


def test_a_retry_leaves_corrections_and_takes_what_was_not_readable(
    ws: Workspace, tmp_path: Path
) -> None:
    """Rows that could not be read take their place at the receipt of their file."""
    put_mapping(ws)
    old = own_days(tmp_path / "a" / "某市.csv", 40, d3="停电", d4="停电", d5="停电")
    ingest_paths(ws, [old], now=MOMENTS[0])
    assert known(ws, 3, "pm10") == known(ws, 5, "pm10") == []
    # A later file corrects two days and is first with the next two.
    new = own_days(tmp_path / "b" / "某市.csv", 60, n=4)
    ingest_paths(ws, [new], now=MOMENTS[1])
    assert known(ws, 1, "pm10") == [(91, "2022-01-01"), (111, "2023-06-02")]
    assert known(ws, 3, "pm10") == [(113, "2022-01-03")]
    # By now the sign is known to stand for no value, so PM10 beside it can be read. (A program that
    # reads more stands behind it; a mapping that was changed would correct what it read before.)
    before = mapped_layout(load_mapping(ws.root / "mappings" / "own.toml"))
    put_mapping(ws, "停电")
    wiser = mapped_layout(load_mapping(ws.root / "mappings" / "own.toml"))
    put_mapping(ws)
    report = ingest_paths(
        ws, [], layout=replace(wiser, mark=before.mark), retry_quarantine=True, now=MOMENTS[2]
    )
    assert [(one.status, one.new) for one in report.files] == [("read", 3)]
    assert known(ws, 1, "pm10") == [(91, "2022-01-01"), (111, "2023-06-02")]
    assert known(ws, 3, "pm10") == [(93, "2022-01-03"), (113, "2023-06-02")]
    assert known(ws, 5, "pm10") == [(95, "2022-01-05")]
    assert known(ws, 3) == [(63, "2022-01-03")]
    assert quality(ws).quarantine.empty
    put_mapping(ws, "停电")
    assert rebuilt(ws)


def test_a_refused_file_comes_before_what_was_taken_since(ws: Workspace, tmp_path: Path) -> None:
    old = own_days(tmp_path / "a" / "某市.csv", 40)
    assert ingest_paths(ws, [old], now=MOMENTS[0]).refused
    put_mapping(ws)
    new = own_days(tmp_path / "b" / "某市.csv", 50, n=5)
    ingest_paths(ws, [new], now=MOMENTS[1])
    report = ingest_paths(ws, [], retry_quarantine=True, now=MOMENTS[2])
    assert report.total("new") == 40
    assert known(ws, 1) == [(41, "2022-01-01"), (51, "2023-06-02")]
    assert known(ws, 9) == [(49, "2022-01-09")]
    assert rebuilt(ws)


def test_a_retry_of_named_files_reads_those_alone_that_had_something(
    ws: Workspace, city: Writer
) -> None:
    rows = city.rows(20)
    rows[3][3] = "abc"
    ingest_paths(ws, [city(rows)], now=MOMENTS[0])
    good = city(city.rows(20, seed=4), name="乙市.csv")
    ingest_paths(ws, [good], now=MOMENTS[1])
    report = ingest_paths(ws, [good.parent], retry_quarantine=True, now=MOMENTS[2])
    assert [file.path.name for file in report.files] == ["甲市.csv"]
    assert [path.name for path, _ in report.skipped] == ["乙市.csv"]
