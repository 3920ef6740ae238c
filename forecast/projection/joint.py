"""Regions judged as one: the probability that all of them attain, and how many of them do.

The members of a group are drawn together (:mod:`forecast.models.shared_draws`), so path number j of
every member is one and the same future, and "all 16 counties" is a count on that path. Multiplying
the members' own probabilities would take their winters for independent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.projection.result import IndicatorResult
from forecast.projection.sharing import Group
from forecast.projection.summary import number
from forecast.region_names import normalise_region
from forecast.targets.comparators import clip_probability, decided_by_bounds, meets
from forecast.targets.model import GRADE_INDICATOR, Target

__all__ = ["joint_entries"]

#: That no item is over class II: asked of every group, whatever the plans say.
_CLASS_II = (GRADE_INDICATOR, "==", 0.0, 0.0)

_Ask = tuple[str, str, float, float]


def joint_entries(
    groups: Sequence[Group],
    results: Mapping[str, Sequence[IndicatorResult]],
    targets: Mapping[str, Sequence[Target]],
) -> list[dict[str, Any]]:
    """Return one entry for each group and each thing that is asked of all its members.

    Args:
        groups: those of the configuration.
        results: normalised region → results of its air.
        targets: normalised region → targets that apply to it. A target counts where every member
            that has one of its indicator has the same.

    Returns:
        ``group``, ``members``, ``missing`` (members without a forecast: of them nothing is known,
        so no probability is given while there is one), ``indicator``, ``comparator``, ``value``,
        ``probability`` that all attain, ``independent`` (the product of the members' own, for
        comparison), ``expected`` number and ``counts`` (number → probability), ``single``
        (member → probability), ``reason`` in Chinese and English.
    """
    entries = []
    for group in groups:
        keys = {m: normalise_region(m) for m in group.members}
        asked: list[_Ask] = [_CLASS_II]
        for ask in _common([targets.get(key, ()) for key in keys.values()]):
            if ask not in asked:
                asked.append(ask)
        for ask in asked:
            found = {m: _result(results.get(key, ()), ask[0]) for m, key in keys.items()}
            if any(r is not None for r in found.values()):
                entries.append(_entry(group, ask, found))
    return entries


def _common(by_member: Sequence[Sequence[Target]]) -> list[_Ask]:
    """What is asked of every member alike, in the order of the first."""
    asks = [
        [
            (t.indicator, t.comparator, float(t.value), t.tolerance or 0.0)
            for t in own
            if t.domain == "air" and t.computable and not t.place and t.value is not None
            and t.comparator in ("<=", ">=", "==")
        ]
        for own in by_member
    ]  # fmt: skip
    first = asks[0] if asks else []
    return [ask for ask in dict.fromkeys(first) if all(ask in own for own in asks)]


def _result(results: Sequence[IndicatorResult], name: str) -> IndicatorResult | None:
    return next((r for r in results if r.indicator == name), None)


def _paths(result: IndicatorResult | None, ask: _Ask) -> NDArray[np.bool_] | None:
    """Whether the member attains, on each path or, shape (1,), in any future; None: unknown."""
    if result is None or not result.sufficient:
        return None
    _, comparator, value, room = ask
    if result.judged is None:
        # The year is over: what was observed is the answer on every path.
        seen = result.observed_judged
        return None if seen is None else meets(np.array([seen]), comparator, value, room)
    if not np.isfinite(result.judged).all():
        return None
    if result.bounds is not None:
        decided = decided_by_bounds(result.bounds, comparator, value, room)
        if decided is not None:
            return np.array([decided])
    return meets(result.judged, comparator, value, room)


def _entry(group: Group, ask: _Ask, found: Mapping[str, IndicatorResult | None]) -> dict[str, Any]:
    hits = {m: _paths(r, ask) for m, r in found.items()}
    missing = [m for m, h in hits.items() if h is None]
    known = {m: h for m, h in hits.items() if h is not None}
    n_paths = max((len(h) for h in known.values()), default=1)
    out: dict[str, Any] = {
        "group": group.name,
        "members": list(group.members),
        "missing": missing,
        "indicator": ask[0],
        "comparator": ask[1],
        "value": ask[2],
        "n_paths": n_paths,
        "single": {m: number(_share(h)) for m, h in known.items()},
    }
    failed = [m for m, h in known.items() if len(h) == 1 and not h[0]]
    if missing and not failed:
        out |= {"probability": None, "independent": None, "expected": None, "counts": None}
        out["reason"] = f"{'、'.join(missing)}没有可用的预测,不能给出“全部达标”的概率"
        out["reason_en"] = (
            f"{', '.join(missing)} has no forecast, so nothing can be said of all members"
        )
        return out
    table = np.stack([np.broadcast_to(h, n_paths) for h in known.values()])
    count = table.sum(axis=0)
    everyone = table.all(axis=0) if not failed else np.zeros(1, dtype=bool)
    settled = failed or all(len(h) == 1 for h in known.values())
    p = float(everyone.mean())
    probability = p if settled else clip_probability(p, n_paths)
    out["probability"] = number(probability)
    out["independent"] = number(float(np.prod([_share(h) for h in known.values()])))
    out["expected"] = number(float(count.mean()))
    out["counts"] = {str(k): number(float((count == k).mean())) for k in np.unique(count)}
    if failed:
        out["reason"] = f"{'、'.join(failed)}已确定不达标"
        out["reason_en"] = f"{', '.join(failed)} can't attain any more"
    else:
        out["reason"] = (
            f"{len(found)}个成员按同一未来抽样:{n_paths}条路径中全部达标的占{100 * p:.1f}%"
        )
        out["reason_en"] = (
            f"{len(found)} members drawn in one and the same future: on {100 * p:.1f}% of "
            f"{n_paths} paths all attain"
        )
    return out


def _share(hits: NDArray[np.bool_]) -> float:
    p = float(hits.mean())
    return p if len(hits) == 1 else clip_probability(p, len(hits))
