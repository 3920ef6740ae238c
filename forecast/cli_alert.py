"""The commands ``forecast alert`` and ``forecast changes``."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from forecast.cli_options import Folder, Json, Lang, Quiet
from forecast.terminal import Console, complain

if TYPE_CHECKING:
    from forecast.runs.alerts_channels import Sent

__all__ = ["add_changes", "alert_app"]

alert_app = typer.Typer(
    no_args_is_help=True,
    help="提醒:邮件、企业微信、钉钉、飞书、网络钩子。 Alerts by mail, chat or webhook.",
)

#: Exit codes: some channels failed, all did.
_SOME, _ALL = 4, 1


def _say_json(data: Any) -> None:
    sys.stdout.write(json.dumps(data, ensure_ascii=False) + "\n")


def _failures(sent: list[Sent], lang: str) -> None:
    for one in sent:
        if not one.done:
            complain(one.zh if lang == "zh" else one.en)


@alert_app.command("test")
def alert_test(
    channel: Annotated[
        str | None,
        typer.Option("--channel", help="只发到这个渠道(环境变量名) one channel", metavar="NAME"),
    ] = None,
    workspace: Folder = Path(),
    as_json: Json = False,
    quiet: Quiet = False,
    lang: Lang = "zh",
) -> None:
    """发一条测试消息。 Send a test message to the channels."""
    from forecast.runs.alerts_send import send_test
    from forecast.workspace import Workspace

    sent = send_test(Workspace.open(workspace), channel=channel)
    if as_json:
        _say_json(
            {"sent": [{"channel": s.channel, "done": s.done, "zh": s.zh, "en": s.en} for s in sent]}
        )
    else:
        out = Console(lang, quiet=quiet)
        for one in sent:
            if one.done:
                out.say(f"已发送:{one.channel}", f"sent: {one.channel}")
    _failures(sent, lang)
    good = sum(one.done for one in sent)
    raise typer.Exit(0 if good == len(sent) else _SOME if good else _ALL)


@alert_app.command("show")
def alert_show(
    workspace: Folder = Path(),
    as_json: Json = False,
    quiet: Quiet = False,
    lang: Lang = "zh",
) -> None:
    """现在会发出什么;不发送。 What would be sent now; nothing is sent."""
    from forecast.runs.alerts_memory import read_state
    from forecast.runs.alerts_send import look
    from forecast.workspace import Workspace

    opened = Workspace.open(workspace)
    state, names = read_state(opened), opened.config.alerts.channels
    found = look(opened, datetime.now(UTC), state).alerts
    if as_json:
        _say_json(
            {
                "alerts": [one.to_dict() for one in found],
                "waiting": [
                    w.alert.to_dict() | {"channels": list(w.channels)} for w in state.waiting
                ],
                "channels": names,
            }
        )
        return
    out = Console(lang, quiet=quiet)
    for one in found:
        out.say(one.zh, one.en, always=True)
    for waiting in state.waiting:
        where = ", ".join(waiting.channels)
        out.say(
            f"待重发({where}):{waiting.alert.zh}",
            f"to be sent again ({where}): {waiting.alert.en}",
            always=True,
        )
    if not found and not state.waiting:
        out.say("现在没有要提醒的。", "Nothing is worth a message now.")
    if not names:
        out.say(
            "没有配置渠道,不会发送([alerts] channels)。",
            "No channel is configured, so nothing is sent ([alerts] channels).",
        )


@alert_app.command("send")
def alert_send(
    workspace: Folder = Path(),
    as_json: Json = False,
    quiet: Quiet = False,
    lang: Lang = "zh",
) -> None:
    """发送提醒,供定时任务调用。 Send what is worth a message; for the schedule."""
    from forecast.runs.alerts_send import send_alerts
    from forecast.workspace import Workspace

    report = send_alerts(Workspace.open(workspace), datetime.now(UTC))
    if as_json:
        _say_json(report.to_dict())
    else:
        out = Console(lang, quiet=quiet)
        out.say(f"新提醒{len(report.alerts)}条", f"new alerts: {len(report.alerts)}")
        for one in report.sent:
            if one.done:
                out.say(f"已发送:{one.channel}", f"sent: {one.channel}")
    _failures(list(report.sent), lang)
    raise typer.Exit(report.exit_code)


def add_changes(app: typer.Typer) -> None:
    """Put the command ``changes`` under ``app``."""
    app.command(name="changes")(changes)


def changes(
    run: Annotated[
        str | None, typer.Option("--run", help="运行名,默认最新 a run", metavar="ID")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="与哪次运行相比 the earlier run", metavar="ID")
    ] = None,
    workspace: Folder = Path(),
    as_json: Json = False,
    quiet: Quiet = False,
    lang: Lang = "zh",
) -> None:
    """与上一次运行相比有什么变化、为什么。 What changed since the last run, and why."""
    from forecast.api import Workspace
    from forecast.report.change_words import change_lines

    found = Workspace(workspace).changes(run=run, since=since)
    if as_json:
        _say_json(None if found is None else found.to_dict())
        return
    out = Console(lang, quiet=quiet)
    if found is None:
        out.say(
            "没有更早的同类运行可比。", "There is no earlier run that asked the same.", always=True
        )
        return
    for line in change_lines(found.to_dict(), lang):
        out.say(line, line, always=True)
