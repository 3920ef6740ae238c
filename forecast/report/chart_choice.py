"""Which regions of a run have full charts: all of a few, of many those on which a decision hangs.

A full chart takes half a second of a processor. A run of a province or of the whole country draws
them where somebody will look first: where a target is open, and where much has changed since the
last run. The pages of the other regions carry light drawings of the same lines
(:mod:`forecast.report.light_tracker`) and the command that draws the full chart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from forecast.region_names import normalise_region
from forecast.report.scoreboard import OPEN

__all__ = ["MOST_CHARTED", "ONE_PAGE", "charted_regions", "many_regions"]

#: Up to so many regions a run has one page with everything on it, and all its charts.
ONE_PAGE = 40
#: Of more, so many have full charts by default: some 120 charts, half a minute of two processes.
MOST_CHARTED = 20
#: One in so many of them is chosen by what changed since the last run.
_BY_CHANGE = 4


def many_regions(result: Mapping[str, Any]) -> bool:
    """Whether a result has more regions than one page holds."""
    names = {str(entry["region"]) for entry in result.get("projections") or ()}
    return len(names) > ONE_PAGE and len(set(map(normalise_region, names))) > ONE_PAGE


def charted_regions(
    result: Mapping[str, Any],
    changed: Iterable[Mapping[str, Any]] = (),
    charts: str | int = "auto",
) -> frozenset[str]:
    """Return the normalised names of the regions whose charts are drawn in full.

    Regions that the run has scenarios of always are. Of the others come first those with a target
    AT_RISK, the nearest to even chances first, binding ones before expected ones; then those with one
    UNLIKELY, the likeliest first. A quarter of the places goes to the regions of which a probability
    moved most since the last run.

    Args:
        result: the object of ``projection.json``.
        changed: rows of ``changes.json``.
        charts: ``all``, ``auto`` (all up to 40 regions, 20 of more), or the number of regions.
    """
    regions = list(dict.fromkeys(normalise_region(str(e["region"])) for e in result["projections"]))
    most = MOST_CHARTED if charts == "auto" else charts
    if charts == "all" or (charts == "auto" and len(regions) <= ONE_PAGE):
        return frozenset(regions)
    if not isinstance(most, int):
        raise ValueError(f"charts must be auto, all or a number, got {charts!r}")
    asked = (normalise_region(str(told["region"])) for told in result.get("scenarios") or ())
    chosen = dict.fromkeys(asked)
    moved = _by_change(changed, set(regions))
    left = most - len(chosen)
    by_change = min(left // _BY_CHANGE, len(moved))
    _fill(chosen, _by_decision(result), most - max(by_change, 0))
    _fill(chosen, moved, most)
    _fill(chosen, _by_decision(result), most)
    return frozenset(chosen)


def _fill(chosen: dict[str, None], order: Sequence[str], most: int) -> None:
    for region in order:
        if len(chosen) >= most:
            return
        chosen.setdefault(region)


def _by_decision(result: Mapping[str, Any]) -> list[str]:
    """Regions with an open target, those on which most hangs first."""
    first: dict[str, tuple[int, bool, float]] = {}
    for entry in result["projections"]:
        region = normalise_region(str(entry["region"]))
        for target in entry["targets"]:
            if target["verdict"] not in OPEN or target["probability"] is None:
                continue
            expected = target.get("binding") != "binding"
            away = abs(float(target["probability"]) - 0.5)
            key = (OPEN.index(target["verdict"]), expected, away)
            first[region] = min(first.get(region, key), key)
    return sorted(first, key=lambda region: (first[region], region))


def _by_change(changed: Iterable[Mapping[str, Any]], regions: set[str]) -> list[str]:
    """Regions of which a probability moved, the largest move first."""
    most: dict[str, float] = {}
    for row in changed:
        if row["kind"] == "probability":
            region = normalise_region(str(row["region"]))
            most[region] = max(most.get(region, 0.0), abs(float(row["change"])))
    return sorted(most.keys() & regions, key=lambda region: (-most[region], region))
