"""What the charts of a run have in common: file names, the entry behind a chart, the footer."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from forecast.charts.chart import Chart
from forecast.charts.style import Footer

__all__ = ["ChartJob", "Notices", "entry_of", "footer_of", "stem"]

#: Region and place a job draws for, and the function that draws.
ChartJob = tuple[str, str, Callable[[], list[Chart]]]
#: Lines that must not be missed, as (Chinese, English).
Notices = tuple[tuple[str, str], ...]

_DUST = {
    "kept": ("优良天数、重污染天数含沙尘日", "day counts keep dust days"),
    "removed_where_known": ("浓度扣除已知的沙尘日", "concentrations without known dust days"),
}


def stem(*parts: str) -> str:
    """Return a file name that every system takes."""
    return re.sub(r'[\s\x00-\x1f\x7f<>:"/\\|?*#%]+', "_", "-".join(parts)).strip("._") or "chart"


def entry_of(
    entries: list[dict[str, Any]], region: str, place: str, indicator: str
) -> dict[str, Any] | None:
    """Return the projection of an indicator of a place, None where there is none."""
    return next(
        (
            e
            for e in entries
            if e["region"] == region and e["place"] == place and e["indicator"] == indicator
        ),
        None,
    )


def footer_of(
    entry: dict[str, Any], run_id: str, notices: Notices, unit: tuple[str, str]
) -> Footer:
    """Return what stands under a chart of ``entry``; ``unit`` (zh, en) is what is counted."""
    observed = entry["observed"]
    dust = _DUST.get(str(entry["dust"]), ("", ""))
    return Footer(
        period=f"{entry['year']}-01-01/{observed['last_day'] or entry['as_of']}",
        n_valid=observed["n_valid"],
        n_expected=observed["n_expected"],
        standard=entry["standard"],
        run_id=run_id,
        dust_zh=dust[0],
        dust_en=dust[1],
        notices=notices,
        unit_zh=unit[0],
        unit_en=unit[1],
    )
