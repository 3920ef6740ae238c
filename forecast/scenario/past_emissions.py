"""How emissions changed in years that have a record: what a hindcast starts from.

Three kinds of history, in this order: changes stated in the scenario file (``[[past_changes]]``), the totals
of inventories of two or more years, and the change of the nation
(``tables/national_changes.csv``) with the error of one place against it. Between the years that are
known emissions change at an even rate; outside of them nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np

from forecast.errors import InputError
from forecast.region_names import normalise_region
from forecast.scenario.inventory import Inventory
from forecast.scenario.pollutants import POLLUTANTS
from forecast.scenario.priors import read_table
from forecast.scenario.scenario_model import Scenario

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "PLACE_YEARS",
    "Change",
    "EmissionHistory",
    "inventory_history",
    "national_history",
    "stated_history",
    "weakest_grade",
]

Kind = Literal["stated", "file inventory", "inventory", "nation"]

#: Standard error of a change that a plan or report states [fraction of the first year]; judgement.
STATED_SD = 0.05
#: Correlation of the errors of one inventory in two years: the same factors, the same activity left
#: out; judgement. What is left of the yearly error is sqrt(2·(1 - 0.9)) = 0.45 of it.
YEARS_ALIKE = 0.9
#: Added error where an end lies between two years that are known; judgement.
BETWEEN_SD = 0.05
#: Years over which the error of a place against the nation was set (2014 to 2017); it grows with the
#: square root of the years, as two that drift apart.
PLACE_YEARS = 3.0
#: An emission never falls below this part of that of the first year, for its logarithm.
_LEAST = 0.02
_NATION = "nation: Zheng 2018 (doi:10.5194/acp-18-14095-2018) for 2013 to 2017, else from memory"
#: From the weakest to the best.
_GRADES = ("judgement", "from memory", "secondary", "user", "verified")


@dataclass(frozen=True)
class Change:
    """The change of one pollutant's emission.

    Attributes:
        value: relative change (-0.59: 59 % less).
        sd: its standard error [fraction of the first year].
        grade: how well it is founded.
    """

    value: float
    sd: float
    grade: str


@dataclass(frozen=True)
class EmissionHistory:
    """Levels of emissions in the years that are known.

    Attributes:
        kind: ``stated``, ``file inventory``, ``inventory`` or ``nation``.
        levels: pollutant → year → emission, on any scale.
        sd: pollutant → year → standard error of a change that begins or ends there [fraction of the
            first year's emission]; the larger of both ends counts.
        grades: pollutant → year → grade.
        source: where it is from.
        place_sd: pollutant → error of a place against it over three years; 0: the place itself.
        notes: what could not be used, (zh, en).
    """

    kind: Kind
    levels: Mapping[str, Mapping[int, float]]
    sd: Mapping[str, Mapping[int, float]]
    grades: Mapping[str, Mapping[int, str]]
    source: str = ""
    place_sd: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[tuple[str, str], ...] = ()

    @property
    def years(self) -> tuple[int, int] | None:
        """First and last year that all its pollutants cover; None where there are none."""
        ends = [(min(y), max(y)) for y in self.levels.values()]
        if not ends:
            return None
        first, last = max(e[0] for e in ends), min(e[1] for e in ends)
        return (first, last) if first < last else None

    def within(self, pollutants: Sequence[str]) -> EmissionHistory:
        """Return the history of these pollutants alone."""
        return replace(self, levels={p: y for p, y in self.levels.items() if p in pollutants})

    def change(self, pollutant: str, first: int, last: int) -> Change | None:
        """Change of one pollutant between two years; None where they are not covered.

        >>> made = EmissionHistory("stated", {"SO2": {2015: 1.0, 2019: 0.5}},
        ...                        {"SO2": {2015: 0.05, 2019: 0.05}},
        ...                        {"SO2": {2015: "user", 2019: "user"}})
        >>> round(made.change("SO2", 2015, 2017).value, 4)
        -0.2929
        """
        known = self.levels.get(pollutant, {})
        if not known or first < min(known) or last > max(known) or first >= last:
            return None
        years = sorted(known)
        logs = np.log([max(known[y], _LEAST * known[years[0]]) for y in years])
        ends = np.interp([first, last], years, logs)
        between = sum(y not in known for y in (first, last))
        place = self.place_sd.get(pollutant, 0.0) * np.sqrt((last - first) / PLACE_YEARS)
        sds = self.sd[pollutant]
        plain = max(sds.get(y, max(sds.values())) for y in (first, last))
        error = np.sqrt(plain**2 + between * BETWEEN_SD**2 + place**2)
        own = self.grades[pollutant]
        weakest = weakest_grade([own.get(y, "judgement") for y in (first, last)])
        value = min(float(np.exp(ends[1] - ends[0])) - 1.0, 1.0)
        return Change(value, float(error), weakest)


def weakest_grade(grades: Sequence[str]) -> str:
    """The grade of what rests on all of these.

    >>> weakest_grade(["verified", "from memory", "user"])
    'from memory'
    """
    return min(grades, key=_GRADES.index)


def stated_history(scenario: Scenario) -> EmissionHistory | None:
    """What ``[[past_changes]]`` of a scenario file say of the air; None where they say nothing.

    Changes of one pollutant are chained by their years; one that hangs on no other, or has no first
    year, is left out with a note.
    """
    own = [c for c in scenario.past_changes if c.pollutant in POLLUTANTS]
    levels: dict[str, dict[int, float]] = {}
    grades: dict[str, dict[int, str]] = {}
    notes: list[tuple[str, str]] = []
    for one in sorted(own, key=lambda c: (c.from_year or 0, c.to_year)):
        known = levels.setdefault(one.pollutant, {})
        first = one.from_year
        if first is None or (known and first not in known):
            notes.append(
                (
                    f"past_changes 中 {one.pollutant}（至 {one.to_year} 年）缺起始年或与其余年份不衔接，未用。",
                    f"The past change of {one.pollutant} to {one.to_year} has no first year that "
                    "others know, and is not used.",
                )
            )
            continue
        known.setdefault(first, 1.0)
        known[one.to_year] = known[first] * (1.0 + one.change_percent / 100.0)
        for year in (first, one.to_year):
            grades.setdefault(one.pollutant, {})[year] = one.grade
    levels = {p: y for p, y in levels.items() if len(y) > 1}
    if not levels and not notes:
        return None
    return EmissionHistory(
        "stated", levels, {p: dict.fromkeys(y, STATED_SD) for p, y in levels.items()}, grades,
        scenario.source or "past_changes", notes=tuple(notes),
    )  # fmt: skip


def inventory_history(
    scenario: Scenario, region: str, emissions: pd.DataFrame | None
) -> EmissionHistory | None:
    """Totals of inventories of two or more years of one source; None where there are none.

    Those written into the scenario file come before those of the workspace. Years of different
    sources are not compared: a change of method is no change of emissions.
    """
    own = scenario.own_emissions()
    if len(own) > 1:
        made, notes = _made(sorted(own), lambda year: Inventory.of(region, year, own[year]))
        found = _history("file inventory", made, scenario.source, notes)
        if found is not None and found.levels:
            return found
    if emissions is None or emissions.empty:
        return None
    wanted = normalise_region(region)
    rows = emissions[emissions["region"].map(lambda r: normalise_region(str(r)) == wanted)]
    if "source" not in rows:
        rows = rows.assign(source="")
    best: EmissionHistory | None = None
    longest = -1
    for source, part in rows.groupby("source", sort=True):
        if scenario.inventory.source not in ("", source):
            continue
        years = sorted({int(y) for y in part["year"]})
        made, notes = _made(years, partial(_of_year, part, region))
        found = _history("inventory", made, str(source), notes)
        if found is not None:
            span = found.years
            length = 0 if span is None else span[1] - span[0]
            if length > longest:
                best, longest = found, length
    return best


def _of_year(table: pd.DataFrame, region: str, year: int) -> Inventory | None:
    return Inventory.from_table(table, region, year=year)


def _made(
    years: Sequence[int], make: Callable[[int], Inventory | None]
) -> tuple[list[Inventory], list[tuple[str, str]]]:
    """Inventories that can be used, and why the others can't."""
    made: list[Inventory] = []
    notes: list[tuple[str, str]] = []
    for year in years:
        try:
            one = make(year)
        except InputError as error:
            notes.append((f"{year} 年清单未用：{error.message}", f"Not used: {error.message}"))
            continue
        if one is not None:
            made.append(one)
    return made, notes


def _history(
    kind: Kind,
    inventories: Sequence[Inventory],
    source: str,
    notes: Sequence[tuple[str, str]],
) -> EmissionHistory | None:
    levels: dict[str, dict[int, float]] = {}
    sd: dict[str, dict[int, float]] = {}
    for one in inventories:
        for pollutant in POLLUTANTS:
            if one.has(pollutant):
                levels.setdefault(pollutant, {})[one.year] = one.total(pollutant)
                low, high = one.ranges[pollutant]
                yearly = (high - low) / 100.0 / 3.92
                error = max(STATED_SD, yearly * float(np.sqrt(2.0 * (1.0 - YEARS_ALIKE))))
                sd.setdefault(pollutant, {})[one.year] = error
    levels = {p: y for p, y in levels.items() if len(y) > 1}
    if not levels and not notes:
        return None
    grades = {p: dict.fromkeys(y, "user") for p, y in levels.items()}
    return EmissionHistory(kind, levels, sd, grades, source, notes=tuple(notes))


def national_history(*, place: bool) -> EmissionHistory:
    """The nation's change by year.

    Args:
        place: whether it stands for one place, whose error against the nation is added.

    >>> nation = national_history(place=False)
    >>> nation.years, round(nation.change("SO2", 2013, 2017).value, 2)
    ((2013, 2019), -0.59)
    >>> nation.change("SO2", 2017, 2021) is None
    True
    """
    levels: dict[str, dict[int, float]] = {}
    grades: dict[str, dict[int, str]] = {}
    sd: dict[str, dict[int, float]] = {}
    apart: dict[str, float] = {}
    for row in read_table("national_changes"):
        name, year = row["pollutant"], int(row["year"])
        levels.setdefault(name, {})[year] = float(row["index"])
        grades.setdefault(name, {})[year] = row["grade"]
        sd.setdefault(name, {})[year] = float(row["sd"])
        apart[name] = float(row["place_sd"])
    return EmissionHistory("nation", levels, sd, grades, _NATION, apart if place else {})
