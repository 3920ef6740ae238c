"""One city's year under many packages of measures: what a cut does not change is computed once.

A package changes some items on the days ahead. Means and percentiles are taken anew for those items
alone, and days are counted by the edges of :mod:`forecast.standards.day_edges`, so the answer is
that of :func:`forecast.standards.air_assessment.assess_year`, bit for bit.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from forecast.scenario.apply import (
    Factors,
    applied_column,
    apply_factors,
    changing_days,
    fitting_factors,
)
from forecast.standards.air_assessment import (
    AIR_INDICATORS,
    COMPOSITE_PARTS,
    AirYear,
    assess_year,
    composite_index,
)
from forecast.standards.air_statistics import percentile
from forecast.standards.day_edges import edges_by_day
from forecast.standards.items import AIR_ITEMS
from forecast.standards.limits import PERCENTILES
from forecast.standards.rounding import ratio_percent

__all__ = ["ScenarioYear"]

#: Paths worked on at once: few enough for the processor's cache, enough to keep threads busy.
_ROWS = 256

T = TypeVar("T", bound=np.generic)


@dataclass(frozen=True)
class _Item:
    """One item of the year as drawn.

    Attributes:
        series: float32 (path, day), contiguous.
        kept: bool (day,): days that count for mean and percentile (no dust, measured).
        bad, heavy: bool (path, day from the first on): index above 100 and above 200.
    """

    series: NDArray[np.float32]
    kept: NDArray[np.bool_]
    bad: NDArray[np.bool_]
    heavy: NDArray[np.bool_]


class ScenarioYear:
    """The paths of one city and year, ready to be assessed under packages of measures.

    Attributes:
        baseline: the year as drawn, without a package.
        days: datetime64[D] (day,), the days of the year.
        n_paths: number of paths.
    """

    def __init__(
        self,
        values: NDArray[np.float32],
        days: NDArray[np.datetime64],
        year: int,
        *,
        first_day: np.datetime64,
        standard: str | None = None,
        denominator: str = "valid",
        dust_removed: NDArray[np.bool_] | None = None,
        untouched: NDArray[np.bool_] | None = None,
    ) -> None:
        """Prepare the paths.

        Args:
            values: float32 (path, day, item) in the order of ``AIR_ITEMS``, observed days first.
            days: datetime64[D] (day,), days of ``year`` in order.
            year: the year assessed.
            first_day: first day that is drawn; days before it are never changed.
            standard, denominator, dust_removed: as for ``assess_year``.
            untouched: bool (day,) or (path, day): days of dust or fireworks.

        Raises:
            ValueError: shapes do not fit, or a day is of another year.
        """
        days = np.asarray(days, dtype="datetime64[D]")
        if values.ndim != 3 or values.shape[1:] != (len(days), len(AIR_ITEMS)):
            raise ValueError(
                f"values must have shape (path, {len(days)}, {len(AIR_ITEMS)}), got {values.shape}"
            )
        if not (days.astype("datetime64[Y]") == np.datetime64(str(year), "Y")).all():
            raise ValueError(f"every day must be of {year}")
        if len(days) > 1 and not (np.diff(days).astype(int) > 0).all():
            raise ValueError("the days must be in order, each once")
        self.days, self.year, self.n_paths = days, year, len(values)
        self._values = np.asarray(values, dtype=np.float32)
        self._options = (standard, denominator, dust_removed)
        self._first_day, self._untouched = first_day, untouched
        self._chosen = changing_days(days, first_day, untouched, len(values))
        self._begin = int(np.argmax(self._chosen.any(axis=0))) if self._chosen.any() else len(days)
        self.baseline = self._whole(self._values)
        dust = _dust(dust_removed, days)
        missing = np.isnan(self._values)
        #: A value missing on some paths only does not happen to what is drawn; the slow way serves.
        self._plain = bool((missing.any(axis=0) == missing.all(axis=0)).all())
        self._counted: NDArray[np.bool_] = np.asarray(~(missing & ~dust).any(axis=2))
        self._days_counted = self._counted.sum(axis=1, dtype=np.int64)
        self._edges = edges_by_day(days, standard)
        self._items = tuple(
            self._item(k, dust[:, k], missing[0, :, k]) for k in range(len(AIR_ITEMS))
        )

    def _whole(self, values: NDArray[np.float32]) -> AirYear:
        standard, denominator, dust = self._options
        return assess_year(
            values, self.days, AIR_ITEMS, self.year, standard=standard, denominator=denominator,
            dust_removed=dust,
        )  # fmt: skip

    def _item(self, k: int, dust: NDArray[np.bool_], missing: NDArray[np.bool_]) -> _Item:
        series = np.ascontiguousarray(self._values[:, :, k])
        return _Item(series, ~dust & ~missing, *self._above(k, series[:, self._begin :]))

    def _above(
        self, k: int, ahead: NDArray[np.float32]
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Whether the index is above 100 and above 200, of (path, day) from the first day on."""
        good, heavy, top = (edge[len(edge) - ahead.shape[1] :, k] for edge in self._edges)
        bad, worse = ahead > good, ahead > heavy
        if np.isfinite(top).any():
            inside = ahead <= top
            bad, worse = bad & inside, worse & inside
        return bad, worse

    def assess(self, factors: Factors | None, names: Collection[str] | None = None) -> AirYear:
        """The year under ``factors``; without any the baseline.

        Args:
            factors: one draw for each path, or one for all.
            names: indicators that are needed; the others are NaN. None: all of them.

        Raises:
            ValueError: the factors do not fit the paths.
        """
        if factors is None:
            return self.baseline
        fitting_factors(factors, self._values.shape)
        if not self._plain:
            changed = apply_factors(
                self._values, self.days, factors, first_day=self._first_day,
                untouched=self._untouched,
            )  # fmt: skip
            return self.baseline if changed is self._values else self._whole(changed)
        wanted = set(AIR_INDICATORS if names is None else names)
        if "composite_index" in wanted:
            wanted |= {name for name, _ in COMPOSITE_PARTS.values()}
        values = {
            name: own.copy() if name in wanted else np.full(self.n_paths, np.nan)
            for name, own in self.baseline.values.items()
        }
        if self._begin < len(self.days):
            for start in range(0, self.n_paths, _ROWS):
                rows = slice(start, min(start + _ROWS, self.n_paths))
                self._assess_rows(rows, factors, wanted, values)
        if "composite_index" in wanted:
            values["composite_index"] = composite_index(
                {item: values[name] for item, (name, _) in COMPOSITE_PARTS.items()},
                self._options[0] or "GB 3095-2012",
            )
        return replace(self.baseline, values=values)

    def _assess_rows(
        self,
        rows: slice,
        factors: Factors,
        wanted: Collection[str],
        values: dict[str, NDArray[np.float64]],
    ) -> None:
        """Write what changes on some of the paths into ``values``."""
        by_day = bool({"good_days", "good_day_ratio", "heavy_days"} & set(wanted))
        bad = [item.bad[rows] for item in self._items]
        heavy = [item.heavy[rows] for item in self._items]
        moved = False
        for k, item in enumerate(AIR_ITEMS):
            names = {f"{item}_annual_mean", f"{item}_p{PERCENTILES[item]}"} & set(wanted)
            ahead = self._ahead(k, rows, factors) if by_day or names else None
            if ahead is None:
                continue
            moved = True
            for name, found in self._statistics(k, rows, ahead, names).items():
                values[name][rows] = found
            if by_day:
                bad[k], heavy[k] = self._above(k, ahead)
        if moved and by_day:
            for name, found in self._day_counts(rows, bad, heavy).items():
                if name in wanted:
                    values[name][rows] = found

    def _ahead(self, k: int, rows: slice, factors: Factors) -> NDArray[np.float32] | None:
        """(path, day from the first on) of one item under the factors; None where none changes it."""
        begin = self._begin
        factor = _of(factors.values, rows)[:, begin:, k]
        if not (factor != 1.0).any():
            return None
        background = _of(factors.background, rows)[:, :, k]
        background = background[:, begin:] if background.shape[1] > 1 else background
        before = self._items[k].series[rows, begin:]
        found = applied_column(before, factor, background)
        keep = ~_of(self._chosen, rows)[:, begin:]
        return np.where(keep, before, found) if keep.any() else found

    def _statistics(
        self, k: int, rows: slice, ahead: NDArray[np.float32], names: Collection[str]
    ) -> dict[str, NDArray[np.float64]]:
        """Mean and percentile of one item of which the days ahead have changed."""
        item = self._items[k]
        if not names or not item.kept.any():
            return {}
        series = np.concatenate([item.series[rows, : self._begin], ahead], axis=1)
        if not item.kept.all():
            series = np.compress(item.kept, series, axis=1)
        out = {}
        for name in names:
            if name.endswith("_annual_mean"):
                # float32 comes back to the decimals of a reading, as the assessment does.
                out[name] = np.round(series.mean(axis=1, dtype=np.float64), 6)
            else:
                out[name] = percentile(series, PERCENTILES[AIR_ITEMS[k]])
        return out

    def _day_counts(
        self, rows: slice, bad: list[NDArray[np.bool_]], heavy: list[NDArray[np.bool_]]
    ) -> dict[str, NDArray[np.float64]]:
        """Good days, heavy days and the ratio; those before the first day are in the baseline."""
        counted = self._counted[rows, self._begin :]

        def affected(masks: list[NDArray[np.bool_]]) -> NDArray[np.int64]:
            found = masks[0]
            for mask in masks[1:]:
                found = found | mask
            return np.asarray((counted & found).sum(axis=1, dtype=np.int64))

        before = [i.bad[rows] for i in self._items], [i.heavy[rows] for i in self._items]
        base = self.baseline.values
        n_good = base["good_days"][rows] - affected(bad) + affected(before[0])
        n_heavy = base["heavy_days"][rows] + affected(heavy) - affected(before[1])
        below = self._days_counted[rows]
        if self._options[1] != "valid":
            below = np.full(len(n_good), self.baseline.n_expected)
        return {
            "good_days": n_good, "heavy_days": n_heavy, "good_day_ratio": ratio_percent(n_good, below),
        }  # fmt: skip


def _of(array: NDArray[T], rows: slice) -> NDArray[T]:
    """The rows of an array that has one row a path, or a single one for all."""
    return array[rows] if len(array) > 1 else array


def _dust(
    dust_removed: NDArray[np.bool_] | None, days: NDArray[np.datetime64]
) -> NDArray[np.bool_]:
    """Dust flags (day, item): only particles are dust."""
    out = np.zeros((len(days), len(AIR_ITEMS)), dtype=np.bool_)
    if dust_removed is not None:
        flags = np.asarray(dust_removed, dtype=np.bool_)
        out |= flags[:, None] if flags.ndim == 1 else flags
        out &= np.array([item in ("pm10", "pm25") for item in AIR_ITEMS])
    return out
