"""What a target is: plans, targets, dated section sets and annual figures, as frozen models.

A plan is read from TOML by :mod:`forecast.targets.loader`. Unknown keys are errors, so a misspelt
key never silently does nothing. A number that a plan does not give stays a token (``ASSIGNED`` …)
and is never turned into a number.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from forecast.standards.indicators import INDICATORS, indicator

__all__ = [
    "ASSIGNED",
    "COMPARATORS",
    "CURBING_TOKENS",
    "FALLING_TOKENS",
    "GRADE_INDICATOR",
    "KINDS",
    "TOKENS",
    "TREND_TOKENS",
    "History",
    "Plan",
    "SectionSet",
    "Target",
    "is_computable",
    "known_indicators",
    "period_years",
]

Kind = Literal[
    "threshold",  # an indicator against a number
    "trend",  # a direction without a number
    "keep",  # a level that every year of the period must hold
    "eliminate",  # a count of zero at the deadline
    "grade",  # all six air items within class II
    "ledger",  # tonnes summed from entered lines
    "milestone",  # works, surveys, rules: done or not by a date
    "yearly",  # a yearly statistic that no station measures
    "rank",  # a place among peers
    "change",  # a percentage against a base year
    "range",  # one bound of a range, every year
    "qualitative",  # words without a number or a date of completion
]
Comparator = Literal["<=", ">=", "==", ""]
KINDS: tuple[str, ...] = (
    "threshold", "trend", "keep", "eliminate", "grade", "ledger", "milestone", "yearly", "rank",
    "change", "range", "qualitative",
)  # fmt: skip
COMPARATORS: tuple[str, ...] = ("<=", ">=", "==")

#: Tokens for a number that somebody else sets.
ASSIGNED: tuple[str, ...] = ("ASSIGNED", "ASSIGNED_BY_CITY", "ASSIGNED_BY_PROVINCE_CITY")
#: Trend tokens: the strict one (every year below the one before) and the softer ones.
FALLING_TOKENS: tuple[str, ...] = ("DOWN", "DOWN_EACH_YEAR")
#: Trend tokens that only forbid growth.
CURBING_TOKENS: tuple[str, ...] = ("NO_GROWTH", "CURB_GROWTH", "CONTROL_GROWTH")
TREND_TOKENS: tuple[str, ...] = (*FALLING_TOKENS, *CURBING_TOKENS, "UP_EACH_YEAR", "IMPROVE")
TOKENS: tuple[str, ...] = (
    *ASSIGNED, *FALLING_TOKENS, *CURBING_TOKENS, "UP_EACH_YEAR",
    "NOT_DECREASE", "NO_TASK", "KEEP", "KEEP_GOOD", "IMPROVE", "ELIMINATE", "BASICALLY_ELIMINATE",
    "PREVENT_RECURRENCE", "ACHIEVE", "BASICALLY_ACHIEVE", "DONE", "BASICALLY_PEAK",
    "FULL_COVERAGE", "FULL_COMPLIANCE", "PROVINCE_LEAD", "EXCELLENT", "GRADE_II", "STABLE",
    "LAST", "ATTAINED", "NOT_STABLY_ATTAINED", "EXCEEDS", "METHOD_BREAK", "LIGHT_EUTROPHIC",
    "STAGE_6A", "STAGE_6B",
)  # fmt: skip

#: The composite of a ``grade`` target: the number of the six items over their class II limit.
GRADE_INDICATOR = "air_items_over_class_ii"

#: Kinds whose figure is entered by people, never computed from readings.
_ENTERED_KINDS = frozenset({"ledger", "milestone", "yearly", "rank", "qualitative"})

Identifier = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.-]*$")]
_NAME = re.compile(r"^[a-z][a-z0-9_]*$")
_PERIOD = re.compile(r"^(\d{4})-(\d{4})?$")


def is_computable(name: str) -> bool:
    """Whether ``name`` is an indicator that an official rule derives from readings.

    >>> is_computable("pm25_annual_mean"), is_computable("nickel_mean"), is_computable("straw_use")
    (True, True, False)
    """
    if name == GRADE_INDICATOR:
        return True
    try:
        indicator(name)
    except KeyError:
        return False
    return True


def known_indicators() -> tuple[str, ...]:
    """Names a target on readings may use, beside ``<item>_mean`` of a water item."""
    return (*INDICATORS, GRADE_INDICATOR)


def period_years(period: str) -> tuple[int, int | None] | None:
    """First and last year of ``2021-2025`` (last is None for an open one), None for no period.

    >>> period_years("2021-2025"), period_years("2018-"), period_years("")
    ((2021, 2025), (2018, None), None)
    """
    match = _PERIOD.match(period)
    if match is None:
        return None
    return int(match[1]), int(match[2]) if match[2] else None


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


class SectionSet(_Frozen):
    """A dated list of sections that one ratio is taken over.

    ``n`` is the number of sections where the plan gives it; ``sections`` their names where known.
    """

    name: str
    n: int | None = Field(default=None, ge=1)
    valid_from: dt.date
    valid_to: dt.date | None = None
    scope: str = ""
    sections: tuple[str, ...] = ()
    quote: str = ""

    def covers(self, day: dt.date) -> bool:
        """Whether the set is the one in force on ``day``."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


class History(_Frozen):
    """One annual figure that a plan prints: an observation or a baseline."""

    indicator: str
    label_zh: str
    year: int | None = None
    period: str = ""
    value: float | None = None
    token: str = ""
    comparator: Comparator = "=="
    unit: str = ""
    domain: Literal["air", "water", "emission"]
    kind: Literal["observed", "baseline"] = "observed"
    scope: str = ""
    quote: str = ""
    notes: str = ""

    @model_validator(mode="after")
    def _one_figure(self) -> Self:
        if (self.value is None) == (self.token == ""):
            raise ValueError("a history row has either a value or a token")
        if self.token and self.token not in TOKENS:
            raise ValueError(f"unknown token {self.token!r}; known: {', '.join(TOKENS)}")
        if self.period and period_years(self.period) is None:
            raise ValueError(f"period must look like 2016-2020, got {self.period!r}")
        return self


class Target(_Frozen):
    """One target of a plan.

    Attributes:
        id: stable identifier, unique over all plans.
        indicator: a computable indicator, or a snake_case name of its own (``data = "entered"``).
        kind: how it is judged (see ``KINDS``).
        level: firm (确保) and stretch (力争) are two targets on one indicator.
        value: the number [unit]; classes are 1 (I) to 6 (worse than V).
        token: the coded wording where the plan gives no number.
        year: deadline; for a period its last year. None when the plan names no year.
        year_from, year_to: for targets valid in many years (limits of a standard).
        change: meaning of a percentage against ``base_year``: ``reduction`` (positive = fell) or
            ``signed`` (negative = fell); ``of`` names the quantity whose annual values it is
            worked out on where the change itself is not published.
        scope: words of the plan for the places meant; ``place``: one named place with readings.
        tolerance: distance from ``value`` that still meets it [unit]; None = none was set.
        evidence: grade of a legal rule (verified, secondary, from memory, third party).
        month_rule, month_share: how "stably" is read within the year (see ``Thresholds``); empty
            = as configured.
        condition: words of the plan for what has to hold before the target asks anything (正常来水
            年份); ``condition_indicator`` is the yearly figure, 1 or 0, that says whether it did.
    """

    id: Identifier
    domain: Literal["air", "water", "emission"]
    indicator: str
    label_zh: str
    label_en: str
    kind: Kind
    level: Literal["firm", "stretch", "single"] = "single"
    comparator: Comparator = ""
    value: float | None = None
    token: str = ""
    unit: str = ""
    year: int | None = None
    period: str = ""
    year_from: int | None = None
    year_to: int | None = None
    base_year: int | None = None
    change: Literal["", "reduction", "signed"] = ""
    of: str = ""
    place: str = ""
    scope: str = ""
    section_set: str = ""
    data: Literal["readings", "entered"] = "readings"
    binding: Literal["binding", "expected", "unknown"] = "unknown"
    strength: str = ""
    tolerance: float | None = Field(default=None, ge=0)
    standard: str = ""
    evidence: Literal["", "verified", "secondary", "from memory", "third party"] = ""
    month_rule: Literal["", "all_months", "annual_mean", "share_of_months"] = ""
    month_share: float | None = Field(default=None, gt=0, le=100)
    condition: str = ""
    condition_indicator: str = ""
    quote: str = ""
    notes: str = ""
    # Filled by the loader, never written in a plan file.
    plan: str = ""
    region: str = ""

    @property
    def computable(self) -> bool:
        """Whether readings answer it; otherwise people enter the figure."""
        return self.data == "readings" and self.kind not in _ENTERED_KINDS

    @property
    def pending(self) -> bool:
        """Whether the number is set elsewhere and has not been entered."""
        return self.value is None and self.token in ASSIGNED

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.computable and not is_computable(self.indicator):
            raise ValueError(
                f"unknown indicator {self.indicator!r}; known: {', '.join(known_indicators())}, "
                "<item>_mean of a water item; for a figure that people enter write "
                'data = "entered"'
            )
        if not _NAME.match(self.indicator):
            raise ValueError(f"indicator must be snake_case, got {self.indicator!r}")
        if self.token and self.token not in TOKENS:
            raise ValueError(f"unknown token {self.token!r}; known: {', '.join(TOKENS)}")
        if self.value is None and not self.token:
            raise ValueError("a target needs a value or a token")
        if self.value is not None and not self.comparator:
            raise ValueError(f"a value needs a comparator; known: {', '.join(COMPARATORS)}")
        if self.kind == "trend" and self.token not in TREND_TOKENS:
            raise ValueError(f"a trend target needs a token; known: {', '.join(TREND_TOKENS)}")
        if self.kind == "change" and not self.change:
            raise ValueError('a change target needs change = "reduction" or "signed"')
        if self.period and period_years(self.period) is None:
            raise ValueError(f"period must look like 2021-2025, got {self.period!r}")
        return self

    def covers(self, year: int) -> bool:
        """Whether the target asks something of ``year``.

        The deadline year always; for ``keep``, ``trend`` and ``range`` every year of the period;
        for limits of a standard every year of their validity.
        """
        if self.year_from is not None or self.year_to is not None:
            first = self.year_from if self.year_from is not None else year
            last = self.year_to if self.year_to is not None else year
            return first <= year <= last
        span = period_years(self.period)
        if span is not None and self.kind in ("keep", "trend", "range"):
            return span[0] <= year and (span[1] is None or year <= span[1])
        return self.year == year


class Plan(_Frozen):
    """A plan: its targets, section sets and the annual figures it prints.

    ``region`` is empty for a plan that holds for every place (the built-in ``national`` one).
    """

    id: Identifier
    title: str
    title_en: str = ""
    region: str = ""
    aliases: tuple[str, ...] = ()
    period: str = ""
    source: str = ""
    remarks: str = ""
    section_set: tuple[SectionSet, ...] = ()
    target: tuple[Target, ...] = ()
    history: tuple[History, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        seen: set[str] = set()
        names = {s.name for s in self.section_set}
        for t in self.target:
            if t.id in seen:
                raise ValueError(f"target id {t.id!r} occurs twice")
            seen.add(t.id)
            if t.section_set and t.section_set not in names:
                raise ValueError(
                    f"target {t.id!r} names the section set {t.section_set!r}, which the plan does "
                    f"not define; defined: {', '.join(sorted(names)) or 'none'}"
                )
        return self

    @property
    def targets(self) -> tuple[Target, ...]:
        """All targets, in the order of the file."""
        return self.target

    def find(self, target_id: str) -> Target | None:
        """The target with ``target_id``, or None."""
        return next((t for t in self.target if t.id == target_id), None)
