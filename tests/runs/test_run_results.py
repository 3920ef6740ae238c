"""What a run says: new for changed inputs, only what was known, wider for a year ahead."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from forecast.api import Workspace

# What is asserted here stands in the result.
pytestmark = pytest.mark.usefixtures("no_charts")


def test_changed_inputs_make_a_new_run(air_sample: Workspace) -> None:
    first = air_sample.run(paths=60)
    assert air_sample.run(paths=60).new is False
    again = air_sample.run(paths=60, seed=7)
    assert again.new
    assert again.run_id != first.run_id
    probabilities = [
        {
            t["id"]: t["probability"]
            for p in outcome.result["projections"]
            for t in p["targets"]
            if t["probability"] is not None
        }
        for outcome in (first, again)
    ]
    assert probabilities[0].keys() == probabilities[1].keys()
    assert probabilities[0] != probabilities[1]


def test_probabilities_are_never_printed_as_certain_while_open(made_run: Path) -> None:
    (stored,) = made_run.glob("reports/*/projection.json")
    result = json.loads(stored.read_text(encoding="utf-8"))
    count = 0
    for entry in result["projections"]:
        for target in entry["targets"]:
            p = target["probability"]
            if p is not None and target["verdict"] in ("LIKELY", "AT_RISK", "UNLIKELY"):
                assert 1 / 120 - 1e-9 <= p <= 1 - 1 / 120 + 1e-9
                count += 1
    assert count > 5


def test_an_earlier_as_of_date_sees_only_what_was_known(plain_sample: Workspace) -> None:
    result = plain_sample.run(as_of="2021-06-30", year=2021, paths=60).result
    for entry in result["projections"]:
        last = entry["observed"]["last_day"]
        assert last is None or last <= "2021-06-30"


def test_a_year_ahead_widens(air_sample: Workspace) -> None:
    near = air_sample.run(as_of="2024-12-31", year=2025, paths=400).result
    far = air_sample.run(as_of="2023-12-31", year=2025, paths=400).result

    def width(result: dict[str, list[dict[str, object]]]) -> float:
        (entry,) = [p for p in result["projections"] if p["indicator"] == "pm25_annual_mean"]
        quantiles = entry["forecast"]["quantiles"]  # type: ignore[index]
        return float(quantiles["0.95"] - quantiles["0.05"])

    assert width(far) > width(near)
