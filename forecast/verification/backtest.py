"""The command ``forecast backtest``: past forecasts of a workspace, their scores, and a page."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from forecast import __version__
from forecast.errors import ForecastError
from forecast.projection.hindcast_cases import HindcastSettings, PlaceRecord, records_of
from forecast.projection.hindcast_indicators import DEFAULT_INDICATORS, known_indicators
from forecast.projection.hindcast_parts import forecast_code
from forecast.projection.hindcasts import REASONS, Hindcasts, hindcast
from forecast.projection.streams import stream
from forecast.region_names import normalise_region
from forecast.verification.effects import Effects, effects_of
from forecast.verification.figures import Named
from forecast.verification.origins import days_before, named_origins, start_months
from forecast.verification.publish import Report, publish
from forecast.verification.tables import difference_table, event_table, score_table
from forecast.workspace import Workspace

__all__ = ["BacktestOutcome", "BacktestRequest", "backtest"]

Progress = Callable[[str, int, int], None]

#: Years that are forecast where none are named: the last that are over, as many as this.
_YEARS = 5
_ORDINARY_PATHS = 1000


@dataclass(frozen=True)
class BacktestRequest:
    """What is asked of a backtest; None takes the ordinary value.

    Attributes:
        origins: ``2015..2019``, years or days with commas; None: the last five years over.
        months: start months of the years, ``1,4,7,10``.
        models: names with commas; None: all that need no further library.
        indicators: names with commas.
        region: only this region.
        paths, seed, jobs: number of paths (1000), root seed, processes.
        out: folder to write to instead of ``reports/backtest-<id>``.
        lang: language that the page shows first.
    """

    origins: str | None = None
    months: str | None = None
    models: str | None = None
    indicators: str | None = None
    region: str | None = None
    paths: int | None = None
    seed: int | None = None
    jobs: int | None = None
    out: Path | None = None
    lang: str = "zh"


@dataclass(frozen=True)
class BacktestOutcome:
    """A finished backtest.

    Attributes:
        backtest_id: its name, made from what went in.
        folder: where its files stand.
        made: past forecasts, and those that could not be made.
        scores: ``score_table`` over all, by start month and by year (column ``group``).
        events: ``event_table`` over all thresholds, by threshold and by start month.
        differences: CRPS of the first model less that of the others.
        effects: what recalibration and stacking would have changed.
        skipped: reason, number, places of what is missing.
        unserved: what was asked for and got no row, as (Chinese, English).
    """

    backtest_id: str
    folder: Path
    made: Hindcasts
    scores: pd.DataFrame
    events: pd.DataFrame
    differences: pd.DataFrame
    effects: Effects
    skipped: pd.DataFrame
    unserved: tuple[tuple[str, str], ...] = field(default=())

    @property
    def exit_code(self) -> int:
        """4 where a part of what was asked for could not be served, else 0."""
        return 4 if self.unserved else 0

    def to_dict(self) -> dict[str, Any]:
        """The outcome as JSON-ready data."""
        return {
            "backtest": {
                "id": self.backtest_id, "folder": str(self.folder),
                "page": str(self.folder / "index.html"), "forecasts": len(self.made.rows),
            },
            "scores": _records(self.scores),
            "events": _records(self.events),
            "differences": _records(self.differences),
            "recalibration": _records(self.effects.recalibration),
            "stacking": _records(self.effects.stacking),
            "remarks": [{"zh": zh, "en": en} for zh, en in self.effects.sentences],
            "skipped": _records(self.skipped),
            "unserved": [{"zh": zh, "en": en} for zh, en in self.unserved],
        }  # fmt: skip


def backtest(
    workspace: Workspace, request: BacktestRequest, *, progress: Progress | None = None
) -> BacktestOutcome:
    """Forecast past years of the workspace's cities again, score them, and write page and tables.

    Finished forecasts are kept under ``models/hindcasts`` and not made again.

    Raises:
        UsageError: origins, months, models or indicators that have no meaning.
        ForecastError: no daily readings of a city, an unknown region, or nothing can be scored.
        WorkspaceError: the report can't be written.
    """
    models = _models(request.models)
    indicators = known_indicators(_listed(request.indicators) or DEFAULT_INDICATORS)
    months = start_months(request.months)
    named = None if request.origins is None else named_origins(request.origins, request.months)
    config = workspace.config
    records = _records_asked(workspace, request.region)
    origins = named or days_before(_years_over(records), months)
    settings = HindcastSettings(
        n_paths=request.paths or _ORDINARY_PATHS,
        seed=config.run.seed if request.seed is None else request.seed,
        standard=config.standards.aqi or config.standards.limits or None,
        denominator=config.standards.denominator,
    )
    made = hindcast(
        records, origins, list(models), indicators, settings=settings,
        jobs=request.jobs or config.run.jobs or 1, cache=workspace.models / "hindcasts",
        progress=progress,
    )  # fmt: skip
    skipped = _counted(made.skipped)
    if made.rows.empty:
        told = "; ".join(f"{r['en']} ({r['times']})" for r in skipped.to_dict("records"))
        raise ForecastError(
            f"No past forecast can be scored: {told}.",
            "Choose years with readings before and during them; see with `forecast status`.",
        )
    told_id = {
        "origins": [d.isoformat() for d in origins], "models": list(models),
        "indicators": list(indicators), "region": request.region, "paths": settings.n_paths,
        "seed": settings.seed, "lang": request.lang, "standard": settings.standard, "denominator": settings.denominator,
        "tables": workspace.store.fingerprint(["air_daily"]), "code": forecast_code(),
        "forecast": __version__,
    }  # fmt: skip
    digest = hashlib.sha256(json.dumps(told_id, sort_keys=True).encode("utf-8")).hexdigest()
    name = f"backtest-{origins[-1]:%Y%m%d}-{digest[:12]}"
    scores, events, gaps = _tables(made.rows, models, settings)
    effects = effects_of(made.rows, models, settings.seed)
    folder = request.out or workspace.reports / name
    report = Report(
        name, folder, made, scores, events, gaps, effects, skipped, models, origins, settings,
        request.lang,
    )  # fmt: skip
    publish(workspace, report, progress)
    return BacktestOutcome(
        name, folder, made, scores, events, gaps, effects, skipped,
        _unserved(made, origins, models, indicators),
    )  # fmt: skip


def _listed(text: str | None) -> list[str]:
    return [] if text is None else [p.strip() for p in text.split(",") if p.strip()]


def _models(text: str | None) -> dict[str, Named]:
    from forecast.models.registry import AIR_MODELS, air_model

    names = dict.fromkeys(_listed(text)) or [n for n in AIR_MODELS if not air_model(n).extra]
    found = [air_model(n) for n in names]
    return {m.name: Named(m.zh, m.en) for m in found}


def _records_asked(workspace: Workspace, region: str | None) -> list[PlaceRecord]:
    there = sorted(set(workspace.store.read("air_daily", columns=["region"])["region"]))
    chosen = None
    if region is not None:
        wanted = normalise_region(workspace.config.regions.aliases.get(region, region))
        chosen = [r for r in there if normalise_region(r) == wanted]
        if not chosen:
            raise ForecastError(
                f"There are no daily air readings of the region {region}.",
                f"Regions with readings: {', '.join(there[:20])}{' …' if len(there) > 20 else ''}."
                if there
                else "Take files in first: forecast ingest <folder>.",
            )
    records = records_of(workspace.store.read("air_daily", regions=chosen))
    if not records:
        raise ForecastError(
            f"The workspace {workspace.root} has no daily air readings of a city.",
            "Take in city values, or hourly readings of all evaluation points of the city.",
        )
    return records


def _years_over(records: list[PlaceRecord]) -> list[int]:
    """The last years that are over in the readings and have some of the year before."""
    first = min(r.frame.index.min() for r in records).year
    end = max(r.frame.index.max() for r in records)
    last = end.year if (end.month, end.day) == (12, 31) else end.year - 1
    return list(range(max(first + 1, last - _YEARS + 1), last + 1)) or [last]


def _counted(skipped: pd.DataFrame) -> pd.DataFrame:
    """Reasons in words, with how often and at how many places."""
    rows = [
        {
            "reason": reason, "zh": words[0], "en": words[1], "times": len(own),
            "places": len(own[["region", "place"]].drop_duplicates()),
        }
        for reason, words in REASONS.items()
        if len(own := skipped[skipped["reason"] == reason])
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["reason", "zh", "en", "times", "places"])


def _unserved(
    made: Hindcasts,
    origins: tuple[date, ...],
    models: dict[str, Named],
    indicators: tuple[str, ...],
) -> tuple[tuple[str, str], ...]:
    """What was asked for and has no row at all, and models that failed somewhere."""
    rows = made.rows
    out = []
    have = {pd.Timestamp(o).date() for o in rows["origin"].unique()}
    dates = [d.isoformat() for d in origins if d not in have]
    if dates:
        out.append(
            (f"起报日{'、'.join(dates)}没有结果", f"nothing from the origin {', '.join(dates)}")
        )
    for zh, en, asked, column in (
        ("模型", "model", list(models), "model"), ("指标", "indicator", list(indicators), "indicator"),
    ):  # fmt: skip
        none = [name for name in asked if name not in set(rows[column])]
        if none:
            out.append((f"{zh}{'、'.join(none)}没有结果", f"nothing of the {en} {', '.join(none)}"))
    failed = int((made.skipped["reason"] == "failed").sum())
    if failed:
        out.append((f"{failed}次模型计算失败", f"a model failed {failed} times"))
    return tuple(out)


def _tables(
    rows: pd.DataFrame, models: dict[str, Named], settings: HindcastSettings
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Scores, events and differences, each with the group it is of."""

    def rng(what: str) -> np.random.Generator:
        return stream(settings.seed, "backtest", what)

    scores = [
        score_table(rows, by, rng=rng(f"scores {group}")).assign(group=group)
        for group, by in (("all", []), ("start_month", ["start_month"]), ("year", ["year"]))
    ]
    events = [
        event_table(rows, by, rng=rng(f"events {group}")).assign(group=group)
        for group, by in (
            ("all", []),
            ("threshold", ["threshold"]),
            ("start_month", ["start_month"]),
        )
    ]
    order = ["group", "indicator", "model", "start_month", "year", "threshold"]

    def joined(parts: list[pd.DataFrame]) -> pd.DataFrame:
        table = pd.concat([p for p in parts if not p.empty] or parts[:1], ignore_index=True)
        first = [c for c in order if c in table.columns]
        table = table[[*first, *(c for c in table.columns if c not in first)]]
        whole = [c for c in ("start_month", "year", "threshold") if c in table.columns]
        return table.astype(dict.fromkeys(whole, "Int64"))

    first_model = next(m for m in models if m in set(rows["model"]))
    gaps = difference_table(rows, first_model, rng=rng("differences"))
    return joined(scores), joined(events), gaps.assign(model=first_model)


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    def plain(value: Any) -> Any:
        if value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
            return None
        return value.item() if isinstance(value, np.generic) else value

    return [
        {str(k): plain(v) for k, v in row.items()} for row in table.to_dict("records")
    ]  # fmt: skip
