"""Run the command ``forecast`` in a process of its own without loading its libraries each time.

Half of what a short command costs is loading pandas and the like. A server loads these libraries
once and forks for every command; the package itself is loaded anew by each, as ever. Where there
is no fork, each command is an ordinary process.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import runpy
import select
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

__all__ = ["CommandServer"]

#: Libraries of other people alone: the package's own imports are part of what is tested.
_LOADED = (
    "numpy", "pandas", "pyarrow.compute", "pyarrow.parquet", "pydantic", "typer", "typer.main",
    "rich.console", "rich.table", "rich.progress", "rich.traceback", "typer.rich_utils",
    "jinja2", "joblib", "matplotlib.figure", "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg", "PIL.PngImagePlugin", "fontTools.subset", "scipy.special",
    "scipy.stats", "scipy.optimize", "openpyxl",
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
        self, arguments: list[str], stdin: str | None, timeout: float
    ) -> subprocess.CompletedProcess[str]:
        """Return what ``python -m forecast`` with these arguments returns, says and complains of.

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
                    "streams": [str(path) for path in streams],
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


def _serve() -> None:
    """Fork for each line of the standard input; answer with the exit code."""
    for name in _LOADED:
        importlib.import_module(name)
    gc.freeze()
    for line in sys.stdin.buffer:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            _become(request)
            return
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _become(request: dict[str, Any]) -> None:
    """Turn this process into the command asked for."""
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
    runpy.run_module("forecast", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _serve()
