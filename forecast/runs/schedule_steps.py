"""The steps of a morning: commands that run one after the other, each a process of its own.

A step that hangs, runs out of memory or crashes takes nothing else down with it, and a loop that
lives for years keeps nothing of them.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from forecast.errors import UsageError
from forecast.runs.retention import plan_retention
from forecast.workspace import Workspace

__all__ = ["Done", "Step", "command_of", "fetch_words", "known_fetch", "morning", "perform"]

#: How often a step that runs is looked at [s].
_LOOK = 0.5

#: So long a step that is ended has to put its things in order [s].
_GRACE = 20.0

#: Exit code of a step that was ended here, or that a signal ended.
_ENDED = 1

#: Options of ``forecast fetch`` that a schedule may give.
_FETCH_OPTIONS = frozenset(
    {"--from", "--to", "--place", "--lat", "--lon", "--location", "--station", "--site", "--what",
     "--days", "--base-url"}
)  # fmt: skip
_FETCH_FLAGS = frozenset({"--checksums", "--no-ingest"})

_DAYS_AGO = re.compile(r"-([0-9]{1,4})d")

#: Counts of an ingest that a line of the log has.
_COUNTS = ("rows_read", "rows_kept", "quarantined", "new", "corrected", "days", "flags")


@dataclass(frozen=True)
class Step:
    """One command of a morning.

    Attributes:
        name: its name in the log.
        arguments: what comes after ``forecast``.
        deciding: whether the day has had its run if this went well; the others are only missed.
        afterwards: True where it comes once the health file tells what became of the others, even
            if they failed.
        counts: True where its output is JSON with counts.
    """

    name: str
    arguments: tuple[str, ...]
    deciding: bool = False
    afterwards: bool = False
    counts: bool = False


@dataclass(frozen=True)
class Done:
    """What became of a step: ``said`` is its sentence where it failed, ``seconds`` its time."""

    name: str
    exit_code: int
    seconds: float
    said: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)
    deciding: bool = False


def command_of() -> tuple[str, ...]:
    """Return what starts ``forecast`` with the interpreter that runs now, wherever it is started.

    ``-P`` keeps the current folder out of the search: a folder ``forecast`` there is not taken for
    the package.
    """
    return (sys.executable, "-P", "-m", "forecast")


def known_fetch(line: str) -> list[str]:
    """Return the words of a source to be fetched, checked.

    Raises:
        UsageError: no such source, or an option that ``forecast fetch`` does not have.
    """
    from forecast.fetch import FETCHERS

    try:
        words = shlex.split(line)
    except ValueError as error:
        raise UsageError(
            f"The quotes in the fetch line {line!r} do not match.", "Close them."
        ) from error
    if not words or words[0].replace("_", "-") not in FETCHERS:
        raise UsageError(
            f"The fetch line {line!r} does not begin with a source.",
            f"Known: {', '.join(FETCHERS)}.",
        )
    rest = iter(words[1:])
    for word in rest:
        name, equals, _ = word.partition("=")
        if word in _FETCH_FLAGS or (name in _FETCH_OPTIONS and equals):
            continue
        if word not in _FETCH_OPTIONS or next(rest, None) is None:
            raise UsageError(
                f"The fetch line {line!r} has {word}, which means nothing there.",
                f"Options, each with a value: {', '.join(sorted(_FETCH_OPTIONS))}.",
            )
    return words


def fetch_words(line: str, today: date) -> list[str]:
    """Return the words of a source, with days such as ``-10d`` as dates.

    >>> fetch_words("cnemc-archive --from -10d", date(2025, 7, 11))
    ['cnemc-archive', '--from', '2025-07-01']
    """
    words = known_fetch(line)
    for at, word in enumerate(words):
        ago = _DAYS_AGO.fullmatch(word)
        if ago and words[at - 1] in ("--from", "--to"):
            words[at] = (today - timedelta(days=int(ago[1]))).isoformat()
    return words


def morning(workspace: Workspace, fetch: Sequence[str], today: date) -> list[Step]:
    """Return the steps of a morning: sources, files that came in, the run, old results, alerts.

    Args:
        workspace: the workspace.
        fetch: sources, as the words after ``forecast fetch``.
        today: the day in the zone of the schedule.
    """
    # What goes wrong is kept in English: who reads it has it put into the language asked for.
    where = ("--workspace", str(workspace.root), "--lang", "en")
    steps = []
    for line in fetch:
        words = fetch_words(line, today)
        steps.append(Step(f"fetch {words[0]}", ("fetch", *words, *where, "--quiet")))
    if _holds_files(workspace.raw):
        # Its path begins at the root, so that it is never taken for an option.
        steps.append(Step("ingest", ("ingest", str(workspace.raw), *where, "--json"), counts=True))
    steps.append(Step("run", ("run", *where, "--quiet"), deciding=True))
    if plan_retention(workspace, workspace.config.retention).going:
        steps.append(Step("retention", ("retention", "--apply", *where, "--quiet")))
    if workspace.config.alerts.channels:
        steps.append(Step("alert", ("alert", "send", *where, "--quiet"), afterwards=True))
    return steps


def _holds_files(folder: Path) -> bool:
    return any(p.is_file() and not p.name.startswith(".") for p in folder.rglob("*"))


def perform(
    step: Step,
    *,
    environment: Mapping[str, str],
    folder: Path,
    longest: float,
    command: Sequence[str] = (),
    hurried: Callable[[], bool] = lambda: False,
) -> Done:
    """Run one step to its end.

    Args:
        step: the step.
        environment: its variables.
        folder: its current folder.
        longest: after this time it is ended [s].
        command: what starts ``forecast``; default the interpreter that runs now.
        hurried: asked while it runs; True ends it.
    """
    began = time.monotonic()
    # A group of its own: Ctrl+C ends the step only if it is asked for twice.
    group: dict[str, Any] = (
        {"creationflags": getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)}
        if os.name == "nt"
        else {"start_new_session": True}
    )
    try:
        process = subprocess.Popen(
            [*(command or command_of()), *step.arguments], cwd=folder, env=dict(environment),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **group,
        )  # fmt: skip
    except OSError as error:
        said = f"It could not be started ({error.strerror or error})."
        return Done(step.name, _ENDED, 0.0, said, deciding=step.deciding)
    ended = ""
    while True:
        try:
            out, complaint = process.communicate(timeout=_LOOK)
            break
        except subprocess.TimeoutExpired:
            if time.monotonic() - began > longest:
                ended = f"It took longer than {longest / 60:g} minutes and was ended."
            elif hurried():
                ended = "It was told to stop."
            if ended:
                out, complaint = _end(process)
                break
    seconds = round(time.monotonic() - began, 3)
    code = process.returncode
    if ended or code < 0:
        said = ended or f"It was ended by signal {-code}; the system may be out of memory."
        return Done(step.name, _ENDED, seconds, said, deciding=step.deciding)
    said = _sentence(complaint) if code else ""
    counts = _counts(out) if step.counts else {}
    return Done(step.name, code, seconds, said, counts, step.deciding)


def _end(process: subprocess.Popen[bytes]) -> tuple[bytes, bytes]:
    """End a step and all that it started: first politely, then not."""
    for last in (False, True):
        if os.name == "nt":
            subprocess.run(
                ["taskkill", "/PID", str(process.pid), "/T", "/F"], capture_output=True, check=False
            )
        else:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL if last else signal.SIGTERM)
        try:
            return process.communicate(timeout=_GRACE)
        except subprocess.TimeoutExpired:
            continue
    process.kill()
    return b"", b""


def _sentence(complaint: bytes) -> str:
    """Return what a command said last of all, its own sentence before anything else."""
    lines = [line.strip() for line in complaint.decode("utf-8", errors="replace").splitlines()]
    own = [line.removeprefix("forecast: ") for line in lines if line.startswith("forecast: ")]
    return (own or [line for line in lines if line] or [""])[-1]


def _counts(out: bytes) -> dict[str, int]:
    try:
        told = json.loads(out)
    except ValueError:
        return {}
    if not isinstance(told, dict):
        return {}
    return {name: told[name] for name in _COUNTS if isinstance(told.get(name), int)}
