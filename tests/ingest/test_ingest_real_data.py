"""The layouts as published, where the collection of public records is at hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.ingest import IngestReport, coverage, ingest_paths
from forecast.ingest.detect import detect
from forecast.workspace import Workspace

DATA = Path(__file__).parents[3] / "shared" / "data"

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the public records are not at hand")


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Workspace, list[IngestReport]]:
    ws = Workspace.create(tmp_path_factory.mktemp("real") / "w")
    sources = [
        DATA / "air" / "city_daily_o3_8h",
        DATA / "air" / "city_daily_headerless" / "衡水.csv",
        DATA / "water" / "weekly_sections_2012_2018.csv.gz",
    ]
    return ws, [ingest_paths(ws, [path]) for path in sources]


def test_everything_is_read(loaded: tuple[Workspace, list[IngestReport]]) -> None:
    _, reports = loaded
    assert [report.exit_code for report in reports] == [0, 0, 0]
    assert [len(report.read) for report in reports] == [15, 1, 1]
    air, _, water = reports
    assert air.total("quarantined") == 0
    # One day (2016-09-06) has no value at all in Beijing, and PM10 lacks on 36 more.
    assert air.total("rows_read") - air.total("rows_kept") == 1
    assert air.total("missing") == 37 + 6
    # Bulletins of 2012 and 2017 have an order and no date.
    set_aside = pd.read_csv(water.files[0].quarantine)
    undated = set_aside["reason"].str.startswith("no date")
    assert undated.sum() == 1785 + 1852
    assert water.total("rows_read") == 15901
    # Fewer than one in a hundred dated bulletins find no week of their own.
    assert (~undated).sum() < 0.01 * (15901 - undated.sum())


def test_values_are_the_sources_own(loaded: tuple[Workspace, list[IngestReport]]) -> None:
    ws, _ = loaded
    source = pd.read_csv(DATA / "air" / "city_daily_o3_8h" / "北京.csv", parse_dates=["日期"])
    air = ws.store.air_daily(regions=["北京"])
    wide = air.pivot_table(index="date", columns="item", values="value")
    names = {"pm25": "PM2.5", "pm10": "PM10", "so2": "SO2", "no2": "NO2", "co": "CO",
             "o3_8h": "O3_8h", "aqi_published": "AQI"}  # fmt: skip
    for item, column in names.items():
        expected = source.set_index("日期")[column].replace(0, np.nan).dropna()
        pd.testing.assert_series_equal(
            wide[item].dropna(), expected.astype(float), check_names=False, check_dtype=False,
            check_index_type=False, check_freq=False,
        )  # fmt: skip


def test_sixty_one_sections_and_their_waters(
    loaded: tuple[Workspace, list[IngestReport]],
) -> None:
    ws, _ = loaded
    water = ws.store.water_samples()
    # One of the 61 has a single bulletin, of 2017, without a date: it is known as a place only.
    assert water["place"].nunique() == 60
    sites = ws.store.read("sites").query("place_kind == 'section'")
    assert set(sites["place"]) - set(water["place"]) == {"新疆伊犁63团大桥"}
    assert len(sites) == 61
    assert len(water[["place", "water_type"]].drop_duplicates()) == 60
    lakes = set(water[water["water_type"] == "lake"]["place"])
    assert {"合肥湖滨", "云南昆明观音山", "江苏宜兴兰山嘴", "辽宁抚顺大伙房水库"} <= lakes
    assert "吉林溪浪口" not in lakes
    zeros = water[water["value"] == 0]
    assert zeros["censored"].all()
    assert set(zeros["item"]) == {"codmn", "nh3n"}


def test_headerless_ozone_is_the_hourly_maximum(
    loaded: tuple[Workspace, list[IngestReport]],
) -> None:
    ws, _ = loaded
    items = set(ws.store.air_daily(regions=["衡水"])["item"])
    assert "o3_1h" in items
    assert not items & {"o3_8h", "aqi_published"}


def test_coverage_of_the_header_set(loaded: tuple[Workspace, list[IngestReport]]) -> None:
    ws, _ = loaded
    table = coverage(ws).query("domain == 'air' and item == 'pm25'").set_index("region")
    assert len(table) == 16
    assert table.loc["上海", "2016"] == 366


def test_a_shifted_header_is_read_as_what_its_values_are(tmp_path: Path) -> None:
    """The column called PM10 holds PM2.5 of Beijing, and O3 is lost."""
    ws = Workspace.create(tmp_path / "w")
    report = ingest_paths(ws, [DATA / "air" / "shifted_header" / "北京.csv"])
    assert report.exit_code == 0
    rows = ws.store.air_daily()
    assert set(rows["item"]) == {"aqi_published", "pm25", "pm10", "so2", "no2", "co"}
    first = rows[rows["date"] == pd.Timestamp("2025-01-02")].set_index("item")["value"]
    assert first[["pm25", "pm10", "so2", "no2", "co"]].tolist() == [9, 21, 2, 16, 0.30]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("air/city_daily_long_2013_2020.csv.gz", "long_tidy"),
        ("water/section_readings_2020_2021.csv.gz", "section_readings"),
    ],
)
def test_large_tables_are_read_whole(tmp_path: Path, path: str, name: str) -> None:
    assert detect(DATA / path).name == name
    ws = Workspace.create(tmp_path / "w")
    report = ingest_paths(ws, [DATA / path], dry_run=True)
    assert report.exit_code == 0
    file = report.files[0]
    assert file.layout == name
    assert file.rows_kept + file.quarantined >= file.rows_read
    # 67 rows of stopped stations, and one chlorophyll that no lake has.
    assert file.quarantined == {"long_tidy": 0, "section_readings": 68}[name]
