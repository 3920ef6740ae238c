"""Titles above a header, mappings beside the built-in layouts, and regions by the name of a file."""

from __future__ import annotations

import shutil
import sqlite3
from datetime import date
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from conftest import CityFiles

from forecast.errors import InputError
from forecast.ingest.detect import recognised
from forecast.ingest.files.containers import read_sheet
from forecast.ingest.mapping.load import mapped_layout, read_mapping
from forecast.ingest.own_layouts import ingest_mapped, map_file
from forecast.ingest.region_names import name_remark
from forecast.ingest.run import ingest_paths
from forecast.terminal_data import DataConsole
from forecast.workspace import Workspace

_TITLES = [
    "2016年甲市空气质量日报",
    "甲市空气质量日报,,,,,,,,单位:μg/m3,",
    "日报\n\n单位:μg/m3(CO为mg/m3)",
    "一\n二\n三\n四\n五",
    "环境空气质量,,,,,,,,,",
]


@pytest.mark.parametrize("title", _TITLES)
def test_titles_above_a_known_header(ws: Workspace, city: CityFiles, title: str) -> None:
    path = city()
    plain = ingest_paths(ws, [path], dry_run=True).read[0]
    path.write_text(f"{title}\n{path.read_text('utf-8')}", encoding="utf-8")
    for source in (None, "city_day_header"):
        (one,) = ingest_paths(ws, [path], dry_run=True, source=source).read
        assert (one.layout, one.rows_read, one.rows_kept) == ("city_day_header", 100, 100)
        assert one.quarantined == plain.quarantined == 0
    with pytest.raises(InputError, match="known layout city_day_header"):
        map_file(ws, path)


def test_a_merged_title_in_a_workbook(ws: Workspace, city: CityFiles, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.append(["2016年甲市空气质量"])
    page.merge_cells("A1:J1")
    page.append(list(city.header))
    for row in city.rows():
        page.append(row)
    book.save(tmp_path / "甲市.xlsx")
    (one,) = ingest_paths(ws, [tmp_path / "甲市.xlsx"]).read
    assert one.rows_read == 100
    rows = ws.store.read("air_daily")
    assert rows["row"].min() == 3


def test_a_title_that_says_another_unit_is_heard(ws: Workspace, city: CityFiles) -> None:
    path = city()
    path.write_text(f"单位:ppb\n{path.read_text('utf-8')}", encoding="utf-8")
    (one,) = ingest_paths(ws, [path]).refused
    assert "ppb" in one.reason and one.exit_code == 3


def test_a_layout_that_hears_no_units_takes_no_title_of_them(ws: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "甲站.csv"
    days = "".join(f"甲站,2020-01-{day:02d},{day + 10}\n" for day in range(1, 29))
    path.write_text(f"日流量\n站名,日期,流量(m3/s)\n{days}", encoding="utf-8")
    assert ingest_paths(ws, [path], dry_run=True).read[0].layout == "flow_daily"
    path.write_text(f"单位:L/s\n站名,日期,流量(m3/s)\n{days}", encoding="utf-8")
    (one,) = ingest_paths(ws, [path]).refused
    assert "says units" in one.reason and "row 1" in one.reason


def test_six_titles_or_a_row_of_values_are_no_titles(ws: Workspace, city: CityFiles) -> None:
    path = city()
    text = path.read_text("utf-8")
    for above in ("一\n二\n三\n四\n五\n六", "2016-01-01,12,,,,,,,,"):
        path.write_text(f"{above}\n{text}", encoding="utf-8")
        assert ingest_paths(ws, [path], dry_run=True).refused


def _own(city: CityFiles, more: str = "") -> str:
    header = ", ".join(f'"{name}"' for name in city.header)
    return (
        f'table = "air_daily"\n[match]\nheader = [{header}]\n{more}'
        '[time]\ncolumns = ["日期"]\n[items.pm25]\ncolumn = "PM2.5"\nunit = "µg/m³"\n'
    )


def test_a_mapping_does_not_take_files_from_a_built_in_layout(
    ws: Workspace, city: CityFiles
) -> None:
    path = city()
    (ws.root / "mappings").mkdir()
    mapping = ws.root / "mappings" / "own.toml"
    mapping.write_text(_own(city), encoding="utf-8")
    assert ingest_paths(ws, [path], dry_run=True).read[0].layout == "city_day_header"
    assert ingest_mapped(ws, [path], mapping, dry_run=True).read[0].layout == "mapping_own"
    mapping.write_text(_own(city, "header_line = 3\n"), encoding="utf-8")
    assert ingest_paths(ws, [path], dry_run=True).read[0].layout == "city_day_header"
    path.write_text(f"某单位\n某表\n{path.read_text('utf-8')}", encoding="utf-8")
    assert ingest_paths(ws, [path], dry_run=True).read[0].layout == "mapping_own"


def test_the_line_of_the_header_tells_two_mappings_apart(city: CityFiles) -> None:
    layouts = [
        mapped_layout(read_mapping(_own(city, more), name=name, where=name))
        for name, more in (("two", "header_line = 2\n"), ("four", "header_line = 4\n"))
    ]
    text = city.text(city.rows(20))
    for titles, wanted in (("一\n", "mapping_two"), ("一\n二\n三\n", "mapping_four")):
        sheet = read_sheet(Path("x.csv"), f"{titles}{text}".encode())
        assert recognised(sheet, layouts)[0].name == wanted


def test_a_proposal_says_in_which_line_the_header_stands(ws: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "甲市.csv"
    days = "".join(f"2020-01-{day:02d},{day + 10},{day + 30}\n" for day in range(1, 29))
    text = f"日期,PM2.5(µg/m³),PM10(µg/m³)\n{days}"
    path.write_text(f"自建站\n一季度\n{text}", encoding="utf-8")
    assert "header_line = 3" in map_file(ws, path, name="a").text
    path.write_text(text, encoding="utf-8")
    assert "header_line = " not in map_file(ws, path, name="b").text


def test_a_query_without_a_column_leaves_the_workspace_as_it_was(
    ws: Workspace, city: CityFiles, tmp_path: Path
) -> None:
    base = tmp_path / "readings.db"
    with sqlite3.connect(base) as connection:
        connection.execute("create table water (section text, city text, t text, codmn real)")
        connection.execute("insert into water values ('东桥', '甲市', '2023-01-05', 3.1)")
    connection.close()
    mapping = tmp_path / "db.toml"
    mapping.write_text(
        f'table = "water_samples"\n[database]\nurl = "sqlite:///{base.as_posix()}"\n'
        'query = "select section, city, t, codmn from water"\n[region]\ncolumn = "city"\n'
        '[place]\ncolumn = "section"\n[time]\ncolumns = ["t"]\n'
        '[items.codmn]\ncolumn = "codmn"\nunit = "mg/L"\n'
        '[items.nh3n]\ncolumn = "nh3n"\nunit = "mg/L"\n',
        encoding="utf-8",
    )
    with pytest.raises(InputError, match="no column nh3n"):
        ingest_mapped(ws, [], mapping)
    assert not list(ws.root.rglob("*db*.toml")) and not list(ws.raw.glob("mapping_db/*"))
    assert ingest_paths(ws, [city()]).read
    mapping.write_text(mapping.read_text("utf-8").split("[items.nh3n]")[0], encoding="utf-8")
    assert ingest_mapped(ws, [], mapping).read[0].new == 1
    assert ingest_paths(ws, [city(city.rows(seed=2), name="乙市.csv")]).read


@pytest.mark.parametrize(
    "name", ["甲市 (1)", "甲市2024", "汇总", "甲市【审核】", "副本甲市", "data"]
)
def test_names_that_may_be_no_region_are_questioned(
    ws: Workspace, city: CityFiles, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    report = ingest_paths(ws, [city(name=f"{name}.csv")])
    (one,) = report.read
    assert (one.region, one.region_of_name) == (name, True)
    assert one.remarks == (name_remark(name),)
    DataConsole("zh").ingest_report(report)
    said = capsys.readouterr().out.replace("\n", "")
    assert f"地区名取自文件名「{name}」;若不对,用 --region 重读" in said
    assert f"地区{name}(取自文件名)" in said


@pytest.mark.parametrize("name", ["甲市", "月湖区", "新建区", "Dongsi", "Dataville"])
def test_names_that_may_be_a_region_are_not(ws: Workspace, city: CityFiles, name: str) -> None:
    (one,) = ingest_paths(ws, [city(name=f"{name}.csv")]).read
    assert one.remarks == () and one.region == name


def test_a_given_region_is_not_questioned(ws: Workspace, city: CityFiles) -> None:
    (one,) = ingest_paths(ws, [city(name="汇总.csv")], region="甲市2").read
    assert (one.region, one.region_of_name, one.remarks) == ("甲市2", False, ())


def test_the_right_region_given_later_takes_the_place_of_the_doubtful_name(
    ws: Workspace, city: CityFiles
) -> None:
    path = city(name="汇总 (1).csv")
    ingest_paths(ws, [path], now=pd.Timestamp(2024, 3, 1, 9))
    (one,) = ingest_paths(ws, [path], region="甲市", now=pd.Timestamp(2024, 3, 2, 9)).read
    assert (one.new, one.withdrawn) == (700, 700)
    assert set(ws.store.air_daily()["region"]) == {"甲市"}
    assert set(ws.store.air_daily(date(2024, 3, 1))["region"]) == {"甲市", "汇总 (1)"}
    before = ws.store.fingerprint()
    assert not ingest_paths(ws, [ws.raw], now=pd.Timestamp(2024, 3, 3, 9)).refused
    shutil.rmtree(ws.processed)
    ingest_paths(ws, [ws.raw], now=pd.Timestamp(2024, 3, 4, 9))
    assert ws.store.fingerprint() == before


def test_two_regions_given_by_hand_for_one_content_both_stay(
    ws: Workspace, city: CityFiles
) -> None:
    path = city()
    ingest_paths(ws, [path], region="1号区", now=pd.Timestamp(2024, 3, 1, 9))
    (one,) = ingest_paths(ws, [path], region="2号区", now=pd.Timestamp(2024, 3, 2, 9)).read
    assert one.withdrawn == 0
    assert set(ws.store.air_daily()["region"]) == {"1号区", "2号区"}
