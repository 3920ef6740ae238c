"""Rolling-origin check of the ladder of water models against plain rules, on real sections.

    python benchmarks/rolling_origin_water.py --data PATH [--out benchmarks/rolling_origin_water.md]

Monthly means of ``water/weekly_sections_2012_2018.csv.gz`` in 2013 to 2016 (weeks exact in 2014
and 2015, within two weeks otherwise; the other years have no dates). Origins are the first of
January, April, July and October of 2015 and 2016. The sections are split in two halves; each
half is forecast with the pooled figures of the other half, so no section is scored with figures
that have seen it (the years are the same). Constants of the model were tuned on sections whose
name has an even md5 (shifted by one bit), so about half of these. Class of a year: the worst of
DO, CODMn and NH3-N means (pH aside).
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
from numpy.typing import NDArray
from pooled_slow_error import WATER_ITEMS, load_sections
from rolling_origin_air import crps

from forecast.models.water_estimation import estimate_figures
from forecast.models.water_ladder import WaterLadder
from forecast.standards.water_class import item_classes

COMMAND = "python benchmarks/rolling_origin_water.py --data PATH"
ITEMS = WATER_ITEMS[1:]
SCORED = ("codmn", "nh3n")
MONTHS = (1, 4, 7, 10)
N_PATHS = 500
#: Months of a year that need a value for it to be a case.
FEWEST_MONTHS = 10


def year_means(frame: pd.DataFrame, year: int, section: str) -> NDArray[np.float64]:
    """Means of the items of one section and year, NaN with too few months."""
    rows = frame.loc[f"{year}-01-01" : f"{year}-12-31"]
    out = np.full(len(ITEMS), np.nan)
    for i, item in enumerate(ITEMS):
        values = rows[(section, item)].dropna() if (section, item) in rows else rows.iloc[:, 0][:0]
        if len(values) >= FEWEST_MONTHS:
            out[i] = values.mean()
    return out


def classes(means: NDArray[np.float64]) -> NDArray[np.int8]:
    """Worst class over the items (..., item)."""
    worst: NDArray[np.int8] = item_classes(means, ITEMS).max(axis=-1)
    return worst


def run(panel: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores of means (a row a section, item, origin) and of classes (a row a section, origin)."""
    sections = sorted({str(place) for place, _ in panel.columns})
    means: list[dict[str, object]] = []
    marks: list[dict[str, object]] = []
    for half in range(2):
        mine = sections[half::2]
        others = [c for c in panel.columns if c[0] not in mine]
        pooled = estimate_figures(panel[others])
        own = panel[[c for c in panel.columns if c[0] in mine]]
        for year in (2015, 2016):
            for month in MONTHS:
                origin = np.datetime64(f"{year}-{month:02d}", "M") - 1
                known = own[own.index.to_numpy().astype("datetime64[M]") <= origin]
                model = WaterLadder(pooled=pooled).fit(known)
                rest = np.arange(origin + 1, np.datetime64(f"{year + 1}-01", "M"))
                rng = np.random.default_rng([2016, half, year, month])
                paths = model.sample(rest, N_PATHS, rng)
                column = {key: i for i, key in enumerate(model.columns)}
                for section in mine:
                    truth = year_means(own, year, section)
                    last = year_means(own, year - 1, section)
                    if not np.isfinite([truth, last]).all():
                        continue
                    drawn = np.empty((N_PATHS, len(ITEMS)))
                    for i, item in enumerate(ITEMS):
                        seen = known[(section, item)].loc[f"{year}-01-01" :].dropna().to_numpy()
                        future = paths.values[:, :, column[(section, item)]]
                        drawn[:, i] = (seen.sum() + future.sum(axis=1)) / (len(seen) + len(rest))
                    marks.append(_class_row(section, year, month, half, truth, last, drawn, own))
                    means.extend(
                        _mean_row(section, year, month, item, truth, last, drawn, own)
                        for item in SCORED
                    )
    return pd.DataFrame(means), pd.DataFrame(marks)


def _before(own: pd.DataFrame, year: int, section: str) -> list[NDArray[np.float64]]:
    years = [year_means(own, y, section) for y in range(max(2013, year - 3), year)]
    return [y for y in years if np.isfinite(y).all()]


def _mean_row(
    section: str,
    year: int,
    month: int,
    item: str,
    truth: NDArray[np.float64],
    last: NDArray[np.float64],
    drawn: NDArray[np.float64],
    own: pd.DataFrame,
) -> dict[str, object]:
    i = ITEMS.index(item)
    y, sample = float(truth[i]), drawn[:, i]
    low90, low50, high50, high90 = np.quantile(sample, [0.05, 0.25, 0.75, 0.95])
    mean3 = float(np.mean([m[i] for m in _before(own, year, section)]))
    return {
        "section": section, "year": year, "month": month, "item": item,
        "crps": crps(sample, y), "mae": abs(float(np.median(sample)) - y),
        "bias": float(np.median(sample)) - y,
        "cover50": low50 <= y <= high50, "cover90": low90 <= y <= high90,
        "width90": high90 - low90, "last_year": abs(float(last[i]) - y),
        "three_years": abs(mean3 - y),
    }  # fmt: skip


def _class_row(
    section: str,
    year: int,
    month: int,
    half: int,
    truth: NDArray[np.float64],
    last: NDArray[np.float64],
    drawn: NDArray[np.float64],
    own: pd.DataFrame,
) -> dict[str, object]:
    good = bool(classes(truth) <= 3)
    member = classes(drawn) <= 3
    past = [float(classes(m) <= 3) for m in _before(own, year, section)]
    return {
        "section": section, "year": year, "month": month, "half": half, "good": good,
        "member": member, "brier": (float(member.mean()) - good) ** 2,
        "last_class": (float(classes(last) <= 3) - good) ** 2,
        "past_years": (float(np.mean(past)) - good) ** 2,
        "right": bool(np.median(classes(drawn)) == classes(truth)),
        "right_last": bool(classes(last) == classes(truth)),
    }  # fmt: skip


def shares(marks: pd.DataFrame) -> pd.DataFrame:
    """Share of sections at class III or better of each half and origin: joint or independent."""
    rows = []
    for (half, year, month), group in marks.groupby(["half", "year", "month"]):
        member = np.stack(group["member"].to_list(), axis=1)
        truth = 100.0 * float(group["good"].mean())
        rng = np.random.default_rng([7, int(half), int(year), int(month)])
        joint = 100.0 * member.mean(axis=1)
        apart = 100.0 * np.mean([rng.permutation(m) for m in member.T], axis=0)
        row: dict[str, object] = {"half": half, "year": year, "month": month, "truth": truth}
        for name, sample in (("joint", joint), ("independent", apart)):
            low, high = np.quantile(sample, [0.05, 0.95])
            row[f"{name}_crps"] = crps(sample, truth)
            row[f"{name}_cover90"] = low <= truth <= high
            row[f"{name}_width90"] = high - low
        rows.append(row)
    return pd.DataFrame(rows)


def _markdown(table: pd.DataFrame, digits: int = 3) -> list[str]:
    lines = ["| " + " | ".join(map(str, table.columns)) + " |", "|" + "---|" * len(table.columns)]
    for record in table.itertuples(index=False):
        cells = [f"{c:.{digits}f}" if isinstance(c, float) else str(c) for c in record]
        lines.append("| " + " | ".join(cells) + " |")
    return [*lines, ""]


def main() -> int:
    """Score and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".md"))
    options = parser.parse_args()
    started = time.process_time()
    means, marks = run(load_sections(options.data))
    seconds = time.process_time() - started
    columns = ["crps", "mae", "bias", "cover50", "cover90", "width90", "last_year", "three_years"]
    by_item = means.groupby("item")[columns].mean().reset_index()
    by_item.insert(1, "cases", means.groupby("item").size().to_numpy())
    by_month = means.groupby(["item", "month"])[columns].mean().reset_index()
    by_month.insert(2, "cases", means.groupby(["item", "month"]).size().to_numpy())
    scored = ["brier", "last_class", "past_years", "right", "right_last"]
    total = marks[scored].astype(float).mean().to_frame().T
    total.insert(0, "cases", len(marks))
    monthly = marks.groupby("month")[scored].mean().reset_index()
    share = shares(marks)
    share_mean = share.drop(columns=["half", "year", "month", "truth"]).astype(float).mean()
    lines = [
        "# Rolling-origin check of the ladder of water models",
        "",
        f"Made on {datetime.now(UTC).date().isoformat()} by `{COMMAND}` in {seconds:.0f} "
        f"CPU-seconds on one core ({platform.machine()}, {platform.system()}, Python "
        f"{platform.python_version()}, numpy {np.__version__}, pandas {pd.__version__}); "
        f"{N_PATHS} paths, fixed seeds.",
        "",
        "Forecasts of annual means and classes of 2015 and 2016; the start month is the first that "
        "is drawn. Sections are split in halves, each forecast with pooled figures of the other. "
        "`last_year` and `three_years` are the absolute errors of the mean of the last year and "
        "of up to three last years (2013 is the first), which are the CRPS of a point forecast.",
        "",
        "Last year's class is hard to beat here: it was wrong for few sections, most of them near "
        "the limit of class III, to which a probability is given and paid for.",
        "",
        "Constants of the model were tuned on about half of these sections (even md5 of the name, "
        "shifted by one bit); the figures pooled over the other half see the same years.",
        "",
        "Two target years are few, and 2014 to 2016 are the dated years of one source: read the "
        "differences, not the third digit.",
        "",
        "## Annual means [mg/L]",
        "",
        *_markdown(by_item),
        *_markdown(by_month),
        "## Class III or better",
        "",
        "Brier score of the probability, of the last year's class, and of the share of past years; "
        "`right`: the median class is the class that came.",
        "",
        *_markdown(total),
        *_markdown(monthly),
        "## Share of sections at class III or better [%]",
        "",
        "Means over halves, years and start months; `independent` shuffles each section's paths.",
        "",
        *_markdown(share_mean.to_frame().T, 2),
    ]
    options.out.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
    print("\n".join(lines[10:]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
