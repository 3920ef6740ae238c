"""Shares of sections at a class or better, over named and dated sets, from joint paths.

The denominator is by rule: the sections of the list that have a class. One that is dry, off line
or not sampled often enough leaves it (verified practice: 13 of 14), is named, and changes what a
share means; the share over the whole list stands in words beside it. A list that changed is
another series: years under another list are left out of the history, and the share over the
sections common to the lists is offered instead (:mod:`forecast.projection.common_sections`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from forecast.projection.baselines import climatology_numbers
from forecast.projection.result import IndicatorResult, Observed
from forecast.projection.settings import Settings
from forecast.projection.summary import number
from forecast.projection.water_independent import chances_summary, independent_share
from forecast.standards.indicators import WATER_CLASSES, indicator
from forecast.standards.rounding import ratio_percent, round_half_even
from forecast.standards.water_period import MONTHS_NEEDED

__all__ = [
    "SHARE_INDICATORS",
    "WATER_STANDARD",
    "SectionSet",
    "SetMembers",
    "ShareRule",
    "class_table",
    "earlier_years",
    "section_shares",
]

#: Token of the classes of surface water.
WATER_STANDARD = "GB 3838-2002"
#: Earlier years whose mean, lowest and highest are printed as a plain rule.
_BASELINE_YEARS = 3
#: A section is named as likely to fail from this probability on, at most so many of them.
_NAMED_FROM, _NAMED_MOST = 0.05, 5


@dataclass(frozen=True)
class SectionSet:
    """A named list of sections between two dates; no sections means all that have readings.

    ``own_class``: the class, 1 to 6, that is asked of single sections.
    """

    name: str
    sections: tuple[str, ...] = ()
    valid_from: date | None = None
    valid_to: date | None = None
    own_class: tuple[tuple[str, int], ...] = ()

    def covers(self, day: date) -> bool:
        """Whether the list is in force on ``day``."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_to is None or day <= self.valid_to
        )


@dataclass(frozen=True)
class SetMembers:
    """A set with the classes of its sections.

    Attributes:
        results: section → result of its class; sections of the list without one are silent.
        other_lists: earlier or later lists of the same name.
        own_class: section → the class asked of it.
    """

    group: SectionSet
    results: Mapping[str, IndicatorResult]
    other_lists: tuple[SectionSet, ...] = ()
    own_class: Mapping[str, int] | None = None

    @property
    def listed(self) -> tuple[str, ...]:
        """The sections of the list, or all with a result where there is no list."""
        return self.group.sections or tuple(self.results)

    @property
    def members(self) -> tuple[IndicatorResult, ...]:
        """The sections of the list that have a result."""
        return tuple(self.results[s] for s in self.listed if s in self.results)

    def list_on(self, day: date) -> SectionSet | None:
        """The list of this name in force on ``day``; None where none is known."""
        return next((s for s in (self.group, *self.other_lists) if s.covers(day)), None)


@dataclass(frozen=True)
class ShareRule:
    """Which classes an indicator counts, and whether it is a share or a number of sections."""

    indicator: str
    best: int
    worst: int
    count: bool = False
    own: bool = False


SHARE_INDICATORS: tuple[ShareRule, ...] = (
    ShareRule("share_class_iii", 1, 3),
    ShareRule("share_inferior_v", 6, 6),
    ShareRule("inferior_v_sections", 6, 6, count=True),
    ShareRule("share_own_class", 1, 1, own=True),
    ShareRule("sections_meeting_own_class", 1, 1, count=True, own=True),
)


def earlier_years(years: dict[int, float], settings: Settings) -> dict[str, Any]:
    """The record of earlier years and the plain rules: last year, mean of up to three years."""
    known = {y: v for y, v in years.items() if np.isfinite(v)}
    return {
        "history": known,
        "baselines": {
            "persistence": number(known.get(settings.year - 1)),
            **climatology_numbers(
                np.array([v for y, v in known.items() if y >= settings.year - _BASELINE_YEARS])
            ),
        },
    }


def class_table(results: list[IndicatorResult]) -> NDArray[np.float64]:
    """Classes (section, path) of sections that were drawn together."""
    return np.stack([r.samples for r in results if r.samples is not None])


def section_shares(
    region: str, of: SetMembers, settings: Settings, model: str
) -> list[IndicatorResult]:
    """Every indicator of one set: shares and numbers of sections by class, and by their own class.

    Those by own class are there only where the class asked of every section of the list is known.
    """
    out = []
    for rule in SHARE_INDICATORS:
        if rule.own and not (of.own_class and set(of.listed) <= set(of.own_class)):
            continue
        out.append(_share(region, of, rule, settings, model))
    return out


def _coded(rule: ShareRule, of: SetMembers, section: str, classes: Any) -> NDArray[np.float64]:
    """Classes as the rule counts them: by own class 1 where it is met and 2 where not."""
    array = np.asarray(classes, dtype=np.float64)
    if not rule.own or of.own_class is None:
        return array
    coded = np.where(array <= of.own_class[section], 1.0, 2.0)
    return np.where(np.isfinite(array), coded, np.nan)


def _value(rule: ShareRule, hits: Any, total: Any) -> NDArray[np.float64]:
    """Share [%] unrounded, or number, of ``hits`` among ``total``; NaN where nothing counts."""
    if rule.count:
        return np.where(np.asarray(total) > 0, np.asarray(hits, dtype=np.float64), np.nan)
    return np.asarray(ratio_percent(hits, total))


def _share(
    region: str, of: SetMembers, rule: ShareRule, settings: Settings, model: str
) -> IndicatorResult:
    members = of.members
    about = indicator(rule.indicator)
    places = about.judged_decimals or 0
    seen = {
        r.place: _coded(rule, of, r.place, r.observed.value)
        for r in members
        if r.observed.value is not None and (r.sufficient or not settings.year_over)
    }
    got = np.array([float(v) for v in seen.values()])
    hits = int(((got >= rule.best) & (got <= rule.worst)).sum())
    value = float(_value(rule, hits, len(got)))
    usable = [r for r in members if r.sufficient]
    ahead = [r for r in usable if r.samples is not None]
    samples = chances = None
    alternatives: list[dict[str, Any]] = []
    official = float(round_half_even(value, places)) if np.isfinite(value) else None
    observed = Observed(
        number(value), official, len(got), len(of.listed),
        max((r.observed.last_day for r in members if r.observed.last_day), default=None),
    )  # fmt: skip
    if ahead and not settings.year_over:
        table = np.stack([_coded(rule, of, r.place, r.samples) for r in ahead])
        n = np.isfinite(table).sum(axis=0)
        inside = ((table >= rule.best) & (table <= rule.worst)).sum(axis=0)
        samples = _value(rule, inside, n)
        if len(table) > 1:
            chances = independent_share(table, rule.best, rule.worst, count=rule.count)
    if chances is not None:
        alternatives.append(
            {
                "kind": "independent_sections",
                "standard": WATER_STANDARD,
                "observed": {"value": observed.value, "value_official": observed.value_official},
                "forecast": chances_summary(chances, settings.n_paths, f"{model}, independent"),
                "distribution": {
                    f"{v:g}": number(float(p))
                    for v, p in zip(chances.values, chances.probabilities, strict=True)
                },
                "note": "把各断面当作互不相关时的结果，仅作警示",
                "note_en": "what independent sections would have said; a warning only",
            }
        )
    past, broken = _past(of, rule, settings)
    return IndicatorResult(
        region=region, place=of.group.name, place_kind="section_set", point_set=of.group.name,
        domain="water", indicator=rule.indicator, unit=about.unit, period=str(settings.year),
        standard=WATER_STANDARD, dust=None, basis=None, observed=observed, samples=samples,
        judged=np.asarray(round_half_even(samples, places)) if samples is not None else None,
        observed_judged=official,
        sufficient=bool(usable),
        reason=("", "") if usable else (
            "没有一个断面满足年度评价要求", "no section has enough samples for a year",
        ),
        bounds=_bounds(of, rule, settings) if ahead and not settings.year_over else None,
        model=model if samples is not None else "",
        counts={"n_sections": float(len(usable)), "n_valid": float(len(got))},
        independent=chances, alternatives=alternatives,
        detail=_denominator(of, usable, settings),
        remarks=_joined(
            _failing(of, rule, usable, settings), _whole_list(of, rule, hits, len(got)), broken
        ),
        **earlier_years(past, settings),
    )  # fmt: skip


def _joined(*parts: tuple[str, str]) -> tuple[str, str]:
    return "".join(zh for zh, _ in parts), "".join(en for _, en in parts)


def _past(
    of: SetMembers, rule: ShareRule, settings: Settings
) -> tuple[dict[int, float], tuple[str, str]]:
    """Earlier years under the same list, and words for those under another (zh, en)."""
    past: dict[int, float] = {}
    other: list[str] = []
    now = set(of.listed)
    for year in sorted({y for r in of.members for y in r.history}):
        known = {
            r.place: float(_coded(rule, of, r.place, r.history[year]))
            for r in of.members
            if year in r.history
        }
        then = of.list_on(date(year, 12, 31)) if of.group.sections else None
        same = set(then.sections) == now if then is not None else not of.other_lists
        if not of.group.sections:
            # Without a list the sections with any sample are the list, and have to be the same ones.
            now = _present(of, settings.year)
            # Before the first sample of a year its list is that of the year before.
            same = not now or _present(of, year) == now
        if not same:
            other.append(str(year))
            continue
        values = np.array(list(known.values()))
        hits = int(((values >= rule.best) & (values <= rule.worst)).sum())
        past[year] = float(_value(rule, hits, len(values)))
    if not other:
        return past, ("", "")
    return past, (
        f"{'、'.join(other)}年的断面清单与{settings.year}年不同，不作同一序列比较。",
        f" The list of sections of {', '.join(other)} was another one than that of "
        f"{settings.year}, so those years are not compared.",
    )


def _present(of: SetMembers, year: int) -> set[str]:
    """Sections with a sample in ``year``."""
    found = set()
    for r in of.members:
        if r.record is not None and not r.record.classes_only:
            there = year in r.record.years
        else:
            there = r.observed.n_valid > 0 if str(year) == r.period else year in r.history
        if there:
            found.add(r.place)
    return found


def _denominator(
    of: SetMembers, usable: list[IndicatorResult], settings: Settings
) -> tuple[str, str]:
    """How many sections of the list are assessed, and why the others are not (zh, en)."""
    assessed = {r.place for r in usable}
    out = [s for s in of.listed if s not in assessed]
    zh = f"{len(of.listed)}个断面中{len(assessed)}个参评"
    en = f"{len(assessed)} of {len(of.listed)} sections assessed"
    if not out:
        return zh, en
    why_zh, why_en = [], []
    for section in out[:_NAMED_MOST]:
        result = of.results.get(section)
        dry = int(result.record.facts.dry.sum()) if result and result.record else 0
        if dry:
            why_zh.append(f"{section}断流{dry}个月")
            why_en.append(f"{section} dry in {dry} months")
        elif result is None or not result.observed.n_valid:
            why_zh.append(f"{section}无监测值")
            why_en.append(f"{section} without a sample")
        else:
            why_zh.append(f"{section}可评月数不足")
            why_en.append(f"{section} with too few months to assess")
    more = len(out) - len(why_zh)
    if more > 0:
        why_zh.append(f"等{len(out)}个")
        why_en.append(f"{more} more")
    return (
        f"{zh}，未参评的退出分母：{'、'.join(why_zh)}",
        f"{en}; the others leave the denominator: {', '.join(why_en)}",
    )


def _whole_list(of: SetMembers, rule: ShareRule, hits: int, n: int) -> tuple[str, str]:
    """The share if the sections without a class stayed in the denominator as misses (zh, en)."""
    total = len(of.listed)
    if rule.count or n in (0, total):
        return "", ""
    here = float(round_half_even(float(ratio_percent(hits, n)), 1))
    whole = float(round_half_even(float(ratio_percent(hits, total)), 1))
    return (
        f"目前{hits}/{n}为{here:.1f}%；若按清单全部{total}个断面作分母为{whole:.1f}%。",
        f" To date {hits} of {n} is {here:.1f}%; over the whole list of {total} it would be "
        f"{whole:.1f}%.",
    )


def _failing(
    of: SetMembers, rule: ShareRule, usable: list[IndicatorResult], settings: Settings
) -> tuple[str, str]:
    """The sections that miss, or are likely to, with their probability (zh, en)."""
    bad: list[tuple[float, str, str, str]] = []
    good_is_hit = indicator(rule.indicator).better == "higher"
    for r in usable:
        name = r.place
        if settings.year_over or r.samples is None:
            if r.observed.value is None:
                continue
            coded = float(_coded(rule, of, name, r.observed.value))
            if (rule.best <= coded <= rule.worst) != good_is_hit:
                label = WATER_CLASSES[int(r.observed.value) - 1]
                en = "worse than class V" if label == "劣V" else f"class {label}"
                bad.append((1.0, name, f"{label}类", en))
            continue
        drawn = _coded(rule, of, name, r.samples)
        drawn = drawn[np.isfinite(drawn)]
        if not drawn.size:
            continue
        hit = float(np.mean((drawn >= rule.best) & (drawn <= rule.worst)))
        miss = 1.0 - hit if good_is_hit else hit
        if miss >= _NAMED_FROM:
            share = "≈100%" if miss > 0.995 else f"{100 * miss:.0f}%"
            bad.append((miss, name, share, share))
    if not bad:
        return "", ""
    bad.sort(key=lambda b: (-b[0], b[1]))
    zh = "、".join(f"{name}（{said}）" for _, name, said, _ in bad[:_NAMED_MOST])
    en = ", ".join(f"{name} ({said})" for _, name, _, said in bad[:_NAMED_MOST])
    more_zh = f"等{len(bad)}个" if len(bad) > _NAMED_MOST else ""
    more_en = f" and {len(bad) - _NAMED_MOST} more" if len(bad) > _NAMED_MOST else ""
    if settings.year_over:
        return f"未达到的断面：{zh}{more_zh}。", f" Sections that missed: {en}{more_en}."
    return (
        f"可能达不到的断面（概率）：{zh}{more_zh}。",
        f" Sections likely to miss (probability): {en}{more_en}.",
    )


def _bounds(of: SetMembers, rule: ShareRule, settings: Settings) -> tuple[float, float] | None:
    """Smallest and largest value that arithmetic still allows, rounded.

    A section with enough months whose best possible class is already too bad stays in the
    denominator and can't become good any more.
    """
    if rule.own or not of.members:
        return None
    # A section that has its months can't leave the denominator.
    fixed = [
        r.bounds[0] for r in of.members if r.bounds and r.counts.get("n_valid", 0) >= MONTHS_NEEDED
    ]
    lost = sum(low > 3 for low in fixed)
    inferior = sum(low > 5 for low in fixed)
    total, places = len(of.listed), indicator(rule.indicator).judged_decimals or 0
    low, high = (0.0, float(total - lost)) if rule.worst == 3 else (float(inferior), float(total))
    if not rule.count:
        low, high = 100.0 * low / total, 100.0 * high / total
    return float(round_half_even(low, places)), float(round_half_even(high, places))
