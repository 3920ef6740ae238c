"""A register that was deleted, a clock that was set, a stored run that was altered: all are said."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import typer
from stored_runs import hash_anew, store_run
from typer.testing import CliRunner

from forecast.cli_verify import add_verify
from forecast.errors import ForecastError
from forecast.ingest import ingest_paths
from forecast.runs.execute import Outcome, execute
from forecast.runs.register import append_run, check_register, read_register
from forecast.runs.register_again import register_again, runs_beside, unregistered
from forecast.runs.request import Request
from forecast.runs.stored_run import is_as_written, read_run
from forecast.verification.verify import verify
from forecast.verification.verify_order import in_order_made
from forecast.workspace import Workspace

NOW = datetime(2024, 7, 9, 6, 30, tzinfo=UTC)
NAMES = [f"2024070{k}-{k:012x}" for k in range(1, 4)]


def made(name: str, mean: float = 41.25) -> dict[str, Any]:
    """The result of a run with one indicator, made the morning after its last reading."""
    as_of = f"{name[:4]}-{name[4:6]}-{name[6:8]}"
    levels = ("0.025", "0.05", "0.1", "0.25", "0.5", "0.75", "0.9", "0.95", "0.975")
    one = {
        "region": "衡水", "place": "衡水", "place_kind": "city", "point_set": "", "domain": "air",
        "indicator": "pm25_annual_mean", "unit": "µg/m³", "year": 2024, "period": "2024",
        "standard": "GB 3095-2012", "dust": "kept", "basis": None,
        "observed": {"value": 42.5, "value_official": 42.0, "n_valid": 181, "n_expected": 182,
                     "last_day": as_of},
        "forecast": {"mean": mean, "quantiles": {q: 36.0 + k for k, q in enumerate(levels)},
                     "n_paths": 200, "model": "m"},
        "baselines": {}, "targets": [],
    }  # fmt: skip
    created = datetime.fromisoformat(f"{as_of}T22:30:00+00:00")
    run = {"id": name, "as_of": as_of, "year": 2024, "created": created.isoformat(), "seed": 1,
           "version": "0", "standard": "by date"}  # fmt: skip
    return {"run": run, "projections": [one]}


def put(workspace: Workspace, name: str, **options: Any) -> Path:
    """Put a finished run under ``reports``, in no register."""
    folder = workspace.reports / name
    result = made(name, **options)
    store_run(folder, result, run=result["run"])
    (folder / "index.html").write_text("<html>", encoding="utf-8")
    return folder


def enter(workspace: Workspace, name: str) -> None:
    stored = read_run(workspace.reports / name)
    append_run(workspace, stored.result, projection_sha256=stored.sha256)


@pytest.fixture
def three(tmp_path: Path) -> Workspace:
    """Three mornings, each run stored and registered."""
    workspace = Workspace.create(tmp_path / "w")
    for name in NAMES:
        put(workspace, name)
        enter(workspace, name)
    return workspace


def beside(workspace: Workspace) -> tuple[tuple[str, ...], tuple[str, ...]]:
    found = runs_beside(workspace, check_register(workspace).runs)
    return found.missing, found.altered


def test_a_register_with_all_its_runs_lacks_none(three: Workspace) -> None:
    assert unregistered(three) == () and beside(three) == ((), ())
    (three.reports / "20240704-unfinished0").mkdir()
    (three.reports / "verify").mkdir()
    assert unregistered(three) == ()
    assert unregistered(Workspace.create(three.root.parent / "new")) == ()


def test_runs_of_a_deleted_register_are_named_and_put_in_again_as_such(three: Workspace) -> None:
    before = read_register(three)
    shutil.rmtree(three.reports / "register")
    # The next morning begins a new one.
    put(three, "20240704-00000000000d")
    enter(three, "20240704-00000000000d")
    assert unregistered(three) == tuple(NAMES) == beside(three)[0]
    done = register_again(three, NOW)
    assert done.runs == tuple(NAMES) and done.refused == {}
    check = check_register(three)
    # They stand behind the run of the morning: this is no clock that was set.
    assert (check.blocks, check.later, check.faults, check.set_back) == (4, 3, (), ())
    after = in_order_made(read_register(three))
    assert after["run"].tolist() == [*NAMES, "20240704-00000000000d"]
    assert after["registered"].tolist() == [NOW.isoformat()] * 3 + [""]
    kept = ["run", "created", "mean", "q0.5"]
    pd.testing.assert_frame_equal(
        after.iloc[:3][kept].reset_index(drop=True), before[kept], check_dtype=False
    )
    assert register_again(three, NOW).runs == ()


def test_a_stored_run_that_was_altered_is_not_taken_in(three: Workspace) -> None:
    shutil.rmtree(three.reports / "register")
    path = three.reports / NAMES[1] / "projection.json"
    path.write_bytes(path.read_bytes().replace(b"41.25", b"35.00"))
    done = register_again(three, NOW)
    assert done.runs == (NAMES[0], NAMES[2]) and list(done.refused) == [NAMES[1]]
    assert "altered" in str(done.refused[NAMES[1]])
    assert unregistered(three) == (NAMES[1],)


def test_a_result_that_differs_from_its_line_is_named(three: Workspace) -> None:
    """Also where whoever altered it wrote its new hash into the manifest."""
    path = three.reports / NAMES[0] / "projection.json"
    path.write_bytes(path.read_bytes().replace(b"41.25", b"35.00"))
    assert not is_as_written(path.parent)
    assert beside(three) == ((), (NAMES[0],))
    hash_anew(path.parent)
    assert is_as_written(path.parent)
    assert beside(three) == ((), (NAMES[0],))


def test_a_run_that_was_made_anew_at_another_time_is_the_same(three: Workspace) -> None:
    result = made(NAMES[2])
    result["run"] |= {"created": "2024-08-01T00:00:00+00:00"}
    store_run(three.reports / NAMES[2], result, run=result["run"])
    assert beside(three) == ((), ())


def test_blocks_of_earlier_versions_are_compared_with_the_manifest(tmp_path: Path) -> None:
    workspace = Workspace.create(tmp_path / "w")
    folder = put(workspace, NAMES[0])
    append_run(workspace, made(NAMES[0]))
    assert check_register(workspace).runs == {NAMES[0]: ""}
    assert beside(workspace) == ((), ())
    (folder / "projection.json").write_text("{}", encoding="utf-8")
    assert beside(workspace) == ((), (NAMES[0],))


@pytest.mark.parametrize(("minutes", "told"), [(1, False), (2, True), (60 * 24 * 400, True)])
def test_a_run_from_before_the_one_before_it_is_remarked(
    three: Workspace, minutes: int, told: bool
) -> None:
    last = datetime.fromisoformat(made(NAMES[2])["run"]["created"])
    late = made("20240704-00000000000d")
    late["run"]["created"] = (last - timedelta(minutes=minutes)).isoformat()
    receipt = append_run(three, late)
    assert (receipt.after is not None) is told
    found = check_register(three)
    assert [(f.where, f.at) for f in found.set_back] == ([("2024-07.jsonl", 4)] if told else [])
    # The clock is right again: only what it said itself was wrong.
    assert append_run(three, made("20240705-00000000000e")).after is None
    assert len(check_register(three).set_back) == told


def test_the_order_of_the_register_stands_whatever_the_clock_said(three: Workspace) -> None:
    late = made("20240704-00000000000d")
    late["run"]["created"] = "2020-01-01T00:00:00+00:00"
    append_run(three, late)
    table = read_register(three)
    assert in_order_made(table)["run"].tolist() == [*NAMES, late["run"]["id"]]
    # One that was registered later goes where its own time puts it, before the wrong one too.
    first = made("20240701-00000000000f")
    append_run(three, first, registered=NOW)
    table = in_order_made(read_register(three))
    assert table["run"].tolist()[:2] == [NAMES[0], first["run"]["id"]]
    assert table["run"].tolist()[-1] == late["run"]["id"]


def section(root: Path) -> Workspace:
    """Three years of one section: a run of it takes a second."""
    head = "province,basin,city,river,section,time,class,class_num,status,water_temp_c,ph,do_mgl,cond_uscm,turb_ntu,codmn_mgl,nh3n_mgl,tp_mgl,tn_mgl,chla_mgl,algae_cells,src"
    lines = [
        f"某省,某流域,某市,某河,某断面,{day.date()} 08:00,,,正常,{5 + 2 * (k % 12)},7.{k % 9},{6 + k % 4},300,5,"
        f"{3 + k % 3}.{k % 7},0.{2 + k % 5},0.1{k % 6},2.{k % 8},,,made"
        for k, day in enumerate(pd.date_range("2022-01-05", periods=36, freq="MS"))
    ]
    (root / "某市.csv").write_text("\n".join([head, *lines]) + "\n", encoding="utf-8")
    workspace = Workspace.create(root / "W")
    text = workspace.config_path.read_text(encoding="utf-8")
    text = text.replace("outlook = true ", "outlook = false")
    workspace.config_path.write_text(text, encoding="utf-8")
    assert ingest_paths(workspace, [root / "某市.csv"]).exit_code == 0
    return Workspace.open(workspace.root)


def run(workspace: Workspace, as_of: str, moment: str) -> Outcome:
    """The run of a past day, made at half past six of another."""
    return execute(
        workspace, Request(as_of=date.fromisoformat(as_of), paths=60),
        clock=lambda: datetime.fromisoformat(f"{moment}T22:30:00+00:00"),
    )  # fmt: skip


@pytest.mark.usefixtures("no_charts")
def test_runs_and_verify_say_what_is_missing_and_altered(tmp_path: Path) -> None:
    workspace = section(tmp_path)
    first = run(workspace, "2024-11-30", "2024-11-30")
    assert not [zh for zh, _ in first.remarks if "登记簿" in zh]
    # The clock was set back by two years.
    second = run(workspace, "2024-12-30", "2022-12-30")
    assert "2024-12-01 06:30,晚于现在:时钟被调过" in second.remarks[0][0]
    rule = first.result["short_range"]["warning"]
    assert rule == {"level": "moderate", "probability": 0.3, "days": 7}
    found = verify(workspace)
    assert found.whole and ["时刻早于前一次运行" in zh for zh, _ in found.complaints] == [True]

    shutil.rmtree(workspace.reports / "register")
    with pytest.raises(ForecastError, match=r"finished runs stand under reports \(2\)") as caught:
        verify(workspace)
    assert "verify --register-again" in caught.value.cure
    # The same run again is put in as one that was made before.
    again = run(workspace, "2024-12-30", "2024-12-31")
    assert not again.new and "reports中有1次完成的运行不在登记簿中" in again.remarks[0][0]
    found = verify(workspace)
    assert not found.whole and found.beside.missing == (first.run_id,)
    assert [zh for zh, _ in found.complaints] == [again.remarks[0][0]]
    told = found.to_dict()["register"]
    assert (told["unregistered"], told["registered_later"]) == ([first.run_id], 1)

    path = second.folder / "projection.json"
    result = json.loads(path.read_text(encoding="utf-8"))
    result["projections"][0]["targets"] = []
    result["projections"][0]["forecast"]["mean"] += 1.0
    path.write_text(json.dumps(result), encoding="utf-8")
    hash_anew(second.folder)
    app = typer.Typer(pretty_exceptions_enable=False)
    app.callback()(lambda: None)
    add_verify(app)
    words = ["verify", "--register-again", "-w", str(workspace.root), "--lang", "en"]
    done = CliRunner().invoke(app, words, terminal_width=200)
    # What was altered is complained of; it is the register that is scored.
    assert done.exit_code == 4 and "runs registered again: 1\n" in done.stdout
    assert f"(altered or damaged since): {second.run_id}" in done.stderr
    found = verify(workspace)
    assert (found.beside.missing, found.beside.altered) == ((), (second.run_id,))
    assert second.run_id in found.complaints[-1][1]
    assert any("registered later, from their stored results: 2;" in en for _, en in found.sentences)

    with pytest.raises(ForecastError, match="no forecast of the region 无此市") as caught:
        verify(workspace, region="无此市")
    assert caught.value.cure == "Regions it has: 某市."
