"""Rolling-origin backtest of the air models on real cities, against rules and challengers.

    python benchmarks/backtest_air.py --data PATH [--slow 2] [--jobs 2] [--out FILE] [--cache DIR]
        [--records forecast/projection/tables/reliability.csv]

Origins are 1 January, April, July and October. Cities whose (md5(name) // 2) is even are for tuning:
the pooled figures of the default model are made anew from them alone, and all is reported on the
others.

1. ``air/city_daily_long_2013_2020.csv.gz``: annual PM2.5 mean and days over 150 µg/m³, 2015 to
   2019, by the models that take seconds.
   Also what recalibration and stacking would change, and each city alone: the plain panel model
   fitted to one city, and the default model without pooled figures of others.
2. The same by the slow challengers, on every N-th of these cities (``--slow N``; 0 leaves them out),
   with the quick models on the same rows.
3. ``air/city_daily_o3_8h``: good-day ratio (from the six items) and O3 90th percentile, 2015 and
   2016; those of its cities that are reported.
4. 2020 up to 18 November, and 2023 where ``air/pm25_daily_2013_2026.csv.gz`` has it.

``--records`` writes the table of how often stated probabilities came true that the package ships.
PATH is the folder that holds ``air``. Nothing is tuned here.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import platform
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from pooled_slow_error import PROVINCES, load_panel, pool
from rolling_origin_air import read_cities
from single_city import ALONE

from forecast.models.panel_priors import estimate_priors
from forecast.models.pooled import AirPooled
from forecast.projection.hindcast_cases import HindcastSettings
from forecast.projection.hindcasts import backtest_frames
from forecast.verification.recalibration import recalibration_effect
from forecast.verification.reliability import corp, probability_bins
from forecast.verification.stacking import stacking_effect
from forecast.verification.tables import difference_table, event_rows, event_table, score_table

COMMAND = "python benchmarks/backtest_air.py --data PATH"
MONTHS = (1, 4, 7, 10)
QUICK = ("seasonal", "panel", "past_years")
SLOW = ("prophet", "ucm", "sarimax", "hgb")
SEED = 20150101
PROVINCE = {city: name for name, cities in PROVINCES.items() for city in cities}
RULES = ("ytd_ratio", "ytd_plus_rest")


def is_even(city: str) -> bool:
    """Whether a city is one to tune on."""
    return int(hashlib.md5(city.encode(), usedforsecurity=False).hexdigest(), 16) // 2 % 2 == 0


def origins(years: Iterable[int]) -> list[date]:
    """Last days before the first of the start months."""
    return [date(y, m, 1) - timedelta(days=1) for y in years for m in MONTHS]


def long_cities(data: Path) -> dict[str, pd.DataFrame]:
    """PM2.5 of the 45 cities of the long record; 0 is missing."""
    table = pd.read_csv(data / "air" / "city_daily_long_2013_2020.csv.gz", encoding="utf-8")
    return {str(city): _pm25(group) for city, group in table.groupby("city")}


def later_cities(data: Path) -> dict[str, pd.DataFrame]:
    """PM2.5 of the cities that have 2023 and a year before it."""
    table = pd.read_csv(data / "air" / "pm25_daily_2013_2026.csv.gz", encoding="utf-8")
    found = {str(city): _pm25(group) for city, group in table.groupby("city")}
    return {
        city: frame
        for city, frame in found.items()
        if _readings(frame, 2023) >= 324 and _readings(frame, 2022) >= 250
    }


def _readings(frame: pd.DataFrame, year: int) -> int:
    return int(frame.loc[f"{year}-01-01" : f"{year}-12-31", "pm25"].count())


def _pm25(group: pd.DataFrame) -> pd.DataFrame:
    values = group.drop_duplicates("date").set_index("date")[["pm25"]].astype(float)
    values.index = pd.DatetimeIndex(pd.to_datetime(values.index))
    return values.where(values > 0.0).sort_index()


def markdown(table: pd.DataFrame, columns: Sequence[str]) -> list[str]:
    """A table of Markdown with two or three decimals."""
    kept = [c for c in columns if c in table]
    lines = ["| " + " | ".join(kept) + " |", "|" + "---|" * len(kept)]
    for record in table[kept].itertuples(index=False):
        cells = [f"{c:.3g}" if isinstance(c, float) else str(c) for c in record]
        lines.append("| " + " | ".join(cells) + " |")
    return [*lines, ""]


SCORES = (
    "indicator", "model", "start_month", "year", "n", "crps", "crps_low", "crps_high", "mae",
    "bias", "bias_low", "bias_high", "cover50", "cover80", "cover90", "width90", "persistence",
    "ytd_ratio", "ytd_plus_rest", "climatology",
)  # fmt: skip


def bars(scores: pd.DataFrame, pooled: pd.DataFrame, name: str) -> list[str]:
    """The marks on the default model, one line each."""
    ours = scores[(scores["indicator"] == name) & (scores["model"] == "seasonal")]
    whole = pooled[pooled["indicator"] == name].set_index("model")
    lines = []
    if name == "pm25_annual_mean":
        for row in ours.itertuples():
            parts = [row.crps / getattr(row, rule) for rule in RULES]
            said = "pass" if max(parts) <= 0.55 else "MISS"
            lines.append(
                f"- {name}, from month {row.start_month}: CRPS is {parts[0]:.2f} of the error of "
                f"`ytd_ratio`, {parts[1]:.2f} of `ytd_plus_rest` (at most 0.55): {said}"
            )
    elif name == "good_day_ratio":
        row = whole.loc["seasonal"]
        close = abs(row["bias"]) <= 1.5 and row["bias_low"] <= 0 <= row["bias_high"]
        lines.append(
            f"- {name}: bias {row['bias']:+.2f} ({row['bias_low']:+.2f} to {row['bias_high']:+.2f}; "
            f"at most 1.5 and not apart from 0): {'pass' if close else 'MISS'}"
        )
    row = whole.loc["seasonal"]
    others = whole["crps"].drop("seasonal")
    lines.append(
        f"- {name}: CRPS {row['crps']:.3g} against "
        + ", ".join(f"{v:.3g} ({m})" for m, v in others.items())
        + f": {'pass' if row['crps'] < others.min() else 'MISS'}"
    )
    inside = 0.86 <= row["cover90"] <= 0.95 and 0.44 <= row["cover50"] <= 0.58
    months = bool(ours["cover90"].between(0.80, 0.98).all())
    lines.append(
        f"- {name}: coverage 90 % {100 * row['cover90']:.1f} (86 to 95), 50 % "
        f"{100 * row['cover50']:.1f} (44 to 58), by start month "
        + ", ".join(f"{100 * c:.0f}" for c in ours["cover90"])
        + f" (80 to 98): {'pass' if inside and months else 'MISS'}"
    )
    return lines


def events(rows: pd.DataFrame, name: str) -> list[str]:
    """Brier scores at the four thresholds by start month, and the reliability."""
    mine = rows[(rows["indicator"] == name) & (rows["model"] == "seasonal")]
    table = event_table(mine, ["start_month"], rng=np.random.default_rng(3))
    better = bool(
        (
            (table["brier"] < table["brier_climatology"])
            & (table["brier"] < table["brier_persistence"])
        ).all()
    )
    each = event_rows(mine)
    found = corp(each["probability"], each["event"], np.random.default_rng(6))
    bins = probability_bins(each["probability"], each["event"])
    some = bins[bins["n"] > 0]
    outside = some[(some["share"] < some["low"]) | (some["share"] > some["high"])]
    return [
        f"- {name}: reliability within the binomial bounds of independent events in "
        f"{len(some) - len(outside)} of {len(some)} classes of probability: "
        f"{'MISS' if len(outside) else 'pass'}. The four thresholds and the cities of one year stand "
        "or fall together, so the bounds are too narrow; `reliability by year` shows it.",
        "",
        f"Brier score of P({name} at −10, −5, 0, +5 % of the year before), by start month: "
        f"{'below' if better else 'NOT everywhere below'} climatology and persistence.",
        "",
        *markdown(
            table,
            ("indicator", "start_month", "n", "rate", "brier", "brier_climatology",
             "brier_persistence", "log", "mcb", "dsc", "unc"),
        ),
        f"CORP, all months: miscalibration {found.mcb:.4f}, discrimination {found.dsc:.4f}, "
        f"uncertainty {found.unc:.4f}.",
        "",
        "Reliability:",
        "",
        *markdown(bins, _BINS),
        "Reliability by year: mean of what was stated, and share that came.",
        "",
        *markdown(
            each.groupby("year").agg(
                n=("event", "size"), stated=("probability", "mean"), share=("event", "mean")
            ).reset_index(),
            ("year", "n", "stated", "share"),
        ),
    ]  # fmt: skip


def records(rows: pd.DataFrame, path: Path) -> None:
    """Write how often the default model's probabilities came true, by month and altogether."""
    each = event_rows(rows[rows["model"] == "seasonal"])
    source = (
        "cities that the pooled figures were not made from; quarterly origins; targets at -10, -5, 0 "
        "and +5 % of the year before"
    )
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(
            ["indicator", "start_month", "p_low", "p_high", "n", "met", "command", "source"]
        )
        for name, own in each.groupby("indicator", sort=True):
            months = [("", own), *((str(m), o) for m, o in own.groupby("start_month"))]
            for month, some in months:
                # 0 and 1 that arithmetic decides are no statements to be checked.
                open_ = some[(some["probability"] > 0.0) & (some["probability"] < 1.0)]
                # A share such as 0.3 of paths is a float a hair off; it belongs to its own class.
                at = np.searchsorted(CLASSES, open_["probability"] + 1e-9, side="right") - 1
                at = np.minimum(at, len(CLASSES) - 2)
                for number, group in open_.groupby(at):
                    ends = f"{CLASSES[number]:g}", f"{CLASSES[number + 1]:g}"
                    came = int(group["event"].sum())
                    writer.writerow([name, month, *ends, len(group), came, COMMAND, source])


def _hindsight(
    panel: Mapping[str, pd.DataFrame],
    cities: Mapping[str, pd.DataFrame],
    pooled: AirPooled,
    rest: Mapping[str, object],
) -> list[str]:
    """The default model with trend and season of the panel from years that were over, and as above."""
    parts = []
    for year in range(2016, 2020):
        cut = {n: f[f.index < f"{year}-01-01"] for n, f in panel.items()}
        then = estimate_priors({n: f for n, f in cut.items() if len(f)}, ["pm25"])["pm25"]
        kept = ("level_sd", "slow_share", "slow_days", "fast_share", "fast_days")
        own = replace(then, **{name: getattr(pooled.prior("pm25"), name) for name in kept})
        known = replace(pooled, priors={**pooled.priors, "pm25": own})
        for name, figures in (("years that were over", known), ("all years", pooled)):
            rows = backtest_frames(
                cities, origins((year,)), ("seasonal",), ("pm25_annual_mean",), pooled=figures,
                regions=PROVINCE, **rest,
            )  # type: ignore[arg-type]  # fmt: skip
            parts.append(rows.assign(model=f"seasonal, trend and season of {name}"))
    both = pd.concat(parts, ignore_index=True)
    return [
        "Years are not held out above: the pooled figures are of 2013 to 2020. With trend and season of "
        "the panel from the years before the one that is forecast (persistence and slow error as above), "
        "2016 to 2019:",
        "",
        *markdown(score_table(both, rng=np.random.default_rng(8)), SCORES),
    ]


#: Ends of the classes of the track record: fine where a probability is nearly sure.
CLASSES = np.array([0, 0.01, 0.05, *np.arange(1, 10) / 10, 0.95, 0.99, 1.0])

_BINS = ("lower", "upper", "n", "stated", "came", "share", "low", "high")


def main() -> int:
    """Score and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".md"))
    parser.add_argument("--paths", type=int, default=1000)
    parser.add_argument("--slow", type=int, default=2)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--cities", type=int, default=0, help="only so many, to try it out")
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--records", type=Path, help="also write the package's track record")
    options = parser.parse_args()
    started = time.perf_counter()
    panel = load_panel(options.data)
    tuning = {n: f for n, f in panel.items() if is_even(n.removesuffix("#24h"))}
    if options.cities:
        tuning = dict(list(tuning.items())[:6])
    pooled, _ = pool(tuning, fast=bool(options.cities))
    made = time.perf_counter() - started
    cities = {c: f for c, f in long_cities(options.data).items() if not is_even(c)}
    if options.cities:
        cities = dict(list(cities.items())[: options.cities])
    rest = {"n_paths": options.paths, "seed": SEED, "jobs": options.jobs, "cache": options.cache}
    lines = [
        "# Backtest of the air models",
        "",
        f"Made on {datetime.now(UTC).date().isoformat()} by `{COMMAND} --paths {options.paths} "
        f"--slow {options.slow}` on {platform.machine()}, "
        f"{platform.system()}, Python {platform.python_version()}, numpy {np.__version__}, pandas "
        f"{pd.__version__}; {options.paths} paths, seed {SEED}. Pooled figures of the default model "
        f"from {sum(not n.endswith('#24h') for n in tuning)} tuning cities alone ({made:.0f} s).",
        "",
        "Means in µg/m³, ratios in percentage points, days in days. The columns of the rules hold "
        "their absolute error, which is the CRPS of a point forecast; `climatology` is the CRPS of "
        "past years' trajectories. Intervals come from blocks of years and provinces drawn anew; "
        "years are five, so they say little of what another five would bring.",
        "",
    ]
    found, more = _quick(cities, pooled, rest)
    lines += more
    lines += _hindsight(tuning, cities, pooled, rest)
    if options.slow:
        some = dict(sorted(cities.items())[:: options.slow])
        lines += _slow(some, pooled, rest)
    ozone = {c: f for c, f in read_cities(options.data).items() if not is_even(c)}
    good, more = _good_days(ozone, pooled, rest)
    lines += more
    if options.records:
        records(pd.concat([found, good], ignore_index=True), options.records)
    lines += _odd_years(cities, later_cities(options.data), pooled, rest)
    lines += [f"All in {time.perf_counter() - started:.0f} s on {options.jobs} processes.", ""]
    text = "\n".join(lines)
    print(text)
    options.out.write_text(text, encoding="utf-8")
    return 0


def _scored(rows: pd.DataFrame, title: str, names: Sequence[str]) -> list[str]:
    rng = np.random.default_rng(1)
    pooled, months = score_table(rows, rng=rng), score_table(rows, ["start_month"])
    lines = [f"## {title}", ""]
    for name in names:
        lines += bars(months, pooled, name)
    lines += ["", "Pooled:", "", *markdown(pooled, SCORES)]
    lines += ["By start month:", "", *markdown(months, SCORES)]
    ours = rows[rows["model"] == "seasonal"]
    lines += ["The default model by year:", "", *markdown(score_table(ours, ["year"]), SCORES)]
    gaps = difference_table(rows, "seasonal", rng=np.random.default_rng(2))
    columns = ("indicator", "other", "n", "difference", "low", "high", "below")
    lines += ["CRPS of the default model less that of others (below 0: better):", ""]
    return [*lines, *markdown(gaps, columns)]


def _effects(rows: pd.DataFrame) -> list[str]:
    """What recalibration and stacking would change, out of sample."""
    one = recalibration_effect(rows, rng=np.random.default_rng(4))
    one = one[one["start_month"].isna()].astype({"kept": str, "kept_events": str})
    lines = [
        "What recalibration on forecasts whose year was over would change (years from 2016 on; "
        "`kept` with five scored years or more and the interval of the difference below 0):",
        "",
        *markdown(
            one,
            ("indicator", "model", "n", "crps_before", "crps_after", "crps_low", "crps_high",
             "cover50_before", "cover50_after", "cover90_before", "cover90_after", "brier_before",
             "brier_after", "brier_low", "brier_high", "kept", "kept_events"),
        ),
    ]  # fmt: skip
    many = stacking_effect(rows, sorted(set(rows["model"])), rng=np.random.default_rng(5))
    if many.empty:
        return lines
    table = many[many["start_month"].isna()] if "start_month" in many else many
    table = table.astype({"kept": str})
    shown = [c for c in table.columns if not c.startswith("w_") and c != "start_month"]
    return [
        *lines,
        "What stacking (weighted quantiles of all models, weights from years over) would change:",
        "",
        *markdown(table, shown),
    ]


def _quick(
    cities: Mapping[str, pd.DataFrame], pooled: AirPooled, rest: Mapping[str, object]
) -> tuple[pd.DataFrame, list[str]]:
    names = ("pm25_annual_mean", "pm25_days_over_150")
    rows = backtest_frames(
        cities, origins(range(2015, 2020)), QUICK, names, pooled=pooled, regions=PROVINCE, **rest
    )  # type: ignore[arg-type]
    title = f"PM2.5 of {len(cities)} cities that were not tuned on, 2015 to 2019"
    lines = [*_scored(rows, title, names), *events(rows, "pm25_annual_mean"), *_effects(rows)]
    alone = backtest_frames(
        cities, origins(range(2015, 2020)), ALONE, ("pm25_annual_mean",), pooled=pooled,
        regions=PROVINCE, **rest,
    )  # type: ignore[arg-type]  # fmt: skip
    mine = rows[(rows["indicator"] == "pm25_annual_mean") & rows["model"].isin(QUICK[:2])]
    both = pd.concat([mine, alone], ignore_index=True)
    lines += ["Each city alone (`…_alone`) against what many cities say:", ""]
    lines += markdown(score_table(both, rng=np.random.default_rng(7)), SCORES)
    return rows, lines


def _slow(
    cities: Mapping[str, pd.DataFrame], pooled: AirPooled, rest: Mapping[str, object]
) -> list[str]:
    rows = backtest_frames(
        cities, origins(range(2015, 2020)), (*QUICK, *SLOW), ("pm25_annual_mean",),
        pooled=pooled, regions=PROVINCE, **rest,
    )  # type: ignore[arg-type]  # fmt: skip
    title = f"All challengers, PM2.5 mean of {len(cities)} of these cities, 2015 to 2019"
    return [*_scored(rows, title, ("pm25_annual_mean",)), *_effects(rows)]


def _good_days(
    cities: Mapping[str, pd.DataFrame], pooled: AirPooled, rest: Mapping[str, object]
) -> tuple[pd.DataFrame, list[str]]:
    names = ("good_day_ratio", "o3_8h_p90")
    rows = backtest_frames(
        cities, origins((2015, 2016)), QUICK, names, pooled=pooled, regions=PROVINCE, **rest
    )  # type: ignore[arg-type]
    title = f"Good days and O3 of {len(cities)} cities that were not tuned on, 2015 and 2016"
    return rows, [*_scored(rows, title, names), *events(rows, "good_day_ratio")]


def _odd_years(
    cities: Mapping[str, pd.DataFrame],
    later: Mapping[str, pd.DataFrame],
    pooled: AirPooled,
    rest: Mapping[str, object],
) -> list[str]:
    name = "pm25_annual_mean"
    lines = ["## 2020 to 18 November, and 2023", ""]
    settings = HindcastSettings(ends={2020: date(2020, 11, 18)})
    parts = [
        backtest_frames(
            cities, origins((2020,)), ("seasonal", "panel"), (name,), pooled=pooled,
            regions=PROVINCE, settings=settings, **rest,
        ),
        backtest_frames(later, origins((2023,)), ("seasonal", "panel"), (name,), pooled=pooled, **rest),
    ]  # type: ignore[arg-type]  # fmt: skip
    for rows in parts:
        if rows.empty:
            continue
        lines += markdown(score_table(rows, ["year", "start_month"]), SCORES)
    shown = parts[1][parts[1]["model"] == "seasonal"] if not parts[1].empty else parts[1]
    columns = ("place", "start_month", "truth", "previous", "q05", "q50", "q95", "pit")
    return [*lines, "2023, each city: what was said and what came.", "", *markdown(shown, columns)]


if __name__ == "__main__":
    sys.exit(main())
