"""What is worth a message, when it is told, and when it is not told again."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_results import made_entry, made_result
from pydantic import ValidationError

from forecast.configuration_alerts import AlertSettings
from forecast.runs.alerts import Alert, Judged, Source, Thresholds, alerts_of, zone_of

_DAY = date(2025, 7, 1)


def _after(
    *probabilities: float | None, settings: AlertSettings | None = None
) -> list[tuple[Alert, ...]]:
    """Return the alerts of one run after the other, with the memory handed on."""
    memory: dict[str, Any] = {}
    out = []
    for n, p in enumerate(probabilities):
        judged = alerts_of(
            None, made_result(made_entry(p)), settings=settings, memory=memory,
            today=_DAY + timedelta(days=n),
        )  # fmt: skip
        memory = judged.memory
        out.append(judged.alerts)
    return out


def test_a_crossing_is_told_once_with_both_probabilities() -> None:
    first, second, third = _after(0.85, 0.6, 0.58)
    assert first == () and third == ()
    (alert,) = second
    assert alert.kind == "probability" and alert.level == "warning"
    assert "较可能达标 → 存在风险" in alert.zh and "85 % → 60 %" in alert.zh
    assert "likely → at risk" in alert.en and "≤ 30" in alert.en


def test_what_flaps_about_a_threshold_is_told_once() -> None:
    """0.79 after 0.81 is no news with a hysteresis of 0.03; 0.76 is; then 0.82 is none."""
    told = _after(0.81, 0.79, 0.81, 0.785, 0.76, 0.79, 0.82, 0.84)
    assert [len(alerts) for alerts in told] == [0, 0, 0, 0, 1, 0, 0, 1]
    assert told[-1][0].level == "good"


def test_improvements_can_be_left_out() -> None:
    told = _after(0.5, 0.9, 0.5, settings=AlertSettings(improvements=False))
    assert [len(alerts) for alerts in told] == [0, 0, 1]


def test_the_run_before_stands_for_a_memory_that_is_empty() -> None:
    judged = alerts_of(
        made_result(made_entry(0.9)), made_result(made_entry(0.1)), memory={}, today=_DAY
    )
    assert [a.level for a in judged.alerts] == ["bad"]
    assert alerts_of(None, made_result(made_entry(0.1)), memory={}, today=_DAY).alerts == ()


def test_a_target_that_can_not_be_judged_for_a_while_is_remembered() -> None:
    memory = alerts_of(None, made_result(made_entry(0.9)), today=_DAY).memory
    gap = made_result(made_entry(None, verdict="INSUFFICIENT_DATA"))
    memory = alerts_of(None, gap, memory=memory, today=_DAY).memory
    memory = alerts_of(None, made_result(), memory=memory, today=_DAY).memory
    assert len(alerts_of(None, made_result(made_entry(0.5)), memory=memory, today=_DAY).alerts) == 1


@given(
    p=st.floats(0.0005, 0.9995), told=st.sampled_from(["UNLIKELY", "AT_RISK", "LIKELY"]),
    likely=st.floats(0.5, 0.99), unlikely=st.floats(0.01, 0.49), band=st.floats(0, 0.2),
)  # fmt: skip
def test_a_zone_once_entered_is_kept_where_it_stands(
    p: float, told: str, likely: float, unlikely: float, band: float
) -> None:
    """The same probability again never changes the zone; decided targets always do."""
    limits = Thresholds(likely, unlikely)
    target = {"verdict": "AT_RISK", "probability": p}
    zone = zone_of(target, told, limits, band)
    assert zone_of(target, zone, limits, band) == zone
    assert zone_of({"verdict": "NOT_MET", "probability": 0.0}, told, limits, band) == "NOT_MET"
    # Every zone can be reached from every other.
    assert zone_of({"verdict": "LIKELY", "probability": 0.9999}, told, limits, band) == "LIKELY"
    assert zone_of({"verdict": "UNLIKELY", "probability": 0.0001}, told, limits, band) == "UNLIKELY"


def _bad_days(used: int, allowed: int = 40) -> dict[str, Any]:
    left = {"allowed": allowed, "left": allowed - used}
    return {"kind": "bad_days", "used": used, "exact": left, "rounded": left, "days_left": 100}


def test_a_budget_is_told_half_spent_spent_and_overspent_once_each() -> None:
    memory: dict[str, Any] = {}
    told = []
    for used in (10, 19, 20, 21, 18, 20, 40, 40, 41, 45):
        entry = made_entry(0.5, indicator="good_day_ratio", unit="%", comparator=">=", value=80.0,
                           budget=_bad_days(used))  # fmt: skip
        judged = alerts_of(None, made_result(entry), memory=memory, today=_DAY)
        memory = judged.memory
        told += [(used, a.level, a.zh) for a in judged.alerts]
    assert [(used, level) for used, level, _ in told] == [(20, "warning"), (40, "bad"), (41, "bad")]
    assert "已用过半,允许40天,已用20天,今年还剩100天" in told[0][2]
    assert "已用完" in told[1][2] and "已超支" in told[2][2]


@pytest.mark.parametrize(("used", "told"), [(0, 0), (1, 1)])
def test_a_budget_of_no_day_is_overspent_by_the_first(used: int, told: int) -> None:
    budget = {"kind": "heavy_days", "allowed": 0, "used": used, "left": -used, "days_left": 9}
    none = {**budget, "used": 0, "left": 0}
    judged = alerts_of(
        made_result(made_entry(0.5, budget=none)), made_result(made_entry(0.5, budget=budget)),
        today=_DAY,
    )  # fmt: skip
    assert len([a for a in judged.alerts if a.kind == "budget"]) == told


def _silence(days: list[int], settings: AlertSettings | None = None) -> list[int]:
    """Return on which of the days in a row a region with its last reading on day 0 is told."""
    memory: dict[str, Any] = {"memory_version": 1}
    told = []
    for n in days:
        judged = alerts_of(
            None, None, sources=[Source("衡水", "air", _DAY)], memory=memory, settings=settings,
            today=_DAY + timedelta(days=n),
        )  # fmt: skip
        memory = judged.memory
        told += [n] if judged.alerts else []
    return told


def test_a_silent_source_is_told_after_its_days_when_it_doubles_and_after_a_week() -> None:
    """Limit 3: told on day 4, at the double (6), the fourfold (12), then each week until the next."""
    assert _silence(list(range(1, 33))) == [4, 6, 12, 19, 24, 31]
    assert _silence(list(range(1, 12)), AlertSettings(repeat_days=2)) == [4, 6, 8, 10]


def test_a_source_that_comes_again_is_told_and_an_archive_is_not() -> None:
    silent = alerts_of(None, None, sources=[Source("衡水", "water", _DAY - timedelta(days=50))],
                       today=_DAY)  # fmt: skip
    assert "水质数据已50天没有更新" in silent.alerts[0].zh
    again = alerts_of(None, None, sources=[Source("衡水", "water", _DAY)], memory=silent.memory,
                      today=_DAY)  # fmt: skip
    assert [a.level for a in again.alerts] == ["good"]
    old = Source("旧数据", "air", _DAY - timedelta(days=500))
    assert alerts_of(None, None, sources=[old], today=_DAY).alerts == ()


def _health(code: int | None, reason: str = "", steps: list[Any] | None = None) -> dict[str, Any]:
    return {
        "last_attempt": {"exit_code": code, "reason": reason, "steps": steps or []},
        "last_success": {"ended": "2025-06-29T22:31:00+00:00"},
    }


def _runs(*codes: int | None) -> list[int]:
    memory: dict[str, Any] = {}
    out = []
    for n, code in enumerate(codes):
        judged = alerts_of(None, None, health=_health(code, "run: 磁盘已满"), memory=memory,
                           today=_DAY + timedelta(days=n))  # fmt: skip
        memory = judged.memory
        out.append(len(judged.alerts))
    return out


def test_a_failed_run_is_told_when_it_gets_worse_each_week_and_when_it_is_over() -> None:
    assert _runs(0, 1, 1, 1, 0, 0) == [0, 1, 0, 0, 1, 0]
    assert _runs(4, 1, 4, 130) == [1, 1, 0, 1]
    assert _runs(*[1] * 9) == [1, 0, 0, 0, 0, 0, 0, 1, 0]
    (alert,) = alerts_of(None, None, health=_health(1, "run: 磁盘已满"), today=_DAY).alerts
    assert "退出码 1" in alert.zh and "磁盘已满" in alert.zh and "2025-06-29" in alert.en


def test_a_clock_that_went_back_silences_nothing() -> None:
    judged = alerts_of(None, None, health=_health(1), today=date(2035, 1, 1))
    again = alerts_of(None, None, health=_health(1), memory=judged.memory, today=_DAY)
    assert len(again.alerts) == 1


def test_that_a_message_could_not_be_sent_is_no_reason_for_a_message() -> None:
    steps = [{"step": "run", "exit_code": 0}, {"step": "alert", "exit_code": 4}]
    assert alerts_of(None, None, health=_health(4, "alert: x", steps), today=_DAY).alerts == ()
    steps[0]["exit_code"] = 4
    assert len(alerts_of(None, None, health=_health(4, "run: x", steps), today=_DAY).alerts) == 1


def test_a_jump_of_flagged_values_is_told_by_region() -> None:
    def seen(memory: dict[str, Any], **flags: int) -> Judged:
        return alerts_of(None, None, flags=flags, memory=memory, today=_DAY)

    first = seen({}, 衡水=500)
    assert first.alerts == ()
    assert seen(first.memory, 衡水=540).alerts == ()
    (alert,) = seen(first.memory, 衡水=500, 长沙=20).alerts
    assert "长沙" in alert.zh and "0 → 20" in alert.en
    assert seen(first.memory, 衡水=500, 长沙=19).alerts == ()
    kept = alerts_of(None, None, memory=first.memory, today=_DAY).memory
    assert kept["flags"] == {"衡水": 500}


@pytest.mark.parametrize("address", ["mailto://u:geheim@h", "geheim pw", "", 3])
def test_an_address_in_the_configuration_is_refused_and_not_shown(address: Any) -> None:
    with pytest.raises(ValidationError) as error:
        AlertSettings.model_validate({"channels": ["ALERT_A", address]})
    (first,) = error.value.errors()
    assert "geheim" not in first["msg"] and "channel 2" in first["msg"]
    # The loader shows no value where the whole table is at fault.
    assert isinstance(first["input"], dict) and first["loc"] == ()
