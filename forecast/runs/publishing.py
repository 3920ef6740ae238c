"""A folder of results appears whole or not at all: built aside, then renamed."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from forecast.errors import WorkspaceError

__all__ = ["publish"]


def publish(folder: Path, write: Callable[[Path], None], *, what: str = "run") -> None:
    """Let ``write`` fill a folder aside of ``folder``, then rename it into place.

    What stood there before is replaced; what an earlier, killed attempt left aside is removed.

    Raises:
        WorkspaceError: it can't be written; ``what`` names it.
    """
    parent = folder.parent
    try:
        parent.mkdir(parents=True, exist_ok=True)
        for stale in parent.glob(".building-*"):
            shutil.rmtree(stale, ignore_errors=True)
        aside = Path(tempfile.mkdtemp(prefix=".building-", dir=parent))
        try:
            write(aside)
            aside.chmod(0o755)
            if folder.exists():
                shutil.rmtree(folder)
            aside.rename(folder)
        except BaseException:
            shutil.rmtree(aside, ignore_errors=True)
            raise
    except OSError as error:
        raise WorkspaceError(
            f"The {what} can't be written to {parent} ({error.strerror or error}).",
            "Make room or check the permissions, then run again; earlier results are untouched.",
        ) from error
