"""Given days of single points: the city's day by the law, and what changes it."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from forecast.ingest import ingest_paths
from forecast.ingest.decisions import decide
from forecast.ingest.quality_log import quality
from forecast.workspace import Workspace

#: The writer of made files; its class lives with the fixtures.
Writer = Any

THEN = pd.Timestamp("2021-06-01 08:00")
LATER = pd.Timestamp("2021-06-05 08:00")

_MAPPING = """
table = "air_daily"
place_kind = "station"
[match]
header = ["日期", "城市", "点位", "PM2.5", "O3"]
[region]
column = "城市"
[place]
column = "点位"
[time]
columns = ["日期"]
[items.pm25]
column = "PM2.5"
unit = "µg/m³"
[items.o3_8h]
column = "O3"
unit = "µg/m³"
"""
_POINTS = "监测点编码,监测点名称,城市,经度,纬度,对照点,启用日期,停用日期"

#: PM2.5 of four points in three days [µg/m³]; the last one is far from the others.
_PM25 = {"东": (30, 40, 50), "西": (34, "", 54), "南": (38, 48, 58), "山": (10, "", 12)}


def days_file(
    folder: Path, name: str = "点位日值.csv", city: str = "甲市", **pm25: Sequence[object]
) -> Path:
    lines = ["日期,城市,点位,PM2.5,O3"]
    for point, values in (_PM25 | pm25).items():
        lines += [f"2021-03-0{n},{city},{point},{v},{80 + n}" for n, v in enumerate(values, 1)]
    return written(folder / name, lines)


def points_file(folder: Path, *points: str) -> Path:
    return written(folder / "点位.csv", [_POINTS, *points])


def written(path: Path, lines: list[str]) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def city_days(ws: Workspace, item: str = "pm25") -> dict[int, float]:
    rows = ws.store.air_daily()
    rows = rows[(rows["place_kind"] == "city") & (rows["item"] == item) & rows["value"].notna()]
    return dict(zip(rows["date"].dt.day, rows["value"], strict=True))


@pytest.fixture
def mapped(ws: Workspace) -> Workspace:
    written(ws.root / "mappings" / "own_points.toml", [_MAPPING])
    return ws


def test_the_city_is_the_mean_of_its_evaluation_points(mapped: Workspace, tmp_path: Path) -> None:
    control = "山,山,甲市,116.2,38.2,Y,,"
    ingest_paths(mapped, [points_file(tmp_path / "in", control)], now=THEN)
    report = ingest_paths(mapped, [days_file(tmp_path / "in")], now=THEN)
    # On the second day two of three points are fewer than 75 %.
    assert city_days(mapped) == {1: 34.0, 3: 54.0}
    assert city_days(mapped, "o3_8h") == {1: 81.0, 2: 82.0, 3: 83.0}
    assert report.days == 5
    rows = mapped.store.air_daily().query("place_kind == 'city'")
    assert set(rows["region"]) == set(rows["place"]) == {"甲市"}
    assert (set(rows["source"]), set(rows["flag"])) == ({"mapping_own_points"}, {"from_points"})
    assert (rows["known_from"] == rows["date"] + pd.Timedelta(seconds=86399)).all()
    assert ingest_paths(mapped, [tmp_path / "in"], now=LATER).days == 0


def test_a_list_that_comes_later_changes_the_city(mapped: Workspace, tmp_path: Path) -> None:
    ingest_paths(mapped, [days_file(tmp_path / "in")], now=THEN)
    # Without a list every point counts, and on the second day two of four are not enough.
    assert city_days(mapped) == {1: 28.0, 3: 43.5}
    closed = "南,南,甲市,116.2,38.2,N,,2021-03-01"
    control = "山,山,甲市,116.2,38.2,Y,,"
    ingest_paths(mapped, [points_file(tmp_path / "in", control, closed)], now=LATER)
    assert city_days(mapped) == {1: 34.0, 3: 52.0}
    before = mapped.store.air_daily(as_of="2021-06-03")
    seen = before[(before["place_kind"] == "city") & (before["item"] == "pm25")]["value"]
    assert seen.tolist() == [28.0, 43.5]
    # They follow the list, so nobody gave them again.
    assert quality(mapped).corrections.empty
    first = mapped.store.fingerprint()
    shutil.rmtree(mapped.processed)
    ingest_paths(mapped, [mapped.raw], now=pd.Timestamp("2021-07-01"))
    assert mapped.store.fingerprint() == first


def test_a_day_that_can_no_longer_be_made_is_taken_back(mapped: Workspace, tmp_path: Path) -> None:
    ingest_paths(mapped, [days_file(tmp_path / "in")], now=THEN)
    flags = mapped.store.read("quality_flags")
    assert flags.empty
    stuck = {point: [f"{value}" for value in [37] * 9] for point in ("西", "南")}
    values = {"东": range(30, 39), "山": range(20, 29), **stuck}
    ingest_paths(mapped, [days_file(tmp_path / "in", "乙.csv", "乙市", **values)], now=THEN)
    made = city_days(mapped)
    flags = mapped.store.read("quality_flags").query("region == '乙市' and item == 'pm25'")
    assert {"西", "南"} <= set(flags["place"])
    chosen = flags[flags["place"].isin(["西", "南"])]["flag_id"]
    decide(mapped, "reject", chosen, now=LATER)
    rows = mapped.store.air_daily().query("region == '乙市' and place_kind == 'city'")
    assert set(rows["item"]) == {"o3_8h"}
    assert len(made) == 9
    decide(mapped, "accept", chosen, now=LATER + pd.Timedelta(days=1))
    assert city_days(mapped) == made


def test_a_day_given_for_the_city_goes_first(
    mapped: Workspace, tmp_path: Path, city: Writer
) -> None:
    ingest_paths(mapped, [days_file(tmp_path / "in")], now=THEN)
    start = pd.Timestamp("2021-03-03").date()
    given = city.rows(5, start=start)
    ingest_paths(mapped, [city(given)], now=THEN)
    assert city_days(mapped)[3] == float(given[0][3])
    assert city_days(mapped)[1] == 28.0


def test_another_own_layout_of_the_city_goes_before_its_points(
    mapped: Workspace, tmp_path: Path
) -> None:
    """Its name comes later in the alphabet, so it is not the name that decides."""
    header = '"日期", "城市", "城市PM2.5"'
    own = _MAPPING.partition("[items.o3_8h]")[0].replace(
        '"日期", "城市", "点位", "PM2.5", "O3"', header
    )
    own = own.replace('place_kind = "station"\n', "").replace('[place]\ncolumn = "点位"\n', "")
    own = own.replace('column = "PM2.5"', 'column = "城市PM2.5"')
    written(mapped.root / "mappings" / "the_city.toml", [own])
    ingest_paths(mapped, [days_file(tmp_path / "in")], now=THEN)
    given = written(tmp_path / "in" / "城市.csv", ["日期,城市,城市PM2.5", "2021-03-01,甲市,77"])
    assert ingest_paths(mapped, [given], now=THEN).exit_code == 0
    assert city_days(mapped) == {1: 77.0, 3: 43.5}
