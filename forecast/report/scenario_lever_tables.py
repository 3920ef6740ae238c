"""Tables of what is cut, when and how much in the year, and of two levers against each other."""

from __future__ import annotations

from forecast.report.document import Cell, Column, TableBlock, cell
from forecast.report.scenario_told import (
    Told,
    chance_cell,
    cut_details,
    package_name,
    package_names,
)
from forecast.report.words import Pair

__all__ = ["levers_table", "map_table", "packages_table"]

_PACKAGE = Column(Pair("方案", "package"), align="left", weight=1.4)


def _text(pair: Pair | str) -> Cell:
    text = Pair(pair, pair) if isinstance(pair, str) else pair
    return Cell(Pair(text.zh or "—", text.en or text.zh or "—"))


def packages_table(told: Told, key: str) -> TableBlock | None:
    """The packages: what each cuts in the year, where it is written, what is remarked."""
    if not told["packages"]:
        return None
    about = {str(p["name"]): p for p in told["packages"]}
    nothing = Pair(
        "不加任何方案，排放照记录的走势", "no package; emissions as the record has them go on"
    )
    first = (_text(package_name(told, "")), _text(nothing), _text(""), _text(""))
    rows = (
        first,
        *(
            (
                _text(package_name(told, name)), _text(cut_details(told, name)),
                _text(str(about[name].get("file") or "")),
                _text(str(about[name].get("note") or "")),
            )
            for name in package_names(told)
        ),
    )  # fmt: skip
    return TableBlock(
        f"scenario_packages{key}",
        Pair("方案与年内减排", "Packages and what they cut in the year"),
        (
            _PACKAGE,
            Column(Pair("年内减排", "cut in the year"), align="left", weight=2.6),
            Column(Pair("文件", "file"), align="left", weight=1.6),
            Column(Pair("说明", "remark"), align="left", weight=2.4),
        ),
        rows,
    )


def levers_table(told: Told, key: str) -> TableBlock | None:
    """The measures of each package in words: what, where, from when; None without any."""
    rows = [
        (
            Cell(package_name(told, str(package["name"]))),
            Cell(Pair(str(one["name"]), str(one["name"]))),
            Cell(Pair(str(one["zh"]), str(one["en"]))),
        )
        for package in told["packages"]
        for one in package.get("measures", ())
    ]
    if not rows:
        return None
    return TableBlock(
        f"scenario_measures{key}",
        Pair("方案中的措施", "Measures of the packages"),
        (
            _PACKAGE,
            Column(Pair("措施", "measure"), align="left", weight=1.6),
            Column(Pair("减排内容", "what is cut"), align="left", weight=4.0),
        ),
        tuple(rows),
    )


def map_table(told: Told, key: str) -> TableBlock | None:
    """The chance of the target over cuts of two levers; None where none were tried."""
    found = told.get("map")
    if not found:
        return None
    at = {(r["first"], r["second"]): r for r in found["rows"]}
    first, second = found["levers"]
    least = {f["first"]: f["second"] for f in found["frontier"]}
    chances = {place: r["probability"] for place, r in at.items()}
    rows = [
        (
            cell(100.0 * a, decimals=0, strong=True),
            *(
                chance_cell(chances[a, b], strong=chances[a, b] >= found["asked"])
                for b in found["second"]
            ),
            cell(None if least.get(a) is None else 100.0 * least[a], decimals=0),
        )
        for a in found["first"]
    ]
    asked = f"{100 * found['asked']:g} %"
    return TableBlock(
        f"scenario_levers{key}",
        Pair(
            f"{found['label_zh']}：两项削减下的达标概率（条件估计）",
            f"{found['label_en']}: chance under two cuts (conditional estimates)",
        ),
        (
            Column(Pair(f"{first} 削减", f"{first} cut"), Pair("%", "%"), weight=1.4),
            *(
                Column(Pair(f"{second} {100 * b:.0f} %", f"{second} {100 * b:.0f} %"))
                for b in found["second"]
            ),
            Column(
                Pair(f"达到{asked}所需{second}", f"least {second} for {asked}"),
                Pair("%", "%"),
                weight=1.6,
            ),
        ),
        tuple(rows),
        (
            Pair(
                f"自 {found['start']} 起，落实率 1；“—”为图中范围内达不到。PM2.5 与臭氧的变化见图。",
                f"From {found['start']} on, compliance 1; — is not reached inside the map. Changes of "
                "PM2.5 and ozone stand in the chart.",
            ),
        ),
    )
