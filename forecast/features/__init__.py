"""Explanatory quantities of days and months."""

from forecast.features.calendar import day_of_year, harmonics, is_weekend, year_fraction

__all__ = ["day_of_year", "harmonics", "is_weekend", "year_fraction"]
