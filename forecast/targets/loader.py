"""Reads plan files: the built-in ones and those of a user's folder.

One TOML file is one plan. A file that can't be used stops with one sentence that names the file,
the target and what is known.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from forecast.errors import TargetError
from forecast.targets.model import COMPARATORS, KINDS, History, Plan, SectionSet, Target

__all__ = ["BUILT_IN", "find_plan", "load_plan", "load_plans"]

#: Built-in plan files, in the order in which they are listed to a user.
BUILT_IN: tuple[str, ...] = (
    "ankang", "beita", "hengshui", "qiandongnan", "zhangjiajie", "national",
)  # fmt: skip

_LOADER_FIELDS = ("plan", "region")
_ROWS: dict[str, type[BaseModel]] = {
    "target": Target,
    "section_set": SectionSet,
    "history": History,
}


def load_plans(folder: Path | None = None, *, names: Sequence[str] = ()) -> tuple[Plan, ...]:
    """Return the built-in plans and those of ``folder`` (``*.toml``, sorted by name).

    A user's plan with the id of a built-in one replaces it.

    Args:
        folder: a workspace's plan folder; it may be absent.
        names: only plans with these ids (``national`` is always kept); empty = all.

    Raises:
        TargetError: a file can't be read or holds an unknown indicator, comparator or key.
    """
    plans: dict[str, Plan] = {}
    built_in = resources.files("forecast.targets") / "plans"
    for name in BUILT_IN:
        text = (built_in / f"{name}.toml").read_text(encoding="utf-8")
        plan = _parse(text, f"{name}.toml")
        plans[plan.id] = plan
    if folder is not None and folder.is_dir():
        own: set[str] = set()
        for path in sorted(folder.glob("*.toml")):
            plan = load_plan(path)
            if plan.id in own:
                raise TargetError(
                    f"{path.name}: the plan id {plan.id!r} is used by another file of the folder.",
                    "Give each plan file its own id.",
                )
            own.add(plan.id)
            plans[plan.id] = plan
    _refuse_shared_ids(plans.values())
    if names:
        for name in names:
            find_plan(tuple(plans.values()), name)
        plans = {k: p for k, p in plans.items() if k in names or k == "national"}
    return tuple(plans.values())


def load_plan(path: Path) -> Plan:
    """Read one plan file.

    Raises:
        TargetError: naming the file, the target and what is allowed.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise TargetError(
            f"{path.name}: the plan file can't be read ({error.__class__.__name__}).",
            "Save it as UTF-8 text.",
        ) from error
    return _parse(text, path.name)


def find_plan(plans: Sequence[Plan], plan_id: str) -> Plan:
    """Return the plan called ``plan_id``.

    Raises:
        TargetError: there is none; the known ids are listed.
    """
    for plan in plans:
        if plan.id == plan_id:
            return plan
    raise TargetError(
        f"There is no plan called {plan_id!r}.",
        f"Known plans: {', '.join(p.id for p in plans)}.",
    )


@lru_cache(maxsize=32)
def _parse(text: str, name: str) -> Plan:
    # A process asks for the same plans several times, and a plan is frozen.
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise TargetError(f"{name}: not valid TOML: {error}.", "Correct that line.") from error
    _refuse_loader_fields(raw, name)
    try:
        plan = Plan.model_validate(raw)
    except ValidationError as error:
        raise TargetError(*_explain(error, raw, name)) from error
    # A target carries the plan and the region it belongs to wherever it goes.
    filled = tuple(
        t.model_copy(update={"plan": plan.id, "region": plan.region}) for t in plan.target
    )
    return plan.model_copy(update={"target": filled})


def _refuse_loader_fields(raw: dict[str, Any], name: str) -> None:
    rows = raw.get("target", [])
    for row in rows if isinstance(rows, list) else []:
        for key in _LOADER_FIELDS:
            if isinstance(row, dict) and key in row:
                raise TargetError(
                    f"{name}: target {row.get('id', '?')!r} has the unknown key {key!r}.",
                    "Plan and region are written once, at the top of the file.",
                )


def _explain(error: ValidationError, raw: dict[str, Any], name: str) -> tuple[str, str]:
    """One sentence and its cure for the first thing that is wrong with a plan."""
    first = error.errors()[0]
    where = list(first["loc"])
    subject = name
    if len(where) >= 2 and isinstance(where[1], int):
        row = raw[str(where[0])][where[1]]
        label = row.get("id") or row.get("name") or row.get("label_zh") if row else None
        subject = f"{name}: {where[0]} {str(label or f'number {where[1] + 1}')!r}"
        where = where[2:]
    key = ".".join(str(part) for part in where)
    got = first.get("input")
    if first["type"] == "extra_forbidden":
        model = _ROWS.get(str(first["loc"][0]), Plan) if subject != name else Plan
        hidden = _LOADER_FIELDS if model is Target else ()
        known = [k for k in model.model_fields if k not in hidden]
        return f"{subject} has the unknown key {key!r}.", f"Known keys: {', '.join(known)}."
    if first["type"] == "missing":
        return f"{subject} lacks the key {key!r}.", "Add it."
    if key == "comparator":
        return f"{subject} has the unknown comparator {got!r}.", (
            f"Known comparators: {', '.join(COMPARATORS)}."
        )
    if key == "kind":
        return f"{subject} has the unknown kind {got!r}.", f"Known kinds: {', '.join(KINDS)}."
    message = str(first["msg"]).removeprefix("Value error, ")
    if key:
        message = f"key {key!r}: {message} (got {got!r})"
    return f"{subject}: {message}.", "Correct the plan file."


def _refuse_shared_ids(plans: Iterable[Plan]) -> None:
    seen: dict[str, str] = {}
    for plan in plans:
        for t in plan.target:
            if t.id in seen:
                raise TargetError(
                    f"The target id {t.id!r} is used by the plans {seen[t.id]!r} and {plan.id!r}.",
                    "Target ids are unique over all plans; begin each with its plan's id.",
                )
            seen[t.id] = plan.id
