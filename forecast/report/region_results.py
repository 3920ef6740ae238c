"""A result cut by region: each part has the form of the whole, so that what reads one reads the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from forecast.region_names import normalise_region

__all__ = ["RegionResult", "by_region", "standard_of", "warnings_by_region"]


@dataclass
class RegionResult:
    """One region of a result.

    Attributes:
        key: normalised name; ``name``: as the result first names it.
        result: ``run`` (without the files read, which are the workspace's), ``projections``,
            ``water``, ``reference``, ``scenarios`` and ``short_range`` of this region alone.
    """

    key: str
    name: str
    result: dict[str, Any] = field(repr=False)


def standard_of(run: Mapping[str, Any]) -> str | None:
    """Token of the version that a run asked for; None: by date."""
    told = run["standard"]
    return None if told == "by date" else str(told)


def by_region(result: Mapping[str, Any]) -> list[RegionResult]:
    """Cut a result by region, in the order in which it names them; one pass over each of its lists.

    Args:
        result: the object of ``projection.json``.
    """
    run = {name: value for name, value in result.get("run", {}).items() if name != "inputs"}
    found: dict[str, RegionResult] = {}

    def own(name: str) -> dict[str, Any]:
        key = normalise_region(name)
        if key not in found:
            empty: dict[str, Any] = {
                "run": run, "projections": [], "water": [], "reference": [], "scenarios": [],
                "short_range": {"air": [], "water": []},
            }  # fmt: skip
            told = result.get("short_range") or {}
            empty["short_range"] |= {k: v for k, v in told.items() if k not in ("air", "water")}
            found[key] = RegionResult(key, name, empty)
        return found[key].result

    for part in ("projections", "water", "reference", "scenarios"):
        for entry in result.get(part) or ():
            own(str(entry["region"]))[part].append(entry)
    for domain in ("air", "water"):
        for entry in (result.get("short_range") or {}).get(domain) or ():
            own(str(entry["region"]))["short_range"][domain].append(entry)
    return list(found.values())


def warnings_by_region(
    warnings: Iterable[tuple[str, str]], regions: Iterable[str]
) -> tuple[dict[str, list[tuple[str, str]]], list[tuple[str, str]]]:
    """Give each remark to the regions it names.

    Args:
        warnings: remarks (zh, en).
        regions: names as the data give them.

    Returns:
        Normalised name → its remarks, and those that name no region.
    """
    keys: dict[str, str] = {}
    for name in regions:
        keys[name] = keys[normalise_region(name)] = normalise_region(name)
    sizes = sorted({len(name) for name in keys if name}, reverse=True)
    found: dict[str, list[tuple[str, str]]] = {}
    rest = []
    for zh, en in warnings:
        named = _named(zh, keys, sizes)
        for key in named:
            found.setdefault(key, []).append((zh, en))
        if not named:
            rest.append((zh, en))
    return found, rest


def _named(text: str, keys: Mapping[str, str], sizes: list[int]) -> list[str]:
    """The regions that a text names, each once; where two names begin, the longer one counts."""
    found: dict[str, None] = {}
    at = 0
    while at < len(text):
        size = next((n for n in sizes if text[at : at + n] in keys), 0)
        if size:
            found.setdefault(keys[text[at : at + size]])
        at += max(size, 1)
    return list(found)
