"""What is said of the class of a section: why there is none, what drives it, what a reader has to know."""

from __future__ import annotations

import numpy as np

from forecast.projection.settings import Settings
from forecast.projection.water_record import SectionRecord
from forecast.standards.items import ITEMS
from forecast.standards.water_period import MONTHS_NEEDED

__all__ = ["below_words", "class_detail", "class_reason", "class_remarks", "is_drawn"]

#: A section with values of fewer months is carried on with words of warning.
_FEW_MONTHS = 6


def is_drawn(record: SectionRecord) -> bool:
    """Whether months ahead are drawn, of items or of classes."""
    return record.joined is not None or record.facts.published_drawn is not None


def class_reason(record: SectionRecord, settings: Settings) -> tuple[str, str]:
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
    if not settings.year_over and not is_drawn(record):
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


def class_detail(record: SectionRecord, lead: str) -> tuple[str, str]:
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


def class_remarks(record: SectionRecord) -> tuple[str, str]:
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


def below_words(record: SectionRecord, item: str) -> tuple[str, str]:
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
