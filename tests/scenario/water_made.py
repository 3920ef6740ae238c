"""A section whose answer can be worked out by hand: every default is a fixed number."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from forecast.scenario.water_draws import WaterDraws
from forecast.scenario.water_priors import WaterPriors, shipped_water_priors
from forecast.scenario.water_sections import WaterInflow, WaterSection, WaterSource

#: Dry months carry 5 m³/s, wet months (April to September) 20 m³/s.
FLOW = (5.0,) * 3 + (20.0,) * 6 + (5.0,) * 3


def plain_priors() -> WaterPriors:
    """Nothing decays, nothing lags, no background, all loads reach the river, b = 0."""
    values = {
        "decay": 0.0, "diffuse_exponent": 0.0, "in_river": 1.0, "load_error": 1.0, "lag": 0.0,
        "background": 0.0, "velocity": 0.3, "velocity_exponent": 0.0, "temperature_mean": 20.0,
        "temperature_swing": 0.0, "flow_year": 0.0, "internal_share": 0.5, "codmn_per_cod": 0.5,
    }  # fmt: skip
    rows = {
        key: replace(row, distribution="fixed", a=values.get(row.quantity, row.a))
        for key, row in shipped_water_priors().rows.items()
    }
    return WaterPriors(rows)


def draws(n: int = 200, seed: int = 5, priors: WaterPriors | None = None) -> WaterDraws:
    return WaterDraws.draw(n, np.random.default_rng(seed), priors=priors)


def section(**changes: object) -> WaterSection:
    """Upstream 80 % of the water at 10 mg/L COD, a works with 1,000 t/yr, farmland with 3,000."""
    made = WaterSection(
        "桥头",
        (
            WaterSource("污水厂", "point", {"cod": 1000.0, "nh3n": 150.0, "tp": 12.0}, 10.0),
            WaterSource("农田", "farmland", {"cod": 3000.0, "nh3n": 200.0, "tp": 60.0}, 5.0),
        ),
        (
            WaterInflow(
                "上游", {"cod": 10.0, "nh3n": 0.3, "tp": 0.08}, flow_share=0.8, distance=20.0
            ),
        ),
        flow=FLOW,
        velocity=0.3,
    )
    return replace(made, **changes)  # type: ignore[arg-type]
