"""Defaults: their distributions against scipy's, their grades, and a user's own values."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from forecast.errors import InputError
from forecast.scenario.water_priors import GROUPS, shipped_water_priors
from forecast.scenario.water_sections import RESPONSE_ITEMS, SOURCE_KINDS, UPSTREAM

_Z = np.array([-2.5, -1.0, 0.0, 0.7, 3.0])


def test_every_default_has_a_grade_a_source_and_words() -> None:
    for row in shipped_water_priors().rows.values():
        assert row.grade in ("verified", "from memory", "judgement")
        assert row.source and row.zh and row.en and row.unit
        assert row.group in GROUPS


def test_every_item_and_kind_has_its_defaults() -> None:
    priors = shipped_water_priors()
    for item in RESPONSE_ITEMS:
        for quantity in ("decay", "theta", "background"):
            assert priors.of(quantity, item=item).item == item
        for kind in (*SOURCE_KINDS, UPSTREAM):
            assert priors.of("lag", item=item, kind=kind).unit == "yr"
    for kind in SOURCE_KINDS:
        assert priors.of("in_river", kind=kind).kind == kind
        assert priors.of("load_error", kind=kind).kind == kind


def test_a_truncated_lognormal_is_that_of_scipy() -> None:
    # Decay of COD: ln N(ln 0.15, 0.4) held between 0.05 and 0.30.
    low, high = (np.log(np.array([0.05, 0.30])) - np.log(0.15)) / 0.4
    truth = np.exp(np.log(0.15) + 0.4 * stats.truncnorm(low, high).ppf(stats.norm.cdf(_Z)))
    made = shipped_water_priors().of("decay", item="cod").quantile(_Z)
    np.testing.assert_allclose(made, truth, rtol=1e-9)
    assert made.min() > 0.05 and made.max() < 0.30


def test_uniform_and_untruncated_lognormal() -> None:
    priors = shipped_water_priors()
    np.testing.assert_allclose(
        priors.of("in_river", kind="point").quantile(_Z), 0.8 + 0.2 * stats.norm.cdf(_Z)
    )
    np.testing.assert_allclose(
        priors.of("load_error", kind="farmland").quantile(_Z), np.exp(0.5 * _Z)
    )


def test_farmland_nitrogen_is_slower_than_its_organic_matter() -> None:
    priors = shipped_water_priors()
    slow = priors.of("lag", item="tn", kind="farmland").quantile(np.zeros(1))
    assert slow.item() == pytest.approx(6.5)
    assert priors.of("lag", item="cod", kind="farmland").quantile(np.zeros(1)).item() < 2.0


def test_a_user_s_value_replaces_a_default() -> None:
    own = shipped_water_priors().with_value("decay", 0.2, item="cod")
    assert own.of("decay", item="cod").grade == "user"
    np.testing.assert_array_equal(own.of("decay", item="cod").quantile(_Z), np.full(5, 0.2))
    np.testing.assert_allclose(
        own.with_value("decay", 0.2, item="cod", sd=0.1).of("decay", item="cod").quantile(_Z),
        0.2 * np.exp(0.1 * _Z),
    )
    assert shipped_water_priors().of("decay", item="cod").a == 0.15


def test_a_default_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match="'colour'"):
        shipped_water_priors().with_value("colour", 1.0)
    with pytest.raises(InputError, match="must be above 0"):
        shipped_water_priors().with_value("decay", -0.2, item="cod", sd=0.3)


def test_the_table_for_a_report_says_value_grade_and_source() -> None:
    rows = shipped_water_priors().table()
    cod = next(r for r in rows if r["en"] == "decay of COD at 20 °C")
    assert cod["value"] == "LN(0.15, 0.4) [0.05, 0.3]"
    assert cod["grade"] == "from memory"
    assert all(r["zh"] and r["source"] for r in rows)
