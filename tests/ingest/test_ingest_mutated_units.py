"""No value of another unit or of another item enters, in any layout that has such a column.

A column is turned into another unit, or exchanged with another, while its header stays. Then the
file has to be refused or its values set aside; a value that is stored is the true one. What the
values alone can't tell is listed in ``UNTOLD``, each with its reason; nothing else is let through.
Where the header states the unit, it is changed with the values, and the same values are stored.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from mutation_seeds import MADE, REAL, Seed, real_seed, table, units_of

from forecast.errors import ForecastError, InputError
from forecast.ingest.detect import recognised
from forecast.ingest.files.containers import read_sheet
from forecast.ingest.files.sheet import stem
from forecast.ingest.parsed import Parsed, Request

Way = Callable[[float], float]

#: Unit in which a column is → another unit, and the way to it.
WAYS: dict[str, dict[str, Way]] = {
    "µg/m³": {"mg/m³": lambda v: v / 1000, "ng/m³": lambda v: v * 1000},
    "mg/m³": {"µg/m³": lambda v: v * 1000, "g/m³": lambda v: v / 1000},
    "mg/L": {"µg/L": lambda v: v * 1000, "g/L": lambda v: v / 1000},
    "°C": {"°F": lambda v: v * 9 / 5 + 32, "K": lambda v: v + 273.15},
    "°F": {"K": lambda v: (v - 32) * 5 / 9 + 273.15, "m°F": lambda v: v * 1000},
    "K": {"°C": lambda v: v - 273.15, "°F": lambda v: v * 9 / 5 - 459.67},
    "hPa": {"Pa": lambda v: v * 100, "kPa": lambda v: v / 10, "inHg": lambda v: v * 0.02953},
    "Pa": {"hPa": lambda v: v / 100, "kPa": lambda v: v / 1000},
    "%": {"1": lambda v: v / 100},
    "m/s": {"km/h": lambda v: v * 3.6, "mm/s": lambda v: v * 1000, "km/s": lambda v: v / 1000},
    "kn": {"mm/s": lambda v: v * 514.4, "km/h": lambda v: v * 1.852},
    "µS/cm": {"mS/cm": lambda v: v / 1000, "nS/cm": lambda v: v * 1000},
    "m³/s": {"ft³/s": lambda v: v * 35.314667, "L/s": lambda v: v * 1000},
    "ft³/s": {"m³/s": lambda v: v / 35.314667},
    "t": {"kg": lambda v: v * 1000, "kt": lambda v: v / 1000},
    "-": {"permille": lambda v: v * 1000},
}

_ANY_RIVER = "a brook has litres, the Yangtze 100,000 m³ a second; the header states the unit"
_ANY_AMOUNT = "a workshop has kilograms, a province megatonnes; the header states the unit"
_WIND = "a windy place in m/s has the numbers of a calm one in km/h; the header states the unit"

#: Layout, column and other unit → why the values can't tell.
UNTOLD: dict[tuple[str, str, str], str] = {
    ("flow_daily", "流量(m3/s)", "ft³/s"): _ANY_RIVER,
    ("flow_daily", "流量(m3/s)", "L/s"): _ANY_RIVER,
    ("usgs_nwis", "41624_00060_00003", "m³/s"): _ANY_RIVER,
    ("emission_inventory", "排放量(吨)", "kg"): _ANY_AMOUNT,
    ("emission_inventory", "排放量(吨)", "kt"): _ANY_AMOUNT,
    ("emission_inventory", "SO2(吨)", "kg"): _ANY_AMOUNT,
    ("emission_inventory", "SO2(吨)", "kt"): _ANY_AMOUNT,
    ("emission_inventory", "NOx(吨)", "kg"): _ANY_AMOUNT,
    ("emission_inventory", "NOx(吨)", "kt"): _ANY_AMOUNT,
    ("open_meteo", "wind_speed_10m_mean (m/s)", "km/h"): _WIND,
    ("met_daily_zh", "风速10m(m/s)", "km/h"): _WIND,
    ("noaa_gsod", "WDSP", "km/h"): _WIND,
    ("open_meteo", "temperature_2m_mean (°C)", "°F"): (
        "35 to 38 °F, and no other column of temperature beside it: a hot week in °C is the same"
    ),
}


def parsed(name: str, data: bytes) -> Parsed:
    sheet = read_sheet(Path(name), data)
    layout, sheet = recognised(sheet)
    return layout.parse(sheet, Request(stem(Path(name)), 2027))


def stored(found: Parsed, item: str) -> dict[tuple[int, str], float]:
    """Return the values of an item by line and, where a line has several, pollutant."""
    values: dict[tuple[int, str], float] = {}
    for name, rows in found.tables.items():
        if name == "air_hourly" and item in rows:
            there = rows[rows[item].notna()]
            values |= {(r, ""): v for r, v in zip(there["row"], there[item], strict=True)}
        elif name == "emissions" and item == "emission":
            keys = zip(rows["row"], rows["pollutant"], strict=True)
            values |= dict(zip(keys, rows["value"], strict=True))
        elif name == "yearly_values" and item == "yearly":
            values |= {(r, ""): v for r, v in zip(rows["row"], rows["value"], strict=True)}
        elif "item" in rows and "value" in rows:
            mine = rows[rows["item"] == item]
            values |= {(r, ""): v for r, v in zip(mine["row"], mine["value"], strict=True)}
    return values


def changed(seed: Seed, column: str, way: Way, header: str | None = None) -> bytes:
    """Return the seed with the numbers of one column changed, and maybe its name."""
    rows = seed.rows
    head = next(row for row in rows[: seed.header] if column in row)
    at = head.index(column)
    if header is not None:
        head[at] = header
    for row in rows[seed.header :]:
        try:
            row[at] = f"{way(float(row[at])):.12g}"
        except (ValueError, IndexError):
            continue
    return table(rows, seed.delimiter)


def wrong(seed: Seed, data: bytes, item: str, true: dict[tuple[int, str], float]) -> list[str]:
    """Return the values that are stored and not true; a refused file has none."""
    try:
        values = stored(parsed(seed.name, data), item)
    except ForecastError:
        return []
    return [
        f"row {key[0]}: {value:g} instead of {true.get(key)}"
        for key, value in values.items()
        if key not in true or abs(value - true[key]) > 1e-6 * max(1.0, abs(true[key]))
    ]


def turned(seed: Seed) -> tuple[int, list[str]]:
    """Turn each column of a seed into each other unit; return how often, and what was amiss."""
    count, amiss = 0, []
    for column, (item, unit) in seed.items.items():
        true = stored(parsed(seed.name, seed.data), item)
        if not true:
            amiss.append(f"{seed.layout} gives no {item}")
        for other, way in WAYS[unit].items():
            count += 1
            found = wrong(seed, changed(seed, column, way), item, true)
            listed = (seed.layout, column, other) in UNTOLD
            if listed and not found:
                # It is listed because nobody could tell: now it has to leave the list.
                amiss.append(f"{seed.layout} {column} in {other} is told by now")
            elif found and not listed:
                amiss.append(f"{seed.layout} {column} in {other}: {found[:2]}")
    return count, amiss


@pytest.mark.parametrize("number", [n for n, seed in enumerate(MADE) if seed.items])
def test_units_of_made_files(number: int) -> None:
    count, amiss = turned(MADE[number])
    assert count >= len(MADE[number].items)
    assert amiss == []


@pytest.mark.parametrize("where", [where for where, (_, items) in REAL.items() if items])
def test_units_of_real_files(real_data: Path, where: str) -> None:
    seed = real_seed(real_data, where)
    count, amiss = turned(seed)
    assert count >= len(seed.items)
    assert amiss == []


def exchanges(items: dict[str, tuple[str, str]]) -> list[tuple[str, str]]:
    """Return the pairs of items whose columns can be told apart when they are exchanged.

    CO in mg/m³ with another pollutant, where a particle column shows that it is a table of city
    air; and PM10 with PM2.5 beside it.
    """
    units = dict(items.values())
    if not {"pm25", "pm10"} & set(units) or "co" not in units:
        return []
    pairs = [("pm25", "pm10")] if {"pm25", "pm10"} <= set(units) else []
    if units["co"] == "mg/m³":
        pairs += [("co", other) for other in units if other != "co"]
    return pairs


def exchanged(seed: Seed) -> list[str]:
    """Exchange the columns of each pair of a seed; return what was stored and is not true."""
    columns = {item: column for column, (item, _) in seed.items.items()}
    amiss = []
    for one, other in exchanges(seed.items):
        rows = seed.rows
        a, b = (rows[seed.header - 1].index(columns[item]) for item in (one, other))
        for row in rows[seed.header :]:
            row[a], row[b] = row[b], row[a]
        for item in (one, other):
            true = stored(parsed(seed.name, seed.data), item)
            found = wrong(seed, table(rows, seed.delimiter), item, true)
            if found or not true:
                amiss.append(f"{seed.layout}: {one} and {other} exchanged: {found[:3]}")
    return amiss


@pytest.mark.parametrize("number", [n for n, seed in enumerate(MADE) if exchanges(seed.items)])
def test_exchanged_columns_of_made_files(number: int) -> None:
    assert exchanged(MADE[number]) == []


@pytest.mark.parametrize(
    "where", [w for w, (_, items) in REAL.items() if items and exchanges(units_of(items))]
)
def test_exchanged_columns_of_real_files(real_data: Path, where: str) -> None:
    assert exchanged(real_seed(real_data, where)) == []


#: Layout, column, the same column in another unit, and the way between them.
STATED: list[tuple[str, str, str, Way]] = [
    ("weekly_bulletin", "CODMn(mg/L)", "CODMn(ug/L)", lambda v: v * 1000),
    ("weekly_bulletin", "TP(mg/L)", "TP(μg/L)", lambda v: v * 1000),
    ("open_meteo", "temperature_2m_mean (°C)", "temperature_2m_mean (°F)", lambda v: v * 1.8 + 32),
    ("open_meteo", "wind_speed_10m_mean (m/s)", "wind_speed_10m_mean (km/h)", lambda v: v * 3.6),
    ("open_meteo", "wind_speed_10m_mean (m/s)", "wind_speed_10m_mean (kn)", lambda v: v * 3.6 / 1.852),
    ("flow_daily", "流量(m3/s)", "流量(L/s)", lambda v: v * 1000),
    ("flow_daily", "流量(m3/s)", "流量(ft3/s)", lambda v: v / 0.3048**3),
    ("emission_inventory", "排放量(吨)", "排放量(kg)", lambda v: v * 1000),
    ("emission_inventory", "排放量(吨)", "排放量(万吨)", lambda v: v / 10_000),
    ("emission_inventory", "SO2(吨)", "SO2(Gg)", lambda v: v / 1000),
]  # fmt: skip


@pytest.mark.parametrize(("layout", "column", "header", "way"), STATED)
def test_a_stated_unit_is_converted(layout: str, column: str, header: str, way: Way) -> None:
    seed = next(seed for seed in MADE if seed.layout == layout and column in seed.items)
    item = seed.items[column][0]
    true = stored(parsed(seed.name, seed.data), item)
    values = stored(parsed(seed.name, changed(seed, column, way, header)), item)
    assert values.keys() == true.keys()
    assert list(values.values()) == pytest.approx(list(true.values()), rel=1e-9, abs=1e-6)


@pytest.mark.parametrize(
    ("layout", "column", "header"),
    [
        ("weekly_bulletin", "TP(mg/L)", "TP(ppm)"),
        ("open_meteo", "wind_speed_10m_mean (m/s)", "wind_speed_10m_mean (Bft)"),
        ("flow_daily", "流量(m3/s)", "流量(mm)"),
        ("flow_daily", "流量(m3/s)", "流量"),
        ("emission_inventory", "排放量(吨)", "排放量(µg/m³)"),
        ("emission_inventory", "排放量(吨)", "排放量"),
    ],
)
def test_a_unit_without_an_exact_way_is_refused(layout: str, column: str, header: str) -> None:
    seed = next(seed for seed in MADE if seed.layout == layout and column in seed.items)
    item = seed.items[column][0]
    data = changed(seed, column, lambda value: value, header)
    try:
        values = stored(parsed(seed.name, data), item)
    except InputError:
        return
    assert not values


def test_few_values_are_untold_only_where_they_are_possible() -> None:
    """One line of PM2.5 of 2 µg/m³ written in ng/m³ is a sand storm of 2,000 µg/m³.

    From five lines on the median tells. Below, only what no instrument shows is set aside: 35 µg/m³
    in mg/m³ is 0.035, and 5 mg/m³ of CO in µg/m³ is 5,000.
    """
    head = "city,date,aqi,level,rank,pm25,pm10,no2,so2,co\n"
    line = "甲,2025-01-01,60,良,80,{pm25},69,46,7,{co}\n"

    def values(item: str, **cells: str) -> list[float]:
        data = (head + line.format(**{"pm25": "35", "co": "0.6", **cells})).encode()
        return list(stored(parsed("x.csv", data), item).values())

    assert values("pm25", pm25="2000") == [2000.0]
    assert values("pm25", pm25="0.035") == []
    assert values("pm25", pm25="35000") == []
    assert values("co", co="600") == []
    assert values("co", co="0.0006") == []
    lines = "".join(
        line.format(pm25="2000", co="0.6").replace("01-01", f"01-0{day}") for day in range(1, 6)
    )
    with pytest.raises(ForecastError, match="ng/m³"):
        parsed("x.csv", (head + lines).encode())
