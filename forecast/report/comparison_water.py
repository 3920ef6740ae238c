"""Ranks of water sections by class and index, and shares of classes against last year.

Compared are the same months of both years, the same sections and the same items (from memory,
环办〔2011〕22号). The class of a period is that of its mean concentrations. A section needs eight
months of a year (from memory), in proportion over part of one (our own choice); with fewer it has
no class, no rank and nothing is compared with it. The index of a section is its CWQI, the sum of
item over class III limit (per-item formulas secondary; four decimals and improvement as the
relative change from memory), here over the items that every ranked section has: indices over
different items could not be ranked.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.charts.city_ranking import change
from forecast.projection.water import WaterProjection
from forecast.projection.water_classes import month_classes
from forecast.projection.water_record import REQUIRED, SectionRecord
from forecast.report.comparison_ranking import shared_ranks
from forecast.report.comparisons import as_day
from forecast.standards.city_water_index import section_cwqi
from forecast.standards.rounding import round_half_even
from forecast.standards.water_assessment import section_shares
from forecast.standards.water_period import MONTHS_NEEDED, assess_section_period

__all__ = ["month_shares", "records_of", "section_ranking", "share_changes", "shared_items"]

Table = NDArray[np.float64]


def records_of(water: WaterProjection) -> list[SectionRecord]:
    """The monthly means of the sections of a region, from what was observed or projected."""
    return [
        r.record
        for r in water.results
        if r.indicator == "section_class" and r.place_kind == "section" and r.record is not None
    ]


def _months(record: SectionRecord, year: int, end: np.datetime64) -> int:
    """Months of the year that count: to that of ``end``, without one that is not over where a
    month has many samples."""
    if str(end)[:4] != str(year):
        return 12
    month = int(str(end)[5:7])
    over = (end + 1).astype("datetime64[M]") != end.astype("datetime64[M]")
    return month - (record.facts.frequent and not over)


def _class(record: SectionRecord, table: Table, needed: int) -> tuple[int, dict[str, float]]:
    """Class of (month, item) means, 0 without one, and the mean of every item that counts."""
    items = record.class_items
    if not items or not len(table):
        return 0, {}
    found = assess_section_period(
        table[:, list(record.counted)], items, record.facts.water_type,
        months_needed=needed, required=REQUIRED, not_monitored=record.absent,
    )  # fmt: skip
    means = found.means[0]
    known = {i: float(v) for i, v in zip(items, means, strict=True) if math.isfinite(v)}
    return int(found.classes[0]), known


def _same_items_class(record: SectionRecord, means: dict[str, float], items: set[str]) -> int:
    """Class of the means of ``items`` alone."""
    chosen = tuple(i for i in record.class_items if i in items)
    if not chosen:
        return 0
    row = np.array([[[means[i] for i in chosen]]])
    found = assess_section_period(
        row, chosen, record.facts.water_type, months_needed=1, required=()
    )
    return int(found.classes[0])


def _published(classes: Table, needed: int) -> int:
    """The middle class of published months, the worse of two; 0 with fewer months than needed."""
    known = np.sort(classes[np.isfinite(classes)])
    return int(known[len(known) // 2]) if len(known) >= max(needed, 1) else 0


def section_ranking(
    records: Sequence[SectionRecord], year: int, last: np.datetime64 | date
) -> pd.DataFrame:
    """Rank sections by class and by CWQI, and apart by the change of their CWQI on last year.

    Args:
        records: sections of a region, read for ``year``.
        year, last: the year and its last day with samples.

    Returns:
        One row a section, best class and index first, those without a class last: ``name, months,
        months_last, needed, n_months, class, class_last, class_status`` (``items``: the items
        differ and the class hangs on it), ``class_rank, own_class, cwqi, cwqi_last, cwqi_change
        [%], cwqi_status, items`` (of the CWQI, joined by +), ``cwqi_rank, improvement, published`` (class from published classes).
        Classes are 1 to 6, 0 for none; CWQI as printed, NaN without one.
    """
    end = as_day(last)
    found = []
    for record in records:
        n = _months(record, year, end)
        needed = -(-MONTHS_NEEDED * n // 12)
        now, before = record.observed[:n], record.last_year[:n]
        row: dict[str, object] = {"name": record.name, "n_months": n, "needed": needed,
                                  "own_class": record.facts.own_class or 0,
                                  "published": record.classes_only}  # fmt: skip
        means: tuple[dict[str, float], dict[str, float]] = ({}, {})
        if record.classes_only:
            past = record.facts.published_past.get(year - 1, np.full(12, np.nan))
            this = record.facts.published[:n]
            row |= {"class": _published(this, needed), "class_last": _published(past[:n], needed),
                    "months": int(np.isfinite(this).sum()),
                    "months_last": int(np.isfinite(past[:n]).sum()), "class_status": ""}  # fmt: skip
        else:
            number, first = _class(record, now, needed)
            number_last, second = _class(record, before, needed)
            means = (first, second)
            row |= {
                "class": number, "class_last": number_last,
                "months": _with_values(record, now), "months_last": _with_values(record, before),
                "class_status": _item_status(record, number, number_last, first, second),
            }  # fmt: skip
        found.append((record, row, means))
    shared = _shared([m[0] for _, r, m in found if r["class"] and m[0]])
    rows = []
    for record, row, (first, second) in found:
        cwqi = _index(record, first, shared) if row["class"] else math.nan
        base = _index(record, second, shared) if row["class_last"] else math.nan
        status = "" if math.isfinite(base) else "no_base"
        if row["class_last"] and second and not math.isfinite(base):
            status = "items"
        if not math.isfinite(cwqi):
            status = "own"
        step = change(cwqi, base, 4, relative=True) if not status else math.nan
        rows.append(row | {"cwqi": cwqi, "cwqi_last": base, "cwqi_change": step, "cwqi_status": status, "items": "+".join(shared)})  # fmt: skip
    table = pd.DataFrame(rows)
    if table.empty:
        return table
    table["class_rank"] = shared_ranks(
        np.where(table["class"] > 0, table["class"], np.nan), better="lower"
    )
    table["cwqi_rank"] = shared_ranks(table["cwqi"].to_numpy(), better="lower")
    table["improvement"] = shared_ranks(table["cwqi_change"].to_numpy(), better="lower")
    keys = [
        (int(r["class"]) or 9, int(r["cwqi_rank"]) or 10**6, str(r["name"]))
        for r in table.to_dict("records")
    ]
    return table.iloc[sorted(range(len(table)), key=keys.__getitem__)].reset_index(drop=True)


def _with_values(record: SectionRecord, table: Table) -> int:
    columns = list(record.counted)
    return int(np.isfinite(table[:, columns]).any(axis=1).sum()) if columns else 0


def _item_status(
    record: SectionRecord, now: int, last: int, first: dict[str, float], second: dict[str, float]
) -> str:
    """``items`` where the two classes rest on other items and the common ones give others."""
    if not now or not last or set(first) == set(second):
        return ""
    both = set(first) & set(second)
    same = (_same_items_class(record, first, both), _same_items_class(record, second, both))
    return "" if same == (now, last) else "items"


def _shared(means: Sequence[dict[str, float]]) -> tuple[str, ...]:
    if not means:
        return ()
    common = set.intersection(*(set(m) for m in means))
    return tuple(i for i in means[0] if i in common)


def shared_items(ranking: pd.DataFrame) -> tuple[str, ...]:
    """Items that the CWQI of ``section_ranking`` is summed over."""
    codes = "" if ranking.empty else str(ranking["items"].iloc[0])
    return tuple(codes.split("+")) if codes else ()


def _index(record: SectionRecord, means: dict[str, float], items: tuple[str, ...]) -> float:
    if not items or not set(items) <= set(means):
        return math.nan
    values = np.array([means[i] for i in items])
    found = float(section_cwqi(values, items, record.facts.water_type))
    return float(round_half_even(found, 4)) if math.isfinite(found) else math.nan


def share_changes(ranking: pd.DataFrame) -> pd.DataFrame:
    """Shares of sections at class III or better and worse than V, this year and last.

    Returns:
        Two rows: ``indicator, n, value`` over all sections with a class, ``n_same, value_same,
        last_same, change`` [points] over those with a class in both years; NaN without any.
    """
    now, last = ranking["class"].to_numpy(), ranking["class_last"].to_numpy()
    both = (now > 0) & (last > 0)
    rows = []
    whole, same, before = section_shares(now), section_shares(now[both]), section_shares(last[both])
    for name in ("share_class_iii", "share_inferior_v"):
        value, here, there = (
            float(round_half_even(float(getattr(s, name)), 1)) for s in (whole, same, before)
        )
        rows.append(
            {
                "indicator": name, "n": int(whole.n_sections), "value": value,
                "n_same": int(both.sum()), "value_same": here, "last_same": there,
                "change": change(here, there, 1, relative=False),
            }
        )  # fmt: skip
    return pd.DataFrame(rows)


def month_shares(
    records: Sequence[SectionRecord], year: int, last: np.datetime64 | date
) -> pd.DataFrame:
    """Share of sections at class III or better in every month, 同比 and 环比.

    A change is printed only where the same sections have a class in both months.

    Returns:
        One row a month to that of ``last``: ``month, n, share, year_change, year_status,
        previous_change, previous_status`` [points]; a status is ``none`` without any section and
        ``sections`` where they differ.
    """
    end = as_day(last)
    by_month: dict[int, dict[str, int]] = {}
    for record in records:
        n = _months(record, year, end)
        for offset in (0, 12):
            for month, number in enumerate(_month_classes(record, year, before=offset == 0)):
                if number and (offset == 0 or month < n):
                    by_month.setdefault(offset + month, {})[record.name] = int(number)
    most = max((_months(r, year, end) for r in records), default=0)
    rows = []
    for month in range(12, 12 + most):
        now = by_month.get(month, {})
        share = _share(now)
        row: dict[str, object] = {"month": month - 11, "n": len(now), "share": share}
        for name, base in (("year", by_month.get(month - 12, {})), ("previous", by_month.get(month - 1, {}))):  # fmt: skip
            status = "" if now else "own"
            if now and not base:
                status = "none"
            elif now and set(base) != set(now):
                status = "sections"
            row[f"{name}_status"] = status
            row[f"{name}_change"] = (
                change(share, _share(base), 1, relative=False) if not status else math.nan
            )
        rows.append(row)
    return pd.DataFrame(rows)


def _month_classes(record: SectionRecord, year: int, *, before: bool) -> NDArray[np.int64]:
    """Class of the twelve months of ``year``, or of the year ``before``; 0 without one."""
    if not record.classes_only:
        return month_classes(record, record.last_year if before else record.observed)
    nothing = np.full(12, np.nan)
    past = record.facts.published_past.get(year - 1, nothing)
    return np.nan_to_num(past if before else record.facts.published).astype(np.int64)


def _share(classes: dict[str, int]) -> float:
    if not classes:
        return math.nan
    value = float(section_shares(list(classes.values())).share_class_iii)
    return float(round_half_even(value, 1))
