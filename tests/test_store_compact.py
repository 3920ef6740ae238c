"""Readings that arrive day by day leave as few files as those that came at once, and all versions."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.errors import WorkspaceError
from forecast.store import Store
from forecast.tables import HOUR_ITEMS

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
