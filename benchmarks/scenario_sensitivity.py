"""How far the probability of a target moves when one prior of the air response is another.

    python benchmarks/scenario_sensitivity.py --data PATH [--out FILE] [--cities 北京,重庆] [--paths 2000]

For each city, package and target the chance is taken with one parameter held at its 10 % quantile and at
its 90 % quantile in every draw, all others as drawn. Targets are set at the median of the year as drawn,
where a chance moves most. Origin: 30 June 2016; cuts from the next day on. The priors are those before
anything is learned from the record, so a city with a hindcast moves less.

PATH holds ``air/city_daily_o3_8h``. Nothing of it is written but figures.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from forecast.api import Workspace
from forecast.projection.scenario_package import PackageFactors
from forecast.projection.streams import stream
from forecast.runs.request import Request
from forecast.runs.scenario_packages import NamedScenario, asked_packages
from forecast.runs.scenario_setting import open_setting
from forecast.scenario.air_defaults import air_default_rows
from forecast.scenario.air_response import draw_air
from forecast.scenario.scenario_file import scenario_of_cuts
from forecast.standards.judgement import judged_value

ORIGIN = date(2016, 6, 30)
CITIES = "北京,上海,广州,重庆,兰州"
PACKAGES: dict[str, tuple[list[str], str]] = {
    "all 30 %, region": (
        ["SO2=30%", "NOx=30%", "VOC=30%", "NH3=30%", "PM25=30%", "PM10=30%", "CO=30%"], "region",
    ),
    "NOx 30 %, city": (["NOx=30%"], "city"),
    "VOC 30 %, region": (["VOC=30%"], "region"),
}  # fmt: skip
TARGETS = {"pm25_annual_mean": "<=", "o3_8h_p90": "<=", "good_day_ratio": ">="}
NAMES = {"pm25_annual_mean": "PM2.5", "o3_8h_p90": "O3", "good_day_ratio": "good days"}


def shifts(workspace: Workspace, city: str, paths: int) -> list[dict[str, object]]:
    """One row a package, target and parameter: P at q10 and at q90 of the parameter."""
    setting = open_setting(workspace._inner, Request(region=city, as_of=ORIGIN, paths=paths))
    year, seed = setting.air_year, setting.settings.seed
    middle = {name: float(np.median(year.baseline.values[name])) for name in TARGETS}
    out: list[dict[str, object]] = []
    for package, (cuts, scope) in PACKAGES.items():
        scenario = scenario_of_cuts(
            cuts, region=city, start=setting.first_day,
            scope="region" if scope == "region" else "city",
        )  # fmt: skip
        asked = asked_packages(setting, [NamedScenario(scenario)])[0]

        def chances(overrides: dict[str, float]) -> dict[str, float]:
            draws = draw_air(city, paths, stream(seed, "sensitivity", city), overrides=overrides)
            made = PackageFactors(asked.cuts, draws, setting.days)()  # noqa: B023
            found = year.assess(made, set(TARGETS))
            return {
                name: float(np.mean(
                    judged_value(name, found.values[name]) <= middle[name] if sign == "<="
                    else judged_value(name, found.values[name]) >= middle[name]
                ))
                for name, sign in TARGETS.items()
            }  # fmt: skip

        drawn = chances({})
        for row in air_default_rows(city):
            low, high = float(row["q10"]), float(row["q90"])
            if not high > low:
                continue
            name = str(row["parameter"])
            ends = [chances({name: value}) for value in (low, high)]
            out += [
                {"city": city, "package": package, "target": t, "parameter": name,
                 "drawn": drawn[t], "low": ends[0][t], "high": ends[1][t]}
                for t in TARGETS
            ]  # fmt: skip
    return out


def main() -> None:
    """Run it and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--cities", default=CITIES)
    parser.add_argument("--paths", type=int, default=2000)
    given = parser.parse_args()
    cities = given.cities.split(",")
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace.create(Path(folder) / "W")
        workspace.ingest([given.data / "air" / "city_daily_o3_8h" / f"{c}.csv" for c in cities])
        for city in cities:
            rows += shifts(workspace, city, given.paths)
            sys.stderr.write(f"{city}\n")
    lines = [
        "# Sensitivity of the probability to each prior",
        "",
        f"`python benchmarks/scenario_sensitivity.py --data PATH`, {given.paths} paths, {len(cities)} "
        f"cities ({'、'.join(cities)}), {datetime.now(UTC):%Y-%m-%d}, "
        f"Python {platform.python_version()}, {os.cpu_count()} cores.",
        "",
        *(line.strip() for line in __doc__.split("\n\n")[2].splitlines()),
        "",
        "Points of probability, mean over the cities (largest of one city in brackets); a Monte-Carlo "
        f"error of a probability is {100 * np.sqrt(0.25 / given.paths):.1f}, that of these paired "
        "differences is smaller. Parameters that move no target by a point in the mean are left out.",
    ]
    for package in PACKAGES:
        own = [r for r in rows if r["package"] == package]
        drawn = {
            t: 100 * np.mean([float(str(r["drawn"])) for r in own if r["target"] == t])
            for t in TARGETS
        }
        lines += [
            "", f"## {package}", "",
            "P as drawn: " + ", ".join(f"{NAMES[t]} {p:.0f} %" for t, p in drawn.items())
            + " (50 % or so without a cut).", "",
            "| parameter | " + " | ".join(f"{NAMES[t]}: q10 | q90" for t in TARGETS) + " |",
            "|---|" + "---|" * (2 * len(TARGETS)),
        ]  # fmt: skip
        table = []
        for name in dict.fromkeys(str(r["parameter"]) for r in own):
            cells, size = [], 0.0
            for t in TARGETS:
                for end in ("low", "high"):
                    moved = np.array([
                        100 * (float(str(r[end])) - float(str(r["drawn"])))
                        for r in own if r["parameter"] == name and r["target"] == t
                    ])  # fmt: skip
                    worst = moved[np.argmax(np.abs(moved))]
                    cells.append(f"{moved.mean():+.1f} ({worst:+.1f})")
                    size = max(size, abs(float(moved.mean())))
            if size >= 1.0:
                table.append((size, f"| `{name}` | " + " | ".join(cells) + " |"))
        lines += [text for _, text in sorted(table, reverse=True)] or ["| none | | | | | | |"]
    text = "\n".join(lines) + "\n"
    if given.out:
        given.out.write_text(text, encoding="utf-8", newline="\n")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
