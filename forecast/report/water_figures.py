"""The water charts of a run: what a projection holds, put into the charts' own terms."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np

from forecast.charts.section_tiles import (
    SectionRow,
    SectionTilesData,
    ShareTarget,
    section_tiles,
)
from forecast.projection.water import WaterProjection
from forecast.region_names import normalise_region
from forecast.report.figure_parts import ChartJob, Notices, footer_of, stem

__all__ = ["tiles_job"]


def tiles_job(
    water: WaterProjection,
    entries: list[dict[str, Any]],
    run_id: str,
    as_of: str,
    notices: Notices,
) -> ChartJob:
    """Return what draws the section tiles of one region.

    Raises:
        ValueError: the region has no section to draw.
    """
    tiles = water.tiles
    if tiles is None:
        raise ValueError("no tiles to draw")
    by_place = {
        e["place"]: e
        for e in entries
        if e["region"] == water.region and e["indicator"] == "section_class"
    }
    rows = []
    for at, section in enumerate(tiles.sections):
        entry = by_place[section]
        target = next((t for t in entry["targets"]), None)
        classes = (entry["forecast"] or {}).get("classes", {})
        likely = 1 + int(np.argmax(list(classes.values()))) if classes else 0
        wanted = _class_of(target)
        rows.append(
            SectionRow(
                name_zh=section,
                classes=tiles.months[at].astype(np.int8),
                to_date=int(tiles.to_date[at]),
                forecast=likely,
                target=wanted or 3,
                probability=target["probability"]
                if wanted and target
                else _held(tiles.p_iii[at], entry),
                limiting=(tiles.limiting[at],) if tiles.limiting[at] else (),
                verdict=target["verdict"] if target else "",
            )
        )
    share = next(
        e for e in entries if e["region"] == water.region and e["indicator"] == "share_class_iii"
    )
    quantiles = (share["forecast"] or {}).get("quantiles")
    data = SectionTilesData(
        region_zh=water.region,
        year=int(share["year"]),
        last_day=np.datetime64(date.fromisoformat(share["observed"]["last_day"] or as_of)),
        rows=tuple(rows),
        footer=footer_of(share, run_id, notices, ("个断面", "sections")),
        share_to_date=share["observed"]["value"],
        share_forecast=(quantiles["0.05"], quantiles["0.5"], quantiles["0.95"])
        if quantiles
        else None,
        share_targets=tuple(
            ShareTarget(
                t["label_zh"], t["label_en"], t["comparator"], float(t["value"]),
                t["probability"], t["verdict"],
            )
            for t in share["targets"]
            if isinstance(t["value"], int | float)
        ),
        name=stem("section_tiles", water.region),
    )  # fmt: skip
    return normalise_region(water.region), water.region, lambda: list(section_tiles(data))


def _class_of(target: dict[str, Any] | None) -> int:
    from forecast.standards.indicators import class_number

    return (class_number(str(target["value"])) or 0) if target else 0


def _held(value: float, entry: dict[str, Any]) -> float | None:
    """A probability from paths, held off 0 and 1 by half a path."""
    if not np.isfinite(value):
        return None
    step = 1 / (2 * entry["forecast"]["n_paths"])
    return float(np.clip(value, step, 1 - step))
