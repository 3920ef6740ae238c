"""The chapter on targets: each with what was reached, what is projected and the verdict."""

from __future__ import annotations

from forecast.report.chapters.facts import ReviewFacts, printed_cell
from forecast.report.document import (
    Block,
    Cell,
    Chapter,
    Column,
    Paragraph,
    Section,
    TableBlock,
    cell,
    say,
)
from forecast.report.scoreboard import UNJUDGED, Row, verdict_counts
from forecast.report.words import VERDICTS, Pair

__all__ = ["target_cells", "targets_chapter", "verdict_cell", "verdict_table"]

#: Verdicts that a report names one by one.
_NAMED = ("NOT_MET", "UNLIKELY", "AT_RISK")


def targets_chapter(facts: ReviewFacts) -> Chapter:
    """Write the chapter; without a target it says so and why that may be."""
    title = Pair("目标完成情况", "Targets")
    if not facts.judged and not facts.unanswered:
        text = say(
            f"没有适用于{facts.name}{facts.year}年的目标，本章无可评价内容。"
            "可用 forecast target set 录入目标，或把规划放入工作区的 plans 文件夹。",
            f"No target applies to {facts.name} in {facts.year}, so there is nothing to judge. "
            "Enter one with forecast target set, or put a plan into the workspace's folder plans.",
            style="reservation",
        )
        return Chapter("targets", title, (text,))
    blocks: list[Block] = []
    if facts.judged:
        counts = verdict_table(facts)
        if facts.plan is None:
            blocks.append(
                say(
                    f"没有为{facts.name}编制的规划，以下“目标”为国家标准的二级限值和Ⅲ类水质要求。",
                    f"No plan names {facts.name}: the targets here are the class II limits and class "
                    "III of the national standards.",
                    style="reservation",
                )
            )
        blocks += [_opening(facts, counts), counts, _table(facts)]
        blocks += [f for f in facts.figures if f.key.startswith("scoreboard")]
        blocks += _named(facts)
    if facts.unanswered:
        blocks.append(
            say(
                f"另有{len(facts.unanswered)}项目标没有监测数据、尚未填报、待下达或不适用，本章不作评价（见<table:unanswered>）。",
                f"{len(facts.unanswered)} further targets have no readings, no entered figure, no "
                "number yet, or do not apply; they are not judged here (<table:unanswered>).",
            )
        )
    return Chapter("targets", title, tuple(blocks))


def verdict_cell(row: Row) -> Cell:
    """The verdict of a target, in its colour."""
    return Cell(row.verdict_text, row.verdict, fill=row.fill, ink=row.ink)


def verdict_table(facts: ReviewFacts) -> TableBlock:
    """Number of judged targets by verdict and domain."""
    judged = facts.judged
    found = verdict_counts(judged)
    rows = []
    for verdict, number in found.items():
        own = [r for r in judged if r.verdict == verdict]
        words = VERDICTS[verdict]
        rows.append(
            (
                Cell(Pair(words.zh, words.en), verdict),
                *(cell(sum(r.domain == d for r in own)) for d in ("air", "water", "emission")),
                cell(number, strong=True),
            )
        )
    total = (
        Cell(Pair("合计", "all"), "all"),
        *(cell(sum(r.domain == d for r in judged)) for d in ("air", "water", "emission")),
        cell(len(judged), strong=True),
    )
    return TableBlock(
        "verdict_counts",
        Pair(f"{facts.year}年目标评价结果统计", f"Targets of {facts.year} by verdict"),
        (
            Column(Pair("评价结果", "verdict"), align="left", weight=1.6),
            Column(Pair("环境空气", "air"), Pair("项", "number")),
            Column(Pair("水环境", "water"), Pair("项", "number")),
            Column(Pair("减排", "emissions"), Pair("项", "number")),
            Column(Pair("合计", "all"), Pair("项", "number")),
        ),
        (*rows, total),
    )


def _opening(facts: ReviewFacts, counts: TableBlock) -> Paragraph:
    total = counts.rows[-1][-1]
    told: dict[str, Cell] = {"n": total}
    zh, en = [], []
    for row in counts.rows[:-1]:
        verdict = str(row[0].value).lower()
        told[verdict] = row[-1]
        zh.append(f"{row[0].text.zh}{{{verdict}}}项")
        en.append(f"{row[0].text.en.lower()} {{{verdict}}}")
    return say(
        f"{facts.period.zh}，{facts.name}有监测数据或填报数据的目标共{{n}}项"
        f"（见<table:verdict_counts>），其中{'，'.join(zh)}。各目标的数值、概率和结论列于下表"
        "（<table:targets>）。",
        f"{{n}} targets of {facts.name} have readings or entered figures ({facts.period.en}) "
        f" (<table:verdict_counts>): {', '.join(en)}. Each stands with its values, "
        "its probability and its verdict in the table that follows (<table:targets>).",
        style="body",
        **told,
    )


def target_cells(row: Row, facts: ReviewFacts) -> tuple[Cell, ...]:
    """The cells of one target: indicator, place, target, value, forecast, interval, P, verdict."""
    level = Pair(
        f"{row.target.zh}（{row.level.zh}）" if row.level.zh else row.target.zh,
        f"{row.target.en} ({row.level.en})" if row.level.en else row.target.en,
    )
    return (
        printed_cell(row.name),
        printed_cell(_place(row)),
        printed_cell(level),
        printed_cell(row.observed),
        printed_cell(row.median),
        printed_cell(row.interval),
        # What is over has come or not: a probability of 0 or 100 % would say nothing.
        printed_cell(
            "" if facts.over else row.probability_text, None if facts.over else row.probability
        ),
        verdict_cell(row),
    )


def _place(row: Row) -> Pair:
    """The place of a target; the set of all sections has words of its own."""
    whole = Pair("全部断面", "all sections")
    return whole if row.place == f"{whole.zh} {whole.en}" else Pair(row.place, row.place)


def _table(facts: ReviewFacts) -> TableBlock:
    columns = (
        Column(Pair("指标", "indicator"), align="left", weight=2.2),
        Column(Pair("对象", "place"), align="left", weight=1.4),
        Column(Pair("目标", "target"), weight=2.0),
        Column(Pair("实况", "value"), weight=1.1),
        Column(Pair("年末预计", "median"), weight=1.1),
        Column(Pair("90%区间", "90 % interval"), weight=1.7),
        Column(Pair("达标概率", "P(met)"), weight=1.2),
        Column(Pair("结论", "verdict"), weight=1.5),
    )
    rows = tuple(target_cells(r, facts) for r in facts.judged)
    notes = (
        Pair(
            f"达标概率由逐日样本路径按评价规范计算，不低于{facts.likely:.0%}为较可能达标，低于{facts.unlikely:.0%}"
            "为较难达标，其间为存在风险；年度已结束或已成定局的目标不列预测。",
            f"Probabilities come from daily paths judged by the official rules: likely from "
            f"{facts.likely:.0%}, unlikely below {facts.unlikely:.0%}, at risk between; a year that "
            "is over, or a target that arithmetic has decided, has no forecast.",
        ),
    )
    return TableBlock(
        "targets",
        Pair(f"{facts.year}年各项目标评价", f"The targets of {facts.year}"),
        columns, rows, notes,
    )  # fmt: skip


def _named(facts: ReviewFacts) -> list[Block]:
    """One paragraph for each target that is missed or at risk, with its reason and its budget."""
    rows = [r for r in facts.judged if r.verdict in _NAMED]
    if not rows:
        if all(r.verdict in UNJUDGED for r in facts.judged):
            return [
                say(
                    "以上目标因数据不足等原因均不能评价。",
                    "None of these targets can be judged, mostly for lack of data.",
                    style="reservation",
                )
            ]
        return [
            say(
                "能够评价的目标中没有未达标、存在风险或较难达标的。",
                "Of the targets that can be judged none is missed, at risk or unlikely.",
            )
        ]
    out: list[Block] = [Section(Pair("需要关注的目标", "Targets that need attention"))]
    for row in rows:
        cells = target_cells(row, facts)
        zh, en = [], []
        named: dict[str, Cell] = {
            "name": cells[0], "place": cells[1], "target": cells[2], "value": cells[3],
            "verdict": cells[7],
        }  # fmt: skip
        zh.append(f"{{place}}{{name}}（{row.period}）：目标{{target}}，实况{{value}}{row.unit.zh}")
        en.append(
            f"{{name}} of {{place}} ({row.period}): target {{target}}, value {{value}} "
            f"{row.unit.en}".rstrip()
        )
        if row.median and row.median != "—" and not facts.over:
            named |= {"median": cells[4], "interval": cells[5], "p": cells[6]}
            zh.append(f"年末预计{{median}}{row.unit.zh}（90%区间{{interval}}），达标概率{{p}}")
            en.append("year end {median} (90 % interval {interval}), probability {p}")
        zh.append("评价为“{verdict}”")
        en.append("verdict: {verdict}")
        out.append(say("，".join(zh) + "。", "; ".join(en) + ".", style="finding", **named))
    return out
