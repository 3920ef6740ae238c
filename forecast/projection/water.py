"""Water of one region: observed months and drawn months, through the official rules, to classes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.models.paths import Paths
from forecast.projection.result import IndicatorResult, Observed
from forecast.projection.section_shares import (
    WATER_STANDARD,
    SectionSet,
    earlier_years,
    section_shares,
)
from forecast.projection.settings import Settings
from forecast.projection.summary import number
from forecast.projection.water_index import city_index, lake_index
from forecast.standards.indicators import WATER_CLASSES, indicator
from forecast.standards.items import CLASS_ITEMS
from forecast.standards.rounding import round_half_even
from forecast.standards.water_period import MONTHS_NEEDED, assess_section_period

__all__ = ["WaterProjection", "WaterTiles", "project_water"]

#: A section silent for longer than this is not drawn further.
SILENT_MONTHS = 4


@dataclass(frozen=True)
class WaterTiles:
    """What the section chart draws: classes 1 to 6, 0 where there is none.

    Attributes:
        sections: names, shape (section,).
        months: int (section, 12): class of each month of the year.
        to_date: int (section,): class of the mean to date.
        p_iii: float (section,): probability of class III or better at year end, NaN without.
        limiting: item that decides most often.
    """

    sections: tuple[str, ...]
    months: NDArray[np.int64]
    to_date: NDArray[np.int64]
    p_iii: NDArray[np.float64]
    limiting: tuple[str, ...]


@dataclass(frozen=True)
class WaterProjection:
    """All indicators of a region's sections, and what the chart draws."""

    region: str
    results: list[IndicatorResult]
    tiles: WaterTiles | None
    warnings: list[tuple[str, str]]


@dataclass(frozen=True)
class _Section:
    """Months of one section: observed (month, item) and drawn (path, month, item)."""

    name: str
    items: tuple[str, ...]
    water_type: str
    observed: NDArray[np.float64]
    joined: NDArray[np.float64] | None
    last: date | None
    past: dict[int, NDArray[np.float64]]


def project_water(
    region: str,
    monthly: pd.DataFrame,
    settings: Settings,
    *,
    drawn: Paths | None,
    key: dict[str, str],
    water_types: dict[str, str],
    last_days: dict[str, date],
    sets: tuple[SectionSet, ...] = (SectionSet("all"),),
    known: tuple[str, ...] = (),
) -> WaterProjection:
    """Project the sections of one region for the year asked.

    Args:
        monthly: months × (place, item) up to the as-of date, of this region.
        drawn: months ahead of all sections of the workspace, None where nothing is drawn.
        key: section → its name among the places of ``drawn``.
        water_types: section → ``river`` or ``lake`` (decides the limits of phosphorus).
        last_days: section → last day with a sample.
        sets: the sets whose shares are asked.
        known: sections that are to be answered for even without a sample up to the as-of date.

    Paths are joint over the sections, so a share keeps their dependence.
    """
    sections = tuple(dict.fromkeys(monthly.columns.get_level_values("place")))
    months = np.array([f"{settings.year}-{m:02d}-01" for m in range(1, 13)], dtype="datetime64[D]")
    columns = _columns(drawn)
    made = [
        _section(
            name,
            monthly,
            months,
            drawn,
            columns.get(key[name], {}),
            water_types,
            last_days,
            settings,
        )
        for name in sections
    ]
    results: list[IndicatorResult] = []
    classes: dict[str, IndicatorResult] = {}
    limiting: dict[str, str] = {}
    means: dict[str, dict[str, IndicatorResult]] = {}
    for section in made:
        own, lead = _section_results(region, section, settings, drawn)
        classes[section.name] = own[0]
        limiting[section.name] = lead
        results.extend(own)
        means[section.name] = {r.indicator.removesuffix("_mean"): r for r in own[1:]}
        if section.water_type == "lake":
            trophic = lake_index(section.name, means[section.name], settings)
            results.extend([trophic] if trophic else [])
    results.extend(_silent(region, name, settings) for name in known if name not in classes)
    for group in sets:
        results.extend(section_shares(region, group, classes, settings, drawn))
        index = city_index(group, means, water_types, settings)
        results.extend([index] if index else [])
    tiles = _tiles(made, classes, limiting) if made else None
    return WaterProjection(region, results, tiles, [])


def _silent(region: str, name: str, settings: Settings) -> IndicatorResult:
    """The class of a section without any sample that can be used."""
    return IndicatorResult(
        region=region, place=name, place_kind="section", point_set="", domain="water",
        indicator="section_class", unit="class", period=str(settings.year), standard=WATER_STANDARD,
        dust=None, basis=None, observed=Observed(None, None, 0, _elapsed_months(settings), None),
        sufficient=False,
        reason=(
            "截至起报日没有注明日期的监测值", "no dated sample up to the as-of date",
        ),
    )  # fmt: skip


def _elapsed_months(settings: Settings) -> int:
    """Months of the year begun by the as-of date."""
    begun = (settings.as_of.year - settings.year) * 12 + settings.as_of.month
    return min(12, max(0, begun))


def _columns(drawn: Paths | None) -> dict[str, dict[str, int]]:
    """Place → item → column of the drawn values."""
    out: dict[str, dict[str, int]] = {}
    if drawn is not None:
        for column, (place, item) in enumerate(zip(drawn.places, drawn.items, strict=True)):
            out.setdefault(place, {})[item] = column
    return out


def _section(
    name: str,
    monthly: pd.DataFrame,
    months: NDArray[np.datetime64],
    drawn: Paths | None,
    columns: dict[str, int],
    water_types: dict[str, str],
    last_days: dict[str, date],
    settings: Settings,
) -> _Section:
    own: pd.DataFrame = monthly.loc[:, [name]].droplevel("place", axis=1)
    recent = own[own.index >= pd.Timestamp(months[0]) - pd.DateOffset(years=2)]
    items = tuple(i for i in own.columns if recent[i].notna().any())
    observed = own.reindex(columns=list(items)).reindex(pd.DatetimeIndex(months))
    seen = observed.to_numpy(dtype=np.float64)
    last = last_days.get(name)
    joined = None
    if drawn is not None and items and last is not None:
        silent = (settings.as_of.year - last.year) * 12 + settings.as_of.month - last.month
        # The items whose months can be drawn decide; one that can't be drawn is left as observed.
        if columns and silent <= SILENT_MONTHS:
            joined = np.repeat(seen[None], settings.n_paths, axis=0)
            last_month = np.datetime64(last, "M").astype("datetime64[D]")
            for month, time in enumerate(months):
                # A month before the section's last sample stays missing; later ones are drawn.
                k = int(np.searchsorted(drawn.times, time))
                if time <= last_month or k >= len(drawn.times) or drawn.times[k] != time:
                    continue
                for j, item in enumerate(items):
                    if item in columns:
                        joined[:, month, j] = drawn.values[:, k, columns[item]]
    past = {}
    for year in range(settings.year - 3, settings.year):
        of_year = pd.date_range(f"{year}-01-01", periods=12, freq="MS")
        values = own.reindex(columns=list(items)).reindex(of_year).to_numpy(dtype=np.float64)
        if np.isfinite(values).any(axis=1).sum() >= MONTHS_NEEDED:
            past[year] = values
    return _Section(name, items, water_types.get(name, "river"), seen, joined, last, past)


def _section_results(
    region: str, section: _Section, settings: Settings, drawn: Paths | None
) -> tuple[list[IndicatorResult], str]:
    """Class of the section first, then the mean of every item."""
    counted = [j for j, i in enumerate(section.items) if i in CLASS_ITEMS]
    items = tuple(section.items[j] for j in counted)
    n_months = int(np.isfinite(section.observed).any(axis=1).sum())
    elapsed = _elapsed_months(settings)
    final = section.joined if section.joined is not None else section.observed[None]
    n_final = int(np.isfinite(final[0]).any(axis=1).sum())
    reason = _reason(section, n_final, settings)
    enough = not reason[0] and bool(counted)
    if not counted:
        reason = (
            "没有参与定类的监测项目(pH、溶解氧、高锰酸盐指数、氨氮、总磷等)",
            "no item that decides a class (pH, DO, CODMn, NH3-N, TP …) was measured",
        )
    model_name = drawn.model if drawn is not None and section.joined is not None else ""

    def result(name: str, unit: str, **found: object) -> IndicatorResult:
        return IndicatorResult(
            region=region, place=section.name, place_kind="section", point_set="", domain="water",
            indicator=name, unit=unit, period=str(settings.year), standard=WATER_STANDARD, dust=None,
            basis=None, sufficient=enough, reason=reason, model=model_name, **found,  # type: ignore[arg-type]
        )  # fmt: skip

    lead = ""
    seen_class, samples = 0, None
    if counted and n_months:
        now = assess_section_period(
            section.observed[None][:, :, counted], items, section.water_type,
            months_needed=1, required=_REQUIRED, not_monitored=_absent(items),
        )  # fmt: skip
        seen_class = int(now.classes[0])
        lead = _leading(now.deciding, items)
    if counted and enough and section.joined is not None:
        ahead = assess_section_period(
            section.joined[:, :, counted], items, section.water_type,
            required=_REQUIRED, not_monitored=_absent(items),
        )  # fmt: skip
        samples = np.where(ahead.classes > 0, ahead.classes, np.nan).astype(np.float64)
        lead = _leading(ahead.deciding, items)
    in_year = section.last if section.last and section.last.year == settings.year else None
    out = [
        result(
            "section_class", "class",
            observed=Observed(
                float(seen_class) if seen_class else None,
                WATER_CLASSES[seen_class - 1] if seen_class else None,
                n_months, elapsed, in_year,
            ),
            samples=samples, judged=samples,
            observed_judged=float(seen_class) if seen_class else None,
            counts={"n_valid": n_months, "n_left": n_final - n_months},
            **earlier_years(
                {y: _class_of(v[:, counted], items, section.water_type) for y, v in
                 section.past.items()} if counted else {},
                settings,
            ),
        )
    ]  # fmt: skip
    for j, item in enumerate(section.items):
        name = f"{item}_mean"
        try:
            about = indicator(name)
        except KeyError:
            continue
        seen = _year_mean(section.observed[None][:, :, j], item)[0]
        paths = None
        if enough and section.joined is not None:
            paths = _year_mean(section.joined[:, :, j], item)
        places = about.judged_decimals or 0
        shown = float(round_half_even(seen, places)) if np.isfinite(seen) else None
        n_item = int(np.isfinite(section.observed[:, j]).sum())
        out.append(
            result(
                name, about.unit,
                observed=Observed(number(float(seen)), shown, n_item, elapsed, in_year),
                samples=paths,
                judged=round_half_even(paths, places) if paths is not None else None,
                observed_judged=shown,
                counts={"n_valid": n_item, "n_left": n_final - n_months},
                **earlier_years(
                    {y: float(_year_mean(v[None][:, :, j], item)[0]) for y, v in
                     section.past.items()},
                    settings,
                ),
            )
        )  # fmt: skip
    return out, lead


def _class_of(months: NDArray[np.float64], items: tuple[str, ...], water_type: str) -> float:
    """Class of one full year of months (month, item); NaN where it can't be given."""
    found = assess_section_period(
        months, items, water_type, required=_REQUIRED, not_monitored=_absent(items)
    )
    return float(found.classes[0]) if found.classes[0] else float("nan")


def _reason(section: _Section, n_final: int, settings: Settings) -> tuple[str, str]:
    if n_final < MONTHS_NEEDED:
        return (
            f"{settings.year}年最多有{n_final}个月有监测值,年度评价需要{MONTHS_NEEDED}个月",
            f"{settings.year} can reach {n_final} months with a sample; a year needs {MONTHS_NEEDED}",
        )
    if not settings.year_over and section.joined is None:
        return (
            "历史数据太少或断面已停测,不能外推",
            "too little history, or the section has fallen silent: nothing is drawn",
        )
    return ("", "")


_REQUIRED = ("ph", "do", "codmn", "nh3n")


def _absent(items: tuple[str, ...]) -> tuple[str, ...]:
    """Items that a class usually needs and that this section has never had."""
    return tuple(i for i in _REQUIRED if i not in items)


def _year_mean(months: NDArray[np.float64], item: str) -> NDArray[np.float64]:
    """Mean of the months of (path, month); pH through the hydrogen-ion concentration."""
    values = 10.0**-months if item == "ph" else months
    n = np.isfinite(values).sum(axis=1)
    total = np.nansum(values, axis=1)
    mean = np.where(n > 0, total / np.maximum(n, 1), np.nan)
    return -np.log10(mean) if item == "ph" else mean


def _leading(deciding: NDArray[np.bool_], items: tuple[str, ...]) -> str:
    share = deciding.mean(axis=0)
    return items[int(np.argmax(share))] if share.size and share.max() > 0 else ""


def _tiles(
    made: list[_Section], classes: dict[str, IndicatorResult], limiting: dict[str, str]
) -> WaterTiles:
    months = np.zeros((len(made), 12), dtype=np.int64)
    for row, section in enumerate(made):
        counted = [j for j, i in enumerate(section.items) if i in CLASS_ITEMS]
        if not counted:
            continue
        items = tuple(section.items[j] for j in counted)
        one_month = section.observed[:, None, counted]
        months[row] = assess_section_period(
            one_month, items, section.water_type,
            months_needed=1, required=_REQUIRED, not_monitored=_absent(items),
        ).classes  # fmt: skip
    p_iii = np.full(len(made), np.nan)
    to_date = np.zeros(len(made), dtype=np.int64)
    for row, section in enumerate(made):
        result = classes[section.name]
        if result.samples is not None:
            p_iii[row] = float(np.mean(result.samples[np.isfinite(result.samples)] <= 3))
        to_date[row] = int(result.observed.value or 0)
    return WaterTiles(
        tuple(s.name for s in made), months, to_date, p_iii,
        tuple(limiting[s.name] for s in made),
    )  # fmt: skip
