"""Ranks of cities, counties, stations and zones by level and, apart, by improvement.

Level: composite index, PM2.5, good-day ratio, as printed. Improvement: their change against the
same days of last year, as printed. Equal ones share the better rank and the ranks after them are
skipped (ties share a rank: verified in bulletins); improvement goes by the rate of change
(verified, 2017). A place without enough days has no rank, and none of improvement without enough
days in both years. Lagging list: the last ones of each rank and all that got worse or miss a
target; a place whose six items are all within class II is not named as one of the last (verified,
2017, for the list of the last). How many are last is our own choice.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from forecast.region_names import normalise_region
from forecast.report.comparison_periods import (
    COMPARED,
    Numbers,
    compared,
    crosses,
    mean_numbers,
    period_numbers,
    printed_decimals,
)
from forecast.report.comparisons import as_day
from forecast.report.review_days import CityDays, year_days
from forecast.standards.air_assessment import COMPOSITE_PARTS
from forecast.standards.indicators import indicator
from forecast.standards.judgement import compare, judged_value
from forecast.standards.limits import attains
from forecast.standards.versions import limits_standard_on, resolve
from forecast.targets.model import Target

__all__ = [
    "RANKED",
    "lagging",
    "lagging_number",
    "missed_targets",
    "place_ranking",
    "shared_ranks",
    "zone_ranking",
]

#: What places are ranked by.
RANKED: tuple[str, ...] = ("composite_index", "pm25_annual_mean", "good_day_ratio")


def shared_ranks(values: ArrayLike, *, better: str) -> NDArray[np.int64]:
    """Ranks of printed values, 1 the best; equal ones share it, the next are skipped; NaN has 0.

    Args:
        values: (place,).
        better: ``lower`` or ``higher``.

    >>> shared_ranks([3.0, 2.5, 3.0, float("nan"), 4.0], better="lower").tolist()
    [2, 1, 2, 0, 4]
    """
    numbers = np.asarray(values, dtype=np.float64) * (1.0 if better == "lower" else -1.0)
    known = numbers[np.isfinite(numbers)]
    return np.array(
        [1 + int((known < v - 1e-9).sum()) if math.isfinite(v) else 0 for v in numbers],
        dtype=np.int64,
    )


def place_ranking(
    places: Sequence[CityDays], year: int, last: np.datetime64 | date
) -> pd.DataFrame:
    """Rank places by the year up to ``last`` and by its change on the same days of last year.

    Returns:
        One row a place, best index first, those without a rank last: ``name, region, main,
        n_valid, n_days, class_ii, crosses, heavy_days, heavy_days_status``, ``known_<n>``
        (unrounded, NaN with too few days) and ``decimals_<n>`` of every number compared, and for each of ``RANKED`` the columns ``<n>, <n>_status, <n>_rank, <n>_last, <n>_last_status, <n>_change,
        <n>_change_status, <n>_improvement``; ranks are 0 where there is none.
    """
    end = as_day(last)
    rows = []
    for place in places:
        now, then = _two_years(place, year, end)
        rows.append(
            _row(
                place.place,
                place.region,
                now,
                then,
                printed_decimals(place, end),
                _limits(place, end),
            )
        )
    return _ranked(rows)  # fmt: skip


def zone_ranking(
    places: Sequence[CityDays],
    groups: Mapping[str, Sequence[str]],
    year: int,
    last: np.datetime64 | date,
) -> pd.DataFrame:
    """Rank zones, each the plain mean over its members; columns as in ``place_ranking``.

    Args:
        places: cities or stations.
        groups: zone → its members, by name of the place or, where one place alone carries it, of
            the region. ``missing`` of the result names members that have no record, parted by
            、; such a zone has no rank.
    """
    end = as_day(last)
    rows = []
    for zone, names in groups.items():
        found = [(n, _member(places, n)) for n in names]
        members = [m for _, m in found if m is not None]
        absent = [n for n, m in found if m is None]
        if not members:
            continue
        pairs = [_two_years(m, year, end) for m in members]
        now = mean_numbers([a for a, _ in pairs], members[0])
        then = mean_numbers([b for _, b in pairs], members[0])
        if absent:
            now, then = _without(now), _without(then)
        decimals = printed_decimals(members[0], end) | {"heavy_days": 1}
        row = _row(zone, "", now, then, decimals, _limits(members[0], end))
        rows.append(row | {"missing": "、".join(absent), "members": "、".join(names)})
    return _ranked(rows)


def _two_years(place: CityDays, year: int, end: np.datetime64) -> tuple[Numbers, Numbers]:
    now = period_numbers(place, year_days(year, end), year, rule="year")
    return now, period_numbers(place, year_days(year - 1, end), year, rule="year")


def _limits(place: CityDays, end: np.datetime64) -> str:
    return resolve(place.standard).limits if place.standard else limits_standard_on(end)


def _member(places: Sequence[CityDays], name: str) -> CityDays | None:
    by_place = [p for p in places if p.place == name]
    if by_place:
        return by_place[0]
    by_region = [p for p in places if normalise_region(p.region) == normalise_region(name)]
    return by_region[0] if len(by_region) == 1 else None


def _without(numbers: Numbers) -> Numbers:
    """The same as resting on too few days: a member is not on record."""
    few = dict.fromkeys(numbers.enough, False)
    return Numbers(
        numbers.values, few, numbers.n_valid, numbers.n_days, numbers.bases, numbers.main
    )


def _row(
    name: str, region: str, now: Numbers, then: Numbers, decimals: Mapping[str, int], limits: str
) -> dict[str, object]:
    parts = [n for n, _ in COMPOSITE_PARTS.values()]
    row: dict[str, object] = {
        "name": name, "region": region, "main": "" if now.status("composite_index") else now.main, "n_valid": now.n_valid,
        "n_days": now.n_days, "crosses": crosses(now, then),
        "class_ii": all(now.enough[n] and bool(attains(n, now.values[n], limits)) for n in parts),
        "heavy_days": now.printed("heavy_days", decimals["heavy_days"]),
        "heavy_days_status": now.status("heavy_days"),
        **{f"known_{n}": now.known(n) for n in COMPARED},
        **{f"decimals_{n}": decimals[n] for n in COMPARED},
    }  # fmt: skip
    for what in RANKED:
        places = decimals[what]
        value, before = now.printed(what, places), then.printed(what, places)
        status, base = now.status(what), then.status(what)
        change, why = compared(what, value, status, before, base, places)
        # As in the chart of ranks: an index is ranked where the days with an AQI are enough too.
        rankable = not status and not (what == "composite_index" and now.status("good_day_ratio"))
        row |= {
            what: value, f"{what}_status": status, f"{what}_decimals": places,
            f"{what}_rankable": rankable, f"{what}_last": before, f"{what}_last_status": base,
            f"{what}_change": change, f"{what}_change_status": why,
        }  # fmt: skip
    return row


def _ranked(rows: list[dict[str, object]]) -> pd.DataFrame:
    table = pd.DataFrame(rows)
    if table.empty:
        return table
    for what in RANKED:
        better = indicator(what).better
        level = np.where(table[f"{what}_rankable"], table[what], np.nan)
        table[f"{what}_rank"] = shared_ranks(level, better=better)
        change = np.where(table[f"{what}_rankable"], table[f"{what}_change"], np.nan)
        table[f"{what}_improvement"] = shared_ranks(change, better=better)
    rank = table["composite_index_rank"]
    place = rank.where(rank > 0, len(table) + 1)
    order = sorted(
        range(len(table)), key=lambda k: (int(place.iloc[k]), str(table["name"].iloc[k]))
    )
    return table.iloc[order].reset_index(drop=True)


def lagging_number(n: int) -> int:
    """How many of ``n`` ranked places are the last ones: three or a tenth, at most half.

    >>> [lagging_number(n) for n in (1, 2, 4, 6, 15, 31, 168)]
    [0, 1, 2, 3, 3, 4, 17]
    """
    return min(max(3, -(-n // 10)), n // 2)


def _last(ranks: pd.Series[int], number: int | None) -> NDArray[np.bool_]:
    """Which places are among the last; those that tie on the border all are, the first never."""
    values = ranks.to_numpy()
    ranked = values > 0
    n = lagging_number(int(ranked.sum())) if number is None else number
    behind = np.array([int((values[ranked] > v).sum()) for v in values])
    return np.asarray(ranked & (values > 1) & (behind < n))


def missed_targets(judged: Mapping[str, float], targets: Sequence[Target]) -> list[Target]:
    """Targets on the numbers compared that the place, as it stands, does not meet.

    Only plain thresholds of the place as a whole: no changes against a base year, no tokens.
    """
    out = []
    for target in targets:
        plain = target.value is not None and not target.change and not target.place
        if not plain or target.comparator not in ("<=", ">=") or target.indicator not in judged:
            continue
        value = judged[target.indicator]
        if not math.isfinite(value):
            continue
        slack = target.tolerance or 0.0
        limit = float(target.value or 0.0) + (slack if target.comparator == "<=" else -slack)
        if not bool(compare(judged_value(target.indicator, value), target.comparator, limit)):
            out.append(target)
    return out


def lagging(
    ranking: pd.DataFrame,
    targets: Mapping[str, Sequence[Target]],
    *,
    number: int | None = None,
) -> pd.DataFrame:
    """The places that lag, with why.

    Args:
        ranking: of ``place_ranking`` or ``zone_ranking``.
        targets: region → what is judged there in that year.
        number: how many are the last ones; None: ``lagging_number``.

    Returns:
        One row a place that lags: its ranks and ``low_level, low_improvement`` (bool), ``worse``
        (tuple of indicators whose printed number got worse), ``missed`` (tuple of targets).
    """
    if ranking.empty:
        return ranking
    table = ranking.copy()
    attained = table["class_ii"].to_numpy(dtype=bool)
    table["low_level"] = _last(table["composite_index_rank"], number) & ~attained
    table["low_improvement"] = _last(table["composite_index_improvement"], number) & ~attained
    table["worse"] = pd.Series(
        [_worse(row) for row in table.to_dict("records")], index=table.index, dtype=object
    )
    table["missed"] = pd.Series(
        [
            tuple(missed_targets({n: float(row[f"known_{n}"]) for n in COMPARED}, targets.get(str(row["region"]), ())))
            for row in table.to_dict("records")
        ],
        index=table.index, dtype=object,
    )  # fmt: skip
    named = table["low_level"] | table["low_improvement"]
    named |= table["worse"].map(len).gt(0) | table["missed"].map(len).gt(0)
    return table[named].reset_index(drop=True)


def _worse(row: Mapping[object, object]) -> tuple[str, ...]:
    out = []
    for what in RANKED:
        change = float(row[f"{what}_change"])  # type: ignore[arg-type]
        if math.isfinite(change) and change * (1 if indicator(what).better == "lower" else -1) > 0:
            out.append(what)
    return tuple(out)
