"""What a projection holds for one indicator of one place, before it becomes a line of JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from forecast.targets.evidence import Chances, MonthlyValues

if TYPE_CHECKING:
    from forecast.projection.water_record import SectionRecord

__all__ = ["IndicatorResult", "Later", "LaterYear", "Observed"]


@dataclass(frozen=True)
class Observed:
    """What has been seen of an indicator: to date, or finally when the year is over.

    Attributes:
        value: unrounded, None where nothing can be said.
        value_official: rounded as it would be printed; a class is its label.
        n_valid: valid days (or months, or sections) behind it.
        n_expected: how many there were to be up to the same day.
        last_day: last day with a reading.
    """

    value: float | None
    value_official: float | str | None
    n_valid: int
    n_expected: int
    last_day: date | None


@dataclass(frozen=True)
class LaterYear:
    """An indicator in one later year.

    Attributes:
        standard: token of the rules of that year.
        samples: unrounded values, shape (path,).
        judged: the same, rounded as the rule rounds before a comparison.
    """

    standard: str
    samples: NDArray[np.float64]
    judged: NDArray[np.float64]


@dataclass(frozen=True)
class Later:
    """An indicator over the years ahead, path by path.

    Attributes:
        model: name of the model that drew them.
        n_paths: number of paths.
        years: the later years, in order and without a gap.
        now: judged value of the year asked on the same paths, shape (path,); None where the
            official rule has too few readings of it.
        reason: why there are no later years, in Chinese and English.
    """

    model: str
    n_paths: int
    years: dict[int, LaterYear] = field(default_factory=dict)
    now: NDArray[np.float64] | None = None
    reason: tuple[str, str] = ("", "")


@dataclass(frozen=True)
class IndicatorResult:
    """One indicator of one place and period.

    Attributes:
        samples: unrounded values per path, shape (path,), None when nothing was drawn.
        judged: the same, rounded as the rule rounds before a comparison.
        observed_judged: observed value rounded the same way.
        sufficient: whether the official rule has enough readings (it may yet have).
        reason: why not, in Chinese and English; empty when sufficient.
        bounds: smallest and largest value (rounded) that arithmetic still allows, or None.
        counts: what budgets need (days so far, good days, days left, sums).
        history: judged value of earlier full years.
        detail: a clause for the reason, such as the items over their limit (zh, en).
        explain: what moved the forecast, JSON-ready (:mod:`forecast.projection.explain`).
        rest: forecast and past years of the part of the year that is left, beside budgets.
        later: what is drawn of later years (:mod:`forecast.projection.outlook`).
        monthly: the value of each month, where an official rule gives a month one.
        independent: distribution if the places behind a share did not depend on each other.
        remarks: sentences that stand behind the reason of every target (zh, en).
        record: months of the section behind it, for budgets.
    """

    region: str
    place: str
    place_kind: str
    point_set: str
    domain: str
    indicator: str
    unit: str
    period: str
    standard: str
    dust: str | None
    basis: str | None
    observed: Observed
    samples: NDArray[np.float64] | None = None
    judged: NDArray[np.float64] | None = None
    observed_judged: float | None = None
    sufficient: bool = True
    reason: tuple[str, str] = ("", "")
    bounds: tuple[float, float] | None = None
    model: str = ""
    counts: dict[str, float] = field(default_factory=dict)
    baselines: dict[str, Any] = field(default_factory=dict)
    alternatives: list[dict[str, Any]] = field(default_factory=list)
    history: dict[int, float] = field(default_factory=dict)
    detail: tuple[str, str] = ("", "")
    explain: dict[str, Any] | None = None
    rest: dict[str, Any] | None = None
    later: Later | None = None
    monthly: MonthlyValues | None = None
    independent: Chances | None = None
    remarks: tuple[str, str] = ("", "")
    record: SectionRecord | None = None
