"""Samples, limits, flow and rain as months, by arithmetic by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from forecast.features.hydrology import monthly_flow, monthly_limits, monthly_means, monthly_rain


def samples(rows: list[tuple[str, str, str, float, bool]]) -> pd.DataFrame:
    """Samples (place, time, item, value, censored)."""
    table = pd.DataFrame(rows, columns=["place", "time", "item", "value", "censored"])
    return table.assign(time=pd.to_datetime(table["time"]))


def test_a_month_is_below_its_limit_only_if_all_samples_are() -> None:
    """Limits go beside the half-limit means, in the same shape."""
    table = samples(
        [
            ("A", "2020-01-03", "nh3n", 0.05, True), ("A", "2020-01-20", "nh3n", 0.03, True),
            ("A", "2020-03-03", "nh3n", 0.05, True), ("A", "2020-03-20", "nh3n", 0.10, False),
            ("B", "2020-03-03", "nh3n", 0.0, True), ("B", "2020-03-03", "do", 8.0, False),
        ]
    )  # fmt: skip
    means, limits = monthly_means(table), monthly_limits(table, monthly_means(table))
    assert means.index.equals(limits.index)
    assert means.columns.equals(limits.columns)
    assert means.loc["2020-01-01", ("A", "nh3n")] == pytest.approx(0.02)
    assert limits.loc["2020-01-01", ("A", "nh3n")] == pytest.approx(0.04)
    assert np.isnan(limits.loc["2020-03-01", ("A", "nh3n")])
    assert means.loc["2020-03-01", ("A", "nh3n")] == pytest.approx(0.0625)
    assert limits.loc["2020-03-01", ("B", "nh3n")] == pytest.approx(0.025)
    assert limits[("B", "do")].isna().all()
    assert limits.loc["2020-02-01"].isna().all()


def test_flow_is_that_of_the_sampling_days() -> None:
    """Geometric mean of the sampled days; of all days without samples; none with few days."""
    days = pd.date_range("2021-01-01", "2021-03-31")
    flow = pd.DataFrame({"place": "A", "date": days, "value": 4.0})
    flow.loc[flow["date"] == "2021-01-10", "value"] = 1.0
    flow.loc[flow["date"] == "2021-01-20", "value"] = 9.0
    flow = flow[(flow["date"] < "2021-03-10")]
    taken = pd.DataFrame(
        {"place": "A", "time": pd.to_datetime(["2021-01-10 09:00", "2021-01-20 08:00"])}
    )
    with_days = monthly_flow(flow, taken)
    assert with_days[("A", "flow")].tolist()[:2] == pytest.approx([3.0, 4.0])
    assert len(with_days) == 2
    assert monthly_flow(flow).loc["2021-01-01", ("A", "flow")] == pytest.approx(
        np.exp((29 * np.log(4.0) + np.log(9.0)) / 31)
    )


def test_rain_of_a_month_is_a_sum_and_missing_days_are_not_dry() -> None:
    """Two stations, one with three days missing."""
    days = pd.date_range("2022-06-01", "2022-06-30")
    first = pd.DataFrame({"place": "s1", "date": days, "value": 2.0})
    second = pd.DataFrame({"place": "s2", "date": days[:27], "value": 4.0})
    third = pd.DataFrame({"place": "s3", "date": days[:10], "value": 99.0})
    found = monthly_rain(pd.concat([first, second, third]))
    assert list(found.columns) == [("", "precip")]
    assert found.iloc[0, 0] == pytest.approx(90.0)
