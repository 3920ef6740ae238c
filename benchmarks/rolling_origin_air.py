"""Rolling-origin check of the seasonal air model against plain rules, on real cities.

    python benchmarks/rolling_origin_air.py --data PATH [--out benchmarks/rolling_origin_air.md]

Two sets of forecasts of calendar years, each made from what was known the day before the origin:

1. ``air/city_daily_o3_8h``: 15 cities, origins 1 January, April, July, October of 2015 and 2016,
   PM2.5 annual mean and good-day ratio (HJ 633-2012), with the pooled figures that ship. Seven of
   the cities are also in the pooling panel (through another source); scores are given with and
   without them.
2. ``air/city_daily_long_2013_2020.csv.gz``: 45 cities, PM2.5 annual mean of 2016 to 2019. All of
   them are in the panel, so the pooled figures are made anew three times, each time without the
   cities that are scored; only the three figures of persistence and drift that a grid search
   chose on all cities stay. The years are the same, so errors common to all cities of a year
   are in the pooled figures.

PATH is the folder that holds ``air``. Nothing is tuned here; what a first run led to is said in
the results.
"""

from __future__ import annotations

import argparse
import platform
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pooled_slow_error import load_panel, pool

from forecast.models import AirSeasonal
from forecast.models.baselines import (
    IndicatorFunction,
    climatology,
    persistence,
    ytd_plus_rest,
    ytd_ratio,
)
from forecast.models.pooled import AirPooled
from forecast.standards.aqi import daily_aqi
from forecast.standards.items import AIR_ITEMS

COMMAND = "python benchmarks/rolling_origin_air.py --data PATH"
MONTHS = (1, 4, 7, 10)
N_PATHS = 500
RULES = ("persistence", "ytd_ratio", "ytd_plus_rest", "climatology")
#: Days of the scored year that need readings for it to be a case.
FEWEST_DAYS = 330
_PM25 = AIR_ITEMS.index("pm25")
_COLUMNS = {
    "日期": "date", "PM2.5": "pm25", "PM10": "pm10", "SO2": "so2", "NO2": "no2", "CO": "co",
    "O3_8h": "o3_8h",
}  # fmt: skip


def crps(drawn: NDArray[np.float64], truth: float) -> float:
    """CRPS of an ensemble: E|X - y| - E|X - X'| / 2 over all pairs of members."""
    ordered = np.sort(drawn)
    n = len(ordered)
    spread = 2.0 / n**2 * float(((np.arange(1, n + 1) - (n + 1) / 2) * ordered).sum())
    return float(np.abs(ordered - truth).mean()) - spread


def good_day_ratio(
    values: NDArray[np.float64], days: NDArray[np.datetime64]
) -> NDArray[np.float64]:
    """Good days over days with all six items [%], for (..., day, item)."""
    found = daily_aqi(values, days, AIR_ITEMS, "HJ 633-2012")
    whole = np.isfinite(values).all(axis=-1)
    ratio: NDArray[np.float64] = 100.0 * (found.good & whole).sum(axis=-1) / whole.sum(axis=-1)
    return ratio


def pm25_mean(values: NDArray[np.float64], days: NDArray[np.datetime64]) -> NDArray[np.float64]:
    """Mean of PM2.5 [µg/m³], for (..., day, item)."""
    mean: NDArray[np.float64] = np.nanmean(values[..., _PM25], axis=-1, dtype=np.float64)
    return mean


INDICATORS: dict[str, Callable[..., NDArray[np.float64]]] = {
    "pm25_annual_mean": pm25_mean,
    "good_day_ratio": good_day_ratio,
}


def read_cities(data: Path) -> dict[str, pd.DataFrame]:
    """The 15 cities with 8-hour ozone; 0 is missing."""
    cities = {}
    for path in sorted((data / "air" / "city_daily_o3_8h").glob("*.csv")):
        table = pd.read_csv(path, encoding="utf-8-sig").rename(columns=_COLUMNS)
        table.index = pd.DatetimeIndex(pd.to_datetime(table["date"]))
        values = table[list(AIR_ITEMS)].astype(float)
        cities[path.stem] = values.where(values > 0.0)
    return cities


def score(
    cities: Mapping[str, pd.DataFrame],
    years: Iterable[int],
    indicators: Iterable[str],
    pooled: AirPooled | None,
) -> list[dict[str, object]]:
    """One row a city, origin and indicator: what came, and how far each forecast was off."""
    rows: list[dict[str, object]] = []
    for number, (city, frame) in enumerate(sorted(cities.items())):
        days = frame.index.to_numpy().astype("datetime64[D]")
        values = frame.reindex(columns=list(AIR_ITEMS)).to_numpy(dtype=np.float64)
        for year in years:
            for month in MONTHS:
                origin = np.datetime64(f"{year}-{month:02d}-01", "D") - 1
                rows.extend(
                    _score_one(
                        city, number, frame, days, values, origin, year, month, indicators, pooled
                    )
                )
    return rows


def _score_one(
    city: str,
    number: int,
    frame: pd.DataFrame,
    days: NDArray[np.datetime64],
    values: NDArray[np.float64],
    origin: np.datetime64,
    year: int,
    month: int,
    indicators: Iterable[str],
    pooled: AirPooled | None,
) -> list[dict[str, object]]:
    first, last = np.datetime64(f"{year}-01-01", "D"), np.datetime64(f"{year}-12-31", "D")
    past = days <= origin
    in_year = (days >= first) & (days <= last)
    if past.sum() < 330:
        return []
    model = AirSeasonal(city, pooled=pooled).fit(frame[past])
    assert model.last_day is not None
    rng = np.random.default_rng([2016, number, year, month])
    rest = np.arange(model.last_day + 1, last + 1)
    paths = model.sample(rest, N_PATHS, rng)
    drawn = np.full((N_PATHS, len(rest), len(AIR_ITEMS)), np.nan, dtype=np.float32)
    for column, item in enumerate(paths.items):
        drawn[..., AIR_ITEMS.index(item)] = paths.values[..., column]
    seen = past & in_year
    joined = np.concatenate(
        [np.broadcast_to(values[seen], (N_PATHS, seen.sum(), len(AIR_ITEMS))), drawn], axis=1
    )
    joined_days = np.concatenate([days[seen], rest])
    rows = []
    for name in indicators:
        rule = INDICATORS[name]
        needed = values[in_year] if name == "good_day_ratio" else values[in_year][:, [_PM25]]
        if np.isfinite(needed).all(axis=1).sum() < FEWEST_DAYS:
            continue
        truth = float(rule(values[in_year], days[in_year]))
        ensemble = rule(joined, joined_days)
        low90, low50, median, high50, high90 = np.quantile(ensemble, [0.05, 0.25, 0.5, 0.75, 0.95])
        row: dict[str, object] = {
            "city": city, "year": year, "month": month, "indicator": name, "truth": truth,
            "crps": crps(ensemble, truth), "error": median - truth, "mae": abs(median - truth),
            "cover50": low50 <= truth <= high50, "cover90": low90 <= truth <= high90,
            "width90": high90 - low90,
        }  # fmt: skip
        row.update(_rules(values[past], days[past], rule, first, last, origin, truth))
        rows.append(row)
    return rows


def _rules(
    values: NDArray[np.float64],
    days: NDArray[np.datetime64],
    rule: Callable[..., NDArray[np.float64]],
    first: np.datetime64,
    last: np.datetime64,
    origin: np.datetime64,
    truth: float,
) -> dict[str, float]:
    def plain(v: NDArray[np.float64], d: NDArray[np.datetime64]) -> float:
        return float(rule(v, d))

    indicator: IndicatorFunction = plain
    period = {"start": first, "end": last}
    members = climatology(values, days, indicator, origin=origin, **period)
    return {
        "persistence": abs(persistence(values, days, indicator, **period) - truth),
        "ytd_ratio": abs(ytd_ratio(values, days, indicator, origin=origin, **period) - truth),
        "ytd_plus_rest": abs(
            ytd_plus_rest(values, days, indicator, origin=origin, **period) - truth
        ),
        "climatology": crps(members, truth) if len(members) else np.nan,
    }


def summary(rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Scores by group; every mean is over the cases in which all rules have a value."""
    whole = rows.dropna(subset=list(RULES))
    groups = whole.groupby(by, sort=False)
    return groups.agg(
        cases=("truth", "size"),
        crps=("crps", "mean"),
        mae=("mae", "mean"),
        bias=("error", "mean"),
        cover50=("cover50", "mean"),
        cover90=("cover90", "mean"),
        width90=("width90", "mean"),
        **{name: (name, "mean") for name in RULES},
    )


def gain(rows: pd.DataFrame, rule: str, rng: np.random.Generator) -> tuple[float, float, float]:
    """Mean of rule's error less our CRPS, with a 90 % interval from a bootstrap over cities."""
    whole = rows.dropna(subset=list(RULES))
    by_city = (whole[rule] - whole["crps"]).groupby(whole["city"]).agg(["sum", "size"])
    picks = rng.integers(0, len(by_city), size=(2000, len(by_city)))
    total, count = by_city["sum"].to_numpy()[picks], by_city["size"].to_numpy()[picks]
    low, high = np.quantile(total.sum(axis=1) / count.sum(axis=1), [0.05, 0.95])
    return float(by_city["sum"].sum() / by_city["size"].sum()), float(low), float(high)


def cross_fitted(data: Path, years: Iterable[int]) -> list[dict[str, object]]:
    """Part 2: pooled figures made three times, each without the cities then scored."""
    panel = load_panel(data)
    long = sorted({name.removesuffix("#24h") for name in panel if name.endswith("#24h")})
    rows: list[dict[str, object]] = []
    for fold in range(3):
        scored = set(long[fold::3])
        rest = {n: f for n, f in panel.items() if n.removesuffix("#24h") not in scored}
        # A third of the rest is enough for the slow error, and keeps the run short.
        pooled, _ = pool({n: rest[n] for n in sorted(rest)[::3]}, fast=True)
        cities = {n: panel[n][["pm25"]] for n in scored}
        rows.extend(score(cities, years, ["pm25_annual_mean"], pooled))
    return rows


def _markdown(table: pd.DataFrame) -> list[str]:
    flat = table.reset_index()
    lines = ["| " + " | ".join(map(str, flat.columns)) + " |", "|" + "---|" * len(flat.columns)]
    for record in flat.itertuples(index=False):
        cells = [f"{c:.2f}" if isinstance(c, float) else str(c) for c in record]
        lines.append("| " + " | ".join(cells) + " |")
    return [*lines, ""]


def _section(rows: pd.DataFrame, title: str) -> list[str]:
    rng = np.random.default_rng(1)
    lines = [f"## {title}", "", "Pooled:", "", *_markdown(summary(rows, ["indicator"]))]
    lines += ["By start month:", "", *_markdown(summary(rows, ["indicator", "month"]))]
    lines += ["By year:", "", *_markdown(summary(rows, ["indicator", "year"]))]
    lines += [
        "Error of a rule less our CRPS (above 0: the model is better), with a 90 % interval from "
        "a bootstrap over cities:",
        "",
        "| indicator | rule | difference | low | high |",
        "|---|---|---|---|---|",
    ]
    for name, group in rows.groupby("indicator", sort=False):
        for rule in RULES:
            mean, low, high = gain(group, rule, rng)
            lines.append(f"| {name} | {rule} | {mean:.2f} | {low:.2f} | {high:.2f} |")
    return [*lines, ""]


def verdict(rows: pd.DataFrame) -> list[str]:
    """The pass marks, one line each."""
    lines = []
    for name, row in summary(rows, ["indicator"]).iterrows():
        cover = 100 * float(row["cover90"])
        best = min(RULES, key=lambda rule: float(row[rule]))
        inside = "pass" if 80 <= cover <= 98 else "MISS"
        better = "pass" if row["crps"] < row[best] else "MISS"
        lines.append(
            f"- {name}: 90 % coverage {cover:.1f} % (80 to 98): {inside}; CRPS {row['crps']:.2f} "
            f"against {row[best]:.2f} of the best rule, {best}: {better}"
        )
    return lines


def main() -> int:
    """Score and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".md"))
    options = parser.parse_args()
    started = time.process_time()
    cities = read_cities(options.data)
    first = pd.DataFrame(score(cities, (2015, 2016), INDICATORS, None))
    in_panel = {name.removesuffix("#24h") for name in load_panel(options.data)}
    alone = first[~first["city"].isin(in_panel)]
    second = pd.DataFrame(cross_fitted(options.data, range(2016, 2020)))
    seconds = time.process_time() - started
    lines = [
        "# Rolling-origin check of the seasonal air model",
        "",
        f"Made on {datetime.now(UTC).date().isoformat()} by `{COMMAND}` in {seconds:.0f} CPU-seconds on one core "
        f"({platform.machine()}, {platform.system()}, Python {platform.python_version()}, numpy "
        f"{np.__version__}, pandas {pd.__version__}); {N_PATHS} paths, fixed seeds.",
        "",
        "A forecast of a calendar year joins what was observed before the origin with drawn days; "
        "the origin is the first day of the start month. CRPS, MAE of the median, bias (median "
        "less truth) and width in µg/m³ for `pm25_annual_mean` and percentage points for "
        "`good_day_ratio`. The columns of the rules hold their absolute error, which is the CRPS "
        "of a point forecast; `climatology` is the CRPS of past years' trajectories. All columns "
        "of a table are over the same cases. From 1 January the three last rules repeat past "
        "years, since nothing of the year has been seen.",
        "",
        "Pass marks: pooled 90 % coverage from 80 to 98 %, CRPS below the error of every rule.",
        "",
        *verdict(first),
        *(f"{line} (cities that are not in the pooling panel)" for line in verdict(alone)),
        *(f"{line} (2016 to 2019, cross-fitted)" for line in verdict(second)),
        "",
        "In the cross-fitted part the trend, season, scatter and slow error come from the other "
        "cities; the persistence and drift figures were chosen by a grid search on all of them.",
        "",
        "Part 1 is not an untouched test: the model was changed twice after a look at these very "
        "cities. A first run, with a floor of 0.04 under the slow error, covered 86.7 % (PM2.5) "
        "and 83.3 % (good days), and 71.9 % of good days in the eight cities that are not in the "
        "panel; the floor was raised to 0.07. A second run then covered 88.3 % and 86.7 %, and "
        "78.1 % of good days in the eight cities. The pooling panel, with 1-hour ozone in the "
        "good days, showed the same (84.7 %, and 80.0 % with one year of record, on every second "
        "city) and three causes: the slow error was an average over records of all lengths, "
        "though forecasts from one or two years of record had been far worse; it was one error "
        "for the whole year, so that what cancels in the mean of a year was taken to be absent "
        "from its quarters; and all paths of a short record repeated the same few winters. All "
        "was mended, and every figure chosen, on the panel alone (all its cities: 86.8 % before, "
        "90.4 % after, 89.9 % with the figures of the other half of the cities). The run after "
        "that covered 91.7 % and 88.3 %, and 79.7 % of good days in the eight cities. Since then "
        "came holidays and the heating season, weights for exceptional spans, and a floor of 0.10, "
        "chosen on the panel as well. What comes below is the present model with the tables as "
        "they ship; `backtest_air.md` has it with figures made from half of the cities and scored "
        "on the other half.",
        "",
        "Years are few: errors of one year are common to many cities, so intervals over cities "
        "are narrower than the truth.",
        "",
        *_section(first, "15 cities with 8-hour ozone, 2015 and 2016, figures as shipped"),
        *_section(
            alone,
            f"The {alone['city'].nunique()} of them that are not in the pooling panel: "
            + " ".join(sorted(set(alone["city"]))),
        ),
        *_section(
            second, "45 cities, PM2.5 of 2016 to 2019, pooled figures without the scored cities"
        ),
    ]
    options.out.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
    print("\n".join(lines[8:18]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
