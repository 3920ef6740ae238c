"""What the chapters of a review are written from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, Literal

import pandas as pd

from forecast.report.document import Cell, FigureBlock
from forecast.report.review_days import CityDays
from forecast.report.review_figures import ReviewRequest
from forecast.report.scoreboard import Row
from forecast.report.words import Pair
from forecast.targets.model import Plan

__all__ = ["Drawn", "ReviewFacts", "ReviewKind", "day_words", "printed_cell"]

ReviewKind = Literal["annual", "midterm", "final"]

#: Draws a chart of the review by name: its figures, or why there is none, in words.
Drawn = Callable[[str], list[FigureBlock] | Pair]


@dataclass(frozen=True)
class ReviewFacts:
    """The facts of one region and year.

    Attributes:
        kind: the review of a year, of the middle or of the end of a plan.
        asked: the readings, the year and the rules that charts and tables are made under.
        region: as the data carry it; ``name``: as a report writes it, such as 衡水市.
        year, last: the year reviewed and the last day with a reading in it.
        result: the object of the run that the report rests on.
        entries: its projections of this region.
        rows: one printed row for each of their targets, what is at risk first.
        assess: gives the indicators of every year, as ``forecast assess`` does.
        city: the daily record; None where the region has no daily values of air.
        cities, stations: all cities of the workspace, single stations of this one.
        groups: named groups of regions, for ranks of zones.
        plan: the plan of a mid-term or final review, else the region's first; None without any.
        draw: draws a chart by name.
        figures: charts of the run of this region by the stem of their file.
        notices, warnings: lines that must not be missed, and remarks on the data.
        pictures: whether a format takes charts as pictures; drawing them takes as long as the rest.
        likely, unlikely: probabilities from which a target is likely, below which unlikely.
    """

    kind: ReviewKind
    asked: ReviewRequest
    region: str
    name: str
    year: int
    last: date
    result: dict[str, Any]
    entries: tuple[dict[str, Any], ...]
    rows: tuple[Row, ...]
    assess: Callable[[], pd.DataFrame] = field(repr=False)
    city: CityDays | None
    cities: Sequence[CityDays]
    stations: Sequence[CityDays]
    groups: dict[str, tuple[str, ...]]
    plan: Plan | None
    draw: Drawn = field(repr=False)
    figures: tuple[FigureBlock, ...] = ()
    notices: tuple[Pair, ...] = ()
    warnings: tuple[Pair, ...] = ()
    likely: float = 0.8
    unlikely: float = 0.2
    pictures: bool = True

    @cached_property
    def assessed(self) -> pd.DataFrame:
        """Indicators of every year; worked out where a chapter asks."""
        return self.assess()

    @property
    def run(self) -> dict[str, Any]:
        """What the run says of itself."""
        found: dict[str, Any] = self.result["run"]
        return found

    @property
    def over(self) -> bool:
        """Whether the run saw the whole year."""
        return str(self.run["as_of"]) >= f"{self.year}-12-31"

    @property
    def air(self) -> list[dict[str, Any]]:
        """Projections of the city's air over the calendar year."""
        return [
            e for e in self.entries
            if e["domain"] == "air" and e["place_kind"] == "city" and e["period"] == str(self.year)
        ]  # fmt: skip

    @property
    def water(self) -> list[dict[str, Any]]:
        """Projections of sections, sets of sections and sources over the calendar year."""
        return [
            e for e in self.entries
            if e["domain"] == "water" and e["place_kind"] not in ("entered", "unmeasured")
            and e["period"] == str(self.year)
        ]  # fmt: skip

    @property
    def judged(self) -> list[Row]:
        """Rows of targets that readings or an entered figure answer."""
        return [r for r in self.rows if r.verdict and not r.unanswered]

    @property
    def unanswered(self) -> list[Row]:
        """Rows of targets that nothing answers yet."""
        return [r for r in self.rows if r.verdict and r.unanswered]

    @property
    def whole(self) -> bool:
        """Whether the year is over and the record goes to its end."""
        return self.over and self.last >= date(self.year, 12, 31)

    @property
    def period(self) -> Pair:
        """The part of the year that is reviewed, in words."""
        last = self.last
        if self.whole:
            return Pair(f"{self.year}年", f"{self.year}")
        if self.over:
            return Pair(
                f"{self.year}年（监测数据至{last.month}月{last.day}日）",
                f"{self.year} (readings to {last.day} {last:%B})",
            )
        if (last.month, last.day) == (1, 1):
            return Pair(f"{self.year}年1月1日", f"1 January {self.year}")
        return Pair(
            f"{self.year}年1月1日至{last.month}月{last.day}日",
            f"1 January to {last.day} {last:%B} {self.year}",
        )

    def entry(self, indicator: str) -> dict[str, Any] | None:
        """The city's projection of an indicator of air, or that of a region's sections."""
        own = [e for e in (*self.air, *self.water) if e["indicator"] == indicator]
        whole = [e for e in own if e["place_kind"] in ("city", "section_set")]
        return next(iter(whole or own), None)


def day_words(day: date) -> Pair:
    """A date as a report writes it.

    >>> day_words(date(2025, 6, 30)).zh
    '2025年6月30日'
    """
    return Pair(f"{day.year}年{day.month}月{day.day}日", f"{day.day} {day:%B} {day.year}")


def printed_cell(text: Pair | str, value: Any = None, **look: Any) -> Cell:
    """A cell of what is printed elsewhere; an empty text is a dash."""
    pair = Pair(text, text) if isinstance(text, str) else text
    pair = Pair(pair.zh or "—", pair.en or "—")
    number = value if isinstance(value, int | float) and not isinstance(value, bool) else None
    return Cell(pair, number, **look)
