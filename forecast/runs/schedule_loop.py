"""The morning run itself: once, as a timer starts it, or as a loop in the foreground."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from types import FrameType

from forecast.errors import ForecastError
from forecast.messages import in_chinese
from forecast.runs.run_log import RunLog
from forecast.runs.schedule_attempt import Attempt, Clock, Scheduled, attempt, open_log
from forecast.runs.schedule_lock import BusyError, scheduled_alone
from forecast.runs.schedule_memory import Memory, read_memory
from forecast.runs.schedule_slots import due_slot

__all__ = ["real_clock", "run_loop", "run_once"]

#: The loop looks at the clock this often [s], so that it notices soon when it was set.
_SLICE = 5.0

#: A clock that is off by more than this after a wait was set [s].
_JUMP = 60.0

Say = Callable[[str, str], None]


@contextmanager
def real_clock() -> Iterator[Clock]:
    """Give the machine's clock, and stop on Ctrl+C and on what a service manager sends.

    For the main thread; the handlers that were there come back afterwards.
    """
    told = threading.Event()
    counted = [0]

    def stop(number: int, frame: FrameType | None) -> None:
        counted[0] += 1
        told.set()

    signals = [signal.SIGINT, signal.SIGTERM]
    signals += [getattr(signal, name) for name in ("SIGHUP", "SIGBREAK") if hasattr(signal, name)]
    former = {number: signal.signal(number, stop) for number in signals}
    # Where a signal can't end a wait (Windows), short ones let it through.
    longest = 1.0 if hasattr(signal, "SIGBREAK") else _SLICE

    def wait(seconds: float) -> None:
        told.wait(min(seconds, longest))

    try:
        yield Clock(now=lambda: datetime.now(UTC), wait=wait, stops=lambda: counted[0])
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def run_once(scheduled: Scheduled, clock: Clock, *, force: bool = False) -> Attempt | None:
    """Do the run that is due; None where it has been.

    Safe to start at any time and as often as one likes: a day has one good run.

    Args:
        scheduled: the schedule.
        clock: time.
        force: do it even if it has been.

    Raises:
        BusyError: another process is at it.
        WorkspaceError: the reports can't be written.
    """
    log = open_log(scheduled.workspace, clock.now)
    try:
        with scheduled_alone(scheduled.workspace, clock.now()) as left:
            _note_left(log, left)
            now = clock.now()
            slot = due_slot(now, scheduled.daily, read_memory(scheduled.workspace), fired=True)
            if slot is None and not force:
                log.write("skip", said="The run of this day has been.")
                return None
            return attempt(scheduled, slot or scheduled.daily.last(now), clock)
    except BusyError as error:
        log.write("skip", said=str(error))
        raise


def run_loop(
    scheduled: Scheduled, clock: Clock, *, say: Say = lambda zh, en: None,
    ended: Callable[[Attempt], None] = lambda made: None,
) -> int:  # fmt: skip
    """Do a run every day until told to stop; return the exit code, 0.

    What was missed while it did not run is caught up once. It looks at the clock every few seconds,
    so that a clock that is set, or a machine that slept, changes when the next run comes and
    nothing else.

    Args:
        scheduled: the schedule.
        clock: time.
        say: called with a sentence in Chinese and English.
        ended: called with each run.

    Raises:
        BusyError: another process is at it.
        WorkspaceError: the reports can't be written.
    """
    log = open_log(scheduled.workspace, clock.now)
    with scheduled_alone(scheduled.workspace, clock.now()) as left:
        _note_left(log, left)
        log.write(
            "loop", said="begun", at=f"{scheduled.daily.at:%H:%M}", zone=str(scheduled.daily.zone)
        )
        # Where nothing can be put on record, a full disk for one, the loop itself remembers.
        own: Memory | None = None
        waited_for: datetime | None = None
        while not clock.stops():
            now = clock.now()
            memory = own or read_memory(scheduled.workspace)
            slot = due_slot(now, scheduled.daily, memory)
            if slot is not None:
                own, made = _one_day(scheduled, slot, clock, log, memory)
                if made is not None:
                    ended(made)
                    _say_made(made, scheduled, say)
                waited_for = None
                continue
            due = scheduled.daily.next(now)
            if due != waited_for:
                waited_for = due
                at = f"{due.astimezone(scheduled.daily.zone):%Y-%m-%d %H:%M}"
                say(
                    f"下次运行:{at} ({scheduled.daily.zone})",
                    f"next run: {at} ({scheduled.daily.zone})",
                )
            _wait(clock, now, min((due - now).total_seconds(), _SLICE), log)
        log.write("loop", said="told to stop")
    return 0


def _one_day(
    scheduled: Scheduled, slot: datetime, clock: Clock, log: RunLog, memory: Memory | None
) -> tuple[Memory, Attempt | None]:
    """Do one run; also return what the loop itself remembers of it."""
    started = clock.now()
    tries = memory.tries + 1 if memory is not None and memory.slot == slot else 1
    try:
        made = attempt(scheduled, slot, clock)
    except (ForecastError, OSError) as error:
        log.write("failed", level="error", said=str(error))
        return Memory(slot, tries, started, clock.now(), 1), None
    return Memory(slot, max(tries, made.tries), started, made.ended, made.exit_code), made


def _wait(clock: Clock, now: datetime, seconds: float, log: RunLog) -> None:
    clock.wait(max(seconds, 0.001))
    shift = (clock.now() - now) / timedelta(seconds=1) - seconds
    if abs(shift) > _JUMP:
        log.write(
            "clock",
            level="warning",
            said="The clock was set, or the machine slept.",
            seconds=round(shift, 1),
        )


def _note_left(log: RunLog, left: str) -> None:
    if left:
        log.write(
            "left", level="warning", said=f"An earlier scheduled run ended without a word: {left}."
        )


def _say_made(made: Attempt, scheduled: Scheduled, say: Say) -> None:
    at = f"{made.ended.astimezone(scheduled.daily.zone):%Y-%m-%d %H:%M}"
    seconds = (made.ended - made.started).total_seconds()
    why, reason = (f":{text}" if text else "" for text in (in_chinese(made.reason), made.reason))
    say(
        f"{at} 退出码 {made.exit_code},用时 {seconds:.1f} 秒{why}",
        f"{at} exit code {made.exit_code} after {seconds:.1f} s{reason.replace(':', ': ', 1)}",
    )
