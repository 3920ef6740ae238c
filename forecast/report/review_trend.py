"""Data of the chart of annual indicators: values, limits in force, and Theil-Sen slopes."""

from __future__ import annotations

import itertools
from datetime import date

import numpy as np
import pandas as pd

from forecast.charts.annual_trend import AnnualPanel, AnnualTrendData, TrendLine
from forecast.errors import InputError
from forecast.report.figure_parts import stem
from forecast.report.review_days import CityDays, Notices, footer_for, year_days
from forecast.standards.air_assessment import AirYear, assess_year
from forecast.standards.indicators import indicator
from forecast.standards.items import AIR_ITEMS
from forecast.standards.judgement import official_value
from forecast.standards.limits import indicator_limit
from forecast.standards.versions import limits_standard_on, resolve
from forecast.trend import annual_theil_sen, seasonal_mann_kendall, theil_sen
from forecast.trend.months import monthly_means
from forecast.trend.seasonal_kendall import SeasonalKendall
from forecast.trend.table import agreeing

__all__ = ["TREND_INDICATORS", "trend_data"]

#: The six indicators of the annual review, means first.
TREND_INDICATORS: tuple[str, ...] = (
    "pm25_annual_mean", "pm10_annual_mean", "o3_8h_p90", "no2_annual_mean", "so2_annual_mean",
    "co_p95",
)  # fmt: skip

#: Seed of the resamples of a slope: the same record always gives the same bounds.
_SEED = 20150101
#: Share of its days that a month needs to count in a slope.
_CAPTURE = 0.75
#: More changes of the state of measurement than this are a mixture of sources, not steps.
_MOST_BREAKS = 3
#: Said of a slope where the calendar months compared with themselves go the other way.
_OPPOSITE = (
    "与季节 Sen 斜率方向相反，不作趋势结论",
    "opposite to Sen's seasonal slope: no conclusion",
)


def trend_data(city: CityDays, year: int, notices: Notices) -> AnnualTrendData:
    """Make the data of the annual indicators up to ``year``.

    Values are recomputed under one version of the rules, so their decimals are the same in every
    year; the limit is the one in force at the end of each year.

    Raises:
        InputError: there is no value of the year.
    """
    last = city.last_day(year)
    years = tuple(range(city.years[0], year + 1))
    assessed = {y: _assess(city, y) for y in years}
    breaks = _breaks(city)
    panels = tuple(_panel(city, name, assessed, breaks) for name in TREND_INDICATORS)
    n_expected = len(year_days(year, last))
    n_valid = int(np.isfinite(city.values(year_days(year, last))).any(axis=1).sum())
    first = city.history.dropna(how="all").index[0].date()
    standard = "+".join(dict.fromkeys(panels[0].standards))
    return AnnualTrendData(
        city.place,
        panels,
        footer_for(
            city, (first, last), (n_valid, n_expected), standard, "means",
            (*notices, *_partial(city, year, last), *_even(panels)),
        ),
        name=stem("annual_trend", city.region, str(year)),
    )  # fmt: skip


def _partial(city: CityDays, year: int, last: np.datetime64) -> Notices:
    if last == np.datetime64(f"{year}-12-31"):
        return ((f"有效/应有天数为{year}年", f"valid/expected days are those of {year}"),)
    return (
        (f"{year}年数据至{str(last)[5:]}，空心点不作正式评价；有效/应有天数为该年",
         f"{year} ends on {str(last)[5:]}: open, no official value; valid/expected are of that year"),
    )  # fmt: skip


def _even(panels: tuple[AnnualPanel, ...]) -> Notices:
    """Say that slopes of even-length series differ from those of openair in R."""
    even = [
        indicator(p.indicator).en.split(" ")[0]
        for p in panels
        if p.trend is not None and p.trend.of == "months" and p.trend.n % 2 == 0
    ]
    if not even:
        return ()
    return (
        (f"{'、'.join(even)}的月数为偶数：R的稳健stl对部分偶数长序列有误，openair的斜率可能略有出入",
         f"even number of months ({', '.join(even)}): R's robust stl errs on some such series, "
         "so openair may print a slightly other slope"),
    )  # fmt: skip


def _assess(city: CityDays, year: int) -> AirYear:
    days = year_days(year)
    return assess_year(
        city.values(days), days, AIR_ITEMS, year, dust_removed=city.dust(days),
        standard=city.standard, denominator=city.denominator,
    )  # fmt: skip


def _breaks(city: CityDays) -> tuple[date, ...]:
    """First days of a new state of measurement."""
    basis = city.basis[city.basis != ""]
    changed = basis.ne(basis.shift()).to_numpy()
    found = [pd.Timestamp(d).date() for d in basis.index[changed][1:]]
    return tuple(found) if len(found) <= _MOST_BREAKS else ()


def _panel(
    city: CityDays, name: str, assessed: dict[int, AirYear], breaks: tuple[date, ...]
) -> AnnualPanel:
    years = tuple(assessed)
    tokens = tuple(
        resolve(city.standard).limits if city.standard else limits_standard_on(date(y, 12, 31))
        for y in years
    )
    raw = {y: float(a.values[name][0]) for y, a in assessed.items()}
    enough = {y: bool(a.valid[name][0]) for y, a in assessed.items()}
    measured = any(np.isfinite(v) for v in raw.values())
    limits = (indicator_limit(name, token) for token in tokens)
    inside = [d for d in breaks if years[0] <= d.year <= years[-1]]
    return AnnualPanel(
        indicator=name,
        years=years,
        values=tuple(float(official_value(name, v, tokens[-1])) for v in raw.values()),
        enough=tuple(enough.values()),
        limits=tuple(float("nan") if v is None else v for v in limits),
        standards=tokens,
        trend=_trend(city, name, raw, enough, inside) if measured else None,
        breaks=tuple(_position(d) for d in inside) if measured else (),
    )


def _position(day: date) -> float:
    """Where a day stands on the axis of years, whose whole numbers are mid-years."""
    return day.year + (day.timetuple().tm_yday - 0.5) / 365.25 - 0.5


def _trend(
    city: CityDays,
    name: str,
    raw: dict[int, float],
    enough: dict[int, bool],
    breaks: list[date],
) -> TrendLine:
    """The slope of monthly means without their season where it can be had, else of annual values."""
    if indicator(name).name.endswith("_annual_mean"):
        try:
            return _of_months(city, name.removesuffix("_annual_mean"), max(raw), breaks)
        except InputError:
            # Too few months, or a calendar month never seen: the annual values say what they can.
            pass
    return _of_years(raw, enough, breaks)


def _of_months(city: CityDays, item: str, year: int, breaks: list[date]) -> TrendLine:
    days = year_days(year)
    index = pd.date_range(city.history.index[0], days[-1])
    dates = index.to_numpy().astype("datetime64[D]")
    column = AIR_ITEMS.index(item)
    values = np.where(city.dust(dates)[:, column], np.nan, city.values(dates)[:, column])
    monthly = monthly_means(pd.Series(values, index=index), data_capture=_CAPTURE, spacing="1D")
    found = theil_sen(monthly, True, rng=np.random.default_rng(_SEED), breaks=breaks)
    note_zh, note_en = found.reason_zh, found.reason_en
    agreed, _ = agreeing(found, _kendall(monthly, breaks))
    if found.conclusive and not agreed.conclusive:
        note_zh, note_en = _OPPOSITE
    line = found.line()
    months = pd.DatetimeIndex(line.index)
    x = (months.year + (months.month - 6.5) / 12).to_numpy()
    y = line.to_numpy(dtype=np.float64)
    cuts = [0, *(int(months.searchsorted(pd.Timestamp(d))) for d in breaks), len(y)]
    segments = []
    for start, end in itertools.pairwise(cuts):
        own = np.arange(start, end)[np.isfinite(y[start:end])]
        if own.size > 1:
            segments.append(
                (float(x[own[0]]), float(x[own[-1]]), float(y[own[0]]), float(y[own[-1]]))
            )
    return TrendLine(
        found.slope, found.lower, found.upper, found.n, "months", len(found.filled),
        tuple(segments), found.percent, 100 * found.level, note_zh, note_en,
        agreed.conclusive,
    )  # fmt: skip


def _kendall(monthly: pd.Series, breaks: list[date]) -> SeasonalKendall | None:
    try:
        return seasonal_mann_kendall(monthly, breaks=breaks)
    except InputError:
        return None


def _of_years(raw: dict[int, float], enough: dict[int, bool], breaks: list[date]) -> TrendLine:
    known = {y: v for y, v in raw.items() if enough[y] and np.isfinite(v)}
    nan = float("nan")
    if len(known) < 2:
        return TrendLine(
            nan, nan, nan, len(known), "years",
            note_zh=f"{'只有1个年份' if known else '没有年份'}天数足够，没有斜率",
            note_en=f"{'one year' if known else 'no year'} with enough days: no slope",
            conclusive=False,
        )  # fmt: skip
    bases = {y: _stretch(y, breaks) for y in known}
    found = annual_theil_sen(known, bases=bases)
    segments = []
    if np.isfinite(found.slope):
        for basis in dict.fromkeys(bases.values()):
            own = [y for y in known if bases[y] == basis]
            if len(own) > 1:
                level = float(np.median([known[y] - found.slope * y for y in own]))
                a, b = own[0], own[-1]
                segments.append(
                    (float(a), float(b), level + found.slope * a, level + found.slope * b)
                )
    return TrendLine(
        found.slope, found.lower, found.upper, found.n_compared, "years", 0, tuple(segments),
        found.percent, 100 * found.level, found.reason_zh, found.reason_en, found.conclusive,
    )  # fmt: skip


def _stretch(year: int, breaks: list[date]) -> str:
    """Name of the stretch between two breaks that a whole year lies in; a cut year is alone."""
    if any(d.year == year and (d.month, d.day) != (1, 1) for d in breaks):
        return f"cut {year}"
    return f"part {sum(d <= date(year, 1, 1) for d in breaks)}"
