"""What stands beside a projection of air: plain rules, earlier years, the other AQI version."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.projection.air_drawing import Drawn
from forecast.projection.baselines import air_baselines
from forecast.projection.days import (
    BY_AQI,
    calendar_days,
    dust_matrix,
    matrix,
    other_versions,
)
from forecast.projection.result import IndicatorResult
from forecast.projection.settings import Settings
from forecast.projection.summary import number, summarise
from forecast.standards.air_assessment import AirYear, assess_year
from forecast.standards.items import AIR_ITEMS
from forecast.standards.judgement import judged_value, official_value

__all__ = ["with_context"]


def with_context(
    results: list[IndicatorResult],
    history: pd.DataFrame,
    drawn: Drawn,
    observed: NDArray[np.float64],
    days: NDArray[np.datetime64],
    settings: Settings,
    dust: pd.DataFrame | None = None,
) -> list[IndicatorResult]:
    """Add the baselines, the record of earlier years and the other version of the AQI rule.

    Concentrations leave out the days of ``dust`` (``date, item``), counts of days keep them.
    """
    names = [r.indicator for r in results]
    past = _earlier_years(history, names, settings, dust)
    removed = dust_matrix(dust, history.index.to_numpy().astype("datetime64[D]"))
    simple = air_baselines(history, names, settings)
    if removed.any():
        means = [name for name in names if name not in BY_AQI]
        simple |= air_baselines(history.mask(removed), means, settings)
    others: list[tuple[str, AirYear, AirYear | None]] = []
    if set(names) & BY_AQI:
        for token in other_versions(settings):
            seen = assess_year(
                observed, days, AIR_ITEMS, settings.year,
                standard=token, denominator=settings.denominator, partial=True, names=BY_AQI,
            )  # fmt: skip
            ahead = None
            if drawn.joined is not None and set(AIR_ITEMS) <= set(drawn.fitted):
                ahead = assess_year(
                    drawn.joined, days, AIR_ITEMS, settings.year,
                    standard=token, denominator=settings.denominator, names=BY_AQI,
                    drawn_from=drawn.first,
                )  # fmt: skip
            others.append((token, seen, ahead))
    out = []
    for result in results:
        alternatives: list[dict[str, Any]] = list(result.alternatives)
        if result.indicator in BY_AQI:
            for token, seen, ahead in others:
                value = float(seen.values[result.indicator][0])
                alternatives.append(
                    {
                        "standard": token,
                        "dust": "kept",
                        "observed": {
                            "value": number(value),
                            "value_official": number(
                                float(official_value(result.indicator, value, token))
                            ),
                        },
                        "forecast": summarise(
                            ahead.values[result.indicator], result.model, classes=False
                        )
                        if ahead is not None and result.samples is not None
                        else None,
                    }
                )
        out.append(
            replace(
                result,
                baselines=simple.get(result.indicator, {}),
                alternatives=alternatives,
                history=past[result.indicator],
            )
        )
    return out


def _earlier_years(
    history: pd.DataFrame, names: list[str], settings: Settings, dust: pd.DataFrame | None
) -> dict[str, dict[int, float]]:
    """Indicator → year → judged value, of the years before that have enough valid days."""
    years = range(history.index[0].year if len(history) else settings.year, settings.year)
    found: list[AirYear] = []
    for year in years:
        days = calendar_days(date(year, 1, 1), date(year, 12, 31))
        own = assess_year(
            matrix(history, days), days, AIR_ITEMS, year, dust_removed=dust_matrix(dust, days),
            standard=settings.standard, denominator=settings.denominator,
        )  # fmt: skip
        found.append(own)
    out: dict[str, dict[int, float]] = {}
    for name in names:
        judged = judged_value(name, np.array([one.values[name][0] for one in found]))
        out[name] = {
            year: value
            for year, value, one in zip(years, judged.tolist(), found, strict=True)
            if one.valid[name][0]
        }
    return out
