"""``[response]`` of a scenario file: what a city knows better than the defaults of the air response."""

from __future__ import annotations

import math
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, field_validator, model_validator

from forecast.scenario.air_defaults import air_priors
from forecast.scenario.ozone import REGIMES
from forecast.scenario.priors import prior

__all__ = ["SHARES", "RegimeChances", "ResponseChoice", "SeasonValues"]

#: Measured shares of PM2.5 that can be given; the first four are parts of one whole.
SHARES = ("primary", "inorganic", "organic", "background", "nitrate_cold")
#: What rounding may add to a sum of shares or chances.
_ROUNDING = 0.02


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _numbers(value: Any, count: int) -> list[float] | None:
    """The numbers of a list of that length; None where it is something else."""
    if not isinstance(value, (list, tuple)) or len(value) != count or not all(map(_number, value)):
        return None
    return [float(v) for v in value]


class _Part(BaseModel):
    """A table of a scenario file: unknown keys are errors, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class SeasonValues(_Part):
    """One number for April to September, one for October to March, or one of both."""

    warm: float | None = None
    cold: float | None = None

    @model_validator(mode="after")
    def _above_zero(self) -> SeasonValues:
        for name, value in (("warm", self.warm), ("cold", self.cold)):
            if value is not None and not (value > 0 and math.isfinite(value)):
                raise ValueError(f"{name} = {value} must lie above 0")
        if self.warm is None and self.cold is None:
            raise ValueError("give warm, cold or both")
        return self

    def of(self, season: str) -> float | None:
        """The number of a season; None where it is not given."""
        return self.warm if season == "warm" else self.cold


class RegimeChances(_Part):
    """Probabilities of the ozone regimes: saturated, transitional, limited, for each season given."""

    warm: tuple[float, float, float] | None = None
    cold: tuple[float, float, float] | None = None

    @field_validator("warm", "cold", mode="before")
    @classmethod
    def _three(cls, value: Any) -> Any:
        if value is None:
            return None
        found = _numbers(value, len(REGIMES))
        if found is None or min(found) < 0 or abs(sum(found) - 1.0) > _ROUNDING:
            raise ValueError(
                f"give three probabilities that add to 1: {', '.join(REGIMES)}, such as "
                "[0.5, 0.3, 0.2]"
            )
        return tuple(v / sum(found) for v in found)

    def of(self, season: str) -> tuple[float, float, float] | None:
        """The probabilities of a season; None where they are not given."""
        return self.warm if season == "warm" else self.cold


class ResponseChoice(_Part):
    """``[response]``: a city's own numbers of the air response, and which model answers.

    Attributes:
        pm25_model: ``auto``: components, or sectors where a package knows sectors only.
        uptake: let O3 answer the fall of PM2.5 (radical uptake; hardly known).
        overrides: parameter → its value, or the ends of its 80 % range.
        regimes: probabilities of the ozone regimes by season.
        hcho_no2: ratio of the satellite columns of HCHO and NO2 by season.
        no2: mean NO2 by season [µg/m³], for the rule of the Pearl River Delta.
        no2_from_record: take these means from the last year of the record.
        suburban: a suburb or a small town, whose summers are nearer to NOx-limited.
        components: measured share of PM2.5 → value and standard error [1].
        model_runs: CSV table of runs of another model, relative to the scenario file.
    """

    pm25_model: Literal["auto", "components", "sectors"] = "auto"
    uptake: bool = False
    overrides: dict[str, float | tuple[float, float]] = {}
    regimes: RegimeChances | None = None
    hcho_no2: SeasonValues | None = None
    no2: SeasonValues | None = None
    no2_from_record: bool = False
    suburban: bool = False
    components: dict[str, tuple[float, float]] = {}
    model_runs: str = ""

    @field_validator("overrides", mode="before")
    @classmethod
    def _known_parameters(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {str(name): _override(str(name), given) for name, given in value.items()}

    @field_validator("components", mode="before")
    @classmethod
    def _known_shares(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        found = {}
        for name, given in value.items():
            if name not in SHARES:
                raise ValueError(f"{name} is no share; shares are {', '.join(SHARES)}")
            pair = _numbers(given, 2)
            if pair is None or not (0.0 <= pair[0] <= 1.0 and 0.0 < pair[1] <= 1.0):
                raise ValueError(
                    f"{name} needs a share of PM2.5 and its standard error, both as fractions, such "
                    "as [0.35, 0.05]"
                )
            found[name] = (pair[0], pair[1])
        whole = sum(found[name][0] for name in SHARES[:4] if name in found)
        if whole > 1.0 + _ROUNDING:
            raise ValueError(f"the shares add to {whole:.2f}, more than all of PM2.5")
        return found

    @model_validator(mode="after")
    def _nothing_idle(self) -> ResponseChoice:
        if self.no2 is not None and self.no2_from_record:
            raise ValueError("give either no2 or no2_from_record")
        for season in ("warm", "cold"):
            if self.regimes is None or self.regimes.of(season) is None:
                continue
            for name, given in (("hcho_no2", self.hcho_no2), ("no2", self.no2)):
                if given is not None and given.of(season) is not None:
                    raise ValueError(
                        f"regimes.{season} stands beside {name}.{season}; give either the "
                        "probabilities or what they are to be made of"
                    )
        set_all = self.regimes is not None and None not in (self.regimes.warm, self.regimes.cold)
        if set_all and self.no2_from_record:
            raise ValueError("regimes leaves no2_from_record nothing to say")
        if self.regimes is not None and self.regimes.warm is not None and self.suburban:
            raise ValueError("regimes.warm leaves suburban nothing to say")
        if "o3_uptake" in self.overrides and not self.uptake:
            raise ValueError("overrides.o3_uptake does nothing without uptake = true")
        return self


def _override(name: str, given: Any) -> float | tuple[float, float]:
    """Check a number of the user's own against the parameter's physical range."""
    if name not in air_priors("全国"):
        raise ValueError(
            f"{name} is no parameter of the air response; it has {', '.join(air_priors('全国'))}"
        )
    known = prior(name)
    ends = [float(given)] if _number(given) else _numbers(given, 2)
    if ends is None:
        raise ValueError(f"{name} needs one number, or the two ends of its 80 % range")
    if min(ends) < known.low or max(ends) > known.high:
        raise ValueError(
            f"{name} = {given} lies outside what is physically possible, {known.low:g} to {known.high:g}"
        )
    if len(ends) == 1:
        return ends[0]
    if ends[0] >= ends[1]:
        raise ValueError(f"{name} = {given}: the lower end of the 80 % range comes first")
    if known.distribution == "fixed":
        raise ValueError(f"{name} is one fixed number; give one, not a range")
    return ends[0], ends[1]
