"""``[schedule]`` of ``forecast.toml``: the morning run, how old a good run may get, the logs."""

from __future__ import annotations

import re
from datetime import time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator

__all__ = ["ScheduleSettings", "known_zone", "span_of", "time_of_day"]

_UNITS = {"m": 60, "h": 3600, "d": 86400}

#: Longest age of a run that can be asked for: ten years of days.
_LONGEST = timedelta(days=3660)


def time_of_day(text: str) -> time:
    """Return the time that ``text`` says, with hours and minutes.

    >>> time_of_day("6:30")
    datetime.time(6, 30)

    Raises:
        ValueError: it is no time of a day.
    """
    found = re.fullmatch(r"([0-9]{1,2})[:：]([0-9]{2})", text.strip())
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        raise ValueError("no time of a day; give hours and minutes such as 06:30")
    return time(int(found[1]), int(found[2]))


def span_of(text: str) -> timedelta:
    """Return the span that ``text`` says, in minutes, hours or days.

    >>> span_of("26h")
    datetime.timedelta(days=1, seconds=7200)

    Raises:
        ValueError: it is no span, or zero, or longer than ten years.
    """
    found = re.fullmatch(r"([0-9]{1,6}(?:\.[0-9]{1,3})?)\s*([mhd])", text.strip())
    span = timedelta(seconds=float(found[1]) * _UNITS[found[2]]) if found else timedelta(0)
    if not timedelta(0) < span <= _LONGEST:
        raise ValueError("no span of time; give one such as 90m, 26h or 2d")
    return span


def known_zone(name: str) -> ZoneInfo:
    """Return the time zone called ``name``.

    Raises:
        ValueError: there is none.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError("no such time zone; give one such as Asia/Shanghai") from error


class ScheduleSettings(BaseModel):
    """``[schedule]``: what the timer and the loop take where their command line says nothing.

    Attributes:
        at: time of the day.
        timezone: of ``at``; empty: that of ``[workspace]``.
        env_file: the owner-only file with the secrets, relative to the workspace; empty: none.
        secrets: names of further environment variables whose values no log may show.
        fetch: sources pulled first, each as the words after ``forecast fetch``.
        step_minutes: a step that takes longer is ended [minute].
        max_age: how old the last good run may be for the health to be good.
        log_kilobytes: a log of this size is set aside and a new one begun [kB].
        log_files: so many logs are kept, the one written to included.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    at: str = "06:30"
    timezone: str = ""
    env_file: str = ""
    secrets: list[Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]] = []
    fetch: list[Annotated[str, Field(min_length=1)]] = []
    step_minutes: Annotated[int, Field(ge=1, le=10_080)] = 360
    max_age: str = "26h"
    log_kilobytes: Annotated[int, Field(ge=1, le=1_000_000)] = 2000
    log_files: Annotated[int, Field(ge=1, le=1000)] = 10

    @field_validator("at")
    @classmethod
    def _is_time(cls, value: str) -> str:
        time_of_day(value)
        return value

    @field_validator("timezone")
    @classmethod
    def _is_zone(cls, value: str) -> str:
        if value:
            known_zone(value)
        return value

    @field_validator("max_age")
    @classmethod
    def _is_span(cls, value: str) -> str:
        span_of(value)
        return value
