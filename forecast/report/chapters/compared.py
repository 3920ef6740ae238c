"""What the chapter of comparisons is given from the facts of a review."""

from __future__ import annotations

from dataclasses import replace

from forecast.projection.panel import water_results
from forecast.projection.settings import Settings
from forecast.projection.water_record import SectionRecord
from forecast.region_names import of_region
from forecast.report.chapters.comparison_chapter import CITIES, COUNTIES, comparison_chapter
from forecast.report.chapters.facts import ReviewFacts
from forecast.report.comparison_water import records_of
from forecast.report.document import Chapter

__all__ = ["compared_chapter"]


def compared_chapter(facts: ReviewFacts) -> Chapter | None:
    """Write the chapter; None where there is nothing of air or water to compare."""
    city, year = facts.city, facts.year
    has_air = city is not None and year in city.years
    sections = _sections(facts)
    if not has_air and not sections:
        return None
    last = city.last_day(year) if city is not None and has_air else facts.last
    ends = [c.last_day(year) for c in facts.cities if year in c.years]
    return comparison_chapter(
        city, facts.cities, year=year, last=last, stations=facts.stations, groups=facts.groups,
        targets={c.region: facts.asked.targets(c.region, year) for c in facts.cities},
        kind=COUNTIES if _counties([c.place for c in facts.cities]) else CITIES,
        sections=sections, rank_last=max(ends, default=None),
    )  # fmt: skip


def _counties(names: list[str]) -> bool:
    """Whether the places ranked are counties and districts of one city, by their names."""
    ends = [name[-1:] for name in names]
    return set(ends) <= set("县区旗市") and sum(e in "县区旗" for e in ends) > len(ends) // 2


def _sections(facts: ReviewFacts) -> list[SectionRecord]:
    panel = facts.asked.panel
    own = panel.water[of_region(panel.water["region"], facts.region)]
    if own.empty or not (own["time"].dt.year == facts.year).any():
        return []
    found = water_results(replace(panel, water=own), Settings(facts.last, facts.year))
    return [record for water in found for record in records_of(water)]
