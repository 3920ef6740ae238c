"""Outlooks of the register against what came: counts and scores worked out by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import typer
from made_outlook import made_city, made_section
from typer.testing import CliRunner

from forecast.cli_verify import add_verify
from forecast.projection.summary import QUANTILES
from forecast.runs.register import append_run
from forecast.standards.items import AIR_ITEMS
from forecast.verification import verify_files
from forecast.verification.verify import verify
from forecast.verification.verify_short_range import OutlookRecord, verify_short_range
from forecast.workspace import Workspace

#: PM2.5 [µg/m³] of a day and its AQI under HJ 633-2012: nodes 35/50, 75/100, 115/150, 150/200, 250/300.
GOOD, LIGHT, MODERATE, HEAVY = 55.0, 95.0, 132.5, 200.0
AQI = {GOOD: 75, LIGHT: 125, MODERATE: 175, HEAVY: 250}
#: Rules of warnings: from one half, from four fifths, none.
HALF = {"level": "moderate", "probability": 0.5, "days": 7}
STRICT = {"level": "light", "probability": 0.8, "days": 1}
SILENT = {"level": "", "probability": 0.5, "days": 7}


def odds(p: float) -> tuple[float, ...]:
    """Levels of a day that is at least moderately polluted with probability ``p``, never heavily."""
    return (0.0, 1.0 - p, 0.0, p, 0.0, 0.0)


def put(workspace: Workspace, table: str, rows: pd.DataFrame, **more: Any) -> None:
    time = "date" if table == "air_daily" else "time"
    rows = rows.assign(
        source="long_tidy", version="unknown", flag="", file_id="a" * 16,
        known_from=rows[time] + pd.Timedelta(hours=23), row=range(2, len(rows) + 2), **more,
    )  # fmt: skip
    with workspace.store.writer() as writer:
        writer.merge(table, rows, pd.Timestamp("2026-01-01"))


def measured(
    workspace: Workspace, first: str, values: Sequence[float | None], region: str = "衡水"
) -> None:
    """Days of PM2.5 with the other items low; None is a day without a reading of any item."""
    low = {"so2": 10.0, "no2": 20.0, "pm10": 50.0, "co": 0.5, "o3_8h": 60.0}
    days = pd.date_range(first, periods=len(values), unit="s")
    rows = [
        {"region": region, "place": region, "place_kind": "city", "date": day, "item": item,
         "value": value if item == "pm25" else low[item], "basis": "standard_state"}
        for day, value in zip(days, values, strict=True)
        if value is not None
        for item in AIR_ITEMS
    ]  # fmt: skip
    put(workspace, "air_daily", pd.DataFrame(rows))


def said(
    workspace: Workspace, as_of: str, *weeks: Any, water: Sequence[Any] = (), created: str = "",
    run: str = "x", standard: str = "by date", rule: Any = HALF,
) -> None:  # fmt: skip
    """Put the outlook of a run into the register, made at half past six of the next morning."""
    next_day = (pd.Timestamp(as_of) + pd.Timedelta(days=1)).strftime("%Y-%m-%d")
    yearly = {
        "region": "衡水", "place": "衡水", "place_kind": "city", "point_set": "", "domain": "air",
        "indicator": "good_days", "unit": "days", "year": 2026, "period": "2026",
        "standard": "HJ 633-2012", "dust": "kept", "basis": None,
        "observed": {"value": None, "value_official": None, "n_valid": 0, "n_expected": 0,
                     "last_day": None},
        "forecast": {"mean": 200.0, "quantiles": dict.fromkeys(QUANTILES, 200.0), "n_paths": 100,
                     "model": "m"},
        "baselines": {}, "targets": [],
    }  # fmt: skip
    append_run(
        workspace,
        {
            "run": {"id": f"{as_of}-{run}", "as_of": as_of, "year": 2026, "seed": 1, "version": "0",
                    "created": created or f"{next_day}T06:30:00+08:00", "standard": standard},
            "projections": [yearly],
            "short_range": {"air": list(weeks), "water": list(water)}
            | ({"warning": rule} if rule else {}),
        },
    )  # fmt: skip


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A workspace that would warn from 0.95 on now; its runs warned from one half."""
    made = Workspace.create(tmp_path / "w")
    text = made.config_path.read_text(encoding="utf-8")
    assert "episode_probability = 0.3 " in text
    text = text.replace("episode_probability = 0.3 ", "episode_probability = 0.95 ")
    made.config_path.write_text(text, encoding="utf-8")
    return Workspace.open(made.root)


@pytest.fixture
def four_days(workspace: Workspace) -> Workspace:
    """Four mornings, each with an outlook of one day: a hit, a false alarm, a miss, a quiet day."""
    measured(workspace, "2026-01-05", [GOOD, MODERATE, LIGHT, HEAVY, GOOD])
    for day, p in zip(("05", "06", "07", "08"), (0.9, 0.6, 0.2, 0.1), strict=True):
        said(workspace, f"2026-01-{day}", made_city(odds(p), issued=f"2026-01-{day}"))
    return workspace


def one(table: pd.DataFrame, **keys: Any) -> dict[str, Any]:
    for name, value in keys.items():
        table = table[table[name] == value]
    (row,) = table.to_dict("records")
    return {str(k): v for k, v in row.items()}


def test_warnings_and_odds_are_scored_as_by_hand(four_days: Workspace) -> None:
    found = verify_short_range(four_days)
    row = one(found.scores, group="all", kind="moderate")
    counts = [
        row[c] for c in ("n", "events", "hits", "misses", "false_alarms", "correct_negatives")
    ]
    assert counts == [4, 2, 1, 1, 1, 1]
    assert (row["pod"], row["far"], row["threat_score"], row["bias"]) == (0.5, 0.5, 1 / 3, 1.0)
    assert row["brier"] == pytest.approx((0.1**2 + 0.6**2 + 0.8**2 + 0.1**2) / 4)
    # The plain rules said 0.2 and 0.25 on each of the four days, two of which came.
    assert row["brier_persistence"] == pytest.approx((0.2**2 + 0.8**2) / 2)
    assert row["skill_climatology"] == pytest.approx(1 - 0.255 / ((0.25**2 + 0.75**2) / 2))
    assert row["even_from"] == 0.6
    # The shipped table warns of moderate pollution a day ahead from 0.2 to 0.6: two warnings, as here.
    assert [row[f"tuned_{c}"] for c in ("hits", "misses", "false_alarms")] == [1, 1, 1]
    heavy = one(found.scores, group="all", kind="heavy")
    assert (heavy["events"], heavy["misses"], heavy["brier"]) == (1, 1, 0.25)
    assert found.days["aqi"].tolist() == [AQI[v] for v in (MODERATE, LIGHT, HEAVY, GOOD)]
    # Light pollution: the AQI of 125 counts, that of 75 doesn't.
    assert one(found.scores, group="all", kind="light")["events"] == 3


def test_each_run_is_held_to_the_rule_it_warned_by(workspace: Workspace) -> None:
    """A change of the configuration makes no hit of a miss, nor a miss of a hit."""
    measured(workspace, "2026-01-05", [GOOD, MODERATE, MODERATE, MODERATE])
    for day, rule in (("05", HALF), ("06", STRICT), ("07", None)):
        said(workspace, f"2026-01-{day}", made_city(odds(0.4 if rule is None else 0.6),
             issued=f"2026-01-{day}"), rule=rule)  # fmt: skip
    found = verify_short_range(workspace)
    row = one(found.scores, group="all", kind="moderate")
    # 0.6 from one half on is a hit, from four fifths a miss; 0.4 is one by the default of 0.3.
    assert (row["hits"], row["misses"]) == (2, 1)
    assert (row["warned_from"], row["warned_from_max"]) == (0.3, 0.8)
    # The second run sent messages of light pollution, and of heavy, on the first day ahead.
    shares = [one(found.scores, group="all", kind=k)["in_force"] for k in ("light", "moderate")]
    assert shares == pytest.approx([1 / 3, 2 / 3])
    assert one(found.scores, group="all", kind="heavy")["in_force"] == 1.0
    assert "概率不低于30 %至80 %即预警" in found.sentences[1][0]
    assert any(
        "其中1条的运行没有登记当时的预警规则,按默认的30 %计" in zh for zh, _ in found.sentences
    )
    assert found.days["warned_level"].tolist() == ["moderate", "light", "moderate"]


def test_a_workspace_that_sent_no_warning_is_not_said_to_have(workspace: Workspace) -> None:
    measured(workspace, "2026-01-05", [GOOD, MODERATE, MODERATE])
    for day in ("05", "06"):
        said(workspace, f"2026-01-{day}", made_city(*[odds(0.6)] * 2, issued=f"2026-01-{day}"),
             rule=SILENT)  # fmt: skip
    found = verify_short_range(workspace)
    assert one(found.scores, group="all", kind="moderate")["in_force"] == 0.0
    assert "warned from 50 % (no message was sent of it then): 2 hits" in found.sentences[1][1]


def test_days_that_no_message_looked_at_are_not_in_force(workspace: Workspace) -> None:
    measured(workspace, "2026-01-05", [GOOD, MODERATE, MODERATE, LIGHT])
    said(workspace, "2026-01-05", made_city(*[odds(0.9)] * 3), rule=STRICT)
    found = verify_short_range(workspace)
    leads = [one(found.scores, group="lead", kind="light", lead=k)["in_force"] for k in (1, 2, 3)]
    assert leads == [1.0, 0.0, 0.0]
    # Told of is what messages were sent of.
    assert found.sentences[1][1].startswith("day 1, light or worse pollution: 1 of 1 days")


def test_levels_and_leading_items_are_scored(four_days: Workspace) -> None:
    row = one(verify_short_range(four_days).levels, group="all")
    # Said IV, IV, II, II; came IV, III, V, II.
    assert (row["n"], row["level_right"], row["level_within_one"]) == (4, 0.5, 0.75)
    assert (row["leading_right"], row["leading_n"]) == (1.0, 4)


def test_the_time_of_the_making_counts(four_days: Workspace) -> None:
    """Made on the morning of the day itself it counts, after its end it does not."""
    found = verify_short_range(four_days)
    assert one(found.scores, group="all", kind="light")["notice_hours"] == -6.5
    late = made_city(odds(0.7), issued="2026-01-05")
    said(four_days, "2026-01-05", late, created="2026-01-07T00:00:00+08:00", run="late")
    again = verify_short_range(four_days)
    pd.testing.assert_frame_equal(again.scores, found.scores)
    assert "另有1条在当天结束后才作出" in again.sentences[-1][0]
    afterwards = verify_short_range(four_days, made="afterwards")
    assert one(afterwards.scores, group="all", kind="moderate")["n"] == 1
    # One minute before its end it was still in time, and as the last one made it counts.
    said(four_days, "2026-01-05", late, created="2026-01-06T23:59:00+08:00", run="just")
    row = one(verify_short_range(four_days).scores, group="all", kind="moderate")
    assert row["brier"] == pytest.approx((0.3**2 + 0.6**2 + 0.8**2 + 0.1**2) / 4)


def test_only_outlooks_made_afterwards_are_said_to_be_so(workspace: Workspace) -> None:
    measured(workspace, "2026-01-05", [GOOD, MODERATE])
    said(workspace, "2026-01-05", made_city(odds(0.9)), created="2026-03-01T08:00:00+08:00")
    found = verify_short_range(workspace)
    assert one(found.scores, group="all", kind="moderate")["hits"] == 1
    assert "not issued then" in found.sentences[-1][1]


def test_late_outlooks_are_counted_once_and_only_scored_ones(workspace: Workspace) -> None:
    """Three late runs on the same two days ahead, of which one has come and one has no reading."""
    for run in ("a", "b", "c"):
        said(workspace, "2026-01-05", made_city(odds(0.9), odds(0.9)), run=run,
             created="2026-03-01T08:00:00+08:00")  # fmt: skip
    waiting = verify_short_range(workspace)
    assert waiting.sentences == (
        ("逐日展望:0条尚未到期,2条当天已过但尚无监测值,还没有可以评分的",
         "daily outlook: none can be scored yet, 0 are still open, 2 are of days gone without a "
         "usable reading"),
    )  # fmt: skip
    assert len(waiting.days) == 2
    measured(workspace, "2026-01-05", [GOOD, MODERATE])
    found = verify_short_range(workspace).sentences
    assert found[0][0].endswith("(2026-01-06至2026-01-06),1条当天已过但尚无监测值")
    assert found[-1][0].startswith("其中1条在当天结束后")


def test_leads_and_places_are_told_apart(workspace: Workspace) -> None:
    for region in ("衡水", "沧州"):
        measured(workspace, "2026-01-05", [GOOD, MODERATE, GOOD], region)
    weeks = [made_city(odds(0.9), odds(p), region=r) for r, p in (("衡水", 0.3), ("沧州", 0.8))]
    said(workspace, "2026-01-05", *weeks)
    scores = verify_short_range(workspace).scores
    assert one(scores, group="lead", lead=1, kind="moderate")["hits"] == 2
    second = one(scores, group="lead", lead=2, kind="moderate")
    assert (second["false_alarms"], second["correct_negatives"]) == (1, 1)
    place = one(scores, group="place", region="沧州", kind="moderate")
    assert (place["n"], place["false_alarms"]) == (2, 1)
    only = verify_short_range(workspace, region="沧州市").scores
    assert one(only, group="all", kind="moderate")["n"] == 2


def test_days_without_a_value_are_not_scored(workspace: Workspace) -> None:
    measured(workspace, "2026-01-05", [GOOD, None, MODERATE])
    said(workspace, "2026-01-05", made_city(*[odds(0.9)] * 4))
    days = verify_short_range(workspace).days
    assert days["state"].tolist() == ["missing", "scored", "open", "open"]
    none = Workspace.create(workspace.root.parent / "none")
    said(none, "2026-01-05", made_city(odds(0.9)))
    assert verify_short_range(none).sentences[0][1] == (
        "daily outlook: none can be scored yet, 1 are still open"
    )
    assert verify_short_range(none).scores.empty


def test_an_item_that_was_left_out_is_left_out_of_what_came(workspace: Workspace) -> None:
    """Under HJ 633-2026 a day that lacks an item has no AQI up to 100, unless it is not monitored."""
    days = pd.date_range("2026-01-05", periods=3, unit="s")
    rows = [
        {"region": "衡水", "place": "衡水", "place_kind": "city", "date": day, "item": item,
         "value": 20.0 if item != "co" else 0.5, "basis": "standard_state"}
        for day in days for item in AIR_ITEMS if item != "no2"
    ]  # fmt: skip
    put(workspace, "air_daily", pd.DataFrame(rows))
    for missing, state in ((["no2"], "scored"), ([], "missing")):
        city = made_city(odds(0.1), items_missing=missing)
        said(workspace, "2026-01-05", city, run=state, standard="HJ 633-2026")
        assert verify_short_range(workspace).days["state"].tolist()[-1:] == [state]


def sampled(workspace: Workspace, days: dict[str, float], place: str = "断面甲") -> None:
    """Samples with this much CODMn [mg/L] (class III up to 6, IV up to 10), the rest at class I."""
    rows = [
        {"region": "衡水", "place": place, "place_kind": "section", "basin": "", "river": "",
         "water_type": "river", "time": pd.Timestamp(day).as_unit("s"), "item": item, "value": value}
        for day, codmn in days.items()
        for item, value in (("codmn", codmn), ("ph", 7.2), ("do", 9.0), ("nh3n", 0.1), ("tp", 0.01))
    ]  # fmt: skip
    put(workspace, "water_samples", pd.DataFrame(rows), censored=False)


def test_sections_are_held_to_the_next_sampling(workspace: Workspace) -> None:
    sampled(workspace, {"2026-01-04": 3.0, "2026-02-03": 8.0})
    sampled(workspace, {"2026-01-04": 3.0, "2026-02-03": 5.0}, "断面乙")
    first = [made_section(0.7), made_section(0.6, place="断面乙")]
    said(workspace, "2026-01-05", water=first)
    # After the second sample the next one is still to come.
    said(workspace, "2026-02-05", water=[made_section(0.5, issued="2026-02-03")])
    found = verify_short_range(workspace)
    row = one(found.scores, domain="water", group="all", kind="worse")
    assert [row[c] for c in ("n", "events", "hits", "false_alarms")] == [2, 1, 1, 1]
    assert row["brier"] == pytest.approx((0.3**2 + 0.6**2) / 2)
    assert found.days["state"].tolist().count("open") == 1
    assert found.days.loc[found.days["state"] == "scored", "lead"].tolist() == [30.0, 30.0]
    assert any("sections worse than the class asked: 1 of 2" in en for _, en in found.sentences)


def test_sections_are_held_to_the_mean_of_their_month(workspace: Workspace) -> None:
    """5 and 8 mg/L are 6.5 in the mean, class IV; the month is over when a later sample is there."""
    sampled(workspace, {"2026-01-04": 3.0, "2026-02-03": 5.0, "2026-02-20": 8.0})
    said(workspace, "2026-01-05", water=[made_section(0.8) | {"period": "2026-02"}])
    assert verify_short_range(workspace).days["state"].tolist() == ["open"]
    sampled(workspace, {"2026-03-02": 3.0}, "断面乙")
    days = verify_short_range(workspace).days
    assert (days["state"].tolist(), days["class_number"].tolist()) == (["scored"], [4.0])


def test_sections_of_days_are_held_to_their_day(workspace: Workspace) -> None:
    sampled(workspace, {"2026-01-05": 3.0, "2026-01-06": 8.0, "2026-01-08": 3.0})
    daily = made_section(0.9, kind="daily", when="2026-01-06", issued="2026-01-05")
    second = dict(daily["days"][0], date="2026-01-07", lead=2)
    said(
        workspace, "2026-01-05", water=[daily | {"days": [dict(daily["days"][0], lead=1), second]}]
    )
    days = verify_short_range(workspace).days
    assert days["state"].tolist() == ["scored", "missing"]
    assert days["class_number"].tolist()[0] == 4.0


def test_verify_and_its_command_have_it(
    four_days: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify_files, "record_charts", lambda *_, **__: [])
    assert verify(four_days, indicator="good_days").outlooks.scores.empty
    app = typer.Typer(pretty_exceptions_enable=False)
    app.callback()(lambda: None)
    add_verify(app)

    def call(*options: str) -> str:
        told = ["verify", "-w", str(four_days.root), "--out", str(tmp_path / "v"), *options]
        done = CliRunner().invoke(app, told, terminal_width=200)
        assert done.exit_code == 0, done.output
        return str(done.stdout)

    text = " ".join(call("--lang", "en").split())
    assert (
        "day 1, moderate or worse pollution: 2 of 4 days; warned from 50 %: 1 hits, 1 misses"
        in text
    )
    assert "level right 50 %" in text and "issued 4 times, at 06:30 in the median" in text
    told = json.loads(call("--json"))
    (row,) = [r for r in told["short_range"] if r["group"] == "all" and r["kind"] == "moderate"]
    assert row["threat_score"] == pytest.approx(1 / 3) and row["lead"] is None
    table = pd.read_csv(tmp_path / "v" / "short_range.csv", encoding="utf-8-sig")
    assert set(table["group"]) == {"all", "lead", "place"}
    assert len(pd.read_csv(tmp_path / "v" / "outlooks.csv", encoding="utf-8-sig")) == 4


def test_a_register_without_outlooks_has_no_scores(workspace: Workspace) -> None:
    found = verify_short_range(workspace)
    assert found.scores.empty and found.sentences == OutlookRecord().sentences == ()
