"""Loads, mixing and decay in a river: the exact parts of the water response.

Units: loads t/yr or g/s, flows m³/s, concentrations mg/L (= g/m³), distances km, velocities m/s,
decay constants 1/d, temperatures °C. Formulas: completely mixed inflows and first-order decay along
the river, as in the Chinese guides on water environmental capacity and in Chapra (1997), Surface
Water-Quality Modeling.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forecast.errors import InputError

__all__ = [
    "LOAD_UNITS",
    "concentration_of_load",
    "decay_rate",
    "load_gs",
    "mixed",
    "remaining",
    "tonnes_per_year",
]

#: Grams a second of one tonne a year of 365 days: 0.03171.
_GS_PER_T = 1e6 / (365.0 * 86400.0)
#: Kilometres a day of one metre a second.
_KM_PER_DAY = 86.4
#: The decay constants are given at this temperature [°C].
_REFERENCE_TEMPERATURE = 20.0

#: Tonnes a year of one unit in which inventories write loads.
LOAD_UNITS: dict[str, float] = {
    "t/yr": 1.0,
    "t/a": 1.0,
    "吨/年": 1.0,
    "10^4 t/yr": 1e4,
    "万吨/年": 1e4,
    "kg/d": 0.365,
    "kg/yr": 1e-3,
    "t/d": 365.0,
    "吨/日": 365.0,
    "g/s": 1.0 / _GS_PER_T,
}


def tonnes_per_year(value: float, unit: str) -> float:
    """Load [t/yr] of ``value`` in ``unit``, one of :data:`LOAD_UNITS`.

    Raises:
        InputError: the unit is not known.

    >>> tonnes_per_year(1.13, "万吨/年")
    11300.0
    """
    if unit not in LOAD_UNITS:
        raise InputError(
            f"The unit {unit!r} of a load is not known.", f"Known units: {', '.join(LOAD_UNITS)}."
        )
    return float(f"{value * LOAD_UNITS[unit]:.12g}")


def load_gs(tonnes: ArrayLike) -> NDArray[np.float64]:
    """Load [g/s] of a load in t/yr.

    >>> round(float(load_gs(1000.0)), 2)
    31.71
    """
    return np.asarray(tonnes, dtype=np.float64) * _GS_PER_T


def concentration_of_load(tonnes: ArrayLike, flow: ArrayLike) -> NDArray[np.float64]:
    """Concentration [mg/L] that a load [t/yr] makes in a flow [m³/s].

    >>> round(float(concentration_of_load(1000.0, 10.0)), 2)
    3.17
    """
    return np.asarray(load_gs(tonnes) / np.asarray(flow, dtype=np.float64))


def mixed(flows: ArrayLike, concentrations: ArrayLike) -> NDArray[np.float64]:
    """Concentration [mg/L] of waters that mix completely; the last axis runs over the waters.

    >>> round(float(mixed([10.0, 1.0], [15.0, 50.0])), 2)
    18.18
    """
    q = np.asarray(flows, dtype=np.float64)
    c = np.asarray(concentrations, dtype=np.float64)
    return np.asarray((q * c).sum(axis=-1) / q.sum(axis=-1))


def decay_rate(
    k: ArrayLike, velocity: ArrayLike, *, theta: ArrayLike = 1.0, temperature: ArrayLike = 20.0
) -> NDArray[np.float64]:
    """Decay along the river K = k·θ^(T − 20)/(86.4 u) [1/km].

    Args:
        k: decay constant at 20 °C [1/d].
        velocity: u [m/s], positive.
        theta: temperature coefficient θ [-].
        temperature: T of the water [°C].
    """
    warmth = np.asarray(temperature, dtype=np.float64) - _REFERENCE_TEMPERATURE
    rate = np.asarray(k, dtype=np.float64) * np.asarray(theta, dtype=np.float64) ** warmth
    return np.asarray(rate / (_KM_PER_DAY * np.asarray(velocity, dtype=np.float64)))


def remaining(
    k: ArrayLike,
    distance: ArrayLike,
    velocity: ArrayLike,
    *,
    theta: ArrayLike = 1.0,
    temperature: ArrayLike = 20.0,
) -> NDArray[np.float64]:
    """Share e^(−K x) that is left after ``distance`` [km]; arguments of :func:`decay_rate`.

    >>> round(float(30 * remaining(0.2, 20.0, 0.3)), 2)
    25.71
    """
    rate = decay_rate(k, velocity, theta=theta, temperature=temperature)
    return np.asarray(np.exp(-rate * np.asarray(distance, dtype=np.float64)))
