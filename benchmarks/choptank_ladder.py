"""Rungs of the water ladder on one river with daily flow: annual means of the next calendar year.

    python benchmarks/choptank_ladder.py --data PATH [--out benchmarks/choptank_ladder.md]

Nitrate plus nitrite of the Choptank near Greensboro (USGS 01491000, ``water/choptank_flow_
concentration``), thinned to the first sample of each month. Every 31 December of 1990 to 2009 is an
origin; the model sees the last 5 or 10 years of samples and flows and draws the next year. The
target is the mean over the months of that year that have a sample. Flows of the year to come are
drawn from past years. The figures behind the model are those that ship for an item it does not
know. One river says little of others: what matters is the order.
"""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from rolling_origin_air import crps

from forecast.features.hydrology import monthly_flow
from forecast.models.water_ladder import WaterLadder

COMMAND = "python benchmarks/choptank_ladder.py --data PATH"
#: Name of the model and the rungs it may choose from.
MODELS = {
    "season": ("0",),
    "season, level": ("1",),
    "season, level, trend": ("1+trend",),
    "season, level, flow": ("2",),
    "season, level, flow, trend": ("2+trend",),
    "chosen": ("0", "1", "1+trend", "2", "2+trend"),
}
ORIGINS = range(1990, 2010)


def load(data: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Monthly values and flows that go with them, columns (place, item) and (place, quantity)."""
    folder = data / "water" / "choptank_flow_concentration"
    samples = pd.read_csv(folder / "choptank_sample.csv.gz", parse_dates=["Date"])
    samples["month"] = samples["Date"].dt.to_period("M").dt.to_timestamp()
    first = samples.sort_values("Date").drop_duplicates("month")
    values = pd.DataFrame({("choptank", "no3n"): first.set_index("month")["ConcAve"]})
    months = pd.date_range(values.index.min(), values.index.max(), freq="MS")
    flow = pd.read_csv(folder / "choptank_daily_q.csv.gz", parse_dates=["Date"])
    daily = pd.DataFrame({"place": "choptank", "date": flow["Date"], "value": flow["Q"]})
    taken = pd.DataFrame({"place": "choptank", "time": first["Date"]})
    return values.reindex(months), monthly_flow(daily, taken)


def run(
    values: pd.DataFrame,
    flow: pd.DataFrame,
    *,
    n_paths: int = 300,
    years: tuple[int, ...] = (5, 10),
) -> pd.DataFrame:
    """One row a model, window and origin: errors, cover and CRPS [mg/L]."""
    rows = []
    for window in years:
        for origin in ORIGINS:
            known = values.loc[f"{origin - window + 1}-01-01" : f"{origin}-12-31"]
            water = flow.loc[known.index.min() : f"{origin}-12-31"]
            future = values.loc[f"{origin + 1}-01-01" : f"{origin + 1}-12-31"].iloc[:, 0]
            seen = np.isfinite(future.to_numpy())
            if seen.sum() < 10:
                continue
            truth = float(future.mean())
            ahead = np.arange(f"{origin + 1}-01", f"{origin + 2}-01", dtype="datetime64[M]")
            for name, rungs in MODELS.items():
                model = WaterLadder(rungs=rungs).fit(known, hydrology=water)
                drawn = model.sample(ahead, n_paths, np.random.default_rng([origin, window])).values
                mean = drawn[:, seen, 0].mean(axis=1, dtype=np.float64)
                low90, low80, high80, high90 = np.quantile(mean, [0.05, 0.1, 0.9, 0.95])
                rows.append(
                    {
                        "model": name, "window": window, "origin": origin,
                        "mae": abs(float(np.median(mean)) - truth),
                        "bias": float(np.median(mean)) - truth,
                        "cover80": low80 <= truth <= high80, "cover90": low90 <= truth <= high90,
                        "crps": crps(mean, truth),
                    }
                )  # fmt: skip
    return pd.DataFrame(rows)


def table_of(rows: pd.DataFrame) -> pd.DataFrame:
    """Means over origins, one row a model and window."""
    columns = ["mae", "bias", "cover80", "cover90", "crps"]
    grouped = rows.groupby(["model", "window"], sort=False)
    table = grouped[columns].mean().reset_index()
    table.insert(2, "n", grouped.size().to_numpy())
    return table.sort_values(["window", "crps"], ignore_index=True)


def main() -> int:
    """Score and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".md"))
    options = parser.parse_args()
    table = table_of(run(*load(options.data)))
    lines = [
        "# Rungs of the water ladder on the Choptank",
        "",
        f"Made on {datetime.now(UTC).date().isoformat()} by `{COMMAND}`. Nitrate plus nitrite, one "
        "sample a month; mean of the next calendar year [mg/L as N]; origins are the ends of 1990 to "
        "2009; `window` is the years of record that the model sees; flows of the year are drawn.",
        "",
        "| model | window | n | mae | bias | cover80 | cover90 | crps |",
        "|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {r.model} | {r.window} | {r.n} | {r.mae:.3f} | {r.bias:+.3f} | {r.cover80:.2f} | "
        f"{r.cover90:.2f} | {r.crps:.4f} |"
        for r in table.itertuples()
    ]
    options.out.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines[4:]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
