"""Past forecasts: every model asked again what it would have said, from what was known then.

One row is one place, origin, model and indicator. The model is fitted to the readings known at
the origin and draws the rest of the year; each path is joined with what was observed and goes
through the official rules, as in a projection; the distribution is laid beside what came and
beside the plain rules. Streams of random numbers belong to (seed, place, origin, model): rows do
not depend on the number of processes, on the order, or on what else is asked for. Dust days are
kept, in the forecast and in the truth.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from forecast.errors import ForecastError, UsageError
from forecast.models.code_behind import libraries
from forecast.models.paths import Model
from forecast.models.pooled import AirPooled
from forecast.processes import spread
from forecast.projection.hindcast_cases import Case, HindcastSettings, PlaceRecord, stopped
from forecast.projection.hindcast_indicators import DEFAULT_INDICATORS, known_indicators
from forecast.projection.hindcast_parts import Parts, forecast_code, settings_digest
from forecast.projection.hindcast_rows import COLUMNS, forecast_rows

if TYPE_CHECKING:
    from forecast.models.registry import AirModel

__all__ = [
    "REASONS",
    "Hindcasts",
    "backtest_frames",
    "hindcast",
]

Progress = Callable[[str, int, int], None]
_Found = tuple[list[pd.DataFrame], list[dict[str, Any]]]

#: Why a forecast is not there.
REASONS: dict[str, tuple[str, str]] = {
    "year_over": ("起报日已到评价期末", "the origin is the end of the period or later"),
    "before_data": ("起报日早于第一次监测", "the origin is before the first reading"),
    "silent": ("起报日前监测中断过久", "the readings had stopped long before the origin"),
    "short_history": ("起报日前监测天数太少", "too few days with readings before the origin"),
    "year_open": ("监测记录在评价期末之前结束", "the readings end before the year that is forecast does"),
    "undrawable": ("该项目监测中断、长期不变或太短,不外推", "an item is silent, stands still or is too short to be drawn from"),
    "not_measured": ("没有该指标所需的监测项目", "an item of the indicator is not measured"),
    "truth_short": ("评价年有效天数不足", "the year that came has too few valid days"),
    "not_drawn": ("历史太短,模型不能外推该项目", "the model can't draw an item: its record is short"),
    "failed": ("模型计算失败", "the model failed"),
}  # fmt: skip

_ORDER = ["model", "indicator", "region", "place", "origin"]
_SKIPPED = ("region", "place", "model", "indicator", "year", "origin", "reason", "detail")

#: What a fit to odd data may end in; a fault of the program is none of them.
_FAILURES = (ValueError, ArithmeticError, np.linalg.LinAlgError, RuntimeError)


@dataclass(frozen=True)
class Hindcasts:
    """Past forecasts, and those that could not be made.

    Attributes:
        rows: columns :data:`COLUMNS`, sorted by model, indicator, region, place and origin.
        skipped: ``region, place, model, indicator, year, origin, reason, detail``; ``model`` and
            ``indicator`` are empty where the reason holds for all of them; reasons are the keys
            of :data:`REASONS`.
    """

    rows: pd.DataFrame
    skipped: pd.DataFrame


def backtest_frames(
    frames: Mapping[str, pd.DataFrame],
    origins: Iterable[date],
    models: Sequence[str | AirModel],
    indicators: Iterable[str] = DEFAULT_INDICATORS,
    *,
    n_paths: int = 1000,
    seed: int = 20150101,
    jobs: int = 1,
    pooled: AirPooled | None = None,
    cache: Path | None = None,
    regions: Mapping[str, str] | None = None,
    settings: HindcastSettings | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Past forecasts of plain tables of daily values.

    Args:
        frames: place to its days × items (index of days, columns item codes; NaN missing).
        origins: last days used; the year of the day after each is forecast.
        models: names of :data:`forecast.models.registry.AIR_MODELS`, or models of one's own (a
            variant needs a name of its own).
        indicators: of :data:`~forecast.projection.hindcast_indicators.HINDCAST_INDICATORS`.
        n_paths, seed: number of paths, root seed; they replace those of ``settings``.
        jobs: processes.
        pooled: pooled figures for the models; those of the package by default.
        cache: folder in which finished forecasts are kept and looked up.
        regions: place to region; default the place itself.
        settings: the other settings.
        progress: called with the stage, units done and units in all.

    Returns:
        Rows of :data:`COLUMNS`; see :func:`hindcast` for those that could not be made.
    """
    of = regions or {}
    records = [PlaceRecord.from_frame(name, f, of.get(name, "")) for name, f in frames.items()]
    base = settings or HindcastSettings()
    return hindcast(
        records, origins, models, indicators, settings=replace(base, n_paths=n_paths, seed=seed),
        jobs=jobs, pooled=pooled, cache=cache, progress=progress,
    ).rows  # fmt: skip


def hindcast(
    records: Sequence[PlaceRecord],
    origins: Iterable[date],
    models: Sequence[str | AirModel],
    indicators: Iterable[str] = DEFAULT_INDICATORS,
    *,
    settings: HindcastSettings | None = None,
    jobs: int = 1,
    pooled: AirPooled | None = None,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> Hindcasts:
    """Make past forecasts of ``records``; arguments as for :func:`backtest_frames`.

    Raises:
        UsageError: an unknown model or indicator, or the library of a model is missing.
    """
    chosen = [_resolved(model) for model in models]
    if len({m.name for m in chosen}) != len(chosen):
        raise UsageError("A model is asked for twice.", "Give each model a name of its own.")
    asked = _Asked(
        tuple(sorted(set(origins))), known_indicators(indicators), settings or HindcastSettings(),
        pooled, _digest(pooled), cache,
    )  # fmt: skip
    ordered = sorted(records, key=lambda r: (r.region, r.place))
    if len({r.key for r in ordered}) != len(ordered):
        raise UsageError("A place is given twice.", "Give each place of a region one record.")
    alone = tuple(m for m in chosen if m.make_panel is None)
    together = [m for m in chosen if m.make_panel is not None]
    units = [partial(_place, record, alone, asked) for record in ordered]
    units += [
        partial(_origin, tuple(ordered), m, at, asked) for m in together for at in asked.origins
    ]
    rows: list[pd.DataFrame] = []
    skipped: list[dict[str, Any]] = []
    with closing(spread(_worked_off, units, jobs)) as work:
        for done, (made, left) in enumerate(work, start=1):
            rows.extend(made)
            skipped.extend(left)
            if progress:
                progress("hindcasts", done, len(units))
    return Hindcasts(_ordered(rows, COLUMNS), _ordered([pd.DataFrame(skipped)], _SKIPPED))


def _worked_off(unit: Callable[[], _Found]) -> _Found:
    return unit()


def _ordered(parts: list[pd.DataFrame], columns: tuple[str, ...]) -> pd.DataFrame:
    """One table of all parts, in an order and with types that don't depend on how they came."""
    filled = [part for part in parts if not part.empty]
    if not filled:
        return pd.DataFrame(columns=list(columns))
    table = pd.concat(filled, ignore_index=True)[list(columns)]
    table["origin"] = table["origin"].astype("datetime64[s]")
    return table.sort_values(_ORDER, kind="stable", ignore_index=True)


def _resolved(model: str | AirModel) -> AirModel:
    if not isinstance(model, str):
        return model
    from forecast.models.registry import air_model

    return air_model(model)


@dataclass(frozen=True)
class _Asked:
    """What every unit of work is told."""

    origins: tuple[date, ...]
    indicators: tuple[str, ...]
    settings: HindcastSettings
    pooled: AirPooled | None
    pooled_digest: str
    cache: Path | None

    def key(self, model: AirModel, origin: date, data: Iterable[str]) -> str:
        """Hash of all that the rows of one origin are made from."""
        told = [
            forecast_code(), settings_digest(self.settings), self.pooled_digest, model.name,
            origin.isoformat(), *(libraries() if model.extra else ()),
            *([model.data] if model.data else []), *data,
        ]  # fmt: skip
        return hashlib.sha256("\x1f".join(told).encode()).hexdigest()


def _digest(pooled: AirPooled | None) -> str:
    if pooled is None:
        return ""
    from joblib import hash as hash_of

    return str(hash_of(pooled))


def _place(record: PlaceRecord, models: tuple[AirModel, ...], asked: _Asked) -> _Found:
    """All rows of one place by the models that are fitted to one place."""
    rows: list[pd.DataFrame] = []
    skipped: list[dict[str, Any]] = []
    parts = {m.name: Parts(asked.cache, m.name, record.key) for m in models}
    for origin in asked.origins:
        case = Case(record, origin, asked.settings)
        wanted, left = _scoreable(case, asked)
        skipped.extend(left)
        for model in models if wanted else ():

            def fitted(of: Case, model: AirModel = model) -> Model:
                made: Model = model.make(of.record.place, asked.pooled)
                return made.fit(of.usable)

            part = parts[model.name]
            key = asked.key(model, origin, [case.digest])
            found, lost = _forecasts({case: wanted}, model, fitted, part, key)
            rows.append(found)
            skipped.extend(lost)
    return rows, skipped


def _origin(
    records: tuple[PlaceRecord, ...], model: AirModel, origin: date, asked: _Asked
) -> _Found:
    """All rows of one origin by a model that is fitted to all places at once."""
    every = [Case(record, origin, asked.settings) for record in records]
    scored = {case: _scoreable(case, asked)[0] for case in every}
    cases = {case: wanted for case, wanted in scored.items() if wanted}
    if not cases:
        return [], []
    part = Parts(asked.cache, model.name, origin.isoformat())
    key = asked.key(model, origin, [case.digest for case in every])
    fitted: dict[str, Model] = {}

    def of(case: Case) -> Model:
        if not fitted:
            assert model.make_panel is not None
            histories = {c.record.key: c.usable for c in every if not c.usable.empty}
            fitted.update(model.make_panel(histories, asked.pooled))
        return fitted[case.record.key]

    found, lost = _forecasts(cases, model, of, part, key)
    return [found], lost


def _scoreable(case: Case, asked: _Asked) -> tuple[dict[str, float], list[dict[str, Any]]]:
    """Indicators that have a truth, with it; and what is left out."""
    reason = case.unfit()
    if reason:
        return {}, [_skip(case, reason)]
    truths = case.truths(asked.indicators)
    reasons = {name: stopped(case, name, truths) for name in asked.indicators}
    left = [_skip(case, reason, indicator=name) for name, reason in reasons.items() if reason]
    return {name: truths[name] for name, reason in reasons.items() if not reason}, left


def _skip(
    case: Case, reason: str, *, model: str = "", indicator: str = "", detail: str = ""
) -> dict[str, Any]:
    return {
        "region": case.record.region, "place": case.record.place, "model": model,
        "indicator": indicator, "year": case.year, "origin": pd.Timestamp(case.origin), "reason": reason,
        "detail": detail,
    }  # fmt: skip


def _forecasts(
    cases: Mapping[Case, dict[str, float]],
    model: AirModel,
    fitted: Callable[[Case], Model],
    part: Parts,
    key: str,
) -> tuple[pd.DataFrame, list[dict[str, Any]]]:
    """Rows of ``cases``, from the part where they are there, made and kept where they are not."""
    stood = part.found(key)
    made: list[dict[str, Any]] = []
    skipped = []
    for case, wanted in cases.items():
        own = stood
        if not stood.empty:
            own = stood[
                (stood["region"] == case.record.region) & (stood["place"] == case.record.place)
            ]
        missing = [n for n in wanted if own.empty or n not in set(own["indicator"])]
        if not missing:
            continue
        try:
            made.extend(forecast_rows(case, {n: wanted[n] for n in missing}, model.name, fitted))
        except ForecastError:
            raise
        except _FAILURES as error:
            detail = f"{type(error).__name__}: {error}"
            skipped.append(_skip(case, "failed", model=model.name, detail=detail))
    if made:
        part.add(key, pd.DataFrame(made))
    rows = part.found(key)
    if rows.empty:
        return pd.DataFrame(columns=[*COLUMNS]), skipped
    names = {n for wanted in cases.values() for n in wanted}
    rows = rows[rows["indicator"].isin(names)]
    for case in cases:
        lost = rows[(rows["reason"] != "") & (rows["place"] == case.record.place)]
        lost = lost[lost["region"] == case.record.region]
        skipped += [
            _skip(case, str(r), model=model.name, indicator=str(n))
            for n, r in zip(lost["indicator"], lost["reason"], strict=True)
        ]
    return rows[rows["reason"] == ""], skipped
