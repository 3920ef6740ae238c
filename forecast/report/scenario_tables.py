"""Tables of a scenario's answer: targets, PM2.5 beside ozone, other indicators, water, how much."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from forecast.charts.style import LINES
from forecast.projection.scenario_words import REGIME_NAMES
from forecast.report.document import Cell, Column, TableBlock, cell
from forecast.report.scenario_told import (
    Told,
    asked_text,
    chance_cell,
    decimals_of,
    indicator_row,
    package_name,
    package_names,
    span_cell,
    target_name,
    target_rows,
    target_span,
)
from forecast.report.words import UNIT_ZH, Pair, indicator_text
from forecast.standards.indicators import indicator

__all__ = [
    "decided_table",
    "others_table",
    "pair_table",
    "solutions_table",
    "targets_table",
    "variance_table",
]

#: The two indicators that are never told one without the other.
TOGETHER = ("pm25_annual_mean", "o3_8h_p90")

_PACKAGE = Column(Pair("方案", "package"), align="left", weight=1.8)
_POINTS = Pair("百分点", "points")

#: What a variance is parted into.
_PARTS: dict[str, Pair] = {
    "weather": Pair("气象", "weather"),
    "sensitivity": Pair("响应参数", "sensitivity"),
    "inventory": Pair("清单与执行率", "inventory, compliance"),
    "discrepancy": Pair("模型偏差", "discrepancy"),
    "interaction": Pair("交互作用", "interaction"),
}


def _text(pair: Pair, **look: Any) -> Cell:
    return Cell(Pair(pair.zh or "—", pair.en or "—"), **look)


def decided_table(told: Told, key: str) -> TableBlock | None:
    """Targets that no package changes, with the span of their chances; None where none is."""
    rows = []
    for own in target_rows(told):
        verdict = str(own[0].get("decided") or "")
        if not verdict:
            continue
        chances = [r["probability"] for r in own]
        said = (
            Pair("各方案均高于 99 %", "above 99 % under all")
            if verdict == "met"
            else Pair("各方案均低于 1 %", "below 1 % under all")
        )
        rows.append(
            (_text(target_name(own[0])), _text(asked_text(own[0])), chance_cell(min(chances)),
             chance_cell(max(chances)), _text(said, strong=True))
        )  # fmt: skip
    if not rows:
        return None
    return TableBlock(
        f"scenario_decided{key}",
        Pair("有无减排结论都不变的目标", "Targets that are decided with or without the cuts"),
        (
            Column(Pair("目标", "target"), align="left", weight=2.4),
            Column(Pair("要求", "asked"), weight=1.4),
            Column(Pair("最低概率", "lowest P")),
            Column(Pair("最高概率", "highest P")),
            Column(Pair("结论", "answer"), weight=1.8),
        ),
        tuple(rows),
    )


def targets_table(told: Told, key: str) -> TableBlock | None:
    """Chance of each target under each package; None without a target."""
    rows = [
        (
            _text(Pair(*(" ".join(t) for t in zip(target_name(row), asked_text(row), strict=True)))),
            _text(package_name(told, str(row["package"]))),
            chance_cell(row["probability"], strong=True),
            cell(_points(row["error"]), decimals=1),
            cell(_points(row.get("change")), decimals=1, signed=True),
            span_cell(*target_span(told, row), 1),
            chance_cell(row.get("without_parameters")),
            *(chance_cell((row.get("regimes") or {}).get(name)) for name in REGIME_NAMES),
        )
        for own in target_rows(told)
        for row in own
    ]  # fmt: skip
    if not rows:
        return None
    share = f"{100 * float(told['interval']):g}"
    return TableBlock(
        f"scenario_targets{key}",
        Pair("各方案的达标概率（条件估计）", "Probability of the targets (conditional estimates)"),
        (
            Column(Pair("目标", "target"), align="left", weight=2.6),
            _PACKAGE,
            Column(Pair("概率", "P")),
            Column(Pair("抽样误差", "sampling error"), _POINTS, weight=1.2),
            Column(Pair("较基准", "change"), _POINTS, weight=1.1),
            Column(Pair(f"{share} %抽样区间", f"{share} % sampling interval"), _POINTS, weight=1.6),
            Column(Pair("参数取中值", "parameters at centre"), weight=1.3),
            *(Column(Pair(*names), weight=1.3) for names in REGIME_NAMES.values()),
        ),
        tuple(rows),
        (
            Pair(
                "抽样误差为样本路径数有限所致；较基准为同一组样本路径逐条相减；“参数取中值”不计响应参数、清单和模型偏差的"
                "不确定性；后三列假定臭氧在每次抽样中都属于该控制区。",
                "The sampling error comes from the number of paths; the change is taken path by path; "
                "parameters at centre leaves out what is not known of responses, inventory and "
                "discrepancy; the last three take ozone to be of that regime in every draw.",
            ),
        ),
    )  # fmt: skip


def _points(share: float | None) -> float | None:
    return None if share is None else 100.0 * float(share)


def _change(row: Mapping[str, Any] | None, name: str) -> tuple[Cell, Cell, Cell, Cell]:
    """Mean, change, its interval, share of paths on which it is worse."""
    if row is None:
        empty = cell(None)
        return empty, empty, empty, empty
    places = decimals_of(name)
    found = row.get("change") or {}
    moved = found.get("mean")
    worse = moved is not None and (moved > 0) == (indicator(name).better == "lower")
    ink = LINES["red"] if worse and round(float(moved or 0.0), places) else ""
    return (
        cell(row["mean"], decimals=places),
        cell(moved, decimals=places, signed=True, ink=ink, strong=bool(ink)),
        span_cell(found.get("low"), found.get("high"), places),
        cell(_points(found.get("share_worse")), decimals=0),
    )


def pair_table(told: Told, key: str) -> TableBlock | None:
    """PM2.5 and ozone under each package, side by side; None where neither is forecast."""
    rows = []
    for package in ("", *package_names(told)):
        found = [indicator_row(told, package, name) for name in TOGETHER]
        if any(found):
            cells = [
                c for row, name in zip(found, TOGETHER, strict=True) for c in _change(row, name)
            ]
            rows.append((_text(package_name(told, package)), *cells))  # fmt: skip
    if not rows:
        return None
    unit = Pair("µg/m³", "µg/m³")
    share = f"{100 * float(told['interval']):g}"
    heads = [
        column
        for item in ("PM2.5", "O3-8h")
        for column in (
            Column(Pair(item, item), unit, weight=1.0),
            Column(Pair(f"{item} 变化", f"{item} change"), unit, weight=1.0),
            Column(Pair(f"{share} %区间", f"{share} % interval"), unit, weight=1.6),
            Column(Pair("变差的路径", "paths worse"), Pair("%", "%"), weight=0.9),
        )
    ]
    return TableBlock(
        f"scenario_pair{key}",
        Pair("PM2.5与臭氧（条件估计）", "PM2.5 and ozone (conditional estimates)"),
        (_PACKAGE, *heads),
        tuple(rows),
        (
            Pair(
                "PM2.5为年均浓度，O3-8h为日最大8小时浓度第90百分位；变化为与基准逐条路径相减的均值，变差的写成红色。",
                "PM2.5 is the annual mean, O3-8h the 90th percentile of the daily maximum of 8 hours; "
                "a change is the mean of package less baseline, path by path; what gets worse is red.",
            ),
        ),
    )


def others_table(told: Told, key: str) -> TableBlock | None:
    """The other indicators under each package; None where there is none."""
    names = dict.fromkeys(str(r["indicator"]) for r in told["rows"] if r["kind"] == "indicator")
    rows = []
    for name in names:
        if name in TOGETHER:
            continue
        unit = indicator(name).unit
        shown = indicator_text(name)
        unit_zh = UNIT_ZH.get(unit, unit)
        for package in ("", *package_names(told)):
            row = indicator_row(told, package, name)
            if row is not None:
                label = Pair(
                    f"{shown.zh}（{unit_zh}）" if unit_zh else shown.zh,
                    f"{shown.en} ({unit})" if unit not in ("", "-") else shown.en,
                )
                rows.append((_text(label), _text(package_name(told, package)), *_change(row, name)))
    if not rows:
        return None
    share = f"{100 * float(told['interval']):g}"
    return TableBlock(
        f"scenario_others{key}",
        Pair("其他评价指标（条件估计）", "Other indicators (conditional estimates)"),
        (
            Column(Pair("指标", "indicator"), align="left", weight=2.2),
            _PACKAGE,
            Column(Pair("均值", "mean")),
            Column(Pair("较基准", "change")),
            Column(Pair(f"{share} %区间", f"{share} % interval"), weight=1.5),
            Column(Pair("变差的路径", "paths worse"), Pair("%", "%")),
        ),
        tuple(rows),
    )


def variance_table(told: Told, key: str) -> TableBlock | None:
    """What the variance of an indicator under a package is made of; None where it was not split."""
    rows = [
        (
            _text(indicator_text(str(row["indicator"]))),
            _text(package_name(told, str(row["package"]))),
            *(cell(_points(row["variance_shares"].get(name)), decimals=0) for name in _PARTS),
        )
        for row in told["rows"]
        if row["kind"] == "indicator" and row.get("variance_shares")
    ]
    if not rows:
        return None
    return TableBlock(
        f"scenario_variance{key}",
        Pair("结果的不确定性从何而来", "Where the uncertainty comes from"),
        (
            Column(Pair("指标", "indicator"), align="left", weight=2.2),
            _PACKAGE,
            *(Column(name, Pair("%", "%"), weight=1.2) for name in _PARTS.values()),
        ),
        tuple(rows),
        (
            Pair(
                "各来源单独造成的方差份额（一阶 Sobol 指数）；交互作用为其余部分，即共同起作用的部分。",
                "Share of the variance that each source makes by itself (first-order Sobol index); the "
                "interaction is the rest, what they make together only.",
            ),
        ),
    )


def solutions_table(told: Told, key: str) -> TableBlock | None:
    """How much of a package goes with the probability asked; None where nobody asked."""
    rows = []
    for found in told["solutions"]:
        scale = found["scale"]
        regimes = found.get("regimes") or {}
        rows.append(
            (
                _text(Pair(str(found["label_zh"]), str(found["label_en"]))),
                _text(package_name(told, str(found["package"]))),
                chance_cell(found["asked"]),
                cell(scale, decimals=2, zh=None if scale is not None else "达不到",
                     en=None if scale is not None else "not reached", strong=True),
                span_cell(found["low"], found["high"], 2, signed=False),
                chance_cell(found["most"]),
                cell(found["most_at"], decimals=2),
                cell(found["largest"], decimals=2),
                *(_regime_cell(regimes.get(name)) for name in REGIME_NAMES),
            )
        )  # fmt: skip
    if not rows:
        return None
    return TableBlock(
        f"scenario_solutions{key}",
        Pair("所需力度（方案原定为1，条件估计）", "How much of a package (1 as written; conditional estimates)"),
        (
            Column(Pair("目标", "target"), align="left", weight=2.0),
            _PACKAGE,
            Column(Pair("所求概率", "P asked")),
            Column(Pair("力度", "scale")),
            Column(Pair("抽样区间", "sampling interval"), weight=1.5),
            Column(Pair("最高概率", "largest P")),
            Column(Pair("其力度", "its scale")),
            Column(Pair("有效范围至", "valid to")),
            *(Column(Pair(*names), weight=1.3) for names in REGIME_NAMES.values()),
        ),
        tuple(rows),
        tuple(Pair(s["zh"], s["en"]) for f in told["solutions"] for s in f["sentences"]),
    )  # fmt: skip


def _regime_cell(found: Any) -> Cell:
    """Scale under one regime; where it is not reached, the largest chance there."""
    if found is None:
        return cell(None)
    scale, most = (
        (found["scale"], found["most"]) if isinstance(found, Mapping) else (found[0], found[1])
    )
    if scale is not None:
        return cell(float(scale), decimals=2)
    text = chance_cell(most).text
    return Cell(Pair(f"达不到（最高 {text.zh}）", f"not reached (at most {text.en})"))
