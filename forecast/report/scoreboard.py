"""The rows of the scoreboard: one a target, made from the object that a run prints."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from forecast.region_names import normalise_region
from forecast.report.beside import record_text, rules_text
from forecast.report.words import (
    BINDINGS,
    LEVELS,
    UNIT_ZH,
    VERDICTS,
    Pair,
    budget_text,
    class_text,
    indicator_text,
    percent,
    target_text,
)
from forecast.standards.indicators import indicator

__all__ = [
    "OPEN",
    "UNJUDGED",
    "Region",
    "Row",
    "decision_order",
    "printed_forecast",
    "printed_official",
    "regions_of",
    "rows_of",
    "verdict_counts",
]

#: Verdicts of targets that can't be judged, whatever the readings say.
UNJUDGED: tuple[str, ...] = (
    "INSUFFICIENT_DATA", "TARGET_PENDING", "NO_BASELINE", "NEEDS_PEERS", "INCONCLUSIVE",
    "NOT_APPLICABLE",
)  # fmt: skip

#: Verdicts of targets that are open and may be missed, in the order in which they are looked at.
OPEN: tuple[str, ...] = ("AT_RISK", "UNLIKELY")

#: How the set of all sections of a region is called.
_ALL_SECTIONS = "全部断面 all sections"


@dataclass(frozen=True)
class Row:
    """One line of the scoreboard, ready to be printed.

    A row without a target (``verdict`` empty) stands for an indicator that nobody set a value for.
    ``observed`` and ``forecast`` are printed values, ``-`` dashes where there is none. ``rules``
    says what plain rules have come, ``record`` how forecasts like this one did before.
    """

    region: str
    place: str
    place_kind: str
    domain: str
    name: Pair
    label: Pair
    period: str
    standard: str
    unit: Pair
    target: Pair
    level: Pair
    binding: Pair
    observed: str
    count: str
    median: str
    interval: str
    model: str
    probability: float | None
    probability_text: str
    verdict: str
    verdict_text: Pair
    fill: str
    ink: str
    budget: Pair
    reason: Pair
    quote: str
    target_id: str
    rules: Pair
    record: Pair

    @property
    def unanswered(self) -> bool:
        """Whether no reading answers the target and nobody entered its figure."""
        return self.verdict in UNJUDGED and self.place_kind in {"entered", "unmeasured"}

    @property
    def bar(self) -> float:
        """Length of the probability bar [%]."""
        return 100.0 * (self.probability or 0.0)


@dataclass(frozen=True)
class Region:
    """The rows of one region.

    Attributes:
        rows: targets on readings, what is at risk first.
        unanswered: targets that no reading answers and nobody entered a figure for.
        untargeted: indicators without a target.
        counts: number of targets of each verdict.
    """

    name: str
    rows: tuple[Row, ...]
    unanswered: tuple[Row, ...]
    untargeted: tuple[Row, ...]
    counts: tuple[tuple[str, int], ...]


def rows_of(result: dict[str, Any]) -> list[Row]:
    """Return one row for each target, and one for each indicator without any.

    Args:
        result: the object of ``projection.json``.
    """
    rows: list[Row] = []
    for entry in result.get("projections", []):
        rows += [_row(entry, t) for t in entry.get("targets") or [None]]
    return rows


def regions_of(rows: list[Row]) -> list[Region]:
    """Group ``rows`` by region; regions keep their order, in each what is at risk comes first."""
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        # One source may say 衡水 where another says 衡水市.
        grouped.setdefault(normalise_region(row.region), []).append(row)
    out: list[Region] = []
    for own in grouped.values():
        judged = sorted((r for r in own if r.verdict), key=_urgency)
        out.append(
            Region(
                own[0].region,
                tuple(r for r in judged if not r.unanswered),
                tuple(r for r in judged if r.unanswered),
                tuple(r for r in own if not r.verdict),
                tuple(verdict_counts(judged).items()),
            )
        )
    return out


def verdict_counts(rows: list[Row]) -> dict[str, int]:
    """Count the verdicts, in the order in which they are listed everywhere."""
    counted = Counter(row.verdict for row in rows if row.verdict)
    return {v: counted[v] for v in sorted(counted, key=lambda v: VERDICTS[v].order)}


def decision_order(row: Row) -> tuple[int, bool, float, str, str]:
    """Order of open targets by what hangs on them, for sorting.

    AT_RISK before UNLIKELY before all others, binding before expected, the nearest to even chances
    first.
    """
    at = OPEN.index(row.verdict) if row.verdict in OPEN else len(OPEN)
    away = abs((row.probability or 0.0) - 0.5)
    return at, row.binding != BINDINGS["binding"], away, row.region, row.target_id


def _urgency(row: Row) -> tuple[int, float, str, str, str]:
    probability = 1.0 if row.probability is None else row.probability
    return (
        VERDICTS[row.verdict].order, probability, row.domain, row.place, row.target_id,
    )  # fmt: skip


def _row(entry: dict[str, Any], target: dict[str, Any] | None) -> Row:
    name = str(entry["indicator"])
    asked = target or {}
    unit = str(entry.get("unit") or asked.get("unit") or "")
    decimals = _decimals(name)
    observed = entry.get("observed") or {}
    forecast = entry.get("forecast") or {}
    quantiles = forecast.get("quantiles") or {}
    verdict = str(asked.get("verdict", ""))
    shown = VERDICTS.get(verdict)
    level = LEVELS.get(str(asked.get("level", "single")), LEVELS["single"])
    probability = asked.get("probability")
    return Row(
        region=str(entry["region"]),
        place=_ALL_SECTIONS if entry["place"] == "all" else str(entry["place"]),
        place_kind=str(entry.get("place_kind", "")),
        domain=str(entry.get("domain", "")),
        name=indicator_text(name, target),
        label=Pair(str(asked.get("label_zh") or ""), str(asked.get("label_en") or "")),
        period=str(entry.get("period") or entry.get("year", "")),
        standard=str(entry.get("standard") or ""),
        unit=Pair(UNIT_ZH.get(unit, unit), "" if unit in {"-", "class"} else unit),
        target=target_text(asked, unit, decimals) if target else Pair("", ""),
        level=Pair(*level) if target else Pair("", ""),
        binding=BINDINGS.get(str(asked.get("binding", "unknown")), BINDINGS["unknown"]),
        observed=printed_official(observed, unit, name),
        count=_count(observed),
        median=printed_forecast(quantiles.get("0.5"), unit, name),
        interval=_interval(quantiles, unit, _finer(decimals, unit)),
        model=str(forecast.get("model", "")),
        probability=probability,
        probability_text=percent(probability),
        verdict=verdict,
        verdict_text=Pair(shown.zh, shown.en) if shown else Pair(verdict, verdict),
        fill=shown.fill if shown else "#8d8d8d",
        ink=shown.ink if shown else "#ffffff",
        budget=budget_text(asked.get("budget"), unit),
        reason=_reason(entry, asked),
        quote=str(asked.get("quote") or ""),
        target_id=str(asked.get("id", "")),
        rules=rules_text(entry, asked, lambda v: printed_forecast(v, unit, name)),
        record=record_text(asked),
    )


def _decimals(name: str) -> int | None:
    try:
        return indicator(name).judged_decimals
    except KeyError:
        return None


def _finer(decimals: int | None, unit: str) -> int | None:
    """Decimals of a forecast: one more than an observed concentration, since it is unrounded."""
    return 1 if decimals == 0 and unit != "days" else decimals


def _printed(value: Any, unit: str, decimals: int | None) -> str:
    """Print a value with ``decimals``; without a rule, with four significant digits."""
    if value is None:
        return "—"
    if unit == "class":
        return class_text(value)
    if isinstance(value, str):
        return value
    if decimals is None:
        return f"{value:.4g}" if abs(value) < 10_000 else f"{value:.0f}"
    return f"{value:.{decimals}f}"


def _official(value: Any, unit: str, decimals: int | None) -> str:
    """Print an official value, which may carry one decimal more than is judged (2026 rule)."""
    if isinstance(value, float) and decimals is not None:
        own = len(f"{value:.10g}".partition(".")[2])
        decimals = max(decimals, min(own, decimals + 1))
    return _printed(value, unit, decimals)


def printed_official(observed: dict[str, Any], unit: str, name: str) -> str:
    """Print what was observed of indicator ``name``, a dash where there is nothing."""
    value = observed.get("value_official")
    return _official(observed.get("value") if value is None else value, unit, _decimals(name))


def printed_forecast(value: Any, unit: str, name: str) -> str:
    """Print a forecast of indicator ``name``: unrounded, so with a decimal more."""
    return _printed(value, unit, _finer(_decimals(name), unit))


def _interval(quantiles: dict[str, Any], unit: str, decimals: int | None) -> str:
    low, high = quantiles.get("0.05"), quantiles.get("0.95")
    if low is None or high is None:
        return ""
    texts = (_printed(low, unit, decimals), _printed(high, unit, decimals))
    return texts[0] if unit == "class" and texts[0] == texts[1] else f"{texts[0]} – {texts[1]}"


def _count(observed: dict[str, Any]) -> str:
    valid, expected = observed.get("n_valid"), observed.get("n_expected")
    if not expected:
        return ""
    return f"{valid or 0}/{expected}"


def _reason(entry: dict[str, Any], asked: dict[str, Any]) -> Pair:
    zh = asked.get("reason") or (entry.get("reason") if not asked else "") or ""
    en = asked.get("reason_en") or (entry.get("reason_en") if not asked else "") or ""
    return Pair(str(zh), str(en))
