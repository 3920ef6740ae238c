"""Evidence that targets of water need beside a number: places by name, months, budgets, conditions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.projection.result import IndicatorResult
from forecast.projection.settings import Settings
from forecast.projection.summary import number
from forecast.projection.water_margins import item_margins, mean_left
from forecast.projection.water_names import same_section
from forecast.region_names import normalise_region
from forecast.standards.drinking_source import source_limit
from forecast.standards.indicators import WATER_CLASSES, indicator
from forecast.standards.items import ITEMS
from forecast.standards.rounding import round_half_even
from forecast.targets.beside import independent_probability
from forecast.targets.model import Target

__all__ = [
    "condition_of",
    "level_samples",
    "levels_of",
    "limit_remark",
    "place_answers",
    "water_budget",
    "with_probabilities",
]


def place_answers(result: IndicatorResult, target: Target) -> bool:
    """Whether ``result`` is of the place that ``target`` names."""
    if result.domain == "water":
        return same_section(target.place, result.place)
    return normalise_region(target.place) == normalise_region(result.place)


def condition_of(
    target: Target, yearly: Mapping[tuple[str, str], Mapping[int, float]], region: str, year: int
) -> bool | None:
    """Whether the condition of ``target`` held in ``year`` as entered (1 or 0); None = not known."""
    if not target.condition or not target.condition_indicator:
        return None
    found = yearly.get((normalise_region(region), target.condition_indicator), {}).get(year)
    return None if found is None else bool(found)


def levels_of(target: Target, results: Sequence[IndicatorResult], year: int) -> dict[int, float]:
    """Annual values of the quantity that a change target is worked out on, from readings."""
    source = _level_result(target, results)
    if source is None:
        return {}
    found = dict(source.history)
    if source.observed_judged is not None and source.samples is None and source.sufficient:
        found[year] = source.observed_judged
    return found


def level_samples(target: Target, results: Sequence[IndicatorResult]) -> NDArray[np.float64] | None:
    """The same quantity on each path of the year, (path,); None where it is not drawn."""
    source = _level_result(target, results)
    return None if source is None else source.judged


def _level_result(target: Target, results: Sequence[IndicatorResult]) -> IndicatorResult | None:
    """The result of the quantity, of the place named or of the only set; None where it is unclear."""
    own = [r for r in results if target.of and r.indicator == target.of]
    wanted = target.place or target.section_set
    if wanted:
        own = [r for r in own if same_section(r.place, wanted)]
    return own[0] if len(own) == 1 else None


def limit_remark(target: Target, history: Mapping[int, float]) -> tuple[str, str]:
    """What the limit of a source says of an item without a class (metals), for an item's mean.

    Two values a trend target may have, so the known years are named with their distance.
    """
    if target.domain != "water" or not target.indicator.endswith("_mean"):
        return "", ""
    item = target.indicator.removesuffix("_mean")
    limit = source_limit(item)
    if limit is None or item not in ITEMS or not history:
        return "", ""
    about = ITEMS[item]
    places = indicator(target.indicator).judged_decimals or 0
    said = [(y, float(round_half_even(v, places))) for y, v in sorted(history.items())]
    said_zh = "、".join(f"{y}年{v:g}" for y, v in said)
    said_en = ", ".join(f"{v:g} in {y}" for y, v in said)
    last_year, last = said[-1]
    over = last > limit
    zh = f"{about.zh}的集中式饮用水水源特定项目限值为{limit:g} mg/L（GB 3838-2002表3）；已知年均值{said_zh}，"
    zh += f"{last_year}年{'超标' if over else '未超标'}"
    en = f" The limit of {about.en} for drinking sources is {limit:g} mg/L (GB 3838-2002 table 3); "
    en += f"known annual means: {said_en}; {last_year} is {'over' if over else 'within'} it"
    if len(history) < 3:
        n = len(history)
        zh += f"；只有{n}个年值，不给出趋势区间"
        en += f"; {n} annual value{'s give' if n != 1 else ' gives'} no interval for a trend"
    return zh + "。", en + "."


def water_budget(
    result: IndicatorResult, target: Target, settings: Settings
) -> dict[str, Any] | None:
    """What the months left may have to still meet a class or an item's mean, and sections that may
    fail; None where there is nothing to count."""
    record = result.record
    if target.value is None or record is None or not result.sufficient:
        return None
    left = record.months_left(settings)
    if result.indicator == "section_class" and target.comparator in ("<=", "=="):
        margins = item_margins(record, int(target.value), settings)
        rows = [
            {
                "item": m.item,
                "limit": m.limit,
                "value": number(m.value),
                "margin": number(m.margin),
                "margin_percent": number(m.percent),
                "months_over": list(m.months_over),
                "exact": number(m.rest.exact) if m.rest else None,
                "rounded": number(m.rest.rounded) if m.rest else None,
                "reachable": m.rest.reachable if m.rest else None,
            }
            for m in margins
            if m.value is not None
        ]
        if not rows:
            return None
        return {
            "kind": "months", "class": WATER_CLASSES[int(target.value) - 1], "months_left": left,
            "n_months": record.n_months, "items": rows,
        }  # fmt: skip
    item = result.indicator.removesuffix("_mean")
    if item in record.items and item != "ph" and left and target.comparator in ("<=", ">="):
        months = record.observed[:, record.items.index(item)]
        n = int(np.isfinite(months).sum())
        decimals = indicator(result.indicator).judged_decimals or 0
        rest = mean_left(
            n, float(np.nansum(months)), left, target.value, decimals,
            least=target.comparator == ">=",
        )  # fmt: skip
        return {
            "kind": "months", "months_left": left, "n_months": n, "exact": number(rest.exact),
            "rounded": number(rest.rounded), "unit": result.unit, "reachable": rest.reachable,
        }  # fmt: skip
    return None


def with_probabilities(result: IndicatorResult, targets: Sequence[Target]) -> list[dict[str, Any]]:
    """The alternatives, with the probability of each target where the sections are independent."""
    if result.independent is None or result.judged is None:
        return result.alternatives
    n = int(np.isfinite(result.judged).sum())
    chances = result.independent
    found = {
        t.id: number(p)
        for t in targets
        if n and (p := independent_probability(t, chances, n)) is not None
    }
    return [
        {**a, "probabilities": found} if a.get("kind") == "independent_sections" else a
        for a in result.alternatives
    ]
