"""What the response finds against each package once it has been worked out: rises, models, confidence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from forecast.projection.scenario_outcome import PackageOutcome
from forecast.projection.scenario_package import PackageFactors
from forecast.runs.scenario_learning import LearnedAir
from forecast.runs.scenario_packages import AskedPackage
from forecast.runs.scenario_setting import ScenarioSetting
from forecast.scenario.limits import Finding, Rise, finding, local_share_finding, ozone_finding
from forecast.scenario.response_limits import (
    confidence_cap,
    models_finding,
    rises,
    season_by_sectors_finding,
    winter_nitrate_finding,
)

__all__ = ["annual_ozone", "confidence", "differing_models", "response_findings", "with_response"]


def response_findings(
    setting: ScenarioSetting,
    package: AskedPackage,
    learned: LearnedAir,
    *,
    by_rule: bool,
    made: PackageOutcome | None = None,
) -> list[Finding]:
    """Ask the draws of the response what stands against a package.

    Args:
        setting: the region's year, of which the air is drawn.
        package: what is cut in the air.
        learned: its parameters.
        by_rule: whether its cuts alone are warned of for winter nitrate.
        made: the package's outcome, for the ozone of the year; None: half-years only.
    """
    if not package.of_air:
        return []
    first = np.datetime64(setting.first_day, "D")
    # By components whatever answers: sectors know no nitrate.
    components = PackageFactors(
        lambda _: package.whole, learned.draws, setting.days, "components"
    )()
    cold = rises(components.values, setting.days, "pm25", first_day=first).get("cold")
    ozone = rises(components.values, setting.days, "o3_8h", first_day=first)
    if setting.air is None or "o3_8h" not in setting.air.history:
        ozone = {}
    saturated = {str(row["season"]): float(row["saturated"]) for row in learned.regimes}
    cuts = package.whole
    found = [
        winter_nitrate_finding(cuts, cold, by_rule=by_rule, first_day=first),
        local_share_finding(cuts, learned.draws.pm25.local),
        ozone_finding(cuts, saturated, ozone, annual_ozone(made), first_day=first),
    ]
    if package.pm25_model == "sectors":
        found.append(season_by_sectors_finding(package.scenario))
        own = made.indicators.get("pm25_annual_mean") if made is not None else None
        if own is not None:
            name = "pm25_annual_mean"
            other = setting.air_year.assess(components, {name}).values[name]
            found.append(models_finding(own.mean, float(other.mean())))
    return [one for one in found if one is not None]


def annual_ozone(made: PackageOutcome | None) -> Rise | None:
    """How often the year's percentile of ozone rises, of the paths on which it changes [µg/m³]."""
    own = made.indicators.get("o3_8h_p90") if made is not None else None
    if own is None or own.change is None:
        return None
    moved = own.change.share_changed
    return Rise(own.change.share_worse / moved if moved else 0.0, own.change.mean)


def confidence(
    setting: ScenarioSetting, package: AskedPackage, learned: LearnedAir
) -> Finding | None:
    """Say what keeps the words of confidence at "low"; None where nothing does."""
    days = 0 if setting.air is None else int(setting.air.history["pm25"].notna().sum())
    inventory = package.inventory
    return confidence_cap(
        hindcast=learned.hindcast.of_own_record,
        years_of_data=days / 365.25,
        inventory_age=None if inventory is None else setting.settings.year - inventory.year,
        outside=learned.hindcast.outside,
        borrowed=learned.hindcast.borrowed,
        effective_size=learned.effective_size,
        by_sectors=package.of_air and package.pm25_model == "sectors",
    )


def with_response(
    findings: Sequence[tuple[str, Finding]], name: str, own: Sequence[Finding]
) -> list[tuple[str, Finding]]:
    """Return the findings with those of a package's response; what its cuts alone had said of nitrate goes."""
    kept = [
        (package, one)
        for package, one in findings
        if package != name or one.rule != "winter_nitrate"
    ]
    return kept + [(name, one) for one in own]


def differing_models(
    packages: Mapping[str, Literal["components", "sectors"]],
) -> Finding | None:
    """Warn where packages stand side by side whose PM2.5 comes from different models.

    Args:
        packages: name → model.
    """
    if len(set(packages.values())) < 2:
        return None
    parts = {
        model: [name for name, own in packages.items() if own == model]
        for model in ("components", "sectors")
    }
    return finding(
        "unlike_models",
        f"PM2.5 用了两种模型：{'、'.join(parts['components'])}用组分模型，{'、'.join(parts['sectors'])}用行业模型；同样的"
        "减排两者可差一成左右，方案之间 PM2.5 的差别不只来自减排。请在 [response] 中写 pm25_model，使各方案一致。",
        f"PM2.5 comes from two models: {', '.join(parts['components'])} by components, "
        f"{', '.join(parts['sectors'])} by sectors; equal cuts may differ by a tenth, so packages differ in "
        "PM2.5 by more than their cuts. Set pm25_model in [response] to have one for all.",
    )
