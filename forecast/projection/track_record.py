"""How forecasts like this one did before: of those that gave such a probability, how many came true.

The table ``forecast/projection/tables/reliability.csv`` counts past forecasts of the default model
on measured cities by indicator, month of the first drawn day and class of probability. Each row has
the command that makes it and its source.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from typing import Any

from forecast.models.air_seasonal import AirSeasonal
from forecast.models.air_weather import AirWeather

__all__ = ["FEWEST", "Record", "read_records", "record_entry", "record_of", "shipped_records"]

#: The default model, with the weather of past days or without: the table counts the latter.
_OURS = (AirSeasonal.name, AirWeather.name)
#: Of fewer past forecasts nothing is said: one of 20 is 5 %.
FEWEST = 20


@dataclass(frozen=True)
class Record:
    """Past forecasts of one class of probability.

    Attributes:
        indicator: name of the indicator; empty for all.
        start_month: month of the first drawn day; None for all months.
        low, high: the probabilities, from ``low`` up to but without ``high`` (1 is in the last).
        n: number of forecasts.
        met: how many of them came true.
    """

    indicator: str
    start_month: int | None
    low: float
    high: float
    n: int
    met: int

    def __post_init__(self) -> None:
        if not 0.0 <= self.low < self.high <= 1.0:
            raise ValueError(f"a class of probability runs from {self.low} to {self.high}")
        if not 0 <= self.met <= self.n:
            raise ValueError(f"{self.met} of {self.n} forecasts came true")

    def holds(self, probability: float) -> bool:
        """Whether ``probability`` is one of the class."""
        return self.low <= probability < self.high or (probability == self.high == 1.0)


def read_records(text: str) -> tuple[Record, ...]:
    """Read a table: ``indicator, start_month, p_low, p_high, n, met`` and two columns of origin.

    Raises:
        ValueError: a row that can't be so.
    """
    return tuple(
        Record(
            row["indicator"], int(row["start_month"]) if row["start_month"] else None,
            float(row["p_low"]), float(row["p_high"]), int(row["n"]), int(row["met"]),
        )
        for row in csv.DictReader(text.splitlines())
    )  # fmt: skip


@cache
def shipped_records() -> tuple[Record, ...]:
    """The records that ship with the package."""
    table = files("forecast.projection").joinpath("tables", "reliability.csv")
    return read_records(table.read_text(encoding="utf-8"))


def record_of(
    records: Sequence[Record], indicator: str, start_month: int, probability: float
) -> Record | None:
    """Return the record of forecasts like this one, None where fewer than ``FEWEST`` are known.

    Forecasts that began in the same month count, else those of the last month before it that was
    tried; where they are too few, those of all months.
    """
    own = [r for r in records if r.indicator == indicator and r.holds(probability)]
    months = {r.start_month for r in own if r.start_month is not None}
    tried = [m for m in months if m <= start_month] or list(months)
    nearest = [r for r in own if tried and r.start_month == max(tried)]
    for record in (*nearest, *(r for r in own if r.start_month is None)):
        if record.n >= FEWEST:
            return record
    return None


def record_entry(
    records: Sequence[Record],
    indicator: str,
    model: str,
    as_of: date,
    year: int,
    probability: float | None,
) -> dict[str, Any] | None:
    """Return the record beside a probability, JSON-ready, None where there is nothing to say.

    Args:
        records: past forecasts.
        indicator: what was forecast.
        model: that drew it; only the default model was tried so.
        as_of: last day whose readings were used.
        year: that was asked. Only forecasts of the year of the first drawn day were counted, so
            any other has no record.
        probability: None and 0 and 1, which arithmetic decides, have no record.
    """
    if probability is None or not 0.0 < probability < 1.0 or model not in _OURS:
        return None
    first = as_of + timedelta(days=1)
    if first.year != year:
        return None
    found = record_of(records, indicator, first.month, probability)
    if found is None:
        return None
    low, high, share = f"{100 * found.low:g}", f"{100 * found.high:g}", _share(found)
    zh = f"以往{found.n}次给出{low}%至{high}%的预测中,{share}%成为事实"
    en = f"of {found.n} forecasts that said {low} to {high} %, {share} % came true"
    if found.start_month is not None:
        zh = f"{zh}({found.start_month}月起报)"
        en = f"{en} (starting in month {found.start_month})"
    return {
        "p_low": found.low, "p_high": found.high, "n": found.n, "met": found.met,
        "start_month": found.start_month, "text": zh, "text_en": en,
    }  # fmt: skip


def _share(found: Record) -> str:
    """The share that came true in per cent, never rounded to "0" or "100" where it is neither."""
    share = 100.0 * found.met / found.n
    places = 0
    while found.met and found.met < found.n and float(f"{share:.{places}f}") in (0.0, 100.0):
        places += 1
    return f"{share:.{places}f}"
