"""Data of the section tiles from what was observed, without a forecast."""

from __future__ import annotations

from datetime import date

import numpy as np

from forecast.charts.section_tiles import SectionRow, SectionTilesData
from forecast.charts.style import Footer
from forecast.errors import InputError
from forecast.projection.panel import Panel, water_results
from forecast.projection.settings import Settings
from forecast.projection.water import WaterProjection
from forecast.report.figure_parts import stem
from forecast.report.review_days import Notices

__all__ = ["tiles_data"]

_STANDARD = "GB 3838-2002"


def tiles_data(panel: Panel, year: int, as_of: date, notices: Notices) -> list[SectionTilesData]:
    """Make the data of the section tiles of each region of ``panel`` that is asked for.

    Args:
        panel: what the workspace holds.
        year: the year drawn.
        as_of: last day whose samples count.
        notices: lines that must not be missed.

    Raises:
        InputError: there are no samples of the year.
    """
    own = panel.water[panel.water["region"].map(lambda r: panel.wants(str(r))).astype(bool)]
    years = sorted({int(y) for y in own["time"].dt.year})
    if year not in years:
        raise InputError(
            f"There are no water samples of {panel.only or 'any region'} in {year}.",
            f"Years with samples: {', '.join(map(str, years))}." if years else
            "Take in samples of water sections first: forecast ingest <folder>.",
        )  # fmt: skip
    settings = Settings(min(as_of, date(year, 12, 31)), year)
    out = []
    for water in water_results(panel, settings):
        seen = own[(own["region"] == water.region) & (own["time"].dt.year == year)]
        if water.tiles is None or seen.empty:
            continue
        last = seen["time"].max().date()
        out.append(_data(panel, water, year, last, notices))
    if not out:
        raise InputError(
            f"No section has samples of {year} that give a class.",
            "See with `forecast status --quality` what was set aside.",
        )
    return out


def _data(
    panel: Panel, water: WaterProjection, year: int, last: date, notices: Notices
) -> SectionTilesData:
    tiles = water.tiles
    if tiles is None:
        raise ValueError("no tiles to draw")
    asked = {
        t.place: int(t.value)
        for t in panel.water_targets(water.region, year)
        if t.indicator == "section_class" and t.value is not None
    }
    rows = tuple(
        SectionRow(
            name_zh=section, classes=tiles.months[at].astype(np.int8),
            to_date=int(tiles.to_date[at]), target=asked.get(section, 0),
            limiting=(tiles.limiting[at],) if tiles.limiting[at] else (),
        )
        for at, section in enumerate(tiles.sections)
    )  # fmt: skip
    known = np.array([r.to_date for r in rows])
    n = int((known > 0).sum())
    return SectionTilesData(
        region_zh=water.region, year=year, last_day=np.datetime64(last), rows=rows,
        share_to_date=100.0 * float(((known > 0) & (known <= 3)).sum()) / n if n else None,
        footer=Footer(
            period=f"{year}-01-01/{last}", n_valid=n, n_expected=len(rows), standard=_STANDARD,
            notices=notices, unit_zh="个断面", unit_en="sections",
        ),
        name=stem("section_tiles", water.region, str(year)),
    )  # fmt: skip
