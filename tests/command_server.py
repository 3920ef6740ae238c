"""Run the command ``forecast`` in a process of its own without loading what it needs each time.

Most of what a short command costs is loading pandas and the like, and the package itself. A server
loads both once and forks for every command. That each part of the package also loads where nothing
else of it is loaded yet is a test of its own, for which ``load_alone`` forks a server that has the
libraries of other people only. Where there is no fork, each command is an ordinary process.
"""

from __future__ import annotations

import atexit
import functools
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
from pathlib import Path
from typing import Any

__all__ = ["CommandServer", "leave_charts_out", "load_all", "load_alone", "sync_nothing"]

#: Libraries of other people.
_LOADED = (
    "numpy", "pandas", "pyarrow.compute", "pyarrow.parquet", "pydantic.main", "pydantic.types",
    "pydantic.type_adapter", "filelock", "typer.main", "typer.rich_utils", "rich.console",
    "rich.table", "rich.progress", "rich.traceback", "jinja2", "joblib", "matplotlib.figure",
    "matplotlib.backends.backend_agg", "matplotlib.backends.backend_svg", "PIL.PngImagePlugin",
    "fontTools.subset", "scipy.special", "scipy.stats", "scipy.optimize", "scipy.signal",
    "statsmodels.miscmodels.ordinal_model", "statsmodels.tsa.seasonal", "holidays.countries.china",
    "openpyxl", "xlsxwriter", "docx", "matplotlib.backends.backend_pdf", "pyarrow.csv", "typst", "httpx",
)  # fmt: skip


def _python_settings(environment: dict[str, str]) -> dict[str, str]:
    """What the interpreter reads once, when it starts."""
    names = ("PYTHON", "LC_", "LANG", "OMP_", "OPENBLAS_", "MKL_")
    return {k: v for k, v in environment.items() if k.startswith(names)}


class CommandServer:
    """Starts the server when the first command comes; ``close`` ends it."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._started_with: dict[str, str] = {}

    def run(
        self, arguments: list[str], stdin: str | None, timeout: float, charts: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Return what ``python -m forecast`` with these arguments returns, says and complains of.

        Args:
            arguments: of the command.
            stdin: its standard input.
            timeout: the longest that it may take [s].
            charts: False lets ``forecast run`` draw none, and leave out the font of its page, where
                there is a server.

        Raises:
            subprocess.TimeoutExpired: the command took longer than ``timeout`` [s].
        """
        command = [sys.executable, "-m", "forecast", *arguments]
        if not hasattr(os, "fork") or (
            self._process is not None and _python_settings(dict(os.environ)) != self._started_with
        ):
            return subprocess.run(
                command, input=stdin, capture_output=True, encoding="utf-8", timeout=timeout,
                check=False,
            )  # fmt: skip
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            streams = [folder / stream for stream in ("stdin", "stdout", "stderr")]
            streams[0].write_bytes((stdin or "").encode())
            code = self._ask(
                {
                    "arguments": arguments, "folder": str(Path.cwd()), "environment": dict(os.environ),
                    "streams": [str(path) for path in streams], "charts": charts,
                },
                timeout,
            )  # fmt: skip
            if code is None:
                raise subprocess.TimeoutExpired(command, timeout)
            # Universal newlines, as subprocess gives them for text.
            said, complained = (p.read_text(encoding="utf-8") for p in streams[1:])
        return subprocess.CompletedProcess(command, code, said, complained)

    def _ask(self, request: dict[str, Any], timeout: float) -> int | None:
        """Let the server run one command; None when its time ran out."""
        if self._process is None:
            self._started_with = _python_settings(dict(os.environ))
            self._process = subprocess.Popen(
                [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                bufsize=0, start_new_session=True,
            )  # fmt: skip
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(request).encode() + b"\n")
        ready, _, _ = select.select([process.stdout], [], [], timeout)
        if not ready:
            os.killpg(process.pid, signal.SIGKILL)
            self.close()
            return None
        answer = process.stdout.readline()
        if not answer:
            raise RuntimeError("the server of commands has ended; its standard error says why")
        return int(answer)

    def close(self) -> None:
        """End the server."""
        if self._process is not None:
            self._process.communicate()
            self._process = None


def load_alone(modules: list[str]) -> dict[str, str]:
    """Import each module in a process in which nothing of the package is loaded yet.

    Args:
        modules: their names.

    Returns:
        What went wrong, by module; empty where all load.
    """
    done = subprocess.run(
        [sys.executable, __file__, *modules], capture_output=True, encoding="utf-8", check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    wrong: dict[str, str] = json.loads(done.stdout)
    return wrong


def _load_alone(modules: list[str]) -> dict[str, str]:
    """Import each in a fork of its own; return what went wrong."""
    gc.disable()
    for name in _LOADED:
        importlib.import_module(name)
    assert "forecast" not in sys.modules
    gc.freeze()
    wrong = {}
    for module in modules:
        receiver, sender = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                importlib.import_module(module)
            except BaseException:
                os.write(sender, traceback.format_exc().encode()[-4000:])
            os._exit(0)
        os.close(sender)
        with os.fdopen(receiver, encoding="utf-8") as said:
            if trouble := said.read():
                wrong[module] = trouble
        os.waitpid(child, 0)
    return wrong


def load_all() -> None:
    """Load the libraries and the whole package, and make what every command needs."""
    gc.disable()
    for name in _LOADED:
        importlib.import_module(name)
    package = importlib.import_module("forecast")
    for module in pkgutil.walk_packages(package.__path__, "forecast."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    _ask_once()
    gc.freeze()
    gc.enable()


def sync_nothing() -> None:
    """Let this process not wait until what it writes has reached the disk.

    That takes as long as writing it, and what a test leaves need not outlast a power cut. What is
    synced when, and what follows where that fails, are tests of their own.
    """

    def look(handle: Any) -> None:
        os.fstat(handle if isinstance(handle, int) else handle.fileno())

    os.fsync = look  # type: ignore[assignment]


def leave_charts_out() -> None:
    """Let a run of this process draw none, and have no font of its own in its page."""
    execute = importlib.import_module("forecast.runs.execute")
    execute.draw_figures = lambda *_, **__: ([], [])  # type: ignore[attr-defined]
    page = importlib.import_module("forecast.report.page")
    page.page_font = lambda _: ""  # type: ignore[attr-defined]


def _serve() -> None:
    """Fork for each line of the standard input; answer with the exit code."""
    load_all()
    sync_nothing()
    for line in sys.stdin.buffer:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            os._exit(_become(request))
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _ask_once() -> None:
    """Let what a process of the package keeps in memory be there for every command."""
    importlib.import_module("forecast.targets").load_plans()
    behind = importlib.import_module("forecast.models.code_behind")
    behind.code_digest()
    behind.libraries()
    pages = importlib.import_module("forecast.report.page_templates").page_templates(
        "forecast.report"
    )
    for name in pages.list_templates():
        pages.get_template(name)
    fonts = importlib.import_module("forecast.charts.fonts")
    fonts.missing_glyphs("")
    with fonts.chart_fonts():
        pass
    # typer reads the signatures of all commands for each command line, which a process has one of.
    typer = importlib.import_module("typer.main")
    typer.get_command = functools.cache(typer.get_command)  # type: ignore[attr-defined]
    typer.get_command(importlib.import_module("forecast.cli").app)


def _become(request: dict[str, Any]) -> int:
    """Turn this process into the command asked for; return its exit code.

    What an interpreter does at its end is done, but for taking every loaded library apart, which
    takes longer than a short command and which no one sees.
    """
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    for number, path in enumerate(request["streams"]):
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC if number else os.O_RDONLY
        opened = os.open(path, flags)
        os.dup2(opened, number)
        os.close(opened)
    sys.argv[1:] = request["arguments"]
    # `python -m` puts the current folder first.
    sys.path[0] = request["folder"]
    code: object = 0
    try:
        if not request["charts"]:
            leave_charts_out()
        runpy.run_module("forecast", run_name="__main__", alter_sys=True)
    except SystemExit as end:
        code = end.code
        if code is not None and not isinstance(code, int):
            print(code, file=sys.stderr)
            code = 1
    except BaseException:
        traceback.print_exc()
        code = 1
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return code or 0  # type: ignore[return-value]


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print(json.dumps(_load_alone(sys.argv[1:])))
    else:
        _serve()
