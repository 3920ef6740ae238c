"""What the response says against a package: PM2.5 that rises, sectors in winter, how far it was checked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from forecast.scenario.air_response import is_cold
from forecast.scenario.cuts import PollutantCuts
from forecast.scenario.learning import FEW_DRAWS
from forecast.scenario.limits import Finding, Rise, chance_words, finding, largest_cut
from forecast.scenario.scenario_model import Scenario
from forecast.standards.items import AIR_ITEMS

__all__ = [
    "confidence_cap",
    "discrepancy_finding",
    "models_finding",
    "rises",
    "season_by_sectors_finding",
    "winter_nitrate_finding",
]

#: Probability from which a rise of PM2.5 in the cold half-year is warned of.
COLD_RISE = 0.1
#: Age of an inventory [yr] that caps confidence.
AGED = 3
#: Years of record below which nothing was checked on the city itself.
FEW_YEARS = 3
#: Cuts below this are none [1].
_NONE = 1e-6


def rises(
    values: NDArray[np.float32],
    days: NDArray[np.datetime64],
    item: str,
    *,
    first_day: np.datetime64 | None = None,
) -> dict[str, Rise]:
    """Return for each half-year with a day ahead how often an item rises, and by how much.

    Args:
        values: F, ``(draw, day, item)`` in the order of ``AIR_ITEMS``.
        days: ``(day,)``.
        item: one of ``AIR_ITEMS``.
        first_day: days before it count for nothing; None: all count.
    """
    own = values[:, :, AIR_ITEMS.index(item)]
    ahead = np.ones(len(days), dtype=bool) if first_day is None else days >= first_day
    cold = is_cold(days)
    found = {}
    for season, place in (("warm", ahead & ~cold), ("cold", ahead & cold)):
        if place.any():
            moved = own[:, place].mean(axis=1, dtype=np.float64) - 1.0
            changed = np.abs(moved) > _NONE
            chance = float((moved[changed] > 0.0).mean()) if changed.any() else 0.0
            found[season] = Rise(chance, float(moved.mean()))
    return found


def winter_nitrate_finding(
    cuts: Sequence[PollutantCuts],
    cold: Rise | None,
    *,
    by_rule: bool,
    first_day: np.datetime64 | None = None,
) -> Finding | None:
    """Warn of a cut of NOx under which PM2.5 of the cold half-year may rise, with the probability.

    The draws are asked: a rise lasts beyond the inflexion of nitrate until what was gained is lost
    again, and a little VOC or NH3 does not take it away.

    Args:
        cuts: the package.
        cold: PM2.5 of the cold half-year by the component model; None: no such day is ahead.
        by_rule: whether ``cut_findings`` warns of it already; then it is said whatever the draws say.
        first_day: first day that may change.
    """
    if cold is None:
        return None
    nox = largest_cut(cuts, "NOx", "cold", first_day)
    if nox <= _NONE or not (by_rule or cold.chance > COLD_RISE):
        return None
    said = chance_words(cold.chance)
    return finding(
        "winter_nitrate",
        f"冷半年 NOx 减排最多 {100 * nox:.0f} %，硝酸盐可能不降反升：冷半年 PM2.5 升高的概率为 {said}（组分模型），"
        f"平均变化 {100 * cold.mean:+.1f} %。",
        f"In the cold half-year NOx is cut by {100 * nox:.0f} % at most, and nitrate may rise: PM2.5 of the "
        f"cold half-year rises with probability {said} (component model); it changes by "
        f"{100 * cold.mean:+.1f} % on the mean.",
    )


def season_by_sectors_finding(scenario: Scenario) -> Finding | None:
    """Warn where a measure of a season meets the sector model, whose shares are those of the year."""
    names = [m.name for m in scenario.measures if m.season != "all"]
    if not names:
        return None
    return finding(
        "season_by_sectors",
        f"行业模型的份额是全年平均，“{'、'.join(names)}”只在部分月份实施：冬季民用源可占 51 %—94 %、工业 7 %—31 %、"
        "农业 0—24 %，交通、电力不足 5 %（西南交通 13 %）（Conibear 2021），采暖季的作用可能被低估或高估。",
        f"The shares of the sector model are those of the year, and {', '.join(names)} acts in a season "
        "only: in winter homes make 51 to 94 %, industry 7 to 31 %, agriculture 0 to 24 %, transport and "
        "power under 5 % (transport 13 % in the south-west; Conibear 2021), so its effect may be over- or "
        "understated.",
    )


def models_finding(by_sectors: float, by_components: float) -> Finding:
    """Say the PM2.5 [µg/m³] of a package by both models."""
    return finding(
        "pm25_by_sectors",
        f"PM2.5 由行业模型推算：年均 {by_sectors:.1f} µg/m³；同样的措施按各污染物的减排换用组分模型为 {by_components:.1f} "
        "µg/m³，两者之差也是不确定性。",
        f"PM2.5 comes from the sector model: {by_sectors:.1f} µg/m³ on the year's mean; the component model, "
        f"with cuts of pollutants behind the same measures, gives {by_components:.1f}. Their distance is "
        "part of what is not known.",
    )


def confidence_cap(
    *,
    hindcast: bool,
    years_of_data: float,
    inventory_age: float | None,
    outside: bool = False,
    borrowed: bool = False,
    effective_size: float | None = None,
    by_sectors: bool = False,
) -> Finding | None:
    """Say why the words of confidence stay at "low"; None where nothing caps them.

    Args:
        hindcast: whether the response was checked on the city's own record.
        years_of_data: length of that record [yr].
        inventory_age: years from the inventory to the year asked; None: there is no inventory.
        outside: whether the observed change lies outside the 80 % interval of the hindcast.
        borrowed: whether the hindcast rests on the nation's change of emissions.
        effective_size: effective sample of what was learned; None: nothing was.
        by_sectors: whether PM2.5 comes from the sector model, which no hindcast checks.
    """
    zh, en = [], []
    if not hindcast:
        zh.append("没有回溯检验")
        en.append("no hindcast")
    if outside:
        zh.append("回溯检验未落入80 %区间")
        en.append("the hindcast misses its 80 % interval")
    if borrowed:
        zh.append("回溯检验用的是全国排放变化")
        en.append("the hindcast rests on the nation's emissions")
    if effective_size is not None and effective_size < FEW_DRAWS:
        zh.append(f"有效样本只有 {effective_size:.0f}")
        en.append(f"an effective sample of {effective_size:.0f}")
    if by_sectors:
        zh.append("PM2.5 用行业模型，未经回溯检验")
        en.append("PM2.5 by the sector model, which no hindcast checks")
    if years_of_data < FEW_YEARS:
        zh.append(f"监测数据仅 {years_of_data:.1f} 年")
        en.append(f"{years_of_data:.1f} years of readings")
    if inventory_age is None:
        zh.append("没有排放清单")
        en.append("no inventory")
    elif inventory_age > AGED:
        zh.append(f"清单已有 {inventory_age:.0f} 年")
        en.append(f"an inventory {inventory_age:.0f} years old")
    if not zh:
        return None
    return finding(
        "unchecked", f"可信度：低（{'；'.join(zh)}）。", f"Confidence: low ({'; '.join(en)})."
    )


def discrepancy_finding(
    prior: NDArray[np.float64], posterior: NDArray[np.float64]
) -> Finding | None:
    """Warn where the record pushes the discrepancy δ far from 1.

    Args:
        prior: ``(draw,)`` δ before learning; its spread on the log scale is the yardstick.
        posterior: ``(draw,)`` δ after learning, equally weighted.
    """
    if abs(float(np.log(posterior).mean())) <= 2.0 * float(np.log(prior).std()):
        return None
    return finding(
        "discrepancy",
        f"清单或弹性系数不能解释实测记录（偏差因子 {float(np.median(posterior)):.2f}）。",
        f"Inventory or elasticities do not explain the record (discrepancy "
        f"{float(np.median(posterior)):.2f}).",
    )
