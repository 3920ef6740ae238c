"""Trends of several series at once, and the table of them for a review."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from forecast.errors import InputError
from forecast.trend.conclusion import opposite_signs
from forecast.trend.monthly import FEWEST, TheilSen, theil_sen
from forecast.trend.months import FEWEST_MONTHS, monthly_means
from forecast.trend.resampling import SEED
from forecast.trend.seasonal_kendall import SeasonalKendall, seasonal_mann_kendall

__all__ = ["TREND_COLUMNS", "GroupedTrends", "agreeing", "theil_sen_groups", "trend_table"]

#: Columns of the table, in order.
TREND_COLUMNS: tuple[str, ...] = (
    "first", "last", "n", "missing", "filled", "slope", "lower", "upper", "percent",
    "percent_lower", "percent_upper", "p_value", "significance", "conclusive", "slope_unfilled",
    "step_day", "step", "step_lower", "step_upper", "step_percent",
    "kendall_p", "kendall_direction", "seasonal_slope",
    "words_zh", "words_en", "reason_zh", "reason_en",
)  # fmt: skip


@dataclass(frozen=True)
class GroupedTrends:
    """Trends by name; a series that has none is named with the reason (zh, en)."""

    trends: Mapping[str, TheilSen]
    refused: Mapping[str, tuple[str, str]]

    @property
    def words_zh(self) -> str:
        """What was fitted and what was not, in Chinese."""
        said = [f"{len(self.trends)} 个序列有趋势"]
        said += [f"{name}：{zh}" for name, (zh, _) in self.refused.items()]
        return "；".join(said)

    @property
    def words_en(self) -> str:
        """What was fitted and what was not, in English."""
        said = [f"a trend of {len(self.trends)} series"]
        said += [f"{name}: {en}" for name, (_, en) in self.refused.items()]
        return "; ".join(said)


def theil_sen_groups(
    series: Mapping[str, pd.Series] | pd.DataFrame | pd.Series,
    *,
    by: pd.Series | None = None,
    deseason: bool = True,
    autocorrelated: bool = True,
    data_capture: float = 0.0,
    breaks: Sequence[dt.date] = (),
    level: float = 0.95,
    seed: int = SEED,
) -> GroupedTrends:
    """Fit the Theil-Sen trend of every series, each as if it were alone.

    Every series draws from a generator of the same seed, so that its bounds depend neither on its
    name nor on the company it is in.

    Args:
        series: name → series, a table with a column for each, or with ``by`` one series of
            readings.
        by: label of each reading (season, wind sector, weekday …), on the index of the readings;
            readings without a label are left out.
        deseason, autocorrelated, data_capture, breaks, level: see
            :func:`~forecast.trend.monthly.theil_sen`.
        seed: of the resamples.

    Raises:
        InputError: ``by`` does not stand on the index of the readings.
        UsageError: an option without a meaning.
    """
    found: dict[str, TheilSen] = {}
    refused: dict[str, tuple[str, str]] = {}
    for name, one in _named(series, by).items():
        try:
            found[name] = theil_sen(
                one, deseason, rng=np.random.default_rng(seed), autocorrelated=autocorrelated,
                data_capture=data_capture, breaks=breaks, level=level,
            )  # fmt: skip
        except InputError as error:
            refused[name] = (_reason_zh(one, deseason), error.message)
    return GroupedTrends(found, refused)


def trend_table(
    series: Mapping[str, pd.Series] | pd.DataFrame,
    *,
    deseason: bool = True,
    breaks: Sequence[dt.date] = (),
    level: float = 0.95,
    seed: int = SEED,
) -> pd.DataFrame:
    """Trends of the series of a review, one row each, in the order given.

    Args:
        series: name → monthly, daily or hourly values by time [unit].
        deseason: take the season off before the slope; the Kendall test compares calendar months
            with themselves either way.
        breaks: first days of a new basis.
        level: probability that the intervals are to hold; 1 - level is that of the Kendall test.
        seed: of the resamples.

    Returns:
        Index ``series``, columns :data:`TREND_COLUMNS`. Slopes are [unit per 365 days], Sen's
        seasonal slope [unit per year]; ``filled`` lists months; the step columns are those of the
        last break. A series without a trend has empty cells and the reason in two languages.
        ``conclusive`` is False for a record under five years and where the slope and Sen's
        seasonal slope differ in sign; there is then no mark of significance.
    """
    grouped = theil_sen_groups(series, deseason=deseason, breaks=breaks, level=level, seed=seed)
    rows: dict[str, dict[str, object]] = {}
    for name, one in _named(series, None).items():
        if name in grouped.refused:
            zh, en = grouped.refused[name]
            rows[name] = {"n": _months(one), "words_zh": "", "words_en": "", "filled": "",
                          "significance": "", "conclusive": False, "reason_zh": zh, "reason_en": en}  # fmt: skip
            continue
        rows[name] = _row(*agreeing(grouped.trends[name], _kendall(one, breaks, 1 - level)))
    table = pd.DataFrame.from_dict(rows, orient="index").reindex(columns=list(TREND_COLUMNS))
    table.index.name = "series"
    return table


def agreeing(
    trend: TheilSen, kendall: SeasonalKendall | None
) -> tuple[TheilSen, SeasonalKendall | None]:
    """Both results as they are, or without a conclusion where their slopes differ in sign.

    Args:
        trend: the slope of the months, with or without their season.
        kendall: the seasonal test of the same months; None where there is none.
    """
    if kendall is None:
        return trend, None
    zh, en = opposite_signs(trend.slope, kendall.slope)
    if not zh:
        return trend, kendall
    if not trend.conclusive:
        # Short as well: the warning on the signs goes before that reason.
        zh, en = f"{zh}，{trend.reason_zh}", f"{en}, {trend.reason_en}"
        return replace(trend, reason_zh=zh, reason_en=en), kendall
    zh, en = f"{zh}，不作趋势结论", f"{en}: no conclusion"
    trend = replace(trend, conclusive=False, reason_zh=zh, reason_en=en)
    kendall = replace(kendall, direction=0, conclusive=False, reason_zh=zh, reason_en=en)
    return trend, kendall


def _row(trend: TheilSen, kendall: SeasonalKendall | None) -> dict[str, object]:
    months = trend.values.index
    row: dict[str, object] = {
        "first": months[0], "last": months[-1], "n": trend.n,
        "missing": trend.missing + len(trend.filled),
        "filled": " ".join(f"{m:%Y-%m}" for m in trend.filled), "slope": trend.slope,
        "lower": trend.lower, "upper": trend.upper, "percent": trend.percent,
        "percent_lower": trend.percent_lower, "percent_upper": trend.percent_upper,
        "p_value": trend.p_value, "significance": trend.stars, "conclusive": trend.conclusive,
        "slope_unfilled": trend.slope_unfilled, "words_zh": trend.words_zh,
        "words_en": trend.words_en, "reason_zh": "", "reason_en": "",
    }  # fmt: skip
    if trend.steps:
        step = trend.steps[-1]
        row |= {"step_day": pd.Timestamp(step.day), "step": step.size, "step_lower": step.lower,
                "step_upper": step.upper, "step_percent": step.percent}  # fmt: skip
    if kendall is not None:
        row |= {"kendall_p": kendall.p_value, "kendall_direction": kendall.direction,
                "seasonal_slope": kendall.slope}  # fmt: skip
        row["words_zh"] = f"{row['words_zh']}；{kendall.words_zh}"
        row["words_en"] = f"{row['words_en']}; {kendall.words_en}"
    return row


def _kendall(series: pd.Series, breaks: Sequence[dt.date], level: float) -> SeasonalKendall | None:
    try:
        return seasonal_mann_kendall(series, breaks=breaks, level=round(level, 9))
    except InputError:
        return None  # too few pairs of years: the slope stands alone, the cells stay empty


def _named(
    series: Mapping[str, pd.Series] | pd.DataFrame | pd.Series, by: pd.Series | None
) -> dict[str, pd.Series]:
    if isinstance(series, pd.Series):
        if by is None:
            return {str(series.name or "series"): series}
        if not by.index.equals(series.index):
            raise InputError(
                "The labels do not stand on the times of the readings.",
                "Give one label for each reading, on the same index.",
            )
        labels = sorted(by.dropna().unique(), key=str)
        return {str(label): series[by == label] for label in labels}
    if by is not None:
        raise InputError(
            "Labels go with one series of readings, and several were given.",
            "Group each series by itself.",
        )
    return {str(name): one for name, one in series.items()}


def _months(series: pd.Series) -> int:
    try:
        return int(monthly_means(series).notna().sum())
    except InputError:
        return 0


def _reason_zh(series: pd.Series, deseason: bool) -> str:
    """Why there is no trend, in Chinese; the English reason is that of the error."""
    n = _months(series)
    if n == 0:
        return "没有可用的监测值，不给趋势"
    span = len(monthly_means(series))
    if deseason and span < FEWEST_MONTHS:
        return f"只有 {span} 个月，去季节需要 {FEWEST_MONTHS} 个月，不给趋势"
    if n < FEWEST:
        return f"只有 {n} 个月有值，趋势需要 {FEWEST} 个可比的月份，不给趋势"
    calendar = set(pd.DatetimeIndex(monthly_means(series).dropna().index).month)
    lacking = [m for m in range(1, 13) if m not in calendar]
    if deseason and lacking:
        return f"{'、'.join(map(str, lacking))} 月各年均无值，无法去季节，不给趋势"
    return f"同一监测状态下可比的月份不足 {FEWEST} 个，不给趋势"
