"""The other treatment of dust days: concentrations with them, counts of days without them.

Dust days known to the source leave the concentrations and the composite index and stay in the
good-day ratio and the heavy days (环办监测〔2016〕120号; the split verified in a bulletin of 2021-07).
That is the main value; the other treatment stands beside it as an alternative. Counts without dust
go by the AQI of the other items, as the exports with dust removed print it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.projection.days import BY_AQI
from forecast.projection.result import IndicatorResult
from forecast.projection.settings import Settings
from forecast.projection.summary import number, summarise
from forecast.standards.air_assessment import AirYear, assess_year
from forecast.standards.items import AIR_ITEMS
from forecast.standards.judgement import official_value

__all__ = ["OtherDust", "other_dust", "with_other_dust"]


@dataclass(frozen=True)
class OtherDust:
    """Indicators of one city and year under the other treatment.

    Attributes:
        kept_to_date, kept_final: concentrations with dust, observed and with what was drawn (None
            where nothing was).
        removed_to_date, removed_final: counts of days without the dust's PM.
        items: the items of which a value was taken out.
        n_days: dust days of the year of which a value is known.
        n_without_value: dust days that no source gives a value for; ``kept`` lacks them too.
    """

    kept_to_date: AirYear
    kept_final: AirYear | None
    removed_to_date: AirYear
    removed_final: AirYear | None
    items: frozenset[str]
    n_days: int
    n_without_value: int

    def entry(
        self,
        dust: str,
        standard: str,
        value: float,
        official: float,
        samples: NDArray[np.float64] | None,
        model: str,
    ) -> dict[str, Any]:
        """One line of ``alternatives``; ``samples`` (path,) of the whole year, unrounded."""
        drawn = samples is not None and bool(np.isfinite(samples).any())
        return {
            "standard": standard,
            "dust": dust,
            "dust_days": {"with_value": self.n_days, "without_value": self.n_without_value},
            "observed": {"value": number(value), "value_official": number(official)},
            "forecast": summarise(samples, model, classes=False)
            if drawn and samples is not None
            else None,
        }


def other_dust(
    observed: NDArray[np.float64],
    joined: NDArray[np.float32] | None,
    dust: NDArray[np.bool_],
    days: NDArray[np.datetime64],
    settings: Settings,
) -> OtherDust | None:
    """Assess a year under the other treatment; None where it is the same.

    Args:
        observed: (day, item), NaN missing.
        joined: (path, day, item), observed and drawn; None when nothing is drawn.
        dust: bool (day, item), the values that the main treatment takes out of the means.
        days: the days of the year.
    """
    known = dust & np.isfinite(observed)
    if not known.any():
        return None

    def year(values: NDArray[Any], partial: bool, removed: NDArray[np.bool_] | None) -> AirYear:
        return assess_year(
            values, days, AIR_ITEMS, settings.year, dust_removed=removed,
            standard=settings.standard, denominator=settings.denominator, partial=partial,
        )  # fmt: skip

    bare = None if joined is None else np.where(dust, np.float32(np.nan), joined)
    return OtherDust(
        kept_to_date=year(observed, True, None),
        kept_final=None if joined is None else year(joined, False, None),
        removed_to_date=year(np.where(dust, np.nan, observed), True, dust),
        removed_final=None if bare is None else year(bare, False, dust),
        items=frozenset(i for k, i in enumerate(AIR_ITEMS) if known[:, k].any()),
        n_days=int(known.any(axis=1).sum()),
        n_without_value=int((dust & ~known).any(axis=1).sum()),
    )


def with_other_dust(results: list[IndicatorResult], other: OtherDust) -> list[IndicatorResult]:
    """Add the other treatment to the alternatives of every indicator that it can change."""
    out = []
    for result in results:
        name = result.indicator
        own = name.partition("_")[0]
        if name in BY_AQI:
            dust, seen, ahead = "removed_where_known", other.removed_to_date, other.removed_final
        elif name == "composite_index" or own in other.items:
            dust, seen, ahead = "kept", other.kept_to_date, other.kept_final
        else:
            out.append(result)
            continue
        value = float(seen.values[name][0])
        samples = None if ahead is None or result.samples is None else ahead.values[name]
        official = float(official_value(name, value, result.standard))
        entry = other.entry(dust, result.standard, value, official, samples, result.model)
        out.append(replace(result, alternatives=[*result.alternatives, entry]))
    return out
