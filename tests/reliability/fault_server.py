"""Processes that meet a fault: forked from one that has everything loaded, so that each costs little.

A server loads the libraries and the package once. For each request it forks a process that works as
the command ``forecast`` does, or calls one function, and that is killed after so much time of the
processor, finds its disk full, or writes down what a power cut would leave.
"""

from __future__ import annotations

import importlib
import json
import os
import runpy
import shutil
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Ended", "FaultServer", "Sweep"]

#: A command that takes longer than this hangs [s].
_LONGEST = 120.0


@dataclass(frozen=True)
class Ended:
    """How a process ended: exit code (minus the signal that killed it), what it said, its time.

    Attributes:
        code: exit code; -9 where it was killed.
        out, err: what it wrote to its streams.
        cpu: time of the processor that it took [s].
    """

    code: int
    out: str
    err: str
    cpu: float

    @property
    def killed(self) -> bool:
        """Whether the kill met a living process."""
        return self.code == -signal.SIGKILL


@dataclass(frozen=True)
class Sweep:
    """A command with a fault at each of its changes of the disk.

    Attributes:
        changes: what the undisturbed command changed, in order: (fsync, write, rename …, path).
        whole: how the undisturbed one ended, in the folder ``whole``.
        ends: fault at the n-th change → how it ended, in the folder ``<n>``.
        moments: of a power cut, what each was a moment before; folders ``<n>-eager``, ``<n>-lazy``.
    """

    changes: list[tuple[str, str]]
    whole: Ended
    ends: dict[int, Ended] = field(default_factory=dict)
    moments: list[str] = field(default_factory=list)


class FaultServer:
    """Starts the server when the first request comes; ``close`` ends it.

    Args:
        streams: a folder for what processes say.
    """

    def __init__(self, streams: Path) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._streams = streams

    def run(
        self, *arguments: str | Path, kill_after: float | None = None, charts: bool = False
    ) -> Ended:
        """Run the command ``forecast``, or a function of ``fault_work``: ``":append_run", …``.

        Args:
            arguments: of the command, or the name of a function with a colon and what it takes.
            charts: whether a run draws them, and what is written is waited for until it is on the disk.
            kill_after: it is killed with SIGKILL once it took so much time of the processor [s].
        """
        told = self._ask(
            {
                "kind": "run", "arguments": _texts(arguments), "kill_after": kill_after,
                "charts": charts,
            }
        )  # fmt: skip
        return Ended(**told)

    def together(self, *commands: tuple[str | Path, ...]) -> list[Ended]:
        """Run several commands at once; return how each ended, in their order."""
        given = [_texts(command) for command in commands]
        told = self._ask({"kind": "together", "commands": given})
        return [Ended(**one) for one in told["ends"]]

    def sweep(
        self, fault: str, before: Path, left: Path, *arguments: str | Path, root: str = ""
    ) -> Sweep:
        """Let a command meet a fault at every change of the disk.

        Args:
            fault: ``full``, ``once`` or ``kill`` (see ``faulty_disk.Faults``), or ``power``.
            before: the workspace; it is not changed.
            left: gets a folder for each change, and ``whole`` of the undisturbed command.
            arguments: of the command, as of :meth:`run`; ``{}`` stands for the copy worked in.
            root: the folder under ``before`` whose changes count, if not all.
        """
        left.mkdir(parents=True)
        told = self._ask(
            {
                "kind": "sweep", "fault": fault, "before": str(before), "left": str(left),
                "arguments": _texts(arguments), "root": root,
            }
        )  # fmt: skip
        ends = {int(n): Ended(**end) for n, end in told["ends"].items()}
        changes = [(what, path) for what, path in told["changes"]]
        return Sweep(changes, Ended(**told["whole"]), ends, told["moments"])

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, __file__, str(self._streams)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                bufsize=0, start_new_session=True,
            )  # fmt: skip
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(request).encode() + b"\n")
        answer = process.stdout.readline()
        if not answer:
            raise RuntimeError("the server has ended; its standard error says why")
        told: dict[str, Any] = json.loads(answer)
        if "failed" in told:
            raise RuntimeError(told["failed"])
        return told

    def close(self) -> None:
        """End the server."""
        if self._process is not None:
            self._process.communicate()
            self._process = None


def _texts(arguments: tuple[str | Path, ...]) -> list[str]:
    return [str(one) for one in arguments]


def _cpu(child: int) -> float:
    """Time of the processor that a living process took [s]; -1 for one that has ended."""
    try:
        return time.clock_gettime(((~child) << 3) | 2)
    except OSError:
        return -1.0


def _work(arguments: list[str]) -> object:
    """Be the command, or call the function; return the exit code."""
    if arguments[0].startswith(":"):
        work = importlib.import_module("fault_work")
        from forecast.errors import ForecastError

        try:
            work.WORK[arguments[0][1:]](*arguments[1:])
        except ForecastError as error:
            print(f"forecast: {error}", file=sys.stderr)
            return error.exit_code
        return 0
    sys.argv = ["forecast", *arguments, *(() if "--lang" in arguments else ("--lang", "en"))]
    try:
        runpy.run_module("forecast", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        return end.code
    return 0


def _forked(
    work: Callable[[], object], streams: Path, kill_after: float | None = None
) -> dict[str, Any]:
    """Do ``work`` in a fork; return how it ended."""
    return _ended(*_start(work, streams), kill_after)


def _start(work: Callable[[], object], streams: Path) -> tuple[int, Path]:
    """Begin ``work`` in a fork; return its number and where it writes."""
    streams.mkdir(parents=True, exist_ok=True)
    for name in ("out", "err"):
        (streams / name).touch()
    child = os.fork()
    if child == 0:
        code: object = 1
        try:
            for number, name in ((1, "out"), (2, "err")):
                opened = os.open(streams / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
                os.dup2(opened, number)
            code = work()
        except BaseException:
            traceback.print_exc()
        try:
            threading._shutdown()  # type: ignore[attr-defined]
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code if isinstance(code, int) else 0 if code is None else 1)
    return child, streams


def _ended(child: int, streams: Path, kill_after: float | None) -> dict[str, Any]:
    """Wait for a fork and kill it in time; return how it ended."""
    before = time.monotonic()
    while True:
        ended, status, usage = os.wait4(child, os.WNOHANG)
        if ended:
            break
        if kill_after is not None and _cpu(child) >= kill_after:
            os.kill(child, signal.SIGKILL)
            kill_after = None
        if time.monotonic() - before > _LONGEST:
            os.kill(child, signal.SIGABRT)
        time.sleep(0.0003 if kill_after is not None else 0.002)
    out, err = ((streams / name).read_text(encoding="utf-8") for name in ("out", "err"))
    shutil.rmtree(streams)
    cpu = usage.ru_utime + usage.ru_stime
    return {"code": os.waitstatus_to_exitcode(status), "out": out, "err": err, "cpu": cpu}


def _server() -> Any:
    """What the server of commands does, too."""
    return importlib.import_module("command_server")


def _without_charts() -> None:
    """Leave out what takes time and is not asked about: charts, the page's font, waiting for the disk."""
    _server().leave_charts_out()
    _server().sync_nothing()


def _run(request: dict[str, Any]) -> dict[str, Any]:
    def work() -> object:
        if not request["charts"]:
            _without_charts()
        return _work(request["arguments"])

    return _forked(work, _streams(), request["kill_after"])


def _together(request: dict[str, Any]) -> dict[str, Any]:
    """Begin all commands, then wait for each."""

    def work(command: list[str]) -> object:
        _without_charts()
        return _work(command)

    started = [
        _start(lambda c=command: work(c), _streams() / f"{n}")  # type: ignore[misc]
        for n, command in enumerate(request["commands"])
    ]
    return {"ends": [_ended(child, streams, None) for child, streams in started]}


def _streams() -> Path:
    return Path(sys.argv[1]) / f"{os.getpid()}"


def _sweep(request: dict[str, Any]) -> dict[str, Any]:
    """In a fork, do the work once; at each change a fork of it meets the fault."""
    from faulty_disk import Faults, Power

    left = Path(request["left"])
    shutil.copytree(request["before"], left / "whole")
    root = left / "whole" / request["root"]

    def all_of_it() -> object:
        _without_charts()
        power = Power(root, left) if request["fault"] == "power" else None
        faults = Faults(root, fault="" if power else request["fault"], left=left, power=power)
        try:
            with faults.at_work():
                code = _work([text.replace("{}", str(root)) for text in request["arguments"]])
        except BaseException:
            traceback.print_exc()
            code = 99
        sys.stdout.flush()
        sys.stderr.flush()
        if faults.met:
            os._exit(code if isinstance(code, int) else 0)
        if power is not None:
            power.cut("the end")
        told = {"changes": faults.changes, "ends": faults.ends}
        told["moments"] = power.moments if power else []
        (left / "told.json").write_text(json.dumps(told), encoding="utf-8")
        return code

    whole = _forked(all_of_it, _streams())
    if not (left / "told.json").exists():
        raise RuntimeError(whole["err"])
    told: dict[str, Any] = json.loads((left / "told.json").read_text(encoding="utf-8"))
    return {"whole": whole, **told}


def _serve() -> None:
    """Answer each line of the standard input with how the work ended."""
    here = Path(__file__).parent
    sys.path[:0] = [str(here), str(here.parent)]
    importlib.import_module("fault_work")
    _server().load_all()
    work = {"run": _run, "sweep": _sweep, "together": _together}
    for line in sys.stdin.buffer:
        request = json.loads(line)
        try:
            told = work[request["kind"]](request)
        except Exception:
            told = {"failed": traceback.format_exc()}
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve()
