"""Scenario files (TOML) and cuts given on the command line, read into ``Scenario``."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Sequence
from datetime import date
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, ValidationError

from forecast.configuration_paths import check_inside
from forecast.errors import InputError, UsageError
from forecast.scenario.inventory_units import parse_amount
from forecast.scenario.learning import read_model_runs
from forecast.scenario.pollutants import POLLUTANT_NAMES, POLLUTANTS, pollutant_of
from forecast.scenario.scenario_model import Compliance, Measure, Scenario
from forecast.scenario.water_section_file import WATER_TABLES

__all__ = ["load_scenario", "parse_cut", "scenario_of_cuts", "scenario_of_text", "with_cuts"]

#: Parts of the file that are lists of tables.
_LISTS = ("emissions", "measures", "not_quantifiable", "past_changes", *WATER_TABLES)
_CUT = re.compile(r"(?:(?P<sector>[^:=：]+)[:：])?(?P<what>[^:=：]+)[=＝](?P<amount>.+)")


def load_scenario(path: Path, outside: Iterable[str] = ()) -> Scenario:
    """Read a scenario file.

    Args:
        path: the file.
        outside: folders in which its table of model runs may lie beside the file's own folder and
            what is below it, as ``[paths] outside`` of the configuration names them.

    Raises:
        InputError: not readable, not TOML, an unknown key, or a value that is not allowed; the
            message names the file, the key and what is allowed. The same for its table of model
            runs, whose path is made a full one.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text.", "Save it as UTF-8.") from error
    except FileNotFoundError as error:
        raise InputError(
            f"There is no scenario file {path}.", "forecast scenario new writes one."
        ) from error
    except OSError as error:
        raise InputError(
            f"{path} can't be read ({error.strerror or error}).", "Check its permissions."
        ) from error
    scenario = scenario_of_text(text, str(path))
    runs = scenario.response.model_runs
    if not runs:
        return scenario
    try:
        check_inside("[response] model_runs", runs, outside)
    except ValueError as error:
        raise InputError(
            f"{path}: {error}.", "Put the table beside the scenario file, or below it."
        ) from error
    # Beside the scenario file, wherever the command is called; wrong rows are said at once.
    table = (path.parent / runs).resolve()
    read_model_runs(table)
    response = scenario.response.model_copy(update={"model_runs": str(table)})
    return scenario.model_copy(update={"response": response})


def scenario_of_text(text: str, name: str) -> Scenario:
    """Read the text of a scenario file; ``name`` stands for it in errors."""
    try:
        scenario = Scenario.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise InputError(
            f"{name} is not valid TOML: {error}.",
            'Text and amounts need quotes, such as cut = "20%"; dates do not.',
        ) from error
    except ValidationError as error:
        raise _explained(name, error) from error
    scenario.water(file=name)
    return scenario


def parse_cut(text: str, *, start: date, scope: Literal["city", "region"] = "city") -> Measure:
    """Read a cut of the command line: ``SO2=20%``, ``NOx=4000t``, ``industry:VOC=30%``, ``industry=30%``.

    The cut is one of the emission itself, so its compliance is exactly 1, and acts in full from
    ``start``. A sector alone cuts all its pollutants.

    Raises:
        UsageError: it can't be read, or is over 100 %.

    >>> parse_cut("industry:VOC=30%", start=date(2025, 7, 1)).pollutants
    ['VOC']
    """
    found = _CUT.fullmatch(text.strip())
    if found is None:
        raise UsageError(
            f"--cut {text!r} is not a cut.",
            "Write pollutant=amount, such as 'SO2=20%', 'NOx=4000t' or 'industry:VOC=30%'.",
        )
    sector, what, written = (
        part and part.strip() for part in found.group("sector", "what", "amount")
    )
    pollutant = pollutant_of(what)
    if pollutant is None and sector:
        raise UsageError(
            f"--cut {text!r}: {what!r} is no pollutant.",
            f"Pollutants are {', '.join(POLLUTANT_NAMES)}.",
        )
    try:
        parse_amount(written, what=f"--cut {text!r}")
    except InputError as error:
        raise UsageError(error.message, error.cure) from error
    try:
        return Measure(
            name=f"--cut {text.strip()}",
            sector=(sector or "all") if pollutant else what,
            pollutants=[pollutant] if pollutant else list(POLLUTANTS),
            cut=written,
            start=start,
            scope=scope,
            compliance=Compliance.full(),
        )
    except ValidationError as error:
        said = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise UsageError(f"--cut {text!r}: {said}.", "Correct the amount.") from error


def scenario_of_cuts(
    texts: Sequence[str], *, region: str, start: date, scope: Literal["city", "region"] = "city"
) -> Scenario:
    """Make a scenario of cuts of the command line alone.

    Raises:
        UsageError: one can't be read, or one is given twice.
    """
    return with_cuts(
        Scenario(name=" ".join(texts) or "--cut", region=region), texts, start=start, scope=scope
    )


def with_cuts(
    scenario: Scenario,
    texts: Sequence[str],
    *,
    start: date,
    scope: Literal["city", "region"] = "city",
) -> Scenario:
    """Return a scenario with the cuts of the command line added to its measures.

    Raises:
        UsageError: one can't be read, or one is given twice.
    """
    extra = [parse_cut(text, start=start, scope=scope) for text in texts]
    try:
        return scenario.with_measures(extra)
    except ValidationError as error:
        said = error.errors()[0]["msg"].removeprefix("Value error, ")
        raise UsageError(f"--cut: {said}.", "Give each cut once.") from error


def _explained(name: str, error: ValidationError) -> InputError:
    """Turn the first finding of pydantic into one sentence with file, key and what is allowed."""
    first = error.errors()[0]
    where = [part for part in first["loc"] if part != "function-after"]
    key = _key(where)
    if first["type"] == "extra_forbidden":
        allowed = ", ".join(_allowed(where[:-1]))
        return InputError(
            f"{name}: {key} is not a known key.", f"Allowed here: {allowed}. Remove or rename it."
        )
    if first["type"] == "missing":
        return InputError(f"{name}: {key} is missing.", "Add it.")
    text = first["msg"].removeprefix("Value error, ").replace("Input should be", "it should be")
    text = text.rstrip(".")
    shown = repr(first["input"])
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    if first["type"] == "value_error" and isinstance(first["input"], dict):
        return InputError(f"{name}: {key}: {text}.", "Correct the values there.")
    return InputError(f"{name}: {key} = {shown} is not allowed: {text}.", "Correct the value.")


def _key(where: Sequence[int | str]) -> str:
    """Write a location as it reads in the file: ``[[measures]] 2 cut``, ``[inventory] year``."""
    if not where:
        return "the file"
    head = str(where[0])
    if len(where) == 1 and head not in Scenario.model_fields:
        return head
    if head not in _LISTS and head not in ("inventory", "growth", "response"):
        return head
    rest = [str(part + 1) if isinstance(part, int) else part for part in where[1:]]
    return " ".join([f"[[{head}]]" if head in _LISTS else f"[{head}]", *rest])


def _allowed(where: Sequence[int | str]) -> list[str]:
    """Return the keys that the model at this location knows."""
    model: Any = Scenario
    for part in where:
        if isinstance(part, int):
            continue
        model = model.model_fields[part].annotation
        model = next(
            (a for a in get_args(model) if isinstance(a, type) and issubclass(a, BaseModel)), model
        )
    return sorted(model.model_fields)
