"""Quality rules: pure functions from readings to findings. Nothing is changed or removed here."""

from forecast.quality.find import KINDS, find, find_daily, find_hourly, find_sites, find_water
from forecast.quality.findings import COLUMNS, RULES, flag_id
from forecast.quality.hour_grid import HourGrid, hour_grid

__all__ = [
    "COLUMNS",
    "KINDS",
    "RULES",
    "HourGrid",
    "find",
    "find_daily",
    "find_hourly",
    "find_sites",
    "find_water",
    "flag_id",
    "hour_grid",
]
