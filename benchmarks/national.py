"""Make a workspace that holds a made nation: days of 1,700 places, months of 3,641 water sections.

    python benchmarks/national.py --out DIR [--places 1700] [--sections 3641] [--years 8]
        [--last 2025-09-30] [--seed 2025]
    python benchmarks/national.py --out DIR --add 1

The second form adds the next day or days to a nation that was made: what comes in overnight.

The readings go straight into the tables, with their files and sites as an ingest of one file a
place and of one file of sections would leave them; the raw files themselves are not made. Each
place is a region of its own with the kind ``city``: single stations are not projected. Every fifth
place has sections, so that about one in five regions has both domains, as many sections to a
region as a prefecture has of the national network. Names and values are made; a place, and a
section, is the same in a nation of any size but for where the section lies.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import time
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
from nation_air import draw_air, place_name, province_of
from nation_water import BASINS, WATER_ITEMS, Sections, draw_water
from numpy.typing import NDArray

from forecast.partitions import coded
from forecast.standards.items import AIR_ITEMS
from forecast.store import Writer
from forecast.workspace import Workspace

__all__ = ["Nation", "add_days", "make_nation"]

PLACES, SECTIONS = 1700, 3641
AIR_LAYOUT, WATER_LAYOUT = "city_day_header", "section_readings"

#: The first of this many places has the sections of all of them.
_PLACES_OF_SECTIONS = 5
#: Places that are drawn together.
_BLOCK = 100
_STEP = np.datetime64("2018-09-01")
_SETTINGS = "nation.json"


@dataclass(frozen=True)
class Nation:
    """What is made.

    Attributes:
        places, sections: how many.
        years: calendar years, the last of which ends with ``last``.
        last: last day with readings, ISO.
        seed: of all that is drawn.
    """

    places: int = PLACES
    sections: int = SECTIONS
    years: int = 8
    last: str = "2025-09-30"
    seed: int = 2025

    @property
    def days(self) -> NDArray[np.datetime64]:
        """All days of the calendar years, whole, so that a later day changes no earlier one."""
        end = date.fromisoformat(self.last).year
        first = np.datetime64(f"{end - self.years + 1}-01-01")
        return np.arange(first, np.datetime64(f"{end + 1}-01-01"))

    @property
    def section_places(self) -> NDArray[np.int64]:
        """The place that each section lies in, shape (section,)."""
        with_sections = np.arange(0, self.places, _PLACES_OF_SECTIONS)
        return with_sections[np.arange(self.sections) % len(with_sections)]


def _file_id(name: str, seed: int) -> tuple[str, str]:
    sha256 = hashlib.sha256(f"{seed}/{name}".encode()).hexdigest()
    return sha256[:16], sha256


class _AirRows:
    """The rows of the days of air of all places, from an array (place, day, item)."""

    def __init__(self, nation: Nation, values: NDArray[np.float32]) -> None:
        self.days, self.values = nation.days, values
        names = [place_name(place) for place in range(nation.places)]
        # Categories in the order of the names sort as numbers.
        self.order = np.argsort(names)
        self.names = [names[place] for place in self.order]
        ids = [_file_id(f"{name}.csv", nation.seed)[0] for name in self.names]
        self.file_rank = np.argsort(np.argsort(ids))
        self.ids = sorted(ids)
        self.items = sorted(AIR_ITEMS)

    def of(self, chosen: NDArray[np.bool_]) -> pd.DataFrame:
        """Return the rows of the days that are chosen, typed, in the order of the table."""
        days = np.flatnonzero(chosen)
        columns = [AIR_ITEMS.index(item) for item in self.items]
        block = self.values[self.order][:, days][:, :, columns].transpose(0, 2, 1)
        place, item, day = np.nonzero(np.isfinite(block))
        dates = self.days[days].astype("datetime64[s]")[day]
        one = np.zeros(len(place), dtype=np.int8)
        basis = (self.days[days] < _STEP).astype(np.int8)[day]
        return pd.DataFrame(
            {
                "region": coded(self.names, place),
                "place": coded(self.names, place),
                "place_kind": coded(["city"], one),
                "date": dates,
                "item": coded(self.items, item),
                "value": np.round(block[place, item, day].astype(np.float64), 1),
                "basis": coded(["actual", "standard_state"], basis),
                "source": coded([AIR_LAYOUT], one),
                "version": coded(["generated"], one),
                "flag": coded([""], one),
                "known_from": dates + np.timedelta64(86399, "s"),
                "file_id": coded(self.ids, self.file_rank[place]),
                "row": (days[day] + 2).astype(np.int32),
            },
            copy=False,
        )


def _water_rows(nation: Nation, drawn: Sections) -> pd.DataFrame:
    """Return all samples of the calendar years, typed."""
    first = nation.days[0].astype("datetime64[M]")
    section, month, item = np.nonzero(np.isfinite(drawn.values))
    places = nation.section_places
    starts = (first + np.arange(drawn.values.shape[1])).astype("datetime64[s]")
    times = starts[month] + ((drawn.day[section, month] - 1) * 86400 + 8 * 3600).astype(
        "timedelta64[s]"
    )
    texts = {
        "region": [place_name(int(place)) for place in places],
        "place": [_section_name(nation, k) for k in range(nation.sections)],
        "basin": [BASINS[province_of(int(place)) % len(BASINS)] for place in places],
        "river": [f"河{int(place) % 97 + 1:02d}" for place in places],
        "water_type": ["lake" if lake else "river" for lake in drawn.lake],
    }
    columns: dict[str, object] = {}
    for name, words in texts.items():
        distinct = sorted(set(words))
        at = {word: number for number, word in enumerate(distinct)}
        columns[name] = coded(distinct, np.array([at[word] for word in words])[section])
    one = np.zeros(len(section), dtype=np.int8)
    ordered = sorted(WATER_ITEMS)
    rank = np.array([ordered.index(name) for name in WATER_ITEMS])
    columns |= {
        "place_kind": coded(["section"], one),
        "time": times,
        "item": coded(ordered, rank[item]),
        "value": drawn.values[section, month, item],
        "censored": drawn.censored[section, month, item],
        "source": coded([WATER_LAYOUT], one),
        "version": coded(["generated"], one),
        "flag": coded([""], one),
        "known_from": times,
        "file_id": coded([_file_id("sections.csv", nation.seed)[0]], one),
        "row": (section * drawn.values.shape[1] + month + 2).astype(np.int32),
    }
    names = [
        "region", "place", "place_kind", "basin", "river", "water_type", "time", "item", "value",
        "censored", "source", "version", "flag", "known_from", "file_id", "row",
    ]  # fmt: skip
    return pd.DataFrame({name: columns[name] for name in names}, copy=False)


def _section_name(nation: Nation, section: int) -> str:
    place = int(nation.section_places[section])
    with_sections = -(-nation.places // _PLACES_OF_SECTIONS)
    return f"{place_name(place)}断面{section // with_sections + 1:02d}"


def _draw(nation: Nation) -> tuple[_AirRows, pd.DataFrame]:
    days = nation.days
    values = np.empty((nation.places, len(days), len(AIR_ITEMS)), dtype=np.float32)
    for first in range(0, nation.places, _BLOCK):
        block = range(first, min(first + _BLOCK, nation.places))
        values[block.start : block.stop] = draw_air(nation.seed, block, days)
    basins = np.array([province_of(int(p)) % len(BASINS) for p in nation.section_places])
    water = draw_water(nation.seed, basins, 12 * nation.years)
    return _AirRows(nation, values), _water_rows(nation, water)


def make_nation(out: Path, nation: Nation) -> Workspace:
    """Make the workspace in ``out``, which must not be one yet.

    Raises:
        WorkspaceError: ``out`` is a workspace.
    """
    workspace = Workspace.create(out, name="生成的全国样本", sample=True)
    air, water = _draw(nation)
    end = np.datetime64(nation.last)
    years = nation.days.astype("datetime64[Y]")
    for year in np.unique(years):
        # One year at a time bounds what is held as rows.
        with workspace.store.writer() as writer:
            chosen = (years == year) & (nation.days <= end)
            rows = air.of(chosen)
            if len(rows):
                writer.replace("air_daily", rows, str(year))
            times = water["time"].to_numpy()
            mine = (times.astype("datetime64[Y]") == year) & (times < end + 1)
            if mine.any():
                writer.replace("water_samples", water[mine].reset_index(drop=True), str(year))
    with workspace.store.writer() as writer:
        _about(writer, nation, end)
    (out / _SETTINGS).write_text(json.dumps(asdict(nation)), encoding="utf-8")
    return workspace


def _about(writer: Writer, nation: Nation, end: np.datetime64) -> None:
    """Add the places and the files, as an ingest of them leaves these."""
    names = [place_name(place) for place in range(nation.places)]
    sections = [_section_name(nation, k) for k in range(nation.sections)]
    homes = [place_name(int(place)) for place in nation.section_places]
    writer.upsert(
        "sites",
        pd.DataFrame(
            {
                "region": [*names, *homes], "place": [*names, *sections],
                "place_kind": ["city"] * len(names) + ["section"] * len(sections),
                "name": [*names, *sections],
                "source": [AIR_LAYOUT] * len(names) + [WATER_LAYOUT] * len(sections),
            }
        ),
    )  # fmt: skip
    days = int((nation.days <= end).sum())
    files = [(f"{name}.csv", "air", AIR_LAYOUT, name, days) for name in names]
    if nation.sections:
        months = int((end - nation.days[0]).astype(int) // 30)
        files.append(("sections.csv", "water", WATER_LAYOUT, "", months * nation.sections))
    writer.upsert("files", _file_rows(nation, files, pd.Timestamp(end) + pd.Timedelta(hours=30)))


def _file_rows(
    nation: Nation, files: list[tuple[str, str, str, str, int]], received: pd.Timestamp
) -> pd.DataFrame:
    """Rows of ``files``; each is name, folder, layout, region and number of lines."""
    hashes = [_file_id(name, nation.seed) for name, *_ in files]
    return pd.DataFrame(
        [
            {
                "file_id": file_id, "sha256": sha256, "path": f"data/raw/nation/{folder}/{name}",
                "name": name, "part": "", "layout": layout, "region": region, "size": 55 * lines,
                "ingested_at": received, "rows_read": lines, "rows_kept": lines,
                "rows_quarantined": 0, "status": "read", "mapping": "",
            }
            for (file_id, sha256), (name, folder, layout, region, lines)
            in zip(hashes, files, strict=True)
        ]
    )  # fmt: skip


def add_days(out: Path, days: int) -> Nation:
    """Add the next days to a nation that was made; return it with its new last day.

    The readings are those that the nation would have had, had it been made to that day: of all
    places the day, and of those sections that were sampled on it the sample.

    Raises:
        ValueError: the days go beyond the calendar year.
    """
    old = Nation(**json.loads((out / _SETTINGS).read_text(encoding="utf-8")))
    last = date.fromisoformat(old.last) + timedelta(days=days)
    if last.year != date.fromisoformat(old.last).year:
        raise ValueError(f"{last} is beyond the year that was drawn; make the nation anew.")
    new = Nation(old.places, old.sections, old.years, last.isoformat(), old.seed)
    air, water = _draw(old)
    begin, end = np.datetime64(old.last) + 1, np.datetime64(new.last) + 1
    received = pd.Timestamp(end) + pd.Timedelta(hours=6)
    name = f"days_{begin}_{new.last}.csv"
    file_id, _ = _file_id(name, new.seed)
    rows = air.of((air.days >= begin) & (air.days < end))
    times = water["time"].to_numpy()
    samples = water[(times >= begin) & (times < end)]
    workspace = Workspace.open(out)
    with workspace.store.writer() as writer:
        for table, fresh in (("air_daily", rows), ("water_samples", samples)):
            if len(fresh):
                numbers = np.arange(2, len(fresh) + 2, dtype=np.int32)
                writer.merge(table, fresh.assign(file_id=file_id, row=numbers), received)
        lines = [(name, "days", AIR_LAYOUT, "", len(rows) + len(samples))]
        writer.upsert("files", _file_rows(new, lines, received))
    (out / _SETTINGS).write_text(json.dumps(asdict(new)), encoding="utf-8")
    return new


def main() -> int:
    """Make a nation, or add days to one."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--places", type=int, default=PLACES)
    parser.add_argument("--sections", type=int, help="default: in proportion to the places")
    parser.add_argument("--years", type=int, default=8)
    parser.add_argument("--last", type=date.fromisoformat, default=date(2025, 9, 30))
    parser.add_argument("--seed", type=int, default=2025)
    parser.add_argument("--add", type=int, metavar="DAYS", help="add days to the nation in --out")
    asked = parser.parse_args()
    begun = time.perf_counter()
    if asked.add:
        nation = add_days(asked.out, asked.add)
    else:
        sections = round(SECTIONS * asked.places / PLACES) if asked.sections is None else asked.sections  # fmt: skip
        nation = Nation(asked.places, sections, asked.years, asked.last.isoformat(), asked.seed)
        make_nation(asked.out, nation)
    store = Workspace.open(asked.out).store
    rows = {
        table: sum(part["rows"] for part in parts.values())
        for table, parts in store.manifest().items()
    }
    said = ", ".join(f"{table} {count:,}" for table, count in rows.items())
    print(f"{asked.out} to {nation.last}: {said}; {time.perf_counter() - begun:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
