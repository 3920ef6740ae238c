"""What is wrong between the register, the stored runs and the clock, in Chinese and English."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, tzinfo

__all__ = ["altered_words", "set_back_words", "unregistered_words"]

Words = tuple[str, str]

#: Names of runs that are told; of more their number is.
_NAMED = 5


def unregistered_words(n: int) -> list[Words]:
    """Say how many finished runs the register lacks, and what to do; empty where it has them all."""
    if not n:
        return []
    return [
        (
            f"reports中有{n}次完成的运行不在登记簿中(登记簿被删除、丢失或未写完),其预测不会被评分。"
            "请从备份恢复reports/register;没有备份时可用forecast verify --register-again按已存结果补登(注明为事后补登)。",
            f"{n} finished {'runs' if n > 1 else 'run'} under reports {'are' if n > 1 else 'is'} not "
            "in the register (it was deleted, lost or cut off): what was said is not scored. Put "
            "reports/register back from a backup; without one, forecast verify --register-again "
            "takes them in from their stored results, marked as registered later.",
        )
    ]


def altered_words(names: Sequence[str]) -> list[Words]:
    """Name the runs whose result differs from the register; empty without any."""
    if not names:
        return []
    told = ", ".join(names[:_NAMED])
    zh, en = ("等", f" and {len(names) - _NAMED} more") if len(names) > _NAMED else ("", "")
    return [
        (
            f"{len(names)}次运行的projection.json与登记簿不一致(之后被改动或损坏):{told}{zh};评分以登记簿为准。",
            f"the projection.json of {len(names)} {'runs' if len(names) > 1 else 'run'} is not what "
            f"the register says (altered or damaged since): {told}{en}; the register is what is "
            "scored.",
        )
    ]


def set_back_words(after: datetime | None, zone: tzinfo) -> list[Words]:
    """Say that the run before this one is of a later moment; empty where ``after`` is None."""
    if after is None:
        return []
    at = f"{after.astimezone(zone):%Y-%m-%d %H:%M}"
    return [
        (
            f"登记簿中前一次运行的时刻是{at},晚于现在:时钟被调过,请校准;否则无法确定预测是否在到期前作出。",
            f"The run before this one in the register is of {at}, which has not come: the clock was "
            "set. Set it right; whether a forecast was made in time can't be told otherwise.",
        )
    ]
