"""Parameters of the air's response for one place: priors, and what its record and its models say of them.

Prior draws are made twice from the same uniform numbers, for the emissions of 2013 and for those of
today: draw i is the same opinion in both. The record weighs the draws of its own time, measured
shares and runs of models those of today, and the weights resample the draws of today. Seed and region name
every stream, so that the same draws come out whatever package is asked.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import InputError
from forecast.projection.panel import Panel
from forecast.projection.streams import stream
from forecast.projection.summary import number
from forecast.region_names import normalise_region
from forecast.runs.scenario_hindcast import RecordHindcast, daily_record, record_hindcast
from forecast.scenario.air_defaults import air_default_rows, regime_rows
from forecast.scenario.air_response import AirDraws, draw_air
from forecast.scenario.learning import (
    FEW_DRAWS,
    ModelRun,
    Weights,
    component_evidence,
    even_weights,
    importance_weights,
    model_run_evidence,
    read_model_runs,
    resampled_index,
)
from forecast.scenario.limits import Finding
from forecast.scenario.override_ranges import drawn_overrides
from forecast.scenario.ozone import REGIMES, regime_probabilities
from forecast.scenario.pm25_components import Era
from forecast.scenario.pm25_sectors import SHARE_SECTORS
from forecast.scenario.priors import FloatArray, prior, prior_rows, read_table
from forecast.scenario.regions import find_region
from forecast.scenario.response_limits import discrepancy_finding
from forecast.scenario.response_model import ResponseChoice
from forecast.scenario.scenario_model import Scenario

__all__ = ["PRIOR_DRAWS", "LearnedAir", "learn_air"]

#: Prior draws that the evidence weighs.
PRIOR_DRAWS = 4000
#: Parameters of the report of learning, and where the draws hold them.
_LEARNED = {
    "P": "primary", "S": "inorganic", "O": "organic", "B": "background", "e_so2": "so2",
    "e_nox_warm": "nox_warm", "nitrate_cold": "nitrate_cold", "nitrate_rise": "nitrate_rise",
    "nitrate_turn": "nitrate_turn", "nitrate_fall": "nitrate_fall", "nh3_linear": "nh3_linear",
    "nh3_square": "nh3_square", "L": "local", "delta": "discrepancy", "cold_weight": "cold_weight",
}  # fmt: skip
_SECTOR_PARAMETERS = tuple(
    f"sector_{name}" for name in ("scale", "secondary", "background", "delta", "place")
)
#: Days of a half-year whose mean NO2 may stand for the season.
_ENOUGH_NO2 = 120
_OWN_SOURCE = "情景文件 scenario file"


@dataclass(frozen=True)
class LearnedAir:
    """Draws of the response with what they rest on.

    Attributes:
        draws: equal draws of today's era, draw i for path i.
        prior: the draws before anything was learned.
        hindcast: the comparison with the city's own record.
        weights: weights of ``prior``; None without evidence, or where it left too few draws.
        index: ``(draw,)`` which of ``prior`` each of ``draws`` is; paths with the same one share it.
        effective_size: effective sample of the evidence, used or not; None without evidence.
        findings: what to be warned of.
        told_learning: JSON-ready ``effective_size``, ``sentences``, ``rows``.
        regimes: JSON-ready probabilities of the ozone regimes by season.
        defaults: JSON-ready row for every parameter with its grade and source.
    """

    draws: AirDraws
    prior: AirDraws
    hindcast: RecordHindcast
    weights: Weights | None
    index: NDArray[np.int64] = field(repr=False)
    effective_size: float | None
    findings: list[Finding]
    told_learning: dict[str, Any] = field(repr=False)
    regimes: list[dict[str, Any]] = field(repr=False)
    defaults: list[dict[str, Any]] = field(repr=False)

    @property
    def told(self) -> dict[str, Any]:
        """What goes into the answer: ``hindcast``, ``learning``, ``regimes`` and ``defaults``."""
        return {
            "hindcast": self.hindcast.told(), "learning": self.told_learning,
            "regimes": self.regimes, "defaults": self.defaults,
        }  # fmt: skip


def learn_air(
    panel: Panel,
    region: str,
    place: str,
    scenario: Scenario,
    emissions: pd.DataFrame | None,
    *,
    n: int,
    seed: int,
    as_of: date,
    era: Era = "2020",
    folder: Path | None = None,
) -> LearnedAir:
    """Draw the response of the air of a place, weighed by its record and by models.

    Nothing of the measures of ``scenario`` matters: only ``response``, ``past_changes``, ``emissions`` and
    the source of its inventory.

    Args:
        panel: readings, weather and dust days of the workspace.
        region, place: the city, as the readings name it.
        scenario: numbers of the city's own.
        emissions: the table ``emissions`` of the workspace; None or empty: none.
        n: draws wanted: that of the paths.
        seed: of the run.
        as_of: last day whose readings may be used.
        era: emissions that the cuts are relative to.
        folder: what the path of the table of model runs is relative to, where it is no full one.

    Raises:
        UsageError: a place whose defaults are not known.
        InputError: the table of model runs can't be used, or NO2 is asked of a record without it.
    """
    choice = scenario.response
    key = normalise_region(region)
    chances, told_regimes = _regimes(choice, panel, region, place, as_of)
    by_era: dict[Era, AirDraws] = {
        one: draw_air(
            region, PRIOR_DRAWS, stream(seed, "air response", key), era=one, regime_chances=chances,
            uptake=choice.uptake, overrides=drawn_overrides(choice.overrides, era=one),
        )
        for one in ("2013", "2020")
    }  # fmt: skip
    today = by_era[era]
    hindcast = record_hindcast(
        panel, region, place, scenario, emissions, by_era["2013"],
        stream(seed, "air hindcast", key), as_of=as_of, draws_2020=by_era["2020"],
    )  # fmt: skip
    runs: list[ModelRun] = []
    if choice.model_runs:
        runs = read_model_runs((folder or Path()) / choice.model_runs)
    evidence = [
        *hindcast.evidence,
        *component_evidence(choice.components, today),
        *model_run_evidence(runs, today),
    ]
    found = importance_weights(evidence) if evidence else None
    weights = found if found is not None and found.usable else None
    index = resampled_index(
        weights or even_weights(PRIOR_DRAWS), n, stream(seed, "air learning", key)
    )
    draws = today.take(index)
    if weights is not None and any(run.item == "o3_8h" for run in runs):
        told_regimes = _after_runs(told_regimes, today, weights)
    by_sector = any(set(run.cuts) <= set(SHARE_SECTORS) for run in runs)
    told = _told_learning(today, found, _learned_from(hindcast, choice, runs), by_sector)
    return LearnedAir(
        draws, today, hindcast, weights, index, None if found is None else found.effective_size,
        _findings(today, draws, found), told, told_regimes, _defaults(region, era, choice),
    )  # fmt: skip


def _regimes(
    choice: ResponseChoice, panel: Panel, region: str, place: str, as_of: date
) -> tuple[dict[str, FloatArray], list[dict[str, Any]]]:
    """Probabilities of the ozone regimes by season, and the rows that tell of them."""
    at = find_region(region)
    chances: dict[str, FloatArray] = {}
    rows: list[dict[str, Any]] = []
    for row in regime_rows(region):
        season = row["season"]
        given = choice.regimes.of(season) if choice.regimes is not None else None
        hcho = choice.hcho_no2.of(season) if choice.hcho_no2 is not None else None
        no2 = choice.no2.of(season) if choice.no2 is not None else None
        if choice.no2_from_record and given is None:
            no2 = _season_no2(panel, region, place, as_of, season)
        grade, source = row["grade"], row["source"]
        if given is not None:
            chances[season] = np.array(given)
            grade, source = "user", _OWN_SOURCE
        else:
            chances[season] = regime_probabilities(
                at, season, hcho_no2=hcho, no2=no2, suburban=choice.suburban
            )
            said = [
                *(["城郊 suburban"] if choice.suburban and season == "warm" else []),
                *([f"HCHO/NO2 {hcho:g}"] if hcho is not None else []),
                *([f"NO2 {no2:.0f} µg/m³"] if no2 is not None else []),
            ]
            if said:
                grade, source = "judgement", f"{source}; {', '.join(said)}"
        parts: dict[str, Any] = {
            r: round(float(p), 4) for r, p in zip(REGIMES, chances[season], strict=True)
        }
        rows.append({"season": season, **parts, "grade": grade, "source": source})
    return chances, rows


def _season_no2(panel: Panel, region: str, place: str, as_of: date, season: str) -> float:
    """Mean NO2 of the season over the last year of the record [µg/m³]."""
    values, _ = daily_record(panel, region, place, "no2", as_of)
    recent = values[values.index > pd.Timestamp(as_of) - pd.DateOffset(years=1)].dropna()
    warm = pd.DatetimeIndex(recent.index).month.isin(range(4, 10))
    own = recent[warm == (season == "warm")]
    if len(own) < _ENOUGH_NO2:
        raise InputError(
            f"The scenario file asks for NO2 from the record ([response] no2_from_record), and the last "
            f"year of {place} has {len(own)} days of it in the {season} half-year.",
            f"Write the means as no2 = {{ warm = …, cold = … }}; a half-year needs {_ENOUGH_NO2} days.",
        )
    return float(own.mean())


def _after_runs(
    rows: list[dict[str, Any]], draws: AirDraws, weights: Weights
) -> list[dict[str, Any]]:
    """The probabilities of the regimes after runs of a model of ozone."""
    seasons = {"warm": 0, "cold": 1}
    return [
        {
            **row,
            **{
                name: round(float(weights.values[draws.ozone.regime[seasons[row["season"]]] == k].sum()), 4)
                for k, name in enumerate(REGIMES)
            },
            "source": f"{row['source']}; 数值模式 runs of a model",
        }
        for row in rows
    ]  # fmt: skip


def _findings(prior_draws: AirDraws, draws: AirDraws, weights: Weights | None) -> list[Finding]:
    if weights is None:
        return []
    rule = "few_draws" if weights.usable else "not_learned"
    found = [Finding(rule, "warning", zh, en) for zh, en in weights.warnings]
    before = prior_draws.pm25.discrepancy
    # A discrepancy that the user fixed has no spread to be far out of.
    far = discrepancy_finding(before, draws.pm25.discrepancy) if np.ptp(before) > 0 else None
    return found if far is None else [*found, far]


def _learned_from(
    hindcast: RecordHindcast, choice: ResponseChoice, runs: Sequence[ModelRun]
) -> list[tuple[str, str]]:
    """What the parameters were weighed by, (zh, en) each."""
    found = [
        (
            f"{h.past.first_year}—{h.past.last_year} 年回溯",
            f"the hindcast of {h.past.first_year} to {h.past.last_year}",
        )
        for h in hindcast.hindcasts
    ]
    if choice.components:
        found.append(("实测组分份额", "measured shares of components"))
    if runs:
        found.append((f"{len(runs)} 组数值模式结果", f"{len(runs)} runs of a model"))
    return found


def _told_learning(
    draws: AirDraws,
    weights: Weights | None,
    learned_from: Sequence[tuple[str, str]],
    by_sector: bool,
) -> dict[str, Any]:
    """Effective size, what was learned from, and each parameter before and after."""
    if weights is None:
        zh = "参数未经任何资料修正：采用默认先验分布。"
        en = "The parameters were corrected by nothing: the prior distributions stand."
        return {"effective_size": None, "sentences": [{"zh": zh, "en": en}], "rows": []}
    size = weights.effective_size
    zh = f"{PRIOR_DRAWS} 组先验参数按{'、'.join(z for z, _ in learned_from)}加权，有效样本 {size:.0f}"
    en = (
        f"{PRIOR_DRAWS} prior draws were weighed by {' and '.join(e for _, e in learned_from)}; effective "
        f"sample size {size:.0f}"
    )
    sentences = [{"zh": f"{zh}。", "en": f"{en}."}]
    if not weights.usable:
        sentences += [{"zh": a, "en": b} for a, b in weights.warnings]
        return {"effective_size": round(size, 1), "sentences": sentences, "rows": []}
    if not by_sector:
        zh = "行业模型的参数未从中得到修正。"
        sentences.append({"zh": zh, "en": "The sector model of PM2.5 learns nothing from it."})
    if size < FEW_DRAWS:
        sentences += [{"zh": a, "en": b} for a, b in weights.warnings]
    told = parameter_names()
    rows = []
    for parameter, attribute in _LEARNED.items():
        values: FloatArray = getattr(draws.pm25, attribute)
        before = np.quantile(values, [0.1, 0.5, 0.9])
        after = _weighted_quantiles(values, weights.values)
        zh_name, en_name = told[parameter]
        rows.append(
            {
                "parameter": parameter, "zh": zh_name, "en": en_name,
                **{f"prior_{k}": round(float(v), 4) for k, v in zip(("low", "median", "high"), before, strict=True)},
                **{k: round(float(v), 4) for k, v in zip(("low", "median", "high"), after, strict=True)},
            }
        )  # fmt: skip
    return {"effective_size": round(size, 1), "sentences": sentences, "rows": rows}


def _weighted_quantiles(values: FloatArray, weights: FloatArray) -> FloatArray:
    order: NDArray[np.int64] = np.argsort(values)
    reached = np.cumsum(weights[order]) - 0.5 * weights[order]
    found: FloatArray = np.interp([0.1, 0.5, 0.9], reached, values[order])
    return found


def parameter_names() -> dict[str, tuple[str, str]]:
    """Parameter of the air response → its name in Chinese and English."""
    return {row["parameter"]: (row["zh"], row["en"]) for row in read_table("parameter_names")}


def _defaults(region: str, era: Era, choice: ResponseChoice) -> list[dict[str, Any]]:
    """Every parameter with its range, grade and source, the user's own numbers in their place."""
    rows = air_default_rows(
        region, era=era, overrides=drawn_overrides(choice.overrides, era=era)
    ) + prior_rows({name: prior(name) for name in _SECTOR_PARAMETERS})
    names = parameter_names()
    told: list[dict[str, Any]] = []
    for row in rows:
        parameter = str(row["parameter"])
        if parameter == "o3_uptake" and not choice.uptake:
            # Off: no draw has it.
            row = {**row, "distribution": "fixed", "q10": 0.0, "median": 0.0, "q90": 0.0}
        zh, en = names[parameter]
        source = _OWN_SOURCE if row["grade"] == "user" else row["source"]
        told.append(
            {
                "parameter": parameter, "zh": zh, "en": en, "distribution": row["distribution"],
                **{k: number(float(row[k])) for k in ("q10", "median", "q90")},
                "grade": row["grade"], "source": source,
            }
        )  # fmt: skip
    return told
