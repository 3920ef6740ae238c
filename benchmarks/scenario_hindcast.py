"""Hindcast of the PM2.5 response: the nation, the cities, and the spread of the sector shares.

    python benchmarks/scenario_hindcast.py --data PATH [--out FILE] [--draws 4000]

1. The nation, 2013 to 2017 and 2013 to 2019: change of emissions of an inventory in, the change of
   PM2.5 as published out.
2. Cities of ``air/city_daily_long_2013_2020.csv.gz``, 2014 to 2017: the nation's change of emissions
   with an error for the city in, the change of the city's readings in equal weather out (least
   squares of the log on the year, the season and the weather of the province of
   ``met/province_daily_air_met_2013_2018.csv.gz``).
3. ``pm25_ratio``: how often its interval holds what each published version of the sector shares
   says, under forms of the joint effect that were not used to make it.
4. The two models of the package beside each other: sectors as such, and through the parts of the
   pollutants that they emit.
5. Sensitivity of the predicted national change to each prior.

PATH is the folder that holds ``air`` and ``met``. Nothing of it is written but figures.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd

from forecast.scenario.air_response import draw_air, pollutants_of_sectors
from forecast.scenario.hindcast import Hindcast, PastChange, coverage, hindcast, hindcast_evidence
from forecast.scenario.learning import learned
from forecast.scenario.pm25_components import component_priors, component_ratio
from forecast.scenario.pm25_sectors import SHARE_SECTORS, pm25_ratio
from forecast.scenario.priors import draw, read_table
from forecast.scenario.regions import find_region

SEED = 20170101

#: Relative changes: 2013-2017 SO2, NOx, CO, PM2.5, PM10 of Zheng 2018 (doi:10.5194/acp-18-14095-2018,
#: abstract); VOC and NH3 "increased" and "stable" there, numbers from memory. Later years from memory.
NATION = (
    PastChange(
        "全国 nation",
        2013,
        2017,
        {
            "SO2": -0.59,
            "NOx": -0.21,
            "CO": -0.23,
            "PM25": -0.33,
            "PM10": -0.36,
            "VOC": 0.02,
            "NH3": -0.02,
        },
        0.68,
        0.04,
        weather_adjusted=False,
        source="Zheng 2018; PM2.5 -32 % as reported",
    ),
    PastChange(
        "全国 nation",
        2013,
        2019,
        {
            "SO2": -0.70,
            "NOx": -0.28,
            "CO": -0.32,
            "PM25": -0.44,
            "PM10": -0.46,
            "VOC": -0.03,
            "NH3": -0.06,
        },
        0.53,
        0.04,
        weather_adjusted=True,
        change_sd={"SO2": 0.06, "NOx": 0.06, "PM25": 0.07, "VOC": 0.07, "NH3": 0.06},
        source="emissions from memory; PM2.5 -50 %, of which controls 47 points (Gong 2021)",
    ),
)
#: National change 2014 to 2017, from memory of the same inventory, with an error for a single city.
CITY_CHANGE = {"SO2": -0.49, "NOx": -0.14, "PM25": -0.28, "PM10": -0.29, "VOC": 0.01, "NH3": -0.02}
CITY_SD = {"SO2": 0.15, "NOx": 0.12, "PM25": 0.15, "VOC": 0.10, "NH3": 0.08}
WEATHER = ("wind_u_ms", "wind_v_ms", "temp_k", "rh_pct", "psfc_pa")


def city_records(data: Path) -> Iterator[tuple[str, pd.DataFrame]]:
    """PM2.5 of each city with the weather of its province, 2014 to 2018."""
    daily = pd.read_csv(data / "air" / "city_daily_long_2013_2020.csv.gz", encoding="utf-8")
    weather = pd.read_csv(
        data / "met" / "province_daily_air_met_2013_2018.csv.gz", encoding="utf-8"
    )
    weather["province"] = weather["province"].str.replace(r"(省|市|.{0,3}自治区)$", "", regex=True)
    by_province = dict(tuple(weather.groupby("province")))
    for city, rows in daily.groupby("city"):
        province = find_region(str(city)).province
        if province in by_province:
            met = by_province[province][["date", *WEATHER]]
            merged = rows[["date", "pm25"]].merge(met, on="date")
            yield str(city), merged[(merged["pm25"] > 0) & (merged["date"] >= "2014")]


def weather_adjusted(rows: pd.DataFrame) -> tuple[float, float, float] | None:
    """Ratio 2017 by 2014 in equal weather, its standard error (log), and the plain ratio of means."""
    when = pd.to_datetime(rows["date"])
    years = when.dt.year.to_numpy()
    if min((years == y).sum() for y in (2014, 2015, 2016, 2017)) < 300:
        return None
    angle = 2 * np.pi * when.dt.day_of_year.to_numpy() / 365.25
    met = rows[list(WEATHER)].to_numpy()
    met = (met - met.mean(axis=0)) / met.std(axis=0)
    speed = np.hypot(rows["wind_u_ms"], rows["wind_v_ms"]).to_numpy()
    season = np.column_stack([f(k * angle) for k in (1, 2, 3) for f in (np.cos, np.sin)])
    dummies = np.column_stack([years == y for y in sorted(set(years))]).astype(float)
    cold = np.cos(angle)[:, None]
    before = np.vstack([met[:1], met[:-1]])
    design = np.column_stack(
        [dummies, season, met, met * cold, met**2, before, np.log(speed + 0.5)]
    )
    y = np.log(rows["pm25"].to_numpy())
    fit, *_ = np.linalg.lstsq(design, y, rcond=None)
    order = sorted(set(years))
    change = fit[order.index(2017)] - fit[order.index(2014)]
    left = y - design @ fit
    # Months as blocks: neighbouring days are alike, a month counts as one draw.
    month = pd.Series(left).groupby(when.dt.to_period("M").to_numpy()).mean()
    sd = float(month.std() * np.sqrt(2 / 12))
    means = rows.groupby(years)["pm25"].mean()
    return float(np.exp(change)), sd, float(means[2017] / means[2014])


def hindcast_lines(results: list[tuple[Hindcast, str]]) -> list[str]:
    """One line of a table for each hindcast."""
    lines = [
        "| place | years | predicted (80 % interval) | observed | inside 80 % | note |",
        "|---|---|---|---|---|---|",
    ]
    for one, note in results:
        q = {k: f"{100 * (v - 1):+.0f}" for k, v in one.quantiles.items()}
        lines.append(
            f"| {one.past.name} | {one.past.first_year}-{one.past.last_year} | {q[0.5]} % ({q[0.1]} to "
            f"{q[0.9]}) | {100 * (one.past.observed - 1):+.0f} % | "
            f"{'yes' if one.inside() else 'no'} | {note} |"
        )
    return lines


def national(draws_n: int) -> list[str]:
    """The nation, before and after learning from the other period."""
    rng = np.random.default_rng(SEED)
    draws = draw_air("全国", draws_n, rng, era="2013")
    results = [(hindcast(p, draws, rng), "prior; " + p.source) for p in NATION]
    after, weights = learned(draws, [hindcast_evidence(NATION[0], draws, rng)], draws_n, rng)
    note = f"after learning from 2013-2017 (effective sample {weights.effective_size:.0f})"
    results.append((hindcast(NATION[1], after, rng), note))
    return ["## The nation", "", *hindcast_lines(results), ""]


def cities(data: Path, draws_n: int, most: int) -> list[str]:
    """Cities 2014 to 2017."""
    results: list[tuple[Hindcast, str]] = []
    for number, (city, rows) in enumerate(city_records(data)):
        found = weather_adjusted(rows) if not most or number < most else None
        if found is None:
            continue
        ratio, sd, plain = found
        past = PastChange(city, 2014, 2017, CITY_CHANGE, ratio, sd, True, CITY_SD)
        rng = np.random.default_rng([SEED, number])
        draws = draw_air(city, draws_n, rng, era="2013")
        note = f"means {100 * (plain - 1):+.0f} %"
        results.append((hindcast(past, draws, rng), note))
    hindcasts = [one for one, _ in results]
    errors = np.array([h.log_error for h in hindcasts])
    summary = (
        f"{len(hindcasts)} cities: inside the 80 % interval {100 * coverage(hindcasts):.0f} %, inside the "
        f"95 % interval {100 * coverage(hindcasts, 0.95):.0f} %; log error of the median: mean "
        f"{errors.mean():+.3f} (above 0: too little fall), root mean square "
        f"{np.sqrt((errors**2).mean()):.3f}."
    )
    return ["## Cities", "", summary, "", *hindcast_lines(results), ""]


def packages(rng: np.random.Generator) -> list[dict[str, float]]:
    """Single removals and halves, joint scalings, and random packages from 0 to 1.5."""
    single = [{s: m} for s in SHARE_SECTORS for m in (0.0, 0.5, 1.5)]
    joint = [dict.fromkeys(SHARE_SECTORS, m) for m in (0.2, 0.4, 0.6, 0.8, 0.9, 1.2)]
    made = [
        dict(zip(SHARE_SECTORS, rng.uniform(0, 1.5, 5).round(2).tolist(), strict=True))
        for _ in range(20)
    ]
    return single + joint + made


def version_truth(row: dict[str, str], version: str, form: str, at: dict[str, float]) -> float:
    """C'/C that one version of the shares says under a simple form of the joint effect."""
    early = np.array([float(row[f"{s}_early"]) for s in ("res", "ind", "tra", "agr", "ene")]) / 100
    shares = early.copy()
    if version == "final":
        shares[:2] = float(row["res_final"]) / 100, float(row["ind_final"]) / 100
        # Not reported: lowered as industry was.
        shares[2:] *= shares[1] / early[1]
    cut = 1 - np.array([at.get(s, 1.0) for s in SHARE_SECTORS])
    if form == "additive":
        return max(1 - float(shares @ cut), 0.05)
    total = 0.95
    if form == "product":
        return 1 - total * (1 - float(np.prod(1 - shares * cut / total)))
    # Strongly convex ammonia and NOx, otherwise additive.
    bend = np.array([0, 0.1, 0.4, 0.625, 0.2])
    bent = (1 - bend) * cut + bend * np.maximum(cut, 0) * cut
    return max(1 - float(shares @ bent), 0.05)


def spread(draws_n: int) -> list[str]:
    """Error and coverage of ``pm25_ratio`` against the versions of the shares."""
    lines = [
        "## Sector shares: spread against the published versions",
        "",
        "| version | form of the joint effect | cases | mean absolute error of C'/C | bias | inside 80 % | inside 90 % |",
        "|---|---|---|---|---|---|---|",
    ]
    tries = packages(np.random.default_rng(SEED))
    rows = read_table("sector_shares")
    drawn = {
        (row["region"], i): pm25_ratio(row["region"], at, draws_n, np.random.default_rng(SEED))
        for row in rows
        for i, at in enumerate(tries)
    }
    widths = [float(np.quantile(v, 0.9) - np.quantile(v, 0.1)) for v in drawn.values()]
    for version in ("final", "early"):
        for form in ("additive", "product", "convex"):
            errors, ranks = [], []
            for row in rows:
                for i, at in enumerate(tries):
                    truth = version_truth(row, version, form, at)
                    values = drawn[row["region"], i]
                    errors.append(float(np.median(values)) - truth)
                    ranks.append(float((values < truth).mean()))
            off = np.abs(np.array(ranks) - 0.5)
            lines.append(
                f"| {version} | {form} | {len(errors)} | {np.mean(np.abs(errors)):.3f} | "
                f"{np.mean(errors):+.3f} | {100 * (off <= 0.4).mean():.0f} % | "
                f"{100 * (off <= 0.45).mean():.0f} % |"
            )
    lines += ["", f"Mean width of the 80 % interval of C'/C: {np.mean(widths):.3f}.", ""]
    return lines


def two_models(draws_n: int) -> list[str]:
    """The sector model beside the components with the sectors' parts of each pollutant."""
    lines = [
        "## Two models of the package (nation, emissions of 2013 to 2015)",
        "",
        "C'/C of the annual mean, median (80 % interval).",
        "",
        "| emissions | sectors | components |",
        "|---|---|---|",
    ]
    draws = draw_air("全国", draws_n, np.random.default_rng(SEED), era="2013").pm25
    cases = [{s: 0.0} for s in SHARE_SECTORS]
    cases += [dict.fromkeys(SHARE_SECTORS, m) for m in (0.5, 0.8)]
    for at in cases:
        cuts = pollutants_of_sectors({s: np.full((1, 1), 1 - m) for s, m in at.items()})
        warm, cold = (component_ratio(cuts, draws, cold=c)[:, 0] for c in (False, True))
        both = (
            pm25_ratio("全国", at, draws_n, np.random.default_rng(SEED)),
            warm + draws.cold_weight * (cold - warm),
        )
        cells = [np.quantile(v, [0.5, 0.1, 0.9]) for v in both]
        name = next(iter(at)) if len(at) == 1 else "all five"
        texts = [f"{a:.2f} ({b:.2f} to {c:.2f})" for a, b, c in cells]
        lines.append(f"| {name} × {next(iter(at.values())):g} | {texts[0]} | {texts[1]} |")
    return [*lines, ""]


def sensitivity(draws_n: int) -> list[str]:
    """Change of the national prediction when one prior stands at its 10 % or 90 % quantile."""
    past = NATION[0]
    region = find_region("全国")
    lines = [
        "## Sensitivity to each prior (nation, 2013 to 2017)",
        "",
        "Median predicted change with one parameter fixed at the ends of its 80 % range.",
        "",
        "| parameter | at its 10 % | at its 90 % |",
        "|---|---|---|",
    ]
    for name, one in component_priors(region, "2013").items():
        ends = draw(one, np.array([0.1, 0.9]))
        found = []
        for value in ends:
            rng = np.random.default_rng(SEED)
            draws = draw_air("全国", draws_n, rng, era="2013", overrides={name: float(value)})
            found.append(100 * (hindcast(past, draws, rng).quantiles[0.5] - 1))
        lines.append(f"| {name} | {found[0]:+.1f} % | {found[1]:+.1f} % |")
    return [*lines, ""]


def main() -> int:
    """Run all parts and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".md"))
    parser.add_argument("--draws", type=int, default=4000)
    parser.add_argument("--cities", type=int, default=0, help="only so many, to try it out")
    asked = parser.parse_args()
    lines = [
        "# Hindcast of the PM2.5 response",
        "",
        f"`python benchmarks/scenario_hindcast.py --data PATH`, {asked.draws} draws.",
        "",
        *national(asked.draws),
        *cities(asked.data, asked.draws, asked.cities),
        *spread(asked.draws),
        *two_models(asked.draws),
        *sensitivity(asked.draws),
    ]
    asked.out.write_text("\n".join(lines), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
