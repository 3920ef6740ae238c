"""The calculator over a table: AQI of rows, class of rows, annual indicators of a daily table.

Tables come in as text, every cell a string, and go out with columns added. ``/`` (water also
``*``) and an absent column mean not monitored; blank, ``NA``, ``--`` and their like mean missing.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Context, Decimal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import InputError
from forecast.standards.air_assessment import AIR_INDICATORS, AirYear, assess_year
from forecast.standards.aqi import HOURLY_ITEMS, AqiResult, daily_aqi, hourly_aqi
from forecast.standards.indicators import INDICATORS, WATER_CLASSES
from forecast.standards.items import AIR_ITEMS, ITEMS
from forecast.standards.judgement import official_decimals, official_value
from forecast.standards.limits import attains, indicator_limit
from forecast.standards.versions import aqi_standard_on
from forecast.standards.water_class import section_class

__all__ = ["air_table", "aqi_table", "water_table"]

_MISSING = frozenset(
    {"", "na", "nan", "n/a", "null", "none", "-", "--", "—", "——", "*", "-999", "-999.0"}
)
_WATER_TYPES = {
    "river": "river", "河流": "river", "lake": "lake", "reservoir": "lake", "lake/reservoir": "lake",
    "湖库": "lake", "湖泊": "lake", "水库": "lake", "either": "either", "": "river",
}  # fmt: skip
#: Decimals to which the AQI rounds a concentration before the look-up; 0 but for CO.
_AQI_DECIMALS = {"co": 1}
#: A cell no longer than this can't be mistaken for a tie by the rounding of floats.
_SHORT = 8
#: More digits than any finite cell has, so that rounding on the text is always exact.
_EXACT = Context(prec=400, rounding=ROUND_HALF_EVEN)
_DATE = re.compile(
    r"(?:(\d{4})(\d{2})(\d{2})|(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?)(?:[T ].*)?"
)


def aqi_table(
    table: pd.DataFrame,
    standard: str | None = None,
    hourly: bool = False,
    platform: bool = False,
) -> pd.DataFrame:
    """Add ``aqi,level,primary,good`` to a table of concentrations, one row a day (or hour).

    Args:
        table: text columns ``date`` and any of so2, no2, co, o3_8h, pm10, pm25 (with ``hourly``
            o3_1h for o3_8h; daily tables may have o3_1h as well) [µg/m³, CO mg/m³]. Rows are
            independent; ``date`` is needed only where no ``standard`` is given.
        standard: token of a version, overrides the dates.
        hourly: 1-hour values.
        platform: publish under 2026 also when PM10 alone is missing.

    Returns:
        The same rows in the same order; ``aqi`` an integer or blank, ``level`` 1 to 6 or blank,
        ``primary`` item codes joined by ``+``, ``good`` true, false or blank.

    Raises:
        InputError: a cell that is neither a number nor a mark, a date that does not exist, no
            item column at all. UsageError: an unknown standard.
    """
    items = HOURLY_ITEMS if hourly else AIR_ITEMS
    numbers, marked = _readings(table, items, rounded=True)
    dates = None
    if standard is None:
        dates = _dates(table)
    second = None
    if not hourly and "o3_1h" in _columns(table):
        second = _readings(table, ("o3_1h",), rounded=True)[0][:, 0]
    if np.isnan(numbers).all() and not set(items) & set(_columns(table)) and second is None:
        raise InputError(
            "The table has none of the columns " + ", ".join(items) + ".",
            "Name the columns as in the help of this command.",
        )
    result: AqiResult
    if hourly:
        result = hourly_aqi(
            numbers, dates, items, standard, not_monitored=marked, platform=platform
        )
    else:
        result = daily_aqi(
            numbers, dates, items, standard,
            not_monitored=marked, o3_1h=second, platform=platform,
        )  # fmt: skip
    there = result.aqi >= 0
    good = np.where(result.good, "true", "false")
    return table.assign(
        aqi=np.where(there, result.aqi.astype(str), ""),
        level=np.where(there, result.level.astype(str), ""),
        primary=_joined(result.primary, items),
        good=np.where(there, good, ""),
    )


def water_table(table: pd.DataFrame, platform: bool = False) -> pd.DataFrame:
    """Add ``class,deciding_items`` to a table of samples of sections, one row a sample.

    Args:
        table: text columns ``water_type`` (river, lake or either; river where blank or absent)
            and item codes [mg/L], graded as they are, without rounding. ``do_saturation`` [%], if
            there, lets DO be class I from 90 % on, as the text of the standard does.
        platform: leave ``do_saturation`` out of account.

    Returns:
        The same rows in the same order; ``class`` I, II, III, IV, V, 劣V or blank (withheld:
        pH, DO, CODMn, NH3-N or TP is missing, not unmonitored), ``deciding_items`` codes joined
        by ``+`` (pH is not listed at class I).

    Raises:
        InputError: a cell that is neither a number nor a mark, no item column at all.
    """
    columns = _columns(table)
    items = tuple(item for item in columns if item in ITEMS and ITEMS[item].domain == "water")
    items = tuple(item for item in items if item != "class_published")
    if not items:
        raise InputError(
            "The table has no column of a water item.",
            "Name the columns ph, do, codmn, cod, bod5, nh3n, tp and so on.",
        )
    numbers, marked = _readings(table, items, marks=("/", "*"))
    kinds = np.full(len(table), "river", dtype=object)
    if "water_type" in columns:
        for row, text in enumerate(_texts(table, "water_type")):
            kind = _WATER_TYPES.get(text.lower())
            if kind is None:
                raise _cell("water_type", row, text, "river, lake or either")
            kinds[row] = kind
    saturation = None
    if "do_saturation" in columns:
        saturation = _readings(table, ("do_saturation",))[0][:, 0]
    classes, deciding = section_class(
        numbers, items, kinds.astype(str),
        platform=platform, not_monitored=marked, do_saturation=saturation,
    )  # fmt: skip
    deciding &= (classes > 0)[:, None]
    labels = np.array(["", *WATER_CLASSES])
    graded = table.copy()
    graded["class"] = labels[classes]
    graded["deciding_items"] = _joined(deciding, items)
    return graded


def air_table(table: pd.DataFrame, standard: str | None = None) -> pd.DataFrame:
    """Annual indicators of a daily table of one place, one row an indicator and year.

    Args:
        table: text columns ``date`` and any of the six items; every day once.
        standard: token under which every year is judged; None: each day by the rules of its
            date, limits by the last day of the year.

    Returns:
        Columns ``indicator,unit,year,standard,value,value_official,n_valid,attains``: value
        unrounded, blank where it can't be computed; attains true or false where the indicator has
        a limit in GB 3095 and the year enough valid days, else blank.

    Raises:
        InputError: as :func:`aqi_table`; a day that occurs twice; no row.
    """
    numbers, _ = _readings(table, AIR_ITEMS)
    if not set(AIR_ITEMS) & set(_columns(table)):
        raise InputError(
            "The table has none of the columns " + ", ".join(AIR_ITEMS) + ".",
            "Name the columns as in the help of this command.",
        )
    dates = _dates(table)
    if len(dates) == 0:
        raise InputError("The table has no row.", "Give at least one day.")
    years = dates.astype("datetime64[Y]").astype(int) + 1970
    rows: list[dict[str, object]] = []
    for year in np.unique(years).tolist():
        assessed = assess_year(numbers, dates, AIR_ITEMS, year, standard=standard)
        rows += [_indicator_row(name, assessed) for name in AIR_INDICATORS]
    return pd.DataFrame(rows)


def _indicator_row(name: str, assessed: AirYear) -> dict[str, object]:
    what = INDICATORS[name]
    token = _token(name, assessed)
    value = float(assessed.values[name][0])
    shown = official = verdict = ""
    if not np.isnan(value):
        shown = repr(value)
        decimals = official_decimals(name, assessed.limits) or 0
        official = f"{official_value(name, value, assessed.limits):.{decimals}f}"
        if assessed.valid[name][0] and indicator_limit(name, assessed.limits) is not None:
            verdict = "true" if attains(name, value, assessed.limits) else "false"
    return {
        "indicator": name, "unit": what.unit, "year": assessed.year, "standard": token,
        "value": shown, "value_official": official, "n_valid": int(assessed.n_valid[name][0]),
        "attains": verdict,
    }  # fmt: skip


def _token(name: str, assessed: AirYear) -> str:
    """The version that made an indicator: the token asked for, else by what it rests on."""
    if assessed.standard is not None:
        return assessed.standard
    if name in ("good_days", "heavy_days", "good_day_ratio"):
        days = np.array([assessed.first, assessed.last])
        return "/".join(dict.fromkeys(aqi_standard_on(days).tolist()))
    return "GB 3095-2012" if name == "composite_index" else assessed.limits


def _columns(table: pd.DataFrame) -> dict[str, str]:
    """Column names as we know them (trimmed, lower case) and as the table has them."""
    return {str(name).strip().lstrip("\ufeff").lower(): str(name) for name in table.columns}


def _texts(table: pd.DataFrame, column: str) -> list[str]:
    return [str(text).strip() for text in table[_columns(table)[column]].tolist()]


def _readings(
    table: pd.DataFrame,
    items: Sequence[str],
    marks: tuple[str, ...] = ("/",),
    *,
    rounded: bool = False,
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Numbers (row, item), NaN where there is none, and where an item is not monitored.

    ``rounded`` rounds each as the AQI does, on the decimals written, so that 60.50000001 is 61.
    """
    numbers = np.full((len(table), len(items)), np.nan)
    marked = np.zeros((len(table), len(items)), dtype=np.bool_)
    known = _columns(table)
    for column, item in enumerate(items):
        if item not in known:
            marked[:, column] = True
            continue
        for row, text in enumerate(_texts(table, item)):
            if text in marks:
                marked[row, column] = True
            elif text.lower() not in _MISSING:
                number = _number(item, row, text)
                if rounded and len(text) > _SHORT:
                    number = _half_even(text, _AQI_DECIMALS.get(item, 0))
                numbers[row, column] = number
    return numbers, marked


def _number(item: str, row: int, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = np.nan
    lowest = -np.inf if item == "water_temp" else 0.0
    if not np.isfinite(value) or value < lowest or "_" in text:
        raise _cell(item, row, text, "a number not below 0, blank (missing) or / (not monitored)")
    return value


def _half_even(text: str, decimals: int) -> float:
    """The number written in ``text``, rounded half to even to ``decimals`` places."""
    return float(Decimal(text).quantize(Decimal(1).scaleb(-decimals), context=_EXACT))


def _dates(table: pd.DataFrame) -> NDArray[np.datetime64]:
    if "date" not in _columns(table):
        raise InputError(
            "The table has no column 'date', and no standard was given.",
            "Add the column, or say which version to use, such as HJ 633-2026.",
        )
    days = np.empty(len(table), dtype="datetime64[D]")
    for row, text in enumerate(_texts(table, "date")):
        found = _DATE.fullmatch(text)
        try:
            days[row] = np.datetime64("-".join(part.zfill(2) for part in found.groups() if part))  # type: ignore[union-attr]
        except (AttributeError, ValueError):
            raise _cell("date", row, text, "a day that exists, such as 2026-03-01") from None
    return days


def _cell(column: str, row: int, text: str, expected: str) -> InputError:
    """Row 1 is the first row under the header."""
    return InputError(
        f"Row {row + 1}, column {column!r}: {text!r} is not usable.", f"Give {expected}."
    )


def _joined(chosen: NDArray[np.bool_], items: Sequence[str]) -> list[str]:
    """Codes of the chosen items of each row, joined by ``+``."""
    return [
        "+".join(item for item, one in zip(items, row, strict=True) if one)
        for row in chosen.tolist()
    ]
