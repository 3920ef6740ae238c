"""When measures act against the days asked: too late, or in the record already."""

from __future__ import annotations

from datetime import date

from forecast.scenario.limits import Finding, finding
from forecast.scenario.measure_timing import acted_by
from forecast.scenario.scenario_model import Measure, Scenario

__all__ = ["date_findings"]

#: Days of the record from which on it is taken to hold a measure as a whole.
_YEAR = 365


def date_findings(
    scenario: Scenario, first: date, last: date, *, since: date | None = None
) -> list[Finding]:
    """Check when measures act against the days asked (``first`` to ``last``).

    Args:
        scenario: the measures.
        first, last: the days asked.
        since: last day whose readings the baseline knows; what was in place by then changes nothing.
    """
    late = [m for m in scenario.measures if m.start > last]
    if scenario.measures and len(late) == len(scenario.measures):
        begin = min(m.start for m in late)
        return [
            finding(
                "no_day_left",
                f"最早的措施 {begin} 开始，晚于所问时段的最后一天 {last}：没有可以计算的减排。请改变开始日期或年份。",
                f"The first measure starts on {begin}, after {last}, the last of the days asked: nothing "
                "is cut by then. Change the start or the year.",
            )
        ]
    found = [
        finding(
            "late_start",
            f"“{m.name}”{m.start} 开始，晚于 {last}，不起作用。",
            f"{m.name} starts on {m.start}, after {last}, and has no effect.",
        )
        for m in late
    ]
    return found + [
        _in_the_record(m, since)
        for m in scenario.measures
        if since is not None and acted_by(m, since) >= 1.0
    ]


def _in_the_record(measure: Measure, since: date) -> Finding:
    """Say that a measure is in the readings, and where these hold it for a part of a year only."""
    days = (since - max(measure.full or measure.start, measure.start)).days + 1
    if days >= _YEAR:
        return finding(
            "in_the_record",
            f"“{measure.name}”在 {since} 前已全部见效，监测记录中已包含，不再重复计算。",
            f"{measure.name} was in full effect by {since}; the record holds it, and it is not counted "
            "again.",
        )
    return finding(
        "in_the_record",
        f"“{measure.name}”到 {since} 全部见效仅 {days} 天，按监测记录已包含处理，不再计算；记录只含其一部分，效果可能被低估。",
        f"{measure.name} was in full effect for {days} days only by {since}; it is taken as held by the "
        "record and not counted, although the record holds a part of it: its effect may be understated.",
    )
