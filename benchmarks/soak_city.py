"""The made city of the soak run: what its sources deliver, when, and what must come of it.

Every value is drawn with the package's own sample generator. The city's platform puts one file a day
into ``data/raw/inbox`` (real-time values), once a month one with the audited values of the month
before and one with the month's samples of its sections. Files fail to come, come days late, come
again with other values, come twice, or come broken; each broken one is followed by a right one.

``Ledger`` is what the driver knows of all that, kept apart from the package: which values were
delivered, in which order, and what the tables must say of them on any day.
"""

from __future__ import annotations

import bisect
import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from forecast.sample.air import draw_shape
from forecast.sample.calibration import YearGoal, calibrate_year
from forecast.sample.water import COLUMNS, draw_sections
from forecast.standards.items import AIR_ITEMS

__all__ = [
    "AUDITED", "CITY", "MAPPINGS", "REALTIME", "WATER", "WATER_ITEMS", "ZONE", "City", "Delivery", "Ledger",
    "deck", "drop_into",
]  # fmt: skip

CITY = "衡水"
ZONE = ZoneInfo("Asia/Shanghai")

#: Sources, as the tables name them.
REALTIME, AUDITED = "mapping_realtime_days", "mapping_audited_days"
WATER = "section_readings"
SECTIONS = ("示例断面01", "示例断面08", "示例湖心")

#: Concentrations of sections that are compared, and their columns.
WATER_ITEMS = {"do": "do_mgl", "codmn": "codmn_mgl", "nh3n": "nh3n_mgl", "tp": "tp_mgl"}
_UNITS = {item: "mg/m³" if item == "co" else "µg/m³" for item in AIR_ITEMS}
_WORDS = {"pm25": "PM2.5", "pm10": "PM10", "so2": "SO2", "no2": "NO2", "co": "CO", "o3_8h": "O3_8h"}

#: PM2.5 [µg/m³], good and heavy days, composite index of the years; made up.
_GOALS = {
    2020: (52, 238, 15, 5.18), 2021: (49, 243, 12, 5.02), 2022: (46, 248, 10, 4.86),
    2023: (44, 253, 9, 4.70), 2024: (42, 258, 7, 4.55), 2025: (38, 279, 5, 4.25),
}  # fmt: skip

#: Day of the month on which the audited values of the month before come, and the samples.
_AUDIT_DAY, _WATER_DAY = 5, 12


def _mapping(word: str, version: str) -> str:
    header = ["城市", "日期", *(f"{_WORDS[item]}{word}" for item in AIR_ITEMS)]
    quoted = ", ".join(f'"{name}"' for name in header)
    parts = [
        f'table = "air_daily"\n[match]\nheader = [{quoted}]\n[region]\ncolumn = "城市"\n'
        f'[time]\ncolumns = ["日期"]\n[read]\nversion = "{version}"\n'
    ]
    parts += [
        f'[items.{item}]\ncolumn = "{_WORDS[item]}{word}"\nunit = "{_UNITS[item]}"\n'
        for item in AIR_ITEMS
    ]
    return "".join(parts)


#: Mappings of the workspace, by name.
MAPPINGS = {
    source.removeprefix("mapping_"): _mapping(word, version)
    for source, word, version in ((REALTIME, "实时", "realtime"), (AUDITED, "审核", "audited"))
}

Key = tuple[str, str, str, str]  # source, place, moment, item


@dataclass(frozen=True)
class Delivery:
    """One file.

    Attributes:
        due: when it lies in the inbox, in local time.
        name: its name.
        text: its content.
        readings: its readings, by source, place, moment and item.
        broken: readings of it that no table can take; they come again in a right file.
    """

    due: datetime
    name: str
    text: str
    readings: Mapping[Key, float]
    broken: int = 0


class City:
    """What the sources of the city deliver.

    Args:
        first: day of the first morning.
        days: how many mornings.
        seed: of everything drawn.
        years: years of history before the first morning.
        sections: how many sections of water, at most three.
    """

    def __init__(
        self, first: date, days: int, seed: int, *, years: float = 3.0, sections: int = 3
    ) -> None:
        air, water, events = (
            np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(3)
        )
        begin = np.datetime64("2020-01-01")
        self.days = np.arange(begin, np.datetime64("2026-01-01"))
        shape = draw_shape(air, self.days)
        year = self.days.astype("datetime64[Y]").astype(np.int64) + 1970
        self.values = np.concatenate(
            [
                calibrate_year(shape[year == y], YearGoal(y, *goal, so2=10.0, no2=29.0, co=1.4))
                for y, goal in _GOALS.items()
            ]
        )
        self.samples = [
            dict(zip(COLUMNS, map(str, row), strict=True))
            for row in draw_sections(water)
            if row[COLUMNS.index("section")] in SECTIONS[:sections]
        ]
        self.first, self.last = first, first + timedelta(days=days - 1)
        self._since = max(date(2020, 1, 1), first - timedelta(days=round(365.25 * years)))
        self._rng = events
        self.counts: dict[str, int] = defaultdict(int)
        self.deliveries = self._all(days)

    def _all(self, days: int) -> list[Delivery]:
        found = [self._history(), self._old_samples(), *self._daily(days)]
        month = self.first.replace(day=1)
        while month <= self.last:
            found += self._monthly(month)
            month = (month + timedelta(days=32)).replace(day=1)
        kept = [one for one in found if one.due.date() <= self.last]
        return [
            Delivery(one.due, f"{at:05d}_{one.name}", one.text, one.readings, one.broken)
            for at, one in enumerate(sorted(kept, key=lambda one: (one.due, one.name)))
        ]

    def _at(self, day: date) -> np.ndarray:
        return self.values[int((np.datetime64(day) - self.days[0]).astype(int))]

    def _history(self) -> Delivery:
        n = (self.first - timedelta(days=1) - self._since).days
        rows = {day: self._at(day) for day in (self._since + timedelta(days=k) for k in range(n))}
        return self._air(_local(self.first, -1), "历史.csv", AUDITED, rows)

    def _old_samples(self) -> Delivery:
        # What this month's file will bring is not among them.
        until = (self.first.replace(day=1) - timedelta(days=1)).replace(day=1)
        rows = [s for s in self.samples if str(self._since) <= s["time"][:10] < str(until)]
        return self._water(_local(self.first, -1), "断面历史.csv", rows)

    def _daily(self, days: int) -> list[Delivery]:
        """Real-time files: the day before each morning, with all that goes wrong with files."""
        found = []
        happens = deck(
            self._rng, days - 2,
            {"gap": 0.03, "late": 0.05, "revised": 0.04, "twice": 0.02, "refused": 0.02, "cell": 0.02},
        )  # fmt: skip
        for n in range(days):
            day = self.first + timedelta(days=n - 1)
            what = happens[n] if n < len(happens) else ""
            self.counts[what or "on time"] += 1
            due, rows, name = _local(day, 1), {day: self._at(day)}, f"air_{day}.csv"
            right = self._air(due, name, REALTIME, rows)
            if what == "gap":
                continue
            if what == "late":
                due += timedelta(days=int(self._rng.integers(1, 12)))
                found.append(self._air(due, f"late_{name}", REALTIME, rows))
                continue
            if what in ("refused", "cell"):
                found.append(self._broken(right, what))
                due += timedelta(days=1)
                right = self._air(due, f"right_{name}", REALTIME, rows)
            found.append(right)
            if what == "twice":
                found.append(Delivery(due, f"again_{name}", right.text, right.readings))
            if what == "revised":
                due += timedelta(days=int(self._rng.integers(1, 7)))
                others = {day: self._changed(self._at(day), 0.4)}
                found.append(self._air(due, f"revised_{name}", REALTIME, others))
        return found

    def _broken(self, right: Delivery, what: str) -> Delivery:
        lines = right.text.splitlines()
        if what == "refused":
            # The header of a table that nobody knows.
            lines[0] = lines[0].replace("城市", "站").replace("实时", "")
            return Delivery(right.due, f"broken_{right.name}", "\n".join(lines) + "\n", {}, 6)
        # One row that can't be read beside one that can: the day before, once more.
        cells = lines[1].split(",")
        cells[2] = "仪器故障"
        day = date.fromisoformat(cells[1]) - timedelta(days=1)
        other = self._air(right.due, right.name, REALTIME, {day: self._at(day)})
        text = "\n".join([lines[0], ",".join(cells), *other.text.splitlines()[1:]]) + "\n"
        return Delivery(right.due, f"cell_{right.name}", text, other.readings, 6)

    def _monthly(self, month: date) -> list[Delivery]:
        before = (month - timedelta(days=1)).replace(day=1)
        found = []
        begin = max(before, self.first - timedelta(days=1))
        if begin < month:
            rows = {
                day: self._changed(self._at(day), 0.15)
                for day in (begin + timedelta(days=k) for k in range((month - begin).days))
            }
            due = _local(month, _AUDIT_DAY - 1)
            found.append(self._air(due, f"audited_{before:%Y-%m}.csv", AUDITED, rows))
        rows_of = [s for s in self.samples if s["time"].startswith(f"{before:%Y-%m}")]
        late = int(self._rng.integers(10, 25)) if self._rng.random() < 0.15 else 0
        due = _local(month, _WATER_DAY - 1 + late)
        if rows_of:
            self.counts["late water"] += late > 0
            found.append(self._water(due, f"water_{before:%Y-%m}.csv", rows_of))
            if self._rng.random() < 0.25:
                self.counts["revised water"] += 1
                changed = dict(rows_of[0])
                changed["codmn_mgl"] = f"{float(changed['codmn_mgl']) + 0.37:.2f}"
                due += timedelta(days=int(self._rng.integers(3, 20)))
                found.append(self._water(due, f"revised_water_{before:%Y-%m}.csv", [changed]))
        return found

    def _changed(self, values: np.ndarray, share: float) -> np.ndarray:
        """Return values of a day, of which a share is another after a check."""
        steps = np.where(np.array(AIR_ITEMS) == "co", 0.1, 1.0)
        moved = np.maximum(values + steps * self._rng.integers(-4, 5, len(values)), 2 * steps)
        return np.where(self._rng.random(len(values)) < share, np.round(moved, 1), values)

    def _air(
        self, due: datetime, name: str, source: str, rows: Mapping[date, np.ndarray]
    ) -> Delivery:
        word = "实时" if source == REALTIME else "审核"
        lines = [["城市", "日期", *(f"{_WORDS[item]}{word}" for item in AIR_ITEMS)]]
        readings = {}
        for day, values in rows.items():
            cells = [
                f"{v:.1f}" if i == "co" else f"{v:.0f}"
                for i, v in zip(AIR_ITEMS, values, strict=True)
            ]
            lines.append([CITY, str(day), *cells])
            for item, cell in zip(AIR_ITEMS, cells, strict=True):
                readings[source, CITY, str(day), item] = float(cell)
        return Delivery(due, name, _csv(lines), readings)

    def _water(self, due: datetime, name: str, rows: Sequence[Mapping[str, str]]) -> Delivery:
        readings = {
            (WATER, row["section"], row["time"], item): float(row[column])
            for row in rows
            for item, column in WATER_ITEMS.items()
        }
        lines = [list(COLUMNS), *([row[c] for c in COLUMNS] for row in rows)]
        return Delivery(due, name, _csv(lines), readings)


@dataclass
class Ledger:
    """What was delivered, in the order of receipt, kept apart from the package.

    Attributes:
        versions: reading → its values, each with the moment of its receipt; a value that repeats
            the one before is none of its own.
        delivered: values in all.
    """

    versions: dict[Key, list[tuple[datetime, float]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    delivered: int = 0

    def receive(self, moment: datetime, deliveries: Iterable[Delivery]) -> None:
        """Put files on record that came into the tables at ``moment`` (local time)."""
        for one in deliveries:
            for key, value in one.readings.items():
                self.delivered += 1
                held = self.versions[key]
                if not held or held[-1][1] != value:
                    held.append((moment, value))

    def of_source(self, key: Key, as_of: date | None) -> float | None:
        """Return what a source says of a reading as of a day: its first value is known from its own
        time, later ones from their receipt; None where it says nothing.
        """
        held = self.versions.get(key)
        if not held or (as_of is not None and key[2][:10] > as_of.isoformat()):
            return None
        if as_of is None:
            return held[-1][1]
        at = bisect.bisect_right([moment.date() for moment, _ in held], as_of)
        return held[max(at, 1) - 1][1]

    def air(self, day: date, item: str, as_of: date | None = None) -> float | None:
        """Return what counts of a day: the audited value, else the real-time one."""
        for source in (AUDITED, REALTIME):
            value = self.of_source((source, CITY, str(day), item), as_of)
            if value is not None:
                return value
        return None

    def days(self) -> list[str]:
        """Days of which there is a reading of air, in order."""
        return sorted({key[2] for key in self.versions if key[0] in (REALTIME, AUDITED)})

    def observed(self, year: int, item: str = "pm25") -> tuple[int, float, str]:
        """Return days with a value, their mean and the last of them, in a year."""
        days = [day for day in self.days() if day.startswith(str(year))]
        values = {day: self.air(date.fromisoformat(day), item) for day in days}
        known = {day: value for day, value in values.items() if value is not None}
        return len(known), sum(known.values()) / max(len(known), 1), max(known, default="")


def drop_into(folder: Path, deliveries: Iterable[Delivery]) -> None:
    """Put files into the inbox as a copy that is whole at once."""
    folder.mkdir(parents=True, exist_ok=True)
    for one in deliveries:
        aside = folder / f".{one.name}.part"
        aside.write_text(one.text, encoding="utf-8", newline="")
        aside.replace(folder / one.name)


def _local(day: date, after: int) -> datetime:
    return datetime(day.year, day.month, day.day, 5, 30, tzinfo=ZONE) + timedelta(days=after)


def _csv(lines: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(lines)
    return text.getvalue()


def deck(rng: np.random.Generator, n: int, shares: Mapping[str, float]) -> list[str]:
    """Return what happens on each of ``n`` days: every kind at least once, never on the first."""
    cards = [kind for kind, share in shares.items() for _ in range(max(1, round(share * n)))]
    cards += [""] * (n - 1 - len(cards))
    return ["", *rng.permutation(cards[: n - 1]).tolist()]
