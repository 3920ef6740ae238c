"""What changed between two runs: parts add up, days and revisions are found, words say it."""

from __future__ import annotations

from html.parser import HTMLParser
from statistics import NormalDist
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_results import made_entry, made_result

from forecast.report.change_words import change_fragment, change_lines, points
from forecast.runs.changes import changes
from forecast.runs.changes_margins import margin_moves
from forecast.runs.changes_readings import ReadingChanges
from forecast.runs.changes_split import MarginMoves, monte_carlo_error, shares, split

_PHI = NormalDist().cdf


def _forecast(spread: float) -> dict[str, Any]:
    return made_entry(spread=spread)["forecast"]  # type: ignore[no-any-return]


@given(
    p0=st.floats(0.001, 0.999), p1=st.floats(0.001, 0.999), s0=st.floats(0.1, 9),
    s1=st.floats(0.1, 9), revised=st.floats(-3, 3), new=st.one_of(st.none(), st.floats(-9, 9)),
)  # fmt: skip
def test_the_parts_add_up_to_the_change(
    p0: float, p1: float, s0: float, s1: float, revised: float, new: float | None
) -> None:
    parts = split(p0, p1, _forecast(s0), _forecast(s1), MarginMoves(revised, new))
    assert sum(parts.values()) == pytest.approx(p1 - p0, abs=1e-12)
    assert ("readings" in parts) == (new is None) and "time" in parts
    rounded = points(parts, p1 - p0)
    assert round(sum(rounded.values()), 1) == pytest.approx(
        np.floor(1000 * (p1 - p0) + 0.5) / 10, abs=1e-9
    )
    assert all(abs(rounded[n] - 100 * parts[n]) < 0.2 for n in parts)


def test_a_move_of_the_margin_alone_is_the_move_of_the_probability() -> None:
    """By hand: a margin of 0 moves by half a spread, Φ(0.5) - 0.5; nothing else gets a share."""
    found = shares(0.0, 2.0, {"revised": 1.0, "new": 0.0, "outlook": 0.0}, 2.0)
    assert found == pytest.approx(
        {"revised": _PHI(0.5) - 0.5, "new": 0.0, "outlook": 0.0, "time": 0.0}
    )


def test_equal_moves_have_equal_shares_whatever_their_names() -> None:
    found = shares(-1.0, 2.0, {"revised": 0.7, "new": 0.7, "outlook": 0.0}, 1.0)
    assert found["revised"] == pytest.approx(found["new"])
    assert sum(found.values()) == pytest.approx(_PHI(0.4) - _PHI(-0.5))


def test_days_that_come_as_expected_leave_time_alone() -> None:
    """A margin of one, half the spread: Φ(1/2) becomes Φ(1), and all of it is time passing."""
    parts = split(_PHI(0.5), _PHI(1.0), _forecast(2.0), _forecast(1.0), MarginMoves(0.0, 0.0))
    assert parts["time"] == pytest.approx(_PHI(1.0) - _PHI(0.5), abs=1e-9)
    assert parts["outlook"] == pytest.approx(0.0, abs=1e-9)


def test_what_arithmetic_has_decided_is_told_in_one_part() -> None:
    assert split(0.4, 1.0, _forecast(1), _forecast(1), MarginMoves(0.0, 1.0)) == {
        "readings": pytest.approx(0.6)
    }
    assert split(0.4, 0.5, _forecast(1), None, MarginMoves(0.0, 1.0)) == {
        "readings": pytest.approx(0.1)
    }


def test_the_error_of_drawing_is_that_of_two_binomials() -> None:
    """1.96·√(0.25/2000 + 0.25/2000) = 0.03099; by simulation 95 % of differences are inside."""
    error = monte_carlo_error(0.5, 2000, 0.5, 2000)
    assert error == pytest.approx(0.03099, abs=1e-5)
    rng = np.random.default_rng(5)
    drawn = rng.binomial(2000, 0.5, (2, 20_000)) / 2000
    assert np.mean(np.abs(drawn[0] - drawn[1]) <= error) == pytest.approx(0.95, abs=0.01)


def _readings(rows: list[tuple[str, str, float, float]], around: Any = None) -> ReadingChanges:
    """Rows of (item, day, old, new) of 衡水, whose last day was 2025-06-30, then 2025-07-10."""
    frame = pd.DataFrame(
        [
            ("air", "衡水", "衡水", i, pd.Timestamp(d), o, n, pd.Timestamp("2025-06-30"),
             pd.Timestamp("2025-07-10"))
            for i, d, o, n in rows
        ],
        columns=["domain", "region", "place", "item", "day", "old", "new", "old_last", "new_last"],
    )  # fmt: skip
    return ReadingChanges(frame, around or {})


def _expected(mean: float, good: float = 0.8) -> dict[str, Any]:
    return {"first": "2025-07-01", "mean": {"pm25": [mean] * 41}, "good": [good] * 41,
            "heavy": [0.0] * 41}  # fmt: skip


def test_new_days_count_against_what_was_expected_of_them() -> None:
    """By hand: 181 days of 32 and ten more of 20 where 15 were expected, of 365: 10·(20-15)/365."""
    before = made_entry(observed=32.0, n_valid=181)
    total = 181 * 32.0 + 10 * 20.0
    after = made_entry(observed=total / 191, n_valid=191, last="2025-07-10")
    fresh = _readings([("pm25", f"2025-07-{d:02d}", np.nan, 20.0) for d in range(1, 11)])
    moves = margin_moves(before, after, "<=", fresh, _expected(15.0))
    assert moves is not None
    assert moves.new == pytest.approx(-50 / 365) and moves.revised == 0.0
    # Where nothing is on record of what was expected it is not told apart.
    bare = margin_moves(before, after, "<=", fresh, None)
    assert bare == MarginMoves(0.0, None)
    # As good as expected: no share at all.
    same = margin_moves(before, after, "<=", fresh, _expected(20.0))
    assert same is not None and same.new == pytest.approx(0.0, abs=1e-9)


def test_revised_days_are_told_apart_from_new_ones() -> None:
    """Two days 30 µg/m³ lower, one withdrawn: the sum falls by 60 + 40, the count by one."""
    before = made_entry(observed=32.0, n_valid=181)
    after = made_entry(observed=(181 * 32.0 - 100) / 180, n_valid=180)
    rows = [("pm25", "2025-03-01", 80.0, 50.0), ("pm25", "2025-03-02", 90.0, 60.0),
            ("pm25", "2025-03-03", 40.0, np.nan), ("pm10", "2025-03-01", 90.0, 60.0)]  # fmt: skip
    moves = margin_moves(before, after, "<=", _readings(rows), None)
    assert moves is not None and moves.new == pytest.approx(0.0, abs=1e-9)
    days = 180 + 184
    assert moves.revised == pytest.approx((100 - 30.0 * 1) / days)


def test_a_revision_counts_for_good_days_only_where_the_day_changes_sides() -> None:
    """PM2.5 of 80 is over class II (AQI 107), 70 is not; one more good day of 365 is 100/365 %."""
    calm = np.array([10.0, 30.0, 60.0, 70.0, 0.8, 90.0])
    bad = calm.copy()
    bad[3] = 80.0
    days = [pd.Timestamp("2025-03-01"), pd.Timestamp("2025-03-02")]
    around = {("衡水", "衡水", days[0]): (bad, calm), ("衡水", "衡水", days[1]): (calm, 0.9 * calm)}
    rows = [("pm25", "2025-03-01", 80.0, 70.0), ("pm25", "2025-03-02", 70.0, 63.0)]
    kind = {"indicator": "good_day_ratio", "unit": "%", "comparator": ">=", "value": 80.0,
            "center": 80.0}  # fmt: skip
    before = made_entry(observed=100 * 140 / 181, n_valid=181, **kind)
    after = made_entry(observed=100 * 141 / 181, n_valid=181, **kind)
    after["standard"] = before["standard"] = "HJ 633-2012"
    moves = margin_moves(before, after, ">=", _readings(rows, around), _expected(0))
    assert moves is not None
    assert moves.revised == pytest.approx(100 / 365)
    assert moves.new == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("indicator", ["o3_8h_p90", "composite_index", "co_p95"])
def test_indicators_that_do_not_add_up_are_not_split(indicator: str) -> None:
    one = made_entry(indicator=indicator)
    assert margin_moves(one, one, "<=", None, None) is None


def test_a_run_says_which_settings_changed_and_asks_for_no_more() -> None:
    old = made_result(made_entry(0.5))
    new = made_result(made_entry(0.7), run="b", seed=2, config_sha256="d")
    found = changes(old, new, readings=_readings([]))
    kinds = [(r["kind"], r.get("setting")) for r in found.rows if r["kind"] == "settings"]
    assert kinds == [("settings", "seed"), ("settings", "config_sha256")]
    (row,) = [r for r in found.rows if r["kind"] == "probability"]
    assert row["with_settings"] and sum(row["parts"].values()) == pytest.approx(0.2)
    assert "配置文件有改动。" in [zh for zh, _ in found.sentences]
    # The earlier question asked again with today's settings says how much of it they are.
    between = made_result(made_entry(0.66), run="c", seed=2, config_sha256="d")
    (row,) = [r for r in changes(old, new, between=between).rows if r["kind"] == "probability"]
    assert row["parts"]["settings"] == pytest.approx(0.16) and not row["with_settings"]
    assert sum(row["parts"].values()) == pytest.approx(0.2)


def test_moves_within_the_error_of_drawing_are_not_told() -> None:
    found = changes(made_result(made_entry(0.50)), made_result(made_entry(0.52), run="b"))
    assert [r for r in found.rows if r["kind"] == "probability"] == []
    assert "No target's probability moved" in found.sentences[-1][1]


def test_a_changed_verdict_is_told_also_where_the_probability_hardly_moved() -> None:
    found = changes(made_result(made_entry(0.801)), made_result(made_entry(0.795), run="b"))
    assert "较可能达标 → 存在风险" in found.sentences[-1][0]


def test_targets_entered_added_and_gone_are_told() -> None:
    pending = made_entry(None, verdict="TARGET_PENDING", value="ASSIGNED", comparator="<=")
    old = made_result(pending, made_entry(0.4, region="长沙"))
    new = made_result(
        made_entry(0.4, entered="省厅文件 2025-05"), made_entry(0.4, region="湘潭"), run="b"
    )
    found = changes(old, new)
    what = {(r["region"], r["what"]) for r in found.rows if r["kind"] == "target"}
    assert what == {("衡水", "asked"), ("湘潭", "added"), ("长沙", "gone")}
    assert any("省厅文件" in zh for zh, _ in found.sentences)


def test_another_number_of_the_target_is_the_reason_of_its_move() -> None:
    old, new = (
        made_result(made_entry(0.4, value=30.0)),
        made_result(made_entry(0.9, value=35.0), run="b"),
    )
    (row,) = [r for r in changes(old, new).rows if r["kind"] == "probability"]
    assert row["parts"] == {"target": pytest.approx(0.5)}


def test_scenario_files_that_are_new_changed_or_gone_are_told() -> None:
    def told(*packages: tuple[str, str]) -> list[dict[str, Any]]:
        return [{"region": "衡水", "packages": [
            {"name": n, "name_en": n, "file": f"scenarios/{n}.toml", "measures": [{"zh": m}]}
            for n, m in packages
        ]}]  # fmt: skip

    old, new = made_result(), made_result(run="b")
    old["scenarios"], new["scenarios"] = (
        told(("甲", "1"), ("乙", "1")),
        told(("甲", "2"), ("丙", "1")),
    )
    rows = [(r["name"], r["what"]) for r in changes(old, new).rows if r["kind"] == "scenario"]
    assert rows == [("甲", "changed"), ("丙", "added"), ("乙", "gone")]


def test_only_time_passed_where_no_reading_came() -> None:
    old = made_result(made_entry(0.5, indicator="o3_8h_p90"))
    new = made_result(made_entry(0.7, indicator="o3_8h_p90"), run="b")
    (row,) = [
        r for r in changes(old, new, readings=_readings([])).rows if r["kind"] == "probability"
    ]
    assert row["parts"] == {"time": pytest.approx(0.2)}


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append(tag)


def test_the_fragment_escapes_names_and_has_both_languages() -> None:
    old = made_result(made_entry(0.4, region="<script>alert(1)</script>"))
    new = made_result(made_entry(0.8, region="<script>alert(1)</script>"), run="b")
    text = change_fragment(changes(old, new).to_dict())
    page = _Text()
    page.feed(text)
    assert "script" not in page.tags
    assert text.count('class="zh"') == text.count('class="en"') > 2


def test_the_lines_of_a_terminal_can_be_written_in_code_page_936() -> None:
    old, new = made_result(made_entry(0.4)), made_result(made_entry(0.8), run="b")
    for lang in ("zh", "en"):
        for line in change_lines(changes(old, new).to_dict(), lang):
            assert line.encode("cp936").decode("cp936") == line


def test_revised_values_are_told_with_item_day_old_and_new() -> None:
    found = changes(
        made_result(made_entry(0.5)), made_result(made_entry(0.5), run="b"),
        readings=_readings([("pm25", "2025-03-01", 80.0, 50.0), ("co", "2025-03-02", 1.0, np.nan),
                            ("pm25", "2025-07-01", np.nan, 9.0), ("pm25", "2025-02-01", np.nan, 9.0)]),
    )  # fmt: skip
    assert [r["kind"] for r in found.rows] == ["new_days", "late_days", "revised", "withdrawn"]
    text = "\n".join(zh for zh, _ in found.sentences)
    assert "2025-03-01 细颗粒物 80 → 50" in text and "2025-03-02 一氧化碳 1 已撤销" in text
    assert "新增1天(2025-07-01)" in text and "补上1天(2025-02-01)" in text
