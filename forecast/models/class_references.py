"""Plain rules for the class of a section, as probabilities: what a model has to beat.

Each is fitted to the past alone and smoothed by a fixed rule, so that a class not seen so far is
never given the probability 0 and a rule is as good as such a rule can be.

- ``persistence``: the last class, as transition frequencies over all sections by lead.
- ``last_year``: the class of the same month of last year, as transition frequencies.
- ``frequencies``: how often the section had each class in that calendar month.
"""

from __future__ import annotations

from typing import Self

import numpy as np
from numpy.typing import NDArray

from forecast.models.class_history import N_CLASSES, ClassHistory, ClassModel

__all__ = ["REFERENCES", "ClassPersistence", "LastYearClass", "MonthlyFrequencies", "transitions"]

#: Cases that the class's own neighbourhood counts for in a row of transitions.
_TRANSITION_PRIOR = 2.0
#: Weight of a month one to three away in a section's frequencies of a calendar month.
_NEIGHBOURS = {0: 1.0, 1: 0.8, 2: 0.5, 3: 0.2}
#: Cases that the section's frequencies over all months count for in those of one month.
_SECTION_PRIOR = 3.0
#: Cases that the frequencies over all sections count for in those of one section.
_REGION_PRIOR = 1.0
#: Cases that the section's monthly frequencies count for in those of its years.
_YEAR_PRIOR = 0.5
#: A class older than this is not called the last one [months].
_OLDEST = 12


def transitions(
    before: NDArray[np.int8], after: NDArray[np.int8], *, prior: float = _TRANSITION_PRIOR
) -> NDArray[np.float64]:
    """Frequencies of the class after given the class before, (class, class), rows sum to 1.

    Rows are drawn to the mean of the frequencies of all cases and of staying, with the weight of
    ``prior`` cases; cases with a 0 are left out. Without any case: staying and even, halves.

    >>> transitions(np.array([2, 2, 2]), np.array([2, 2, 3]), prior=0.0)[1].round(2).tolist()
    [0.0, 0.67, 0.33, 0.0, 0.0, 0.0]
    """
    first, second = np.asarray(before).ravel(), np.asarray(after).ravel()
    good = (first > 0) & (second > 0)
    count = np.zeros((N_CLASSES, N_CLASSES))
    np.add.at(count, (first[good].astype(int) - 1, second[good].astype(int) - 1), 1.0)
    drawn_to = 0.5 * np.eye(N_CLASSES) + 0.5 * _shares(count.sum(axis=0))
    total = count.sum(axis=1, keepdims=True)
    weight = np.where(total + prior > 0.0, prior, 1.0)
    return np.asarray((count + weight * drawn_to) / (total + weight))


def _shares(count: NDArray[np.float64]) -> NDArray[np.float64]:
    """Counts (…, class) as shares with half a case spread over all classes."""
    return np.asarray((count + 0.5 / N_CLASSES) / (count.sum(axis=-1, keepdims=True) + 0.5))


class _Reference:
    """The past, and the frequencies to fall back to where a rule has nothing to say."""

    name = ""

    def fit(self, history: ClassHistory) -> Self:
        """Keep the past; nothing later is seen."""
        self.history = history
        self._cache: dict[int, NDArray[np.float64]] = {}
        counts = np.stack(
            [(history.monthly == k + 1).sum(axis=0) for k in range(N_CLASSES)], axis=1
        ).astype(np.float64)
        region = _shares(counts.sum(axis=0))
        self._section: NDArray[np.float64] = (counts + _REGION_PRIOR * region) / (
            counts.sum(axis=1, keepdims=True) + _REGION_PRIOR
        )
        return self

    def _lag(self, lag: int) -> NDArray[np.float64]:
        """Transitions between months ``lag`` apart over all sections."""
        if lag not in self._cache:
            x = self.history.monthly
            self._cache[lag] = transitions(x[:-lag], x[lag:])
        return self._cache[lag]

    def _year_of(self, year: int) -> tuple[int, NDArray[np.int8]]:
        """Months of ``year`` in the history (0: none), and the class they make, (place,)."""
        months = self.history.months
        inside = np.flatnonzero(months.astype("datetime64[Y]").astype(np.int64) + 1970 == year)
        if not len(inside):
            return 0, np.zeros(len(self.history.places), dtype=np.int8)
        last = inside[-1]
        return int(months[last].astype(np.int64) % 12) + 1, self.history.running[last]

    def _year_step(self, years_apart: int) -> NDArray[np.float64]:
        years, found = self.history.years()
        gap = years[None, :] - years[:, None] == years_apart
        first, second = np.nonzero(gap)
        if not len(first):
            # No two years yet: months a year apart move more than years do, so this is no gift.
            return self._lag(12 * years_apart)
        return transitions(found[first], found[second])

    def _last_year_class(self, year: int) -> NDArray[np.float64]:
        years, found = self.history.years()
        out = self._section.copy()
        for apart in (3, 2, 1):
            at = np.flatnonzero(years == year - apart)
            if len(at):
                own = found[at[0]]
                some = own > 0
                out[some] = self._year_step(apart)[own[some].astype(int) - 1]
        return out


class ClassPersistence(_Reference):
    """The last class, as transition frequencies over all sections by lead.

    The class of a year: from the class of its months so far, by what came of such classes at the
    same month in past years; before its first month, from last year's class.
    """

    name = "persistence"

    def probabilities(self, months: NDArray[np.datetime64]) -> NDArray[np.float64]:
        """P(class = k), (place, month, class); see :class:`~forecast.models.class_history.ClassModel`."""
        h = self.history
        out = np.repeat(self._section[:, None], len(months), axis=1)
        wanted = months.astype("datetime64[M]")
        for p in range(len(h.places)):
            seen = np.flatnonzero(h.monthly[-_OLDEST:, p])
            if not len(seen):
                continue
            at = seen[-1] + max(0, len(h.months) - _OLDEST)
            leads = (wanted - h.months[at]).astype(np.int64)
            for m, lead in enumerate(leads):
                out[p, m] = self._lag(int(lead))[int(h.monthly[at, p]) - 1]
        return out

    def year_probabilities(self, year: int) -> NDArray[np.float64]:
        """P(class = k) of the year, (place, class)."""
        known, so_far = self._year_of(year)
        out = self._last_year_class(year)
        if not known:
            return out
        h = self.history
        at = np.flatnonzero(h.months.astype(np.int64) % 12 == known - 1)
        ends = at + (12 - known)
        over = ends < len(h.months)
        years, found = h.years()
        place = {int(y): i for i, y in enumerate(years)}
        row = [
            place[int(h.months[e].astype("datetime64[Y]").astype(np.int64)) + 1970]
            for e in ends[over]
        ]
        table = transitions(h.running[at[over]], found[row])
        some = so_far > 0
        out[some] = table[so_far[some].astype(int) - 1]
        return out


class LastYearClass(_Reference):
    """The class of the same month of last year (or the year before it), as transition frequencies.

    The class of a year: last year's class, in the same way.
    """

    name = "last_year"

    def probabilities(self, months: NDArray[np.datetime64]) -> NDArray[np.float64]:
        """P(class = k), (place, month, class); see :class:`~forecast.models.class_history.ClassModel`."""
        h = self.history
        out = np.repeat(self._section[:, None], len(months), axis=1)
        for m, month in enumerate(months.astype("datetime64[M]")):
            for lag in (36, 24, 12):
                at = int((month - h.months[0]).astype(np.int64)) - lag if len(h.months) else -1
                if not 0 <= at < len(h.months):
                    continue
                own = h.monthly[at]
                some = own > 0
                out[some, m] = self._lag(lag)[own[some].astype(int) - 1]
        return out

    def year_probabilities(self, year: int) -> NDArray[np.float64]:
        """P(class = k) of the year, (place, class)."""
        return self._last_year_class(year)


class MonthlyFrequencies(_Reference):
    """How often the section had each class in a calendar month.

    Months one, two and three away count 0.8, 0.5 and 0.2; the section's frequencies over all
    months count as three cases, those of all sections as one case of the section. The class of a
    year: the section's classes of past years, drawn to its monthly frequencies by half a case.
    """

    name = "frequencies"

    def probabilities(self, months: NDArray[np.datetime64]) -> NDArray[np.float64]:
        """P(class = k), (place, month, class); see :class:`~forecast.models.class_history.ClassModel`."""
        h = self.history
        of_year = h.months.astype(np.int64) % 12
        out = np.empty((len(h.places), len(months), N_CLASSES))
        for m, month in enumerate(months.astype("datetime64[M]").astype(np.int64) % 12):
            apart = np.abs(of_year - month)
            apart = np.minimum(apart, 12 - apart)
            weight = np.array([_NEIGHBOURS.get(int(a), 0.0) for a in apart])
            counts = np.stack([weight @ (h.monthly == k + 1) for k in range(N_CLASSES)], axis=1)
            out[:, m] = (counts + _SECTION_PRIOR * self._section) / (
                counts.sum(axis=1, keepdims=True) + _SECTION_PRIOR
            )
        return out

    def year_probabilities(self, year: int) -> NDArray[np.float64]:
        """P(class = k) of the year, (place, class)."""
        _, found = self.history.years()
        counts = np.stack([(found == k + 1).sum(axis=0) for k in range(N_CLASSES)], axis=1)
        return np.asarray(
            (counts + _YEAR_PRIOR * self._section)
            / (counts.sum(axis=1, keepdims=True) + _YEAR_PRIOR)
        )


#: The references a model of classes is compared with.
REFERENCES: tuple[type[ClassModel], ...] = (ClassPersistence, LastYearClass, MonthlyFrequencies)
