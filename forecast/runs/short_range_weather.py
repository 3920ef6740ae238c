"""Weather forecasts that a run may use: fetched ones, and tables that the user put beside them.

Only what had been issued by noon after the as-of date counts: that is what a run of the next morning could have
had. Of each region the newest issue is taken, with what earlier issues said, to be compared
with the weather that came.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pandas as pd

from forecast.errors import ForecastError, InputError
from forecast.features.weather_ahead import WeatherAhead
from forecast.fetch.open_meteo import FORECAST, read_weather_forecast
from forecast.ingest.files.decoding import decoded
from forecast.region_names import normalise_region
from forecast.standards.items import ITEMS
from forecast.workspace import Workspace

__all__ = ["TABLES", "forecasts_sha256", "load_forecasts"]

#: Folder of the user's own tables, under ``data/raw``.
TABLES = "weather_forecasts"
#: Issues before the newest that are looked at.
_EARLIER = 45
#: No table of weather forecasts is larger [byte].
_LARGEST = 1 << 24
#: A forecast issued earlier than this before the as-of date says too little of the days asked.
_OLDEST = timedelta(days=3)
_MORNING_ENDS = time(12, 0)

_OPEN_METEO = {
    "temperature_2m_mean": "temp_mean", "temperature_2m_max": "temp_max",
    "temperature_2m_min": "temp_min", "dew_point_2m_mean": "dew_point",
    "relative_humidity_2m_mean": "rh", "surface_pressure_mean": "pressure",
    "pressure_msl_mean": "pressure_sea", "precipitation_sum": "precip",
    "wind_speed_10m_mean": "wind_speed", "wind_gusts_10m_max": "wind_gust",
    "shortwave_radiation_sum": "radiation", "cloud_cover_mean": "cloud",
}  # fmt: skip
#: Names of columns that people write → codes; the codes themselves and the Chinese names count too.
_COLUMNS = {
    "temperature": "temp_mean", "气温": "temp_mean", "相对湿度": "rh", "humidity": "rh",
    "wind": "wind_speed", "风速": "wind_speed", "rain": "precip", "降水": "precip", "气压": "pressure",
    **{item.zh: code for code, item in ITEMS.items() if item.domain == "met"},
    **{code: code for code, item in ITEMS.items() if item.domain == "met"},
    **_OPEN_METEO,
}  # fmt: skip
_KEYS = {
    "issued": "issued", "发布时间": "issued", "起报时间": "issued", "date": "date", "日期": "date",
    "region": "region", "城市": "region", "地区": "region", "place": "region",
}  # fmt: skip

Warnings = list[tuple[str, str]]


def load_forecasts(
    workspace: Workspace, as_of: date, regions: Collection[str]
) -> tuple[dict[str, WeatherAhead], Warnings]:
    """Weather forecasts of ``regions`` as known on the morning after ``as_of``.

    Args:
        workspace: forecasts are under its ``data/raw``, in the folders of ``forecast fetch
            open-meteo-forecast`` and ``weather_forecasts`` (CSV: ``issued, date, region`` and
            weather items in the units of :data:`forecast.standards.items.ITEMS`).
        as_of: last day whose readings are used.
        regions: names in any form.

    Returns:
        Normalised region → its forecast; and files that can't be read, in words (zh, en): a run
        goes on without them.
    """
    aliases = {
        normalise_region(k): normalise_region(v)
        for k, v in workspace.config.regions.aliases.items()
    }
    wanted = {normalise_region(r) for r in regions}
    limit = datetime.combine(as_of + timedelta(days=1), _MORNING_ENDS)
    issues: dict[str, list[WeatherAhead]] = {}
    said: Warnings = []
    for region, one in (*_fetched(workspace, limit, said), *_tables(workspace, limit, said)):
        key = aliases.get(normalise_region(region), normalise_region(region))
        if key in wanted:
            issues.setdefault(key, []).append(one)
    found = {}
    for key, own in sorted(issues.items()):
        own.sort(key=lambda one: (one.issued, one.source))
        newest = own[-1]
        if newest.issued.date() < as_of - _OLDEST:
            continue
        found[key] = WeatherAhead(
            newest.issued, newest.daily, newest.source, _shortest(own[-1 - _EARLIER : -1])
        )
    return found, said


def forecasts_sha256(forecasts: Mapping[str, WeatherAhead]) -> str:
    """Name what a run was told of the weather: the same forecasts give the same answer."""
    digest = hashlib.sha256()
    for region in sorted(forecasts):
        one = forecasts[region]
        for part in (region, one.issued.isoformat(), one.daily.to_csv(), one.earlier.to_csv()):
            digest.update(part.replace("\r\n", "\n").encode("utf-8") + b"\x1f")
    return digest.hexdigest()


def _shortest(issues: list[WeatherAhead]) -> pd.DataFrame:
    """What was said last of each day before the day itself, days × weather items."""
    tables = [one.daily[one.daily.index > pd.Timestamp(one.issued.date())] for one in issues]
    if not tables:
        return pd.DataFrame(index=pd.DatetimeIndex([]))
    joined = pd.concat(tables)
    return joined[~joined.index.duplicated(keep="last")].sort_index()


def _local(moment: datetime, workspace: Workspace) -> datetime:
    """The moment in the workspace's zone, without a zone."""
    if moment.tzinfo is None:
        return moment
    return moment.astimezone(workspace.timezone).replace(tzinfo=None)


def _fetched(
    workspace: Workspace, limit: datetime, said: Warnings
) -> Iterator[tuple[str, WeatherAhead]]:
    folder = workspace.raw / FORECAST.folder
    by_place: dict[Path, list[Path]] = {}
    for path in folder.rglob("*.forecast"):
        by_place.setdefault(path.parent, []).append(path)
    for paths in by_place.values():
        taken = 0
        # The newest first: years of forecasts need not be read every morning.
        for path in sorted(paths, key=lambda p: (p.stat().st_mtime, p.name), reverse=True):
            if taken > _EARLIER:
                break
            try:
                if _issued(path, workspace) > limit:
                    continue
                one = read_weather_forecast(path)
            except InputError as error:
                said.append(_unread(path, error))
                continue
            names = {c: _OPEN_METEO[c] for c in one.daily.columns if c in _OPEN_METEO}
            daily = one.daily[list(names)].rename(columns=names)
            taken += 1
            yield one.place, WeatherAhead(_local(one.issued, workspace), daily, FORECAST.name)


def _issued(path: Path, workspace: Workspace) -> datetime:
    """When a fetched forecast was issued; quick, since most files are only looked at."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return _local(datetime.fromisoformat(told["issued"]), workspace)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(f"{path} is not a readable weather forecast.", "Remove it.") from error


def _tables(
    workspace: Workspace, limit: datetime, said: Warnings
) -> Iterator[tuple[str, WeatherAhead]]:
    for path in sorted((workspace.raw / TABLES).glob("*.csv")):
        try:
            table = read_table(path)
        except ForecastError as error:
            said.append(_unread(path, error))
            continue
        table["issued"] = [_local(m.to_pydatetime(), workspace) for m in table["issued"]]
        table = table[table["issued"] <= limit]
        for (region, _), own in table.groupby(["region", "issued"], sort=True):
            daily = own.set_index("date").drop(columns=["region", "issued"]).sort_index()
            issued = own["issued"].iloc[0].to_pydatetime()
            yield str(region), WeatherAhead(issued, daily, f"{TABLES}/{path.name}")


def read_table(path: Path) -> pd.DataFrame:
    """Read one table of weather forecasts: ``issued``, ``date``, ``region`` and weather items.

    Raises:
        InputError: it can't be read, lacks a column, has one that is not known, a day twice, or a
            value that is no number.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise InputError(f"{path} is larger than {_LARGEST >> 20} MB.", "Split it by year.")
        _, text = decoded(str(path), path.read_bytes())
        raw = pd.read_csv(io.BytesIO(text), dtype=str, encoding="utf-8", skipinitialspace=True)
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path} can't be read as CSV ({error}).", "Save it as CSV (UTF-8)."
        ) from error
    names = {str(c): str(c).split("(")[0].split("（")[0].strip().lower() for c in raw.columns}
    known = {**_KEYS, **_COLUMNS}
    strange = [c for c, bare in names.items() if bare not in known]
    table = raw.rename(columns={c: known[bare] for c, bare in names.items() if bare in known})
    missing = [c for c in ("issued", "date", "region") if c not in table.columns]
    doubled = sorted({str(c) for c in table.columns[table.columns.duplicated()]})
    if strange or missing or doubled or len(table.columns) < 4:
        raise InputError(
            f"{path}: columns {strange or missing or doubled or list(raw.columns)} are "
            f"{'unknown' if strange else 'missing' if missing else 'there twice' if doubled else 'all there are'}.",
            "Name them issued, date, region and weather items such as temp_mean [°C], rh [%], "
            "wind_speed [m/s], precip [mm], pressure [hPa].",
        )
    items = [c for c in table.columns if c not in ("issued", "date", "region")]
    try:
        table["date"] = pd.to_datetime(table["date"], format="ISO8601").dt.normalize()
        table["issued"] = [pd.Timestamp(m) for m in table["issued"]]
        for item in items:
            table[item] = pd.to_numeric(table[item]).astype("float64")
    except (ValueError, TypeError) as error:
        raise InputError(
            f"{path}: {error}.", "Write days as 2026-01-05, values as numbers."
        ) from error
    if table[["issued", "date", "region"]].isna().any().any():
        raise InputError(f"{path}: a row lacks issued, date or region.", "Fill it in.")
    if table.duplicated(["issued", "date", "region"]).any():
        raise InputError(f"{path}: an issue has a day of a region twice.", "Keep one row.")
    return table


def _unread(path: Path, error: ForecastError) -> tuple[str, str]:
    return (
        f"天气预报文件{path.name}不能使用,本次未用: {error.message}",
        f"the weather forecast {path.name} can't be used and was left out: {error.message}",
    )
