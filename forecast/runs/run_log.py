"""Logs as JSON lines under ``reports/logs``: one line per stage, rotated, without secrets."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import filelock

from forecast.disk import drop

__all__ = ["LOG_NAME", "RunLog", "Secrets", "secret_values"]

#: The log that is written to; older ones have a number behind it, the newest of them 1.
LOG_NAME = "forecast.jsonl"

#: A value shorter than this is no secret: it would hide half of every line.
_SHORTEST = 4

#: As much of a text is kept in a line [character].
_LONGEST = 2000

#: How long a writer waits for another one [s].
_PATIENCE = 5.0

#: Names of environment variables that hold secrets, whoever reads them.
_TELLING = re.compile(
    r"KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL|WEBHOOK", re.IGNORECASE
)

_USER_IN_URL = re.compile(r"(?P<head>[A-Za-z][A-Za-z0-9+.\-]*://)[^\s/?#@]*@")
_KEY_IN_URL = re.compile(
    r"(?P<head>[?&;][A-Za-z0-9_.\-]*(?:key|token|secret|passw(?:or)?d|pwd|sign(?:ature)?|auth)=)"
    r"[^&#\s\"'<>]+",
    re.IGNORECASE,
)


def secret_values(environment: Mapping[str, str], names: Iterable[str] = ()) -> tuple[str, ...]:
    """Return the values that no log may show.

    Args:
        environment: variables with their values.
        names: variables known to hold secrets; those whose names say so need no mention.
    """
    known = {*names}
    found = {v.strip() for n, v in environment.items() if n in known or _TELLING.search(n)}
    return tuple(sorted(value for value in found if len(value) >= _SHORTEST))


class Secrets:
    """Takes secrets out of texts.

    Args:
        values: the secrets themselves; parts of a long one, and its form in an address, are taken
            out as well, and so are users, passwords and keys in any address.
    """

    def __init__(self, values: Iterable[str] = ()) -> None:
        from forecast.fetch.redaction import Redaction

        own = [value for value in values if len(value) >= _SHORTEST]
        self._redaction = Redaction((*own, *(quote(v, safe="") for v in own)))

    def without(self, text: str) -> str:
        """Return ``text`` without what must not be shown.

        >>> Secrets(["s3cret-word"]).without("s3cret-word, https://me:pass@host/a?key=abc&b=1")
        '***, https://***@host/a?key=***&b=1'
        """
        text = self._redaction.text(text)
        text = _USER_IN_URL.sub(r"\g<head>***@", text)
        return _KEY_IN_URL.sub(r"\g<head>***", text)


class RunLog:
    """The log of a workspace; processes that write at once write one after the other.

    Args:
        folder: where it lies.
        secrets: what is taken out of every text.
        largest: a log of this size is set aside [byte].
        files: so many are kept, the one written to included.
        now: the clock; its moments carry a zone.
    """

    def __init__(
        self,
        folder: Path,
        *,
        secrets: Secrets,
        largest: int = 2_000_000,
        files: int = 10,
        now: Callable[[], datetime],
    ) -> None:
        self.folder = folder
        self.path = folder / LOG_NAME
        self._secrets = secrets
        self._largest, self._files, self._now = largest, files, now

    def without_secrets(self, text: str) -> str:
        """Return ``text`` without what must not be shown."""
        return self._secrets.without(text)

    def write(self, event: str, *, level: str = "info", **fields: Any) -> None:
        """Add one line.

        A log that can't be written stops nothing: the line goes to standard error instead.

        Args:
            event: what happened, one word.
            level: ``info``, ``warning`` or ``error``.
            **fields: what there is to say; texts lose their secrets.
        """
        line = json.dumps(
            {
                "time": self._now().isoformat(timespec="milliseconds"),
                "level": level,
                "event": event,
                "pid": os.getpid(),
                **{name: self._told(value) for name, value in fields.items() if value is not None},
            },
            ensure_ascii=False,
        )
        # A lone half of a surrogate pair, as in a name of a file that is not UTF-8, has no bytes.
        data = line.encode("utf-8", errors="backslashreplace") + b"\n"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with filelock.FileLock(self.folder / ".lock", timeout=_PATIENCE):
                self._rotate(len(data))
                _append(self.path, data)
        except (OSError, filelock.Timeout, NotImplementedError) as error:
            sys.stderr.write(f"forecast: the log can't be written ({error}): {line}\n")

    def _told(self, value: Any) -> Any:
        if isinstance(value, str):
            told = self._secrets.without(value)
            return told if len(told) <= _LONGEST else f"{told[:_LONGEST]} …"
        if isinstance(value, Mapping):
            return {str(name): self._told(one) for name, one in value.items()}
        if isinstance(value, list | tuple):
            return [self._told(one) for one in value]
        if value is None or isinstance(value, bool | int | float):
            return value
        return self._told(str(value))

    def _rotate(self, coming: int) -> None:
        try:
            if self.path.stat().st_size + coming <= self._largest:
                return
        except FileNotFoundError:
            return
        kept = [self.path, *(self._aside(n) for n in range(1, self._files))]
        for path in sorted(self.folder.glob(f"{LOG_NAME}.*")):
            number = path.name.removeprefix(f"{LOG_NAME}.")
            if number.isdigit() and int(number) >= self._files - 1:
                drop(path)
        if len(kept) == 1:
            drop(self.path)
        for older, newer in zip(reversed(kept), list(reversed(kept))[1:], strict=False):
            if newer.exists():
                newer.replace(older)

    def _aside(self, number: int) -> Path:
        return self.folder / f"{LOG_NAME}.{number}"


def _append(path: Path, data: bytes) -> None:
    """Add a line at the end; one that a kill or a full disk cut short is ended first."""
    with path.open("ab+") as file:
        if file.tell() > 0:
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                data = b"\n" + data
        file.write(data)
