"""Lists of air monitoring points: code, name, city, coordinates, whether a control point.

``监测点编码,监测点名称,城市,经度,纬度,对照点`` with Y or N, or ``code,name,city,lon,lat,control``; an
optional type of point (``点位类型``, ``role``) and the days from and to which it counts (``启用日期``,
``停用日期``; ``valid_from``, ``valid_to``). A city's mean is that of its evaluation points; control
points are left out (HJ 663-2013), so the role of a point says what its values are for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import ContradictionError
from forecast.ingest.files.cells import MISSING, numbers
from forecast.ingest.files.sheet import Sheet
from forecast.ingest.parsed import Layout, Notes, Parsed, Request, ragged_rows
from forecast.ingest.readers.validity import valid_between

__all__ = ["LAYOUT"]

_NAMES = {
    "监测点编码": "code", "点位编码": "code", "站点编码": "code", "编码": "code", "code": "code",
    "stationcode": "code", "sitecode": "code",
    "监测点名称": "name", "点位名称": "name", "站点名称": "name", "名称": "name", "name": "name",
    "stationname": "name", "sitename": "name",
    "城市": "city", "所属城市": "city", "所在城市": "city", "地区": "city", "city": "city",
    "region": "city",
    "经度": "lon", "lon": "lon", "longitude": "lon", "lng": "lon",
    "纬度": "lat", "lat": "lat", "latitude": "lat",
    "对照点": "control", "是否对照点": "control", "control": "control",
    "点位类型": "role", "点位类别": "role", "role": "role", "type": "role",
    "启用日期": "from", "开始日期": "from", "validfrom": "from",
    "停用日期": "to", "结束日期": "to", "validto": "to",
    "省份": "province", "province": "province", "备注": "note", "note": "note",
}  # fmt: skip

_YES = frozenset(["y", "yes", "是", "1", "true", "√"])
_NO = frozenset(["n", "no", "否", "0", "false", "×"])

_ROLES = {
    "评价点": "evaluation", "国控评价点": "evaluation", "城市评价点": "evaluation",
    "环境空气质量评价城市点": "evaluation", "evaluation": "evaluation",
    "对照点": "control", "清洁对照点": "control", "国控对照点": "control", "城市对照点": "control",
    "control": "control",
    "背景点": "other", "区域点": "other", "区域站": "other", "背景站": "other", "路边点": "other",
    "交通点": "other", "污染监控点": "other", "其他": "other", "其它": "other", "other": "other",
}  # fmt: skip


def _header(cells: Sequence[str]) -> list[str]:
    return [_NAMES.get(re.sub(r"[\s_]", "", cell).lower(), "") for cell in cells]


def _matches(lines: Sequence[Sequence[str]]) -> bool:
    header = _header(lines[0])
    return (
        {"code", "name", "city", "lon", "lat"}.issubset(header)
        and "" not in header
        and len(set(header)) == len(header)
    )


def _parse(sheet: Sheet, request: Request) -> Parsed:
    notes = Notes()
    ragged_rows(sheet, notes)
    own = dict(zip(_header(sheet.first), sheet.first, strict=True))
    body = sheet.named()
    rows_read = len(body) + len(sheet.ragged)
    nameless = ((body[own["code"]] == "") | (body[own["city"]] == "")).to_numpy(bool)
    notes.problem(
        list(body.index[nameless]), own["code"], list(body[own["code"]][nameless]),
        "no code or no city",
    )  # fmt: skip
    since, until, bad_dates = valid_between(
        body, own.get("from", ""), own.get("to", ""), request.last_year, notes, ~nameless
    )
    longitude, latitude = _coordinates(sheet, body, own, notes, ~nameless & ~bad_dates)
    role, unclear = _roles(body, own)
    unclear &= ~nameless & ~bad_dates
    column = own.get("role", own.get("control", ""))
    if column:
        notes.problem(
            list(body.index[unclear]), column, list(body[column][unclear]),
            "neither yes nor no, and no known type of point; row set aside",
        )  # fmt: skip
    points = pd.DataFrame(
        {
            "region": body[own["city"]],
            "place": body[own["code"]],
            "place_kind": "station",
            "name": body[own["name"]].where(body[own["name"]] != "", body[own["code"]]),
            "role": role,
            "longitude": longitude,
            "latitude": latitude,
            "valid_from": since,
            "valid_to": until,
            "row": body.index.to_numpy(np.int32),
        }
    )[~(nameless | bad_dates | unclear)]
    same = points.duplicated(list(points.columns[:-1])).to_numpy(bool)
    notes.duplicates += int(same.sum())
    points = points[~same]
    again = points.duplicated(["region", "place", "valid_from"]).to_numpy(bool)
    notes.problem(
        list(points.index[again]), own["code"], list(points["place"][again]),
        "a second row of this point that says something else; the first is kept",
    )  # fmt: skip
    ignored = tuple(own[name] for name in ("province", "note") if name in own)
    points = points[~again].reset_index(drop=True)
    return Parsed({"sites": points}, notes, rows_read, ignored, points.drop(columns="row"))


def _coordinates(
    sheet: Sheet,
    body: pd.DataFrame,
    own: dict[str, str],
    notes: Notes,
    usable: NDArray[np.bool_],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return longitude and latitude [°]; a pair that can't be read or be true is left out.

    Raises:
        ContradictionError: the two columns are exchanged.
    """
    lon, lat = numbers(body[own["lon"]]), numbers(body[own["lat"]])
    # 0, 0 is how lists say that nobody knows.
    unknown = lon.missing | lat.missing | ((lon.values == 0) & (lat.values == 0))
    there = usable & ~unknown & ~lon.bad & ~lat.bad
    exchanged = there & (np.abs(lat.values) > 90) & (np.abs(lon.values) <= 90)
    if exchanged.sum() > there.sum() / 2:
        raise ContradictionError(
            f"{sheet.path}: column {own['lat']} holds values beyond 90, so it can't be a latitude.",
            f"The columns {own['lon']} and {own['lat']} are probably exchanged.",
        )
    wrong = usable & ~unknown & (
        lon.bad | lat.bad | (np.abs(lat.values) > 90) | (np.abs(lon.values) > 180)
    )  # fmt: skip
    cells = body[own["lon"]] + ", " + body[own["lat"]]
    notes.problem(
        list(body.index[wrong]), own["lon"], list(cells[wrong]),
        "not a longitude and latitude in decimal degrees; the rest of the row is kept",
    )  # fmt: skip
    out = unknown | wrong
    return np.where(out, np.nan, lon.values), np.where(out, np.nan, lat.values)


def _roles(body: pd.DataFrame, own: dict[str, str]) -> tuple[pd.Series[str], NDArray[np.bool_]]:
    """Return the role of each point, empty where the list does not say it, and where it is unclear.

    A type of point says more than the mark of a control point, which only parts two roles.
    """
    role = pd.Series("", index=body.index, dtype="str")
    unclear = np.zeros(len(body), bool)
    if "control" in own:
        cells = body[own["control"]].str.lower()
        yes, no = cells.isin(_YES), cells.isin(_NO)
        role = role.mask(yes, "control").mask(no, "evaluation")
        unclear |= ~(yes | no | cells.isin(MISSING)).to_numpy(bool)
    if "role" in own:
        cells = body[own["role"]].str.lower()
        said = cells.map(_ROLES)
        role = said.where(said.notna(), role).astype("str")
        unclear |= (said.isna() & ~cells.isin(MISSING)).to_numpy(bool)
    return role, unclear


LAYOUT = Layout(
    name="station_list",
    tables=("sites",),
    description="monitoring points: 监测点编码,监测点名称,城市,经度,纬度,对照点[,点位类型,启用日期,停用日期]",
    matches=_matches,
    parse=_parse,
)
