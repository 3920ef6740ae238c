"""Months ahead of sections: by their items with what is around them, or by their classes."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from forecast.features.hydrology import monthly_means
from forecast.projection.settings import Settings
from forecast.projection.water_months import (
    SectionWall,
    WaterSurroundings,
    draw_classes,
    draw_items,
    outlooks,
    published_history,
    section_key,
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


def test_sections_with_classes_alone_are_drawn_by_their_classes() -> None:
    drawn = draw_classes(published_history(_classes(), _SETTINGS), _SETTINGS)
    # One that measures items goes by them; one that fell silent is not drawn.
    assert sorted(drawn) == ["甲河市\x1f浊", "甲河市\x1f清"]
    clean, foul = drawn["甲河市\x1f清"], drawn["甲河市\x1f浊"]
    assert clean.shape == (200, 12)
    assert np.isnan(clean[:, :6]).all() and np.isfinite(clean[:, 6:]).all()
    assert np.isin(clean[:, 6:], np.arange(1, 7)).all()
    assert (clean[:, 6:] <= 3).mean() > 0.9 > 0.1 > (foul[:, 6:] <= 3).mean()
    again = draw_classes(published_history(_classes(), _SETTINGS), _SETTINGS)
    np.testing.assert_array_equal(again["甲河市\x1f清"], clean)


def test_no_classes_and_classes_after_the_date_draw_nothing() -> None:
    every = _classes()
    assert published_history(every[every["item"] == "codmn"], _SETTINGS) is None
    assert draw_classes(None, _SETTINGS) == {}
    early = Settings(date(2015, 12, 31), 2016, n_paths=10)
    assert draw_classes(published_history(every, early), early) == {}


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
    monthly = monthly_means(samples.assign(place=section_key(samples)))
    drawn, report = draw_items(samples, monthly, _SETTINGS, around)
    assert drawn is not None
    assert list(report["level"].str[0]) == ["2"]
    assert str(drawn.times[0]) == "2020-07-01" and len(drawn.times) == 6
    alone, plain = draw_items(samples, monthly, _SETTINGS, WaterSurroundings())
    assert alone is not None and list(plain["level"].str[0]) != ["2"]
    # Flow is not known ahead, so that it widens nothing and narrows nothing by much.
    wide, narrow = (np.log(p.values[:, :, 0]).std() for p in (alone, drawn))
    assert narrow == pytest.approx(wide, rel=0.35)


def test_a_declared_break_moves_the_level() -> None:
    samples, _ = _driven()
    old = samples["time"] < "2019-06-01"
    samples["value"] = np.where(old, 9.0, 2.0) * np.exp(
        np.random.default_rng(1).normal(0.0, 0.1, len(samples))
    )
    monthly = monthly_means(samples.assign(place=section_key(samples)))
    wall = SectionWall(np.datetime64("2019-06-01"), "甲河", "清")
    drawn, report = draw_items(samples, monthly, _SETTINGS, WaterSurroundings(walls=(wall,)))
    assert drawn is not None and "2019-06" in report["why_en"].iloc[0]
    elsewhere = SectionWall(np.datetime64("2019-06-01"), "乙河", "清")
    other, told = draw_items(samples, monthly, _SETTINGS, WaterSurroundings(walls=(elsewhere,)))
    assert other is not None and "2019-06" not in told["why_en"].iloc[0]
    near, far = (abs(np.log(np.median(p.values)) - np.log(2.0)) for p in (drawn, other))
    assert near < far and near < 0.1


def test_months_ahead_average_paths_and_classes() -> None:
    samples, around = _driven()
    more = [
        _rows("清", item, np.full(len(samples), level), months=pd.DatetimeIndex(samples["time"]))
        for item, level in (("ph", 7.5), ("do", 8.0), ("nh3n", 0.2))
    ]
    every = pd.concat([samples, *more], ignore_index=True)
    monthly = monthly_means(every.assign(place=section_key(every)))
    drawn, _ = draw_items(every, monthly, _SETTINGS, around)
    published = published_history(_classes(), _SETTINGS)
    found = outlooks(every, monthly, drawn, published, _SETTINGS)
    assert sorted(found) == ["甲河市\x1f停", "甲河市\x1f浊", "甲河市\x1f清"]
    # Six months are left, each with probabilities that add up.
    months = [str(one.month)[:7] for one in found["甲河市\x1f浊"]]
    assert months == [f"2020-{m:02d}" for m in range(7, 13)]
    for one in found["甲河市\x1f浊"]:
        assert one.p_class.sum() == pytest.approx(1.0)
        assert one.p_class[3:].sum() > 0.8
    assert outlooks(every, monthly, None, None, _SETTINGS) == {}
