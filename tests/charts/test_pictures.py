"""The pictures of the gallery drawn anew: the same shapes, the same words in the same places.

Fonts are smoothed a little differently from one version of matplotlib to the next, by more than one
figure weighs in a small picture. So shapes and colours are compared over blocks of a quarter inch,
and words and numbers as what they are, each with where it stands.
"""

from __future__ import annotations

import importlib.util
import io
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Affine2D
from numpy.typing import NDArray
from PIL import Image

from forecast.charts import Chart, save
from forecast.report import figures
from forecast.report.figures import draw_figures
from forecast.report.review_figures import REVIEW_CHARTS, ReviewRequest, review_chart

_DOCS = Path(__file__).parents[2] / "docs"
_IMAGES = _DOCS / "images" / "review"
#: Its forest depends on the version of scikit-learn; its own tests look at it.
_NOT_COMPARED = "weather_normalised"
#: Side of a block [pixel], and how far grey (0 to 255) may be from the reference: on the average of
#: all blocks and in the worst. Without any hinting of the letters at all it is 0.57 and 12.9; a bar
#: or a tile less, or of another colour, is 20 to 160 in its block.
_BLOCK, _MEAN, _WORST = 24, 0.7, 15.0
#: How far the middle of a text may be from the reference, as a share of the sheet.
_APART = 0.006


def _gallery() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_gallery", _DOCS / "make_gallery.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def gallery() -> ModuleType:
    return _gallery()


@pytest.fixture(scope="module")
def asked(
    gallery: ModuleType, made_plain: Path, tmp_path_factory: pytest.TempPathFactory
) -> ReviewRequest:
    """The sample, projected once."""
    root = Path(shutil.copytree(made_plain, tmp_path_factory.mktemp("gallery") / "W"))
    found: ReviewRequest = gallery.sample_request(root)
    return found


@pytest.fixture(scope="module")
def drawers(gallery: ModuleType, asked: ReviewRequest) -> dict[str, Callable[[], Chart]]:
    """What draws each picture."""
    return dict(gallery.pictures(asked))


@pytest.fixture(scope="module")
def texts() -> dict[str, list[list[str | float]]]:
    found: dict[str, list[list[str | float]]] = json.loads(
        (_IMAGES / "texts.json").read_text(encoding="utf-8")
    )
    return found


def _blocks(picture: bytes) -> NDArray[np.float64]:
    grey = np.asarray(Image.open(io.BytesIO(picture)).convert("L"), dtype=np.float64)
    high, wide = (size // _BLOCK for size in grey.shape)
    cut = grey[: high * _BLOCK, : wide * _BLOCK]
    return np.asarray(cut.reshape(high, _BLOCK, wide, _BLOCK).mean(axis=(1, 3)))


def _same_picture(one: bytes, two: bytes) -> bool:
    a, b = _blocks(one), _blocks(two)
    if a.shape != b.shape:
        return False
    apart = np.abs(a - b)
    return bool(apart.mean() <= _MEAN and apart.max() <= _WORST)


def _same_texts(one: list[list[str | float]], two: list[list[str | float]]) -> bool:
    if [t[0] for t in one] != [t[0] for t in two]:
        return False
    places = np.array([[t[1:] for t in one], [t[1:] for t in two]], dtype=float)
    return bool((np.abs(places[0] - places[1]) <= _APART).all())


@pytest.mark.parametrize("name", [n for n in REVIEW_CHARTS if n != _NOT_COMPARED])
def test_each_picture_is_as_in_the_gallery(
    name: str,
    gallery: ModuleType,
    drawers: dict[str, Callable[[], Chart]],
    texts: dict[str, list[list[str | float]]],
) -> None:
    """A picture that changed on purpose is drawn anew by ``make gallery``."""
    chart = drawers[name]()
    assert _same_texts(gallery.drawn_texts(chart), texts[name])
    assert _same_picture(gallery.small_png(chart), (_IMAGES / f"{name}.png").read_bytes())


def test_a_changed_number_and_a_moved_label_are_seen(
    gallery: ModuleType, drawers: dict[str, Callable[[], Chart]]
) -> None:
    chart = drawers["level_shares"]()
    before = gallery.drawn_texts(chart)
    count = next(t for t in chart.figure.findobj(Text) if t.get_text() == "良 23")
    count.set_text("良 24")
    assert not _same_texts(gallery.drawn_texts(chart), before)
    count.set_text("良 23")
    assert _same_texts(gallery.drawn_texts(chart), before)
    count.set_transform(count.get_transform() + Affine2D().translate(12, 0))
    assert not _same_texts(gallery.drawn_texts(chart), before)


def test_a_lost_bar_and_another_colour_are_seen_and_smoothing_is_not(
    gallery: ModuleType, drawers: dict[str, Callable[[], Chart]]
) -> None:
    import matplotlib as mpl

    chart = drawers["level_shares"]()
    before = gallery.small_png(chart)
    with mpl.rc_context({"text.hinting": "none", "text.antialiased": True}):
        assert _same_picture(gallery.small_png(drawers["level_shares"]()), before)
    bar = chart.figure.axes[0].patches[1]
    colour = bar.get_facecolor()
    bar.set_facecolor("#ff0000")
    assert not _same_picture(gallery.small_png(chart), before)
    bar.set_facecolor(colour)
    assert _same_picture(gallery.small_png(chart), before)
    bar.set_visible(False)
    assert not _same_picture(gallery.small_png(chart), before)


def _table_alone(chart: Chart, folder: Path, formats: tuple[str, ...]) -> list[Path]:
    """Save the table of a chart; its picture, of which nothing is asked here, is a blank sheet."""
    written = save(Chart(Figure(), chart.table, chart.name, "", ""), folder, ("svg",))
    assert formats == ("svg", "png")
    return written


def test_a_run_draws_what_the_command_draws(
    asked: ReviewRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Budget, tracker and scoreboard of a run hold the numbers of those made by command."""
    monkeypatch.setattr(figures, "save", _table_alone)
    projection = asked.projection
    assert projection is not None
    result = {
        "run": {"id": "r1", "as_of": "2025-06-30", "year": 2025, "standard": "by date"},
        "projections": projection.entries,
    }
    told: list[tuple[str, int, int]] = []
    charts, names = draw_figures(
        projection, result, tmp_path, lambda *step: told.append(step), panel=asked.panel
    )
    assert names == [
        "scoreboard-衡水", "target_tracker-衡水-衡水-good_day_ratio",
        "target_tracker-衡水-衡水-pm25_annual_mean", "bad_day_budget-衡水-衡水",
        "aqi_calendar-衡水-衡水", "section_tiles-衡水市",
    ]  # fmt: skip
    assert told[-1] == ("charts", 6, 6) and [c.region for c in charts] == ["衡水"] * 6
    for name, file in (
        ("bad_day_budget", "bad_day_budget-衡水-衡水"),
        ("scoreboard", "scoreboard-衡水"),
        ("section_tiles", "section_tiles-衡水市"),
    ):
        (own,) = review_chart(name, replace(asked, year=2025))
        drawn = (tmp_path / f"{file}.csv").read_text(encoding="utf-8-sig")
        assert drawn == own.table.to_csv(index=False, lineterminator="\n"), name
    ratio = next(e for e in projection.entries if e["indicator"] == "good_day_ratio")
    allowed = ratio["targets"][0]["budget"]["exact"]["allowed"]
    budget = pd.read_csv(tmp_path / "bad_day_budget-衡水-衡水.csv")
    assert budget.loc[0, "left"] + budget.loc[0, "used"] == allowed
    without = draw_figures(projection, result, tmp_path / "b", None)[1]
    assert "bad_day_budget-衡水-衡水" not in without and len(without) == 5
