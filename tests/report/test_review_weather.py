"""Which weather and which base year a chart takes; good days with weather, dust and both standards."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from forecast.errors import InputError, UsageError
from forecast.projection.panel import Panel
from forecast.report.review_days import CityDays
from forecast.report.review_good_days import good_days_data, good_days_words
from forecast.report.review_weather import (
    CityNormalised,
    base_year,
    normalise_city,
    region_weather,
    weather_data,
    weather_table,
)
from forecast.report.trend_series import annual_values, basis_changes, daily_values
from forecast.standards.items import AIR_ITEMS
from forecast.targets.applied import Applied
from forecast.targets.model import History, Plan, Target

_NONE = pd.DataFrame(
    {"region": pd.Series(dtype=str), "place": "", "place_kind": "", "time": pd.NaT}
)


def made_city(first: str = "2021-01-01", last: str = "2024-12-31", **changes: Any) -> CityDays:
    """Six items that wind moves, with a fall of 8 % a year; wind is 2.5 m/s on average."""
    rng = np.random.default_rng(7)
    days = pd.date_range(first, last)
    t = np.arange(len(days)) / 365.25
    season = np.cos(2 * np.pi * t)
    wind = made_weather(first, last)["wind_speed"].to_numpy()
    common = np.exp(
        -0.08 * t + 0.4 * season - 0.25 * (wind - 2.5) + 0.1 * rng.normal(size=len(days))
    )
    history = pd.DataFrame(
        {"so2": 8 * common, "no2": 30 * common, "pm10": 80 * common, "pm25": 50 * common,
         "co": 0.7 * common, "o3_8h": 110 - 50 * season + 8 * rng.normal(size=len(days))},
        index=days,
    )[list(AIR_ITEMS)]  # fmt: skip
    dust = pd.DataFrame({"region": "云溪", "date": pd.to_datetime(["2024-03-05"]), "item": "pm10"})
    values: dict[str, Any] = {
        "region": "云溪市", "place": "云溪", "history": history, "removed": dust.iloc[:0],
        "basis": pd.Series("actual", index=days), "standard": None,
    }  # fmt: skip
    return CityDays(**{**values, **changes})


def made_weather(first: str = "2021-01-01", last: str = "2024-12-31") -> pd.DataFrame:
    """A stretch of one and the same weather."""
    rng = np.random.default_rng(3)
    days = pd.date_range("2015-01-01", "2024-12-31")
    season = np.cos(2 * np.pi * days.day_of_year.to_numpy() / 365.25)
    whole = pd.DataFrame(
        {
            "wind_speed": np.clip(2.5 + 0.8 * rng.normal(size=len(days)), 0.3, None),
            "temp_mean": 14 - 14 * season + 3 * rng.normal(size=len(days)),
        },
        index=days,
    )
    return whole.loc[first:last]


def made_panel(weather: pd.DataFrame | None, plans: tuple[Plan, ...] = ()) -> Panel:
    return Panel(_NONE, _NONE, Applied(plans), weather={} if weather is None else {"云溪": weather})


def plan(period: str, *targets: Target, history: tuple[History, ...] = ()) -> Plan:
    return Plan(
        id="made", title="云溪市规划", region="云溪", period=period, target=targets, history=history
    )


@pytest.fixture(scope="module")
def city() -> CityDays:
    return made_city()


@pytest.fixture(scope="module")
def made() -> CityNormalised:
    return normalise_city(made_city("2022-01-01"), made_panel(made_weather()))


# Weather


def test_visibility_short_items_and_a_moved_station_are_left_out(city: CityDays) -> None:
    weather = made_weather()
    weather["visibility"] = 10.0
    weather["rh"] = weather["temp_mean"].where(weather.index < "2022-01-01")
    step = np.where(weather.index < "2023-01-01", 0.0, 30.0)
    weather["pressure"] = 1000.0 + step + np.random.default_rng(1).normal(0, 5, len(weather))
    found = region_weather(made_panel(weather), city, daily_values(city, "pm25"))
    assert list(found.table.columns) == ["wind_speed", "temp_mean"]
    assert found.stepped == ("pressure",)


def test_weather_before_the_record_is_not_looked_at() -> None:
    """A cold spell years before the first value is no jump of the station."""
    city = made_city("2022-01-01", "2024-12-31")
    weather = made_weather()
    weather.loc[:"2021-12-31", "temp_mean"] -= 40.0
    found = region_weather(made_panel(weather), city, daily_values(city, "pm25"))
    assert found.stepped == () and found.table.index[0] == pd.Timestamp("2022-01-01")


def test_no_weather_and_no_day_in_common_say_what_to_do(city: CityDays) -> None:
    with pytest.raises(InputError, match=r"no daily weather of 云溪市.*forecast fetch open-meteo"):
        normalise_city(city, made_panel(None))
    with pytest.raises(InputError, match="no day has both"):
        normalise_city(city, made_panel(made_weather("2015-01-01", "2018-12-31")))
    with pytest.raises(InputError, match="600 days"):
        normalise_city(city, made_panel(made_weather("2024-01-01")))


def test_items_and_models_that_are_not_there(city: CityDays) -> None:
    panel = made_panel(made_weather())
    with pytest.raises(UsageError, match="no air item pm1"):
        normalise_city(city, panel, "pm1")
    with pytest.raises(UsageError, match=r"Models: forest, boosting"):
        normalise_city(city, panel, method="lines")  # type: ignore[arg-type]
    bare = made_city()
    bare.history["co"] = np.nan
    with pytest.raises(InputError, match="CO was never measured in 云溪"):
        normalise_city(bare, panel, "co")


def test_the_mean_in_normal_weather_is_that_of_the_record(made: CityNormalised) -> None:
    """Weather that is drawn from the record itself can't move the mean of the record."""
    daily = made.found.daily
    assert daily["normalised"].mean() == pytest.approx(daily["observed"].mean(), rel=0.03)
    table = weather_table(made.found)
    assert set(table["weather_item"]) == {"wind_speed", "temp_mean"}
    ranges = table.groupby("weather_item")["range"].first()
    assert ranges["wind_speed"] > 3 * ranges["temp_mean"]


# The chart's data


def test_the_base_year_is_named_else_that_before_the_plan() -> None:
    target = Target(
        id="t-1", domain="air", indicator="pm25_annual_mean", label_zh="下降", label_en="cut",
        kind="change", change="reduction", comparator=">=", value=10.0, unit="%", year=2025,
        base_year=2021,
    )  # fmt: skip
    named = ("规划基准年", "the plan's base year")
    before = ("规划期前一年", "the year before the plan")

    def figure(year: int) -> History:
        return History(
            indicator="pm25_annual_mean", label_zh="PM2.5", year=year, value=50.0, domain="air",
            kind="baseline",
        )  # fmt: skip

    def found(one: Plan, year: int = 2024, item: str = "pm25", region: str = "云溪市") -> object:
        return base_year(made_panel(None, (one,)), region, year, item)

    assert found(plan("2021-2025", target)) == (2021, *named)
    assert found(plan("2021-2025", target), 2021) == (2020, *before)
    assert found(plan("2021-2025", target), item="no2") == (2020, *before)
    assert found(plan("2021-2025", history=(figure(2020),))) == (2020, *named)
    # The figure of 2015 is one that the plan looks back on.
    assert found(plan("2021-2025", history=(figure(2015),))) == (2020, *before)
    assert found(plan("2021-2025"), 2026) is None
    assert found(plan("2021-2025"), region="石埠") is None
    assert base_year(made_panel(None), "云溪", 2024, "pm25") is None


def test_both_comparisons_add_up_and_a_year_without_days_is_said(
    city: CityDays, made: CityNormalised
) -> None:
    plans = (plan("2023-2025"), plan("2021-2025").model_copy(update={"id": "other"}))
    data = weather_data(city, made_panel(made_weather(), plans[:1]), 2024, (), made=made)
    assert [(c.first, c.why_zh) for c in data.comparisons] == [
        (2023, "上年"),
        (2022, "规划期前一年"),
    ]
    for one in data.comparisons:
        assert one.change is not None
        parts = one.change.rounded()
        assert parts["observed"] == pytest.approx(
            parts["weather"] + parts["emissions"] + parts["remainder"]
        )
    data = weather_data(city, made_panel(made_weather(), plans[1:]), 2024, (), made=made)
    assert data.comparisons[1].first == 2020 and data.comparisons[1].change is None
    assert "2020年或2024年" in data.comparisons[1].reason_zh
    assert "R² " in data.score_zh and "偏差（监测−预测）" in data.score_zh
    assert "平均风速" in data.basis_zh and "mean wind speed" in data.basis_en
    assert data.yearly.index.tolist() == [2022, 2023, 2024]
    with pytest.raises(InputError, match="Years with both: 2022 to 2024"):
        weather_data(city, made_panel(made_weather()), 2019, (), made=made)


def test_a_change_of_basis_between_the_years_is_said(made: CityNormalised, city: CityDays) -> None:
    basis = city.basis.copy()
    basis[:"2023-08-31"] = "standard_state"
    changed = made_city(basis=basis)
    assert [str(d) for d in basis_changes(changed)] == ["2023-09-01"]
    data = weather_data(changed, made_panel(made_weather()), 2024, (), made=made)
    assert data.breaks == (pd.Timestamp("2023-09-01"),)
    assert not any("监测状态" in zh for zh, _ in data.footer.notices)  # 2023 against 2024: later
    data = weather_data(changed, made_panel(made_weather()), 2023, (), made=made)
    assert any("监测状态改变的台阶计入" in zh for zh, _ in data.footer.notices)


def test_dust_days_are_no_part_of_a_series() -> None:
    dust = pd.DataFrame({"region": "云溪", "date": pd.to_datetime(["2024-03-05"]), "item": "pm10"})
    city = made_city(removed=dust)
    assert np.isnan(daily_values(city, "pm10")["2024-03-05"])
    assert np.isfinite(daily_values(city, "pm25")["2024-03-05"])


def test_annual_values_are_those_of_whole_years(city: CityDays) -> None:
    short = made_city(last="2024-06-30")
    values, enough = annual_values(short, "pm25_annual_mean")
    assert list(values) == [2021, 2022, 2023, 2024]
    assert enough == {2021: True, 2022: True, 2023: True, 2024: False}
    assert values[2021] == round(city.history.loc["2021", "pm25"].mean())


# Good days


def test_good_days_have_both_standards_and_every_view_adds_up(city: CityDays) -> None:
    dust = pd.DataFrame({"region": "云溪", "date": pd.to_datetime(["2024-03-05"]), "item": "pm10"})
    data = good_days_data(
        made_city("2023-01-01", removed=dust), made_panel(made_weather()), 2024, ()
    )
    assert [c.token for c in data.columns] == ["HJ 633-2012", "HJ 633-2026"]
    old, new = data.columns
    assert new.year.bad > old.year.bad > 0  # stricter break points of PM2.5 and PM10
    for column in data.columns:
        assert column.change is not None
        table = column.change.table()
        assert set(table["view"]) == {"item", "dust", "holiday", "weather"}
        for _, own in table.groupby("view"):
            days = own.set_index("part")["days"]
            assert days.drop("total").sum() == pytest.approx(days["total"])
    words = good_days_words(data)
    assert len(words) == 4 and "气象" in words[0][0] and "HJ 633-2026" in words[3][1]


def test_without_weather_or_dust_the_chart_says_so(city: CityDays) -> None:
    data = good_days_data(city, made_panel(None), 2024, ())
    assert data.columns[0].change is not None and data.columns[0].change.by_weather is None
    told = "".join(zh for zh, _ in data.footer.notices)
    assert "未分出气象的影响" in told and "没有沙尘日记录" in told


def test_the_first_year_and_a_part_of_a_year(city: CityDays) -> None:
    first = good_days_data(city, made_panel(None), 2021, ())
    assert first.columns[0].change is None and "2020年没有数据" in first.columns[0].reason_zh
    part = good_days_data(made_city(last="2024-02-29"), made_panel(None), 2024, ())
    assert part.columns[0].year.until == (2, 28)
    assert part.columns[0].before is not None and part.columns[0].before.expected == 59
    with pytest.raises(InputError, match="Years with values: 2021 to 2024"):
        good_days_data(city, made_panel(None), 2019, ())


def test_a_year_without_one_item_is_not_compared() -> None:
    city = made_city()
    city.history.loc["2023", "co"] = np.nan
    data = good_days_data(city, made_panel(None), 2024, ())
    assert data.columns[0].change is None
    assert "2023年没有六项齐全的日" in data.columns[0].reason_zh
