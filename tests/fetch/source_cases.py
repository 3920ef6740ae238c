"""One case a source: how the server is set up, what is asked for, what should lie there then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from source_forms import (
    gsod,
    hours_wide,
    openaq_day,
    openaq_hours,
    openaq_listing,
    openaq_location,
    rdb,
    uci_zip,
    weather,
)
from source_server import Made, SourceServer

__all__ = ["CASES", "POINT", "Case"]

POINT = {"place": "衡水", "latitude": 37.74, "longitude": 115.67}


def _open_meteo(server: SourceServer) -> None:
    server.files["/v1/archive"] = weather


def _forecast(server: SourceServer) -> None:
    server.files["/v1/forecast"] = weather


def _openaq(server: SourceServer) -> None:
    server.files["/v3/locations/7"] = lambda _: openaq_location(7)
    server.files["/v3/sensors/11/hours"] = openaq_hours("pm25", 1500)
    server.files["/v3/sensors/12/hours"] = openaq_hours("o3", 700)


def _openaq_archive(server: SourceServer) -> None:
    files = {
        f"/records/csv.gz/locationid=7/year=2025/month={d:%m}/location-7-{d:%Y%m%d}.csv.gz":
        Made.file(openaq_day(7, d))
        for d in (date(2025, 2, 26), date(2025, 2, 27), date(2025, 3, 1))
    }  # fmt: skip
    server.files.update(files)
    server.files["/"] = openaq_listing(files)


def _gsod(server: SourceServer) -> None:
    server.files["/2024/54702099999.csv"] = Made.file(gsod("54702099999", 2024))
    server.files["/2025/54702099999.csv"] = Made.file(gsod("54702099999", 2025, date(2025, 2, 28)))


def _usgs(server: SourceServer) -> None:
    server.files["/nwis/dv/"] = rdb


def _wide(server: SourceServer) -> None:
    for day in (date(2025, 2, 27), date(2025, 2, 28)):
        server.files[f"/china_sites_{day:%Y%m%d}.csv"] = Made.file(hours_wide(day))


def _uci(server: SourceServer) -> None:
    path = "/static/public/501/beijing multi site air quality data.zip"
    server.files[path.replace(" ", "+")] = Made.file(uci_zip())


@dataclass(frozen=True)
class Case:
    """A source: how the server is set up, what is asked for, what its header line is called."""

    source: str
    setup: Callable[[SourceServer], None]
    asked: dict[str, Any]
    names: tuple[str, ...]
    column: bytes


CASES = [
    Case("open-meteo", _open_meteo, {**POINT, "start": date(2024, 12, 30), "end": date(2025, 1, 2)},
         ("37.74_115.67/2024/衡水.json", "37.74_115.67/2025/衡水.json"), b"temperature_2m_mean"),
    Case("open-meteo-forecast", _forecast, {**POINT, "days": 3},
         ("37.74_115.67/衡水.forecast",), b"temperature_2m_mean"),
    Case("openaq", _openaq, {"location": 7, "start": date(2025, 2, 1), "end": date(2025, 2, 28)},
         ("7/11-pm25/2025-02/北京.json", "7/12-o3/2025-02/北京.json"), b"results"),
    Case("openaq-archive", _openaq_archive,
         {"location": 7, "start": date(2025, 2, 27), "end": date(2025, 3, 1)},
         ("7/2025/location-7-20250227.csv.gz", "7/2025/location-7-20250301.csv.gz"), b"parameter"),
    Case("noaa-gsod", _gsod,
         {"station": "54702099999", "place": "衡水", "start": date(2024, 6, 1),
          "end": date(2025, 2, 1)},
         ("54702099999/2024/衡水.csv", "54702099999/2025/衡水.csv"), b"PRCP"),
    Case("usgs-nwis", _usgs, {"site": "01491000", "start": date(2024, 12, 30),
                              "end": date(2025, 1, 2)},
         ("flow/01491000/2024/01491000.rdb", "flow/01491000/2025/01491000.rdb"), b"00060_00003"),
    Case("cnemc-archive", _wide, {"start": date(2025, 2, 27), "end": date(2025, 2, 28)},
         ("sites/2025/china_sites_20250227.csv", "sites/2025/china_sites_20250228.csv"), b"type"),
    Case("uci-beijing", _uci, {}, ("beijing.zip",), b"station"),
]  # fmt: skip
