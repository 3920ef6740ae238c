"""Shares of the sources in a section's concentration above its background, by draw and month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forecast.errors import InputError
from forecast.scenario.water_balance import (
    Balance,
    Unchecked,
    check_balance,
    flow_that_fits,
    source_level,
)
from forecast.scenario.water_contributions import (
    Contributions,
    contributions,
    lacking_inflow,
    least_inflow,
    retention,
)
from forecast.scenario.water_draws import MONTH_SHARES, SectionDraws, WaterDraws, section_draws
from forecast.scenario.water_lag import arrived_cuts
from forecast.scenario.water_remarks import Remark, refusal, section_remarks
from forecast.scenario.water_sections import RESPONSE_ITEMS, UPSTREAM, WaterSection

__all__ = ["ItemShares", "LakeLag", "Remark", "ShareRow", "section_shares"]

#: The background is at most this share of the mean observed.
_MOST_BACKGROUND = 0.8
#: A lake that keeps its water for longer than this mixes the seasons [yr].
_MIXING = 1.0 / 12.0
_DRY_MONTHS = 6


@dataclass(frozen=True)
class LakeLag:
    """A further delay in a lake: ``share`` (draw,) of the water follows with ``years`` (draw,)."""

    share: NDArray[np.float64]
    years: NDArray[np.float64]

    def through(
        self, arrived: NDArray[np.float64], lengths: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Cuts (draw, month) after this delay."""
        late = arrived_cuts(arrived, lengths, self.years)
        share = self.share[:, None]
        return np.asarray(arrived + share * (late - arrived))


@dataclass(frozen=True)
class ShareRow:
    """Share of one source or inflow in the concentration above the background.

    Attributes:
        dry, wet: medians over the draws in the six months of least and of most flow.
        low, high: 10 % and 90 % quantiles of the share in the year.
    """

    item: str
    name: str
    kind: str
    dry: float
    wet: float
    low: float
    high: float


@dataclass(frozen=True)
class ItemShares:
    """Shares and lags of one item.

    Attributes:
        load_item: the item whose loads and cuts stand for it.
        names, kinds: of the sources, then of the inflows (kind ``upstream``).
        values: φ, (draw, month, source or inflow); at most 1 together.
        lags: τ [yr], (draw, source or inflow).
        lake_lags: delays in a lake, one after the other.
        background: c_b (draw,) [mg/L].
        rows: for a report.
    """

    load_item: str
    names: tuple[str, ...]
    kinds: tuple[str, ...]
    values: NDArray[np.float64]
    lags: NDArray[np.float64]
    lake_lags: tuple[LakeLag, ...]
    background: NDArray[np.float64]
    rows: tuple[ShareRow, ...]


def section_shares(
    section: WaterSection,
    draws: WaterDraws,
    months: NDArray[np.datetime64],
    *,
    items: Sequence[str] | None,
    observed: Mapping[str, ArrayLike] | None,
    flows: NDArray[np.float64] | None,
) -> tuple[
    dict[str, ItemShares], tuple[Balance, ...], dict[str, tuple[str, str]], tuple[Remark, ...]
]:
    """Shares of every item that can be answered, balances, refusals and remarks.

    Raises:
        InputError: an observed value can't be, or flows are given where none is typical.
    """
    seen = {item: _observed(item, value, section.name)
            for item, value in {**section.observed, **(observed or {})}.items()}  # fmt: skip
    wanted = section.items() if items is None else tuple(items)
    own = section_draws(section, draws)
    if flows is not None:
        if section.flow is None:
            raise InputError(
                f"Flows of the paths are given for {section.name!r}, which has no typical flow.",
                "Give its flow_m3s.",
            )
        if not (np.isfinite(flows).all() and (np.asarray(flows) > 0.0).all()):
            raise InputError(
                f"A flow of the paths of {section.name!r} is not above 0.", "Correct it."
            )
    calendar = months.astype(np.int64) % 12
    flow = own.flow_drawn[:, calendar] if flows is None else np.asarray(flows, dtype=np.float64)
    shares: dict[str, ItemShares] = {}
    balances: list[Balance] = []
    refused: dict[str, tuple[str, str]] = {}
    for item in wanted:
        why = _no_answer(section, item, own, seen.get(item))
        if why is not None:
            refused[item] = why
            continue
        made = _item_shares(section, item, own, draws, flow, calendar, seen.get(item))
        balances.append(made[1])
        if made[1].closed is False:
            refused[item] = (made[1].zh, made[1].en)
        else:
            shares[item] = made[0]
    remarks = section_remarks(section, own, tuple(shares), balances)
    return shares, tuple(balances), refused, remarks


def _observed(item: str, value: ArrayLike, section: str) -> NDArray[np.float64]:
    values = np.asarray(value, dtype=np.float64)
    if values.shape not in ((), (12,)):
        raise InputError(
            f"The observed {item} of {section!r} has shape {values.shape}.",
            "Give the mean of the year, or twelve means from January to December.",
        )
    if (values[np.isfinite(values)] <= 0.0).any():
        raise InputError(
            f"The observed {item} of {section!r} holds a value that is not above 0.",
            "Leave out what was not measured.",
        )
    return values


def _no_answer(
    section: WaterSection, item: str, own: SectionDraws, seen: NDArray[np.float64] | None
) -> tuple[str, str] | None:
    """Why an item has no response before any balance; None where it may have one."""
    if item not in RESPONSE_ITEMS:
        return refusal("no_response", section.name, item)
    if item not in section.items():
        return refusal("no_source", section.name, item)
    lacking = lacking_inflow(section, item)
    if lacking:
        return refusal("no_inflow", section.name, item, lacking)
    unknown_level = not own.level_known and section.inflows
    if unknown_level and (seen is None or section.water_type == "lake"):
        return refusal("no_level", section.name, item)
    return None


def _item_shares(
    section: WaterSection,
    item: str,
    own: SectionDraws,
    draws: WaterDraws,
    flow: NDArray[np.float64],
    calendar: NDArray[np.int64],
    seen: NDArray[np.float64] | None,
) -> tuple[ItemShares, Balance]:
    mean = float("nan")
    if seen is not None and np.isfinite(seen).any():
        mean = float(np.nanmean(seen))
    background = _background(section, item, draws, mean)
    typical = contributions(section, item, own, draws, own.flow, np.arange(12), background)
    made = contributions(section, item, own, draws, flow, calendar, background)
    unchecked = None
    if not own.level_known:
        unchecked = Unchecked("没有流量", "no flow")
        if np.isfinite(mean):
            level = source_level(typical, background, mean)
            typical, made = typical.scaled(level), made.scaled(level)
            unchecked = flow_that_fits(level)
    elif section.water_type == "lake" and section.residence is None:
        unchecked = Unchecked("湖库停留时间未知", "residence time of the lake not known")
    kept = retention(section, item, own, draws)
    balance = check_balance(item, typical, own, background, kept, seen, unchecked)
    phi_year = _shares(typical)
    phi = _shares(made)
    if section.water_type == "lake" and (section.residence is None or section.residence > _MIXING):
        phi_year = _mixed_shares(typical, own.flow)
        phi = np.repeat(phi_year[:, :1], len(calendar), axis=1)
    kinds = (*(s.kind for s in section.sources), *(UPSTREAM for _ in section.inflows))
    names = (*(s.name for s in section.sources), *(i.name for i in section.inflows))
    lags = np.stack([draws.value("lag", item=item, kind=k, at=section.name) for k in kinds], axis=1)
    rows = _rows(item, names, kinds, phi_year, own.flow)
    return (
        ItemShares(
            section.load_item(item), names, kinds, phi, lags, _lake_lags(section, item, draws),
            background, rows,
        ),
        balance,
    )  # fmt: skip


def _background(
    section: WaterSection, item: str, draws: WaterDraws, observed: float
) -> NDArray[np.float64]:
    """c_b (draw,): what is given, else the default; no more than any water that was measured."""
    value = (
        np.full(draws.n, section.background[item])
        if item in section.background
        else draws.value("background", item=item, at=section.name)
    )
    value = np.minimum(value, least_inflow(section, item, draws))
    return np.minimum(value, _MOST_BACKGROUND * observed) if np.isfinite(observed) else value


def _shares(made: Contributions) -> NDArray[np.float64]:
    """Shares of sources and inflows; 0 where the model has nothing."""
    parts = made.all
    total = parts.sum(axis=2, keepdims=True)
    return np.asarray(np.where(total > 0.0, parts / np.where(total > 0.0, total, 1.0), 0.0))


def _mixed_shares(made: Contributions, flow: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shares over the whole year, weighted by the water that carries them; the same each month."""
    carried = made.all * (flow * MONTH_SHARES)[:, :, None]
    year = carried.sum(axis=1, keepdims=True)
    total = year.sum(axis=2, keepdims=True)
    share = np.where(total > 0.0, year / np.where(total > 0.0, total, 1.0), 0.0)
    return np.asarray(np.repeat(share, 12, axis=1))


def _lake_lags(section: WaterSection, item: str, draws: WaterDraws) -> tuple[LakeLag, ...]:
    """Delay by the water of a lake itself, then by what its sediment releases."""
    if section.water_type != "lake":
        return ()
    lags = []
    if section.residence is not None:
        lags.append(LakeLag(np.ones(draws.n), np.full(draws.n, section.residence)))
    if draws.priors.has("internal_share", item=item, kind="lake"):
        share = draws.value("internal_share", item=item, kind="lake", at=section.name)
        years = draws.value("lag", item=item, kind="lake", at=section.name)
        lags.append(LakeLag(share, years))
    return tuple(lags)


def _rows(
    item: str,
    names: tuple[str, ...],
    kinds: tuple[str, ...],
    phi: NDArray[np.float64],
    flow: NDArray[np.float64],
) -> tuple[ShareRow, ...]:
    """Medians in dry and wet months, range over the draws of the year."""
    order = np.argsort(flow, axis=1, kind="stable")[:, :, None]
    by_flow = np.take_along_axis(phi, np.broadcast_to(order, phi.shape), axis=1)
    dry = np.median(by_flow[:, :_DRY_MONTHS].mean(axis=1), axis=0)
    wet = np.median(by_flow[:, _DRY_MONTHS:].mean(axis=1), axis=0)
    low, high = np.quantile(phi.mean(axis=1), [0.1, 0.9], axis=0)
    return tuple(
        ShareRow(item, *row)
        for row in zip(
            names, kinds, dry.tolist(), wet.tolist(), low.tolist(), high.tolist(), strict=True
        )
    )
