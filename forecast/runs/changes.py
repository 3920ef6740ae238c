"""What changed since an earlier run, and why each probability moved: as rows and as sentences."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forecast.projection.summary import number
from forecast.report.change_words import change_sentences
from forecast.runs.changes_margins import margin_moves
from forecast.runs.changes_readings import ReadingChanges, known_to, reading_changes
from forecast.runs.changes_rows import reading_rows, scenario_rows, setting_rows, target_rows
from forecast.runs.changes_split import monte_carlo_error, split
from forecast.runs.stored_run import is_as_written, read_run
from forecast.workspace import Workspace

__all__ = ["CHANGES_VERSION", "Changes", "changes", "changes_since", "previous_run"]

#: Version of the object's own form.
CHANGES_VERSION = 1

#: Names of runs: the as-of day and twelve hex digits.
_RUN = re.compile(r"[0-9]{8}-[0-9a-f]{12}")

#: So many folders of runs are looked at for the one before.
_LOOKED_AT = 400


@dataclass(frozen=True)
class Changes:
    """What changed from one run to the next.

    Attributes:
        since, run: the earlier run's object ``run`` and this one's.
        rows: one JSON-ready dict a change; ``kind`` is ``settings``, ``new_days``, ``late_days``,
            ``revised``, ``withdrawn``, ``target``, ``scenario`` or ``probability``.
        sentences: the same in words, (zh, en); empty kinds are not told.
    """

    since: dict[str, Any]
    run: dict[str, Any]
    rows: tuple[dict[str, Any], ...]

    @property
    def sentences(self) -> list[tuple[str, str]]:
        """The changes in words, (zh, en), what moved most first among the probabilities."""
        return change_sentences(self.to_dict())

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON-ready object."""
        head = ("id", "as_of", "created", "seed", "version")
        return {
            "changes_version": CHANGES_VERSION,
            "since": {name: self.since.get(name) for name in head},
            "run": {name: self.run.get(name) for name in head},
            "rows": list(self.rows),
        }


def changes(
    previous: dict[str, Any],
    current: dict[str, Any],
    *,
    readings: ReadingChanges | None = None,
    between: dict[str, Any] | None = None,
) -> Changes:
    """Compare two results.

    A probability is told where it moved by more than the 95 % interval of what drawing paths alone
    makes, or where its verdict changed; its parts (:mod:`forecast.runs.changes_split`) add up to
    the move.

    Args:
        previous, current: objects of ``projection.json``, the earlier first.
        readings: what came between (``reading_changes``); None leaves readings out.
        between: the earlier question asked again with today's settings and program, from what was
            known then: a result with the ``as_of`` of ``previous``. With it the effect of changed
            settings is told on its own; without it it is in the outlook, and a row says so.
    """
    settings = setting_rows(previous, current)
    rows = [*settings]
    rows += reading_rows(readings) if readings is not None else []
    rows += target_rows(previous, current)
    rows += scenario_rows(previous, current)
    rows += _probability_rows(previous, current, readings, between, bool(settings))
    return Changes(previous["run"], current["run"], tuple(rows))


def changes_since(
    workspace: Workspace,
    current: dict[str, Any],
    *,
    previous: Path | None = None,
    request: Mapping[str, Any] | None = None,
    between: dict[str, Any] | None = None,
) -> Changes | None:
    """Compare a result with an earlier run of the workspace; None where there is none.

    Args:
        workspace: the workspace.
        current: the result, written or not.
        previous: folder of the earlier run; None: the last one that was asked the same.
        request: what was asked, as in a manifest; None: it is read from that of the result's run.
        between: as for :func:`changes`.

    Raises:
        ForecastError: the folder named has no result, or one that was altered.
    """
    asked = request or _request(workspace.reports / str(current["run"]["id"])) or {}
    folder = previous or previous_run(workspace, current, request=asked)
    if folder is None:
        return None
    earlier = read_run(folder, hook=_lean).result
    zone = workspace.timezone
    before = known_to(earlier, zone, later="corrections" in (_request(folder) or {}))
    after = known_to(current, zone, later="corrections" in asked)
    regions = {str(entry["region"]) for entry in current["projections"]}
    readings = reading_changes(workspace.store, before, after, regions=regions)
    return changes(earlier, current, readings=readings, between=between)


def previous_run(
    workspace: Workspace, current: dict[str, Any], *, request: Mapping[str, Any] | None = None
) -> Path | None:
    """Return the folder of the last run before this one that asked the same; None: there is none.

    The same is asked where region, plan and the choice of a year are alike; the settings and the
    last day may differ. A run of a later day, or one made later, is none before it, and one that is
    not as it was written is passed over.
    """
    run = current["run"]
    asked = _question(request or _request(workspace.reports / str(run["id"])))
    if asked is None or not workspace.reports.is_dir():
        return None
    day = str(run["as_of"]).replace("-", "")
    names = sorted(
        (
            p.name
            for p in workspace.reports.iterdir()
            if _RUN.fullmatch(p.name) and p.name != run["id"] and p.name[:8] <= day
        ),
        reverse=True,
    )
    found: tuple[str, str, Path] | None = None
    for name in names[:_LOOKED_AT]:
        if found is not None and name[:8] < found[0]:
            break
        manifest = _manifest(workspace.reports / name)
        if manifest is None or _question(manifest["request"]) != asked:
            continue
        created = str(manifest["run"]["created"])
        if created > str(run["created"]):
            continue
        one = (name[:8], created, workspace.reports / name)
        # One that was altered since tells nothing of what changed.
        if (found is None or one[:2] > found[:2]) and is_as_written(one[2]):
            found = one
    return None if found is None else found[2]


def _probability_rows(
    previous: dict[str, Any],
    current: dict[str, Any],
    readings: ReadingChanges | None,
    between: dict[str, Any] | None,
    settings: bool,
) -> list[dict[str, Any]]:
    before, middle = _by_target(previous), _by_target(between) if between else {}
    expected = {(e["region"], e["place"]): e for e in previous.get("expected_days", [])}
    rows = []
    for key, (entry, target) in _by_target(current).items():
        was = before.get(key)
        if was is None:
            continue
        old_entry, old = was
        p0, p1 = old["probability"], target["probability"]
        if p0 is None or p1 is None:
            continue
        error = monte_carlo_error(p0, _paths(old_entry), p1, _paths(entry))
        if abs(p1 - p0) <= error and old["verdict"] == target["verdict"]:
            continue
        start = old_entry, old
        parts: dict[str, float] = {}
        again = middle.get(key)
        if again is not None and again[1]["probability"] is not None:
            parts["settings"] = again[1]["probability"] - p0
            start = again
        same_target = old["value"] == target["value"] and old["comparator"] == target["comparator"]
        moves = margin_moves(
            start[0], entry, str(target["comparator"]), readings,
            expected.get((entry["region"], entry["place"])),
        ) if same_target else None  # fmt: skip
        since = p1 - start[1]["probability"]
        parts |= (
            split(start[1]["probability"], p1, start[0]["forecast"], entry["forecast"], moves)
            if same_target
            else {"target": since}
        )
        if "readings" in parts and _nothing_came(readings, entry):
            parts["time"] = parts.pop("readings")
        rows.append(
            {
                "kind": "probability", "region": entry["region"], "place": entry["place"],
                "indicator": entry["indicator"], "period": entry["period"], "target": target["id"],
                "plan": target["plan"], "label_zh": target["label_zh"],
                "label_en": target["label_en"], "level": target["level"], "unit": entry["unit"],
                "comparator": target["comparator"], "value": target["value"],
                "old": p0, "new": p1, "change": number(p1 - p0), "error": number(error),
                "old_verdict": old["verdict"], "new_verdict": target["verdict"],
                "parts": {name: value for name, value in parts.items() if value != 0.0},
                "with_settings": bool(settings and "settings" not in parts),
            }
        )  # fmt: skip
    return sorted(rows, key=lambda row: -abs(row["change"]))


def _nothing_came(readings: ReadingChanges | None, entry: dict[str, Any]) -> bool:
    """Whether no reading of the region came between the runs, so that time alone passed."""
    return readings is not None and (entry["domain"], entry["region"]) not in readings.touched


def _by_target(
    result: dict[str, Any],
) -> dict[tuple[str, str, str, str, str], tuple[dict[str, Any], dict[str, Any]]]:
    return {
        (e["region"], e["place"], e["indicator"], e["period"], t["id"]): (e, t)
        for e in result["projections"]
        for t in e["targets"]
    }


def _paths(entry: dict[str, Any]) -> int:
    return int((entry["forecast"] or {}).get("n_paths") or 1)


#: Parts of entries and targets that no change is told from.
_UNUSED = frozenset(
    ("alternatives", "baselines", "explain", "outlook", "quote", "reason", "reason_en")
)


def _lean(found: dict[str, Any]) -> dict[str, Any]:
    """Drop what is not looked at as soon as it is read: the result of a country is large."""
    # Nine in ten objects have none of them.
    if not _UNUSED.isdisjoint(found):
        for name in _UNUSED:
            found.pop(name, None)
    return found


def _manifest(folder: Path) -> dict[str, Any] | None:
    try:
        found = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        found["run"]["created"], found["request"]["as_of"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found  # type: ignore[no-any-return]


def _request(folder: Path) -> dict[str, Any] | None:
    manifest = _manifest(folder)
    return None if manifest is None else dict(manifest["request"])


def _question(asked: Mapping[str, Any] | None) -> tuple[Any, ...] | None:
    """Return what makes two runs comparable; None where it is not known."""
    if not asked:
        return None
    year = asked.get("year")
    own = year == int(str(asked["as_of"])[:4])
    return asked.get("region"), asked.get("plan"), None if own else year
