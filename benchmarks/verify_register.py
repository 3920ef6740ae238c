"""The scores of the backtest from the register alone, on real cities; and years of daily runs, timed.

    python benchmarks/verify_register.py --data PATH [--cities 6] [--runs 3] [--paths 500] [--years 3]
        [--out benchmarks/verify_register.md]

1. Past forecasts of the default model, 2016 to 2019, from 1 January, April, July and October, of
   cities of ``air/city_daily_long_2013_2020.csv.gz`` (PM2.5) and, 2015 and 2016, of
   ``air/city_daily_o3_8h`` (six items), are put into the register of a new workspace with the nine
   quantiles that a run keeps, nothing of what came, and scored by ``forecast verify`` from the
   readings; beside that stand the backtest's own scores of the same forecasts, from their paths.
2. Real runs of the command on ``--runs`` of the six-item cities, from the same origins, each put into
   the register as a run does it; beside that the backtest of the same cities, whose paths are others.
3. A register of daily runs of 100 made cities with 15 indicators: size and time to append, check,
   read and score.

PATH is the folder that holds ``air``.
"""

from __future__ import annotations

import argparse
import platform
import sys
import tempfile
import time
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rolling_origin_air import read_cities

from forecast.api import Workspace as Api
from forecast.projection.hindcast_cases import HindcastSettings, records_of
from forecast.projection.hindcasts import hindcast
from forecast.projection.summary import QUANTILES, number
from forecast.runs import execute
from forecast.runs.register import append_run, check_register, read_register
from forecast.verification.tables import event_table, score_table
from forecast.verification.verify import verify
from forecast.verification.verify_hindcasts import hindcast_results
from forecast.workspace import Workspace

COMMAND = "python benchmarks/verify_register.py --data PATH"
MONTHS = (1, 4, 7, 10)
SIX = ("pm25_annual_mean", "o3_8h_p90", "good_day_ratio", "good_days", "heavy_days")
SCORES = ("crps", "mae", "bias", "pinball", "cover50", "cover80", "cover90", "persistence",
          "ytd_ratio", "ytd_plus_rest", "climatology")  # fmt: skip


def origins(years: range) -> list[date]:
    """Last days before the first of the start months."""
    return [date(y, m, 1) - timedelta(days=1) for y in years for m in MONTHS]


def long_cities(data: Path) -> dict[str, pd.DataFrame]:
    """PM2.5 of the cities of the long record; 0 is missing."""
    table = pd.read_csv(data / "air" / "city_daily_long_2013_2020.csv.gz", encoding="utf-8")
    found = {}
    for city, group in table.groupby("city"):
        values = group.drop_duplicates("date").set_index("date")[["pm25"]].astype(float)
        values.index = pd.DatetimeIndex(pd.to_datetime(values.index))
        found[str(city)] = values.where(values > 0.0).sort_index()
    return found


def filled(folder: Path, cities: Mapping[str, pd.DataFrame]) -> Workspace:
    """A workspace with the daily values of ``cities``."""
    workspace = Workspace.create(folder)
    config = workspace.config_path
    text = config.read_text(encoding="utf-8").replace("outlook = true ", "outlook = false")
    config.write_text(text, encoding="utf-8")
    for city, frame in cities.items():
        long = frame.rename_axis(index="date").reset_index().melt("date", var_name="item").dropna()
        days = long["date"].to_numpy("datetime64[s]")
        rows = pd.DataFrame(
            {
                "region": city, "place": city, "place_kind": "city", "date": days,
                "item": long["item"].astype(str), "value": long["value"],
                "basis": "standard_state", "source": "long_tidy", "version": "unknown", "flag": "",
                "known_from": days + np.timedelta64(86399, "s"), "file_id": "a" * 16,
                "row": np.arange(2, len(long) + 2),
            }
        )  # fmt: skip
        with workspace.store.writer() as writer:
            writer.merge("air_daily", rows, pd.Timestamp("2021-01-01"))
    return Workspace.open(workspace.root)


def beside(ours: pd.DataFrame, theirs: pd.DataFrame) -> list[str]:
    """Two tables of scores by indicator, as Markdown: register / backtest."""
    lines = ["| indicator | n | " + " | ".join(SCORES) + " |", "|" + "---|" * (2 + len(SCORES))]
    for name, row in theirs.set_index("indicator").iterrows():
        own = ours.set_index("indicator").loc[name]
        cells = [f"{own[s]:.4g} / {row[s]:.4g}" for s in SCORES]
        lines.append(f"| {name} | {int(own['n'])} / {int(row['n'])} | " + " | ".join(cells) + " |")
    return lines


def far(ours: pd.DataFrame, theirs: pd.DataFrame, names: tuple[str, ...]) -> float:
    """Largest difference of scores, relative to the backtest's CRPS of the indicator."""
    a, b = ours.set_index("indicator"), theirs.set_index("indicator")
    gap = (a.loc[b.index, list(names)] - b[list(names)]).abs()
    return float(gap.div(b["crps"], axis=0).to_numpy().max())


def same_forecasts(
    folder: Path,
    cities: Mapping[str, pd.DataFrame],
    years: range,
    names: tuple[str, ...],
    paths: int,
) -> list[str]:
    """Part 1: the register's scores beside the backtest's, of the same forecasts."""
    workspace = filled(folder, cities)
    records = records_of(workspace.store.read("air_daily"))
    settings = HindcastSettings(n_paths=paths)
    rows = hindcast(records, origins(years), ["seasonal"], names, settings=settings).rows
    levels = [float(q) for q in QUANTILES]
    made = datetime(2021, 1, 5, tzinfo=UTC)
    for result in hindcast_results(rows, records, settings, created=made, levels=levels):
        append_run(workspace, result)
    found = verify(workspace)
    ours = found.scores[found.scores["group"] == "all"]
    theirs = score_table(rows)
    exact = far(ours, theirs, ("mae", "bias", "persistence", "ytd_ratio", "ytd_plus_rest",
                               "climatology"))  # fmt: skip
    cover = (ours.set_index("indicator")[["cover50", "cover80", "cover90"]]
             - theirs.set_index("indicator")[["cover50", "cover80", "cover90"]]).abs()  # fmt: skip
    ratio = ours.set_index("indicator")["crps"] / theirs.set_index("indicator")["crps"]
    events = event_table(rows).set_index("indicator")
    own = found.targets[found.targets["group"] == "indicator"].set_index("indicator")
    brier = [
        f"- {name}: Brier {own.loc[name, 'brier']:.4f} of {int(own.loc[name, 'n'])} probabilities, in the "
        f"backtest {events.loc[name, 'brier']:.4f} of {int(events.loc[name, 'n'])}"
        for name in events.index
        if name in own.index
    ]
    return [
        f"{len(cities)} cities, {years[0]} to {years[-1]}, {len(rows)} forecasts, "
        f"{found.counts['cases']} places × years. Register / backtest:", "",
        *beside(ours, theirs), "",
        f"- MAE, bias and the plain rules differ by at most {exact:.1e} of the CRPS; coverage by "
        f"{float(cover.to_numpy().max()):.1e}",
        f"- CRPS from nine quantiles is {ratio.min():.4f} to {ratio.max():.4f} of that of the paths",
        *brier, "",
    ]  # fmt: skip


def real_runs(
    folder: Path, cities: Mapping[str, pd.DataFrame], years: range, paths: int
) -> list[str]:
    """Part 2: runs of the command, and the backtest of the same cities and origins."""
    workspace = filled(folder, cities)
    execute.draw_figures = lambda *_, **__: ([], [])  # type: ignore[assignment]
    api = Api(workspace.root)
    started = time.perf_counter()
    for day in origins(years):
        at = day + timedelta(days=1)
        outcome = api.run(as_of=day, year=at.year, paths=paths)
        append_run(workspace, outcome.result)
    spent = time.perf_counter() - started
    found = verify(workspace)
    ours = found.scores[found.scores["group"] == "all"]
    records = records_of(workspace.store.read("air_daily"))
    settings = HindcastSettings(n_paths=paths)
    rows = hindcast(records, origins(years), ["seasonal"], SIX, settings=settings).rows
    theirs = score_table(rows)
    names = sorted(set(ours["indicator"]) & set(theirs["indicator"]))
    ours, theirs = (t[t["indicator"].isin(names)] for t in (ours, theirs))
    return [
        f"{', '.join(cities)}; {years[0]} to {years[-1]}, {len(origins(years))} runs "
        f"({spent:.0f} s), {found.counts['scored']} forecasts scored. Register / backtest:", "",
        *beside(ours, theirs), "",
        "Runs and backtest draw other paths of the same model, a run draws its cities together, and "
        "means leave out dust days where they are known: the scores agree within what so few forecasts "
        "allow, not to the last digit.", "",
    ]  # fmt: skip


def _made_result(day: date, cities: int, rng: np.random.Generator) -> dict[str, Any]:
    from forecast.standards.air_assessment import AIR_INDICATORS

    names = [*AIR_INDICATORS, "air_items_over_class_ii"]
    middle = rng.normal(50.0, 10.0, (cities, len(names)))
    entries = []
    for k in range(cities):
        for j, name in enumerate(names):
            m = float(middle[k, j])
            entries.append(
                {
                    "region": f"城市{k:03d}", "place": f"城市{k:03d}", "place_kind": "city",
                    "point_set": "", "domain": "air", "indicator": name, "unit": "µg/m³",
                    "year": day.year, "period": str(day.year), "standard": "GB 3095-2012",
                    "dust": "kept", "basis": "standard_state",
                    "observed": {"value": number(m + 1.0), "value_official": 50.0, "n_valid": 100,
                                 "n_expected": 101, "last_day": day.isoformat()},
                    "forecast": {
                        "mean": number(m), "n_paths": 2000, "model": "seasonal",
                        "quantiles": {q: number(m + 8.0 * float(rng.normal())) for q in QUANTILES},
                    },
                    "baselines": {r: number(m * f) for r, f in (
                        ("persistence", 1.1), ("ytd_ratio", 1.05), ("ytd_plus_rest", 1.02),
                        ("climatology", 1.2), ("climatology_lowest", 1.0),
                        ("climatology_highest", 1.5))},
                    "targets": [
                        {"id": f"t-{j}", "plan": "p", "kind": "threshold", "level": "single",
                         "comparator": "<=", "value": 45.0, "unit": "µg/m³", "year": day.year,
                         "binding": "binding", "probability": number(float(rng.random())),
                         "verdict": "AT_RISK"}
                    ] if j < 8 else [],
                }
            )  # fmt: skip
    return {
        "run": {"id": f"{day:%Y%m%d}-made", "as_of": day.isoformat(), "year": day.year,
                "created": f"{day}T22:30:00+00:00", "seed": 1, "version": "0", "standard": "by date"},
        "projections": entries,
    }  # fmt: skip


def many_days(folder: Path, years: int) -> list[str]:
    """Part 3: size and time of a register of daily runs of 100 cities."""
    workspace = Workspace.create(folder)
    rng = np.random.default_rng(1)
    days = [date(2016, 1, 1) + timedelta(days=k) for k in range(365 * years)]
    spent = []
    for day in days:
        result = _made_result(day, 100, rng)
        started = time.process_time()
        append_run(workspace, result)
        spent.append(time.process_time() - started)
    size = sum(p.stat().st_size for p in (workspace.reports / "register").glob("*.jsonl"))

    def seconds(what: Any) -> tuple[float, int]:
        # Processor time: the machine may have other work.
        started = time.process_time()
        found = what()
        return time.process_time() - started, len(found) if hasattr(
            found, "__len__"
        ) else found.blocks

    checked, blocks = seconds(lambda: check_register(workspace))
    one, n_one = seconds(lambda: read_register(workspace, "城市042"))
    whole, n_all = seconds(lambda: read_register(workspace))
    return [
        f"{len(days)} daily runs of 100 cities and 15 indicators ({n_all} forecasts, nine quantiles each; "
        "random numbers, which deflate less well than real ones).", "",
        "| | processor time |", "|---|---|",
        f"| size | {size / 1e6:.0f} MB, {size / 1e6 / years:.0f} MB a year |",
        f"| append a run | median {1e3 * float(np.median(spent)):.0f} ms, at most "
        f"{1e3 * float(np.max(spent)):.0f} ms |",
        f"| go through the chain | {checked:.1f} s ({blocks} runs) |",
        f"| read one city | {one:.1f} s ({n_one} forecasts) |",
        f"| read everything | {whole:.1f} s |", "",
    ]  # fmt: skip


def main() -> None:
    """Make the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cities", type=int, default=6)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--paths", type=int, default=500)
    parser.add_argument("--years", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".md"))
    asked = parser.parse_args()
    started = time.perf_counter()
    long, six = long_cities(asked.data), read_cities(asked.data)
    step = max(1, len(long) // asked.cities)
    some = dict(list(long.items())[::step][: asked.cities])
    few = dict(list(six.items())[: asked.cities])
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        lines = [
            "# The register against the backtest", "",
            "## The same forecasts: PM2.5", "",
            *same_forecasts(root / "a", some, range(2016, 2020), ("pm25_annual_mean",), asked.paths),
            "## The same forecasts: six items", "",
            *same_forecasts(root / "b", few, range(2015, 2017), SIX, asked.paths),
            "Targets of a concentration or a ratio are judged on the rounded value, the backtest's thresholds on "
            "the unrounded one: their Brier scores may differ where a value lies within half a unit of a "
            "threshold. Counts of days have nothing to round: theirs are the same. Targets of a year that "
            "has too few valid days for the official rule are not scored.", "",
            "## Runs of the command", "",
            *real_runs(root / "c", dict(list(six.items())[: asked.runs]), range(2015, 2017), asked.paths),
            "## Years of daily runs", "",
            *many_days(root / "d", asked.years),
        ]  # fmt: skip
    lines[2:2] = [
        f"Made on {datetime.now(UTC):%Y-%m-%d} by `{COMMAND} --cities {asked.cities} --runs {asked.runs} "
        f"--paths {asked.paths} --years {asked.years}` on {platform.machine()}, {platform.system()}, Python "
        f"{platform.python_version()}, numpy {np.__version__}, pandas {pd.__version__}, in "
        f"{time.perf_counter() - started:.0f} s on a machine with other work.", "",
    ]  # fmt: skip
    asked.out.write_text("\n".join(lines), encoding="utf-8", newline="\n")
    sys.stdout.write("\n".join(lines))


if __name__ == "__main__":
    main()
