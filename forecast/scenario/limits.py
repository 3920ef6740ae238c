"""Where a scenario can be believed: warnings and refusals, as a table and as functions.

``RULES`` is the table; each function checks one thing and returns findings of its rules. A finding of
kind ``refusal`` means that no result may be shown, ``warning`` that it stands beside every result,
``confidence`` that the words of confidence are capped at "low", ``note`` that it is said once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from forecast.scenario.cuts import PollutantCuts
from forecast.scenario.inventory import Inventory
from forecast.scenario.measure_timing import months_of
from forecast.scenario.pollutants import POLLUTANT_NAMES, POLLUTANTS, SECTOR_NAMES

__all__ = [
    "RULES",
    "Finding",
    "Kind",
    "Rise",
    "Rule",
    "chance_words",
    "cut_findings",
    "finding",
    "inventory_findings",
    "largest_cut",
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
#: Age of an inventory [yr] that is warned of.
OLD = 10
#: Probability of the saturated regime from which NOx cut beyond VOC is warned of.
_SATURATED = 0.4
#: Cuts below this are none [1].
_NONE = 1e-6
_SEASONS = {"warm": ("暖半年", "April to September"), "cold": ("冷半年", "October to March")}


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


@dataclass(frozen=True)
class Rise:
    """What an item does in a half-year, over the draws of the response.

    Attributes:
        chance: share of the draws that rise among those that change [1]; 0 where none does.
        mean: mean relative change [1] (of ozone: of its photochemical part).
    """

    chance: float
    mean: float


RULES: tuple[Rule, ...] = (
    Rule("extrapolation", "warning", "任一排放倍数超出 0.4–1.2", "a multiplier outside 0.4–1.2"),
    Rule("out_of_domain", "refusal", "任一排放倍数超出 0–1.5", "a multiplier outside 0–1.5"),
    Rule(
        "winter_nitrate", "warning",
        "冷半年 NOx 减排不足 50 % 且未同时削减 VOC 或 NH3，或冷半年 PM2.5 升高的概率超过 10 %",
        "NOx cut by less than 50 % in the cold half-year without a cut of VOC or NH3, or PM2.5 of the cold "
        "half-year rises with a probability over 10 % under a cut of NOx",
    ),
    Rule(
        "ozone_may_rise", "warning",
        "削减 NOx 时臭氧升高的概率过半或平均升高，或处于 VOC 控制区的概率达 40 % 而 VOC 减得比 NOx 少",
        "NOx cut where ozone rises with a probability over one half, or on the mean, or where the place is "
        "NOx-saturated with probability 0.4 and VOC is cut by less",
    ),
    Rule("ozone_unknown", "warning", "没有推算臭氧", "ozone is not drawn"),
    Rule("city_only", "warning", "只在本市减排", "only the city cuts"),
    Rule(
        "unchecked", "confidence",
        "没有回溯检验、回溯未落入区间或借用全国排放变化，有效样本不足 200，PM2.5 用行业模型，监测不足 3 年，清单超过 3 年",
        "no hindcast, one outside its interval or with the nation's emissions, an effective sample under "
        "200, PM2.5 by sectors, under 3 years of readings, or an inventory older than 3 years",
    ),
    Rule("old_inventory", "warning", "清单已有 10 年", "an inventory of ten years or more"),
    Rule(
        "discrepancy", "warning", "模型偏差后验偏离 1 超过 2 个标准差",
        "the discrepancy lies over 2 standard deviations from 1",
    ),
    Rule(
        "not_learned", "warning", "学习后的有效样本不足 50：不作修正", "an effective sample under 50: nothing is learned"
    ),
    Rule("few_draws", "warning", "学习后的有效样本不足 200", "an effective sample under 200 after learning"),
    Rule("foreign", "warning", "情景文件写的是别的地区", "the scenario file is of another region"),
    Rule(
        "unlike_parameters", "warning", "各方案的响应参数不同",
        "packages go with different parameters of the response",
    ),
    Rule(
        "unlike_models", "warning", "各方案的 PM2.5 用了不同的模型", "packages go with different models of PM2.5"
    ),
    Rule("pm25_by_sectors", "note", "PM2.5 由行业模型推算", "PM2.5 comes from the sector model"),
    Rule(
        "season_by_sectors", "warning", "季节性措施用了全年的行业份额",
        "a measure of a season meets the year's shares of sectors",
    ),
    Rule("unknown_section", "warning", "断面没有推算的类别", "a section without a projected class"),
    Rule("balance", "warning", "水的负荷与浓度不平衡", "loads and concentration of water do not close"),
    Rule("not_answered", "warning", "断面项目无法回答", "an item of a section is not answered"),
    Rule(
        "untouched_days", "note", "沙尘日和春节烟花日不受情景影响；生物质燃烧日无法识别",
        "days of dust and fireworks stay as they are; days of biomass burning can't be told",
    ),
    Rule("conditional", "note", "结果是条件估计", "the result is a conditional estimate"),
    Rule("decided", "note", "有无所列减排，概率均低于 1 % 或高于 99 %", "decided with and without the packages asked"),
    Rule("no_day_left", "refusal", "所有措施都在所问时段之后开始", "every measure starts after the days asked"),
    Rule("late_start", "warning", "措施在所问时段之后开始", "a measure starts after the days asked"),
    Rule("in_the_record", "warning", "措施在起报日前已全部见效", "a measure was in full effect at the origin"),
)  # fmt: skip
_KIND: dict[str, Kind] = {rule.name: rule.kind for rule in RULES}


def finding(rule: str, zh: str, en: str) -> Finding:
    """Return a finding of a rule of the table."""
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
    sectors: dict[str, NDArray[np.float64]] = {}
    for one in cuts:
        for name, cut in one.sectors.items():
            sectors[name] = sectors.get(name, 1.0) * (1.0 - np.median(cut, axis=0))
    found = _domain_findings(left, sectors)
    taken = 1.0 - left
    cold = _cold(days)
    nox, voc, nh3 = (taken[:, POLLUTANTS.index(p)] for p in ("NOx", "VOC", "NH3"))
    risky = cold & (nox > _NONE) & (nox < NOX_COLD) & (voc <= _NONE) & (nh3 <= _NONE)
    if risky.any():
        most = 100.0 * float(nox[risky].max())
        found.append(
            finding(
                "winter_nitrate",
                f"冷半年 NOx 减排最多 {most:.0f} %，且未同时削减 VOC 或 NH3：硝酸盐可能不降反升。",
                f"In the cold half-year NOx is cut by {most:.0f} % at most, without VOC or NH3: nitrate "
                "may rise.",
            )
        )
    return found


def _cold(days: NDArray[np.datetime64]) -> NDArray[np.bool_]:
    months = months_of(days) + 1
    return np.asarray((months <= 3) | (months >= 10))


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
                    finding(
                        rule,
                        f"排放倍数超出 {span}，无任何响应数据可依：{zh}。请减小变化幅度。",
                        f"Multipliers of emission outside {span}, which no response covers: {en}. "
                        "Make the change smaller.",
                    )
                ]
            found.append(
                finding(
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


def chance_words(p: float) -> str:
    """A probability in per cent; what is not certain never reads 0 or 100 %.

    >>> chance_words(0.999), chance_words(0.523), chance_words(0.001)
    ('>99 %', '52 %', '<1 %')
    """
    if p < 0.01:
        return "<1 %"
    return ">99 %" if p > 0.99 else f"{100.0 * p:.0f} %"


def largest_cut(
    cuts: Sequence[PollutantCuts],
    pollutant: str,
    season: str,
    first_day: np.datetime64 | None = None,
) -> float:
    """Return the largest cut of a day of a half-year, scopes together, median of the draws [1]."""
    if not cuts:
        return 0.0
    days = cuts[0].days
    own = _cold(days) == (season == "cold")
    if first_day is not None:
        own &= days >= first_day
    if not own.any():
        return 0.0
    left = np.ones(int(own.sum()))
    for one in cuts:
        left *= 1.0 - np.median(one.of(pollutant)[:, own], axis=0)
    return float((1.0 - left).max())


def ozone_finding(
    cuts: Sequence[PollutantCuts],
    saturated: Mapping[str, float] | float,
    ozone: Mapping[str, Rise] | float,
    annual: Rise | None = None,
    *,
    first_day: np.datetime64 | None = None,
) -> Finding | None:
    """Warn of a cut of NOx under which ozone may rise, always with the probabilities.

    It speaks where ozone rises on more than half of the draws or on the mean (in a half-year in which
    NOx is cut, or the year's percentile), and where such a half-year is NOx-saturated with probability
    0.4 or more and VOC is cut by less.

    Args:
        cuts: the package.
        saturated: half-year → probability of the NOx-saturated regime [1]; a number: of the warm one.
        ozone: half-year → what ozone does; a number: its chance of a rise in the warm one.
        annual: share of the paths, of those that change, on which the year's percentile rises, and
            its mean change [µg/m³].
        first_day: first day that may change.
    """
    if not isinstance(saturated, Mapping):
        saturated = {"warm": saturated}
    if not isinstance(ozone, Mapping):
        ozone = {"warm": Rise(ozone, 0.0)}
    zh, en, speaks = [], [], False
    for season, (zh_name, en_name) in _SEASONS.items():
        own = ozone.get(season)
        nox = largest_cut(cuts, "NOx", season, first_day)
        if own is None or nox <= _NONE:
            continue
        p, prior = own.chance, saturated.get(season, 0.0)
        less_voc = largest_cut(cuts, "VOC", season, first_day) < nox - _NONE
        speaks |= p > 0.5 or own.mean > _NONE or (prior >= _SATURATED and less_voc)
        zh.append(f"{zh_name} {chance_words(p)}（VOC 控制区的概率 {100 * prior:.0f} %）")
        en.append(
            f"{chance_words(p)} from {en_name} (NOx-saturated with probability {100 * prior:.0f} %)"
        )
    if not zh:
        return None
    if annual is not None:
        speaks |= annual.chance > 0.5 or annual.mean > _NONE
        zh.append(f"全年第90百分位 {chance_words(annual.chance)}（平均 {annual.mean:+.1f} µg/m³）")
        en.append(
            f"{chance_words(annual.chance)} in the year's 90th percentile ({annual.mean:+.1f} µg/m³ on "
            "the mean)"
        )
    if not speaks:
        return None
    return finding(
        "ozone_may_rise",
        f"削减 NOx 后臭氧可能升高，概率为：{'，'.join(zh)}。",
        f"Ozone may rise when NOx is cut, with probability {', '.join(en)}.",
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
    return finding(
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
        finding(
            "old_inventory",
            f"清单为 {inventory.year} 年，距 {year} 年已 {age} 年，各部门占比可能早已改变。",
            f"The inventory is of {inventory.year}, {age} years before {year}; the shares of its sectors "
            "may have changed long since.",
        )
    ]


def standing_findings() -> list[Finding]:
    """Return what stands beside every result."""
    return [
        finding(
            "conditional",
            "情景结果是在所列假设下的条件估计，不是因果证明。",
            "A scenario is an estimate conditional on its assumptions, not a causal proof.",
        ),
        finding(
            "untouched_days",
            "沙尘日和春节烟花爆竹日不因情景而改变；生物质燃烧日无法从监测数据中识别，与其他日子一样计算。",
            "Days of dust and of Spring Festival fireworks are not changed by the scenario; days of biomass "
            "burning can't be told from readings and are treated like any other.",
        ),
    ]
