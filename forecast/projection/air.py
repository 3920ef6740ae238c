"""Air of one city: observed days and drawn days, through the official rules, to indicators."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.models.air_seasonal import AirSeasonal
from forecast.projection.air_context import with_context
from forecast.projection.air_dust import OtherDust, other_dust, with_other_dust
from forecast.projection.air_tracks import AirTracks, air_tracks
from forecast.projection.days import (
    BY_AQI,
    calendar_days,
    dust_matrix,
    matrix,
    standard_label,
    wide,
)
from forecast.projection.result import IndicatorResult, Observed
from forecast.projection.settings import Settings
from forecast.projection.streams import stream
from forecast.projection.summary import number
from forecast.standards.air_assessment import AirYear, assess_year
from forecast.standards.indicators import indicator
from forecast.standards.items import AIR_ITEMS, ITEMS
from forecast.standards.judgement import judged_value, official_value
from forecast.standards.limits import PERCENTILES, item_attains
from forecast.targets.model import GRADE_INDICATOR

__all__ = ["LATE_DAYS", "AirProjection", "project_air"]

#: A source that is silent for longer than this is not late but gone: nothing is drawn over it.
#: 365 - 324 = 41 missing days are what an annual mean can bear (GB 3095, table 4).
LATE_DAYS = 41

_ITEMS_OF = {
    "pm25_annual_mean": ("pm25",), "pm25_p95": ("pm25",),
    "pm10_annual_mean": ("pm10",), "pm10_p95": ("pm10",),
    "so2_annual_mean": ("so2",), "so2_p98": ("so2",),
    "no2_annual_mean": ("no2",), "no2_p98": ("no2",),
    "co_p95": ("co",), "o3_8h_p90": ("o3_8h",),
    "good_day_ratio": AIR_ITEMS, "good_days": AIR_ITEMS, "heavy_days": AIR_ITEMS,
    "composite_index": AIR_ITEMS,
}  # fmt: skip

_MEANS = frozenset(n for n in _ITEMS_OF if n.endswith("_annual_mean"))


@dataclass(frozen=True)
class AirProjection:
    """All indicators of one city, and what its charts draw."""

    region: str
    place: str
    results: list[IndicatorResult]
    tracks: AirTracks | None
    warnings: list[tuple[str, str]]


def _basis(readings: pd.DataFrame, settings: Settings) -> str:
    in_year = readings["date"].dt.year == settings.year
    found = sorted(set(readings.loc[in_year, "basis"] if in_year.any() else readings["basis"]))
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
    tracks: bool = True,
    draw: bool = True,
) -> AirProjection:
    """Project all indicators of one city for the year asked.

    Args:
        readings: rows of one place known at the as-of date: ``date``, ``item``, ``value``,
            ``basis``; one value a day and item.
        settings: the question.
        dust: ``date, item`` of the days whose PM10 or PM2.5 is taken out of the concentrations
            and the composite index; counts of days keep them. What the other treatment gives
            stands among the alternatives.
        tracks: also make what the charts draw.
        draw: draw what is not observed yet; without it only the observed part is assessed.

    What is observed stays as observed; days missing before the last reading stay missing; days
    after it are drawn.
    """
    history = wide(readings)
    history = history[history.index <= pd.Timestamp(settings.as_of)]
    warnings: list[tuple[str, str]] = []
    days = calendar_days(settings.first_day, settings.last_day)
    observed = matrix(history, days)
    measured = history.dropna(how="all")
    last = measured.index.max().date() if len(measured) else None
    names = [n for n, items in _ITEMS_OF.items() if history[list(items)].notna().any().all()]
    removed = dust_matrix(dust, days)
    to_date = assess_year(
        observed, days, AIR_ITEMS, settings.year, dust_removed=removed,
        standard=settings.standard, denominator=settings.denominator, partial=True,
    )  # fmt: skip
    reason = _no_forecast_reason(last, settings)
    joined: NDArray[np.float32] | None = None
    fitted: tuple[str, ...] = ()
    drawn_from = len(days)
    model_name = ""
    if draw and last is not None and not settings.year_over and not reason[0]:
        late = (settings.as_of - last).days
        if late > 0:
            warnings.append(
                (
                    f"{place}:最后一次监测值为{last},比起报日早{late}天,这些天按未到处理",
                    f"{place}: the last reading is of {last}, {late} days before the as-of date; "
                    "those days are drawn",
                )
            )
        model = AirSeasonal().fit(history[history.index <= pd.Timestamp(last)])
        model_name = model.name
        fitted = tuple(model.items)
        if fitted:
            rng = stream(settings.seed, "air", region, place)
            future = calendar_days(last + timedelta(days=1), settings.last_day)
            paths = model.sample(future, settings.n_paths, rng)
            joined = np.repeat(observed.astype(np.float32)[None], settings.n_paths, axis=0)
            inside = np.flatnonzero(paths.times >= days[0])
            drawn_from = len(days) - len(inside)
            for column, item in enumerate(paths.items):
                joined[:, drawn_from:, AIR_ITEMS.index(item)] = paths.values[:, inside, column]
    final = assess_year(
        observed if joined is None else joined, days, AIR_ITEMS, settings.year,
        dust_removed=removed, standard=settings.standard, denominator=settings.denominator,
    )  # fmt: skip
    case = _Case(
        region, place, place_kind, point_set, settings, to_date, final, joined is not None, fitted,
        reason, last, _basis(readings, settings), model_name, len(days) - drawn_from,
    )  # fmt: skip
    results = [_result(name, case) for name in names]
    other = other_dust(observed, joined, removed, days, settings)
    if other is not None:
        results = with_other_dust(results, other)
    if draw:
        results = with_context(results, history, joined, observed, days, settings, fitted, dust)
    if set(names) >= set(_ITEMS_OF):
        results.append(_grade(case, results, other))
    made = None
    if tracks and last is not None and set(names) & BY_AQI:
        made = air_tracks(history, joined, observed, days, settings, drawn_from, dust)
    return AirProjection(region, place, results, made, warnings)


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

    def drawn(self, items: tuple[str, ...]) -> bool:
        """Whether every one of ``items`` was drawn."""
        return self.joined and set(items) <= set(self.fitted)


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


def _result(name: str, case: _Case) -> IndicatorResult:
    settings, to_date, final = case.settings, case.to_date, case.final
    value = float(to_date.values[name][0])
    n_valid = int(to_date.n_valid[name][0])
    standard = standard_label(name, settings)
    enough = bool(np.mean(final.valid[name]) >= 0.5)
    drawn = case.drawn(_ITEMS_OF[name])
    reason = ("", "")
    if not enough:
        reason = case.no_forecast if case.no_forecast[0] else _insufficient(name, final, settings)
    elif not settings.year_over and not drawn:
        enough = False
        missing = [i for i in _ITEMS_OF[name] if i not in case.fitted]
        reason = case.no_forecast if case.no_forecast[0] else (
            f"{'、'.join(missing)}的历史数据太少,不能外推",
            f"too little history of {', '.join(missing)} to draw from",
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
        bounds=_bounds(name, to_date, n_valid, value, case.n_left, settings),
        model=case.model_name if samples is not None else "",
        counts=_counts(name, to_date, n_valid, value, case.n_left),
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

    def over(year: AirYear) -> dict[str, NDArray[np.bool_]]:
        return {
            item: ~item_attains(
                item, year.values.get(f"{item}_annual_mean", 0.0),
                year.values[f"{item}_p{PERCENTILES[item]}"], standard,
            )
            for item in AIR_ITEMS
        }  # fmt: skip

    names = [n for n in _ITEMS_OF if n not in BY_AQI and n != "composite_index"]
    own = [r for r in results if r.indicator in names]
    poor = next((r for r in own if not r.sufficient), None)
    seen = over(case.to_date)
    value = float(sum(int(v[0]) for v in seen.values()))
    failing = [ITEMS[i] for i, v in seen.items() if v[0]]
    known = all(r.observed.value is not None for r in own)
    samples = None
    if poor is None and case.drawn(AIR_ITEMS):
        samples = np.sum(list(over(case.final).values()), axis=0).astype(np.float64)
    first = own[0]
    alternatives = []
    if other is not None:
        kept = float(sum(int(v[0]) for v in over(other.kept_to_date).values()))
        ahead = None
        if samples is not None and other.kept_final is not None:
            ahead = np.sum(list(over(other.kept_final).values()), axis=0).astype(np.float64)
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
        detail=(
            ("目前超标:" + "、".join(i.zh for i in failing), "over so far: " + ", ".join(i.en for i in failing))
            if failing and known
            else ("", "")
        ),
    )  # fmt: skip


def _counts(name: str, to_date: AirYear, n_valid: int, value: float, left: int) -> dict[str, float]:
    counts: dict[str, float] = {"n_valid": n_valid, "n_left": left}
    if name in BY_AQI:
        counts["good"] = float(np.nan_to_num(to_date.values["good_days"][0]))
        counts["heavy"] = float(np.nan_to_num(to_date.values["heavy_days"][0]))
    if name in _MEANS and n_valid:
        counts["sum"] = value * n_valid
    return counts


def _bounds(
    name: str, to_date: AirYear, n_valid: int, value: float, left: int, settings: Settings
) -> tuple[float, float] | None:
    """Smallest and largest final value that arithmetic still allows, rounded for judgement."""
    if settings.year_over:
        return None
    total = n_valid + left
    if total == 0:
        return None
    counts = _counts(name, to_date, n_valid, value, left)
    if name == "good_day_ratio":
        low, high = 100 * counts["good"] / total, 100 * (counts["good"] + left) / total
    elif name == "good_days":
        low, high = counts["good"], counts["good"] + left
    elif name == "heavy_days":
        low, high = counts["heavy"], counts["heavy"] + left
    elif name in _MEANS:
        low, high = counts.get("sum", 0.0) / total, np.inf
    else:
        return None
    rounded = judged_value(name, np.array([low, high if np.isfinite(high) else 0.0]))
    return float(rounded[0]), float(rounded[1]) if np.isfinite(high) else float("inf")
