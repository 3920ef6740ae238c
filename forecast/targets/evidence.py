"""What a target is judged on, and what the judgement says: three frozen records."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "MONTH_RULES",
    "VERDICTS",
    "Chances",
    "Evidence",
    "Judgement",
    "MonthlyValues",
    "Thresholds",
]

#: Every verdict there is, worst news that calls for action first.
VERDICTS: tuple[str, ...] = (
    "NOT_MET", "UNLIKELY", "AT_RISK", "LIKELY", "MET", "INCONCLUSIVE", "INSUFFICIENT_DATA",
    "TARGET_PENDING", "NO_BASELINE", "NEEDS_PEERS", "NOT_APPLICABLE",
)  # fmt: skip

#: How a level that is to hold "stably" within a year is read.
MONTH_RULES: tuple[str, ...] = ("all_months", "annual_mean", "share_of_months")


@dataclass(frozen=True)
class Thresholds:
    """Probabilities that part LIKELY, AT_RISK and UNLIKELY, each in (0, 1).

    LIKELY is P >= ``likely``, UNLIKELY is P < ``unlikely``; ``break_even`` is the probability
    asked of a number that is not set yet. Two rules that plans and law leave open, our own
    reading: a trend's interval holds with ``trend_level`` (each end then errs at 5 %, the
    one-sided level of the trend test of HJ 663), and "stably attains" asks for the last
    ``stable_years`` years. A third, for a class or an index that has a value each month: "stably"
    asks by ``month_rule`` for the year and every assessed month (``all_months``), for the year
    alone (``annual_mean``), or for the year and ``month_share`` percent of the assessed months
    (``share_of_months``); a target may name its own rule.
    """

    likely: float = 0.8
    unlikely: float = 0.2
    break_even: float = 0.8
    trend_level: float = 0.9
    stable_years: int = 3
    month_rule: str = "all_months"
    month_share: float = 80.0

    def __post_init__(self) -> None:
        if not 0 < self.unlikely < self.likely < 1:
            raise ValueError(
                f"need 0 < unlikely < likely < 1, got unlikely={self.unlikely}, likely={self.likely}"
            )
        if not 0 < self.break_even < 1:
            raise ValueError(f"break_even must lie in (0, 1), got {self.break_even}")
        if not 0 < self.trend_level < 1:
            raise ValueError(f"trend_level must lie in (0, 1), got {self.trend_level}")
        if self.stable_years < 1:
            raise ValueError(f"stable_years must be 1 or more, got {self.stable_years}")
        if self.month_rule not in MONTH_RULES:
            raise ValueError(f"month_rule must be one of {MONTH_RULES}, got {self.month_rule!r}")
        if not 0 < self.month_share <= 100:
            raise ValueError(f"month_share must lie in (0, 100] %, got {self.month_share}")


@dataclass(frozen=True)
class MonthlyValues:
    """The value of an indicator in each month of the year.

    Attributes:
        seen: shape (month,), NaN in a month without one.
        drawn: shape (path, month), the same with the months to come; None when nothing was drawn.
        left: months of the year that may still get a value.
        leads: what decides each observed month in words (zh, en), empty where nothing does.
    """

    seen: NDArray[np.float64]
    drawn: NDArray[np.float64] | None = None
    left: int = 0
    leads: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Chances:
    """A distribution over few values: ``values`` and their ``probabilities``, shape (value,)."""

    values: NDArray[np.float64]
    probabilities: NDArray[np.float64]


@dataclass(frozen=True)
class Evidence:
    """What is known about one indicator at one place, for one year.

    Attributes:
        observed: judged (rounded) value to date, or final when ``year_over`` [unit of target].
        samples: judged (rounded) value of each path, shape (path,); None when nothing was drawn.
        year: the year that ``observed`` and ``samples`` are about; None = the target's year.
        year_over: nothing of the period is open any more.
        sufficient: the validity rules of the indicator hold; else ``insufficient_reason`` (zh, en).
        bounds: smallest and largest value still arithmetically possible [unit of target].
        history: judged value of past years, for trend, keep and change targets.
        bases: measurement basis of the year's values where known, the judged year included; air
            concentrations of a year that is not named go by the change of 2018-09-01.
        ledger: sum of the entered lines [unit of target] and their number; None = none entered.
        done: for works: True or False as entered; None = nothing entered.
        peers: values of the peers for the year, by name; None = none entered.
        levels: annual values of the quantity (``Target.of``) that a change target is worked out on.
        level_samples: value of that quantity on each path of the year, shape (path,).
        monthly: the value of each month, for rules on months.
        independent: distribution if the places behind a share did not depend on each other.
        condition: whether the condition of a conditional target holds; None = not known.
        remarks: sentences that stand behind the reason (zh, en).
        as_of: last day whose readings were used, for the sentence only.
        detail_zh, detail_en: a clause that names e.g. the failing items, for the sentence only.
    """

    observed: float | None = None
    samples: NDArray[np.float64] | None = None
    year: int | None = None
    year_over: bool = False
    sufficient: bool = True
    insufficient_reason: tuple[str, str] = ("", "")
    bounds: tuple[float, float] | None = None
    history: Mapping[int, float] = field(default_factory=dict)
    bases: Mapping[int, str] = field(default_factory=dict)
    ledger: tuple[float, int] | None = None
    done: bool | None = None
    peers: Mapping[str, float] | None = None
    levels: Mapping[int, float] = field(default_factory=dict)
    level_samples: NDArray[np.float64] | None = None
    monthly: MonthlyValues | None = None
    independent: Chances | None = None
    condition: bool | None = None
    remarks: tuple[str, str] = ("", "")
    as_of: str = ""
    detail_zh: str = ""
    detail_en: str = ""


@dataclass(frozen=True)
class Judgement:
    """The answer for one target.

    Attributes:
        verdict: one of ``VERDICTS``.
        probability: of meeting the target, in [0, 1]; exactly 0 or 1 only where the year is over
            or arithmetic has decided; None where there is none.
        reason_zh, reason_en: one sentence with the numbers.
        break_even: for TARGET_PENDING ``{"probability": 0.8, "value": v}``: the number that would
            be met with that probability.
        margin: distance from the target to the observed value (year over) or to the median path,
            positive on the good side [unit of target].
    """

    verdict: str
    probability: float | None
    reason_zh: str
    reason_en: str
    break_even: dict[str, float] | None = None
    margin: float | None = None
