"""Indices of surface water on paths: the CWQI of a set of sections, the TLI of a lake."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from forecast.projection.result import IndicatorResult, Observed
from forecast.projection.section_shares import SectionSet, earlier_years
from forecast.projection.settings import Settings
from forecast.projection.summary import number
from forecast.projection.water_record import SectionRecord
from forecast.standards.city_water_index import city_cwqi, section_cwqi
from forecast.standards.items import CLASS_ITEMS
from forecast.standards.rounding import round_half_even
from forecast.standards.trophic_state import tli, trophic_class
from forecast.targets.evidence import MonthlyValues

__all__ = ["city_index", "lake_index"]

_TLI_ITEMS = ("chla", "tp", "tn", "secchi", "codmn")


def city_index(
    group: SectionSet,
    means: Mapping[str, Mapping[str, IndicatorResult]],
    water_types: Mapping[str, str],
    settings: Settings,
) -> IndicatorResult | None:
    """CWQI of the sections of a set: concentrations averaged over rivers, over lakes, then both.

    Args:
        means: section → item → result of its annual mean.
        water_types: section → ``river`` or ``lake``.

    Returns:
        None where no section has an item that counts.
    """
    members = {
        s: {i: r for i, r in items.items() if i in CLASS_ITEMS}
        for s, items in means.items()
        if not group.sections or s in group.sections
    }
    members = {s: items for s, items in members.items() if items}
    if not members:
        return None
    first = next(iter(next(iter(members.values())).values()))

    def index(read: str, year: int = 0) -> NDArray[np.float64] | None:
        parts: dict[str, tuple[NDArray[np.float64], int]] = {}
        for water_type in ("river", "lake"):
            own = [m for s, m in members.items() if water_types.get(s, "river") == water_type]
            columns = _columns(own, read, year)
            if columns:
                table = np.stack(list(columns.values()), axis=-1)
                parts[water_type] = (section_cwqi(table, tuple(columns), water_type), len(own))
        if not parts:
            return None
        rivers, n_rivers = parts.get("river", (np.zeros(1), 0))
        lakes, n_lakes = parts.get("lake", (np.zeros(1), 0))
        return city_cwqi(rivers, lakes, n_rivers, n_lakes)

    samples = None if settings.year_over else index("samples")
    seen = index("observed")
    # A year stands for the same sections, or it would be another series.
    assessed = [m for m in members.values() if any(r.sufficient for r in m.values())]
    shared = set.intersection(*(_years(items) for items in assessed)) if assessed else set()
    past = {y: index("history", y) for y in sorted(shared)}
    enough = any(r.sufficient for m in members.values() for r in m.values())
    lasts = [r.observed.last_day for m in members.values() for r in m.values()]
    return _result(
        first, "cwqi", group.name, "section_set", seen, samples, 4, enough,
        {y: float(v[0]) for y, v in past.items() if v is not None}, settings,
        Observed(None, None, len(members), len(group.sections) or len(members),
                 max((d for d in lasts if d), default=None)),
    )  # fmt: skip


def _years(items: Mapping[str, IndicatorResult]) -> set[int]:
    """Years in which every item of a section has a mean."""
    return set.intersection(*(set(r.history) for r in items.values()))


def _columns(
    sections: list[dict[str, IndicatorResult]], read: str, year: int
) -> dict[str, NDArray[np.float64]]:
    """Item → mean over ``sections`` of what is read: samples (path,), observed or a year (1,)."""
    found: dict[str, list[NDArray[np.float64]]] = {}
    for items in sections:
        for item, result in items.items():
            value: NDArray[np.float64] | None = None
            if read == "samples":
                value = result.samples
            elif read == "observed" and result.observed.value is not None:
                value = np.array([result.observed.value])
            elif read == "history" and year in result.history:
                value = np.array([result.history[year]])
            if value is not None:
                found.setdefault(item, []).append(value)
    out = {}
    for item, values in found.items():
        table = np.stack(values)
        # pH is averaged through the hydrogen ion here as everywhere.
        mean = -np.log10(np.mean(10.0**-table, axis=0)) if item == "ph" else table.mean(axis=0)
        out[item] = mean
    return out


def lake_index(
    record: SectionRecord,
    means: Mapping[str, IndicatorResult],
    settings: Settings,
    place_kind: str = "section",
) -> IndicatorResult | None:
    """TLI of a lake from its five annual means, and of each month; None unless all five are there."""
    if not set(_TLI_ITEMS) <= set(means):
        return None

    def index(values: list[NDArray[np.float64] | None]) -> NDArray[np.float64] | None:
        if any(v is None for v in values):
            return None
        return _tli(np.stack([v for v in values if v is not None], axis=-1))

    own = [means[i] for i in _TLI_ITEMS]
    seen = index(
        [np.array([r.observed.value]) if r.observed.value is not None else None for r in own]
    )
    samples = None if settings.year_over else index([r.samples for r in own])
    years = set.intersection(*(set(r.history) for r in own))
    past = {y: index([np.array([r.history[y]]) for r in own]) for y in years}
    first = own[0]
    found = _result(
        first, "tli", record.name, place_kind, seen, samples, 1, all(r.sufficient for r in own),
        {y: float(v[0]) for y, v in past.items() if v is not None}, settings, first.observed,
    )  # fmt: skip
    columns = [record.items.index(i) for i in _TLI_ITEMS]

    def months(table: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(round_half_even(_tli(table[..., columns]), 1))

    drawn = None if record.joined is None else months(record.joined)
    monthly = MonthlyValues(months(record.observed), drawn, record.months_left(settings))
    state = ("", "")
    if found.observed_judged is not None:
        now = trophic_class(found.observed_judged)
        state = (f"目前为{now.zh}", f"{now.en} so far")
    return replace(found, monthly=monthly, detail=state)


def _tli(table: NDArray[np.float64]) -> NDArray[np.float64]:
    """TLI of (..., item) values in the order of the five parts; chlorophyll comes in mg/L."""
    scaled = table.copy()
    scaled[..., _TLI_ITEMS.index("chla")] *= 1000.0
    return tli(scaled, _TLI_ITEMS)


def _result(
    like: IndicatorResult,
    name: str,
    place: str,
    place_kind: str,
    seen: NDArray[np.float64] | None,
    samples: NDArray[np.float64] | None,
    decimals: int,
    enough: bool,
    history: dict[int, float],
    settings: Settings,
    counts: Observed,
) -> IndicatorResult:
    """A result like that of an item's mean, with the index in its place."""
    value = float(seen[0]) if seen is not None and np.isfinite(seen[0]) else None
    shown = float(round_half_even(value, decimals)) if value is not None else None
    drawn = samples if samples is not None and np.isfinite(samples).any() else None
    sufficient = enough and (settings.year_over or drawn is not None)
    reason = ("", "")
    if not sufficient:
        reason = like.reason if like.reason[0] else (
            "参与计算的断面监测值不足", "the sections behind it have too few samples",
        )  # fmt: skip
    return replace(
        like, place=place, place_kind=place_kind,
        point_set=place if place_kind == "section_set" else "", indicator=name, unit="-",
        observed=replace(counts, value=number(value), value_official=shown),
        samples=drawn, judged=round_half_even(drawn, decimals) if drawn is not None else None,
        observed_judged=shown, sufficient=sufficient, reason=reason, counts={}, record=None,
        remarks=("", ""),
        **earlier_years(history, settings),
    )  # fmt: skip
