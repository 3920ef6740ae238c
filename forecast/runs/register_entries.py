"""What the register keeps of a run's entries, and the tables they are read back into.

Kept is what was said: each entry's names, what had been observed, the distribution, the plain rules
beside it, and each target's number, probability and verdict. Reasons, budgets and quotes stay with
the run. Entries are kept by region, column by column: numbers in columns are read back fast.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np
import pandas as pd

from forecast.runs.register_blocks import Block, packed, unpacked
from forecast.standards.indicators import WATER_CLASSES

__all__ = [
    "CLASS_COLUMNS",
    "TARGET_COLUMNS",
    "Tables",
    "level_columns",
    "packed_entries",
    "run_lengths",
    "spelled_out",
    "told_run",
]

#: What is kept of the run itself.
_RUN = (
    "id", "as_of", "created", "year", "seed", "version", "standard", "config_sha256", "sample",
    "projection_sha256", "registered",
)  # fmt: skip

_TEXT = (
    "region", "place", "place_kind", "point_set", "domain", "indicator", "unit", "period",
    "standard", "dust", "basis",
)  # fmt: skip
_OBSERVED = ("value", "value_official", "n_valid", "n_expected", "last_day")
_TARGET = (
    "id", "plan", "kind", "level", "comparator", "value", "unit", "year", "binding", "probability",
    "verdict",
)  # fmt: skip

#: Probabilities of classes I to worse than V in the table of forecasts.
CLASS_COLUMNS: tuple[str, ...] = tuple(f"class_{k}" for k in range(1, len(WATER_CLASSES) + 1))

#: Columns of the table of targets; ``entry`` is the row of the table of forecasts.
TARGET_COLUMNS: tuple[str, ...] = (
    "entry", "id", "plan", "kind", "level", "comparator", "value", "token", "target_unit",
    "target_year", "binding", "probability", "verdict",
)  # fmt: skip

_RULES = (
    "persistence", "ytd_ratio", "ytd_plus_rest", "climatology", "climatology_lowest",
    "climatology_highest",
)  # fmt: skip


def told_run(run: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of the object ``run`` of a result."""
    return {name: run[name] for name in _RUN if name in run}


def packed_entries(projections: Iterable[Mapping[str, Any]]) -> tuple[dict[str, str], int]:
    """Pack the entries of a result by region; return them and their number."""
    by_region: dict[str, list[Mapping[str, Any]]] = {}
    for entry in projections:
        by_region.setdefault(str(entry["region"]), []).append(entry)
    out = {region: packed(_columns(entries)) for region, entries in by_region.items()}
    return out, sum(map(len, by_region.values()))


def _columns(entries: list[Mapping[str, Any]]) -> dict[str, Any]:
    said = [e["forecast"] or {} for e in entries]
    levels: list[list[str]] = []
    kinds: list[int | None] = []
    for one in said:
        have = list(one.get("quantiles", {}))
        if have and have not in levels:
            levels.append(have)
        kinds.append(levels.index(have) if have else None)
    rules = sorted({name for e in entries for name in e["baselines"]})
    return {
        **{name: run_lengths([e[name] for e in entries]) for name in (*_TEXT, "year")},
        "observed": {
            name: run_lengths([e["observed"][name] for e in entries]) for name in _OBSERVED
        },
        **{
            name: run_lengths([one.get(name) for one in said])
            for name in ("model", "n_paths", "mean")
        },
        "levels": levels,
        "level_set": run_lengths(kinds),
        "quantiles": [list(one.get("quantiles", {}).values()) for one in said],
        "classes": run_lengths(
            [list(one["classes"].values()) if "classes" in one else None for one in said]
        ),
        "baselines": {
            name: run_lengths([e["baselines"].get(name) for e in entries]) for name in rules
        },
        "targets": {
            "entry": [at for at, e in enumerate(entries) for _ in e["targets"]],
            **{
                name: run_lengths([t.get(name) for e in entries for t in e["targets"]])
                for name in _TARGET
            },
        },
    }


def run_lengths(values: list[Any]) -> Any:
    """The list, or its runs of equal values with their lengths where that is shorter."""
    runs = [(v, sum(1 for _ in own)) for v, own in groupby(values)]
    if 2 * len(runs) > len(values):
        return values
    return {"value": [v for v, _ in runs], "times": [n for _, n in runs]}


def spelled_out(told: Any) -> list[Any]:
    """Inverse of :func:`run_lengths`."""
    if isinstance(told, list):
        return told
    out: list[Any] = []
    for value, times in zip(told["value"], told["times"], strict=True):
        out += [value] * times
    return out


def level_columns(table: pd.DataFrame) -> dict[float, str]:
    """Quantile columns of a table of forecasts: level to name, ascending."""
    found = {float(c[1:]): c for c in table.columns if c[:1] == "q" and c[1:2].isdigit()}
    return dict(sorted(found.items()))


class Tables:
    """Gathers blocks into two tables: the forecasts, and the targets judged on them."""

    def __init__(self) -> None:
        self._names: dict[str, dict[Any, int]] = {}
        self._codes: dict[str, list[np.ndarray[Any, Any]]] = {}
        self._numbers: dict[str, list[np.ndarray[Any, Any]]] = {}
        self._quantiles: dict[str, list[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]] = {}
        self._years_past: dict[int, list[float]] = {}
        self._targets: dict[str, list[Any]] = {name: [] for name in ("entry", *_TARGET)}
        self._size = 0

    def add(self, block: Block, regions: Iterable[str], *, indicator: str | None = None) -> None:
        """Take the entries of some regions of a block in (those of ``indicator``).

        Raises:
            ValueError: they are not in the form that :func:`packed_entries` writes.
        """
        try:
            # Joined first: a hundred small parts cost more one by one than all at once.
            data = _joined([unpacked(block.regions[region]) for region in regions])
            at = np.arange(len(data["indicator"]))
            if indicator is not None:
                at = np.flatnonzero([name == indicator for name in data["indicator"]])
            if len(at):
                self._take(block, data, at)
        except (KeyError, TypeError, IndexError, AttributeError) as error:
            raise ValueError(f"entries lack {error}") from error

    def _take(self, block: Block, data: dict[str, Any], at: np.ndarray[Any, Any]) -> None:
        n = len(at)
        for name in (*_TEXT, "model"):
            self._text(name, data[name], at)
        self._text("last_day", data["observed"]["last_day"], at)
        same = np.zeros(n, dtype=np.int64)
        for column, key in (("run", "id"), ("as_of", "as_of"), ("created", "created"),
                            ("registered", "registered"), ("version", "version"),
                            ("run_standard", "standard")):  # fmt: skip
            self._text(column, [block.run.get(key)], same)
        self._number("block", [block.number], same)
        self._number("seed", [block.run.get("seed")], same)
        for column in ("year", "mean", "n_paths"):
            self._number(column, data[column], at)
        for column, name in (("observed", "value"), ("n_valid", "n_valid"), ("n_expected",) * 2):
            self._number(column, data["observed"][name], at)
        for name in _RULES:
            own = data["baselines"].get(name)
            self._number(name, own or [None], at if own else same)
        none = [None] * len(CLASS_COLUMNS)
        classes = np.array([row or none for row in data["classes"]], dtype=np.float64)[at]
        for k, column in enumerate(CLASS_COLUMNS):
            self._numbers.setdefault(column, []).append(classes[:, k])
        kinds = np.array([-1 if kind is None else kind for kind in data["level_set"]])[at]
        for kind, levels in enumerate(data["levels"]):
            mine = np.flatnonzero(kinds == kind)
            values = np.array([data["quantiles"][row] for row in at[mine]], dtype=np.float64)
            for k, level in enumerate(levels if len(mine) else ()):
                self._quantiles.setdefault(f"q{float(level):g}", []).append(
                    (mine + self._size, values[:, k])
                )
        for k, row in enumerate(at if "climatology_years" in data["baselines"] else ()):
            past = data["baselines"]["climatology_years"][row]
            if past:
                self._years_past[self._size + k] = [float(v) for v in past]
        self._judged(data["targets"], at)
        self._size += n

    def _judged(self, targets: dict[str, list[Any]], at: np.ndarray[Any, Any]) -> None:
        place = {int(row): self._size + k for k, row in enumerate(at)}
        mine = [k for k, row in enumerate(targets["entry"]) if row in place]
        self._targets["entry"].extend(place[targets["entry"][k]] for k in mine)
        for name in _TARGET:
            self._targets[name].extend(targets[name][k] for k in mine)

    def _text(self, name: str, values: list[Any], at: np.ndarray[Any, Any]) -> None:
        known = self._names.setdefault(name, {})
        for value in dict.fromkeys(values):
            known.setdefault(value, len(known))
        codes = np.fromiter(map(known.__getitem__, values), np.int32, len(values))
        self._codes.setdefault(name, []).append(codes[at])

    def _number(self, name: str, values: list[Any], at: np.ndarray[Any, Any]) -> None:
        array = np.array(values, dtype=np.float64)  # a missing number becomes NaN
        self._numbers.setdefault(name, []).append(array[at])

    def forecasts(self) -> pd.DataFrame:
        """One row an entry; see :func:`forecast.runs.register.read_register`."""
        columns: dict[str, Any] = {}
        for name in ("block", "run", "as_of", "created", "registered", "version", "run_standard",
                     "seed", *_TEXT, "year", "model", "n_paths", "mean"):  # fmt: skip
            columns[name] = self._column(name)
        for name in sorted(self._quantiles, key=lambda c: float(c[1:])):
            values = np.full(self._size, np.nan)
            for rows, own in self._quantiles[name]:
                values[rows] = own
            columns[name] = values
        for name in (*CLASS_COLUMNS, "observed", "n_valid", "n_expected", "last_day", *_RULES):
            columns[name] = self._column(name)
        table = pd.DataFrame(columns)
        for name in ("block", "year"):
            table[name] = table[name].astype(np.int64)
        for name in ("as_of", "last_day"):
            table[name] = pd.to_datetime(table[name], format="%Y-%m-%d", errors="coerce")
        table["created"] = pd.to_datetime(
            table["created"], format="ISO8601", utc=True, errors="coerce"
        )
        past = pd.Series(self._years_past, dtype=object)
        table["climatology_years"] = past.reindex(table.index)
        return table

    def _column(self, name: str) -> np.ndarray[Any, Any]:
        if name in self._numbers:
            return np.concatenate(self._numbers[name])
        words = ["" if v is None else str(v) for v in self._names.get(name, {})]
        known = np.array(words, dtype=object)
        codes = self._codes.get(name)
        return known[np.concatenate(codes)] if codes else np.zeros(0, dtype=object)

    def targets(self) -> pd.DataFrame:
        """One row a target judged: :data:`TARGET_COLUMNS`."""
        table = pd.DataFrame(self._targets, dtype=object).rename(
            columns={"unit": "target_unit", "year": "target_year"}
        )
        said = table["value"]
        numbers = [isinstance(v, int | float) for v in said]
        table["token"] = [
            "" if is_number or v is None else str(v)
            for v, is_number in zip(said, numbers, strict=True)
        ]
        table["value"] = [
            float(v) if is_number else np.nan for v, is_number in zip(said, numbers, strict=True)
        ]
        for name in ("probability", "target_year"):
            table[name] = [_float(v) for v in table[name]]
        text = [
            c for c in TARGET_COLUMNS if c not in ("entry", "value", "probability", "target_year")
        ]
        for name in text:
            table[name] = ["" if v is None else str(v) for v in table[name]]
        table["entry"] = table["entry"].astype(np.int64)
        return table[list(TARGET_COLUMNS)].astype({"value": float, "probability": float})


def _joined(parts: list[dict[str, Any]]) -> dict[str, Any]:
    """The columns of several regions one behind the other."""

    def column(of: Callable[[dict[str, Any]], Any]) -> list[Any]:
        return [v for part in parts for v in spelled_out(of(part))]

    names = (*_TEXT, "year", "model", "n_paths", "mean", "quantiles", "classes")
    out: dict[str, Any] = {name: column(itemgetter(name)) for name in names}
    out["observed"] = {n: column(lambda part, n=n: part["observed"][n]) for n in _OBSERVED}  # type: ignore[misc]
    sizes = [len(spelled_out(part["indicator"])) for part in parts]
    out["baselines"] = {
        name: [
            v
            for part, size in zip(parts, sizes, strict=True)
            for v in (
                spelled_out(part["baselines"][name]) if name in part["baselines"] else [None] * size
            )
        ]
        for name in {name: None for part in parts for name in part["baselines"]}
    }
    levels: list[list[str]] = []
    kinds: list[int | None] = []
    judged: dict[str, list[Any]] = {name: [] for name in ("entry", *_TARGET)}
    start = 0
    for part, size in zip(parts, sizes, strict=True):
        levels += [have for have in part["levels"] if have not in levels]
        at = [levels.index(have) for have in part["levels"]]
        kinds += [None if kind is None else at[kind] for kind in spelled_out(part["level_set"])]
        judged["entry"] += [row + start for row in part["targets"]["entry"]]
        for name in _TARGET:
            judged[name] += spelled_out(part["targets"][name])
        start += size
    return out | {"levels": levels, "level_set": kinds, "targets": judged}


def _float(value: Any) -> float:
    return float("nan") if value is None else float(value)
