"""The chapter on what the review rests on: rules in force, readings, their completeness."""

from __future__ import annotations

from forecast.report.chapters.facts import ReviewFacts, day_words, printed_cell
from forecast.report.document import Block, Chapter, Column, Section, TableBlock, say
from forecast.report.words import DUST, Pair, indicator_text

__all__ = ["basis_chapter"]

#: What each standard is about, and how sure its application here is (docs/standards.md).
_STANDARDS: tuple[tuple[str, Pair, Pair], ...] = (
    ("HJ 633", Pair("环境空气质量指数", "air quality index"), Pair("已核", "verified")),
    ("GB 3095", Pair("环境空气质量标准（二级）", "ambient air quality, class II"), Pair("已核", "verified")),
    ("HJ 663", Pair("环境空气质量评价", "evaluation of ambient air"), Pair("部分凭记忆", "partly from memory")),
    ("GB 3838", Pair("地表水环境质量标准", "surface water quality"), Pair("已核", "verified")),
    ("环办〔2011〕22号", Pair("地表水环境质量评价办法", "evaluation of surface water"), Pair("部分间接", "partly secondary")),
)  # fmt: skip


def basis_chapter(facts: ReviewFacts) -> Chapter:
    """Write the chapter: rules, periods, completeness, treatment of dust, the run."""
    blocks: list[Block] = [Section(Pair("评价依据", "Rules")), *_rules(facts)]
    blocks += [Section(Pair("监测数据", "Readings")), *_readings(facts)]
    return Chapter("basis", Pair("评价依据与数据", "Rules and data"), tuple(blocks))


def _tokens(facts: ReviewFacts) -> list[str]:
    found: list[str] = []
    for entry in (*facts.air, *facts.water):
        for token in str(entry.get("standard") or "").split("+"):
            if token and token not in found:
                found.append(token)
    if facts.air:
        found.append("HJ 663-2013" if facts.year < 2026 else "HJ 663-2026")
    if facts.water:
        found.append("环办〔2011〕22号")
    return found


def _rules(facts: ReviewFacts) -> list[Block]:
    tokens = _tokens(facts)
    if not tokens:
        return [
            say(
                "没有可按标准评价的监测数据。",
                "There are no readings that a standard could judge.",
                style="reservation",
            )
        ]
    rows = []
    for token in tokens:
        about = next(((a, g) for stem, a, g in _STANDARDS if token.startswith(stem)), None)
        what, grade = about or (Pair("", ""), Pair("", ""))
        rows.append((printed_cell(token), printed_cell(what), printed_cell(grade)))
    table = TableBlock(
        "rules",
        Pair("采用的标准与依据等级", "Standards applied and grade of evidence"),
        (
            Column(Pair("标准", "standard"), weight=2.0),
            Column(Pair("内容", "subject"), align="left", weight=3.0),
            Column(Pair("依据等级", "grade"), weight=1.4),
        ),
        tuple(rows),
        (
            Pair(
                "“已核”为核对过标准文本或主管部门公布的数值；“间接”“凭记忆”为未见正式文本的条款，逐条列于软件的标准说明。",
                "Verified: checked against the text or against published values; secondary and "
                "from memory: the official text was not seen. Each clause is listed with the "
                "software's page on standards.",
            ),
        ),
    )
    out: list[Block] = [
        say(
            f"本报告评价{facts.name}{facts.period.zh}的环境质量，按日期采用当时有效的标准（见<table:rules>）；"
            "与往年比较时，往年数据按本年规则重新计算。",
            f"This report is on {facts.name}, {facts.period.en}. Standards are those in force by "
            "date (<table:rules>); where years are compared, earlier ones are recomputed under the "
            "rules of this year.",
        ),
        table,
    ]
    dusts = {str(e["dust"]) for e in facts.air if e.get("dust") in DUST}
    if dusts:
        named = facts.city is not None and facts.city.dusty()
        out.append(
            say(
                "颗粒物浓度和综合指数扣除已知沙尘日，优良天数和重污染天数保留沙尘日。"
                if named
                else "监测数据中没有沙尘日记录，各项指标均未扣除沙尘影响。",
                "Known dust days leave particle concentrations and the composite index and stay in "
                "the counts of days."
                if named
                else "No dust days are on record, so nothing is taken out for dust.",
            )
        )
    return out


def _readings(facts: ReviewFacts) -> list[Block]:
    if not facts.air and not facts.water:
        return [
            say(
                "没有本年度的监测数据。", "There are no readings of this year.", style="reservation"
            )
        ]
    as_of = day_words(facts.last)
    lines: list[Block] = [
        say(
            f"数据截至{as_of.zh}，各指标的有效数据量列于附录（<table:completeness>）。",
            f"Readings go to {as_of.en}; how many are valid is listed in the appendix "
            "(<table:completeness>).",
        )
    ]
    short = [e for e in facts.air if e.get("sufficient") is False and facts.over]
    if short:
        zh = "、".join(indicator_text(str(e["indicator"])).zh for e in short)
        en = ", ".join(indicator_text(str(e["indicator"])).en for e in short)
        lines.append(
            say(
                f"{zh}的有效天数不满足评价规范的最低要求，数值仅供参考，不作达标评价。",
                f"Too few valid days for an official value: {en}. These numbers are for reference.",
                style="reservation",
            )
        )
    return lines
