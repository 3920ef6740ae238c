"""The part of a trend that weather normalisation answers: split, scores, partial dependence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pandas as pd

from forecast.charts.chart import Chart
from forecast.charts.partial_dependence import PartialDependenceData, partial_dependence
from forecast.charts.weather_normalised import change_line, weather_normalised
from forecast.errors import UsageError
from forecast.projection.panel import Panel
from forecast.report.figure_parts import stem
from forecast.report.review_days import CityDays
from forecast.report.review_weather import normalise_city, weather_data, weather_table
from forecast.report.trend_answers import TrendPart
from forecast.runs.trend_subjects import Subject
from forecast.trend.weather_model import METHODS

__all__ = ["WeatherParts", "weather_parts"]


@dataclass(frozen=True)
class WeatherParts:
    """Answers, charts by language, and tables by name."""

    parts: list[TrendPart]
    drawn: list[Callable[[str], Chart]] = field(repr=False)
    tables: dict[str, pd.DataFrame] = field(repr=False)


def weather_parts(city: CityDays, panel: Panel, subject: Subject, model: str) -> WeatherParts:
    """Put the item of ``subject`` into normal weather.

    Raises:
        UsageError: the model is not known. InputError: no weather, or too short a record.
    """
    if model not in METHODS:
        raise UsageError(
            f"There is no model {model} of the weather.", f"Models: {', '.join(METHODS)}."
        )
    made = normalise_city(city, panel, subject.name, method=model)
    data = weather_data(city, panel, None, subject.notices, item=subject.name, made=made)
    found = made.found
    parts = [
        TrendPart("weather", *change_line(one, data.decimals), one.change)
        for one in data.comparisons
    ]
    parts += [
        TrendPart("weather", data.score_zh, data.score_en, _scores(found.scores)),
        TrendPart("weather", data.basis_zh, data.basis_en, {"items": list(found.model.rows.items)}),
    ]
    table = weather_table(found)
    dependence = PartialDependenceData(
        city.place, found.name, found.unit, table, data.footer,
        name=stem("partial_dependence", city.region, subject.name),
    )  # fmt: skip
    monthly = found.monthly.rename_axis("month").reset_index()
    return WeatherParts(
        parts,
        [lambda lang: weather_normalised(data, lang=lang),  # type: ignore[arg-type]
         lambda lang: partial_dependence(dependence, lang=lang)],  # type: ignore[arg-type]
        {"partial_dependence": table, "normalised_months": monthly,
         "scores_by_year": found.by_year.reset_index()},
    )  # fmt: skip


def _scores(scores: pd.DataFrame) -> dict[str, dict[str, float]]:
    return {str(k): {str(c): float(v) for c, v in row.items()} for k, row in scores.iterrows()}
