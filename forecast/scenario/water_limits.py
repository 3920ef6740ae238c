"""Where the response of water can be believed: multipliers of the loads of each kind of source.

As for the air, cuts are believed between 0.4 and 1.2 of what is discharged without them, and refused
beyond 1.5; a load is that of all sources of one kind above one section.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.scenario.limits import COVERED, TRUSTED, Finding, finding
from forecast.scenario.water_cuts import WaterCuts
from forecast.scenario.water_sections import UPSTREAM, WaterSection
from forecast.standards.items import ITEMS

__all__ = [
    "LoadMultiplier",
    "largest_water_scale",
    "load_findings",
    "load_multipliers",
    "most_cut",
    "unchecked_finding",
]

#: Cuts below this are none [1].
_NONE = 1e-6
_KIND_NAMES = {
    "point": ("点源", "point sources"),
    "urban": ("城镇径流", "urban runoff"),
    "rural": ("农村生活", "rural sewage"),
    "farmland": ("农田", "farmland"),
    "livestock": ("畜禽养殖", "livestock"),
    UPSTREAM: ("上游来水", "inflows"),
}


@dataclass(frozen=True)
class LoadMultiplier:
    """What is left of the load of one kind of source above a section [1].

    Attributes:
        section, kind, item: whose load; ``kind`` may be ``upstream``.
        low, high: least and most of the months asked, medians over the draws; 1 is what the sources
            discharge with what is in place by the end of the record.
    """

    section: str
    kind: str
    item: str
    low: float
    high: float


def load_multipliers(
    cuts: WaterCuts,
    sections: Sequence[WaterSection],
    months: NDArray[np.datetime64],
    *,
    reference: np.datetime64 | None = None,
) -> list[LoadMultiplier]:
    """Return the multipliers of every kind of source above every section of which something is cut.

    Args:
        cuts: by month, with the months asked among theirs.
        sections: what stands above them; the loads weigh the sources of a kind, inflows weigh alike.
        months: those asked, datetime64[M].
        reference: last month of the record; None: nothing is in place.
    """
    found = []
    for section in sections:
        weights: dict[tuple[str, str], dict[str, float]] = {}
        for source in section.sources:
            for item, load in source.loads.items():
                if load * source.delivery > 0.0:
                    named = weights.setdefault((source.kind, item), {})
                    named[source.name] = load * source.delivery
        for item in section.items():
            for inflow in section.inflows:
                weights.setdefault((UPSTREAM, section.load_item(item)), {})[inflow.name] = 1.0
        for (kind, item), named in weights.items():
            values = _multiplier(cuts, kind, item, named, months, reference)
            if values is not None and np.abs(values - 1.0).max(initial=0.0) > _NONE:
                found.append(
                    LoadMultiplier(
                        section.name, kind, item, float(values.min()), float(values.max())
                    )
                )
    return found


def _multiplier(
    cuts: WaterCuts,
    kind: str,
    item: str,
    weights: dict[str, float],
    months: NDArray[np.datetime64],
    reference: np.datetime64 | None,
) -> NDArray[np.float64] | None:
    """Median over the draws of what is left of a load, (month,); None where nothing of it is cut."""
    asked = months.astype("datetime64[M]")
    asked = asked[np.isin(asked, cuts.months)]
    if reference is not None:
        asked = asked[asked > reference.astype("datetime64[M]")]
    now = then = np.zeros((1, len(asked)))
    touched = False
    for name, weight in weights.items():
        # Loads of CODMn fall with a cut of COD.
        chain = ("codmn", "cod") if item == "codmn" else (item,)
        of = next((one for one in chain if cuts.of(kind, name, one) is not None), item)
        cut = cuts.of(kind, name, of)
        if cut is None:
            now, then = now + weight, then + weight
            continue
        touched = True
        now = now + weight * (1.0 - cut[:, np.searchsorted(cuts.months, asked)])
        then = then + weight * (1.0 - _in_place(cuts, kind, name, of, asked, reference))
    if not touched or not len(asked):
        return None
    left = np.divide(now, then, out=np.ones(np.broadcast_shapes(now.shape, then.shape)),
                     where=then > 0.0)  # fmt: skip
    return np.asarray(np.median(left, axis=0))


def _in_place(
    cuts: WaterCuts,
    kind: str,
    name: str,
    item: str,
    asked: NDArray[np.datetime64],
    reference: np.datetime64 | None,
) -> NDArray[np.float64]:
    """Cut of one source at the end of the record, in the season of each month, (draw or 1, month)."""
    none = np.zeros((1, len(asked)))
    if reference is None or reference.astype("datetime64[M]") < cuts.months[0]:
        return none
    last = min(reference.astype("datetime64[M]"), cuts.months[-1])
    at = int(np.searchsorted(cuts.months, last))
    parts = []
    for shift in (asked - last).astype(np.int64).tolist():
        moved = cuts.of(kind, name, item, shift)
        parts.append(np.zeros(1) if moved is None else moved[:, at])
    return np.stack(parts, axis=1) if parts else none


def load_findings(rows: Iterable[LoadMultiplier]) -> list[Finding]:
    """Check the multipliers against what is believed and what is covered at all."""
    rows = tuple(rows)
    for rule, (low, high) in (("out_of_domain", COVERED), ("extrapolation", TRUSTED)):
        outside = [r for r in rows if r.low < low - _NONE or r.high > high + _NONE]
        if not outside:
            continue
        said = [_named(r, r.low if r.low < low - _NONE else r.high) for r in outside]
        zh, en = ("、".join(s[0] for s in said), ", ".join(s[1] for s in said))
        span = f"{low:g}–{high:g}"
        if rule == "out_of_domain":
            return [
                finding(
                    rule,
                    f"入河负荷倍数超出 {span}，无任何响应可依：{zh}。请减小变化幅度。",
                    f"Multipliers of loads outside {span}, which no response covers: {en}. Make the "
                    "change smaller.",
                )
            ]
        return [
            finding(
                rule,
                f"外推：入河负荷倍数超出 {span}：{zh}。",
                f"Extrapolation: multipliers of loads outside {span}: {en}.",
            )
        ]
    return []


def _named(row: LoadMultiplier, value: float) -> tuple[str, str]:
    zh, en = _KIND_NAMES[row.kind]
    item = ITEMS[row.item]
    return (
        f"{row.section}{zh}的{item.zh}（{value:.2f}）",
        f"{item.en} of {en} above {row.section} ({value:.2f})",
    )


def largest_water_scale(rows: Iterable[LoadMultiplier]) -> float:
    """Return the factor on the cuts of these rows at which the first load leaves 0.4–1.2.

    Exact for one measure on each load, cautious for several; ``inf`` where nothing is cut.

    >>> largest_water_scale([LoadMultiplier("桥头", "point", "cod", 0.75, 1.0)])
    2.4
    """
    least = float("inf")
    for row in rows:
        if row.low < 1.0 - _NONE:
            least = min(least, (1.0 - TRUSTED[0]) / (1.0 - row.low))
        if row.high > 1.0 + _NONE:
            least = min(least, (TRUSTED[1] - 1.0) / (row.high - 1.0))
    return least


def most_cut(
    cuts: WaterCuts,
    months: NDArray[np.datetime64],
    *,
    reference: np.datetime64 | None = None,
) -> float:
    """Return the largest part of what is left of its load that a single measure takes [1]."""
    most = 0.0
    for cut in cuts.cuts:
        alone = WaterCuts(cuts.months, (cut,))
        values = _multiplier(
            alone, cut.kind or "point", cut.item, {cut.source: 1.0}, months, reference
        )
        if values is not None:
            most = max(most, 1.0 - float(values.min()))
    return most


def unchecked_finding() -> Finding:
    """Say that no response of water has been checked on past cuts."""
    return finding(
        "unchecked",
        "水质响应没有回溯检验，可信度至多为“低”。",
        "The response of water is not checked on past cuts; confidence is at most low.",
    )
