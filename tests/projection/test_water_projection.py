"""Sections projected: months kept, classes from paths, shares from joint paths."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from forecast.features.hydrology import monthly_means
from forecast.projection.panel import Panel, water_results
from forecast.projection.result import IndicatorResult
from forecast.projection.section_shares import SectionSet
from forecast.projection.settings import Settings
from forecast.targets.applied import Applied


def samples(first: str, last: str, levels: dict[str, float], *, seed: int = 1) -> pd.DataFrame:
    """Monthly samples of made sections; ``levels`` is the CODMn level of each [mg/L]."""
    rng = np.random.default_rng(seed)
    rows = []
    for day in pd.date_range(first, last, freq="MS") + pd.Timedelta(days=4, hours=8):
        flood = 0.15 * rng.standard_normal()
        for name, level in levels.items():
            season = 0.2 * np.cos(2 * np.pi * (day.month - 8) / 12)
            noise = rng.standard_normal(4)
            values = {
                "ph": 7.8 + 0.1 * noise[0],
                "do": 8.5 - 2 * season + 0.3 * noise[1],
                "codmn": level * float(np.exp(season + flood + 0.1 * noise[2])),
                "nh3n": 0.3 * float(np.exp(0.3 * noise[3])),
            }
            rows.extend(
                {
                    "region": "城", "place": name, "place_kind": "section", "time": day,
                    "item": item, "value": value, "censored": False, "water_type": "river",
                    "file_id": "f",
                }
                for item, value in values.items()
            )  # fmt: skip
    return pd.DataFrame(rows)


def panel(frame: pd.DataFrame, sets: tuple[SectionSet, ...] = ()) -> Panel:
    air = pd.DataFrame(columns=["region", "place", "place_kind", "date", "item", "value", "basis"])
    return Panel(air, frame, Applied(()), {"城": ("未测",)}, {"城": sets} if sets else {})


def project(
    frame: pd.DataFrame,
    as_of: str,
    year: int,
    *,
    draw: bool = True,
    sets: tuple[SectionSet, ...] = (),
    n_paths: int = 400,
) -> dict[tuple[str, str], IndicatorResult]:
    settings = Settings(date.fromisoformat(as_of), year, n_paths=n_paths)
    (found,) = water_results(panel(frame, sets), settings, draw=draw)
    return {(r.place, r.indicator): r for r in found.results}


LEVELS = {"清": 2.2, "中": 4.5, "界": 6.0, "浊": 9.0}


@pytest.fixture(scope="module")
def record() -> pd.DataFrame:
    return samples("2018-01-01", "2022-12-31", LEVELS)


def test_classes_follow_the_level(record: pd.DataFrame) -> None:
    found = project(record, "2022-06-30", 2022)
    p = {
        name: float(np.mean(found[name, "section_class"].samples <= 3))  # type: ignore[operator]
        for name in LEVELS
    }
    assert p["清"] > 0.97
    assert p["浊"] < 0.03
    assert 0.03 < p["界"] < 0.97


def test_observed_months_are_kept_on_every_path(record: pd.DataFrame) -> None:
    found = project(record, "2022-11-30", 2022)
    own = record[(record["place"] == "中") & (record["item"] == "codmn")]
    seen = own[own["time"].dt.year == 2022]["value"].to_numpy()[:11]
    drawn = found["中", "codmn_mean"].samples
    assert drawn is not None
    # One month of twelve is open: the year can move by that month alone.
    rest = drawn * 12 - seen.sum()
    assert (rest > 0).all()
    assert np.ptp(drawn) < np.ptp(rest) / 11


def test_a_year_that_is_over_is_the_mean_of_its_months(record: pd.DataFrame) -> None:
    found = project(record, "2022-12-31", 2022)
    own = record[(record["place"] == "清") & (record["item"] == "codmn")]
    expected = own[own["time"].dt.year == 2022]["value"].mean()
    result = found["清", "codmn_mean"]
    assert result.samples is None
    assert result.observed.value == pytest.approx(expected)
    assert result.observed.value_official == round(expected, 1)


def test_the_share_comes_from_joint_paths(record: pd.DataFrame) -> None:
    found = project(record, "2022-03-31", 2022)
    share = found["all", "share_class_iii"]
    assert share.samples is not None
    assert set(np.round(share.samples, 6)) <= {0.0, 25.0, 50.0, 75.0, 100.0}
    each = np.stack([found[name, "section_class"].samples for name in LEVELS])  # type: ignore[misc]
    np.testing.assert_allclose(share.samples, 100 * np.mean(each <= 3, axis=0))


def test_declared_sets_have_their_own_entry_and_dates(record: pd.DataFrame) -> None:
    old = SectionSet("旧清单", ("清", "中"), None, date(2020, 12, 31))
    new = SectionSet("国省考断面", ("清", "中", "浊"), date(2021, 1, 1), None)
    found = project(record, "2022-03-31", 2022, sets=(old, new))
    assert ("旧清单", "share_class_iii") not in found
    share = found["国省考断面", "share_class_iii"]
    assert share.observed.n_expected == 3


def test_cwqi_of_the_set_is_the_sum_of_item_indices(record: pd.DataFrame) -> None:
    found = project(record, "2022-12-31", 2022)
    own = record[record["time"].dt.year == 2022]
    mean = own.groupby("item")["value"].mean()
    ph = -np.log10((10.0 ** -own[own["item"] == "ph"]["value"]).mean())
    # Class III limits: CODMn 6, NH3-N 1, DO 5; pH counts its distance from 7 over 2.
    expected = mean["codmn"] / 6 + mean["nh3n"] / 1.0 + 5 / mean["do"] + (ph - 7) / 2
    result = found["all", "cwqi"]
    assert result.observed.value == pytest.approx(expected, rel=1e-3)
    ahead = project(record, "2022-06-30", 2022)["all", "cwqi"]
    assert ahead.samples is not None
    assert abs(np.median(ahead.samples) - expected) < 0.5


def test_no_look_ahead(record: pd.DataFrame) -> None:
    blind = record[record["time"] <= "2022-06-30"]
    a, b = project(record, "2022-06-30", 2022), project(blind, "2022-06-30", 2022)
    for key, result in a.items():
        np.testing.assert_array_equal(result.samples, b[key].samples)
        assert result.observed == b[key].observed


def test_a_section_with_few_months_rests_on_the_others_and_says_so(record: pd.DataFrame) -> None:
    short = pd.concat([record, samples("2022-05-01", "2022-06-30", {"新": 3.0}, seed=9)])
    found = project(short, "2022-06-30", 2022, n_paths=2000)
    result = found["新", "section_class"]
    assert result.sufficient and result.samples is not None
    assert "不足6个月" in result.remarks[0] and "fewer than 6 months" in result.remarks[1]
    width = {
        place: np.ptp(np.quantile(np.log(found[place, "codmn_mean"].samples), [0.05, 0.95]))
        for place in ("新", "清", "浊")
    }
    assert width["新"] > 1.05 * max(width["清"], width["浊"])
    # With one month nothing can tell a season from a level: eight months can't be reached either.
    late = pd.concat([record, samples("2022-06-01", "2022-06-30", {"新": 3.0}, seed=9)])
    assert not project(late, "2022-06-30", 2022)["新", "section_class"].sufficient


def test_a_known_section_without_samples_is_answered_for(record: pd.DataFrame) -> None:
    found = project(record, "2022-06-30", 2022)
    assert not found["未测", "section_class"].sufficient
    assert found["all", "share_class_iii"].observed.n_expected == len(LEVELS)


def test_monthly_means_follow_the_rules() -> None:
    day = pd.Timestamp("2020-01-05")
    frame = pd.DataFrame(
        {
            "place": "甲",
            "time": [day + pd.Timedelta(days=k) for k in range(6)]
            + [day, day + pd.Timedelta(days=9)],
            "item": ["ph"] * 6 + ["codmn"] * 2,
            "value": [6.5, 7.9, 8.8, 9, 6.78, 8.87, 3.0, 0.5],
            "censored": [False] * 7 + [True],
        }
    )
    found = monthly_means(frame)
    # Published pair: these six pH values average to 7.08 through the hydrogen ion.
    assert found["甲", "ph"].iloc[0] == pytest.approx(7.08, abs=0.005)
    # A value below detection enters as half its limit.
    assert found["甲", "codmn"].iloc[0] == pytest.approx((3.0 + 0.25) / 2)


def test_a_region_alone_gets_the_answer_it_gets_among_all(record: pd.DataFrame) -> None:
    other = samples("2018-01-01", "2022-12-31", {"远": 5.0}, seed=8).assign(region="他市")
    both = pd.concat([record, other], ignore_index=True)
    settings = Settings(date(2022, 6, 30), 2022, n_paths=100)
    air = pd.DataFrame(columns=["region", "place", "place_kind", "date", "item", "value", "basis"])
    everyone = water_results(Panel(air, both, Applied(())), settings, draw=True)
    alone = water_results(Panel(air, both, Applied(()), only="他市"), settings, draw=True)
    assert [w.region for w in everyone] == ["他市", "城"]
    assert [w.region for w in alone] == ["他市"]
    for a, b in zip(everyone[0].results, alone[0].results, strict=True):
        np.testing.assert_array_equal(a.samples, b.samples)
