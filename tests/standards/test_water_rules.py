"""Class of sections and periods, shares, statuses, indices: known values and properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forecast.standards.city_water_index import city_cwqi, item_cwqi, section_cwqi
from forecast.standards.items import CLASS_ITEMS
from forecast.standards.published_tables import table_rows
from forecast.standards.trophic_state import tli, tli_weights, trophic_class
from forecast.standards.water_assessment import (
    basin_change,
    class_change,
    class_status,
    exceed_multiple,
    main_pollution_items,
    river_main_pollution_items,
    river_status,
    section_shares,
)
from forecast.standards.water_class import class_limits, item_classes, section_class
from forecast.standards.water_period import (
    assess_section_period,
    month_means,
    period_means,
    round_statistics,
)

NAN = float("nan")
FIVE = ("ph", "do", "codmn", "nh3n", "tp")
CLEAN = (7.0, 8.0, 1.5, 0.1, 0.015)


@pytest.mark.parametrize(
    ("item", "value", "water", "expected"),
    [
        ("do", 7.5, "river", 1), ("do", 7.489, "river", 2), ("do", 5, "river", 3),
        ("do", 3, "river", 4), ("do", 2, "river", 5), ("do", 1.99, "river", 6),
        ("codmn", 2, "river", 1), ("codmn", 4.00362, "river", 3), ("codmn", 10, "river", 4),
        ("codmn", 15.1, "river", 6), ("cod", 15, "river", 1), ("cod", 15.1, "river", 3),
        ("bod5", 4, "river", 3), ("nh3n", 0.15, "river", 1), ("nh3n", 2, "river", 5),
        ("nh3n", 2.01, "river", 6), ("tp", 0.1, "river", 2), ("tp", 0.1, "lake", 4),
        ("tp", 0.05, "lake", 3), ("tp", 0.2, "either", 3), ("tp", 0.40029, "river", 6),
        ("ph", 6, "river", 1), ("ph", 9, "river", 1), ("ph", 9.001, "river", 6),
        ("ph", 5.99753, "river", 6), ("cu", 0.02, "river", 2), ("pb", 0.02, "river", 3),
        ("f", 1.6, "river", 6), ("cn", 0.3, "river", 6), ("petroleum", 0.06, "river", 4),
        ("hg", 0.00005, "river", 1), ("sulfide", 0.3, "river", 4), ("tn", 99, "lake", 0),
        ("fecal_coliform", 1e9, "river", 0), ("water_temp", 40, "river", 0), ("tp", NAN, "lake", 0),
    ],
)  # fmt: skip
def test_class_of_an_item(item: str, value: float, water: str, expected: int) -> None:
    assert item_classes([value], (item,), water).tolist() == [expected]
    narrow = np.array([value], np.float32)
    if value not in (9.001, 5.99753):
        assert item_classes(narrow, (item,), water).tolist() == [expected]


def test_limits_never_tighten_with_the_class() -> None:
    for row in table_rows("water_limits"):
        limits = class_limits(
            row["item"], "river" if row["water_type"] == "all" else row["water_type"]
        )
        if row["sense"] == "range":
            assert limits is None
        else:
            order = sorted(limits, reverse=row["sense"] == "min")
            assert list(limits) == order
            assert row["grade"] == "verified"


@given(st.lists(st.floats(0, 40), min_size=5, max_size=5))
def test_section_is_as_bad_as_its_worst_item(values: list[float]) -> None:
    found, deciding = section_class(values, FIVE)
    classes = item_classes(values, FIVE)
    assert found == classes.max()
    assert (classes[deciding] == found).all()
    assert deciding.any()


@pytest.mark.parametrize("item", FIVE)
def test_missing_core_item_withholds_the_class(item: str) -> None:
    values = list(CLEAN)
    values[FIVE.index(item)] = NAN
    found, deciding = section_class(values, FIVE)
    assert (int(found), deciding.any()) == (0, False)
    assert int(section_class(values, FIVE, not_monitored=(item,))[0]) == 1
    mask = np.array([code == item for code in FIVE])
    assert int(section_class(values, FIVE, not_monitored=mask)[0]) == 1
    four = tuple(code for code in FIVE if code != item)
    kept = [value for code, value in zip(FIVE, CLEAN, strict=True) if code != item]
    assert int(section_class(kept, four)[0]) == 0
    assert int(section_class(kept, four, not_monitored=(item,))[0]) == 1


def test_ph_is_not_listed_at_class_one() -> None:
    assert section_class(CLEAN, FIVE)[1].tolist() == [False, True, True, True, True]
    assert section_class((9.5, 8.0, 1.5, 0.1, 0.015), FIVE)[1].tolist() == [True] + [False] * 4


def test_oxygen_saturation_is_an_option_the_platform_does_not_take() -> None:
    values = (7.47, 7.368, 1.474, 0.0001, 0.0178)
    assert int(section_class(values, FIVE)[0]) == 2
    assert int(section_class(values, FIVE, do_saturation=93.0)[0]) == 1
    assert int(section_class(values, FIVE, do_saturation=89.9)[0]) == 2
    assert int(section_class(values, FIVE, do_saturation=93.0, platform=True)[0]) == 2


def test_water_type_row_by_row() -> None:
    values = np.array([CLEAN, CLEAN])
    values[:, 4] = 0.06
    assert section_class(values, FIVE, np.array(["river", "lake"]))[0].tolist() == [2, 4]
    with pytest.raises(ValueError, match="water_type"):
        section_class(values, FIVE, "sea")
    with pytest.raises(ValueError, match="shape"):
        section_class(values, FIVE[:3])


def test_year_is_graded_on_rounded_means() -> None:
    year = np.tile((7.0, 8.0, 6.04, 0.3, 0.1), (12, 1))
    found = assess_section_period(year, FIVE)
    assert (found.classes.tolist(), found.rounded[0, 2]) == ([3], 6.0)
    assert found.means[0, 2] == pytest.approx(6.04)
    year[:, 2] = 6.06
    assert assess_section_period(year, FIVE).classes.tolist() == [4]
    year[:, 0] = 9.4  # rounds to 9: within 6 to 9
    assert assess_section_period(year, FIVE).deciding[0].tolist() == [
        False,
        False,
        True,
        False,
        False,
    ]


def test_ph_mean_goes_through_the_hydrogen_ion() -> None:
    year = np.tile((7.0, 8.0, 3.0, 0.3, 0.1), (12, 1))
    year[:6, 0], year[6:, 0] = 6.0, 8.0
    means = assess_section_period(year, FIVE).means
    assert means[0, 0] == pytest.approx(-np.log10((1e-6 + 1e-8) / 2))
    assert np.isnan(period_means([[NAN], [NAN]], ("ph",))).all()


def test_months_needed() -> None:
    year = np.full((1, 12, 5), NAN)
    year[:, :7] = CLEAN
    found = assess_section_period(year, FIVE)
    assert (found.classes.tolist(), found.n_months.tolist()) == ([0], [7])
    assert not found.sufficient[0]
    assert not found.deciding.any()
    assert assess_section_period(year, FIVE, months_needed=1).classes.tolist() == [1]
    year[:, 7] = CLEAN
    assert assess_section_period(year, FIVE).classes.tolist() == [1]


def test_section_without_core_items_has_no_class() -> None:
    assert assess_section_period(np.full((12, 1), 0.02), ("cu",)).classes.tolist() == [0]
    lone = assess_section_period(np.full((12, 1), 0.02), ("cu",), required=())
    assert (lone.classes.tolist(), lone.n_months.tolist()) == ([2], [12])
    four = assess_section_period(np.tile(CLEAN[:4], (12, 1)), FIVE[:4])
    assert four.classes.tolist() == [1]


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_paths_are_independent(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.gamma(2.0, np.array(CLEAN) / 2.0, (6, 12, 5))
    values[rng.random(values.shape) < 0.1] = NAN
    whole = assess_section_period(values, FIVE, "lake")
    for path in range(6):
        alone = assess_section_period(values[path], FIVE, "lake")
        assert alone.classes[0] == whole.classes[path]
        assert (alone.deciding[0] == whole.deciding[path]).all()


def test_month_means() -> None:
    dates = ["2020-01-03", "2020-01-20", "2020-03-01"]
    months, means = month_means([[1.0], [3.0], [5.0]], dates, ("codmn",))
    assert months.astype(str).tolist() == ["2020-01", "2020-03"]
    assert means.tolist() == [[2.0], [5.0]]


def test_decimals_of_assessment_data() -> None:
    items = ("do", "nh3n", "tp", "hg", "ph", "codmn", "secchi")
    values = (4.95, 1.006, 0.2006, 0.000004, 9.4, 6.05, 1.23456)
    assert round_statistics(values, items).tolist() == [5.0, 1.01, 0.201, 0.000004, 9.0, 6.0, 1.235]


def test_shares() -> None:
    found = section_shares([[1, 2, 3, 4, 6, 0], [0, 0, 0, 0, 0, 0]])
    assert found.share_class_iii[0] == 60.0
    assert found.share_inferior_v[0] == 20.0
    assert found.n_sections.tolist() == [5, 0]
    assert found.by_class[0].tolist() == [20.0, 20.0, 20.0, 20.0, 0.0, 20.0]
    assert np.isnan(found.share_class_iii[1])


@given(st.lists(st.integers(1, 6), min_size=1, max_size=40))
def test_shares_total_100(classes: list[int]) -> None:
    assert section_shares(classes).by_class.sum() == pytest.approx(100.0)


@pytest.mark.parametrize(
    ("good", "bad", "zh"),
    [(90, 0, "优"), (89.99, 0, "良好"), (75, 25, "良好"), (74.9, 19.9, "轻度污染"),
     (60, 20, "中度污染"), (60, 39.9, "中度污染"), (60, 40, "重度污染")],
)  # fmt: skip
def test_river_status(good: float, bad: float, zh: str) -> None:
    assert river_status(good, bad).zh == zh


def test_class_status() -> None:
    assert [class_status(n).zh for n in range(1, 7)] == [
        "优", "优", "良好", "轻度污染", "中度污染", "重度污染"]  # fmt: skip
    with pytest.raises(ValueError, match="1 to 6"):
        class_status(0)


def test_main_pollution_items() -> None:
    items = ("codmn", "nh3n", "tp", "cod", "hg", "do")
    found = main_pollution_items([7.2, 2.3, 0.32, 24.0, 0.0005, 2.5], items)
    # Mercury first though it is only IV; then by class, then by multiple.
    assert found == [("hg", 4, 4.0), ("nh3n", 6, 1.3), ("tp", 5, 0.6)]
    assert main_pollution_items([1.0], ("do",)) == [("do", 6, None)]
    assert main_pollution_items([5.0], ("codmn",)) == []
    assert river_main_pollution_items([[4, 3], [5, 4], [3, 0]], ("tp", "codmn")) == [
        ("tp", pytest.approx(200 / 3)), ("codmn", 50.0)]  # fmt: skip


def test_items_without_a_multiple() -> None:
    assert np.isnan(exceed_multiple(1.0, "do").item())
    assert np.isnan(exceed_multiple(9.9, "ph").item())
    assert exceed_multiple(0.15, "tp", "lake").item() == 2.0
    assert exceed_multiple(0.15, "tp", "lake", 4).item() == 0.5


def test_words_for_changes() -> None:
    assert class_change(3, 3)[0] == "无明显变化"
    assert class_change(4, 3) == ("好转", "improved")
    assert class_change(3, 5)[0] == "明显变差"
    assert basin_change((60, 10), (75, 3)) == (22.0, ("明显好转", "markedly improved"))
    assert basin_change((60, 10), (70, 5))[1][0] == "好转"
    assert basin_change((60, 10), (65, 10))[1][0] == "无明显变化"
    assert basin_change((75, 3), (60, 10))[1][1] == "markedly worsened"


def test_cwqi_parts() -> None:
    assert item_cwqi([6.0, 7.0, 8.0], "ph").tolist() == [1.0, 0.0, 0.5]
    assert item_cwqi([10.0, 0.0], "do").tolist() == [0.5, np.inf]
    assert np.isnan(item_cwqi(NAN, "do"))
    assert item_cwqi(0.05, "tp", "lake").item() == 1.0
    assert section_cwqi([NAN, 3.0, 9.0], ("ph", "codmn", "tn")).item() == 0.5
    assert np.isnan(section_cwqi([NAN], ("codmn",)).item())
    assert city_cwqi(4.0, 6.0, 3, 1).item() == 4.5
    assert city_cwqi(4.0, NAN, 3, 0).item() == 4.0
    with pytest.raises(KeyError):
        item_cwqi(1.0, "tn")
    with pytest.raises(ValueError, match="needs sections"):
        city_cwqi(1.0, 1.0, 0, 0)


def test_trophic_state() -> None:
    assert {k: round(w, 4) for k, w in tli_weights().items()} == {
        "chla": 0.2663, "tp": 0.1879, "tn": 0.1790, "secchi": 0.1834, "codmn": 0.1834}  # fmt: skip
    items = ("chla", "tp", "tn", "secchi", "codmn")
    assert round(tli([10, 0.05, 1.0, 1.0, 4.0], items).item(), 4) == 48.0181
    assert np.isnan(tli([10, 0.05, 1.0, NAN, 4.0], items).item())
    assert np.isnan(tli([10, 0.05, 1.0, 0.0, 4.0], items).item())
    assert np.isnan(tli([10, 0.05], items[:2]).item())
    names = [trophic_class(x).en for x in (29.9, 30, 50, 50.1, 60, 60.1, 70, 70.1)]
    assert names == ["oligotrophic", "mesotrophic", "mesotrophic", "lightly eutrophic",
                     "lightly eutrophic", "moderately eutrophic", "moderately eutrophic",
                     "heavily eutrophic"]  # fmt: skip


def test_every_class_item_has_a_rule() -> None:
    classes = item_classes(np.full(len(CLASS_ITEMS), 1e-9), CLASS_ITEMS)
    assert (classes > 0).all()
