"""The plain panel model fitted to many places: records to arrays, arrays to each place's part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.models.daily_record import daily_record
from forecast.models.panel_figures import PanelFigures, PanelItem, shipped_panel
from forecast.models.panel_fit import (
    SlopeFit,
    autoregression,
    panel_design,
    past_error,
    scale_of,
    season_scale,
    seasonal_means,
    shrink_slopes,
    slopes,
)
from forecast.models.pooled import AirPooled, shipped_air

__all__ = ["PanelBatch", "PlacePart", "fit_batch", "panel_slopes", "past_errors"]

Floats = NDArray[np.float64]

#: Series whose arrays are worked on at a time: keeps memory at a few hundred bytes a reading.
_BLOCK = 600
#: Past origins from which the model's own year-ahead errors are taken [days before the end].
_PAST_ORIGINS = (365, 730, 1095)
#: Readings that a record must have before such an origin, and in the year after it.
_FEWEST_BEFORE, _FEWEST_AFTER = 330, 300
#: Year-ahead errors that the pooled slow error counts as.
_PRIOR_ERRORS = 20.0


@dataclass(frozen=True)
class PlacePart:
    """One place's part of a batch.

    Attributes:
        items: its items; ``columns`` are their columns in the arrays of the batch.
        columns: shape (item,).
        last_day: its last day with a reading.
        innovations: shape (day, item), its first day to its last; NaN where unknown.
        state: AR(1) residual of ``last_day``, shape (item,).
        limits: log of the lowest and the highest value that may be drawn, shape (2, item).
    """

    items: tuple[str, ...]
    columns: NDArray[np.int64]
    last_day: np.datetime64 | None
    innovations: NDArray[np.float32]
    state: Floats
    limits: Floats


@dataclass(frozen=True)
class PanelBatch:
    """Fit of all series (a place's item each).

    Attributes:
        end: the day that time is counted from: the last one of the panel.
        coefficients: shape (column, series); columns as in ``panel_design``.
        scale: shape (3, series).
        phi: shape (series,).
        tau: item to the slow errors of the first and the second year ahead.
        places: place to its part.
    """

    end: np.datetime64
    coefficients: Floats
    scale: Floats
    phi: Floats
    tau: Mapping[str, tuple[float, float]]
    places: Mapping[str, PlacePart]


@dataclass(frozen=True)
class _Panel:
    """Logs of all series on one grid of days, and what each series is.

    Attributes:
        days: each day from the first to the last reading of any place.
        blocks: logs (day, series) of some places each, NaN where missing.
        places: the places of each block.
        items: item of each series.
        regions: number of the region of each series.
    """

    days: NDArray[np.datetime64]
    blocks: list[NDArray[np.float32]]
    places: list[list[str]]
    items: list[str]
    regions: NDArray[np.int64]


def fit_batch(
    histories: Mapping[str, pd.DataFrame],
    *,
    regions: Mapping[str, str] | None = None,
    pooled: AirPooled | None = None,
    figures: PanelFigures | None = None,
) -> PanelBatch:
    """Fit the plain panel model to all places; see :func:`forecast.models.panel.fit_panel`."""
    pooled = pooled if pooled is not None else shipped_air()
    figures = figures if figures is not None else shipped_panel()
    panel, parts = _assemble(histories, regions or {})
    errors: dict[str, list[tuple[float, float]]] = {item: [] for item in panel.items}
    for back in _PAST_ORIGINS:
        for item, error, variance in _errors(
            panel, len(panel.days) - back, (1, 365), pooled, figures
        ):
            errors[item].append((error, variance))
    tau = {item: _steadied_tau(found, figures.item(item)) for item, found in errors.items()}
    n_series = len(panel.items)
    coefficients, scales, phis = (
        np.zeros((9, n_series)),
        np.zeros((3, n_series)),
        np.zeros(n_series),
    )
    end = panel.days[-1] if n_series else np.datetime64(0, "D")
    slope = _shrunk_slopes(panel, len(panel.days), pooled, figures)
    for block, places, own in _blocks(panel):
        design = panel_design(panel.days, end)
        fit = seasonal_means(block, design, slope[own])
        scales[:, own] = season_scale(fit.residuals, design)
        unit = fit.residuals / scale_of(scales[:, own], design)
        phis[own], innovations = autoregression(unit)
        coefficients[:, own] = fit.coefficients
        for place in places:
            parts[place] = _finished(parts[place], panel.days, own.start, unit, innovations, phis)
    return PanelBatch(end, coefficients, scales, phis, tau, parts)


def past_errors(
    histories: Mapping[str, pd.DataFrame],
    origin: np.datetime64,
    *,
    window: tuple[int, int] = (1, 365),
    pooled: AirPooled | None = None,
    figures: PanelFigures | None = None,
) -> pd.DataFrame:
    """Errors of forecasts that the model would have made on a past day.

    Args:
        histories: place to daily readings.
        origin: the last day whose readings the forecasts know.
        window: first and last lead [days] of the period whose mean is compared.
        pooled, figures: as for :func:`fit_batch`.

    Returns:
        One row a series: ``item``, ``error`` (ln of truth over expectation) and ``variance`` (the
        part that AR(1) explains); series with too few readings are left out.
    """
    pooled = pooled if pooled is not None else shipped_air()
    figures = figures if figures is not None else shipped_panel()
    panel, _ = _assemble(histories, {})
    rows: list[tuple[str, float, float]] = []
    if panel.items:
        n_days = int((origin - panel.days[0]).astype(np.int64)) + 1
        rows = _errors(panel, n_days, window, pooled, figures)
    return pd.DataFrame(rows, columns=["item", "error", "variance"])


def panel_slopes(histories: Mapping[str, pd.DataFrame]) -> tuple[list[str], SlopeFit]:
    """Slopes of all series as their records give them, and the item of each."""
    panel, _ = _assemble(histories, {})
    return panel.items, _slopes(panel, len(panel.days))


def _assemble(
    histories: Mapping[str, pd.DataFrame], regions: Mapping[str, str]
) -> tuple[_Panel, dict[str, PlacePart]]:
    """Put all records on one grid of days, whole places to a block."""
    spans = [h.index.to_numpy().astype("datetime64[D]") for h in histories.values() if len(h)]
    days = np.zeros(0, dtype="datetime64[D]")
    if spans:
        days = np.arange(min(s.min() for s in spans), max(s.max() for s in spans) + 1)
    names = {name: k for k, name in enumerate(dict.fromkeys(regions.get(p, "") for p in histories))}
    parts: dict[str, PlacePart] = {}
    blocks: list[NDArray[np.float32]] = []
    together: list[list[str]] = []
    items: list[str] = []
    number: list[int] = []
    waiting: list[NDArray[np.float32]] = []
    for place, history in histories.items():
        record = daily_record(history)
        columns = len(items) + np.arange(len(record.items))
        parts[place] = PlacePart(
            items=record.items,
            columns=columns,
            last_day=record.last_day,
            innovations=np.zeros((len(record.days), len(record.items)), dtype=np.float32),
            state=np.zeros(len(record.items)),
            limits=np.log(np.stack([record.floors, record.caps])),
        )
        if not record.items:
            continue
        logs = np.full((len(days), len(record.items)), np.nan, dtype=np.float32)
        first = int((record.days[0] - days[0]).astype(np.int64))
        logs[first : first + len(record.days)] = record.logs
        if not waiting:
            together.append([])
        waiting.append(logs)
        together[-1].append(place)
        items.extend(record.items)
        number.extend([names[regions.get(place, "")]] * len(record.items))
        if sum(part.shape[1] for part in waiting) >= _BLOCK:
            blocks.append(np.concatenate(waiting, axis=1))
            waiting = []
    if waiting:
        blocks.append(np.concatenate(waiting, axis=1))
    return _Panel(days, blocks, together, items, np.array(number, dtype=np.int64)), parts


def _blocks(panel: _Panel) -> Iterator[tuple[Floats, list[str], slice]]:
    """Logs of each block in double precision, its places, and its series."""
    first = 0
    for block, places in zip(panel.blocks, panel.places, strict=True):
        own = slice(first, first + block.shape[1])
        first = own.stop
        yield block.astype(np.float64), places, own


def _slopes(panel: _Panel, n_days: int) -> SlopeFit:
    """Slopes of all series from the first ``n_days`` days."""
    design = panel_design(panel.days[:n_days], panel.days[n_days - 1])
    parts = [slopes(block[:n_days], design) for block, _, _ in _blocks(panel)]
    return SlopeFit(
        *(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(SlopeFit))
    )


def _shrunk_slopes(panel: _Panel, n_days: int, pooled: AirPooled, figures: PanelFigures) -> Floats:
    """Slopes of all series from the first ``n_days`` days, shrunk within each item."""
    shrunk = np.zeros(len(panel.items))
    if not panel.items:
        return shrunk
    own = _slopes(panel, n_days)
    kept = pooled.trend_kept(panel.days[n_days - 1])
    names = np.array(panel.items)
    for item in dict.fromkeys(panel.items):
        rows = np.flatnonzero(names == item)
        figure = figures.item(item)
        shrunk[rows] = shrink_slopes(
            SlopeFit(*(getattr(own, f.name)[rows] for f in fields(SlopeFit))),
            panel.regions[rows],
            prior=(kept * figure.trend, figure.trend_sd, figure.year_sd),
        )
    return shrunk


def _errors(
    panel: _Panel,
    n_days: int,
    window: tuple[int, int],
    pooled: AirPooled,
    figures: PanelFigures,
) -> list[tuple[str, float, float]]:
    """Item, error and variance of the mean of ``window`` after the first ``n_days`` days."""
    if not _FEWEST_BEFORE <= n_days < len(panel.days):
        return []
    first, last = window
    fewest = _FEWEST_AFTER * (last - first + 1) / 365
    slope = _shrunk_slopes(panel, n_days, pooled, figures)
    origin = panel.days[n_days - 1]
    design = panel_design(panel.days[:n_days], origin)
    after = slice(n_days - 1 + first, n_days + last)
    ahead = panel_design(panel.days[after], origin)
    rows: list[tuple[str, float, float]] = []
    for block, _, own in _blocks(panel):
        enough = np.isfinite(block[:n_days]).sum(axis=0) >= _FEWEST_BEFORE
        enough &= np.isfinite(block[after]).sum(axis=0) >= fewest
        if not enough.any():
            continue
        known = block[:n_days, enough]
        fit = seasonal_means(known, design, slope[own][enough])
        scale = season_scale(fit.residuals, design)
        phi, _ = autoregression(fit.residuals / scale_of(scale, design))
        error, variance = past_error(
            block[after][:, enough], ahead @ fit.coefficients, scale_of(scale, ahead), phi
        )
        items = [panel.items[own.start + k] for k in np.flatnonzero(enough)]
        rows.extend(zip(items, error.tolist(), variance.tolist(), strict=True))
    return rows


def _steadied_tau(errors: Sequence[tuple[float, float]], figure: PanelItem) -> tuple[float, float]:
    """Slow error of the first and the second year: own errors, steadied by the pooled figure."""
    square = sum(error**2 - variance for error, variance in errors)
    pooled = figure.tau**2
    variance = (square + _PRIOR_ERRORS * pooled) / (len(errors) + _PRIOR_ERRORS)
    # Never far below what many cities say: a quiet year or two prove little.
    tau = float(np.sqrt(max(variance, 0.1 * pooled)))
    return tau, tau * figure.tau_second / figure.tau


def _finished(
    part: PlacePart,
    days: NDArray[np.datetime64],
    first_column: int,
    unit: Floats,
    innovations: Floats,
    phis: Floats,
) -> PlacePart:
    """A place's part with its innovations and its state at its last day."""
    assert part.last_day is not None
    last = int((part.last_day - days[0]).astype(np.int64))
    rows = slice(last + 1 - len(part.innovations), last + 1)
    columns = part.columns - first_column
    own = unit[rows][:, columns]
    seen = np.isfinite(own)
    age = np.argmax(seen[::-1], axis=0)
    state = phis[part.columns] ** age * own[len(own) - 1 - age, np.arange(len(columns))]
    driven = innovations[rows][:, columns]
    # An item whose days never follow each other has no innovation: its residuals stand in.
    driven = np.where(np.isfinite(driven).any(axis=0), driven, own)
    return replace(part, innovations=driven.astype(np.float32), state=state)
