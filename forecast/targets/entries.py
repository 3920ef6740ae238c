"""Figures that people enter for targets: assigned numbers, ledgers, works, peers, yearly values.

Pure functions over one append-only table (the store's ``target_entries``). Nothing is overwritten:
a later entry of the same thing wins from its date on, and the state as of an earlier day can always
be had again. Every entry has a source and a date.

=========== ==================================================================================
kind        what it says
=========== ==================================================================================
assigned    the number of a target whose plan leaves it to a higher authority
ledger      one line of a ledger (``place`` is its name), in the unit of the target
milestone   works done or not (``text`` is ``done`` or ``not_done``)
peer        the value of one peer (``place`` is its name) for a rank
yearly      an annual value of an indicator of a region
target      a target of the user's own (``text`` holds its fields as JSON)
=========== ==================================================================================
"""

from __future__ import annotations

import datetime as dt
import json
import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import pandas as pd
from pydantic import ValidationError

from forecast.errors import TargetError
from forecast.standards.indicators import class_number, indicator
from forecast.targets.model import ASSIGNED, Plan, Target

__all__ = [
    "ENTRY_COLUMNS",
    "ENTRY_KINDS",
    "append_rows",
    "empty_entries",
    "entry_row",
    "find_target",
    "known_names",
    "own_target",
    "set_entry",
    "typed",
]

ENTRY_KINDS: tuple[str, ...] = ("assigned", "ledger", "milestone", "peer", "yearly", "target")

#: Columns of the table and their types; ``origin`` is the source that the user names.
ENTRY_COLUMNS: dict[str, str] = {
    "plan": "str",
    "kind": "str",
    "target_id": "str",
    "region": "str",
    "place": "str",
    "indicator": "str",
    "year": "int32",
    "value": "float64",
    "text": "str",
    "unit": "str",
    "origin": "str",
    "date": "datetime64[s]",
    "note": "str",
    "recorded": "datetime64[s]",
}

_DONE = {
    "done": True, "yes": True, "true": True, "是": True, "完成": True, "已完成": True, "1": True,
    "not_done": False, "not done": False, "no": False, "false": False, "否": False,
    "未完成": False, "没有完成": False, "0": False,
}  # fmt: skip


#: What a figure of a unit can be; a percentage may be a change, so it may be below 0.
_RANGES = {
    "%": (-100.0, 100.0), "days": (0.0, 366.0), "µg/m³": (0.0, 2000.0), "mg/m³": (0.0, 200.0),
    "mg/L": (0.0, 10000.0),
}  # fmt: skip


def empty_entries() -> pd.DataFrame:
    """A table without rows, typed as ``ENTRY_COLUMNS`` says."""
    return _no_entries().copy()


@cache
def _no_entries() -> pd.DataFrame:
    return typed(pd.DataFrame({name: [] for name in ENTRY_COLUMNS}))


def find_target(plans: Sequence[Plan], target_id: str) -> Target:
    """Return the target called ``target_id``.

    Raises:
        TargetError: there is none; targets with a like name are listed.
    """
    ids = []
    for plan in plans:
        for target in plan.target:
            if target.id == target_id:
                return target
            ids.append(target.id)
    import difflib

    near = difflib.get_close_matches(target_id, ids, n=3, cutoff=0.4)
    raise TargetError(
        f"There is no target called {target_id!r}.",
        f"Close to it: {', '.join(near)}." if near else "List them with `forecast target list`.",
    )


def set_entry(entries: pd.DataFrame, plans: Sequence[Plan], **fields: Any) -> pd.DataFrame:
    """Return ``entries`` with one more row; earlier rows are never changed.

    Args:
        fields: the arguments of :func:`entry_row`.

    Raises:
        TargetError: the entry makes no sense; says what is missing.
    """
    return append_rows(entries, [entry_row(plans, **fields)])


def append_rows(entries: pd.DataFrame, rows: Sequence[Mapping[str, object]]) -> pd.DataFrame:
    """Return ``entries`` followed by ``rows`` of :func:`entry_row`."""
    fresh = typed(pd.DataFrame(list(rows), columns=list(ENTRY_COLUMNS)))
    if entries.empty:
        return fresh
    return pd.concat([typed(entries), fresh], ignore_index=True)


def entry_row(
    plans: Sequence[Plan],
    *,
    kind: str,
    source: str,
    date: dt.date,
    recorded: dt.datetime,
    target_id: str = "",
    value: float | str | None = None,
    text: str = "",
    year: int | None = None,
    name: str = "",
    region: str = "",
    indicator_name: str = "",
    unit: str = "",
    note: str = "",
) -> dict[str, object]:
    """One checked row of the table.

    Args:
        kind: one of ``ENTRY_KINDS``.
        source: document or office the figure comes from (required).
        date: day from which the figure is known (required).
        recorded: moment of entry, local time.
        target_id: the target, for every kind but ``yearly`` and ``target``.
        value: the figure; a class may be written ``III``; None withdraws a number entered before.
        text: ``done`` or ``not_done`` (also 是/否, 完成/未完成) for works; JSON for own targets.
        year: of the figure; the target's year where it is left out.
        name: of the ledger line or the peer.
        region, indicator_name, unit: of a yearly value.

    Raises:
        TargetError: the entry makes no sense; says what is missing.
    """
    if kind not in ENTRY_KINDS:
        raise TargetError(
            f"There is no kind of entry called {kind!r}.", f"Known kinds: {', '.join(ENTRY_KINDS)}."
        )
    if date > recorded.date():
        raise TargetError(
            f"The {kind} entry for {target_id or region!r} is dated {date}, which is in the future.",
            "Give the day the figure is from.",
        )
    if not source.strip():
        raise TargetError(
            f"The {kind} entry for {target_id or region!r} has no source.",
            "Name the document or office it comes from.",
        )
    row: dict[str, object] = {
        "kind": kind, "target_id": target_id, "place": name.strip(), "text": text.strip(),
        "origin": source.strip(), "date": pd.Timestamp(date), "note": note.strip(),
        "recorded": pd.Timestamp(recorded.replace(tzinfo=None)), "plan": "", "region": region.strip(),
        "indicator": indicator_name, "unit": unit, "year": year, "value": math.nan,
    }  # fmt: skip
    if kind == "yearly":
        row.update(_yearly(plans, region, indicator_name, year, value, unit))
    elif kind == "target":
        own = own_target(text, date)
        if any(p.find(own.id) for p in plans if not p.id.startswith("user")):
            raise TargetError(
                f"The own target {own.id!r} has the id of a plan's target.", "Choose another id."
            )
        row.update(
            target_id=own.id, plan="user", region=own.region, indicator=own.indicator,
            unit=own.unit, year=own.year, value=math.nan if own.value is None else own.value,
        )  # fmt: skip
    else:
        target = find_target(plans, target_id)
        row.update(
            plan=target.plan, region=target.region, indicator=target.indicator,
            unit=target.unit, year=year if year is not None else target.year,
        )  # fmt: skip
        row.update(_for_target(target, kind, value, text, name))
    if row["year"] is None:
        row["year"] = 0
    return row


def known_names(plans: Sequence[Plan]) -> set[str]:
    """Names that a yearly value may have: those of plans and the quantities behind changes."""
    names = {h.indicator for p in plans for h in p.history}
    for plan in plans:
        names |= {t.indicator for t in plan.target} | {t.of for t in plan.target if t.of}
    return names


def typed(frame: pd.DataFrame) -> pd.DataFrame:
    """``frame`` with the columns and types of the table; what is absent is blank."""
    out = frame.reindex(columns=list(ENTRY_COLUMNS))
    texts = [c for c, kind in ENTRY_COLUMNS.items() if kind == "str"]
    out[texts] = out[texts].fillna("")
    out["year"] = out["year"].fillna(0)
    return out.astype(ENTRY_COLUMNS)


def _number(value: float | str | None, unit: str, what: str) -> float:
    if isinstance(value, str):
        as_class = class_number(value) if unit == "class" else None
        if as_class is not None:
            return float(as_class)
        try:
            value = float(value.strip().replace(",", "").removesuffix("%"))
        except ValueError:
            raise TargetError(
                f"{what}: {value!r} is not a number{' or a class' if unit == 'class' else ''}.",
                "Enter a plain number.",
            ) from None
    if value is None or not math.isfinite(value):
        raise TargetError(f"{what} has no value.", "Enter a number.")
    low, high = _RANGES.get(unit, (-math.inf, math.inf))
    if not low <= value <= high:
        raise TargetError(
            f"{what}: {value:g} {unit} is not possible ({low:g} to {high:g}).", "Check the figure."
        )
    if unit == "class" and value not in (1, 2, 3, 4, 5, 6):
        raise TargetError(f"{what}: {value:g} is not a class.", "Enter I to V, 劣V, or 1 to 6.")
    return float(value)


def _for_target(
    target: Target, kind: str, value: float | str | None, text: str, name: str
) -> dict[str, object]:
    """The columns of a row that belongs to ``target``, checked against its kind."""
    what = f"The {kind} entry for {target.id!r}"
    fits = {"ledger": "ledger", "milestone": "milestone", "peer": "rank"}
    if kind in fits and target.kind != fits[kind]:
        raise TargetError(
            f"{what} does not fit: the target is of the kind {target.kind!r}.",
            f"A {kind} entry belongs to a target of the kind {fits[kind]!r}.",
        )
    withdrawn = value is None or (isinstance(value, str) and not value.strip())
    if kind == "assigned":
        if target.token not in ASSIGNED:
            has = "a number of its own" if target.value is not None else "no number to set"
            raise TargetError(
                f"{what} does not fit: the target has {has}.",
                "Numbers are assigned to targets whose plan leaves them open; for another aim "
                "write a target of your own.",
            )
        return {"value": math.nan if withdrawn else _number(value, target.unit, what), "text": ""}
    if kind == "milestone":
        said = _DONE.get(text.strip().lower())
        if said is None:
            raise TargetError(
                f"{what}: {text!r} says neither done nor not done.",
                "Write done or not_done (是/否).",
            )
        return {"text": "done" if said else "not_done"}
    if not name.strip():
        raise TargetError(f"{what} has no name.", "Name the ledger line or the peer.")
    return {"value": math.nan if withdrawn else _number(value, target.unit, what)}


def _yearly(
    plans: Sequence[Plan], region: str, name: str, year: int | None, value: float | str | None,
    unit: str,
) -> dict[str, object]:  # fmt: skip
    what = f"The yearly value {name!r} of {region!r}"
    if not region.strip():
        raise TargetError(f"{what} has no region.", "Name it.")
    if year is None or not 1949 <= year <= 2100:
        raise TargetError(f"{what} has no usable year ({year}).", "Enter a year such as 2024.")
    try:
        expected = indicator(name).unit
    except KeyError:
        known = known_names(plans)
        if name not in known:
            raise TargetError(
                f"{what}: there is no such indicator.",
                f"Known: the official indicators and {', '.join(sorted(known)[:12])} …",
            ) from None
        expected = unit
    if unit and unit.replace("μ", "µ").replace("m3", "m³") != expected.replace("m3", "m³"):
        raise TargetError(f"{what} is in {unit!r}.", f"Enter it in {expected!r}.")
    return {"value": _number(value, expected, what), "unit": expected}


def own_target(text: str, date: dt.date) -> Target:
    """Read a target of the user's own from its JSON.

    Raises:
        TargetError: a field is missing, unknown or wrong.
    """
    try:
        fields = json.loads(text)
        region = str(fields.pop("region", ""))
        target = Target.model_validate(fields)
    except (json.JSONDecodeError, AttributeError) as error:
        raise TargetError(
            f"The own target dated {date} can't be read.", "Write it as a JSON object."
        ) from error
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise TargetError(
            f"The own target {str(fields.get('id', '?'))!r}: {key or 'it'}: "
            f"{str(first['msg']).removeprefix('Value error, ')}.",
            "Correct that field.",
        ) from error
    if not region:
        raise TargetError(f"The own target {target.id!r} has no region.", "Name the region.")
    return target.model_copy(update={"plan": "user", "region": region})
