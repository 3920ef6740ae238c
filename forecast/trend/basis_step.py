"""The step of one series at a change of basis, beside what the change alone would do to a gas."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from forecast.errors import UsageError
from forecast.trend.monthly import theil_sen
from forecast.trend.smooth import smooth_trend
from forecast.trend.steps import BASIS_CHANGE, GAS_STEP_PERCENT, Step

__all__ = ["BasisStep", "basis_step"]

_GASES = ("so2", "no2", "co", "o3_8h", "o3_1h", "o3_24h")


@dataclass(frozen=True)
class BasisStep:
    """A step and the trend about which it was told.

    Attributes:
        step: size, bounds and what they rest on.
        around: ``line``: one slope on both sides (robust); ``smooth``: a curve on both sides.
        expected_percent: what the change of the reference state alone does [%]; NaN for
            particles, whose change depends on the weather of the place, and for other days.
    """

    step: Step
    around: Literal["line", "smooth"]
    expected_percent: float

    @property
    def agrees(self) -> bool | None:
        """Whether the interval holds the expected step; None where none is expected."""
        bounds = self.step.percent_lower, self.step.percent_upper
        if math.isnan(self.expected_percent) or any(map(math.isnan, bounds)):
            return None
        return bool(bounds[0] <= self.expected_percent <= bounds[1])

    @property
    def words_zh(self) -> str:
        """The step and what it rests on, in Chinese."""
        about = "一条直线趋势" if self.around == "line" else "平滑趋势"
        said = [self.step.words_zh, f"相对{about}估计"]
        if self.agrees is not None:
            said.append(
                f"参比温度由 0 °C 改为 25 °C 应为 {self.expected_percent:.1f}%，"
                f"{'在' if self.agrees else '不在'}区间内"
            )
        return "；".join(said)

    @property
    def words_en(self) -> str:
        """The step and what it rests on, in English."""
        about = "one line" if self.around == "line" else "a smooth trend"
        said = [self.step.words_en, f"told about {about}"]
        if self.agrees is not None:
            said.append(
                f"the reference state alone, 25 °C for 0 °C, makes {self.expected_percent:.1f} %, "
                f"{'inside' if self.agrees else 'outside'} the interval"
            )
        return "; ".join(said)


def basis_step(
    monthly_series: pd.Series,
    day: dt.date = BASIS_CHANGE,
    *,
    around: Literal["line", "smooth"] = "smooth",
    item: str | None = None,
    rng: np.random.Generator | None = None,
    level: float = 0.95,
) -> BasisStep:
    """Estimate the step of a monthly series at a change of basis.

    Anything else that came in the same months (a plant shut, a winter's measures) is in it too.

    Args:
        monthly_series: values by time (DatetimeIndex) [unit]; NaN is missing.
        day: first day of the new basis.
        around: the trend on both sides, a ``line`` of one slope or a ``smooth`` curve. A curve
            takes a bend of the trend for no step and has a wider interval.
        item: code of the item; a gas on 2018-09-01 has an expected step.
        rng: draws the resamples; None: a generator of the fixed seed.
        level: probability that the interval is to hold.

    Raises:
        InputError: too few months. UsageError: an option without a meaning.
    """
    if around not in ("line", "smooth"):
        raise UsageError(f"Around can't be {around!r}.", "Write line or smooth.")
    if around == "line":
        step = theil_sen(monthly_series, rng=rng, breaks=[day], level=level).steps[0]
    else:
        step = smooth_trend(monthly_series, rng=rng, breaks=[day], level=level).steps[0]
    known = day == BASIS_CHANGE and item in _GASES
    return BasisStep(step, around, GAS_STEP_PERCENT if known else float("nan"))
