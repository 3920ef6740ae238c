"""The owner-only environment file that gives a scheduled run its secrets; it is only read."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from forecast.errors import InputError, UsageError

__all__ = ["FOR_OWNER_ALONE", "read_env_file"]

#: Permission bits of a file that only its owner reads and writes.
FOR_OWNER_ALONE = 0o600

#: A file of a few keys is smaller than this [byte].
_LARGEST = 1 << 18

_LINE = re.compile(r"(?:export\s+)?(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*=\s*(?P<value>.*)")


def read_env_file(path: Path) -> dict[str, str]:
    """Return the variables of an environment file that belongs to its owner alone.

    Each line is ``NAME=value``, the value in single or double quotes if need be; ``#`` begins a
    line of comment, and ``export`` before the name is passed over. Nothing is expanded. Windows
    has no such permissions, so there the folder's own must do.

    Raises:
        UsageError: the file is not there, or others than its owner may read or write it.
        InputError: a line is none; the message has its number and never its text.
    """
    try:
        # What is checked is what is read: the same open file.
        with path.open("rb") as file:
            _refuse_shared(path, os.fstat(file.fileno()))
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise UsageError(
            f"The environment file {path} can't be read ({error.strerror or error}).",
            "Make it with lines such as OPENAQ_API_KEY=..., or leave out --env-file.",
        ) from error
    if len(data) > _LARGEST:
        raise InputError(f"{path} is too large for an environment file.", "Name another one.")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not UTF-8 text.", "Save it as UTF-8.") from error
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        parts = _LINE.fullmatch(bare)
        if parts is None or "\x00" in bare:
            raise InputError(
                f"{path}:{number} is no line of an environment file.",
                "Write NAME=value, one on each line.",
            )
        found[parts["name"]] = _bare(path, number, parts["value"])
    return found


def _bare(path: Path, number: int, value: str) -> str:
    """Return a value without the quotes around it."""
    if value[:1] not in ("'", '"'):
        return value
    if len(value) < 2 or value[-1] != value[0] or value[0] in value[1:-1]:
        raise InputError(
            f"{path}:{number}: the quotes of the value do not match.",
            "Put the whole value between two single or two double quotes.",
        )
    return value[1:-1]


def _refuse_shared(path: Path, found: os.stat_result) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise UsageError(f"{path} is not a file.", "Name a file with lines NAME=value.")
    if os.name == "nt":
        return
    mode = stat.S_IMODE(found.st_mode)
    if mode & 0o077:
        raise UsageError(
            f"{path} holds secrets and others than its owner may use it (mode {mode:04o}).",
            f"Take that away: chmod {FOR_OWNER_ALONE:o} '{path}'.",
        )
    if found.st_uid != os.geteuid():
        raise UsageError(
            f"{path} belongs to another user.", "Make an environment file of your own."
        )
