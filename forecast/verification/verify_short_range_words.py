"""What the scores of the outlook of the next days come to, in Chinese and English."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from forecast.configuration_alerts import AlertSettings
from forecast.report.short_range_words import POLLUTION
from forecast.runs.register_short_range import KINDS, RULES

__all__ = ["outlook_sentences"]

#: Scores of warnings of fewer events than these say little [days].
_FEW = 10


def outlook_sentences(
    air: pd.DataFrame,
    water: pd.DataFrame,
    scores: pd.DataFrame,
    levels: pd.DataFrame,
    kind: str,
    late: int,
    zone: str,
    known_to: pd.Timestamp,
) -> list[tuple[str, str]]:
    """Return one sentence on each of: how many, warnings, levels, sections, rules that were not on
    record, the time of the making.

    Args:
        air, water: outlooks in scope, with ``state`` and ``made_at``.
        scores, levels: of :class:`forecast.verification.verify_short_range.OutlookRecord`.
        kind: ``in_time``, ``afterwards`` or ``all``.
        late: scored outlooks (``in_time``: those left out) that were made after their day was over.
        zone: name of the time zone of ``made_at``.
        known_to: days that were over by then are not told as still to come.
    """
    out = []
    n_air, n_water = (int((t["state"] == "scored").sum()) for t in (air, water))
    waits, silent = (
        sum(n) for n in zip(*(_unscored(t, known_to) for t in (air, water)), strict=True)
    )
    gone = (
        (f",{silent}条当天已过但尚无监测值", f", {silent} are of days gone without a usable reading")
        if silent else ("", "")
    )  # fmt: skip
    if not n_air and not n_water:
        return [
            (f"逐日展望:{waits}条尚未到期{gone[0]},还没有可以评分的",
             f"daily outlook: none can be scored yet, {waits} are still open{gone[1]}")
        ]  # fmt: skip
    if n_air:
        more = (f",另有{waits}条尚未到期", f", {waits} more are still open") if waits else ("", "")
        days = air.loc[air["state"] == "scored", "date"]
        out.append(
            (
                f"逐日展望:已评分{n_air}条({days.min():%Y-%m-%d}至{days.max():%Y-%m-%d}){more[0]}{gone[0]}",
                f"daily outlook: {n_air} scored ({days.min():%Y-%m-%d} to {days.max():%Y-%m-%d})"
                f"{more[1]}{gone[1]}",
            )
        )
        scored = air[air["state"] == "scored"]
        level = str(scored["warned_level"].iloc[-1])
        kind_said = level if level in KINDS else "moderate"
        out.append(_score_words(scores, kind_said, int(scored["lead"].min())))
        out.append(_level_words(levels))
    if n_water:
        out.append(_water_words(scores))
    unsaid = sum(int((t["warned_unsaid"] & (t["state"] == "scored")).sum()) for t in (air, water))
    if unsaid:
        out.append(_unsaid_words(unsaid))
    out.append(_time_words(air, water, kind, late, zone))
    return out


def _unscored(table: pd.DataFrame, known_to: pd.Timestamp) -> tuple[int, int]:
    """Outlooks whose day is still to come, and those whose day is over without a usable reading."""
    if table.empty:
        return 0, 0
    is_open = table["state"] == "open"
    # The day of a next sampling is not known before it has come.
    over = table["date"] + pd.Timedelta(days=1) <= known_to
    if "kind" in table:
        over &= table["kind"] != "next_sample"
    silent = (table["state"] == "missing") | (is_open & over)
    return int((is_open & ~over).sum()), int(silent.sum())


def _one(scores: pd.DataFrame, **keys: Any) -> dict[str, Any]:
    for name, value in keys.items():
        scores = scores[scores[name] == value]
    return {str(k): v for k, v in scores.iloc[0].items()}


def _share(value: float) -> str:
    return f"{value:.2f}" if np.isfinite(value) else "—"


def _points(value: float) -> str:
    return f"{100 * value:+.0f} %" if np.isfinite(value) else "—"


def _unsaid_words(unsaid: int) -> tuple[str, str]:
    p = f"{100 * AlertSettings().episode_probability:.0f} %"
    return (
        f"其中{unsaid}条的运行没有登记当时的预警规则,按默认的{p}计",
        f"for {unsaid} of them the run put no rule of warnings on record: the default of {p} is taken",
    )


def _score_words(scores: pd.DataFrame, kind: str, lead: int) -> tuple[str, str]:
    row = _one(scores, domain="air", group="lead", kind=kind, lead=lead)
    name = POLLUTION[kind]
    skill = [_points(float(row[f"skill_{rule}"])) for rule in RULES]
    ends = dict.fromkeys(f"{100 * row[c]:.0f} %" for c in ("warned_from", "warned_from_max"))
    zh, en = "至".join(ends), " to ".join(ends)
    if row["in_force"] == 0:
        zh, en = f"{zh}(当时不发此类消息)", f"{en} (no message was sent of it then)"
    few = row["events"] < _FEW
    few_zh, few_en = ("(出现太少,评分仅供参考)", " (too few events to tell)") if few else ("", "")
    return (
        f"第{lead}天{name.zh}:{row['n']}天中出现{row['events']}天;概率不低于{zh}即预警,命中{row['hits']}、"
        f"漏报{row['misses']}、空报{row['false_alarms']},命中率{_share(row['pod'])}、空报率{_share(row['far'])}、"
        f"TS {_share(row['threat_score'])};Brier {row['brier']:.3f},比持续性{skill[0]},比气候概率{skill[1]}{few_zh}",
        f"day {lead}, {name.en}: {row['events']} of {row['n']} days; warned from {en}: "
        f"{row['hits']} hits, {row['misses']} misses, {row['false_alarms']} false alarms, "
        f"POD {_share(row['pod'])}, FAR {_share(row['far'])}, threat score "
        f"{_share(row['threat_score'])}; Brier {row['brier']:.3f}, {skill[0]} on persistence, "
        f"{skill[1]} on climatology{few_en}",
    )


def _level_words(levels: pd.DataFrame) -> tuple[str, str]:
    row = _one(levels, group="all")
    right, near, led, inside = (
        100 * float(row[c]) for c in ("level_right", "level_within_one", "leading_right", "inside_80")
    )  # fmt: skip
    leading = (f"{led:.0f} %",) * 2 if np.isfinite(led) else ("—", "–")
    return (
        f"级别正确{right:.0f} %,相差不超过一级{near:.0f} %,首要污染物正确{leading[0]},"
        f"AQI落在80 %区间内{inside:.0f} %",
        f"level right {right:.0f} %, within one level {near:.0f} %, leading item right {leading[1]}, "
        f"AQI inside its 80 % range {inside:.0f} %",
    )


def _water_words(scores: pd.DataFrame) -> tuple[str, str]:
    row = _one(scores, domain="water", group="all", kind="worse")
    return (
        f"断面劣于考核类别:{row['n']}次中出现{row['events']}次,命中{row['hits']}、漏报{row['misses']}、"
        f"空报{row['false_alarms']};Brier {row['brier']:.3f}",
        f"sections worse than the class asked: {row['events']} of {row['n']}, {row['hits']} hits, "
        f"{row['misses']} misses, {row['false_alarms']} false alarms; Brier {row['brier']:.3f}",
    )


def _time_words(
    air: pd.DataFrame, water: pd.DataFrame, kind: str, late: int, zone: str
) -> tuple[str, str]:
    runs = pd.concat([t[["run", "made_at"]] for t in (air, water)]).drop_duplicates()
    minutes = runs["made_at"].dt.hour * 60 + runs["made_at"].dt.minute
    middle, upto = (int(minutes.quantile(q)) for q in (0.5, 0.9))
    at, by = (f"{m // 60:02d}:{m % 60:02d}" for m in (middle, upto))
    if kind == "in_time":
        out = (
            f";另有{late}条在当天结束后才作出,不评分",
            f"; {late} that were made after their day was over are not scored",
        )
        zh, en = out if late else ("", "")
        return (
            f"时效:{len(runs)}次发布,时刻中位数{at},九成在{by}之前({zone}){zh}",
            f"timeliness: issued {len(runs)} times, at {at} in the median and by {by} nine times in "
            f"ten ({zone}){en}",
        )
    return (
        f"其中{late}条在当天结束后按当时数据补做,不是当时发布的预报",
        f"{late} of them were made after their day was over, from what was known at the time: they "
        "were not issued then",
    )
