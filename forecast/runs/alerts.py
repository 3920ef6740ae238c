"""What is worth a message: pure functions from a run, its health and the memory of what was told.

Each alert is told once, when something happens (a probability crosses a threshold, a budget is half
spent), or again after some days while something goes on (a source is silent, runs fail), at once
where it got worse. The memory is a plain dict that the caller keeps; a first look only fills it,
but for what goes on.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from forecast.configuration_alerts import AlertSettings
from forecast.report.alert_words import (
    budget_words,
    crossing_words,
    flags_words,
    run_words,
    silent_words,
)
from forecast.runs.alerts_episode import episodes_of

__all__ = ["MEMORY_VERSION", "Alert", "Judged", "Source", "Thresholds", "alerts_of", "zone_of"]

#: Version of the memory's own form.
MEMORY_VERSION = 1

#: Verdicts by how good they are; between UNLIKELY and LIKELY the probability decides.
_ZONES = ("NOT_MET", "UNLIKELY", "AT_RISK", "LIKELY", "MET")

#: A region that has been silent for longer when it is first seen is an archive, no source.
_ARCHIVE_DAYS = 90

#: Exit codes after which there was a run, and that of one that was told to stop.
_PART, _FINE = 4, (0, 130, None)


@dataclass(frozen=True)
class Alert:
    """One thing worth a message.

    Attributes:
        key: what it is about; the memory knows it by this.
        kind: ``probability``, ``budget``, ``episode``, ``silent``, ``run`` or ``quality``.
        level: ``bad``, ``warning`` or ``good``.
        zh, en: one sentence with the reason.
    """

    key: str
    kind: str
    level: str
    zh: str
    en: str

    def to_dict(self) -> dict[str, str]:
        """Return it as plain values."""
        return {
            "key": self.key, "kind": self.kind, "level": self.level, "zh": self.zh, "en": self.en,
        }  # fmt: skip


@dataclass(frozen=True)
class Source:
    """When the last reading of a region's air or water was; ``last`` is None where there is none."""

    region: str
    domain: str
    last: date | None


@dataclass(frozen=True)
class Thresholds:
    """From which probability a target is LIKELY, below which UNLIKELY."""

    likely: float = 0.8
    unlikely: float = 0.2


@dataclass(frozen=True)
class Judged:
    """Alerts, and the memory from now on.

    Attributes:
        alerts: in the order in which they are told.
        memory: what to hand in next time, JSON-ready.
    """

    alerts: tuple[Alert, ...] = ()
    memory: dict[str, Any] = field(default_factory=dict)


def alerts_of(
    previous: dict[str, Any] | None,
    current: dict[str, Any] | None,
    *,
    health: Mapping[str, Any] | None = None,
    sources: Sequence[Source] = (),
    flags: Mapping[str, int] | None = None,
    settings: AlertSettings | None = None,
    thresholds: Thresholds | None = None,
    memory: Mapping[str, Any] | None = None,
    today: date,
) -> Judged:
    """Return what is worth a message now.

    Args:
        previous: the result of the run before, which stands for a memory that has nothing on a
            target yet; None where there is none.
        current: the result of the last good run; None where there is none.
        health: the health file (``last_attempt``, ``last_success``).
        sources: last readings of the regions.
        flags: region → number of flagged values that nobody has decided on.
        settings: ``[alerts]``.
        thresholds: ``[thresholds]``.
        memory: what the call before returned.
        today: the day in the time zone of the workspace.
    """
    own = settings or AlertSettings()
    known = dict(memory or {})
    new: dict[str, Any] = {"memory_version": MEMORY_VERSION}
    found = [
        *_crossings(previous, current, own, thresholds or Thresholds(), known, new),
        *_budgets(previous, current, known, new),
        *(
            Alert(e.key, "episode", e.level, *e.words)
            for e in episodes_of(current, own, known, new, today)
        ),
        *_lasting(_silent(sources, own, known, today), known, new, own, today),
        *_lasting(_runs(health), known, new, own, today, part="run"),
        *_flag_jumps(flags, own, known, new),
    ]
    return Judged(tuple(found), new)


def zone_of(
    target: Mapping[str, Any], told: str | None, thresholds: Thresholds, hysteresis: float
) -> str | None:
    """Return how a target stands, keeping ``told`` unless a threshold is passed by ``hysteresis``.

    Args:
        target: with ``verdict`` and ``probability``.
        told: how it stood when last told; None: not known.
        thresholds: between the zones.
        hysteresis: how far a probability has to be past a threshold [1]; never more than half the
            way from the threshold to 0 or to 1, so that every zone can be reached.

    Returns:
        NOT_MET, UNLIKELY, AT_RISK, LIKELY or MET; ``told`` where the target is not judged now.

    >>> zone_of({"verdict": "AT_RISK", "probability": 0.79}, "LIKELY", Thresholds(), 0.03)
    'LIKELY'
    >>> zone_of({"verdict": "AT_RISK", "probability": 0.76}, "LIKELY", Thresholds(), 0.03)
    'AT_RISK'
    """
    verdict, p = str(target["verdict"]), target["probability"]
    if verdict in ("MET", "NOT_MET"):
        return verdict
    if verdict not in _ZONES or p is None:
        return told
    bare = _zone(p, thresholds.unlikely, thresholds.likely)
    if told not in ("UNLIKELY", "AT_RISK", "LIKELY"):
        return bare
    edges = []
    for threshold, lower in ((thresholds.unlikely, "UNLIKELY"), (thresholds.likely, "AT_RISK")):
        # From a zone below the threshold it has to be passed upwards, else downwards.
        if _ZONES.index(told) <= _ZONES.index(lower):
            edges.append(threshold + min(hysteresis, (1 - threshold) / 2))
        else:
            edges.append(threshold - min(hysteresis, threshold / 2))
    return _zone(p, *edges)


def _zone(p: float, unlikely: float, likely: float) -> str:
    return "UNLIKELY" if p < unlikely else "LIKELY" if p >= likely else "AT_RISK"


def _targets(
    result: dict[str, Any] | None,
) -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    for entry in (result or {}).get("projections", []):
        for target in entry["targets"]:
            key = (
                entry["region"],
                entry["place"],
                entry["indicator"],
                entry["period"],
                target["id"],
            )
            yield "|".join(map(str, key)), entry, target


def _year(result: dict[str, Any] | None) -> int:
    return int(((result or {}).get("run") or {}).get("year") or 0)


def _still(told: dict[str, Any], year: int) -> dict[str, Any]:
    """What is remembered on, though this run (of one region, say) did not look at it."""
    return {key: one for key, one in told.items() if int(one.get("year") or 0) >= year - 1}


def _crossings(
    previous: dict[str, Any] | None,
    current: dict[str, Any] | None,
    settings: AlertSettings,
    thresholds: Thresholds,
    known: dict[str, Any],
    new: dict[str, Any],
) -> list[Alert]:
    zones = dict(known.get("zones", {}))
    year = _year(current)
    before = {key: target for key, _, target in _targets(previous)}
    kept: dict[str, dict[str, Any]] = {}
    out = []
    for key, entry, target in _targets(current):
        old = zones.get(key)
        if old is None and key in before:
            first = zone_of(before[key], None, thresholds, settings.hysteresis)
            old = {"zone": first, "probability": before[key]["probability"]} if first else None
        zone = zone_of(target, (old or {}).get("zone"), thresholds, settings.hysteresis)
        if zone is None:
            continue
        p = target["probability"]
        if old is None or old["zone"] == zone:
            # The probability last told stays, so that a message says from where it came.
            kept[key] = {**(old or {"zone": zone, "probability": p}), "year": year}
            continue
        kept[key] = {"zone": zone, "probability": p, "year": year}
        better = _ZONES.index(zone) > _ZONES.index(old["zone"])
        if better and not settings.improvements:
            continue
        zh, en = crossing_words(entry, target, old["zone"], zone, old.get("probability"))
        level = "good" if better else "bad" if zone in ("NOT_MET", "UNLIKELY") else "warning"
        out.append(Alert(f"probability|{key}", "probability", level, zh, en))
    new["zones"] = {**_still(zones, year), **kept}
    return sorted(out, key=lambda one: ("bad", "warning", "good").index(one.level))


def _spent(budget: Mapping[str, Any] | None) -> int:
    """Return how far a budget of days is spent: 0 less than half, 1 half, 2 all, 3 more than all."""
    if not budget or budget.get("kind") not in ("bad_days", "heavy_days"):
        return 0
    form = budget["rounded"] if budget["kind"] == "bad_days" else budget
    allowed, used = int(form["allowed"]), int(budget["used"])
    if used > allowed:
        return 3
    if allowed > 0 and used == allowed:
        return 2
    return 1 if allowed > 0 and 2 * used >= allowed else 0


def _budgets(
    previous: dict[str, Any] | None,
    current: dict[str, Any] | None,
    known: dict[str, Any],
    new: dict[str, Any],
) -> list[Alert]:
    steps = dict(known.get("budgets", {}))
    before = {key: target for key, _, target in _targets(previous)}
    kept: dict[str, dict[str, Any]] = {}
    year = _year(current)
    out = []
    for key, entry, target in _targets(current):
        budget = target.get("budget")
        if not budget or budget.get("kind") not in ("bad_days", "heavy_days"):
            continue
        step = _spent(budget)
        first = _spent(before[key].get("budget")) if key in before else step
        told = int(steps[key]["step"]) if key in steps else first
        # A revision may take days back; the step told stays, so that it is not told twice.
        kept[key] = {"step": max(step, told), "year": year}
        if step > told:
            zh, en = budget_words(entry, target, budget, step)
            level = "warning" if step == 1 else "bad"
            out.append(Alert(f"budget|{key}", "budget", level, zh, en))
    new["budgets"] = {**_still(steps, year), **kept}
    return out


@dataclass(frozen=True)
class _Lasting:
    """Something that goes on (``severity`` above 0) or has ended (0)."""

    key: str
    kind: str
    severity: int
    words: tuple[str, str]


def _lasting(
    seen: Sequence[_Lasting],
    known: dict[str, Any],
    new: dict[str, Any],
    settings: AlertSettings,
    today: date,
    part: str = "silent",
) -> list[Alert]:
    """Tell what began, what got worse, what has gone on for long enough, and what has ended."""
    told = known.get(part, {})
    kept: dict[str, Any] = {}
    out = []
    for one in seen:
        before = told.get(one.key)
        if one.severity <= 0:
            if before is not None and settings.improvements:
                out.append(Alert(one.key, one.kind, "good", *one.words))
            continue
        worse = before is None or one.severity > int(before["severity"])
        if not worse:
            gone = (today - date.fromisoformat(str(before["told"]))).days
            # A clock that was wrong must not silence anything for good.
            worse = not 0 <= gone < settings.repeat_days
        kept[one.key] = {"severity": one.severity, "told": today.isoformat()} if worse else before
        if worse:
            out.append(Alert(one.key, one.kind, "bad", *one.words))
    new[part] = kept
    return out


def _silent(
    sources: Sequence[Source], settings: AlertSettings, known: dict[str, Any], today: date
) -> list[_Lasting]:
    told = known.get("silent", {})
    out = []
    for source in sources:
        if source.last is None:
            continue
        key = f"silent|{source.domain}|{source.region}"
        limit = settings.silent_air_days if source.domain == "air" else settings.silent_water_days
        days = (today - source.last).days
        if days > limit + _ARCHIVE_DAYS and key not in told:
            continue
        # Told again at the double, the fourfold … of the limit.
        severity = 0 if days <= limit else 1 + int(math.log2(days / limit))
        words = silent_words(source.region, source.domain, source.last, days, silent=severity > 0)
        out.append(_Lasting(key, "silent", severity, words))
    return out


def _runs(health: Mapping[str, Any] | None) -> list[_Lasting]:
    attempt = (health or {}).get("last_attempt") or {}
    if not attempt:
        return []
    code = attempt.get("exit_code")
    severity = 0 if code in _FINE else 1 if code == _PART else 2
    failed = [s.get("step") for s in attempt.get("steps") or [] if s.get("exit_code")]
    if severity == 1 and failed and set(failed) == {"alert"}:
        # That a message could not be sent is no reason for a message.
        severity = 0
    success = (health or {}).get("last_success") or {}
    return [_Lasting("run", "run", severity, run_words(attempt, success, severity))]


def _flag_jumps(
    flags: Mapping[str, int] | None,
    settings: AlertSettings,
    known: dict[str, Any],
    new: dict[str, Any],
) -> list[Alert]:
    before = known.get("flags")
    new["flags"] = dict(before or {}) if flags is None else {k: int(v) for k, v in flags.items()}
    if flags is None or before is None:
        return []
    out = []
    for region, now in sorted(flags.items()):
        was = int(before.get(region, 0))
        if now - was >= settings.flags_jump and now >= 2 * was:
            zh, en = flags_words(region, was, int(now))
            out.append(Alert(f"quality|{region}", "quality", "warning", zh, en))
    return out
