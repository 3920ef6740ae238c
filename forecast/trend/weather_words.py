"""A weather-normalised record in words: what it rests on, its scores, its bias."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from forecast.trend.wording import number_text

if TYPE_CHECKING:
    from forecast.trend.weather_normalised import WeatherNormalised

__all__ = ["normalised_words"]

_METHODS = {"forest": ("随机森林", "forest"), "boosting": ("梯度提升树", "gradient-boosted trees")}
_TRENDS = {
    "carried": ("趋势单列并外推", "the trend stands outside of the trees and is carried on"),
    "in_trees": (
        "日期作为特征，不外推",
        "the date is a feature of the trees, which carry no trend on",
    ),
}
_SCALES = {"log": ("对数尺度", "log scale"), "linear": ("线性尺度", "linear scale")}


def normalised_words(found: WeatherNormalised, lang: str) -> str:
    """What a result rests on, in Chinese (``zh``) or English (``en``)."""
    at = 0 if lang == "zh" else 1
    s, rows = found.settings, found.model.rows
    method, trend, scale = _METHODS[s.method][at], _TRENDS[s.trend][at], _SCALES[s.scale][at]
    first, last = rows.days[0], rows.days[-1]
    trained = {c: float(found.scores[c]["left_out"]) for c in ("r2", "rmse", "bias")}
    if lang == "zh":
        said = [
            f"{found.name} 气象归一化（{method}，{s.trees} 棵，{scale}，{trend}）："
            f"{first:%Y-%m-%d} 至 {last:%Y-%m-%d} 共 {len(rows.days)} 天；"
            f"缺监测值 {rows.no_value} 天、缺气象 {rows.no_weather} 天，均不补",
            f"气象要素 {'、'.join(rows.items)}；正常气象为全部年份同一日前后 {s.window} 天内的气象，"
            f"每日抽取 {len(found.draws)} 次",
            f"对未见过的日子 R² {_plain(trained['r2'])}，RMSE {_plain(trained['rmse'])}，"
            f"偏差（观测−模型）{number_text(trained['bias'])}",
        ]
    else:
        said = [
            f"{found.name} in normal weather ({method}, {s.trees} trees, {scale}; {trend}): "
            f"{len(rows.days)} days from {first:%Y-%m-%d} to {last:%Y-%m-%d}; {rows.no_value} "
            f"days without a value and {rows.no_weather} without weather are not filled",
            f"weather: {', '.join(rows.items)}; normal is that of all years within {s.window} days "
            f"of the day of the year, drawn {len(found.draws)} times a day",
            f"on days the trees had not seen: R² {_plain(trained['r2'])}, RMSE "
            f"{_plain(trained['rmse'])}, bias (observed less modelled) "
            f"{number_text(trained['bias'])}",
        ]
    return ("；" if lang == "zh" else "; ").join([*said, _validation(found, lang)])


def _validation(found: WeatherNormalised, lang: str) -> str:
    held = found.held_out
    if held is None:
        return "未做留出检验" if lang == "zh" else "no days were held out"
    r2, rmse = _plain(held.scores["r2"]), _plain(held.scores["rmse"])
    bias, nmb = number_text(held.scores["bias"]), number_text(held.scores["nmb"])
    n = int(held.scores["n"])
    if held.kind == "random":
        if lang == "zh":
            return (
                f"随机留出 {n} 天：R² {r2}，RMSE {rmse}，偏差 {bias}（NMB {nmb}%）；"
                "随机留出的日子前后都已见过，会掩盖预测误差"
            )
        return (
            f"{n} days held out at random: R² {r2}, RMSE {rmse}, bias {bias} (NMB {nmb} %); their "
            "neighbours were seen, which hides the error of a forecast"
        )
    span = f"{held.first:%Y-%m-%d}", f"{held.last:%Y-%m-%d}"
    means = _plain(held.observed), _plain(held.predicted), _plain(held.persistence)
    if lang == "zh":
        return (
            f"留出最后 {n} 天（{span[0]} 至 {span[1]}，只用此前数据）：R² {r2}，RMSE {rmse}，"
            f"偏差 {bias}（NMB {nmb}%）；均值观测 {means[0]}、预测 {means[1]}、上年同期 {means[2]}"
        )
    return (
        f"last {n} days held out ({span[0]} to {span[1]}, only earlier days used): R² {r2}, RMSE "
        f"{rmse}, bias {bias} (NMB {nmb} %); mean {means[0]} observed, {means[1]} predicted, "
        f"{means[2]} a year before"
    )


def _plain(value: float) -> str:
    """Three significant figures without a plus."""
    return number_text(float(value)).removeprefix("+") if math.isfinite(value) else "—"
