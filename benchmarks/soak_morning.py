"""What one morning of the soak run leaves, and the workspace in which it takes place."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from soak_city import MAPPINGS

from forecast.workspace import Workspace

__all__ = ["GOOD", "Morning", "areas", "make_workspace", "yardstick"]

#: Exit codes of a morning that has its run.
GOOD = (0, 4)


@dataclass
class Morning:
    """One day of the machine.

    Attributes:
        day: the day.
        what: what befell it; empty: nothing. ``off``: the machine did not run.
        source: what the source did.
        whole: ordinary processes and all charts.
        attempts: exit codes of the scheduled runs, in order; ``killed`` for one that was killed.
        reason: what the last attempt said where it was not 0.
        refused: a file lay there that no table can take.
        run: the run that stood after it.
        seconds, cpu, memory: of the attempt that did the work [s, s, MB].
        yardstick: processor time of a fixed piece of work before and after it [s]: beside other work
            on the machine everything takes longer.
        steps: seconds of each of its steps.
        sizes: bytes by area of the workspace after it.
        runs: folders of runs after it.
        observed: what the run saw of PM2.5: days, mean, last day.
        expected: the same by the ledger.
    """

    day: date
    what: str = ""
    source: str = "ok"
    whole: bool = False
    attempts: list[Any] = field(default_factory=list)
    reason: str = ""
    refused: bool = False
    run: str = ""
    seconds: float = float("nan")
    cpu: float = float("nan")
    memory: float = float("nan")
    yardstick: float = float("nan")
    steps: dict[str, float] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    runs: int = 0
    observed: tuple[int, float, str] | None = None
    expected: tuple[int, float, str] | None = None

    @property
    def good(self) -> bool:
        """Whether the day has a run."""
        return any(code in GOOD for code in self.attempts)


def make_workspace(root: Path, *, paths: int, keep: int, kilobytes: int, files: int) -> None:
    """Make the workspace: what is not the default stands in its configuration."""
    Workspace.create(root, name="soak", sample=True)
    (root / "mappings").mkdir(exist_ok=True)
    for name, text in MAPPINGS.items():
        (root / "mappings" / f"{name}.toml").write_text(text, encoding="utf-8")
    path = root / "forecast.toml"
    text = path.read_text(encoding="utf-8")
    for before, after in (
        ("paths = 2000", f"paths = {paths}"), ("jobs = 0", "jobs = 1"),
        ("outlook = true", "outlook = false"), ("weather = true", "weather = false"),
        ("runs = 92", f"runs = {keep}"),
        ("log_kilobytes = 2000", f"log_kilobytes = {kilobytes}"),
        ("log_files = 10", f"log_files = {files}"),
    ):  # fmt: skip
        if before not in text:
            raise ValueError(f"the configuration has no {before!r}")
        text = text.replace(before, after)
    path.write_text(text, encoding="utf-8")


def areas(root: Path) -> dict[str, int]:
    """Return the bytes of each part of a workspace."""
    found: Counter[str] = Counter()
    for path in root.rglob("*"):
        if path.is_file() and path.name != "ballast":
            parts = path.relative_to(root).parts
            if parts[0] == "reports":
                kind = parts[1] if parts[1] in ("register", "logs") else "runs"
            elif parts[0] == "data" and len(parts) > 2:
                kind = parts[1]
            else:
                kind = parts[0]
            found[kind] += path.stat().st_size
    return dict(found)


def yardstick() -> float:
    """Return the processor time of a fixed piece of work [s]."""
    begun = time.process_time()
    sum(at * at % 7 for at in range(100_000))
    return time.process_time() - begun
