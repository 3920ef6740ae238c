"""Lists, names, zips and tables of a source that go in a circle, have no end or another form."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from source_cases import CASES
from source_forms import hours_wide, openaq_hours
from source_server import Made, SourceServer

from forecast.errors import UsageError
from forecast.fetch import FETCHERS, FetchReport
from forecast.fetch.source import (
    NothingInside,
    Unusable,
    refuse_other_columns,
    row_of,
    text_of,
)

Pull = Callable[..., FetchReport]

CASE = {case.source: case for case in CASES}
MB = 1 << 20
DAY: dict[str, Any] = {"start": date(2025, 2, 20), "end": date(2025, 2, 20)}
DAY_PATH = "/china_sites_20250220.csv"


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAQ_API_KEY", "k3y-of-a-test")


def test_each_source_has_the_limit_that_the_page_names() -> None:
    """docs/fetching.md: 16, 64 or 32 MB."""
    assert {name: source.largest // MB for name, source in FETCHERS.items()} == {
        "open-meteo": 16, "open-meteo-forecast": 16, "openaq": 16, "openaq-archive": 32,
        "noaa-gsod": 32, "usgs-nwis": 64, "cnemc-archive": 32, "uci-beijing": 64,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("source", "asked"),
    [
        ("cnemc-archive", {"start": date(1, 1, 1)}),
        ("cnemc-archive", {"start": date(2020, 1, 1), "what": "hours"}),
        ("openaq-archive", {"start": date(1, 1, 1), "location": 7}),
    ],
)
def test_a_period_of_days_of_work_is_refused(
    pull: Pull, server: SourceServer, source: str, asked: dict[str, Any]
) -> None:
    """Before the first request, and before a list of millions of files is made."""
    with pytest.raises(UsageError, match="more than 10,000 in one fetch"):
        pull(source, **asked)
    assert server.seen == []


def test_pages_of_the_bucket_that_go_in_a_circle(pull: Pull, server: SourceServer) -> None:
    """The list that points to itself is no list."""
    page = b"<ListBucketResult><NextContinuationToken>%s</NextContinuationToken></ListBucketResult>"
    server.files["/"] = Made(page % b"again")
    asked = {"location": 7, "start": date(2025, 2, 1), "end": date(2025, 2, 2)}
    report = pull("openaq-archive", **asked)
    assert report.exit_code == 1 and "go round in a circle" in report.note
    assert len(server.seen) == 2
    tokens = iter(range(1000))
    server.files["/"] = lambda _: page % str(next(tokens)).encode()
    assert "more than 50 pages" in pull("openaq-archive", **asked).note


def test_names_in_the_bucket_are_not_trusted(pull: Pull, server: SourceServer) -> None:
    """Each day once, no day that does not exist, no path of the source's choosing."""
    folder = "records/csv.gz/locationid=7/year=2025/month=02/"
    keys = [
        f"{folder}location-7-20250201.csv.gz", f"{folder}..\\..\\location-7-20250201.csv.gz",
        f"{folder}location-7-20251399.csv.gz", "elsewhere/location-7-20250202.csv.gz",
    ]  # fmt: skip
    rows = "".join(f"<Contents><Key>{key}</Key></Contents>" for key in keys)
    server.files["/"] = Made(f"<ListBucketResult>{rows}</ListBucketResult>".encode())
    report = pull(
        "openaq-archive", location=7, start=date(2025, 2, 1), end=date(2025, 2, 2), attempts=1
    )
    assert [file.name for file in report.files] == ["7/2025/location-7-20250201.csv.gz"]


def test_openaq_that_always_sends_the_same_page(pull: Pull, server: SourceServer) -> None:
    """A service that overlooks the page is not asked twenty times, and no row enters twice."""
    CASE["openaq"].setup(server)
    hours = openaq_hours("pm25", 1000)
    server.files["/v3/sensors/11/hours"] = lambda query: hours({**query, "page": "1"})
    report = pull("openaq", **CASE["openaq"].asked)
    assert report.files[0].state == "rejected" and "same page" in report.files[0].reason
    assert sum("sensors/11" in path for path in server.paths()) == 2
    server.files["/v3/sensors/11/hours"] = openaq_hours("pm25", 50_000)
    report = pull("openaq", **CASE["openaq"].asked)
    assert "more than 20 pages" in report.files[0].reason


@pytest.mark.parametrize(
    "location",
    [
        {"sensors": 7}, {"sensors": [{"id": None, "parameter": {"name": "pm25"}}]},
        {"sensors": [{"id": 1, "parameter": "pm25"}]}, {"sensors": None},
    ],
)  # fmt: skip
def test_a_location_of_another_form(
    pull: Pull, server: SourceServer, location: dict[str, Any]
) -> None:
    """A sentence, whatever stands where a list, a number or an object stood."""
    told = {"results": [{"id": 7, "coordinates": "here", **location}]}
    server.files["/v3/locations/7"] = Made(json.dumps(told).encode())
    report = pull("openaq", **CASE["openaq"].asked)
    assert report.exit_code == 1 and report.note


def test_a_location_with_a_long_name(pull: Pull, server: SourceServer) -> None:
    """Files of its name can be written."""
    CASE["openaq"].setup(server)
    told = {
        "results": [
            {
                "id": 7,
                "locality": "名" * 900,
                "sensors": [{"id": 11, "parameter": {"name": "pm25"}}],
            }
        ]
    }
    server.files["/v3/locations/7"] = Made(json.dumps(told).encode())
    asked = {k: v for k, v in CASE["openaq"].asked.items() if k != "place"}
    report = pull("openaq", **asked)
    assert report.exit_code == 0 and report.files[0].paths[0].is_file()


def _zip(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def test_zips_in_zips_end(
    pull: Pull, server: SourceServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A third layer is not opened; what all layers hold together has a limit; a password is damage."""
    path = "/static/public/501/beijing+multi+site+air+quality+data.zip"
    name = "PRSA_Data_Yidian_20130301-20170228.csv"
    server.files[path] = Made(_zip({"a.zip": _zip({"b.zip": _zip({name: b"x"})})}))
    assert "none of the files" in pull("uci-beijing").message
    monkeypatch.setattr("forecast.fetch.uci_beijing._LARGEST", 100_000)
    inner = _zip({name: bytes(40_000)})
    server.files[path] = Made(_zip({f"{at}.zip": inner for at in range(3)}))
    assert "far larger" in pull("uci-beijing").message
    locked = bytearray(_zip({name: b"x"}))
    for mark, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        locked[locked.index(mark) + at] |= 1
    server.files[path] = Made(bytes(locked))
    assert "a damaged zip" in pull("uci-beijing").message


def test_texts_that_break_a_reader() -> None:
    """A cell longer than the CSV module takes, old line ends, a short first row, a packed bomb."""
    with pytest.raises(Unusable, match="can't be read as cells"):
        refuse_other_columns(f"{'a' * 200_000},b\n1,2\n", ["b"])
    refuse_other_columns("a,b\r1,2\r", ["a"])
    assert row_of("a,b\r1,2\r", 1) == ["1", "2"] and row_of("a,b\n", 1) == []
    with pytest.raises(NothingInside):
        refuse_other_columns("a,b\r\n", ["a"])
    with pytest.raises(Unusable, match="unpacks to more than 64 MB"):
        text_of(gzip.compress(bytes(65 * MB), 1))
    with pytest.raises(Unusable, match="a damaged gzip file"):
        text_of(gzip.compress(b"a,b\n")[:-4])


def test_a_first_row_of_another_form(pull: Pull, server: SourceServer) -> None:
    """Rows that are blank or short where the day or the station stands."""
    wide = hours_wide(date(2025, 2, 20)).splitlines()
    server.files[DAY_PATH] = Made(b"\n".join([wide[0], b"", *wide[1:]]))
    assert pull("cnemc-archive", **DAY).files[0].state == "rejected"
    path = "/2024/54702099999.csv"
    CASE["noaa-gsod"].setup(server)
    lines = server.files[path].body.splitlines()  # type: ignore[union-attr]
    server.files[path] = Made(b"\n".join([lines[0], b"", *lines[1:]]))
    report = pull("noaa-gsod", **CASE["noaa-gsod"].asked)
    assert report.files[0].state == "rejected" and "is of station" in report.files[0].reason
