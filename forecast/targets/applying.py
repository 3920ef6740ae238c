"""Which targets hold for a region and a year, and whether a section list is the one meant."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from forecast.region_names import normalise_region
from forecast.targets.loader import find_plan
from forecast.targets.model import Plan, SectionSet, Target

__all__ = [
    "applying_targets",
    "plans_of_region",
    "section_list",
    "section_set_mismatch",
    "section_set_on",
]


def plans_of_region(
    plans: Sequence[Plan], region: str, aliases: Mapping[str, str] | None = None
) -> list[Plan]:
    """The plans written for ``region`` (not those that hold everywhere).

    Args:
        aliases: a workspace's own names, alias to name; either form is accepted.
    """
    wanted = {normalise_region(region)}
    for alias, name in (aliases or {}).items():
        if normalise_region(alias) in wanted:
            wanted.add(normalise_region(name))
    found = []
    for plan in plans:
        names = (plan.region, *plan.aliases) if plan.region else ()
        if wanted & {normalise_region(n) for n in names}:
            found.append(plan)
    return found


def applying_targets(
    plans: Sequence[Plan],
    region: str,
    year: int,
    plan: str | None = None,
    *,
    aliases: Mapping[str, str] | None = None,
) -> tuple[list[Target], list[Target]]:
    """Targets that are judged for ``region`` in ``year``, and those shown for reference only.

    Judged are the region's targets of that year (the deadline year; every year of the period for
    levels to keep, trends and ranges). In a domain (air, water) in which the region's plans ask
    nothing of that year that readings could answer, the targets of plans without a region (the
    built-in ``national``) are judged instead. Targets of other years are for reference.

    Args:
        plan: only this plan; a region it does not name falls back to the plans for everywhere.

    Raises:
        TargetError: there is no such plan.
    """
    everywhere = [p for p in plans if not p.region]
    chosen = plans_of_region(plans, region, aliases)
    if plan is not None:
        named = find_plan(plans, plan)
        everywhere = [named] if not named.region else everywhere
        chosen = [p for p in chosen if p.id == named.id]
    own = [t for p in chosen for t in p.target]
    applying = [t for t in own if t.covers(year)]
    reference = [t for t in own if not t.covers(year)]
    answered = {t.domain for t in applying if t.computable and t.year == year}
    for fallback in everywhere:
        applying.extend(
            t.model_copy(update={"year": year, "region": region})
            for t in fallback.target
            if t.domain not in answered and t.covers(year)
        )
    return applying, reference


def section_set_on(plan: Plan, name: str, day: dt.date) -> SectionSet | None:
    """The version of the section set ``name`` in force on ``day``, or None."""
    return next((s for s in plan.section_set if s.name == name and s.covers(day)), None)


def section_set_mismatch(
    target: Target, plan: Plan, n_sections: int, date: dt.date
) -> tuple[str, str] | None:
    """Why a share over ``n_sections`` on ``date`` can't answer ``target`` (zh, en), or None.

    80 % of the 10 sections of 2020 never answers 69.2 % of the 13 sections of 2025: the list
    changed, so the two are not one series.
    """
    if not target.section_set:
        return None
    meant = [s for s in plan.section_set if s.name == target.section_set]
    deadline = dt.date(target.year, 12, 31) if target.year is not None else date
    wanted = next((s for s in meant if s.covers(deadline)), None)
    if wanted is None:
        return None
    if not wanted.covers(date):
        until = wanted.valid_to.isoformat() if wanted.valid_to else ""
        count = f"{wanted.n} 个断面" if wanted.n else "断面"
        count_en = f"{wanted.n} sections" if wanted.n else "sections"
        return (
            f"{date:%Y-%m-%d} 的 {n_sections} 个断面不属于该目标所指的断面清单"
            f"（{wanted.name}，{count}，{wanted.valid_from} 至 {until or '今'}），两者不可比",
            f"the {n_sections} sections of {date:%Y-%m-%d} are not the list that the target means "
            f"({count_en}, {wanted.valid_from} to {until or 'now'}), so the two are not comparable",
        )
    if wanted.n is not None and n_sections != wanted.n:
        return (
            f"目标按 {wanted.n} 个断面（{wanted.name}）计算，现有 {n_sections} 个断面的数据，分母不同，不可比",
            f"the target is taken over {wanted.n} sections ({wanted.name}) and there are readings "
            f"of {n_sections}, so the shares are not comparable",
        )
    return None


#: Words of a list that is a part of the sections by its very name.
_PART = ("出境", "出省", "出陕", "出口", "入境", "入湖")


def section_list(
    target: Target, plan: Plan | None, answered_by: str, n_sections: int, date: dt.date
) -> tuple[tuple[str, str] | None, tuple[str, str]]:
    """Whether a list of sections can answer ``target``, and what has to be said of it (zh, en).

    Args:
        answered_by: name of the list that answers; all sections with readings where the target's
            own list is not declared.
        n_sections: how many it has on ``date``.

    Returns:
        Why it can't answer (None where it can), and a remark, empty for the target's own list.
    """
    clash = section_set_mismatch(target, plan, n_sections, date) if plan else None
    name = target.section_set
    if clash is not None or not name or answered_by == name:
        return clash, ("", "")
    if any(word in name for word in _PART):
        return (
            f"规划所指断面清单「{name}」未申报，不能用全部断面代替；请在 forecast.toml 的 [[section_sets]] 中"
            "以此名列出断面",
            f"the list of sections that the plan means ({name}) is not declared, and all sections "
            "can't stand for it; list its sections under this name in [[section_sets]] of "
            "forecast.toml",
        ), ("", "")
    return None, (
        f"断面清单「{name}」未申报，按有监测值的全部断面评价。",
        f" The list {name} is not declared: all sections with readings are taken for it.",
    )
