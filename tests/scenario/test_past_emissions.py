"""Histories of emissions: published changes, chains of stated ones, inventories by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecast.scenario.past_emissions import (
    inventory_history,
    national_history,
    stated_history,
    weakest_grade,
)
from forecast.scenario.pollutants import POLLUTANTS
from forecast.scenario.priors import read_table
from forecast.scenario.scenario_file import scenario_of_text
from forecast.scenario.scenario_model import Scenario


def _scenario(text: str = "") -> Scenario:
    return scenario_of_text(f'name = "a"\nregion = "衡水"\n{text}', "a.toml")


def _table(rows: list[tuple[int, str, float, str]]) -> pd.DataFrame:
    return pd.DataFrame(
        [("衡水市", y, "industry", p, v, s) for y, p, v, s in rows],
        columns=["region", "year", "sector", "pollutant", "value", "source"],
    )


@pytest.mark.parametrize(
    ("pollutant", "change"),
    [("SO2", -0.59), ("NOx", -0.21), ("CO", -0.23), ("PM25", -0.33), ("PM10", -0.36)],
)
def test_the_nation_changed_as_published(pollutant: str, change: float) -> None:
    """2013 to 2017, doi:10.5194/acp-18-14095-2018."""
    found = national_history(place=False).change(pollutant, 2013, 2017)
    assert found is not None
    assert found.value == pytest.approx(change, abs=0.0006)
    assert (found.sd, found.grade) == (0.05, "verified")


def test_every_year_of_the_nation_has_its_grade() -> None:
    """Nothing that was not read is called verified."""
    rows = read_table("national_changes")
    assert {r["pollutant"] for r in rows} == set(POLLUTANTS)
    assert {int(r["year"]) for r in rows} == set(range(2013, 2020))
    assert len(rows) == 7 * len(POLLUTANTS)
    verified = {int(r["year"]) for r in rows if r["grade"] == "verified"}
    assert verified == {2013, 2017}
    assert all(r["source"] for r in rows)


def test_a_place_has_an_error_of_its_own() -> None:
    """0.15 over three years for SO2, with the square root of the years."""
    found = national_history(place=True).change("SO2", 2014, 2017)
    longer = national_history(place=True).change("SO2", 2013, 2019)
    assert found is not None and longer is not None
    assert found.sd == pytest.approx(np.hypot(0.05, 0.15))
    assert longer.sd == pytest.approx(np.hypot(0.06, 0.15 * np.sqrt(2)))


def test_nothing_is_said_outside_the_years() -> None:
    """No extrapolation, no way back."""
    nation = national_history(place=True)
    for first, last in ((2012, 2017), (2016, 2020), (2017, 2015), (2015, 2015)):
        assert nation.change("SO2", first, last) is None
    assert nation.change("soot", 2014, 2016) is None


_PAST = """
[[past_changes]]
pollutant = "SO2"
from_year = 2013
to_year = 2015
change_percent = -20
grade = "secondary"
[[past_changes]]
pollutant = "二氧化硫"
from_year = 2015
to_year = 2019
change_percent = -50
[[past_changes]]
pollutant = "NOx"
to_year = 2019
change_percent = -30
[[past_changes]]
pollutant = "COD"
from_year = 2015
to_year = 2019
change_percent = -9
"""


def test_stated_changes_are_chained() -> None:
    """0.8 × 0.5 over all; a part of a stretch at an even rate, with a wider error."""
    found = stated_history(_scenario(_PAST))
    assert found is not None and found.years == (2013, 2019)
    assert set(found.levels) == {"SO2"}
    whole, part = found.change("SO2", 2013, 2019), found.change("SO2", 2015, 2017)
    assert whole is not None and part is not None
    assert whole.value == pytest.approx(-0.6)
    assert (whole.sd, whole.grade) == (0.05, "secondary")
    assert part.value == pytest.approx(np.sqrt(0.5) - 1)
    assert (round(part.sd, 4), part.grade) == (0.0707, "judgement")
    assert "NOx" in found.notes[0][1] and "NOx" in found.notes[0][0]


def test_no_stated_changes_no_history() -> None:
    """Those of water are none of the air."""
    assert stated_history(_scenario()) is None
    assert stated_history(_scenario(_PAST[_PAST.rindex("[[") :])) is None


def test_totals_of_two_inventories_by_hand() -> None:
    """6,000 t after 10,000 t; error 0.45 of the 95 % range by 3.92, at least 0.05."""
    table = _table(
        [
            (2015, "SO2", 10_000.0, "a"), (2018, "SO2", 6_000.0, "a"),
            (2015, "VOC", 8_000.0, "a"), (2018, "VOC", 10_000.0, "a"),
            (2018, "NOx", 9_000.0, "a"),
        ]
    )  # fmt: skip
    found = inventory_history(_scenario(), "衡水", table)
    assert found is not None and (found.kind, found.source) == ("inventory", "a")
    so2, voc = found.change("SO2", 2015, 2018), found.change("VOC", 2015, 2018)
    assert so2 is not None and voc is not None
    assert (so2.value, so2.sd) == (pytest.approx(-0.4), 0.05)
    assert voc.value == pytest.approx(0.25)
    assert voc.sd == pytest.approx(0.92 / 3.92 * np.sqrt(0.2))
    assert found.change("NOx", 2015, 2018) is None


def test_years_of_two_sources_are_not_compared() -> None:
    """A change of method is no change of emissions; the source with more years wins."""
    two = [(2015, "SO2", 10_000.0, "a"), (2018, "SO2", 6_000.0, "b")]
    assert inventory_history(_scenario(), "衡水", _table(two)) is None
    more = _table([*two, (2019, "SO2", 3_000.0, "b")])
    found = inventory_history(_scenario(), "衡水", more)
    assert found is not None and found.source == "b" and found.years == (2018, 2019)
    assert inventory_history(_scenario('[inventory]\nsource = "a"'), "衡水", more) is None
    assert inventory_history(_scenario(), "保定", more) is None
    assert inventory_history(_scenario(), "衡水", None) is None


def test_emissions_of_the_file_come_first() -> None:
    """Those written into the file, then those of the workspace."""
    rows = "".join(
        f'[[emissions]]\nyear = {y}\npollutant = "SO2"\namount = "{t} t"\n'
        for y, t in ((2015, 8000), (2018, 6000))
    )
    table = _table([(2015, "SO2", 10_000.0, "a"), (2018, "SO2", 1_000.0, "a")])
    found = inventory_history(_scenario(rows), "衡水", table)
    assert found is not None and found.kind == "file inventory"
    change = found.change("SO2", 2015, 2018)
    assert change is not None and change.value == pytest.approx(-0.25)


def test_an_inventory_that_cannot_be_is_named() -> None:
    """The other years go on without it."""
    table = _table(
        [(2014, "SO2", 1.0, "a"), (2015, "SO2", 10_000.0, "a"), (2018, "SO2", 6_000.0, "a")]
    )
    found = inventory_history(_scenario(), "衡水", table)
    assert found is not None and found.years == (2015, 2018)
    assert "2014" in found.notes[0][0] and "ten-thousand" in found.notes[0][1]


def test_the_weakest_grade_counts() -> None:
    """Judgement below memory below print."""
    assert weakest_grade(["verified", "judgement", "user"]) == "judgement"


def test_the_page_shows_the_nations_change() -> None:
    """The table of the page is that of the package, in whole percent."""
    page = (Path(__file__).parents[2] / "docs" / "scenario_air.md").read_text(encoding="utf-8")
    nation = national_history(place=False)
    for year in (2014, 2017, 2019):
        cells = []
        for pollutant in ("SO2", "NOx", "NH3", "VOC", "PM25", "PM10", "CO"):
            change = nation.change(pollutant, 2013, year)
            assert change is not None
            percent = round(100 * change.value)
            cells.append(f"{percent:+d}".replace("-", "−") if percent else "0")
        assert f"| {year} | {' | '.join(cells)} |" in page
