"""What the readings between two runs did to the margin of a target on a mean or a count of days."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.runs.changes_readings import ReadingChanges
from forecast.runs.changes_split import MarginMoves
from forecast.standards.aqi import GOOD_AQI, HEAVY_AQI, daily_aqi
from forecast.standards.items import AIR_ITEMS

__all__ = ["margin_moves"]

_COUNTS = ("good_day_ratio", "good_days", "heavy_days")


def margin_moves(
    before: dict[str, Any],
    after: dict[str, Any],
    comparator: str,
    readings: ReadingChanges | None,
    expected: dict[str, Any] | None,
) -> MarginMoves | None:
    """Return how far the margin moved, in units of the indicator; None where it is not additive.

    Args:
        before, after: entries of ``projections`` of one indicator and place.
        comparator: of the target; a lower value is better for ``<=`` and ``<``.
        readings: what came between; None where that is not known, then all of it is taken as new.
        expected: what the earlier run expected of its next days (``expected_days``).
    """
    name = str(after["indicator"])
    if comparator not in ("<=", ">=", "<", ">") or after["domain"] != "air":
        return None
    if name not in _COUNTS and not name.endswith("_annual_mean"):
        return None
    was, now = _seen(before, name), _seen(after, name)
    if was is None or now is None or not before["forecast"] or not after["forecast"]:
        return None
    (n0, total0, last0), (n1, total1, last1) = was, now
    days = n1 + (date(int(after["year"]), 12, 31) - last1).days
    revised_n, revised = _revised(after, readings, last0)
    usual = _usual(after, name, days)
    new_n, new = n1 - n0 - revised_n, total1 - total0 - revised
    scale = 100.0 if name == "good_day_ratio" else 1.0
    per = 1.0 if name in ("good_days", "heavy_days") else float(days)
    sign = -1.0 if comparator in ("<=", "<") else 1.0
    moved = sign * scale * (revised - usual * revised_n) / per
    if not new_n:
        return MarginMoves(moved, sign * scale * new / per)
    hoped = _expected_mean(expected, name, last0, last1)
    if hoped is None:
        return MarginMoves(moved, None)
    return MarginMoves(moved, sign * scale * (new - hoped * new_n) / per)


def _seen(entry: dict[str, Any], name: str) -> tuple[int, float, date] | None:
    """Return the valid days of the year so far, their sum (or count), and the last of them."""
    observed = entry["observed"]
    value, n, last = observed["value"], int(observed["n_valid"]), observed["last_day"]
    if value is None or not n or last is None:
        return None
    total = {"good_day_ratio": value * n / 100.0, "good_days": value, "heavy_days": value}
    return n, float(total.get(name, value * n)), date.fromisoformat(str(last))


def _usual(after: dict[str, Any], name: str, days: int) -> float:
    """Return what a day more adds when it is as the year is; none for a plain count."""
    median = float(after["forecast"]["quantiles"]["0.5"])
    if name == "good_day_ratio":
        return median / 100.0
    return median if name.endswith("_annual_mean") else 0.0


def _expected_mean(
    expected: dict[str, Any] | None, name: str, last0: date, last1: date
) -> float | None:
    """Return what was expected of a day after ``last0`` up to ``last1``, in the mean."""
    if expected is None:
        return None
    if name in _COUNTS:
        series = expected.get("heavy" if name == "heavy_days" else "good")
    else:
        series = (expected.get("mean") or {}).get(name.removesuffix("_annual_mean"))
    start = (last0 - date.fromisoformat(str(expected["first"]))).days + 1
    end = (last1 - date.fromisoformat(str(expected["first"]))).days + 1
    if series is None or start < 0 or end > len(series) or end <= start:
        return None
    wanted = [one for one in series[start:end] if one is not None]
    return sum(wanted) / len(wanted) if len(wanted) == end - start else None


def _revised(
    entry: dict[str, Any], readings: ReadingChanges | None, last0: date
) -> tuple[int, float]:
    """Return what readings up to ``last0`` added to the valid days of the year, and to their sum."""
    if readings is None or readings.values.empty:
        return 0, 0.0
    name = str(entry["indicator"])
    start, end = pd.Timestamp(int(entry["year"]), 1, 1), pd.Timestamp(last0)
    mine = readings.between("air", str(entry["region"]), str(entry["place"]), start, end)
    if mine is None:
        return 0, 0.0
    if name in _COUNTS:
        return _revised_days(entry, readings, mine, name)
    mine = mine[mine["item"] == name.removesuffix("_annual_mean")]
    old, new = mine["old"].to_numpy(np.float64), mine["new"].to_numpy(np.float64)
    count = int(np.isfinite(new).sum()) - int(np.isfinite(old).sum())
    return count, float(np.nansum(new) - np.nansum(old))


def _revised_days(
    entry: dict[str, Any], readings: ReadingChanges, mine: pd.DataFrame, name: str
) -> tuple[int, float]:
    keys = [
        (str(entry["region"]), str(entry["place"]), day)
        for day in sorted(mine["day"].unique())
        if (str(entry["region"]), str(entry["place"]), day) in readings.around
    ]
    if not keys:
        return 0, 0.0
    days = np.array([key[2] for key in keys], dtype="datetime64[D]")
    tokens = str(entry["standard"]).split("+")
    standard = tokens[0] if len(tokens) == 1 else None
    counts = []
    for version in (0, 1):
        values: NDArray[np.float64] = np.stack([readings.around[key][version] for key in keys])
        # What is below 0 is no concentration, and a day with it has no AQI.
        values = np.where(values < 0, np.nan, values)
        found = daily_aqi(values, days, AIR_ITEMS, standard)
        valid = found.complete & (found.aqi >= 0)
        hit = found.aqi > HEAVY_AQI if name == "heavy_days" else found.aqi <= GOOD_AQI
        counts.append((int(valid.sum()), int((valid & hit).sum())))
    (n0, hits0), (n1, hits1) = counts
    return n1 - n0, float(hits1 - hits0)
