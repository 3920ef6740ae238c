"""A model of the daily value of an item in given weather, with a trend that carries on.

With z the value (or its logarithm), x the weather of the day, d its date,

    z = f(d) + h(x, season, weekday) + g(x, day of the year, weekday, d) + e.

g is a forest or boosted trees, with the features of the R package rmweather. Trees know no value
beyond those they have seen: asked for the year after the record they repeat its last weeks, and a
falling series is over-predicted. f, a local line over a year, and h, lines of the weather (see
:mod:`forecast.trend.weather_lines`), are therefore taken off before the trees are grown: first h
beside a broken trend, then f from what h and trees without the date leave over (backfitting,
Hastie and Tibshirani 1990). f is carried beyond the record by :meth:`WeatherModel.trend_at`; there
the trees without the date speak, within it those with the date, which hold what f is too slow for.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import InputError, UsageError
from forecast.trend.weather_lines import WeatherLines, fit_weather_lines
from forecast.trend.weather_rows import WeatherRows, circular_gap

__all__ = ["METHODS", "Method", "Scale", "Trend", "WeatherModel", "WeatherSettings",
           "fit_weather_model"]  # fmt: skip

Method = Literal["forest", "boosting"]
Trend = Literal["carried", "in_trees"]
Scale = Literal["log", "linear"]
METHODS: tuple[Method, ...] = ("forest", "boosting")

#: Days on either side that the local line of the trend looks over: a whole year about each day at
#: half weight, so that the seasons are in it in equal parts.
_REACH = 365.0
#: Days between the points at which the local line is worked out; in between it is interpolated.
_NODES = 30
#: Years whose line gives the slope that is carried on, and the part of it that is believed: falls
#: flatten as often as they go on (damped trend, Gardner and McKenzie 1985,
#: doi:10.1287/mnsc.31.10.1237, here with one factor for the one year that is asked for).
_YEARS_OF_SLOPE = 5
_DAMPING = 0.5
#: Whole years that a slope needs at least.
_FEWEST_YEARS = 3
#: Days a leaf holds at least, and the share of the features that a split may choose from.
_LEAF = 5
_SHARE = 0.4
#: Days in a block that is left out together where boosted trees are judged by days they have not
#: seen, and the number of such parts.
_BLOCK, _PARTS = 30, 3


@dataclass(frozen=True)
class WeatherSettings:
    """How a weather model is built.

    Attributes:
        method: ``forest`` or ``boosting`` (histogram gradient boosting).
        trend: ``carried``: f stands outside of the trees and goes on beyond the record;
            ``in_trees``: no f, the date is one feature among others, as in rmweather.
        scale: ``log``: weather multiplies; ``linear``: it adds.
        trees: number of trees, or of boosting rounds.
        window: days on either side of the day of the year that count as the same season.
    """

    method: Method = "forest"
    trend: Trend = "carried"
    scale: Scale = "log"
    trees: int = 100
    window: int = 30

    def __post_init__(self) -> None:
        """Refuse what has no meaning."""
        for name, value, allowed in (
            ("method", self.method, METHODS),
            ("trend", self.trend, ("carried", "in_trees")),
            ("scale", self.scale, ("log", "linear")),
        ):
            if value not in allowed:
                raise UsageError(
                    f"There is no {name} {value!r} of weather normalisation.",
                    f"Choose {' or '.join(allowed)}.",
                )
        if self.trees < 30:
            raise UsageError(f"{self.trees} trees do not make a model.", "Ask for 30 or more.")
        if not 7 <= self.window <= 182:
            raise UsageError(
                f"A season of ± {self.window} days has no meaning.",
                "Write 7 to 182 days; 182 lets any season stand for any other.",
            )


class _Trees(Protocol):
    def predict(self, features: NDArray[np.float64]) -> NDArray[np.float64]: ...


@dataclass(frozen=True)
class WeatherModel:
    """A fitted weather model.

    Attributes:
        settings: how it was built.
        rows: the days it was fitted to.
        left_out: what it says of each of these days from trees that have not seen the day,
            (day,) [unit].
        residual: z less that, (day,) on the scale of the model.
        level, slope: where the carried trend starts, half a year before the last day, and its
            change a year, on the scale of the model; both 0 with the date in the trees.
        smear: by day of the year 1 to 366, (366,): mean of exp(residual) in the season, by which
            the prediction of a logarithm is made one of the mean (Duan 1983,
            doi:10.1080/01621459.1983.10478017); ones on the linear scale.
    """

    settings: WeatherSettings
    rows: WeatherRows
    left_out: NDArray[np.float64]
    residual: NDArray[np.float64]
    level: float
    slope: float
    smear: NDArray[np.float64] = field(repr=False, compare=False)
    nodes: NDArray[np.float64] = field(repr=False, compare=False)
    at_nodes: NDArray[np.float64] = field(repr=False, compare=False)
    trees: _Trees = field(repr=False, compare=False)
    lines: WeatherLines | None = field(repr=False, compare=False)
    timeless: _Trees | None = field(repr=False, compare=False)

    def trend_at(self, days: pd.DatetimeIndex) -> NDArray[np.float64]:
        """f, (day,), on the scale of the model.

        After the last day of the record: the level of its last year, and from the middle of that
        year on half the slope of the last five years.
        """
        if self.settings.trend == "in_trees":
            return np.zeros(len(days))
        number, end = _number(days), _number(self.rows.days[-1:])[0]
        ahead = (number - end) / 365.25 + 0.5
        return np.where(
            number <= end,
            np.interp(number, self.nodes, self.at_nodes),
            self.level + self.slope * ahead,
        )

    def scaled(self, days: pd.DatetimeIndex, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Prediction on the scale of the model, (day,), for weather ``x`` (day, item)."""
        features = _features(days, x)
        found = self.trees.predict(features)
        if self.lines is None or self.timeless is None:
            return found
        after = features[:, 0] > _number(self.rows.days[-1:])[0]
        if after.any():
            found[after] = self.timeless.predict(features[after, 1:])
        return self.trend_at(days) + self.lines.effect(days, x) + found

    def mean(self, days: pd.DatetimeIndex, scaled: NDArray[np.float64]) -> NDArray[np.float64]:
        """The mean [unit] that belongs to a prediction on the scale of the model, (..., day)."""
        if self.settings.scale == "linear":
            return scaled
        expected: NDArray[np.float64] = np.exp(scaled) * self.smear[days.day_of_year - 1]
        return expected

    def predict(self, days: pd.DatetimeIndex, x: NDArray[np.float64]) -> NDArray[np.float64]:
        """Expected value [unit] of each day, (day,), in weather ``x`` (day, item)."""
        return self.mean(days, self.scaled(days, x))


def fit_weather_model(
    rows: WeatherRows,
    settings: WeatherSettings,
    rng: np.random.Generator,
    *,
    weights: NDArray[np.float64] | None = None,
) -> WeatherModel:
    """Fit a weather model.

    Args:
        rows: complete days.
        settings: how.
        rng: seeds the trees.
        weights: how often each day counts, (day,); None counts each once.

    Raises:
        InputError: values of 0 or below on the logarithmic scale.
        UsageError: scikit-learn is not installed.
    """
    z = rows.y
    if settings.scale == "log":
        if z.min() <= 0:
            at = int(np.argmax(z <= 0))
            raise InputError(
                f"The value of {rows.days[at]:%Y-%m-%d} is {z[at]:g}, which has no logarithm.",
                'Make values that stand for missing blank, or ask for scale="linear".',
            )
        z = np.log(z)
    number, features = _number(rows.days), _features(rows.days, rows.x)
    own = np.ones(len(z)) if weights is None else weights
    nodes = np.append(np.arange(number[0], number[-1], _NODES), number[-1])
    at_nodes, level, slope = np.zeros(len(nodes)), 0.0, 0.0
    grow = _forest if settings.method == "forest" else _boosting
    outside, lines, timeless = np.zeros(len(z)), None, None
    if settings.trend == "carried":
        lines = fit_weather_lines(rows, z, own)
        effect = lines.effect(rows.days, rows.x)
        at_nodes = _local_line(number, z - effect, own, nodes)
        rest = z - effect - np.interp(number, nodes, at_nodes)
        # Without the date: what changes with it is left to the trend.
        timeless, seen = grow(features[:, 1:], rest, own, settings, rng)
        at_nodes = _local_line(number, z - effect - seen, own, nodes)
        level, slope = _carried(number, z - effect - seen, own)
        outside = effect + np.interp(number, nodes, at_nodes)
    trees, seen = grow(features, z - outside, own, settings, rng)
    residual = z - outside - seen
    smear = np.ones(366)
    if settings.scale == "log":
        smear = _seasonal_mean(rows.days, np.exp(residual), settings.window)
    model = WeatherModel(
        settings=settings, rows=rows, left_out=seen, residual=residual, level=level, slope=slope,
        smear=smear, nodes=nodes, at_nodes=at_nodes, trees=trees,
        lines=lines, timeless=timeless,
    )  # fmt: skip
    return replace(model, left_out=model.mean(rows.days, outside + seen))


def _number(days: pd.DatetimeIndex) -> NDArray[np.float64]:
    """Days since 1970-01-01."""
    return days.to_numpy().astype("datetime64[D]").astype(np.float64)


def _features(days: pd.DatetimeIndex, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Date, day of the year, weekday, weather: (day, 3 + item)."""
    calendar = (_number(days), days.day_of_year.to_numpy(), days.day_of_week.to_numpy())
    return np.column_stack([*calendar, x]).astype(np.float64)


def _local_line(
    number: NDArray[np.float64],
    z: NDArray[np.float64],
    own: NDArray[np.float64],
    at: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Local lines with tricube weights (Cleveland 1979), worked out at the days ``at``."""
    found = np.empty(len(at))
    for k, day in enumerate(at):
        reach = _REACH
        apart = np.abs(number - day)
        while np.count_nonzero((apart < reach) & (own > 0)) < _REACH / 2:
            reach *= 1.5  # a gap: as far as half a year of days
        weight = own * np.clip(1 - (apart / reach) ** 3, 0, None) ** 3
        shift = (number - day) / reach
        total, first, second = weight.sum(), weight @ shift, weight @ (shift * shift)
        spread = second * total - first * first
        if spread <= 1e-9 * total * total:
            found[k] = weight @ z / total
        else:
            found[k] = (second * (weight @ z) - first * (weight @ (shift * z))) / spread
    return found


def _carried(
    number: NDArray[np.float64], rest: NDArray[np.float64], own: NDArray[np.float64]
) -> tuple[float, float]:
    """Level of the last 365 days, and the damped slope a year of the last years of 365 days."""
    back = ((number[-1] - number) // 365).astype(np.int64)
    levels = [
        (-float(k), float(np.average(rest[back == k], weights=own[back == k])))
        for k in range(_YEARS_OF_SLOPE)
        # Half a year of days: less is one season's luck.
        if np.count_nonzero(own[back == k] > 0) >= 183
    ]
    if not levels:
        return float(np.average(rest, weights=own)), 0.0
    if len(levels) < _FEWEST_YEARS:
        return levels[0][1], 0.0
    slope = float(np.polyfit([t for t, _ in levels], [v for _, v in levels], 1)[0])
    return levels[0][1], _DAMPING * slope


def _seasonal_mean(
    days: pd.DatetimeIndex, values: NDArray[np.float64], window: int
) -> NDArray[np.float64]:
    """Mean of the values within ± window days of each day of the year, (366,)."""
    of_year = days.day_of_year.to_numpy().astype(np.int64)
    found = np.empty(366)
    for day in range(1, 367):
        near, reach = circular_gap(of_year, day) <= window, window
        while np.count_nonzero(near) < 30:
            reach *= 2
            near = circular_gap(of_year, day) <= reach
        found[day - 1] = values[near].mean()
    return found


def _forest(
    features: NDArray[np.float64],
    z: NDArray[np.float64],
    own: NDArray[np.float64],
    settings: WeatherSettings,
    rng: np.random.Generator,
) -> tuple[_Trees, NDArray[np.float64]]:
    """A forest, and for each day what those of its trees say that have not seen it."""
    drawn = own > 0
    forest = _ensemble().RandomForestRegressor(
        settings.trees, min_samples_leaf=_LEAF, max_features=_SHARE, oob_score=True, n_jobs=1,
        random_state=int(rng.integers(2**31)),
    )  # fmt: skip
    with warnings.catch_warnings():
        # Of 30 trees one day in a million is seen by all; scikit-learn warns and says 0 of it.
        warnings.filterwarnings(
            "ignore", message="Some inputs do not have OOB", category=UserWarning
        )
        forest.fit(features[drawn], z[drawn], sample_weight=own[drawn])
    seen: NDArray[np.float64] = forest.predict(features)
    out_of_bag = forest.oob_prediction_
    seen[drawn] = np.where(out_of_bag == 0.0, seen[drawn], out_of_bag)
    return forest, seen


def _boosting(
    features: NDArray[np.float64],
    z: NDArray[np.float64],
    own: NDArray[np.float64],
    settings: WeatherSettings,
    rng: np.random.Generator,
) -> tuple[_Trees, NDArray[np.float64]]:
    """Boosted trees, and for each day what others say, grown without the month about it."""
    drawn, seed = own > 0, int(rng.integers(2**31))
    part = (np.arange(len(z)) // _BLOCK) % _PARTS
    seen = np.empty(len(z))
    for k in range(_PARTS):
        others = drawn & (part != k)
        trees = _boosted(settings, seed + k + 1)
        trees.fit(features[others], z[others], sample_weight=own[others])
        seen[part == k] = trees.predict(features[part == k])
    final = _boosted(settings, seed)
    final.fit(features[drawn], z[drawn], sample_weight=own[drawn])
    return final, seen


def _boosted(settings: WeatherSettings, seed: int) -> Any:
    """Boosted trees, small and slow: 0.1 a round, 15 leaves of 20 days or more."""
    return _ensemble().HistGradientBoostingRegressor(
        learning_rate=0.1, max_iter=settings.trees, max_leaf_nodes=15, min_samples_leaf=20,
        early_stopping=False, random_state=seed,
    )  # fmt: skip


def _ensemble() -> Any:
    try:
        from sklearn import ensemble
    except ImportError as error:
        raise UsageError(
            "Weather normalisation needs scikit-learn, which is not installed.",
            'Install it: pip install "forecast[challengers]".',
        ) from error
    return ensemble
