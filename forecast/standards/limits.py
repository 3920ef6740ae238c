"""Limits of GB 3095 by item, averaging time, class and phase, and who attains them.

GB 3095-2012 and GB 3095-2026 Tables 1 and 2 (verified). Class 2 holds for cities. An annual
statistic is judged after rounding: PM2.5 30.5 is 30 and attains 30, 30.6 does not (third party).
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forecast.standards.judgement import compare, judged_value
from forecast.standards.published_tables import table_rows
from forecast.standards.versions import resolve

__all__ = ["PERCENTILES", "air_limit", "attains", "indicator_limit", "item_attains"]

#: Percentile of the annual assessment of each item [%] (HJ 663; 2013 from memory, 2026 secondary).
PERCENTILES: dict[str, int] = {
    "so2": 98, "no2": 98, "pm10": 95, "pm25": 95, "co": 95, "o3_8h": 90,
}  # fmt: skip


@cache
def air_limit(item: str, averaging: str, standard: str, air_class: int = 2) -> float:
    """Limit of ``item`` [µg/m³, CO mg/m³].

    Args:
        item: so2, no2, co, o3, pm10, pm25, tsp, nox, pb or bap (o3_8h and o3_1h mean o3).
        averaging: year, quarter, 24h, 8h or 1h.
        standard: any token of a version.
        air_class: 1 (nature reserves) or 2 (everywhere else).

    Raises:
        KeyError: there is no such limit.

    >>> air_limit("pm25", "year", "GB 3095-2012"), air_limit("pm25", "year", "GB 3095-2026")
    (35.0, 30.0)
    """
    code = "o3" if item in ("o3_8h", "o3_1h") else item
    for row in table_rows("air_limits"):
        if row["item"] == code and row["averaging"] == averaging:
            return float(row[f"class{air_class}_{resolve(standard).phase}"])
    raise KeyError((item, averaging))


def indicator_limit(name: str, standard: str, air_class: int = 2) -> float | None:
    """Limit of an annual air indicator (pm25_annual_mean, o3_8h_p90 …); None where it has none."""
    if name.endswith("_annual_mean"):
        return air_limit(name.removesuffix("_annual_mean"), "year", standard, air_class)
    item, _, percentile = name.rpartition("_p")
    if item in PERCENTILES and percentile == str(PERCENTILES[item]):
        return air_limit(item, "8h" if item == "o3_8h" else "24h", standard, air_class)
    return None


def attains(name: str, values: ArrayLike, standard: str, air_class: int = 2) -> NDArray[np.bool_]:
    """Say for each value of indicator ``name`` whether, rounded, it is within its limit.

    Raises:
        KeyError: the indicator has no limit in GB 3095.

    >>> bool(attains("o3_8h_p90", 160.5, "GB 3095-2012"))
    True
    """
    limit = indicator_limit(name, standard, air_class)
    if limit is None:
        raise KeyError(name)
    return compare(judged_value(name, np.asarray(values)), "<=", limit)


def item_attains(
    item: str, mean: ArrayLike, percentile: ArrayLike, standard: str, air_class: int = 2
) -> NDArray[np.bool_]:
    """Annual attainment of an item: its mean and its percentile are both within limits.

    CO and O3 have no annual mean; theirs is ignored. From memory; a city attains if all six do.
    """
    within = attains(f"{item}_p{PERCENTILES[item]}", percentile, standard, air_class)
    if item in ("co", "o3_8h"):
        return within
    return within & attains(f"{item}_annual_mean", mean, standard, air_class)
