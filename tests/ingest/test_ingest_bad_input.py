"""What a bureau really hands in: each fault alone, with what stays, what goes, and the exit code."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from forecast.errors import UsageError
from forecast.ingest import IngestReport, ingest_paths
from forecast.workspace import Workspace

#: The writer of made files; its class lives with the fixtures.
Writer = Any


def set_aside(report: IngestReport) -> pd.DataFrame:
    path = report.files[0].quarantine
    assert path is not None
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def on(ws: Workspace, day: str) -> pd.DataFrame:
    air = ws.store.air_daily()
    return air[air["date"] == pd.Timestamp(day)]


def nothing_stored(ws: Workspace) -> bool:
    return ws.store.files().empty and ws.store.air_daily().empty and not any(ws.raw.rglob("*.csv"))


def one_sentence(report: IngestReport) -> bool:
    return bool(report.message) and "\n" not in report.message


def test_no_file(ws: Workspace, tmp_path: Path) -> None:
    report = ingest_paths(ws, [tmp_path / "none.csv"])
    assert report.exit_code == 1
    assert "does not exist" in report.message
    assert one_sentence(report)


def test_empty_folder(ws: Workspace, tmp_path: Path) -> None:
    (tmp_path / "leer").mkdir()
    report = ingest_paths(ws, [tmp_path / "leer"])
    assert report.exit_code == 1
    assert one_sentence(report)


@pytest.mark.parametrize("content", [b"", b"\n\n  \n", b"\xef\xbb\xbf", b",,,\n"])
def test_empty_file(ws: Workspace, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    report = ingest_paths(ws, [path])
    assert report.exit_code == 1
    assert "is empty" in report.message


def test_header_alone(ws: Workspace, city: Writer) -> None:
    report = ingest_paths(ws, [city([])])
    assert report.exit_code == 1
    assert "no rows" in report.message
    assert nothing_stored(ws)


@pytest.mark.parametrize(
    "content",
    [b"\x00\x01\x02binary\x00" * 50, b"\x1f\x8bbroken gzip", b"\xff" * 100, b"PK\x03\x04no book"],
)
def test_one_unreadable_file_among_good_ones(ws: Workspace, city: Writer, content: bytes) -> None:
    good = city(name="好.csv")
    bad = good.parent / "坏.csv"
    bad.write_bytes(content)
    report = ingest_paths(ws, [good.parent])
    assert report.exit_code == 4
    assert [file.path.name for file in report.read] == ["好.csv"]
    assert [file.path.name for file in report.refused] == ["坏.csv"]
    assert "坏.csv" in report.message
    assert set(ws.store.air_daily()["region"]) == {"好"}
    assert ingest_paths(ws, [bad]).exit_code == 1


def test_broken_workbook(ws: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"PK\x03\x04nothing")
    report = ingest_paths(ws, [path])
    assert report.exit_code == 1
    assert "XLSX" in report.message


def test_files_that_are_no_tables_are_passed_over(ws: Workspace, city: Writer) -> None:
    folder = city().parent
    (folder / "README.md").write_text("x", encoding="utf-8")
    (folder / "说明.txt").write_text("一段说明。\n", encoding="utf-8")
    (folder / ".hidden.csv").write_text("x", encoding="utf-8")
    (folder / "~$open.xlsx").write_bytes(b"x")
    report = ingest_paths(ws, [folder])
    assert report.exit_code == 0
    assert {path.name for path, _ in report.skipped} == {
        "README.md", "说明.txt", ".hidden.csv", "~$open.xlsx",
    }  # fmt: skip


def test_header_shifted_by_one_column(ws: Workspace, city: Writer) -> None:
    """Rank under PM2.5, PM2.5 under PM10, …, SO2 under CO, CO under O3: nothing is taken."""
    header = ("日期", "质量等级", "AQI", "PM2.5", "PM10", "SO2", "NO2", "CO", "O3", "城市")
    rows = [
        [r[0], r[2], r[1], r[9], r[3], r[4], r[7], r[5], r[6], "甲"] for r in city.rows(120)
    ]  # fmt: skip
    report = ingest_paths(ws, [city(rows, header=header)])
    assert report.exit_code == 3
    assert "shifted" in report.message
    assert "column" in report.message
    assert nothing_stored(ws)


def test_contradiction_among_good_files_is_done_in_part(ws: Workspace, city: Writer) -> None:
    rows = city.rows()
    good = city(rows, name="a.csv")
    city([[*r[:6], str(int(float(r[6]) * 1000)), *r[7:]] for r in rows], name="b.csv")
    report = ingest_paths(ws, [good.parent])
    assert report.exit_code == 4
    assert report.refused[0].exit_code == 3


@pytest.mark.parametrize(
    ("column", "change", "said"),
    [
        (6, lambda v: f"{float(v) * 1000:.0f}", "CO"),
        (6, lambda v: "1" if float(v) < 1.5 else "2", "CO"),
        (3, lambda v: f"{float(v) / 1000:.4f}", "PM2.5"),
        (4, lambda v: f"{float(v) / 1000:.4f}", "PM10"),
        (8, lambda v: "0.8", "O3_8h"),
        (5, lambda v: f"{float(v) * 1000:.0f}", "SO2"),
        (3, lambda v: f"{float(v) * 10:.0f}", "PM10 is below PM2.5"),
    ],
)
def test_a_column_that_contradicts_its_header(
    ws: Workspace, city: Writer, column: int, change: Callable[[str], str], said: str
) -> None:
    rows = city.rows(200)
    for row in rows:
        row[column] = change(row[column])
    report = ingest_paths(ws, [city(rows)])
    assert report.exit_code == 3
    assert said in report.message
    assert report.refused[0].cure
    assert one_sentence(report)
    assert nothing_stored(ws)


def test_one_wrong_quarter_among_right_ones_is_found(ws: Workspace, city: Writer) -> None:
    rows = city.rows(800)
    for row in rows[400:600]:
        row[8] = "0.8"
    assert ingest_paths(ws, [city(rows)]).exit_code == 3


@pytest.mark.parametrize("day", ["2015-02-30", "2015-13-01", "2015-00-10", "yesterday", "", "1915-01-01", "3015-01-01", "2015-1"])  # fmt: skip
def test_a_date_that_does_not_exist(ws: Workspace, city: Writer, day: str) -> None:
    rows = city.rows(10)
    rows[4][0] = day
    report = ingest_paths(ws, [city(rows)])
    assert report.exit_code == 0
    table = set_aside(report)
    assert table[["row", "column", "value"]].to_numpy().tolist() == [["6", "日期", day]]
    assert table["file"].tolist() == ["甲市.csv"]
    assert report.files[0].rows_kept == 9


def test_an_unreadable_number_sets_its_row_aside(ws: Workspace, city: Writer) -> None:
    rows = city.rows(10)
    rows[2][5] = "l2"
    report = ingest_paths(ws, [city(rows)])
    assert set_aside(report)["value"].tolist() == ["l2"]
    assert "2016-01-03" not in set(ws.store.air_daily()["date"].astype(str))


@pytest.mark.parametrize(
    "cell", ["1,234", "1_0", "0x1A", "inf", "1e999", "True", "12 µg", "+-3", "1e", "²"]
)
def test_what_is_no_number_is_never_read_as_one(ws: Workspace, city: Writer, cell: str) -> None:
    rows = city.rows(3)
    rows[0][3] = f'"{cell}"'
    report = ingest_paths(ws, [city(rows)])
    assert len(ws.store.air_daily().query("item == 'pm25'")) == 2
    assert report.files[0].quarantined == 1


@pytest.mark.parametrize("value", ["-5", "99999", "1e30"])
def test_an_absurd_value_goes_alone(ws: Workspace, city: Writer, value: str) -> None:
    rows = city.rows(10)
    rows[7][3] = value
    report = ingest_paths(ws, [city(rows)])
    assert report.exit_code == 0
    table = set_aside(report)
    assert table["column"].tolist() == ["PM2.5"]
    assert table["row"].tolist() == ["9"]
    day = on(ws, "2016-01-08")
    assert "pm25" not in set(day["item"])
    assert len(day) == 6


def test_a_duplicate_day_with_another_value(ws: Workspace, city: Writer) -> None:
    rows = city.rows(10)
    other = [rows[3][0], *rows[4][1:]]
    report = ingest_paths(ws, [city([*rows, other])])
    assert report.exit_code == 0
    table = set_aside(report)
    assert table["row"].tolist() == ["12"]
    assert "the first is row 5" in table["reason"].iloc[0]
    day = on(ws, "2016-01-04")
    assert set(day["flag"]) == {"conflicting"}
    assert day.set_index("item").loc["pm25", "value"] == float(rows[3][3])
    assert report.files[0].flagged == 7


def test_a_duplicate_day_with_the_same_values_is_counted(ws: Workspace, city: Writer) -> None:
    rows = city.rows(10)
    report = ingest_paths(ws, [city([*rows, rows[3], rows[3]])])
    assert report.files[0].duplicates == 2
    assert report.files[0].quarantined == 0
    assert set(ws.store.air_daily()["flag"]) == {""}


def test_a_lone_spike_is_kept_and_flagged(ws: Workspace, city: Writer) -> None:
    rows = city.rows(20)
    rows[9][4] = "2500"
    report = ingest_paths(ws, [city(rows)])
    assert report.files[0].flagged == 1
    spike = ws.store.air_daily().query("flag == 'suspect_spike'")
    assert spike[["item", "value"]].to_numpy().tolist() == [["pm10", 2500]]


def test_a_row_with_too_few_fields(ws: Workspace, city: Writer) -> None:
    rows: list[list[str]] = city.rows(10)
    rows[9] = rows[9][:4]
    report = ingest_paths(ws, [city(rows)])
    assert report.files[0].rows_read == 10
    assert "4 fields" in set_aside(report)["reason"].iloc[0]


def test_a_file_without_one_usable_row(ws: Workspace, city: Writer) -> None:
    rows = city.rows(3)
    for row in rows:
        row[0] = "2015-02-31"
    report = ingest_paths(ws, [city(rows)])
    assert report.exit_code == 1
    assert "row 2, column 日期: this date does not exist" in report.message
    assert nothing_stored(ws)
    assert len(set_aside(report)) == 3


def test_two_columns_of_one_name(ws: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("city,date,pm25,pm25\n甲,2016-01-01,1,2\n", encoding="utf-8")
    assert ingest_paths(ws, [path]).exit_code == 1


def test_a_blank_region_is_wrong_usage(ws: Workspace, city: Writer) -> None:
    with pytest.raises(UsageError):
        ingest_paths(ws, [city()], region=" ")


def test_region_for_a_file_that_names_its_own(ws: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("city,date,pm25,pm10\n甲,2016-01-01,10,20\n", encoding="utf-8")
    report = ingest_paths(ws, [path], region="乙")
    assert report.exit_code == 1
    assert "--region" in report.message


def test_any_damage_to_a_file_ends_in_a_report(ws: Workspace, city: Writer) -> None:
    """Random cuts, swaps and foreign bytes: a refusal or a quarantine, never another error."""
    rng = random.Random(7)
    text = city.text(city.rows(40), city.header)
    path = city()
    for _ in range(30):
        data = bytearray(text.encode())
        for _ in range(rng.randint(1, 6)):
            at = rng.randrange(len(data))
            kind = rng.randrange(3)
            if kind == 0:
                data[at] = rng.randrange(256)
            elif kind == 1:
                del data[at : at + rng.randint(1, 40)]
            else:
                data[at:at] = rng.choice([b",", b"\n", b'"', b"\x00", b"-", "湖".encode(), b"\r"])
        path.write_bytes(bytes(data))
        report = ingest_paths(ws, [path], dry_run=True)
        assert report.exit_code in {0, 1, 3}
        assert nothing_stored(ws)
