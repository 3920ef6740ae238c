"""A run over real folders of air and water has an entry for every place."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

Command = Callable[..., subprocess.CompletedProcess[str]]


def test_real_folders_are_projected_for_every_place(
    real_data: Path,
    tmp_path: Path,
    forecast_command: Command,
) -> None:
    folder = tmp_path / "W"
    assert forecast_command("init", folder).returncode == 0
    done = forecast_command(
        "ingest", real_data / "air" / "city_daily_o3_8h",
        real_data / "water" / "weekly_sections_2012_2018.csv.gz", "-w", folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    done = forecast_command(
        "run", "-w", folder, "--as-of", "2016-09-30", "--year", "2016", "--paths", "100", "--json",
        timeout=500,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    cities = {p["place"] for p in result["projections"] if p["place_kind"] == "city"}
    sections = {p["place"] for p in result["projections"] if p["place_kind"] == "section"}
    assert len(cities) == 15
    assert len(sections) == 61
    for entry in result["projections"]:
        if entry["indicator"] in ("pm25_annual_mean", "good_day_ratio"):
            assert entry["forecast"] is not None, entry["place"]
