"""Assessment of what was observed: indicators of a year, and our AQI against the published one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from forecast.projection.air import project_air
from forecast.projection.days import wide
from forecast.projection.panel import Panel, water_results
from forecast.projection.result import IndicatorResult
from forecast.projection.settings import Settings
from forecast.standards.aqi import daily_aqi
from forecast.standards.items import AIR_ITEMS
from forecast.standards.limits import attains

__all__ = ["AqiCheck", "Assessment", "assess"]


@dataclass(frozen=True)
class AqiCheck:
    """Our AQI against the one that the source published, of one place.

    Attributes:
        n: days with both; ``within_1``: days on which they differ by at most 1.
        gas_led: days on which NO2, SO2 or CO leads and the two differ by more than 1: ``date``,
            ``aqi``, ``published``, ``primary``.
        other: the other days that differ by more than 1.
    """

    region: str
    place: str
    first: date
    last: date
    n: int
    within_1: int
    gas_led: list[dict[str, Any]]
    other: list[dict[str, Any]]


@dataclass(frozen=True)
class Assessment:
    """Indicators of one year as a table, and the checks of the AQI.

    Where days are known whose PM is taken out of the means as dust, the table has four columns
    more: ``dust`` and ``dust_other`` (``removed_where_known``, ``kept``), and ``value_other`` and
    ``value_official_other``, the value under the other treatment.
    """

    table: pd.DataFrame
    checks: list[AqiCheck]


def assess(
    panel: Panel,
    as_of: date,
    year: int | None,
    *,
    standard: str | None,
    denominator: str,
) -> Assessment:
    """Assess every place of ``panel`` for ``year`` from observed values alone.

    Without a year, every calendar year in which a place has readings is assessed, and the AQI is
    compared over the whole record.
    """
    rows: list[dict[str, Any]] = []
    checks: list[AqiCheck] = []

    def settings(of: int) -> Settings:
        return Settings(min(as_of, date(of, 12, 31)), of, standard, denominator=denominator)

    for region, place, readings in panel.cities():
        dust = panel.dust_of(region)
        years = sorted(set(readings["date"].dt.year)) if year is None else [year]
        for of in years:
            if readings["date"].min() > pd.Timestamp(settings(of).as_of):
                continue
            found = project_air(
                region, place, readings, settings(of), dust=dust, tracks=False, draw=False
            )
            rows.extend(_rows(found.results, settings(of)))
        check = _check(region, place, readings, standard, year)
        if check is not None:
            checks.append(check)
    for of in sorted(set(panel.water["time"].dt.year)) if year is None else [year]:
        for water in water_results(panel, settings(of)):
            seen = [r for r in water.results if r.observed.n_valid or year is not None]
            rows.extend(_rows(seen, settings(of)))
    columns = [*_COLUMNS, *(c for c in _DUST_COLUMNS if any(c in row for row in rows))]
    return Assessment(pd.DataFrame(rows, columns=columns), checks)


_COLUMNS = [
    "region", "place", "indicator", "unit", "year", "standard", "value", "value_official",
    "n_valid", "n_expected", "complete", "attains", "reason", "reason_en",
]  # fmt: skip

#: Only there where dust days are known: the value under the other treatment of them.
_DUST_COLUMNS = ["dust", "dust_other", "value_other", "value_official_other"]


def _rows(results: list[IndicatorResult], settings: Settings) -> list[dict[str, Any]]:
    rows = []
    for r in results:
        met: bool | None = None
        if r.domain == "air" and r.observed_judged is not None and r.sufficient:
            try:
                met = bool(np.all(attains(r.indicator, np.array([r.observed.value]), r.standard)))
            except (KeyError, ValueError):
                met = None
        rows.append(
            {
                "region": r.region, "place": r.place, "indicator": r.indicator, "unit": r.unit,
                "year": settings.year, "standard": r.standard, "value": r.observed.value,
                "value_official": r.observed.value_official, "n_valid": r.observed.n_valid,
                "n_expected": r.observed.n_expected,
                "complete": bool(settings.year_over and r.sufficient), "attains": met,
                "reason": r.reason[0], "reason_en": r.reason[1],
                **_other_dust(r),
            }
        )  # fmt: skip
    return rows


def _other_dust(result: IndicatorResult) -> dict[str, Any]:
    """The columns of the other treatment of dust days, nothing where it is the same."""
    for other in result.alternatives:
        if "dust_days" in other:
            seen = other["observed"]
            return {
                "dust": result.dust, "dust_other": other["dust"], "value_other": seen["value"],
                "value_official_other": seen["value_official"],
            }  # fmt: skip
    return {}


def _check(
    region: str, place: str, readings: pd.DataFrame, standard: str | None, year: int | None
) -> AqiCheck | None:
    published = readings[readings["item"] == "aqi_published"].set_index("date")["value"]
    published.index = pd.DatetimeIndex(published.index)
    if year is not None:
        published = published[published.index.year == year]
    if published.empty:
        return None
    values = wide(readings).reindex(published.index)
    days = published.index.to_numpy().astype("datetime64[D]")
    ours = daily_aqi(values.to_numpy(dtype=np.float64), days, AIR_ITEMS, standard)
    both = (ours.aqi >= 0) & ours.complete
    gap = np.abs(ours.aqi - published.to_numpy(dtype=np.float64))
    gases = [AIR_ITEMS.index(i) for i in ("so2", "no2", "co")]
    leads = np.asarray(ours.iaqi)
    led = (leads[:, gases].max(axis=1) == ours.aqi) & (ours.aqi > 0)
    gas_led: list[dict[str, Any]] = []
    other: list[dict[str, Any]] = []
    for at in np.flatnonzero(both & (gap > 1)):
        top = [i for k, i in enumerate(AIR_ITEMS) if leads[at, k] == ours.aqi[at]]
        row = {
            "date": str(days[at]),
            "aqi": int(ours.aqi[at]),
            "published": int(published.iloc[at]),
            "primary": "+".join(top),
        }
        (gas_led if led[at] else other).append(row)
    return AqiCheck(
        region, place, pd.Timestamp(days[0]).date(), pd.Timestamp(days[-1]).date(),
        int(both.sum()), int((both & (gap <= 1)).sum()), gas_led, other,
    )  # fmt: skip
