"""The quality rules on hours, run beside the making of days, month by month or months together."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecast.ingest.hour_blocks import HourBlock
from forecast.ingest.points import points_of
from forecast.quality.find import find_hourly
from forecast.quality.hour_grid import HourGrid

__all__ = ["HourLook", "HourRules"]

_HOUR = np.timedelta64(3600, "s")

#: Months of hours are looked at together up to so many place-hours: a rule that compares months
#: needs several, a year of the nation does not fit into memory.
_TOGETHER = 1_000_000


@dataclass(frozen=True)
class HourLook:
    """What the rules found in the hours of one source in some months (``2023-01``)."""

    source: str
    months: frozenset[str]
    found: pd.DataFrame


class HourRules:
    """Runs the rules on blocks of hours as they are seen, one group of months at a time.

    Args:
        sites: the table of sites, for the city of each point.
    """

    def __init__(self, sites: pd.DataFrame) -> None:
        self._sites = sites
        self._blocks: list[HourBlock] = []
        self._looks: list[Future[HourLook]] = []
        self._pool = ThreadPoolExecutor(max_workers=1)

    def see(self, block: HourBlock) -> None:
        """Look at ``block``, alone or with others of its source; it must not be changed later."""
        size = sum(_size(one) for one in self._blocks) + _size(block)
        if self._blocks and (self._blocks[0].source != block.source or size > _TOGETHER):
            self._look()
        self._blocks.append(block)

    def finish(self) -> list[HourLook]:
        """Return what was found in all blocks seen."""
        self._look()
        with self._pool:
            return [look.result() for look in self._looks]

    def _look(self) -> None:
        if not self._blocks:
            return
        if self._looks:
            # One group at a time is held beside the one that is being made.
            self._looks[-1].result()
        self._looks.append(self._pool.submit(_found, self._blocks, self._sites))
        self._blocks = []


def _size(block: HourBlock) -> int:
    return len(block.place) * len(block.days) * 24


def _found(blocks: list[HourBlock], sites: pd.DataFrame) -> HourLook:
    grid, regions = _grid(blocks, sites)
    found = find_hourly(grid)
    # Points are compared within their city; the flag names the region of the readings.
    own = dict(zip(zip(grid.region, grid.place, strict=True), regions, strict=True))
    keys = zip(found["region"], found["place"], strict=True)
    found = found.assign(
        region=pd.Series([own[key] for key in keys], dtype="str", index=found.index)
    )
    months = frozenset(str(block.days[0].astype("datetime64[M]")) for block in blocks)
    return HourLook(blocks[0].source, months, found)


def _grid(blocks: list[HourBlock], sites: pd.DataFrame) -> tuple[HourGrid, list[str]]:
    """Return all blocks as one grid from their first to their last hour, and the own regions."""
    start = min(block.days[0] for block in blocks)
    n_hours = 24 * (int((max(b.days[-1] for b in blocks) - start) // np.timedelta64(1, "D")) + 1)
    names: dict[tuple[str, str], int] = {}
    cities: dict[tuple[str, str], str] = {}
    for block in blocks:
        pairs = list(zip(block.region, block.place, strict=True))
        for pair in pairs:
            names.setdefault(pair, len(names))
        points = points_of(
            sites, block.source, block.region, block.place,
            np.flatnonzero(block.place_kind != "city"),
        )  # fmt: skip
        # Of a point that moved from city to city, the last one of these months.
        begun = ~(points["valid_from"] > pd.Timestamp(block.days[-1]))
        for at, city in zip(points["at"][begun], points["city"][begun], strict=True):
            cities[pairs[at]] = city
    if len(blocks) == 1 and len(names) == len(blocks[0].place):
        values = blocks[0].values.reshape(len(names), n_hours, -1)
    else:
        n_items = blocks[0].values.shape[-1]
        values = np.moveaxis(np.full((n_items, len(names), n_hours), np.nan), 0, -1)
        for block in blocks:
            at = [names[pair] for pair in zip(block.region, block.place, strict=True)]
            offset = int((block.days[0] - start) // _HOUR)
            length = 24 * len(block.days)
            values[at, offset : offset + length] = block.values.reshape(len(at), length, -1)
    pairs = list(names)
    grid = HourGrid(
        np.array([cities.get(pair, pair[0]) for pair in pairs], dtype=object),
        np.array([pair[1] for pair in pairs], dtype=object),
        start + (np.arange(n_hours) + 1) * _HOUR,
        values,
    )
    return grid, [pair[0] for pair in pairs]
