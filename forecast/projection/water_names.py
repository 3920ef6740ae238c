"""Names of sections: one section under two names, a plan's name of a place, and what is told."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pandas as pd

from forecast.region_names import normalise_region

__all__ = ["SectionNames", "plain_name", "same_section", "section_names"]

_ENDING = re.compile(r"(?:监测断面|断面|监测点位|点位|监测点)$")
_BRACKETS = re.compile(r"^(?P<outer>.+?)\((?P<inner>[^()]+)\)$")
#: In brackets these tell sections apart (an old position, a bank, a kind of water) and name none.
_OLD = frozenset({"老", "旧", "原"})
_QUALIFIERS = frozenset(
    {"湖库", "河流", "湖泊", "水库", "左岸", "右岸", "上游", "下游", "界标", "国控", "省控"}
)


def plain_name(name: str) -> str:
    """A name without blanks, wide brackets and the words for section at its end.

    >>> plain_name("枧潭桥断面"), plain_name("蚌埠闸上（蚌埠闸）")
    ('枧潭桥', '蚌埠闸上(蚌埠闸)')
    """
    bare = "".join(name.split()).replace("（", "(").replace("）", ")")
    short = _ENDING.sub("", bare)
    return short or bare


@cache
def _forms(name: str) -> tuple[str, ...]:
    """The plain name, and the two names of one with brackets."""
    plain = plain_name(name)
    match = _BRACKETS.match(plain)
    if match is None or len(match["inner"]) < 2 or match["inner"] in _QUALIFIERS:
        return (plain,)
    return plain, match["outer"], match["inner"]


def _old_position(name: str) -> str | None:
    """The name of the section whose old position ``name`` is, such as 石头埠(老); None for others."""
    match = _BRACKETS.match(plain_name(name))
    return match["outer"] if match and match["inner"] in _OLD else None


def same_section(one: str, other: str) -> bool:
    """Whether two names mean one section: the same plain name, or one stands in the other's brackets.

    Single characters and words such as 湖库 in brackets tell sections apart and are no names.

    >>> same_section("蚌埠闸上(蚌埠闸)", "蚌埠闸"), same_section("出境断面(上)", "出境断面(下)")
    (True, False)
    """
    a, b = _forms(one), _forms(other)
    return a[0] == b[0] or (len(a) != len(b) and (a[0] in b or b[0] in a))


@dataclass(frozen=True)
class SectionNames:
    """What was found about names.

    Attributes:
        kept: (region, name) → the name under which its readings stand now.
        others: (region, kept name) → its other names.
        warnings: region → what a reader has to know (zh, en).
    """

    kept: Mapping[tuple[str, str], str] = field(default_factory=dict)
    others: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    warnings: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)

    def of(self, region: str, name: str) -> str:
        """The name that readings of ``name`` carry now."""
        return self.kept.get((region, name), name)

    def rename(self, samples: pd.DataFrame) -> pd.DataFrame:
        """``samples`` under the kept names; a value that came under two names counts once."""
        if not self.kept:
            return samples
        moved = samples["place"].isin({name for _, name in self.kept})
        some = samples.loc[moved, ["region", "place"]]
        names = samples["place"].copy()
        names[moved] = [self.of(r, p) for r, p in some.itertuples(index=False)]
        key = ["region", "place", "time", "item"]
        return samples.assign(place=names).drop_duplicates(key, keep="last", ignore_index=True)


def section_names(
    samples: pd.DataFrame, declared: Mapping[str, Mapping[str, str]] | None = None
) -> SectionNames:
    """Find sections that go under two names.

    Two names of one region are one section where the workspace declares it, or where one name has
    the other in its brackets, or both are the same but for blanks, bracket width and 断面 at the
    end, unless their values contradict each other at the same times: then both are kept and it is
    said. The name with the latest sample is kept.

    Args:
        samples: columns ``region``, ``place``, ``time``, ``item``, ``value``.
        declared: normalised region → other name → name.
    """
    kept: dict[tuple[str, str], str] = {}
    others: dict[tuple[str, str], tuple[str, ...]] = {}
    warnings: dict[str, list[tuple[str, str]]] = {}
    pairs = samples[["region", "place"]].drop_duplicates()
    for region, group in pairs.groupby("region", sort=True):
        names = sorted(str(p) for p in group["place"])
        own = (declared or {}).get(normalise_region(str(region)), {})
        for name in names:
            outer = _old_position(name)
            if outer is not None and name not in own and outer in map(plain_name, names):
                warnings.setdefault(str(region), []).append(
                    (
                        f"{region}：{name}是{outer}的旧点位，断面迁移前后的监测值不相接。",
                        f"{region}: {name} is the old position of {outer}; readings before and "
                        "after the move are not joined.",
                    )
                )
        for family in _families(names, own):
            if len(family) < 2:
                continue
            rows = samples[(samples["region"] == region) & samples["place"].isin(family)]
            apart = 0 if set(family) & set(own) else _contradictions(rows)
            listed_zh, listed_en = "、".join(family), ", ".join(family)
            if apart:
                warnings.setdefault(str(region), []).append(
                    (
                        f"{region}：{listed_zh}的名称像同一断面，但有{apart}个同时刻的值不同，"
                        "仍按不同断面处理；若确为同一断面，请申报别名。",
                        f"{region}: {listed_en} look like names of one section, but {apart} values "
                        "of the same time differ, so they are kept apart; declare an alias if they "
                        "are one.",
                    )
                )
                continue
            last = rows.groupby("place")["time"].max()
            latest = sorted(family, key=lambda n: (last[n], n))[-1]
            rest = tuple(n for n in family if n != latest)
            kept.update({(str(region), n): latest for n in rest})
            others[str(region), latest] = rest
            warnings.setdefault(str(region), []).append(
                (
                    f"{region}：{listed_zh}按同一断面处理，以{latest}为名。",
                    f"{region}: {listed_en} are taken for one section, called {latest}.",
                )
            )
    return SectionNames(kept, others, {r: tuple(w) for r, w in warnings.items()})


def _families(names: Iterable[str], declared: Mapping[str, str]) -> list[list[str]]:
    """Names grouped into sections, in the order in which each family was complete."""
    listed = list(names)
    by_plain: dict[str, list[str]] = {}
    for name in listed:
        by_plain.setdefault(_forms(name)[0], []).append(name)
    home = {name: name for name in listed}

    def root(name: str) -> str:
        while home[name] != name:
            name = home[name]
        return name

    for name in listed:
        plain, *inside = _forms(name)
        # Names of one plain form, and those without brackets that stand in the brackets of this.
        alike = [by_plain[plain], *(by_plain.get(i, []) for i in inside)]
        near = [n for own in alike for n in own if same_section(name, n)]
        other = declared.get(name)
        for n in (*near, *([other] if other in home else [])):
            home[root(n)] = root(name)
    families: dict[str, list[str]] = {}
    for name in listed:
        families.setdefault(root(name), []).append(name)
    place = {name: at for at, name in enumerate(listed)}
    return [sorted(f) for f in sorted(families.values(), key=lambda f: max(place[n] for n in f))]


def _contradictions(rows: pd.DataFrame) -> int:
    """How many values of one time and item differ between the names."""
    wide = rows.pivot_table(index=["time", "item"], columns="place", values="value")
    spread = wide.max(axis=1) - wide.min(axis=1)
    return int((spread > 1e-9 * np.abs(wide).max(axis=1)).sum())
