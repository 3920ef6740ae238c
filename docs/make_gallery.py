"""Draw the pictures of docs/gallery.md anew, from the built-in sample.

Run from anywhere: ``python docs/make_gallery.py [FOLDER]``. The sample is generated, and so are the
cities beside it in the picture of the ranks; every picture says so. Drawn with the packaged font
alone, the pictures are the same on every machine.
"""

from __future__ import annotations

import io
import os
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np

from forecast import Workspace
from forecast.charts.chart import Chart
from forecast.charts.city_ranking import city_ranking
from forecast.charts.fonts import ONLY_PACKAGED_VARIABLE
from forecast.report.review_days import CityDays, cities_of
from forecast.report.review_ranking import ranking_data
from forecast.runs.inputs import load_panel
from forecast.sample import NOTICE
from forecast.workspace import Workspace as Folder

_REGION, _YEAR = "衡水", 2024
#: The year whose half is there shows what a chart does with days to come.
_HALF_YEAR = 2025
_CHARTS = {
    "bad_day_budget": _HALF_YEAR,
    "aqi_calendar": _HALF_YEAR,
    "annual_trend": _HALF_YEAR,
    "time_variation": _YEAR,
    "level_shares": _YEAR,
    "section_tiles": _HALF_YEAR,
}
#: Factors on the days of the sample that make the other cities of the ranks: PM, gases, ozone.
_OTHERS = {
    "示例甲": (0.72, 0.85, 0.97), "示例乙": (0.90, 0.80, 1.02), "示例丙": (0.62, 0.95, 0.92),
    "示例丁": (1.10, 1.05, 0.98), "示例戊": (0.85, 1.00, 1.04), "示例己": (0.97, 0.90, 1.00),
}  # fmt: skip
_NOTICES = (
    (NOTICE["zh"], NOTICE["en"]),
    ("示例甲至己为由样例换算的虚构城市", "the other cities are made up from the sample"),
)
_DPI, _COLOURS = 95, 256


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


def _ranks(folder: Path) -> Chart:
    panel, _ = load_panel(Folder.open(folder), None, region=_REGION)
    (city,) = cities_of(panel, None)
    cities = [city, *_made_up(city, np.random.default_rng(20250630))]
    data = ranking_data(cities, _YEAR, {}, _NOTICES, only=_REGION)
    return city_ranking(data)[0]


def _save(chart: Chart, path: Path) -> None:
    """Write a small PNG: few colours serve, since the charts have few."""
    from PIL import Image

    buffer = io.BytesIO()
    chart.figure.savefig(buffer, format="png", dpi=_DPI, metadata={"Software": None})
    picture = Image.open(buffer).convert("RGB")
    few = picture.quantize(_COLOURS, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(path, optimize=True)
    print(f"{path} {path.stat().st_size / 1024:.0f} kB")


def main() -> None:
    """Draw every picture into docs/images/review, or the folder given."""
    os.environ[ONLY_PACKAGED_VARIABLE] = "1"
    images = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "images" / "review"
    images.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as made:
        workspace = Workspace.create(Path(made) / "sample", demo=True)
        for name, year in _CHARTS.items():
            _save(workspace.chart(name, region=_REGION, year=year)[0], images / f"{name}.png")
        _save(_ranks(workspace.root), images / "city_ranking.png")


if __name__ == "__main__":
    main()
