"""The change between two years, split into weather, emissions and what neither explains."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["WeatherChange"]


@dataclass(frozen=True)
class WeatherChange:
    """Change of a mean from one year to another, in parts that add up.

    With O the observed, P the modelled (in the weather of the day) and N the normalised mean (in
    normal weather) of the same days,

        O₂ − O₁ = (N₂ − N₁) + [(P₂ − N₂) − (P₁ − N₁)] + [(O₂ − P₂) − (O₁ − P₁)]
                =  emissions +        weather         +       remainder.

    Attributes:
        name, unit: the item.
        first, last: the years; ``until``: month and day of the last day counted in both.
        days_first, days_last: days that count, those with a value and all of the weather.
        mean_first, mean_last: observed means of these days [unit].
        emissions: change in normal weather [unit]: emissions, and whatever else is no weather.
        weather: change that the weather made [unit].
        remainder: observed change that the model leaves unexplained [unit].
        emissions_interval, weather_interval: bounds from refits; NaN without refits.
        level: probability that the bounds are to hold.
    """

    name: str
    unit: str
    first: int
    last: int
    until: tuple[int, int]
    days_first: int
    days_last: int
    mean_first: float
    mean_last: float
    emissions: float
    weather: float
    remainder: float
    emissions_interval: tuple[float, float]
    weather_interval: tuple[float, float]
    level: float

    @property
    def observed(self) -> float:
        """Observed change [unit]: by definition the sum of the three parts."""
        return self.emissions + self.weather + self.remainder

    def rounded(self, decimals: int = 1) -> dict[str, float]:
        """The change and its parts rounded so that they still add up: the remainder gives way."""
        total, emissions, weather = (
            round(v, decimals) for v in (self.observed, self.emissions, self.weather)
        )
        rest = round(total - emissions - weather, decimals)
        parts = {"observed": total, "weather": weather, "emissions": emissions, "remainder": rest}
        return {name: value + 0.0 for name, value in parts.items()}  # no -0.0

    @property
    def words_zh(self) -> str:
        """The split in Chinese."""
        part = self._texts("zh")
        span = (
            "" if self.until == (12, 31) else f"1 月 1 日至 {self.until[0]} 月 {self.until[1]} 日"
        )
        return (
            f"{self.last} 年{span}与 {self.first} 年{'同期' if span else ''}相比，{self.name} "
            f"{part['observed']} {self.unit}：气象 {part['weather']}，排放等 {part['emissions']}，"
            f"未解释 {part['remainder']}（有效天 {self.days_last}、{self.days_first}；"
            "“排放等”为正常气象下的变化，含一切非气象因素）"
        )

    @property
    def words_en(self) -> str:
        """The split in English."""
        part = self._texts("en")
        span = "" if self.until == (12, 31) else f" (to {self.until[0]:02d}-{self.until[1]:02d})"
        return (
            f"{self.name} {self.last} against {self.first}{span}: {part['observed']} {self.unit}; "
            f"weather {part['weather']}, emissions {part['emissions']}, unexplained "
            f"{part['remainder']} ({self.days_last} and {self.days_first} days; emissions: the "
            "change in normal weather, whatever else is no weather included)"
        )

    def _texts(self, lang: str) -> dict[str, str]:
        decimals = 2 if 0 < abs(self.mean_first) < 5 else 1
        texts = {name: f"{v:+.{decimals}f}" for name, v in self.rounded(decimals).items()}
        for name, (low, high) in (
            ("weather", self.weather_interval), ("emissions", self.emissions_interval)
        ):  # fmt: skip
            if math.isfinite(low):
                span = [f"{v:+.{decimals}f}" for v in (low, high)]
                texts[name] += (
                    f"（{100 * self.level:g}% 区间 {span[0]} 至 {span[1]}）"
                    if lang == "zh"
                    else f" ({100 * self.level:g} % interval {span[0]} to {span[1]})"
                )
        return texts
