"""What is known of a record beside its values: spans that say little of other years, and breaks.

Neither is ever a reason to drop a reading: days of an exceptional span count with a small weight,
and a break is a step of its own in the level, so that it is no trend.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["BASIS_CHANGE", "Break", "Circumstances", "Span"]

#: On 2018-09-01 gases went over from 0 °C to 25 °C as reference state, and particles to actual
#: conditions (announcement 29 of 2018 of the environment ministry; from memory).
BASIS_CHANGE = np.datetime64("2018-09-01", "D")
_GASES = ("so2", "no2", "co", "o3_8h")


@dataclass(frozen=True)
class Span:
    """Days that count less in a fit.

    Attributes:
        first, last: the days, both included.
        weight: between 0 and 1.
        items: item codes it holds for; empty for all.
    """

    first: np.datetime64
    last: np.datetime64
    weight: float
    items: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not 0.0 < self.weight <= 1.0:
            raise ValueError(f"the weight of a span lies above 0 and up to 1, got {self.weight}")
        if self.last < self.first:
            raise ValueError(f"a span ends on {self.last}, before it begins on {self.first}")


@dataclass(frozen=True)
class Break:
    """A day from which on readings are not on the footing of those before.

    Attributes:
        day: the first day of the new footing.
        step: what is expected of the step, ln of new over old, and its standard deviation.
        items: item codes it holds for; empty for all.
    """

    day: np.datetime64
    step: tuple[float, float] = (0.0, 0.2)
    items: tuple[str, ...] = ()


#: Days of the first lockdown say little of other years.
_LOCKDOWN = Span(np.datetime64("2020-01-24", "D"), np.datetime64("2020-04-30", "D"), 0.1)
_BASIS = (
    Break(BASIS_CHANGE, (float(np.log(273.15 / 298.15)), 0.03), _GASES),
    Break(BASIS_CHANGE, (0.0, 0.05), ("pm25", "pm10")),
)


@dataclass(frozen=True)
class Circumstances:
    """Spans and breaks of one place; those that everybody shares are in it by default."""

    spans: tuple[Span, ...] = (_LOCKDOWN,)
    breaks: tuple[Break, ...] = _BASIS

    def with_own(self, spans: Sequence[Span] = (), breaks: Sequence[Break] = ()) -> Circumstances:
        """Return these and a user's own."""
        return Circumstances((*self.spans, *spans), (*self.breaks, *breaks))

    def weights(self, days: NDArray[np.datetime64], item: str) -> NDArray[np.float64]:
        """Return what each day counts, shape (day,); of spans that overlap the least counts."""
        weights = np.ones(len(days))
        for span in self.spans:
            if not span.items or item in span.items:
                inside = (days >= span.first) & (days <= span.last)
                weights[inside] = np.minimum(weights[inside], span.weight)
        return weights

    def lessened(
        self, innovations: NDArray[np.float64], days: NDArray[np.datetime64], items: Sequence[str]
    ) -> NDArray[np.float64]:
        """Return innovations (day, item) from which futures can be drawn.

        What the days of a span were apart from others on average counts with its weight here as well;
        how they differ among each other stays. Drawn as they were, days of a lockdown would come
        again in every future.
        """
        drawn = innovations.copy()
        for span in self.spans:
            inside = (days >= span.first) & (days <= span.last)
            for column, item in enumerate(items):
                own = drawn[inside, column]
                known = np.isfinite(own)
                if known.any() and (not span.items or item in span.items):
                    drawn[inside, column] = own - (1.0 - span.weight) * own[known].mean()
        return drawn

    def breaks_of(self, item: str) -> tuple[Break, ...]:
        """Return the breaks of one item, by date."""
        own = [b for b in self.breaks if not b.items or item in b.items]
        return tuple(sorted(own, key=lambda b: b.day))
