"""What a run reads: cities not stations, the region asked for, dust days known in time."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from forecast.api import Workspace
from forecast.errors import ForecastError
from forecast.runs.inputs import load_panel


def rows(region: str, place: str, kind: str, value: float) -> pd.DataFrame:
    days = pd.date_range("2021-01-01", "2021-01-31").as_unit("s")
    return pd.DataFrame(
        {
            "region": region, "place": place, "place_kind": kind, "date": days, "item": "pm25",
            "value": value, "basis": "actual", "source": "made", "version": "unknown", "flag": "",
            "known_from": days + pd.Timedelta(seconds=86399), "file_id": "f", "row": 1,
        }
    )  # fmt: skip


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "W")


def test_stations_are_left_out_and_one_region_is_answered_for(workspace: Workspace) -> None:
    store = workspace._inner.store
    store.upsert("air_daily", rows("城北市", "城北市", "city", 30.0))
    store.upsert("air_daily", rows("城北市", "一号站", "station", 90.0))
    store.upsert("air_daily", rows("城南市", "城南市", "city", 50.0))
    panel, last = load_panel(workspace._inner, None)
    assert set(panel.air["place"]) == {"城北市", "城南市"}
    assert last == date(2021, 1, 31)
    assert panel.dust_days.empty
    one, _ = load_panel(workspace._inner, None, region="城北")
    assert [place for _, place, _ in one.cities()] == ["城北市"]
    assert set(workspace.assess(year=2021, region="城南").table["region"]) == {"城南市"}


def test_stations_alone_are_said_so(workspace: Workspace) -> None:
    workspace._inner.store.upsert("air_daily", rows("城北市", "一号站", "station", 90.0))
    with pytest.raises(ForecastError, match="of stations but of no city"):
        load_panel(workspace._inner, None)


def test_dust_days_count_from_when_they_are_known(workspace: Workspace) -> None:
    store = workspace._inner.store
    store.upsert("air_daily", rows("城北市", "城北市", "city", 30.0))
    dust = pd.DataFrame(
        {
            "region": "城北", "date": pd.to_datetime(["2021-01-05", "2021-01-06", "2021-01-06"]),
            "item": "pm25", "source": ["made", "made", "other"], "version": "audited", "flag": "",
            "known_from": pd.to_datetime(["2021-01-05T23:59:59", "2021-01-20T09:00:00", "2021-01-20T09:00:00"]),
            "file_id": "f", "row": [1, 2, 1],
        }
    )  # fmt: skip
    store.upsert("dust_days", dust)
    early, _ = load_panel(workspace._inner, date(2021, 1, 10))
    assert early.dust_days["date"].dt.day.tolist() == [5]
    late, _ = load_panel(workspace._inner, None)
    assert late.dust_days["date"].dt.day.tolist() == [5, 6]
    assert len(late.dust_of("城北市")) == 2
    assert late.dust_of("城南市").empty
