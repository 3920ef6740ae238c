"""Which unit a column without one is probably in, from its typical value; never more than a proposal.

Judgement: the middle value of a month or more of routine monitoring in China lies within these bounds. A
unit is proposed where its conversion puts the median there; where two do, a person has to say.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from forecast.ingest.readers.units import conversion
from forecast.standards.items import ITEMS

__all__ = ["probable_units"]

#: Item → lowest and highest median, in the unit of the item.
_TYPICAL: dict[str, tuple[float, float]] = {
    "so2": (1, 300), "no2": (2, 200), "pm10": (8, 800), "pm25": (4, 500), "co": (0.1, 8),
    "o3_8h": (8, 300), "o3_1h": (8, 350), "o3_24h": (5, 200), "do": (0.5, 20),
    "codmn": (0.3, 50), "cod": (2, 300), "bod5": (0.2, 60), "nh3n": (0.01, 15),
    "tp": (0.004, 2), "tn": (0.1, 40), "no3n": (0.05, 30), "chla": (0.0003, 0.2),
    "conductivity": (30, 5000), "flow": (0.01, 50_000), "secchi": (0.05, 20),
    "water_temp": (0, 35), "temp_mean": (-25, 33), "temp_max": (-20, 42), "temp_min": (-32, 30),
    "dew_point": (-35, 28), "surface_temp": (-30, 45), "rh": (8, 100), "pressure": (500, 1060),
    "pressure_sea": (980, 1050), "wind_speed": (0.4, 9), "wind_gust": (2, 25),
    "radiation": (2, 32), "cloud": (5, 100), "visibility": (0.5, 60),
}  # fmt: skip

#: Units in use in this country; a foot or a °F is never proposed, only read where it is written.
_IN_USE: dict[str, tuple[str, ...]] = {
    "µg/m³": ("µg/m³", "mg/m³"),
    "mg/m³": ("mg/m³", "µg/m³"),
    "mg/L": ("mg/L", "µg/L"),
    "°C": ("°C", "K", "0.1°C"),
    "hPa": ("hPa", "Pa", "kPa"),
    "m/s": ("m/s", "0.1m/s"),
    "%": ("%", "1"),
    "MJ/m²": ("MJ/m²", "J/m²", "kJ/m²"),
    "µS/cm": ("µS/cm", "mS/m"),
    "km": ("km", "m"),
    "m": ("m", "cm"),
}

#: Units of which there is one only.
_PLAIN = frozenset(["-", "index", "1..6", "°", "NTU", "cells/L", "count/L"])


def probable_units(item: str, values: NDArray[np.float64]) -> tuple[str, ...]:
    """Return the units that a column of ``item`` can be in, the most usual first.

    Args:
        item: code of the item.
        values: its numbers as they stand in the file, NaN where missing.

    Returns:
        One unit where it is clear, several or none where it isn't.

    >>> probable_units("co", np.array([800.0, 900.0])), probable_units("pm25", np.array([0.05]))
    (('µg/m³',), ('mg/m³',))
    """
    own = ITEMS[item].unit
    if own in _PLAIN:
        return (own,)
    there = values[~np.isnan(values)]
    if item not in _TYPICAL or not len(there):
        # Rain, sunshine and the like are near 0 on most days: their values say nothing.
        return ()
    low, high = _TYPICAL[item]
    median = np.array([np.median(there)])
    found = []
    for unit in _IN_USE.get(own, (own,)):
        way = conversion(unit, own)
        if way is not None and low <= float(way(median)[0]) <= high:
            found.append(unit)
    return tuple(found)
