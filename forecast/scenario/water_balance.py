"""Whether loads, inflows and the observed concentration fit together, within a factor of two."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forecast.scenario.water_contributions import Contributions
from forecast.scenario.water_draws import MONTH_SHARES, SectionDraws
from forecast.standards.items import ITEMS

__all__ = ["Balance", "Unchecked", "check_balance", "flow_that_fits", "source_level"]

#: Modelled over observed concentration may differ by this factor, in either direction.
_FACTOR = 2.0
#: Months of the lowest and of the highest flow that count as dry and as wet.
_HALF = 6
#: What is left for sources after inflows and background is at least this share of the observed.
_LEAST_LEFT = 0.05


@dataclass(frozen=True)
class Unchecked:
    """Why a balance was not checked, in words.

    ``level_fitted``: the sources were fitted to what was observed, so that a model that still does
    not meet it has too much coming in.
    """

    zh: str
    en: str
    level_fitted: bool = False


@dataclass(frozen=True)
class Balance:
    """Modelled against observed concentration of one item.

    Attributes:
        observed: mean of the year [mg/L], NaN where not known.
        modelled: median over the draws [mg/L], NaN where its level is not known; ``low`` and
            ``high`` the 10 % and 90 % quantiles.
        dry, wet: modelled over observed in the six months of least and of most flow; NaN where the
            observed is known for the year alone.
        closed: within a factor of two; None where it could not be checked.
        zh, en: in words.
    """

    item: str
    observed: float
    modelled: float
    low: float
    high: float
    dry: float
    wet: float
    closed: bool | None
    zh: str
    en: str


def check_balance(
    item: str,
    made: Contributions,
    own: SectionDraws,
    background: NDArray[np.float64],
    kept: NDArray[np.float64],
    observed: ArrayLike | None,
    unchecked: Unchecked | None,
) -> Balance:
    """Compare the typical year of the model with what was observed.

    Args:
        made: contributions in the twelve months of a typical year.
        background: c_b (draw,) [mg/L]; ``kept`` (draw,) what a lake keeps, 1 for a river.
        observed: mean of the year or means of its months [mg/L], NaN for a month without.
        unchecked: why it can't be checked, if so.
    """
    model = made.all.sum(axis=2) * kept[:, None] + background[:, None]
    seen = np.full(12, np.nan) if observed is None else np.asarray(observed, dtype=np.float64)
    by_month = seen.ndim > 0
    seen = np.broadcast_to(seen, (12,))
    known = np.isfinite(seen)
    if not known.any() and unchecked is None:
        unchecked = Unchecked("没有实测浓度", "no observed concentration")
    weights = np.where(known, MONTH_SHARES, 0.0) if known.any() else MONTH_SHARES
    weights = weights / weights.sum()
    means = model @ weights
    low, middle, high = (float(v) for v in np.quantile(means, [0.1, 0.5, 0.9]))
    truth = float(np.nansum(np.where(known, seen, 0.0) * weights)) if known.any() else np.nan
    dry = wet = np.nan
    if by_month and known.all():
        order = np.argsort(np.median(own.flow, axis=0), kind="stable")
        dry, wet = (
            float(np.median(model[:, part].mean(axis=1)) / seen[part].mean())
            for part in (order[:_HALF], order[-_HALF:])
        )
    closed = bool(1.0 / _FACTOR <= middle / truth <= _FACTOR)
    name_zh, name_en = ITEMS[item].zh, ITEMS[item].en
    too_much = unchecked is not None and unchecked.level_fitted and not closed
    if unchecked is not None and not too_much:
        if not own.level_known and not unchecked.level_fitted:
            low = middle = high = np.nan
        zh = f"{name_zh}负荷平衡未检验：{unchecked.zh}。"
        en = f"Balance of {name_en} not checked: {unchecked.en}."
        return Balance(item, truth, middle, low, high, dry, wet, None, zh, en)
    numbers = (
        f"{middle:.3g} mg/L ({low:.3g}–{high:.3g})",
        f"{truth:.3g} mg/L",
        f"{middle / truth:.2f}",
    )
    if closed:
        zh = f"{name_zh}负荷平衡在两倍以内：模型{numbers[0]}，实测{numbers[1]}，之比{numbers[2]}。"
        en = (
            f"Balance of {name_en} closes within a factor of two: model {numbers[0]}, "
            f"observed {numbers[1]}, ratio {numbers[2]}."
        )
    else:
        zh = (
            f"{name_zh}负荷平衡不闭合：模型{numbers[0]}，实测{numbers[1]}，之比{numbers[2]}，超出两倍；"
            "不给出减排响应，请核对负荷、流量和上游浓度。"
        )
        en = (
            f"Balance not closed for {name_en}: model {numbers[0]}, observed {numbers[1]}, ratio "
            f"{numbers[2]}, beyond a factor of two. No response is given; check loads, flow and "
            "upstream concentrations."
        )
    return Balance(item, truth, middle, low, high, dry, wet, closed, zh, en)


def source_level(
    made: Contributions, background: NDArray[np.float64], observed: float
) -> NDArray[np.float64]:
    """Factor of the sources, (draw,), that makes the year's mean the observed one.

    For sections whose level of flow is not known: the loads are then known only relative to one
    another, and what inflows and background leave of the observed concentration is theirs.
    """
    inflow = made.inflows.sum(axis=2) @ MONTH_SHARES
    left = np.maximum(observed - background - inflow, _LEAST_LEFT * observed)
    own = made.sources.sum(axis=2) @ MONTH_SHARES
    return np.asarray(np.where(own > 0.0, left / np.where(own > 0.0, own, 1.0), 1.0))


def flow_that_fits(level: NDArray[np.float64]) -> Unchecked:
    """What a section without flow says instead of a balance: the mean flow that its loads ask for.

    Args:
        level: factor of :func:`source_level`, (draw,); its inverse is a mean flow [m³/s].
    """
    low, middle, high = (float(v) for v in np.quantile(1.0 / level, [0.1, 0.5, 0.9]))
    return Unchecked(
        f"没有流量；年均流量约{middle:.2g}（{low:.2g}–{high:.2g}）m³/s时负荷与浓度相符，请核对",
        f"no flow; loads and concentration fit if the mean flow is about {middle:.2g} "
        f"({low:.2g}–{high:.2g}) m³/s, which should be checked",
        level_fitted=True,
    )
