"""The sources that can be fetched: a new one is one module and one line here."""

from __future__ import annotations

from forecast.errors import UsageError
from forecast.fetch import (
    cnemc_archive,
    noaa_gsod,
    open_meteo,
    openaq,
    openaq_archive,
    uci_beijing,
    usgs_nwis,
)
from forecast.fetch.source import Source

__all__ = ["FETCHERS", "fetcher_named"]

FETCHERS: dict[str, Source] = {
    source.name: source
    for source in (
        open_meteo.ARCHIVE,
        open_meteo.FORECAST,
        openaq.SERVICE,
        openaq_archive.ARCHIVE,
        noaa_gsod.GSOD,
        usgs_nwis.NWIS,
        cnemc_archive.CNEMC,
        uci_beijing.UCI,
    )
}


def fetcher_named(name: str) -> Source:
    """Return the source called ``name``; underscores are as good as hyphens.

    Raises:
        UsageError: there is none.
    """
    source = FETCHERS.get(name.strip().lower().replace("_", "-"))
    if source is None:
        raise UsageError(
            f"There is no source called {name} to fetch.", f"Known: {', '.join(FETCHERS)}."
        )
    return source
