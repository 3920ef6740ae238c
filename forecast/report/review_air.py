"""Data of the review's charts of days: the budget of bad days, the shares of levels, the calendar."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from forecast.charts.aqi_calendar import AqiCalendarData, OtherVersion
from forecast.charts.bad_day_budget import BadDayBudgetData
from forecast.charts.level_shares import LevelBar, LevelSharesData
from forecast.charts.words import COMPARATORS, LEVELS
from forecast.projection.panel import Panel
from forecast.report.figure_parts import stem
from forecast.report.review_days import AqiDays, CityDays, Notices, footer_for, year_days
from forecast.standards.aqi import daily_aqi
from forecast.standards.budget import bad_day_budget as budget_of
from forecast.standards.items import AIR_ITEMS, ITEMS
from forecast.standards.versions import AQI_2012, AQI_2026
from forecast.targets.applying import applying_targets
from forecast.targets.model import Target

__all__ = [
    "air_targets",
    "budget_data",
    "calendar_data",
    "expected_bad_days",
    "month_bars",
    "never_measured",
    "remarks_on",
    "shares_data",
    "unmeasured",
]  # fmt: skip

#: Earlier years that the budget is compared with, and the share of their days that must be valid.
_YEARS_BEFORE, _FULL = 5, 0.9


def air_targets(panel: Panel, region: str, year: int) -> list[Target]:
    """Targets of air judged in the whole of ``region`` in ``year``."""
    found, _ = applying_targets(
        panel.entered.plans, region, year, plan=panel.plan, aliases=panel.aliases
    )
    return [t for t in found if t.domain == "air" and not t.place]


def _span(city: CityDays, year: int) -> NDArray[np.datetime64]:
    """Days of ``year`` up to the last with a value."""
    return year_days(year, city.last_day(year))


def never_measured(city: CityDays, days: NDArray[np.datetime64]) -> tuple[str, ...]:
    """Names of the items without a value on any of ``days``."""
    known = np.isfinite(city.values(days)) | city.dust(days)
    return tuple(ITEMS[i].en for i, k in zip(AIR_ITEMS, known.T, strict=True) if not k.any())


def unmeasured(city: CityDays, year: int) -> Notices:
    """Say which items have no value in ``year``: what rests on them can't be computed."""
    gone = never_measured(city, year_days(year))
    if not gone:
        return ()
    days = "，也没有优良天数比率和综合指数" if len(gone) < len(AIR_ITEMS) else ""
    return (
        (f"{year}年没有{'、'.join(gone)}数据，相应指标未列出{days}",
         f"no reading of {', '.join(gone)} in {year}: what rests on them, good days and the "
         "composite index too, is not listed"),
    )  # fmt: skip


def remarks_on(city: CityDays, year: int, found: AqiDays) -> Notices:
    """What a reader of the days of a year must know.

    Items never measured (without all six no day has an AQI), too many invalid days for an official
    assessment, and rules that change within the year.
    """
    said: list[tuple[str, str]] = []
    gone = never_measured(city, found.days)
    share = float(found.valid.mean())
    if gone:
        said.append(
            (f"该年没有{'、'.join(gone)}数据，六项不全，各日AQI均按无效处理",
             f"no reading of {', '.join(gone)} in that year: without all six items every day is "
             "invalid")
        )  # fmt: skip
    elif share < _FULL:
        said.append(
            (f"有效天数只占{100 * share:.0f} %，天数和比率不足以作正式评价",
             f"{100 * share:.0f} % of the days are valid: too few for an official assessment")
        )  # fmt: skip
    if "+" in city.aqi_standard(year):
        said.append(
            (f"2月底以前按{AQI_2012}，3月1日起按{AQI_2026}，往年同月日按同一规则重算",
             f"{AQI_2012} to the end of February, {AQI_2026} from 1 March; earlier years by the "
             "rules of the same month and day")
        )  # fmt: skip
    return tuple(said)


def budget_data(
    city: CityDays,
    year: int,
    targets: Sequence[Target],
    notices: Notices,
    *,
    percent: float | None = None,
) -> BadDayBudgetData:
    """Make the data of the budget of bad days.

    The allowance is that of the valid days so far and all days after the last reading: days that
    are missing leave the denominator.

    Args:
        city: the daily record.
        year: the year drawn.
        targets: what is judged in that year; the first good-day ratio or number counts.
        notices: lines that must not be missed.
        percent: a good-day ratio [%] to draw instead of a plan's.

    Raises:
        InputError: there is no value of the year.
    """
    found = city.aqi(_span(city, year), year)
    state = np.where(found.valid, found.bad, -1).astype(np.int8)
    valid = int(found.valid.sum())
    whole = valid + len(year_days(year)) - len(found.days)
    allowed, words = _allowance(targets, whole, percent)
    expected, years = expected_bad_days(city, year)
    return BadDayBudgetData(
        place_zh=city.place, year=year, state=state, primary=found.leaders(), allowed=allowed,
        target_zh=words[0], target_en=words[1], expected=expected, expected_years=years,
        footer=footer_for(
            city, (found.days[0], found.days[-1]), (valid, len(found.days)),
            city.aqi_standard(year), "counts", (*notices, *remarks_on(city, year, found)),
        ),
        name=stem("bad_day_budget", city.region, str(year)),
    )  # fmt: skip


def _allowance(
    targets: Sequence[Target], days: int, percent: float | None
) -> tuple[int | None, tuple[str, str]]:
    """Bad days that the target leaves of ``days``, and the target in words."""
    if percent is not None:
        allowed = int(budget_of(days, percent, 0).allowed)
        return allowed, (
            f"假定优良天数比率 ≥ {percent:g} %",
            f"supposed good-day ratio ≥ {percent:g} %",
        )
    for target in targets:
        if (
            target.indicator not in ("good_day_ratio", "good_days")
            or target.comparator != ">="
            or target.value is None
            or target.change
        ):
            continue
        unit, unit_en = (" %", " %") if target.indicator == "good_day_ratio" else (" 天", " days")
        level = LEVELS.get(target.level, ("", ""))
        sign = COMPARATORS[target.comparator]
        allowed = days - math.ceil(target.value)
        if target.indicator == "good_day_ratio":
            allowed = int(budget_of(days, target.value, 0).allowed)
        said = bool(level[0]) and level[0] not in target.label_zh
        zh = f"{target.label_zh} {sign} {target.value:g}{unit}" + (
            f"（{level[0]}）" if said else ""
        )
        said = bool(level[1]) and level[1] not in target.label_en
        en = f"{target.label_en} {sign} {target.value:g}{unit_en}"
        en += f" ({level[1]})" if said else ""
        return allowed, (zh, en)
    return None, ("", "")


def expected_bad_days(
    city: CityDays, year: int
) -> tuple[NDArray[np.float64] | None, tuple[int, ...]]:
    """Mean share of bad days of each day of ``year`` in up to five earlier years.

    Years of which a tenth of the days or more are invalid are left out. The same month and day is
    compared; 29 February takes the mean of 28 February where no year has one, and a day that no
    year knows the mean of its month.
    """
    days = year_days(year)
    key = np.array([str(d)[5:] for d in days])
    at = {k: i for i, k in enumerate(key)}
    total, known = np.zeros(len(days)), np.zeros(len(days))
    used = []
    for before in range(year - _YEARS_BEFORE, year):
        own = year_days(before)
        found = city.aqi(own, year)
        if found.valid.sum() < _FULL * len(own):
            continue
        used.append(before)
        for day, valid, bad in zip(own, found.valid, found.bad, strict=True):
            k = at.get(str(day)[5:])
            if k is not None and valid:
                known[k] += 1
                total[k] += bad
    if not used:
        return None, ()
    mean = np.divide(total, known, out=np.full(len(days), np.nan), where=known > 0)
    month = days.astype("datetime64[M]").astype(int) % 12
    for m in range(12):
        own_month = month == m
        filled = np.nanmean(mean[own_month]) if np.isfinite(mean[own_month]).any() else 0.0
        mean = np.where(own_month & np.isnan(mean), filled, mean)
    return mean, tuple(used)


def month_bars(found: AqiDays, dust: NDArray[np.bool_], year: int) -> tuple[LevelBar, ...]:
    """Return the days of each month of ``year`` by level and leading item.

    Args:
        found: the days judged, up to the last one with a value.
        dust: values taken out of the means as dust, bool (day, item).
        year: the year.
    """
    month = found.days.astype("datetime64[M]").astype(int) % 12
    every = year_days(year).astype("datetime64[M]").astype(int) % 12
    bars = []
    for m in range(12):
        own = month == m
        bars.append(_bar(f"{m + 1}月", f"{m + 1}", found, own, dust, int((every == m).sum())))
    return tuple(bars)


def _bar(
    zh: str,
    en: str,
    found: AqiDays,
    own: NDArray[np.bool_],
    dust: NDArray[np.bool_],
    n_days: int,
) -> LevelBar:
    """Count the days ``own`` of a period of ``n_days``."""
    bad = own & found.bad
    leaders = found.primary.astype(np.float64)
    part = leaders / np.maximum(leaders.sum(axis=1), 1.0)[:, None]
    led = part[bad].sum(axis=0)
    by_dust = (part * dust)[bad & found.dust_caused].sum(axis=0)
    levels = np.bincount(found.level[own], minlength=7).astype(np.int64)
    return LevelBar(zh, en, levels, led, np.minimum(by_dust, led), n_days - int(own.sum()))


def shares_data(
    city: CityDays,
    year: int,
    others: Sequence[CityDays],
    notices: Notices,
    *,
    places: tuple[str, str] = ("点位", "points"),
) -> LevelSharesData:
    """Make the data of the shares of levels.

    Args:
        city: the daily record.
        year: the year drawn.
        others: cities or stations that get one bar each; those without a value stand empty.
        notices: lines that must not be missed.
        places: what the others are called.

    Raises:
        InputError: there is no value of the year.
    """
    days = _span(city, year)
    found = city.aqi(days, year)
    bars = []
    for other in others:
        judged = other.aqi(days, year)
        every = np.ones(len(days), dtype=bool)
        bars.append(_bar(other.place, "", judged, every, other.dust(days), len(days)))
    bars.sort(key=lambda b: (-_good(b.levels), b.label_zh))
    return LevelSharesData(
        place_zh=city.place, year=year, months=month_bars(found, city.dust(days), year),
        places=tuple(bars), places_zh=places[0], places_en=places[1], dust_known=city.dusty(),
        footer=footer_for(
            city, (days[0], days[-1]), (int(found.valid.sum()), len(days)),
            city.aqi_standard(year), "counts", (*notices, *remarks_on(city, year, found)),
        ),
        name=stem("level_shares", city.region, str(year)),
    )  # fmt: skip


def _good(levels: NDArray[np.int64]) -> float:
    valid = int(levels[1:].sum())
    return float(levels[1:3].sum()) / valid if valid else -1.0


def calendar_data(city: CityDays, year: int, notices: Notices) -> AqiCalendarData:
    """Make the data of the calendar: the year, the years before to the same day, both versions.

    Raises:
        InputError: there is no value of the year.
    """
    days = _span(city, year)
    found = city.aqi(days, year)
    counts, full = {}, []
    for before in range(year - 3, year):
        levels = city.aqi(year_days(before, days[-1]), year).level
        if (levels > 0).any():
            counts[before] = np.bincount(levels, minlength=7).astype(np.float64)
        if (levels > 0).mean() >= _FULL:
            full.append(before)
    standard = city.aqi_standard(year)
    other = AQI_2012 if AQI_2012 not in standard.split("+") else AQI_2026
    if "+" in standard:
        other = AQI_2012
    values = city.values(days)
    exempt = city.dust(days) & np.isnan(values)
    beside = daily_aqi(values, days, AIR_ITEMS, other, not_monitored=exempt)
    level = np.where(beside.complete & (beside.aqi >= 0), beside.level, 0).astype(np.int8)
    return AqiCalendarData(
        place_zh=city.place, year=year, dates=days, level=found.level, primary=found.leaders(),
        last_day=days[-1], standard=standard, dust=found.dust if city.dusty() else None,
        last_year=counts.get(year - 1),
        mean_3y=np.mean(list(counts.values()), axis=0) if len(full) == 3 else None,
        other=OtherVersion(other, level),
        footer=footer_for(
            city, (days[0], days[-1]), (int(found.valid.sum()), len(days)), standard, "counts",
            (*notices, *remarks_on(city, year, found), *_few_years(counts, full)),
        ),
        name=stem("aqi_calendar", city.region, str(year)),
    )  # fmt: skip


def _few_years(counts: dict[int, NDArray[np.float64]], full: list[int]) -> Notices:
    """Say why no mean of three years stands beside the counts."""
    if len(full) == 3 or not counts:
        return ()
    return (
        ("前三年中有年份有效天数不足九成，不列三年均值",
         "a year of the three before has less than nine tenths of its days: no mean of three"),
    )  # fmt: skip
