"""The calls of a workspace on its safety and its size: backup, restore, what is to be removed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from forecast import workspace as _workspace

if TYPE_CHECKING:
    from forecast.runs.backup import Saved
    from forecast.runs.restore import Restored
    from forecast.runs.retention import Retention

__all__ = ["BackupCalls"]


class BackupCalls:
    """What ``Workspace`` offers on backups and retention."""

    _inner: _workspace.Workspace

    def backup(self, target: str | Path, *, runs: bool = False) -> Saved:
        """Write the workspace into one file, checked to its end; see ``backup.back_up``."""
        from forecast.runs.backup import back_up

        return back_up(self._inner, Path(target), runs=runs)

    @staticmethod
    def check_backup(file: str | Path) -> Saved:
        """Read a backup to its end: every hash, and the fingerprint of its tables."""
        from forecast.runs.backup import check_backup

        return check_backup(Path(file))

    @staticmethod
    def restore(file: str | Path, to: str | Path) -> Restored:
        """Unpack a backup into a folder that is empty or not there; see ``restore.restore``."""
        from forecast.runs.restore import restore

        return restore(Path(file), Path(to))

    def retention(self, *, apply: bool = False) -> Retention:
        """Return which old results are due to be removed; with ``apply`` remove them."""
        from forecast.runs.retention import plan_retention, retire

        do = retire if apply else plan_retention
        return do(self._inner, self._inner.config.retention)
