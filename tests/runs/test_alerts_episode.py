"""Pollution ahead: told once an episode, raised once, and withdrawn when it vanishes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_outlook import CLEAN, EPISODE, SEVERE, UNSURE, made_city
from made_results import made_result
from pydantic import ValidationError

from forecast.configuration_alerts import AlertSettings
from forecast.runs.alerts import Alert, alerts_of

#: The last readings are of the day before; the timer fires in the morning.
FIRST = date(2026, 1, 5)


def mornings(
    *weeks: Sequence[Sequence[float]], settings: AlertSettings | None = None, region: str = "衡水"
) -> list[tuple[Alert, ...]]:
    """The alerts of one morning after the other, each with its outlook from the day of the run on."""
    settings = settings or AlertSettings(episode_probability=0.5)
    memory: dict[str, Any] = {}
    out = []
    for n, odds in enumerate(weeks):
        issued = FIRST + timedelta(days=n)
        result = made_result(as_of=issued.isoformat())
        city = made_city(*odds, region=region, issued=issued.isoformat())
        result["short_range"] = {"air": [city], "water": []}
        judged = alerts_of(
            None, result, settings=settings, memory=memory, today=issued + timedelta(days=1)
        )
        memory = judged.memory
        out.append(judged.alerts)
    return out


def test_an_episode_is_told_once_with_days_odds_item_and_source() -> None:
    """Days 8 and 9 of January stay in sight for three mornings: one message."""
    first, second, third = mornings(
        (CLEAN, CLEAN, EPISODE, EPISODE, CLEAN),
        (CLEAN, EPISODE, EPISODE),
        (EPISODE, EPISODE, CLEAN),
    )
    (alert,) = first
    assert (alert.kind, alert.level) == ("episode", "warning")
    assert alert.zh == (
        "衡水:1月8日至9日可能出现中度及以上污染,概率最高62 %(1月8日),首要污染物PM2.5"
        "(依据截至 2026-01-05 的监测值)。"
    )
    assert alert.en == (
        "衡水: moderate or worse pollution may occur on 8 to 9 January, probability up to 62 % "
        "(8 January), led by PM2.5 (from readings up to 2026-01-05)."
    )
    assert second == () and third == ()


def test_an_episode_that_moves_by_a_day_or_grows_is_the_same_one() -> None:
    told = mornings(
        (CLEAN, EPISODE, CLEAN, CLEAN, CLEAN),
        (CLEAN, EPISODE, EPISODE, CLEAN, CLEAN),  # one day later, and longer
        (CLEAN, EPISODE, UNSURE, EPISODE, CLEAN),  # one day between does not part it
    )
    assert [len(alerts) for alerts in told] == [1, 0, 0]


def test_heavy_pollution_in_an_episode_that_was_told_raises_it_once() -> None:
    told = mornings(
        (CLEAN, EPISODE, EPISODE, CLEAN), (EPISODE, SEVERE, CLEAN), (EPISODE, SEVERE, CLEAN)
    )
    assert [[a.level for a in alerts] for alerts in told] == [["warning"], ["bad"], []]
    assert "预警升级:1月8日可能出现重度及以上污染,概率最高70 %" in told[1][0].zh
    assert "warning raised: heavy or worse pollution" in told[1][0].en


def test_an_episode_that_begins_with_heavy_pollution_is_told_once() -> None:
    told = mornings((CLEAN, SEVERE, SEVERE), (SEVERE, SEVERE, CLEAN))
    assert [[a.level for a in alerts] for alerts in told] == [["bad"], []]


def test_an_episode_that_vanishes_is_withdrawn_once() -> None:
    told = mornings((CLEAN, EPISODE, EPISODE), (CLEAN, UNSURE, CLEAN), (CLEAN, CLEAN, CLEAN))
    assert [[a.level for a in alerts] for alerts in told] == [["warning"], ["good"], []]
    assert told[1][0].zh == (
        "衡水:此前预警的1月7日至8日中度及以上污染不再较可能出现,概率最高降为30 %"
        "(依据截至 2026-01-06 的监测值)。"
    )
    # What was announced has to be taken back, whether or not good news is wanted.
    quiet = mornings(
        (CLEAN, EPISODE),
        (CLEAN, CLEAN),
        settings=AlertSettings(episode_probability=0.5, improvements=False),
    )
    assert [len(alerts) for alerts in quiet] == [1, 1]


def test_an_episode_that_came_and_went_is_not_withdrawn() -> None:
    told = mornings((EPISODE, CLEAN), (CLEAN, CLEAN), (CLEAN, CLEAN))
    assert [len(alerts) for alerts in told] == [1, 0, 0]


def test_what_flaps_about_the_threshold_is_told_once() -> None:
    """62 %, then 48 %: within the hysteresis of 0.03 of one half nothing is withdrawn."""
    near = (0.1, 0.2, 0.22, 0.3, 0.15, 0.03)
    told = mornings((CLEAN, CLEAN, CLEAN, EPISODE), (CLEAN, CLEAN, near), (CLEAN, EPISODE), (near,))
    assert [len(alerts) for alerts in told] == [1, 0, 0, 0]


def test_level_probability_and_days_are_as_set() -> None:
    week = (CLEAN, CLEAN, UNSURE, CLEAN)
    for settings, n in (
        (AlertSettings(), 1),
        (AlertSettings(episode_probability=0.31), 0),
        (AlertSettings(episode_level="light"), 1),
        (AlertSettings(episode_level="light", episode_days=2), 0),
        (AlertSettings(episode_level="heavy"), 0),
        (AlertSettings(episode_level=""), 0),
    ):
        assert len(mornings(week, settings=settings)[0]) == n, settings
    heavy = mornings((CLEAN, SEVERE), settings=AlertSettings(episode_level="heavy"))[0]
    assert "重度及以上污染,概率最高70 %" in heavy[0].zh
    for wrong in ({"episode_level": "severe"}, {"episode_probability": 1.0}, {"episode_days": 8}):
        with pytest.raises(ValidationError):
            AlertSettings.model_validate(wrong)


def test_a_run_of_one_region_forgets_no_other() -> None:
    week = (CLEAN, EPISODE, EPISODE)
    both = made_result(as_of="2026-01-05")
    both["short_range"] = {"air": [made_city(*week), made_city(*week, region="沧州")], "water": []}
    one = made_result(as_of="2026-01-05")
    one["short_range"] = {"air": [made_city(*week)], "water": []}
    today = date(2026, 1, 6)
    memory = alerts_of(None, both, today=today).memory
    memory = alerts_of(None, one, memory=memory, today=today).memory
    assert alerts_of(None, both, memory=memory, today=today).alerts == ()
    # Days that are over need no memory.
    later = alerts_of(None, one, memory=memory, today=date(2026, 1, 20)).memory
    assert later["episodes"] == {}


def test_a_result_or_a_memory_without_outlooks_says_nothing() -> None:
    result = made_result()
    judged = alerts_of(None, result, memory={"memory_version": 1, "zones": {}}, today=FIRST)
    assert judged.alerts == () and judged.memory["episodes"] == {}
    result["short_range"] = {"air": [{"region": "a", "place": "a", "days": []}], "water": []}
    assert alerts_of(None, result, today=FIRST).alerts == ()


_DAYS = st.lists(st.sampled_from([CLEAN, UNSURE, EPISODE, SEVERE]), min_size=7, max_size=7)


@given(weeks=st.lists(_DAYS, min_size=1, max_size=4))
def test_the_same_outlook_again_says_nothing(weeks: list[list[tuple[float, ...]]]) -> None:
    memory: dict[str, Any] = {}
    for n, odds in enumerate(weeks):
        issued = FIRST + timedelta(days=n)
        result = made_result(as_of=issued.isoformat())
        result["short_range"] = {"air": [made_city(*odds, issued=issued.isoformat())], "water": []}
        today = issued + timedelta(days=1)
        memory = alerts_of(None, result, memory=memory, today=today).memory
        again = alerts_of(None, result, memory=memory, today=today)
        assert again.alerts == () and again.memory["episodes"] == memory["episodes"]
        likely = any(sum(day[3:]) >= 0.5 for day in odds)
        assert not likely or memory["episodes"]
