"""Scheduled runs: steps, records, failures, kills and clocks, with real processes as steps."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from morning_made import DAILY, MadeClock, MadeCommand, at
from saved_workspace import make_run

from forecast.errors import UsageError, WorkspaceError
from forecast.runs import schedule_steps
from forecast.runs.run_log import LOG_NAME
from forecast.runs.schedule_attempt import Attempt, attempt
from forecast.runs.schedule_lock import BusyError, scheduled_alone
from forecast.runs.schedule_loop import run_loop, run_once
from forecast.runs.schedule_memory import read_memory
from forecast.runs.schedule_steps import Step, fetch_words, known_fetch, morning, perform
from forecast.workspace import Workspace

_SLOT = at("2025-07-01T06:30+08:00")
_WEATHER = "open-meteo --place 衡水 --lat 37.74 --lon 115.67 --from 2025-01-01"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return Workspace.create(tmp_path / "工作 区 $x 'y'").root


@pytest.fixture
def command(tmp_path: Path) -> MadeCommand:
    return MadeCommand(tmp_path / "made")


def clock_at(moment: str, hours: float = 1000) -> MadeClock:
    return MadeClock(at(moment), at(moment) + timedelta(hours=hours))


def log_of(root: Path) -> list[dict[str, Any]]:
    text = (root / "reports" / "logs" / LOG_NAME).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def health_of(root: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((root / "reports" / "health.json").read_text("utf-8"))
    return told


def test_the_steps_of_a_morning_and_their_order(root: Path) -> None:
    workspace = Workspace.open(root)
    where = ("--workspace", str(root), "--lang", "en")
    assert [s.arguments for s in morning(workspace, (), date(2025, 7, 1))] == [
        ("run", *where, "--quiet")
    ]
    (workspace.raw / "x.csv").write_text("a\n", encoding="utf-8")
    steps = morning(workspace, (_WEATHER, "uci-beijing"), date(2025, 7, 1))
    assert [s.name for s in steps] == ["fetch open-meteo", "fetch uci-beijing", "ingest", "run"]
    assert steps[0].arguments[:4] == ("fetch", "open-meteo", "--place", "衡水")
    assert steps[2].arguments[:2] == ("ingest", str(workspace.raw))
    assert [s.deciding for s in steps] == [False, False, False, True]


def test_old_results_go_after_the_run_once_some_are_due(root: Path) -> None:
    workspace = Workspace.open(root)
    for day in ("2019-03-04", "2019-03-05", "2025-06-29", "2025-06-30", "2025-07-01"):
        make_run(workspace, f"{day.replace('-', '')}-0123456789ab", f"{day}T06:30:00+08:00")
    steps = morning(workspace, (), date(2025, 7, 1))
    assert [s.name for s in steps] == ["run", "retention"]
    where = ("--workspace", str(root), "--lang", "en")
    assert steps[1].arguments == ("retention", "--apply", *where, "--quiet")
    assert not steps[1].deciding
    done = perform(steps[1], environment=os.environ, folder=root, longest=60.0)
    assert done.exit_code == 0, done.said
    stand = sorted(p.name[:8] for p in workspace.reports.glob("2*-*"))
    assert stand == ["20190305", "20250629", "20250630", "20250701"]
    assert [s.name for s in morning(workspace, (), date(2025, 7, 1))] == ["run"]


def test_days_of_a_source_count_back_from_the_day_of_the_run() -> None:
    words = fetch_words("cnemc-archive --what hours --from -3d --to -1d", date(2025, 3, 1))
    assert words[-4:] == ["--from", "2025-02-26", "--to", "2025-02-28"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", "does not begin with a source"),
        ("nowhere --from 2025-01-01", "Known: open-meteo"),
        ("open-meteo --place '衡水", "quotes"),
        ("open-meteo --workspace /etc", "--workspace, which means nothing"),
        ("open-meteo --place", "Options, each with a value"),
        ("open-meteo ; rm -rf /", "has ;, which"),
        ("open-meteo --json", "--json"),
    ],
)
def test_a_source_that_cannot_be_fetched_is_refused_at_once(line: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        known_fetch(line)


def test_a_good_morning_is_on_record(root: Path, command: MadeCommand) -> None:
    (root / "data" / "raw" / "x.csv").write_text("a\n", encoding="utf-8")
    command.does(ingest={"out": '{"new": 5, "flags": 1, "files": []}'}, run={"run": "20250701-ff"})
    made = run_once(
        command.scheduled(root, fetch=(_WEATHER,)), clock_at("2025-07-01T06:31+08:00").clock()
    )
    assert made is not None and made.exit_code == 0 and made.run_id == "20250701-ff"
    assert command.steps == ["fetch", "ingest", "run"]
    # The steps run in the workspace; names with spaces, quotes and dollars arrive as they are.
    assert {call["folder"] for call in command.calls} == {str(root)}
    where = ["--workspace", str(root), "--lang", "en"]
    assert command.calls[-1]["arguments"] == ["run", *where, "--quiet"]
    told = health_of(root)
    assert told["last_success"] == told["last_attempt"]
    assert told["last_success"]["run"] == "20250701-ff" and told["last_success"]["exit_code"] == 0
    assert told["next_due"] == "2025-07-01T22:30:00+00:00"
    events = log_of(root)
    assert [e["event"] for e in events] == ["begin", "step", "step", "step", "end"]
    assert [e.get("stage") for e in events[1:4]] == ["fetch open-meteo", "ingest", "run"]
    assert events[2]["counts"] == {"new": 5, "flags": 1}
    assert all(e["seconds"] > 0 for e in events[1:4])


def test_the_timer_fires_twice_and_the_second_time_does_nothing(
    root: Path, command: MadeCommand
) -> None:
    scheduled = command.scheduled(root)
    assert run_once(scheduled, clock_at("2025-07-01T06:30+08:00").clock()) is not None
    before = (root / "reports" / "health.json").read_bytes()
    assert run_once(scheduled, clock_at("2025-07-01T06:30:30+08:00").clock()) is None
    assert run_once(scheduled, clock_at("2025-07-02T05:00+08:00").clock()) is None
    assert command.steps == ["run"] and log_of(root)[-1]["event"] == "skip"
    assert (root / "reports" / "health.json").read_bytes() == before
    assert run_once(scheduled, clock_at("2025-07-01T06:31+08:00").clock(), force=True) is not None
    assert run_once(scheduled, clock_at("2025-07-02T06:30+08:00").clock()) is not None
    assert command.steps == ["run"] * 3


def test_a_source_that_is_down_leaves_a_run_in_part(root: Path, command: MadeCommand) -> None:
    command.does(fetch={"code": 1, "said": "Warning: x\nforecast: It does not answer. Try later."})
    made = run_once(
        command.scheduled(root, fetch=(_WEATHER,)), clock_at("2025-07-01T07:00+08:00").clock()
    )
    assert made is not None and made.exit_code == 4 and made.good
    assert made.reason == "fetch open-meteo: It does not answer. Try later."
    assert health_of(root)["last_success"]["exit_code"] == 4
    assert [e["level"] for e in log_of(root)] == ["info", "error", "info", "warning"]


def test_a_run_that_fails_keeps_the_last_good_one_on_record(
    root: Path, command: MadeCommand
) -> None:
    scheduled = command.scheduled(root)
    run_once(scheduled, clock_at("2025-07-01T07:00+08:00").clock())
    command.does(run={"code": 3, "said": "forecast: CO is in integers. Ask the source."})
    made = run_once(scheduled, clock_at("2025-07-02T07:00+08:00").clock())
    assert made is not None and made.exit_code == 3 and made.run_id == ""
    told = health_of(root)
    assert told["last_attempt"]["reason"] == "run: CO is in integers. Ask the source."
    assert told["last_success"]["slot"] == "2025-06-30T22:30:00+00:00"
    # Fired again on the same day, it is tried again at once.
    command.does()
    made = run_once(scheduled, clock_at("2025-07-02T07:10+08:00").clock())
    assert made is not None and made.exit_code == 0 and made.tries == 2


def test_a_step_that_hangs_is_ended_with_all_that_it_started(
    root: Path, command: MadeCommand
) -> None:
    command.does(run={"seconds": 600})
    done = schedule_steps.perform(
        Step("run", ("run", "--workspace", str(root)), deciding=True),
        environment=os.environ, folder=root, longest=0.6, command=command.words,
    )  # fmt: skip
    assert done.exit_code == 1 and done.said == "It took longer than 0.01 minutes and was ended."
    with pytest.raises(ProcessLookupError):
        os.kill(command.calls[0]["pid"], 0)


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_step_that_the_system_kills_is_told_apart(root: Path) -> None:
    done = schedule_steps.perform(
        Step("run", ()), environment=os.environ, folder=root, longest=60,
        command=(sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"),
    )  # fmt: skip
    assert done.exit_code == 1 and "signal 9" in done.said


def test_a_program_that_is_gone_is_a_failed_step(root: Path) -> None:
    done = schedule_steps.perform(
        Step("run", ()), environment={}, folder=root, longest=60, command=(str(root / "none"),)
    )
    assert done.exit_code == 1 and done.said.startswith("It could not be started")


def test_secrets_reach_the_steps_and_nothing_that_is_written(
    root: Path, command: MadeCommand, tmp_path: Path
) -> None:
    env = tmp_path / "密钥.env"
    env.write_text("# mine\nexport OPENAQ_API_KEY='0a1b2c3d4e5f6789'\n", encoding="utf-8")
    env.chmod(0o600)
    command.does(run={"code": 1, "said": "forecast: refused with {key} as the key."})
    made = run_once(
        command.scheduled(root, env_file=env), clock_at("2025-07-01T07:00+08:00").clock()
    )
    assert made is not None and made.reason == "run: refused with *** as the key."
    assert command.calls[0]["key"] == "0a1b2c3d4e5f6789"
    for path in (root / "reports").rglob("*"):
        assert not path.is_file() or b"0a1b2c3d" not in path.read_bytes(), path
    assert "OPENAQ_API_KEY" not in os.environ


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_an_environment_file_that_others_read_gives_nothing_and_the_run_is_made(
    root: Path, command: MadeCommand, tmp_path: Path
) -> None:
    env = tmp_path / "keys.env"
    env.write_text("OPENAQ_API_KEY=0a1b2c3d4e5f6789\n", encoding="utf-8")
    env.chmod(0o640)
    made = run_once(
        command.scheduled(root, env_file=env), clock_at("2025-07-01T07:00+08:00").clock()
    )
    assert made is not None and made.exit_code == 4 and "chmod 600" in made.reason
    assert command.calls[0]["key"] == ""


def test_the_address_of_a_channel_reaches_no_log_whatever_its_variable_is_called(
    root: Path, command: MadeCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUR_GROUP", "wecombot://4a1f9c77e0d2")
    config = root / "forecast.toml"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("channels = []", 'channels = ["OUR_GROUP"]'), encoding="utf-8")
    command.does(run={"code": 1, "said": "forecast: wecombot://4a1f9c77e0d2 is odd."})
    made = run_once(command.scheduled(root), clock_at("2025-07-01T07:00+08:00").clock())
    assert made is not None and made.reason == "run: *** is odd."
    written = [p.read_text(encoding="utf-8") for p in (root / "reports").rglob("*.json*")]
    assert written and "4a1f9c77e0d2" not in "".join(written)


def test_steps_that_come_afterwards_see_the_record_of_the_others(
    root: Path, command: MadeCommand
) -> None:
    def steps(workspace: Workspace, fetch: Any, day: date) -> list[Step]:
        return [Step("alert", ("alert",), afterwards=True), *morning(workspace, fetch, day)]

    command.does(run={"code": 1, "said": "forecast: no."}, alert={"code": 1, "said": "unsent"})
    made = run_once(
        command.scheduled(root, steps=steps), clock_at("2025-07-01T07:00+08:00").clock()
    )
    assert command.steps == ["run", "alert"]
    assert made is not None and made.exit_code == 1 and made.reason == "run: no."
    assert [s["step"] for s in health_of(root)["last_attempt"]["steps"]] == ["run", "alert"]


def test_a_typo_in_the_configuration_is_the_reason_and_its_cure_is_heeded(
    root: Path, command: MadeCommand
) -> None:
    scheduled = command.scheduled(root)
    config = root / "forecast.toml"
    good = config.read_bytes()
    config.write_bytes(good + b"\n[rum]\n")
    made = attempt(scheduled, _SLOT, clock_at("2025-07-01T06:30+08:00").clock())
    assert made.exit_code == 1 and "rum" in made.reason and not command.calls
    assert "rum" in health_of(root)["last_attempt"]["reason"]
    config.write_bytes(good)
    assert attempt(scheduled, _SLOT, clock_at("2025-07-01T06:40+08:00").clock()).exit_code == 0


def loop_days(root: Path, command: MadeCommand, clock: MadeClock, **options: Any) -> list[Attempt]:
    made: list[Attempt] = []
    assert run_loop(command.scheduled(root, **options), clock.clock(), ended=made.append) == 0
    return made


def local_days(made: list[Attempt]) -> list[str]:
    return [a.slot.astimezone(DAILY.zone).date().isoformat()[5:] for a in made]


def test_the_loop_runs_once_a_day_on_time(root: Path, command: MadeCommand) -> None:
    made = loop_days(root, command, clock_at("2025-06-29T12:00+08:00", hours=72))
    # The first run is at once: it shows that all is in order.
    assert local_days(made) == ["06-29", "06-30", "07-01", "07-02"]
    late = [a.started - a.slot for a in made[1:]]
    assert max(late) <= timedelta(minutes=1)


def test_the_loop_catches_up_once_after_days_without_power(
    root: Path, command: MadeCommand
) -> None:
    loop_days(root, command, clock_at("2025-06-20T12:00+08:00", hours=1))
    made = loop_days(root, command, clock_at("2025-06-28T03:00+08:00", hours=28))
    assert local_days(made) == ["06-27", "06-28", "06-29"]


def test_a_clock_that_jumps_forwards_and_backwards(root: Path, command: MadeCommand) -> None:
    start = "2025-06-29T12:00+08:00"
    clock = clock_at(start, hours=24 * 6)
    clock.jumps = [
        (at("2025-06-29T20:00+08:00"), timedelta(days=2)),  # the machine slept
        (at("2025-07-01T21:00+08:00"), timedelta(minutes=-20)),
        (at("2025-07-02T06:31+08:00"), timedelta(minutes=-5)),  # set back just after the run
        (at("2025-07-03T08:00+08:00"), timedelta(days=-1)),
    ]
    made = loop_days(root, command, clock)
    assert local_days(made) == [
        "06-29",
        "07-01",
        "07-02",
        "07-03",
        "07-02",
        "07-03",
        "07-04",
        "07-05",
    ]
    told = [e["seconds"] for e in log_of(root) if e["event"] == "clock"]
    assert [round(s / 3600, 1) for s in told if abs(s) > 600] == [48.0, -0.3, -24.0]


def test_the_loop_tries_a_failed_day_three_times(root: Path, command: MadeCommand) -> None:
    command.does(run={"code": 1, "said": "forecast: The disk is full."})
    made = loop_days(root, command, clock_at("2025-07-01T06:30+08:00", hours=20))
    assert [a.tries for a in made] == [1, 2, 3]
    hours = [round((a.started - _SLOT) / timedelta(hours=1)) for a in made]
    assert hours == [0, 1, 2]


def test_a_loop_whose_records_cannot_be_written_goes_on(
    root: Path, command: MadeCommand, monkeypatch: pytest.MonkeyPatch
) -> None:
    from forecast.runs import schedule_attempt

    def full(*_: object, **__: object) -> None:
        raise WorkspaceError("The disk is full.", "Free some space.")

    monkeypatch.setattr(schedule_attempt, "write_memory", full)
    monkeypatch.setattr(schedule_attempt, "write_health", full)
    made = loop_days(root, command, clock_at("2025-07-01T06:30+08:00", hours=49))
    assert local_days(made) == ["07-01", "07-02", "07-03"]
    assert [e["event"] for e in log_of(root)].count("unrecorded") == 9


def test_a_second_loop_is_told_who_holds_the_workspace(root: Path, command: MadeCommand) -> None:
    clock = clock_at("2025-07-01T06:30+08:00")
    scheduled = command.scheduled(root)
    with scheduled_alone(scheduled.workspace, clock.moment):
        with pytest.raises(BusyError, match=f"process {os.getpid()} on .* since 2025-06-30 22:30"):
            run_loop(scheduled, clock.clock())
        with pytest.raises(BusyError, match=f"process {os.getpid()}"):
            run_once(scheduled, clock.clock())
    assert not command.calls and not (root / "reports" / ".schedule.pid").exists()
    assert run_once(scheduled, clock.clock()) is not None


def test_a_stop_before_the_run_is_made_leaves_the_day_open(
    root: Path, command: MadeCommand
) -> None:
    clock = clock_at("2025-07-01T06:30+08:00")
    clock.told = 1
    scheduled = command.scheduled(root)
    made = attempt(scheduled, _SLOT, clock.clock())
    assert made.exit_code == 130 and not made.good and not command.calls
    clock.told = 0
    again = run_once(scheduled, clock.clock())
    assert again is not None and again.exit_code == 0 and again.tries == 1


_DRIVER = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from morning_made import MadeClock, MadeCommand, at
from forecast.runs.schedule_attempt import Clock
from forecast.runs.schedule_loop import real_clock, run_loop
from datetime import timedelta
command = MadeCommand.__new__(MadeCommand)
command._folder = Path(sys.argv[3])
made = MadeClock(at(sys.argv[4]), at(sys.argv[4]) + timedelta(hours=float(sys.argv[5])))
with real_clock() as real:
    own = made.clock()
    clock = Clock(own.now, own.wait, lambda: real.stops() or own.stops())
    code = run_loop(command.scheduled(Path(sys.argv[2])), clock,
                    ended=lambda a: print(a.slot.isoformat(), a.exit_code, flush=True))
sys.exit(code)
"""


def start_loop(root: Path, made: Path, moment: str, hours: float) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _DRIVER, str(Path(__file__).parent), str(root), str(made), moment,
         str(hours)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, encoding="utf-8",
    )  # fmt: skip


def wait_for_call(command: MadeCommand, number: int) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        calls = command.calls
        if len(calls) >= number:
            return calls[number - 1]
        time.sleep(0.02)
    raise AssertionError(f"no call {number}")


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_killed_in_mid_run_the_next_start_does_the_day_and_says_so(
    root: Path, command: MadeCommand, tmp_path: Path
) -> None:
    command.does(run={"seconds": 600})
    loop = start_loop(root, tmp_path / "made", "2025-07-01T06:30+08:00", 30)
    step = wait_for_call(command, 1)["pid"]
    loop.kill()
    loop.communicate()
    os.kill(step, signal.SIGKILL)
    memory = read_memory(Workspace.open(root))
    assert memory is not None and memory.slot == _SLOT and memory.ended is None
    assert not (root / "reports" / "health.json").exists()
    command.does()
    loop = start_loop(root, tmp_path / "made", "2025-07-01T06:45+08:00", 48)
    out, err = loop.communicate(timeout=120)
    assert loop.returncode == 0, err
    # The killed day, then the days as they come: none twice.
    assert out.splitlines() == [
        "2025-06-30T22:30:00+00:00 0", "2025-07-01T22:30:00+00:00 0", "2025-07-02T22:30:00+00:00 0"
    ]  # fmt: skip
    left = [e for e in log_of(root) if e["event"] == "left"]
    assert len(left) == 1 and f"process {loop.pid}" not in left[0]["said"]
    begun = [e for e in log_of(root) if e["event"] == "begin"]
    assert [e["tries"] for e in begun] == [1, 2, 1, 1]


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_sigterm_ends_the_loop_after_the_step_at_work(
    root: Path, command: MadeCommand, tmp_path: Path
) -> None:
    command.does(run={"seconds": 1.5})
    loop = start_loop(root, tmp_path / "made", "2025-07-01T06:30+08:00", 1000)
    wait_for_call(command, 1)
    loop.send_signal(signal.SIGTERM)
    out, err = loop.communicate(timeout=60)
    assert loop.returncode == 0, err
    assert out.splitlines() == ["2025-06-30T22:30:00+00:00 0"]
    assert health_of(root)["last_success"]["run"] == "20250701-abc"
    assert not (root / "reports" / ".schedule.pid").exists()


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_told_twice_to_stop_it_ends_the_step_too(
    root: Path, command: MadeCommand, tmp_path: Path
) -> None:
    command.does(run={"seconds": 600})
    loop = start_loop(root, tmp_path / "made", "2025-07-01T06:30+08:00", 1000)
    step = wait_for_call(command, 1)["pid"]
    loop.send_signal(signal.SIGINT)
    time.sleep(0.2)
    loop.send_signal(signal.SIGTERM)
    out, err = loop.communicate(timeout=60)
    assert loop.returncode == 0, err
    assert out.splitlines() == ["2025-06-30T22:30:00+00:00 130"]
    with pytest.raises(ProcessLookupError):
        os.kill(step, 0)
    memory = read_memory(Workspace.open(root))
    assert memory is not None and memory.stopped


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"slot": 3}', '{"slot": "2025-07-01T06:30:00", "tries": 1}']
)
def test_a_damaged_record_counts_as_none(root: Path, command: MadeCommand, text: str) -> None:
    (root / "reports" / ".schedule.json").write_text(text, encoding="utf-8")
    assert read_memory(Workspace.open(root)) is None
    assert run_once(command.scheduled(root), clock_at("2025-07-01T07:00+08:00").clock()) is not None


def test_reports_that_cannot_be_made_are_one_sentence(root: Path, command: MadeCommand) -> None:
    scheduled = command.scheduled(root)
    (root / "reports").rmdir()
    (root / "reports").write_text("a file", encoding="utf-8")
    with pytest.raises(WorkspaceError, match="can't be locked for a scheduled run"):
        run_once(scheduled, clock_at("2025-07-01T07:00+08:00").clock())
