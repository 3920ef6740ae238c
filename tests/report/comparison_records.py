"""Made records that the tests of comparisons share."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable

import numpy as np
import pandas as pd

from forecast.projection.water_record import Facts, SectionRecord
from forecast.report.document import Block, Paragraph, TableBlock
from forecast.report.review_days import CityDays
from forecast.standards.items import AIR_ITEMS
from forecast.targets.model import Target

#: A day whose composite index is 2.75 and whose AQI is good (so2, no2, pm10, pm25, co, o3_8h).
GOOD = (6.0, 12.0, 51.0, 19.0, 0.9, 137.0)
NO_DUST = pd.DataFrame(
    {"region": pd.Series(dtype=str), "date": pd.Series(dtype="datetime64[s]"), "item": pd.Series(dtype=str)}
)  # fmt: skip
WATER_ITEMS = ("ph", "do", "codmn", "nh3n", "tp")


def record(
    first: str,
    last: str,
    day: tuple[float, ...] = GOOD,
    *,
    place: str = "甲",
    region: str = "",
    dust: pd.DataFrame = NO_DUST,
    basis: str = "actual",
    standard: str | None = None,
    denominator: str = "valid",
    **spans: dict[str, float],
) -> CityDays:
    """The same day from ``first`` to ``last``; ``d2024_01={"pm25": 200.0}`` changes a span."""
    index = pd.date_range(first, last)
    history = pd.DataFrame([day] * len(index), index=index, columns=list(AIR_ITEMS))
    for name, values in spans.items():
        for item, value in values.items():
            history.loc[name[1:].replace("_", "-"), item] = value
    return CityDays(
        region or place, place, history, dust, pd.Series(basis, index=index), standard, denominator
    )


def section(
    name: str,
    means: Iterable[float] = (7.0, 8.0, 3.0, 0.4, 0.08),
    last_year: Iterable[float] | None = None,
    *,
    months: int = 12,
    months_last: int = 12,
    facts: Facts | None = None,
) -> SectionRecord:
    """A section with the same monthly means in every month, over ``months`` of them."""
    now, before = np.full((12, 5), np.nan), np.full((12, 5), np.nan)
    now[:months] = tuple(means)
    before[:months_last] = tuple(means if last_year is None else last_year)
    return SectionRecord(name, WATER_ITEMS, now, None, {}, before, facts or Facts())


def threshold(indicator: str, comparator: str, value: float, **more: object) -> Target:
    """A plain target of 2024."""
    unit = {"good_day_ratio": "%"}.get(indicator, "µg/m³")
    given: dict[str, object] = {
        "id": f"t-{indicator.replace('_', '-')}", "domain": "air", "indicator": indicator,
        "label_zh": indicator, "label_en": indicator, "kind": "threshold", "comparator": comparator,
        "value": value, "unit": unit, "year": 2024,
    }  # fmt: skip
    return Target(**{**given, **more})  # type: ignore[arg-type]


def tables(blocks: Iterable[Block]) -> dict[str, TableBlock]:
    """The tables among ``blocks`` by key."""
    return {b.key: b for b in blocks if isinstance(b, TableBlock)}


def words(blocks: Iterable[Block], lang: int = 0) -> str:
    """All paragraphs in one language, a line each."""
    return "\n".join(b.text[lang] for b in blocks if isinstance(b, Paragraph))


def printed(table: TableBlock, row: str, column: int, lang: int = 0) -> str:
    """What stands in a table; rows go by the value of their first cell."""
    found = next(r for r in table.rows if str(r[0].value) == row)
    return found[column].text[lang]


_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def unsupported_numbers(blocks: Iterable[Block]) -> set[str]:
    """Numbers of the paragraphs that stand in no cell of the tables beside them (signs apart).

    Names of items, months, percentiles and the period are no numbers of a table.
    """
    blocks = list(blocks)
    known = set()
    for table in tables(blocks).values():
        for row in table.rows:
            for cell in row:
                for text in cell.text:
                    known |= set(_NUMBER.findall(text))
                if isinstance(cell.value, float) and math.isfinite(cell.value):
                    known.add(f"{abs(cell.value):.{cell.decimals or 0}f}")
    found = set()
    for block in blocks:
        if not isinstance(block, Paragraph):
            continue
        for text in block.text:
            bare = re.sub(r"<[^>]*>|PM2\.5|PM10|O3-8h|NO2|SO2|m³|第9[05]百分位|9[05]th|2018年9月|September 2018", "", text)  # fmt: skip
            bare = re.sub(r"\d{4}年(?:1月1日至\d+月\d+日)?|1 January to \d+ \w+ \d{4}|, \d{4} \(", "", bare)  # fmt: skip
            bare = bare.replace("六项", "").replace("class II", "")
            found |= set(_NUMBER.findall(bare)) - known
    return found
