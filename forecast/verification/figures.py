"""The charts of a backtest, from rows of past forecasts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.charts.chart import Chart
from forecast.charts.coverage_by_model import (
    CoverageData,
    CoveragePanel,
    CoverageRow,
    coverage_by_model,
)
from forecast.charts.pit_histogram import PitHistogramData, PitPanel, pit_histogram
from forecast.charts.reliability_diagram import (
    ReliabilityData,
    ReliabilityPanel,
    reliability_diagram,
)
from forecast.charts.skill_by_month import (
    SkillByMonthData,
    SkillLine,
    SkillPanel,
    skill_by_month,
)
from forecast.charts.style import Footer
from forecast.projection.hindcast_indicators import HINDCAST_INDICATORS, hindcast_indicator
from forecast.report.words import BASELINES, UNIT_ZH
from forecast.verification.reliability import corp, probability_bins
from forecast.verification.scores import coverage, pit_counts
from forecast.verification.tables import BANDS, RULES, event_rows, same_rows

__all__ = ["RULE_NAMES", "Named", "backtest_charts"]


class Named(NamedTuple):
    """Name of a model in Chinese and English."""

    zh: str
    en: str


#: Names of the plain rules; that of the past years is scored as an ensemble.
RULE_NAMES: dict[str, Named] = {
    rule: Named(*BASELINES[rule]) for rule in RULES if rule != "climatology"
} | {"climatology": Named("至今加往年余下时段(集合)", "so far, then each past year's rest")}


def backtest_charts(
    rows: pd.DataFrame,
    by_month: pd.DataFrame,
    models: Mapping[str, Named],
    footer: Footer,
    rng: np.random.Generator,
) -> list[Chart]:
    """Draw all charts of a backtest.

    Args:
        rows: past forecasts.
        by_month: ``score_table`` of them by ``start_month``.
        models: model to its names, the first one first.
        footer: what stands under each chart.
        rng: draws the bounds of the reliability diagrams.

    Returns:
        Error by start month, coverage, then for each model its PIT histograms and its reliability
        diagrams (left out where no year before is known).
    """
    shared = same_rows(rows)
    order = [n for n in HINDCAST_INDICATORS if n in set(shared["indicator"])]
    charts = [
        skill_by_month(SkillByMonthData(tuple(_skill(by_month, n, models) for n in order), footer)),
        coverage_by_model(CoverageData(tuple(_cover(shared, n, models) for n in order), footer)),
    ]
    for model, named in models.items():
        own = shared[shared["model"] == model]
        panels = [n for n in order if n in set(own["indicator"])]
        if panels:
            histograms = tuple(_pit(own, n) for n in panels)
            charts.append(
                pit_histogram(
                    PitHistogramData(
                        named.zh, named.en, histograms, footer, name=f"pit_histogram_{model}"
                    )
                )
            )
        events = event_rows(own)
        diagrams = tuple(
            _reliability(events[events["indicator"] == n], n, rng)
            for n in panels
            if (events["indicator"] == n).any()
        )
        if diagrams:
            charts.append(
                reliability_diagram(
                    ReliabilityData(
                        named.zh, named.en, diagrams, footer, name=f"reliability_diagram_{model}"
                    )
                )
            )
    return charts


def _titles(name: str) -> tuple[str, str]:
    what = hindcast_indicator(name)
    return what.zh, what.en


def _skill(table: pd.DataFrame, name: str, models: Mapping[str, Named]) -> SkillPanel:
    own = table[table["indicator"] == name].sort_values("start_month")
    lines = []
    for model, named in models.items():
        of = own[own["model"] == model]
        if not of.empty:
            lines.append(_line(of, named, "crps", "crps_low", "crps_high"))
    # The rules are the same in the rows of every model: all models have the same cases.
    first = own[own["model"] == own["model"].iloc[0]] if len(own) else own
    for rule, named in RULE_NAMES.items():
        if np.isfinite(first[rule].astype(float)).any():
            lines.append(_line(first, named, rule, "", "", rule=True))
    unit = hindcast_indicator(name).unit
    return SkillPanel(*_titles(name), UNIT_ZH.get(unit, unit), unit, tuple(lines))


def _line(
    table: pd.DataFrame, named: Named, score: str, low: str, high: str, *, rule: bool = False
) -> SkillLine:
    nothing = tuple(np.nan for _ in range(len(table)))
    return SkillLine(
        *named,
        tuple(int(m) for m in table["start_month"]),
        tuple(float(v) for v in table[score]),
        tuple(float(v) for v in table[low]) if low else nothing,
        tuple(float(v) for v in table[high]) if high else nothing,
        rule,
    )


def _cover(rows: pd.DataFrame, name: str, models: Mapping[str, Named]) -> CoveragePanel:
    shown = []
    for model, named in models.items():
        own = rows[(rows["model"] == model) & (rows["indicator"] == name)]
        if own.empty:
            continue
        half, four_fifths, nine_tenths = (
            100.0 * float(coverage(own[low], own[high], own["truth"]).mean())
            for low, high in BANDS.values()
        )
        shown.append(CoverageRow(*named, (half, four_fifths, nine_tenths), len(own)))
    return CoveragePanel(*_titles(name), tuple(shown))


def _pit(rows: pd.DataFrame, name: str) -> PitPanel:
    values = rows.loc[rows["indicator"] == name, "pit"]
    return PitPanel(*_titles(name), tuple(int(n) for n in pit_counts(values, bins=10)))


def _reliability(events: pd.DataFrame, name: str, rng: np.random.Generator) -> ReliabilityPanel:
    found = corp(events["probability"], events["event"], rng)
    bins = probability_bins(events["probability"], events["event"])

    def plain(values: NDArray[np.float64] | pd.Series) -> tuple[float, ...]:
        return tuple(float(v) for v in values)

    return ReliabilityPanel(
        *_titles(name),
        stated=plain(found.stated), came=plain(found.came), low=plain(found.low),
        high=plain(found.high), bin_stated=plain(bins["stated"]), bin_share=plain(bins["share"]),
        bin_count=tuple(int(n) for n in bins["n"]), mcb=found.mcb, dsc=found.dsc, unc=found.unc,
    )  # fmt: skip
