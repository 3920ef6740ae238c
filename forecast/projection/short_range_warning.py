"""From which probability on an outlook is a warning."""

from __future__ import annotations

import csv
from functools import cache
from importlib.resources import files

__all__ = ["warning_probabilities"]


@cache
def warning_probabilities() -> dict[tuple[str, int], float]:
    """Kind of day (light, moderate, heavy) and lead → lowest probability that is a warning.

    With these, warnings were as many as events (a bias of 1) in the tuning cities of
    ``benchmarks/short_range.py``; the table ``short_range_warning`` has the cases and the command.
    A reader to whom a missed day costs more than a false alarm takes lower ones.
    """
    text = files("forecast.projection").joinpath("tables", "short_range_warning.csv")
    rows = csv.DictReader(text.read_text(encoding="utf-8").splitlines())
    return {(row["kind"], int(row["lead"])): float(row["probability"]) for row in rows}
