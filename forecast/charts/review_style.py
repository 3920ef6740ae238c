"""What the charts of the review share: looks of the six items, months on x, room of the frame."""

from __future__ import annotations

import calendar
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from forecast.charts.style import Footer, Lang, footer_lines, wrap

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = [
    "ITEM_FILL",
    "ITEM_INK",
    "ITEM_NAMES",
    "draw_months",
    "frame_height",
    "month_name",
    "month_starts",
]

#: Fills of the items in the order of ``AIR_ITEMS``: colours of Okabe and Ito's set (2008), the items
#: that lead most often far apart in grey as well; the item's mark stands in or beside each segment.
ITEM_FILL: dict[str, str] = {
    "so2": "#cc79a7", "no2": "#009e73", "pm10": "#f0d58c", "pm25": "#0072b2", "co": "#8a8a8a",
    "o3_8h": "#e69f00",
}  # fmt: skip
#: Ink that stays readable on each of them.
ITEM_INK: dict[str, str] = {
    "so2": "#1d1d1d", "no2": "#ffffff", "pm10": "#1d1d1d", "pm25": "#ffffff", "co": "#1d1d1d",
    "o3_8h": "#1d1d1d",
}  # fmt: skip
#: Names as bulletins write them, the same in both languages.
ITEM_NAMES: dict[str, str] = {
    "so2": "SO2", "no2": "NO2", "pm10": "PM10", "pm25": "PM2.5", "co": "CO", "o3_8h": "O3",
    "o3_1h": "O3",
}  # fmt: skip


#: What ``style.canvas`` takes above and below: margins, title, second title, a line of the footer,
#: and the half-width cells of a footer line to an inch.
_MARGINS, _TITLE, _SUBTITLE, _LINE, _CELLS = 0.45, 0.3125, 0.2222, 0.1625, 18.46


def frame_height(footer: Footer, lang: Lang, width: float) -> float:
    """Height that title and footer take of a sheet of ``width`` [inch]."""
    room = int((width - 0.5) * _CELLS)
    lines = sum(len(wrap(text, room)) for text, _ in footer_lines(footer, lang))
    return _MARGINS + _TITLE + _SUBTITLE * (lang == "both") + _LINE * lines


def month_name(month: int, lang: Lang) -> str:
    """Return ``1月`` or ``Jan``."""
    return calendar.month_abbr[month] if lang == "en" else f"{month}月"


def month_starts(year: int) -> NDArray[np.int64]:
    """Position in the year of the first day of each month and of the next year, shape (13,).

    >>> month_starts(2024)[2].item(), month_starts(2025)[-1].item()
    (60, 365)
    """
    months = np.arange(f"{year}-01", f"{year + 1}-02", dtype="datetime64[M]")
    days = months.astype("datetime64[D]")
    return np.asarray((days - days[0]).astype(np.int64))


def draw_months(axes: Axes, year: int, lang: Lang, *, size: float = 9.0) -> None:
    """Name the months under an x axis of days of ``year``, from 0."""
    starts = month_starts(year)
    axes.set_xlim(-0.5, starts[-1] - 0.5)
    axes.set_xticks(starts[:-1] - 0.5, labels=[])
    axes.set_xticks((starts[:-1] + starts[1:]) / 2 - 0.5, minor=True)
    axes.set_xticklabels([month_name(m, lang) for m in range(1, 13)], minor=True, fontsize=size)
    axes.tick_params(axis="x", which="minor", length=0)
    axes.grid(axis="x", which="major", color="#ececec", lw=0.7)
