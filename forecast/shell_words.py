"""Paths and names in commands that a person is told to give, so that a shell takes each as one word."""

from __future__ import annotations

import os
import re
import shlex

__all__ = ["as_word"]

#: What no shell takes for anything but itself; letters of any script are among it.
_PLAIN, _PLAIN_ON_WINDOWS = re.compile(r"[\w@%+=:,./-]+"), re.compile(r"[\w@+:./\\-]+")


def as_word(value: object, *, windows: bool = os.name == "nt") -> str:
    """Return a path or name as one word of a command line.

    Args:
        value: what is to be given.
        windows: quote it as its shells do; no path there has a double quote in it.

    >>> as_word("/data/衡水"), as_word("/data/my work")
    ('/data/衡水', "'/data/my work'")
    >>> as_word("C:/my work (new)", windows=True)
    '"C:/my work (new)"'
    """
    text = str(value)
    if windows:
        return text if _PLAIN_ON_WINDOWS.fullmatch(text) else f'"{text}"'
    return text if _PLAIN.fullmatch(text) else shlex.quote(text)
