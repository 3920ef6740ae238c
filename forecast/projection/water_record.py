"""Months of one section: what was observed, what is drawn, and what earlier years held."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.models.paths import Paths
from forecast.projection.settings import Settings
from forecast.standards.items import CLASS_ITEMS
from forecast.standards.water_class import item_classes
from forecast.standards.water_period import MONTHS_NEEDED, period_means, round_statistics

__all__ = [
    "PAST_YEARS",
    "REQUIRED",
    "SILENT_MONTHS",
    "Facts",
    "SectionRecord",
    "drawn_columns",
    "elapsed_months",
    "lake_record",
    "section_record",
]

#: A section silent for longer than this is not drawn further.
SILENT_MONTHS = 4
#: Earlier years that are assessed beside the one asked: a plan's period and its base year.
PAST_YEARS = 10
#: Items without which a section that monitors them has no class.
REQUIRED: tuple[str, ...] = ("ph", "do", "codmn", "nh3n")


@dataclass(frozen=True)
class Facts:
    """What is known of a section beside its concentrations.

    Attributes:
        kind: ``section``, ``source`` (of drinking water) or ``groundwater`` (a point).
        water_type: ``river`` or ``lake``, by attribute of the section (limits of phosphorus).
        last: last day with a sample.
        dry: months of the year in which the section carried no water, bool (12,).
        published: class of each month as published, (12,), NaN without one.
        published_drawn: drawn classes of the months, (path, 12); None where nothing is drawn.
        published_past: earlier year → published classes of its months, (12,).
        censored: item → share of its samples of the last two years below detection.
        moved: first day at its present position; years before say nothing of its class.
        other_names: names under which its readings also came.
        own_class: the class that is asked of this section, 1 to 6; None where none is declared.
        background: items whose exceedance is of natural background, as declared.
        hidden_years: item → years all of whose samples were below detection.
        frequent: whether a month usually has several samples, so that one that is not over is not
            yet known.
    """

    kind: str = "section"
    water_type: str = "river"
    last: date | None = None
    dry: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(12, dtype=np.bool_))
    published: NDArray[np.float64] = field(default_factory=lambda: np.full(12, np.nan))
    published_drawn: NDArray[np.float64] | None = None
    published_past: Mapping[int, NDArray[np.float64]] = field(default_factory=dict)
    censored: Mapping[str, float] = field(default_factory=dict)
    moved: date | None = None
    other_names: tuple[str, ...] = ()
    own_class: int | None = None
    background: tuple[str, ...] = ()
    hidden_years: Mapping[str, frozenset[int]] = field(default_factory=dict)
    frequent: bool = False


@dataclass(frozen=True)
class SectionRecord:
    """Monthly means of one section.

    Attributes:
        items: code of each column.
        observed: (month, item) of the year asked, NaN where there is none.
        joined: (path, month, item), observed and drawn; None where nothing is drawn.
        ahead: numbers of the months (from 0) that may differ from path to path; the others are
            the same on all. None: any may.
        past: earlier year → (month, item), for years with enough months.
        last_year: (month, item) of the year before, with however many months it has.
        years: years with any value, the one asked included.
        rhythm: most months with a value in any of the last whole years.
    """

    name: str
    items: tuple[str, ...]
    observed: NDArray[np.float64]
    joined: NDArray[np.float64] | None
    past: dict[int, NDArray[np.float64]]
    last_year: NDArray[np.float64]
    facts: Facts = Facts()
    years: frozenset[int] = frozenset()
    rhythm: int = 12
    ahead: tuple[int, ...] | None = None

    @cached_property
    def year_means(self) -> NDArray[np.float64] | None:
        """Mean of every item over the year on every path, (path, item); None where not drawn."""
        if self.joined is None:
            return None
        if self.ahead is None:
            return period_means(self.joined, self.items, axis=1)
        acid = np.array([item == "ph" for item in self.items], dtype=np.bool_)
        same = [m for m in range(self.joined.shape[1]) if m not in self.ahead]
        total = _summed(self.joined[:1, same], acid)
        count = np.isfinite(self.joined[0]).sum(axis=0)
        # Items by rows: each of them is taken by itself later.
        means = np.empty((len(self.items), len(self.joined)))
        means[...] = total.T
        for month in self.ahead:
            means += _summed(self.joined[:, [month]], acid).T
        means = np.divide(
            means, count[:, None], out=np.full_like(means, np.nan), where=count[:, None] > 0
        )
        means[acid] = -np.log10(means[acid])
        found: NDArray[np.float64] = means.T
        return found

    @cached_property
    def month_item_classes(self) -> NDArray[np.int8]:
        """Class of each item that decides one in each observed month, (month, class item)."""
        rounded = round_statistics(self.observed[:, list(self.counted)], self.class_items)
        return item_classes(rounded, self.class_items, self.facts.water_type)

    @cached_property
    def past_means(self) -> dict[int, NDArray[np.float64]]:
        """Earlier year → mean of every item, (item,)."""
        if not self.past:
            return {}
        found = period_means(np.stack(list(self.past.values())), self.items, axis=1)
        return dict(zip(self.past, found, strict=True))

    @cached_property
    def observed_means(self) -> NDArray[np.float64]:
        """Mean of every item over the months observed, (item,), NaN without one."""
        return period_means(self.observed, self.items)

    @cached_property
    def counted(self) -> tuple[int, ...]:
        """Columns whose item decides a class."""
        return tuple(j for j, i in enumerate(self.items) if i in CLASS_ITEMS)

    @cached_property
    def class_items(self) -> tuple[str, ...]:
        """Items that decide a class."""
        return tuple(self.items[j] for j in self.counted)

    @cached_property
    def absent(self) -> tuple[str, ...]:
        """Required items that the section has never had: they do not withhold its class."""
        return tuple(i for i in REQUIRED if i not in self.class_items)

    @cached_property
    def classes_only(self) -> bool:
        """Whether nothing but published classes is known, by now: items may have ended."""
        published = self.facts.published
        if not self.counted:
            return bool(np.isfinite(published).any() or self.facts.published_past)
        columns = list(self.counted)
        late = (self.observed[:, columns], self.last_year[:, columns])
        ended = not any(np.isfinite(table).any() for table in late)
        return ended and self.joined is None and bool(np.isfinite(published).any())

    @cached_property
    def n_months(self) -> int:
        """Months of the year with a value, or with a published class where that is all."""
        if self.classes_only:
            return int(np.isfinite(self.facts.published).sum())
        return int(np.isfinite(self.observed).any(axis=1).sum())

    @property
    def final(self) -> NDArray[np.float64]:
        """(path, month, item): the year on every path, or the observed one alone."""
        return self.joined if self.joined is not None else self.observed[None]

    @property
    def n_final(self) -> int:
        """Months that the year will have."""
        if self.classes_only:
            drawn = self.facts.published_drawn
            table = self.facts.published[None] if drawn is None else drawn
            return int(np.isfinite(table[0]).sum())
        return int(np.isfinite(self.final[0]).any(axis=1).sum())

    def months_left(self, settings: Settings) -> int:
        """Months of the year after the last one with a value: those that can still be sampled."""
        if settings.year_over:
            return 0
        values = (
            np.isfinite(self.facts.published)
            if self.classes_only
            else np.isfinite(self.observed).any(axis=1)
        )
        seen = np.flatnonzero(values)
        # A month that is over and went without a sample is not coming back.
        day = pd.Timestamp(settings.as_of)
        whole = elapsed_months(settings) - (day.day < day.days_in_month)
        gone = whole if settings.as_of.year == settings.year else 0
        return 12 - max(int(seen[-1]) + 1 if seen.size else 0, gone)


def _summed(table: NDArray[np.float64], acid: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Sums over the months of (path, month, item), pH as hydrogen ion, NaN left out."""
    plain = np.where(np.isfinite(table), table, 0.0)
    plain[..., acid] = np.where(np.isfinite(table[..., acid]), 10.0 ** -plain[..., acid], 0.0)
    return np.asarray(plain.sum(axis=1))


def elapsed_months(settings: Settings) -> int:
    """Months of the year begun by the as-of date."""
    begun = (settings.as_of.year - settings.year) * 12 + settings.as_of.month
    return min(12, max(0, begun))


def drawn_columns(drawn: Paths | None) -> dict[str, dict[str, int]]:
    """Place → item → column of the drawn values."""
    out: dict[str, dict[str, int]] = {}
    if drawn is not None:
        for column, (place, item) in enumerate(zip(drawn.places, drawn.items, strict=True)):
            out.setdefault(place, {})[item] = column
    return out


def section_record(
    name: str,
    monthly: pd.DataFrame,
    drawn: Paths | None,
    columns: Mapping[str, int],
    facts: Facts,
    settings: Settings,
) -> SectionRecord:
    """Put the observed and the drawn months of one section side by side.

    Args:
        monthly: months × (place, item) up to the as-of date.
        columns: item → column of ``drawn`` for this section.
    """
    months = np.array([f"{settings.year}-{m:02d}-01" for m in range(1, 13)], dtype="datetime64[D]")
    own = _Own.of(name, monthly)
    begin = np.datetime64(f"{settings.year - 2}-01", "M")
    recent = np.asarray(np.isfinite(own.values[own.months >= begin]).any(axis=0))
    items = tuple(i for i, there in zip(own.items, recent, strict=True) if there)
    years = _by_year(own.months, own.values[:, recent], settings)
    seen, under_way, begun = _without_month_under_way(years[settings.year], facts, settings)
    rhythm = _rhythm(own, settings)
    ahead = []
    joined = None
    if drawn is not None and items and facts.last is not None:
        last = facts.last
        silent = (settings.as_of.year - last.year) * 12 + settings.as_of.month - last.month
        # The items whose months can be drawn decide; one that can't be drawn is left as observed.
        if columns and silent <= SILENT_MONTHS and rhythm >= MONTHS_NEEDED:
            joined = np.repeat(seen[None], settings.n_paths, axis=0)
            last_month = np.datetime64(last, "M").astype("datetime64[D]")
            for month, time in enumerate(months):
                # A month before the section's last sample stays missing; later ones are drawn.
                k = int(np.searchsorted(drawn.times, time))
                known = time <= last_month and month != under_way
                if known or k >= len(drawn.times) or drawn.times[k] != time:
                    continue
                ahead.append(month)
                for j, item in enumerate(items):
                    if item in columns:
                        joined[:, month, j] = drawn.values[:, k, columns[item]]
                if month == under_way:
                    part = settings.as_of.day / pd.Timestamp(settings.as_of).days_in_month
                    joined[:, month] = _mixed(begun, joined[:, month], part, items)
    past = {}
    for year in range(settings.year - PAST_YEARS, settings.year):
        values = years[year]
        # Years at another position are another section's.
        here = facts.moved is None or facts.moved <= date(year, 1, 31)
        if here and np.isfinite(values).any(axis=1).sum() >= MONTHS_NEEDED:
            past[year] = values
    before = years[settings.year - 1].copy()
    if facts.moved is not None:
        start = (facts.moved.year - settings.year + 1) * 12 + facts.moved.month - 1
        before[: max(0, min(12, start))] = np.nan
    present = frozenset(y for y, v in years.items() if np.isfinite(v).any())
    return SectionRecord(
        name, items, seen, joined, past, before, facts, present, rhythm, tuple(ahead)
    )


@dataclass(frozen=True)
class _Own:
    """Monthly means of one section: months (month,), item of each column, (month, item)."""

    months: NDArray[np.datetime64]
    items: tuple[str, ...]
    values: NDArray[np.float64]

    @classmethod
    def of(cls, name: str, monthly: pd.DataFrame) -> _Own:
        """The columns (place, item) of ``monthly`` that are of the section."""
        at = np.flatnonzero(monthly.columns.get_level_values("place") == name)
        items = tuple(str(i) for i in monthly.columns.get_level_values("item")[at])
        values = monthly.to_numpy(dtype=np.float64)[:, at]
        return cls(monthly.index.to_numpy().astype("datetime64[M]"), items, values)


def _rhythm(own: _Own, settings: Settings) -> int:
    """Most months with a value in any of the last three whole years of record; 12 where none is.

    A year counts as whole where an earlier year has values too.
    """
    seen = own.months[np.isfinite(own.values).any(axis=1)]
    if not len(seen):
        return 12
    of = seen.astype("datetime64[Y]").astype(np.int64) + 1970
    years = range(max(settings.year - PAST_YEARS, int(of[0]) + 1), settings.year)
    return max((int((of == year).sum()) for year in years), default=12) or 12


def _without_month_under_way(
    seen: NDArray[np.float64], facts: Facts, settings: Settings
) -> tuple[NDArray[np.float64], int | None, NDArray[np.float64]]:
    """The year without a month that is not over where months have many samples, and that month.

    Returns:
        (month, item) without it, its number from 0 (None where all count), and its means so far.
    """
    day = pd.Timestamp(settings.as_of)
    at = settings.as_of.month - 1
    open_month = settings.as_of.year == settings.year and day.day < day.days_in_month
    if not facts.frequent or not open_month or not np.isfinite(seen[at]).any():
        return seen, None, np.full(seen.shape[1], np.nan)
    rest = seen.copy()
    rest[at] = np.nan
    return rest, at, seen[at]


def _mixed(
    begun: NDArray[np.float64], drawn: NDArray[np.float64], part: float, items: tuple[str, ...]
) -> NDArray[np.float64]:
    """Mean of a month of which ``part`` is observed, (path, item); pH through the hydrogen ion."""
    acid = np.array([item == "ph" for item in items])
    so_far, ahead = np.where(acid, 10.0**-begun, begun), np.where(acid, 10.0**-drawn, drawn)
    mean = np.where(np.isfinite(begun), part * so_far + (1.0 - part) * ahead, ahead)
    return np.where(acid, -np.log10(np.where(acid, mean, 1.0)), mean)


def _by_year(
    months: NDArray[np.datetime64], table: NDArray[np.float64], settings: Settings
) -> dict[int, NDArray[np.float64]]:
    """Year → (month, item) of the year asked and the earlier ones, NaN where there is no value."""
    at = months.astype(np.int64)
    out = {}
    for year in range(settings.year - PAST_YEARS, settings.year + 1):
        start = (year - 1970) * 12
        inside = (at >= start) & (at < start + 12)
        of_year = np.full((12, table.shape[1]), np.nan)
        of_year[at[inside] - start] = table[inside]
        out[year] = of_year
    return out


def lake_record(name: str, points: list[SectionRecord]) -> SectionRecord:
    """A lake of several points: the mean over its points in every month (pH through H+).

    The points of a lake are averaged before the lake is graded (环办〔2011〕22号 as practised; from
    memory). A month of the lake is there where any point has it.
    """
    items = tuple(dict.fromkeys(i for p in points for i in p.items))

    def mean(tables: list[tuple[tuple[str, ...], NDArray[np.float64]]]) -> NDArray[np.float64]:
        shape = tables[0][1].shape[:-1]
        stack = np.full((len(tables), *shape, len(items)), np.nan)
        for at, (own, table) in enumerate(tables):
            for j, item in enumerate(own):
                stack[at, ..., items.index(item)] = table[..., j]
        return period_means(stack, items, axis=0)

    # A point that can't be drawn would leave the lake's mean over other points than before.
    drawn = [(p.items, p.joined) for p in points if p.joined is not None]
    years = set.intersection(*(set(p.past) for p in points))
    lasts = [p.facts.last for p in points if p.facts.last]
    return SectionRecord(
        name, items,
        mean([(p.items, p.observed) for p in points]),
        mean(drawn) if len(drawn) == len(points) else None,
        {y: mean([(p.items, p.past[y]) for p in points]) for y in sorted(years)},
        mean([(p.items, p.last_year) for p in points]),
        Facts(water_type=points[0].facts.water_type, last=max(lasts, default=None)),
    )  # fmt: skip
