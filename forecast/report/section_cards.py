"""Section cards of the page: class, its probabilities, what limits it, and what is left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from forecast.charts.style import CLASS_COLOURS, CLASS_INK
from forecast.charts.words import class_label
from forecast.report.words import Pair, percent
from forecast.standards.indicators import WATER_CLASSES, class_number
from forecast.standards.items import ITEMS

__all__ = ["Card", "CardRegion", "ModelRow", "Segment", "card_regions"]

#: A share of the strip of classes that is narrower carries no letter.
_LETTER = 0.07
#: One that is narrower is not drawn.
_VISIBLE = 0.002
_TYPES = {"river": Pair("河流", "river"), "lake": Pair("湖库", "lake or reservoir")}


@dataclass(frozen=True)
class Segment:
    """One class of the strip: its label (empty where there is no room), share [%] and colours."""

    label: str
    width: float
    fill: str
    ink: str
    title: str


@dataclass(frozen=True)
class Card:
    """One section as printed.

    Attributes:
        section: its name; ``kind``: river or lake.
        to_date: label and colours of the class to date.
        asked: the class that is asked; ``probability`` of it or better, printed.
        strip: the classes of the year by probability.
        ahead: likeliest class of each month to come, its title the probability of the class asked.
        lines: what else there is to say.
    """

    section: str
    kind: Pair
    to_date: Segment
    asked: str
    probability: str
    strip: tuple[Segment, ...]
    ahead: tuple[tuple[str, Segment], ...]
    lines: tuple[Pair, ...]


@dataclass(frozen=True)
class ModelRow:
    """How one item of one section was modelled; ``n`` values, ``censored`` % of them below detection."""

    section: str
    item: Pair
    n: int
    censored: str
    last: str
    level: str
    why: Pair


@dataclass(frozen=True)
class CardRegion:
    """The cards of one region, those most in danger first, and what is said of all of them.

    ``models`` says how each item was modelled.
    """

    region: str
    cards: tuple[Card, ...]
    beside: Pair
    models: tuple[ModelRow, ...] = ()


def card_regions(result: dict[str, Any]) -> list[CardRegion]:
    """Return the cards of each region of ``result["water"]``."""
    found = []
    for region in result.get("water", []):
        rows = sorted(region["sections"], key=_danger)
        cards = tuple(_card(row) for row in rows)
        if cards:
            beside = Pair(str(region.get("text", "")), str(region.get("text_en", "")))
            models = tuple(_model(row) for row in region.get("models", []))
            found.append(CardRegion(str(region["region"]), cards, beside, models))
    return found


def _model(row: dict[str, Any]) -> ModelRow:
    about = ITEMS[str(row["item"])]
    return ModelRow(
        str(row["section"]), Pair(about.zh, about.en), int(row["n"]), f"{row['censored']:.0f} %",
        str(row["last"]), str(row["level"]), Pair(str(row["why_zh"]), str(row["why_en"])),
    )  # fmt: skip


def _danger(row: dict[str, Any]) -> tuple[float, float, str]:
    """What needs attention comes first: a low probability, then a small margin."""
    chance = row.get("p_target")
    margin = row.get("margin_percent")
    return (
        2.0 if chance is None else float(chance),
        1e9 if margin is None else float(margin),
        str(row["section"]),
    )


def _segment(number: int, share: float) -> Segment:
    label = class_label(number) if number else "—"
    return Segment(
        label if share >= _LETTER or not number else "", 100.0 * share, CLASS_COLOURS[number],
        CLASS_INK[number], f"{label} {percent(share)}",
    )  # fmt: skip


def _card(row: dict[str, Any]) -> Card:
    now = class_number(str(row["class_to_date"])) if row.get("class_to_date") else 0
    chances = row.get("p_class") or {}
    strip = tuple(
        _segment(k, float(chances[name]))
        for k, name in enumerate(WATER_CLASSES, start=1)
        if (chances.get(name) or 0.0) >= _VISIBLE
    )
    asked = class_label(class_number(str(row["target_class"])) or 3)
    return Card(
        str(row["section"]),
        _TYPES.get(str(row.get("water_type")), Pair("", "")),
        _segment(now or 0, 1.0),
        asked,
        percent(row.get("p_target")),
        strip,
        tuple(_ahead(month, asked) for month in row.get("ahead", [])),
        tuple(line for line in _lines(row, asked) if line.zh),
    )


def _ahead(month: dict[str, Any], asked: str) -> tuple[str, Segment]:
    """Number of a month to come, and its likeliest class."""
    likely = _segment(class_number(str(month["likely"])) or 0, 1.0)
    chance = percent(month["p_target"])
    said = f"P(≤{asked}) {chance}"
    return str(int(str(month["month"])[5:7])), Segment(
        likely.label, 100.0 * float(month["p_target"] or 0.0), likely.fill, likely.ink, said
    )


def _lines(row: dict[str, Any], asked: str) -> list[Pair]:
    reason = Pair(str(row.get("reason", "")), str(row.get("reason_en", "")))
    return [reason, _limiting(row, asked), _rest(row), _months(row), _change(row)]


def _limiting(row: dict[str, Any], asked: str) -> Pair:
    """The item nearest its limit: value, limit, margin."""
    item, value, limit = row.get("limiting"), row.get("value"), row.get("limit")
    if not item or value is None or limit is None:
        return Pair("", "")
    about = ITEMS[str(item)]
    margin, part = row.get("margin"), row.get("margin_percent")
    unit = "" if item == "ph" else " mg/L"
    zh = f"最接近限值：{about.zh} {value:.3g}{unit}（{asked}类限值 {limit:g}）"
    en = f"Nearest its limit: {about.en} {value:.3g}{unit} (class {asked}: {limit:g})"
    if margin is not None and part is not None:
        side = Pair("余量", "margin") if margin >= 0 else Pair("超出", "over by")
        zh += f"，{side.zh} {abs(margin):.2g}{unit}，{abs(part):.0f} %"
        en += f", {side.en} {abs(margin):.2g}{unit}, {abs(part):.0f} %"
    return Pair(zh, en)


def _rest(row: dict[str, Any]) -> Pair:
    """What the months left may have on average."""
    return Pair(str(row.get("rest", "")), str(row.get("rest_en", "")))


def _months(row: dict[str, Any]) -> Pair:
    n, of, dry = row.get("n_months"), row.get("of_months"), row.get("dry_months") or []
    if n is None:
        return Pair("", "")
    zh, en = f"监测 {n} 个月", f"{n} months sampled"
    if of is not None:
        zh, en = f"已监测 {n}/{of} 个月", f"{n} of {of} months sampled"
    if dry:
        zh += f"，断流 {len(dry)} 个月"
        en += f", {len(dry)} dry"
    left = row.get("months_left")
    if left:
        zh += f"，还剩 {left} 个月"
        en += f", {left} left"
    return Pair(zh, en)


def _change(row: dict[str, Any]) -> Pair:
    """The section's index against the same months of last year."""
    change, worse = row.get("change_percent"), row.get("worsening")
    if change is None or worse is None:
        return Pair("", "")
    word = Pair("变差", "worse") if worse else Pair("未变差", "not worse")
    return Pair(
        f"水质指数比上年同期 {change:+.1f} %（{word.zh}）",
        f"Index {change:+.1f} % against the same months of last year ({word.en})",
    )
