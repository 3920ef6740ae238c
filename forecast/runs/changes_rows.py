"""Changes between two runs as rows: settings, readings, targets, scenarios."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import pandas as pd

from forecast.projection.summary import number
from forecast.runs.changes_readings import ReadingChanges

__all__ = ["MOST_VALUES", "reading_rows", "scenario_rows", "setting_rows", "target_rows"]

#: Revised values are listed up to this many of a place; beyond it their number is told.
MOST_VALUES = 200


def setting_rows(previous: dict[str, Any], current: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a row for each setting of the runs that differs: what it was and what it is."""
    rows = []
    for name in ("version", "seed", "standard", "year", "config_sha256"):
        old, new = previous["run"].get(name), current["run"].get(name)
        if old != new:
            rows.append({"kind": "settings", "setting": name, "old": old, "new": new})
    pairs: tuple[tuple[str, Callable[[dict[str, Any]], Any]], ...] = (
        ("paths", lambda e: (e["forecast"] or {}).get("n_paths")),
        ("model", lambda e: (e["forecast"] or {}).get("model")),
        ("rules", lambda e: e["standard"]),
        ("dust", lambda e: e["dust"]),
    )
    before, after = _by_indicator(previous), _by_indicator(current)
    both = [(before[key], entry) for key, entry in after.items() if key in before]
    for name, of in pairs:
        seen: set[tuple[Any, Any]] = set()
        for was, entry in both:
            old, new = of(was), of(entry)
            if old != new and None not in (old, new) and (old, new) not in seen:
                seen.add((old, new))
                rows.append({"kind": "settings", "setting": name, "old": old, "new": new})
    return rows


def reading_rows(readings: ReadingChanges) -> list[dict[str, Any]]:
    """Return rows for new days, days filled in, and values revised or withdrawn."""
    rows: list[dict[str, Any]] = []
    for kind, values in (("new_days", readings.fresh), ("late_days", readings.late)):
        for (domain, region, place), own in values.groupby(
            ["domain", "region", "place"], sort=True
        ):
            days = pd.DatetimeIndex(own["day"]).normalize().unique()
            rows.append(
                {
                    "kind": kind, "domain": domain, "region": region, "place": place,
                    "first": str(days.min().date()), "last": str(days.max().date()),
                    "days": len(days), "values": len(own),
                }
            )  # fmt: skip
    for (domain, region, place), own in readings.revised.groupby(
        ["domain", "region", "place"], sort=True
    ):
        listed = own.sort_values(["day", "item"]).head(MOST_VALUES)
        for one in listed.to_dict("records"):
            gone = pd.isna(one["new"])
            rows.append(
                {
                    "kind": "withdrawn" if gone else "revised", "domain": domain,
                    "region": region, "place": place, "item": one["item"],
                    "day": _moment(one["day"]), "old": number(float(one["old"])),
                    "new": None if gone else number(float(one["new"])),
                    "of": len(own),
                }
            )  # fmt: skip
    return rows


def target_rows(previous: dict[str, Any], current: dict[str, Any]) -> list[dict[str, Any]]:
    """Return rows for targets that are new, gone, entered or asked otherwise than before."""
    before, after = dict(_targets(previous)), dict(_targets(current))
    rows = []
    for key, (entry, target) in after.items():
        old = before.get(key)
        if old is None:
            what = "added"
        elif _asked(old[1]) != _asked(target):
            what = "asked"
        elif old[1].get("entered") != target.get("entered"):
            what = "entered"
        elif old[1]["probability"] is None and target["probability"] is not None:
            what = "judged"
        elif old[1]["probability"] is not None and target["probability"] is None:
            what = "unjudged"
        elif target["probability"] is None and old[1]["verdict"] != target["verdict"]:
            what = "verdict"
        else:
            continue
        rows.append(_target_row(what, entry, None if old is None else old[1], target))
    for key, (entry, target) in before.items():
        if key not in after:
            rows.append(_target_row("gone", entry, target, None))
    return rows


def scenario_rows(previous: dict[str, Any], current: dict[str, Any]) -> list[dict[str, Any]]:
    """Return rows for packages of measures that are new, gone, or say something else."""
    before, after = dict(_packages(previous)), dict(_packages(current))
    rows = []
    for key in [*after, *(k for k in before if k not in after)]:
        old, new = before.get(key), after.get(key)
        what = "added" if old is None else "gone" if new is None else "changed"
        if what == "changed" and _said(old) == _said(new):
            continue
        named = new or old or {}
        rows.append(
            {
                "kind": "scenario", "what": what, "region": key[0], "file": named.get("file", ""),
                "name": named.get("name", ""), "name_en": named.get("name_en", ""),
            }
        )  # fmt: skip
    return rows


def _by_indicator(result: dict[str, Any]) -> dict[tuple[str, str, str, str], dict[str, Any]]:
    return {
        (e["region"], e["place"], e["indicator"], e["period"]): e for e in result["projections"]
    }


def _targets(
    result: dict[str, Any],
) -> Iterator[tuple[tuple[str, str, str, str], tuple[dict[str, Any], dict[str, Any]]]]:
    for entry in result["projections"]:
        for target in entry["targets"]:
            key = (entry["region"], entry["place"], entry["indicator"], target["id"])
            yield key, (entry, target)


def _asked(target: dict[str, Any]) -> tuple[Any, ...]:
    return target["comparator"], target["value"], target["unit"], target["kind"]


def _target_row(
    what: str, entry: dict[str, Any], old: dict[str, Any] | None, new: dict[str, Any] | None
) -> dict[str, Any]:
    named = new or old or {}
    return {
        "kind": "target", "what": what, "region": entry["region"], "place": entry["place"],
        "indicator": entry["indicator"], "target": named["id"], "plan": named["plan"],
        "label_zh": named["label_zh"], "label_en": named["label_en"], "unit": entry["unit"],
        "comparator": named["comparator"],
        "old": None if old is None else old["value"], "new": None if new is None else new["value"],
        "old_verdict": None if old is None else old["verdict"],
        "new_verdict": None if new is None else new["verdict"],
        "source": named.get("entered", ""),
    }  # fmt: skip


def _packages(result: dict[str, Any]) -> Iterator[tuple[tuple[str, str, str], dict[str, Any]]]:
    for told in result.get("scenarios") or []:
        for package in told.get("packages", []):
            key = (str(told.get("region")), str(package.get("file")), str(package.get("name")))
            yield key, package


def _said(package: dict[str, Any] | None) -> str:
    said = {n: v for n, v in (package or {}).items() if n in ("start", "measures", "note")}
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def _moment(day: Any) -> str:
    moment = pd.Timestamp(day)
    return str(moment.date()) if moment == moment.normalize() else moment.isoformat()
