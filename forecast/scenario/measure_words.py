"""One measure in one line, in Chinese and English: what, of whom, from when, where, how surely."""

from __future__ import annotations

from forecast.scenario.pollutants import (
    POLLUTANT_NAMES,
    POLLUTANTS,
    SECTOR_NAMES,
    WATER_POLLUTANTS,
    sector_of,
)
from forecast.scenario.scenario_model import Measure

__all__ = ["measure_words"]

_SEASONS: dict[str, tuple[str, str]] = {
    "heating": ("采暖期", "heating season"),
    "warm": ("4—9月", "April to September"),
    "cold": ("10—3月", "October to March"),
}


def measure_words(measure: Measure) -> tuple[str, str]:
    """Say what a measure is (zh, en).

    >>> from forecast.scenario.scenario_file import parse_cut
    >>> from datetime import date
    >>> measure_words(parse_cut("industry:VOC=30%", start=date(2025, 7, 1)))[1]
    'industry VOC -30 %, city only, from 2025-07-01 on'
    """
    amount = measure.amount
    sign = "-" if measure.cut else "+"
    size = f"{amount.value:g} %" if amount.unit == "%" else f"{amount.value:,.0f} t"
    zh_of, en_of = _whose(measure)
    zh = [f"{zh_of} {sign}{size}", "区域" if measure.scope == "region" else "仅本市"]
    en = [f"{en_of} {sign}{size}", "region" if measure.scope == "region" else "city only"]
    if measure.against is not None:
        zh[0], en[0] = f"{zh[0]}（较{measure.against}年）", f"{en[0]} below {measure.against}"
    zh.append(f"{measure.start}起")
    en.append(f"from {measure.start} on")
    if measure.full is not None and measure.full != measure.start:
        zh.append(f"{measure.full}全部见效")
        en.append(f"in full on {measure.full}")
    if isinstance(measure.season, str):
        if measure.season in _SEASONS:
            zh.append(_SEASONS[measure.season][0])
            en.append(_SEASONS[measure.season][1])
    else:
        months = ", ".join(map(str, measure.season))
        zh.append(f"{months}月")
        en.append(f"months {months}")
    mean = measure.compliance.mean
    if mean < 1.0:
        zh.append(f"落实率均值{mean:g}")
        en.append(f"compliance {mean:g} in the mean")
    return "，".join(zh), ", ".join(en)


def _whose(measure: Measure) -> tuple[str, str]:
    """Whose emission of what, in both languages."""
    group = sector_of(measure.sector)
    zh, en = SECTOR_NAMES[group] if group else (measure.sector, measure.sector)
    if measure.sector == "all":
        zh = en = ""
    if set(measure.pollutants) == set(POLLUTANTS):
        return f"{zh}全部污染物", f"{en} all pollutants".strip()
    words = [
        ("COD", "COD") if p == "COD" else POLLUTANT_NAMES[p] if p in WATER_POLLUTANTS else (p, p)
        for p in measure.pollutants
    ]
    return (
        f"{zh}{'、'.join(w[0] for w in words)}",
        f"{en} {', '.join(w[1] for w in words)}".strip(),
    )
