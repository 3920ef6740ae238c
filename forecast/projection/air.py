"""Air of one city: observed days and drawn days, through the official rules, to indicators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from forecast.models.circumstances import Circumstances
from forecast.models.kept_fits import KeptFits
from forecast.projection.air_context import with_context
from forecast.projection.air_counts import bounds, counts, items_over
from forecast.projection.air_drawing import LATE_DAYS, Drawn, drawn_year, in_words
from forecast.projection.air_dust import OtherDust, other_dust, with_other_dust
from forecast.projection.air_paths import YearPaths
from forecast.projection.air_tracks import AirTracks, air_tracks
from forecast.projection.days import (
    BY_AQI,
    calendar_days,
    dust_matrix,
    matrix,
    standard_label,
    wide,
)
from forecast.projection.expected_days import expected_days
from forecast.projection.explain import with_explanations
from forecast.projection.outlook import with_outlook
from forecast.projection.result import IndicatorResult, Observed
from forecast.projection.settings import Settings
from forecast.projection.sharing import Sharing
from forecast.projection.summary import number
from forecast.projection.tendencies import class_ii_history
from forecast.projection.weather_remarks import weather_remarks
from forecast.standards.air_assessment import AirYear, assess_year
from forecast.standards.indicators import indicator
from forecast.standards.items import AIR_ITEMS, ITEMS
from forecast.standards.judgement import judged_value, official_value
from forecast.targets.model import GRADE_INDICATOR

__all__ = ["LATE_DAYS", "AirProjection", "drawn_apart", "project_air"]

#: Days of the last two years that must have all six items before days are drawn by their AQI:
#: items that are drawn apart lose some 25 good days a year.
_TOGETHER = 0.5
#: The items that each indicator needs.
_ITEMS_OF = {
    "pm25_annual_mean": ("pm25",), "pm25_p95": ("pm25",),
    "pm10_annual_mean": ("pm10",), "pm10_p95": ("pm10",),
    "so2_annual_mean": ("so2",), "so2_p98": ("so2",),
    "no2_annual_mean": ("no2",), "no2_p98": ("no2",),
    "co_p95": ("co",), "o3_8h_p90": ("o3_8h",),
    "good_day_ratio": AIR_ITEMS, "good_days": AIR_ITEMS, "heavy_days": AIR_ITEMS,
    "composite_index": AIR_ITEMS,
}  # fmt: skip


@dataclass(frozen=True)
class AirProjection:
    """All indicators of one city, what its charts draw, its drawn days where they are kept.

    ``ahead`` is what is expected of each of the next days, see ``expected_days``.
    """

    region: str
    place: str
    results: list[IndicatorResult]
    tracks: AirTracks | None
    warnings: list[tuple[str, str]]
    paths: YearPaths | None = None
    ahead: dict[str, Any] | None = None


def _basis(readings: pd.DataFrame, settings: Settings) -> str:
    days, basis = readings["date"].to_numpy(), readings["basis"]
    first = np.datetime64(settings.first_day)
    in_year = (days >= first) & (days <= np.datetime64(settings.last_day, "D"))
    found = sorted((basis[in_year] if in_year.any() else basis).unique())
    return found[0] if len(found) == 1 else "mixed"


def project_air(
    region: str,
    place: str,
    readings: pd.DataFrame,
    settings: Settings,
    *,
    place_kind: str = "city",
    point_set: str = "",
    dust: pd.DataFrame | None = None,
    sharing: Sharing | None = None,
    circumstances: Circumstances | None = None,
    weather: pd.DataFrame | None = None,
    later: Sequence[int] = (),
    tracks: bool = True,
    draw: bool = True,
    keep: bool = False,
    fits: KeptFits | None = None,
    history: pd.DataFrame | None = None,
) -> AirProjection:
    """Project all indicators of one city for the year asked.

    Args:
        readings: rows of one place known at the as-of date: ``date``, ``item``, ``value``,
            ``basis``; one value a day and item.
        settings: the question.
        dust: ``date, item`` of the days whose PM10 or PM2.5 is taken out of the concentrations
            and the composite index; counts of days keep them. What the other treatment gives
            stands among the alternatives.
        sharing: from what the draws follow that this place has in common with others; by default
            it has none.
        circumstances: spans that count less and breaks of the record.
        weather: daily weather of the region known at the as-of date, days × weather items.
        later: years after the as-of date to look at as well, without a gap.
        tracks: also make what the charts draw.
        draw: draw what is not observed yet; without it only the observed part is assessed.
        keep: hand on the drawn days, for scenarios.
        fits: where fitted models are kept; None keeps none.
        history: :func:`forecast.projection.days.wide` of the readings, where it is at hand.

    What is observed stays as observed; days missing before the last reading stay missing; days
    after it are drawn.
    """
    history = wide(readings) if history is None else history
    history = history[history.index <= pd.Timestamp(settings.as_of)]
    warnings: list[tuple[str, str]] = []
    days = calendar_days(settings.first_day, settings.last_day)
    observed = matrix(history, days)
    # Each day of the table has a reading.
    last = history.index[-1].date() if len(history) else None
    there = set(history.columns[~np.isnan(history.to_numpy(np.float64)).all(axis=0)])
    names = [n for n, items in _ITEMS_OF.items() if last is None or there.issuperset(items)]
    removed = dust_matrix(dust, days)
    to_date = assess_year(
        observed, days, AIR_ITEMS, settings.year, dust_removed=removed,
        standard=settings.standard, denominator=settings.denominator, partial=True,
    )  # fmt: skip
    reason = _no_forecast_reason(last, settings)
    drawn = Drawn(first=len(days))
    if draw and last is not None and not reason[0] and (later or not settings.year_over):
        drawn = drawn_year(
            history, observed, days, settings, region, place, sharing, circumstances, weather,
            fits,
        )  # fmt: skip
        if drawn.fitted:
            warnings.extend(_remarks(place, last, history, settings))
            if weather is not None:
                warnings.extend(weather_remarks(place, drawn.model, history))
    joined, fitted = drawn.joined, drawn.fitted
    final = assess_year(
        observed if joined is None else joined, days, AIR_ITEMS, settings.year,
        dust_removed=removed, standard=settings.standard, denominator=settings.denominator,
        drawn_from=drawn.first,
    )  # fmt: skip
    case = _Case(
        region, place, place_kind, point_set, settings, to_date, final, joined is not None, fitted,
        reason, last, _basis(readings, settings), drawn.model.name if drawn.model else "",
        len(days) - drawn.first, drawn.reasons, drawn_apart(history, settings),
    )  # fmt: skip
    results = [_result(name, case) for name in names]
    other = other_dust(observed, joined, removed, days, settings)
    if other is not None:
        results = with_other_dust(results, other)
    if draw:
        results = with_context(results, history, drawn, observed, days, settings, dust)
        results = with_explanations(results, history, drawn, observed, days, settings, final, dust)
    if set(names) >= set(_ITEMS_OF):
        results.append(_grade(case, results, other))
    if later:
        results = with_outlook(
            results, drawn.model, history, observed, settings, later,
            removed=removed, reason=reason if reason[0] else None,
            apart=case.apart if case.apart[0] else None,
        )  # fmt: skip
    made = None
    if tracks and last is not None and {*BY_AQI, "pm25_annual_mean"}.intersection(names):
        made = air_tracks(history, joined, observed, days, settings, drawn.first, dust)
    paths = None
    if keep and joined is not None:
        whole = np.ascontiguousarray(joined)
        paths = YearPaths(whole, days, drawn.first, removed, history, case.apart)
    ahead = None
    if draw and joined is not None:
        ahead = expected_days(joined, days, drawn.first, standard=settings.standard)
    return AirProjection(region, place, results, made, warnings, paths, ahead)


@dataclass(frozen=True)
class _Case:
    """What is known of one city and year, shared by all its indicators."""

    region: str
    place: str
    place_kind: str
    point_set: str
    settings: Settings
    to_date: AirYear
    final: AirYear
    joined: bool
    fitted: tuple[str, ...]
    no_forecast: tuple[str, str]
    last: date | None
    basis: str
    model_name: str
    n_left: int
    undrawn: dict[str, tuple[str, str]]
    apart: tuple[str, str]

    def drawn(self, items: tuple[str, ...]) -> bool:
        """Whether every one of ``items`` was drawn."""
        return self.joined and set(items) <= set(self.fitted)


def _remarks(
    place: str, last: date, history: pd.DataFrame, settings: Settings
) -> list[tuple[str, str]]:
    """What a reader must know of the record behind a forecast, in Chinese and English."""
    out = []
    late = (settings.as_of - last).days
    if late > 0 and not settings.year_over:
        out.append(
            (
                f"{place}:最后一次监测值为{last},比起报日早{late}天,这些天按未到处理",
                f"{place}: the last reading is of {last}, {late} days before the as-of date; "
                "those days are drawn",
            )
        )
    span = (last - history.index[0].date()).days + 1
    if span < 365 and not settings.year_over:
        out.append(
            (
                f"{place}:记录只有{span}天,没有见过的季节取自其他城市",
                f"{place}: the record has {span} days; seasons that it has not seen are those of "
                "other cities",
            )
        )
    return out


def drawn_apart(history: pd.DataFrame, settings: Settings) -> tuple[str, str]:
    """Why days can't be forecast by their AQI though every item can; empty where they can.

    Days on which only some items were measured don't say which highs come together.
    """
    recent = history.index > pd.Timestamp(settings.as_of) - pd.Timedelta(days=730)
    there = history.notna().to_numpy()[recent]
    # An item that is new is no gap.
    there = there[np.logical_or.accumulate(there).all(axis=1) & there.any(axis=1)]
    share = float(there.all(axis=1).mean()) if len(there) else 1.0
    if share >= _TOGETHER:
        return ("", "")
    return (
        f"近两年只有{100 * share:.0f}%的监测日六项齐全,不足以推断哪些污染同日出现(需{100 * _TOGETHER:.0f}%)",
        f"only {100 * share:.0f}% of the days of the last two years have all six items, too few to "
        f"tell which highs come together ({100 * _TOGETHER:.0f}% are needed)",
    )


def _no_forecast_reason(last: date | None, settings: Settings) -> tuple[str, str]:
    if last is None:
        return ("截至起报日没有任何监测值", "no reading at all up to the as-of date")
    silent = (settings.as_of - last).days
    if silent > LATE_DAYS and not settings.year_over:
        return (
            f"最后一次监测值为{last},距起报日{silent}天,超过{LATE_DAYS}天不再外推",
            f"the last reading is of {last}, {silent} days before the as-of date; nothing is drawn "
            f"over more than {LATE_DAYS} days",
        )
    return ("", "")


def _insufficient(name: str, year: AirYear, settings: Settings) -> tuple[str, str]:
    n = int(np.median(year.n_valid[name]))
    zh = f"{settings.year}年{'只有' if settings.year_over else '最多有'}{n}个有效日"
    en = f"{settings.year} {'has' if settings.year_over else 'can reach'} {n} valid days"
    if name in BY_AQI:
        return (f"{zh},需要324个", f"{en}; 324 are needed")
    return (
        f"{zh},不满足全年324天且每月27天(2月25天)的要求",
        f"{en}; 324 a year with 27 in each month (25 in February) are needed",
    )


def _undrawn(name: str, case: _Case) -> tuple[str, str] | None:
    """Why items that the indicator needs were not drawn, None where that is not known."""
    found = in_words(case.undrawn, _ITEMS_OF[name])
    return found or (case.apart if name in BY_AQI and case.apart[0] else None)


def _result(name: str, case: _Case) -> IndicatorResult:
    settings, to_date, final = case.settings, case.to_date, case.final
    value = float(to_date.values[name][0])
    n_valid = int(to_date.n_valid[name][0])
    standard = standard_label(name, settings)
    enough = bool(np.mean(final.valid[name]) >= 0.5)
    drawn = case.drawn(_ITEMS_OF[name]) and not (name in BY_AQI and case.apart[0])
    reason = ("", "")
    if not enough:
        reason = case.no_forecast if case.no_forecast[0] else _insufficient(name, final, settings)
        if not case.no_forecast[0] and not settings.year_over:
            # That a record fell silent says more than how many days the year can reach.
            reason = _undrawn(name, case) or reason
    elif not settings.year_over and not drawn:
        enough = False
        missing = [i for i in _ITEMS_OF[name] if i not in case.fitted]
        reason = case.no_forecast if case.no_forecast[0] else _undrawn(name, case) or (
            f"{'、'.join(ITEMS[i].zh for i in missing)}的历史数据太少,不能外推",
            f"too little history of {', '.join(ITEMS[i].en for i in missing)} to draw from",
        )  # fmt: skip
    samples = final.values[name] if drawn and enough else None
    if samples is not None and not np.isfinite(samples).any():
        samples = None
    has_value = bool(np.isfinite(value)) and n_valid > 0
    return IndicatorResult(
        region=case.region,
        place=case.place,
        place_kind=case.place_kind,
        point_set=case.point_set,
        domain="air",
        indicator=name,
        unit=indicator(name).unit,
        period=str(settings.year),
        standard=standard,
        dust="kept" if name in BY_AQI else "removed_where_known",
        basis=case.basis,
        observed=Observed(
            number(value) if has_value else None,
            number(float(official_value(name, value, standard))) if has_value else None,
            n_valid,
            _elapsed(settings),
            _last_in_year(case),
        ),
        samples=samples,
        judged=judged_value(name, samples) if samples is not None else None,
        observed_judged=float(judged_value(name, value)) if has_value else None,
        sufficient=enough,
        reason=reason,
        bounds=None if settings.year_over else bounds(name, to_date, case.n_left),
        model=case.model_name if samples is not None else "",
        counts=counts(name, to_date, case.n_left),
    )


def _elapsed(settings: Settings) -> int:
    """Days of the year up to the as-of date."""
    last = min(settings.as_of, settings.last_day)
    return max(0, (last - settings.first_day).days + 1)


def _last_in_year(case: _Case) -> date | None:
    return case.last if case.last and case.last >= case.settings.first_day else None


def _grade(
    case: _Case, results: list[IndicatorResult], other: OtherDust | None = None
) -> IndicatorResult:
    """How many of the six items are over class II (HJ 663: annual mean and percentile both)."""
    standard = standard_label("pm25_annual_mean", case.settings)

    names = [n for n in _ITEMS_OF if n not in BY_AQI and n != "composite_index"]
    own = [r for r in results if r.indicator in names]
    poor = next((r for r in own if not r.sufficient), None)
    seen = items_over(case.to_date, standard)
    value = float(sum(int(v[0]) for v in seen.values()))
    failing = [ITEMS[i] for i, v in seen.items() if v[0]]
    known = all(r.observed.value is not None for r in own)
    samples = None
    if poor is None and case.drawn(AIR_ITEMS):
        samples = np.sum(list(items_over(case.final, standard).values()), axis=0).astype(np.float64)
    first = own[0]
    alternatives = []
    if other is not None:
        kept = float(sum(int(v[0]) for v in items_over(other.kept_to_date, standard).values()))
        ahead = None
        if samples is not None and other.kept_final is not None:
            ahead = np.sum(list(items_over(other.kept_final, standard).values()), axis=0).astype(
                np.float64
            )
        alternatives.append(other.entry("kept", standard, kept, kept, ahead, case.model_name))
    return IndicatorResult(
        region=case.region, place=case.place, place_kind=case.place_kind,
        point_set=case.point_set, domain="air", indicator=GRADE_INDICATOR, unit="items",
        period=first.period, standard=standard, dust=first.dust, basis=case.basis,
        observed=Observed(
            value if known else None, value if known else None, first.observed.n_valid,
            first.observed.n_expected, first.observed.last_day,
        ),
        samples=samples, judged=samples, observed_judged=value if known else None,
        sufficient=poor is None, reason=poor.reason if poor else ("", ""),
        alternatives=alternatives, model=case.model_name if samples is not None else "",
        history=class_ii_history(own, standard),
        detail=(
            ("目前超标:" + "、".join(i.zh for i in failing), "over so far: " + ", ".join(i.en for i in failing))
            if failing and known
            else ("", "")
        ),
    )  # fmt: skip
