"""Charts of records that lack something: each says so in words, and none is silently empty."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from figure_texts import drawn_texts
from matplotlib.figure import Figure

from forecast import Workspace
from forecast.charts import Chart
from forecast.charts.fonts import ONLY_PACKAGED_VARIABLE, missing_glyphs
from forecast.charts.style import Lang
from forecast.errors import InputError, UsageError
from forecast.projection.settings import Settings
from forecast.report.review_figures import ReviewRequest, review_chart
from forecast.runs.inputs import load_panel
from forecast.workspace import Workspace as Folder

_HEAD = ["日期", "AQI", "AQI级别", "PM2.5", "PM10", "SO2", "CO", "NO2", "O3_8h", "排名"]
#: City → the year drawn and what it lacks: two days in five of a year; all but one month; CO; one
#: standard for the whole year; an odd number of months.
_CASES = {
    "缺测市": 2024,
    "一月市": 2024,
    "缺项市": 2024,
    "换标市": 2026,
    "偶数市": 2024,
}
_AIR = (
    "target_tracker", "scoreboard", "aqi_calendar", "bad_day_budget", "annual_trend",
    "time_variation", "level_shares", "city_ranking",
)  # fmt: skip


def _days(first: str, last: str, seed: int) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    days = pd.date_range(first, last)
    season = np.cos(2 * np.pi * days.day_of_year.to_numpy() / 365.25)
    pm25 = (45 + 25 * season) * np.exp(rng.normal(0, 0.3, len(days)))
    ozone = (105 - 55 * season) * np.exp(rng.normal(0, 0.25, len(days)))
    return pd.DataFrame(
        {
            "日期": days.strftime("%Y-%m-%d"), "PM2.5": pm25.round(), "PM10": (1.7 * pm25).round(),
            "SO2": (9 + 3 * season).round(), "CO": (0.8 + 0.3 * season).round(1),
            "NO2": (30 + 10 * season).round(), "O3_8h": ozone.round(),
        }
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    root = tmp_path_factory.mktemp("lacking")
    holes = _days("2021-01-01", "2024-12-31", 1)
    of_year = holes["日期"].str.startswith("2024")
    gone = of_year & (np.random.default_rng(2).random(len(holes)) < 0.4)
    records = {
        "缺测市": holes[~gone],
        "一月市": _days("2024-03-01", "2024-03-31", 3),
        "缺项市": _days("2022-01-01", "2024-10-31", 4).drop(columns="CO"),
        "换标市": _days("2023-01-01", "2026-06-30", 5),
        "偶数市": _days("2019-01-01", "2024-12-31", 6),
    }
    source = root / "source"
    source.mkdir()
    for name, record in records.items():
        # The layout writes a missing value as 0.
        record.reindex(columns=_HEAD).fillna({"CO": 0}).to_csv(source / f"{name}.csv", index=False)
    made = Workspace.create(root / "W")
    assert {f.status for f in made.ingest([source]).files} == {"read"}
    return Folder.open(made.root)


@pytest.fixture(scope="module")
def requests(folder: Folder) -> dict[str, ReviewRequest]:
    """What is asked of each city, each projected once."""
    out = {}
    for city, year in _CASES.items():
        panel, last = load_panel(folder, None, year=year, region=city)
        asked = ReviewRequest(
            panel, folder.store, last, year,
            settings=Settings(last, year, n_paths=60, outlook=False),
        )  # fmt: skip
        out[city] = replace(asked, projection=asked.projected(year))
    return out


@pytest.fixture(scope="module")
def drawn(requests: dict[str, ReviewRequest]) -> dict[tuple[str, str], list[Chart]]:
    """Every chart of the air of every city: Chinese, but for two cities in English and both."""
    langs: dict[str, Lang] = {"缺项市": "en", "换标市": "both"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(ONLY_PACKAGED_VARIABLE, "1")
        return {
            (city, name): review_chart(name, replace(asked, lang=langs.get(city, "zh")))
            for city, asked in requests.items()
            for name in _AIR
        }


def _words(charts: list[Chart]) -> str:
    return "\n".join(t.get_text() for c in charts for t in drawn_texts(c.figure))


def _overlapping(figure: Figure) -> list[tuple[str, str]]:
    """Texts cut by the edge of the sheet, with ``""``, and pairs that lie over each other."""
    figure.draw_without_rendering()
    width, height = figure.get_size_inches() * figure.dpi
    boxes = [(t.get_text(), t.get_window_extent().extents) for t in drawn_texts(figure)]
    out = [
        (text, "")
        for text, (x0, y0, x1, y1) in boxes
        if x0 < -1 or y0 < -1 or x1 > width + 1 or y1 > height + 1
    ]
    for (one, a), (two, b) in combinations(boxes, 2):
        across, up = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
        # Line boxes carry head room: a touch of some pixels is no overlap of ink.
        if across > 2 and up > 4:
            out.append((one, two))
    return out


@pytest.mark.parametrize("name", _AIR)
@pytest.mark.parametrize("city", _CASES)
def test_words_lie_apart_and_inside_with_every_glyph(
    drawn: dict[tuple[str, str], list[Chart]], city: str, name: str
) -> None:
    for chart in drawn[city, name]:
        assert _overlapping(chart.figure) == []
        assert missing_glyphs(_words([chart])) == set()
        assert not chart.table.empty or name == "scoreboard"


def test_a_year_with_two_days_in_five_missing_is_not_judged(
    drawn: dict[tuple[str, str], list[Chart]],
) -> None:
    table = drawn["缺测市", "aqi_calendar"][0].table
    gone = int((table["status"] == "missing").sum())
    assert 120 < gone < 175
    share = round(100 * (366 - gone) / 366)
    for name in ("aqi_calendar", "bad_day_budget", "level_shares"):
        assert f"有效天数只占{share} %，天数和比率不足以作正式评价" in _words(drawn["缺测市", name])
    assert f"缺测或无效 {gone} 天，未计入" in _words(drawn["缺测市", "bad_day_budget"])
    words = _words(drawn["缺测市", "target_tracker"]).replace("\n", "")
    assert "该年已结束，只有实测，没有预测" in words and f"{366 - gone}个有效日" in words
    words = _words(drawn["缺测市", "scoreboard"]).replace("\n", "")
    assert "数据不足" in words and "不满足全年324天" in words
    assert "天数不足，不作正式评价" in _words(drawn["缺测市", "annual_trend"])
    ranks = drawn["缺测市", "city_ranking"][0].table.set_index("place")["rank"]
    assert ranks["缺测市"] == 0 and "天数不足，不排名" in _words(drawn["缺测市", "city_ranking"])
    places = drawn["缺测市", "level_shares"][0].table
    assert places.loc[places["label"] == "缺测市", "missing_days"].tolist() == [gone]
    assert f"缺测市 {366 - gone}/366天" in _words(drawn["缺测市", "level_shares"])


def test_one_month_of_data_gives_no_slope_and_no_forecast(
    drawn: dict[tuple[str, str], list[Chart]],
) -> None:
    words = _words(drawn["一月市", "annual_trend"])
    assert words.count("没有年份天数足够，没有斜率") == 6
    assert "2024.5" not in words  # years are whole
    words = _words(drawn["一月市", "target_tracker"])
    assert words.count("没有预测：") == 2
    assert "没有小时数据，小时变化未画" in _words(drawn["一月市", "time_variation"])
    arrows = drawn["一月市", "scoreboard"][0].table["trend"]
    assert set(arrows) == {"—"}


def test_an_item_never_measured_is_named(drawn: dict[tuple[str, str], list[Chart]]) -> None:
    never = "no reading of CO in that year: without all six items every day is invalid"
    for name in ("aqi_calendar", "bad_day_budget", "level_shares"):
        words = _words(drawn["缺项市", name]).replace("\n", " ")
        assert never in words, name
    assert "no valid day to count" in _words(drawn["缺项市", "bad_day_budget"])
    assert "this item was never measured" in _words(drawn["缺项市", "annual_trend"])
    ratio, mean = drawn["缺项市", "target_tracker"]
    assert "no reading of CO in 2024: no good-air-day" in _words([ratio]).replace("\n", " ")
    assert "nothing observed to add up" in _words([ratio])
    assert "nothing observed" not in _words([mean]) and mean.table["observed"].notna().any()
    words = _words(drawn["缺项市", "scoreboard"]).replace("\n", " ")
    assert "no reading of CO in 2024: what rests on them" in words
    assert "CO 95th percentile" not in words


def test_two_standards_in_one_year_are_both_named(
    drawn: dict[tuple[str, str], list[Chart]],
) -> None:
    for name in ("aqi_calendar", "bad_day_budget", "level_shares"):
        words = _words(drawn["换标市", name])
        assert "HJ 633-2012+HJ 633-2026" in words
        assert "2月底以前按HJ 633-2012，3月1日起按HJ 633-2026" in words
    assert "HJ 633-2012+HJ 633-2026" in _words(drawn["换标市", "target_tracker"])
    assert "本年规则分两段" in _words(drawn["换标市", "city_ranking"])
    limits = drawn["换标市", "annual_trend"][0].table
    own = limits[limits["indicator"] == "pm25_annual_mean"].set_index("year")["limit"]
    assert own[2025] == 35 and own[2026] == 30
    # Half the year is ahead: both show it.
    assert drawn["换标市", "target_tracker"][0].table["q50"].notna().sum() == 184


def test_slopes_of_even_length_series_say_that_r_may_differ(
    drawn: dict[tuple[str, str], list[Chart]],
) -> None:
    words = _words(drawn["偶数市", "annual_trend"]).replace("\n", "")
    assert "PM2.5、PM10、NO2、SO2的月数为偶数" in words and "72个月" in words
    assert "月数为偶数" not in _words(drawn["一月市", "annual_trend"])


def test_a_region_without_a_target_says_so(drawn: dict[tuple[str, str], list[Chart]]) -> None:
    assert "没有优良天数目标" in _words(drawn["偶数市", "bad_day_budget"])
    ratio, _ = drawn["偶数市", "target_tracker"]
    assert "本年没有这项指标的目标" in _words([ratio])


def test_a_past_full_year_has_a_line_and_no_fan(
    drawn: dict[tuple[str, str], list[Chart]],
) -> None:
    for chart in drawn["偶数市", "target_tracker"]:
        assert "q50" not in chart.table and chart.table["observed"].notna().all()
        assert "该年已结束，只有实测，没有预测" in _words([chart])
    assert "forecast_middle" not in drawn["偶数市", "bad_day_budget"][0].table


def test_what_rests_on_a_projection_is_refused_without_one(
    requests: dict[str, ReviewRequest],
) -> None:
    bare = replace(requests["换标市"], settings=None, projection=None)
    for name in ("target_tracker", "scoreboard"):
        with pytest.raises(UsageError, match=r"rests on a projection.*--no-forecast"):
            review_chart(name, bare)
    assert "q50" not in review_chart("bad_day_budget", bare)[0].table


def test_no_water_and_a_year_without_values_are_errors_with_a_cure(
    requests: dict[str, ReviewRequest],
) -> None:
    with pytest.raises(InputError, match="no water samples of 换标"):
        review_chart("section_tiles", requests["换标市"])
    for name in ("target_tracker", "aqi_calendar", "bad_day_budget"):
        with pytest.raises(InputError, match="Years with values: 2023 to 2026"):
            review_chart(name, replace(requests["换标市"], year=2030, projection=None))
