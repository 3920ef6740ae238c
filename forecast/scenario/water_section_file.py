"""Reads sections, inflows and sources from the tables of a TOML file.

``[[water_sections]]``, ``[[water_inflows]]`` and ``[[water_sources]]``; an inflow or a source names
its section. Unknown keys are errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from forecast.errors import InputError
from forecast.scenario.water_load import tonnes_per_year
from forecast.scenario.water_sections import WaterInflow, WaterSection, WaterSource, Yearly

__all__ = ["WATER_TABLES", "read_water_sections"]

#: The tables of a scenario file that this module reads.
WATER_TABLES: tuple[str, ...] = ("water_sections", "water_inflows", "water_sources")

_Number = float | tuple[float, ...]
Row = TypeVar("Row", bound="_Row")


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _SectionRow(_Row):
    name: str = Field(min_length=1)
    water_type: Literal["river", "lake"] = "river"
    flow_m3s: _Number | None = None
    velocity_ms: _Number | None = None
    temperature_c: _Number | None = None
    residence_years: float | None = None
    gated: bool = False
    observed_mgl: dict[str, _Number] = {}
    background_mgl: dict[str, float] = {}
    decay_per_day: dict[str, float] = {}


class _Member(_Row):
    section: str
    name: str = Field(min_length=1)


class _InflowRow(_Member):
    concentration_mgl: dict[str, _Number]
    flow_m3s: _Number | None = None
    flow_share: float | None = None
    distance_km: float = 0.0


class _SourceRow(_Member):
    kind: str
    load: dict[str, float]
    unit: str = "t/yr"
    distance_km: float = 0.0
    delivery: float = 1.0
    in_river: float | None = None


def read_water_sections(
    raw: Mapping[str, Any], *, file: str = "", others: bool = False
) -> tuple[WaterSection, ...]:
    """Sections described in the tables of a parsed TOML file.

    Args:
        raw: the file as ``tomllib`` reads it.
        file: its name, for errors.
        others: whether the file may hold tables beside :data:`WATER_TABLES`.

    Returns:
        One :class:`WaterSection` a row of ``[[water_sections]]``, in their order; none for none.

    Raises:
        InputError: a key is unknown, a value can't be, or a row names a section that is not there.
    """
    file = f"{file}: " if file else ""
    if not others:
        for key in raw:
            if key not in WATER_TABLES:
                raise InputError(
                    f"{file}the table {key!r} is not known.",
                    f"Known tables: {', '.join(WATER_TABLES)}.",
                )
    sections = _rows(raw, "water_sections", _SectionRow, file)
    inflows = _rows(raw, "water_inflows", _InflowRow, file)
    sources = _rows(raw, "water_sources", _SourceRow, file)
    names = [s.name for s in sections]
    for name in names:
        if names.count(name) > 1:
            raise InputError(
                f"{file}the section {name!r} is described twice.", "Keep one of the two."
            )
    members: list[_Member] = [*inflows, *sources]
    for row in members:
        if row.section not in names:
            raise InputError(
                f"{file}{row.name!r} belongs to the section {row.section!r}, which is not described.",
                f"Add it under [[water_sections]]; described are {', '.join(names) or 'none'}.",
            )
    try:
        return tuple(
            WaterSection(
                s.name, tuple(_source(r) for r in sources if r.section == s.name),
                tuple(_inflow(r) for r in inflows if r.section == s.name),
                flow=s.flow_m3s, velocity=s.velocity_ms, temperature=s.temperature_c,
                water_type=s.water_type, residence=s.residence_years, gated=s.gated,
                observed=_yearly(s.observed_mgl), background=s.background_mgl, decay=s.decay_per_day,
            )
            for s in sections
        )  # fmt: skip
    except InputError as error:
        raise InputError(f"{file}{error.message}", error.cure) from error


def _yearly(values: Mapping[str, _Number]) -> dict[str, Yearly]:
    return dict(values)


def _source(row: _SourceRow) -> WaterSource:
    try:
        loads = {item: tonnes_per_year(value, row.unit) for item, value in row.load.items()}
    except InputError as error:
        raise InputError(f"Water source {row.name!r}: {error.message}", error.cure) from error
    return WaterSource(row.name, row.kind, loads, row.distance_km, row.delivery, row.in_river)


def _inflow(row: _InflowRow) -> WaterInflow:
    return WaterInflow(
        row.name, _yearly(row.concentration_mgl), row.flow_m3s, row.flow_share, row.distance_km
    )


def _rows(raw: Mapping[str, Any], table: str, model: type[Row], file: str) -> list[Row]:
    rows = raw.get(table, [])
    if not isinstance(rows, list) or not all(isinstance(r, Mapping) for r in rows):
        raise InputError(
            f"{file}{table} is not a list of tables.", f"Write each as [[{table}]] on a line."
        )
    made = []
    for number, row in enumerate(rows, 1):
        try:
            made.append(model.model_validate(row))
        except ValidationError as error:
            where = f"{file}{table} {str(row.get('name') or f'number {number}')!r}"
            raise InputError(*_explained(error, model, where)) from error
    return made


def _explained(error: ValidationError, model: type[_Row], where: str) -> tuple[str, str]:
    """One sentence and its cure for the first thing that is wrong with a row."""
    first = error.errors()[0]
    key = ".".join(str(p) for p in first["loc"] if not str(p).startswith(("tuple", "float")))
    known = ", ".join(model.model_fields)
    if first["type"] == "extra_forbidden":
        return f"{where} has the unknown key {key!r}.", f"Known keys: {known}."
    if first["type"] == "missing":
        return f"{where} lacks the key {key!r}.", f"Add it; known keys: {known}."
    return f"{where}: {key} is {first.get('input')!r}, which it can't be.", f"{first['msg']}."
