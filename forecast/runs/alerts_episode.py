"""Pollution of the next days that is worth a message: told once an episode, and when it vanishes.

An episode is a spell of days ahead on which pollution of the level asked for is at least as likely
as asked for; one day between two does not part them. It is told when it first appears, again when
it is the first time that heavy pollution is as likely, and when it is gone from days that are still
ahead. As long as it stays, moves by a day or grows, nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from forecast.configuration_alerts import AlertSettings
from forecast.report.alert_words import episode_over_words, episode_words
from forecast.report.short_range_words import spans

__all__ = ["Told", "episodes_of"]

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Told:
    """One message: its key, ``bad``, ``warning`` or ``good``, and its words (zh, en)."""

    key: str
    level: str
    words: tuple[str, str]


def episodes_of(
    current: Mapping[str, Any] | None,
    settings: AlertSettings,
    known: Mapping[str, Any],
    new: dict[str, Any],
    today: date,
) -> list[Told]:
    """Return what is to be told of pollution ahead; ``new`` takes what to remember.

    Args:
        current: the result of the last good run.
        settings: ``[alerts]``.
        known: the memory so far.
        new: the memory from now on; ``episodes`` is set.
        today: the day in the time zone of the workspace; days before it are over.
    """
    told: dict[str, list[dict[str, Any]]] = {
        # Days that are over need no memory; a region that this run left out keeps its own.
        key: [one for one in episodes if date.fromisoformat(str(one["last"])) >= today]
        for key, episodes in dict(known.get("episodes", {})).items()
    }
    out: list[Told] = []
    kind = settings.episode_level
    for entry in ((current or {}).get("short_range") or {}).get("air") or ():
        key = f"{entry['region']}|{entry['place']}"
        ahead = [
            day
            for day in entry["days"]
            if today <= date.fromisoformat(day["date"]) < today + settings.episode_days * _DAY
        ]
        if not ahead or not kind:
            continue
        found, told[key] = _of_city(entry, ahead, kind, settings, told.get(key, []))
        out += [Told(f"episode|{key}|{name}", level, words) for name, level, words in found]
    new["episodes"] = {key: episodes for key, episodes in told.items() if episodes}
    return sorted(out, key=lambda one: ("bad", "warning", "good").index(one.level))


def _of_city(
    entry: Mapping[str, Any],
    ahead: Sequence[Mapping[str, Any]],
    kind: str,
    settings: AlertSettings,
    told: Sequence[Mapping[str, Any]],
) -> tuple[list[tuple[str, str, tuple[str, str]]], list[dict[str, Any]]]:
    """Messages of one city, and the episodes to remember."""
    days = {date.fromisoformat(day["date"]): day for day in ahead}
    kept: list[dict[str, Any]] = []
    out: list[tuple[str, str, tuple[str, str]]] = []
    left = list(told)
    for first, last in _likely(days, kind, settings.episode_probability):
        own = [day for on, day in days.items() if first <= on <= last]
        severity = 2 if _most(own, "heavy") >= settings.episode_probability else 1
        # It is the same one if its days meet or touch those that were told.
        before = [e for e in left if _meets(e, first, last)]
        left = [e for e in left if e not in before]
        most = max((int(e["severity"]) for e in before), default=0)
        begun = min([first, *(_day(e, "first") for e in before)])
        kept.append(
            {
                "first": begun.isoformat(), "last": last.isoformat(), "kind": kind,
                "severity": max(severity, most),
            }
        )  # fmt: skip
        if severity > most:
            shown = "heavy" if severity == 2 and before else kind
            spell = [d for d in own if float(d["exceed"][shown]) >= settings.episode_probability]
            words = episode_words(entry, spell, shown, worse=bool(before))
            out.append((begun.isoformat(), "bad" if severity == 2 else "warning", words))
    for one in left:
        first, last, was = _day(one, "first"), _day(one, "last"), str(one["kind"])
        own = [day for on, day in days.items() if first <= on <= last]
        p = _most(own, was)
        if not own or p >= _release(settings):
            kept.append(dict(one))
            continue
        begin = max(first, min(days))
        words = episode_over_words(entry, begin, last, was, p)
        out.append((first.isoformat(), "good", words))
    return out, sorted(kept, key=lambda one: str(one["first"]))


def _likely(
    days: Mapping[date, Mapping[str, Any]], kind: str, p: float
) -> Iterator[tuple[date, date]]:
    yield from spans((on for on, day in days.items() if float(day["exceed"][kind]) >= p), gap=1)


def _most(days: Sequence[Mapping[str, Any]], kind: str) -> float:
    return max((float(day["exceed"][kind]) for day in days), default=0.0)


def _release(settings: AlertSettings) -> float:
    """Below this an episode is gone; never so low that it could not be."""
    p = settings.episode_probability
    return p - min(settings.hysteresis, p / 2)


def _day(one: Mapping[str, Any], name: str) -> date:
    return date.fromisoformat(str(one[name]))


def _meets(one: Mapping[str, Any], first: date, last: date) -> bool:
    return _day(one, "first") - 2 * _DAY <= last and first <= _day(one, "last") + 2 * _DAY
