"""Readings that arrive day by day leave as few files as those that came at once, and all versions."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.errors import WorkspaceError
from forecast.partitions import typed
from forecast.store import Store
from forecast.tables import HOUR_ITEMS, TABLES

POINTS = [f"{n}A" for n in range(1001, 1004)]
FIRST = pd.Timestamp("2023-01-01")


def hours(day: pd.Timestamp, file_id: str) -> pd.DataFrame:
    """The hours of a day at all points."""
    rng = np.random.default_rng(day.toordinal())
    times = pd.date_range(day + pd.Timedelta(hours=1), periods=24, freq="h")
    time = np.tile(times.to_numpy("datetime64[s]"), len(POINTS))
    values = {item: rng.integers(5, 90, len(time)).astype(float) for item in HOUR_ITEMS}
    return pd.DataFrame(
        {
            "region": "", "place": np.repeat(POINTS, 24), "place_kind": "station", "time": time,
            **values, "basis": "actual", "source": "national_sites_wide", "version": "realtime",
            "flag": "", "known_from": time, "file_id": file_id, "row": np.arange(len(time)),
        }
    )  # fmt: skip


def test_day_by_day_is_as_compact_as_all_at_once(tmp_path: Path) -> None:
    daily, whole = Store(tmp_path / "daily"), Store(tmp_path / "whole")
    days = [FIRST + pd.Timedelta(days=n) for n in range(20, 62)]
    received = FIRST + pd.Timedelta(days=100)
    most = 0
    for n, day in enumerate(days):
        with daily.writer() as writer:
            writer.merge("air_hourly", hours(day, f"{n:016x}"), received)
        most = max(most, len(list(daily.processed.rglob("*.parquet"))))
    with whole.writer() as writer:
        writer.merge("air_hourly", [hours(d, f"{n:016x}") for n, d in enumerate(days)], received)
    # A part a month, from the first day to the last, and nothing that no manifest lists.
    assert most == 3
    files = {p.relative_to(daily.processed).as_posix() for p in daily.processed.rglob("*.parquet")}
    live = {part["path"] for part in daily.manifest()["air_hourly"].values()}
    assert files == live and len(files) == 3
    assert daily.fingerprint() == whole.fingerprint()
    pd.testing.assert_frame_equal(daily.read("air_hourly"), whole.read("air_hourly"))
    sizes = [sum(p.stat().st_size for p in s.processed.rglob("*.parquet")) for s in (daily, whole)]
    assert sizes[0] == sizes[1]


def test_versions_and_their_times_outlive_every_rewriting(tmp_path: Path) -> None:
    store = Store(tmp_path)
    changed = hours(FIRST, "c" * 16).iloc[:1].assign(pm25=500.0)
    with store.writer() as writer:
        writer.merge("air_hourly", hours(FIRST, "a" * 16), FIRST + pd.Timedelta(days=2))
    with store.writer() as writer:
        writer.merge("air_hourly", changed, FIRST + pd.Timedelta(days=3))
    for n in range(1, 20):
        with store.writer() as writer:
            day = FIRST + pd.Timedelta(days=n)
            writer.merge("air_hourly", hours(day, f"{n:016x}"), day + pd.Timedelta(days=2))
    rows = store.read("air_hourly")
    rows = rows[(rows["place"] == "1001A") & (rows["time"] == FIRST + pd.Timedelta(hours=1))]
    assert rows["pm25"].tolist() == [hours(FIRST, "")["pm25"].iloc[0], 500.0]
    assert rows["known_from"].tolist() == [
        FIRST + pd.Timedelta(hours=1), FIRST + pd.Timedelta(days=3),
    ]  # fmt: skip
    assert rows["file_id"].tolist() == ["a" * 16, "c" * 16]


def test_who_reads_meanwhile_sees_whole_days(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.writer() as writer:
        writer.merge("air_hourly", hours(FIRST, "a" * 16), FIRST)
    stop, seen, wrong = threading.Event(), [], []

    def look() -> None:
        reader = Store(tmp_path)
        while not stop.is_set():
            try:
                seen.append(len(reader.read("air_hourly", columns=["place", "time"])))
            except WorkspaceError as error:
                wrong.append(error)

    thread = threading.Thread(target=look)
    thread.start()
    for n in range(1, 25):
        with store.writer() as writer:
            day = FIRST + pd.Timedelta(days=n)
            writer.merge("air_hourly", hours(day, f"{n:016x}"), day)
    stop.set()
    thread.join(30)
    assert not wrong
    day = 24 * len(POINTS)
    assert seen and seen == sorted(seen) and all(n % day == 0 for n in seen)


@pytest.mark.parametrize(
    "path", ["../x.parquet", "/etc/passwd", "air_hourly/part-00.parquet", "sites/part-0123456789abcdef.parquet"]
)  # fmt: skip
def test_a_manifest_that_leads_elsewhere_is_damaged(tmp_path: Path, path: str) -> None:
    store = Store(tmp_path)
    with store.writer() as writer:
        writer.merge("air_hourly", hours(FIRST, "a" * 16), FIRST)
    live = next(iter(store.manifest()["air_hourly"].values()))["path"]
    text = store.manifest_path.read_text(encoding="utf-8")
    store.manifest_path.write_text(text.replace(live, path), encoding="utf-8")
    with pytest.raises(WorkspaceError, match=r"manifest\.json is damaged"):
        store.read("air_hourly")
    with pytest.raises(WorkspaceError, match=r"manifest\.json is damaged"), store.writer():
        pass


def _two_days(value: float, file_id: str) -> pd.DataFrame:
    date = pd.date_range("2016-01-01", periods=2).to_numpy("datetime64[s]")
    return pd.DataFrame(
        {
            "region": "甲", "place": "甲", "place_kind": "city", "date": date, "item": "pm25",
            "value": value, "basis": "actual", "source": "long_tidy", "known_from": date,
            "file_id": file_id, "row": [2, 3],
        }
    )  # fmt: skip


def test_small_parts_that_are_kept_are_those_on_disk(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for day, (value, file_id) in enumerate([(3.0, "a"), (4.0, "b")]):
        with store.writer() as writer:
            writer.merge("air_daily", _two_days(value, file_id), pd.Timestamp(2020, 1, 1 + day))
        first = store.read("air_daily")
        # What is handed out belongs to who asked.
        changed = store.read("air_daily")
        changed["value"] = -1.0
        changed.loc[:, "region"] = "乙"
        pd.testing.assert_frame_equal(store.read("air_daily"), first)
        assert first["value"].tolist() == [3.0] * 2 if day == 0 else [3.0, 4.0] * 2
        some = store.read("air_daily", columns=["value", "file_id"], regions=["甲"])
        pd.testing.assert_frame_equal(some, first[["value", "file_id"]])
        assert store.read("air_daily", regions=["乙"]).empty
    (part,) = tmp_path.rglob("air_daily/**/*.parquet")
    data = bytearray(part.read_bytes())
    data[len(data) // 2] ^= 1
    part.write_bytes(data)
    with pytest.raises(WorkspaceError, match="is damaged"):
        store.read("air_daily")
    part.unlink()
    with pytest.raises(WorkspaceError, match="is missing"):
        store.read("air_daily")


def test_columns_of_other_types_become_those_of_the_table() -> None:
    rows = _two_days(3.0, "a").assign(
        value=[3, 4], row=np.array([2.0, 3.0]), flag=pd.Categorical(["", "capped"]),
        region=pd.Series(["甲", None], dtype="object"),
    )  # fmt: skip
    made = typed(TABLES["air_daily"], rows)
    same = TABLES["air_daily"].schema.empty_table().to_pandas().dtypes
    assert made.dtypes.to_dict() == same.to_dict()
    assert list(made.columns) == TABLES["air_daily"].schema.names
    assert made["value"].tolist() == [3.0, 4.0]
    assert made["flag"].tolist() == ["", "capped"]
    # What a table lacks is empty, and a text that is missing stays missing.
    assert made["version"].tolist() == ["", ""]
    assert made["region"].isna().tolist() == [False, True]
    with pytest.raises(KeyError, match="no column colour"):
        typed(TABLES["air_daily"], rows.assign(colour="red"))
