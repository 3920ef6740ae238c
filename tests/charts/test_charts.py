"""Charts: every glyph there, nothing on top of another, missing days missing, the same bytes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cache
from itertools import combinations
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure
from matplotlib.text import Text

from forecast.charts import (
    AqiCalendarData,
    Chart,
    Footer,
    SectionRow,
    SectionTilesData,
    TargetLine,
    TargetTrackerData,
    aqi_calendar,
    save,
    section_tiles,
    svg_text,
    target_tracker,
)
from forecast.charts.fonts import chart_fonts, missing_glyphs
from forecast.charts.level_panel import level_counts
from forecast.charts.section_tiles import monthly_share
from forecast.charts.style import AQI_COLOURS, CLASS_COLOURS, Lang, canvas

LANGS: tuple[Lang, ...] = ("zh", "en", "both")


def texts_of(figure: Figure) -> list[Text]:
    return [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip()]


@pytest.fixture(scope="module")
def draw(
    tracker: TargetTrackerData, calendar: AqiCalendarData, tiles: SectionTilesData
) -> Callable[[Lang], list[Chart]]:
    """Draw all three charts in one language."""
    return lambda lang: [
        target_tracker(tracker, lang=lang),
        aqi_calendar(calendar, lang=lang),
        *section_tiles(tiles, lang=lang),
    ]


@pytest.fixture(scope="module")
def drawn(draw: Callable[[Lang], list[Chart]]) -> Callable[[Lang], list[Chart]]:
    """The charts in one language, drawn once for all tests that look at them."""
    return cache(draw)


def boxes_of(figure: Figure, gids: set[str]) -> list[tuple[str, np.ndarray]]:
    """Bounding boxes [pixel] of the labels of these kinds."""
    figure.draw_without_rendering()
    return [
        (t.get_text(), t.get_window_extent().extents)
        for t in texts_of(figure)
        if t.get_gid() in gids
    ]


def assert_apart(boxes: list[tuple[str, np.ndarray]], width: float, height: float) -> None:
    for text, (x0, y0, x1, y1) in boxes:
        assert x0 >= -1 and y0 >= -1 and x1 <= width + 1 and y1 <= height + 1, text
    for (one, a), (two, b) in combinations(boxes, 2):
        across = min(a[2], b[2]) - max(a[0], b[0])
        up = min(a[3], b[3]) - max(a[1], b[1])
        # Line boxes carry head room: a touch of two pixels is no overlap of ink.
        assert across <= 2 or up <= 3, (one, two)


@pytest.mark.parametrize("lang", LANGS)
def test_every_text_has_its_glyphs_in_the_packaged_font(
    drawn: Callable[[Lang], list[Chart]], lang: Lang
) -> None:
    for chart in drawn(lang):
        shown = texts_of(chart.figure)
        assert len(shown) > 20
        assert {n for t in shown for n in t.get_fontfamily()} == {"Noto Sans SC"}
        assert missing_glyphs("".join(t.get_text() for t in shown)) == set()
        # A missing glyph is a warning, and warnings fail.
        chart.figure.draw_without_rendering()


@pytest.mark.parametrize("lang", LANGS)
def test_labels_lie_apart_and_inside(drawn: Callable[[Lang], list[Chart]], lang: Lang) -> None:
    kinds = {"title", "subtitle", "footer", "panel", "end-label", "month", "strip", "share",
             "head", "name", "limiting"}  # fmt: skip
    for chart in drawn(lang):
        width, height = chart.figure.get_size_inches() * chart.figure.dpi
        boxes = boxes_of(chart.figure, kinds)
        assert len(boxes) > 10
        assert_apart(boxes, width, height)


def test_one_language_alone_shows_no_word_of_the_other(
    drawn: Callable[[Lang], list[Chart]],
) -> None:
    for chart in drawn("en"):
        words = "".join(
            t.get_text()
            for t in texts_of(chart.figure)
            if t.get_gid() in {"title", "footer", "head", "month"}
        )
        assert not any("\u4e00" <= c <= "\u9fff" for c in words), words
    for chart in drawn("both"):
        assert {chart.title_zh, chart.title_en} <= {t.get_text() for t in texts_of(chart.figure)}


def test_the_same_data_give_the_same_bytes(
    draw: Callable[[Lang], list[Chart]], drawn: Callable[[Lang], list[Chart]], tmp_path: Path
) -> None:
    for run, charts in (("one", drawn("both")), ("two", draw("both"))):
        for chart in charts:
            save(chart, tmp_path / run, ("svg", "png"), dpi=50)
    names = sorted(p.name for p in (tmp_path / "one").iterdir())
    assert names == sorted(
        f"{stem}.{end}"
        for stem in ("target_tracker", "aqi_calendar", "section_tiles")
        for end in ("svg", "png", "csv")
    )
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_drawing_leaves_the_global_settings_alone(tracker: TargetTrackerData) -> None:
    before = dict(mpl.rcParams)
    svg_text(target_tracker(tracker))
    assert dict(mpl.rcParams) == before


def test_the_saved_table_opens_in_excel(tracker: TargetTrackerData, tmp_path: Path) -> None:
    save(target_tracker(tracker), tmp_path, ("svg",))
    raw = (tmp_path / "target_tracker.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbfdate,observed") and b"\r" not in raw
    assert len(pd.read_csv(tmp_path / "target_tracker.csv")) == 365


def test_an_unknown_format_is_refused(tracker: TargetTrackerData, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="formats must be among"):
        save(target_tracker(tracker), tmp_path, ("gif",))


def test_the_notice_stands_on_every_chart(
    drawn: Callable[[Lang], list[Chart]], footer: Footer
) -> None:
    for chart in drawn("zh"):
        assert footer.notices[0][0] in {t.get_text() for t in texts_of(chart.figure)}


def test_missing_days_are_gaps_of_the_tracker(tracker: TargetTrackerData) -> None:
    chart = target_tracker(tracker)
    assert np.flatnonzero(chart.table["missing"]).tolist() == [40, 41, 42, 90, 120, 122]
    line = next(x for x in chart.figure.axes[0].lines if str(x.get_label()).startswith("实测累计"))
    y = np.asarray(line.get_ydata(), dtype=float)
    assert np.flatnonzero(np.isnan(y[:181])).tolist() == [40, 41, 42, 90, 120, 122]
    assert np.isnan(y[181:]).all()


def test_days_left_out_of_the_data_are_gaps_too(tracker: TargetTrackerData) -> None:
    kept = np.arange(181) != 10
    data = dataclasses.replace(
        tracker, dates=tracker.dates[kept], observed=tracker.observed[kept], valid=None
    )
    assert np.flatnonzero(target_tracker(data).table["missing"]).tolist() == [10]


def test_earlier_years_stand_under_the_same_month_and_day(tracker: TargetTrackerData) -> None:
    leap = np.arange(366.0)
    table = target_tracker(dataclasses.replace(tracker, earlier={2024: leap})).table
    by_date = table.set_index("date")["year_2024"]
    assert by_date["2025-02-28"] == 58 and by_date["2025-03-01"] == 60
    assert by_date["2025-12-31"] == 365


def test_every_target_is_told_with_its_probability(tracker: TargetTrackerData) -> None:
    shown = {t.get_text() for t in texts_of(target_tracker(tracker, lang="zh").figure)}
    assert {"确保 ≥ 75.0", "力争 ≥ 80.0", "P 34 %", "P 1 %", "存在风险", "较难达标"} <= shown


def test_six_targets_still_fit(tracker: TargetTrackerData) -> None:
    many = tuple(
        TargetLine(f"第{k}项目标名称", f"target number {k}", 60.0 + k, ">=", 0.5, "AT_RISK")
        for k in range(6)
    )
    chart = target_tracker(dataclasses.replace(tracker, targets=many))
    width, height = chart.figure.get_size_inches() * chart.figure.dpi
    assert_apart(boxes_of(chart.figure, {"panel", "footer", "end-label"}), width, height)


def test_a_tracker_without_readings_forecast_or_targets_is_drawn(
    tracker: TargetTrackerData,
) -> None:
    bare = dataclasses.replace(
        tracker, dates=tracker.dates[:0], observed=tracker.observed[:0], valid=None, earlier={},
        fan=None, targets=(), plan_path=None, budget_zh="", budget_en="",
    )  # fmt: skip
    assert svg_text(target_tracker(bare)).startswith("<?xml")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"observed": np.ones(3)}, "dates for 3 observed"),
        ({"year": 2024}, "must be in 2024"),
        ({"fan": pd.DataFrame({"date": []})}, "fan lacks the columns"),
        ({"plan_path": np.ones(10)}, "365 values"),
        ({"earlier": {2023: np.ones(366)}}, "366 values for 2023"),
    ],
)
def test_a_tracker_that_contradicts_itself_is_refused(
    tracker: TargetTrackerData, change: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        target_tracker(dataclasses.replace(tracker, **change))  # type: ignore[arg-type]


def test_calendar_counts_what_it_draws(calendar: AqiCalendarData) -> None:
    table = aqi_calendar(calendar).table
    counts = level_counts(table)
    assert counts.sum() == 273  # days to 30 September
    assert counts[0] == (calendar.level == 0).sum() + 4  # invalid ones, and four left out
    assert counts[1:].tolist() == [(calendar.level == k).sum() for k in range(1, 7)]
    assert (table["status"] == "to come").sum() == 92
    assert level_counts(table, "level_other")[2] == 0


def test_calendar_cells_have_the_official_colours(calendar: AqiCalendarData) -> None:
    assert AQI_COLOURS[1:] == ("#00e400", "#ffff00", "#ff7e00", "#ff0000", "#99004c", "#7e0023")
    chart = aqi_calendar(calendar)
    january = chart.figure.axes[0].collections[0]
    drawn = [mpl.colors.to_hex(c) for c in january.get_facecolor()]
    assert drawn == [AQI_COLOURS[k] for k in chart.table["level"][:31]]


def test_a_missing_day_is_never_drawn_as_good(calendar: AqiCalendarData) -> None:
    chart = aqi_calendar(calendar)
    april = chart.table[chart.table["date"].dt.month == 4]
    cells = [c for c in chart.figure.axes[0].collections if isinstance(c, PolyCollection)][3]
    colours = [mpl.colors.to_hex(c) for c in cells.get_facecolor()]
    assert len(colours) == 30
    missing = (april["status"] == "missing").to_numpy()
    assert missing.sum() >= 4
    assert {c for c, m in zip(colours, missing, strict=True) if m} == {"#ffffff"}


def test_calendar_weeks_begin_on_monday(calendar: AqiCalendarData) -> None:
    paths = aqi_calendar(calendar).figure.axes[0].collections[0].get_paths()
    first, monday = paths[0].vertices[0], paths[5].vertices[0]  # 1 and 6 January 2025
    assert monday[0] == 0 and first[0] == pytest.approx(2 * 0.285)  # a Wednesday
    assert monday[1] < first[1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"level": np.full(269, 7, np.int8)}, "0 to 6"),
        ({"level": np.ones(5, np.int8)}, "level has 5 days"),
        ({"primary": ("pm25",)}, "primary has 1 days"),
        ({"year": 2024}, "must be in 2024"),
    ],
)
def test_a_calendar_that_contradicts_itself_is_refused(
    calendar: AqiCalendarData, change: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        aqi_calendar(dataclasses.replace(calendar, **change))  # type: ignore[arg-type]


def test_a_leap_year_over_is_drawn_without_past_years(calendar: AqiCalendarData) -> None:
    days = np.arange("2024-01-01", "2025-01-01", dtype="datetime64[D]")
    data = dataclasses.replace(
        calendar, year=2024, dates=days, level=np.ones(366, np.int8), primary=("",) * 366,
        dust=None, last_year=None, mean_3y=None, other=None, last_day=days[-1],
    )  # fmt: skip
    assert level_counts(aqi_calendar(data).table).tolist() == [0, 366, 0, 0, 0, 0, 0]


def test_tiles_print_the_class_in_its_colour(tiles: SectionTilesData) -> None:
    (chart,) = section_tiles(tiles)
    axes = chart.figure.axes[-1]
    faces = [mpl.colors.to_hex(p.get_facecolor()) for p in axes.patches]
    assert set(CLASS_COLOURS[1:]) <= set(faces)
    letters = {t.get_text() for t in texts_of(chart.figure)}
    assert {"Ⅰ", "Ⅱ", "Ⅲ", "Ⅳ", "Ⅴ", "劣Ⅴ", "–"} <= letters
    assert chart.table.loc[5, "month_01"] == "劣Ⅴ" and chart.table.loc[5, "month_10"] == ""


def test_monthly_share_leaves_out_sections_without_a_class(
    make_section: Callable[..., SectionRow],
) -> None:
    rows = tuple(make_section(k) for k in (0, 2, 3))  # classes I, III, IV to September
    share = monthly_share(rows)
    assert share[:9] == pytest.approx(100 * 2 / 3)
    assert np.isnan(share[9:]).all()


def test_many_sections_go_on_further_pages(
    make_section: Callable[..., SectionRow], tiles: SectionTilesData
) -> None:
    data = dataclasses.replace(tiles, rows=tuple(make_section(k) for k in range(61)))
    charts = section_tiles(data)
    assert [len(c.table) for c in charts] == [60, 1]
    assert [c.name for c in charts] == ["section_tiles_1", "section_tiles_2"]
    assert "（2/2）" in charts[1].title_zh
    width, height = charts[0].figure.get_size_inches() * charts[0].figure.dpi
    assert_apart(boxes_of(charts[0].figure, {"name", "head", "share", "footer"}), width, height)


def test_tiles_without_sections_or_with_odd_classes_are_refused(
    make_section: Callable[..., SectionRow], tiles: SectionTilesData
) -> None:
    with pytest.raises(ValueError, match="no sections"):
        section_tiles(dataclasses.replace(tiles, rows=()))
    bad = make_section(1, classes=np.full(12, 7, np.int8))
    with pytest.raises(ValueError, match="0 to 6"):
        section_tiles(dataclasses.replace(tiles, rows=(bad,)))


def test_a_long_footer_wraps_inside_the_figure(tracker: TargetTrackerData) -> None:
    long = dataclasses.replace(tracker.footer, dust_zh="沙尘日说明很长" * 20)
    with chart_fonts():
        sheet = canvas(8.0, 5.0, "标题", "title", long, "both")
    boxes = boxes_of(sheet.figure, {"footer", "title", "subtitle"})
    width, height = sheet.figure.get_size_inches() * sheet.figure.dpi
    assert len(boxes) >= 6
    assert_apart(boxes, width, height)
