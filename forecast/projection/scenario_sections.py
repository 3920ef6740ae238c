"""Sections under packages of measures: their drawn months, classes by the single-factor rule, shares.

The factors of a section act on its drawn months, path by path; what has been sampled stays. Sections
keep their common paths, so a share keeps their dependence. A section without factors is as it was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from forecast.errors import InputError, UsageError
from forecast.projection.result import IndicatorResult
from forecast.projection.section_shares import SHARE_INDICATORS, SectionSet, ShareRule
from forecast.projection.water_names import same_section
from forecast.projection.water_record import REQUIRED, SectionRecord
from forecast.standards.rounding import ratio_percent
from forecast.standards.water_period import assess_section_period, period_means

__all__ = ["SHARE_RULES", "SectionFactors", "WaterYear", "changed_record"]

#: Indicator → which classes it counts.
SHARE_RULES: dict[str, ShareRule] = {rule.indicator: rule for rule in SHARE_INDICATORS}


class SectionFactors(Protocol):
    """Factors of one section (as :class:`forecast.scenario.water_response.WaterFactors`)."""

    @property
    def items(self) -> tuple[str, ...]:
        """Items with a response."""
        ...

    @property
    def months(self) -> NDArray[np.datetime64]:
        """datetime64[M] (month,)."""
        ...

    @property
    def values(self) -> NDArray[np.float32]:
        """F, (draw, month, item), exactly 1 where nothing is cut."""
        ...

    @property
    def background(self) -> NDArray[np.float32]:
        """c_b, (draw, item) [mg/L]."""
        ...


def changed_record(record: SectionRecord, factors: SectionFactors, year: int) -> SectionRecord:
    """Return the record with its drawn months under ``factors``: C' = c_b + (C - c_b)·F.

    Months with a value so far, months that the factors don't name, and values at or below the
    background stay bit for bit; where nothing changes the record itself is returned.

    Raises:
        InputError: the factors have another number of draws than the record has paths.
    """
    if record.joined is None:
        return record
    if factors.values.shape[0] not in (1, len(record.joined)):
        raise InputError(
            f"The factors of {record.name} have {factors.values.shape[0]} draws, its paths are "
            f"{len(record.joined)}.",
            "Draw both with the same number of paths.",
        )
    months = np.asarray(factors.months).astype("datetime64[M]")
    joined = record.joined
    for k, item in enumerate(factors.items):
        if item not in record.items:
            continue
        j = record.items.index(item)
        base = factors.background[:, k].astype(np.float64)
        for at in np.flatnonzero(months.astype("datetime64[Y]") == np.datetime64(str(year), "Y")):
            month = int(months[at].astype(np.int64)) % 12
            factor = factors.values[:, at, k].astype(np.float64)
            before = joined[:, month, j]
            moves = (factor != 1.0) & (before > base)
            if np.isfinite(record.observed[month, j]) or not moves.any():
                continue
            if joined is record.joined:
                joined = joined.copy()
            joined[:, month, j] = np.where(moves, base + (before - base) * factor, before)
    return record if joined is record.joined else replace(record, joined=joined)


class WaterYear:
    """Sections of one region whose year is drawn, ready to be assessed under packages."""

    def __init__(self, classes: Sequence[IndicatorResult], year: int) -> None:
        """Prepare the sections.

        Args:
            classes: the class of each section as projected (``section_class``), with its record.
            year: the year assessed.

        Raises:
            InputError: no section is drawn.
        """
        self.year = year
        self.classes = {
            r.place: r
            for r in classes
            if r.indicator == "section_class" and r.sufficient and r.samples is not None
        }
        if not self.classes:
            raise InputError(
                f"No section has a projected class for {year}, so there is nothing to change.",
                "Run a forecast of a year that is not over, with at least a year of samples.",
            )

    @property
    def n_paths(self) -> int:
        """Number of paths."""
        return len(next(iter(self.samples().values())))

    def samples(
        self, factors: Mapping[str, SectionFactors] | None = None
    ) -> dict[str, NDArray[np.float64]]:
        """Section → class 1 to 6 on each path, NaN where withheld, shape (path,).

        Args:
            factors: section → its factors; a section without stays as projected.
        """
        out = {}
        for name, result in self.classes.items():
            record = self.record(name, factors)
            if record is None or record is result.record:
                out[name] = np.asarray(result.samples, dtype=np.float64)
                continue
            out[name] = _classes(record)
        return out

    def record(
        self, name: str, factors: Mapping[str, SectionFactors] | None = None
    ) -> SectionRecord | None:
        """The months of a section under ``factors``; None where only its classes are published."""
        record = self.classes[name].record
        if record is None or record.classes_only or not factors:
            return record
        own = next((f for n, f in factors.items() if same_section(n, name)), None)
        return record if own is None else changed_record(record, own, self.year)

    def mean(
        self, name: str, item: str, factors: Mapping[str, SectionFactors] | None = None
    ) -> NDArray[np.float64] | None:
        """Mean of an item over the year on each path [unit of the item]; None where not drawn."""
        record = self.record(name, factors)
        if record is None or record.joined is None or item not in record.items:
            return None
        return period_means(record.joined[:, :, [record.items.index(item)]], (item,), axis=1)[:, 0]

    def share(
        self,
        rule: str,
        samples: Mapping[str, NDArray[np.float64]],
        group: SectionSet,
    ) -> NDArray[np.float64]:
        """A share [%] or number of sections by class on each path, unrounded, shape (path,).

        Args:
            rule: its indicator, such as ``share_class_iii``.
            samples: classes of :meth:`samples`.
            group: the list of sections; an empty list means all.

        Raises:
            UsageError: a section has no class asked of it, or none of the list is drawn.
        """
        what = SHARE_RULES[rule]
        own = dict(group.own_class)
        names = [
            n
            for n in samples
            if not group.sections or any(same_section(n, s) for s in group.sections)
        ]
        if not names:
            raise UsageError(
                f"No section of the set {group.name} has a projected class.",
                "Check the names of its sections.",
            )
        rows = []
        for name in names:
            row = samples[name]
            if what.own:
                asked = next((c for s, c in own.items() if same_section(s, name)), None)
                if asked is None:
                    raise UsageError(
                        f"The set {group.name} does not say which class is asked of {name}.",
                        "Declare it in the section set.",
                    )
                row = np.where(np.isfinite(row), np.where(row <= asked, 1.0, 2.0), np.nan)
            rows.append(row)
        table = np.stack(rows)
        inside = ((table >= what.best) & (table <= what.worst)).sum(axis=0)
        total = np.isfinite(table).sum(axis=0)
        if what.count:
            return np.where(total > 0, inside.astype(np.float64), np.nan)
        return np.asarray(ratio_percent(inside, total))


def _classes(record: SectionRecord) -> NDArray[np.float64]:
    if record.joined is None:
        raise ValueError(f"{record.name} is not drawn")
    found = assess_section_period(
        record.joined[:, :, list(record.counted)], record.class_items, record.facts.water_type,
        required=REQUIRED, not_monitored=record.absent,
    )  # fmt: skip
    return np.where(found.classes > 0, found.classes, np.nan).astype(np.float64)
