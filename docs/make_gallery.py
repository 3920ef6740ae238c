"""Draw the pictures of docs/gallery.md anew, from the built-in sample.

Run from anywhere: ``python docs/make_gallery.py [FOLDER]``. The sample is generated, and so are the
cities beside it in the picture of the ranks and the weather in that of weather normalisation; the
answer behind the two pictures of scenarios (``images/review/scenario.json``) is made up. Every
picture says so. Drawn with the packaged font alone, the pictures are the same on every machine.
"""

from __future__ import annotations

import io
import json
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd

from forecast import Workspace
from forecast.charts.chart import Chart
from forecast.charts.city_ranking import city_ranking
from forecast.charts.fonts import ONLY_PACKAGED_VARIABLE
from forecast.charts.short_range import short_range_chart
from forecast.projection.settings import Settings
from forecast.report.review_days import CityDays
from forecast.report.review_figures import ReviewRequest, review_chart
from forecast.report.review_ranking import ranking_data
from forecast.report.scenario_figure import scenario_charts
from forecast.report.short_range_figure import outlook_data
from forecast.runs.inputs import load_panel
from forecast.sample import NOTICE
from forecast.workspace import Workspace as Folder

_REGION, _YEAR = "衡水", 2024
#: The year whose half is there shows what a chart does with days to come.
_HALF_YEAR = 2025
_CHARTS = {
    "target_tracker": _HALF_YEAR,
    "scoreboard": _HALF_YEAR,
    "bad_day_budget": _HALF_YEAR,
    "aqi_calendar": _HALF_YEAR,
    "annual_trend": _HALF_YEAR,
    "weather_normalised": _YEAR,
    "time_variation": _YEAR,
    "level_shares": _YEAR,
    "good_days_explained": _YEAR,
    "city_ranking": _YEAR,
    "section_tiles": _HALF_YEAR,
}
#: Factors on the days of the sample that make the other cities of the ranks: PM, gases, ozone.
_OTHERS = {
    "示例甲": (0.72, 0.85, 0.97), "示例乙": (0.90, 0.80, 1.02), "示例丙": (0.62, 0.95, 0.92),
    "示例丁": (1.10, 1.05, 0.98), "示例戊": (0.85, 1.00, 1.04), "示例己": (0.97, 0.90, 1.00),
}  # fmt: skip
_SAMPLE = (NOTICE["zh"], NOTICE["en"])
_OTHER_CITIES = ("示例甲至己为由样例换算的虚构城市", "the other cities are made up from the sample")
_WEATHER = ("气象为虚构，仅作图例", "the weather is made up as well, for this picture")
_ANSWER = Path(__file__).parent / "images" / "review" / "scenario.json"
_OUTLOOK = _ANSWER.with_name("short_range.json")
_SCENARIO = (
    "情景、清单、回溯检验与参数修正均为虚构，仅作图例",
    "packages, inventory, hindcast and what was learned are made up, for this picture",
)
_DPI, _COLOURS = 95, 256


def sample_request(root: Path) -> ReviewRequest:
    """What the pictures of the sample workspace in ``root`` are made from, projected once."""
    folder = Folder.open(root)
    panel, last = load_panel(folder, None, region=_REGION)
    asked = ReviewRequest(
        panel, folder.store, last, notices=(_SAMPLE,),
        settings=Settings(last, _HALF_YEAR, outlook=False),
    )  # fmt: skip
    return replace(asked, projection=asked.projected(_HALF_YEAR))


def pictures(asked: ReviewRequest) -> Iterator[tuple[str, Callable[[], Chart]]]:
    """The name of each picture and what draws it; of several pages the first is shown."""
    for name, year in _CHARTS.items():
        own = replace(asked, year=year)
        if name == "city_ranking":
            yield name, lambda: _ranks(asked)
        elif name == "weather_normalised":
            yield name, lambda own=own: review_chart("weather_normalised", _with_weather(own))[0]  # type: ignore[misc]
        else:
            yield name, lambda name=name, own=own: review_chart(name, own)[0]  # type: ignore[misc]


def scenario_pictures() -> Iterator[tuple[str, Callable[[], Chart]]]:
    """The scenario chart and the map of two levers, from the answer beside the pictures."""
    told = json.loads(_ANSWER.read_text(encoding="utf-8"))
    for k, name in enumerate(("scenario", "scenario_map")):
        yield name, lambda k=k: scenario_charts(told, "both", (_SCENARIO,))[k]  # type: ignore[misc]


def outlook_pictures() -> Iterator[tuple[str, Callable[[], Chart]]]:
    """The next seven days, from the outlook of the sample beside the pictures."""
    told = json.loads(_OUTLOOK.read_text(encoding="utf-8"))
    yield "short_range", lambda: short_range_chart(outlook_data(told, "", (_SAMPLE,)))


def _made_up(city: CityDays, rng: np.random.Generator) -> list[CityDays]:
    """Cities of the same days, scaled, with a little chance of their own."""
    out = []
    for name, (pm, gas, ozone) in _OTHERS.items():
        factors = np.array([gas, gas, pm, pm, gas, ozone])
        chance = np.exp(rng.normal(0.0, 0.12, city.history.shape))
        values = (city.history * factors * chance).round(1)
        values.loc[:, values.columns != "co"] = values.loc[:, values.columns != "co"].round(0)
        out.append(replace(city, region=name, place=name, history=values))
    return out


def _ranks(asked: ReviewRequest) -> Chart:
    city = asked.city()
    cities = [city, *_made_up(city, np.random.default_rng(20250630))]
    data = ranking_data(cities, _YEAR, {}, (_SAMPLE, _OTHER_CITIES), only=_REGION)
    return city_ranking(data)[0]


def _with_weather(asked: ReviewRequest) -> ReviewRequest:
    """Give the sample a weather that goes with its days: still and damp where PM2.5 is high."""
    rng = np.random.default_rng(20250630)
    pm25 = asked.city().history["pm25"].astype("float64")
    days = pd.DatetimeIndex(pm25.index)
    season = np.cos(2 * np.pi * (days.day_of_year.to_numpy() - 20) / 365.25)
    usual = pm25.groupby([days.year, days.month]).transform("mean")
    high = np.log(pm25 / usual).fillna(0.0).to_numpy()
    n = len(days)
    weather = pd.DataFrame(
        {
            "temp_mean": 13.0 - 15.0 * season + rng.normal(0.0, 3.0, n),
            "wind_speed": np.clip(2.4 - 1.1 * high + rng.normal(0.0, 0.6, n), 0.3, None),
            "rh": np.clip(55.0 - 12.0 * season + 14.0 * high + rng.normal(0.0, 9.0, n), 10, 100),
        },
        index=days,
    )  # fmt: skip
    panel = replace(asked.panel, weather={_REGION: weather})
    return replace(asked, panel=panel, notices=(_SAMPLE, _WEATHER))


def small_png(chart: Chart) -> bytes:
    """Return a small PNG: few colours serve, since the charts have few."""
    from PIL import Image

    buffer = io.BytesIO()
    chart.figure.savefig(buffer, format="png", dpi=_DPI, metadata={"Software": None})
    picture = Image.open(buffer).convert("RGB")
    few = picture.quantize(_COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    out = io.BytesIO()
    few.save(out, format="png", optimize=True)
    return out.getvalue()


def drawn_texts(chart: Chart) -> list[list[str | float]]:
    """Every text of a chart with its middle, as shares of the sheet from its lower left corner."""
    from matplotlib.text import Text

    chart.figure.draw_without_rendering()
    size = chart.figure.get_size_inches() * chart.figure.dpi
    found: list[list[str | float]] = []
    for text in chart.figure.findobj(Text):
        if text.get_visible() and text.get_text().strip():
            box = text.get_window_extent()
            x, y = (box.p0 + box.p1) / 2 / size
            found.append([text.get_text(), round(float(x), 3), round(float(y), 3)])
    return found


def main() -> None:
    """Draw every picture into docs/images/review, or the folder given, and list their texts."""
    os.environ[ONLY_PACKAGED_VARIABLE] = "1"
    images = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "images" / "review"
    images.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        root = Workspace.create(Path(made) / "sample", demo=True).root
        texts = {}
        for name, draw in chain(
            pictures(sample_request(root)), scenario_pictures(), outlook_pictures()
        ):
            path = images / f"{name}.png"
            chart = draw()
            path.write_bytes(small_png(chart))
            texts[name] = drawn_texts(chart)
            print(f"{path} {path.stat().st_size / 1024:.0f} kB")
    lines = ",\n".join(
        f"{json.dumps(name)}: {json.dumps(own, ensure_ascii=False)}" for name, own in texts.items()
    )
    (images / "texts.json").write_text("{\n" + lines + "\n}\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
