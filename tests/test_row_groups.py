"""Rows of a few regions are found without reading the whole part."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from forecast import part_files
from forecast.row_groups import rows_of
from forecast.store import Store

_REGIONS = [f"城{k:02d}" for k in range(10)]


def _rows(regions: list[str]) -> pd.DataFrame:
    days = pd.date_range("2024-01-01", periods=30).as_unit("s")
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "region": r, "place": r, "place_kind": "city", "date": days, "item": "pm25",
                    "value": float(n), "basis": "actual", "source": "made", "version": "unknown",
                    "flag": "", "known_from": days, "file_id": "f", "row": 1,
                }
            )
            for n, r in enumerate(regions)
        ],
        ignore_index=True,
    )  # fmt: skip


def test_a_store_reads_the_blocks_of_the_regions_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(part_files, "GROUP_ROWS", 60)
    # Small parts are kept whole.
    monkeypatch.setattr(part_files, "_SMALL", 0)
    store = Store(tmp_path)
    store.upsert("air_daily", _rows(_REGIONS))
    (part,) = tmp_path.rglob("part-*.parquet")
    read: list[int] = []
    real = pq.ParquetFile.read_row_groups

    def counted(file: pq.ParquetFile, groups: list[int], **named: object) -> pa.Table:
        read.append(len(groups))
        return real(file, groups, **named)

    monkeypatch.setattr(pq.ParquetFile, "read_row_groups", counted)
    assert pq.ParquetFile(part).num_row_groups == 5
    assert set(store.read("air_daily", regions=["城03"])["value"]) == {3.0}
    assert set(store.read("air_daily", regions=["城04", "城09"])["value"]) == {4.0, 9.0}
    assert store.read("air_daily", regions=["没有"]).empty
    assert read == [1, 2, 0]
    assert len(store.read("air_daily")) == 300
    # As categories, and whatever the order of the names; a name more is none less.
    for regions in (["城09", "城04"], [*_REGIONS, "没有"], _REGIONS[1:]):
        coded = store.read("air_daily", regions=regions, categories=True)
        assert set(coded["region"].astype(str)) == set(regions) - {"没有"}


def test_a_part_without_ranges_is_read_whole(tmp_path: Path) -> None:
    table = pa.table({"region": ["甲", "乙"], "value": [1.0, 2.0]})
    pq.write_table(table, tmp_path / "old.parquet", row_group_size=1, write_statistics=False)
    with pq.ParquetFile(tmp_path / "old.parquet") as file:
        assert rows_of(file, ["value"], ["乙"])["value"].to_pylist() == [1.0, 2.0]
    pq.write_table(table, tmp_path / "new.parquet", row_group_size=1, write_statistics=["region"])
    with pq.ParquetFile(tmp_path / "new.parquet") as file:
        assert rows_of(file, ["value"], ["乙"])["value"].to_pylist() == [2.0]
        assert len(rows_of(file, ["value"], None)) == 2
