"""Section cards of the page."""

from __future__ import annotations

from typing import Any

from forecast.report.section_cards import card_regions


def _row(**changed: Any) -> dict[str, Any]:
    return {
        "section": "甲", "water_type": "river", "target_class": "III", "class_to_date": "II",
        "p_class": {"I": 0.0, "II": 0.6, "III": 0.36, "IV": 0.04, "V": 0.0, "劣V": 0.0},
        "p_target": 0.96, "limiting": "tp", "value": 0.15, "limit": 0.2, "margin": 0.05,
        "margin_percent": 25.0, "n_months": 5, "of_months": 6, "months_left": 6,
        "dry_months": [2], "change_percent": -3.21, "worsening": False, "decides": "tp",
        "rest": "余下6个月均值不超过0.25 mg/L即达III类", "rest_en": "0.25 mg/L", "reason": "",
        "reason_en": "",
    } | changed  # fmt: skip


def test_a_card_says_class_margin_and_what_is_left() -> None:
    (region,) = card_regions({"water": [{"region": "甲市", "sections": [_row()]}]})
    (card,) = region.cards
    assert (card.to_date.label, card.asked, card.probability) == ("Ⅱ", "Ⅲ", "96 %")
    # Classes without a chance are left out; a sliver carries no letter.
    assert [s.label for s in card.strip] == ["Ⅱ", "Ⅲ", ""]
    assert sum(s.width for s in card.strip) == 100.0
    said = "\n".join(line.zh for line in card.lines)
    for part in ("总磷 0.15 mg/L", "Ⅲ类限值 0.2", "余量 0.05 mg/L，25 %", "已监测 5/6 个月", "断流 1",
                 "余下6个月均值不超过0.25", "-3.2 %（未变差）"):  # fmt: skip
        assert part in said


def test_what_is_in_danger_comes_first_and_what_is_not_known_last() -> None:
    rows = [
        _row(section="安", p_target=0.99),
        _row(section="无", p_target=None, p_class=None, class_to_date=None, limiting=None),
        _row(section="危", p_target=0.2, margin=-0.02, margin_percent=-10.0),
    ]
    (region,) = card_regions({"water": [{"region": "甲市", "sections": rows}]})
    assert [c.section for c in region.cards] == ["危", "安", "无"]
    assert region.cards[0].lines[0].zh.endswith("超出 0.02 mg/L，10 %")
    assert region.cards[2].to_date.label == "—" and region.cards[2].probability == "—"


def test_no_water_no_cards() -> None:
    assert card_regions({}) == []
    assert card_regions({"water": [{"region": "甲市", "sections": []}]}) == []
