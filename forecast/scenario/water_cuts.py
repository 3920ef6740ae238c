"""Cuts of water loads by month: of a kind of source, of one source, or of what comes from upstream."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from forecast.errors import InputError
from forecast.scenario.water_sections import RESPONSE_ITEMS, SOURCE_KINDS, UPSTREAM

__all__ = ["WaterCut", "WaterCuts", "monthly_cuts"]

_KINDS = (*SOURCE_KINDS, UPSTREAM)


@dataclass(frozen=True)
class WaterCut:
    """What a measure takes from the load of a source.

    Attributes:
        values: cut fraction of the load (0 unchanged, 1 all of it, negative growth), shape
            (draw, month) or (1, month).
        kind: kind of the sources it holds for, ``upstream`` for inflows; empty for all kinds.
        source: name of the one source or inflow it holds for; empty for all of the kind.
        item: item of the load (``cod``, ``nh3n``, ``tp``, ``tn``; capitals as in inventories
            will do); empty for all.
        level: what the cut is on the days on which it acts, (draw or 1, month) as ``values``; in the
            month in which a record ends what is in place on its last day. None: ``values``, which is
            right for a cut of all seasons.
        season: part of each calendar month on which it acts, January first, shape (12,); None: all.
    """

    values: NDArray[np.float64]
    kind: str = ""
    source: str = ""
    item: str = ""
    level: NDArray[np.float64] | None = None
    season: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "item", self.item.lower())
        object.__setattr__(self, "values", np.asarray(self.values, dtype=np.float64))
        name = self.source or self.kind or "all sources"
        if self.season is not None and (self.level is None or self.season.shape != (12,)):
            raise InputError(
                f"The cut of {name} has a season, but not its level or not twelve months of it.",
                "Give the level by month and one part for each month from January to December.",
            )
        if self.kind and self.kind not in _KINDS:
            raise InputError(
                f"A cut is of sources of the kind {self.kind!r}.",
                f"Known kinds: {', '.join(_KINDS)}.",
            )
        if self.item and self.item not in RESPONSE_ITEMS:
            raise InputError(
                f"The cut of {name} names the item {self.item!r}, which has no water response.",
                f"Known items: {', '.join(RESPONSE_ITEMS)}.",
            )
        if self.values.ndim != 2:
            raise InputError(
                f"The cut of {name} has shape {self.values.shape}.", "Expected is (draw, month)."
            )
        if not np.isfinite(self.values).all():
            raise InputError(f"The cut of {name} holds a value that is no number.", "Remove it.")
        if (self.values > 1.0).any():
            raise InputError(
                f"The cut of {name} is {100 * self.values.max():.0f} % of the load.",
                "No more than 100 % can be cut; write 0.3 for 30 %.",
            )

    def holds_for(self, kind: str, name: str, item: str) -> bool:
        """Whether a source or inflow, and an item of it, is cut."""
        # A cut of all kinds is one of the sources at hand, not of what comes from elsewhere.
        own_kind = kind == self.kind if self.kind else kind != UPSTREAM or bool(self.source)
        return own_kind and self.source in ("", name) and self.item in ("", item)

    def moved(self, months: NDArray[np.datetime64], shift: int) -> NDArray[np.float64]:
        """The level of every month in the season of the month that lies ``shift`` months after it."""
        level = self.values if self.level is None else self.level
        if self.season is None:
            return level
        return np.asarray(level * self.season[(months.astype(np.int64) + shift) % 12])


@dataclass(frozen=True)
class WaterCuts:
    """All cuts of a scenario.

    Attributes:
        months: consecutive months, datetime64[M], shape (month,); they may begin before the months
            that are forecast, with the first cut.
        cuts: several cuts of one source apply one after the other to what is left.
    """

    months: NDArray[np.datetime64]
    cuts: tuple[WaterCut, ...] = ()

    def __post_init__(self) -> None:
        months = np.asarray(self.months).astype("datetime64[M]")
        object.__setattr__(self, "months", months)
        if len(months) == 0 or (np.diff(months).astype(np.int64) != 1).any():
            raise InputError(
                "The months of the cuts do not follow one another.", "Give every month once."
            )
        for cut in self.cuts:
            level = cut.values if cut.level is None else cut.level
            wrong = {cut.values.shape[1], level.shape[1]} - {len(months)}
            if wrong:
                raise InputError(
                    f"A cut has {wrong.pop()} months where {len(months)} are named.",
                    "Give one value a month.",
                )

    @property
    def seasonal(self) -> bool:
        """Whether a cut acts in a part of the year alone."""
        return any(c.season is not None for c in self.cuts)

    def scaled(self, scale: float) -> WaterCuts:
        """The same cuts times ``scale``, at most all of a load.

        All of a cut is scaled. For measures that a record holds in part, draw the cuts at the scale
        (``water_cuts_of``).
        """

        def times(values: NDArray[np.float64]) -> NDArray[np.float64]:
            return np.asarray(np.minimum(values * scale, 1.0))

        return WaterCuts(
            self.months,
            tuple(
                replace(
                    c, values=times(c.values), level=None if c.level is None else times(c.level)
                )
                for c in self.cuts
            ),
        )

    def of(
        self, kind: str, name: str, item: str, shift: int | None = None
    ) -> NDArray[np.float64] | None:
        """Cut of one source or inflow, (draw or 1, month); None where nothing holds for it.

        Args:
            shift: not None: the level of each month, in the season that comes so many months later.
        """
        own = [
            c.values if shift is None else c.moved(self.months, shift)
            for c in self.cuts
            if c.holds_for(kind, name, item)
        ]
        if not own:
            return None
        if len(own) == 1:
            return own[0]
        left = 1.0 - own[0]
        for values in own[1:]:
            left = left * (1.0 - values)
        # 1 − (1 − 0)·(1 − 0) is exactly 0: nothing is cut where no measure acts.
        return np.asarray(1.0 - left)


def monthly_cuts(
    days: NDArray[np.datetime64], values: NDArray[np.float64]
) -> tuple[NDArray[np.datetime64], NDArray[np.float64]]:
    """Means over months of cuts by day.

    Args:
        days: consecutive days, datetime64[D], shape (day,).
        values: (draw, day).

    Returns:
        The months, and the mean over those of their days that are given, (draw, month).

    >>> days = np.arange("2025-04-21", "2025-06-01", dtype="datetime64[D]")
    >>> cut = np.where(days >= np.datetime64("2025-05-17"), 0.31, 0.0)[None]
    >>> months, values = monthly_cuts(days, cut)
    >>> months.astype(str).tolist(), values.round(3).tolist()
    (['2025-04', '2025-05'], [[0.0, 0.15]])
    """
    if len(days) == 0 or (np.diff(days.astype("datetime64[D]")).astype(np.int64) != 1).any():
        raise InputError("The days of the cuts do not follow one another.", "Give every day once.")
    months = days.astype("datetime64[M]")
    starts: Sequence[int] = np.flatnonzero(np.diff(months, prepend=months[0] - 1)).tolist()
    sums = np.add.reduceat(values, starts, axis=1)
    counts = np.diff([*starts, len(days)])
    return months[starts], sums / counts
