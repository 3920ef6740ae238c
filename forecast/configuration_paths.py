"""``[paths]`` of ``forecast.toml``: which folders outside of the workspace its settings may name."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePosixPath, PureWindowsPath
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, field_validator

__all__ = ["PathSettings", "check_inside", "check_shared"]


class PathSettings(BaseModel):
    """``[paths]``: settings that name files stay in the workspace, but for these folders.

    Attributes:
        outside: folders, such as ``/srv/plans`` or ``../plans``; what lies below them may be named
            as the setting's own value begins: ``/srv/plans/2025`` below ``/srv/plans``.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    outside: list[str] = []

    @field_validator("outside")
    @classmethod
    def _folders(cls, value: list[str]) -> list[str]:
        for folder in value:
            if not folder.strip():
                raise ValueError("a folder is blank")
        return value


def check_shared(url: str) -> str:
    """Return the address of a shared copy, looked at.

    >>> check_shared("s3://bureau/forecast/tables")
    's3://bureau/forecast/tables'

    Raises:
        ValueError: it is none, is one that no other process sees, or has a password in it.
    """
    parts = urlsplit(url)
    if not parts.scheme or "://" not in url or len(parts.scheme) < 2:
        raise ValueError(f"{url!r} is no address of files; write it as s3://bucket/folder")
    if parts.scheme == "file" and parts.netloc:
        raise ValueError(f"{url!r} does not begin at the root; write it as file:///srv/tables")
    if parts.scheme == "memory":
        raise ValueError("the memory of one process can't be seen by another one")
    if parts.password:
        raise ValueError(
            "an address must not hold a password; give it to fsspec by its environment variables"
        )
    return url


def check_inside(key: str, named: str, outside: Iterable[str]) -> None:
    """Look whether a path of a setting stays in the workspace or in a folder that is allowed.

    It is judged as it is written, for the rules of both Windows and POSIX, so that a file of
    settings means the same on both; links that somebody made in the workspace are theirs to make.

    >>> check_inside("[plans] folder", "plans/own", [])
    >>> check_inside("[plans] folder", "/srv/plans/2025", ["/srv/plans"])

    Args:
        key: the setting, for the message.
        named: its value; empty names nothing.
        outside: folders that are allowed.

    Raises:
        ValueError: it leads elsewhere.
    """
    if not _leaves(named):
        return
    parts = _parts(named)
    for folder in (_parts(one) for one in outside if one.strip()):
        below = parts[len(folder) :]
        if folder and parts[: len(folder)] == folder and ".." not in below:
            return
    raise ValueError(
        f"{key} = {named!r} leads out of the workspace; name a path in it, or allow the folder with "
        "[paths] outside"
    )


def _parts(path: str) -> tuple[str, ...]:
    return tuple(part for part in path.replace("\\", "/").rstrip("/").split("/") if part != ".")


def _leaves(named: str) -> bool:
    windows = PureWindowsPath(named)
    absolute = PurePosixPath(named).is_absolute() or bool(windows.drive or windows.root)
    return absolute or named.startswith("~") or ".." in _parts(named)
