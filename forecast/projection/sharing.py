"""Which places have their futures drawn together, and the draws that they share."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pandas as pd

from forecast.models.pooled import shipped_air
from forecast.models.shared_draws import NationDraws, SharedDraws, nation_draws, share_draws
from forecast.projection.settings import Settings
from forecast.projection.streams import stream
from forecast.region_names import normalise_region

__all__ = ["Group", "Sharing", "groups_of", "shared_draws", "sharing_of"]


@dataclass(frozen=True)
class Group:
    """Regions that are judged together.

    Attributes:
        name: such as the city of a list of counties.
        members: their names as the configuration gives them.
    """

    name: str
    members: tuple[str, ...]


@dataclass(frozen=True)
class Sharing:
    """From what the common draws of a group follow; the same in every process.

    Attributes:
        seed: root of all streams.
        group: name of the group.
        first: first day with a reading of any member.
        start: first drawn day: the one after the earliest last reading of a member.
        end: last day of the year judged.
        n_paths: number of paths.
    """

    seed: int
    group: str
    first: np.datetime64
    start: np.datetime64
    end: np.datetime64
    n_paths: int


def groups_of(regions: Iterable[str], groups: Sequence[Group]) -> dict[str, str]:
    """Return region → name of its group; a region in no group is a group of its own."""
    named = {normalise_region(m): g.name for g in groups for m in g.members}
    return {region: named.get(normalise_region(region), region) for region in regions}


def sharing_of(
    spans: Mapping[str, tuple[pd.Timestamp, pd.Timestamp]],
    groups: Sequence[Group],
    settings: Settings,
) -> dict[str, Sharing]:
    """Return region → what its common draws follow from.

    Args:
        spans: region → first and last day with a reading, of every region that there is, so that
            an answer for one region is the same alone and among all.
        groups: those of the configuration.
        settings: the question.
    """
    own = groups_of(spans, groups)
    by_group: dict[str, list[tuple[pd.Timestamp, pd.Timestamp]]] = {}
    for region, span in spans.items():
        by_group.setdefault(own[region], []).append(span)
    found = {}
    for name, members in by_group.items():
        first = np.datetime64(min(f for f, _ in members).date(), "D")
        start = np.datetime64(min(last for _, last in members).date(), "D") + 1
        end = max(np.datetime64(settings.last_day, "D"), start)
        found[name] = Sharing(settings.seed, name, first, start, end, settings.n_paths)
    return {region: found[own[region]] for region in spans}


@lru_cache(maxsize=1)
def _nation(seed: int, n_paths: int) -> NationDraws:
    return nation_draws(stream(seed, "air", "nation"), n_paths, shipped_air())


@lru_cache(maxsize=4)
def shared_draws(sharing: Sharing) -> SharedDraws:
    """Return the draws; those of the last few groups are kept."""
    return share_draws(
        _nation(sharing.seed, sharing.n_paths),
        stream(sharing.seed, "air", "group", sharing.group),
        first=sharing.first,
        start=sharing.start,
        end=sharing.end,
        n_paths=sharing.n_paths,
        pooled=shipped_air(),
    )
