"""Rolling-origin check of water classes: months and years ahead, on real sections.

    python benchmarks/water_classes.py --data PATH [--out benchmarks/water_classes.md]
        [--items ladder] [--weights forecast/models/tables/water_stacking.csv]

1. ``water/weekly_sections_2012_2018.csv.gz``, monthly means of 2013 to 2016 (weeks exact in 2014 and
   2015, within two weeks in 2013 and 2016). 2012 and 2017 have the order of their weeks but not
   their dates (34 of 52 weeks each; the minimum of DO puts those of 2012 somewhere between April
   and December, give or take a month), and 2018 has five months after that gap: they are not used.
   Every month from 2014-06 to 2016-11 is an origin; forecasts from 2013-12 on only train the stack.
2. ``water/section_readings_2020_2021.csv.gz``: sections with readings of 60 days or more, months
   with five days or more, May 2020 to April 2021; origins from October on, at the horizons that a
   year allows. Figures come from the weekly sections, but those of TP, TN, water temperature and
   the oxygen deficit, which the package has from 35 of these very sections: in part in sample.
   Weights are the package's. River or lake is the attribute under which the section's published classes follow from its readings more often.

Class of a month or a year: worst of the rounded means by the official rules. Sections whose
(md5(name) // 2) is even are for tuning; the others are reported. Pooled figures of the item model
come from the other half of the sections, weights of the stack from forecasts whose target had
ended at the origin. Both halves were looked at while the models were built: the starting weights of
the year, the year-so-far term of the ordinal model and the structure of the ladder (a fixed offset,
the drift of sections, shrunk scatter) were changed after a look at the reported half, and then set
on the other. ``--weights`` writes the weights that the package ships, from all sections.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import platform
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from pooled_slow_error import load_sections

from forecast.models.class_references import REFERENCES
from forecast.models.water_ordinal import WaterOrdinal
from forecast.projection.water_hindcasts import (
    YEAR,
    ItemModel,
    WaterHindcasts,
    water_hindcasts,
)
from forecast.projection.water_stacking import (
    PENALTY,
    horizon_of,
    pool_classes,
    stack_weights,
    stacked_classes,
)
from forecast.standards.water_class import section_class
from forecast.standards.water_period import period_means
from forecast.verification.reliability import probability_bins
from forecast.verification.water_scores import (
    class_differences,
    class_reliability,
    class_score_table,
    item_coverage,
    same_cases,
    scored_classes,
)

COMMAND = "python benchmarks/water_classes.py --data PATH"
SOURCE = "60 sections 2013-01 to 2016-12 (published weekly readings)"
RULES = tuple(model.name for model in REFERENCES)
ITEMS, ORDINAL, STACK, STACK_CLASSES = "items", "ordinal", "stack", "stack_classes"
ORDER = (STACK, ITEMS, STACK_CLASSES, ORDINAL, *RULES)
FIRST_TRAINING, FIRST, LAST = "2013-12", "2014-06", "2016-11"
N_PATHS = 500
#: Points of coverage that an interval of an item may lie off.
MOST_OFF = 5.0
DAILY_ITEMS = ("water_temp", "ph", "do", "codmn", "nh3n", "tp")
_DAILY_COLUMNS = {"water_temp_c": "water_temp"} | {f"{i}_mgl": i for i in DAILY_ITEMS[2:]}
#: Half of the usual detection limits [mg/L], for a published 0.
_HALF_LIMIT = {"codmn": 0.25, "nh3n": 0.0125, "tp": 0.005}


def is_even(section: str) -> bool:
    """Whether a section is one to tune on."""
    return int(hashlib.md5(section.encode(), usedforsecurity=False).hexdigest(), 16) // 2 % 2 == 0


def item_maker(name: str, others: pd.DataFrame) -> Callable[[], ItemModel]:
    """Maker of the item model with figures pooled over ``others``."""
    if name == "seasonal":
        from forecast.models.water_pooling import estimate_water
        from forecast.models.water_seasonal import WaterSeasonal

        origins = list(np.arange("2014-06", "2016-01", 3, dtype="datetime64[M]"))
        pooled = estimate_water(others, origins)
        return lambda: WaterSeasonal(pooled=pooled)
    from forecast.models.water_estimation import estimate_figures
    from forecast.models.water_ladder import WaterLadder

    figures = estimate_figures(others)
    return lambda: WaterLadder(pooled=figures)


def weekly(data: Path, items: str) -> WaterHindcasts:
    """Past forecasts of the weekly sections by all models, without the stacks."""
    panel = load_sections(data)
    sections = sorted({str(place) for place, _ in panel.columns})
    origins = np.arange(FIRST_TRAINING, LAST, dtype="datetime64[M]")
    origins = np.append(origins, np.datetime64(LAST, "M"))
    makers = {m.name: m for m in REFERENCES} | {ORDINAL: WaterOrdinal}
    parts = [water_hindcasts(panel, origins, class_models=makers)]
    for even in (True, False):
        mine = [s for s in sections if is_even(s) == even]
        others = panel[[c for c in panel.columns if c[0] not in mine]]
        own = panel[[c for c in panel.columns if c[0] in mine]]
        make = item_maker(items, others)
        parts.append(water_hindcasts(own, origins, item_models={ITEMS: make}, n_paths=N_PATHS))
    return WaterHindcasts(
        pd.concat([p.classes for p in parts], ignore_index=True),
        pd.concat([p.items for p in parts[1:]], ignore_index=True),
    )


def load_daily(data: Path) -> tuple[pd.DataFrame, dict[str, str]]:
    """Monthly means of the daily sections, and whether each is a river or a lake."""
    table = pd.read_csv(data / "water" / "section_readings_2020_2021.csv.gz", encoding="utf-8")
    table = table.rename(columns=_DAILY_COLUMNS)
    table["place"] = table["province"].str.cat(table["section"], sep=" ")
    table["day"] = pd.to_datetime(table["time"]).dt.floor("D")
    for item in DAILY_ITEMS:
        values = pd.to_numeric(table[item], errors="coerce")
        zero = _HALF_LIMIT.get(item, np.nan)
        table[item] = values.where(values != 0.0, zero)
    days = table.groupby("place")["day"].nunique()
    table = table[table["place"].isin(days[days >= 60].index)]
    types = {str(place): _water_type(own) for place, own in table.groupby("place")}
    daily = table.groupby(["place", "day"])[list(DAILY_ITEMS)].mean().reset_index()
    daily["month"] = daily["day"].dt.to_period("M").dt.to_timestamp()
    rows = {}
    for (place, month), own in daily.groupby(["place", "month"]):
        values = own[list(DAILY_ITEMS)].to_numpy(np.float64)
        enough = np.isfinite(values).sum(axis=0) >= 5
        rows[str(place), month] = np.where(enough, period_means(values, DAILY_ITEMS), np.nan)
    index = pd.MultiIndex.from_tuples(rows, names=["place", "month"])
    long = pd.DataFrame(list(rows.values()), index=index, columns=list(DAILY_ITEMS))
    long = long.reset_index().melt(["place", "month"], var_name="item").dropna()
    return long.pivot_table(index="month", columns=["place", "item"], values="value"), types


def _water_type(own: pd.DataFrame) -> str:
    """The attribute under which published classes follow from the readings more often."""
    own = own[own["class_num"].notna() & own[list(DAILY_ITEMS[1:])].notna().all(axis=1)]
    right = {}
    for kind in ("river", "lake"):
        found, _ = section_class(
            own[list(DAILY_ITEMS[1:])].to_numpy(np.float64), DAILY_ITEMS[1:], kind
        )
        right[kind] = int((found == own["class_num"].to_numpy()).sum())
    return "lake" if right["lake"] > right["river"] else "river"


def daily(data: Path, items: str) -> tuple[WaterHindcasts, dict[str, str]]:
    """Past forecasts of the daily sections with figures pooled over the weekly ones."""
    monthly, types = load_daily(data)
    makers = {m.name: m for m in REFERENCES} | {ORDINAL: WaterOrdinal}
    origins = np.arange("2020-10", "2021-04", dtype="datetime64[M]")
    made = water_hindcasts(
        monthly, origins, item_models={ITEMS: item_maker(items, load_sections(data))}, class_models=makers,
        water_types=types, horizons=(1, 3, 6), n_paths=N_PATHS,
    )  # fmt: skip
    return made, types


def with_shipped_stack(rows: pd.DataFrame) -> pd.DataFrame:
    """Add the stacks with the weights of the package."""
    columns = [c for c in rows.columns if c.startswith("p") and c[1:].isdigit()]
    parts = [rows]
    for name, models in ((STACK, (ITEMS, ORDINAL, *RULES)), (STACK_CLASSES, (ORDINAL, *RULES))):
        for (horizon, left), group in rows.groupby(["horizon", "left"]):
            keys = ["place", "origin"]
            tables = [group[group["model"] == m].set_index(keys) for m in models]
            common = tables[0].index
            for table in tables[1:]:
                common = common.intersection(table.index)
            ahead = {"left": int(left)} if horizon == YEAR else {"lead": int(str(horizon))}
            stated = {
                m: t.loc[common, columns].to_numpy() for m, t in zip(models, tables, strict=True)
            }
            out = tables[0].loc[common].reset_index().assign(model=name)
            out[columns] = pool_classes(stated, **ahead)
            parts.append(out[rows.columns])
    return pd.concat(parts, ignore_index=True)


def write_weights(rows: pd.DataFrame, path: Path) -> None:
    """Write the weights of the package."""
    rows = rows[rows["origin"] >= FIRST]
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["published", "horizon", "model", "weight", "n", "source", "command"])
        for published, models in (
            ("items", (ITEMS, ORDINAL, *RULES)),
            ("classes", (ORDINAL, *RULES)),
        ):
            for row in stack_weights(rows, models).itertuples(index=False):
                writer.writerow(
                    [published, row.horizon, row.model, f"{row.weight:.3f}", row.n, SOURCE,
                     f"{COMMAND} --weights FILE"]
                )  # fmt: skip


def markdown(table: pd.DataFrame, digits: int = 3) -> list[str]:
    """Rows of a table in Markdown."""
    lines = ["| " + " | ".join(map(str, table.columns)) + " |", "|" + "---|" * len(table.columns)]
    for record in table.itertuples(index=False):
        cells = [f"{c:.{digits}f}" if isinstance(c, float) else str(c) for c in record]
        lines.append("| " + " | ".join(cells) + " |")
    return [*lines, ""]


def by_horizon(table: pd.DataFrame, score: str) -> pd.DataFrame:
    """One row a horizon, one column a model."""
    horizons = list(dict.fromkeys(table["horizon"]))
    wide = table.pivot_table(index="horizon", columns="model", values=score).loc[horizons]
    n = table.groupby("horizon")["n"].first().loc[horizons]
    wide.insert(0, "cases", n)
    return wide[["cases", *(m for m in ORDER if m in wide)]].reset_index()


def sections_of(scored: pd.DataFrame, items: pd.DataFrame, seed: int) -> list[str]:
    """All tables of one set of sections."""
    rng = np.random.default_rng(seed)
    table = class_score_table(scored)
    lines = ["RPS:", "", *markdown(by_horizon(table, "rps"))]
    lines += ["Brier score of class III or better:", "", *markdown(by_horizon(table, "brier"))]
    for ours in (STACK, STACK_CLASSES):
        found = class_differences(scored, ours, RULES, rng)
        lines += [f"RPS of `{ours}` less that of a rule:", "", *markdown(found, 4)]
    lines += ["Brier score of `stack` less that of a rule:", ""]
    lines += markdown(class_differences(scored, STACK, RULES, rng, score="brier"), 4)
    rows = []
    for model in (STACK, ITEMS, STACK_CLASSES):
        reliability = class_reliability(scored, model, rng)
        for horizon in dict.fromkeys(table["horizon"]):
            found = reliability[horizon]
            rows.append(
                {"horizon": horizon, "model": model, "n": found.n, "brier": found.score,
                 "mcb": found.mcb, "dsc": found.dsc, "unc": found.unc, "inside": found.inside}
            )  # fmt: skip
    lines += [
        "Reliability of P(class III or better): Brier = mcb - dsc + unc (CORP); `inside`: share of "
        "forecasts at which the isotonic fit lies within bounds of 90 % for independent cases:",
        "", *markdown(pd.DataFrame(rows)),
    ]  # fmt: skip
    own = scored[scored["model"] == STACK]
    bins = probability_bins(own["p_good"], own["good"])
    lines += [
        "What `stack` stated and what came, all horizons:",
        "",
        *markdown(bins[bins["n"] > 0]),
    ]
    lines += ["Coverage of the means of items by `items`, and CRPS [mg/L]:", ""]
    return lines + markdown(item_coverage(items).drop(columns="model"))


def marks(scored: pd.DataFrame, items: pd.DataFrame) -> list[str]:
    """The pass marks, met or not."""
    scores = class_score_table(scored)
    table = scores.set_index(["horizon", "model"])["rps"]
    lines = []
    for horizon in dict.fromkeys(scores["horizon"]):
        for ours in (STACK, ITEMS, STACK_CLASSES):
            best = min(table[horizon, rule] for rule in RULES)
            mine = table[horizon, ours]
            lines.append(
                f"- {horizon}: RPS of `{ours}` {mine:.3f}, of the best rule {best:.3f}: "
                f"{'below' if mine < best else 'NOT below'}"
            )
    found = item_coverage(items)
    for item, group in found.groupby("item"):
        pooled = item_coverage(items, by=()).set_index("item").loc[item]
        whole = {band: 100.0 * float(pooled[f"cover{band}"]) for band in (50, 80, 90)}
        most = max(abs(share - band) for band, share in whole.items())
        worst = max(float((100.0 * group[f"cover{band}"] - band).abs().max()) for band in whole)
        shares = ", ".join(f"{share:.1f}" for share in whole.values())
        lines.append(
            f"- {item}: 50, 80, 90 % intervals cover {shares} % over all horizons, at most "
            f"{most:.1f} points off: {'within' if most <= MOST_OFF else 'NOT within'} "
            f"{MOST_OFF:.0f}; at one horizon at most {worst:.1f}"
        )
    return [*lines, ""]


def main() -> int:
    """Score and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".md"))
    parser.add_argument("--items", choices=("ladder", "seasonal"), default="ladder")
    parser.add_argument("--weights", type=Path, help="also write the weights of the package")
    options = parser.parse_args()
    started = time.process_time()
    made = weekly(options.data, options.items)
    models = (ITEMS, ORDINAL, *RULES)
    stacks = [
        stacked_classes(made.classes, models, name=STACK),
        stacked_classes(made.classes, models[1:], name=STACK_CLASSES),
    ]
    if options.weights:
        write_weights(made.classes, options.weights)
    columns = list(made.classes.columns)
    rows = pd.concat([made.classes, *(s[columns] for s in stacks)], ignore_index=True)
    scored = scored_classes(same_cases(rows[rows["origin"] >= FIRST]))
    items = made.items[made.items["origin"] >= FIRST]
    odd = ~scored["place"].map(is_even).astype(bool)
    odd_items = ~items["place"].map(is_even).astype(bool)
    later, types = daily(options.data, options.items)
    later_scored = scored_classes(same_cases(with_shipped_stack(later.classes)))
    lakes = sum(kind == "lake" for kind in types.values())
    weights = stack_weights(made.classes[made.classes["origin"] >= FIRST], models)
    wide = weights.pivot_table(index="horizon", columns="model", values="weight")[list(models)]
    leads = [h for h in wide.index if h.isdigit()]
    wide = wide.loc[[*sorted(leads, key=int), "year_early", "year_middle", "year_late"]]
    seconds = time.process_time() - started
    lines = [
        "# Water classes ahead, against plain rules",
        "",
        f"Made on {datetime.now(UTC).date().isoformat()} by `{COMMAND}` in {seconds:.0f} CPU-seconds "
        f"on one core ({platform.machine()}, {platform.system()}, Python "
        f"{platform.python_version()}, numpy {np.__version__}, pandas {pd.__version__}); "
        f"{N_PATHS} paths, fixed seeds; item model `{options.items}`.",
        "",
        *(__doc__ or "").split("\n\n", 2)[2].strip().splitlines(),
        "",
        "Models: `items`, the item model, its paths through the official rules; `ordinal`, the "
        "cumulative logit of classes alone; `stack`, both and the rules averaged; `stack_classes`, "
        "without the item model. Rules, each a table of probabilities learned from the past: "
        "`persistence` (transition frequencies from the last class by lead; for a year, from the "
        "class of its months so far), `last_year` (from the same month of last year, from last "
        "year), `frequencies` (the section's classes in that calendar month, smoothed). At 12 "
        "months the first two are the same but for gaps.",
        "",
        "RPS: sum over the five cuts of squared differences of cumulative probabilities. Intervals of 90 % from "
        "blocks of sections and years, never narrower than Student's t of the years: two or three "
        "years of targets are few, and the intervals say so. Cases are those that every model has.",
        "",
        "## Pass marks, sections not tuned on",
        "",
        *marks(scored[odd], items[odd_items]),
        f"## Sections not tuned on ({scored[odd]['place'].nunique()})",
        "",
        *sections_of(scored[odd], items[odd_items], 1),
        f"## Sections that were tuned on ({scored[~odd]['place'].nunique()})",
        "",
        *markdown(by_horizon(class_score_table(scored[~odd]), "rps")),
        *markdown(by_horizon(class_score_table(scored[~odd]), "brier")),
        *markdown(item_coverage(items[~odd_items]).drop(columns="model")),
        "## Weights of the stack, all sections",
        "",
        f"A year is early with 9 months or more left, late with 4 or fewer ({horizon_of(YEAR, 12)}, "
        f"{horizon_of(YEAR, 1)}); one unit of |w - w0|² costs {PENALTY} of the score of one case.",
        "",
        *markdown(wide.reset_index()),
        f"## Daily sections of 2020 and 2021 ({later_scored['place'].nunique()}, {lakes} of them lakes)",
        "",
        "Six to eleven months of history: no rule knows last year, and `last_year` falls back to the "
        "section's frequencies. Weights come from the weekly sections, and so do figures but those of TP, TN, water temperature and the oxygen deficit (see above).",
        "",
        *markdown(by_horizon(class_score_table(later_scored), "rps")),
        *markdown(by_horizon(class_score_table(later_scored), "brier")),
        *markdown(class_differences(later_scored, STACK, RULES, np.random.default_rng(3)), 4),
        *markdown(item_coverage(later.items).drop(columns="model")),
    ]  # fmt: skip
    options.out.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
