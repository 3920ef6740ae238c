"""Readings that came between two runs, from the tables and as two real runs tell them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from stored_runs import hash_anew

from forecast.api import Workspace as Api
from forecast.api_alert import AlertCalls
from forecast.errors import UsageError
from forecast.ingest.run import ingest_paths
from forecast.projection.air_paths import year_paths
from forecast.projection.days import wide
from forecast.projection.expected_days import EXPECTED_DAYS, expected_days
from forecast.projection.settings import Settings
from forecast.runs.changes import changes_since, previous_run
from forecast.runs.changes_readings import Known, known_to, reading_changes
from forecast.runs.execute import execute
from forecast.runs.inputs import load_panel
from forecast.runs.request import Request
from forecast.sample import write_sample
from forecast.workspace import Workspace

_HEAD = "日期,AQI,质量等级,PM2.5,PM10,SO2,CO,NO2,O3_8h"


def _city(folder: Path, name: str, days: dict[str, str]) -> Path:
    """A daily file of 衡水; each day's six values as they stand in it, PM2.5 first."""
    path = folder / name / "衡水.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [f"{day},,,{values}" for day, values in sorted(days.items())]
    path.write_text("\n".join([_HEAD, *lines]) + "\n", encoding="utf-8")
    return path


def _days(first: str, n: int, pm25: int = 30) -> dict[str, str]:
    return {str(d.date()): f"{pm25 + i % 7},60,9,0.8,25,90"
            for i, d in enumerate(pd.date_range(first, periods=n))}  # fmt: skip


def _at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00")


def _known(as_of: str, moment: str, **more: Any) -> Known:
    return Known(date.fromisoformat(as_of), datetime.fromisoformat(moment), **more)


def test_new_late_revised_and_withdrawn_values_are_told_apart(tmp_path: Path) -> None:
    ws = Workspace.create(tmp_path / "w")
    days = _days("2025-05-01", 31)
    gap = days.pop("2025-05-10")
    ingest_paths(ws, [_city(tmp_path, "a", days)], now=_at("2025-06-01T06:00:00"))
    later = {**days, **_days("2025-06-01", 1), "2025-05-10": gap,
             "2025-05-20": days["2025-05-20"].replace(",60,", ",77,")}  # fmt: skip
    ingest_paths(ws, [_city(tmp_path, "b", later)], now=_at("2025-06-02T06:00:00"))
    before = _known("2025-05-31", "2025-06-01T06:30:00")
    after = _known("2025-06-01", "2025-06-02T06:30:00", later=True)
    found = reading_changes(ws.store, before, after)
    assert set(found.fresh["day"].astype(str)) == {"2025-06-01"} and len(found.fresh) == 6
    assert set(found.late["day"].astype(str)) == {"2025-05-10"}
    (row,) = found.revised.to_dict("records")
    assert (row["item"], row["old"], row["new"]) == ("pm10", 60.0, 77.0)
    old, new = found.around["衡水", "衡水", pd.Timestamp("2025-05-20")]
    assert np.flatnonzero(old != new).size == 1
    # The other way about nothing is new, and a run of the same moment sees the same.
    assert reading_changes(ws.store, before, before).values.empty
    # A day asked for again with what was known then has no correction in it.
    then = _known("2025-05-31", "2025-06-02T06:30:00")
    assert set(reading_changes(ws.store, before, then).values["day"].astype(str)) == {"2025-05-10"}


def test_a_year_in_which_nothing_came_is_not_looked_at_row_by_row(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A day of 2024 revised: 2025 is read for its last days alone, and only of that city."""
    ws = Workspace.create(tmp_path / "w")
    days = {**_days("2024-12-01", 31), **_days("2025-01-01", 10), **_days("2023-05-01", 5)}
    ingest_paths(ws, [_city(tmp_path, "a", days)], now=_at("2025-02-01T06:00:00"))
    revised = {"2024-12-05": days["2024-12-05"].replace(",60,", ",77,")}
    ingest_paths(ws, [_city(tmp_path, "b", revised)], now=_at("2025-02-02T06:00:00"))
    before = _known("2025-01-10", "2025-02-01T06:30:00")
    after = _known("2025-01-10", "2025-02-02T06:30:00", later=True)
    read: list[Any] = []
    whole = ws.store.read

    def noted(table: str, **more: Any) -> pd.DataFrame:
        if table == "air_daily":
            read.append((more["partitions"], "value" in more["columns"], more.get("regions")))
        return whole(table, **more)

    monkeypatch.setattr(ws.store, "read", noted)
    (row,) = reading_changes(ws.store, before, after).values.to_dict("records")
    assert (row["item"], row["old"], row["new"]) == ("pm10", 60.0, 77.0)
    assert row["old_last"] == row["new_last"] == pd.Timestamp("2025-01-10")
    assert [(p, r) for p, values, r in read if values] == [(["2024"], None), (["2025"], ["衡水"])]
    # What a run could not know by its own day is none of its readings, whatever came in since.
    assert reading_changes(ws.store, before, before).values.empty


def test_tables_made_anew_do_not_make_old_readings_new(tmp_path: Path) -> None:
    """A rebuild reads every file later than the run; the run's own list of files speaks."""
    ws = Workspace.create(tmp_path / "w")
    ingest_paths(
        ws, [_city(tmp_path, "a", _days("2025-05-01", 31))], now=_at("2025-08-01T06:00:00")
    )
    files = frozenset(ws.store.files()["sha256"])
    before = _known("2025-05-31", "2025-06-01T06:30:00", files=files)
    after = _known("2025-05-31", "2025-08-02T06:30:00", files=files)
    assert reading_changes(ws.store, before, after).values.empty


def test_a_value_rejected_by_a_person_is_withdrawn(tmp_path: Path) -> None:
    ws = Workspace.create(tmp_path / "w")
    ingest_paths(
        ws, [_city(tmp_path, "a", _days("2025-05-01", 31))], now=_at("2025-06-01T06:00:00")
    )
    with ws.store.writer() as writer:
        rows = writer.read("air_daily", "2025")
        mine = rows[(rows["item"] == "pm25") & (rows["date"] == pd.Timestamp("2025-05-05"))]
        writer.append(
            "air_daily",
            mine.assign(flag="rejected", known_from=pd.Timestamp("2025-06-02 05:00:00")),
        )
    before = _known("2025-05-31", "2025-06-01T06:30:00")
    after = _known("2025-05-31", "2025-06-02T06:30:00", later=True)
    (row,) = reading_changes(ws.store, before, after).revised.to_dict("records")
    assert row["item"] == "pm25" and np.isnan(row["new"])


def test_no_readings_at_all_are_no_changes(tmp_path: Path) -> None:
    ws = Workspace.create(tmp_path / "w")
    both = _known("2025-05-31", "2025-06-01T06:30:00"), _known("2025-06-01", "2025-06-02T06:30:00")
    assert reading_changes(ws.store, *both).values.empty


def test_the_moment_of_a_run_is_when_it_began() -> None:
    """Written at 22:30:00 UTC after 100 s of work: its tables were read at 06:28:20 in Shanghai."""
    from zoneinfo import ZoneInfo

    run = {"as_of": "2025-06-30", "created": "2025-06-30T22:30:00+00:00", "seconds": 100.0,
           "inputs": [{"path": "x", "sha256": "aa"}]}  # fmt: skip
    found = known_to({"run": run}, ZoneInfo("Asia/Shanghai"))
    assert abs((found.moment - datetime.fromisoformat("2025-07-01T06:28:20")).total_seconds()) <= 1
    assert found.files == {"aa"} and not found.later


def test_expected_days_are_the_means_and_shares_of_the_paths() -> None:
    """Two paths by hand: a mean of 30 and 50, one of the two days good."""
    days = np.arange("2025-06-01", "2025-06-03", dtype="datetime64[D]")
    calm = np.array([10.0, 30.0, 60.0, 30.0, 0.8, 90.0], dtype=np.float32)
    foul, none = calm.copy(), np.full(6, np.nan, dtype=np.float32)
    foul[3] = 200.0
    joined = np.stack([[calm, calm], [calm, foul], [calm, none]]).astype(np.float32)
    found = expected_days(joined, days, 1, standard="HJ 633-2012")
    assert found is not None
    assert found["first"] == "2025-06-02" and found["mean"]["pm25"] == [115.0]
    assert found["good"] == [0.5] and found["heavy"] == [0.5]
    assert expected_days(joined, days, 2) is None
    assert json.loads(json.dumps(found)) == found


@pytest.mark.usefixtures("no_charts")
def test_two_runs_tell_what_came_between(tmp_path: Path) -> None:
    """Twenty new days and one revised one on a real chain of ingest and runs; parts add up."""
    ws = Workspace.create(tmp_path / "w")
    config = ws.config_path.read_text(encoding="utf-8")
    ws.config_path.write_text(
        config.replace("outlook = true ", "outlook = false"), encoding="utf-8"
    )
    ws = Workspace.open(ws.root)
    write_sample(tmp_path / "sample")
    head, *lines = (tmp_path / "sample/air/衡水.csv").read_text(encoding="utf-8-sig").splitlines()
    lines = [line for line in lines if line >= "2022"]
    first = tmp_path / "1" / "衡水.csv"
    first.parent.mkdir()
    first.write_text(
        "\n".join([head, *(x for x in lines if x < "2025-06-11")]) + "\n", encoding="utf-8"
    )
    ingest_paths(ws, [first], now=_at("2025-06-11T06:00:00"))
    made = execute(ws, Request(paths=400), clock=lambda: datetime(2025, 6, 10, 22, 31, tzinfo=UTC))
    assert changes_since(ws, made.result) is None

    at = next(i for i, x in enumerate(lines) if x.startswith("2025-03-15"))
    cells = lines[at].split(",")
    old = float(cells[3])
    cells[3] = f"{old + 40:g}"
    lines[at] = ",".join(cells)
    second = tmp_path / "2" / "衡水.csv"
    second.parent.mkdir()
    second.write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    ingest_paths(ws, [second], now=_at("2025-07-01T06:00:00"))
    again = execute(ws, Request(paths=400), clock=lambda: datetime(2025, 6, 30, 22, 31, tzinfo=UTC))
    assert previous_run(ws, again.result) == made.folder

    # What the first run expected of its next days goes into its result; here it is added to it.
    panel, as_of = load_panel(ws, date(2025, 6, 10))
    settings = Settings(as_of=as_of, year=2025, n_paths=400, seed=ws.config.run.seed)
    air = panel.air
    paths = year_paths("衡水", "衡水", wide(air[air["date"] <= pd.Timestamp(as_of)]), settings)
    assert paths is not None
    told = expected_days(paths.values, paths.days, paths.first)
    assert told is not None and len(told["good"]) == EXPECTED_DAYS
    stored = made.folder / "projection.json"
    result = json.loads(stored.read_text(encoding="utf-8"))
    result["expected_days"] = [{"region": "衡水", "place": "衡水", **told}]
    stored.write_text(json.dumps(result, ensure_ascii=False), encoding="utf-8")
    hash_anew(made.folder)

    found = changes_since(ws, again.result)
    assert found is not None
    by_kind = {kind: [r for r in found.rows if r["kind"] == kind] for kind in
               ("settings", "new_days", "late_days", "revised", "probability")}  # fmt: skip
    assert by_kind["settings"] == [] and by_kind["late_days"] == []
    ((new,), (revised,)) = by_kind["new_days"], by_kind["revised"]
    assert (new["first"], new["last"], new["days"]) == ("2025-06-11", "2025-06-30", 20)
    assert (revised["day"], revised["item"]) == ("2025-03-15", "pm25")
    assert revised["new"] == revised["old"] + 40 == old + 40
    assert by_kind["probability"]
    for row in by_kind["probability"]:
        assert sum(row["parts"].values()) == pytest.approx(row["new"] - row["old"], abs=1e-9)
    split = [r for r in by_kind["probability"] if "new" in r["parts"]]
    assert split, by_kind["probability"]
    # 40 µg/m³ more on one day is against the target wherever the mean of PM2.5 is asked for.
    assert all(r["parts"].get("revised", -1) < 0 for r in split if "pm25" in r["indicator"])

    calls = Api(ws.root)
    same = AlertCalls.changes(calls, run=again.run_id, since=made.run_id)  # type: ignore[arg-type]
    assert same is not None and same.rows == found.rows
    with pytest.raises(UsageError, match="no run"):
        AlertCalls.changes(calls, run="../x")  # type: ignore[arg-type]
