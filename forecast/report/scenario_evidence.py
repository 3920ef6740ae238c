"""Tables of what a scenario's answer rests on: findings, tonnes, hindcast, learning, defaults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from forecast.projection.scenario_words import REGIME_NAMES
from forecast.report.document import Cell, Column, Paragraph, TableBlock, cell
from forecast.report.scenario_told import (
    Told,
    grade_text,
    package_name,
    pollutant_text,
    reason_text,
    sector_text,
    span_cell,
)
from forecast.report.words import Pair

__all__ = [
    "defaults_table",
    "facts_table",
    "findings_table",
    "hindcast_blocks",
    "learning_blocks",
    "left_out_table",
    "not_quantified_table",
    "regimes_table",
    "tonnes_table",
]

_PACKAGE = Column(Pair("方案", "package"), align="left", weight=1.4)
_GRADE = Column(Pair("依据等级", "grade"), weight=1.0)
_SOURCE = Column(Pair("来源", "source"), align="left", weight=4.0)
_PERCENT = Pair("%", "%")

_DISTRIBUTIONS: dict[str, Pair] = {
    "normal": Pair("正态", "normal"),
    "lognormal": Pair("对数正态", "lognormal"),
    "uniform": Pair("均匀", "uniform"),
    "beta": Pair("Beta", "beta"),
    "fixed": Pair("定值", "fixed"),
    "remainder": Pair("余量", "remainder"),
}

#: Kinds of findings that stand beside every result, in this order, with how they are marked.
_KINDS: dict[str, tuple[Pair, str, str]] = {
    "refusal": (Pair("不予计算", "refused"), "#7b1e14", "#ffffff"),
    "warning": (Pair("警告", "warning"), "#f0a30a", "#1d1d1d"),
    "confidence": (Pair("可信度", "confidence"), "#6b7c93", "#ffffff"),
}


def _text(pair: Pair | str, **look: Any) -> Cell:
    text = Pair(pair, pair) if isinstance(pair, str) else pair
    return Cell(Pair(text.zh or "—", text.en or text.zh or "—"), **look)


def _whose(told: Told, package: str) -> Pair:
    return package_name(told, package) if package else Pair("全部", "all")


def findings_table(told: Told, key: str) -> TableBlock | None:
    """Warnings and what caps the confidence as rows, notes as small print; None without any."""
    rows, notes = [], []
    for kind, (word, fill, ink) in _KINDS.items():
        rows += [
            (_text(word, fill=fill, ink=ink), _text(_whose(told, str(f["package"]))),
             _text(Pair(f["zh"], f["en"])))
            for f in told["findings"]
            if f["kind"] == kind
        ]  # fmt: skip
    for found in told["findings"]:
        # What is decided stands before everything else.
        if found["kind"] not in _KINDS and found["rule"] != "decided":
            whose = package_name(told, found["package"]) if found["package"] else Pair("", "")
            notes.append(
                Pair(
                    f"{whose.zh}：{found['zh']}" if whose.zh else found["zh"],
                    f"{whose.en}: {found['en']}" if whose.en else found["en"],
                )
            )
    if not rows and not notes:
        return None
    return TableBlock(
        f"scenario_findings{key}",
        Pair("适用范围与警告", "Limits and warnings"),
        (
            Column(Pair("性质", "kind"), weight=0.8),
            _PACKAGE,
            Column(Pair("内容", "what"), align="left", weight=6.0),
        ),
        tuple(rows) or ((_text("—"), _text("—"), _text(Pair("无警告", "no warning"))),),
        tuple(notes),
    )


def not_quantified_table(told: Told, key: str) -> TableBlock | None:
    """Measures that were left out of the numbers, and why; None without any."""
    rows = [
        (_text(package_name(told, str(found["package"]))), _text(reason_text(found)))
        for found in told["not_quantified"]
    ]
    if not rows:
        return None
    return TableBlock(
        f"scenario_not_quantified{key}",
        Pair("不能量化的措施", "Measures that are not quantified"),
        (_PACKAGE, Column(Pair("措施与原因", "measure and reason"), align="left", weight=6.0)),
        tuple(rows),
        (
            Pair("上列措施不在各项结果之内。", "What is listed here is in none of the results."),
        ),
    )  # fmt: skip


def tonnes_table(told: Told, key: str) -> TableBlock | None:
    """Tonnes and percent by sector and pollutant; None where nothing is cut."""
    scopes = {"city": Pair("本市", "city"), "region": Pair("区域", "region")}
    rows = [
        (
            _text(package_name(told, str(row["package"]))),
            _text(scopes.get(str(row["scope"]), Pair(row["scope"], row["scope"]))),
            _text(sector_text(row)), _text(pollutant_text(str(row["pollutant"]))),
            cell(row["emission_t"], decimals=0), cell(row["cut_t"], decimals=0),
            cell(row["cut_percent"], decimals=1),
        )
        for row in told["tonnes"]
    ]  # fmt: skip
    if not rows:
        return None
    tons = Pair("吨", "t")
    return TableBlock(
        f"scenario_tonnes{key}",
        Pair("分部门减排量", "Cuts by sector"),
        (
            _PACKAGE,
            Column(Pair("范围", "scope")),
            Column(Pair("部门", "sector"), align="left", weight=1.5),
            Column(Pair("污染物", "pollutant")),
            Column(Pair("无方案排放", "emission without"), tons, align="right"),
            Column(Pair("减排", "cut"), tons, align="right"),
            Column(Pair("减排比例", "cut"), _PERCENT, align="right"),
        ),
        tuple(rows),
        (
            Pair(
                "全年数，按平均执行率；“—”为没有该污染物的清单，只有比例。",
                "Of the whole year, with the mean compliance; a dash: there is no inventory of the "
                "pollutant, so a percentage alone.",
            ),
        ),
    )


def _ratio(value: float | None) -> float | None:
    """A ratio of two years' means as a change [%]."""
    return None if value is None else 100.0 * (float(value) - 1.0)


def hindcast_blocks(told: Told, key: str) -> list[Paragraph | TableBlock]:
    """Predicted beside observed change of the past, and the sentences on it."""
    found = told["hindcast"]
    said = tuple(Pair(s["zh"], s["en"]) for s in found["sentences"])
    rows = []
    for row in found["rows"]:
        inside = bool(row["inside"])
        years = f"{row['first_year']}–{row['last_year']}"
        rows.append(
            (
                _text(str(row["place"])), _text(years),
                cell(_ratio(row["median"]), decimals=0, signed=True),
                span_cell(_ratio(row["low"]), _ratio(row["high"]), 0),
                cell(_ratio(row["observed"]), decimals=0, signed=True),
                _text(Pair("是", "yes") if inside else Pair("否", "no"), strong=not inside),
                _text(Pair("已扣除", "taken off") if row["weather_adjusted"]
                      else Pair("未扣除", "not taken off")),
                _text(grade_text(str(row["grade"]))), _text(str(row["source"])),
            )
        )  # fmt: skip
    if not rows:
        return [_reasons(f"scenario_hindcast{key}", Pair("回溯检验", "Hindcast"), said)]
    table = TableBlock(
        f"scenario_hindcast{key}",
        Pair("回溯检验：过去的减排能否解释PM2.5的变化", "Hindcast: do past cuts explain the change of PM2.5"),
        (
            Column(Pair("对象", "place"), align="left"),
            Column(Pair("年份", "years")),
            Column(Pair("推算变化", "predicted"), _PERCENT),
            Column(Pair("80 %区间", "80 % interval"), _PERCENT, weight=1.4),
            Column(Pair("实测变化", "observed"), _PERCENT),
            Column(Pair("在区间内", "inside")),
            Column(Pair("气象", "weather")),
            _GRADE,
            Column(Pair("排放变化来源", "source of the emissions"), align="left", weight=2.4),
        ),
        tuple(rows),
        said,
    )  # fmt: skip
    return [table]


def _reasons(key: str, title: Pair, said: tuple[Pair, ...]) -> Paragraph | TableBlock:
    """Why there are no numbers, as rows: each may tell of years and counts."""
    if not said:
        return Paragraph(
            Pair(f"{title.zh}：没有结果。", f"{title.en}: there is no result."), "reservation"
        )
    return TableBlock(
        key, title, (Column(Pair("情况", "what is known"), align="left"),),
        tuple((_text(s),) for s in said),
    )  # fmt: skip


def learning_blocks(told: Told, key: str) -> list[Paragraph | TableBlock]:
    """What the record says of the parameters; empty where there is nothing to say."""
    found = told["learning"]
    said = tuple(Pair(s["zh"], s["en"]) for s in found["sentences"])
    if not found["rows"]:
        title = Pair("用记录修正参数", "What the record says of the parameters")
        return [_reasons(f"scenario_learning{key}", title, said)] if said else []
    rows = [
        (
            _text(_parameter(row)),
            cell(row["prior_median"], decimals=2),
            span_cell(row["prior_low"], row["prior_high"], 2, signed=False),
            cell(row["median"], decimals=2),
            span_cell(row["low"], row["high"], 2, signed=False),
        )
        for row in found["rows"]
    ]
    return [
        TableBlock(
            f"scenario_learning{key}",
            Pair("用记录修正参数", "What the record says of the parameters"),
            (
                Column(Pair("参数", "parameter"), align="left", weight=2.4),
                Column(Pair("修正前中值", "before")),
                Column(Pair("80 %区间", "80 % interval"), weight=1.5),
                Column(Pair("修正后中值", "after")),
                Column(Pair("80 %区间", "80 % interval"), weight=1.5),
            ),
            tuple(rows),
            said,
        )
    ]


def _parameter(row: Mapping[str, Any]) -> Pair:
    name = str(row["parameter"])
    zh, en = str(row.get("zh") or ""), str(row.get("en") or "")
    if zh and " " in name:
        return Pair(zh, en)  # words, no symbol of its own
    return Pair(f"{zh} {name}" if zh else name, f"{en} {name}" if en else name)


def defaults_table(told: Told, key: str) -> TableBlock | None:
    """Every default with its range, its grade and its source; None without any."""
    rows = [
        (
            _text(_parameter(row)),
            _text(_DISTRIBUTIONS.get(str(row["distribution"]), str(row["distribution"]))),
            *(cell(row[q], decimals=3) for q in ("q10", "median", "q90")),
            _text(grade_text(str(row["grade"]))), _text(str(row["source"])),
        )
        for row in told["defaults"]
    ]  # fmt: skip
    if not rows:
        return None
    return TableBlock(
        f"scenario_defaults{key}",
        Pair("所用参数、范围与依据等级", "Parameters, their ranges and grades of evidence"),
        (
            Column(Pair("参数", "parameter"), align="left", weight=2.2),
            Column(Pair("分布", "distribution"), align="left", weight=1.2),
            Column(Pair("10 %分位", "10 %")),
            Column(Pair("中值", "median")),
            Column(Pair("90 %分位", "90 %")),
            _GRADE,
            _SOURCE,
        ),
        tuple(rows),
        (
            Pair(
                "“已核”为在所列文献中核对过的范围；“判断”不是任何人的实测。",
                "Verified: a range read in the source named; judgement is nobody's measurement.",
            ),
        ),
    )


def regimes_table(told: Told, key: str) -> TableBlock | None:
    """Chances of the regimes of ozone by half-year; None without any."""
    halves = {"warm": Pair("暖半年", "warm half-year"), "cold": Pair("冷半年", "cold half-year")}
    rows = [
        (
            _text(halves.get(str(row["season"]), Pair(row["season"], row["season"]))),
            *(cell(float(row[name]), decimals=2) for name in REGIME_NAMES),
            _text(grade_text(str(row["grade"]))), _text(str(row["source"])),
        )
        for row in told["regimes"]
    ]  # fmt: skip
    if not rows:
        return None
    return TableBlock(
        f"scenario_regimes{key}",
        Pair("臭氧控制区的概率", "Probabilities of the ozone regimes"),
        (
            Column(Pair("时段", "half-year")),
            *(Column(Pair(*names), weight=1.2) for names in REGIME_NAMES.values()),
            _GRADE,
            _SOURCE,
        ),
        tuple(rows),
    )


def left_out_table(told: Told, key: str) -> TableBlock | None:
    """Targets that a scenario doesn't answer, by reason; None where it answers all."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for found in told["left_out"]:
        reasons.setdefault((str(found["zh"]), str(found["en"])), []).append(str(found["id"]))
    rows = [
        (_text(Pair(*reason)), cell(len(ids)), _text("、".join(ids)))
        for reason, ids in reasons.items()
    ]
    if not rows:
        return None
    return TableBlock(
        f"scenario_left_out{key}",
        Pair("情景不回答的目标", "Targets that a scenario doesn't answer"),
        (
            Column(Pair("原因", "reason"), align="left", weight=2.4),
            Column(Pair("项数", "number"), weight=0.6),
            Column(Pair("目标", "targets"), align="left", weight=4.0),
        ),
        tuple(rows),
    )


def facts_table(told: Told, key: str) -> TableBlock:
    """Origin, first drawn day, paths, seed, standard, run: what repeats the answer."""
    share = f"{100 * float(told['interval']):g} %"
    standard: Pair | str = str(told["standard"])
    if standard == "by date":
        standard = Pair("按日期采用当时有效的版本", "the version in force by date")
    facts: list[tuple[Pair, Cell]] = [
        (Pair("起报日期", "as of"), _text(str(told["as_of"]))),
        (Pair("首个模拟日", "first drawn day"), _text(str(told["first_day"]))),
        (Pair("样本路径", "paths"), cell(told["n_paths"])),
        (Pair("随机种子", "seed"), _text(str(told["seed"]))),
        (Pair("区间", "intervals"), _text(share)),
        (Pair("标准", "standard"), _text(standard)),
        (Pair("运行", "run"), _text(str(told["run_id"] or ""))),
    ]
    return TableBlock(
        f"scenario_facts{key}",
        Pair("计算条件", "How it was worked out"),
        (
            Column(Pair("项目", "item"), align="left"),
            Column(Pair("内容", "value"), align="left", weight=3.0),
        ),
        tuple((_text(name), value) for name, value in facts),
    )
