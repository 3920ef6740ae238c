"""What a scenario file says, as validated tables: measures, growth, inventory, what has no factor."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from forecast.errors import ForecastError
from forecast.scenario.inventory_units import Amount, parse_amount
from forecast.scenario.pollutants import POLLUTANTS, WATER_POLLUTANTS, pollutant_of
from forecast.scenario.response_model import ResponseChoice
from forecast.scenario.water_section_file import WATER_TABLES, read_water_sections
from forecast.scenario.water_sections import WaterSection

__all__ = [
    "Compliance",
    "Grade",
    "InventoryChoice",
    "InventoryRow",
    "Measure",
    "NoFactor",
    "PastChange",
    "Scenario",
]

#: How well a figure is founded.
Grade = Literal["verified", "secondary", "judgement", "from memory", "user"]

Season = Literal["all", "heating", "warm", "cold"]
_Text = Annotated[str, Field(min_length=1)]
#: Years of emissions and of measures that make sense.
_Year = Annotated[int, Field(ge=1990, le=2060)]
#: The largest rise that any response covers [%].
_MOST_RISE = 50.0


def _checked(text: str, what: str) -> Amount:
    try:
        return parse_amount(text, what=what)
    except ForecastError as error:
        raise ValueError(
            f"{error.message.removeprefix(f'{what}: ').rstrip('.')}. {error.cure}".rstrip(".")
        ) from error


class _Part(BaseModel):
    """A table of a scenario file: unknown keys are errors, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Compliance(_Part):
    """How much of a cut on paper is a cut in the air: a Beta distribution between two bounds [1].

    The default is judgement: mean 0.85 between 0.6 and 1. ``concentration`` is the sum of the two
    parameters of the Beta; the larger, the narrower.
    """

    mean: Annotated[float, Field(gt=0, le=1)] = 0.85
    low: Annotated[float, Field(ge=0, le=1)] = 0.6
    high: Annotated[float, Field(gt=0, le=1)] = 1.0
    concentration: Annotated[float, Field(gt=0, le=10_000)] = 4.0

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not (self.low < self.mean < self.high or self.low == self.mean == self.high):
            raise ValueError("mean must lie between low and high")
        return self

    @classmethod
    def full(cls) -> Self:
        """Return the compliance of a cut that is one of the emission itself: exactly 1."""
        return cls(mean=1.0, low=1.0, high=1.0)


class InventoryChoice(_Part):
    """``[inventory]``: which year and source of the workspace's inventory, and its 95 % ranges [%]."""

    year: _Year | None = None
    source: str = ""
    ranges: dict[str, tuple[float, float]] = {}
    months: dict[str, list[float]] = {}

    @field_validator("ranges", mode="before")
    @classmethod
    def _known_ranges(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        found = {}
        for name, ends in value.items():
            pollutant = pollutant_of(str(name))
            if pollutant is None:
                raise ValueError(f"{name} is no pollutant")
            if (
                not isinstance(ends, (list, tuple))
                or len(ends) != 2
                or not all(isinstance(end, (int, float)) for end in ends)
            ):
                raise ValueError(f"{name} needs two numbers, such as [-17, 15]")
            low, high = float(ends[0]), float(ends[1])
            if not -100.0 < low <= 0.0 <= high <= 300.0:
                raise ValueError(f"{name}: the range runs from below 0 to above 0 %")
            found[pollutant] = (low, high)
        return found

    @field_validator("months")
    @classmethod
    def _twelve(cls, value: dict[str, list[float]]) -> dict[str, list[float]]:
        for name, weights in value.items():
            if len(weights) != 12 or min(weights) < 0.0 or sum(weights) <= 0.0:
                raise ValueError(f"{name} needs twelve weights, none below 0, January first")
        return value


class InventoryRow(_Part):
    """``[[emissions]]``: one emission written into the file itself [such as ``6700 t``]."""

    year: _Year
    sector: _Text = "total"
    pollutant: str
    amount: str
    quote: str = ""
    source: str = ""
    grade: Grade = "user"

    @field_validator("pollutant")
    @classmethod
    def _known(cls, value: str) -> str:
        return _pollutant(value)

    @field_validator("amount")
    @classmethod
    def _tonnes(cls, value: str) -> str:
        if _checked(value, "amount").unit != "t":
            raise ValueError("an emission is in tonnes, not in %")
        return value

    @property
    def tonnes(self) -> float:
        """The amount [t/yr]."""
        return parse_amount(self.amount).value


def _pollutant(word: str) -> str:
    found = pollutant_of(word)
    if found is None:
        raise ValueError(
            f"{word!r} is no pollutant; pollutants are {', '.join(POLLUTANTS + WATER_POLLUTANTS)}"
        )
    return found


class Measure(_Part):
    """``[[measures]]``: who emits less of what, how much, from when.

    ``cut`` is in percent of the projected emission or in tonnes a year. With ``against`` the
    emission ends that much below the level of that year; without, that much is taken from what
    would be emitted otherwise. ``rise`` in place of ``cut`` is an increase.
    """

    name: _Text
    sector: _Text = "all"
    pollutants: list[str] = Field(default_factory=lambda: list(POLLUTANTS))
    cut: str = ""
    rise: str = ""
    against: _Year | None = None
    start: date
    full: date | None = None
    shape: Literal["step", "linear", "s_curve"] = "step"
    season: Season | list[int] = "all"
    scope: Literal["city", "region"] = "city"
    compliance: Compliance = Compliance()
    quote: str = ""
    source: str = ""
    grade: Grade = "user"
    note: str = ""

    @field_validator("cut", "rise", mode="before")
    @classmethod
    def _with_unit(cls, value: Any) -> Any:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            raise ValueError(
                f'it has no unit, so it could be %, t or 10⁴ t; write "{value}%" or "{value} t"'
            )
        return value

    @field_validator("pollutants", mode="before")
    @classmethod
    def _known(cls, value: Any) -> Any:
        words = [value] if isinstance(value, str) else value
        if words in (["all"], ["全部"]):
            return list(POLLUTANTS)
        if not isinstance(words, list) or not words or not all(isinstance(w, str) for w in words):
            raise ValueError('give a list such as ["NOx", "VOC"], or "all"')
        found = [_pollutant(word) for word in words]
        if len(set(found)) != len(found):
            raise ValueError("a pollutant is listed twice")
        return found

    @field_validator("compliance", mode="before")
    @classmethod
    def _number(cls, value: Any) -> Any:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return {"mean": float(value), "low": float(value), "high": float(value)}
        return value

    @field_validator("season", mode="before")
    @classmethod
    def _months(cls, value: Any) -> Any:
        if isinstance(value, str) and value in get_args(Season):
            return value
        months = value if isinstance(value, list) else []
        numbers = [m for m in months if type(m) is int and 1 <= m <= 12]
        if not numbers or numbers != months or len(set(numbers)) != len(numbers):
            raise ValueError(
                f"give {', '.join(get_args(Season))}, or each month of the season once, such as "
                "[11, 12, 1, 2, 3]"
            )
        return value

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if bool(self.cut) == bool(self.rise):
            raise ValueError("give either cut or rise")
        written = self.cut or self.rise
        amount = _checked(written, "cut" if self.cut else "rise")
        # Against a past year nothing is cut of it, but all that has come on top.
        if amount.value == 0.0 and self.against is None:
            kind = "cut" if self.cut else "rise"
            raise ValueError(f"{kind} = {written!r} changes nothing; leave the measure out")
        if amount.unit == "%" and self.cut and amount.value > 100.0:
            raise ValueError(f"cut = {written!r} is over 100 % of the emission")
        if self.rise and amount.unit == "%" and amount.value > _MOST_RISE:
            raise ValueError(f"rise = {written!r} is over 50 %, beyond what any response covers")
        if self.rise and self.against is not None:
            raise ValueError("against goes with cut; a rise is one of the projected emission")
        if self.full is not None and self.full < self.start:
            raise ValueError("full is before start")
        if self.shape != "step" and self.full is None:
            raise ValueError(f"shape = {self.shape!r} needs full, the day of the full effect")
        if self.shape == "step" and self.full not in (None, self.start):
            raise ValueError('shape = "step" acts in full from start; remove full or choose linear')
        if amount.unit == "t" and len(self.pollutants) != 1:
            raise ValueError("tonnes are of one pollutant; write one measure for each")
        return self

    @property
    def amount(self) -> Amount:
        """The cut or rise, in percent or tonnes, positive."""
        return parse_amount(self.cut or self.rise)

    @property
    def sign(self) -> float:
        """1 for a cut, −1 for a rise."""
        return 1.0 if self.cut else -1.0

    @property
    def of_air(self) -> bool:
        """Whether the measure names a pollutant of the air."""
        return any(p in POLLUTANTS for p in self.pollutants)

    @property
    def of_everything(self) -> bool:
        """Whether all pollutants of the air fall alike."""
        return set(self.pollutants) >= set(POLLUTANTS)


class NoFactor(_Part):
    """``[[not_quantifiable]]``: a lever of a plan for which no cut can be given, and why."""

    lever: _Text
    lever_en: str = ""
    reason: _Text
    reason_en: str = ""
    value: str = ""
    unit: str = ""
    year: str = ""
    quote: str = ""


class PastChange(_Part):
    """``[[past_changes]]``: how an emission changed between two years, for the hindcast [%]."""

    pollutant: str
    from_year: _Year | None = None
    to_year: _Year
    change_percent: Annotated[float, Field(ge=-100, le=300)]
    quote: str = ""
    grade: Grade = "user"

    @field_validator("pollutant")
    @classmethod
    def _known(cls, value: str) -> str:
        return _pollutant(value)

    @model_validator(mode="after")
    def _forwards(self) -> Self:
        if self.from_year is not None and self.from_year >= self.to_year:
            raise ValueError("from_year must lie before to_year")
        return self


class Scenario(_Part):
    """All of a scenario file.

    ``water_sections``, ``water_inflows`` and ``water_sources`` describe what stands above the
    sections; the water response reads and checks them itself (``water``). ``response`` is what the
    city knows better than the defaults of the air response.
    """

    format: Literal[1] = 1
    name: _Text
    name_en: str = ""
    region: _Text
    source: str = ""
    note: str = ""
    inventory: InventoryChoice = InventoryChoice()
    growth: dict[str, Annotated[float, Field(ge=-30, le=30)]] = {}
    emissions: list[InventoryRow] = []
    measures: list[Measure] = []
    not_quantifiable: list[NoFactor] = []
    past_changes: list[PastChange] = []
    response: ResponseChoice = ResponseChoice()
    water_sections: list[dict[str, Any]] = []
    water_inflows: list[dict[str, Any]] = []
    water_sources: list[dict[str, Any]] = []

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        names: set[str] = set()
        seen: dict[tuple[object, ...], str] = {}
        for measure in self.measures:
            if measure.name in names:
                raise ValueError(f"two measures are named {measure.name!r}")
            names.add(measure.name)
            for pollutant in measure.pollutants:
                key = (
                    measure.sector, pollutant, measure.cut, measure.rise, measure.start,
                    measure.full, str(measure.season), measure.scope,
                )  # fmt: skip
                if key in seen:
                    raise ValueError(
                        f"{measure.name!r} and {seen[key]!r} are the same cut of {pollutant}, listed "
                        "twice"
                    )
                seen[key] = measure.name
        rows: set[tuple[int, str, str]] = set()
        for row in self.emissions:
            if (row.year, row.sector, row.pollutant) in rows:
                raise ValueError(f"emissions: {row.pollutant} of {row.sector} is listed twice")
            rows.add((row.year, row.sector, row.pollutant))
        return self

    def water(self, *, file: str = "") -> tuple[WaterSection, ...]:
        """Return the sections described in the file; ``file`` stands for it in errors.

        Raises:
            InputError: a key is unknown, a value can't be, or a row names a section that isn't there.
        """
        return read_water_sections({name: getattr(self, name) for name in WATER_TABLES}, file=file)

    def own_emissions(self) -> dict[int, dict[str, dict[str, float]]]:
        """Return the emissions written into the file: year → sector → pollutant → t/yr."""
        found: dict[int, dict[str, dict[str, float]]] = {}
        for row in self.emissions:
            found.setdefault(row.year, {}).setdefault(row.sector, {})[row.pollutant] = row.tonnes
        return found

    def with_measures(self, extra: Mapping[str, Measure] | list[Measure]) -> Self:
        """Return the scenario with further measures, checked as a whole.

        Raises:
            pydantic.ValidationError: a name or a cut stands in it already.
        """
        more = list(extra.values()) if isinstance(extra, Mapping) else extra
        return type(self).model_validate({**dict(self), "measures": [*self.measures, *more]})
