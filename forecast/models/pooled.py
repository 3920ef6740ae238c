"""Figures pooled over many real cities that stand behind a record of one city.

A bureau has one city and few years, so what a short record can't tell (how a season looks, how
fast levels drift, how long anomalies last, how wrong the model has been a year ahead) is taken
from tables estimated on a panel of cities. Each row of the tables carries the source and the
command that made it; a panel of the user's own replaces them through :class:`AirPooled`.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from forecast.features.holidays import HOLIDAY_TERMS

__all__ = [
    "HARMONICS",
    "LONG_RECORD",
    "AirPooled",
    "ItemPrior",
    "SlowPoints",
    "WaterPooled",
    "WaterPrior",
    "read_table",
    "shipped_air",
    "shipped_water",
    "water_prior",
]

#: Number of annual harmonics of the mean of a day (2, 3 and 5 score alike on real cities).
HARMONICS = 3

#: Pairs (mean lead [days], standard deviation of the slow error of ln C).
SlowPoints = tuple[tuple[float, float], ...]

#: Years of readings from which on a record is not short.
LONG_RECORD = 3

_TREND_FADE_YEARS = 3.0
#: Holidays of which nothing is known: none expected, a tenth either way.
_UNKNOWN_HOLIDAYS = ((0.0,) * len(HOLIDAY_TERMS), (0.1,) * len(HOLIDAY_TERMS))
_PANEL_END = np.datetime64("2020-11-18", "D")


def read_table(name: str) -> list[dict[str, str]]:
    """Rows of one shipped table ``forecast/models/tables/<name>.csv``."""
    text = files("forecast.models").joinpath("tables", f"{name}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@dataclass(frozen=True)
class ItemPrior:
    """What many cities say of one item; logs are natural, rates are per year.

    Attributes:
        trend: mean and standard deviation over cities of the slope of ln C [1/year].
        season: means and standard deviations of the coefficients of :func:`harmonics` of ln C.
        weekend: mean and standard deviation of the weekend step of ln C.
        holidays: means and standard deviations of the coefficients of
            :func:`forecast.features.holidays.holiday_terms` of ln C.
        scale: typical standard deviation of the daily residual of ln C.
        scale_season: cos and sin coefficient of the log of that scale over the year.
        slow_share, slow_days: share of the residual variance in a slow component, and its
            time constant [days].
        fast_share, fast_days: the same of the weather component; the rest is white.
        level_sd: standard deviation of the drift of the level [1/sqrt(year)].
    """

    trend: tuple[float, float]
    season: tuple[tuple[float, ...], tuple[float, ...]]
    weekend: tuple[float, float]
    scale: float
    scale_season: tuple[float, float]
    slow_share: float
    slow_days: float
    fast_share: float
    fast_days: float
    level_sd: float
    holidays: tuple[tuple[float, ...], tuple[float, ...]] = _UNKNOWN_HOLIDAYS


@dataclass(frozen=True)
class AirPooled:
    """Pooled figures of every item, and the slow error of the seasonal model.

    Attributes:
        priors: one :class:`ItemPrior` an item code.
        slow_sd: item code to the points of the slow error, for records of ``LONG_RECORD`` years
            or more.
        correlation: item codes and their correlation matrix of slow errors.
        degrees: degrees of freedom of the t distribution of the slow error.
        panel_end: last day of the panel; the pooled trend fades after it.
        slow_short: the same as ``slow_sd`` for shorter records, by years of readings.
        nation_share, group_share: of the variance of a slow error, what all places have in
            common, and what those of one province have beyond it.
    """

    priors: Mapping[str, ItemPrior]
    slow_sd: Mapping[str, SlowPoints]
    correlation: tuple[tuple[str, ...], NDArray[np.float64]]
    degrees: float = 6.0
    panel_end: np.datetime64 = _PANEL_END
    slow_short: Mapping[int, Mapping[str, SlowPoints]] = field(default_factory=dict)
    nation_share: float = 0.0
    group_share: float = 0.0

    def slow_points(self, item: str, years: float) -> SlowPoints:
        """Points of the slow error of ``item`` for a record of ``years`` years of readings.

        Between the lengths that were pooled the standard deviation is linear. An item that was
        not pooled gets the slow error of PM2.5.
        """
        name = item if item in self.slow_sd else "pm25"
        tables = {**self.slow_short, LONG_RECORD: self.slow_sd}
        lengths = sorted(n for n, table in tables.items() if name in table)
        points = [tables[n][name] for n in lengths]
        leads = sorted({lead for p in points for lead, _ in p})
        if not leads:
            return ()
        by_length = [np.interp(leads, [p[0] for p in ps], [p[1] for p in ps]) for ps in points]
        sizes = [np.interp(years, lengths, [sd[k] for sd in by_length]) for k in range(len(leads))]
        return tuple((lead, float(sd)) for lead, sd in zip(leads, sizes, strict=True))

    def trend_kept(self, origin: np.datetime64) -> float:
        """Part of the pooled trend that is expected at ``origin``.

        Emissions fell from 2014 to 2020 at a rate that later years did not keep: the national
        PM2.5 mean fell by about 8 % a year before and 3 % a year after (from memory). Half of
        the pooled trend is dropped every ``_TREND_FADE_YEARS`` after the panel's end.
        """
        years = max(0.0, float((origin - self.panel_end) / np.timedelta64(1, "D")) / 365.25)
        return float(0.5 ** (years / _TREND_FADE_YEARS))

    def prior(self, item: str) -> ItemPrior:
        """Prior of ``item``; an item that was not pooled gets that of PM2.5, which is wide."""
        return self.priors.get(item, self.priors["pm25"])


def _prior(values: Mapping[str, float]) -> ItemPrior:
    names = [f"{kind}{k}" for k in range(1, HARMONICS + 1) for kind in ("cos", "sin")]
    return ItemPrior(
        trend=(values["trend"], values["trend_sd"]),
        season=(
            tuple(values[name] for name in names),
            tuple(values[f"{name}_sd"] for name in names),
        ),
        weekend=(values["weekend"], values["weekend_sd"]),
        scale=values["scale"],
        scale_season=(values["scale_cos1"], values["scale_sin1"]),
        slow_share=values["slow_share"],
        slow_days=values["slow_days"],
        fast_share=values["fast_share"],
        fast_days=values["fast_days"],
        level_sd=values["level_sd"],
        holidays=(
            tuple(values[name] for name in HOLIDAY_TERMS),
            tuple(values[f"{name}_sd"] for name in HOLIDAY_TERMS),
        ),
    )


@cache
def shipped_air() -> AirPooled:
    """The figures that ship with the package (tables ``air_pooled`` and ``air_slow_*``)."""
    values: dict[str, dict[str, float]] = {}
    for row in read_table("air_pooled"):
        values.setdefault(row["item"], {})[row["quantity"]] = float(row["value"])
    slow: dict[int, dict[str, list[tuple[float, float]]]] = {LONG_RECORD: {}}
    degrees = 6.0
    for row in read_table("air_slow_error"):
        table = slow.setdefault(int(row["record_years"]), {})
        table.setdefault(row["item"], []).append((float(row["lead_days"]), float(row["sd"])))
        degrees = float(row["degrees"])
    rows = read_table("air_slow_correlation")
    items = tuple(dict.fromkeys(row["item"] for row in rows))
    place = {item: i for i, item in enumerate(items)}
    matrix = np.eye(len(items))
    for row in rows:
        matrix[place[row["item"]], place[row["other"]]] = float(row["correlation"])
    shares = {row["scope"]: float(row["share"]) for row in read_table("air_slow_shares")}
    points = {
        years: {item: tuple(sorted(v)) for item, v in table.items()}
        for years, table in slow.items()
    }
    return AirPooled(
        priors={item: _prior(v) for item, v in values.items()},
        slow_sd=points.pop(LONG_RECORD),
        correlation=(items, matrix),
        degrees=degrees,
        slow_short=points,
        nation_share=shares["nation"],
        group_share=shares["group"],
    )


@dataclass(frozen=True)
class WaterPrior:
    """What many sections say of one item, on the scale of the model (ln C; DO and pH plain).

    Attributes:
        scale: standard deviation of a monthly residual.
        season_sd: prior standard deviation of the harmonics common to an item.
        own_season_sd: standard deviation over sections of their departures from them.
        slow_share, slow_months, fast_share, fast_months: serial dependence of the residual.
        inflation: long-run variance over variance of one month.
        common_share: share of the slow error that all sections of a region have in common.
        slow_sd: pairs (lead [months], standard deviation of the slow error).
    """

    scale: float
    season_sd: float
    own_season_sd: float
    slow_share: float
    slow_months: float
    fast_share: float
    fast_months: float
    inflation: float
    common_share: float
    slow_sd: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class WaterPooled:
    """Pooled figures of every water item; ``other`` stands for those that were not pooled."""

    priors: Mapping[str, WaterPrior]

    def prior(self, item: str) -> WaterPrior:
        """Prior of ``item``."""
        return self.priors[item] if item in self.priors else self.priors["other"]


def water_prior(values: Mapping[str, float]) -> WaterPrior:
    """Prior from named quantities; ``slow_sd_<months>`` are the points of the slow error."""
    slow = {float(k.rsplit("_", 1)[1]): v for k, v in values.items() if k.startswith("slow_sd_")}
    rest = {k: v for k, v in values.items() if not k.startswith("slow_sd_")}
    return WaterPrior(**rest, slow_sd=tuple(sorted(slow.items())))


@cache
def shipped_water() -> WaterPooled:
    """The figures that ship with the package (table ``water_pooled``)."""
    values: dict[str, dict[str, float]] = {}
    for row in read_table("water_pooled"):
        values.setdefault(row["item"], {})[row["quantity"]] = float(row["value"])
    return WaterPooled({item: water_prior(v) for item, v in values.items()})
