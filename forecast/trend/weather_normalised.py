"""A record in normal weather, and the change between years split into weather and emissions.

A weather model (see :mod:`forecast.trend.weather_model`) is asked what each day would have been in
the weather of other days of the same season: Grange et al. (2018), doi:10.5194/acp-18-6223-2018,
with the season kept as in deweather. The mean over the draws is the value in normal weather; the
draws themselves, each with the residual of its day, tell how likely a bad day was. Bounds come
from refits on random halves of the record, in blocks of 30 days: estimates from halves scatter
about the whole as much as the whole does about the truth (McCarthy 1969, doi:10.2307/1402116).
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecast.errors import InputError, UsageError
from forecast.standards.items import ITEMS
from forecast.trend.resampling import SEED
from forecast.trend.weather_change import WeatherChange
from forecast.trend.weather_draws import draw_donors, draw_scaled
from forecast.trend.weather_model import (
    Method,
    Scale,
    Trend,
    WeatherModel,
    WeatherSettings,
    fit_weather_model,
)
from forecast.trend.weather_rows import WeatherRows, weather_rows
from forecast.trend.weather_scores import SCORES, HeldOut, Validation, hold_out, model_scores
from forecast.trend.weather_words import normalised_words

__all__ = ["WeatherNormalised", "weather_normalise"]

#: Days of a block that a refit takes or leaves together: longer than a spell of weather.
_BLOCK = 30
#: Trees of a refit, as a part of those of the model, and the draws it is given at most: their own
#: scatter averages out over a month.
_PART_OF_TREES, _DRAWS_OF_REFIT = 3, 20
#: By how much bounds of days and months are wider than t standard deviations of the refits: noise
#: of a month that the model follows is in half of the refits, not in none. In 16 made records of
#: four years the 90 % band held the truth at 90 % of the months, without this at 76 %.
_WIDER = 1.5
#: Part of the days of a period that a change needs of it.
_ENOUGH = 0.5
#: Rows over which a partial dependence is averaged.
_ROWS_OF_PARTIAL = 500


@dataclass(frozen=True)
class WeatherNormalised:
    """An item in normal weather.

    Attributes:
        name, unit: the item.
        settings: how the model was built.
        daily: by day of the record: ``observed``, ``modelled`` in the weather of the day (by
            trees that have not seen the day; NaN without a value or weather), ``normalised``,
            ``lower``, ``upper`` [unit].
        monthly: by month: ``observed`` (mean of the days with a value), ``days`` with one,
            ``normalised``, ``lower``, ``upper`` [unit].
        scores: rows ``left_out`` and, where days were held out, ``held_out``; columns
            :data:`~forecast.trend.weather_scores.SCORES`.
        by_year: the same scores of the left-out days of each year: where the bias lies.
        held_out: the validation; None if none was asked for.
        level: probability that the bounds are to hold; NaN bounds without refits.
        refits: number of refits.
        model: the model of the whole record.
        draws: values in the weather of single other days, with the residual of these days,
            (resample, day of ``daily``), float32 [unit].
    """

    name: str
    unit: str
    settings: WeatherSettings
    daily: pd.DataFrame = field(repr=False, compare=False)
    monthly: pd.DataFrame = field(repr=False, compare=False)
    scores: pd.DataFrame = field(repr=False, compare=False)
    by_year: pd.DataFrame = field(repr=False, compare=False)
    held_out: HeldOut | None = field(repr=False, compare=False)
    level: float
    refits: int
    model: WeatherModel = field(repr=False, compare=False)
    draws: NDArray[np.float32] = field(repr=False, compare=False)
    refit_normalised: NDArray[np.float64] = field(repr=False, compare=False)
    refit_modelled: NDArray[np.float64] = field(repr=False, compare=False)

    def chance_above(self, limit: float | pd.Series) -> pd.Series:
        """Share of the draws above a limit, by day, 0 to 1.

        Args:
            limit: one for all days, or by day [unit]; a day without one has the chance NaN.
        """
        days = self.daily.index
        if isinstance(limit, pd.Series):
            limits = limit.reindex(days).to_numpy(dtype=np.float64)
        else:
            limits = np.full(len(days), float(limit))
        chance = (self.draws > limits).mean(axis=0)
        return pd.Series(np.where(np.isnan(limits), np.nan, chance), index=days, name="normal_bad")

    def change(self, last: int, first: int, *, until: tuple[int, int] = (12, 31)) -> WeatherChange:
        """Split the change from the year ``first`` (last year, or a plan's base year) to ``last``.

        Args:
            last, first: the years.
            until: month and day of the last day counted in both, for a year to date.

        Raises:
            InputError: fewer than half of the days of a period have a value and weather.
            UsageError: a day that is none.
        """
        chosen = [self._period(year, until) for year in (first, last)]
        table = self.daily
        observed, modelled, normal = (
            [float(table[name].to_numpy()[days].mean()) for days in chosen]
            for name in ("observed", "modelled", "normalised")
        )
        emissions = normal[1] - normal[0]
        weather = (modelled[1] - normal[1]) - (modelled[0] - normal[0])
        of_refits = [
            (self.refit_normalised[:, days].mean(axis=1), self.refit_modelled[:, days].mean(axis=1))
            for days in chosen
        ]
        drawn = of_refits[1][0] - of_refits[0][0]
        drawn_weather = of_refits[1][1] - of_refits[0][1] - drawn
        return WeatherChange(
            name=self.name, unit=self.unit, first=first, last=last, until=until,
            days_first=int(chosen[0].sum()), days_last=int(chosen[1].sum()),
            mean_first=observed[0], mean_last=observed[1], emissions=emissions, weather=weather,
            remainder=(observed[1] - observed[0]) - emissions - weather,
            emissions_interval=_about(emissions, drawn, self.level),
            weather_interval=_about(weather, drawn_weather, self.level), level=self.level,
        )  # fmt: skip

    def partial_dependence(self, item: str, *, points: int = 20) -> pd.DataFrame:
        """What the model makes of one weather item, all else as it was.

        Args:
            item: weather item.
            points: number of its values, at equal shares of the record from 1 to 99 %.

        Returns:
            ``value`` [unit of the item], ``effect``: the expected value with the item at it, the
            mean over up to 500 days spread over the record [unit].

        Raises:
            UsageError: the model has no such item.
        """
        rows = self.model.rows
        if item not in rows.items:
            raise UsageError(
                f"The model has no weather item {item}.", f"It has {', '.join(rows.items)}."
            )
        at = rows.items.index(item)
        some = np.unique(np.linspace(0, len(rows.days) - 1, _ROWS_OF_PARTIAL).astype(np.int64))
        values = np.unique(np.quantile(rows.x[:, at], np.linspace(0.01, 0.99, points)))
        effects = []
        for value in values:
            x = rows.x[some].copy()
            x[:, at] = value
            effects.append(float(self.model.predict(rows.days[some], x).mean()))
        return pd.DataFrame({"value": values, "effect": effects})

    @property
    def words_zh(self) -> str:
        """What the result rests on, in Chinese."""
        return normalised_words(self, "zh")

    @property
    def words_en(self) -> str:
        """What the result rests on, in English."""
        return normalised_words(self, "en")

    def _period(self, year: int, until: tuple[int, int]) -> NDArray[np.bool_]:
        try:
            end = pd.Timestamp(year, *until)
        except ValueError as error:
            raise UsageError(
                f"There is no day {until[0]}-{until[1]} in {year}.", "Name a month and a day of it."
            ) from error
        days = pd.DatetimeIndex(self.daily.index)
        known = self.daily["modelled"].notna().to_numpy()
        chosen: NDArray[np.bool_] = np.asarray((days.year == year) & (days <= end)) & known
        if chosen.sum() < _ENOUGH * end.day_of_year:
            raise InputError(
                f"{year} has {int(chosen.sum())} of {end.day_of_year} days with a value and all of "
                "the weather, too few to split a change.",
                "Choose another year, or give the missing days.",
            )
        return chosen


def weather_normalise(
    daily: pd.DataFrame,
    weather: pd.DataFrame,
    item: str,
    *,
    rng: np.random.Generator | None = None,
    method: Method = "forest",
    trend: Trend = "carried",
    scale: Scale | None = None,
    trees: int = 100,
    weather_items: tuple[str, ...] | None = None,
    window: int = 30,
    resamples: int = 100,
    refits: int = 10,
    level: float = 0.9,
    validation: Validation = "time",
    name: str | None = None,
    unit: str | None = None,
) -> WeatherNormalised:
    """Put the record of an item into normal weather.

    Args:
        daily: days (DatetimeIndex) × items [unit]; NaN is missing.
        weather: days × weather items; such as ``forecast.features.weather.daily_weather`` gives.
        item: column of ``daily``.
        rng: draws weather and seeds trees; None: a generator of the fixed seed.
        method: ``forest`` or ``boosting``.
        trend: ``carried``: a trend of its own, carried on beyond the record; ``in_trees``: the
            date among the features, as in rmweather, which cannot be carried on.
        scale: ``log`` (weather multiplies) or ``linear``; None: ``log`` with a carried trend.
        trees: number of trees or boosting rounds.
        weather_items: columns of ``weather`` to use; None takes all.
        window: days on either side of the day of the year whose weather is normal for it.
        resamples: draws of weather for each day, 20 or more.
        refits: refits on random halves of the record, for bounds; 0 gives none.
        level: probability that the bounds are to hold.
        validation: ``time``: the last year (of a short record: fifth) is predicted from the days
            before; ``random``: a random fifth, which hides forecast error; ``none``.
        name, unit: how the item is called in words; None: as the package calls it.

    Raises:
        InputError: no such column, a day twice, too short a record, no weather.
        UsageError: a setting without a meaning, or scikit-learn is not installed.
    """
    if not 0 < level < 1:
        raise UsageError(f"The level must lie between 0 and 1, got {level}.", "Write such as 0.9.")
    if resamples < 20 or refits < 0 or refits == 1:
        raise UsageError(
            f"{resamples} draws of weather and {refits} refits give no result.",
            "Ask for 20 draws or more, and for no refits or two or more.",
        )
    if item not in daily.columns:
        raise InputError(
            f"The daily table has no item {item}.",
            f"Items that are there: {', '.join(map(str, daily.columns)) or 'none'}.",
        )
    settings = WeatherSettings(
        method, trend, scale or ("log" if trend == "carried" else "linear"), trees, window
    )
    known = ITEMS.get(item)
    # A stream for each step: what one of them draws changes nothing of the others.
    streams = (np.random.default_rng(SEED) if rng is None else rng).spawn(4)
    rows = weather_rows(daily[item], weather, weather_items)
    model = fit_weather_model(rows, settings, streams[0])
    donors = draw_donors(rows, rows.calendar, window, resamples, streams[1])
    scaled = draw_scaled(model, rows.calendar, donors)
    normalised = model.mean(rows.calendar, scaled).mean(axis=0)
    draws = scaled + model.residual[donors]
    held = hold_out(rows, settings, validation, streams[2])
    refit_normalised, refit_modelled = _refits(
        rows, settings, donors[:_DRAWS_OF_REFIT], refits, streams[3]
    )
    table = pd.DataFrame({"observed": rows.observed}, index=rows.calendar.rename("date"))
    table["modelled"] = pd.Series(model.left_out, index=rows.days).reindex(rows.calendar)
    table["normalised"] = normalised
    scores = {"left_out": model_scores(rows.y, model.left_out)}
    if held is not None:
        scores["held_out"] = held.scores
    of = rows.days.year.to_numpy()
    by_year = {
        int(y): model_scores(rows.y[of == y], model.left_out[of == y]) for y in np.unique(of)
    }
    monthly = _monthly(table, refit_normalised, level)
    bounds = _bounds(normalised, refit_normalised, level, _WIDER)
    return WeatherNormalised(
        name=name or (known.en if known else item),
        unit=unit if unit is not None else (known.unit if known else ""), settings=settings,
        daily=table.assign(lower=bounds[0], upper=bounds[1]), monthly=monthly,
        scores=pd.DataFrame.from_dict(scores, orient="index", columns=list(SCORES)),
        by_year=pd.DataFrame.from_dict(by_year, orient="index").rename_axis("year"),
        held_out=held, level=level, refits=refits, model=model,
        draws=(np.exp(draws) if settings.scale == "log" else draws).astype(np.float32),
        refit_normalised=refit_normalised, refit_modelled=refit_modelled,
    )  # fmt: skip


def _refits(
    rows: WeatherRows,
    settings: WeatherSettings,
    donors: NDArray[np.int64],
    times: int,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Normalised and modelled values, (refit, day of the calendar); modelled NaN where unknown."""
    n = len(rows.calendar)
    at = (rows.days - rows.calendar[0]).days.to_numpy()
    block = np.arange(len(rows.days)) // _BLOCK
    blocks = int(block[-1]) + 1
    fewer = replace(settings, trees=max(30, settings.trees // _PART_OF_TREES))
    if settings.method == "boosting":
        fewer = settings  # rounds build on each other: fewer of them are another model
    normalised, modelled = np.empty((times, n)), np.full((times, n), np.nan)
    for k, own in enumerate(rng.spawn(times)):
        half = np.isin(block, own.choice(blocks, size=blocks // 2, replace=False))
        model = fit_weather_model(rows, fewer, own, weights=half.astype(np.float64))
        scaled = draw_scaled(model, rows.calendar, donors)
        normalised[k] = model.mean(rows.calendar, scaled).mean(axis=0)
        modelled[k, at] = model.left_out
    return normalised, modelled


def _monthly(table: pd.DataFrame, refits: NDArray[np.float64], level: float) -> pd.DataFrame:
    """Means by month; normalised ones over all days of the record in the month."""
    month = pd.DatetimeIndex(table.index).to_period("M").to_timestamp()
    starts, number = np.unique(month.to_numpy(), return_inverse=True)
    size = np.bincount(number)
    grouped = table.groupby(number)
    normalised = grouped["normalised"].mean().to_numpy()
    of_refits = np.array([np.bincount(number, weights=r) / size for r in refits])
    low, high = _bounds(normalised, of_refits.reshape(len(refits), len(size)), level, _WIDER)
    return pd.DataFrame(
        {"observed": grouped["observed"].mean().to_numpy(),
         "days": grouped["observed"].count().to_numpy(),
         "normalised": normalised, "lower": low, "upper": high},
        index=pd.DatetimeIndex(starts, name="month"),
    )  # fmt: skip


def _bounds(
    estimate: NDArray[np.float64], refits: NDArray[np.float64], level: float, wider: float = 1.0
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Estimate ∓ t times the standard deviation of the refits; NaN without refits."""
    if not len(refits):
        return np.full_like(estimate, np.nan), np.full_like(estimate, np.nan)
    from scipy.stats import t

    reach = wider * float(t.ppf((1 + level) / 2, len(refits) - 1)) * refits.std(axis=0, ddof=1)
    return estimate - reach, estimate + reach


def _about(estimate: float, refits: NDArray[np.float64], level: float) -> tuple[float, float]:
    low, high = _bounds(np.array([estimate]), refits[:, None], level)
    return float(low[0]), float(high[0])
