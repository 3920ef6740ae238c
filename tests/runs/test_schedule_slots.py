"""When the morning run is due: day boundaries, clocks that change, timers that fire twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.configuration_schedule import ScheduleSettings, span_of, time_of_day
from forecast.runs.schedule_memory import STOPPED, Memory
from forecast.runs.schedule_slots import Daily, due_slot, tries_so_far

_ZONES = (
    "Asia/Shanghai", "UTC", "Europe/Paris", "America/New_York", "Australia/Lord_Howe",
    "America/St_Johns", "Pacific/Kiritimati", "Pacific/Apia", "Asia/Kathmandu",
)  # fmt: skip
_DAILY = Daily(time(6, 30), ZoneInfo("Asia/Shanghai"))

dailies = st.builds(
    Daily, st.times().map(lambda t: t.replace(second=0, microsecond=0)),
    st.sampled_from(_ZONES).map(ZoneInfo),
)  # fmt: skip
moments = st.integers(0, 40 * 365 * 86400).map(
    lambda seconds: datetime(2005, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def test_half_past_six_in_shanghai_is_half_past_ten_the_evening_before_in_utc() -> None:
    assert _DAILY.on(date(2025, 7, 1)).isoformat() == "2025-06-30T22:30:00+00:00"
    now = at("2025-07-01T06:29:59+08:00")
    assert _DAILY.last(now) == at("2025-06-30T06:30+08:00")
    assert _DAILY.next(now) == at("2025-07-01T06:30+08:00")
    assert _DAILY.last(now + timedelta(seconds=1)) == at("2025-07-01T06:30+08:00")


def test_a_time_that_the_clocks_jump_over_comes_an_hour_later_and_one_that_comes_twice_once() -> (
    None
):
    # 2025-03-30 02:00 -> 03:00 and 2025-10-26 03:00 -> 02:00 in Paris.
    paris = Daily(time(2, 30), ZoneInfo("Europe/Paris"))
    assert paris.on(date(2025, 3, 30)) == at("2025-03-30T03:30+02:00")
    assert paris.on(date(2025, 10, 26)) == at("2025-10-26T02:30+02:00")
    assert paris.next(at("2025-10-26T02:30+02:00")) == at("2025-10-27T02:30+01:00")


def test_the_day_that_samoa_left_out_has_no_run_of_its_own() -> None:
    """2011-12-30 did not exist there: the clock went from the 29th to the 31st."""
    samoa = Daily(time(6, 30), ZoneInfo("Pacific/Apia"))
    first = samoa.on(date(2011, 12, 29))
    second = samoa.next(first)
    assert second == samoa.on(date(2011, 12, 31)) == first + timedelta(days=1)
    assert samoa.next(second) == samoa.on(date(2012, 1, 1))


@given(dailies, moments)
def test_one_moment_a_day_whatever_the_clocks_do(daily: Daily, now: datetime) -> None:
    last, coming = daily.last(now), daily.next(now)
    assert last <= now < coming
    assert daily.last(coming) == coming and daily.next(last) == coming
    assert timedelta(hours=22) <= coming - last <= timedelta(hours=26)
    shown = last.astimezone(daily.zone)
    jumped = abs(
        timedelta(hours=shown.hour, minutes=shown.minute)
        - timedelta(hours=daily.at.hour, minutes=daily.at.minute)
    )
    # As much later as the clocks jump: at most an hour, seen around midnight too.
    assert min(jumped, timedelta(days=1) - jumped) <= timedelta(hours=1)


@given(dailies, moments, st.lists(st.floats(0.001, 40), min_size=1, max_size=40), st.booleans())
def test_however_often_it_is_asked_each_slot_has_one_good_run(
    daily: Daily, now: datetime, pauses: list[float], fired: bool
) -> None:
    memory: Memory | None = None
    had: list[datetime] = []
    for pause in pauses:
        slot = due_slot(now, daily, memory, fired=fired)
        if slot is not None:
            had.append(slot)
            memory = Memory(slot, 1, now, now, 0)
        # The timer fires a second time.
        assert due_slot(now, daily, memory, fired=fired) is None
        now += timedelta(hours=pause)
    assert had == sorted(set(had))


@given(dailies, moments, st.floats(-400 * 24, 400 * 24))
def test_a_clock_that_is_set_puts_the_next_run_off_by_two_hours_at_most(
    daily: Daily, now: datetime, hours: float
) -> None:
    memory = Memory(daily.last(now), 1, now, now, 0)
    now += timedelta(hours=hours)
    waited = timedelta(0)
    while due_slot(now + waited, daily, memory) is None:
        waited += timedelta(hours=1)
    assert waited <= timedelta(hours=26 + 2)


def test_a_timer_that_fires_a_moment_early_does_the_coming_day() -> None:
    memory = Memory(
        at("2025-06-30T06:30+08:00"),
        1,
        at("2025-06-30T06:30+08:00"),
        at("2025-06-30T06:40+08:00"),
        0,
    )
    early = at("2025-07-01T06:29:58+08:00")
    assert due_slot(early, _DAILY, memory, fired=True) == at("2025-07-01T06:30+08:00")
    assert due_slot(early, _DAILY, memory) is None
    # An hour early, as where the machine's clock was put forward: that is not its day yet.
    assert due_slot(at("2025-07-01T05:30+08:00"), _DAILY, memory, fired=True) is None


def test_what_was_missed_is_caught_up_once_and_the_next_run_comes_in_time() -> None:
    memory = Memory(
        at("2025-06-20T06:30+08:00"),
        1,
        at("2025-06-20T06:30+08:00"),
        at("2025-06-20T06:40+08:00"),
        0,
    )
    back = at("2025-07-01T03:00+08:00")
    slot = due_slot(back, _DAILY, memory)
    assert slot == at("2025-06-30T06:30+08:00")
    memory = Memory(slot, 1, back, back, 0)
    assert due_slot(at("2025-07-01T06:29+08:00"), _DAILY, memory) is None
    assert due_slot(at("2025-07-01T06:30+08:00"), _DAILY, memory) == at("2025-07-01T06:30+08:00")


def test_a_failed_day_is_tried_three_times_by_the_loop_and_at_once_by_hand() -> None:
    slot = at("2025-07-01T06:30+08:00")
    ended = slot + timedelta(minutes=5)
    failed = Memory(slot, 1, slot, ended, 1)
    assert due_slot(ended + timedelta(minutes=59), _DAILY, failed) is None
    assert due_slot(ended + timedelta(minutes=60), _DAILY, failed) == slot
    assert due_slot(ended, _DAILY, failed, fired=True) == slot
    third = replace(failed, tries=3)
    assert due_slot(ended + timedelta(hours=8), _DAILY, third) is None
    assert due_slot(slot + timedelta(days=1), _DAILY, third) == slot + timedelta(days=1)


def test_a_killed_run_and_a_stopped_one_are_done_at_the_next_start() -> None:
    slot = at("2025-07-01T06:30+08:00")
    killed = Memory(slot, 2, slot)
    assert due_slot(slot + timedelta(minutes=1), _DAILY, killed) == slot
    assert tries_so_far(killed, slot) == 2
    # A machine that dies of this run each time is left alone until the next day.
    assert due_slot(slot + timedelta(minutes=1), _DAILY, replace(killed, tries=3)) is None
    stopped = Memory(slot, 3, slot, slot, STOPPED)
    assert due_slot(slot + timedelta(minutes=1), _DAILY, stopped) == slot
    assert tries_so_far(stopped, slot) == 2
    assert tries_so_far(stopped, slot + timedelta(days=1)) == 0


@pytest.mark.parametrize(
    "text", ["", "6", "24:00", "06:60", "6:3", "-1:30", "06:30:00", "早上", "6.30"]
)
def test_what_is_no_time_of_a_day_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="such as 06:30"):
        time_of_day(text)


def test_a_time_may_be_written_with_the_colon_of_a_chinese_keyboard() -> None:
    assert time_of_day(" 6：30 ") == time(6, 30)


@pytest.mark.parametrize("text", ["", "26", "0h", "h", "1y", "-3h", "99999d", "nan h"])
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="90m, 26h or 2d"):
        span_of(text)


@pytest.mark.parametrize(
    "wrong",
    [{"at": "25:00"}, {"timezone": "Asia/Hengshui"}, {"secrets": ["A=B"]}, {"max_age": "1"},
     {"step_minutes": 0}, {"log_files": 0}, {"when": "06:30"}],
)  # fmt: skip
def test_a_wrong_setting_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        ScheduleSettings.model_validate(wrong)
