"""Lists of monitoring points: found under every name, corrected by a later list, roles by date."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from raw_rebuild import rebuilt

from forecast.ingest import ingest_paths
from forecast.ingest.points import points_of
from forecast.workspace import Workspace

THEN = pd.Timestamp("2018-02-01 08:00")
LATER = pd.Timestamp("2018-03-01 08:00")

_LIST = "监测点编码,监测点名称,城市,经度,纬度,对照点,启用日期,停用日期"

#: PM2.5 of four points, all day [µg/m³].
_POINTS = {"0001A": 40, "0002A": 80, "0003A": 40, "0004A": 40}
_NAMES = {"0001A": "甲站", "0002A": "乙站", "0003A": "丙站", "0004A": "丁站"}


def written(path: Path, lines: Sequence[str]) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def list_of(path: Path, *of_second: str, city: str = "甲市") -> Path:
    """Write a list of the four points; ``of_second``: the lines of 0002A after its name."""
    lines = [_LIST]
    for number, (code, name) in enumerate(_NAMES.items(), 1):
        place = f"116.{number},38.{number}"
        told = of_second if code == "0002A" else [f"{city},N,,"]
        for cells in told:
            of, rest = cells.split(",", 1)
            lines.append(f"{code},{name},{of},{place},{rest}")
    return written(path, lines)


def wide(path: Path, first: str = "2017-12-31", n: int = 2) -> Path:
    """Write days of the wide archive of points, which names no city."""
    lines = ["date,hour,type," + ",".join(_POINTS)]
    for hour in range(24 * n + 1):
        stamp = pd.Timestamp(first) + pd.Timedelta(hours=hour)
        lines.append(
            f"{stamp:%Y%m%d},{stamp.hour},PM2.5,"
            + ",".join(str(value + hour % 3) for value in _POINTS.values())
        )
    return written(path, lines)


def station_hours(path: Path, values: Mapping[str, int] = _POINTS) -> Path:
    """Write a day of the points of one city under their names; the file's name is the city."""
    lines = ["Date,Hour,WatchPoint,AQI,Level,PrimaryPollution,PM2.5,PM10,CO,NO2,O3_1h,O3_8h,SO2"]
    for hour in range(1, 24):
        for code, value in values.items():
            name = _NAMES[code]
            lines.append(
                f"20180110,{hour:02},{name},70,良,,{value + hour % 3},{150 + hour % 7},0.6,"
                f"{14 + hour % 5},{62 + hour % 9},66,{6 + hour % 3}"
            )
    return written(path, lines)


def means(ws: Workspace, as_of: pd.Timestamp | None = None) -> dict[tuple[str, str], float]:
    rows = ws.store.air_daily(as_of=as_of)
    rows = rows[(rows["item"] == "pm25") & rows["value"].notna()]
    dates = rows["date"].dt.strftime("%m-%d")
    return dict(zip(zip(rows["region"], dates, strict=True), rows["value"].round(6), strict=True))


@pytest.fixture(scope="module")
def with_hours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace that has the hours of the points and no list of them yet."""
    folder = tmp_path_factory.mktemp("hours")
    ws = Workspace.create(folder / "w")
    ingest_paths(ws, [wide(folder / "hours.csv")], now=THEN)
    return ws.root


ALL = {("甲市", "12-31"): 51.0, ("甲市", "01-01"): 51.0}
MOVED = {
    ("甲市", "12-31"): 41.0, ("甲市", "01-01"): 41.0,
    ("乙市", "12-31"): 81.0, ("乙市", "01-01"): 81.0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("lists", "expected"),
    [
        ([["甲市,N,,"]], ALL),
        ([["甲市,N,,"], ["乙市,N,,"]], MOVED),
        ([["甲市,N,2018-01-02,"], ["甲市,N,,"]], ALL),
        ([["甲市,N,,"], ["甲市,N,2018-01-01,"]], ALL | {("甲市", "12-31"): 41.0}),
        ([["甲市,N,2017-12-01,"], ["甲市,N,2018-01-01,"]], ALL | {("甲市", "12-31"): 41.0}),
        ([["甲市,Y,,"], ["甲市,N,,"]], ALL),
        # A role that changes counts from its day on, in one list or in two.
        ([["甲市,N,2015-01-01,2017-12-31", "甲市,Y,2018-01-01,"]], ALL | {("甲市", "01-01"): 41.0}),
        ([["甲市,N,,", "甲市,Y,2018-01-01,"]], ALL | {("甲市", "01-01"): 41.0}),
        # So does a move to another city.
        ([["甲市,N,,", "乙市,N,2018-01-01,"]],
         {("甲市", "12-31"): 51.0, ("甲市", "01-01"): 41.0, ("乙市", "01-01"): 81.0}),
    ],
)  # fmt: skip
@pytest.mark.parametrize("hours_first", [True, False])
def test_the_last_list_that_names_a_point_says_its_history(
    ws: Workspace,
    with_hours: Path,
    tmp_path: Path,
    lists: list[list[str]],
    expected: dict[tuple[str, str], float],
    hours_first: bool,
) -> None:
    files = [list_of(tmp_path / "in" / f"{n}.csv", *told) for n, told in enumerate(lists)]
    if hours_first:
        ws = Workspace.open(Path(shutil.copytree(with_hours, tmp_path / "with")))
    else:
        files.append(wide(tmp_path / "hours.csv"))
    for number, file in enumerate(files, 1):
        ingest_paths(ws, [file], now=THEN + pd.Timedelta(days=number))
    assert means(ws) == expected


def test_lists_of_one_ingest_count_in_their_order(ws: Workspace, tmp_path: Path) -> None:
    first = list_of(tmp_path / "in" / "1.csv", "甲市,N,,")
    second = list_of(tmp_path / "in" / "2.csv", "乙市,N,,")
    ingest_paths(ws, [first, second, wide(tmp_path / "in" / "3.csv")], now=THEN)
    assert means(ws) == MOVED
    before, after = rebuilt(ws)
    assert before == after


def test_a_corrected_list_leaves_the_past_as_it_was_known(ws: Workspace, tmp_path: Path) -> None:
    ingest_paths(ws, [list_of(tmp_path / "1.csv", "甲市,N,,"), wide(tmp_path / "h.csv")], now=THEN)
    ingest_paths(ws, [list_of(tmp_path / "2.csv", "乙市,N,,")], now=LATER)
    # The days of the other city are new, and history that comes late counts as known in its time.
    assert means(ws, THEN) == ALL | {("乙市", day): 81.0 for day in ("12-31", "01-01")}
    assert means(ws) == MOVED


def test_a_list_of_some_points_leaves_the_others(ws: Workspace, tmp_path: Path) -> None:
    ingest_paths(ws, [list_of(tmp_path / "1.csv", "甲市,Y,,"), wide(tmp_path / "h.csv")], now=THEN)
    more = [_LIST, "0001A,甲站,甲市,116.1,38.1,Y,,", "1,自建站,乙市,117,38,N,,"]
    ingest_paths(ws, [written(tmp_path / "2.csv", more)], now=LATER)
    assert means(ws) == {("甲市", "12-31"): 41.0, ("甲市", "01-01"): 41.0}
    sites = ws.store.read("sites").query("source == 'station_list'")
    assert dict(zip(sites["place"], sites["role"], strict=True)) == {
        "0001A": "control", "0002A": "control", "0003A": "evaluation", "0004A": "evaluation",
        "1": "evaluation",
    }  # fmt: skip


def test_codes_of_a_citys_own_are_its_own(ws: Workspace, tmp_path: Path) -> None:
    """Point 1 of one city is not point 1 of another."""
    for city in ("甲市", "乙市"):
        line = f"1,一号站,{city},{117 if city == '甲市' else 118},38,N,,"
        ingest_paths(ws, [written(tmp_path / f"{city}.csv", [_LIST, line])], now=THEN)
    assert sorted(ws.store.read("sites")["region"]) == ["乙市", "甲市"]


@pytest.mark.parametrize("city", ["甲城", "甲城市"])
@pytest.mark.parametrize("listed", ["甲城", "甲城市"])
def test_a_list_is_found_by_name_and_with_or_without_the_suffix(
    ws: Workspace, tmp_path: Path, city: str, listed: str
) -> None:
    """The hours know names alone; the control point of the list leaves the city's mean."""
    hours = station_hours(tmp_path / "in" / f"{city}.csv")
    points = list_of(tmp_path / "点位.csv", f"{listed},Y,,", city=listed)
    report = ingest_paths(ws, [hours, points], now=THEN)
    assert means(ws) == {(city, "01-10"): pytest.approx(41.0, abs=0.1)}
    assert report.strays == []


def test_control_points_that_match_nothing_are_named(ws: Workspace, tmp_path: Path) -> None:
    hours = station_hours(tmp_path / "in" / "甲市.csv")
    lines = [_LIST, "0002A,乙站(旧),甲市,116,38,Y,,", "0001A,甲站,甲市,116,38,N,,",
             "0009A,远站,丙市,110,30,Y,,"]  # fmt: skip
    report = ingest_paths(ws, [hours, written(tmp_path / "点位.csv", lines)], now=THEN)
    assert report.strays == ["甲市 0002A 乙站(旧)"]
    assert report.to_dict()["strays"] == report.strays
    assert means(ws) == {("甲市", "01-10"): pytest.approx(51.0, abs=0.1)}


def test_times_of_a_point_do_not_overlap() -> None:
    columns = {
        "region": ["甲市"] * 3, "place": ["0002A"] * 3, "place_kind": ["station"] * 3,
        "name": ["乙站"] * 3, "role": ["evaluation", "control", "evaluation"],
        "valid_from": [pd.NaT, pd.Timestamp("2018-01-01"), pd.Timestamp("2020-01-01")],
        "valid_to": [pd.Timestamp("2019-06-30"), pd.NaT, pd.NaT], "source": ["station_list"] * 3,
    }  # fmt: skip
    found = points_of(
        pd.DataFrame(columns), "national_sites_wide", np.array([""], dtype=object),
        np.array(["0002A"], dtype=object), np.array([0]),
    )  # fmt: skip
    assert found["role"].tolist() == columns["role"]
    assert found["valid_to"].dt.strftime("%Y-%m-%d").tolist()[:2] == ["2017-12-31", "2019-12-31"]
    assert found["city"].tolist() == ["甲市"] * 3
