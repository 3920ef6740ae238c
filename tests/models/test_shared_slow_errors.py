"""Places of a group share their slow errors whichever items each of them has."""

from __future__ import annotations

import numpy as np
import pytest
from made_air import made_record

from forecast.models.air_seasonal import AirSeasonal
from forecast.models.pooled import shipped_air
from forecast.models.shared_draws import SharedDraws, nation_draws, share_draws
from forecast.standards.items import AIR_ITEMS

_PATHS = 6000


@pytest.fixture(scope="module")
def shared() -> SharedDraws:
    pooled = shipped_air()
    return share_draws(
        nation_draws(np.random.default_rng(1), _PATHS, pooled), np.random.default_rng(2),
        first=np.datetime64("2013-01-01"), start=np.datetime64("2016-01-01"),
        end=np.datetime64("2016-01-05"), n_paths=_PATHS, pooled=pooled,
    )  # fmt: skip


def drawn(shared: SharedDraws, items: tuple[str, ...], seed: int) -> dict[str, np.ndarray]:
    """Unit slow errors of the first period of a place with these items."""
    record = made_record(seed, years=2.0, items=items)
    model = AirSeasonal(shared=shared).fit(record.loc[:"2015-12-31"])
    assert model.items == items
    units = model._slow(_PATHS, 1, np.random.default_rng(seed))[:, 0]
    return {item: units[:, i] for i, item in enumerate(items)}


@pytest.mark.parametrize(
    "lacking", [(), ("o3_8h",), ("pm25",), ("no2",), ("so2", "no2", "pm10", "co", "o3_8h")]
)
def test_an_item_is_shared_as_much_with_a_place_that_lacks_others(
    shared: SharedDraws, lacking: tuple[str, ...]
) -> None:
    whole = drawn(shared, AIR_ITEMS, 3)
    part = drawn(shared, tuple(i for i in AIR_ITEMS if i not in lacking), 4)
    for item, own in part.items():
        found = np.corrcoef(whole[item], own)[0, 1]
        assert found == pytest.approx(shared.common_share, abs=0.05), item


def test_items_of_a_place_hang_together_as_pooled(shared: SharedDraws) -> None:
    items = ("so2", "pm10", "pm25", "co")
    own = drawn(shared, items, 5)
    names, matrix = shipped_air().correlation
    for a in items:
        for b in items:
            said = matrix[names.index(a)][names.index(b)] if a != b else 1.0
            assert np.corrcoef(own[a], own[b])[0, 1] == pytest.approx(said, abs=0.05), (a, b)
