"""Later years: their distributions, the probability of each target, and the year of attainment.

A target of 2030 is judged on the same kind of paths as one of this year, drawn on from the present
over all years up to it; the slow error grows with the lead. A target is attained lastingly from the
first year in which it is met and after which it stays met up to the horizon. No measure of a plan
is in the paths: what is said is what comes if things go on as the record shows.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.models.air_seasonal import AirSeasonal
from forecast.models.paths import Model
from forecast.projection.air_counts import items_over
from forecast.projection.air_drawing import in_words, undrawable
from forecast.projection.days import BY_AQI, calendar_days, standard_label
from forecast.projection.result import IndicatorResult, Later, LaterYear
from forecast.projection.settings import Settings
from forecast.projection.streams import stream
from forecast.projection.summary import number, summarise
from forecast.standards.air_assessment import assess_year
from forecast.standards.items import AIR_ITEMS
from forecast.standards.judgement import judged_value
from forecast.targets.applying import applying_targets
from forecast.targets.comparators import clip_probability, meets
from forecast.targets.model import GRADE_INDICATOR, Plan, Target
from forecast.targets.wording import percent

__all__ = ["MOST_YEARS", "first_lasting", "outlook_entry", "outlook_years", "with_outlook"]

#: No year further off than this is looked at: the slow error was measured up to two years ahead
#: and is only extended beyond.
MOST_YEARS = 5
#: Paths of the outlook at most; an interval of a year five years off needs no more.
_MOST_PATHS = 500
_NOT_ALL = ("可外推的监测项目不全", "not every item that is needed can be drawn")
#: Kinds of targets that a value of one year answers.
_KINDS = frozenset({"threshold", "keep", "eliminate", "grade", "range"})


def outlook_years(
    plans: Sequence[Plan],
    region: str,
    settings: Settings,
    *,
    plan: str | None = None,
    aliases: Mapping[str, str] | None = None,
) -> tuple[int, ...]:
    """Return the years to look at: the next one, and on to the last that a plan asks of the air.

    At most ``MOST_YEARS`` years after that of the as-of date. Nothing for a question about a past
    year.
    """
    if settings.year < settings.as_of.year:
        return ()
    first, most = settings.year + 1, settings.as_of.year + MOST_YEARS
    _, other = applying_targets(plans, region, settings.year, plan=plan, aliases=aliases)
    asked = [t.year for t in other if t.domain == "air" and t.computable and t.year is not None]
    end = max((y for y in asked if first <= y <= most), default=first)
    return tuple(range(first, end + 1)) if first <= most else ()


def with_outlook(
    results: list[IndicatorResult],
    model: Model | None,
    history: pd.DataFrame,
    observed: NDArray[np.float64],
    settings: Settings,
    years: Sequence[int],
    *,
    removed: NDArray[np.bool_] | None = None,
    reason: tuple[str, str] | None = None,
    apart: tuple[str, str] | None = None,
) -> list[IndicatorResult]:
    """Add what is drawn of ``years`` to each result, or why nothing is.

    Args:
        results: the indicators of one city for the year asked.
        model: fitted to the city; None where nothing could be fitted.
        history: days × items up to the as-of date.
        observed: (day, item) of the year asked.
        settings: the question.
        years: later years, without a gap, the first being the one after the year asked.
        removed: bool (day, item) of the year asked: values taken out of the means as dust.
        reason: why nothing is drawn at all (Chinese, English).
        apart: why days can't be drawn by their AQI.
    """
    ahead = (date(years[-1], 12, 31) - settings.as_of).days
    reasons = undrawable(history, settings, ahead)
    items = () if model is None else tuple(i for i in model.items if i not in reasons)
    words = reason or in_words(reasons) or _NOT_ALL
    if reason is not None or model is None or model.last_day is None or not items:
        none = Later("" if model is None else model.name, 0, reason=words)
        return [replace(r, later=none) for r in results]
    n_paths = min(settings.n_paths, _MOST_PATHS)
    rng = stream(settings.seed, "air", "outlook", results[0].region, results[0].place)
    every = (settings.year, *years)
    values = _drawn(_alone(model), n_paths, rng, observed, removed, settings, every, items)
    return [
        replace(
            r,
            later=Later(model.name, 0, reason=apart)
            if apart is not None and r.indicator in BY_AQI
            else _later(r, values, years, settings, model.name, words),
        )
        for r in results
    ]


def _alone(model: Model) -> Model:
    """The model without draws in common, which end with the year asked; one place needs none."""
    if not isinstance(model, AirSeasonal) or model.shared is None:
        return model
    single = copy.copy(model)
    single.shared = None
    return single


def _drawn(
    model: Model,
    n_paths: int,
    rng: np.random.Generator,
    observed: NDArray[np.float64],
    removed: NDArray[np.bool_] | None,
    settings: Settings,
    years: Sequence[int],
    items: tuple[str, ...],
) -> dict[int, dict[str, NDArray[np.float64]]]:
    """Year → indicator → value, shape (path,), NaN where an item is not drawn."""
    assert model.last_day is not None
    end = np.datetime64(date(years[-1], 12, 31), "D")
    paths = model.sample(np.arange(model.last_day + 1, end + 1), n_paths, rng)
    columns = [k for k, item in enumerate(paths.items) if item in items]
    places = [AIR_ITEMS.index(paths.items[k]) for k in columns]
    out = {}
    for year in years:
        days = calendar_days(date(year, 1, 1), date(year, 12, 31))
        by_item = np.full((len(AIR_ITEMS), n_paths, len(days)), np.nan, dtype=np.float32)
        if year == settings.year:
            by_item[:] = observed.T[:, None, :]
        inside = slice(*np.searchsorted(paths.times, [days[0], days[-1] + 1]))
        into = np.flatnonzero(days > model.last_day)
        if len(into):
            for k, place in zip(columns, places, strict=True):
                by_item[place, :, into[0] :] = paths.values[:, inside, k]
        found = assess_year(
            by_item.transpose(1, 2, 0), days, AIR_ITEMS, year,
            dust_removed=removed if year == settings.year else None,
            standard=settings.standard, denominator=settings.denominator,
            drawn_from=int(into[0]) if len(into) and year == settings.year else 0,
        )  # fmt: skip
        limits = standard_label("pm25_annual_mean", replace(settings, year=year))
        values = {
            name: np.where(found.valid[name], own, np.nan) for name, own in found.values.items()
        }
        grades = np.sum(list(items_over(found, limits).values()), axis=0).astype(np.float64)
        values[GRADE_INDICATOR] = np.where(found.valid["composite_index"], grades, np.nan)
        out[year] = values
    return out


def _later(
    result: IndicatorResult,
    values: Mapping[int, Mapping[str, NDArray[np.float64]]],
    years: Sequence[int],
    settings: Settings,
    model: str,
    words: tuple[str, str],
) -> Later:
    name = result.indicator
    n_paths = len(values[years[0]][name])
    found = {}
    for year in years:
        samples = values[year][name]
        if not np.isfinite(samples).all():
            return Later(model, 0, reason=words)
        label = standard_label(name, replace(settings, year=year))
        found[year] = LaterYear(label, samples, _judged(name, samples))
    now = None
    if result.sufficient:
        if settings.year_over and result.observed_judged is not None:
            now = np.full(n_paths, result.observed_judged)
        elif np.isfinite(values[settings.year][name]).all():
            now = _judged(name, values[settings.year][name])
    return Later(model, n_paths, found, now)


def _judged(name: str, samples: NDArray[np.float64]) -> NDArray[np.float64]:
    return samples if name == GRADE_INDICATOR else np.asarray(judged_value(name, samples))


def first_lasting(met: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Position of the first year from which a target stays met, the number of years for never.

    >>> first_lasting(np.array([[True, False, True, True], [True, True, True, False]])).tolist()
    [2, 4]
    """
    lasting = np.cumprod(met[:, ::-1], axis=1, dtype=np.int64)
    return np.asarray(met.shape[1] - lasting.sum(axis=1), dtype=np.int64)


def outlook_entry(
    result: IndicatorResult, targets: Sequence[Target], later: Sequence[Target], settings: Settings
) -> dict[str, Any] | None:
    """Return the ``outlook`` of one entry, None where later years were not looked at.

    Args:
        result: of the year asked, with ``later`` filled.
        targets: those of the year asked on this indicator; the same number is tried on later years.
        later: those of later years on it.
        settings: the question.

    Returns:
        ``model``, ``n_paths``, ``horizon`` (last year), ``years`` (each with ``year``,
        ``standard``, ``mean``, ``quantiles`` and the ``targets`` of that year with their
        probability), ``attainment`` (for each number that is asked: ``by_year``, the ``first``
        year from which it stays met with its share of paths, ``never``, and ``low``, ``median``,
        ``high`` of that year, None for "not within the horizon") and ``reason``. Shares of N paths
        are held within 1/(2N) and 1 - 1/(2N), but for a year that is over and missed the number.
    """
    found = result.later
    if found is None:
        return None
    out: dict[str, Any] = {
        "model": found.model,
        "n_paths": found.n_paths,
        "horizon": max(found.years, default=None),
        "years": [],
        "attainment": [],
        "reason": found.reason[0],
        "reason_en": found.reason[1],
    }
    for year, own in found.years.items():
        told = summarise(own.samples, found.model, classes=False)
        out["years"].append(
            {
                "year": year,
                "standard": own.standard,
                "mean": told["mean"],
                "quantiles": told["quantiles"],
                "targets": [
                    {**_asked(t), "probability": number(_probability(own.judged, t))}
                    for t in later
                    if t.year == year and _answered(t)
                ],
            }
        )
    if found.years:
        asked: dict[tuple[str, float], Target] = {}
        for t in (*targets, *later):
            if _answered(t) and t.value is not None:
                asked.setdefault((t.comparator, t.value), t)
        out["attainment"] = [_attainment(found, t, settings) for t in asked.values()]
    return out


def _answered(target: Target) -> bool:
    return (
        target.value is not None and target.kind in _KINDS and target.comparator in ("<=", ">=", "==")
    )  # fmt: skip


def _asked(target: Target) -> dict[str, Any]:
    return {
        "id": target.id,
        "plan": target.plan,
        "label_zh": target.label_zh,
        "label_en": target.label_en,
        "level": target.level,
        "comparator": target.comparator,
        "value": target.value,
        "unit": target.unit,
        "binding": target.binding,
    }


def _met(judged: NDArray[np.float64], target: Target) -> NDArray[np.bool_]:
    assert target.value is not None
    return meets(judged, target.comparator, target.value, target.tolerance or 0.0)


def _probability(judged: NDArray[np.float64], target: Target) -> float:
    return clip_probability(float(_met(judged, target).mean()), len(judged))


def _attainment(found: Later, target: Target, settings: Settings) -> dict[str, Any]:
    """From which year on the number of ``target`` stays met up to the horizon."""
    years = list(found.years)
    judged = [own.judged for own in found.years.values()]
    if found.now is not None:
        years, judged = [settings.year, *years], [found.now, *judged]
    met = np.stack([_met(j, target) for j in judged], axis=1)
    first = first_lasting(met)
    n_paths, n_years = met.shape
    counts = np.bincount(first, minlength=n_years + 1)
    at = np.quantile(first, [0.05, 0.5, 0.95], method="inverted_cdf").astype(int)
    low, median, high = (years[k] if k < n_years else None for k in at.tolist())
    # A year that is over and missed the number is no forecast; any other share is open.
    missed = settings.year if settings.year_over and not met[:, 0].any() else None
    shares = {
        y: 0.0 if y == missed else clip_probability(int(c) / n_paths, n_paths)
        for y, c in zip(years, counts, strict=False)
    }
    never = clip_probability(float(counts[-1]) / n_paths, n_paths)
    zh, en = _words(at.tolist(), years, counts)
    return {
        **_asked(target),
        "target_year": target.year,
        "by_year": {
            str(y): number(_probability(own.judged, target)) for y, own in found.years.items()
        },
        "first": {str(y): number(share) for y, share in shares.items()},
        "never": number(never),
        "low": low,
        "median": median,
        "high": high,
        "text": zh,
        "text_en": en,
    }


def _words(at: Sequence[int], years: Sequence[int], counts: NDArray[np.int64]) -> tuple[str, str]:
    """The year of attainment in words, with the share of paths behind what is not an interval.

    Args:
        at: positions of the 5, 50 and 95 % quantile in ``years``; its length stands for never.
        years: that were looked at.
        counts: paths by position of the first lasting year, the last for never.
    """
    n_years, n_paths, horizon = len(years), int(counts.sum()), years[-1]
    low, median, high = at

    def share(n: int) -> str:
        return percent(clip_probability(n / n_paths, n_paths))

    if median == n_years:
        never = share(int(counts[-1]))
        zh = f"到{horizon}年未见持续达标的路径占{never}"
        en = f"not lastingly within the horizon ({horizon}) on {never} of the paths"
        if low < n_years:
            early = share(int(counts[: low + 1].sum()))
            zh = f"{zh},{years[low]}年或更早起持续达标的占{early}"
            en = f"{en}; from {years[low]} or before on {early}"
        return zh, en
    if low == high:
        part = share(int(counts[median]))
        return (
            f"{years[median]}年起持续达标的路径占{part}",
            f"lastingly from {years[median]} on {part} of the paths",
        )
    until = f"{horizon}年以后" if high == n_years else f"{years[high]}年"
    until_en = f"after {horizon}" if high == n_years else str(years[high])
    return (
        f"{years[median]}年起持续达标(90%区间:{years[low]}年至{until})",
        f"lastingly from {years[median]} (90% interval: {years[low]} to {until_en})",
    )
