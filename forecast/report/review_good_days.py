"""Data of the good days explained: both standards, the same part of the year before, weather."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecast.charts.good_days_explained import ExplainedStandard, GoodDaysExplainedData
from forecast.errors import InputError
from forecast.projection.panel import Panel
from forecast.report.figure_parts import stem
from forecast.report.review_days import CityDays, Notices, footer_for, year_days
from forecast.report.review_weather import WINDOW, region_weather
from forecast.report.trend_series import daily_values
from forecast.standards.items import AIR_ITEMS
from forecast.standards.versions import AQI_2012, AQI_2026
from forecast.trend.good_days_explained import (
    GoodDaysYear,
    Split,
    explain_good_days,
    good_days_change,
)
from forecast.trend.weather_bad_days import normal_bad_days

__all__ = ["good_days_data", "good_days_words", "normal_bad"]

#: Trees and draws of the chance of a bad day: an annual count averages their scatter out.
_TREES, _RESAMPLES = 30, 40
#: Part of the valid days of each year that must have weather, so that its part can be told.
_ENOUGH = 0.75
_STANDARDS = (AQI_2012, AQI_2026)


def normal_bad(city: CityDays, panel: Panel, years: tuple[int, ...]) -> dict[str, pd.Series]:
    """Chance of a bad day in normal weather by day, under each version of the standard.

    Raises:
        InputError: there is no weather, too little of it in one of ``years``, or an item is missing.
    """
    values = daily_values(city, "pm25")
    weather = region_weather(panel, city, values).table
    whole = weather.dropna().index
    history = city.history[
        (city.history.index >= whole.min()) & (city.history.index <= whole.max())
    ]
    for year in years:
        own = city.history[pd.DatetimeIndex(city.history.index).year == year].dropna()
        share = float(own.index.isin(whole).mean()) if len(own) else 0.0
        if share < _ENOUGH:
            raise InputError(
                f"{100 * share:.0f} % of the days of {year} have weather, too few to tell its part.",
                "Take in the weather of that year.",
            )
    chances = {}
    for token in _STANDARDS:
        found = normal_bad_days(
            history, weather, standard=token, trees=_TREES, resamples=_RESAMPLES, window=WINDOW
        )
        # Single days before or after the weather have the mean of what is known.
        days = pd.date_range(city.history.index[0], city.history.index[-1])
        chances[token] = found.reindex(days).fillna(float(found.mean()))
    return chances


def good_days_data(
    city: CityDays,
    panel: Panel,
    year: int,
    notices: Notices,
    *,
    split: Split = "primary",
    weather: bool = True,
) -> GoodDaysExplainedData:
    """Make the data of the chart: the year beside the same part of the year before.

    Args:
        city: the daily record.
        panel: its weather.
        year: the year drawn, to its last day with a value.
        notices: lines that must not be missed.
        split: how a bad day is shared among items.
        weather: whether to ask what part the weather had; it takes some seconds.

    Raises:
        InputError: there is no value of the year.
    """
    last = city.last_day(year)
    until = (int(str(last)[5:7]), int(str(last)[8:10]))
    until = (2, 28) if until == (2, 29) else until
    daily = city.history[list(AIR_ITEMS)]
    dust = _dust_days(city)
    before_there = bool(
        daily[pd.DatetimeIndex(daily.index).year == year - 1].notna().to_numpy().any()
    )
    chances: dict[str, pd.Series] = {}
    told: Notices = ()
    if weather:
        try:
            chances = normal_bad(city, panel, (year - 1, year) if before_there else (year,))
        except InputError:
            told = (
                ("气象资料缺少或不足，未分出气象的影响",
                 "no daily weather, or too little of it: its part is not told apart"),
            )  # fmt: skip
    columns = tuple(
        _column(daily, year, token, until, dust, chances.get(token), split, before_there)
        for token in _STANDARDS
    )
    span = year_days(year, last)
    if not city.dusty():
        told = (
            *told,
            ("没有沙尘日记录，未分出沙尘", "no dust days on record: dust is not told apart"),
        )
    return GoodDaysExplainedData(
        place_zh=city.place, year=year, columns=columns,
        footer=footer_for(
            city, (span[0], span[-1]), (columns[0].year.valid, len(span)), "+".join(_STANDARDS),
            "counts", (*notices, *_rule(split), *told),
        ),
        name=stem("good_days_explained", city.region, str(year)),
    )  # fmt: skip


def _rule(split: Split) -> Notices:
    from forecast.trend.good_days_words import SPLITS

    return (SPLITS[split],)


def _dust_days(city: CityDays) -> pd.Series | None:
    if not city.dusty():
        return None
    days = city.history.index.to_numpy().astype("datetime64[D]")
    return pd.Series(city.dust(days).any(axis=1).astype(np.float64), index=city.history.index)


def _column(
    daily: pd.DataFrame,
    year: int,
    token: str,
    until: tuple[int, int],
    dust: pd.Series | None,
    chance: pd.Series | None,
    split: Split,
    before_there: bool,
) -> ExplainedStandard:
    def explained(one: int) -> GoodDaysYear:
        return explain_good_days(
            daily, one, standard=token, split=split, until=until, dust=dust, normal_bad=chance
        )

    now = explained(year)
    if not before_there:
        return ExplainedStandard(
            token, now, reason_zh=f"{year - 1}年没有数据，不作比较",
            reason_en=f"no values in {year - 1}: no comparison",
        )  # fmt: skip
    before = explained(year - 1)
    if not now.valid or not before.valid:
        lacking = [y.year for y in (now, before) if not y.valid]
        return ExplainedStandard(
            token, now, before,
            reason_zh=f"{'、'.join(map(str, lacking))}年没有六项齐全的日，不作比较",
            reason_en=f"no day with all six items in {' and '.join(map(str, lacking))}",
        )  # fmt: skip
    return ExplainedStandard(token, now, before, good_days_change(before, now))


def good_days_words(data: GoodDaysExplainedData) -> list[tuple[str, str]]:
    """The years and the change in words under each standard, (Chinese, English), in order."""
    said = []
    for column in data.columns:
        said.append((column.year.words_zh, column.year.words_en))
        if column.change is not None:
            said.append((
                f"（{column.token}）{column.change.words_zh}",
                f"({column.token}) {column.change.words_en}",
            ))  # fmt: skip
        elif column.reason_zh:
            said.append((column.reason_zh, column.reason_en))
    return said
