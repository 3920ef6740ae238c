"""Data of the chart of weather normalisation: which weather, which base year, in which words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from forecast.charts.weather_normalised import Comparison, WeatherNormalisedData, signed
from forecast.errors import InputError, UsageError
from forecast.models.weather_effect import weather_days
from forecast.projection.panel import Panel
from forecast.region_names import normalise_region
from forecast.report.figure_parts import stem
from forecast.report.review_days import CityDays, Notices, footer_for
from forecast.report.trend_series import basis_changes, daily_values
from forecast.standards.items import ITEMS
from forecast.standards.versions import limits_standard_on, resolve
from forecast.targets.applying import plans_of_region
from forecast.targets.model import period_years
from forecast.trend.weather_dependence import seasonal_dependence
from forecast.trend.weather_model import METHODS, Method
from forecast.trend.weather_normalised import WeatherNormalised, weather_normalise

__all__ = [
    "CityNormalised",
    "RegionWeather",
    "base_year",
    "basis_words",
    "normalise_city",
    "region_weather",
    "score_words",
    "weather_data",
    "weather_table",
]

#: Trees, draws of weather and refits: half of what the method does by itself, at half of its time;
#: on two real cities the parts of a change moved by less than a tenth of their interval.
TREES, RESAMPLES, REFITS = 60, 60, 8
#: Days on either side whose weather is normal for a day. With 30 the seasons run into each other:
#: the normalised mean of the whole record, which should be the observed one, is 8 to 18 % above it
#: in 保定 and 北京 (logarithms of autumn days in winter weather), with 7 to 10 days 1 to 6 %.
WINDOW = 10
#: Not used: visibility is an effect of pollution, not a cause.
_NOT_USED = frozenset({"visibility"})
#: Part of the days of the fullest weather item that another one needs, as in a run.
_FULL_ENOUGH = 0.8
#: Part of the days of a year that an annual mean needs.
_ENOUGH = 0.5
_MODELS = {"forest": ("随机森林", "forest"), "boosting": ("梯度提升树", "boosted trees")}


@dataclass(frozen=True)
class RegionWeather:
    """Daily weather of a region as a model of its air takes it.

    Attributes:
        table: days × weather items, the mean of the region's stations.
        stepped: items left out because their level jumps, as where a station moved.
    """

    table: pd.DataFrame
    stepped: tuple[str, ...] = ()


def region_weather(panel: Panel, city: CityDays, values: pd.Series) -> RegionWeather:
    """Return the weather that a run uses for ``city``, on the days from the first value to the last.

    Items with too few days, items whose level jumps within these days, and visibility, which
    pollution makes, are left out.

    Args:
        panel: the weather of the workspace.
        city: whose weather.
        values: daily values of the item, NaN missing.

    Raises:
        InputError: there is no daily weather of these days, or the configuration turns it off.
    """
    table = panel.weather.get(normalise_region(city.region))
    if table is None or table.empty:
        raise InputError(
            f"There is no daily weather of {city.region}, so the weather can't be taken out of its "
            "air.",
            "Take it in with forecast ingest, or pull it with forecast fetch open-meteo; and see "
            "that [run] weather = true in forecast.toml.",
        )
    known = values.dropna()
    first, last = known.index[0], known.index[-1]
    inside = table[(table.index >= first) & (table.index <= last)]
    if inside.empty:
        raise InputError(
            f"{ITEMS[str(values.name)].en} of {city.place} has values from {first:%Y-%m-%d} to "
            f"{last:%Y-%m-%d} and the weather of {city.region} is of {table.index[0]:%Y-%m-%d} to "
            f"{table.index[-1]:%Y-%m-%d}: no day has both.",
            "Take in the weather of the same years.",
        )
    names = [str(c) for c in inside.columns if c not in _NOT_USED]
    count = inside[names].notna().sum()
    full = [n for n in names if count[n] and count[n] >= _FULL_ENOUGH * count.max()]
    days = pd.date_range(inside.index[0], inside.index[-1]).to_numpy().astype("datetime64[D]")
    stepped = weather_days(inside[full], days).stepped
    kept = [n for n in full if n not in stepped]
    if not kept:
        raise InputError(
            f"The level of every weather item of {city.region} jumps, as if its station had moved.",
            "Give the weather of one place without a break.",
        )
    return RegionWeather(inside[kept], stepped)


@dataclass(frozen=True)
class CityNormalised:
    """An item of a city in normal weather, and the weather items that were left out."""

    found: WeatherNormalised
    weather: RegionWeather


def normalise_city(
    city: CityDays, panel: Panel, item: str = "pm25", *, method: Method = "forest"
) -> CityNormalised:
    """Put an item of a city into normal weather; known dust days are no part of it.

    Raises:
        UsageError: the item or the method is not known.
        InputError: the item was never measured, there is no weather, or value and weather have too
            few days in common.
    """
    if method not in METHODS:
        raise UsageError(
            f"There is no model {method} of the weather.", f"Models: {', '.join(METHODS)}."
        )
    values = daily_values(city, item)
    weather = region_weather(panel, city, values)
    # Values beyond the weather say nothing of it: the record drawn is the one that has both.
    table = weather.table
    inside = values[(values.index >= table.index[0]) & (values.index <= table.index[-1])]
    found = weather_normalise(
        inside.to_frame(item), table, item, method=method, trees=TREES, resamples=RESAMPLES,
        refits=REFITS, window=WINDOW,
    )  # fmt: skip
    return CityNormalised(found, weather)


def base_year(panel: Panel, region: str, year: int, item: str) -> tuple[int, str, str] | None:
    """Return the base year of the plan in force in ``year``, with what it is called.

    In order: the base year that a target of its period on the item names, or that its own base
    figure of the item has; the year before the plan's first. A base figure of earlier years is that
    of the plan before, which a plan looks back on. None without a plan of the region.
    """
    plans = plans_of_region(panel.entered.plans, region, panel.aliases)
    if panel.plan is not None:
        plans = [p for p in plans if p.id == panel.plan]
    name = f"{item}_annual_mean"
    named, begun = [], []
    for plan in plans:
        span = period_years(plan.period)
        if span is None or not (span[0] <= year and (span[1] is None or year <= span[1])):
            continue
        named += [
            t.base_year
            for t in plan.targets
            if t.base_year is not None
            and name in (t.indicator, t.of)
            and (t.year is None or t.year >= span[0])
        ]
        named += [
            h.year
            for h in plan.history
            if h.indicator == name
            and h.kind == "baseline"
            and h.year is not None
            and h.year >= span[0] - 1
        ]
        begun.append(span[0] - 1)
    for years, zh, en in (
        (named, "规划基准年", "the plan's base year"),
        (begun, "规划期前一年", "the year before the plan"),
    ):
        earlier = [y for y in years if y < year]
        if earlier:
            return max(earlier), zh, en
    return None


def weather_data(
    city: CityDays,
    panel: Panel,
    year: int | None,
    notices: Notices,
    *,
    item: str = "pm25",
    method: Method = "forest",
    made: CityNormalised | None = None,
) -> WeatherNormalisedData:
    """Make the data of the chart.

    Args:
        city: the daily record.
        panel: its weather and plans.
        year: the year compared with the one before and with the plan's base year; None: the last
            with values and weather.
        notices: lines that must not be missed.
        item: one of the six items.
        method: ``forest`` or ``boosting``.
        made: the normalised record, where it has been made already.

    Raises:
        InputError: no weather, too short a record, or none of the year.
    """
    if made is None:
        made = normalise_city(city, panel, item, method=method)
    found = made.found
    daily = found.daily
    both = daily["modelled"].dropna().index
    years = sorted({int(y) for y in pd.DatetimeIndex(both).year})
    if year is None:
        year = years[-1]
    if year not in years:
        raise InputError(
            f"No day of {year} has a value of {found.name} and the weather.",
            f"Years with both: {years[0]} to {years[-1]}.",
        )
    end = pd.Timestamp(both[both <= pd.Timestamp(year, 12, 31)].max())
    until = (end.month, end.day) if (end.month, end.day) != (2, 29) else (2, 28)
    asked = [(year - 1, "上年", "last year")]
    base = base_year(panel, city.region, year, item)
    if base is not None and base[0] != year - 1:
        asked.append(base)
    # Days up to the end of the year drawn, as in every chart of the review.
    shown = daily[daily.index <= pd.Timestamp(year, 12, 31)]
    monthly = found.monthly[found.monthly.index <= pd.Timestamp(year, 12, 31)]
    # No concentration is below nothing, whatever the refits scatter.
    monthly = monthly.assign(lower=monthly["lower"].clip(lower=0.0))
    breaks = tuple(
        pd.Timestamp(d) for d in basis_changes(city) if shown.index[0] <= pd.Timestamp(d) <= end
    )
    about = ITEMS[item]
    standard = resolve(city.standard).limits if city.standard else limits_standard_on(end.date())
    known = int(shown["modelled"].notna().sum())
    more: Notices = ()
    if len(breaks) and any(f < b.year <= year for f, _, _ in asked for b in breaks):
        more = ((
            "监测状态改变的台阶计入“排放等”",
            "the step at the change of basis is counted under emissions",
        ),)  # fmt: skip
    return WeatherNormalisedData(
        place_zh=city.place, item_zh=found.name, item_en=found.name, unit=about.unit, year=year,
        monthly=monthly, yearly=_yearly(shown), level=100 * found.level,
        comparisons=tuple(_compare(found, year, f, until, zh, en) for f, zh, en in asked),
        score_zh=score_words(found, "zh"), score_en=score_words(found, "en"),
        basis_zh=basis_words(made, "zh"), basis_en=basis_words(made, "en"),
        footer=footer_for(
            city, (shown.index[0].date(), end.date()), (known, len(shown[shown.index <= end])),
            standard, "means", (*notices, *more),
        ),
        breaks=breaks, name=stem("weather_normalised", city.region, item, str(year)),
        decimals=2 if item == "co" else 1,
    )  # fmt: skip


def _yearly(daily: pd.DataFrame) -> pd.DataFrame:
    """Means of the days with value and weather of each year that has half of its days."""
    known = daily[daily["modelled"].notna()]
    by = known.groupby(pd.DatetimeIndex(known.index).year)
    table = by[["observed", "normalised"]].mean()
    table.insert(0, "days", by.size())
    enough = table[table["days"] >= _ENOUGH * 365]
    return enough if not enough.empty else table


def _compare(
    found: WeatherNormalised, year: int, first: int, until: tuple[int, int], zh: str, en: str
) -> Comparison:
    try:
        return Comparison(first, year, zh, en, found.change(year, first, until=until))
    except InputError:
        return Comparison(
            first, year, zh, en, None,
            f"{first}年或{year}年有值且有气象的天数不足一半，不作分解",
            f"{first} or {year} has value and weather on less than half of its days: no split",
        )  # fmt: skip


def score_words(found: WeatherNormalised, lang: str) -> str:
    """How the model does on days that were held out, its bias beside it."""
    held, unit = found.held_out, found.unit
    if held is None:
        return "未做留出检验" if lang == "zh" else "no days were held out"
    s: Mapping[str, Any] = held.scores
    r2, rmse, bias = f"{s['r2']:.2f}", f"{s['rmse']:.1f}", signed(float(s["bias"]), 1)
    if found.unit == "mg/m³":
        rmse, bias = f"{s['rmse']:.2f}", signed(float(s["bias"]), 2)
    n, span = int(s["n"]), (f"{held.first:%Y-%m-%d}", f"{held.last:%Y-%m-%d}")
    before = math.isfinite(held.persistence)
    means = [f"{v:.1f}" for v in (held.observed, held.predicted, held.persistence)]
    if lang == "zh":
        return (
            f"留出检验（按时间，{span[0]} 至 {span[1]} 共 {n} 天，只用此前数据）：R² {r2}，RMSE {rmse}，"
            f"偏差（监测−预测）{bias} {unit}；均值：监测 {means[0]}，预测 {means[1]}"
            + (f"，上年同期 {means[2]}" if before else "")
        )
    return (
        f"held out in order of time ({span[0]} to {span[1]}, {n} days, earlier days alone used): R² "
        f"{r2}, RMSE {rmse}, bias (observed less predicted) {bias} {unit}; means: observed "
        f"{means[0]}, predicted {means[1]}" + (f", a year before {means[2]}" if before else "")
    )


def basis_words(made: CityNormalised, lang: str) -> str:
    """Which model, which weather, what normal means, what emissions stands for."""
    at, s = 0 if lang == "zh" else 1, made.found.settings
    model = _MODELS[s.method][at]
    items = [_named(i, lang) for i in made.found.model.rows.items]
    out = [_named(i, lang) for i in made.weather.stepped]
    if lang == "zh":
        return (
            f"{model}（{s.trees}棵，趋势单列）；气象：{'、'.join(items)}"
            + (f"（{'、'.join(out)}水平有跃变，未用）" if out else "")
            + f"；正常气象为各年同一日前后{s.window}天的气象；“排放等”为正常气象下的变化，含一切非气象因素；"
            "缺测日不补"
        )
    return (
        f"{model} ({s.trees} trees, trend beside them); weather: {', '.join(items)}"
        + (f" ({', '.join(out)} not used, the level jumps)" if out else "")
        + f"; normal is that of all years within {s.window} days of the day; emissions: the change "
        "in normal weather, whatever else is no weather included; missing days are not filled"
    )


def _named(item: str, lang: str) -> str:
    about = ITEMS.get(item)
    return item if about is None else about.zh if lang == "zh" else about.en


def weather_table(found: WeatherNormalised, *, points: int = 20) -> pd.DataFrame:
    """Dependence on every weather item, as it departs from its season, one row a point.

    Columns: ``weather_item``, ``name_zh``, ``name_en``, ``weather_unit``, ``departure``, ``effect`` [unit
    of the item], ``range``: largest less smallest effect of that weather item [unit of the item].
    """
    parts = []
    for name in found.model.rows.items:
        part = seasonal_dependence(found, name, points=points)
        part.insert(0, "weather_item", name)
        part.insert(1, "name_zh", _named(name, "zh"))
        part.insert(2, "name_en", _named(name, "en"))
        part.insert(3, "weather_unit", ITEMS[name].unit if name in ITEMS else "")
        part["range"] = part["effect"].max() - part["effect"].min()
        parts.append(part)
    return pd.concat(parts, ignore_index=True)
