"""The light drawings of a city's year: the right lines at the right heights, small and well-formed."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from forecast.charts.aqi_calendar import AqiCalendarData
from forecast.charts.style import AQI_COLOURS, LINES, Footer
from forecast.charts.target_tracker import FAN_COLUMNS, TargetLine, TargetTrackerData
from forecast.report.light_tracker import light_calendar, light_tracker

FOOTER = Footer("2025-01-01/2025-06-30", 181, 181, "HJ 633-2012")


def _data(**changes: object) -> TargetTrackerData:
    days = np.arange("2025-01-01", "2025-07-01", dtype="datetime64[D]")
    ahead = pd.date_range("2025-07-01", "2025-12-31")
    spread = (20, 30, 40, 50, 60, 70, 80)
    fan = pd.DataFrame({"date": ahead, **dict(zip(FAN_COLUMNS[1:], spread, strict=True))})
    given = {
        "place_zh": "衡水<&", "indicator": "pm25_annual_mean", "year": 2025, "dates": days,
        "observed": np.linspace(50, 50, len(days)), "footer": FOOTER, "fan": fan,
        "targets": (TargetLine("目标", "target", 60.0, "<=", 0.6, "AT_RISK"),),
        "earlier": {2024: np.full(366, 40.0)},
    } | changes  # fmt: skip
    return TargetTrackerData(**given)  # type: ignore[arg-type]


def _height(svg: str, colour: str) -> float:
    """Height at which the first line of a colour begins, from the top of the drawing."""
    match = re.search(rf'<path d="M\d+ (\d+)[^"]*" stroke="{colour}"', svg)
    assert match is not None
    return float(match[1])


def test_lines_stand_in_proportion_to_their_values() -> None:
    """40, 50 and 60 lie as far apart as they are, the larger the higher."""
    svg = light_tracker(_data())
    earlier, observed, asked = (_height(svg, c) for c in ("#9a9a9a", "#1d1d1d", LINES["red"]))
    assert earlier - observed == pytest.approx(observed - asked, abs=1)
    assert earlier > observed > asked
    assert _height(svg, LINES["blue"]) == observed  # the median goes on where the year stands


def test_it_is_small_well_formed_and_without_ids() -> None:
    rng = np.random.default_rng(3)
    walk = 50 + np.cumsum(rng.normal(0, 0.4, 181))
    past = {y: 50 + np.cumsum(rng.normal(0, 0.4, 365)) for y in (2020, 2021, 2022, 2023)}
    svg = light_tracker(_data(observed=walk, earlier=past))
    root = ET.fromstring(svg)
    assert len(svg) < 9000 and root.get("aria-label", "").startswith("衡水<&")
    assert not [e for e in root.iter() if e.get("id") or e.get("class")]
    said = ["".join(e.itertext()) for e in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"2020", "2023", "≤ 60", "12月"} <= set(said)


def test_a_missing_day_is_a_gap_and_a_value_beyond_the_frame_leaves_it() -> None:
    observed = np.full(181, 50.0)
    observed[100] = np.nan
    observed[:5] = 500.0  # the first days swing; the frame is that of the settled year
    black = re.search(
        r'<path d="([^"]+)" stroke="#1d1d1d"', light_tracker(_data(observed=observed))
    )
    assert black is not None
    starts = re.findall(r"M(\d+) (\d+)", black[1])
    assert len(starts) == 2 and int(starts[0][1]) == 24  # from the upper edge down


@pytest.mark.parametrize(
    "change", [lambda d: {"fan": None}, lambda d: {"earlier": {}, "targets": ()},
               lambda d: {"observed": np.full(181, np.nan), "fan": None, "earlier": {}}]
)  # fmt: skip
def test_what_is_not_there_is_not_drawn(change: Callable[[object], dict[str, object]]) -> None:
    svg = light_tracker(_data(**change(None)))
    assert ET.fromstring(svg).get("role") == "img" and "nan" not in svg


def test_labels_that_would_meet_are_pushed_apart() -> None:
    past = {y: np.full(365, 50.0 + 0.01 * y) for y in range(2020, 2025)}
    svg = light_tracker(_data(earlier=past))
    heights = sorted(int(y) for y in re.findall(r'y="(\d+)"[^>]*>20[0-9]{2}<', svg))
    assert len(heights) == 5 and min(np.diff(heights)) >= 30 and heights[-1] <= 560


def test_the_calendar_has_each_day_in_its_level() -> None:
    days = np.arange("2025-01-01", "2025-03-02", dtype="datetime64[D]")
    level = np.array([1 + k % 6 for k in range(len(days))], dtype=np.int8)
    svg = light_calendar(
        AqiCalendarData(
            "衡水", 2025, days, level, ("",) * len(days), days[-1], "HJ 633-2012", FOOTER
        )
    )
    ET.fromstring(svg)
    for k in range(1, 7):
        own = re.search(rf'<path d="([^"]+)" fill="{AQI_COLOURS[k]}"', svg)
        assert own is not None and own[1].count("M") == int((level == k).sum())
    first = re.search(rf'<path d="M(\d+) (\d+)[^"]*" fill="{AQI_COLOURS[1]}"', svg)
    # 1 January 2025 was a Wednesday: first column, third row.
    assert first is not None and (int(first[1]), int(first[2])) == (40, 44 + 2 * 30)
