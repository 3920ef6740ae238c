"""The page of a backtest: one self-contained HTML file, in Chinese and English."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
import pandas as pd

from forecast.charts.chart import Chart, svg_text
from forecast.projection.hindcast_indicators import HINDCAST_INDICATORS, hindcast_indicator
from forecast.report.page_templates import page_templates
from forecast.report.svg import Glyphs, inline_svg, page_font
from forecast.report.words import UNIT_ZH, Pair
from forecast.verification.effects import Effects
from forecast.verification.figures import RULE_NAMES, Named

__all__ = ["BacktestPage", "page_text", "track_lines"]


@dataclass(frozen=True)
class BacktestPage:
    """What the page is written from.

    Attributes:
        workspace: name of the workspace.
        backtest_id: name of the backtest.
        facts: (Chinese name, English name, value), in order.
        lang: language that is shown first.
        models: model to its names.
        scores, by_year, events, differences: tables of ``forecast.verification.tables``;
            ``differences`` is of the first model.
        effects: what recalibration and stacking would have changed.
        bins: what came of stated probabilities, by model.
        charts: in the order shown, each with the name of its saved table.
        skipped: (Chinese, English, number, places) of what could not be forecast or scored.
        failures: (place, origin, model, what happened) of models that failed.
        notices: lines that must not be missed, as (Chinese, English).
    """

    workspace: str
    backtest_id: str
    facts: tuple[tuple[str, str, str], ...]
    lang: str
    models: Mapping[str, Named]
    scores: pd.DataFrame
    by_year: pd.DataFrame
    events: pd.DataFrame
    differences: pd.DataFrame
    effects: Effects
    bins: Mapping[str, pd.DataFrame]
    charts: tuple[tuple[Chart, str], ...]
    skipped: tuple[tuple[str, str, int, int], ...]
    failures: tuple[tuple[str, str, str, str], ...]
    notices: tuple[tuple[str, str], ...] = ()


def page_text(page: BacktestPage) -> str:
    """Return the page; it is well-formed XML as well as HTML."""
    glyphs = Glyphs()
    figures = [
        {
            "svg": inline_svg(
                svg_text(chart), f"c{k}-", escape(f"{chart.title_zh} / {chart.title_en}"), glyphs
            ),
            "title": Pair(chart.title_zh, chart.title_en),
            "csv": table,
        }
        for k, (chart, table) in enumerate(page.charts)
    ]
    values: dict[str, Any] = {
        "page": page,
        "indicators": [_Indicator(page, name) for name in _order(page.scores)],
        "years": _years(page),
        "figures": figures,
        "recalibration": _recalibration(page),
        "stacking": _stacking(page),
        "bins": [(page.models[m], _bins(table)) for m, table in page.bins.items()],
        "glyphs": glyphs,
    }
    template = page_templates("forecast.verification", "forecast.report").get_template(
        "backtest.html.j2"
    )
    text: str = template.render(**values, font="")
    return template.render(**values, font=page_font(text))


def _order(table: pd.DataFrame) -> list[str]:
    have = set(table["indicator"]) if len(table) else set()
    return [name for name in HINDCAST_INDICATORS if name in have]


#: Heads of the columns of skill.
_RULE_HEADS: dict[str, tuple[str, str]] = {
    "persistence": ("优于去年值", "better than last year"),
    "ytd_ratio": ("优于同比折算", "than last year scaled"),
    "ytd_plus_rest": ("优于加去年余下", "than so far + last year's rest"),
    "climatology": ("优于加历年余下", "than so far + past years' rests"),
}


class _Indicator:
    """The scores of one indicator, ready to be printed."""

    def __init__(self, page: BacktestPage, name: str) -> None:
        what = hindcast_indicator(name)
        unit = what.unit if what.unit != "-" else ""
        self.name = Pair(what.zh, what.en)
        self.unit = Pair(UNIT_ZH.get(unit, unit), unit)
        own = page.scores[page.scores["indicator"] == name]
        events = page.events[page.events["indicator"] == name] if len(page.events) else page.events
        self.models = [_model(page, own, events, m) for m in page.models if m in set(own["model"])]
        first = own.iloc[0]
        self.n, self.n_years, self.n_places = (int(first[c]) for c in ("n", "n_years", "n_places"))
        self.rules = [(Pair(*_RULE_HEADS[rule]), _figure(first[rule])) for rule in RULE_NAMES]
        gaps = page.differences
        gaps = gaps[gaps["indicator"] == name] if len(gaps) else gaps
        self.differences = [
            (
                Pair(*(RULE_NAMES.get(str(r["other"])) or page.models[str(r["other"])])),
                _signed(r["difference"]), _span(r["low"], r["high"], signed=True), int(r["n"]),
            )
            for r in gaps.to_dict("records")
            if np.isfinite(r["difference"])
        ]  # fmt: skip


def _model(
    page: BacktestPage, scores: pd.DataFrame, events: pd.DataFrame, model: str
) -> dict[str, Any]:
    row = scores[scores["model"] == model].iloc[0]
    event = events[events["model"] == model] if len(events) else events
    has = len(event) > 0
    e = event.iloc[0] if has else None
    return {
        "name": Pair(*page.models[model]),
        "crps": _figure(row["crps"]),
        "crps_span": _span(row["crps_low"], row["crps_high"]),
        "skill": [
            (_percent(row[f"skill_{rule}"]), _span(
                100 * row[f"skill_{rule}_low"], 100 * row[f"skill_{rule}_high"], whole=True))
            for rule in RULE_NAMES
        ],
        "mae": _figure(row["mae"]),
        "bias": _signed(row["bias"]),
        "bias_span": _span(row["bias_low"], row["bias_high"], signed=True),
        "cover": [_percent(row[f"cover{band}"]) for band in (50, 80, 90)],
        "width": _figure(row["width90"]),
        "brier": f"{e['brier']:.3f}" if e is not None else "—",
        "brier_rules": [
            f"{e[f'brier_{r}']:.3f}" if e is not None and np.isfinite(e[f"brier_{r}"]) else "—"
            for r in ("climatology", "persistence")
        ],
        "parts": [f"{e[p]:.3f}" if e is not None else "—" for p in ("mcb", "dsc", "unc")],
    }  # fmt: skip


def _years(page: BacktestPage) -> list[dict[str, Any]]:
    """One row an indicator and year: what each model's error was, beside the better rule's."""
    rows = []
    table = page.by_year
    for name in _order(table):
        what = hindcast_indicator(name)
        own = table[table["indicator"] == name]
        for year in sorted(set(own["year"])):
            of = own[own["year"] == year].set_index("model")
            first = of.iloc[0]
            rules = [first[r] for r in RULE_NAMES if np.isfinite(first[r])]
            rows.append(
                {
                    "name": Pair(what.zh, what.en), "year": int(year), "n": int(first["n"]),
                    "models": [
                        (
                            _figure(of.loc[m, "crps"]), _signed(of.loc[m, "bias"]),
                            _percent(of.loc[m, "cover90"]),
                        ) if m in of.index else ("—", "—", "—")
                        for m in page.models
                    ],
                    "rule": _figure(min(rules)) if rules else "—",
                }
            )  # fmt: skip
    return rows


def _recalibration(page: BacktestPage) -> list[dict[str, Any]]:
    """One row an indicator and model: scores before and after, over all start months."""
    table = page.effects.recalibration
    return [
        {
            "name": _named(r["indicator"]), "model": Pair(*page.models[str(r["model"])]),
            "n": int(r["n"]), "years": int(r["n_years"]),
            "crps": (_figure(r["crps_before"]), _figure(r["crps_after"])),
            "gap": _signed(r["crps_difference"]),
            "span": _span(r["crps_low"], r["crps_high"], signed=True),
            "cover": [
                tuple(_percent(r[f"cover{band}_{when}"]) for when in ("before", "after"))
                for band in (50, 90)
            ],
            "brier": tuple(_decimals(r[f"brier_{when}"]) for when in ("before", "after")),
            "brier_span": _span(r["brier_low"], r["brier_high"], signed=True),
            "log": tuple(_decimals(r[f"log_{when}"]) for when in ("before", "after")),
            "kept": (bool(r["kept"]), bool(r["kept_events"])),
        }
        for r in table[table["start_month"].isna()].to_dict("records")
    ]  # fmt: skip


def _stacking(page: BacktestPage) -> list[dict[str, Any]]:
    """One row an indicator: the stack beside the best of its models on the same rows."""
    table = page.effects.stacking
    rows = []
    for _, own in table[table["start_month"].isna()].groupby("indicator", sort=False):
        best = own.sort_values("crps_other", kind="stable").iloc[0]
        weights = [
            (Pair(*page.models[str(r["other"])]), _percent(r["weight"]))
            for r in own.to_dict("records")
        ]
        rows.append(
            {
                "name": _named(best["indicator"]), "n": int(best["n"]),
                "years": int(best["n_years"]), "weights": weights, "crps": _figure(best["crps"]),
                "best": Pair(*page.models[str(best["other"])]),
                "crps_best": _figure(best["crps_other"]), "gap": _signed(best["difference"]),
                "span": _span(best["low"], best["high"], signed=True),
                "cover": [_percent(best["cover50"]), _percent(best["cover90"])],
                "brier": (_decimals(best["brier"]), _decimals(best["brier_other"])),
                "kept": bool(best["kept"]),
            }
        )  # fmt: skip
    return rows


def _named(indicator: object) -> Pair:
    what = hindcast_indicator(str(indicator))
    return Pair(what.zh, what.en)


def _bins(table: pd.DataFrame) -> list[tuple[str, str, str, str, str, bool]]:
    """Printed bins: said, forecasts, came, share, where it belongs, and whether it lies there."""
    return [
        (
            f"{100 * r['lower']:.0f}–{100 * r['upper']:.0f} %", f"{r['n']}", f"{r['came']}",
            _percent(r["share"]), _span(100 * r["low"], 100 * r["high"], whole=True),
            bool(r["low"] <= r["share"] <= r["high"]),
        )
        for r in table.to_dict("records")
        if r["n"]
    ]  # fmt: skip


def track_lines(bins: pd.DataFrame) -> list[tuple[str, str]]:
    """One sentence for each bin with ten forecasts or more, in Chinese and English."""
    from forecast.verification.reliability import track_record

    said = [track_record(bins, (r["lower"] + r["upper"]) / 2) for r in bins.to_dict("records")]
    return [pair for pair in said if pair[0]]


def _figure(value: float) -> str:
    """Three digits that count."""
    if not np.isfinite(value):
        return "—"
    size = abs(value)
    return f"{value:.1f}" if size >= 10 else f"{value:.2f}" if size >= 0.1 else f"{value:.3f}"


def _decimals(value: float) -> str:
    """Three decimals."""
    return f"{value:.3f}" if np.isfinite(value) else "—"


def _signed(value: float) -> str:
    text = _figure(value)
    return f"+{text}" if np.isfinite(value) and value > 0 else text.replace("-", "−")


def _percent(value: float) -> str:
    return f"{_whole(100 * value)} %" if np.isfinite(value) else "—"


def _whole(value: float) -> str:
    # Adding 0.0 turns -0.0 into 0.0.
    return f"{round(value) + 0.0:.0f}".replace("-", "−")


def _span(low: float, high: float, *, signed: bool = False, whole: bool = False) -> str:
    if not (np.isfinite(low) and np.isfinite(high)):
        return ""
    shown: Sequence[str]
    if whole:
        shown = [_whole(v) for v in (low, high)]
    else:
        shown = [_signed(v) if signed else _figure(v) for v in (low, high)]
    return f"{shown[0]} … {shown[1]}"
