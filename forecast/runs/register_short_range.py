"""What the register keeps of the outlook of the next days, and the tables it is read back into.

Kept of a city and day is the probability of each level, those of the two plain rules, the item
likeliest to lead and three quantiles of the AQI; of a section the probabilities that are scored; of
the run the rule of warnings that was in force.
Probabilities stand as whole ten-thousandths, those of the rules as thousandths: a Brier score
differs by less than 0.0001. All places of a run stand in columns of one part, which deflates best.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.runs.register_blocks import Block, packed, unpacked
from forecast.runs.register_entries import run_lengths, spelled_out

__all__ = [
    "KINDS",
    "LEVEL_NAMES",
    "RULES",
    "Outlooks",
    "packed_short_range",
]

#: Levels of HJ 633, kinds of polluted days, plain rules, in the order kept.
LEVEL_NAMES: tuple[str, ...] = ("I", "II", "III", "IV", "V", "VI")
KINDS: tuple[str, ...] = ("light", "moderate", "heavy")
RULES: tuple[str, ...] = ("persistence", "climatology")

_FINE, _COARSE = 10_000, 1_000
_AQI = ("0.1", "0.5", "0.9")
_AQI_COLUMNS = ("aqi_p10", "aqi_median", "aqi_p90")
_PLACE = ("region", "place", "issued")
_WARNING = ("level", "probability", "days")
_SECTION = ("kind", "period", "limit", "limit_from")
#: Columns of the rule of warnings, in the order kept; of the run: column and key.
_WARNED = ("warned_level", "warned_from", "warned_days")
_OF_RUN = {
    "run": "id", "as_of": "as_of", "created": "created", "run_standard": "standard",
    "registered": "registered",
}  # fmt: skip
#: Levels above an AQI of 100, 150 and 200.
_ABOVE = {"light": 2, "moderate": 3, "heavy": 4}
#: A stated probability that differs by more from that of its levels is kept beside them.
_OFF = 1.0e-4


def packed_short_range(short_range: Mapping[str, Any] | None) -> str:
    """Pack ``short_range`` of a result; empty where it says nothing."""
    told = short_range or {}
    parts: dict[str, Any] = {}
    air = [entry for entry in told.get("air") or () if entry["days"]]
    if air:
        parts["air"] = _air(air)
    water = [entry for entry in told.get("water") or () if entry["days"]]
    if water:
        parts["water"] = _water(water)
    if parts and told.get("warning"):
        parts["warning"] = [told["warning"][name] for name in _WARNING]
    return packed(parts) if parts else ""


def _parts_of(value: Any, unit: int) -> int | None:
    return None if value is None else round(float(value) * unit)


def _places(entries: Sequence[Mapping[str, Any]], names: Sequence[str]) -> dict[str, Any]:
    return {name: run_lengths([entry.get(name) for entry in entries]) for name in names}


def _air(entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    days = [day for entry in entries for day in entry["days"]]
    items = sorted({code for day in days for code in day["leading"]} - {"none"})
    out = _places(entries, _PLACE) | {
        "first": run_lengths([int(entry["days"][0]["lead"]) for entry in entries]),
        "days": run_lengths([len(entry["days"]) for entry in entries]),
        "missing": run_lengths(["+".join(entry.get("items_missing") or ()) for entry in entries]),
        "weather": run_lengths([str(day.get("weather", "none")) for day in days]),
        # That of the first level is what is left.
        "levels": [
            [_parts_of(day["levels"].get(name), _FINE) for day in days] for name in LEVEL_NAMES[1:]
        ],
        "rules": [
            [[_parts_of(day["references"][rule][kind], _COARSE) for day in days] for kind in KINDS]
            for rule in RULES
        ],
        "items": items,
        "leading": run_lengths([_leading(day["leading"], items) for day in days]),
        "aqi": [[_parts_of(day["aqi"]["quantiles"].get(q), 1) for day in days] for q in _AQI],
    }  # fmt: skip
    off = any(
        abs(sum(float(day["levels"][name]) for name in LEVEL_NAMES[_ABOVE[kind] :])
            - float(day["exceed"][kind])) > _OFF
        for day in days
        for kind in KINDS
    )  # fmt: skip
    if off:
        out["exceed"] = [[_parts_of(day["exceed"][kind], _FINE) for day in days] for kind in KINDS]
    return out


def _leading(shares: Mapping[str, Any], items: Sequence[str]) -> int:
    """Number of the item likeliest to lead, -1 where none does."""
    best = max(items, key=lambda code: float(shares.get(code) or 0.0), default="")
    return items.index(best) if best and float(shares.get(best) or 0.0) > 0.0 else -1


def _water(entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    days = [day for entry in entries for day in entry["days"]]
    return _places(entries, (*_PLACE, *_SECTION)) | {
        "days": run_lengths([len(entry["days"]) for entry in entries]),
        "date": run_lengths([day.get("date") for day in days]),
        "lead": run_lengths([day.get("lead") for day in days]),
        "p_worse": [_parts_of(day.get("p_worse"), _FINE) for day in days],
        "p_inferior_v": [_parts_of(day.get("p_inferior_v"), _FINE) for day in days],
    }


class Outlooks:
    """Gathers blocks into two tables: days of cities, and days or samplings of sections.

    Args:
        wanted: takes the name of a region and says whether it is; None: every region is.
    """

    def __init__(self, wanted: Callable[[str], bool] | None = None) -> None:
        self._wanted = wanted
        self._cities: list[pd.DataFrame] = []
        self._sections: list[pd.DataFrame] = []

    def add(self, block: Block) -> None:
        """Take the outlook of a block in, if it has one.

        Raises:
            ValueError: it is not in the form that :func:`packed_short_range` writes.
        """
        if not block.short_range:
            return
        try:
            told = unpacked(block.short_range)
            # Runs of earlier versions did not say by which rule they warned.
            rule = dict(zip(_WARNED, told.get("warning", ("", np.nan, np.nan)), strict=True))
            if "air" in told:
                self._cities.append(self._of_run(block, _read_air(told["air"]), rule))
            if "water" in told:
                self._sections.append(self._of_run(block, _read_water(told["water"]), rule))
        except (KeyError, TypeError, IndexError, AttributeError) as error:
            raise ValueError(f"the outlook lacks {error}") from error

    def _of_run(self, block: Block, table: pd.DataFrame, rule: Mapping[str, Any]) -> pd.DataFrame:
        if self._wanted is not None:
            known = {name: self._wanted(name) for name in table["region"].unique()}
            table = table[table["region"].map(known).astype(bool)]
        table.insert(0, "block", block.number)
        for at, (column, key) in enumerate(_OF_RUN.items(), start=1):
            table.insert(at, column, str(block.run.get(key) or ""))
        return table.assign(**rule)

    def cities(self) -> pd.DataFrame:
        """One row a run, city and day: ``block, run, as_of, created, run_standard, registered`` (as in
        :func:`forecast.runs.register.read_register`), ``region, place, issued, date, lead, missing, weather, leading``; ``level_I`` … ``level_VI``, ``light, moderate,
        heavy`` (probability of such a day or a worse one), ``aqi_p10, aqi_median, aqi_p90``, and a
        column for each rule and kind, ``persistence_light`` …, probabilities in [0, 1]; the rule of
        warnings in force: ``warned_level``, ``warned_from`` (probability) and ``warned_days``, empty
        and NaN where the run did not say it.
        """
        return _joined(self._cities, _read_air(_air([])))

    def sections(self) -> pd.DataFrame:
        """One row a run, section and day or sampling: the columns of the run as in :meth:`cities`,
        ``region, place, issued, kind, period`` (``2025-02`` where it is for a month), ``limit,
        limit_from, date, lead, p_worse, p_inferior_v``, and the rule of warnings.
        """
        return _joined(self._sections, _read_water(_water([])))


def _joined(tables: list[pd.DataFrame], empty: pd.DataFrame) -> pd.DataFrame:
    if not tables:
        for at, column in enumerate(("block", *_OF_RUN)):
            empty.insert(at, column, pd.Series(dtype="int64" if column == "block" else object))
        empty = empty.assign(warned_level="", warned_from=np.nan, warned_days=np.nan)
        tables = [empty]
    table = pd.concat(tables, ignore_index=True)
    for name in ("as_of", "issued", "date"):
        table[name] = pd.to_datetime(table[name], format="%Y-%m-%d", errors="coerce")
    table["created"] = pd.to_datetime(table["created"], format="ISO8601", utc=True, errors="coerce")
    return table


def _numbers(values: Sequence[Any], unit: int) -> NDArray[np.float64]:
    """Whole parts as numbers; a missing one becomes NaN."""
    return np.asarray(np.array(values, dtype=np.float64) / unit)


def _repeated(told: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    """What stands once a place, once a day of it."""
    times = np.array(spelled_out(told["days"]), dtype=np.int64)
    return {
        name: np.repeat(np.array(spelled_out(told[name]), dtype=object), times) for name in names
    }


def _read_air(told: Mapping[str, Any]) -> pd.DataFrame:
    counts = spelled_out(told["days"])
    first = spelled_out(told["first"])
    columns = _repeated(told, (*_PLACE, "missing"))
    lead = np.array([f + k for f, n in zip(first, counts, strict=True) for k in range(n)], np.int64)
    issued = pd.to_datetime(pd.Series(columns["issued"], dtype=object), format="%Y-%m-%d")
    columns["date"] = (issued + pd.to_timedelta(lead, unit="D")).dt.strftime("%Y-%m-%d").to_numpy()
    columns["lead"] = lead
    columns["weather"] = np.array(spelled_out(told["weather"]), dtype=object)
    items = ["", *told["items"]]
    columns["leading"] = np.array(
        [items[k + 1] for k in spelled_out(told["leading"])], dtype=object
    )
    levels = np.stack([_numbers(v, _FINE) for v in told["levels"]])
    levels = np.vstack([np.maximum(1.0 - levels.sum(axis=0), 0.0), levels])
    # Sums of whole parts are whole parts.
    above = [np.round(v, 4) for v in accumulate(levels[::-1])][::-1]
    for name, values in zip(LEVEL_NAMES, levels, strict=True):
        columns[f"level_{name}"] = values
    for k, kind in enumerate(KINDS):
        columns[kind] = (
            _numbers(told["exceed"][k], _FINE)
            if "exceed" in told
            else np.minimum(above[_ABOVE[kind]], 1.0)
        )
    for name, values in zip(_AQI_COLUMNS, told["aqi"], strict=True):
        columns[name] = _numbers(values, 1)
    for rule, kinds in zip(RULES, told["rules"], strict=True):
        for kind, values in zip(KINDS, kinds, strict=True):
            columns[f"{rule}_{kind}"] = _numbers(values, _COARSE)
    return pd.DataFrame(columns)


def _read_water(told: Mapping[str, Any]) -> pd.DataFrame:
    columns = _repeated(told, (*_PLACE, *_SECTION))
    columns["date"] = np.array(spelled_out(told["date"]), dtype=object)
    columns["lead"] = _numbers(spelled_out(told["lead"]), 1)
    for name in ("p_worse", "p_inferior_v"):
        columns[name] = _numbers(told[name], _FINE)
    return pd.DataFrame(columns)
