"""Packages of measures set upon one region's year: their cuts at any scale, and what limits them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.errors import InputError, UsageError
from forecast.projection.days import calendar_days
from forecast.projection.scenario_package import PackageFactors
from forecast.projection.streams import stream
from forecast.projection.summary import number
from forecast.region_names import normalise_region
from forecast.runs.scenario_learning import LearnedAir
from forecast.runs.scenario_setting import ScenarioSetting
from forecast.scenario.air_response import Pm25Model
from forecast.scenario.cut_drawing import cuts_of, tonnes_by_sector
from forecast.scenario.cuts import PollutantCuts
from forecast.scenario.date_limits import date_findings
from forecast.scenario.inventory import Inventory
from forecast.scenario.inventory_choice import inventories_of, inventory_for
from forecast.scenario.limits import (
    Finding,
    cut_findings,
    inventory_findings,
    largest_valid_scale,
    refused,
)
from forecast.scenario.measures import NotQuantified, Quantified, quantify
from forecast.scenario.packages import PACKAGES, load_package
from forecast.scenario.pollutants import WATER_POLLUTANTS
from forecast.scenario.scenario_file import load_scenario
from forecast.scenario.scenario_model import Compliance, Scenario
from forecast.scenario.water_cuts import WaterCuts
from forecast.scenario.water_draws import WaterDraws
from forecast.scenario.water_limits import (
    LoadMultiplier,
    largest_water_scale,
    load_findings,
    load_multipliers,
    most_cut,
)
from forecast.scenario.water_measures import water_cuts_of
from forecast.scenario.water_response import SectionResponse, WaterFactors, section_response
from forecast.workspace import Workspace

__all__ = [
    "SCENARIOS",
    "AskedPackage",
    "NamedScenario",
    "asked_packages",
    "check_package",
    "named_scenario",
]

#: Folder of a workspace whose scenario files every run of their region takes up.
SCENARIOS = "scenarios"


@dataclass(frozen=True)
class NamedScenario:
    """A scenario and where it came from: a path, the name of a shipped file, or nothing.

    ``folder`` is where files that it names are looked for.
    """

    scenario: Scenario
    file: str = ""
    folder: Path | None = None


def named_scenario(workspace: Workspace, name: str) -> NamedScenario:
    """Find a scenario: a file, a file of the folder ``scenarios``, or one that comes with the package.

    Raises:
        InputError: there is none, or it is wrong.
    """
    path = Path(name)
    if not path.is_file():
        stem = name if name.endswith(".toml") else f"{name}.toml"
        own = workspace.root / SCENARIOS / stem
        if own.is_file():
            path = own
        elif name in PACKAGES:
            return NamedScenario(load_package(name), name)
        else:
            raise InputError(
                f"There is no scenario file {name}, nor {SCENARIOS}/{stem} in the workspace.",
                "forecast scenario new writes one; with the package come "
                f"{', '.join(PACKAGES)}.",
            )  # fmt: skip
    return NamedScenario(
        load_scenario(path, workspace.config.paths.outside), str(path), path.parent
    )


@dataclass(frozen=True)
class AskedPackage:
    """One package on one setting.

    Attributes:
        name, name_en: what it is called; the name is unique among those asked together.
        file: where it came from.
        scenario: its measures, of the setting's region.
        setting: the year it is tried on.
        inventory: what its tonnes are parts of; None: there is none.
        quantified: its measures upon the inventory.
        foreign: the region named in the file where that is another one.
        folder: where files that it names are looked for.
    """

    name: str
    name_en: str
    file: str
    scenario: Scenario
    setting: ScenarioSetting
    inventory: Inventory | None
    quantified: Quantified
    foreign: str = ""
    folder: Path | None = None

    def cuts(self, scale: float = 1.0) -> list[PollutantCuts]:
        """Cuts of emissions to the air at a scale, the same draws for every scale."""
        s = self.setting
        rng = stream(s.settings.seed, "scenario cuts", normalise_region(s.region))
        return cuts_of(
            self.quantified, self.inventory, s.days, s.settings.n_paths, rng, scale=scale,
            since=s.as_of,
        )  # fmt: skip

    @cached_property
    def whole(self) -> list[PollutantCuts]:
        """The cuts as written."""
        return self.cuts()

    @property
    def pm25_model(self) -> Pm25Model:
        """How PM2.5 answers: by sectors where no pollutant of its own is known."""
        asked = self.scenario.response.pm25_model
        if asked != "auto":
            return asked
        cuts = self.whole
        return "sectors" if cuts and all(c.sectors_only for c in cuts) else "components"

    def source(self, learned: LearnedAir) -> PackageFactors:
        """Factors on the air at any scale."""

        def at(scale: float) -> Sequence[PollutantCuts]:
            return self.whole if scale == 1.0 else self.cuts(scale)

        return PackageFactors(at, learned.draws, self.setting.days, self.pm25_model)

    @property
    def of_air(self) -> bool:
        """Whether anything is cut in the air on the days ahead."""
        return any(c.first_day is not None for c in self.whole)

    @cached_property
    def water_measures(self) -> bool:
        """Whether a measure names a pollutant of water."""
        return any(p in WATER_POLLUTANTS for m in self.scenario.measures for p in m.pollutants)

    @cached_property
    def responses(self) -> dict[str, SectionResponse]:
        """Section described in the file → its shares and lags in the months of the year."""
        s = self.setting
        rng = stream(s.settings.seed, "scenario water", normalise_region(s.region))
        draws = WaterDraws.draw(s.settings.n_paths, rng)
        months = np.unique(s.days.astype("datetime64[M]"))
        return {
            one.name: section_response(
                one, draws, months, observed=s.typical_months(one.name) or None
            )
            for one in self.scenario.water(file=self.file)
        }

    def water_cuts(self, scale: float = 1.0) -> tuple[WaterCuts, tuple[NotQuantified, ...]]:
        """Cuts of loads by month from the first measure on, and what could not be quantified.

        As for the air, the scale acts on what comes after the last sample alone.
        """
        return self._water_cuts(self.scenario, self.setting.settings.n_paths, scale)

    def _water_cuts(
        self, scenario: Scenario, n: int, scale: float
    ) -> tuple[WaterCuts, tuple[NotQuantified, ...]]:
        s = self.setting
        first = min((m.start for m in scenario.measures), default=s.settings.first_day)
        days = calendar_days(min(first, s.settings.first_day), s.settings.last_day)
        rng = stream(s.settings.seed, "scenario loads", normalise_region(s.region))
        return water_cuts_of(
            scenario, self.scenario.water(file=self.file), days, n, rng, scale=scale,
            since=s.water_known,
        )  # fmt: skip

    @cached_property
    def _water_held(self) -> dict[str, dict[str, NDArray[np.float64]]]:
        """Section → what the record holds of the cuts, the same at every scale."""
        cuts, known = self.water_cuts()[0], self._known_month
        return {name: r.held(cuts, known) for name, r in self.responses.items()}

    @property
    def _known_month(self) -> np.datetime64:
        return np.datetime64(self.setting.water_known, "M")

    def water(self, scale: float = 1.0) -> dict[str, WaterFactors]:
        """Section → factors at a scale; empty where no section is described or nothing is cut.

        Scale 0 is the baseline. What was begun before ``as_of`` and has yet to arrive arrives alike
        at every scale above 0.
        """
        if not self.water_measures or not self.responses or scale == 0.0:
            return {}
        return self._whole_water if scale == 1.0 else self._water_at(scale)

    @cached_property
    def _whole_water(self) -> dict[str, WaterFactors]:
        return self._water_at(1.0)

    def _water_at(self, scale: float) -> dict[str, WaterFactors]:
        cuts = self.water_cuts(scale)[0]
        if not cuts.cuts:
            return {}
        return {
            name: r.factors(cuts, reference=self._known_month, held=self._water_held[name])
            for name, r in self.responses.items()
        }

    def load_multipliers(self, scale: float = 1.0) -> list[LoadMultiplier]:
        """What is left in the year of the loads above the sections; empty where none is cut."""
        if not self.water_measures or not self.responses:
            return []
        sections = [r.section for r in self.responses.values()]
        months = next(iter(self.responses.values())).months
        cuts = self.water_cuts(scale)[0]
        return load_multipliers(cuts, sections, months, reference=self._known_month)

    @property
    def missing(self) -> list[tuple[str, str, str]]:
        """What could not be quantified and why: (name, zh, en)."""
        found = [(m.measure, m.zh, m.en) for m in self.quantified.missing]
        if self.water_measures:
            found += [(m.measure, m.zh, m.en) for m in self.water_cuts()[1]]
            if not self.responses:
                told = {name for name, _, _ in found}
                found += [
                    (
                        m.name,
                        f"“{m.name}”：文件中没有描述断面及其上游来源（[[water_sections]]），水的措施无从计算。",
                        f"{m.name}: no section and what stands above it is described "
                        "([[water_sections]]), so a measure on water can't be worked out.",
                    )
                    for m in self.scenario.measures
                    if any(p in WATER_POLLUTANTS for p in m.pollutants) and m.name not in told
                ]
        found += [
            (
                lever.lever,
                f"“{lever.lever}”：{lever.reason}",
                f"{lever.lever_en or lever.lever}: {lever.reason_en or lever.reason}",
            )
            for lever in self.scenario.not_quantifiable
        ]
        return found

    def tonnes(self, scale: float = 1.0) -> list[dict[str, Any]]:
        """What is taken away in the year, one JSON-ready row a scope, sector and pollutant."""
        table = tonnes_by_sector(
            self.quantified, self.inventory, self.setting.settings.year, scale,
            since=self.setting.as_of,
        )  # fmt: skip
        return [
            {str(k): number(v) if isinstance(v, float) else v for k, v in row.items()}
            for row in table.to_dict("records")
        ]

    def findings(self) -> list[Finding]:
        """What limits the package, before anything is worked out."""
        s = self.setting
        found: list[Finding] = []
        if self.foreign:
            found.append(
                Finding(
                    "foreign", "warning",
                    f"情景文件写的是{self.foreign}，这里用于{s.region}。",
                    f"The scenario file is of {self.foreign}; it is applied to {s.region} here.",
                )
            )  # fmt: skip
        found += date_findings(self.scenario, s.first_day, s.settings.last_day, since=s.as_of)
        found += inventory_findings(self.inventory, s.settings.year)
        found += cut_findings(self.whole)
        found += load_findings(self.load_multipliers())
        return found

    def largest(self) -> float:
        """Largest scale inside the trusted domain at which no measure cuts more than there is.

        ``inf`` where nothing is cut.
        """
        scales = [largest_valid_scale(self.whole)]
        for lever in self.quantified.levers:
            measure = lever.measure
            if measure.cut and measure.amount.value > 0.0:
                day = np.array(
                    [max(measure.full or measure.start, self.setting.first_day)], "M8[D]"
                )
                full = self.quantified.full_fraction(
                    lever, self.quantified.inventory.central(), day
                )
                top = float(full.max()) * measure.compliance.high
                if top > 0.0:
                    scales.append(1.0 / top)
        rows = self.load_multipliers()
        if rows:
            scales.append(largest_water_scale(rows))
            # No measure takes more than there is where all of it is put into effect.
            top = most_cut(
                self._water_cuts(_in_full(self.scenario), 1, 1.0)[0],
                next(iter(self.responses.values())).months, reference=self._known_month,
            )  # fmt: skip
            if top > 0.0:
                scales.append(1.0 / top)
        return min(scales)


def _in_full(scenario: Scenario) -> Scenario:
    """The scenario with every measure put into effect as far as its file allows."""
    tops = [Compliance(mean=c.high, low=c.high, high=c.high)
            for c in (m.compliance for m in scenario.measures)]  # fmt: skip
    measures = [
        m.model_copy(update={"compliance": top})
        for m, top in zip(scenario.measures, tops, strict=True)
    ]
    return scenario.model_copy(update={"measures": measures})


def asked_packages(
    setting: ScenarioSetting, scenarios: Sequence[NamedScenario]
) -> list[AskedPackage]:
    """Set scenarios upon a region's year, each under a name of its own.

    Raises:
        InputError: a sector that the inventory lacks, tonnes beyond what is emitted, and the like.
    """
    out: list[AskedPackage] = []
    names: set[str] = set()
    seen: set[str] = set()
    for one in scenarios:
        scenario = one.scenario
        foreign = ""
        if normalise_region(scenario.region) != normalise_region(setting.region):
            foreign = scenario.region
            scenario = scenario.model_copy(update={"region": setting.region})
        inventory = inventory_for(scenario, setting.emissions)
        name = scenario.name
        if name in names and one.file and one.file not in seen:
            name = f"{name}（{Path(one.file).stem}）"
        if name in names:
            raise UsageError(
                f"Two scenarios are named {name!r}.",
                "Name each file once, and give each a name of its own (name = …).",
            )
        names.add(name)
        seen.add(one.file)
        try:
            found = quantify(
                scenario, inventory, others=inventories_of(scenario, setting.emissions)
            )
        except InputError as error:
            raise InputError(f"{one.file or name}: {error.message}", error.cure) from error
        out.append(
            AskedPackage(
                name, scenario.name_en, one.file, scenario, setting, inventory, found, foreign,
                one.folder,
            )
        )  # fmt: skip
    return out


def check_package(package: AskedPackage) -> list[Finding]:
    """Return the findings on a package.

    Raises:
        InputError: one of them is a refusal.
    """
    found = package.findings()
    stop = refused(found)
    if stop is not None:
        where = f"{package.file}: " if package.file else ""
        said, _, cure = stop.en.rstrip(".").rpartition(". ")
        raise InputError(f"{where}{said}.", f"{cure}.")
    return found
