"""One past origin of one place: what was known, what came, and what plain rules would have said."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import InputError
from forecast.models.baselines import climatology, persistence, ytd_plus_rest, ytd_ratio
from forecast.projection.air_drawing import LATE_DAYS, undrawable
from forecast.projection.days import calendar_days, matrix, wide
from forecast.projection.hindcast_indicators import items_of, year_values
from forecast.projection.settings import Settings
from forecast.revisions import SOURCE_PRIORITY, speaking
from forecast.standards.air_assessment import YEAR_DAYS
from forecast.standards.items import AIR_ITEMS
from forecast.tables import TABLES

__all__ = ["Case", "HindcastSettings", "PlaceRecord", "Rules", "day", "records_of", "stopped"]

#: Part of the days that the year before needs for the rules that repeat it.
_ENOUGH_BEFORE = 0.75
#: A record that ends so long before the end of a year can't have a whole last month of it [days].
_OPEN_DAYS = 27


@dataclass(frozen=True)
class HindcastSettings:
    """What all past forecasts of one table have in common.

    Attributes:
        n_paths: number of sample paths.
        seed: root of all random streams.
        standard: token of a standard version, None for those in force by date.
        denominator: of the good-day ratio, ``valid`` or ``calendar`` days.
        ends: year to the last day that is judged, where that is not 31 December (a record that
            stops in the last year); the year before is then taken to the same day.
        min_days: valid days that the truth needs in a whole year, fewer in proportion in a shorter
            period. The 324 of GB 3095 without its rule on months: a year that lacks a week of one
            December has no official mean, and can still be scored. None for the whole rule.
        min_history: days with a reading that a place needs before the origin.
    """

    n_paths: int = 1000
    seed: int = 20150101
    standard: str | None = None
    denominator: str = "valid"
    ends: Mapping[int, date] = field(default_factory=dict)
    min_days: int | None = YEAR_DAYS
    min_history: int = 330

    def last_day(self, year: int) -> date:
        """Last day of ``year`` that is judged."""
        return self.ends.get(year, date(year, 12, 31))


@dataclass(frozen=True, eq=False)
class PlaceRecord:
    """All daily readings of one place.

    Attributes:
        region, place: names.
        frame: days × items in the order of ``AIR_ITEMS``, those that the place has; NaN missing,
            ascending days [µg/m³, CO mg/m³]. The truth is taken from it.
        versions: rows of the table ``air_daily`` of the place, where some value became known only
            after its day; None where what was known at an origin is what lies before it.
    """

    region: str
    place: str
    frame: pd.DataFrame
    versions: pd.DataFrame | None = None

    @classmethod
    def from_frame(cls, place: str, frame: pd.DataFrame, region: str = "") -> PlaceRecord:
        """Take a plain table of daily values: index of days, one column an item code.

        Raises:
            InputError: a day occurs twice, or a column is not one of the six items.
        """
        unknown = [str(c) for c in frame.columns if c not in AIR_ITEMS]
        if unknown:
            raise InputError(
                f"{place}: {', '.join(unknown)} is not one of the items {', '.join(AIR_ITEMS)}.",
                "Name the columns by item code and leave the others out.",
            )
        table = frame.copy()
        table.index = pd.DatetimeIndex(table.index).as_unit("s")
        if table.index.has_duplicates:
            twice = table.index[table.index.duplicated()][0]
            raise InputError(f"{place}: the day {twice:%Y-%m-%d} occurs twice.", "Keep one row.")
        return cls(region or place, place, _clean(table))

    @property
    def key(self) -> str:
        """Name of the place among all places."""
        return self.place if self.region == self.place else f"{self.region}/{self.place}"

    def known(self, origin: date) -> pd.DataFrame:
        """Readings known at the end of ``origin``, in the form of ``frame``."""
        until = pd.Timestamp(origin)
        if self.versions is None:
            return self.frame[self.frame.index <= until]
        rows = self.versions
        rows = rows[(rows["known_from"] < until + pd.Timedelta(days=1)) & (rows["date"] <= until)]
        if rows.empty:
            return self.frame.iloc[:0]
        spoken = speaking(rows, list(TABLES["air_daily"].key), SOURCE_PRIORITY)
        return _clean(wide(spoken)).reindex(columns=self.frame.columns)


def _clean(table: pd.DataFrame) -> pd.DataFrame:
    items = [item for item in AIR_ITEMS if item in table.columns]
    frame = table[items].astype("float64").sort_index()
    frame = frame.where(np.isfinite(frame) & (frame >= 0.0))
    return frame.dropna(axis=1, how="all").dropna(axis=0, how="all")


def records_of(readings: pd.DataFrame) -> list[PlaceRecord]:
    """Return the record of every city in rows of the table ``air_daily`` (all versions)."""
    records = []
    cities = readings[(readings["place_kind"] == "city") & readings["item"].isin(AIR_ITEMS)]
    for (region, place), rows in cities.groupby(["region", "place"], sort=True):
        own = rows.reset_index(drop=True)
        late = bool((own["known_from"] >= own["date"] + pd.Timedelta(days=1)).any())
        spoken = speaking(own, list(TABLES["air_daily"].key), SOURCE_PRIORITY)
        frame = _clean(wide(spoken))
        if len(frame):
            records.append(PlaceRecord(str(region), str(place), frame, own if late else None))
    return records


@dataclass(frozen=True)
class Rules:
    """What plain rules said of one indicator; NaN where a rule has nothing to go by.

    Attributes:
        previous: the value of the year before to the same day, as known at the origin.
        persistence: what repeats it day by day (29 February has no day to repeat it on).
        ytd_ratio, ytd_plus_rest: point forecasts (:mod:`forecast.models.baselines`).
        climatology: one value a past year, shape (year,).
    """

    previous: float
    persistence: float
    ytd_ratio: float
    ytd_plus_rest: float
    climatology: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Case:
    """One origin of one place.

    Attributes:
        record: the place.
        origin: last day used.
        settings: what all cases share.
    """

    record: PlaceRecord
    origin: date
    settings: HindcastSettings

    @cached_property
    def year(self) -> int:
        """The year that is forecast: that of the day after the origin."""
        return (self.origin + timedelta(days=1)).year

    @cached_property
    def days(self) -> NDArray[np.datetime64]:
        """Days of the period, shape (day,)."""
        return calendar_days(date(self.year, 1, 1), self.settings.last_day(self.year))

    @property
    def end(self) -> date:
        """Last day of the period."""
        return self.settings.last_day(self.year)

    @cached_property
    def history(self) -> pd.DataFrame:
        """What was known at the origin."""
        return self.record.known(self.origin)

    @cached_property
    def last(self) -> date | None:
        """Last day with a reading known at the origin."""
        return None if self.history.empty else day(self.history.index.max())

    @cached_property
    def undrawn(self) -> tuple[str, ...]:
        """Items of which a projection would not draw either: silent, standing still, too short."""
        settings = Settings(self.origin, self.year)
        history = self.history.reindex(columns=list(AIR_ITEMS))
        found = undrawable(history, settings, (self.end - self.origin).days)
        return tuple(item for item in self.items if item in found)

    @cached_property
    def usable(self) -> pd.DataFrame:
        """What a model is fitted to: what was known, without the items that are not drawn."""
        if not self.undrawn:
            return self.history
        table = self.history.copy()
        table[list(self.undrawn)] = np.nan
        return table.dropna(how="all")

    @property
    def items(self) -> tuple[str, ...]:
        """Items of the place."""
        return tuple(str(c) for c in self.record.frame.columns)

    def unfit(self) -> str:
        """Reason why nothing can be forecast or scored from this origin, empty if there is none."""
        if self.origin >= self.end:
            return "year_over"
        if self.last is None:
            return "before_data"
        if (self.end - day(self.record.frame.index.max())).days >= _OPEN_DAYS:
            return "year_open"
        if (self.origin - self.last).days > LATE_DAYS:
            return "silent"
        if len(self.history) < self.settings.min_history:
            return "short_history"
        return ""

    def truths(self, names: tuple[str, ...]) -> dict[str, float]:
        """What came: indicator to value, NaN where the year has too few valid days.

        Indicators whose items the place does not have are left out.
        """
        have = [n for n in names if set(items_of(n)) <= set(self.items)]
        if not have:
            return {}
        settings = self.settings
        values = matrix(self.record.frame, self.days)
        found = year_values(
            have, values, self.days, self.items, last=self.end, standard=settings.standard,
            denominator=settings.denominator,
        )  # fmt: skip
        out = {}
        for name, one in found.items():
            enough = bool(one.enough[0])
            if settings.min_days is not None:
                enough = int(one.n_valid[0]) * 365 >= settings.min_days * min(len(self.days), 365)
            out[name] = float(one.values[0]) if enough else np.nan
        return out

    def rules(self, name: str) -> Rules:
        """What the plain rules said of indicator ``name``."""
        needed = items_of(name)
        table = self.history[list(needed)]
        values = table.to_numpy(dtype=np.float64)
        days = table.index.to_numpy().astype("datetime64[D]")
        start, end = np.datetime64(self.days[0]), np.datetime64(self.days[-1])
        origin = np.datetime64(self.origin)
        rule = self._rule(name, needed)
        before = calendar_days(date(self.year - 1, 1, 1), _year_before(self.end))
        share = np.isfinite(matrix(table, before)).mean(axis=0).min()
        previous = last = ratio = rest = float("nan")
        if share >= _ENOUGH_BEFORE:
            previous = rule(matrix(table, before), before)
            last = persistence(values, days, rule, start=start, end=end)
            ratio = ytd_ratio(values, days, rule, start=start, end=end, origin=origin)
            rest = ytd_plus_rest(values, days, rule, start=start, end=end, origin=origin)
        past = climatology(values, days, rule, start=start, end=end, origin=origin)
        return Rules(previous, last, ratio, rest, past)

    def _rule(
        self, name: str, needed: tuple[str, ...]
    ) -> Callable[[NDArray[np.float64], NDArray[np.datetime64]], float]:
        known = self._known

        def rule(rows: NDArray[np.float64], days: NDArray[np.datetime64]) -> float:
            key = name.encode() + rows.tobytes() + days[:1].tobytes()
            if key not in known:
                found = year_values(
                    [name], rows, days, needed, standard=self.settings.standard,
                    denominator=self.settings.denominator, partial=True,
                )  # fmt: skip
                known[key] = float(found[name].values[0])
            return known[key]

        return rule

    @cached_property
    def _known(self) -> dict[bytes, float]:
        return {}

    @cached_property
    def digest(self) -> str:
        """Hash of what was known at the origin and of what came."""
        told = hashlib.sha256("\x1f".join((self.record.region, self.record.place)).encode())
        came = self.record.frame
        year = [pd.Timestamp(self.days[0]), pd.Timestamp(self.days[-1])]
        for part in (self.history, came[(came.index >= year[0]) & (came.index <= year[1])]):
            told.update(",".join(part.columns).encode())
            told.update(part.index.to_numpy().astype("datetime64[D]").tobytes())
            told.update(np.ascontiguousarray(part.to_numpy(dtype=np.float64)).tobytes())
        return told.hexdigest()


def stopped(case: Case, name: str, truths: Mapping[str, float]) -> str:
    """Reason why indicator ``name`` can't be scored in ``case``, empty if there is none."""
    if name not in truths:
        return "not_measured"
    if set(items_of(name)) & set(case.undrawn):
        return "undrawable"
    return "" if np.isfinite(truths[name]) else "truth_short"


def day(moment: pd.Timestamp) -> date:
    """The calendar day of a time stamp."""
    return moment.date()


def _year_before(end: date) -> date:
    if (end.month, end.day) == (2, 29):
        return date(end.year - 1, 2, 28)
    return end.replace(year=end.year - 1)
