"""Trends: slopes, rank tests, smooth curves, breaks, attainment, good days, normal weather.

A result is never printed without what it rests on: the number of months or years, the months that
were filled, how serial dependence was allowed for, and the days on which the basis changed. Each
result says so itself, in ``words_zh`` and ``words_en``.
"""

from forecast.trend.annual import AnnualTrend, annual_theil_sen
from forecast.trend.attainment import Attainment, attainment_year
from forecast.trend.basis_step import BasisStep, basis_step
from forecast.trend.break_points import BreakPoint, BreakPoints, break_points
from forecast.trend.daniel_test import DanielTest, daniel_test
from forecast.trend.good_days_explained import (
    GoodDaysChange,
    GoodDaysYear,
    explain_good_days,
    good_days_by_standard,
    good_days_change,
)
from forecast.trend.monthly import TheilSen, theil_sen
from forecast.trend.months import Deseasonalised, deseasonalise, fill_months, monthly_means
from forecast.trend.rank_test import MannKendall, mann_kendall
from forecast.trend.seasonal_kendall import SeasonalKendall, seasonal_mann_kendall
from forecast.trend.smooth import SmoothTrend, smooth_trend
from forecast.trend.steps import BASIS_CHANGE, Step
from forecast.trend.table import TREND_COLUMNS, GroupedTrends, theil_sen_groups, trend_table
from forecast.trend.weather_bad_days import normal_bad_days
from forecast.trend.weather_change import WeatherChange
from forecast.trend.weather_dependence import seasonal_dependence
from forecast.trend.weather_normalised import WeatherNormalised, weather_normalise

__all__ = [
    "BASIS_CHANGE",
    "TREND_COLUMNS",
    "AnnualTrend",
    "Attainment",
    "BasisStep",
    "BreakPoint",
    "BreakPoints",
    "DanielTest",
    "Deseasonalised",
    "GoodDaysChange",
    "GoodDaysYear",
    "GroupedTrends",
    "MannKendall",
    "SeasonalKendall",
    "SmoothTrend",
    "Step",
    "TheilSen",
    "WeatherChange",
    "WeatherNormalised",
    "annual_theil_sen",
    "attainment_year",
    "basis_step",
    "break_points",
    "daniel_test",
    "deseasonalise",
    "explain_good_days",
    "fill_months",
    "good_days_by_standard",
    "good_days_change",
    "mann_kendall",
    "monthly_means",
    "normal_bad_days",
    "seasonal_dependence",
    "seasonal_mann_kendall",
    "smooth_trend",
    "theil_sen",
    "theil_sen_groups",
    "trend_table",
    "weather_normalise",
]
