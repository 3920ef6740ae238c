"""Draws of the parameters of the water response: draw i goes with path i.

Every quantity has a stream of its own, named by what it is, where and for what. So a draw depends
neither on the order of the sections nor on what else is described, and two scenarios that share a
:class:`WaterDraws` differ by their cuts alone. Half of the variance of a quantity is common to all
sections: what is wrong about a default is wrong everywhere.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from forecast.errors import UsageError
from forecast.scenario.water_priors import GROUPS, WaterPriors, shipped_water_priors
from forecast.scenario.water_sections import WaterSection, Yearly

__all__ = ["MONTH_SHARES", "SectionDraws", "WaterDraws", "section_draws"]

#: Share of the variance of a quantity that is common to all sections (judgement).
_COMMON = 0.5
#: Lengths of the months as shares of a year of 365 days.
MONTH_SHARES: NDArray[np.float64] = (
    np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], dtype=np.float64) / 365.0
)
#: Month of the warmest water where no temperature is given: end of July (judgement).
_WARMEST = 7.0


@dataclass(frozen=True)
class WaterDraws:
    """Parameters of all sections, drawn when asked for.

    Attributes:
        n: number of draws, that of the paths.
        root: what every stream is made from.
        priors: the distributions.
        frozen: groups of quantities that are held at their medians.
    """

    n: int
    root: tuple[int, ...]
    priors: WaterPriors = field(default_factory=shipped_water_priors)
    frozen: frozenset[str] = frozenset()

    @classmethod
    def draw(
        cls, n: int, rng: np.random.Generator, *, priors: WaterPriors | None = None
    ) -> WaterDraws:
        """``n`` draws; the generator gives two numbers from which all streams are made."""
        root = tuple(int(v) for v in rng.integers(2**63, size=2))
        return cls(n, root, priors or shipped_water_priors())

    def without(self, *groups: str) -> WaterDraws:
        """The same draws with the uncertainty of ``groups`` turned off (:data:`GROUPS`).

        Raises:
            UsageError: a group is not known.
        """
        for group in groups:
            if group not in GROUPS:
                raise UsageError(
                    f"There is no group of water parameters called {group!r}.",
                    f"Known groups: {', '.join(GROUPS)}.",
                )
        return replace(self, frozen=self.frozen | set(groups))

    def normals(self, *names: str) -> NDArray[np.float64]:
        """Standard normals of the stream called ``names``, shape (draw,)."""
        digest = hashlib.sha256("\x1f".join(names).encode()).digest()
        key = [int.from_bytes(digest[i : i + 4], "little") for i in range(0, 16, 4)]
        return np.random.default_rng([*self.root, *key]).standard_normal(self.n)

    def scores(self, common: tuple[str, ...], own: tuple[str, ...]) -> NDArray[np.float64]:
        """Standard normals of which a part is common to all with the same ``common`` names."""
        shared = self.normals("common", *common)
        return np.asarray(
            np.sqrt(_COMMON) * shared + np.sqrt(1.0 - _COMMON) * self.normals("own", *common, *own)
        )

    def value(
        self, quantity: str, *, item: str = "", kind: str = "", at: str = ""
    ) -> NDArray[np.float64]:
        """Draws of one quantity, shape (draw,).

        Args:
            at: the section or source whose own part enters.
        """
        prior = self.priors.of(quantity, item=item, kind=kind)
        if prior.group in self.frozen or prior.distribution == "fixed":
            return prior.quantile(np.zeros(self.n))
        return prior.quantile(self.scores((quantity, prior.item, prior.kind), (at,)))


@dataclass(frozen=True)
class SectionDraws:
    """Water of a section in the months of a typical year and of the year drawn.

    Attributes:
        flow: typical flow of the months, (draw, 12) [m³/s]; its mean is 1 where the level is not
            known.
        level_known: whether ``flow`` is in m³/s.
        flow_drawn: flow of the months of the year drawn, (draw, 12), on the scale of ``flow``.
        velocity: at the typical flow of each month, (draw, 12) [m/s].
        velocity_exponent: of velocity over flow, (draw,).
        temperature: (draw, 12) [°C].
        diffuse_exponent: b of C ∝ Q^b, (draw,).
    """

    flow: NDArray[np.float64]
    level_known: bool
    flow_drawn: NDArray[np.float64]
    velocity: NDArray[np.float64]
    velocity_exponent: NDArray[np.float64]
    temperature: NDArray[np.float64]
    diffuse_exponent: NDArray[np.float64]


def section_draws(section: WaterSection, draws: WaterDraws) -> SectionDraws:
    """Draw what is not known of the water of a section, and spread what is."""
    n, at = draws.n, section.name
    flow, level_known = _typical_flow(section, draws)
    spread = draws.value("flow_year")[:, None]
    exponent = draws.value("velocity_exponent", at=at)
    velocity = (
        _twelve(section.velocity, n)
        if section.velocity is not None
        else np.repeat(draws.value("velocity", at=at)[:, None], 12, axis=1)
    )
    if not isinstance(section.velocity, tuple):
        # One value holds at the mean flow; months with less water are slower.
        mean = (flow * MONTH_SHARES).sum(axis=1, keepdims=True)
        velocity = velocity * (flow / mean) ** exponent[:, None]
    return SectionDraws(
        flow, level_known, flow * np.exp(spread * _flow_scores(section, draws)), velocity,
        exponent, _temperature(section, draws), draws.value("diffuse_exponent", at=at),
    )  # fmt: skip


def _twelve(value: Yearly, n: int) -> NDArray[np.float64]:
    values = np.asarray(value if isinstance(value, tuple) else [value] * 12, dtype=np.float64)
    return np.repeat(values[None], n, axis=0)


def _typical_flow(section: WaterSection, draws: WaterDraws) -> tuple[NDArray[np.float64], bool]:
    """Typical flow of the months; where it is not known, plausible seasons of a monsoon climate."""
    if isinstance(section.flow, tuple):
        return _twelve(section.flow, draws.n), True
    at = section.name
    swing = draws.value("flow_swing", at=at)[:, None]
    peak = draws.value("flow_peak", at=at)[:, None]
    month = np.arange(1.0, 13.0)
    log = swing * np.cos(2.0 * np.pi * (month - peak) / 12.0)
    if "flow" not in draws.frozen:
        rough = np.stack([draws.normals("flow_rough", at, str(m)) for m in range(12)], axis=1)
        log = log + draws.value("flow_rough")[:, None] * rough
    shape = np.exp(log)
    shape /= (shape * MONTH_SHARES).sum(axis=1, keepdims=True)
    return shape * (section.flow or 1.0), section.flow is not None


def _flow_scores(section: WaterSection, draws: WaterDraws) -> NDArray[np.float64]:
    """Normal scores of the flows of the year drawn, (draw, 12); half is common to its months."""
    if "flow" in draws.frozen:
        return np.zeros((draws.n, 12))
    year = draws.scores(("flow_year",), (section.name,))[:, None]
    month = np.stack(
        [draws.scores(("flow_month", str(m)), (section.name,)) for m in range(12)], axis=1
    )
    return np.asarray((year + month) * np.sqrt(0.5))


def _temperature(section: WaterSection, draws: WaterDraws) -> NDArray[np.float64]:
    if section.temperature is not None:
        return _twelve(section.temperature, draws.n)
    mean = draws.value("temperature_mean", at=section.name)[:, None]
    swing = draws.value("temperature_swing", at=section.name)[:, None]
    season = np.cos(2.0 * np.pi * (np.arange(1.0, 13.0) - _WARMEST) / 12.0)
    return np.maximum(mean + swing * season, 0.0)
