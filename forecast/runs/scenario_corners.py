"""What a map of two levers keeps of an answer, and what limits its corners."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from forecast.runs.scenario_checks import response_findings
from forecast.runs.scenario_learning import LearnedAir
from forecast.runs.scenario_packages import AskedPackage
from forecast.runs.scenario_setting import ScenarioSetting
from forecast.scenario.limits import Finding, cut_findings

__all__ = ["corner_findings", "without_package"]

#: Findings that belong to one corner of a map.
_OF_CORNER = ("extrapolation", "winter_nitrate", "ozone_may_rise")


def corner_findings(
    setting: ScenarioSetting,
    levers: tuple[str, str],
    most: float,
    package: Callable[[float, float], AskedPackage],
    learned: LearnedAir,
) -> list[dict[str, Any]]:
    """Return what is to be warned of on a map, at which cuts: either lever alone, or both.

    Nitrate and ozone rise most for a middling cut of NOx, so half-way along an edge is looked at as
    well, for what its end does not say.

    Args:
        setting: the region's year.
        levers: what is cut.
        most: largest cut of either [1].
        package: the package of two cuts [1].
        learned: parameters of the response.
    """
    out: list[dict[str, Any]] = []
    half = round(most / 2.0, 6)
    for edge in (((most, 0.0), (half, 0.0)), ((0.0, most), (0.0, half)), ((most, most),)):
        said: set[str] = set()
        for cuts in edge:
            own = [f for f in _warnings(setting, package(*cuts), learned) if f.rule not in said]
            said |= {f.rule for f in own}
            where = [
                (f"{name} −{100 * c:g} %",) * 2 if c else (f"{name} 不变", f"{name} unchanged")
                for name, c in zip(levers, cuts, strict=True)
            ]
            zh, en = "、".join(w[0] for w in where), ", ".join(w[1] for w in where)
            out += [
                {
                    "package": "", "rule": f.rule, "kind": f.kind,
                    "zh": f"图上 {zh} 处——{f.zh}", "en": f"On the map at {en}: {f.en}",
                }
                for f in own
            ]  # fmt: skip
    return out


def _warnings(
    setting: ScenarioSetting, package: AskedPackage, learned: LearnedAir
) -> list[Finding]:
    """What stands against one pair of cuts."""
    own = cut_findings(package.whole)
    by_rule = any(f.rule == "winter_nitrate" for f in own)
    found = [f for f in own if f.rule != "winter_nitrate"]
    found += response_findings(setting, package, learned, by_rule=by_rule)
    return [f for f in found if f.rule in _OF_CORNER]


def without_package(told: dict[str, Any], name: str) -> dict[str, Any]:
    """What is told of the year and of what the answer rests on: a map has no one package."""
    limits = [
        {**f, "package": ""}
        for f in told["findings"]
        if f["rule"] != "decided" and (f["package"] != name or f["rule"] not in _OF_CORNER)
    ]
    return {
        **told,
        "packages": [],
        "rows": [r for r in told["rows"] if not r["package"]],
        "findings": limits,
        "not_quantified": [],
        "tonnes": [],
    }
