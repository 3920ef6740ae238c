"""Air quality of cities from a sheet of a statistical yearbook: annual means and good days.

The header goes over several lines and two languages (``可吸入细颗粒物年平均浓度 (微克/立方米) Annual Mean
Concentration of PM2.5(ug/m3)``), the column of names is ``城    市``, names are spread and indented
with blanks (``  石家庄市``, ``北  京``), and rows of provinces stand between the cities without values.

The unit is read from the header; a column that says none, or two, is left out. The year stands in a title
above the header, in the sheet's name or in the file's name. A year beside 年鉴 is that of the edition,
whose figures are older, so it is never taken.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from forecast.errors import InputError
from forecast.ingest.files.cells import numbers
from forecast.ingest.files.sheet import Sheet, stem
from forecast.ingest.parsed import Layout, Notes, Parsed, Request, ragged_rows
from forecast.ingest.readers.checks import outside_indicator
from forecast.ingest.readers.repeats import keep_first
from forecast.ingest.readers.units import Conversion, conversion, plain_unit
from forecast.standards.indicators import INDICATORS

__all__ = ["LAYOUT"]

_CITY = re.compile(r"^(?:城市|地区|市)(?:city|region|cities)?(?:名称)?$")
_MEAN = re.compile(r"年平均|年均|annual(?:mean|average)")
_GOOD = re.compile(
    r"(?:达到|好于|优于).*二级.*天数|二级(?:及)?以上.*天数|达标天数|优良天数|daysofairquality"
)
_RATIO = re.compile(r"(?:天数|达标|优良).*(?:比例|比率|率)|优良率|达标率")
_P95 = re.compile(r"第?95百分位|95th")
_P90 = re.compile(r"第?90百分位|90th")

#: Indicator → the word that its header has, whatever the language.
_POLLUTANTS = {
    "pm25": re.compile(r"pm2\.5|pm25|细颗粒物"),
    "pm10": re.compile(r"pm10|(?<!细)可吸入颗粒物"),
    "so2": re.compile(r"so2|二氧化硫|sul(?:ph|f)urdioxide"),
    "no2": re.compile(r"no2|二氧化氮|nitrogendioxide"),
    "co": re.compile(r"一氧化碳|carbonmonoxide|\bco\b|\(co\)"),
    "o3": re.compile(r"臭氧|o3|ozone"),
}
_UNIT = re.compile(
    r"微克/立方米|毫克/立方米|[µμu]g/m(?:3|³)|mg/m(?:3|³)|\((?:天|日|days?)\)|\(%\)|%|\(百分比\)"
)
_YEAR = re.compile(r"(?<![0-9])(?:19|20)[0-9]{2}(?![0-9])")
_EDITION = re.compile(
    r"年鉴\W{0,3}(?:19|20)[0-9]{2}|(?:19|20)[0-9]{2}\W{0,3}年?\W{0,2}(?:\w{0,8})年鉴"
)
_HEAD = 21


def _plain(cell: str) -> str:
    return re.sub(r"\s", "", cell).lower()


def _indicator(text: str) -> str:
    """Return the indicator that a header without blanks means, or an empty text.

    >>> _indicator("可吸入细颗粒物年平均浓度(微克/立方米)"), _indicator("可吸入颗粒物(pm10)年均浓度")
    ('pm25_annual_mean', 'pm10_annual_mean')
    """
    found = [name for name, pattern in _POLLUTANTS.items() if pattern.search(text)]
    if not found:
        if _GOOD.search(text) or _RATIO.search(text):
            return "good_day_ratio" if _RATIO.search(text) else "good_days"
        return ""
    if len(found) > 1:
        return ""
    name = found[0]
    if name == "co":
        return "co_p95" if _P95.search(text) else ""
    if name == "o3":
        return "o3_8h_p90" if _P90.search(text) else ""
    if _P95.search(text) or "98百分位" in text:
        return ""
    return f"{name}_annual_mean" if _MEAN.search(text) else ""


def _unit(text: str) -> str:
    """Return the one unit that a header says, or an empty text for none or two."""
    units = set()
    for found in _UNIT.findall(text):
        bare = found.strip("()")
        units.add(
            {"天": "d", "日": "d", "day": "d", "days": "d", "百分比": "%"}.get(
                bare, plain_unit(bare)
            )
        )
    return units.pop() if len(units) == 1 else ""


def _matches(lines: Sequence[Sequence[str]]) -> bool:
    name_row = any(_CITY.match(_plain(cell)) for line in lines[1:] for cell in line[:3])
    cells = [_plain(cell) for line in lines[1:12] for cell in line]
    dated = any(cell in ("日期", "date", "年份", "year", "指标", "indicator") for cell in cells)
    return name_row and not dated and any(_indicator(cell) for cell in cells)


def _parse(sheet: Sheet, request: Request) -> Parsed:
    notes = Notes()
    cells = sheet.cells
    table = cells.to_numpy(dtype=object)
    top, column = _name_cell(sheet, table)
    values = np.column_stack(
        [~np.isnan(numbers(cells[name]).values) for name in cells.columns if int(name) != column]
    )
    named = (cells[column] != "").to_numpy(bool)
    body = np.flatnonzero(named & values.any(axis=1) & (np.arange(len(cells)) > top))
    if not len(body):
        raise InputError(f"{sheet.path} has a header and no rows.", "Export it again.")
    first = int(body[0])
    year, title = _year(sheet, table[:first], request.last_year)
    found, ignored = _columns(sheet, table[:first], column)
    ragged_rows(sheet, notes)
    lines = cells.iloc[body]
    region = lines[column].map(_city).astype("str")
    usable = np.ones(len(lines), bool)
    parts = {}
    for at, (name, way) in found.items():
        read = numbers(lines[at])
        bad = read.bad | read.censored
        notes.problem(
            list(lines.index[bad]), INDICATORS[name].zh, list(lines[at][bad]),
            "not a number; row set aside",
        )  # fmt: skip
        usable &= ~bad
        parts[name] = way(read.values)
    end = np.datetime64(f"{year:04d}-12-31T23:59:59", "s")
    frames = []
    for name, value in parts.items():
        wrong = usable & outside_indicator(name, INDICATORS[name].unit, value)
        notes.problem(
            list(lines.index[wrong]), INDICATORS[name].zh, [f"{v:g}" for v in value[wrong]],
            f"outside what {name} can be; the rest of the row is kept",
        )  # fmt: skip
        notes.missing += int((usable & np.isnan(value)).sum())
        there = usable & ~wrong & ~np.isnan(value)
        frames.append(
            pd.DataFrame(
                {
                    "region": region[there], "place": region[there], "indicator": name,
                    "year": np.int32(year), "value": value[there],
                    "unit": INDICATORS[name].unit, "known_from": end,
                }
            )
        )  # fmt: skip
    rows, contradicted = keep_first(
        pd.concat(frames), ["region", "indicator", "known_from"], ["value"], notes,
        column="", shown="%Y", what="city and year",
    )  # fmt: skip
    rows = rows.assign(
        origin=title,
        date=np.datetime64("NaT", "s"),
        version="unknown",
        flag=np.where(contradicted, "conflicting", ""),
        row=rows.index.to_numpy(np.int32),
    ).reset_index(drop=True)
    return Parsed({"yearly_values": rows}, notes, len(lines) + len(sheet.ragged), ignored)


def _name_cell(sheet: Sheet, table: np.ndarray) -> tuple[int, int]:
    """Return the line (from 0) and the column of the header of the names."""
    for at, line in enumerate(table[:_HEAD]):
        for column, cell in enumerate(line[:3]):
            if _CITY.match(_plain(str(cell))):
                return at, column
    raise InputError(f"{sheet.path} has no column of cities.", "Name it 城市.")


def _year(sheet: Sheet, head: np.ndarray, last_year: int) -> tuple[int, str]:
    """Return the year of the figures, and the title for their origin."""
    titles = [str(line[0]) for line in head if sum(bool(cell) for cell in line) <= 2 and line[0]]
    title = " ".join(" ".join(titles).split())
    for text in (title, sheet.part, stem(sheet.path)):
        years = {int(found) for found in _YEAR.findall(_EDITION.sub("", text))}
        years = {year for year in years if 1949 <= year <= last_year}
        if len(years) == 1:
            return years.pop(), title or stem(sheet.path)
    edition = _EDITION.search(f"{title} {sheet.part} {stem(sheet.path)}")
    raise InputError(
        f"{sheet.path} does not say which year its figures are of"
        + (f"; {edition[0]} is only the edition." if edition else "."),
        "Put the year of the figures into the file's name, such as 空气质量_2018年.xls.",
    )


def _columns(
    sheet: Sheet, head: np.ndarray, names: int
) -> tuple[dict[int, tuple[str, Conversion]], tuple[str, ...]]:
    """Return column → indicator and the way to its unit; and what is left out, with the reason."""
    rows = [line for line in head if sum(bool(cell) for cell in line) > 1]
    found: dict[int, tuple[str, Conversion]] = {}
    ignored = []
    for at in range(head.shape[1]):
        text = _plain("".join(str(line[at]) for line in rows))
        if at == names or not text:
            continue
        name = _indicator(text)
        if not name:
            ignored.append(text[:40])
            continue
        unit = _unit(text)
        wanted = INDICATORS[name].unit
        way = Conversion() if (unit, wanted) == ("d", "days") else conversion(unit, wanted)
        if not unit or way is None:
            ignored.append(f"{text[:40]}: {'unit ' + unit if unit else 'no unit'}")
        elif name in {taken for taken, _ in found.values()}:
            ignored.append(f"{text[:40]}: a second column of it")
        else:
            found[at] = (name, way)
    if not found:
        raise InputError(
            f"{sheet.path} has no column of a known indicator with its unit.",
            "Write units into the header, such as (微克/立方米) or (天).",
        )
    return found, tuple(ignored)


def _city(cell: str) -> str:
    """Return a city's name without the blanks that spread it and the English behind it.

    >>> _city("北  京"), _city("石家庄市 Shijiazhuang")
    ('北京', '石家庄市')
    """
    bare = re.sub(r"\s", "", cell)
    chinese = re.match(r"[\u4e00-\u9fff·()]+", bare)
    return chinese[0] if chinese else " ".join(cell.split())


LAYOUT = Layout(
    name="yearbook",
    tables=("yearly_values",),
    description="yearbook sheets: 城市, then 年平均浓度(微克/立方米) and 好于二级的天数(天) of a year",
    matches=_matches,
    parse=_parse,
)
