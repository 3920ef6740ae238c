"""Made outlooks of the next days, as ``short_range`` of ``projection.json`` has them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

LEVELS = ("I", "II", "III", "IV", "V", "VI")
ITEMS = ("so2", "no2", "pm10", "pm25", "co", "o3_8h")

#: Odds of the six levels on a clean day, one that may be polluted, and days of an episode.
CLEAN = (0.3, 0.6, 0.08, 0.015, 0.004, 0.001)
UNSURE = (0.05, 0.35, 0.3, 0.2, 0.08, 0.02)
EPISODE = (0.01, 0.09, 0.28, 0.37, 0.2, 0.05)
SEVERE = (0.0, 0.02, 0.08, 0.2, 0.5, 0.2)


def made_day(day: date, lead: int, odds: Sequence[float], *, led: str = "pm25") -> dict[str, Any]:
    """One day with these odds of the six levels."""
    levels = dict(zip(LEVELS, odds, strict=True))
    middle = 30.0 + 250.0 * sum(odds[2:]) * sum(odds[3:]) + 60.0 * sum(odds[1:])
    spread = {"0.025": -40, "0.05": -35, "0.1": -28, "0.25": -14, "0.5": 0, "0.75": 16, "0.9": 34,
              "0.95": 47, "0.975": 60}  # fmt: skip
    return {
        "date": day.isoformat(), "lead": lead,
        "aqi": {"mean": middle + 2, "quantiles": {q: round(max(middle + s, 5.0), 1) for q, s in spread.items()}},
        "levels": levels, "level": max(levels, key=lambda k: levels[k]),
        "leading": {item: (0.8 if item == led else 0.04) * (1 - odds[0]) for item in ITEMS}
        | {"none": odds[0]},
        "exceed": {"light": sum(odds[2:]), "moderate": sum(odds[3:]), "heavy": sum(odds[4:])},
        "items": {led: {"mean": 80.0, "quantiles": {"0.1": 40.0, "0.5": 75.0, "0.9": 130.0}}},
        "references": {
            "persistence": {"light": 0.4, "moderate": 0.2, "heavy": 0.1},
            "climatology": {"light": 0.5, "moderate": 0.25, "heavy": 0.125},
        },
        "weather": "none",
    }  # fmt: skip


def made_city(
    *odds: Sequence[float], region: str = "衡水", issued: str = "2026-01-05", led: str = "pm25",
    **more: Any,
) -> dict[str, Any]:  # fmt: skip
    """One city with a day for each odds, from the day after ``issued``."""
    last = date.fromisoformat(issued)
    return {
        "region": region, "place": region, "place_kind": "city", "issued": issued,
        "standard": "HJ 633-2012", "model": "short_range", "n_paths": 2000, "weather": "none",
        "items_missing": [],
        "days": [made_day(last + timedelta(days=k), k, one, led=led) for k, one in enumerate(odds, 1)],
    } | more  # fmt: skip


def made_week(*, region: str = "衡水", issued: str = "2026-01-05") -> dict[str, Any]:
    """A week with an episode on its second to fourth day."""
    return made_city(
        CLEAN, EPISODE, SEVERE, EPISODE, UNSURE, CLEAN, CLEAN, region=region, issued=issued
    )


def made_section(
    p_worse: float = 0.6, *, place: str = "断面甲", region: str = "衡水", kind: str = "next_sample",
    issued: str = "2026-01-04", limit: str = "III", when: str | None = "2026-02-01",
) -> dict[str, Any]:  # fmt: skip
    """One section that is worse than its class with this probability."""
    better = 1.0 - p_worse
    day = {
        "date": when, "lead": 28,
        "classes": {"I": 0.0, "II": 0.4 * better, "III": 0.6 * better, "IV": 0.7 * p_worse,
                    "V": 0.2 * p_worse, "劣V": 0.1 * p_worse},
        "p_worse": p_worse, "p_inferior_v": 0.1 * p_worse,
    }  # fmt: skip
    return {
        "region": region, "place": place, "place_kind": "section", "issued": issued, "kind": kind,
        "limit": limit, "limit_from": "target", "days": [day], "deciding": {"tp": 0.6, "cod": 0.3},
    }  # fmt: skip
