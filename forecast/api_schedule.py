"""The calls of a workspace on its morning runs: install, list, remove, run, health."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from forecast import workspace as _workspace
from forecast.errors import UsageError

if TYPE_CHECKING:
    from forecast.runs.health import Health
    from forecast.runs.schedule_attempt import Attempt
    from forecast.runs.schedule_install import Wanted
    from forecast.runs.schedule_job import Plan

__all__ = ["ScheduleCalls"]


class ScheduleCalls:
    """What ``Workspace`` offers on schedules.

    ``at``, ``timezone``, ``env_file`` and ``fetch`` are as for the command; what is left out is
    taken from ``[schedule]`` of ``forecast.toml``.
    """

    _inner: _workspace.Workspace

    def install_schedule(
        self,
        *,
        at: str | None = None,
        timezone: str | None = None,
        env_file: str | Path | None = None,
        fetch: Sequence[str] = (),
        name: str | None = None,
        kind: str = "auto",
        lang: str = "zh",
        dry_run: bool = False,
    ) -> Plan:
        """Write and enable a timer; return what was written; see ``schedule_install.install``."""
        from forecast.runs.schedule_install import install

        wanted = _wanted(at, timezone, env_file, fetch)
        return install(
            self._inner, wanted, now=datetime.now(UTC), name=name, kind=kind, lang=lang,
            dry_run=dry_run,
        )[1]  # fmt: skip

    def schedules(self) -> pd.DataFrame:
        """Return the timers of this workspace, one row each."""
        from forecast.runs.schedule_install import installed
        from forecast.runs.schedule_job import Installed

        columns = list(Installed.__dataclass_fields__)
        return pd.DataFrame([one.to_dict() for one in installed(self._inner)], columns=columns)

    def remove_schedule(self, name: str | None = None) -> list[str]:
        """Remove the timers of this workspace, or the one of that name; return their names."""
        from forecast.runs.schedule_install import remove

        return [one.name for one in remove(self._inner, name=name)]

    def run_scheduled(
        self,
        *,
        at: str | None = None,
        timezone: str | None = None,
        env_file: str | Path | None = None,
        fetch: Sequence[str] = (),
        force: bool = False,
    ) -> Attempt | None:
        """Do the morning run once, from the main thread; None where the day has had it.

        ``force`` does it all the same.

        Raises:
            BusyError: another process is at it.
        """
        from forecast.runs.schedule_install import scheduled
        from forecast.runs.schedule_loop import real_clock, run_once

        made = scheduled(self._inner, _wanted(at, timezone, env_file, fetch))
        with real_clock() as clock:
            return run_once(made, clock, force=force)

    def health(self, max_age: str | None = None) -> Health:
        """Return whether the last good run is recent (``max_age`` such as ``26h``)."""
        from forecast.configuration_schedule import span_of
        from forecast.runs.health import health

        try:
            span = None if max_age is None else span_of(max_age)
        except ValueError as error:
            raise UsageError(
                f"--max-age {max_age!r} is {error}.", "An example: --max-age 26h."
            ) from error
        return health(self._inner, datetime.now(UTC), max_age=span)


def _wanted(
    at: str | None, timezone: str | None, env_file: str | Path | None, fetch: Sequence[str]
) -> Wanted:
    from forecast.runs.schedule_install import Wanted

    return Wanted(at, timezone, None if env_file is None else Path(env_file), tuple(fetch))
