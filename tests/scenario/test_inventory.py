"""Inventories: sectors, totals, units, and the draws of their shares."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.errors import InputError
from forecast.scenario.growth import growth_factor, growth_of
from forecast.scenario.inventory import ALL_POLLUTANTS, Inventory, default_ranges
from forecast.scenario.inventory_units import parse_amount, refuse_national_size
from forecast.scenario.pollutants import POLLUTANTS, SECTORS, pollutant_of, sector_of

_NOX = ALL_POLLUTANTS.index("NOx")


def _made() -> Inventory:
    return Inventory.of(
        "衡水",
        2020,
        {
            "工业源": {"二氧化硫": 5000.0, "NOx": 9000.0, "VOCs": 12000.0},
            "移动源": {"NOx": 20000.0, "VOCs": 4000.0},
            "生活源": {"SO2": 3000.0, "NOx": 1000.0},
        },
    )


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("20%", 20.0, "%"),
        ("20 ％", 20.0, "%"),
        ("4000t", 4000.0, "t"),
        ("4,000 吨", 4000.0, "t"),
        ("4，000吨/年", 4000.0, "t"),
        ("0.4万吨", 4000.0, "t"),
        ("0.4×10⁴ t", 4000.0, "t"),
        ("0.4 10^4 t", 4000.0, "t"),
        ("4 kt", 4000.0, "t"),
        ("4 Gg", 4000.0, "t"),
        ("500 kg", 0.5, "t"),
        ("+3%", 3.0, "%"),
    ],
)
def test_amounts_are_read_in_the_units_they_are_written_in(
    text: str, value: float, unit: str
) -> None:
    """Ten-thousand tonnes and the like become tonnes."""
    amount = parse_amount(text)
    assert amount.value == pytest.approx(value, rel=1e-12)
    assert amount.unit == unit


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("4000", "has no unit"),
        ("-20%", "negative cut"),
        ("20 µg", "is not a unit of a cut"),
        ("lots", "is not an amount"),
        ("", "is not an amount"),
        ("nan %", "is not an amount"),
    ],
)
def test_amounts_that_could_mean_two_things_are_refused(text: str, said: str) -> None:
    """One sentence and a cure."""
    with pytest.raises(InputError, match=said) as caught:
        parse_amount(text)
    assert caught.value.cure


def test_a_national_amount_is_refused_for_a_city() -> None:
    """4,000 ten-thousand t of NOx is twice what the country emits; a province may have a tenth."""
    with pytest.raises(InputError, match="182 % of what the whole country emits"):
        refuse_national_size("NOx", 4e7, "衡水市", what="measure 'a'")
    with pytest.raises(InputError, match="10 %"):
        refuse_national_size("NOx", 2.2e6, "衡水市", what="measure 'a'")
    for province in ("山东", "山东省", "广西壮族自治区"):
        refuse_national_size("NOx", 2.2e6, province, what="measure 'a'")
    refuse_national_size("NOx", 4e5, "唐山", what="measure 'a'")


def test_names_of_sources_find_their_sector() -> None:
    """Own names stay, the group is one of the seven words."""
    made = _made()
    assert made.rows == ("工业源", "移动源", "生活源")
    assert made.groups == ("industry", "transport", "residential")
    assert made.rows_of("industry") == made.rows_of("工业源") == made.rows_of("工业") == [0]
    assert made.rows_of("all") == [0, 1, 2]
    assert made.rows_of("power") == []
    assert made.total("NOx") == 30000.0
    assert np.isnan(made.total("NH3"))
    assert not made.has("NH3")


def test_every_word_of_the_vocabulary_means_itself() -> None:
    """The fixed words are found by their own names."""
    assert [pollutant_of(p) for p in ALL_POLLUTANTS] == list(ALL_POLLUTANTS)
    assert [sector_of(s) for s in SECTORS] == list(SECTORS)
    assert set(default_ranges()) == set(ALL_POLLUTANTS)


def test_a_total_beside_sectors_leaves_its_rest_unallocated() -> None:
    """30 of 100 t are in no sector; a total smaller than its sectors gives way to their sum."""
    made = Inventory.of(
        "甲", 2020, {"industry": {"NOx": 70.0, "SO2": 50.0}, "total": {"NOx": 100.0, "SO2": 40.0}}
    )
    assert made.rows == ("industry", "unallocated")
    assert made.groups == ("industry", "other")
    assert made.values[:, _NOX].tolist() == [70.0, 30.0]
    assert made.total("SO2") == 50.0
    assert any("sum to more than the total" in en for _, en in made.notes)


def test_a_pollutant_with_a_total_only_keeps_it() -> None:
    """Sectors of one pollutant and the total of another stand side by side."""
    made = Inventory.of(
        "甲", 2020, {"industry": {"NOx": 70.0}, "total": {"NOx": 70.0, "SO2": 40.0}}
    )
    assert made.only_total("SO2")
    assert not made.only_total("NOx")
    assert made.rows == ("industry", "total")
    assert made.total("SO2") == 40.0


def test_a_sector_of_no_known_name_is_other_and_said_so() -> None:
    """A free name can be cut by itself."""
    made = Inventory.of("甲", 2020, {"水泥窑": {"NOx": 70.0}, "industry": {"NOx": 30.0}})
    assert made.groups == ("other", "industry")
    assert made.rows_of("水泥窑") == [0]
    assert any("水泥窑" in zh for zh, _ in made.notes)


@pytest.mark.parametrize(
    ("emissions", "said"),
    [
        ({"industry": {"NOx": -1.0}}, "emits -1 t"),
        ({"industry": {"NOx": float("nan")}}, "emits nan t"),
        ({"industry": {"CO2": 5.0}}, "is not a pollutant"),
        ({"industry": {"NOx": 0.0}}, "no emission above 0"),
        ({"industry": {"NOx": 3.2, "SO2": 1.1}}, "can't be told from 3.2 ten-thousand t"),
        ({"industry": {"NOx": 1.9e7}}, "whole country emits"),
    ],
)
def test_inventories_that_can_not_be_right_are_refused(
    emissions: dict[str, dict[str, float]], said: str
) -> None:
    """Units of ten-thousand tonnes and national sizes among them."""
    with pytest.raises(InputError, match=said):
        Inventory.of("衡水", 2020, emissions)


def test_the_table_of_the_workspace_gives_the_latest_year_of_the_region() -> None:
    """Codes of the table are lower case; carbon is left out; the region has several forms."""
    table = pd.DataFrame(
        {
            "region": ["衡水", "衡水", "衡水", "保定", "衡水"],
            "year": [2017, 2020, 2020, 2020, 2020],
            "sector": ["industry", "industry", "transport", "industry", "industry"],
            "pollutant": ["nox", "nox", "nox", "nox", "co2"],
            "value": [1.0e4, 9000.0, 20000.0, 5.0, 3.0e7],
            "source": ["meic"] * 5,
        }
    )
    made = Inventory.from_table(table, "衡水市")
    assert made is not None
    assert (made.year, made.total("NOx"), made.source) == (2020, 29000.0, "meic")
    older = Inventory.from_table(table, "衡水", year=2017)
    assert older is not None
    assert older.total("NOx") == 1.0e4
    assert Inventory.from_table(table, "安康") is None
    with pytest.raises(InputError, match="no inventory of 衡水 for 2019; there are 2017, 2020"):
        Inventory.from_table(table, "衡水", year=2019)


def test_sources_that_disagree_have_to_be_chosen() -> None:
    """Two inventories of one year are never mixed."""
    table = pd.DataFrame(
        {
            "region": ["甲", "甲"],
            "year": [2020, 2020],
            "sector": ["industry", "industry"],
            "pollutant": ["nox", "nox"],
            "value": [9000.0, 7000.0],
            "source": ["meic", "own"],
        }
    )
    with pytest.raises(InputError, match="disagree: meic, own"):
        Inventory.from_table(table, "甲")
    made = Inventory.from_table(table, "甲", source="own")
    assert made is not None
    assert made.total("NOx") == 7000.0
    with pytest.raises(InputError, match="no source 'x'"):
        Inventory.from_table(table, "甲", source="x")


def test_drawn_totals_have_the_published_range() -> None:
    """95 % of the totals of NOx lie within −17 … +15 % (1 of 100 more or fewer), NH3 is far wider."""
    made = Inventory.of("甲", 2020, {"industry": {"NOx": 1000.0, "NH3": 1000.0}})
    draws = made.draws(20000, np.random.default_rng(3))
    nox = draws.totals[:, _NOX] / 1000.0
    assert 0.94 < float(((nox > 0.83) & (nox < 1.15)).mean()) < 0.96
    nh3 = draws.totals[:, ALL_POLLUTANTS.index("NH3")] / 1000.0
    assert float(nh3.std()) == pytest.approx(1.02 / 3.92, rel=0.03)
    assert np.isnan(draws.totals[:, ALL_POLLUTANTS.index("SO2")]).all()


@given(
    values=st.lists(st.floats(10.0, 1e5), min_size=1, max_size=6),
    seed=st.integers(0, 1000),
)
def test_drawn_shares_add_to_one(values: list[float], seed: int) -> None:
    """Whatever the rows, shares are a partition."""
    made = Inventory.of("甲", 2020, {f"s{i}": {"SO2": v} for i, v in enumerate(values)})
    shares = made.draws(20, np.random.default_rng(seed)).shares
    assert shares.shape == (20, len(values), len(ALL_POLLUTANTS))
    column = shares[:, :, POLLUTANTS.index("SO2")]
    assert np.allclose(column.sum(axis=1), 1.0)
    assert (column >= 0.0).all()
    assert (shares[:, :, _NOX] == 0.0).all()


def test_growth_compounds_from_the_middle_of_the_year() -> None:
    """2 % over five years is 1.104; no growth is exactly 1; the nearest name wins."""
    day = np.array(["2025-07-02"], dtype="datetime64[D]")
    assert growth_factor(2.0, day, 2020)[0] == pytest.approx(1.02**5, rel=1e-4)
    assert growth_factor(0.0, day, 2020)[0] == 1.0
    rates = {"all": 1.0, "交通": 3.0, "柴油货车": 5.0}
    assert growth_of("柴油货车", "transport", rates) == 5.0
    assert growth_of("汽车", "transport", rates) == 3.0
    assert growth_of("水泥", "industry", rates) == 1.0
    assert growth_of("水泥", "industry", {}) == 0.0
