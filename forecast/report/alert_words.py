"""The words of alerts, in Chinese and English, and the message that they make together."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from forecast.charts.words import VERDICTS, percent
from forecast.report.short_range_words import (
    POLLUTION,
    day_text,
    item_name,
    leading_item,
    missing_text,
    open_percent,
    span_text,
    where_text,
)
from forecast.report.words import target_text
from forecast.standards.indicators import indicator

__all__ = [
    "budget_words", "crossing_words", "episode_over_words", "episode_words", "flags_words", "harmless",
    "message", "run_words",
    "silent_words", "trial_words",
]  # fmt: skip

#: Characters by which a chat mentions people, opens markup or makes a link, and what stands for
#: them: names come from files, and a file must not call a whole group together.
_HARMLESS = str.maketrans(
    {
        "@": "＠", "<": "＜", ">": "＞", "*": "＊", "_": "＿", "`": "｀", "[": "［", "]": "］",
        "#": "＃", "|": "｜", "~": "～", "\\": "＼", "&": "＆", "$": "＄", "{": "｛", "}": "｝",
    }
)  # fmt: skip

#: As much of one sentence is sent [character].
_LONGEST = 600


def harmless(text: str) -> str:
    """Return ``text`` on one line, with nothing that a chat, a mail or a page could act on.

    >>> harmless("衡水\\r\\nBcc: all@x.cn <at user_id='all'></at> **http://x.cn**")
    "衡水 Bcc: all＠x.cn ＜at user＿id='all'＞＜/at＞ ＊＊http:／／x.cn＊＊"
    """
    plain = "".join(
        " " if unicodedata.category(one)[0] in "CZ" else one for one in str(text)
    ).translate(_HARMLESS)
    line = " ".join(plain.replace("://", ":／／").split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def _target(entry: Mapping[str, Any], target: Mapping[str, Any]) -> tuple[str, str]:
    region, place = str(entry["region"]), str(entry["place"])
    where = region if place == region else f"{region} {place}"
    asked = ("", "")
    if target["comparator"]:
        try:
            decimals = indicator(str(entry["indicator"])).judged_decimals
        except KeyError:
            decimals = None
        asked = target_text(dict(target), str(entry["unit"]), decimals)
    zh = f"{where} {target['label_zh']} {asked[0]}".rstrip()
    en = f"{where}, {target['label_en']} {asked[1]}".rstrip()
    return f"{zh}({entry['period']})", f"{en} ({entry['period']})"


def crossing_words(
    entry: Mapping[str, Any],
    target: Mapping[str, Any],
    old: str,
    new: str,
    before: float | None,
) -> tuple[str, str]:
    """Say that a target stands otherwise than when last told."""
    zh, en = _target(entry, target)
    was, now = VERDICTS[old], VERDICTS[new]
    p = f"{percent(before)} → {percent(target['probability'])}"
    return (
        f"{zh}:{was.zh} → {now.zh},达标概率 {p}(截至 {entry['as_of']})。",
        f"{en}: {was.en.lower()} → {now.en.lower()}, probability {p} (up to {entry['as_of']}).",
    )


def budget_words(
    entry: Mapping[str, Any], target: Mapping[str, Any], budget: Mapping[str, Any], step: int
) -> tuple[str, str]:
    """Say that a budget of days is half spent (1), spent (2) or overspent (3)."""
    zh, en = _target(entry, target)
    heavy = budget["kind"] == "heavy_days"
    allowed = int((budget if heavy else budget["rounded"])["allowed"])
    used = int(budget["used"])
    days_zh, days_en = ("重污染天", "heavily polluted days") if heavy else ("超标天", "bad days")
    how_zh, how_en = {
        1: ("已用过半", "half spent"),
        2: ("已用完", "spent"),
        3: ("已超支", "overspent"),
    }[step]
    left = int(budget.get("days_left", 0))
    return (
        f"{zh}:{days_zh}余量{how_zh},允许{allowed}天,已用{used}天,今年还剩{left}天。",
        f"{en}: the budget of {days_en} is {how_en}: {used} of {allowed} used, "
        f"{left} days of the year left.",
    )


def episode_words(
    entry: Mapping[str, Any], days: Sequence[Mapping[str, Any]], kind: str, *, worse: bool
) -> tuple[str, str]:
    """Say that pollution lies ahead of a city, or that what was told became worse.

    Args:
        entry: of ``short_range.air`` of a result.
        days: the days of the episode, in order.
        kind: ``light``, ``moderate`` or ``heavy`` pollution, or worse.
        worse: whether an episode told before is now told at a higher level.
    """
    what, where = POLLUTION[kind], where_text(entry)
    spell = span_text(*(date.fromisoformat(days[k]["date"]) for k in (0, -1)))
    top = max(days, key=lambda d: float(d["exceed"][kind]))
    p, on = open_percent(top["exceed"][kind]), day_text(date.fromisoformat(top["date"]))
    led = leading_item(days)
    by = (f",首要污染物{item_name(led)}", f", led by {item_name(led)}") if led else ("", "")
    more = ("预警升级:", "warning raised: ") if worse else ("", "")
    without = _without(entry)
    return (
        f"{where}:{more[0]}{spell.zh}可能出现{what.zh},概率最高{p}({on.zh}){by[0]}{without[0]}"
        f"(依据截至 {entry['issued']} 的监测值)。",
        f"{where}: {more[1]}{what.en} may occur on {spell.en}, probability up to {p} ({on.en}){by[1]}"
        f"{without[1]} (from readings up to {entry['issued']}).",
    )


def _without(entry: Mapping[str, Any]) -> tuple[str, str]:
    """What the AQI of a city is without, as a clause."""
    missing = missing_text(entry)
    return ("", "") if missing is None else (f";{missing.zh}", f"; {missing.en}")


def episode_over_words(
    entry: Mapping[str, Any], first: date, last: date, kind: str, p: float
) -> tuple[str, str]:
    """Say that pollution that was told of days still ahead is no longer likely.

    Args:
        entry: of ``short_range.air`` of a result.
        first, last: the days that were told.
        kind: what was told.
        p: highest probability of it on those days now.
    """
    what, spell, where = POLLUTION[kind], span_text(first, last), where_text(entry)
    now, without = open_percent(p), _without(entry)
    return (
        f"{where}:此前预警的{spell.zh}{what.zh}不再较可能出现,概率最高降为{now}{without[0]}"
        f"(依据截至 {entry['issued']} 的监测值)。",
        f"{where}: the {what.en} told of {spell.en} is no longer likely, at most {now}"
        f"{without[1]} (from readings up to {entry['issued']}).",
    )


def silent_words(
    region: str, domain: str, last: date, days: int, *, silent: bool
) -> tuple[str, str]:
    """Say that no reading of a region has come for some days, or that they come again."""
    zh, en = ("空气", "air") if domain == "air" else ("水质", "water")
    if not silent:
        return (
            f"{region}的{zh}数据已恢复,最新到 {last}。",
            f"Readings of the {en} of {region} come again, up to {last}.",
        )
    return (
        f"{region}的{zh}数据已{days}天没有更新,最后一次是 {last};请检查数据来源。",
        f"No reading of the {en} of {region} for {days} days, the last is of {last}; "
        "see to the source.",
    )


def run_words(
    attempt: Mapping[str, Any], success: Mapping[str, Any], severity: int
) -> tuple[str, str]:
    """Say that the scheduled run failed (2), was done in part (1), or works again (0)."""
    reason = str(attempt.get("reason") or "").strip()
    if severity == 0:
        return "定时运行已恢复正常。", "The scheduled run works again."
    good = str(success.get("ended") or "")[:10]
    if severity == 1:
        return f"定时运行只完成了一部分:{reason}", f"The scheduled run was done in part: {reason}"
    code = attempt.get("exit_code")
    since_zh = f"上次成功是 {good}。" if good else "还没有成功过。"
    since_en = f"The last good one was on {good}." if good else "There was no good one yet."
    return (
        f"定时运行失败(退出码 {code}):{reason} {since_zh}",
        f"The scheduled run failed (exit code {code}): {reason} {since_en}",
    )


def flags_words(region: str, was: int, now: int) -> tuple[str, str]:
    """Say that many more values of a region are flagged than last time."""
    return (
        f"{region}的待定质控标记突增:涉及 {was} → {now} 个值;用 forecast status --quality 查看。",
        f"Many more flagged values of {region}: {was} → {now} not decided; "
        "see forecast status --quality.",
    )


def trial_words(workspace: str) -> tuple[str, str]:
    """Say that this is a test."""
    return (
        f"{workspace}:这是一条测试消息,提醒会发到这里。",
        f"{workspace}: this is a test; alerts will come here.",
    )


def message(
    workspace: str, sentences: Sequence[tuple[str, str]], lang: str, *, limit: int
) -> tuple[str, str]:
    """Return the title and the body of one message.

    Args:
        workspace: its name.
        sentences: one (zh, en) an alert, what matters most first.
        lang: ``zh`` or ``en``.
        limit: title and body together stay below so many bytes of UTF-8; what does not fit is
            counted.
    """
    zh = lang == "zh"
    name, n = harmless(workspace)[:60], len(sentences)
    title = f"{name}:{n}条提醒" if zh else f"{name}: {n} alert{'s' if n != 1 else ''}"
    room = limit - len(title.encode()) - 80
    lines: list[str] = []
    for number, pair in enumerate(sentences):
        line = harmless(pair[0] if zh else pair[1])
        size = len(line.encode()) + 3
        if size > room and not lines:
            line = line.encode()[: max(room - 6, 0)].decode(errors="ignore") + "…"
            size = room
        if size > room:
            more = n - number
            lines.append(f"……另有{more}条,见报告页。" if zh else f"… {more} more: see the page.")
            break
        lines.append(f"- {line}")
        room -= size
    return title, "\n".join(lines)
