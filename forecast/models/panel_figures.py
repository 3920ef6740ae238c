"""Figures of the plain panel model, pooled over many cities, for those who have one or few."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache

from forecast.models.pooled import read_table

__all__ = ["PanelFigures", "PanelItem", "shipped_panel"]


@dataclass(frozen=True)
class PanelItem:
    """What many cities say of one item in the plain panel model; logs are natural.

    Attributes:
        trend: mean over cities of the slope of ln C [1/year].
        trend_sd: standard deviation of true slopes between cities [1/year].
        year_sd: standard deviation of a year's mean residual about the trend of its city.
        tau: standard deviation of the slow error of the first year ahead.
        tau_second: the same of the second year.
    """

    trend: float
    trend_sd: float
    year_sd: float
    tau: float
    tau_second: float

    def __post_init__(self) -> None:
        for field in fields(self):
            if field.name != "trend" and not getattr(self, field.name) > 0.0:
                raise ValueError(f"{field.name} must be above 0, got {getattr(self, field.name)}")


@dataclass(frozen=True)
class PanelFigures:
    """Pooled figures of every item.

    Attributes:
        by_item: item code to its figures; ``pm25`` has to be among them.
    """

    by_item: Mapping[str, PanelItem]

    def item(self, name: str) -> PanelItem:
        """Figures of ``name``; an item that was not pooled gets those of PM2.5."""
        return self.by_item.get(name, self.by_item["pm25"])


@cache
def shipped_panel() -> PanelFigures:
    """The figures that ship with the package (table ``panel_pooled``)."""
    values: dict[str, dict[str, float]] = {}
    for row in read_table("panel_pooled"):
        values.setdefault(row["item"], {})[row["quantity"]] = float(row["value"])
    return PanelFigures({item: PanelItem(**own) for item, own in values.items()})
