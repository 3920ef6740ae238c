"""From a file to its tables: archives, workbooks, JSON, Parquet, web pages; and what is none."""

from __future__ import annotations

import gzip
import io
import json
import random
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from old_excel import workbook

from forecast.errors import InputError
from forecast.ingest.files import containers, spreadsheets
from forecast.ingest.files.containers import PassedOverError, read_sheet, read_sheets
from forecast.ingest.files.sheet import Sheet, content_id

ROWS = [["城市", "PM2.5"], ["甲市", 0.1], ["乙市", 45]]
CELLS = [["城市", "PM2.5"], ["甲市", "0.1"], ["乙市", "45"]]
CSV = "城市,PM2.5\n甲市,0.1\n乙市,45\n".encode()


at = datetime.fromisoformat


def cells(sheet: Sheet) -> list[list[str]]:
    return sheet.cells.to_numpy().tolist()


def parts(name: str, data: bytes) -> dict[str, list[list[str]]]:
    return {sheet.part: cells(sheet) for sheet in read_sheets(Path(name), data)}


def archive(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, data in members.items():
            packed.writestr(name, data)
    return out.getvalue()


def excel(*sheets: list[list[object]], hidden: int | None = None) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for number, rows in enumerate(sheets):
        sheet = book.create_sheet(f"表{number}")
        sheet.sheet_state = "hidden" if number == hidden else "visible"
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def parquet(columns: dict[str, pa.Array]) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


def page(encoding: str = "gb18030") -> bytes:
    text = (
        "<html><head><meta charset=gbk><script>var t='<td>9</td>'</script></head><body>"
        "<table><tr><td>菜单</td></tr></table>"
        "<TABLE><tr><th>城市</th><th>PM2.5</th></tr>"
        "<tr><td>甲市<td>0.1<tr><td>乙市</td><td><b>45</b></td></tr></TABLE></body></html>"
    )
    return text.encode(encoding)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.csv", CSV),
        ("a.csv.gz", gzip.compress(CSV, mtime=0)),
        ("two members.csv.gz", gzip.compress(CSV[:20], mtime=0) + gzip.compress(CSV[20:], mtime=0) + bytes(512)),
        ("a.xlsx", excel(ROWS)),
        ("a.xls", workbook({"Sheet0": ROWS})),
        ("protected.xls", workbook({"Sheet0": ROWS}, "VelvetSweatshop")),
        ("page.xls", page()),
        ("text.xls", CSV.replace(b",", b"\t")),
        ("a.parquet", parquet({"城市": pa.array(["甲市", "乙市"]), "PM2.5": pa.array([0.1, 45])})),
        ("a.json", json.dumps({"thead": CELLS[0], "tbody": ROWS[1:]}).encode()),
        ("b.json", json.dumps([dict(zip(CELLS[0], row, strict=True)) for row in ROWS[1:]]).encode()),
        ("c.json", json.dumps(ROWS).encode()),
        ("d.json", json.dumps({"城市": ["甲市", "乙市"], "PM2.5": [0.1, 45]}).encode()),
        ("e.jsonl", b'{"\xe5\x9f\x8e\xe5\xb8\x82":"\xe7\x94\xb2\xe5\xb8\x82","PM2.5":0.1}\n'
                    b'{"\xe5\x9f\x8e\xe5\xb8\x82":"\xe4\xb9\x99\xe5\xb8\x82","PM2.5":45}\n'),
    ],
)  # fmt: skip
def test_one_table_in_many_forms(name: str, data: bytes) -> None:
    found = list(read_sheets(Path(name), data))
    assert [cells(sheet) for sheet in found] == [CELLS]
    assert found[0].cells.index.tolist() == [1, 2, 3]
    assert found[0].part == ""
    assert found[0].data is data
    assert found[0].file_id == content_id(data)


@pytest.mark.parametrize("name", ["a.csv", "a.xls", "a.zip", "a.json.txt", "a"])
def test_content_decides_where_the_ending_lies(name: str) -> None:
    assert cells(read_sheet(Path(name), excel(ROWS))) == CELLS
    assert cells(read_sheet(Path(name), CSV)) == CELLS


def test_members_of_an_archive(tmp_path: Path) -> None:
    data = archive(
        {
            "2021/甲.csv": CSV,
            "__MACOSX/2021/._甲.csv": b"\x00\x05",
            "2021/.hidden.csv": CSV,
            "~$b.xlsx": b"x",
            "README.md": b"# not a table",
            "book.xlsx": excel(ROWS, ROWS),
            "inner.zip": archive({"乙.csv": CSV, "deep.zip": archive({"x.csv": CSV})}),
            "丙.csv.gz": gzip.compress(CSV, mtime=0),
        }
    )
    path = tmp_path / "a.zip"
    path.write_bytes(data)
    sheets: list[Sheet] = []
    refused = []
    found = read_sheets(path)
    # What befalls one part does not hide those behind it.
    while True:
        try:
            sheets.append(next(found))
        except StopIteration:
            break
        except InputError as error:
            refused.append(str(error))
    assert [sheet.part for sheet in sheets] == [
        "2021/甲.csv", "book.xlsx/表0", "book.xlsx/表1", "inner.zip/乙.csv", "丙.csv.gz",
    ]  # fmt: skip
    assert all(cells(sheet) == CELLS for sheet in sheets)
    assert len({sheet.file_id for sheet in sheets}) == 5
    assert sheets[0].file_id == content_id(data, "2021/甲.csv")
    assert len(refused) == 1 and "a.zip/inner.zip/deep.zip" in refused[0]


def test_members_are_read_one_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    whole = containers.read_delimited
    monkeypatch.setattr(
        containers,
        "read_delimited",
        lambda where, data: (seen.append(where), whole(where, data))[1],
    )
    found = read_sheets(Path("a.zip"), archive({"1.csv": CSV, "2.csv": CSV}))
    next(found)
    assert [Path(where).name for where in seen] == ["1.csv"]


def test_names_packed_under_chinese_windows() -> None:
    data = archive({"AB.csv": CSV}).replace(b"AB.csv", "北.csv".encode("gbk"))
    assert list(parts("a.zip", data)) == ["北.csv"]


def test_an_encrypted_member_says_so() -> None:
    data = bytearray(archive({"a.csv": CSV}))
    for head, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(head) + flags] |= 1
    with pytest.raises(InputError, match=r"a\.csv is encrypted"):
        read_sheet(Path("a.zip"), bytes(data))


@pytest.mark.parametrize("pack", ["zip", "gz", "xlsx"])
def test_what_unpacks_to_far_too_much_is_refused(
    monkeypatch: pytest.MonkeyPatch, pack: str
) -> None:
    monkeypatch.setattr(containers, "_LARGE", 1 << 20)
    many = bytes(5 << 20)
    if pack == "gz":
        data = gzip.compress(many, mtime=0)
    else:
        data = archive({"a.csv": many} | ({"[Content_Types].xml": b""} if pack == "xlsx" else {}))
    with pytest.raises(InputError, match="unpacks to more than"):
        list(read_sheets(Path(f"a.{pack}"), data))


def test_worksheets_hidden_and_blank_ones_left_out() -> None:
    parts = read_sheets(Path("a.xlsx"), excel(ROWS, ROWS, [], [[None, 5]], hidden=1))
    found = [next(parts), next(parts)]
    with pytest.raises(PassedOverError, match="is a hidden worksheet and was passed over"):
        next(parts)
    assert next(parts, None) is None
    assert [(sheet.part, sheet.worksheet) for sheet in found] == [("表0", "表0"), ("表3", "表3")]
    assert cells(found[1]) == [["", "5"]]
    lone = read_sheet(Path("a.xlsx"), excel(ROWS, [], ROWS, hidden=2))
    assert (lone.part, lone.worksheet) == ("", "表0")


def test_values_of_a_workbook_as_text() -> None:
    row = [0.1, 12.0, 45000, 1e-7, 0.3, date(2020, 5, 1), at("2020-05-01T08:05"), time(8),
           True, "　全角１２（３） ", "a\nb", 1234567890123]  # fmt: skip
    sheet = read_sheet(Path("a.xlsx"), excel([["题"], [], ["x"] * 12, row]))
    assert sheet.cells.index.tolist() == [1, 3, 4]
    assert cells(sheet)[2] == [
        "0.1", "12", "45000", "1e-07", "0.3", "2020-05-01", "2020-05-01 08:05:00",
        "08:00:00", "TRUE", "全角12(3)", "a\nb", "1234567890123",
    ]  # fmt: skip
    # A day's fraction may be stored a moment too early.
    assert spreadsheets.cell_text(at("2020-05-01T07:59:59.999999")) == "2020-05-01 08:00:00"


def test_a_lone_cell_far_away_is_named_not_waited_for() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet["A1"] = "x"
    sheet["XFD1048576"] = "?"
    out = io.BytesIO()
    book.save(out)
    with pytest.raises(InputError, match="most of them blank"):
        read_sheet(Path("a.xlsx"), out.getvalue())


def test_a_password_that_only_its_owner_knows() -> None:
    with pytest.raises(InputError, match="protected by a password"):
        read_sheet(Path("a.xls"), workbook({"Sheet0": ROWS}, "secret"))


def test_cells_that_span_others_in_a_page() -> None:
    text = (
        "<table><tr><th rowspan=2>城市<th colspan=2>浓度</tr><tr><th>PM2.5<th>PM10"
        "<tr><td rowspan='2'>甲<br/>市</td><td>1<td>2</tr><tr><td>3<td>4</tr></table>"
    )
    assert cells(read_sheet(Path("a.xls"), text.encode())) == [
        ["城市", "浓度", ""], ["", "PM2.5", "PM10"], ["甲 市", "1", "2"], ["", "3", "4"],
    ]  # fmt: skip


def test_the_xml_workbook_of_2003() -> None:
    text = (
        '<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet" '
        'xmlns:ss="urn:schemas-microsoft-com:office:spreadsheet"><Worksheet ss:Name="a"><Table>'
        '<Row><Cell><Data ss:Type="String">城市</Data></Cell><Cell ss:Index="3"><Data>值</Data>'
        '</Cell></Row><Row ss:Index="4"><Cell><Data>甲</Data></Cell><Cell/><Cell><Data>5</Data>'
        "</Cell></Row></Table></Worksheet></Workbook>"
    )
    sheet = read_sheet(Path("a.xls"), text.encode())
    assert cells(sheet) == [["城市", "", "值"], ["甲", "", "5"]]
    assert sheet.cells.index.tolist() == [1, 4]


def test_parquet_of_every_kind() -> None:
    zone = pa.timestamp("ms", "Asia/Shanghai")
    data = parquet(
        {
            "day": pa.array([at("2020-01-01"), None]),
            "hour": pa.array([at("2020-01-01T08:00"), at("2020-01-02")]),
            "zoned": pa.array([at("2020-01-01"), None], zone),
            "value": pa.array([5.0, float("nan")]),
            "whole": pa.array([None, 7]),
            "nested": pa.array([{"x": "甲 "}, None]),
            "list": pa.array([[1, 2], None]),
            "word": pa.array(["ａ", "b"]).dictionary_encode(),
        }
    )
    assert cells(read_sheet(Path("a.parquet"), data)) == [
        ["day", "hour", "zoned", "value", "whole", "nested.x", "list", "word"],
        ["2020-01-01", "2020-01-01 08:00:00", "2020-01-01T08:00:00+0800", "5", "", "甲", "[1, 2]",
         "a"],
        ["", "2020-01-02 00:00:00", "", "", "7", "", "", "b"],
    ]  # fmt: skip


def test_json_of_the_water_platform_keeps_its_markup() -> None:
    cell = "<span title='原始值：7.40'>7.4</span>"
    data = json.dumps(
        {"result": 1, "thead": ["断面", "pH"], "tbody": [["甲", cell], ["乙", None, 1]]}
    )
    sheet = read_sheet(Path("2020-05-10.json"), data.encode())
    assert cells(sheet)[:2] == [["断面", "pH"], ["甲", cell.replace("：", ":")]]
    assert sheet.ragged == {3: 3}


def test_json_of_open_meteo() -> None:
    data = {
        "latitude": 37.70, "utc_offset_seconds": 28800, "timezone": "Asia/Shanghai",
        "daily_units": {"time": "iso8601", "temperature_2m_mean": "°C"},
        "daily": {"time": ["2024-01-01", "2024-01-02"], "temperature_2m_mean": [-1.50, None]},
        "hourly": {"time": ["2024-01-01T00:00"], "rain": [0.0]},
    }  # fmt: skip
    text = json.dumps(data).replace("37.7", "37.70")
    found = parts("甲.json", text.encode())
    assert found["daily"] == [
        ["time", "temperature_2m_mean(°C)", "latitude", "utc_offset_seconds", "timezone"],
        ["2024-01-01", "-1.5", "37.70", "28800", "Asia/Shanghai"],
        ["2024-01-02", "", "37.70", "28800", "Asia/Shanghai"],
    ]
    assert list(found) == ["daily", "hourly"]
    two = read_sheet(Path("a.json"), f"[{text},{text}]".encode())
    assert len(two.cells) == 5 and two.part == "daily"


def test_json_under_a_key_with_objects_inside() -> None:
    data = {"meta": {"found": 2, "keys": []},
            "results": [{"value": 5, "p": {"x": 1.50, "y": [1, "a"]}}, {"value": 6, "q": True}]}  # fmt: skip
    sheet = read_sheet(Path("a.json"), json.dumps(data).encode())
    assert cells(sheet) == [
        ["value", "p.x", "p.y", "q"], ["5", "1.5", '[1, "a"]', ""], ["6", "", "", "true"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("a.csv", b"", "is empty"),
        ("a.csv", b"\xef\xbb\xbf\r\n \n", "is empty"),
        ("a.csv.gz", gzip.compress(b"", mtime=0), "is empty"),
        ("a.csv.gz", gzip.compress(CSV, mtime=0)[:-9], "damaged gzip"),
        ("a.zip", archive({"a.md": b"x"}), "holds no table"),
        ("a.zip", archive({"a.csv": CSV})[:-30], "not a readable ZIP"),
        ("a.xlsx", archive({"a.csv": CSV})[:-30], "not a readable XLSX"),
        ("a.xlsx", archive({"xl/workbook.xml": b"<x"}), "not a readable XLSX"),
        ("a.xls", workbook({"a": ROWS})[:900], "not a readable XLS workbook"),
        ("a.parquet", b"PAR1" + bytes(40) + b"PAR1", "not a readable Parquet"),
        ("a.json", b'{"a": [1, 2', "not readable as JSON"),
        ("a.json", b"a,b\n1,2\n", "is not JSON"),
        ("a.json", b"[" * 100_000, "not readable as JSON"),
        ("a.json", b'{"a": ' * 5000 + b"1" + b"}" * 5000, "not readable as JSON"),
        ("a.json", b"[1, 2]", "holds no table"),
        ("a.xls", b"<html><table><tr><td>x</td></tr></table></html>", "without a table"),
        ("a.csv", b"a,b\n1,\x00\n", "not a text file"),
    ],
)  # fmt: skip
def test_what_holds_no_table_is_one_sentence(name: str, data: bytes, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        list(read_sheets(Path(name), data))
    assert name in caught.value.message and caught.value.cure


def forms() -> Iterator[tuple[str, bytes]]:
    table = "日期,AQI,质量等级,PM2.5\n" + "2016-01-01,50,良,33.5\n" * 30
    quoted = table.replace("良", '"良,\n""x"')
    yield "a.csv", table.encode()
    yield "b.csv", table.encode("gb18030")
    yield "c.csv", quoted.encode("utf-16")
    yield "d.csv.gz", gzip.compress(quoted.encode(), mtime=0)
    yield "e.xlsx", excel(ROWS, ROWS)
    yield "f.xls", workbook({"a": ROWS})
    yield "g.xls", page()
    yield "h.parquet", parquet({"a": pa.array(["x", "y"]), "b": pa.array([1.5, None])})
    yield "i.json", json.dumps({"results": [{"a": {"b": 1}}, {"c": [1]}]}).encode()
    yield "j.zip", archive({"a.csv": table.encode(), "b.zip": archive({"c.csv": CSV})})
    yield "k.xls", workbook({"a": ROWS}, "VelvetSweatshop")


@pytest.mark.filterwarnings("error")
def test_damage_never_ends_in_anything_but_a_sentence() -> None:
    whole = dict(forms())
    rng = random.Random(20)
    splinters = [b'"', b"\n", b"\r", b",", b"\x00", b"<U+5317>", b"{", b"<table>", b"\xb5", b"PK"]
    for _ in range(400):
        name = rng.choice(list(whole))
        data = bytearray(whole[name])
        for _ in range(rng.choice([1, 2, 8, 40])):
            spot = rng.randrange(len(data)) if data else 0
            match rng.randrange(4):
                case 0 if data:
                    data[spot] = rng.randrange(256)
                case 1:
                    del data[spot : spot + rng.randrange(1, 40)]
                case 2:
                    data[spot:spot] = rng.choice(splinters)
                case _:
                    data[spot:spot] = rng.randbytes(rng.randrange(1, 12))
        found = read_sheets(Path(rng.choice([name, name, "a.csv", "a.zip"])), bytes(data))
        for _ in range(50):
            try:
                sheet = next(found, None)
            except InputError:
                continue
            if sheet is None:
                break
            assert not sheet.cells.isna().any(axis=None)
