"""Look at a workspace, keep what is worth a message, send it, and keep what could not be sent."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from forecast.configuration_alerts import AlertSettings
from forecast.errors import ForecastError
from forecast.report.alert_words import message, trial_words
from forecast.runs.alerts import Alert, Judged, Source, Thresholds, alerts_of
from forecast.runs.alerts_channels import Channel, Sent, channels_of, deliver
from forecast.runs.alerts_memory import AlertState, alone_with_alerts, read_state, write_state
from forecast.runs.changes import previous_run
from forecast.runs.execute import latest_run
from forecast.runs.run_log import Secrets, secret_values
from forecast.runs.stored_run import read_run
from forecast.workspace import Workspace

__all__ = ["AlertReport", "look", "send_alerts", "send_test"]


@dataclass(frozen=True)
class AlertReport:
    """What was found and what became of it.

    Attributes:
        alerts: what was found now.
        waiting: alerts that some channel still needs, these included.
        sent: one answer a channel that had something to take.
    """

    alerts: tuple[Alert, ...]
    waiting: int
    sent: tuple[Sent, ...]

    @property
    def exit_code(self) -> int:
        """0 where every channel took all; 4 where one did not."""
        return 0 if all(one.done for one in self.sent) else 4

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values."""
        return {
            "alerts": [alert.to_dict() for alert in self.alerts],
            "waiting": self.waiting,
            "sent": [
                {"channel": s.channel, "done": s.done, "zh": s.zh, "en": s.en} for s in self.sent
            ],
        }


def look(workspace: Workspace, now: datetime, state: AlertState | None = None) -> Judged:
    """Return what is worth a message now; nothing is written or sent.

    Args:
        workspace: the workspace.
        now: the moment, with a zone.
        state: what was told so far; None: it is read.
    """
    known = read_state(workspace) if state is None else state
    current, previous = _results(workspace, known)
    config = workspace.config
    return alerts_of(
        previous, current,
        health=_json(workspace.reports / "health.json"),
        sources=_sources(workspace),
        flags=_flags(workspace),
        settings=workspace.config.alerts,
        thresholds=Thresholds(config.thresholds.likely, config.thresholds.unlikely),
        memory=known.memory,
        today=now.astimezone(workspace.timezone).date(),
    )  # fmt: skip


def send_alerts(
    workspace: Workspace, now: datetime, *, environment: Mapping[str, str] | None = None
) -> AlertReport:
    """Find what is worth a message and send it, with what could not be sent before.

    What was found is on record before the first message leaves, so that a kill loses nothing; a
    message that left just before a kill may come twice. A channel that fails stops no other.

    Args:
        workspace: the workspace.
        now: the moment, with a zone.
        environment: variables with the addresses; None: those of the process, and those of the
            file ``[schedule] env_file``.

    Raises:
        UsageError: apprise is not installed.
        WorkspaceError: the record can't be written.
    """
    settings = workspace.config.alerts
    today = now.astimezone(workspace.timezone).date()
    names = settings.channels
    variables = _environment(workspace) if environment is None else dict(environment)
    with alone_with_alerts(workspace):
        state = read_state(workspace).current(names, today, settings.keep_days)
        judged = look(workspace, now, state)
        run = latest_run(workspace)
        state = state.with_news(
            judged.memory, judged.alerts, names, today, run.name if run else state.run
        )
        write_state(workspace, state)
        sent = []
        for channel in channels_of(names, variables) if names else []:
            mine = [w.alert for w in state.waiting if channel.name in w.channels]
            if not mine:
                continue
            one = _deliver(workspace, settings, channel, mine, variables)
            sent.append(one)
            if one.done:
                state = state.without(channel.name, [alert.key for alert in mine])
                write_state(workspace, state)
    return AlertReport(judged.alerts, len(state.waiting), tuple(sent))


def send_test(
    workspace: Workspace,
    *,
    channel: str | None = None,
    environment: Mapping[str, str] | None = None,
) -> list[Sent]:
    """Send a test message to every channel, or to one.

    Raises:
        UsageError: there is no channel, the one named is none, or apprise is not installed.
    """
    settings = workspace.config.alerts
    variables = _environment(workspace) if environment is None else dict(environment)
    words = trial_words(_name(workspace))
    test = Alert("test", "test", "good", *words)
    return [
        _deliver(workspace, settings, one, [test], variables)
        for one in channels_of(settings.channels, variables, channel)
    ]


def _deliver(
    workspace: Workspace,
    settings: AlertSettings,
    channel: Channel,
    alerts: Sequence[Alert],
    variables: Mapping[str, str],
) -> Sent:
    lang = settings.lang or workspace.config.workspace.lang
    secrets = Secrets(secret_values(variables, settings.channels))
    sentences = [(alert.zh, alert.en) for alert in alerts]
    return deliver(
        channel,
        lambda limit: message(_name(workspace), sentences, lang, limit=limit),
        timeout=settings.timeout,
        secrets=secrets,
    )


def _name(workspace: Workspace) -> str:
    return workspace.config.workspace.name or workspace.root.name


def _environment(workspace: Workspace) -> dict[str, str]:
    """Return the variables of the process and, below them, those of the schedule's own file."""
    from forecast.runs.schedule_secrets import read_env_file

    named = workspace.config.schedule.env_file
    given = read_env_file(workspace.root / named) if named else {}
    return {**given, **os.environ}


def _json(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _results(
    workspace: Workspace, state: AlertState
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Return the result of the newest run, and of the one before where nothing was told yet."""
    folder = latest_run(workspace)
    current = None if folder is None else _result(folder)
    if current is None or not {"run", "projections"} <= set(current):
        return None, None
    if state.memory:
        return current, None
    before = previous_run(workspace, current)
    return current, None if before is None else _result(before)


def _result(folder: Path) -> dict[str, Any] | None:
    """The result of a run; nothing is told of one that was altered."""
    try:
        return read_run(folder).result
    except ForecastError:
        return None


def _sources(workspace: Workspace) -> list[Source]:
    """Return the last day with a reading of the air and the water of each region."""
    out = []
    for table, time, domain in (("air_daily", "date", "air"), ("water_samples", "time", "water")):
        lasts: dict[str, date] = {}
        # The newest parts say it all but for regions that fell silent years ago.
        for partition in sorted(workspace.store.manifest().get(table, {}))[-2:]:
            rows = workspace.store.read(
                table, columns=["region", time, "value"], partitions=[partition]
            )
            rows = rows[rows["value"].notna()]
            ends = rows.groupby("region", sort=True, as_index=False)[time].max()
            for region, last in ends.itertuples(index=False, name=None):
                lasts[str(region)] = pd.Timestamp(last).date()
        out += [Source(region, domain, last) for region, last in sorted(lasts.items())]
    return out


def _flags(workspace: Workspace) -> dict[str, int]:
    """Return region → number of values under flags that nobody has decided on."""
    rows = workspace.store.read("quality_flags", columns=["region", "status", "n"])
    waiting = rows[rows["status"] == "open"].groupby("region", sort=True)["n"].sum()
    return {str(region): int(n) for region, n in waiting.items()}
