"""What a reader must know of the weather behind a forecast."""

from __future__ import annotations

import pandas as pd

from forecast.models.air_weather import AirWeather
from forecast.models.paths import Model
from forecast.models.weather_effect import MIN_WEATHER_DAYS
from forecast.projection.drawing import WEATHER_ITEMS
from forecast.standards.items import ITEMS

__all__ = ["weather_remarks"]

#: Weather comes some days late; what ends earlier than this before the last reading has stopped.
_LATE_DAYS = 45


def weather_remarks(
    place: str, model: Model | None, history: pd.DataFrame
) -> list[tuple[str, str]]:
    """Say where weather was given and is of no use, or of less than it seems.

    Args:
        place: name of the place.
        model: the fitted model.
        history: days × items of the readings it was fitted to.

    Returns:
        Sentences in Chinese and English.
    """
    if not isinstance(model, AirWeather) or not set(WEATHER_ITEMS) & set(model.items):
        return []
    out = []
    if model.stepped:
        names = [ITEMS[item] for item in model.stepped]
        out.append(
            (
                f"{place}:气象项目{'、'.join(i.zh for i in names)}的水平有突变(换站、换仪器或换单位),"
                "预测未使用这些项目,请核对气象资料",
                f"{place}: the level of {', '.join(i.en for i in names)} jumps (another station, "
                "instrument or unit); the forecast does not use it, check the weather",
            )
        )
    if model.effects.empty:
        if not model.stepped:
            out.append(
                (
                    f"{place}:与监测同日的气象少于{MIN_WEATHER_DAYS}天,预测未使用气象",
                    f"{place}: fewer than {MIN_WEATHER_DAYS} days have both readings and weather; "
                    "the forecast does not use the weather",
                )
            )
        return out
    known = model.effects[list(set(WEATHER_ITEMS) & set(model.items))].dropna(how="all").index.max()
    last = history.dropna(how="all").index.max()
    if (last - known).days > _LATE_DAYS:
        out.append(
            (
                f"{place}:气象资料止于{known:%Y-%m-%d},其后的监测值未扣除气象影响",
                f"{place}: the weather ends on {known:%Y-%m-%d}; later readings are taken as they "
                "are",
            )
        )
    return out
