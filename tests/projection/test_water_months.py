"""Months ahead of sections: by their items with what is around them, or by their classes."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from forecast.features.hydrology import monthly_means
from forecast.models.paths import Paths
from forecast.projection.settings import Settings
from forecast.projection.water_months import (
    SectionWall,
    WaterSurroundings,
    fitted_items,
    published_ahead,
    published_history,
    section_key,
    stated_items,
    without_sampled_month,
)

_MONTHS = pd.date_range("2016-01-15", "2020-06-15", freq="31D")
_SETTINGS = Settings(date(2020, 6, 30), 2020, n_paths=200)


def _rows(
    place: str, item: str, values: np.ndarray, *, months: pd.DatetimeIndex = _MONTHS
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "region": "甲河市", "place": place, "place_kind": "section", "time": months, "item": item,
            "value": values, "censored": False, "water_type": "river", "basin": "", "river": "",
        }
    )  # fmt: skip


def _classes() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    n = len(_MONTHS)
    good, bad = rng.integers(2, 4, n), rng.integers(4, 7, n)
    early = _MONTHS < "2019-10-01"
    return pd.concat(
        [
            _rows("清", "class_published", good.astype(float)),
            _rows("浊", "class_published", bad.astype(float)),
            _rows("停", "class_published", good[early].astype(float), months=_MONTHS[early]),
            _rows("测", "class_published", good.astype(float)),
            _rows("测", "codmn", rng.uniform(2, 4, n)),
        ],
        ignore_index=True,
    )


def _keyed(samples: pd.DataFrame) -> pd.DataFrame:
    return samples.assign(key=section_key(samples))


def _published(samples: pd.DataFrame, settings: Settings) -> dict[str, np.ndarray]:
    return published_ahead(published_history(_keyed(samples), settings), settings).draw()


def _drawn(
    samples: pd.DataFrame, around: WaterSurroundings
) -> tuple[Paths, pd.DataFrame, pd.DataFrame]:
    """Paths of the months ahead, what was modelled how, and the monthly means."""
    keyed = _keyed(samples)
    monthly = monthly_means(keyed.assign(place=keyed["key"]))
    ahead, report = fitted_items(keyed, monthly, _SETTINGS, around)
    assert ahead is not None
    return ahead.draw(), report, monthly


def test_sections_with_classes_alone_are_drawn_by_their_classes() -> None:
    drawn = _published(_classes(), _SETTINGS)
    # One that measures items goes by them; one that fell silent is not drawn.
    assert sorted(drawn) == ["甲河市\x1f浊", "甲河市\x1f清"]
    clean, foul = drawn["甲河市\x1f清"], drawn["甲河市\x1f浊"]
    assert clean.shape == (200, 12)
    assert np.isnan(clean[:, :6]).all() and np.isfinite(clean[:, 6:]).all()
    assert np.isin(clean[:, 6:], np.arange(1, 7)).all()
    assert (clean[:, 6:] <= 3).mean() > 0.9 > 0.1 > (foul[:, 6:] <= 3).mean()
    again = _published(_classes(), _SETTINGS)
    np.testing.assert_array_equal(again["甲河市\x1f清"], clean)


def test_no_classes_and_classes_after_the_date_draw_nothing() -> None:
    every = _classes()
    assert published_history(_keyed(every[every["item"] == "codmn"]), _SETTINGS) is None
    assert published_ahead(None, _SETTINGS).draw() == {}
    early = Settings(date(2015, 12, 31), 2016, n_paths=10)
    assert _published(every, early) == {}


def _driven() -> tuple[pd.DataFrame, WaterSurroundings]:
    """CODMn that follows the flow of a gauge, five years and a half."""
    rng = np.random.default_rng(8)
    days = pd.date_range("2012-01-01", "2020-06-30")
    wet = np.repeat(rng.normal(0.0, 0.9, len(days) // 10 + 1), 10)[: len(days)]
    flow = pd.DataFrame({"region": "甲河市", "place": "站", "date": days, "value": np.exp(2 + wet)})
    months = pd.date_range("2012-01-15", "2020-06-15", freq="MS") + pd.Timedelta(days=14)
    at = days.get_indexer(months)
    value = np.exp(1.0 - 0.6 * wet[at] + rng.normal(0.0, 0.1, len(months)))
    samples = _rows("清", "codmn", value, months=months)
    around = WaterSurroundings(flow=flow, gauges={"甲河": {"清断面": "站"}})
    return samples, around


def test_a_linked_gauge_explains_what_follows_it() -> None:
    samples, around = _driven()
    drawn, report, _ = _drawn(samples, around)
    assert list(report["level"].str[0]) == ["2"]
    assert str(drawn.times[0]) == "2020-07-01" and len(drawn.times) == 6
    alone, plain, _ = _drawn(samples, WaterSurroundings())
    assert list(plain["level"].str[0]) != ["2"]
    # Flow is not known ahead, so that it widens nothing and narrows nothing by much.
    wide, narrow = (np.log(p.values[:, :, 0]).std() for p in (alone, drawn))
    assert narrow == pytest.approx(wide, rel=0.35)


def test_a_declared_break_moves_the_level() -> None:
    samples, _ = _driven()
    old = samples["time"] < "2019-06-01"
    samples["value"] = np.where(old, 9.0, 2.0) * np.exp(
        np.random.default_rng(1).normal(0.0, 0.1, len(samples))
    )
    wall = SectionWall(np.datetime64("2019-06-01"), "甲河", "清")
    drawn, report, _ = _drawn(samples, WaterSurroundings(walls=(wall,)))
    assert "2019-06" in report["why_en"].iloc[0]
    elsewhere = SectionWall(np.datetime64("2019-06-01"), "乙河", "清")
    other, told, _ = _drawn(samples, WaterSurroundings(walls=(elsewhere,)))
    assert "2019-06" not in told["why_en"].iloc[0]
    # Without the break the fall looks like a series that may go anywhere.
    assert abs(np.log(np.median(drawn.values)) - np.log(2.0)) < 0.1
    near, far = (np.log(p.values).std() for p in (drawn, other))
    assert near < 0.6 * far


def test_months_ahead_average_paths_and_classes() -> None:
    samples, around = _driven()
    more = [
        _rows("清", item, np.full(len(samples), level), months=pd.DatetimeIndex(samples["time"]))
        for item, level in (("ph", 7.5), ("do", 8.0), ("nh3n", 0.2))
    ]
    every = pd.concat([samples, *more], ignore_index=True)
    drawn, _, monthly = _drawn(every, around)
    stated = stated_items(_keyed(every), monthly, _SETTINGS)
    published = published_ahead(published_history(_keyed(_classes()), _SETTINGS), _SETTINGS)
    assert stated is not None and published.stated is not None
    both = stated.outlooks(drawn) | published.stated.outlooks()
    found = without_sampled_month(both, monthly, _SETTINGS)
    assert sorted(found) == ["甲河市\x1f停", "甲河市\x1f浊", "甲河市\x1f清"]
    # Six months are left, each with probabilities that add up.
    months = [str(one.month)[:7] for one in found["甲河市\x1f浊"]]
    assert months == [f"2020-{m:02d}" for m in range(7, 13)]
    for one in found["甲河市\x1f浊"]:
        assert one.p_class.sum() == pytest.approx(1.0)
        assert one.p_class[3:].sum() > 0.8
    # A part of the sections is told the same as all of them.
    own = published.of(["甲河市\x1f浊"])
    assert own.draw()["甲河市\x1f浊"].tobytes() == published.draw()["甲河市\x1f浊"].tobytes()
    assert own.stated is not None
    alone = own.stated.outlooks()["甲河市\x1f浊"]
    assert [o.p_class.tolist() for o in alone] == [
        o.p_class.tolist() for o in found["甲河市\x1f浊"]
    ]
