"""Every default behind a scenario with its grade of evidence, one row each, ready for JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from forecast.projection.summary import number
from forecast.runs.scenario_packages import AskedPackage
from forecast.scenario.cut_drawing import compliance_draws
from forecast.scenario.inventory import range_rows
from forecast.scenario.pollutants import POLLUTANT_NAMES, WATER_POLLUTANTS
from forecast.scenario.scenario_model import Compliance
from forecast.scenario.water_priors import shipped_water_priors

__all__ = ["package_defaults"]

#: Draws behind the quantiles of a compliance.
_DRAWS = 20_000
_LEVELS = (0.1, 0.5, 0.9)


def package_defaults(packages: Sequence[AskedPackage]) -> list[dict[str, Any]]:
    """Return what is taken for granted beside the response of the air.

    Inventory and compliance where something is cut, the water response where sections are described,
    and what no cut changes.
    """
    rows: list[dict[str, Any]] = []
    with_inventory = [p for p in packages if p.quantified.known]
    cut = {lever.pollutant for p in with_inventory for lever in p.quantified.levers}
    # Quantiles of a normal whose 95 % range is given: 1.28 / 1.96 of it either way.
    part = 1.2816 / 1.9600
    for row in range_rows():
        name = row["pollutant"]
        if name not in cut or all(name in p.scenario.inventory.ranges for p in with_inventory):
            continue
        zh, en = POLLUTANT_NAMES[name]
        low, high = float(row["low_percent"]), float(row["high_percent"])
        rows.append(
            _row(
                f"inventory_{name}", f"{zh}清单误差", f"error of the inventory of {en}",
                f"95 %: {low:g}…{high:+g} %", 1 + part * low / 100, 1.0, 1 + part * high / 100,
                row["grade"], row["source"],
            )
        )  # fmt: skip
    if any(m.compliance == Compliance() for p in packages for m in p.scenario.measures):
        prior = Compliance()
        drawn = compliance_draws(prior, _DRAWS, np.random.default_rng(0))
        low, middle, high = (float(np.quantile(drawn, level)) for level in _LEVELS)
        rows.append(
            _row(
                "compliance", "措施落实率", "share of a cut that is put into effect",
                f"Beta [{prior.low:g}, {prior.high:g}], mean {prior.mean:g}", low, middle, high,
                "judgement", "no measurement behind it",
            )
        )  # fmt: skip
    rows.append(
        _row(
            "untouched_dust", "沙尘日判定", "days of dust among those drawn",
            "PM10 > 150 µg/m³, PM2.5 ≤ 0.3 PM10", None, None, None, "judgement",
            "rule of this project for days that no cut changes",
        )
    )  # fmt: skip
    rows.append(
        _row(
            "untouched_fireworks", "烟花爆竹日", "days of fireworks", "除夕、正月初一", None, None, None,
            "judgement", "eve and first day of the lunar year; other days of fireworks are not known",
        )
    )  # fmt: skip
    if any(p.responses for p in packages):
        for told in shipped_water_priors().table():
            unit = f" {told['unit']}" if told["unit"] else ""
            rows.append(
                _row(
                    f"water {told['en']}", told["zh"], told["en"], f"{told['value']}{unit}", None,
                    None, None, told["grade"], told["source"],
                )
            )  # fmt: skip
    if any(
        p in WATER_POLLUTANTS and m.amount.unit == "t"
        for one in packages
        for m in one.scenario.measures
        for p in m.pollutants
    ):
        rows.append(
            _row(
                "water_growth", "水污染负荷自然增长", "growth of loads of water", "0", None, None, None,
                "judgement", "business-as-usual growth is not applied to water",
            )
        )  # fmt: skip
    return rows


def _row(
    parameter: str,
    zh: str,
    en: str,
    distribution: str,
    q10: float | None,
    median: float | None,
    q90: float | None,
    grade: str,
    source: str,
) -> dict[str, Any]:
    return {
        "parameter": parameter, "zh": zh, "en": en, "distribution": distribution,
        "q10": number(q10), "median": number(median), "q90": number(q90), "grade": grade,
        "source": source,
    }  # fmt: skip
