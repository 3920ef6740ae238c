"""The layout of the entry workbook: its sheets, their columns, and what each row says."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from forecast.targets.model import Plan, Target

__all__ = ["DOMAIN_WORDS", "KIND_WORDS", "SHEETS", "Sheet", "sheet_rows"]


@dataclass(frozen=True)
class Sheet:
    """One sheet: its title, the kind of entry it holds, and its columns.

    ``given`` are filled by the export, ``asked`` by the analyst; the first of ``asked`` is the
    figure. A row whose asked columns are all blank says nothing.
    """

    title: str
    kind: str
    given: tuple[str, ...]
    asked: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns, as in the header."""
        return self.given + self.asked


_CITED = ("来源", "日期", "备注")
SHEETS: tuple[Sheet, ...] = (
    Sheet(
        "目标", "assigned",
        ("目标编号", "规划", "地区", "目标内容", "范围", "层级", "类型", "比较", "规划值", "单位",
         "年份", "属性", "原文"),
        ("下达值", *_CITED),
    ),
    Sheet("台账", "ledger", ("目标编号", "目标内容", "规划值", "单位", "年份"), ("数值", "名称", *_CITED)),
    Sheet("任务", "milestone", ("目标编号", "目标内容", "年份"), ("是否完成", *_CITED)),
    Sheet("排名对比", "peer", ("目标编号", "目标内容", "年份"), ("数值", "名称", *_CITED)),
    Sheet("年度数值", "yearly", ("地区", "指标", "目标内容", "单位", "年份"), ("数值", *_CITED)),
    Sheet(
        "自定目标", "target", (),
        ("目标编号", "地区", "领域", "指标", "目标内容", "英文名", "类型", "比较", "目标值", "单位",
         "年份", *_CITED),
    ),
)  # fmt: skip

_LEVEL = {"firm": "确保", "stretch": "力争", "single": ""}
_BINDING = {"binding": "约束性", "expected": "预期性", "unknown": "未标明"}
KIND_WORDS = {
    "threshold": "限值", "trend": "趋势", "keep": "保持", "eliminate": "消除", "grade": "达标",
    "ledger": "台账", "milestone": "任务", "yearly": "年度数值", "rank": "排名", "change": "变化",
    "range": "范围", "qualitative": "定性",
}  # fmt: skip
DOMAIN_WORDS = {"空气": "air", "大气": "air", "水": "water", "水环境": "water", "排放": "emission"}
#: Kinds judged on an annual figure that people enter.
_YEARLY_KINDS = ("yearly", "change", "keep", "eliminate", "trend", "range", "threshold", "rank")


def sheet_rows(
    sheet: Sheet, plans: Sequence[Plan], records: Sequence[Mapping[str, Any]]
) -> Iterable[dict[str, object]]:
    """The rows of one sheet: every target of its kind, with what was entered for it."""
    mine = [r for r in records if r["kind"] == sheet.kind]
    if sheet.kind == "target":
        for r in mine:
            yield _own_cells(r)
        return
    listed: set[tuple[str, str, int]] = set()
    for plan in plans:
        for target in plan.target:
            if not _belongs(target, sheet.kind):
                continue
            base = _given(target, plan)
            found = [r for r in mine if _same(r, target, sheet.kind)]
            key = (target.region, target.indicator, target.year or 0)
            if sheet.kind == "yearly":
                if key in listed:
                    continue
                listed.add(key)
            if sheet.kind in ("ledger", "peer") or not found:
                yield base
            for r in found:
                listed.add((target.region, target.indicator, int(r["year"])))
                yield {**base, **_entered_cells(r)}
    if sheet.kind == "yearly":
        known = {(k[0], k[1], k[2]) for k in listed}
        for r in mine:
            if (r["region"], r["indicator"], int(r["year"])) not in known:
                yield {
                    "地区": r["region"],
                    "指标": r["indicator"],
                    "单位": r["unit"],
                    **_entered_cells(r),
                }


def _belongs(target: Target, kind: str) -> bool:
    if kind == "assigned":
        return True
    if kind == "yearly":
        return not target.computable and target.kind in _YEARLY_KINDS
    return target.kind == {"ledger": "ledger", "milestone": "milestone", "peer": "rank"}[kind]


def _same(row: Mapping[str, Any], target: Target, kind: str) -> bool:
    if kind == "yearly":
        return bool(
            row["region"] == target.region
            and row["indicator"] == target.indicator
            and (target.year is None or int(row["year"]) == target.year)
        )
    return bool(row["target_id"] == target.id)


def _given(target: Target, plan: Plan) -> dict[str, object]:
    return {
        "目标编号": target.id, "规划": plan.title, "地区": target.region,
        "目标内容": target.label_zh, "范围": target.place or target.scope,
        "层级": _LEVEL[target.level], "类型": KIND_WORDS[target.kind], "比较": target.comparator,
        "规划值": target.value if target.value is not None else target.token,
        "单位": target.unit, "年份": target.year if target.year is not None else "",
        "属性": _BINDING[target.binding], "原文": target.quote, "指标": target.indicator,
    }  # fmt: skip


def _entered_cells(row: Mapping[str, Any]) -> dict[str, object]:
    value = float(row["value"])
    figure: object = "" if math.isnan(value) else value
    return {
        "下达值": figure, "数值": figure, "名称": row["place"],
        "是否完成": {"done": "是", "not_done": "否"}.get(row["text"], ""), "年份": int(row["year"]) or "",
        "来源": row["origin"], "日期": pd.Timestamp(row["date"]).date(), "备注": row["note"],
    }  # fmt: skip


def _own_cells(row: Mapping[str, Any]) -> dict[str, object]:
    own = json.loads(row["text"])
    names = {v: k for k, v in DOMAIN_WORDS.items()}
    return {
        "目标编号": own["id"], "地区": own["region"], "领域": names[own["domain"]],
        "指标": own["indicator"], "目标内容": own["label_zh"], "英文名": own["label_en"],
        "类型": KIND_WORDS[own["kind"]], "比较": own["comparator"], "目标值": own["value"],
        "单位": own["unit"], "年份": own["year"], "来源": row["origin"],
        "日期": pd.Timestamp(row["date"]).date(), "备注": row["note"],
    }  # fmt: skip
