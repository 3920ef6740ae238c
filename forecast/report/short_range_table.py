"""The next seven days as tables: a row a city and day, a row a section and day; as CSV for people."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from forecast.charts.review_style import ITEM_NAMES
from forecast.disk import write_file
from forecast.formula_guard import guarded
from forecast.report.short_range_words import (
    LEVEL_TOKENS,
    POLLUTION,
    leading_item,
    level_number,
    level_text,
)
from forecast.standards.indicators import WATER_CLASSES
from forecast.standards.items import AIR_ITEMS, ITEMS

__all__ = [
    "AIR_COLUMNS",
    "WATER_COLUMNS",
    "air_table",
    "outlook_files",
    "water_table",
    "write_outlook",
]

_ITEM_ENDS = (("0.1", "p10"), ("0.5", "median"), ("0.9", "p90"))

#: Columns of the table of cities and what each is called in Chinese in a file.
AIR_COLUMNS: dict[str, str] = {
    "region": "地区", "place": "点位", "issued": "最后监测日", "date": "日期", "lead": "第几天",
    "level": "中位数级别", "level_zh": "级别名称", "level_en": "",
    "aqi_median": "AQI中位数", "aqi_p10": "AQI下限(10 %)", "aqi_p90": "AQI上限(90 %)",
    "leading": "首要污染物", "p_leading": "首要污染物概率",
    "p_light": "轻度及以上概率", "p_moderate": "中度及以上概率", "p_heavy": "重度及以上概率",
    **{f"p_level_{token}": f"{token}级概率" for token in LEVEL_TOKENS},
    **{
        f"{item}_{end}": f"{ITEM_NAMES[item]}{word}"
        for item in AIR_ITEMS
        for (_, end), word in zip(_ITEM_ENDS, ("下限(10 %)", "中位数", "上限(90 %)"), strict=True)
    },
    "weather": "天气", "standard": "标准", "items_missing": "未计入项目",
}  # fmt: skip

#: Likewise of the table of sections.
WATER_COLUMNS: dict[str, str] = {
    "region": "地区", "place": "断面", "issued": "最后监测日", "kind": "类型", "period": "月份", "date": "日期",
    "lead": "第几天", "limit": "考核类别", "limit_from": "考核类别来源", "p_worse": "劣于考核类别概率",
    "p_inferior_v": "劣V类概率",
    **{f"p_class_{name}": f"{name}类概率" for name in WATER_CLASSES},
    "deciding": "可能的定类项目",
}  # fmt: skip


def air_table(entries: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Put the outlook of cities into a table.

    Args:
        entries: ``short_range.air`` of a result; cities without a day have no row.

    Returns:
        One row a city and day, columns :data:`AIR_COLUMNS`: ``date`` and ``issued`` as timestamps,
        probabilities in [0, 1], concentrations in µg/m³ (CO mg/m³); ``items_missing`` are the codes
        of the items that the AQI is without, joined by ``+``.
    """
    rows = [_air_row(entry, day) for entry in entries for day in entry["days"]]
    table = pd.DataFrame(rows, columns=list(AIR_COLUMNS))
    return _dated(table)


def _air_row(entry: Mapping[str, Any], day: Mapping[str, Any]) -> dict[str, Any]:
    quantiles = day["aqi"]["quantiles"]
    led = leading_item([day]) or ""
    name = level_text(level_number(str(day["level"])))
    row: dict[str, Any] = {
        "region": entry["region"], "place": entry["place"], "issued": entry["issued"],
        "date": day["date"], "lead": day["lead"], "level": day["level"], "level_zh": name.zh,
        "level_en": name.en, "aqi_median": quantiles.get("0.5"), "aqi_p10": quantiles.get("0.1"),
        "aqi_p90": quantiles.get("0.9"), "leading": led,
        "p_leading": day["leading"].get(led) if led else None,
        **{f"p_{kind}": day["exceed"][kind] for kind in POLLUTION},
        **{f"p_level_{token}": day["levels"].get(token) for token in LEVEL_TOKENS},
        "weather": day.get("weather", entry.get("weather", "none")),
        "standard": entry.get("standard", ""),
        "items_missing": "+".join(entry.get("items_missing") or ()),
    }  # fmt: skip
    for item, said in (day.get("items") or {}).items():
        for level, end in _ITEM_ENDS:
            row[f"{item}_{end}"] = said["quantiles"].get(level)
    return row


def water_table(entries: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
    """Put the outlook of sections into a table, columns :data:`WATER_COLUMNS`.

    Args:
        entries: ``short_range.water`` of a result.
    """
    rows = []
    for entry in entries:
        shares = {k: float(v or 0.0) for k, v in (entry.get("deciding") or {}).items()}
        names = [k for k in sorted(shares, key=lambda k: -shares[k]) if shares[k] > 0.0][:3]
        for day in entry["days"]:
            classes = day.get("classes") or {}
            rows.append(
                {
                    **{name: entry.get(name) for name in
                       ("region", "place", "issued", "kind", "period", "limit", "limit_from")},
                    **{name: day.get(name) for name in ("date", "lead", "p_worse", "p_inferior_v")},
                    **{f"p_class_{name}": classes.get(name) for name in WATER_CLASSES},
                    "deciding": "+".join(names),
                }
            )  # fmt: skip
    return _dated(pd.DataFrame(rows, columns=list(WATER_COLUMNS)))


def _dated(table: pd.DataFrame) -> pd.DataFrame:
    for name in ("issued", "date"):
        table[name] = pd.to_datetime(table[name], format="%Y-%m-%d", errors="coerce")
    return table


def outlook_files(short_range: Mapping[str, Any] | None) -> dict[str, bytes]:
    """Return name → bytes of the tables for Excel: UTF-8 with its mark, heads in both languages.

    ``short_range.csv`` where there is a city, ``short_range_water.csv`` where there is a section.
    """
    told = short_range or {}
    out = {}
    for name, table, heads in (
        ("short_range.csv", air_table(told.get("air") or ()), AIR_COLUMNS),
        ("short_range_water.csv", water_table(told.get("water") or ()), WATER_COLUMNS),
    ):
        if table.empty:
            continue
        shown = table.copy()
        numbers = shown.select_dtypes("float").columns
        shown[numbers] = shown[numbers].round(4)
        for column in ("leading", "deciding", "items_missing"):
            if column in shown:
                shown[column] = [_names(text) for text in shown[column]]
        shown = shown.rename(columns={k: f"{zh} {k}".strip() for k, zh in heads.items()})
        text = guarded(shown).to_csv(index=False, lineterminator="\n", date_format="%Y-%m-%d")
        out[name] = text.encode("utf-8-sig", "replace")
    return out


def _names(text: str) -> str:
    """Codes of items as bulletins write them."""
    return "+".join(
        ITEM_NAMES.get(code, ITEMS[code].en if code in ITEMS else code)
        for code in str(text).split("+")
        if code
    )


def write_outlook(short_range: Mapping[str, Any] | None, folder: Path) -> list[Path]:
    """Write the tables of :func:`outlook_files` into a folder; return the files."""
    written = []
    for name, data in outlook_files(short_range).items():
        write_file(folder / name, data)
        written.append(folder / name)
    return written
