"""What a source is asked with, checked before anything is sent."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlsplit

from forecast.errors import UsageError
from forecast.fetch.source import Source

__all__ = ["accepted", "address"]


def accepted(source: Source, given: dict[str, Any], today: date) -> dict[str, Any]:
    """Return the arguments that the source takes, complete and in order.

    Raises:
        UsageError: one is missing, not known to it, or means nothing.
    """
    taken = {argument.name: argument for argument in source.arguments}
    arguments: dict[str, Any] = {}
    for name, value in given.items():
        if value is None or (isinstance(value, str) and not value.strip()):
            if value is not None:
                raise UsageError(f"--{name} is blank.", "Give a value, or leave it out.")
            continue
        if name not in taken:
            options = ", ".join(argument.option for argument in source.arguments)
            raise UsageError(f"{source.name} does not take {name}.", f"It takes: {options}.")
        arguments[name] = value.strip() if isinstance(value, str) else value
    for argument in source.arguments:
        if argument.required and argument.name not in arguments:
            raise UsageError(f"{source.name} needs {argument.option}.", f"Give the {argument.en}.")
        chosen = arguments.get(argument.name)
        if argument.choices and chosen is not None and chosen not in argument.choices:
            raise UsageError(
                f"{source.name} has no {chosen}.", f"Choose one of: {', '.join(argument.choices)}."
            )
    _refuse_impossible(arguments)
    if source.dated:
        arguments.setdefault("end", max(today - timedelta(days=1), arguments["start"]))
        first, last = arguments["start"], arguments["end"]
        if first > last:
            raise UsageError(f"The period ends ({last}) before it begins ({first}).", "Swap them.")
        if last > today:
            raise UsageError(f"{last} has not come yet.", f"Give {today} or an earlier last day.")
    return arguments


def _refuse_impossible(arguments: dict[str, Any]) -> None:
    for name, least, most in (
        ("latitude", -90.0, 90.0),
        ("longitude", -180.0, 180.0),
        ("days", 1, 16),
        ("location", 1, math.inf),
    ):
        value = arguments.get(name)
        if value is not None and not least <= value <= most:
            shown = f"from {least:g} to {most:g}" if most < math.inf else f"{least:g} or more"
            raise UsageError(f"{name} {value} does not exist.", f"Give a number {shown}.")


def address(source: Source, given: str | None) -> str:
    """Return the base URL to ask: the official one, or the given one without a slash at its end.

    Raises:
        UsageError: it is no address, or holds what must not be stored.
    """
    if given is None:
        return source.base_url
    try:
        parts = urlsplit(given.strip())
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise UsageError(f"{given} is not an address.", "Give one that begins with https://.")
    if parts.username or parts.password or parts.query or parts.fragment:
        # It would be stored in the index.
        raise UsageError(
            "The base URL must hold no user, password or query.",
            "Keys belong in environment variables.",
        )
    return given.strip().rstrip("/")
