"""Outlook of the next seven days against what came: warnings, probabilities, plain rules.

    python benchmarks/short_range.py --data PATH [--out FILE] [--tuning]

Rolling origins, each forecast made and fitted from the readings up to its origin alone. Cities whose
(md5(name) // 2) is even served for tuning (``--tuning`` scores them and writes the
warning probabilities that ship); the others are reported.

1. ``air/city_daily_o3_8h``: all six items, AQI by HJ 633-2012, origins 2015-01 to 2017-05.
2. ``air/city_daily_long_2013_2020.csv.gz``: later years (2017 to 2020) and more cities, of PM2.5,
   SO2 and NO2 alone: an AQI of three items, as a place with missing items has it.
3. Observed weather in the place of a forecast: perfect weather, an upper bound; and weather mixed with that of
   another year down to the skill that the model takes forecasts to have. Eight stations of Beijing
   with their own weather, and cities with the reanalysis of their province.
4. Short records: only the last 90 or 365 days before each origin are known.

PATH holds ``air`` and ``met``.
"""

from __future__ import annotations

import argparse
import csv
import platform
import sys
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from backtest_air import is_even
from rolling_origin_air import read_cities
from short_range_pooled import tuning_cities
from short_range_rows import (
    LEADS,
    OVER,
    beijing_stations,
    city_weather,
    long_three_items,
    said_and_came,
)

from forecast.models.short_range_weather import SKILL
from forecast.verification.reliability import probability_bins
from forecast.verification.short_range_scores import contingency, even_threshold, outlook_score

COMMAND = "python benchmarks/short_range.py --data PATH"
WARNING = Path(__file__).resolve().parents[1] / "forecast/projection/tables/short_range_warning.csv"
SEED = 20150101
Thresholds = Mapping[tuple[str, int], float]


def read_thresholds() -> dict[tuple[str, int], float]:
    """Kind of day and lead → the probability from which on it is warned of, as shipped."""
    with WARNING.open(encoding="utf-8") as file:
        return {(r["kind"], int(r["lead"])): float(r["probability"]) for r in csv.DictReader(file)}


def write_thresholds(rows: pd.DataFrame) -> None:
    """Write the probabilities at which tuning cities had as many warnings as events.

    Single leads have few events: each takes the rows of the leads beside it too.
    """
    n = rows["city"].nunique()
    source = f"{n} cities 2015-01 to 2017-05; {COMMAND} --tuning"
    with WARNING.open("w", encoding="utf-8", newline="\n") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["kind", "lead", "probability", "cases", "events", "source"])
        for kind, over in OVER.items():
            for lead in range(1, LEADS + 1):
                # The first two leads know most; later ones are alike.
                near = [lead] if lead <= 2 else list(range(3, LEADS + 1))
                own = rows[rows["lead"].isin(near)]
                came = own["aqi"] > over
                p = even_threshold(own[f"said_{kind}"], came)
                writer.writerow([kind, lead, f"{p:.2f}", len(own), int(came.sum()), source])


def score_rows(rows: pd.DataFrame, thresholds: Thresholds) -> list[str]:
    """A table by kind of day and lead."""
    lines = [
        "| kind | lead | n | events | warn at | hits | misses | false alarms | POD | FAR | TS | ETS | bias "
        "| Brier | skill vs persistence (90 %) | skill vs climatology (90 %) |",
        "|" + "---|" * 16,
    ]
    for kind, over in OVER.items():
        for lead in range(1, LEADS + 1):
            own = rows[rows["lead"] == lead]
            found = outlook_score(
                own[f"said_{kind}"], own["aqi"] > over, thresholds[kind, lead],
                {r: own[f"{r}_{kind}"] for r in ("persistence", "climatology")},
                own["month"], own["city"], np.random.default_rng([SEED, lead]),
            )  # fmt: skip
            w = found.warnings
            skills = [
                f"{100 * v:+.0f} % ({100 * low:+.0f} to {100 * high:+.0f})"
                for v, low, high in found.skill.values()
            ]
            lines.append(
                f"| {kind} | {lead} | {w.n} | {w.events} | {found.threshold:.2f} | {w.hits} | {w.misses} | "
                f"{w.false_alarms} | {w.hit_rate:.2f} | {w.false_alarm_ratio:.2f} | {w.threat_score:.2f} | "
                f"{w.equitable_threat_score:.2f} | {w.bias:.2f} | {found.brier:.4f} | "
                + " | ".join(skills) + " |"
            )  # fmt: skip
    return [*lines, ""]


def yesterday(rows: pd.DataFrame) -> list[str]:
    """Warnings of the plainest rule: the level of the last day stays."""
    lines = ["| kind | lead | POD | FAR | TS | ETS |", "|---|---|---|---|---|---|"]
    for kind, over in OVER.items():
        for lead in (1, 2, 3, 7):
            own = rows[rows["lead"] == lead]
            w = contingency(own["before"] > over, own["aqi"] > over, 0.5)
            lines.append(
                f"| {kind} | {lead} | {w.hit_rate:.2f} | {w.false_alarm_ratio:.2f} | "
                f"{w.threat_score:.2f} | {w.equitable_threat_score:.2f} |"
            )
    return [*lines, ""]


def other_rows(rows: pd.DataFrame) -> list[str]:
    """Levels, leading items, spread, by lead."""
    lines = [
        "| lead | level right | level of the last day stays | leading item right | that of the last day stays "
        "| AQI in the 80 % range | below | above | CRPS |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for lead, own in rows.groupby("lead"):
        inside = ((own["aqi"] >= own["low"]) & (own["aqi"] <= own["high"])).mean()
        shares = [
            (own["level_said"] == own["level"]).mean(),
            (own["level_before"] == own["level"]).mean(),
            own["leader_right"].astype(float).mean(),
            own["leader_before"].astype(float).mean(),
            inside,
            (own["aqi"] < own["low"]).mean(),
            (own["aqi"] > own["high"]).mean(),
        ]
        cells = " | ".join(f"{100 * s:.0f} %" for s in shares)
        lines.append(f"| {lead} | {cells} | {own['crps'].mean():.1f} |")
    return [*lines, ""]


def reliability(rows: pd.DataFrame) -> list[str]:
    """What came of forecasts that said about the same, all leads."""
    lines = ["| kind | said | n | said on average | came |", "|---|---|---|---|---|"]
    for kind, over in OVER.items():
        bins = probability_bins(rows[f"said_{kind}"], rows["aqi"] > over)
        lines.extend(
            f"| {kind} | {100 * b.lower:.0f} to {100 * b.upper:.0f} % | {b.n} | "
            f"{100 * b.stated:.0f} % | {100 * b.share:.0f} % |"
            for b in bins.itertuples()
            if b.n
        )
    return [*lines, ""]


def skills(named: Mapping[str, pd.DataFrame]) -> list[str]:
    """Brier skill of several sets of rows, all leads and leads 1 to 3."""
    lines = [
        "| rows | kind | leads | n | events | Brier | skill vs persistence (90 %) | skill vs climatology (90 %) "
        "| said over came |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, rows in named.items():
        for kind, over in OVER.items():
            for text, leads in (("1", [1]), ("2–3", [2, 3]), ("4–7", [4, 5, 6, 7])):
                own = rows[rows["lead"].isin(leads)]
                came = own["aqi"] > over
                found = outlook_score(
                    own[f"said_{kind}"], came, 0.5,
                    {r: own[f"{r}_{kind}"] for r in ("persistence", "climatology")},
                    own["month"], own["city"], np.random.default_rng(SEED),
                )  # fmt: skip
                cells = [
                    f"{100 * v:+.0f} % ({100 * low:+.0f} to {100 * high:+.0f})"
                    for v, low, high in found.skill.values()
                ]
                ratio = own[f"said_{kind}"].mean() / max(came.mean(), 1e-9)
                lines.append(
                    f"| {name} | {kind} | {text} | {found.n} | {found.events} | {found.brier:.4f} | "
                    + " | ".join(cells) + f" | {ratio:.2f} |"
                )  # fmt: skip
    return [*lines, ""]


def weather_rows(data: Path, cities: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Without weather, with perfect weather, with degraded weather; the same origins."""
    air, met = beijing_stations(data)
    sets = (
        ("Beijing, 8 stations", {"北京(8站)": air}, {"北京(8站)": met}, "2014-06-01", "2017-02-15", 4),
        ("cities, weather of the province", cities, city_weather(data, cities), "2015-01-01", "2017-05-15", 11),
    )  # fmt: skip
    found = {}
    for name, frames, weather, first, end, stride in sets:
        known = {c: f for c, f in frames.items() if c in weather}
        found[f"{name}: no weather"] = said_and_came(known, first, end, stride)
        found[f"{name}: perfect weather, upper bound"] = said_and_came(
            known, first, end, stride, weather=weather
        )
        found[f"{name}: weather degraded to the skill assumed"] = said_and_came(
            known, first, end, stride, weather=weather, skill=SKILL, degraded=True
        )
    return found


def main() -> int:
    """Score and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".md"))
    parser.add_argument("--tuning", action="store_true", help="the other half; writes no page")
    options = parser.parse_args()
    started = time.process_time()
    if options.tuning:
        rows = said_and_came(tuning_cities(options.data), "2015-01-01", "2017-05-15", 6)
        write_thresholds(rows)
        print(
            "\n".join([*score_rows(rows, read_thresholds()), *other_rows(rows), *reliability(rows)])
        )
        print(f"{time.process_time() - started:.0f} s")
        return 0
    cities = {c: f for c, f in read_cities(options.data).items() if not is_even(c)}
    later = {c: f for c, f in long_three_items(options.data).items() if not is_even(c)}
    rows = said_and_came(cities, "2015-01-01", "2017-05-15", 3)
    of_three = said_and_came(later, "2017-01-01", "2020-11-01", 17)
    weather = weather_rows(options.data, cities)
    short = {
        f"{n} days of record": said_and_came(cities, "2015-01-01", "2017-05-15", 11, last_days=n)
        for n in (90, 365)
    }
    lines = [
        "# Outlook of the next seven days against what came", "",
        f"Made on {datetime.now(UTC).date().isoformat()} by `{COMMAND}` on {platform.machine()}, "
        f"{platform.system()}, Python {platform.python_version()}, numpy {np.__version__}, pandas "
        f"{pd.__version__}; {time.process_time() - started:.0f} s of one core. Every forecast is fitted to "
        "the readings up to its origin alone; the pooled figures and the probabilities from which on there is a warning come from "
        "other cities. Persistence: how often such days came so many days after a "
        "day of the last day's level, in that part of the year; climatology: how often in the 31 days of the year around the day; both "
        "from the record up to the origin. Intervals (90 %): bootstrap over months and cities, each drawn on its own.",
        "", f"## 1 Six items, {len(cities)} cities: {', '.join(sorted(cities))}", "",
        "HJ 633-2012, origins every third day from 2015-01 to 2017-05.", "",
        *score_rows(rows, read_thresholds()),
        "Yesterday's level stays, taken as a warning:", "", *yesterday(rows),
        "Levels, leading items (days above an AQI of 50) and spread:", "", *other_rows(rows),
        "Reliability, all leads:", "", *reliability(rows),
        f"## 2 Three items, {len(later)} cities, 2017 to 2020", "",
        "PM2.5, SO2 and NO2 alone, by the rule in force, HJ 633-2012; origins every 17th day.", "",
        *skills({"three items": of_three}), *other_rows(of_three),
        "## 3 Weather", "",
        "Observed weather stands in for a forecast: an upper bound that no forecast reaches. Degraded weather has the "
        f"correlations {', '.join(f'{s:.2f}' for s in SKILL)} (leads 1 to 7) with what came, which is what the model "
        "takes forecasts to have (judgement, not measured here).", "",
        *skills(weather),
        "## 4 Short records", "", "The references see the short record too.", "", *skills(short),
    ]  # fmt: skip
    text = "\n".join(lines)
    print(text)
    options.out.write_text(text, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
