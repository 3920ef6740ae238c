"""Timers: the texts of units, crontabs and tasks, and programs of the system that record calls."""

from __future__ import annotations

import csv
import io
import json
import os
import shlex
import shutil
import subprocess
import sys
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from morning_made import at

from forecast.errors import UsageError, WorkspaceError
from forecast.runs import schedule_cron, schedule_systemd, schedule_windows
from forecast.runs.schedule_install import Wanted, install, installed, remove
from forecast.runs.schedule_job import Job, default_name, known_name, local_times
from forecast.runs.schedule_slots import Daily
from forecast.workspace import Workspace

pytestmark = pytest.mark.skipif(os.name == "nt", reason="programs of POSIX stand in")

_NOW = at("2025-07-01T09:00+08:00")
_SHANGHAI = ZoneInfo("Asia/Shanghai")
_HOSTILE = (
    "衡水 空气", "it's", 'say "hi"', "$HOME", "`id`", "95%", "a;b&c|d", "a\\b", "#x", "[x]*?", "-w", "x\\",
    "完成率95%且%d", "＄（）", "~", "{a,b}", "a=b", "&lt;", "]]>",
)  # fmt: skip


def job_for(root: Path | str, command: tuple[str, ...] | None = None, **options: Any) -> Job:
    daily = Daily(options.pop("time", time(6, 30)), options.pop("zone", _SHANGHAI))
    words = command or (sys.executable, "-m", "forecast", "--workspace", str(root))
    return Job("forecast-x-1", Path(root), daily, words)


def local_in(zone: str) -> Any:
    return lambda stamp: datetime.fromtimestamp(stamp, ZoneInfo(zone)).replace(tzinfo=None)


_RECORDER = """#!{python} -SE
import json, os, sys
here = os.path.dirname(os.path.abspath(__file__))
name = os.path.basename(__file__)
with open(os.path.join(here, "behaviour.json"), encoding="utf-8") as file:
    does = json.load(file).get(name, {{}})
given = sys.stdin.buffer.read()
state = os.path.join(here, "crontab.txt")
with open(os.path.join(here, "calls.jsonl"), "a", encoding="utf-8") as file:
    extra = {{}}
    if "/XML" in sys.argv and "/Create" in sys.argv:
        with open(sys.argv[sys.argv.index("/XML") + 1], "rb") as task:
            extra["task"] = task.read().decode("utf-16")
    file.write(json.dumps({{"name": name, "arguments": sys.argv[1:], **extra}}) + "\\n")
for words, answer in does.items():
    if words in " ".join(sys.argv[1:]):
        sys.stdout.write(answer.get("out", ""))
        sys.stderr.write(answer.get("err", ""))
        sys.exit(answer.get("code", 0))
if name == "crontab":
    if sys.argv[1:] == ["-l"]:
        if not os.path.exists(state):
            sys.stderr.write("no crontab for tester\\n")
            sys.exit(1)
        with open(state, "rb") as file:
            sys.stdout.buffer.write(file.read())
    else:
        with open(state, "wb") as file:
            file.write(given)
"""


class Programs:
    """Programs of the system that record what they are given, first on the path."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.does()

    def add(self, *names: str) -> None:
        for name in names:
            path = self.folder / name
            path.write_text(_RECORDER.format(python=sys.executable), encoding="utf-8")
            path.chmod(0o755)

    def does(self, **programs: dict[str, dict[str, Any]]) -> None:
        """For each program: words in its arguments → what it answers."""
        (self.folder / "behaviour.json").write_text(json.dumps(programs), encoding="utf-8")

    @property
    def calls(self) -> list[dict[str, Any]]:
        path = self.folder / "calls.jsonl"
        if not path.exists():
            return []
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    def called(self, name: str) -> list[str]:
        return [" ".join(c["arguments"]) for c in self.calls if c["name"] == name]

    @property
    def crontab(self) -> bytes:
        return (self.folder / "crontab.txt").read_bytes()


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    made = Programs(tmp_path / "bin")
    monkeypatch.setenv("PATH", str(made.folder))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", "")
    return made


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace.create(tmp_path / "衡水 'x' 95% $HOME")


# --- systemd ---------------------------------------------------------------------------------


def unescaped(line: str) -> list[str]:
    """Words of an ExecStart as systemd.service(5) and systemd.syntax(7) say they are read."""
    lexer = shlex.shlex(line, posix=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    return [word.replace("%%", "%").replace("$$", "$") for word in lexer]


@pytest.mark.parametrize("name", _HOSTILE)
def test_systemd_reads_back_the_words_it_was_given(name: str, tmp_path: Path) -> None:
    job = job_for(tmp_path / name)
    (line,) = [x for x in schedule_systemd.service_text(job).splitlines() if "ExecStart" in x]
    assert unescaped(line.removeprefix("ExecStart=")) == list(job.command)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
@pytest.mark.parametrize("name", ["衡水 'x' 95%d $HOME \\", 'a "b" c'])
def test_systemd_itself_finds_nothing_wrong_with_the_units(name: str, tmp_path: Path) -> None:
    job = job_for(tmp_path / name, ("/bin/true", "--workspace", str(tmp_path / name)))
    for ending, text in (
        ("service", schedule_systemd.service_text(job)),
        ("timer", schedule_systemd.timer_text(job, ["*-*-* 06:30:00 Asia/Shanghai"])),
    ):
        (tmp_path / f"{job.name}.{ending}").write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / f"{job.name}.timer"),
         str(tmp_path / f"{job.name}.service")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    own = [line for line in done.stderr.splitlines() if job.name in line]
    assert own == []


def test_systemd_is_written_enabled_listed_and_removed(
    workspace: Workspace, programs: Programs, tmp_path: Path
) -> None:
    programs.add("systemctl", "loginctl")
    programs.does(loginctl={"Linger": {"out": "Linger=no\n"}})
    job, plan = install(workspace, Wanted(at="6:30"), now=_NOW)
    assert plan.kind == "systemd" and job.name == default_name(workspace.root)
    folder = tmp_path / "home" / ".config" / "systemd" / "user"
    timer = (folder / f"{job.name}.timer").read_text(encoding="utf-8")
    assert "OnCalendar=*-*-* 06:30:00 Asia/Shanghai\n" in timer and "Persistent=true\n" in timer
    service = (folder / f"{job.name}.service").read_text(encoding="utf-8")
    assert '"schedule" "run" "--once"' in service and '"--at" "06:30"' in service
    assert programs.called("systemctl") == [
        "--user show-environment", "--user daemon-reload", f"--user enable --now {job.name}.timer"
    ]  # fmt: skip
    assert any("enable-linger" in en for _, en in plan.remarks)
    (found,) = installed(workspace)
    assert (found.kind, found.at, found.zone) == ("systemd", "06:30", "Asia/Shanghai")
    assert found.workspace == str(workspace.root) and found.enabled
    other = Workspace.create(tmp_path / "other")
    assert installed(other) == [] and len(installed()) == 1
    with pytest.raises(UsageError, match="no timer for"):
        remove(other)
    assert [one.name for one in remove(workspace)] == [job.name]
    assert list(folder.iterdir()) == []
    assert f"--user disable --now {job.name}.timer" in programs.called("systemctl")
    assert all("enable-linger" not in call for call in programs.called("loginctl"))


def test_units_of_others_are_neither_listed_nor_touched(
    workspace: Workspace, programs: Programs, tmp_path: Path
) -> None:
    programs.add("systemctl")
    folder = tmp_path / "home" / ".config" / "systemd" / "user"
    folder.mkdir(parents=True)
    (folder / "mail.timer").write_text("[Timer]\nOnCalendar=daily\n", encoding="utf-8")
    (folder / "broken.timer").write_bytes(b"\xff\xfe\x00[")
    install(workspace, Wanted(), now=_NOW)
    remove(workspace)
    assert sorted(p.name for p in folder.iterdir()) == ["broken.timer", "mail.timer"]


def test_units_that_systemd_refuses_are_taken_back(
    workspace: Workspace, programs: Programs, tmp_path: Path
) -> None:
    programs.add("systemctl")
    job, _ = install(workspace, Wanted(at="05:00"), now=_NOW)
    folder = tmp_path / "home" / ".config" / "systemd" / "user"
    before = (folder / f"{job.name}.timer").read_bytes()
    programs.does(systemctl={"enable": {"code": 1, "err": "Failed to enable unit: no.\n"}})
    with pytest.raises(
        WorkspaceError, match=r"refused the timer .* \(Failed to enable unit: no\.\)"
    ):
        install(workspace, Wanted(at="06:30"), now=_NOW)
    assert (folder / f"{job.name}.timer").read_bytes() == before
    with pytest.raises(WorkspaceError, match="other"):
        install(workspace, Wanted(), now=_NOW, name="other")
    assert not list(folder.glob("other*"))


def test_a_systemd_that_knows_no_zones_is_given_the_machines_own_time(
    workspace: Workspace, programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs.add("systemctl", "systemd-analyze")
    programs.does(**{"systemd-analyze": {"Asia/Shanghai": {"code": 1}}})
    _, plan = install(workspace, Wanted(), now=_NOW, dry_run=True)
    local = datetime.fromtimestamp(at("2025-07-01T06:30+08:00").timestamp())  # noqa: DTZ006
    assert f"OnCalendar=*-*-* {local:%H:%M}:00\n" in "".join(plan.files.values())
    assert any(f"it is {local:%H:%M}" in en for _, en in plan.remarks)


# --- cron ------------------------------------------------------------------------------------


def as_cron_reads(line: str) -> str:
    """The command of a line of a crontab: the sixth field on, a percent sign after a backslash
    stands for itself, one without ends the command (crontab(5))."""
    rest = line.split(" ", 1)[1] if line.startswith("@") else line.split(" ", 5)[5]
    out, before = "", ""
    for one in rest:
        if one == "%":
            assert before == "\\"
            out = out[:-1]
        out += one
        before = one
    return out


@pytest.mark.parametrize("shell", ["sh", "bash", "dash"])
def test_a_shell_gives_the_program_the_words_it_was_given(shell: str, tmp_path: Path) -> None:
    """Each hostile name goes through cron's reading and a real shell."""
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    told = tmp_path / "told 衡水.jsonl"
    program = tmp_path / "pro gram's.py"
    program.write_text(
        "import json, sys\nwith open(sys.argv[1], 'a', encoding='utf-8') as f:\n"
        "    f.write(json.dumps(sys.argv[2:]) + '\\n')\n",
        encoding="utf-8",
    )
    lines = []
    for name in _HOSTILE:
        words = (sys.executable, "-SE", str(program), str(told), f"/data/{name}", name)
        block = schedule_cron.block_text(job_for(f"/data/{name}", words), [(6, 30)]).splitlines()
        assert block[3].startswith("30 6 * * * ") and block[4].startswith("@reboot ")
        assert as_cron_reads(block[3]) == as_cron_reads(block[4])
        lines.append(as_cron_reads(block[3]))
    subprocess.run([shell, "-c", "\n".join(lines)], check=True)
    said = [json.loads(line) for line in told.read_text(encoding="utf-8").splitlines()]
    assert said == [[f"/data/{name}", name] for name in _HOSTILE]


@pytest.mark.parametrize(
    ("root", "said"),
    [
        ("/data/a\nb", "control character"),
        ("/data/a\\%b", "backslash"),
        ("/data/a\\\\b", "backslash"),
        ("/data/" + "衡" * 400, "too long"),
        (os.fsdecode(b"/data/\xba\xe2"), "not UTF-8"),
    ],
)
def test_what_a_crontab_cannot_carry_is_refused(root: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        schedule_cron.block_text(job_for(root), [(6, 30)])


_OTHERS = b"SHELL=/bin/bash\nCRON_TZ=America/New_York\n# \xb1\xb8\xb7\xdd (GBK)\n0 1 * * * /usr/bin/backup 100\\%\r\n\n*/5 * * * * x"


def test_the_crontab_of_others_stays_byte_by_byte(workspace: Workspace, programs: Programs) -> None:
    programs.add("crontab")
    (programs.folder / "crontab.txt").write_bytes(_OTHERS)
    job, plan = install(workspace, Wanted(), now=_NOW)
    assert plan.kind == "cron"
    assert programs.crontab == plan.files["crontab"].encode() + _OTHERS
    first = programs.crontab
    install(workspace, Wanted(), now=_NOW)
    assert programs.crontab == first
    (found,) = installed(workspace)
    assert (found.name, found.workspace) == (job.name, str(workspace.root))
    install(workspace, Wanted(at="18:00"), now=_NOW, name="evening")
    assert {one.name for one in installed(workspace)} == {job.name, "evening"}
    remove(workspace, name="evening")
    assert programs.crontab == first
    remove(workspace)
    assert programs.crontab == _OTHERS


@given(
    st.lists(st.text("# 衡%\\\r\t*0x>\x0c\u2028", max_size=20), max_size=8),
    st.booleans(),
)
def test_taking_a_block_out_gives_what_was_before(lines: list[str], ended: bool) -> None:
    before = "\n".join(lines) + ("\n" if ended else "")
    block = schedule_cron.block_text(job_for("/data/衡水"), [(6, 30)])
    both = schedule_cron.with_block(before, "forecast-x-1", block)
    assert schedule_cron.without_block(both, "forecast-x-1") == before
    assert schedule_cron.with_block(both, "forecast-x-1", block) == both


def test_a_crontab_that_cannot_be_read_is_not_written(
    workspace: Workspace, programs: Programs
) -> None:
    programs.add("crontab")
    programs.does(
        crontab={"-l": {"code": 1, "err": "You (x) are not allowed to use this program\n"}}
    )
    with pytest.raises(WorkspaceError, match=r"can't be read .*not allowed"):
        install(workspace, Wanted(), now=_NOW)
    assert programs.called("crontab") == ["-l"]


def test_a_crontab_that_cannot_be_written_is_said(workspace: Workspace, programs: Programs) -> None:
    programs.add("crontab")
    programs.does(crontab={"-l": {"out": "# mine\n"}, "-": {"code": 1, "err": "No space left\n"}})
    with pytest.raises(WorkspaceError, match=r"can't be written .*No space left"):
        install(workspace, Wanted(), now=_NOW)
    programs.does(crontab={"-l": {"out": "# mine\n"}, "-": {}})
    with pytest.raises(WorkspaceError, match="does not hold what was written"):
        install(workspace, Wanted(), now=_NOW)


def test_a_block_without_its_end_is_left_alone(workspace: Workspace, programs: Programs) -> None:
    programs.add("crontab")
    name = default_name(workspace.root)
    torn = f"# >>> {name} >>> at=06:30 zone=UTC\n30 6 * * * x\n0 1 * * * backup\n".encode()
    (programs.folder / "crontab.txt").write_bytes(torn)
    with pytest.raises(WorkspaceError, match="has lost its last line"):
        install(workspace, Wanted(), now=_NOW)
    assert programs.crontab == torn


def test_on_a_machine_in_another_zone_cron_is_given_its_own_time() -> None:
    times = local_times(Daily(time(6, 30), _SHANGHAI), _NOW, local_in("UTC"))
    assert times == [(22, 30)]
    plan = schedule_cron.plan(job_for("/data"), _NOW, local_in("UTC"))
    assert "\n30 22 * * * " in plan.files["crontab"] and "CRON_TZ" not in plan.files["crontab"]
    assert (
        "cron knows the machine's clock alone, on which 06:30 Asia/Shanghai is 22:30"
        in plan.remarks[0][1]
    )
    own = schedule_cron.plan(job_for("/data"), _NOW, local_in("Asia/Shanghai"))
    assert "\n30 6 * * * " in own.files["crontab"] and len(own.remarks) == 1


def test_where_the_machine_puts_its_clock_forward_both_times_are_there() -> None:
    """06:30 in Shanghai is 23:30 the day before in Paris in winter and 00:30 in summer."""
    daily = Daily(time(6, 30), _SHANGHAI)
    assert local_times(daily, _NOW, local_in("Europe/Paris")) == [(0, 30), (23, 30)]
    # A time that the clocks jump over once a year is no third time.
    odd = Daily(time(2, 30), ZoneInfo("Europe/Paris"))
    assert local_times(odd, _NOW, local_in("Europe/Paris")) == [(2, 30)]


# --- the Windows Task Scheduler --------------------------------------------------------------


def split_as_windows(line: str) -> list[str]:
    """Words of a command line by the rules of CommandLineToArgvW."""
    words, word, quoted, slashes, any_ = [], "", False, 0, False
    for one in [*line, None]:
        if one == "\\":
            slashes += 1
            continue
        if one == '"':
            word += "\\" * (slashes // 2)
            if slashes % 2:
                word += '"'
            else:
                quoted, any_ = not quoted, True
            slashes = 0
            continue
        word, slashes = word + "\\" * slashes, 0
        if one is None or (one in " \t" and not quoted):
            if word or any_:
                words.append(word)
            word, any_ = "", False
        else:
            word += one
    return words


@pytest.mark.parametrize("name", [n for n in _HOSTILE if n.count("%") < 2])
def test_windows_gives_the_program_the_words_it_was_given(name: str) -> None:
    words = (r"C:\Program Files\Python\python.exe", "-m", "forecast", f"D:\\{name}", name, "a b\\")
    text = schedule_windows.task_text(job_for(name, words), _NOW)
    root = ET.fromstring(text.replace('encoding="UTF-16"', ""))
    space = {"t": "http://schemas.microsoft.com/windows/2004/02/mit/task"}
    assert root.findtext(".//t:Command", namespaces=space) == words[0]
    assert split_as_windows(root.findtext(".//t:Arguments", "", space)) == list(words[1:])
    assert root.findtext(".//t:StartWhenAvailable", namespaces=space) == "true"
    assert root.findtext(".//t:MultipleInstancesPolicy", namespaces=space) == "IgnoreNew"


def test_a_name_that_windows_would_expand_is_refused() -> None:
    with pytest.raises(UsageError, match="percent signs"):
        schedule_windows.task_text(job_for(r"D:\%TEMP%"), _NOW)


def test_a_task_starts_at_a_moment_or_by_the_machines_clock() -> None:
    text = schedule_windows.task_text(job_for("D:\\x"), _NOW, local_in("Europe/Paris"))
    assert text.count("<StartBoundary>") == 1
    assert "<StartBoundary>2025-07-01T06:30:00+08:00</StartBoundary>" in text
    paris = job_for("D:\\x", zone=ZoneInfo("Europe/Paris"))
    text = schedule_windows.task_text(paris, _NOW, local_in("Asia/Shanghai"))
    assert "T12:30:00</StartBoundary>" in text and "T13:30:00</StartBoundary>" in text


def test_a_task_is_made_listed_and_removed(
    workspace: Workspace, programs: Programs, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs.add("schtasks")
    monkeypatch.setenv("USERDOMAIN", "局")
    monkeypatch.setenv("USERNAME", "a&b")
    job, plan = install(workspace, Wanted(), now=_NOW, kind="windows", name="morning")
    (made,) = programs.calls
    assert made["arguments"][:4] == ["/Create", "/TN", "\\forecast\\morning", "/XML"]
    assert made["arguments"][-1] == "/F" and made["arguments"][4].endswith("morning.xml")
    task = made["task"].replace("\r\n", "\n")
    assert task == plan.files["morning.xml"]
    assert "<UserId>局\\a&amp;b</UserId>" in task
    rows = io.StringIO()
    csv.writer(rows).writerows([["\\forecast\\morning", "x", "Ready"], ["\\Mail", "x", "Ready"]])
    programs.does(schtasks={"/FO CSV": {"out": rows.getvalue()}, "/XML": {"out": task}})
    monkeypatch.setattr("forecast.runs.schedule_install._possible", lambda: (schedule_windows,))
    (found,) = installed(workspace)
    assert (found.kind, found.name, found.at, found.enabled) == ("windows", job.name, "06:30", True)
    assert [one.name for one in remove(workspace)] == ["morning"]
    assert programs.called("schtasks")[-1] == "/Delete /TN \\forecast\\morning /F"
    programs.does(schtasks={"/Create": {"code": 1, "err": "ERROR: Access is denied.\r\n"}})
    with pytest.raises(WorkspaceError, match="Access is denied"):
        install(workspace, Wanted(), now=_NOW, kind="windows")


# --- all of them -----------------------------------------------------------------------------


def test_without_any_timer_the_loop_is_the_cure(workspace: Workspace, programs: Programs) -> None:
    with pytest.raises(WorkspaceError, match="forecast schedule run"):
        install(workspace, Wanted(), now=_NOW)
    with pytest.raises(WorkspaceError, match="crontab can't be started"):
        install(workspace, Wanted(), now=_NOW, kind="cron")


def test_a_systemd_that_does_not_answer_gives_way_to_cron(
    workspace: Workspace, programs: Programs
) -> None:
    programs.add("systemctl", "crontab")
    programs.does(systemctl={"show-environment": {"code": 1, "err": "Failed to connect to bus\n"}})
    assert install(workspace, Wanted(), now=_NOW)[1].kind == "cron"
    assert b"schedule run --once" in programs.crontab


def test_a_dry_run_writes_and_calls_nothing(
    workspace: Workspace, programs: Programs, tmp_path: Path
) -> None:
    programs.add("systemctl", "crontab")
    for kind in ("systemd", "cron", "windows"):
        install(workspace, Wanted(), now=_NOW, kind=kind, dry_run=True)
    assert programs.calls == [] and not (tmp_path / "home").exists()


def test_the_timer_starts_one_command_with_paths_from_the_root(
    workspace: Workspace, programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env = tmp_path / "keys.env"
    env.touch(mode=0o600)
    monkeypatch.chdir(tmp_path)
    job, _ = install(
        workspace, Wanted(env_file=Path("keys.env"), fetch=("uci-beijing --what beijing",)),
        now=_NOW, kind="cron", dry_run=True, lang="en",
    )  # fmt: skip
    assert job.command == (
        sys.executable, "-P", "-m", "forecast", "schedule", "run", "--once", "--quiet", "--lang",
        "en", "--workspace", str(workspace.root), "--at", "06:30", "--timezone", "Asia/Shanghai",
        "--env-file", str(env), "--fetch", "uci-beijing --what beijing",
    )  # fmt: skip


def test_a_package_that_only_this_shell_finds_is_not_left_to_a_timer(
    workspace: Workspace, programs: Programs, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    programs.add("crontab")
    bare = tmp_path / "python"
    bare.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    bare.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(bare))
    with pytest.raises(UsageError, match="finds it in this shell only"):
        install(workspace, Wanted(), now=_NOW)
    assert programs.calls == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"wanted": Wanted(at="24:00")}, "--at '24:00' is no time of a day"),
        ({"wanted": Wanted(timezone="Asia/Hengshui")}, "no such time zone"),
        ({"wanted": Wanted(timezone="../../etc/passwd")}, "no such time zone"),
        ({"wanted": Wanted(fetch=("nowhere",))}, "does not begin with a source"),
        ({"wanted": Wanted(env_file=Path("/none/keys.env"))}, "can't be read"),
        ({"name": "a b"}, "can't be called"),
        ({"name": "../../x"}, "can't be called"),
        ({"name": "衡水"}, "letters a to z"),
        ({"kind": "at"}, "no timer called at"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_is_written(
    workspace: Workspace, programs: Programs, options: dict[str, Any], said: str
) -> None:
    programs.add("crontab")
    with pytest.raises(UsageError, match=said):
        install(workspace, options.pop("wanted", Wanted()), now=_NOW, **options)
    assert programs.calls == []


@given(st.text(max_size=30))
def test_every_folder_has_a_name_that_a_timer_may_have(text: str) -> None:
    root = Path("/data") / text.replace("/", "").replace("\0", "")
    assert known_name(default_name(root)) == default_name(root)
    assert default_name(root) != default_name(root / "x")


def test_an_environment_file_in_the_workspace_is_remarked_on(
    workspace: Workspace, programs: Programs
) -> None:
    (workspace.root / "keys.env").touch(mode=0o600)
    _, plan = install(
        workspace, Wanted(env_file=workspace.root / "keys.env"), now=_NOW, kind="cron", dry_run=True
    )
    assert any("a copy of the workspace carries the secrets" in en for _, en in plan.remarks)


def test_a_slot_of_each_time_of_a_changing_clock_is_done_once() -> None:
    """Both lines of such a crontab fire every day; one of them does the run."""
    from forecast.runs.schedule_memory import Memory
    from forecast.runs.schedule_slots import due_slot

    daily = Daily(time(6, 30), _SHANGHAI)
    paris, had = ZoneInfo("Europe/Paris"), []
    memory: Memory | None = None
    day = datetime(2025, 3, 1, tzinfo=paris)
    times = local_times(daily, _NOW, local_in("Europe/Paris"))
    for _ in range(300):
        for hour, minute in times:
            fired = day.replace(hour=hour, minute=minute)
            slot = due_slot(fired, daily, memory, fired=True)
            if slot is not None:
                had.append(slot)
                memory = Memory(slot, 1, fired, fired, 0)
        day += timedelta(days=1)
    assert len(set(had)) == len(had) and len(had) in (300, 301)
