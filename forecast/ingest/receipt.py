"""The moment of receipt: from when a correction or a decision is known."""

from __future__ import annotations

from datetime import datetime

import pandas as pd

from forecast.workspace import Workspace

__all__ = ["received_at"]


def received_at(ws: Workspace, now: datetime | None) -> pd.Timestamp:
    """Return ``now`` (default the clock) in the local time of the workspace, to the second."""
    moment = now or datetime.now(ws.timezone)
    if moment.tzinfo is not None:
        moment = moment.astimezone(ws.timezone)
    return pd.Timestamp(moment.replace(tzinfo=None, microsecond=0))
