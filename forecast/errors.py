"""Every error a user can meet, and the exit code it ends in.

ForecastError                    exit 1  the data or the request can't be served
├── InputError                   exit 1  a file, row or value is wrong
│   └── ContradictionError       exit 3  a column contradicts its header
├── WorkspaceError               exit 1  the workspace or its configuration is wrong
├── TargetError                  exit 1  a target or an assigned number is wrong
└── UsageError                   exit 2  the command was called wrongly
"""

from __future__ import annotations

__all__ = [
    "ContradictionError",
    "ForecastError",
    "InputError",
    "TargetError",
    "UsageError",
    "WorkspaceError",
]


class ForecastError(Exception):
    """Base of all errors shown to a user.

    ``message`` is one plain sentence that says what is wrong and where (file, row, column);
    ``cure`` says what to do about it.
    """

    exit_code = 1

    def __init__(self, message: str, cure: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.cure = cure

    def __str__(self) -> str:
        return f"{self.message} {self.cure}".strip()


class InputError(ForecastError):
    """A file, a row or a value can't be used."""


class ContradictionError(InputError):
    """A column can't be what its header says; the file is not taken in."""

    exit_code = 3


class WorkspaceError(ForecastError):
    """The workspace, its configuration or its tables can't be used."""


class TargetError(ForecastError):
    """A target file or an assigned number can't be used."""


class UsageError(ForecastError):
    """The command was called in a way that has no meaning."""

    exit_code = 2
