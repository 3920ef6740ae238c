"""Where a scenario can be believed: warnings and refusals, as a table and as functions.

``RULES`` is the table; each function checks one thing and returns findings of its rules. A finding of
kind ``refusal`` means that no result may be shown, ``warning`` that it stands beside every result,
``confidence`` that the words of confidence are capped at "low", ``note`` that it is said once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from forecast.scenario.cuts import PollutantCuts
from forecast.scenario.inventory import Inventory
from forecast.scenario.measure_timing import months_of, ramp
from forecast.scenario.pollutants import POLLUTANT_NAMES, POLLUTANTS, SECTOR_NAMES
from forecast.scenario.scenario_model import Scenario

__all__ = [
    "RULES",
    "Finding",
    "Kind",
    "Rule",
    "confidence_cap",
    "cut_findings",
    "date_findings",
    "discrepancy_finding",
    "inventory_findings",
    "largest_valid_scale",
    "local_share_finding",
    "ozone_finding",
    "refused",
    "standing_findings",
]

Kind = Literal["refusal", "warning", "confidence", "note"]

#: Multipliers of emission inside which the responses were fitted, and which they never leave.
TRUSTED = (0.4, 1.2)
COVERED = (0.0, 1.5)
#: Cut of NOx in the cold half-year below which nitrate may rise [1].
NOX_COLD = 0.5
#: Age of an inventory [yr] that caps confidence, and that is warned of.
AGED = 3
OLD = 10
#: Years of record below which nothing was checked on the city itself.
FEW_YEARS = 3
#: Probability from which a place counts as probably saturated with NOx.
SATURATED = 0.5
#: Cuts below this are none [1].
_NONE = 1e-6


@dataclass(frozen=True)
class Rule:
    """One line of the table: what is checked, and what follows from it."""

    name: str
    kind: Kind
    condition_zh: str
    condition: str


@dataclass(frozen=True)
class Finding:
    """What a check found, in both languages."""

    rule: str
    kind: Kind
    zh: str
    en: str


RULES: tuple[Rule, ...] = (
    Rule("extrapolation", "warning", "任一排放倍数超出 0.4–1.2", "a multiplier outside 0.4–1.2"),
    Rule("out_of_domain", "refusal", "任一排放倍数超出 0–1.5", "a multiplier outside 0–1.5"),
    Rule(
        "winter_nitrate", "warning", "冷半年 NOx 减排不足 50 % 且未同时削减 VOC 或 NH3",
        "NOx cut by less than 50 % in the cold half-year without a cut of VOC or NH3",
    ),
    Rule(
        "ozone_may_rise", "warning", "可能处于 VOC 控制区而只削减 NOx",
        "NOx alone is cut where ozone is probably NOx-saturated",
    ),
    Rule("ozone_unknown", "warning", "没有推算臭氧", "ozone is not drawn"),
    Rule("city_only", "warning", "只在本市减排", "only the city cuts"),
    Rule(
        "unchecked", "confidence", "没有回溯检验、监测不足 3 年或清单超过 3 年",
        "no hindcast, under 3 years of readings, or an inventory older than 3 years",
    ),
    Rule("old_inventory", "warning", "清单已有 10 年", "an inventory of ten years or more"),
    Rule(
        "discrepancy", "warning", "模型偏差后验偏离 1 超过 2 个标准差",
        "the discrepancy lies over 2 standard deviations from 1",
    ),
    Rule("few_draws", "warning", "学习后的有效样本不足 200", "an effective sample under 200 after learning"),
    Rule("foreign", "warning", "情景文件写的是别的地区", "the scenario file is of another region"),
    Rule(
        "unlike_parameters", "warning", "各方案的响应参数不同",
        "packages go with different parameters of the response",
    ),
    Rule("unknown_section", "warning", "断面没有推算的类别", "a section without a projected class"),
    Rule("balance", "warning", "水的负荷与浓度不平衡", "loads and concentration of water do not close"),
    Rule("not_answered", "warning", "断面项目无法回答", "an item of a section is not answered"),
    Rule(
        "untouched_days", "note", "沙尘、烟花、生物质燃烧日不受情景影响",
        "days of dust, fireworks and biomass burning stay as they are",
    ),
    Rule("conditional", "note", "结果是条件估计", "the result is a conditional estimate"),
    Rule("decided", "note", "目标已成定局（概率低于 1 % 或高于 99 %）", "the target is decided whatever is cut"),
    Rule("no_day_left", "refusal", "所有措施都在所问时段之后开始", "every measure starts after the days asked"),
    Rule("late_start", "warning", "措施在所问时段之后开始", "a measure starts after the days asked"),
    Rule("in_the_record", "warning", "措施在起报日前已全部见效", "a measure was in full effect at the origin"),
)  # fmt: skip
_KIND: dict[str, Kind] = {rule.name: rule.kind for rule in RULES}


def _finding(rule: str, zh: str, en: str) -> Finding:
    return Finding(rule, _KIND[rule], zh, en)


def refused(findings: Iterable[Finding]) -> Finding | None:
    """Return the first refusal; None where there is none."""
    return next((one for one in findings if one.kind == "refusal"), None)


def cut_findings(cuts: Sequence[PollutantCuts]) -> list[Finding]:
    """Check the cuts themselves: the domain of the responses, and NOx alone in the cold half-year.

    The cut of a day is judged by the median over its draws, all scopes taken together.
    """
    if not cuts:
        return []
    days = cuts[0].days
    left = np.ones((len(days), len(POLLUTANTS)))
    for one in cuts:
        left *= 1.0 - np.median(one.values, axis=0)
    sectors = {
        name: 1.0 - np.median(cut, axis=0) for one in cuts for name, cut in one.sectors.items()
    }
    found = _domain_findings(left, sectors)
    taken = 1.0 - left
    months = months_of(days) + 1
    cold = (months <= 3) | (months >= 10)
    nox, voc, nh3 = (taken[:, POLLUTANTS.index(p)] for p in ("NOx", "VOC", "NH3"))
    risky = cold & (nox > _NONE) & (nox < NOX_COLD) & (voc <= _NONE) & (nh3 <= _NONE)
    if risky.any():
        most = 100.0 * float(nox[risky].max())
        found.append(
            _finding(
                "winter_nitrate",
                f"冷半年 NOx 减排最多 {most:.0f} %，且未同时削减 VOC 或 NH3：硝酸盐可能不降反升。",
                f"In the cold half-year NOx is cut by {most:.0f} % at most, without VOC or NH3: nitrate "
                "may rise.",
            )
        )
    return found


def _domain_findings(
    left: NDArray[np.float64], sectors: dict[str, NDArray[np.float64]]
) -> list[Finding]:
    lines = {POLLUTANT_NAMES[p]: left[:, i] for i, p in enumerate(POLLUTANTS)}
    lines |= {SECTOR_NAMES[s]: values for s, values in sectors.items()}
    found: list[Finding] = []
    for rule, (low, high) in (("out_of_domain", COVERED), ("extrapolation", TRUSTED)):
        outside = {
            names: (float(v.min()), float(v.max()))
            for names, v in lines.items()
            if v.min() < low - _NONE or v.max() > high + _NONE
        }
        if outside:
            zh = "、".join(f"{n[0]}（{_worst(v, low)}）" for n, v in outside.items())
            en = ", ".join(f"{n[1]} ({_worst(v, low)})" for n, v in outside.items())
            span = f"{low:g}–{high:g}"
            if rule == "out_of_domain":
                return [
                    _finding(
                        rule,
                        f"排放倍数超出 {span}，无任何响应数据可依：{zh}。请减小变化幅度。",
                        f"Multipliers of emission outside {span}, which no response covers: {en}. "
                        "Make the change smaller.",
                    )
                ]
            found.append(
                _finding(
                    rule,
                    f"外推：排放倍数超出 {span}：{zh}。",
                    f"Extrapolation: multipliers of emission outside {span}: {en}.",
                )
            )
    return found


def _worst(ends: tuple[float, float], low: float) -> str:
    return f"{ends[0] if ends[0] < low else ends[1]:.2f}"


def largest_valid_scale(cuts: Sequence[PollutantCuts], *, trusted: bool = True) -> float:
    """Return the factor on these cuts at which the first pollutant leaves the domain.

    The cuts are taken as proportional to the factor, which holds exactly for one measure on each
    pollutant and is cautious for several.

    Args:
        cuts: the package at factor 1.
        trusted: the domain of the responses (0.4–1.2), else the one never left (0–1.5).
    """
    low, high = TRUSTED if trusted else COVERED
    least = float("inf")
    for one in cuts:
        values = [np.median(one.values, axis=0).ravel()]
        values += [np.median(cut, axis=0) for cut in one.sectors.values()]
        largest = max(float(v.max(initial=0.0)) for v in values)
        smallest = min(float(v.min(initial=0.0)) for v in values)
        if largest > _NONE:
            least = min(least, (1.0 - low) / largest)
        if smallest < -_NONE:
            least = min(least, (high - 1.0) / -smallest)
    return least


def ozone_finding(
    cuts: Sequence[PollutantCuts], p_saturated: float, p_rise: float
) -> Finding | None:
    """Warn of NOx cut alone where ozone is probably NOx-saturated.

    Args:
        cuts: the package.
        p_saturated: probability of the NOx-saturated regime in the warm half-year [1].
        p_rise: probability that the ozone indicator rises under the package [1].
    """
    nox, voc = (
        max((float(np.median(c.of(p), axis=0).max()) for c in cuts), default=0.0)
        for p in ("NOx", "VOC")
    )
    if nox <= _NONE or voc > _NONE or p_saturated < SATURATED:
        return None
    return _finding(
        "ozone_may_rise",
        f"只削减 NOx，而 VOC 控制区的概率为 {100 * p_saturated:.0f} %：臭氧升高的概率为 "
        f"{100 * p_rise:.0f} %。",
        f"NOx is cut without VOC, and the place is NOx-saturated with probability "
        f"{100 * p_saturated:.0f} %: ozone rises with probability {100 * p_rise:.0f} %.",
    )


def local_share_finding(
    cuts: Sequence[PollutantCuts], local: NDArray[np.float64]
) -> Finding | None:
    """Show the local share where nothing is cut outside the city.

    Args:
        cuts: the package.
        local: ``(draw,)`` share of the PM2.5 response that lies inside the city [1].
    """
    if not cuts or any(one.scope == "region" for one in cuts):
        return None
    low, middle, high = (100.0 * float(np.quantile(local, q)) for q in (0.1, 0.5, 0.9))
    return _finding(
        "city_only",
        f"只有本市减排：PM2.5 的响应约 {middle:.0f} %（80 % 区间 {low:.0f}–{high:.0f} %）在本市内实现，其余需要"
        "区域联合减排。",
        f"Only the city cuts: about {middle:.0f} % of the response of PM2.5 (80 % interval "
        f"{low:.0f}–{high:.0f} %) comes from inside it; the rest needs cuts in the region.",
    )


def inventory_findings(inventory: Inventory | None, year: int) -> list[Finding]:
    """Check the age of the inventory in the year asked."""
    if inventory is None or year - inventory.year < OLD:
        return []
    age = year - inventory.year
    return [
        _finding(
            "old_inventory",
            f"清单为 {inventory.year} 年，距 {year} 年已 {age} 年，各部门占比可能早已改变。",
            f"The inventory is of {inventory.year}, {age} years before {year}; the shares of its sectors "
            "may have changed long since.",
        )
    ]


def confidence_cap(
    *, hindcast: bool, years_of_data: float, inventory_age: float | None
) -> Finding | None:
    """Say why the words of confidence stay at "low"; None where nothing caps them.

    Args:
        hindcast: whether the response was checked on the city's own record.
        years_of_data: length of that record [yr].
        inventory_age: years from the inventory to the year asked; None: there is no inventory.
    """
    zh, en = [], []
    if not hindcast:
        zh.append("没有回溯检验")
        en.append("no hindcast")
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
    return _finding(
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
    return _finding(
        "discrepancy",
        f"清单或弹性系数不能解释实测记录（偏差因子 {float(np.median(posterior)):.2f}）。",
        f"Inventory or elasticities do not explain the record (discrepancy "
        f"{float(np.median(posterior)):.2f}).",
    )


def date_findings(
    scenario: Scenario, first: date, last: date, *, since: date | None = None
) -> list[Finding]:
    """Check when measures act against the days asked (``first`` to ``last``).

    Args:
        scenario: the measures.
        first, last: the days asked.
        since: last day whose readings the baseline knows; what was in place by then changes nothing.
    """
    late = [m for m in scenario.measures if m.start > last]
    if scenario.measures and len(late) == len(scenario.measures):
        begin = min(m.start for m in late)
        return [
            _finding(
                "no_day_left",
                f"最早的措施 {begin} 开始，晚于所问时段的最后一天 {last}：没有可以计算的减排。请改变开始日期或年份。",
                f"The first measure starts on {begin}, after {last}, the last of the days asked: nothing "
                "is cut by then. Change the start or the year.",
            )
        ]
    found = [
        _finding(
            "late_start",
            f"“{m.name}”{m.start} 开始，晚于 {last}，不起作用。",
            f"{m.name} starts on {m.start}, after {last}, and has no effect.",
        )
        for m in late
    ]
    day = np.array([since or first], dtype="datetime64[D]")
    done = [m for m in scenario.measures if since is not None and float(ramp(m, day)[0]) >= 1.0]
    return found + [
        _finding(
            "in_the_record",
            f"“{m.name}”在 {since} 前已全部见效，监测记录中已包含，不再重复计算。",
            f"{m.name} was in full effect by {since}; the record holds it, and it is not counted again.",
        )
        for m in done
    ]


def standing_findings() -> list[Finding]:
    """Return what stands beside every result."""
    return [
        _finding(
            "conditional",
            "情景结果是在所列假设下的条件估计，不是因果证明。",
            "A scenario is an estimate conditional on its assumptions, not a causal proof.",
        ),
        _finding(
            "untouched_days",
            "沙尘日、烟花爆竹日和生物质燃烧日不因情景而改变。",
            "Days of dust, fireworks and biomass burning are not changed by the scenario.",
        ),
    ]
