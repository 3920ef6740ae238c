"""The parts of a scenario's answer in the order in which a reader needs them, for every writer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from forecast.report.document import Block, Paragraph, TableBlock, say
from forecast.report.scenario_evidence import (
    defaults_table,
    facts_table,
    findings_table,
    hindcast_blocks,
    learning_blocks,
    left_out_table,
    not_quantified_table,
    regimes_table,
    tonnes_table,
)
from forecast.report.scenario_lever_tables import levers_table, map_table, packages_table
from forecast.report.scenario_tables import (
    decided_table,
    others_table,
    pair_table,
    solutions_table,
    targets_table,
    variance_table,
)
from forecast.report.scenario_told import Told
from forecast.report.scenario_water_tables import sections_table, water_table
from forecast.report.words import Pair

__all__ = ["CHART", "CONDITIONAL", "DECIDED", "Part", "finding_sentences", "scenario_parts"]

#: The part in which a writer puts the charts, and the one on targets that nothing changes.
CHART, DECIDED = "chart", "decided"

#: What stands before every answer.
CONDITIONAL = Pair(
    "以下均为条件估计：排放清单、措施执行率和大气（水体）响应如所列假设时才成立，不是因果证明，也不是承诺。",
    "All of this is a conditional estimate: it holds if inventory, compliance and responses are as "
    "listed; it proves no cause and promises nothing.",
)


@dataclass(frozen=True)
class Part:
    """One part: its name, its title, what stands in it.

    ``folded`` parts are looked up, not read: a page shows them on request.
    """

    name: str
    title: Pair
    blocks: tuple[Block, ...]
    folded: bool = False


_Maker = Callable[[Told, str], TableBlock | list[Paragraph | TableBlock] | None]

_PARTS: tuple[tuple[str, Pair, tuple[_Maker, ...], bool], ...] = (
    (DECIDED, Pair("已成定局的目标", "Targets already decided"), (decided_table,), False),
    ("targets", Pair("达标概率（条件估计）", "Probability of the targets (conditional estimates)"),
     (targets_table,), False),
    ("pair", Pair("PM2.5与臭氧（条件估计）", "PM2.5 and ozone (conditional estimates)"),
     (pair_table,), False),
    (CHART, Pair("情景图", "Charts"), (), False),
    ("others", Pair("其他评价指标（条件估计）", "Other indicators (conditional estimates)"),
     (others_table,), False),
    ("water", Pair("水质目标（条件估计）", "Targets on water (conditional estimates)"),
     (water_table, sections_table), False),
    ("solutions", Pair("所需力度（条件估计）", "How much is needed (conditional estimates)"),
     (solutions_table, map_table), False),
    ("variance", Pair("不确定性的来源", "Where the uncertainty comes from"), (variance_table,), False),
    ("findings", Pair("警告与未量化的措施", "Warnings, and what is not quantified"),
     (findings_table, not_quantified_table), False),
    ("tonnes", Pair("方案与减排量", "Packages and tonnes"), (levers_table, packages_table, tonnes_table),
     False),
    ("evidence", Pair("回溯检验与参数修正", "Hindcast, and what the record teaches"),
     (hindcast_blocks, learning_blocks), False),
    ("defaults", Pair("参数、依据等级与计算条件", "Defaults, grades of evidence, how it was worked out"),
     (defaults_table, regimes_table, left_out_table, facts_table), True),
)  # fmt: skip


def scenario_parts(told: Told, key: str = "") -> tuple[Part, ...]:
    """The parts of one answer; those that have nothing to say are left out, but for the charts'.

    Args:
        told: one answer.
        key: ending of the keys of the tables, where a document holds several answers.
    """
    out = []
    for name, title, makers, folded in _PARTS:
        blocks: list[Block] = []
        for make in makers:
            made = make(told, key)
            blocks += made if isinstance(made, list) else [made] if made is not None else []
        if blocks or name == CHART:
            out.append(Part(name, title, tuple(blocks), folded))
    return tuple(out)


def finding_sentences(parts: Sequence[Part]) -> list[Paragraph]:
    """What each package changes of PM2.5 and ozone, in one sentence each from the cells of the table."""
    tables = {b.key: b for p in parts for b in p.blocks if isinstance(b, TableBlock)}
    pair = next((t for k, t in tables.items() if k.startswith("scenario_pair")), None)
    if pair is None:
        return []
    out = []
    for row in pair.rows[1:]:
        name = row[0].text.zh
        named = name if "“" in name else f"“{name}”"
        pm, pm_change, ozone, ozone_change = row[1], row[2], row[5], row[6]
        out.append(
            say(
                f"条件估计，{named}：PM2.5年均浓度{{pm}}µg/m³（较基准{{pc}}），"
                f"O3-8h第90百分位{{o}}µg/m³（较基准{{oc}}）（见<table:{pair.key}>）。",
                f"Conditional estimate, {row[0].text.en}: PM2.5 annual mean {{pm}} µg/m³ ({{pc}} "
                f"against the baseline), O3-8h 90th percentile {{o}} µg/m³ ({{oc}}) "
                f"(<table:{pair.key}>).",
                style="finding", pm=pm, pc=pm_change, o=ozone, oc=ozone_change,
            )
        )  # fmt: skip
    return out
