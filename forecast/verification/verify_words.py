"""What a verification comes to, in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from forecast.runs.register import Check
from forecast.runs.register_again import Beside
from forecast.runs.register_words import altered_words, unregistered_words
from forecast.verification.verify_drift import drift_sentence

__all__ = ["REASONS", "verify_complaints", "verify_sentences"]

#: Why a forecast is not scored.
REASONS: dict[str, tuple[str, str]] = {
    "open": ("评价期尚未结束", "its year is not over yet"),
    "stopped": ("该点位的监测在评价期结束前中断", "the readings of the place end before its year does"),
    "too_few": ("已结束,但有效监测不足", "its year is over, with too few valid readings"),
    "not_measured": ("现有监测数据中没有该指标或点位", "the readings hold no such place or indicator"),
    "period": ("评价期不是一个日历年", "its period is not a calendar year"),
}  # fmt: skip


def _scored(n: Mapping[str, int]) -> tuple[str, str]:
    return (
        f"已评分{n['scored']}次预测,来自{n['years']}个年份、{n['cases']}个“点位×年份”;"
        "同一年同一点位的各次预测相互关联,只算一个独立个例",
        f"{n['scored']} forecasts are scored, of {n['years']} years and {n['cases']} places × years; "
        "forecasts of one place and year hang together and count as one independent case",
    )


def verify_complaints(check: Check, beside: Beside) -> tuple[tuple[str, str], ...]:
    """Return what is wrong with the register itself, beside the stored runs, and with the clock."""
    faults = [
        (f"登记簿:{f.where}第{f.at}行:{f.zh}" if f.at else f"登记簿:{f.zh}",
         f"register: {f.where}, line {f.at}: {f.en}" if f.at else f"register: {f.en}")
        for f in (*check.faults, *check.set_back)
    ]  # fmt: skip
    return (*faults, *unregistered_words(len(beside.missing)), *altered_words(beside.altered))


def verify_sentences(
    counts: Mapping[str, int], pending: pd.DataFrame, drift: pd.DataFrame, chosen: str, check: Check
) -> tuple[tuple[str, str], ...]:
    """Return what was scored, what waits, what was registered later, and drift."""
    out = []
    n = counts
    if not n["scored"]:
        out.append(("还没有可以评分的预测", "nothing can be scored yet"))
    else:
        out.append(_scored(n))
    if n["afterwards"] and chosen != "in_time":
        out.append(
            (
                f"其中{n['afterwards']}次为评价期结束后按当时数据补做,不是当时发布的预测",
                f"{n['afterwards']} of them were made after their year was over, from what was known at "
                "the time: they were not issued then",
            )
        )
    for reason, own in pending.groupby("reason", sort=False):
        zh, en = REASONS[str(reason)]
        years = ", ".join(str(y) for y in sorted(set(own["year"])))
        total = int(own["forecasts"].sum())
        out.append((f"{total}次未评分({years}):{zh}", f"{total} not scored ({years}): {en}"))
    if check.later:
        out.append(
            (
                f"登记簿中有{check.later}次运行是事后按已存结果补登的,作出时刻只凭这些文件",
                f"runs registered later, from their stored results: {check.later}; that they were made "
                "when they say rests on these files alone",
            )
        )
    out += [drift_sentence(row) for row in drift.to_dict("records") if row["drift"]]
    return tuple(out)
