"""``reports/health.json``: when the last good run was, and whether that is recent enough."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from forecast.configuration_schedule import span_of
from forecast.disk import write_file
from forecast.messages import in_chinese
from forecast.runs.schedule_memory import STOPPED, moment_of, read_memory
from forecast.workspace import Workspace

__all__ = ["HEALTH_NAME", "HEALTH_VERSION", "Health", "health", "write_health"]

HEALTH_NAME = "health.json"

#: Version of the file's own form.
HEALTH_VERSION = 1

#: A good run this far in the future was made when the clock was wrong.
_AHEAD = timedelta(hours=1)

_BAD = 1


@dataclass(frozen=True)
class Health:
    """Whether the scheduled runs do their work.

    Attributes:
        good: whether the last good run is recent and the last one did not fail.
        exit_code: 0 where it is good, else 1.
        zh, en: why, in words.
        age_hours: age of the last good run [h]; None where there is none.
        max_age_hours: how old it may be [h].
        told: what the health file says; empty where there is none.
    """

    good: bool
    zh: str
    en: str
    age_hours: float | None
    max_age_hours: float
    told: dict[str, Any]

    @property
    def exit_code(self) -> int:
        """What the command ends in."""
        return 0 if self.good else _BAD

    def to_dict(self) -> dict[str, Any]:
        """Return it as plain values, for ``--json``."""
        return {
            "good": self.good,
            "zh": self.zh,
            "en": self.en,
            "age_hours": None if self.age_hours is None else round(self.age_hours, 2),
            "max_age_hours": round(self.max_age_hours, 2),
            **{name: self.told.get(name) for name in ("last_success", "last_attempt", "next_due")},
        }


def write_health(workspace: Workspace, attempt: dict[str, Any], *, good: bool) -> None:
    """Put what became of a scheduled run into the health file, at one moment.

    Args:
        workspace: the workspace.
        attempt: the run, as plain values; ``next_due`` is taken out of it.
        good: whether it is the last good one from now on.

    Raises:
        WorkspaceError: it can't be written; the former one stands.
    """
    told, _ = _read(workspace)
    last = {name: value for name, value in attempt.items() if name != "next_due"}
    new = {
        "health_version": HEALTH_VERSION,
        "last_attempt": last,
        "last_success": last if good else told.get("last_success"),
        "next_due": attempt.get("next_due"),
    }
    text = json.dumps(new, ensure_ascii=False, indent=1) + "\n"
    write_file(workspace.reports / HEALTH_NAME, text.encode("utf-8", errors="backslashreplace"))


def health(workspace: Workspace, now: datetime, *, max_age: timedelta | None = None) -> Health:
    """Return whether the last good run is recent and the last one did not fail.

    Where nothing was ever scheduled, a run that a person or another timer made counts as well.

    Args:
        workspace: the workspace.
        now: the moment, with a zone.
        max_age: how old the last good run may be; None: ``[schedule] max_age``.
    """
    if max_age is None:
        max_age = span_of(workspace.config.schedule.max_age)
    told, damaged = _read(workspace)
    limit = max_age / timedelta(hours=1)
    success = told.get("last_success") or {}
    since = moment_of(success.get("ended"))
    by_hand = not told and not damaged
    if by_hand:
        since = _latest_moment(workspace)
    age = None if since is None else (now - since) / timedelta(hours=1)

    def found(good: bool, zh: str, en: str) -> Health:
        return Health(good, zh, en, age, limit, told)

    if damaged:
        return found(
            False, f"{HEALTH_NAME} 已损坏,下次运行会重写。",
            f"{HEALTH_NAME} is damaged; the next run writes it anew.",
        )  # fmt: skip
    attempt = told.get("last_attempt") or {}
    code, why = attempt.get("exit_code"), str(attempt.get("reason") or "")
    if since is None or age is None:
        return found(
            False,
            f"还没有成功的运行:{in_chinese(why)}" if why else "还没有成功的运行。",
            f"There is no good run yet: {why}" if why else "There is no good run yet.",
        )
    zone = workspace.timezone
    at = f"{since.astimezone(zone):%Y-%m-%d %H:%M}"
    if -age > _AHEAD / timedelta(hours=1):
        return found(
            False, f"上次成功运行的时间 {at} 在将来:时钟有误。",
            f"The last good run is of {at}, which has not come: the clock is or was wrong.",
        )  # fmt: skip
    if age > limit:
        return found(
            False, f"上次成功运行是 {at},已过 {age:.1f} 小时(上限 {limit:g})。",
            f"The last good run was at {at}, {age:.1f} hours ago (at most {limit:g}).",
        )  # fmt: skip
    if code not in (0, 4, STOPPED, None):
        return found(
            False, f"上次运行失败(退出码 {code}):{in_chinese(why)} 上次成功是 {at}。",
            f"The last run failed (exit code {code}): {why} "
            f"The last good one was at {at}.",
        )  # fmt: skip
    zh, en = f"上次成功运行是 {at}。", f"The last good run was at {at}."
    if by_hand:
        zh += "没有定时运行的记录。"
        en += " Nothing is on record of scheduled runs."
    if code == 4:
        zh += f"有一部分没有完成:{in_chinese(why)}"
        en += f" It was done in part: {why}"
    if code == STOPPED:
        zh += "此后的一次被中途停止。"
        en += " A later one was told to stop."
    memory = read_memory(workspace)
    if memory is not None and memory.ended is None:
        begun = f"{memory.started.astimezone(zone):%Y-%m-%d %H:%M}"
        zh += f"{begun} 开始的一次还没有结束(在运行,或被强行结束)。"
        en += f" One begun at {begun} has not ended: it is at work or was killed."
    return found(True, zh, en)


def _read(workspace: Workspace) -> tuple[dict[str, Any], bool]:
    """Return what the health file says, and whether it is there and says nothing."""
    try:
        told = json.loads((workspace.reports / HEALTH_NAME).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}, False
    except (OSError, ValueError):
        return {}, True
    parts = ("last_attempt", "last_success")
    if not isinstance(told, dict) or not all(
        isinstance(told.get(name), dict | None) for name in parts
    ):
        return {}, True
    return told, False


def _latest_moment(workspace: Workspace) -> datetime | None:
    """Return when ``reports/latest`` was last confirmed; every run that succeeds does so."""
    try:
        stamp = (workspace.reports / "latest").stat().st_mtime
        return datetime.fromtimestamp(stamp, UTC)
    except (OSError, ValueError, OverflowError):
        return None
