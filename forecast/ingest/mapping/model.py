"""A mapping: what the columns of a user's own table are, written in TOML.

Unknown keys are errors, and so is a setting that would do nothing. Every column named must be in the
header; every unit must have an exact way to that of its item. A mapping lies in the workspace's folder
``mappings``; a file whose header is that of a mapping is read by it.

A table with a column for each item::

    table = "air_daily"
    [match]
    header = ["日期", "城市", "PM2.5(ug/m3)", "CO(mg/m3)"]
    [region]
    column = "城市"
    [time]
    columns = ["日期"]
    [items.pm25]
    column = "PM2.5(ug/m3)"
    unit = "µg/m³"
    [items.co]
    column = "CO(mg/m3)"
    unit = "mg/m³"

In a long table ``[long]`` names the column of the item and that of the value, and ``[items.pm25]`` has
a ``name``, the word that stands in the column of the item, instead of a ``column``.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from forecast.ingest.files.cells import MISSING
from forecast.ingest.readers.units import conversion, known_units
from forecast.standards.items import ITEMS
from forecast.tables import HOUR_ITEMS

__all__ = [
    "EXCEL",
    "HEAD_LINES",
    "MAPPED_TABLES",
    "Database",
    "ItemColumn",
    "Long",
    "Mapping",
    "Match",
    "Reading",
    "Time",
    "Where",
    "items_of",
]

Text = Annotated[str, Field(min_length=1)]
TableName = Literal["air_daily", "air_hourly", "met_daily", "flow_daily", "water_samples"]

#: Table → the domain of its items.
MAPPED_TABLES: dict[str, str] = {
    "air_daily": "air",
    "air_hourly": "air",
    "met_daily": "met",
    "flow_daily": "flow",
    "water_samples": "water",
}

_KINDS = {
    "air_daily": ("city", "station"),
    "air_hourly": ("city", "station"),
    "met_daily": ("city", "station", "cell", "province"),
    "flow_daily": ("gauge",),
    "water_samples": ("section",),
}

#: The form of a date that is a number as Excel counts days.
EXCEL = "excel"

#: Lines in which a header is looked for.
HEAD_LINES = 21


def items_of(table: str) -> tuple[str, ...]:
    """Return the codes that ``table`` holds.

    >>> items_of("air_hourly")
    ('so2', 'no2', 'pm10', 'pm25', 'co', 'o3_1h')
    """
    if table == "air_hourly":
        return HOUR_ITEMS
    domain = MAPPED_TABLES[table]
    return tuple(code for code, item in ITEMS.items() if item.domain == domain)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Match(_Part):
    """``[match]``: the header of the files; ``header_line`` where it stands (default: found)."""

    header: Annotated[tuple[str, ...], Field(min_length=1, strict=False)]
    header_line: Annotated[int, Field(ge=1, le=HEAD_LINES)] | None = None


class Where(_Part):
    """``[region]``, ``[place]``, ``[river]``, ``[basin]``: a column, or one value for all lines."""

    column: Text | None = None
    value: Text | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.column is None) == (self.value is None):
            raise ValueError("give either column or value")
        return self


class Time(_Part):
    """``[time]``: the columns of the date and the time, and how they are written.

    ``format`` is a form of ``strptime`` for the columns joined by a blank, or ``excel`` for a number
    as Excel counts days; without it the usual forms of dates are read, with an hour (0 to 24) or a time of day in the second column.
    ``hour_label``, for hours, says whether the stamp is the end or the start of the hour. ``zone``
    is ``local`` (UTC+8) or ``utc``.
    """

    columns: Annotated[tuple[Text, ...], Field(min_length=1, max_length=6, strict=False)]
    format: Text | None = None
    hour_label: Literal["end", "start"] | None = None
    zone: Literal["local", "utc"] = "local"

    @model_validator(mode="after")
    def _readable(self) -> Self:
        if self.format is None and len(self.columns) > 2:
            raise ValueError('more than two columns need a format, such as "%Y %m %d %H"')
        if self.format == EXCEL and len(self.columns) > 1:
            raise ValueError("a number as Excel counts days is one column")
        if self.format not in (None, EXCEL) and "%" not in str(self.format):
            raise ValueError('format needs signs such as "%Y-%m-%d", or is "excel"')
        if self.format is not None and "%z" in self.format.lower():
            raise ValueError("format can't hold a zone; use zone instead")
        return self


class Reading(_Part):
    """``[read]``: further marks of "no value", the decimal sign, the version of the readings."""

    missing: Annotated[tuple[str, ...], Field(strict=False)] = ()
    zero_is_missing: bool = False
    decimal: Literal[".", ","] = "."
    version: Literal["unknown", "realtime", "audited", "generated"] = "unknown"

    @field_validator("missing")
    @classmethod
    def _needed(cls, marks: tuple[str, ...]) -> tuple[str, ...]:
        for mark in marks:
            if mark.strip().lower() in MISSING:
                raise ValueError(f"{mark!r} is read as missing anyway; leave it out")
        return marks


class ItemColumn(_Part):
    """``[items.<code>]``: where the item stands, and its unit in the file."""

    column: Text | None = None
    name: Text | None = None
    unit: Text


class Long(_Part):
    """``[long]``: the columns of a table with one line a value; ``unit`` is checked where given."""

    item: Text
    value: Text
    unit: Text | None = None


class Database(_Part):
    """``[database]``: a query whose result is the table.

    The address is in the environment variable ``url_env``; only one without a password may stand
    here as ``url``.
    """

    url_env: Text | None = None
    url: Text | None = None
    query: Text

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.url is None) == (self.url_env is None):
            raise ValueError("give either url_env or url")
        return self


class Mapping(_Part):
    """One mapping; see the head of this module.

    Attributes:
        name: the file's name without ending, unless it says another.
        confirmed: False while a person has to decide something; nothing is read until then.
    """

    format: Literal[1] = 1
    name: str = ""
    table: TableName
    confirmed: bool = True
    place_kind: str = ""
    match: Match | None = None
    region: Where | None = None
    place: Where | None = None
    river: Where | None = None
    basin: Where | None = None
    time: Time
    read: Reading = Reading()
    long: Long | None = None
    items: Annotated[dict[str, ItemColumn], Field(min_length=1)]
    database: Database | None = None

    @property
    def kind(self) -> str:
        """The kind of its places."""
        if self.place_kind:
            return self.place_kind
        kinds = _KINDS[self.table]
        return kinds[0] if len(kinds) == 1 or self.place is None else "station"

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column it names."""
        found = [*self.time.columns]
        wheres = (self.region, self.place, self.river, self.basin)
        found += [where.column for where in wheres if where is not None and where.column]
        if self.long is not None:
            found += [self.long.item, self.long.value]
            if self.long.unit is not None:
                found.append(self.long.unit)
        found += [one.column for one in self.items.values() if one.column is not None]
        return tuple(found)

    @model_validator(mode="after")
    def _items_fit(self) -> Self:
        known = items_of(self.table)
        for code, one in self.items.items():
            if code not in known:
                raise ValueError(
                    f"items.{code}: {self.table} has no such item; it has {', '.join(known)}"
                )
            if conversion(one.unit, ITEMS[code].unit) is None:
                raise ValueError(
                    f"items.{code}: there is no exact way from {one.unit} to {ITEMS[code].unit}; "
                    f"units that can be read: {', '.join(known_units(code))}"
                )
            if self.long is None and (one.column is None or one.name is not None):
                raise ValueError(f"items.{code} needs a column, and a name only with [long]")
            if self.long is not None and (one.name is None or one.column is not None):
                raise ValueError(
                    f"items.{code} needs a name instead of a column, as [long] is given"
                )
        return self

    @model_validator(mode="after")
    def _table_fits(self) -> Self:
        hours = self.table == "air_hourly"
        if hours != (self.time.hour_label is not None):
            raise ValueError(
                "time.hour_label must be end or start for air_hourly"
                if hours
                else f"time.hour_label means nothing for {self.table}"
            )
        if self.time.zone == "utc" and self.table in ("air_daily", "flow_daily"):
            raise ValueError(f"days of {self.table} are local days, so time.zone can't be utc")
        if self.place is None and self.table in ("flow_daily", "water_samples"):
            raise ValueError(f"{self.table} needs a place")
        if self.place_kind and self.place_kind not in _KINDS[self.table]:
            raise ValueError(f"place_kind must be one of {', '.join(_KINDS[self.table])}")
        if self.table != "water_samples" and (self.river or self.basin):
            raise ValueError(f"river and basin mean nothing for {self.table}")
        return self

    @model_validator(mode="after")
    def _columns_are_there(self) -> Self:
        names = self.columns
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"column {twice[0]} is used twice")
        if self.match is None:
            if self.database is None:
                raise ValueError("match.header is missing")
            return self
        for name in names:
            if name not in self.match.header:
                raise ValueError(f"column {name} is not in match.header")
        return self
