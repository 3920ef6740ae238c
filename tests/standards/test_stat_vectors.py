"""Every row of the statistics vectors: percentiles, rounding, composite index, budgets, trend."""

from __future__ import annotations

import re

import numpy as np
import pytest
from shared_tables import vector_rows

from forecast.standards.air_assessment import composite_index, percentile, three_year_mean
from forecast.standards.budget import bad_day_budget, good_days_needed
from forecast.standards.daniel import spearman_trend
from forecast.standards.hours import annual_valid, daily_mean, max_of_8h_means
from forecast.standards.judgement import judged_value
from forecast.standards.limits import attains
from forecast.standards.rounding import ratio_percent, round_half_even

ROWS = vector_rows("stat_vectors")
NUMBER = r"-?\d+(?:\.\d+)?"


def of_kind(*kinds: str) -> list[object]:
    return [p for p in ROWS if not p.values[0] or p.values[0]["kind"] in kinds]


def numbers(text: str) -> list[float]:
    return [float(one) for one in re.findall(NUMBER, text)]


@pytest.mark.parametrize("row", of_kind("percentile"))
def test_percentile(row: dict[str, str]) -> None:
    series, _, p = row["input"].removeprefix("x=").partition("; p=")
    bounds = re.fullmatch(r"1\.\.(\d+)", series)
    values = np.arange(1, int(bounds[1]) + 1) if bounds else np.array(numbers(series))
    found = percentile(values, round(100 * float(p))).item()
    assert found == pytest.approx(float(row["expected"]), rel=1e-14)


@pytest.mark.parametrize("row", of_kind("gbt8170"))
def test_rounding(row: dict[str, str]) -> None:
    value, decimals = numbers(row["input"])
    shown = row["expected"]
    assert f"{round_half_even(value, int(decimals)):.{int(decimals)}f}" == shown


PUNING = {"so2": 6, "no2": 12, "pm10": 51, "pm25": 19, "co": 0.9, "o3_8h": 137}


@pytest.mark.parametrize("row", of_kind("composite_index", "composite_index_unconfirmed"))
def test_composite_index(row: dict[str, str]) -> None:
    limits = "GB 3095-2026" if "2026" in row["input"] else "GB 3095-2012"
    weights = {"pm25": 3.0, "o3_8h": 2.0, "no2": 2.0} if "weights PM2.5 3" in row["input"] else None
    found = composite_index(PUNING, limits, weights=weights).item()
    assert round_half_even(found, 2) == float(row["expected"])


@pytest.mark.parametrize("row", of_kind("good_day_ratio"))
def test_ratio(row: dict[str, str]) -> None:
    good, days = re.search(r"(\d+) of (\d+) valid", row["input"]).groups()  # type: ignore[union-attr]
    assert f"{round_half_even(ratio_percent(int(good), int(days)), 1)}%" == row["expected"]


@pytest.mark.parametrize("row", of_kind("bad_day_budget"))
def test_budget(row: dict[str, str]) -> None:
    n, target = numbers(row["input"])
    exact, shown, bad_exact, bad_shown = (
        int(x) for x in re.fullmatch(
            r"good needed (\d+) exact / (\d+) with .*; bad allowed (\d+) / (\d+)", row["expected"]
        ).groups()  # type: ignore[union-attr]
    )  # fmt: skip
    for rounded, need, bad in ((False, exact, bad_exact), (True, shown, bad_shown)):
        assert good_days_needed(int(n), target, rounded=rounded).item() == need
        budget = bad_day_budget(int(n), target, 7, rounded=rounded)
        assert (budget.allowed.item(), budget.left.item()) == (bad, bad - 7)


@pytest.mark.parametrize("row", of_kind("attainment_rounding"))
def test_attainment(row: dict[str, str]) -> None:
    what, _, figures = row["input"].rpartition(": ")
    value, limit = (float(x) for x in figures.split(" vs "))
    name = "co_p95" if what.startswith("CO") else (
        "o3_8h_p90" if what.startswith("O3") else "pm25_annual_mean")  # fmt: skip
    standard = "GB 3095-2026" if "transition" in what else "GB 3095-2012"
    shown, verdict = row["expected"].split()[:2]
    assert judged_value(name, value) == float(shown)
    assert bool(attains(name, value, standard)) == (verdict == "attains")
    assert bool(attains(name, limit, standard))


@pytest.mark.parametrize("row", of_kind("spearman_trend"))
def test_trend(row: dict[str, str]) -> None:
    found = spearman_trend(numbers(row["input"].partition(":")[2]))
    assert f"rs={found.rs:.3f}" == row["expected"].split(";")[0]
    assert f"{found.critical:.3f}" == re.search(r"vs (0\.\d+)", row["expected"])[1]  # type: ignore[index]
    words = {1: "significant rise", -1: "significant fall", 0: "not significant"}
    assert words[found.direction] in row["expected"]


@pytest.mark.parametrize("row", of_kind("three_year_mean"))
def test_three_years(row: dict[str, str]) -> None:
    years = numbers(row["input"].removeprefix("PM2.5 annual"))
    assert three_year_mean(years).tolist() == [float(row["expected"])]


@pytest.mark.parametrize("row", of_kind("mda8", "daily_mean", "annual_validity"))
def test_validity(row: dict[str, str]) -> None:
    if row["kind"] == "mda8":
        n, highest = re.match(r"(\d+) valid 8h means, max (\d+)", row["input"]).groups()  # type: ignore[union-attr]
        means = np.r_[np.full(int(n) - 1, 100.0), float(highest), np.full(17 - int(n), np.nan)]
        found = max_of_8h_means(means).item()
        assert np.isnan(found) if row["expected"].startswith("missing") else found == float(highest)
    elif row["kind"] == "daily_mean":
        hours = np.r_[np.full(20, 3.0), np.full(4, np.nan)]
        assert daily_mean(hours).item() == 3.0
        hours[0] = np.nan
        assert np.isnan(daily_mean(hours).item())
    else:
        assert annual_valid([28, 25] + [27] * 9 + [28])
        assert not annual_valid([28, 25] + [27] * 9 + [27])
        assert not annual_valid([31, 24] + [31] * 10)


def test_all_rows_are_tested() -> None:
    if not ROWS[0].values[0]:
        pytest.skip("the vectors are not beside this checkout")
    assert {p.values[0]["kind"] for p in ROWS} == {
        "percentile", "gbt8170", "composite_index", "composite_index_unconfirmed",
        "good_day_ratio", "bad_day_budget", "attainment_rounding", "spearman_trend",
        "three_year_mean", "mda8", "daily_mean", "annual_validity",
    }  # fmt: skip
