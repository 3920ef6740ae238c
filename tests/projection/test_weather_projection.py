"""Weather of past days in a projection: where it is used, what it says, and what it may not see."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.api import Workspace
from forecast.features.weather import daily_weather
from forecast.projection.air import AirProjection, project_air
from forecast.projection.settings import Settings
from forecast.runs.inputs import load_panel
from forecast.standards.items import AIR_ITEMS
from forecast.workspace import Workspace as Folder

_LEVELS = dict(zip(AIR_ITEMS, (10.0, 30.0, 70.0, 40.0, 0.8, 95.0), strict=True))
_DAYS = pd.date_range("2018-01-01", "2022-12-31")


def wind() -> pd.Series:
    """Wind speed [m/s] with a memory of days; from January to June 2022 it hardly blows."""
    rng = np.random.default_rng(5)
    log = np.zeros(len(_DAYS))
    for at in range(1, len(log)):
        log[at] = 0.6 * log[at - 1] + 0.25 * rng.standard_normal()
    log[(_DAYS >= "2022-01-01") & (_DAYS <= "2022-06-30")] -= 0.12
    return pd.Series(3.0 * np.exp(log), index=_DAYS)


def readings() -> pd.DataFrame:
    """A made city: season, noise shared by the items, and PM that gathers when no wind blows."""
    rng = np.random.default_rng(6)
    season = np.cos(2 * np.pi * (_DAYS.day_of_year.to_numpy() - 15) / 365.25)
    shared = 0.15 * rng.standard_normal(len(_DAYS))
    still = -0.6 * np.log(wind().to_numpy() / 3.0)
    rows = []
    for item, level in _LEVELS.items():
        swing = -0.4 if item == "o3_8h" else 0.4
        effect = still if item in ("pm25", "pm10") else 0.0
        value = level * np.exp(swing * season + shared + effect)
        rows.append(pd.DataFrame({"date": _DAYS, "item": item, "value": value.round(2)}))
    return pd.concat(rows, ignore_index=True).assign(basis="actual")


WEATHER = pd.DataFrame({"wind_speed": wind()})


def projected(weather: pd.DataFrame | None, as_of: str = "2022-06-30") -> AirProjection:
    settings = Settings(date.fromisoformat(as_of), 2022, n_paths=300)
    rows = readings()
    return project_air(
        "城", "城", rows[rows["date"] <= as_of], settings, weather=weather, tracks=False
    )


@pytest.fixture(scope="module")
def both() -> tuple[AirProjection, AirProjection]:
    return projected(WEATHER), projected(None)


def of(projection: AirProjection, name: str) -> np.ndarray:
    (samples,) = [r.samples for r in projection.results if r.indicator == name]
    assert samples is not None
    return samples


def test_still_air_is_not_taken_for_a_dirty_year(both: tuple[AirProjection, AirProjection]) -> None:
    with_, without = both
    truth = readings()
    pm25 = truth[(truth["item"] == "pm25") & (truth["date"].dt.year == 2022)]["value"].mean()
    centre = [float(np.median(of(p, "pm25_annual_mean"))) for p in both]
    assert abs(centre[0] - pm25) < abs(centre[1] - pm25)
    spread = [float(np.ptp(np.quantile(of(p, "pm25_annual_mean"), [0.05, 0.95]))) for p in both]
    assert spread[0] < 1.1 * spread[1]
    # Other items are forecast as without weather; all they share with PM2.5 is how draws go together.
    for name in ("so2_annual_mean", "no2_annual_mean", "o3_8h_p90"):
        np.testing.assert_allclose(of(with_, name), of(without, name), rtol=0.03)


def test_what_the_weather_did_so_far_is_told(both: tuple[AirProjection, AirProjection]) -> None:
    with_, without = both
    told = {r.indicator: r.explain for r in with_.results}["pm25_annual_mean"]
    rows = readings()
    seen = rows[(rows["item"] == "pm25") & rows["date"].between("2022-01-01", "2022-06-30")]
    still = -0.6 * np.log(wind().reindex(seen["date"]).to_numpy() / 3.0)
    # The same days with the usual wind of their month, which is stronger than this year's.
    factor = (wind()[:"2022-06-30"] / 3.0) ** -0.6
    by_month = factor.groupby(pd.DatetimeIndex(factor.index).month).mean()
    usual = by_month.reindex(seen["date"].dt.month).to_numpy()
    value = seen["value"].to_numpy()
    gain = float((value * (1 - usual / np.exp(still))).mean())
    assert told is not None
    assert told["weather"] == pytest.approx(gain, rel=0.2)
    assert gain > 1.5
    assert f"气象条件使均值比常年气象下高{told['weather']:.1f}" in told["text"]
    assert f"{told['weather']:.1f} higher than usual weather" in told["text_en"]
    for result in without.results:
        assert result.explain is None or result.explain.get("weather") is None


def test_weather_after_the_last_reading_changes_nothing() -> None:
    until = WEATHER[WEATHER.index <= "2022-06-30"]
    odd = WEATHER.copy()
    odd.loc["2022-07-01":, "wind_speed"] = 0.1
    for name in ("pm25_annual_mean", "good_day_ratio"):
        expected = of(projected(until), name)
        np.testing.assert_array_equal(of(projected(odd), name), expected)
        np.testing.assert_array_equal(of(projected(WEATHER), name), expected)


def test_a_region_has_the_mean_of_its_stations_and_no_mean_direction() -> None:
    rows = pd.DataFrame(
        {
            "place": ["甲", "乙", "甲", "甲"],
            "date": pd.to_datetime(["2022-01-02", "2022-01-02", "2022-01-01", "2022-01-01"]),
            "item": ["wind_speed", "wind_speed", "rh", "wind_dir"],
            "value": [2.0, 4.0, 50.0, 350.0],
        }
    )
    found = daily_weather(rows)
    assert list(found.columns) == ["rh", "wind_speed"]
    assert list(found.index) == list(pd.to_datetime(["2022-01-01", "2022-01-02"]))
    assert found["wind_speed"].iloc[1] == 3.0
    assert np.isnan(found["rh"].iloc[1])


def test_a_station_that_joins_late_does_not_move_the_weather() -> None:
    days = pd.date_range("2020-01-01", "2021-12-31")
    old = pd.DataFrame({"place": "甲", "date": days, "item": "temp_mean", "value": 10.0})
    new = old[days >= "2021-07-01"].assign(place="乙", value=5.0)
    found = daily_weather(pd.concat([old, new]))
    assert (found["temp_mean"] == 10.0).all()
    both = daily_weather(pd.concat([old, old.assign(place="丙", value=6.0)]))
    assert (both["temp_mean"] == 8.0).all()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("unit", "wind_speed"),
        ("short", "少于180天"),
        ("stopped", "2021-03-01"),
    ],
)
def test_weather_of_little_use_is_said(change: str, said: str) -> None:
    weather = WEATHER.copy()
    weather["rh"] = 60 + 10 * np.sin(np.arange(len(weather)) * 1.7)
    if change == "unit":
        # m/s until October 2021, km/h under the same header after it.
        weather.loc["2021-10-01":, "wind_speed"] *= 3.6
    elif change == "short":
        weather = weather.iloc[-300:-200]
    else:
        weather = weather[:"2021-03-01"]
    found = projected(weather)
    said_of = [zh for zh, _ in found.warnings if "气象" in zh]
    assert len(said_of) == 1
    if change == "unit":
        said = "平均风速"
        plain = projected(None)
        middle = [float(np.median(of(p, "pm25_annual_mean"))) for p in (found, plain)]
        assert middle[0] == pytest.approx(middle[1], rel=0.03)
    assert said in said_of[0]
    assert not [zh for zh, _ in projected(WEATHER).warnings if "气象" in zh]


@pytest.mark.usefixtures("no_charts")
def test_a_run_takes_the_weather_that_was_taken_in(
    tmp_path: Path, leave_later_years_out: Callable[[Path], None]
) -> None:
    air = readings().pivot_table(index="date", columns="item", values="value")
    lines = ["日期,AQI,质量等级,PM2.5,PM10,SO2,CO,NO2,O3_8h"]
    for day, row in air[air.index >= "2020-01-01"].iterrows():
        values = ",".join(f"{row[i]:g}" for i in ("pm25", "pm10", "so2", "co", "no2", "o3_8h"))
        lines.append(f"{day:%Y-%m-%d},,,{values}")
    (tmp_path / "甲市.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    table = WEATHER.loc["2020-01-01":]
    weather = [
        "参考地名,日期,平均气温(℃),风速(m/s),相对湿度(%)",
        *(f"甲市,{d:%Y-%m-%d},{10 + d.day % 5},{v:.2f},50" for d, v in table["wind_speed"].items()),
    ]
    (tmp_path / "气象.csv").write_text("\n".join(weather) + "\n", encoding="utf-8")
    workspace = Workspace.create(tmp_path / "W")
    report = workspace.ingest([tmp_path / "甲市.csv", tmp_path / "气象.csv"])
    assert report.exit_code == 0, report
    leave_later_years_out(workspace.root)
    config = workspace.root / "forecast.toml"
    models, weather_of = [], []
    for word in ("true ", "false"):
        text = config.read_text(encoding="utf-8")
        text = text.replace("weather = true ", f"weather = {word}")
        config.write_text(text, encoding="utf-8")
        again = Workspace(workspace.root)
        panel, _ = load_panel(Folder.open(workspace.root), date(2022, 6, 30))
        weather_of.append({region: table.shape for region, table in panel.weather.items()})
        result = again.run(as_of="2022-06-30", year=2022, paths=60).result
        (entry,) = [e for e in result["projections"] if e["indicator"] == "pm25_annual_mean"]
        models.append((entry["forecast"]["model"], entry["explain"]["weather"] is not None))
    assert weather_of[0] and not weather_of[1]
    assert next(iter(weather_of[0].values()))[0] == 912
    assert models == [("seasonal_weather", True), ("seasonal", False)]
