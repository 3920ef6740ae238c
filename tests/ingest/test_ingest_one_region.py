"""One region given by hand for several files: of two cities, of two years, of two versions."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pandas as pd
from raw_rebuild import rebuilt

from forecast.ingest import ingest_paths
from forecast.ingest.retry import refused_files
from forecast.workspace import Workspace

#: The writer of made files; its class lives with the fixtures.
Writer = Any

THEN = pd.Timestamp("2023-06-01 08:00")
LATER = pd.Timestamp("2023-07-01 08:00")


def test_files_of_two_cities_under_one_region_do_not_correct_each_other(
    ws: Workspace, city: Writer
) -> None:
    first = city(city.rows(20, seed=1), name="a.csv")
    second = city(city.rows(20, seed=2), name="b.csv")
    tried = ingest_paths(ws, [first.parent], region="丙市", dry_run=True, now=THEN)
    report = ingest_paths(ws, [first.parent], region="丙市", now=THEN)
    assert tried.exit_code == report.exit_code == 4
    assert [file.status for file in report.files] == ["read", "refused"]
    assert f"{second} and {first} give different values for " in report.message
    assert "can't both be 丙市" in report.message
    # The same command again does not let it in by the back door.
    again = ingest_paths(ws, [first.parent], region="丙市", now=LATER)
    assert [file.status for file in again.files] == ["already_read", "refused"]
    assert f"{second} and {first}" in again.message
    assert refused_files(ws)["path"].tolist() == [str(second.resolve())]
    values = ws.store.air_daily()
    assert set(values["known_from"].dt.year) == {2016}
    # Each under its own name they are both taken in.
    assert ingest_paths(ws, [second], region="丁市", now=LATER).exit_code == 0
    assert refused_files(ws).empty


def test_a_later_file_of_the_same_region_is_a_correction(ws: Workspace, city: Writer) -> None:
    """A file of other days, or one of few other values in a later command, is of the same place."""
    rows = city.rows(40)
    first, second = city(rows[:20], name="a.csv"), city(rows[20:], name="b.csv")
    report = ingest_paths(ws, [first, second], region="丙市", now=THEN)
    assert (report.exit_code, report.total("corrected")) == (0, 0)
    rows[3][3] = "99"
    city(rows[:25], name="c.csv")
    later = ingest_paths(ws, [first.parent], region="丙市", now=LATER)
    assert [file.status for file in later.files] == ["already_read", "already_read", "read"]
    assert later.total("corrected") == 1
    # By itself a file may correct every value of an earlier one.
    whole = city(city.rows(20, seed=2), name="d.csv")
    alone = ingest_paths(ws, [whole], region="丙市", now=pd.Timestamp("2023-08-01"))
    assert (alone.exit_code, alone.total("corrected") > 100) == (0, True)
    before, after = rebuilt(ws)
    assert before == after


def zipped(city: Writer, path: Path, **seeds: int) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, seed in seeds.items():
            archive.writestr(f"{name}.csv", city.text(city.rows(20, seed=seed)))
    return path


def test_an_archive_of_cities_and_a_region_given(
    ws: Workspace, city: Writer, tmp_path: Path
) -> None:
    archive = zipped(city, tmp_path / "省.zip", 甲市=1, 乙市=2)
    report = ingest_paths(ws, [archive], region="丙市", now=THEN)
    # The second city would pass for a correction of the first.
    assert report.exit_code == 4
    assert "can't both be 丙市" in report.message
    assert report.total("corrected") == 0
    fresh = Workspace.create(tmp_path / "fresh")
    assert ingest_paths(fresh, [archive], now=THEN).exit_code == 0
    assert set(fresh.store.air_daily()["region"]) == {"甲市", "乙市"}
    assert rebuilt(fresh)[0] == rebuilt(fresh)[1]


def test_an_archive_of_one_city_and_its_region(ws: Workspace, city: Writer, tmp_path: Path) -> None:
    archive = tmp_path / "导出.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        for year in (2016, 2017):
            rows = city.rows(20, start=pd.Timestamp(year, 1, 1).date(), seed=year)
            packed.writestr(f"{year}年.csv", city.text(rows))
    assert ingest_paths(ws, [archive], region="甲市", now=THEN).exit_code == 0
    assert set(ws.store.air_daily()["region"]) == {"甲市"}
    before, after = rebuilt(ws)
    assert before == after
    assert set(ws.store.air_daily()["region"]) == {"甲市"}
