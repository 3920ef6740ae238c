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

import numpy as np
import pandas as pd

from forecast.errors import ForecastError, InputError
from forecast.features.weather_ahead import WeatherAhead
from forecast.fetch.open_meteo import FORECAST, read_weather_forecast
from forecast.ingest.files.decoding import decoded
from forecast.ingest.layouts.open_meteo import DAILY_ITEMS
from forecast.messages import in_chinese
from forecast.region_names import normalise_region
from forecast.standards.items import ITEMS
from forecast.workspace import Workspace

__all__ = ["TABLES", "forecasts_sha256", "load_forecasts"]

#: Weather items that can't be below 0.
_NOT_NEGATIVE = frozenset(
    {"precip", "snow_depth", "wind_speed", "wind_gust", "radiation", "rh", "cloud", "sunshine",
     "visibility", "blh", "pressure", "pressure_sea"}
)  # fmt: skip
#: Years that a date of a forecast may be of.
_YEARS = range(1900, 2200)
#: Folder of the user's own tables, under ``data/raw``.
TABLES = "weather_forecasts"
#: Issues before the newest that are looked at.
_EARLIER = 45
#: No table of weather forecasts is larger [byte].
_LARGEST = 1 << 24
#: A forecast issued earlier than this before the as-of date says too little of the days asked.
_OLDEST = timedelta(days=3)
_MORNING_ENDS = time(12, 0)

#: Of a weather service's days; directions, sunshine and visibility have no part in the model.
_OPEN_METEO = {
    name: item
    for name, item in DAILY_ITEMS.items()
    if item not in ("wind_dir", "sunshine", "visibility")
}
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
        Normalised region → its forecast; and files that can't be read or none of whose days could
        be used, in words (zh, en): a run goes on without them.
    """
    aliases = {
        normalise_region(k): normalise_region(v)
        for k, v in workspace.config.regions.aliases.items()
    }
    wanted = {normalise_region(r) for r in regions}
    limit = datetime.combine(as_of + timedelta(days=1), _MORNING_ENDS)
    issues: dict[str, list[WeatherAhead]] = {}
    said: Warnings = []
    of_tables: dict[Path, str] = {}
    for path, region, one in (*_fetched(workspace, limit, said), *_tables(workspace, said)):
        key = aliases.get(normalise_region(region), normalise_region(region))
        if path.suffix == ".csv":
            why = _unused(one, key in wanted, as_of, limit)
            of_tables[path] = min(of_tables.get(path, why), why)
        if key in wanted and one.issued <= limit:
            issues.setdefault(key, []).append(one)
    said += _idle(workspace, of_tables)
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


def _unused(one: WeatherAhead, wanted: bool, as_of: date, limit: datetime) -> str:
    """Why nothing of an issue can be used: "" where something can, else what comes first of it."""
    if not wanted:
        return "region"
    ahead = one.daily[one.daily.index > pd.Timestamp(as_of)]
    if (
        one.issued <= limit
        and one.issued.date() >= as_of - _OLDEST
        and ahead.notna().any(axis=None)
    ):
        return ""
    return "day" if one.daily.notna().any(axis=None) else "empty"


def _idle(workspace: Workspace, of_tables: Mapping[Path, str]) -> Warnings:
    """Tables that were read and of which no day was used, one warning a reason."""
    out: Warnings = []
    for reason, zh, en in (
        ("region", "其中的城市都不在本次运行中", "none of its regions is in this run"),
        ("empty", "其中没有数值", "it has no value"),
        ("day", "其发布时间或日期不适用于本次运行", "it was issued too early or too late, or has no day ahead"),
    ):  # fmt: skip
        paths = [path for path, why in of_tables.items() if why == reason]
        # Old issues stay in the folder: beside one that is used they are as they should be.
        if not paths or (reason == "day" and "" in of_tables.values()):
            continue
        name, more = _shown(workspace, paths[-1]), len(paths) - 1
        zh_more, en_more = (f"(另有{more}个文件相同)", f" (and {more} more)") if more else ("", "")
        out.append(
            (
                f"天气预报文件{name}没有可用的日期,本次未用:{zh}{zh_more}。",
                f"the weather forecast {name} has no day that could be used and was left out: "
                f"{en}{en_more}.",
            )
        )
    return out


def _local(moment: datetime, workspace: Workspace) -> datetime:
    """The moment in the workspace's zone, without a zone."""
    if moment.tzinfo is None:
        return moment
    return moment.astimezone(workspace.timezone).replace(tzinfo=None)


def _fetched(
    workspace: Workspace, limit: datetime, said: Warnings
) -> Iterator[tuple[Path, str, WeatherAhead]]:
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
                said.append(_unread(workspace, path, error))
                continue
            names = {c: _OPEN_METEO[c] for c in one.daily.columns if c in _OPEN_METEO}
            daily = one.daily[list(names)].rename(columns=names)
            taken += 1
            issued = _local(one.issued, workspace)
            yield path, one.place, WeatherAhead(issued, daily, FORECAST.name)


def _issued(path: Path, workspace: Workspace) -> datetime:
    """When a fetched forecast was issued; quick, since most files are only looked at."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return _local(datetime.fromisoformat(told["issued"]), workspace)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(f"{path} is not a readable weather forecast.", "Remove it.") from error


def _tables(workspace: Workspace, said: Warnings) -> Iterator[tuple[Path, str, WeatherAhead]]:
    for path in sorted((workspace.raw / TABLES).glob("*.csv")):
        try:
            table = read_table(path)
        except ForecastError as error:
            said.append(_unread(workspace, path, error))
            continue
        table["issued"] = [_local(m.to_pydatetime(), workspace) for m in table["issued"]]
        for (region, _), own in table.groupby(["region", "issued"], sort=True):
            daily = own.set_index("date").drop(columns=["region", "issued"]).sort_index()
            issued = own["issued"].iloc[0].to_pydatetime()
            yield path, str(region), WeatherAhead(issued, daily, f"{TABLES}/{path.name}")


def read_table(path: Path) -> pd.DataFrame:
    """Read one table of weather forecasts: ``issued``, ``date``, ``region`` and weather items.

    Raises:
        InputError: it can't be read, lacks a column, has one that is not known, no row, a day
            twice, a date or time that is not ISO 8601, a date with a zone, or a value that is no
            number, not finite, or negative where it can't be.
    """
    try:
        if path.stat().st_size > _LARGEST:
            raise InputError(f"{path} is larger than {_LARGEST >> 20} MB.", "Split it by year.")
        _, text = decoded(str(path), path.read_bytes())
        raw = pd.read_csv(io.BytesIO(text), dtype=str, encoding="utf-8", skipinitialspace=True)
    except (OSError, ValueError) as error:
        # What pandas says of it goes over several lines and names no cure.
        raise InputError(f"{path} can't be read as CSV.", "Save it as CSV (UTF-8).") from error
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
    if table.empty:
        raise InputError(f"{path} has no row.", "Put a row a day into it.")
    if table[["issued", "date", "region"]].isna().any().any():
        raise InputError(f"{path}: a row lacks issued, date or region.", "Fill it in.")
    days = [_moment(path, "date", text) for text in table["date"]]
    if any(day.tzinfo is not None for day in days):
        raise InputError(
            f"{path}: a date has a time zone.", "Write the local day alone, as 2026-01-05."
        )
    table["date"] = pd.to_datetime(pd.Series(days, index=table.index)).dt.normalize()
    table["issued"] = [pd.Timestamp(_moment(path, "issued", text)) for text in table["issued"]]
    for item in items:
        table[item] = _numbers(path, item, table[item])
    if table.duplicated(["issued", "date", "region"]).any():
        raise InputError(f"{path}: an issue has a day of a region twice.", "Keep one row.")
    return table


def _moment(path: Path, column: str, text: str) -> datetime:
    """Read one date or time of a table."""
    try:
        moment = datetime.fromisoformat(str(text).strip())
    except ValueError:
        moment = None
    if moment is None or moment.year not in _YEARS:
        raise InputError(
            f"{path}: {column} {_short(text)} is no date or time in ISO 8601.",
            "Write days as 2026-01-05, times as 2026-01-05T06:00.",
        )
    return moment


def _numbers(path: Path, item: str, column: pd.Series) -> pd.Series:
    """Values of one weather item, NaN where a cell is empty."""
    values = pd.to_numeric(column, errors="coerce").astype("float64")
    wrong = column.notna() & ~np.isfinite(values)
    if wrong.any():
        raise InputError(
            f"{path}: {item} {_short(column[wrong].iloc[0])} is no finite number.",
            "Write a number, or leave the cell empty.",
        )
    if item in _NOT_NEGATIVE and (values < 0.0).any():
        raise InputError(
            f"{path}: {item} {values.min():g} is below 0.", "Leave a cell without a value empty."
        )
    return values


def _short(text: object) -> str:
    """One cell on one line, for a sentence."""
    line = " ".join(str(text).split())
    return f'"{line[:39]}…"' if len(line) > 40 else f'"{line}"'


def _shown(workspace: Workspace, path: Path) -> str:
    """A file as it is called inside the workspace."""
    inside = path.is_relative_to(workspace.root)
    return path.relative_to(workspace.root).as_posix() if inside else path.name


def _unread(workspace: Workspace, path: Path, error: ForecastError) -> tuple[str, str]:
    told = " ".join(error.message.replace(str(path), _shown(workspace, path)).split())
    return (
        f"一个天气预报文件不能使用,本次未用:{in_chinese(told)}",
        f"a weather forecast can't be used and was left out: {told}",
    )
