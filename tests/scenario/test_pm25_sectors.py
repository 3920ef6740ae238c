"""``pm25_ratio``: shares of the sectors, their joint effect, and the spread."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.errors import UsageError
from forecast.scenario import pm25_ratio
from forecast.scenario.pm25_sectors import SHARE_SECTORS, SectorDraws, draw_sectors, sector_ratio
from forecast.scenario.priors import read_table
from forecast.scenario.regions import find_region

ALL_STOPPED = dict.fromkeys(SHARE_SECTORS, 0.0)


def ratio(region: str, n: int = 2000, seed: int = 1, **multipliers: float) -> np.ndarray:
    """Draws with a seed of their own."""
    return pm25_ratio(region, multipliers, n, np.random.default_rng(seed))


def test_unchanged_is_exactly_one() -> None:
    """Nothing named, and everything named as 1."""
    assert (ratio("北京") == 1.0).all()
    assert (ratio("北京", **dict.fromkeys(SHARE_SECTORS, 1.0)) == 1.0).all()


def test_one_sector_alone_takes_its_share() -> None:
    """By hand: share 0.2, no curvature that matters at a full cut, δ = 1, B = 0.1."""
    d = SectorDraws(
        np.array([[0.25, 0.30, 0.12, 0.16, 0.06]]),
        np.array([0.2, 0.45, 0.6, 0.95, 0.7]),
        np.array([[0.0, 0.1, 0.25, 0.4, 0.1]]),
        np.array([0.4]),
        np.array([0.1]),
        np.array([1.0]),
    )
    stopped = sector_ratio(np.eye(5)[None], d)[0]
    assert stopped == pytest.approx([0.75, 0.70, 0.88, 0.84, 0.94])
    half = sector_ratio(0.5 * np.eye(5)[None], d)[0]
    # Agriculture: 0.008·0.5 primary, 0.152·(0.6·0.5 + 0.4·0.25) secondary.
    assert half[3] == pytest.approx(1 - 0.16 * 0.05 * 0.5 - 0.152 * 0.4)
    assert half[0] == pytest.approx(0.875)
    # Together less than the sum of the five (0.89), more than the largest.
    together = sector_ratio(np.ones((1, 1, 5)), d)[0, 0]
    assert 1 - 0.89 < together < 0.5


@pytest.mark.parametrize("row", read_table("sector_shares"), ids=lambda r: r["en"])
@pytest.mark.parametrize(("sector", "short"), [("residential", "res"), ("industry", "ind")])
def test_both_published_versions_lie_in_the_interval(
    row: dict[str, str], sector: str, short: str
) -> None:
    """RES and IND of the final and of the first version of the same model, 90 % interval."""
    low, high = np.quantile(ratio(row["en"], 4000, **{sector: 0.0}), [0.05, 0.95])
    for version in ("final", "early"):
        assert low < 1 - float(row[f"{short}_{version}"]) / 100 < high


def test_the_centre_lies_between_the_versions() -> None:
    """The median of the removal of industry and homes, every region."""
    for row in read_table("sector_shares"):
        for sector, short in (("residential", "res"), ("industry", "ind")):
            lost = 100 * (1 - float(np.median(ratio(row["en"], 4000, **{sector: 0.0}))))
            assert float(row[f"{short}_final"]) - 1 < lost < float(row[f"{short}_early"]) + 1


@given(
    st.sampled_from(["全国", "华北", "粤港澳大湾区", "衡水"]),
    st.tuples(*[st.floats(0.0, 1.5)] * 5),
)
def test_bounded_and_ordered(region: str, multipliers: tuple[float, ...]) -> None:
    """Never below 0.05, never below nothing at all of everything; more emission, more PM2.5."""
    at = dict(zip(SHARE_SECTORS, multipliers, strict=True))
    found = ratio(region, 100, **at)
    assert (found >= 0.05 - 1e-12).all() and np.isfinite(found).all()
    assert (found >= ratio(region, 100, **ALL_STOPPED) - 1e-12).all()
    for sector in SHARE_SECTORS:
        more = ratio(region, 100, **{**at, sector: min(1.5, at[sector] + 0.2)})
        assert (more >= found - 1e-12).all()


def test_stopping_everything_leaves_a_background() -> None:
    """5 % at least; a quarter or so in the median, as other sources remain."""
    found = ratio("全国", 4000, **ALL_STOPPED)
    assert found.min() >= 0.05 and 0.1 < np.median(found) < 0.4


def test_growth_works_up_to_its_end() -> None:
    """1.5 times all: up, by less than half and a bit."""
    found = ratio("华东", **dict.fromkeys(SHARE_SECTORS, 1.5))
    assert (found > 1.1).all() and np.median(found) < 1.55


def test_ammonia_is_convex() -> None:
    """Half the ammonia takes less than half of what all of it takes, in the median."""
    half, full = (1 - np.median(ratio("全国", 4000, agriculture=m)) for m in (0.5, 0.0))
    assert half < 0.47 * full


def test_a_city_is_less_sure_than_its_region() -> None:
    """The same centre, a wider interval."""
    region, city = ratio("华北", 4000, industry=0.0), ratio("衡水", 4000, industry=0.0)
    assert np.median(city) == pytest.approx(np.median(region), abs=0.01)
    width = [np.subtract(*np.quantile(v, [0.9, 0.1])) for v in (region, city)]
    assert width[1] > 1.05 * width[0]


def test_regions_are_paired_and_seeds_reproduce() -> None:
    """The same state gives the same answer; two multipliers share their draws."""
    assert (ratio("湖南", industry=0.5) == ratio("湖南", industry=0.5)).all()
    assert (ratio("湖南", industry=0.5) > ratio("湖南", industry=0.4)).all()


def test_draws_can_be_taken_from_sectors() -> None:
    """Shares follow the index, the secondary parts are the same for all."""
    d = draw_sectors(find_region("华北"), 20, np.random.default_rng(2))
    some = d.take(np.array([5, 5]))
    assert some.n == 2 and (some.shares == d.shares[[5, 5]]).all()


@pytest.mark.parametrize(
    ("region", "multipliers", "n"),
    [
        ("Atlantis", {}, 10),
        ("北京", {"shipping": 0.5}, 10),
        ("北京", {"dust": 0.5}, 10),
        ("北京", {"industry": -0.1}, 10),
        ("北京", {"industry": 1.51}, 10),
        ("北京", {"industry": float("nan")}, 10),
        ("北京", {}, 0),
    ],
)
def test_what_cannot_be_asked(region: str, multipliers: dict[str, float], n: int) -> None:
    """An unknown place or sector, a multiplier outside 0 to 1.5, no draws."""
    with pytest.raises(UsageError) as caught:
        pm25_ratio(region, multipliers, n, np.random.default_rng(1))
    assert caught.value.cure
