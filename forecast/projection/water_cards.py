"""What a section card shows, and the continuous truth beside a share that can't rise any more."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.projection.class_outlook import MonthOutlook
from forecast.projection.settings import Settings
from forecast.projection.summary import number
from forecast.projection.water_classes import SectionResults
from forecast.projection.water_margins import ItemMargin, item_margins, nearest
from forecast.projection.water_record import SectionRecord, elapsed_months
from forecast.standards.city_water_index import section_cwqi
from forecast.standards.indicators import WATER_CLASSES
from forecast.standards.water_period import period_means

__all__ = ["SectionCard", "beside_words", "card_row", "rest_words", "section_card"]

#: Class against which margins are counted where no class of its own is asked of the section.
_CLASS = 3
#: A rise of the index counts from the fourth decimal on, with which it is printed.
_STEP = 1e-4


@dataclass(frozen=True)
class SectionCard:
    """One section at a glance.

    Attributes:
        target_class: class that is asked, its own or III.
        class_to_date: 1 to 6, 0 without one.
        p_class: probability of each class at the end of the year, (6,); None where not drawn.
        p_target: probability of ``target_class`` or better, held off 0 and 1 by half a path
            unless arithmetic has decided; None where not drawn.
        items: margins of every item that decides a class.
        limiting: the item nearest its limit or furthest over it; None without a value.
        decides: item that decides the class most often, empty where none does.
        n_months, of_months: months with a value, of those begun by the as-of date.
        months_left: months that can still be sampled.
        dry_months: months (1 to 12) without water.
        index, index_before: section CWQI over the months and items that both years have [-].
        change: relative change of the index against the same months of last year [%].
        worsening: whether the index rose; None where there is nothing to compare with.
        sufficient: whether the year can be assessed; ``reason`` (zh, en) where not.
        ahead: class of each month of the year that is still to come.
    """

    section: str
    water_type: str
    target_class: int
    class_to_date: int
    p_class: NDArray[np.float64] | None
    p_target: float | None
    items: tuple[ItemMargin, ...]
    limiting: ItemMargin | None
    decides: str
    n_months: int
    of_months: int
    months_left: int
    dry_months: tuple[int, ...]
    index: float | None
    index_before: float | None
    change: float | None
    worsening: bool | None
    classes_only: bool
    sufficient: bool
    reason: tuple[str, str]
    ahead: tuple[MonthOutlook, ...] = ()


def section_card(record: SectionRecord, found: SectionResults, settings: Settings) -> SectionCard:
    """Make the card of one section from its record and its results."""
    target = record.facts.own_class or _CLASS
    result = found.section_class
    p_class = p_target = None
    if result.samples is not None:
        kept = result.samples[np.isfinite(result.samples)]
        if kept.size:
            p_class = np.array([float(np.mean(kept == k)) for k in range(1, 7)])
            p_target = float(np.mean(kept <= target))
    margins = tuple(
        replace(m, p_decides=found.decides.get(m.item))
        for m in item_margins(record, target, settings)
    )
    if p_target is not None and not any(m.rest and not m.rest.reachable for m in margins):
        # Arithmetic has not decided: the paths alone never say 0 or 1.
        step = 1.0 / (2 * settings.n_paths)
        p_target = min(max(p_target, step), 1.0 - step)
    now, before = _index(record)
    change = None if now is None or not before else 100.0 * (now - before) / before
    return SectionCard(
        section=record.name, water_type=record.facts.water_type, target_class=target,
        class_to_date=int(result.observed.value or 0), p_class=p_class, p_target=p_target,
        items=margins, limiting=nearest(margins), decides=found.lead,
        n_months=record.n_months, of_months=elapsed_months(settings),
        months_left=record.months_left(settings),
        dry_months=tuple(int(m) + 1 for m in np.flatnonzero(record.facts.dry)),
        index=now, index_before=before, change=change,
        worsening=None if now is None or before is None else now - before > _STEP / 2,
        classes_only=record.classes_only, sufficient=result.sufficient, reason=result.reason,
    )  # fmt: skip


def _index(record: SectionRecord) -> tuple[float | None, float | None]:
    """Section CWQI of this year and of last year over the months and items that both have."""
    columns = list(record.counted)
    if not columns:
        return None, None
    items = record.class_items
    now, before = record.observed[:, columns], record.last_year[:, columns]
    both = np.isfinite(now) & np.isfinite(before)
    if not both.any():
        return None, None
    found = [
        float(section_cwqi(period_means(np.where(both, t, np.nan), items), items,
                           record.facts.water_type))
        for t in (now, before)
    ]  # fmt: skip
    return found[0], found[1]


def beside_words(cards: list[SectionCard]) -> tuple[str, str]:
    """The continuous truth of a set of sections as sentences (zh, en).

    How many sections got worse against the same months of last year, and the items nearest their
    limits with margin, months left and the mean allowed in them.
    """
    known = [c for c in cards if c.worsening is not None]
    worse = [c for c in known if c.worsening]
    zh, en = "", ""
    if known:
        names = "、".join(_changed(c) for c in worse[:5])
        names_en = ", ".join(_changed(c) for c in worse[:5])
        zh += f"与上年同期可比的{len(known)}个断面中{len(worse)}个水质指数变差"
        en += f" Of {len(known)} sections comparable with the same months of last year "
        en += f"{len(worse)} got worse by their index"
        zh += f"：{names}{'等' if len(worse) > 5 else ''}。" if worse else "。"
        en += f": {names_en}{' and others' if len(worse) > 5 else ''}." if worse else "."
    close = sorted(
        (c for c in cards if c.limiting is not None and c.limiting.percent is not None),
        key=lambda c: (c.limiting.percent or 0.0) if c.limiting else 0.0,
    )[:3]
    if close:
        zh += "最接近（或超过）限值：" + "；".join(_margin_words(c)[0] for c in close) + "。"
        en += (
            " Nearest to (or over) a limit: " + "; ".join(_margin_words(c)[1] for c in close) + "."
        )
    return zh, en


def _changed(card: SectionCard) -> str:
    return card.section if card.change is None else f"{card.section}({card.change:+.1f}%)"


def _margin_words(card: SectionCard) -> tuple[str, str]:
    m = card.limiting
    if m is None or m.margin is None or m.percent is None:
        raise ValueError(f"section {card.section} has no margin")
    label = WATER_CLASSES[card.target_class - 1]
    side_zh, side_en = ("余量", "margin") if m.margin >= 0 else ("超出", "over by")
    zh = f"{card.section}{m.zh}{m.value:g} mg/L，{label}类限值{m.limit:g}，"
    zh += f"{side_zh}{abs(m.margin):g} mg/L（{abs(m.percent):.0f}%）"
    en = f"{card.section} {m.en} {m.value:g} mg/L against {m.limit:g} of class {label}, "
    en += f"{side_en} {abs(m.margin):g} mg/L ({abs(m.percent):.0f}%)"
    rest = rest_words(m, card.target_class)
    return zh + (f"，{rest[0]}" if rest[0] else ""), en + (f", {rest[1]}" if rest[1] else "")


def rest_words(margin: ItemMargin, target_class: int) -> tuple[str, str]:
    """The mean that the months left may have, in words (zh, en); empty where the year is over."""
    rest, label = margin.rest, WATER_CLASSES[target_class - 1]
    if rest is None:
        return "", ""
    n = rest.months_left
    if not rest.reachable:
        return (
            f"余下{n}个月即使为0也达不到{label}类",
            f"out of reach of class {label} even with 0 in the {n} months left",
        )
    if rest.any_mean:
        return f"余下{n}个月无论如何都达到{label}类", f"any mean of the {n} months left will do"
    least = margin.item == "do"
    return (
        f"余下{n}个月均值{'不低于' if least else '不超过'}{rest.rounded:g} mg/L即达{label}类",
        f"class {label} holds with a mean of at {'least' if least else 'most'} {rest.rounded:g} "
        f"mg/L in the {n} months left",
    )


def card_row(card: SectionCard) -> dict[str, Any]:
    """The card as one JSON-ready row."""
    m = card.limiting
    rest = ("", "") if m is None else rest_words(m, card.target_class)
    return {
        "section": card.section,
        "water_type": card.water_type,
        "target_class": WATER_CLASSES[card.target_class - 1],
        "class_to_date": WATER_CLASSES[card.class_to_date - 1] if card.class_to_date else None,
        "p_class": None
        if card.p_class is None
        else {k: number(float(p)) for k, p in zip(WATER_CLASSES, card.p_class, strict=True)},
        "p_target": number(card.p_target),
        "limiting": None if m is None else m.item,
        "value": None if m is None else number(m.value),
        "limit": None if m is None else number(m.limit),
        "margin": None if m is None else number(m.margin),
        "margin_percent": None if m is None else number(m.percent),
        "mean_allowed": None if m is None or m.rest is None else number(m.rest.rounded),
        "rest": rest[0],
        "rest_en": rest[1],
        "decides": card.decides,
        "n_months": card.n_months,
        "of_months": card.of_months,
        "months_left": card.months_left,
        "dry_months": list(card.dry_months),
        "index": number(card.index),
        "index_before": number(card.index_before),
        "change_percent": number(card.change),
        "worsening": card.worsening,
        "reason": card.reason[0],
        "reason_en": card.reason[1],
        "ahead": [_month_row(one, card.target_class) for one in card.ahead],
    }


def _month_row(one: MonthOutlook, target_class: int) -> dict[str, Any]:
    """One month ahead: its likeliest class, and the probability of the class asked or better."""
    return {
        "month": str(one.month)[:7],
        "likely": WATER_CLASSES[int(np.argmax(one.p_class))],
        "p_target": number(float(one.p_class[:target_class].sum())),
        "p_class": {k: number(float(p)) for k, p in zip(WATER_CLASSES, one.p_class, strict=True)},
    }
