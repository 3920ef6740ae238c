"""The tables: whole or not at all, every version kept, one value in answer."""

from __future__ import annotations

import errno
import json
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast import disk
from forecast.errors import WorkspaceError
from forecast.revisions import merge_readings
from forecast.store import SCHEMAS, Store

RECEIVED = pd.Timestamp("2020-01-01 08:00")
ROOT = Path(__file__).parents[1]


def days(
    values: list[float],
    *,
    start: str = "2016-01-01",
    region: str = "甲",
    source: str = "long_tidy",
    item: str = "pm25",
    file_id: str = "a" * 16,
) -> pd.DataFrame:
    """Return daily readings of one place, item and source."""
    date = pd.date_range(start, periods=len(values)).to_numpy("datetime64[s]")
    return pd.DataFrame(
        {
            "region": region,
            "place": region,
            "place_kind": "city",
            "date": date,
            "item": item,
            "value": np.asarray(values, dtype=float),
            "basis": "standard_state",
            "source": source,
            "version": "unknown",
            "flag": "",
            "known_from": date + np.timedelta64(86399, "s"),
            "file_id": file_id,
            "row": np.arange(2, len(values) + 2),
        }
    )


def put(store: Store, rows: pd.DataFrame, received: pd.Timestamp = RECEIVED) -> pd.DataFrame:
    with store.writer() as writer:
        return writer.merge("air_daily", rows, received)


def test_absent_tables_are_empty_and_typed(tmp_path: Path) -> None:
    store = Store(tmp_path / "p")
    for name, schema in SCHEMAS.items():
        frame = store.read(name)
        assert list(frame.columns) == schema.names
        assert frame.empty
    air = store.air_daily()
    assert air["date"].dtype == "datetime64[s]"
    assert air["value"].dtype == np.float64
    assert not (tmp_path / "p").exists()


def test_rows_come_back_as_written_in_year_partitions(tmp_path: Path) -> None:
    store = Store(tmp_path)
    rows = days([1.5, 2.25, np.pi], start="2015-12-31")
    put(store, rows)
    back = store.read("air_daily")
    pd.testing.assert_frame_equal(
        back.astype({"row": "int64"}), rows[SCHEMAS["air_daily"].names].astype({"row": "int64"}),
        check_dtype=False,
    )  # fmt: skip
    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    parts = manifest["tables"]["air_daily"]
    assert {year: part["rows"] for year, part in parts.items()} == {"2015": 1, "2016": 2}
    path = tmp_path / parts["2015"]["path"]
    assert path.parent.name == "year=2015"
    assert pq.ParquetFile(path).metadata.row_group(0).column(0).compression == "ZSTD"


def test_read_by_column_region_and_year(tmp_path: Path) -> None:
    store = Store(tmp_path)
    put(store, pd.concat([days([1, 2], start="2015-12-31"), days([3], region="乙")]))
    assert store.read("air_daily", columns=["value"], regions=["乙"])["value"].tolist() == [3]
    assert store.read("air_daily", years=[2015])["value"].tolist() == [1]
    assert store.read("air_daily", regions=["丙"]).empty
    with pytest.raises(KeyError):
        store.read("air_weekly")


def test_equal_value_changes_nothing_and_different_one_is_a_correction(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert set(put(store, days([10, 20]))["outcome"]) == {"new"}
    before = store.fingerprint()
    same = put(store, days([10, 20], file_id="b" * 16), pd.Timestamp("2021-01-01"))
    assert set(same["outcome"]) == {"unchanged"}
    assert store.fingerprint() == before

    changed = put(store, days([10, 25], file_id="c" * 16), pd.Timestamp("2021-05-05 09:00"))
    assert changed["outcome"].tolist() == ["unchanged", "corrected"]
    assert len(store.read("air_daily")) == 3
    assert store.fingerprint() != before
    # The correction speaks from its receipt on, the first value before it.
    assert store.air_daily()["value"].tolist() == [10, 25]
    assert store.air_daily(as_of="2021-05-05")["value"].tolist() == [10, 25]
    assert store.air_daily(as_of="2021-05-04")["value"].tolist() == [10, 20]
    assert store.air_daily(as_of="2016-01-01")["value"].tolist() == [10]
    assert store.air_daily(as_of="2015-12-31").empty


def test_corrections_are_known_in_order_even_when_the_clock_goes_back(tmp_path: Path) -> None:
    store = Store(tmp_path)
    put(store, days([1]))
    put(store, days([2]), pd.Timestamp("2021-01-01"))
    put(store, days([3]), pd.Timestamp("2020-06-01"))
    put(store, days([1]), pd.Timestamp("2020-06-01"))
    rows = store.read("air_daily")
    assert rows["value"].tolist() == [1, 2, 3, 1]
    assert rows["known_from"].is_monotonic_increasing
    assert rows["known_from"].is_unique
    assert store.air_daily()["value"].tolist() == [1]


def test_sources_do_not_correct_each_other_and_have_an_order(tmp_path: Path) -> None:
    store = Store(tmp_path)
    put(store, days([1, 1, 1], source="city_day_headerless"))
    put(store, days([2, 2], source="long_tidy"), pd.Timestamp("2021-01-01"))
    put(store, days([3], source="city_day_header"), pd.Timestamp("2019-01-01"))
    assert len(store.read("air_daily")) == 6
    assert store.air_daily()["value"].tolist() == [3, 2, 1]


def test_rejected_values_do_not_speak(tmp_path: Path) -> None:
    store = Store(tmp_path)
    put(store, days([1, 2]).assign(flag=["suspect_spike rejected", "suspect_spike"]))
    put(store, days([7], source="city_day_headerless"))
    assert store.air_daily()["value"].tolist() == [7, 2]


def test_fingerprint_ignores_order_and_time_of_reading(tmp_path: Path) -> None:
    one, two = Store(tmp_path / "1"), Store(tmp_path / "2")
    a, b = days([1, 2, 3]), days([4, 5], region="乙", file_id="b" * 16)
    put(one, a)
    put(one, b, pd.Timestamp("2022-01-01"))
    put(two, pd.concat([b, a.assign(file_id="c" * 16)]).sample(frac=1, random_state=1))
    assert one.fingerprint() == two.fingerprint()
    assert one.fingerprint(["water_samples"]) != one.fingerprint()
    put(two, days([9], start="2017-01-01"))
    assert one.fingerprint() != two.fingerprint()


def test_upsert_replaces_by_key_and_counts_new_rows(tmp_path: Path) -> None:
    store = Store(tmp_path)
    row = {"name": ["国控"], "region": ["甲"], "section": ["断面一"], "source": ["x"]}
    assert store.upsert("section_sets", pd.DataFrame(row)) == 1
    assert store.upsert("section_sets", pd.DataFrame(row | {"source": ["y"]})) == 0
    stored = store.read("section_sets")
    assert stored["source"].tolist() == ["y"]
    assert stored["valid_from"].isna().all()
    with pytest.raises(KeyError, match="no column colour"):
        store.upsert("section_sets", pd.DataFrame(row | {"colour": ["red"]}))


def test_an_error_inside_the_block_leaves_the_tables(tmp_path: Path) -> None:
    store = Store(tmp_path)
    put(store, days([1]))
    before = store.fingerprint()

    def break_off() -> None:
        with store.writer() as writer:
            writer.merge("air_daily", days([2, 3]), RECEIVED)
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        break_off()
    assert store.fingerprint() == before
    put(store, days([1, 5]))  # the lock is free again
    assert store.air_daily()["value"].tolist() == [1, 5]


def test_replaced_parts_are_dropped(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for last in range(3):
        put(store, days([1.0] * (last + 1)))
    assert len(list(tmp_path.rglob("*.parquet"))) == 1
    assert not list(tmp_path.rglob(".*.tmp"))


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
@pytest.mark.parametrize("at", [0, 1, 2])
def test_full_disk_is_one_sentence_and_leaves_the_old_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, at: int
) -> None:
    """The disk fills at the first part, the second part or the manifest."""
    store = Store(tmp_path)
    put(store, days([1, 2], start="2015-12-31"))
    before = store.fingerprint()
    calls = iter(range(100))

    def full(handle: int) -> None:
        if next(calls) == at:
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(disk.os, "fsync", full)
    monkeypatch.setattr(disk, "sync_folder", lambda folder: None)
    with pytest.raises(WorkspaceError, match="disk is full") as caught:
        put(store, days([5, 6], start="2015-12-31"))
    assert "\n" not in str(caught.value)
    monkeypatch.undo()
    assert store.fingerprint() == before
    assert store.air_daily()["value"].tolist() == [1, 2]
    assert not list(tmp_path.rglob(".*.tmp"))
    put(store, days([5, 6], start="2015-12-31"))
    assert store.air_daily()["value"].tolist() == [5, 6]


def test_unwritable_folder_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "air_daily").write_text("in the way", encoding="utf-8")
    with pytest.raises(WorkspaceError, match="could not be written"):
        put(Store(tmp_path), days([1]))


def test_two_writers_wait_for_each_other(tmp_path: Path) -> None:
    said: list[str] = []
    inside, go = threading.Event(), threading.Event()

    def first() -> None:
        with Store(tmp_path).writer() as writer:
            writer.merge("air_daily", days([1]), RECEIVED)
            inside.set()
            go.wait(10)

    thread = threading.Thread(target=first)
    thread.start()
    assert inside.wait(10)
    timer = threading.Timer(0.3, go.set)
    timer.start()
    put(Store(tmp_path, notify=said.append), days([2], region="乙"))
    thread.join()
    timer.join()
    assert sorted(Store(tmp_path).air_daily()["value"]) == [1, 2]


def test_waiting_is_said_and_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecast.table_lock._PATIENCE", 0.05)
    said: list[str] = []
    done = threading.Event()

    def hold() -> None:
        with Store(tmp_path).writer():
            done.wait(10)

    thread = threading.Thread(target=hold)
    thread.start()
    time.sleep(0.2)
    try:
        with pytest.raises(WorkspaceError, match="Another command") as caught:
            put(Store(tmp_path, lock_timeout=0.3, notify=said.append), days([1]))
    finally:
        done.set()
        thread.join()
    assert said == ["Another command is writing the tables; waiting for it to finish."]
    assert caught.value.cure


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is a POSIX signal")
@pytest.mark.parametrize("at", [1, 2, 3])
def test_kill_leaves_the_old_tables(tmp_path: Path, at: int) -> None:
    """A writer that is killed before its n-th file appears leaves the tables as they were."""
    store = Store(tmp_path)
    put(store, days([1, 2], start="2015-12-31"))
    before = store.fingerprint()
    script = f"""
        import os, signal
        from pathlib import Path
        import numpy as np, pandas as pd
        from forecast import disk, store as module
        calls = iter(range(1, 100))
        true_replace = disk._replace
        def replace(source, target):
            if next(calls) == {at}:
                os.kill(os.getpid(), signal.SIGKILL)
            true_replace(source, target)
        disk._replace = replace
        store = module.Store(Path({str(tmp_path)!r}))
        with store.writer() as writer:
            rows = store.read("air_daily").assign(value=[8.0, 9.0])
            writer.merge("air_daily", rows, pd.Timestamp("2022-01-01"))
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL
    assert Store(tmp_path).fingerprint() == before
    assert Store(tmp_path).air_daily()["value"].tolist() == [1, 2]
    # The next writer gets the lock and sweeps what the dead one left.
    put(store, days([8, 9], start="2015-12-31"), pd.Timestamp("2022-01-01"))
    assert store.air_daily()["value"].tolist() == [8, 9]
    assert not list(tmp_path.rglob(".*.tmp"))
    assert len(list(tmp_path.rglob("*.parquet"))) == 2


def test_damage_is_named(tmp_path: Path) -> None:
    store = Store(tmp_path)
    put(store, days([1]))
    part = next(tmp_path.rglob("*.parquet"))
    part.write_bytes(b"not parquet")
    with pytest.raises(WorkspaceError, match="damaged"):
        store.read("air_daily")
    part.unlink()
    with pytest.raises(WorkspaceError, match="missing"):
        store.read("air_daily")
    (tmp_path / "manifest.json").write_text("{", encoding="utf-8")
    with pytest.raises(WorkspaceError, match="damaged"):
        store.read("air_daily")
    (tmp_path / "manifest.json").write_text(
        '{"format_version": 99, "tables": {}}', encoding="utf-8"
    )
    with pytest.raises(WorkspaceError, match="format 99"):
        store.read("air_daily")


@given(
    batches=st.lists(
        st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=1, max_size=6),
        min_size=1,
        max_size=5,
    )
)
@settings(max_examples=40, deadline=None)
def test_merging_keeps_every_change_and_nothing_else(
    batches: list[list[tuple[int, int]]],
) -> None:
    """Against a plain account: a value is stored when it differs from the one before it."""
    key = ["source", "region", "place", "date", "item"]
    table = days([0.0]).iloc[:0]
    account: dict[int, list[int]] = {}
    for number, batch in enumerate(batches):
        rows = pd.concat(
            [days([value], start=f"2016-01-0{day + 1}") for day, value in batch], ignore_index=True
        )
        received = RECEIVED + pd.Timedelta(days=number)
        table, outcome = merge_readings(table, rows, key=key, received=received)
        for (day, value), word in zip(batch, outcome["outcome"], strict=True):
            told = account.setdefault(day, [])
            expected = "new" if not told else "unchanged" if told[-1] == value else "corrected"
            assert word == expected
            if expected != "unchanged":
                told.append(value)
    for day, told in account.items():
        rows = table[table["date"] == pd.Timestamp(2016, 1, day + 1)].sort_values("known_from")
        assert rows["value"].tolist() == told
        assert rows["known_from"].is_unique


def test_same_moment_of_files_table_does_not_change_the_fingerprint(tmp_path: Path) -> None:
    store = Store(tmp_path)
    put(store, days([1]))
    before = store.fingerprint()
    files: dict[str, list[Any]] = {"file_id": ["x"], "layout": ["l"], "region": [""]}
    store.upsert("files", pd.DataFrame(files))
    assert len(store.files()) == 1
    assert store.fingerprint() == before
