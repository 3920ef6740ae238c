"""Plain rules for classes: frequencies that can be counted by hand, and nothing after the origin."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.models.class_history import ClassHistory, class_frame, period_classes
from forecast.models.class_references import (
    REFERENCES,
    ClassPersistence,
    LastYearClass,
    MonthlyFrequencies,
    transitions,
)


def _classes(table: dict[str, list[float]], first: str = "2014-01") -> ClassHistory:
    index = pd.date_range(first, periods=len(next(iter(table.values()))), freq="MS")
    return ClassHistory.from_classes(pd.DataFrame(table, index=index))


def _made(rng: np.random.Generator, n_months: int = 30, n_places: int = 5) -> ClassHistory:
    values = rng.integers(1, 7, size=(n_months, n_places)).astype(float)
    values[rng.random(values.shape) < 0.1] = np.nan
    return _classes({f"s{p}": list(values[:, p]) for p in range(n_places)})


def test_transitions_are_counts_when_nothing_is_added() -> None:
    before = np.array([[2, 2], [2, 2], [3, 0]], dtype=np.int8)
    after = np.array([[2, 3], [2, 2], [0, 4]], dtype=np.int8)
    found = transitions(before, after, prior=0.0)
    assert found[1].tolist() == [0.0, 0.75, 0.25, 0.0, 0.0, 0.0]


def test_a_class_not_met_before_is_drawn_to_staying_and_to_what_came() -> None:
    found = transitions(np.array([2, 2], dtype=np.int8), np.array([2, 2], dtype=np.int8))
    # Half to staying, half to the shares of all cases: (2 + 0.5/6) / 2.5 for class II.
    assert found[4, 4] == pytest.approx(0.5 + 0.5 * (0.5 / 6) / 2.5)
    assert found[4, 1] == pytest.approx(0.5 * (2.0 + 0.5 / 6) / 2.5)


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=30))
def test_rows_of_transitions_sum_to_one_and_nothing_is_impossible(
    pairs: list[tuple[int, int]],
) -> None:
    table = np.array(pairs, dtype=np.int8).reshape(-1, 2)
    found = transitions(table[:, 0], table[:, 1])
    assert np.allclose(found.sum(axis=1), 1.0)
    assert (found > 0.0).all()


@given(st.integers(0, 2**31), st.integers(1, 30), st.integers(1, 6))
def test_every_rule_states_probabilities(seed: int, n_months: int, n_places: int) -> None:
    history = _made(np.random.default_rng(seed), n_months, n_places)
    months = history.months[-1] + np.array([1, 2, 7, 12, 30])
    for rule in REFERENCES:
        fitted = rule().fit(history)
        stated = fitted.probabilities(months)
        assert stated.shape == (n_places, 5, 6)
        assert np.allclose(stated.sum(axis=2), 1.0)
        assert (stated > 0.0).all()
        year = fitted.year_probabilities(2016)
        assert np.allclose(year.sum(axis=1), 1.0)
        assert (year > 0.0).all()


def test_rules_see_nothing_after_the_origin() -> None:
    rng = np.random.default_rng(5)
    whole = _made(rng, 36)
    origin = whole.months[23]
    changed = ClassHistory(
        whole.months, whole.places, np.where(
            (whole.months > origin)[:, None], np.int8(6), whole.monthly
        ), whole.running, whole.n_running,
    )  # fmt: skip
    ahead = origin + np.arange(1, 13)
    for rule in REFERENCES:
        first = rule().fit(whole.until(origin)).probabilities(ahead)
        second = rule().fit(changed.until(origin)).probabilities(ahead)
        assert np.array_equal(first, second)


def test_persistence_fades_from_the_last_class_to_no_knowledge() -> None:
    # Two sections take turns: a month later the other class, two months later the same.
    history = _classes({"a": [2.0, 3.0] * 12, "b": [3.0, 2.0] * 12})
    fitted = ClassPersistence().fit(history)
    stated = fitted.probabilities(history.months[-1] + np.array([1, 2]))
    assert stated[0, 0].argmax() == 1  # "a" ends in III, II is next
    assert stated[0, 1].argmax() == 2
    assert stated[0, 0, 1] > 0.9


def test_a_section_that_is_silent_starts_from_its_last_class() -> None:
    values = [2.0, 3.0] * 12
    silent = [*values[:-1], np.nan]
    history = _classes({"a": silent, "b": values})
    fitted = ClassPersistence().fit(history)
    stated = fitted.probabilities(history.months[-1:] + 1)
    # The last class of "a" is the II of the month before: two months on it is II again.
    assert stated[0, 0].argmax() == 1
    assert stated[1, 0].argmax() == 1


def test_twelve_months_ahead_the_last_class_is_last_years() -> None:
    rng = np.random.default_rng(2)
    values = rng.integers(2, 5, size=(36, 4)).astype(float)
    history = _classes({f"s{p}": list(values[:, p]) for p in range(4)})
    ahead = history.months[-1:] + 12
    ours = ClassPersistence().fit(history).probabilities(ahead)
    theirs = LastYearClass().fit(history).probabilities(ahead)
    assert np.allclose(ours, theirs)


def test_frequencies_follow_the_calendar_month() -> None:
    # Class IV from June to August, class II otherwise, three years.
    year = [2.0] * 5 + [4.0] * 3 + [2.0] * 4
    history = _classes({"a": year * 3, "b": [3.0] * 36})
    stated = (
        MonthlyFrequencies()
        .fit(history)
        .probabilities(np.array(["2017-01", "2017-07"], dtype="datetime64[M]"))
    )
    # July: weights of IV (1 + 0.8 + 0.8) 3, of II (0.5 + 0.5 + 0.2 + 0.2) 3, and three cases of
    # the section's own shares, a quarter IV and three quarters II but for the region's case.
    assert stated[0, 1, 3] == pytest.approx((7.8 + 3 * 0.25) / 15.0, abs=0.01)
    assert stated[0, 1, 1] == pytest.approx((4.2 + 3 * 0.75) / 15.0, abs=0.01)
    assert stated[0, 0, 1] > 0.85
    assert stated[1, 1, 2] > 0.9


def test_the_class_of_a_year_persists_from_its_months_so_far() -> None:
    # Every section keeps one class; half a year is enough to say it for the year.
    history = _classes({f"s{p}": [float(1 + p % 6)] * 30 for p in range(12)})
    stated = ClassPersistence().fit(history).year_probabilities(2016)
    assert (stated.argmax(axis=1) == np.arange(12) % 6).all()
    assert (stated.max(axis=1) > 0.5).all()


def test_the_class_of_a_year_is_that_of_its_mean_and_not_of_its_months() -> None:
    # Eleven months of NH3-N 0.9 (III) and one of 3.0 (worse than V): mean 1.075, class IV.
    months = pd.date_range("2015-01-01", periods=12, freq="MS")
    columns = pd.MultiIndex.from_product([["a"], ["ph", "do", "codmn", "nh3n"]])
    values = np.tile([7.5, 8.0, 3.0, 0.9], (12, 1))
    values[6, 3] = 3.0
    history = ClassHistory.from_items(pd.DataFrame(values, index=months, columns=columns))
    assert history.monthly[:, 0].tolist() == [3] * 6 + [6] + [3] * 5
    assert history.running[-1, 0] == 4
    years, found = history.years()
    assert years.tolist() == [2015]
    assert found.tolist() == [[4]]


def test_a_lake_is_judged_by_the_limits_of_lakes() -> None:
    values = np.array([[[7.5, 8.0, 3.0, 0.3, 0.08]]])
    items = ("ph", "do", "codmn", "nh3n", "tp")
    assert period_classes(values, items, "river").tolist() == [2]
    assert period_classes(values, items, "lake").tolist() == [4]


def test_a_gap_of_months_is_a_gap() -> None:
    index = pd.to_datetime(["2015-01-01", "2015-04-01"])
    history = ClassHistory.from_classes(pd.DataFrame({"a": [2.0, 3.0]}, index=index))
    assert history.monthly[:, 0].tolist() == [2, 0, 0, 3]
    # Mean class 2.5, half towards the worse.
    assert history.running[:, 0].tolist() == [2, 2, 2, 3]
    assert history.n_running[:, 0].tolist() == [1, 1, 1, 2]
    frame = class_frame(history)
    assert frame["a"].isna().tolist() == [False, True, True, False]


def test_what_is_no_class_is_refused() -> None:
    index = pd.to_datetime(["2015-01-01", "2015-02-01"])
    with pytest.raises(ValueError, match="whole numbers 1"):
        ClassHistory.from_classes(pd.DataFrame({"a": [2.0, 7.0]}, index=index))
    with pytest.raises(ValueError, match="twice"):
        ClassHistory.from_classes(pd.DataFrame({"a": [2.0, 3.0]}, index=index[[0, 0]]))


def test_a_year_with_too_few_months_has_no_class() -> None:
    history = _classes({"a": [2.0] * 5 + [np.nan] * 7})
    _, found = history.years()
    assert found.tolist() == [[0]]
    _, found = history.years(months_needed=5)
    assert found.tolist() == [[2]]
