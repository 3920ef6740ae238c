"""``[alerts]`` of ``forecast.toml``: what is worth a message, how often, and where it goes."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["AlertSettings"]

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class AlertSettings(BaseModel):
    """``[alerts]``: nothing is sent while ``channels`` is empty.

    Attributes:
        channels: names of environment variables, each holding one address (``mailto://…``,
            ``wecombot://…``, ``dingtalk://…``, ``feishu://…``, ``json://…``); never the address.
        lang: language of the messages; empty: that of ``[workspace]``.
        hysteresis: a probability has crossed a threshold when it is past it by so much [1].
        improvements: also tell what became better.
        repeat_days: what goes on is told again after so many days, earlier only if it got worse
            [day].
        silent_air_days: a region's air is silent when its last day is so long ago [day].
        silent_water_days: a region's water likewise; samples come once a month [day].
        flags_jump: this many more flagged values than last time are a jump, if they are also twice
            as many.
        episode_level: pollution of the next days that is told: ``light``, ``moderate`` or ``heavy``
            (and worse); empty: none is.
        episode_probability: from this probability of such a day on [1]; ``forecast verify`` counts
            hits and false alarms from the one that was in force when the outlook was made.
        episode_days: how many days ahead are looked at [day].
        keep_days: a message that a channel does not take is tried again for so long [day].
        timeout: how long one channel may take [s].
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    channels: list[str] = []
    lang: Literal["", "zh", "en"] = ""
    hysteresis: Annotated[float, Field(ge=0, le=0.2)] = 0.03
    improvements: bool = True
    repeat_days: Annotated[int, Field(ge=1, le=366)] = 7
    silent_air_days: Annotated[int, Field(ge=1, le=366)] = 3
    silent_water_days: Annotated[int, Field(ge=1, le=366)] = 45
    flags_jump: Annotated[int, Field(ge=1)] = 20
    episode_level: Literal["", "light", "moderate", "heavy"] = "moderate"
    episode_probability: Annotated[float, Field(gt=0, lt=1)] = 0.3
    episode_days: Annotated[int, Field(ge=1, le=7)] = 7
    keep_days: Annotated[int, Field(ge=1, le=366)] = 7
    timeout: Annotated[int, Field(ge=1, le=600)] = 30

    # Before anything else, and of the whole table: an error that pydantic raises of one value is
    # shown with it, and an address put here by mistake holds a password.
    @model_validator(mode="before")
    @classmethod
    def _names_of_variables(cls, given: Any) -> Any:
        if not isinstance(given, dict) or not isinstance(given.get("channels"), list):
            return given
        channels = given["channels"]
        for number, one in enumerate(channels, start=1):
            if not isinstance(one, str) or not _NAME.fullmatch(one):
                raise ValueError(
                    f"channel {number} is no name of an environment variable; put the address into "
                    "a variable such as FORECAST_ALERT_MAIL and its name here"
                )
        if len(set(channels)) != len(channels):
            raise ValueError("a channel is listed twice")
        return given
