"""What a panel of sections says of each water item: season, scatter and memory.

A section has one sample a month and few years. How large its season, its year effects and the
drift of its level usually are is taken from a table estimated on many sections (the row of the
table names its source and the command that makes it); a panel of the user's own replaces it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache

import numpy as np

from forecast.models.pooled import read_table

__all__ = ["SEASON", "ItemFigures", "WaterFigures", "shipped_figures"]

#: Names of the coefficients of two annual harmonics, in the order of ``harmonics``.
SEASON = ("cos1", "sin1", "cos2", "sin2")


@dataclass(frozen=True)
class ItemFigures:
    """Figures of one item on the scale of the model (ln C; DO, pH and temperature as they are).

    Attributes:
        season: coefficients of the season common to sections, in the order of :data:`SEASON`.
        season_sd: how far the common season of a region lies from it (standard deviation).
        own_season_sd: how far that of a section lies from the season of its region, each harmonic.
        offset_sd: how far the long-run level of a section lies from the mean of its region.
        level_sd: standard deviation of the damped level, of which 0.8 is left after a year.
        year_sd: standard deviation of the effect of a calendar year.
        fast_sd, fast_months: size and time constant [months] of what outlasts one month.
        white_sd: standard deviation of what does not.
        scale_degrees: how alike the scatter of sections is: months of record that weigh as much.
    """

    season: tuple[float, float, float, float]
    season_sd: float
    own_season_sd: float
    offset_sd: float
    level_sd: float
    year_sd: float
    fast_sd: float
    fast_months: float
    white_sd: float
    scale_degrees: float

    def quantities(self) -> dict[str, float]:
        """Every figure by name, the season under the names of :data:`SEASON`."""
        rest = {f.name: float(getattr(self, f.name)) for f in fields(self) if f.name != "season"}
        return {**dict(zip(SEASON, self.season, strict=True)), **rest}

    @classmethod
    def from_quantities(cls, values: Mapping[str, float]) -> ItemFigures:
        """The figures from their names; the reverse of :meth:`quantities`."""
        first, second, third, fourth = (values[name] for name in SEASON)
        rest = {name: value for name, value in values.items() if name not in SEASON}
        return cls(season=(first, second, third, fourth), **rest)


@dataclass(frozen=True)
class WaterFigures:
    """Figures of every item; ``other`` stands for items that were not estimated."""

    items: Mapping[str, ItemFigures]

    def of(self, item: str) -> ItemFigures:
        """Figures of ``item``."""
        return self.items[item] if item in self.items else self.items["other"]


def typical(figures: Sequence[ItemFigures]) -> ItemFigures:
    """Figures of an item of which nothing is known: means of others, with no season expected.

    Sizes are geometric means; the season that was not expected is added to what may be.
    """
    sizes = [f.quantities() for f in figures]
    names = [f.name for f in fields(ItemFigures) if f.name != "season"]
    values = {n: float(np.exp(np.mean([np.log(s[n]) for s in sizes]))) for n in names}
    seasons = np.array([f.season for f in figures])
    values["season_sd"] = float(
        np.hypot(values["season_sd"], np.sqrt(np.mean(np.sum(seasons**2, axis=1)) / 2.0))
    )
    return ItemFigures.from_quantities({**dict.fromkeys(SEASON, 0.0), **values})


@cache
def shipped_figures() -> WaterFigures:
    """The figures that ship with the package (table ``water_ladder``)."""
    values: dict[str, dict[str, float]] = {}
    for row in read_table("water_ladder"):
        values.setdefault(row["item"], {})[row["quantity"]] = float(row["value"])
    return WaterFigures({item: ItemFigures.from_quantities(v) for item, v in values.items()})
