"""Pooled figures of the short-range model, from the tuning half of many real cities.

    python benchmarks/short_range_pooled.py --data PATH

Writes ``forecast/models/tables/short_range.csv``. Only cities whose (md5(name) // 2) is even are
used, so that the others can be reported on (``benchmarks/short_range.py``): those of
``air/city_daily_o3_8h``, and those of ``air/city_daily_long_2013_2020.csv.gz`` in the years in
which it has all six items, with the daily maximum of 1-hour ozone in the place of the 8-hour
mean (a constant factor between the two is no matter on a log scale). PATH holds ``air``.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np
import pandas as pd
from backtest_air import is_even
from numpy.typing import NDArray
from rolling_origin_air import read_cities

from forecast.features.calendar import harmonics
from forecast.models.circumstances import Circumstances
from forecast.models.daily_record import daily_record
from forecast.models.pooled import shipped_air
from forecast.models.short_range import departures_of
from forecast.models.short_range_design import LEADS, OWN_TERMS, origin_terms, targets_of
from forecast.standards.items import AIR_ITEMS

COMMAND = "python benchmarks/short_range_pooled.py --data PATH"
TABLE = Path(__file__).resolve().parents[1] / "forecast/models/tables/short_range.csv"
#: 8-hour over 1-hour maximum of ozone: ratio of the means of the seven cities that both sets have.
O3_FACTOR = 0.86
#: A city's own coefficients need so many days.
FEWEST_DAYS = 500
TERMS = (*AIR_ITEMS, *OWN_TERMS)


def long_cities(data: Path) -> dict[str, pd.DataFrame]:
    """Cities of the long record in the years with six items, ozone scaled to the 8-hour mean."""
    path = data / "air" / "city_daily_long_2013_2020.csv.gz"
    table = pd.read_csv(path, encoding="utf-8", parse_dates=["date"])
    table = table[table["date"] < "2017-01-01"].rename(columns={"o3_max1h": "o3_8h"})
    table["o3_8h"] *= O3_FACTOR
    return {
        str(city): own.set_index("date")[list(AIR_ITEMS)] for city, own in table.groupby("city")
    }


def tuning_cities(data: Path) -> dict[str, pd.DataFrame]:
    """Cities to tune on; where a city is in both sets, the 8-hour mean as published is taken."""
    both = long_cities(data) | read_cities(data)
    return {city: frame for city, frame in both.items() if is_even(city)}


def terms_of(frame: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Regressors (item, day, term) and departures to come (day, lead, item) of one city."""
    record = daily_record(frame)
    _, departures = departures_of(record, shipped_air(), Circumstances())
    return origin_terms(departures, harmonics(record.days, 1)), targets_of(departures)


def pooled_rows(cities: dict[str, pd.DataFrame]) -> list[dict[str, object]]:
    """Rows of the table."""
    made = {city: terms_of(frame) for city, frame in cities.items()}
    made = {c: m for c, m in made.items() if m[0].shape[0] == len(AIR_ITEMS)}
    rows: list[dict[str, object]] = []
    errors = {city: np.full(m[1].shape, np.nan) for city, m in made.items()}
    for i, item in enumerate(AIR_ITEMS):
        for lead in range(LEADS):
            own, precision, weighted = [], [], []
            for terms, targets in made.values():
                y = targets[:, lead, i]
                used = np.isfinite(y)
                if used.sum() < FEWEST_DAYS:
                    continue
                x = terms[i][used]
                inverse = np.linalg.inv(x.T @ x + 1e-6 * np.eye(x.shape[1]))
                beta = inverse @ (x.T @ y[used])
                noise = float(((y[used] - x @ beta) ** 2).mean()) * (1.0 + 0.7 * lead)
                own.append(beta)
                precision.append(1.0 / (noise * np.diag(inverse)))
                weighted.append((x.T @ x, x.T @ y[used]))
            mean = np.linalg.solve(sum(w[0] for w in weighted), sum(w[1] for w in weighted))
            spread = np.var(np.array(own), axis=0, ddof=1) - np.mean(
                1.0 / np.array(precision), axis=0
            )
            sd = np.sqrt(np.maximum(spread, 0.02**2))
            for term, m, s in zip(TERMS, mean, sd, strict=True):
                rows.append(_row("coefficient", item, lead + 1, term, m, s))
            for city, (terms, targets) in made.items():
                errors[city][:, lead, i] = targets[:, lead, i] - terms[i] @ mean
    table = np.concatenate(list(errors.values()))
    sd = np.nanstd(table, axis=0)
    for i, item in enumerate(AIR_ITEMS):
        rows.extend(_row("error_sd", item, k + 1, "", sd[k, i]) for k in range(LEADS))
    whole = table[np.isfinite(table).all(axis=(1, 2))] / sd
    over_items = np.mean([np.corrcoef(whole[:, k].T) for k in range(LEADS)], axis=0)
    over_leads = np.mean([np.corrcoef(whole[:, :, i].T) for i in range(len(AIR_ITEMS))], axis=0)
    for i, item in enumerate(AIR_ITEMS):
        rows.extend(
            _row("error_items", item, 0, other, over_items[i, j])
            for j, other in enumerate(AIR_ITEMS)
        )
    for k in range(LEADS):
        rows.extend(
            _row("error_leads", "", k + 1, str(m + 1), over_leads[k, m]) for m in range(LEADS)
        )
    return rows


def _row(
    quantity: str, item: str, lead: int, term: str, value: float, sd: float | None = None
) -> dict[str, object]:
    return {
        "quantity": quantity, "item": item, "lead": lead, "term": term, "value": f"{value:.4f}",
        "sd": "" if sd is None else f"{sd:.4f}",
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=TABLE)
    arguments = parser.parse_args()
    cities = tuning_cities(arguments.data)
    rows = pooled_rows(cities)
    source = f"{len(cities)} cities 2013-12 to 2017-05; {COMMAND}"
    for row in rows:
        row["source"] = source
    with arguments.out.open("w", encoding="utf-8", newline="\n") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"{len(rows)} rows from {', '.join(sorted(cities))}")


if __name__ == "__main__":
    main()
