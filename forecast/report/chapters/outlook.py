"""The chapter on the rest of the year: forecasts, what is left of budgets, why, later years."""

from __future__ import annotations

from typing import Any

from forecast.report.ahead import later_rows
from forecast.report.chapters.facts import ReviewFacts, printed_cell
from forecast.report.document import (
    Block,
    Cell,
    Chapter,
    Column,
    Section,
    TableBlock,
    cell,
    say,
)
from forecast.report.scoreboard import printed_forecast, printed_official
from forecast.report.words import BASELINES, Pair, indicator_text

__all__ = ["outlook_chapter"]


#: How models are called in a report; others go by their name.
_MODELS: dict[str, Pair] = {
    "seasonal": Pair("六项季节模型", "joint seasonal model of six items"),
    "ladder": Pair("断面分项阶梯模型", "ladder of models by section and item"),
    "ordinal": Pair("类别有序模型", "ordinal model of classes"),
    "panel": Pair("汇总面板模型", "pooled panel model"),
}


def outlook_chapter(facts: ReviewFacts) -> Chapter:
    """Write the chapter; once the year is over it says that nothing of it is forecast."""
    title = Pair("年终预测与余量", "The rest of the year")
    forecasts = [e for e in (*facts.air, *facts.water) if e.get("forecast") and _shown(e)]
    blocks: list[Block] = []
    if facts.over or not forecasts:
        blocks.append(
            say(
                f"{facts.year}年已结束，各项指标为实况，不作预测。"
                if facts.over
                else f"现有监测数据不足以预测{facts.year}年年末各项指标，原因见“保留意见与说明”。",
                f"{facts.year} is over: its indicators are observed, nothing is forecast."
                if facts.over
                else f"The readings do not suffice for a forecast of {facts.year}; the reasons "
                "stand with the reservations.",
            )
        )
    else:
        blocks += _year_end(facts, forecasts)
        blocks += _budgets(facts)
        blocks += [f for f in facts.figures if f.key.startswith("target_tracker")]
        own = [f for f in facts.figures if f.key.startswith("bad_day_budget")]
        blocks += own or _drawn(facts, "bad_day_budget")
        blocks += _why(facts)
    blocks += _later(facts)
    return Chapter("outlook", title, tuple(blocks))


def _shown(entry: dict[str, Any]) -> bool:
    """Items of single sections are too many for a report; their classes stand in their chapter."""
    return str(entry["place_kind"]) != "section"


def _drawn(facts: ReviewFacts, name: str) -> list[Block]:
    found = facts.draw(name)
    if isinstance(found, Pair):
        return [say(f"{found.zh}", f"{found.en}", style="note")]
    return list(found)


def _year_end(facts: ReviewFacts, entries: list[dict[str, Any]]) -> list[Block]:
    rows = []
    for entry in entries:
        name, unit = str(entry["indicator"]), str(entry["unit"])
        quantiles = entry["forecast"]["quantiles"]
        before = entry.get("baselines") or {}

        def shown(value: Any, unit: str = unit, name: str = name) -> Cell:
            return printed_cell(
                printed_forecast(value, unit, name), None if isinstance(value, str) else value
            )

        place = "全部断面" if entry["place"] == "all" else str(entry["place"])
        place_en = "all sections" if entry["place"] == "all" else str(entry["place"])
        rows.append(
            (
                printed_cell(indicator_text(name)),
                printed_cell(Pair(place, place_en)),
                printed_cell(printed_official(entry["observed"], unit, name)),
                *(shown(quantiles.get(q)) for q in ("0.5", "0.05", "0.95")),
                shown(before.get("persistence")),
                shown(before.get("climatology")),
            )
        )
    table = TableBlock(
        "year_end",
        Pair(f"{facts.year}年年末预测", f"Forecast of the year {facts.year}"),
        (
            Column(Pair("指标", "indicator"), align="left", weight=2.2),
            Column(Pair("对象", "place"), align="left", weight=1.4),
            Column(Pair("至今", "to date")),
            Column(Pair("年末中位数", "median"), weight=1.2),
            Column(Pair("5%分位", "5 %")),
            Column(Pair("95%分位", "95 %")),
            Column(BASELINES["persistence"], weight=1.1),
            Column(Pair("至今加往年余下均值", "so far, then past years' rests"), weight=1.5),
        ),
        tuple(rows),
        (
            Pair(
                "预测值为样本路径的分位数，未修约；最后两列是不用模型的参照。",
                "Quantiles of the paths, unrounded; the last two columns are plain rules beside "
                "the model.",
            ),
        ),
    )
    names = sorted({str(e["forecast"]["model"]) for e in entries})
    models = [_MODELS.get(name, Pair(name, name)) for name in names]
    zh, en = "、".join(m.zh for m in models), ", ".join(m.en for m in models)
    paths = {int(e["forecast"]["n_paths"]) for e in entries}
    return [
        Section(Pair("年末指标预测", "Year-end forecast")),
        say(
            f"以截至{facts.last.year}年{facts.last.month}月{facts.last.day}日的数据为起点，对余下时段作"
            f"{max(paths)}条逐日样本路径的模拟（模型：{zh}），按评价规范得到各指标的"
            "年末分布（见<table:year_end>）。区间为90%区间，其在历史回测中的覆盖情况见软件的方法文档。",
            f"From the readings to {facts.last.day} {facts.last:%B %Y}, {max(paths)} daily paths of "
            f"the rest of the year were drawn (model: {en}) and judged by the "
            "official rules (<table:year_end>). Intervals are of 90 %; how often they held in "
            "backtests stands in the software's page on method.",
        ),
        table,
    ]


def _budgets(facts: ReviewFacts) -> list[Block]:
    rows = [r for r in facts.judged if r.budget.zh]
    if not rows:
        return []
    table = TableBlock(
        "budgets",
        Pair("各目标的余量", "What each target leaves"),
        (
            Column(Pair("目标", "target"), align="left", weight=2.2),
            Column(Pair("要求", "asked"), weight=1.3),
            Column(Pair("余量", "what is left"), align="left", weight=5.0),
        ),
        tuple(
            (printed_cell(r.label if r.label.zh else r.name), printed_cell(r.target),
             printed_cell(r.budget))
            for r in rows
        ),
    )  # fmt: skip
    return [
        Section(Pair("余量", "Budgets")),
        say(
            "年末达到目标，余下时段允许的污染天数或平均浓度列于下表（<table:budgets>）。",
            "The bad days or the mean that the rest of the year may have are listed "
            "(<table:budgets>).",
        ),
        table,
    ]


def _why(facts: ReviewFacts) -> list[Block]:
    """The parts of each forecast of a mean, as a table that adds up."""
    rows = []
    for entry in facts.air:
        told = entry.get("explain")
        if not told or told["kind"] != "mean" or not told.get("last_year"):
            continue
        before = told["last_year"]
        rows.append(
            (
                printed_cell(indicator_text(str(entry["indicator"]))),
                cell(_one(before["value"]), decimals=1),
                cell(_one(told["year"]), decimals=1),
                *(
                    cell(_one(before[k]), decimals=1, signed=True)
                    for k in ("change", "from_so_far", "from_rest", "from_gaps")
                ),
            )
        )
    if not rows:
        return []
    unit = Pair("µg/m³", "µg/m³")
    table = TableBlock(
        "change_parts",
        Pair("年末预计值与上年之差的来源", "Where the change against last year comes from"),
        (
            Column(Pair("指标", "indicator"), align="left", weight=2.2),
            Column(Pair("上年", "last year"), unit),
            Column(Pair("年末预计", "year end"), unit),
            Column(Pair("相差", "change"), unit),
            Column(Pair("已过时段", "so far"), unit),
            Column(Pair("余下时段", "rest"), unit),
            Column(Pair("缺测影响", "missing days"), unit),
        ),
        tuple(rows),
        (Pair("各部分之和为相差，各数分别修约。", "The parts add up; each is rounded by itself."),),
    )
    return [
        Section(Pair("变化从何而来", "Why")),
        say(
            "年末预计值与上年之差，分为今年以来已经形成的部分和余下时段预计的部分（见<table:change_parts>）。",
            "The change against last year splits into what has come so far and what the rest is "
            "expected to bring (<table:change_parts>).",
        ),
        table,
    ]


def _one(value: Any) -> float | None:
    return None if value is None else round(float(value), 1)


def _later(facts: ReviewFacts) -> list[Block]:
    own = {"projections": [e for e in facts.entries if e.get("outlook")]}
    years, rows = later_rows(own)
    if not rows or not years:
        return []
    heads: list[Column] = [
        Column(Pair("指标", "indicator"), align="left", weight=2.0),
        Column(Pair("要求", "asked"), weight=1.5),
    ]
    for year in years:
        heads += [
            Column(Pair(f"{year}年概率", f"P {year}"), weight=1.1),
            Column(Pair(f"{year}年预测", f"forecast {year}"), weight=2.0),
        ]
    table = TableBlock(
        "later_years",
        Pair("以后年度达到同一数值的概率", "Probability of the same number in later years"),
        tuple(heads),
        tuple(
            (
                printed_cell(r.name), printed_cell(r.target),
                *(printed_cell(text) for pair in r.cells for text in pair),
            )
            for r in rows
        ),
        (
            Pair(
                "以现有趋势和气象年际变化外推，不含尚未实施的措施；括号内为90%区间。",
                "Present trends and the variation of weather carried on, no measures yet to come; "
                "90 % intervals in brackets.",
            ),
        ),
    )  # fmt: skip
    return [
        Section(Pair("以后年度", "Later years")),
        say(
            "若现有趋势延续，以后年度达到同一数值的概率列于下表（<table:later_years>）。",
            "If present trends go on, later years attain the same number with the probabilities "
            "listed (<table:later_years>).",
        ),
        table,
    ]
