"""The hindcast of single cities as a scenario makes it, and what learning from it is worth.

    python benchmarks/scenario_record.py --data PATH [--out FILE]

1. Every city of ``air/city_daily_long_2013_2020.csv.gz`` with weather, as ``forecast scenario run`` would do it: the
   first and last whole years, the nation's change of emissions with the error of a single city.
2. Learned from earlier years, tried on later ones: the parameters are weighed by one period and
   predict the next.
3. The least-squares adjustment for weather beside plain annual means.

PATH is the folder that holds ``air`` and ``met``. Nothing of it is written but figures.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
from scenario_hindcast import city_records, weather_adjusted

from forecast.projection.panel import Panel
from forecast.runs.scenario_learning import learn_air
from forecast.scenario.air_response import draw_air
from forecast.scenario.hindcast import Hindcast, PastChange, coverage, hindcast, hindcast_evidence
from forecast.scenario.learning import learned
from forecast.scenario.observed_change import observed_change, whole_years
from forecast.scenario.past_emissions import national_history
from forecast.scenario.scenario_model import Scenario
from forecast.targets.applied import Applied

SEED = 20170101
#: Years of the second part: learned from the first two, tried on the last two.
PERIODS = ((2014, 2016, 2018), (2014, 2016, 2017), (2014, 2015, 2017))
ACTING = ("SO2", "NOx", "NH3", "VOC", "PM25")


def city_panels(data: Path) -> list[tuple[str, Panel, float | None]]:
    """Each city as a workspace would give it, and the adjusted ratio of the benchmark of the nation."""
    found = []
    for city, rows in city_records(data):
        days = pd.DatetimeIndex(pd.to_datetime(rows["date"]))
        air = pd.DataFrame(
            {
                "region": city, "place": city, "place_kind": "city", "date": days, "item": "pm25",
                "value": rows["pm25"].to_numpy(float), "basis": "",
            }
        )  # fmt: skip
        weather = pd.DataFrame(
            {
                "wind_u": rows["wind_u_ms"].to_numpy(), "wind_v": rows["wind_v_ms"].to_numpy(),
                "temp_mean": rows["temp_k"].to_numpy() - 273.15, "rh": rows["rh_pct"].to_numpy(),
                "pressure": rows["psfc_pa"].to_numpy() / 100.0,
            },
            index=days,
        )  # fmt: skip
        panel = Panel(air, pd.DataFrame({"region": []}), Applied(()), weather={city: weather})
        other = weather_adjusted(rows)
        found.append((city, panel, None if other is None else other[0]))
    return found


def figures(hindcasts: Sequence[Hindcast]) -> str:
    """Coverage, error and width as cells of a table."""
    errors = np.array([h.log_error for h in hindcasts])
    widths = [np.log(h.quantiles[0.9] / h.quantiles[0.1]) for h in hindcasts]
    return (
        f"{len(hindcasts)} | {100 * coverage(hindcasts):.0f} % | {100 * coverage(hindcasts, 0.95):.0f} % | "
        f"{errors.mean():+.3f} | {np.sqrt((errors**2).mean()):.3f} | {np.mean(widths):.3f} |"
    )


HEAD = [
    "| what | cities | inside 80 % | inside 95 % | mean log error | root mean square | width of 80 % (log) |",
    "|---|---|---|---|---|---|---|",
]


def as_run(cities: Sequence[tuple[str, Panel, float | None]]) -> list[str]:
    """The hindcast that a scenario prints."""
    found, sizes = [], []
    for city, panel, _ in cities:
        air = learn_air(
            panel, city, city, Scenario(name=city, region=city), None, n=2000, seed=SEED,
            as_of=date(2018, 12, 31),
        )  # fmt: skip
        found += air.hindcast.hindcasts
        if air.weights is not None:
            sizes.append(air.weights.effective_size)
    spans = sorted({(h.past.first_year, h.past.last_year) for h in found})
    told = ", ".join(f"{a} to {b}" for a, b in spans)
    return [
        "## As a scenario prints it", "", *HEAD, f"| {told} | {figures(found)}", "",
        f"Effective sample size {min(sizes):.0f} to {max(sizes):.0f} of 4,000.", "",
    ]  # fmt: skip


def out_of_sample(cities: Sequence[tuple[str, Panel, float | None]]) -> list[str]:
    """Learned from one period, tried on the next."""
    nation = national_history(place=True)

    def past(city: str, panel: Panel, first: int, last: int) -> PastChange:
        values = panel.air.set_index("date")["value"]
        seen = observed_change(values, first, last, weather=panel.weather[city])
        changes = {p: c for p in ACTING if (c := nation.change(p, first, last)) is not None}
        return PastChange(
            city, first, last, {p: c.value for p, c in changes.items()}, seen.ratio, seen.sd,
            seen.weather_adjusted, {p: c.sd for p, c in changes.items()},
        )  # fmt: skip

    lines = ["## Learned from one period, tried on the next", "", *HEAD]
    for first, middle, last in PERIODS:
        before, after = [], []
        for number, (city, panel, _) in enumerate(cities):
            years = whole_years(panel.air.set_index("date")["value"])
            if not {first, middle, last} <= set(years):
                continue
            rng = np.random.default_rng([SEED, number])
            draws = draw_air(city, 4000, rng, era="2013")
            evidence = hindcast_evidence(past(city, panel, first, middle), draws, rng)
            later = past(city, panel, middle, last)
            before.append(hindcast(later, draws, rng))
            after.append(hindcast(later, learned(draws, [evidence], 4000, rng)[0], rng))
        lines += [
            f"| {middle} to {last}, prior | {figures(before)}",
            f"| {middle} to {last}, learned from {first} to {middle} | {figures(after)}",
        ]
    return [*lines, ""]


def adjustments(cities: Sequence[tuple[str, Panel, float | None]]) -> list[str]:
    """Root mean square distances of the three ratios of 2014 to 2017."""
    rows = []
    for city, panel, other in cities:
        values = panel.air.set_index("date")["value"]
        if other is not None and {2014, 2017} <= set(whole_years(values)):
            seen = observed_change(values, 2014, 2017, weather=panel.weather[city])
            rows.append(np.log([seen.ratio, seen.plain, other]))
    table = np.array(rows)
    plain, form = (float(np.sqrt(((table[:, 0] - table[:, k]) ** 2).mean())) for k in (1, 2))
    return [
        "## Weather taken off, 2014 to 2017", "",
        f"{len(rows)} cities; root mean square distance of the log ratios: adjusted and plain means "
        f"{plain:.3f}; adjusted here and in the benchmark of the nation {form:.3f}.", "",
    ]  # fmt: skip


def main() -> int:
    """Run all parts and write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".md"))
    asked = parser.parse_args()
    cities = city_panels(asked.data)
    lines = [
        "# Hindcast of single cities", "", "`python benchmarks/scenario_record.py --data PATH`.", "",
        *as_run(cities), *out_of_sample(cities), *adjustments(cities),
    ]  # fmt: skip
    asked.out.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
