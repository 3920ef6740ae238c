"""Measures on loads of water, as cuts of the sources that stand above the sections.

The sector of such a measure is a kind of source (``point``, ``urban``, ``rural``, ``farmland``,
``livestock``), ``upstream``, the name of one source, or ``all``. Tonnes become percent with the loads
of these sources under ``[[water_sources]]``; business-as-usual growth is not applied to water.
"""

from __future__ import annotations

import math
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
_PLAIN_YEAR = np.arange("2023-01-01", "2024-01-01", dtype="datetime64[D]")


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
        since: last day that the baseline knows. The scale acts on what comes after it alone, and
            what is in place on it is the level of its month, which the response (given that month
            as its reference) takes as held by the record. None: nothing is in place.

    Returns:
        The cuts, and the measures for which loads are missing.

    Raises:
        InputError: a source that no section has, more tonnes than its load, or tonnes of sources of
            one name with unlike loads.
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
            if measure.against is not None:
                missing.append(_no_load_then(measure, pollutant))
                continue
            if fraction is None:
                missing.append(_no_load(measure, pollutant))
                continue
            effect, level = _in_place(measure, days, months, scale, since)
            full = measure.sign * fraction * compliance[:, None]
            acting = np.where(season_mask(measure, days), effect, 0.0)[None]
            if (full.max() * acting.max(initial=0.0)) <= 1.0:
                values = full * monthly_cuts(days, acting)[1]
            else:
                values = monthly_cuts(days, np.minimum(full * acting, 1.0))[1]
            if values.any():
                kind = measure.sector if measure.sector in (*SOURCE_KINDS, UPSTREAM) else ""
                source = "" if kind or measure.sector == "all" else measure.sector
                cuts.append(
                    WaterCut(
                        values, kind, source, pollutant, np.minimum(full * level, 1.0),
                        None if measure.season == "all" else _season(measure),
                    )
                )  # fmt: skip
    return WaterCuts(months, tuple(cuts)), tuple(missing)


def _in_place(
    measure: Measure,
    days: NDArray[np.datetime64],
    months: NDArray[np.datetime64],
    scale: float,
    since: date | None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What is in place of a measure on each day and in each month, whatever its season [1].

    What is beyond the state on ``since`` is scaled. The month of ``since`` has the state of that
    day, so that neither what began before it counts in part nor what begins after it at all.
    """
    written = ramp(measure, days)
    if since is None:
        effect = scale * written
        return effect, monthly_cuts(days, effect[None])[1]
    last = np.datetime64(since, "D")
    before = float(ramp(measure, np.array([last]))[0])
    effect = np.where(
        days <= last, written, before + scale * (np.maximum(written, before) - before)
    )
    level = monthly_cuts(days, effect[None])[1]
    level[:, months == last.astype("datetime64[M]")] = before
    return effect, level


def _season(measure: Measure) -> NDArray[np.float64]:
    """Part of each calendar month on which a measure acts, (12,)."""
    mask = season_mask(measure, _PLAIN_YEAR)[None].astype(np.float64)
    return np.asarray(monthly_cuts(_PLAIN_YEAR, mask)[1][0])


def _acting_load(measure: Measure, pollutant: str, sections: Sequence[WaterSection]) -> float:
    """Load of the distinct sources on which a measure acts [t/yr].

    A source above several sections stands under each of them, with the same load.
    """
    seen: dict[str, tuple[str, float, str]] = {}
    for section in sections:
        for source in section.sources:
            if measure.sector not in ("all", source.kind, source.name):
                continue
            load = source.loads.get(pollutant.lower(), 0.0)
            kind, known, where = seen.setdefault(source.name, (source.kind, load, section.name))
            if kind != source.kind or not math.isclose(known, load, rel_tol=_ROUNDING):
                raise InputError(
                    f"measure {measure.name!r}: the source {source.name!r} is {kind} with "
                    f"{tonnes_text(known)} of {pollutant} above {where}, but {source.kind} with "
                    f"{tonnes_text(load)} above {section.name}, so what its tonnes are part of is "
                    "not known.",
                    "Give two sources names of their own; one above both sections has one load.",
                )
    return sum(load for _, load, _ in seen.values())


def _fraction(
    measure: Measure, pollutant: str, sections: Sequence[WaterSection], region: str
) -> float | None:
    """Return the cut of the load at full effect in the measure's season [1]; None: no load is given."""
    sources = {s.name for section in sections for s in section.sources}
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
    if measure.against is not None:
        return None
    load = _acting_load(measure, pollutant, sections)
    if load <= 0.0:
        return None
    fraction = amount.value / (load * float(season_mask(measure, _PLAIN_YEAR).mean()))
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


def _no_load_then(measure: Measure, pollutant: str) -> NotQuantified:
    zh, en = POLLUTANT_NAMES[pollutant]
    year = measure.against
    return NotQuantified(
        measure.name,
        f"“{measure.name}”：不知道断面上游各污染源 {year} 年的{zh}负荷（[[water_sources]] 只有一个年份的负荷），无法换算"
        f"相对 {year} 年的削减；可改写为相对现状负荷的削减，不写 against。",
        f"{measure.name}: the loads of {en} in {year} of the sources above the sections are not known "
        f"([[water_sources]] has those of one year alone), so a cut against {year} can't be worked "
        "out; write it as a cut of today's loads, without against.",
    )
