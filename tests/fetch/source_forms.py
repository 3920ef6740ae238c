"""What each public source answers, in its own form; all values are made."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import time
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone

from source_server import Made

__all__ = [
    "days_of", "gsod", "hours_long", "hours_wide", "openaq_day", "openaq_hours", "openaq_listing",
    "openaq_location", "rdb", "samples", "uci_zip", "weather",
]  # fmt: skip


def days_of(start: date, end: date) -> list[date]:
    """Return the days of a period."""
    return [start + timedelta(days=at) for at in range((end - start).days + 1)]


def weather(query: dict[str, str]) -> bytes:
    """Return Open-Meteo's answer: for a period, or for ``forecast_days`` from 2025-03-02."""
    if "start_date" in query:
        start, end = (date.fromisoformat(query[k]) for k in ("start_date", "end_date"))
    else:
        start = date(2025, 3, 2)
        end = start + timedelta(days=int(query["forecast_days"]) - 1)
    days = days_of(start, end)
    units = {
        "temperature_2m_mean": "°C", "temperature_2m_max": "°C", "temperature_2m_min": "°C",
        "dew_point_2m_mean": "°C", "relative_humidity_2m_mean": "%",
        "surface_pressure_mean": "hPa", "pressure_msl_mean": "hPa", "precipitation_sum": "mm",
        "wind_speed_10m_mean": "m/s" if query["wind_speed_unit"] == "ms" else "km/h",
        "wind_gusts_10m_max": "m/s", "wind_direction_10m_dominant": "°",
        "shortwave_radiation_sum": "MJ/m²", "cloud_cover_mean": "%",
    }  # fmt: skip
    least = {"hPa": 1000.0, "%": 40.0, "°": 90.0}
    least |= {unit: 0.0 for unit in units.values() if unit not in least}
    asked = query["daily"].split(",")
    return json.dumps(
        {
            "latitude": 37.75, "longitude": 115.625,
            # How long the server worked: another number each time.
            "generationtime_ms": time.perf_counter(),
            "utc_offset_seconds": 28800, "timezone": query["timezone"],
            "timezone_abbreviation": "GMT+8", "elevation": 23.0,
            "daily_units": {"time": "iso8601"} | {name: units[name] for name in asked},
            "daily": {"time": [str(day) for day in days]}
            | {name: [round(least[units[name]] + 1.5 + at % 7, 1) for at in range(len(days))] for name in asked},
        },
        ensure_ascii=False,
    ).encode()  # fmt: skip


def gsod(station: str, year: int, last: date | None = None) -> bytes:
    """Return a year of NOAA's daily summaries."""
    head = (
        '"STATION","DATE","LATITUDE","LONGITUDE","ELEVATION","NAME","TEMP","TEMP_ATTRIBUTES","DEWP",'
        '"DEWP_ATTRIBUTES","SLP","SLP_ATTRIBUTES","STP","STP_ATTRIBUTES","VISIB","VISIB_ATTRIBUTES",'
        '"WDSP","WDSP_ATTRIBUTES","MXSPD","GUST","MAX","MAX_ATTRIBUTES","MIN","MIN_ATTRIBUTES",'
        '"PRCP","PRCP_ATTRIBUTES","SNDP","FRSHTT"'
    )
    lines = [
        f'"{station}","{day}","37.73","115.7","24.0","MADE PLACE, CH","  50.1"," 8","  40.2"," 8",'
        '"1015.2"," 8","012.1"," 8","  6.2"," 8","  4.1"," 8","  7.8","999.9","  60.8"," ",'
        '"  41.2","*"," 0.00","G","999.9","000000"'
        for day in days_of(date(year, 1, 1), last or date(year, 12, 31))
    ]
    return ("\n".join([head, *lines]) + "\n").encode()


def rdb(query: dict[str, str]) -> bytes:
    """Return the USGS's daily flow; its comments carry the moment of the answer."""
    days = days_of(date.fromisoformat(query["startDT"]), date.fromisoformat(query["endDT"]))
    lines = [
        "# US Geological Survey, made for a test",
        f"# retrieved: {time.perf_counter()}",
        "#",
        "agency_cd\tsite_no\tdatetime\t41624_00060_00003\t41624_00060_00003_cd",
        "5s\t15s\t20d\t14n\t10s",
        *(f"USGS\t{query['sites']}\t{day}\t{100 + at}\tA" for at, day in enumerate(days)),
    ]
    return ("\n".join(lines) + "\n").encode()


def samples(query: dict[str, str]) -> bytes:
    """Return water samples in the columns of WQX 3.0 or, for the portal, of WQX 2.2."""
    if "siteid" in query:
        head = (
            "MonitoringLocationIdentifier,ActivityStartDate,CharacteristicName,"
            "ResultDetectionConditionText,ResultMeasureValue,ResultMeasure/MeasureUnitCode"
        )
        row = f"{query['siteid']},2020-05-04,Ammonia,,0.05,mg/l as N"
    else:
        head = (
            "Location_Identifier,Activity_StartDate,Result_Characteristic,"
            "Result_ResultDetectionCondition,Result_Measure,Result_MeasureUnit"
        )
        row = f"{query['monitoringLocationIdentifier']},2020-05-04,Ammonia,,0.05,mg/l as N"
    return f"{head}\n{row}\n".encode()


_TYPES = [
    "AQI",
    "PM2.5",
    "PM2.5_24h",
    "PM10",
    "PM10_24h",
    "SO2",
    "SO2_24h",
    "NO2",
    "NO2_24h",
    "O3",
    "O3_24h",
    "O3_8h",
    "O3_8h_24h",
    "CO",
    "CO_24h",
]


def hours_wide(day: date, columns: tuple[str, ...] = ("1001A", "1002A", "1003A")) -> bytes:
    """Return a day of the wide national archive."""
    lines = [f"date,hour,type,{','.join(columns)}"]
    for hour in range(24):
        for at, kind in enumerate(_TYPES):
            values = ",".join(
                "" if at == 3 and n == 1 else f"{(10 + at + n) / (20 if kind[:2] == 'CO' else 1):g}"
                for n in range(len(columns))
            )
            lines.append(f"{day:%Y%m%d},{hour},{kind},{values}")
    return ("\n".join(lines) + "\n").encode()


def hours_long(stamp: str) -> bytes:
    """Return an hour of the long national archive; ``stamp`` such as 2022-01-02T00."""
    head = (
        "timepoint,stationcode,longitude,latitude,area,positionname,primarypollutant,aqi,pm10,"
        "pm10_24h,pm2_5,pm2_5_24h,o3,o3_24h,o3_8h,o3_8h_24h,no2,no2_24h,so2,so2_24h,co,co_24h"
    )
    row = (
        f"{stamp}:00:00,1001A,116.36,39.88,北京市,甲点,,18,16,61,6,29,69,57,63,60,12,45,3,6,0.3,0.8"
    )
    return f"{head}\n{row}\n".encode()


def openaq_location(number: int) -> bytes:
    """Return OpenAQ's answer on a location with two sensors of air and one of something else."""
    sensors = [(11, "pm25", "µg/m³"), (12, "o3", "µg/m³"), (13, "um003", "particles/cm³")]
    return json.dumps(
        {
            "meta": {"name": "openaq-api", "page": 1, "limit": 100, "found": 1},
            "results": [
                {
                    "id": number, "name": "Made Place", "locality": "北京",
                    "timezone": "Asia/Shanghai",
                    "coordinates": {"latitude": 39.95, "longitude": 116.47},
                    "sensors": [
                        {"id": n, "name": f"{p} {u}",
                         "parameter": {"id": n, "name": p, "units": u, "displayName": p}}
                        for n, p, u in sensors
                    ],
                }
            ],
        }
    ).encode()  # fmt: skip


def openaq_hours(parameter: str, count: int) -> Callable[[dict[str, str]], bytes]:
    """Return what answers with ``count`` hours, page by page."""

    def moment(begun: datetime, hours: int) -> dict[str, str]:
        local = begun.astimezone(timezone(timedelta(hours=8))) + timedelta(hours=hours)
        return {"utc": f"{local.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}", "local": local.isoformat()}

    def answer(query: dict[str, str]) -> bytes:
        begun = datetime.fromisoformat(query["datetime_from"])
        limit, page = int(query["limit"]), int(query["page"])
        at = range((page - 1) * limit, min(page * limit, count))
        results = [
            {
                "value": 10.0 + n % 50, "flagInfo": {"hasFlags": False},
                "parameter": {"id": 2, "name": parameter, "units": "µg/m³", "displayName": None},
                "period": {
                    "label": "1hour",
                    "interval": "01:00:00",
                    "datetimeFrom": moment(begun, n),
                    "datetimeTo": moment(begun, n + 1),
                },
                "coordinates": None, "summary": {"min": 10.0}, "coverage": {"percentComplete": 100.0},
            }
            for n in at
        ]  # fmt: skip
        found: object = count if count <= limit else f">{limit}"
        return json.dumps(
            {"meta": {"page": page, "limit": limit, "found": found}, "results": results}
        ).encode()

    return answer


def openaq_day(number: int, day: date) -> bytes:
    """Return a day of OpenAQ's archive, gzipped; the same bytes each time."""
    lines = ["location_id,sensors_id,location,datetime,lat,lon,parameter,units,value"]
    lines += [
        f'{number},11,"Made Place-{number}",{day}T{hour:02d}:00:00+08:00,39.95,116.47,pm25,µg/m³,{20 + hour}'
        for hour in range(1, 24)
    ]
    return gzip.compress(("\n".join(lines) + "\n").encode(), mtime=0)


def openaq_listing(files: dict[str, Made], size: int = 1000) -> Callable[[dict[str, str]], bytes]:
    """Return what answers as the bucket does: keys under a prefix, ``size`` at a time."""

    def answer(query: dict[str, str]) -> bytes:
        keys = sorted(p.lstrip("/") for p in files if p.lstrip("/").startswith(query["prefix"]))
        first = int(query.get("continuation-token", "0"))
        more = first + size < len(keys)
        contents = "".join(
            f"<Contents><Key>{key}</Key><ETag>&quot;{hashlib.md5(files['/' + key].body).hexdigest()}"
            f"&quot;</ETag><Size>{len(files['/' + key].body)}</Size></Contents>"
            for key in keys[first : first + size]
        )
        token = f"<NextContinuationToken>{first + size}</NextContinuationToken>" if more else ""
        return (
            '<?xml version="1.0" encoding="UTF-8"?>'
            '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"<IsTruncated>{str(more).lower()}</IsTruncated>{contents}{token}</ListBucketResult>"
        ).encode()

    return answer


def uci_zip(stations: tuple[str, ...] = ("Jiadian", "Yidian")) -> bytes:
    """Return the zip of Beijing's stations: the readings lie in a zip within."""
    head = "No,year,month,day,hour,PM2.5,PM10,SO2,NO2,CO,O3,TEMP,PRES,DEWP,RAIN,wd,WSPM,station"
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
        for station in stations:
            rows = [
                f"1,2013,3,1,{h},4,4,4,7,300,77,-0.7,1023,-18.8,0,NNW,4.4,{station}"
                for h in range(24)
            ]
            archive.writestr(
                f"PRSA_Data_20130301-20170228/PRSA_Data_{station}_20130301-20170228.csv",
                "\n".join([head, *rows]) + "\n",
            )
    outer = io.BytesIO()
    with zipfile.ZipFile(outer, "w") as archive:
        archive.writestr("PRSA2017_Data_20130301-20170228.zip", inner.getvalue())
        archive.writestr("test.csv", "a,b\n1,2\n")
    return outer.getvalue()
