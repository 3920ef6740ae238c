"""Scenarios forward: packages of measures through the paths of a year, told as one JSON-ready object."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from forecast.errors import ForecastError
from forecast.projection.days import BY_AQI
from forecast.projection.scenario_outcome import (
    ScenarioOutcome,
    compare_packages,
    decided_sentence,
    outcome_rows,
)
from forecast.projection.scenario_water import (
    WaterTargetOutcome,
    compare_water,
    section_rows,
    water_rows,
)
from forecast.projection.section_shares import SectionSet
from forecast.projection.water_names import same_section
from forecast.runs.scenario_checks import (
    confidence,
    differing_models,
    response_findings,
    with_response,
)
from forecast.runs.scenario_defaults import package_defaults
from forecast.runs.scenario_learning import LearnedAir, learn_air
from forecast.runs.scenario_packages import AskedPackage, check_package
from forecast.runs.scenario_setting import ScenarioSetting
from forecast.scenario.limits import Finding, standing_findings
from forecast.scenario.measure_words import measure_words
from forecast.scenario.water_limits import unchecked_finding

__all__ = ["Answer", "Learning", "answer", "told_setting"]

Progress = Callable[[str, int, int], None]

#: Probability that intervals of differences hold.
INTERVAL = 0.9


class Learning:
    """Learned parameters by what a scenario says of them; each is learned once."""

    def __init__(self, setting: ScenarioSetting) -> None:
        """Learn for packages of ``setting``."""
        self._setting = setting
        self._found: dict[str, LearnedAir] = {}

    def of(self, package: AskedPackage) -> LearnedAir:
        """Return the parameters that a package goes with; those of equal statements are the same."""
        one, s = package.scenario, self._setting
        said = one.model_copy(
            update={"name": "", "name_en": "", "source": "", "note": "", "measures": [], "growth": {},
                    "not_quantifiable": [], "water_sections": [], "water_inflows": [],
                    "water_sources": []}
        )  # fmt: skip
        key = f"{package.folder}\x1f{said.model_dump_json()}"
        if key not in self._found:
            self._found[key] = learn_air(
                s.panel, s.region, s.place, said, s.emissions, n=s.settings.n_paths,
                seed=s.settings.seed, as_of=s.as_of, folder=package.folder,
            )  # fmt: skip
        return self._found[key]


@dataclass(frozen=True)
class Answer:
    """Packages side by side.

    Attributes:
        told: the JSON-ready object (``docs/scenarios.md`` describes it).
        packages: what was asked, in order.
        outcome: the answer on the air; None where nothing on it was asked or drawn.
        water: the answers on sections.
    """

    told: dict[str, Any]
    packages: tuple[AskedPackage, ...] = field(repr=False)
    outcome: ScenarioOutcome | None = field(default=None, repr=False)
    water: tuple[WaterTargetOutcome, ...] = field(default=(), repr=False)

    @property
    def answered(self) -> bool:
        """Whether anything of every package could be worked out."""
        return all(p["answered"] for p in self.told["packages"])

    @cached_property
    def targets(self) -> pd.DataFrame:
        """One row a package and target, of air and water; an empty package is the baseline."""
        rows = [r for r in self.told["rows"] if r["kind"] == "target"]
        return pd.DataFrame(
            [{k: v for k, v in r.items() if k != "regimes"} | {
                f"p_{k}": v for k, v in (r.get("regimes") or {}).items()
            } for r in (*rows, *self.told["water"])]
        )  # fmt: skip

    @cached_property
    def indicators(self) -> pd.DataFrame:
        """One row a package and indicator of the air: mean, quantiles, change against the baseline."""
        return pd.DataFrame(
            [
                {"package": r["package"], "indicator": r["indicator"], "unit": r["unit"], "mean": r["mean"]}
                | {f"q{q}": v for q, v in r["quantiles"].items()}
                | {f"change_{k}": v for k, v in r.get("change", {}).items()}
                for r in self.told["rows"]
                if r["kind"] == "indicator"
            ]
        )  # fmt: skip

    @cached_property
    def tonnes(self) -> pd.DataFrame:
        """What each package takes away in the year by sector and pollutant [t/yr, %]."""
        return pd.DataFrame(self.told["tonnes"])


def answer(
    setting: ScenarioSetting,
    packages: Sequence[AskedPackage],
    *,
    learning: Learning | None = None,
    run_id: str = "",
    progress: Progress | None = None,
) -> Answer:
    """Put packages through the paths of the year.

    Args:
        setting: the region's year.
        packages: what is asked, under names of their own.
        learning: what has been learned on this setting so far.
        run_id: the run that drew the paths, where one did.
        progress: called with the stage, packages done and packages in all.

    Raises:
        InputError: a package is outside what the responses cover; see ``limits``.
        ForecastError: a package cuts emissions to the air, of which no day is drawn.
    """
    learning = learning or Learning(setting)
    findings: list[tuple[str, Finding]] = [("", f) for f in standing_findings()]
    for package in packages:
        findings += [(package.name, f) for f in check_package(package)]
    if progress:
        progress("scenario", 0, len(packages) + 1)
    airy = [p for p in packages if p.of_air]
    outcome = None
    if airy and setting.air is None:
        raise ForecastError(
            f"No day of the air of {setting.region} is drawn: {setting.no_air[1]}.",
            "A cut of emissions to the air can't be tried without.",
        )
    if setting.air is not None and (airy or not any(p.responses for p in packages)):
        outcome = _air(setting, airy, learning, findings)
    if progress:
        progress("scenario", len(packages), len(packages) + 1)
    water, sections, left = _water(setting, packages, findings)
    told = told_setting(setting, run_id)
    wet = {o.package for o in water}
    told["packages"] = [
        {
            "name": p.name, "name_en": p.name_en, "file": p.file, "note": p.scenario.note,
            "answered": p.of_air or p.name in wet,
            "pm25_model": p.pm25_model if p.of_air else "",
            "start": min((m.start for m in p.scenario.measures), default=setting.first_day).isoformat(),
            "measures": [
                {"name": m.name, "start": m.start.isoformat(), "zh": zh, "en": en}
                for m in p.scenario.measures
                for zh, en in [measure_words(m)]
            ],
        }
        for p in packages
    ]  # fmt: skip
    told["rows"] = outcome_rows(outcome) if outcome is not None else []
    told["water"] = water_rows(water)
    told["sections"] = sections
    told["left_out"] = [
        {"id": i, "zh": zh, "en": en}
        for i, zh, en in (*_apart(setting), *(outcome.left_out if outcome else ()), *left)
    ]
    told["findings"] = [
        {"package": name, "rule": f.rule, "kind": f.kind, "zh": f.zh, "en": f.en}
        for name, f in dict.fromkeys(findings)
    ]
    told["not_quantified"] = [
        {"package": p.name, "measure": m, "zh": zh, "en": en}
        for p in packages
        for m, zh, en in p.missing
    ]
    told["tonnes"] = [{"package": p.name, **row} for p in packages for row in p.tonnes()]
    if outcome is not None:
        first = learning.of((airy or packages)[0])
        told |= first.told
    told["defaults"] += package_defaults(packages)
    if progress:
        progress("scenario", len(packages) + 1, len(packages) + 1)
    return Answer(told, tuple(packages), outcome, tuple(water))


def told_setting(setting: ScenarioSetting, run_id: str) -> dict[str, Any]:
    """Return what is told of the year itself, the rest of the object empty."""
    settings = setting.settings
    return {
        "region": setting.region, "place": setting.place, "year": settings.year,
        "as_of": setting.as_of.isoformat(), "first_day": setting.first_day.isoformat(),
        "n_paths": settings.n_paths, "seed": settings.seed, "interval": INTERVAL,
        "run_id": run_id, "standard": settings.standard or "by date", "sample": setting.sample,
        "packages": [], "rows": [], "water": [], "sections": [], "left_out": [], "findings": [],
        "not_quantified": [], "tonnes": [],
        "hindcast": {"done": False, "sentences": [], "rows": []},
        "learning": {"effective_size": None, "sentences": [], "rows": []},
        "regimes": [], "defaults": [], "solutions": [],
    }  # fmt: skip


def _apart(setting: ScenarioSetting) -> list[tuple[str, str, str]]:
    """Targets on days by their AQI, where these can't be judged, with the reason."""
    if setting.air is None or not setting.air.apart[0]:
        return []
    own = [t for t in setting.targets if t.domain == "air" and t.indicator in BY_AQI]
    return [(t.id, *setting.air.apart) for t in own]


def _air(
    setting: ScenarioSetting,
    packages: Sequence[AskedPackage],
    learning: Learning,
    findings: list[tuple[str, Finding]],
) -> ScenarioOutcome:
    learned = {p.name: learning.of(p) for p in packages}
    outcome = compare_packages(
        setting.air_year, {p.name: p.source(learned[p.name]) for p in packages},
        setting.air_targets, interval=INTERVAL,
        groups={name: own.index for name, own in learned.items()}, jobs=setting.jobs,
    )  # fmt: skip
    if len({id(one) for one in learned.values()}) > 1:
        findings.append(
            (
                "",
                Finding(
                    "unlike_parameters", "warning",
                    "各方案文件的响应参数或历史排放不同，方案之间的差别不只来自减排；下列参数和回溯检验属于第一个方案。",
                    "The files differ in [response] or past emissions, so packages differ by more than "
                    "their cuts; parameters and hindcast shown are those of the first.",
                ),
            )
        )  # fmt: skip
    by_id = {t.id: t for t in setting.air_targets}
    for target, verdict in outcome.decided.items():
        findings.insert(
            0, ("", Finding("decided", "note", *decided_sentence(by_id[target], verdict)))
        )
    if any("o3_8h_p90" not in made.indicators for made in outcome.packages):
        findings.append(
            (
                "",
                Finding(
                    "ozone_unknown", "warning",
                    "没有推算臭氧（记录中没有 O3-8h 或天数不足）：减排是否使臭氧升高不得而知，优良天数也无从判断。",
                    "Ozone is not drawn (no O3-8h in the record, or too few days): whether it rises under "
                    "the cuts is not known, and good days can't be judged.",
                ),
            )
        )  # fmt: skip
    unlike = differing_models({p.name: p.pm25_model for p in packages})
    if unlike is not None:
        findings.append(("", unlike))
    for package, made in zip(packages, outcome.packages, strict=True):
        own = learned[package.name]
        by_rule = any(n == package.name and f.rule == "winter_nitrate" for n, f in findings)
        said = [
            *own.findings,
            *response_findings(setting, package, own, by_rule=by_rule, made=made),
        ]
        capped = confidence(setting, package, own)
        findings[:] = with_response(
            findings, package.name, said if capped is None else [*said, capped]
        )
    return outcome


def _water(
    setting: ScenarioSetting,
    packages: Sequence[AskedPackage],
    findings: list[tuple[str, Finding]],
) -> tuple[list[WaterTargetOutcome], list[dict[str, Any]], list[tuple[str, str, str]]]:
    """Answers on targets of water, on the sections changed, and the targets that are left out."""
    wet = [p for p in packages if p.water_measures and p.responses]
    targets = [t for t in setting.targets if t.domain == "water" and t.computable]
    if not wet:
        return [], [], []
    year = setting.water_year
    factors = {p.name: made for p in wet if (made := p.water())}
    for package in wet:
        findings += [(package.name, f) for f in _water_findings(package, list(year.classes))]
    if not factors:
        return [], [], []
    outcomes, left = compare_water(
        year, factors, targets, setting.section_sets or (SectionSet("all"),)
    )
    return outcomes, section_rows(year, factors), left


def _water_findings(package: AskedPackage, names: Sequence[str]) -> list[Finding]:
    """What the water response has to say: balances that do not close, items refused, remarks."""
    answers = package.responses
    out = [unchecked_finding()] if any(r.shares for r in answers.values()) else []
    made = package.water()
    for section, response in answers.items():
        if not any(same_section(section, n) for n in names):
            out.append(
                Finding(
                    "unknown_section", "warning",
                    f"断面{section}没有推算的水质类别，情景对它没有作用。",
                    f"The section {section} has no projected class; the scenario changes nothing "
                    "there.",
                )
            )  # fmt: skip
        out += [Finding("balance", "note", b.zh, b.en) for b in response.balances if b.closed]
        said = [("balance", b.zh, b.en) for b in response.balances if b.closed is not True]
        said += [("not_answered", *why) for why in response.refused.values()]
        said += made[section].remarks if section in made else response.remarks
        # A refusal or a remark may repeat the sentence of its balance.
        once = {zh: (rule, zh, en) for rule, zh, en in reversed(said)}
        out += [Finding(rule, "warning", zh, en) for rule, zh, en in reversed(once.values())]
    return out
