"""``reports/alerts.json``: what was told, and what is still to be sent; never an address."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from forecast.disk import write_file
from forecast.runs.alerts import MEMORY_VERSION, Alert
from forecast.runs.lock import held
from forecast.workspace import Workspace

__all__ = ["ALERTS_NAME", "AlertState", "Waiting", "alone_with_alerts", "read_state", "write_state"]

ALERTS_NAME = "alerts.json"

#: How long one sender waits for another [s]: longer than some channels that time out.
_PATIENCE = 900.0

#: More than so many waiting messages are not kept; the oldest go first.
_MOST = 500


@dataclass(frozen=True)
class Waiting:
    """An alert that some channels have not taken yet.

    Attributes:
        alert: what is to be told.
        since: the day it was found.
        channels: names of the channels that still need it.
    """

    alert: Alert
    since: date
    channels: tuple[str, ...]


@dataclass(frozen=True)
class AlertState:
    """What the file holds.

    Attributes:
        memory: as :func:`forecast.runs.alerts.alerts_of` hands it back.
        waiting: what is to be sent, the oldest first.
        run: the run that was looked at last; empty: none.
    """

    memory: dict[str, Any] = field(default_factory=dict)
    waiting: tuple[Waiting, ...] = ()
    run: str = ""

    def with_news(
        self, memory: dict[str, Any], alerts: Sequence[Alert], channels: Sequence[str], today: date,
        run: str,
    ) -> AlertState:  # fmt: skip
        """Return the state with ``alerts`` waiting for all channels; a newer one on the same thing
        takes the place of one that no channel has taken."""
        keys = {alert.key for alert in alerts}
        old = tuple(w for w in self.waiting if w.alert.key not in keys)
        fresh = tuple(Waiting(alert, today, tuple(channels)) for alert in alerts if channels)
        return AlertState(memory, (*old, *fresh)[-_MOST:], run)

    def without(self, channel: str, keys: Sequence[str]) -> AlertState:
        """Return the state after ``channel`` took the alerts of these keys."""
        return replace(self, waiting=_pruned(self.waiting, channel, set(keys)))

    def current(self, channels: Sequence[str], today: date, keep_days: int) -> AlertState:
        """Return the state without what is too old, and without channels that are no more."""
        kept = []
        for one in self.waiting:
            names = tuple(name for name in one.channels if name in channels)
            if names and (today - one.since).days < keep_days:
                kept.append(replace(one, channels=names))
        return replace(self, waiting=tuple(kept))


def _pruned(waiting: Sequence[Waiting], channel: str, keys: set[str]) -> tuple[Waiting, ...]:
    out = []
    for one in waiting:
        names = tuple(n for n in one.channels if n != channel or one.alert.key not in keys)
        if names:
            out.append(replace(one, channels=names))
    return tuple(out)


def alone_with_alerts(workspace: Workspace) -> AbstractContextManager[None]:
    """Keep other processes from sending the same at the same time.

    Raises:
        WorkspaceError: another one holds the alerts for too long, or the folder can't be written.
    """
    busy = f"Another process has been sending the alerts of {workspace.root} for a long time."
    return held(workspace.reports / ".alerts.lock", _PATIENCE, busy)


def read_state(workspace: Workspace) -> AlertState:
    """Return what the file holds; a damaged or missing one holds nothing, so a look starts anew."""
    try:
        told = json.loads((workspace.reports / ALERTS_NAME).read_text(encoding="utf-8"))
        memory = told["memory"]
        if memory.get("memory_version", MEMORY_VERSION) != MEMORY_VERSION:
            memory = {}
        waiting = tuple(
            Waiting(Alert(**w["alert"]), date.fromisoformat(w["since"]), tuple(w["channels"]))
            for w in told["waiting"]
        )
        return AlertState(dict(memory), waiting, str(told.get("run") or ""))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return AlertState()


def write_state(workspace: Workspace, state: AlertState) -> None:
    """Put the state on record, at one moment.

    Raises:
        WorkspaceError: it can't be written; the former one stands.
    """
    told = {
        "run": state.run,
        "memory": state.memory,
        "waiting": [
            {"alert": w.alert.to_dict(), "since": w.since.isoformat(), "channels": list(w.channels)}
            for w in state.waiting
        ],
    }
    text = json.dumps(told, ensure_ascii=False, indent=1) + "\n"
    write_file(workspace.reports / ALERTS_NAME, text.encode("utf-8", errors="backslashreplace"))
