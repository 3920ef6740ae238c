"""The days of one city as the charts of a review count them: values, dust, AQI, level, leaders."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.charts.style import Footer
from forecast.errors import InputError
from forecast.projection.days import dust_matrix, matrix, wide
from forecast.projection.panel import Panel
from forecast.region_names import normalise_region
from forecast.standards.aqi import GOOD_AQI, daily_aqi
from forecast.standards.items import AIR_ITEMS
from forecast.standards.versions import AQI_2012, AQI_2026, CHANGE_2026, resolve

__all__ = ["AqiDays", "CityDays", "cities_of", "city_of", "dust_words", "footer_for", "year_days"]

Notices = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class AqiDays:
    """The days of a period under the rules of one year.

    Attributes:
        days: datetime64[D], shape (day,).
        aqi: int16 (day,), -1 where the day is invalid.
        level: 1 to 6, 0 where the day is invalid, int8 (day,).
        primary: bool (day, item), the items that lead a day above 50.
        dust: bool (day,), an item of the day is taken out of the means as dust.
        dust_caused: bool (day,), not good, and good without the dust's PM10 and PM2.5.
    """

    days: NDArray[np.datetime64]
    aqi: NDArray[np.int16]
    level: NDArray[np.int8]
    primary: NDArray[np.bool_]
    dust: NDArray[np.bool_]
    dust_caused: NDArray[np.bool_]

    @property
    def valid(self) -> NDArray[np.bool_]:
        """Days with an AQI of all items, bool (day,)."""
        return np.asarray(self.level > 0)

    @property
    def bad(self) -> NDArray[np.bool_]:
        """Valid days over 100, bool (day,)."""
        return np.asarray(self.level > 2)

    def leaders(self) -> tuple[str, ...]:
        """Codes of the items that lead each day, joined by ``+``; empty where none does."""
        return tuple(
            "+".join(i for i, led in zip(AIR_ITEMS, row, strict=True) if led)
            for row in self.primary
        )


@dataclass(frozen=True)
class CityDays:
    """The daily record of one city.

    Attributes:
        region, place: its names.
        history: days × six items, NaN missing [µg/m³, CO mg/m³].
        removed: ``date, item`` of the values taken out of the means as dust.
        basis: state of measurement by day (``standard_state``, ``actual`` …).
        standard: token of the version asked for; None: by date.
        denominator: of the good-day ratio, ``valid`` or ``calendar`` days.
        run_id: the run that charts of it stand with; empty outside one.
    """

    region: str
    place: str
    history: pd.DataFrame
    removed: pd.DataFrame
    basis: pd.Series
    standard: str | None
    denominator: str = "valid"
    run_id: str = ""
    #: What was worked out of a period, by its key: the reviews of all cities ask each city for it.
    worked_out: dict[tuple[Any, ...], Any] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @cached_property
    def _seen(self) -> pd.DatetimeIndex:
        """Days with any value."""
        return pd.DatetimeIndex(self.history.dropna(how="all").index)

    @property
    def years(self) -> list[int]:
        """Years with any value."""
        return sorted(int(y) for y in set(self._seen.year))

    def last_day(self, year: int) -> np.datetime64:
        """Last day of ``year`` with a value.

        Raises:
            InputError: the year has none; the message says which have.
        """
        own = self._seen[self._seen.year == year]
        if not len(own):
            years = self.years
            there = f"{years[0]} to {years[-1]}" if len(years) > 1 else str(years[0])
            raise InputError(
                f"There are no daily values of {self.place} in {year}.",
                f"Years with values: {there}.",
            )
        return np.datetime64(own.max().date(), "D")

    def values(self, days: NDArray[np.datetime64]) -> NDArray[np.float64]:
        """Values of ``days``, shape (day, item)."""
        return matrix(self.history, days)

    def dust(self, days: NDArray[np.datetime64]) -> NDArray[np.bool_]:
        """Values of ``days`` that are taken out of the means as dust, bool (day, item)."""
        return dust_matrix(self.removed, days)

    def aqi(self, days: NDArray[np.datetime64], rules_of: int) -> AqiDays:
        """Judge ``days`` by the rules that hold on the same month and day of ``rules_of``.

        History is compared under one version: in 2026, whose rules change on 1 March, so do those
        of every earlier year it is compared with.
        """
        if not len(days) or (days[-1] - days[0]).astype(int) + 1 != len(days):
            return self._judged(days, rules_of)
        key = ("aqi", days[0], days[-1], rules_of)
        if key not in self.worked_out:
            self.worked_out[key] = self._judged(days, rules_of)
        judged: AqiDays = self.worked_out[key]
        return judged

    def _judged(self, days: NDArray[np.datetime64], rules_of: int) -> AqiDays:
        values, dust = self.values(days), self.dust(days)
        tokens = self._rules(days, rules_of)
        exempt = dust & np.isnan(values)
        found = daily_aqi(values, days, AIR_ITEMS, tokens, not_monitored=exempt)
        counted = found.complete & (found.aqi >= 0)
        aqi = np.where(counted, found.aqi, np.int16(-1)).astype(np.int16)
        caused = np.zeros(len(days), dtype=bool)
        if dust.any():
            bare = np.where(dust, np.nan, values)
            without = daily_aqi(bare, days, AIR_ITEMS, tokens, not_monitored=dust)
            good_without = without.complete & (without.aqi <= GOOD_AQI)
            caused = counted & (aqi > GOOD_AQI) & good_without & dust.any(axis=1)
        return AqiDays(
            days, aqi, np.where(counted, found.level, 0).astype(np.int8),
            found.primary & counted[:, None], np.asarray(dust.any(axis=1)), caused,
        )  # fmt: skip

    def _rules(self, days: NDArray[np.datetime64], rules_of: int) -> str | NDArray[np.str_]:
        if self.standard is not None:
            return self.standard
        change = CHANGE_2026.astype("datetime64[Y]").astype(int) + 1970
        if rules_of != change:
            return AQI_2012 if rules_of < change else AQI_2026
        month = days.astype("datetime64[M]").astype(int) % 12 + 1
        return np.where(month < 3, AQI_2012, AQI_2026)

    def aqi_standard(self, year: int) -> str:
        """The HJ 633 tokens in force in ``year``, joined by ``+``."""
        if self.standard is not None:
            return resolve(self.standard).aqi
        ends = np.array([f"{year}-01-01", f"{year}-12-31"], dtype="datetime64[D]")
        return "+".join(dict.fromkeys(np.where(ends < CHANGE_2026, AQI_2012, AQI_2026).tolist()))

    def dusty(self) -> bool:
        """Whether any dust day is on record."""
        return not self.removed.empty


def cities_of(
    panel: Panel, standard: str | None, denominator: str = "valid", *, only: bool = True
) -> list[CityDays]:
    """Return the cities of ``panel``; those asked for alone where ``only``.

    A region with several places of kind city is the one that carries its name, else the first.
    """
    found: dict[str, CityDays] = {}
    air = panel.air
    if only and panel.only is not None:
        own = [r for r in air["region"].unique() if panel.wants(str(r))]
        air = air[air["region"].isin(own)]
    groups = air.groupby(["region", "place", "place_kind"], sort=True)
    for (region, place, kind), readings in groups:
        key = normalise_region(str(region))
        if kind != "city" or (only and not panel.wants(str(region))):
            continue
        if key in found and normalise_region(str(place)) != key:
            continue
        history = wide(readings)
        if not history.notna().to_numpy().any():
            continue
        basis = readings.drop_duplicates("date").set_index("date")["basis"].sort_index()
        found[key] = CityDays(
            str(region), str(place), history, panel.dust_of(str(region)), basis, standard,
            denominator,
        )  # fmt: skip
    return list(found.values())


def city_of(panel: Panel, standard: str | None, denominator: str = "valid") -> CityDays:
    """Return the one city asked for.

    Raises:
        InputError: it has samples of water and no daily values of air.
    """
    cities = cities_of(panel, standard, denominator)
    if not cities:
        others = sorted({str(r) for r in panel.air["region"].unique()})
        raise InputError(
            f"There are no daily values of air of {panel.only or 'any city'}.",
            f"Regions with them: {', '.join(others[:20])}." if others else
            "Take in daily city values first: forecast ingest <folder>.",
        )  # fmt: skip
    return cities[0]


def year_days(year: int, last: np.datetime64 | date | None = None) -> NDArray[np.datetime64]:
    """Days of ``year`` up to ``last`` (or to its end), shape (day,); an earlier end of February
    stands for 29 February."""
    end = np.datetime64(f"{year + 1}-01-01")
    if last is not None:
        month_day = str(last)[5:10]
        if month_day == "02-29" and not _leap(year):
            month_day = "02-28"
        end = np.datetime64(f"{year}-{month_day}") + 1
    return np.arange(np.datetime64(f"{year}-01-01"), end, dtype="datetime64[D]")


def _leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def dust_words(city: CityDays, kind: str) -> tuple[str, str]:
    """How dust days are treated, for the footer; ``kind`` is ``counts``, ``means`` or ``both``."""
    if not city.dusty():
        return "无沙尘日记录", "no dust days on record"
    words = {
        "counts": ("天数、比率含沙尘日", "day counts keep dust days"),
        "means": ("浓度扣除已知沙尘日", "concentrations without known dust days"),
        "both": (
            "浓度、指数扣除已知沙尘日，天数、比率含沙尘日",
            "means and index without known dust days, day counts with them",
        ),
    }
    return words[kind]


def footer_for(
    city: CityDays,
    span: tuple[object, object],
    counts: tuple[int, int],
    standard: str,
    kind: str,
    notices: Iterable[tuple[str, str]],
) -> Footer:
    """Return what stands under a chart of one city: period, days, standard, dust, notices."""
    dust = dust_words(city, kind)
    return Footer(
        period=f"{span[0]}/{span[1]}", n_valid=counts[0], n_expected=counts[1], standard=standard,
        run_id=city.run_id, dust_zh=dust[0], dust_en=dust[1], notices=tuple(notices),
    )  # fmt: skip
