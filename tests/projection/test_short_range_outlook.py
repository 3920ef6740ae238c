"""The outlook of the next seven days: what it holds, what it may not see, the rules beside it."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd
import pytest

from forecast.features.weather_ahead import WeatherAhead
from forecast.projection.class_outlook import MonthOutlook
from forecast.projection.panel import Panel
from forecast.projection.settings import Settings
from forecast.projection.short_range import LEVEL_TOKENS, short_range, water_short_range
from forecast.projection.short_range_references import references
from forecast.projection.short_range_warning import warning_probabilities
from forecast.projection.short_range_water import class_odds
from forecast.projection.short_range_weather import joined_weather
from forecast.projection.summary import QUANTILES
from forecast.standards.indicators import WATER_CLASSES
from forecast.standards.items import AIR_ITEMS
from forecast.targets.applied import Applied

if TYPE_CHECKING:
    from forecast.projection.water import WaterProjection

TYPICAL = dict(zip(AIR_ITEMS, (10.0, 35.0, 80.0, 55.0, 0.9, 90.0), strict=True))
SETTINGS = Settings(as_of=date(2025, 1, 5), year=2025, n_paths=300)


def city(name: str, seed: int, first: str = "2023-01-01", last: str = "2025-01-05") -> pd.DataFrame:
    """Made readings: winters foul, spells of some days, six items that come together."""
    rng = np.random.default_rng(seed)
    days = pd.date_range(first, last)
    noise = rng.standard_normal((len(days), 7))
    spell = np.zeros(len(days))
    for t in range(1, len(days)):
        spell[t] = 0.7 * spell[t - 1] + noise[t, 6]
    winter = np.cos(2 * np.pi * days.day_of_year / 365.25)
    rows = []
    for i, item in enumerate(AIR_ITEMS):
        season = -0.4 if item == "o3_8h" else 0.5
        values = TYPICAL[item] * np.exp(season * winter + 0.3 * spell + 0.15 * noise[:, i])
        rows.append(
            pd.DataFrame(
                {
                    "region": name, "place": name, "place_kind": "city", "date": days,
                    "item": item, "value": values, "basis": "actual",
                }
            )
        )  # fmt: skip
    return pd.concat(rows, ignore_index=True)


def panel(*frames: pd.DataFrame, water: pd.DataFrame | None = None) -> Panel:
    air = pd.concat(frames) if frames else city("无", 1).iloc[:0]
    return Panel(air, pd.DataFrame() if water is None else water, Applied(()))


@pytest.fixture(scope="module")
def record() -> pd.DataFrame:
    return city("甲城市", 1)


@pytest.fixture(scope="module")
def found(record: pd.DataFrame) -> dict[str, Any]:
    (entry,) = short_range(panel(record), SETTINGS)
    return entry


def test_seven_days_follow_the_last_reading(found: dict[str, Any]) -> None:
    assert (found["region"], found["place_kind"], found["issued"]) == (
        "甲城市",
        "city",
        "2025-01-05",
    )
    assert [d["date"] for d in found["days"]] == [f"2025-01-{d:02d}" for d in range(6, 13)]
    assert [d["lead"] for d in found["days"]] == [1, 2, 3, 4, 5, 6, 7]
    assert (found["weather"], found["standard"], found["items_missing"]) == (
        "none",
        "HJ 633-2012",
        [],
    )


def test_probabilities_add_up_and_are_never_sure(found: dict[str, Any]) -> None:
    for day in found["days"]:
        levels, exceed = day["levels"], day["exceed"]
        assert tuple(levels) == LEVEL_TOKENS
        assert sum(levels.values()) == pytest.approx(1.0)
        assert min(levels.values()) > 0.0
        assert day["level"] == max(levels, key=levels.get)
        upper = ["III", "IV", "V", "VI"]
        for name, start in (("light", 0), ("moderate", 1), ("heavy", 2)):
            assert exceed[name] == pytest.approx(sum(levels[t] for t in upper[start:]))
        assert sum(day["leading"].values()) == pytest.approx(1.0)
        assert set(day["leading"]) == {*AIR_ITEMS, "none"}
        assert day["leading"]["none"] == pytest.approx(levels["I"], abs=0.01)
        assert list(day["aqi"]["quantiles"]) == list(QUANTILES)
        assert list(day["aqi"]["quantiles"].values()) == sorted(day["aqi"]["quantiles"].values())
        for odds in day["references"].values():
            assert 1.0 > odds["light"] >= odds["moderate"] >= odds["heavy"] > 0.0


def test_a_foul_last_day_raises_tomorrow_more_than_the_week(record: pd.DataFrame) -> None:
    """Five times the particles on the last day: a large step at lead 1, little left at 7."""
    foul = record.copy()
    last = (foul["date"] == "2025-01-05") & foul["item"].isin(["pm25", "pm10", "co", "no2"])
    clean = foul.copy()
    foul.loc[last, "value"] *= 3.0
    clean.loc[last, "value"] /= 3.0
    odds = [
        [d["exceed"]["light"] for d in short_range(panel(f), SETTINGS)[0]["days"]]
        for f in (foul, clean)
    ]
    step = np.subtract(*odds)
    assert step[0] > 0.3
    assert abs(step[6]) < step[0] / 2.0


def test_an_answer_is_the_same_alone_and_among_all_and_sees_nothing_later(
    record: pd.DataFrame, found: dict[str, Any]
) -> None:
    later = city("甲城市", 1, last="2025-01-31")
    later = later[later["date"] > "2025-01-05"].assign(value=500.0)
    among = short_range(panel(city("乙城市", 2), record, later), SETTINGS)
    assert [e["region"] for e in among] == ["乙城市", "甲城市"]
    assert among[1] == found
    only = replace(panel(city("乙城市", 2), record), only="甲城")
    assert short_range(only, SETTINGS) == [found]


def test_late_readings_leave_fewer_days_and_old_ones_none(record: pd.DataFrame) -> None:
    two_late = replace(SETTINGS, as_of=date(2025, 1, 7))
    (entry,) = short_range(panel(record), two_late)
    assert entry["issued"] == "2025-01-05"
    assert [d["lead"] for d in entry["days"]] == [3, 4, 5, 6, 7]
    assert entry["days"][0]["date"] == "2025-01-08"
    (old,) = short_range(panel(record), replace(SETTINGS, as_of=date(2025, 1, 12)))
    assert old["days"] == []
    assert "7 days before" in old["reason"]["en"]
    assert "2025-01-05" in old["reason"]["zh"]


def test_too_few_days_have_a_reason_and_no_odds(record: pd.DataFrame) -> None:
    few = record[record["date"] > "2024-12-01"]
    (entry,) = short_range(panel(few), SETTINGS)
    assert entry["days"] == []
    assert set(entry["reason"]) == {"zh", "en"}


def test_items_without_readings_are_named_and_the_rest_is_judged(record: pd.DataFrame) -> None:
    some = record[~record["item"].isin(["o3_8h", "co"])]
    for as_of in (SETTINGS.as_of, date(2026, 3, 20)):
        shift = pd.Timestamp(as_of) - pd.Timestamp(SETTINGS.as_of)
        (entry,) = short_range(
            panel(some.assign(date=some["date"] + shift)), replace(SETTINGS, as_of=as_of)
        )
        assert entry["items_missing"] == ["co", "o3_8h"]
        assert all(d["aqi"]["mean"] > 0.0 for d in entry["days"])
        assert "o3_8h" not in entry["days"][0]["leading"]


def test_each_day_is_judged_by_the_rule_in_force_on_it(record: pd.DataFrame) -> None:
    """From 2026-03-01 PM2.5 of 60 µg/m³ is an IAQI of 100; before it was 83."""
    as_of = date(2026, 2, 25)
    moved = record.assign(
        date=record["date"] + (pd.Timestamp(as_of) - pd.Timestamp(SETTINGS.as_of))
    )
    steady = moved.copy()
    rng = np.random.default_rng(5)
    steady["value"] = (
        steady["item"].map(TYPICAL) / 10.0 * np.exp(0.01 * rng.standard_normal(len(steady)))
    )
    pm = steady["item"] == "pm25"
    steady.loc[pm, "value"] = 60.0 * np.exp(0.01 * rng.standard_normal(int(pm.sum())))
    (entry,) = short_range(panel(steady), replace(SETTINGS, as_of=as_of))
    middle = [d["aqi"]["quantiles"]["0.5"] for d in entry["days"]]
    assert entry["standard"] == "HJ 633-2012+HJ 633-2026"
    # The pooled scatter leaves the medians of 300 paths a little off.
    assert middle[:3] == pytest.approx([80.0] * 3, abs=9.0)
    assert middle[3:] == pytest.approx([100.0] * 4, abs=12.0)
    assert min(middle[3:]) > max(middle[:3])
    (fixed,) = short_range(panel(steady), replace(SETTINGS, as_of=as_of, standard="HJ 633-2012"))
    assert fixed["standard"] == "HJ 633-2012"


def told(days: int = 7, value: float = 12.0, issued: str = "2025-01-06T06:00") -> WeatherAhead:
    index = pd.date_range("2025-01-06", periods=days)
    return WeatherAhead(
        datetime.fromisoformat(issued), pd.DataFrame({"wind_speed": value}, index=index), "made"
    )


def test_forecast_wind_is_used_where_it_is_told_and_said_day_by_day(record: pd.DataFrame) -> None:
    """Wind that blew the made spells away in the past lowers the days for which it is forecast."""
    rng = np.random.default_rng(9)
    days = pd.DatetimeIndex(sorted(record["date"].unique()))
    pm = record[record["item"] == "pm25"].sort_values("date")["value"].to_numpy()
    calm = np.log(pm) - pd.Series(np.log(pm)).rolling(60, center=True, min_periods=1).mean()
    wind = np.exp(1.0 - 0.8 * calm.to_numpy() + 0.05 * rng.standard_normal(len(days)))
    weather = {"甲城": pd.DataFrame({"wind_speed": wind}, index=days)}
    known = replace(panel(record), weather=weather)
    plain = short_range(known, SETTINGS)[0]
    windy = short_range(
        known, SETTINGS, {"甲城": told(days=4, value=float(np.quantile(wind, 0.97)))}
    )[0]
    assert plain["weather"] == "none"
    assert windy["weather"] == "forecast"
    assert [d["weather"] for d in windy["days"]] == ["forecast"] * 4 + ["none"] * 3
    gap = [
        a["items"]["pm25"]["mean"] / b["items"]["pm25"]["mean"]
        for a, b in zip(windy["days"], plain["days"], strict=True)
    ]
    assert max(gap[:4]) < 0.75
    assert short_range(panel(record), SETTINGS, {"甲城": told()})[0]["weather"] == "none"


def test_forecasts_are_set_right_by_what_earlier_ones_missed() -> None:
    """Earlier forecasts that said twice the wind, and 2 °C too little."""
    past = pd.DataFrame(
        {"wind_speed": 3.0, "temp_mean": 5.0}, index=pd.date_range("2024-12-01", "2025-01-05")
    )
    past.iloc[:2] = [[0.5, -8.0], [5.5, 18.0]]
    earlier = pd.DataFrame(
        {"wind_speed": 6.0, "temp_mean": 3.0}, index=pd.date_range("2024-12-20", "2025-01-05")
    )
    ahead = pd.DataFrame(
        {"wind_speed": 4.0, "temp_mean": 1.0, "blh": 300.0},
        index=pd.date_range("2025-01-06", periods=3),
    )
    one = WeatherAhead(datetime.fromisoformat("2025-01-06"), ahead, earlier=earlier)
    table, known = joined_weather(past, one, np.datetime64("2025-01-05"))
    assert known == (True, True, True, False, False, False, False)
    assert table is not None
    assert list(table.columns) == ["wind_speed", "temp_mean"]
    assert table.loc["2025-01-06"].tolist() == [2.0, 3.0]
    plain, _ = joined_weather(
        past, replace(one, earlier=earlier.iloc[:9]), np.datetime64("2025-01-05")
    )
    assert plain is not None
    assert plain.loc["2025-01-06"].tolist() == [4.0, 1.0]
    kelvin = replace(one, daily=ahead.assign(temp_mean=274.0))
    assert joined_weather(past, kelvin, np.datetime64("2025-01-05"))[0] is None
    assert joined_weather(None, one, np.datetime64("2025-01-05"))[0] is None


def test_the_plain_rules_count_the_record_by_hand() -> None:
    """40 days alone, AQI 60 and 160 in turn: after a foul day a clean one, whatever the share."""
    days = pd.date_range("2024-06-01", periods=40)
    table = pd.DataFrame(np.nan, index=days, columns=list(AIR_ITEMS))
    table["pm25"] = np.where(np.arange(40) % 2, 120.0, 40.0)
    ahead = np.arange(np.datetime64("2024-07-11"), np.datetime64("2024-07-13"))
    absent = tuple(i for i in AIR_ITEMS if i != "pm25")
    odds = references(table, ahead, ["HJ 633-2012"] * 2, absent)
    # The last day is foul. In the 15 days up to 10 July eight are foul; base rate 20 of 40.
    near = np.abs((days.to_numpy().astype("datetime64[D]") - ahead[0]).astype(int)) <= 15
    foul = int((near & (table["pm25"] > 100).to_numpy()).sum())
    assert odds["climatology"][0, 0] == pytest.approx((foul + 0.5) / (near.sum() + 1.0))
    # 19 pairs of days follow a foul one by a clean one; the season counts as four cases.
    season = (20 + 0.5) / 41.0
    assert odds["persistence"][0, 0] == pytest.approx((0 + 4.0 * season) / (19 + 4.0))
    assert odds["persistence"][1, 0] == pytest.approx((19 + 4.0 * season) / (19 + 4.0))
    assert odds["persistence"][1, 2] < 0.02


def test_warning_probabilities_are_there_for_every_kind_and_lead() -> None:
    found = warning_probabilities()
    assert set(found) == {(k, h) for k in ("light", "moderate", "heavy") for h in range(1, 8)}
    assert all(0.1 < p < 0.6 for p in found.values())


def sections(every: int, last: str = "2025-01-05", n: int = 150) -> pd.DataFrame:
    """A clean section and one whose CODMn is over class III, sampled every so many days."""
    rng = np.random.default_rng(4)
    days = pd.date_range(end=last, periods=n, freq=f"{every}D") + pd.Timedelta(hours=8)
    rows = []
    for place, level in (("清", 2.5), ("浊", 7.5)):
        for day in days:
            values = {"ph": 7.5, "do": 8.0, "codmn": level, "nh3n": 0.2, "tp": 0.05}
            rows.extend(
                {
                    "region": "甲城市", "place": place, "place_kind": "section", "time": day,
                    "item": item, "value": value * math.exp(0.05 * rng.standard_normal()),
                    "censored": False, "water_type": "river", "file_id": "f",
                }
                for item, value in values.items()
            )  # fmt: skip
    return pd.DataFrame(rows)


def test_a_section_with_daily_readings_is_told_day_by_day() -> None:
    foul, clean = water_short_range(panel(water=sections(1)), SETTINGS)
    assert (clean["place"], clean["kind"], clean["limit"], clean["limit_from"]) == (
        "清", "daily", "III", "default",
    )  # fmt: skip
    assert [d["lead"] for d in foul["days"]] == [1, 2, 3, 4, 5, 6, 7]
    assert max(d["p_worse"] for d in clean["days"]) < 0.1
    assert min(d["p_worse"] for d in foul["days"]) > 0.9
    for day in (*clean["days"], *foul["days"]):
        assert tuple(day["classes"]) == WATER_CLASSES
        assert sum(day["classes"].values()) == pytest.approx(1.0)
        assert 0.0 < day["p_inferior_v"] == day["classes"][WATER_CLASSES[-1]] < 0.1
    assert next(iter(foul["deciding"])) == "codmn"
    assert foul["deciding"]["codmn"] > 0.95


def test_a_weekly_section_is_told_at_its_next_sampling() -> None:
    frame = sections(7, n=60)
    foul, _ = water_short_range(panel(water=frame), replace(SETTINGS, as_of=date(2025, 1, 7)))
    assert (foul["kind"], foul["issued"]) == ("next_sample", "2025-01-05")
    assert [(d["date"], d["lead"]) for d in foul["days"]] == [("2025-01-12", 7)]
    assert foul["days"][0]["p_worse"] > 0.9


def test_a_section_that_fell_silent_has_a_reason() -> None:
    late = replace(SETTINGS, as_of=date(2025, 1, 20))
    for entry in water_short_range(panel(water=sections(1)), late):
        assert entry["days"] == []
        assert "15 days before" in entry["reason"]["en"]


def test_a_monthly_section_takes_the_month_ahead_and_a_few_samples_say_why_not() -> None:
    few = sections(30, n=4)
    foul, clean = water_short_range(panel(water=few), SETTINGS, [])
    assert clean["days"] == foul["days"] == []
    assert "too few" in clean["reason"]["en"]
    monthly = sections(30, n=40, last="2024-12-20")
    odds = np.array([0.0, 0.1, 0.2, 0.4, 0.2, 0.1])
    ahead = (MonthOutlook(np.datetime64("2025-01-01", "D"), odds),)
    far = (MonthOutlook(np.datetime64("2025-06-01", "D"), odds),)
    cards = [SimpleNamespace(section="浊", ahead=ahead), SimpleNamespace(section="清", ahead=far)]
    made = cast("WaterProjection", SimpleNamespace(region="甲城市", cards=cards))
    foul, clean = water_short_range(panel(water=monthly), SETTINGS, [made])
    assert (foul["kind"], foul["period"]) == ("next_sample", "2025-01")
    assert [(d["date"], d["lead"]) for d in foul["days"]] == [("2025-01-06", 17)]
    assert foul["days"][0]["p_worse"] == pytest.approx(0.7)
    assert foul["days"][0]["p_inferior_v"] == pytest.approx(0.1)
    assert clean["days"] == []


def test_odds_of_classes_are_half_drawn_and_half_what_followed() -> None:
    """All paths say II; after III came III each of nine times, drawn to staying and its share."""
    drawn, seen = np.full(100, 2, dtype=np.int8), np.full(10, 3, dtype=np.int8)
    odds = class_odds(drawn, seen, 1)
    assert odds.sum() == pytest.approx(1.0)
    assert odds[1] == pytest.approx(0.5 * 100.25 / 101.5, abs=0.005)
    assert odds[2] == pytest.approx(0.5, abs=0.02)
    assert class_odds(drawn, seen[:1], 3)[1] == pytest.approx(100.25 / 101.5)
