"""What an ingest changed, so that only that is looked at again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from forecast.ingest.hour_rules import HourLook

__all__ = ["Touched"]


@dataclass
class Touched:
    """What an ingest changed.

    Attributes:
        regions: table → source → regions.
        months: of hours, source → months.
        files: names of the contents that came in.
        looks: what the rules found in hours while days were made of them.
    """

    regions: dict[str, dict[str, set[str]]] = field(default_factory=dict)
    months: dict[str, set[str]] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)
    looks: list[HourLook] = field(default_factory=list)

    def add(self, table: str, source: str, regions: set[str]) -> None:
        """Note new or corrected readings."""
        self.regions.setdefault(table, {}).setdefault(source, set()).update(regions)
