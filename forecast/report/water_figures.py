"""The water charts of a run: what a projection holds, put into the charts' own terms."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np

from forecast.charts.flow_normalised_trend import (
    FlowNormalisedData,
    FlowNormalisedPanel,
    flow_normalised_trend,
)
from forecast.charts.section_tiles import (
    SectionRow,
    SectionTilesData,
    ShareTarget,
    section_tiles,
)
from forecast.charts.style import Footer
from forecast.projection.flow_trends import FlowTrend
from forecast.projection.water import WaterProjection
from forecast.region_names import normalise_region
from forecast.report.figure_parts import ChartJob, Notices, footer_of, stem
from forecast.standards.items import ITEMS

__all__ = ["flow_job", "flow_words", "tiles_job", "tiles_of"]

#: From which likelihood a direction is called so, as EGRETci words it.
_LIKELY = (
    (0.95, "极可能", "highly likely"),
    (0.90, "很可能", "very likely"),
    (0.66, "可能", "likely"),
    (0.0, "升降难分", ""),
)


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
    data = tiles_of(water, entries, run_id, as_of, notices)
    return normalise_region(water.region), water.region, lambda: list(section_tiles(data))


def tiles_of(
    water: WaterProjection,
    entries: list[dict[str, Any]],
    run_id: str,
    as_of: str,
    notices: Notices,
) -> SectionTilesData:
    """Make the data of the section tiles of one region.

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
    return SectionTilesData(
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


def _class_of(target: dict[str, Any] | None) -> int:
    from forecast.standards.indicators import class_number

    return (class_number(str(target["value"])) or 0) if target else 0


def _held(value: float, entry: dict[str, Any]) -> float | None:
    """A probability from paths, held off 0 and 1 by half a path."""
    if not np.isfinite(value):
        return None
    step = 1 / (2 * entry["forecast"]["n_paths"])
    return float(np.clip(value, step, 1 - step))


def flow_job(
    region: str,
    trends: list[FlowTrend],
    run_id: str,
    notices: Notices,
) -> ChartJob:
    """Return what draws the flow-normalised trends of one region."""
    panels = tuple(_flow_panel(trend) for trend in trends if trend.years)
    first, last = (f(y for t in trends for y in t.years) for f in (min, max))
    footer = Footer(
        period=f"{first}-01-01/{last}-12-31",
        n_valid=sum(t.n - t.n_below for t in trends),
        n_expected=sum(t.n for t in trends),
        standard="WRTDS",
        run_id=run_id,
        notices=notices,
        unit_zh="个样品高于检出限",
        unit_en="samples above detection",
    )
    data = FlowNormalisedData(
        normalise_region(region), "", panels, footer, name=stem("flow_normalised_trend", region)
    )
    return normalise_region(region), region, lambda: [flow_normalised_trend(data)]


def _flow_panel(trend: FlowTrend) -> FlowNormalisedPanel:
    about = ITEMS[trend.item]
    first, last = trend.years[0], trend.years[-1]
    if np.isfinite(trend.change):
        said = flow_words(trend)
        change = (
            f"{first}→{last}年 {trend.change:+.2g} mg/L({trend.percent:+.0f} %,"
            f"90 %区间 {trend.low:+.2g}~{trend.high:+.2g}),{said[0]}",
            f"{first} to {last}: {trend.change:+.2g} mg/L ({trend.percent:+.0f} %, 90 % range "
            f"{trend.low:+.2g} to {trend.high:+.2g}), {said[1]}",
        )
    else:
        change = ("首末两年变化无结果", "no result for the change between the first and last year")
    return FlowNormalisedPanel(
        f"{trend.section} {about.zh}", f"{about.en}, gauge {trend.gauge}", trend.years, trend.conc,
        trend.normalised, *change,
    )  # fmt: skip


def flow_words(trend: FlowTrend) -> tuple[str, str]:
    """How likely the flow-normalised concentration rose or fell, in words (zh, en)."""
    up = trend.likely_up
    down = up < 0.5
    size = 1.0 - up if down else up
    zh, en = next(words for least, *words in _LIKELY if size >= least)
    return (
        (zh + ("下降" if down else "上升"), en + (" down" if down else " up"))
        if en
        else (zh, "as likely up as down")
    )
