"""The hindcast of a workspace: which years, which emissions, what is said; made records and real cities."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.projection.panel import Panel
from forecast.runs.scenario_hindcast import RecordHindcast, record_hindcast
from forecast.scenario.air_response import AirDraws, draw_air
from forecast.scenario.hindcast import coverage
from forecast.scenario.observed_change import observed_change
from forecast.scenario.past_emissions import national_history
from forecast.scenario.scenario_file import scenario_of_text
from forecast.scenario.scenario_model import Scenario
from forecast.targets.applied import Applied


def _draws(era: str, n: int = 800) -> AirDraws:
    return draw_air("衡水", n, np.random.default_rng(1), era=era)  # type: ignore[arg-type]


_OLD, _NEW = _draws("2013"), _draws("2020")


def _scenario(text: str = "") -> Scenario:
    return scenario_of_text(f'name = "a"\nregion = "衡水市"\n{text}', "a.toml")


def _panel(levels: dict[int, float], **more: object) -> Panel:
    """A record of constant years, with a season so that fits have something to do."""
    days = pd.DatetimeIndex(
        np.concatenate([pd.date_range(f"{y}-01-01", f"{y}-12-31") for y in levels])
    )
    season = 1 + 0.3 * np.cos(2 * np.pi * days.day_of_year.to_numpy() / 365.25)
    noise = np.exp(0.2 * np.random.default_rng(2).standard_normal(len(days)))
    values = np.array([levels[y] for y in days.year]) * season * noise
    air = pd.DataFrame(
        {
            "region": "衡水市", "place": "衡水", "place_kind": "city", "date": days, "item": "pm25",
            "value": values, "basis": "",
        }
    )  # fmt: skip
    return Panel(air, pd.DataFrame({"region": []}), Applied(()), **more)  # type: ignore[arg-type]


def _found(
    panel: Panel, text: str = "", emissions: pd.DataFrame | None = None, as_of: str = "2024-12-31"
) -> RecordHindcast:
    return record_hindcast(
        panel, "衡水市", "衡水", _scenario(text), emissions, _OLD, np.random.default_rng(3),
        as_of=date.fromisoformat(as_of), draws_2020=_NEW,
    )  # fmt: skip


def _changes(**percent: float) -> str:
    return "".join(
        f'[[past_changes]]\npollutant = "{p}"\nfrom_year = {2017 if p != "NH3" else 2016}\n'
        f"to_year = 2022\nchange_percent = {c}\n"
        for p, c in percent.items()
    )


def test_without_own_emissions_the_nation_stands_in() -> None:
    """First and last whole years that it covers; its words say whose change it is."""
    found = _found(_panel({2014: 100, 2015: 95, 2016: 85, 2017: 80, 2021: 50}))
    (one,) = found.hindcasts
    assert (one.past.first_year, one.past.last_year) == (2014, 2017)
    so2 = national_history(place=True).change("SO2", 2014, 2017)
    assert so2 is not None
    assert one.past.emissions["SO2"] == so2.value == pytest.approx(-0.49, abs=0.001)
    assert one.past.change_sd["SO2"] == pytest.approx(np.hypot(0.05, 0.15))
    assert one.past.observed == pytest.approx(0.8, abs=0.02)
    said = " ".join(en for _, en in found.sentences())
    assert "national change of emissions, no own inventory history" in said
    assert "error of a single city" in said and "no daily weather of these years" in said
    assert "全国排放变化，没有本地逐年清单" in " ".join(zh for zh, _ in found.sentences())
    (row,) = found.rows()
    assert (row["grade"], row["weather_adjusted"], row["inside"]) == ("from memory", False, True)
    assert row["low"] < row["median"] < row["high"]
    assert found.of_own_record and found.told()["done"]
    assert found.borrowed and not found.outside
    assert "had only the city changed" not in said


def test_later_years_need_changes_of_their_own() -> None:
    """After 2019 the nation says nothing: the reason and the cure, and nothing is compared."""
    found = _found(_panel({2021: 50, 2022: 48, 2023: 47}))
    assert not found.hindcasts and not found.of_own_record and not found.evidence
    assert "[[past_changes]]" in found.reason[0] and "[[past_changes]]" in found.reason[1]
    assert found.told() == {
        "done": False, "rows": [],
        "sentences": [{"zh": found.reason[0], "en": found.reason[1]}],
    }  # fmt: skip


def test_stated_changes_come_first_and_the_rest_is_said() -> None:
    """Its own years; primary particles given, so nothing of the nation is needed."""
    panel = _panel({2016: 80, 2017: 75, 2019: 65, 2022: 55})
    found = _found(panel, _changes(SO2=-40, NOx=-20, PM25=-30))
    (one,) = found.hindcasts
    assert (one.past.first_year, one.past.last_year) == (2017, 2022)
    assert one.past.emissions["PM25"] == pytest.approx(-0.3)
    assert one.past.emissions["NH3"] == 0.0
    assert one.past.change_sd["NH3"] == pytest.approx(0.15 * np.sqrt(5 / 3))
    said = found.sentences()[1]
    assert "stated in the scenario file" in said[1] and "not known: taken as unchanged" in said[1]
    assert "氨" in said[0] and "无从得知" in said[0]
    assert found.grades == ("judgement",)
    assert not found.borrowed
    assert found.outside == (not one.inside())
    zh, en = found.sentences()[2]
    assert f"{100 * (one.quantiles[0.5] - 1):+.0f} %" in en
    assert f"{100 * (one.city_alone - 1):+.0f} %" in en
    assert "had only the city changed" in en and "只有本市变化" in zh


def test_what_is_not_stated_is_the_nations_where_it_covers_the_years() -> None:
    """SO2 of the file, primary particles of the nation: only years that both cover."""
    panel = _panel({2014: 100, 2015: 95, 2017: 80, 2018: 75, 2022: 50})
    text = '[[past_changes]]\npollutant = "SO2"\nfrom_year = 2015\nto_year = 2022\nchange_percent = -60\n'
    (one,) = _found(panel, text).hindcasts
    assert (one.past.first_year, one.past.last_year) == (2015, 2018)
    assert one.past.emissions["SO2"] == pytest.approx(0.4 ** (3 / 7) - 1)
    nation = national_history(place=True).change("PM25", 2015, 2018)
    assert nation is not None and one.past.emissions["PM25"] == nation.value
    assert "nation: Zheng 2018" in one.past.source
    assert _found(panel, text).borrowed


def test_inventories_of_the_workspace() -> None:
    """Two years of the table, known by any form of the region's name; later years are not known yet."""
    rows = [
        ("衡水", y, "industry", p, v * f, "清单")
        for y, f in ((2015, 1.0), (2018, 0.7), (2022, 0.3))
        for p, v in (("SO2", 20_000.0), ("PM25", 9_000.0))
    ]
    table = pd.DataFrame(rows, columns=["region", "year", "sector", "pollutant", "value", "source"])
    panel = _panel({2014: 90, 2015: 90, 2016: 85, 2018: 75, 2022: 40})
    (early,) = _found(panel, emissions=table, as_of="2019-06-30").hindcasts
    assert (early.past.first_year, early.past.last_year) == (2015, 2018)
    assert early.past.emissions["SO2"] == pytest.approx(-0.3)
    found = _found(panel, emissions=table)
    (late,) = found.hindcasts
    assert (late.past.first_year, late.past.last_year) == (2015, 2022)
    assert "inventories of several years (清单)" in found.sentences()[1][1]


def test_two_years_well_apart_win_over_neighbours() -> None:
    """A stated change that meets the record in two neighbouring years gives way to the nation."""
    text = '[[past_changes]]\npollutant = "SO2"\nfrom_year = 2015\nto_year = 2020\nchange_percent = -60\n'
    panel = _panel({2014: 100, 2015: 95, 2016: 90})
    (one,) = _found(panel, text).hindcasts
    assert (one.past.first_year, one.past.last_year) == (2014, 2016)
    (near,) = _found(_panel({2015: 95, 2016: 90}), text).hindcasts
    assert near.past.emissions["SO2"] == pytest.approx(0.4 ** (1 / 5) - 1)


def test_the_draws_are_those_of_the_first_year() -> None:
    """Up to 2016 the draws of 2013, later those of today."""
    text = _changes(SO2=-50, PM25=-1)
    (late,) = _found(_panel({2017: 80, 2022: 70}), text).hindcasts
    (again,) = record_hindcast(
        _panel({2017: 80, 2022: 70}), "衡水市", "衡水", _scenario(text), None, _NEW,
        np.random.default_rng(3), as_of=date(2024, 12, 31),
    ).hindcasts  # fmt: skip
    assert (late.predicted == again.predicted).all()
    (old,) = record_hindcast(
        _panel({2017: 80, 2022: 70}), "衡水市", "衡水", _scenario(text), None, _OLD,
        np.random.default_rng(3), as_of=date(2024, 12, 31),
    ).hindcasts  # fmt: skip
    assert old.quantiles[0.5] < late.quantiles[0.5]


def test_records_that_are_too_short() -> None:
    """One whole year, none at all, and what the as-of day hides."""
    one = _found(_panel({2015: 90}))
    assert "1 whole years (2015)" in one.reason[1] and "2015" in one.reason[0]
    cut = _found(_panel({2015: 90, 2016: 80}), as_of="2016-06-30")
    assert "1 whole years (2015)" in cut.reason[1]
    panel = _panel({2015: 90, 2016: 80})
    none = record_hindcast(
        panel, "保定", "保定", _scenario(), None, _OLD, np.random.default_rng(1),
        as_of=date(2020, 1, 1),
    )  # fmt: skip
    assert "no daily values of PM2.5" in none.reason[1]


def test_known_dust_days_are_left_out() -> None:
    """Ten days of 900 µg/m³ in the last year do not count where they are known as dust."""
    panel = _panel({2014: 100, 2016: 80})
    days = pd.date_range("2016-04-01", periods=10)
    air = panel.air.copy()
    air.loc[air["date"].isin(days), "value"] = 900.0
    dust = pd.DataFrame({"region": "衡水", "date": days, "item": "pm25"})
    (bare,) = _found(Panel(air, panel.water, Applied(()))).hindcasts
    found = _found(Panel(air, panel.water, Applied(()), dust_days=dust))
    (clean,) = found.hindcasts
    assert bare.past.observed > 1.0
    assert clean.past.observed == pytest.approx(0.8, abs=0.02)
    assert "10 known dust days are left out" in found.sentences()[2][1]


def test_a_break_between_the_years_is_told() -> None:
    """Particles went over to actual conditions on 2018-09-01."""
    found = _found(_panel({2014: 100, 2019: 70}))
    assert any("2018-09-01" in en and "error of the step" in en for _, en in found.remarks)
    without = _found(_panel({2014: 100, 2017: 70}))
    assert found.hindcasts[0].past.observed_sd > without.hindcasts[0].past.observed_sd


@pytest.fixture(scope="module")
def cities(real_data: Path) -> list[tuple[str, pd.Series, pd.DataFrame]]:
    """Daily PM2.5 of ten cities with the weather of their provinces, 2014 to 2018."""
    provinces = {
        "保定": "河北", "衡水": "河北", "廊坊": "河北", "北京": "北京", "济南": "山东", "聊城": "山东",
        "宁波": "浙江", "绍兴": "浙江", "宝鸡": "陕西", "开封": "河南",
    }  # fmt: skip
    air = pd.read_csv(
        real_data / "air" / "city_daily_long_2013_2020.csv.gz",
        usecols=["date", "city", "pm25"], encoding="utf-8", parse_dates=["date"],
    )  # fmt: skip
    names = {
        "wind_u_ms": "wind_u", "wind_v_ms": "wind_v", "temp_k": "temp_mean", "rh_pct": "rh",
        "psfc_pa": "pressure",
    }  # fmt: skip
    met = pd.read_csv(
        real_data / "met" / "province_daily_air_met_2013_2018.csv.gz",
        usecols=["date", "province", *names], encoding="utf-8", parse_dates=["date"],
    ).rename(columns=names)  # fmt: skip
    met["temp_mean"] -= 273.15
    met["pressure"] /= 100
    found = []
    for city, province in provinces.items():
        rows = air[(air["city"] == city) & (air["pm25"] > 0)].set_index("date")
        own = met[met["province"].str.startswith(province)].set_index("date")
        found.append((city, rows["pm25"], own.drop(columns="province")))
    return found


def test_real_cities_lie_inside_their_intervals(
    cities: list[tuple[str, pd.Series, pd.DataFrame]],
) -> None:
    """2014 to 2018 under the nation's change: most of ten cities inside 80 %, weather taken off."""
    hindcasts = []
    for city, values, weather in cities:
        air = pd.DataFrame(
            {
                "region": city, "place": city, "place_kind": "city", "date": values.index,
                "item": "pm25", "value": values.to_numpy(float), "basis": "",
            }
        )  # fmt: skip
        panel = Panel(air, pd.DataFrame({"region": []}), Applied(()), weather={city: weather})
        draws = draw_air(city, 1000, np.random.default_rng(5), era="2013")
        (one,) = record_hindcast(
            panel, city, city, Scenario(name="a", region=city), None, draws,
            np.random.default_rng(6), as_of=date(2018, 12, 31),
        ).hindcasts  # fmt: skip
        assert one.past.weather_adjusted
        assert (one.past.first_year, one.past.last_year) == (2014, 2018)
        hindcasts.append(one)
    assert coverage(hindcasts, 0.8) >= 0.7
    assert abs(np.mean([h.log_error for h in hindcasts])) < 0.15


def test_least_squares_agrees_with_the_weather_normalisation(
    cities: list[tuple[str, pd.Series, pd.DataFrame]],
) -> None:
    """Trees with normal weather say the same of 2014 to 2017 within the error, in a hundredth of the time."""
    from forecast.trend.weather_normalised import weather_normalise

    city, values, weather = cities[0]
    own = values[values.index < "2018"].astype("float64")
    fast = observed_change(own, 2014, 2017, weather=weather)
    slow = weather_normalise(
        own.to_frame("pm25"), weather, "pm25", trees=30, resamples=20, refits=0, window=10,
        validation="none",
    ).daily  # fmt: skip
    known = slow[slow["modelled"].notna()]
    means = known.groupby(pd.DatetimeIndex(known.index).year)["normalised"].mean()
    assert city == "保定" and fast.weather_adjusted
    assert np.log(fast.ratio) == pytest.approx(np.log(means[2017] / means[2014]), abs=fast.sd)
    # 2017 had the better weather: the plain ratio falls further.
    assert fast.plain < fast.ratio
