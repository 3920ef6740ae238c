"""Response of a section's concentrations to cuts of loads, in the form of shares.

C' = c_b + (C − c_b)·F with F = 1 − Σ_j φ_j e_j: φ_j is the share of source j in the modelled
concentration above the background in that month, e_j the cut that has arrived. Errors in the level
of an inventory cancel in φ. Where loads and concentrations do not fit together within a factor of
two, no factor is given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forecast.errors import InputError
from forecast.scenario.water_balance import Balance
from forecast.scenario.water_cuts import WaterCuts
from forecast.scenario.water_draws import WaterDraws
from forecast.scenario.water_lag import arrived_cuts, month_years
from forecast.scenario.water_sections import WaterSection
from forecast.scenario.water_shares import ItemShares, Remark, ShareRow, section_shares

__all__ = ["SectionResponse", "WaterFactors", "apply_water", "section_response", "water_factors"]


@dataclass(frozen=True)
class WaterFactors:
    """What a scenario does to the concentrations of one section.

    Attributes:
        section: its name.
        items: items with a response; what is not among them stays as it is.
        months: datetime64[M], shape (month,).
        values: F, float32 (draw, month, item), exactly 1 where nothing is cut.
        background: c_b, float32 (draw, item) [mg/L].
        balances: of every item that was looked at.
        refused: item → why it has no response (zh, en).
        remarks: what a reader has to know.
    """

    section: str
    items: tuple[str, ...]
    months: NDArray[np.datetime64]
    values: NDArray[np.float32]
    background: NDArray[np.float32]
    balances: tuple[Balance, ...]
    refused: Mapping[str, tuple[str, str]]
    remarks: tuple[Remark, ...]

    def apply(self, item: str, concentrations: NDArray[np.float32]) -> NDArray[np.float32]:
        """Paths (draw, month) of ``item`` under the scenario; the same array where it has no factor."""
        if item not in self.items:
            return concentrations
        at = self.items.index(item)
        return apply_water(concentrations, self.values[:, :, at], self.background[:, at])


def apply_water(
    concentrations: NDArray[np.float32],
    factors: NDArray[np.float32],
    background: NDArray[np.float32],
) -> NDArray[np.float32]:
    """C' = c_b + (C − c_b)·F.

    Values with F = 1, and those at or below the background, are the same bits as before; NaN stays.

    Args:
        concentrations: (draw, month) [mg/L].
        factors: F, (draw, month).
        background: c_b, (draw,) [mg/L].
    """
    base = background[:, None]
    moved = base + (concentrations - base) * factors
    with np.errstate(invalid="ignore"):
        changes = (factors != 1.0) & (concentrations > base)
    out = np.where(changes, moved, concentrations)
    return np.asarray(out, dtype=np.float32) if changes.any() else concentrations


@dataclass(frozen=True)
class SectionResponse:
    """Shares and lags of one section: all that does not depend on the scenario.

    Attributes:
        section: its description.
        months: datetime64[M], shape (month,).
        shares: item → its :class:`~forecast.scenario.water_shares.ItemShares`.
        balances, refused, remarks: as in :class:`WaterFactors`.
        n: number of draws.
    """

    section: WaterSection
    months: NDArray[np.datetime64]
    shares: Mapping[str, ItemShares]
    balances: tuple[Balance, ...]
    refused: Mapping[str, tuple[str, str]]
    remarks: tuple[Remark, ...]
    n: int

    @property
    def rows(self) -> tuple[ShareRow, ...]:
        """Shares of sources and inflows in dry and wet months, for a report."""
        return tuple(row for shares in self.shares.values() for row in shares.rows)

    def factors(
        self,
        cuts: WaterCuts,
        *,
        reference: np.datetime64 | None = None,
        held: Mapping[str, NDArray[np.float64]] | None = None,
    ) -> WaterFactors:
        """Factors of one scenario.

        Args:
            cuts: nothing is cut before their first month; after their last the last value holds.
            reference: last month of the record that the paths rest on. What of the cuts had
                arrived by then is in the readings already and is not counted again (:meth:`held`);
                None where all cuts are to come.
            held: that part, where :meth:`held` has worked it out for another scale of the cuts.

        Raises:
            InputError: the number of draws is not that of the response.
        """
        for cut in cuts.cuts:
            if cut.values.shape[0] not in (1, self.n):
                raise InputError(
                    f"The cuts have {cut.values.shape[0]} draws, the response {self.n}.",
                    "Draw both with the same number of paths.",
                )
        if reference is not None and held is None:
            held = self.held(cuts, reference)
        items = tuple(self.shares)
        values = np.ones((self.n, len(self.months), len(items)), dtype=np.float32)
        background = np.empty((self.n, len(items)), dtype=np.float32)
        clock = _Clock.of(cuts.months, self.months, reference)
        touched = False
        for i, (item, shares) in enumerate(self.shares.items()):
            background[:, i] = shares.background
            found = _factor(item, shares, cuts, clock, (held or {}).get(item))
            if found is not None:
                touched = True
                values[:, :, i] = found
        remarks = self.remarks
        if cuts.cuts and items and not touched:
            remarks = (*remarks, _untouched(self.section.name))
        return WaterFactors(
            self.section.name, items, self.months, values, background, self.balances,
            self.refused, remarks,
        )  # fmt: skip

    def held(self, cuts: WaterCuts, reference: np.datetime64) -> dict[str, NDArray[np.float64]]:
        """What the record holds of the cuts in each month: item → Σ φ b, (draw, month).

        b is the cut that had arrived by the end of the record, in the season of the month: what
        would have arrived had the record ended in that month with the measures as far along. So
        a measure that has long been in force, whatever its season, leaves every month as it is.

        Args:
            reference: last month of the record.
        """
        clock = _Clock.of(cuts.months, self.months, reference)
        last = clock.reference
        if last is None:
            return {}
        shifts = (clock.wanted - last) % 12 if cuts.seasonal else np.zeros_like(clock.wanted)
        out: dict[str, NDArray[np.float64]] = {}
        for item, shares in self.shares.items():
            total = np.zeros((self.n, len(self.months)))
            for j, of in _cut_sources(item, shares, cuts):
                for shift in np.unique(shifts[clock.after]).tolist():
                    made = cuts.of(shares.kinds[j], shares.names[j], of, shift)
                    if made is None:
                        continue
                    years = month_years(clock.months[: last + 1] + shift)
                    arrived = _arrived(clock.spread(made)[:, : last + 1], years, shares, j)
                    at = shifts == shift
                    total[:, at] += shares.values[:, at, j] * arrived[:, -1:]
            out[item] = total
        return out


def _cut_sources(item: str, shares: ItemShares, cuts: WaterCuts) -> Iterator[tuple[int, str]]:
    """Sources and inflows of which something is cut, each with the item of the cut."""
    # A measure cuts COD; loads of CODMn fall with it, whether given as such or not.
    chain = dict.fromkeys((shares.load_item, item, *(("cod",) if item == "codmn" else ())))
    for j, (name, kind) in enumerate(zip(shares.names, shares.kinds, strict=True)):
        for of in chain:
            made = cuts.of(kind, name, of)
            if made is not None:
                if made.any() and shares.values[:, :, j].any():
                    yield j, of
                break


def _arrived(
    made: NDArray[np.float64], years: NDArray[np.float64], shares: ItemShares, source: int
) -> NDArray[np.float64]:
    """Cut of one source that has arrived at the section, (draw, month)."""
    arrived = arrived_cuts(made, years, shares.lags[:, source])
    for lag in shares.lake_lags:
        arrived = lag.through(arrived, years)
    return arrived


def _factor(
    item: str,
    shares: ItemShares,
    cuts: WaterCuts,
    clock: _Clock,
    held: NDArray[np.float64] | None,
) -> NDArray[np.float64] | None:
    """F of one item, (draw, month); None where no cut holds for it."""
    removed: NDArray[np.float64] | None = None
    for j, of in _cut_sources(item, shares, cuts):
        made = cuts.of(shares.kinds[j], shares.names[j], of)
        if made is None:
            continue
        arrived = _arrived(clock.spread(made), clock.years, shares, j)
        part = shares.values[:, :, j] * arrived[:, clock.wanted]
        removed = part if removed is None else removed + part
    if removed is None:
        return None
    # A share can be summed to a last bit above 1, a concentration can't fall below nothing.
    left = np.maximum(1.0 - removed, 0.0)
    if held is None:
        return np.where(clock.after, left, 1.0)
    base = 1.0 - held
    known = clock.after & (base > 1e-9)
    return np.where(known, left / np.where(known, base, 1.0), 1.0)


@dataclass(frozen=True)
class _Clock:
    """Months over which cuts arrive, and where those that are wanted lie among them."""

    n_given: int
    months: NDArray[np.datetime64]
    years: NDArray[np.float64]
    wanted: NDArray[np.int64]
    reference: int | None
    after: NDArray[np.bool_]
    offset: int

    @classmethod
    def of(
        cls,
        given: NDArray[np.datetime64],
        wanted: NDArray[np.datetime64],
        reference: np.datetime64 | None,
    ) -> _Clock:
        first = min(given[0], wanted.min()) if len(wanted) else given[0]
        last = max(given[-1], wanted.max()) if len(wanted) else given[-1]
        months = np.arange(first, last + 1)
        after = np.ones(len(wanted), dtype=np.bool_)
        at: int | None = None
        if reference is not None:
            month = reference.astype("datetime64[M]")
            after = wanted > month
            # A record that ended before the first cut holds nothing of it.
            at = int((min(month, last) - first).astype(np.int64)) if month >= first else None
        return cls(
            len(given), months, month_years(months), (wanted - first).astype(np.int64), at, after,
            int((given[0] - first).astype(np.int64)),
        )  # fmt: skip

    def spread(self, made: NDArray[np.float64]) -> NDArray[np.float64]:
        """Cuts on all months: none before the first, the last one after the last."""
        out = np.zeros((made.shape[0], len(self.years)))
        end = self.offset + self.n_given
        out[:, self.offset : end] = made
        out[:, end:] = made[:, -1:]
        return out


def _untouched(name: str) -> Remark:
    return (
        "no_effect",
        f"断面{name}上游没有情景所削减的污染源，情景对其没有作用。",
        f"No source above the section {name} is cut by the scenario, so it changes nothing there.",
    )


def section_response(
    section: WaterSection,
    draws: WaterDraws,
    months: NDArray[np.datetime64],
    *,
    items: Sequence[str] | None = None,
    observed: Mapping[str, ArrayLike] | None = None,
    flows: NDArray[np.float64] | None = None,
) -> SectionResponse:
    """Shares and lags of a section in the months of its paths.

    Args:
        months: the months of the paths, any resolution, shape (month,).
        items: those wanted; None for all for which a source has a load.
        observed: item → observed mean of the year, or means of the twelve months (NaN without),
            [mg/L]; what is not in it is taken from the section's own ``observed``.
        flows: flow of each path in each month (draw, month) [m³/s] where it is known; else typical
            flows are spread.

    Raises:
        InputError: shapes do not fit, or flows are given for a section without a typical flow.
    """
    wanted = np.asarray(months).astype("datetime64[M]")
    if flows is not None and np.shape(flows) != (draws.n, len(wanted)):
        raise InputError(
            f"The flows of {section.name!r} have shape {np.shape(flows)}.",
            f"Expected is (draw, month) = ({draws.n}, {len(wanted)}).",
        )
    shares, balances, refused, remarks = section_shares(
        section, draws, wanted, items=items, observed=observed, flows=flows
    )
    return SectionResponse(section, wanted, shares, balances, refused, remarks, draws.n)


def water_factors(
    section: WaterSection,
    cuts: WaterCuts,
    draws: WaterDraws,
    months: NDArray[np.datetime64],
    *,
    items: Sequence[str] | None = None,
    observed: Mapping[str, ArrayLike] | None = None,
    flows: NDArray[np.float64] | None = None,
    reference: np.datetime64 | None = None,
) -> WaterFactors:
    """Factors of one scenario at one section; see :func:`section_response` and its ``factors``.

    For many levels of a package make the response once and ask it for each level.
    """
    response = section_response(section, draws, months, items=items, observed=observed, flows=flows)
    return response.factors(cuts, reference=reference)
