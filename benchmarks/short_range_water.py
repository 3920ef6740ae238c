"""Class of a section over the next seven days against what came.

    python benchmarks/short_range_water.py --data PATH [--out FILE] [--tuning]

``water/section_readings_2020_2021.csv.gz``: the 44 sections with readings on most days, daily means
of pH, DO, CODMn, NH3-N and TP, classes of GB 3838. Rolling origins, each from the readings up to it. Sections whose
(md5(name) // 2) is even served for tuning; the others are reported. Persistence: how often
the class was worse than the limit so many days after a day on the same side of it, in the section's record up to the
origin, drawn to staying and to climatology with two cases; climatology: how often it was, in its last 90 days.

PATH holds ``water``.
"""

from __future__ import annotations

import argparse
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from water_classes import is_even

from forecast.models.short_range_water import WaterShortRange
from forecast.projection.short_range_water import class_odds
from forecast.standards.water_class import section_class
from forecast.verification.reliability import probability_bins
from forecast.verification.short_range_scores import contingency, outlook_score

COMMAND = "python benchmarks/short_range_water.py --data PATH"
ITEMS = ("ph", "do", "codmn", "nh3n", "tp")
#: A value of 0 is one below detection: half the limit.
_HALF_LIMIT = {"codmn": 0.25, "nh3n": 0.0125, "tp": 0.005}
_FIRST, _STRIDE, LEADS = 60, 5, 7
LIMITS = {"worse than III": 3, "worse than V": 5}


def read_sections(data: Path) -> dict[str, pd.DataFrame]:
    """Days × items of each section with readings on 90 days or more."""
    table = pd.read_csv(data / "water" / "section_readings_2020_2021.csv.gz", encoding="utf-8")
    table = table.rename(columns={f"{item}_mgl": item for item in ITEMS})
    table["place"] = table["province"].str.cat(table["section"], sep=" ")
    table["day"] = pd.to_datetime(table["time"]).dt.floor("D")
    for item in ITEMS:
        values = pd.to_numeric(table[item], errors="coerce")
        table[item] = values.where(values != 0.0, _HALF_LIMIT.get(item, np.nan))
    out = {}
    for place, own in table.groupby("place"):
        if own["day"].nunique() >= 90:
            daily = own.groupby("day")[list(ITEMS)].mean()
            out[str(place)] = daily.reindex(pd.date_range(daily.index[0], daily.index[-1]))
    return out


def said_and_came(sections: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """One row a section, origin and lead."""
    rows = []
    for number, (place, frame) in enumerate(sorted(sections.items())):
        values = frame.to_numpy(np.float64)
        classes, _ = section_class(values, ITEMS, "river", platform=True)
        for at in range(_FIRST + number % _STRIDE, len(values) - LEADS, _STRIDE):
            if not classes[at]:
                continue
            model = WaterShortRange(LEADS).fit(values[: at + 1], ITEMS)
            if len(model.items) < len(ITEMS):
                continue
            drawn = model.sample(500, np.random.default_rng([number, at]))
            found, _ = section_class(drawn, ITEMS, "river", platform=True)
            seen = classes[: at + 1]
            for k in range(LEADS):
                came = classes[at + 1 + k]
                if not came:
                    continue
                odds = class_odds(found[:, k], seen, k + 1)
                row = {
                    "place": place, "lead": k + 1, "month": str(frame.index[at + 1 + k])[:7],
                    "came": came, "right": int(np.argmax(odds)) + 1 == came,
                    "stays": classes[at] == came,
                }  # fmt: skip
                for name, limit in LIMITS.items():
                    recent = seen[seen > 0][-90:]
                    climate = ((recent > limit).sum() + 0.5) / (len(recent) + 1.0)
                    now = seen[-1] > limit
                    before, after = seen[: -1 - k], seen[k + 1 :]
                    alike = (before > 0) & (after > 0) & ((before > limit) == now)
                    stay = ((after[alike] > limit).sum() + climate + now) / (alike.sum() + 2.0)
                    row |= {
                        f"said {name}": odds[limit:].sum(), f"climatology {name}": climate,
                        f"persistence {name}": stay, f"before {name}": now,
                    }  # fmt: skip
                rows.append(row)
    return pd.DataFrame(rows)


def tables(rows: pd.DataFrame) -> list[str]:
    """Scores by lead, and reliability."""
    lines = [
        "| kind | lead | n | events | POD at 0.5 | FAR | TS | TS of staying | Brier "
        "| skill vs persistence (90 %) | skill vs climatology (90 %) | class right | class stays |",
        "|" + "---|" * 13,
    ]
    for name, limit in LIMITS.items():
        for lead, own in rows.groupby("lead"):
            event = own["came"] > limit
            found = outlook_score(
                own[f"said {name}"], event, 0.5,
                {r: own[f"{r} {name}"] for r in ("persistence", "climatology")},
                own["month"], own["place"], np.random.default_rng(1),
            )  # fmt: skip
            stays = contingency(own[f"before {name}"], event, 0.5).threat_score
            w = found.warnings
            cells = [
                f"{100 * v:+.0f} % ({100 * low:+.0f} to {100 * high:+.0f})"
                for v, low, high in found.skill.values()
            ]
            lines.append(
                f"| {name} | {lead} | {w.n} | {w.events} | {w.hit_rate:.2f} | {w.false_alarm_ratio:.2f} | "
                f"{w.threat_score:.2f} | {stays:.2f} | {found.brier:.4f} | {' | '.join(cells)} | "
                f"{100 * own['right'].mean():.0f} % | {100 * own['stays'].mean():.0f} % |"
            )
    lines += ["", "| kind | said | n | said on average | came |", "|---|---|---|---|---|"]
    for name, limit in LIMITS.items():
        for b in probability_bins(rows[f"said {name}"], rows["came"] > limit).itertuples():
            if b.n:
                lines.append(
                    f"| {name} | {100 * b.lower:.0f} to {100 * b.upper:.0f} % | {b.n} | "
                    f"{100 * b.stated:.0f} % | {100 * b.share:.0f} % |"
                )
    return [*lines, ""]


def main() -> int:
    """Score and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".md"))
    parser.add_argument("--tuning", action="store_true", help="the other half; writes no page")
    options = parser.parse_args()
    started = time.process_time()
    sections = {
        p: f for p, f in read_sections(options.data).items() if is_even(p) == options.tuning
    }
    rows = said_and_came(sections)
    lines = [
        "# Class of sections over the next seven days against what came", "",
        f"Made on {datetime.now(UTC).date().isoformat()} by `{COMMAND}`; "
        f"{time.process_time() - started:.0f} s of one core. {len(sections)} sections, 2020-05 to 2021-04, "
        f"origins every {_STRIDE}th day after {_FIRST} days of record. Persistence: how often the class was worse than "
        "the limit so many days after a day on the same side of it; climatology: how often in the last 90 days. "
        "Intervals (90 %): bootstrap over months and sections, each drawn on its own.", "",
        *tables(rows),
    ]  # fmt: skip
    text = "\n".join(lines)
    print(text)
    if not options.tuning:
        options.out.write_text(text, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
