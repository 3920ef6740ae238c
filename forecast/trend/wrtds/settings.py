"""The options of a fit; every default is EGRET's."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from forecast.errors import UsageError

__all__ = ["Settings", "check_rng", "day_of"]


@dataclass(frozen=True)
class Settings:
    """Half windows and the least numbers of samples in them.

    Attributes:
        window_years: half window in time [years].
        window_log_q: half window in flow [ln of m³/s].
        window_season: half window in the season [years]; from 0.5 on all seasons count.
        min_observations: samples with weight that each regression needs.
        min_uncensored: those of them that are no limits.
        edge_adjust: whether windows that reach over the edge of the record are widened inwards.
        window_side: years on either side whose flows a year is normalised to; 0 for all years.
        wall: last day of an old relation of concentration and flow (a plant that began, a new
            method); samples on one side say nothing of the other.
        flow_break: last day of an old regime of flow (a dam); days are normalised to the flows
            of their own side.
    """

    window_years: float = 7.0
    window_log_q: float = 2.0
    window_season: float = 0.5
    min_observations: int = 100
    min_uncensored: int = 50
    edge_adjust: bool = True
    window_side: int = 0
    wall: np.datetime64 | None = None
    flow_break: np.datetime64 | None = None

    def __post_init__(self) -> None:
        for name in ("window_years", "window_log_q", "window_season"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise UsageError(f"{name} must be above 0, got {value}.", "EGRET's are 7, 2, 0.5.")
        if self.min_observations < 6 or self.min_uncensored < 1:
            raise UsageError(
                f"min_observations is {self.min_observations} and min_uncensored "
                f"{self.min_uncensored}; six figures are fitted at each point.",
                "Use at least 6 and 1; EGRET's are 100 and 50.",
            )
        if self.min_uncensored > self.min_observations:
            raise UsageError(
                f"min_uncensored ({self.min_uncensored}) is above min_observations "
                f"({self.min_observations}).",
                "Make it smaller: the uncensored ones are counted in both.",
            )
        if self.window_side < 0:
            raise UsageError(f"window_side is {self.window_side}.", "Use 0 for stationary flow.")


def day_of(value: object, name: str) -> np.datetime64 | None:
    """A day given as text, date or time stamp; None stays None."""
    if value is None:
        return None
    try:
        day = np.datetime64(str(value)[:10], "D")
    except ValueError:
        raise UsageError(f"{name} is {value!r}, which is no date.", "Write 2010-12-31.") from None
    if np.isnat(day):
        raise UsageError(f"{name} is {value!r}, which is no date.", "Write 2010-12-31.")
    return day


def check_rng(rng: object) -> None:
    """Refuse what is no random generator, such as a seed.

    Raises:
        UsageError: it is none.
    """
    if not isinstance(rng, np.random.Generator):
        raise UsageError(
            f"rng is {rng!r}, not a random generator.", "Give numpy.random.default_rng(seed)."
        )
