"""Alerts of a workspace from end to end: found, put on record, sent, tried again, shown."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer
from alert_servers import Web, web_server
from made_results import made_entry, made_result
from stored_runs import store_run
from typer.testing import CliRunner

from forecast.cli_alert import add_changes, alert_app
from forecast.runs import alerts_send
from forecast.runs.alerts_memory import ALERTS_NAME, read_state
from forecast.runs.alerts_send import AlertReport, look, send_alerts, send_test
from forecast.runs.changes import changes_since
from forecast.runs.stored_run import read_run
from forecast.workspace import Workspace

pytest.importorskip("apprise")

_NOW = datetime(2025, 7, 1, 0, 0, tzinfo=UTC)
_SECRET = "geheim-pfad-4711"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def web() -> Iterator[Web]:
    with web_server() as server:
        yield server


@pytest.fixture
def ws(tmp_path: Path) -> Workspace:
    made = Workspace.create(tmp_path / "工作区 a")
    text = made.config_path.read_text(encoding="utf-8")
    text = text.replace("channels = []", 'channels = ["ALERT_A", "ALERT_B"]')
    made.config_path.write_text(text.replace("timeout = 30", "timeout = 10"), encoding="utf-8")
    return Workspace.open(made.root)


def _run(ws: Workspace, p: float, letter: str = "a", as_of: str = "2025-06-30") -> None:
    """Put a finished run into the workspace, as ``latest``."""
    result = made_result(made_entry(p), as_of=as_of, run=letter)
    folder = ws.reports / result["run"]["id"]
    request = {"as_of": as_of, "year": 2025, "region": None, "plan": None}
    store_run(folder, result, run=result["run"], request=request)
    (ws.reports / "latest").write_text(f"{folder.name}\n", encoding="utf-8")


def _failed(ws: Workspace, reason: str) -> None:
    told = {"last_attempt": {"exit_code": 1, "reason": reason}, "last_success": None}
    (ws.reports / "health.json").write_text(json.dumps(told), encoding="utf-8")


def _send(ws: Workspace, web: Web, **more: str) -> AlertReport:
    addresses = {
        "ALERT_A": f"json://127.0.0.1:{web.port}/{_SECRET}",
        "ALERT_B": f"json://127.0.0.1:{web.port}/b",
        **more,
    }
    return send_alerts(ws, _NOW, environment=addresses)


def test_a_crossing_between_two_runs_reaches_every_channel_once(ws: Workspace, web: Web) -> None:
    _run(ws, 0.9, "a", "2025-06-29")
    _run(ws, 0.1, "b")
    assert [a.kind for a in look(ws, _NOW).alerts] == ["probability"]
    report = _send(ws, web)
    assert report.exit_code == 0 and [s.done for s in report.sent] == [True, True]
    assert {path.rstrip("/") for path, _, _ in web.requests} == {f"/{_SECRET}", "/b"}
    assert "较可能达标 → 较难达标" in web.requests[0][2]["message"]
    assert _send(ws, web).sent == () and len(web.requests) == 2


def test_a_run_that_was_altered_is_told_of_to_nobody(ws: Workspace) -> None:
    """Neither as the newest, nor as the one before it, with which that is compared."""
    _run(ws, 0.9, "a", "2025-06-28")
    _run(ws, 0.1, "b", "2025-06-29")
    assert [a.kind for a in look(ws, _NOW).alerts] == ["probability"]
    (ws.reports / "20250629-bbbbbbbbbbbb" / "projection.json").write_text("{}", encoding="utf-8")
    assert look(ws, _NOW).alerts == ()
    _run(ws, 0.1, "c", "2025-06-30")
    found = changes_since(ws, read_run(ws.reports / "20250630-cccccccccccc").result)
    assert found is not None and found.since["id"] == "20250628-aaaaaaaaaaaa"


def test_a_channel_that_fails_stops_no_other_and_is_tried_again(ws: Workspace, web: Web) -> None:
    _failed(ws, "run: 磁盘已满")
    report = _send(ws, web, ALERT_A=f"json://127.0.0.1:1/{_SECRET}")
    assert report.exit_code == 4 and [s.done for s in report.sent] == [False, True]
    text = (ws.reports / ALERTS_NAME).read_text(encoding="utf-8")
    assert _SECRET not in text and "127.0.0.1" not in text
    (waiting,) = read_state(ws).waiting
    assert waiting.channels == ("ALERT_A",)
    again = _send(ws, web)
    assert [s.channel for s in again.sent] == ["ALERT_A"] and again.exit_code == 0
    assert again.alerts == () and read_state(ws).waiting == ()
    assert "磁盘已满" in web.requests[-1][2]["message"]


def test_what_was_found_is_on_record_before_it_leaves(
    ws: Workspace, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill while the first message is under way loses nothing."""
    _failed(ws, "run: x")

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(alerts_send, "deliver", killed)
        with pytest.raises(KeyboardInterrupt):
            _send(ws, web)
    assert len(_send(ws, web).sent) == 2 and len(web.requests) == 2


def test_a_damaged_record_is_begun_anew(ws: Workspace, web: Web) -> None:
    _failed(ws, "run: x")
    ws.reports.mkdir(exist_ok=True)
    for text in ("{", "[]", '{"memory": 3, "waiting": []}', '{"memory": {}, "waiting": [1]}'):
        (ws.reports / ALERTS_NAME).write_text(text, encoding="utf-8")
        assert read_state(ws).waiting == ()
    assert _send(ws, web).exit_code == 0


def test_a_message_that_no_channel_took_for_a_week_is_let_go(ws: Workspace, web: Web) -> None:
    _failed(ws, "run: x")
    nowhere = {"ALERT_A": "json://127.0.0.1:1/", "ALERT_B": "json://127.0.0.1:1/"}
    assert send_alerts(ws, _NOW, environment=nowhere).waiting == 1
    (ws.reports / "health.json").unlink()
    later = datetime(2025, 7, 9, tzinfo=UTC)
    assert send_alerts(ws, later, environment=nowhere).waiting == 0


def test_the_environment_file_of_the_schedule_gives_the_addresses(
    ws: Workspace, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    env = ws.root / "secrets.env"
    env.write_text(f"ALERT_A=json://127.0.0.1:{web.port}/a\n", encoding="utf-8")
    env.chmod(0o600)
    text = ws.config_path.read_text(encoding="utf-8")
    ws.config_path.write_text(
        text.replace('env_file = ""', 'env_file = "secrets.env"'), encoding="utf-8"
    )
    monkeypatch.delenv("ALERT_B", raising=False)
    sent = send_test(Workspace.open(ws.root))
    assert [s.done for s in sent] == [True, False]
    assert "ALERT_B is not set" in sent[1].en
    assert "测试" in web.requests[0][2]["message"]


@pytest.fixture
def app() -> typer.Typer:
    made = typer.Typer()
    made.add_typer(alert_app, name="alert")
    add_changes(made)
    return made


def _invoke(app: typer.Typer, *words: str) -> Any:
    return CliRunner().invoke(app, [*words], catch_exceptions=False)


def test_the_commands_tell_what_they_do(
    ws: Workspace, web: Web, app: typer.Typer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """show sends nothing; test sends to one channel; codes are 0, 4 in part, 1 where all fail."""
    where = ("--workspace", str(ws.root))
    monkeypatch.setenv("ALERT_A", f"json://127.0.0.1:{web.port}/{_SECRET}")
    monkeypatch.setenv("ALERT_B", f"json://u:{_SECRET}@127.0.0.1:1/")
    _failed(ws, "run: 磁盘已满")
    shown = _invoke(app, "alert", "show", *where)
    assert "磁盘已满" in shown.output and web.requests == []
    told = json.loads(_invoke(app, "alert", "show", "--json", *where).stdout)
    assert [a["kind"] for a in told["alerts"]] == ["run"]
    one = _invoke(app, "alert", "test", "--channel", "ALERT_A", *where)
    assert one.exit_code == 0 and len(web.requests) == 1
    both = _invoke(app, "alert", "test", "--lang", "en", *where)
    assert both.exit_code == 4 and "refused the connection" in both.output
    bad = _invoke(app, "alert", "test", "--channel", "ALERT_B", *where)
    assert bad.exit_code == 1
    sent = _invoke(app, "alert", "send", "--json", *where)
    assert sent.exit_code == 4 and json.loads(sent.stdout)["waiting"] == 1
    waiting = _invoke(app, "alert", "show", *where)
    assert "待重发(ALERT_B)" in waiting.output
    for done in (shown, one, both, bad, sent, waiting):
        assert _SECRET not in done.output


def test_without_a_channel_nothing_is_sent_and_that_is_said(
    tmp_path: Path, app: typer.Typer
) -> None:
    ws = Workspace.create(tmp_path / "w")
    _failed(ws, "run: x")
    assert "没有配置渠道" in _invoke(app, "alert", "show", "--workspace", str(ws.root)).output
    done = _invoke(app, "alert", "send", "--workspace", str(ws.root))
    assert done.exit_code == 0


def test_changes_are_printed_as_words_and_as_json(ws: Workspace, app: typer.Typer) -> None:
    _run(ws, 0.5, "a", "2025-06-29")
    where = ("--workspace", str(ws.root))
    assert "没有更早的" in _invoke(app, "changes", *where).output
    _run(ws, 0.7, "b")
    told = json.loads(_invoke(app, "changes", "--json", *where).stdout)
    (row,) = [r for r in told["rows"] if r["kind"] == "probability"]
    assert row["change"] == 0.2 and abs(sum(row["parts"].values()) - 0.2) < 1e-9
    said = _invoke(app, "changes", "--lang", "en", *where).output
    assert "50 % → 70 % (+20.0 points" in said
