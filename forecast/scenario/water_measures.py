"""Measures on loads of water, as cuts of the sources that stand above the sections.

The sector of such a measure is a kind of source (``point``, ``urban``, ``rural``, ``farmland``,
``livestock``), ``upstream``, the name of one source, or ``all``. Tonnes become percent with the loads
of these sources under ``[[water_sources]]``; business-as-usual growth is not applied to water.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from forecast.errors import InputError
from forecast.scenario.cut_drawing import compliance_draws
from forecast.scenario.inventory_units import refuse_national_size, tonnes_text
from forecast.scenario.measure_timing import ramp, season_mask
from forecast.scenario.measures import NotQuantified
from forecast.scenario.pollutants import POLLUTANT_NAMES, WATER_POLLUTANTS
from forecast.scenario.scenario_model import Measure, Scenario
from forecast.scenario.water_cuts import WaterCut, WaterCuts, monthly_cuts
from forecast.scenario.water_sections import SOURCE_KINDS, UPSTREAM, WaterSection

__all__ = ["water_cuts_of"]

_ROUNDING = 1e-9


def water_cuts_of(
    scenario: Scenario,
    sections: Sequence[WaterSection],
    days: NDArray[np.datetime64],
    n: int,
    rng: np.random.Generator,
    *,
    scale: float = 1.0,
    since: date | None = None,
) -> tuple[WaterCuts, tuple[NotQuantified, ...]]:
    """Draw the cuts of loads of a scenario, by month.

    Args:
        scenario: its measures on COD, NH3N, TN and TP.
        sections: what stands above the sections, with the loads of their sources.
        days: ``(day,)`` consecutive days, datetime64[D].
        n: number of draws of the compliance.
        rng: one number is taken from it; a measure's draws do not depend on the other measures.
        scale: factor on every measure, for the inverse; a cut is held at 100 %.
        since: last day that the baseline knows; what was in place by then is no cut. None where the
            water response is given its reference month: it then takes out what had arrived, with lag.

    Returns:
        The cuts, and the measures in tonnes for which no loads are given.

    Raises:
        InputError: a source that no section has, or more tonnes than its load.
    """
    seed = int(rng.integers(2**62))
    days = days.astype("datetime64[D]")
    months = np.unique(days.astype("datetime64[M]"))
    cuts: list[WaterCut] = []
    missing: list[NotQuantified] = []
    for measure in scenario.measures:
        own = np.random.default_rng([seed, zlib.crc32(measure.name.encode())])
        compliance = compliance_draws(measure.compliance, n, own)
        for pollutant in (p for p in measure.pollutants if p in WATER_POLLUTANTS):
            fraction = _fraction(measure, pollutant, sections, scenario.region)
            if fraction is None:
                missing.append(_no_load(measure, pollutant))
                continue
            at = np.array([since or date(1900, 1, 1)], dtype="datetime64[D]")
            before = float(ramp(measure, at)[0])
            effect = before + scale * (np.maximum(ramp(measure, days), before) - before)
            full = measure.sign * fraction * compliance[:, None]
            mask = season_mask(measure, days)
            now = 1.0 - np.minimum(full * np.where(mask, effect, 0.0), 1.0)
            then = 1.0 - np.minimum(full * np.where(mask, before, 0.0), 1.0)
            daily = 1.0 - np.divide(now, then, out=np.ones_like(now), where=then > 0.0)
            values = monthly_cuts(days, daily)[1]
            if values.any():
                kind = measure.sector if measure.sector in (*SOURCE_KINDS, UPSTREAM) else ""
                source = "" if kind or measure.sector == "all" else measure.sector
                cuts.append(WaterCut(values, kind=kind, source=source, item=pollutant))
    return WaterCuts(months, tuple(cuts)), tuple(missing)


def _fraction(
    measure: Measure, pollutant: str, sections: Sequence[WaterSection], region: str
) -> float | None:
    """Return the cut of the load at full effect in the measure's season [1]; None: no load is given."""
    sources = {s.name: s for section in sections for s in section.sources}
    inflows = {i.name for section in sections for i in section.inflows}
    sector = measure.sector
    if sections and sector not in ("all", *SOURCE_KINDS, UPSTREAM, *sources, *inflows):
        raise InputError(
            f"measure {measure.name!r}: no section has a source {sector!r}.",
            f"Give all, a kind ({', '.join((*SOURCE_KINDS, UPSTREAM))}), or one of: "
            f"{', '.join(sorted((*sources, *inflows))) or 'none is named'}.",
        )
    amount = measure.amount
    if amount.unit == "%":
        return amount.value / 100.0
    what = f"measure {measure.name!r}"
    refuse_national_size(pollutant, amount.value, region, what=what)
    acting = [s for s in sources.values() if sector in ("all", s.kind, s.name)]
    load = sum(s.loads.get(pollutant.lower(), 0.0) for s in acting)
    if load <= 0.0:
        return None
    year = np.arange("2023-01-01", "2024-01-01", dtype="datetime64[D]")
    fraction = amount.value / (load * float(season_mask(measure, year).mean()))
    if fraction > 1.0 + _ROUNDING and measure.cut:
        raise InputError(
            f"{what}: cuts {tonnes_text(amount.value)} of {pollutant}, over 100 % of the "
            f"{tonnes_text(amount.value / fraction)} that {sector} discharges in its season.",
            "Check the unit (t or 10⁴ t) and the loads under [[water_sources]].",
        )
    return fraction


def _no_load(measure: Measure, pollutant: str) -> NotQuantified:
    zh, en = POLLUTANT_NAMES[pollutant]
    shown = tonnes_text(measure.amount.value)
    return NotQuantified(
        measure.name,
        f"“{measure.name}”：{shown} 无法换算为百分比，缺少断面上游各污染源的{zh}入河负荷（[[water_sources]]）。",
        f"{measure.name}: {shown} of {en} can't become percent; the loads of the sources above the "
        "sections are missing ([[water_sources]]).",
    )
