"""The wide national archives: their traps, and the days that are made from their hours."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.errors import ContradictionError
from forecast.ingest.coverage import coverage
from forecast.ingest.detect import detect
from forecast.ingest.files.containers import read_sheet
from forecast.ingest.layouts.national_hourly_wide import CITIES, SITES
from forecast.ingest.parsed import Parsed, Request
from forecast.ingest.quality_log import quality
from forecast.ingest.run import ingest_paths
from forecast.workspace import Workspace

TYPES = (
    "AQI", "PM2.5", "PM2.5_24h", "PM10", "PM10_24h", "SO2", "SO2_24h", "NO2", "NO2_24h", "O3",
    "O3_24h", "O3_8h", "O3_8h_24h", "CO", "CO_24h",
)  # fmt: skip
BASE = {"PM2.5": 30, "PM10": 60, "SO2": 8, "NO2": 25, "O3": 80, "CO": 0.7, "AQI": 50}
Change = Callable[[int, str, int], str | None]


def wide(
    day: str,
    places: tuple[str, ...],
    *,
    hours: range = range(24),
    types: tuple[str, ...] = TYPES,
    change: Change = lambda hour, type_, place: None,
) -> str:
    """Return a made file of one day; ``change`` puts another text into a cell."""
    lines = ["date,hour,type," + ",".join(places)]
    for hour in hours:
        for type_ in types:
            cells = []
            for number in range(len(places)):
                other = change(hour, type_, number)
                value = BASE[type_.split("_")[0]]
                cells.append(f"{value:g}" if other is None else other)
            lines.append(f"{day},{hour},{type_}," + ",".join(cells))
    return "\n".join(lines) + "\n"


def both_ways(path: Path, text: str, encoding: str = "utf-8") -> tuple[Parsed, Parsed]:
    """Return what the quick and the careful reading make of a file."""
    path.write_bytes(text.encode(encoding))
    quick = SITES.parse_bytes(path, path.read_bytes(), Request("", 2027))  # type: ignore[misc]
    assert quick is not None
    return quick, SITES.parse(read_sheet(path), Request("", 2027))


def test_both_ways_of_reading_agree(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)

    def change(hour: int, type_: str, place: int) -> str | None:
        if type_ == "PM10" and hour == 5 and place == 1:
            return ""
        if type_ == "SO2":
            return str(int(rng.integers(1, 90)))
        return None

    quick, careful = both_ways(
        tmp_path / "china_sites_20230101.csv",
        wide("20230101", ("1001A", "1002A", "1003A"), change=change),
    )
    pd.testing.assert_frame_equal(quick.tables["air_hourly"], careful.tables["air_hourly"])
    assert quick.rows_read == careful.rows_read == 24 * 15
    assert quick.notes.missing == careful.notes.missing == 1
    assert len(quick.tables["air_hourly"]) == 72
    # The line of the first 1-hour value of hour 0 is the third: header, AQI, PM2.5.
    assert quick.tables["air_hourly"]["row"].min() == 3


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_iso_dates_and_three_types_are_read(tmp_path: Path, encoding: str) -> None:
    quick, careful = both_ways(
        tmp_path / "a.csv",
        wide("2023-01-01", ("1001A", "1002A"), types=("AQI", "PM2.5", "O3")),
        encoding,
    )
    pd.testing.assert_frame_equal(quick.tables["air_hourly"], careful.tables["air_hourly"])
    rows = quick.tables["air_hourly"]
    assert rows["pm10"].isna().all()
    assert (rows["pm25"] == 30).all()
    assert rows["time"].min() == pd.Timestamp("2023-01-01 00:00")


def test_detected_by_content_sites_and_cities(tmp_path: Path) -> None:
    one, two = tmp_path / "x.csv", tmp_path / "y.csv"
    one.write_text(wide("20230101", ("1001A", "1002A")), encoding="utf-8")
    two.write_text(wide("20230101", ("北京", "天津")), encoding="utf-8")
    assert detect(one) is SITES
    assert detect(two) is CITIES


def test_a_bad_cell_is_set_aside_and_the_rest_kept(tmp_path: Path) -> None:
    def change(hour: int, type_: str, place: int) -> str | None:
        return "12q" if (hour, type_, place) == (4, "NO2", 1) else None

    path = tmp_path / "china_sites_20230101.csv"
    path.write_text(wide("20230101", ("1001A", "1002A"), change=change), encoding="utf-8")
    assert SITES.parse_bytes(path, path.read_bytes(), Request("", 2027)) is None  # type: ignore[misc]
    parsed = SITES.parse(read_sheet(path), Request("", 2027))
    found = parsed.notes.quarantine()
    assert found[["column", "value"]].to_numpy().tolist() == [["1002A", "12q"]]
    assert found["row"].tolist() == [2 + 4 * 15 + TYPES.index("NO2")]
    rows = parsed.tables["air_hourly"]
    assert rows["no2"].isna().sum() == 1
    assert len(rows) == 48


def test_impossible_values_and_second_lines(tmp_path: Path) -> None:
    def change(hour: int, type_: str, place: int) -> str | None:
        return "9999" if (hour, type_, place) == (7, "PM2.5", 0) else None

    text = wide("20230101", ("1001A", "1002A"), change=change)
    lines = text.splitlines()
    same, other = lines[2], lines[2].replace(",30,", ",31,")
    quick, careful = both_ways(tmp_path / "a.csv", "\n".join([*lines, same, other]) + "\n")
    for parsed in (quick, careful):
        assert parsed.notes.duplicates == 1
        reasons = parsed.notes.quarantine()["reason"].tolist()
        assert any("outside what pm25 can be" in reason for reason in reasons)
        assert any("a second line of this hour" in reason for reason in reasons)
    pd.testing.assert_frame_equal(quick.tables["air_hourly"], careful.tables["air_hourly"])


def test_co_in_micrograms_stops_the_file(tmp_path: Path) -> None:
    def change(hour: int, type_: str, place: int) -> str | None:
        return "700" if type_ == "CO" else None

    path = tmp_path / "a.csv"
    path.write_text(wide("20230101", ("1001A", "1002A"), change=change), encoding="utf-8")
    with pytest.raises(ContradictionError, match="CO"):
        SITES.parse_bytes(path, path.read_bytes(), Request("", 2027))  # type: ignore[misc]


def stations(folder: Path, rows: list[str]) -> Path:
    path = folder / "站点列表.csv"
    head = "监测点编码,监测点名称,城市,经度,纬度,对照点"
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


LIST = [f"{1001 + n}A,点{n},甲市,116.{n},39.{n},{'Y' if n == 4 else 'N'}" for n in range(5)]


def archive(folder: Path, days: list[str], change: Callable[[str], Change]) -> None:
    codes = tuple(f"{1001 + n}A" for n in range(5))
    for day in days:
        path = folder / f"china_sites_{day}.csv"
        path.write_text(wide(day, codes, change=change(day)), encoding="utf-8")


def test_days_by_hand(ws: Workspace, tmp_path: Path) -> None:
    """Hour 0 belongs to the day before; the control point and the 75 % rule of the city."""
    folder = tmp_path / "in"
    folder.mkdir()
    stations(folder, LIST)

    def change(day: str) -> Change:
        def inner(hour: int, type_: str, place: int) -> str | None:
            if type_ == "PM2.5":
                if day == "20230102" and hour == 0:
                    return "54"
                if place == 4:
                    return "200"
                # Five hours without a value: 19 are left, too few for a day of this point.
                if day == "20230102" and place in (2, 3) and 3 <= hour < 8:
                    return ""
            return None

        return inner

    archive(folder, ["20230101", "20230102", "20230103"], change)
    report = ingest_paths(ws, [folder])
    assert not report.refused, [f.reason for f in report.refused]
    rows = ws.store.air_daily()
    pm25 = rows[rows["item"] == "pm25"].set_index("date")["value"]
    # 1 January: hours 1 to 23 at 30 and hour 24, which the next file holds as its hour 0, at 54.
    assert pm25[pd.Timestamp("2023-01-01")] == pytest.approx((23 * 30 + 54) / 24)
    # 2 January: two of four evaluation points valid is less than 75 %.
    assert pd.Timestamp("2023-01-02") not in pm25.index
    # 3 January: its 24th hour is in no file; 23 hours are enough.
    assert pm25[pd.Timestamp("2023-01-03")] == 30
    assert set(rows["region"]) == {"甲市"}
    points = ws.store.read("station_daily")
    second = points[points["date"] == pd.Timestamp("2023-01-02")].set_index("place")
    assert second["pm25"].isna().tolist() == [False, False, True, True, False]
    assert second.loc["1005A", "pm25"] == pytest.approx(200)
    ozone = rows[(rows["item"] == "o3_8h")]
    assert (ozone["value"] == 80).all()
    # The last day before the first file has one hour only: no day.
    assert rows["date"].min() == pd.Timestamp("2023-01-01")


def test_a_list_of_stations_that_comes_later_makes_the_city(ws: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    archive(folder, ["20230101", "20230102"], lambda day: lambda hour, type_, place: None)
    ingest_paths(ws, [folder])
    assert ws.store.air_daily().empty
    ingest_paths(ws, [stations(tmp_path, LIST)])
    rows = ws.store.air_daily()
    assert set(rows["region"]) == {"甲市"}
    assert len(rows[rows["item"] == "pm25"]) == 2


def test_points_without_a_city_are_shown_under_that_of_the_list(
    ws: Workspace, tmp_path: Path
) -> None:
    """Their days keep the blank region of the source; what is shown has the city, flags too."""
    folder = tmp_path / "in"
    folder.mkdir()
    days = [f"{day:%Y%m%d}" for day in pd.date_range("2023-01-01", periods=3)]
    archive(folder, days, lambda day: lambda hour, type_, place: None)
    ingest_paths(ws, [folder])
    assert set(coverage(ws)["region"]) == {""}
    assert set(quality(ws).flags["region"]) == {""}
    ingest_paths(ws, [stations(tmp_path, LIST[:4])])
    shown = coverage(ws).query("domain == 'station'")
    assert shown.groupby("region")["place"].unique().map(list).to_dict() == {
        "": ["1005A"], "甲市": ["1001A", "1002A", "1003A", "1004A"],
    }  # fmt: skip
    assert set(ws.store.read("station_daily")["region"]) == {""}
    of_city = quality(ws, "甲市").flags
    assert {"1001A", "1004A"} <= set(of_city["place"])
    assert "1005A" not in set(of_city["place"])


def test_the_same_folder_again_changes_nothing(ws: Workspace, tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    stations(folder, LIST)
    archive(folder, ["20230131", "20230201"], lambda day: lambda hour, type_, place: None)
    first = ingest_paths(ws, [folder])
    before = ws.store.fingerprint()
    again = ingest_paths(ws, [folder])
    assert len(again.already_read) == 3
    assert again.days == 0
    assert first.days > 0
    assert ws.store.fingerprint() == before
    # One file after the other gives the same days as both at once, if not the same receipts.
    other = Workspace.create(tmp_path / "other")
    for path in sorted(folder.iterdir(), reverse=True):
        ingest_paths(other, [path])
    columns = ["region", "date", "item", "value"]
    pd.testing.assert_frame_equal(ws.store.air_daily()[columns], other.store.air_daily()[columns])


def test_a_corrected_hour_corrects_its_day(ws: Workspace, tmp_path: Path) -> None:
    folder, later = tmp_path / "in", tmp_path / "later"
    folder.mkdir()
    later.mkdir()
    stations(folder, LIST)
    archive(folder, ["20230101", "20230102"], lambda day: lambda hour, type_, place: None)
    ingest_paths(ws, [folder], now=pd.Timestamp("2023-01-03 08:00").to_pydatetime())
    archive(
        later, ["20230101"],
        lambda day: lambda hour, type_, place: "78" if (hour, type_) == (6, "PM2.5") else None,
    )  # fmt: skip
    ingest_paths(ws, [later], now=pd.Timestamp("2023-01-05 08:00").to_pydatetime())

    def day(as_of: str) -> float:
        rows = ws.store.air_daily(as_of)
        mine = rows[(rows["item"] == "pm25") & (rows["date"] == pd.Timestamp("2023-01-01"))]
        return float(mine["value"].iloc[0])

    assert day("2023-01-04") == 30
    assert day("2023-01-05") == 32
