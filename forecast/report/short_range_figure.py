"""Charts of the next days of a run: the cities most at risk."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from forecast.charts.chart import Chart
from forecast.charts.short_range import OutlookDay, ShortRangeData, short_range_chart
from forecast.charts.style import Footer
from forecast.report.figure_parts import ChartJob, Notices, stem
from forecast.report.short_range_words import LEVEL_TOKENS, leading_item, level_number, risk

__all__ = ["outlook_data", "outlook_jobs"]

#: Cities that are drawn; the others stand in the table of the page and in the CSV.
_MOST = 6


def outlook_data(entry: Mapping[str, Any], run_id: str, notices: Notices = ()) -> ShortRangeData:
    """Make the data of the chart of one city.

    Args:
        entry: of ``short_range.air`` of a result, with one day at least.
        run_id: of the run; empty outside one.
        notices: lines that must not be missed.
    """
    days = tuple(
        OutlookDay(
            date.fromisoformat(day["date"]),
            _whole(tuple(float(day["levels"].get(token) or 0.0) for token in LEVEL_TOKENS)),
            {q: float(v) for q, v in day["aqi"]["quantiles"].items()},
            (leading_item([day]) or "") if level_number(str(day["level"])) > 1 else "",
        )
        for day in entry["days"]
    )
    footer = Footer(
        period=f"…/{entry['issued']}", n_valid=len(days), n_expected=7,
        standard=str(entry.get("standard") or ""), run_id=run_id, notices=notices,
        unit_zh="个预报日", unit_en="days ahead",
    )  # fmt: skip
    name = stem("short_range", str(entry["region"]), str(entry["place"]))
    return ShortRangeData(str(entry["place"]), days, footer, name=name)


def _whole(odds: tuple[float, ...]) -> tuple[float, ...]:
    """Odds that add up to 1, also where they were stored with ten digits."""
    total = sum(odds)
    return tuple(p / total for p in odds) if total > 0.0 else odds


def outlook_jobs(
    short_range: Mapping[str, Any] | None, run_id: str, notices: Notices = ()
) -> list[ChartJob]:
    """One chart for each of the cities most at risk, in the order of the result."""
    known = [entry for entry in (short_range or {}).get("air") or () if entry["days"]]
    shown = sorted(known, key=lambda entry: -risk(entry))[:_MOST]
    return [
        (str(entry["region"]), str(entry["place"]), _job(entry, run_id, notices))
        for entry in known
        if entry in shown
    ]


def _job(entry: Mapping[str, Any], run_id: str, notices: Notices) -> Any:
    def draw() -> list[Chart]:
        return [short_range_chart(outlook_data(entry, run_id, notices))]

    return draw
