"""Tables of a scenario's answer on water: chances of the targets, sections with and without."""

from __future__ import annotations

from forecast.report.document import Cell, Column, TableBlock, cell
from forecast.report.scenario_told import (
    Told,
    asked_text,
    chance_cell,
    package_name,
    span_cell,
    target_span,
    value_text,
)
from forecast.report.words import Pair, indicator_text
from forecast.standards.indicators import WATER_CLASSES, indicator
from forecast.standards.items import ITEMS

__all__ = ["sections_table", "water_table"]

_PACKAGE = Column(Pair("方案", "package"), align="left", weight=1.8)
_POINTS = Pair("百分点", "points")


def _text(pair: Pair) -> Cell:
    return Cell(Pair(pair.zh or "—", pair.en or "—"))


def water_table(told: Told, key: str) -> TableBlock | None:
    """Chances of targets on water under each package; None without any."""
    rows = []
    for row in told["water"]:
        name = str(row["indicator"])
        place = str(row["place"])
        label = (
            Pair(str(row["label_zh"]), str(row.get("label_en") or row["label_zh"]))
            if row.get("label_zh")
            else indicator_text(name)
        )
        where = Pair("全部断面", "all sections") if place == "all" else Pair(place, place)
        known = indicator(name)
        rows.append(
            (
                _text(where), _text(label),
                _text(asked_text({**row, "unit": row.get("unit") or known.unit})),
                _text(package_name(told, str(row["package"]))),
                _text(Pair(*[value_text(name, row["mean"])] * 2)),
                chance_cell(row["probability"], strong=True),
                cell(_points(row["error"]), decimals=1),
                cell(_points(row.get("change")), decimals=1, signed=True),
                span_cell(*target_span(told, row), 1),
            )
        )  # fmt: skip
    if not rows:
        return None
    share = f"{100 * float(told['interval']):g}"
    return TableBlock(
        f"scenario_water{key}",
        Pair("水质目标的达标概率（条件估计）", "Targets on water (conditional estimates)"),
        (
            Column(Pair("断面", "section"), align="left", weight=1.6),
            Column(Pair("目标", "target"), align="left", weight=1.6),
            Column(Pair("要求", "asked"), weight=1.2),
            _PACKAGE,
            Column(Pair("均值", "mean")),
            Column(Pair("概率", "P")),
            Column(Pair("抽样误差", "sampling error"), _POINTS, weight=1.2),
            Column(Pair("较基准", "change"), _POINTS, weight=1.1),
            Column(Pair(f"{share} %抽样区间", f"{share} % sampling interval"), _POINTS, weight=1.6),
        ),
        tuple(rows),
    )


def _points(share: float | None) -> float | None:
    """A probability as points of a hundred."""
    return None if share is None else 100.0 * share


def sections_table(told: Told, key: str) -> TableBlock | None:
    """Chances of the classes of each section that a package changes, and means of its items."""
    items = list(dict.fromkeys(i for r in told.get("sections", ()) for i in r["means"]))
    rows = [
        (
            _text(Pair(str(row["section"]), str(row["section"]))),
            _text(package_name(told, str(row["package"]))),
            *(chance_cell(row["classes"][c]) for c in WATER_CLASSES),
            *(cell(row["means"].get(i), decimals=3) for i in items),
        )
        for row in told.get("sections", ())
    ]
    if not rows:
        return None
    return TableBlock(
        f"scenario_sections{key}",
        Pair(
            "情景所涉断面的类别概率与年均值（条件估计）",
            "Sections that the packages change: classes, annual means (conditional estimates)",
        ),
        (
            Column(Pair("断面", "section"), align="left", weight=1.6),
            _PACKAGE,
            *(Column(Pair(c, c)) for c in WATER_CLASSES),
            *(
                Column(Pair(ITEMS[i].zh, ITEMS[i].en), Pair("mg/L", "mg/L"), weight=1.2)
                for i in items
            ),
        ),
        tuple(rows),
    )
