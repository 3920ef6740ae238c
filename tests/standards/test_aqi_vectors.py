"""Every row of the AQI vectors: published station hours, published city days, hand computation."""

from __future__ import annotations

import numpy as np
import pytest
from shared_tables import number, vector_rows

from forecast.standards.aqi import HOURLY_ITEMS, LEVELS, AqiResult, daily_aqi, hourly_aqi
from forecast.standards.iaqi import iaqi
from forecast.standards.items import AIR_ITEMS

ROWS = vector_rows("aqi_vectors")

#: 2026, PM10 missing and AQI <= 100, published by the platform against HJ 633-2026 5.3.1: withheld
#: by default, reproduced with the option ``platform``.
PLATFORM_ROWS = {"H033", "H050", "H064"}

ITEM_NAMES = {"SO2": "so2", "NO2": "no2", "PM10": "pm10", "PM2.5": "pm25", "CO": "co"}


def expected_aqi(text: str) -> int:
    return -1 if text == "NA" else int(text)


def check(row: dict[str, str], result: AqiResult, o3: str) -> None:
    assert result.aqi.tolist() == [expected_aqi(row["published_aqi"])]
    if row["level"]:
        assert LEVELS[int(result.level[0]) - 1].zh_class == row["level"]
        assert bool(result.good[0]) == (row["level"] in ("优", "良"))
    names = ITEM_NAMES | {"O3": o3}
    wanted = set() if row["primary_recomputed"] in ("-", "") else {
        names[name] for name in row["primary_recomputed"].split("+")
    }  # fmt: skip
    if row["primary_recomputed"]:
        found = {item for item, one in zip(result.items, result.primary[0], strict=True) if one}
        assert found == wanted


def of_kind(*kinds: str) -> list[object]:
    return [p for p in ROWS if not p.values[0] or p.values[0]["kind"] in kinds]


@pytest.mark.parametrize("row", of_kind("cnemc_hourly_station"))
def test_published_station_hour(row: dict[str, str]) -> None:
    values = np.array([[number(row[item]) for item in HOURLY_ITEMS]])
    marks = np.array([[row[item] == "/" for item in HOURLY_ITEMS]])
    platform = row["id"] in PLATFORM_ROWS
    day = [row["time"][:10]]
    result = hourly_aqi(values, day, not_monitored=marks, platform=platform)
    check(row, result, "o3_1h")
    assert hourly_aqi(values, None, standard=row["rule"], not_monitored=marks, platform=platform
                      ).aqi.tolist() == result.aqi.tolist()  # fmt: skip
    if platform:
        assert hourly_aqi(values, day, not_monitored=marks).aqi.tolist() == [-1]


@pytest.mark.parametrize("row", of_kind("guangdong_daily_city_dust_removed"))
def test_published_city_day_without_dust(row: dict[str, str]) -> None:
    values = np.array([[number(row[item]) for item in AIR_ITEMS]])
    result = daily_aqi(values, [row["time"]], not_monitored=("pm10", "pm25"))
    check(row, result, "o3_8h")
    assert bool(result.complete[0])


@pytest.mark.parametrize("row", of_kind("hand_iaqi", "input_rounding"))
def test_computed_by_hand(row: dict[str, str]) -> None:
    name, averaging = row["place"].split("_")
    code = (ITEM_NAMES | {"O3": "o3"})[name]
    column = f"o3_{averaging}" if code == "o3" else code
    value = {"C187": 60.5}.get(row["id"]) if row["kind"] == "input_rounding" else None
    value = number(row[column]) if value is None else value
    found = int(iaqi(value, f"{code}_{averaging}", row["rule"]))
    wanted = row["recomputed_max_iaqi"]
    assert found == (int(wanted) if wanted else -1)


@pytest.mark.parametrize("row", of_kind("third_party_unit_test"))
def test_third_party(row: dict[str, str]) -> None:
    values = np.array([[number(row[item]) for item in AIR_ITEMS]])
    result = daily_aqi(values, None, standard=row["rule"])
    assert result.aqi.tolist() == [expected_aqi(row["published_aqi"])]
    assert result.iaqi.max() == int(row["recomputed_max_iaqi"])


def test_all_rows_are_tested() -> None:
    if not ROWS[0].values[0]:
        pytest.skip("the vectors are not beside this checkout")
    kinds = {p.values[0]["kind"] for p in ROWS}
    assert kinds == {
        "cnemc_hourly_station", "guangdong_daily_city_dust_removed", "hand_iaqi",
        "input_rounding", "third_party_unit_test",
    }  # fmt: skip
