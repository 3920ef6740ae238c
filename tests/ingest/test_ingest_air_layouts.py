"""The layouts of air days on files made here in their exact form, and on real ones where they are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.errors import ContradictionError
from forecast.ingest.files.containers import read_sheet
from forecast.ingest.files.sheet import stem
from forecast.ingest.layouts import (
    aqicn_index,
    city_daily_official,
    city_day_header,
    city_hourly_means,
    dust_deducted,
    long_tidy,
    pm25_daily,
    shifted_header,
)
from forecast.ingest.layouts.aqicn_index import concentration_of_points
from forecast.ingest.parsed import Layout, Parsed, Request
from forecast.standards.aqi import daily_aqi

LAYOUTS = [
    module.LAYOUT
    for module in (
        aqicn_index, city_daily_official, city_day_header, city_hourly_means, dust_deducted,
        long_tidy, pm25_daily, shifted_header,
    )
]  # fmt: skip
SHIFTED = "日期,质量等级,AQI,PM2.5,PM10,SO2,NO2,CO,O3,城市"
MEANS = "city,date,AQI,CO,NO2,O3,PM10,PM2.5,SO2"
OFFICIAL = "city,date,aqi,level,rank,pm25,pm10,no2,so2,co"
DUST = "城市,城市编码,日期,SO2,NO2,PM10,CO,O3_8h,PM2.5,AQI,首要污染物,空气质量级别,等级,更新时间"


def write(folder: Path, name: str, *lines: str, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
    return path


def parse(
    path: Path, layout: Layout, *, also: tuple[str, ...] = (), estimate: bool = False
) -> Parsed:
    """Read ``path``; no layout but ``layout`` (and those in ``also``) takes it for its own."""
    sheet = read_sheet(path)
    taken = {one.name for one in LAYOUTS if one.matches(sheet.head)}
    assert taken == {layout.name, *also}
    request = Request(stem(path), 2027, estimate_from_index=estimate)
    return layout.parse(sheet, request)


def values(parsed: Parsed, item: str) -> list[float]:
    rows = parsed.tables["air_daily"]
    chosen: list[float] = rows.loc[rows["item"] == item, "value"].tolist()
    return chosen


def shifted_rows(n: int = 20, seed: int = 3) -> list[str]:
    """Days as the site has them: AQI of the items, rank, PM2.5, PM10, NO2, SO2, CO."""
    rng = np.random.default_rng(seed)
    pm25, pm10 = rng.integers(5, 70, n), rng.integers(80, 120, n)
    no2, so2, co = rng.integers(5, 50, n), rng.integers(2, 9, n), rng.integers(20, 120, n) / 100
    table = np.column_stack([so2, no2, pm10, pm25, co])
    aqi = daily_aqi(
        table, None, ("so2", "no2", "pm10", "pm25", "co"), "HJ 633-2012", not_monitored=("o3_8h",)
    ).aqi
    days = pd.date_range("2025-01-01", periods=n).strftime("%Y-%m-%d")
    return [
        f"{days[i]},良,{aqi[i]},{rng.integers(1, 300)},{pm25[i]},{pm10[i]},{no2[i]},{so2[i]},{co[i]:.2f},北京"
        for i in range(n)
    ]


def test_the_shifted_header_is_seen_from_the_values(tmp_path: Path) -> None:
    path = write(tmp_path, "北京.csv", SHIFTED, *shifted_rows(), encoding="utf-8-sig")
    parsed = parse(path, shifted_header.LAYOUT, also=("city_day_header",))
    cells = [row.split(",") for row in shifted_rows()]
    for item, at in (("pm25", 4), ("pm10", 5), ("no2", 6), ("so2", 7), ("co", 8)):
        assert values(parsed, item) == [float(row[at]) for row in cells]
    assert set(parsed.tables["air_daily"]["item"]) == {
        "aqi_published", "pm25", "pm10", "no2", "so2", "co",
    }  # fmt: skip
    assert parsed.ignored[0] == "质量等级"
    assert "rank of the city" in parsed.ignored[1]


def test_one_shifted_line_is_enough(tmp_path: Path) -> None:
    """A daily increment of one line must not put SO2 into CO either."""
    path = write(tmp_path, "北京.csv", SHIFTED, "2025-01-04,良,61,78,28,57,49,3,0.56,北京")
    parsed = parse(path, shifted_header.LAYOUT, also=("city_day_header",))
    assert values(parsed, "co") == [0.56]
    assert values(parsed, "so2") == [3.0]


def test_the_same_header_with_fitting_values_is_no_shifted_one(tmp_path: Path) -> None:
    rows = [
        f"2025-01-{d:02},良,60,{30 + d},{60 + d},5,30,0.{d:02},{90 + d},北京" for d in range(1, 29)
    ]
    path = write(tmp_path, "北京.csv", SHIFTED, *rows)
    parsed = parse(path, city_day_header.LAYOUT)
    assert values(parsed, "pm25")[0] == 31
    assert values(parsed, "co")[0] == 0.01


def test_a_shift_that_the_aqi_denies_is_refused(tmp_path: Path) -> None:
    rows = [row.split(",") for row in shifted_rows()]
    for row in rows:
        row[2] = "15"
    path = write(tmp_path, "北京.csv", SHIFTED, *(",".join(row) for row in rows))
    with pytest.raises(ContradictionError, match="AQI is below"):
        parse(path, shifted_header.LAYOUT, also=("city_day_header",))


def test_the_cut_off_aqi_is_flagged(tmp_path: Path) -> None:
    rows = [*shifted_rows(), "2025-04-11,严重污染,300,338,80,650,20,5,0.40,北京"]
    path = write(tmp_path, "北京.csv", SHIFTED, *rows)
    air = parse(path, shifted_header.LAYOUT, also=("city_day_header",)).tables["air_daily"]
    capped = air[air["flag"].str.contains("capped")]
    assert capped[["item", "value"]].to_numpy().tolist() == [["aqi_published", 300.0]]


def test_real_shifted_file_agrees_with_the_tidy_one(real_data: Path) -> None:
    """The tidy file of the same site has the right names; both give the same numbers."""
    shifted = parse(
        real_data / "air/shifted_header/北京.csv", shifted_header.LAYOUT, also=("city_day_header",)
    )
    tidy = parse(real_data / "air/city_daily_aqi_2025_2026.csv.gz", city_daily_official.LAYOUT)
    assert shifted.rows_kept == 523
    assert len(shifted.notes.quarantine()) == 0
    key = ["region", "date", "item", "value", "flag"]
    ours = shifted.tables["air_daily"][key]
    theirs = tidy.tables["air_daily"]
    theirs = theirs[theirs["region"] == "北京"][key]
    order = ["date", "item"]
    pd.testing.assert_frame_equal(
        ours.sort_values(order, ignore_index=True), theirs.sort_values(order, ignore_index=True)
    )
    assert values(shifted, "co")[:3] == [0.54, 0.30, 0.37]


def test_official_days(tmp_path: Path) -> None:
    path = write(
        tmp_path, "x.csv", OFFICIAL,
        "上海,2025-01-01,60,良,80,29,69,46,7,0.59",
        "兰州,2025-04-12,300,重度污染,338,120,900,20,9,0.5",
    )  # fmt: skip
    parsed = parse(path, city_daily_official.LAYOUT)
    assert values(parsed, "pm10") == [69, 900]
    air = parsed.tables["air_daily"]
    assert air.loc[air["flag"] == "capped", "region"].tolist() == ["兰州"]
    assert parsed.ignored == ("level", "rank")


def test_means_of_hourly_aqis_are_no_official_days(tmp_path: Path) -> None:
    path = write(tmp_path, "x.csv", OFFICIAL, "上海,2025-01-01,60.25,良,80,29,69,46,7,0.59")
    assert not city_daily_official.LAYOUT.matches(read_sheet(path).head)


def test_real_official_days(real_data: Path) -> None:
    parsed = parse(real_data / "air/city_daily_aqi_2025_2026.csv.gz", city_daily_official.LAYOUT)
    assert parsed.rows_kept == 5753
    air = parsed.tables["air_daily"]
    assert int((air["flag"] == "capped").sum()) == 12
    assert air["region"].nunique() == 11


def test_pm25_of_several_sources(tmp_path: Path) -> None:
    path = write(
        tmp_path, "x.csv", "city,date,pm25,source",
        "三门峡,2013-12-31,26.6,aqistudy", "三门峡,2017-02-01,114.5,crea_mee",
        "三门峡,2017-02-02,0,crea_mee",
    )  # fmt: skip
    parsed = parse(path, pm25_daily.LAYOUT)
    assert values(parsed, "pm25") == [26.6, 114.5]
    assert parsed.notes.missing == 1
    assert parsed.ignored == ("source",)


def test_real_pm25(real_data: Path) -> None:
    parsed = parse(real_data / "air/pm25_daily_2013_2026.csv.gz", pm25_daily.LAYOUT)
    assert parsed.rows_kept == 157459
    assert parsed.tables["air_daily"]["region"].nunique() == 78


def test_days_of_hourly_means(tmp_path: Path) -> None:
    path = write(
        tmp_path, "西安_daily.csv", MEANS,
        "西安,2022-01-01,113.45833333333331,0.75,42.29166666666666,37.875,90.5,85.70833333333333,9.58333",
        "西安,2022-01-02,151.33333333333334,1.0,40.833333333333336,39.91666666666666,134.0,115.0,13.29",
        "西安,2022-01-03,166.95833333333334,0.0,49.29166666666666,34.41666,138.29,126.875,12.375",
    )  # fmt: skip
    parsed = parse(path, city_hourly_means.LAYOUT)
    items = set(parsed.tables["air_daily"]["item"])
    assert items == {"aqi_hourly_mean", "no2", "o3_24h", "pm10", "pm25", "so2"}
    assert values(parsed, "o3_24h")[0] == 37.875
    assert parsed.ignored == ("CO (means of hours that were rounded to whole mg/m³)",)


def test_co_that_was_not_rounded_is_kept(tmp_path: Path) -> None:
    rows = [f"西安,2022-01-{d:02},90.25,0.{d + 40}7,40,38,90,50,9" for d in range(1, 29)]
    parsed = parse(write(tmp_path, "x.csv", MEANS, *rows), city_hourly_means.LAYOUT)
    assert values(parsed, "co")[0] == 0.417


def test_means_with_a_whole_aqi_are_not_guessed(tmp_path: Path) -> None:
    path = write(tmp_path, "x.csv", MEANS, "西安,2022-01-01,113,0.7,42,37,90,85,9")
    assert not city_hourly_means.LAYOUT.matches(read_sheet(path).head)


def aqicn(*rows: str) -> tuple[str, ...]:
    return ("date, pm25, pm10, o3, no2, so2, co", *rows)


def test_points_stay_points(tmp_path: Path) -> None:
    """Blanks in the names, any order, PM2.5 of a day on the line of the next."""
    path = write(
        tmp_path, "beijing-air-quality.csv",
        *aqicn("2021/11/2, 140, 65, 11, 24, , 6", "2021/11/3, 156, 65, 9, 28, , 9",
               "2015/1/1, , 67, 19, 29, 16, 11", "2016/1/3, 50, , 18, 32, 10, 15"),
    )  # fmt: skip
    parsed = parse(path, aqicn_index.LAYOUT)
    air = parsed.tables["air_daily"]
    assert set(air["region"]) == {"beijing"} == set(air["place"])
    assert set(air["item"]) == {f"{i}_us_index" for i in ("pm25", "pm10", "o3", "no2", "so2", "co")}
    pm25 = air[air["item"] == "pm25_us_index"].set_index("date")["value"]
    assert pm25[pd.Timestamp("2021-11-01")] == 140
    assert pm25[pd.Timestamp("2016-01-02")] == 50
    pm10 = air[air["item"] == "pm10_us_index"].set_index("date")["value"]
    assert pm10[pd.Timestamp("2021-11-02")] == 65
    first = air[air["item"] == "pm25_us_index"].iloc[0]
    assert first["known_from"] == pd.Timestamp("2021-11-01 23:59:59")


def test_points_become_estimates_on_request_only(tmp_path: Path) -> None:
    path = write(
        tmp_path, "beijing-air-quality.csv",
        *aqicn("2021/11/2, 140, 65, 11, 24, , 6", "2021/11/3, 500, 501, 9, 28, , 9"),
    )  # fmt: skip
    air = parse(path, aqicn_index.LAYOUT, estimate=True).tables["air_daily"]
    guessed = air[air["item"].isin(("pm25", "pm10"))]
    assert set(guessed["flag"]) == {"estimate"}
    # 140 points: 35.5 + 39/49 * 19.9; 65: 55 + 14/49 * 99; 501 is above every rule.
    assert guessed.loc[guessed["item"] == "pm25", "value"].round(3).tolist() == [51.339, 500.4]
    assert guessed.loc[guessed["item"] == "pm10", "value"].round(3).tolist() == [83.286]
    assert {"so2", "no2", "co", "o3_8h", "o3_1h"}.isdisjoint(air["item"])


def test_the_rule_of_2024_is_used_from_its_day() -> None:
    days = np.array(["2024-05-05", "2024-05-06"], "datetime64[s]")
    assert concentration_of_points("pm25", np.array([200.0, 200.0]), days).tolist() == [
        150.4,
        125.4,
    ]


def test_month_first_dates_of_a_spreadsheet(tmp_path: Path) -> None:
    path = write(
        tmp_path, "x.csv", *aqicn("7/2/25, 14, 6, 11, 24, 1, 6", "7/15/25, 15, 7, 9, 28, 1, 9")
    )
    air = parse(path, aqicn_index.LAYOUT).tables["air_daily"]
    pm10 = air.loc[air["item"] == "pm10_us_index", "date"]
    assert pm10.tolist() == [pd.Timestamp("2025-07-02"), pd.Timestamp("2025-07-15")]


def test_dates_that_may_be_day_first_are_not_guessed(tmp_path: Path) -> None:
    path = write(
        tmp_path, "x.csv", *aqicn("7/2/25, 14, 6, 11, 24, 1, 6", "8/3/25, 15, 7, 9, 28, 1, 9")
    )
    parsed = parse(path, aqicn_index.LAYOUT)
    assert parsed.rows_kept == 0
    assert parsed.notes.quarantine()["column"].tolist() == ["date", "date"]


@pytest.mark.parametrize("row", ["2021/11/2,140,65,11,24,3,0.6", "2021/11/2,140,65,11,24,3,600"])
def test_concentrations_under_that_header_are_no_points(tmp_path: Path, row: str) -> None:
    path = write(tmp_path, "x.csv", "date,pm25,pm10,o3,no2,so2,co", row)
    assert not aqicn_index.LAYOUT.matches(read_sheet(path).head)


def test_dust_days(tmp_path: Path) -> None:
    path = write(
        tmp_path, "扣沙.csv", DUST,
        "广州,440100,2025年04月13日,6,25,—,0.4,87,—,44,—,优,I,2025年06月04日 00:36:35",
        "汕尾,441500,2025年04月12日,6,6,—,0.6,79,17,40,—,优,I,2025年06月04日 00:36:35",
        "广州,440100,2023年03月13日,7,23,—,0.6,114,—,86,颗粒物(PM10),良,II,2023年05月04日 00:00:00",
        "韶关,440200,2025年04月12日,—,—,—,—,—,—,—,—,—,—,2025年06月04日 00:36:35",
        "河源,441600,2025年04月14日,5,12,40,0.5,81,20,41,—,优,I,2025年06月04日 00:36:35",
    )  # fmt: skip
    parsed = parse(path, dust_deducted.LAYOUT)
    dust = parsed.tables["dust_days"].sort_values(["row", "item"])
    assert dust[["region", "item", "row"]].to_numpy().tolist() == [
        ["广州", "pm10", 2], ["广州", "pm25", 2], ["汕尾", "pm10", 3],
        ["广州", "pm10", 4], ["广州", "pm25", 4],
    ]  # fmt: skip
    assert dust["date"].iloc[0] == pd.Timestamp("2025-04-13")
    assert dust["known_from"].iloc[0] == pd.Timestamp("2025-06-04 00:36:35")
    air = parsed.tables["air_daily"]
    assert set(air["version"]) == {"audited"}
    assert values(parsed, "pm25") == [17.0, 20.0]
    # O3 of 87 gives 44 (as published) and of 79 gives 40; O3 of 114 gives 62, the 86 has dust.
    without = air[air["flag"] == "dust_removed"]
    assert without["row"].tolist() == [2, 3]
    assert set(without["item"]) == {"aqi_published"}


def test_real_dust_days(real_data: Path) -> None:
    parsed = parse(real_data / "air/dust_deducted_days.csv", dust_deducted.LAYOUT)
    assert parsed.rows_kept == 76
    dust = parsed.tables["dust_days"]
    assert dust["item"].value_counts().to_dict() == {"pm10": 76, "pm25": 73}
    assert values(parsed, "pm25") == [17.0, 18.0, 19.0]


@pytest.mark.parametrize("column", ["pm25", "pm10", "no2", "so2", "co"])
@pytest.mark.parametrize("days", [8, 40])
@pytest.mark.parametrize("factor", [1000.0, 0.001])
def test_no_value_of_another_unit_enters(
    tmp_path: Path, column: str, days: int, factor: float
) -> None:
    """Of a column times or by a thousand nothing is stored, in a short file as in a long one."""
    at = OFFICIAL.split(",").index(column)
    rows = []
    for n in range(days):
        day = (pd.Timestamp("2025-01-01") + pd.Timedelta(days=n)).strftime("%Y-%m-%d")
        row = f"上海,{day},60,良,80,{29 + n % 5},{69 + n},{46 - n % 7},{7 + n % 3},0.{59 - n % 4}".split(
            ","
        )
        row[at] = f"{float(row[at]) * factor:g}"
        rows.append(",".join(row))
    path = write(tmp_path, "x.csv", OFFICIAL, *rows)
    try:
        parsed = parse(path, city_daily_official.LAYOUT)
    except ContradictionError:
        return
    assert values(parsed, column) == []
    assert set(parsed.notes.quarantine()["column"]) == {column}


def test_lines_that_cannot_be_read_are_accounted_for(tmp_path: Path) -> None:
    path = write(
        tmp_path, "x.csv", OFFICIAL,
        "上海,2025-01-01,60,良,80,29,69,46,7,0.59",
        "上海,2025-01-01,60,良,80,29,69,46,7,0.59",
        "上海,2025-01-01,60,良,80,28,69,46,7,0.59",
        "上海,2025-02-30,60,良,80,28,69,46,7,0.59",
        "上海,2025-01-02,60,良,80,abc,69,46,7,0.59",
        ",2025-01-03,60,良,80,28,69,46,7,0.59",
        "上海,2025-01-04,60,良,80,28,69",
    )  # fmt: skip
    parsed = parse(path, city_daily_official.LAYOUT)
    assert parsed.rows_read == 7
    assert parsed.rows_kept == 1
    assert parsed.notes.duplicates == 1
    assert parsed.notes.quarantine()["row"].tolist() == [4, 5, 6, 7, 8]
    assert set(parsed.tables["air_daily"]["flag"]) == {"conflicting"}
