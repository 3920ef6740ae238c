"""The calls of a workspace on alerts and on what changed since an earlier run."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from forecast import workspace as _workspace
from forecast.errors import ForecastError, UsageError

if TYPE_CHECKING:
    from forecast.runs.alerts import Alert
    from forecast.runs.alerts_channels import Sent
    from forecast.runs.alerts_send import AlertReport
    from forecast.runs.changes import Changes

__all__ = ["AlertCalls"]


class AlertCalls:
    """What ``Workspace`` offers on alerts and changes."""

    _inner: _workspace.Workspace

    def alerts(self) -> tuple[Alert, ...]:
        """Return what would be sent now; nothing is written or sent."""
        from forecast.runs.alerts_send import look

        return look(self._inner, datetime.now(UTC)).alerts

    def send_alerts(self) -> AlertReport:
        """Send what is worth a message to the channels of ``[alerts]``, and keep what fails."""
        from forecast.runs.alerts_send import send_alerts

        return send_alerts(self._inner, datetime.now(UTC))

    def test_alerts(self, channel: str | None = None) -> list[Sent]:
        """Send a test message to every channel, or to the one named."""
        from forecast.runs.alerts_send import send_test

        return send_test(self._inner, channel=channel)

    def changes(self, run: str | None = None, since: str | None = None) -> Changes | None:
        """Return what changed from an earlier run to one; None where there is no earlier run.

        Args:
            run: name of the run; None: the newest.
            since: name of the earlier run; None: the last one that asked the same.
        """
        from forecast.runs.changes import changes_since
        from forecast.runs.execute import latest_run
        from forecast.runs.stored_run import read_run

        reports = self._inner.reports
        for name in (run, since):
            if name is not None and (
                name != name.strip(". ")
                or "/" in name
                or "\\" in name
                or not (reports / name).is_dir()
            ):
                raise UsageError(
                    f"There is no run {name}.", "The folders under reports are the runs."
                )
        folder = latest_run(self._inner) if run is None else reports / run
        if folder is None:
            raise ForecastError("There is no run yet.", "Make one: forecast run.")
        return changes_since(
            self._inner, read_run(folder).result,
            previous=None if since is None else reports / since,
        )  # fmt: skip
