"""What a projection is asked: the date, the year, the rules, the number of paths, the seed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

__all__ = ["Settings"]


@dataclass(frozen=True)
class Settings:
    """The question put to a projection.

    Attributes:
        as_of: last day whose readings may be used (all of that day included).
        year: the calendar year that is judged.
        standard: token of a standard version, or None for the versions in force by date.
        n_paths: number of sample paths.
        seed: root of all random streams.
        denominator: of the good-day ratio, ``valid`` days or ``calendar`` days.
        likely: probability from which a target counts as LIKELY.
        unlikely: probability below which it counts as UNLIKELY.
        model: name of the model that draws the air.
        outlook: look at later years as well.
        month_rule, month_share: how "stably" is read where a plan does not say
            (:data:`forecast.targets.evidence.MONTH_RULES`), and its share of months [%].
    """

    as_of: date
    year: int
    standard: str | None = None
    n_paths: int = 2000
    seed: int = 20150101
    denominator: str = "valid"
    likely: float = 0.8
    unlikely: float = 0.2
    model: str = "seasonal"
    outlook: bool = True
    month_rule: str = "all_months"
    month_share: float = 80.0

    @property
    def first_day(self) -> date:
        """1 January of the year."""
        return date(self.year, 1, 1)

    @property
    def last_day(self) -> date:
        """31 December of the year."""
        return date(self.year, 12, 31)

    @property
    def year_over(self) -> bool:
        """Whether the as-of date has reached the end of the year."""
        return self.as_of >= self.last_day
