"""Class of one section and the means behind it: to date, on every path, and as far as is decided."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.projection.result import IndicatorResult, Observed
from forecast.projection.section_shares import WATER_STANDARD, earlier_years
from forecast.projection.settings import Settings
from forecast.projection.summary import number
from forecast.projection.water_class_words import (
    below_words,
    class_detail,
    class_reason,
    class_remarks,
    is_drawn,
)
from forecast.projection.water_record import REQUIRED, SectionRecord, elapsed_months
from forecast.standards.indicators import WATER_CLASSES, indicator
from forecast.standards.items import ITEMS
from forecast.standards.rounding import round_half_even
from forecast.standards.water_class import class_limits, item_classes, section_class
from forecast.standards.water_period import (
    MONTHS_NEEDED,
    assess_section_period,
    round_statistics,
)
from forecast.targets.evidence import MonthlyValues

__all__ = ["SectionResults", "month_classes", "section_results", "silent_section"]


@dataclass(frozen=True)
class SectionResults:
    """What one section gives: its class, the mean of every item, and which item leads.

    Attributes:
        lead: item that decides most often, empty where nothing decides.
        decides: item → probability that its class is that of the section.
    """

    section_class: IndicatorResult
    means: dict[str, IndicatorResult]
    lead: str
    decides: dict[str, float]


def silent_section(
    region: str, name: str, settings: Settings, place_kind: str = "section"
) -> IndicatorResult:
    """The class of a section without any sample that can be used."""
    return IndicatorResult(
        region=region, place=name, place_kind=place_kind, point_set="", domain="water",
        indicator="section_class", unit="class", period=str(settings.year), standard=WATER_STANDARD,
        dust=None, basis=None, observed=Observed(None, None, 0, elapsed_months(settings), None),
        sufficient=False,
        reason=(
            "截至起报日没有注明日期的监测值", "no dated sample up to the as-of date",
        ),
    )  # fmt: skip


def month_classes(record: SectionRecord, table: NDArray[np.float64]) -> NDArray[np.int64]:
    """Class of each month of (..., month, item) monthly means, (..., month); 0 where there is none."""
    items = record.class_items
    if not items:
        return np.zeros(table.shape[:-1], dtype=np.int64)
    values = table[..., list(record.counted)]
    classes, _ = section_class(
        round_statistics(values, items), items, record.facts.water_type, required=REQUIRED,
        not_monitored=record.absent,
    )  # fmt: skip
    asked = [c for c, item in enumerate(items) if item in REQUIRED and item not in record.absent]
    there = np.isfinite(values[..., asked] if asked else values).any(axis=-1)
    return np.where(there, classes, 0).astype(np.int64)


def _drawn_month_classes(
    record: SectionRecord, observed: NDArray[np.int64]
) -> NDArray[np.float64] | None:
    """Class of each month on each path, (path, month), NaN where there is none.

    ``observed`` are the classes of the months observed, (month,).
    """
    if record.joined is None or not record.class_items:
        return None
    if record.ahead is None:
        found = month_classes(record, record.joined)
    else:
        ahead = list(record.ahead)
        found = np.repeat(observed[None], len(record.joined), axis=0)
        found[:, ahead] = month_classes(record, record.joined[:, ahead])
    return np.where(found > 0, found, np.nan).astype(np.float64)


def section_results(
    region: str, record: SectionRecord, settings: Settings, model: str, place_kind: str = "section"
) -> SectionResults:
    """Class of the section, then the mean of every item.

    Where only published classes are known, the class of the year is the middle one of its months
    (the worse of two middle ones): no official rule gives a year from classes, so this is our own
    reading, and the reason says so.
    """
    n_left = record.months_left(settings)
    reason = class_reason(record, settings)
    enough = not reason[0]
    model_name = model if is_drawn(record) else ""
    in_year = record.facts.last
    in_year = in_year if in_year and in_year.year == settings.year else None
    elapsed = elapsed_months(settings)

    def result(name: str, unit: str, **found: object) -> IndicatorResult:
        return IndicatorResult(
            region=region, place=record.name, place_kind=place_kind, point_set="", domain="water",
            indicator=name, unit=unit, period=str(settings.year), standard=WATER_STANDARD, dust=None,
            basis=None, sufficient=enough, reason=reason, model=model_name, record=record,
            **found,  # type: ignore[arg-type]
        )  # fmt: skip

    seen, samples, lead, decides = _classes(record, enough)
    monthly = _monthly(record, n_left)
    past = _past_classes(record)
    classed = result(
        "section_class", "class",
        observed=Observed(
            float(seen) if seen else None, WATER_CLASSES[seen - 1] if seen else None,
            record.n_months, elapsed, in_year,
        ),
        samples=samples, judged=samples,
        observed_judged=float(seen) if seen else None,
        bounds=_class_bounds(record, settings) if enough else None,
        counts={"n_valid": record.n_months, "n_left": max(record.n_final - record.n_months, 0)},
        monthly=monthly,
        detail=class_detail(record, lead),
        remarks=class_remarks(record),
        **earlier_years(past, settings),
    )  # fmt: skip
    means = {}
    for j, item in enumerate(record.items):
        name = f"{item}_mean"
        try:
            about = indicator(name)
        except KeyError:
            continue
        value = float(record.observed_means[j])
        paths = None
        if enough and record.year_means is not None:
            paths = record.year_means[:, j]
        places = about.judged_decimals or 0
        shown = float(round_half_even(value, places)) if np.isfinite(value) else None
        n_item = int(np.isfinite(record.observed[:, j]).sum())
        means[item] = result(
            name, about.unit,
            observed=Observed(number(value), shown, n_item, elapsed, in_year),
            samples=paths,
            judged=round_half_even(paths, places) if paths is not None else None,
            observed_judged=shown,
            counts={"n_valid": n_item, "n_left": max(record.n_final - record.n_months, 0)},
            remarks=below_words(record, item),
            **earlier_years(
                {
                    y: float(v[j])
                    for y, v in record.past_means.items()
                    if y not in record.facts.hidden_years.get(item, ())
                },
                settings,
            ),
        )  # fmt: skip
    return SectionResults(classed, means, lead, decides)


def _classes(
    record: SectionRecord, enough: bool
) -> tuple[int, NDArray[np.float64] | None, str, dict[str, float]]:
    """Class to date, class on every path, the item that leads, and how often each decides."""
    if record.classes_only:
        drawn = record.facts.published_drawn
        return (
            int(np.nan_to_num(_middle(record.facts.published[None])[0])),
            _middle(drawn) if drawn is not None and enough else None, "", {},
        )  # fmt: skip
    items, columns = record.class_items, list(record.counted)
    seen, lead, decides = 0, "", {}
    samples = None
    if items and record.n_months:
        now = assess_section_period(
            record.observed[None][:, :, columns], items, record.facts.water_type,
            months_needed=1, required=REQUIRED, not_monitored=record.absent,
        )  # fmt: skip
        seen = int(now.classes[0])
        lead = _leading(now.deciding, items)
    if items and enough and record.joined is not None and record.year_means is not None:
        classes, deciding = section_class(
            round_statistics(record.year_means[:, columns], items), items,
            record.facts.water_type, required=REQUIRED, not_monitored=record.absent,
        )  # fmt: skip
        found = _months_with_values(record) >= MONTHS_NEEDED
        samples = np.where(found & (classes > 0), classes, np.nan).astype(np.float64)
        deciding &= (samples > 0)[:, None]
        lead = _leading(deciding, items) or lead
        share = deciding.mean(axis=0)
        decides = {i: float(p) for i, p in zip(items, share, strict=True)}
    return seen, samples, lead, decides


def _months_with_values(record: SectionRecord) -> NDArray[np.int64]:
    """Months of the year with a value of any required item on each path, (path,) or (1,)."""
    items, table = record.class_items, record.final[:, :, list(record.counted)]
    asked = [c for c, item in enumerate(items) if item in REQUIRED and item not in record.absent]
    # Which months have values is the same on all paths where only drawn months differ.
    some = table if record.ahead is None else table[:1]
    there = np.isfinite(some[..., asked] if asked else some)
    return np.asarray(there.any(axis=2).sum(axis=1))


def _middle(classes: NDArray[np.float64]) -> NDArray[np.float64]:
    """The middle class of (path, month), the worse of two; NaN without a month, shape (path,)."""
    order = np.sort(classes, axis=1)
    n = np.isfinite(classes).sum(axis=1)
    at = np.minimum(n // 2, classes.shape[1] - 1)
    picked = np.take_along_axis(order, at[:, None], axis=1)[:, 0]
    return np.where(n > 0, picked, np.nan)


def _monthly(record: SectionRecord, n_left: int) -> MonthlyValues:
    if record.classes_only:
        return MonthlyValues(record.facts.published, record.facts.published_drawn, n_left)
    classes = month_classes(record, record.observed)
    leads = [
        ("、".join(ITEMS[i].zh for i in names), ", ".join(ITEMS[i].en for i in names))
        for names in _deciding(record, classes)
    ]
    drawn = _drawn_month_classes(record, classes)
    return MonthlyValues(np.where(classes > 0, classes, np.nan), drawn, n_left, tuple(leads))


def _deciding(record: SectionRecord, classes: NDArray[np.int64]) -> list[list[str]]:
    """Items of each observed month that have the class of the section, none at class I."""
    items = record.class_items
    if not items:
        return [[] for _ in classes]
    own = record.month_item_classes
    return [
        [i for i, c in zip(items, row, strict=True) if c == of_month and of_month >= 2]
        for row, of_month in zip(own, classes, strict=True)
    ]


def _past_classes(record: SectionRecord) -> dict[int, float]:
    if record.classes_only:
        return {
            y: float(_middle(v[None])[0])
            for y, v in record.facts.published_past.items()
            if np.isfinite(v).sum() >= MONTHS_NEEDED
        }
    if not record.class_items:
        return {}
    if not record.past:
        return {}
    found = assess_section_period(
        np.stack(list(record.past.values()))[:, :, list(record.counted)], record.class_items,
        record.facts.water_type, required=REQUIRED, not_monitored=record.absent,
    )  # fmt: skip
    return {
        year: float(number) if number else float("nan")
        for year, number in zip(record.past, found.classes, strict=True)
    }


def _class_bounds(record: SectionRecord, settings: Settings) -> tuple[float, float] | None:
    """Best and worst class that the year can still end with.

    No concentration is below 0, so an annual mean is at least the sum so far over all months that
    there can be; DO and pH bound nothing from that side.
    """
    left = record.months_left(settings)
    if record.classes_only or left == 0 or not record.n_months:
        return None
    some = [
        j
        for j in record.counted
        if record.items[j] not in ("do", "ph")
        and class_limits(record.items[j], record.facts.water_type) is not None
        and np.isfinite(record.observed[:, j]).any()
    ]
    if not some:
        return 1.0, float(len(WATER_CLASSES))
    items = tuple(record.items[j] for j in some)
    months = record.observed[:, some]
    least = np.nansum(months, axis=0) / (np.isfinite(months).sum(axis=0) + left)
    best = item_classes(round_statistics(least, items), items, record.facts.water_type).max()
    return float(best), float(len(WATER_CLASSES))


def _leading(deciding: NDArray[np.bool_], items: tuple[str, ...]) -> str:
    share = deciding.mean(axis=0)
    return items[int(np.argmax(share))] if share.size and share.max() > 0 else ""
