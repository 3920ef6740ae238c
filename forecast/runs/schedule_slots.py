"""When the morning run is due: one moment a day in a time zone, and whether it has had its run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from forecast.runs.schedule_memory import Memory

__all__ = ["Daily", "due_slot", "tries_so_far"]

#: A timer that fires this early means the coming slot: clocks are set back by a little.
_EARLY = timedelta(minutes=30)

#: A run on record further ahead than this was made when the clock was wrong, or it is wrong now:
#: one run too many costs little, one too few a day.
_AHEAD = timedelta(hours=2)

#: The loop tries a failed day again after this time, up to so many times in all.
_PAUSE = timedelta(hours=1)
_TRIES = 3


@dataclass(frozen=True)
class Daily:
    """One moment a day.

    Attributes:
        at: time of the day.
        zone: whose time it is.
    """

    at: time
    zone: ZoneInfo

    def on(self, day: date) -> datetime:
        """Return the moment of ``day`` in UTC.

        A time that the clocks jump over is taken as if they had not jumped, so that the run comes
        as much later as they jump; of a time that comes twice it is the first.
        """
        return datetime.combine(day, self.at, self.zone).astimezone(UTC)

    def last(self, now: datetime) -> datetime:
        """Return the latest moment up to ``now``, in UTC."""
        return max(moment for moment in self._around(now) if moment <= now)

    def next(self, now: datetime) -> datetime:
        """Return the first moment after ``now``, in UTC."""
        return min(moment for moment in self._around(now) if moment > now)

    def _around(self, now: datetime) -> list[datetime]:
        today = now.astimezone(self.zone).date()
        # Zones have left out a whole day when they crossed the date line.
        return [self.on(today + timedelta(days=shift)) for shift in range(-3, 4)]


def due_slot(
    now: datetime, daily: Daily, memory: Memory | None, *, fired: bool = False
) -> datetime | None:
    """Return the slot that is due for a run at ``now``, None where its run has been.

    Args:
        now: the moment, with a zone.
        daily: the schedule.
        memory: what is on record of the last run; None: nothing.
        fired: True where a timer or a person started this: a failed day is tried again at once.
            The loop (False) waits an hour, and gives up after three tries until the next day.
    """
    slot = daily.last(now + _EARLY if fired else now)
    if memory is None or memory.slot < slot or memory.slot > now + _AHEAD:
        return slot
    # The clock was set back where the slot on record is ahead; that day has had its run.
    slot = max(slot, memory.slot)
    if memory.good:
        return None
    if fired or memory.stopped:
        return slot
    if memory.tries >= _TRIES:
        return None
    if memory.ended is None or abs(now - memory.ended) >= _PAUSE:
        return slot
    return None


def tries_so_far(memory: Memory | None, slot: datetime) -> int:
    """Return how often a run for ``slot`` was begun; one that was told to stop does not count."""
    if memory is None or memory.slot != slot:
        return 0
    return memory.tries - 1 if memory.stopped else memory.tries
