"""Later years: the year of attainment by hand, wider with the lead, and words instead of guesses."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.projection.air import project_air
from forecast.projection.judging import entries_of
from forecast.projection.outlook import first_lasting, outlook_entry, outlook_years
from forecast.projection.result import IndicatorResult, Later, LaterYear, Observed
from forecast.projection.settings import Settings
from forecast.projection.sharing import sharing_of
from forecast.standards.items import AIR_ITEMS
from forecast.targets.applied import Applied
from forecast.targets.model import Plan, Target

SETTINGS = Settings(date(2022, 9, 30), 2022, n_paths=200)
LEVELS = dict(zip(AIR_ITEMS, (8.0, 26.0, 62.0, 33.0, 0.8, 90.0), strict=True))


def readings(first: str, last: str) -> pd.DataFrame:
    rng = np.random.default_rng(7)
    days = pd.date_range(first, last)
    season = 0.35 * np.cos(2 * np.pi * (days.day_of_year.to_numpy() - 15) / 365.25)
    shared = 0.3 * rng.standard_normal(len(days))
    rows = []
    for item, level in LEVELS.items():
        sign = -1.0 if item == "o3_8h" else 1.0
        value = level * np.exp(sign * season + shared)
        rows.append(pd.DataFrame({"date": days, "item": item, "value": value.round(2)}))
    return pd.concat(rows, ignore_index=True).assign(basis="actual")


def target(year: int, value: float | None, **changes: object) -> Target:
    told: dict[str, object] = {
        "id": f"t-{year}", "domain": "air", "indicator": "pm25_annual_mean", "label_zh": "年均",
        "label_en": "mean", "kind": "threshold", "comparator": "<=", "value": value,
        "unit": "µg/m³", "year": year,
    }  # fmt: skip
    return Target(**{**told, **changes})  # type: ignore[arg-type]


def result(years: dict[int, list[float]], now: list[float] | None = None) -> IndicatorResult:
    paths = {
        y: LaterYear("GB 3095-2012", np.array(v), np.array(v)) for y, v in years.items()
    }  # fmt: skip
    n = len(next(iter(years.values()), []))
    return IndicatorResult(
        region="城", place="城", place_kind="city", point_set="", domain="air",
        indicator="pm25_annual_mean", unit="µg/m³", period="2022", standard="GB 3095-2012",
        dust=None, basis="actual", observed=Observed(None, None, 0, 0, None),
        later=Later("seasonal", n, paths, None if now is None else np.array(now)),
    )  # fmt: skip


def test_attainment_by_hand() -> None:
    """Four paths, target 35: lasting from 2022, from 2024, never (met, then lost), never."""
    found = result(
        {2023: [34, 36, 34, 40], 2024: [33, 35, 36, 40]}, now=[35, 37, 35, 40]
    )  # fmt: skip
    entry = outlook_entry(found, [target(2022, 35)], [target(2024, 33)], SETTINGS)
    assert entry is not None
    own, later = entry["attainment"]
    assert own["by_year"] == {"2023": 0.5, "2024": 0.5}
    assert own["first"] == {"2022": 0.25, "2023": 1 / 8, "2024": 0.25}
    assert own["never"] == 0.5
    # The median of 2022, 2024, never, never by the lower one is 2024; the ends 2022 and never.
    assert (own["low"], own["median"], own["high"]) == (2022, 2024, None)
    assert "2024年起持续达标" in own["text"] and "2022 to after 2024" in own["text_en"]
    assert later["target_year"] == 2024 and later["by_year"]["2024"] == 0.25
    assert later["never"] == 0.75 and later["median"] is None
    assert later["text_en"] == (
        "not lastingly within the horizon (2024) on 75.0% of the paths; from 2024 or before on 25.0%"
    )
    assert later["text"] == "到2024年未见持续达标的路径占75.0%,2024年或更早起持续达标的占25.0%"
    in_2024 = next(y for y in entry["years"] if y["year"] == 2024)
    assert [t["probability"] for t in in_2024["targets"]] == [0.25]


def test_what_all_paths_say_is_still_no_certainty() -> None:
    found = result({2023: [30.0] * 4, 2024: [30.0] * 4}, now=[30.0] * 4)
    entry = outlook_entry(found, [target(2022, 35), target(2022, 20, id="t-low")], [], SETTINGS)
    assert entry is not None
    met, missed = entry["attainment"]
    assert met["by_year"] == {"2023": 1 - 1 / 8, "2024": 1 - 1 / 8}
    assert missed["by_year"] == {"2023": 1 / 8, "2024": 1 / 8}
    assert met["first"] == {"2022": 1 - 1 / 8, "2023": 1 / 8, "2024": 1 / 8}
    assert (met["never"], missed["never"]) == (1 / 8, 1 - 1 / 8)
    assert set(missed["first"].values()) == {1 / 8}
    assert met["text_en"] == "lastingly from 2022 on 87.5% of the paths"
    assert met["text"] == "2022年起持续达标的路径占87.5%"
    assert missed["low"] is None
    assert missed["text"] == "到2024年未见持续达标的路径占87.5%"
    assert missed["text_en"] == "not lastingly within the horizon (2024) on 87.5% of the paths"


def test_one_path_in_twenty_five_that_says_otherwise_is_told() -> None:
    """Both ends of the 90 % interval are one year, or never, and 4 % of the paths say otherwise."""
    found = result({2023: [30.0] * 24 + [40.0], 2024: [30.0] * 24 + [40.0]})
    entry = outlook_entry(
        found, [target(2022, 35), target(2022, 30, comparator=">=")], [], SETTINGS
    )
    assert entry is not None
    below, above = entry["attainment"]
    assert (below["low"], below["high"], below["never"]) == (2023, 2023, 0.04)
    assert below["text_en"] == "lastingly from 2023 on 96.0% of the paths"
    assert above["text"] == "2023年起持续达标的路径占98.0%"  # 25 of 25 are no certainty
    entry = outlook_entry(found, [target(2022, 40, comparator=">=")], [], SETTINGS)
    assert entry is not None
    rare = entry["attainment"][0]
    assert (rare["low"], rare["first"]) == (None, {"2023": 0.04, "2024": 0.02})
    assert rare["text_en"] == "not lastingly within the horizon (2024) on 96.0% of the paths"


def test_only_a_year_that_is_over_and_missed_is_decided() -> None:
    over = Settings(date(2022, 12, 31), 2022, n_paths=200)
    found = result({2023: [30.0] * 4}, now=[40.0] * 4)
    entry = outlook_entry(found, [target(2022, 35), target(2022, 45)], [], over)
    assert entry is not None
    missed, met = entry["attainment"]
    assert missed["first"] == {"2022": 0.0, "2023": 1 - 1 / 8}
    assert met["first"] == {"2022": 1 - 1 / 8, "2023": 1 / 8}


def test_the_year_asked_counts_only_where_it_can_be_judged() -> None:
    entry = outlook_entry(result({2023: [30.0, 40.0]}), [target(2022, 35)], [], SETTINGS)
    assert entry is not None
    assert list(entry["attainment"][0]["first"]) == ["2023"]


@given(st.lists(st.lists(st.booleans(), min_size=4, max_size=4), min_size=1, max_size=20))
def test_lasting_means_met_from_then_on(rows: list[list[bool]]) -> None:
    for row, at in zip(rows, first_lasting(np.array(rows)).tolist(), strict=True):
        assert all(row[at:])
        assert at == 0 or not row[at - 1]


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("change", {"kind": "change", "value": 10.0, "change": "reduction", "base_year": 2020}),
        ("trend", {"kind": "trend", "value": None, "token": "DOWN", "comparator": ""}),
    ],
)
def test_targets_that_one_year_does_not_answer_are_left_out(
    kind: str, changes: dict[str, object]
) -> None:
    entry = outlook_entry(
        result({2023: [30.0]}), [target(2022, **{"value": 35, **changes})], [], SETTINGS
    )
    assert entry is not None and entry["attainment"] == [], kind


def plan(*years: int) -> Plan:
    return Plan.model_validate(
        {
            "id": "made", "title": "规划", "region": "城市",
            "target": [target(y, 35, plan="made", region="城市").model_dump() for y in years],
        }
    )  # fmt: skip


def test_years_are_the_next_and_on_to_the_last_that_a_plan_asks() -> None:
    def years(*asked: int, settings: Settings = SETTINGS) -> tuple[int, ...]:
        plans = () if not asked else (plan(*asked),)
        return outlook_years(plans, "城市", settings)

    assert years() == (2023,)
    assert years(2022) == (2023,)
    assert years(2025) == (2023, 2024, 2025)
    # Five years at most; a plan for 2035 is not answered.
    assert years(2025, 2035) == (2023, 2024, 2025)
    assert years(2027) == (2023, 2024, 2025, 2026, 2027)
    assert years(2024, settings=replace(SETTINGS, year=2023)) == (2024,)
    assert years(2025, settings=replace(SETTINGS, year=2020)) == ()


@pytest.fixture(scope="module")
def ahead() -> dict[str, IndicatorResult]:
    made = readings("2019-01-01", "2022-09-30")
    found = project_air("城", "城", made, SETTINGS, later=(2023, 2024, 2025), tracks=False)
    return {r.indicator: r for r in found.results}


def test_the_further_off_the_wider(ahead: dict[str, IndicatorResult]) -> None:
    result = ahead["pm25_annual_mean"]
    assert result.later is not None and result.samples is not None
    widths = [np.ptp(np.quantile(y.samples, [0.1, 0.9])) for y in result.later.years.values()]
    assert np.ptp(np.quantile(result.samples, [0.1, 0.9])) < widths[0] < widths[-1]
    assert list(result.later.years) == [2023, 2024, 2025]
    assert result.later.n_paths == 200


def test_the_year_asked_is_the_same_question_on_both_sets_of_paths(
    ahead: dict[str, IndicatorResult],
) -> None:
    for name in ("pm25_annual_mean", "good_days"):
        result = ahead[name]
        assert result.later is not None and result.later.now is not None
        assert result.judged is not None
        gap = abs(result.later.now.mean() - result.judged.mean())
        spread = np.hypot(result.later.now.std(), result.judged.std()) / np.sqrt(200)
        assert gap < 5 * spread + 0.5


def test_looking_ahead_changes_nothing_of_the_year_asked(
    ahead: dict[str, IndicatorResult],
) -> None:
    plain = project_air("城", "城", readings("2019-01-01", "2022-09-30"), SETTINGS, tracks=False)
    for one in plain.results:
        np.testing.assert_array_equal(one.samples, ahead[one.indicator].samples)
        assert one.later is None


def test_draws_in_common_end_with_the_year_asked_and_the_outlook_goes_on() -> None:
    made = readings("2019-01-01", "2022-09-30")
    span = (pd.Timestamp("2019-01-01"), pd.Timestamp("2022-09-30"))
    sharing = sharing_of({"城": span}, (), SETTINGS)["城"]
    found = project_air("城", "城", made, SETTINGS, sharing=sharing, later=(2023,), tracks=False)
    alone = project_air("城", "城", made, SETTINGS, later=(2023,), tracks=False)
    for one, other in zip(found.results, alone.results, strict=True):
        assert one.later is not None and other.later is not None
        np.testing.assert_array_equal(
            one.later.years[2023].samples, other.later.years[2023].samples
        )


def test_each_year_goes_by_its_own_rules() -> None:
    """The AQI rule changed on 2026-03-01: the stricter one has fewer good days."""
    settings = Settings(date(2024, 12, 31), 2024, n_paths=100)
    made = readings("2021-01-01", "2024-12-31")
    found = project_air("城", "城", made, settings, later=(2025, 2026, 2027), tracks=False)
    result = next(r for r in found.results if r.indicator == "good_day_ratio")
    assert result.later is not None
    labels = [y.standard for y in result.later.years.values()]
    assert labels == ["HJ 633-2012", "HJ 633-2012+HJ 633-2026", "HJ 633-2026"]
    # The year asked is over: its observed value is the answer on every path.
    assert result.later.now is not None
    assert set(result.later.now.tolist()) == {result.observed_judged}
    assert result.samples is None


def test_entries_carry_the_outlook_and_fit_the_schema(ahead: dict[str, IndicatorResult]) -> None:
    import json
    from importlib.resources import files

    jsonschema = pytest.importorskip("jsonschema")
    later = [target(2025, 30, id="t-2025")]
    entries = entries_of(
        list(ahead.values()), [target(2022, 35)], SETTINGS, Applied(()), later
    )  # fmt: skip
    entry = next(e for e in entries if e["indicator"] == "pm25_annual_mean")
    assert entry["outlook"]["horizon"] == 2025
    assert entry["outlook"]["years"][-1]["targets"][0]["id"] == "t-2025"
    rest = entry["targets"][0]["budget"]["rest"]
    assert rest["low"] < rest["median"] < rest["high"]
    schema = json.loads(
        files("forecast.projection").joinpath("schema.json").read_text(encoding="utf-8")
    )
    own = {**schema["properties"]["projections"], "$defs": schema["$defs"]}
    jsonschema.validate(entries, own)


def stopped(made: pd.DataFrame) -> pd.DataFrame:
    return made[(made["item"] != "pm25") | (made["date"] <= "2022-03-15")]


def constant(made: pd.DataFrame) -> pd.DataFrame:
    return made.assign(value=made["value"].where(made["item"] != "pm25", 40.0))


def half_a_year(made: pd.DataFrame) -> pd.DataFrame:
    return made[(made["item"] != "pm25") | (made["date"] > "2022-07-15")]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [(stopped, "2022-03-15"), (constant, "40"), (half_a_year, "77")],
    ids=["stopped", "constant", "short"],
)
@pytest.mark.parametrize("year", [2022, 2023])
def test_words_where_a_number_would_be_a_guess(spoil: object, said: str, year: int) -> None:
    made = spoil(readings("2019-01-01", "2022-09-30"))  # type: ignore[operator]
    settings = replace(SETTINGS, year=year, n_paths=20)
    found = project_air("城", "城", made, settings, later=(year + 1,), tracks=False)
    results = {r.indicator: r for r in found.results}
    for name in ("pm25_annual_mean", "good_day_ratio", "composite_index"):
        spoilt = results[name]
        assert spoilt.samples is None and not spoilt.sufficient
        assert said in spoilt.reason[0] and said in spoilt.reason[1]
        assert "{}" not in spoilt.reason[0] + spoilt.reason[1]
        assert spoilt.later is not None and not spoilt.later.years
        assert said in spoilt.later.reason[0]
    # The other items have their numbers.
    assert results["no2_annual_mean"].samples is not None
    assert results["no2_annual_mean"].later is not None and results["no2_annual_mean"].later.years


def test_days_on_which_items_never_meet_say_nothing_of_good_days() -> None:
    made = readings("2019-01-01", "2022-09-30")
    kept = made[np.random.default_rng(1).random(len(made)) > 0.4]
    settings = replace(SETTINGS, year=2023, n_paths=20)
    found = project_air("城", "城", kept, settings, later=(2024,), tracks=False)
    results = {r.indicator: r for r in found.results}
    assert results["pm25_annual_mean"].samples is not None
    ratio = results["good_day_ratio"]
    assert ratio.samples is None and "六项齐全" in ratio.reason[0]
    assert ratio.later is not None and "六项齐全" in ratio.later.reason[0]


def test_an_origin_before_the_data_is_said_of_every_indicator() -> None:
    settings = Settings(date(2018, 6, 30), 2018, n_paths=20)
    found = project_air("城", "城", readings("2019-01-01", "2019-12-31"), settings, later=(2019,))
    assert {"pm25_annual_mean", "good_day_ratio"} <= {r.indicator for r in found.results}
    for one in found.results:
        assert one.samples is None and not one.sufficient
        assert one.reason == ("截至起报日没有任何监测值", "no reading at all up to the as-of date")
        assert one.later is not None and one.later.reason == one.reason
