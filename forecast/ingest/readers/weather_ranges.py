"""What weather is believed: one table of ranges, and why an hour and a day have other ends.

Judgement, set beyond the records of China (−53 °C, 53 °C, 1,748 mm a day in Taiwan, 600 hPa above
4,500 m) and, for rain of an hour, beyond the highest known of the world (about 400 mm).
"""

from __future__ import annotations

__all__ = ["DAY_WEATHER", "HOUR_WEATHER"]

#: Lowest and highest value in the unit of the item, the same for an hour and for a day.
_EITHER: dict[str, tuple[float, float]] = {
    "temp_max": (-60, 60), "temp_min": (-70, 45), "dew_point": (-85, 40),
    "surface_temp": (-75, 85), "rh": (0, 105), "pressure": (450, 1090),
    "pressure_sea": (870, 1095), "snow_depth": (0, 20_000), "wind_speed": (0, 90),
    "wind_gust": (0, 130), "wind_dir": (0, 360), "wind_u": (-90, 90), "wind_v": (-90, 90),
    "cloud": (0, 100.5), "blh": (0, 9000), "visibility": (0, 200),
}  # fmt: skip

#: Value of one hour. The temperature of an hour reaches what only the extremes of a day reach; what
#: is summed over the day is small in an hour: 5.5 MJ/m² is above the sun outside the atmosphere.
HOUR_WEATHER: dict[str, tuple[float, float]] = {
    **_EITHER,
    "temp_mean": (-70, 60), "precip": (0, 450), "radiation": (0, 5.5), "sunshine": (0, 1),
    "evaporation": (-1, 10),
}  # fmt: skip

#: Value of one day: means, extremes and sums of 24 hours.
DAY_WEATHER: dict[str, tuple[float, float]] = {
    **_EITHER,
    "temp_mean": (-65, 50), "precip": (0, 2000), "radiation": (0, 45), "sunshine": (0, 24),
    "evaporation": (-5, 60),
}  # fmt: skip
