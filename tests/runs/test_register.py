"""The register: a run stands once and for good, and what is lost or altered is noticed."""

from __future__ import annotations

import copy
import hashlib
import json
import multiprocessing
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from forecast.errors import WorkspaceError
from forecast.runs import register
from forecast.runs.register import append_run, check_register, read_register, read_said
from forecast.runs.register_blocks import FIRST, block_line, lines_of, packed, unpacked
from forecast.runs.register_entries import Tables
from forecast.workspace import Workspace

LEVELS = ("0.025", "0.05", "0.1", "0.25", "0.5", "0.75", "0.9", "0.95", "0.975")


def entry(**changes: Any) -> dict[str, Any]:
    """A projection of one indicator, as it stands in a result."""
    made: dict[str, Any] = {
        "region": "衡水", "place": "衡水", "place_kind": "city", "point_set": "", "domain": "air",
        "indicator": "pm25_annual_mean", "unit": "µg/m³", "year": 2024, "period": "2024",
        "standard": "GB 3095-2012", "dust": "kept", "basis": None,
        "observed": {"value": 42.5, "value_official": 42.0, "n_valid": 181, "n_expected": 182,
                     "last_day": "2024-06-30"},
        "forecast": {
            "mean": 41.25, "quantiles": {q: 36.0 + k for k, q in enumerate(LEVELS)}, "n_paths": 200,
            "model": "seasonal",
        },
        "baselines": {"persistence": 44.0, "ytd_ratio": None, "climatology": 50.0,
                      "climatology_lowest": 43.0, "climatology_highest": 60.0},
        "targets": [
            {"id": "t-35", "plan": "p", "kind": "threshold", "level": "firm", "comparator": "<=",
             "value": 35.0, "unit": "µg/m³", "year": 2025, "binding": "binding", "probability": 0.02,
             "verdict": "UNLIKELY", "reason": "…", "reason_en": "…"},
        ],
    }  # fmt: skip
    return made | changes


def result(
    as_of: str = "2024-06-30", name: str = "a", created: str = "2024-07-01T06:30:00+08:00",
    entries: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:  # fmt: skip
    """The object of a run with one entry, or with those given."""
    return {
        "run": {"id": f"{as_of.replace('-', '')}-{name}", "as_of": as_of, "year": 2024, "created": created,
                "seed": 7, "version": "0.1.0", "standard": "by date", "inputs": [],
                "config_sha256": "0" * 64, "seconds": 1.5},
        "projections": [entry()] if entries is None else entries,
    }  # fmt: skip


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "w")


def files(workspace: Workspace) -> list[Path]:
    return sorted((workspace.reports / "register").glob("*.jsonl"))


def fill(workspace: Workspace, n: int = 4) -> Path:
    """Runs of the first days of July; returns the file they stand in."""
    for k in range(n):
        append_run(workspace, result(f"2024-07-0{k + 1}"))
    (path,) = files(workspace)
    return path


def test_what_was_said_is_read_back(workspace: Workspace) -> None:
    water = entry(
        region="衡水市", place="大赵常", place_kind="section", domain="water",
        indicator="section_class", unit="class",
        forecast={"mean": 3.1, "quantiles": dict.fromkeys(LEVELS, 3.0), "n_paths": 500, "model": "w",
                  "classes": {"I": 0.0, "II": 0.1, "III": 0.7, "IV": 0.2, "V": 0.0, "劣V": 0.0}},
        baselines={"persistence": 3.0, "climatology": 3.5, "climatology_years": [3.0, 4.0]},
        targets=[entry()["targets"][0] | {"id": "t-iii", "value": "III", "probability": 0.8}],
    )  # fmt: skip
    over = entry(place="老点", forecast=None, targets=[], baselines={})
    append_run(workspace, result(entries=[entry(), water, over]))
    forecasts, targets = read_said(workspace)
    first, third, second = (forecasts.iloc[k] for k in range(3))
    assert (first["run"], first["seed"], first["version"]) == ("20240630-a", 7, "0.1.0")
    assert [first[f"q{float(q):g}"] for q in LEVELS] == [36.0 + k for k in range(9)]
    assert (first["mean"], first["observed"], first["n_valid"]) == (41.25, 42.5, 181)
    assert first["persistence"] == 44.0
    assert np.isnan(first["ytd_ratio"])
    assert first["created"].isoformat() == "2024-06-30T22:30:00+00:00"
    assert first["last_day"].isoformat()[:10] == "2024-06-30"
    assert np.isnan(third["mean"])
    assert [second[f"class_{k}"] for k in range(1, 7)] == [0.0, 0.1, 0.7, 0.2, 0.0, 0.0]
    assert second["climatology_years"] == [3.0, 4.0]
    assert targets["id"].tolist() == ["t-35", "t-iii"]
    assert targets["entry"].tolist() == [0, 2]
    assert targets.loc[0, "value"] == 35.0
    assert (targets.loc[1, "token"], targets.loc[1, "probability"]) == ("III", 0.8)


def test_a_region_is_read_under_every_form_of_its_name(workspace: Workspace) -> None:
    append_run(workspace, result(entries=[entry(), entry(region="沧州", place="沧州")]))
    assert read_register(workspace, "沧州市")["place"].tolist() == ["沧州"]
    assert len(read_register(workspace)) == 2
    assert read_register(workspace, "北京").empty


def test_without_a_run_the_register_is_empty(workspace: Workspace) -> None:
    assert read_register(workspace).empty
    check = check_register(workspace)
    assert (check.blocks, check.sha256, check.faults) == (0, FIRST, ())


def test_the_same_run_stands_once(workspace: Workspace) -> None:
    first = append_run(workspace, result())
    append_run(workspace, result("2024-07-01"))
    # Made again later, as after its folder was lost.
    again = append_run(workspace, result(created="2024-09-09T06:30:00+08:00"))
    assert first.new
    assert not again.new
    assert (again.number, again.sha256) == (first.number, first.sha256)
    assert read_register(workspace)["run"].tolist() == ["20240630-a", "20240701-a"]


def test_files_are_only_added_to_and_one_serves_a_month(workspace: Workspace) -> None:
    append_run(workspace, result())
    before = files(workspace)[0].read_bytes()
    append_run(workspace, result("2024-07-30", created="2024-07-31T06:30:00+08:00"))
    append_run(workspace, result("2024-08-02", created="2024-08-03T06:30:00+08:00"))
    # The clock was turned back: the run still stands after the others.
    append_run(workspace, result("2024-08-03", created="2020-01-01T00:00:00+00:00"))
    assert [p.name for p in files(workspace)] == ["2024-07.jsonl", "2024-08.jsonl"]
    assert files(workspace)[0].read_bytes().startswith(before)
    assert read_register(workspace)["block"].tolist() == [1, 2, 3, 4]
    assert check_register(workspace).faults == ()


def test_a_line_is_json_whose_hash_can_be_checked_with_any_tool(workspace: Workspace) -> None:
    path = fill(workspace, 2)
    first, second = path.read_text(encoding="ascii").splitlines()
    told = json.loads(first)
    assert hashlib.sha256(first.split(",", 1)[1].encode()).hexdigest() == told["sha256"]
    assert json.loads(second)["prev"] == told["sha256"]
    assert told["prev"] == "0" * 64
    assert unpacked(told["regions"]["衡水"])["mean"] == [41.25]


@pytest.mark.parametrize("cut", [1, 40, 300, "half"])
def test_a_torn_line_is_no_loss(workspace: Workspace, cut: int | str) -> None:
    """Cut off while the fourth run was written, before anybody was told that it stood."""
    path = fill(workspace, 3)
    head = path.parent / "head.json"
    third = head.read_bytes()
    whole = path.stat().st_size
    append_run(workspace, result("2024-07-04"))
    size = path.stat().st_size - whole
    os.truncate(path, whole + (size // 2 if cut == "half" else min(int(cut), size - 1)))
    head.write_bytes(third)
    check = check_register(workspace)
    assert (check.blocks, check.torn, check.faults) == (3, 1, ())
    receipt = append_run(workspace, result("2024-07-04"))
    assert (receipt.number, receipt.new) == (4, True)
    check = check_register(workspace)
    assert (check.blocks, check.torn, check.faults) == (4, 1, ())
    assert read_register(workspace)["as_of"].dt.day.tolist() == [1, 2, 3, 4]


def test_killed_after_the_line_and_before_the_head(workspace: Workspace) -> None:
    path = fill(workspace, 1)
    head = path.parent / "head.json"
    before = head.read_bytes()
    second = append_run(workspace, result("2024-07-02"))
    head.write_bytes(before)
    assert check_register(workspace).faults == ()
    assert append_run(workspace, result("2024-07-02")).new is False
    assert append_run(workspace, result("2024-07-03")).number == second.number + 1
    assert check_register(workspace).faults == ()


def test_zeros_of_a_power_cut_are_passed_over(workspace: Workspace) -> None:
    path = fill(workspace, 2)
    with path.open("ab") as file:
        file.write(b"\0" * 512)
    assert append_run(workspace, result("2024-07-03")).number == 3
    check = check_register(workspace)
    assert (check.blocks, check.torn, check.faults) == (3, 1, ())


def test_an_altered_number_is_noticed(workspace: Workspace) -> None:
    path = fill(workspace, 3)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[1] = lines[1].replace(b'"seed":7', b'"seed":8')
    path.write_bytes(b"".join(lines))
    (fault,) = check_register(workspace).faults
    assert (fault.where, fault.at) == ("2024-07.jsonl", 2)
    assert "altered" in fault.en
    assert "改动" in fault.zh
    assert read_register(workspace)["block"].tolist() == [1, 3]


def test_an_altered_block_with_a_new_hash_is_noticed(workspace: Workspace) -> None:
    path = fill(workspace, 3)
    lines = path.read_bytes().splitlines(keepends=True)
    told = json.loads(lines[1])
    regions = {"衡水": packed(unpacked(told["regions"]["衡水"]) | {"mean": [35.0]})}
    lines[1] = block_line(2, told["prev"], told["run"], regions, 1)[0]
    path.write_bytes(b"".join(lines))
    (fault,) = check_register(workspace).faults
    assert fault.at == 3
    assert "does not follow" in fault.en


@pytest.mark.parametrize(
    ("lost", "said"),
    [([0], "run 1 before"), ([1, 2], "runs 2 to 3"), ([3], "run 4 at the end")],
)
def test_lost_blocks_are_noticed(workspace: Workspace, lost: list[int], said: str) -> None:
    path = fill(workspace, 4)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(line for k, line in enumerate(lines) if k not in lost))
    assert said in " ".join(f.en for f in check_register(workspace).faults)
    # What comes later stands, and the gap stays visible.
    assert append_run(workspace, result("2024-07-09")).number == 5
    assert said.split(" at ")[0] in " ".join(f.en for f in check_register(workspace).faults)


def test_a_lost_month_and_a_lost_head_are_noticed(workspace: Workspace) -> None:
    fill(workspace, 2)
    append_run(workspace, result("2024-08-02", created="2024-08-03T06:30:00+08:00"))
    files(workspace)[0].unlink()
    assert "runs 1 to 2" in check_register(workspace).faults[0].en
    (workspace.reports / "register" / "head.json").unlink()
    assert "head.json is missing" in check_register(workspace).faults[-1].en


def _append_many(root: str, name: str) -> None:
    workspace = Workspace.open(root)
    for k in range(1, 9):
        append_run(workspace, result(f"2024-07-0{k}", name))
        append_run(workspace, result(f"2024-07-0{k}", "both"))


def test_two_writers_at_once_lose_nothing(workspace: Workspace) -> None:
    context = multiprocessing.get_context("spawn")
    writers = [
        context.Process(target=_append_many, args=(str(workspace.root), name)) for name in "xy"
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(120)
    assert [w.exitcode for w in writers] == [0, 0]
    check = check_register(workspace)
    assert (check.blocks, check.torn, check.faults) == (24, 0, ())
    assert read_register(workspace)["run"].is_unique


_KILLED = """
import sys
sys.path.insert(0, sys.argv[2])
from test_register import result
from forecast.runs.register import append_run
from forecast.workspace import Workspace
w = Workspace.open(sys.argv[1])
print("ready", flush=True)
for k in range(100000):
    receipt = append_run(w, result("2024-07-01", f"r{k}"))
    print(k, flush=True)
"""


def test_a_writer_killed_at_any_moment_leaves_what_it_had_acknowledged(
    workspace: Workspace,
) -> None:
    for rounds in range(3):
        done = -1
        with subprocess.Popen(
            [sys.executable, "-c", _KILLED, str(workspace.root), str(Path(__file__).parent)],
            stdout=subprocess.PIPE, text=True, encoding="utf-8",
        ) as writer:  # fmt: skip
            assert writer.stdout is not None
            for line in writer.stdout:
                if line.strip().isdigit():
                    done = int(line)
                if done >= 3 + rounds:
                    writer.kill()
                    break
        check = check_register(workspace)
        assert check.faults == ()
        assert check.blocks >= done + 1
        assert read_register(workspace)["run"].is_unique
    assert append_run(workspace, result("2024-07-02")).new


_NAMES = st.text(min_size=1, max_size=12)
_HOSTILE = [
    '=HYPERLINK("x")',
    "../../etc",
    "a\nb\r\u2028c",
    "<script>",
    "'; DROP TABLE",
    "\ud800",
    "\0",
]


@given(name=_NAMES | st.sampled_from(_HOSTILE))
def test_names_of_any_kind_come_back_as_they_were(name: str) -> None:
    entries = [entry(region=name, place=name, model=name)]
    regions, n = register.packed_entries(entries)
    line, _ = block_line(1, FIRST, {"id": name, "as_of": "2024-06-30"}, regions, n)
    assert line.count(b"\n") == 1
    assert line.isascii()
    assert json.loads(line)["run"]["id"] == name
    data = unpacked(json.loads(line)["regions"][name])
    assert data["place"] == [name]


def test_a_hostile_name_touches_no_other_file(workspace: Workspace) -> None:
    bad = result(name="../../x", entries=[entry(region=h) for h in _HOSTILE[:5]])
    append_run(workspace, bad)
    assert [p.name for p in files(workspace)] == ["2024-07.jsonl"]
    assert set(read_register(workspace)["region"]) == set(_HOSTILE[:5])
    with pytest.raises(ValueError, match="Invalid isoformat"):
        append_run(workspace, result(created="../../../tmp/x"))


def test_entries_of_no_register_are_refused(workspace: Workspace) -> None:
    line, _ = block_line(1, FIRST, result()["run"], {"衡水": "!!"}, 1)
    folder = workspace.reports / "register"
    folder.mkdir()
    (folder / "2024-07.jsonl").write_bytes(line)
    with pytest.raises(
        WorkspaceError, match=r"2024-07\.jsonl, line 1: the forecasts can't be read"
    ):
        read_register(workspace)


def test_a_bomb_is_not_blown_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecast.runs.register_blocks._MOST", 1000)
    with pytest.raises(ValueError, match="larger than any"):
        unpacked(packed("0" * 100_000))


def test_a_later_form_asks_for_a_newer_program(workspace: Workspace, tmp_path: Path) -> None:
    body = b'"form":99,"n":1,"prev":"","run":{},"entries":0,"regions":{}}'
    digest = hashlib.sha256(body).hexdigest().encode()
    path = tmp_path / "2024-07.jsonl"
    path.write_bytes(b'{"sha256":"' + digest + b'",' + body + b"\n")
    with pytest.raises(WorkspaceError, match="later version"):
        list(lines_of(path))


def test_a_full_disk_says_so_and_loses_nothing(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(workspace, 2)

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(register.os, "fsync", full)
        with pytest.raises(WorkspaceError, match="No space left") as caught:
            append_run(workspace, result("2024-07-03"))
    assert "run again" in caught.value.cure
    append_run(workspace, result("2024-07-03"))
    check = check_register(workspace)
    assert (check.blocks, check.faults) == (3, ())


def test_a_register_that_is_no_folder_is_one_sentence(workspace: Workspace) -> None:
    (workspace.reports / "register").write_text("x", encoding="utf-8")
    with pytest.raises(WorkspaceError, match="register"):
        append_run(workspace, result())


def test_quantiles_of_another_number_stand_beside(workspace: Workspace) -> None:
    few = copy.deepcopy(entry(indicator="co_p95"))
    few["forecast"]["quantiles"] = {"0.1": 1.0, "0.5": 1.5, "0.9": 2.0}
    append_run(workspace, result(entries=[entry(), few]))
    table = read_register(workspace).set_index("indicator")
    assert np.isnan(table.loc["co_p95", "q0.25"])
    assert table.loc["co_p95", "q0.5"] == 1.5
    assert table.loc["pm25_annual_mean", "q0.5"] == 40.0


def test_one_indicator_can_be_read_alone(workspace: Workspace) -> None:
    append_run(workspace, result(entries=[entry(), entry(indicator="co_p95", targets=[])]))
    forecasts, targets = read_said(workspace, indicator="co_p95")
    assert forecasts["indicator"].tolist() == ["co_p95"]
    assert targets.empty
    assert Tables().targets().empty
