"""What the processes that meet a fault do, where no command does just that."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from forecast.configuration_retention import RetentionSettings
from forecast.fetch import fetch
from forecast.ingest import ingest_paths
from forecast.runs.alerts import Alert
from forecast.runs.alerts_memory import alone_with_alerts, read_state, write_state
from forecast.runs.execute import finished_result, latest_run
from forecast.runs.health import write_health
from forecast.runs.lock import alone
from forecast.runs.publishing import publish
from forecast.runs.register import append_run
from forecast.runs.retention import retire
from forecast.runs.run_log import RunLog, Secrets
from forecast.runs.schedule_memory import Memory, write_memory
from forecast.workspace import Workspace

__all__ = ["MORNING", "WORK"]

_ZONE = ZoneInfo("Asia/Shanghai")
MORNING = datetime(2024, 7, 1, 22, 30, tzinfo=UTC)


def ingest(root: str, file: str, day: str = "2022-06-01") -> None:
    """Take a file in at 08:00 of a day, from which on its corrections are known."""
    now = datetime.fromisoformat(f"{day}T08:00:00+08:00")
    report = ingest_paths(Workspace.open(root), [file], now=now)
    assert report.exit_code == 0, report


def register(root: str) -> None:
    """Put the newest run into the register once more, as that of another day."""
    workspace = Workspace.open(root)
    folder = latest_run(workspace)
    assert folder is not None
    result = finished_result(folder)
    assert result is not None
    append_run(workspace, result | {"run": result["run"] | {"id": "20220301-0123456789ab"}})


def alerts(root: str) -> None:
    """Note a message that is to be sent."""
    workspace = Workspace.open(root)
    with alone_with_alerts(workspace):
        alert = Alert("k2", "run", "bad", "第二条", "the second")
        state = read_state(workspace).with_news(
            {"run": 2}, [alert], ["MAIL"], date(2024, 7, 2), "b"
        )
        write_state(workspace, state)


def retention(root: str) -> None:
    """Remove what is due on 2024-07-02."""
    settings = RetentionSettings(runs=30, scenarios=30)
    retire(Workspace.open(root), settings, clock=lambda: MORNING)


def answer(root: str, name: str = "mine") -> None:
    """Put a folder of results in the place of another one, as an answer with --out does."""
    workspace = Workspace.open(root)

    def write(aside: Path) -> None:
        for name in ("scenario.json", "index.html"):
            (aside / name).write_text(f"new {name}\n" * 3000, encoding="utf-8")

    with alone(workspace):
        publish(workspace.reports / "scenarios" / name, write, what="answer")


def records(root: str) -> None:
    """Write the records of a scheduled run and a line of the log."""
    workspace = Workspace.open(root)
    write_memory(workspace, Memory(MORNING, 1, MORNING))
    attempt = {
        "slot": MORNING.isoformat(), "ended": MORNING.isoformat(), "exit_code": 0, "reason": "",
        "next_due": (MORNING + timedelta(days=1)).isoformat(),
    }  # fmt: skip
    write_health(workspace, attempt, good=True)
    write_memory(workspace, Memory(MORNING, 1, MORNING, MORNING, 0))


def log(root: str) -> None:
    """Write lines of the log until it is set aside once."""
    folder = Workspace.open(root).reports / "logs"
    written = RunLog(folder, secrets=Secrets(), largest=600, files=3, now=lambda: MORNING)
    for n in range(6):
        written.write("step", stage="run", n=n)


def pull(root: str, address: str, timeout: str = "5") -> None:
    """Fetch one day from a source on loopback; print what became of it."""
    import numpy as np

    day = date(2025, 2, 20)
    report = fetch(
        Workspace.open(root), "cnemc-archive", start=day, end=day, base_url=address,
        now=datetime(2025, 3, 2, 6, tzinfo=_ZONE), rng=np.random.default_rng(1),
        timeout=float(timeout), attempts=1, sleep=lambda _: None,
    )  # fmt: skip
    print(
        report.exit_code, [one.state for one in report.files], [one.reason for one in report.files]
    )


#: Name → function; each takes the folder of the workspace first.
WORK: dict[str, Callable[..., None]] = {
    one.__name__: one for one in (ingest, register, alerts, retention, answer, records, log, pull)
}
