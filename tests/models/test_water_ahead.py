"""Months ahead of a part of the sections are those of all, wherever they are drawn."""

from __future__ import annotations

import pickle

import numpy as np
import pandas as pd
import pytest

from forecast.models.class_history import ClassHistory
from forecast.models.water_ahead import WaterAhead
from forecast.models.water_group import Group, GroupFit, fit_groups
from forecast.models.water_ladder import WaterLadder
from forecast.models.water_ordinal import WaterOrdinal

_PLACES = tuple("甲乙丙丁戊")
_ITEMS = ("codmn", "do", "nh3n", "water_temp")


def _history() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Monthly means with gaps and values below a limit, and the limits."""
    rng = np.random.default_rng(6)
    months = pd.date_range("2017-01-01", periods=40, freq="MS")
    columns = pd.MultiIndex.from_product([_PLACES, _ITEMS], names=["place", "item"])
    season = np.cos(2 * np.pi * (months.month.to_numpy() - 7) / 12)
    table = pd.DataFrame(rng.standard_normal((40, len(columns))), index=months, columns=columns)
    for place in _PLACES:
        table[place, "codmn"] = np.exp(1.2 + 0.2 * table[place, "codmn"])
        table[place, "nh3n"] = np.exp(-2.0 + 0.6 * table[place, "nh3n"])
        table[place, "water_temp"] = 15.0 + 10.0 * season + table[place, "water_temp"]
        table[place, "do"] = 9.0 - 2.0 * season + 0.5 * table[place, "do"]
    below = table.where(table < 0.06) * 0.0 + 0.06
    below.loc[:, below.columns.get_level_values("item") != "nh3n"] = np.nan
    table = table.mask(below.notna(), 0.03)
    return table.mask(rng.random(table.shape) < 0.05), below


def _flow() -> pd.DataFrame:
    rng = np.random.default_rng(7)
    months = pd.date_range("2017-01-01", periods=40, freq="MS")
    rain = {("", "precip"): rng.gamma(2.0, 30.0, 40), ("甲", "flow"): rng.gamma(2.0, 5.0, 40)}
    return pd.DataFrame(rain, index=months)


def _ahead(**known: object) -> WaterAhead:
    history, below = _history()
    model = WaterLadder(**known).fit(  # type: ignore[arg-type]
        history, below=below, hydrology=_flow(), basins=dict.fromkeys("甲乙丙丁", "河")
    )
    months = np.arange("2020-05", "2020-09", dtype="datetime64[M]")
    found = model.ahead(months, 300, np.random.default_rng(1))
    assert found is not None
    return found


@pytest.fixture(scope="module")
def ahead() -> WaterAhead:
    return _ahead()


@pytest.mark.parametrize("places", [("甲",), ("丁", "乙"), _PLACES])
def test_a_part_draws_what_the_whole_does(ahead: WaterAhead, places: tuple[str, ...]) -> None:
    """Bytes of the paths, also after a way through another process."""
    whole = ahead.draw()
    part = pickle.loads(pickle.dumps(ahead.of(places))).draw()
    at = [k for k, place in enumerate(whole.places) if place in places]
    assert part.items == tuple(whole.items[k] for k in at)
    assert part.values.tobytes() == whole.values[:, :, at].tobytes()
    assert set(part.places) == set(places)


def test_which_groups_are_fitted_together_does_not_matter(
    ahead: WaterAhead, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Backwards, one group at a time, each through another process: the same fits and paths.

    Where some fits are kept, others are made in other company than the first time.
    """

    def backwards(groups: list[Group]) -> list[GroupFit]:
        sent = [pickle.loads(pickle.dumps(group)) for group in groups]
        return [fit_groups([group])[0] for group in sent[::-1]][::-1]

    monkeypatch.setattr("forecast.models.water_ladder.fit_groups", backwards)
    other = _ahead()
    assert other.innovations.tobytes() == ahead.innovations.tobytes()
    assert [(e.mean.tobytes(), e.half.tobytes()) for e in other.effects] == [
        (e.mean.tobytes(), e.half.tobytes()) for e in ahead.effects
    ]
    assert other.draw().values.tobytes() == ahead.draw().values.tobytes()


def test_what_sections_share_is_kept_between_parts(ahead: WaterAhead) -> None:
    """Two sections drawn apart are as alike as drawn together: the months of the past are shared."""
    whole = ahead.draw()
    both = [k for k, (p, i) in enumerate(zip(whole.places, whole.items, strict=True))
            if p in ("甲", "乙") and i == "water_temp"]  # fmt: skip
    together = np.corrcoef(whole.values[:, 0, both], rowvar=False)[0, 1]
    apart = np.stack(
        [
            own.values[:, 0, own.items.index("water_temp")]
            for own in (ahead.of([p]).draw() for p in ("甲", "乙"))
        ]
    )
    assert np.corrcoef(apart)[0, 1] == pytest.approx(together, abs=1e-6)


def test_drawn_classes_of_a_part_are_those_of_the_whole() -> None:
    rng = np.random.default_rng(3)
    months = pd.date_range("2018-01-01", periods=48, freq="MS")
    table = pd.DataFrame(rng.integers(1, 6, (48, 5)), index=months, columns=list(_PLACES))
    model = WaterOrdinal().fit(ClassHistory.from_classes(table))
    wanted = np.arange("2022-01", "2022-07", dtype="datetime64[M]")
    found = model.ahead(wanted, 200, np.random.default_rng(2))
    part = found.of(["丙", "戊"])
    assert part.places == ("丙", "戊")
    assert part.draw().tobytes() == found.draw()[:, :, [2, 4]].tobytes()
    again = model.sample_classes(wanted, 200, np.random.default_rng(2))
    assert again.tobytes() == found.draw().tobytes()


def test_many_sections_are_learned_from_a_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond so many sections the model of classes learns from some, and states for all."""
    rng = np.random.default_rng(8)
    months = pd.date_range("2018-01-01", periods=48, freq="MS")
    table = pd.DataFrame(rng.integers(2, 5, (48, 12)), index=months)
    history = ClassHistory.from_classes(table)
    every = WaterOrdinal().fit(history)
    monkeypatch.setattr("forecast.models.water_ordinal._MOST_PLACES", 6)
    some = WaterOrdinal().fit(history)
    wanted = np.array(["2022-01"], dtype="datetime64[M]")
    assert some.fitted and some.probabilities(wanted).shape == (12, 1, 6)
    np.testing.assert_allclose(some.probabilities(wanted), every.probabilities(wanted), atol=0.2)
