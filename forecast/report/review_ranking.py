"""Data of the chart of ranks: one row a city or station, this year beside those before."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from forecast.charts.city_ranking import CityRankingData, RankedPlace
from forecast.errors import InputError
from forecast.region_names import normalise_region
from forecast.report.figure_parts import stem
from forecast.report.review_days import CityDays, Notices, footer_for, year_days
from forecast.standards.air_assessment import COMPOSITE_PARTS, assess_year
from forecast.standards.items import AIR_ITEMS
from forecast.standards.judgement import official_decimals
from forecast.standards.limits import air_limit
from forecast.standards.versions import limits_standard_on, resolve
from forecast.targets.model import Target

__all__ = ["YEARS_BEFORE", "PlaceYear", "place_year", "ranking_data"]

#: Years before the one asked for that places are compared over.
YEARS_BEFORE = 3


@dataclass(frozen=True)
class PlaceYear:
    """One place over one period; NaN where a number is not known.

    Attributes:
        pm25: mean [µg/m³]; ``good``: good-day ratio [%]; ``heavy``: heavily polluted days.
        index: composite index; ``main``: item with the largest single index.
        n_valid: days with an AQI.
        enough_pm25, enough_days, enough_index: whether the days behind ``pm25``, behind ``good`` and
            ``heavy``, and behind ``index`` are enough.
    """

    pm25: float
    good: float
    heavy: float
    index: float
    main: str
    n_valid: int
    enough_pm25: bool
    enough_days: bool
    enough_index: bool

    @property
    def enough(self) -> bool:
        """Whether the place can be ranked."""
        return self.enough_days and self.enough_index

    def comparable(self) -> PlaceYear:
        """The same without the numbers that rest on too few days to be compared with."""
        nan = math.nan
        return replace(
            self, pm25=self.pm25 if self.enough_pm25 else nan,
            good=self.good if self.enough_days else nan,
            heavy=self.heavy if self.enough_days else nan,
            index=self.index if self.enough_index else nan,
        )  # fmt: skip


def place_year(city: CityDays, year: int, last: np.datetime64, rules_of: int) -> PlaceYear:
    """Assess ``year`` up to the month and day of ``last`` under the AQI rules of ``rules_of``."""
    days = year_days(year, last)
    values = city.values(days)
    found = city.aqi(days, rules_of)
    means = assess_year(
        values, days, AIR_ITEMS, year, dust_removed=city.dust(days), standard=city.standard,
        first=days[0], last=days[-1],
    )  # fmt: skip
    n = int(found.valid.sum())
    parts = {
        item: float(means.values[name][0])
        / air_limit(item, averaging, city.standard or "GB 3095-2012")
        for item, (name, averaging) in COMPOSITE_PARTS.items()
    }
    known = all(math.isfinite(v) for v in parts.values())
    below = n if city.denominator == "valid" else len(days)
    return PlaceYear(
        pm25=float(means.values["pm25_annual_mean"][0]),
        good=100.0 * float((found.valid & ~found.bad).sum()) / below if n else math.nan,
        heavy=float((found.level >= 5).sum()) if n else math.nan,
        index=float(means.values["composite_index"][0]),
        main=max(parts, key=lambda i: parts[i]) if known else "",
        n_valid=n,
        enough_pm25=bool(means.valid["pm25_annual_mean"][0]),
        enough_days=bool(means.valid["good_day_ratio"][0]),
        enough_index=bool(means.valid["composite_index"][0]),
    )


def ranking_data(
    cities: Sequence[CityDays],
    year: int,
    targets: Mapping[str, Sequence[Target]],
    notices: Notices,
    *,
    only: str = "",
    title: tuple[str, str] = ("", ""),
) -> CityRankingData:
    """Make the data of the ranks.

    All places are compared over the same part of the year: to the last day of the one asked for,
    or of the one with the latest. Earlier years go to the same month and day.

    Args:
        cities: the records; those without a value in ``year`` stand last, without a rank.
        year: this year.
        targets: region → what is judged there in that year.
        notices: lines that must not be missed.
        only: normalised name of the place that the chart is for.
        title: what the places are, in both languages; by default their number.

    Raises:
        InputError: no place has a value of the year.
    """
    there = [c for c in cities if year in c.years]
    if not there:
        years = sorted({y for c in cities for y in c.years})
        raise InputError(
            f"There are no daily values of {year}.",
            f"Years with values: {years[0]} to {years[-1]}." if years else
            "Take in daily values first: forecast ingest <folder>.",
        )  # fmt: skip
    asked = [c for c in there if only and normalise_region(c.region) == only]
    last = max(c.last_day(year) for c in asked or there)
    places = tuple(_ranked(c, year, last, targets.get(c.region, ()), only) for c in cities)
    lead = asked[0] if asked else there[0]
    n = len(cities)
    given = bool(title[0])
    if not given:
        name = lead.place
        title = (f"{name}等{n}个城市", f"{name} and {n - 1} more cities") if n > 1 else (name, name)
    whole = last == np.datetime64(f"{year}-12-31")
    month_day = f"{int(str(last)[5:7])}月{int(str(last)[8:])}日"
    standard = lead.aqi_standard(year) + ", " + (
        resolve(lead.standard).limits if lead.standard else limits_standard_on(str(last))
    )  # fmt: skip
    days = year_days(year, last)
    named = next((p for p in places if p.highlighted), places[0])
    more: Notices = ()
    if standard.count("HJ 633") > 1:
        more = (
            (
                "本年规则分两段，往年按同月日的规则重算",
                "the rules change within the year: earlier years are recomputed by those of the same day",
            ),
        )
    return CityRankingData(
        title_zh=title[0], title_en=title[1], year=year,
        period_zh="" if whole else f"1月1日至{month_day}",
        period_en="" if whole else f"to {str(last)[5:]}",
        pm25_decimals=_pm25_decimals(lead, last),
        places=places,
        footer=footer_for(
            lead, (days[0], last), (named.n_valid, len(days)), standard, "both", (*notices, *more)
        ),
        name=stem("city_ranking", lead.region if n == 1 or asked or given else "all", str(year)),
    )  # fmt: skip


def _pm25_decimals(city: CityDays, last: np.datetime64) -> int:
    """Places of an official PM2.5 mean under the version in force on ``last``, or the one asked for."""
    token = resolve(city.standard).limits if city.standard else limits_standard_on(last)
    return official_decimals("pm25_annual_mean", token) or 0


def _ranked(
    city: CityDays, year: int, last: np.datetime64, targets: Sequence[Target], only: str
) -> RankedPlace:
    now = place_year(city, year, last, year)
    past = [place_year(city, y, last, year).comparable() for y in range(year - YEARS_BEFORE, year)]
    return RankedPlace(
        name_zh=city.place, pm25=now.pm25, good=now.good, heavy=now.heavy, index=now.index,
        enough=now.enough, pm25_last=past[-1].pm25, pm25_mean3=_mean(p.pm25 for p in past),
        good_last=past[-1].good, good_mean3=_mean(p.good for p in past),
        heavy_last=past[-1].heavy, index_last=past[-1].index, main=now.main,
        pm25_target=_target(targets, "pm25_annual_mean", "<="),
        good_target=_target(targets, "good_day_ratio", ">="),
        highlighted=bool(only) and normalise_region(city.region) == only, n_valid=now.n_valid,
    )  # fmt: skip


def _mean(values: object) -> float:
    """Mean of three years; NaN unless each has a value."""
    return float(np.mean(list(values)))  # type: ignore[call-overload]


def _target(targets: Sequence[Target], name: str, comparator: str) -> float:
    return next(
        (
            float(t.value)
            for t in targets
            if t.indicator == name
            and t.comparator == comparator
            and t.value is not None
            and not t.change
        ),
        math.nan,
    )
