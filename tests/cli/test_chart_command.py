"""The command ``forecast chart`` as a process, and the same from Python."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from forecast.api import Workspace
from forecast.errors import InputError, UsageError
from forecast.report.review_figures import REVIEW_CHARTS

Run = Callable[..., subprocess.CompletedProcess[str]]


def test_the_list_names_every_chart(forecast_command: Run) -> None:
    done = forecast_command("chart", "--list")
    assert done.returncode == 0
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(REVIEW_CHARTS)
    rows = json.loads(forecast_command("chart", "--list", "--json").stdout)
    assert [r["name"] for r in rows] == list(REVIEW_CHARTS)


def test_one_chart_in_three_formats_with_its_table(
    forecast_command: Run, plain_sample: Workspace, tmp_path: Path
) -> None:
    done = forecast_command(
        "chart", "level_shares", "--region", "衡水市", "--year", "2024", "--format", "png,svg,pdf",
        "--lang", "en", "--out", tmp_path / "out", "--workspace", plain_sample.root, "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    (told,) = json.loads(done.stdout)["charts"]
    assert told["title_en"] == "衡水: AQI levels and leading pollutants 2024"
    names = [Path(f).name for f in told["files"]]
    assert names == [f"level_shares-衡水-2024.{e}" for e in ("png", "svg", "pdf", "csv")]
    assert (tmp_path / "out" / names[0]).read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "out" / names[2]).read_bytes().startswith(b"%PDF")
    table = pd.read_csv(tmp_path / "out" / names[3])
    year = table[table["kind"] == "year"].iloc[0]
    assert year["valid_days"] == 366
    assessed = plain_sample.assess(year=2024).table.set_index("indicator")["value"]
    assert year["days_level_1"] + year["days_level_2"] == assessed["good_days"]
    assert year["days_level_5"] + year["days_level_6"] == assessed["heavy_days"]


def test_the_region_and_the_year_need_not_be_given(
    forecast_command: Run, plain_sample: Workspace
) -> None:
    done = forecast_command(
        "chart", "bad_day_budget", "--workspace", plain_sample.root, "--format", "svg",
        "--lang", "zh",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "衡水 2025年污染天预算"
    table = pd.read_csv(plain_sample.root / "charts" / "bad_day_budget-衡水-2025.csv")
    # 75 % of 365 days needs 274 good ones.
    used = int((table["status"] == "bad").sum())
    assert table.loc[180, "left"] == 91 - used and len(table) == 365


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["pie"], 2, "no chart called pie. Charts: target_tracker, scoreboard"),
        ([], 2, "No chart is named. Charts: target_tracker"),
        (["annual_trend", "--region", "石家庄"], 1, "Regions with readings: 衡水"),
        (["annual_trend", "--year", "2012"], 1, "Years with values: 2015 to 2025"),
        (["section_tiles", "--year", "2012"], 1, "Years with samples:"),
        (["annual_trend", "--year", "12"], 2, "not a year of readings"),
        (["annual_trend", "--format", "gif"], 2, "one or more of png, svg and pdf"),
        (["annual_trend", "--lang", "fr"], 2, "Use zh, en or both"),
        (["annual_trend", "--target", "80"], 2, "no meaning for annual_trend"),
        (["bad_day_budget", "--target", "180"], 2, "not a ratio of days"),
        (["annual_trend", "--standard", "GB 1"], 2, "not a version of a standard"),
    ],
)
def test_errors_name_what_there_is(
    forecast_command: Run, made_sample: Path, arguments: list[str], code: int, said: str
) -> None:
    done = forecast_command("chart", "--lang", "en", *arguments, "--workspace", made_sample)
    assert done.returncode == code, done.stderr
    assert said in done.stderr and "Traceback" not in done.stderr
    assert not (made_sample / "charts").exists()


@pytest.fixture(scope="module")
def made_sample(made_plain: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample, projected by fewer paths."""
    root = Path(shutil.copytree(made_plain, tmp_path_factory.mktemp("charts") / "W"))
    config = root / "forecast.toml"
    text = config.read_text(encoding="utf-8")
    assert "paths = 2000 " in text
    config.write_text(text.replace("paths = 2000 ", "paths = 300 "), encoding="utf-8")
    return root


#: The sample has no weather.
_OF_THE_SAMPLE = [n for n in REVIEW_CHARTS if n != "weather_normalised"]


@pytest.mark.parametrize("name", _OF_THE_SAMPLE)
def test_every_chart_of_the_sample_says_that_it_is_made(made_sample: Path, name: str) -> None:
    ahead = name in ("target_tracker", "scoreboard")
    charts = Workspace(made_sample).chart(name, region="衡水", year=2025, lang="en", forecast=ahead)
    assert len(charts) == (2 if name == "target_tracker" else 1)
    for chart in charts:
        words = {t.get_text() for t in chart.figure.texts}
        assert any("not measurements" in text for text in words)
        assert not chart.table.empty


def test_charts_that_look_ahead_agree_with_each_other(made_sample: Path) -> None:
    """A ratio q at the year's end is 365 (1 - q) bad days: the fan and the budget say the same."""
    opened = Workspace(made_sample)
    ratio, mean = opened.chart("target_tracker", year=2025)
    (budget,) = opened.chart("bad_day_budget", year=2025)
    end = ratio.table.iloc[-1]
    left = budget.table.iloc[-1]
    # 75 % of 365 days leaves 91 bad ones.
    for ahead, quantile in (("low", "q10"), ("middle", "q50"), ("high", "q90")):
        assert left[f"forecast_{ahead}"] == pytest.approx(91 - 3.65 * (100 - end[quantile]))
    assert ratio.table["target_1"].iloc[0] == 75 and mean.table["target_1"].iloc[0] == 37
    (plain,) = opened.chart("bad_day_budget", year=2025, forecast=False)
    assert "forecast_middle" not in plain.table
    past = opened.chart("target_tracker", year=2024)[0]
    assert "q50" not in past.table
    assessed = opened.assess(year=2024).table.set_index("indicator")["value"]
    assert past.table["observed"].iloc[-1] == pytest.approx(assessed["good_day_ratio"])


def test_annual_values_and_ranks_are_those_of_the_assessment(made_sample: Path) -> None:
    """Another way to the same numbers: the command ``assess``, year by year."""
    opened = Workspace(made_sample)
    table = opened.chart("annual_trend", year=2024)[0].table
    for year in (2015, 2020, 2024):
        assessed = opened.assess(year=year).table.set_index("indicator")
        own = table[table["year"] == year].set_index("indicator")
        for name in own.index:
            assert own.loc[name, "value"] == assessed.loc[name, "value_official"]
    row = opened.chart("city_ranking", year=2024)[0].table.iloc[0]
    assert row["index"] == assessed.loc["composite_index", "value_official"]
    assert row["good"] == assessed.loc["good_day_ratio", "value_official"]
    assert row["heavy"] == assessed.loc["heavy_days", "value"]


def test_the_gallery_has_every_chart_small_and_as_generated() -> None:
    docs = Path(__file__).parents[2] / "docs"
    page = (docs / "gallery.md").read_text(encoding="utf-8")
    assert "The sample is generated" in page
    for name in REVIEW_CHARTS:
        picture = docs / "images" / "review" / f"{name}.png"
        assert f"images/review/{name}.png" in page and f"`{name}`" in page
        assert picture.stat().st_size < 150_000


def test_python_gets_the_same_errors(made_sample: Path) -> None:
    opened = Workspace(made_sample)
    with pytest.raises(UsageError, match="no chart called"):
        opened.chart("pie")
    with pytest.raises(UsageError, match="language"):
        opened.chart("annual_trend", lang="fr")
    with pytest.raises(InputError, match="2015 to 2025"):
        opened.chart("city_ranking", year=2011)


def test_a_workspace_without_readings_says_so(forecast_command: Run, tmp_path: Path) -> None:
    Workspace.create(tmp_path / "W")
    done = forecast_command("chart", "annual_trend", "--workspace", tmp_path / "W")
    assert done.returncode == 1 and "forecast ingest" in done.stderr


def test_fifteen_real_cities(made_cities: Path) -> None:
    """Ranks of 2016 from real days: 厦门 first, 北京 without a rank (PM10 missing on 37 days)."""
    opened = Workspace(made_cities)
    with pytest.raises(UsageError, match="Name one with --region: 上海"):
        opened.chart("level_shares", year=2016)
    (chart,) = opened.chart("city_ranking", region="北京", year=2016)
    table = chart.table.set_index("place")
    assert table.index[0] == "厦门" and table.loc["北京", "rank"] == 0
    assert table["rank"].tolist() == [*range(1, 15), 0]
    assert bool(table.loc["北京", "highlighted"])
    (chart,) = opened.chart("level_shares", region="北京", year=2016)
    row = chart.table[chart.table["kind"] == "year"].iloc[0]
    # 339 to 366 days with all six items; every month's shares add up.
    assert row["valid_days"] + row["missing_days"] == 366
    parts = chart.table[[f"share_level_{k}" for k in range(1, 7)]].sum(axis=1)
    assert parts.round(9).eq(100.0).all()
    (chart,) = opened.chart("bad_day_budget", region="北京", year=2016, target=60.0)
    assert "left" in chart.table


def test_hours_and_stations_of_a_real_city(real_data: Path, tmp_path: Path) -> None:
    """Two Beijing stations: ozone is highest in the afternoon, and each station has its bar."""
    folder = real_data / "air" / "beijing_station_hourly_met"
    opened = Workspace.create(tmp_path / "W")
    of_one_year = []
    for name in ("Dongsi.csv.gz", "Guanyuan.csv.gz"):
        with gzip.open(folder / name, "rt", encoding="utf-8") as lines:
            kept = [
                next(lines),
                *(line for line in lines if line.split(",")[1].startswith("2016")),
            ]
        assert len(kept) == 1 + 366 * 24
        of_one_year.append(tmp_path / name)
        of_one_year[-1].write_bytes(gzip.compress("".join(kept).encode()))
    opened.ingest(of_one_year)
    (chart,) = opened.chart("time_variation", year=2016)
    table = chart.table
    ozone = table[(table["cycle"] == "hour") & (table["item"] == "O3 hourly")]
    now = ozone[ozone["period"] == "2016"].set_index("group")["mean"]
    assert 14 <= now.idxmax() <= 17 and 4 <= now.idxmin() <= 9
    assert (ozone["lower"] < ozone["mean"]).all() and (ozone["mean"] < ozone["upper"]).all()
    (chart,) = opened.chart("level_shares", year=2016)
    places = chart.table[chart.table["kind"] == "place"]
    assert sorted(places["label"]) == ["Dongsi", "Guanyuan"]
    assert (places["valid_days"] + places["missing_days"] == 366).all()
    (chart,) = opened.chart("city_ranking", year=2016)
    assert sorted(chart.table["place"]) == ["Dongsi", "Guanyuan"]
