"""What each inflow and each source adds to the concentration at a section.

C(Q) = [Q_u (C_u − c_b) e^(−K x_u) + Σ_j W_j ρ_j e^(−K x_j)]/Q + c_b. The background c_b is in all
water, so what an inflow brings counts above it. The load of a point source is the same
in every month, so its concentration falls as 1/Q. The concentration of a diffuse source goes as
Q^b; its loads of a typical year add up to the load of the inventory.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.scenario.water_draws import MONTH_SHARES, SectionDraws, WaterDraws
from forecast.scenario.water_load import load_gs, remaining
from forecast.scenario.water_sections import WaterInflow, WaterSection, WaterSource

__all__ = [
    "Contributions",
    "contributions",
    "inflow_shares",
    "lacking_inflow",
    "least_inflow",
    "retention",
]


@dataclass(frozen=True)
class Contributions:
    """Concentrations above the background at a section.

    Attributes:
        sources: (draw, month, source) [mg/L] where the level of the flow is known, else up to one
            factor a draw.
        inflows: (draw, month, inflow) [mg/L].
    """

    sources: NDArray[np.float64]
    inflows: NDArray[np.float64]

    @property
    def all(self) -> NDArray[np.float64]:
        """Sources, then inflows: (draw, month, source or inflow)."""
        return np.concatenate([self.sources, self.inflows], axis=2)

    def scaled(self, factor: NDArray[np.float64]) -> Contributions:
        """With the sources times ``factor``, shape (draw,)."""
        return Contributions(self.sources * factor[:, None, None], self.inflows)


def contributions(
    section: WaterSection,
    item: str,
    own: SectionDraws,
    draws: WaterDraws,
    flow: NDArray[np.float64],
    calendar: NDArray[np.int64],
    background: NDArray[np.float64],
) -> Contributions:
    """Contributions in months with a given flow.

    Args:
        item: an item of :meth:`WaterSection.items`.
        own: the water of the section.
        flow: (draw, month), on the scale of ``own.flow``.
        calendar: month of the year, 0 to 11, shape (month,).
        background: c_b (draw,) [mg/L].
    """
    usual = own.flow[:, calendar]
    velocity = own.velocity[:, calendar] * (flow / usual) ** own.velocity_exponent[:, None]
    k = (
        np.full(draws.n, section.decay[item])
        if item in section.decay
        else draws.value("decay", item=item, at=section.name)
    )
    theta = draws.value("theta", item=item)
    warmth = own.temperature[:, calendar]

    def left(distance: float) -> NDArray[np.float64]:
        return remaining(k[:, None], distance, velocity, theta=theta[:, None], temperature=warmth)

    ratio = _ratio(section, item, draws)
    power = 1.0 + own.diffuse_exponent[:, None]
    yearly = ((own.flow**power) * MONTH_SHARES).sum(axis=1, keepdims=True)
    sources = np.zeros((draws.n, len(calendar), len(section.sources)))
    for j, source in enumerate(section.sources):
        tonnes = source.loads.get(section.load_item(item), 0.0)
        if tonnes == 0.0:
            continue
        load = load_gs(tonnes) * source.delivery * ratio * _entering(source, draws)
        season = 1.0 if source.kind == "point" else flow**power / yearly
        sources[:, :, j] = load[:, None] * season / flow * left(source.distance)
    shares = inflow_shares(section, own, calendar)
    inflows = np.zeros((draws.n, len(calendar), len(section.inflows)))
    for j, inflow in enumerate(section.inflows):
        value = _inflow_concentration(inflow, item, ratio)[:, calendar]
        above = np.maximum(value - background[:, None], 0.0)
        inflows[:, :, j] = shares[:, :, j] * above * left(inflow.distance)
    return Contributions(sources, inflows)


def _entering(source: WaterSource, draws: WaterDraws) -> NDArray[np.float64]:
    """Share of the inventory's load that enters the river, with the error of the load; (draw,)."""
    # Named by the source alone: one works is as wrong at all the sections below it.
    error = draws.value("load_error", kind=source.kind, at=source.name)
    if source.in_river is not None:
        return error * source.in_river
    return error * draws.value("in_river", kind=source.kind, at=source.name)


def _ratio(section: WaterSection, item: str, draws: WaterDraws) -> NDArray[np.float64]:
    """Factor from the item of the loads to the item of the section, (draw,)."""
    if section.load_item(item) == item:
        return np.ones(draws.n)
    return draws.value("codmn_per_cod", at=section.name)


def _inflow_concentration(
    inflow: WaterInflow, item: str, ratio: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Concentration of an inflow by month of the year, (draw, 12)."""
    own = inflow.concentration.get(item)
    factor = np.ones_like(ratio)
    if own is None:
        own, factor = inflow.concentration["cod"], ratio
    values = np.asarray(own if isinstance(own, tuple) else (own,) * 12, dtype=np.float64)
    return np.asarray(factor[:, None] * values)


def least_inflow(section: WaterSection, item: str, draws: WaterDraws) -> NDArray[np.float64]:
    """Lowest concentration of any inflow in any month, (draw,) [mg/L]; infinite without inflows."""
    least = np.full(draws.n, np.inf)
    ratio = _ratio(section, item, draws)
    for inflow in section.inflows:
        least = np.minimum(least, _inflow_concentration(inflow, item, ratio).min(axis=1))
    return least


def lacking_inflow(section: WaterSection, item: str) -> str:
    """Name of the first inflow whose concentration of ``item`` is not known; empty for none."""
    stand_in = section.load_item(item)
    for inflow in section.inflows:
        if item not in inflow.concentration and stand_in not in inflow.concentration:
            return inflow.name
    return ""


def inflow_shares(
    section: WaterSection, own: SectionDraws, calendar: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Share of each inflow in the flow of a section, (draw, month, inflow), at most 1 together.

    One value of an inflow goes with the season of the section. Where inflows carry more than the
    section, water was taken on the way, and what it carried with it.
    """
    flow = own.flow[:, calendar]
    mean = (own.flow * MONTH_SHARES).sum(axis=1, keepdims=True)
    shares = np.zeros((*flow.shape, len(section.inflows)))
    for j, inflow in enumerate(section.inflows):
        if inflow.flow_share is not None:
            shares[:, :, j] = inflow.flow_share
        elif isinstance(inflow.flow, tuple):
            shares[:, :, j] = np.asarray(inflow.flow)[calendar] / flow
        elif inflow.flow is not None:
            shares[:, :, j] = inflow.flow / mean
    return np.asarray(shares / np.maximum(shares.sum(axis=2, keepdims=True), 1.0))


def retention(
    section: WaterSection, item: str, own: SectionDraws, draws: WaterDraws
) -> NDArray[np.float64]:
    """Share of what reaches a lake that is left in its water, (draw,); 1 for a river.

    Phosphorus 1/(1 + √t) with t the residence time [yr] (OECD 1982, from memory), others
    1/(1 + k t) of a completely mixed lake.
    """
    if section.residence is None:
        return np.ones(draws.n)
    if item == "tp":
        return np.full(draws.n, 1.0 / (1.0 + np.sqrt(section.residence)))
    k = (
        np.full(draws.n, section.decay[item])
        if item in section.decay
        else draws.value("decay", item=item, at=section.name)
    )
    warmth = (own.temperature * MONTH_SHARES).sum(axis=1) - 20.0
    rate = k * draws.value("theta", item=item) ** warmth
    return np.asarray(1.0 / (1.0 + rate * 365.25 * section.residence))
