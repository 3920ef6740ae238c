"""The scale on which a water item is modelled, and the way back.

Concentrations are modelled as ln C. Dissolved oxygen is bounded by what the water can hold: where
the temperature is measured too, the deficit below saturation is modelled and the drawn
temperature gives it back; elsewhere oxygen is taken as it is. pH is a logarithm already: its
months are means of the hydrogen ion. Going back is done path by path, so no correction for the
mean of a logarithm is needed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["PLAIN", "ItemScale", "oxygen_saturation"]

#: Items on their own scale, with the values no draw may leave [mg/L; °C; pH without unit].
PLAIN = {"do": (0.05, 25.0), "ph": (3.0, 12.0), "water_temp": (-0.5, 40.0)}
#: No drawn concentration is further from the values of its item than this factor.
_CAP = 5.0
#: Part of the months with oxygen that need a temperature for the deficit to be taken.
_WITH_TEMPERATURE = 0.7


def oxygen_saturation(temperature: NDArray[np.float64]) -> NDArray[np.float64]:
    """Oxygen that fresh water holds at sea level [mg/L] at ``temperature`` [°C], 0 to 40.

    Benson and Krause 1984 (Limnol. Oceanogr. 29:620), as in Standard Methods 4500-O.

    >>> oxygen_saturation(np.array([0.0, 20.0])).round(2).tolist()
    [14.62, 9.09]
    """
    kelvin = np.clip(temperature, -0.5, 40.0) + 273.15
    log = (
        -139.34411 + 1.575701e5 / kelvin - 6.642308e7 / kelvin**2
        + 1.243800e10 / kelvin**3 - 8.621949e11 / kelvin**4
    )  # fmt: skip
    saturation: NDArray[np.float64] = np.exp(log)
    return saturation


@dataclass(frozen=True)
class ItemScale:
    """How each column of a table of months goes to the scale of the model and back.

    Attributes:
        plain: whether a column is taken as it is, shape (column,).
        temperature: column of the temperature whose saturation oxygen is below, -1 for the others.
        low, high: bounds on the scale of the readings, shape (column,).
    """

    plain: NDArray[np.bool_]
    temperature: NDArray[np.int64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    @classmethod
    def of(cls, columns: Sequence[tuple[str, str]], table: NDArray[np.float64]) -> ItemScale:
        """The scale of the columns (place, item) of ``table`` (month, column); each has a value."""
        items = [item for _, item in columns]
        plain = np.array([item in PLAIN for item in items], dtype=bool)
        at = {name: i for i, name in enumerate(columns)}
        temperature = np.full(len(columns), -1)
        for i, (place, item) in enumerate(columns):
            warm = at.get((place, "water_temp"), -1)
            if item == "do" and warm >= 0:
                oxygen = np.isfinite(table[:, i])
                both = oxygen & np.isfinite(table[:, warm])
                if both.sum() >= _WITH_TEMPERATURE * oxygen.sum():
                    temperature[i] = warm
        low, high = np.nanmin(table, axis=0) / _CAP, np.nanmax(table, axis=0) * _CAP
        for item in set(items):
            own = np.array([i == item for i in items])
            if item in PLAIN:
                low[own], high[own] = PLAIN[item]
            else:
                # A section with few values may yet see what others have seen.
                low[own] = np.minimum(low[own], np.median(low[own]))
                high[own] = np.maximum(high[own], np.median(high[own]))
        return cls(plain, temperature, low, high)

    def part(self, at: NDArray[np.int64]) -> ItemScale:
        """The scale of some columns; oxygen goes with its temperature."""
        place = np.full(len(self.plain) + 1, -1)
        place[at] = np.arange(len(at))
        return ItemScale(self.plain[at], place[self.temperature[at]], self.low[at], self.high[at])

    def names(self, columns: Sequence[tuple[str, str]]) -> list[str]:
        """Name of the figures of each column: its item, ``do_deficit`` where that is modelled."""
        return [
            "do_deficit" if warm >= 0 else item
            for (_, item), warm in zip(columns, self.temperature, strict=True)
        ]

    def forward(
        self, table: NDArray[np.float64], months: NDArray[np.datetime64]
    ) -> NDArray[np.float64]:
        """Values (month, column) on the scale of the model, NaN kept.

        A month of oxygen without a temperature takes the mean of its calendar month.
        """
        out = np.where(self.plain, table, np.log(np.where(self.plain, 1.0, table)))
        calendar = months.astype("datetime64[M]").astype(np.int64) % 12
        for i in np.flatnonzero(self.temperature >= 0):
            warm = table[:, self.temperature[i]].copy()
            for month in range(12):
                own = calendar == month
                known = warm[own & np.isfinite(warm)]
                usual = known.mean() if len(known) else np.nanmean(table[:, self.temperature[i]])
                warm[own & ~np.isfinite(warm)] = usual
            out[:, i] = oxygen_saturation(warm) - table[:, i]
        return out

    def back(self, drawn: NDArray[np.float32]) -> NDArray[np.float32]:
        """Drawn values (path, month, column) on the scale of the readings; changed in place."""
        with np.errstate(over="ignore"):
            for i in np.flatnonzero(~self.plain):
                np.exp(drawn[:, :, i], out=drawn[:, :, i])
        for i in np.flatnonzero(self.temperature >= 0):
            warm = drawn[:, :, self.temperature[i]].astype(np.float64)
            drawn[:, :, i] = oxygen_saturation(warm) - drawn[:, :, i]
        np.clip(drawn, self.low.astype(np.float32), self.high.astype(np.float32), out=drawn)
        return drawn
