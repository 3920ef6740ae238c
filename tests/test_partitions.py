"""Rows in the types of a table: text as it is and as categories say and store the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.partitions import by_partition, coded, content_hash, joined, parquet, plain, typed
from forecast.store import Store
from forecast.tables import HOUR_ITEMS, TABLES

HOURS = TABLES["air_hourly"]
RECEIVED = pd.Timestamp("2023-03-01 06:00")


def _hours(places: list[str], day: str, file_id: str, value: float) -> pd.DataFrame:
    """Return 24 hours of each place, the last one being 00:00 of the next day."""
    times = pd.date_range(f"{day} 01:00", periods=24, freq="h").to_numpy("datetime64[s]")
    at = np.repeat(np.arange(len(places)), 24)
    time = np.tile(times, len(places))
    frame = pd.DataFrame(
        {
            "region": "",
            "place": np.array(places)[at],
            "place_kind": "station",
            "time": time,
            **dict.fromkeys(HOUR_ITEMS, value + at),
            "basis": "actual",
            "source": "national_sites_wide",
            "version": "realtime",
            "flag": "",
            "known_from": time,
            "file_id": file_id,
            "row": np.arange(len(at), dtype=np.int32),
        }
    )
    return typed(HOURS, frame)


def _as_categories(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with each text column coded, its words in the order of appearance."""
    columns = {}
    for name in rows:
        if pd.api.types.is_string_dtype(rows[name].dtype):
            codes, words = pd.factorize(rows[name])
            columns[name] = coded(list(words), codes)
        else:
            columns[name] = rows[name]
    return pd.DataFrame(columns)


FILES = [
    _hours(["1002A", "1001A"], "2023-01-30", "b", 3.0),
    _hours(["1003A", "1001A"], "2023-01-31", "a", 5.0),
    _hours(["1001A", "1004A"], "2023-02-01", "c", 7.0),
]


def test_text_and_categories_give_the_same_bytes_and_hash() -> None:
    rows, codes = joined(FILES), joined([_as_categories(one) for one in FILES])
    assert isinstance(codes["place"].dtype, pd.CategoricalDtype)
    by = list(HOURS.order)
    rows, codes = (x.sort_values(by, kind="stable", ignore_index=True) for x in (rows, codes))
    assert list(rows["place"].unique()) == ["1001A", "1002A", "1003A", "1004A"]
    assert content_hash(HOURS, rows) == content_hash(HOURS, codes)
    pd.testing.assert_frame_equal(plain(codes), rows)
    one, two = parquet(HOURS, rows), parquet(HOURS, codes)
    assert one[:4] == two[:4] == b"PAR1"


@pytest.mark.parametrize("coded_files", [(0, 1, 2), (1,), (0, 2)])
def test_a_store_says_the_same_of_text_and_of_categories(
    tmp_path: Path, coded_files: tuple[int, ...]
) -> None:
    plain_store, coded_store = Store(tmp_path / "plain"), Store(tmp_path / "coded")
    mixed = [_as_categories(one) if at in coded_files else one for at, one in enumerate(FILES)]
    with plain_store.writer() as writer:
        expected = writer.merge("air_hourly", FILES, RECEIVED)
    with coded_store.writer() as writer:
        found = writer.merge("air_hourly", mixed, RECEIVED)
        # Within the same change the rows are text again.
        assert writer.read("air_hourly", "2023-01")["place"].dtype == FILES[0]["place"].dtype
    assert coded_store.fingerprint() == plain_store.fingerprint()
    pd.testing.assert_frame_equal(coded_store.read("air_hourly"), plain_store.read("air_hourly"))
    counts = [x.astype("str").value_counts(["file_id", "outcome"]) for x in (expected, found)]
    assert counts[0].to_dict() == counts[1].to_dict() == {(f, "new"): 48 for f in "abc"}


def test_categories_correct_what_is_stored_as_text_does(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.writer() as writer:
        writer.merge("air_hourly", FILES, RECEIVED)
    later = _as_categories(_hours(["1001A", "1005A"], "2023-01-31", "d", 9.0))
    with store.writer() as writer:
        outcome = writer.merge("air_hourly", later, RECEIVED + pd.Timedelta(days=1))
    assert outcome["outcome"].value_counts()[["corrected", "new"]].to_list() == [24, 24]
    rows = store.read("air_hourly", partitions=["2023-01"])
    mine = rows[(rows["place"] == "1001A") & (rows["time"] == pd.Timestamp("2023-02-01"))]
    assert mine["pm25"].to_list() == [6.0, 9.0]
    assert mine["file_id"].to_list() == ["a", "d"]


def test_midnight_goes_to_the_month_before() -> None:
    parts = by_partition(HOURS, FILES[1:])
    assert {name: sum(map(len, rows)) for name, rows in parts.items()} == {
        "2023-01": 48,
        "2023-02": 48,
    }
    assert parts["2023-01"][0]["time"].max() == pd.Timestamp("2023-02-01")
