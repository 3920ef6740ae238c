"""Make the pooled figures of the seasonal models from panels of cities and of sections.

    python benchmarks/pooled_slow_error.py --data PATH [--out forecast/models/tables] [--only air|water]

PATH holds ``air/city_daily_headerless`` (30 cities, 2013-12 to 2017-01, six items) and
``air/city_daily_long_2013_2020.csv.gz`` (45 cities, eight of them in both; PM2.5, SO2 and NO2 to
2020-11, PM10 and CO to 2016). No city file with 8-hour ozone is read: the figures of O3-8h are those of the daily
maximum 1-hour ozone (to 2016) and of the 24-hour mean (from 2017) as stand-ins. Water comes from
``water/weekly_sections_2012_2018.csv.gz``, the years 2013 to 2016, whose weeks have dates.
Takes about eight minutes on one core.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pandas as pd

from forecast.features.holidays import HOLIDAY_TERMS
from forecast.models import AirSeasonal
from forecast.models.panel_priors import estimate_priors
from forecast.models.pooled import (
    LONG_RECORD,
    AirPooled,
    ItemPrior,
    SlowPoints,
    WaterPooled,
    shipped_air,
)
from forecast.models.pooling import (
    choose,
    error_correlation,
    error_shares,
    hindcast,
    slow_error_by_record,
)
from forecast.models.water_estimation import estimate_figures
from forecast.models.water_figures import WaterFigures
from forecast.models.water_pooling import estimate_water
from forecast.models.water_scale import oxygen_saturation
from forecast.standards.items import AIR_ITEMS

COMMAND = "python benchmarks/pooled_slow_error.py --data PATH"
SOURCE = "67 cities 2013-12 to 2020-11 (published readings); O3-8h from 1-hour and 24-hour O3"
WATER_SOURCE = "61 sections 2013-01 to 2016-12 (published weekly readings)"
SHORT_SOURCE = "35 sections 2020-05 to 2021-04 (published automatic stations)"
DEGREES = 6.0
#: Province of each city of the long record: cities of one share weather and policy.
PROVINCES = {
    "北京": ("北京",), "上海": ("上海",),
    "河北": ("保定", "唐山", "廊坊", "沧州", "衡水", "邯郸"),
    "山西": ("临汾", "吕梁", "太原", "晋中", "晋城", "长治", "阳泉"),
    "陕西": ("咸阳", "宝鸡", "渭南", "铜川"),
    "河南": ("三门峡", "开封", "鹤壁"),
    "山东": ("济南", "济宁", "聊城"),
    "江苏": ("南通", "常州", "扬州", "无锡", "盐城", "镇江"),
    "浙江": ("嘉兴", "宁波", "湖州", "绍兴", "舟山", "金华"),
    "安徽": ("滁州", "马鞍山"),
    "广东": ("东莞", "中山", "佛山", "广州", "珠海", "肇庆"),
}  # fmt: skip
WATER_ITEMS = ("ph", "do", "codmn", "nh3n")


def quarter_origins(first: int, last: int) -> list[np.datetime64]:
    """Last days of the quarters of the years ``first`` to ``last``."""
    months = np.arange(f"{first}-04", f"{last + 1}-02", 3, dtype="datetime64[M]")
    return [m.astype("datetime64[D]") - 1 for m in months]


def load_panel(data: Path) -> dict[str, pd.DataFrame]:
    """Daily records of the pooling cities; 0 is missing in both sources.

    A city of both sources is taken from the long record. The 24-hour ozone of the long record is
    a place of its own (``name#24h``), so that it is never compared with the 1-hour maximum.
    """
    panel: dict[str, pd.DataFrame] = {}
    names = ["date", "pm25", "pm10", "so2", "co", "no2", "o3_8h"]
    for path in sorted((data / "air" / "city_daily_headerless").glob("*.csv")):
        table = pd.read_csv(path, header=None, encoding="utf-8-sig", usecols=[1, 5, 6, 7, 8, 9, 10])
        table.columns = pd.Index(names)
        panel[path.stem] = _daily(table)
    table = pd.read_csv(data / "air" / "city_daily_long_2013_2020.csv.gz", encoding="utf-8").rename(
        columns={"o3_max1h": "o3_8h"}
    )
    for city, group in table.groupby("city"):
        panel[str(city)] = _daily(group[names])
        day_mean = group[["date", "o3_24h"]].rename(columns={"o3_24h": "o3_8h"}).dropna()
        panel[f"{city}#24h"] = _daily(day_mean)
    return panel


def load_sections(data: Path) -> pd.DataFrame:
    """Monthly means, index of months, columns (section, item); 0 is below detection.

    A value of 0 is set to half of the usual detection limit (0.5 mg/L CODMn, 0.025 NH3-N).
    """
    table = pd.read_csv(data / "water" / "weekly_sections_2012_2018.csv.gz", encoding="utf-8")
    table = table[table["year"].between(2013, 2016) & table["date_monday"].notna()]
    table["month"] = pd.to_datetime(table["date_monday"]).dt.to_period("M").dt.to_timestamp()
    table = table[table["month"].between("2013-01-01", "2016-12-01")]
    table = table.rename(columns={f"{item}_mgl": item for item in WATER_ITEMS[1:]})
    long = table.melt(["section_id", "month"], list(WATER_ITEMS), var_name="item")
    half_limit = long["item"].map({"codmn": 0.25, "nh3n": 0.0125})
    long["value"] = long["value"].where(long["value"] > 0.0, half_limit)
    return long.pivot_table(index="month", columns=["section_id", "item"], values="value")


def load_short_sections(data: Path) -> pd.DataFrame:
    """Monthly means of the sections with daily readings, columns (section, item).

    Of the items that :func:`load_sections` lacks, and the oxygen deficit. Sections with 200 days.
    """
    table = pd.read_csv(data / "water" / "section_readings_2020_2021.csv.gz", encoding="utf-8")
    time = pd.to_datetime(table["time"])
    table["section"] = table["province"].astype(str) + table["section"].astype(str)
    days = time.dt.normalize().groupby(table["section"]).transform("nunique")
    table = table.rename(columns={"tp_mgl": "tp", "tn_mgl": "tn", "water_temp_c": "water_temp"})
    warm = table["water_temp"].where(table["water_temp"].between(-0.5, 40.0))
    table["water_temp"] = warm
    table["do_deficit"] = oxygen_saturation(warm.to_numpy(dtype=float)) - table["do_mgl"]
    table["month"] = time.dt.to_period("M").dt.to_timestamp()
    items = ["tp", "tn", "water_temp", "do_deficit"]
    long = table[days >= 200].melt(["section", "month"], items, var_name="item")
    below = long["item"].isin(["tp", "tn"]) & (long["value"] <= 0.0)
    half_limit = long["item"].map({"tp": 0.005, "tn": 0.025})
    long["value"] = long["value"].where(~below, half_limit)
    return long.pivot_table(index="month", columns=["section", "item"], values="value")


def _daily(table: pd.DataFrame) -> pd.DataFrame:
    table = table.drop_duplicates("date")
    frame = table.drop(columns="date").astype(float)
    frame.index = pd.DatetimeIndex(pd.to_datetime(table["date"]))
    return frame.where(frame > 0.0).dropna(axis=1, how="all").sort_index()


def pool(
    panel: Mapping[str, pd.DataFrame], *, last_year: int = 2019, fast: bool = False
) -> tuple[AirPooled, pd.DataFrame]:
    """Pooled figures of a panel, and the hindcast errors from which the slow error comes.

    ``fast`` keeps the persistence and drift of the shipped tables instead of choosing them anew,
    and takes half of the origins.
    """
    priors = estimate_priors(panel, AIR_ITEMS)
    identity = np.eye(len(priors))
    origins = quarter_origins(2014, last_year)
    if fast:
        priors = {item: _with_shipped_persistence(item, p) for item, p in priors.items()}
        origins = origins[2::2]
    else:
        some = {name: panel[name] for name in sorted(panel)[::3]}
        priors = choose(some, _pooled(priors, {}, {}, identity), origins[2::2])
    errors = hindcast(panel, _pooled(priors, {}, {}, identity), origins)
    matrix, _ = error_correlation(errors, list(priors))
    provinces = {city: name for name, cities in PROVINCES.items() for city in cities}
    nation, group, _ = error_shares(errors[errors["item"] == "pm25"], provinces)
    pooled = _pooled(priors, *slow_error_by_record(errors), matrix)
    return replace(pooled, nation_share=round(nation, 2), group_share=round(group, 2)), errors


def _with_shipped_persistence(item: str, prior: ItemPrior) -> ItemPrior:
    shipped = shipped_air().prior(item)
    return replace(
        prior,
        level_sd=shipped.level_sd,
        slow_share=shipped.slow_share,
        slow_days=shipped.slow_days,
        fast_share=shipped.fast_share,
        fast_days=shipped.fast_days,
    )


def _pooled(
    priors: Mapping[str, ItemPrior],
    slow: Mapping[str, SlowPoints],
    short: Mapping[int, Mapping[str, SlowPoints]],
    matrix: np.ndarray,
) -> AirPooled:
    return AirPooled(dict(priors), slow, (tuple(priors), matrix), DEGREES, slow_short=short)


def _write(
    path: Path, header: Sequence[str], rows: Iterable[Sequence[object]], source: str = SOURCE
) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow([*header, "source", "command"])
        writer.writerows([*row, source, COMMAND] for row in rows)


def write_tables(pooled: AirPooled, errors: pd.DataFrame, out: Path) -> None:
    """Write the four tables of the package."""
    rows: list[tuple[object, ...]] = []
    for item, prior in pooled.priors.items():
        quantities = {
            "trend": prior.trend[0], "trend_sd": prior.trend[1],
            "weekend": prior.weekend[0], "weekend_sd": prior.weekend[1],
            "scale": prior.scale, "scale_cos1": prior.scale_season[0],
            "scale_sin1": prior.scale_season[1], "level_sd": prior.level_sd,
            "slow_share": prior.slow_share, "slow_days": prior.slow_days,
            "fast_share": prior.fast_share, "fast_days": prior.fast_days,
        }  # fmt: skip
        for k, (mean, sd) in enumerate(zip(*prior.season, strict=True)):
            name = f"{('cos', 'sin')[k % 2]}{k // 2 + 1}"
            quantities[name], quantities[f"{name}_sd"] = mean, sd
        for name, mean, sd in zip(HOLIDAY_TERMS, *prior.holidays, strict=True):
            quantities[name], quantities[f"{name}_sd"] = mean, sd
        rows.extend((item, name, f"{value:.4f}") for name, value in quantities.items())
    _write(out / "air_pooled.csv", ("item", "quantity", "value"), rows)
    year = errors[(errors["first"] == 1) & (errors["last"] == 365)].copy()
    year["class"] = year["years"].round().clip(1, LONG_RECORD).astype(int)
    cases = year.groupby(["item", "class"]).size()
    tables = {**pooled.slow_short, LONG_RECORD: pooled.slow_sd}
    _write(
        out / "air_slow_error.csv",
        ("item", "record_years", "lead_days", "sd", "degrees", "n"),
        [
            (item, years, lead, f"{sd:.4f}", pooled.degrees, int(cases.get((item, years), 0)))
            for item in pooled.slow_sd
            for years in sorted(tables)
            for lead, sd in tables[years][item]
        ],
    )
    _write(
        out / "air_slow_shares.csv",
        ("scope", "share", "n"),
        [
            (scope, f"{share:.2f}", year_errors)
            for scope, share in (("nation", pooled.nation_share), ("group", pooled.group_share))
            for year_errors in [int((errors["item"] == "pm25").sum())]
        ],
    )
    items, matrix = pooled.correlation
    _, cases = error_correlation(errors, items)
    _write(
        out / "air_slow_correlation.csv",
        ("item", "other", "correlation", "n"),
        [
            (a, b, f"{matrix[i, j]:.3f}", int(cases[i, j]))
            for i, a in enumerate(items)
            for j, b in enumerate(items)
        ],
    )


#: Limits of a good day, with 200 µg/m³ for the 1-hour ozone that stands for the 8-hour one.
_DAY_LIMITS = {"so2": 150, "no2": 80, "pm10": 150, "pm25": 75, "co": 4, "o3_8h": 200}


def stand_in_coverage(panel: Mapping[str, pd.DataFrame], pooled: AirPooled) -> pd.DataFrame:
    """Coverage, by length of the period, of the ratio of days with all six items within limits.

    Stands for the good-day ratio, which this panel cannot give for want of 8-hour ozone.
    """
    rows = []
    places = [name for name in panel if len(panel[name].columns) == len(_DAY_LIMITS)][::3]
    for number, place in enumerate(places):
        frame = panel[place]
        for origin in quarter_origins(2014, 2016):
            past = frame[frame.index <= pd.Timestamp(origin)].dropna(how="all")
            model = AirSeasonal(place, pooled=pooled).fit(past)
            if len(past) < 330 or len(model.items) < len(_DAY_LIMITS):
                continue
            limits = np.array([_DAY_LIMITS[item] for item in model.items])
            for length in (90, 182, 365):
                days = origin + np.arange(1, length + 1)
                truth = frame.reindex(pd.DatetimeIndex(days))[list(model.items)].to_numpy()
                whole = np.isfinite(truth).all(axis=1)
                if whole.mean() < 0.9:
                    continue
                rng = np.random.default_rng([number, int(origin.astype(int)), length])
                drawn = model.sample(days, 200, rng).values[:, whole]
                ratio = (drawn <= limits).all(axis=2).mean(axis=1)
                real = (truth[whole] <= limits).all(axis=1).mean()
                low, high = np.quantile(ratio, [0.05, 0.95])
                rows.append((length, low <= real <= high, 100 * (np.median(ratio) - real)))
    table = pd.DataFrame(rows, columns=["days", "cover90", "bias"])
    return table.groupby("days").agg(
        n=("bias", "size"), cover90=("cover90", "mean"), bias=("bias", "mean")
    )


def write_water(pooled: WaterPooled, out: Path) -> None:
    """Write the table of the water model."""
    rows: list[tuple[object, ...]] = []
    for item, prior in pooled.priors.items():
        names = [f.name for f in fields(prior) if f.name != "slow_sd"]
        rows.extend((item, name, f"{getattr(prior, name):.4f}") for name in names)
        rows.extend((item, f"slow_sd_{lead:g}", f"{sd:.4f}") for lead, sd in prior.slow_sd)
    _write(out / "water_pooled.csv", ("item", "quantity", "value"), rows, WATER_SOURCE)


def write_ladder(figures: WaterFigures, short: Sequence[str], out: Path) -> None:
    """Write the table of the ladder of water models; ``short`` names the items of one year."""
    with (out / "water_ladder.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["item", "quantity", "value", "source", "command"])
        for item, own in figures.items.items():
            source = SHORT_SOURCE if item in short else WATER_SOURCE
            for name, value in own.quantities().items():
                writer.writerow([item, name, f"{value:.4f}", source, COMMAND])


def main() -> int:
    """Make the tables and print what went into them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("forecast/models/tables"))
    parser.add_argument("--only", choices=("air", "water"))
    options = parser.parse_args()
    if options.only != "air":
        months = np.arange("2014-06", "2016-01", 3, dtype="datetime64[M]")
        sections = load_sections(options.data)
        write_water(estimate_water(sections, list(months)), options.out)
        short = load_short_sections(options.data)
        names = sorted({str(item) for item in short.columns.get_level_values(1)})
        write_ladder(estimate_figures(sections, short), names, options.out)
    if options.only == "water":
        return 0
    panel = load_panel(options.data)
    pooled, errors = pool(panel)
    write_tables(pooled, errors, options.out)
    summary = errors.assign(square=errors["error"] ** 2).groupby(["item", "first", "last"])
    table = summary.agg(n=("error", "size"), bias=("error", "mean"), rmse=("square", "mean"))
    table["rmse"] **= 0.5
    table["paths_sd"] = summary["variance"].mean() ** 0.5
    print(table.round(3).to_string())
    print(stand_in_coverage(panel, pooled).round(3).to_string())
    return 0


if __name__ == "__main__":
    sys.exit(main())
