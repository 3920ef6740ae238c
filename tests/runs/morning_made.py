"""A clock and a command ``forecast`` made for tests of scheduled runs."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from forecast.runs.schedule_attempt import Clock, Scheduled
from forecast.runs.schedule_slots import Daily
from forecast.workspace import Workspace

__all__ = ["DAILY", "MadeClock", "MadeCommand", "at"]

DAILY = Daily(time(6, 30), ZoneInfo("Asia/Shanghai"))


def at(text: str) -> datetime:
    """The moment that ``text`` says, in UTC."""
    return datetime.fromisoformat(text).astimezone(UTC)


@dataclass
class MadeClock:
    """A clock on which waiting takes no time.

    Attributes:
        moment: now.
        end: it is told to stop from then on.
        jumps: before a wait that begins at or after the moment, the clock is set by the span.
    """

    moment: datetime
    end: datetime
    jumps: list[tuple[datetime, timedelta]] = field(default_factory=list)
    told: int = 0

    def _wait(self, seconds: float) -> None:
        self.moment += timedelta(seconds=max(seconds, 60.0))
        if self.jumps and self.moment >= self.jumps[0][0]:
            self.moment += self.jumps.pop(0)[1]

    def clock(self) -> Clock:
        """As the loop takes it."""
        return Clock(
            now=lambda: self.moment,
            wait=self._wait,
            stops=lambda: self.told or int(self.moment >= self.end),
        )


_COMMAND = """
import json, os, sys, time
folder = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(folder, "behaviour.json"), encoding="utf-8") as file:
    does = json.load(file).get(sys.argv[1], {})
with open(os.path.join(folder, "calls.jsonl"), "a", encoding="utf-8") as file:
    file.write(json.dumps({"arguments": sys.argv[1:], "pid": os.getpid(), "folder": os.getcwd(),
                           "key": os.environ.get("OPENAQ_API_KEY", "")}) + "\\n")
time.sleep(does.get("seconds", 0))
if sys.argv[1] == "run" and not does.get("code"):
    root = sys.argv[sys.argv.index("--workspace") + 1]
    os.makedirs(os.path.join(root, "reports"), exist_ok=True)
    with open(os.path.join(root, "reports", "latest"), "w") as file:
        file.write(does.get("run", "20250701-abc") + "\\n")
print(does.get("out", ""))
print(does.get("said", "").format(key=os.environ.get("OPENAQ_API_KEY", "")), file=sys.stderr)
sys.exit(does.get("code", 0))
"""


class MadeCommand:
    """A program in place of ``forecast`` that does as it is told and remembers how it was called.

    Args:
        folder: where it lies.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        (folder / "forecast.py").write_text(_COMMAND, encoding="utf-8")
        self.does()

    def does(self, **steps: dict[str, Any]) -> None:
        """Say what each step does: ``code``, ``said``, ``out``, ``seconds``, ``run``."""
        (self._folder / "behaviour.json").write_text(json.dumps(steps), encoding="utf-8")

    @property
    def words(self) -> tuple[str, ...]:
        """What starts it."""
        return (sys.executable, "-S", "-E", str(self._folder / "forecast.py"))

    @property
    def calls(self) -> list[dict[str, Any]]:
        """How it was called."""
        path = self._folder / "calls.jsonl"
        if not path.exists():
            return []
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    @property
    def steps(self) -> list[str]:
        """The steps it was called for."""
        return [call["arguments"][0] for call in self.calls]

    def scheduled(self, root: Path, **options: Any) -> Scheduled:
        """A schedule at half past six in Shanghai whose steps are this program."""
        return Scheduled(Workspace.open(root), DAILY, command=self.words, **options)
