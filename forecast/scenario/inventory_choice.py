"""Which inventory a scenario stands on: written into its file, or in the workspace's table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from forecast.errors import InputError
from forecast.scenario.inventory import Inventory
from forecast.scenario.scenario_model import Scenario

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["inventories_of", "inventory_for"]


def inventory_for(scenario: Scenario, table: pd.DataFrame | None) -> Inventory | None:
    """Return the inventory a scenario stands on: the one written into its file, else the table's.

    Args:
        scenario: its ``[[emissions]]`` come first, its ``[inventory]`` picks year and source.
        table: the workspace's ``emissions``; None or empty: there is none.

    Raises:
        InputError: the year or source asked is not there; amounts that can't be right.
    """
    choice = scenario.inventory
    own = scenario.own_emissions()
    if own:
        year = max(own) if choice.year is None else choice.year
        if year in own:
            return Inventory.of(
                scenario.region, year, own[year], source=scenario.source, ranges=choice.ranges
            )
    if table is None or table.empty:
        return None
    return Inventory.from_table(
        table, scenario.region, year=choice.year, source=choice.source, ranges=choice.ranges
    )


def inventories_of(scenario: Scenario, table: pd.DataFrame | None) -> dict[int, Inventory]:
    """Return the inventories of all years that the file or the table has, the file's first.

    Years that the table tells in contradictory ways are left out.
    """
    found: dict[int, Inventory] = {}
    if table is not None and not table.empty:
        for year in sorted({int(y) for y in table["year"]}):
            try:
                one = Inventory.from_table(
                    table, scenario.region, year=year, source=scenario.inventory.source
                )
            except InputError:
                continue
            if one is not None:
                found[year] = one
    for year, own in scenario.own_emissions().items():
        found[year] = Inventory.of(scenario.region, year, own, source=scenario.source)
    return found
