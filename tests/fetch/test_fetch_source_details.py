"""What is particular to each source: what it is asked for, and what of its answer is not taken."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from source_cases import CASES, POINT
from source_forms import (
    hours_long,
    hours_wide,
    openaq_day,
    openaq_listing,
    samples,
    weather,
)
from source_server import Failure, Made, SourceServer

from forecast.errors import InputError
from forecast.fetch import FetchReport, read_weather_forecast, weather_forecasts
from forecast.ingest.files.sheet import stem
from forecast.workspace import Workspace

Pull = Callable[..., FetchReport]

LATER = datetime(2025, 3, 5, 6, tzinfo=ZoneInfo("Asia/Shanghai"))
CASE = {case.source: case for case in CASES}


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAQ_API_KEY", "k3y-of-a-test")


def _raw(ws: Workspace) -> list[Path]:
    """Return what a folder ingest would look at: all but hidden files."""
    return sorted(p for p in ws.raw.rglob("*") if p.is_file() and not p.name.startswith("."))


def test_open_meteo_is_asked_in_our_units(pull: Pull, server: SourceServer) -> None:
    """Metres per second, local days, one request a calendar year."""
    CASE["open-meteo"].setup(server)
    pull("open-meteo", **CASE["open-meteo"].asked)
    first, second = server.seen
    assert (first.query["start_date"], first.query["end_date"]) == ("2024-12-30", "2024-12-31")
    assert (second.query["start_date"], second.query["end_date"]) == ("2025-01-01", "2025-01-02")
    assert first.query["wind_speed_unit"] == "ms"
    assert first.query["timezone"] == "Asia/Shanghai"
    assert (first.query["latitude"], first.query["longitude"]) == ("37.74", "115.67")


def test_another_unit_is_not_taken(pull: Pull, server: SourceServer) -> None:
    """Kilometres per hour under the same name never come in."""
    server.files["/v1/archive"] = lambda query: weather({**query, "wind_speed_unit": "kmh"})
    report = pull("open-meteo", **CASE["open-meteo"].asked)
    assert report.exit_code == 1
    assert "wind_speed_10m_mean is in km/h where m/s was asked for" in report.message


def test_a_growing_year_lies_beside_its_earlier_state(
    pull: Pull, server: SourceServer, ws: Workspace
) -> None:
    """Raw files are never changed: the later state is marked with its receipt."""
    CASE["open-meteo"].setup(server)
    asked = {**POINT, "start": date(2025, 1, 1)}
    (old,) = pull("open-meteo", **asked).files[0].paths
    before = old.read_bytes()
    (new,) = pull("open-meteo", **asked, now=LATER).files[0].paths
    assert old.read_bytes() == before and new != old
    assert new.name.startswith("衡水.20250305060000-") and new.suffix == ".json"
    assert stem(new) == stem(old) == "衡水"
    assert json.loads(new.read_bytes())["daily"]["time"][-1] == "2025-03-04"


def test_forecasts_are_kept_apart_with_their_issue(
    pull: Pull, server: SourceServer, ws: Workspace
) -> None:
    """Each issue is a file of its own that no ingest takes for readings."""
    case = CASE["open-meteo-forecast"]
    CASE["open-meteo-forecast"].setup(server)
    pull(case.source, **case.asked)
    pull(case.source, **{**case.asked, "days": 5}, now=LATER)
    issues = weather_forecasts(ws, "衡水")
    assert [one.issued.isoformat() for one in issues] == [
        "2025-03-02T06:00:00+08:00", "2025-03-05T06:00:00+08:00",
    ]  # fmt: skip
    assert [len(one.daily) for one in issues] == [3, 5]
    assert issues[0].units["wind_speed_10m_mean"] == "m/s"
    assert str(issues[0].daily.index[0].date()) == "2025-03-02"
    assert issues[0].daily["temperature_2m_mean"].tolist() == [1.5, 2.5, 3.5]
    assert {path.suffix for path in _raw(ws)} == {".forecast"}
    assert weather_forecasts(ws, "别处") == []
    _raw(ws)[0].write_text("{", encoding="utf-8")
    with pytest.raises(InputError, match="not a readable weather forecast"):
        read_weather_forecast(_raw(ws)[0])


def test_openaq_pages_are_one_file(pull: Pull, server: SourceServer) -> None:
    """1,500 hours come on two pages; particle counts are not asked for; times are UTC days of ours."""
    case = CASE["openaq"]
    CASE["openaq"].setup(server)
    report = pull(case.source, **case.asked)
    rows = json.loads(report.files[0].paths[0].read_bytes())
    assert len(rows) == 1500
    assert rows[0]["parameter.name"] == "pm25" and rows[0]["location.id"] == 7
    assert rows[0]["coordinates.latitude"] == 39.95
    asked = [seen for seen in server.seen if seen.path == "/v3/sensors/11/hours"]
    assert [seen.query["page"] for seen in asked] == ["1", "2"]
    assert asked[0].query["datetime_from"] == "2025-01-31T16:00:00Z"
    assert asked[0].query["datetime_to"] == "2025-02-28T16:00:00Z"
    assert all(seen.headers["x-api-key"] == "k3y-of-a-test" for seen in server.seen)
    assert not any("sensors/13" in seen.path for seen in server.seen)


def test_the_key_is_stored_nowhere(
    pull: Pull, server: SourceServer, ws: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    """Not in the index, the files, the report or the logs, even where the source echoes it."""
    case = CASE["openaq"]
    CASE["openaq"].setup(server)
    server.fail(
        Failure(body=b'{"results": "for k3y-of-a-test"}'), at="/v3/sensors/11"
    )  # fmt: skip
    caplog.set_level("DEBUG")
    report = pull(case.source, **case.asked)
    assert report.exit_code == 4
    assert report.files[0].kept_aside is not None
    for path in ws.root.rglob("*"):
        assert not path.is_file() or b"k3y-of-a-test" not in path.read_bytes(), path
    assert "k3y-of-a-test" not in json.dumps(report.to_dict()) + caplog.text + repr(report)


@pytest.mark.parametrize("key", ["", "  ", "密钥"])
def test_without_a_key_openaq_is_not_asked(
    pull: Pull, server: SourceServer, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    """The sentence names the variable; nothing is sent."""
    monkeypatch.setenv("OPENAQ_API_KEY", key)
    report = pull("openaq", **CASE["openaq"].asked)
    assert report.exit_code == 1 and "OPENAQ_API_KEY" in report.message
    assert server.seen == []


def test_the_bucket_is_listed_page_by_page(pull: Pull, server: SourceServer) -> None:
    """Days out of the period are left; a file that differs from the list's MD5 is not taken."""
    CASE["openaq-archive"].setup(server)
    files = {p: m for p, m in server.files.items() if isinstance(m, Made)}
    server.files["/"] = openaq_listing(files, size=1)
    case = CASE["openaq-archive"]
    report = pull(case.source, **case.asked)
    assert [f.name for f in report.files] == list(case.names)
    lists = [seen.query for seen in server.seen if seen.path == "/"]
    assert [q["prefix"][-10:] for q in lists] == ["year=2025/"] * 3
    assert [q.get("continuation-token") for q in lists] == [None, "1", "2"]
    server.seen.clear()
    pull(case.source, **{**case.asked, "start": date(2025, 2, 27), "end": date(2025, 2, 28)})
    assert server.seen[0].query["prefix"].endswith("/year=2025/month=02/")


def test_a_file_of_the_bucket_must_have_the_lists_checksum(
    pull: Pull, server: SourceServer
) -> None:
    """What is listed is not what is sent."""
    CASE["openaq-archive"].setup(server)
    for path, made in server.files.items():
        if isinstance(made, Made):
            server.files[path] = Made.file(openaq_day(8, date(2020, 1, 1)))
    report = pull("openaq-archive", **CASE["openaq-archive"].asked, attempts=2)
    assert report.exit_code == 1 and "its MD5 is not the one" in report.message


@pytest.mark.parametrize(
    ("what", "path", "query"),
    [
        ("samples", "/samples-data/results/fullphyschem",
         {"monitoringLocationIdentifier": "USGS-01491000", "activityStartDateLower": "2020-01-01",
          "activityStartDateUpper": "2020-12-31", "mimeType": "text/csv"}),
        ("portal", "/data/Result/search",
         {"siteid": "USGS-01491000", "startDateLo": "01-01-2020", "startDateHi": "12-31-2020"}),
    ],
)  # fmt: skip
def test_water_samples(
    pull: Pull, server: SourceServer, what: str, path: str, query: dict[str, str]
) -> None:
    """Each service in its own words."""
    server.files[path] = samples
    asked = {"start": date(2020, 1, 1), "end": date(2020, 12, 31), "site": "01491000"}
    report = pull("usgs-nwis", what=what, **asked, place="某河")
    assert report.exit_code == 0
    assert report.files[0].name == f"{what}/01491000/2020/某河.csv"
    assert query.items() <= server.seen[0].query.items()
    server.files[path] = lambda q: samples(q).splitlines()[0] + b"\n"
    empty = pull("usgs-nwis", what=what, **{**asked, "site": "01491001"})
    assert empty.exit_code == 1 and empty.files[0].state == "absent"


def test_hour_00_is_fetched_with_the_day_before(pull: Pull, server: SourceServer) -> None:
    """The hours of one day are the stamps 01 to 00 of the next."""
    stamps = [f"2022-01-02T{h:02d}" for h in range(1, 24)] + ["2022-01-03T00"]
    for stamp in stamps:
        server.files[f"/Archive/{stamp[:10]}/{stamp}.csv"] = Made.file(hours_long(stamp))
    report = pull("cnemc-archive", what="hours", start=date(2022, 1, 2), end=date(2022, 1, 2))
    assert report.exit_code == 0
    assert [seen.path[-17:-4] for seen in server.seen] == stamps
    assert report.files[-1].name == "hours/2022-01-03/2022-01-03T00.csv"


def test_a_file_of_another_day_is_not_taken(pull: Pull, server: SourceServer) -> None:
    """An archive that answers with its latest file; one with cities for points."""
    server.files["/china_sites_20250227.csv"] = Made.file(hours_wide(date(2025, 2, 28)))
    server.files["/china_sites_20250228.csv"] = Made.file(
        hours_wide(date(2025, 2, 28), ("北京", "天津"))
    )
    report = pull("cnemc-archive", start=date(2025, 2, 27), end=date(2025, 2, 28))
    assert [f.state for f in report.files] == ["rejected", "rejected"]
    assert "it is of 20250228 where 20250227 was asked for" in report.files[0].reason
    assert "its columns are not sites" in report.files[1].reason


def test_a_missing_day_is_named_and_the_rest_comes(pull: Pull, server: SourceServer) -> None:
    """Exit 4 where an old day is missing; today's file may still come."""
    CASE["cnemc-archive"].setup(server)
    part = pull("cnemc-archive", start=date(2025, 2, 20), end=date(2025, 2, 27), attempts=1)
    assert part.exit_code == 4
    assert [f.state for f in part.files].count("absent") == 7
    assert "china_sites_20250220.csv" in part.message
    late = pull("cnemc-archive", start=date(2025, 2, 28), end=date(2025, 3, 2))
    assert [f.state for f in late.files] == ["downloaded", "absent", "absent"]
    assert late.exit_code == 0 and late.message == ""


def test_a_zip_in_a_zip_is_unpacked(pull: Pull, server: SourceServer, ws: Workspace) -> None:
    """Only the stations' files are kept."""
    CASE["uci-beijing"].setup(server)
    report = pull("uci-beijing")
    assert [path.relative_to(ws.raw).as_posix() for path in report.files[0].paths] == [
        "uci_beijing/beijing/PRSA_Data_Jiadian_20130301-20170228.csv",
        "uci_beijing/beijing/PRSA_Data_Yidian_20130301-20170228.csv",
    ]
    assert server.seen[0].path == "/static/public/501/beijing+multi+site+air+quality+data.zip"


def test_a_checksum_beside_the_file(pull: Pull, server: SourceServer) -> None:
    """A .sha256 in the form of sha256sum is checked; its absence is said."""
    body = hours_wide(date(2025, 2, 27))
    server.files["/china_sites_20250227.csv"] = Made.file(body)
    asked: dict[str, Any] = {
        "start": date(2025, 2, 27),
        "end": date(2025, 2, 27),
        "checksums": True,
    }
    none = pull("cnemc-archive", **asked)
    assert none.exit_code == 1 and "no SHA-256 checksum beside it" in none.message
    beside = Made(f"{hashlib.sha256(b'x').hexdigest()}  china_sites_20250227.csv\n".encode())
    server.files["/china_sites_20250227.csv.sha256"] = beside
    wrong = pull("cnemc-archive", **asked, attempts=2)
    assert wrong.exit_code == 1 and "its SHA256 is not the one" in wrong.message
    beside.body = f"{hashlib.sha256(body).hexdigest()}  china_sites_20250227.csv\n".encode()
    assert pull("cnemc-archive", **asked).exit_code == 0
