"""Made years and packages of which the answer is known by hand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.standards.items import AIR_ITEMS
from forecast.targets.model import Target

LEVELS = np.array([10.0, 30.0, 70.0, 40.0, 0.8, 110.0])
PM25, O3 = AIR_ITEMS.index("pm25"), AIR_ITEMS.index("o3_8h")


def days_of(year: int) -> NDArray[np.datetime64]:
    return np.arange(f"{year}-01-01", f"{year + 1}-01-01", dtype="datetime64[D]")


def noisy(year: int, n: int, seed: int = 0, spread: float = 0.5) -> NDArray[np.float32]:
    """Paths of a year around ``LEVELS``, rounded to a decimal as readings are."""
    rng = np.random.default_rng(seed)
    n_days = len(days_of(year))
    drawn = rng.normal(0, spread, (n, n_days, 6)) + rng.normal(0, 0.08, (n, 1, 6))
    return np.round(LEVELS * np.exp(drawn), 1).astype(np.float32)


def steady(year: int, pm25: NDArray[np.float64], o3: float = 100.0) -> NDArray[np.float32]:
    """Paths whose every day is alike, PM2.5 of each path as given."""
    values = np.empty((len(pm25), len(days_of(year)), 6), dtype=np.float32)
    values[:] = (10.0, 30.0, 60.0, 0.0, 0.8, o3)
    values[:, :, PM25] = pm25[:, None]
    return values


def target(indicator: str, comparator: str, value: float, **more: Any) -> Target:
    given: dict[str, Any] = {
        "id": f"t-{indicator.replace('_', '-')}", "domain": "air", "label_zh": "目标",
        "label_en": "the target", "kind": "threshold", "unit": "µg/m³", "year": 2025,
    }  # fmt: skip
    return Target(indicator=indicator, comparator=comparator, value=value, **{**given, **more})


@dataclass(frozen=True)
class Cut:
    """PM2.5 falls by λ·effect, ozone rises by λ·rise (by regime), from a day on; no background."""

    effect: NDArray[np.float64]
    n_days: int = 365
    start: int = 0
    rise: float = 0.0
    regimes: dict[str, float] | None = None

    def __call__(
        self,
        *,
        scale: float = 1.0,
        frozen: frozenset[str] = frozenset(),
        regime: str | None = None,
    ) -> Any:
        effect = self.effect
        if "sensitivity" in frozen:
            effect = np.full_like(effect, np.median(effect))
        values = np.ones((len(effect), self.n_days, 6), dtype=np.float32)
        values[:, self.start :, PM25] = np.maximum(1.0 - scale * effect, 0.0)[:, None]
        rise = self.rise if regime is None or self.regimes is None else self.regimes[regime]
        values[:, self.start :, O3] = 1.0 + scale * rise
        return SimpleNamespace(values=values, background=np.zeros((1, 1, 6), dtype=np.float32))

    def exchanged(self, component: str, index: NDArray[np.int64]) -> Cut:
        """All there is to exchange is the effect, a sensitivity."""
        return replace(self, effect=self.effect[index]) if component == "sensitivity" else self
