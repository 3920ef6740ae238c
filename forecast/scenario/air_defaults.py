"""Every default of the air response with its range, its grade and its source, for a report."""

from __future__ import annotations

from collections.abc import Mapping

from forecast.scenario.ozone import REGIMES, ozone_priors
from forecast.scenario.pm25_components import Era, component_priors
from forecast.scenario.priors import Prior, prior_rows, read_table
from forecast.scenario.regions import find_region
from forecast.scenario.rollback import rollback_priors

__all__ = ["air_default_rows", "air_priors", "regime_rows", "sector_share_rows"]


def air_priors(
    region: str,
    *,
    era: Era = "2020",
    overrides: Mapping[str, float | tuple[float, float]] | None = None,
) -> dict[str, Prior]:
    """Priors of the components, ozone and the proportional items that apply to a place.

    Args:
        region: as :func:`forecast.scenario.regions.find_region` takes it.
        era: emissions that the cuts are relative to.
        overrides: parameter → value, or → the two numbers of its distribution.

    Raises:
        UsageError: an unknown place or parameter.
    """
    place = find_region(region)
    own = dict(overrides or {})
    ozone = {k: own.pop(k) for k in list(own) if k.startswith("o3_")}
    gases = {k: own.pop(k) for k in list(own) if k.startswith(("so2_", "no2_", "co_", "pm10_"))}
    return {
        **component_priors(place, era, own),
        **ozone_priors(place, ozone),
        **rollback_priors(gases),
    }


def air_default_rows(
    region: str,
    *,
    era: Era = "2020",
    overrides: Mapping[str, float | tuple[float, float]] | None = None,
) -> list[dict[str, str | float]]:
    """One row a parameter: ``parameter, distribution, q10, median, q90, grade, source``.

    Arguments as :func:`air_priors`. Numbers of the user's own have the grade ``user``.

    >>> [r["grade"] for r in air_default_rows("衡水") if r["parameter"] == "e_nox_warm"]
    ['verified']
    """
    return prior_rows(air_priors(region, era=era, overrides=overrides))


def regime_rows(region: str) -> list[dict[str, str]]:
    """Regime probabilities and amplitude of a place, warm and cold half-year, with grade and source.

    >>> [row["season"] for row in regime_rows("衡水")]
    ['warm', 'cold']
    """
    place = find_region(region)
    kept = ("season", *REGIMES, "amplitude", "grade", "source")
    return [
        {k: row[k] for k in kept}
        for row in read_table("ozone_regimes")
        if row["region"] == place.ozone
    ]


def sector_share_rows(region: str) -> list[dict[str, str]]:
    """Published shares of the sectors behind a place: one row for each region that is mixed."""
    place = find_region(region)
    rows = {row["region"]: row for row in read_table("sector_shares")}
    return [{**rows[code], "weight": f"{weight:g}"} for code, weight in place.sectors]
