"""``forecast.toml``: every setting of a workspace, validated."""

from __future__ import annotations

import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from forecast.configuration_alerts import AlertSettings
from forecast.configuration_paths import PathSettings, check_inside, check_shared
from forecast.configuration_retention import RetentionSettings
from forecast.configuration_schedule import ScheduleSettings
from forecast.errors import WorkspaceError
from forecast.standards.items import AIR_ITEMS, WATER_ITEMS

__all__ = ["Config", "SectionSet"]


class _Part(BaseModel):
    """A table of the configuration: unknown keys are errors, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class General(_Part):
    """``[workspace]``: the name printed on reports, the time zone of readings, the language."""

    name: str = ""
    timezone: str = "Asia/Shanghai"
    lang: Literal["zh", "en"] = "zh"
    sample: bool = False

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise ValueError("no such time zone; give one such as Asia/Shanghai") from error
        return value


class Run(_Part):
    """``[run]``: how many paths, from which seed, on how many processes, by which model, how far.

    ``weather`` lets the default model take the weather of past days into account; ``cluster`` is the
    address of a Dask scheduler, empty for this machine alone; ``cluster_tables`` is where a copy of
    the tables is put for its workers (``s3://…``), empty where they see the workspace's folder.
    """

    paths: Annotated[int, Field(ge=1, le=1_000_000)] = 2000
    seed: Annotated[int, Field(ge=0)] = 20150101
    jobs: Annotated[int, Field(ge=0)] = 0
    cluster: str = ""
    cluster_tables: str = ""
    model: Annotated[str, Field(min_length=1)] = "seasonal"
    weather: bool = True
    outlook: bool = True

    @field_validator("cluster_tables")
    @classmethod
    def _address(cls, value: str) -> str:
        return check_shared(value) if value else value


class Standards(_Part):
    """``[standards]``: versions that override the choice by date, and the ratio's denominator."""

    aqi: Literal["", "HJ 633-2012", "HJ 633-2026"] = ""
    limits: Literal["", "GB 3095-2012", "GB 3095-2026", "GB 3095-2026 final"] = ""
    denominator: Literal["valid", "calendar"] = "valid"


class Thresholds(_Part):
    """``[thresholds]``: from which probability a target is LIKELY, below which UNLIKELY."""

    likely: Annotated[float, Field(gt=0, lt=1)] = 0.8
    unlikely: Annotated[float, Field(gt=0, lt=1)] = 0.2

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.unlikely >= self.likely:
            raise ValueError("unlikely must be below likely")
        return self


class Water(_Part):
    """``[water]``: how a plan's 稳定 (stably) is read where neither it nor a standard says so.

    ``stable``: ``all_months``, ``annual_mean`` or ``share_of_months`` with ``stable_share`` [%].
    """

    stable: Literal["all_months", "annual_mean", "share_of_months"] = "all_months"
    stable_share: Annotated[float, Field(gt=0, le=100)] = 80.0


class Regions(_Part):
    """``[regions.aliases]``: another name of a region → the name its data carry."""

    aliases: dict[str, str] = {}


class SectionSet(_Part):
    """``[[section_sets]]``: the sections a share is counted over, between two dates."""

    name: Annotated[str, Field(min_length=1)]
    region: Annotated[str, Field(min_length=1)]
    sections: Annotated[list[str], Field(min_length=1)]
    valid_from: date | None = None
    valid_to: date | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if len(set(self.sections)) != len(self.sections):
            raise ValueError("a section is listed twice")
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise ValueError("valid_to is before valid_from")
        return self


class RegionGroup(_Part):
    """``[[region_groups]]``: regions whose futures are drawn together and judged as one."""

    name: Annotated[str, Field(min_length=1)]
    members: Annotated[list[str], Field(min_length=2)]

    @field_validator("members")
    @classmethod
    def _each_once(cls, value: list[str]) -> list[str]:
        if len(set(value)) != len(value):
            raise ValueError("a member is listed twice")
        return value


class ExceptionalSpan(_Part):
    """``[[exceptional_spans]]``: days that say little of other years; they count with a weight."""

    first: date
    last: date
    weight: Annotated[float, Field(gt=0, le=1)] = 0.1
    region: str = ""
    items: list[Literal["so2", "no2", "pm10", "pm25", "co", "o3_8h"]] = []
    reason: str = ""

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last < self.first:
            raise ValueError("last is before first")
        return self


class Break(_Part):
    """``[[breaks]]``: from this day on readings stand on another footing, as after a move.

    With a ``section`` it is of that section's water; else of the region's air, and of the water of
    all its sections for items of water that are listed.
    """

    day: date
    region: Annotated[str, Field(min_length=1)]
    section: str = ""
    items: list[str] = []
    reason: str = ""

    @model_validator(mode="after")
    def _known_items(self) -> Self:
        allowed = WATER_ITEMS if self.section else (*AIR_ITEMS, *WATER_ITEMS)
        unknown = [item for item in self.items if item not in allowed]
        if unknown:
            raise ValueError(f"items: {unknown[0]} is none of {', '.join(allowed)}")
        return self


class DrySpell(_Part):
    """A span in which a section carried no water."""

    first: date
    last: date

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.last < self.first:
            raise ValueError("last is before first")
        return self


class Section(_Part):
    """``[[sections]]``: what is known of a section, a source or a groundwater point.

    Empty values leave what the readings say.
    """

    region: Annotated[str, Field(min_length=1)]
    name: Annotated[str, Field(min_length=1)]
    other_names: list[str] = []
    kind: Literal["", "section", "source", "groundwater"] = ""
    water_type: Literal["", "river", "lake"] = ""
    own_class: Literal["", "I", "II", "III", "IV", "V"] = ""
    gauge: str = ""
    moved: date | None = None
    background: list[str] = []
    dry: list[DrySpell] = []

    @field_validator("background")
    @classmethod
    def _known_items(cls, value: list[str]) -> list[str]:
        unknown = [item for item in value if item not in WATER_ITEMS]
        if unknown:
            raise ValueError(f"{unknown[0]} is none of {', '.join(WATER_ITEMS)}")
        return value

    @field_validator("other_names")
    @classmethod
    def _each_once(cls, value: list[str]) -> list[str]:
        if len(set(value)) != len(value):
            raise ValueError("a name is listed twice")
        return value


class Report(_Part):
    """``[report]``: who hands the review in, its chapters in order, the Word file it is set in.

    ``charts``: of which regions a run draws full charts: ``auto``, ``all``, or of how many.
    """

    organisation: str = ""
    chapters: list[str] = []
    template: str = ""
    charts: str | int = "auto"

    @field_validator("charts", mode="before")
    @classmethod
    def _some_charts(cls, value: Any) -> Any:
        number = isinstance(value, int) and not isinstance(value, bool) and value >= 0
        if value not in ("auto", "all") and not number:
            raise ValueError('give "auto", "all" or a number of regions from 0')
        return value


class Plans(_Part):
    """``[plans]``: which plans apply (none: all that name a region of the data), and where more are."""

    names: list[str] = []
    folder: str = "plans"


class Config(_Part):
    """All of ``forecast.toml``. Every value has a default, so an empty file is valid."""

    workspace: General = General()
    run: Run = Run()
    standards: Standards = Standards()
    thresholds: Thresholds = Thresholds()
    water: Water = Water()
    regions: Regions = Regions()
    section_sets: list[SectionSet] = []
    region_groups: list[RegionGroup] = []
    exceptional_spans: list[ExceptionalSpan] = []
    breaks: list[Break] = []
    sections: list[Section] = []
    plans: Plans = Plans()
    report: Report = Report()
    schedule: ScheduleSettings = ScheduleSettings()
    alerts: AlertSettings = AlertSettings()
    retention: RetentionSettings = RetentionSettings()
    paths: PathSettings = PathSettings()

    @model_validator(mode="after")
    def _inside(self) -> Self:
        check_inside("[plans] folder", self.plans.folder, self.paths.outside)
        check_inside("[report] template", self.report.template, self.paths.outside)
        return self

    @model_validator(mode="after")
    def _sections_once(self) -> Self:
        seen: set[tuple[str, str]] = set()
        for section in self.sections:
            for name in (section.name, *section.other_names):
                if (section.region, name) in seen:
                    raise ValueError(f"sections: {name} of {section.region} is named twice")
                seen.add((section.region, name))
        return self

    @classmethod
    def load(cls, path: Path) -> Config:
        """Read a configuration file.

        Raises:
            WorkspaceError: not TOML, an unknown key, or a value that is not allowed; the message
                names the file, the key and what is allowed.
        """
        try:
            return cls.model_validate(tomllib.loads(path.read_bytes().decode("utf-8-sig")))
        except UnicodeDecodeError as error:
            raise WorkspaceError(f"{path} is not UTF-8 text.", "Save it as UTF-8.") from error
        except tomllib.TOMLDecodeError as error:
            raise WorkspaceError(
                f"{path} is not valid TOML: {error}.",
                "Text values need quotes; compare with the comments in the file.",
            ) from error
        except ValidationError as error:
            raise _explained(path, error) from error
        except OSError as error:
            raise WorkspaceError(
                f"{path} can't be read ({error.strerror or error}).", "Check its permissions."
            ) from error


def _explained(path: Path, error: ValidationError) -> WorkspaceError:
    """Turn the first finding of pydantic into one sentence with file, key and what is allowed."""
    first = error.errors()[0]
    where = [part for part in first["loc"] if part != "function-after"]
    key = _key(where)
    kind = first["type"]
    if kind == "extra_forbidden":
        allowed = ", ".join(_allowed(where[:-1]))
        return WorkspaceError(
            f"{path}: {key} is not a known key.", f"Allowed here: {allowed}. Remove or rename it."
        )
    if kind == "missing":
        return WorkspaceError(f"{path}: {key} is missing.", "Add it.")
    text = first["msg"].removeprefix("Value error, ").replace("Input should be", "it should be")
    # This sentence goes into logs.
    shown = re.sub(r"(://[^/@\s:]*:)[^/@\s]*@", r"\1***@", repr(first["input"]))
    shown = shown if len(shown) <= 60 else shown[:57] + "..."
    if kind == "value_error" and isinstance(first["input"], dict):
        return WorkspaceError(f"{path}: {key}: {text}.", "Correct the values there.")
    return WorkspaceError(f"{path}: {key} = {shown} is not allowed: {text}.", "Correct the value.")


#: Parts of the file that are lists of tables.
_LISTS = ("section_sets", "region_groups", "exceptional_spans", "breaks", "sections")


def _key(where: list[int | str]) -> str:
    """Write a location as it reads in the file: ``[run] paths``, ``[[section_sets]] 2 name``."""
    if not where:
        return "the file"
    head = str(where[0])
    rest = [str(part + 1) if isinstance(part, int) else part for part in where[1:]]
    return " ".join([f"[[{head}]]" if head in _LISTS else f"[{head}]", *rest])


def _allowed(where: list[int | str]) -> list[str]:
    """Return the keys that the model at this location knows."""
    model: Any = Config
    for part in where:
        if isinstance(part, int):
            continue
        model = model.model_fields[part].annotation
        model = get_args(model)[0] if get_args(model) else model
    return sorted(model.model_fields)
