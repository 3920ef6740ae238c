"""Whether recalibration and stacking help the forecasts of a backtest: tables, and the sentence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from forecast.projection.hindcast_indicators import hindcast_indicator
from forecast.projection.streams import stream
from forecast.verification.figures import Named
from forecast.verification.recalibration import recalibration_effect
from forecast.verification.stacking import stacking_effect

__all__ = ["Effects", "effects_of"]

Sentence = tuple[str, str]


@dataclass(frozen=True)
class Effects:
    """What both would have changed, out of sample.

    Attributes:
        recalibration: of ``recalibration_effect``.
        stacking: of ``stacking_effect``; empty where fewer than two models forecast an indicator.
        recalibrated: the sentence on it, Chinese and English.
        stacked: the same; empty with one model.
    """

    recalibration: pd.DataFrame
    stacking: pd.DataFrame
    recalibrated: Sentence
    stacked: Sentence

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """Those that say something."""
        return tuple(s for s in (self.recalibrated, self.stacked) if s[0])


def effects_of(rows: pd.DataFrame, models: Mapping[str, Named], seed: int) -> Effects:
    """Try both on past forecasts.

    Args:
        rows: past forecasts.
        models: model to its names, the first one first.
        seed: root seed of the resampling.
    """
    drawn = [m for m in models if m in set(rows["model"])]
    one = recalibration_effect(rows, rng=stream(seed, "backtest", "recalibration"))
    many = stacking_effect(rows, drawn, rng=stream(seed, "backtest", "stacking"))
    said = _stacked(many) if len(drawn) > 1 else ("", "")
    return Effects(one, many, _recalibrated(one, models), said)


def _recalibrated(table: pd.DataFrame, models: Mapping[str, Named]) -> Sentence:
    if table.empty:
        return (
            "重新校准:各次预测之前都没有足够的、已结束年份的预测可供学习。",
            "Recalibration: no forecast had enough forecasts of years over before it to learn from.",
        )
    whole = table[table["start_month"].isna()]
    zh, en = [], []
    for r in whole.to_dict("records"):
        what, model = hindcast_indicator(str(r["indicator"])), models[str(r["model"])]
        for kept, part_zh, part_en in (
            (r["kept"], "分布", "distribution"), (r["kept_events"], "概率", "probabilities"),
        ):  # fmt: skip
            if kept:
                zh.append(f"{what.zh}({model.zh})的{part_zh}")
                en.append(f"{part_en} of {what.en} ({model.en})")
    if not zh:
        return (
            "重新校准没有可靠地降低任何得分,不采用,预测保持原样。",
            "Recalibration lowers no score beyond doubt: not kept, forecasts stay as drawn.",
        )
    return (
        f"重新校准可靠地降低得分、达到采用标准的:{'、'.join(zh)};其余不采用。",
        f"Recalibration lowers the score beyond doubt, the mark for keeping it, for: {'; '.join(en)}; "
        "elsewhere not kept.",
    )


def _stacked(table: pd.DataFrame) -> Sentence:
    if table.empty:
        return (
            "模型加权平均:没有同一指标的两个模型有已结束年份的预测可供学习。",
            "Stacking: no two models of an indicator had years over before them to learn from.",
        )
    kept = [hindcast_indicator(str(n)) for n in table.loc[table["kept"], "indicator"].unique()]
    if not kept:
        return (
            "模型加权平均没有可靠地优于其中最好的单个模型,不采用。",
            "Stacking is not beyond doubt better than the best of its models alone: not kept.",
        )
    return (
        f"模型加权平均可靠地优于每个单个模型、达到采用标准的:{'、'.join(k.zh for k in kept)};其余不采用。",
        "Stacking is beyond doubt better than every one of its models, the mark for keeping it, for: "
        f"{'; '.join(k.en for k in kept)}; elsewhere not kept.",
    )
