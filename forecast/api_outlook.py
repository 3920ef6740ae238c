"""The calls of a workspace on the next seven days."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from forecast import workspace as _workspace

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["OutlookCalls"]


class OutlookCalls:
    """What ``Workspace`` offers on the next seven days."""

    _inner: _workspace.Workspace

    def outlook(
        self, *, region: str | None = None, days: int = 7, run: str | None = None
    ) -> pd.DataFrame:
        """Return the daily outlook of the cities of a run, one row a city and day.

        Args:
            region: only this region, with or without 市 and the like.
            days: as many days, 1 to 7.
            run: name of the run; None: the newest.

        Returns:
            See :func:`forecast.report.short_range_table.air_table`.

        Raises:
            ForecastError: there is no run, or it has no outlook, or none of the region.
            UsageError: a number of days other than 1 to 7, or an unknown run.
        """
        from forecast.report.short_range_table import air_table

        return air_table(self.outlook_object(region=region, days=days, run=run)["air"])

    def outlook_of_sections(
        self, *, region: str | None = None, run: str | None = None
    ) -> pd.DataFrame:
        """Return the outlook of the sections of a run; arguments as for :meth:`outlook`.

        Returns:
            See :func:`forecast.report.short_range_table.water_table`.
        """
        from forecast.report.short_range_table import water_table

        return water_table(self.outlook_object(region=region, run=run)["water"])

    def outlook_object(
        self, *, region: str | None = None, days: int = 7, run: str | None = None
    ) -> dict[str, Any]:
        """Return ``short_range`` of a run as ``projection.json`` has it, with ``run`` and ``as_of``.

        Arguments and errors as for :meth:`outlook`.
        """
        from forecast.runs.outlook import outlook_of

        return outlook_of(self._inner, region=region, days=days, run=run)
