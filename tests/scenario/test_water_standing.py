"""What a record already holds of measures on water: seasons, days within a month, scales."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from water_made import draws, plain_priors, section

from forecast.scenario.scenario_model import Scenario
from forecast.scenario.water_cuts import WaterCut, WaterCuts
from forecast.scenario.water_measures import water_cuts_of
from forecast.scenario.water_response import section_response

_YEAR = np.arange("2026-01", "2027-01", dtype="datetime64[M]")
_SEEN = {"cod": 19.0, "nh3n": 1.2, "tp": 0.12}
#: Shares of the works in COD in dry and wet months, as in the hand answer of the response.
_DRY = 6.342 / 21.940
_WET = 1.5855 / 17.183


def _made(
    since: date,
    *,
    months: np.ndarray = _YEAR,
    plain: bool = True,
    n: int = 3,
    scale: float = 1.0,
    item: str = "cod",
    **measure: Any,
) -> np.ndarray:
    """F of one item under one measure, (draw, month)."""
    full = {
        "name": "a",
        "sector": "point",
        "pollutants": [item.upper()],
        "compliance": 1.0,
        **measure,
    }
    scenario = Scenario.model_validate({"name": "s", "region": "甲", "measures": [full]})
    last = months[-1] + 1
    days = np.arange(
        min(np.datetime64(full["start"]), months[0].astype("datetime64[D]")), last,
        dtype="datetime64[D]",
    )  # fmt: skip
    cuts = water_cuts_of(
        scenario, (section(),), days, n, np.random.default_rng(1), scale=scale, since=since
    )[0]
    drawn = draws(n, priors=plain_priors() if plain else None)
    response = section_response(section(), drawn, months, items=(item,), observed=_SEEN)
    return response.factors(cuts, reference=np.datetime64(since, "M")).values[:, :, 0]


@pytest.mark.parametrize("season", ["cold", "warm", "heating", [7]])
def test_a_standing_measure_leaves_every_month_as_it_is(season: Any) -> None:
    """In force for two winters: nothing changes, whether loads follow at once or with a lag."""
    told = {"cut": "40%", "season": season, "start": date(2023, 10, 1)}
    assert (_made(date(2025, 12, 31), **told) == 1.0).all()
    late = _made(date(2025, 12, 31), plain=False, n=200, item="nh3n", **told)
    assert np.abs(late - 1.0).max() < 1e-3
    midsummer = _made(date(2025, 6, 30), plain=False, n=200, item="nh3n", **told)
    assert np.abs(midsummer - 1.0).max() < 1e-3


def test_a_measure_of_its_first_season_leaves_the_other_months() -> None:
    """Begun in April, the record ends in June: the next cold months never had it, nor get it; the
    warm months of the next year have it as those of this year did."""
    factors = _made(date(2025, 6, 30), cut="40%", season="warm", start=date(2025, 4, 1))
    assert (factors == 1.0).all()


def test_a_season_that_is_half_way_goes_on_by_its_other_half() -> None:
    """Half of a cut of 40 % stood in both seasons; all of it stands in the cold months to come."""
    told = {"cut": "40%", "season": "cold", "shape": "linear", "start": date(2025, 1, 1)}
    factors = _made(date(2025, 7, 2), full=date(2025, 12, 31), **told)
    # 183 of 365 days had gone by; works hold _DRY of the COD of cold months.
    held = 0.4 * 183 / 365
    assert factors[:, [0, 11]] == pytest.approx((1.0 - 0.4 * _DRY) / (1.0 - held * _DRY), abs=2e-4)
    assert (factors[:, 3:9] == 1.0).all()


def test_what_starts_within_the_month_of_the_origin() -> None:
    """The day after: all of it counts. Some days before: none of it, as for the air."""
    months = np.arange("2025-06", "2026-01", dtype="datetime64[M]")
    for start, since, december in (
        (date(2025, 6, 11), date(2025, 6, 10), 1.0 - 0.5 * _DRY),
        (date(2025, 7, 1), date(2025, 6, 30), 1.0 - 0.5 * _DRY),
        (date(2025, 6, 5), date(2025, 6, 10), 1.0),
        (date(2025, 6, 10), date(2025, 6, 10), 1.0),
    ):
        factors = _made(since, months=months, cut="50%", start=start)
        assert factors[:, 0] == pytest.approx(1.0, abs=1e-7)
        assert factors[:, -1] == pytest.approx(december, abs=2e-4)
    wet = _made(date(2025, 6, 10), months=months, cut="50%", start=date(2025, 6, 11))[:, 1]
    assert wet == pytest.approx(1.0 - 0.5 * _WET, abs=2e-4)


def test_the_scale_leaves_what_the_record_holds() -> None:
    """A rise to 20 % over 2022 to 2027 has come 1,096 of 2,191 days by the end of 2024; λ is of the
    rest. In December 2027 it stands at 2,176 days on the mean."""
    months = np.arange("2025-01", "2028-01", dtype="datetime64[M]")
    told = {"cut": "20%", "shape": "linear", "start": date(2022, 1, 1), "full": date(2027, 12, 31)}
    before, now = 1096 / 2191, 2176 / 2191
    for scale in (0.5, 1.0, 2.0, 3.0):
        factors = _made(date(2024, 12, 31), months=months, scale=scale, **told)
        cut = 0.2 * (before + scale * (now - before))
        expected = (1.0 - cut * _DRY) / (1.0 - 0.2 * before * _DRY)
        assert factors[:, -1] == pytest.approx(expected, abs=2e-4)


@given(
    season=st.sampled_from(["all", "cold", "warm", "heating", [3, 4]]),
    start=st.dates(date(2023, 1, 1), date(2026, 6, 30)),
    since=st.dates(date(2024, 6, 1), date(2025, 12, 31)),
    length=st.integers(1, 900),
    item=st.sampled_from(["nh3n", "tp"]),
    sector=st.sampled_from(["point", "farmland"]),
)  # fmt: skip
@settings(max_examples=30, deadline=None)
def test_a_cut_never_raises_a_month(
    season: Any, start: date, since: date, length: int, item: str, sector: str
) -> None:
    """Whatever its season, lag and origin; and a larger scale never does less."""
    full = date.fromordinal(start.toordinal() + length)
    told = {"cut": "40%", "season": season, "shape": "linear", "start": start, "full": full}
    one, two = (
        _made(since, plain=False, n=10, item=item, sector=sector, scale=s, **told)
        for s in (1.0, 2.0)
    )
    assert one.max() <= 1.0 + 1e-6
    assert (two <= one + 1e-6).all()
    assert (one[:, np.datetime64(since, "M") >= _YEAR] == 1.0).all()


def test_what_is_held_is_the_same_at_every_scale() -> None:
    """So it is worked out once: a cut of 30 % since 2024, of which the level is given by hand."""
    begun = np.arange("2024-01", "2027-01", dtype="datetime64[M]")
    values = np.full((1, 36), 0.3)
    season = np.r_[np.ones(3), np.zeros(6), np.ones(3)]
    acting = values * season[begun.astype(np.int64) % 12]
    cuts = WaterCuts(begun, (WaterCut(acting, kind="point", level=values, season=season),))
    response = section_response(
        section(), draws(2, priors=plain_priors()), _YEAR, items=("cod",), observed=_SEEN
    )
    reference = np.datetime64("2025-12")
    held = response.held(cuts, reference)
    assert held["cod"][:, 0] == pytest.approx(0.3 * _DRY, abs=2e-4)
    assert (held["cod"][:, 3:9] == 0.0).all()
    one, same = (response.factors(cuts, reference=reference, held=h) for h in (None, held))
    np.testing.assert_array_equal(one.values, same.values)
