"""A run over real files of air and water has an entry for every place."""

from __future__ import annotations

import dataclasses
import gzip
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from forecast.api import Workspace
from forecast.projection.panel import PanelProjection
from forecast.runs import execute

Command = Callable[..., subprocess.CompletedProcess[str]]

#: Sections of three of the twelve basins.
_SECTIONS = 12


@pytest.fixture
def charts_of_one_city(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw one city and the sections: the charts of the others are drawn by the same code."""
    draw = execute.draw_figures

    def fewer(
        projection: PanelProjection, result: dict[str, Any], *arguments: Any, **named: Any
    ) -> Any:
        first = projection.air[0].region
        own = [e for e in result["projections"] if e["region"] == first or e["domain"] == "water"]
        return draw(
            dataclasses.replace(projection, air=projection.air[:1]),
            {**result, "projections": own}, *arguments, **named,
        )  # fmt: skip

    monkeypatch.setattr(execute, "draw_figures", fewer)


@pytest.mark.usefixtures("charts_of_one_city")
def test_real_folders_are_projected_for_every_place(
    made_cities: Path,
    real_data: Path,
    tmp_path: Path,
    forecast_command: Command,
) -> None:
    folder = shutil.copytree(made_cities, tmp_path / "W")
    water = tmp_path / "weekly_sections.csv"
    path = real_data / "water" / "weekly_sections_2012_2018.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        head = next(lines)
        # Each model is fitted to the sections of all basins: fewer of them are soon done.
        kept = [line for line in lines if line.startswith(("滇池流域,", "太湖流域,", "黄河流域,"))]
    water.write_text(head + "".join(kept), encoding="utf-8")
    done = forecast_command("ingest", water, "-w", folder)
    assert done.returncode == 0, done.stderr
    outcome = Workspace(folder).run(as_of="2016-09-30", year=2016, paths=100, jobs=1)
    result = outcome.result
    cities = {p["place"] for p in result["projections"] if p["place_kind"] == "city"}
    sections = {p["place"] for p in result["projections"] if p["place_kind"] == "section"}
    assert len(cities) == 15
    assert len(sections) == _SECTIONS
    for entry in result["projections"]:
        if entry["indicator"] in ("pm25_annual_mean", "good_day_ratio"):
            assert entry["forecast"] is not None, entry["place"]
    drawn = {p.name.split("-")[0] for p in (outcome.folder / "charts").glob("*.svg")}
    assert drawn == {
        "target_tracker",
        "aqi_calendar",
        "section_tiles",
        "scoreboard",
        "short_range",
        "bad_day_budget",
    }
