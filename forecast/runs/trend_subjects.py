"""What a trend is taken of: an item of a city, an indicator of air, an item of a section."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

import pandas as pd

from forecast.charts.annual_trend import AnnualPanel, AnnualTrendData, TrendLine, annual_trend
from forecast.charts.chart import Chart
from forecast.charts.monthly_trend import MonthlyTrendData, monthly_trend
from forecast.charts.style import Footer
from forecast.errors import InputError, UsageError
from forecast.models.circumstances import BASIS_CHANGE
from forecast.projection.panel import Panel
from forecast.region_names import normalise_region
from forecast.report.figure_parts import stem
from forecast.report.review_days import CityDays, Notices, footer_for
from forecast.report.trend_answers import (
    TrendInput,
    TrendPart,
    annual_parts,
    monthly_parts,
    trend_columns,
)
from forecast.report.trend_series import annual_values, bases_of, basis_changes, daily_values
from forecast.standards.indicators import INDICATORS, indicator
from forecast.standards.items import AIR_ITEMS, ITEMS
from forecast.standards.limits import indicator_limit
from forecast.standards.versions import limits_standard_on
from forecast.targets.applying import plans_of_region
from forecast.trend.annual import AnnualTrend
from forecast.trend.break_points import BreakPoints
from forecast.trend.months import monthly_means
from forecast.trend.table import trend_table

__all__ = ["CAPTURE", "Subject", "annual_subject", "every_item", "item_subject", "kind_of",
           "name_zh"]  # fmt: skip

#: Share of its days that a month needs to count, as in the chart of annual indicators.
CAPTURE = 0.75
#: The indicator whose annual values stand for an item.
_OF_ITEM = {"co": "co_p95", "o3_8h": "o3_8h_p90"}
#: Years after the record that limits are known for.
_AHEAD = 40
_LOST_ZH = "没有监测值，或没有一个月有四分之三的天数"
#: Methods whose result is written on the chart; the others stand in the answer.
_TOLD = ("theil_sen", "seasonal_mann_kendall", "breaks", "attainment")


@dataclass(frozen=True)
class Subject:
    """A series with its names, limits and footer.

    Attributes:
        name: item or indicator; ``place`` where.
        zh, en, unit: of the item.
        asked: what the methods are given.
        footer: under its charts; ``span`` the period in words.
        notices: lines that must not be missed.
        enough: for an indicator, whether each year has enough days; ``raw`` all its values.
    """

    name: str
    place: str
    zh: str
    en: str
    unit: str
    asked: TrendInput
    footer: Footer
    span: str
    notices: Notices = ()
    raw: dict[int, float] = field(default_factory=dict)
    enough: dict[int, bool] = field(default_factory=dict)

    @property
    def title_zh(self) -> str:
        """Item, place and period in Chinese."""
        return f"{self.place} {self.zh} {self.span.replace(' to ', ' 至 ')} 趋势（{self.unit}）"

    @property
    def title_en(self) -> str:
        """Item, place and period in English."""
        return f"{self.place}: trend of {self.en}, {self.span} [{self.unit}]"

    def parts(self, methods: Sequence[str]) -> list[TrendPart]:
        """What the methods say."""
        make = annual_parts if self.asked.series is None else monthly_parts
        return make(self.asked, methods)

    def table(self, parts: Sequence[TrendPart]) -> pd.DataFrame:
        """The series as a table: by month, or by year."""
        if self.asked.series is None:
            return pd.DataFrame(
                {"year": list(self.raw), "value": list(self.raw.values()),
                 "enough_days": list(self.enough.values())}
            )  # fmt: skip
        found = trend_columns(self.asked.series, parts)
        found.insert(0, "month", pd.DatetimeIndex(found.index).strftime("%Y-%m"))
        return found.reset_index(drop=True)

    def chart(self, parts: Sequence[TrendPart]) -> Callable[[str], Chart]:
        """Return what draws the chart, for a language."""
        name = stem(
            "monthly_trend" if self.asked.series is not None else "annual_value",
            self.name,
            self.place,
        )
        if self.asked.series is None:
            data = self._annual_data(parts, name)
            return lambda lang: annual_trend(data, lang=lang)  # type: ignore[arg-type]
        table = trend_columns(self.asked.series, parts)
        turns = tuple(
            (p.month, p.first, p.last)
            for part in parts if isinstance(part.found, BreakPoints) for p in part.found.points
        )  # fmt: skip
        said = tuple(
            (_first_clause(p.words_zh, "；"), _first_clause(p.words_en, "; "))
            for p in parts
            if p.method in _TOLD
        )
        monthly = MonthlyTrendData(
            self.place, self.zh, self.en, self.unit, table, self.footer, turns,
            tuple(pd.Timestamp(d) for d in self.asked.breaks), said, name=name,
        )  # fmt: skip
        return lambda lang: monthly_trend(monthly, lang=lang)  # type: ignore[arg-type]

    def _annual_data(self, parts: Sequence[TrendPart], name: str) -> AnnualTrendData:
        years = tuple(self.raw)
        tokens = tuple(str(limits_standard_on(date(y, 12, 31))) for y in years)
        limits = tuple(_limit(self.name, y) for y in years)
        found = next((p.found for p in parts if isinstance(p.found, AnnualTrend)), None)
        line = TrendLine(
            math.nan,
            math.nan,
            math.nan,
            0,
            "years",
            note_zh="没有斜率",
            note_en="no slope",
            conclusive=False,
        )
        if found is not None:
            line = TrendLine(
                found.slope, found.lower, found.upper, found.n_compared, "years",
                percent=found.percent, level=100 * found.level, note_zh=found.reason_zh,
                note_en=found.reason_en, segments=self._segments(found.slope),
                conclusive=found.conclusive,
            )  # fmt: skip
        panel = AnnualPanel(
            self.name, years, tuple(self.raw.values()), tuple(self.enough.values()), limits, tokens,
            line, tuple(d.year + (d.timetuple().tm_yday - 0.5) / 365.25 - 0.5 for d in self.asked.breaks),
        )  # fmt: skip
        return AnnualTrendData(self.place, (panel,), self.footer, name=name)

    def _segments(self, slope: float) -> tuple[tuple[float, float, float, float], ...]:
        """The line of an annual slope on each basis: first and last year, value at each."""
        out = []
        known = self.asked.annual
        for basis in dict.fromkeys(self.asked.bases.get(y, "") for y in known):
            own = [y for y in known if self.asked.bases.get(y, "") == basis]
            if len(own) > 1:
                level = statistics.median(known[y] - slope * y for y in own)
                out.append((float(own[0]), float(own[-1]), level + slope * own[0],
                            level + slope * own[-1]))  # fmt: skip
        return tuple(out)


def _first_clause(words: str, mark: str) -> str:
    """The result itself, without what it rests on: that stands in the answer and the JSON."""
    return words.split(mark)[0]


def _limit(name: str, year: int) -> float:
    found = indicator_limit(name, str(limits_standard_on(date(year, 12, 31))))
    return math.nan if found is None else found


def name_zh(item: str) -> str:
    """Name of one of the six items in Chinese texts: particles go by their letters."""
    return ITEMS[item].en if item in ("pm25", "pm10") else ITEMS[item].zh


def kind_of(name: str) -> str:
    """``item``, ``indicator`` or ``water``.

    Raises:
        UsageError: no such item or indicator; the message lists them.
    """
    bare = name.removesuffix("_annual_mean")
    if bare in AIR_ITEMS:
        return "item"
    if name in INDICATORS and INDICATORS[name].domain == "air":
        return "indicator"
    item = ITEMS.get(name.removesuffix("_mean"))
    if item is not None and item.domain == "water":
        return "water"
    known = [
        n for n, i in INDICATORS.items() if i.domain == "air" and not n.endswith("_annual_mean")
    ]
    raise UsageError(
        f"There is no item or indicator called {name}.",
        f"Items of air: {', '.join(AIR_ITEMS)}; indicators: {', '.join(known)}; items of water with "
        "--place: codmn, nh3n, tp, tn, cod, bod5, do and the others of GB 3838.",
    )


def _breaks(city: CityDays, panel: Panel, item: str) -> tuple[date, ...]:
    """Changes of the state of measurement on record, and the breaks that people declared."""
    known = panel.circumstances.get(normalise_region(city.region))
    own = () if known is None else known.breaks_of(item)
    declared = {b.day.astype(object) for b in own if b.day != BASIS_CHANGE}
    first, last = city.history.index[0].date(), city.history.index[-1].date()
    return tuple(sorted(d for d in {*basis_changes(city), *declared} if first < d <= last))


def item_subject(city: CityDays, panel: Panel, item: str, notices: Notices) -> Subject:
    """The monthly means of an item of a city, known dust days taken out.

    Raises:
        InputError: it was never measured, or no month has three quarters of its days.
    """
    daily = daily_values(city, item)
    known = daily.dropna()
    span = f"{known.index[0]:%Y-%m-%d} to {known.index[-1]:%Y-%m-%d}"
    try:
        series = monthly_means(daily, data_capture=CAPTURE, spacing="1D")
    except InputError as error:
        raise InputError(
            f"No month of {ITEMS[item].en} in {city.place}, {span}, has {100 * CAPTURE:g} % of its "
            "days.",
            "Give a longer or fuller record.",
        ) from error
    name = _OF_ITEM.get(item, f"{item}_annual_mean")
    values, enough = annual_values(city, name)
    breaks = _breaks(city, panel, item)
    about, annual = ITEMS[item], indicator(name)
    last = known.index[-1].year
    limits: list[tuple[str, str, dict[int, float]]] = []
    if name.endswith("_annual_mean"):
        start = known.index[0].year
        steps = {y: _limit(name, y) for y in range(start, last + _AHEAD)}
        limits.append(("二级限值", "class II limit", steps))
        target = _plan_target(panel, city.region, name, last)
        if target is not None:
            limits.append((f"规划目标（{target[0]}年）", f"target of the plan ({target[0]})",
                           {start: target[1]}))  # fmt: skip
    standard = str(limits_standard_on(known.index[-1].date()))
    return Subject(
        item, city.place, name_zh(item), about.en, about.unit,
        TrendInput(
            series, {y: v for y, v in values.items() if enough[y]}, annual.zh, annual.en,
            bases_of(list(values), breaks), breaks, tuple(limits),
        ),
        footer_for(
            city, (known.index[0].date(), known.index[-1].date()), (len(known), len(daily)),
            standard, "means", notices,
        ),
        span, notices,
    )  # fmt: skip


def _plan_target(panel: Panel, region: str, name: str, year: int) -> tuple[int, float] | None:
    """Year and number of the plan's target on an indicator: the firm one that is next."""
    found = [
        (t.year, 0 if t.level == "firm" else 1, float(t.value))
        for p in plans_of_region(panel.entered.plans, region, panel.aliases)
        for t in p.targets
        if t.indicator == name and t.comparator == "<=" and t.value is not None and not t.change
        and not t.place and t.year is not None and t.year >= year
    ]  # fmt: skip
    if not found:
        return None
    of, _, value = min(found)
    return of, value


def annual_subject(city: CityDays, name: str, notices: Notices) -> Subject:
    """The annual values of an indicator of air.

    Raises:
        InputError: it has no value in any year.
    """
    values, enough = annual_values(city, name)
    if not any(math.isfinite(v) for v in values.values()):
        raise InputError(
            f"There is no value of {name} in {city.place}.",
            "See with forecast assess what is missing.",
        )
    about = indicator(name)
    years = list(values)
    span = f"{years[0]} to {years[-1]}"
    index = city.history.dropna(how="all").index
    return Subject(
        name, city.place, about.zh, about.en, about.unit,
        TrendInput(
            None, {y: v for y, v in values.items() if enough[y]}, about.zh, about.en,
            bases_of(years, basis_changes(city)), basis_changes(city),
            better="higher" if about.better == "higher" else "lower",
        ),
        footer_for(
            city, (index[0].date(), index[-1].date()), (len(index), len(city.history)),
            city.aqi_standard(years[-1]), "counts", notices,
        ),
        span, notices, values, enough,
    )  # fmt: skip


def every_item(city: CityDays, *, deseason: bool) -> tuple[pd.DataFrame, str]:
    """Trends of the monthly means of the items measured, one row each, and the period in words."""
    series: dict[str, pd.Series] = {}
    lost: dict[str, str] = {}
    for item in AIR_ITEMS:
        try:
            series[item] = monthly_means(
                daily_values(city, item), data_capture=CAPTURE, spacing="1D"
            )
        except InputError as error:
            lost[item] = error.message
    table = trend_table(series, deseason=deseason, breaks=basis_changes(city))
    rows = table.reindex(list(AIR_ITEMS))
    told = {"reason_en": lost, "reason_zh": dict.fromkeys(lost, _LOST_ZH)}
    for column in ("words_zh", "words_en", "reason_zh", "reason_en"):
        texts = [told.get(column, {}).get(i, rows.loc[i, column]) for i in AIR_ITEMS]
        rows[column] = [t if isinstance(t, str) else "" for t in texts]
    rows.insert(0, "unit", [ITEMS[i].unit for i in rows.index])
    index = city.history.dropna(how="all").index
    return (
        rows.rename_axis("item").reset_index(),
        f"{index[0]:%Y-%m-%d} to {index[-1]:%Y-%m-%d}",
    )
