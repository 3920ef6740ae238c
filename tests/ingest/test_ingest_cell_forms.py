"""Forms of cells and names that mean another day, another year, or nothing at all."""

from __future__ import annotations

import io
import sqlite3
from datetime import date, datetime, timedelta
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from forecast.errors import ContradictionError, ForecastError, InputError
from forecast.ingest import ingest_paths
from forecast.ingest.detect import layout_of
from forecast.ingest.files.cells import numbers, times
from forecast.ingest.files.containers import read_sheet
from forecast.ingest.files.file_dates import period_named
from forecast.ingest.files.sheet import Sheet
from forecast.ingest.mapping.cells import moments_by_format
from forecast.ingest.mapping.database import read_query
from forecast.ingest.mapping.load import read_mapping
from forecast.ingest.mapping.propose import propose
from forecast.ingest.mapping.rows import read_mapped
from forecast.ingest.not_yet import without_days_to_come
from forecast.ingest.parsed import Layout, Notes, Parsed, Request
from forecast.ingest.readers.checks import check_ranges_hold
from forecast.workspace import Workspace

HEADER = ["日期", "AQI", "质量等级", "PM2.5", "PM10", "SO2", "CO", "NO2", "O3_8h", "排名"]
DAYS = [date(2016, 1, 1) + timedelta(days=at) for at in range(30)]


def text(days: list[str], header: list[str] = HEADER) -> bytes:
    lines = [f"{day},80,良,{50 + at},{80 + at},{9 + at},0.6,40,60,3" for at, day in enumerate(days)]
    return "\n".join([",".join(header), *lines, ""]).encode("utf-8")


def parsed(data: bytes, name: str = "甲市.csv") -> Parsed:
    sheet = read_sheet(Path(name), data)
    return layout_of(sheet).parse(sheet, Request("甲市", 2030))


def stored_days(found: Parsed) -> list[date]:
    return sorted(pd.to_datetime(found.tables["air_daily"]["date"]).dt.date.unique())


@pytest.mark.parametrize("end", [" 24:00", " 24:00:00", " 24时"])
def test_a_day_stamped_24_is_the_day_that_ends(end: str) -> None:
    assert stored_days(parsed(text([f"{day}{end}" for day in DAYS]))) == DAYS
    mapped = propose(
        read_sheet(Path("甲.csv"), text([f"{d}{end}" for d in DAYS], ["监测日期", *HEADER[1:]]))
    )
    assert mapped.mapping.table == "air_daily"
    assert mapped.preview["date"].iloc[0] == pd.Timestamp(2016, 1, 1)
    # An hour so stamped ends at the next day's midnight.
    hour = times(pd.Series([f"2016-01-31{end}"]), last_year=2030)[0]
    assert hour[0] == pd.Timestamp(2016, 2, 1)


def test_hour_24_in_columns_of_its_own() -> None:
    lines = [f"2024,1,{d},{h},甲站,{d * 10 + h % 7}" for d in (1, 2, 24) for h in range(1, 25)]
    data = "\n".join(["年,月,日,时,监测点,PM2.5(ug/m3)", *lines, ""]).encode("utf-8")
    proposal = propose(read_sheet(Path("甲市.csv"), data))
    # An hour 24 shows that stamps are ends of hours, so nothing has to be asked.
    assert proposal.mapping.time.hour_label == "end" and proposal.mapping.confirmed
    rows = read_mapped(
        proposal.mapping, read_sheet(Path("甲市.csv"), data), Request("甲市", 2030)
    ).tables["air_hourly"]
    assert len(rows) == 72
    assert {pd.Timestamp(2024, 1, d) for d in (2, 3, 25)} <= set(rows["time"])
    odd = moments_by_format(pd.Series(["2024 1 2 24:30", "2024 1 2 25:00"]), "%Y %m %d %H:%M", 2030)
    assert odd[0].astype(str).tolist() == ["NaT", "NaT"]


def test_long_cells_cost_no_time_and_are_shown_short() -> None:
    # Half a million digits took minutes when each could begin the number anew.
    cell = "9" * 500_000 + "x"
    assert numbers(pd.Series([cell, "1,5" + "0" * 200_000]), decimal_comma=True).bad.all()
    assert times(pd.Series([cell]), last_year=2030)[1].tolist() == ["not a date"]
    days = text([str(day) for day in DAYS])
    found = parsed(days + f"2016-02-01,{cell[-100_001:]},良,1,2,3,4,5,6,7\n".encode())
    shown = found.notes.quarantine()["value"]
    assert len(shown) == 1 and len(shown[0]) < 230
    assert shown[0].endswith("… (100001 signs)")
    with pytest.raises(InputError, match="line 32: not readable as a table"):
        parsed(days + f"2016-02-01,{cell},良,1,2,3,4,5,6,7\n".encode())


def midnight(day: date) -> datetime:
    return datetime.fromisoformat(day.isoformat())


def workbook(rows: list[list[object]], *, early: bool = False) -> bytes:
    book = openpyxl.Workbook()
    if early:
        book.epoch = midnight(date(1904, 1, 1))
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def book_rows(first: list[object]) -> list[list[object]]:
    return [list(HEADER)] + [
        [day, 80, "良", 50 + at, 80 + at, 9 + at, 0.6, 40, 60, 3] for at, day in enumerate(first)
    ]


def test_formulas_without_a_result_and_errors_of_excel_are_said() -> None:
    rows = book_rows([midnight(d) for d in DAYS])
    rows[3][3], rows[4][3], rows[5][3] = "=E4-10", "#N/A", "#DIV/0!"
    found = parsed(workbook(rows), "甲市.xlsx")
    aside = found.notes.quarantine()
    assert aside["row"].tolist() == [4, 5, 6]
    assert aside["value"].tolist() == ["=E4-10", "#N/A", "#DIV/0!"]
    assert aside["reason"].str.split("; ").str[-1].tolist() == [
        "a formula without a stored result: open the file in Excel and save it",
        "an error value of Excel",
        "an error value of Excel",
    ]
    assert found.notes.missing == 0


@pytest.mark.parametrize("early", [False, True])
def test_counts_of_days_in_a_workbook_are_dates(early: bool) -> None:
    begin = date(1904, 1, 1) if early else date(1899, 12, 30)
    rows = book_rows([(day - begin).days for day in DAYS])
    assert stored_days(parsed(workbook(rows, early=early), "甲市.xlsx")) == DAYS


def test_counts_of_days_in_a_text_need_a_mapping_that_is_offered() -> None:
    counts = [str((day - date(1899, 12, 30)).days) for day in DAYS]
    reasons = parsed(text([*counts, "2016-03-01"])).notes.quarantine()["reason"]
    assert reasons.str.startswith("not a date but a number as Excel counts days").all()
    proposal = propose(read_sheet(Path("甲.csv"), text(counts, ["监测日期", *HEADER[1:]])))
    assert proposal.mapping.time.format == "excel"
    assert proposal.preview["date"].iloc[0] == pd.Timestamp(2016, 1, 1)


def test_hidden_worksheet_is_named_in_the_report(tmp_path: Path) -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook(book_rows([midnight(d) for d in DAYS]))))
    hidden = book.create_sheet("旧")
    hidden.append(HEADER)
    hidden.append(["2016-01-01", 1])
    hidden.sheet_state = "hidden"
    book.save(tmp_path / "甲市.xlsx")
    report = ingest_paths(Workspace.create(tmp_path / "w"), [tmp_path / "甲市.xlsx"])
    assert [(one.status, one.part) for one in report.files] == [("read", ""), ("skipped", "旧")]
    assert "hidden worksheet" in report.files[1].reason
    assert report.exit_code == 0


def test_readings_of_days_to_come_are_set_aside() -> None:
    days = pd.to_datetime(["2026-05-10", "2026-05-11", "2026-05-12", "2061-01-05"])
    hours = pd.to_datetime(["2026-05-12 00:00", "2026-05-12 01:00"])
    received = pd.Timestamp("2026-05-10 09:00")

    def table() -> Parsed:
        return Parsed(
            {
                "air_daily": pd.DataFrame({"date": days, "row": [2, 3, 4, 5]}),
                "air_hourly": pd.DataFrame({"time": hours, "row": [7, 8]}),
            },
            Notes(),
            6,
        )

    one = table()
    layout = layout_of(read_sheet(Path("甲市.csv"), text(["2016-01-01"])))
    without_days_to_come(layout, one, received)
    assert one.tables["air_daily"]["row"].tolist() == [2, 3]
    assert one.tables["air_hourly"]["row"].tolist() == [7]
    aside = one.notes.quarantine()
    assert aside["row"].tolist() == [4, 5, 8]
    assert aside["reason"].iloc[0] == (
        "a reading of a day to come: the file was received on 2026-05-10"
    )
    foreseen = table()
    weather = Layout("open_meteo", (), "", lambda lines: False, lambda sheet, request: foreseen)
    without_days_to_come(weather, foreseen, received)
    assert len(foreseen.tables["air_daily"]) == 4


@pytest.mark.parametrize(
    ("name", "year"),
    [
        ("国控断面_v2020", None), ("报告编号202104", None), ("2021年1-6月", None),
        ("2021年3月至5月", None), ("断面2021-2025", None), ("截至2024-12", None),
        ("古北口2018年新版", None), ("甲_2021-04", 2021), ("v2_2021-04", 2021),
        ("2018年断面(2020版)", 2018), ("断面20210501导出", 2021), ("casino2021", 2021),
    ],
)  # fmt: skip
def test_only_a_time_in_the_name_is_a_time(name: str, year: int | None) -> None:
    sheet = Sheet(Path("其他") / f"{name}.csv", b"", "", "", pd.DataFrame(), {})
    found = period_named(sheet, last_year=2025)
    assert (None if found is None else found.first.year) == year


@pytest.mark.parametrize(
    "query",
    ["delete from w", "with x as (select 1) delete from w", "select 1; drop table w",
     "create table v as select * from w", "pragma user_version = 3"],
)  # fmt: skip
def test_a_query_only_reads(tmp_path: Path, query: str) -> None:
    file = tmp_path / "读 数.db"
    with sqlite3.connect(file) as base:
        base.execute("create table w (t text, v real)")
        base.execute("insert into w values ('a;--delete', 1.5)")
    base.close()
    with pytest.raises(InputError, match="is not one statement that only reads"):
        read_query(f"sqlite:///{file}", query, name="n")
    plain = read_query(f"sqlite:///{file}", "select t, v from w where t <> 'drop; x';", name="n")
    assert plain.cells.to_numpy().tolist() == [["t", "v"], ["a;--delete", "1.5"]]


def test_a_mistyped_database_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="unable to open database file"):
        read_query(f"sqlite:///{tmp_path / 'none.db'}", "select 1 as a", name="n")
    assert not list(tmp_path.iterdir())


def test_marks_of_missing_and_wrong_words_of_a_mapping() -> None:
    assert numbers(pd.Series(["未监测", "无", "ND", "nd", "-99"])).missing.all()
    toml = 'table = "air_daily"\n[match]\nheader = ["日期"]\n[time]\ncolumns = "日期"\n'
    with pytest.raises(ForecastError, match=r"time\.columns: it must be a list"):
        read_mapping(toml + '[items.co]\ncolumn = "CO"\nunit = "mg/m3"\n', name="a", where="a.toml")


def test_a_header_in_another_unit_than_its_values_has_its_own_cure() -> None:
    values = pd.Series([0.0002, 0.0003, 0.0004] * 12).to_numpy()
    with pytest.raises(ContradictionError) as caught:
        check_ranges_hold(Path("a.csv"), "氨氮(μg/L)", "nh3n", values)
    assert caught.value.cure == (
        "The unit in the header is probably wrong: if the values are in mg/L, write that."
    )
