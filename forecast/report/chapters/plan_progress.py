"""The chapter of a mid-term or final review: every figure of a plan over its years."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import pandas as pd

from forecast.report.chapters.facts import ReviewFacts, day_words, printed_cell
from forecast.report.document import Block, Cell, Chapter, Column, TableBlock, cell, say
from forecast.report.words import LEVELS, Pair, class_text, percent, target_text
from forecast.standards.indicators import class_number, indicator
from forecast.targets.applying import section_set_on
from forecast.targets.model import Plan, Target, period_years

__all__ = ["plan_chapter", "progress_share"]


def plan_chapter(facts: ReviewFacts) -> Chapter:
    """Write the chapter: base year, value of every year, target, share of the way, outlook."""
    final = facts.kind == "final"
    title = (
        Pair("规划目标终期完成情况", "The plan at its end")
        if final
        else Pair("规划目标中期进展", "The plan at half-way")
    )
    plan = facts.plan
    if plan is None:
        text = say(
            f"没有为{facts.name}编制的规划，无法作规划评估。",
            f"No plan names {facts.name}, so no plan can be reviewed.",
            style="reservation",
        )
        return Chapter("plan", title, (text,))
    targets = [t for t in plan.target if t.computable and t.value is not None and not t.change]
    targets = [t for t in targets if t.domain in ("air", "water") and _known(t)]
    targets = [t for t in targets if not _passed(t, plan)]
    if not targets:
        text = say(
            f"《{plan.title}》没有可用监测数据评价的数值目标。",
            f"{plan.title_en} has no target in numbers that readings could answer.",
            style="reservation",
        )
        return Chapter("plan", title, (text,))
    first, last = _period(plan, facts.year)
    years = list(range(first - 1, min(last, facts.year) + 1))
    final_columns = () if final else (Column(Pair("期末达标概率", "P at the end"), weight=1.0),)
    rows, told = [], []
    for target in targets:
        row, words = _row(facts, plan, target, years)
        rows.append(row[:-1] if final else row)
        told.append(words)
    table = TableBlock(
        "plan_progress",
        Pair(f"规划目标逐年进展（{first}—{last}年）", f"The plan's figures by year ({first} to {last})"),
        (
            Column(Pair("目标", "target"), align="left", weight=2.4),
            Column(Pair("对象", "place"), weight=1.2),
            Column(Pair("基准", "base"), weight=1.1),
            *(Column(_year_head(facts, y), weight=0.9) for y in years),
            Column(Pair("目标值", "asked"), weight=1.4),
            Column(Pair("期限", "due"), weight=0.8),
            Column(Pair("完成进度", "progress"), Pair("%", "%"), weight=1.0),
            Column(Pair("评价", "assessed"), weight=1.2),
            *final_columns,
        ),
        tuple(rows),
        (
            Pair(
                "完成进度＝（基准−现值）/（基准−目标值），负值为比基准更差，100为达到；没有基准、基准已达到目标值的不计算。"
                "基准取规划刊印的数字，规划未刊印的以规划期前一年的监测值代替并注“实测”；断面清单与目标所指不同的年份不列。",
                "Progress is (base − now) / (base − asked); below zero is worse than the base, 100 is "
                "attained; none without a base or where the base attains. The base is the figure "
                "that the plan prints, else the observed value of the year before its period, marked "
                "observed. Years with another list of sections are left out.",
            ),
            Pair(
                "各年数值按当年有效的标准计算。" if facts.year >= 2026 else "各年按同一版标准计算。",
                "Each year by the standard of its time."
                if facts.year >= 2026
                else "All years by the same version of the standards.",
            ),
        ),
    )  # fmt: skip
    counted = {
        key: cell(sum(w == key for w in told)) for key in ("attained", "ahead", "behind", "unknown")
    }
    summary = TableBlock(
        "plan_counts",
        Pair("规划目标进展统计", "The plan's targets, counted"),
        (Column(Pair("状态", "state"), align="left", weight=3.0), Column(Pair("项数", "number"))),
        (
            (Cell(Pair("已达到目标值（含至今达到）", "at the value asked, or to date")), counted["attained"]),
            (Cell(Pair("未达到，不落后于时间进度", "not yet, not behind time")), counted["ahead"]),
            (Cell(Pair("未达到，落后于时间进度或无基准", "not yet, behind time or without base")),
             counted["behind"]),
            (Cell(Pair("无足够监测值", "too few readings")), counted["unknown"]),
            (Cell(Pair("合计", "all")), cell(len(targets))),
        ),
    )  # fmt: skip
    gone = min(max(facts.year - first + 1, 0), last - first + 1)
    blocks: list[Block] = [
        say(
            f"《{plan.title}》中可用监测数据评价的数值目标共{{n}}项（见<table:plan_counts>）："
            f"截至{day_words(facts.last).zh}，已达到目标值的{{a}}项，未达到但不落后于时间进度的{{h}}项，落后或无基准的{{b}}项，"
            f"没有足够监测值的{{u}}项。规划期{first}—{last}年，{facts.year}年为第{gone}年。逐年数值列于下表（<table:plan_progress>）。",
            f"{plan.title_en} has {{n}} targets in numbers that readings answer "
            f"(<table:plan_counts>): as of {facts.last.day} {facts.last:%B %Y}, {{a}} are at the value asked, {{h}} not yet "
            f"but not behind time, {{b}} behind or without a base, {{u}} with too few readings. The plan runs "
            f"from {first} to {last}; {facts.year} is year {gone} of it. All years are listed "
            "(<table:plan_progress>).",
            n=summary.rows[-1][1], a=counted["attained"], h=counted["ahead"],
            b=counted["behind"], u=counted["unknown"],
        ),
        summary,
        table,
    ]  # fmt: skip
    if facts.kind == "midterm" and not final:
        blocks.append(
            say(
                "时间进度按规划期逐年均分，只是参照：规划没有规定各年的数值。",
                "Ahead or behind is against equal steps over the years: the plan sets none.",
                style="note",
            )
        )
    blocks += _entered(facts, plan, {t.id for t in targets})
    return Chapter("plan", title, tuple(blocks))


def _entered(facts: ReviewFacts, plan: Plan, counted: set[str]) -> list[Block]:
    """The targets of the plan that no reading answers by a number: what is known of each."""
    rest = [t for t in plan.target if t.id not in counted and not _passed(t, plan)]
    if not rest:
        return []
    known = {r.target_id: r for r in facts.rows}
    rows = []
    for target in rest:
        row = known.get(target.id)
        state = _without_row(target, facts.year)
        asked = target_text(
            {**target.model_dump(), "value": target.token if target.value is None else target.value},
            target.unit, None,
        )  # fmt: skip
        rows.append(
            (
                printed_cell(Pair(target.label_zh, target.label_en)),
                printed_cell(asked),
                printed_cell("" if target.year is None else str(target.year)),
                printed_cell(row.observed if row else ""),
                printed_cell(row.verdict_text if row else state),
            )
        )
    number = cell(len(rest))
    rows.append((Cell(Pair("合计（项）", "number of targets")), number, *(printed_cell(""),) * 3))
    table = TableBlock(
        "plan_others",
        Pair("规划其他目标", "Other targets of the plan"),
        (
            Column(Pair("目标", "target"), align="left", weight=3.2),
            Column(Pair("要求", "asked"), weight=1.6),
            Column(Pair("期限", "due"), weight=0.8),
            Column(Pair("现值", "value"), weight=1.0),
            Column(Pair("结论", "verdict"), weight=1.4),
        ),
        tuple(rows),
    )
    return [
        say(
            "规划另有{n}项目标由统计、部门数据、台账或文字判定，列于下表（<table:plan_others>）。",
            "{n} further targets of the plan go by statistics, ledgers or words "
            "(<table:plan_others>).",
            n=number,
        ),
        table,
    ]


def _without_row(target: Target, year: int) -> Pair:
    """What stands where no verdict of the year is: the target is of another year."""
    if target.year is None or target.year == year:
        return Pair("未填报", "not entered")
    if target.year > year:
        return Pair("未到期限", "not due")
    return Pair(f"见{target.year}年评价", f"see the review of {target.year}")


def _passed(target: Target, plan: Plan) -> bool:
    """Whether a target was due before the period of the plan, or lies beyond it."""
    found = period_years(plan.period)
    if found is None or target.year is None:
        return False
    return target.year < found[0] or (found[1] is not None and target.year > found[1])


def _known(target: Target) -> bool:
    try:
        indicator(target.indicator)
    except KeyError:
        return False
    return True


def _period(plan: Plan, year: int) -> tuple[int, int]:
    found = period_years(plan.period)
    if found is None:
        return year, year
    return found[0], found[1] or max(year, found[0])


def _year_head(facts: ReviewFacts, year: int) -> Pair:
    to_date = year == facts.year and not facts.over
    return Pair(f"{year}{'至今' if to_date else ''}", f"{year}{' to date' if to_date else ''}")


def _row(
    facts: ReviewFacts, plan: Plan, target: Target, years: list[int]
) -> tuple[tuple[Cell, ...], str]:
    observed = _same_list(plan, target, _values(facts, target))
    due = min(target.year or facts.year, facts.year)
    base, source = _base(plan, target, observed, years[0])
    now = observed.get(due)
    # A base that already attains leaves no way to go.
    start = None if base is not None and _attains(base, target) else base
    share = progress_share(start, now, target.value)
    decimals = indicator(target.indicator).judged_decimals
    attained = now is not None and _attains(now, target)
    first, last = years[0] + 1, _period(plan, facts.year)[1]
    last = target.year or last
    time = 100.0 * (due - first + 1) / max(last - first + 1, 1)
    running = due == facts.year and not facts.over
    if now is None:
        state, words = "unknown", Pair("无足够监测值", "too few readings")
    elif attained:
        state, words = "attained", Pair("达到", "attained")
        if running:
            words = Pair("至今达到", "attained to date")
    elif share is not None and share >= time:
        state, words = "ahead", Pair("未达到，不落后", "not behind time")
    else:
        state, words = "behind", Pair("未达到", "not yet")
    level = LEVELS[target.level]
    asked = target_text(target.model_dump(), target.unit, decimals)
    label = Pair(
        target.label_zh
        + (f"（{level[0]}）" if level[0] and level[0] not in target.label_zh else ""),
        target.label_en
        + (f" ({level[1]})" if level[1] and level[1] not in target.label_en else ""),
    )
    base_cell = _value_cell(target, base, decimals)
    if base is not None and source == "observed":
        base_cell = Cell(
            Pair(f"{base_cell.text.zh}（实测）", f"{base_cell.text.en} (observed)"), base_cell.value
        )
    return (
        printed_cell(label),
        printed_cell(target.place or facts.name),
        base_cell,
        *(_value_cell(target, observed.get(y), decimals) for y in years),
        printed_cell(asked),
        printed_cell("" if target.year is None else str(target.year)),
        cell(None if share is None else round(share)),
        Cell(words, state),
        _chance(facts, target),
    ), state


def _chance(facts: ReviewFacts, target: Target) -> Cell:
    """Probability that the target is met in its year, as far as a forecast reaches."""
    for entry in facts.entries:
        same = entry["indicator"] == target.indicator and (
            not target.place or entry["place"] == target.place
        )
        for asked in entry["targets"]:
            alike = same and (asked["comparator"], asked["value"]) == (
                target.comparator, target.value,
            )  # fmt: skip
            if (asked["id"] == target.id or alike) and target.year == facts.year:
                return printed_cell(percent(asked["probability"]), asked["probability"])
        ahead = (entry.get("outlook") or {}).get("attainment") or []
        for asked in ahead:
            chance = asked["by_year"].get(str(asked["target_year"]))
            if asked["id"] == target.id and chance is not None:
                return printed_cell(percent(chance), chance)
    return printed_cell("")


def _same_list(plan: Plan, target: Target, values: dict[int, float]) -> dict[int, float]:
    """Drop the years in which the sections were not those that the target counts."""
    if not target.section_set or target.year is None:
        return values
    meant = section_set_on(plan, target.section_set, date(target.year, 12, 31))
    if meant is None:
        return values
    return {y: v for y, v in values.items() if meant.covers(date(y, 12, 31))}


def progress_share(base: float | None, now: float | None, asked: float | None) -> float | None:
    """Share of the way from the base to what is asked [%]; None where there is no way to go.

    >>> progress_share(50.0, 44.0, 38.0), progress_share(50.0, 53.0, 38.0)
    (50.0, -25.0)
    """
    if base is None or now is None or asked is None or math.isclose(base, asked):
        return None
    return 100.0 * (base - now) / (base - asked)


def _attains(now: float, target: Target) -> bool:
    asked = float(target.value or 0.0)
    if target.comparator == "<=":
        return now <= asked
    return now >= asked if target.comparator == ">=" else now == asked


def _value_cell(target: Target, value: float | None, decimals: int | None) -> Cell:
    if value is None:
        return printed_cell("")
    if target.unit == "class":
        return printed_cell(class_text(int(value)), value)
    return cell(value, decimals=1 if decimals is None else decimals)


def _values(facts: ReviewFacts, target: Target) -> dict[int, float]:
    """Official values by year of what a target is about."""
    table: pd.DataFrame = facts.assessed
    own = table[table["indicator"] == target.indicator]
    if target.domain == "water" and not target.place and target.indicator.startswith("share"):
        own = own[own["place"].astype(str) == "all"]
    elif target.place:
        own = own[own["place"].astype(str) == target.place]
    elif facts.city is not None:
        own = own[own["place"].astype(str) == facts.city.place]
    found = {}
    for row in own.to_dict("records"):
        number = _number(row["value_official"])
        # A year that is over counts with enough readings alone.
        if number is not None and (bool(row["complete"]) or int(row["year"]) == _running(facts)):
            found[int(row["year"])] = number
    return found


def _running(facts: ReviewFacts) -> int:
    """The year reviewed while it runs, else none."""
    return 0 if facts.over else facts.year


def _number(value: Any) -> float | None:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if isinstance(value, str):
        return float(class_number(value) or 0) or None
    return float(value)


def _base(
    plan: Plan, target: Target, observed: dict[int, float], before: int
) -> tuple[float | None, str]:
    """Base of a target: what the plan prints of the base year, else what was observed then."""
    year = target.base_year or before
    printed = [
        h.value for h in plan.history
        if h.indicator == target.indicator and h.year == year and h.value is not None
        and (not target.section_set or year in observed)
        and (not target.place or target.place in h.scope)
    ]  # fmt: skip
    if printed:
        return printed[0], "plan"
    found = observed.get(year)
    return found, "observed" if found is not None else ""
