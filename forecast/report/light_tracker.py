"""Light drawings of a city's year: the lines and the fan of the tracker, and the calendar, as plain SVG.

Written directly, in a millisecond and some six kilobytes, with the page's own font; for the pages of
a run of so many cities that a full chart of each would take hours. They show the same numbers as the
full charts (:mod:`forecast.charts.target_tracker`, :mod:`forecast.charts.aqi_calendar`).
"""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from html import escape
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from forecast.charts.aqi_calendar import AqiCalendarData
from forecast.charts.style import AQI_COLOURS, AQI_LEVELS_EN, AQI_LEVELS_ZH, LINES
from forecast.charts.target_tracker import TargetTrackerData
from forecast.charts.words import COMPARATORS
from forecast.standards.indicators import indicator

__all__ = ["light_calendar", "light_tracker"]

#: [unit of the drawing, a third of a pixel at the page's width] the plot and what stands around it.
_WIDTH, _HEIGHT = 1720, 560
_LEFT, _RIGHT, _TOP, _BOTTOM = 110, 300, 24, 60
#: Nested bands of the fan as in the full chart: lower and upper quantile, colour.
_BANDS = (
    ("q025", "q975", "#d6e6f4"), ("q10", "q90", "#a9cbe6"), ("q25", "q75", "#74acd5"),
)  # fmt: skip
#: Every so many days a point, of the bands and of earlier years: finer than the eye sees here.
_STEP = 5
#: The first days of a cumulative value swing too far to set the axis.
_SETTLED = 30
#: Labels stand so far apart.
_LABEL = 30
#: Side of a day of the calendar.
_CELL = 26
_MONTHS = tuple(f"{m}月" for m in range(1, 13))


def light_tracker(data: TargetTrackerData) -> str:
    """Draw the year so far, the fan, earlier years and the targets of one indicator as one SVG.

    Labels are numbers and Chinese marks that need no translation; the caption has both languages.
    """
    n = 366 if calendar.isleap(data.year) else 365
    start = np.datetime64(f"{data.year}-01-01")
    seen = (data.dates.astype("datetime64[D]") - start).astype(int)
    valid = np.isfinite(data.observed) if data.valid is None else data.valid
    line = np.full(n, np.nan)
    line[seen] = np.where(valid, data.observed, np.nan)
    fan = _fan(data, start)
    low, high = _range(data, line, fan)
    plot = _Plot(n, low, high)
    parts, years, values = [_frame(plot, data)], _Labels(26), _Labels(140)
    if fan is not None:
        for lower, upper, colour in _BANDS:
            parts.append(plot.band(fan[0], fan[1][lower], fan[1][upper], colour))
    for year, past in sorted(data.earlier.items()):
        x = np.arange(len(past))[::_STEP]
        parts.append(plot.line(x, past[::_STEP], "#9a9a9a", 2))
        if np.isfinite(past[-1]):
            years.add(plot.y(float(past[-1])), str(year), "#6a6a6a")
    if fan is not None:
        parts.append(plot.line(fan[0], fan[1]["q50"], LINES["blue"], 5))
        end = float(fan[1]["q50"][-1])
        values.add(plot.y(end), _text(data, end), LINES["blue"])
    parts.append(plot.line(np.arange(n), line, "#1d1d1d", 5))
    for target in data.targets:
        colour = LINES["purple"] if target.level == "stretch" else LINES["red"]
        y = plot.y(target.value)
        sign = COMPARATORS.get(target.comparator, target.comparator)
        parts.append(
            f'<path d="M{_LEFT} {y}H{_WIDTH - _RIGHT}" stroke="{colour}" stroke-width="4" '
            'stroke-dasharray="18 9" fill="none"/>'
        )
        values.add(y, f"{sign} {_text(data, target.value)}", colour)
    about = indicator(data.indicator)
    said = f"{data.place_zh} {data.year} {about.zh} / {about.en}"
    return _svg(_WIDTH, _HEIGHT, said, "".join([*parts, years.drawn(), values.drawn()]))


def light_calendar(data: AqiCalendarData) -> str:
    """Draw the AQI level of each day of the year so far: a column a week, a row a weekday."""
    first = data.dates.astype("datetime64[D]")
    start = np.datetime64(f"{data.year}-01-01")
    weekday = int((start.astype(int) + 3) % 7)  # 1970-01-01 was a Thursday
    at = (first - start).astype(int) + weekday
    x, y = 40 + at // 7 * (_CELL + 4), 44 + at % 7 * (_CELL + 4)
    parts = []
    for level in range(7):
        own = data.level == level
        if own.any():
            cells = "".join(
                f"M{a} {b}h{_CELL}v{_CELL}h-{_CELL}z" for a, b in zip(x[own], y[own], strict=True)
            )
            parts.append(
                f'<path d="{cells}" fill="{AQI_COLOURS[level]}" stroke="#888" stroke-width="1">'
                f"<title>{AQI_LEVELS_ZH[level]} {AQI_LEVELS_EN[level]} {int(own.sum())}</title></path>"
            )
    for month in range(1, 13):
        day = int((np.datetime64(f"{data.year}-{month:02d}-01") - start).astype(int)) + weekday
        parts.append(_word(40 + -(-day // 7) * (_CELL + 4), 34, _MONTHS[month - 1], size=26))
    left = 40
    for level in range(1, 7):
        count = int((data.level == level).sum())
        parts.append(
            f'<rect x="{left}" y="272" width="{_CELL}" height="{_CELL}" fill="{AQI_COLOURS[level]}" '
            'stroke="#888"/>'
        )
        parts.append(_word(left + 36, 294, f"{AQI_LEVELS_ZH[level]} {count}", size=28))
        left += 190
    said = f"{data.place_zh} {data.year} AQI"
    return _svg(_WIDTH, 312, said, "".join(parts))


class _Plot:
    """Puts days and values on the drawing, and keeps labels at its right side apart."""

    def __init__(self, days: int, low: float, high: float) -> None:
        self._across = (_WIDTH - _LEFT - _RIGHT) / (days - 1)
        self.low, self.high = low, high

    def x(self, day: float) -> int:
        return round(_LEFT + self._across * day)

    def y(self, value: float) -> int:
        share = (value - self.low) / (self.high - self.low)
        return round(_HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM))

    def _points(
        self, days: NDArray[np.int64], values: NDArray[np.float64]
    ) -> list[tuple[int, int]]:
        """Whole points; beyond the frame they lie on its edge."""
        height = _HEIGHT - _TOP - _BOTTOM
        share = np.clip((values - self.low) / (self.high - self.low), 0.0, 1.0)
        xs = np.rint(_LEFT + self._across * days).astype(int)
        ys = np.rint(_HEIGHT - _BOTTOM - share * height).astype(int)
        return list(zip(xs.tolist(), ys.tolist(), strict=True))

    def line(
        self, days: NDArray[np.int64], values: NDArray[np.float64], colour: str, width: int
    ) -> str:
        """A line with gaps where a value is missing or beyond the frame."""
        inside = np.isfinite(values) & (values >= self.low) & (values <= self.high)
        # A line leaves the frame at its edge: the point beyond it is drawn there, further ones not.
        beside = np.r_[False, inside[:-1]] | np.r_[inside[1:], False]
        known = inside | (beside & np.isfinite(values))
        if not known.any():
            return ""
        breaks = np.flatnonzero(np.diff(known.astype(np.int8)) != 0) + 1
        runs = np.split(np.arange(len(values)), breaks)
        d = "".join(_path(self._points(days[run], values[run])) for run in runs if known[run[0]])
        return f'<path d="{d}" stroke="{colour}" stroke-width="{width}" fill="none"/>'

    def band(
        self,
        days: NDArray[np.int64],
        lower: NDArray[np.float64],
        upper: NDArray[np.float64],
        colour: str,
    ) -> str:
        at = np.unique(np.r_[np.arange(0, len(days), _STEP), len(days) - 1])
        there = self._points(days[at], lower[at])
        back = self._points(days[at], upper[at])[::-1]
        return f'<path d="{_path(there + back)}z" fill="{colour}"/>'


class _Labels:
    """Labels beside the plot, each at the height of its line, pushed apart where they meet."""

    def __init__(self, shift: int) -> None:
        self._shift = shift
        self._labels: list[tuple[int, str, str]] = []

    def add(self, y: int, text: str, colour: str) -> None:
        self._labels.append((min(max(y, _TOP), _HEIGHT - _BOTTOM), text, colour))

    def drawn(self) -> str:
        """All labels; from the top down, then up again from the lower edge."""
        labels = sorted(self._labels)
        heights = [y for y, _, _ in labels]
        for k in range(1, len(heights)):
            heights[k] = max(heights[k], heights[k - 1] + _LABEL)
        floor = _HEIGHT - _BOTTOM + _LABEL
        for k in reversed(range(len(heights))):
            heights[k] = min(heights[k], floor - _LABEL)
            floor = heights[k]
        x = _WIDTH - _RIGHT + self._shift - 14
        return "".join(
            _word(x, y + 9, text, colour=colour, size=28)
            for y, (_, text, colour) in zip(heights, labels, strict=True)
        )


def _path(points: Sequence[tuple[int, int]]) -> str:
    """The commands of a path, in steps: shorter than places."""
    if len(points) == 1:
        return f"M{points[0][0]} {points[0][1]}h1"
    out = [f"M{points[0][0]} {points[0][1]}l"]
    for (x0, y0), (x1, y1) in pairwise(points):
        out.append(f"{x1 - x0} {y1 - y0} ")
    return "".join(out).replace(" -", "-").rstrip()


def _fan(
    data: TargetTrackerData, start: np.datetime64
) -> tuple[NDArray[np.int64], dict[str, NDArray[np.float64]]] | None:
    if data.fan is None or data.fan.empty:
        return None
    days = (data.fan["date"].to_numpy().astype("datetime64[D]") - start).astype(np.int64)
    names = ("q025", "q10", "q25", "q50", "q75", "q90", "q975")
    return days, {name: data.fan[name].to_numpy(dtype=np.float64) for name in names}


def _range(
    data: TargetTrackerData,
    line: NDArray[np.float64],
    fan: tuple[NDArray[np.int64], dict[str, NDArray[np.float64]]] | None,
) -> tuple[float, float]:
    """The range of values shown, with a margin."""
    parts = [line[_SETTLED:] if np.isfinite(line[_SETTLED:]).any() else line]
    parts += [past[3 * _SETTLED :] for past in data.earlier.values()]
    parts.append(np.array([t.value for t in data.targets], dtype=np.float64))
    if fan is not None:
        # Of the first days ahead the last known line tells enough.
        parts += [fan[1]["q025"][-1:], fan[1]["q975"][-1:]]
    values = np.concatenate(parts)
    values = values[np.isfinite(values)]
    if not values.size:
        return 0.0, 100.0 if indicator(data.indicator).unit == "%" else 1.0
    low, high = float(values.min()), float(values.max())
    margin = 0.08 * (high - low) or 1.0
    if indicator(data.indicator).unit == "%":
        return max(low - margin, 0.0), min(high + margin, 100.0)
    return max(low - margin, 0.0), high + margin


def _frame(plot: _Plot, data: TargetTrackerData) -> str:
    """Axes: the months, and a few values."""
    bottom = _HEIGHT - _BOTTOM
    parts = [
        f'<path d="M{_LEFT} {_TOP}V{bottom}H{_WIDTH - _RIGHT}" stroke="#888" stroke-width="2" '
        'fill="none"/>'
    ]
    start = np.datetime64(f"{data.year}-01-01")
    for month in range(1, 13):
        day = int((np.datetime64(f"{data.year}-{month:02d}-01") - start).astype(int))
        parts.append(_word(plot.x(day + 4), bottom + 34, _MONTHS[month - 1], size=26))
    low, high = plot.low, plot.high
    step = _nice((high - low) / 4)
    for k in range(int(np.ceil(low / step)), int(np.floor(high / step)) + 1):
        y = plot.y(k * step)
        parts.append(
            f'<path d="M{_LEFT} {y}H{_WIDTH - _RIGHT}" stroke="#e4e4e4" stroke-width="2"/>'
        )
        parts.append(_word(_LEFT - 12, y + 9, f"{k * step:g}", size=26, anchor="end"))
    return "".join(parts)


def _nice(step: float) -> float:
    """The next larger step of 1, 2 or 5 times a power of ten."""
    power = 10.0 ** np.floor(np.log10(step))
    return float(next(f * power for f in (1.0, 2.0, 5.0, 10.0) if f * power >= step * (1 - 1e-9)))


def _text(data: TargetTrackerData, value: float) -> str:
    about = indicator(data.indicator)
    decimals = about.judged_decimals or 0
    if decimals == 0 and not float(value).is_integer():
        decimals = 1
    return f"{value:.{decimals}f}"


def _word(
    x: int, y: int, text: str, *, size: int, colour: str = "#444", anchor: str = "start"
) -> str:
    end = "" if anchor == "start" else f' text-anchor="{anchor}"'
    return f'<text x="{x}" y="{y}" font-size="{size}" fill="{colour}"{end}>{escape(text)}</text>'


def _svg(width: int, height: int, said: str, inner: str) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(said, quote=True)}">{inner}</svg>'
    )
