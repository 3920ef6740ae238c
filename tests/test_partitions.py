"""Rows in the types of a table: text as it is and as categories say and store the same."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.part_files import parquet
from forecast.partitions import (
    by_partition,
    coded,
    content_hash,
    in_order,
    joined,
    numbered,
    plain,
    typed,
)
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


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 4)), min_size=1, max_size=60
    ),
    st.sampled_from([1, 3600, 86400]),
)
def test_numbers_order_the_rows_as_their_columns_do(
    cells: list[tuple[int, int, int]], step: int
) -> None:
    place, region, hour = (np.array(column) for column in zip(*cells, strict=True))
    rows = pd.DataFrame(
        {
            "region": coded(["甲", "乙", "丙"], region).reorder_categories(sorted("甲乙丙")),
            "place": coded(["1001A", "1002A", "1003A", "1004A"], place),
            "time": np.datetime64("2023-01-01T01:00:00", "s") + hour * np.timedelta64(step, "s"),
        }
    )
    columns = ["region", "place", "time"]
    numbers = numbered(rows, columns)
    assert numbers is not None
    expected = rows.sort_values(columns, kind="stable").index
    assert np.argsort(numbers, kind="stable").tolist() == expected.tolist()
    repeats = pd.Series(numbers).duplicated().to_numpy()
    assert repeats.tolist() == rows.duplicated(columns).to_list()


def test_what_has_no_number_is_ordered_by_its_columns() -> None:
    rows = joined(FILES)
    codes = joined([_as_categories(one) for one in FILES])
    assert numbered(rows, HOURS.order) is None
    assert numbered(_as_categories(FILES[0]), ["place"]) is None, "words in order of appearance"
    assert numbered(codes, HOURS.key) is not None
    pd.testing.assert_frame_equal(plain(in_order(HOURS, codes)), in_order(HOURS, rows))
    assert (in_order(HOURS, rows)["place"].iloc[[0, -1]] == ["1001A", "1004A"]).all()


def test_rows_asked_for_as_they_were_just_written_are_those_on_disk(tmp_path: Path) -> None:
    store = Store(tmp_path)
    months = ["2023-01"]
    with store.writer() as writer:
        writer.merge("air_hourly", [_as_categories(one) for one in FILES[:2]], RECEIVED)
    columns = ["place", "time", "pm25", "file_id"]
    for _ in range(2):
        held = store.read("air_hourly", partitions=months, categories=True)
        fresh = Store(tmp_path).read("air_hourly", partitions=months, categories=True)
        assert len(held) == len(fresh) > 0
        pd.testing.assert_frame_equal(plain(held), plain(fresh))
        some = store.read("air_hourly", columns=columns, partitions=months, categories=True)
        pd.testing.assert_frame_equal(plain(some), plain(fresh)[columns])
        # Another program corrects the month; what is held is out of date then.
        with Store(tmp_path).writer() as writer:
            later = RECEIVED + pd.Timedelta(days=1)
            writer.merge("air_hourly", _hours(["1001A"], "2023-01-30", "d", 9.0), later)


def test_midnight_goes_to_the_month_before() -> None:
    parts = by_partition(HOURS, FILES[1:])
    assert {name: sum(map(len, rows)) for name, rows in parts.items()} == {
        "2023-01": 48,
        "2023-02": 48,
    }
    assert parts["2023-01"][0]["time"].max() == pd.Timestamp("2023-02-01")
