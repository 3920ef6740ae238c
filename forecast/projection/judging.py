"""Targets on indicators: which target asks what of which place, and what the answer is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from forecast.projection.outlook import outlook_entry
from forecast.projection.result import IndicatorResult
from forecast.projection.settings import Settings
from forecast.projection.summary import number, summarise
from forecast.projection.track_record import record_entry, shipped_records
from forecast.projection.unmeasured import unmeasured
from forecast.projection.water_evidence import (
    condition_of,
    level_samples,
    levels_of,
    limit_remark,
    place_answers,
    water_budget,
    with_probabilities,
)
from forecast.region_names import normalise_region
from forecast.standards.budget import bad_day_budget, good_days_needed, mean_allowed
from forecast.standards.indicators import WATER_CLASSES
from forecast.targets.applied import Applied
from forecast.targets.applying import section_list
from forecast.targets.evidence import Evidence, Thresholds
from forecast.targets.model import GRADE_INDICATOR, Plan, Target
from forecast.targets.verdicts import judge

__all__ = ["entries_of"]


def entries_of(
    results: Sequence[IndicatorResult],
    targets: Sequence[Target],
    settings: Settings,
    entered: Applied,
    later: Sequence[Target] = (),
    *,
    region: str = "",
) -> list[dict[str, Any]]:
    """Return one JSON-ready entry for each result, its targets judged.

    A target on a place or an indicator that no reading answers gets an entry of its own, so that
    every target is answered. ``later`` are targets of other years, for the outlook; ``region`` is
    the name under which targets without a result stand, by default that of the first result.
    """
    limits = Thresholds(
        likely=settings.likely, unlikely=settings.unlikely, month_rule=settings.month_rule,
        month_share=settings.month_share,
    )  # fmt: skip
    plans = {p.id: p for p in entered.plans}
    asked: dict[int, list[Target]] = {i: [] for i in range(len(results))}
    orphans: list[Target] = []
    for target in targets:
        homes = [i for i, r in enumerate(results) if _answers(r, target, results)]
        for i in homes:
            asked[i].append(target)
        # A plan for everywhere asks only where there is something to ask.
        everywhere = target.plan in plans and not plans[target.plan].region
        if not homes and not everywhere:
            orphans.append(target)
    out = [
        _entry(
            r,
            asked[i],
            plans,
            settings,
            entered,
            limits,
            [t for t in later if _answers(r, t, results)],
        )
        for i, r in enumerate(results)
        if asked[i] or r.indicator != GRADE_INDICATOR
    ]
    home = region or (results[0].region if results else "")
    out.extend(_orphan_entries(orphans, results, plans, settings, entered, limits, home))
    return out


def _answers(result: IndicatorResult, target: Target, results: Sequence[IndicatorResult]) -> bool:
    if not target.computable or target.indicator != result.indicator:
        return False
    if target.domain != result.domain:
        return False
    if target.place:
        return place_answers(result, target)
    if result.place_kind == "section_set" and target.section_set:
        named = any(r.place == target.section_set for r in results if r.place_kind == "section_set")
        return result.place == target.section_set or not named
    return True


def _evidence(
    result: IndicatorResult,
    target: Target,
    plans: Mapping[str, Plan],
    settings: Settings,
    entered: Applied,
) -> Evidence:
    sufficient, reason = result.sufficient, result.reason
    more = ("", "")
    if result.place_kind == "section_set" and target.section_set:
        # The list counts, not the sections that happen to have data: a dry one stays a member.
        n, day = result.observed.n_expected, settings.last_day
        clash, more = section_list(target, plans.get(target.plan), result.place, n, day)
        if clash is not None:
            sufficient, reason = False, clash
    key = (normalise_region(result.region), result.indicator)
    past = dict(entered.yearly.get(key, {}))
    if result.place_kind != "section_set":
        # A plan's share of other years may be over another list of sections.
        known = _plan_history(plans.get(target.plan), result.indicator, settings.as_of)
        past = {**known, **past}
    past.update(result.history)
    before = {y: v for y, v in past.items() if y < settings.year}
    limit = limit_remark(target, before)
    return Evidence(
        observed=result.observed_judged,
        samples=result.judged,
        year=settings.year,
        year_over=settings.year_over,
        sufficient=sufficient,
        insufficient_reason=reason,
        bounds=result.bounds,
        history=before,
        peers=entered.peers.get(target.id),
        monthly=result.monthly,
        independent=result.independent,
        condition=condition_of(target, entered.yearly, result.region, settings.year),
        remarks=(result.remarks[0] + more[0] + limit[0], result.remarks[1] + more[1] + limit[1]),
        as_of=str(result.observed.last_day or ""),
        detail_zh=result.detail[0],
        detail_en=result.detail[1],
    )


def _plan_history(plan: Plan | None, name: str, as_of: date) -> dict[int, float]:
    """Annual figures that the plan prints, of the years that were over on ``as_of``."""
    if plan is None:
        return {}
    return {
        h.year: h.value
        for h in plan.history
        if h.indicator == name
        and h.year is not None
        and h.value is not None
        and date(h.year, 12, 31) <= as_of
    }


def _judged(
    target: Target,
    evidence: Evidence,
    limits: Thresholds,
    budget: dict[str, Any] | None,
    sources: Mapping[str, str],
) -> dict[str, Any]:
    found = judge(target, evidence, limits)
    value: float | str | None = target.value
    if value is not None and target.unit == "class":
        value = WATER_CLASSES[int(value) - 1]
    out: dict[str, Any] = {
        "id": target.id,
        "plan": target.plan,
        "label_zh": target.label_zh,
        "label_en": target.label_en,
        "kind": target.kind,
        "level": target.level,
        "comparator": target.comparator,
        "value": value if value is not None else target.token,
        "unit": target.unit,
        "year": target.year if target.year is not None else evidence.year,
        "binding": target.binding,
        "probability": number(found.probability),
        "verdict": found.verdict,
        "reason": found.reason_zh,
        "reason_en": found.reason_en,
        "quote": target.quote,
    }
    if target.id in sources:
        out["entered"] = sources[target.id]
    if found.break_even is not None:
        out["break_even"] = found.break_even
    if found.margin is not None:
        out["margin"] = number(found.margin)
    if budget is not None:
        out["budget"] = budget
    return out


def _entry(
    result: IndicatorResult,
    targets: Iterable[Target],
    plans: Mapping[str, Plan],
    settings: Settings,
    entered: Applied,
    limits: Thresholds,
    later: Sequence[Target] = (),
) -> dict[str, Any]:
    observed = result.observed
    targets = list(targets)
    return {
        "region": result.region,
        "place": result.place,
        "place_kind": result.place_kind,
        "point_set": result.point_set,
        "domain": result.domain,
        "indicator": result.indicator,
        "unit": result.unit,
        "year": settings.year,
        "period": result.period,
        "standard": result.standard,
        "dust": result.dust,
        "basis": result.basis,
        "as_of": settings.as_of.isoformat(),
        "sufficient": result.sufficient,
        "reason": result.reason[0],
        "reason_en": result.reason[1],
        "observed": {
            "value": observed.value,
            "value_official": observed.value_official,
            "n_valid": observed.n_valid,
            "n_expected": observed.n_expected,
            "last_day": observed.last_day.isoformat() if observed.last_day else None,
        },
        "forecast": summarise(
            result.samples, result.model, classes=result.unit == "class"
        )
        if result.samples is not None
        else None,
        "baselines": result.baselines,
        "alternatives": with_probabilities(result, targets),
        "targets": [
            _with_record(
                _judged(
                    t, _evidence(result, t, plans, settings, entered), limits,
                    _with_rest(_budget(result, t, settings), result), entered.sources,
                ),
                result, settings,
            )
            for t in targets
        ],
        "explain": result.explain,
        "outlook": outlook_entry(result, targets, later, settings),
    }  # fmt: skip


def _with_rest(budget: dict[str, Any] | None, result: IndicatorResult) -> dict[str, Any] | None:
    """The budget with the forecast of the rest of the year, and that of past years, beside it."""
    return budget if budget is None or result.rest is None else {**budget, "rest": result.rest}


def _with_record(
    judged: dict[str, Any], result: IndicatorResult, settings: Settings
) -> dict[str, Any]:
    """The target with how forecasts like this one did before, where that is known."""
    if result.samples is None or not isinstance(judged["value"], int | float):
        return judged
    record = record_entry(
        shipped_records(), result.indicator, result.model, settings.as_of, settings.year,
        judged["probability"],
    )  # fmt: skip
    return judged if record is None else {**judged, "record": record}


def _budget(result: IndicatorResult, target: Target, settings: Settings) -> dict[str, Any] | None:
    """What is left: bad days, a mean for the rest of the year, or sections that may fail."""
    counts = result.counts
    if target.value is None or not result.sufficient:
        return None
    n = int(counts.get("n_valid", 0))
    left = int(counts.get("n_left", 0))
    if result.indicator in ("good_day_ratio", "good_days") and target.comparator == ">=":
        used = n - int(counts["good"])
        forms: dict[str, dict[str, int]] = {}
        for form in ("exact", "rounded"):
            allowed = n + left - math.ceil(target.value)
            if result.indicator == "good_day_ratio":
                allowed = int(
                    bad_day_budget(n + left, target.value, used, rounded=form == "rounded").allowed
                )
            forms[form] = {"allowed": allowed, "left": allowed - used}
        return {
            "kind": "bad_days", "valid_days": n + left, "used": used, **forms, "days_left": left,
        }  # fmt: skip
    if result.indicator == "heavy_days" and target.comparator in ("<=", "=="):
        used = int(counts["heavy"])
        allowed = math.floor(target.value)
        return {
            "kind": "heavy_days", "allowed": allowed, "used": used, "left": allowed - used,
            "days_left": left,
        }  # fmt: skip
    if result.indicator.endswith("_annual_mean") and target.comparator == "<=" and left:
        total = counts.get("sum", 0.0)
        return {
            "kind": "rest_mean",
            "exact": number(float(mean_allowed(n, total, left, target.value))),
            "rounded": number(float(mean_allowed(n, total, left, target.value, rounded=True))),
            "unit": result.unit,
            "days_left": left,
        }
    if result.indicator == "share_class_iii" and target.comparator in (">=", "=="):
        sections = int(counts.get("n_sections", 0))
        if not sections:
            return None
        need = int(good_days_needed(sections, target.value, rounded=True))
        return {"kind": "sections", "sections": sections, "may_fail": sections - need}
    return water_budget(result, target, settings)


def _orphan_entries(
    orphans: Sequence[Target],
    results: Sequence[IndicatorResult],
    plans: Mapping[str, Plan],
    settings: Settings,
    entered: Applied,
    limits: Thresholds,
    region: str,
) -> list[dict[str, Any]]:
    """Entries for targets without a result: entered figures, or nothing measured."""
    grouped: dict[tuple[str, str, str], list[Target]] = {}
    for target in orphans:
        home = region or target.region
        place = target.place or target.scope or home
        grouped.setdefault((home, place, target.indicator), []).append(target)
    out = []
    for (home, _, _), targets in grouped.items():
        empty = unmeasured(targets[0], home, settings)
        entry = _entry(empty, [], plans, settings, entered, limits)
        plan = plans.get(targets[0].plan)
        yearly = {
            **_plan_history(plan, empty.indicator, settings.as_of),
            **entered.yearly.get((normalise_region(home), empty.indicator), {}),
        }
        seen = yearly.get(settings.year)
        if seen is not None:
            entry["observed"].update(value=number(seen), value_official=number(seen), n_valid=1)
        for target in targets:
            peers = entered.peers.get(target.id)
            if peers is None and target.kind == "rank" and seen is not None and seen.is_integer():
                peers = {}  # the published rank itself
            before = {y: v for y, v in yearly.items() if y < settings.year}
            evidence = Evidence(
                observed=seen,
                year=settings.year,
                # A figure that people enter for a year is the figure of that year.
                year_over=settings.year_over or (seen is not None and target.computable),
                sufficient=seen is not None,
                insufficient_reason=empty.reason,
                history=before,
                condition=condition_of(target, entered.yearly, home, settings.year),
                remarks=limit_remark(target, before),
                level_samples=level_samples(target, results),
                levels={
                    **levels_of(target, results, settings.year),
                    **_plan_history(plan, target.of, settings.as_of),
                    **entered.yearly.get((normalise_region(home), target.of), {}),
                },
                ledger=entered.ledger.get(target.id),
                done=entered.done.get(target.id),
                peers=peers,
                as_of=settings.as_of.isoformat(),
            )
            entry["targets"].append(_judged(target, evidence, limits, None, entered.sources))
        out.append(entry)
    return out
