"""The machine on which the simulated mornings happen: its clock, its processes, its disk.

``forecast`` takes the time from ``datetime.now`` alone, so a moved clock is a class of that name with
another ``now``, put into the modules of the package (``move_clock``); no file of the package knows of
it. Ages of files (``time.time`` beside a file's stamp) stay those of the machine: what lies
overnight is made older by the driver.

``Machine.start`` forks a process that has the libraries loaded already and becomes the command
``forecast`` in it, a group and session of its own; the steps of ``forecast schedule run`` are forked
from that in the same way. With ``whole`` they are ordinary processes, started from nothing.
"""

from __future__ import annotations

import contextlib
import copy
import datetime as dt
import functools
import gc
import importlib
import importlib.abc
import importlib.machinery
import json
import os
import pkgutil
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

__all__ = ["Ended", "Machine", "Started", "as_command", "descendants", "move_clock"]

_REAL = dt.datetime

#: What a morning needs of other people's libraries; loaded once.
_LIBRARIES = (
    "numpy", "pandas", "pyarrow.compute", "pyarrow.parquet", "pyarrow.csv", "pydantic.main",
    "pydantic.types", "pydantic.type_adapter", "filelock", "typer.main", "typer.rich_utils",
    "rich.console", "rich.table", "rich.progress", "jinja2", "joblib", "httpx", "tenacity",
    "fontTools.subset", "scipy.special", "scipy.stats", "scipy.optimize", "scipy.signal",
    "holidays.countries.china", "tomllib", "zoneinfo",
)  # fmt: skip

#: Longest silence of the source in a fetch, instead of a minute, and tries, instead of five.
_PATIENCE = {"timeout": 0.25, "attempts": 2}


class _Kind(type):
    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, _REAL)


def _moved(shift: dt.timedelta) -> type[dt.datetime]:
    class Moved(_REAL, metaclass=_Kind):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> dt.datetime:  # type: ignore[override]
            moment = _REAL.now(dt.UTC) + shift
            return (
                moment.astimezone(tz)
                if tz is not None
                else moment.astimezone().replace(tzinfo=None)
            )

    return Moved


def move_clock(shift: dt.timedelta) -> None:
    """Let the package's clock go ``shift`` ahead of the machine's, in this process."""
    moved = _moved(shift)

    def treat(module: ModuleType) -> None:
        for name, value in list(vars(module).items()):
            if isinstance(value, type) and (value is _REAL or type(value) is _Kind):
                setattr(module, name, moved)
        if module.__name__ == "forecast.fetch.run":
            module.fetch.__kwdefaults__ |= {**_PATIENCE, "sleep": lambda seconds: None}

    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "forecast":
            treat(module)
    sys.meta_path[:] = [f for f in sys.meta_path if not isinstance(f, _Finder)]
    sys.meta_path.insert(0, _Finder(treat))


class _Finder(importlib.abc.MetaPathFinder):
    """Treats the modules of the package that are loaded later."""

    def __init__(self, treat: Callable[[ModuleType], None]) -> None:
        self._treat = treat

    def find_spec(
        self, name: str, path: Any = None, target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        if not name.startswith("forecast."):
            return None
        spec = importlib.machinery.PathFinder.find_spec(name, path)
        if spec is not None and spec.loader is not None:
            run, treat = spec.loader.exec_module, self._treat

            def exec_module(module: ModuleType) -> None:
                run(module)
                treat(module)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


def descendants(pid: int) -> list[int]:
    """Return the processes that ``pid`` and its children started, as far as they live."""
    found, todo = [], [pid]
    while todo:
        one = todo.pop()
        for task in Path(f"/proc/{one}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                children = [int(word) for word in task.read_text().split()]
                found += children
                todo += children
    return found


@dataclass(frozen=True)
class Ended:
    """A process that ended.

    Attributes:
        code: exit code; below 0 the signal that killed it.
        out, said: standard output and error.
        seconds: from its start to its end.
        cpu: of it and of all that it waited for [s].
        memory: the largest of them, at its peak [MB]; of a fork less what the driver has grown by,
            whose pages it shares.
    """

    code: int
    out: str
    said: str
    seconds: float
    cpu: float
    memory: float

    @property
    def told(self) -> Any:
        """Its output as JSON."""
        return json.loads(self.out)


@dataclass
class Started:
    """A process that runs."""

    pid: int
    streams: tuple[Any, Any]
    inherited: float = 0.0
    begun: float = field(default_factory=time.perf_counter)
    ended: Ended | None = None

    def look(self) -> Ended | None:
        """Return how it ended, None while it runs."""
        if self.ended is None:
            pid, status, used = os.wait4(self.pid, os.WNOHANG)
            if pid:
                out, said = self._read()
                self.ended = Ended(
                    os.waitstatus_to_exitcode(status), out, said, time.perf_counter() - self.begun,
                    used.ru_utime + used.ru_stime, used.ru_maxrss / 1024.0 - self.inherited,
                )  # fmt: skip
        return self.ended

    def wait(self, longest: float = 600.0) -> Ended:
        """Return how it ended.

        Raises:
            TimeoutError: it takes too long; it is killed.
        """
        until = time.perf_counter() + longest
        while (ended := self.look()) is None:
            if time.perf_counter() > until:
                self.kill()
                raise TimeoutError(f"process {self.pid} took longer than {longest} s")
            time.sleep(0.005)
        return ended

    def kill(self) -> bool:
        """End it and all that it started at once, as a power cut would; False if it had ended."""
        if self.look() is not None:
            return False
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGSTOP)
        for one in [self.pid, *descendants(self.pid)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)
        while self.look() is None:
            time.sleep(0.002)
        return True

    def _read(self) -> tuple[str, str]:
        texts = []
        for stream in self.streams:
            stream.seek(0)
            texts.append(stream.read().decode("utf-8", errors="replace"))
            stream.close()
        return texts[0], texts[1]


class _Step:
    """Stands for ``subprocess.Popen`` in a scheduled run: a fork instead of a new interpreter."""

    def __init__(
        self, command: Sequence[str], *, cwd: Path, env: dict[str, str], stdin: int, stdout: int,
        stderr: int, start_new_session: bool,
    ) -> None:  # fmt: skip
        words = list(command)
        self._streams = (tempfile.TemporaryFile(), tempfile.TemporaryFile())  # noqa: SIM115
        self.returncode: int | None = None
        self.pid = _fork(words[words.index("forecast") + 1 :], cwd, env, self._streams)

    def communicate(self, timeout: float) -> tuple[bytes, bytes]:
        until = time.monotonic() + timeout
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                break
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired("forecast", timeout)
            time.sleep(0.003)
        self.returncode = os.waitstatus_to_exitcode(status)
        for stream in self._streams:
            stream.seek(0)
        return self._streams[0].read(), self._streams[1].read()

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)


def _fork(
    arguments: list[str], folder: Path, environment: dict[str, str], streams: tuple[Any, Any],
    before: Callable[[], None] | None = None,
) -> int:  # fmt: skip
    """Become ``forecast`` with these arguments in a process of its own; return its number."""
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child:
        return child
    code: Any = 1
    try:
        os.setsid()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.dup2(streams[0].fileno(), 1)
        os.dup2(streams[1].fileno(), 2)
        # As a new program: no file of the parent stays open, so none of its locks either.
        os.closerange(3, 4096)
        os.environ.clear()
        os.environ.update(environment)
        os.chdir(folder)
        sys.argv[:] = ["forecast", *arguments]
        if before is not None:
            before()
        try:
            runpy.run_module("forecast", run_name="__main__", alter_sys=True)
            code = 0
        except SystemExit as end:
            code = 0 if end.code is None else end.code if isinstance(end.code, int) else 1
        threading._shutdown()  # type: ignore[attr-defined]
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
    finally:
        os._exit(code)


def _prepare(shift: dt.timedelta, charts: bool) -> None:
    move_clock(shift)
    steps = importlib.import_module("forecast.runs.schedule_steps")
    vars(steps)["subprocess"] = SimpleNamespace(**{**vars(subprocess), "Popen": _Step})
    if not charts:
        execute = importlib.import_module("forecast.runs.execute")
        vars(execute)["draw_figures"] = lambda *_, **__: ([], [])
        vars(importlib.import_module("forecast.report.page"))["page_font"] = lambda page: ""


def _keep_parsed() -> None:
    """Parse once what comes with the package: templates of pages and plans."""
    from jinja2 import Environment, PackageLoader

    compiled: dict[tuple[str, str | None], Any] = {}
    compiling = Environment.compile

    def kept(self: Any, source: Any, name: Any = None, *more: Any, **words: Any) -> Any:
        key = (source, name)
        if key not in compiled:
            compiled[key] = compiling(self, source, name, *more, **words)
        return compiled[key]

    Environment.compile = kept  # type: ignore[method-assign]
    environment = Environment(loader=PackageLoader("forecast.report"), autoescape=True)
    for name in environment.list_templates(extensions=["j2"]):
        environment.get_template(name)
    loads = functools.cache(tomllib.loads)
    # Whoever reads a table may change it.
    vars(tomllib)["loads"] = lambda text, **words: copy.deepcopy(loads(text))
    importlib.import_module("forecast.targets").load_plans()


def _resident() -> float:
    """Return the memory of this process now [MB]."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2.0**20


class Machine:
    """Starts ``forecast`` on one workspace, at simulated moments.

    Args:
        root: the workspace.
        charts: False lets runs in forked processes draw none.
    """

    def __init__(self, root: Path, *, charts: bool = False) -> None:
        self.root = root
        self._charts = charts
        self._at_first = _resident()

    @staticmethod
    def load() -> None:
        """Load what a morning needs, once for all forks."""
        for name in _LIBRARIES:
            importlib.import_module(name)
        package = importlib.import_module("forecast")
        for module in pkgutil.walk_packages(package.__path__, "forecast."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
        # Its description of all commands is made once as well.
        main, app = (
            importlib.import_module("typer.main"),
            importlib.import_module("forecast.cli").app,
        )
        whole, build = main.get_command(app), main.get_command
        vars(main)["get_command"] = lambda one: whole if one is app else build(one)
        _keep_parsed()
        gc.collect()
        gc.freeze()

    def start(self, moment: dt.datetime, *arguments: str, whole: bool = False) -> Started:
        """Start a command at a moment (with its zone).

        Args:
            moment: what the clock shows at its start.
            arguments: what comes after ``forecast``; the workspace is added.
            whole: an ordinary process, charts and all, whose steps are such too.
        """
        shift = moment - _REAL.now(dt.UTC)
        words = [*arguments, "--workspace", str(self.root)]
        streams = (tempfile.TemporaryFile(), tempfile.TemporaryFile())  # noqa: SIM115
        if whole:
            process = subprocess.Popen(
                [sys.executable, str(Path(__file__).resolve()), str(shift.total_seconds()), *words],
                stdin=subprocess.DEVNULL, stdout=streams[0], stderr=streams[1],
                start_new_session=True, cwd=self.root.parent,
            )  # fmt: skip
            # It is waited for by number, with what it used.
            process.returncode = 0
            return Started(process.pid, streams)
        pid = _fork(
            words, self.root.parent, dict(os.environ), streams,
            lambda: _prepare(shift, self._charts),
        )  # fmt: skip
        return Started(pid, streams, _resident() - self._at_first)

    def run(self, moment: dt.datetime, *arguments: str, whole: bool = False) -> Ended:
        """Start a command and wait for its end."""
        return self.start(moment, *arguments, whole=whole).wait()


def as_command(words: Sequence[str]) -> None:
    """Be ``forecast`` with a moved clock: seconds of the shift, then its arguments."""
    shift = dt.timedelta(seconds=float(words[0]))
    move_clock(shift)
    steps = importlib.import_module("forecast.runs.schedule_steps")
    itself = (sys.executable, str(Path(__file__).resolve()), words[0])
    vars(steps)["command_of"] = lambda: itself
    sys.argv[:] = ["forecast", *words[1:]]
    runpy.run_module("forecast", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    as_command(sys.argv[1:])
