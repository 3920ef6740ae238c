"""A folder of results appears whole or not at all: built aside, then renamed."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from forecast.disk import sync_folder, sync_tree, write_cure
from forecast.errors import WorkspaceError
from forecast.runs.lock import held

__all__ = ["publish"]

#: Begins the name of a folder that is not finished, or whose going is.
_BUILDING = ".building-"

#: Begins the name of a folder in whose place another one comes.
_REPLACED = ".replaced-"

#: How long one waits for another that builds in the same parent folder [s].
_PATIENCE = 3600.0


def publish(folder: Path, write: Callable[[Path], None], *, what: str = "run") -> None:
    """Let ``write`` fill a folder aside of ``folder``, then rename it into place.

    All of it is on the disk before it gets its name. What stood there before is replaced; what an
    earlier, killed attempt left aside is removed, or put back if its successor never came. One at a
    time builds in a parent folder.

    Raises:
        WorkspaceError: it can't be written; ``what`` names it.
    """
    parent = folder.parent
    with held(parent / ".building.lock", _PATIENCE, f"Another command has been writing {parent}."):
        try:
            _settle(parent)
            aside = Path(tempfile.mkdtemp(prefix=_BUILDING, dir=parent))
            try:
                write(aside)
                aside.chmod(0o755)
                sync_tree(aside)
                _place(aside, folder, what)
            except BaseException:
                shutil.rmtree(aside, ignore_errors=True)
                raise
        except OSError as error:
            raise WorkspaceError(
                f"The {what} can't be written to {parent} ({error.strerror or error}).",
                f"{write_cure(error)} Earlier results are untouched.",
            ) from error


def _settle(parent: Path) -> None:
    """Put in order what one that was killed left behind."""
    for stale in parent.glob(f"{_BUILDING}*"):
        if stale.is_dir():
            shutil.rmtree(stale, ignore_errors=True)
    for before in parent.glob(f"{_REPLACED}*"):
        place = parent / before.name.removeprefix(_REPLACED)
        if place.exists():
            shutil.rmtree(before, ignore_errors=True)
        else:
            before.rename(place)


def _place(aside: Path, folder: Path, what: str) -> None:
    """Give a finished folder its name; what had it stays beside until that is durable."""
    before = folder.with_name(f"{_REPLACED}{folder.name}") if folder.exists() else None
    if before is not None:
        folder.rename(before)
    try:
        aside.rename(folder)
    except BaseException:
        # Should this fail too, whoever publishes next puts it back.
        with suppress(OSError):
            if before is not None:
                before.rename(folder)
        raise
    try:
        sync_folder(folder.parent)
    except OSError as error:
        raise WorkspaceError(
            f"The {what} stands in {folder}, but may not outlast a power cut "
            f"({error.strerror or error}).",
            write_cure(error),
        ) from error
    finally:
        if before is not None:
            shutil.rmtree(before, ignore_errors=True)
