"""Class of one section and the means behind it: to date, on every path, and as far as is decided."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecast.projection.result import IndicatorResult, Observed
from forecast.projection.section_shares import WATER_STANDARD, earlier_years
from forecast.projection.settings import Settings
from forecast.projection.summary import number
from forecast.projection.water_record import REQUIRED, SectionRecord, elapsed_months
from forecast.standards.indicators import WATER_CLASSES, indicator
from forecast.standards.items import ITEMS
from forecast.standards.rounding import round_half_even
from forecast.standards.water_class import class_limits, item_classes
from forecast.standards.water_period import (
    MONTHS_NEEDED,
    assess_section_period,
    period_means,
    round_statistics,
)
from forecast.targets.evidence import MonthlyValues

__all__ = ["SectionResults", "month_classes", "section_results", "silent_section"]

#: A section with values of fewer months is carried on with words of warning.
_FEW_MONTHS = 6


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
    flat = table[..., list(record.counted)].reshape(-1, 1, len(items))
    found = assess_section_period(
        flat, items, record.facts.water_type,
        months_needed=1, required=REQUIRED, not_monitored=record.absent,
    )  # fmt: skip
    return found.classes.astype(np.int64).reshape(table.shape[:-1])


def section_results(
    region: str, record: SectionRecord, settings: Settings, model: str, place_kind: str = "section"
) -> SectionResults:
    """Class of the section, then the mean of every item.

    Where only published classes are known, the class of the year is the middle one of its months
    (the worse of two middle ones): no official rule gives a year from classes, so this is our own
    reading, and the reason says so.
    """
    n_left = record.months_left(settings)
    reason = _reason(record, settings)
    enough = not reason[0]
    model_name = model if _drawn(record) else ""
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
        detail=_detail(record, lead),
        remarks=_remarks(record),
        **earlier_years(past, settings),
    )  # fmt: skip
    means = {}
    for j, item in enumerate(record.items):
        name = f"{item}_mean"
        try:
            about = indicator(name)
        except KeyError:
            continue
        value = float(period_means(record.observed[:, [j]], (item,))[0])
        paths = None
        if enough and record.joined is not None:
            paths = period_means(record.joined[:, :, [j]], (item,), axis=1)[:, 0]
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
            remarks=_below(record, item),
            **earlier_years(
                {
                    y: float(period_means(v[:, [j]], (item,))[0])
                    for y, v in record.past.items()
                    if y not in record.facts.hidden_years.get(item, ())
                },
                settings,
            ),
        )  # fmt: skip
    return SectionResults(classed, means, lead, decides)


def _drawn(record: SectionRecord) -> bool:
    return record.joined is not None or record.facts.published_drawn is not None


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
    if items and enough and record.joined is not None:
        ahead = assess_section_period(
            record.joined[:, :, columns], items, record.facts.water_type,
            required=REQUIRED, not_monitored=record.absent,
        )  # fmt: skip
        samples = np.where(ahead.classes > 0, ahead.classes, np.nan).astype(np.float64)
        lead = _leading(ahead.deciding, items) or lead
        share = ahead.deciding.mean(axis=0)
        decides = {i: float(p) for i, p in zip(items, share, strict=True)}
    return seen, samples, lead, decides


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
    leads = []
    for month in range(12):
        names = _deciding(record, record.observed[month], int(classes[month]))
        leads.append(("、".join(ITEMS[i].zh for i in names), ", ".join(ITEMS[i].en for i in names)))
    drawn = None
    if record.joined is not None and record.class_items:
        found = month_classes(record, record.joined)
        drawn = np.where(found > 0, found, np.nan).astype(np.float64)
    return MonthlyValues(np.where(classes > 0, classes, np.nan), drawn, n_left, tuple(leads))


def _deciding(record: SectionRecord, month: NDArray[np.float64], number_: int) -> list[str]:
    """Items of one month (item,) that have the class of the section, none at class I."""
    if number_ < 2:
        return []
    items = record.class_items
    rounded = round_statistics(month[list(record.counted)], items)
    classes = item_classes(rounded, items, record.facts.water_type)
    return [i for i, c in zip(items, classes, strict=True) if c == number_]


def _past_classes(record: SectionRecord) -> dict[int, float]:
    if record.classes_only:
        return {
            y: float(_middle(v[None])[0])
            for y, v in record.facts.published_past.items()
            if np.isfinite(v).sum() >= MONTHS_NEEDED
        }
    if not record.class_items:
        return {}
    out = {}
    for year, months in record.past.items():
        found = assess_section_period(
            months[:, list(record.counted)], record.class_items, record.facts.water_type,
            required=REQUIRED, not_monitored=record.absent,
        )  # fmt: skip
        out[year] = float(found.classes[0]) if found.classes[0] else float("nan")
    return out


def _class_bounds(record: SectionRecord, settings: Settings) -> tuple[float, float] | None:
    """Best and worst class that the year can still end with.

    No concentration is below 0, so an annual mean is at least the sum so far over all months that
    there can be; DO and pH bound nothing from that side.
    """
    left = record.months_left(settings)
    if record.classes_only or left == 0 or not record.n_months:
        return None
    best = 1
    for j in record.counted:
        item = record.items[j]
        if item in ("do", "ph") or class_limits(item, record.facts.water_type) is None:
            continue
        months = record.observed[:, j]
        n = int(np.isfinite(months).sum())
        if n:
            least = np.array([np.nansum(months) / (n + left)])
            rounded = round_statistics(least, (item,))
            best = max(best, int(item_classes(rounded, (item,), record.facts.water_type)[0]))
    return float(best), float(len(WATER_CLASSES))


def _reason(record: SectionRecord, settings: Settings) -> tuple[str, str]:
    last = record.facts.last
    if not record.items and last is not None and not record.classes_only:
        return (
            f"{last:%Y年%m月}以后没有监测值",
            f"no sample since {last:%Y-%m}",
        )
    if not record.class_items and not record.classes_only:
        return (
            "没有参与定类的监测项目（pH、溶解氧、高锰酸盐指数、氨氮、总磷等）",
            "no item that decides a class (pH, DO, CODMn, NH3-N, TP …) was measured",
        )
    if record.rhythm < MONTHS_NEEDED and record.joined is None and not settings.year_over:
        return (
            f"该断面近年每年最多监测{record.rhythm}个月，年度评价需要{MONTHS_NEEDED}个月",
            f"the section was sampled in at most {record.rhythm} months of each of the last years; a "
            f"year needs {MONTHS_NEEDED}",
        )
    n_final = record.n_final
    if n_final < MONTHS_NEEDED:
        dry = int(record.facts.dry.sum())
        dry_zh, dry_en = (f"，其中断流{dry}个月", f", {dry} months were dry") if dry else ("", "")
        return (
            f"{settings.year}年最多有{n_final}个月有监测值，年度评价需要{MONTHS_NEEDED}个月{dry_zh}",
            f"{settings.year} can reach {n_final} months with a sample; a year needs "
            f"{MONTHS_NEEDED}{dry_en}",
        )
    if not settings.year_over and not _drawn(record):
        if record.classes_only:
            return (
                "只有公布的类别，且断面已停测或历史太少，余下月份不能外推",
                "only classes are published, and the section has fallen silent or has too little "
                "history: nothing is drawn",
            )
        return (
            "历史数据太少或断面已停测，不能外推",
            "too little history, or the section has fallen silent: nothing is drawn",
        )
    return ("", "")


def _leading(deciding: NDArray[np.bool_], items: tuple[str, ...]) -> str:
    share = deciding.mean(axis=0)
    return items[int(np.argmax(share))] if share.size and share.max() > 0 else ""


def _detail(record: SectionRecord, lead: str) -> tuple[str, str]:
    """What drives the class and how many months stand behind it, as a clause of the reason."""
    zh = [f"12个月中已有{record.n_months}个月监测值"]
    en = [f"{record.n_months} of 12 months with a value"]
    if lead:
        zh.append(f"主要定类项目为{ITEMS[lead].zh}")
        en.append(f"mostly decided by {ITEMS[lead].en}")
    dry = int(record.facts.dry.sum())
    if dry:
        zh.append(f"断流{dry}个月")
        en.append(f"dry in {dry} months")
    return "，".join(zh), ", ".join(en)


def _remarks(record: SectionRecord) -> tuple[str, str]:
    """What a reader has to know of the record of a section (zh, en)."""
    zh, en = "", ""
    facts = record.facts
    if record.classes_only:
        zh += (
            "只有公布的类别而无项目浓度，年度类别取各月类别的中位（两个居中时取较差者），为本系统的理解，"
            "不是官方年度评价。"
        )
        en += (
            " Only classes are published, no concentrations: the class of the year is the middle "
            "class of its months (the worse of two), our own reading and not the official one."
        )
    known = sum(int(np.isfinite(t).any(axis=1).sum()) for t in (record.observed, record.last_year))
    if record.joined is not None and known < _FEW_MONTHS and not record.past:
        zh += f"监测值不足{_FEW_MONTHS}个月，预测主要依据其他断面，区间较宽。"
        en += f" It has values of fewer than {_FEW_MONTHS} months: the forecast rests on other sections."
    if facts.moved is not None:
        zh += f"断面于{facts.moved}迁移，此前的监测值不用于年度对比。"
        en += f" The section moved on {facts.moved}; readings before it are not compared."
    if facts.other_names:
        zh += f"同一断面的其他名称：{'、'.join(facts.other_names)}。"
        en += f" Its readings also came as {', '.join(facts.other_names)}."
    return zh, en


def _below(record: SectionRecord, item: str) -> tuple[str, str]:
    """What is known of an item only as a limit (zh, en)."""
    hidden = sorted(y for y in record.facts.hidden_years.get(item, ()) if y in record.past)
    now = _below_now(record, item)
    if not hidden:
        return now
    listed = [str(y) for y in hidden]
    return (
        f"{ITEMS[item].zh}{'、'.join(listed)}年全部低于检出限，均值只是检出限的一半，不作比较。"
        + now[0],
        f" All values of {ITEMS[item].en} in {', '.join(listed)} were below detection: those years "
        "are half a limit and are not compared." + now[1],
    )


def _below_now(record: SectionRecord, item: str) -> tuple[str, str]:
    share = record.facts.censored.get(item, 0.0)
    if share >= 1:
        return (
            f"{ITEMS[item].zh}全部低于检出限，按检出限的一半计，均值不含浓度信息。",
            f" All values of {ITEMS[item].en} are below detection and enter as half the limit: "
            "the mean says nothing of the concentration.",
        )
    if share >= 0.5:
        return (
            f"{ITEMS[item].zh}有{100 * share:.0f}%的样品低于检出限，按检出限的一半计。",
            f" {100 * share:.0f}% of the samples of {ITEMS[item].en} are below detection and enter "
            "as half the limit.",
        )
    return "", ""
