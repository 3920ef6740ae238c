"""Water region by region: each is answered the same alone, among all, and in another process."""

from __future__ import annotations

import pickle
from datetime import date

import numpy as np
import pandas as pd
import pytest

from forecast.models.kept_fits import KeptFits
from forecast.projection.panel import Panel, water_results
from forecast.projection.settings import Settings
from forecast.projection.water import WaterProjection
from forecast.projection.water_names import section_names
from forecast.projection.water_regions import WaterRegion, water_regions
from forecast.targets.applied import Applied

_SETTINGS = Settings(date(2024, 9, 12), 2024, n_paths=150)


def _samples() -> pd.DataFrame:
    """Three regions in two basins, one with classes alone, one section sampled every week."""
    rng = np.random.default_rng(4)
    parts = []
    for r, region in enumerate(("东市", "西市", "南市")):
        for s in range(3):
            days = pd.date_range("2022-09-05", "2024-09-10", freq="7D" if r + s == 0 else "30D")
            levels = {"ph": 7.6, "do": 8.0, "codmn": 3.0 + s, "nh3n": 0.3}
            if r == 2 and s == 2:
                levels = {"class_published": 3.0}
            for item, level in levels.items():
                values = level * np.exp(0.1 * rng.standard_normal(len(days)))
                parts.append(
                    pd.DataFrame(
                        {
                            "region": region, "place": f"断面{s}", "place_kind": "section",
                            "time": days, "item": item,
                            "value": np.full(len(days), 3.0) if "class" in item else values,
                            "censored": (item == "nh3n") & (values < 0.27), "water_type": "river",
                            "basin": "上河" if r < 2 else "下河", "river": "", "file_id": "f",
                        }
                    )
                )  # fmt: skip
    return pd.concat(parts, ignore_index=True)


def _panel(only: str | None = None) -> Panel:
    air = pd.DataFrame(columns=["region", "place", "place_kind", "date", "item", "value", "basis"])
    return Panel(air, _samples(), Applied(()), only=only)


@pytest.fixture(scope="module")
def regions() -> list[WaterRegion]:
    return water_regions(_panel(), _SETTINGS, draw=True)


def _same(one: WaterProjection, other: WaterProjection) -> bool:
    """Whether two answers are the same to the last bit."""
    drawn = [
        tuple(b"" if r.samples is None else r.samples.tobytes() for r in w.results)
        for w in (one, other)
    ]
    ahead = [[o.p_class.tobytes() for c in w.cards for o in c.ahead] for w in (one, other)]
    named = [[(r.place, r.indicator, r.observed.value) for r in w.results] for w in (one, other)]
    return drawn[0] == drawn[1] and ahead[0] == ahead[1] and named[0] == named[1]


def test_regions_are_in_order_and_light(regions: list[WaterRegion]) -> None:
    assert [r.region for r in regions] == ["东市", "南市", "西市"]
    # No sample and no path goes with a region: what is sent to a process is small.
    assert max(len(pickle.dumps(r)) for r in regions) < 200_000
    assert regions[0].often == {"东市\x1f断面0"}
    assert {row["section"] for row in regions[2].report} == {"断面0", "断面1", "断面2"}


def test_a_region_is_projected_the_same_anywhere(regions: list[WaterRegion]) -> None:
    """Alone, in any order, and through another process."""
    every = water_results(_panel(), _SETTINGS, draw=True)
    sent = [pickle.loads(pickle.dumps(r)) for r in regions]
    backwards = [r.project() for r in sent[::-1]][::-1]
    assert all(_same(a, b) for a, b in zip(every, backwards, strict=True))
    [alone] = water_results(_panel("南市"), _SETTINGS, draw=True)
    assert _same(alone, every[1])
    classes = {r.place: r for r in alone.results if r.indicator == "section_class"}
    assert classes["断面2"].samples is not None and set(classes["断面2"].samples) == {3.0}
    assert all(c.ahead for c in alone.cards)


def test_kept_fits_give_the_same_answer(regions: list[WaterRegion], tmp_path: object) -> None:
    fits = KeptFits(tmp_path)  # type: ignore[arg-type]
    made = water_regions(_panel(), _SETTINGS, draw=True, fits=fits)
    taken = water_regions(_panel(), _SETTINGS, draw=True, fits=fits)
    for first, second, plain in zip(made, taken, regions, strict=True):
        assert _same(first.project(), plain.project())
        assert _same(second.project(), plain.project())


def test_nothing_is_drawn_of_a_year_that_is_over() -> None:
    over = Settings(date(2024, 12, 31), 2024, n_paths=20)
    found = water_regions(_panel(), over, draw=True)
    assert all(r.ahead is None and r.published is None for r in found)
    assert all(r.samples is None for w in found for r in w.project().results)


def test_a_thousand_names_are_told_apart_at_once() -> None:
    """Families of names, also over brackets and declared, are those that pairs of names make."""
    names = [f"断面{k:04d}" for k in range(1000)]
    times = pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(1005), unit="D")
    odd = ["断面0007断面", "大桥(断面0009)", "某桥", "桥头", "断面0009监测点位"]
    frame = pd.DataFrame(
        {"region": "市", "place": [*names, *odd], "time": times, "item": "codmn", "value": 1.0}
    )
    found = section_names(frame, {"市": {"桥头": "某桥"}})
    assert found.of("市", "断面0007") == "断面0007断面"
    assert {found.of("市", n) for n in ("断面0009", "大桥(断面0009)")} == {"断面0009监测点位"}
    assert found.of("市", "某桥") == "桥头" and found.of("市", "断面0010") == "断面0010"
    assert len(found.kept) == 4
