"""``forecast outlook`` and its calls: what the newest run says of the next days, by region and days."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from made_outlook import CLEAN, made_city, made_section, made_week
from stored_runs import hash_anew, store_run
from typer.testing import CliRunner, Result

from forecast.api_outlook import OutlookCalls
from forecast.cli_outlook import add_outlook
from forecast.errors import ForecastError, UsageError
from forecast.workspace import Workspace

Call = Callable[..., Result]


class Calls(OutlookCalls):
    def __init__(self, workspace: Workspace) -> None:
        self._inner = workspace


def put_run(workspace: Workspace, name: str, short_range: Any, *, latest: bool = True) -> None:
    result = {"run": {"id": name, "as_of": "2026-01-05"}, "projections": []}
    if short_range is not None:
        result["short_range"] = short_range
    store_run(workspace.reports / name, result)
    if latest:
        (workspace.reports / "latest").write_text(name, encoding="utf-8")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    made = Workspace.create(tmp_path / "w")
    air = [made_week(), made_city(*[CLEAN] * 7, region="沧州市")]
    put_run(made, "20260105-new", {"air": air, "water": [made_section()]})
    put_run(made, "20260104-old", {"air": air[1:], "water": []}, latest=False)
    put_run(made, "20200101-older", None, latest=False)
    return made


@pytest.fixture
def call(workspace: Workspace) -> Call:
    app = typer.Typer(pretty_exceptions_enable=False)
    app.callback()(lambda: None)
    add_outlook(app)

    def run(*options: str) -> Result:
        return CliRunner().invoke(app, ["outlook", "-w", str(workspace.root), *options])

    return run


def test_the_newest_run_is_told_in_both_languages(call: Call) -> None:
    zh, en = call().stdout, call("--lang", "en").stdout
    assert "运行 20260105-new,起报日 2026-01-05" in zh
    assert "衡水: 1月7日至9日可能出现中度及以上污染" in zh and "重度污染" in zh and "断面甲" in zh
    assert "heavily polluted" in en and "next sampling" in en
    assert zh.count("周四") == 2


def test_region_days_and_run_are_as_asked(call: Call) -> None:
    shown = call("--region", "沧州", "--days", "2").stdout
    assert "衡水" not in shown and shown.count("周") == 2 and "断面甲" not in shown
    assert "沧州市" in call("--run", "20260104-old").stdout
    assert "衡水" not in call("--run", "20260104-old").stdout


def test_json_is_the_object_and_nothing_else(call: Call) -> None:
    told = json.loads(call("--json", "--days", "3").stdout)
    assert told["run"] == "20260105-new" and told["as_of"] == "2026-01-05"
    assert [len(entry["days"]) for entry in told["air"]] == [3, 3]
    assert told["water"][0]["place"] == "断面甲"


def test_the_calls_return_tables(workspace: Workspace) -> None:
    calls = Calls(workspace)
    table = calls.outlook(region="衡水", days=2)
    assert table["region"].tolist() == ["衡水", "衡水"]
    assert table["p_moderate"].tolist() == pytest.approx([0.02, 0.62])
    sections = calls.outlook_of_sections()
    assert sections["p_worse"].tolist() == [0.6]


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"days": 8}, UsageError, "--days 8"),
        ({"run": "nope"}, UsageError, "no run nope"),
        ({"run": "../w/reports/20260105-new"}, UsageError, "There is no run"),
        ({"run": ""}, UsageError, "There is no run"),
        ({"region": "北京"}, ForecastError, "no outlook of the region 北京"),
        ({"run": "20200101-older"}, ForecastError, "had no daily outlook"),
    ],
)
def test_what_can_not_be_told_is_said(
    workspace: Workspace, options: dict[str, Any], error: type[ForecastError], words: str
) -> None:
    with pytest.raises(error, match=words):
        Calls(workspace).outlook(**options)


def test_a_workspace_without_a_run_or_with_a_damaged_one_is_said(tmp_path: Path) -> None:
    made = Workspace.create(tmp_path / "w")
    with pytest.raises(ForecastError, match="no run yet"):
        Calls(made).outlook()
    put_run(made, "a", {"air": [], "water": []})
    path = made.reports / "a" / "projection.json"
    for text in ("{", "[]", '{"run": {}}'):
        path.write_text(text, encoding="utf-8")
        hash_anew(path.parent)
        with pytest.raises(ForecastError, match="The run a can't be read"):
            Calls(made).outlook()
    for missing in ("projection.json", "manifest.json"):
        (path.parent / missing).unlink()
        with pytest.raises(ForecastError, match=r"can't be read \(No such file"):
            Calls(made).outlook()


def test_an_altered_run_is_refused_in_one_sentence_with_the_cure(
    workspace: Workspace, call: Call
) -> None:
    """A probability of pollution that someone set right by hand is not told as the run's."""
    path = workspace.reports / "20260105-new" / "projection.json"
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole.replace('"moderate": 0.2,', '"moderate": 0.0,', 1), encoding="utf-8")
    assert path.read_text(encoding="utf-8") != whole
    done = call()
    assert done.exit_code != 0 and isinstance(done.exception, ForecastError)
    assert str(done.exception) == (
        "The run 20260105-new is not as it was written: its projection.json was altered or is "
        "damaged. Make it anew: forecast run."
    )
    assert call("--run", "20260104-old").exit_code == 0
