"""Make the pooled figures of the plain panel model from measured cities.

    python benchmarks/pooled_panel_model.py --data PATH [--out forecast/models/tables]

PATH holds the folder ``air`` that ``benchmarks/pooled_slow_error.py`` describes, and
``air/city_daily_o3_8h`` (15 cities, 2013-12 to 2017-05, true daily maximum 8-hour ozone). Every
second city is used, by a hash of its name; the others stay for judging. Takes about a minute.

Trends are of the records up to the end of each year from 2016 on. The slow error is what past
forecasts of each city alone, from the ends of quarters, were wrong by, less what AR(1) explains.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import sys
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
from pooled_slow_error import load_panel, quarter_origins

from forecast.models.panel_batch import panel_slopes, past_errors
from forecast.models.panel_figures import PanelFigures, PanelItem
from forecast.models.pooling import added_sd
from forecast.standards.items import AIR_ITEMS

COMMAND = "python benchmarks/pooled_panel_model.py --data PATH"
SOURCE = "33 cities 2013-12 to 2020-11 (published readings); O3-8h from 1-hour O3 but for four"
#: Smallest standard deviations: a panel of one period is surer than it should be.
LEAST_TREND_SD, LEAST_TAU = 0.01, 0.04


def is_pooled(city: str) -> bool:
    """Whether a city belongs to those from which figures are made."""
    digest = hashlib.md5(city.encode(), usedforsecurity=False).hexdigest()
    return int(digest, 16) // 2 % 2 == 0


def load(data: Path) -> dict[str, pd.DataFrame]:
    """Daily records of the pooling cities; those with true 8-hour ozone are ``name#8h``."""
    panel = {
        name: frame
        for name, frame in load_panel(data).items()
        if is_pooled(name.partition("#")[0]) and not name.endswith("#24h")
    }
    names = {
        "PM2.5": "pm25",
        "PM10": "pm10",
        "SO2": "so2",
        "CO": "co",
        "NO2": "no2",
        "O3_8h": "o3_8h",
    }
    for path in sorted((data / "air" / "city_daily_o3_8h").glob("*.csv")):
        if not is_pooled(path.stem):
            continue
        table = pd.read_csv(path, encoding="utf-8-sig", parse_dates=["日期"]).rename(columns=names)
        frame = table.drop_duplicates("日期").set_index("日期")[list(names.values())].astype(float)
        frame = frame.where(frame > 0.0)
        panel[f"{path.stem}#8h"] = frame[["o3_8h"]] if path.stem in panel else frame
    return panel


def trends(panel: Mapping[str, pd.DataFrame]) -> dict[str, PanelItem]:
    """Mean and spread of slopes, and scatter of years, by item."""
    rows = []
    for end in pd.to_datetime([f"{year}-12-31" for year in range(2016, 2021)]):
        # A record that ended before says the same again.
        known = {
            name: frame[frame.index <= end]
            for name, frame in panel.items()
            if frame.index[-1] > end - pd.Timedelta(days=200)
        }
        for name, frame in known.items():
            items, fit = panel_slopes({name: frame})
            arrays = (getattr(fit, f.name) for f in fields(fit))
            rows.extend(zip(items, *arrays, strict=True))
    table = pd.DataFrame(rows, columns=["item", "slope", "leverage", "square", "freedom"])
    table = table[np.isfinite(table["leverage"])]
    found = {}
    for item, group in table.groupby("item"):
        year = float(group["square"].sum() / group["freedom"].sum())
        between = float(group["slope"].var() - (year * group["leverage"]).mean())
        found[str(item)] = PanelItem(
            trend=float(group["slope"].mean()),
            trend_sd=max(between, LEAST_TREND_SD**2) ** 0.5,
            year_sd=year**0.5,
            tau=0.1,
            tau_second=0.1,
        )
        print(f"{item}: {len(group)} slopes")
    return found


def slow_errors(
    panel: Mapping[str, pd.DataFrame], items: Mapping[str, PanelItem]
) -> tuple[dict[str, PanelItem], dict[str, int]]:
    """The figures with their slow errors, and the number of past errors of each item."""
    figures = PanelFigures(dict(items))
    found = {}
    for window in ((1, 365), (366, 730)):
        parts = [
            past_errors({name: frame}, origin, window=window, figures=figures)
            for name, frame in panel.items()
            for origin in quarter_origins(2014, 2019)
            if len(frame) and frame.index[0] <= pd.Timestamp(origin) < frame.index[-1]
        ]
        found[window] = pd.concat(parts, ignore_index=True)
    result, cases = {}, {}
    growth = []
    sizes: dict[tuple[str, int], tuple[float, int]] = {}
    for (_, last), errors in found.items():
        for item, group in errors.groupby("item"):
            size = added_sd(group["error"].to_numpy(float), group["variance"].to_numpy(float))
            sizes[str(item), last] = (max(size, LEAST_TAU), len(group))
    growth = [
        sizes[item, 730][0] / sizes[item, 365][0]
        for item in items
        if sizes.get((item, 730), (0.0, 0))[1] >= 60
    ]
    for item, figure in items.items():
        tau, cases[item] = sizes[item, 365]
        second, count = sizes.get((item, 730), (0.0, 0))
        # Too few forecasts of a second year: it is to the first as for the other items.
        second = second if count >= 60 else tau * float(np.median(growth))
        result[item] = replace(figure, tau=tau, tau_second=max(second, tau))
        print(f"{item}: {cases[item]} errors of the first year, {count} of the second")
    return result, cases


def main() -> int:
    """Make the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("forecast/models/tables"))
    options = parser.parse_args()
    panel = load(options.data)
    print(f"{len(panel)} records")
    items, cases = slow_errors(panel, trends(panel))
    with (options.out / "panel_pooled.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["item", "quantity", "value", "n", "source", "command"])
        for item in AIR_ITEMS:
            for field in fields(PanelItem):
                value = f"{getattr(items[item], field.name):.4f}"
                writer.writerow([item, field.name, value, cases[item], SOURCE, COMMAND])
    print((options.out / "panel_pooled.csv").read_text(encoding="utf-8"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
