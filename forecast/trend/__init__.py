"""Trends: monthly means without their season, Theil-Sen slopes with intervals, rank tests.

A slope is never printed without what it rests on: the number of months or years, the months that
were filled, the length of the bootstrap blocks, and the days on which the basis changed.
"""

from forecast.trend.annual import AnnualTrend, annual_theil_sen
from forecast.trend.monthly import TheilSen, theil_sen
from forecast.trend.months import Deseasonalised, deseasonalise, fill_months, monthly_means
from forecast.trend.rank_test import MannKendall, mann_kendall

__all__ = [
    "AnnualTrend",
    "Deseasonalised",
    "MannKendall",
    "TheilSen",
    "annual_theil_sen",
    "deseasonalise",
    "fill_months",
    "mann_kendall",
    "monthly_means",
    "theil_sen",
]
